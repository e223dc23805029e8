/* One glance at everything: how many certificates there are, when they expire, what waits, and what is wrong (C151). */
#include <stdlib.h>
#include <string.h>

#include "node/overview.h"
#include "store/followup.h"
#include "store/survey.h"

enum { MONTHS = 24, SOON = 20 };

/* ---- counts ---- */

static json_t *states_json(const struct uc_survey *s, bool all)
{
	json_t *out = json_object();
	for (enum uc_survey_state i = 0; i < UC_SURVEY_STATES; i++)
		json_object_set_new(out, uc_survey_state_name(i), json_integer(s->states[i].own + (all ? s->states[i].trust : 0)));
	json_object_set_new(out, "malformed", json_integer(0)); /* no store takes one (T3) */
	return out;
}

static json_t *certificates_json(const struct uc_survey *s)
{
	json_int_t own = s->total.own;
	json_int_t trust = s->total.trust;
	return json_pack("{s:I, s:I, s:I, s:o, s:o}", "total", own + trust, "own", own, "trust", trust, "states", states_json(s, true),
	                 "own_states", states_json(s, false));
}

/* ---- the time line ---- */

/* This moment, then the beginnings of the months that follow. */
static void month_edges(uc_time now, uc_time edges[MONTHS + 1])
{
	struct uc_civil c = uc_time_to_civil(now);
	edges[0] = now;
	c = (struct uc_civil){.year = c.year, .month = c.month, .day = 1};
	for (int i = 1; i <= MONTHS; i++) {
		c.month++;
		if (c.month > 12) {
			c.month = 1;
			c.year++;
		}
		edges[i] = c.year > 9999 ? UC_TIME_MAX : uc_civil_to_time(&c);
	}
}

static json_t *date_json(uc_time t)
{
	char text[UC_TIME_TEXT];
	return json_stringn(uc_time_rfc3339(t, text), strlen("2026-11-25"));
}

static json_t *timeline_json(const struct uc_survey *s, const uc_time edges[MONTHS + 1])
{
	json_t *out = json_array();
	for (int i = 0; i <= MONTHS + 1; i++)
		json_array_append_new(out, json_pack("{s:o, s:o, s:I, s:I}", "from", i > 0 ? date_json(edges[i - 1]) : json_null(), "to",
		                                     i <= MONTHS ? date_json(edges[i]) : json_null(), "own", (json_int_t)s->spans[i].own, "trust",
		                                     (json_int_t)s->spans[i].trust));
	return out;
}

/* ---- the answer ---- */

/* The identity certificates that expire first, the expired ones before all. */
static enum uc_status find_soon(struct uc_store *store, uc_time now, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_find_free) struct uc_find f = {.usage = "own", .limit = SOON};
	json_t *page = NULL;
	UC_TRY(uc_find_sort(&f, "expires", e));
	UC_TRY(uc_store_find(store, &f, now, &page, e));
	*out = json_incref(json_object_get(page, "items"));
	uc_read_name_nodes(*out);
	json_decref(page);
	return UC_OK;
}

static enum uc_status answer(struct uc_node *n, struct uc_store *store, json_t *out, struct uc_error *e)
{
	char at[UC_TIME_TEXT];
	uc_time now = uc_now();
	uc_time edges[MONTHS + 1];
	struct uc_survey survey;
	json_t *soon = NULL;
	json_t *findings = NULL;
	UC_CLEANUP(uc_followups_free) struct uc_followups followups = {.items = NULL};
	month_edges(now, edges);
	UC_TRY(uc_store_survey(store, now, edges, MONTHS + 1, &survey, e));
	UC_TRY(uc_store_followups(store, NULL, &followups, e));
	json_object_set_new(out, "at", json_string(uc_time_rfc3339(now, at)));
	json_object_set_new(out, "certificates", certificates_json(&survey));
	json_object_set_new(out, "timeline", timeline_json(&survey, edges));
	UC_TRY(find_soon(store, now, &soon, e));
	json_object_set_new(out, "soon", soon);
	json_object_set_new(out, "csrs", json_integer(survey.requests));
	json_object_set_new(out, "followups", json_integer((json_int_t)followups.count));
	UC_TRY(uc_overview_findings(n, store, now, &findings, e));
	json_object_set_new(out, "findings", findings);
	return UC_OK;
}

enum uc_status uc_node_overview(struct uc_node *n, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	json_t *all = json_object();
	enum uc_status status = answer(n, reader.store, all, e);
	if (status == UC_OK)
		*out = all;
	else
		json_decref(all);
	return status;
}
