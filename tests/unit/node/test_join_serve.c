/*
 * src/node/join_serve.c: whom a publisher lets in. With a real PostgreSQL: UCPKI_TEST_POSTGRES is the url of a superuser (scripts/postgres start DIR prints one).
 */
#include "uc_test.h"

#include <pthread.h>
#include <time.h>

#include "core/text.h"
#include "manage/join_secret.h"
#include "node/join_wire.h"
#include "node/node.h"
#include "pki/make_certs.h"
#include "store/test_database.h"

#define GUID "01234567-89ab-4cde-8f01-23456789abcd"
#define PEER "192.0.2.7"

struct cluster {
	char *dir, *joiner_dir, *other_dir;
	struct test_database db;
	struct uc_node *node;
	struct uc_keys *joiner, *other; /* of two machines that want to join */
	struct uc_join_secret secret;   /* made for cucm-sub1 */
};

static json_t *run_task(struct uc_node *n, const char *task, json_t *args)
{
	struct uc_error e;
	json_t *out = NULL;
	const struct uc_node_call call = {.request = {.task = task, .args = args}, .who = "tester", .yes = true, .force = true};
	assert_ok(uc_node_run(n, &call, &out, &e), e);
	json_decref(args);
	return out;
}

static struct uc_node *open_node(const char *dir, unsigned roles)
{
	struct uc_error e;
	struct uc_node *n = NULL;
	const struct uc_node_config config = {.data = dir, .name = "cucm-pub", .domain = "example.com", .roles = roles};
	assert_ok(uc_node_open(&config, &n, &e), e);
	return n;
}

static void add_node(struct cluster *c, json_t *args)
{
	struct uc_error e;
	json_t *added = run_task(c->node, "node-add", args);
	const char *text = json_string_value(json_object_get(added, "secret"));
	assert_non_null(text);
	assert_ok(uc_join_secret_read(text, &c->secret, &e), e);
	json_decref(added);
}

static int cluster_setup(void **state)
{
	struct uc_error e;
	json_t *out = NULL;
	*state = NULL;
	if (test_server() == NULL) return 0;
	struct cluster *c = uc_zalloc(1, sizeof *c);
	c->db = test_database_make();
	c->dir = uc_test_dir();
	c->joiner_dir = uc_test_dir();
	c->other_dir = uc_test_dir();
	c->node = open_node(c->dir, UC_NODE_PUBLISHER);
	assert_ok(uc_node_move(c->node, c->db.url, false, &out, &e), e);
	json_decref(out);
	assert_ok(uc_keys_open(c->joiner_dir, &c->joiner, &e), e);
	assert_ok(uc_keys_open(c->other_dir, &c->other, &e), e);
	add_node(c, json_pack("{s:s, s:s}", "node", "cucm-sub1", "roles", "subscriber,tftp"));
	*state = c;
	return 0;
}

static int cluster_teardown(void **state)
{
	struct cluster *c = *state;
	uc_clock_set(-1);
	if (c == NULL) return 0;
	uc_node_close(c->node);
	uc_keys_close(c->joiner);
	uc_keys_close(c->other);
	uc_test_dir_remove(c->dir);
	uc_test_dir_remove(c->joiner_dir);
	uc_test_dir_remove(c->other_dir);
	test_database_drop(&c->db);
	free(c);
	return 0;
}

#define NEEDS_SERVER(c) \
	if ((c) == NULL) uc_skip("set UCPKI_TEST_POSTGRES to the url of a superuser (scripts/postgres start DIR prints one)")

/* Asks as a node with these keys would; the answer is read when there is one. */
static enum uc_status ask_as(struct cluster *c, struct uc_keys *keys, const char *name, const char *peer, struct uc_join_told *told,
                             struct uc_error *e)
{
	uint8_t mac[32];
	json_t *answer = NULL;
	json_t *request = uc_join_request_make(&c->secret, keys, &(struct uc_join_wish){.name = name, .guid = GUID}, mac);
	enum uc_status status = uc_node_join_answer(c->node, request, peer, &answer, e);
	if (status == UC_OK) assert_ok(uc_join_answer_read(&c->secret, keys, name, mac, answer, told, e), *e);
	json_decref(request);
	json_decref(answer);
	return status;
}

static enum uc_status ask(struct cluster *c, struct uc_keys *keys, struct uc_error *e)
{
	UC_CLEANUP(uc_join_told_free) struct uc_join_told told = {.node = NULL};
	return ask_as(c, keys, NULL, PEER, &told, e);
}

static json_int_t head_of(struct uc_node *n)
{
	json_t *status = uc_node_status(n);
	json_int_t head = json_integer_value(json_object_get(status, "head"));
	json_decref(status);
	return head;
}

static json_int_t newest_change(struct cluster *c)
{
	struct uc_error e;
	json_t *changes = NULL;
	assert_ok(uc_node_changes(c->node, &(struct uc_log_filter){.object = NULL}, 0, 1, &changes, &e), e);
	json_int_t number = json_integer_value(json_object_get(json_array_get(json_object_get(changes, "items"), 0), "number"));
	json_decref(changes);
	return number;
}

/* ---- who may ---- */

static void a_node_with_the_secret_joins_and_is_pinned(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	UC_CLEANUP(uc_join_told_free) struct uc_join_told told = {.node = NULL};
	assert_ok(ask_as(c, c->joiner, "CUCM-sub1", PEER, &told, &e), e);
	assert_string_equal(told.node, "cucm-sub1");
	assert_string_equal(told.domain, "example.com");
	assert_string_equal(told.roles, "subscriber,tftp");
	assert_true(uc_starts_with(told.store, "postgresql:"));
	assert_int_equal(told.head, newest_change(c));
	char fp[UC_FINGERPRINT_HEX];
	json_t *row = NULL;
	assert_ok(uc_node_get(c->node, "cucm-sub1", &row, &e), e);
	assert_string_equal(json_string_value(json_object_get(row, "fingerprint")), uc_cert_fingerprint_hex(uc_keys_node_cert(c->joiner), fp));
	assert_string_equal(json_string_value(json_object_get(row, "guid")), GUID);
	json_decref(row);
}

static void a_repeated_request_changes_nothing_and_gets_other_credentials(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	UC_CLEANUP(uc_join_told_free) struct uc_join_told first = {.node = NULL};
	UC_CLEANUP(uc_join_told_free) struct uc_join_told second = {.node = NULL};
	assert_ok(ask_as(c, c->joiner, NULL, PEER, &first, &e), e);
	json_int_t number = newest_change(c);
	assert_ok(ask_as(c, c->joiner, NULL, PEER, &second, &e), e);
	assert_int_equal(newest_change(c), number);
	assert_string_not_equal(first.store, second.store);
	assert_string_equal(first.node, second.node);
	/* The last ones open the store, those before no longer do. */
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(second.store, UC_DB_READ, &db, &e), e);
	uc_db_close(uc_move(db));
	assert_fails(uc_db_open(first.store, UC_DB_READ, &db, &e), e, UC_EREFUSED, "store-access");
}

struct asking {
	struct cluster *cluster;
	enum uc_status status;
	struct uc_error error;
};

static void *ask_once(void *arg)
{
	struct asking *a = arg;
	uint8_t mac[32];
	json_t *answer = NULL;
	json_t *request = uc_join_request_make(&a->cluster->secret, a->cluster->joiner, &(struct uc_join_wish){.guid = GUID}, mac);
	a->status = uc_node_join_answer(a->cluster->node, request, PEER, &answer, &a->error);
	json_decref(request);
	json_decref(answer);
	return NULL;
}

/* A node that is started again while its first request is still under way (C99). */
static void a_node_that_asks_twice_at_once_is_let_in_by_one_change(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	enum { AT_ONCE = 6 };
	struct asking asking[AT_ONCE];
	pthread_t threads[AT_ONCE];
	json_int_t number = newest_change(c);
	for (size_t i = 0; i < AT_ONCE; i++) asking[i] = (struct asking){.cluster = c};
	for (size_t i = 0; i < AT_ONCE; i++) assert_int_equal(pthread_create(&threads[i], NULL, ask_once, &asking[i]), 0);
	for (size_t i = 0; i < AT_ONCE; i++) pthread_join(threads[i], NULL);
	for (size_t i = 0; i < AT_ONCE; i++) assert_ok(asking[i].status, asking[i].error);
	assert_int_equal(newest_change(c), number + 1);
}

static void the_first_to_show_the_secret_has_used_it(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	assert_ok(ask(c, c->joiner, &e), e);
	json_int_t number = newest_change(c);
	assert_fails(ask(c, c->other, &e), e, UC_EREFUSED, "join-secret-used");
	assert_non_null(strstr(e.message, "cucm-sub1"));
	assert_int_equal(newest_change(c), number);
	assert_ok(ask(c, c->joiner, &e), e);
}

static void a_replacement_joins_once_and_its_predecessor_no_more(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	assert_ok(ask(c, c->joiner, &e), e);
	struct uc_join_secret before = c->secret;
	add_node(c, json_pack("{s:s, s:s, s:b}", "node", "cucm-sub1", "roles", "subscriber,tftp", "replace", 1));
	struct uc_join_secret replacement = c->secret;
	c->secret = before; /* its row went when another was made */
	assert_fails(ask(c, c->joiner, &e), e, UC_EREFUSED, "join-secret-used");
	c->secret = replacement;
	assert_ok(ask(c, c->other, &e), e);
	assert_fails(ask(c, c->joiner, &e), e, UC_EREFUSED, "join-secret-used");
	assert_ok(ask(c, c->other, &e), e);
}

/* What the node would refuse, the publisher refuses before anything is changed, and the secret is good for another machine (C99). */
static void a_secret_whose_fingerprint_is_wrong_is_not_used_up_C99(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	json_int_t number = newest_change(c);
	c->secret.publisher[0] ^= 1;
	assert_fails(ask(c, c->joiner, &e), e, UC_EREFUSED, "join-secret-wrong");
	assert_non_null(strstr(e.message, "another publisher"));
	assert_int_equal(newest_change(c), number);
	c->secret.publisher[0] ^= 1;
	assert_ok(ask(c, c->other, &e), e);
}

/* Changes as the joined node makes them: it is at work, and the secret is of no use any more. */
static void install_as_the_joined_node(struct cluster *c)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *id = uc_hex(uc_slice_of(c->secret.id, sizeof c->secret.id), '\0');
	UC_CLEANUP(uc_join_free) struct uc_join join = {.id = NULL};
	UC_CLEANUP(uc_store_closep) struct uc_store *store = NULL;
	int64_t number;
	char at[UC_TIME_TEXT];
	char until[UC_TIME_TEXT];
	assert_ok(uc_store_open(c->db.url, UC_STORE_WRITE, &store, &e), e);
	assert_ok(uc_store_begin(store, &e), e);
	assert_ok(uc_store_join(store, id, &join, &e), e);
	json_t *body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:i, s:s, s:{s:s, s:s, s:s, s:s, s:s}}]}", "at",
	                         uc_time_rfc3339(uc_now(), at), "node", join.node, "who", "installation", "task", "install", "request", "r-1",
	                         "summary", "install", "steps", "type", "join.remove", "v", 1, "id", id, "before", "node", join.node, "domain",
	                         join.domain, "roles", join.roles, "secret", join.secret, "expires", uc_time_rfc3339(join.expires, until));
	assert_ok(uc_log_append(store, body, uc_keys_node_sign, c->joiner, &number, &e), e);
	json_decref(body);
	assert_ok(uc_store_commit(store, &e), e);
	while (newest_change(c) < number) nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static void a_secret_whose_node_is_at_work_is_used_and_not_unknown(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	assert_ok(ask(c, c->joiner, &e), e);
	json_int_t joined = newest_change(c);
	install_as_the_joined_node(c);
	assert_fails(ask(c, c->other, &e), e, UC_EREFUSED, "join-secret-used");
	UC_CLEANUP(uc_freep) char *by = uc_sprintf("as cucm-sub1 with this secret already, by change %lld", (long long)joined);
	assert_non_null(strstr(e.message, by));
}

static void a_secret_that_was_withdrawn_unused_is_not_called_used(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	struct uc_join_secret before = c->secret;
	add_node(c, json_pack("{s:s, s:s}", "node", "cucm-sub1", "roles", "subscriber,tftp"));
	assert_ok(ask(c, c->joiner, &e), e); /* with the new one */
	c->secret = before;
	assert_fails(ask(c, c->other, &e), e, UC_EREFUSED, "join-secret-wrong");
}

/* ---- guesses ---- */

static void an_unknown_id_and_a_wrong_secret_are_told_the_same(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error unknown;
	struct uc_error wrong;
	c->secret.secret[3] ^= 1;
	assert_fails(ask(c, c->joiner, &wrong), wrong, UC_EREFUSED, "join-secret-wrong");
	c->secret.secret[3] ^= 1;
	c->secret.id[0] ^= 1;
	assert_fails(ask(c, c->joiner, &unknown), unknown, UC_EREFUSED, "join-secret-wrong");
	assert_string_equal(wrong.message, unknown.message);
	assert_string_equal(wrong.hint, unknown.hint);
}

static void ten_wrong_secrets_brake_a_peer(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	uc_clock_set(uc_now()); /* the minute does not end meanwhile */
	c->secret.secret[0] ^= 1;
	for (int i = 0; i < 10; i++) assert_fails(ask(c, c->joiner, &e), e, UC_EREFUSED, "join-secret-wrong");
	c->secret.secret[0] ^= 1;
	assert_fails(ask(c, c->joiner, &e), e, UC_EAUTH, "too-many-failures");
	UC_CLEANUP(uc_join_told_free) struct uc_join_told told = {.node = NULL};
	assert_ok(ask_as(c, c->joiner, NULL, "192.0.2.8", &told, &e), e);
}

/* ---- times and names ---- */

static void a_clock_that_is_off_is_told_with_both_times(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	uint8_t mac[32];
	json_t *answer = NULL;
	json_int_t number = newest_change(c);
	uc_clock_set(MAKE_NOW - 365 * UC_DAY);
	json_t *request = uc_join_request_make(&c->secret, c->joiner, &(struct uc_join_wish){.guid = GUID}, mac);
	uc_clock_set(-1);
	assert_fails(uc_node_join_answer(c->node, request, PEER, &answer, &e), e, UC_EREFUSED, "clock-off");
	assert_non_null(strstr(e.message, "2025-06-01T00:00:00Z"));
	assert_null(answer);
	assert_int_equal(newest_change(c), number);
	json_decref(request);
}

static void a_secret_expires(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	uc_clock_set(uc_now() + UC_JOIN_HOURS * 3600 + 1);
	enum uc_status status = ask(c, c->joiner, &e);
	uc_clock_set(-1);
	assert_fails(status, e, UC_EREFUSED, "join-secret-expired");
}

static void a_node_of_another_name_is_refused_before_the_secret_is_used(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	UC_CLEANUP(uc_join_told_free) struct uc_join_told told = {.node = NULL};
	assert_fails(ask_as(c, c->joiner, "cucm-sub2", PEER, &told, &e), e, UC_ECONFLICT, "other-node");
	uint8_t mac[32];
	json_t *answer = NULL;
	const struct uc_join_wish wish = {.name = "cucm-sub1", .domain = "example.org", .guid = GUID};
	json_t *request = uc_join_request_make(&c->secret, c->joiner, &wish, mac);
	assert_fails(uc_node_join_answer(c->node, request, PEER, &answer, &e), e, UC_ECONFLICT, "other-node");
	assert_non_null(strstr(e.message, "example.org"));
	json_decref(request);
	assert_ok(ask(c, c->other, &e), e);
}

static void a_copied_data_directory_is_no_new_node(void **state)
{
	struct cluster *c = *state;
	NEEDS_SERVER(c);
	struct uc_error e;
	assert_ok(ask(c, c->joiner, &e), e);
	add_node(c, json_pack("{s:s}", "node", "cucm-sub2"));
	assert_fails(ask(c, c->joiner, &e), e, UC_EREFUSED, "guid-taken");
}

/* ---- the wrong place ---- */

static void a_node_alone_lets_nobody_in(void **state)
{
	(void)state;
	struct uc_error e;
	uint8_t mac[32];
	json_t *answer = NULL;
	char *dir = uc_test_dir();
	struct uc_node *n = open_node(dir, UC_NODE_PUBLISHER);
	struct uc_keys *keys = NULL;
	char *other = uc_test_dir();
	const struct uc_join_secret secret = {.id = {1}};
	assert_ok(uc_keys_open(other, &keys, &e), e);
	json_t *request = uc_join_request_make(&secret, keys, &(struct uc_join_wish){.guid = GUID}, mac);
	assert_fails(uc_node_join_answer(n, request, PEER, &answer, &e), e, UC_EREFUSED, "not-shared");
	assert_int_equal(head_of(n), 1);
	json_decref(request);
	uc_keys_close(keys);
	uc_node_close(n);
	uc_test_dir_remove(dir);
	uc_test_dir_remove(other);
}

static void a_subscriber_is_not_asked(void **state)
{
	(void)state;
	struct uc_error e;
	json_t *answer = NULL;
	char *dir = uc_test_dir();
	struct uc_node *n = open_node(dir, UC_NODE_SUBSCRIBER);
	json_t *request = json_object();
	assert_fails(uc_node_join_answer(n, request, PEER, &answer, &e), e, UC_EREFUSED, "not-publisher");
	assert_non_null(strstr(e.message, "cucm-pub.example.com"));
	json_decref(request);
	uc_node_close(n);
	uc_test_dir_remove(dir);
}

#define T(name) cmocka_unit_test_setup_teardown(name, cluster_setup, cluster_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_node_with_the_secret_joins_and_is_pinned),
	    T(a_repeated_request_changes_nothing_and_gets_other_credentials),
	    T(a_node_that_asks_twice_at_once_is_let_in_by_one_change),
	    T(the_first_to_show_the_secret_has_used_it),
	    T(a_replacement_joins_once_and_its_predecessor_no_more),
	    T(a_secret_whose_fingerprint_is_wrong_is_not_used_up_C99),
	    T(a_secret_whose_node_is_at_work_is_used_and_not_unknown),
	    T(a_secret_that_was_withdrawn_unused_is_not_called_used),
	    T(an_unknown_id_and_a_wrong_secret_are_told_the_same),
	    T(ten_wrong_secrets_brake_a_peer),
	    T(a_clock_that_is_off_is_told_with_both_times),
	    T(a_secret_expires),
	    T(a_node_of_another_name_is_refused_before_the_secret_is_used),
	    T(a_copied_data_directory_is_no_new_node),
	    cmocka_unit_test(a_node_alone_lets_nobody_in),
	    cmocka_unit_test(a_subscriber_is_not_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
