/*
 * This node at work: it runs tasks (plan, change, effect), answers questions about the state, and keeps what listens on the newest state.
 *
 * All functions may be called from any thread. Answers are JSON as docs/api.md describes them.
 */
#ifndef UC_NODE_NODE_H
#define UC_NODE_NODE_H

#include <jansson.h>
#include <openssl/types.h>

#include "manage/task.h"
#include "node/session.h"
#include "store/find.h"

struct uc_node;

struct uc_node_config {
	const char *data;   /* the data directory */
	const char *name;   /* NULL: what was installed, else the system's host name */
	const char *domain; /* NULL: what was installed, else the system's domain, or none */
	unsigned roles;     /* uc_node_role bits; 0: what was installed, else publisher and tftp */
	struct uc_policy policy;
	bool old_phones;         /* HTTPS for phones takes what phones of long ago speak: TLS 1.0, SHA-1 */
	const char *phone_files; /* the directory of files for phones, and the one of their certificates; NULL: below data */
	const char *phone_certificates;
	const char *join;        /* "HOST:PORT" of the publisher of the cluster to join; NULL, or joined already: none */
	const char *join_secret; /* what the publisher gave out for it (set node add), the text itself */
	/*
	 * Called with the first administrator's password just before the installation that makes it: told afterwards, a crash between the two would leave a password that nobody has seen.
	 * When that installation fails or is broken off, the next one tells another. May be NULL.
	 */
	void (*tell_password)(const char *node, const char *password);
	/* The node has been given another name, which it uses from its next start on: start it again. From any thread; may be NULL. */
	void (*restart)(void *ctx);
	void *restart_ctx;
};

/*
 * Opens the node in its data directory, installing it when it is new. UC_ECONFLICT
 * "other-node" when the directory belongs to a node of another name; UC_ECONFLICT "data-in-use" when another daemon has it. Owned: uc_node_close().
 */
enum uc_status uc_node_open(const struct uc_node_config *config, struct uc_node **out, struct uc_error *e) UC_MUST;
void uc_node_close(struct uc_node *n);

/* ---- what it is ---- */

json_t *uc_node_status(struct uc_node *n);
/* Its roles, as bits; they stay as they are until it is started again. */
unsigned uc_node_roles(const struct uc_node *n);
/*
 * Tells the node which ports it listens on ({"https": 8443}), the address at which it reaches its own HTTPS (it checks itself there from now on) and the one at which others do; NULL: its name.
 */
void uc_node_set_ports(struct uc_node *n, const json_t *ports, const char *https_address, const char *https_public);

/* The TLS context of the moment for HTTPS, with a reference of the caller's own (SSL_CTX_free()). ctx is the struct uc_node. Never NULL after a successful open. */
SSL_CTX *uc_node_https(void *ctx);

/* ---- accounts ---- */

/* UC_OK when the password is right. UC_EAUTH "wrong-password" otherwise, also for an unknown name, after the same time; UC_EAUTH "too-many-failures" for a while after ten failures of one peer. */
enum uc_status uc_node_sign_in(struct uc_node *n, const char *name, const char *password, const char *peer, struct uc_error *e) UC_MUST;

/*
 * Signs in as uc_node_sign_in() and begins a session of the console, in the place of the one that the token replaces proves (NULL: none).
 * token gets what proves it; *out (owned) says what docs/api.md has under Session. Besides: UC_EUNAVAILABLE "too-many-sessions".
 */
enum uc_status uc_node_session_begin(struct uc_node *n, const char *name, const char *password, const char *peer, const char *replaces,
                                     char token[UC_SESSION_TEXT], json_t **out, struct uc_error *e) UC_MUST;
/*
 * A request in the session that token proves; the credential of use is found here. *who (owned) gets the account, *out as above unless out is
 * NULL. UC_EAUTH "session-ended", "csrf".
 */
enum uc_status uc_node_session_use(struct uc_node *n, const char *token, struct uc_session_use use, char **who, json_t **out,
                                   struct uc_error *e) UC_MUST;
/* Signs out. The session need not exist. */
void uc_node_session_end(struct uc_node *n, const char *token);

/* The fewest bytes that a new password may have. */
#define UC_PASSWORD_MIN 10

/* ---- tasks ---- */

#define UC_JOB_SECONDS 3600

struct uc_node_call {
	struct uc_task_request request;
	const char *who;        /* the account */
	const char *why;        /* or NULL */
	const char *request_id; /* or NULL */
	const char *seen;       /* the hash of the plan that was agreed to, or NULL */
	const char
	    *node; /* the node that is to do it; NULL: this one. Another one is given a job: *out is then the job's change, with "job" its id */
	int64_t deadline; /* seconds that another node has for it; 0: UC_JOB_SECONDS */
	const char *job;  /* private to this room: the job that this call carries out, or NULL */
	bool dry_run, yes, force;
};

/*
 * Plans the task and, unless it is a dry run, carries it out. *out (owned) is the plan or the change, also with UC_ECONFLICT ("confirmation-needed", "plan-changed") and UC_EREFUSED (the
 * code of the first finding that refuses); NULL with other errors.
 */
enum uc_status uc_node_run(struct uc_node *n, const struct uc_node_call *call, json_t **out, struct uc_error *e) UC_MUST;

/*
 * The task account-password: call as for uc_node_run(), whose request is filled here. UC_EINPUT "password-short". The password itself is neither stored nor logged.
 */
enum uc_status uc_node_set_password(struct uc_node *n, struct uc_node_call *call, const char *name, const char *password, json_t **out,
                                    struct uc_error *e) UC_MUST;

/* ---- questions; *out is owned ---- */

json_t *uc_node_purposes(void);
enum uc_status uc_node_stores(struct uc_node *n, json_t **out, struct uc_error *e) UC_MUST;
enum uc_status uc_node_find(struct uc_node *n, struct uc_find *f, json_t **out, struct uc_error *e) UC_MUST;
/* A certificate: unit is a purpose (own) or a store (trust); name is ignored for own ones. */
/* node (here and below): whose; NULL: this node's. UC_ENOTFOUND "no-node". */
enum uc_status uc_node_cert(struct uc_node *n, const char *node, bool own, const char *unit, const char *name, json_t **out,
                            struct uc_error *e) UC_MUST;
enum uc_status uc_node_chain(struct uc_node *n, const char *node, bool own, const char *unit, const char *name, json_t **out,
                             struct uc_error *e) UC_MUST;
/* The bytes of a certificate in a format: "pem", "der", "chain", "p7b"; type gets the media type, file a safe file name (each 96 bytes). */
enum uc_status uc_node_content(struct uc_node *n, const char *node, bool own, const char *unit, const char *name, const char *format,
                               struct uc_buf *out, char type[96], char file[96], struct uc_error *e) UC_MUST;
/* One glance at everything (docs/api.md: overview), in a few milliseconds with any number of certificates. */
enum uc_status uc_node_overview(struct uc_node *n, json_t **out, struct uc_error *e) UC_MUST;
/* What is in a file, and what it can be used for; the errors of an upload. */
enum uc_status uc_node_inspect(struct uc_node *n, struct uc_slice file, const char *password, json_t **out, struct uc_error *e) UC_MUST;
/* What a request without arguments would ask for, or with these of distribution and key (NULL: not said). The errors of csr-gen. */
enum uc_status uc_node_request_defaults(struct uc_node *n, const char *node, const char *purpose, const char *distribution, const char *key,
                                        json_t **out, struct uc_error *e) UC_MUST;
/* The node's requests and those that all nodes share. */
enum uc_status uc_node_requests(struct uc_node *n, const char *node, json_t **out, struct uc_error *e) UC_MUST;
enum uc_status uc_node_request(struct uc_node *n, const char *node, const char *purpose, json_t **out, struct uc_error *e) UC_MUST;
enum uc_status uc_node_request_content(struct uc_node *n, const char *node, const char *purpose, const char *format, struct uc_buf *out,
                                       char type[96], char file[96], struct uc_error *e) UC_MUST;
/*
 * A page of the log. In the filter, own/PURPOSE and csr/PURPOSE stand for this node's; node may have been removed since; from and to are times as uc_time_parse() reads them, and a date alone stands for its
 * whole day. UC_ENOTFOUND "no-node", UC_EINPUT "bad-time", "too-long".
 */
enum uc_status uc_node_changes(struct uc_node *n, const struct uc_log_filter *filter, int64_t before, size_t limit, json_t **out,
                               struct uc_error *e) UC_MUST;
enum uc_status uc_node_change(struct uc_node *n, int64_t number, json_t **out, struct uc_error *e) UC_MUST;

/* What still has to be done by hand (store/followup.h), on all nodes; node: what concerns this one and the cluster. UC_ENOTFOUND "no-node". */
enum uc_status uc_node_followups(struct uc_node *n, const char *node, json_t **out, struct uc_error *e) UC_MUST;

/* Would this peer's certificates (leaf anywhere in the file) be trusted by a store, and if not, what has to be uploaded where (T1)? */
enum uc_status uc_node_trust_check(struct uc_node *n, const char *store, struct uc_slice file, const char *password, json_t **out,
                                   struct uc_error *e) UC_MUST;
/* The same for what a server presents at "HOST:PORT", asked for by name (NULL: the host). */
enum uc_status uc_node_trust_peer(struct uc_node *n, const char *store, const char *peer, const char *name, json_t **out,
                                  struct uc_error *e) UC_MUST;

/* ---- trust lists (docs/api.md: lists, settings); what phones fetched is asked for in node/phone.h ---- */

/* The name of a list as the API has it: "CTL" or "ITL", whatever the case. *out is static. UC_ENOTFOUND "no-list". */
enum uc_status uc_node_list_name(const char *name, const char **out, struct uc_error *e) UC_MUST;
/* The mode of the cluster, and of each list what is published, what it should say, who signs it, and whether phones will accept that. */
enum uc_status uc_node_lists(struct uc_node *n, json_t **out, struct uc_error *e) UC_MUST;
/*
 * A list that was published. node: whose ITL, NULL: this one's; it makes no difference for the CTL. version: a SHA-256 or the unique beginning of one, NULL: the present one. UC_ENOTFOUND "no-list" when
 * there is none, "list-elsewhere" when only that node has it, "no-node"; UC_EINPUT "ambiguous-version".
 */
enum uc_status uc_node_list(struct uc_node *n, const char *list, const char *node, const char *version, json_t **out,
                            struct uc_error *e) UC_MUST;
/* A page of all that were published, the newest first; after is the version at which the page before ended, or NULL. */
enum uc_status uc_node_list_versions(struct uc_node *n, const char *list, const char *node, const char *after, size_t limit, json_t **out,
                                     struct uc_error *e) UC_MUST;
/* The bytes of a list, appended to out; file gets its name. The errors of uc_node_list(). */
enum uc_status uc_node_list_content(struct uc_node *n, const char *list, const char *node, const char *version, struct uc_buf *out,
                                    char file[96], struct uc_error *e) UC_MUST;
/* The settings of the cluster (catalog/setting.h) with their values. */
enum uc_status uc_node_settings(struct uc_node *n, json_t **out, struct uc_error *e) UC_MUST;

/* ---- the cluster (docs/api.md: nodes, jobs, cluster) ---- */

enum uc_status uc_node_nodes(struct uc_node *n, json_t **out, struct uc_error *e) UC_MUST;
enum uc_status uc_node_get(struct uc_node *n, const char *name, json_t **out, struct uc_error *e) UC_MUST;
enum uc_status uc_node_jobs(struct uc_node *n, const char *node, const char *state, int64_t before, size_t limit, json_t **out,
                            struct uc_error *e) UC_MUST;
enum uc_status uc_node_job(struct uc_node *n, const char *id, json_t **out, struct uc_error *e) UC_MUST;
/* The store in which all nodes meet: its kind, whether it can be reached, how far this node has come. */
enum uc_status uc_node_cluster(struct uc_node *n, json_t **out, struct uc_error *e) UC_MUST;
/*
 * Moves this single node's store to PostgreSQL; from then on the local one is a mirror. Either the node works with the new store or with the old one, whatever breaks meanwhile; repeating it
 * goes on where it ended. dry_run: only looks whether it can be done, and leaves the database as it is. UC_ECONFLICT "in-cluster", "store-not-empty"; UC_EINPUT "bad-store-url"; the errors of the
 * connection; those of uc_store_fit() when the database or its account is not what a cluster needs.
 */
enum uc_status uc_node_move(struct uc_node *n, const char *url, bool dry_run, json_t **out, struct uc_error *e) UC_MUST;
/*
 * Says that the log goes on from the store's present state: raises its epoch. force must be true: changes that only mirrors still have are given up (UC_ECONFLICT "confirmation-needed").
 * UC_EREFUSED "resync-not-needed" when no node says that it has such changes, "not-shared" on a single node.
 */
enum uc_status uc_node_resync(struct uc_node *n, const char *who, bool force, json_t **out, struct uc_error *e) UC_MUST;
/* A node shows its join secret (node/join.h): the publisher's answer. */
enum uc_status uc_node_join_answer(struct uc_node *n, const json_t *request, const char *peer, json_t **out, struct uc_error *e) UC_MUST;
/* E1, for a node or (NULL) for all others: findings step by step; fix: repairs what can be repaired, as changes of who. */
enum uc_status uc_node_diagnose(struct uc_node *n, const char *node, bool fix, const char *who, json_t **out, struct uc_error *e) UC_MUST;

/* ---- OAuth (O1) ---- */

/* The checksums of the keys in force; which: "signing", "encryption" or NULL for both. */
enum uc_status uc_node_authz(struct uc_node *n, const char *which, json_t **out, struct uc_error *e) UC_MUST;
/* Holds the checksums of other clusters' nodes ("HOST:PORT") against ours; their certificates must be trusted by tomcat-trust. */
enum uc_status uc_node_authz_compare(struct uc_node *n, const struct uc_strv *peers, const char *account, const char *password,
                                     json_t **out, struct uc_error *e) UC_MUST;
/* {"access_token","token_type":"Bearer","expires_in","refresh_token","scope"} for an account that has signed in. */
enum uc_status uc_node_token(struct uc_node *n, const char *account, json_t **out, struct uc_error *e) UC_MUST;
/* The same for the bearer of a refresh token. UC_EAUTH as uc_token_read(), "token-use" for an access token, "no-account" when the account is gone. */
enum uc_status uc_node_token_refresh(struct uc_node *n, const char *refresh, json_t **out, struct uc_error *e) UC_MUST;
/* Whose access token is this? *who (owned) gets the account. */
enum uc_status uc_node_token_check(struct uc_node *n, const char *access, char **who, struct uc_error *e) UC_MUST;
/* RFC 7662: {"active":false}, or true with the claims. Never fails for a bad token. */
enum uc_status uc_node_introspect(struct uc_node *n, const char *token, json_t **out, struct uc_error *e) UC_MUST;
enum uc_status uc_node_jwks(struct uc_node *n, json_t **out, struct uc_error *e) UC_MUST;

/* Work that is due now and then: keys whose undo time has passed, self-checks that failed. Called every minute by the daemon. */
void uc_node_maintain(struct uc_node *n);

#endif
