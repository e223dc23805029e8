/*
 * Reading and checking a chain of leaf, intermediate and root, beside d2i_X509 and X509_verify_cert alone.
 *
 *   check_bench [--rounds=N] [--batch=N]
 *
 * Ours: uc_cert_read() three times, every rule of check.h for the leaf as an identity, uc_path_build(). The library's: d2i_X509() three times,
 * a store with the root, X509_verify_cert() for the same time and purpose. Both begin with bytes and free all they made. A round is a batch of
 * ours and a batch of the library's.
 *
 * A root that has no authorityKeyIdentifier could be a rollover certificate, so we verify its own signature, which X509_verify_cert never does.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "pki/check.h"
#include "pki/key.h"
#include "pki/path.h"

enum { CHAIN = 3, MAX_EXTS = 6 };

static const uc_time NOW = 1780272000; /* 2026-06-01 */

struct link {
	const char *name;
	const char *exts[MAX_EXTS][2];
};

/* From the root down. */
static const struct link links[CHAIN] = {
    {"Example Root CA",
     {{"basicConstraints", "critical,CA:TRUE"},
      {"keyUsage", "critical,keyCertSign,cRLSign"},
      {"subjectKeyIdentifier", "hash"},
      {"authorityKeyIdentifier", "keyid:always"}}},
    {"Example Issuing CA",
     {{"basicConstraints", "critical,CA:TRUE,pathlen:0"},
      {"keyUsage", "critical,keyCertSign,cRLSign"},
      {"subjectKeyIdentifier", "hash"},
      {"authorityKeyIdentifier", "keyid"}}},
    {"cucm-pub.example.com",
     {{"basicConstraints", "critical,CA:FALSE"},
      {"keyUsage", "critical,digitalSignature,keyEncipherment"},
      {"extendedKeyUsage", "serverAuth,clientAuth"},
      {"subjectAltName", "DNS:cucm-pub.example.com,DNS:cucm-sub.example.com"},
      {"subjectKeyIdentifier", "hash"},
      {"authorityKeyIdentifier", "keyid"}}},
};

static const struct link bare_root = {
    "Example Root CA",
    {{"basicConstraints", "critical,CA:TRUE"}, {"keyUsage", "critical,keyCertSign,cRLSign"}, {"subjectKeyIdentifier", "hash"}}};

struct chain {
	struct uc_buf der[CHAIN]; /* root first */
};

/* ---- making it ---- */

static void need(bool ok, const char *what)
{
	if (!ok) uc_bench_die("OpenSSL failed: %s", what);
}

static void set_name(X509_NAME *name, const char *cn)
{
	need(X509_NAME_add_entry_by_txt(name, "C", MBSTRING_UTF8, (const unsigned char *)"JP", -1, -1, 0), "name");
	need(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Example Company", -1, -1, 0), "name");
	need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0), "name");
}

static X509 *make_cert(const struct link *l, long serial, EVP_PKEY *key, X509 *issuer, EVP_PKEY *signer, const char *digest)
{
	X509 *x = X509_new();
	need(x != NULL && X509_set_version(x, X509_VERSION_3), "version");
	need(ASN1_INTEGER_set(X509_get_serialNumber(x), serial), "serial");
	set_name(X509_get_subject_name(x), l->name);
	need(X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x)), "issuer");
	need(ASN1_TIME_set(X509_getm_notBefore(x), NOW - 100 * UC_DAY) != NULL, "time");
	need(ASN1_TIME_set(X509_getm_notAfter(x), NOW + 1000 * UC_DAY) != NULL, "time");
	need(X509_set_pubkey(x, key), "key");
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer != NULL ? issuer : x, x, NULL, NULL, 0);
	for (size_t i = 0; i < MAX_EXTS && l->exts[i][0] != NULL; i++) {
		X509_EXTENSION *ext = X509V3_EXT_conf(NULL, &ctx, l->exts[i][0], l->exts[i][1]);
		need(ext != NULL && X509_add_ext(x, ext, -1), l->exts[i][0]);
		X509_EXTENSION_free(ext);
	}
	need(X509_sign(x, signer, EVP_get_digestbyname(digest)) > 0, "signing");
	return x;
}

static void make_chain(const char *kind, const struct link *root, struct chain *out)
{
	const struct uc_key_spec *spec = uc_key_spec_find(kind);
	EVP_PKEY *keys[CHAIN];
	X509 *certs[CHAIN];
	for (size_t i = 0; i < CHAIN; i++) {
		struct uc_error e;
		uc_bench_must(uc_key_generate(spec, &keys[i], &e), "key generation", &e);
		const struct link *l = i == 0 ? root : &links[i];
		certs[i] = make_cert(l, 1000 + (long)i, keys[i], i > 0 ? certs[i - 1] : NULL, keys[i > 0 ? i - 1 : 0], spec->digest);
		unsigned char *der = NULL;
		int len = i2d_X509(certs[i], &der);
		need(len > 0, "encoding");
		out->der[i] = UC_BUF_EMPTY;
		uc_buf_add(&out->der[i], der, (size_t)len);
		OPENSSL_free(der);
	}
	for (size_t i = 0; i < CHAIN; i++) {
		X509_free(certs[i]);
		EVP_PKEY_free(keys[i]);
	}
}

/* ---- the two ways ---- */

static void ours(const struct chain *chain)
{
	struct uc_error e;
	struct uc_cert *leaf = NULL;
	struct uc_certs lists[2] = {{.items = NULL}, {.items = NULL}}; /* anchors, intermediates */
	for (size_t i = 0; i < 2; i++) {
		struct uc_cert *c = NULL;
		uc_bench_must(uc_cert_read(uc_buf_slice(&chain->der[i]), &c, &e), "reading", &e);
		uc_certs_take(&lists[i], c);
	}
	uc_bench_must(uc_cert_read(uc_buf_slice(&chain->der[2]), &leaf, &e), "reading", &e);
	struct uc_check_options check = {.role = UC_ROLE_IDENTITY, .now = NOW};
	struct uc_findings found = {.items = NULL};
	uc_check_cert(leaf, &check, &found);
	if (found.count > 0) uc_bench_die("the leaf has the finding %s: %s", found.items[0].code, found.items[0].message);
	struct uc_path_options options = {.at = NOW, .purpose = UC_PATH_SERVER};
	struct uc_path path;
	uc_path_build(leaf, &lists[1], &lists[0], &options, &path);
	if (!path.ok || path.chain.count != CHAIN) uc_bench_die("there is no path: %s", path.message);
	uc_path_free(&path);
	uc_findings_free(&found);
	uc_cert_free(leaf);
	uc_certs_free(&lists[0]);
	uc_certs_free(&lists[1]);
}

static void library(const struct chain *chain)
{
	X509 *certs[CHAIN];
	for (size_t i = 0; i < CHAIN; i++) {
		const unsigned char *p = chain->der[i].ptr;
		certs[i] = d2i_X509(NULL, &p, (long)chain->der[i].len);
		need(certs[i] != NULL, "d2i_X509");
	}
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	need(store != NULL && ctx != NULL && untrusted != NULL, "memory");
	need(X509_STORE_add_cert(store, certs[0]) && sk_X509_push(untrusted, certs[1]), "store");
	need(X509_STORE_CTX_init(ctx, store, certs[2], untrusted), "context");
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), NOW);
	X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(ctx), X509_PURPOSE_SSL_SERVER);
	need(X509_verify_cert(ctx) == 1, X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(untrusted);
	for (size_t i = 0; i < CHAIN; i++) X509_free(certs[i]);
}

/* Seconds for one chain. */
static double timed(void (*way)(const struct chain *), const struct chain *chain, long batch)
{
	double begun = uc_bench_cpu(0);
	for (long i = 0; i < batch; i++) way(chain);
	return (uc_bench_cpu(0) - begun) / (double)batch;
}

static void measure(const char *kind, long rounds, long batch)
{
	struct chain chain;
	struct chain bare;
	UC_CLEANUP(uc_samples_free) struct uc_samples a = {.items = NULL};
	UC_CLEANUP(uc_samples_free) struct uc_samples b = {.items = NULL};
	UC_CLEANUP(uc_samples_free) struct uc_samples c = {.items = NULL};
	make_chain(kind, &links[0], &chain);
	make_chain(kind, &bare_root, &bare);
	timed(ours, &chain, 1);
	timed(library, &chain, 1);
	for (long i = 0; i < rounds; i++) {
		uc_samples_add(&a, timed(library, &chain, batch));
		uc_samples_add(&b, timed(ours, &chain, batch));
		uc_samples_add(&c, timed(ours, &bare, batch));
	}
	uc_bench_title("A chain of three, %s, %ld rounds of %ld (processor time)", uc_key_spec_find(kind)->text, rounds, batch);
	uc_bench_row("d2i_X509 three times, X509_verify_cert", &a, &uc_unit_us, NULL);
	uc_bench_row("read, all rules for the leaf, best path", &b, &uc_unit_us, &a);
	uc_bench_row("the same, to a root without authorityKeyIdentifier", &c, &uc_unit_us, &a);
	uc_bench_value("chains a second and core", 1 / uc_samples_median(&b), 0, "");
	for (size_t i = 0; i < CHAIN; i++) {
		uc_buf_free(&chain.der[i]);
		uc_buf_free(&bare.der[i]);
	}
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {"rsa-2048", "ec-p256", "ec-p384"};
	long rounds = uc_bench_option(argc, argv, "rounds", 41);
	long batch = uc_bench_option(argc, argv, "batch", 100);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) measure(kinds[i], rounds, batch);
	return 0;
}
