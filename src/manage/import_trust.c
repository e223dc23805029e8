/* U1: certificates of an upload into a trust store, each under its own name; nothing that is there is replaced. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/upload.h"
#include "pki/name.h"
#include "pki/path.h"

enum { MAX_DESCRIPTION = 400 };

static enum uc_status arg_scope(const struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_trust_store *store,
                                const char **scope, struct uc_error *e)
{
	const char *text;
	UC_TRY(uc_arg_text(req, "scope", &text, e));
	*scope = store->cluster ? "cluster" : ctx->node;
	if (text == NULL) return UC_OK;
	bool cluster = uc_eq_nocase(text, "cluster");
	if (!cluster && !uc_eq_nocase(text, "node"))
		return uc_fail_field(e, UC_EINPUT, "bad-scope", "scope", "Use cluster or node.", "'%s' is not a scope", text);
	if (cluster && store->import_local)
		return uc_fail_field(e, UC_EREFUSED, "import-stays", "scope", "Import it on each node that needs it.",
		                     "an import into %s takes effect on its node only", store->name);
	*scope = cluster ? "cluster" : ctx->node;
	return UC_OK;
}

/* Does the store have another certificate of this subject? What that means depends on its key and issuer (C86). */
static enum uc_status note_relatives(const struct uc_task_context *ctx, const struct uc_trust_store *store, const struct uc_cert *c,
                                     struct uc_findings *out, struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs same = {.items = NULL};
	UC_TRY(uc_store_issuers(ctx->store, store->name, ctx->node, uc_name_hash(c->subject), &same, e));
	for (size_t i = 0; i < same.count; i++) {
		const struct uc_cert *other = same.items[i];
		if (uc_cert_eq(other, c) || !uc_name_eq(other->subject, c->subject)) continue;
		bool same_key = uc_slice_eq(other->spki, c->spki);
		bool same_issuer = uc_name_eq(other->issuer, c->issuer);
		UC_CLEANUP(uc_freep) char *name = uc_upload_name(c);
		UC_CLEANUP(uc_freep) char *old = uc_upload_name(other);
		const char *what = !same_key      ? "has the same subject and another key as"
		                   : !same_issuer ? "is cross-signed: it has the subject and key, but another issuer, of"
		                                  : "renews (same subject and key)";
		uc_findings_add(out, UC_NOTE,
		                !same_key      ? "same-subject-new-key"
		                : !same_issuer ? "cross-signed"
		                               : "renewed",
		                "Delete the older one when nothing depends on it any more.", "%s %s %s in %s; both are kept", name, what, old,
		                store->name);
	}
	return UC_OK;
}

static enum uc_status plan_one(const struct uc_task_context *ctx, const struct uc_trust_store *store, const char *scope,
                               const struct uc_cert *c, const char *description, struct uc_plan *plan, struct uc_error *e)
{
	uc_upload_check(ctx, c, UC_ROLE_TRUST, true, &plan->findings);
	UC_TRY(note_relatives(ctx, store, c, &plan->findings, e));
	bool added;
	UC_TRY(uc_plan_trust(ctx, store->name, scope, c, description, "upload", plan, &added, e));
	if (added) return UC_OK;
	UC_CLEANUP(uc_freep) char *name = uc_upload_name(c);
	uc_findings_add(&plan->findings, UC_NOTE, "already-there", NULL, "%s is in %s already", name, store->name);
	return UC_OK;
}

/* Issuers before what they issued, so that the steps read root first (T4). */
static void root_first(const struct uc_certs *certs, size_t *order)
{
	UC_CLEANUP(uc_freep) size_t *chain = uc_zalloc(certs->count, sizeof *chain);
	enum { TOO_MANY = 200 }; /* chains of a bundle of hundreds are of no interest to a reader, and signatures take time */
	if (certs->count > TOO_MANY) {
		for (size_t i = 0; i < certs->count; i++) order[i] = i;
		return;
	}
	UC_CLEANUP(uc_freep) size_t *forward = uc_zalloc(certs->count, sizeof *forward);
	uc_chain_order(certs, forward, chain);
	for (size_t start = 0; start < certs->count;) {
		size_t end = start + 1;
		while (end < certs->count && chain[end] == chain[start]) end++;
		for (size_t i = start; i < end; i++) order[i] = forward[end - 1 - (i - start)];
		start = end;
	}
}

static void summarize(const struct uc_trust_store *store, const char *scope, struct uc_plan *plan)
{
	size_t count = json_array_size(plan->steps);
	bool everywhere = strcmp(scope, UC_ALL_NODES) == 0;
	const char *of = everywhere ? "" : " of ";
	const char *node = everywhere ? "" : scope;
	if (count == 1)
		uc_plan_summary(plan, "Upload %s to %s%s%s", uc_json_member(json_array_get(plan->steps, 0), "name"), store->name, of, node);
	else
		uc_plan_summary(plan, "Upload %zu certificates to %s%s%s", count, store->name, of, node);
}

enum uc_status uc_plan_import_trust(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan,
                                    struct uc_error *e)
{
	const char *name;
	const char *description;
	const char *scope;
	const struct uc_trust_store *store;
	UC_TRY(uc_arg_need(req, "store", &name, e));
	UC_TRY(uc_trust_store_find(name, &store, e));
	UC_TRY(uc_arg_text(req, "description", &description, e));
	if (description == NULL) description = "";
	if (strlen(description) > MAX_DESCRIPTION)
		return uc_fail_field(e, UC_ELIMIT, "description-long", "description", NULL, "the description has %zu bytes, the limit is %d",
		                     strlen(description), MAX_DESCRIPTION);
	UC_TRY(arg_scope(ctx, req, store, &scope, e));
	UC_CLEANUP(uc_certs_free) struct uc_certs file = {.items = NULL};
	UC_TRY(uc_upload_read(req, &file, &plan->findings, e));
	UC_CLEANUP(uc_freep) size_t *order = uc_zalloc(file.count, sizeof *order);
	root_first(&file, order);
	for (size_t i = 0; i < file.count; i++) UC_TRY(plan_one(ctx, store, scope, file.items[order[i]], description, plan, e));
	summarize(store, scope, plan);
	return uc_plan_empty(plan) ? UC_OK : uc_plan_follow_store(ctx, store, scope, plan, e);
}
