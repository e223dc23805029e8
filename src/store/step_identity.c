/* Identities and pending requests: what binds a node to a key. */
#include <string.h>

#include "core/clock.h"
#include "pki/key.h"
#include "pki/name.h"
#include "store/step.h"

static const char *const node_purpose[] = {"node", "purpose", NULL};

/* ---- identities ---- */

static const char *const identity_values[] = {"certificate", "chain", "key", "source", "distribution", NULL};

static enum uc_status chain_json(struct uc_store *s, const json_t *step, json_t *chain, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s,
	                     "SELECT der FROM chain_link JOIN cert ON cert.fingerprint = chain_link.fingerprint WHERE node = $1 AND purpose = "
	                     "$2 ORDER BY position",
	                     step, node_purpose, &st, &row, e));
	while (row) {
		json_array_append_new(chain, uc_step_base64(uc_col_blob(st, 0)));
		UC_TRY(uc_stmt_step(st, &row, e));
	}
	return UC_OK;
}

static enum uc_status identity_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s,
	                     "SELECT der, key_id, source, distribution FROM identity JOIN cert ON cert.fingerprint = identity.fingerprint "
	                     "WHERE node = $1 AND purpose = $2",
	                     step, node_purpose, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (!row) return UC_OK;
	json_t *chain = json_array();
	json_object_set_new(*out, "chain", chain);
	json_object_set_new(*out, "certificate", uc_step_base64(uc_col_blob(st, 0)));
	json_object_set_new(*out, "key", json_string(uc_col_text(st, 1)));
	json_object_set_new(*out, "source", json_string(uc_col_text(st, 2)));
	json_object_set_new(*out, "distribution", json_string(uc_col_text(st, 3)));
	enum uc_status status = chain_json(s, step, chain, e);
	if (status != UC_OK) json_decref(uc_move(*out));
	return status;
}

static enum uc_status links_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv fingerprints = {.items = NULL};
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT fingerprint FROM chain_link WHERE node = $1 AND purpose = $2", step, node_purpose, &st, &row, e));
	while (row) {
		uc_strv_add(&fingerprints, uc_col_text(st, 0));
		UC_TRY(uc_stmt_step(st, &row, e));
	}
	UC_TRY(uc_step_run(s, "DELETE FROM chain_link WHERE node = $1 AND purpose = $2", step, node_purpose, NULL, e));
	for (size_t i = 0; i < fingerprints.count; i++) UC_TRY(uc_cert_release(s, fingerprints.items[i], e));
	return UC_OK;
}

static enum uc_status identity_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	const char *purpose = uc_step_text_or_empty(step, "purpose");
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", purpose);
	bool found;
	UC_TRY(uc_step_run(s, "DELETE FROM identity WHERE node = $1 AND purpose = $2", step, node_purpose, NULL, e));
	UC_TRY(links_erase(s, step, e));
	return uc_entry_remove(s, "own", purpose, name, uc_step_text_or_empty(step, "node"), &found, e);
}

static enum uc_status link_write(struct uc_store *s, const json_t *step, int64_t position, const struct uc_cert *c, struct uc_error *e)
{
	char fingerprint[UC_FINGERPRINT_HEX];
	UC_TRY(uc_cert_keep(s, c, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "INSERT INTO chain_link (node, purpose, position, fingerprint) VALUES ($1, $2, $3, $4)", &st, e));
	UC_TRY(uc_step_bind(st, 1, step, node_purpose, e));
	uc_bind_int(st, 3, position);
	uc_bind_text(st, 4, uc_cert_fingerprint_hex(c, fingerprint));
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status chain_write(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	const json_t *chain = json_object_get(step, "chain");
	if (!json_is_array(chain)) return uc_fail_field(e, UC_EINPUT, "bad-step", "chain", NULL, "an identity step has no chain");
	for (size_t i = 0; i < json_array_size(chain); i++) {
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
		UC_TRY(uc_step_cert(json_array_get(chain, i), "chain", &c, e));
		UC_TRY(link_write(s, step, (int64_t)i, c, e));
	}
	return UC_OK;
}

/* C31: whatever code path leads here, no identity is stored whose certificate is not for its key. */
static enum uc_status check_pair(const struct uc_cert *c, const char *key, const char *purpose, struct uc_error *e)
{
	char of_cert[UC_KEY_ID_LEN];
	if (strcmp(uc_key_id(c->spki, of_cert), key) == 0) return UC_OK;
	return uc_fail_field(e, UC_EREFUSED, "key-mismatch", "certificate",
	                     "Use the certificate that was issued for the request made with this key.",
	                     "the certificate for %s is for the key %s, not for %s", purpose, of_cert, key);
}

static enum uc_status identity_row(struct uc_store *s, const json_t *step, const struct uc_cert *c, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"node", "purpose", "key", "source", "distribution", NULL};
	char fingerprint[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(
	    s->db,
	    "INSERT INTO identity (node, purpose, key_id, source, distribution, fingerprint, number) VALUES ($1, $2, $3, $4, $5, $6, $7)", &st,
	    e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_text(st, 6, uc_cert_fingerprint_hex(c, fingerprint));
	uc_bind_int(st, 7, number);
	return uc_stmt_run(st, NULL, e);
}

/* What the field's lists say of an own certificate. Free with free(). */
static char *describe(const struct uc_cert *c, const char *source)
{
	if (strcmp(source, "self-signed") == 0) return uc_strdup("Self-signed certificate generated by system");
	UC_CLEANUP(uc_freep) char *issuer = uc_name_text(c->issuer);
	return uc_sprintf("Certificate Signed by %s", issuer);
}

static enum uc_status identity_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	const char *node;
	const char *purpose;
	const char *key;
	UC_TRY(uc_step_text(step, "node", &node, e));
	UC_TRY(uc_step_text(step, "purpose", &purpose, e));
	UC_TRY(uc_step_text(step, "key", &key, e));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
	UC_TRY(uc_step_cert(json_object_get(step, "certificate"), "certificate", &c, e));
	UC_TRY(check_pair(c, key, purpose, e));
	UC_TRY(uc_step_key_alive(s, key, e));
	UC_TRY(identity_row(s, step, c, number, e));
	UC_TRY(chain_write(s, step, e));
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", purpose);
	const char *distribution = uc_step_text_or_empty(step, "distribution");
	UC_CLEANUP(uc_freep) char *description = describe(c, uc_step_text_or_empty(step, "source"));
	const struct uc_entry entry = {
	    .usage = "own",
	    .unit = purpose,
	    .name = name,
	    .scope = node,
	    .distribution = strcmp(distribution, "node") == 0 ? node : distribution, /* a list names the node */
	    .description = description,
	    .origin = uc_step_text_or_empty(step, "source"),
	    .cert = c,
	    .number = number,
	};
	UC_TRY(uc_entry_add(s, &entry, e));
	return uc_step_key_used(s, step, number, "certificate", e);
}

const struct uc_kind uc_kind_identity = {node_purpose, identity_values, identity_current, identity_write, identity_erase, NULL};

/* ---- pending requests ---- */

static const char *const csr_values[] = {"request", "key", "distribution", "parameters", "created", NULL};

static enum uc_status csr_current(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_step_query(s, "SELECT request, key_id, distribution, parameters, created FROM csr WHERE node = $1 AND purpose = $2", step,
	                     node_purpose, &st, &row, e));
	*out = row ? json_object() : json_null();
	if (!row) return UC_OK;
	char created[UC_TIME_TEXT];
	json_object_set_new(*out, "request", uc_step_base64(uc_col_blob(st, 0)));
	json_object_set_new(*out, "key", json_string(uc_col_text(st, 1)));
	json_object_set_new(*out, "distribution", json_string(uc_col_text(st, 2)));
	json_object_set_new(*out, "parameters", json_loads(uc_col_text(st, 3), JSON_DECODE_ANY, NULL));
	json_object_set_new(*out, "created", json_string(uc_time_rfc3339(uc_col_int(st, 4), created)));
	return UC_OK;
}

static enum uc_status csr_erase(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	return uc_step_run(s, "DELETE FROM csr WHERE node = $1 AND purpose = $2", step, node_purpose, NULL, e);
}

static enum uc_status csr_write(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	static const char *const members[] = {"node", "purpose", "key", "distribution", NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	UC_TRY(uc_step_der(json_object_get(step, "request"), "request", &der, e));
	uc_time when;
	UC_TRY(uc_step_time(step, "created", &when, e));
	const json_t *parameters = json_object_get(step, "parameters");
	UC_CLEANUP(uc_freep) char *text = json_is_object(parameters) ? json_dumps(parameters, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	if (text == NULL) return uc_fail_field(e, UC_EINPUT, "bad-step", "parameters", NULL, "a request step has no parameters");
	UC_TRY(uc_step_key_alive(s, uc_step_text_or_empty(step, "key"), e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "INSERT INTO csr (node, purpose, key_id, distribution, request, parameters, created, number) "
	                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
	                  &st, e));
	UC_TRY(uc_step_bind(st, 1, step, members, e));
	uc_bind_blob(st, 5, uc_buf_slice(&der));
	uc_bind_text(st, 6, text);
	uc_bind_int(st, 7, when);
	uc_bind_int(st, 8, number);
	UC_TRY(uc_stmt_run(st, NULL, e));
	return uc_step_key_used(s, step, number, "request", e);
}

const struct uc_kind uc_kind_csr = {node_purpose, csr_values, csr_current, csr_write, csr_erase, NULL};
