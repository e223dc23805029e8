/* Connections to the store that reads borrow, and what tasks see of this node. */
#include "node/internal.h"

enum uc_status uc_reader_borrow(struct uc_node *n, struct uc_lease *out, struct uc_error *e)
{
	struct uc_store *store = NULL;
	pthread_mutex_lock(&n->pool_lock);
	if (n->pooled > 0) store = n->pool[--n->pooled];
	pthread_mutex_unlock(&n->pool_lock);
	if (store == NULL) UC_TRY(uc_store_open(n->url, UC_STORE_READ, &store, e));
	enum uc_status status = uc_store_read_begin(store, e);
	if (status != UC_OK) {
		uc_store_close(store);
		return status;
	}
	*out = (struct uc_lease){.node = n, .store = store};
	return UC_OK;
}

void uc_reader_return(struct uc_lease *lease)
{
	struct uc_node *n = lease->node;
	if (n == NULL) return;
	uc_store_read_end(lease->store);
	pthread_mutex_lock(&n->pool_lock);
	bool kept = n->pooled < MAX_POOLED;
	if (kept) n->pool[n->pooled++] = lease->store;
	pthread_mutex_unlock(&n->pool_lock);
	if (!kept) uc_store_close(lease->store);
	*lease = (struct uc_lease){.node = NULL};
}

struct uc_task_context uc_node_context(struct uc_node *n, struct uc_store *store)
{
	return (struct uc_task_context){.store = store,
	                                .keys = n->keys,
	                                .node = n->name,
	                                .fqdn = n->fqdn,
	                                .host = n->host,
	                                .domain = n->domain,
	                                .guid = n->guid,
	                                .roles = n->roles,
	                                .policy = n->policy,
	                                .clustered = uc_link_is(n),
	                                .now = uc_now()};
}

enum uc_status uc_node_context_move(struct uc_task_context *ctx, const struct uc_node_row *row, struct uc_error *e)
{
	ctx->node = ctx->host = row->name;
	ctx->fqdn = row->fqdn;
	ctx->domain = row->domain;
	ctx->guid = row->guid;
	ctx->elsewhere = true;
	return uc_roles_parse(row->roles, &ctx->roles, e);
}
