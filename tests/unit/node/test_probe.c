/* src/node/probe.c: U4, what a TLS server presents, and at which step a look at it fails. */
#include "uc_test.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "core/clock.h"
#include "node/probe.h"
#include "pki/key.h"
#include "pki/make_certs.h"

enum { PATIENT_MS = 30000, HASTY_MS = 200 };

/* ---- a server of one connection ---- */

enum manner { TLS, TLS_WANTS_CLIENT, RUBBISH, SILENT, HANGS_UP };

struct server {
	enum manner manner;
	const struct made *rsa, *ec, *issuer; /* of both; sent along */
	int fd;
	char port[8];
	char name[256]; /* what the client asked for */
	pthread_t thread;
};

static X509 *x509_of(const struct made *m)
{
	X509 *x = uc_cert_x509(m->cert);
	assert_non_null(x);
	return x;
}

static void add_identity(SSL_CTX *ctx, const struct made *m, const struct made *issuer)
{
	if (m == NULL) return;
	X509 *x = x509_of(m);
	assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, m->key), 1);
	X509_free(x);
	if (issuer == NULL) return;
	x = x509_of(issuer);
	assert_int_equal(SSL_CTX_add1_chain_cert(ctx, x), 1);
	X509_free(x);
}

static void serve_tls(struct server *s, int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	add_identity(ctx, s->rsa, s->issuer);
	add_identity(ctx, s->ec, s->issuer);
	if (s->manner == TLS_WANTS_CLIENT) SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL *ssl = SSL_new(ctx);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		char byte;
		SSL_read(ssl, &byte, 1); /* until the client ends */
	}
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	if (name != NULL) snprintf(s->name, sizeof s->name, "%s", name);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->fd, NULL, NULL);
	if (fd < 0) return NULL;
	char byte;
	switch (s->manner) {
	case TLS:
	case TLS_WANTS_CLIENT:
		serve_tls(s, fd);
		break;
	case RUBBISH:
		if (write(fd, "220 mail.example.com ESMTP\r\n", 28) == 28)
			while (read(fd, &byte, 1) > 0) continue;
		break;
	case SILENT:
		while (read(fd, &byte, 1) > 0) continue;
		break;
	case HANGS_UP:
		break;
	}
	close(fd);
	return NULL;
}

/* Listens on the loopback address of a family; false when the machine has none. */
static bool listen_on(struct server *s, int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
	struct sockaddr_storage bound;
	socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
	s->fd = socket(family, SOCK_STREAM, 0);
	if (s->fd < 0 || bind(s->fd, family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, len) != 0) return false;
	assert_int_equal(listen(s->fd, 1), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&bound, &len), 0);
	uint16_t port = family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port : ((struct sockaddr_in6 *)&bound)->sin6_port;
	snprintf(s->port, sizeof s->port, "%u", ntohs(port));
	return true;
}

static void start(struct server *s)
{
	assert_true(listen_on(s, AF_INET));
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
	shutdown(s->fd, SHUT_RDWR); /* also when nobody has come */
	pthread_join(s->thread, NULL);
	close(s->fd);
}

/* One look at a server of this manner. */
static enum uc_status look(struct server *s, const char *name, enum uc_probe_keys keys, int timeout_ms, struct uc_probe *seen,
                           struct uc_error *e)
{
	*seen = (struct uc_probe){.address = ""};
	start(s);
	enum uc_status status = uc_probe_tls("127.0.0.1", s->port, name, keys, timeout_ms, seen, e);
	stop(s);
	return status;
}

/* ---- tests ---- */

static void the_chain_is_shown_as_it_was_presented_leaf_first(void **state)
{
	(void)state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = MAKE_LEAF("leaf.example.com")});
	struct server s = {.manner = TLS, .ec = &leaf, .issuer = &root};
	struct uc_probe seen;
	struct uc_error e;
	assert_ok(look(&s, "leaf.example.com", UC_PROBE_ANY, PATIENT_MS, &seen, &e), e);
	assert_int_equal(seen.chain.count, 2);
	assert_true(uc_cert_eq(seen.chain.items[0], leaf.cert) && uc_cert_eq(seen.chain.items[1], root.cert));
	assert_string_equal(seen.address, "127.0.0.1");
	assert_string_equal(seen.version, "TLSv1.3");
	assert_true(strncmp(seen.cipher, "TLS_", 4) == 0);
	assert_string_equal(s.name, "leaf.example.com");
	uc_probe_free(&seen);
	made_free(&root);
	made_free(&leaf);
}

/* The console's HTTPS has both: each must be looked at by itself. */
static void the_kind_of_key_can_be_chosen(void **state)
{
	(void)state;
	struct made rsa = make_cert(&(struct make){.subject = "CN=rsa", .key = "RSA-2048", .exts = MAKE_ROOT});
	struct made ec = make_cert(&(struct make){.subject = "CN=ec", .exts = MAKE_ROOT});
	const struct {
		enum uc_probe_keys keys;
		const struct made *expected;
	} rows[] = {{UC_PROBE_RSA, &rsa}, {UC_PROBE_EC, &ec}};
	for (size_t i = 0; i < 2; i++) {
		struct server s = {.manner = TLS, .rsa = &rsa, .ec = &ec};
		struct uc_probe seen;
		struct uc_error e;
		assert_ok(look(&s, NULL, rows[i].keys, PATIENT_MS, &seen, &e), e);
		assert_true(uc_cert_eq(seen.chain.items[0], rows[i].expected->cert));
		assert_string_equal(s.name, ""); /* an address is no server name (RFC 6066 section 3) */
		uc_probe_free(&seen);
	}
	/* A server that has no such key cannot shake hands. */
	struct server s = {.manner = TLS, .rsa = &rsa};
	struct uc_probe seen;
	struct uc_error e;
	assert_fails(look(&s, NULL, UC_PROBE_EC, PATIENT_MS, &seen, &e), e, UC_EUNREACHABLE, "peer-no-tls");
	uc_probe_free(&seen);
	made_free(&rsa);
	made_free(&ec);
}

static void nothing_is_verified_an_expired_or_malformed_certificate_is_shown_too_T3(void **state)
{
	(void)state;
	struct made old =
	    make_cert(&(struct make){.subject = "CN=old", .from = MAKE_NOW - 9 * MAKE_YEAR, .to = MAKE_NOW - 8 * MAKE_YEAR, .exts = MAKE_ROOT});
	struct made odd = make_cert(&(struct make){.subject = "CN=odd", .raw_to = "G:20360101000000.5Z", .exts = MAKE_ROOT});
	const struct made *const both[] = {&old, &odd};
	for (size_t i = 0; i < 2; i++) {
		struct server s = {.manner = TLS, .ec = both[i]};
		struct uc_probe seen;
		struct uc_error e;
		assert_ok(look(&s, NULL, UC_PROBE_ANY, PATIENT_MS, &seen, &e), e);
		assert_true(uc_cert_eq(seen.chain.items[0], both[i]->cert));
		uc_probe_free(&seen);
	}
	made_free(&old);
	made_free(&odd);
}

static void a_server_that_demands_a_client_certificate_has_shown_its_own(void **state)
{
	(void)state;
	struct made ec = make_cert(&(struct make){.subject = "CN=ec", .exts = MAKE_ROOT});
	struct server s = {.manner = TLS_WANTS_CLIENT, .ec = &ec};
	struct uc_probe seen;
	struct uc_error e;
	assert_ok(look(&s, NULL, UC_PROBE_ANY, PATIENT_MS, &seen, &e), e);
	assert_true(uc_cert_eq(seen.chain.items[0], ec.cert));
	uc_probe_free(&seen);
	made_free(&ec);
}

static void the_step_that_failed_is_named(void **state)
{
	(void)state;
	static const struct {
		enum manner manner;
		int timeout_ms;
		const char *id;
	} rows[] = {{RUBBISH, PATIENT_MS, "peer-no-tls"}, {HANGS_UP, PATIENT_MS, "peer-no-tls"}, {SILENT, HASTY_MS, "peer-timeout"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct server s = {.manner = rows[i].manner};
		struct uc_probe seen;
		struct uc_error e;
		assert_fails(look(&s, NULL, UC_PROBE_ANY, rows[i].timeout_ms, &seen, &e), e, UC_EUNREACHABLE, rows[i].id);
		assert_non_null(strstr(e.message, s.port));
		assert_true(e.hint[0] != '\0');
		assert_int_equal(seen.chain.count, 0);
		uc_probe_free(&seen);
	}
}

static void a_closed_port_and_an_unknown_name_are_told_apart(void **state)
{
	(void)state;
	struct server s = {.manner = TLS};
	struct uc_probe seen = {.address = ""};
	struct uc_error e;
	assert_true(listen_on(&s, AF_INET));
	close(s.fd); /* nobody listens there any more */
	assert_fails(uc_probe_tls("127.0.0.1", s.port, NULL, UC_PROBE_ANY, PATIENT_MS, &seen, &e), e, UC_EUNREACHABLE, "peer-refused");
	assert_non_null(strstr(e.message, "refused"));
	assert_fails(uc_probe_tls("host.invalid", "443", NULL, UC_PROBE_ANY, PATIENT_MS, &seen, &e), e, UC_EUNREACHABLE, "peer-unknown");
	assert_non_null(strstr(e.message, "host.invalid"));
	uc_probe_free(&seen);
}

static void IPv6_is_spoken(void **state)
{
	(void)state;
	struct made ec = make_cert(&(struct make){.subject = "CN=ec", .exts = MAKE_ROOT});
	struct server s = {.manner = TLS, .ec = &ec};
	if (!listen_on(&s, AF_INET6)) {
		made_free(&ec);
		uc_skip("this machine has no IPv6 loopback");
	}
	assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
	struct uc_probe seen = {.address = ""};
	struct uc_error e;
	assert_ok(uc_probe_tls("::1", s.port, NULL, UC_PROBE_ANY, PATIENT_MS, &seen, &e), e);
	stop(&s);
	assert_string_equal(seen.address, "::1");
	assert_string_equal(s.name, "");
	uc_probe_free(&seen);
	made_free(&ec);
}

static void a_peer_is_a_host_and_a_port(void **state)
{
	(void)state;
	static const struct {
		const char *peer, *host, *port;
	} good[] = {{"host.example.com:443", "host.example.com", "443"},
	            {"192.0.2.7:8443", "192.0.2.7", "8443"},
	            {"[2001:db8::1]:443", "2001:db8::1", "443"},
	            {"host:0443", "host", "443"},
	            {"a:65535", "a", "65535"}};
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char host[256];
		char port[8];
		struct uc_error e;
		assert_ok(uc_peer_split(good[i].peer, host, port, &e), e);
		assert_string_equal(host, good[i].host);
		assert_string_equal(port, good[i].port);
	}
	UC_CLEANUP(uc_freep) char *longest = uc_sprintf("%0256d:443", 1);
	const char *const bad[] = {"",        ":",         "host",      "host:",           ":443",          "host:0", "host:65536",
	                           "host:-1", "host:443x", "host: 443", "2001:db8::1:443", "[2001:db8::1]", "[]:443", "[::1:443",
	                           longest};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char host[256];
		char port[8];
		struct uc_error e;
		assert_fails(uc_peer_split(bad[i], host, port, &e), e, UC_EINPUT, "bad-peer");
		assert_string_equal(e.field, "peer");
	}
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_chain_is_shown_as_it_was_presented_leaf_first),
	    cmocka_unit_test(the_kind_of_key_can_be_chosen),
	    cmocka_unit_test(nothing_is_verified_an_expired_or_malformed_certificate_is_shown_too_T3),
	    cmocka_unit_test(a_server_that_demands_a_client_certificate_has_shown_its_own),
	    cmocka_unit_test(the_step_that_failed_is_named),
	    cmocka_unit_test(a_closed_port_and_an_unknown_name_are_told_apart),
	    cmocka_unit_test(IPv6_is_spoken),
	    cmocka_unit_test(a_peer_is_a_host_and_a_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
