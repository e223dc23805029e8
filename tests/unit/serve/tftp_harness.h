/* For tests of the TFTP server: a server with files in memory, and clients that send and expect packets byte by byte. */
#ifndef UC_TEST_TFTP_HARNESS_H
#define UC_TEST_TFTP_HARNESS_H

#include "uc_test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "core/bytes.h"
#include "serve/tftp/tftp.h"

#define BIG ((size_t)5000)
#define PATIENCE_MS 60000
/* For what must not happen before the test has ended. */
#define NEVER_MS 3600000

#define SEND(c, text) client_send(c, text, sizeof(text) - 1)
#define EXPECT(c, text) client_expect(c, text, sizeof(text) - 1)
#define REQUEST(c, text) client_request(c, text, sizeof(text) - 1)

struct harness {
	struct uc_tftp *tftp;
	uint8_t big[BIG];
	sem_t waiting, go; /* of finds of "wait" */
	atomic_int held;
	atomic_int ends[3];
	pthread_mutex_t lock; /* for what follows: of the last transfer that has ended */
	char name[64], peer[64];
};

struct client {
	int fd;
	bool known;                      /* the port of the transfer */
	struct sockaddr_storage request; /* where requests go */
	struct sockaddr_storage from;    /* of the last datagram */
	socklen_t len;
	uint8_t data[70000];
	size_t got;
};

static void harness_serve(struct uc_tftp_file *out, struct harness *h, const void *bytes, size_t len)
{
	*out = (struct uc_tftp_file){.content = uc_slice_of(bytes, len), .handle = h};
	atomic_fetch_add(&h->held, 1);
}

static enum uc_status harness_find(void *ctx, const char *name, const char *peer, bool may_block, bool *later, struct uc_tftp_file *out,
                                   struct uc_error *e)
{
	(void)peer;
	struct harness *h = ctx;
	static const struct {
		const char *name, *content;
		size_t len;
	} files[] = {{"hello", "hello", 5}, {"empty", "", 0}, {"text", "a\nb\rc", 5}};
	bool waits = strcmp(name, "wait") == 0 || strcmp(name, "wait-missing") == 0;
	if (waits && !may_block) {
		*later = true;
		return UC_OK;
	}
	if (waits) {
		sem_post(&h->waiting);
		sem_wait(&h->go);
	}
	if (strcmp(name, "refused") == 0) return uc_fail(e, UC_EREFUSED, "refused", NULL, "this file is not for you");
	if (strcmp(name, "broken") == 0) return uc_fail(e, UC_EIO, "io-error", NULL, "the disk\nis \x1b[31mbroken");
	if (strcmp(name, "big") == 0 || strcmp(name, "wait") == 0) harness_serve(out, h, h->big, BIG);
	if (strcmp(name, "block") == 0) harness_serve(out, h, h->big, 512);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (strcmp(name, files[i].name) == 0) harness_serve(out, h, files[i].content, files[i].len);
	return out->handle != NULL ? UC_OK : uc_fail(e, UC_ENOTFOUND, "no-file", NULL, "there is no file '%s'", name);
}

static void harness_release(void *ctx, struct uc_tftp_file *file)
{
	struct harness *h = ctx;
	assert_ptr_equal(file->handle, h);
	file->handle = NULL;
	atomic_fetch_sub(&h->held, 1);
}

static void harness_ended(void *ctx, const char *name, const char *peer, const struct uc_tftp_file *file, enum uc_tftp_end how)
{
	struct harness *h = ctx;
	assert_ptr_equal(file->handle, h);
	pthread_mutex_lock(&h->lock);
	snprintf(h->name, sizeof h->name, "%s", name);
	snprintf(h->peer, sizeof h->peer, "%s", peer);
	pthread_mutex_unlock(&h->lock);
	atomic_fetch_add(&h->ends[how], 1);
}

/* Of the transfer that has ended last. */
__attribute__((unused)) static void assert_last(struct harness *h, const char *name, const char *peer)
{
	pthread_mutex_lock(&h->lock);
	assert_string_equal(h->name, name);
	assert_string_equal(h->peer, peer);
	pthread_mutex_unlock(&h->lock);
}

/* config->address NULL: 127.0.0.1; timeout_ms 0: never. */
__attribute__((unused)) static struct harness *harness_new(const struct uc_tftp_config *config)
{
	struct harness *h = uc_zalloc(1, sizeof *h);
	struct uc_tftp_config c = *config;
	struct uc_error e;
	for (size_t i = 0; i < BIG; i++) h->big[i] = (uint8_t)(i * 7 + i / 512);
	assert_int_equal(pthread_mutex_init(&h->lock, NULL), 0);
	assert_int_equal(sem_init(&h->waiting, 0, 0), 0);
	assert_int_equal(sem_init(&h->go, 0, 0), 0);
	if (c.address == NULL) c.address = "127.0.0.1";
	if (c.timeout_ms == 0) c.timeout_ms = NEVER_MS;
	const struct uc_tftp_source source = {.ctx = h, .find = harness_find, .release = harness_release, .ended = harness_ended};
	assert_ok(uc_tftp_start(&c, &source, &h->tftp, &e), e);
	return h;
}

/* Everything that was given out must have come back. */
__attribute__((unused)) static void harness_free(struct harness *h)
{
	uc_tftp_stop(h->tftp);
	assert_int_equal(h->held, 0);
	pthread_mutex_destroy(&h->lock);
	sem_destroy(&h->waiting);
	sem_destroy(&h->go);
	free(h);
}

__attribute__((unused)) static struct uc_tftp_stats harness_stats(const struct harness *h)
{
	struct uc_tftp_stats s;
	uc_tftp_stats(h->tftp, &s);
	return s;
}

/* Waits until a counter of struct uc_tftp_stats has this value. */
#define WAIT_FOR(h, member, value)                                                                                 \
	do {                                                                                                           \
		for (int wait_ms_ = 0; harness_stats(h).member != (value); wait_ms_ += 5) {                                \
			if (wait_ms_ > PATIENCE_MS) fail_msg(#member " is %llu", (unsigned long long)harness_stats(h).member); \
			usleep(5000);                                                                                          \
		}                                                                                                          \
	} while (0)

static socklen_t address_of(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	memset(out, 0, sizeof *out);
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof v4);
		return sizeof v4;
	}
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	memcpy(out, &v6, sizeof v6);
	return sizeof v6;
}

static uint16_t port_of(const struct sockaddr_storage *a)
{
	struct sockaddr_in v4;
	memcpy(&v4, a, sizeof v4);
	return ntohs(v4.sin_port); /* in the same place in both families */
}

/* A client with the address own that asks the server at the address server. */
__attribute__((unused)) static struct client *client_new(const struct harness *h, const char *own, const char *server)
{
	struct client *c = uc_zalloc(1, sizeof *c);
	struct sockaddr_storage bound;
	socklen_t len = address_of(own, 0, &bound);
	c->fd = socket(bound.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(c->fd >= 0);
	assert_int_equal(bind(c->fd, (const struct sockaddr *)&bound, len), 0);
	c->len = address_of(server, uc_tftp_port(h->tftp), &c->request);
	c->from = c->request;
	return c;
}

__attribute__((unused)) static void client_free(struct client *c)
{
	close(c->fd);
	free(c);
}

/* To where the last datagram came from. */
__attribute__((unused)) static void client_send(struct client *c, const char *bytes, size_t len)
{
	assert_int_equal(sendto(c->fd, bytes, len, 0, (const struct sockaddr *)&c->from, c->len), (ssize_t)len);
}

__attribute__((unused)) static void client_request(struct client *c, const char *bytes, size_t len)
{
	c->from = c->request;
	client_send(c, bytes, len);
}

__attribute__((unused)) static void client_read(struct client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	if (poll(&p, 1, PATIENCE_MS) != 1) fail_msg("no datagram came");
	socklen_t len = sizeof c->from;
	ssize_t got = recvfrom(c->fd, c->data, sizeof c->data, 0, (struct sockaddr *)&c->from, &len);
	assert_true(got >= 0);
	c->got = (size_t)got;
}

__attribute__((unused)) static void client_expect(struct client *c, const char *bytes, size_t len)
{
	client_read(c);
	if (c->got != len || memcmp(c->data, bytes, len) != 0)
		fail_msg("got %zu bytes, opcode %u, number %u, instead of %zu bytes, opcode %d, number %d", c->got, c->data[1],
		         (unsigned)(c->data[2] << 8 | c->data[3]), len, bytes[1], bytes[3]);
}

/* DATA with a part of big. */
__attribute__((unused)) static void expect_big(struct client *c, const struct harness *h, unsigned block, size_t blksize)
{
	size_t at = (size_t)(block - 1) * blksize;
	size_t len = BIG - at < blksize ? BIG - at : blksize;
	client_read(c);
	assert_int_equal(c->data[1], 3);
	assert_int_equal(c->data[2] << 8 | c->data[3], block);
	assert_int_equal(c->got, len + 4);
	assert_memory_equal(c->data + 4, h->big + at, len);
}

__attribute__((unused)) static void send_ack(struct client *c, unsigned block)
{
	const char packet[] = {0, 4, (char)(block >> 8), (char)block};
	client_send(c, packet, sizeof packet);
}

/* Nothing has come that was not read. */
__attribute__((unused)) static void expect_silence(const struct client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0);
}

/* The server has read all that was sent to the port of the transfer and to the port for requests: it answers something newer. */
__attribute__((unused)) static void expect_nothing_before(struct client *c)
{
	struct sockaddr_storage from = c->from;
	REQUEST(c, "\0\x63");
	EXPECT(c, "\0\5\0\4illegal TFTP operation\0");
	c->from = from;
}

#endif
