/* Settings of the cluster, and the lists that it publishes. */
#include <string.h>

#include "pki/digest.h"
#include "store/step.h"

/* ---- settings ---- */

static const char *const setting_keys[] = {"name", NULL};
static const char *const setting_values[] = {"value", NULL};

static enum uc_status setting_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT value FROM setting WHERE name = $1", step, setting_keys, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (row) json_object_set_new(*out, "value", json_string(uc_col_text(st, 0)));
	return UC_OK;
}

static enum uc_status setting_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	return uc_step_run(s, "DELETE FROM setting WHERE name = $1", step, setting_keys, NULL, e);
}

/* Which settings and values there are is not asked: a newer program may know more of them. */
static enum uc_status setting_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"name", "value", NULL};
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO setting (name, value, number) VALUES ($1, $2, $3)", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_int(st, 3, number);
	return uc_stmt_run(st, NULL, e);
}

const struct uc_kind uc_kind_setting = {setting_keys, setting_values, setting_current, setting_write, setting_erase, NULL};

/* ---- lists ---- */

enum { MAX_NAME = 16 };

static enum uc_status read_name(const json_t *step, const char **out, struct uc_error *e)
{
	UC_TRY(uc_step_text(step, "list", out, e));
	size_t len = strspn(*out, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	if (len > 0 && len <= MAX_NAME && (*out)[len] == '\0') return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-step", "list", NULL, "'%.*s' is no name of a list", MAX_NAME, *out);
}

static enum uc_status read_content(const json_t *step, struct uc_buf *out, struct uc_error *e)
{
	const json_t *text = json_object_get(step, "content");
	/* Longer ones are not even decoded. */
	if (json_string_length(text) <= UC_LIST_MAX / 3 * 4 + 4) UC_TRY(uc_step_der(text, "content", out, e));
	if (out->len > 0 && out->len <= UC_LIST_MAX) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-step", "content", NULL, "a list of a step has more than %d bytes", UC_LIST_MAX);
}

enum uc_status uc_step_list_publish(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	const char *list;
	char version[UC_SHA256_HEX];
	int64_t added;
	UC_CLEANUP(uc_buf_free) struct uc_buf content = UC_BUF_EMPTY;
	UC_TRY(read_name(step, &list, e));
	UC_TRY(read_content(step, &content, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO list_version (list, number, version, content) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
	                  &st, e));
	uc_bind_text(st, 1, list);
	uc_bind_int(st, 2, number);
	uc_bind_text(st, 3, uc_sha256_hex(uc_buf_slice(&content), version));
	uc_bind_blob(st, 4, uc_buf_slice(&content));
	UC_TRY(uc_stmt_run(st, &added, e));
	if (added == 1) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-step", "list", NULL, "a change publishes the list %s twice", list);
}
