/* Follow-ups that are done, and that are open again when that is taken back. */
#include "store/step.h"

static const char *const followup_keys[] = {"node", "kind", "target", NULL};
/* Not "text", which every step has for people. */
static const char *const followup_values[] = {"what", "since", "first", "number", "changes", NULL};
static const char *const numbers[] = {"first", "number", "changes"};

static enum uc_status followup_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	static const char sql[] =
	    "SELECT what, since, first_change, number, changes FROM followup WHERE node = $1 AND kind = $2 AND target = $3";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, sql, step, followup_keys, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (!row) return UC_OK;
	json_object_set_new(*out, "what", json_string(uc_col_text(st, 0)));
	json_object_set_new(*out, "since", json_string(uc_col_text(st, 1)));
	for (int i = 0; i < 3; i++) json_object_set_new(*out, numbers[i], json_integer(uc_col_int(st, i + 2)));
	return UC_OK;
}

static enum uc_status followup_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	return uc_step_run(s, "DELETE FROM followup WHERE node = $1 AND kind = $2 AND target = $3", step, followup_keys, NULL, e);
}

static enum uc_status followup_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"node", "kind", "target", "what", "since", NULL};
	(void)number; /* the row says which changes asked for it */
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "INSERT INTO followup (node, kind, target, what, since, first_change, number, changes) "
	                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	                  &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	for (int i = 0; i < 3; i++) {
		const json_t *value = json_object_get(step, numbers[i]);
		if (!json_is_integer(value))
			return uc_fail_field(e, UC_EINPUT, "bad-step", numbers[i], NULL, "a step of type '%s' has no number '%s'",
			                     uc_step_text_or_empty(step, "type"), numbers[i]);
		uc_bind_int(st, 6 + i, json_integer_value(value));
	}
	return uc_stmt_run(st, NULL, e);
}

const struct uc_kind uc_kind_followup = {followup_keys, followup_values, followup_current, followup_write, followup_erase, NULL};
