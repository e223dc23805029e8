/* src/manage/join_secret.c: the join secret as text, and the proof of having it. */
#include "uc_test.h"

#include "core/text.h"
#include "manage/join_secret.h"

static struct uc_join_secret sample(void)
{
	struct uc_join_secret s;
	for (size_t i = 0; i < sizeof s.id; i++) s.id[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof s.secret; i++) s.secret[i] = (uint8_t)(0xf0 + i);
	for (size_t i = 0; i < sizeof s.publisher; i++) s.publisher[i] = (uint8_t)(i * 37);
	return s;
}

/* Python's base64.urlsafe_b64encode() of the same 60 bytes. */
static const char sample_text[] = "ucpki-join-1.AAECAwQFBgfw8fLz9PX29_j5-vv8_f7_AAECAwAl"
                                  "Sm-Uud4DKE1yl7zhBitQdZq_5AkuU3idwucMMVZ7";

static void a_secret_is_the_same_after_it_was_written_and_read(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_join_secret s = sample();
	struct uc_join_secret back = {.id = {0}};
	UC_CLEANUP(uc_freep) char *text = uc_join_secret_write(&s);
	assert_int_equal(strlen(text), strlen(UC_JOIN_PREFIX) + 80);
	assert_true(uc_starts_with(text, UC_JOIN_PREFIX));
	assert_ok(uc_join_secret_read(text, &back, &e), e);
	assert_memory_equal(&s, &back, sizeof s);
	UC_CLEANUP(uc_freep) char *blanks = uc_sprintf(" \t\r\n%s\r\n \n", text);
	memset(&back, 0, sizeof back);
	assert_ok(uc_join_secret_read(blanks, &back, &e), e);
	assert_memory_equal(&s, &back, sizeof s);
}

static void its_text_is_fixed_for_all_versions(void **state)
{
	(void)state;
	struct uc_join_secret s = sample();
	UC_CLEANUP(uc_freep) char *text = uc_join_secret_write(&s);
	assert_string_equal(text, sample_text);
	/* At least 128 random bits together with the publisher's fingerprint. */
	assert_true(8 * UC_JOIN_SECRET_LEN >= 128 && UC_FINGERPRINT_LEN == 32);
}

static void what_is_no_join_secret_is_refused_without_being_quoted(void **state)
{
	(void)state;
	struct uc_join_secret s = sample();
	UC_CLEANUP(uc_freep) char *good = uc_join_secret_write(&s);
	UC_CLEANUP(uc_freep) char *cut = uc_strndup(good, strlen(good) - 1);
	UC_CLEANUP(uc_freep) char *group = uc_strndup(good, strlen(good) - 4);
	UC_CLEANUP(uc_freep) char *longer = uc_sprintf("%sAAAA", good);
	UC_CLEANUP(uc_freep) char *inside = uc_sprintf("%.20s %s", good, good + 20);
	UC_CLEANUP(uc_freep) char *twice = uc_sprintf("%s%s", good, good);
	UC_CLEANUP(uc_freep) char *other = uc_strdup(good);
	UC_CLEANUP(uc_freep) char *standard = uc_strdup(good);
	UC_CLEANUP(uc_freep) char *padded = uc_sprintf("%.*s==", (int)strlen(good) - 2, good);
	other[strlen(UC_JOIN_PREFIX) - 2] = '2';
	standard[strlen(good) - 1] = '+';
	const char *const bad[] = {"",    " ",   UC_JOIN_PREFIX, "ucpki", good + 1,  good + strlen(UC_JOIN_PREFIX), cut, group, longer, inside,
	                           twice, other, standard,       padded,  "\xff\xfe"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct uc_error e;
		struct uc_join_secret out;
		assert_fails(uc_join_secret_read(bad[i], &out, &e), e, UC_EINPUT, "bad-join-secret");
		assert_null(strstr(e.message, good + strlen(UC_JOIN_PREFIX) + 40));
		assert_null(strstr(e.hint, good + strlen(UC_JOIN_PREFIX) + 40));
		assert_true(e.hint[0] != '\0');
	}
}

static void mac_of(const char *json, const uint8_t secret[UC_JOIN_SECRET_LEN], uint8_t mac[32])
{
	json_t *request = json_loads(json, 0, NULL);
	assert_non_null(request);
	uc_join_mac(secret, request, mac);
	json_decref(request);
}

/* The value is Python's hmac.new(secret, b'{"a":[1,2],"id":"00","node":"n"}', "sha256"). */
static void the_proof_is_the_hmac_of_the_sorted_members_but_itself(void **state)
{
	(void)state;
	struct uc_join_secret s = sample();
	uint8_t mac[32];
	mac_of("{ \"node\": \"n\", \"mac\": \"AAAA\", \"id\": \"00\", \"a\": [1, 2] }", s.secret, mac);
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(mac, sizeof mac), '\0');
	assert_string_equal(hex, "1f692acd9e8dc486ef5bc8b9724707ec5129f867ef15f9306a1fd5115f5fea34");
}

static void another_secret_or_another_member_gives_another_proof(void **state)
{
	(void)state;
	static const char *const others[] = {"{\"id\":\"01\"}", "{}", "{\"id\":\"00\",\"node\":\"\"}", "{\"id\":\"00\",\"MAC\":\"\"}",
	                                     "{\"id\":0}"};
	struct uc_join_secret s = sample();
	uint8_t mac[32];
	uint8_t other[32];
	mac_of("{\"id\":\"00\"}", s.secret, mac);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		mac_of(others[i], s.secret, other);
		assert_memory_not_equal(mac, other, sizeof mac);
	}
	s.secret[UC_JOIN_SECRET_LEN - 1] ^= 1;
	mac_of("{\"id\":\"00\"}", s.secret, other);
	assert_memory_not_equal(mac, other, sizeof mac);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_secret_is_the_same_after_it_was_written_and_read),
	    cmocka_unit_test(its_text_is_fixed_for_all_versions),
	    cmocka_unit_test(what_is_no_join_secret_is_refused_without_being_quoted),
	    cmocka_unit_test(the_proof_is_the_hmac_of_the_sorted_members_but_itself),
	    cmocka_unit_test(another_secret_or_another_member_gives_another_proof),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
