/* A multi-server certificate: uploaded once, on any node that has its purpose; every node that it names has it from then on. */
#include <string.h>

#include "core/bytes.h"
#include "manage/import_own.h"

/* A node that joined after the request was made is not named: it keeps what it has. */
static void sort_nodes(struct uc_import *im)
{
	for (size_t i = 0; i < im->all.count; i++) {
		const struct uc_member *m = &im->all.items[i];
		if ((m->roles & im->purpose->roles) == 0) continue;
		if (uc_cert_names_node(im->leaf, m->row.fqdn)) {
			uc_strv_add(&im->named, m->row.name);
			continue;
		}
		uc_findings_add(&im->plan->findings, UC_WARN, "not-in-multi-server",
		                "Generate a new multi-server CSR, which names every node, and have that signed.",
		                "the certificate does not name %s: that node keeps the %s certificate that it has", m->row.fqdn, im->purpose->name);
	}
}

/* The nodes that have the key and are still there, and those that the certificate names. */
static void find_holders(struct uc_import *im)
{
	for (size_t i = 0; i < im->all.count; i++) {
		const struct uc_member *m = &im->all.items[i];
		bool has = uc_strv_has(&im->sealed.nodes, m->row.name);
		bool named = uc_strv_has(&im->named, m->row.name);
		if (has || named) uc_recipients_add(&im->holders, m->row.name, m->cert);
		im->reseal = im->reseal || (named && !has);
	}
}

enum uc_status uc_import_judge_shared(struct uc_import *im, struct uc_error *e)
{
	struct uc_findings *out = &im->plan->findings;
	bool sealed;
	UC_TRY(uc_members_read(im->ctx, &im->all, e));
	UC_TRY(uc_sealed_maybe(im->ctx, im->request.key_id, &im->sealed, &sealed, e));
	sort_nodes(im);
	if (im->named.count == 0)
		uc_findings_add(out, UC_REFUSED, "no-node-named", "Have the CA sign the request as it is, with all its alternative names.",
		                "the certificate names no node of this cluster that has %s certificates", im->purpose->name);
	if (!sealed || im->sealed.blob.len == 0) {
		uc_findings_add(out, UC_REFUSED, "key-lost", "Generate a new multi-server CSR.",
		                "the private key of the pending multi-server CSR of %s is no longer there for the nodes", im->purpose->name);
		return UC_OK;
	}
	find_holders(im);
	if (!im->reseal || uc_strv_has(&im->sealed.nodes, im->ctx->node)) return UC_OK;
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&im->sealed.nodes, ", ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("Upload it on one of the nodes that have the key: %s.", list);
	uc_findings_add(out, UC_REFUSED, "key-elsewhere", hint,
	                "%s does not have the key of the multi-server CSR of %s, and cannot hand it on to the nodes that joined since",
	                im->ctx->node, im->purpose->name);
	return UC_OK;
}

static enum uc_status plan_node(struct uc_import *im, const struct uc_member *m, const struct uc_certs *chain, const char *label,
                                const char *issuer, struct uc_error *e)
{
	struct uc_task_context there = uc_member_context(im->ctx, m);
	UC_CLEANUP(uc_identity_free) struct uc_identity old = {.node = NULL};
	bool have;
	UC_TRY(uc_identity_maybe(&there, im->purpose->name, &old, &have, e));
	json_t *step = uc_plan_identity_step(&there, im->purpose->name, im->leaf, chain, im->request.key_id, "ca-signed", "multi-server",
	                                     have ? &old : NULL);
	uc_plan_step(im->plan, step, "Make %s, signed by %s, the %s certificate of %s, with a chain of %zu", label, issuer, im->purpose->name,
	             there.node, chain->count);
	if (have) UC_TRY(uc_plan_drop_copies(&there, im->purpose, &old, im->plan, e));
	return uc_plan_follow_purpose(im->ctx, im->purpose, there.node, im->plan, e);
}

enum uc_status uc_import_plan_shared(struct uc_import *im, const struct uc_certs *chain, const char *label, const char *issuer,
                                     struct uc_error *e)
{
	/* The key is on its way before anything needs it. */
	if (im->reseal)
		UC_TRY(uc_plan_seal_again(im->ctx, im->purpose->name, "private", im->request.key_id, &im->holders, &im->sealed, im->plan, e));
	for (size_t i = 0; i < im->all.count; i++)
		if (uc_strv_has(&im->named, im->all.items[i].row.name)) UC_TRY(plan_node(im, &im->all.items[i], chain, label, issuer, e));
	return UC_OK;
}
