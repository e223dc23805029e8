/* What the answers to questions share. */
#ifndef UC_NODE_READ_H
#define UC_NODE_READ_H

#include "node/internal.h"

/* The name of the node that is asked about, in the cluster's spelling; this one's for NULL. *out is owned. UC_ENOTFOUND "no-node". */
enum uc_status uc_read_node(struct uc_node *n, struct uc_store *store, const char *node, char **out, struct uc_error *e) UC_MUST;
/* The same for a node that may have been removed or renamed since: one that has ever had a certificate in this cluster. */
enum uc_status uc_read_former_node(struct uc_store *store, const char *node, char **out, struct uc_error *e) UC_MUST;
/* Says in a change (as uc_log_get() gives it) whether it can be taken back, without making the plan: "undoable", and "undo_refused", why not. */
enum uc_status uc_read_undoable(struct uc_node *n, struct uc_store *store, json_t *change, struct uc_error *e) UC_MUST;
/* Adds "node" to the rows of identity certificates. */
void uc_read_name_nodes(json_t *items);
/* A list that has no further pages; items is taken over. */
json_t *uc_read_page(json_t *items);

#endif
