/* src/node/join_wire.c, src/node/join.c: what a new node and its publisher say to each other, and every way in which somebody between them could change it. */
#include "uc_test.h"

#include "core/clock.h"
#include "core/random.h"
#include "node/join_wire.h"
#include "pki/make_certs.h"

#define GUID "01234567-89ab-4cde-8f01-23456789abcd"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const struct uc_join_wish the_wish = {.name = "cucm-sub1", .domain = "example.com", .guid = GUID};

/* A new node, the publisher, and somebody else with a key of his own. */
struct parties {
	char *dirs[3];
	struct uc_keys *node, *publisher, *other;
	struct uc_join_secret secret;
	json_t *request;
	uint8_t mac[32];
	json_t *told, *answer; /* as the publisher would make them */
};

static struct uc_keys *open_keys(char **dir)
{
	struct uc_error e;
	struct uc_keys *keys = NULL;
	*dir = uc_test_dir();
	assert_ok(uc_keys_open(*dir, &keys, &e), e);
	return keys;
}

static json_t *told_at(const struct parties *p, uc_time at)
{
	char time[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *founder = uc_base64(uc_buf_slice(&uc_keys_node_cert(p->publisher)->der));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:i, s:s}, s:s, s:s}", "node", "cucm-sub1", "domain", "example.com", "roles",
	                 "subscriber,tftp", "store", "postgresql://sub1:pw@db.example.com/ucpki", "founder", founder, "head", "number", 42,
	                 "hash", HASH, "cluster", HASH, "time", uc_time_rfc3339(at, time));
}

/* What a publisher with these keys answers to a request. Owned. */
static json_t *answer_by(struct uc_keys *keys, const json_t *request, const json_t *told)
{
	struct uc_error e;
	UC_CLEANUP(uc_join_request_free) struct uc_join_request read = {.node = NULL};
	json_t *answer = NULL;
	assert_ok(uc_join_request_read(request, &read, &e), e);
	assert_ok(uc_join_answer_make(keys, &read, told, &answer, &e), e);
	return answer;
}

static int parties_setup(void **state)
{
	struct parties *p = uc_zalloc(1, sizeof *p);
	uc_clock_set(MAKE_NOW);
	p->node = open_keys(&p->dirs[0]);
	p->publisher = open_keys(&p->dirs[1]);
	p->other = open_keys(&p->dirs[2]);
	uc_random(p->secret.id, sizeof p->secret.id);
	uc_random(p->secret.secret, sizeof p->secret.secret);
	memcpy(p->secret.publisher, uc_keys_node_cert(p->publisher)->fingerprint, UC_FINGERPRINT_LEN);
	p->request = uc_join_request_make(&p->secret, p->node, &the_wish, p->mac);
	p->told = told_at(p, MAKE_NOW);
	p->answer = answer_by(p->publisher, p->request, p->told);
	*state = p;
	return 0;
}

static int parties_teardown(void **state)
{
	struct parties *p = *state;
	uc_clock_set(-1);
	json_decref(p->request);
	json_decref(p->told);
	json_decref(p->answer);
	uc_keys_close(p->node);
	uc_keys_close(p->publisher);
	uc_keys_close(p->other);
	for (size_t i = 0; i < 3; i++) uc_test_dir_remove(p->dirs[i]);
	free(p);
	return 0;
}

/* Reads an answer as the new node does; nothing of it is kept. */
static enum uc_status read_as(struct parties *p, const char *name, const json_t *answer, struct uc_error *e)
{
	UC_CLEANUP(uc_join_told_free) struct uc_join_told told = {.node = NULL};
	return uc_join_answer_read(&p->secret, p->node, name, p->mac, answer, &told, e);
}

/* The member's bytes with one bit turned, in a copy of the object. Owned. */
static json_t *with_bit_turned(const json_t *object, const char *member)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
	assert_true(uc_unbase64(uc_slice_str(json_string_value(json_object_get(object, member))), &bytes));
	bytes.ptr[bytes.len - 1] ^= 1;
	UC_CLEANUP(uc_freep) char *text = uc_base64(uc_buf_slice(&bytes));
	json_t *copy = json_deep_copy(object);
	json_object_set_new(copy, member, json_string(text));
	return copy;
}

/* ---- both sides ---- */

static void a_node_is_told_what_the_publisher_says(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_join_told_free) struct uc_join_told told = {.node = NULL};
	assert_ok(uc_join_answer_read(&p->secret, p->node, "CUCM-SUB1", p->mac, p->answer, &told, &e), e);
	assert_string_equal(told.node, "cucm-sub1");
	assert_string_equal(told.domain, "example.com");
	assert_string_equal(told.roles, "subscriber,tftp");
	assert_string_equal(told.store, "postgresql://sub1:pw@db.example.com/ucpki");
	assert_true(uc_slice_eq(uc_buf_slice(&told.founder), uc_buf_slice(&uc_keys_node_cert(p->publisher)->der)));
	assert_int_equal(told.head, 42);
	assert_string_equal(told.hash, HASH);
}

static void a_node_without_a_wish_takes_the_name_of_the_secret(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	assert_ok(read_as(p, NULL, p->answer, &e), e);
}

static void a_request_says_who_asks_and_proves_it(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
	assert_ok(uc_join_request_read(p->request, &r, &e), e);
	UC_CLEANUP(uc_freep) char *id = uc_hex(uc_slice_of(p->secret.id, sizeof p->secret.id), '\0');
	assert_string_equal(r.id, id);
	assert_string_equal(r.node, "cucm-sub1");
	assert_string_equal(r.domain, "example.com");
	char fp[UC_FINGERPRINT_HEX];
	assert_string_equal(r.publisher, uc_cert_fingerprint_hex(uc_keys_node_cert(p->publisher), fp));
	assert_string_equal(r.guid, GUID);
	assert_int_equal(r.at, MAKE_NOW);
	assert_true(uc_cert_eq(r.cert, uc_keys_node_cert(p->node)));
	assert_true(uc_join_request_proven(&r, p->request, p->secret.secret));
}

static void neither_secret_nor_store_goes_over_the_wire_in_the_clear(void **state)
{
	struct parties *p = *state;
	UC_CLEANUP(uc_freep) char *request = json_dumps(p->request, JSON_COMPACT);
	UC_CLEANUP(uc_freep) char *answer = json_dumps(p->answer, JSON_COMPACT);
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(p->secret.secret, sizeof p->secret.secret), '\0');
	UC_CLEANUP(uc_freep) char *base64 = uc_base64(uc_slice_of(p->secret.secret, sizeof p->secret.secret));
	assert_null(strstr(request, hex));
	assert_null(strstr(request, base64));
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = UC_BUF_EMPTY;
	assert_true(uc_unbase64(uc_slice_str(json_string_value(json_object_get(p->answer, "sealed"))), &sealed));
	assert_null(memmem(sealed.ptr, sealed.len, "postgresql", strlen("postgresql")));
	assert_null(strstr(answer, "postgresql"));
}

/* ---- the request ---- */

static void a_request_that_was_changed_is_not_proven(void **state)
{
	struct parties *p = *state;
	static const char *const members[] = {"node", "domain", "guid", "time", "version", "id", "publisher"};
	static const char *const others[] = {
	    "cucm-sub2", "example.org", "11234567-89ab-4cde-8f01-23456789abcd", "2026-06-01T00:00:01Z", "9.9.9", "0000000000000000", HASH};
	struct uc_error e;
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
		json_t *changed = json_deep_copy(p->request);
		json_object_set_new(changed, members[i], json_string(others[i]));
		assert_ok(uc_join_request_read(changed, &r, &e), e);
		assert_false(uc_join_request_proven(&r, changed, p->secret.secret));
		uc_join_request_free(&r);
		json_decref(changed);
	}
}

static void a_certificate_put_in_place_of_the_nodes_is_not_proven(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
	UC_CLEANUP(uc_freep) char *cert = uc_base64(uc_buf_slice(&uc_keys_node_cert(p->other)->der));
	json_object_set_new(p->request, "certificate", json_string(cert));
	assert_ok(uc_join_request_read(p->request, &r, &e), e);
	assert_false(uc_join_request_proven(&r, p->request, p->secret.secret));
}

static void another_secret_proves_nothing(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
	assert_ok(uc_join_request_read(p->request, &r, &e), e);
	p->secret.secret[0] ^= 1;
	assert_false(uc_join_request_proven(&r, p->request, p->secret.secret));
}

static void each_member_of_a_request_is_needed_and_bounded(void **state)
{
	struct parties *p = *state;
	static const char *const members[] = {"id", "publisher", "node", "domain", "certificate", "guid", "time", "version", "mac"};
	UC_CLEANUP(uc_freep) char *huge = uc_zalloc(200001, 1);
	memset(huge, 'A', 200000);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_t *const bad[] = {NULL, json_integer(7), json_string(huge), json_array(), json_stringn("a\0b", 3)};
		for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
			struct uc_error e;
			UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
			json_t *changed = json_deep_copy(p->request);
			json_object_del(changed, members[i]);
			if (bad[k] != NULL) json_object_set_new(changed, members[i], bad[k]);
			assert_fails(uc_join_request_read(changed, &r, &e), e, UC_EINPUT, "bad-join-request");
			assert_string_equal(e.field, members[i]);
			json_decref(changed);
		}
	}
}

static void what_is_no_object_is_no_request(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
	json_t *list = json_array();
	assert_fails(uc_join_request_read(list, &r, &e), e, UC_EINPUT, "bad-join-request");
	assert_fails(uc_join_request_read(NULL, &r, &e), e, UC_EINPUT, "bad-join-request");
	json_decref(list);
}

static void odd_members_of_a_request_are_refused(void **state)
{
	struct parties *p = *state;
	static const char *const bad[][2] = {
	    {"id", "00112233445566"},
	    {"id", "001122334455667g"},
	    {"publisher", "00112233"},
	    {"publisher", "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
	    {"guid", "01234567-89ab-4cde-8f01-23456789abc"},
	    {"guid", "01234567889ab-4cde-8f01-23456789abcd"},
	    {"time", "yesterday"},
	    {"mac", "AAAA"},
	    {"certificate", "AAAA"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
		json_t *changed = json_deep_copy(p->request);
		json_object_set_new(changed, bad[i][0], json_string(bad[i][1]));
		assert_fails(uc_join_request_read(changed, &r, &e), e, UC_EINPUT, "bad-join-request");
		assert_string_equal(e.field, bad[i][0]);
		json_decref(changed);
	}
}

/* A node certificate is self-signed, for a P-256 key that keys can be sealed to. */
static void a_certificate_of_another_kind_is_refused(void **state)
{
	struct parties *p = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made made[] = {
	    make_cert(&(struct make){.subject = "CN=node", .key = "RSA-2048"}),
	    make_cert(&(struct make){.subject = "CN=node", .key = "P-384"}),
	    make_cert(&(struct make){.subject = "CN=node", .issuer = &root}),
	    make_cert(&(struct make){.subject = "CN=node", .break_signature = true}),
	};
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
		UC_CLEANUP(uc_freep) char *text = uc_base64(uc_buf_slice(&made[i].cert->der));
		json_object_set_new(p->request, "certificate", json_string(text));
		assert_fails(uc_join_request_read(p->request, &r, &e), e, UC_EINPUT, "bad-join-request");
		assert_string_equal(e.field, "certificate");
		made_free(&made[i]);
	}
	made_free(&root);
}

/* ---- the answer: every forged part ---- */

static void an_answer_by_another_certificate_is_refused(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	json_t *answer = answer_by(p->other, p->request, p->told);
	assert_fails(read_as(p, NULL, answer, &e), e, UC_EREFUSED, "publisher-not-authentic");
	char fp[UC_FINGERPRINT_HEX];
	assert_non_null(strstr(e.message, uc_cert_fingerprint_hex(uc_keys_node_cert(p->other), fp)));
	json_decref(answer);
}

/* The right certificate is public: without its key it helps nobody. */
static void an_answer_signed_by_somebody_else_is_refused(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	json_t *answer = answer_by(p->other, p->request, p->told);
	json_object_set(answer, "certificate", json_object_get(p->answer, "certificate"));
	assert_fails(read_as(p, NULL, answer, &e), e, UC_EREFUSED, "publisher-not-authentic");
	assert_non_null(strstr(e.message, "signature"));
	json_decref(answer);
}

static void a_changed_answer_is_refused(void **state)
{
	struct parties *p = *state;
	static const char *const members[] = {"certificate", "sealed", "signature"};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		struct uc_error e;
		json_t *changed = with_bit_turned(p->answer, members[i]);
		assert_fails(read_as(p, NULL, changed, &e), e, UC_EREFUSED, "publisher-not-authentic");
		json_object_del(changed, members[i]);
		assert_fails(read_as(p, NULL, changed, &e), e, UC_EREFUSED, "publisher-not-authentic");
		json_decref(changed);
	}
}

/* Also one of the same node: a repeated request gets an answer of its own. */
static void an_answer_to_another_request_is_refused(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	uint8_t mac[32];
	uc_clock_set(MAKE_NOW + 1);
	json_t *again = uc_join_request_make(&p->secret, p->node, &the_wish, mac);
	json_t *answer = answer_by(p->publisher, again, p->told);
	assert_memory_not_equal(mac, p->mac, sizeof mac);
	assert_fails(read_as(p, NULL, answer, &e), e, UC_EREFUSED, "publisher-not-authentic");
	assert_non_null(strstr(e.message, "request"));
	json_decref(answer);
	json_decref(again);
}

static void what_was_sealed_to_others_cannot_be_read(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
	assert_ok(uc_join_request_read(p->request, &r, &e), e);
	uc_cert_free(r.cert);
	r.cert = uc_cert_dup(uc_keys_node_cert(p->other));
	json_t *answer = NULL;
	assert_ok(uc_join_answer_make(p->publisher, &r, p->told, &answer, &e), e);
	assert_fails(read_as(p, NULL, answer, &e), e, UC_EREFUSED, "sealed-to-others");
	json_decref(answer);
}

static void what_is_no_object_is_no_answer(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	json_t *list = json_array();
	assert_fails(read_as(p, NULL, list, &e), e, UC_EREFUSED, "publisher-not-authentic");
	json_decref(list);
}

static void each_member_of_what_is_told_is_needed_and_bounded(void **state)
{
	struct parties *p = *state;
	static const char *const members[] = {"node", "domain", "roles", "store", "founder", "head", "time"};
	UC_CLEANUP(uc_freep) char *huge = uc_zalloc(30001, 1);
	memset(huge, 'A', 30000);
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_t *const bad[] = {NULL, json_integer(7), json_string(huge), json_object()};
		for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
			struct uc_error e;
			json_t *told = json_deep_copy(p->told);
			json_object_del(told, members[i]);
			if (bad[k] != NULL) json_object_set_new(told, members[i], bad[k]);
			json_t *answer = answer_by(p->publisher, p->request, told);
			assert_fails(read_as(p, NULL, answer, &e), e, UC_EREFUSED, "bad-answer");
			assert_non_null(strstr(e.message, members[i]));
			json_decref(answer);
			json_decref(told);
		}
	}
}

static void a_head_is_a_number_and_a_hash(void **state)
{
	struct parties *p = *state;
	json_t *const bad[] = {
	    json_pack("{s:i, s:s}", "number", 0, "hash", HASH),
	    json_pack("{s:i, s:s}", "number", -1, "hash", HASH),
	    json_pack("{s:i, s:s}", "number", 1, "hash", "ab"),
	    json_pack("{s:s, s:s}", "number", "1", "hash", HASH),
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct uc_error e;
		json_object_set_new(p->told, "head", bad[i]);
		json_t *answer = answer_by(p->publisher, p->request, p->told);
		assert_fails(read_as(p, NULL, answer, &e), e, UC_EREFUSED, "bad-answer");
		json_decref(answer);
	}
}

static void a_secret_is_for_one_name(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	assert_fails(read_as(p, "cucm-sub2", p->answer, &e), e, UC_ECONFLICT, "other-node");
	assert_non_null(strstr(e.message, "cucm-sub1"));
	assert_non_null(strstr(e.message, "cucm-sub2"));
}

/* ---- clocks ---- */

static void clocks_may_be_five_minutes_apart_and_no_more(void **state)
{
	(void)state;
	struct uc_error e;
	assert_ok(uc_join_clock(MAKE_NOW - UC_JOIN_CLOCK_SECONDS, MAKE_NOW, "a", "b", &e), e);
	assert_ok(uc_join_clock(MAKE_NOW + UC_JOIN_CLOCK_SECONDS, MAKE_NOW, "a", "b", &e), e);
	assert_fails(uc_join_clock(MAKE_NOW - UC_JOIN_CLOCK_SECONDS - 1, MAKE_NOW, "a", "b", &e), e, UC_EREFUSED, "clock-off");
	assert_fails(uc_join_clock(MAKE_NOW + UC_JOIN_CLOCK_SECONDS + 1, MAKE_NOW, "a", "b", &e), e, UC_EREFUSED, "clock-off");
	assert_non_null(strstr(e.message, "2026-06-01T00:05:01Z"));
	assert_non_null(strstr(e.message, "2026-06-01T00:00:00Z"));
}

static void the_new_node_looks_at_the_publishers_clock_as_well(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	json_t *told = told_at(p, MAKE_NOW + MAKE_YEAR);
	json_t *answer = answer_by(p->publisher, p->request, told);
	assert_fails(read_as(p, NULL, answer, &e), e, UC_EREFUSED, "clock-off");
	json_decref(answer);
	json_decref(told);
}

/* ---- refusals ---- */

static void a_refusal_of_the_publisher_keeps_its_id(void **state)
{
	(void)state;
	static const struct {
		long http;
		const char *code;
		enum uc_status status;
	} cases[] = {
	    {422, "join-secret-wrong", UC_EREFUSED}, {422, "clock-off", UC_EREFUSED},     {401, "too-many-failures", UC_EREFUSED},
	    {409, "other-node", UC_ECONFLICT},       {503, "read-only", UC_EUNAVAILABLE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct uc_error e;
		json_t *problem = json_pack("{s:s, s:s, s:s}", "code", cases[i].code, "detail", "why it is", "hint", "do that");
		assert_fails(uc_join_refused("pub:8443", cases[i].http, problem, &e), e, cases[i].status, cases[i].code);
		assert_non_null(strstr(e.message, "pub:8443"));
		assert_non_null(strstr(e.message, "why it is"));
		assert_string_equal(e.hint, "do that");
		json_decref(problem);
	}
}

static void a_refusal_of_any_length_and_shape_does_no_harm(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *huge = uc_zalloc(200001, 1);
	memset(huge, 'a', 200000);
	json_t *const bad[] = {
	    json_array(),
	    json_object(),
	    json_pack("{s:s, s:s}", "code", huge, "detail", "d"),
	    json_pack("{s:s, s:s}", "code", "Not An Id\x1b[1m", "detail", "d"),
	    json_pack("{s:s, s:i}", "code", "clock-off", "detail", 7),
	};
	struct uc_error e;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_fails(uc_join_refused("pub:8443", 500, bad[i], &e), e, UC_EREFUSED, "publisher-not-authentic");
		json_decref(bad[i]);
	}
	json_t *problem = json_pack("{s:s, s:s, s:s}", "code", "clock-off", "detail", huge, "hint", huge);
	assert_fails(uc_join_refused("pub:8443", 422, problem, &e), e, UC_EREFUSED, "clock-off");
	assert_int_equal(strlen(e.message), sizeof e.message - 1);
	assert_int_equal(strlen(e.hint), sizeof e.hint - 1);
	json_decref(problem);
}

static void a_publisher_that_is_not_there_is_named(void **state)
{
	struct parties *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_join_told_free) struct uc_join_told told = {.node = NULL};
	assert_fails(uc_join_ask("127.0.0.1:1", &p->secret, p->node, &the_wish, &told, &e), e, UC_EUNREACHABLE, "publisher-unreachable");
	assert_non_null(strstr(e.message, "127.0.0.1:1"));
	assert_fails(uc_join_ask("nowhere", &p->secret, p->node, &the_wish, &told, &e), e, UC_EINPUT, "bad-peer");
}

#define T(name) cmocka_unit_test_setup_teardown(name, parties_setup, parties_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_node_is_told_what_the_publisher_says),
	    T(a_node_without_a_wish_takes_the_name_of_the_secret),
	    T(a_request_says_who_asks_and_proves_it),
	    T(neither_secret_nor_store_goes_over_the_wire_in_the_clear),
	    T(a_request_that_was_changed_is_not_proven),
	    T(a_certificate_put_in_place_of_the_nodes_is_not_proven),
	    T(another_secret_proves_nothing),
	    T(each_member_of_a_request_is_needed_and_bounded),
	    T(what_is_no_object_is_no_request),
	    T(odd_members_of_a_request_are_refused),
	    T(a_certificate_of_another_kind_is_refused),
	    T(an_answer_by_another_certificate_is_refused),
	    T(an_answer_signed_by_somebody_else_is_refused),
	    T(a_changed_answer_is_refused),
	    T(an_answer_to_another_request_is_refused),
	    T(what_was_sealed_to_others_cannot_be_read),
	    T(what_is_no_object_is_no_answer),
	    T(each_member_of_what_is_told_is_needed_and_bounded),
	    T(a_head_is_a_number_and_a_hash),
	    T(a_secret_is_for_one_name),
	    T(clocks_may_be_five_minutes_apart_and_no_more),
	    T(the_new_node_looks_at_the_publishers_clock_as_well),
	    T(a_refusal_of_the_publisher_keeps_its_id),
	    T(a_refusal_of_any_length_and_shape_does_no_harm),
	    T(a_publisher_that_is_not_there_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
