/* src/serve/tftp/transfer.c: a transfer from its first packet to its end, packet by packet. */
#include "serve/tftp_harness.h"

#include "core/clock.h"

static const struct uc_tftp_config usual = {.address = NULL};

static void a_file_is_sent_block_by_block(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.9", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0");
	for (unsigned block = 1; block <= BIG / 512 + 1; block++) {
		expect_big(c, h, block, 512);
		send_ack(c, block);
	}
	WAIT_FOR(h, sent, 1);
	WAIT_FOR(h, active, 0);
	assert_int_equal(h->ends[UC_TFTP_SENT], 1);
	assert_last(h, "big", "127.0.0.9");
	assert_int_equal(harness_stats(h).bytes, BIG);
	assert_int_equal(harness_stats(h).retransmitted, 0);
	client_free(c);
	harness_free(h);
}

static void an_empty_last_block_follows_a_full_one(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1block\0octet\0");
	client_read(c);
	assert_int_equal(c->got, 516);
	send_ack(c, 1);
	EXPECT(c, "\0\3\0\2");
	assert_int_equal(harness_stats(h).sent, 0);
	send_ack(c, 2);
	WAIT_FOR(h, sent, 1);
	REQUEST(c, "\0\1empty\0octet\0");
	EXPECT(c, "\0\3\0\1");
	send_ack(c, 1);
	WAIT_FOR(h, sent, 2);
	client_free(c);
	harness_free(h);
}

static void the_OACK_comes_first_and_is_acknowledged_with_0(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0tsize\0000\0blksize\0002000\0");
	EXPECT(c, "\0\6tsize\0005000\0blksize\0002000\0");
	for (unsigned block = 0; block < 3; block++) {
		send_ack(c, block);
		expect_big(c, h, block + 1, 2000);
	}
	send_ack(c, 3);
	WAIT_FOR(h, sent, 1);
	client_free(c);
	harness_free(h);
}

static void blocks_may_be_as_large_as_the_way_to_the_client_allows(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	/* That of the loopback interface is 65536. */
	REQUEST(c, "\0\1big\0octet\0blksize\00065464\0");
	EXPECT(c, "\0\6blksize\00065464\0");
	send_ack(c, 0);
	expect_big(c, h, 1, 65464);
	client_free(c);
	harness_free(h);
}

/* C115: the Sorcerer's Apprentice. */
static void duplicate_acknowledgements_never_trigger_a_send_C115(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0");
	expect_big(c, h, 1, 512);
	send_ack(c, 1);
	expect_big(c, h, 2, 512);
	for (int i = 0; i < 5; i++) send_ack(c, 1);
	send_ack(c, 0);
	send_ack(c, 3);
	send_ack(c, 65535);
	expect_nothing_before(c);
	assert_int_equal(harness_stats(h).bytes, 1024);
	send_ack(c, 2);
	expect_big(c, h, 3, 512);
	client_free(c);
	harness_free(h);
}

static void a_vanished_client_gets_so_many_tries_and_is_forgotten(void **state)
{
	(void)state;
	const struct uc_tftp_config config = {.timeout_ms = 20, .retries = 3};
	struct harness *h = harness_new(&config);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	int64_t begun = uc_monotonic_ns();
	REQUEST(c, "\0\1big\0octet\0");
	for (int i = 0; i < 4; i++) expect_big(c, h, 1, 512);
	/* 20 + 40 + 80 ms: the time between them doubles. */
	assert_true(uc_monotonic_ns() - begun >= 140 * INT64_C(1000000));
	WAIT_FOR(h, gone, 1);
	WAIT_FOR(h, active, 0);
	assert_int_equal(h->ends[UC_TFTP_GONE], 1);
	assert_int_equal(h->held, 0);
	assert_int_equal(harness_stats(h).retransmitted, 3);
	expect_silence(c);
	client_free(c);
	harness_free(h);
}

/* Counts the datagrams of DATA with this block until the transfer is given up. */
static unsigned count_until_gone(struct harness *h, struct client *c, unsigned block)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	unsigned count = 0;
	for (bool gone = false; !gone;) {
		gone = harness_stats(h).gone == 1;
		while (poll(&p, 1, 5) == 1) {
			client_read(c);
			count += c->data[1] == 3 && (unsigned)(c->data[2] << 8 | c->data[3]) == block;
		}
	}
	return count;
}

static void an_acknowledgement_gives_the_next_block_all_its_tries(void **state)
{
	(void)state;
	const struct uc_tftp_config config = {.timeout_ms = 10, .retries = 6};
	struct harness *h = harness_new(&config);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0");
	for (int i = 0; i < 3; i++) expect_big(c, h, 1, 512);
	send_ack(c, 1);
	unsigned count = count_until_gone(h, c, 2);
	/* On a machine so slow that the first block was given up before the answer came, there is nothing to see. */
	if (count > 0) assert_int_equal(count, 1 + 6);
	client_free(c);
	harness_free(h);
}

static void the_client_may_choose_the_time(void **state)
{
	(void)state;
	const struct uc_tftp_config config = {.timeout_ms = NEVER_MS, .retries = 1};
	struct harness *h = harness_new(&config);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	int64_t begun = uc_monotonic_ns();
	REQUEST(c, "\0\1big\0octet\0timeout\0001\0");
	EXPECT(c, "\0\6timeout\0001\0");
	EXPECT(c, "\0\6timeout\0001\0");
	assert_true(uc_monotonic_ns() - begun >= 1000 * INT64_C(1000000));
	client_free(c);
	harness_free(h);
}

/* A request with a forged address holds its place no longer than any other. */
static void a_long_wait_counts_for_those_only_who_have_answered(void **state)
{
	(void)state;
	const struct uc_tftp_config config = {.timeout_ms = 20, .retries = 2};
	struct harness *h = harness_new(&config);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0timeout\000255\0");
	for (int i = 0; i < 3; i++) EXPECT(c, "\0\6timeout\000255\0");
	WAIT_FOR(h, gone, 1);
	WAIT_FOR(h, active, 0);
	client_free(c);
	/* One that has answered gets the time that it asked for. */
	c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0timeout\000255\0");
	EXPECT(c, "\0\6timeout\000255\0");
	send_ack(c, 0);
	do client_read(c);
	while (c->data[1] != 3); /* the answer to the options may come a second time */
	usleep(200 * 1000);
	assert_int_equal(harness_stats(h).active, 1);
	client_free(c);
	harness_free(h);
}

static void a_window_is_sent_without_waiting_RFC7440(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0windowsize\0004\0blksize\0008\0");
	EXPECT(c, "\0\6windowsize\0004\0blksize\0008\0");
	send_ack(c, 0);
	for (unsigned block = 1; block <= 4; block++) expect_big(c, h, block, 8);
	expect_nothing_before(c);
	/* 3 was lost: the window begins anew with it. */
	send_ack(c, 2);
	for (unsigned block = 3; block <= 6; block++) expect_big(c, h, block, 8);
	send_ack(c, 2);
	send_ack(c, 1);
	expect_nothing_before(c);
	send_ack(c, 6);
	for (unsigned block = 7; block <= 10; block++) expect_big(c, h, block, 8);
	client_free(c);
	harness_free(h);
}

static void a_window_larger_than_a_batch_arrives_whole(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c[3];
	/* Several at once share the batches of the sockets. */
	for (size_t i = 0; i < 3; i++) {
		c[i] = client_new(h, "127.0.0.1", "127.0.0.1");
		REQUEST(c[i], "\0\1big\0octet\0windowsize\00065535\0blksize\0008\0");
		EXPECT(c[i], "\0\6windowsize\00064\0blksize\0008\0");
	}
	for (size_t i = 0; i < 3; i++) send_ack(c[i], 0);
	for (unsigned first = 1; first <= BIG / 8 + 1; first += 64) {
		unsigned last = first + 63 < BIG / 8 + 1 ? first + 63 : BIG / 8 + 1;
		for (size_t i = 0; i < 3; i++) {
			for (unsigned block = first; block <= last; block++) expect_big(c[i], h, block, 8);
			send_ack(c[i], last);
		}
	}
	WAIT_FOR(h, sent, 3);
	for (size_t i = 0; i < 3; i++) client_free(c[i]);
	harness_free(h);
}

static void a_window_is_sent_again_after_the_time(void **state)
{
	(void)state;
	const struct uc_tftp_config config = {.timeout_ms = 20, .retries = 10};
	struct harness *h = harness_new(&config);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	unsigned seen[4] = {0};
	REQUEST(c, "\0\1big\0octet\0windowsize\0003\0");
	EXPECT(c, "\0\6windowsize\0003\0");
	send_ack(c, 0);
	while (seen[1] < 2 || seen[2] < 2 || seen[3] < 2) {
		client_read(c);
		if (c->data[1] == 6) continue; /* sent again before the answer came */
		assert_int_equal(c->data[1], 3);
		assert_in_range(c->data[3], 1, 3);
		seen[c->data[3]]++;
	}
	send_ack(c, 3);
	for (client_read(c); c->data[3] < 4;) client_read(c);
	assert_int_equal(c->data[3], 4);
	client_free(c);
	harness_free(h);
}

static void netascii_is_converted_and_sent_again_as_it_was(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1text\0netascii\0");
	EXPECT(c, "\0\3\0\1a\r\nb\r\0c");
	usleep(250000);
	REQUEST(c, "\0\1text\0netascii\0");
	EXPECT(c, "\0\3\0\1a\r\nb\r\0c");
	send_ack(c, 1);
	WAIT_FOR(h, sent, 1);
	/* 8 bytes in a block of 8: an empty one follows. */
	REQUEST(c, "\0\1text\0netascii\0blksize\0008\0");
	EXPECT(c, "\0\6blksize\0008\0");
	send_ack(c, 0);
	EXPECT(c, "\0\3\0\1a\r\nb\r\0c");
	send_ack(c, 1);
	WAIT_FOR(h, sent, 2);
	client_free(c);
	harness_free(h);
}

static void an_error_of_the_client_ends_its_transfer_and_is_not_answered(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0blksize\0001024\0");
	EXPECT(c, "\0\6blksize\0001024\0");
	SEND(c, "\0\5\0\010I do not like that\0");
	WAIT_FOR(h, aborted, 1);
	WAIT_FOR(h, active, 0);
	assert_int_equal(h->ends[UC_TFTP_ABORTED], 1);
	assert_int_equal(h->held, 0);
	SEND(c, "\0\5\0\0");
	expect_nothing_before(c);
	expect_silence(c);
	client_free(c);
	harness_free(h);
}

static void what_a_client_may_not_send_is_error_4_and_ends_its_transfer(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	static const char *const illegal[] = {"\0\1a\0octet", "\0\2a\0octet", "\0\3\0\1data", "\0\6ab", "\0\0ab", "\xff\xff\xff\xff"};
	for (size_t i = 0; i < sizeof illegal / sizeof illegal[0]; i++) {
		REQUEST(c, "\0\1big\0octet\0");
		expect_big(c, h, 1, 512);
		client_send(c, illegal[i], 4);
		EXPECT(c, "\0\5\0\4illegal TFTP operation\0");
		WAIT_FOR(h, aborted, i + 1);
	}
	client_free(c);
	harness_free(h);
}

static void scraps_are_ignored(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0");
	expect_big(c, h, 1, 512);
	SEND(c, "");
	SEND(c, "\0");
	SEND(c, "\0\4\0");
	SEND(c, "\0\5\0");
	expect_nothing_before(c);
	/* More than an ACK needs does no harm. */
	SEND(c, "\0\4\0\1and more");
	expect_big(c, h, 2, 512);
	client_free(c);
	harness_free(h);
}

static void a_stranger_gets_error_5_and_the_transfer_goes_on(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	struct client *stranger = client_new(h, "127.0.0.1", "127.0.0.1");
	struct client *far = client_new(h, "127.0.0.2", "127.0.0.1");
	REQUEST(c, "\0\1big\0octet\0");
	expect_big(c, h, 1, 512);
	stranger->from = far->from = c->from;
	send_ack(stranger, 1);
	EXPECT(stranger, "\0\5\0\5unknown transfer ID\0");
	assert_int_equal(port_of(&stranger->from), port_of(&c->from));
	SEND(far, "\0\3\0\1data");
	EXPECT(far, "\0\5\0\5unknown transfer ID\0");
	SEND(far, "\0\5\0\0");
	expect_nothing_before(far);
	send_ack(c, 1);
	expect_big(c, h, 2, 512);
	client_free(c);
	client_free(stranger);
	client_free(far);
	harness_free(h);
}

/* Its port may be in use for the next request already, which an error would end. */
static void a_late_acknowledgement_gets_no_error(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1hello\0octet\0");
	EXPECT(c, "\0\3\0\1hello");
	send_ack(c, 1);
	send_ack(c, 1);
	WAIT_FOR(h, active, 0);
	send_ack(c, 1);
	expect_nothing_before(c);
	expect_silence(c);
	client_free(c);
	harness_free(h);
}

static void a_file_that_a_worker_has_found_is_sent(void **state)
{
	(void)state;
	struct harness *h = harness_new(&usual);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	struct client *other = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1wait\0octet\0");
	sem_wait(&h->waiting);
	/* Meanwhile others are served. */
	REQUEST(other, "\0\1hello\0octet\0");
	EXPECT(other, "\0\3\0\1hello");
	send_ack(other, 1);
	WAIT_FOR(h, sent, 1);
	sem_post(&h->go);
	expect_big(c, h, 1, 512);
	SEND(c, "\0\5\0\0");
	WAIT_FOR(h, aborted, 1);
	/* What it does not find is an error as well. */
	REQUEST(c, "\0\1wait-missing\0octet\0");
	sem_post(&h->go);
	EXPECT(c, "\0\5\0\1there is no file 'wait-missing'\0");
	WAIT_FOR(h, active, 0);
	client_free(c);
	client_free(other);
	harness_free(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_is_sent_block_by_block),
	    cmocka_unit_test(an_empty_last_block_follows_a_full_one),
	    cmocka_unit_test(the_OACK_comes_first_and_is_acknowledged_with_0),
	    cmocka_unit_test(blocks_may_be_as_large_as_the_way_to_the_client_allows),
	    cmocka_unit_test(duplicate_acknowledgements_never_trigger_a_send_C115),
	    cmocka_unit_test(a_vanished_client_gets_so_many_tries_and_is_forgotten),
	    cmocka_unit_test(an_acknowledgement_gives_the_next_block_all_its_tries),
	    cmocka_unit_test(the_client_may_choose_the_time),
	    cmocka_unit_test(a_long_wait_counts_for_those_only_who_have_answered),
	    cmocka_unit_test(a_window_is_sent_without_waiting_RFC7440),
	    cmocka_unit_test(a_window_larger_than_a_batch_arrives_whole),
	    cmocka_unit_test(a_window_is_sent_again_after_the_time),
	    cmocka_unit_test(netascii_is_converted_and_sent_again_as_it_was),
	    cmocka_unit_test(an_error_of_the_client_ends_its_transfer_and_is_not_answered),
	    cmocka_unit_test(what_a_client_may_not_send_is_error_4_and_ends_its_transfer),
	    cmocka_unit_test(scraps_are_ignored),
	    cmocka_unit_test(a_stranger_gets_error_5_and_the_transfer_goes_on),
	    cmocka_unit_test(a_late_acknowledgement_gets_no_error),
	    cmocka_unit_test(a_file_that_a_worker_has_found_is_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
