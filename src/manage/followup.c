/* Follow-ups that somebody has done: they are no longer listed. */
#include "store/followup.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/task.h"

enum {
	MANY = 10,     /* ids in a hint */
	MAX_IDS = 1000 /* in one change: each is a step of it */
};

static enum uc_status missing(const struct uc_followups *all, const char *id, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf list = UC_BUF_EMPTY;
	for (size_t i = 0; i < all->count && i < MANY; i++) uc_buf_printf(&list, "%s%s", i > 0 ? ", " : "", all->items[i].id);
	UC_CLEANUP(uc_freep) char *there = uc_buf_take_str(&list);
	UC_CLEANUP(uc_freep)
	char *hint = all->count > 0 ? uc_sprintf("There are %s%s.", there, all->count > MANY ? " and others" : "")
	                            : uc_strdup("Nothing has to be done.");
	return uc_fail_field(e, UC_ENOTFOUND, "no-followup", "ids", hint, "no follow-up '%s' is open: perhaps somebody has done it already",
	                     id);
}

json_t *uc_followup_done_step(const struct uc_followup *f)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:I, s:I, s:I}}", "type", "followup.done", "node", f->node, "kind", f->kind,
	                 "target", f->target, "before", "what", f->text, "since", f->since, "first", (json_int_t)f->first, "number",
	                 (json_int_t)f->number, "changes", (json_int_t)f->changes);
}

/* "reload Tomcat (HTTPS) on cucm-pub", "backup". */
static void add_name(struct uc_buf *out, const struct uc_followup *f)
{
	bool cluster = strcmp(f->node, UC_ALL_NODES) == 0;
	uc_buf_add_str(out, f->kind);
	if (strcmp(f->kind, f->target) != 0) uc_buf_printf(out, " %s", f->target);
	if (!cluster) uc_buf_printf(out, " on %s", f->node);
}

/* Each of the chosen ones becomes a step. */
static void add_steps(const struct uc_followups *all, const bool *chosen, struct uc_plan *plan)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf names = UC_BUF_EMPTY;
	size_t count = 0;
	for (size_t i = 0; i < all->count; i++) {
		const struct uc_followup *f = &all->items[i];
		if (!chosen[i]) continue;
		/* The number makes it another plan when somebody asks for it anew meanwhile. */
		uc_plan_step(plan, uc_followup_done_step(f), "%s is done (asked for by change %lld): %s", f->id, (long long)f->number, f->text);
		if (count < MANY) uc_buf_add_str(&names, count > 0 ? ", " : "");
		if (count++ < MANY) add_name(&names, f);
	}
	UC_CLEANUP(uc_freep) char *list = uc_buf_take_str(&names);
	if (count > MANY)
		uc_plan_summary(plan, "Done: %s, and %zu more", list, count - MANY);
	else
		uc_plan_summary(plan, "Done: %s", list);
}

static enum uc_status choose(const json_t *ids, const struct uc_followups *all, bool *chosen, struct uc_error *e)
{
	size_t i;
	const json_t *id;
	json_array_foreach(ids, i, id)
	{
		if (!json_is_string(id))
			return uc_fail_field(e, UC_EINPUT, "bad-argument", "ids", "Give a list of strings.",
			                     "the argument ids is not a list of strings");
		const struct uc_followup *f = uc_followups_find(all, json_string_value(id));
		if (f == NULL) return missing(all, json_string_value(id), e);
		chosen[f - all->items] = true;
	}
	return UC_OK;
}

enum uc_status uc_plan_followup_done(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan,
                                     struct uc_error *e)
{
	static const char hint[] = "show followup list prints them.";
	const json_t *ids = json_object_get(req->args, "ids");
	if (ids == NULL || (json_is_array(ids) && json_array_size(ids) == 0))
		return uc_fail_field(e, UC_EINPUT, "argument-missing", "ids", hint, "it is not said which follow-ups are done");
	if (!json_is_array(ids))
		return uc_fail_field(e, UC_EINPUT, "bad-argument", "ids", "Give a list of strings.", "the argument ids is not a list of strings");
	if (json_array_size(ids) > MAX_IDS)
		return uc_fail_field(e, UC_ELIMIT, "too-many-ids", "ids", "Mark them as done in several requests.",
		                     "%zu follow-ups are named, the limit is %d", json_array_size(ids), MAX_IDS);
	UC_CLEANUP(uc_followups_free) struct uc_followups all = {.items = NULL};
	UC_TRY(uc_store_followups(ctx->store, NULL, &all, e));
	UC_CLEANUP(uc_freep) bool *chosen = uc_zalloc(all.count + 1, sizeof *chosen);
	UC_TRY(choose(ids, &all, chosen, e));
	add_steps(&all, chosen, plan);
	return UC_OK;
}
