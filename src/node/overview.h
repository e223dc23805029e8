/* What the overview says is wrong. Private to this room. */
#ifndef UC_NODE_OVERVIEW_H
#define UC_NODE_OVERVIEW_H

#include "node/read.h"

/*
 * The heaviest first: [{"code","weight","message","hint","count","object"?}]. What is about several certificates is one finding: count is their number, object ("own/NODE/PURPOSE", "csr/NODE/PURPOSE",
 * "node/NAME") the first of them. Looked at is each identity, no trust certificate, and that once a minute, or when something has changed. Owned.
 *   serves-another      danger  this node's HTTPS presents something else than its certificate in force
 *   log-broken          danger
 *   key-missing         danger  as uc_own_keys_judge()
 *   own-expired         danger
 *   list-unsigned       danger  the ITL file of this node cannot be published
 *   ctl-due             warn    the CTL file does not say what it should
 *   list-behind         note    phones of this node have not fetched its present ITL
 *   own-expiring        warn    the state "expiring" of lists
 *   chain-incomplete    warn    of a CA-signed certificate
 *   self-signed-outside warn    of a service that other companies reach (T2); note: of one that may be reached over a WAN
 *   csr-old             note    pending for more than 30 days
 */
enum uc_status uc_overview_findings(struct uc_node *n, struct uc_store *store, uc_time now, json_t **out, struct uc_error *e) UC_MUST;

#endif
