/* src/node/publish.c: what phones are answered by follows the state, whoever is faster, whatever is damaged, and whatever the clock says. */
#include "uc_test.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/file.h"
#include "node/lists.h"
#include "node/publish.h"
#include "store/db.h"

#define NAME "cucm-pub"
#define NOW ((uc_time)1780272000)
#define IN_2107 ((uc_time)4323456000)

static char *dir;
static struct uc_node *node;

static void open_node(void)
{
	struct uc_error e;
	const struct uc_node_config config = {.data = dir, .name = NAME, .domain = "example.com"};
	assert_ok(uc_node_open(&config, &node, &e), e);
}

static int setup(void **state)
{
	(void)state;
	uc_clock_set(NOW);
	dir = uc_test_dir();
	open_node();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	uc_node_close(node);
	uc_clock_set(-1);
	uc_test_dir_remove(dir);
	return 0;
}

static void run(const char *task, json_t *args)
{
	struct uc_error e;
	json_t *out = NULL;
	const struct uc_node_call call = {.request = {.task = task, .args = args}, .who = "tester", .yes = true, .force = true};
	assert_ok(uc_node_run(node, &call, &out, &e), e);
	json_decref(out);
	json_decref(args);
}

static void regenerate(const char *purpose)
{
	run("cert-regen", json_pack("{s:s}", "purpose", purpose));
}

/* By a state of its own, as uc_node_maintain() does. */
static void refresh(void)
{
	struct uc_error e;
	struct uc_lease reader = {.node = NULL};
	assert_ok(uc_reader_borrow(node, &reader, &e), e);
	assert_ok(uc_view_refresh(node, reader.store, &e), e);
	uc_reader_return(&reader);
}

/* A state that stays as it is now. */
static void hold_state(struct uc_lease *lease)
{
	struct uc_error e;
	int64_t head;
	assert_ok(uc_reader_borrow(node, lease, &e), e);
	assert_ok(uc_log_head(lease->store, &head, NULL, &e), e);
}

/* The version of the ITL that phones get. Free with free(). */
static char *served(void)
{
	struct uc_phone_basis *b = uc_view_phone_basis(node);
	assert_non_null(b->itl);
	char *version = uc_strdup(uc_phone_file_version(b->itl));
	uc_phone_basis_unref(b);
	return version;
}

/* The one that is shown as the newest is what phones get. */
static void expect_recorded(void)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *version = served();
	UC_CLEANUP(uc_list_version_free) struct uc_list_version last = {.list = NULL};
	assert_ok(uc_published_itl(node, &last, &e), e);
	assert_string_equal(last.version, version);
}

static char *path_of(const char *name)
{
	return uc_sprintf("%s/%s", dir, name);
}

static void spoil(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int i = 0; i < 4096; i++) assert_int_equal(write(fd, "damaged!", 8), 8);
	close(fd);
}

static enum uc_status find(const char *name, struct uc_error *e)
{
	bool later;
	struct uc_phone_file *f = NULL;
	const struct uc_phone_ask ask = {.name = name, .peer = "192.0.2.1", .via = UC_VIA_TFTP};
	enum uc_status status = uc_phone_find(node, &ask, true, &later, &f, e);
	uc_phone_file_unref(f);
	return status;
}

static void put_file(const char *name)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/tftp/%s", dir, name);
	struct uc_error e;
	assert_ok(uc_file_create(path, uc_slice_str("<rings/>"), 0644, &e), e);
}

/* ---- who is faster ---- */

static void a_state_that_comes_late_is_not_published(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_lease late = {.node = NULL};
	hold_state(&late);
	regenerate("TVS");
	UC_CLEANUP(uc_freep) char *version = served();
	assert_ok(uc_view_refresh(node, late.store, &e), e);
	uc_reader_return(&late);
	UC_CLEANUP(uc_freep) char *after = served();
	assert_string_equal(after, version);
	expect_recorded();
	/* A log that goes on from before is another matter. */
	hold_state(&late);
	regenerate("TVS");
	uc_publish_anew(node);
	pthread_mutex_lock(&node->view_lock);
	node->view->number = 0;
	pthread_mutex_unlock(&node->view_lock);
	UC_CLEANUP(uc_freep) char *newer = served();
	assert_ok(uc_view_refresh(node, late.store, &e), e);
	uc_reader_return(&late);
	UC_CLEANUP(uc_freep) char *back = served();
	assert_string_not_equal(back, newer);
	expect_recorded();
}

static atomic_bool ending;

static void *refresh_often(void *arg)
{
	(void)arg;
	while (!ending) refresh();
	return NULL;
}

static void *fetch_often(void *arg)
{
	struct uc_error e;
	while (!ending) {
		assert_int_equal(find(arg, &e), UC_OK);
		SSL_CTX *tls = uc_phone_tls(node);
		assert_non_null(tls);
		SSL_CTX_free(tls);
	}
	return NULL;
}

static void phones_fetch_while_everything_changes(void **state)
{
	(void)state;
	enum { THREADS = 5, CHANGES = 12 };
	static const char *const purposes[] = {"TVS", "CallManager", "CAPF"};
	static char itl[] = "ITLSEP001122334455.tlv", rings[] = "rings.xml.sgn";
	pthread_t threads[THREADS];
	put_file("rings.xml");
	ending = false;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, i == 0 ? refresh_often : fetch_often, i % 2 == 0 ? itl : rings), 0);
	for (size_t i = 0; i < CHANGES; i++) regenerate(purposes[i % 3]);
	ending = true;
	for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
	expect_recorded();
	assert_true(uc_published_well(node));
}

/* ---- the node's own database ---- */

static void a_list_that_phones_get_is_recorded_again_when_the_database_was_lost(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *path = path_of("local.db");
	UC_CLEANUP(uc_freep) char *wal = path_of("local.db-wal");
	UC_CLEANUP(uc_freep) char *before = served();
	assert_int_equal(unlink(path), 0);
	unlink(wal);
	expect_recorded();
	spoil(path);
	unlink(wal);
	expect_recorded();
	/* The node that starts with it serves the same list, and makes no other. */
	uc_node_close(node);
	open_node();
	UC_CLEANUP(uc_freep) char *after = served();
	assert_string_equal(after, before);
	expect_recorded();
}

static void a_damaged_database_does_not_keep_a_list_from_phones(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *path = path_of("local.db");
	uc_node_close(node);
	spoil(path);
	open_node();
	assert_true(uc_published_well(node));
	expect_recorded();
}

/* ---- the clock ---- */

static void a_clock_that_is_set_back_makes_the_newest_list_no_older(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *before = served();
	uc_clock_set(NOW - 10 * UC_DAY);
	regenerate("TVS");
	UC_CLEANUP(uc_freep) char *after = served();
	assert_string_not_equal(after, before);
	expect_recorded();
	uc_node_close(node);
	open_node();
	UC_CLEANUP(uc_freep) char *again = served();
	assert_string_equal(again, after);
}

static void a_time_that_the_format_cannot_say_leaves_the_list_that_there_is(void **state)
{
	(void)state;
	struct uc_error e;
	put_file("rings.xml");
	UC_CLEANUP(uc_freep) char *before = served();
	uc_clock_set(IN_2107);
	run("setting-set", json_pack("{s:s, s:s}", "name", "list-encryption", "value", "advanced"));
	assert_false(uc_published_well(node));
	UC_CLEANUP(uc_freep) char *after = served();
	assert_string_equal(after, before);
	expect_recorded();
	assert_fails(find("rings.xml.sgn", &e), e, UC_EINPUT, "tlv-time");
	uc_clock_set(NOW);
	refresh();
	assert_true(uc_published_well(node));
	UC_CLEANUP(uc_freep) char *then = served();
	assert_string_not_equal(then, before);
	assert_int_equal(find("rings.xml.sgn", &e), UC_OK);
}

/* ---- what cannot be had ---- */

static void a_setting_that_a_newer_program_made_counts_as_if_it_were_not_set(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", dir);
	struct uc_db *db = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &db, &e), e);
	assert_ok(
	    uc_db_exec(db, "INSERT INTO setting (name, value, number) VALUES ('file-signature', 'sha384', 1), ('of-the-future', 'on', 1)", &e),
	    e);
	uc_db_close(db);
	refresh();
	assert_true(uc_published_well(node));
	struct uc_phone_basis *b = uc_view_phone_basis(node);
	assert_int_equal(b->digest, UC_TL_SHA1);
	uc_phone_basis_unref(b);
	/* What else changes is not held up by it. */
	run("setting-set", json_pack("{s:s, s:s}", "name", "phone-fill", "value", "on"));
	b = uc_view_phone_basis(node);
	assert_true(b->fill);
	uc_phone_basis_unref(b);
}

/* A list of a program that is not this one, or of somebody who can write changes: 64 KiB of anything. */
static void a_CTL_that_cannot_be_read_gives_way_to_one_that_can(void **state)
{
	(void)state;
	struct uc_error e;
	json_t *out = NULL;
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", dir);
	struct uc_db *db = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &db, &e), e);
	assert_ok(
	    uc_db_exec(db, "INSERT INTO list_version (list, number, version, content) VALUES ('CTL', 1, 'abcdef0123456789', randomblob(65536))",
	               &e),
	    e);
	uc_db_close(db);
	refresh();
	assert_int_equal(find("CTLFile.tlv", &e), UC_OK);
	assert_ok(uc_node_lists(node, &out, &e), e);
	const json_t *ctl = json_array_get(json_object_get(out, "lists"), 0);
	assert_true(json_is_true(json_object_get(ctl, "due")));
	assert_string_equal(uc_json_member(json_array_get(json_object_get(ctl, "findings"), 0), "code"), "tlv-too-large");
	json_decref(out);
	regenerate("TVS"); /* what changes lists is judged by what is published */
	run("ctl-update", json_object());
	assert_ok(uc_node_lists(node, &out, &e), e);
	assert_true(json_is_false(json_object_get(json_array_get(json_object_get(out, "lists"), 0), "due")));
	json_decref(out);
	assert_ok(uc_node_list_versions(node, "CTL", NULL, NULL, 10, &out, &e), e);
	assert_int_equal(json_array_size(json_object_get(out, "items")), 2);
	json_decref(out);
}

static void a_key_that_could_not_be_read_is_tried_again(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_identity_free) struct uc_identity own = {.node = NULL};
	struct uc_lease reader = {.node = NULL};
	put_file("rings.xml");
	uc_node_close(node);
	open_node();
	assert_ok(uc_reader_borrow(node, &reader, &e), e);
	assert_ok(uc_store_identity(reader.store, NAME, "CallManager", &own, &e), e);
	uc_reader_return(&reader);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/keys/%s.key", dir, own.key_id);
	UC_CLEANUP(uc_freep) char *away = uc_sprintf("%s/away.key", dir);
	assert_int_equal(rename(path, away), 0);
	assert_ok(uc_file_create(path, uc_slice_str("no key"), 0600, &e), e);
	uc_node_close(node);
	open_node();
	assert_fails(find("rings.xml.sgn", &e), e, UC_EREFUSED, "phone-signer");
	assert_false(uc_published_well(node));
	assert_int_equal(rename(away, path), 0);
	refresh();
	assert_int_equal(find("rings.xml.sgn", &e), UC_OK);
	assert_true(uc_published_well(node));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_state_that_comes_late_is_not_published),
	    TEST(phones_fetch_while_everything_changes),
	    TEST(a_list_that_phones_get_is_recorded_again_when_the_database_was_lost),
	    TEST(a_damaged_database_does_not_keep_a_list_from_phones),
	    TEST(a_clock_that_is_set_back_makes_the_newest_list_no_older),
	    TEST(a_time_that_the_format_cannot_say_leaves_the_list_that_there_is),
	    TEST(a_setting_that_a_newer_program_made_counts_as_if_it_were_not_set),
	    TEST(a_CTL_that_cannot_be_read_gives_way_to_one_that_can),
	    TEST(a_key_that_could_not_be_read_is_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
