/*
 * Inside the HTTP server; for server*.c only.
 *
 *   server_listen.c   sockets
 *   server_conn.c     what is known of a connection; evhttp's behaviour made ours
 *   server_request.c  a request taken out of evhttp, and the texts of an answer
 *   server_pool.c     worker threads
 *   server.c          puts them together
 *
 * A connection (uc_http_conn) is touched by the loop's thread only. A job is one request with its answer: made by the loop, lent to a
 * worker, which sees nothing but job->request and job->response, and given back through the pool's list of finished jobs.
 */
#ifndef UC_SERVE_HTTP_SERVER_IMPL_H
#define UC_SERVE_HTTP_SERVER_IMPL_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "core/text.h"
#include "serve/http/server.h"

struct uc_http_pool;

/* One listening socket with an evhttp of its own. */
struct uc_http_listener {
	struct uc_http *http;
	struct evhttp *evhttp;         /* owned */
	struct evconnlistener *accept; /* of evhttp */
	uc_http_tls tls;               /* NULL: without TLS */
	void *tls_ctx;
	unsigned open; /* connections, with those that are drained */
	char *path;    /* owned: of a Unix socket, or NULL */
	struct stat made;
	SLIST_ENTRY(uc_http_listener) next;
};

enum uc_http_conn_state {
	UC_CONN_IDLE,      /* between requests */
	UC_CONN_READING,   /* TLS handshake or a request */
	UC_CONN_WORKING,   /* the request is with a worker */
	UC_CONN_ANSWERING, /* the answer is being written */
	UC_CONN_REFUSED    /* evhttp could not read the request; the connection ends with the answer to it */
};

struct uc_http_conn {
	struct uc_http_listener *listener;
	struct bufferevent *bev;         /* of evcon */
	struct evhttp_connection *evcon; /* of evhttp; this and the rest are set when the connection is adopted */
	int fd;
	enum uc_http_conn_state state;
	struct uc_http_job *job;   /* while WORKING */
	struct uc_http_loan *loan; /* while ANSWERING with bytes that were lent; a share of it */
	bool last;                 /* after this answer the connection ends */
	bool replacing;            /* the output is being changed */
	struct event *deadline;    /* owned */
	size_t held;               /* bytes received of the request */
	char peer_text[64];
	unsigned peer_uid;
	SLIST_ENTRY(uc_http_conn) next; /* in http->fresh */
};
SLIST_HEAD(uc_http_fresh, uc_http_conn);

struct uc_http_job {
	struct uc_http_request request;
	struct uc_http_response response;
	struct uc_buf body;
	char *path, *raw_path, *query;
	struct uc_strv headers; /* name, value, name, value, ... */
	bool close;             /* end the connection after the answer */
	/* For the loop's thread: */
	struct uc_http *http;
	struct uc_http_conn *conn;  /* NULL when the client has gone */
	struct evhttp_request *req; /* of evhttp; NULL when the client has gone */
	STAILQ_ENTRY(uc_http_job) next;
};
STAILQ_HEAD(uc_http_jobs, uc_http_job);

/* Bytes that were lent, until the last share of them is given back. Shares are given back on the loop's thread, or when the loop is freed. */
struct uc_http_loan {
	struct uc_http_lent lent;
	unsigned shares;
};

struct uc_http_drain;
LIST_HEAD(uc_http_drains, uc_http_drain);

struct uc_http {
	struct event_base *base;
	struct uc_http_pool *pool;
	struct event *finished; /* the pool has finished jobs */
	struct event *resume;   /* from time to time: descriptors that had run out may be there again */
	SSL_CTX *refuse;        /* a context without certificates: no handshake succeeds */
	unsigned silence, idle, whole;
	size_t max_body;
	bool only_files;
	size_t held; /* bytes of all requests under way and of all jobs */
	SLIST_HEAD(, uc_http_listener) listeners;
	struct event *adopt;
	struct uc_http_fresh fresh;
	struct uc_http_conn **by_fd; /* owned array */
	size_t by_fd_count;
	struct uc_http_drains drains;
};

/* server_conn.c */

/* For evhttp_set_bevcb(); arg is the listener. */
struct bufferevent *uc_http_conn_new(struct event_base *base, void *arg);
/* Gives the connections that evhttp has accepted since the last time their place in http->by_fd. */
void uc_http_conn_adopt(struct uc_http *h);
/* The connection that a request came on. */
struct uc_http_conn *uc_http_conn_of(struct uc_http *h, struct evhttp_request *req);
/* Its request is complete and becomes this job: nothing more is read until it is answered. */
void uc_http_conn_work(struct uc_http_conn *c, struct uc_http_job *job);
/* Its answer is about to be given to evhttp. loan: a share of what is sent, or NULL. */
void uc_http_conn_answer(struct uc_http_conn *c, struct uc_http_job *job, struct uc_http_loan *loan);
/* Gives a share back; NULL is allowed. */
void uc_http_loan_end(struct uc_http_loan *loan);
/* Throws away what the client still sends, so that it can read the answer to the end: a socket that is closed with unread data is reset. */
void uc_http_conn_drain(struct uc_http_conn *c);
/* Ends all draining. */
void uc_http_drain_all_end(struct uc_http *h);

/* server_listen.c */

/* One connection less on a listener. */
void uc_http_listener_leave(struct uc_http_listener *l);
/* One more; stops accepting when there are as many as may be. */
void uc_http_listener_enter(struct uc_http_listener *l);
/* Accepts again where it was stopped for want of descriptors. */
void uc_http_listeners_resume(struct uc_http *h);
void uc_http_listener_free(struct uc_http_listener *l);
/* For evhttp_set_gencb(); arg is the listener. */
void uc_http_on_request(struct evhttp_request *req, void *arg);

/* server_request.c */

/*
 * Copies everything that a handler may see out of req. False when the request is at fault: job->response says how, and job->close whether
 * what follows on the connection could be misunderstood.
 */
bool uc_http_job_read(struct uc_http_job *job, const struct uc_http_conn *c, struct evhttp_request *req) UC_MUST;
void uc_http_job_free(struct uc_http_job *job);
/* Appends name, value, name, value, ... of the added headers. */
void uc_http_response_headers(const struct uc_http_response *r, struct uc_strv *out);
/* Completes response->headers with Content-Type, Content-Length and what every answer has. */
void uc_http_response_finish(struct uc_http_response *r);
/* Makes r the answer of the server itself: a problem document, or a line of text where only files are given out. */
void uc_http_response_fail(const struct uc_http *h, struct uc_http_response *r, int status, const struct uc_error *e);
/* Our answer to a request that evhttp refuses by itself with this status. */
void uc_http_response_refusal(const struct uc_http *h, struct uc_http_response *r, int status);

/* server_pool.c */

struct uc_http_pool *uc_http_pool_new(unsigned workers, uc_http_handler handler, void *ctx);
/* Readable when there are finished jobs. */
int uc_http_pool_fd(const struct uc_http_pool *p);
/* Gives a job to the workers. False when the queue is full: then it stays the caller's. */
bool uc_http_pool_put(struct uc_http_pool *p, struct uc_http_job *job) UC_MUST;
/* Moves all finished jobs to the end of out. */
void uc_http_pool_take(struct uc_http_pool *p, struct uc_http_jobs *out);
/* Waits for the handlers that run; no further job is begun. */
void uc_http_pool_stop(struct uc_http_pool *p);
/* Frees it with all its jobs; it must have been stopped. */
void uc_http_pool_free(struct uc_http_pool *p);

#endif
