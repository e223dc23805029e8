#include "pki/key.h"

#include <limits.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "pki/der.h"
#include "pki/digest.h"

static const struct uc_key_spec specs[] = {
    {"rsa-2048", "RSA 2048", true, 2048, NULL, "SHA256"},   {"rsa-3072", "RSA 3072", true, 3072, NULL, "SHA256"},
    {"rsa-4096", "RSA 4096", true, 4096, NULL, "SHA256"},   {"ec-p256", "EC P-256", false, 256, "P-256", "SHA256"},
    {"ec-p384", "EC P-384", false, 384, "P-384", "SHA384"}, {"ec-p521", "EC P-521", false, 521, "P-521", "SHA512"},
};

static const struct {
	const char *other;
	const char *name;
} aliases[] = {
    {"2048", "rsa-2048"},     {"3072", "rsa-3072"},     {"4096", "rsa-4096"},     {"256", "ec-p256"},
    {"384", "ec-p384"},       {"521", "ec-p521"},       {"secp256r1", "ec-p256"}, {"prime256v1", "ec-p256"},
    {"secp384r1", "ec-p384"}, {"secp521r1", "ec-p521"}, {"ec256", "ec-p256"},     {"ec384", "ec-p384"},
    {"ec521", "ec-p521"},     {"p256", "ec-p256"},      {"p384", "ec-p384"},      {"p521", "ec-p521"},
};

const struct uc_key_spec *uc_key_specs(size_t *count)
{
	*count = sizeof specs / sizeof *specs;
	return specs;
}

/* Letters and digits only, in lower case: "RSA 2048" and "rsa-2048" are the same. */
static char *squeeze(const char *text)
{
	struct uc_buf out = UC_BUF_EMPTY;
	for (; *text != '\0'; text++)
		if (strchr(" -_:", *text) == NULL) uc_buf_add_u8(&out, (uint8_t)uc_ascii_lower(*text));
	return uc_buf_take_str(&out);
}

static const struct uc_key_spec *find_exact(const char *name)
{
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
		if (strcmp(specs[i].name, name) == 0) return &specs[i];
	return NULL;
}

const struct uc_key_spec *uc_key_spec_find(const char *name)
{
	UC_CLEANUP(uc_freep) char *wanted = squeeze(name);
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
		UC_CLEANUP(uc_freep) char *have = squeeze(specs[i].name);
		if (strcmp(have, wanted) == 0) return &specs[i];
	}
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (strcmp(aliases[i].other, wanted) == 0) return find_exact(aliases[i].name);
	return NULL;
}

const struct uc_key_spec *uc_key_spec_of(struct uc_slice spki)
{
	struct uc_key_info info = uc_key_info_of(spki);
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++)
		if (strcmp(specs[i].text, info.text) == 0) return &specs[i];
	return NULL;
}

enum uc_status uc_key_generate(const struct uc_key_spec *spec, EVP_PKEY **out, struct uc_error *e)
{
	*out = spec->rsa ? EVP_RSA_gen((unsigned)spec->bits) : EVP_EC_gen(spec->group);
	if (*out == NULL) return uc_fail(e, UC_EINTERNAL, "key-generation", NULL, "OpenSSL could not generate a key of kind %s", spec->text);
	return UC_OK;
}

void uc_key_free(EVP_PKEY *key)
{
	EVP_PKEY_free(key);
}

EVP_PKEY *uc_key_read(struct uc_slice pkcs8)
{
	const unsigned char *p = pkcs8.ptr;
	PKCS8_PRIV_KEY_INFO *info = pkcs8.len <= LONG_MAX ? d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)pkcs8.len) : NULL;
	EVP_PKEY *key = info != NULL && p == pkcs8.ptr + pkcs8.len ? EVP_PKCS82PKEY(info) : NULL;
	PKCS8_PRIV_KEY_INFO_free(info);
	return key;
}

void uc_key_spki(const EVP_PKEY *key, struct uc_buf *out)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	if (len > 0) uc_buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
}

char *uc_key_id(struct uc_slice spki, char buf[UC_KEY_ID_LEN])
{
	return uc_sha256_hex(spki, buf);
}

char *uc_key_id_of(const EVP_PKEY *key, char buf[UC_KEY_ID_LEN])
{
	UC_CLEANUP(uc_buf_free) struct uc_buf spki = UC_BUF_EMPTY;
	uc_key_spki(key, &spki);
	return uc_key_id(uc_buf_slice(&spki), buf);
}

static const struct {
	const char *oid;
	enum uc_key_kind kind;
	const char *text;
} kinds[] = {
    {"1.2.840.113549.1.1.1", UC_KEY_RSA, "RSA"}, {"1.2.840.113549.1.1.10", UC_KEY_RSA_PSS, "RSASSA-PSS"},
    {"1.2.840.10045.2.1", UC_KEY_EC, "EC"},      {"1.3.101.112", UC_KEY_ED25519, "Ed25519"},
    {"1.3.101.113", UC_KEY_ED448, "Ed448"},      {"1.2.840.10040.4.1", UC_KEY_DSA, "DSA"},
};

static const struct {
	const char *oid;
	const char *text;
	unsigned bits;
} curves[] = {
    {"1.2.840.10045.3.1.7", "P-256", 256}, {"1.3.132.0.34", "P-384", 384},        {"1.3.132.0.35", "P-521", 521},
    {"1.3.132.0.10", "secp256k1", 256},    {"1.2.840.10045.3.1.1", "P-192", 192}, {"1.3.132.0.33", "P-224", 224},
};

static unsigned integer_bits(struct uc_slice content)
{
	size_t i = 0;
	while (i < content.len && content.ptr[i] == 0) i++;
	if (i == content.len) return 0;
	unsigned bits = (unsigned)(content.len - i) * 8;
	for (uint8_t top = content.ptr[i]; (top & 0x80) == 0; top = (uint8_t)(top << 1)) bits--;
	return bits;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, ... } inside the BIT STRING (RFC 8017 appendix A.1.1). */
static unsigned rsa_bits(struct uc_slice bit_string)
{
	struct uc_reader r = uc_reader_of(bit_string);
	uint8_t unused;
	struct uc_der seq;
	struct uc_der modulus;
	if (!uc_read_u8(&r, &unused) || !uc_der_expect(&r, UC_DER_SEQUENCE, &seq)) return 0;
	struct uc_reader in = uc_reader_of(seq.content);
	return uc_der_expect(&in, UC_DER_INTEGER, &modulus) ? integer_bits(modulus.content) : 0;
}

static unsigned dsa_bits(struct uc_reader *params)
{
	struct uc_der seq;
	struct uc_der p;
	if (!uc_der_expect(params, UC_DER_SEQUENCE, &seq)) return 0;
	struct uc_reader in = uc_reader_of(seq.content);
	return uc_der_expect(&in, UC_DER_INTEGER, &p) ? integer_bits(p.content) : 0;
}

static void describe_ec(struct uc_key_info *info, struct uc_reader *params)
{
	struct uc_der curve;
	if (!uc_der_expect(params, UC_DER_OID, &curve)) {
		snprintf(info->text, sizeof info->text, "EC with explicit parameters");
		return;
	}
	UC_CLEANUP(uc_freep) char *oid = uc_der_oid_text(curve.content);
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
		if (strcmp(curves[i].oid, oid) != 0) continue;
		info->bits = curves[i].bits;
		snprintf(info->text, sizeof info->text, "EC %s", curves[i].text);
		return;
	}
	snprintf(info->text, sizeof info->text, "EC %s", oid);
}

struct uc_key_info uc_key_info_of(struct uc_slice spki)
{
	struct uc_key_info info = {.kind = UC_KEY_OTHER, .text = "unknown"};
	struct uc_der seq;
	struct uc_der alg;
	struct uc_der oid;
	struct uc_der bits;
	if (!uc_der_whole(spki, UC_DER_SEQUENCE, &seq)) return info;
	struct uc_reader r = uc_reader_of(seq.content);
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &alg) || !uc_der_expect(&r, UC_DER_BIT_STRING, &bits)) return info;
	struct uc_reader params = uc_reader_of(alg.content);
	if (!uc_der_expect(&params, UC_DER_OID, &oid)) return info;
	UC_CLEANUP(uc_freep) char *text = uc_der_oid_text(oid.content);
	snprintf(info.text, sizeof info.text, "%s", text);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].oid, text) != 0) continue;
		info.kind = kinds[i].kind;
		snprintf(info.text, sizeof info.text, "%s", kinds[i].text);
	}
	if (info.kind == UC_KEY_EC) describe_ec(&info, &params);
	if (info.kind == UC_KEY_RSA || info.kind == UC_KEY_RSA_PSS) info.bits = rsa_bits(bits.content);
	if (info.kind == UC_KEY_DSA) info.bits = dsa_bits(&params);
	if (info.kind == UC_KEY_RSA || info.kind == UC_KEY_RSA_PSS || info.kind == UC_KEY_DSA) {
		size_t n = strlen(info.text);
		snprintf(info.text + n, sizeof info.text - n, " %u", info.bits);
	}
	return info;
}
