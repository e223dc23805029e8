#include "trustlist/build.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "pki/key.h"
#include "trustlist/element.h"
#include "trustlist/list.h"
#include "trustlist/sign.h"

UC_DEFINE_CLEANUP(free_x509, X509, X509_free)

enum {
	MIN_SIGNER_BITS = 1024, /* there is a code for 512, but anybody can break such a key */
	MAX_HEADER = UINT16_MAX
};

enum uc_status uc_tl_signer_fits(const struct uc_cert *signer, struct uc_error *e)
{
	uint8_t code;
	struct uc_key_info info = uc_key_info_of(signer->spki);
	if (info.kind == UC_KEY_RSA && info.bits >= MIN_SIGNER_BITS && uc_tl_modulus_code(info.bits, &code)) return UC_OK;
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(signer);
	return uc_fail(e, UC_EREFUSED, "tlv-signer-key", "Sign with an RSA key of 2048 bits (1024 and 4096 are possible too).",
	               "the certificate '%s' cannot sign files for phones: its key is %s, for which the format has no code", label, info.text);
}

enum uc_status uc_tl_build_check(const struct uc_tl_build *b, struct uc_error *e)
{
	const struct uc_tl_signing *s = b->signing;
	if (s->digest != UC_TL_SHA1 && s->digest != UC_TL_SHA512)
		return uc_fail(e, UC_EINPUT, "tlv-digest", "Use SHA-1, or SHA-512 when every phone knows it.",
		               "files for phones are not signed with %s: no phone is known to take it", uc_tl_digest_text(s->digest));
	if (s->time < 0 || s->time > UINT32_MAX)
		return uc_fail(e, UC_EINPUT, "tlv-time", "Set the clock of this machine.",
		               "the time %lld does not fit into a file for phones (1970 to 2106)", (long long)s->time);
	return uc_tl_signer_fits(b->signer, e);
}

static void put_signer(const struct uc_tl_build *b, const char *name, const char *issuer, struct uc_buf *out)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf serial = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf in = UC_BUF_EMPTY;
	uc_tl_serial(b->signer, &serial);
	uc_tl_put_text(&in, UC_TLH_SIGNER_NAME, name);
	if (b->signing->layout == UC_TL_PEERS) uc_tl_put_text(&in, UC_TLH_ISSUER, issuer);
	uc_tl_put(&in, UC_TLH_SERIAL, uc_buf_slice(&serial));
	if (b->signing->layout == UC_TL_SERVER) uc_tl_put_text(&in, UC_TLH_ISSUER, issuer);
	uc_tl_put(out, UC_TLH_SIGNER, uc_buf_slice(&in));
}

static void put_signature_info(const struct uc_tl_build *b, uint8_t modulus, struct uc_buf *out)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf algorithm = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf in = UC_BUF_EMPTY;
	uc_tl_put_u8(&algorithm, UC_TLH_ALGORITHM, 0);
	uc_tl_put_u8(&algorithm, UC_TLH_MODULUS, modulus);
	uc_tl_put_u8(&in, UC_TLH_DIGEST, (uint8_t)b->signing->digest);
	uc_tl_put(&in, UC_TLH_ALGORITHM_INFO, uc_buf_slice(&algorithm));
	uc_tl_put(out, UC_TLH_SIGNATURE_INFO, uc_buf_slice(&in));
}

/* What stands before the signature, with a length still to be put in, and what stands after it, without padding. */
static void put_parts(const struct uc_tl_build *b, const char *name, const char *issuer, uint16_t length, struct uc_buf *before,
                      struct uc_buf *after)
{
	uint8_t modulus = 0;
	if (!uc_tl_modulus_code(uc_key_info_of(b->signer->spki).bits, &modulus)) abort(); /* uc_tl_build_check() has looked */
	uc_tl_put_u16(before, UC_TLH_VERSION, (uint16_t)(b->major << 8 | b->minor));
	uc_tl_put_u16(before, UC_TLH_LENGTH, length);
	if (b->with_signer_version && b->signing->signer_version >= 0)
		uc_tl_put_u16(before, UC_TLH_SIGNER_VERSION, (uint16_t)(1 << 8 | b->signing->signer_version));
	put_signer(b, name, issuer, before);
	put_signature_info(b, modulus, before);
	uc_tl_put_text(after, UC_TLH_FILE_NAME, b->signing->file_name);
	uc_tl_put_u32(after, UC_TLH_TIME, (uint32_t)b->signing->time);
	uc_buf_add_slice(after, b->more);
}

static size_t signature_length(const struct uc_tl_build *b)
{
	return uc_key_info_of(b->signer->spki).bits / 8;
}

enum uc_status uc_tl_build_header(const struct uc_tl_build *b, struct uc_buf *out, size_t *signature_at, struct uc_error *e)
{
	UC_TRY(uc_tl_build_check(b, e));
	UC_CLEANUP(uc_freep) char *name = uc_tl_name(b->signer->subject, b->signing->layout);
	UC_CLEANUP(uc_freep) char *issuer = uc_tl_name(b->signer->issuer, b->signing->layout);
	size_t texts = strlen(name) + strlen(issuer) + strlen(b->signing->file_name) + b->signer->serial.len + b->more.len;
	if (texts > MAX_HEADER / 2)
		return uc_fail(e, UC_ELIMIT, "tlv-too-large", "Shorten the names.",
		               "the header would be too large: the names of the signer and of the file have %zu bytes", texts);
	UC_CLEANUP(uc_buf_free) struct uc_buf before = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf after = UC_BUF_EMPTY;
	put_parts(b, name, issuer, 0, &before, &after);
	size_t used = before.len + UC_TL_HEAD + signature_length(b) + after.len;
	size_t length = (used + 3) / 4 * 4;
	uc_buf_free(&before);
	uc_buf_free(&after);
	put_parts(b, name, issuer, (uint16_t)length, &before, &after);
	for (size_t i = used; i < length; i++) uc_buf_add_u8(&after, UC_TLH_PADDING);
	uc_buf_add_slice(out, uc_buf_slice(&before));
	*signature_at = out->len;
	uc_buf_add_slice(out, uc_buf_slice(&after));
	return UC_OK;
}

static enum uc_status check_key(const struct uc_cert *signer, EVP_PKEY *key, struct uc_error *e)
{
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(signer);
	if (x != NULL && X509_get0_pubkey(x) != NULL && EVP_PKEY_eq(X509_get0_pubkey(x), key) == 1) return UC_OK;
	ERR_clear_error();
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(signer);
	return uc_fail(e, UC_EREFUSED, "key-mismatch", "Give the key that belongs to the signer's certificate.",
	               "the key is not the one of the signer's certificate '%s'", label);
}

static void assemble(struct uc_slice header, size_t at, struct uc_slice signature, struct uc_slice content, struct uc_buf *out)
{
	struct uc_reader r = uc_reader_of(header);
	struct uc_slice before = {.len = 0};
	struct uc_slice after = {.len = 0};
	if (!uc_read_slice(&r, at, &before) || !uc_read_slice(&r, uc_reader_left(&r), &after)) abort();
	uc_buf_reserve(out, header.len + UC_TL_HEAD + signature.len + content.len);
	uc_buf_add_slice(out, before);
	uc_tl_put(out, UC_TLH_SIGNATURE, signature);
	uc_buf_add_slice(out, after);
	uc_buf_add_slice(out, content);
}

enum uc_status uc_tl_build_file(const struct uc_tl_build *b, EVP_PKEY *key, struct uc_slice content, struct uc_buf *out, struct uc_error *e)
{
	size_t at = 0;
	UC_CLEANUP(uc_buf_free) struct uc_buf header = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf signature = UC_BUF_EMPTY;
	UC_TRY(uc_tl_build_header(b, &header, &at, e));
	UC_TRY(check_key(b->signer, key, e));
	/* A signature covers the pieces one after the other, wherever they are divided. */
	struct uc_tl_signed_parts parts = {.before = uc_buf_slice(&header), .after = content};
	UC_TRY(uc_tl_sign(key, b->signing->digest, parts, &signature, e));
	assemble(uc_buf_slice(&header), at, uc_buf_slice(&signature), content, out);
	return UC_OK;
}

enum uc_status uc_tl_build_signed(const struct uc_tl_build *b, struct uc_slice signature, struct uc_slice content, struct uc_buf *out,
                                  struct uc_error *e)
{
	size_t at = 0;
	UC_CLEANUP(uc_buf_free) struct uc_buf header = UC_BUF_EMPTY;
	UC_TRY(uc_tl_build_header(b, &header, &at, e));
	if (signature.len != signature_length(b))
		return uc_fail(e, UC_EINPUT, "tlv-signature", NULL, "the signature has %zu bytes, but the signer's key makes %zu", signature.len,
		               signature_length(b));
	assemble(uc_buf_slice(&header), at, signature, content, out);
	return UC_OK;
}
