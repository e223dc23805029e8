#include "bench_ca.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "core/text.h"
#include "pki/key.h"
#include "pki/request.h"

static void need(bool ok, const char *what)
{
	if (!ok) uc_bench_die("OpenSSL failed: %s", what);
}

static EVP_PKEY *new_key(void)
{
	struct uc_error e;
	EVP_PKEY *key = NULL;
	uc_bench_must(uc_key_generate(uc_key_spec_find("ec-p256"), &key, &e), "key generation", &e);
	return key;
}

static void make_ca(const char *name, EVP_PKEY *key, struct uc_buf *der)
{
	struct uc_error e;
	const struct uc_profile p = {.common_name = name,
	                             .organization = "Example Company",
	                             .key_usage = UC_KU_KEY_CERT_SIGN | UC_KU_CRL_SIGN,
	                             .ca = true,
	                             .digest = "SHA256",
	                             .not_before = uc_now() - UC_DAY,
	                             .not_after = uc_now() + 1000 * UC_DAY};
	uc_bench_must(uc_cert_self_sign(&p, key, der, &e), "self-signing", &e);
}

static void add_extensions(X509 *leaf, X509 *issuer)
{
	static const char *const exts[][2] = {{"basicConstraints", "critical,CA:FALSE"}, {"keyUsage", "critical,digitalSignature"},
	                                      {"extendedKeyUsage", "serverAuth"},        {"subjectAltName", "DNS:server.example.com"},
	                                      {"subjectKeyIdentifier", "hash"},          {"authorityKeyIdentifier", "keyid:always"}};
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, leaf, NULL, NULL, 0);
	for (size_t i = 0; i < sizeof exts / sizeof *exts; i++) {
		X509_EXTENSION *ext = X509V3_EXT_conf(NULL, &ctx, exts[i][0], exts[i][1]);
		need(ext != NULL && X509_add_ext(leaf, ext, -1), exts[i][0]);
		X509_EXTENSION_free(ext);
	}
}

static void make_leaf(const struct uc_buf *ca, EVP_PKEY *signer, struct uc_buf *der)
{
	const unsigned char *at = ca->ptr;
	X509 *issuer = d2i_X509(NULL, &at, (long)ca->len);
	X509 *leaf = X509_new();
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = new_key();
	need(issuer != NULL && leaf != NULL && X509_set_version(leaf, X509_VERSION_3), "version");
	need(ASN1_INTEGER_set(X509_get_serialNumber(leaf), 4711), "serial");
	need(X509_NAME_add_entry_by_txt(X509_get_subject_name(leaf), "CN", MBSTRING_UTF8, (const unsigned char *)"server.example.com", -1, -1,
	                                0),
	     "name");
	need(X509_set_issuer_name(leaf, X509_get_subject_name(issuer)), "issuer");
	need(X509_gmtime_adj(X509_getm_notBefore(leaf), -3600) != NULL && X509_gmtime_adj(X509_getm_notAfter(leaf), 300L * 86400) != NULL,
	     "time");
	need(X509_set_pubkey(leaf, key), "key");
	add_extensions(leaf, issuer);
	need(X509_sign(leaf, signer, EVP_sha256()) > 0, "signing");
	unsigned char *out = NULL;
	int len = i2d_X509(leaf, &out);
	need(len > 0, "encoding");
	uc_buf_add(der, out, (size_t)len);
	OPENSSL_free(out);
	X509_free(leaf);
	X509_free(issuer);
}

void uc_bench_ca_make(size_t n, struct uc_bench_ca *out)
{
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = new_key();
	*out = (struct uc_bench_ca){.name = uc_sprintf("Example Root CA %zu", n)};
	make_ca(out->name, key, &out->ca);
	make_leaf(&out->ca, key, &out->leaf);
}

void uc_bench_ca_free(struct uc_bench_ca *ca)
{
	free(ca->name);
	uc_buf_free(&ca->ca);
	uc_buf_free(&ca->leaf);
}
