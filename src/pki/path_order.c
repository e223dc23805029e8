#include <stdlib.h>

#include "pki/path_internal.h"

enum { MAX_CANDIDATES = 100 };

struct order {
	struct uc_pool pool;
	bool *issues; /* has signed another one */
	bool *used;
	size_t *order, *chain_of;
	size_t placed, chains;
};

static void mark_issuers(struct order *o)
{
	size_t found[MAX_CANDIDATES];
	for (size_t i = 0; i < o->pool.count; i++) {
		size_t count = uc_pool_issuers(&o->pool, i, found, MAX_CANDIDATES);
		for (size_t k = 0; k < count; k++)
			if (uc_pool_signed(&o->pool, i, found[k])) o->issues[found[k]] = true;
	}
}

/* The issuer that is in no chain yet; of several, the one that lasts longest (C81). */
static bool next_issuer(struct order *o, size_t child, size_t *out)
{
	size_t found[MAX_CANDIDATES];
	size_t count = uc_pool_issuers(&o->pool, child, found, MAX_CANDIDATES);
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		if (o->used[found[i]] || !uc_pool_signed(&o->pool, child, found[i])) continue;
		if (any && o->pool.items[found[i]].cert->not_after.value <= o->pool.items[*out].cert->not_after.value) continue;
		*out = found[i];
		any = true;
	}
	return any;
}

static void place_chain(struct order *o, size_t start)
{
	size_t at = start;
	do {
		o->used[at] = true;
		o->order[o->placed] = at;
		o->chain_of[o->placed++] = o->chains;
	} while (next_issuer(o, at, &at));
	o->chains++;
}

void uc_chain_order(const struct uc_certs *certs, size_t *order, size_t *chain_of)
{
	struct order o = {.pool = {.max_signatures = UC_PATH_SIGNATURES + 4 * certs->count}, .order = order, .chain_of = chain_of};
	uc_pool_add(&o.pool, (const struct uc_cert *const *)certs->items, certs->count, false);
	UC_CLEANUP(uc_freep) bool *issues = uc_zalloc(certs->count, sizeof *issues);
	UC_CLEANUP(uc_freep) bool *used = uc_zalloc(certs->count, sizeof *used);
	o.issues = issues;
	o.used = used;
	mark_issuers(&o);
	/* Chains begin with what has issued nothing, services before lone CAs; then with what is left: repeated certificates and rings. */
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < certs->count; i++) {
			bool begins = round == 2 || (!issues[i] && (round == 1 || !certs->items[i]->is_ca));
			if (begins && !used[i]) place_chain(&o, i);
		}
	uc_pool_free(&o.pool);
}
