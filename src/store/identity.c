/* Reading identities, pending requests, and what keys are for. */
#include <stdio.h>
#include <stdlib.h>

#include "store/store_internal.h"

void uc_identity_free(struct uc_identity *i)
{
	free(i->node);
	free(i->purpose);
	uc_cert_free(i->cert);
	uc_certs_free(&i->chain);
	free(i->key_id);
	free(i->source);
	free(i->distribution);
	*i = (struct uc_identity){.node = NULL};
}

static enum uc_status read_chain(struct uc_store *s, struct uc_identity *i, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "SELECT der FROM chain_link JOIN cert ON cert.fingerprint = chain_link.fingerprint "
	                  "WHERE node = $1 AND purpose = $2 ORDER BY position",
	                  &st, e));
	uc_bind_text(st, 1, i->node);
	uc_bind_text(st, 2, i->purpose);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		struct uc_cert *c = NULL;
		UC_TRY(uc_col_cert(st, 0, &c, e));
		uc_certs_take(&i->chain, c);
	}
}

#define IDENTITY_COLUMNS \
	"SELECT node, purpose, key_id, source, distribution, number, der FROM identity JOIN cert ON cert.fingerprint = identity.fingerprint "

/* Fills an identity from a row of IDENTITY_COLUMNS; to be freed also after an error. */
static enum uc_status read_identity(struct uc_store *s, struct uc_stmt *st, struct uc_identity *out, struct uc_error *e)
{
	*out = (struct uc_identity){
	    .node = uc_strdup(uc_col_text(st, 0)),
	    .purpose = uc_strdup(uc_col_text(st, 1)),
	    .key_id = uc_strdup(uc_col_text(st, 2)),
	    .source = uc_strdup(uc_col_text(st, 3)),
	    .distribution = uc_strdup(uc_col_text(st, 4)),
	    .number = uc_col_int(st, 5),
	};
	UC_TRY(uc_col_cert(st, 6, &out->cert, e));
	return read_chain(s, out, e);
}

enum uc_status uc_store_identity(struct uc_store *s, const char *node, const char *purpose, struct uc_identity *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, IDENTITY_COLUMNS "WHERE node = $1 AND purpose = $2", &st, e));
	uc_bind_text(st, 1, node);
	uc_bind_text(st, 2, purpose);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_fail(e, UC_ENOTFOUND, "no-identity", NULL, "the node '%s' has no certificate for %s", node, purpose);
	enum uc_status status = read_identity(s, st, out, e);
	if (status != UC_OK) uc_identity_free(out);
	return status;
}

enum uc_status uc_store_identities(struct uc_store *s, const char *node, void (*each)(void *ctx, const struct uc_identity *i), void *ctx,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, IDENTITY_COLUMNS "WHERE node = $1 ORDER BY purpose", &st, e));
	uc_bind_text(st, 1, node);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
		UC_TRY(read_identity(s, st, &i, e));
		each(ctx, &i);
	}
}

/* ---- requests ---- */

void uc_request_free(struct uc_request *r)
{
	free(r->node);
	free(r->purpose);
	free(r->key_id);
	free(r->distribution);
	uc_buf_free(&r->der);
	json_decref(r->parameters);
	*r = (struct uc_request){.node = NULL};
}

#define REQUEST_COLUMNS "SELECT node, purpose, key_id, distribution, request, parameters, created, number FROM csr "

static struct uc_request read_request(struct uc_stmt *st)
{
	struct uc_request r = {
	    .node = uc_strdup(uc_col_text(st, 0)),
	    .purpose = uc_strdup(uc_col_text(st, 1)),
	    .key_id = uc_strdup(uc_col_text(st, 2)),
	    .distribution = uc_strdup(uc_col_text(st, 3)),
	    .parameters = json_loads(uc_col_text(st, 5), JSON_DECODE_ANY, NULL),
	    .created = uc_col_int(st, 6),
	    .number = uc_col_int(st, 7),
	};
	uc_buf_add_slice(&r.der, uc_col_blob(st, 4));
	return r;
}

enum uc_status uc_store_request(struct uc_store *s, const char *node, const char *purpose, struct uc_request *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, REQUEST_COLUMNS "WHERE node = $1 AND purpose = $2", &st, e));
	uc_bind_text(st, 1, node);
	uc_bind_text(st, 2, purpose);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row)
		return uc_fail(e, UC_ENOTFOUND, "no-csr", "Generate one first.", "there is no pending CSR for %s on the node '%s'", purpose, node);
	*out = read_request(st);
	return UC_OK;
}

enum uc_status uc_store_requests(struct uc_store *s, const char *node, void (*each)(void *ctx, const struct uc_request *r), void *ctx,
                                 struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, REQUEST_COLUMNS "WHERE node = $1 ORDER BY purpose", &st, e));
	uc_bind_text(st, 1, node);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_request_free) struct uc_request r = read_request(st);
		each(ctx, &r);
	}
}

/* ---- keys ---- */

/* In the order of who comes first: what it is for now, then what it was for. */
static const struct {
	const char *sql; /* node $1 and key $2 to purpose and number */
	const char *what;
	bool past;
} key_uses[] = {
    {"SELECT purpose, number FROM csr WHERE node = $1 AND key_id = $2", "pending CSR", false},
    {"SELECT purpose, number FROM identity WHERE node = $1 AND key_id = $2", "certificate", false},
    {"SELECT purpose, number FROM key_use WHERE node = $1 AND key_id = $2 AND kind = 'certificate' ORDER BY number DESC LIMIT 1",
     "certificate", true},
    {"SELECT purpose, number FROM key_use WHERE node = $1 AND key_id = $2 AND kind = 'request' ORDER BY number DESC LIMIT 1", "CSR", true},
};

enum uc_status uc_store_key_use(struct uc_store *s, const char *node, const char *key_id, char *what, size_t size, struct uc_error *e)
{
	what[0] = '\0';
	for (size_t i = 0; i < sizeof key_uses / sizeof key_uses[0]; i++) {
		UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
		UC_TRY(uc_db_stmt(s->db, key_uses[i].sql, &st, e));
		uc_bind_text(st, 1, node);
		uc_bind_text(st, 2, key_id);
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) continue;
		if (key_uses[i].past)
			snprintf(what, size, "a replaced %s of %s (change %lld)", key_uses[i].what, uc_col_text(st, 0), (long long)uc_col_int(st, 1));
		else
			snprintf(what, size, "the %s of %s", key_uses[i].what, uc_col_text(st, 0));
		return UC_OK;
	}
	return UC_OK;
}

enum uc_status uc_store_purged_keys(struct uc_store *s, const char *node, void (*each)(void *ctx, const char *key, int64_t number),
                                    void *ctx, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT key_id, number FROM purged_key WHERE node IN ($1, $2) ORDER BY number", &st, e));
	uc_bind_text(st, 1, node);
	uc_bind_text(st, 2, UC_ALL_NODES);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		each(ctx, uc_col_text(st, 0), uc_col_int(st, 1));
	}
}
