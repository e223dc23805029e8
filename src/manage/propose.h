/* U3: what the certificates of a file can be used for in this cluster: by their keys, by their kind, and by what waits for an answer. */
#ifndef UC_MANAGE_PROPOSE_H
#define UC_MANAGE_PROPOSE_H

#include "manage/task.h"

/* A key of the cluster that a certificate can belong to: of a pending request, or of an identity. */
struct uc_awaited {
	char *node; /* UC_ALL_NODES for a request that all share */
	const struct uc_purpose *purpose;
	char key[UC_KEY_ID_LEN];
	char fingerprint[UC_FINGERPRINT_HEX]; /* of an identity's certificate; "" for a request */
	bool multi;
	uc_time created; /* of a request */
};
struct uc_awaiting {
	struct uc_awaited *items; /* the requests of this node, those that all share, those of other nodes, then identities */
	size_t count;
	unsigned roles;       /* that any node has */
	struct uc_strv fqdns; /* of the nodes */
};
void uc_awaiting_free(struct uc_awaiting *v);
enum uc_status uc_awaiting_read(const struct uc_task_context *ctx, struct uc_awaiting *out, struct uc_error *e) UC_MUST;
/* The pending request with this key, or NULL. */
const struct uc_awaited *uc_awaiting_request(const struct uc_awaiting *v, const char *key);

/* An upload that would be of use. */
struct uc_proposal {
	const struct uc_purpose *purpose;   /* as an identity certificate, */
	const struct uc_trust_store *store; /* or into a trust store: one of the two */
	char *node;                         /* an identity's: where to upload it */
	bool multi;                         /* it is the multi-server one */
	char *reason;                       /* a sentence */
	size_t cert;                        /* the certificate of the file that it is for */
};
struct uc_proposals {
	struct uc_proposal *items;
	size_t count;
};
void uc_proposals_free(struct uc_proposals *v);

/*
 * The best first: answers to pending requests; trust stores that vouch for purposes whose requests are pending and that lack a CA of the file; other stores by the kind of the certificates; renewals, for
 * which a request has to be made first. held: for each of the first held_count certificates of the file the trust entries that have it already: a store in which all are is not proposed. Findings: "key-of" (note: the
 * key is that of something that was replaced), "key-foreign" (warn: a certificate for a node of this cluster, with a key that is none of its requests').
 */
enum uc_status uc_propose(const struct uc_task_context *ctx, const struct uc_awaiting *awaiting, const struct uc_certs *file,
                          const struct uc_trusts *held, size_t held_count, struct uc_proposals *out, struct uc_findings *findings,
                          struct uc_error *e) UC_MUST;

#endif
