/*
 * Time: 64-bit seconds since 1970-01-01T00:00:00Z, proleptic Gregorian, years 0000 to 9999, no leap seconds, no locale, no time zone
 * but UTC. All calendar arithmetic of the product is here, so that no 32-bit or zone-dependent library call can spoil a date.
 */
#ifndef UC_CORE_CLOCK_H
#define UC_CORE_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/error.h"

typedef int64_t uc_time;

#define UC_DAY ((uc_time)86400)
#define UC_TIME_MIN ((uc_time)-62167219200) /* 0000-01-01T00:00:00Z */
#define UC_TIME_MAX ((uc_time)253402300799) /* 9999-12-31T23:59:59Z: "no well-defined expiration", RFC 5280 section 4.1.2.5 */

struct uc_civil {
	int year, month, day, hour, minute, second;
};

/* The current time, or the one set with uc_clock_set(). */
uc_time uc_now(void);
/* For tests: fixes what uc_now() returns; a negative number returns to the system's clock. */
void uc_clock_set(uc_time fixed);
/* A monotonic clock in nanoseconds, for durations. */
int64_t uc_monotonic_ns(void);
/* A condition that pthread_cond_timedwait() waits for until a time of CLOCK_MONOTONIC: setting the time of day makes no wait longer. */
void uc_cond_init(pthread_cond_t *cond);

/* Is it a date that exists (30 February does not), with second 0 to 59? */
bool uc_civil_valid(const struct uc_civil *c);
uc_time uc_civil_to_time(const struct uc_civil *c);
/* t outside UC_TIME_MIN..UC_TIME_MAX is clamped. */
struct uc_civil uc_time_to_civil(uc_time t);

#define UC_TIME_TEXT 32
/* "2026-11-25T10:00:00Z" (RFC 3339). buf has at least UC_TIME_TEXT bytes; returns buf. */
char *uc_time_rfc3339(uc_time t, char *buf);
/*
 * Reads a date "2026-11-25" (midnight UTC), a date and time of RFC 3339 with "Z" or an offset, or a bare number of seconds since 1970 with
 * a leading '@'. UC_EINPUT "bad-time" with the value quoted otherwise, also when an offset leads out of the years 0000 to 9999.
 */
enum uc_status uc_time_parse(const char *text, uc_time *out, struct uc_error *e) UC_MUST;

/*
 * For people: how far t lies from now: "in 23 days", "in 5 hours" (below two days), "expired 3 days ago", "never" for UC_TIME_MAX.
 * buf has at least 48 bytes; returns buf.
 */
char *uc_time_distance(uc_time t, uc_time now, char *buf);

/* A certificate that has fewer days left than this is "expiring". */
#define UC_EXPIRING_DAYS 30

/*
 * Where now lies in a period of validity: "expired", "not-yet-valid", "expiring" (below 30 days are left) or "valid". UC_TIME_MAX is "no well-defined
 * expiration" (RFC 5280 section 4.1.2.5) and never expiring, however late it is (C61). Static.
 */
const char *uc_time_state(uc_time not_before, uc_time not_after, uc_time now);

#endif
