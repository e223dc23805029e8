/* Nodes, trust entries, accounts, keys that are purged. */
#include <string.h>

#include "store/step.h"

/* ---- nodes ---- */

static const char *const node_keys[] = {"node", NULL};
static const char *const node_values[] = {"fqdn", "domain", "roles", "guid", NULL};

static enum uc_status node_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT fqdn, domain, guid, roles FROM node WHERE name = $1", step, node_keys, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (!row) return UC_OK;
	json_t *roles = json_array();
	UC_CLEANUP(uc_strv_free) struct uc_strv list = {.items = NULL};
	uc_strv_split(&list, uc_col_text(st, 3), ',');
	for (size_t i = 0; i < list.count; i++) json_array_append_new(roles, json_string(list.items[i]));
	json_object_set_new(*out, "fqdn", json_string(uc_col_text(st, 0)));
	json_object_set_new(*out, "domain", json_string(uc_col_text(st, 1)));
	json_object_set_new(*out, "guid", json_string(uc_col_text(st, 2)));
	json_object_set_new(*out, "roles", roles);
	return UC_OK;
}

static enum uc_status node_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	return uc_step_run(s, "DELETE FROM node WHERE name = $1", step, node_keys, NULL, e);
}

static enum uc_status node_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"node", "fqdn", "domain", "guid", NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv list = {.items = NULL};
	const json_t *roles = json_object_get(step, "roles");
	for (size_t i = 0; i < json_array_size(roles); i++) {
		const char *role = json_string_value(json_array_get(roles, i));
		if (role == NULL) return uc_fail_field(e, UC_EINPUT, "bad-step", "roles", NULL, "a role of a node step is no text");
		uc_strv_add(&list, role);
	}
	UC_CLEANUP(uc_freep) char *joined = uc_strv_join(&list, ",");
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO node (name, fqdn, domain, guid, roles, number) VALUES ($1, $2, $3, $4, $5, $6)", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_text(st, 5, joined);
	uc_bind_int(st, 6, number);
	return uc_stmt_run(st, NULL, e);
}

const struct uc_kind uc_kind_node = {node_keys, node_values, node_current, node_write, node_erase};

/* ---- accounts ---- */

static const char *const account_keys[] = {"name", NULL};
static const char *const account_values[] = {"role", "secret", NULL};

static enum uc_status account_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT role, secret FROM account WHERE name = $1", step, account_keys, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (!row) return UC_OK;
	json_object_set_new(*out, "role", json_string(uc_col_text(st, 0)));
	json_object_set_new(*out, "secret", json_string(uc_col_text(st, 1)));
	return UC_OK;
}

static enum uc_status account_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	return uc_step_run(s, "DELETE FROM account WHERE name = $1", step, account_keys, NULL, e);
}

static enum uc_status account_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"name", "role", "secret", NULL};
	static const char *const secret[] = {"secret", NULL};
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *known = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT 1 FROM secret WHERE hash = $1", step, secret, &known, &row, e));
	if (!row)
		return uc_fail_field(e, UC_ENOTFOUND, "no-secret", "secret", "Store the secret first.", "there is no secret %s for the account %s",
		                     uc_step_text_or_empty(step, "secret"), uc_step_text_or_empty(step, "name"));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO account (name, role, secret, number) VALUES ($1, $2, $3, $4)", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_int(st, 4, number);
	return uc_stmt_run(st, NULL, e);
}

const struct uc_kind uc_kind_account = {account_keys, account_values, account_current, account_write, account_erase};

/* ---- trust entries ---- */

struct trust_step {
	const char *store, *name, *scope, *description, *origin;
	struct uc_cert *cert; /* owned */
};

static void trust_step_free(struct trust_step *t)
{
	uc_cert_free(t->cert);
}

static enum uc_status trust_step_read(const json_t *step, struct trust_step *t, struct uc_error *e)
{
	UC_TRY(uc_step_text(step, "store", &t->store, e));
	UC_TRY(uc_step_text(step, "name", &t->name, e));
	UC_TRY(uc_step_text(step, "scope", &t->scope, e));
	UC_TRY(uc_step_text(step, "origin", &t->origin, e));
	t->description = uc_step_text_or_empty(step, "description");
	return uc_step_cert(json_object_get(step, "certificate"), "certificate", &t->cert, e);
}

enum uc_status uc_step_trust_add(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	UC_CLEANUP(trust_step_free) struct trust_step t = {.cert = NULL};
	UC_TRY(trust_step_read(step, &t, e));
	const struct uc_entry entry = {
	    .usage = "trust",
	    .unit = t.store,
	    .name = t.name,
	    .scope = t.scope,
	    .distribution = t.scope,
	    .description = t.description,
	    .origin = t.origin,
	    .cert = t.cert,
	    .number = number,
	};
	return uc_entry_add(s, &entry, e);
}

enum uc_status uc_step_trust_remove(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	(void)number;
	UC_CLEANUP(trust_step_free) struct trust_step t = {.cert = NULL};
	UC_TRY(trust_step_read(step, &t, e));
	char fingerprint[UC_FINGERPRINT_HEX];
	uc_cert_fingerprint_hex(t.cert, fingerprint);
	static const char *const members[] = {"store", "name", "scope", NULL};
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(
	    s, "SELECT fingerprint, description, origin FROM entry WHERE usage = 'trust' AND unit = $1 AND name = $2 AND scope = $3", step,
	    members, &st, &row, e));
	/* The description and origin too, or the inverse of this step would not bring back what was there. */
	if (!row || strcmp(uc_col_text(st, 0), fingerprint) != 0 || strcmp(uc_col_text(st, 1), t.description) != 0 ||
	    strcmp(uc_col_text(st, 2), t.origin) != 0)
		return uc_fail(e, UC_ECONFLICT, "state-moved", "Look at the state as it is now and do it again.",
		               "%s has no entry '%s' (%s) with that certificate, description and origin any more", t.store, t.name, t.scope);
	uc_stmt_done(uc_move(st));
	bool found;
	return uc_entry_remove(s, "trust", t.store, t.name, t.scope, &found, e);
}

/* ---- keys ---- */

enum uc_status uc_step_key_purge(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"key", "node", NULL};
	static const char *const key[] = {"key", NULL};
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *used = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT purpose FROM identity WHERE key_id = $1 UNION ALL SELECT purpose FROM csr WHERE key_id = $1", step, key,
	                     &used, &row, e));
	if (row)
		return uc_fail_field(e, UC_EREFUSED, "key-in-use", "key", "Regenerate that certificate or request first.",
		                     "the key %s is in use for %s", uc_step_text_or_empty(step, "key"), uc_col_text(used, 0));
	UC_TRY(uc_step_key_alive(s, uc_step_text_or_empty(step, "key"), e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO purged_key (key_id, node, number) VALUES ($1, $2, $3)", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_int(st, 3, number);
	return uc_stmt_run(st, NULL, e);
}
