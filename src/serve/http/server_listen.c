#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "serve/http/server_impl.h"

#define BACKLOG 128

void uc_http_listener_enter(struct uc_http_listener *l)
{
	if (++l->open >= UC_HTTP_MAX_CONNECTIONS) evconnlistener_disable(l->accept);
}

void uc_http_listener_leave(struct uc_http_listener *l)
{
	if (l->open-- == UC_HTTP_MAX_CONNECTIONS) evconnlistener_enable(l->accept);
}

/*
 * Descriptors have run out. Without a pause the loop would try again at once, for ever, since the connection stays in the kernel's queue.
 * evhttp is the argument of its listeners' callbacks, so nothing here can tell which listener of ours this is.
 */
static void on_accept_error(struct evconnlistener *accept, void *evhttp)
{
	(void)evhttp;
	uc_log(UC_LOG_WARN, "cannot accept a connection: %s", strerror(errno));
	evconnlistener_disable(accept);
}

void uc_http_listeners_resume(struct uc_http *h)
{
	struct uc_http_listener *l;
	SLIST_FOREACH(l, &h->listeners, next)
	{
		if (l->open < UC_HTTP_MAX_CONNECTIONS) evconnlistener_enable(l->accept);
	}
}

/* Takes a socket that listens. */
static struct uc_http_listener *add_listener(struct uc_http *h, int fd, uc_http_tls tls, void *ctx)
{
	struct uc_http_listener *l = uc_zalloc(1, sizeof *l);
	l->http = h;
	l->tls = tls;
	l->tls_ctx = ctx;
	l->evhttp = evhttp_new(h->base);
	evhttp_set_bevcb(l->evhttp, uc_http_conn_new, l);
	evhttp_set_gencb(l->evhttp, uc_http_on_request, l);
	evhttp_set_max_body_size(l->evhttp, (ev_ssize_t)h->max_body);
	evhttp_set_max_headers_size(l->evhttp, (ev_ssize_t)UC_HTTP_MAX_HEADER);
	evhttp_set_timeout(l->evhttp, (int)h->silence);
	/* All, also those it does not know: the answer to the others is ours to make. */
	evhttp_set_allowed_methods(l->evhttp, UINT16_MAX);
	l->accept = evconnlistener_new(h->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE, 0, fd);
	evconnlistener_set_error_cb(l->accept, on_accept_error);
	evhttp_bind_listener(l->evhttp, l->accept);
	SLIST_INSERT_HEAD(&h->listeners, l, next);
	return l;
}

/* Only our own file: another process may have put its socket in this place since. */
static void remove_socket(const struct uc_http_listener *l)
{
	struct stat now;
	if (l->path != NULL && lstat(l->path, &now) == 0 && now.st_dev == l->made.st_dev && now.st_ino == l->made.st_ino) unlink(l->path);
}

void uc_http_listener_free(struct uc_http_listener *l)
{
	remove_socket(l);
	evhttp_free(l->evhttp);
	free(l->path);
	free(l);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t read_address(const char *text, uint16_t port, union address *out)
{
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		return sizeof out->v4;
	}
	if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(port);
		return sizeof out->v6;
	}
	return 0;
}

static bool set_options(int fd, int family)
{
	const int on = 1;
	/* Accepted sockets inherit TCP_NODELAY; without it an answer waits 40 ms for the peer's delayed acknowledgement. */
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
	       (family != AF_INET6 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0);
}

static enum uc_status bind_tcp(int fd, const char *text, uint16_t port, uint16_t *bound, struct uc_error *e)
{
	union address address;
	socklen_t len = read_address(text, port, &address);
	if (!set_options(fd, address.any.sa_family)) return uc_fail_errno(e, errno, "Cannot prepare a socket for %s", text);
	if (bind(fd, &address.any, len) != 0 || listen(fd, BACKLOG) != 0) {
		if (errno == EADDRINUSE)
			return uc_fail(e, UC_EIO, "address-in-use", "Another program listens there (see ss -ltnp); stop it or choose another port.",
			               "Cannot listen on %s port %u: the address is in use", text, port);
		return uc_fail_errno(e, errno, "Cannot listen on %s port %u", text, port);
	}
	if (getsockname(fd, &address.any, &len) != 0) return uc_fail_errno(e, errno, "Cannot tell the port of the socket on %s", text);
	*bound = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
	return UC_OK;
}

/* tls: NULL without TLS. */
static enum uc_status listen_tcp(struct uc_http *h, const char *address, uint16_t port, uc_http_tls tls, void *ctx, uint16_t *bound,
                                 struct uc_error *e)
{
	union address parsed;
	if (read_address(address, port, &parsed) == 0)
		return uc_fail(e, UC_EINPUT, "bad-address", "Give an IP address, e.g. 127.0.0.1, 0.0.0.0, ::1 or ::.", "'%s' is not an IP address",
		               address);
	int fd = socket(parsed.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) return uc_fail_errno(e, errno, "Cannot make a socket for %s", address);
	enum uc_status status = bind_tcp(fd, address, port, bound, e);
	if (status != UC_OK) {
		close(fd);
		return status;
	}
	add_listener(h, fd, tls, ctx);
	return UC_OK;
}

enum uc_status uc_http_listen_tls(struct uc_http *h, const char *address, uint16_t port, uc_http_tls tls, void *ctx, uint16_t *bound,
                                  struct uc_error *e)
{
	return listen_tcp(h, address, port, tls, ctx, bound, e);
}

enum uc_status uc_http_listen_plain(struct uc_http *h, const char *address, uint16_t port, uint16_t *bound, struct uc_error *e)
{
	return listen_tcp(h, address, port, NULL, NULL, bound, e);
}

/* Makes room at the path: nothing there, or a socket that nobody listens on any more. */
static enum uc_status clear_path(const struct sockaddr_un *address, struct uc_error *e)
{
	const char *path = address->sun_path;
	struct stat st;
	if (lstat(path, &st) != 0) return errno == ENOENT ? UC_OK : uc_fail_errno(e, errno, "Cannot look at the socket %s", path);
	/* connect() refuses other files as it refuses a stale socket. */
	if (!S_ISSOCK(st.st_mode))
		return uc_fail(e, UC_ECONFLICT, "not-a-socket", "Remove the file or choose another path for the socket.",
		               "%s exists and is not a socket", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) return uc_fail_errno(e, errno, "Cannot make a socket");
	int errnum = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ? 0 : errno;
	close(fd);
	if (errnum == 0 || errnum == EAGAIN)
		return uc_fail(e, UC_ECONFLICT, "daemon-running", "Stop the other daemon or choose another socket.",
		               "A daemon listens on %s already", path);
	if (errnum != ECONNREFUSED) return uc_fail_errno(e, errnum, "Cannot tell whether a daemon listens on %s", path);
	if (unlink(path) != 0 && errno != ENOENT) return uc_fail_errno(e, errno, "Cannot remove the stale socket %s", path);
	return UC_OK;
}

static enum uc_status bind_unix(int fd, const struct sockaddr_un *address, struct uc_error *e)
{
	/* The mode of a socket is set by bind() alone: a chmod() later would leave it open to all for a moment. */
	mode_t before = umask(0117);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof *address);
	int errnum = errno;
	umask(before);
	if (rc == 0 && listen(fd, BACKLOG) == 0) return UC_OK;
	if (rc == 0) errnum = errno;
	return uc_fail_errno(e, errnum, "Cannot listen on the socket %s", address->sun_path);
}

enum uc_status uc_http_listen_unix(struct uc_http *h, const char *path, struct uc_error *e)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (path[0] == '\0' || strlen(path) >= sizeof address.sun_path)
		return uc_fail(e, UC_EINPUT, "socket-path-too-long", "Choose a shorter path for the socket, e.g. below /run.",
		               "The path '%s' of a Unix socket must have 1 to %zu bytes", path, sizeof address.sun_path - 1);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	UC_TRY(clear_path(&address, e));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) return uc_fail_errno(e, errno, "Cannot make a socket");
	enum uc_status status = bind_unix(fd, &address, e);
	if (status != UC_OK) {
		close(fd);
		return status;
	}
	struct uc_http_listener *l = add_listener(h, fd, NULL, NULL);
	l->path = uc_strdup(path);
	if (lstat(path, &l->made) != 0) memset(&l->made, 0, sizeof l->made);
	return UC_OK;
}
