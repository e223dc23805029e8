#include "node/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"

UC_DEFINE_CLEANUP(free_ctx, SSL_CTX, SSL_CTX_free)
UC_DEFINE_CLEANUP(free_ssl, SSL, SSL_free)
UC_DEFINE_CLEANUP(free_addresses, struct addrinfo, freeaddrinfo)

static void close_fd(int *fd)
{
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

/* As uc_move() for a descriptor. */
static int give_fd(int *fd)
{
	int given = *fd;
	*fd = -1;
	return given;
}

void uc_probe_free(struct uc_probe *p)
{
	uc_certs_free(&p->chain);
	*p = (struct uc_probe){.address = ""};
}

enum uc_status uc_peer_split(const char *peer, char *host, char port[8], struct uc_error *e)
{
	const char *colon = strrchr(peer, ':');
	unsigned long long number;
	bool v6 = peer[0] == '[' && colon != NULL && colon > peer + 1 && colon[-1] == ']';
	const char *start = v6 ? peer + 1 : peer;
	size_t len = colon == NULL ? 0 : (size_t)(colon - start) - (v6 ? 1 : 0);
	bool ok =
	    colon != NULL && len > 0 && len < 256 && uc_parse_u64(colon + 1, 1, 65535, &number) && (v6 || memchr(start, ':', len) == NULL);
	if (!ok)
		return uc_fail_field(e, UC_EINPUT, "bad-peer", "peer", "Write it as host.example.com:443 or [2001:db8::1]:443.",
		                     "'%s' is not HOST:PORT", peer);
	memcpy(host, start, len);
	host[len] = '\0';
	snprintf(port, 8, "%llu", number);
	return UC_OK;
}

/* Waits for the socket; false when the deadline has passed. */
static bool wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		int64_t left = (deadline - uc_monotonic_ns()) / 1000000;
		if (left <= 0) return false;
		struct pollfd p = {.fd = fd, .events = events};
		int n = poll(&p, 1, (int)left);
		if (n > 0) return true;
		if (n < 0 && errno != EINTR) return false;
	}
}

static enum uc_status timed_out(struct uc_error *e, const char *host, const char *port, const char *doing)
{
	return uc_fail(e, UC_EUNREACHABLE, "peer-timeout", "Check that the host is up and no firewall is between.",
	               "%s:%s did not answer in time while %s", host, port, doing);
}

static enum uc_status connect_one(const struct addrinfo *a, int64_t deadline, int *out, int *why)
{
	UC_CLEANUP(close_fd) int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	*why = 0;
	if (fd < 0 || (connect(fd, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS)) {
		*why = errno;
		return UC_EUNREACHABLE;
	}
	if (!wait_for(fd, POLLOUT, deadline)) {
		*why = ETIMEDOUT;
		return UC_EUNREACHABLE;
	}
	socklen_t len = sizeof *why;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, why, &len) != 0) *why = errno;
	if (*why != 0) return UC_EUNREACHABLE;
	*out = give_fd(&fd);
	return UC_OK;
}

static enum uc_status connect_to(const char *host, const char *port, int64_t deadline, int *out, char address[64], struct uc_error *e)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	UC_CLEANUP(free_addresses) struct addrinfo *list = NULL;
	int rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return uc_fail(e, UC_EUNREACHABLE, "peer-unknown", "Check the name, or give an address.", "the host %s cannot be resolved: %s",
		               host, gai_strerror(rc));
	int why = 0;
	for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		getnameinfo(a->ai_addr, a->ai_addrlen, address, 64, NULL, 0, NI_NUMERICHOST);
		if (connect_one(a, deadline, out, &why) == UC_OK) return UC_OK;
	}
	if (why == ETIMEDOUT) return timed_out(e, host, port, "connecting");
	return uc_fail(e, UC_EUNREACHABLE, "peer-refused", "Check the port, and that the service runs.", "cannot connect to %s:%s: %s", host,
	               port, strerror(why));
}

static const char *const signatures[] = {
    [UC_PROBE_ANY] = NULL,
    [UC_PROBE_RSA] = "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512",
    [UC_PROBE_EC] = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512",
};

static bool is_address(const char *host)
{
	uint8_t bytes[16];
	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static SSL *client(SSL_CTX *ctx, int fd, const char *name, enum uc_probe_keys keys)
{
	SSL *ssl = SSL_new(ctx);
	if (ssl == NULL) return NULL;
	SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	/* Old servers are looked at too; nothing secret is ever sent. */
	SSL_set_security_level(ssl, 0);
	SSL_set_min_proto_version(ssl, TLS1_VERSION);
	/* Copies: OpenSSL's macros take texts that they may write to, though they do not. */
	char list[160];
	char host[256];
	snprintf(list, sizeof list, "%s", signatures[keys] != NULL ? signatures[keys] : "");
	snprintf(host, sizeof host, "%s", name);
	if (list[0] != '\0') SSL_set1_sigalgs_list(ssl, list);
	if (!is_address(host)) SSL_set_tlsext_host_name(ssl, host);
	SSL_set_fd(ssl, fd);
	return ssl;
}

static enum uc_status shake(SSL *ssl, int fd, const char *host, const char *port, int64_t deadline, struct uc_error *e)
{
	for (;;) {
		ERR_clear_error();
		int rc = SSL_connect(ssl);
		if (rc == 1) return UC_OK;
		int want = SSL_get_error(ssl, rc);
		if (want == SSL_ERROR_WANT_READ || want == SSL_ERROR_WANT_WRITE) {
			if (!wait_for(fd, want == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline)) return timed_out(e, host, port, "shaking hands");
			continue;
		}
		/* A server that asks for a client certificate has presented its own before it refuses ours. */
		if (SSL_get0_peer_certificate(ssl) != NULL) return UC_OK;
		unsigned long code = ERR_peek_error();
		const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
		return uc_fail(e, UC_EUNREACHABLE, "peer-no-tls", "Check that the port speaks TLS from its first byte.",
		               "%s:%s does not complete a TLS handshake: %s", host, port, reason != NULL ? reason : "it closed the connection");
	}
}

static enum uc_status take_chain(SSL *ssl, struct uc_probe *out, struct uc_error *e)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		uint8_t *der = NULL;
		int len = i2d_X509(sk_X509_value(chain, i), &der);
		struct uc_cert *c = NULL;
		enum uc_status status = len > 0 ? uc_cert_read(uc_slice_of(der, (size_t)len), &c, e)
		                                : uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL cannot encode a peer's certificate");
		OPENSSL_free(der);
		UC_TRY(status);
		uc_certs_take(&out->chain, c);
	}
	if (out->chain.count == 0) return uc_fail(e, UC_EUNREACHABLE, "peer-no-tls", NULL, "the server presented no certificate");
	return UC_OK;
}

enum uc_status uc_probe_tls(const char *host, const char *port, const char *name, enum uc_probe_keys keys, int timeout_ms,
                            struct uc_probe *out, struct uc_error *e)
{
	int64_t deadline = uc_monotonic_ns() + (int64_t)timeout_ms * 1000000;
	UC_CLEANUP(close_fd) int fd = -1;
	UC_TRY(connect_to(host, port, deadline, &fd, out->address, e));
	UC_CLEANUP(free_ctx) SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	UC_CLEANUP(free_ssl) SSL *ssl = ctx != NULL ? client(ctx, fd, name != NULL ? name : host, keys) : NULL;
	if (ssl == NULL) return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL cannot make a TLS client");
	UC_TRY(shake(ssl, fd, host, port, deadline, e));
	snprintf(out->version, sizeof out->version, "%s", SSL_get_version(ssl));
	snprintf(out->cipher, sizeof out->cipher, "%s", SSL_get_cipher_name(ssl));
	UC_TRY(take_chain(ssl, out, e));
	SSL_shutdown(ssl);
	return UC_OK;
}
