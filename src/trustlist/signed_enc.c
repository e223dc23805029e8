/* Encrypted configurations: AES-128-CBC, with a key that is wrapped (RSAES-PKCS1-v1_5, RFC 8017 section 7.2) to the phone's certificate. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/random.h"
#include "pki/key.h"
#include "trustlist/build.h"
#include "trustlist/element.h"
#include "trustlist/sign.h"
#include "trustlist/signed.h"

enum {
	BLOCK = 16,
	KEY_LEN = 16,
	AES = 1,           /* of the key, as peers write it */
	PAD_BYTE = '\r',   /* the number of them stands in the header */
	MAX_WRAPPED = 1024 /* RSA 8192 */
};

UC_DEFINE_CLEANUP(free_cipher, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
UC_DEFINE_CLEANUP(free_pkey_ctx, EVP_PKEY_CTX, EVP_PKEY_CTX_free)
UC_DEFINE_CLEANUP(free_x509, X509, X509_free)

struct secret {
	uint8_t key[KEY_LEN], iv[BLOCK];
};

static void secret_wipe(struct secret *s)
{
	explicit_bzero(s, sizeof *s);
}

static enum uc_status failed(const char *doing, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL failed while %s", doing);
}

/* Whole blocks in, whole blocks out; the padding is not OpenSSL's. Appended to out. */
static bool run_cipher(const struct secret *s, bool encrypt, struct uc_slice in, struct uc_buf *out)
{
	int len = 0;
	int last = 0;
	UC_CLEANUP(free_cipher) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t *at = uc_buf_extend(out, in.len);
	return in.len <= INT32_MAX && EVP_CipherInit_ex2(ctx, EVP_aes_128_cbc(), s->key, s->iv, encrypt, NULL) == 1 &&
	       EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 && EVP_CipherUpdate(ctx, at, &len, in.ptr, (int)in.len) == 1 && (size_t)len == in.len &&
	       EVP_CipherFinal_ex(ctx, at + len, &last) == 1 && last == 0;
}

/* ---- writing ---- */

static enum uc_status wrap(const struct uc_cert *phone, const struct secret *s, struct uc_buf *out, struct uc_error *e)
{
	size_t len = 0;
	struct uc_key_info info = uc_key_info_of(phone->spki);
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(phone);
	if (info.kind != UC_KEY_RSA)
		return uc_fail(
		    e, UC_EREFUSED, "enc-needs-rsa", "Give the phone an RSA certificate (LSC or MIC), or leave its configuration in the clear.",
		    "nothing can be encrypted to the phone's certificate '%s': its key is %s, and configurations are encrypted to RSA keys only",
		    label, info.text);
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(phone);
	EVP_PKEY *key = x != NULL ? X509_get0_pubkey(x) : NULL;
	UC_CLEANUP(free_pkey_ctx) EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
	if (ctx == NULL || EVP_PKEY_encrypt_init(ctx) != 1 || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
	    EVP_PKEY_encrypt(ctx, NULL, &len, s->key, sizeof s->key) != 1 || len > MAX_WRAPPED)
		return failed("encrypting to a phone's key", e);
	uint8_t *at = uc_buf_extend(out, len);
	if (EVP_PKEY_encrypt(ctx, at, &len, s->key, sizeof s->key) != 1) return failed("encrypting to a phone's key", e);
	return UC_OK;
}

/* Elements 16 to 27 of the header. */
static void put_encryption(const struct secret *s, unsigned pad, struct uc_slice wrapped, unsigned digest, struct uc_slice content_digest,
                           struct uc_buf *out)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf iv = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf key = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf both = UC_BUF_EMPTY;
	uc_tl_put_u8(&iv, UC_TLH_IV_UNKNOWN, 0);
	uc_tl_put(&iv, UC_TLH_IV, uc_slice_of(s->iv, sizeof s->iv));
	uc_tl_put_u16(&iv, UC_TLH_PAD_COUNT, (uint16_t)pad);
	uc_tl_put_u8(&key, UC_TLH_KEY_UNKNOWN, 0);
	uc_tl_put_u16(&key, UC_TLH_KEY_BITS, (uint16_t)(8 * wrapped.len));
	uc_tl_put_u8(&key, UC_TLH_KEY_ALGORITHM, AES);
	uc_tl_put(&key, UC_TLH_KEY, wrapped);
	uc_tl_put(&both, UC_TLH_IV_INFO, uc_buf_slice(&iv));
	uc_tl_put(&both, UC_TLH_KEY_INFO, uc_buf_slice(&key));
	uc_tl_put(out, UC_TLH_ENCRYPTION, uc_buf_slice(&both));
	uc_tl_put_u8(out, UC_TLH_CONTENT_DIGEST_ALGORITHM, (uint8_t)digest);
	uc_tl_put(out, UC_TLH_CONTENT_DIGEST, content_digest);
}

static enum uc_status take_secret(const struct uc_cert *phone, const struct uc_enc_fixed *fixed, struct secret *s, struct uc_buf *wrapped,
                                  struct uc_error *e)
{
	if (fixed == NULL) {
		uc_random(s, sizeof *s);
		return wrap(phone, s, wrapped, e);
	}
	memcpy(s->key, fixed->key, sizeof s->key);
	memcpy(s->iv, fixed->iv, sizeof s->iv);
	uc_buf_add_slice(wrapped, fixed->wrapped);
	return UC_OK;
}

enum uc_status uc_enc_write(const struct uc_tl_signing *signing, const struct uc_cert *signer, EVP_PKEY *key, const struct uc_cert *phone,
                            struct uc_slice content, const struct uc_enc_fixed *fixed, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(secret_wipe) struct secret s;
	UC_CLEANUP(uc_buf_free) struct uc_buf wrapped = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf digest = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf more = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf body = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf padded = UC_BUF_EMPTY;
	if (content.len > UC_SGN_MAX)
		return uc_fail(e, UC_ELIMIT, "sgn-too-large", NULL, "'%s' has %zu bytes, more than the %zu that are signed for phones",
		               signing->file_name, content.len, UC_SGN_MAX);
	UC_TRY(uc_tl_build_check(&(struct uc_tl_build){.signing = signing, .signer = signer}, e));
	UC_TRY(take_secret(phone, fixed, &s, &wrapped, e));
	unsigned pad = BLOCK - (unsigned)(content.len % BLOCK);
	uc_buf_add_slice(&padded, content);
	for (unsigned i = 0; i < pad; i++) uc_buf_add_u8(&padded, PAD_BYTE);
	if (!uc_tl_digest(signing->digest, content, &digest) || !run_cipher(&s, true, uc_buf_slice(&padded), &body))
		return failed("encrypting a configuration", e);
	put_encryption(&s, pad, uc_buf_slice(&wrapped), signing->digest, uc_buf_slice(&digest), &more);
	const struct uc_tl_build b = {.signing = signing, .signer = signer, .major = 2, .minor = 0, .more = uc_buf_slice(&more)};
	return uc_tl_build_file(&b, key, uc_buf_slice(&body), out, e);
}

/* ---- reading ---- */

static enum uc_status malformed(const char *what, struct uc_error *e)
{
	return uc_fail(e, UC_EINPUT, "enc-malformed", "Have it encrypted again.", "the encrypted file is malformed: %s", what);
}

static enum uc_status check_form(const struct uc_tl_header *h, struct uc_slice body, struct uc_error *e)
{
	if (!h->encrypted) return uc_fail(e, UC_EINPUT, "enc-not-encrypted", NULL, "the file is signed but not encrypted");
	if (h->iv.len != BLOCK) return malformed("its IV has not 16 bytes", e);
	if (h->pad_count < 1 || h->pad_count > BLOCK) return malformed("its padding is not of 1 to 16 bytes", e);
	if (h->wrapped_key.len == 0) return malformed("it has no key", e);
	if (body.len == 0 || body.len % BLOCK != 0) return malformed("its content is not of whole blocks of 16 bytes", e);
	if (uc_tl_digest_name(h->content_digest_algorithm) == NULL) return malformed("the kind of its content's digest is unknown", e);
	return UC_OK;
}

static enum uc_status unwrap(const struct uc_tl_header *h, EVP_PKEY *key, struct secret *s, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf plain = UC_BUF_EMPTY;
	UC_CLEANUP(free_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	size_t len = 0;
	bool ok = EVP_PKEY_is_a(key, "RSA") && ctx != NULL && h->wrapped_key.len == (size_t)EVP_PKEY_get_size(key) &&
	          EVP_PKEY_decrypt_init(ctx) == 1 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	          EVP_PKEY_decrypt(ctx, NULL, &len, h->wrapped_key.ptr, h->wrapped_key.len) == 1;
	uint8_t *at = ok ? uc_buf_extend(&plain, len) : NULL;
	ok = ok && EVP_PKEY_decrypt(ctx, at, &len, h->wrapped_key.ptr, h->wrapped_key.len) == 1 && len == sizeof s->key;
	ERR_clear_error();
	if (!ok)
		return uc_fail(e, UC_EREFUSED, "enc-wrong-key", "Give the private key of the phone's certificate for which it was encrypted.",
		               "the file was encrypted for another key than this one");
	memcpy(s->key, at, sizeof s->key);
	memcpy(s->iv, h->iv.ptr, sizeof s->iv);
	return UC_OK;
}

static enum uc_status decrypt(const struct uc_tl_header *h, struct uc_slice body, EVP_PKEY *key, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(secret_wipe) struct secret s;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf plain = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf digest = UC_BUF_EMPTY;
	UC_TRY(check_form(h, body, e));
	UC_TRY(unwrap(h, key, &s, e));
	if (!run_cipher(&s, false, body, &plain)) return failed("decrypting a configuration", e);
	struct uc_slice content = uc_slice_of(plain.ptr, plain.len - h->pad_count);
	if (!uc_tl_digest(h->content_digest_algorithm, content, &digest)) return failed("decrypting a configuration", e);
	if (!uc_slice_eq(uc_buf_slice(&digest), uc_buf_slice(&h->content_digest)))
		return uc_fail(e, UC_EREFUSED, "enc-digest", "It was changed, or encrypted for another key.",
		               "what was decrypted is not what was encrypted: its %s digest is another one than the header says",
		               uc_tl_digest_text(h->content_digest_algorithm));
	uc_buf_add_slice(out, content);
	return UC_OK;
}

enum uc_status uc_enc_read(struct uc_slice file, EVP_PKEY *key, struct uc_buf *out, struct uc_error *e)
{
	struct uc_tl_header h;
	struct uc_slice body;
	UC_TRY(uc_sgn_read(file, &h, &body, NULL, e));
	enum uc_status status = decrypt(&h, body, key, out, e);
	uc_tl_header_free(&h);
	return status;
}
