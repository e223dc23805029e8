#include "serve/http/server.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>

#include "core/log.h"
#include "core/mem.h"
#include "serve/http/server_impl.h"

#define RESUME_SECONDS 1

static void add_headers(struct evkeyvalq *out, const struct uc_http_response *r)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv list = {0};
	uc_http_response_headers(r, &list);
	for (size_t i = 0; i + 1 < list.count; i += 2) evhttp_add_header(out, list.items[i], list.items[i + 1]);
}

static void free_reference(const void *data, size_t len, void *memory)
{
	(void)data;
	(void)len;
	free(memory);
}

static void return_share(const void *data, size_t len, void *loan)
{
	(void)data;
	(void)len;
	uc_http_loan_end(loan);
}

/* Moves the body out of r; NULL when it is empty. *loan gets the connection's share, when the bytes are lent. */
static struct evbuffer *make_body(struct uc_http_response *r, struct uc_http_loan **loan)
{
	struct uc_slice lent = r->lent.content;
	if (r->lent.release != NULL) {
		*loan = uc_zalloc(1, sizeof **loan);
		**loan = (struct uc_http_loan){.lent = r->lent, .shares = lent.len > 0 ? 2 : 1};
		r->lent = (struct uc_http_lent){.release = NULL};
		if (lent.len == 0) return NULL;
	} else if (r->body.len == 0) {
		return NULL;
	}
	struct evbuffer *body = evbuffer_new();
	if (*loan != NULL) {
		evbuffer_add_reference(body, lent.ptr, lent.len, return_share, *loan);
		return body;
	}
	evbuffer_add_reference(body, r->body.ptr, r->body.len, free_reference, r->body.ptr);
	r->body = UC_BUF_EMPTY;
	return body;
}

/* Gives the answer to evhttp, or forgets it when the client has gone, and frees the job. */
static void answer(struct uc_http_job *job)
{
	struct uc_http_conn *c = job->conn;
	struct uc_http_response *r = &job->response;
	if (c == NULL) {
		uc_http_job_free(job);
		return;
	}
	uc_log(UC_LOG_DEBUG, "%s: %s %s: %d", c->peer_text, job->request.method != NULL ? job->request.method : "?",
	       job->raw_path != NULL ? job->raw_path : "?", r->status);
	if (job->close) uc_http_add_header(r, "Connection", "close");
	uc_http_response_finish(r);
	add_headers(evhttp_request_get_output_headers(job->req), r);
	struct uc_http_loan *loan = NULL;
	struct evbuffer *body = evhttp_request_get_command(job->req) != EVHTTP_REQ_HEAD ? make_body(r, &loan) : NULL;
	uc_http_conn_answer(c, job, loan);
	evhttp_send_reply(job->req, r->status, uc_http_reason(r->status), body);
	if (body != NULL) evbuffer_free(body);
	uc_http_job_free(job);
}

static void answer_busy(struct uc_http_job *job)
{
	struct uc_error e;
	uc_fail(&e, UC_EUNREACHABLE, "server-busy", "Try again in a few seconds.", "The server has as many requests as it can hold");
	uc_http_add_header(&job->response, "Retry-After", "2");
	uc_http_response_fail(job->http, &job->response, 503, &e);
	answer(job);
}

void uc_http_on_request(struct evhttp_request *req, void *arg)
{
	struct uc_http_listener *l = arg;
	struct uc_http_conn *c = uc_http_conn_of(l->http, req);
	struct uc_http_job *job = uc_zalloc(1, sizeof *job);
	job->http = l->http;
	job->conn = c;
	job->req = req;
	uc_http_conn_work(c, job);
	if (!uc_http_job_read(job, c, req)) {
		answer(job);
		return;
	}
	if (l->http->held > UC_HTTP_MAX_HELD || !uc_http_pool_put(l->http->pool, job)) answer_busy(job);
}

static void on_finished(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct uc_http *h = arg;
	struct uc_http_jobs jobs = STAILQ_HEAD_INITIALIZER(jobs);
	uc_http_pool_take(h->pool, &jobs);
	while (!STAILQ_EMPTY(&jobs)) {
		struct uc_http_job *job = STAILQ_FIRST(&jobs);
		STAILQ_REMOVE_HEAD(&jobs, next);
		answer(job);
	}
}

static void on_adopt(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	uc_http_conn_adopt(arg);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	uc_http_listeners_resume(arg);
}

static void ignore_sigpipe(void)
{
	struct sigaction action;
	if (sigaction(SIGPIPE, NULL, &action) != 0 || (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != SIG_DFL) return;
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

struct uc_http *uc_http_new(struct event_base *base, unsigned workers, uc_http_handler handler, void *ctx)
{
	ignore_sigpipe();
	struct uc_http *h = uc_zalloc(1, sizeof *h);
	h->base = base;
	SLIST_INIT(&h->listeners);
	SLIST_INIT(&h->fresh);
	LIST_INIT(&h->drains);
	h->max_body = UC_HTTP_MAX_BODY;
	uc_http_set_patience(h, 30, 60, 300);
	h->refuse = SSL_CTX_new(TLS_server_method());
	h->adopt = event_new(base, -1, 0, on_adopt, h);
	h->pool = uc_http_pool_new(workers, handler, ctx);
	h->finished = event_new(base, uc_http_pool_fd(h->pool), EV_READ | EV_PERSIST, on_finished, h);
	event_add(h->finished, NULL);
	h->resume = event_new(base, -1, EV_PERSIST, on_resume, h);
	event_add(h->resume, &(struct timeval){.tv_sec = RESUME_SECONDS});
	return h;
}

void uc_http_set_patience(struct uc_http *h, unsigned silence, unsigned idle, unsigned whole)
{
	h->silence = silence;
	h->idle = idle;
	h->whole = whole;
}

void uc_http_only_files(struct uc_http *h)
{
	h->only_files = true;
	h->max_body = 0;
}

void uc_http_free(struct uc_http *h)
{
	if (h == NULL) return;
	uc_http_pool_stop(h->pool);
	/* Those that evhttp has, but that are not adopted yet, would not be told of their end. */
	uc_http_conn_adopt(h);
	uc_http_drain_all_end(h);
	while (!SLIST_EMPTY(&h->listeners)) {
		struct uc_http_listener *l = SLIST_FIRST(&h->listeners);
		SLIST_REMOVE_HEAD(&h->listeners, next);
		uc_http_listener_free(l);
	}
	event_free(h->finished);
	event_free(h->resume);
	event_free(h->adopt);
	uc_http_pool_free(h->pool);
	SSL_CTX_free(h->refuse);
	free(h->by_fd);
	free(h);
}
