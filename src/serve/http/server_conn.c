/*
 * Connections. evhttp of libevent 2.1 has habits that a server whose answers come from other threads must know:
 *
 *  - Its reader ends the process when it is called while a request is being answered ("illegal connection state"). That nothing is read
 *    from the moment a request is complete until its answer is written is made sure here, not left to it. A client that goes away
 *    meanwhile is noticed when the answer is written.
 *  - It answers what it cannot read by itself, with a page of HTML and without a callback. The page is replaced before it is sent.
 *  - It closes such a connection with unread data, which makes the kernel reset it, and the client may lose the answer. What the client
 *    still sends is read from a second descriptor of the same socket and thrown away.
 *  - It has one timeout, which starts anew with every byte.
 *  - It gives no notice of a new connection. The bufferevent that it asks for is the notice; evhttp has made itself the argument of its
 *    callbacks when the loop comes to the next event.
 */
#include <errno.h>
#include <event2/bufferevent_ssl.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "serve/http/server_impl.h"

#define DRAIN_BYTES ((size_t)256 * 1024 * 1024)
#define DRAIN_SECONDS 30
/* What the deadline's event is told when it is not the time that has run out. */
#define TOO_MUCH_HELD EV_READ
#define LAST_ANSWER EV_WRITE

struct uc_http_drain {
	struct uc_http_listener *listener;
	int fd;
	struct event *readable;
	size_t left;
	int64_t until;
	LIST_ENTRY(uc_http_drain) next;
};

static void drain_end(struct uc_http_drain *d)
{
	LIST_REMOVE(d, next);
	event_free(d->readable);
	close(d->fd);
	uc_http_listener_leave(d->listener);
	free(d);
}

static void on_drain(evutil_socket_t fd, short what, void *arg)
{
	struct uc_http_drain *d = arg;
	char bytes[16384];
	ssize_t n = (what & EV_TIMEOUT) != 0 ? 0 : recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
	if (n <= 0 || (size_t)n >= d->left || uc_monotonic_ns() > d->until) {
		drain_end(d);
		return;
	}
	d->left -= (size_t)n;
}

void uc_http_conn_drain(struct uc_http_conn *c)
{
	int fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) return; /* then the client may have to do without the answer */
	struct uc_http *h = c->listener->http;
	struct uc_http_drain *d = uc_zalloc(1, sizeof *d);
	d->listener = c->listener;
	d->fd = fd;
	d->left = DRAIN_BYTES;
	d->until = uc_monotonic_ns() + DRAIN_SECONDS * INT64_C(1000000000);
	d->readable = event_new(h->base, fd, EV_READ | EV_PERSIST, on_drain, d);
	event_add(d->readable, &(struct timeval){.tv_sec = DRAIN_SECONDS});
	LIST_INSERT_HEAD(&h->drains, d, next);
	uc_http_listener_enter(c->listener);
}

void uc_http_drain_all_end(struct uc_http *h)
{
	struct uc_http_drain *following;
	for (struct uc_http_drain *d = LIST_FIRST(&h->drains); d != NULL; d = following) {
		following = LIST_NEXT(d, next);
		drain_end(d);
	}
}

static void set_silence(struct uc_http_conn *c, unsigned read_seconds)
{
	const struct uc_http *h = c->listener->http;
	bufferevent_set_timeouts(c->bev, &(struct timeval){.tv_sec = (time_t)read_seconds}, &(struct timeval){.tv_sec = (time_t)h->silence});
}

static void set_deadline(struct uc_http_conn *c, unsigned seconds)
{
	event_add(c->deadline, &(struct timeval){.tv_sec = (time_t)seconds});
}

/* The request or the answer takes too long, too much is held, or evhttp has not closed after the last answer. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	struct uc_http_conn *c = arg;
	if (c->state == UC_CONN_WORKING || (what == TOO_MUCH_HELD && c->state != UC_CONN_READING)) return;
	if (what != LAST_ANSWER)
		uc_log(UC_LOG_INFO, "%s: connection dropped: %s", c->peer_text,
		       what == TOO_MUCH_HELD ? "too much is being sent at once" : "it takes too long");
	evhttp_connection_free(c->evcon);
}

static void on_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
	(void)in;
	struct uc_http_conn *c = arg;
	struct uc_http *h = c->listener->http;
	if (info->n_added == 0) return;
	/* What leaves this buffer stays with the request. */
	c->held += info->n_added;
	h->held += info->n_added;
	if (c->state == UC_CONN_IDLE) {
		c->state = UC_CONN_READING;
		set_silence(c, h->silence);
		set_deadline(c, h->whole);
	}
	/* Not closed here: the bufferevent is in the middle of its work. */
	if (h->held > UC_HTTP_MAX_HELD) event_active(c->deadline, TOO_MUCH_HELD, 0);
}

/* The status of a page that evhttp has made, when all of it is in out; otherwise 0. */
static int page_status(struct evbuffer *out)
{
	static const char title[] = "<TITLE>", end[] = "</HTML>\n";
	char text[1024];
	size_t len = evbuffer_get_length(out);
	if (len >= sizeof text) return 0;
	evbuffer_copyout(out, text, len);
	text[len] = '\0';
	const char *start = strstr(text, title);
	if (start == NULL || !uc_ends_with(text, end)) return 0;
	return (int)strtol(start + strlen(title), NULL, 10);
}

static void replace_output(struct uc_http_conn *c, struct evbuffer *out, int status)
{
	struct uc_http_response r;
	uc_http_response_init(&r);
	uc_http_response_refusal(c->listener->http, &r, status);
	char date[48];
	evutil_date_rfc1123(date, sizeof date, NULL);
	uc_http_add_header(&r, "Date", "%s", date);
	uc_http_add_header(&r, "Connection", "close");
	uc_http_response_finish(&r);
	evbuffer_drain(out, evbuffer_get_length(out));
	evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", r.status, uc_http_reason(r.status));
	evbuffer_add(out, r.headers.ptr, r.headers.len);
	evbuffer_add(out, "\r\n", 2);
	evbuffer_add(out, r.body.ptr, r.body.len);
	uc_log(UC_LOG_DEBUG, "%s: a request that cannot be read: %d", c->peer_text, r.status);
	uc_http_response_free(&r);
}

static void on_output(struct evbuffer *out, const struct evbuffer_cb_info *info, void *arg)
{
	struct uc_http_conn *c = arg;
	/* In these states what is written is ours. */
	if (c->state == UC_CONN_WORKING || c->state == UC_CONN_ANSWERING || info->n_added == 0 || c->replacing) return;
	/* The output of a socket's bufferevent is frozen between writes: it can be neither read nor taken away. */
	char byte;
	bool frozen = evbuffer_copyout(out, &byte, 1) < 0;
	if (frozen) evbuffer_unfreeze(out, 1);
	int status = page_status(out);
	if (status != 0 && c->state == UC_CONN_REFUSED) {
		evbuffer_drain(out, evbuffer_get_length(out));
		event_active(c->deadline, LAST_ANSWER, 0);
	} else if (status != 0) {
		c->replacing = true;
		replace_output(c, out, status);
		c->replacing = false;
		c->state = UC_CONN_REFUSED;
		uc_http_conn_drain(c);
		set_deadline(c, c->listener->http->silence);
	}
	if (frozen) evbuffer_freeze(out, 1);
}

static SSL *new_ssl(struct uc_http_listener *l)
{
	SSL_CTX *ctx = l->tls(l->tls_ctx);
	SSL *ssl = SSL_new(ctx != NULL ? ctx : l->http->refuse);
	SSL_CTX_free(ctx); /* the SSL has its own reference */
	if (ssl == NULL) return NULL;
	SSL_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
	SSL_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	return ssl;
}

struct bufferevent *uc_http_conn_new(struct event_base *base, void *arg)
{
	struct uc_http_listener *l = arg;
	struct bufferevent *bev = NULL;
	if (l->tls != NULL) {
		SSL *ssl = new_ssl(l);
		if (ssl != NULL) bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	} else {
		bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	}
	/* Without one, evhttp would make its own: plain HTTP where TLS is due. Only memory that has run out can lead here. */
	if (bev == NULL) abort();
	if (l->tls != NULL) bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	struct uc_http_conn *c = uc_zalloc(1, sizeof *c);
	c->listener = l;
	c->bev = bev;
	c->state = UC_CONN_READING;
	evbuffer_add_cb(bufferevent_get_input(bev), on_input, c);
	evbuffer_add_cb(bufferevent_get_output(bev), on_output, c);
	uc_http_listener_enter(l);
	SLIST_INSERT_HEAD(&l->http->fresh, c, next);
	event_active(l->http->adopt, EV_TIMEOUT, 0);
	return bev;
}

/* Says goodbye (RFC 8446 section 6.1) without waiting for the peer to do so. */
static void tls_shutdown(struct uc_http_conn *c)
{
	SSL *ssl = c->listener->tls != NULL ? bufferevent_openssl_get_ssl(c->bev) : NULL;
	if (ssl == NULL || !SSL_is_init_finished(ssl) || evbuffer_get_length(bufferevent_get_output(c->bev)) > 0) return;
	SSL_shutdown(ssl);
	ERR_clear_error();
}

static void forget_request(struct uc_http_conn *c)
{
	struct uc_http_job *job = c->job;
	if (job == NULL) return;
	/* evhttp leaves a request to us when the network failed, and frees it with the connection otherwise. */
	if (evhttp_request_get_connection(job->req) == NULL) evhttp_request_free(job->req);
	job->req = NULL;
	job->conn = NULL;
}

void uc_http_loan_end(struct uc_http_loan *loan)
{
	if (loan == NULL || --loan->shares > 0) return;
	loan->lent.release(loan->lent.ctx);
	free(loan);
}

static void on_closed(struct evhttp_connection *evcon, void *arg)
{
	(void)evcon;
	struct uc_http_conn *c = arg;
	struct uc_http *h = c->listener->http;
	tls_shutdown(c);
	forget_request(c);
	uc_http_loan_end(c->loan);
	evbuffer_remove_cb(bufferevent_get_input(c->bev), on_input, c);
	evbuffer_remove_cb(bufferevent_get_output(c->bev), on_output, c);
	h->held -= c->held;
	h->by_fd[c->fd] = NULL;
	uc_http_listener_leave(c->listener);
	event_free(c->deadline);
	free(c);
}

static void name_peer(struct uc_http_conn *c)
{
	if (c->listener->path != NULL) {
		struct ucred peer = {.uid = (uid_t)-1};
		socklen_t len = sizeof peer;
		/* Cannot fail on a connected socket; if it did, nobody has this uid. */
		if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) peer.uid = (uid_t)-1;
		c->peer_uid = peer.uid;
		snprintf(c->peer_text, sizeof c->peer_text, "unix:%u", peer.uid);
		return;
	}
	char *address = NULL;
	uint16_t port = 0;
	evhttp_connection_get_peer(c->evcon, &address, &port);
	snprintf(c->peer_text, sizeof c->peer_text, strchr(address, ':') != NULL ? "[%s]:%u" : "%s:%u", address, port);
}

static void adopt(struct uc_http *h, struct uc_http_conn *c)
{
	void *evcon = NULL;
	bufferevent_getcb(c->bev, NULL, NULL, NULL, &evcon);
	c->evcon = evcon;
	c->deadline = evtimer_new(h->base, on_deadline, c);
	c->fd = bufferevent_getfd(c->bev);
	if ((size_t)c->fd >= h->by_fd_count) {
		size_t count = (size_t)c->fd + 64;
		h->by_fd = uc_realloc(h->by_fd, count, sizeof *h->by_fd);
		while (h->by_fd_count < count) h->by_fd[h->by_fd_count++] = NULL;
	}
	h->by_fd[c->fd] = c;
	name_peer(c);
	evhttp_connection_set_closecb(c->evcon, on_closed, c);
	set_deadline(c, h->whole);
}

void uc_http_conn_adopt(struct uc_http *h)
{
	while (!SLIST_EMPTY(&h->fresh)) {
		struct uc_http_conn *c = SLIST_FIRST(&h->fresh);
		SLIST_REMOVE_HEAD(&h->fresh, next);
		adopt(h, c);
	}
}

struct uc_http_conn *uc_http_conn_of(struct uc_http *h, struct evhttp_request *req)
{
	return h->by_fd[bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(req)))];
}

void uc_http_conn_work(struct uc_http_conn *c, struct uc_http_job *job)
{
	bufferevent_disable(c->bev, EV_READ);
	event_del(c->deadline);
	c->listener->http->held -= c->held;
	c->held = 0;
	c->state = UC_CONN_WORKING;
	c->job = job;
}

static void on_answered(struct evhttp_request *req, void *arg)
{
	(void)req;
	struct uc_http_conn *c = arg;
	struct uc_http_loan *loan = uc_move(c->loan);
	if (loan != NULL && loan->lent.sent != NULL) loan->lent.sent(loan->lent.ctx);
	uc_http_loan_end(loan);
	event_del(c->deadline);
	c->state = UC_CONN_IDLE;
	set_silence(c, c->listener->http->idle);
	/* evhttp does so itself when it comes back, but never after CONNECT. */
	if (c->last) event_active(c->deadline, LAST_ANSWER, 0);
}

void uc_http_conn_answer(struct uc_http_conn *c, struct uc_http_job *job, struct uc_http_loan *loan)
{
	c->state = UC_CONN_ANSWERING;
	c->job = NULL;
	c->loan = loan;
	set_deadline(c, c->listener->http->whole);
	evhttp_request_set_on_complete_cb(job->req, on_answered, c);
	c->last = job->close;
	if (c->last) uc_http_conn_drain(c);
}
