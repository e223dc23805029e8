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
