/* src/serve/http/server_conn.c: connections that go wrong, slow ones, and TLS contexts that change. */
#include "serve/http_harness.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/resource.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

/* The common name of the certificate that the server presented. */
static void expect_presented(struct client *c, const char *common_name)
{
	X509 *cert = SSL_get1_peer_certificate(c->ssl);
	assert_non_null(cert);
	char cn[64] = "";
	X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, cn, sizeof cn);
	X509_free(cert);
	assert_string_equal(cn, common_name);
}

/* Closes with a reset instead of an end. */
static void client_vanish(struct client *c)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	client_free(c);
}

static void a_half_request_and_an_end_do_no_harm(void **state)
{
	(void)state;
	static const char *const halves[] = {"",
	                                     "G",
	                                     "GET /a HTTP/1.1\r\n",
	                                     "GET /a HTTP/1.1\r\nHost: x\r\n",
	                                     "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
	                                     "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nabc",
	                                     "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b"};
	struct harness h;
	harness_start(&h, 1, NULL);
	for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
		for (int way = 0; way < 6; way++) {
			struct client c = client_new(&h, way % 2 == 0);
			client_send(&c, halves[i]);
			if (way / 2 == 0) {
				shutdown(c.fd, SHUT_WR);
				while (!client_at_end(&c)) {}
			}
			if (way / 2 == 1)
				client_vanish(&c);
			else
				client_free(&c);
		}
	}
	expect_alive(&h);
	harness_end(&h);
}

static void bytes_that_are_no_tls_end_the_connection_only(void **state)
{
	(void)state;
	static const char *const garbage[] = {
	    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	    "\x16\x03\x01\x02\x00garbage garbage garbage garbage garbage garbage garbage",
	    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
	};
	struct harness h;
	harness_start(&h, 1, NULL);
	for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
		struct client c = {.fd = connect_tcp(&h)};
		client_send(&c, garbage[i]);
		shutdown(c.fd, SHUT_WR);
		char bytes[4096];
		ssize_t n = client_read(&c, bytes, sizeof bytes);
		assert_true(n <= 0 || bytes[0] == 0x15); /* an alert at most, never an answer in the clear */
		client_free(&c);
	}
	/* In the middle of a good connection. */
	struct client c = client_tls(&h);
	expect(&c, GET("/a"), 200, "GET|/a|");
	assert_int_equal(send(c.fd, "garbage in place of a record", 28, MSG_NOSIGNAL), 28);
	assert_true(client_at_end(&c));
	client_free(&c);
	expect_alive(&h);
	harness_end(&h);
}

static void a_client_may_vanish_while_the_worker_works(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 2, NULL);
	for (int i = 0; i < 20; i++) {
		struct client c = client_new(&h, i % 2 == 0);
		client_send(&c, GET("/wait"));
		sem_wait(&h.entered);
		if (i % 4 < 2)
			client_vanish(&c);
		else
			client_free(&c);
		if (i % 3 == 0) expect_alive(&h);
		sem_post(&h.go);
	}
	expect_alive(&h);
	harness_end(&h);
}

static void a_client_may_vanish_in_the_middle_of_an_answer(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 2, NULL);
	for (int i = 0; i < 6; i++) {
		struct client c = client_new(&h, i % 2 == 0);
		client_send(&c, GET("/big"));
		struct answer a;
		assert_true(client_head(&c, &a));
		if (i < 4)
			client_vanish(&c);
		else
			client_free(&c);
	}
	expect_alive(&h);
	harness_end(&h);
}

static void a_large_answer_arrives_whole(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_new(&h, tls == 1);
		client_send(&c, GET("/big"));
		struct answer a;
		client_answer(&c, true, &a);
		assert_int_equal(a.body.len, (size_t)32 << 20);
		uc_buf_free(&a.body);
		expect(&c, GET("/next"), 200, "GET|/next|");
		client_free(&c);
	}
	harness_end(&h);
}

/* A time that runs out in a test; long enough for an honest request on a busy machine. */
#define SOON 3
#define LATE 1000

static void a_silent_client_is_dropped_and_holds_nobody_up(void **state)
{
	(void)state;
	static const char *const halves[] = {"", "GET /a", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"};
	struct harness h;
	harness_start(&h, 1, (const unsigned[]){SOON, LATE, LATE});
	struct client clients[7];
	for (int i = 0; i < 6; i++) {
		clients[i] = client_new(&h, i % 2 == 0);
		client_send(&clients[i], halves[i / 2]);
	}
	clients[6] = (struct client){.fd = connect_tcp(&h)}; /* no handshake */
	expect_alive(&h);
	for (int i = 0; i < 7; i++) {
		assert_true(client_at_end(&clients[i]));
		client_free(&clients[i]);
	}
	harness_end(&h);
}

/* Between requests the time for idle connections counts, not the one for silence. */
static void an_idle_connection_is_closed(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, (const unsigned[]){LATE, SOON, LATE});
	struct client clients[2] = {client_unix(&h), client_tls(&h)};
	for (int i = 0; i < 2; i++) expect(&clients[i], GET("/a"), 200, "GET|/a|");
	for (int i = 0; i < 2; i++) {
		assert_true(client_at_end(&clients[i]));
		client_free(&clients[i]);
	}
	harness_end(&h);
}

/* On a new connection and on one that was idle; what is between two requests is left alone. */
static void a_client_that_trickles_is_dropped(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, (const unsigned[]){LATE, LATE, SOON});
	struct client clients[6];
	for (int i = 0; i < 6; i++) {
		clients[i] = client_new(&h, i % 2 == 0);
		if (i >= 2) expect(&clients[i], GET("/a"), 200, "GET|/a|");
		if (i < 4) client_send(&clients[i], "GET /a HTTP/1.1\r\n");
	}
	for (int open = 4; open > 0; usleep(50000)) {
		for (int i = 0; i < 4; i++) {
			if (clients[i].fd < 0 || client_write(&clients[i], "X: y\r\n", 6)) continue;
			client_free(&clients[i]);
			clients[i].fd = -1;
			open--;
		}
	}
	for (int i = 4; i < 6; i++) {
		expect(&clients[i], GET("/b"), 200, "GET|/b|");
		client_free(&clients[i]);
	}
	harness_end(&h);
}

/* A task may take longer than a client may be silent. */
static void a_worker_may_take_its_time(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, (const unsigned[]){SOON, SOON, SOON});
	struct client c = client_tls(&h);
	client_send(&c, GET("/wait"));
	sem_wait(&h.entered);
	struct client silent = client_unix(&h);
	assert_true(client_at_end(&silent)); /* so the time has passed */
	sem_post(&h.go);
	expect(&c, "", 200, "GET|/wait|");
	client_free(&c);
	client_free(&silent);
	harness_end(&h);
}

static void a_closed_tls_connection_says_goodbye(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	static const char *const requests[] = {"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "malformed\r\n\r\n"};
	for (size_t i = 0; i < 2; i++) {
		struct client c = client_tls(&h);
		client_send(&c, requests[i]);
		struct answer a;
		client_answer(&c, true, &a);
		uc_buf_free(&a.body);
		char byte;
		int n = SSL_read(c.ssl, &byte, 1);
		assert_int_equal(SSL_get_error(c.ssl, n), SSL_ERROR_ZERO_RETURN);
		client_free(&c);
	}
	harness_end(&h);
}

/* C121 */
static void a_new_context_counts_from_the_next_handshake_and_open_connections_go_on(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	struct client before = client_tls(&h);
	expect(&before, GET("/a"), 200, "GET|/a|");
	swap_context(&h, new_context("two"));
	struct client after = client_tls(&h);
	expect_presented(&after, "two");
	expect(&after, GET("/b"), 200, "GET|/b|");
	expect(&before, GET("/c"), 200, "GET|/c|");
	expect_presented(&before, "one");
	client_free(&before);
	client_free(&after);
	harness_end(&h);
}

static void no_context_refuses_the_connection_and_never_speaks_plainly(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	swap_context(&h, NULL);
	struct client c = client_tls_new(&h);
	assert_true(SSL_connect(c.ssl) <= 0);
	client_free(&c);
	struct client plain = {.fd = connect_tcp(&h)};
	client_send(&plain, GET("/a"));
	char bytes[64];
	ssize_t n = client_read(&plain, bytes, sizeof bytes);
	assert_true(n <= 0 || bytes[0] == 0x15);
	client_free(&plain);
	swap_context(&h, new_context("two"));
	expect_alive(&h);
	harness_end(&h);
}

struct load {
	const struct harness *h;
	_Atomic bool *stop;
	unsigned long requests;
};

/* New connections one after the other, and requests over one that stays. */
static void *make_load(void *arg)
{
	struct load *l = arg;
	struct client kept = client_tls(l->h);
	while (!atomic_load(l->stop)) {
		struct client c = client_tls(l->h);
		expect(&c, GET("/a"), 200, "GET|/a|");
		client_free(&c);
		expect(&kept, GET("/b"), 200, "GET|/b|");
		l->requests += 2;
	}
	client_free(&kept);
	return NULL;
}

/* C122: after 1,000 changes under load no context is left but the one in use; what they hold is ASan's to find. */
static void a_thousand_contexts_under_load_leave_none_behind(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 2, NULL);
	_Atomic bool stop = false;
	struct load loads[2];
	pthread_t threads[2];
	for (int i = 0; i < 2; i++) {
		loads[i] = (struct load){.h = &h, .stop = &stop};
		assert_int_equal(pthread_create(&threads[i], NULL, make_load, &loads[i]), 0);
	}
	for (int i = 0; i < 1000; i++) {
		swap_context(&h, new_context(i % 2 == 0 ? "two" : "three"));
		if (i % 10 != 0) continue;
		struct client c = client_tls(&h);
		expect_presented(&c, i % 2 == 0 ? "two" : "three");
		client_free(&c);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		assert_true(loads[i].requests > 0);
	}
	harness_stop_loop(&h);
	harness_free_server(&h);
	assert_int_equal(live_contexts, 1);
	swap_context(&h, NULL);
	assert_int_equal(live_contexts, 0);
	harness_free(&h);
}

static void more_connections_than_may_be_wait_for_their_turn(void **state)
{
	(void)state;
	enum { COUNT = UC_HTTP_MAX_CONNECTIONS };
	struct harness h;
	harness_start(&h, 1, NULL);
	static struct client clients[COUNT];
	for (int i = 0; i < COUNT; i++) {
		clients[i] = client_unix(&h);
		expect(&clients[i], GET("/a"), 200, "GET|/a|");
	}
	struct client late = client_unix(&h);
	client_send(&late, GET("/late"));
	struct timeval moment = {.tv_usec = 100000};
	setsockopt(late.fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
	char byte;
	assert_int_equal(recv(late.fd, &byte, 1, MSG_PEEK), -1);
	assert_int_equal(errno, EAGAIN);
	/* The other listener has a number of its own. */
	struct client tls = client_tls(&h);
	expect(&tls, GET("/a"), 200, "GET|/a|");
	client_free(&tls);
	client_free(&clients[0]);
	moment = (struct timeval){.tv_sec = READ_SECONDS};
	setsockopt(late.fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
	expect(&late, "", 200, "GET|/late|");
	client_free(&late);
	for (int i = 1; i < COUNT; i++) client_free(&clients[i]);
	expect_alive(&h);
	harness_end(&h);
}

static void uploads_that_hold_too_much_at_once_are_dropped(void **state)
{
	(void)state;
	enum { COUNT = UC_HTTP_MAX_HELD / UC_HTTP_MAX_BODY + 1 };
	struct harness h;
	harness_start(&h, 1, NULL);
	UC_CLEANUP(uc_freep) char *body = uc_zalloc(UC_HTTP_MAX_BODY, 1);
	struct client clients[COUNT];
	struct pollfd fds[COUNT];
	for (int i = 0; i < COUNT; i++) {
		clients[i] = client_unix(&h);
		fds[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
		client_send(&clients[i], "POST /length HTTP/1.1\r\nHost: x\r\n");
		/* The second half of a chunked body: what evhttp has put aside counts as well. */
		client_send(&clients[i], i % 2 == 0 ? "Content-Length: 8388608\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n400000\r\n");
		client_write(&clients[i], body, UC_HTTP_MAX_BODY / 2);
		if (i % 2 == 1) client_write(&clients[i], "\r\n400000\r\n", 10);
		client_write(&clients[i], body, UC_HTTP_MAX_BODY / 2 - 1);
	}
	/* All but the last byte of each are more than may be held. */
	assert_true(poll(fds, COUNT, READ_SECONDS * 1000) > 0);
	int served = 0;
	for (int i = 0; i < COUNT; i++) {
		if (i % 2 == 0)
			client_write(&clients[i], "x", 1);
		else
			client_write(&clients[i], "x\r\n0\r\n\r\n", 8);
		struct answer a;
		if (client_head(&clients[i], &a)) {
			assert_int_equal(a.status, 200);
			served++;
		}
		client_free(&clients[i]);
	}
	/* Which of them, and whether one more than needed, depends on whose bytes came first. */
	assert_true(served > 0 && served < COUNT);
	expect_alive(&h);
	harness_end(&h);
}

static void descriptors_that_run_out_only_make_clients_wait(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	struct rlimit before;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	struct client c = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	enum { SPARE = 64 };
	struct rlimit now = {.rlim_cur = (rlim_t)c.fd + SPARE / 2, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
	int spare[SPARE], spares = 0;
	while (spares < SPARE && (spare[spares] = dup(c.fd)) >= 0) spares++;
	assert_true(spares < SPARE);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", h.socket);
	assert_int_equal(connect(c.fd, (const struct sockaddr *)&address, sizeof address), 0);
	client_send(&c, GET("/a"));
	struct pollfd fd = {.fd = c.fd, .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 100), 0);
	while (spares > 0) close(spare[--spares]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(poll(&fd, 1, READ_SECONDS * 1000), 1);
	expect(&c, "", 200, "GET|/a|");
	client_free(&c);
	harness_end(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_half_request_and_an_end_do_no_harm),
	    cmocka_unit_test(bytes_that_are_no_tls_end_the_connection_only),
	    cmocka_unit_test(a_client_may_vanish_while_the_worker_works),
	    cmocka_unit_test(a_client_may_vanish_in_the_middle_of_an_answer),
	    cmocka_unit_test(a_large_answer_arrives_whole),
	    cmocka_unit_test(a_silent_client_is_dropped_and_holds_nobody_up),
	    cmocka_unit_test(an_idle_connection_is_closed),
	    cmocka_unit_test(a_client_that_trickles_is_dropped),
	    cmocka_unit_test(a_worker_may_take_its_time),
	    cmocka_unit_test(a_closed_tls_connection_says_goodbye),
	    cmocka_unit_test(a_new_context_counts_from_the_next_handshake_and_open_connections_go_on),
	    cmocka_unit_test(no_context_refuses_the_connection_and_never_speaks_plainly),
	    cmocka_unit_test(a_thousand_contexts_under_load_leave_none_behind),
	    cmocka_unit_test(more_connections_than_may_be_wait_for_their_turn),
	    cmocka_unit_test(uploads_that_hold_too_much_at_once_are_dropped),
	    cmocka_unit_test(descriptors_that_run_out_only_make_clients_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
