/* The keys of the cluster that an uploaded certificate can belong to. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "manage/propose.h"

void uc_awaiting_free(struct uc_awaiting *v)
{
	for (size_t i = 0; i < v->count; i++) free(v->items[i].node);
	free(v->items);
	uc_strv_free(&v->fqdns);
	*v = (struct uc_awaiting){.items = NULL};
}

/* NULL for a purpose that no program of today knows, or for which nothing can be uploaded. */
static struct uc_awaited *more(struct uc_awaiting *v, const char *node, const char *purpose_name, const char *key, const char *distribution)
{
	const struct uc_purpose *purpose = NULL;
	if (uc_purpose_find(purpose_name, &purpose, NULL) != UC_OK || !purpose->requestable) return NULL;
	v->items = uc_realloc(v->items, v->count + 1, sizeof *v->items);
	struct uc_awaited *a = &v->items[v->count++];
	*a = (struct uc_awaited){.node = uc_strdup(node), .purpose = purpose, .multi = strcmp(distribution, "multi-server") == 0};
	snprintf(a->key, sizeof a->key, "%s", key);
	return a;
}

static void take_request(void *ctx, const struct uc_request *r)
{
	struct uc_awaited *a = more(ctx, r->node, r->purpose, r->key_id, r->distribution);
	if (a != NULL) a->created = r->created;
}

static void take_identity(void *ctx, const struct uc_identity *i)
{
	struct uc_awaited *a = more(ctx, i->node, i->purpose, i->key_id, i->distribution);
	if (a != NULL) uc_cert_fingerprint_hex(i->cert, a->fingerprint);
}

enum uc_status uc_awaiting_read(const struct uc_task_context *ctx, struct uc_awaiting *out, struct uc_error *e)
{
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	UC_TRY(uc_store_requests(ctx->store, ctx->node, take_request, out, e));
	UC_TRY(uc_store_requests(ctx->store, UC_ALL_NODES, take_request, out, e));
	for (size_t i = 0; i < all.count; i++) {
		out->roles |= all.items[i].roles;
		uc_strv_add(&out->fqdns, all.items[i].row.fqdn);
		if (strcmp(all.items[i].row.name, ctx->node) != 0)
			UC_TRY(uc_store_requests(ctx->store, all.items[i].row.name, take_request, out, e));
	}
	UC_TRY(uc_store_identities(ctx->store, ctx->node, take_identity, out, e));
	for (size_t i = 0; i < all.count; i++)
		if (strcmp(all.items[i].row.name, ctx->node) != 0)
			UC_TRY(uc_store_identities(ctx->store, all.items[i].row.name, take_identity, out, e));
	return UC_OK;
}

const struct uc_awaited *uc_awaiting_request(const struct uc_awaiting *v, const char *key)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].fingerprint[0] == '\0' && strcmp(v->items[i].key, key) == 0) return &v->items[i];
	return NULL;
}
