/* src/core/clock.c: 64-bit calendar arithmetic without a zone (C58, C59, C61, C65, C66, C67, C70). */
#include "uc_test.h"

#include <errno.h>
#include <time.h>

#include "core/clock.h"

static bool same_civil(struct uc_civil a, struct uc_civil b)
{
	return a.year == b.year && a.month == b.month && a.day == b.day && a.hour == b.hour && a.minute == b.minute && a.second == b.second;
}

/* The calendar as people count it, one day after the other: nothing in common with the arithmetic under test. */
static void next_day(struct uc_civil *c)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = c->year % 400 == 0 || (c->year % 4 == 0 && c->year % 100 != 0);
	int last = c->month == 2 && leap ? 29 : days[c->month - 1];
	if (++c->day <= last) return;
	c->day = 1;
	if (++c->month <= 12) return;
	c->month = 1;
	c->year++;
}

static void every_day_from_0000_to_9999_survives_the_round_trip_C58(void **state)
{
	(void)state;
	struct uc_civil day = {.year = 0, .month = 1, .day = 1};
	uc_time t = UC_TIME_MIN;
	long bad = 0;
	while (day.year < 10000) {
		struct uc_civil last = day;
		last.hour = 23;
		last.minute = 59;
		last.second = 59;
		bool ok = uc_civil_valid(&day) && uc_civil_to_time(&day) == t && same_civil(uc_time_to_civil(t), day);
		ok = ok && uc_civil_valid(&last) && uc_civil_to_time(&last) == t + UC_DAY - 1 && same_civil(uc_time_to_civil(t + UC_DAY - 1), last);
		if (!ok && bad++ == 0) print_error("first wrong day: %04d-%02d-%02d\n", day.year, day.month, day.day);
		next_day(&day);
		t += UC_DAY;
	}
	assert_int_equal(bad, 0);
	assert_true(t == UC_TIME_MAX + 1);
}

static void the_system_library_agrees(void **state)
{
	(void)state;
	for (uc_time t = UC_TIME_MIN; t <= UC_TIME_MAX; t += 86399 * 97 + 13) {
		struct uc_civil c = uc_time_to_civil(t);
		struct tm tm = {
		    .tm_year = c.year - 1900, .tm_mon = c.month - 1, .tm_mday = c.day, .tm_hour = c.hour, .tm_min = c.minute, .tm_sec = c.second};
		assert_true(timegm(&tm) == t);
	}
}

static void dates_that_do_not_exist_are_not_valid(void **state)
{
	(void)state;
	static const struct uc_civil bad[] = {
	    {2026, 2, 30, 0, 0, 0}, {2026, 2, 29, 0, 0, 0}, {1900, 2, 29, 0, 0, 0}, {2100, 2, 29, 0, 0, 0}, {2026, 4, 31, 0, 0, 0},
	    {2026, 0, 1, 0, 0, 0},  {2026, 13, 1, 0, 0, 0}, {2026, 1, 0, 0, 0, 0},  {2026, 1, 32, 0, 0, 0}, {2026, 1, 1, 24, 0, 0},
	    {2026, 1, 1, 0, 60, 0}, {2026, 1, 1, 0, 0, 60}, {-1, 1, 1, 0, 0, 0},    {10000, 1, 1, 0, 0, 0}, {2026, 1, 1, -1, 0, 0},
	    {2026, 1, 1, 0, -1, 0}, {2026, 1, 1, 0, 0, -1}, {2026, -1, 1, 0, 0, 0}, {2026, 1, -1, 0, 0, 0},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(uc_civil_valid(&bad[i]));
	assert_true(uc_civil_valid(&(struct uc_civil){2000, 2, 29, 23, 59, 59}));
	assert_true(uc_civil_valid(&(struct uc_civil){2024, 2, 29, 0, 0, 0}));
	assert_true(uc_civil_valid(&(struct uc_civil){0, 2, 29, 0, 0, 0}));
}

static void times_outside_the_calendar_are_clamped(void **state)
{
	(void)state;
	char text[UC_TIME_TEXT];
	assert_string_equal(uc_time_rfc3339(INT64_MIN, text), "0000-01-01T00:00:00Z");
	assert_string_equal(uc_time_rfc3339(UC_TIME_MIN - 1, text), "0000-01-01T00:00:00Z");
	assert_string_equal(uc_time_rfc3339(UC_TIME_MAX + 1, text), "9999-12-31T23:59:59Z");
	assert_string_equal(uc_time_rfc3339(INT64_MAX, text), "9999-12-31T23:59:59Z");
}

/* The moments at which narrower clocks wrap, and what they are called. */
static void moments_at_which_narrower_clocks_wrap_C58_C59(void **state)
{
	(void)state;
	static const struct {
		uc_time t;
		const char *text;
	} rows[] = {
	    {0, "1970-01-01T00:00:00Z"},           {-1, "1969-12-31T23:59:59Z"},         {2147483647, "2038-01-19T03:14:07Z"},
	    {2147483648, "2038-01-19T03:14:08Z"},  {4294967296, "2106-02-07T06:28:16Z"}, {-2147483649, "1901-12-13T20:45:51Z"},
	    {2524607999, "2049-12-31T23:59:59Z"},  {2524608000, "2050-01-01T00:00:00Z"}, {2177452800, "2039-01-01T00:00:00Z"},
	    {4102444799, "2099-12-31T23:59:59Z"},  {951782400, "2000-02-29T00:00:00Z"},  {UC_TIME_MAX, "9999-12-31T23:59:59Z"},
	    {UC_TIME_MIN, "0000-01-01T00:00:00Z"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[UC_TIME_TEXT];
		struct uc_error e;
		uc_time t;
		assert_string_equal(uc_time_rfc3339(rows[i].t, text), rows[i].text);
		assert_ok(uc_time_parse(rows[i].text, &t, &e), e);
		assert_true(t == rows[i].t);
	}
}

static void accepted_forms_of_a_time(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uc_time t;
	} rows[] = {
	    {"2026-11-25", 1795564800},
	    {"2026-11-25T10:00:00Z", 1795600800},
	    {"2026-11-25t10:00:00z", 1795600800},
	    {"2026-11-25 10:00:00Z", 1795600800},
	    {"2026-11-25T11:00:00+01:00", 1795600800},
	    {"2026-11-25T04:15:00-05:45", 1795600800},
	    {"2026-11-25T10:00:00-00:00", 1795600800},
	    {"2026-11-25T10:00:00.999999999999Z", 1795600800},
	    {"2026-11-26T09:59:00+23:59", 1795600800},
	    {"@0", 0},
	    {"@253402300799", UC_TIME_MAX},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct uc_error e;
		uc_time t;
		assert_ok(uc_time_parse(rows[i].text, &t, &e), e);
		assert_true(t == rows[i].t);
	}
}

static void every_other_form_is_refused_with_the_value_quoted_C65_C70(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",
	    " ",
	    "never",
	    "2026",
	    "2026-11",
	    "2026-11-25T",
	    "2026-11-25T10",
	    "2026-11-25T10:00",
	    "2026-11-25T10:00:00",
	    "2026-11-25T10:00Z",
	    "2026-11-25T10:00:00z ",
	    " 2026-11-25",
	    "2026-11-25 ",
	    "2026-1-2",
	    "26-11-25",
	    "02026-11-25",
	    "+2026-11-25",
	    "2026/11/25",
	    "25.11.2026",
	    "11/25/2026",
	    "20261125",
	    "20261125100000Z",
	    "2026-02-30",
	    "2025-02-29",
	    "2026-13-01",
	    "2026-00-01",
	    "2026-11-00",
	    "2026-11-25T24:00:00Z",
	    "2026-11-25T10:60:00Z",
	    "2026-11-25T10:00:60Z",
	    "2026-11-25T10:00:00.Z",
	    "2026-11-25T10:00:00,5Z",
	    "2026-11-25T10:00:00+24:00",
	    "2026-11-25T10:00:00+01:60",
	    "2026-11-25T10:00:00+0100",
	    "2026-11-25T10:00:00+01",
	    "2026-11-25T10:00:00 Z",
	    "2026-11-25T-1:00:00Z",
	    "10000-01-01",
	    "-0001-01-01",
	    /* an offset that leads out of the calendar */
	    "0000-01-01T00:00:00+00:01",
	    "9999-12-31T23:59:59-00:01",
	    /* numbers of seconds: too large for the calendar, for 64 bits, signed, or followed by something */
	    "@",
	    "@-1",
	    "@+1",
	    "@1.5",
	    "@ 1",
	    "@1 ",
	    "@0x10",
	    "@253402300800",
	    "@9223372036854775807",
	    "@18446744073709551616",
	    "@99999999999999999999999999",
	    "1795600800",
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct uc_error e;
		uc_time t = 42;
		assert_fails(uc_time_parse(bad[i], &t, &e), e, UC_EINPUT, "bad-time");
		assert_true(t == 42);
		UC_CLEANUP(uc_freep) char *quoted = uc_sprintf("'%s'", bad[i]);
		assert_non_null(strstr(e.message, quoted));
		assert_true(e.hint[0] != '\0');
	}
}

/* A parser that asked the C library would answer differently in each of these. */
static void no_zone_of_the_environment_changes_a_time_C70(void **state)
{
	(void)state;
	static const char *const zones[] = {"UTC",
	                                    "UTC0",
	                                    "XXX-14",
	                                    "YYY+12:30",
	                                    "CET-1CEST,M3.5.0,M10.5.0/3",
	                                    "Europe/Berlin",
	                                    "Asia/Kathmandu",
	                                    "America/New_York",
	                                    "Australia/Lord_Howe",
	                                    "right/UTC",
	                                    "Nowhere/AtAll",
	                                    ""};
	for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
		setenv("TZ", zones[i], 1);
		tzset();
		struct uc_error e;
		uc_time t;
		char text[UC_TIME_TEXT];
		/* Twice a year this hour does not exist, or exists twice, in zones with summer time. */
		assert_ok(uc_time_parse("2026-03-29T02:30:00Z", &t, &e), e);
		assert_true(t == 1774751400);
		assert_string_equal(uc_time_rfc3339(t, text), "2026-03-29T02:30:00Z");
		assert_ok(uc_time_parse("2026-10-25", &t, &e), e);
		assert_true(t == 1792886400);
		assert_ok(uc_time_parse("2050-07-01T12:00:00+02:00", &t, &e), e);
		assert_true(t == 2540282400);
		struct uc_civil c = uc_time_to_civil(t);
		assert_true(same_civil(c, (struct uc_civil){2050, 7, 1, 10, 0, 0}));
	}
	unsetenv("TZ");
	tzset();
}

static void distances_are_told_in_the_largest_fitting_unit_C66(void **state)
{
	(void)state;
	static const struct {
		uc_time delta;
		const char *text;
	} rows[] = {
	    {0, "in 0 seconds"},
	    {1, "in 1 second"},
	    {119, "in 119 seconds"},
	    {120, "in 2 minutes"},
	    {7199, "in 119 minutes"},
	    {7200, "in 2 hours"},
	    {5 * 3600, "in 5 hours"},
	    {2 * UC_DAY - 1, "in 47 hours"},
	    {2 * UC_DAY, "in 2 days"},
	    {23 * UC_DAY, "in 23 days"},
	    {7305 * UC_DAY, "in 7305 days"},
	    {-1, "expired 1 second ago"},
	    {-119, "expired 119 seconds ago"},
	    {-120, "expired 2 minutes ago"},
	    {-3 * 3600, "expired 3 hours ago"},
	    {-2 * UC_DAY + 1, "expired 47 hours ago"},
	    {-2 * UC_DAY, "expired 2 days ago"},
	    {-3 * UC_DAY, "expired 3 days ago"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[48];
		const uc_time now = 1795600800;
		assert_string_equal(uc_time_distance(now + rows[i].delta, now, text), rows[i].text);
	}
}

/* Around every boundary: "expired" exactly when the instant lies before now, and never a negative number. */
static void the_sign_is_right_on_both_sides_of_every_boundary_C67(void **state)
{
	(void)state;
	static const uc_time nows[] = {UC_TIME_MIN, -1, 0, 1, 1795600800, 2147483647, 2147483648, 4294967296, UC_TIME_MAX - 1, UC_TIME_MAX};
	static const uc_time gaps[] = {0,          1,           59, 60, 119, 120, 3599, 3600, 7199, 7200, UC_DAY - 1, UC_DAY, 2 * UC_DAY - 1,
	                               2 * UC_DAY, 365 * UC_DAY};
	for (size_t i = 0; i < sizeof nows / sizeof nows[0]; i++)
		for (size_t j = 0; j < sizeof gaps / sizeof gaps[0]; j++)
			for (int sign = -1; sign <= 1; sign += 2) {
				uc_time t = nows[i] + sign * gaps[j];
				char text[48];
				uc_time_distance(t, nows[i], text);
				bool expired = strncmp(text, "expired ", 8) == 0 && strstr(text, " ago") != NULL;
				assert_int_equal(expired, t < nows[i] && t < UC_TIME_MAX);
				assert_null(strchr(text, '-'));
			}
}

static void the_last_moment_of_the_calendar_is_never_and_no_distance_overflows_C61_C65(void **state)
{
	(void)state;
	char text[48];
	assert_string_equal(uc_time_distance(UC_TIME_MAX, 0, text), "never");
	assert_string_equal(uc_time_distance(UC_TIME_MAX, UC_TIME_MAX, text), "never");
	assert_string_equal(uc_time_distance(INT64_MAX, INT64_MIN, text), "never");
	assert_string_equal(uc_time_distance(UC_TIME_MAX - 1, UC_TIME_MIN, text), "in 3652424 days");
	assert_string_equal(uc_time_distance(UC_TIME_MIN, UC_TIME_MAX, text), "expired 3652424 days ago");
	assert_string_equal(uc_time_distance(INT64_MIN, INT64_MAX, text), "expired 213503982334601 days ago");
	/* The year 2100 and later are ordinary years. */
	struct uc_error e;
	uc_time t;
	assert_ok(uc_time_parse("2101-01-01", &t, &e), e);
	assert_string_equal(uc_time_distance(t, t - 10 * UC_DAY, text), "in 10 days");
}

static void the_clock_can_be_fixed_and_released(void **state)
{
	(void)state;
	uc_clock_set(1000);
	assert_true(uc_now() == 1000);
	uc_clock_set(0);
	assert_true(uc_now() == 0);
	uc_clock_set(-1);
	uc_time before = time(NULL);
	uc_time now = uc_now();
	assert_true(now >= before && now <= time(NULL) + 1);
	int64_t a = uc_monotonic_ns();
	assert_true(uc_monotonic_ns() >= a);
}

static void a_condition_waits_by_the_monotonic_clock(void **state)
{
	(void)state;
	pthread_cond_t cond;
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct timespec until;
	uc_cond_init(&cond);
	pthread_mutex_lock(&lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t deadline = (int64_t)until.tv_sec * 1000000000 + until.tv_nsec + 20000000;
	until = (struct timespec){.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
	int rc;
	do rc = pthread_cond_timedwait(&cond, &lock, &until);
	while (rc == 0);
	assert_int_equal(rc, ETIMEDOUT);
	/* By the time of day, the moment would have been long ago. */
	assert_true(uc_monotonic_ns() >= deadline);
	pthread_mutex_unlock(&lock);
	pthread_cond_destroy(&cond);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_day_from_0000_to_9999_survives_the_round_trip_C58),
	    cmocka_unit_test(the_system_library_agrees),
	    cmocka_unit_test(dates_that_do_not_exist_are_not_valid),
	    cmocka_unit_test(times_outside_the_calendar_are_clamped),
	    cmocka_unit_test(moments_at_which_narrower_clocks_wrap_C58_C59),
	    cmocka_unit_test(accepted_forms_of_a_time),
	    cmocka_unit_test(every_other_form_is_refused_with_the_value_quoted_C65_C70),
	    cmocka_unit_test(no_zone_of_the_environment_changes_a_time_C70),
	    cmocka_unit_test(distances_are_told_in_the_largest_fitting_unit_C66),
	    cmocka_unit_test(the_sign_is_right_on_both_sides_of_every_boundary_C67),
	    cmocka_unit_test(the_last_moment_of_the_calendar_is_never_and_no_distance_overflows_C61_C65),
	    cmocka_unit_test(the_clock_can_be_fixed_and_released),
	    cmocka_unit_test(a_condition_waits_by_the_monotonic_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
