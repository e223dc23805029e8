/*
 * Certificates made by hand, field by field, so that a test can break exactly one of them. Everything made is kept until maker_end(); the
 * functions named d_ write DER, those named x_ extensions.
 */
#ifndef UC_TEST_MAKER_H
#define UC_TEST_MAKER_H

#include "uc_test.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#include "core/bytes.h"
#include "core/text.h"
#include "pki/cert.h"
#include "pki/der.h"
#include "pki/key.h"

#define MAKER_UNUSED __attribute__((unused))

static struct uc_strv maker_kept; /* memory behind every slice */
static EVP_PKEY *maker_ca_key;    /* EC P-256, signs */
static EVP_PKEY *maker_leaf_key;  /* EC P-256 */

MAKER_UNUSED static struct uc_slice d_keep(struct uc_buf *b)
{
	struct uc_slice s = uc_buf_slice(b);
	if (b->ptr != NULL) uc_strv_take(&maker_kept, (char *)b->ptr);
	*b = UC_BUF_EMPTY;
	return s;
}

MAKER_UNUSED static struct uc_slice d_join(const struct uc_slice *parts, size_t count)
{
	struct uc_buf b = UC_BUF_EMPTY;
	for (size_t i = 0; i < count; i++) uc_buf_add_slice(&b, parts[i]);
	return d_keep(&b);
}

#define D_CAT(...) d_join((const struct uc_slice[]){__VA_ARGS__}, sizeof((const struct uc_slice[]){__VA_ARGS__}) / sizeof(struct uc_slice))
#define D_SEQ(...) d_tlv(0x30, D_CAT(__VA_ARGS__))
#define D_NONE ((struct uc_slice){.ptr = NULL})

MAKER_UNUSED static struct uc_slice d_tlv(uint8_t tag, struct uc_slice content)
{
	struct uc_buf b = UC_BUF_EMPTY;
	uc_buf_add_u8(&b, tag);
	if (content.len < 0x80) {
		uc_buf_add_u8(&b, (uint8_t)content.len);
	} else {
		size_t bytes = content.len > 0xffff ? 3 : content.len > 0xff ? 2 : 1;
		uc_buf_add_u8(&b, (uint8_t)(0x80 | bytes));
		for (size_t i = bytes; i-- > 0;) uc_buf_add_u8(&b, (uint8_t)(content.len >> (8 * i)));
	}
	uc_buf_add_slice(&b, content);
	return d_keep(&b);
}

MAKER_UNUSED static struct uc_slice d_hex(const char *hex)
{
	struct uc_buf b = UC_BUF_EMPTY;
	assert_true(uc_unhex(hex, &b));
	return d_keep(&b);
}

MAKER_UNUSED static struct uc_slice d_text(uint8_t tag, const char *text)
{
	return d_tlv(tag, uc_slice_str(text));
}

MAKER_UNUSED static struct uc_slice d_oid(const char *dotted)
{
	ASN1_OBJECT *o = OBJ_txt2obj(dotted, 1);
	assert_non_null(o);
	struct uc_buf b = UC_BUF_EMPTY;
	uc_buf_add(&b, OBJ_get0_data(o), OBJ_length(o));
	ASN1_OBJECT_free(o);
	return d_tlv(UC_DER_OID, d_keep(&b));
}

MAKER_UNUSED static struct uc_slice d_bits(struct uc_slice bytes)
{
	return d_tlv(UC_DER_BIT_STRING, D_CAT(d_hex("00"), bytes));
}

/* A Name with one commonName of the given string type; "" makes an empty Name. */
MAKER_UNUSED static struct uc_slice d_name_as(uint8_t tag, struct uc_slice cn)
{
	if (cn.len == 0) return d_tlv(0x30, D_NONE);
	return D_SEQ(d_tlv(UC_DER_SET, D_SEQ(d_oid("2.5.4.3"), d_tlv(tag, cn))));
}

MAKER_UNUSED static struct uc_slice d_name(const char *cn)
{
	return d_name_as(0x0c, uc_slice_str(cn));
}

MAKER_UNUSED static struct uc_slice d_spki(const EVP_PKEY *key)
{
	struct uc_buf b = UC_BUF_EMPTY;
	uc_key_spki(key, &b);
	return d_keep(&b);
}

/* A public key that looks like RSA of that size; nobody has its private key. */
MAKER_UNUSED static struct uc_slice d_rsa_spki_as(const char *oid, unsigned bits, const char *exponent_hex)
{
	struct uc_buf n = UC_BUF_EMPTY;
	size_t bytes = (bits + 7) / 8;
	uint8_t top = (uint8_t)(1u << ((bits - 1) % 8));
	if (top == 0x80) uc_buf_add_u8(&n, 0);
	uc_buf_add_u8(&n, top);
	for (size_t i = 1; i < bytes; i++) uc_buf_add_u8(&n, i + 1 == bytes ? 0x01 : (uint8_t)(i * 37 + 11));
	struct uc_slice modulus = d_tlv(UC_DER_INTEGER, d_keep(&n));
	struct uc_slice parameters = strcmp(oid, "1.2.840.113549.1.1.1") == 0 ? d_hex("0500") : D_NONE; /* RSASSA-PSS: any */
	return D_SEQ(D_SEQ(d_oid(oid), parameters), d_bits(D_SEQ(modulus, d_tlv(UC_DER_INTEGER, d_hex(exponent_hex)))));
}

MAKER_UNUSED static struct uc_slice d_rsa_spki(unsigned bits)
{
	return d_rsa_spki_as("1.2.840.113549.1.1.1", bits, "010001");
}

MAKER_UNUSED static struct uc_slice x_ext(const char *oid, bool critical, struct uc_slice value)
{
	return D_SEQ(d_oid(oid), critical ? d_hex("0101ff") : D_NONE, d_tlv(UC_DER_OCTET_STRING, value));
}

MAKER_UNUSED static struct uc_slice x_bc(bool ca)
{
	return x_ext("2.5.29.19", true, d_tlv(0x30, ca ? d_hex("0101ff") : D_NONE));
}

/* KeyUsage from UC_KU_ bits 0 to 7. */
MAKER_UNUSED static struct uc_slice x_ku(unsigned bits)
{
	uint8_t byte = 0;
	for (unsigned i = 0; i < 8; i++)
		if ((bits >> i & 1) != 0) byte = (uint8_t)(byte | 0x80u >> i);
	uint8_t unused = 0;
	while (unused < 7 && (byte >> unused & 1) == 0) unused++;
	struct uc_buf b = UC_BUF_EMPTY;
	uc_buf_add_u8(&b, unused);
	uc_buf_add_u8(&b, byte);
	return x_ext("2.5.29.15", true, d_tlv(UC_DER_BIT_STRING, d_keep(&b)));
}

#define X_EKU(...) x_ext("2.5.29.37", false, D_SEQ(__VA_ARGS__))
#define X_SAN(...) x_ext("2.5.29.17", false, D_SEQ(__VA_ARGS__))

MAKER_UNUSED static struct uc_slice d_dns(const char *name)
{
	return d_text(0x82, name);
}

MAKER_UNUSED static struct uc_slice x_ski(const char *id_hex)
{
	return x_ext("2.5.29.14", false, d_tlv(UC_DER_OCTET_STRING, d_hex(id_hex)));
}

MAKER_UNUSED static struct uc_slice x_aki(const char *id_hex)
{
	return x_ext("2.5.29.35", false, D_SEQ(d_tlv(0x80, d_hex(id_hex))));
}

#define MAKER_CA_ID "a1a2a3a4a5"
#define MAKER_LEAF_ID "b1b2b3b4b5"

/* What a certificate is made of. All slices whole elements unless said otherwise. */
struct maker {
	struct uc_slice version; /* the [0] element, or nothing */
	struct uc_slice serial;  /* content */
	struct uc_slice inner_algorithm, outer_algorithm;
	struct uc_slice issuer, subject;
	struct uc_slice not_before, not_after;
	struct uc_slice spki;
	struct uc_slice exts; /* extensions one after another; empty: no field */
	EVP_PKEY *signer;
	const char *digest;
};

MAKER_UNUSED static struct uc_slice d_utc(const char *text)
{
	return d_text(UC_DER_UTC_TIME, text);
}

MAKER_UNUSED static struct uc_slice d_general(const char *text)
{
	return d_text(UC_DER_GENERALIZED_TIME, text);
}

MAKER_UNUSED static struct uc_slice d_ecdsa(const char *oid)
{
	return D_SEQ(d_oid(oid));
}

#define SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define CLIENT_AUTH "1.3.6.1.5.5.7.3.2"

/* A certificate without fault for a server, valid from 2025 to 2034. */
MAKER_UNUSED static struct maker maker_leaf(void)
{
	if (maker_ca_key == NULL) maker_ca_key = EVP_EC_gen("P-256");
	if (maker_leaf_key == NULL) maker_leaf_key = EVP_EC_gen("P-256");
	struct uc_slice sha256 = d_ecdsa("1.2.840.10045.4.3.2");
	return (struct maker){
	    .version = d_hex("a003020102"),
	    .serial = d_hex("4a0102030405060708"),
	    .inner_algorithm = sha256,
	    .outer_algorithm = sha256,
	    .issuer = d_name("Maker CA"),
	    .subject = d_name("cucm.example.com"),
	    .not_before = d_utc("250101000000Z"),
	    .not_after = d_utc("340101000000Z"),
	    .spki = d_spki(maker_leaf_key),
	    .exts = D_CAT(x_bc(false), x_ku(UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_ENCIPHERMENT | UC_KU_DATA_ENCIPHERMENT),
	                  X_EKU(d_oid(SERVER_AUTH), d_oid(CLIENT_AUTH)), X_SAN(d_dns("cucm.example.com")), x_ski(MAKER_LEAF_ID),
	                  x_aki(MAKER_CA_ID)),
	    .signer = maker_ca_key,
	    .digest = "SHA256",
	};
}

/* A self-signed CA certificate without fault, the issuer of maker_leaf(). */
MAKER_UNUSED static struct maker maker_root(void)
{
	struct maker m = maker_leaf();
	m.subject = m.issuer;
	m.spki = d_spki(maker_ca_key);
	m.exts = D_CAT(x_bc(true), x_ku(UC_KU_KEY_CERT_SIGN | UC_KU_CRL_SIGN), x_ski(MAKER_CA_ID), x_aki(MAKER_CA_ID));
	return m;
}

MAKER_UNUSED static struct uc_slice maker_der(const struct maker *m)
{
	struct uc_slice exts = m->exts.len > 0 ? d_tlv(0xa3, d_tlv(0x30, m->exts)) : D_NONE;
	struct uc_slice tbs = D_SEQ(m->version, d_tlv(UC_DER_INTEGER, m->serial), m->inner_algorithm, m->issuer,
	                            D_SEQ(m->not_before, m->not_after), m->subject, m->spki, exts);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sig[512];
	size_t len = sizeof sig;
	assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, m->digest, NULL, NULL, m->signer, NULL), 1);
	assert_int_equal(EVP_DigestSign(ctx, sig, &len, tbs.ptr, tbs.len), 1);
	EVP_MD_CTX_free(ctx);
	return D_SEQ(tbs, m->outer_algorithm, d_bits(uc_slice_of(sig, len)));
}

/* Owned by the caller. */
MAKER_UNUSED static struct uc_cert *maker_cert(const struct maker *m)
{
	struct uc_error e;
	struct uc_cert *c = NULL;
	assert_ok(uc_cert_read(maker_der(m), &c, &e), e);
	return c;
}

/* Frees what was made; for a test's teardown. */
MAKER_UNUSED static int maker_end(void **state)
{
	(void)state;
	uc_strv_free(&maker_kept);
	return 0;
}

MAKER_UNUSED static int maker_end_all(void **state)
{
	EVP_PKEY_free(maker_ca_key);
	EVP_PKEY_free(maker_leaf_key);
	maker_ca_key = NULL;
	maker_leaf_key = NULL;
	return maker_end(state);
}

#endif
