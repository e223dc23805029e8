/* Several nodes: the connection to the store they share, who they are, the keys they share, and what each says of itself. */
#include "store/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "store/store_internal.h"

/* ---- the connection ---- */

enum uc_status uc_store_fit(const char *url, bool *ours, struct uc_error *e)
{
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	UC_TRY(uc_db_open(url, UC_DB_READ, &db, e));
	return uc_db_fit(db, ours, e);
}

char *uc_store_where(const char *url)
{
	return uc_db_where(url);
}

bool uc_store_shared(const struct uc_store *s)
{
	return uc_db_shared(s->db);
}

bool uc_store_lost(const struct uc_store *s)
{
	return uc_db_lost(s->db);
}

enum uc_status uc_store_wait(struct uc_store *s, int wake_fd, int timeout_ms, bool *changed, struct uc_error *e)
{
	if (!s->listening) UC_TRY(uc_db_listen(s->db, e));
	s->listening = true;
	return uc_db_wait(s->db, wake_fd, timeout_ms, changed, e);
}

enum uc_status uc_store_now(struct uc_store *s, uc_time *out, struct uc_error *e)
{
	return uc_db_now(s->db, out, e);
}

enum uc_status uc_store_claim(struct uc_store *s, const char *node, bool *mine, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("node/%s", node);
	return uc_db_claim(s->db, name, mine, e);
}

enum uc_status uc_store_access_put(struct uc_store *s, const char *guid, const char *password, char **url, struct uc_error *e)
{
	UC_TRY(uc_store_writing(s, e));
	return uc_db_access_put(s->db, guid, password, url, e);
}

enum uc_status uc_store_access_drop(struct uc_store *s, const char *guid, struct uc_error *e)
{
	UC_TRY(uc_store_writing(s, e));
	return uc_db_access_drop(s->db, guid, e);
}

enum uc_status uc_store_relax(struct uc_store *s, struct uc_error *e)
{
	return uc_db_relax(s->db, e);
}

enum uc_status uc_store_tidy(struct uc_store *s, struct uc_error *e)
{
	return uc_db_tidy(s->db, e);
}

/* ---- nodes ---- */

void uc_node_row_free(struct uc_node_row *n)
{
	free(n->name);
	free(n->fqdn);
	free(n->domain);
	free(n->roles);
	free(n->guid);
	uc_buf_free(&n->certificate);
	*n = (struct uc_node_row){.name = NULL};
}

#define NODE_COLUMNS "SELECT name, fqdn, domain, roles, guid, certificate, number FROM node "

static struct uc_node_row read_node(struct uc_stmt *st)
{
	struct uc_node_row n = {
	    .name = uc_strdup(uc_col_text(st, 0)),
	    .fqdn = uc_strdup(uc_col_text(st, 1)),
	    .domain = uc_strdup(uc_col_text(st, 2)),
	    .roles = uc_strdup(uc_col_text(st, 3)),
	    .guid = uc_strdup(uc_col_text(st, 4)),
	    .number = uc_col_int(st, 6),
	};
	uc_buf_add_slice(&n.certificate, uc_col_blob(st, 5));
	return n;
}

enum uc_status uc_store_node(struct uc_store *s, const char *name, struct uc_node_row *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, NODE_COLUMNS "WHERE name = $1", &st, e));
	uc_bind_text(st, 1, name);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_ENOTFOUND, "no-node", "Check its name.", "there is no node '%s'", name);
	*out = read_node(st);
	return UC_OK;
}

enum uc_status uc_store_nodes(struct uc_store *s, void (*each)(void *ctx, const struct uc_node_row *row), void *ctx, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, NODE_COLUMNS "ORDER BY name", &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_node_row_free) struct uc_node_row n = read_node(st);
		each(ctx, &n);
	}
}

enum uc_status uc_store_node_known(struct uc_store *s, const char *name, bool *known, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT 1 FROM node WHERE name = $1 UNION ALL SELECT 1 FROM node_key WHERE node = $1 LIMIT 1", &st, e));
	uc_bind_text(st, 1, name);
	return uc_stmt_step(st, known, e);
}

/* ---- nodes that may join ---- */

void uc_join_free(struct uc_join *j)
{
	free(j->id);
	free(j->node);
	free(j->domain);
	free(j->roles);
	free(j->secret);
	uc_buf_wipe(&j->sealed);
	*j = (struct uc_join){.id = NULL};
}

#define JOIN_COLUMNS \
	"SELECT id, node, domain, roles, secret, expires, number, data FROM node_join LEFT JOIN secret ON secret.hash = node_join.secret "

static struct uc_join read_join(struct uc_stmt *st)
{
	struct uc_join j = {
	    .id = uc_strdup(uc_col_text(st, 0)),
	    .node = uc_strdup(uc_col_text(st, 1)),
	    .domain = uc_strdup(uc_col_text(st, 2)),
	    .roles = uc_strdup(uc_col_text(st, 3)),
	    .secret = uc_strdup(uc_col_text(st, 4)),
	    .expires = uc_col_int(st, 5),
	    .number = uc_col_int(st, 6),
	};
	uc_buf_add_slice(&j.sealed, uc_col_blob(st, 7));
	return j;
}

enum uc_status uc_store_join(struct uc_store *s, const char *id, struct uc_join *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, JOIN_COLUMNS "WHERE id = $1", &st, e));
	uc_bind_text(st, 1, id);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_ENOTFOUND, "no-join", NULL, "no node may join with the id '%s'", id);
	*out = read_join(st);
	return UC_OK;
}

enum uc_status uc_store_joins(struct uc_store *s, void (*each)(void *ctx, const struct uc_join *j), void *ctx, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, JOIN_COLUMNS "ORDER BY node, id", &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_join_free) struct uc_join j = read_join(st);
		each(ctx, &j);
	}
}

/* ---- keys that several nodes have ---- */

void uc_sealed_free(struct uc_sealed *k)
{
	free(k->key_id);
	free(k->purpose);
	free(k->kind);
	free(k->secret);
	uc_strv_free(&k->nodes);
	uc_buf_free(&k->blob);
	*k = (struct uc_sealed){.key_id = NULL};
}

#define SEALED_COLUMNS \
	"SELECT key_id, purpose, kind, secret, nodes, number, data FROM sealed_key LEFT JOIN secret ON secret.hash = sealed_key.secret "

static struct uc_sealed read_sealed(struct uc_stmt *st)
{
	struct uc_sealed k = {
	    .key_id = uc_strdup(uc_col_text(st, 0)),
	    .purpose = uc_strdup(uc_col_text(st, 1)),
	    .kind = uc_strdup(uc_col_text(st, 2)),
	    .secret = uc_strdup(uc_col_text(st, 3)),
	    .number = uc_col_int(st, 5),
	};
	uc_strv_split(&k.nodes, uc_col_text(st, 4), ',');
	uc_buf_add_slice(&k.blob, uc_col_blob(st, 6));
	return k;
}

enum uc_status uc_store_sealed(struct uc_store *s, const char *key_id, struct uc_sealed *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, SEALED_COLUMNS "WHERE key_id = $1", &st, e));
	uc_bind_text(st, 1, key_id);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_ENOTFOUND, "no-sealed-key", NULL, "no nodes share the key '%s'", key_id);
	*out = read_sealed(st);
	return UC_OK;
}

enum uc_status uc_store_sealed_each(struct uc_store *s, const char *purpose, void (*each)(void *ctx, const struct uc_sealed *k), void *ctx,
                                    struct uc_error *e)
{
	static const char all[] = SEALED_COLUMNS "ORDER BY number DESC, key_id";
	static const char of_purpose[] = SEALED_COLUMNS "WHERE purpose = $1 ORDER BY number DESC, key_id";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, purpose != NULL ? of_purpose : all, &st, e));
	if (purpose != NULL) uc_bind_text(st, 1, purpose);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_sealed_free) struct uc_sealed k = read_sealed(st);
		each(ctx, &k);
	}
}

/* ---- what nodes say of themselves ---- */

enum { MAX_REPORT = 256 * 1024 };

enum uc_status uc_store_state_put(struct uc_store *s, const char *node, int64_t number, const json_t *report, struct uc_error *e)
{
	uc_time now;
	UC_TRY(uc_db_now(s->db, &now, e));
	UC_CLEANUP(uc_freep) char *text = json_dumps(report, JSON_COMPACT | JSON_SORT_KEYS);
	if (text == NULL) return uc_fail(e, UC_EINTERNAL, "internal", NULL, "the report of the node %s cannot be written as JSON", node);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "INSERT INTO node_state (node, number, at, report) VALUES ($1, $2, $3, $4) "
	                  "ON CONFLICT (node) DO UPDATE SET number = $2, at = $3, report = $4",
	                  &st, e));
	uc_bind_text(st, 1, node);
	uc_bind_int(st, 2, number);
	uc_bind_int(st, 3, now);
	uc_bind_text(st, 4, text);
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status add_states(struct uc_store *s, json_t *all, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	/* Any node can write there. */
	UC_TRY(uc_db_stmt(s->db, "SELECT node, number, at, CASE WHEN length(report) <= $1 THEN report ELSE '' END FROM node_state", &st, e));
	uc_bind_int(st, 1, MAX_REPORT);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		json_t *report = json_loads(uc_col_text(st, 3), 0, NULL);
		json_object_set_new(all, uc_col_text(st, 0),
		                    json_pack("{s:I, s:I, s:o}", "number", (json_int_t)uc_col_int(st, 1), "at", (json_int_t)uc_col_int(st, 2),
		                              "report", report != NULL ? report : json_object()));
	}
}

enum uc_status uc_store_states(struct uc_store *s, json_t **out, struct uc_error *e)
{
	json_t *all = json_object();
	enum uc_status status = add_states(s, all, e);
	if (status == UC_OK)
		*out = all;
	else
		json_decref(all);
	return status;
}

enum uc_status uc_store_effects_copy(struct uc_store *from, struct uc_store *to, const char *node, uc_time since, size_t limit,
                                     struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(from->db,
	                  "SELECT number, at, effect, state, detail FROM effect WHERE node = $1 AND at >= $2 "
	                  "ORDER BY at DESC, number DESC LIMIT $3",
	                  &st, e));
	uc_bind_text(st, 1, node);
	uc_bind_int(st, 2, since);
	uc_bind_int(st, 3, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		const struct uc_effect_row effect = {
		    .number = uc_col_int(st, 0),
		    .at = uc_col_int(st, 1),
		    .node = node,
		    .effect = uc_col_text(st, 2),
		    .state = uc_col_text(st, 3),
		    .detail = uc_col_text(st, 4),
		};
		UC_TRY(uc_effect_write(to, &effect, e));
	}
}
