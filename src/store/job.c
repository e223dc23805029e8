/* Reading jobs. */
#include <stdlib.h>

#include "store/cluster.h"
#include "store/find_internal.h"

void uc_job_free(struct uc_job *j)
{
	char *const all[] = {j->id, j->node, j->task, j->seen, j->who, j->why, j->summary, j->state, j->detail};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
	json_decref(j->arguments);
	uc_buf_free(&j->content);
	*j = (struct uc_job){.id = NULL};
}

#define JOB_COLUMNS                                                                                                                     \
	"SELECT id, node, task, seen, who, why, summary, state, detail, arguments, yes, force, created, deadline, number, answer, content " \
	"FROM job "

static struct uc_job read_job(struct uc_stmt *st)
{
	struct uc_job j = {
	    .id = uc_strdup(uc_col_text(st, 0)),
	    .node = uc_strdup(uc_col_text(st, 1)),
	    .task = uc_strdup(uc_col_text(st, 2)),
	    .seen = uc_strdup(uc_col_text(st, 3)),
	    .who = uc_strdup(uc_col_text(st, 4)),
	    .why = uc_strdup(uc_col_text(st, 5)),
	    .summary = uc_strdup(uc_col_text(st, 6)),
	    .state = uc_strdup(uc_col_text(st, 7)),
	    .detail = uc_strdup(uc_col_text(st, 8)),
	    .arguments = json_loads(uc_col_text(st, 9), 0, NULL),
	    .yes = uc_col_int(st, 10) != 0,
	    .force = uc_col_int(st, 11) != 0,
	    .created = uc_col_int(st, 12),
	    .deadline = uc_col_int(st, 13),
	    .number = uc_col_int(st, 14),
	    .answer = uc_col_int(st, 15),
	};
	uc_buf_add_slice(&j.content, uc_col_blob(st, 16));
	return j;
}

enum uc_status uc_store_job(struct uc_store *s, const char *id, struct uc_job *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, JOB_COLUMNS "WHERE id = $1", &st, e));
	uc_bind_text(st, 1, id);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_ENOTFOUND, "no-job", "`show job list` lists them.", "there is no job '%s'", id);
	*out = read_job(st);
	return UC_OK;
}

static void add_condition(struct uc_query *q, const char *column, const char *value)
{
	if (value == NULL) return;
	uc_query_add(q, " AND %s = ", column);
	uc_query_text(q, value);
}

enum uc_status uc_store_jobs(struct uc_store *s, const char *node, const char *state, int64_t before, size_t limit,
                             void (*each)(void *ctx, const struct uc_job *j), void *ctx, struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, JOB_COLUMNS "WHERE number < ");
	uc_query_number(&q, before > 0 ? before : INT64_MAX);
	add_condition(&q, "node", node);
	add_condition(&q, "state", state);
	uc_query_add(&q, " ORDER BY number DESC, id LIMIT ");
	uc_query_number(&q, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(s->db, &q, &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_job_free) struct uc_job j = read_job(st);
		each(ctx, &j);
	}
}
