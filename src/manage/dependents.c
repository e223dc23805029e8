/* Who depends on a trust entry: chains of the certificates of all nodes, and certificates that it issued. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "manage/upload.h"
#include "pki/name.h"

enum { MANY = 1000 };

/* ---- the certificates of all nodes, read once ---- */

static void take_identity(void *ctx, const struct uc_identity *i)
{
	struct uc_dependents *d = ctx;
	d->items = uc_realloc(d->items, d->count + 1, sizeof *d->items);
	struct uc_identity *to = &d->items[d->count++];
	*to = (struct uc_identity){.node = uc_strdup(i->node),
	                           .purpose = uc_strdup(i->purpose),
	                           .cert = uc_cert_dup(i->cert),
	                           .key_id = uc_strdup(i->key_id),
	                           .source = uc_strdup(i->source),
	                           .distribution = uc_strdup(i->distribution),
	                           .number = i->number};
	for (size_t k = 0; k < i->chain.count; k++) uc_certs_take(&to->chain, uc_cert_dup(i->chain.items[k]));
}

enum uc_status uc_dependents_read(const struct uc_task_context *ctx, struct uc_dependents *out, struct uc_error *e)
{
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	for (size_t i = 0; i < all.count; i++) UC_TRY(uc_store_identities(ctx->store, all.items[i].row.name, take_identity, out, e));
	return UC_OK;
}

void uc_dependents_free(struct uc_dependents *d)
{
	for (size_t i = 0; i < d->count; i++) uc_identity_free(&d->items[i]);
	free(d->items);
	*d = (struct uc_dependents){.items = NULL};
}

/* ---- what an entry means to them ---- */

static bool excepted(const struct uc_strv *except, const struct uc_identity *i)
{
	UC_CLEANUP(uc_freep) char *which = uc_sprintf("%s/%s", i->node, i->purpose);
	return except != NULL && uc_strv_has(except, which);
}

static bool vouches(const char *purpose_name, const char *store)
{
	const struct uc_purpose *purpose = NULL;
	if (uc_purpose_find(purpose_name, &purpose, NULL) != UC_OK) return false;
	for (size_t i = 0; purpose->stores[i] != NULL; i++)
		if (strcmp(purpose->stores[i], store) == 0) return true;
	return false;
}

/* Another certificate with its subject and key takes its place in every path of a node. */
static enum uc_status has_twin(const struct uc_task_context *ctx, const char *node, const struct uc_trust *entry, bool *twin,
                               struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs same = {.items = NULL};
	UC_TRY(uc_store_issuers(ctx->store, entry->store, node, uc_name_hash(entry->cert->subject), &same, e));
	*twin = false;
	for (size_t i = 0; i < same.count; i++)
		*twin = *twin || (!uc_cert_eq(same.items[i], entry->cert) && uc_slice_eq(same.items[i]->spki, entry->cert->spki));
	return UC_OK;
}

/* An identity whose chain ends in, or goes through, the certificate. */
static enum uc_status judge_identity(const struct uc_task_context *ctx, const struct uc_identity *i, const struct uc_trust *entry,
                                     struct uc_findings *out, struct uc_error *e)
{
	bool copy = uc_cert_eq(i->cert, entry->cert);
	bool twin;
	if (!copy && uc_certs_find(&i->chain, entry->cert->fingerprint) < 0) return UC_OK;
	UC_TRY(has_twin(ctx, i->node, entry, &twin, e));
	if (twin) return UC_OK;
	if (copy)
		uc_findings_add(out, UC_WARN, "copy-of-identity", "Delete it only if no other node has to trust this certificate.",
		                "%s is the copy of the present %s certificate of %s: peers that look into %s will no longer trust it", entry->name,
		                i->purpose, i->node, entry->store);
	else
		uc_findings_add(out, UC_DANGER, "chain-breaks", "Replace that certificate first by one from another CA.",
		                "the chain of the %s certificate of %s goes through %s: it would no longer be complete", i->purpose, i->node,
		                entry->name);
	return UC_OK;
}

/* Other certificates of the stores that this one issued lose their issuer. */
static enum uc_status judge_issued(const struct uc_task_context *ctx, const struct uc_trust *entry, struct uc_findings *out,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs issued = {.items = NULL};
	UC_TRY(uc_store_issued(ctx->store, uc_name_hash(entry->cert->subject), MANY, &issued, e));
	struct uc_strv names = {.items = NULL};
	size_t count = 0;
	for (size_t i = 0; i < issued.count; i++) {
		if (uc_cert_eq(issued.items[i], entry->cert) || !uc_cert_issued_by(issued.items[i], entry->cert)) continue;
		if (count++ < 3) uc_strv_take(&names, uc_upload_name(issued.items[i]));
	}
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&names, ", ");
	uc_strv_free(&names);
	if (count == 0) return UC_OK;
	UC_CLEANUP(uc_freep)
	char *says = uc_sprintf("%s issued %zu certificate%s that this cluster holds: %s%s", entry->name, count, count == 1 ? "" : "s", list,
	                        count > 3 ? ", ..." : "");
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->items[i].message, says) == 0) return UC_OK; /* said of its entry in another scope */
	uc_findings_add(out, UC_WARN, "issuer-of", "Peers that present a certificate of this CA are trusted only as long as it is here.", "%s",
	                says);
	return UC_OK;
}

enum uc_status uc_judge_removal(const struct uc_task_context *ctx, const struct uc_dependents *d, const struct uc_trust *entry,
                                const struct uc_strv *except, struct uc_findings *out, struct uc_error *e)
{
	bool everywhere = strcmp(entry->scope, UC_ALL_NODES) == 0;
	size_t before = out->count;
	for (size_t i = 0; i < d->count; i++) {
		const struct uc_identity *one = &d->items[i];
		bool sees = everywhere || strcmp(entry->scope, one->node) == 0;
		if (!sees || !vouches(one->purpose, entry->store) || excepted(except, one)) continue;
		UC_TRY(judge_identity(ctx, one, entry, out, e));
	}
	bool twin;
	UC_TRY(has_twin(ctx, everywhere ? ctx->node : entry->scope, entry, &twin, e));
	if (!twin) return judge_issued(ctx, entry, out, e);
	if (out->count == before)
		uc_findings_add(out, UC_NOTE, "twin-stays", NULL,
		                "another certificate with the same subject and key stays in %s, so chains through it remain complete",
		                entry->store);
	return UC_OK;
}
