/*
 * Answering a find, page by page.
 *
 * There are two ways: to walk along the index of the sort column and take what fulfils the conditions, which is quick when that is much, and to gather the candidates
 * that another index gives and sort them, which is quick when they are few. Which is which is found out on the way: a short walk tells how much fulfils the conditions.
 */
#include <stdlib.h>
#include <string.h>

#include "store/find_internal.h"

enum {
	DEFAULT_LIMIT = 50,
	FEW_CANDIDATES = 256,   /* gathered without another thought */
	MANY_CANDIDATES = 8000, /* the most that are gathered: as slow as walking as many rows */
	LONG_WALK = 4000,       /* rows; looking for candidates first costs less */
	MAX_STRETCH = 16000     /* rows walked between two looks at the clock */
};

#define MAX_SEARCH_NS INT64_C(300000000)

struct search {
	struct uc_store *s;
	const struct uc_find *f;
	uc_time now;
	size_t limit;
	const char *column; /* the sort */
	bool is_time;
	json_t *items;
	struct uc_find_place from; /* where to go on: after this place */
	struct uc_find_place last; /* of the last item */
	size_t walked;             /* rows looked at */
	bool more;                 /* the page is full, and there is at least one more row */
	bool ended;                /* the walk has reached the end */
};

static void search_free(struct search *r)
{
	json_decref(r->items);
	uc_find_place_free(&r->from);
	uc_find_place_free(&r->last);
}

/* ---- bounds on the index of the sort column ---- */

static void add_value(struct uc_query *q, const struct search *r, const char *text, int64_t number)
{
	if (r->is_time)
		uc_query_number(q, number);
	else
		uc_query_text(q, text);
}

/* "AND (column, id) OP (value, id)" */
static void add_place(struct uc_query *q, const struct search *r, const char *op, const struct uc_find_place *p)
{
	uc_query_add(q, " AND (%s, id) %s (", r->column, op);
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
		add_place(q, r, down ? "<" : ">", &r->from);
	else
		add_condition_bound(q, r, !down);
	if (end->set)
		add_place(q, r, down ? ">=" : "<=", end);
	else
		add_condition_bound(q, r, down);
}

static void add_order(struct uc_query *q, const struct search *r)
{
	const char *order = r->f->descending ? "DESC" : "ASC";
	uc_query_add(q, " ORDER BY %s %s, id %s LIMIT ", r->column, order, order);
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

/* Adds the rows of a statement to the page. */
static enum uc_status take_rows(struct search *r, struct uc_stmt *st, struct uc_error *e)
{
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		if (json_array_size(r->items) == r->limit) {
			r->more = true;
			return UC_OK;
		}
		json_array_append_new(r->items, uc_find_row(st, r->now));
		if (json_array_size(r->items) == r->limit) uc_find_place_of(r->f, st, 0, UC_FIND_ROW_SORT, &r->last);
	}
}

/* Takes what fulfils the conditions up to the place end, or to the end of all when that is not set. */
static enum uc_status take_stretch(struct search *r, const struct uc_find_place *end, struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT " UC_FIND_ROW_COLUMNS ", %s FROM entry WHERE ", r->column);
	bool any;
	uc_find_add_filter(&q, r->s->db, r->f, &any);
	if (!any) uc_query_add(&q, "1 = 1");
	add_bounds(&q, r, end);
	add_order(&q, r);
	uc_query_number(&q, (int64_t)(r->limit - json_array_size(r->items)) + 1);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(r->s->db, &q, &st, e));
	return take_rows(r, st, e);
}

/* The place that many rows on, whatever is in them; it is not set when there are fewer. */
static enum uc_status stretch_end(const struct search *r, size_t rows, struct uc_find_place *end, struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	uc_query_add(&q, "SELECT id, %s FROM entry WHERE 1 = 1", r->column);
	add_bounds(&q, r, end);
	add_order(&q, r);
	uc_query_add(&q, "1 OFFSET ");
	uc_query_number(&q, (int64_t)rows - 1);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(r->s->db, &q, &st, e));
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (row) uc_find_place_of(r->f, st, 0, 1, end);
	return UC_OK;
}

/* Walks on by that many rows at most. */
static enum uc_status walk(struct search *r, size_t rows, struct uc_error *e)
{
	UC_CLEANUP(uc_find_place_free) struct uc_find_place end = {.set = false};
	if (!bounds_suffice(r)) UC_TRY(stretch_end(r, rows, &end, e));
	UC_TRY(take_stretch(r, &end, e));
	r->walked += rows;
	r->ended = !end.set;
	if (!end.set) return UC_OK;
	uc_find_place_free(&r->from);
	r->from = end;
	end = (struct uc_find_place){.set = false};
	return UC_OK;
}

static bool done(const struct search *r)
{
	return r->more || r->ended;
}

static enum uc_status walk_on(struct search *r, int64_t deadline, struct uc_error *e)
{
	for (size_t rows = LONG_WALK / 2; !done(r) && uc_monotonic_ns() < deadline; rows = rows < MAX_STRETCH ? rows * 2 : rows)
		UC_TRY(walk(r, rows, e));
	return UC_OK;
}

/* How many rows the walk still has to go to fill the page, by what it has met so far. */
static size_t expected_walk(const struct search *r)
{
	size_t met = json_array_size(r->items);
	return met == 0 ? SIZE_MAX : (r->limit - met) * r->walked / met;
}

/* ---- gathering ---- */

struct gathered {
	struct uc_find_place *items;
	size_t count;
};

static void gathered_free(struct gathered *g)
{
	for (size_t i = 0; i < g->count; i++) uc_find_place_free(&g->items[i]);
	free(g->items);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static int by_place(const void *a, const void *b)
{
	const struct uc_find_place *x = a;
	const struct uc_find_place *y = b;
	int order = x->text != NULL ? strcmp(x->text, y->text) : (x->time > y->time) - (x->time < y->time);
	return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

/* Keeps of the candidates those that fulfil the conditions and lie after the cursor. */
static enum uc_status check_candidates(struct search *r, const struct uc_ids *ids, struct gathered *g, struct uc_error *e)
{
	UC_CLEANUP(uc_query_free) struct uc_query q = {.count = 0};
	bool any;
	uc_query_add(&q, "SELECT id, %s FROM entry WHERE id = ", r->column);
	uc_query_number(&q, 0);
	uc_query_add(&q, " AND ");
	uc_find_add_filter(&q, r->s->db, r->f, &any);
	if (r->from.set) add_place(&q, r, r->f->descending ? "<" : ">", &r->from);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_query_stmt(r->s->db, &q, &st, e));
	for (size_t i = 0; i < ids->count; i++) {
		if (i > 0 && ids->items[i] == ids->items[i - 1]) continue;
		bool row;
		uc_stmt_again(st);
		uc_bind_int(st, 1, ids->items[i]);
		UC_TRY(uc_stmt_step(st, &row, e));
		if (row) uc_find_place_of(r->f, st, 0, 1, &g->items[g->count++]);
	}
	return UC_OK;
}

static enum uc_status take_row(struct search *r, int64_t id, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(r->s->db, "SELECT " UC_FIND_ROW_COLUMNS " FROM entry WHERE id = $1", &st, e));
	uc_bind_int(st, 1, id);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (row) json_array_append_new(r->items, uc_find_row(st, r->now));
	return UC_OK;
}

static enum uc_status gather(struct search *r, struct uc_ids *ids, struct uc_error *e)
{
	UC_CLEANUP(gathered_free) struct gathered g = {.items = uc_zalloc(ids->count + 1, sizeof *g.items)};
	if (ids->count > 0) qsort(ids->items, ids->count, sizeof *ids->items, by_number);
	UC_TRY(check_candidates(r, ids, &g, e));
	if (g.count > 0) qsort(g.items, g.count, sizeof *g.items, by_place);
	json_array_clear(r->items);
	for (size_t i = 0; i < g.count && i < r->limit; i++) {
		struct uc_find_place *p = &g.items[r->f->descending ? g.count - 1 - i : i];
		UC_TRY(take_row(r, p->id, e));
		if (i + 1 < r->limit) continue;
		r->more = g.count > r->limit;
		uc_find_place_free(&r->last);
		r->last = *p;
		*p = (struct uc_find_place){.set = false};
	}
	r->ended = !r->more;
	return UC_OK;
}

/* ---- both ---- */

static enum uc_status gather_if_few(struct search *r, size_t cap, struct uc_error *e)
{
	UC_CLEANUP(uc_ids_free) struct uc_ids ids = {.items = NULL};
	bool found;
	UC_TRY(uc_find_candidates(r->s, r->f, cap, &ids, &found, e));
	return found ? gather(r, &ids, e) : UC_OK;
}

static enum uc_status search(struct search *r, struct uc_error *e)
{
	int64_t deadline = uc_monotonic_ns() + MAX_SEARCH_NS;
	if (bounds_suffice(r)) return walk(r, 0, e);
	UC_TRY(gather_if_few(r, FEW_CANDIDATES, e));
	if (done(r)) return UC_OK;
	/* Gathering begins again at the cursor. */
	struct uc_find_place start = {.set = r->from.set, .time = r->from.time, .id = r->from.id};
	UC_CLEANUP(uc_freep) char *start_text = r->from.text != NULL ? uc_strdup(r->from.text) : NULL;
	UC_TRY(walk(r, 8 * r->limit + 100, e));
	if (!done(r) && expected_walk(r) > LONG_WALK) {
		struct uc_find_place reached = r->from;
		r->from = start;
		r->from.text = start_text;
		enum uc_status status = gather_if_few(r, MANY_CANDIDATES, e);
		r->from = reached;
		UC_TRY(status);
	}
	return walk_on(r, deadline, e);
}

/* ---- the answer ---- */

/* From the kept counters, for a list without conditions. */
static enum uc_status total_of(struct uc_store *s, const struct uc_find *f, json_t **out, struct uc_error *e)
{
	*out = json_null();
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
	*out = json_integer(uc_col_int(st, 0));
	return UC_OK;
}

static enum uc_status answer(struct search *r, json_t **out, struct uc_error *e)
{
	json_t *total;
	UC_TRY(total_of(r->s, r->f, &total, e));
	bool stopped = !done(r);
	UC_CLEANUP(uc_freep) char *next = done(r) && !r->more ? NULL : uc_find_place_write(r->f, stopped ? &r->from : &r->last);
	*out = json_object();
	json_object_set(*out, "items", r->items);
	json_object_set_new(*out, "next", next != NULL ? json_string(next) : json_null());
	json_object_set_new(*out, "total", total);
	if (stopped)
		json_object_set_new(
		    *out, "notice",
		    json_string(
		        "The search was stopped after 0.3 seconds and may have found only some of the certificates; the next page goes on with it. "
		        "A condition of three characters or more is found at once."));
	return UC_OK;
}

static enum uc_status find(struct uc_store *s, const struct uc_find *f, uc_time now, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(search_free)
	struct search r = {
	    .s = s,
	    .f = f,
	    .now = now,
	    .limit = f->limit == 0 ? DEFAULT_LIMIT : f->limit,
	    .column = uc_find_columns[f->sort].column,
	    .is_time = uc_find_columns[f->sort].kind == UC_FIND_TIME,
	    .items = json_array(),
	};
	if (f->cursor != NULL) UC_TRY(uc_find_place_read(f, f->cursor, &r.from, e));
	UC_TRY(search(&r, e));
	return answer(&r, out, e);
}

enum uc_status uc_store_find(struct uc_store *s, const struct uc_find *f, uc_time now, json_t **out, struct uc_error *e)
{
	if (f->limit > UC_FIND_MAX_LIMIT)
		return uc_fail_field(e, UC_EINPUT, "bad-limit", "limit", "Ask for the next page instead.",
		                     "a page has at most %d certificates, not %zu", UC_FIND_MAX_LIMIT, f->limit);
	/* The statements of one answer see one state. */
	if (uc_db_in_transaction(s->db)) return find(s, f, now, out, e);
	UC_TRY(uc_store_read_begin(s, e));
	enum uc_status status = find(s, f, now, out, e);
	uc_store_read_end(s);
	return status;
}
