#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "pki/digest.h"
#include "store/store_internal.h"

static enum uc_status set_up(struct uc_store *s, enum uc_store_mode mode, struct uc_error *e)
{
	return mode == UC_STORE_WRITE ? uc_db_migrate(s->db, e) : uc_db_schema_check(s->db, e);
}

enum uc_status uc_store_open(const char *url, enum uc_store_mode mode, struct uc_store **out, struct uc_error *e)
{
	UC_CLEANUP(uc_store_closep) struct uc_store *s = uc_zalloc(1, sizeof *s);
	s->mode = mode;
	UC_TRY(uc_db_open(url, mode == UC_STORE_WRITE ? UC_DB_WRITE : UC_DB_READ, &s->db, e));
	UC_TRY(set_up(s, mode, e));
	*out = uc_move(s);
	return UC_OK;
}

void uc_store_close(struct uc_store *s)
{
	if (s == NULL) return;
	uc_db_close(s->db);
	free(s);
}

enum uc_status uc_store_read_begin(struct uc_store *s, struct uc_error *e)
{
	return uc_db_begin(s->db, UC_DB_READ, e);
}

void uc_store_read_end(struct uc_store *s)
{
	uc_db_rollback(s->db);
}

enum uc_status uc_store_begin(struct uc_store *s, struct uc_error *e)
{
	if (s->mode != UC_STORE_WRITE) return uc_fail(e, UC_EINTERNAL, "internal", NULL, "a connection for reading was asked to write");
	UC_TRY(uc_db_begin(s->db, UC_DB_WRITE, e));
	s->writing = true;
	s->changed = s->scrub = false;
	return UC_OK;
}

enum uc_status uc_store_commit(struct uc_store *s, struct uc_error *e)
{
	UC_TRY(uc_store_writing(s, e));
	if (s->changed) uc_crash_point("store-before-commit");
	s->writing = false;
	UC_TRY(uc_db_commit(s->db, e));
	if (s->changed) uc_crash_point("store-after-commit");
	/* The change counts, whether or not the disk can be cleaned now: a reader may keep the old pages for a while. */
	if (s->scrub) (void)!uc_db_scrub(s->db, NULL);
	return UC_OK;
}

void uc_store_rollback(struct uc_store *s)
{
	s->writing = false;
	uc_db_rollback(s->db);
}

enum uc_status uc_store_writing(const struct uc_store *s, struct uc_error *e)
{
	if (s->writing) return UC_OK;
	return uc_fail(e, UC_EINTERNAL, "internal", NULL, "something was to be written outside a change");
}

enum uc_status uc_col_cert(struct uc_stmt *st, int n, struct uc_cert **out, struct uc_error *e)
{
	if (uc_cert_read(uc_col_blob(st, n), out, e) == UC_OK) return UC_OK;
	return uc_fail(e, UC_EIO, "store-damaged", "Stop the node and restore the last backup; keep the damaged file.",
	               "a certificate in the store cannot be read");
}

/* ---- accounts and secrets ---- */

void uc_account_free(struct uc_account *a)
{
	free(a->name);
	free(a->role);
	free(a->secret);
	if (a->verifier != NULL) uc_secret_free(a->verifier, strlen(a->verifier));
	*a = (struct uc_account){.name = NULL};
}

static char *text_of(struct uc_slice data)
{
	return data.len > 0 ? uc_strndup((const char *)data.ptr, data.len) : uc_strdup("");
}

enum uc_status uc_store_account(struct uc_store *s, const char *name, struct uc_account *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT name, role, secret, data FROM account JOIN secret ON secret.hash = account.secret WHERE name = $1",
	                  &st, e));
	uc_bind_text(st, 1, name);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_ENOTFOUND, "no-account", "Check its name.", "there is no account '%s'", name);
	*out = (struct uc_account){
	    .name = uc_strdup(uc_col_text(st, 0)),
	    .role = uc_strdup(uc_col_text(st, 1)),
	    .secret = uc_strdup(uc_col_text(st, 2)),
	    .verifier = text_of(uc_col_blob(st, 3)),
	};
	return UC_OK;
}

enum uc_status uc_store_secret_put(struct uc_store *s, struct uc_slice secret, char hash[65], struct uc_error *e)
{
	UC_TRY(uc_store_writing(s, e));
	uc_sha256_hex(secret, hash);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO secret (hash, data) VALUES ($1, $2) ON CONFLICT DO NOTHING", &st, e));
	uc_bind_text(st, 1, hash);
	uc_bind_blob(st, 2, secret);
	return uc_stmt_run(st, NULL, e);
}

/* ---- settings ---- */

enum uc_status uc_store_setting(struct uc_store *s, const char *name, char **value, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT value FROM setting WHERE name = $1", &st, e));
	uc_bind_text(st, 1, name);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*value = row ? uc_strdup(uc_col_text(st, 0)) : NULL;
	return UC_OK;
}

/* ---- counters ---- */

static json_t *member_object(json_t *parent, const char *name)
{
	json_t *member = json_object_get(parent, name);
	if (member != NULL) return member;
	member = json_object();
	json_object_set_new(parent, name, member);
	return member;
}

enum uc_status uc_store_counters(struct uc_store *s, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(
	    uc_db_stmt(s->db, "SELECT usage, unit, sum(n) FROM counter GROUP BY usage, unit HAVING sum(n) > 0 ORDER BY usage, unit", &st, e));
	json_t *all = json_object();
	member_object(all, "own");
	member_object(all, "trust");
	for (;;) {
		bool row;
		enum uc_status status = uc_stmt_step(st, &row, e);
		if (status != UC_OK) {
			json_decref(all);
			return status;
		}
		if (!row) break;
		json_object_set_new(member_object(all, uc_col_text(st, 0)), uc_col_text(st, 1), json_integer(uc_col_int(st, 2)));
	}
	*out = all;
	return UC_OK;
}

/* ---- effects ---- */

enum uc_status uc_effect_write(struct uc_store *s, const struct uc_effect_row *row, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "INSERT INTO effect (number, at, node, effect, state, detail) VALUES ($1, $2, $3, $4, $5, $6) "
	                  "ON CONFLICT (number, node, effect) DO UPDATE SET at = $2, state = $5, detail = $6",
	                  &st, e));
	uc_bind_int(st, 1, row->number);
	uc_bind_int(st, 2, row->at);
	uc_bind_text(st, 3, row->node);
	uc_bind_text(st, 4, row->effect);
	uc_bind_text(st, 5, row->state);
	uc_bind_text(st, 6, row->detail);
	return uc_stmt_run(st, NULL, e);
}

enum uc_status uc_store_effect_put(struct uc_store *s, const char *node, int64_t number, const char *effect, const char *state,
                                   const char *detail, struct uc_error *e)
{
	const struct uc_effect_row row = {
	    .number = number, .at = uc_now(), .node = node, .effect = effect, .state = state, .detail = detail != NULL ? detail : ""};
	return uc_effect_write(s, &row, e);
}

enum uc_status uc_rows_json(struct uc_stmt *st, json_t *(*row)(struct uc_stmt *st), json_t **out, struct uc_error *e)
{
	json_t *list = json_array();
	for (;;) {
		bool more;
		enum uc_status status = uc_stmt_step(st, &more, e);
		if (status != UC_OK) {
			json_decref(list);
			return status;
		}
		if (!more) break;
		json_array_append_new(list, row(st));
	}
	*out = list;
	return UC_OK;
}

enum { MAX_EFFECTS = 10000 };

static json_t *effect_row(struct uc_stmt *st)
{
	char at[UC_TIME_TEXT];
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "node", uc_col_text(st, 0), "effect", uc_col_text(st, 1), "state", uc_col_text(st, 2),
	                 "detail", uc_col_text(st, 3), "at", uc_time_rfc3339(uc_col_int(st, 4), at));
}

enum uc_status uc_store_effects(struct uc_store *s, int64_t number, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	/* Any node can write there. */
	UC_TRY(uc_db_stmt(
	    s->db, "SELECT node, effect, state, substr(detail, 1, 4096), at FROM effect WHERE number = $1 ORDER BY node, at, effect LIMIT $2",
	    &st, e));
	uc_bind_int(st, 1, number);
	uc_bind_int(st, 2, MAX_EFFECTS);
	return uc_rows_json(st, effect_row, out, e);
}
