/* X1: delete a trust certificate, after showing which chains break and who loses trust. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "manage/upload.h"

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

static void warn_of_loss(const struct uc_trust_store *store, const struct uc_trusts *found, struct uc_findings *out)
{
	UC_CLEANUP(uc_freep) char *name = uc_upload_name(found->items[0].cert);
	UC_CLEANUP(uc_strv_free) struct uc_strv scopes = {.items = NULL};
	for (size_t i = 0; i < found->count; i++) uc_strv_add(&scopes, found->items[i].scope);
	uc_strv_sort_unique(&scopes);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&scopes, ", ");
	uc_findings_add(out, UC_WARN, "trust-lost", "Undo brings it back within 30 days.",
	                "connections from peers that only %s vouches for will be denied, on %s", name,
	                uc_strv_has(&scopes, UC_ALL_NODES) ? "every node" : list);
	if (store->phones)
		uc_findings_add(out, UC_WARN, "phones-lose-trust", "Make sure that no phone needs it any more.",
		                "phones that rely on %s in %s lose that trust", name, store->name);
}

/*
 * The entries that a name, or a fingerprint, stands for: the same certificate, perhaps in several scopes. node: as a node sees the store;
 * NULL: all of it.
 */
static enum uc_status look_up(const struct uc_task_context *ctx, const char *store, const char *node, const char *name,
                              struct uc_trusts *out, struct uc_error *e)
{
	UC_TRY(uc_store_trust(ctx->store, store, node, name, NULL, MANY, out, e));
	if (out->count > 0 || strlen(name) != UC_FINGERPRINT_HEX - 1) return UC_OK;
	return uc_store_trust(ctx->store, store, node, NULL, name, MANY, out, e);
}

static enum uc_status refuse_ambiguous(const char *store, const char *name, const struct uc_trusts *found, struct uc_error *e)
{
	for (size_t i = 1; i < found->count; i++) {
		if (uc_cert_eq(found->items[i].cert, found->items[0].cert)) continue;
		char one[UC_FINGERPRINT_HEX];
		char other[UC_FINGERPRINT_HEX];
		uc_cert_fingerprint_hex(found->items[0].cert, one);
		uc_cert_fingerprint_hex(found->items[i].cert, other);
		UC_CLEANUP(uc_freep) char *hint = uc_sprintf("Name one by its fingerprint: %s or %s.", one, other);
		return uc_fail_field(e, UC_ECONFLICT, "ambiguous-name", "name", hint, "'%s' is the name of several certificates in %s", name,
		                     store);
	}
	return UC_OK;
}

/* What is to go. From some stores a certificate goes on every node, wherever it counts; what only another node has is found there, too. */
static enum uc_status find_entries(const struct uc_task_context *ctx, const struct uc_trust_store *store, const char *name,
                                   struct uc_trusts *out, struct uc_error *e)
{
	UC_TRY(look_up(ctx, store->name, ctx->node, name, out, e));
	if (out->count == 0 && store->delete_cluster) UC_TRY(look_up(ctx, store->name, NULL, name, out, e));
	if (out->count == 0) return uc_trust_missing(ctx->store, store->name, name, e);
	UC_TRY(refuse_ambiguous(store->name, name, out, e));
	if (!store->delete_cluster) return UC_OK;
	char fp[UC_FINGERPRINT_HEX];
	uc_cert_fingerprint_hex(out->items[0].cert, fp);
	uc_trusts_free(out);
	return uc_store_trust(ctx->store, store->name, NULL, NULL, fp, MANY, out, e);
}

/* Each node that loses it once: an entry for the cluster says all. */
static enum uc_status judge(const struct uc_task_context *ctx, const struct uc_trusts *found, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_dependents_free) struct uc_dependents d = {.items = NULL};
	UC_TRY(uc_dependents_read(ctx, &d, e));
	for (size_t i = 0; i < found->count; i++)
		if (strcmp(found->items[i].scope, UC_ALL_NODES) == 0) return uc_judge_removal(ctx, &d, &found->items[i], NULL, &plan->findings, e);
	for (size_t i = 0; i < found->count; i++) UC_TRY(uc_judge_removal(ctx, &d, &found->items[i], NULL, &plan->findings, e));
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
	UC_TRY(find_entries(ctx, store, name, &found, e));
	uc_plan_summary(plan, "Delete %s from %s", found.items[0].name, store->name);
	warn_of_loss(store, &found, &plan->findings);
	UC_TRY(judge(ctx, &found, plan, e));
	for (size_t i = 0; i < found.count; i++) {
		UC_CLEANUP(uc_freep) char *label = uc_upload_name(found.items[i].cert);
		uc_plan_step(plan, uc_plan_trust_removal(&found.items[i]), "Delete %s, %s, from %s (%s)", found.items[i].name, label, store->name,
		             found.items[i].scope);
		UC_TRY(uc_plan_follow_store(ctx, store, found.items[i].scope, plan, e));
	}
	return UC_OK;
}
