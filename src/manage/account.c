/* A new password for an account: how an administrator gets in again who has lost the first one. */
#include <string.h>

#include "manage/task.h"

enum uc_status uc_plan_account_password(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan,
                                        struct uc_error *e)
{
	const char *name;
	UC_TRY(uc_arg_need(req, "name", &name, e));
	UC_CLEANUP(uc_account_free) struct uc_account old = {.name = NULL};
	UC_TRY(uc_store_account(ctx->store, name, &old, e));
	uc_plan_summary(plan, "Set a new password for the account %s", name);
	char hash[65] = "";
	if (ctx->material != NULL) UC_TRY(uc_store_secret_put(ctx->store, uc_buf_slice(&ctx->material->verifier), hash, e));
	json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "type", "account.set", "name", name, "role", old.role, "secret", hash,
	                         "before", "role", old.role, "secret", old.secret);
	uc_plan_step(plan, step, "Set a new password for the account %s", name);
	return UC_OK;
}

enum uc_status uc_prepare_account_password(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                           struct uc_material *out, struct uc_error *e)
{
	(void)ctx;
	(void)plan;
	const char *verifier;
	UC_TRY(uc_arg_need(req, "verifier", &verifier, e));
	uc_buf_add_str(&out->verifier, verifier);
	return UC_OK;
}
