/* Removing a replaced private key at once, when it is compromised; what needed it can no longer be undone. */
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"

struct use {
	const char *key;
	const char *what;
	char of[128]; /* purpose, and the node unless it is this one */
	const char *here;
};

static void note_use(struct use *u, const char *what, const char *purpose, const char *node)
{
	bool here = strcmp(node, u->here) == 0;
	u->what = what;
	snprintf(u->of, sizeof u->of, "%s%s%s", purpose, here ? "" : " of ", here ? "" : node);
}

static void look_identity(void *ctx, const struct uc_identity *i)
{
	struct use *u = ctx;
	if (strcmp(i->key_id, u->key) == 0) note_use(u, "the certificate", i->purpose, i->node);
}

static void look_request(void *ctx, const struct uc_request *r)
{
	struct use *u = ctx;
	if (strcmp(r->key_id, u->key) == 0) note_use(u, "the pending CSR", r->purpose, r->node);
}

/* The OAuth encryption key in force has no certificate that would say so. */
static enum uc_status look_encryption(const struct uc_task_context *ctx, struct use *u, struct uc_error *e)
{
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list all = {.items = NULL};
	UC_TRY(uc_sealed_list_read(ctx, UC_AUTHZ_ENCRYPTION, &all, e));
	if (all.count > 0 && strcmp(all.items[0].key_id, u->key) == 0) note_use(u, "the tokens", "the cluster", u->here);
	return UC_OK;
}

static enum uc_status look_everywhere(const struct uc_task_context *ctx, struct use *u, struct uc_error *e)
{
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	for (size_t i = 0; i < all.count; i++) {
		UC_TRY(uc_store_identities(ctx->store, all.items[i].row.name, look_identity, u, e));
		UC_TRY(uc_store_requests(ctx->store, all.items[i].row.name, look_request, u, e));
	}
	UC_TRY(uc_store_requests(ctx->store, UC_ALL_NODES, look_request, u, e));
	return look_encryption(ctx, u, e);
}

enum uc_status uc_plan_key_purge(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	const char *key;
	bool sealed;
	UC_CLEANUP(uc_sealed_free) struct uc_sealed shared = {.key_id = NULL};
	UC_TRY(uc_arg_need(req, "key", &key, e));
	UC_TRY(uc_sealed_maybe(ctx, key, &shared, &sealed, e));
	if (!sealed && !ctx->elsewhere && !uc_keys_has(ctx->keys, key))
		return uc_fail_field(e, UC_ENOTFOUND, "no-key", "key", "show change N prints the key of a replaced certificate.",
		                     "this node has no private key '%s'", key);
	uc_plan_summary(plan, "Purge the private key %.8s...", key);
	struct use use = {.key = key, .here = ctx->node};
	UC_TRY(look_everywhere(ctx, &use, e));
	if (use.what != NULL) {
		uc_findings_add(&plan->findings, UC_REFUSED, "key-in-use",
		                "Replace it first: regenerate the certificate or the OAuth key, or generate a new CSR.",
		                "the key %.8s... belongs to %s of %s", key, use.what, use.of);
		return UC_OK;
	}
	uc_findings_add(&plan->findings, UC_DANGER, "purge-final", "Purge a key only when it is compromised.",
	                "the key %.8s... is destroyed%s: changes that replaced its certificate can no longer be undone", key,
	                sealed ? " on every node" : "");
	uc_plan_step(plan, json_pack("{s:s, s:s, s:s}", "type", "key.purge", "node", sealed ? UC_ALL_NODES : ctx->node, "key", key),
	             "Destroy the private key %.8s...%s", key, sealed ? " on every node" : "");
	return UC_OK;
}
