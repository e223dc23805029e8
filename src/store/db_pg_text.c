/* The text index of the PostgreSQL driver: an index of trigrams on the table itself, which the server keeps. */
#include "store/db_pg.h"

enum uc_status uc_pg_text_change(struct uc_db *db, bool add, int64_t id, const char *const values[UC_DB_TEXT_COLUMNS], struct uc_error *e)
{
	(void)db, (void)add, (void)id, (void)values, (void)e;
	return UC_OK;
}

/* A pattern of LIKE for what contains the text. */
static char *pattern_of(const char *text)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add_u8(&out, '%');
	for (; *text != '\0'; text++) {
		if (*text == '%' || *text == '_' || *text == '\\') uc_buf_add_u8(&out, '\\');
		uc_buf_add_u8(&out, (uint8_t)*text);
	}
	uc_buf_add_u8(&out, '%');
	return uc_buf_take_str(&out);
}

enum uc_status uc_pg_text_find(struct uc_db *db, const struct uc_db_needle *needles, size_t count, size_t limit, struct uc_ids *out,
                               struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf sql = UC_BUF_EMPTY;
	uc_buf_add_str(&sql, "SELECT id FROM entry WHERE ");
	for (size_t i = 0; i < count; i++) uc_buf_printf(&sql, "%s LIKE $%zu AND ", uc_db_text_columns[needles[i].column], i + 2);
	uc_buf_add_str(&sql, "1 = 1 LIMIT $1");
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&sql);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	UC_TRY(uc_db_stmt(db, text, &s, e));
	uc_bind_int(s, 1, (int64_t)limit);
	for (size_t i = 0; i < count; i++) {
		UC_CLEANUP(uc_freep) char *pattern = pattern_of(needles[i].text);
		uc_bind_text(s, (int)i + 2, pattern);
	}
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(s, &row, e));
		if (!row) return UC_OK;
		uc_ids_add(out, uc_col_int(s, 0));
	}
}
