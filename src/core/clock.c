#include "core/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/text.h"

static _Atomic int64_t fixed_now = -1;

void uc_clock_set(uc_time fixed)
{
	atomic_store(&fixed_now, fixed);
}

uc_time uc_now(void)
{
	int64_t fixed = atomic_load(&fixed_now);
	if (fixed >= 0) return fixed;
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

int64_t uc_monotonic_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static bool leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 2 && leap(year) ? 29 : days[month - 1];
}

void uc_cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t with;
	pthread_condattr_init(&with);
	pthread_condattr_setclock(&with, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &with);
	pthread_condattr_destroy(&with);
}

bool uc_civil_valid(const struct uc_civil *c)
{
	if (c->year < 0 || c->year > 9999 || c->month < 1 || c->month > 12) return false;
	if (c->day < 1 || c->day > days_in_month(c->year, c->month)) return false;
	return c->hour >= 0 && c->hour < 24 && c->minute >= 0 && c->minute < 60 && c->second >= 0 && c->second < 60;
}

/* Days since 1970-01-01. Years are counted from March, so that the leap day is the last of its year. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * 146097 + day_of_era - 719468;
}

uc_time uc_civil_to_time(const struct uc_civil *c)
{
	uc_time of_day = (c->hour * 60 + c->minute) * 60 + c->second;
	return days_from_civil(c->year, c->month, c->day) * UC_DAY + of_day;
}

struct uc_civil uc_time_to_civil(uc_time t)
{
	if (t < UC_TIME_MIN) t = UC_TIME_MIN;
	if (t > UC_TIME_MAX) t = UC_TIME_MAX;
	int64_t days = t / UC_DAY;
	int64_t secs = t % UC_DAY;
	if (secs < 0) {
		secs += UC_DAY;
		days--;
	}
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int month = (int)(mp < 10 ? mp + 3 : mp - 9);
	return (struct uc_civil){
	    .year = (int)(yoe + era * 400 + (month <= 2)),
	    .month = month,
	    .day = (int)(doy - (153 * mp + 2) / 5 + 1),
	    .hour = (int)(secs / 3600),
	    .minute = (int)(secs / 60 % 60),
	    .second = (int)(secs % 60),
	};
}

char *uc_time_rfc3339(uc_time t, char *buf)
{
	struct uc_civil c = uc_time_to_civil(t);
	snprintf(buf, UC_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)c.year % 10000u, (unsigned)c.month % 100u,
	         (unsigned)c.day % 100u, (unsigned)c.hour % 100u, (unsigned)c.minute % 100u, (unsigned)c.second % 100u);
	return buf;
}

/* Reads exactly n digits at *p. */
static bool digits(const char **p, int n, int *out)
{
	int v = 0;
	for (int i = 0; i < n; i++) {
		char c = (*p)[i];
		if (c < '0' || c > '9') return false;
		v = v * 10 + (c - '0');
	}
	*p += n;
	*out = v;
	return true;
}

static bool expect(const char **p, char c)
{
	if (**p != c) return false;
	(*p)++;
	return true;
}

/* time-offset of RFC 3339: "Z" or +hh:mm; a fraction of a second before it is read and dropped. */
static bool parse_zone(const char **p, int *offset)
{
	if (expect(p, '.')) {
		if (**p < '0' || **p > '9') return false;
		while (**p >= '0' && **p <= '9') (*p)++;
	}
	*offset = 0;
	if (expect(p, 'Z') || expect(p, 'z')) return true;
	int sign = **p == '-' ? -1 : 1;
	if (**p != '+' && **p != '-') return false;
	(*p)++;
	int h;
	int m;
	if (!digits(p, 2, &h) || !expect(p, ':') || !digits(p, 2, &m) || h > 23 || m > 59) return false;
	*offset = sign * (h * 3600 + m * 60);
	return true;
}

static bool parse_rfc3339(const char *text, uc_time *out)
{
	const char *p = text;
	struct uc_civil c = {.year = 0};
	int offset = 0;
	if (!digits(&p, 4, &c.year) || !expect(&p, '-') || !digits(&p, 2, &c.month) || !expect(&p, '-') || !digits(&p, 2, &c.day)) return false;
	if (*p != '\0') {
		if (!expect(&p, 'T') && !expect(&p, 't') && !expect(&p, ' ')) return false;
		if (!digits(&p, 2, &c.hour) || !expect(&p, ':') || !digits(&p, 2, &c.minute) || !expect(&p, ':') || !digits(&p, 2, &c.second))
			return false;
		if (!parse_zone(&p, &offset)) return false;
	}
	if (*p != '\0' || !uc_civil_valid(&c)) return false;
	uc_time t = uc_civil_to_time(&c) - offset;
	if (t < UC_TIME_MIN || t > UC_TIME_MAX) return false;
	*out = t;
	return true;
}

enum uc_status uc_time_parse(const char *text, uc_time *out, struct uc_error *e)
{
	unsigned long long seconds;
	if (text[0] == '@' && uc_parse_u64(text + 1, 0, (unsigned long long)UC_TIME_MAX, &seconds)) {
		*out = (uc_time)seconds;
		return UC_OK;
	}
	if (parse_rfc3339(text, out)) return UC_OK;
	return uc_fail(e, UC_EINPUT, "bad-time", "Write a date as 2026-11-25 or a time as 2026-11-25T10:00:00Z.", "'%s' is not a date or time",
	               text);
}

char *uc_time_distance(uc_time t, uc_time now, char *buf)
{
	enum { LEN = 48 };
	if (t >= UC_TIME_MAX) {
		snprintf(buf, LEN, "never");
		return buf;
	}
	/* Instants are compared, not whole days: the last second before expiry is not expired. */
	bool past = t < now;
	uint64_t gap = past ? (uint64_t)now - (uint64_t)t : (uint64_t)t - (uint64_t)now;
	const char *unit = "day";
	uint64_t n = gap / (uint64_t)UC_DAY;
	if (gap < 2 * (uint64_t)UC_DAY) {
		unit = "hour";
		n = gap / 3600;
	}
	if (gap < 7200) {
		unit = "minute";
		n = gap / 60;
	}
	if (gap < 120) {
		unit = "second";
		n = gap;
	}
	const char *s = n == 1 ? "" : "s";
	if (past)
		snprintf(buf, LEN, "expired %llu %s%s ago", (unsigned long long)n, unit, s);
	else
		snprintf(buf, LEN, "in %llu %s%s", (unsigned long long)n, unit, s);
	return buf;
}

const char *uc_time_state(uc_time not_before, uc_time not_after, uc_time now)
{
	if (now > not_after) return "expired";
	if (now < not_before) return "not-yet-valid";
	return not_after < UC_TIME_MAX && not_after - now < UC_EXPIRING_DAYS * UC_DAY ? "expiring" : "valid";
}
