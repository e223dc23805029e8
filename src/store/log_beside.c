/* What is kept beside the changes, made from their bodies: what they are found by, and the follow-ups. */
#include <stdlib.h>
#include <string.h>

#include "store/step.h"

/* ---- words ---- */

/* What was touched, each once. */
static void add_objects(struct uc_strv *words, const json_t *body)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv objects = {.items = NULL};
	size_t i;
	const json_t *step;
	json_array_foreach(json_object_get(body, "steps"), i, step)
	{
		char *object = NULL;
		for (size_t n = 0; (object = uc_step_object(step, n)) != NULL; n++) uc_strv_take(&objects, object);
	}
	uc_strv_sort_unique(&objects);
	for (i = 0; i < objects.count; i++) uc_strv_add(words, objects.items[i]);
}

/* Free with free(). */
static char *words_of(const json_t *body)
{
	static const char *const members[] = {"who", "task", "summary", "why"};
	UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) uc_strv_add(&words, uc_step_text_or_empty(body, members[i]));
	add_objects(&words, body);
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&words, "\n");
	return uc_fold(text);
}

/* NULL when nobody said why. Borrowed. */
static const char *why_of(const json_t *body)
{
	return json_string_value(json_object_get(body, "why"));
}

static enum uc_status keep_words(struct uc_store *s, int64_t number, const json_t *body, struct uc_error *e)
{
	static const char *const columns[] = {"at", "node", "who", "task"};
	UC_CLEANUP(uc_freep) char *words = words_of(body);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO change_words (number, at, node, who, task, words, why) VALUES ($1, $2, $3, $4, $5, $6, $7)", &st,
	                  e));
	uc_bind_int(st, 1, number);
	for (int i = 0; i < 4; i++) uc_bind_text(st, i + 2, uc_step_text_or_empty(body, columns[i]));
	uc_bind_text(st, 6, words);
	if (why_of(body) != NULL) uc_bind_text(st, 7, why_of(body));
	return uc_stmt_run(st, NULL, e);
}

enum uc_status uc_log_beside(struct uc_store *s, int64_t number, const json_t *body, struct uc_error *e)
{
	UC_TRY(keep_words(s, number, body, e));
	return uc_followups_note(s, number, body, e);
}

/* ---- of a log that was there before ---- */

/* The steps that move the rows of follow-ups: a log that is older than those has no others. */
static const struct {
	const char *type;
	enum uc_status (*apply)(struct uc_store *s, const json_t *step, struct uc_error *e);
} moving[] = {{"node.rename", uc_followups_rename}, {"node.remove", uc_followups_drop}};

static enum uc_status move_rows(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	const char *type = uc_step_text_or_empty(step, "type");
	for (size_t i = 0; i < sizeof moving / sizeof moving[0]; i++)
		if (strcmp(moving[i].type, type) == 0) return moving[i].apply(s, step, e);
	return UC_OK;
}

static enum uc_status backfill_why(struct uc_store *s, int64_t number, const json_t *body, struct uc_error *e)
{
	if (why_of(body) == NULL) return UC_OK;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "UPDATE change_words SET why = $1 WHERE number = $2", &st, e));
	uc_bind_text(st, 1, why_of(body));
	uc_bind_int(st, 2, number);
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status backfill_one(struct uc_store *s, int64_t number, const char *text, bool only_why, struct uc_error *e)
{
	UC_CLEANUP(uc_json_freep) json_t *body = json_loads(text, 0, NULL); /* NULL, when it was damaged: the check of the log tells of that */
	if (only_why) return backfill_why(s, number, body, e);
	const json_t *steps = json_object_get(body, "steps");
	for (size_t i = 0; i < json_array_size(steps); i++) UC_TRY(move_rows(s, json_array_get(steps, i), e));
	return uc_log_beside(s, number, body, e);
}

/* The changes after *number, as far as one question gives them; *more tells whether there were any. */
static enum uc_status backfill_some(struct uc_store *s, bool only_why, int64_t *number, bool *more, struct uc_error *e)
{
	enum { AT_ONCE = 20 };
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT number, body FROM change WHERE number > $1 ORDER BY number LIMIT $2", &st, e));
	uc_bind_int(st, 1, *number);
	uc_bind_int(st, 2, AT_ONCE);
	*more = false;
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		*more = true;
		*number = uc_col_int(st, 0);
		UC_TRY(backfill_one(s, *number, uc_col_text(st, 1), only_why, e));
	}
}

enum uc_status uc_log_backfill(struct uc_db *db, bool only_why, struct uc_error *e)
{
	struct uc_store s = {.db = db, .mode = UC_STORE_WRITE, .writing = true};
	int64_t number = 0;
	bool more = true;
	while (more) UC_TRY(backfill_some(&s, only_why, &number, &more, e));
	return UC_OK;
}
