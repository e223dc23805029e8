/*
 * Counting certificates without looking at each. The totals are kept (entry.c); how many expire in a span of time is the length of a
 * range of the index of that column, which is read without its rows. Neither knows identities from trust certificates, but identities are
 * few: they are looked at, and trust certificates are the rest.
 */
#include "store/survey.h"

#include <string.h>

#include "store/store_internal.h"

static const char *const state_names[UC_SURVEY_STATES] = {[UC_SURVEY_VALID] = "valid",
                                                          [UC_SURVEY_EXPIRING] = "expiring",
                                                          [UC_SURVEY_EXPIRED] = "expired",
                                                          [UC_SURVEY_NOT_YET_VALID] = "not-yet-valid"};

const char *uc_survey_state_name(enum uc_survey_state state)
{
	return state_names[state];
}

struct counting {
	struct uc_store *s;
	uc_time now;
	const uc_time *edges;
	size_t count;
	struct uc_survey *out;
};

/* ---- identities, one by one ---- */

static enum uc_survey_state state_of(uc_time not_before, uc_time not_after, uc_time now)
{
	const char *name = uc_time_state(not_before, not_after, now);
	enum uc_survey_state state = UC_SURVEY_VALID;
	while (state < UC_SURVEY_STATES - 1 && strcmp(state_names[state], name) != 0) state++;
	return state;
}

static size_t span_of(const struct counting *c, uc_time not_after)
{
	size_t span = 0;
	while (span < c->count && not_after >= c->edges[span]) span++;
	return span;
}

static enum uc_status count_own(const struct counting *c, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(c->s->db, "SELECT not_before, not_after FROM entry WHERE usage = 'own'", &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		c->out->total.own++;
		c->out->states[state_of(uc_col_int(st, 0), uc_col_int(st, 1), c->now)].own++;
		c->out->spans[span_of(c, uc_col_int(st, 1))].own++;
	}
}

/* ---- all, by ranges of an index ---- */

static enum uc_status count_range(const struct counting *c, uc_time from, uc_time to, int64_t *n, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(c->s->db, "SELECT count(*) FROM entry WHERE not_after >= $1 AND not_after < $2", &st, e));
	uc_bind_int(st, 1, from);
	uc_bind_int(st, 2, to);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*n = uc_col_int(st, 0);
	return UC_OK;
}

/* The last span, which nearly all lie in, is what is left of the total. */
static enum uc_status count_spans(const struct counting *c, int64_t total, struct uc_error *e)
{
	int64_t rest = total;
	for (size_t i = 0; i < c->count; i++) {
		int64_t n;
		UC_TRY(count_range(c, i == 0 ? INT64_MIN : c->edges[i - 1], c->edges[i], &n, e));
		c->out->spans[i].trust = n - c->out->spans[i].own;
		rest -= n;
	}
	c->out->spans[c->count].trust = rest - c->out->spans[c->count].own;
	return UC_OK;
}

/* Those whose time has not come: few, and some of them would count as expiring. */
static enum uc_status count_early(const struct counting *c, uc_time soon, int64_t *early, int64_t *early_and_expiring, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_CLEANUP(uc_freep)
	char *sql = uc_sprintf("SELECT count(*), coalesce(sum(CASE WHEN not_after < $2 THEN 1 ELSE 0 END), 0) FROM entry "
	                       "WHERE not_before > $1 AND %snot_after >= $1",
	                       uc_db_no_index(c->s->db));
	UC_TRY(uc_db_stmt(c->s->db, sql, &st, e));
	uc_bind_int(st, 1, c->now);
	uc_bind_int(st, 2, soon);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*early = uc_col_int(st, 0);
	*early_and_expiring = uc_col_int(st, 1);
	return UC_OK;
}

/* The borders of uc_time_state(). */
static enum uc_status count_states(const struct counting *c, int64_t total, struct uc_error *e)
{
	int64_t n[UC_SURVEY_STATES];
	int64_t early_and_expiring;
	uc_time soon = c->now + UC_EXPIRING_DAYS * UC_DAY;
	if (soon > UC_TIME_MAX) soon = UC_TIME_MAX;
	UC_TRY(count_range(c, INT64_MIN, c->now, &n[UC_SURVEY_EXPIRED], e));
	UC_TRY(count_range(c, c->now, soon, &n[UC_SURVEY_EXPIRING], e));
	UC_TRY(count_early(c, soon, &n[UC_SURVEY_NOT_YET_VALID], &early_and_expiring, e));
	n[UC_SURVEY_EXPIRING] -= early_and_expiring;
	n[UC_SURVEY_VALID] = total - n[UC_SURVEY_EXPIRED] - n[UC_SURVEY_EXPIRING] - n[UC_SURVEY_NOT_YET_VALID];
	for (size_t i = 0; i < UC_SURVEY_STATES; i++) c->out->states[i].trust = n[i] - c->out->states[i].own;
	return UC_OK;
}

static enum uc_status survey(const struct counting *c, struct uc_error *e)
{
	int64_t total;
	UC_TRY(uc_db_number(c->s->db, "SELECT coalesce(sum(n), 0) FROM counter", &total, e)); /* kept by entry.c */
	UC_TRY(count_own(c, e));
	c->out->total.trust = total - c->out->total.own;
	UC_TRY(count_spans(c, total, e));
	UC_TRY(count_states(c, total, e));
	return uc_db_number(c->s->db, "SELECT count(*) FROM csr", &c->out->requests, e);
}

enum uc_status uc_store_survey(struct uc_store *s, uc_time now, const uc_time *edges, size_t count, struct uc_survey *out,
                               struct uc_error *e)
{
	const struct counting c = {.s = s, .now = now, .edges = edges, .count = count, .out = out};
	*out = (struct uc_survey){.requests = 0};
	/* The statements of one answer see one state. */
	if (uc_db_in_transaction(s->db)) return survey(&c, e);
	UC_TRY(uc_store_read_begin(s, e));
	enum uc_status status = survey(&c, e);
	uc_store_read_end(s);
	return status;
}
