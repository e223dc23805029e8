/* What one node is asked to do by another, and its answer. */
#include <string.h>

#include "core/clock.h"
#include "store/step.h"

static const char waiting[] = "waiting";

static enum uc_status bind_content(struct uc_stmt *st, int n, const json_t *step, struct uc_error *e)
{
	const json_t *content = json_object_get(step, "content");
	if (content == NULL || json_is_null(content)) return UC_OK;
	UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
	UC_TRY(uc_step_der(content, "content", &bytes, e));
	uc_bind_blob(st, n, uc_buf_slice(&bytes));
	return UC_OK;
}

static enum uc_status bind_rest(struct uc_stmt *st, int first, const json_t *step, struct uc_error *e)
{
	uc_time created;
	uc_time deadline;
	UC_TRY(uc_step_time(step, "created", &created, e));
	UC_TRY(uc_step_time(step, "deadline", &deadline, e));
	uc_bind_int(st, first, created);
	uc_bind_int(st, first + 1, deadline);
	uc_bind_int(st, first + 2, json_is_true(json_object_get(step, "yes")));
	uc_bind_int(st, first + 3, json_is_true(json_object_get(step, "force")));
	uc_bind_text(st, first + 4, uc_step_text_or_empty(step, "seen"));
	uc_bind_text(st, first + 5, uc_step_text_or_empty(step, "why"));
	return bind_content(st, first + 6, step, e);
}

enum uc_status uc_step_job_add(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"id", "node", "task", "who", "summary", NULL};
	const json_t *arguments = json_object_get(step, "arguments");
	UC_CLEANUP(uc_freep) char *text = json_is_object(arguments) ? json_dumps(arguments, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (text == NULL) return uc_fail_field(e, UC_EINPUT, "bad-step", "arguments", NULL, "a job step has no arguments");
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(
	    uc_db_stmt(s->db,
	               "INSERT INTO job (id, node, task, who, summary, created, deadline, yes, force, seen, why, content, arguments, number, "
	               "state, answer, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, '') "
	               "ON CONFLICT DO NOTHING",
	               &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	UC_TRY(bind_rest(st, 6, step, e));
	uc_bind_text(st, 13, text);
	uc_bind_int(st, 14, number);
	uc_bind_text(st, 15, waiting);
	int64_t added;
	UC_TRY(uc_stmt_run(st, &added, e));
	if (added == 1) return UC_OK;
	return uc_fail_field(e, UC_ECONFLICT, "job-exists", "id", "Nothing has to be done.", "there is a job %s already",
	                     uc_step_text_or_empty(step, "id"));
}

static enum uc_status check_waits(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	static const char *const members[] = {"id", "node", NULL};
	const char *id = uc_step_text_or_empty(step, "id");
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT state, answer FROM job WHERE id = $1 AND node = $2", step, members, &st, &row, e));
	if (!row)
		return uc_fail_field(e, UC_ENOTFOUND, "no-job", "id", "`show job list` lists them.", "the node %s has no job %s",
		                     uc_step_text_or_empty(step, "node"), id);
	if (strcmp(uc_col_text(st, 0), waiting) == 0) return UC_OK;
	return uc_fail_field(e, UC_ECONFLICT, "job-answered", "id", "Nothing has to be done.", "the job %s was answered by change %lld already",
	                     id, (long long)uc_col_int(st, 1));
}

enum uc_status uc_step_job_done(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"id", "state", NULL};
	const char *state = uc_step_text_or_empty(step, "state");
	if (strcmp(state, "done") != 0 && strcmp(state, "failed") != 0)
		return uc_fail_field(e, UC_EINPUT, "bad-step", "state", NULL, "'%s' is no answer to a job", state);
	UC_TRY(check_waits(s, step, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "UPDATE job SET state = $2, detail = $3, answer = $4 WHERE id = $1", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_text(st, 3, uc_step_text_or_empty(step, "detail"));
	uc_bind_int(st, 4, number);
	return uc_stmt_run(st, NULL, e);
}
