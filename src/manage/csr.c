/*
 * C1, C3: a certificate signing request with a key of its own; a new one replaces the pending one of its purpose. A multi-server one is
 * the cluster's: it names every node that has the purpose, and its key is sealed to
 * each.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "manage/preview.h"
#include "pki/name.h"

enum { MAX_SANS = 1000 };

/* What a request asks for, worked out from the arguments. */
struct wish {
	const struct uc_purpose *purpose;
	const struct uc_key_spec *key;
	bool multi;
	struct uc_recipients nodes; /* multi-server: those that are to have the key */
	char *common_name;
	bool random_name;          /* a part of which is made anew each time */
	const char *parent_domain; /* borrowed; "": none */
	struct uc_strv sans;
	struct uc_profile profile;
};

static void wish_free(struct wish *w)
{
	free(w->common_name);
	uc_strv_free(&w->sans);
	uc_recipients_free(&w->nodes);
}

static const char *distribution_of(const struct wish *w)
{
	return w->multi ? "multi-server" : "node";
}

static enum uc_status arg_distribution(const struct uc_task_request *req, struct wish *w, struct uc_error *e)
{
	const char *text;
	UC_TRY(uc_arg_text(req, "distribution", &text, e));
	if (text == NULL || uc_eq_nocase(text, "node")) return UC_OK;
	if (!uc_eq_nocase(text, "multi-server") && !uc_eq_nocase(text, "multi"))
		return uc_fail_field(e, UC_EINPUT, "bad-distribution", "distribution", "Use node or multi-server.", "'%s' is not a distribution",
		                     text);
	if (!w->purpose->multi)
		return uc_fail_field(e, UC_EREFUSED, "not-multi-server", "distribution", "Request one certificate per node.",
		                     "certificates for %s cannot be shared by several nodes", w->purpose->name);
	w->multi = true;
	return UC_OK;
}

/* The default of the field: the node's own name, or HOST-ms.DOMAIN (HOST-EC-ms.DOMAIN) for one that all nodes share. */
static enum uc_status arg_common_name(const struct uc_task_context *ctx, const struct uc_task_request *req, struct wish *w,
                                      struct uc_error *e)
{
	const char *text;
	UC_TRY(uc_arg_text(req, "common_name", &text, e));
	if (text != NULL) {
		w->common_name = uc_strdup(text);
		return UC_OK;
	}
	const char *pattern = w->purpose->common_name;
	w->random_name = uc_purpose_random_name(w->purpose);
	if (w->multi) pattern = w->key->rsa ? "%h-ms.%d" : "%h-EC-ms.%d";
	w->common_name = uc_pattern_name(ctx, pattern);
	return UC_OK;
}

static void add_san(struct uc_strv *sans, char *owned)
{
	for (size_t i = 0; i < sans->count; i++) {
		if (!uc_eq_nocase(sans->items[i], owned)) continue;
		free(owned); /* one extension, each name once (C46) */
		return;
	}
	uc_strv_take(sans, owned);
}

/* The node's own name first, then those of the others that the certificate is for. */
static enum uc_status node_sans(const struct uc_task_context *ctx, struct wish *w, struct uc_error *e)
{
	char *name = NULL;
	UC_TRY(uc_san_normalize(ctx->fqdn, &name, e));
	add_san(&w->sans, name);
	if (!w->multi) return UC_OK;
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	for (size_t i = 0; i < all.count; i++) {
		if ((all.items[i].roles & w->purpose->roles) == 0) continue;
		UC_TRY(uc_san_normalize(all.items[i].row.fqdn, &name, e));
		add_san(&w->sans, name);
	}
	return UC_OK;
}

/* Those that were typed, besides. */
static enum uc_status further_sans(const struct uc_task_request *req, struct wish *w, struct uc_error *e)
{
	static const char field[] = "subject_alt_names";
	const json_t *list = json_object_get(req->args, field);
	if (list != NULL && !json_is_null(list) && !json_is_array(list))
		return uc_fail_field(e, UC_EINPUT, "bad-argument", field, "Give a list of texts.", "%s is not a list of texts", field);
	if (json_array_size(list) > MAX_SANS)
		return uc_fail_field(e, UC_ELIMIT, "too-many-names", field, "Split them over several certificates.",
		                     "%zu alternative names are more than the limit of %d", json_array_size(list), MAX_SANS);
	size_t i;
	const json_t *item;
	json_array_foreach(list, i, item)
	{
		char *name = NULL;
		if (!json_is_string(item))
			return uc_fail_field(e, UC_EINPUT, "bad-argument", field, "Give a list of texts.", "entry %zu of %s is not a text", i + 1,
			                     field);
		UC_TRY(uc_arg_blame(uc_san_normalize(json_string_value(item), &name, e), field, e));
		add_san(&w->sans, name);
	}
	return UC_OK;
}

static enum uc_status arg_sans(const struct uc_task_context *ctx, const struct uc_task_request *req, struct wish *w, struct uc_error *e)
{
	char *name = NULL;
	UC_TRY(node_sans(ctx, w, e));
	UC_TRY(uc_arg_text(req, "parent_domain", &w->parent_domain, e));
	if (w->parent_domain == NULL) w->parent_domain = w->multi ? ctx->domain : "";
	if (w->parent_domain[0] != '\0') {
		UC_TRY(uc_arg_blame(uc_san_normalize(w->parent_domain, &name, e), "parent_domain", e));
		add_san(&w->sans, name);
	}
	return further_sans(req, w, e);
}

static enum uc_status arg_subject(const struct uc_task_request *req, struct uc_profile *p, struct uc_error *e)
{
	const struct {
		const char *name;
		const char **field;
	} fields[] = {{"country", &p->country},
	              {"state", &p->state},
	              {"locality", &p->locality},
	              {"organization", &p->organization},
	              {"organizational_unit", &p->unit}};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) UC_TRY(uc_arg_text(req, fields[i].name, fields[i].field, e));
	return UC_OK;
}

static enum uc_status read_wish(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_findings *findings,
                                struct wish *w, struct uc_error *e)
{
	UC_TRY(uc_arg_purpose(ctx, req, &w->purpose, e));
	if (!w->purpose->requestable)
		return uc_fail_field(e, UC_EREFUSED, "not-requestable", "purpose", "Regenerate it instead (set cert regen).",
		                     "%s is always self-signed: no CA signs it", w->purpose->name);
	UC_TRY(uc_arg_key(req, w->purpose, w->purpose->key, findings, &w->key, e));
	UC_TRY(arg_distribution(req, w, e));
	if (w->multi) UC_TRY(uc_purpose_nodes(ctx, w->purpose, &w->nodes, e));
	UC_TRY(arg_common_name(ctx, req, w, e));
	UC_TRY(arg_sans(ctx, req, w, e));
	w->profile = (struct uc_profile){.common_name = w->common_name,
	                                 .sans = &w->sans,
	                                 .key_usage = uc_purpose_usage(ctx, w->purpose, w->key->rsa),
	                                 .ekus = w->purpose->ekus,
	                                 .ca = w->purpose->ca};
	UC_TRY(uc_arg_digest(req, w->key, &w->profile.digest, e));
	return arg_subject(req, &w->profile, e);
}

/*
 * A preview makes the request with a throw-away key, so that a subject that cannot be written is found before anything is done.
 * *expected (owned): what the request will say, as uc_preview_request().
 */
static enum uc_status try_out(const struct wish *w, json_t **expected, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf trial = UC_BUF_EMPTY;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_TRY(uc_key_generate(uc_key_spec_find("ec-p256"), &key, e));
	UC_TRY(uc_csr_make(&w->profile, key, &trial, e));
	*expected = uc_preview_request(uc_buf_slice(&trial), distribution_of(w));
	json_object_set_new(*expected, "key_type", json_string(w->key->text));
	json_object_set_new(*expected, "key_id", json_null());
	if (!w->random_name) return UC_OK;
	json_object_set_new(*expected, "common_name", json_null());
	json_object_set_new(*expected, "subject", json_null());
	return UC_OK;
}

static const char *kind_of(bool multi)
{
	return multi ? "multi-server " : "";
}

/* What becomes of requests that are pending: *old is the one that the new one replaces. */
static enum uc_status judge_pending(const struct uc_task_context *ctx, const struct wish *w, struct uc_request *old, bool *pending,
                                    struct uc_findings *out, struct uc_error *e)
{
	struct uc_request other = {.node = NULL};
	bool beside;
	char when[UC_TIME_TEXT];
	UC_TRY((w->multi ? uc_request_shared : uc_request_maybe)(ctx, w->purpose->name, old, pending, e));
	UC_TRY((w->multi ? uc_request_maybe : uc_request_shared)(ctx, w->purpose->name, &other, &beside, e));
	uc_request_free(&other);
	if (*pending)
		uc_findings_add(out, UC_WARN, "replaces-csr", "If a CA is still working on the pending one, upload its answer first.",
		                "the pending %sCSR of %s, made %s, is replaced: a certificate issued for it will no longer fit", kind_of(w->multi),
		                w->purpose->name, uc_time_rfc3339(old->created, when));
	if (beside)
		uc_findings_add(out, UC_NOTE, "other-csr-stays", NULL, "the pending %sCSR of %s%s%s stays as it is", kind_of(!w->multi),
		                w->purpose->name, w->multi ? " on " : "", w->multi ? ctx->node : "");
	if (w->multi && w->nodes.count < 2)
		uc_findings_add(out, UC_WARN, "single-node-cluster", "Request one with the distribution node.",
		                "%s is the only node that has %s certificates: a multi-server certificate is of use only to several", ctx->node,
		                w->purpose->name);
	return UC_OK;
}

static json_t *csr_step(const struct uc_task_context *ctx, const struct uc_task_request *req, const struct wish *w,
                        const struct uc_made *made, const struct uc_request *before)
{
	char now[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *der = made != NULL ? uc_base64(uc_buf_slice(&made->der)) : NULL;
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s, s:o, s:s, s:o}", "type", "csr.set", "node", w->multi ? UC_ALL_NODES : ctx->node,
	                 "purpose", w->purpose->name, "request", der, "key", made != NULL ? made->key : NULL, "distribution",
	                 distribution_of(w), "parameters", json_deep_copy(req->args), "created",
	                 uc_time_rfc3339(ctx->material != NULL ? ctx->material->at : ctx->now, now), "before",
	                 before != NULL ? uc_request_before(before) : json_null());
}

enum uc_status uc_plan_csr_gen(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(wish_free) struct wish w = {.purpose = NULL};
	UC_TRY(read_wish(ctx, req, &plan->findings, &w, e));
	UC_CLEANUP(uc_request_free) struct uc_request old = {.node = NULL};
	bool pending;
	UC_TRY(judge_pending(ctx, &w, &old, &pending, &plan->findings, e));
	UC_CLEANUP(uc_freep) char *names = uc_strv_join(&w.sans, ", ");
	uc_plan_summary(plan, "Generate a %sCSR for %s on %s", kind_of(w.multi), w.purpose->name, ctx->node);
	const struct uc_made *made = uc_material_get(ctx->material, w.purpose->name);
	json_t *expected = NULL;
	if (made == NULL) UC_TRY(try_out(&w, &expected, e));
	json_t *step = csr_step(ctx, req, &w, made, pending ? &old : NULL);
	if (expected != NULL) json_object_set_new(step, UC_STEP_EXPECTED, expected);
	uc_plan_step(plan, step, "Make a key (%s) and a CSR for %s with CN %s, names %s, %s", w.key->text, w.purpose->name,
	             w.random_name ? "(made anew)" : w.common_name, w.sans.count > 0 ? names : "none", w.profile.digest);
	return w.multi ? uc_plan_seal_new(ctx, w.purpose->name, "private", made, &w.nodes, plan, e) : UC_OK;
}

enum uc_status uc_prepare_csr_gen(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                  struct uc_material *out, struct uc_error *e)
{
	(void)plan;
	UC_CLEANUP(wish_free) struct wish w = {.purpose = NULL};
	UC_TRY(read_wish(ctx, req, NULL, &w, e));
	out->items = uc_zalloc(1, sizeof *out->items);
	out->count = 1;
	out->at = ctx->now;
	snprintf(out->items[0].purpose, sizeof out->items[0].purpose, "%s", w.purpose->name);
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_TRY(uc_keys_new(ctx->keys, w.key, out->items[0].key, &key, e));
	if (w.multi) UC_TRY(uc_seal_to(ctx, out->items[0].key, &w.nodes, &out->items[0].sealed, e));
	return uc_csr_make(&w.profile, key, &out->items[0].der, e);
}

/* ---- what it asks for unless something else is said ---- */

enum uc_status uc_csr_defaults(struct uc_task_context *ctx, const struct uc_task_request *req, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(wish_free) struct wish w = {.purpose = NULL};
	UC_TRY(read_wish(ctx, req, NULL, &w, e));
	json_t *names = json_array();
	for (size_t i = 0; i < w.sans.count; i++) json_array_append_new(names, json_string(w.sans.items[i]));
	*out = json_pack("{s:s, s:s, s:o, s:s?, s:o, s:s, s:s, s:o, s:o, s:o}", "purpose", w.purpose->name, "distribution", distribution_of(&w),
	                 "distributions", uc_purpose_distributions(w.purpose), "common_name", w.random_name ? NULL : w.common_name,
	                 "subject_alt_names", names, "parent_domain", w.parent_domain, "key", w.key->name, "keys", uc_purpose_keys(w.purpose),
	                 "hash", uc_digest_name(w.profile.digest), "hashes", uc_digest_names(w.key));
	return UC_OK;
}

/* The pending request that is meant: the one of the distribution named, else the node's own, else the one that all share. */
static enum uc_status find_pending(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_purpose *purpose,
                                   struct uc_request *out, struct uc_error *e)
{
	struct wish w = {.purpose = purpose};
	const char *distribution;
	UC_TRY(uc_arg_text(req, "distribution", &distribution, e));
	UC_TRY(arg_distribution(req, &w, e));
	bool there = false;
	if (!w.multi) UC_TRY(uc_request_maybe(ctx, purpose->name, out, &there, e));
	if (!there && distribution == NULL) UC_TRY(uc_request_shared(ctx, purpose->name, out, &there, e));
	return there ? UC_OK : uc_store_request(ctx->store, w.multi ? UC_ALL_NODES : ctx->node, purpose->name, out, e);
}

enum uc_status uc_plan_csr_delete(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	const struct uc_purpose *purpose;
	UC_TRY(uc_arg_purpose(ctx, req, &purpose, e));
	UC_CLEANUP(uc_request_free) struct uc_request old = {.node = NULL};
	UC_TRY(find_pending(ctx, req, purpose, &old, e));
	bool multi = strcmp(old.node, UC_ALL_NODES) == 0;
	uc_plan_summary(plan, "Delete the pending %sCSR of %s%s%s", kind_of(multi), purpose->name, multi ? "" : " on ", multi ? "" : ctx->node);
	uc_findings_add(&plan->findings, UC_WARN, "csr-lost", "Undo brings it back within 30 days.",
	                "a certificate that a CA issues for the deleted CSR of %s can no longer be uploaded", purpose->name);
	json_t *step = json_pack("{s:s, s:s, s:s, s:o}", "type", "csr.remove", "node", old.node, "purpose", purpose->name, "before",
	                         uc_request_before(&old));
	uc_plan_step(plan, step, "Delete the pending %sCSR of %s", kind_of(multi), purpose->name);
	return UC_OK;
}
