/* src/node/fetch.c: one request over TLS, to whom it may go, and how much of an answer is read. */
#include "uc_test.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "core/text.h"
#include "node/fetch.h"
#include "pki/make_certs.h"

enum { PATIENT_MS = 30000, HASTY_MS = 300 };

/* ---- a server of one connection ---- */

enum manner { ANSWERS, SPEAKS_NO_TLS, STAYS_SILENT, HANGS_UP };

struct server {
	enum manner manner;
	const struct made *cert;
	const char *answer; /* all of it, or */
	size_t zeros;       /* a body of that many zeros */
	int fd;
	char peer[32];
	struct uc_buf request; /* what the client sent */
	pthread_t thread;
};

/* The head and as much of the body as it announces. */
static void read_request(struct server *s, SSL *ssl)
{
	char part[4096];
	for (;;) {
		int n = SSL_read(ssl, part, sizeof part);
		if (n <= 0) return;
		uc_buf_add(&s->request, part, (size_t)n);
		UC_CLEANUP(uc_freep) char *text = uc_strndup((const char *)s->request.ptr, s->request.len);
		const char *end = strstr(text, "\r\n\r\n");
		if (end == NULL) continue;
		const char *length = strstr(text, "Content-Length: ");
		size_t body = length != NULL ? strtoul(length + strlen("Content-Length: "), NULL, 10) : 0;
		if (strlen(end + 4) >= body) return;
	}
}

static void write_zeros(SSL *ssl, size_t count)
{
	char head[100];
	char part[4096];
	memset(part, '0', sizeof part);
	int len = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", count);
	if (SSL_write(ssl, head, len) != len) return;
	for (size_t left = count; left > 0;) {
		size_t n = left < sizeof part ? left : sizeof part;
		if (SSL_write(ssl, part, (int)n) <= 0) return;
		left -= n;
	}
}

static void serve_tls(struct server *s, int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *x = uc_cert_x509(s->cert->cert);
	SSL_CTX_use_certificate(ctx, x);
	SSL_CTX_use_PrivateKey(ctx, s->cert->key);
	SSL *ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		read_request(s, ssl);
		if (s->answer != NULL) SSL_write(ssl, s->answer, (int)strlen(s->answer));
		if (s->zeros > 0) write_zeros(ssl, s->zeros);
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	X509_free(x);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->fd, NULL, NULL);
	if (fd < 0) return NULL;
	char byte;
	if (s->manner == ANSWERS || s->manner == HANGS_UP) serve_tls(s, fd);
	if (s->manner == SPEAKS_NO_TLS && write(fd, "220 mail.example.com ESMTP\r\n", 28) != 28) s->manner = STAYS_SILENT;
	while (s->manner != ANSWERS && s->manner != HANGS_UP && read(fd, &byte, 1) > 0) continue;
	close(fd);
	return NULL;
}

static void server_start(struct server *s)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(s->fd, 4), 0);
	struct sockaddr_storage bound;
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&bound, &len), 0);
	memcpy(&address, &bound, sizeof address);
	snprintf(s->peer, sizeof s->peer, "127.0.0.1:%d", ntohs(address.sin_port));
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

/* What the client sent, as text; free with free(). */
static char *server_end(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	return uc_buf_take_str(&s->request);
}

static struct made ours;

static int make_ours(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	ours = make_cert(&(struct make){.subject = "CN=peer.example.com", .exts = MAKE_LEAF("peer.example.com")});
	return 0;
}

static int free_ours(void **state)
{
	(void)state;
	made_free(&ours);
	return 0;
}

#define JSON_ANSWER "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"

/* Sends the request to a server of this manner; *sent (or NULL) gets what arrived there. */
static enum uc_status fetch_from(struct server *s, struct uc_fetch request, struct uc_fetched *got, char **sent, struct uc_error *e)
{
	s->cert = &ours;
	server_start(s);
	request.peer = s->peer;
	if (request.method == NULL) request.method = "GET";
	if (request.path == NULL) request.path = "/api/v1/authz";
	if (request.timeout_ms == 0) request.timeout_ms = PATIENT_MS;
	enum uc_status status = uc_fetch(&request, got, e);
	UC_CLEANUP(uc_freep) char *arrived = server_end(s);
	if (sent != NULL) *sent = uc_move(arrived);
	return status;
}

/* ---- requests ---- */

static void a_question_is_answered_with_status_and_json(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *sent = NULL;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct server s = {.answer = "HTTP/1.1 422 No\r\nContent-Type: application/problem+json\r\nContent-Length: 12\r\n\r\n{\"code\":\"x\"}"};
	assert_ok(fetch_from(&s, (struct uc_fetch){.method = "GET"}, &got, &sent, &e), e);
	assert_int_equal(got.status, 422);
	assert_string_equal(json_string_value(json_object_get(got.json, "code")), "x");
	assert_int_equal(strncmp(sent, "GET /api/v1/authz HTTP/1.1\r\n", 28), 0);
	assert_non_null(strstr(sent, "\r\nAccept: application/json\r\n"));
	assert_null(strstr(sent, "Authorization"));
	assert_null(strstr(sent, "Expect"));
}

static void a_body_is_sent_as_json(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *sent = NULL;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct server s = {.answer = JSON_ANSWER};
	json_t *body = json_pack("{s:s}", "name", "\xc3\xa4");
	enum uc_status status =
	    fetch_from(&s, (struct uc_fetch){.method = "POST", .path = "/api/v1/cluster/join", .body = body}, &got, &sent, &e);
	json_decref(body);
	assert_ok(status, e);
	assert_int_equal(strncmp(sent, "POST /api/v1/cluster/join HTTP/1.1\r\n", 36), 0);
	assert_non_null(strstr(sent, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(sent, "\r\n\r\n{\"name\":\"\xc3\xa4\"}"));
}

static void a_redirection_is_not_followed(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct server s = {.answer = "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 2\r\n\r\n{}"};
	assert_ok(fetch_from(&s, (struct uc_fetch){.method = "GET"}, &got, NULL, &e), e);
	assert_int_equal(got.status, 302);
}

static void a_proxy_of_the_environment_is_not_used(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct server s = {.answer = JSON_ANSWER};
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	enum uc_status status = fetch_from(&s, (struct uc_fetch){.method = "GET"}, &got, NULL, &e);
	unsetenv("https_proxy");
	assert_ok(status, e);
}

/* ---- to whom ---- */

static void a_password_goes_to_the_pinned_key(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *sent = NULL;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct server s = {.answer = JSON_ANSWER};
	const struct uc_fetch request = {.account = "admin", .password = "pass:word", .pin = ours.cert->spki};
	assert_ok(fetch_from(&s, request, &got, &sent, &e), e);
	assert_non_null(strstr(sent, "\r\nAuthorization: Basic YWRtaW46cGFzczp3b3Jk\r\n"));
}

static void nothing_is_sent_to_another_key_than_the_pinned_one(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *sent = NULL;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct server s = {.answer = JSON_ANSWER};
	struct made other = make_cert(&(struct make){.subject = "CN=peer.example.com", .exts = MAKE_LEAF("peer.example.com")});
	const struct uc_fetch request = {.account = "admin", .password = "password", .pin = other.cert->spki};
	assert_fails(fetch_from(&s, request, &got, &sent, &e), e, UC_EREFUSED, "peer-not-authentic");
	made_free(&other);
	assert_string_equal(sent, "");
	assert_null(got.json);
}

static void a_password_is_not_sent_without_a_pin(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *sent = NULL;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct server s = {.answer = JSON_ANSWER};
	assert_ok(fetch_from(&s, (struct uc_fetch){.account = "admin", .password = "password"}, &got, &sent, &e), e);
	assert_null(strstr(sent, "Authorization"));
}

static void a_peer_is_a_host_and_a_port(void **state)
{
	(void)state;
	static const char *const bad[] = {"host.example.com", "a/b:443", "user@host:443", "host name:443",
	                                  "h#:443",           "host:0",  ":443",          "[::1:443"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
		const struct uc_fetch request = {.method = "GET", .peer = bad[i], .path = "/", .timeout_ms = PATIENT_MS};
		assert_fails(uc_fetch(&request, &got, &e), e, UC_EINPUT, "bad-peer");
	}
}

/* ---- answers ---- */

static void an_answer_has_an_end(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	struct server s = {.zeros = UC_FETCH_MAX + 1};
	assert_fails(fetch_from(&s, (struct uc_fetch){.method = "GET"}, &got, NULL, &e), e, UC_ELIMIT, "answer-large");
}

static void what_is_no_json_is_no_answer(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
	    "HTTP/1.1 204 No Content\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"a\":1,\"a\":2}",
	    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{} {",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
		struct server s = {.answer = bad[i]};
		assert_fails(fetch_from(&s, (struct uc_fetch){.method = "GET"}, &got, NULL, &e), e, UC_EUNREACHABLE, "bad-answer");
		assert_null(got.json);
	}
}

static void the_step_that_fails_is_named(void **state)
{
	(void)state;
	static const struct {
		enum manner manner;
		const char *id;
	} cases[] = {{SPEAKS_NO_TLS, "peer-no-tls"}, {STAYS_SILENT, "peer-timeout"}, {HANGS_UP, "peer-lost"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
		struct server s = {.manner = cases[i].manner};
		bool silent = cases[i].manner == STAYS_SILENT;
		assert_fails(fetch_from(&s, (struct uc_fetch){.timeout_ms = silent ? HASTY_MS : PATIENT_MS}, &got, NULL, &e), e, UC_EUNREACHABLE,
		             cases[i].id);
		assert_non_null(strstr(e.message, s.peer));
	}
}

static void nobody_listens(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_fetched_free) struct uc_fetched got = {.json = NULL};
	const struct uc_fetch request = {.method = "GET", .peer = "127.0.0.1:1", .path = "/", .timeout_ms = PATIENT_MS};
	assert_fails(uc_fetch(&request, &got, &e), e, UC_EUNREACHABLE, "peer-refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_question_is_answered_with_status_and_json),
	    cmocka_unit_test(a_body_is_sent_as_json),
	    cmocka_unit_test(a_redirection_is_not_followed),
	    cmocka_unit_test(a_proxy_of_the_environment_is_not_used),
	    cmocka_unit_test(a_password_goes_to_the_pinned_key),
	    cmocka_unit_test(nothing_is_sent_to_another_key_than_the_pinned_one),
	    cmocka_unit_test(a_password_is_not_sent_without_a_pin),
	    cmocka_unit_test(a_peer_is_a_host_and_a_port),
	    cmocka_unit_test(an_answer_has_an_end),
	    cmocka_unit_test(what_is_no_json_is_no_answer),
	    cmocka_unit_test(the_step_that_fails_is_named),
	    cmocka_unit_test(nobody_listens),
	};
	return cmocka_run_group_tests(tests, make_ours, free_ours);
}
