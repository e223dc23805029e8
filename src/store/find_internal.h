/* What the files of find share. */
#ifndef UC_STORE_FIND_INTERNAL_H
#define UC_STORE_FIND_INTERNAL_H

#include "store/find.h"
#include "store/store_internal.h"

struct uc_find_column {
	const char *name;
	const char *column; /* of entry, indexed: text folded, or a time */
	enum uc_find_kind {
		UC_FIND_TEXT,
		UC_FIND_HEX, /* typed with or without colons */
		UC_FIND_FEW, /* text of a few values */
		UC_FIND_TIME
	} kind;
	int text_index; /* in uc_db_text_columns, or -1 */
};

extern const struct uc_find_column uc_find_columns[];
extern const size_t uc_find_column_count;

/* ---- find_cursor.c ---- */

/* A place in the order of the sort column and the id. */
struct uc_find_place {
	bool set;
	char *text;   /* owned; the sort column's value, */
	uc_time time; /* or this for a time */
	int64_t id;
};
void uc_find_place_free(struct uc_find_place *p);
/* The cursor of a place for this sort. Free with free(). */
char *uc_find_place_write(const struct uc_find *f, const struct uc_find_place *p);
/* UC_EINPUT "bad-cursor". The place is owned. */
enum uc_status uc_find_place_read(const struct uc_find *f, const char *cursor, struct uc_find_place *p, struct uc_error *e) UC_MUST;

/* ---- query.c: SQL that is put together, with its parameters ---- */

enum { UC_QUERY_MAX_PARAMS = 48 };

struct uc_query {
	struct uc_buf sql;
	struct {
		char *text; /* owned; NULL for a number */
		int64_t number;
	} params[UC_QUERY_MAX_PARAMS];
	int count;
};
void uc_query_free(struct uc_query *q);
void uc_query_add(struct uc_query *q, const char *fmt, ...) UC_PRINTF(2, 3);
/* Add "$n" for a value. */
void uc_query_text(struct uc_query *q, const char *text);
void uc_query_number(struct uc_query *q, int64_t v);
/* The statement, with its parameters bound. */
enum uc_status uc_query_stmt(struct uc_db *db, const struct uc_query *q, struct uc_stmt **out, struct uc_error *e) UC_MUST;

/* ---- find_where.c: conditions in SQL ---- */

/* Adds "COLUMN LIKE ..." for a column that contains the value, or ends with it; both are folded. */
void uc_find_add_like(struct uc_query *q, const char *column, const char *value, bool ends);
/* Adds one condition; prefix as uc_db_no_index(), or "". */
void uc_find_add_condition(struct uc_query *q, const struct uc_condition *c, const char *prefix);
/* Adds all that a row must fulfil, as "a AND (b OR c)"; *any tells whether there was anything. Columns are not used as indexes. */
void uc_find_add_filter(struct uc_query *q, const struct uc_db *db, const struct uc_find *f, bool *any);
/* The smallest text that is greater than all that begin with prefix; NULL when there is none. Free with free(). */
char *uc_find_after_prefix(const char *prefix);

/* ---- find_narrow.c ---- */

/* A small part of the table in which all rows lie that match; not all that lie in it need match. */
struct uc_find_part {
	enum {
		UC_PART_NONE,      /* no small one is known */
		UC_PART_CONDITION, /* those that fulfil this condition, of which an index knows */
		UC_PART_USAGE,     /* those of f->usage */
		UC_PART_IDS        /* these */
	} kind;
	size_t condition;
	struct uc_ids ids;
};
void uc_find_part_free(struct uc_find_part *part);
/* Looks for a part of at most cap rows; at_once: only where that takes no time, so not in the text index. */
enum uc_status uc_find_narrow(struct uc_store *s, const struct uc_find *f, size_t cap, bool at_once, struct uc_find_part *out,
                              struct uc_error *e) UC_MUST;

#endif
