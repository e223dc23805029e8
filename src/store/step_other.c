/* Trust entries and accounts. */
#include <string.h>

#include "store/step.h"

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
	UC_TRY(uc_step_secret_there(s, step, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO account (name, role, secret, number) VALUES ($1, $2, $3, $4)", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_int(st, 4, number);
	return uc_stmt_run(st, NULL, e);
}

const struct uc_kind uc_kind_account = {account_keys, account_values, account_current, account_write, account_erase, NULL};

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
