/* Every row of every table of a store, to compare states and stores with, whatever the driver. */
#ifndef UC_TEST_TABLES_H
#define UC_TEST_TABLES_H

#include <jansson.h>

#include "core/text.h"
#include "test_database.h"

struct test_table {
	const char *name, *columns; /* those that are bytes at the end */
	int count, bytes;
	enum { OF_STATE, OF_LOG, TELEMETRY } kind;
};

static const struct test_table test_tables[] = {
    {"head", "one, number, hash, epoch", 4, 0, OF_LOG},
    {"change", "number, request, at, who, task, summary, undoes, undone_by, hash, body, signature", 11, 1, OF_LOG},
    {"change_object", "object, number", 2, 0, OF_LOG},
    {"node", "name, fqdn, domain, roles, guid, number, certificate", 7, 1, OF_STATE},
    {"cert", "fingerprint, subject_hash, issuer_hash, der", 4, 1, OF_STATE},
    {"identity", "node, purpose, fingerprint, key_id, source, distribution, number", 7, 0, OF_STATE},
    {"chain_link", "node, purpose, position, fingerprint", 4, 0, OF_STATE},
    {"csr", "node, purpose, key_id, distribution, parameters, created, number, request", 8, 1, OF_STATE},
    {"key_use", "node, key_id, number, kind, purpose", 5, 0, OF_STATE},
    {"purged_key", "key_id, node, number", 3, 0, OF_STATE},
    {"account", "name, role, secret, number", 4, 0, OF_STATE},
    {"secret", "hash, data", 2, 1, OF_STATE},
    {"entry",
     "id, usage, scope, type, distribution, not_before, not_after, serial, fingerprint, k_unit, k_key_type, k_name, k_common_name, "
     "k_description, k_issuer, k_subject, unit, key_type, name, common_name, description, issuer, subject, origin, number",
     25, 0, OF_STATE},
    {"counter", "usage, unit, scope, n", 4, 0, OF_STATE},
    {"node_key", "node, fingerprint, number, certificate", 4, 1, OF_STATE},
    {"node_join", "id, node, domain, roles, secret, expires, number", 7, 0, OF_STATE},
    {"sealed_key", "key_id, purpose, kind, nodes, secret, number", 6, 0, OF_STATE},
    {"sealed_as", "key_id, secret", 2, 0, OF_STATE},
    {"job", "id, node, task, arguments, seen, yes, force, who, why, summary, created, deadline, number, state, answer, detail, content", 17,
     1, OF_STATE},
    {"followup", "node, kind, target, what, since, first_change, number, changes", 8, 0, OF_STATE},
    {"setting", "name, value, number", 3, 0, OF_STATE},
    {"list_version", "list, number, version, content", 4, 1, OF_STATE},
    {"change_words", "number, at, node, who, task, words, why", 7, 0, OF_LOG},
    {"effect", "number, node, effect, state, detail, at", 6, 0, TELEMETRY},
    {"node_state", "node, number, at, report", 4, 0, TELEMETRY},
};

enum { TEST_TABLES = sizeof test_tables / sizeof test_tables[0] };

__attribute__((unused)) static json_t *test_row(struct uc_stmt *st, const struct test_table *t)
{
	json_t *row = json_array();
	for (int i = 0; i < t->count; i++) {
		UC_CLEANUP(uc_freep) char *hex = i >= t->count - t->bytes ? uc_hex(uc_col_blob(st, i), '\0') : NULL;
		json_array_append_new(row, uc_col_null(st, i) ? json_null() : json_string(hex != NULL ? hex : uc_col_text(st, i)));
	}
	return row;
}

/* The rows of one table, in the order of their first columns; owned. */
__attribute__((unused)) static json_t *test_rows(struct uc_db *db, const struct test_table *t)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *sql = uc_sprintf("SELECT %s FROM %s ORDER BY 1, 2%s", t->columns, t->name, t->count > 2 ? ", 3" : "");
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	json_t *rows = json_array();
	assert_ok(uc_db_stmt(db, sql, &st, &e), e);
	for (;;) {
		bool more;
		assert_ok(uc_stmt_step(st, &more, &e), e);
		if (!more) return rows;
		json_array_append_new(rows, test_row(st, t));
	}
}

/* {TABLE:[[..]..]} of the tables that steps write, and of the log's with_log; what is committed counts. Owned. */
__attribute__((unused)) static json_t *test_dump(const char *url, bool with_log)
{
	struct uc_error e;
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(url, UC_DB_READ, &db, &e), e);
	json_t *all = json_object();
	for (size_t i = 0; i < TEST_TABLES; i++)
		if (test_tables[i].kind == OF_STATE || (with_log && test_tables[i].kind == OF_LOG))
			json_object_set_new(all, test_tables[i].name, test_rows(db, &test_tables[i]));
	return all;
}

/* Two dumps are equal; names the table otherwise. */
__attribute__((unused)) static void test_same(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < TEST_TABLES; i++) {
		const json_t *one = json_object_get(a, test_tables[i].name);
		const json_t *other = json_object_get(b, test_tables[i].name);
		if (one == NULL && other == NULL) continue;
		if (json_equal(one, other)) continue;
		UC_CLEANUP(uc_freep) char *x = json_dumps(one, 0);
		UC_CLEANUP(uc_freep) char *y = json_dumps(other, 0);
		fail_msg("table %s: %s and %s", test_tables[i].name, x, y);
	}
}

#endif
