/* The three movements of every task: plan, change, effect. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "core/random.h"
#include "node/internal.h"
#include "pki/report.h"

/* One run of a task. */
struct run {
	struct uc_node *node;
	const struct uc_node_call *call;
	const struct uc_task *task;
	struct uc_plan plan;
	struct uc_material material;
	int64_t number;
	bool again;      /* the request id was in the log already */
	bool committing; /* the commit was tried: whether it reached the disk is not known when it fails */
};

static void run_free(struct run *r)
{
	uc_plan_free(&r->plan);
	uc_material_free(&r->material);
}

/* Makes the plan anew on this connection; material is NULL for a preview. */
static enum uc_status make_plan(struct run *r, struct uc_store *store, const struct uc_material *material, struct uc_error *e)
{
	uc_plan_free(&r->plan);
	uc_plan_init(&r->plan, r->task->name);
	struct uc_task_context ctx = uc_node_context(r->node, store);
	ctx.material = material;
	UC_TRY(uc_log_head(store, &r->plan.base, NULL, e));
	return r->task->plan(&ctx, &r->call->request, &r->plan, e);
}

static json_t *outcome(const struct run *r, bool dry_run)
{
	json_t *out = uc_plan_json(&r->plan);
	json_object_set_new(out, "dry_run", json_boolean(dry_run));
	json_object_set_new(out, "number", json_null());
	return out;
}

/* Does what the plan says need an answer that the caller has not given? */
static enum uc_status confirm(const struct run *r, struct uc_error *e)
{
	const struct uc_findings *f = &r->plan.findings;
	enum uc_weight worst = uc_findings_worst(f);
	for (size_t i = 0; worst == UC_REFUSED && i < f->count; i++)
		if (f->items[i].weight == UC_REFUSED) return uc_fail(e, UC_EREFUSED, f->items[i].code, f->items[i].hint, "%s", f->items[i].message);
	bool answered = worst == UC_NOTE || (r->call->yes && (worst == UC_WARN || r->call->force));
	if (answered) return UC_OK;
	const char *hint =
	    worst == UC_WARN ? "Look at the warnings and repeat with yes." : "Look at the dangers and repeat with yes and force.";
	return uc_fail(e, UC_ECONFLICT, "confirmation-needed", hint, "%s: this has consequences that must be confirmed", r->plan.summary);
}

static enum uc_status moved(struct uc_error *e)
{
	return uc_fail(e, UC_ECONFLICT, "plan-changed", "Look at the new plan and confirm it.",
	               "the state has changed since the plan was shown, and the task would now do something else");
}

static json_t *text_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

/* The change as the log wants it: the body but for number and hash. */
static json_t *change_body(const struct run *r)
{
	char at[UC_TIME_TEXT];
	bool given = r->call->request_id != NULL && r->call->request_id[0] != '\0';
	UC_CLEANUP(uc_freep) char *request = given ? uc_strdup(r->call->request_id) : uc_uuid();
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:O, s:o, s:O}", "at", uc_time_rfc3339(uc_now(), at), "node", r->node->name,
	                 "who", r->call->who, "why", text_or_null(r->call->why), "task", r->plan.task, "request", request, "summary",
	                 r->plan.summary, "undoes", r->plan.undoes > 0 ? json_integer(r->plan.undoes) : json_null(), "steps", r->plan.steps,
	                 "findings", uc_report_findings(&r->plan.findings), "followups", r->plan.followups);
}

/* The keys that the change puts out of use can be undone to for as long as changes can; that time starts here. */
static enum uc_status retire_keys(const struct run *r, struct uc_error *e)
{
	size_t i;
	const json_t *step;
	json_array_foreach(r->plan.steps, i, step)
	{
		const char *key = json_string_value(json_object_get(json_object_get(step, "before"), "key"));
		if (key != NULL) UC_TRY(uc_keys_retire(r->node->keys, key, e));
	}
	return UC_OK;
}

/* Under the lock on the log: the plan is made again with the new keys; if it is another one, nothing happens. */
static enum uc_status commit(struct run *r, const char agreed[65], struct uc_error *e)
{
	struct uc_store *store = r->node->writer;
	UC_TRY(make_plan(r, store, &r->material, e));
	UC_TRY(confirm(r, e));
	char hash[65];
	uc_plan_hash(&r->plan, hash);
	if (strcmp(hash, agreed) != 0) return moved(e);
	json_t *body = change_body(r);
	if (body == NULL) return uc_fail(e, UC_EINPUT, "not-utf8", "Write names and reasons in UTF-8.", "a text of the request is not UTF-8");
	enum uc_status status = uc_log_append(store, body, uc_keys_node_sign, r->node->keys, &r->number, e);
	json_decref(body);
	UC_TRY(status);
	UC_TRY(retire_keys(r, e));
	r->committing = true;
	return uc_store_commit(store, e);
}

/* Is the request id in the log? Then r->number is its change, and nothing is to be done. */
static enum uc_status look_up_request(struct run *r, struct uc_store *store, struct uc_error *e)
{
	const char *id = r->call->request_id;
	if (id == NULL || id[0] == '\0') return UC_OK;
	UC_TRY(uc_log_by_request(store, id, &r->number, e));
	r->again = r->number > 0;
	return UC_OK;
}

static enum uc_status write_change(struct run *r, const char agreed[65], struct uc_error *e)
{
	pthread_mutex_lock(&r->node->write_lock);
	enum uc_status status = uc_store_begin(r->node->writer, e);
	if (status == UC_OK) {
		status = look_up_request(r, r->node->writer, e); /* the same request may have come twice at once */
		if (status == UC_OK && !r->again) status = commit(r, agreed, e);
		if (status != UC_OK || r->again) uc_store_rollback(r->node->writer);
	}
	struct uc_error view_error;
	if (status == UC_OK && !r->again && uc_view_refresh(r->node, r->node->writer, &view_error) != UC_OK)
		uc_log_error("cannot serve the new state, the old one stays in use", &view_error);
	pthread_mutex_unlock(&r->node->write_lock);
	return status;
}

static enum uc_status prepare(struct run *r, struct uc_error *e)
{
	if (r->task->prepare == NULL) return UC_OK;
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(r->node, &reader, e));
	struct uc_task_context ctx = uc_node_context(r->node, reader.store);
	return r->task->prepare(&ctx, &r->call->request, &r->plan, &r->material, e);
}

static enum uc_status preview(struct run *r, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(r->node, &reader, e));
	return make_plan(r, reader.store, NULL, e);
}

/* A request that was carried out already is answered with the change it made. */
static enum uc_status answer_again(struct run *r, json_t **out, struct uc_error *e)
{
	UC_TRY(uc_node_change(r->node, r->number, out, e));
	const char *task = json_string_value(json_object_get(*out, "task"));
	if (task != NULL && strcmp(task, r->task->name) == 0) return UC_OK;
	json_decref(*out);
	*out = NULL;
	return uc_fail_field(e, UC_ECONFLICT, "request-reused", "request", "Use a new id for each task.",
	                     "the request id %s belongs to change %lld, which was another task", r->call->request_id, (long long)r->number);
}

static enum uc_status repeated(struct run *r, json_t **out, struct uc_error *e)
{
	if (r->call->dry_run) return UC_OK;
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(r->node, &reader, e));
	UC_TRY(look_up_request(r, reader.store, e));
	uc_reader_return(&reader);
	return r->again ? answer_again(r, out, e) : UC_OK;
}

/* Keys that were made for a change that did not happen. Best effort: what stays is swept when it is old. */
static void drop_made_keys(struct run *r)
{
	for (size_t i = 0; i < r->material.count; i++)
		if (r->material.items[i].key[0] != '\0' && uc_keys_remove(r->node->keys, r->material.items[i].key, NULL) != UC_OK)
			uc_log(UC_LOG_WARN, "an unused private key stays in the key directory until it is swept");
}

static json_t *done(struct run *r)
{
	json_t *out = outcome(r, false);
	json_object_set_new(out, "number", json_integer(r->number));
	struct uc_lease reader = {.node = NULL};
	json_t *effects = NULL;
	if (uc_reader_borrow(r->node, &reader, NULL) == UC_OK && uc_store_effects(reader.store, r->number, &effects, NULL) == UC_OK)
		json_object_set_new(out, "effects", effects);
	uc_reader_return(&reader);
	return out;
}

enum uc_status uc_node_run(struct uc_node *n, const struct uc_node_call *call, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(run_free) struct run r = {.node = n, .call = call};
	*out = NULL;
	UC_TRY(uc_task_find(call->request.task, &r.task, e));
	UC_TRY(repeated(&r, out, e));
	if (*out != NULL) return UC_OK;
	UC_TRY(preview(&r, e));
	*out = outcome(&r, call->dry_run);
	if (call->dry_run) return UC_OK;
	char agreed[65];
	uc_plan_hash(&r.plan, agreed);
	if (call->seen != NULL && strcmp(call->seen, agreed) != 0) return moved(e);
	UC_TRY(confirm(&r, e));
	if (uc_plan_empty(&r.plan)) return UC_OK;
	enum uc_status status = prepare(&r, e);
	uc_crash_point("prepared");
	if (status == UC_OK) status = write_change(&r, agreed, e);
	if ((status != UC_OK && !r.committing) || r.again) drop_made_keys(&r);
	json_decref(*out);
	*out = NULL;
	if (status == UC_OK && r.again) return answer_again(&r, out, e);
	if (status == UC_ECONFLICT || status == UC_EREFUSED) *out = outcome(&r, false);
	UC_TRY(status);
	uc_crash_point("committed");
	uc_log(UC_LOG_INFO, "change %lld by %s: %s", (long long)r.number, call->who, r.plan.summary);
	uc_effects_run(n, r.number, r.plan.steps);
	*out = done(&r);
	return UC_OK;
}

enum uc_status uc_node_set_password(struct uc_node *n, struct uc_node_call *call, const char *name, const char *password, json_t **out,
                                    struct uc_error *e)
{
	*out = NULL;
	if (strlen(password) < UC_PASSWORD_MIN)
		return uc_fail_field(e, UC_EINPUT, "password-short", "password", "Choose a longer one.",
		                     "the password has %zu bytes, at least %d are needed", strlen(password), UC_PASSWORD_MIN);
	UC_CLEANUP(uc_freep) char *verifier = NULL;
	UC_TRY(uc_password_verifier(password, &verifier, e));
	json_t *args = json_pack("{s:s, s:s}", "name", name, "verifier", verifier);
	call->request = (struct uc_task_request){.task = "account-password", .args = args};
	enum uc_status status = uc_node_run(n, call, out, e);
	json_decref(args);
	return status;
}
