/* src/serve/tftp/tftp.c, socket.c, batch.c, worker.c: addresses, start and stop. */
#include "serve/tftp_harness.h"

#include "core/log.h"

static enum uc_status start(const char *address, uint16_t port, struct uc_tftp **out, struct uc_error *e)
{
	const struct uc_tftp_source source = {.find = harness_find, .release = harness_release};
	return uc_tftp_start(&(struct uc_tftp_config){.address = address, .port = port}, &source, out, e);
}

static void an_address_that_cannot_be_had_is_told(void **state)
{
	(void)state;
	struct uc_tftp *t = NULL;
	struct uc_error e;
	static const char *const bad[] = {"", "localhost", "127.1", "1", "127.0.0.1.1", "::1::", "127.0.0.1:69"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_fails(start(bad[i], 0, &t, &e), e, UC_EINPUT, "bad-address");
	assert_fails(start("192.0.2.1", 0, &t, &e), e, UC_EIO, "no-such-address");
	assert_non_null(strstr(e.message, "192.0.2.1"));
	assert_null(t);
}

static void a_port_in_use_is_told(void **state)
{
	(void)state;
	struct uc_tftp *first = NULL;
	struct uc_tftp *second = NULL;
	struct uc_error e;
	assert_ok(start("127.0.0.1", 0, &first, &e), e);
	assert_fails(start("127.0.0.1", uc_tftp_port(first), &second, &e), e, UC_EIO, "address-in-use");
	/* One server for each address. */
	assert_ok(start("127.0.0.2", uc_tftp_port(first), &second, &e), e);
	uc_tftp_stop(first);
	uc_tftp_stop(second);
	uc_tftp_stop(NULL);
}

struct way {
	const char *listens, *client, *asked;
};

/* A phone drops an answer that comes from another address than it has asked. */
static void check_source(const struct way *way)
{
	const struct uc_tftp_config config = {.address = way->listens};
	struct harness *h = harness_new(&config);
	struct client *c = client_new(h, way->client, way->asked);
	struct sockaddr_storage want;
	REQUEST(c, "\0\1hello\0octet\0");
	EXPECT(c, "\0\3\0\1hello");
	address_of(way->asked, port_of(&c->from), &want);
	assert_memory_equal(&c->from, &want, c->len);
	REQUEST(c, "\0\1big\0octet\0blksize\00065464\0");
	client_read(c);
	assert_int_equal(c->data[1], 6);
	send_ack(c, 0);
	expect_big(c, h, 1, 65464);
	send_ack(c, 1);
	WAIT_FOR(h, sent, 1);
	assert_last(h, "big", way->client);
	REQUEST(c, "\0\1nothing\0octet\0");
	client_read(c);
	assert_memory_equal(c->data, "\0\5\0\1", 4);
	address_of(way->asked, port_of(&c->from), &want);
	assert_memory_equal(&c->from, &want, c->len);
	client_free(c);
	harness_free(h);
}

static void answers_leave_from_the_address_that_was_asked(void **state)
{
	(void)state;
	static const struct way ways[] = {
	    {"0.0.0.0", "127.0.0.1", "127.0.0.7"}, {"0.0.0.0", "127.0.0.8", "127.0.0.1"}, {"127.0.0.7", "127.0.0.1", "127.0.0.7"}};
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) check_source(&ways[i]);
}

static bool has_ipv6(void)
{
	struct sockaddr_storage address;
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 && bind(fd, (const struct sockaddr *)&address, address_of("::1", 0, &address)) == 0;
	if (fd >= 0) close(fd);
	return has;
}

static void a_server_of_IPv6_answers_both_from_the_address_that_was_asked(void **state)
{
	(void)state;
	static const struct way ways[] = {{"::", "127.0.0.1", "127.0.0.7"}, {"::", "::1", "::1"}, {"::1", "::1", "::1"}};
	if (!has_ipv6()) uc_skip("this machine has no IPv6");
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) check_source(&ways[i]);
}

/* RFC 1123 section 4.2.3.5. */
static void a_request_to_a_broadcast_address_is_not_answered(void **state)
{
	(void)state;
	static const char *const listens[] = {"0.0.0.0", "::"};
	for (size_t i = 0; i < (has_ipv6() ? 2 : 1); i++) {
		const struct uc_tftp_config config = {.address = listens[i]};
		struct harness *h = harness_new(&config);
		struct client *c = client_new(h, "127.0.0.1", "127.255.255.255");
		assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_BROADCAST, &(int){1}, sizeof(int)), 0);
		REQUEST(c, "\0\1hello\0octet\0");
		address_of("127.0.0.1", uc_tftp_port(h->tftp), &c->request);
		expect_nothing_before(c);
		assert_int_equal(harness_stats(h).requests, 1);
		client_free(c);
		harness_free(h);
	}
}

static void stopping_ends_what_is_under_way(void **state)
{
	(void)state;
	struct harness *h = harness_new(&(struct uc_tftp_config){.address = NULL});
	struct client *c[20];
	for (size_t i = 0; i < 20; i++) {
		c[i] = client_new(h, "127.0.0.1", "127.0.0.1");
		REQUEST(c[i], "\0\1big\0octet\0");
		expect_big(c[i], h, 1, 512);
	}
	assert_int_equal(h->held, 20);
	uc_tftp_stop(h->tftp);
	h->tftp = NULL;
	assert_int_equal(h->held, 0);
	assert_int_equal(h->ends[UC_TFTP_GONE], 20);
	for (size_t i = 0; i < 20; i++) client_free(c[i]);
	harness_free(h);
}

static void *let_go(void *arg)
{
	struct harness *h = arg;
	usleep(20000);
	for (int i = 0; i < 10; i++) sem_post(&h->go);
	return NULL;
}

static void stopping_waits_for_finds_and_gives_up_those_that_have_not_begun(void **state)
{
	(void)state;
	const struct uc_tftp_config config = {.workers = 2};
	struct harness *h = harness_new(&config);
	struct client *c[5];
	pthread_t thread;
	for (size_t i = 0; i < 5; i++) {
		c[i] = client_new(h, "127.0.0.1", "127.0.0.1");
		REQUEST(c[i], "\0\1wait\0octet\0");
	}
	WAIT_FOR(h, active, 5);
	sem_wait(&h->waiting);
	sem_wait(&h->waiting);
	assert_int_equal(pthread_create(&thread, NULL, let_go, h), 0);
	uc_tftp_stop(h->tftp);
	h->tftp = NULL;
	pthread_join(thread, NULL);
	assert_int_equal(h->held, 0);
	for (size_t i = 0; i < 5; i++) client_free(c[i]);
	harness_free(h);
}

static void *ask_often(void *arg)
{
	struct client *c = arg;
	for (int i = 0; i < 300; i++) {
		REQUEST(c, "\0\1hello\0octet\0");
		EXPECT(c, "\0\3\0\1hello");
		send_ack(c, 1);
	}
	return NULL;
}

/* For the thread sanitizer: transfers, finds on workers and questions of other threads at once. */
static void many_threads_are_served_at_once(void **state)
{
	(void)state;
	const struct uc_tftp_config config = {.workers = 3};
	struct harness *h = harness_new(&config);
	struct client *c[4], *waits;
	pthread_t threads[4];
	waits = client_new(h, "127.0.0.1", "127.0.0.1");
	for (int i = 0; i < 50; i++) sem_post(&h->go);
	for (size_t i = 0; i < 4; i++) {
		c[i] = client_new(h, "127.0.0.1", "127.0.0.1");
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, c[i]), 0);
	}
	for (uint64_t i = 0; i < 50; i++) {
		REQUEST(waits, "\0\1wait\0octet\0");
		expect_big(waits, h, 1, 512);
		SEND(waits, "\0\5\0\0");
		WAIT_FOR(h, aborted, i + 1);
	}
	for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
	WAIT_FOR(h, sent, 1200);
	WAIT_FOR(h, active, 0);
	for (size_t i = 0; i < 4; i++) client_free(c[i]);
	client_free(waits);
	harness_free(h);
}

static void every_packet_can_be_seen_in_the_log_C118(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *text = NULL;
	size_t len = 0;
	FILE *before = stderr;
	stderr = open_memstream(&text, &len);
	uc_log_level(UC_LOG_DEBUG);
	const struct uc_tftp_config config = {.trace = true};
	struct harness *h = harness_new(&config);
	struct client *c = client_new(h, "127.0.0.1", "127.0.0.1");
	REQUEST(c, "\0\1hello\0octet\0tsize\0000\0");
	EXPECT(c, "\0\6tsize\0005\0");
	send_ack(c, 0);
	EXPECT(c, "\0\3\0\1hello");
	SEND(c, "\0\5\0\3no\x1b room\0");
	WAIT_FOR(h, active, 0);
	client_free(c);
	harness_free(h);
	uc_log_level(UC_LOG_INFO);
	fclose(stderr);
	stderr = before;
	static const char *const lines[] = {": RRQ hello octet tsize 0\n", ": OACK tsize 5\n",     ": ACK 0\n",
	                                    ": DATA 1, 5 bytes\n",         ": ERROR 3 no? room\n", "127.0.0.1 has given up hello, 5 bytes\n"};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (strstr(text, lines[i]) == NULL) fail_msg("'%s' is missing in: %s", lines[i], text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_address_that_cannot_be_had_is_told),
	    cmocka_unit_test(a_port_in_use_is_told),
	    cmocka_unit_test(answers_leave_from_the_address_that_was_asked),
	    cmocka_unit_test(a_server_of_IPv6_answers_both_from_the_address_that_was_asked),
	    cmocka_unit_test(a_request_to_a_broadcast_address_is_not_answered),
	    cmocka_unit_test(stopping_ends_what_is_under_way),
	    cmocka_unit_test(stopping_waits_for_finds_and_gives_up_those_that_have_not_begun),
	    cmocka_unit_test(many_threads_are_served_at_once),
	    cmocka_unit_test(every_packet_can_be_seen_in_the_log_C118),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
