/* Trust entries as tasks plan them: names in stores, copies of what the system makes itself. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/preview.h"
#include "manage/task.h"

json_t *uc_plan_trust_removal(const struct uc_trust *t)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "type", "trust.remove", "store", t->store, "name", t->name, "scope", t->scope,
	                 "certificate", uc_cert_json(t->cert), "description", t->description, "origin", t->origin);
}

/* Is the name taken by another certificate in the same store and scope, in the state or by an earlier step of this plan? */
static enum uc_status name_taken(const struct uc_task_context *ctx, const char *store, const char *scope, const char *name,
                                 const struct uc_plan *plan, bool *taken, struct uc_error *e)
{
	enum { ALL_SCOPES = 100 };
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	UC_TRY(uc_store_trust(ctx->store, store, ctx->node, name, NULL, ALL_SCOPES, &found, e));
	*taken = false;
	for (size_t i = 0; i < found.count; i++) *taken = *taken || strcmp(found.items[i].scope, scope) == 0;
	uc_plan_names_trust(plan, store, scope, name, taken);
	return UC_OK;
}

static enum uc_status held_already(const struct uc_task_context *ctx, const char *store, const char *scope, const struct uc_cert *cert,
                                   const struct uc_plan *plan, bool *held, struct uc_error *e)
{
	enum { ALL_SCOPES = 100 };
	char fp[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	UC_TRY(uc_store_trust(ctx->store, store, ctx->node, NULL, uc_cert_fingerprint_hex(cert, fp), ALL_SCOPES, &found, e));
	UC_CLEANUP(uc_freep) char *b64 = uc_base64(uc_buf_slice(&cert->der));
	*held = uc_plan_adds_trust(plan, store, scope, b64);
	for (size_t i = 0; i < found.count; i++)
		*held = *held || (strcmp(found.items[i].scope, scope) == 0 && !uc_plan_removes_trust(plan, store, scope, found.items[i].name));
	return UC_OK;
}

enum uc_status uc_plan_trust(const struct uc_task_context *ctx, const char *store, const char *scope, const struct uc_cert *cert,
                             const char *description, const char *origin, struct uc_plan *plan, bool *added, struct uc_error *e)
{
	bool held;
	UC_TRY(held_already(ctx, store, scope, cert, plan, &held, e));
	*added = !held;
	if (held) return UC_OK;
	UC_CLEANUP(uc_freep) char *base = uc_cert_base_name(cert);
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", base);
	bool taken;
	UC_TRY(name_taken(ctx, store, scope, name, plan, &taken, e));
	char fp[UC_FINGERPRINT_HEX];
	uc_cert_fingerprint_hex(cert, fp);
	/* Eight digits nearly always do; but somebody can have called another certificate by just that name. */
	for (int digits = 8; taken && digits <= UC_FINGERPRINT_LEN; digits *= 2) {
		free(name);
		name = uc_sprintf("%s_%.*s.pem", base, digits, fp);
		UC_TRY(name_taken(ctx, store, scope, name, plan, &taken, e));
	}
	json_t *step = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s}", "type", "trust.add", "store", store, "name", name, "scope", scope,
	                         "certificate", uc_cert_json(cert), "description", description, "origin", origin);
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(cert);
	uc_plan_step(plan, step, "Add %s (SHA-256 %.8s...) to %s as %s", label, fp, store, name);
	return UC_OK;
}

static bool is_cluster(const char *store)
{
	const struct uc_trust_store *s = NULL;
	return uc_trust_store_find(store, &s, NULL) == UC_OK && s->cluster;
}

enum uc_status uc_plan_drop_copies(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_identity *old,
                                   struct uc_plan *plan, struct uc_error *e)
{
	if (purpose->ca) {
		uc_findings_add(&plan->findings, UC_NOTE, "old-issuer-stays", "Delete it when every phone has a certificate of the new one.",
		                "the old %s certificate stays in its trust stores: it vouches for the phone certificates it issued", purpose->name);
		return UC_OK;
	}
	char fp[UC_FINGERPRINT_HEX];
	uc_cert_fingerprint_hex(old->cert, fp);
	UC_CLEANUP(uc_trusts_free) struct uc_trusts copies = {.items = NULL};
	UC_TRY(uc_store_trust_everywhere(ctx->store, fp, &copies, e));
	for (size_t i = 0; i < copies.count; i++) {
		const struct uc_trust *t = &copies.items[i];
		if (strcmp(t->origin, "system") != 0) continue; /* what an administrator uploaded stays */
		if (uc_plan_removes_trust(plan, t->store, t->scope, t->name)) continue;
		uc_plan_step(plan, uc_plan_trust_removal(t), "Remove the copy of the old %s certificate, %s, from %s", purpose->name, t->name,
		             t->store);
	}
	return UC_OK;
}

/* A preview: the certificate does not exist yet. */
static void expect_copy(const struct uc_purpose *purpose, const char *store, const char *scope, const json_t *expected,
                        struct uc_plan *plan)
{
	json_t *step =
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "trust.add", "store", store, "name", "", "scope", scope, "certificate", "");
	json_t *copy = expected != NULL ? json_deep_copy(expected) : NULL;
	if (copy != NULL) {
		json_object_set_new(copy, "distribution", json_string(scope));
		json_object_set_new(step, UC_STEP_EXPECTED, copy);
	}
	uc_plan_step(plan, step, "Put a copy of the new %s certificate into %s", purpose->name, store);
}

enum uc_status uc_plan_add_copies(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_cert *cert,
                                  const json_t *expected, struct uc_plan *plan, struct uc_error *e)
{
	for (size_t i = 0; purpose->stores[i] != NULL; i++) {
		const char *store = purpose->stores[i];
		const char *scope = is_cluster(store) || purpose->copies_everywhere ? "cluster" : ctx->node;
		if (cert == NULL) {
			expect_copy(purpose, store, scope, expected, plan);
			continue;
		}
		bool added;
		char *description = uc_sprintf("Copy of the self-signed %s certificate of %s", purpose->name, ctx->node);
		size_t before = json_array_size(plan->steps);
		enum uc_status status = uc_plan_trust(ctx, store, scope, cert, description, "system", plan, &added, e);
		free(description);
		UC_TRY(status);
		/* The same sentence as in the preview: names and fingerprints depend on the new key. */
		if (added)
			json_object_set_new(json_array_get(plan->steps, before), "text",
			                    json_sprintf("Put a copy of the new %s certificate into %s", purpose->name, store));
	}
	return UC_OK;
}

/*
 * Entries of this certificate that the system made for one node come to count on every one; one that an administrator has deleted stays
 * away.
 */
enum uc_status uc_plan_spread_copies(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_cert *cert,
                                     struct uc_plan *plan, struct uc_error *e)
{
	char fp[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_trusts_free) struct uc_trusts copies = {.items = NULL};
	UC_TRY(uc_store_trust_everywhere(ctx->store, uc_cert_fingerprint_hex(cert, fp), &copies, e));
	for (size_t i = 0; i < copies.count; i++) {
		const struct uc_trust *t = &copies.items[i];
		if (strcmp(t->origin, "system") != 0 || strcmp(t->scope, ctx->node) != 0) continue;
		bool added;
		uc_plan_step(plan, uc_plan_trust_removal(t), "The copy of the %s certificate in %s counts on %s alone no longer", purpose->name,
		             t->store, ctx->node);
		UC_TRY(uc_plan_trust(ctx, t->store, "cluster", cert, t->description, "system", plan, &added, e));
	}
	return UC_OK;
}
