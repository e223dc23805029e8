#include "keys/token.h"

#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "keys/token_jose.h"

enum { JTI_LEN = 16, CLOCK_LEEWAY = 300 };

UC_DEFINE_CLEANUP(free_json, json_t, json_decref)

/* type: of the JWS (RFC 9068 section 2.1 for access tokens). */
static const struct {
	const char *name;
	const char *type;
	uc_time seconds;
} uses[] = {
    [UC_TOKEN_ACCESS] = {"access", "at+jwt", UC_TOKEN_ACCESS_SECONDS},
    [UC_TOKEN_REFRESH] = {"refresh", "JWT", UC_TOKEN_REFRESH_SECONDS},
};

void uc_token_keys_free(struct uc_token_keys *k)
{
	uc_key_free(k->signing);
	explicit_bzero(k, sizeof *k);
}

static enum uc_status check_whole(const struct uc_token_keys *k, struct uc_error *e)
{
	if (k->whole) return UC_OK;
	return uc_fail(e, UC_EUNAVAILABLE, "no-token-keys", "See 'show key authz signing' and 'show key authz encryption'.",
	               "this node does not have the keys for tokens (yet)");
}

enum uc_status uc_token_make(const struct uc_token_keys *k, enum uc_token_use use, const struct uc_token_subject *subject, uc_time now,
                             char **out, struct uc_error *e)
{
	UC_TRY(check_whole(k, e));
	uc_time expires = now + uses[use].seconds;
	uint8_t random[JTI_LEN];
	uc_random(random, sizeof random);
	UC_CLEANUP(uc_freep) char *jti = uc_hex(uc_slice_of(random, sizeof random), '\0');
	UC_CLEANUP(free_json)
	json_t *claims =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:s}", "iss", subject->issuer, "aud", subject->issuer, "sub",
	              subject->account, "client_id", subject->account, "role", subject->role, "cred", subject->credential, "iat",
	              (json_int_t)now, "exp", (json_int_t)expires, "jti", jti, "use", uses[use].name, "ekid", k->encryption_id);
	char *text = json_dumps(claims, JSON_COMPACT);
	if (text == NULL) return uc_fail(e, UC_EINTERNAL, "jose", NULL, "the claims of a token cannot be written");
	char *jws = NULL;
	enum uc_status status = uc_jws_make(k, uses[use].type, uc_slice_str(text), &jws, e);
	free(text);
	if (status != UC_OK || use == UC_TOKEN_ACCESS) {
		*out = jws;
		return status;
	}
	status = uc_jwe_make(k, uc_slice_str(jws), out, e);
	uc_secret_free(jws, strlen(jws));
	return status;
}

/* ---- reading ---- */

static const char *text_claim(const json_t *claims, const char *name)
{
	const json_t *value = json_object_get(claims, name);
	const char *text = json_string_value(value);
	return text != NULL && text[0] != '\0' && strlen(text) == json_string_length(value) ? text : NULL;
}

static bool claim_is(const json_t *claims, const char *name, const char *want)
{
	const char *have = text_claim(claims, name);
	return have != NULL && strcmp(have, want) == 0;
}

static bool time_claim(const json_t *claims, const char *name, uc_time *out)
{
	const json_t *value = json_object_get(claims, name);
	*out = (uc_time)json_integer_value(value);
	return json_is_integer(value) && *out >= 0 && *out <= UC_TIME_MAX;
}

static enum uc_status check_claims(const struct uc_token_keys *k, const char *issuer, enum uc_token_use use, const json_t *claims,
                                   uc_time now, struct uc_error *e)
{
	static const char *const texts[] = {"sub", "role", "cred", "jti", "ekid"};
	uc_time issued;
	uc_time expires;
	if (!claim_is(claims, "iss", issuer) || !claim_is(claims, "aud", issuer)) return uc_token_invalid("it is of another cluster", e);
	if (!claim_is(claims, "use", uses[use].name)) return uc_token_invalid("it is for another use", e);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (text_claim(claims, texts[i]) == NULL) return uc_token_invalid("a claim is missing", e);
	if (!time_claim(claims, "iat", &issued) || !time_claim(claims, "exp", &expires)) return uc_token_invalid("a time is missing", e);
	if (!claim_is(claims, "ekid", k->encryption_id)) return uc_token_replaced("authz encryption", e);
	if (issued > now + CLOCK_LEEWAY) return uc_token_invalid("it was issued in the future: is a clock wrong?", e);
	if (now < expires) return UC_OK;
	char at[UC_TIME_TEXT];
	return uc_fail(e, UC_EAUTH, "token-expired", use == UC_TOKEN_ACCESS ? "Use the refresh token to get another one." : "Sign in again.",
	               "the token expired at %s", uc_time_rfc3339(expires, at));
}

static enum uc_status read_jws(const struct uc_token_keys *k, const char *issuer, enum uc_token_use use, struct uc_slice jws, uc_time now,
                               json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf payload = UC_BUF_EMPTY;
	UC_TRY(uc_jws_open(k, uses[use].type, jws, &payload, e));
	UC_CLEANUP(free_json) json_t *claims = json_loadb((const char *)payload.ptr, payload.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(claims)) return uc_token_invalid("its claims are not JSON", e);
	UC_TRY(check_claims(k, issuer, use, claims, now, e));
	*out = uc_move(claims);
	return UC_OK;
}

static size_t dots_in(const char *token)
{
	size_t n = 0;
	for (const char *at = strchr(token, '.'); at != NULL; at = strchr(at + 1, '.')) n++;
	return n;
}

enum uc_status uc_token_read(const struct uc_token_keys *k, const char *issuer, const char *token, uc_time now, enum uc_token_use *use,
                             json_t **claims, struct uc_error *e)
{
	UC_TRY(check_whole(k, e));
	if (strnlen(token, UC_TOKEN_MAX + 1) > UC_TOKEN_MAX) return uc_token_invalid("it is too long", e);
	/* A JWS has two dots, a JWE four (RFC 7516 section 9): only what is encrypted can be a refresh token. */
	*use = dots_in(token) == 4 ? UC_TOKEN_REFRESH : UC_TOKEN_ACCESS;
	if (*use == UC_TOKEN_ACCESS) return read_jws(k, issuer, *use, uc_slice_str(token), now, claims, e);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf inner = UC_BUF_EMPTY;
	UC_TRY(uc_jwe_open(k, uc_slice_str(token), &inner, e));
	return read_jws(k, issuer, *use, uc_buf_slice(&inner), now, claims, e);
}
