/*
 * U2, U3, T4: a CA-signed identity certificate, with its chain in one file or with the chain in the trust store already. The leaf is found by its key, never by its place in
 * the file (C1); everything else in the file is a candidate for the chain and no more (C5 to C7).
 */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/import_own.h"
#include "manage/upload.h"
#include "pki/name.h"

static void import_free(struct uc_import *im)
{
	uc_certs_free(&im->file);
	uc_request_free(&im->request);
	uc_identity_free(&im->old);
	uc_path_free(&im->path);
	uc_members_free(&im->all);
	uc_strv_free(&im->named);
	uc_sealed_free(&im->sealed);
	uc_recipients_free(&im->holders);
}

static const struct uc_cert *with_key(const struct uc_certs *certs, const char *key)
{
	for (size_t i = 0; i < certs->count; i++) {
		char id[UC_KEY_ID_LEN];
		if (strcmp(uc_key_id(certs->items[i]->spki, id), key) == 0) return certs->items[i];
	}
	return NULL;
}

/* The certificate that a person would call the leaf: the first of the first chain. */
static const struct uc_cert *likely_leaf(const struct uc_certs *certs)
{
	for (size_t i = 0; i < certs->count; i++)
		if (!certs->items[i]->is_ca) return certs->items[i];
	UC_CLEANUP(uc_freep) size_t *order = uc_zalloc(certs->count, sizeof *order);
	UC_CLEANUP(uc_freep) size_t *chain = uc_zalloc(certs->count, sizeof *chain);
	uc_chain_order(certs, order, chain);
	return certs->items[order[0]];
}

/* None of the certificates has the pending request's key: say whose key it is (C26, C27, C30). */
static enum uc_status refuse_key(struct uc_import *im, struct uc_error *e)
{
	const struct uc_cert *leaf = likely_leaf(&im->file);
	UC_CLEANUP(uc_freep) char *name = uc_upload_name(leaf);
	char id[UC_KEY_ID_LEN];
	uc_key_id(leaf->spki, id);
	char use[160];
	UC_TRY(uc_upload_key_use(im->ctx, id, use, sizeof use, e));
	UC_CLEANUP(uc_freep)
	char *whose = use[0] != '\0' ? uc_sprintf("its key (%.8s...) is that of %s", id, use)
	                             : uc_sprintf("its key (%.8s...) is not one of this node's", id);
	if (!im->pending) {
		uc_findings_add(&im->plan->findings, UC_REFUSED, "no-pending-csr",
		                "Generate a CSR for this purpose (set csr gen) and have the CA sign that.",
		                "there is no pending CSR of %s, which the certificate %s could answer; %s", im->purpose->name, name, whose);
		return UC_OK;
	}
	const char *hint =
	    use[0] != '\0'
	        ? "Upload it for the purpose it belongs to, or have the CA sign the pending CSR."
	        : "The CA must sign the pending CSR as it is (file get csr); it may have signed another one or made a key of its own.";
	uc_findings_add(&im->plan->findings, UC_REFUSED, "key-mismatch", hint,
	                "no certificate in the file is for the key of the pending %sCSR of %s (%.8s...): %s was taken as the leaf, and %s",
	                im->multi ? "multi-server " : "", im->purpose->name, im->request.key_id, name, whose);
	return UC_OK;
}

static void judge_names(struct uc_import *im)
{
	struct uc_csr csr;
	if (uc_csr_read(uc_buf_slice(&im->request.der), &csr, NULL) != UC_OK) return; /* we made it ourselves */
	struct uc_strv got = {.items = NULL};
	struct uc_strv missing = {.items = NULL};
	struct uc_strv extra = {.items = NULL};
	if (uc_cert_sans(im->leaf, &got)) uc_san_diff(&csr.sans, &got, &missing, &extra);
	if (missing.count + extra.count > 0) {
		UC_CLEANUP(uc_freep) char *lost = uc_strv_join(&missing, ", ");
		UC_CLEANUP(uc_freep) char *added = uc_strv_join(&extra, ", ");
		uc_findings_add(&im->plan->findings, im->ctx->policy.san_mismatch_refused ? UC_REFUSED : UC_WARN, "san-mismatch",
		                "Accept it if clients use none of the missing names; otherwise have the CA sign the request unchanged.",
		                "CSR SAN and certificate SAN do not match: the certificate lacks %s and adds %s", missing.count > 0 ? lost : "none",
		                extra.count > 0 ? added : "none");
	}
	uc_strv_free(&got);
	uc_strv_free(&missing);
	uc_strv_free(&extra);
	uc_csr_free(&csr);
}

static void judge_leaf(struct uc_import *im)
{
	const struct uc_purpose *p = im->purpose;
	uc_upload_check(im->ctx, im->leaf, UC_ROLE_IDENTITY, p->ca, &im->plan->findings);
	bool rsa = uc_key_spec_find(p->key)->rsa;
	struct uc_usage_rule rule = {.key_usage = uc_purpose_usage(im->ctx, p, rsa),
	                             .ekus = p->ekus,
	                             .needs_server_auth = p->needs_server_auth,
	                             .needs_cert_sign = p->needs_cert_sign};
	uc_check_usage(im->leaf, &rule, &im->plan->findings);
	if (p->ca && !im->leaf->is_ca)
		uc_findings_add(
		    &im->plan->findings, UC_REFUSED, "leaf-as-ca", "Have the CA sign the request as it is: it asks for CA:TRUE, pathlen:0.",
		    "the %s certificate must be a CA certificate, since it issues others: this one lacks basicConstraints CA:TRUE", p->name);
	const struct uc_key_spec *spec = uc_key_spec_of(im->leaf->spki);
	if (p->signs_phone_files && spec != NULL && spec->rsa && spec->bits == 3072)
		uc_findings_add(&im->plan->findings, UC_DANGER, "phone-signature-3072", "Request a certificate with an RSA 2048 key.",
		                "%s signs phone files, and no signature code for 3072-bit keys is known", p->name);
	UC_CLEANUP(uc_strv_free) struct uc_strv ekus = {.items = NULL};
	bool only_server = uc_cert_ekus(im->leaf, &ekus) && ekus.count == 1 && strcmp(ekus.items[0], UC_EKU_SERVER) == 0;
	if (p->ca && only_server)
		uc_findings_add(&im->plan->findings, UC_WARN, "capf-server-only",
		                "Ask the CA for a certificate without extended key usage, or with clientAuth too.",
		                "the CAPF certificate is limited to serverAuth: TLS peers will refuse the phone certificates it issues as clients");
	judge_names(im);
}

/* Splits the rest of the file into candidates, leaving out what is expired (C7). */
static void sort_file(struct uc_import *im, struct uc_certs *intermediates, struct uc_certs *anchors)
{
	for (size_t i = 0; i < im->file.count; i++) {
		const struct uc_cert *c = im->file.items[i];
		if (c == im->leaf) continue;
		uc_certs_take(uc_cert_self_signed(c) ? anchors : intermediates, uc_cert_dup(c));
	}
}

static enum uc_status build_path(struct uc_import *im, struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs intermediates = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs anchors = {.items = NULL};
	sort_file(im, &intermediates, &anchors);
	UC_TRY(uc_pool_gather(im->ctx->store, im->purpose->stores[0], im->ctx->node, &im->file, &intermediates, &anchors, e));
	struct uc_path_options options = {.at = im->ctx->now, .v1_anchors = true, .allow_weak = true};
	uc_path_build(im->leaf, &intermediates, &anchors, &options, &im->path);
	return UC_OK;
}

/* A server's certificates share one handshake message; clients with small buffers give up on a long one (C55). */
static void judge_chain_size(struct uc_import *im)
{
	enum { LONG_CHAIN = 16 * 1024 };
	size_t size = 0;
	for (size_t i = 0; i < im->path.chain.count; i++) size += im->path.chain.items[i]->der.len;
	if (size > LONG_CHAIN)
		uc_findings_add(&im->plan->findings, UC_WARN, "chain-size", "Ask the CA for a certificate with fewer names.",
		                "the certificate and its chain have %zu bytes together: handshakes above %d bytes fail with some clients", size,
		                LONG_CHAIN);
}

static void judge_path(struct uc_import *im)
{
	struct uc_path *path = &im->path;
	uc_findings_move(&im->plan->findings, &path->findings, NULL);
	if (path->ok) {
		judge_chain_size(im);
		return;
	}
	if (path->missing_subject != NULL) {
		UC_CLEANUP(uc_freep)
		char *hint = uc_sprintf("Upload that certificate to %s first, root before intermediates, or put it into the same file.",
		                        im->purpose->stores[0]);
		uc_findings_add(
		    &im->plan->findings, UC_REFUSED, "issuer-missing", hint,
		    "CA certificate is not available in the trust store %s: the certificate of %s (key identifier %s) is missing from the chain",
		    im->purpose->stores[0], path->missing_subject, path->missing_key_id != NULL ? path->missing_key_id : "unknown");
		return;
	}
	uc_findings_add(&im->plan->findings, UC_REFUSED, path->code, "Ask the CA for a complete and valid chain.", "the chain is not valid: %s",
	                path->message);
}

/* What of the file no path uses is listed, not an error (C6). */
static void note_ignored(struct uc_import *im)
{
	for (size_t i = 0; i < im->file.count; i++) {
		const struct uc_cert *c = im->file.items[i];
		if (c == im->leaf || uc_certs_find(&im->path.chain, c->fingerprint) >= 0) continue;
		UC_CLEANUP(uc_freep) char *name = uc_upload_name(c);
		UC_CLEANUP(uc_freep) char *subject = uc_name_text(c->subject);
		uc_findings_add(&im->plan->findings, UC_NOTE, "ignored", NULL, "%s is not part of the chain and is ignored (subject %s)", name,
		                subject);
	}
}

/* Root first, then intermediates (T4); certificates that the stores hold already are left as they are. */
static enum uc_status plan_chain(struct uc_import *im, struct uc_error *e)
{
	for (size_t i = im->path.chain.count; i-- > 1;) {
		const struct uc_cert *c = im->path.chain.items[i];
		/* A root that is in the store was accepted there; an intermediate may lie there with a fault that no identity may rest on. */
		bool root = uc_cert_self_signed(c);
		bool judged = !root || uc_certs_find(&im->file, c->fingerprint) >= 0;
		if (judged) uc_upload_check(im->ctx, c, root ? UC_ROLE_TRUST : UC_ROLE_ISSUER, true, &im->plan->findings);
		for (size_t s = 0; im->purpose->stores[s] != NULL; s++) {
			const struct uc_trust_store *store = NULL;
			UC_TRY(uc_trust_store_find(im->purpose->stores[s], &store, e));
			UC_CLEANUP(uc_freep)
			char *description = im->multi ? uc_sprintf("Issuer of the multi-server %s certificate", im->purpose->name)
			                              : uc_sprintf("Issuer of the %s certificate of %s", im->purpose->name, im->ctx->node);
			const char *scope = store->cluster || im->purpose->copies_everywhere ? "cluster" : im->ctx->node;
			bool added;
			UC_TRY(uc_plan_trust(im->ctx, store->name, scope, c, description, "chain", im->plan, &added, e));
			if (added) UC_TRY(uc_plan_follow_store(im->ctx, store, scope, im->plan, e));
		}
	}
	return UC_OK;
}

static void plan_own(struct uc_import *im, const struct uc_certs *chain, const char *label, const char *issuer)
{
	json_t *step = uc_plan_identity_step(im->ctx, im->purpose->name, im->leaf, chain, im->request.key_id, "ca-signed",
	                                     im->request.distribution, im->have_old ? &im->old : NULL);
	uc_plan_step(im->plan, step, "Make %s, signed by %s, the %s certificate, with a chain of %zu", label, issuer, im->purpose->name,
	             chain->count);
}

static enum uc_status plan_identity(struct uc_import *im, struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs chain = {.items = NULL};
	for (size_t i = 1; i < im->path.chain.count; i++) uc_certs_take(&chain, uc_cert_dup(im->path.chain.items[i]));
	UC_CLEANUP(uc_freep) char *label = uc_upload_name(im->leaf);
	UC_CLEANUP(uc_freep) char *issuer = uc_name_text(im->leaf->issuer);
	if (im->multi)
		UC_TRY(uc_import_plan_shared(im, &chain, label, issuer, e));
	else
		plan_own(im, &chain, label, issuer);
	uc_plan_step(im->plan,
	             json_pack("{s:s, s:s, s:s, s:o}", "type", "csr.remove", "node", im->request.node, "purpose", im->purpose->name, "before",
	                       uc_request_before(&im->request)),
	             "The pending %sCSR of %s is answered and goes", im->multi ? "multi-server " : "", im->purpose->name);
	if (!im->multi && im->have_old) UC_TRY(uc_plan_drop_copies(im->ctx, im->purpose, &im->old, im->plan, e));
	return im->multi ? UC_OK : uc_plan_follow_purpose(im->ctx, im->purpose, im->ctx->node, im->plan, e);
}

/* The pending request whose key a certificate of the file has; without one, the one that a person will have meant. */
static enum uc_status find_request(struct uc_import *im, struct uc_error *e)
{
	struct uc_request shared = {.node = NULL};
	bool have_shared;
	UC_TRY(uc_request_maybe(im->ctx, im->purpose->name, &im->request, &im->pending, e));
	if (im->pending) im->leaf = with_key(&im->file, im->request.key_id);
	if (im->leaf != NULL) return UC_OK;
	UC_TRY(uc_request_shared(im->ctx, im->purpose->name, &shared, &have_shared, e));
	if (have_shared) im->leaf = with_key(&im->file, shared.key_id);
	im->multi = im->leaf != NULL || (have_shared && !im->pending);
	im->pending = im->pending || have_shared;
	if (im->multi) {
		uc_request_free(&im->request);
		im->request = shared;
	} else {
		uc_request_free(&shared);
	}
	return UC_OK;
}

/* The identity's own certificate again: nothing to do. */
static bool same_again(struct uc_import *im)
{
	if (im->leaf != NULL || !im->have_old || uc_certs_find(&im->file, im->old.cert->fingerprint) < 0) return false;
	UC_CLEANUP(uc_freep) char *name = uc_upload_name(im->old.cert);
	uc_findings_add(&im->plan->findings, UC_NOTE, "already-there", NULL, "%s is the %s certificate already: nothing to do", name,
	                im->purpose->name);
	return true;
}

static enum uc_status judge_key(struct uc_import *im, struct uc_error *e)
{
	if (im->multi) return uc_import_judge_shared(im, e);
	if (!im->ctx->elsewhere && !uc_keys_has(im->ctx->keys, im->request.key_id))
		uc_findings_add(&im->plan->findings, UC_REFUSED, "key-lost", "Generate a new CSR.",
		                "the private key of the pending CSR of %s is no longer on this node", im->purpose->name);
	return UC_OK;
}

enum uc_status uc_plan_import_own(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(import_free) struct uc_import im = {.ctx = ctx, .plan = plan};
	UC_TRY(uc_arg_purpose(ctx, req, &im.purpose, e));
	uc_plan_summary(plan, "Upload the CA-signed %s certificate of %s", im.purpose->name, ctx->node);
	if (!im.purpose->requestable)
		return uc_fail_field(e, UC_EREFUSED, "not-requestable", "purpose", "Regenerate it instead (set cert regen).",
		                     "%s is always self-signed: no certificate can be uploaded for it", im.purpose->name);
	UC_TRY(uc_upload_read(req, &im.file, &plan->findings, e));
	UC_TRY(find_request(&im, e));
	UC_TRY(uc_identity_maybe(ctx, im.purpose->name, &im.old, &im.have_old, e));
	if (same_again(&im)) return UC_OK;
	if (im.leaf == NULL) return refuse_key(&im, e);
	if (im.multi) uc_plan_summary(plan, "Upload the CA-signed multi-server %s certificate of the cluster", im.purpose->name);
	UC_TRY(judge_key(&im, e));
	if (uc_findings_worst(&plan->findings) == UC_REFUSED) return UC_OK;
	judge_leaf(&im);
	UC_TRY(build_path(&im, e));
	judge_path(&im);
	note_ignored(&im);
	if (uc_findings_worst(&plan->findings) == UC_REFUSED) return UC_OK;
	UC_TRY(plan_chain(&im, e));
	return plan_identity(&im, e);
}

enum uc_status uc_prepare_import_own(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                     struct uc_material *out, struct uc_error *e)
{
	(void)req;
	return uc_prepare_reseal(ctx, plan, NULL, NULL, out, e);
}
