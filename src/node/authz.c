/* OAuth (O1): the keys in force on this node, and the tokens that are made and read with them. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/internal.h"
#include "pki/digest.h"

enum { ISSUER_LEN = 80, CREDENTIAL_LEN = 17 };

/* ---- the keys in force ---- */

static void add_name(void *ctx, const struct uc_node_row *row)
{
	uc_strv_add(ctx, row->name);
}

/* The authz certificate of the cluster: it is in the row of the publisher, the newest if there was another one. UC_ENOTFOUND "no-identity". */
static enum uc_status find_identity(struct uc_store *store, struct uc_identity *out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	UC_TRY(uc_store_nodes(store, add_name, &nodes, e));
	for (size_t i = 0; i < nodes.count; i++) {
		struct uc_identity have = {.node = NULL};
		enum uc_status status = uc_store_identity(store, nodes.items[i], "authz", &have, e);
		if (status == UC_ENOTFOUND) continue;
		if (status != UC_OK) return status;
		struct uc_identity *older = out->node == NULL || out->number < have.number ? out : &have;
		uc_identity_free(older);
		if (older == out) *out = have;
	}
	return out->node != NULL ? UC_OK : uc_fail(e, UC_ENOTFOUND, "no-identity", NULL, "no node has an authz certificate");
}

enum uc_status uc_authz_load_signing(struct uc_node *n, struct uc_store *store, struct uc_token_keys *out, struct uc_error *e)
{
	UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
	UC_TRY(find_identity(store, &i, e));
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_TRY(uc_keys_get(n->keys, i.key_id, &key, e));
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return uc_fail(e, UC_EREFUSED, "key-family", "Regenerate the authz certificate.", "the authz key is no RSA key");
	uc_key_id_of(key, out->signing_id);
	out->signing = uc_move(key);
	return UC_OK;
}

struct newest {
	char id[UC_KEY_ID_LEN];
	struct uc_buf blob;
};

static void take_newest(void *ctx, const struct uc_sealed *k)
{
	struct newest *v = ctx;
	if (v->blob.len > 0 || k->blob.len == 0) return;
	snprintf(v->id, sizeof v->id, "%s", k->key_id);
	uc_buf_add_slice(&v->blob, uc_buf_slice(&k->blob));
}

/* The checksum that is shown comes from the key itself: what the log says is the same everywhere anyway. */
static enum uc_status use_encryption(struct uc_node *n, const struct newest *sealed, struct uc_token_keys *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf key = UC_BUF_EMPTY;
	UC_TRY(uc_keys_unseal(n->keys, uc_buf_slice(&sealed->blob), &key, e));
	char id[UC_SHA256_HEX];
	if (key.len != sizeof out->encryption || strcmp(uc_sha256_hex(uc_buf_slice(&key), id), sealed->id) != 0)
		return uc_fail(e, UC_EIO, "key-damaged", "Replace it: set key regen authz encryption.",
		               "what was sealed is not the encryption key %.16s...", sealed->id);
	memcpy(out->encryption, key.ptr, sizeof out->encryption);
	memcpy(out->encryption_id, id, sizeof out->encryption_id);
	return UC_OK;
}

enum uc_status uc_authz_load_encryption(struct uc_node *n, struct uc_store *store, struct uc_token_keys *out, struct uc_error *e)
{
	struct newest sealed = {.id = ""};
	enum uc_status status = uc_store_sealed_each(store, UC_AUTHZ_ENCRYPTION, take_newest, &sealed, e);
	if (status == UC_OK && sealed.blob.len == 0) status = uc_fail(e, UC_ENOTFOUND, "no-sealed-key", NULL, "there is no encryption key");
	if (status == UC_OK) status = use_encryption(n, &sealed, out, e);
	uc_buf_free(&sealed.blob);
	return status;
}

void uc_authz_load(struct uc_node *n, struct uc_store *store, struct uc_token_keys *out)
{
	struct uc_error e;
	enum uc_status signing = uc_authz_load_signing(n, store, out, &e);
	if (signing != UC_OK && strcmp(e.id, "no-identity") != 0) uc_log_error("the OAuth signing key", &e);
	enum uc_status encryption = uc_authz_load_encryption(n, store, out, &e);
	if (encryption != UC_OK && strcmp(e.id, "no-sealed-key") != 0) uc_log_error("the OAuth encryption key", &e);
	out->whole = signing == UC_OK && encryption == UC_OK;
}

/* A copy of the view's, so that a swap does not pull them away. Release with uc_token_keys_free(). */
static void keys_of(struct uc_node *n, struct uc_token_keys *out)
{
	pthread_mutex_lock(&n->view_lock);
	*out = n->view->authz;
	if (out->signing != NULL) EVP_PKEY_up_ref(out->signing);
	pthread_mutex_unlock(&n->view_lock);
}

/* ---- their checksums ---- */

static json_t *signing_json(struct uc_store *store, const struct uc_token_keys *keys)
{
	UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
	char fp[UC_FINGERPRINT_HEX];
	char until[UC_TIME_TEXT];
	if (keys->signing == NULL) return json_null();
	json_t *out = json_pack("{s:s, s:n, s:n}", "checksum", keys->signing_id, "fingerprint", "not_after");
	/* The view may be a change behind the store: then the certificate is another key's already. */
	if (find_identity(store, &i, NULL) != UC_OK || i.key_id == NULL || strcmp(i.key_id, keys->signing_id) != 0) return out;
	json_object_set_new(out, "fingerprint", json_string(uc_cert_fingerprint_hex(i.cert, fp)));
	json_object_set_new(out, "not_after", json_string(uc_time_rfc3339(i.cert->not_after.value, until)));
	return out;
}

static json_t *encryption_json(struct uc_store *store, const struct uc_token_keys *keys)
{
	(void)store;
	return keys->encryption_id[0] != '\0' ? json_pack("{s:s}", "checksum", keys->encryption_id) : json_null();
}

static const struct {
	const char *name;
	json_t *(*describe)(struct uc_store *store, const struct uc_token_keys *keys);
} parts[] = {{"signing", signing_json}, {"encryption", encryption_json}};

enum uc_status uc_node_authz(struct uc_node *n, const char *which, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_token_keys_free) struct uc_token_keys keys = {.signing = NULL};
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	keys_of(n, &keys);
	UC_TRY(uc_reader_borrow(n, &reader, e));
	json_t *all = json_object();
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		json_object_set_new(all, parts[i].name, parts[i].describe(reader.store, &keys));
	*out = which == NULL ? all : json_incref(json_object_get(all, which));
	if (which == NULL) return UC_OK;
	json_decref(all);
	if (json_is_object(*out)) return UC_OK;
	bool unknown = *out == NULL;
	json_decref(*out);
	*out = NULL;
	if (unknown)
		return uc_fail_field(e, UC_ENOTFOUND, "no-authz-key", "which", "There are: signing, encryption.", "there is no OAuth key '%s'",
		                     which);
	return uc_fail(e, UC_EUNAVAILABLE, "no-token-keys", "show node list says what is wrong with this node.",
	               "this node does not have the %s key of OAuth (yet)", which);
}

/* ---- tokens ---- */

/* What reading and making tokens needs, released with bench_free(). */
struct bench {
	struct uc_token_keys keys;
	struct uc_lease reader;
	struct uc_account account;
	char issuer[ISSUER_LEN], credential[CREDENTIAL_LEN];
};

static void bench_free(struct bench *b)
{
	uc_account_free(&b->account);
	uc_reader_return(&b->reader);
	uc_token_keys_free(&b->keys);
}

/* A cluster is known by its first change, which the founder signed and no other log has. */
static enum uc_status bench_open(struct uc_node *n, struct bench *b, struct uc_error *e)
{
	char hash[65];
	keys_of(n, &b->keys);
	UC_TRY(uc_reader_borrow(n, &b->reader, e));
	UC_TRY(uc_log_hash(b->reader.store, 1, hash, e));
	snprintf(b->issuer, sizeof b->issuer, "urn:ucpki:%s", hash);
	return UC_OK;
}

static enum uc_status find_account(struct bench *b, const char *name, struct uc_error *e)
{
	enum uc_status status = uc_store_account(b->reader.store, name, &b->account, e);
	if (status == UC_ENOTFOUND)
		return uc_fail(e, UC_EAUTH, "no-account", "Sign in with another account.", "there is no account '%s' any more", name);
	if (status != UC_OK) return status;
	/* The hash of the verifier, which has a salt: it says nothing of the password, but another password has another one. */
	snprintf(b->credential, sizeof b->credential, "%.16s", b->account.secret);
	return UC_OK;
}

/* The token is good, of this use (NULL: any), and its account is as it was when it was made. */
static enum uc_status read_token(struct bench *b, const char *token, const enum uc_token_use *want, json_t **claims, struct uc_error *e)
{
	enum uc_token_use use;
	json_t *have = NULL;
	UC_TRY(uc_token_read(&b->keys, b->issuer, token, uc_now(), &use, &have, e));
	enum uc_status status = UC_OK;
	if (want != NULL && use != *want)
		status = uc_fail(e, UC_EAUTH, "token-use", "Access tokens are for requests, refresh tokens for getting new ones.",
		                 "this is %s token", use == UC_TOKEN_ACCESS ? "an access" : "a refresh");
	if (status == UC_OK) status = find_account(b, uc_json_member(have, "sub"), e);
	if (status == UC_OK && strcmp(b->credential, uc_json_member(have, "cred")) != 0)
		status = uc_fail(e, UC_EAUTH, "password-changed", "Sign in with the new password.",
		                 "the password of '%s' was changed after the token was made", b->account.name);
	if (status != UC_OK) {
		json_decref(have);
		return status;
	}
	*claims = have;
	return UC_OK;
}

static enum uc_status make_tokens(struct bench *b, json_t **out, struct uc_error *e)
{
	const struct uc_token_subject subject = {
	    .issuer = b->issuer, .account = b->account.name, .role = b->account.role, .credential = b->credential};
	char *access = NULL;
	char *refresh = NULL;
	uc_time now = uc_now();
	enum uc_status status = uc_token_make(&b->keys, UC_TOKEN_ACCESS, &subject, now, &access, e);
	if (status == UC_OK) status = uc_token_make(&b->keys, UC_TOKEN_REFRESH, &subject, now, &refresh, e);
	if (status == UC_OK)
		*out = json_pack("{s:s, s:s, s:i, s:s, s:s}", "access_token", access, "token_type", "Bearer", "expires_in", UC_TOKEN_ACCESS_SECONDS,
		                 "refresh_token", refresh, "scope", subject.role);
	if (access != NULL) uc_secret_free(access, strlen(access));
	if (refresh != NULL) uc_secret_free(refresh, strlen(refresh));
	return status;
}

enum uc_status uc_node_token(struct uc_node *n, const char *account, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(bench_free) struct bench b = {.issuer = ""};
	UC_TRY(bench_open(n, &b, e));
	UC_TRY(find_account(&b, account, e));
	return make_tokens(&b, out, e);
}

enum uc_status uc_node_token_refresh(struct uc_node *n, const char *refresh, json_t **out, struct uc_error *e)
{
	static const enum uc_token_use want = UC_TOKEN_REFRESH;
	UC_CLEANUP(bench_free) struct bench b = {.issuer = ""};
	json_t *claims = NULL;
	UC_TRY(bench_open(n, &b, e));
	UC_TRY(read_token(&b, refresh, &want, &claims, e));
	json_decref(claims);
	return make_tokens(&b, out, e);
}

enum uc_status uc_node_token_check(struct uc_node *n, const char *access, char **who, struct uc_error *e)
{
	static const enum uc_token_use want = UC_TOKEN_ACCESS;
	UC_CLEANUP(bench_free) struct bench b = {.issuer = ""};
	json_t *claims = NULL;
	UC_TRY(bench_open(n, &b, e));
	UC_TRY(read_token(&b, access, &want, &claims, e));
	json_decref(claims);
	*who = uc_strdup(b.account.name);
	return UC_OK;
}

enum uc_status uc_node_introspect(struct uc_node *n, const char *token, json_t **out, struct uc_error *e)
{
	struct uc_error why;
	UC_CLEANUP(bench_free) struct bench b = {.issuer = ""};
	json_t *claims = NULL;
	UC_TRY(bench_open(n, &b, e));
	enum uc_status status = read_token(&b, token, NULL, &claims, &why);
	if (status == UC_EAUTH) {
		*out = json_pack("{s:b}", "active", 0);
		return UC_OK;
	}
	if (status != UC_OK) {
		if (e != NULL) *e = why;
		return status;
	}
	json_object_set_new(claims, "active", json_true());
	json_object_set_new(claims, "username", json_string(b.account.name));
	json_object_set_new(claims, "scope", json_string(b.account.role));
	json_object_set_new(claims, "token_type", json_string("Bearer"));
	*out = claims;
	return UC_OK;
}

enum uc_status uc_node_jwks(struct uc_node *n, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_token_keys_free) struct uc_token_keys keys = {.signing = NULL};
	(void)e;
	keys_of(n, &keys);
	*out = uc_token_jwks(&keys);
	return UC_OK;
}
