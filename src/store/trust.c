/* Reading trust entries and candidates for issuers. */
#include <stdlib.h>
#include <string.h>

#include "store/find_internal.h"

void uc_trust_free(struct uc_trust *t)
{
	free(t->store);
	free(t->name);
	free(t->scope);
	free(t->description);
	free(t->origin);
	uc_cert_free(t->cert);
	*t = (struct uc_trust){.store = NULL};
}

void uc_trusts_free(struct uc_trusts *t)
{
	for (size_t i = 0; i < t->count; i++) uc_trust_free(&t->items[i]);
	free(t->items);
	*t = (struct uc_trusts){.items = NULL};
}

#define TRUST_COLUMNS                                                                                                                      \
	"SELECT unit, name, scope, description, origin, number, der FROM entry JOIN cert ON cert.fingerprint = entry.fingerprint WHERE usage " \
	"= 'trust' "

/* Adds every row of TRUST_COLUMNS; after an error out is as it was. */
static enum uc_status read_rows(struct uc_stmt *st, struct uc_trusts *out, struct uc_error *e)
{
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		struct uc_cert *cert = NULL;
		UC_TRY(uc_col_cert(st, 6, &cert, e));
		out->items = uc_realloc(out->items, out->count + 1, sizeof *out->items);
		out->items[out->count++] = (struct uc_trust){
		    .store = uc_strdup(uc_col_text(st, 0)),
		    .name = uc_strdup(uc_col_text(st, 1)),
		    .scope = uc_strdup(uc_col_text(st, 2)),
		    .description = uc_strdup(uc_col_text(st, 3)),
		    .origin = uc_strdup(uc_col_text(st, 4)),
		    .number = uc_col_int(st, 5),
		    .cert = cert,
		};
	}
}

static enum uc_status read_trusts(struct uc_stmt *st, struct uc_trusts *out, struct uc_error *e)
{
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	UC_TRY(read_rows(st, &found, e));
	*out = found;
	found = (struct uc_trusts){.items = NULL};
	return UC_OK;
}

/* What a person may write for a name: with or without the ending that every name has. */
static char *with_ending(const char *name)
{
	return uc_sprintf("%s%s", name, uc_ends_with(name, ".pem") ? "" : ".pem");
}

static void add_names(struct uc_query *q, const char *name)
{
	UC_CLEANUP(uc_freep) char *full = with_ending(name);
	uc_query_add(q, " AND name IN (");
	uc_query_text(q, name);
	uc_query_add(q, ", ");
	uc_query_text(q, full);
	uc_query_add(q, ")");
}

enum uc_status uc_store_trust(struct uc_store *s, const char *store, const char *node, const char *name, const char *fingerprint,
                              size_t limit, struct uc_trusts *out, struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, TRUST_COLUMNS "AND unit = ");
	uc_query_text(&q, store);
	if (node != NULL) {
		uc_query_add(&q, " AND scope IN ('cluster', ");
		uc_query_text(&q, node);
		uc_query_add(&q, ")");
	}
	if (name != NULL) add_names(&q, name);
	if (fingerprint != NULL) {
		uc_query_add(&q, " AND entry.fingerprint = ");
		uc_query_text(&q, fingerprint);
	}
	uc_query_add(&q, " ORDER BY name, scope LIMIT ");
	uc_query_number(&q, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(s->db, &q, &st, e));
	return read_trusts(st, out, e);
}

enum uc_status uc_store_trust_everywhere(struct uc_store *s, const char *fingerprint, struct uc_trusts *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, TRUST_COLUMNS "AND entry.fingerprint = $1 ORDER BY unit, name, scope", &st, e));
	uc_bind_text(st, 1, fingerprint);
	return read_trusts(st, out, e);
}

static enum uc_status read_certs(struct uc_stmt *st, struct uc_certs *out, struct uc_error *e)
{
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		struct uc_cert *c = NULL;
		UC_TRY(uc_col_cert(st, 0, &c, e));
		uc_certs_take(out, c);
	}
}

enum uc_status uc_store_issuers(struct uc_store *s, const char *store, const char *node, uint32_t subject_hash, struct uc_certs *out,
                                struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(
	    s->db,
	    "SELECT der FROM cert WHERE subject_hash = $1 AND EXISTS (SELECT 1 FROM entry WHERE entry.fingerprint = cert.fingerprint "
	    "AND usage = 'trust' AND unit = $2 AND scope IN ('cluster', $3)) ORDER BY cert.fingerprint",
	    &st, e));
	uc_bind_int(st, 1, subject_hash);
	uc_bind_text(st, 2, store);
	uc_bind_text(st, 3, node);
	return read_certs(st, out, e);
}

enum uc_status uc_store_issued(struct uc_store *s, uint32_t issuer_hash, size_t limit, struct uc_certs *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "SELECT der FROM cert WHERE issuer_hash = $1 "
	                  "AND (EXISTS (SELECT 1 FROM entry WHERE entry.fingerprint = cert.fingerprint AND usage = 'trust') "
	                  "OR EXISTS (SELECT 1 FROM chain_link WHERE chain_link.fingerprint = cert.fingerprint)) LIMIT $2",
	                  &st, e));
	uc_bind_int(st, 1, issuer_hash);
	uc_bind_int(st, 2, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	return read_certs(st, out, e);
}

/* ---- names like another ---- */

enum {
	NEAR_MAX = 3,
	NEAR_NEIGHBOURS = 40, /* looked at on each side, in the order of names */
	NEAR_LEN = 255        /* characters compared */
};

/* How many characters have to be added, removed or replaced. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strnlen(b, NEAR_LEN);
	size_t line[NEAR_LEN + 1];
	for (size_t j = 0; j <= n; j++) line[j] = j;
	for (size_t i = 1; i <= NEAR_LEN && a[i - 1] != '\0'; i++) {
		size_t diagonal = line[0];
		line[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = line[j];
			size_t added = (line[j] < line[j - 1] ? line[j] : line[j - 1]) + 1;
			line[j] = replaced < added ? replaced : added;
		}
	}
	return line[n];
}

struct near {
	const char *wanted; /* folded, with its ending */
	struct {
		char *name;
		size_t distance;
	} best[NEAR_MAX];
	size_t count;
};

static void near_free(struct near *n)
{
	for (size_t i = 0; i < n->count; i++) free(n->best[i].name);
}

static bool near_has(const struct near *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->best[i].name, name) == 0) return true;
	return false;
}

static void near_offer(struct near *n, const char *name, const char *folded)
{
	size_t d = distance(n->wanted, folded);
	size_t len = strlen(n->wanted);
	if (d > (len > 12 ? len / 3 : 4) || near_has(n, name)) return;
	size_t at = n->count;
	while (at > 0 && n->best[at - 1].distance > d) at--;
	if (at == NEAR_MAX) return;
	if (n->count == NEAR_MAX) free(n->best[--n->count].name);
	memmove(&n->best[at + 1], &n->best[at], (n->count - at) * sizeof n->best[0]);
	n->best[at].name = uc_strdup(name);
	n->best[at].distance = d;
	n->count++;
}

static enum uc_status near_query(struct uc_store *s, const char *sql, const char *store, const char *from, struct near *n,
                                 struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, sql, &st, e));
	uc_bind_text(st, 1, store);
	uc_bind_text(st, 2, from);
	uc_bind_int(st, 3, NEAR_NEIGHBOURS);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		near_offer(n, uc_col_text(st, 0), uc_col_text(st, 1));
	}
}

enum uc_status uc_store_trust_near(struct uc_store *s, const char *store, const char *name, struct uc_strv *out, struct uc_error *e)
{
	/* Neighbours share a beginning with the name in either case of its letters; a mistake in the very first letters is not found. */
	static const char *const queries[] = {
	    "SELECT name, k_name FROM entry WHERE usage = 'trust' AND unit = $1 AND name >= $2 ORDER BY name LIMIT $3",
	    "SELECT name, k_name FROM entry WHERE usage = 'trust' AND unit = $1 AND name < $2 ORDER BY name DESC LIMIT $3",
	};
	UC_CLEANUP(uc_freep) char *full = with_ending(name);
	UC_CLEANUP(uc_freep) char *folded = uc_fold(full);
	UC_CLEANUP(near_free) struct near n = {.wanted = folded};
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
		UC_TRY(near_query(s, queries[i], store, full, &n, e));
		UC_TRY(near_query(s, queries[i], store, folded, &n, e));
	}
	for (size_t i = 0; i < n.count; i++) uc_strv_add(out, n.best[i].name);
	return UC_OK;
}
