/* The trust question (T1) for this room: would what a server presents be trusted? */
#ifndef UC_NODE_TRUST_H
#define UC_NODE_TRUST_H

#include "store/store.h"

/*
 * Is leaf, presented with these certificates, trusted by a trust store as node sees it? A leaf that the store does not hold itself, but a CA in it vouches for, must name host (NULL: any). *reason, owned by the caller, says it in a
 * sentence: what is missing, when it is not trusted.
 */
enum uc_status uc_trust_judge(struct uc_store *store, const char *node, const char *trust_store, const struct uc_cert *leaf,
                              const struct uc_certs *with, const char *host, bool *trusted, char **reason, struct uc_error *e) UC_MUST;

#endif
