/*
 * A node has shown its join secret (node/join.h): its row, with the certificate of its node key, and the keys that every node has, sealed
 * to it too.
 */
#include <string.h>

#include "core/bytes.h"
#include "core/random.h"
#include "manage/cluster.h"

enum { PASSWORD_LEN = 32 };

/* The node that joins, from the arguments and what the publisher had agreed to. */
struct newcomer {
	struct uc_join join;
	struct uc_cert *cert;
	const char *guid; /* borrowed from the arguments */
	unsigned roles;
	char *fqdn;
};

static void newcomer_free(struct newcomer *n)
{
	uc_join_free(&n->join);
	uc_cert_free(n->cert);
	free(n->fqdn);
}

static enum uc_status arg_certificate(const struct uc_task_request *req, struct uc_cert **out, struct uc_error *e)
{
	const char *text;
	UC_TRY(uc_arg_need(req, "certificate", &text, e));
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	struct uc_error why = {.message = "it is not base64"};
	if (uc_unbase64(uc_slice_str(text), &der) && uc_cert_read(uc_buf_slice(&der), out, &why) == UC_OK) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-certificate", "certificate", NULL, "the certificate of the node key cannot be read: %s",
	                     why.message);
}

/* As uc_uuid() makes it. */
static enum uc_status check_guid(const char *guid, struct uc_error *e)
{
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	bool good = strlen(guid) == sizeof shape - 1;
	for (size_t i = 0; good && i < sizeof shape - 1; i++)
		good = shape[i] == '-' ? guid[i] == '-' : strchr("0123456789abcdef", guid[i]) != NULL;
	return good ? UC_OK : uc_fail_field(e, UC_EINPUT, "bad-guid", "guid", NULL, "'%s' is not the GUID of a node", guid);
}

static enum uc_status read_newcomer(const struct uc_task_context *ctx, const struct uc_task_request *req, struct newcomer *n,
                                    struct uc_error *e)
{
	const char *id;
	const char *node;
	UC_TRY(uc_arg_need(req, "id", &id, e));
	UC_TRY(uc_arg_need(req, "node", &node, e));
	UC_TRY(uc_arg_need(req, "guid", &n->guid, e));
	UC_TRY(check_guid(n->guid, e));
	UC_TRY(arg_certificate(req, &n->cert, e));
	UC_TRY(uc_store_join(ctx->store, id, &n->join, e));
	UC_TRY(uc_roles_parse(n->join.roles, &n->roles, e));
	n->fqdn = n->join.domain[0] != '\0' ? uc_sprintf("%s.%s", n->join.node, n->join.domain) : uc_strdup(n->join.node);
	char until[UC_TIME_TEXT];
	if (strcmp(node, n->join.node) != 0)
		return uc_fail_field(e, UC_ECONFLICT, "other-node", "node", NULL, "the join secret was made for the node %s, not for %s",
		                     n->join.node, node);
	if (ctx->now < n->join.expires) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "join-secret-expired", "Make another one with 'set node add' on the publisher.",
	               "the join secret of %s was good until %s", n->join.node, uc_time_rfc3339(n->join.expires, until));
}

/*
 * One key for two nodes would let one speak for the other: a data directory was copied. And one GUID would give one the other's access to
 * the store.
 */
static enum uc_status check_key(const struct uc_members *all, const struct newcomer *n, struct uc_error *e)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct uc_member *m = &all->items[i];
		if (strcmp(m->row.name, n->join.node) != 0 && strcmp(m->row.guid, n->guid) == 0)
			return uc_fail_field(e, UC_EREFUSED, "guid-taken", "guid",
			                     "Start it with an empty data directory, not with a copy of another node's.",
			                     "the node %s shows the GUID of %s", n->join.node, m->row.name);
		if (strcmp(m->row.name, n->join.node) == 0 || m->cert == NULL || !uc_slice_eq(m->cert->spki, n->cert->spki)) continue;
		return uc_fail(e, UC_EREFUSED, "node-key-taken", "Start it with an empty data directory, not with a copy of another node's.",
		               "the node %s shows the node key of %s", n->join.node, m->row.name);
	}
	return UC_OK;
}

/* ---- what becomes of the node whose place it takes ---- */

static enum uc_status plan_successor(const struct uc_task_context *ctx, const struct uc_member *old, struct uc_plan *plan,
                                     struct uc_error *e)
{
	if (old == NULL) return UC_OK;
	uc_findings_add(&plan->findings, UC_WARN, "node-replaced", NULL,
	                "another machine takes the place of %s: the certificates of the former one are no longer in force", old->row.name);
	UC_TRY(uc_plan_clear_node(ctx, old, false, plan, e));
	return UC_OK;
}

static void plan_row(const struct newcomer *n, const struct uc_member *old, struct uc_plan *plan)
{
	char fp[UC_FINGERPRINT_HEX];
	json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o}", "type", "node.set", "node", n->join.node, "fqdn", n->fqdn,
	                         "domain", n->join.domain, "roles", uc_roles_json(n->roles), "guid", n->guid, "certificate",
	                         uc_cert_json(n->cert), "before", old != NULL ? uc_node_row_json(&old->row) : json_null());
	uc_plan_step(plan, step, "%s the node %s (%s, %s) with the node key %.8s...", old != NULL ? "Replace" : "Add", n->join.node, n->fqdn,
	             n->join.roles, uc_cert_fingerprint_hex(n->cert, fp));
}

/* ---- the keys that several nodes have ---- */

/* Is the newcomer to have it? Neither that of a multi-server certificate, which does not name it, nor one that was replaced. */
static enum uc_status is_due(const struct uc_task_context *ctx, const struct newcomer *n, const struct uc_sealed *k, bool *due,
                             struct uc_error *e)
{
	UC_CLEANUP(uc_identity_free) struct uc_identity present = {.node = NULL};
	bool have;
	*due = (uc_sealed_roles(k) & n->roles) != 0;
	if (!*due || strcmp(k->kind, "private") != 0) return UC_OK;
	UC_TRY(uc_identity_maybe(ctx, k->purpose, &present, &have, e));
	*due = have && strcmp(present.key_id, k->key_id) == 0;
	return UC_OK;
}

/* Sealed anew: to the nodes that have it, and the newcomer. */
static enum uc_status plan_key(const struct uc_task_context *ctx, const struct newcomer *n, const struct uc_sealed *k, struct uc_plan *plan,
                               struct uc_error *e)
{
	const struct uc_purpose *purpose = NULL;
	UC_CLEANUP(uc_recipients_free) struct uc_recipients nodes = {.items = NULL};
	if (k->blob.len == 0 || !uc_strv_has(&k->nodes, ctx->node)) {
		uc_findings_add(&plan->findings, UC_WARN, "key-missing", "Replace it: set key regen authz, or set cert regen ITLRecovery.",
		                "the %s key %.8s... cannot be opened here, so %s does not get it", k->purpose, k->key_id, n->join.node);
		return UC_OK;
	}
	if (uc_purpose_find(k->purpose, &purpose, NULL) == UC_OK)
		UC_TRY(uc_shared_nodes(ctx, purpose, n->join.node, &nodes, e));
	else
		UC_TRY(uc_all_nodes(ctx, n->join.node, &nodes, e));
	uc_recipients_add(&nodes, n->join.node, n->cert);
	return uc_plan_seal_again(ctx, k->purpose, k->kind, k->key_id, &nodes, k, plan, e);
}

static enum uc_status plan_keys(const struct uc_task_context *ctx, const struct newcomer *n, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list all = {.items = NULL};
	UC_TRY(uc_sealed_list_read(ctx, NULL, &all, e));
	for (size_t i = 0; i < all.count; i++) {
		const struct uc_sealed *k = &all.items[i];
		bool due;
		UC_TRY(is_due(ctx, n, k, &due, e));
		if (due) UC_TRY(plan_key(ctx, n, k, plan, e));
	}
	return UC_OK;
}

/* ---- the whole ---- */

enum uc_status uc_plan_node_join(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(newcomer_free) struct newcomer n = {.cert = NULL};
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_need_publisher(ctx, e));
	UC_TRY(read_newcomer(ctx, req, &n, e));
	UC_TRY(uc_members_read(ctx, &all, e));
	UC_TRY(check_key(&all, &n, e));
	const struct uc_member *old = uc_members_find(&all, n.join.node);
	/* Two machines may show the same secret at the same moment. */
	if (old != NULL && old->row.number > n.join.number)
		return uc_fail(e, UC_EREFUSED, "join-secret-used", "Make another one with 'set node add' on the publisher.",
		               "a node has joined as %s with this secret already, by change %lld", n.join.node, (long long)old->row.number);
	uc_plan_summary(plan, "The node %s joins the cluster", n.join.node);
	UC_TRY(plan_successor(ctx, old, plan, e));
	plan_row(&n, old, plan);
	UC_TRY(plan_keys(ctx, &n, plan, e));
	return uc_judge_multi(ctx, n.fqdn, n.roles, old != NULL ? n.join.node : NULL, &plan->findings, e);
}

enum uc_status uc_prepare_node_join(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                    struct uc_material *out, struct uc_error *e)
{
	UC_CLEANUP(newcomer_free) struct newcomer n = {.cert = NULL};
	UC_TRY(read_newcomer(ctx, req, &n, e));
	return uc_prepare_reseal(ctx, plan, n.join.node, n.cert, out, e);
}

enum uc_status uc_beside_node_join(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_material *m,
                                   struct uc_error *e)
{
	const char *node;
	const char *guid;
	char *url = NULL;
	UC_TRY(uc_arg_need(req, "node", &node, e));
	UC_TRY(uc_arg_need(req, "guid", &guid, e));
	/* A node that is replaced loses its own. */
	UC_CLEANUP(uc_node_row_free) struct uc_node_row old = {.name = NULL};
	enum uc_status status = uc_store_node(ctx->store, node, &old, e);
	if (status == UC_OK && strcmp(old.guid, guid) != 0) status = uc_store_access_drop(ctx->store, old.guid, e);
	if (status != UC_OK && status != UC_ENOTFOUND) return status;
	char *password = uc_password(PASSWORD_LEN);
	status = uc_store_access_put(ctx->store, guid, password, &url, e);
	uc_secret_free(password, PASSWORD_LEN);
	UC_TRY(status);
	uc_buf_wipe(&m->secret);
	uc_buf_add_str(&m->secret, url);
	uc_secret_free(url, strlen(url));
	return UC_OK;
}
