#include "keys/token_jose.h"

#include <cjose/cjose.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_NUMBER = 2048, /* bytes of an RSA number: 16384 bits, the most that OpenSSL verifies with */
	JWS_PARTS = 3,
	JWE_PARTS = 5,
	NONCE_CHARS = 16, /* 96 bits in base64url */
	TAG_CHARS = 22    /* 128 bits */
};

UC_DEFINE_CLEANUP(free_jwk, cjose_jwk_t, cjose_jwk_release)
UC_DEFINE_CLEANUP(free_jws, cjose_jws_t, cjose_jws_release)
UC_DEFINE_CLEANUP(free_jwe, cjose_jwe_t, cjose_jwe_release)
UC_DEFINE_CLEANUP(free_header, cjose_header_t, cjose_header_release)
UC_DEFINE_CLEANUP(free_json, json_t, json_decref)

enum uc_status uc_token_invalid(const char *why, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EAUTH, "token-invalid", "Sign in again.", "the token is not good here: %s", why);
}

enum uc_status uc_token_replaced(const char *which, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EAUTH, "token-replaced-key", "Sign in again: a new token is made under the present keys.",
	               "the token was made under an %s key that is no longer in force", which);
}

static enum uc_status jose_failed(const char *doing, const cjose_err *why, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EINTERNAL, "jose", NULL, "cjose failed while %s: %s", doing, why->message != NULL ? why->message : "unknown");
}

/* ---- keys ---- */

/* The numbers of an RSA key, in the order of cjose_jwk_rsa_keyspec; the first two are public. */
static const char *const numbers[] = {
    OSSL_PKEY_PARAM_RSA_E,       OSSL_PKEY_PARAM_RSA_N,         OSSL_PKEY_PARAM_RSA_D,         OSSL_PKEY_PARAM_RSA_FACTOR1,
    OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};
enum { PUBLIC_NUMBERS = 2, ALL_NUMBERS = sizeof numbers / sizeof *numbers };

static bool number_of(const EVP_PKEY *key, const char *name, struct uc_buf *out)
{
	BIGNUM *n = NULL;
	bool ok = EVP_PKEY_get_bn_param(key, name, &n) == 1 && BN_num_bytes(n) > 0 && BN_num_bytes(n) <= MAX_NUMBER;
	if (ok) BN_bn2bin(n, uc_buf_extend(out, (size_t)BN_num_bytes(n)));
	BN_clear_free(n);
	return ok;
}

static cjose_jwk_t *rsa_jwk(const EVP_PKEY *key, size_t count, cjose_err *why)
{
	struct uc_buf part[ALL_NUMBERS] = {{.ptr = NULL}};
	bool ok = true;
	for (size_t i = 0; i < count; i++) ok = ok && number_of(key, numbers[i], &part[i]);
	const cjose_jwk_rsa_keyspec spec = {
	    .e = part[0].ptr,
	    .elen = part[0].len,
	    .n = part[1].ptr,
	    .nlen = part[1].len,
	    .d = part[2].ptr,
	    .dlen = part[2].len,
	    .p = part[3].ptr,
	    .plen = part[3].len,
	    .q = part[4].ptr,
	    .qlen = part[4].len,
	    .dp = part[5].ptr,
	    .dplen = part[5].len,
	    .dq = part[6].ptr,
	    .dqlen = part[6].len,
	    .qi = part[7].ptr,
	    .qilen = part[7].len,
	};
	cjose_jwk_t *jwk = ok ? cjose_jwk_create_RSA_spec(&spec, why) : NULL;
	for (size_t i = 0; i < ALL_NUMBERS; i++) uc_buf_wipe(&part[i]);
	return jwk;
}

json_t *uc_token_jwks(const struct uc_token_keys *k)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf e = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf n = UC_BUF_EMPTY;
	json_t *keys = json_array();
	if (k->signing != NULL && number_of(k->signing, OSSL_PKEY_PARAM_RSA_E, &e) && number_of(k->signing, OSSL_PKEY_PARAM_RSA_N, &n)) {
		UC_CLEANUP(uc_freep) char *e_text = uc_base64url(uc_buf_slice(&e));
		UC_CLEANUP(uc_freep) char *n_text = uc_base64url(uc_buf_slice(&n));
		json_array_append_new(keys, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kty", "RSA", "use", "sig", "alg", "RS256", "kid",
		                                      k->signing_id, "n", n_text, "e", e_text));
	}
	return json_pack("{s:o}", "keys", keys);
}

/* ---- headers ---- */

/* Our header of a JWS or JWE: all of its members. */
struct header {
	const char *alg, *enc, *type_name, *type, *kid;
};

static cjose_header_t *make_header(const struct header *h, cjose_err *why)
{
	UC_CLEANUP(free_header) cjose_header_t *out = cjose_header_new(why);
	if (out == NULL || !cjose_header_set(out, CJOSE_HDR_ALG, h->alg, why) || !cjose_header_set(out, CJOSE_HDR_KID, h->kid, why) ||
	    !cjose_header_set(out, h->type_name, h->type, why) || (h->enc != NULL && !cjose_header_set(out, CJOSE_HDR_ENC, h->enc, why)))
		return NULL;
	return uc_move(out);
}

/* The text has exactly these many parts between dots, each of base64url as we write it; parts may be empty here. */
static bool split(struct uc_slice token, size_t want, struct uc_slice *parts)
{
	struct uc_reader r = uc_reader_of(token);
	for (size_t i = 0; i < want; i++) {
		UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = UC_BUF_EMPTY;
		struct uc_reader start = r;
		size_t len = 0;
		uint8_t c = '\0';
		while (uc_read_u8(&r, &c) && c != '.') len++;
		if ((c == '.') != (i + 1 < want) || !uc_read_slice(&start, len, &parts[i]) || !uc_unbase64url(parts[i], &bytes)) return false;
	}
	return uc_reader_left(&r) == 0;
}

static bool member_is(const json_t *object, const char *name, const char *want)
{
	const char *have = json_string_value(json_object_get(object, name));
	return have != NULL && strcmp(have, want) == 0;
}

static bool is_key_id(const json_t *value)
{
	const char *text = json_string_value(value);
	return text != NULL && strlen(text) == UC_KEY_ID_LEN - 1 && strspn(text, "0123456789abcdef") == UC_KEY_ID_LEN - 1;
}

/*
 * The header has our members and no other (no "crit", no "zip", no "jwk" that names its own key), once each, with our values: so the algorithm is ours before anything is verified with it (RFC 8725
 * sections 3.1 and 3.2), and only then is another key's id a key that was replaced.
 */
static enum uc_status check_header(struct uc_slice encoded, const struct header *want, const char *which, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
	if (!uc_unbase64url(encoded, &text)) return uc_token_invalid("its header is not base64url", e);
	UC_CLEANUP(free_json) json_t *header = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_object_size(header) != (want->enc != NULL ? 4 : 3)) return uc_token_invalid("its header has not the members of ours", e);
	if (!member_is(header, "alg", want->alg) || (want->enc != NULL && !member_is(header, "enc", want->enc)))
		return uc_token_invalid("its algorithm is not ours", e);
	if (!member_is(header, want->type_name, want->type)) return uc_token_invalid("it is of another type", e);
	if (!is_key_id(json_object_get(header, "kid"))) return uc_token_invalid("it does not name its key as we do", e);
	return member_is(header, "kid", want->kid) ? UC_OK : uc_token_replaced(which, e);
}

/* ---- JWS ---- */

static struct header jws_header(const struct uc_token_keys *k, const char *type)
{
	return (struct header){.alg = CJOSE_HDR_ALG_RS256, .type_name = "typ", .type = type, .kid = k->signing_id};
}

enum uc_status uc_jws_make(const struct uc_token_keys *k, const char *type, struct uc_slice payload, char **out, struct uc_error *e)
{
	cjose_err why = {.code = CJOSE_ERR_NONE};
	const struct header ours = jws_header(k, type);
	UC_CLEANUP(free_jwk) cjose_jwk_t *jwk = rsa_jwk(k->signing, ALL_NUMBERS, &why);
	UC_CLEANUP(free_header) cjose_header_t *header = make_header(&ours, &why);
	UC_CLEANUP(free_jws)
	cjose_jws_t *jws = jwk != NULL && header != NULL ? cjose_jws_sign(jwk, header, payload.ptr, payload.len, &why) : NULL;
	const char *text = NULL;
	if (jws == NULL || !cjose_jws_export(jws, &text, &why)) return jose_failed("signing a token", &why, e);
	*out = uc_strdup(text);
	return UC_OK;
}

enum uc_status uc_jws_open(const struct uc_token_keys *k, const char *type, struct uc_slice token, struct uc_buf *payload,
                           struct uc_error *e)
{
	struct uc_slice parts[JWS_PARTS];
	cjose_err why = {.code = CJOSE_ERR_NONE};
	const struct header ours = jws_header(k, type);
	if (!split(token, JWS_PARTS, parts)) return uc_token_invalid("it is not a signed token", e);
	UC_TRY(check_header(parts[0], &ours, "authz signing", e));
	UC_CLEANUP(free_jwk) cjose_jwk_t *jwk = rsa_jwk(k->signing, PUBLIC_NUMBERS, &why);
	if (jwk == NULL) return jose_failed("reading the signing key", &why, e);
	UC_CLEANUP(free_jws) cjose_jws_t *jws = cjose_jws_import((const char *)token.ptr, token.len, &why);
	uint8_t *bytes = NULL; /* borrowed from jws */
	size_t len = 0;
	if (jws == NULL || !cjose_jws_verify(jws, jwk, &why)) return uc_token_invalid("its signature is wrong", e);
	if (!cjose_jws_get_plaintext(jws, &bytes, &len, &why)) return uc_token_invalid("it is empty", e);
	uc_buf_add(payload, bytes, len);
	return UC_OK;
}

/* ---- JWE ---- */

static struct header jwe_header(const struct uc_token_keys *k)
{
	return (struct header){
	    .alg = CJOSE_HDR_ALG_DIR, .enc = CJOSE_HDR_ENC_A256GCM, .type_name = CJOSE_HDR_CTY, .type = "JWT", .kid = k->encryption_id};
}

enum uc_status uc_jwe_make(const struct uc_token_keys *k, struct uc_slice payload, char **out, struct uc_error *e)
{
	cjose_err why = {.code = CJOSE_ERR_NONE};
	const struct header ours = jwe_header(k);
	UC_CLEANUP(free_jwk) cjose_jwk_t *jwk = cjose_jwk_create_oct_spec(k->encryption, sizeof k->encryption, &why);
	UC_CLEANUP(free_header) cjose_header_t *header = make_header(&ours, &why);
	UC_CLEANUP(free_jwe)
	cjose_jwe_t *jwe = jwk != NULL && header != NULL ? cjose_jwe_encrypt(jwk, header, payload.ptr, payload.len, &why) : NULL;
	*out = jwe != NULL ? cjose_jwe_export(jwe, &why) : NULL;
	return *out != NULL ? UC_OK : jose_failed("encrypting a token", &why, e);
}

enum uc_status uc_jwe_open(const struct uc_token_keys *k, struct uc_slice token, struct uc_buf *payload, struct uc_error *e)
{
	struct uc_slice parts[JWE_PARTS];
	cjose_err why = {.code = CJOSE_ERR_NONE};
	const struct header ours = jwe_header(k);
	/* "dir" has no encrypted key; a shorter tag would be accepted by some versions of cjose. */
	if (!split(token, JWE_PARTS, parts) || parts[1].len != 0 || parts[2].len != NONCE_CHARS || parts[4].len != TAG_CHARS)
		return uc_token_invalid("it is not an encrypted token", e);
	UC_TRY(check_header(parts[0], &ours, "authz encryption", e));
	UC_CLEANUP(free_jwk) cjose_jwk_t *jwk = cjose_jwk_create_oct_spec(k->encryption, sizeof k->encryption, &why);
	if (jwk == NULL) return jose_failed("reading the encryption key", &why, e);
	UC_CLEANUP(free_jwe) cjose_jwe_t *jwe = cjose_jwe_import((const char *)token.ptr, token.len, &why);
	size_t len = 0;
	uint8_t *bytes = jwe != NULL ? cjose_jwe_decrypt(jwe, jwk, &len, &why) : NULL;
	if (bytes == NULL) return uc_token_invalid("it cannot be decrypted", e);
	uc_buf_add(payload, bytes, len);
	uc_secret_free(bytes, len);
	return UC_OK;
}
