#include "pki/make_certs.h"

#include "uc_test.h"

#include <openssl/bn.h>
#include <openssl/conf.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "core/clock.h"

static EVP_PKEY *make_dsa(void)
{
	EVP_PKEY *params = NULL;
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	assert_true(EVP_PKEY_paramgen_init(ctx) > 0 && EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024) > 0);
	assert_true(EVP_PKEY_paramgen(ctx, &params) > 0);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
	assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_keygen(ctx, &key) > 0);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(params);
	return key;
}

static EVP_PKEY *make_key(const char *kind)
{
	EVP_PKEY *key = NULL;
	if (kind == NULL) kind = "P-256";
	if (strcmp(kind, "DSA") == 0)
		key = make_dsa();
	else if (strncmp(kind, "RSA-", 4) == 0)
		key = EVP_RSA_gen((unsigned)atoi(kind + 4));
	else
		key = EVP_EC_gen(kind);
	assert_non_null(key);
	return key;
}

/* add_entry takes bytes of any type but the MBSTRING_ ones as they are, so ASCII is widened here. */
static void add_value(X509_NAME *name, const char *type_name, const char *value, int type)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
	for (const char *p = value; *p != '\0'; p++) {
		if (type == V_ASN1_BMPSTRING) uc_buf_add_u8(&bytes, 0);
		uc_buf_add_u8(&bytes, (uint8_t)*p);
	}
	assert_int_equal(X509_NAME_add_entry_by_txt(name, type_name, type, bytes.ptr, (int)bytes.len, -1, 0), 1);
}

static X509_NAME *make_name(const char *text, int type)
{
	X509_NAME *name = X509_NAME_new();
	UC_CLEANUP(uc_freep) char *copy = uc_strdup(text);
	char *save = NULL;
	for (char *part = strtok_r(copy, ",", &save); part != NULL; part = strtok_r(NULL, ",", &save)) {
		char *value = strchr(part, '=');
		assert_non_null(value);
		*value++ = '\0';
		add_value(name, part, value, type);
	}
	return name;
}

static void set_time(X509 *x, uc_time t, const char *raw, int (*set)(X509 *x, const ASN1_TIME *t))
{
	ASN1_TIME *time = ASN1_TIME_new();
	if (raw == NULL) {
		assert_non_null(ASN1_TIME_set(time, t));
	} else {
		time->type = raw[0] == 'U' ? V_ASN1_UTCTIME : V_ASN1_GENERALIZEDTIME;
		assert_int_equal(ASN1_STRING_set(time, raw + 2, -1), 1);
	}
	assert_int_equal(set(x, time), 1);
	ASN1_TIME_free(time);
}

static void set_serial(X509 *x, const char *text)
{
	static unsigned long next = 1000;
	BIGNUM *n = BN_new();
	if (text == NULL)
		assert_int_equal(BN_set_word(n, ++next), 1);
	else
		assert_true(BN_dec2bn(&n, text) > 0);
	assert_non_null(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)));
	BN_free(n);
}

static void add_ext(X509 *x, X509V3_CTX *ctx, const char *text)
{
	const char *equals = strchr(text, '=');
	assert_non_null(equals);
	UC_CLEANUP(uc_freep) char *name = uc_strndup(text, (size_t)(equals - text));
	X509_EXTENSION *ext = X509V3_EXT_nconf(NULL, ctx, name, equals + 1);
	if (ext == NULL) fail_msg("cannot make the extension %s", text);
	assert_int_equal(X509_add_ext(x, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static X509 *decode(const struct uc_cert *c)
{
	X509 *x = uc_cert_x509(c);
	assert_non_null(x);
	return x;
}

static struct uc_cert *encode(X509 *x, bool break_signature)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);
	assert_true(len > 0);
	if (break_signature) der[len - 1] ^= 1;
	struct uc_cert *c = NULL;
	struct uc_error e;
	assert_ok(uc_cert_read(uc_slice_of(der, (size_t)len), &c, &e), e);
	OPENSSL_free(der);
	return c;
}

static const EVP_MD *digest_for(const char *name)
{
	const EVP_MD *md = EVP_get_digestbyname(name != NULL ? name : "SHA256");
	assert_non_null(md);
	return md;
}

static void set_names(X509 *x, const struct make *m, const X509 *issuer)
{
	X509_NAME *subject = make_name(m->subject, m->string_type != 0 ? m->string_type : MBSTRING_UTF8);
	X509_NAME *other = m->issuer_name != NULL ? make_name(m->issuer_name, MBSTRING_UTF8) : NULL;
	assert_int_equal(X509_set_subject_name(x, subject), 1);
	assert_int_equal(X509_set_issuer_name(x, other != NULL ? other : issuer != NULL ? X509_get_subject_name(issuer) : subject), 1);
	X509_NAME_free(subject);
	X509_NAME_free(other);
}

static EVP_PKEY *key_of(const struct make *m)
{
	if (m->same_key == NULL) return make_key(m->key);
	EVP_PKEY_up_ref(m->same_key->key);
	return m->same_key->key;
}

struct made make_cert(const struct make *m)
{
	struct made out = {.key = key_of(m)};
	X509 *issuer = m->issuer != NULL ? decode(m->issuer->cert) : NULL;
	X509 *x = X509_new();
	assert_non_null(x);
	assert_int_equal(X509_set_version(x, m->version != 0 ? m->version - 1 : 2), 1);
	set_serial(x, m->serial);
	set_names(x, m, issuer);
	set_time(x, m->from != 0 ? m->from : MAKE_NOW - MAKE_YEAR, m->raw_from, X509_set1_notBefore);
	set_time(x, m->to != 0 ? m->to : MAKE_NOW + 10 * MAKE_YEAR, m->raw_to, X509_set1_notAfter);
	assert_int_equal(X509_set_pubkey(x, out.key), 1);
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer != NULL ? issuer : x, x, NULL, NULL, 0);
	CONF *empty = NCONF_new(NULL); /* certificatePolicies asks for one */
	X509V3_set_nconf(&ctx, empty);
	for (size_t i = 0; i < MAKE_MAX_EXTS && m->exts[i] != NULL; i++) add_ext(x, &ctx, m->exts[i]);
	NCONF_free(empty);
	assert_true(X509_sign(x, m->issuer != NULL ? m->issuer->key : out.key, digest_for(m->digest)) > 0);
	out.cert = encode(x, m->break_signature);
	X509_free(x);
	X509_free(issuer);
	return out;
}

void made_free(struct made *m)
{
	uc_cert_free(m->cert);
	EVP_PKEY_free(m->key);
	*m = (struct made){.cert = NULL};
}

struct uc_certs made_list(const struct made *const *some)
{
	struct uc_certs list = {.items = NULL};
	for (size_t i = 0; some[i] != NULL; i++) uc_certs_take(&list, uc_cert_dup(some[i]->cert));
	return list;
}

static void add_revoked(X509_CRL *crl, const struct made *m)
{
	X509 *x = decode(m->cert);
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, MAKE_NOW - UC_DAY);
	assert_true(X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(x)) == 1 && X509_REVOKED_set_revocationDate(r, when) == 1);
	assert_int_equal(X509_CRL_add0_revoked(crl, r), 1);
	ASN1_TIME_free(when);
	X509_free(x);
}

struct uc_buf make_crl(const struct made *issuer, const struct made *const *revoked)
{
	X509 *ix = decode(issuer->cert);
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *from = ASN1_TIME_set(NULL, MAKE_NOW - 15 * UC_DAY);
	ASN1_TIME *to = ASN1_TIME_set(NULL, MAKE_NOW + 15 * UC_DAY);
	assert_true(X509_CRL_set_version(crl, 1) == 1 && X509_CRL_set_issuer_name(crl, X509_get_subject_name(ix)) == 1);
	assert_true(X509_CRL_set1_lastUpdate(crl, from) == 1 && X509_CRL_set1_nextUpdate(crl, to) == 1);
	for (size_t i = 0; revoked[i] != NULL; i++) add_revoked(crl, revoked[i]);
	assert_true(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);
	assert_true(len > 0);
	struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add(&out, der, (size_t)len);
	OPENSSL_free(der);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	X509_CRL_free(crl);
	X509_free(ix);
	return out;
}

const char *made_print(const struct made *m, char buf[9])
{
	char hex[UC_FINGERPRINT_HEX];
	snprintf(buf, 9, "%.8s", uc_cert_fingerprint_hex(m->cert, hex));
	return buf;
}
