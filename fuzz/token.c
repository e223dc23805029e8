/*
 * Targets: uc_token_read with the two envelopes below it (src/keys/token*.c). The first letter says what the rest is: 'c' claims, signed here with the right key; 'h' a header, a line break and claims, signed
 * likewise; 'j' what is encrypted with the right key, so that it is read; anything else: the token itself.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "keys/token.h"
#include "keys/token_jose.h"

#define ISSUER "urn:ucpki:fuzz"

enum { NOW = 1800000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct uc_token_keys keys;

static void require(bool rule)
{
	if (!rule) abort();
}

/* The signatures are made here, so that the key may be another one each time. */
static void make_keys(void)
{
	if (keys.whole) return;
	require(uc_key_generate(uc_key_spec_find("rsa-2048"), &keys.signing, NULL) == UC_OK);
	uc_key_id_of(keys.signing, keys.signing_id);
	memset(keys.encryption, 7, sizeof keys.encryption);
	memset(keys.encryption_id, 'e', sizeof keys.encryption_id - 1);
	keys.whole = true;
}

/* A JWS with any header, made without the code under test. */
static char *sign(struct uc_slice header, struct uc_slice payload)
{
	uint8_t signature[256];
	size_t len = sizeof signature;
	UC_CLEANUP(uc_freep) char *h = uc_base64url(header);
	UC_CLEANUP(uc_freep) char *p = uc_base64url(payload);
	UC_CLEANUP(uc_freep) char *input = uc_sprintf("%s.%s", h, p);
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	require(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, keys.signing) == 1 &&
	        EVP_DigestSign(md, signature, &len, (const uint8_t *)input, strlen(input)) == 1);
	EVP_MD_CTX_free(md);
	UC_CLEANUP(uc_freep) char *s = uc_base64url(uc_slice_of(signature, len));
	return uc_sprintf("%s.%s", input, s);
}

static char *token_of(struct uc_slice rest, uint8_t kind)
{
	char *out = NULL;
	UC_CLEANUP(uc_freep) char *header = uc_sprintf("{\"alg\":\"RS256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}", keys.signing_id);
	const uint8_t *end = rest.len > 0 ? memchr(rest.ptr, '\n', rest.len) : NULL;
	size_t line = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
	size_t used = end != NULL ? line + 1 : line;
	if (kind == 'c') return sign(uc_slice_str(header), rest);
	if (kind == 'h') return sign(uc_slice_of(rest.ptr, line), uc_slice_of(rest.ptr + used, rest.len - used));
	if (kind == 'j' && uc_jwe_make(&keys, rest, &out, NULL) == UC_OK) return out;
	return uc_strndup((const char *)rest.ptr, rest.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) return 0;
	make_keys();
	UC_CLEANUP(uc_freep) char *token = token_of(uc_slice_of(data + 1, size - 1), data[0]);
	struct uc_error e = {.code = UC_OK};
	enum uc_token_use use;
	json_t *claims = NULL;
	if (uc_token_read(&keys, ISSUER, token, NOW, &use, &claims, &e) == UC_OK) {
		require(use == UC_TOKEN_ACCESS && (data[0] == 'c' || data[0] == 'h'));
		require(strcmp(json_string_value(json_object_get(claims, "iss")), ISSUER) == 0);
		require(json_integer_value(json_object_get(claims, "exp")) > NOW);
	} else {
		require(e.code == UC_EAUTH && claims == NULL && e.message[0] != '\0');
		require(strcmp(e.id, "token-invalid") == 0 || strcmp(e.id, "token-expired") == 0 || strcmp(e.id, "token-replaced-key") == 0);
	}
	json_decref(claims);
	require(ERR_peek_error() == 0);
	return 0;
}
