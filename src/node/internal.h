/* What the files of this room share. */
#ifndef UC_NODE_INTERNAL_H
#define UC_NODE_INTERNAL_H

#include <pthread.h>

#include "keys/token.h"
#include "node/node.h"
#include "node/signin.h"
#include "store/cluster.h"

enum { MAX_POOLED = 8 }; /* each may keep 32 MiB of pages of a large store */

/* What HTTPS is to present to clients of one kind of key. */
struct uc_shown {
	const char *purpose;
	bool ec;
	char fingerprint[UC_FINGERPRINT_HEX];
	size_t chain;     /* certificates in the handshake: the leaf and its intermediates */
	int64_t number;   /* the change that set the identity */
	char fault[1024]; /* why it cannot be presented, or "" */
};

enum { UC_SHOWN = 2 };

/* What a look at this node's own HTTPS saw, for one of them. What is to be thought of it is said when it is asked for, by what the view of that moment is to present. */
struct uc_seen {
	bool tried;
	char fingerprint[UC_FINGERPRINT_HEX]; /* of the leaf; "" when nothing came, */
	char fault[1024];                     /* and why */
	size_t chain;
	uc_time at;
};

/* What servers need per request, never changed after it was made; replaced by one pointer. */
struct uc_view {
	int64_t number; /* the change it shows; moved on, under view_lock, by changes that alter nothing of it */
	int64_t serial; /* no two views have the same */
	SSL_CTX *https;
	struct uc_shown shown[UC_SHOWN];
	struct uc_token_keys authz;
	struct uc_phone_basis *phones; /* what phones are answered by (publish.h) */
};

/* What the overview found wrong with certificates, and at which change and moment of uc_monotonic_ns(). */
struct uc_glance {
	json_t *findings;
	int64_t number, at;
};

struct uc_link;
struct uc_phone;
struct uc_phone_basis;
struct uc_published;

struct uc_node {
	char *data, *url;
	char *name, *fqdn, *host, *domain, *guid;
	struct uc_strv former; /* names that this node had before it was renamed */
	unsigned roles;
	unsigned roles_asked; /* by the configuration; 0: none */
	struct uc_policy policy;
	bool old_phones; /* HTTPS for phones takes TLS 1.0 */
	uc_time started;
	int lock_fd; /* held on DATA/lock for as long as the node is open */
	struct uc_keys *keys;
	pthread_mutex_t write_lock;
	struct uc_store *writer;
	pthread_mutex_t pool_lock;
	struct uc_store *pool[MAX_POOLED];
	size_t pooled;
	pthread_mutex_t view_lock; /* guards the pointers and values below */
	struct uc_view *view;
	int64_t views;    /* the serial of the newest one */
	int64_t view_due; /* a view of this change could not be made, and is to be */
	struct uc_seen seen[UC_SHOWN];
	json_t *ports;
	char https_address[64]; /* where this process reaches its own HTTPS, */
	char https_public[64];  /* and where others do; "": by the node's name */
	json_t *log_check;      /* "whole", or what is wrong with the change log; NULL: unchecked */
	struct uc_glance glance;
	struct uc_sign_in *sign_in;
	struct uc_sessions *sessions;
	struct uc_published *published;
	struct uc_phone *phone; /* what phones are given, and what they fetched (phone_internal.h) */
	struct uc_link *link;   /* to the store that the nodes share; there also while the node is single */
	void (*restart)(void *ctx);
	void *restart_ctx;
};

/* A read connection, lent: UC_CLEANUP(uc_reader_return) struct uc_lease r = {0}; uc_reader_borrow(n, &r, e). It is inside a read transaction. */
struct uc_lease {
	struct uc_node *node;
	struct uc_store *store;
};
enum uc_status uc_reader_borrow(struct uc_node *n, struct uc_lease *out, struct uc_error *e) UC_MUST;
void uc_reader_return(struct uc_lease *lease);

/* What tasks see of this node, working on the given connection. */
struct uc_task_context uc_node_context(struct uc_node *n, struct uc_store *store);

/* Moves it to another node; its strings are row's from then on. */
enum uc_status uc_node_context_move(struct uc_task_context *ctx, const struct uc_node_row *row, struct uc_error *e) UC_MUST;

/* Adds what the node's roles need and it does not have. tell as in the configuration, or NULL. */
enum uc_status uc_node_install(struct uc_node *n, void (*tell_password)(const char *node, const char *password),
                               struct uc_error *e) UC_MUST;
/* Takes a name and a domain, and writes DATA/node.json with them and the roles: before any thread is started. */
enum uc_status uc_node_take_names(struct uc_node *n, const char *name, const char *domain, struct uc_error *e) UC_MUST;
/* Takes these roles, and writes DATA/node.json with them: before any thread is started. */
enum uc_status uc_node_take_roles(struct uc_node *n, unsigned roles, struct uc_error *e) UC_MUST;
/* Does the configuration name other roles than those that this node has in its cluster? */
bool uc_roles_ignored(struct uc_node *n);
/* Writes other names into DATA/node.json, to be used from the next start on; the present name stays known as a former one. */
enum uc_status uc_node_file_rename(struct uc_node *n, const char *name, const char *domain, struct uc_error *e) UC_MUST;

/* Makes the view of the state that store shows and swaps it in, unless a newer one is there. On failure the old one stays and serves on, and does not count as newer than it is. */
enum uc_status uc_view_refresh(struct uc_node *n, struct uc_store *store, struct uc_error *e) UC_MUST;
/*
 * A TLS context for servers without identities, or NULL; old: also for phones that know no more than TLS 1.0. And adding an identity of this node to one.
 */
SSL_CTX *uc_tls_new(bool old);
enum uc_status uc_tls_add(struct uc_node *n, SSL_CTX *ctx, const struct uc_identity *i, struct uc_error *e) UC_MUST;
/* The view shows this change as well: it altered nothing that a view is made of. Not one that lacks an earlier change. */
void uc_view_advance(struct uc_node *n, int64_t number);
/* Under view_lock: is the view to be made anew, since a change could not be brought into it? */
bool uc_view_is_stale(const struct uc_node *n);
/* The OAuth keys in force, as far as this node has them (authz.c). */
void uc_authz_load(struct uc_node *n, struct uc_store *store, struct uc_token_keys *out);
/* One of them, into its members of out. UC_ENOTFOUND "no-identity", "no-sealed-key" when the cluster has none; other errors: it has, and this node cannot use it. */
enum uc_status uc_authz_load_signing(struct uc_node *n, struct uc_store *store, struct uc_token_keys *out, struct uc_error *e) UC_MUST;
enum uc_status uc_authz_load_encryption(struct uc_node *n, struct uc_store *store, struct uc_token_keys *out, struct uc_error *e) UC_MUST;
/*
 * Adds a finding "key-missing" for each private key that this node should have and does not, or cannot open: of its certificates, of its pending requests and of multi-server ones that are sealed to it, and the
 * OAuth keys, which every node has (own_keys.c).
 */
enum uc_status uc_own_keys_judge(struct uc_node *n, struct uc_store *store, struct uc_findings *out, struct uc_error *e) UC_MUST;
void uc_view_free(struct uc_view *v);

/*
 * Makes the world match a change that has been committed: swaps what listens, destroys purged keys, looks at its own listeners. What it did is recorded per node and change; failures are
 * retried by uc_node_maintain().
 */
void uc_effects_run(struct uc_node *n, int64_t number, const json_t *steps);
/* Records how far this node has come with an effect of a change. */
void uc_effect_record(struct uc_node *n, int64_t number, const char *effect, const char *state, const char *detail);
/* Destroys a purged key and records it as an effect of the change. */
void uc_key_destroy(struct uc_node *n, int64_t number, const char *key);
/*
 * Connects to this node's own HTTPS once per kind of key and records what it saw as effects of a change; 0: each of the change that set the identity. What was seen counts only when the view is the same before and after;
 * else it looks again. True when all is as the view says. A change that the view does not show yet is looked at when it does.
 */
bool uc_self_check(struct uc_node *n, int64_t number);
/* Under view_lock: what was seen last, held against the present view. An array as /status shows it, owned, or NULL before the first look; and whether all is as it should be. */
json_t *uc_self_check_json(const struct uc_node *n);
bool uc_self_check_well(const struct uc_node *n);

/* ---- run.c ---- */

/* Appends a change that answers a job without a task of its own: it failed, or there was nothing to do. */
enum uc_status uc_job_answer(struct uc_node *n, const struct uc_job *job, const char *state, const char *detail,
                             struct uc_error *e) UC_MUST;

/* ---- link.c: the store that the nodes share ---- */

/* Locks: link->lock, then write_lock, then view_lock. */
enum uc_link_state {
	UC_LINK_SINGLE,
	UC_LINK_CATCHING_UP,
	UC_LINK_FOLLOWING,
	UC_LINK_UNREACHABLE,
	UC_LINK_HALTED, /* what the store has must not be followed, or by this program cannot be */
	UC_LINK_REMOVED /* the cluster does not know this node any more */
};

struct uc_link {
	pthread_mutex_t lock;     /* guards central, url, founder, told */
	struct uc_store *central; /* for changes; NULL: not connected */
	char *url;                /* NULL: single */
	struct uc_buf founder;
	int64_t told; /* the head that the node was told when it joined, */
	char told_hash[65];
	int wake; /* an eventfd: the follower is to look now */
	pthread_t follower_thread, worker_thread;
	bool follower_runs, worker_runs;
	struct uc_follower *follower; /* of the mirror; under write_lock */
	pthread_mutex_t work_lock;    /* guards what the worker waits for */
	pthread_cond_t work;
	bool ending, jobs_due, jobs_left, check_due, install_due;
	/* Under view_lock: */
	bool linked; /* url is set: read without the lock on the connection */
	enum uc_link_state state;
	char id[48], reason[1024]; /* why it is unreachable or halted */
	char clock[160];           /* how this machine's clock stands to the store's */
	bool aged, clock_off, caught_up, member_due;
	bool tried, claimed; /* the follower has tried to be the one running instance of this node, and is it */
	int64_t own_due;     /* a change of this node's own whose listeners are to be looked at when it has been followed; 0: none */
	int64_t mirror_number, mirror_epoch, store_number;
	char mirror_hash[65];
	uc_time contact;    /* when the store last answered, by this machine's clock */
	json_t *states;     /* what all nodes last said of themselves, fetched when somebody asks (heard.c), */
	int64_t states_at;  /* when that was, by uc_monotonic_ns(), */
	uc_time states_now; /* and by the store's clock */
	bool states_wanted;
	json_t *effects; /* likewise what all nodes have done about one change, */
	int64_t effects_number, effects_at;
	int64_t effects_wanted; /* or are to be asked about; 0: none */
};

struct uc_link *uc_link_make(void) __attribute__((returns_nonnull));
/* Starts the threads that follow and carry out jobs. */
enum uc_status uc_link_threads(struct uc_node *n, struct uc_error *e) UC_MUST;
/* Reads DATA/cluster.json, or joins the cluster that the configuration names. */
enum uc_status uc_link_open(struct uc_node *n, const struct uc_node_config *config, struct uc_error *e) UC_MUST;
/* Is there a DATA/cluster.json, so that this node is one of a cluster? */
bool uc_link_there(const struct uc_node *n);
/* Begins to follow, when the node is linked: at once to the end for a node that has no certificates yet, else in a thread of its own. */
enum uc_status uc_link_start(struct uc_node *n, struct uc_error *e) UC_MUST;
void uc_link_close(struct uc_node *n);
bool uc_link_is(struct uc_node *n);
/* The certificate (DER) of the node that began the log. Borrowed for the life of the node. */
struct uc_slice uc_link_founder(struct uc_node *n);
/* Writes DATA/cluster.json; told may be 0. */
enum uc_status uc_link_save(struct uc_node *n, const char *url, struct uc_slice founder, int64_t told, const char *told_hash,
                            struct uc_error *e) UC_MUST;
/* Takes the connection string, the founder and an open connection (or NULL) into use. */
void uc_link_adopt(struct uc_node *n, const char *url, struct uc_slice founder, struct uc_store *central);
/* The follower looks at the store at once. */
void uc_link_kick(struct uc_node *n);
void uc_link_set(struct uc_node *n, enum uc_link_state state, const struct uc_error *why);
/* Why nothing can be changed here now: UC_EUNAVAILABLE "read-only"; UC_OK when it can. */
enum uc_status uc_link_writable(struct uc_node *n, struct uc_error *e) UC_MUST;

/*
 * A write transaction on the store that is the authority: PostgreSQL in a cluster, else this node's own. UC_EUNAVAILABLE "read-only" when it cannot be had. End with commit or rollback; after a commit in a cluster the mirror
 * has followed, if it could.
 */
enum uc_status uc_central_begin(struct uc_node *n, struct uc_store **out, struct uc_error *e) UC_MUST;
enum uc_status uc_central_commit(struct uc_node *n, struct uc_error *e) UC_MUST;
void uc_central_rollback(struct uc_node *n);
/* Lends the connection for reading what only the shared store has; give it back with uc_central_return(). UC_EUNAVAILABLE when the node is single or the store does not answer. */
enum uc_status uc_central_borrow(struct uc_node *n, struct uc_store **out, struct uc_error *e) UC_MUST;
void uc_central_return(struct uc_node *n);

/* ---- follow.c ---- */

/* Brings the mirror up to the store behind this connection, and this node with it. */
enum uc_status uc_follow(struct uc_node *n, struct uc_store *store, struct uc_error *e) UC_MUST;
/* The follower's and the worker's threads; ctx is the struct uc_node. */
void *uc_follow_thread(void *ctx);
void *uc_worker_thread(void *ctx);
/* Connects for following: claims the node, compares the clocks. */
enum uc_status uc_follow_connect(struct uc_node *n, struct uc_store **out, struct uc_error *e) UC_MUST;
/* Ends such a connection, and the claim with it. */
void uc_follow_disconnect(struct uc_node *n, struct uc_store *store);
/* Takes the private keys that are sealed to this node and are not in its key directory: any, or only these. */
enum uc_status uc_take_sealed(struct uc_node *n, struct uc_store *mirror, const struct uc_strv *only, struct uc_error *e) UC_MUST;
/* What this node says of itself to the others; owned. */
json_t *uc_node_report(struct uc_node *n);

/* ---- member.c: what the cluster says of this node ---- */

/*
 * In a cluster a node has the name, the domain and the roles of its row, as far as the mirror knows it, whatever the configuration says: before any thread is started.
 */
enum uc_status uc_member_take_place(struct uc_node *n, struct uc_error *e) UC_MUST;
/* Says in the log that the configuration's roles are not used, when it names others. */
void uc_member_tell_roles(struct uc_node *n);
/*
 * When it is due, at the end of the log only (before it, a node that took the place of another one finds that one): is this node still a member, under its own key, with this name and these roles? One that is not is
 * UC_LINK_REMOVED; one with another name or other roles starts again.
 */
enum uc_status uc_member_check(struct uc_node *n, struct uc_error *e) UC_MUST;

/* ---- heard.c: what the nodes say of themselves ---- */

/* All nodes' states, as uc_store_states() gives them: those of now when the store answers soon, else those that were heard last. Owned. */
json_t *uc_heard_states(struct uc_node *n);
/* Have the states been fetched after this moment of uc_monotonic_ns()? */
bool uc_heard_since(struct uc_node *n, int64_t moment);
/* Adds to effects what other nodes have done about a change, when the store answers soon. */
void uc_heard_effects(struct uc_node *n, int64_t number, json_t *effects);
/* The follower's part: fetches what somebody waits for. */
enum uc_status uc_heard_fetch(struct uc_node *n, struct uc_store *store, struct uc_error *e) UC_MUST;

/* ---- job.c ---- */

/* Carries out jobs that wait for this node, the oldest first; false when some still wait, since they are many or the store could not be reached. */
bool uc_jobs_run(struct uc_node *n);

/* A path for people, over what a node sees: {"items":[{"label","subject","fingerprint","state","link","in_store"}],"complete","missing","reason"}; owned. */
enum uc_status uc_chain_json(const char *node, struct uc_store *store, const char *trust_store, const struct uc_cert *leaf,
                             const struct uc_certs *known, json_t **out, struct uc_error *e) UC_MUST;

#endif
