/* Jobs: what other nodes ask this one to do. It does it by the same engine as everything else, and its change is the answer. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/internal.h"

enum { AT_ONCE = 100 };

struct waiting {
	struct uc_job items[AT_ONCE];
	size_t count;
	bool more; /* which are newer */
};

/* They come newest first: what does not fit is left for another time. */
static void keep(void *ctx, const struct uc_job *j)
{
	struct waiting *w = ctx;
	if (w->count == AT_ONCE) {
		w->more = true;
		uc_job_free(&w->items[0]);
		memmove(&w->items[0], &w->items[1], (AT_ONCE - 1) * sizeof w->items[0]);
		w->count--;
	}
	struct uc_job *to = &w->items[w->count++];
	*to = (struct uc_job){.id = uc_strdup(j->id),
	                      .node = uc_strdup(j->node),
	                      .task = uc_strdup(j->task),
	                      .seen = uc_strdup(j->seen),
	                      .who = uc_strdup(j->who),
	                      .why = uc_strdup(j->why),
	                      .summary = uc_strdup(j->summary),
	                      .state = uc_strdup(j->state),
	                      .detail = uc_strdup(j->detail),
	                      .arguments = json_incref(j->arguments),
	                      .yes = j->yes,
	                      .force = j->force,
	                      .created = j->created,
	                      .deadline = j->deadline,
	                      .number = j->number};
	uc_buf_add_slice(&to->content, uc_buf_slice(&j->content));
}

static enum uc_status list_waiting(struct uc_node *n, struct waiting *w, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	return uc_store_jobs(reader.store, n->name, "waiting", 0, SIZE_MAX, keep, w, e);
}

/* What only has effects and changes nothing. */
static enum uc_status reload(struct uc_node *n, struct uc_error *e)
{
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = uc_view_refresh(n, n->writer, e);
	pthread_mutex_unlock(&n->write_lock);
	UC_TRY(status);
	if (uc_self_check(n, 0)) return UC_OK;
	return uc_fail(e, UC_EIO, "self-check", "show status on that node says what it saw.",
	               "HTTPS of the node %s still presents something else than its certificates in force", n->name);
}

static enum uc_status carry_out(struct uc_node *n, const struct uc_job *j, bool *answered, struct uc_error *e)
{
	*answered = false;
	if (strcmp(j->task, "web-reload") == 0) return reload(n, e);
	UC_CLEANUP(uc_freep) char *request = uc_sprintf("job-%s", j->id);
	struct uc_node_call call = {
	    .request = {.task = j->task, .args = j->arguments, .content = uc_buf_slice(&j->content)},
	    .who = j->who,
	    .why = j->why,
	    .request_id = request,
	    .seen = j->seen[0] != '\0' ? j->seen : NULL,
	    .job = j->id,
	    .yes = j->yes,
	    .force = j->force,
	};
	json_t *out = NULL;
	enum uc_status status = uc_node_run(n, &call, &out, e);
	*answered = status == UC_OK && json_is_integer(json_object_get(out, "number"));
	json_decref(out);
	return status;
}

static enum uc_status run_job(struct uc_node *n, const struct uc_job *j, struct uc_error *e)
{
	char until[UC_TIME_TEXT];
	if (uc_now() > j->deadline) {
		UC_CLEANUP(uc_freep)
		char *late = uc_sprintf("the deadline, %s, had passed before this node could begin", uc_time_rfc3339(j->deadline, until));
		return uc_job_answer(n, j, "failed", late, e);
	}
	struct uc_error why = {.code = UC_OK};
	bool answered;
	enum uc_status status = carry_out(n, j, &answered, &why);
	if (answered) return UC_OK;
	if (status == UC_EUNAVAILABLE) { /* it waits until the store is back */
		*e = why;
		return status;
	}
	return uc_job_answer(n, j, status == UC_OK ? "done" : "failed", status == UC_OK ? "there was nothing to change" : why.message, e);
}

bool uc_jobs_run(struct uc_node *n)
{
	struct waiting w = {.count = 0};
	struct uc_error e;
	enum uc_status status = list_waiting(n, &w, &e);
	/* They come newest first. */
	for (size_t i = w.count; status == UC_OK && i-- > 0;) {
		uc_log(UC_LOG_INFO, "job of change %lld, asked for by %s: %s", (long long)w.items[i].number, w.items[i].who, w.items[i].summary);
		status = run_job(n, &w.items[i], &e);
	}
	if (status != UC_OK) uc_log_error("carrying out jobs", &e);
	for (size_t i = 0; i < w.count; i++) uc_job_free(&w.items[i]);
	return status == UC_OK && !w.more;
}
