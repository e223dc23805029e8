/* Keys that several nodes have: to whom each is sealed, and the steps that say so. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"

/* ---- recipients ---- */

void uc_recipients_free(struct uc_recipients *r)
{
	for (size_t i = 0; i < r->count; i++) {
		free(r->items[i].name);
		uc_cert_free(r->items[i].cert);
	}
	free(r->items);
	*r = (struct uc_recipients){.items = NULL};
}

void uc_recipients_add(struct uc_recipients *r, const char *name, const struct uc_cert *cert)
{
	r->items = uc_realloc(r->items, r->count + 1, sizeof *r->items);
	size_t at = r->count++;
	for (; at > 0 && strcmp(r->items[at - 1].name, name) > 0; at--) r->items[at] = r->items[at - 1];
	r->items[at] = (struct uc_recipient){.name = uc_strdup(name), .cert = cert != NULL ? uc_cert_dup(cert) : NULL};
}

static enum uc_status pick(const struct uc_task_context *ctx, const char *but, unsigned roles, struct uc_recipients *out,
                           struct uc_error *e)
{
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	for (size_t i = 0; i < all.count; i++) {
		const struct uc_member *m = &all.items[i];
		bool own = strcmp(m->row.name, ctx->node) == 0;
		/* The store may not have the roles yet that this node is being given. */
		unsigned has = own ? ctx->roles : m->roles;
		if ((has & roles) == 0 || (but != NULL && strcmp(m->row.name, but) == 0)) continue;
		if (m->cert == NULL && !own) continue; /* it has no key of its own yet; it is given what it needs when it has */
		uc_recipients_add(out, m->row.name, m->cert);
	}
	return UC_OK;
}

enum uc_status uc_all_nodes(const struct uc_task_context *ctx, const char *but, struct uc_recipients *out, struct uc_error *e)
{
	return pick(ctx, but, ~0u, out, e);
}

enum uc_status uc_shared_nodes(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const char *but,
                               struct uc_recipients *out, struct uc_error *e)
{
	return pick(ctx, but, purpose->shared, out, e);
}

enum uc_status uc_purpose_nodes(const struct uc_task_context *ctx, const struct uc_purpose *purpose, struct uc_recipients *out,
                                struct uc_error *e)
{
	return pick(ctx, NULL, purpose->roles, out, e);
}

/* Release with uc_certs_free(). */
static struct uc_certs certs_of(const struct uc_recipients *r)
{
	struct uc_certs out = {.items = NULL};
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].cert != NULL) uc_certs_take(&out, uc_cert_dup(r->items[i].cert));
	return out;
}

/* Release with uc_strv_free(). */
static struct uc_strv names_of(const struct uc_recipients *r)
{
	struct uc_strv out = {.items = NULL};
	for (size_t i = 0; i < r->count; i++) uc_strv_add(&out, r->items[i].name);
	return out;
}

/* ---- what is sealed ---- */

static json_t *list_json(const struct uc_strv *v)
{
	json_t *out = json_array();
	for (size_t i = 0; i < v->count; i++) json_array_append_new(out, json_string(v->items[i]));
	return out;
}

static json_t *before_of(const struct uc_sealed *k)
{
	return json_pack("{s:s, s:s, s:o, s:s}", "purpose", k->purpose, "kind", k->kind, "nodes", list_json(&k->nodes), "secret", k->secret);
}

static struct uc_sealed copy_of(const struct uc_sealed *k)
{
	struct uc_sealed out = {.key_id = uc_strdup(k->key_id),
	                        .purpose = uc_strdup(k->purpose),
	                        .kind = uc_strdup(k->kind),
	                        .secret = uc_strdup(k->secret),
	                        .number = k->number};
	for (size_t i = 0; i < k->nodes.count; i++) uc_strv_add(&out.nodes, k->nodes.items[i]);
	uc_buf_add_slice(&out.blob, uc_buf_slice(&k->blob));
	return out;
}

static void take_sealed(void *ctx, const struct uc_sealed *k)
{
	struct uc_sealed_list *v = ctx;
	v->items = uc_realloc(v->items, v->count + 1, sizeof *v->items);
	v->items[v->count++] = copy_of(k);
}

void uc_sealed_list_free(struct uc_sealed_list *v)
{
	for (size_t i = 0; i < v->count; i++) uc_sealed_free(&v->items[i]);
	free(v->items);
	*v = (struct uc_sealed_list){.items = NULL};
}

enum uc_status uc_sealed_list_read(const struct uc_task_context *ctx, const char *purpose, struct uc_sealed_list *out, struct uc_error *e)
{
	return uc_store_sealed_each(ctx->store, purpose, take_sealed, out, e);
}

enum uc_status uc_sealed_maybe(const struct uc_task_context *ctx, const char *key, struct uc_sealed *out, bool *have, struct uc_error *e)
{
	enum uc_status status = uc_store_sealed(ctx->store, key, out, e);
	*have = status == UC_OK;
	return status == UC_ENOTFOUND ? UC_OK : status;
}

unsigned uc_sealed_roles(const struct uc_sealed *k)
{
	const struct uc_purpose *purpose = NULL;
	if (strcmp(k->purpose, UC_AUTHZ_ENCRYPTION) == 0) return ~0u;
	return uc_purpose_find(k->purpose, &purpose, NULL) == UC_OK ? purpose->shared : 0;
}

bool uc_sealed_rotates(const struct uc_sealed *k)
{
	const struct uc_purpose *purpose = NULL;
	if (strcmp(k->purpose, UC_AUTHZ_ENCRYPTION) == 0) return true;
	return uc_purpose_find(k->purpose, &purpose, NULL) == UC_OK && purpose->rotates;
}

/* ---- steps ---- */

/* Who has a name is seen in the step's text; whose certificate it is, in what the plan is bound to. */
static void bind_to(const char *purpose, const char *key, const struct uc_recipients *to, struct uc_plan *plan)
{
	char fp[UC_FINGERPRINT_HEX];
	if (key != NULL) uc_plan_bind(plan, "the %s key %s", purpose, key);
	for (size_t i = 0; i < to->count; i++)
		uc_plan_bind(plan, "the %s key to %s, %s", purpose, to->items[i].name,
		             to->items[i].cert != NULL ? uc_cert_fingerprint_hex(to->items[i].cert, fp) : "");
}

static enum uc_status plan_seal(const struct uc_task_context *ctx, const char *purpose, const char *kind, const char *key,
                                struct uc_slice blob, const struct uc_recipients *to, const struct uc_sealed *before, struct uc_plan *plan,
                                struct uc_error *e)
{
	char hash[65] = "";
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = names_of(to);
	/* Without a blob this is another plan than the one that was prepared for, which is found when they are compared. */
	if (ctx->material != NULL && blob.len > 0) UC_TRY(uc_store_secret_put(ctx->store, blob, hash, e));
	json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "type", "key.seal", "key", key, "purpose", purpose, "kind", kind,
	                         "nodes", list_json(&nodes), "secret", hash, "before", before != NULL ? before_of(before) : json_null());
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&nodes, ", ");
	if (before != NULL)
		uc_plan_step(plan, step, "Seal the %s key anew, to %s", purpose, list);
	else
		uc_plan_step(plan, step, "Seal the new %s key to %s", purpose, list);
	return UC_OK;
}

enum uc_status uc_plan_seal_new(const struct uc_task_context *ctx, const char *purpose, const char *kind, const struct uc_made *made,
                                const struct uc_recipients *to, struct uc_plan *plan, struct uc_error *e)
{
	struct uc_slice blob = made != NULL ? uc_buf_slice(&made->sealed) : (struct uc_slice){.ptr = NULL};
	bind_to(purpose, NULL, to, plan);
	return plan_seal(ctx, purpose, kind, made != NULL ? made->key : "", blob, to, NULL, plan, e);
}

enum uc_status uc_plan_seal_again(const struct uc_task_context *ctx, const char *purpose, const char *kind, const char *key,
                                  const struct uc_recipients *to, const struct uc_sealed *before, struct uc_plan *plan, struct uc_error *e)
{
	bind_to(purpose, key, to, plan);
	return plan_seal(ctx, purpose, kind, key, uc_material_resealed(ctx->material, key), to, before, plan, e);
}

/* Nobody but the machine that is gone had it: the blob is of no use any more. */
static void plan_drop(const struct uc_sealed *k, struct uc_plan *plan)
{
	uc_plan_step(plan, json_pack("{s:s, s:s, s:o}", "type", "key.drop", "key", k->key_id, "before", before_of(k)),
	             "Drop the sealed %s key %.8s..., which no other node has", k->purpose, k->key_id);
}

enum uc_status uc_plan_forget_sealed(const struct uc_task_context *ctx, const char *node, bool oauth, struct uc_plan *plan,
                                     struct uc_error *e)
{
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list all = {.items = NULL};
	UC_TRY(uc_sealed_list_read(ctx, NULL, &all, e));
	for (size_t i = 0; i < all.count; i++) {
		const struct uc_sealed *k = &all.items[i];
		if (!uc_strv_has(&k->nodes, node) || (!oauth && uc_sealed_roles(k) != 0)) continue;
		UC_CLEANUP(uc_strv_free) struct uc_strv others = {.items = NULL};
		for (size_t n = 0; n < k->nodes.count; n++)
			if (strcmp(k->nodes.items[n], node) != 0) uc_strv_add(&others, k->nodes.items[n]);
		if (others.count == 0) {
			plan_drop(k, plan);
			continue;
		}
		/* The same blob: to seal it anew would not take the key from whoever has opened it. */
		json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "type", "key.seal", "key", k->key_id, "purpose", k->purpose, "kind",
		                         k->kind, "nodes", list_json(&others), "secret", k->secret, "before", before_of(k));
		uc_plan_step(plan, step, "%s no longer counts among the nodes that have the %s key %.8s...", node, k->purpose, k->key_id);
	}
	return UC_OK;
}

void uc_plan_purge_shared(const char *purpose, const char *key, struct uc_plan *plan)
{
	uc_plan_step(plan, json_pack("{s:s, s:s, s:s}", "type", "key.purge", "node", UC_ALL_NODES, "key", key),
	             "Destroy the replaced %s key %.8s... on every node", purpose, key);
}

void uc_warn_of_rotation(struct uc_findings *out)
{
	uc_findings_add(out, UC_WARN, "tokens-stop", "Do this in off-hours, or at once when the key is compromised.",
	                "every access and refresh token made with the old key stops working, on every node");
	uc_findings_add(out, UC_WARN, "rotation-final", NULL, "this cannot be undone: the old key is destroyed on every node");
	uc_findings_add(
	    out, UC_WARN, "sync-clusters", "utils authz compare HOST... shows which of them still have the old key.",
	    "other clusters that take these tokens (a central IM and Presence cluster, Expressway, Unity Connection) must be synced "
	    "afterwards");
}

/* ---- sealing ---- */

enum uc_status uc_seal_to(const struct uc_task_context *ctx, const char *key, const struct uc_recipients *to, struct uc_buf *blob,
                          struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs certs = certs_of(to);
	return uc_keys_seal(ctx->keys, key, &certs, blob, e);
}

enum uc_status uc_seal_made(const struct uc_task_context *ctx, struct uc_made *made, struct uc_error *e)
{
	const struct uc_purpose *purpose = NULL;
	UC_CLEANUP(uc_recipients_free) struct uc_recipients to = {.items = NULL};
	UC_TRY(uc_purpose_find(made->purpose, &purpose, e));
	UC_TRY(uc_shared_nodes(ctx, purpose, NULL, &to, e));
	return uc_seal_to(ctx, made->key, &to, &made->sealed, e);
}

enum uc_status uc_make_encryption(const struct uc_task_context *ctx, struct uc_made *out, struct uc_error *e)
{
	UC_CLEANUP(uc_recipients_free) struct uc_recipients to = {.items = NULL};
	UC_TRY(uc_all_nodes(ctx, NULL, &to, e));
	UC_CLEANUP(uc_certs_free) struct uc_certs certs = certs_of(&to);
	snprintf(out->purpose, sizeof out->purpose, "%s", UC_AUTHZ_ENCRYPTION);
	return uc_keys_new_symmetric(&certs, out->key, &out->sealed, e);
}

struct uc_slice uc_material_resealed(const struct uc_material *m, const char *key)
{
	for (size_t i = 0; m != NULL && i < m->resealed_count; i++)
		if (strcmp(m->resealed[i].key, key) == 0) return uc_buf_slice(&m->resealed[i].sealed);
	return (struct uc_slice){.ptr = NULL};
}

static const struct uc_cert *cert_of(const struct uc_recipients *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->items[i].name, name) == 0) return all->items[i].cert;
	return NULL;
}

static enum uc_status reseal_one(struct uc_task_context *ctx, const json_t *step, const struct uc_recipients *all, struct uc_material *out,
                                 struct uc_error *e)
{
	const char *key = uc_json_member(step, "key");
	UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
	size_t i;
	const json_t *name;
	json_array_foreach(json_object_get(step, "nodes"), i, name)
	{
		const struct uc_cert *c = cert_of(all, json_string_value(name));
		if (c != NULL) uc_certs_take(&certs, uc_cert_dup(c));
	}
	out->resealed = uc_realloc(out->resealed, out->resealed_count + 1, sizeof *out->resealed);
	struct uc_made *made = &out->resealed[out->resealed_count++];
	*made = (struct uc_made){.purpose = ""};
	snprintf(made->key, sizeof made->key, "%s", key);
	if (strcmp(uc_json_member(step, "kind"), "private") == 0 && uc_keys_has(ctx->keys, key))
		return uc_keys_seal(ctx->keys, key, &certs, &made->sealed, e);
	UC_CLEANUP(uc_sealed_free) struct uc_sealed old = {.key_id = NULL};
	UC_TRY(uc_store_sealed(ctx->store, key, &old, e));
	return uc_keys_reseal(ctx->keys, uc_buf_slice(&old.blob), &certs, &made->sealed, e);
}

enum uc_status uc_prepare_reseal(struct uc_task_context *ctx, const struct uc_plan *plan, const char *newcomer, const struct uc_cert *cert,
                                 struct uc_material *out, struct uc_error *e)
{
	UC_CLEANUP(uc_recipients_free) struct uc_recipients all = {.items = NULL};
	UC_TRY(uc_all_nodes(ctx, newcomer, &all, e));
	if (newcomer != NULL) uc_recipients_add(&all, newcomer, cert);
	size_t i;
	const json_t *step;
	json_array_foreach(plan->steps, i, step)
	{
		/* A key of which the preview knows no id is yet to be made, and one whose blob it knows stays sealed as it is. */
		bool due = strcmp(uc_json_member(step, "type"), "key.seal") == 0 && uc_json_member(step, "key")[0] != '\0' &&
		           uc_json_member(step, "secret")[0] == '\0';
		if (due) UC_TRY(reseal_one(ctx, step, &all, out, e));
	}
	return UC_OK;
}
