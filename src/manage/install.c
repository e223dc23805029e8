/*
 * What a node needs to be one of its roles: its row, its certificates, the first account; on the publisher the OAuth keys that all nodes
 * have.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "manage/make.h"

enum { MAX_PURPOSES = 64 };

/* ---- what is missing ---- */

/* The purposes of this node's roles that have no certificate yet; appended to out, which has room for all. */
static enum uc_status missing_purposes(const struct uc_task_context *ctx, const struct uc_purpose **out, size_t *count, struct uc_error *e)
{
	size_t all;
	const struct uc_purpose *purposes = uc_purposes(&all);
	*count = 0;
	for (size_t i = 0; i < all; i++) {
		if ((purposes[i].roles & ctx->roles) == 0) continue;
		UC_CLEANUP(uc_identity_free) struct uc_identity have = {.node = NULL};
		bool there;
		UC_TRY(uc_identity_maybe(ctx, purposes[i].name, &have, &there, e));
		if (!there) out[(*count)++] = &purposes[i];
	}
	return UC_OK;
}

/* The publisher makes the OAuth encryption key; a cluster has one. */
static enum uc_status encryption_missing(const struct uc_task_context *ctx, bool *missing, struct uc_error *e)
{
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list have = {.items = NULL};
	*missing = false;
	if ((ctx->roles & UC_NODE_PUBLISHER) == 0) return UC_OK;
	UC_TRY(uc_sealed_list_read(ctx, UC_AUTHZ_ENCRYPTION, &have, e));
	*missing = have.count == 0;
	return UC_OK;
}

/* ---- keys ---- */

enum uc_status uc_prepare_install(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                  struct uc_material *out, struct uc_error *e)
{
	const struct uc_purpose *missing[MAX_PURPOSES];
	size_t count;
	bool encryption;
	UC_TRY(missing_purposes(ctx, missing, &count, e));
	UC_TRY(encryption_missing(ctx, &encryption, e));
	out->items = uc_zalloc(count + 1, sizeof *out->items);
	out->count = count + (encryption ? 1 : 0);
	UC_CLEANUP(uc_freep) struct uc_making *jobs = uc_zalloc(count, sizeof *jobs);
	for (size_t i = 0; i < count; i++)
		jobs[i] = (struct uc_making){.ctx = ctx,
		                             .purpose = missing[i],
		                             .key = uc_key_spec_find(missing[i]->key),
		                             .years = uc_usual_years(ctx, missing[i]),
		                             .out = &out->items[i]};
	const char *verifier = json_string_value(json_object_get(req->args, "verifier"));
	if (verifier != NULL) uc_buf_add_str(&out->verifier, verifier);
	UC_TRY(uc_make_all(jobs, count, e));
	for (size_t i = 0; i < count; i++)
		if (missing[i]->shared) UC_TRY(uc_seal_made(ctx, &out->items[i], e));
	if (encryption) UC_TRY(uc_make_encryption(ctx, &out->items[count], e));
	return uc_prepare_reseal(ctx, plan, NULL, NULL, out, e);
}

/* ---- the row ---- */

/* The disk, or the key directory, of another installation must not take a node's place without being asked to. */
static enum uc_status check_key(const struct uc_task_context *ctx, const struct uc_node_row *row, struct uc_error *e)
{
	if (row->certificate.len == 0 || uc_slice_eq(uc_buf_slice(&row->certificate), uc_buf_slice(&uc_keys_node_cert(ctx->keys)->der)))
		return UC_OK;
	return uc_fail(e, UC_EREFUSED, "node-key-differs",
	               "If this machine is to take that one's place: set node add NAME --replace on the publisher, and have it join.",
	               "the cluster knows the node %s under another key than the one of this data directory", ctx->node);
}

static enum uc_status check_publisher(const struct uc_task_context *ctx, struct uc_error *e)
{
	if ((ctx->roles & UC_NODE_PUBLISHER) == 0) return UC_OK;
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	const struct uc_member *publisher = uc_members_publisher(&all);
	if (publisher == NULL || strcmp(publisher->row.name, ctx->node) == 0) return UC_OK;
	return uc_fail_field(e, UC_EREFUSED, "publisher-exists", "roles", "Give this node other roles.",
	                     "%s cannot be a publisher: the cluster has one, %s", ctx->node, publisher->row.name);
}

static enum uc_status plan_node_row(const struct uc_task_context *ctx, const struct uc_node_row *row, bool known, struct uc_plan *plan,
                                    struct uc_error *e)
{
	if (!known && ctx->clustered)
		return uc_fail(e, UC_EREFUSED, "no-node", "Have it join again: set node add NAME on the publisher.",
		               "the cluster does not know a node %s, or no longer", ctx->node);
	UC_TRY(check_publisher(ctx, e));
	unsigned had = 0;
	if (known) UC_TRY(check_key(ctx, row, e));
	if (known) UC_TRY(uc_roles_parse(row->roles, &had, e));
	bool same = known && strcmp(row->fqdn, ctx->fqdn) == 0 && strcmp(row->domain, ctx->domain) == 0 && had == ctx->roles &&
	            row->certificate.len > 0;
	if (same) return UC_OK;
	const struct uc_cert *own = uc_keys_node_cert(ctx->keys);
	char fp[UC_FINGERPRINT_HEX];
	json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "type", "node.set", "node", ctx->node, "fqdn", ctx->fqdn, "domain",
	                         ctx->domain, "roles", uc_roles_json(ctx->roles), "guid", ctx->guid, "certificate", uc_cert_json(own), "before",
	                         known ? uc_node_row_json(row) : json_null());
	uc_plan_step(plan, step, "Set up the node %s (%s) with the node key %.8s...", ctx->node, ctx->fqdn, uc_cert_fingerprint_hex(own, fp));
	return UC_OK;
}

static enum uc_status plan_account(const struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	struct uc_account have = {.name = NULL};
	enum uc_status status = uc_store_account(ctx->store, "admin", &have, e);
	uc_account_free(&have);
	if (status != UC_ENOTFOUND) return status;
	char hash[65] = "";
	/* The verifier lies beside the log, which holds only its hash. */
	if (ctx->material != NULL) UC_TRY(uc_store_secret_put(ctx->store, uc_buf_slice(&ctx->material->verifier), hash, e));
	json_t *step =
	    json_pack("{s:s, s:s, s:s, s:s, s:n}", "type", "account.set", "name", "admin", "role", "administrator", "secret", hash, "before");
	uc_plan_step(plan, step, "Create the account admin with a first password");
	return UC_OK;
}

/* ---- certificates and keys ---- */

static enum uc_status plan_purpose(struct uc_task_context *ctx, const struct uc_purpose *purpose, struct uc_plan *plan, struct uc_error *e)
{
	const struct uc_made *made = uc_material_get(ctx->material, purpose->name);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	if (made != NULL) UC_TRY(uc_cert_read(uc_buf_slice(&made->der), &cert, e));
	const char *key = made != NULL ? made->key : NULL;
	uc_plan_step(plan, uc_plan_identity_step(ctx, purpose->name, cert, NULL, key, "self-signed", "node", NULL),
	             "Make the %s key and its self-signed certificate", purpose->name);
	UC_TRY(uc_plan_add_copies(ctx, purpose, cert, NULL, plan, e));
	UC_CLEANUP(uc_recipients_free) struct uc_recipients nodes = {.items = NULL};
	if (purpose->shared == 0) return UC_OK;
	UC_TRY(uc_shared_nodes(ctx, purpose, NULL, &nodes, e));
	return uc_plan_seal_new(ctx, purpose->name, "private", made, &nodes, plan, e);
}

/* A key that was made before there were others to share it with. */
static enum uc_status plan_unsealed(struct uc_task_context *ctx, const struct uc_purpose *purpose, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_recipients_free) struct uc_recipients nodes = {.items = NULL};
	UC_CLEANUP(uc_identity_free) struct uc_identity have = {.node = NULL};
	UC_CLEANUP(uc_sealed_free) struct uc_sealed sealed = {.key_id = NULL};
	bool there;
	UC_TRY(uc_identity_maybe(ctx, purpose->name, &have, &there, e));
	if (!there) return UC_OK;
	UC_TRY(uc_sealed_maybe(ctx, have.key_id, &sealed, &there, e));
	if (there) return UC_OK;
	if (!uc_keys_has(ctx->keys, have.key_id)) {
		uc_findings_add(&plan->findings, UC_WARN, "key-missing", "Replace it: set cert regen NAME.",
		                "the private key of the %s certificate is not on this node, so no other node can have it", purpose->name);
		return UC_OK;
	}
	UC_TRY(uc_shared_nodes(ctx, purpose, NULL, &nodes, e));
	return uc_plan_seal_again(ctx, purpose->name, "private", have.key_id, &nodes, NULL, plan, e);
}

static enum uc_status plan_encryption(struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_recipients_free) struct uc_recipients nodes = {.items = NULL};
	bool missing;
	UC_TRY(encryption_missing(ctx, &missing, e));
	if (!missing) return UC_OK;
	UC_TRY(uc_all_nodes(ctx, NULL, &nodes, e));
	return uc_plan_seal_new(ctx, UC_AUTHZ_ENCRYPTION, "symmetric", uc_material_get(ctx->material, UC_AUTHZ_ENCRYPTION), &nodes, plan, e);
}

static enum uc_status plan_shared_keys(struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	size_t all;
	const struct uc_purpose *purposes = uc_purposes(&all);
	for (size_t i = 0; i < all; i++)
		if (purposes[i].shared && (purposes[i].roles & ctx->roles) != 0) UC_TRY(plan_unsealed(ctx, &purposes[i], plan, e));
	return plan_encryption(ctx, plan, e);
}

/* What was installed before there were clusters counts on its node alone. */
static enum uc_status plan_copies(struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	size_t all;
	const struct uc_purpose *purposes = uc_purposes(&all);
	for (size_t i = 0; i < all; i++) {
		UC_CLEANUP(uc_identity_free) struct uc_identity have = {.node = NULL};
		bool there;
		if (!purposes[i].copies_everywhere) continue;
		UC_TRY(uc_identity_maybe(ctx, purposes[i].name, &have, &there, e));
		if (there) UC_TRY(uc_plan_spread_copies(ctx, &purposes[i], have.cert, plan, e));
	}
	return UC_OK;
}

/* ---- the whole ---- */

enum uc_status uc_plan_install(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	(void)req;
	const struct uc_purpose *missing[MAX_PURPOSES];
	size_t count;
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	enum uc_status status = uc_store_node(ctx->store, ctx->node, &row, e);
	if (status != UC_OK && status != UC_ENOTFOUND) return status;
	bool known = status == UC_OK;
	UC_TRY(missing_purposes(ctx, missing, &count, e));
	/* A node that is there already is given roles: what they need is added, and nothing of former ones is taken away. */
	uc_plan_summary(plan, known ? "Add what the roles of the node %s need" : "Install the node %s", ctx->node);
	UC_TRY(plan_node_row(ctx, &row, known, plan, e));
	/* A node is here because it has shown the secret; one that is to be replaced must not take its successor's away. */
	if (known) UC_TRY(uc_plan_end_joins(ctx, ctx->node, row.number, plan, NULL, e));
	UC_TRY(plan_account(ctx, plan, e));
	for (size_t i = 0; i < count; i++) UC_TRY(plan_purpose(ctx, missing[i], plan, e));
	UC_TRY(plan_shared_keys(ctx, plan, e));
	UC_TRY(plan_copies(ctx, plan, e));
	if (count > 0) uc_plan_follow(plan, "backup", "backup", "Take a backup.");
	return UC_OK;
}
