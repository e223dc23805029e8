/* Keys that several nodes have, and keys that are purged. */
#include <stdlib.h>
#include <string.h>

#include "store/step.h"

static const char *const key_member[] = {"key", NULL};

/* ---- sealed keys ---- */

static const char *const seal_values[] = {"purpose", "kind", "nodes", "secret", NULL};

static enum uc_status seal_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT purpose, kind, nodes, secret FROM sealed_key WHERE key_id = $1", step, key_member, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (!row) return UC_OK;
	json_object_set_new(*out, "purpose", json_string(uc_col_text(st, 0)));
	json_object_set_new(*out, "kind", json_string(uc_col_text(st, 1)));
	json_object_set_new(*out, "nodes", uc_step_list_json(uc_col_text(st, 2)));
	json_object_set_new(*out, "secret", json_string(uc_col_text(st, 3)));
	return UC_OK;
}

static enum uc_status seal_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	return uc_step_run(s, "DELETE FROM sealed_key WHERE key_id = $1", step, key_member, NULL, e);
}

/* The nodes in their one order: it is compared as text when the state is held against "before". Free with free(). */
static enum uc_status seal_nodes(const json_t *step, char **out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	UC_TRY(uc_step_list(step, "nodes", &nodes, e));
	UC_CLEANUP(uc_freep) char *given = uc_strv_join(&nodes, ",");
	uc_strv_sort_unique(&nodes);
	*out = uc_strv_join(&nodes, ",");
	if (nodes.count > 0 && strcmp(given, *out) == 0) return UC_OK;
	free(uc_move(*out));
	return uc_fail_field(e, UC_EINPUT, "bad-step", "nodes", NULL,
	                     "the nodes that the key %s is sealed to are not sorted, or there are none", uc_step_text_or_empty(step, "key"));
}

static enum uc_status seal_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"key", "purpose", "kind", "secret", NULL};
	static const char *const noted[] = {"key", "secret", NULL};
	const char *kind = uc_step_text_or_empty(step, "kind");
	if (strcmp(kind, "private") != 0 && strcmp(kind, "symmetric") != 0)
		return uc_fail_field(e, UC_EINPUT, "bad-step", "kind", NULL, "'%s' is no kind of a sealed key", kind);
	UC_CLEANUP(uc_freep) char *nodes = NULL;
	UC_TRY(seal_nodes(step, &nodes, e));
	UC_TRY(uc_step_key_alive(s, uc_step_text_or_empty(step, "key"), e));
	UC_TRY(uc_step_secret_there(s, step, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(
	    uc_db_stmt(s->db, "INSERT INTO sealed_key (key_id, purpose, kind, secret, nodes, number) VALUES ($1, $2, $3, $4, $5, $6)", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_text(st, 5, nodes);
	uc_bind_int(st, 6, number);
	UC_TRY(uc_stmt_run(st, NULL, e));
	return uc_step_run(s, "INSERT INTO sealed_as (key_id, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING", step, noted, NULL, e);
}

const struct uc_kind uc_kind_seal = {key_member, seal_values, seal_current, seal_write, seal_erase, NULL};

/* ---- purging ---- */

static enum uc_status refuse_in_use(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *used = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT purpose FROM identity WHERE key_id = $1 UNION ALL SELECT purpose FROM csr WHERE key_id = $1", step,
	                     key_member, &used, &row, e));
	if (!row) return UC_OK;
	return uc_fail_field(e, UC_EREFUSED, "key-in-use", "key", "Regenerate that certificate or request first.",
	                     "the key %s is in use for %s", uc_step_text_or_empty(step, "key"), uc_col_text(used, 0));
}

/* Every form in which several nodes have had it. */
static enum uc_status unseal(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	UC_TRY(uc_step_secret_destroy(s, "SELECT secret FROM sealed_as WHERE key_id = $1", step, key_member, e));
	UC_TRY(uc_step_run(s, "DELETE FROM sealed_as WHERE key_id = $1", step, key_member, NULL, e));
	return seal_erase(s, step, e);
}

enum uc_status uc_step_key_purge(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"key", "node", NULL};
	UC_TRY(refuse_in_use(s, step, e));
	UC_TRY(uc_step_key_alive(s, uc_step_text_or_empty(step, "key"), e));
	UC_TRY(unseal(s, step, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO purged_key (key_id, node, number) VALUES ($1, $2, $3)", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_int(st, 3, number);
	return uc_stmt_run(st, NULL, e);
}
