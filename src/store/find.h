/* Finding certificates: conditions on any column, sorted, page by page, at a million of them. */
#ifndef UC_STORE_FIND_H
#define UC_STORE_FIND_H

#include "store/store.h"

enum uc_find_op { UC_FIND_CONTAINS, UC_FIND_BEGINS, UC_FIND_IS, UC_FIND_ENDS, UC_FIND_EMPTY, UC_FIND_BEFORE, UC_FIND_AFTER };

struct uc_condition {
	int column; /* index into the table of columns, private to find.c */
	enum uc_find_op op;
	char *value;  /* folded for searching; NULL for UC_FIND_EMPTY */
	uc_time time; /* for before and after */
};

#define UC_FIND_MAX_CONDITIONS 10
#define UC_FIND_MAX_LIMIT 1000

/* Zero-initialise, then fill through the functions below; release with uc_find_free(). */
struct uc_find {
	const char *usage; /* "own", "trust" or NULL for both; borrowed */
	const char *node;  /* what this node sees; borrowed; NULL for the whole cluster */
	struct uc_condition conditions[UC_FIND_MAX_CONDITIONS];
	size_t count;
	bool any; /* one condition is enough (default: all must hold) */
	int sort; /* column; private */
	bool descending;
	size_t limit; /* 0: 50 */
	char *cursor; /* where to go on; owned */
};

/*
 * Adds a condition as a person writes it: "issuer contains Example", "expires before 2027-01-01", "description is empty", "name begins with tom". Columns: name, common-name,
 * usage, unit (also: store, purpose), type, key-type, distribution, subject, issuer, serial, fingerprint, description, expires, starts. UC_EINPUT "bad-condition" names the word at fault and lists what is
 * allowed.
 */
enum uc_status uc_find_where(struct uc_find *f, const char *text, struct uc_error *e) UC_MUST;
/* "expires", "-expires" (descending). UC_EINPUT "bad-sort". */
enum uc_status uc_find_sort(struct uc_find *f, const char *text, struct uc_error *e) UC_MUST;
/* A cursor from an earlier answer; UC_EINPUT "bad-cursor" when it is not one, or is for another sort. */
enum uc_status uc_find_cursor(struct uc_find *f, const char *text, struct uc_error *e) UC_MUST;
void uc_find_free(struct uc_find *f);

/* One certificate of an answer. All borrowed, for the time of the call that gets it. */
struct uc_found {
	const char *usage, *unit, *name, *scope, *common_name, *subject, *issuer, *serial, *fingerprint, *type, *key_type, *distribution,
	    *description;
	uc_time not_before, not_after;
};
/* How an answer ends; release with uc_found_end_free(). */
struct uc_found_end {
	char *next;    /* the cursor of the next page; NULL when this is the last */
	int64_t total; /* or -1 when it is not known */
	bool stopped;  /* time was up before the page was full: go on with next */
};
void uc_found_end_free(struct uc_found_end *end);

/* Calls each(ctx, row) for the certificates of a page, in their order. UC_EINPUT "bad-limit" for more than UC_FIND_MAX_LIMIT. */
enum uc_status uc_store_find_each(struct uc_store *s, const struct uc_find *f, void (*each)(void *ctx, const struct uc_found *row),
                                  void *ctx, struct uc_found_end *end, struct uc_error *e) UC_MUST;

/*
 * The same as JSON: {"items":[ROW...],"next":CURSOR|null,"total":N|null,"notice":TEXT?}, owned. ROW has "usage","unit","name","scope","common_name","subject","issuer",
 * "serial","fingerprint","type","key_type","distribution","not_before","not_after","expires","state","description". total is known for lists without conditions (from the kept
 * counters), else null. A search that no index can help, as a "contains" of one or two characters, is bounded in time (300 ms): "notice" says so when it stopped early, and "next"
 * goes on with it. "now" is for "expires" and "state".
 */
enum uc_status uc_store_find(struct uc_store *s, const struct uc_find *f, uc_time now, json_t **out, struct uc_error *e) UC_MUST;

#endif
