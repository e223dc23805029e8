/* Settings of the cluster, which all nodes obey. */
#include "catalog/setting.h"

#include <string.h>

#include "manage/cluster.h"

/* What a value brings along that a person may not expect. */
static const struct {
	const char *setting, *value;
	enum uc_weight weight;
	const char *code, *hint, *text;
} consequences[] = {
    {UC_SETTING_DIGEST, "sha512", UC_WARN, "digest-old-phones", "Leave it at sha1 as long as there are such phones.",
     "phones of the 7900, 8900 and 9900 series verify only SHA-1 signatures of files: they take no list and no signed file any more"},
    {UC_SETTING_ENCRYPTION, "advanced", UC_NOTE, "encryption-advanced", "Phones must reach port 6971 of the TFTP nodes.",
     "lists get records of EC certificates and signer version 1.1, by which phones fetch their configuration over HTTPS (port 6971) first, "
     "accept "
     "servers with EC certificates, and can make EC keys"},
};

static void judge(const struct uc_setting *s, const char *value, struct uc_findings *out)
{
	for (size_t i = 0; i < sizeof consequences / sizeof *consequences; i++)
		if (strcmp(consequences[i].setting, s->name) == 0 && strcmp(consequences[i].value, value) == 0)
			uc_findings_add(out, consequences[i].weight, consequences[i].code, consequences[i].hint, "%s", consequences[i].text);
}

enum uc_status uc_plan_setting(const struct uc_task_context *ctx, const char *name, const char *value, struct uc_plan *plan,
                               struct uc_error *e)
{
	const struct uc_setting *s;
	UC_CLEANUP(uc_freep) char *stored = NULL;
	UC_TRY(uc_setting_find(name, &s, e));
	UC_TRY(uc_store_setting(ctx->store, s->name, &stored, e));
	const char *now = stored != NULL ? stored : s->values[0];
	if (strcmp(now, value) == 0) return UC_OK;
	json_t *before = stored != NULL ? json_pack("{s:s}", "value", stored) : json_null();
	json_t *step = json_pack("{s:s, s:s, s:s, s:o}", "type", "setting.set", "name", s->name, "value", value, "before", before);
	uc_plan_step(plan, step, "Set %s from %s to %s", s->name, now, value);
	return UC_OK;
}

enum uc_status uc_plan_setting_set(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	const char *name;
	const char *wanted;
	const struct uc_setting *s;
	size_t index;
	UC_TRY(uc_need_publisher(ctx, e));
	UC_TRY(uc_arg_need(req, "name", &name, e));
	UC_TRY(uc_arg_need(req, "value", &wanted, e));
	UC_TRY(uc_setting_find(name, &s, e));
	UC_TRY(uc_setting_value(s, wanted, &index, e));
	const char *value = s->values[index];
	uc_plan_summary(plan, "Set %s to %s", s->name, value);
	if (s->by != NULL) {
		uc_findings_add(&plan->findings, UC_REFUSED, "setting-by-command", s->by, "%s is changed by a command of its own", s->name);
		return UC_OK;
	}
	UC_TRY(uc_plan_setting(ctx, s->name, value, plan, e));
	if (uc_plan_empty(plan))
		uc_findings_add(&plan->findings, UC_NOTE, "already-there", NULL, "%s is %s already: nothing to do", s->name, value);
	else
		judge(s, value, &plan->findings);
	return UC_OK;
}
