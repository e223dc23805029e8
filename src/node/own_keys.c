/* C98: the keys that this node should have and does not, or cannot open. */
#include <string.h>

#include "node/internal.h"

struct looking {
	struct uc_node *node;
	struct uc_store *store;
	struct uc_findings *out;
	enum uc_status status;
	struct uc_error error;
};

/* Can the key be used here? What is wrong with it, as "is not on this node", or NULL. */
static const char *fault_of(struct uc_node *n, const char *key)
{
	struct uc_error e;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *have = NULL;
	enum uc_status status = uc_keys_get(n->keys, key, &have, &e);
	if (status == UC_OK) return NULL;
	return status == UC_ENOTFOUND ? "is not on this node" : "cannot be opened on this node";
}

static void look_at_identity(void *ctx, const struct uc_identity *i)
{
	struct looking *l = ctx;
	const struct uc_purpose *purpose = NULL;
	/* The OAuth keys are looked for on each node, below. */
	if (uc_purpose_find(i->purpose, &purpose, NULL) == UC_OK && purpose->rotates) return;
	const char *fault = fault_of(l->node, i->key_id);
	if (fault == NULL) return;
	uc_findings_add(l->out, UC_WARN, "key-missing", "Regenerate the certificate, or restore the key directory from a backup.",
	                "the private key of the %s certificate %s", i->purpose, fault);
}

static void look_at_request(void *ctx, const struct uc_request *r)
{
	struct looking *l = ctx;
	bool shared = strcmp(r->node, UC_ALL_NODES) == 0;
	UC_CLEANUP(uc_sealed_free) struct uc_sealed sealed = {.key_id = NULL};
	enum uc_status status = shared ? uc_store_sealed(l->store, r->key_id, &sealed, &l->error) : UC_OK;
	if (status != UC_OK && status != UC_ENOTFOUND) l->status = status;
	/* A node that joined after a multi-server request was made is not to have its key. */
	if (status != UC_OK || (shared && !uc_strv_has(&sealed.nodes, l->node->name))) return;
	const char *fault = fault_of(l->node, r->key_id);
	if (fault == NULL) return;
	uc_findings_add(l->out, UC_WARN, "key-missing", "Generate a new CSR, or restore the key directory from a backup.",
	                "the private key of the pending %sCSR of %s %s", shared ? "multi-server " : "", r->purpose, fault);
}

static void look_at_oauth(struct looking *l)
{
	static const struct {
		const char *name, *none; /* the id of the failure that there is no such key at all */
		enum uc_status (*load)(struct uc_node *n, struct uc_store *store, struct uc_token_keys *out, struct uc_error *e);
	} parts[] = {{"signing", "no-identity", uc_authz_load_signing}, {"encryption", "no-sealed-key", uc_authz_load_encryption}};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct uc_error why;
		UC_CLEANUP(uc_token_keys_free) struct uc_token_keys keys = {.signing = NULL};
		if (parts[i].load(l->node, l->store, &keys, &why) == UC_OK || strcmp(why.id, parts[i].none) == 0) continue;
		UC_CLEANUP(uc_freep) char *hint = uc_sprintf("If it stays so, replace it: set key regen authz %s.", parts[i].name);
		uc_findings_add(l->out, UC_WARN, "key-missing", hint, "this node does not have the OAuth %s key: %s", parts[i].name, why.message);
	}
}

enum uc_status uc_own_keys_judge(struct uc_node *n, struct uc_store *store, struct uc_findings *out, struct uc_error *e)
{
	struct looking l = {.node = n, .store = store, .out = out, .status = UC_OK};
	UC_TRY(uc_store_identities(store, n->name, look_at_identity, &l, e));
	UC_TRY(uc_store_requests(store, n->name, look_at_request, &l, e));
	UC_TRY(uc_store_requests(store, UC_ALL_NODES, look_at_request, &l, e));
	if (l.status != UC_OK) {
		if (e != NULL) *e = l.error;
		return l.status;
	}
	look_at_oauth(&l);
	return UC_OK;
}
