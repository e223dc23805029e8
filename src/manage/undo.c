/* Taking a change back: its inverse steps in reverse order, as a change of its own. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "store/followup.h"

/* A job's answer says that it was done: taking back what it did does not unsay that. */
static bool is_answer(const json_t *step)
{
	return strcmp(uc_json_member(step, "type"), "job.done") == 0;
}

/* Changes that went along with something that no step holds; why: what such a change did. */
static const struct {
	const char *task, *why;
} final[] = {
    {"install", "installed this node, which would be left without its certificates and its administrator"},
    {"node-join", "let a node join; remove that node instead"},
    {"node-remove", "removed a node; have that node join again instead"},
};

static const char *why_final(const char *task)
{
	for (size_t i = 0; i < sizeof final / sizeof *final; i++)
		if (strcmp(final[i].task, task) == 0) return final[i].why;
	return NULL;
}

/* Does the change drop the key from among those that several nodes have? Then it comes back with it. */
static bool drops(const json_t *change, const char *key)
{
	size_t i;
	const json_t *step;
	json_array_foreach(json_object_get(change, "steps"), i, step)
	{
		if (strcmp(uc_json_member(step, "type"), "key.drop") == 0 && strcmp(uc_json_member(step, "key"), key) == 0) return true;
	}
	return false;
}

/* Is the key where a certificate or request that comes back needs it? Of another node's own key only that node knows. */
static enum uc_status key_there(const struct uc_task_context *ctx, const json_t *change, const char *node, const char *key, bool *there,
                                struct uc_error *e)
{
	bool sealed;
	UC_CLEANUP(uc_sealed_free) struct uc_sealed shared = {.key_id = NULL};
	*there = true;
	if (ctx->elsewhere || uc_keys_has(ctx->keys, key) || drops(change, key)) return UC_OK;
	UC_TRY(uc_sealed_maybe(ctx, key, &shared, &sealed, e));
	bool here = strcmp(node, ctx->node) == 0 || strcmp(node, UC_ALL_NODES) == 0;
	*there = sealed ? shared.blob.len > 0 : !here;
	return UC_OK;
}

/* A step that puts a certificate or a request back needs the private key that belonged to it. */
static enum uc_status judge_key(const struct uc_task_context *ctx, const json_t *change, const json_t *inverse, struct uc_findings *out,
                                struct uc_error *e)
{
	const char *type = uc_json_member(inverse, "type");
	const char *key = uc_json_member(inverse, "key");
	bool there;
	if (strcmp(type, "identity.set") != 0 && strcmp(type, "csr.set") != 0) return UC_OK;
	UC_TRY(key_there(ctx, change, uc_json_member(inverse, "node"), key, &there, e));
	if (!there)
		uc_findings_add(out, UC_REFUSED, "key-gone", "Regenerate the certificate, or generate a new CSR.",
		                "the private key %.8s... of the former %s certificate was purged or swept: it cannot come back", key,
		                uc_json_member(inverse, "purpose"));
	return UC_OK;
}

/* A follow-up is open again, or done again: neither when another change has asked for it meanwhile, nor for a node that is gone. */
static enum uc_status judge_followup(const struct uc_task_context *ctx, const json_t *inverse, struct uc_findings *out, struct uc_error *e)
{
	if (!uc_starts_with(uc_json_member(inverse, "type"), "followup.")) return UC_OK;
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	const char *node = uc_json_member(inverse, "node");
	const char *kind = uc_json_member(inverse, "kind");
	const char *target = uc_json_member(inverse, "target");
	int64_t expected = json_integer_value(json_object_get(json_object_get(inverse, "before"), "number"));
	int64_t number;
	UC_TRY(uc_store_followup_number(ctx->store, node, kind, target, &number, e));
	if (number > 0 && number != expected) {
		uc_findings_add(out, UC_REFUSED, "asked-again", "Mark it as done; then this can be taken back.",
		                "change %lld has asked for '%s %s' of %s again meanwhile", (long long)number, kind, target, node);
		return UC_OK;
	}
	if (strcmp(node, UC_ALL_NODES) == 0) return UC_OK;
	enum uc_status status = uc_store_node(ctx->store, node, &row, e);
	if (status != UC_ENOTFOUND) return status;
	uc_findings_add(out, UC_REFUSED, "node-gone", NULL, "'%s %s' is about the node %s, which has been removed or renamed", kind, target,
	                node);
	return UC_OK;
}

/* Can this step be taken back? *lasting says that it cannot. */
static enum uc_status judge_step(const struct uc_task_context *ctx, const json_t *change, const json_t *step, struct uc_findings *out,
                                 bool *lasting, struct uc_error *e)
{
	*lasting = false;
	if (is_answer(step)) return UC_OK;
	json_t *inverse = uc_step_undoable(uc_json_member(step, "type")) ? uc_step_invert(step) : NULL;
	*lasting = inverse == NULL;
	enum uc_status status = inverse != NULL ? judge_key(ctx, change, inverse, out, e) : UC_OK;
	if (status == UC_OK && inverse != NULL) status = judge_followup(ctx, inverse, out, e);
	json_decref(inverse);
	return status;
}

/* The texts of inverse steps are those of what they do, not of what they undo: a, one member, b, another member, c. */
static const struct {
	const char *type, *a, *one, *b, *other, *c;
} texts[] = {
    {"identity.set", "Bring back the former ", "purpose", " certificate of ", "node", " and its key"},
    {"identity.remove", "Remove the ", "purpose", " certificate of ", "node", ""},
    {"trust.add", "Bring ", "name", " back into ", "store", ""},
    {"trust.remove", "Take ", "name", " out of ", "store", " again"},
    {"account.set", "Bring back the former password of the account ", "name", "", "", ""},
    {"account.remove", "Remove the account ", "name", "", "", ""},
    {"csr.set", "Bring back the pending CSR of ", "purpose", " of ", "node", ""},
    {"csr.remove", "Remove the pending CSR of ", "purpose", " of ", "node", ""},
    {"node.set", "Set up the node ", "node", " as it was, ", "fqdn", ""},
    {"node.rename", "Give the node ", "node", " its former name ", "to_fqdn", " back"},
    {"join.remove", "The join secret ", "id", " is no longer good", "", ""},
    {"key.seal", "The sealed ", "purpose", " key ", "key", " counts again"},
    {"followup.open", "To be done again on ", "node", ": ", "what", ""},
    {"followup.done", "Done: ", "kind", " ", "target", ""},
    {"setting.set", "Set ", "name", " back to ", "value", ""},
    {"setting.remove", "Set ", "name", " back to its default", "", ""},
    {"key.drop", "The sealed key ", "key", " no longer counts", "", ""},
};

/* Takes step. */
static void add_inverse(struct uc_plan *plan, json_t *step)
{
	const char *type = uc_json_member(step, "type");
	size_t i = 0;
	while (i + 1 < sizeof texts / sizeof *texts && strcmp(texts[i].type, type) != 0) i++;
	/* The step owns its members, and gives its text away last. */
	UC_CLEANUP(uc_freep)
	char *text = uc_sprintf("%s%s%s%s%s", texts[i].a, uc_json_member(step, texts[i].one), texts[i].b, uc_json_member(step, texts[i].other),
	                        texts[i].c);
	uc_plan_step(plan, step, "%s", text);
}

static bool about(const json_t *step, const char *kind)
{
	return uc_starts_with(uc_json_member(step, "type"), kind);
}

/* Does the change replace certificates of nodes? Then nothing is to be done for the copies of them that go or come along with it. */
static bool replaces(const json_t *change)
{
	size_t i;
	const json_t *step;
	json_array_foreach(json_object_get(change, "steps"), i, step) if (about(step, "identity.")) return true;
	return false;
}

/* What must follow where the step does something, as after the task itself. */
static enum uc_status follow(const struct uc_task_context *ctx, const json_t *step, bool replacing, struct uc_plan *plan,
                             struct uc_error *e)
{
	const struct uc_purpose *purpose = NULL;
	const struct uc_trust_store *store = NULL;
	if (about(step, "identity.") && uc_purpose_find(uc_json_member(step, "purpose"), &purpose, NULL) == UC_OK)
		return uc_plan_follow_purpose(ctx, purpose, uc_json_member(step, "node"), plan, e);
	bool copy = replacing && strcmp(uc_json_member(step, "origin"), "system") == 0;
	if (about(step, "trust.") && !copy && uc_trust_store_find(uc_json_member(step, "store"), &store, NULL) == UC_OK)
		return uc_plan_follow_store(ctx, store, uc_json_member(step, "scope"), plan, e);
	return UC_OK;
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
	const char *why = why_final(uc_json_member(change, "task"));
	if (why != NULL) {
		uc_findings_add(out, UC_REFUSED, "not-undoable", NULL, "change %lld %s", number, why);
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
		uc_findings_add(out, UC_REFUSED, "changed-since", "Undo the later change first.", "change %lld touched the same things later",
		                (long long)later);
	size_t i;
	const json_t *step;
	json_array_foreach(json_object_get(change, "steps"), i, step)
	{
		bool lasting;
		UC_TRY(judge_step(ctx, change, step, out, &lasting, e));
		if (!lasting) continue;
		uc_findings_add(out, UC_REFUSED, "not-undoable", NULL, "change %lld did something that lasts: %s", number,
		                uc_json_member(step, "text"));
		return UC_OK;
	}
	return UC_OK;
}

/* Taking a certificate out of a store again breaks what has come to depend on it, as deleting it would. */
static enum uc_status judge_removals(const struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv replaced = {.items = NULL};
	UC_CLEANUP(uc_dependents_free) struct uc_dependents d = {.items = NULL};
	UC_TRY(uc_dependents_read(ctx, &d, e));
	size_t i;
	const json_t *step;
	json_array_foreach(plan->steps, i, step)
	{
		if (uc_starts_with(uc_json_member(step, "type"), "identity."))
			uc_strv_take(&replaced, uc_sprintf("%s/%s", uc_json_member(step, "node"), uc_json_member(step, "purpose")));
	}
	json_array_foreach(plan->steps, i, step)
	{
		if (strcmp(uc_json_member(step, "type"), "trust.remove") != 0) continue;
		UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
		UC_TRY(uc_store_trust(ctx->store, uc_json_member(step, "store"), NULL, uc_json_member(step, "name"), NULL, SIZE_MAX, &found, e));
		for (size_t k = 0; k < found.count; k++)
			if (strcmp(found.items[k].scope, uc_json_member(step, "scope")) == 0)
				UC_TRY(uc_judge_removal(ctx, &d, &found.items[k], &replaced, &plan->findings, e));
	}
	return UC_OK;
}

/* Can the undo be undone? */
static bool can_return(const struct uc_plan *plan)
{
	size_t i;
	const json_t *step;
	bool can = true;
	json_array_foreach(plan->steps, i, step) can = can && uc_step_undoable(uc_json_member(step, "type"));
	return can;
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
	bool replacing = replaces(change);
	for (size_t i = json_array_size(steps); status == UC_OK && uc_findings_worst(&plan->findings) != UC_REFUSED && i-- > 0;) {
		if (is_answer(json_array_get(steps, i))) continue;
		json_t *inverse = uc_step_invert(json_array_get(steps, i));
		status = follow(ctx, inverse, replacing, plan, e);
		add_inverse(plan, inverse);
	}
	json_decref(change);
	UC_TRY(status);
	UC_TRY(judge_removals(ctx, plan, e));
	uc_findings_add(&plan->findings, UC_WARN, "undo",
	                can_return(plan) ? "Undo is a change too: it can be undone in turn." : "This cannot be undone in turn.",
	                "the state from before change %lld comes back for what it touched", (long long)number);
	plan->undoes = number;
	return UC_OK;
}
