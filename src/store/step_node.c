/* Nodes, their names, and those that may join. */
#include <string.h>

#include "core/clock.h"
#include "store/step.h"

/* ---- nodes ---- */

static const char *const node_keys[] = {"node", NULL};
static const char *const node_values[] = {"fqdn", "domain", "roles", "guid", "certificate", NULL};

static enum uc_status node_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT fqdn, domain, guid, roles, certificate FROM node WHERE name = $1", step, node_keys, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (!row) return UC_OK;
	json_object_set_new(*out, "fqdn", json_string(uc_col_text(st, 0)));
	json_object_set_new(*out, "domain", json_string(uc_col_text(st, 1)));
	json_object_set_new(*out, "guid", json_string(uc_col_text(st, 2)));
	json_object_set_new(*out, "roles", uc_step_list_json(uc_col_text(st, 3)));
	json_object_set_new(*out, "certificate", uc_col_null(st, 4) ? json_null() : uc_step_base64(uc_col_blob(st, 4)));
	return UC_OK;
}

static enum uc_status node_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	return uc_step_run(s, "DELETE FROM node WHERE name = $1", step, node_keys, NULL, e);
}

/* Another node that joins under the name later has told nothing yet, and has nothing to do. */
static enum uc_status node_gone(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	UC_TRY(uc_followups_drop(s, step, e));
	return uc_step_run(s, "DELETE FROM node_state WHERE node = $1", step, node_keys, NULL, e);
}

/* A name stands in lists, and beside "cluster" as the scope of a trust entry. */
static enum uc_status check_name(const json_t *step, const char *member, struct uc_error *e)
{
	const char *name;
	UC_TRY(uc_step_text(step, member, &name, e));
	if (name[0] == '\0' || strchr(name, ',') != NULL)
		return uc_fail_field(e, UC_EINPUT, "bad-step", member, NULL, "'%s' is no name for a node", name);
	if (strcmp(name, UC_ALL_NODES) != 0) return UC_OK;
	return uc_fail_field(e, UC_ECONFLICT, "name-taken", member, "Choose another name.",
	                     "a node cannot be called '%s', which stands for all of them", name);
}

/* Once the node's own row is out of the way. */
static enum uc_status refuse_second_publisher(struct uc_store *s, const struct uc_strv *roles, struct uc_error *e)
{
	static const char publisher[] = "publisher";
	if (!uc_strv_has(roles, publisher)) return UC_OK;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT name, roles FROM node ORDER BY name", &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_strv_free) struct uc_strv others = {.items = NULL};
		uc_strv_split(&others, uc_col_text(st, 1), ',');
		if (uc_strv_has(&others, publisher))
			return uc_fail_field(e, UC_EREFUSED, "publisher-exists", "roles", "Give this node another role, or remove that one first.",
			                     "the cluster has a publisher already: %s", uc_col_text(st, 0));
	}
}

/* The certificate is kept for good: what was signed with it stays in the log. */
static enum uc_status key_note(struct uc_store *s, const json_t *step, const struct uc_cert *c, int64_t number, struct uc_error *e)
{
	char fingerprint[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO node_key (node, fingerprint, certificate, number) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
	                  &st, e));
	UC_TRY(uc_step_bind(st, 1, step, node_keys, e));
	uc_bind_text(st, 2, uc_cert_fingerprint_hex(c, fingerprint));
	uc_bind_blob(st, 3, uc_buf_slice(&c->der));
	uc_bind_int(st, 4, number);
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status node_row(struct uc_store *s, const json_t *step, const struct uc_strv *roles, const struct uc_cert *c, int64_t number,
                               struct uc_error *e)
{
	static const char *const members[] = {"node", "fqdn", "domain", "guid", NULL};
	UC_CLEANUP(uc_freep) char *joined = uc_strv_join(roles, ",");
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO node (name, fqdn, domain, guid, roles, certificate, number) VALUES ($1, $2, $3, $4, $5, $6, $7)",
	                  &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_text(st, 5, joined);
	if (c != NULL) uc_bind_blob(st, 6, uc_buf_slice(&c->der));
	uc_bind_int(st, 7, number);
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status node_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv roles = {.items = NULL};
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
	const json_t *certificate = json_object_get(step, "certificate");
	UC_TRY(check_name(step, "node", e));
	UC_TRY(uc_step_list(step, "roles", &roles, e));
	UC_TRY(refuse_second_publisher(s, &roles, e));
	if (certificate != NULL && !json_is_null(certificate)) UC_TRY(uc_step_cert(certificate, "certificate", &c, e));
	UC_TRY(node_row(s, step, &roles, c, number, e));
	return c != NULL ? key_note(s, step, c, number, e) : UC_OK;
}

const struct uc_kind uc_kind_node = {node_keys, node_values, node_current, node_write, node_erase, node_gone};

/* ---- another name ---- */

/* Nothing is left of another node, now or formerly, that the new name could be mixed up with. */
static enum uc_status refuse_taken(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	static const char *const to[] = {"to", NULL};
	static const char sql[] = "SELECT 1 FROM node WHERE name = $1 UNION ALL SELECT 1 FROM identity WHERE node = $1 "
	                          "UNION ALL SELECT 1 FROM csr WHERE node = $1 UNION ALL SELECT 1 FROM entry WHERE scope = $1 LIMIT 1";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(check_name(step, "to", e));
	UC_TRY(uc_step_query(s, sql, step, to, &st, &row, e));
	if (!row) return UC_OK;
	return uc_fail_field(e, UC_ECONFLICT, "name-taken", "to", "Choose another name, or remove what is left of that node first.",
	                     "there is a node '%s' already, or something of it is left", uc_step_text_or_empty(step, "to"));
}

static enum uc_status check_old(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT fqdn, domain FROM node WHERE name = $1", step, node_keys, &st, &row, e));
	if (row && strcmp(uc_col_text(st, 0), uc_step_text_or_empty(step, "fqdn")) == 0 &&
	    strcmp(uc_col_text(st, 1), uc_step_text_or_empty(step, "domain")) == 0)
		return UC_OK;
	return uc_fail(e, UC_ECONFLICT, "state-moved", "Look at the state as it is now and do it again.",
	               "the node %s has changed since this was planned", uc_step_text_or_empty(step, "node"));
}

static const char key_use_copy[] = "INSERT INTO key_use (node, key_id, number, kind, purpose) "
                                   "SELECT $2, key_id, number, kind, purpose FROM key_use WHERE node = $1 ON CONFLICT DO NOTHING";
static const char counter_join[] = "INSERT INTO counter (usage, unit, scope, n) SELECT usage, unit, $2, n FROM counter WHERE scope = $1 "
                                   "ON CONFLICT (usage, unit, scope) DO UPDATE SET n = counter.n + excluded.n";
static const char node_key_copy[] = "INSERT INTO node_key (node, fingerprint, certificate, number) "
                                    "SELECT $2, fingerprint, certificate, number FROM node_key WHERE node = $1 ON CONFLICT DO NOTHING";

/*
 * Everything that names a node: $1 becomes $2. Where a row of the new name may be left from a node that is gone, the rows are joined; what is
 * only telemetry gives way. (Both names are given to each; they differ.)
 */
static const char *const renames[] = {
    "UPDATE identity SET node = $2 WHERE node = $1",
    "UPDATE chain_link SET node = $2 WHERE node = $1",
    "UPDATE csr SET node = $2 WHERE node = $1",
    key_use_copy,
    "DELETE FROM key_use WHERE node = $1 AND $2 <> $1",
    "UPDATE purged_key SET node = $2 WHERE node = $1",
    "UPDATE entry SET scope = $2 WHERE scope = $1",
    "UPDATE entry SET distribution = $2 WHERE distribution = $1",
    counter_join,
    "DELETE FROM counter WHERE scope = $1 AND $2 <> $1",
    "UPDATE node_join SET node = $2 WHERE node = $1",
    "UPDATE job SET node = $2 WHERE node = $1 AND state = 'waiting'",
    /* What was signed under the old name stays known under it. */
    node_key_copy,
    "DELETE FROM effect WHERE node = $2 AND $2 <> $1",
    "UPDATE effect SET node = $2 WHERE node = $1",
    "DELETE FROM node_state WHERE node = $2 AND $2 <> $1",
    "UPDATE node_state SET node = $2 WHERE node = $1",
};

struct sealed_names {
	struct uc_strv keys, nodes; /* side by side */
};

static void sealed_names_free(struct sealed_names *v)
{
	uc_strv_free(&v->keys);
	uc_strv_free(&v->nodes);
}

/* The lists of nodes that keys are sealed to, with the new name. */
static enum uc_status sealed_read(struct uc_store *s, const char *from, const char *to, struct sealed_names *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT key_id, nodes FROM sealed_key", &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_strv_free) struct uc_strv old = {.items = NULL};
		UC_CLEANUP(uc_strv_free) struct uc_strv new = {.items = NULL};
		uc_strv_split(&old, uc_col_text(st, 1), ',');
		if (!uc_strv_has(&old, from)) continue;
		for (size_t i = 0; i < old.count; i++) uc_strv_add(&new, strcmp(old.items[i], from) == 0 ? to : old.items[i]);
		uc_strv_sort_unique(&new);
		uc_strv_add(&out->keys, uc_col_text(st, 0));
		uc_strv_take(&out->nodes, uc_strv_join(&new, ","));
	}
}

static enum uc_status sealed_rename(struct uc_store *s, const char *from, const char *to, struct uc_error *e)
{
	UC_CLEANUP(sealed_names_free) struct sealed_names v = {.keys.items = NULL};
	UC_TRY(sealed_read(s, from, to, &v, e));
	for (size_t i = 0; i < v.keys.count; i++) {
		UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
		UC_TRY(uc_db_stmt(s->db, "UPDATE sealed_key SET nodes = $1 WHERE key_id = $2", &st, e));
		uc_bind_text(st, 1, v.nodes.items[i]);
		uc_bind_text(st, 2, v.keys.items[i]);
		UC_TRY(uc_stmt_run(st, NULL, e));
	}
	return UC_OK;
}

enum uc_status uc_step_node_rename(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const names[] = {"node", "to", NULL};
	static const char *const all[] = {"node", "to", "to_fqdn", "to_domain", NULL};
	const char *from = uc_step_text_or_empty(step, "node");
	const char *to = uc_step_text_or_empty(step, "to");
	UC_TRY(check_old(s, step, e));
	if (strcmp(from, to) != 0) {
		UC_TRY(refuse_taken(s, step, e));
		for (size_t i = 0; i < sizeof renames / sizeof renames[0]; i++) UC_TRY(uc_step_run(s, renames[i], step, names, NULL, e));
		UC_TRY(sealed_rename(s, from, to, e));
		UC_TRY(uc_followups_rename(s, step, e));
	}
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "UPDATE node SET name = $2, fqdn = $3, domain = $4, number = $5 WHERE name = $1", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, all, e));
	uc_bind_int(st, 5, number);
	return uc_stmt_run(st, NULL, e);
}

/* ---- nodes that may join ---- */

static const char *const join_keys[] = {"id", NULL};
static const char *const join_values[] = {"node", "domain", "roles", "secret", "expires", NULL};

static enum uc_status join_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT node, domain, roles, secret, expires FROM node_join WHERE id = $1", step, join_keys, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (!row) return UC_OK;
	char expires[UC_TIME_TEXT];
	for (int i = 0; i < 4; i++) json_object_set_new(*out, join_values[i], json_string(uc_col_text(st, i)));
	json_object_set_new(*out, "expires", json_string(uc_time_rfc3339(uc_col_int(st, 4), expires)));
	return UC_OK;
}

/* What lets a node in is of no use to anybody once it has been used or withdrawn. */
static enum uc_status join_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	static const char *const secret[] = {"secret", NULL};
	const json_t *before = json_object_get(step, "before");
	UC_TRY(uc_step_run(s, "DELETE FROM node_join WHERE id = $1", step, join_keys, NULL, e));
	bool stays = strcmp(uc_step_text_or_empty(before, "secret"), uc_step_text_or_empty(step, "secret")) == 0;
	return stays ? UC_OK : uc_step_secret_destroy(s, "$1", before, secret, e);
}

static enum uc_status join_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"id", "node", "domain", "roles", "secret", NULL};
	uc_time expires;
	UC_TRY(check_name(step, "node", e));
	UC_TRY(uc_step_time(step, "expires", &expires, e));
	UC_TRY(uc_step_secret_there(s, step, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO node_join (id, node, domain, roles, secret, expires, number) VALUES ($1, $2, $3, $4, $5, $6, $7)",
	                  &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_int(st, 6, expires);
	uc_bind_int(st, 7, number);
	return uc_stmt_run(st, NULL, e);
}

const struct uc_kind uc_kind_join = {join_keys, join_values, join_current, join_write, join_erase, NULL};
