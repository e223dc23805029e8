/* X1: delete a trust certificate, after showing which chains break and who loses trust. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/upload.h"
#include "pki/name.h"

enum { MANY = 1000 };

/* An identity certificate is named like its purpose, and is never deleted. */
static enum uc_status refuse_identity(const struct uc_task_context *ctx, const char *store, const char *name, struct uc_error *e)
{
	const struct uc_purpose *purpose = NULL;
	if (uc_purpose_find(store, &purpose, NULL) != UC_OK) return UC_OK;
	UC_CLEANUP(uc_freep) char *file = uc_sprintf("%s.pem", purpose->name);
	if (!uc_eq_nocase(name, file) && !uc_eq_nocase(name, purpose->name)) return UC_OK;
	return uc_fail_field(e, UC_EREFUSED, "identity-certificate", "name",
	                     "Regenerate it, or upload another one in its place; copies of it in trust stores may be deleted.",
	                     "%s/%s is the identity certificate of %s and cannot be deleted", purpose->name, file, ctx->node);
}

struct dependents {
	struct uc_findings *findings;
	const struct uc_trust *entry;
	const struct uc_strv *except; /* purposes whose certificate the same change replaces, or NULL */
};

static bool vouches(const struct uc_purpose *purpose, const char *store)
{
	for (size_t i = 0; purpose->stores[i] != NULL; i++)
		if (strcmp(purpose->stores[i], store) == 0) return true;
	return false;
}

/* An identity whose chain ends in, or goes through, the certificate. */
static void judge_identity(void *ctx, const struct uc_identity *i)
{
	struct dependents *d = ctx;
	const struct uc_purpose *purpose = NULL;
	if (uc_purpose_find(i->purpose, &purpose, NULL) != UC_OK || !vouches(purpose, d->entry->store)) return;
	if (d->except != NULL && uc_strv_has(d->except, purpose->name)) return;
	if (uc_cert_eq(i->cert, d->entry->cert)) {
		uc_findings_add(d->findings, UC_WARN, "copy-of-identity", "Delete it only if no other node has to trust this certificate.",
		                "%s is the copy of the present %s certificate of %s: peers that look into %s will no longer trust it",
		                d->entry->name, i->purpose, i->node, d->entry->store);
		return;
	}
	if (uc_certs_find(&i->chain, d->entry->cert->fingerprint) < 0) return;
	uc_findings_add(d->findings, UC_DANGER, "chain-breaks", "Replace that certificate first by one from another CA.",
	                "the chain of the %s certificate of %s goes through %s: it would no longer be complete", i->purpose, i->node,
	                d->entry->name);
}

/* Other certificates of the stores that this one issued lose their issuer. */
static enum uc_status judge_issued(const struct uc_task_context *ctx, const struct uc_trust *entry, struct uc_findings *out,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs issued = {.items = NULL};
	UC_TRY(uc_store_issued(ctx->store, uc_name_hash(entry->cert->subject), MANY, &issued, e));
	struct uc_strv names = {.items = NULL};
	size_t count = 0;
	for (size_t i = 0; i < issued.count; i++) {
		if (uc_cert_eq(issued.items[i], entry->cert) || !uc_cert_issued_by(issued.items[i], entry->cert)) continue;
		if (count++ < 3) uc_strv_take(&names, uc_upload_name(issued.items[i]));
	}
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&names, ", ");
	uc_strv_free(&names);
	if (count > 0)
		uc_findings_add(out, UC_WARN, "issuer-of", "Peers that present a certificate of this CA are trusted only as long as it is here.",
		                "%s issued %zu certificate%s that this cluster holds: %s%s", entry->name, count, count == 1 ? "" : "s", list,
		                count > 3 ? ", ..." : "");
	return UC_OK;
}

/* Another certificate with its subject and key takes its place in every path. */
static enum uc_status has_twin(const struct uc_task_context *ctx, const struct uc_trust *entry, bool *twin, struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs same = {.items = NULL};
	UC_TRY(uc_store_issuers(ctx->store, entry->store, ctx->node, uc_name_hash(entry->cert->subject), &same, e));
	*twin = false;
	for (size_t i = 0; i < same.count; i++)
		*twin = *twin || (!uc_cert_eq(same.items[i], entry->cert) && uc_slice_eq(same.items[i]->spki, entry->cert->spki));
	return UC_OK;
}

enum uc_status uc_judge_removal(const struct uc_task_context *ctx, const struct uc_trust *entry, const struct uc_strv *except,
                                struct uc_findings *out, struct uc_error *e)
{
	bool twin;
	UC_TRY(has_twin(ctx, entry, &twin, e));
	if (twin) {
		uc_findings_add(out, UC_NOTE, "twin-stays", NULL,
		                "another certificate with the same subject and key stays in %s, so chains through it remain complete",
		                entry->store);
		return UC_OK;
	}
	struct dependents d = {.findings = out, .entry = entry, .except = except};
	UC_TRY(uc_store_identities(ctx->store, ctx->node, judge_identity, &d, e));
	return judge_issued(ctx, entry, out, e);
}

static enum uc_status judge(const struct uc_task_context *ctx, const struct uc_trust_store *store, const struct uc_trust *entry,
                            struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *name = uc_upload_name(entry->cert);
	bool everywhere = store->delete_cluster || strcmp(entry->scope, "cluster") == 0;
	uc_findings_add(&plan->findings, UC_WARN, "trust-lost", "Undo brings it back within 30 days.",
	                "connections from peers that only %s vouches for will be denied, on %s", name,
	                everywhere ? "every node" : entry->scope);
	if (store->phones)
		uc_findings_add(&plan->findings, UC_WARN, "phones-lose-trust", "Make sure that no phone needs it any more.",
		                "phones that rely on %s in %s lose that trust", name, store->name);
	return uc_judge_removal(ctx, entry, NULL, &plan->findings, e);
}

/* The entries that a name, or a fingerprint, stands for: the same certificate, perhaps in several scopes. */
static enum uc_status find_entries(const struct uc_task_context *ctx, const char *store, const char *name, struct uc_trusts *out,
                                   struct uc_error *e)
{
	UC_TRY(uc_store_trust(ctx->store, store, ctx->node, name, NULL, MANY, out, e));
	if (out->count == 0 && strlen(name) == UC_FINGERPRINT_HEX - 1)
		UC_TRY(uc_store_trust(ctx->store, store, ctx->node, NULL, name, MANY, out, e));
	if (out->count == 0) return uc_trust_missing(ctx->store, store, name, e);
	for (size_t i = 1; i < out->count; i++) {
		if (uc_cert_eq(out->items[i].cert, out->items[0].cert)) continue;
		char one[UC_FINGERPRINT_HEX];
		char other[UC_FINGERPRINT_HEX];
		uc_cert_fingerprint_hex(out->items[0].cert, one);
		uc_cert_fingerprint_hex(out->items[i].cert, other);
		UC_CLEANUP(uc_freep) char *hint = uc_sprintf("Name one by its fingerprint: %s or %s.", one, other);
		return uc_fail_field(e, UC_ECONFLICT, "ambiguous-name", "name", hint, "'%s' is the name of several certificates in %s", name,
		                     store);
	}
	return UC_OK;
}

enum uc_status uc_plan_delete_trust(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan,
                                    struct uc_error *e)
{
	const char *store_name;
	const char *name;
	const struct uc_trust_store *store;
	UC_TRY(uc_arg_need(req, "store", &store_name, e));
	UC_TRY(uc_arg_need(req, "name", &name, e));
	UC_TRY(refuse_identity(ctx, store_name, name, e));
	UC_TRY(uc_trust_store_find(store_name, &store, e));
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	UC_TRY(find_entries(ctx, store->name, name, &found, e));
	uc_plan_summary(plan, "Delete %s from %s", found.items[0].name, store->name);
	UC_TRY(judge(ctx, store, &found.items[0], plan, e));
	for (size_t i = 0; i < found.count; i++) {
		UC_CLEANUP(uc_freep) char *label = uc_upload_name(found.items[i].cert);
		uc_plan_step(plan, uc_plan_trust_removal(&found.items[i]), "Delete %s, %s, from %s (%s)", found.items[i].name, label, store->name,
		             found.items[i].scope);
	}
	uc_plan_follow_store(plan, store);
	return UC_OK;
}
