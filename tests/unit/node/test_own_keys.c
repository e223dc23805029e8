/* src/node/own_keys.c: which keys a node should have and does not (C98), as it says of itself and as a diagnosis repeats it. */
#include "uc_test.h"

#include "core/file.h"
#include "core/random.h"
#include "node/internal.h"

#define NAME "cucm-pub"

struct bed {
	char *dir;
	struct uc_node *node;
};

static int bed_setup(void **state)
{
	struct uc_error e;
	struct bed *b = uc_zalloc(1, sizeof *b);
	b->dir = uc_test_dir();
	const struct uc_node_config config = {.data = b->dir, .name = NAME, .domain = "example.com"};
	assert_ok(uc_node_open(&config, &b->node, &e), e);
	*state = b;
	return 0;
}

static int bed_teardown(void **state)
{
	struct bed *b = *state;
	uc_node_close(b->node);
	uc_test_dir_remove(b->dir);
	free(b);
	return 0;
}

static void run_task(struct bed *b, const char *task, json_t *args)
{
	struct uc_error e;
	json_t *out = NULL;
	const struct uc_node_call call = {.request = {.task = task, .args = args}, .who = "tester", .yes = true, .force = true};
	assert_ok(uc_node_run(b->node, &call, &out, &e), e);
	json_decref(out);
	json_decref(args);
}

/* The key of the node's certificate of a purpose, or of its pending request. Free with free(). */
static char *key_of(struct bed *b, const char *purpose, bool request)
{
	struct uc_error e;
	UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	if (request)
		assert_ok(uc_store_request(b->node->writer, NAME, purpose, &r, &e), e);
	else
		assert_ok(uc_store_identity(b->node->writer, NAME, purpose, &i, &e), e);
	return uc_strdup(request ? r.key_id : i.key_id);
}

static void lose(struct bed *b, const char *key)
{
	struct uc_error e;
	assert_ok(uc_keys_remove(b->node->keys, key, &e), e);
}

/* The messages of the node's findings "key-missing", a line each. Free with free(). */
static char *missing(struct bed *b)
{
	struct uc_error e;
	json_t *row = NULL;
	size_t i;
	const json_t *one;
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	assert_ok(uc_node_get(b->node, NAME, &row, &e), e);
	json_array_foreach(json_object_get(row, "findings"), i, one)
	{
		assert_string_equal(uc_json_member(one, "code"), "key-missing");
		assert_string_equal(uc_json_member(one, "weight"), "warn");
		uc_strv_add(&found, uc_json_member(one, "message"));
	}
	json_decref(row);
	return uc_strv_join(&found, "\n");
}

static void assert_missing(struct bed *b, const char *text)
{
	UC_CLEANUP(uc_freep) char *have = missing(b);
	assert_string_equal(have, text);
}

static void a_node_that_has_its_keys_says_nothing(void **state)
{
	struct bed *b = *state;
	run_task(b, "csr-gen", json_pack("{s:s}", "purpose", "TVS"));
	assert_missing(b, "");
}

static void the_key_of_a_certificate_is_missed_and_one_that_cannot_be_opened_too_C98(void **state)
{
	struct bed *b = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *gone = key_of(b, "TVS", false);
	UC_CLEANUP(uc_freep) char *damaged = key_of(b, "CAPF", false);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/keys/%s.key", b->dir, damaged);
	lose(b, gone);
	assert_ok(uc_file_write(path, uc_slice_str("no key"), 0600, &e), e);
	assert_missing(b, "the private key of the CAPF certificate cannot be opened on this node\n"
	                  "the private key of the TVS certificate is not on this node");
}

static void the_key_of_a_pending_request_is_missed(void **state)
{
	struct bed *b = *state;
	run_task(b, "csr-gen", json_pack("{s:s}", "purpose", "TVS"));
	UC_CLEANUP(uc_freep) char *key = key_of(b, "TVS", true);
	lose(b, key);
	assert_missing(b, "the private key of the pending CSR of TVS is not on this node");
}

static void the_OAuth_signing_key_is_missed_once(void **state)
{
	struct bed *b = *state;
	UC_CLEANUP(uc_freep) char *key = key_of(b, "authz", false);
	lose(b, key);
	UC_CLEANUP(uc_freep) char *have = missing(b);
	assert_non_null(strstr(have, "this node does not have the OAuth signing key: "));
	assert_null(strchr(have, '\n'));
}

/* As when it was sealed to the certificate of the machine that was there before: another node's plan was older than this node. */
static void an_OAuth_encryption_key_that_was_sealed_to_another_certificate_is_missed_O1(void **state)
{
	struct bed *b = *state;
	struct uc_error e;
	struct uc_keys *stranger = NULL;
	struct uc_store *s = b->node->writer;
	UC_CLEANUP(uc_certs_free) struct uc_certs to = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf blob = UC_BUF_EMPTY;
	UC_CLEANUP(uc_freep) char *request = uc_uuid();
	char *dir = uc_test_dir();
	char key[UC_KEY_ID_LEN];
	char hash[65];
	char at[UC_TIME_TEXT];
	int64_t number;
	assert_ok(uc_keys_open(dir, &stranger, &e), e);
	uc_certs_take(&to, uc_cert_dup(uc_keys_node_cert(stranger)));
	assert_ok(uc_keys_new_symmetric(&to, key, &blob, &e), e);
	assert_ok(uc_store_begin(s, &e), e);
	assert_ok(uc_store_secret_put(s, uc_buf_slice(&blob), hash, &e), e);
	json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:i, s:s, s:s, s:s, s:[s], s:s, s:n}]}", "at",
	                         uc_time_rfc3339(uc_now(), at), "node", NAME, "who", "tester", "task", "encryption-regen", "request", request,
	                         "summary", "test", "steps", "type", "key.seal", "v", 1, "key", key, "purpose", UC_AUTHZ_ENCRYPTION, "kind",
	                         "symmetric", "nodes", NAME, "secret", hash, "before");
	assert_ok(uc_log_append(s, body, uc_keys_node_sign, b->node->keys, &number, &e), e);
	assert_ok(uc_store_commit(s, &e), e);
	json_decref(body);
	uc_keys_close(stranger);
	uc_test_dir_remove(dir);
	UC_CLEANUP(uc_freep) char *have = missing(b);
	assert_non_null(strstr(have, "this node does not have the OAuth encryption key: "));
	assert_null(strchr(have, '\n'));
}

/* It is not only in the list of nodes: whoever asks why a node does not work is told. */
static void a_diagnosis_says_which_keys_are_missing(void **state)
{
	struct bed *b = *state;
	struct uc_error e;
	json_t *out = NULL;
	UC_CLEANUP(uc_freep) char *key = key_of(b, "authz", false);
	lose(b, key);
	assert_ok(uc_node_diagnose(b->node, NAME, false, "tester", &out, &e), e);
	const json_t *item = json_array_get(json_object_get(out, "items"), 0);
	const json_t *step = json_array_get(json_object_get(item, "steps"), 1);
	assert_true(json_is_false(json_object_get(item, "ok")));
	assert_string_equal(uc_json_member(step, "step"), "keys");
	assert_string_equal(uc_json_member(step, "state"), "found");
	assert_non_null(strstr(uc_json_member(step, "detail"), "OAuth signing key"));
	json_decref(out);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_node_that_has_its_keys_says_nothing),
	    T(the_key_of_a_certificate_is_missed_and_one_that_cannot_be_opened_too_C98),
	    T(the_key_of_a_pending_request_is_missed),
	    T(the_OAuth_signing_key_is_missed_once),
	    T(an_OAuth_encryption_key_that_was_sealed_to_another_certificate_is_missed_O1),
	    T(a_diagnosis_says_which_keys_are_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
