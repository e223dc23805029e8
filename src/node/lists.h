/* Trust lists, as questions see them. Private to lists*.c and what a node says of itself. */
#ifndef UC_NODE_LISTS_H
#define UC_NODE_LISTS_H

#include "node/internal.h"
#include "store/local.h"
#include "trustlist/list.h"

/* The certificates that may have signed a list, by their present purposes on all nodes. */
struct uc_list_signers {
	struct uc_strv fingerprints, purposes; /* in the same order */
};
void uc_list_signers_free(struct uc_list_signers *s);
enum uc_status uc_list_signers_read(struct uc_store *store, struct uc_list_signers *out, struct uc_error *e) UC_MUST;

/* The record of the certificate that signed it, or NULL. Borrowed from l. */
const struct uc_tl_record *uc_list_signer(const struct uc_tl *l);

/* VERSION of docs/api.md, of a list that was read from v->file. Owned. */
json_t *uc_list_version_json(const struct uc_list_version *v, const struct uc_tl *l, const struct uc_list_signers *signers, bool current);

/* A list that was published: the CTL, or this node's ITL; version as uc_node_list(). The errors of that. */
enum uc_status uc_list_get(struct uc_node *n, struct uc_store *store, const char *list, const char *version, struct uc_list_version *out,
                           struct uc_error *e) UC_MUST;

/* How many phones of this node are known, have this version as their last, another one, none: {"known","current","older","never"}. Owned. */
enum uc_status uc_list_phones(struct uc_node *n, const char *list, const char *version, json_t **out, struct uc_error *e) UC_MUST;

/* What this node says of its ITL to the others: VERSION, "shape", what it says (manage/lists.h), and "phones"; or JSON null. Owned. */
json_t *uc_list_report(struct uc_node *n);

#endif
