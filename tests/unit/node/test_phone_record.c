/* src/node/phone_record.c: what phones fetched reaches the database, in groups, and does not hold anybody up. */
#include "uc_test.h"

#include <time.h>

#include "node/internal.h"
#include "node/phone_internal.h"

#define NOW ((uc_time)1780272000)

static char *dir, *path;
static struct uc_phone_records *records;

static int setup(void **state)
{
	(void)state;
	struct uc_error e;
	uc_clock_set(NOW); /* what is too old is thrown away */
	dir = uc_test_dir();
	path = uc_sprintf("%s/local.db", dir);
	assert_ok(uc_phone_records_start(path, &records, &e), e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	uc_phone_records_stop(records);
	uc_clock_set(-1);
	free(path);
	uc_test_dir_remove(dir);
	return 0;
}

static void add(int number)
{
	struct uc_phone_fetch f = {
	    .kind = "ITL", .file = "ITLFile.tlv", .version = "aa", .peer = "192.0.2.1", .via = "tftp", .at = NOW + number};
	snprintf(f.device, sizeof f.device, "SEP%012d", number);
	uc_phone_records_add(records, &f);
}

static int64_t count_in(struct uc_local *db)
{
	struct uc_error e;
	struct uc_phone_count c;
	assert_ok(uc_local_count(db, "ITL", "aa", &c, &e), e);
	return c.current;
}

/* As another one sees it: what is written, and not what waits. */
static int64_t written(void)
{
	struct uc_error e;
	struct uc_local *db = NULL;
	assert_ok(uc_local_open(path, &db, &e), e);
	int64_t count = count_in(db);
	uc_local_close(db);
	return count;
}

static void wait_until_written(int64_t count)
{
	/* A minute at most, so that a fault ends the test and not the patience of who waits. */
	for (int i = 0; i < 600 && written() < count; i++) nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
	assert_int_equal(written(), count);
}

static void a_few_are_written_without_being_asked_for(void **state)
{
	(void)state;
	add(1);
	add(2);
	wait_until_written(2);
	add(3);
	wait_until_written(3);
}

static void whoever_asks_sees_what_came_before(void **state)
{
	(void)state;
	struct uc_local *db;
	for (int i = 1; i <= 50; i++) {
		add(i);
		db = uc_phone_records_borrow(records);
		assert_int_equal(count_in(db), i);
		uc_phone_records_return(records);
	}
}

static void what_is_left_is_written_at_the_end(void **state)
{
	(void)state;
	struct uc_error e;
	for (int i = 1; i <= 1700; i++) add(i);
	uc_phone_records_stop(records);
	assert_int_equal(written(), 1700);
	assert_ok(uc_phone_records_start(path, &records, &e), e);
}

static void too_many_push_the_oldest_out(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_local *db;
	enum { MORE = 25 };
	/* While somebody has the database nothing is written. */
	db = uc_phone_records_borrow(records);
	for (int i = 1; i <= UC_PHONE_QUEUE + MORE; i++) add(i);
	assert_int_equal(uc_phone_records_dropped(records), MORE);
	uc_phone_records_return(records);
	db = uc_phone_records_borrow(records);
	assert_int_equal(count_in(db), UC_PHONE_QUEUE);
	uc_phone_records_return(records);
	UC_CLEANUP(uc_local_closep) struct uc_local *other = NULL;
	assert_ok(uc_local_open(path, &other, &e), e);
	assert_int_equal(count_in(other), UC_PHONE_QUEUE);
}

/* ---- what servers tell ---- */

struct seen {
	size_t count;
	char device[80], peer[64], via[8], itl[65], config[128], missed[128];
	uc_time last_seen;
};

static void see(void *ctx, const struct uc_phone_row *row)
{
	struct seen *s = ctx;
	s->count++;
	snprintf(s->device, sizeof s->device, "%s", row->device);
	snprintf(s->peer, sizeof s->peer, "%s", row->peer);
	snprintf(s->via, sizeof s->via, "%s", row->via);
	snprintf(s->itl, sizeof s->itl, "%s", row->itl);
	snprintf(s->config, sizeof s->config, "%s", row->config);
	snprintf(s->missed, sizeof s->missed, "%s", row->missed);
	s->last_seen = row->last_seen;
}

static void names_tell_the_phone_and_what_it_has(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_phone phone = {.records = records};
	struct uc_node node = {.phone = &phone};
	struct uc_phone_ask ask = {.name = "itlsep00aabbccddee.tlv", .peer = "192.0.2.7", .via = UC_VIA_TFTP};
	struct uc_buf bytes = UC_BUF_EMPTY;
	struct uc_phone_file *list = uc_phone_file_new(&bytes, "ITL", "aabbcc"), *file = uc_phone_file_new(&bytes, NULL, "");
	uc_phone_fetched(&node, &ask, list);
	ask.name = "SEP00AABBCCDDEE.cnf.xml.sgn";
	ask.via = UC_VIA_HTTP;
	uc_phone_fetched(&node, &ask, file);
	ask.name = "ringlist\xff.xml";
	uc_clock_set(NOW + 60);
	ask.via = UC_VIA_HTTPS;
	uc_phone_missed(&node, &ask);
	ask.name = "../../etc/passwd"; /* nobody's */
	ask.peer = "192.0.2.66";
	uc_phone_missed(&node, &ask);
	uc_phone_file_unref(list);
	uc_phone_file_unref(file);
	struct uc_local *db;
	struct seen s = {.count = 0};
	db = uc_phone_records_borrow(records);
	assert_ok(uc_local_phones(db, NULL, 10, NULL, NULL, see, &s, &e), e);
	uc_phone_records_return(records);
	assert_int_equal(s.count, 1);
	assert_string_equal(s.device, "SEP00AABBCCDDEE");
	assert_string_equal(s.peer, "192.0.2.7");
	assert_string_equal(s.via, "https");
	assert_string_equal(s.itl, "aabbcc");
	assert_string_equal(s.config, "SEP00AABBCCDDEE.cnf.xml.sgn");
	assert_string_equal(s.missed, "ringlist?.xml");
	assert_int_equal(s.last_seen, NOW + 60);
}

static void a_database_that_cannot_be_made_is_said(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_phone_records *r = NULL;
	assert_int_not_equal(uc_phone_records_start("/nonexistent/local.db", &r, &e), UC_OK);
	assert_null(r);
	assert_true(e.message[0] != '\0');
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(a_few_are_written_without_being_asked_for), TEST(whoever_asks_sees_what_came_before),
	    TEST(what_is_left_is_written_at_the_end),        TEST(too_many_push_the_oldest_out),
	    TEST(names_tell_the_phone_and_what_it_has),      TEST(a_database_that_cannot_be_made_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
