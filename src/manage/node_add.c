/* A join secret for a new node, or for a machine that takes the place of one. What it is and how it is used: node/join.h. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/random.h"
#include "manage/cluster.h"
#include "manage/join_secret.h"

enum { MAX_HOURS = 720 };

/* Who may join, worked out from the arguments. */
struct guest {
	char *name, *domain, *fqdn;
	unsigned roles;
	int hours;
	bool replace;
};

static void guest_free(struct guest *g)
{
	free(g->name);
	free(g->domain);
	free(g->fqdn);
}

static enum uc_status arg_replace(const struct uc_task_request *req, bool *out, struct uc_error *e)
{
	const json_t *value = json_object_get(req->args, "replace");
	*out = json_is_true(value);
	if (value == NULL || json_is_null(value) || json_is_boolean(value)) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-argument", "replace", "Give true or false.", "the argument replace is neither true nor false");
}

static enum uc_status check_place(const struct guest *g, const struct uc_members *all, const struct uc_member *old, struct uc_error *e)
{
	const struct uc_member *publisher = uc_members_publisher(all);
	if (old != NULL && !g->replace)
		return uc_fail_field(e, UC_EREFUSED, "node-exists", "node", "If another machine is to take its place, say so: --replace.",
		                     "there is a node %s already", g->name);
	if (old != NULL && old == publisher)
		return uc_fail_field(e, UC_EREFUSED, "publisher-stays", "node", "Restore the publisher from its backup.",
		                     "%s is the publisher, which gives out the join secrets: it cannot be replaced by one", g->name);
	if ((g->roles & UC_NODE_PUBLISHER) == 0) return UC_OK;
	return uc_fail_field(e, UC_EREFUSED, "publisher-exists", "roles", "Give the new node other roles, for example subscriber,tftp.",
	                     "a cluster has one publisher; this one's is %s", publisher != NULL ? publisher->row.name : "this node");
}

static enum uc_status read_guest(const struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_members *all,
                                 struct guest *g, const struct uc_member **old, struct uc_error *e)
{
	const char *name;
	const char *domain;
	const char *roles;
	UC_TRY(uc_arg_need(req, "node", &name, e));
	UC_TRY(uc_arg_text(req, "domain", &domain, e));
	UC_TRY(uc_arg_text(req, "roles", &roles, e));
	UC_TRY(
	    uc_arg_number(req, "hours", "bad-hours", "the hours that the join secret is good for", 1, MAX_HOURS, UC_JOIN_HOURS, &g->hours, e));
	UC_TRY(arg_replace(req, &g->replace, e));
	UC_CLEANUP(uc_freep) char *folded = uc_fold(name);
	*old = NULL;
	if (g->replace)
		UC_TRY(uc_members_need(all, folded, old, e));
	else
		*old = uc_members_find(all, folded);
	/* What is not said is as it is with the node that is replaced. */
	if (domain == NULL) domain = *old != NULL ? (*old)->row.domain : ctx->domain;
	if (roles == NULL) roles = *old != NULL ? (*old)->row.roles : uc_role_name(UC_NODE_SUBSCRIBER);
	UC_TRY(uc_node_names("node", name, domain, &g->name, &g->domain, &g->fqdn, e));
	UC_TRY(uc_roles_parse(roles, &g->roles, e));
	return check_place(g, all, *old, e);
}

static void note_what_it_gets(const struct guest *g, struct uc_findings *out)
{
	size_t all;
	const struct uc_purpose *purposes = uc_purposes(&all);
	UC_CLEANUP(uc_strv_free) struct uc_strv own = {.items = NULL};
	for (size_t i = 0; i < all; i++)
		if ((purposes[i].roles & g->roles) != 0) uc_strv_add(&own, purposes[i].name);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&own, ", ");
	uc_findings_add(
	    out, UC_NOTE, "node-gets", NULL,
	    "when %s has joined, it has the trust stores and the OAuth keys of the cluster, and makes keys and self-signed certificates "
	    "of its own for %s",
	    g->fqdn, list);
}

/* The secret is told once; the log has the hash of it sealed to this node, and when it ends. */
static enum uc_status plan_join(const struct uc_task_context *ctx, const struct guest *g, struct uc_plan *plan, struct uc_error *e)
{
	char hash[65] = "";
	char until[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *id = uc_strdup("");
	UC_CLEANUP(uc_freep) char *roles = uc_roles_text(g->roles);
	const struct uc_material *m = ctx->material;
	if (m != NULL) {
		struct uc_join_secret secret;
		char *text = uc_strndup((const char *)m->secret.ptr, m->secret.len);
		enum uc_status status = uc_join_secret_read(text, &secret, e);
		uc_secret_free(text, strlen(text));
		UC_TRY(status);
		free(id);
		id = uc_hex(uc_slice_of(secret.id, sizeof secret.id), '\0');
		explicit_bzero(&secret, sizeof secret);
		UC_TRY(uc_store_secret_put(ctx->store, uc_buf_slice(&m->items[0].sealed), hash, e));
	}
	uc_time from = m != NULL ? m->at : ctx->now;
	json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:n}", "type", "join.set", "id", id, "node", g->name, "domain", g->domain,
	                         "roles", roles, "secret", hash, "expires", uc_time_rfc3339(from + (uc_time)g->hours * 3600, until), "before");
	uc_plan_step(plan, step, "Let %s (%s) join as %s, within %d hours", g->name, g->fqdn, roles, g->hours);
	return UC_OK;
}

enum uc_status uc_plan_node_add(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(guest_free) struct guest g = {.name = NULL};
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	const struct uc_member *old;
	size_t pending;
	UC_TRY(uc_need_publisher(ctx, e));
	if (!ctx->clustered)
		return uc_fail(e, UC_EREFUSED, "not-shared", "Move its store to PostgreSQL first: utils cluster move-to-postgres.",
		               "%s is a node of its own, whose store no other node can share", ctx->node);
	UC_TRY(uc_members_read(ctx, &all, e));
	UC_TRY(read_guest(ctx, req, &all, &g, &old, e));
	uc_plan_summary(plan, old != NULL ? "Let another machine join as the node %s" : "Let the new node %s join", g.name);
	UC_TRY(uc_plan_end_joins(ctx, g.name, 0, plan, &pending, e));
	if (pending > 0)
		uc_findings_add(&plan->findings, UC_WARN, "replaces-join", NULL, "the join secret that was made for %s before is no longer good",
		                g.name);
	UC_TRY(plan_join(ctx, &g, plan, e));
	note_what_it_gets(&g, &plan->findings);
	if (old != NULL)
		uc_findings_add(
		    &plan->findings, UC_WARN, "node-replaced", "Switch the machine that is there off before the other one joins.",
		    "when another machine joins as %s, the one that is there is no longer a node of this cluster, and its certificates are "
		    "no longer in force",
		    g.name);
	return uc_judge_multi(ctx, g.fqdn, g.roles, old != NULL ? g.name : NULL, &plan->findings, e);
}

enum uc_status uc_prepare_node_add(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                   struct uc_material *out, struct uc_error *e)
{
	(void)req;
	(void)plan;
	const struct uc_cert *own = uc_keys_node_cert(ctx->keys);
	UC_CLEANUP(uc_certs_free) struct uc_certs recipients = {.items = NULL};
	uc_certs_take(&recipients, uc_cert_dup(own));
	out->items = uc_zalloc(1, sizeof *out->items);
	out->count = 1;
	out->at = ctx->now;
	struct uc_join_secret s;
	uc_random(s.id, sizeof s.id);
	uc_random(s.secret, sizeof s.secret);
	memcpy(s.publisher, own->fingerprint, sizeof s.publisher);
	char *text = uc_join_secret_write(&s);
	uc_buf_add_str(&out->secret, text);
	uc_secret_free(text, strlen(text));
	enum uc_status status = uc_seal(uc_slice_of(s.secret, sizeof s.secret), &recipients, &out->items[0].sealed, e);
	explicit_bzero(&s, sizeof s);
	return status;
}
