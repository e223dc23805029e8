/* src/serve/tftp/request.c: what comes to the port that everybody knows. */
#include "serve/tftp_harness.h"

static const struct uc_tftp_config usual = {.address = NULL};

#define ERROR(code, text) "\0\5\0" code text "\0"

static void a_missing_file_is_error_1(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1SEP001122334455.cnf.xml\0octet\0");
	EXPECT(c, ERROR("\1", "there is no file 'SEP001122334455.cnf.xml'"));
	assert_int_not_equal(port_of(&c->from), uc_tftp_port(h->tftp));
	assert_int_equal(harness_stats(h).refused, 1);
	WAIT_FOR(h, active, 0);
	client_free(c);
	harness_free(h);
}

static void what_the_source_refuses_is_error_2_and_other_failures_are_error_0(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1refused\0octet\0");
	EXPECT(c, ERROR("\2", "this file is not for you"));
	REQUEST(c, "\0\1broken\0octet\0");
	EXPECT(c, ERROR("\0", "the disk?is ?[31mbroken"));
	client_free(c);
	harness_free(h);
}

static void a_write_request_is_refused_as_the_server_is_read_only(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\2hello\0octet\0");
	EXPECT(c, ERROR("\2", "this server is read-only"));
	REQUEST(c, "\0\2");
	EXPECT(c, ERROR("\2", "this server is read-only"));
	client_free(c);
	harness_free(h);
}

static void what_is_no_request_is_error_4(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	static const char *const illegal[] = {"\0\0\0\0", "\0\3\0\1data", "\0\4\0\1", "\0\6ab", "\0\7ab", "\xff\xff\0\0", "\1\0\0\0", "\1\1ab"};
	for (size_t i = 0; i < sizeof illegal / sizeof illegal[0]; i++) {
		client_request(c, illegal[i], 4);
		EXPECT(c, ERROR("\4", "illegal TFTP operation"));
	}
	client_free(c);
	harness_free(h);
}

static void a_malformed_request_is_error_4(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	static const char *const malformed[] = {"\0\1\0octet\0", "\0\1hello\0", "\0\1hello\0oct", "\0\1hello\0octet\0tsize\0"};
	static const size_t lengths[] = {9, 8, 11, 20};
	for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
		client_request(c, malformed[i], lengths[i]);
		client_read(c);
		assert_memory_equal(c->data, "\0\5\0\4malformed request: ", 23);
	}
	REQUEST(c, "\0\1hello\0mail\0");
	EXPECT(c, ERROR("\4", "mode 'mail' is not served, only octet and netascii"));
	WAIT_FOR(h, active, 0);
	client_free(c);
	harness_free(h);
}

static void a_request_that_is_too_long_is_error_4(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	static char text[9000];
	static const size_t lengths[] = {514, 576, 577, 9000};
	memset(text, 'a', sizeof text);
	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		memcpy(text, "\0\1", 2);
		client_request(c, text, lengths[i]);
		client_read(c);
		assert_memory_equal(c->data, "\0\5\0\4", 4);
	}
	client_free(c);
	harness_free(h);
}

static void errors_and_scraps_are_never_answered(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\5\0\1no");
	REQUEST(c, "\0\5");
	REQUEST(c, "");
	REQUEST(c, "\0");
	REQUEST(c, "\0\4\0");
	expect_nothing_before(c);
	expect_silence(c);
	client_free(c);
	harness_free(h);
}

/* C118: a client whose time has passed gets what was sent before, from the same transfer. */
static void a_repeated_request_starts_no_second_transfer(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0");
	expect_big(c, h, 1, 512);
	uint16_t port = port_of(&c->from);
	usleep(250000);
	REQUEST(c, "\0\1big\0octet\0");
	expect_big(c, h, 1, 512);
	assert_int_equal(port_of(&c->from), port);
	assert_int_equal(harness_stats(h).active, 1);
	assert_int_equal(harness_stats(h).retransmitted, 1);
	/* Now that the client has answered, it can only be a duplicate. */
	send_ack(c, 1);
	expect_big(c, h, 2, 512);
	struct sockaddr_storage transfer = c->from;
	REQUEST(c, "\0\1big\0octet\0");
	REQUEST(c, "\0\1hello\0octet\0");
	expect_nothing_before(c);
	c->from = transfer;
	send_ack(c, 2);
	expect_big(c, h, 3, 512);
	assert_int_equal(port_of(&c->from), port);
	assert_int_equal(harness_stats(h).active, 1);
	client_free(c);
	harness_free(h);
}

static void another_request_before_the_first_answer_takes_the_place_of_the_first(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0blksize\0001024\0");
	EXPECT(c, "\0\6blksize\0001024\0");
	REQUEST(c, "\0\1hello\0octet\0");
	EXPECT(c, "\0\3\0\1hello");
	send_ack(c, 1);
	WAIT_FOR(h, active, 0);
	assert_int_equal(harness_stats(h).gone, 1);
	assert_int_equal(harness_stats(h).sent, 1);
	assert_last(h, "hello", "127.0.0.1");
	client_free(c);
	harness_free(h);
}

static void the_last_acknowledgement_counts_before_the_next_request_of_the_port(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	for (int i = 0; i < 50; i++) {
		REQUEST(c, "\0\1hello\0octet\0");
		EXPECT(c, "\0\3\0\1hello");
		send_ack(c, 1);
	}
	WAIT_FOR(h, sent, 50);
	assert_int_equal(harness_stats(h).gone, 0);
	client_free(c);
	harness_free(h);
}

static void a_request_when_the_last_acknowledgement_was_lost_begins_anew(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1block\0octet\0");
	client_read(c);
	assert_int_equal(c->got, 516);
	send_ack(c, 1);
	EXPECT(c, "\0\3\0\2");
	REQUEST(c, "\0\1hello\0octet\0");
	EXPECT(c, "\0\3\0\1hello");
	assert_int_equal(harness_stats(h).gone, 1);
	client_free(c);
	harness_free(h);
}

static void a_client_that_was_silent_for_long_may_begin_anew(void **state)
{
	(void)state;
	/* The times are 20, 40, 80, ... ms: the transfer lives for 20 seconds. */
	const struct uc_tftp_config config = {.timeout_ms = 20, .retries = 9};
	struct harness *h = harness_new(&config);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0");
	expect_big(c, h, 1, 512);
	send_ack(c, 1);
	for (unsigned seen = 0; seen < 3;) {
		client_read(c);
		seen += c->data[3] == 2;
	}
	REQUEST(c, "\0\1big\0octet\0");
	for (client_read(c); c->data[3] == 2;) client_read(c);
	assert_int_equal(c->data[3], 1);
	assert_int_equal(harness_stats(h).gone, 1);
	assert_int_equal(harness_stats(h).active, 1);
	client_free(c);
	harness_free(h);
}

static void requests_beyond_the_limit_of_a_client_are_dropped(void **state)
{
	(void)state;
	const struct uc_tftp_config config = {.per_client = 2, .max = 3};
	struct harness *h = harness_new(&config);
	static const char *const own[] = {"127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.4"};
	struct client *c[5];
	for (size_t i = 0; i < 5; i++) c[i] = client_new(h, own[i], "127.0.0.1");
	for (size_t i = 0; i < 2; i++) {
		REQUEST(c[i], "\0\1hello\0octet\0");
		EXPECT(c[i], "\0\3\0\1hello");
	}
	REQUEST(c[2], "\0\1hello\0octet\0");
	WAIT_FOR(h, dropped, 1);
	REQUEST(c[3], "\0\1hello\0octet\0");
	EXPECT(c[3], "\0\3\0\1hello");
	/* The limit of all. */
	REQUEST(c[4], "\0\1hello\0octet\0");
	WAIT_FOR(h, dropped, 2);
	assert_int_equal(harness_stats(h).active, 3);
	/* Where one has ended there is room for another. */
	send_ack(c[0], 1);
	WAIT_FOR(h, active, 2);
	REQUEST(c[2], "\0\1hello\0octet\0");
	EXPECT(c[2], "\0\3\0\1hello");
	for (size_t i = 0; i < 5; i++) client_free(c[i]);
	harness_free(h);
}

static void a_repeated_request_while_the_file_is_looked_for_is_ignored(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1wait\0octet\0");
	sem_wait(&h->waiting);
	REQUEST(c, "\0\1wait\0octet\0");
	REQUEST(c, "\0\1hello\0octet\0");
	expect_nothing_before(c);
	assert_int_equal(harness_stats(h).active, 1);
	sem_post(&h->go);
	expect_big(c, h, 1, 512);
	client_free(c);
	harness_free(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_missing_file_is_error_1),
	    cmocka_unit_test(what_the_source_refuses_is_error_2_and_other_failures_are_error_0),
	    cmocka_unit_test(a_write_request_is_refused_as_the_server_is_read_only),
	    cmocka_unit_test(what_is_no_request_is_error_4),
	    cmocka_unit_test(a_malformed_request_is_error_4),
	    cmocka_unit_test(a_request_that_is_too_long_is_error_4),
	    cmocka_unit_test(errors_and_scraps_are_never_answered),
	    cmocka_unit_test(a_repeated_request_starts_no_second_transfer),
	    cmocka_unit_test(another_request_before_the_first_answer_takes_the_place_of_the_first),
	    cmocka_unit_test(the_last_acknowledgement_counts_before_the_next_request_of_the_port),
	    cmocka_unit_test(a_request_when_the_last_acknowledgement_was_lost_begins_anew),
	    cmocka_unit_test(a_client_that_was_silent_for_long_may_begin_anew),
	    cmocka_unit_test(requests_beyond_the_limit_of_a_client_are_dropped),
	    cmocka_unit_test(a_repeated_request_while_the_file_is_looked_for_is_ignored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
