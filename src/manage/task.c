#include "manage/task.h"

#include <string.h>

#include "manage/lists.h"

static const struct uc_task tasks[] = {
    {"install", UC_TASK_ANYWHERE, uc_prepare_install, NULL, uc_plan_install},
    {"cert-regen", UC_TASK_ANYWHERE, uc_prepare_regen, NULL, uc_plan_regen},
    {"csr-gen", UC_TASK_ANYWHERE, uc_prepare_csr_gen, NULL, uc_plan_csr_gen},
    {"csr-delete", UC_TASK_ANYWHERE, NULL, NULL, uc_plan_csr_delete},
    {"import-own", UC_TASK_ANYWHERE, uc_prepare_import_own, NULL, uc_plan_import_own},
    {"import-trust", UC_TASK_ANYWHERE, NULL, NULL, uc_plan_import_trust},
    {"delete-trust", UC_TASK_ANYWHERE, NULL, NULL, uc_plan_delete_trust},
    {"undo", UC_TASK_ANYWHERE, NULL, NULL, uc_plan_undo},
    {"key-purge", UC_TASK_ANYWHERE, NULL, NULL, uc_plan_key_purge},
    {"account-password", UC_TASK_ANYWHERE, uc_prepare_account_password, NULL, uc_plan_account_password},
    {"followup-done", UC_TASK_ANYWHERE, NULL, NULL, uc_plan_followup_done},
    {"web-reload", UC_TASK_ANYWHERE, NULL, NULL, uc_plan_web_reload},
    {"node-add", UC_TASK_HERE, uc_prepare_node_add, NULL, uc_plan_node_add},
    {"node-join", UC_TASK_HERE, uc_prepare_node_join, uc_beside_node_join, uc_plan_node_join},
    {"node-remove", UC_TASK_PUBLISHER, NULL, uc_beside_node_remove, uc_plan_node_remove},
    {"node-rename", UC_TASK_PUBLISHER, NULL, NULL, uc_plan_node_rename},
    {"encryption-regen", UC_TASK_PUBLISHER, uc_prepare_encryption_regen, NULL, uc_plan_encryption_regen},
    {"ctl-mode", UC_TASK_PUBLISHER, uc_prepare_ctl_mode, NULL, uc_plan_ctl_mode},
    {"ctl-update", UC_TASK_PUBLISHER, uc_prepare_ctl_update, NULL, uc_plan_ctl_update},
    {"ctl-reset", UC_TASK_PUBLISHER, uc_prepare_ctl_reset, NULL, uc_plan_ctl_reset},
    {"itl-reset", UC_TASK_PUBLISHER, NULL, NULL, uc_plan_itl_reset},
    {"itl-update", UC_TASK_PUBLISHER, NULL, NULL, uc_plan_itl_update},
    {"setting-set", UC_TASK_PUBLISHER, NULL, NULL, uc_plan_setting_set},
};

enum uc_status uc_task_find(const char *name, const struct uc_task **out, struct uc_error *e)
{
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
		*out = &tasks[i];
		if (strcmp(tasks[i].name, name) == 0) return UC_OK;
	}
	return uc_fail(e, UC_ENOTFOUND, "no-task", NULL, "there is no task '%s'", name);
}

enum uc_status uc_task_plan(const struct uc_task *task, struct uc_task_context *ctx, const struct uc_task_request *req,
                            struct uc_plan *plan, struct uc_error *e)
{
	UC_TRY(task->plan(ctx, req, plan, e));
	return uc_plan_lists(ctx, plan, e);
}

enum uc_status uc_trust_missing(struct uc_store *store, const char *trust_store, const char *name, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv near = {.items = NULL};
	UC_TRY(uc_store_trust_near(store, trust_store, name, &near, e));
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&near, ", ");
	UC_CLEANUP(uc_freep)
	char *hint = near.count > 0 ? uc_sprintf("Names like it there: %s.", list) : uc_strdup("List the store with show cert list trust.");
	return uc_fail_field(e, UC_ENOTFOUND, "no-certificate", "name", hint, "there is no certificate '%s' in %s", name, trust_store);
}
