#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/mem.h"
#include "serve/tftp/impl.h"

/* For a few thousand requests that come at once. */
#define BUFFER (4 * 1024 * 1024)
/* How long a batch may wait for a network that is slower than we are, before the rest counts as lost. */
#define SEND_WAIT_US 20000

/* Where to listen. */
struct place {
	const char *text;
	union uc_tftp_address address;
	socklen_t len;
};

static enum uc_status read_place(const char *text, struct place *out, struct uc_error *e)
{
	const struct addrinfo want = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST};
	struct addrinfo *found = NULL;
	struct in_addr v4;
	memset(out, 0, sizeof *out);
	/* getaddrinfo() knows the scope of a link-local address, and takes any number for an address of IPv4. */
	bool strict = strchr(text, ':') != NULL || inet_pton(AF_INET, text, &v4) == 1;
	if (!strict || getaddrinfo(text, NULL, &want, &found) != 0)
		return uc_fail(e, UC_EINPUT, "bad-address", "Give an IP address, e.g. 127.0.0.1, 0.0.0.0, ::1 or ::.", "'%s' is not an IP address",
		               text);
	out->text = text;
	memcpy(&out->address, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return UC_OK;
}

static bool is_any(const union uc_tftp_address *a)
{
	return a->any.sa_family == AF_INET ? a->v4.sin_addr.s_addr == INADDR_ANY : IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr);
}

/* More than the system allows by itself, where we may (CAP_NET_ADMIN). */
static void set_buffer(int fd, int forced, int usual)
{
	const int size = BUFFER;
	if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) != 0) (void)setsockopt(fd, SOL_SOCKET, usual, &size, sizeof size);
}

static bool set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool set_options(int fd, const union uc_tftp_address *a, bool told)
{
	bool v6 = a->any.sa_family == AF_INET6;
	const struct timeval patience = {.tv_usec = SEND_WAIT_US};
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) return false;
	if (v6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, !is_any(a))) return false;
	/* An IPv4 datagram on a socket of IPv6 brings both: only that of IPv4 tells a broadcast. */
	if (told && !set(fd, IPPROTO_IP, IP_PKTINFO, 1)) return false;
	if (told && v6 && !set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)) return false;
	/* Routers on the way may fragment: a client may have asked for a blksize that is too large for them. */
	return set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static enum uc_status cannot_bind(const char *address, unsigned port, int errnum, struct uc_error *e)
{
	if (errnum == EADDRINUSE)
		return uc_fail(e, UC_EIO, "address-in-use", "Another program listens there (see ss -lunp); stop it or choose another port.",
		               "Cannot serve TFTP on %s port %u: the address is in use", address, port);
	if (errnum == EACCES)
		return uc_fail(e, UC_EIO, "port-not-allowed",
		               "Ports below 1024 need the capability CAP_NET_BIND_SERVICE; give it, or choose another port.",
		               "Cannot serve TFTP on %s port %u: not allowed", address, port);
	if (errnum == EADDRNOTAVAIL)
		return uc_fail(e, UC_EIO, "no-such-address", "See ip address; 0.0.0.0 and :: stand for all addresses of this machine.",
		               "Cannot serve TFTP on %s port %u: this machine does not have the address", address, port);
	return uc_fail_errno(e, errnum, "Cannot serve TFTP on %s port %u", address, port);
}

static void socket_free(struct uc_tftp_socket *s)
{
	if (s == NULL) return;
	if (s->event != NULL) event_free(s->event);
	close(s->fd);
	free(s);
}
UC_DEFINE_CLEANUP(socket_freep, struct uc_tftp_socket, socket_free)

static void outbox_init(struct uc_tftp_socket *s)
{
	s->batch = 1;
	for (unsigned i = 0; i < UC_TFTP_BATCH; i++) {
		s->out[i].msg_hdr.msg_iov = s->parts[i];
		s->parts[i][0].iov_base = s->heads[i];
	}
}

/* told: it is told which address a datagram came to. */
static enum uc_status socket_open(struct uc_tftp *t, const struct place *place, uint16_t port, bool told, struct uc_tftp_socket **out,
                                  struct uc_error *e)
{
	union uc_tftp_address address = place->address;
	if (address.any.sa_family == AF_INET)
		address.v4.sin_port = htons(port);
	else
		address.v6.sin6_port = htons(port);
	int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) return uc_fail_errno(e, errno, "Cannot make a socket for %s", place->text);
	UC_CLEANUP(socket_freep) struct uc_tftp_socket *s = uc_zalloc(1, sizeof *s);
	s->fd = fd;
	s->server = t;
	/* Bound to one address, it gets only what came to that one. */
	s->told = told && is_any(&address);
	outbox_init(s);
	if (!set_options(fd, &address, s->told)) return uc_fail_errno(e, errno, "Cannot prepare a socket for %s", place->text);
	if (bind(fd, &address.any, place->len) != 0) return cannot_bind(place->text, port, errno, e);
	*out = uc_move(s);
	return UC_OK;
}

static enum uc_status read_port(const struct uc_tftp_socket *s, uint16_t *port, struct uc_error *e)
{
	union uc_tftp_address address = {.v6.sin6_port = 0};
	socklen_t len = sizeof address;
	if (getsockname(s->fd, &address.any, &len) != 0) return uc_fail_errno(e, errno, "Cannot tell the port of a socket");
	*port = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
	return UC_OK;
}

enum uc_status uc_tftp_sockets_open(struct uc_tftp *t, const char *address, uint16_t port, struct uc_error *e)
{
	struct place place;
	UC_TRY(read_place(address, &place, e));
	UC_TRY(socket_open(t, &place, port, true, &t->listener, e));
	UC_TRY(read_port(t->listener, &t->port, e));
	for (unsigned i = 0; i < UC_TFTP_SOCKETS; i++) UC_TRY(socket_open(t, &place, 0, false, &t->sockets[i], e));
	t->probe = socket(place.address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return t->probe >= 0 ? UC_OK : uc_fail_errno(e, errno, "Cannot make a socket for %s", address);
}

void uc_tftp_sockets_close(struct uc_tftp *t)
{
	socket_free(t->listener);
	for (unsigned i = 0; i < UC_TFTP_SOCKETS; i++) socket_free(t->sockets[i]);
	if (t->probe >= 0) close(t->probe);
}
