/*
 * G1, O1: a new key and a self-signed certificate for a purpose; a key that the cluster shares goes to every node, and the old one is
 * destroyed.
 */
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "manage/make.h"
#include "manage/preview.h"

enum { MAX_YEARS = 100 };

/* The kind of the present key, so that "regenerate" keeps it (G1); the catalogue's when there is none or it is of no kind we make. */
static const char *present_kind(const struct uc_purpose *purpose, const struct uc_identity *have)
{
	const struct uc_key_spec *spec = have != NULL ? uc_key_spec_of(have->cert->spki) : NULL;
	const struct uc_key_spec *usual = uc_key_spec_find(purpose->key);
	return spec != NULL && spec->rsa == usual->rsa ? spec->name : usual->name;
}

static void warn_of_certificate(const struct uc_purpose *purpose, const struct uc_identity *old, struct uc_findings *out)
{
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(old->cert);
	char until[UC_TIME_TEXT];
	uc_time_rfc3339(old->cert->not_after.value, until);
	if (strcmp(old->source, "ca-signed") == 0)
		uc_findings_add(
		    out, UC_WARN, "overwrites-ca-signed",
		    "Generate a CSR instead when a CA is to sign again; undo brings the certificate back within 30 days.",
		    "the CA-signed %s certificate %s (valid to %s) is overwritten by a self-signed one, which peers outside do not trust",
		    purpose->name, label, until);
	else
		uc_findings_add(out, UC_WARN, "overwrites-certificate", purpose->rotates ? NULL : "Undo brings it back within 30 days.",
		                "the %s certificate %s (valid to %s) and its key are replaced", purpose->name, label, until);
	if (strcmp(old->distribution, "multi-server") == 0)
		uc_findings_add(out, UC_WARN, "leaves-multi-server", "Generate a new multi-server CSR when all nodes are to have one certificate.",
		                "only the certificate of %s is replaced: the other nodes keep the multi-server certificate of %s", old->node,
		                purpose->name);
}

static enum uc_status note_pending(const struct uc_task_context *ctx, const struct uc_purpose *purpose, struct uc_findings *out,
                                   struct uc_error *e)
{
	struct uc_request pending = {.node = NULL};
	bool own;
	bool shared;
	UC_TRY(uc_request_maybe(ctx, purpose->name, &pending, &own, e));
	uc_request_free(&pending);
	UC_TRY(uc_request_shared(ctx, purpose->name, &pending, &shared, e));
	uc_request_free(&pending);
	if (own || shared)
		uc_findings_add(out, UC_NOTE, "csr-pending", NULL, "the pending CSR of %s has its own key and stays as it is", purpose->name);
	return UC_OK;
}

/* A key that several nodes have is sealed to each; where it is one that rotates, the old one ends. */
static enum uc_status plan_shared(struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_made *made,
                                  const struct uc_identity *old, struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_recipients_free) struct uc_recipients nodes = {.items = NULL};
	UC_TRY(uc_shared_nodes(ctx, purpose, NULL, &nodes, e));
	UC_TRY(uc_plan_seal_new(ctx, purpose->name, "private", made, &nodes, plan, e));
	if (old == NULL || !purpose->rotates) return UC_OK;
	uc_plan_purge_shared(purpose->name, old->key_id, plan);
	uc_warn_of_rotation(&plan->findings);
	return UC_OK;
}

/* What is asked for. findings may be NULL. */
static enum uc_status read_making(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_identity *old,
                                  struct uc_findings *findings, struct uc_making *j, struct uc_error *e)
{
	UC_TRY(uc_arg_key(req, j->purpose, present_kind(j->purpose, old), findings, &j->key, e));
	UC_TRY(uc_arg_digest(req, j->key, &j->digest, e));
	j->ctx = ctx;
	return uc_arg_number(req, "years", "bad-years", "the validity in years", 1, MAX_YEARS, uc_usual_years(ctx, j->purpose), &j->years, e);
}

/* The new certificate in the place of the old one, with its copies. */
static enum uc_status plan_certificate(const struct uc_making *j, const struct uc_made *made, const struct uc_identity *old,
                                       struct uc_plan *plan, struct uc_error *e)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	json_t *expected = NULL;
	if (made != NULL)
		UC_TRY(uc_cert_read(uc_buf_slice(&made->der), &cert, e));
	else
		UC_TRY(uc_make_expected(j, &expected, e));
	json_t *step = uc_plan_identity_step(j->ctx, j->purpose->name, cert, NULL, made != NULL ? made->key : NULL, "self-signed", "node", old);
	if (expected != NULL) json_object_set(step, UC_STEP_EXPECTED, expected);
	uc_plan_step(plan, step, "Replace the %s certificate by a self-signed one with a new %s key, signed with %s, for %d years",
	             j->purpose->name, j->key->text, j->digest, j->years);
	enum uc_status status = old != NULL ? uc_plan_drop_copies(j->ctx, j->purpose, old, plan, e) : UC_OK;
	if (status == UC_OK) status = uc_plan_add_copies(j->ctx, j->purpose, cert, expected, plan, e);
	json_decref(expected);
	return status;
}

enum uc_status uc_plan_regen(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	struct uc_making j = {.ctx = ctx};
	UC_TRY(uc_arg_purpose(ctx, req, &j.purpose, e));
	UC_CLEANUP(uc_identity_free) struct uc_identity old = {.node = NULL};
	bool have;
	UC_TRY(uc_identity_maybe(ctx, j.purpose->name, &old, &have, e));
	UC_TRY(read_making(ctx, req, have ? &old : NULL, &plan->findings, &j, e));
	if (have) warn_of_certificate(j.purpose, &old, &plan->findings);
	if (have) UC_TRY(note_pending(ctx, j.purpose, &plan->findings, e));
	uc_plan_summary(plan, "Regenerate the self-signed %s certificate of %s with a new %s key", j.purpose->name, ctx->node, j.key->text);
	const struct uc_made *made = uc_material_get(ctx->material, j.purpose->name);
	UC_TRY(plan_certificate(&j, made, have ? &old : NULL, plan, e));
	if (j.purpose->shared) UC_TRY(plan_shared(ctx, j.purpose, made, have ? &old : NULL, plan, e));
	return uc_plan_follow_purpose(ctx, j.purpose, ctx->node, plan, e);
}

enum uc_status uc_prepare_regen(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
                                struct uc_material *out, struct uc_error *e)
{
	(void)plan;
	struct uc_making j = {.ctx = ctx};
	UC_TRY(uc_arg_purpose(ctx, req, &j.purpose, e));
	UC_CLEANUP(uc_identity_free) struct uc_identity old = {.node = NULL};
	bool have;
	UC_TRY(uc_identity_maybe(ctx, j.purpose->name, &old, &have, e));
	UC_TRY(read_making(ctx, req, have ? &old : NULL, NULL, &j, e));
	out->items = uc_zalloc(1, sizeof *out->items);
	out->count = 1;
	j.out = &out->items[0];
	UC_TRY(uc_make_all(&j, 1, e));
	return j.purpose->shared ? uc_seal_made(ctx, j.out, e) : UC_OK;
}
