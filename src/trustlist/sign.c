#include "trustlist/sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

UC_DEFINE_CLEANUP(free_md, EVP_MD_CTX, EVP_MD_CTX_free)

static const struct {
	enum uc_tl_digest code;
	const char *name;    /* on the command line and in settings */
	const char *openssl; /* and for people */
	const char *text;
} digests[] = {
    {UC_TL_SHA1, "sha1", "SHA1", "SHA-1"},
    {UC_TL_SHA256, "sha256", "SHA256", "SHA-256"},
    {UC_TL_SHA512, "sha512", "SHA512", "SHA-512"},
};

enum { DIGESTS = sizeof digests / sizeof *digests };

static size_t find(unsigned code)
{
	size_t i = 0;
	while (i < DIGESTS && (unsigned)digests[i].code != code) i++;
	return i;
}

const char *uc_tl_digest_name(unsigned code)
{
	size_t i = find(code);
	return i < DIGESTS ? digests[i].name : NULL;
}

const char *uc_tl_digest_text(unsigned code)
{
	size_t i = find(code);
	return i < DIGESTS ? digests[i].text : "unknown digest";
}

bool uc_tl_digest_find(const char *name, enum uc_tl_digest *out)
{
	for (size_t i = 0; i < DIGESTS; i++) {
		if (strcmp(digests[i].name, name) != 0) continue;
		*out = digests[i].code;
		return true;
	}
	return false;
}

static enum uc_status failed(const char *doing, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL failed while %s", doing);
}

/* Policies of systems, not faults of files or keys, are what keeps OpenSSL from beginning. */
static enum uc_status digest_off(unsigned digest, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EREFUSED, "tlv-digest-off",
	               "Allow it in the cryptographic policy of the system (SHA-1 is what older phones know), or let files be signed with the "
	               "other digest.",
	               "OpenSSL on this machine does not allow RSA signatures with %s", uc_tl_digest_text(digest));
}

/* OpenSSL's way of beginning to sign, or to verify. */
typedef int begin_fn(EVP_MD_CTX *md, EVP_PKEY_CTX **ctx, const EVP_MD *type, ENGINE *engine, EVP_PKEY *key);

static bool begin(EVP_MD_CTX *md, begin_fn *fn, unsigned digest, EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = NULL;
	size_t i = find(digest);
	return i < DIGESTS && fn(md, &ctx, EVP_get_digestbyname(digests[i].openssl), NULL, key) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
}

enum uc_status uc_tl_sign(EVP_PKEY *key, unsigned digest, struct uc_tl_signed_parts parts, struct uc_buf *out, struct uc_error *e)
{
	size_t len = (size_t)EVP_PKEY_get_size(key);
	UC_CLEANUP(uc_buf_free) struct uc_buf signature = UC_BUF_EMPTY;
	UC_CLEANUP(free_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	if (!begin(md, EVP_DigestSignInit, digest, key)) return digest_off(digest, e);
	/* The context signs once: without this OpenSSL works on a copy of it. */
	EVP_MD_CTX_set_flags(md, EVP_MD_CTX_FLAG_FINALISE);
	uint8_t *at = uc_buf_extend(&signature, len);
	if (EVP_DigestSignUpdate(md, parts.before.ptr, parts.before.len) != 1 ||
	    EVP_DigestSignUpdate(md, parts.after.ptr, parts.after.len) != 1 || EVP_DigestSignFinal(md, at, &len) != 1 || len > signature.len)
		return failed("signing a file for phones", e);
	uc_buf_add(out, at, len);
	return UC_OK;
}

enum uc_status uc_tl_check_signature(EVP_PKEY *key, unsigned digest, struct uc_tl_signed_parts parts, struct uc_slice signature, bool *good,
                                     struct uc_error *e)
{
	UC_CLEANUP(free_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	if (!begin(md, EVP_DigestVerifyInit, digest, key)) return digest_off(digest, e);
	if (EVP_DigestVerifyUpdate(md, parts.before.ptr, parts.before.len) != 1 ||
	    EVP_DigestVerifyUpdate(md, parts.after.ptr, parts.after.len) != 1)
		return failed("verifying a file for phones", e);
	/* Encodes the hash anew and compares the whole block: no padding is passed over, so a small exponent does not help a forger. */
	*good = EVP_DigestVerifyFinal(md, signature.ptr, signature.len) == 1;
	ERR_clear_error();
	return UC_OK;
}

bool uc_tl_digest(unsigned code, struct uc_slice data, struct uc_buf *out)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	size_t len = 0;
	size_t i = find(code);
	if (i == DIGESTS || EVP_Q_digest(NULL, digests[i].openssl, NULL, data.ptr, data.len, hash, &len) != 1) return false;
	uc_buf_add(out, hash, len);
	return true;
}

char *uc_tl_digest_hex(const char *name, struct uc_slice data)
{
	uint8_t hash[EVP_MAX_MD_SIZE];
	size_t len = 0;
	/* MD5 is off on some systems. */
	if (EVP_Q_digest(NULL, name, NULL, data.ptr, data.len, hash, &len) == 1) return uc_hex(uc_slice_of(hash, len), '\0');
	ERR_clear_error();
	return uc_strdup("");
}

static const unsigned modulus_bits[] = {512, 1024, 2048, 4096};
enum { MODULUS_CODES = sizeof modulus_bits / sizeof *modulus_bits };

unsigned uc_tl_modulus_bits(unsigned code)
{
	return code < MODULUS_CODES ? modulus_bits[code] : 0;
}

bool uc_tl_modulus_code(unsigned bits, uint8_t *out)
{
	for (size_t i = 0; i < MODULUS_CODES; i++) {
		if (modulus_bits[i] != bits) continue;
		*out = (uint8_t)i;
		return true;
	}
	return false;
}
