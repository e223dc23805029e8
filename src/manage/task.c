#include "manage/task.h"

#include <string.h>

static const struct uc_task tasks[] = {
    {"install", uc_prepare_install, uc_plan_install}, {"cert-regen", uc_prepare_regen, uc_plan_regen},
    {"csr-gen", uc_prepare_csr_gen, uc_plan_csr_gen}, {"csr-delete", NULL, uc_plan_csr_delete},
    {"import-own", NULL, uc_plan_import_own},         {"import-trust", NULL, uc_plan_import_trust},
    {"delete-trust", NULL, uc_plan_delete_trust},     {"undo", NULL, uc_plan_undo},
    {"key-purge", NULL, uc_plan_key_purge},           {"account-password", uc_prepare_account_password, uc_plan_account_password},
};

enum uc_status uc_task_find(const char *name, const struct uc_task **out, struct uc_error *e)
{
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
		*out = &tasks[i];
		if (strcmp(tasks[i].name, name) == 0) return UC_OK;
	}
	return uc_fail(e, UC_ENOTFOUND, "no-task", NULL, "there is no task '%s'", name);
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
