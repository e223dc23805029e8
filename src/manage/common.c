/* What the tasks share: arguments, the pieces of steps, candidates for paths. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/task.h"
#include "pki/name.h"

static void made_free(struct uc_made *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uc_buf_free(&items[i].der);
		uc_buf_free(&items[i].sealed);
	}
	free(items);
}

void uc_material_free(struct uc_material *m)
{
	made_free(m->items, m->count);
	made_free(m->resealed, m->resealed_count);
	uc_buf_wipe(&m->verifier);
	uc_buf_wipe(&m->secret);
	*m = (struct uc_material){.items = NULL};
}

const struct uc_made *uc_material_get(const struct uc_material *m, const char *purpose)
{
	for (size_t i = 0; m != NULL && i < m->count; i++)
		if (strcmp(m->items[i].purpose, purpose) == 0) return &m->items[i];
	return NULL;
}

enum uc_status uc_arg_text(const struct uc_task_request *req, const char *name, const char **out, struct uc_error *e)
{
	const json_t *value = json_object_get(req->args, name);
	*out = NULL;
	if (value == NULL || json_is_null(value)) return UC_OK;
	if (!json_is_string(value))
		return uc_fail_field(e, UC_EINPUT, "bad-argument", name, "Give a text.", "the argument %s is not a text", name);
	*out = json_string_value(value);
	return UC_OK;
}

enum uc_status uc_arg_need(const struct uc_task_request *req, const char *name, const char **out, struct uc_error *e)
{
	UC_TRY(uc_arg_text(req, name, out, e));
	if (*out != NULL && (*out)[0] != '\0') return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "argument-missing", name, NULL, "the argument %s is missing", name);
}

enum uc_status uc_arg_number(const struct uc_task_request *req, const char *name, const char *id, const char *what, int lo, int hi,
                             int otherwise, int *out, struct uc_error *e)
{
	const json_t *value = json_object_get(req->args, name);
	*out = otherwise;
	if (value == NULL || json_is_null(value)) return UC_OK;
	if (json_is_integer(value) && json_integer_value(value) >= lo && json_integer_value(value) <= hi) {
		*out = (int)json_integer_value(value);
		return UC_OK;
	}
	char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	enum uc_status status =
	    uc_fail_field(e, UC_EINPUT, id, name, NULL, "%s must be a number from %d to %d, not %.100s", what, lo, hi, text);
	free(text);
	return status;
}

enum uc_status uc_arg_blame(enum uc_status status, const char *field, struct uc_error *e)
{
	if (status != UC_OK && e != NULL) snprintf(e->field, sizeof e->field, "%s", field);
	return status;
}

enum uc_status uc_arg_purpose(const struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_purpose **out,
                              struct uc_error *e)
{
	const char *name;
	UC_TRY(uc_arg_need(req, "purpose", &name, e));
	UC_TRY(uc_purpose_find(name, out, e));
	if (((*out)->roles & ctx->roles) != 0) return UC_OK;
	return uc_fail_field(e, UC_EREFUSED, "purpose-not-here", "purpose",
	                     "Name a node that has the purpose; `show cert purposes` lists which roles do.",
	                     "the node %s has no role that uses %s certificates", ctx->node, (*out)->name);
}

/* Key lengths that some phones do not bear (requirements section 2; C39). */
static void judge_length(const struct uc_purpose *purpose, const struct uc_key_spec *spec, struct uc_findings *findings)
{
	if (!purpose->signs_phone_files) return;
	if (spec->rsa && spec->bits == 3072)
		uc_findings_add(findings, UC_DANGER, "phone-signature-3072", "Use RSA 2048, or 4096 where all phones are known to bear it.",
		                "%s signs phone files, and no signature code for 3072-bit keys is known: with it, lists and configuration files "
		                "cannot be signed by %s",
		                purpose->name, purpose->name);
	if (spec->rsa && spec->bits > 3072)
		uc_findings_add(findings, UC_WARN, "phone-key-length", "Use RSA 2048 unless all phones are known to bear more.",
		                "some phones cannot register when the key of %s has %d bits", purpose->name, spec->bits);
}

enum uc_status uc_arg_key(const struct uc_task_request *req, const struct uc_purpose *purpose, const char *otherwise,
                          struct uc_findings *findings, const struct uc_key_spec **out, struct uc_error *e)
{
	const char *name;
	UC_TRY(uc_arg_text(req, "key", &name, e));
	*out = uc_key_spec_find(name != NULL ? name : otherwise);
	static const char hint[] = "The kinds are rsa-2048, rsa-3072, rsa-4096, ec-p256, ec-p384 and ec-p521.";
	if (*out == NULL)
		return uc_fail_field(e, UC_EINPUT, "bad-key-kind", "key", hint, "'%s' is not a kind of key that can be generated",
		                     name != NULL ? name : otherwise);
	const struct uc_key_spec *usual = uc_key_spec_find(purpose->key);
	if (usual->rsa != (*out)->rsa)
		return uc_fail_field(e, UC_EREFUSED, "key-family", "key",
		                     usual->rsa ? "Use rsa-2048, rsa-3072 or rsa-4096; EC keys belong to the purpose whose name ends in -ECDSA."
		                                : "Use ec-p256, ec-p384 or ec-p521; RSA keys belong to the purpose without -ECDSA.",
		                     "%s has %s keys, not %s", purpose->name, usual->rsa ? "RSA" : "EC", (*out)->text);
	if (findings != NULL) judge_length(purpose, *out, findings);
	return UC_OK;
}

static const struct {
	const char *name;
	const char *digest;
	int bits;
} digests[] = {{"sha256", "SHA256", 256}, {"sha384", "SHA384", 384}, {"sha512", "SHA512", 512}};

static bool too_weak(size_t digest, const struct uc_key_spec *key)
{
	return !key->rsa && digests[digest].bits < key->bits && digests[digest].bits < 512;
}

json_t *uc_digest_name(const char *digest)
{
	size_t i = 0;
	while (i + 1 < sizeof digests / sizeof *digests && strcmp(digests[i].digest, digest) != 0) i++;
	return json_string(digests[i].name);
}

json_t *uc_digest_names(const struct uc_key_spec *key)
{
	json_t *out = json_array();
	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++)
		if (!too_weak(i, key)) json_array_append_new(out, json_string(digests[i].name));
	return out;
}

/* The hash must be as strong as the curve (cisco-interfaces 3.4: 384-bit keys take SHA-384 or SHA-512). */
enum uc_status uc_arg_digest(const struct uc_task_request *req, const struct uc_key_spec *key, const char **out, struct uc_error *e)
{
	const char *name;
	UC_TRY(uc_arg_text(req, "hash", &name, e));
	*out = key->digest;
	if (name == NULL) return UC_OK;
	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
		if (!uc_eq_nocase(digests[i].name, name)) continue;
		if (too_weak(i, key))
			return uc_fail_field(e, UC_EREFUSED, "hash-too-weak", "hash", "Use a hash as long as the key.",
			                     "%s is too weak for a key of kind %s", name, key->text);
		*out = digests[i].digest;
		return UC_OK;
	}
	return uc_fail_field(e, UC_EINPUT, "bad-hash", "hash", "Use sha256, sha384 or sha512.", "'%s' is not a hash that can be used", name);
}

/* ---- identities ---- */

static enum uc_status not_found_is_no(enum uc_status status, bool *have)
{
	*have = status == UC_OK;
	return status == UC_ENOTFOUND ? UC_OK : status;
}

enum uc_status uc_identity_maybe(const struct uc_task_context *ctx, const char *purpose, struct uc_identity *out, bool *have,
                                 struct uc_error *e)
{
	return not_found_is_no(uc_store_identity(ctx->store, ctx->node, purpose, out, e), have);
}

enum uc_status uc_request_maybe(const struct uc_task_context *ctx, const char *purpose, struct uc_request *out, bool *have,
                                struct uc_error *e)
{
	return not_found_is_no(uc_store_request(ctx->store, ctx->node, purpose, out, e), have);
}

enum uc_status uc_request_shared(const struct uc_task_context *ctx, const char *purpose, struct uc_request *out, bool *have,
                                 struct uc_error *e)
{
	return not_found_is_no(uc_store_request(ctx->store, UC_ALL_NODES, purpose, out, e), have);
}

static json_t *der_text(struct uc_slice der)
{
	UC_CLEANUP(uc_freep) char *b64 = uc_base64(der);
	return json_string(b64);
}

json_t *uc_cert_json(const struct uc_cert *cert)
{
	return cert != NULL ? der_text(uc_buf_slice(&cert->der)) : json_null();
}

static json_t *chain_texts(const struct uc_certs *chain)
{
	json_t *out = json_array();
	for (size_t i = 0; chain != NULL && i < chain->count; i++) json_array_append_new(out, uc_cert_json(chain->items[i]));
	return out;
}

json_t *uc_identity_before(const struct uc_identity *i)
{
	if (i == NULL) return json_null();
	return json_pack("{s:o, s:o, s:s, s:s, s:s}", "certificate", uc_cert_json(i->cert), "chain", chain_texts(&i->chain), "key", i->key_id,
	                 "source", i->source, "distribution", i->distribution);
}

json_t *uc_request_before(const struct uc_request *r)
{
	char created[UC_TIME_TEXT];
	return json_pack("{s:o, s:s, s:s, s:O, s:s}", "request", der_text(uc_buf_slice(&r->der)), "key", r->key_id, "distribution",
	                 r->distribution, "parameters", r->parameters, "created", uc_time_rfc3339(r->created, created));
}

json_t *uc_plan_identity_step(const struct uc_task_context *ctx, const char *purpose, const struct uc_cert *cert,
                              const struct uc_certs *chain, const char *key, const char *source, const char *distribution,
                              const struct uc_identity *before)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s?, s:s, s:s, s:o}", "type", "identity.set", "node", ctx->node, "purpose", purpose,
	                 "certificate", uc_cert_json(cert), "chain", chain_texts(chain), "key", key, "source", source, "distribution",
	                 distribution, "before", uc_identity_before(before));
}

/* ---- candidates for paths ---- */

static enum uc_status gather_issuers(struct uc_store *store, const char *trust_store, const char *node, const struct uc_cert *of,
                                     struct uc_certs *intermediates, struct uc_certs *anchors, struct uc_certs *fresh, struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs found = {.items = NULL};
	UC_TRY(uc_store_issuers(store, trust_store, node, uc_name_hash(of->issuer), &found, e));
	for (size_t i = 0; i < found.count; i++) {
		struct uc_cert *c = found.items[i];
		if (uc_certs_find(intermediates, c->fingerprint) >= 0 || uc_certs_find(anchors, c->fingerprint) >= 0) continue;
		bool root = uc_cert_self_signed(c);
		if (!root) uc_certs_take(fresh, uc_cert_dup(c));
		uc_certs_take(root ? anchors : intermediates, uc_cert_dup(c));
	}
	return UC_OK;
}

enum uc_status uc_pool_gather(struct uc_store *store, const char *trust_store, const char *node, const struct uc_certs *from,
                              struct uc_certs *intermediates, struct uc_certs *anchors, struct uc_error *e)
{
	enum { MAX_ROUNDS = 20 }; /* no path is longer */
	UC_CLEANUP(uc_certs_free) struct uc_certs wave = {.items = NULL};
	for (size_t i = 0; i < from->count; i++) uc_certs_take(&wave, uc_cert_dup(from->items[i]));
	for (int round = 0; round < MAX_ROUNDS && wave.count > 0; round++) {
		UC_CLEANUP(uc_certs_free) struct uc_certs fresh = {.items = NULL};
		for (size_t i = 0; i < wave.count; i++)
			UC_TRY(gather_issuers(store, trust_store, node, wave.items[i], intermediates, anchors, &fresh, e));
		uc_certs_free(&wave);
		wave = fresh;
		fresh = (struct uc_certs){.items = NULL};
	}
	return UC_OK;
}
