#include "tftp_load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"

#define BATCH 128
#define BLOCK_MAX 1468
#define PACKET (BLOCK_MAX + 4)
#define RAMP 16                 /* phones that begin with each batch of answers, until all are under way */
#define FIRST_PHONE 0x7f010001u /* 127.1.0.1 */
#define SILENCE_NS 1000000000   /* after which a phone sends again */
#define TRIES 10
#define LOOK_NS 100000000

enum op { RRQ = 1, DATA = 3, ACK, ERROR, OACK };

struct control {
	_Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* A packet that stays where it is until the batch is sent. */
struct parcel {
	struct sockaddr_in to;
	struct iovec part;
	uint8_t bytes[128];
	size_t len;
};

struct phone {
	bool active, known; /* known: the port of the transfer */
	unsigned file;      /* which it fetches */
	uint16_t block;     /* the one it waits for */
	size_t got;
	size_t blksize;
	int64_t begun, sent;
	unsigned tries;
	struct control source;
	struct parcel request, ack; /* ack.to has the port of the transfer once that is known */
	struct parcel *last;        /* sent */
};

struct play {
	const struct uc_load *load;
	struct uc_load_result *result;
	int fd;
	int64_t now;
	struct phone *phones;
	unsigned begun, done;
	unsigned waiting;
	struct mmsghdr out[BATCH];
	struct mmsghdr in[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_in from[BATCH];
	struct control to[BATCH];
	uint8_t (*data)[PACKET];
};

/* ---- sending ---- */

static void flush(struct play *p)
{
	unsigned done = 0;
	while (done < p->waiting) {
		int n = sendmmsg(p->fd, p->out + done, p->waiting - done, 0);
		if (n < 0 && errno != EINTR) uc_bench_die("the phones cannot send: %s", strerror(errno));
		if (n > 0) done += (unsigned)n;
	}
	p->waiting = 0;
}

static void put(struct play *p, struct phone *ph, struct parcel *what)
{
	if (p->waiting == BATCH) flush(p);
	ph->sent = p->now;
	ph->last = what;
	what->part = (struct iovec){.iov_base = what->bytes, .iov_len = what->len};
	p->out[p->waiting++].msg_hdr = (struct msghdr){.msg_name = &what->to,
	                                               .msg_namelen = sizeof what->to,
	                                               .msg_iov = &what->part,
	                                               .msg_iovlen = 1,
	                                               .msg_control = &ph->source,
	                                               .msg_controllen = sizeof ph->source};
}

static void add_text(struct parcel *what, const char *text)
{
	size_t len = strlen(text) + 1;
	if (what->len + len > sizeof what->bytes) uc_bench_die("a request is too long");
	memcpy(what->bytes + what->len, text, len);
	what->len += len;
}

/* Asks for the phone's next file. */
static void ask(struct play *p, struct phone *ph)
{
	const struct uc_load *l = p->load;
	char name[64];
	char options[64];
	snprintf(options, sizeof options, "%s", l->options);
	const char *pattern = l->files[ph->file].name;
	const char *number = strchr(pattern, '*');
	if (number != NULL)
		snprintf(name, sizeof name, "%.*s%012u%s", (int)(number - pattern), pattern, (unsigned)(ph - p->phones), number + 1);
	else
		snprintf(name, sizeof name, "%s", pattern);
	ph->request.bytes[1] = RRQ;
	ph->request.len = 2;
	add_text(&ph->request, name);
	add_text(&ph->request, "octet");
	char *rest = options;
	for (char *word = strtok_r(rest, "=,", &rest); word != NULL; word = strtok_r(NULL, "=,", &rest)) add_text(&ph->request, word);
	ph->block = 1;
	ph->got = 0;
	ph->blksize = 512;
	ph->tries = 0;
	ph->begun = p->now;
	ph->known = false;
	put(p, ph, &ph->request);
}

static void acknowledge(struct play *p, struct phone *ph, uint16_t block)
{
	const uint8_t packet[4] = {0, ACK, (uint8_t)(block >> 8), (uint8_t)block};
	memcpy(ph->ack.bytes, packet, sizeof packet);
	ph->ack.len = sizeof packet;
	ph->tries = 0;
	put(p, ph, &ph->ack);
}

/* ---- phones ---- */

static void set_source(struct phone *ph, uint32_t address)
{
	struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(address)};
	struct msghdr m = {.msg_control = &ph->source, .msg_controllen = sizeof ph->source};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
}

static void begin_phone(struct play *p)
{
	unsigned i = p->begun++;
	struct phone *ph = &p->phones[i];
	ph->active = true;
	ph->request.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(p->load->port)};
	if (inet_pton(AF_INET, p->load->address, &ph->request.to.sin_addr) != 1) uc_bench_die("%s is no address", p->load->address);
	ph->ack.to = ph->request.to;
	set_source(ph, FIRST_PHONE + i);
	ask(p, ph);
}

/* The whole file has come. */
static void end_file(struct play *p, struct phone *ph)
{
	uc_samples_add(&p->result->latency, (double)(uc_monotonic_ns() - ph->begun) / 1e9);
	p->result->files++;
	ph->file++;
	if (ph->file < p->load->count) {
		ask(p, ph);
		return;
	}
	ph->active = false;
	p->done++;
}

static void on_data(struct play *p, struct phone *ph, const uint8_t *data, size_t len, uint16_t block)
{
	const struct uc_load_file *f = &p->load->files[ph->file];
	struct uc_buf *want = &f->contents[f->each ? ph - p->phones : 0];
	if (block != ph->block) return;
	if (p->load->learn && want->len == ph->got) uc_buf_add(want, data, len);
	if (len > want->len - ph->got || memcmp(want->ptr + ph->got, data, len) != 0)
		uc_bench_die("%s: wrong bytes in block %u", f->name, block);
	ph->got += len;
	ph->block++;
	acknowledge(p, ph, block);
	if (len == ph->blksize) return;
	if (ph->got != want->len) uc_bench_die("%s: %zu bytes instead of %zu", f->name, ph->got, want->len);
	end_file(p, ph);
}

static size_t granted_blksize(const uint8_t *data, size_t len)
{
	const uint8_t *at = memmem(data, len, "blksize", 8);
	return at != NULL ? (size_t)strtoul((const char *)at + 8, NULL, 10) : 512;
}

static void on_packet(struct play *p, unsigned i)
{
	struct in_pktinfo info;
	const struct cmsghdr *c = CMSG_FIRSTHDR(&p->in[i].msg_hdr);
	if (c == NULL) return;
	memcpy(&info, CMSG_DATA(c), sizeof info);
	uint32_t number = ntohl(info.ipi_addr.s_addr) - FIRST_PHONE;
	const uint8_t *data = p->data[i];
	size_t len = p->in[i].msg_len;
	if (number >= p->begun || len < 4) return;
	struct phone *ph = &p->phones[number];
	if (!ph->active) return;
	if (ph->known && ph->ack.to.sin_port != p->from[i].sin_port) return;
	if (data[1] == ERROR) uc_bench_die("a phone gets an error: %.*s", (int)(len - 4), (const char *)data + 4);
	uint16_t block = (uint16_t)(data[2] << 8 | data[3]);
	/* A block of the transfer before, sent again: its last acknowledgement crossed it. */
	if (!ph->known && data[1] == DATA && block != 1) return;
	ph->known = true;
	ph->ack.to.sin_port = p->from[i].sin_port;
	if (data[1] == DATA) on_data(p, ph, data + 4, len - 4, block);
	if (data[1] != OACK || ph->block != 1) return;
	ph->blksize = granted_blksize(data, len);
	acknowledge(p, ph, 0);
}

/* Phones that have waited for too long send again. */
static void look(struct play *p)
{
	for (unsigned i = 0; i < p->begun; i++) {
		struct phone *ph = &p->phones[i];
		if (!ph->active || p->now - ph->sent < SILENCE_NS) continue;
		if (++ph->tries > TRIES) uc_bench_die("phone %u gets no answer", i);
		p->result->resent++;
		put(p, ph, ph->last);
	}
	flush(p);
}

/* ---- the loop ---- */

/* Lets some more phones begin, as far as so many may be under way, and sends what waits. */
static void begin_some(struct play *p, unsigned most)
{
	for (unsigned i = 0; i < most && p->begun < p->load->phones && p->begun - p->done < p->load->at_once; i++) begin_phone(p);
	flush(p);
}

static void open_socket(struct play *p)
{
	const int on = 1;
	const int size = 8 * 1024 * 1024;
	const struct timeval patience = {.tv_usec = LOOK_NS / 1000};
	const struct sockaddr_in any = {.sin_family = AF_INET};
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || setsockopt(p->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0 ||
	    setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
	    bind(p->fd, (const struct sockaddr *)&any, sizeof any) != 0)
		uc_bench_die("the phones have no socket: %s", strerror(errno));
	if (setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		(void)setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static int receive(struct play *p)
{
	for (unsigned i = 0; i < BATCH; i++) {
		p->parts[i] = (struct iovec){.iov_base = p->data[i], .iov_len = sizeof p->data[i]};
		p->in[i].msg_hdr = (struct msghdr){.msg_name = &p->from[i],
		                                   .msg_namelen = sizeof p->from[i],
		                                   .msg_iov = &p->parts[i],
		                                   .msg_iovlen = 1,
		                                   .msg_control = &p->to[i],
		                                   .msg_controllen = sizeof p->to[i]};
	}
	int n = recvmmsg(p->fd, p->in, BATCH, MSG_WAITFORONE, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) uc_bench_die("the phones cannot receive: %s", strerror(errno));
	return n;
}

void uc_load_play(const struct uc_load *load, struct uc_load_result *result)
{
	struct play *p = uc_zalloc(1, sizeof *p);
	*result = (struct uc_load_result){.files = 0};
	p->load = load;
	p->result = result;
	p->phones = uc_zalloc(load->phones, sizeof *p->phones);
	p->data = uc_alloc(BATCH * sizeof *p->data);
	open_socket(p);
	int64_t start = p->now = uc_monotonic_ns();
	int64_t looked = start;
	begin_some(p, RAMP);
	while (p->done < load->phones) {
		int n = receive(p);
		p->now = uc_monotonic_ns();
		for (int i = 0; i < n; i++) on_packet(p, (unsigned)i);
		begin_some(p, RAMP);
		if (p->now - looked < LOOK_NS) continue;
		looked = p->now;
		look(p);
	}
	result->seconds = (double)(uc_monotonic_ns() - start) / 1e9;
	close(p->fd);
	free(p->data);
	free(p->phones);
	free(p);
}
