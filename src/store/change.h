/*
 * The change log and its steps.
 *
 * A change's body is JSON text, kept byte for byte:
 *   {"v":1,"number":N,"previous":HASH,"at":"...Z","node":NAME,"who":NAME,"why":TEXT|null,"task":NAME,"request":UUID,"summary":TEXT,"undoes":N|null,
 *    "steps":[STEP...],"findings":[...],"followups":[{"kind","target","text","node"?}...]} (store/followup.h)
 * Its hash is the SHA-256 of the body; since the body names the hash before it, the log is a chain. The node that made the change signs the body.
 *
 * Steps ("type", "v":1 and):
 *   node.set         node, fqdn, domain, roles [..], guid, certificate (base64 DER)|null, before|null
 *   node.remove      node, before; never undone, since its credentials are gone
 *   node.rename      node, to, fqdn, to_fqdn, domain, to_domain; every row that names the node follows
 *   join.set         id, node, domain, roles (text), secret (hash), expires ("2026-01-02T03:04:05Z"), before|null; a secret that it replaces is destroyed
 *   join.remove      id, before; its secret is destroyed, so it is never undone
 *   key.seal         key (id), purpose, kind ("private"|"symmetric"), nodes [..] (sorted), secret (hash), before|null
 *   key.drop         key, before
 *   job.add          id, node, task, arguments {..}, content (base64)|null, seen, yes, force, who, why|null, summary, created, deadline
 *   job.done         id, node, state ("done"|"failed"), detail; its answer is the change that it is part of
 *   identity.set     node, purpose, certificate (base64 DER), chain [base64 DER..], key (id), source, distribution, before {the same members}|null
 *   identity.remove  node, purpose, before
 *   trust.add        store, name, scope, certificate, description, origin
 *   trust.remove     store, name, scope, certificate, description, origin
 *   csr.set          node, purpose, request (base64 DER), key, distribution, parameters {..}, created ("2026-01-02T03:04:05Z"), before|null
 *   csr.remove       node, purpose, before
 *   account.set      name, role, secret (hash), before|null
 *   account.remove   name, before
 *   key.purge        node (or "cluster": every node), key; what the key was sealed as is destroyed
 *   followup.done    node (or "cluster"), kind, target, before {what, since, first, number, changes}: somebody has done it
 *   followup.open    node, kind, target, what, since, first, number, changes, before: only as the inverse of the other
 *   setting.set      name, value, before {value}|null: a decision that all nodes obey (catalog/setting.h)
 *   setting.remove   name, before: the default counts again; only as the inverse of the other
 *   list.publish     list ("CTL"), content (base64 of the file): phones have been given it, so it is never undone; the next version replaces it
 * "before" is the state the step replaces, so that the inverse of a step follows from the step alone; applying a step whose "before" is not what is there is UC_ECONFLICT
 * "state-moved"; a member that it lacks counts as null. Every step may carry "text": the sentence a person reads.
 *
 * What no step may do, whoever made it: identity.set with a certificate for another key than its own is UC_EREFUSED "key-mismatch" (C31); identity.set, csr.set and key.seal with a
 * key that was purged, "key-purged"; key.purge of a key that an identity or a pending request has, "key-in-use"; a certificate whose validity is no time, "bad-time" (T3);
 * a key that is sealed counts as in use only by identities and requests; a second publisher is UC_EREFUSED "publisher-exists"; a name that another node has or has left something
 * behind under, and "cluster", UC_ECONFLICT "name-taken"; job.add of one that is there UC_ECONFLICT "job-exists"; job.done for a job that is answered already UC_ECONFLICT "job-answered",
 * for one that the node does not have UC_ENOTFOUND "no-job". trust.add is UC_ECONFLICT "name-taken" for a name, "already-there" for a certificate that the store has in that scope.
 * account.set, join.set and key.seal need their secret: UC_ENOTFOUND "no-secret". list.publish takes a name of 1 to 16 letters, 1 to
 * UC_LIST_MAX bytes, and one version a change. A step that is
 * malformed is UC_EINPUT "bad-step", one of a type or version that this program does not know UC_EREFUSED "step-unknown".
 */
#ifndef UC_STORE_CHANGE_H
#define UC_STORE_CHANGE_H

#include "store/store.h"

#define UC_UNDO_DAYS 30

/* The number of the last change, 0 for an empty log, and its hash (hex, 65 bytes; may be NULL; 64 zeros for an empty log). */
enum uc_status uc_log_head(struct uc_store *s, int64_t *number, char hash[65], struct uc_error *e) UC_MUST;

/* The most bytes that a change may have. */
#define UC_LOG_BODY_MAX ((size_t)64 * 1024 * 1024)

/* Signs data for the log: appends the signature to out. */
typedef enum uc_status (*uc_log_signer)(void *ctx, struct uc_slice data, struct uc_buf *out, struct uc_error *e);

/*
 * Inside a write transaction: gives the change (an object with every member of the body but "v", "number" and "previous"; UC_EINPUT "bad-change" names one that is missing) its
 * number, applies its steps in order, writes it. sign may be NULL: the signature is then empty. A request id that is in the log already is UC_ECONFLICT "request-repeated" and
 * *number is that change. A node that had a certificate and is not in the cluster any more makes no change: UC_EREFUSED "node-left". One of more than UC_LOG_BODY_MAX is UC_ELIMIT "too-large". "undoes" marks that change as undone: UC_ECONFLICT "already-undone", UC_ENOTFOUND "no-change"; when that was an undo itself, what it had undone counts
 * again. On any error the caller rolls back.
 */
enum uc_status uc_log_append(struct uc_store *s, const json_t *change, uc_log_signer sign, void *ctx, int64_t *number,
                             struct uc_error *e) UC_MUST;

/* The change, as its body, with "hash", "undone_by" (number or null) added; owned. UC_ENOTFOUND "no-change". */
enum uc_status uc_log_get(struct uc_store *s, int64_t number, json_t **out, struct uc_error *e) UC_MUST;
/* The change with this request id: 0 when there is none. */
enum uc_status uc_log_by_request(struct uc_store *s, const char *request, int64_t *number, struct uc_error *e) UC_MUST;

/* Which changes a list has: those of which all that is set here is true. Zero-initialised: all. Everything is borrowed. */
struct uc_log_filter {
	/* What it touched: "own/NODE/tomcat", "trust/tomcat-trust/NAME.pem", "csr/NODE/tomcat", "account/NAME", "node/NAME", "join/ID", "key/ID", "job/ID", "followup/NODE/KIND/TARGET", "setting/NAME", "list/CTL". */
	const char *object;
	/* Contained, without regard to case, in who, task, summary, why or something that was touched. */
	const char *search;
	const char *who, *task, *node; /* just these; node: the one that made the change, as it was called then */
	const char *from, *to;         /* made at this time (RFC 3339 in UTC) or later, and not later than this */
	size_t look;                   /* how many changes are looked at for a page; 0: UC_LOG_LOOK */
};
/* So many take a small part of a second. */
#define UC_LOG_LOOK 300000

/*
 * Newest first, below number before (0: from the head), at most limit: [{"number","at","node","who","why","task","summary","undone_by"}], owned. filter may be NULL. *stopped (or NULL): when so many changes were
 * looked at that the page is not full although there may be more, the number below which to go on; else 0.
 */
enum uc_status uc_log_list(struct uc_store *s, const struct uc_log_filter *filter, int64_t before, size_t limit, json_t **out,
                           int64_t *stopped, struct uc_error *e) UC_MUST;
/* Has any change after number, that is not itself undone, touched what this change touched? *later gets its number or 0. */
enum uc_status uc_log_later(struct uc_store *s, int64_t number, int64_t *later, struct uc_error *e) UC_MUST;

/*
 * Walks the whole log: numbers without a gap, every hash right, each naming the one before, each signature right (verify may be NULL). UC_EIO "log-broken" names the change.
 */
typedef bool (*uc_log_verifier)(void *ctx, struct uc_slice data, struct uc_slice signature);
enum uc_status uc_log_verify(struct uc_store *s, uc_log_verifier verify, void *ctx, struct uc_error *e) UC_MUST;

/* The inverse of a step, owned; NULL when there is none: its type can never be undone, or it made a node. */
json_t *uc_step_invert(const json_t *step);
/* Can a step of this type ever be undone? */
bool uc_step_undoable(const char *type);

#endif
