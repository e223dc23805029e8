/* The text index of the SQLite driver: an FTS5 table of trigrams. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "store/db_sqlite.h"

static const char add_sql[] =
    "INSERT INTO entry_text (rowid, k_name, k_common_name, k_subject, k_issuer, k_description, fingerprint, serial) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
static const char drop_sql[] =
    "INSERT INTO entry_text (entry_text, rowid, k_name, k_common_name, k_subject, k_issuer, k_description, fingerprint, serial) "
    "VALUES ('delete', $1, $2, $3, $4, $5, $6, $7, $8)";

enum uc_status uc_sqlite_text_change(struct uc_db *db, bool add, int64_t id, const char *const values[UC_DB_TEXT_COLUMNS],
                                     struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	UC_TRY(uc_db_stmt(db, add ? add_sql : drop_sql, &s, e));
	uc_bind_int(s, 1, id);
	for (int i = 0; i < UC_DB_TEXT_COLUMNS; i++) uc_bind_text(s, i + 2, values[i]);
	return uc_stmt_run(s, NULL, e);
}

enum uc_status uc_sqlite_text_clear(struct uc_db *db, struct uc_error *e)
{
	return uc_db_exec(db, "INSERT INTO entry_text (entry_text) VALUES ('delete-all')", e);
}

/* Where each character of a text begins, and the end of the last. */
struct characters {
	size_t at[1024];
	size_t count;
};

static void find_characters(const char *text, struct characters *c)
{
	size_t len = strlen(text);
	size_t pos = 0;
	c->count = 0;
	while (pos < len && c->count < sizeof c->at / sizeof c->at[0] - 1) {
		uint32_t cp;
		size_t n = uc_utf8_next(uc_slice_of(text + pos, len - pos), &cp);
		c->at[c->count++] = pos;
		pos += n > 0 ? n : 1;
	}
	c->at[c->count] = pos;
}

/* ---- which trigrams of a needle to ask for ---- */

enum {
	MAX_TRIGRAMS = 32,
	MAX_ASKED = 3,    /* more of them cost more than they exclude */
	SAMPLE_ROWS = 32, /* looked at to tell which are rare, */
	SAMPLE_USES = 500 /* and kept for so many questions: old ones do as well */
};

struct trigram {
	char text[16]; /* three characters */
	int met;       /* texts of the sample that have it */
	int letters;   /* what has digits is mostly rarer */
};

struct trigrams {
	struct trigram items[MAX_TRIGRAMS];
	size_t count;
};

/* Those that lie side by side, and the last one. */
static void add_trigram(struct trigrams *t, const char *text, const struct characters *c, size_t first)
{
	struct trigram *to = &t->items[t->count++];
	*to = (struct trigram){.met = 0};
	memcpy(to->text, text + c->at[first], c->at[first + 3] - c->at[first]);
}

static void find_trigrams(const char *text, struct trigrams *t)
{
	struct characters c;
	find_characters(text, &c);
	t->count = 0;
	if (c.count < 3) return;
	for (size_t first = 0; first + 3 < c.count && t->count < MAX_TRIGRAMS - 1; first += 3) add_trigram(t, text, &c, first);
	add_trigram(t, text, &c, c.count - 3);
}

void uc_sqlite_sample_free(struct sqlite_db *d)
{
	for (size_t i = 0; i < UC_DB_TEXT_COLUMNS; i++) uc_strv_free(&d->sample[i]);
}

/* Reads rows that are spread over the table, unless that was done lately. */
static enum uc_status have_sample(struct uc_db *db, struct uc_error *e)
{
	struct sqlite_db *d = uc_sqlite(db);
	if (d->sample_uses++ % SAMPLE_USES != 0) return UC_OK;
	uc_sqlite_sample_free(d);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	UC_TRY(uc_db_stmt(db,
	                  "WITH RECURSIVE spread (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM spread WHERE n < $1 - 1) "
	                  "SELECT k_name, k_common_name, k_subject, k_issuer, k_description, fingerprint, serial FROM spread "
	                  "JOIN entry ON id = (SELECT min(id) FROM entry WHERE id >= n * (SELECT max(id) FROM entry) / $1)",
	                  &s, e));
	uc_bind_int(s, 1, SAMPLE_ROWS);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(s, &row, e));
		if (!row) return UC_OK;
		for (int i = 0; i < UC_DB_TEXT_COLUMNS; i++) uc_strv_add(&d->sample[i], uc_col_text(s, i));
	}
}

static void judge(struct trigram *t, const struct uc_strv *sample)
{
	for (size_t i = 0; i < sample->count; i++) t->met += strstr(sample->items[i], t->text) != NULL ? 1 : 0;
	for (const char *p = t->text; *p != '\0'; p++) t->letters += *p >= '0' && *p <= '9' ? 0 : 1;
}

static int by_rarity(const void *a, const void *b)
{
	const struct trigram *x = a;
	const struct trigram *y = b;
	return x->met != y->met ? x->met - y->met : x->letters - y->letters;
}

/* The index has to step over every row that has a trigram, so only the rarest of a needle are asked for. */
static enum uc_status keep_rarest(struct uc_db *db, size_t column, struct trigrams *t, struct uc_error *e)
{
	if (t->count <= 1) return UC_OK;
	UC_TRY(have_sample(db, e));
	for (size_t i = 0; i < t->count; i++) judge(&t->items[i], &uc_sqlite(db)->sample[column]);
	qsort(t->items, t->count, sizeof t->items[0], by_rarity);
	if (t->count > MAX_ASKED) t->count = MAX_ASKED;
	while (t->count > 1 && t->items[t->count - 1].met > SAMPLE_ROWS / 3) t->count--;
	return UC_OK;
}

static void add_quoted(struct uc_buf *out, const char *text)
{
	uc_buf_add_u8(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"') uc_buf_add_u8(out, '"');
		uc_buf_add_u8(out, (uint8_t)*text);
	}
	uc_buf_add_u8(out, '"');
}

static enum uc_status add_needle(struct uc_db *db, struct uc_buf *out, const struct uc_db_needle *needle, struct uc_error *e)
{
	struct trigrams t;
	find_trigrams(needle->text, &t);
	UC_TRY(keep_rarest(db, needle->column, &t, e));
	for (size_t i = 0; i < t.count; i++) {
		if (out->len > 0) uc_buf_add_str(out, " AND ");
		uc_buf_printf(out, "%s : ", uc_db_text_columns[needle->column]);
		add_quoted(out, t.items[i].text);
	}
	return UC_OK;
}

enum uc_status uc_sqlite_text_find(struct uc_db *db, const struct uc_db_needle *needles, size_t count, size_t limit, struct uc_ids *out,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf query = UC_BUF_EMPTY;
	for (size_t i = 0; i < count; i++) UC_TRY(add_needle(db, &query, &needles[i], e));
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&query);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	UC_TRY(uc_db_stmt(db, "SELECT rowid FROM entry_text WHERE entry_text MATCH $1 LIMIT $2", &s, e));
	uc_bind_text(s, 1, text);
	uc_bind_int(s, 2, (int64_t)limit);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(s, &row, e));
		if (!row) return UC_OK;
		uc_ids_add(out, uc_col_int(s, 0));
	}
}
