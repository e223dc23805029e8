/*
 * The HTTP server: listeners (TCP with TLS or plain, a Unix socket) on an event loop, requests handled on worker threads, answers sent by the
 * loop. It knows nothing of certificates but that a listener asks for the TLS context of the moment at each new connection.
 *
 * Everything but the handler runs on the loop's thread, and every function here that takes a struct uc_http is called there (or while no
 * thread runs the loop). What the server answers by itself (a request that is not well-formed, too large, of another method, or when it is
 * overloaded) is a problem document of RFC 9457 like every other error, but for uc_http_only_files().
 */
#ifndef UC_SERVE_HTTP_SERVER_H
#define UC_SERVE_HTTP_SERVER_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/error.h"

struct event_base;
struct uc_http;

/* The largest request body that is read; a larger one is answered 413 with a problem document, without reading it to its end. */
#define UC_HTTP_MAX_BODY ((size_t)8 * 1024 * 1024)
/* Request line and header together; a larger one is answered 400. */
#define UC_HTTP_MAX_HEADER ((size_t)32 * 1024)
/* Open connections of one listener; further ones wait in the kernel's queue. */
#define UC_HTTP_MAX_CONNECTIONS 512
/* Requests that wait for a worker; a further one is answered 503 with Retry-After. */
#define UC_HTTP_MAX_QUEUE 256
/* Bytes of request bodies held at once by all connections: beyond it requests are answered 503 and uploads under way are dropped. */
#define UC_HTTP_MAX_HELD ((size_t)256 * 1024 * 1024)

enum uc_http_peer_kind { UC_PEER_TCP, UC_PEER_UNIX };

/* A request as a handler sees it; everything is borrowed for the time of the call. */
struct uc_http_request {
	const char *method;   /* "GET", "HEAD" (handle it as GET, the server drops the body), "POST", "PUT", "DELETE" */
	const char *path;     /* percent-decoded, without the query */
	const char *raw_path; /* the same as it was sent: where an encoded '/' can be told from a separator */
	const char *query;    /* raw, or "" */
	struct uc_slice body;
	enum uc_http_peer_kind peer;
	bool tls;
	char peer_text[64]; /* "127.0.0.1:40000", "[::1]:40000" or "unix:0" (uid) */
	unsigned peer_uid;  /* of a Unix peer (SO_PEERCRED) */
	const void *impl;   /* private; NULL in a request that a test made up */
};

/* A header's value or NULL; name without regard to case. Of a repeated header the first. */
const char *uc_http_header(const struct uc_http_request *r, const char *name);

/* Bytes that a handler has and does not give away: they are sent without a copy. */
struct uc_http_lent {
	struct uc_slice content;
	void *ctx;
	void (*sent)(void *ctx);    /* all of it went out to the client; not for HEAD. On the loop's thread, before release. May be NULL */
	void (*release)(void *ctx); /* once, when the bytes are not used any more; from any thread. NULL: nothing is lent */
};

/* What a handler fills. */
struct uc_http_response {
	int status;            /* default 200 */
	char content_type[96]; /* default application/json */
	struct uc_buf body;
	struct uc_http_lent lent; /* in the place of body */
	struct uc_buf headers;    /* further headers as "Name: value\r\n" lines; uc_http_add_header() */
};

/* A response as a handler finds it; release with uc_http_response_free(). The server does both for its own. */
void uc_http_response_init(struct uc_http_response *r);
void uc_http_response_free(struct uc_http_response *r);

/*
 * Adds a header; a byte of the value that no header may hold (CR, LF and other controls) becomes a blank. One that the server would send
 * itself (Cache-Control, Content-Security-Policy, ...) takes the place of the server's.
 */
void uc_http_add_header(struct uc_http_response *r, const char *name, const char *fmt, ...) UC_PRINTF(3, 4);

/* The reason phrase of a status (RFC 9110 section 15), "Unknown" for one that this server does not use. */
const char *uc_http_reason(int status);

/*
 * Decodes percent-encoding (RFC 3986 section 2.1) and appends to out; form: '+' is a blank as well. False, with out undefined, when a '%' is
 * not followed by two hexadecimal digits or the text holds a NUL byte, plain or encoded.
 */
bool uc_http_unescape(struct uc_slice text, bool form, struct uc_buf *out) UC_MUST;

/* Called on a worker thread; must not block for longer than a task takes. */
typedef void (*uc_http_handler)(void *ctx, const struct uc_http_request *request, struct uc_http_response *response);
/*
 * Gives the TLS context for a new connection with a reference of its own (SSL_CTX_up_ref), on the loop's thread. NULL refuses the connection
 * (a handshake_failure alert). A connection keeps its context to its end, whatever is given to later ones.
 */
typedef SSL_CTX *(*uc_http_tls)(void *ctx);

/*
 * A server on this loop with so many worker threads. Owned: uc_http_free(). Writing to a connection that the peer has closed raises SIGPIPE
 * inside the libraries: when the process has not said what to do with SIGPIPE, it is ignored from here on.
 */
struct uc_http *uc_http_new(struct event_base *base, unsigned workers, uc_http_handler handler, void *ctx);
/*
 * Closes the listeners (a Unix socket's file is removed), waits for the handlers that run, drops requests that wait, and closes the
 * connections. libevent gives up their descriptors when the loop runs next or with event_base_free(), which must come after.
 */
void uc_http_free(struct uc_http *h);

/*
 * Patience in seconds, for listeners that are added later: with a client that stops in the middle of a request or answer (30), with an open
 * connection without a request (60), and for one request or one answer altogether, however steadily it trickles (300).
 */
void uc_http_set_patience(struct uc_http *h, unsigned silence, unsigned idle, unsigned whole);

/*
 * For a service that gives out files to whoever asks: a request with a body is refused, and what the server answers by itself is a line of text.
 * For listeners that are added later.
 */
void uc_http_only_files(struct uc_http *h);

/*
 * Listens with TLS on address ("127.0.0.1", "::1", "0.0.0.0", "::"; "::" is IPv6 only) and port (0: the system chooses); *bound gets the
 * port. UC_EIO "address-in-use" names it; UC_EINPUT "bad-address" when it is no IP address.
 */
enum uc_status uc_http_listen_tls(struct uc_http *h, const char *address, uint16_t port, uc_http_tls tls, void *ctx, uint16_t *bound,
                                  struct uc_error *e) UC_MUST;
/* The same without TLS. */
enum uc_status uc_http_listen_plain(struct uc_http *h, const char *address, uint16_t port, uint16_t *bound, struct uc_error *e) UC_MUST;
/*
 * Listens on a Unix socket, mode 0660 from its first moment, replacing a stale one. UC_ECONFLICT "daemon-running" when something answers on
 * it, UC_ECONFLICT "not-a-socket" when path is another kind of file, UC_EINPUT "socket-path-too-long". Sets the process's umask for a moment.
 */
enum uc_status uc_http_listen_unix(struct uc_http *h, const char *path, struct uc_error *e) UC_MUST;

#endif
