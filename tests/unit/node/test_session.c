/* src/node/session.c: which token stands for which account, until when, and who makes room for whom. */
#include "uc_test.h"

#include <pthread.h>

#include "core/text.h"
#include "node/session.h"

enum { START = 1000, MINUTE = 60, HALF_HOUR = 30 * MINUTE, HOURS_12 = 12 * 60 * MINUTE, PER_ACCOUNT = 16, MAX = 512 };

static int setup(void **state)
{
	*state = uc_sessions_new();
	return 0;
}

static int teardown(void **state)
{
	uc_sessions_free(*state);
	return 0;
}

static void begin(struct uc_sessions *s, const char *account, int64_t now, char token[UC_SESSION_TEXT])
{
	struct uc_error e;
	assert_ok(uc_session_begin(s, account, "credential", now, token, &e), e);
}

static enum uc_status use(struct uc_sessions *s, const char *token, int64_t now, struct uc_session_facts *facts, struct uc_error *e)
{
	const struct uc_session_use reading = {.credential = "credential"};
	return uc_session_use(s, token, &reading, now, facts, e);
}

static enum uc_status poll(struct uc_sessions *s, const char *token, int64_t now, struct uc_error *e)
{
	const struct uc_session_use background = {.credential = "credential", .background = true};
	return uc_session_use(s, token, &background, now, NULL, e);
}

static enum uc_status change(struct uc_sessions *s, const char *token, const char *csrf, int64_t now, struct uc_error *e)
{
	const struct uc_session_use writing = {.credential = "credential", .changes = true, .csrf = csrf};
	return uc_session_use(s, token, &writing, now, NULL, e);
}

static void a_session_is_known_by_its_token_alone(void **state)
{
	char one[UC_SESSION_TEXT];
	char two[UC_SESSION_TEXT];
	struct uc_error e;
	begin(*state, "admin", START, one);
	begin(*state, "other", START, two);
	UC_CLEANUP(uc_freep) char *who = NULL;
	UC_CLEANUP(uc_freep) char *whose = NULL;
	assert_ok(uc_session_account(*state, one, START, &who, &e), e);
	assert_ok(uc_session_account(*state, two, START, &whose, &e), e);
	assert_string_equal(who, "admin");
	assert_string_equal(whose, "other");
}

static void tokens_are_256_random_bits_and_the_two_of_a_session_differ(void **state)
{
	char seen[2 * PER_ACCOUNT][UC_SESSION_TEXT];
	for (size_t i = 0; i < PER_ACCOUNT; i++) {
		struct uc_session_facts facts;
		struct uc_error e;
		begin(*state, "admin", START, seen[2 * i]);
		assert_ok(use(*state, seen[2 * i], START, &facts, &e), e);
		memcpy(seen[2 * i + 1], facts.csrf, sizeof facts.csrf);
	}
	for (size_t i = 0; i < 2 * PER_ACCOUNT; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
		assert_true(uc_unbase64url(uc_slice_str(seen[i]), &bytes));
		assert_int_equal(bytes.len, 32);
		for (size_t k = 0; k < i; k++) assert_string_not_equal(seen[i], seen[k]);
	}
}

static void another_token_is_no_session(void **state)
{
	char token[UC_SESSION_TEXT];
	struct uc_session_facts facts;
	struct uc_error e;
	begin(*state, "admin", START, token);
	assert_ok(use(*state, token, START, &facts, &e), e);
	UC_CLEANUP(uc_freep) char *longer = uc_sprintf("%s=", token);
	UC_CLEANUP(uc_freep) char *shorter = uc_strndup(token, strlen(token) - 1);
	UC_CLEANUP(uc_freep) char *other = uc_strdup(token);
	other[0] = other[0] == 'A' ? 'B' : 'A';
	const char *const wrong[] = {"", "x", longer, shorter, other, facts.csrf};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		char *who = NULL;
		assert_fails(use(*state, wrong[i], START, NULL, &e), e, UC_EAUTH, "session-ended");
		assert_fails(uc_session_account(*state, wrong[i], START, &who, &e), e, UC_EAUTH, "session-ended");
		assert_null(who);
	}
	assert_true(e.hint[0] != '\0');
	assert_ok(use(*state, token, START, NULL, &e), e);
}

static void a_free_place_is_no_session(void **state)
{
	struct uc_error e;
	assert_fails(use(*state, "", START, NULL, &e), e, UC_EAUTH, "session-ended");
	uc_session_end(*state, "");
}

static void half_an_hour_without_a_request_ends_a_session(void **state)
{
	char token[UC_SESSION_TEXT];
	struct uc_error e;
	begin(*state, "admin", START, token);
	assert_ok(use(*state, token, START + HALF_HOUR - 1, NULL, &e), e);
	assert_ok(use(*state, token, START + 2 * HALF_HOUR - 2, NULL, &e), e);
	assert_fails(use(*state, token, START + 3 * HALF_HOUR - 2, NULL, &e), e, UC_EAUTH, "session-ended");
	assert_non_null(strstr(e.message, "half an hour"));
	/* For good. */
	assert_fails(use(*state, token, START + 3 * HALF_HOUR - 3, NULL, &e), e, UC_EAUTH, "session-ended");
}

static void whose_it_was_is_not_told_of_a_session_that_is_over(void **state)
{
	char token[UC_SESSION_TEXT];
	char *who = NULL;
	struct uc_error e;
	begin(*state, "admin", START, token);
	assert_fails(uc_session_account(*state, token, START + HALF_HOUR, &who, &e), e, UC_EAUTH, "session-ended");
	assert_null(who);
}

static void asking_whose_it_is_and_the_background_do_not_prolong_a_session(void **state)
{
	char token[UC_SESSION_TEXT];
	struct uc_error e;
	begin(*state, "admin", START, token);
	for (int minute = 1; minute < 30; minute++) {
		UC_CLEANUP(uc_freep) char *who = NULL;
		assert_ok(poll(*state, token, START + minute * MINUTE, &e), e);
		assert_ok(uc_session_account(*state, token, START + minute * MINUTE, &who, &e), e);
	}
	assert_fails(poll(*state, token, START + HALF_HOUR, &e), e, UC_EAUTH, "session-ended");
}

static void twelve_hours_end_a_session_that_is_in_use(void **state)
{
	char token[UC_SESSION_TEXT];
	struct uc_session_facts facts;
	struct uc_error e;
	begin(*state, "admin", START, token);
	for (int64_t now = START; now < START + HOURS_12; now += 20 * MINUTE) {
		assert_ok(use(*state, token, now, &facts, &e), e);
		assert_int_equal(facts.left, START + HOURS_12 - now);
	}
	assert_ok(use(*state, token, START + HOURS_12 - 1, &facts, &e), e);
	assert_int_equal(facts.left, 1);
	assert_fails(use(*state, token, START + HOURS_12, NULL, &e), e, UC_EAUTH, "session-ended");
	assert_non_null(strstr(e.message, "12 hours"));
}

static void a_change_needs_the_second_token_of_this_session(void **state)
{
	char one[UC_SESSION_TEXT];
	char two[UC_SESSION_TEXT];
	struct uc_session_facts mine;
	struct uc_session_facts theirs;
	struct uc_error e;
	begin(*state, "admin", START, one);
	begin(*state, "admin", START, two);
	assert_ok(use(*state, one, START, &mine, &e), e);
	assert_ok(use(*state, two, START, &theirs, &e), e);
	assert_ok(change(*state, one, mine.csrf, START, &e), e);
	UC_CLEANUP(uc_freep) char *longer = uc_sprintf("%sA", mine.csrf);
	UC_CLEANUP(uc_freep) char *shorter = uc_strndup(mine.csrf, strlen(mine.csrf) - 1);
	const char *const wrong[] = {NULL, "", one, theirs.csrf, longer, shorter};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_fails(change(*state, one, wrong[i], START, &e), e, UC_EAUTH, "csrf");
		assert_non_null(strstr(e.message, "UCPKI-CSRF"));
		assert_non_null(strstr(e.hint, "UCPKI-CSRF"));
	}
	/* It stays the same, and the session is not over. */
	struct uc_session_facts again;
	assert_ok(use(*state, one, START, &again, &e), e);
	assert_string_equal(again.csrf, mine.csrf);
}

static void a_change_that_is_refused_does_not_prolong_a_session(void **state)
{
	char token[UC_SESSION_TEXT];
	struct uc_error e;
	begin(*state, "admin", START, token);
	assert_fails(change(*state, token, "x", START + HALF_HOUR - 1, &e), e, UC_EAUTH, "csrf");
	assert_fails(use(*state, token, START + HALF_HOUR, NULL, &e), e, UC_EAUTH, "session-ended");
}

static void another_password_ends_the_session_for_good(void **state)
{
	char token[UC_SESSION_TEXT];
	struct uc_error e;
	begin(*state, "admin", START, token);
	const struct uc_session_use changed = {.credential = "credential of another password"};
	assert_fails(uc_session_use(*state, token, &changed, START, NULL, &e), e, UC_EAUTH, "session-ended");
	assert_non_null(strstr(e.message, "password"));
	assert_fails(use(*state, token, START, NULL, &e), e, UC_EAUTH, "session-ended");
}

static void the_session_of_an_account_that_is_gone_ends_for_good(void **state)
{
	char token[UC_SESSION_TEXT];
	struct uc_error e;
	begin(*state, "admin", START, token);
	const struct uc_session_use gone = {.credential = NULL};
	assert_fails(uc_session_use(*state, token, &gone, START, NULL, &e), e, UC_EAUTH, "session-ended");
	assert_non_null(strstr(e.message, "account is gone"));
	assert_fails(use(*state, token, START, NULL, &e), e, UC_EAUTH, "session-ended");
}

static void signing_out_ends_that_session_only(void **state)
{
	char one[UC_SESSION_TEXT];
	char two[UC_SESSION_TEXT];
	struct uc_error e;
	begin(*state, "admin", START, one);
	begin(*state, "admin", START, two);
	uc_session_end(*state, one);
	uc_session_end(*state, one);
	uc_session_end(*state, "nobody's");
	assert_fails(use(*state, one, START, NULL, &e), e, UC_EAUTH, "session-ended");
	assert_ok(use(*state, two, START, NULL, &e), e);
}

static void the_session_that_was_idle_for_longest_makes_room_for_its_own_account(void **state)
{
	char tokens[PER_ACCOUNT + 1][UC_SESSION_TEXT];
	char other[UC_SESSION_TEXT];
	struct uc_error e;
	begin(*state, "other", START, other);
	for (int i = 0; i < PER_ACCOUNT; i++) begin(*state, "admin", START + 1, tokens[i]);
	for (int i = 0; i < PER_ACCOUNT; i++)
		if (i != 5) assert_ok(use(*state, tokens[i], START + 2, NULL, &e), e);
	begin(*state, "admin", START + 3, tokens[PER_ACCOUNT]);
	for (int i = 0; i <= PER_ACCOUNT; i++) {
		if (i == 5)
			assert_fails(use(*state, tokens[i], START + 3, NULL, &e), e, UC_EAUTH, "session-ended");
		else
			assert_ok(use(*state, tokens[i], START + 3, NULL, &e), e);
	}
	assert_ok(use(*state, other, START + 3, NULL, &e), e);
}

static void fill(struct uc_sessions *s, int64_t now, char first[UC_SESSION_TEXT])
{
	char token[UC_SESSION_TEXT];
	for (int i = 0; i < MAX; i++) {
		char account[32];
		snprintf(account, sizeof account, "account%d", i / PER_ACCOUNT);
		begin(s, account, now, i == 0 ? first : token);
	}
}

static void no_account_pushes_out_the_sessions_of_another(void **state)
{
	char first[UC_SESSION_TEXT];
	char token[UC_SESSION_TEXT];
	struct uc_error e;
	fill(*state, START, first);
	assert_fails(uc_session_begin(*state, "admin", "credential", START, token, &e), e, UC_EUNAVAILABLE, "too-many-sessions");
	assert_true(e.hint[0] != '\0');
	assert_ok(use(*state, first, START, NULL, &e), e);
	/* One of its own makes room for it as ever. */
	begin(*state, "account1", START, token);
	assert_ok(use(*state, first, START, NULL, &e), e);
	/* Where one has signed out there is room for anybody. */
	uc_session_end(*state, first);
	begin(*state, "admin", START, token);
	assert_ok(use(*state, token, START, NULL, &e), e);
}

static void sessions_that_are_over_leave_their_place(void **state)
{
	char first[UC_SESSION_TEXT];
	char token[UC_SESSION_TEXT];
	struct uc_error e;
	fill(*state, START, first);
	begin(*state, "admin", START + HALF_HOUR, token);
	assert_ok(use(*state, token, START + HALF_HOUR, NULL, &e), e);
	fill(*state, START + 2 * HALF_HOUR, first);
}

enum { THREADS = 8, ROUNDS = 200 };

struct worker {
	struct uc_sessions *s;
	char account[32];
	int wrong;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	for (int i = 0; i < ROUNDS; i++) {
		char token[UC_SESSION_TEXT];
		char *who = NULL;
		struct uc_session_facts facts;
		struct uc_error e;
		bool good = uc_session_begin(w->s, w->account, "credential", START, token, &e) == UC_OK &&
		            uc_session_account(w->s, token, START, &who, &e) == UC_OK && strcmp(who, w->account) == 0 &&
		            use(w->s, token, START, &facts, &e) == UC_OK && change(w->s, token, facts.csrf, START, &e) == UC_OK;
		uc_session_end(w->s, token);
		if (!good || use(w->s, token, START, NULL, &e) == UC_OK) w->wrong++;
		free(who);
	}
	return NULL;
}

static void many_threads_sign_in_and_out_at_once(void **state)
{
	pthread_t threads[THREADS];
	struct worker workers[THREADS];
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){.s = *state};
		snprintf(workers[i].account, sizeof workers[i].account, "account%d", i);
		assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++) assert_int_equal(workers[i].wrong, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
	    T(a_session_is_known_by_its_token_alone),
	    T(tokens_are_256_random_bits_and_the_two_of_a_session_differ),
	    T(another_token_is_no_session),
	    T(a_free_place_is_no_session),
	    T(half_an_hour_without_a_request_ends_a_session),
	    T(whose_it_was_is_not_told_of_a_session_that_is_over),
	    T(asking_whose_it_is_and_the_background_do_not_prolong_a_session),
	    T(twelve_hours_end_a_session_that_is_in_use),
	    T(a_change_needs_the_second_token_of_this_session),
	    T(a_change_that_is_refused_does_not_prolong_a_session),
	    T(another_password_ends_the_session_for_good),
	    T(the_session_of_an_account_that_is_gone_ends_for_good),
	    T(signing_out_ends_that_session_only),
	    T(the_session_that_was_idle_for_longest_makes_room_for_its_own_account),
	    T(no_account_pushes_out_the_sessions_of_another),
	    T(sessions_that_are_over_leave_their_place),
	    T(many_threads_sign_in_and_out_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
