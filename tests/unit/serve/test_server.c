/* src/serve/http/server.c and server_request.c: what a client sees of well-formed and other requests. */
#include "serve/http_harness.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>

#define HOST "Host: x\r\n"

static void every_answer_has_the_security_headers(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "Server: ucpki",
	    "X-Content-Type-Options: nosniff",
	    "Cache-Control: no-store",
	    "Content-Security-Policy: default-src 'self'",
	    "Referrer-Policy: no-referrer",
	    "Content-Type: text/plain",
	};
	struct harness h;
	harness_start(&h, 2, NULL);
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_new(&h, tls == 1);
		client_send(&c, "GET /a HTTP/1.1\r\n" HOST "\r\n");
		struct answer a;
		client_answer(&c, true, &a);
		assert_int_equal(a.status, 200);
		for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
			if (!answer_has(&a, lines[i])) fail_msg("no '%s' in %s", lines[i], a.head);
		/* Who has seen it cannot pass the warning for a certificate that is not trusted yet: after a regeneration nobody could repair it here. */
		assert_false(answer_has(&a, "Strict-Transport-Security"));
		uc_buf_free(&a.body);
		client_free(&c);
	}
	harness_end(&h);
}

static void a_header_of_the_handler_takes_the_place_of_ours_and_cannot_split_the_answer(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	struct client c = client_unix(&h);
	client_send(&c, "GET /headers HTTP/1.1\r\n" HOST "\r\n");
	struct answer a;
	client_answer(&c, true, &a);
	assert_true(answer_has(&a, "cache-control: max-age=60"));
	assert_false(answer_has(&a, "Cache-Control: no-store"));
	assert_true(answer_has(&a, "X-Split: one  X-Injected: two"));
	uc_buf_free(&a.body);
	client_free(&c);
	harness_end(&h);
}

static void a_handler_sees_method_paths_query_header_and_body(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 2, NULL);
	UC_CLEANUP(uc_freep) char *unix_peer = uc_sprintf("|unix:%u|yes|", getuid());
	for (int tls = 0; tls < 2; tls++) {
		const char *peer = tls == 1 ? "|tcp|yes|" : unix_peer;
		struct client c = client_new(&h, tls == 1);
		UC_CLEANUP(uc_freep) char *post = uc_sprintf("POST|/a/b c|/a%%2Fb%%20c|x=%%41&y%sbody", peer);
		expect(&c, "POST /a%2Fb%20c?x=%41&y HTTP/1.1\r\n" HOST "X-Test: yes\r\nContent-Length: 4\r\n\r\nbody", 200, post);
		UC_CLEANUP(uc_freep) char *chunked = uc_sprintf("PUT|/c|/c|%sbodybody", peer);
		expect(&c,
		       "PUT /c HTTP/1.1\r\n" HOST "X-Test: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
		       "4\r\nbody\r\n4\r\nbody\r\n0\r\n\r\n",
		       200, chunked);
		expect(&c, "DELETE /d HTTP/1.1\r\n" HOST "\r\n", 200, "DELETE|/d|/d||");
		expect(&c, "POST /f HTTP/1.1\r\n" HOST "\r\n", 200, "POST|/f|/f||");
		expect(&c, "GET //g HTTP/1.1\r\n" HOST "\r\n", 200, "GET|//g|//g||");
		expect(&c, "GET http://example.com/e?f HTTP/1.1\r\n" HOST "\r\n", 200, "GET|/e|/e|f|");
		client_free(&c);
	}
	harness_end(&h);
}

static void head_is_get_without_the_body_and_the_connection_goes_on(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	struct client c = client_tls(&h);
	client_send(&c, "HEAD /abc HTTP/1.1\r\n" HOST "\r\n");
	struct answer a;
	client_answer(&c, false, &a);
	assert_int_equal(a.status, 200);
	UC_CLEANUP(uc_freep) char *length = uc_sprintf("Content-Length: %zu", strlen("HEAD|/abc|/abc||tcp|-|"));
	assert_true(answer_has(&a, length));
	client_send(&c, "GET /empty HTTP/1.1\r\n" HOST "\r\n");
	client_answer(&c, true, &a);
	assert_int_equal(a.status, 204);
	assert_null(strstr(a.head, "Content-Length"));
	expect(&c, "GET /next HTTP/1.1\r\n" HOST "\r\n", 200, "GET|/next|");
	client_free(&c);
	harness_end(&h);
}

static void a_connection_is_kept_for_many_requests(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 2, NULL);
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_new(&h, tls == 1);
		for (int i = 0; i < 100; i++) expect(&c, "GET /a HTTP/1.1\r\n" HOST "\r\n", 200, "GET|/a|");
		expect(&c, "GET /b HTTP/1.0\r\n\r\n", 200, "GET|/b|");
		assert_true(client_at_end(&c));
		client_free(&c);
	}
	harness_end(&h);
}

/* evhttp by itself ends the process when bytes come while a request is being answered. */
static void pipelined_requests_are_answered_in_order(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 4, NULL);
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_new(&h, tls == 1);
		client_send(&c, "GET /wait?1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n");
		sem_wait(&h.entered);
		client_send(&c, "POST /3 HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET /4 HT");
		sem_post(&h.go);
		expect(&c, "TP/1.1\r\n" HOST "\r\n", 200, "GET|/wait|/wait|1|");
		expect(&c, "", 200, "GET|/2|");
		expect(&c, "", 200, "POST|/3|");
		expect(&c, "", 200, "GET|/4|");
		client_free(&c);
	}
	harness_end(&h);
}

static void other_methods_are_405_with_allow(void **state)
{
	(void)state;
	static const char *const lines[] = {"PATCH /a", "OPTIONS *", "TRACE /a", "CONNECT a:1", "BREW /a", "get /a"};
	struct harness h;
	harness_start(&h, 1, NULL);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct client c = client_new(&h, i % 2 == 0);
		UC_CLEANUP(uc_freep) char *request = uc_sprintf("%s HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", lines[i]);
		client_send(&c, request);
		struct answer a;
		client_answer(&c, true, &a);
		if (a.status != 405) fail_msg("%s: %s", lines[i], a.head);
		assert_true(answer_has(&a, "Allow: GET, HEAD, POST, PUT, DELETE"));
		assert_true(answer_has(&a, "Content-Type: application/problem+json"));
		assert_non_null(strstr(answer_text(&a), "\"code\":\"method-not-allowed\""));
		uc_buf_free(&a.body);
		assert_true(client_at_end(&c));
		client_free(&c);
	}
	harness_end(&h);
}

/* What follows such a request could be read as another one than the client meant (RFC 9112 section 11.2). */
static void a_request_whose_end_is_in_doubt_is_refused_and_ends_the_connection(void **state)
{
	(void)state;
	static const char *const requests[] = {
	    "GET /a HTTP/1.1\r\n" HOST "Content-Length: 31\r\n\r\nGET /evil HTTP/1.1\r\n" HOST "\r\n",
	    "HEAD /a HTTP/1.1\r\n" HOST "Content-Length: 31\r\n\r\nGET /evil HTTP/1.1\r\n" HOST "\r\n",
	    "DELETE /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    "POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc",
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc",
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length: 3x\r\n\r\nabc",
	    "POST /a HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\nabc",
	    "GET /a HTTP/1.1\r\n\r\n",
	    "GET a HTTP/1.1\r\n" HOST "\r\n",
	    "GET /a%zz HTTP/1.1\r\n" HOST "\r\n",
	    "GET /a%00 HTTP/1.1\r\n" HOST "\r\n",
	    "GET /a#b HTTP/1.1\r\n" HOST "\r\n",
	    "GET /a\r\n\r\n",
	    "GET /a HTTP/2.0\r\n" HOST "\r\n",
	    "CONNECT a:1 HTTP/1.1\r\nno colon\r\n\r\n",
	    "GET /a HTTP/1.1\r\nno colon\r\n\r\n",
	    "\x16\x03\x01 binary\r\n\r\n",
	};
	struct harness h;
	harness_start(&h, 1, (const unsigned[]){1, 1000, 1000});
	for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
		struct client c = client_new(&h, i % 2 == 0);
		client_send(&c, requests[i]);
		struct answer a;
		bool head = uc_starts_with(requests[i], "HEAD");
		client_answer(&c, !head, &a);
		if (a.status != 400) fail_msg("%s: %s", requests[i], a.head);
		assert_true(answer_has(&a, "Content-Type: application/problem+json"));
		assert_true(answer_has(&a, "X-Content-Type-Options: nosniff"));
		assert_true(head || strstr(answer_text(&a), "\"status\":400") != NULL);
		uc_buf_free(&a.body);
		assert_true(client_at_end(&c));
		client_free(&c);
	}
	expect_alive(&h);
	harness_end(&h);
}

static void send_body(struct client *c, size_t len)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf body = UC_BUF_EMPTY;
	if (len > 0) memset(uc_buf_extend(&body, len), 'x', len);
	/* A client that cannot write to the end may never look at the answer. */
	assert_true(client_write(c, body.ptr, len));
}

/* Sends a body of so many bytes after the request's head and expects the problem. */
static void expect_too_large(struct client *c, const char *head, size_t len)
{
	client_send(c, head);
	send_body(c, len);
	struct answer a;
	client_answer(c, true, &a);
	if (a.status != 413) fail_msg("%s: %s", head, a.head);
	assert_true(answer_has(&a, "Content-Type: application/problem+json"));
	assert_true(answer_has(&a, "Cache-Control: no-store"));
	assert_non_null(strstr(answer_text(&a), "\"code\":\"body-too-large\""));
	uc_buf_free(&a.body);
	assert_true(client_at_end(c));
}

static void a_body_over_the_limit_is_413_and_the_client_can_read_it(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_new(&h, tls == 1);
		expect_too_large(&c, "POST /a HTTP/1.1\r\n" HOST "Content-Length: 9437184\r\n\r\n", 9437184);
		client_free(&c);
		/* After a good request, and without waiting for the body. */
		c = client_new(&h, tls == 1);
		expect(&c, "GET /a HTTP/1.1\r\n" HOST "\r\n", 200, "GET|/a|");
		expect_too_large(&c, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 1000000000000\r\n\r\n", 0);
		client_free(&c);
		c = client_new(&h, tls == 1);
		expect_too_large(&c, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 9437184\r\nExpect: 100-continue\r\n\r\n", 0);
		client_free(&c);
		c = client_new(&h, tls == 1);
		expect_too_large(&c, "PUT /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n900000\r\n", 9437184);
		client_free(&c);
		c = client_new(&h, tls == 1);
		expect_too_large(&c, "PUT /a HTTP/1.1\r\n" HOST "Content-Length: 20971520\r\nX-Fill: y\r\n\r\n", 20971520);
		client_free(&c);
	}
	expect_alive(&h);
	harness_end(&h);
}

static void a_body_of_the_limit_is_read(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_new(&h, tls == 1);
		client_send(&c, "POST /length HTTP/1.1\r\n" HOST "Content-Length: 8388608\r\n\r\n");
		send_body(&c, UC_HTTP_MAX_BODY);
		expect(&c, "", 200, "8388608");
		expect(&c, "GET /next HTTP/1.1\r\n" HOST "\r\n", 200, "GET|/next|");
		client_free(&c);
	}
	harness_end(&h);
}

static void the_body_of_a_refused_request_can_be_sent_to_its_end(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_new(&h, tls == 1);
		client_send(&c, "BREW /a HTTP/1.1\r\n" HOST "Content-Length: 20971520\r\n\r\n");
		send_body(&c, 20971520);
		expect(&c, "", 405, "\"code\":\"method-not-allowed\"");
		assert_true(client_at_end(&c));
		client_free(&c);
	}
	harness_end(&h);
}

static void a_header_over_32_kib_is_400(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	UC_CLEANUP(uc_freep) char *fill = uc_zalloc(40 * 1024 + 1, 1);
	memset(fill, 'a', (size_t)40 * 1024);
	static const char *const forms[] = {"GET /a HTTP/1.1\r\n" HOST "X: %s\r\n\r\n", "GET /%s HTTP/1.1\r\n" HOST "\r\n", "%s"};
	for (int i = 0; i < 6; i++) {
		struct client c = client_new(&h, i % 2 == 0);
		struct uc_buf request = UC_BUF_EMPTY;
		const char *form = forms[i / 2], *place = strstr(form, "%s");
		uc_buf_add(&request, form, (size_t)(place - form));
		uc_buf_add_str(&request, fill);
		uc_buf_add_str(&request, place + 2);
		client_write(&c, request.ptr, request.len);
		uc_buf_free(&request);
		expect(&c, "", 400, "\"code\":\"malformed-request\"");
		assert_true(client_at_end(&c));
		client_free(&c);
	}
	UC_CLEANUP(uc_freep) char *fits = uc_sprintf("GET /a HTTP/1.1\r\n" HOST "X-Test: %.*s\r\n\r\n", 30 * 1024, fill);
	struct client c = client_tls(&h);
	expect(&c, fits, 200, "|aaaaaaaaaaaaaa");
	client_free(&c);
	harness_end(&h);
}

static size_t count_bytes(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	*(size_t *)arg += size * n;
	return size * n;
}

static size_t see_header(char *data, size_t size, size_t n, void *arg)
{
	if (uc_starts_with(data, "HTTP/1.1 100 Continue")) *(bool *)arg = true;
	return size * n;
}

static void curl_uploads_4_mib_with_expect_100_continue(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	size_t len = (size_t)4 << 20, got = 0;
	UC_CLEANUP(uc_freep) char *body = uc_zalloc(len, 1);
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("https://127.0.0.1:%u/echo", h.port);
	bool continued = false;
	CURL *curl = curl_easy_init();
	struct curl_slist *headers = curl_slist_append(NULL, "Expect: 100-continue");
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 60000L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &got);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, see_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &continued);
	long status = 0;
	for (int i = 0; i < 2; i++) {
		got = 0;
		continued = false;
		assert_int_equal(curl_easy_perform(curl), CURLE_OK);
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
		assert_int_equal(status, 200);
		assert_true(continued);
		assert_true(got > len);
	}
	long connects = 1;
	curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &connects);
	assert_int_equal(connects, 0); /* the second upload went over the connection of the first */
	curl_easy_cleanup(curl);
	curl_slist_free_all(headers);
	harness_end(&h);
}

static void another_expectation_is_417(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	struct client c = client_tls(&h);
	expect(&c, "POST /a HTTP/1.1\r\n" HOST "Expect: a miracle\r\nContent-Length: 3\r\n\r\nabc", 417, "\"code\":\"expectation-failed\"");
	assert_true(client_at_end(&c));
	client_free(&c);
	harness_end(&h);
}

static void two_hundred_connections_at_once_are_served(void **state)
{
	(void)state;
	enum { COUNT = 200 };
	struct harness h;
	harness_start(&h, 4, NULL);
	static struct client clients[COUNT];
	for (int i = 0; i < COUNT; i++) clients[i] = client_new(&h, i % 2 == 0);
	for (int i = 0; i < COUNT; i++) client_send(&clients[i], "GET /a HTTP/1.1\r\n" HOST "\r\n");
	for (int i = 0; i < COUNT; i++) expect(&clients[i], "", 200, "GET|/a|");
	for (int i = 0; i < COUNT; i++) client_free(&clients[i]);
	harness_end(&h);
}

static void a_full_queue_is_503_with_retry_after(void **state)
{
	(void)state;
	enum { COUNT = UC_HTTP_MAX_QUEUE + 1 };
	struct harness h;
	harness_start(&h, 1, NULL);
	struct client first = client_unix(&h);
	client_send(&first, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
	sem_wait(&h.entered);
	static struct client clients[COUNT];
	static struct pollfd fds[COUNT];
	for (int i = 0; i < COUNT; i++) {
		clients[i] = client_unix(&h);
		client_send(&clients[i], "GET /a HTTP/1.1\r\n" HOST "\r\n");
		fds[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
	}
	assert_int_equal(poll(fds, COUNT, READ_SECONDS * 1000), 1);
	int busy = 0;
	while (fds[busy].revents == 0) busy++;
	struct answer a;
	client_answer(&clients[busy], true, &a);
	assert_int_equal(a.status, 503);
	assert_non_null(strstr(a.head, "\r\nRetry-After: "));
	assert_non_null(strstr(answer_text(&a), "\"code\":\"server-busy\""));
	uc_buf_free(&a.body);
	sem_post(&h.go);
	expect(&first, "", 200, "GET|/wait|");
	expect(&clients[busy], "GET /a HTTP/1.1\r\n" HOST "\r\n", 200, "GET|/a|");
	for (int i = 0; i < COUNT; i++)
		if (i != busy) expect(&clients[i], "", 200, "GET|/a|");
	for (int i = 0; i < COUNT; i++) client_free(&clients[i]);
	client_free(&first);
	harness_end(&h);
}

static void a_server_is_freed_with_requests_running_and_waiting(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 2, NULL);
	struct client clients[8];
	for (int i = 0; i < 8; i++) {
		clients[i] = client_new(&h, i % 2 == 0);
		client_send(&clients[i], i < 6 ? "POST /wait HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody" : "GET /half");
	}
	sem_wait(&h.entered);
	sem_wait(&h.entered);
	struct client drained = client_unix(&h);
	expect(&drained, "GET a HTTP/1.1\r\n" HOST "\r\n", 400, "malformed-request");
	harness_stop_loop(&h);
	/* Accepted by nobody any more. */
	struct client late = client_unix(&h);
	for (int i = 0; i < 6; i++) sem_post(&h.go);
	harness_free(&h);
	for (int i = 0; i < 8; i++) {
		assert_true(client_at_end(&clients[i]));
		client_free(&clients[i]);
	}
	assert_true(client_at_end(&late));
	client_free(&late);
	client_free(&drained);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_answer_has_the_security_headers),
	    cmocka_unit_test(a_header_of_the_handler_takes_the_place_of_ours_and_cannot_split_the_answer),
	    cmocka_unit_test(a_handler_sees_method_paths_query_header_and_body),
	    cmocka_unit_test(head_is_get_without_the_body_and_the_connection_goes_on),
	    cmocka_unit_test(a_connection_is_kept_for_many_requests),
	    cmocka_unit_test(pipelined_requests_are_answered_in_order),
	    cmocka_unit_test(other_methods_are_405_with_allow),
	    cmocka_unit_test(a_request_whose_end_is_in_doubt_is_refused_and_ends_the_connection),
	    cmocka_unit_test(a_body_over_the_limit_is_413_and_the_client_can_read_it),
	    cmocka_unit_test(a_body_of_the_limit_is_read),
	    cmocka_unit_test(the_body_of_a_refused_request_can_be_sent_to_its_end),
	    cmocka_unit_test(a_header_over_32_kib_is_400),
	    cmocka_unit_test(curl_uploads_4_mib_with_expect_100_continue),
	    cmocka_unit_test(another_expectation_is_417),
	    cmocka_unit_test(two_hundred_connections_at_once_are_served),
	    cmocka_unit_test(a_full_queue_is_503_with_retry_after),
	    cmocka_unit_test(a_server_is_freed_with_requests_running_and_waiting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
