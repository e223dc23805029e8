/* src/node/signin.c: right and wrong passwords, what is remembered, and the brake on guessing. */
#include "uc_test.h"

#include <pthread.h>
#include <sodium.h>

#include "core/clock.h"
#include "core/text.h"
#include "node/signin.h"

enum { START = 1780272000, FAILURES = 10, BRAKE_SECONDS = 60, REMEMBER_SECONDS = 300 };

/* A verifier that costs next to nothing to check. Free with free(). */
static char *cheap_verifier(const char *password)
{
	char text[crypto_pwhash_STRBYTES];
	assert_true(sodium_init() >= 0);
	assert_int_equal(crypto_pwhash_str(text, password, strlen(password), crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN), 0);
	return uc_strdup(text);
}

struct desk {
	struct uc_sign_in *s;
	char *verifier; /* of "right" */
};

static int setup(void **state)
{
	struct desk *d = uc_zalloc(1, sizeof *d);
	uc_clock_set(START);
	d->verifier = cheap_verifier("right");
	d->s = uc_sign_in_new();
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;
	uc_sign_in_free(d->s);
	free(d->verifier);
	free(d);
	uc_clock_set(-1);
	return 0;
}

static void guess(struct desk *d, const char *peer, int times)
{
	struct uc_error e;
	for (int i = 0; i < times; i++)
		assert_fails(uc_sign_in_check(d->s, "admin", "wrong", d->verifier, peer, &e), e, UC_EAUTH, "wrong-password");
}

static void a_verifier_is_argon2id_and_different_each_time(void **state)
{
	struct desk *d = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *one = NULL;
	UC_CLEANUP(uc_freep) char *two = NULL;
	assert_ok(uc_password_verifier("right", &one, &e), e);
	assert_ok(uc_password_verifier("right", &two, &e), e);
	assert_true(uc_starts_with(one, "$argon2id$"));
	assert_string_not_equal(one, two);
	assert_null(strstr(one, "right"));
	assert_ok(uc_sign_in_check(d->s, "admin", "right", one, "192.0.2.1", &e), e);
	assert_fails(uc_sign_in_check(d->s, "admin", "Right", one, "192.0.2.1", &e), e, UC_EAUTH, "wrong-password");
}

static void only_the_right_password_signs_in(void **state)
{
	struct desk *d = *state;
	struct uc_error e;
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e);
	static const char *const wrong[] = {"", "righ", "rightx", "RIGHT", " right"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_fails(uc_sign_in_check(d->s, "admin", wrong[i], d->verifier, "192.0.2.1", &e), e, UC_EAUTH, "wrong-password");
	assert_null(strstr(e.message, "right "));
}

static void an_unknown_account_is_told_the_same_as_a_wrong_password(void **state)
{
	struct desk *d = *state;
	struct uc_error unknown;
	struct uc_error wrong;
	assert_fails(uc_sign_in_check(d->s, "nobody", "right", NULL, "192.0.2.1", &unknown), unknown, UC_EAUTH, "wrong-password");
	assert_fails(uc_sign_in_check(d->s, "admin", "wrong", d->verifier, "192.0.2.1", &wrong), wrong, UC_EAUTH, "wrong-password");
	assert_string_equal(unknown.message, wrong.message);
	assert_string_equal(unknown.hint, wrong.hint);
	/* Also one whose verifier is damaged. */
	assert_fails(uc_sign_in_check(d->s, "admin", "right", "rubbish", "192.0.2.1", &wrong), wrong, UC_EAUTH, "wrong-password");
	assert_fails(uc_sign_in_check(d->s, "admin", "", "", "192.0.2.1", &wrong), wrong, UC_EAUTH, "wrong-password");
}

static void what_is_remembered_holds_for_that_account_password_and_verifier_only(void **state)
{
	struct desk *d = *state;
	struct uc_error e;
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e);
	UC_CLEANUP(uc_freep) char *changed = cheap_verifier("another");
	assert_fails(uc_sign_in_check(d->s, "admin", "right", changed, "192.0.2.1", &e), e, UC_EAUTH, "wrong-password");
	assert_fails(uc_sign_in_check(d->s, "other", "right", changed, "192.0.2.1", &e), e, UC_EAUTH, "wrong-password");
	/* The parts must not run into each other. */
	assert_fails(uc_sign_in_check(d->s, "adminright", "", d->verifier, "192.0.2.1", &e), e, UC_EAUTH, "wrong-password");
	assert_fails(uc_sign_in_check(d->s, "admin", "right", NULL, "192.0.2.1", &e), e, UC_EAUTH, "wrong-password");
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e);
	uc_clock_set(START + REMEMBER_SECONDS + 1);
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e);
}

static void ten_wrong_passwords_brake_a_peer_for_a_minute_even_with_the_right_one(void **state)
{
	struct desk *d = *state;
	struct uc_error e;
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e);
	guess(d, "192.0.2.1", FAILURES);
	assert_fails(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e, UC_EAUTH, "too-many-failures");
	assert_non_null(strstr(e.message, "192.0.2.1"));
	assert_true(e.hint[0] != '\0');
	/* Others sign in as ever. */
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.2", &e), e);
	uc_clock_set(START + BRAKE_SECONDS - 1);
	assert_fails(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e, UC_EAUTH, "too-many-failures");
	uc_clock_set(START + BRAKE_SECONDS);
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e);
	guess(d, "192.0.2.1", FAILURES);
	assert_fails(uc_sign_in_check(d->s, "admin", "wrong", d->verifier, "192.0.2.1", &e), e, UC_EAUTH, "too-many-failures");
}

static void failures_of_an_earlier_minute_do_not_count(void **state)
{
	struct desk *d = *state;
	struct uc_error e;
	guess(d, "192.0.2.1", FAILURES - 1);
	uc_clock_set(START + BRAKE_SECONDS);
	guess(d, "192.0.2.1", FAILURES - 1);
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e);
}

static void wrong_secrets_of_every_kind_count_together(void **state)
{
	struct desk *d = *state;
	struct uc_error e;
	guess(d, "192.0.2.1", FAILURES - 1);
	assert_ok(uc_sign_in_brake(d->s, "192.0.2.1", &e), e);
	uc_sign_in_failed(d->s, "192.0.2.1");
	assert_fails(uc_sign_in_brake(d->s, "192.0.2.1", &e), e, UC_EAUTH, "too-many-failures");
	assert_fails(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e, UC_EAUTH, "too-many-failures");
	assert_ok(uc_sign_in_brake(d->s, "192.0.2.2", &e), e);
	uc_clock_set(START + BRAKE_SECONDS);
	assert_ok(uc_sign_in_brake(d->s, "192.0.2.1", &e), e);
}

/* There is room for fewer peers than this. */
static void a_crowd_of_peers_is_borne(void **state)
{
	struct desk *d = *state;
	struct uc_error e;
	for (int i = 0; i < 600; i++) {
		char peer[32];
		snprintf(peer, sizeof peer, "2001:db8::%x", (unsigned)i);
		guess(d, peer, 1);
	}
	assert_ok(uc_sign_in_check(d->s, "admin", "right", d->verifier, "192.0.2.1", &e), e);
}

enum { THREADS = 8, ROUNDS = 50 };

struct caller {
	struct desk *d;
	char peer[32];
	int wrong;
};

static void *call(void *arg)
{
	struct caller *c = arg;
	struct uc_error e;
	for (int i = 0; i < ROUNDS; i++)
		if (uc_sign_in_check(c->d->s, "admin", "right", c->d->verifier, c->peer, &e) != UC_OK) c->wrong++;
	return NULL;
}

static void many_threads_sign_in_at_once(void **state)
{
	pthread_t threads[THREADS];
	struct caller callers[THREADS];
	for (int i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){.d = *state};
		snprintf(callers[i].peer, sizeof callers[i].peer, "192.0.2.%d", i);
		assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++) assert_int_equal(callers[i].wrong, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
	    T(a_verifier_is_argon2id_and_different_each_time),
	    T(only_the_right_password_signs_in),
	    T(an_unknown_account_is_told_the_same_as_a_wrong_password),
	    T(what_is_remembered_holds_for_that_account_password_and_verifier_only),
	    T(ten_wrong_passwords_brake_a_peer_for_a_minute_even_with_the_right_one),
	    T(failures_of_an_earlier_minute_do_not_count),
	    T(wrong_secrets_of_every_kind_count_together),
	    T(a_crowd_of_peers_is_borne),
	    T(many_threads_sign_in_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
