#include <string.h>

#include "store/step.h"

enum uc_status uc_step_text(const json_t *step, const char *member, const char **out, struct uc_error *e)
{
	*out = json_string_value(json_object_get(step, member));
	if (*out != NULL) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-step", member, NULL, "a step of type '%s' has no text '%s'",
	                     uc_step_text_or_empty(step, "type"), member);
}

const char *uc_step_text_or_empty(const json_t *step, const char *member)
{
	const char *text = json_string_value(json_object_get(step, member));
	return text != NULL ? text : "";
}

enum uc_status uc_step_der(const json_t *text, const char *what, struct uc_buf *out, struct uc_error *e)
{
	if (json_is_string(text) && uc_unbase64(uc_slice_of(json_string_value(text), json_string_length(text)), out) && out->len > 0)
		return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-step", what, NULL, "the %s of a step is not base64", what);
}

enum uc_status uc_step_cert(const json_t *text, const char *what, struct uc_cert **out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	UC_TRY(uc_step_der(text, what, &der, e));
	return uc_cert_read(uc_buf_slice(&der), out, e);
}

json_t *uc_step_base64(struct uc_slice data)
{
	UC_CLEANUP(uc_freep) char *text = uc_base64(data);
	return json_string(text);
}

enum uc_status uc_step_time(const json_t *step, const char *member, uc_time *out, struct uc_error *e)
{
	const char *text;
	UC_TRY(uc_step_text(step, member, &text, e));
	return uc_time_parse(text, out, e);
}

enum uc_status uc_step_list(const json_t *step, const char *member, struct uc_strv *out, struct uc_error *e)
{
	const json_t *list = json_object_get(step, member);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *item = json_string_value(json_array_get(list, i));
		if (item == NULL || strchr(item, ',') != NULL)
			return uc_fail_field(e, UC_EINPUT, "bad-step", member, NULL, "'%s' of a step of type '%s' is no list of texts without commas",
			                     member, uc_step_text_or_empty(step, "type"));
		uc_strv_add(out, item);
	}
	return UC_OK;
}

json_t *uc_step_list_json(const char *joined)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv list = {.items = NULL};
	uc_strv_split(&list, joined, ',');
	json_t *out = json_array();
	for (size_t i = 0; i < list.count; i++) json_array_append_new(out, json_string(list.items[i]));
	return out;
}

enum uc_status uc_step_secret_there(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	static const char *const secret[] = {"secret", NULL};
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT 1 FROM secret WHERE hash = $1", step, secret, &st, &row, e));
	if (row || s->following) return UC_OK;
	return uc_fail_field(e, UC_ENOTFOUND, "no-secret", "secret", "Store the secret first.", "there is no secret %s for a step of type '%s'",
	                     uc_step_text_or_empty(step, "secret"), uc_step_text_or_empty(step, "type"));
}

enum uc_status uc_step_secret_destroy(struct uc_store *s, const char *query, const json_t *step, const char *const *members,
                                      struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *sql = uc_sprintf("DELETE FROM secret WHERE hash IN (%s)", query);
	int64_t destroyed;
	UC_TRY(uc_step_run(s, sql, step, members, &destroyed, e));
	s->scrub = s->scrub || destroyed > 0;
	return UC_OK;
}

enum uc_status uc_step_bind(struct uc_stmt *st, int first, const json_t *step, const char *const *members, struct uc_error *e)
{
	for (int i = 0; members[i] != NULL; i++) {
		const char *text;
		UC_TRY(uc_step_text(step, members[i], &text, e));
		uc_bind_text(st, first + i, text);
	}
	return UC_OK;
}

enum uc_status uc_step_run(struct uc_store *s, const char *sql, const json_t *step, const char *const *members, int64_t *affected,
                           struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, sql, &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	return uc_stmt_run(st, affected, e);
}

enum uc_status uc_step_query(struct uc_store *s, const char *sql, const json_t *step, const char *const *members, struct uc_stmt **out,
                             bool *row, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, sql, &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	UC_TRY(uc_stmt_step(st, row, e));
	*out = uc_move(st);
	return UC_OK;
}

enum uc_status uc_step_key_alive(struct uc_store *s, const char *key, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT number FROM purged_key WHERE key_id = $1", &st, e));
	uc_bind_text(st, 1, key);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "key-purged", "Generate a new key.", "the key %s was purged by change %lld and cannot be used again",
	               key, (long long)uc_col_int(st, 0));
}

enum uc_status uc_step_key_used(struct uc_store *s, const json_t *step, int64_t number, const char *kind, struct uc_error *e)
{
	static const char *const members[] = {"node", "purpose", "key", NULL};
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO key_use (node, purpose, key_id, kind, number) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
	                  &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_text(st, 4, kind);
	uc_bind_int(st, 5, number);
	return uc_stmt_run(st, NULL, e);
}
