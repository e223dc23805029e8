/* How many certificates there are, by state and by the time when they expire: for one glance at all of them (C151). */
#ifndef UC_STORE_SURVEY_H
#define UC_STORE_SURVEY_H

#include "store/store.h"

struct uc_survey_count {
	int64_t own, trust;
};

/* The states of uc_time_state(). A certificate whose times are none is in no store (T3). */
enum uc_survey_state { UC_SURVEY_VALID, UC_SURVEY_EXPIRING, UC_SURVEY_EXPIRED, UC_SURVEY_NOT_YET_VALID, UC_SURVEY_STATES };
/* "valid", "expiring", ... Static. */
const char *uc_survey_state_name(enum uc_survey_state state);

#define UC_SURVEY_MAX_EDGES 32

struct uc_survey {
	struct uc_survey_count total, states[UC_SURVEY_STATES];
	struct uc_survey_count
	    spans[UC_SURVEY_MAX_EDGES + 1]; /* by when they expire: before edge 0, from edge 0 to before edge 1, ... from the last edge on */
	int64_t requests;                   /* pending, of all nodes */
};

/*
 * Counts what is there now. edges: count times, ascending, at most UC_SURVEY_MAX_EDGES. What is counted of trust certificates is kept, or a range of an index; identity certificates, which are few, are
 * looked at one by one.
 */
enum uc_status uc_store_survey(struct uc_store *s, uc_time now, const uc_time *edges, size_t count, struct uc_survey *out,
                               struct uc_error *e) UC_MUST;

#endif
