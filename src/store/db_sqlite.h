/* What the two files of the SQLite driver share. */
#ifndef UC_STORE_DB_SQLITE_H
#define UC_STORE_DB_SQLITE_H

#include <sqlite3.h>

#include "core/text.h"
#include "store/db_driver.h"

struct sqlite_db {
	struct uc_db base;
	sqlite3 *h;
	char *path;
	/* Texts of some rows, by which the text index tells frequent pieces from rare ones. */
	struct uc_strv sample[UC_DB_TEXT_COLUMNS];
	unsigned sample_uses;
};

struct sqlite_stmt {
	struct uc_stmt base;
	sqlite3_stmt *h;
	int place[UC_DB_MAX_PARAMS]; /* of $n */
	int bind_failed;             /* the result code of a bind that failed, told by the next step */
};

static inline struct sqlite_db *uc_sqlite(struct uc_db *db)
{
	return (struct sqlite_db *)db;
}

static inline struct sqlite_stmt *uc_sqlite_stmt(struct uc_stmt *s)
{
	return (struct sqlite_stmt *)s;
}

/*
 * Text is folded before it comes here, hence case_sensitive. Without positions (detail) and sizes (columnsize) the index is a third as large: what it gives is checked
 * against the row anyway. It has no content of its own.
 */
#define UC_SQLITE_TEXT_INDEX                                                                                                      \
	"CREATE VIRTUAL TABLE entry_text USING fts5(k_name, k_common_name, k_subject, k_issuer, k_description, fingerprint, serial, " \
	"content='', "                                                                                                                \
	"columnsize=0, detail=column, tokenize='trigram case_sensitive 1');"                                                          \
	"INSERT INTO entry_text (entry_text, rank) VALUES ('hashsize', 8388608);"

enum uc_status uc_sqlite_text_change(struct uc_db *db, bool add, int64_t id, const char *const values[UC_DB_TEXT_COLUMNS],
                                     struct uc_error *e) UC_MUST;
enum uc_status uc_sqlite_text_clear(struct uc_db *db, struct uc_error *e) UC_MUST;
void uc_sqlite_sample_free(struct sqlite_db *d);
enum uc_status uc_sqlite_text_find(struct uc_db *db, const struct uc_db_needle *needles, size_t count, size_t limit, struct uc_ids *out,
                                   struct uc_error *e) UC_MUST;

#endif
