/* G1: a new key and a self-signed certificate for a purpose; and the same for every purpose of a new node, with its row and its first account. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/bytes.h"
#include "manage/task.h"

/* One certificate to make. */
struct job {
	struct uc_task_context *ctx;
	const struct uc_purpose *purpose;
	const struct uc_key_spec *key;
	const char *digest; /* NULL: the key's */
	int years;
	struct uc_made *out;
	enum uc_status status;
	struct uc_error error;
};

static enum uc_status make(struct job *j)
{
	snprintf(j->out->purpose, sizeof j->out->purpose, "%s", j->purpose->name);
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_TRY(uc_keys_new(j->ctx->keys, j->key, j->out->key, &key, &j->error));
	UC_CLEANUP(uc_purpose_profile_free) struct uc_purpose_profile profile = {.common_name = NULL};
	UC_TRY(uc_profile_self(j->ctx, j->purpose, j->key, j->years, &profile, &j->error));
	if (j->digest != NULL) profile.profile.digest = j->digest;
	return uc_cert_self_sign(&profile.profile, key, &j->out->der, &j->error);
}

/* ---- regenerate ---- */

enum { MAX_YEARS = 100 };

/* The setting does not shorten what is made to outlive the others (ITLRecovery). */
static int usual_years(const struct uc_task_context *ctx, const struct uc_purpose *purpose)
{
	return ctx->policy.years > 0 && purpose->years < 20 ? ctx->policy.years : purpose->years;
}

static enum uc_status arg_years(const struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_purpose *purpose,
                                int *out, struct uc_error *e)
{
	const json_t *value = json_object_get(req->args, "years");
	*out = usual_years(ctx, purpose);
	if (value == NULL || json_is_null(value)) return UC_OK;
	json_int_t years = json_is_integer(value) ? json_integer_value(value) : -1;
	if (years < 1 || years > MAX_YEARS)
		return uc_fail_field(e, UC_EINPUT, "bad-years", "years", NULL, "the validity in years must be a number from 1 to %d", MAX_YEARS);
	*out = (int)years;
	return UC_OK;
}

/* The kind of the present key, so that "regenerate" keeps it (G1); the catalogue's when there is none or it is of no kind we make. */
static const char *present_kind(const struct uc_purpose *purpose, const struct uc_identity *have)
{
	const struct uc_key_spec *spec = have != NULL ? uc_key_spec_of(have->cert->spki) : NULL;
	const struct uc_key_spec *usual = uc_key_spec_find(purpose->key);
	return spec != NULL && spec->rsa == usual->rsa ? spec->name : usual->name;
}

static enum uc_status warn_of_loss(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_identity *old,
                                   struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(old->cert);
	char until[UC_TIME_TEXT];
	uc_time_rfc3339(old->cert->not_after.value, until);
	if (strcmp(old->source, "ca-signed") == 0)
		uc_findings_add(
		    &plan->findings, UC_WARN, "overwrites-ca-signed",
		    "Generate a CSR instead when a CA is to sign again; undo brings the certificate back within 30 days.",
		    "the CA-signed %s certificate %s (valid to %s) is overwritten by a self-signed one, which peers outside do not trust",
		    purpose->name, label, until);
	else
		uc_findings_add(&plan->findings, UC_WARN, "overwrites-certificate", "Undo brings it back within 30 days.",
		                "the %s certificate %s (valid to %s) and its key are replaced", purpose->name, label, until);
	struct uc_request pending = {.node = NULL};
	bool waiting;
	UC_TRY(uc_request_maybe(ctx, purpose->name, &pending, &waiting, e));
	uc_request_free(&pending);
	if (waiting)
		uc_findings_add(&plan->findings, UC_NOTE, "csr-pending", NULL, "the pending CSR of %s has its own key and stays as it is",
		                purpose->name);
	if (strcmp(purpose->name, "authz") == 0)
		uc_findings_add(&plan->findings, UC_WARN, "tokens-stop", "Do this in off-hours, or at once when the key is compromised.",
		                "every access and refresh token signed with the old key stops working");
	return UC_OK;
}

enum uc_status uc_plan_regen(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	const struct uc_purpose *purpose;
	UC_TRY(uc_arg_purpose(ctx, req, &purpose, e));
	UC_CLEANUP(uc_identity_free) struct uc_identity old = {.node = NULL};
	bool have;
	UC_TRY(uc_identity_maybe(ctx, purpose->name, &old, &have, e));
	const struct uc_key_spec *key;
	UC_TRY(uc_arg_key(req, purpose, present_kind(purpose, have ? &old : NULL), &plan->findings, &key, e));
	const char *digest;
	UC_TRY(uc_arg_digest(req, key, &digest, e));
	int years;
	UC_TRY(arg_years(ctx, req, purpose, &years, e));
	if (have) UC_TRY(warn_of_loss(ctx, purpose, &old, plan, e));

	uc_plan_summary(plan, "Regenerate the self-signed %s certificate of %s with a new %s key", purpose->name, ctx->node, key->text);
	const struct uc_made *made = uc_material_get(ctx->material, purpose->name);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	if (made != NULL) UC_TRY(uc_cert_read(uc_buf_slice(&made->der), &cert, e));
	json_t *step =
	    uc_plan_identity_step(ctx, purpose->name, cert, NULL, made != NULL ? made->key : NULL, "self-signed", "node", have ? &old : NULL);
	uc_plan_step(plan, step, "Replace the %s certificate by a self-signed one with a new %s key, signed with %s, for %d years",
	             purpose->name, key->text, digest, years);
	if (have) UC_TRY(uc_plan_drop_copies(ctx, purpose, &old, plan, e));
	UC_TRY(uc_plan_add_copies(ctx, purpose, cert, plan, e));
	uc_plan_follow_purpose(plan, purpose);
	return UC_OK;
}

enum uc_status uc_prepare_regen(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                struct uc_material *out, struct uc_error *e)
{
	(void)plan;
	const struct uc_purpose *purpose;
	UC_TRY(uc_arg_purpose(ctx, req, &purpose, e));
	UC_CLEANUP(uc_identity_free) struct uc_identity old = {.node = NULL};
	bool have;
	UC_TRY(uc_identity_maybe(ctx, purpose->name, &old, &have, e));
	struct job j = {.ctx = ctx, .purpose = purpose};
	UC_TRY(uc_arg_key(req, purpose, present_kind(purpose, have ? &old : NULL), NULL, &j.key, e));
	UC_TRY(uc_arg_digest(req, j.key, &j.digest, e));
	UC_TRY(arg_years(ctx, req, purpose, &j.years, e));
	out->items = uc_zalloc(1, sizeof *out->items);
	out->count = 1;
	j.out = &out->items[0];
	enum uc_status status = make(&j);
	if (status != UC_OK && e != NULL) *e = j.error;
	return status;
}

/* ---- install ---- */

/* Work that threads take from, so that all cores make keys at once. */
struct pile {
	pthread_mutex_t lock;
	struct job *jobs;
	size_t count;
	size_t next;
};

static void *work(void *arg)
{
	struct pile *pile = arg;
	for (;;) {
		pthread_mutex_lock(&pile->lock);
		size_t mine = pile->next < pile->count ? pile->next++ : pile->count;
		pthread_mutex_unlock(&pile->lock);
		if (mine == pile->count) return NULL;
		pile->jobs[mine].status = make(&pile->jobs[mine]);
	}
}

static enum uc_status run_all(struct job *jobs, size_t count, struct uc_error *e)
{
	enum { MAX_THREADS = 16 };
	struct pile pile = {.lock = PTHREAD_MUTEX_INITIALIZER, .jobs = jobs, .count = count};
	pthread_t threads[MAX_THREADS];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t started = 0;
	/* One fewer than there are cores: this thread works too. */
	for (long i = 1; i < cores && i < MAX_THREADS; i++)
		if (pthread_create(&threads[started], NULL, work, &pile) == 0) started++;
	work(&pile);
	for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].status == UC_OK) continue;
		if (e != NULL) *e = jobs[i].error;
		return jobs[i].status;
	}
	return UC_OK;
}

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

enum { MAX_PURPOSES = 64 };

enum uc_status uc_prepare_install(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                  struct uc_material *out, struct uc_error *e)
{
	(void)plan;
	const struct uc_purpose *missing[MAX_PURPOSES];
	size_t count;
	UC_TRY(missing_purposes(ctx, missing, &count, e));
	out->items = uc_zalloc(count, sizeof *out->items);
	out->count = count;
	UC_CLEANUP(uc_freep) struct job *jobs = uc_zalloc(count, sizeof *jobs);
	for (size_t i = 0; i < count; i++) {
		int years = usual_years(ctx, missing[i]);
		jobs[i] = (struct job){
		    .ctx = ctx, .purpose = missing[i], .key = uc_key_spec_find(missing[i]->key), .years = years, .out = &out->items[i]};
	}
	const char *verifier = json_string_value(json_object_get(req->args, "verifier"));
	if (verifier != NULL) uc_buf_add_str(&out->verifier, verifier);
	return run_all(jobs, count, e);
}

static json_t *node_before(const struct uc_node_row *row)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv roles = {.items = NULL};
	uc_strv_split(&roles, row->roles, ',');
	json_t *list = json_array();
	for (size_t i = 0; i < roles.count; i++) json_array_append_new(list, json_string(roles.items[i]));
	return json_pack("{s:s, s:s, s:o, s:s}", "fqdn", row->fqdn, "domain", row->domain, "roles", list, "guid", row->guid);
}

static enum uc_status plan_node_row(const struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	enum uc_status status = uc_store_node(ctx->store, ctx->node, &row, e);
	if (status != UC_OK && status != UC_ENOTFOUND) return status;
	/* A node that is there already is given roles: what they need is added, and nothing of former ones is taken away. */
	uc_plan_summary(plan, status == UC_OK ? "Add what the roles of the node %s need" : "Install the node %s", ctx->node);
	unsigned had = 0;
	if (status == UC_OK) UC_TRY(uc_roles_parse(row.roles, &had, e));
	bool same = status == UC_OK && strcmp(row.fqdn, ctx->fqdn) == 0 && strcmp(row.domain, ctx->domain) == 0 && had == ctx->roles;
	if (same) return UC_OK;
	json_t *step =
	    json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "type", "node.set", "node", ctx->node, "fqdn", ctx->fqdn, "domain", ctx->domain,
	              "roles", uc_roles_json(ctx->roles), "guid", ctx->guid, "before", status == UC_OK ? node_before(&row) : json_null());
	uc_plan_step(plan, step, "Set up the node %s (%s)", ctx->node, ctx->fqdn);
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

enum uc_status uc_plan_install(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	(void)req;
	const struct uc_purpose *missing[MAX_PURPOSES];
	size_t count;
	UC_TRY(missing_purposes(ctx, missing, &count, e));
	UC_TRY(plan_node_row(ctx, plan, e));
	UC_TRY(plan_account(ctx, plan, e));
	for (size_t i = 0; i < count; i++) {
		const struct uc_made *made = uc_material_get(ctx->material, missing[i]->name);
		UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
		if (made != NULL) UC_TRY(uc_cert_read(uc_buf_slice(&made->der), &cert, e));
		json_t *step =
		    uc_plan_identity_step(ctx, missing[i]->name, cert, NULL, made != NULL ? made->key : NULL, "self-signed", "node", NULL);
		uc_plan_step(plan, step, "Make the %s key and its self-signed certificate", missing[i]->name);
		UC_TRY(uc_plan_add_copies(ctx, missing[i], cert, plan, e));
	}
	if (count > 0) uc_plan_follow(plan, "backup", "backup", "Take a backup.");
	return UC_OK;
}
