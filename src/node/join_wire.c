#include "node/join_wire.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "pki/key.h"
#include "pki/seal.h"

enum {
	MAX_CERTIFICATE = 16 * 1024,
	MAX_SEALED = 128 * 1024,
	MAX_SIGNATURE = 256,
	MAX_LABEL = 63,
	MAX_DOMAIN = 253,
	MAX_ROLES = 200,
	MAX_STORE = 8192,
	GUID_LEN = 36,
	HASH_LEN = 64,
	MAC_LEN = 32
};

/* ---- members, bounded ---- */

/* The text of a member with at most max bytes, or NULL. */
static const char *text_of(const json_t *object, const char *name, size_t max)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);
	return text != NULL && len <= max && strlen(text) == len ? text : NULL;
}

/* The bytes of a member in base64, at most max; false otherwise. Appended to out. */
static bool bytes_of(const json_t *object, const char *name, size_t max, struct uc_buf *out)
{
	const char *text = text_of(object, name, 4 * (max / 3 + 1));
	return text != NULL && uc_unbase64(uc_slice_str(text), out) && out->len > 0 && out->len <= max;
}

static bool is_hex(const char *text, size_t len)
{
	return strlen(text) == len && strspn(text, "0123456789abcdef") == len;
}

static bool is_guid(const char *text)
{
	if (strlen(text) != GUID_LEN || strspn(text, "0123456789abcdefABCDEF-") != GUID_LEN) return false;
	for (size_t i = 0; i < GUID_LEN; i++)
		if ((text[i] == '-') != (i == 8 || i == 13 || i == 18 || i == 23)) return false;
	return true;
}

static void set_bytes(json_t *object, const char *name, struct uc_slice bytes)
{
	UC_CLEANUP(uc_freep) char *text = uc_base64(bytes);
	json_object_set_new(object, name, json_string(text));
}

/* ---- the request ---- */

json_t *uc_join_request_make(const struct uc_join_secret *secret, const struct uc_keys *keys, const struct uc_join_wish *wish,
                             uint8_t mac[MAC_LEN])
{
	char at[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *id = uc_hex(uc_slice_of(secret->id, sizeof secret->id), '\0');
	UC_CLEANUP(uc_freep) char *publisher = uc_hex(uc_slice_of(secret->publisher, sizeof secret->publisher), '\0');
	json_t *request = json_object();
	json_object_set_new(request, "id", json_string(id));
	json_object_set_new(request, "publisher", json_string(publisher));
	json_object_set_new(request, "node", json_string(wish->name != NULL ? wish->name : ""));
	json_object_set_new(request, "domain", json_string(wish->domain != NULL ? wish->domain : ""));
	set_bytes(request, "certificate", uc_buf_slice(&uc_keys_node_cert(keys)->der));
	json_object_set_new(request, "guid", json_string(wish->guid));
	json_object_set_new(request, "time", json_string(uc_time_rfc3339(uc_now(), at)));
	json_object_set_new(request, "version", json_string(UC_VERSION));
	uc_join_mac(secret->secret, request, mac);
	set_bytes(request, "mac", uc_slice_of(mac, MAC_LEN));
	return request;
}

void uc_join_request_free(struct uc_join_request *r)
{
	uc_cert_free(r->cert);
	*r = (struct uc_join_request){.node = NULL};
}

static enum uc_status bad_request(struct uc_error *e, const char *member, const char *what)
{
	return uc_fail_field(e, UC_EINPUT, "bad-join-request", member, "Are both nodes of the same version?",
	                     "the request to join cannot be read: '%s' is not %s", member, what);
}

static enum uc_status read_certificate(const json_t *request, struct uc_join_request *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	if (!bytes_of(request, "certificate", MAX_CERTIFICATE, &der) || uc_cert_read(uc_buf_slice(&der), &out->cert, NULL) != UC_OK)
		return bad_request(e, "certificate", "a certificate in base64");
	out->certificate = json_string_value(json_object_get(request, "certificate"));
	struct uc_key_info key = uc_key_info_of(out->cert->spki);
	const struct uc_key_spec *spec = uc_key_spec_of(out->cert->spki);
	if (spec == NULL || strcmp(spec->name, "ec-p256") != 0) {
		UC_CLEANUP(uc_freep) char *what = uc_sprintf("for a P-256 key but for %s", key.text);
		return bad_request(e, "certificate", what);
	}
	if (!uc_cert_self_signed(out->cert)) return bad_request(e, "certificate", "signed with its own key");
	return UC_OK;
}

enum uc_status uc_join_request_read(const json_t *request, struct uc_join_request *out, struct uc_error *e)
{
	const char *id = text_of(request, "id", sizeof out->id - 1);
	if (id == NULL || strlen(id) != sizeof out->id - 1) return bad_request(e, "id", "an id of 16 hexadecimal digits");
	for (size_t i = 0; i < sizeof out->id; i++) out->id[i] = uc_ascii_lower(id[i]);
	if (!is_hex(out->id, sizeof out->id - 1)) return bad_request(e, "id", "an id of 16 hexadecimal digits");
	out->publisher = text_of(request, "publisher", HASH_LEN);
	if (out->publisher == NULL || !is_hex(out->publisher, HASH_LEN)) return bad_request(e, "publisher", "a fingerprint in hexadecimal");
	out->node = text_of(request, "node", MAX_LABEL);
	if (out->node == NULL) return bad_request(e, "node", "a name of at most 63 characters");
	out->domain = text_of(request, "domain", MAX_DOMAIN);
	if (out->domain == NULL) return bad_request(e, "domain", "a domain of at most 253 characters");
	out->guid = text_of(request, "guid", GUID_LEN);
	if (out->guid == NULL || !is_guid(out->guid)) return bad_request(e, "guid", "a UUID");
	const char *at = text_of(request, "time", UC_TIME_TEXT);
	if (at == NULL || uc_time_parse(at, &out->at, NULL) != UC_OK) return bad_request(e, "time", "a time");
	if (text_of(request, "version", MAX_LABEL) == NULL) return bad_request(e, "version", "a version");
	UC_CLEANUP(uc_buf_free) struct uc_buf mac = UC_BUF_EMPTY;
	if (!bytes_of(request, "mac", MAC_LEN, &mac) || mac.len != MAC_LEN) return bad_request(e, "mac", "32 bytes in base64");
	memcpy(out->mac, mac.ptr, MAC_LEN);
	return read_certificate(request, out, e);
}

bool uc_join_request_proven(const struct uc_join_request *r, const json_t *request, const uint8_t secret[UC_JOIN_SECRET_LEN])
{
	uint8_t mac[MAC_LEN];
	uc_join_mac(secret, request, mac);
	return uc_equal_secret(uc_slice_of(mac, sizeof mac), uc_slice_of(r->mac, sizeof r->mac));
}

enum uc_status uc_join_clock(uc_time at, uc_time now, const char *whose, const char *other, struct uc_error *e)
{
	char there[UC_TIME_TEXT];
	char here[UC_TIME_TEXT];
	if (at >= now - UC_JOIN_CLOCK_SECONDS && at <= now + UC_JOIN_CLOCK_SECONDS) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "clock-off", "Set the clock that is wrong, best by NTP on both nodes.",
	               "it is %s on %s and %s on %s: more than %d seconds apart", uc_time_rfc3339(at, there), whose, uc_time_rfc3339(now, here),
	               other, UC_JOIN_CLOCK_SECONDS);
}

/* ---- the answer ---- */

/* What the publisher signs: the answer belongs to this request only. Release with uc_buf_free(). */
static struct uc_buf signed_part(const uint8_t mac[MAC_LEN], struct uc_slice sealed)
{
	struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add(&out, mac, MAC_LEN);
	uc_buf_add_slice(&out, sealed);
	return out;
}

static int append(const char *text, size_t len, void *ctx)
{
	uc_buf_add(ctx, text, len);
	return 0;
}

enum uc_status uc_join_answer_make(struct uc_keys *keys, const struct uc_join_request *r, const json_t *told, json_t **out,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf text = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf signature = UC_BUF_EMPTY;
	UC_CLEANUP(uc_certs_free) struct uc_certs to = {.items = NULL};
	json_dump_callback(told, append, &text, JSON_COMPACT);
	uc_certs_take(&to, uc_cert_dup(r->cert));
	UC_TRY(uc_seal(uc_buf_slice(&text), &to, &sealed, e));
	UC_CLEANUP(uc_buf_free) struct uc_buf part = signed_part(r->mac, uc_buf_slice(&sealed));
	UC_TRY(uc_keys_node_sign(keys, uc_buf_slice(&part), &signature, e));
	*out = json_object();
	set_bytes(*out, "certificate", uc_buf_slice(&uc_keys_node_cert(keys)->der));
	set_bytes(*out, "sealed", uc_buf_slice(&sealed));
	set_bytes(*out, "signature", uc_buf_slice(&signature));
	return UC_OK;
}

static enum uc_status not_authentic(struct uc_error *e, const char *what)
{
	return uc_fail(e, UC_EREFUSED, "publisher-not-authentic", "Check the address, and that the join secret is from this publisher.",
	               "the answer is not by the publisher who gave out the join secret: %s", what);
}

/* Opens the outer layer: whose answer it is, to what. sealed is appended to. */
static enum uc_status check_answer(const struct uc_join_secret *secret, const uint8_t mac[MAC_LEN], const json_t *answer,
                                   struct uc_buf *sealed, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf signature = UC_BUF_EMPTY;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *publisher = NULL;
	if (!bytes_of(answer, "certificate", MAX_CERTIFICATE, &der) || uc_cert_read(uc_buf_slice(&der), &publisher, NULL) != UC_OK)
		return not_authentic(e, "it holds no certificate");
	if (memcmp(publisher->fingerprint, secret->publisher, UC_FINGERPRINT_LEN) != 0) {
		char fp[UC_FINGERPRINT_HEX];
		UC_CLEANUP(uc_freep) char *what = uc_sprintf("its certificate has the fingerprint %s", uc_cert_fingerprint_hex(publisher, fp));
		return not_authentic(e, what);
	}
	if (!bytes_of(answer, "sealed", MAX_SEALED, sealed) || !bytes_of(answer, "signature", MAX_SIGNATURE, &signature))
		return not_authentic(e, "a part of it is missing");
	UC_CLEANUP(uc_buf_free) struct uc_buf part = signed_part(mac, uc_buf_slice(sealed));
	if (!uc_signature_ok(publisher, uc_buf_slice(&part), uc_buf_slice(&signature)))
		return not_authentic(e, "its signature is not for the request that was made");
	return UC_OK;
}

static enum uc_status bad_answer(struct uc_error *e, const char *member)
{
	return uc_fail(e, UC_EREFUSED, "bad-answer", "Are both nodes of the same version?",
	               "the publisher's answer cannot be read: '%s' is missing or malformed", member);
}

static enum uc_status read_told(const json_t *told, struct uc_join_told *out, uc_time *at, struct uc_error *e)
{
	const struct {
		const char *name;
		size_t max;
		char **out;
	} texts[] = {{"node", MAX_LABEL, &out->node},
	             {"domain", MAX_DOMAIN, &out->domain},
	             {"roles", MAX_ROLES, &out->roles},
	             {"store", MAX_STORE, &out->store}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *text = text_of(told, texts[i].name, texts[i].max);
		if (text == NULL || (text[0] == '\0' && texts[i].max != MAX_DOMAIN)) return bad_answer(e, texts[i].name);
		*texts[i].out = uc_strdup(text);
	}
	UC_CLEANUP(uc_cert_freep) struct uc_cert *founder = NULL;
	if (!bytes_of(told, "founder", MAX_CERTIFICATE, &out->founder) || uc_cert_read(uc_buf_slice(&out->founder), &founder, NULL) != UC_OK)
		return bad_answer(e, "founder");
	const json_t *head = json_object_get(told, "head");
	const char *hash = text_of(head, "hash", HASH_LEN);
	out->head = json_integer_value(json_object_get(head, "number"));
	if (out->head < 1 || hash == NULL || !is_hex(hash, HASH_LEN)) return bad_answer(e, "head");
	memcpy(out->hash, hash, HASH_LEN + 1);
	const char *time = text_of(told, "time", UC_TIME_TEXT);
	if (time == NULL || uc_time_parse(time, at, NULL) != UC_OK) return bad_answer(e, "time");
	return UC_OK;
}

static enum uc_status read_sealed(struct uc_keys *keys, struct uc_slice sealed, struct uc_join_told *out, uc_time *at, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf text = UC_BUF_EMPTY;
	UC_TRY(uc_keys_unseal(keys, sealed, &text, e));
	json_t *told = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
	enum uc_status status = read_told(told, out, at, e);
	json_decref(told);
	return status;
}

enum uc_status uc_join_answer_read(const struct uc_join_secret *secret, struct uc_keys *keys, const char *name, const uint8_t mac[MAC_LEN],
                                   const json_t *answer, struct uc_join_told *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = UC_BUF_EMPTY;
	uc_time at = 0;
	UC_TRY(check_answer(secret, mac, answer, &sealed, e));
	UC_TRY(read_sealed(keys, uc_buf_slice(&sealed), out, &at, e));
	UC_TRY(uc_join_clock(at, uc_now(), "the publisher", "this node", e));
	if (name == NULL || uc_eq_nocase(name, out->node)) return UC_OK;
	return uc_fail(e, UC_ECONFLICT, "other-node", "Start it with that name, or make a join secret for this one on the publisher.",
	               "the join secret was made for the node %s, not for %s", out->node, name);
}

/* ---- refusals ---- */

static bool is_id(const char *text)
{
	return text[0] >= 'a' && text[0] <= 'z' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

enum uc_status uc_join_refused(const char *publisher, long status, const json_t *problem, struct uc_error *e)
{
	const char *id = text_of(problem, "code", sizeof e->id - 1);
	const char *detail = json_string_value(json_object_get(problem, "detail"));
	const char *hint = json_string_value(json_object_get(problem, "hint"));
	if (id == NULL || !is_id(id) || detail == NULL)
		return uc_fail(e, UC_EREFUSED, "publisher-not-authentic", "Check the address: is it that of a publisher?",
		               "%s answers with HTTP status %ld, not as a publisher does", publisher, status);
	enum uc_status class = strcmp(id, "other-node") == 0 ? UC_ECONFLICT : status == 503 ? UC_EUNAVAILABLE : UC_EREFUSED;
	return uc_fail(e, class, id, hint, "the publisher %s refuses: %s", publisher, detail);
}
