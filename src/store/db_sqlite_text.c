/* The text index of the SQLite driver: an FTS5 table of trigrams. */
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

/* Where each character of a text begins, and the end of the last. */
struct characters {
	size_t at[1024];
	size_t count;
};

static struct characters characters_of(const char *text)
{
	struct characters c = {.count = 0};
	size_t len = strlen(text);
	size_t pos = 0;
	while (pos < len && c.count < sizeof c.at / sizeof c.at[0] - 1) {
		uint32_t cp;
		size_t n = uc_utf8_next(uc_slice_of(text + pos, len - pos), &cp);
		c.at[c.count++] = pos;
		pos += n > 0 ? n : 1;
	}
	c.at[c.count] = pos;
	return c;
}

static void add_trigram(struct uc_buf *out, const char *text, const struct characters *c, size_t first)
{
	uc_buf_add_u8(out, '"');
	for (size_t i = c->at[first]; i < c->at[first + 3]; i++) {
		if (text[i] == '"') uc_buf_add_u8(out, '"');
		uc_buf_add_u8(out, (uint8_t)text[i]);
	}
	uc_buf_add_u8(out, '"');
}

/* All trigrams of the needle that lie side by side, and the last one. */
static void add_needle(struct uc_buf *out, const struct uc_db_needle *needle)
{
	enum { MAX_TRIGRAMS = 24 };
	struct characters c = characters_of(needle->text);
	if (c.count < UC_DB_MIN_NEEDLE) return;
	if (out->len > 0) uc_buf_add_str(out, " AND ");
	uc_buf_printf(out, "%s : (", uc_db_text_columns[needle->column]);
	size_t last = c.count - 3;
	for (size_t first = 0, n = 0; first < last && n < MAX_TRIGRAMS; first += 3, n++) {
		add_trigram(out, needle->text, &c, first);
		uc_buf_add_str(out, " AND ");
	}
	add_trigram(out, needle->text, &c, last);
	uc_buf_add_str(out, ")");
}

enum uc_status uc_sqlite_text_find(struct uc_db *db, const struct uc_db_needle *needles, size_t count, size_t limit, struct uc_ids *out,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf query = UC_BUF_EMPTY;
	for (size_t i = 0; i < count; i++) add_needle(&query, &needles[i]);
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
