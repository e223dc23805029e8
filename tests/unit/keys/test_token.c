/* src/keys/token.c, token_jose.c: OAuth tokens, held against OpenSSL's own RSA, HMAC and AES-GCM. */
#include "pki/openssl_files.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "core/clock.h"
#include "core/random.h"
#include "core/text.h"
#include "keys/token.h"
#include "pki/digest.h"
#include "pki/seal.h"

#define ISSUER "urn:ucpki:0123456789abcdef"
static const uc_time now = 1800000000;
static const struct uc_token_subject subject = {.issuer = ISSUER, .account = "admin", .role = "administrator", .credential = "abc"};

static struct uc_token_keys keys;  /* in force */
static struct uc_token_keys older; /* what was before */

/* ---- making tokens without the code under test ---- */

static struct uc_token_keys make_keys(void)
{
	struct uc_error e;
	struct uc_token_keys k = {.whole = true};
	assert_ok(uc_key_generate(uc_key_spec_find("rsa-2048"), &k.signing, &e), e);
	uc_key_id_of(k.signing, k.signing_id);
	uc_random(k.encryption, sizeof k.encryption);
	uc_sha256_hex(uc_slice_of(k.encryption, sizeof k.encryption), k.encryption_id);
	return k;
}

static void put(const char *name, struct uc_slice bytes)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", files_dir, name);
	assert_ok(uc_file_write(path, bytes, 0600, &e), e);
}

static char *encoded(const char *text)
{
	return uc_base64url(uc_slice_str(text));
}

static struct uc_buf decoded(struct uc_slice part)
{
	struct uc_buf out = UC_BUF_EMPTY;
	assert_true(uc_unbase64url(part, &out));
	return out;
}

/* The nth part between dots. */
static struct uc_slice part_of(const char *token, int n)
{
	for (; n > 0; n--) {
		token = strchr(token, '.');
		assert_non_null(token);
		token++;
	}
	return uc_slice_of(token, strcspn(token, "."));
}

static char *with_signature(const char *header, const char *payload, struct uc_slice (*sign)(struct uc_slice, struct uc_buf *))
{
	UC_CLEANUP(uc_freep) char *h = encoded(header);
	UC_CLEANUP(uc_freep) char *p = encoded(payload);
	UC_CLEANUP(uc_freep) char *input = uc_sprintf("%s.%s", h, p);
	UC_CLEANUP(uc_buf_free) struct uc_buf sig = UC_BUF_EMPTY;
	UC_CLEANUP(uc_freep) char *s = uc_base64url(sign(uc_slice_str(input), &sig));
	return uc_sprintf("%s.%s", input, s);
}

static struct uc_slice rsa_signed(EVP_PKEY *key, const EVP_MD *md, int padding, struct uc_slice input, struct uc_buf *out)
{
	size_t len = 512;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *rsa = NULL;
	uint8_t *at = uc_buf_extend(out, len);
	assert_int_equal(EVP_DigestSignInit(ctx, &rsa, md, NULL, key), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(rsa, padding), 1);
	assert_int_equal(EVP_DigestSign(ctx, at, &len, input.ptr, input.len), 1);
	EVP_MD_CTX_free(ctx);
	out->len = len;
	return uc_buf_slice(out);
}

static struct uc_slice by_key(struct uc_slice input, struct uc_buf *out)
{
	return rsa_signed(keys.signing, EVP_sha256(), RSA_PKCS1_PADDING, input, out);
}

static struct uc_slice by_older_key(struct uc_slice input, struct uc_buf *out)
{
	return rsa_signed(older.signing, EVP_sha256(), RSA_PKCS1_PADDING, input, out);
}

static struct uc_slice by_sha512(struct uc_slice input, struct uc_buf *out)
{
	return rsa_signed(keys.signing, EVP_sha512(), RSA_PKCS1_PADDING, input, out);
}

static struct uc_slice by_pss(struct uc_slice input, struct uc_buf *out)
{
	return rsa_signed(keys.signing, EVP_sha256(), RSA_PKCS1_PSS_PADDING, input, out);
}

static struct uc_slice by_nobody(struct uc_slice input, struct uc_buf *out)
{
	(void)input;
	return uc_buf_slice(out);
}

/* The attack of the confused algorithm: the public key, which everybody has, as the secret of an HMAC. */
static struct uc_slice by_public_key_der(struct uc_slice input, struct uc_buf *out)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf spki = UC_BUF_EMPTY;
	uc_key_spki(keys.signing, &spki);
	uc_hmac_sha256(uc_buf_slice(&spki), input, uc_buf_extend(out, 32));
	return uc_buf_slice(out);
}

static struct uc_slice by_public_key_pem(struct uc_slice input, struct uc_buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	assert_int_equal(PEM_write_bio_PUBKEY(bio, keys.signing), 1);
	char *pem = NULL;
	long len = BIO_get_mem_data(bio, &pem);
	uc_hmac_sha256(uc_slice_of(pem, (size_t)len), input, uc_buf_extend(out, 32));
	BIO_free(bio);
	return uc_buf_slice(out);
}

static char *aes_gcm(const uint8_t key[32], const char *header, const char *payload)
{
	static const uint8_t iv[12] = "abcdefghijk";
	uint8_t tag[16];
	int len = 0;
	UC_CLEANUP(uc_freep) char *h = encoded(header);
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &len, (const uint8_t *)h, (int)strlen(h)), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, uc_buf_extend(&out, strlen(payload)), &len, (const uint8_t *)payload, (int)strlen(payload)), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, tag, &len), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, sizeof tag, tag), 1);
	EVP_CIPHER_CTX_free(ctx);
	UC_CLEANUP(uc_freep) char *i = uc_base64url(uc_slice_of(iv, sizeof iv));
	UC_CLEANUP(uc_freep) char *c = uc_base64url(uc_buf_slice(&out));
	UC_CLEANUP(uc_freep) char *t = uc_base64url(uc_slice_of(tag, sizeof tag));
	return uc_sprintf("%s..%s.%s.%s", h, i, c, t);
}

static struct uc_buf opened_gcm(const uint8_t key[32], const char *token)
{
	struct uc_slice header = part_of(token, 0);
	UC_CLEANUP(uc_buf_free) struct uc_buf iv = decoded(part_of(token, 2));
	UC_CLEANUP(uc_buf_free) struct uc_buf text = decoded(part_of(token, 3));
	UC_CLEANUP(uc_buf_free) struct uc_buf tag = decoded(part_of(token, 4));
	struct uc_buf out = UC_BUF_EMPTY;
	int len = 0;
	assert_int_equal(part_of(token, 1).len, 0);
	assert_int_equal(iv.len, 12);
	assert_int_equal(tag.len, 16);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	assert_int_equal(EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, iv.ptr), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, NULL, &len, header.ptr, (int)header.len), 1);
	assert_int_equal(EVP_DecryptUpdate(ctx, uc_buf_extend(&out, text.len), &len, text.ptr, (int)text.len), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, (int)tag.len, tag.ptr), 1);
	assert_int_equal(EVP_DecryptFinal_ex(ctx, uc_buf_extend(&out, 16), &len), 1);
	out.len = text.len;
	EVP_CIPHER_CTX_free(ctx);
	return out;
}

static char *jws_header(void)
{
	return uc_sprintf("{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", keys.signing_id);
}

static json_t *good_claims(const char *use)
{
	json_t *claims = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:s}", "iss", ISSUER, "aud", ISSUER, "sub", "admin",
	                           "client_id", "admin", "role", "administrator", "cred", "abc", "iat", (json_int_t)now, "exp",
	                           (json_int_t)now + 60, "jti", "1", "use", use, "ekid", keys.encryption_id);
	assert_non_null(claims);
	return claims;
}

/* Takes the claims. */
static char *forged(json_t *claims)
{
	UC_CLEANUP(uc_freep) char *header = jws_header();
	UC_CLEANUP(uc_freep) char *text = json_dumps(claims, JSON_COMPACT);
	json_decref(claims);
	return with_signature(header, text, by_key);
}

/* ---- reading ---- */

static void assert_good(const char *token, uc_time at, enum uc_token_use want)
{
	struct uc_error e;
	enum uc_token_use use;
	json_t *claims = NULL;
	assert_ok(uc_token_read(&keys, ISSUER, token, at, &use, &claims, &e), e);
	assert_int_equal(use, want);
	assert_string_equal(json_string_value(json_object_get(claims, "sub")), "admin");
	json_decref(claims);
}

static void assert_bad_under(const struct uc_token_keys *k, const char *token, uc_time at, const char *id)
{
	struct uc_error e = {.code = UC_OK};
	enum uc_token_use use;
	json_t *claims = NULL;
	assert_fails(uc_token_read(k, ISSUER, token, at, &use, &claims, &e), e, UC_EAUTH, id);
	assert_null(claims);
	assert_true(e.hint[0] != '\0');
}

static void assert_bad(const char *token, const char *id)
{
	assert_bad_under(&keys, token, now, id);
}

static char *made(const struct uc_token_keys *k, enum uc_token_use use)
{
	struct uc_error e;
	char *out = NULL;
	assert_ok(uc_token_make(k, use, &subject, now, &out, &e), e);
	return out;
}

/* ---- tests ---- */

static void openssl_verifies_an_access_token_and_its_claims_are_as_documented(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *token = made(&keys, UC_TOKEN_ACCESS);
	UC_CLEANUP(uc_buf_free) struct uc_buf sig = decoded(part_of(token, 2));
	UC_CLEANUP(uc_buf_free) struct uc_buf spki = UC_BUF_EMPTY;
	uc_key_spki(keys.signing, &spki);
	put("pub.der", uc_buf_slice(&spki));
	put("sig", uc_buf_slice(&sig));
	put("input", uc_slice_of(token, strlen(token) - part_of(token, 2).len - 1));
	sh("openssl dgst -sha256 -verify pub.der -keyform DER -signature sig input");
	UC_CLEANUP(uc_buf_free) struct uc_buf header = decoded(part_of(token, 0));
	UC_CLEANUP(uc_buf_free) struct uc_buf payload = decoded(part_of(token, 1));
	json_t *h = json_loadb((const char *)header.ptr, header.len, JSON_REJECT_DUPLICATES, NULL);
	json_t *c = json_loadb((const char *)payload.ptr, payload.len, JSON_REJECT_DUPLICATES, NULL);
	json_t *want_h = json_pack("{s:s, s:s, s:s}", "alg", "RS256", "typ", "at+jwt", "kid", keys.signing_id);
	json_t *want_c = good_claims("access");
	assert_int_equal(json_object_set_new(want_c, "exp", json_integer(now + UC_TOKEN_ACCESS_SECONDS)), 0);
	assert_int_equal(strlen(json_string_value(json_object_get(c, "jti"))), 32);
	assert_int_equal(json_object_set(want_c, "jti", json_object_get(c, "jti")), 0);
	assert_int_equal(json_equal(h, want_h), 1);
	assert_int_equal(json_equal(c, want_c), 1);
	json_decref(h);
	json_decref(c);
	json_decref(want_h);
	json_decref(want_c);
	assert_good(token, now, UC_TOKEN_ACCESS);
}

static void a_refresh_token_shows_nothing_and_opens_with_the_encryption_key(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *token = made(&keys, UC_TOKEN_REFRESH);
	UC_CLEANUP(uc_buf_free) struct uc_buf header = decoded(part_of(token, 0));
	json_t *h = json_loadb((const char *)header.ptr, header.len, JSON_REJECT_DUPLICATES, NULL);
	json_t *want = json_pack("{s:s, s:s, s:s, s:s}", "alg", "dir", "enc", "A256GCM", "cty", "JWT", "kid", keys.encryption_id);
	assert_int_equal(json_equal(h, want), 1);
	json_decref(h);
	json_decref(want);
	UC_CLEANUP(uc_buf_free) struct uc_buf inner = opened_gcm(keys.encryption, token);
	UC_CLEANUP(uc_freep) char *jws = uc_buf_take_str(&inner);
	UC_CLEANUP(uc_buf_free) struct uc_buf payload = decoded(part_of(jws, 1));
	UC_CLEANUP(uc_freep) char *claims = uc_buf_take_str(&payload);
	assert_non_null(strstr(claims, "\"use\":\"refresh\""));
	assert_good(token, now, UC_TOKEN_REFRESH);
	/* What was inside is no token on its own. */
	assert_bad(jws, "token-invalid");
}

static void tokens_made_by_others_with_the_same_keys_are_read(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *access = forged(good_claims("access"));
	assert_good(access, now, UC_TOKEN_ACCESS);
	json_t *claims = good_claims("refresh");
	UC_CLEANUP(uc_freep) char *text = json_dumps(claims, 0);
	json_decref(claims);
	UC_CLEANUP(uc_freep) char *inner_header = uc_sprintf("{\"typ\":\"JWT\",\"kid\":\"%s\",\"alg\":\"RS256\"}", keys.signing_id);
	UC_CLEANUP(uc_freep) char *inner = with_signature(inner_header, text, by_key);
	UC_CLEANUP(uc_freep)
	char *header = uc_sprintf("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"%s\"}", keys.encryption_id);
	UC_CLEANUP(uc_freep) char *refresh = aes_gcm(keys.encryption, header, inner);
	assert_good(refresh, now, UC_TOKEN_REFRESH);
	/* An access token does not become a refresh token by encrypting it. */
	UC_CLEANUP(uc_freep) char *wrapped = aes_gcm(keys.encryption, header, access);
	assert_bad(wrapped, "token-invalid");
	UC_CLEANUP(uc_freep) char *empty = aes_gcm(keys.encryption, header, "");
	assert_bad(empty, "token-invalid");
}

static void no_two_tokens_are_alike(void **state)
{
	(void)state;
	for (int use = UC_TOKEN_ACCESS; use <= UC_TOKEN_REFRESH; use++) {
		UC_CLEANUP(uc_freep) char *one = made(&keys, (enum uc_token_use)use);
		UC_CLEANUP(uc_freep) char *two = made(&keys, (enum uc_token_use)use);
		assert_string_not_equal(one, two);
	}
}

static void a_token_is_good_until_it_expires(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *access = made(&keys, UC_TOKEN_ACCESS);
	UC_CLEANUP(uc_freep) char *refresh = made(&keys, UC_TOKEN_REFRESH);
	assert_good(access, now + UC_TOKEN_ACCESS_SECONDS - 1, UC_TOKEN_ACCESS);
	assert_bad_under(&keys, access, now + UC_TOKEN_ACCESS_SECONDS, "token-expired");
	assert_good(refresh, now + UC_TOKEN_REFRESH_SECONDS - 1, UC_TOKEN_REFRESH);
	assert_bad_under(&keys, refresh, now + UC_TOKEN_REFRESH_SECONDS, "token-expired");
	/* Clocks of nodes differ, but not by more than five minutes. */
	assert_good(access, now - 300, UC_TOKEN_ACCESS);
	assert_bad_under(&keys, access, now - 301, "token-invalid");
	assert_bad_under(&keys, refresh, now - 301, "token-invalid");
}

static void replacing_either_key_ends_every_token_at_once(void **state)
{
	(void)state;
	struct uc_token_keys signing = older;
	struct uc_token_keys encryption = keys;
	memcpy(signing.encryption, keys.encryption, sizeof signing.encryption);
	memcpy(signing.encryption_id, keys.encryption_id, sizeof signing.encryption_id);
	memcpy(encryption.encryption, older.encryption, sizeof encryption.encryption);
	memcpy(encryption.encryption_id, older.encryption_id, sizeof encryption.encryption_id);
	for (int use = UC_TOKEN_ACCESS; use <= UC_TOKEN_REFRESH; use++) {
		UC_CLEANUP(uc_freep) char *token = made(&keys, (enum uc_token_use)use);
		assert_bad_under(&signing, token, now, "token-replaced-key");
		assert_bad_under(&encryption, token, now, "token-replaced-key");
		assert_bad_under(&older, token, now, "token-replaced-key");
		UC_CLEANUP(uc_freep) char *before = made(&older, (enum uc_token_use)use);
		assert_bad(before, "token-replaced-key");
		assert_good(token, now, (enum uc_token_use)use);
	}
}

static void only_rs256_of_the_present_key_is_verified(void **state)
{
	(void)state;
	json_t *claims = good_claims("access");
	UC_CLEANUP(uc_freep) char *payload = json_dumps(claims, JSON_COMPACT);
	json_decref(claims);
	static const struct {
		const char *header; /* %s: the id of the key */
		struct uc_slice (*sign)(struct uc_slice, struct uc_buf *);
	} cases[] = {
	    {"{\"alg\":\"none\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_nobody},
	    {"{\"alg\":\"none\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_nobody},
	    {"{\"alg\":\"HS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_public_key_der},
	    {"{\"alg\":\"HS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_public_key_pem},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_public_key_der},
	    {"{\"alg\":\"RS512\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_sha512},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_sha512},
	    {"{\"alg\":\"PS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_pss},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_pss},
	    {"{\"alg\":\"rs256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_older_key},
	    {"{\"alg\":[\"RS256\"],\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\"}", by_key},
	    {"{\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"]}", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\",\"b64\":false}", by_key},
	    {"{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"} ,", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"../%.61s\",\"typ\":\"at+jwt\"}", by_key},
	    {"{\"alg\":\"RS256\",\"kid\":\"%.63s\",\"typ\":\"at+jwt\"}", by_key},
	    {"[\"%s\"]", by_key},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		UC_CLEANUP(uc_freep) char *header = uc_sprintf(cases[i].header, keys.signing_id);
#pragma GCC diagnostic pop
		UC_CLEANUP(uc_freep) char *token = with_signature(header, payload, cases[i].sign);
		struct uc_error e = {.code = UC_OK};
		enum uc_token_use use;
		json_t *out = NULL;
		if (uc_token_read(&keys, ISSUER, token, now, &use, &out, &e) != UC_EAUTH || strcmp(e.id, "token-invalid") != 0)
			fail_msg("case %zu, %s: '%s'", i, header, e.id);
	}
}

static void only_dir_with_a256gcm_and_a_whole_tag_is_decrypted(void **state)
{
	(void)state;
	UC_CLEANUP(uc_freep) char *good = made(&keys, UC_TOKEN_REFRESH);
	UC_CLEANUP(uc_buf_free) struct uc_buf opened = opened_gcm(keys.encryption, good);
	UC_CLEANUP(uc_freep) char *inner = uc_buf_take_str(&opened);
	static const char *const headers[] = {
	    "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"cty\":\"JWT\",\"kid\":\"%s\"}",
	    "{\"alg\":\"A256KW\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"%s\"}",
	    "{\"alg\":\"RSA1_5\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"%s\"}",
	    "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"zip\":\"DEF\",\"kid\":\"%s\"}",
	    "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"kid\":\"%s\"}",
	    "{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"x\",\"kid\":\"%s\"}",
	};
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		UC_CLEANUP(uc_freep) char *header = uc_sprintf(headers[i], keys.encryption_id);
#pragma GCC diagnostic pop
		UC_CLEANUP(uc_freep) char *token = aes_gcm(keys.encryption, header, inner);
		assert_bad(token, "token-invalid");
	}
	/* By another key, under the name of ours. */
	UC_CLEANUP(uc_freep)
	char *header = uc_sprintf("{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"cty\":\"JWT\",\"kid\":\"%s\"}", keys.encryption_id);
	UC_CLEANUP(uc_freep) char *other = aes_gcm(older.encryption, header, inner);
	assert_bad(other, "token-invalid");
	/* Of 16 bytes of the tag, the first 1 to 15. */
	UC_CLEANUP(uc_freep) char *whole = aes_gcm(keys.encryption, header, inner);
	assert_good(whole, now, UC_TOKEN_REFRESH);
	UC_CLEANUP(uc_buf_free) struct uc_buf tag = decoded(part_of(whole, 4));
	for (size_t len = 0; len < tag.len; len++) {
		UC_CLEANUP(uc_freep) char *shorter = uc_base64url(uc_slice_of(tag.ptr, len));
		UC_CLEANUP(uc_freep) char *token = uc_sprintf("%.*s%s", (int)(strlen(whole) - part_of(whole, 4).len), whole, shorter);
		assert_bad(token, "token-invalid");
	}
}

static void every_claim_counts(void **state)
{
	(void)state;
	static const char *const names[] = {"iss", "aud", "sub", "role", "cred", "iat", "exp", "jti", "use", "ekid"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		json_t *const instead[] = {NULL, json_null(), json_array(), json_string(""), json_real(1.8e9), json_integer(-1)};
		for (size_t j = 0; j < sizeof instead / sizeof *instead; j++) {
			json_t *claims = good_claims("access");
			if (instead[j] == NULL)
				json_object_del(claims, names[i]);
			else
				json_object_set_new(claims, names[i], instead[j]);
			UC_CLEANUP(uc_freep) char *token = forged(claims);
			assert_bad(token, "token-invalid");
		}
	}
	static const char *const wrong[][2] = {{"iss", "urn:ucpki:0"}, {"aud", "urn:ucpki:0"}, {"use", "refresh"}, {"use", "id"}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *claims = good_claims("access");
		json_object_set_new(claims, wrong[i][0], json_string(wrong[i][1]));
		UC_CLEANUP(uc_freep) char *token = forged(claims);
		assert_bad(token, "token-invalid");
	}
	json_t *claims = good_claims("access");
	json_object_set_new(claims, "ekid", json_string(older.encryption_id));
	UC_CLEANUP(uc_freep) char *token = forged(claims);
	assert_bad(token, "token-replaced-key");
	/* Claims that come twice, or are no object. */
	UC_CLEANUP(uc_freep) char *header = jws_header();
	json_t *good = good_claims("access");
	UC_CLEANUP(uc_freep) char *once = json_dumps(good, JSON_COMPACT);
	json_decref(good);
	UC_CLEANUP(uc_freep) char *repeated = uc_sprintf("{\"sub\":\"root\",%s", once + 1);
	UC_CLEANUP(uc_freep) char *twice = with_signature(header, repeated, by_key);
	assert_bad(twice, "token-invalid");
	static const char *const texts[] = {"[]", "", "x", "{", "\"claims\"", "{}"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		UC_CLEANUP(uc_freep) char *bad = with_signature(header, texts[i], by_key);
		assert_bad(bad, "token-invalid");
	}
}

/* A changed letter of the key's name is the name of another key, which is told so; everything else is simply not good. */
static void no_letter_of_a_token_can_be_changed(void **state)
{
	(void)state;
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (int use = UC_TOKEN_ACCESS; use <= UC_TOKEN_REFRESH; use++) {
		UC_CLEANUP(uc_freep) char *token = made(&keys, (enum uc_token_use)use);
		size_t header = strcspn(token, ".");
		for (size_t i = 0; token[i] != '\0'; i++) {
			char was = token[i];
			const char *at = strchr(letters, was);
			/* The neighbour in the alphabet: the least change, which in a last letter is in spare bits. */
			char with[] = {at != NULL ? letters[(size_t)(at - letters) ^ 1] : 'A', at != NULL ? letters[(size_t)(at - letters) ^ 32] : '-',
			               '.'};
			for (size_t j = 0; j < sizeof with; j++) {
				struct uc_error e = {.code = UC_OK};
				enum uc_token_use out_use;
				json_t *claims = NULL;
				if (with[j] == was) continue;
				token[i] = with[j];
				enum uc_status status = uc_token_read(&keys, ISSUER, token, now, &out_use, &claims, &e);
				bool ok = strcmp(e.id, "token-invalid") == 0 || (i < header && strcmp(e.id, "token-replaced-key") == 0);
				if (status != UC_EAUTH || !ok) fail_msg("letter %zu: %s", i, status == UC_OK ? "accepted" : e.id);
			}
			token[i] = was;
		}
		assert_good(token, now, (enum uc_token_use)use);
	}
}

static void a_token_that_is_cut_or_longer_or_none_is_invalid(void **state)
{
	(void)state;
	for (int use = UC_TOKEN_ACCESS; use <= UC_TOKEN_REFRESH; use++) {
		UC_CLEANUP(uc_freep) char *token = made(&keys, (enum uc_token_use)use);
		for (size_t len = 0; len < strlen(token); len++) {
			UC_CLEANUP(uc_freep) char *cut = uc_strndup(token, len);
			assert_bad(cut, "token-invalid");
		}
		static const char *const tails[] = {".", "=", "A", "AAAA", " ", "\n", "..", ".AAAA"};
		for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
			UC_CLEANUP(uc_freep) char *longer = uc_sprintf("%s%s", token, tails[i]);
			assert_bad(longer, "token-invalid");
		}
	}
	static const char *const none[] = {"", ".", "..", "...", "....", ".....", "a.b.c", "e30.e30.e30", "e30..e30.e30.e30", "\xff.\xfe.\xfd"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) assert_bad(none[i], "token-invalid");
}

static void a_token_above_the_limit_is_not_even_looked_at(void **state)
{
	(void)state;
	json_t *claims = good_claims("access");
	UC_CLEANUP(uc_freep) char *fill = uc_zalloc(1, UC_TOKEN_MAX);
	memset(fill, 'x', UC_TOKEN_MAX / 2);
	json_object_set_new(claims, "more", json_string(fill));
	UC_CLEANUP(uc_freep) char *fits = forged(claims);
	assert_true(strlen(fits) <= UC_TOKEN_MAX);
	assert_good(fits, now, UC_TOKEN_ACCESS);
	memset(fill, 'x', UC_TOKEN_MAX - 1);
	claims = good_claims("access");
	json_object_set_new(claims, "more", json_string(fill));
	UC_CLEANUP(uc_freep) char *large = forged(claims);
	assert_bad(large, "token-invalid");
}

static void without_both_keys_no_token_is_made_or_read(void **state)
{
	(void)state;
	struct uc_error e;
	enum uc_token_use use;
	json_t *claims = NULL;
	char *out = NULL;
	struct uc_token_keys none = {.signing = NULL};
	UC_CLEANUP(uc_freep) char *token = made(&keys, UC_TOKEN_ACCESS);
	assert_fails(uc_token_make(&none, UC_TOKEN_ACCESS, &subject, now, &out, &e), e, UC_EUNAVAILABLE, "no-token-keys");
	assert_null(out);
	assert_fails(uc_token_read(&none, ISSUER, token, now, &use, &claims, &e), e, UC_EUNAVAILABLE, "no-token-keys");
	json_t *set = uc_token_jwks(&none);
	assert_int_equal(json_array_size(json_object_get(set, "keys")), 0);
	json_decref(set);
	uc_token_keys_free(&none);
}

/* The published key is the signing key, made from its two numbers alone. */
static void the_jwk_set_holds_the_public_key_and_nothing_private(void **state)
{
	(void)state;
	json_t *set = uc_token_jwks(&keys);
	const json_t *list = json_object_get(set, "keys");
	assert_int_equal(json_array_size(list), 1);
	const json_t *key = json_array_get(list, 0);
	static const char *const fixed[][2] = {{"kty", "RSA"}, {"use", "sig"}, {"alg", "RS256"}, {"e", "AQAB"}};
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		assert_string_equal(json_string_value(json_object_get(key, fixed[i][0])), fixed[i][1]);
	assert_string_equal(json_string_value(json_object_get(key, "kid")), keys.signing_id);
	assert_int_equal(json_object_size(key), 6);
	UC_CLEANUP(uc_buf_free) struct uc_buf n = decoded(uc_slice_str(json_string_value(json_object_get(key, "n"))));
	BIGNUM *want = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(keys.signing, "n", &want), 1);
	BIGNUM *have = BN_bin2bn(n.ptr, (int)n.len, NULL);
	assert_int_equal(BN_cmp(have, want), 0);
	assert_int_equal(n.len, 256);
	BN_free(have);
	BN_free(want);
	json_decref(set);
}

static void freed_keys_are_gone(void **state)
{
	(void)state;
	static const struct uc_token_keys empty = {.signing = NULL};
	struct uc_token_keys copy = keys;
	EVP_PKEY_up_ref(copy.signing);
	uc_token_keys_free(&copy);
	assert_memory_equal(&copy, &empty, sizeof copy);
	uc_token_keys_free(&copy);
}

static int start(void **state)
{
	keys = make_keys();
	older = make_keys();
	return files_make(state);
}

static int end(void **state)
{
	uc_token_keys_free(&keys);
	uc_token_keys_free(&older);
	return files_remove(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(openssl_verifies_an_access_token_and_its_claims_are_as_documented),
	    cmocka_unit_test(a_refresh_token_shows_nothing_and_opens_with_the_encryption_key),
	    cmocka_unit_test(tokens_made_by_others_with_the_same_keys_are_read),
	    cmocka_unit_test(no_two_tokens_are_alike),
	    cmocka_unit_test(a_token_is_good_until_it_expires),
	    cmocka_unit_test(replacing_either_key_ends_every_token_at_once),
	    cmocka_unit_test(only_rs256_of_the_present_key_is_verified),
	    cmocka_unit_test(only_dir_with_a256gcm_and_a_whole_tag_is_decrypted),
	    cmocka_unit_test(every_claim_counts),
	    cmocka_unit_test(no_letter_of_a_token_can_be_changed),
	    cmocka_unit_test(a_token_that_is_cut_or_longer_or_none_is_invalid),
	    cmocka_unit_test(a_token_above_the_limit_is_not_even_looked_at),
	    cmocka_unit_test(without_both_keys_no_token_is_made_or_read),
	    cmocka_unit_test(the_jwk_set_holds_the_public_key_and_nothing_private),
	    cmocka_unit_test(freed_keys_are_gone),
	};
	return cmocka_run_group_tests(tests, start, end);
}
