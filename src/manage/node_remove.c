/* A node leaves the cluster: what belongs to it goes, and whoever has its disk is nobody any more. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"

/* ---- what belongs to a node ---- */

struct clearing {
	const struct uc_member *m;
	struct uc_plan *plan;
	struct uc_certs self_signed;  /* those of its certificates that the system has put into trust stores */
	struct uc_strv gone;          /* "NODE/PURPOSE" */
	struct uc_dependents present; /* the certificates of all nodes */
};

static void clearing_free(struct clearing *c)
{
	uc_certs_free(&c->self_signed);
	uc_strv_free(&c->gone);
	uc_dependents_free(&c->present);
}

static void clear_identity(void *ctx, const struct uc_identity *i)
{
	struct clearing *c = ctx;
	json_t *step = json_pack("{s:s, s:s, s:s, s:o}", "type", "identity.remove", "node", i->node, "purpose", i->purpose, "before",
	                         uc_identity_before(i));
	uc_plan_step(c->plan, step, "Remove the %s certificate of %s", i->purpose, i->node);
	uc_strv_take(&c->gone, uc_sprintf("%s/%s", i->node, i->purpose));
	if (strcmp(i->source, "self-signed") == 0) uc_certs_take(&c->self_signed, uc_cert_dup(i->cert));
}

static void clear_request(void *ctx, const struct uc_request *r)
{
	struct clearing *c = ctx;
	json_t *step =
	    json_pack("{s:s, s:s, s:s, s:o}", "type", "csr.remove", "node", r->node, "purpose", r->purpose, "before", uc_request_before(r));
	uc_plan_step(c->plan, step, "Remove the pending CSR of %s of %s", r->purpose, r->node);
}

/* Does another node present this certificate too? */
static bool presented(const struct clearing *c, const struct uc_cert *cert)
{
	for (size_t i = 0; i < c->present.count; i++)
		if (strcmp(c->present.items[i].node, c->m->row.name) != 0 && uc_cert_eq(c->present.items[i].cert, cert)) return true;
	return false;
}

static enum uc_status remove_entry(const struct uc_task_context *ctx, struct clearing *c, const struct uc_trust *t, struct uc_error *e)
{
	if (uc_plan_removes_trust(c->plan, t->store, t->scope, t->name)) return UC_OK;
	if (strcmp(t->scope, UC_ALL_NODES) == 0) UC_TRY(uc_judge_removal(ctx, &c->present, t, &c->gone, &c->plan->findings, e));
	uc_plan_step(c->plan, uc_plan_trust_removal(t), "Remove %s from %s (%s)", t->name, t->store, t->scope);
	return UC_OK;
}

/* What an administrator uploaded stays, and so does what another node presents too. */
static enum uc_status clear_copies(const struct uc_task_context *ctx, struct clearing *c, struct uc_error *e)
{
	for (size_t i = 0; i < c->self_signed.count; i++) {
		char fp[UC_FINGERPRINT_HEX];
		UC_CLEANUP(uc_trusts_free) struct uc_trusts copies = {.items = NULL};
		if (presented(c, c->self_signed.items[i])) continue;
		uc_cert_fingerprint_hex(c->self_signed.items[i], fp);
		UC_TRY(uc_store_trust_everywhere(ctx->store, fp, &copies, e));
		for (size_t k = 0; k < copies.count; k++)
			if (strcmp(copies.items[k].origin, "system") == 0) UC_TRY(remove_entry(ctx, c, &copies.items[k], e));
	}
	return UC_OK;
}

/* What counts on that node alone. */
static enum uc_status clear_entries(const struct uc_task_context *ctx, struct clearing *c, struct uc_error *e)
{
	size_t count;
	const struct uc_trust_store *stores = uc_trust_stores(&count);
	for (size_t i = 0; i < count; i++) {
		UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
		UC_TRY(uc_store_trust(ctx->store, stores[i].name, c->m->row.name, NULL, NULL, SIZE_MAX, &found, e));
		for (size_t k = 0; k < found.count; k++)
			if (strcmp(found.items[k].scope, c->m->row.name) == 0) UC_TRY(remove_entry(ctx, c, &found.items[k], e));
	}
	return UC_OK;
}

enum uc_status uc_plan_clear_node(const struct uc_task_context *ctx, const struct uc_member *m, bool entries, struct uc_plan *plan,
                                  struct uc_error *e)
{
	UC_CLEANUP(clearing_free) struct clearing c = {.m = m, .plan = plan};
	UC_TRY(uc_dependents_read(ctx, &c.present, e));
	UC_TRY(uc_store_identities(ctx->store, m->row.name, clear_identity, &c, e));
	UC_TRY(uc_store_requests(ctx->store, m->row.name, clear_request, &c, e));
	UC_TRY(clear_copies(ctx, &c, e));
	if (entries) UC_TRY(clear_entries(ctx, &c, e));
	return uc_plan_forget_sealed(ctx, m->row.name, entries, plan, e);
}

/* ---- nodes that have not joined yet ---- */

struct ending {
	const char *node;
	int64_t before;
	struct uc_plan *plan;
	size_t count;
};

static void end_join(void *ctx, const struct uc_join *j)
{
	struct ending *x = ctx;
	char expires[UC_TIME_TEXT];
	if (strcmp(j->node, x->node) != 0 || (x->before > 0 && j->number >= x->before)) return;
	x->count++;
	json_t *step = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "type", "join.remove", "id", j->id, "before", "node", j->node,
	                         "domain", j->domain, "roles", j->roles, "secret", j->secret, "expires", uc_time_rfc3339(j->expires, expires));
	uc_plan_step(x->plan, step, "The join secret of %s (%.8s...) is no longer good", j->node, j->id);
}

enum uc_status uc_plan_end_joins(const struct uc_task_context *ctx, const char *node, int64_t before, struct uc_plan *plan, size_t *count,
                                 struct uc_error *e)
{
	struct ending x = {.node = node, .before = before, .plan = plan};
	UC_TRY(uc_store_joins(ctx->store, end_join, &x, e));
	if (count != NULL) *count = x.count;
	return UC_OK;
}

/* ---- the task ---- */

/* It has known the keys that several nodes have, and nothing takes that back. */
static enum uc_status warn_of_keys(const struct uc_task_context *ctx, const char *node, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list all = {.items = NULL};
	bool oauth = false;
	bool recovery = false;
	UC_TRY(uc_sealed_list_read(ctx, NULL, &all, e));
	for (size_t i = 0; i < all.count; i++) {
		const struct uc_sealed *k = &all.items[i];
		if (!uc_strv_has(&k->nodes, node)) continue;
		oauth = oauth || uc_sealed_rotates(k);
		recovery = recovery || (uc_sealed_roles(k) != 0 && !uc_sealed_rotates(k));
		if (uc_sealed_roles(k) != 0) continue;
		uc_findings_add(&plan->findings, UC_WARN, "multi-server-key-known",
		                "If that machine may come into other hands: a new multi-server CSR, and have the certificate revoked.",
		                "%s has the key %.8s... of a multi-server %s certificate or CSR", node, k->key_id, k->purpose);
		uc_plan_follow_on(plan, UC_ALL_NODES, "certificate", k->purpose,
		                  "If %s may come into other hands: set csr gen %s --distribution multi-server.", node, k->purpose);
	}
	if (recovery)
		uc_findings_add(
		    &plan->findings, UC_WARN, "recovery-key-known",
		    "If that machine may come into other hands: set cert regen ITLRecovery, when phones can follow (utils itl reset localkey).",
		    "%s has the key of ITLRecovery, which signs trust lists", node);
	if (!oauth) return UC_OK;
	uc_findings_add(&plan->findings, UC_WARN, "rotate-keys", "Rotate them: set key regen authz signing, set key regen authz encryption.",
	                "%s has known the OAuth keys, with which tokens for the whole cluster can be made", node);
	uc_plan_follow(plan, "rotate", "authz-signing", "Rotate the OAuth signing key: set key regen authz signing.");
	uc_plan_follow(plan, "rotate", "authz-encryption", "Rotate the OAuth encryption key: set key regen authz encryption.");
	return UC_OK;
}

/* Only given leave to join: nothing else of it is there. */
static enum uc_status plan_guest(const struct uc_task_context *ctx, const struct uc_members *all, const char *node, struct uc_plan *plan,
                                 struct uc_error *e)
{
	size_t pending;
	const struct uc_member *none;
	uc_plan_summary(plan, "Withdraw the join secret of %s", node);
	UC_TRY(uc_plan_end_joins(ctx, node, 0, plan, &pending, e));
	return pending > 0 ? UC_OK : uc_members_need(all, node, &none, e);
}

enum uc_status uc_plan_node_remove(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	const char *name;
	UC_TRY(uc_arg_need(req, "node", &name, e));
	UC_CLEANUP(uc_freep) char *node = uc_fold(name);
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	const struct uc_member *m = uc_members_find(&all, node);
	if (m == NULL) return plan_guest(ctx, &all, node, plan, e);
	if ((m->roles & UC_NODE_PUBLISHER) != 0)
		return uc_fail_field(e, UC_EREFUSED, "publisher-stays", "node", "Remove the other nodes instead; a cluster has a publisher.",
		                     "%s is the publisher of the cluster and cannot be removed", node);
	uc_plan_summary(plan, "Remove the node %s from the cluster", node);
	uc_findings_add(&plan->findings, UC_DANGER, "node-goes",
	                "Switch its machine off when it is removed; it joins again only with a new join secret.",
	                "%s (%s) is no longer a node of this cluster: its certificates are no longer in force, and this cannot be undone", node,
	                m->row.fqdn);
	UC_TRY(warn_of_keys(ctx, node, plan, e));
	UC_TRY(uc_plan_clear_node(ctx, m, true, plan, e));
	UC_TRY(uc_plan_end_joins(ctx, node, 0, plan, NULL, e));
	json_t *step = json_pack("{s:s, s:s, s:o}", "type", "node.remove", "node", node, "before", uc_node_row_json(&m->row));
	uc_plan_step(plan, step, "Remove the node %s (%s)", node, m->row.fqdn);
	uc_plan_follow(plan, "backup", "backup", "Take a backup.");
	return UC_OK;
}

enum uc_status uc_beside_node_remove(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_material *m,
                                     struct uc_error *e)
{
	(void)m;
	const char *name;
	UC_TRY(uc_arg_need(req, "node", &name, e));
	UC_CLEANUP(uc_freep) char *node = uc_fold(name);
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	enum uc_status status = uc_store_node(ctx->store, node, &row, e);
	if (status == UC_ENOTFOUND) return UC_OK; /* it was only allowed to join */
	UC_TRY(status);
	return uc_store_access_drop(ctx->store, row.guid, e);
}
