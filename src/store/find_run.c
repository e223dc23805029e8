/*
 * Answering a find, page by page.
 *
 * There are two ways: to walk along the index of the sort column and take what fulfils the conditions, which is quick when that is much, and to gather a small part of the
 * table that another index knows of and sort it, which is quick when there is one. Which is which is found out on the way: the first rows of a walk tell how long it will be.
 */
#include <stdlib.h>
#include <string.h>

#include "store/find_internal.h"

/* All in rows, but for the first; found by measuring. */
enum {
	DEFAULT_LIMIT = 50,
	TINY_PART = 256,     /* gathered without another thought */
	SMALL_PART = 2000,   /* gathered when a short walk does not promise to fill the page */
	LARGEST_PART = 8000, /* gathered when a longer one does not either: as slow as walking as many */
	FIRST_LOOK = 400,    /* by now a walk has shown how much it meets */
	LONG_WALK = 4000,
	STRETCH = 2000,
	LONGEST_STRETCH = 16000 /* between two looks at the clock */
};

#define MAX_SEARCH_NS INT64_C(300000000)

struct search {
	struct uc_store *s;
	const struct uc_find *f;
	void (*each)(void *ctx, const struct uc_found *row);
	void *ctx;
	const char *column; /* the sort */
	bool is_time;
	size_t left;               /* room on the page */
	size_t given;              /* rows given to each */
	struct uc_find_place from; /* where to go on: after this place */
	struct uc_find_place last; /* of the last row, when the page is full */
	int64_t last_id;           /* of the last row, when there is one */
	size_t watched;            /* rows looked at under watch */
	bool more;                 /* the page is full, and there is at least one more row */
	bool ended;                /* the walk has reached the end */
};

static void search_free(struct search *r)
{
	uc_find_place_free(&r->from);
	uc_find_place_free(&r->last);
}

/* ---- rows ---- */

/* What struct uc_found is made of, and two columns more: the id, and the value that is sorted by. */
#define ROW_COLUMNS                                                                                                                        \
	"usage, unit, name, scope, common_name, subject, issuer, serial, fingerprint, type, key_type, distribution, description, not_before, " \
	"not_after, id"

enum { ID_COLUMN = 15 };

static struct uc_found found_of(struct uc_stmt *st)
{
	return (struct uc_found){
	    .usage = uc_col_text(st, 0),
	    .unit = uc_col_text(st, 1),
	    .name = uc_col_text(st, 2),
	    .scope = uc_col_text(st, 3),
	    .common_name = uc_col_text(st, 4),
	    .subject = uc_col_text(st, 5),
	    .issuer = uc_col_text(st, 6),
	    .serial = uc_col_text(st, 7),
	    .fingerprint = uc_col_text(st, 8),
	    .type = uc_col_text(st, 9),
	    .key_type = uc_col_text(st, 10),
	    .distribution = uc_col_text(st, 11),
	    .description = uc_col_text(st, 12),
	    .not_before = uc_col_int(st, 13),
	    .not_after = uc_col_int(st, 14),
	};
}

/* The place of a row whose id is in the column id and whose sort column is the next one. */
static void place_of(const struct search *r, struct uc_stmt *st, int id, struct uc_find_place *p)
{
	uc_find_place_free(p);
	p->set = true;
	p->id = uc_col_int(st, id);
	if (r->is_time)
		p->time = uc_col_int(st, id + 1);
	else
		p->text = uc_strdup(uc_col_text(st, id + 1));
}

/* Runs a query of ROW_COLUMNS and the sort column, and puts its rows on the page. */
static enum uc_status take_rows(struct search *r, const struct uc_query *q, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(r->s->db, q, &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		if (r->left == 0) {
			r->more = true;
			return UC_OK;
		}
		struct uc_found found = found_of(st);
		r->each(r->ctx, &found);
		r->given++;
		r->last_id = uc_col_int(st, ID_COLUMN);
		if (--r->left == 0) place_of(r, st, ID_COLUMN, &r->last);
	}
}

/* ---- bounds on the index of the sort column ---- */

static void add_value(struct uc_query *q, const struct search *r, const char *text, int64_t number)
{
	if (r->is_time)
		uc_query_number(q, number);
	else
		uc_query_text(q, text);
}

/* "AND (column, id) OP (value, id)"; prefix as uc_db_no_index(), or "". */
static void add_place(struct uc_query *q, const struct search *r, const char *prefix, const char *op, const struct uc_find_place *p)
{
	uc_query_add(q, " AND (%s%s, id) %s (", prefix, r->column, op);
	add_value(q, r, p->text, p->time);
	uc_query_add(q, ", ");
	uc_query_number(q, p->id);
	uc_query_add(q, ")");
}

/* Adds the lower (or upper) bound that a condition on the sort column gives; false when it gives none. */
static bool add_bound(struct uc_query *q, const struct search *r, const struct uc_condition *c, bool lower)
{
	UC_CLEANUP(uc_freep) char *after = NULL;
	const char *value = c->value;
	const char *op = lower ? ">=" : "<=";
	switch (c->op) {
	case UC_FIND_IS:
		break;
	case UC_FIND_EMPTY:
		value = "";
		break;
	case UC_FIND_BEGINS:
		if (lower) break;
		after = uc_find_after_prefix(c->value);
		value = after;
		op = "<";
		if (after == NULL) return false;
		break;
	case UC_FIND_BEFORE:
		if (lower) return false;
		op = "<";
		break;
	case UC_FIND_AFTER:
		if (!lower) return false;
		op = ">";
		break;
	default:
		return false;
	}
	uc_query_add(q, " AND %s %s ", r->column, op);
	add_value(q, r, value, c->time);
	return true;
}

/* Only one bound at each end, since SQLite would take any of them for its index; the filter holds all the conditions anyway. */
static void add_condition_bound(struct uc_query *q, const struct search *r, bool lower)
{
	if (r->f->any && r->f->count > 1) return;
	for (size_t i = 0; i < r->f->count; i++)
		if (r->f->conditions[i].column == r->f->sort && add_bound(q, r, &r->f->conditions[i], lower)) return;
}

/* Where the walk begins and, at the place end unless that is not set, where it stops. */
static void add_bounds(struct uc_query *q, const struct search *r, const struct uc_find_place *end)
{
	bool down = r->f->descending;
	if (r->from.set)
		add_place(q, r, "", down ? "<" : ">", &r->from);
	else
		add_condition_bound(q, r, !down);
	if (end->set)
		add_place(q, r, "", down ? ">=" : "<=", end);
	else
		add_condition_bound(q, r, down);
}

static void add_order(struct uc_query *q, const struct search *r, const char *prefix)
{
	const char *order = r->f->descending ? "DESC" : "ASC";
	uc_query_add(q, " ORDER BY %s%s %s, id %s LIMIT ", prefix, r->column, order, order);
}

/* Do the bounds alone select what is wanted, so that every row walked is an item? */
static bool bounds_suffice(const struct search *r)
{
	const struct uc_find *f = r->f;
	if (f->usage != NULL || f->node != NULL || f->count > 1) return false;
	if (f->count == 0) return true;
	enum uc_find_op op = f->conditions[0].op;
	return f->conditions[0].column == f->sort && op != UC_FIND_CONTAINS && op != UC_FIND_ENDS;
}

/* ---- walking ---- */

/* Takes what fulfils the conditions up to the place end, or to the end of all when that is not set. */
static enum uc_status take_stretch(struct search *r, const struct uc_find_place *end, struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT " ROW_COLUMNS ", %s FROM entry WHERE ", r->column);
	bool any;
	uc_find_add_filter(&q, r->s->db, r->f, &any);
	if (!any) uc_query_add(&q, "1 = 1");
	add_bounds(&q, r, end);
	add_order(&q, r, "");
	uc_query_number(&q, (int64_t)r->left + 1);
	return take_rows(r, &q, e);
}

/* The place that many rows on, whatever is in them; it is not set when there are fewer. */
static enum uc_status stretch_end(const struct search *r, size_t rows, struct uc_find_place *end, struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT id, %s FROM entry WHERE 1 = 1", r->column);
	add_bounds(&q, r, end);
	add_order(&q, r, "");
	uc_query_add(&q, "1 OFFSET ");
	uc_query_number(&q, (int64_t)rows - 1);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(r->s->db, &q, &st, e));
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (row) place_of(r, st, 0, end);
	return UC_OK;
}

/* Walks on by that many rows at most. */
static enum uc_status walk_stretch(struct search *r, size_t rows, struct uc_error *e)
{
	UC_CLEANUP(uc_find_place_free) struct uc_find_place end = {.set = false};
	UC_TRY(stretch_end(r, rows, &end, e));
	UC_TRY(take_stretch(r, &end, e));
	r->ended = !end.set;
	uc_find_place_free(&r->from);
	r->from = end;
	end = (struct uc_find_place){.set = false};
	return UC_OK;
}

static bool done(const struct search *r)
{
	return r->more || r->ended;
}

/* Until the page is full, the end is reached, or time is up. */
static enum uc_status walk_by_stretches(struct search *r, int64_t deadline, struct uc_error *e)
{
	for (size_t rows = STRETCH; !done(r) && uc_monotonic_ns() < deadline; rows = rows < LONGEST_STRETCH ? rows * 2 : rows)
		UC_TRY(walk_stretch(r, rows, e));
	return UC_OK;
}

/* Will the page be full soon, by what the walk has met so far? */
static bool walk_is_short(void *ctx)
{
	struct search *r = ctx;
	r->watched += UC_DB_WATCH_ROWS;
	/* The first question may come early. */
	if (r->given == 0) return r->watched == UC_DB_WATCH_ROWS;
	return r->watched <= FIRST_LOOK || (r->watched < (size_t)2 * LONG_WALK && r->left * r->watched / r->given < LONG_WALK);
}

/* After a walk that was broken off: goes on after the last row that was given. */
static enum uc_status start_after_last(struct search *r, struct uc_error *e)
{
	if (r->given == 0) return UC_OK;
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT id, %s FROM entry WHERE id = ", r->column);
	uc_query_number(&q, r->last_id);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(r->s->db, &q, &st, e));
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	place_of(r, st, 0, &r->from);
	return UC_OK;
}

/* Walks as long as it promises to be short. */
static enum uc_status walk_if_short(struct search *r, struct uc_error *e)
{
	const struct uc_find_place no_end = {.set = false};
	struct uc_error why;
	if (!bounds_suffice(r)) uc_db_watch(r->s->db, walk_is_short, r);
	enum uc_status status = take_stretch(r, &no_end, &why);
	uc_db_watch(r->s->db, NULL, NULL);
	if (status == UC_ELIMIT && strcmp(why.id, "stopped") == 0) return start_after_last(r, e);
	r->ended = status == UC_OK && !r->more;
	if (status != UC_OK && e != NULL) *e = why;
	return status;
}

/* ---- gathering ---- */

static void add_part(struct uc_query *q, const struct search *r, const struct uc_find_part *part)
{
	const char *before;
	const char *after;
	UC_CLEANUP(uc_freep) char *list = NULL;
	switch (part->kind) {
	case UC_PART_CONDITION:
		uc_find_add_condition(q, &r->f->conditions[part->condition], "");
		break;
	case UC_PART_USAGE:
		uc_query_add(q, "usage = ");
		uc_query_text(q, r->f->usage);
		break;
	default:
		list = uc_db_id_list(r->s->db, &part->ids, &before, &after);
		uc_query_add(q, "%s", before);
		uc_query_text(q, list);
		uc_query_add(q, "%s", after);
		break;
	}
}

/* Sorts what matches in the part. What a walk has found comes before. */
static enum uc_status gather(struct search *r, const struct uc_find_part *part, struct uc_error *e)
{
	const char *no_index = uc_db_no_index(r->s->db);
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	bool any;
	uc_query_add(&q, "SELECT " ROW_COLUMNS ", %s FROM entry WHERE ", r->column);
	add_part(&q, r, part);
	uc_query_add(&q, " AND ");
	uc_find_add_filter(&q, r->s->db, r->f, &any);
	if (r->from.set) add_place(&q, r, no_index, r->f->descending ? "<" : ">", &r->from);
	add_order(&q, r, no_index);
	uc_query_number(&q, (int64_t)r->left + 1);
	UC_TRY(take_rows(r, &q, e));
	r->ended = !r->more;
	return UC_OK;
}

static enum uc_status gather_if_small(struct search *r, size_t cap, bool at_once, struct uc_error *e)
{
	UC_CLEANUP(uc_find_part_free) struct uc_find_part part = {.kind = UC_PART_NONE};
	UC_TRY(uc_find_narrow(r->s, r->f, cap, at_once, &part, e));
	return part.kind != UC_PART_NONE ? gather(r, &part, e) : UC_OK;
}

/* ---- both ---- */

static enum uc_status search(struct search *r, struct uc_error *e)
{
	int64_t deadline = uc_monotonic_ns() + MAX_SEARCH_NS;
	if (!bounds_suffice(r)) UC_TRY(gather_if_small(r, TINY_PART, true, e));
	if (!done(r)) UC_TRY(walk_if_short(r, e));
	if (!done(r)) UC_TRY(gather_if_small(r, SMALL_PART, false, e));
	if (!done(r)) UC_TRY(walk_stretch(r, STRETCH, e));
	if (!done(r)) UC_TRY(gather_if_small(r, LARGEST_PART, false, e));
	return walk_by_stretches(r, deadline, e);
}

/* From the kept counters, for a list without conditions. */
static enum uc_status total_of(struct uc_store *s, const struct uc_find *f, int64_t *total, struct uc_error *e)
{
	*total = -1;
	if (f->count > 0) return UC_OK;
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	bool any;
	uc_query_add(&q, "SELECT coalesce(sum(n), 0) FROM counter");
	if (f->usage != NULL || f->node != NULL) uc_query_add(&q, " WHERE ");
	uc_find_add_filter(&q, s->db, f, &any);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(s->db, &q, &st, e));
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*total = uc_col_int(st, 0);
	return UC_OK;
}

static enum uc_status find(struct search *r, struct uc_found_end *end, struct uc_error *e)
{
	if (r->f->cursor != NULL) UC_TRY(uc_find_place_read(r->f, r->f->cursor, &r->from, e));
	UC_TRY(search(r, e));
	UC_TRY(total_of(r->s, r->f, &end->total, e));
	end->stopped = !done(r);
	if (end->stopped || r->more) end->next = uc_find_place_write(r->f, end->stopped ? &r->from : &r->last);
	return UC_OK;
}

void uc_found_end_free(struct uc_found_end *end)
{
	free(end->next);
	*end = (struct uc_found_end){.next = NULL};
}

enum uc_status uc_store_find_each(struct uc_store *s, const struct uc_find *f, void (*each)(void *ctx, const struct uc_found *row),
                                  void *ctx, struct uc_found_end *end, struct uc_error *e)
{
	*end = (struct uc_found_end){.next = NULL};
	if (f->limit > UC_FIND_MAX_LIMIT)
		return uc_fail_field(e, UC_EINPUT, "bad-limit", "limit", "Ask for the next page instead.",
		                     "a page has at most %d certificates, not %zu", UC_FIND_MAX_LIMIT, f->limit);
	UC_CLEANUP(search_free)
	struct search r = {
	    .s = s,
	    .f = f,
	    .each = each,
	    .ctx = ctx,
	    .column = uc_find_columns[f->sort].column,
	    .is_time = uc_find_columns[f->sort].kind == UC_FIND_TIME,
	    .left = f->limit == 0 ? DEFAULT_LIMIT : f->limit,
	};
	/* The statements of one answer see one state. */
	if (uc_db_in_transaction(s->db)) return find(&r, end, e);
	UC_TRY(uc_store_read_begin(s, e));
	enum uc_status status = find(&r, end, e);
	uc_store_read_end(s);
	return status;
}
