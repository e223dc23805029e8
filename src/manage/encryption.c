/* O1: a new OAuth encryption key, sealed to every node; the old one is destroyed. */
#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"

enum uc_status uc_plan_encryption_regen(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan,
                                        struct uc_error *e)
{
	(void)req;
	const struct uc_purpose *authz = NULL;
	UC_CLEANUP(uc_recipients_free) struct uc_recipients nodes = {.items = NULL};
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list old = {.items = NULL};
	UC_TRY(uc_need_publisher(ctx, e));
	UC_TRY(uc_purpose_find("authz", &authz, e));
	UC_TRY(uc_all_nodes(ctx, NULL, &nodes, e));
	UC_TRY(uc_sealed_list_read(ctx, UC_AUTHZ_ENCRYPTION, &old, e));
	uc_plan_summary(plan, "Replace the OAuth encryption key of the cluster");
	const struct uc_made *made = uc_material_get(ctx->material, UC_AUTHZ_ENCRYPTION);
	UC_TRY(uc_plan_seal_new(ctx, UC_AUTHZ_ENCRYPTION, "symmetric", made, &nodes, plan, e));
	for (size_t i = 0; i < old.count; i++) uc_plan_purge_shared(UC_AUTHZ_ENCRYPTION, old.items[i].key_id, plan);
	if (old.count > 0) uc_warn_of_rotation(&plan->findings);
	return uc_plan_follow_purpose(ctx, authz, UC_ALL_NODES, plan, e);
}

enum uc_status uc_prepare_encryption_regen(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                           struct uc_material *out, struct uc_error *e)
{
	(void)req;
	(void)plan;
	out->items = uc_zalloc(1, sizeof *out->items);
	out->count = 1;
	return uc_make_encryption(ctx, &out->items[0], e);
}
