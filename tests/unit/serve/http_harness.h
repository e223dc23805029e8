/*
 * A server of src/serve/http on a thread of its own, and a client that writes bytes as it likes: TLS or a Unix socket, whole or half
 * requests. Reads wait up to a minute, so that a test that would hang fails instead.
 */
#ifndef UC_HTTP_HARNESS_H
#define UC_HTTP_HARNESS_H

#include "uc_test.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/text.h"
#include "serve/http/server.h"

#define READ_SECONDS 60

struct harness {
	struct event_base *base;
	struct uc_http *http;
	pthread_t thread;
	int stop_fd;
	struct event *stop;
	uint16_t port;
	char *dir, *socket;
	pthread_mutex_t lock; /* for ctx */
	SSL_CTX *ctx;         /* NULL refuses */
	sem_t entered, go;    /* of /wait */
};

/* Called before the loop runs, for what a test adds to it; NULL: nothing. */
static void (*harness_more)(struct harness *h);

/* TLS contexts of this process that have not been freed. */
static _Atomic int live_contexts;

static void context_freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)parent;
	(void)ad;
	(void)index;
	(void)argl;
	(void)argp;
	if (ptr != NULL) live_contexts--;
}

/* A context with a self-signed certificate of this common name. All of them share one key. */
static SSL_CTX *new_context(const char *common_name)
{
	static EVP_PKEY *key;
	static int index = -1;
	if (key == NULL) key = EVP_EC_gen("P-256");
	if (index < 0) index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, context_freed);
	X509 *cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	SSL_CTX_set_ex_data(ctx, index, &live_contexts);
	live_contexts++;
	X509_free(cert);
	return ctx;
}

static SSL_CTX *current_context(void *arg)
{
	struct harness *h = arg;
	pthread_mutex_lock(&h->lock);
	if (h->ctx != NULL) SSL_CTX_up_ref(h->ctx);
	SSL_CTX *ctx = h->ctx;
	pthread_mutex_unlock(&h->lock);
	return ctx;
}

/* Takes ownership of ctx. */
__attribute__((unused)) static void swap_context(struct harness *h, SSL_CTX *ctx)
{
	pthread_mutex_lock(&h->lock);
	SSL_CTX *before = h->ctx;
	h->ctx = ctx;
	pthread_mutex_unlock(&h->lock);
	SSL_CTX_free(before);
}

static void handle(void *arg, const struct uc_http_request *r, struct uc_http_response *out)
{
	struct harness *h = arg;
	snprintf(out->content_type, sizeof out->content_type, "text/plain");
	if (strcmp(r->path, "/wait") == 0) {
		sem_post(&h->entered);
		sem_wait(&h->go);
	} else if (strcmp(r->path, "/big") == 0) {
		memset(uc_buf_extend(&out->body, (size_t)32 << 20), 'x', (size_t)32 << 20);
		return;
	} else if (strcmp(r->path, "/empty") == 0) {
		out->status = 204;
		return;
	} else if (strcmp(r->path, "/headers") == 0) {
		uc_http_add_header(out, "X-Split", "%s", "one\r\nX-Injected: two");
		uc_http_add_header(out, "cache-control", "max-age=60");
	} else if (strcmp(r->path, "/length") == 0) {
		uc_buf_printf(&out->body, "%zu", r->body.len);
		return;
	}
	const char *test = uc_http_header(r, "x-TEST");
	uc_buf_printf(&out->body, "%s|%s|%s|%s|%s|%s|", r->method, r->path, r->raw_path, r->query,
	              r->peer == UC_PEER_UNIX ? r->peer_text : "tcp", test != NULL ? test : "-");
	uc_buf_add_slice(&out->body, r->body);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

static void *run_loop(void *arg)
{
	event_base_dispatch(arg);
	return NULL;
}

/* patience: NULL or silence, idle and whole in seconds */
static void harness_start(struct harness *h, unsigned workers, const unsigned *patience)
{
	memset(h, 0, sizeof *h);
	pthread_mutex_init(&h->lock, NULL);
	sem_init(&h->entered, 0, 0);
	sem_init(&h->go, 0, 0);
	h->dir = uc_test_dir();
	h->socket = uc_sprintf("%s/socket", h->dir);
	h->ctx = new_context("one");
	h->base = event_base_new();
	h->stop_fd = eventfd(0, EFD_CLOEXEC);
	h->stop = event_new(h->base, h->stop_fd, EV_READ, on_stop, h->base);
	event_add(h->stop, NULL);
	h->http = uc_http_new(h->base, workers, handle, h);
	if (patience != NULL) uc_http_set_patience(h->http, patience[0], patience[1], patience[2]);
	struct uc_error e;
	assert_ok(uc_http_listen_tls(h->http, "127.0.0.1", 0, current_context, h, &h->port, &e), e);
	assert_ok(uc_http_listen_unix(h->http, h->socket, &e), e);
	if (harness_more != NULL) harness_more(h);
	assert_int_equal(pthread_create(&h->thread, NULL, run_loop, h->base), 0);
}

static void harness_stop_loop(struct harness *h)
{
	assert_int_equal(eventfd_write(h->stop_fd, 1), 0);
	pthread_join(h->thread, NULL);
}

/* The server and its loop end, the rest stays. */
static void harness_free_server(struct harness *h)
{
	if (h->base == NULL) return;
	uc_http_free(h->http);
	event_free(h->stop);
	event_base_free(h->base);
	h->base = NULL;
}

static void harness_free(struct harness *h)
{
	harness_free_server(h);
	close(h->stop_fd);
	SSL_CTX_free(h->ctx);
	sem_destroy(&h->entered);
	sem_destroy(&h->go);
	pthread_mutex_destroy(&h->lock);
	free(h->socket);
	uc_test_dir_remove(h->dir);
}

__attribute__((unused)) static void harness_end(struct harness *h)
{
	harness_stop_loop(h);
	harness_free(h);
}

/* The client */

struct client {
	int fd;
	SSL *ssl; /* NULL: without TLS */
};

static int connect_to(const void *address, socklen_t len)
{
	int fd = socket(((const struct sockaddr *)address)->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	struct timeval patience = {.tv_sec = READ_SECONDS};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	assert_int_equal(connect(fd, address, len), 0);
	return fd;
}

static int connect_tcp(const struct harness *h)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(h->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return connect_to(&address, sizeof address);
}

static struct client client_unix(const struct harness *h)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", h->socket);
	return (struct client){.fd = connect_to(&address, sizeof address)};
}

/* Without a handshake yet. */
static struct client client_tls_new(const struct harness *h)
{
	struct client c = {.fd = connect_tcp(h)};
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	c.ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_fd(c.ssl, c.fd);
	return c;
}

static struct client client_tls(const struct harness *h)
{
	struct client c = client_tls_new(h);
	assert_int_equal(SSL_connect(c.ssl), 1);
	return c;
}

static struct client client_new(const struct harness *h, bool tls)
{
	return tls ? client_tls(h) : client_unix(h);
}

static void client_free(struct client *c)
{
	SSL_free(c->ssl);
	close(c->fd);
}

/* False when the server takes no more. */
static bool client_write(struct client *c, const void *bytes, size_t len)
{
	const char *at = bytes;
	while (len > 0) {
		ssize_t n = c->ssl != NULL ? SSL_write(c->ssl, at, len > INT_MAX ? INT_MAX : (int)len) : send(c->fd, at, len, MSG_NOSIGNAL);
		if (n <= 0) return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void client_send(struct client *c, const char *text)
{
	assert_true(client_write(c, text, strlen(text)));
}

static ssize_t client_read(struct client *c, void *buf, size_t len)
{
	return c->ssl != NULL ? SSL_read(c->ssl, buf, (int)len) : recv(c->fd, buf, len, 0);
}

struct answer {
	int status;
	char head[4096];
	struct uc_buf body;
};

__attribute__((unused)) static bool answer_has(const struct answer *a, const char *line)
{
	UC_CLEANUP(uc_freep) char *whole = uc_sprintf("\r\n%s\r\n", line);
	return strstr(a->head, whole) != NULL;
}

static const char *answer_text(struct answer *a)
{
	uc_buf_add_u8(&a->body, '\0');
	a->body.len--;
	return (const char *)a->body.ptr;
}

/* Reads status line and header. False when the connection ends before. */
static bool client_head(struct client *c, struct answer *a)
{
	*a = (struct answer){0};
	size_t len = 0;
	while (len < 4 || memcmp(a->head + len - 4, "\r\n\r\n", 4) != 0) {
		assert_true(len < sizeof a->head - 1);
		if (client_read(c, a->head + len, 1) != 1) return false;
		len++;
	}
	a->head[len] = '\0';
	assert_int_equal(strncmp(a->head, "HTTP/1.", 7), 0);
	a->status = (int)strtol(a->head + strlen("HTTP/1.1 "), NULL, 10);
	return true;
}

/* Reads an answer; of one to HEAD there is no body. Free with uc_buf_free(&a->body). */
static void client_answer(struct client *c, bool with_body, struct answer *a)
{
	assert_true(client_head(c, a));
	const char *length = strstr(a->head, "\r\nContent-Length: ");
	if (length == NULL || !with_body) return;
	size_t left = strtoul(length + strlen("\r\nContent-Length: "), NULL, 10);
	while (left > 0) {
		char part[65536];
		ssize_t n = client_read(c, part, left < sizeof part ? left : sizeof part);
		assert_true(n > 0);
		uc_buf_add(&a->body, part, (size_t)n);
		left -= (size_t)n;
	}
}

/* Has the server ended the connection (a reset counts)? */
__attribute__((unused)) static bool client_at_end(struct client *c)
{
	char byte;
	ssize_t n = client_read(c, &byte, 1);
	return n <= 0 && errno != EAGAIN;
}

/* Sends a request and expects this status and text in the answer's body. */
static void expect(struct client *c, const char *request, int status, const char *text)
{
	client_send(c, request);
	struct answer a;
	client_answer(c, strncmp(request, "HEAD", 4) != 0, &a);
	if (a.status != status || strstr(answer_text(&a), text) == NULL)
		fail_msg("%s\nwanted %d with %s, got %s%s", request, status, text, a.head, answer_text(&a));
	uc_buf_free(&a.body);
}

__attribute__((unused)) static void expect_alive(const struct harness *h)
{
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_new(h, tls == 1);
		expect(&c, "GET /alive HTTP/1.1\r\nHost: x\r\n\r\n", 200, "GET|/alive|/alive||");
		client_free(&c);
	}
}

#endif
