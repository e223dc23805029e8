/* Taking a change back: its inverse steps in reverse order, as a change of its own. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/task.h"

/* A step that puts a certificate or a request back needs the private key that belonged to it; step is the one to undo. */
static void judge_key(const struct uc_task_context *ctx, const json_t *step, struct uc_findings *out)
{
	json_t *inverse = uc_step_invert(step);
	const char *type = uc_json_member(inverse, "type");
	const char *key = uc_json_member(inverse, "key");
	bool needed = strcmp(type, "identity.set") == 0 || strcmp(type, "csr.set") == 0;
	if (needed && !uc_keys_has(ctx->keys, key))
		uc_findings_add(out, UC_REFUSED, "key-gone", "Regenerate the certificate, or generate a new CSR.",
		                "the private key %.8s... of the former %s certificate was purged or swept: it cannot come back", key,
		                uc_json_member(inverse, "purpose"));
	json_decref(inverse);
}

/* The texts of inverse steps are those of what they do, not of what they undo. */
static void add_inverse(struct uc_plan *plan, json_t *step)
{
	const char *type = uc_json_member(step, "type");
	UC_CLEANUP(uc_freep) char *purpose = uc_strdup(uc_json_member(step, "purpose"));
	UC_CLEANUP(uc_freep) char *name = uc_strdup(uc_json_member(step, "name"));
	UC_CLEANUP(uc_freep) char *store = uc_strdup(uc_json_member(step, "store"));
	if (strcmp(type, "identity.set") == 0)
		uc_plan_step(plan, step, "Bring back the former %s certificate and its key", purpose);
	else if (strcmp(type, "identity.remove") == 0)
		uc_plan_step(plan, step, "Remove the %s certificate", purpose);
	else if (strcmp(type, "trust.add") == 0)
		uc_plan_step(plan, step, "Bring %s back into %s", name, store);
	else if (strcmp(type, "trust.remove") == 0)
		uc_plan_step(plan, step, "Take %s out of %s again", name, store);
	else if (strcmp(type, "account.set") == 0)
		uc_plan_step(plan, step, "Bring back the former password of the account %s", name);
	else if (strcmp(type, "csr.set") == 0)
		uc_plan_step(plan, step, "Bring back the pending CSR of %s", purpose);
	else
		uc_plan_step(plan, step, "Remove the pending CSR of %s", purpose);
}

static void follow(struct uc_plan *plan, const json_t *step)
{
	const struct uc_purpose *purpose = NULL;
	const struct uc_trust_store *store = NULL;
	if (uc_starts_with(uc_json_member(step, "type"), "identity.") &&
	    uc_purpose_find(uc_json_member(step, "purpose"), &purpose, NULL) == UC_OK)
		uc_plan_follow_purpose(plan, purpose);
	if (uc_starts_with(uc_json_member(step, "type"), "trust.") && uc_trust_store_find(uc_json_member(step, "store"), &store, NULL) == UC_OK)
		uc_plan_follow_store(plan, store);
}

enum uc_status uc_undo_judge(const struct uc_task_context *ctx, const json_t *change, struct uc_findings *out, struct uc_error *e)
{
	long long number = json_integer_value(json_object_get(change, "number"));
	const json_t *undone = json_object_get(change, "undone_by");
	if (json_is_integer(undone)) {
		uc_findings_add(out, UC_REFUSED, "undone-already", "Undo that change to bring this one back.",
		                "change %lld was taken back by change %lld already", number, (long long)json_integer_value(undone));
		return UC_OK;
	}
	if (strcmp(uc_json_member(change, "task"), "install") == 0) {
		uc_findings_add(
		    out, UC_REFUSED, "not-undoable", NULL,
		    "change %lld cannot be taken back: it installed this node, which would be left without its certificates and its administrator",
		    number);
		return UC_OK;
	}
	uc_time at;
	UC_TRY(uc_time_parse(uc_json_member(change, "at"), &at, e));
	if (ctx->now > at + UC_UNDO_DAYS * UC_DAY)
		uc_findings_add(out, UC_REFUSED, "undo-too-late", "Do the opposite task instead.",
		                "change %lld was made %s; changes can be taken back for %d days", number, uc_json_member(change, "at"),
		                UC_UNDO_DAYS);
	int64_t later;
	UC_TRY(uc_log_later(ctx->store, number, &later, e));
	if (later > 0)
		uc_findings_add(out, UC_REFUSED, "changed-since", "Undo the later change first.", "change %lld touched the same certificates later",
		                (long long)later);
	size_t i;
	const json_t *step;
	json_array_foreach(json_object_get(change, "steps"), i, step)
	{
		if (uc_step_undoable(uc_json_member(step, "type"))) {
			judge_key(ctx, step, out);
			continue;
		}
		uc_findings_add(out, UC_REFUSED, "not-undoable", NULL, "change %lld cannot be taken back: %s", number,
		                uc_json_member(step, "text"));
		return UC_OK;
	}
	return UC_OK;
}

/* Taking a certificate out of a store again breaks what has come to depend on it, as deleting it would. */
static enum uc_status judge_removals(const struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv replaced = {.items = NULL};
	size_t i;
	const json_t *step;
	json_array_foreach(plan->steps, i, step)
	{
		if (uc_starts_with(uc_json_member(step, "type"), "identity.")) uc_strv_add(&replaced, uc_json_member(step, "purpose"));
	}
	json_array_foreach(plan->steps, i, step)
	{
		if (strcmp(uc_json_member(step, "type"), "trust.remove") != 0) continue;
		UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
		UC_TRY(uc_store_trust(ctx->store, uc_json_member(step, "store"), ctx->node, uc_json_member(step, "name"), NULL, 1, &found, e));
		if (found.count > 0) UC_TRY(uc_judge_removal(ctx, &found.items[0], &replaced, &plan->findings, e));
	}
	return UC_OK;
}

enum uc_status uc_plan_undo(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	const json_t *value = json_object_get(req->args, "number");
	if (!json_is_integer(value) || json_integer_value(value) < 1)
		return uc_fail_field(e, UC_EINPUT, "bad-argument", "number", "show change list prints the numbers.",
		                     "the number of the change is missing or wrong");
	int64_t number = json_integer_value(value);
	json_t *change = NULL;
	UC_TRY(uc_log_get(ctx->store, number, &change, e));
	uc_plan_summary(plan, "Undo change %lld: %s", (long long)number, uc_json_member(change, "summary"));
	enum uc_status status = uc_undo_judge(ctx, change, &plan->findings, e);
	const json_t *steps = json_object_get(change, "steps");
	for (size_t i = json_array_size(steps); status == UC_OK && uc_findings_worst(&plan->findings) != UC_REFUSED && i-- > 0;) {
		json_t *inverse = uc_step_invert(json_array_get(steps, i));
		follow(plan, inverse);
		add_inverse(plan, inverse);
	}
	json_decref(change);
	UC_TRY(status);
	UC_TRY(judge_removals(ctx, plan, e));
	uc_findings_add(&plan->findings, UC_WARN, "undo", "Undo is a change too: it can be undone in turn.",
	                "the state from before change %lld comes back for what it touched", (long long)number);
	plan->undoes = number;
	return UC_OK;
}
