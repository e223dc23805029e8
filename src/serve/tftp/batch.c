#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "serve/tftp/impl.h"

#define HEADERS_V4 (20 + 8 + 4)
#define HEADERS_V6 (40 + 8 + 4)
/* Ethernet, with room for a tunnel. */
#define USUAL_BLOCK 1428

/* ---- received ---- */

struct uc_tftp_inbox *uc_tftp_inbox_new(void)
{
	struct uc_tftp_inbox *in = uc_zalloc(1, sizeof *in);
	for (unsigned i = 0; i < UC_TFTP_BATCH; i++) {
		in->parts[i] = (struct iovec){.iov_base = in->data[i], .iov_len = sizeof in->data[i]};
		in->messages[i].msg_hdr = (struct msghdr){.msg_name = &in->from[i], .msg_iov = &in->parts[i], .msg_iovlen = 1};
	}
	return in;
}

unsigned uc_tftp_receive(const struct uc_tftp_socket *s, struct uc_tftp_inbox *in)
{
	for (unsigned i = 0; i < UC_TFTP_BATCH; i++) {
		struct msghdr *m = &in->messages[i].msg_hdr;
		m->msg_namelen = sizeof in->from[i];
		m->msg_control = s->told ? &in->control[i] : NULL;
		m->msg_controllen = s->told ? sizeof in->control[i] : 0;
	}
	int n = recvmmsg(s->fd, in->messages, UC_TFTP_BATCH, MSG_DONTWAIT, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) uc_log(UC_LOG_WARN, "TFTP: cannot receive: %s", strerror(errno));
	return n > 0 ? (unsigned)n : 0;
}

bool uc_tftp_inbox_datagram(const struct uc_tftp_inbox *in, unsigned i, struct uc_slice *out)
{
	*out = uc_slice_of(in->data[i], in->messages[i].msg_len);
	return (in->messages[i].msg_hdr.msg_flags & MSG_TRUNC) == 0;
}

static void set_source(struct uc_tftp_path *path, int level, int type, const void *data, size_t len)
{
	struct msghdr m = {.msg_control = path->source.bytes, .msg_controllen = sizeof path->source};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	path->source_len = CMSG_SPACE(len);
}

/* False for a broadcast or multicast: then the local address is another than that to which the datagram was sent. */
static bool source_v4(struct uc_tftp_path *path, const struct cmsghdr *c)
{
	struct in_pktinfo info;
	memcpy(&info, CMSG_DATA(c), sizeof info);
	if (info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr) return false;
	/* The way back is the routing table's to choose. */
	info.ipi_ifindex = 0;
	set_source(path, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	return true;
}

static bool source_v6(struct uc_tftp_path *path, const struct cmsghdr *c)
{
	struct in6_pktinfo info;
	memcpy(&info, CMSG_DATA(c), sizeof info);
	if (IN6_IS_ADDR_MULTICAST(&info.ipi6_addr)) return false;
	if (IN6_IS_ADDR_V4MAPPED(&info.ipi6_addr)) return true;
	if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) info.ipi6_ifindex = 0;
	set_source(path, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	return true;
}

bool uc_tftp_inbox_path(const struct uc_tftp_inbox *in, unsigned i, struct uc_tftp_path *out)
{
	/* CMSG_NXTHDR wants one that is not const. */
	struct msghdr m = in->messages[i].msg_hdr;
	memset(out, 0, sizeof *out);
	out->peer = in->from[i];
	out->peer_len = m.msg_namelen;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO && !source_v4(out, c)) return false;
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO && !source_v6(out, c)) return false;
	}
	return true;
}

/* ---- sent ---- */

void uc_tftp_put(struct uc_tftp_transfer *x, struct uc_slice head, struct uc_slice content)
{
	struct uc_tftp_socket *s = x->socket;
	if (s->count == UC_TFTP_BATCH) uc_tftp_flush(s);
	unsigned i = s->count++;
	struct msghdr *m = &s->out[i].msg_hdr;
	m->msg_name = &x->path.peer;
	m->msg_namelen = x->path.peer_len;
	m->msg_control = x->path.source_len > 0 ? &x->path.source : NULL;
	m->msg_controllen = x->path.source_len;
	/* The head of DATA is copied; an OACK stands in the transfer. */
	bool small = head.len <= sizeof s->heads[i];
	if (small) memcpy(s->heads[i], head.ptr, head.len);
	s->parts[i][0] = (struct iovec){.iov_base = small ? s->heads[i] : (void *)(uintptr_t)head.ptr, .iov_len = head.len};
	s->parts[i][1] = (struct iovec){.iov_base = (void *)(uintptr_t)content.ptr, .iov_len = content.len};
	m->msg_iovlen = content.len > 0 ? 2 : 1;
	x->batch = s->batch;
	if (x->server->trace) uc_tftp_trace(&x->path.peer, "to", head, content.len);
}

void uc_tftp_flush(struct uc_tftp_socket *s)
{
	unsigned done = 0;
	while (done < s->count) {
		int n = sendmmsg(s->fd, s->out + done, s->count - done, 0);
		/* The network takes no more: what is left counts as lost. Any other error is that of one datagram, which counts as lost. */
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) break;
		if (n < 0 && errno == EINTR) continue;
		done += n > 0 ? (unsigned)n : 1;
	}
	s->count = 0;
	s->batch++;
}

void uc_tftp_flush_all(struct uc_tftp *t)
{
	for (unsigned i = 0; i < UC_TFTP_SOCKETS; i++)
		if (t->sockets[i]->count > 0) uc_tftp_flush(t->sockets[i]);
}

void uc_tftp_send_error(struct uc_tftp *t, const struct uc_tftp_socket *s, const struct uc_tftp_path *to, enum uc_tftp_code code,
                        const char *text)
{
	uint8_t packet[UC_TFTP_ERROR_MAX];
	size_t len = uc_tftp_error_write(packet, code, text);
	/* sendmsg() only reads what the path says. */
	struct uc_tftp_path path = *to;
	struct iovec part = {.iov_base = packet, .iov_len = len};
	struct msghdr m = {.msg_name = &path.peer, .msg_namelen = path.peer_len, .msg_iov = &part, .msg_iovlen = 1};
	if (path.source_len > 0) {
		m.msg_control = &path.source;
		m.msg_controllen = path.source_len;
	}
	if (s == NULL) s = t->sockets[t->turn++ % UC_TFTP_SOCKETS];
	/* Lost like any datagram when it cannot be sent: the client asks again. */
	(void)sendmsg(s->fd, &m, MSG_DONTWAIT);
	if (t->trace) uc_tftp_trace(&path.peer, "to", uc_slice_of(packet, len), 0);
}

uint32_t uc_tftp_path_block(const struct uc_tftp *t, const struct uc_tftp_path *path)
{
	static const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};
	bool v6 = path->peer.any.sa_family == AF_INET6;
	int mtu = 0;
	socklen_t len = sizeof mtu;
	bool known = connect(t->probe, &path->peer.any, path->peer_len) == 0 &&
	             getsockopt(t->probe, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &len) == 0;
	/* A socket that was connected over IPv4 cannot be to IPv6 before it has forgotten its own address. */
	(void)connect(t->probe, &nowhere, sizeof nowhere);
	if (!known) return USUAL_BLOCK;
	int block = mtu - (v6 && !IN6_IS_ADDR_V4MAPPED(&path->peer.v6.sin6_addr) ? HEADERS_V6 : HEADERS_V4);
	if (block < UC_TFTP_BLOCK) return UC_TFTP_BLOCK;
	return block > UC_TFTP_BLOCK_MAX ? UC_TFTP_BLOCK_MAX : (uint32_t)block;
}

/* ---- for people ---- */

char *uc_tftp_peer_text(const union uc_tftp_address *address, char *buf)
{
	char scope[IF_NAMESIZE];
	const struct in6_addr *v6 = &address->v6.sin6_addr;
	buf[0] = '\0';
	if (address->any.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &address->v4.sin_addr, buf, UC_TFTP_PEER);
	} else if (IN6_IS_ADDR_V4MAPPED(v6)) {
		(void)inet_ntop(AF_INET, v6->s6_addr + 12, buf, UC_TFTP_PEER);
	} else {
		(void)inet_ntop(AF_INET6, v6, buf, INET6_ADDRSTRLEN);
		if (IN6_IS_ADDR_LINKLOCAL(v6) && if_indextoname(address->v6.sin6_scope_id, scope) != NULL)
			snprintf(buf + strlen(buf), UC_TFTP_PEER - strlen(buf), "%%%s", scope);
	}
	return buf;
}

void uc_tftp_trace(const union uc_tftp_address *peer, const char *direction, struct uc_slice packet, size_t more)
{
	char who[UC_TFTP_PEER];
	char what[UC_TFTP_TEXT];
	unsigned port = ntohs(peer->any.sa_family == AF_INET ? peer->v4.sin_port : peer->v6.sin6_port);
	uc_log(UC_LOG_DEBUG, "TFTP %s %s port %u: %s", direction, uc_tftp_peer_text(peer, who), port, uc_tftp_packet_text(packet, more, what));
}
