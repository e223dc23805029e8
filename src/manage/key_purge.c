/* Removing a replaced private key at once, when it is compromised; what needed it can no longer be undone. */
#include <string.h>

#include "core/bytes.h"
#include "manage/task.h"

struct use {
	const char *key;
	const char *what;
	char purpose[64];
};

static void look_identity(void *ctx, const struct uc_identity *i)
{
	struct use *u = ctx;
	if (strcmp(i->key_id, u->key) != 0) return;
	u->what = "the certificate";
	snprintf(u->purpose, sizeof u->purpose, "%s", i->purpose);
}

static void look_request(void *ctx, const struct uc_request *r)
{
	struct use *u = ctx;
	if (strcmp(r->key_id, u->key) != 0) return;
	u->what = "the pending CSR";
	snprintf(u->purpose, sizeof u->purpose, "%s", r->purpose);
}

enum uc_status uc_plan_key_purge(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	const char *key;
	UC_TRY(uc_arg_need(req, "key", &key, e));
	if (!uc_keys_has(ctx->keys, key))
		return uc_fail_field(e, UC_ENOTFOUND, "no-key", "key", "show change N prints the key of a replaced certificate.",
		                     "this node has no private key '%s'", key);
	uc_plan_summary(plan, "Purge the private key %.8s...", key);
	struct use use = {.key = key};
	UC_TRY(uc_store_identities(ctx->store, ctx->node, look_identity, &use, e));
	UC_TRY(uc_store_requests(ctx->store, ctx->node, look_request, &use, e));
	if (use.what != NULL) {
		uc_findings_add(&plan->findings, UC_REFUSED, "key-in-use", "Replace it first: regenerate the certificate or generate a new CSR.",
		                "the key %.8s... belongs to %s of %s", key, use.what, use.purpose);
		return UC_OK;
	}
	uc_findings_add(&plan->findings, UC_DANGER, "purge-final", "Purge a key only when it is compromised.",
	                "the key %.8s... is destroyed: changes that replaced its certificate can no longer be undone", key);
	uc_plan_step(plan, json_pack("{s:s, s:s, s:s}", "type", "key.purge", "node", ctx->node, "key", key), "Destroy the private key %.8s...",
	             key);
	return UC_OK;
}
