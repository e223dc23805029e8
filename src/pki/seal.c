#include "pki/seal.h"

#include <limits.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "pki/der.h"
#include "pki/key.h"

enum {
	MAX_SEALED = 16 << 20,
	TAG_LEN = 16,
	WRAPPED_LEN = 40,     /* a key of 32 bytes, wrapped (RFC 3394) */
	TAG_CONTEXT_0 = 0xa0, /* [0] constructed */
	TAG_CONTEXT_1 = 0xa1, /* [1] constructed */
	TAG_IMPLICIT_0 = 0x80 /* [0] primitive */
};

UC_DEFINE_CLEANUP(free_bio, BIO, BIO_free_all)
UC_DEFINE_CLEANUP(free_cms, CMS_ContentInfo, CMS_ContentInfo_free)
UC_DEFINE_CLEANUP(free_x509, X509, X509_free)
UC_DEFINE_CLEANUP(free_md, EVP_MD_CTX, EVP_MD_CTX_free)

static enum uc_status openssl_failed(struct uc_error *e, const char *doing)
{
	ERR_clear_error();
	return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL failed while %s", doing);
}

static enum uc_status bad_recipient(const struct uc_cert *c, const char *why, struct uc_error *e)
{
	char hex[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
	ERR_clear_error();
	return uc_fail(e, UC_EINPUT, "bad-recipient", "Keys are sealed to the certificates of nodes: give one that a node made.",
	               "nothing can be sealed to the certificate '%s' (%.16s...): %s", label, uc_cert_fingerprint_hex(c, hex), why);
}

static enum uc_status add_recipient(CMS_ContentInfo *cms, const struct uc_cert *c, struct uc_error *e)
{
	/* RFC 5753 section 3: a key usage that is there must allow key agreement. */
	if (c->has_ku && (c->key_usage & UC_KU_KEY_AGREEMENT) == 0) return bad_recipient(c, "its key usage does not allow key agreement", e);
	if (uc_key_info_of(c->spki).kind != UC_KEY_EC) return bad_recipient(c, "it has no EC key", e);
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(c);
	if (x == NULL || X509_get0_pubkey(x) == NULL) return bad_recipient(c, "OpenSSL cannot read it", e);
	CMS_RecipientInfo *ri = CMS_add1_recipient_cert(cms, x, CMS_KEY_PARAM);
	/* Without this OpenSSL 3.0 derives the key that wraps with SHA-1. */
	EVP_PKEY_CTX *kdf = ri != NULL ? CMS_RecipientInfo_get0_pkey_ctx(ri) : NULL;
	if (kdf == NULL || EVP_PKEY_CTX_set_ecdh_kdf_md(kdf, EVP_sha256()) <= 0) return bad_recipient(c, "OpenSSL cannot seal to its key", e);
	return UC_OK;
}

enum uc_status uc_seal(struct uc_slice data, const struct uc_certs *recipients, struct uc_buf *out, struct uc_error *e)
{
	if (recipients->count == 0) return uc_fail(e, UC_EINPUT, "bad-recipient", NULL, "there is no certificate to seal to");
	if (data.len > MAX_SEALED / 2) return uc_fail(e, UC_ELIMIT, "too-large", NULL, "%zu bytes are too many to seal", data.len);
	UC_CLEANUP(free_cms) CMS_ContentInfo *cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_PARTIAL | CMS_BINARY);
	if (cms == NULL) return openssl_failed(e, "preparing a seal");
	for (size_t i = 0; i < recipients->count; i++) UC_TRY(add_recipient(cms, recipients->items[i], e));
	UC_CLEANUP(free_bio) BIO *in = BIO_new_mem_buf(data.len > 0 ? (const void *)data.ptr : "", (int)data.len);
	if (in == NULL || CMS_final(cms, in, NULL, CMS_BINARY) != 1) return openssl_failed(e, "sealing");
	unsigned char *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);
	if (len <= 0) return openssl_failed(e, "writing what was sealed");
	uc_buf_add(out, der, (size_t)len);
	OPENSSL_free(der);
	return UC_OK;
}

static enum uc_status broken(const char *what, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EINPUT, "seal-broken", "Have it sealed again by the node that made it.",
	               "what was sealed to this node cannot be opened: %s", what);
}

/* AlgorithmIdentifier of AES-256-GCM with GCMParameters (RFC 5084 section 3.2): a nonce of 12 bytes and, the default being 12, a tag of 16. */
static bool is_our_algorithm(struct uc_reader *in)
{
	static const uint8_t aes_256_gcm[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e};
	struct uc_der algorithm;
	struct uc_der oid;
	struct uc_der parameters;
	struct uc_der nonce;
	struct uc_der tag_len;
	if (!uc_der_expect(in, UC_DER_SEQUENCE, &algorithm)) return false;
	struct uc_reader a = uc_reader_of(algorithm.content);
	if (!uc_der_expect(&a, UC_DER_OID, &oid) || !uc_slice_eq(oid.content, uc_slice_of(aes_256_gcm, sizeof aes_256_gcm)) ||
	    !uc_der_expect(&a, UC_DER_SEQUENCE, &parameters) || uc_reader_left(&a) != 0)
		return false;
	struct uc_reader p = uc_reader_of(parameters.content);
	return uc_der_expect(&p, UC_DER_OCTET_STRING, &nonce) && nonce.content.len == 12 && uc_der_expect(&p, UC_DER_INTEGER, &tag_len) &&
	       tag_len.content.len == 1 && tag_len.content.ptr[0] == TAG_LEN && uc_reader_left(&p) == 0;
}

/* [0] originatorKey [1]: the algorithm of an EC key without parameters (the curve is the recipient's), and an uncompressed point (RFC 5753 section 7.1.2). */
static bool is_our_originator(struct uc_reader *kari)
{
	static const uint8_t ec_key[] = {0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
	struct uc_der d;
	if (!uc_der_expect(kari, TAG_CONTEXT_0, &d) || !uc_der_whole(d.content, TAG_CONTEXT_1, &d)) return false;
	struct uc_reader key = uc_reader_of(d.content);
	return uc_der_expect(&key, UC_DER_SEQUENCE, &d) && uc_slice_eq(d.whole, uc_slice_of(ec_key, sizeof ec_key)) &&
	       uc_der_expect(&key, UC_DER_BIT_STRING, &d) && d.content.len > 2 && d.content.ptr[0] == 0 && d.content.ptr[1] == 4 &&
	       uc_reader_left(&key) == 0;
}

/* KeyAgreeRecipientInfo (RFC 5652 section 6.2.2): dhSinglePass-stdDH-sha256kdf with id-aes256-wrap, no ukm, one recipient by issuer and serial. */
static bool is_our_recipient(struct uc_slice content)
{
	static const uint8_t agreement[] = {0x30, 0x15, 0x06, 0x06, 0x2b, 0x81, 0x04, 0x01, 0x0b, 0x01, 0x30, 0x0b,
	                                    0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2d};
	struct uc_reader kari = uc_reader_of(content);
	struct uc_der d;
	if (!uc_der_expect(&kari, UC_DER_INTEGER, &d) || d.content.len != 1 || d.content.ptr[0] != 3 || !is_our_originator(&kari) ||
	    !uc_der_expect(&kari, UC_DER_SEQUENCE, &d) || !uc_slice_eq(d.whole, uc_slice_of(agreement, sizeof agreement)) ||
	    !uc_der_expect(&kari, UC_DER_SEQUENCE, &d) || uc_reader_left(&kari) != 0 || !uc_der_whole(d.content, UC_DER_SEQUENCE, &d))
		return false;
	struct uc_reader key = uc_reader_of(d.content);
	return uc_der_expect(&key, UC_DER_SEQUENCE, &d) && uc_der_expect(&key, UC_DER_OCTET_STRING, &d) && d.content.len == WRAPPED_LEN &&
	       uc_reader_left(&key) == 0;
}

static bool are_our_recipients(struct uc_slice set)
{
	struct uc_reader all = uc_reader_of(set);
	struct uc_der d;
	while (uc_reader_left(&all) > 0)
		if (!uc_der_expect(&all, TAG_CONTEXT_1, &d) || !is_our_recipient(d.content)) return false;
	return set.len > 0;
}

/*
 * AuthEnvelopedData exactly as uc_seal() makes it (RFC 5083 section 2.1), before OpenSSL sees it: OpenSSL would open unauthenticated EnvelopedData as well, take a tag of any length, and pass
 * over the parts that the tag does not cover; and 3.0 writes beyond its buffers for other ways of wrapping (id-aes256-wrap-pad), and follows NULL where parameters are missing.
 */
static bool is_our_form(struct uc_slice sealed)
{
	static const uint8_t auth_enveloped[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17};
	static const uint8_t data_type[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01};
	struct uc_der d;
	struct uc_der content;
	if (!uc_der_whole(sealed, UC_DER_SEQUENCE, &d)) return false;
	struct uc_reader info = uc_reader_of(d.content);
	if (!uc_der_expect(&info, UC_DER_OID, &d) || !uc_slice_eq(d.content, uc_slice_of(auth_enveloped, sizeof auth_enveloped)) ||
	    !uc_der_expect(&info, TAG_CONTEXT_0, &d) || uc_reader_left(&info) != 0 || !uc_der_whole(d.content, UC_DER_SEQUENCE, &d))
		return false;
	struct uc_reader in = uc_reader_of(d.content);
	if (!uc_der_expect(&in, UC_DER_INTEGER, &d) || d.content.len != 1 || d.content.ptr[0] != 0 || !uc_der_expect(&in, UC_DER_SET, &d) ||
	    !are_our_recipients(d.content) || !uc_der_expect(&in, UC_DER_SEQUENCE, &content) || !uc_der_expect(&in, UC_DER_OCTET_STRING, &d) ||
	    d.content.len != TAG_LEN || uc_reader_left(&in) != 0)
		return false;
	struct uc_reader c = uc_reader_of(content.content);
	return uc_der_expect(&c, UC_DER_OID, &d) && uc_slice_eq(d.content, uc_slice_of(data_type, sizeof data_type)) && is_our_algorithm(&c) &&
	       uc_der_expect(&c, TAG_IMPLICIT_0, &d) && uc_reader_left(&c) == 0;
}

static bool is_recipient(CMS_RecipientInfo *ri, X509 *x)
{
	if (CMS_RecipientInfo_type(ri) != CMS_RECIPINFO_AGREE) return false;
	STACK_OF(CMS_RecipientEncryptedKey) *keys = CMS_RecipientInfo_kari_get0_reks(ri);
	for (int i = 0; i < sk_CMS_RecipientEncryptedKey_num(keys); i++)
		if (CMS_RecipientEncryptedKey_cert_cmp(sk_CMS_RecipientEncryptedKey_value(keys, i), x) == 0) return true;
	return false;
}

static bool is_sealed_to(CMS_ContentInfo *cms, X509 *x)
{
	STACK_OF(CMS_RecipientInfo) *all = CMS_get0_RecipientInfos(cms);
	for (int i = 0; i < sk_CMS_RecipientInfo_num(all); i++)
		if (is_recipient(sk_CMS_RecipientInfo_value(all, i), x)) return true;
	return false;
}

enum uc_status uc_unseal(struct uc_slice sealed, const struct uc_cert *cert, EVP_PKEY *key, struct uc_buf *out, struct uc_error *e)
{
	if (sealed.len > MAX_SEALED || !is_our_form(sealed)) return broken("it is not AuthEnvelopedData in the form that nodes make", e);
	const unsigned char *p = sealed.ptr;
	UC_CLEANUP(free_cms) CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)sealed.len);
	if (cms == NULL || p != sealed.ptr + sealed.len) return broken("its structure is damaged", e);
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(cert);
	if (x == NULL) return openssl_failed(e, "reading the certificate that was sealed to");
	char hex[UC_FINGERPRINT_HEX];
	if (!is_sealed_to(cms, x))
		return uc_fail(e, UC_EREFUSED, "sealed-to-others", "Have it sealed again, to this node's certificate too.",
		               "it was not sealed to the certificate %.16s...", uc_cert_fingerprint_hex(cert, hex));
	UC_CLEANUP(free_bio) BIO *plain = BIO_new(BIO_s_mem()); /* wiped when it is freed, as every BUF_MEM */
	if (plain == NULL) return openssl_failed(e, "opening what was sealed");
	if (CMS_decrypt(cms, key, x, NULL, plain, CMS_BINARY) != 1) return broken("it was changed, or sealed to another key", e);
	char *data = NULL;
	long len = BIO_get_mem_data(plain, &data);
	if (len > 0) uc_buf_add(out, data, (size_t)len);
	return UC_OK;
}

bool uc_signature_ok(const struct uc_cert *cert, struct uc_slice data, struct uc_slice signature)
{
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(cert);
	EVP_PKEY *key = x != NULL ? X509_get0_pubkey(x) : NULL;
	if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
	UC_CLEANUP(free_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md != NULL && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
	          EVP_DigestVerify(md, signature.ptr, signature.len, data.ptr, data.len) == 1;
	if (!ok) ERR_clear_error();
	return ok;
}

void uc_hmac_sha256(struct uc_slice key, struct uc_slice data, uint8_t out[32])
{
	/* It fails without memory only, and then the process ends as it does everywhere. */
	if (key.len > INT_MAX ||
	    HMAC(EVP_sha256(), key.len > 0 ? (const void *)key.ptr : "", (int)key.len, data.ptr, data.len, out, NULL) == NULL)
		abort();
}

bool uc_equal_secret(struct uc_slice a, struct uc_slice b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
