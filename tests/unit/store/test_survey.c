/* src/store/survey.c: what is counted, held against looking at every certificate. */
#include "store_test.h"

#include "store/survey.h"

enum { ROWS = 300, EDGES = 5 };

static const uc_time NOW = 1767225600; /* 2026-01-01 */

struct row {
	bool own;
	uc_time not_before, not_after;
};

/* The times at which a state or a span begins or ends, and a second to either side. */
static uc_time around(uint32_t n)
{
	static const uc_time borders[] = {
	    NOW, NOW + UC_EXPIRING_DAYS * UC_DAY, NOW + 100 * UC_DAY, NOW + 400 * UC_DAY, NOW - 500 * UC_DAY, UC_TIME_MAX - 1};
	return borders[n % 6] + (uc_time)(n / 6 % 3) - 1;
}

static struct row row_number(uint32_t n)
{
	struct row r = {.own = n % 11 == 3, .not_before = NOW - 900 * UC_DAY, .not_after = around(n)};
	/* Some are not valid yet: from a second ago, now, in a second, in 20 days, for longer than they last. */
	static const uc_time starts[] = {-1, 0, 1, 20 * UC_DAY, 40 * UC_DAY, -1000 * UC_DAY, -1000 * UC_DAY};
	r.not_before = NOW + starts[n / 18 % 7];
	return r;
}

static json_t *step_number(uint32_t n)
{
	const struct row r = row_number(n);
	UC_CLEANUP(uc_freep) char *cn = uc_sprintf("host-%u", n);
	const struct fake_cert f = {.cn = cn, .issuer_cn = "CA", .serial = n, .not_before = r.not_before, .not_after = r.not_after};
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = fake_cert(&f);
	assert_non_null(c);
	if (!r.own) return trust_step("trust.add", "tomcat-trust", cn, n % 2 == 0 ? "cluster" : "n2", c, "");
	return identity_step(cn, c, NULL, json_null());
}

static const uc_time edges[EDGES] = {NOW - 500 * UC_DAY, NOW, NOW + 100 * UC_DAY, NOW + 101 * UC_DAY, NOW + 400 * UC_DAY};

static void count(struct uc_survey_count *c, const struct row *r)
{
	if (r->own)
		c->own++;
	else
		c->trust++;
}

static struct uc_survey look_at_all(void)
{
	struct uc_survey out = {.requests = 0};
	for (uint32_t n = 0; n < ROWS; n++) {
		const struct row r = row_number(n);
		count(&out.total, &r);
		for (enum uc_survey_state s = 0; s < UC_SURVEY_STATES; s++)
			if (strcmp(uc_survey_state_name(s), uc_time_state(r.not_before, r.not_after, NOW)) == 0) count(&out.states[s], &r);
		size_t span = 0;
		while (span < EDGES && r.not_after >= edges[span]) span++;
		count(&out.spans[span], &r);
	}
	return out;
}

static void assert_counts(const struct uc_survey_count *have, const struct uc_survey_count *want, const char *what, size_t i)
{
	if (have->own == want->own && have->trust == want->trust) return;
	fail_msg("%s %zu: %lld own and %lld trust, wanted %lld and %lld", what, i, (long long)have->own, (long long)have->trust,
	         (long long)want->own, (long long)want->trust);
}

static void assert_same(const struct uc_survey *have, const struct uc_survey *want, size_t spans)
{
	assert_counts(&have->total, &want->total, "total", 0);
	for (size_t i = 0; i < UC_SURVEY_STATES; i++)
		assert_counts(&have->states[i], &want->states[i], uc_survey_state_name((enum uc_survey_state)i), i);
	for (size_t i = 0; i < spans; i++) assert_counts(&have->spans[i], &want->spans[i], "span", i);
}

/* C151: "expiring" and the others mean what they mean in a list, to the second. */
static void counts_are_those_of_looking_at_every_certificate_C151(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	json_t *steps = json_array();
	for (uint32_t n = 0; n < ROWS; n++) json_array_append_new(steps, step_number(n));
	assert_ok(commit_change(f->s, change_with(steps), &number, &e), e);
	struct uc_survey want = look_at_all();
	for (size_t i = 0; i < UC_SURVEY_STATES; i++) assert_true(want.states[i].own > 0 && want.states[i].trust > 0);
	for (size_t i = 0; i <= EDGES; i++) assert_true(want.spans[i].trust > 0);
	struct uc_survey have;
	assert_ok(uc_store_survey(f->s, NOW, edges, EDGES, &have, &e), e);
	assert_same(&have, &want, EDGES + 1);
	/* Inside a transaction of the caller's, too, and of what is gone nothing is counted. */
	assert_ok(uc_store_read_begin(f->s, &e), e);
	assert_ok(uc_store_survey(f->s, NOW, edges, EDGES, &have, &e), e);
	uc_store_read_end(f->s);
	assert_same(&have, &want, EDGES + 1);
	json_t *gone = step_number(0);
	json_object_set_new(gone, "type", json_string("trust.remove"));
	assert_ok(commit_step(f->s, gone, &e), e);
	assert_ok(uc_store_survey(f->s, NOW, edges, EDGES, &have, &e), e);
	assert_int_equal(have.total.trust, want.total.trust - 1);
}

static void an_empty_store_has_nothing_to_count(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	struct uc_survey have;
	const struct uc_survey none = {.requests = 0};
	assert_ok(uc_store_survey(f->s, NOW, edges, EDGES, &have, &e), e);
	assert_same(&have, &none, EDGES + 1);
	assert_int_equal(have.requests, 0);
	assert_ok(uc_store_survey(f->s, UC_TIME_MAX, NULL, 0, &have, &e), e);
	assert_same(&have, &none, 1);
}

static void pending_requests_are_counted(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	struct uc_survey have;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("host", 1);
	json_t *step =
	    json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:s, s:{}, s:s, s:n}", "type", "csr.set", "v", 1, "node", "n1", "purpose", "tomcat",
	              "request", "MAA=", "key", key_of(c), "distribution", "node", "parameters", "created", "2026-01-01T00:00:00Z", "before");
	assert_ok(commit_step(f->s, step, &e), e);
	assert_ok(uc_store_survey(f->s, NOW, edges, EDGES, &have, &e), e);
	assert_int_equal(have.requests, 1);
	assert_int_equal(have.total.own + have.total.trust, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(counts_are_those_of_looking_at_every_certificate_C151, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(an_empty_store_has_nothing_to_count, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(pending_requests_are_counted, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
