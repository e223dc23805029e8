/*
 * The store of several nodes: who they are, keys sealed to them, jobs, what they say of themselves; and following: building a copy of the store (a mirror) by replaying its log.
 */
#ifndef UC_STORE_CLUSTER_H
#define UC_STORE_CLUSTER_H

#include "store/change.h"

/* ---- the connection ---- */

/* Can a cluster have its store behind this url? Connects, looks, changes nothing; *ours tells whether there is a store already. The errors of uc_db_open() and uc_db_fit(). */
enum uc_status uc_store_fit(const char *url, bool *ours, struct uc_error *e) UC_MUST;
/* Where a url leads, for people, as uc_db_where(). */
char *uc_store_where(const char *url) __attribute__((returns_nonnull));
/* Do several nodes share this store? Was the connection to it lost? */
bool uc_store_shared(const struct uc_store *s);
bool uc_store_lost(const struct uc_store *s);
/* Waits, outside a transaction, for a change made by anybody, as uc_db_wait(); the first call begins to listen, so look at the head after it. A commit of uc_log_append() notifies. */
enum uc_status uc_store_wait(struct uc_store *s, int wake_fd, int timeout_ms, bool *changed, struct uc_error *e) UC_MUST;
enum uc_status uc_store_now(struct uc_store *s, uc_time *out, struct uc_error *e) UC_MUST;
/* Claims to be the one running instance of a node, for the life of this connection. */
enum uc_status uc_store_claim(struct uc_store *s, const char *node, bool *mine, struct uc_error *e) UC_MUST;
/* Inside a write transaction: a node's own credentials for the store, known by its GUID, which no other name takes over; see uc_db_access_put() and _drop(). */
enum uc_status uc_store_access_put(struct uc_store *s, const char *guid, const char *password, char **url, struct uc_error *e) UC_MUST;
enum uc_status uc_store_access_drop(struct uc_store *s, const char *guid, struct uc_error *e) UC_MUST;
/* This store is a mirror from now on: what is lost of it can be fetched again. */
enum uc_status uc_store_relax(struct uc_store *s, struct uc_error *e) UC_MUST;
/* On a connection of its own: what a mirror's commits put off; to be called now and then. */
enum uc_status uc_store_tidy(struct uc_store *s, struct uc_error *e) UC_MUST;

/* ---- nodes ---- */

/* All nodes, by name; calls each(ctx, row), which borrows. */
enum uc_status uc_store_nodes(struct uc_store *s, void (*each)(void *ctx, const struct uc_node_row *row), void *ctx,
                              struct uc_error *e) UC_MUST;

/* Is there a node of this name, or was there one that signed changes? */
enum uc_status uc_store_node_known(struct uc_store *s, const char *name, bool *known, struct uc_error *e) UC_MUST;

struct uc_join {
	char *id, *node, *domain, *roles, *secret /* the hash of what is sealed to the publisher */;
	struct uc_buf sealed; /* that; empty when it is gone */
	uc_time expires;
	int64_t number;
};
void uc_join_free(struct uc_join *j);
/* UC_ENOTFOUND "no-join". */
enum uc_status uc_store_join(struct uc_store *s, const char *id, struct uc_join *out, struct uc_error *e) UC_MUST;
enum uc_status uc_store_joins(struct uc_store *s, void (*each)(void *ctx, const struct uc_join *j), void *ctx, struct uc_error *e) UC_MUST;

/* ---- keys that several nodes have ---- */

struct uc_sealed {
	char *key_id, *purpose, *kind /* "private" or "symmetric" */, *secret /* the hash of blob */;
	struct uc_strv nodes; /* those it is sealed to, sorted */
	struct uc_buf blob;   /* CMS (pki/seal.h); empty when it is gone */
	int64_t number;
};
void uc_sealed_free(struct uc_sealed *k);
/* UC_ENOTFOUND "no-sealed-key". */
enum uc_status uc_store_sealed(struct uc_store *s, const char *key_id, struct uc_sealed *out, struct uc_error *e) UC_MUST;
/* All of them, or those of one purpose (NULL: any), the newest first. */
enum uc_status uc_store_sealed_each(struct uc_store *s, const char *purpose, void (*each)(void *ctx, const struct uc_sealed *k), void *ctx,
                                    struct uc_error *e) UC_MUST;

/* ---- jobs ---- */

struct uc_job {
	char *id, *node, *task, *seen, *who, *why, *summary, *state /* "waiting", "done", "failed" */, *detail;
	json_t *arguments;
	struct uc_buf content; /* an uploaded file, or empty */
	bool yes, force;
	uc_time created, deadline;
	int64_t number; /* the change that asked for it */
	int64_t answer; /* the change that answered it, 0 while it waits */
};
void uc_job_free(struct uc_job *j);
/* UC_ENOTFOUND "no-job". */
enum uc_status uc_store_job(struct uc_store *s, const char *id, struct uc_job *out, struct uc_error *e) UC_MUST;
/* Newest first, below change number before (0: from the newest), at most limit; of one node unless NULL, in one state unless NULL. */
enum uc_status uc_store_jobs(struct uc_store *s, const char *node, const char *state, int64_t before, size_t limit,
                             void (*each)(void *ctx, const struct uc_job *j), void *ctx, struct uc_error *e) UC_MUST;

/* ---- what nodes say of themselves: no change ---- */

/* The node has the store's log up to number; report is a JSON object of its own making. The time is the store's clock. */
enum uc_status uc_store_state_put(struct uc_store *s, const char *node, int64_t number, const json_t *report, struct uc_error *e) UC_MUST;
/* {"NODE":{"number":N,"at":SECONDS,"report":{..}},...} of all nodes, owned. */
enum uc_status uc_store_states(struct uc_store *s, json_t **out, struct uc_error *e) UC_MUST;
/* Copies the newest effects of a node, at most limit, from one store to another. */
enum uc_status uc_store_effects_copy(struct uc_store *from, struct uc_store *to, const char *node, uc_time since, size_t limit,
                                     struct uc_error *e) UC_MUST;

/* ---- following ---- */

/* A secret that a change refers to. */
struct uc_log_secret {
	char hash[65];
	struct uc_buf data;
};
/* A change as it lies in a store. */
struct uc_log_row {
	int64_t number;
	char hash[65];
	char *body;
	struct uc_buf signature;
	struct uc_log_secret *secrets; /* those that are still there */
	size_t secret_count;
};
struct uc_log_rows {
	struct uc_log_row *items;
	size_t count;
};
void uc_log_rows_free(struct uc_log_rows *v);

/*
 * The changes after number, in order, at most limit and, but for the first, at most UC_LOG_BATCH_BYTES of bodies, with the secrets that they name. One of more than UC_LOG_BODY_MAX comes with an empty body, which no follower
 * applies.
 */
#define UC_LOG_BATCH_BYTES ((size_t)16 * 1024 * 1024)
enum uc_status uc_log_after(struct uc_store *from, int64_t number, size_t limit, struct uc_log_rows *out, struct uc_error *e) UC_MUST;
/* The hash of one change; number 0 is 64 zeros. UC_ENOTFOUND "no-change". */
enum uc_status uc_log_hash(struct uc_store *s, int64_t number, char hash[65], struct uc_error *e) UC_MUST;
/* What a follower wants to know of a store, in one question: its head, its epoch, and its hash of change number ("" when it has none; 64 zeros for 0). */
struct uc_log_peek {
	int64_t number, epoch;
	char hash_at[65];
};
enum uc_status uc_log_peek(struct uc_store *s, int64_t number, struct uc_log_peek *out, struct uc_error *e) UC_MUST;
/*
 * The epoch of the head: 1, and one more whenever an administrator has said that the log goes on from the state in which the store is (after a failover or a restore that lost changes): mirrors that are ahead of it then
 * build themselves anew instead of halting.
 */
enum uc_status uc_log_epoch(struct uc_store *s, int64_t *epoch, struct uc_error *e) UC_MUST;
/* Inside a write transaction. */
enum uc_status uc_log_epoch_set(struct uc_store *s, int64_t epoch, struct uc_error *e) UC_MUST;

/*
 * Replays changes onto a mirror. founder is the certificate (DER) of the node that began the log: the one whose signature is believed before the log itself has named a certificate. It is copied.
 * One thread at a time. Owned: uc_follower_free().
 */
struct uc_follower;
struct uc_follower *uc_follower_new(struct uc_store *mirror, struct uc_slice founder) __attribute__((returns_nonnull));
void uc_follower_free(struct uc_follower *f);
UC_DEFINE_CLEANUP(uc_follower_freep, struct uc_follower, uc_follower_free)
/*
 * Inside a write transaction of the mirror: appends a change that was made elsewhere, with its number, hash and signature as they are, and applies its steps; then the mirror is what the store was after
 * that change. UC_EIO "log-broken" names the change and what is wrong with it (number, chain, hash, signature by no certificate of its node, a node that had left, a secret with another hash,
 * steps that do not lead on from the mirror's state), UC_EREFUSED "step-unknown" when it is from a newer program. On any error the caller rolls back.
 */
enum uc_status uc_follower_apply(struct uc_follower *f, const struct uc_log_row *row, struct uc_error *e) UC_MUST;
/* Walks the whole log of the mirror, as uc_log_verify() does, and holds each signature against all certificates that its node ever had. */
enum uc_status uc_follower_verify(struct uc_follower *f, struct uc_error *e) UC_MUST;
/* Inside a write transaction: empties the mirror, so that it can be built anew; its epoch is 1 again. */
enum uc_status uc_mirror_clear(struct uc_store *mirror, struct uc_error *e) UC_MUST;

/*
 * ---- what a follower does next: a pure function, so that every order of events can be tried in a test ----
 *
 * A mirror takes the store's epoch over when it is up to date (UC_NEXT_NOTHING), or in the transaction in which it is built anew.
 */

/* What is known of the two logs. */
struct uc_log_view {
	int64_t mirror_number, store_number;
	const char *mirror_hash;   /* of the mirror's head */
	const char *store_hash_at; /* the store's hash of the change with the mirror's number; NULL when the store has no such change */
	int64_t mirror_epoch, store_epoch;
	int64_t confirmed; /* the highest number that this node ever told the store it has; 0: none */
};
enum uc_log_next {
	UC_NEXT_NOTHING, /* the mirror is up to date */
	UC_NEXT_APPLY,   /* fetch what is missing */
	UC_NEXT_AHEAD,   /* the mirror has changes that the store has lost: halt and report, never guess */
	UC_NEXT_FORKED,  /* the store has another change of the same number: halt and report */
	UC_NEXT_REBUILD  /* either of the two, and the store's epoch is higher: empty the mirror and replay */
};
/* *aged is set when the mirror is older than what this node has confirmed: its disk was restored from an old copy. */
enum uc_log_next uc_log_decide(const struct uc_log_view *v, bool *aged);

#endif
