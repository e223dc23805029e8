/* What the answers to questions share. */
#ifndef UC_NODE_READ_H
#define UC_NODE_READ_H

#include "node/internal.h"

/* The name of the node that is asked about, in the cluster's spelling; this one's for NULL. *out is owned. UC_ENOTFOUND "no-node". */
enum uc_status uc_read_node(struct uc_node *n, struct uc_store *store, const char *node, char **out, struct uc_error *e) UC_MUST;
/* A list that has no further pages; items is taken over. */
json_t *uc_read_page(json_t *items);

#endif
