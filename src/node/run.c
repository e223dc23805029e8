/* The three movements of every task: plan, change, effect. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "core/random.h"
#include "node/publish.h"
#include "node/read.h"
#include "pki/report.h"
#include "store/followup.h"

/* One run of a task. */
struct run {
	struct uc_node *node;
	const struct uc_node_call *call;
	const struct uc_task *task;
	char *target; /* the node that is to do it */
	bool job;     /* which is another one */
	char *job_id;
	char *request; /* the id of this request, the caller's or our own */
	struct uc_plan plan;
	struct uc_lease reader; /* the state that the preview was made from, until what it needs is prepared from the same */
	struct uc_material material;
	struct uc_held_lists held; /* looked at once: both makings of the plan judge by the same */
	bool held_known;
	int64_t number;
	bool again;      /* the request id was in the log already */
	bool committing; /* the commit was tried: whether it reached the disk is not known when it fails */
};

static void run_free(struct run *r)
{
	uc_reader_return(&r->reader);
	uc_plan_free(&r->plan);
	uc_material_free(&r->material);
	uc_held_lists_free(&r->held);
	free(r->target);
	free(r->job_id);
	free(r->request);
}

/* Another node as a task sees it. Its strings live as long as row. */
static enum uc_status context_of(struct run *r, struct uc_store *store, struct uc_node_row *row, struct uc_task_context *out,
                                 struct uc_error *e)
{
	*out = uc_node_context(r->node, store);
	if (!r->job) return UC_OK;
	UC_TRY(uc_store_node(store, r->target, row, e));
	return uc_node_context_move(out, row, e);
}

/* For uc_task_context.held. */
static const struct uc_held_lists *held_of(void *ctx, struct uc_store *store)
{
	struct run *r = ctx;
	if (!r->held_known) r->held = uc_published_held(r->node, store);
	r->held_known = true;
	return &r->held;
}

/* Makes the plan anew on this connection; material is NULL for a preview. */
static enum uc_status make_plan(struct run *r, struct uc_store *store, const struct uc_material *material, struct uc_error *e)
{
	uc_plan_free(&r->plan);
	uc_plan_init(&r->plan, r->task->name);
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	struct uc_task_context ctx;
	UC_TRY(context_of(r, store, &row, &ctx, e));
	ctx.material = material;
	ctx.held = held_of;
	ctx.held_ctx = r;
	UC_TRY(uc_log_head(store, &r->plan.base, NULL, e));
	return uc_task_plan(r->task, &ctx, &r->call->request, &r->plan, e);
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
	return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:o, s:O, s:o, s:O}", "at", uc_time_rfc3339(uc_now(), at), "node", r->node->name,
	                 "who", r->call->who, "why", text_or_null(r->call->why), "task", r->plan.task, "request", r->request, "summary",
	                 r->plan.summary, "undoes", r->plan.undoes > 0 ? json_integer(r->plan.undoes) : json_null(), "steps", r->plan.steps,
	                 "findings", uc_report_findings(&r->plan.findings), "followups", r->plan.followups);
}

static json_t *job_answer_step(const char *id, const char *node, const char *state, const char *detail)
{
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "type", "job.done", "v", 1, "id", id, "node", node, "state", state, "detail",
	                 detail, "text", "Answer the job");
}

/* The change that carries out a job is its answer as well: either both are there or neither. */
static void answer_job(struct run *r)
{
	if (r->call->job == NULL) return;
	json_array_append_new(r->plan.steps, job_answer_step(r->call->job, r->node->name, "done", r->plan.summary));
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

/* The plan of another node's work becomes the plan to ask it for it. */
static void make_job(struct run *r, const char *seen)
{
	char now[UC_TIME_TEXT];
	char until[UC_TIME_TEXT];
	const struct uc_node_call *call = r->call;
	int64_t seconds = call->deadline > 0 ? call->deadline : UC_JOB_SECONDS;
	UC_CLEANUP(uc_freep) char *content = call->request.content.len > 0 ? uc_base64(call->request.content) : NULL;
	UC_CLEANUP(uc_freep) char *summary = uc_strdup(r->plan.summary);
	free(r->job_id);
	r->job_id = uc_uuid();
	json_t *step = json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:s?, s:s, s:b, s:b, s:s, s:o, s:s, s:s, s:s}", "type", "job.add", "v", 1,
	                         "id", r->job_id, "node", r->target, "task", r->task->name, "arguments",
	                         call->request.args != NULL ? json_deep_copy(call->request.args) : json_object(), "content", content, "seen",
	                         seen, "yes", call->yes, "force", call->force, "who", call->who, "why", text_or_null(call->why), "summary",
	                         summary, "created", uc_time_rfc3339(uc_now(), now), "deadline", uc_time_rfc3339(uc_now() + seconds, until));
	json_array_clear(r->plan.steps);
	r->plan.task = "job-add";
	r->plan.undoes = 0; /* that is for the node to say */
	uc_plan_summary(&r->plan, "On %s: %s", r->target, summary);
	uc_plan_step(&r->plan, step, "Ask %s to do it: %s", r->target, summary);
}

/* Under the lock on the log: the plan is made again with the new keys; if it is another one, nothing happens. */
static enum uc_status change(struct run *r, struct uc_store *store, const char agreed[65], struct uc_error *e)
{
	UC_TRY(make_plan(r, store, &r->material, e));
	UC_TRY(confirm(r, e));
	char hash[65];
	uc_plan_hash(&r->plan, hash);
	if (strcmp(hash, agreed) != 0) return moved(e);
	if (r->job) make_job(r, hash);
	answer_job(r);
	json_t *body = change_body(r);
	if (body == NULL) return uc_fail(e, UC_EINPUT, "not-utf8", "Write names and reasons in UTF-8.", "a text of the request is not UTF-8");
	/* First, since the steps may take away what it needs to know. */
	struct uc_task_context ctx = uc_node_context(r->node, store);
	enum uc_status status = UC_OK;
	if (r->task->beside != NULL && !r->job) status = r->task->beside(&ctx, &r->call->request, &r->material, e);
	if (status == UC_OK) status = uc_log_append(store, body, uc_keys_node_sign, r->node->keys, &r->number, e);
	json_decref(body);
	UC_TRY(status);
	return retire_keys(r, e);
}

/* Is the request id in the log? Then r->number is its change, and nothing is to be done. */
static enum uc_status look_up_request(struct run *r, struct uc_store *store, struct uc_error *e)
{
	UC_TRY(uc_log_by_request(store, r->request, &r->number, e));
	r->again = r->number > 0;
	return UC_OK;
}

/*
 * The connection was lost while the commit was under way: whether it is in the log is known once the lock on it can be had again, which the server gives away only when it has done with the
 * lost connection. Found is as good as committed.
 */
static enum uc_status find_out(struct run *r, struct uc_error *e)
{
	enum { PATIENCE = 30 };
	for (int i = 0; i < PATIENCE; i++) {
		struct uc_store *store;
		struct uc_error why;
		if (uc_central_begin(r->node, &store, &why) == UC_OK) {
			enum uc_status status = look_up_request(r, store, &why);
			bool found = status == UC_OK && r->again;
			r->again = false;
			/* Nothing is written: the mirror follows, so that what comes of the change is looked at with the change in it. */
			if (found && uc_central_commit(r->node, &why) == UC_OK) return UC_OK;
			if (!found) uc_central_rollback(r->node);
			if (!found && status == UC_OK)
				return uc_fail(e, UC_EUNAVAILABLE, "read-only", "Repeat it.",
				               "the store was lost before the change was made: nothing has happened");
		}
		nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	}
	return uc_fail(e, UC_EUNAVAILABLE, "outcome-unknown",
	               "When the store is back, repeat it with the same request id, or look at show change list.",
	               "the store was lost while the change was made (request %s): whether it was is not known", r->request);
}

static enum uc_status write_change(struct run *r, const char agreed[65], struct uc_error *e)
{
	struct uc_store *store;
	UC_TRY(uc_central_begin(r->node, &store, e));
	enum uc_status status = look_up_request(r, store, e); /* the same request may have come twice at once */
	if (status == UC_OK && !r->again) status = change(r, store, agreed, e);
	if (status != UC_OK || r->again) {
		uc_central_rollback(r->node);
		/* The store went away in the middle of it. */
		if (status == UC_EUNAVAILABLE && e != NULL)
			return uc_fail(e, status, "read-only", "Repeat it when the store answers again (show cluster).", "this node is read-only: %s",
			               e->message);
		return status;
	}
	r->committing = true;
	status = uc_central_commit(r->node, e);
	return status == UC_EUNAVAILABLE ? find_out(r, e) : status;
}

static enum uc_status prepare(struct run *r, struct uc_error *e)
{
	if (r->task->prepare == NULL || r->job) return UC_OK; /* keys are made where they stay */
	struct uc_task_context ctx = uc_node_context(r->node, r->reader.store);
	return r->task->prepare(&ctx, &r->call->request, &r->plan, &r->material, e);
}

static enum uc_status preview(struct run *r, struct uc_error *e)
{
	UC_TRY(uc_reader_borrow(r->node, &r->reader, e));
	return make_plan(r, r->reader.store, NULL, e);
}

/* A request that was carried out already is answered with the change it made. */
static enum uc_status answer_again(struct run *r, json_t **out, struct uc_error *e)
{
	UC_TRY(uc_node_change(r->node, r->number, out, e));
	const char *task = json_string_value(json_object_get(*out, "task"));
	const char *job = uc_json_member(json_array_get(json_object_get(*out, "steps"), 0), "id");
	if (task != NULL && strcmp(task, "job-add") == 0) json_object_set_new(*out, "job", json_string(job));
	if (task != NULL && (strcmp(task, r->task->name) == 0 || strcmp(task, "job-add") == 0)) return UC_OK;
	json_decref(*out);
	*out = NULL;
	return uc_fail_field(e, UC_ECONFLICT, "request-reused", "request", "Use a new id for each task.",
	                     "the request id %s belongs to change %lld, which was another task", r->call->request_id, (long long)r->number);
}

static enum uc_status repeated(struct run *r, json_t **out, struct uc_error *e)
{
	bool given = r->call->request_id != NULL && r->call->request_id[0] != '\0';
	r->request = given ? uc_strdup(r->call->request_id) : uc_uuid();
	if (r->call->dry_run || !given) return UC_OK;
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

/* The change is made, whether or not this can be told of it. */
static void tell_undoable(const struct run *r, struct uc_store *store, json_t *out)
{
	json_t *change = NULL;
	struct uc_error e;
	if (uc_log_get(store, r->number, &change, &e) == UC_OK && uc_read_undoable(r->node, store, change, &e) == UC_OK) {
		json_object_set(out, "undoable", json_object_get(change, "undoable"));
		json_object_set(out, "undo_refused", json_object_get(change, "undo_refused"));
	}
	json_decref(change);
}

static json_t *done(struct run *r)
{
	json_t *out = outcome(r, false);
	json_object_set_new(out, "number", json_integer(r->number));
	if (r->job_id != NULL) json_object_set_new(out, "job", json_string(r->job_id));
	const struct uc_buf *secret = &r->material.secret;
	if (secret->len > 0) json_object_set_new(out, "secret", json_stringn((const char *)secret->ptr, secret->len));
	struct uc_lease reader = {.node = NULL};
	json_t *effects = NULL;
	if (uc_reader_borrow(r->node, &reader, NULL) == UC_OK && uc_store_effects(reader.store, r->number, &effects, NULL) == UC_OK)
		json_object_set_new(out, "effects", effects);
	/* The change is made, whether or not more can be told about it. */
	if (reader.store != NULL) (void)!uc_followups_mark(reader.store, out, r->node->name, r->number, NULL);
	if (reader.store != NULL) tell_undoable(r, reader.store, out);
	uc_reader_return(&reader);
	return out;
}

/* ---- who does it ---- */

struct search {
	char *name; /* of the publisher; owned */
};

static void note_publisher(void *ctx, const struct uc_node_row *row)
{
	struct search *s = ctx;
	unsigned roles = 0;
	if (uc_roles_parse(row->roles, &roles, NULL) != UC_OK || (roles & UC_NODE_PUBLISHER) == 0) return;
	free(s->name);
	s->name = uc_strdup(row->name);
}

/* Is it the publisher's work? So is what concerns a key that all nodes share. */
static bool for_publisher(const struct run *r)
{
	const struct uc_purpose *purpose = NULL;
	const char *name = uc_json_member(r->call->request.args, "purpose");
	if (r->task->place != UC_TASK_ANYWHERE) return true;
	return name[0] != '\0' && uc_purpose_find(name, &purpose, NULL) == UC_OK && purpose->shared;
}

/* The node that the call names, the publisher for what only it can do, else this one. */
static enum uc_status find_target(struct run *r, struct uc_error *e)
{
	struct search s = {.name = NULL};
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(r->node, &reader, e));
	UC_CLEANUP(uc_freep) char *name = r->call->node != NULL ? uc_fold(r->call->node) : NULL; /* host names have no case */
	if (name != NULL) UC_TRY(uc_store_node(reader.store, name, &row, e));
	if (for_publisher(r)) UC_TRY(uc_store_nodes(reader.store, note_publisher, &s, e));
	r->target = s.name != NULL ? s.name : uc_strdup(row.name != NULL ? row.name : r->node->name);
	r->job = strcmp(r->target, r->node->name) != 0;
	if (!r->job) return UC_OK;
	if (r->task->place == UC_TASK_HERE)
		return uc_fail(e, UC_EREFUSED, "not-publisher", "Do it on the publisher itself: its answer is a secret that is told only there.",
		               "this can only be done on the publisher, %s", r->target);
	if (r->call->request.password != NULL)
		return uc_fail_field(e, UC_EREFUSED, "password-for-job", "password",
		                     "Convert the file to PEM first, or upload it on that node itself.",
		                     "a file with a password cannot be handed to another node: the password would lie in the change log");
	return UC_OK;
}

static json_t *answer_body(struct uc_node *n, const struct uc_job *job, const char *state, const char *detail)
{
	char at[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *request = uc_sprintf("answer-%s", job->id);
	UC_CLEANUP(uc_freep) char *summary = uc_sprintf("The job of change %lld %s: %s", (long long)job->number, state, detail);
	return json_pack("{s:s, s:s, s:s, s:n, s:s, s:s, s:s, s:n, s:[o], s:[], s:[]}", "at", uc_time_rfc3339(uc_now(), at), "node", n->name,
	                 "who", job->who, "why", "task", "job-answer", "request", request, "summary", summary, "undoes", "steps",
	                 job_answer_step(job->id, n->name, state, detail), "findings", "followups");
}

enum uc_status uc_job_answer(struct uc_node *n, const struct uc_job *job, const char *state, const char *detail, struct uc_error *e)
{
	struct uc_store *store;
	int64_t number;
	UC_TRY(uc_central_begin(n, &store, e));
	json_t *body = answer_body(n, job, state, detail);
	enum uc_status status = uc_log_append(store, body, uc_keys_node_sign, n->keys, &number, e);
	json_decref(body);
	if (status == UC_OK) return uc_central_commit(n, e);
	uc_central_rollback(n);
	/* Somebody was faster: an earlier attempt whose outcome was not known. */
	return status == UC_ECONFLICT ? UC_OK : status;
}

/* ---- the whole ---- */

enum uc_status uc_node_run(struct uc_node *n, const struct uc_node_call *call, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(run_free) struct run r = {.node = n, .call = call};
	*out = NULL;
	UC_TRY(uc_task_find(call->request.task, &r.task, e));
	UC_TRY(find_target(&r, e));
	UC_TRY(repeated(&r, out, e));
	if (*out != NULL) return UC_OK;
	UC_TRY(preview(&r, e));
	*out = outcome(&r, call->dry_run);
	if (call->dry_run) return UC_OK;
	char agreed[65];
	uc_plan_hash(&r.plan, agreed);
	if (call->seen != NULL && strcmp(call->seen, agreed) != 0) return moved(e);
	UC_TRY(confirm(&r, e));
	if (uc_plan_empty(&r.plan) && !r.job) return UC_OK;
	enum uc_status status = uc_link_writable(n, e); /* before keys are made in vain */
	if (status == UC_OK) status = prepare(&r, e);
	uc_reader_return(&r.reader);
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
