/* L1: the mode of the cluster, the CTL file, and who signs the lists. */
#include <string.h>

#include "catalog/setting.h"
#include "core/bytes.h"
#include "manage/lists.h"
#include "store/followup.h"

#define MADE "CTL"

/* ---- what is asked for ---- */

struct asked {
	const char *mode;   /* the value of the setting; NULL: it stays */
	const char *signer; /* of the CTL */
};

static enum uc_status read_mode(const struct uc_task_request *req, struct asked *out, struct uc_error *e)
{
	static const struct {
		const char *word, *value;
	} modes[] = {{"mixed-mode", "mixed"}, {"non-secure-mode", "non-secure"}};
	const char *word;
	UC_TRY(uc_arg_need(req, "mode", &word, e));
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		out->mode = modes[i].value;
		if (strcmp(modes[i].word, word) == 0) return UC_OK;
	}
	return uc_fail_field(e, UC_EINPUT, "bad-mode", "mode", "Use mixed-mode or non-secure-mode.", "'%s' is not a mode of a cluster", word);
}

/* ---- publishing the CTL ---- */

/* What the CTL is to say: the state, in the mode that is asked for. */
static enum uc_status draft_ctl(const struct uc_task_context *ctx, const struct asked *asked, struct uc_list_draft *out, struct uc_error *e)
{
	UC_CLEANUP(uc_list_source_freep) struct uc_list_source *source = NULL;
	UC_TRY(uc_list_source_read(ctx, &source, e));
	if (asked->mode != NULL) {
		json_t *steps = json_pack("[{s:s, s:s, s:s}]", "type", "setting.set", "name", UC_SETTING_MODE, "value", asked->mode);
		enum uc_status status = uc_list_source_apply(source, steps, e);
		json_decref(steps);
		UC_TRY(status);
	}
	uc_list_draft_make(source, NULL, asked->signer, out);
	return UC_OK;
}

static enum uc_status prepare_ctl(const struct uc_task_context *ctx, const struct asked *asked, struct uc_material *out, struct uc_error *e)
{
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft draft = {.entries = NULL};
	UC_TRY(draft_ctl(ctx, asked, &draft, e));
	out->at = ctx->now;
	out->items = uc_zalloc(1, sizeof *out->items);
	out->count = 1;
	snprintf(out->items[0].purpose, sizeof out->items[0].purpose, MADE);
	return uc_list_draft_sign(&draft, ctx->keys, out->at, &out->items[0].der, e);
}

static enum uc_status is_published(const struct uc_task_context *ctx, const struct uc_list_draft *draft, bool *same, bool *have,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_tl_free) struct uc_tl present = {.records = NULL};
	char one[65];
	char other[65];
	UC_TRY(uc_list_published(ctx->store, &present, have, e));
	uc_list_draft_shape(draft, one);
	uc_list_file_shape(&present, other);
	*same = *have && strcmp(one, other) == 0;
	return UC_OK;
}

/* That the CTL is to be updated is done with it. */
static enum uc_status plan_done(const struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_followups_free) struct uc_followups open = {.items = NULL};
	UC_TRY(uc_store_followups(ctx->store, NULL, &open, e));
	for (size_t i = 0; i < open.count; i++) {
		const struct uc_followup *f = &open.items[i];
		if (strcmp(f->kind, "ctl-update") != 0) continue;
		uc_plan_step(plan, uc_followup_done_step(f), "Done: %s", f->text);
	}
	return UC_OK;
}

/* What still has to be done by hand: phones and services read the list when they restart. */
static void follow_ctl(struct uc_plan *plan, bool mode)
{
	if (mode) uc_plan_follow_on(plan, UC_ALL_NODES, "reload", "CallManager", "Restart CallManager on all nodes.");
	uc_plan_follow(plan, "phones", "CTL", "Restart the phones: they fetch the CTL file then (show phone list --list CTL --stale).");
	uc_plan_follow(plan, "backup", "backup", "Take a backup.");
}

static enum uc_status plan_ctl(struct uc_task_context *ctx, const struct asked *asked, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft draft = {.entries = NULL};
	bool same;
	bool have;
	char shape[65];
	UC_TRY(draft_ctl(ctx, asked, &draft, e));
	UC_TRY(is_published(ctx, &draft, &same, &have, e));
	if (!have && asked->mode == NULL) {
		uc_findings_add(&plan->findings, UC_REFUSED, "ctl-none", "Turn mixed mode on: utils ctl set-cluster mixed-mode.",
		                "the cluster has no CTL file: it has never been in mixed mode");
		return UC_OK;
	}
	if (same) {
		uc_findings_add(&plan->findings, UC_NOTE, "ctl-current", NULL, "the CTL file that is published says what it should");
		return plan_done(ctx, plan, e);
	}
	if (draft.signer < 0) {
		uc_findings_add(&plan->findings, UC_REFUSED, "list-unsigned", "Regenerate ITLRecovery or CallManager with an RSA 2048 key.",
		                "nobody can sign the CTL: %s", draft.other);
		return UC_OK;
	}
	const char *signer = draft.entries[draft.signer].purpose;
	if (draft.other != NULL) uc_findings_add(&plan->findings, UC_WARN, "list-signer", NULL, "%s signs the CTL: %s", signer, draft.other);
	uc_list_draft_shape(&draft, shape);
	uc_plan_bind(plan, "CTL %s", shape);
	const struct uc_made *made = uc_material_get(ctx->material, MADE);
	UC_CLEANUP(uc_freep) char *content = made != NULL ? uc_base64(uc_buf_slice(&made->der)) : NULL;
	uc_plan_step(plan,
	             json_pack("{s:s, s:s, s:s, s:s?}", "type", "list.publish", "list", "CTL", "signer", asked->signer, "content", content),
	             "Publish the CTL file: %zu records, signed by %s", draft.count, signer);
	UC_TRY(plan_done(ctx, plan, e));
	follow_ctl(plan, asked->mode != NULL);
	return UC_OK;
}

/* ---- the tasks ---- */

static const struct asked update = {.signer = "ITLRecovery"};
static const struct asked reset = {.signer = "CallManager"};

static void warn_of_mode(const struct asked *asked, struct uc_findings *out)
{
	if (strcmp(asked->mode, "mixed") == 0)
		uc_findings_add(
		    out, UC_WARN, "mode-mixed", "Afterwards every change of CallManager, CAPF or ITLRecovery needs: utils ctl update CTLFile.",
		    "phones take the CTL file for good: from their next restart they register with TLS where their profile says so, and "
		    "trust only what a list names");
	else
		uc_findings_add(out, UC_WARN, "mode-non-secure", "Set their profiles to non-secure first.",
		                "phones whose security profile needs TLS cannot register any more from their next restart");
}

enum uc_status uc_plan_ctl_mode(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	struct asked asked = update;
	UC_TRY(uc_need_publisher(ctx, e));
	UC_TRY(read_mode(req, &asked, e));
	uc_plan_summary(plan, "Set the cluster to %s mode", asked.mode);
	UC_TRY(uc_plan_setting(ctx, UC_SETTING_MODE, asked.mode, plan, e));
	if (uc_plan_empty(plan)) {
		uc_findings_add(&plan->findings, UC_NOTE, "mode-already", "Publish the CTL file anew with utils ctl update CTLFile.",
		                "the cluster is in %s mode already", asked.mode);
		return UC_OK;
	}
	warn_of_mode(&asked, &plan->findings);
	return plan_ctl(ctx, &asked, plan, e);
}

enum uc_status uc_prepare_ctl_mode(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                   struct uc_material *out, struct uc_error *e)
{
	struct asked asked = update;
	UC_TRY(read_mode(req, &asked, e));
	return uc_plan_empty(plan) ? UC_OK : prepare_ctl(ctx, &asked, out, e);
}

enum uc_status uc_plan_ctl_update(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	(void)req;
	UC_TRY(uc_need_publisher(ctx, e));
	uc_plan_summary(plan, "Update the CTL file");
	return plan_ctl(ctx, &update, plan, e);
}

enum uc_status uc_prepare_ctl_update(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                     struct uc_material *out, struct uc_error *e)
{
	(void)req;
	return uc_plan_empty(plan) ? UC_OK : prepare_ctl(ctx, &update, out, e);
}

enum uc_status uc_plan_ctl_reset(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	(void)req;
	UC_TRY(uc_need_publisher(ctx, e));
	uc_plan_summary(plan, "Have CallManager sign the CTL file");
	UC_TRY(plan_ctl(ctx, &reset, plan, e));
	if (!uc_plan_empty(plan))
		uc_plan_follow(plan, "ctl-update", "CTL",
		               "When phones have fetched it, have ITLRecovery sign the CTL file again: utils ctl update CTLFile.");
	return UC_OK;
}

enum uc_status uc_prepare_ctl_reset(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                    struct uc_material *out, struct uc_error *e)
{
	(void)req;
	return uc_plan_empty(plan) ? UC_OK : prepare_ctl(ctx, &reset, out, e);
}

/* The ITLs follow the setting by themselves. */
static enum uc_status plan_itl(struct uc_task_context *ctx, const char *signer, struct uc_plan *plan, struct uc_error *e)
{
	UC_TRY(uc_need_publisher(ctx, e));
	uc_plan_summary(plan, "Have %s sign the ITL files", signer);
	UC_TRY(uc_plan_setting(ctx, UC_SETTING_SIGNER, signer, plan, e));
	if (uc_plan_empty(plan)) {
		uc_findings_add(&plan->findings, UC_NOTE, "signer-already", NULL, "%s signs the ITL files already", signer);
		return UC_OK;
	}
	uc_plan_follow(plan, "phones", "ITL", "Restart the phones: they fetch the ITL file then (show phone list --list ITL --stale).");
	return UC_OK;
}

enum uc_status uc_plan_itl_reset(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	(void)req;
	return plan_itl(ctx, "CallManager", plan, e);
}

enum uc_status uc_plan_itl_update(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	(void)req;
	return plan_itl(ctx, "ITLRecovery", plan, e);
}
