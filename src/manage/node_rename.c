/* Another name or domain for a node, and which certificates must follow. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"

/* What the node is to be called, and what it is called now. */
struct renaming {
	const struct uc_member *m;
	char *name, *domain, *fqdn;
	struct uc_plan *plan;
};

static void renaming_free(struct renaming *r)
{
	free(r->name);
	free(r->domain);
	free(r->fqdn);
}

static void take_name(void *ctx, const struct uc_join *j)
{
	uc_strv_add(ctx, j->node);
}

static enum uc_status check_free(const struct uc_task_context *ctx, const struct uc_members *all, const struct renaming *r,
                                 struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv joining = {.items = NULL};
	if (strcmp(r->name, r->m->row.name) == 0) return UC_OK;
	UC_TRY(uc_store_joins(ctx->store, take_name, &joining, e));
	bool guest = uc_strv_has(&joining, r->name);
	if (!guest && uc_members_find(all, r->name) == NULL) return UC_OK;
	return uc_fail_field(e, UC_EREFUSED, "node-exists", "name", "Choose another name.", "there is a node %s already%s", r->name,
	                     guest ? ", which has yet to join" : "");
}

static enum uc_status read_names(const struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_members *all,
                                 struct renaming *r, struct uc_error *e)
{
	const char *node;
	const char *name;
	const char *domain;
	UC_TRY(uc_arg_need(req, "node", &node, e));
	UC_TRY(uc_arg_text(req, "name", &name, e));
	UC_TRY(uc_arg_text(req, "domain", &domain, e));
	UC_CLEANUP(uc_freep) char *folded = uc_fold(node);
	UC_TRY(uc_members_need(all, folded, &r->m, e));
	if (name == NULL && domain == NULL)
		return uc_fail_field(e, UC_EINPUT, "argument-missing", "name", "Give a name, a domain or both.",
		                     "it is not said what %s is to be called", folded);
	UC_TRY(uc_node_names("name", name != NULL ? name : r->m->row.name, domain != NULL ? domain : r->m->row.domain, &r->name, &r->domain,
	                     &r->fqdn, e));
	return check_free(ctx, all, r, e);
}

/* ---- certificates that say the old name ---- */

static bool says_old_name(const struct renaming *r, const struct uc_cert *c)
{
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
	return uc_cert_names_node(c, r->m->row.fqdn) || uc_eq_nocase(label, r->m->row.fqdn);
}

static void follow_multi(const struct renaming *r, const struct uc_identity *i)
{
	uc_findings_add(&r->plan->findings, UC_WARN, "not-in-multi-server",
	                "Generate a new multi-server CSR, which names every node, have it signed and upload it.",
	                "the multi-server certificate of %s names %s, not %s", i->purpose, r->m->row.fqdn, r->fqdn);
	uc_plan_follow_on(r->plan, UC_ALL_NODES, "certificate", i->purpose,
	                  "Request a new multi-server %s certificate: set csr gen %s --distribution multi-server.", i->purpose, i->purpose);
}

static void follow_own(const struct renaming *r, const struct uc_identity *i)
{
	bool ca = strcmp(i->source, "ca-signed") == 0;
	uc_findings_add(&r->plan->findings, UC_WARN, ca ? "follows-rename-csr" : "follows-rename",
	                ca ? "Generate a new CSR, have it signed and upload the certificate." : "Regenerate it when the node has its new name.",
	                "the %s %s certificate of %s names %s: clients that connect to %s do not accept it", ca ? "CA-signed" : "self-signed",
	                i->purpose, i->node, r->m->row.fqdn, r->fqdn);
	if (ca)
		uc_plan_follow_on(r->plan, r->name, "certificate", i->purpose, "Request a new %s certificate: set csr gen %s --node %s.",
		                  i->purpose, i->purpose, r->name);
	else
		uc_plan_follow_on(r->plan, r->name, "certificate", i->purpose, "Make the %s certificate anew: set cert regen %s --node %s.",
		                  i->purpose, i->purpose, r->name);
}

static void judge_identity(void *ctx, const struct uc_identity *i)
{
	const struct renaming *r = ctx;
	const struct uc_purpose *purpose = NULL;
	if (uc_cert_names_node(i->cert, r->fqdn) || !says_old_name(r, i->cert)) return;
	if (uc_purpose_find(i->purpose, &purpose, NULL) == UC_OK && purpose->nameless) return;
	if (strcmp(i->distribution, "multi-server") == 0)
		follow_multi(r, i);
	else
		follow_own(r, i);
}

static bool asks_for_old_name(const struct renaming *r, const struct uc_request *q)
{
	struct uc_csr csr;
	if (uc_csr_read(uc_buf_slice(&q->der), &csr, NULL) != UC_OK) return false; /* we made it ourselves */
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("DNS:%s", r->m->row.fqdn);
	bool asks = false;
	for (size_t i = 0; i < csr.sans.count; i++) asks = asks || uc_eq_nocase(csr.sans.items[i], name);
	uc_csr_free(&csr);
	return asks;
}

/* The node's own, or one that all share. */
static void judge_request(void *ctx, const struct uc_request *q)
{
	const struct renaming *r = ctx;
	if (!asks_for_old_name(r, q)) return;
	uc_findings_add(&r->plan->findings, UC_WARN, "csr-old-name", "Generate it again when the node has its new name.",
	                "the pending %sCSR of %s names %s, not %s", strcmp(q->node, UC_ALL_NODES) == 0 ? "multi-server " : "", q->purpose,
	                r->m->row.fqdn, r->fqdn);
}

enum uc_status uc_plan_node_rename(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(renaming_free) struct renaming r = {.plan = plan};
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	UC_TRY(read_names(ctx, req, &all, &r, e));
	const struct uc_node_row *row = &r.m->row;
	uc_plan_summary(plan, "Rename the node %s (%s) to %s (%s)", row->name, row->fqdn, r.name, r.fqdn);
	if (strcmp(row->name, r.name) == 0 && strcmp(row->domain, r.domain) == 0) {
		uc_findings_add(&plan->findings, UC_NOTE, "already-there", NULL, "the node is called %s already: nothing to do", r.fqdn);
		return UC_OK;
	}
	UC_TRY(uc_store_identities(ctx->store, row->name, judge_identity, &r, e));
	UC_TRY(uc_store_requests(ctx->store, row->name, judge_request, &r, e));
	UC_TRY(uc_store_requests(ctx->store, UC_ALL_NODES, judge_request, &r, e));
	json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "node.rename", "node", row->name, "to", r.name, "fqdn",
	                         row->fqdn, "to_fqdn", r.fqdn, "domain", row->domain, "to_domain", r.domain);
	uc_plan_step(plan, step, "Rename the node %s (%s) to %s (%s)", row->name, row->fqdn, r.name, r.fqdn);
	uc_plan_follow(plan, "note", "ucpkid", "The daemon of the node starts again by itself to take its new name.");
	uc_plan_follow(plan, "backup", "backup", "Take a backup.");
	return UC_OK;
}
