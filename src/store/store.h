/*
 * The store: the state of a cluster and its change log. The only room with SQL.
 *
 * State changes only by appending a change (change.h): its steps and the state they lead to are one transaction.
 */
#ifndef UC_STORE_STORE_H
#define UC_STORE_STORE_H

#include <jansson.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/text.h"
#include "pki/cert.h"

struct uc_store;

enum uc_store_mode { UC_STORE_READ, UC_STORE_WRITE };

/* A connection of its own to the store; url as in db.h. UC_STORE_WRITE migrates the schema. One thread at a time. Owned: uc_store_close(). */
enum uc_status uc_store_open(const char *url, enum uc_store_mode mode, struct uc_store **out, struct uc_error *e) UC_MUST;
void uc_store_close(struct uc_store *s);
UC_DEFINE_CLEANUP(uc_store_closep, struct uc_store, uc_store_close)

/* ---- transactions ---- */

/* Reads between these see one state. */
enum uc_status uc_store_read_begin(struct uc_store *s, struct uc_error *e) UC_MUST;
void uc_store_read_end(struct uc_store *s);

/* Takes the lock on the head of the log. End with uc_store_commit() or uc_store_rollback(). */
enum uc_status uc_store_begin(struct uc_store *s, struct uc_error *e) UC_MUST;
enum uc_status uc_store_commit(struct uc_store *s, struct uc_error *e) UC_MUST;
void uc_store_rollback(struct uc_store *s);

/* ---- nodes ---- */

struct uc_node_row {
	char *name, *fqdn, *domain, *roles /* comma separated */, *guid;
	struct uc_buf certificate; /* DER, of the key by which it signs changes; empty for one that was installed before there was one */
	int64_t number;            /* the change that set it */
};
void uc_node_row_free(struct uc_node_row *n);
/* UC_ENOTFOUND when there is none. The row is owned by the caller. */
enum uc_status uc_store_node(struct uc_store *s, const char *name, struct uc_node_row *out, struct uc_error *e) UC_MUST;

/* ---- identities ---- */

struct uc_identity {
	char *node, *purpose;
	struct uc_cert *cert;
	struct uc_certs chain; /* issuers, leaf's issuer first, without the leaf; may be empty */
	char *key_id;
	char *source;       /* "self-signed" or "ca-signed" */
	char *distribution; /* "node" or "multi-server" */
	int64_t number;     /* the change that set it */
};
void uc_identity_free(struct uc_identity *i);
/* UC_ENOTFOUND "no-identity" when the node has none for the purpose. */
enum uc_status uc_store_identity(struct uc_store *s, const char *node, const char *purpose, struct uc_identity *out,
                                 struct uc_error *e) UC_MUST;
/* All identities of a node, by purpose; calls each(ctx, identity), which borrows. */
enum uc_status uc_store_identities(struct uc_store *s, const char *node, void (*each)(void *ctx, const struct uc_identity *i), void *ctx,
                                   struct uc_error *e) UC_MUST;

/* ---- trust entries ---- */

struct uc_trust {
	char *store, *name /* with .pem */, *scope /* "cluster" or a node's name */, *description, *origin /* "upload", "system", "chain" */;
	struct uc_cert *cert;
	int64_t number; /* the change that added it */
};
void uc_trust_free(struct uc_trust *t);
struct uc_trusts {
	struct uc_trust *items;
	size_t count;
};
void uc_trusts_free(struct uc_trusts *t);

/* Entries of a store that node sees (scope cluster or that node; NULL: of any scope) whose name is name (".pem" optional), or whose fingerprint is fingerprint; NULL for either means any. At most limit. */
enum uc_status uc_store_trust(struct uc_store *s, const char *store, const char *node, const char *name, const char *fingerprint,
                              size_t limit, struct uc_trusts *out, struct uc_error *e) UC_MUST;
/* Every entry of any store with this fingerprint. */
enum uc_status uc_store_trust_everywhere(struct uc_store *s, const char *fingerprint, struct uc_trusts *out, struct uc_error *e) UC_MUST;
/* Certificates of a store, seen by node, whose subject has this hash (uc_name_hash()): the candidates for an issuer. Appended to out. */
enum uc_status uc_store_issuers(struct uc_store *s, const char *store, const char *node, uint32_t subject_hash, struct uc_certs *out,
                                struct uc_error *e) UC_MUST;
/* Up to limit certificates of any trust store or chain that name this issuer (uc_name_hash() of their issuer): who depends on it. Appended to out. */
enum uc_status uc_store_issued(struct uc_store *s, uint32_t issuer_hash, size_t limit, struct uc_certs *out, struct uc_error *e) UC_MUST;
/* Names in a store like this one, nearest first, at most 3: for "did you mean". Appended to out. */
enum uc_status uc_store_trust_near(struct uc_store *s, const char *store, const char *name, struct uc_strv *out,
                                   struct uc_error *e) UC_MUST;

/* ---- requests ---- */

struct uc_request {
	char *node, *purpose, *key_id, *distribution;
	struct uc_buf der;
	json_t *parameters; /* what it was asked for with */
	uc_time created;
	int64_t number;
};
void uc_request_free(struct uc_request *r);
/* UC_ENOTFOUND "no-csr". */
enum uc_status uc_store_request(struct uc_store *s, const char *node, const char *purpose, struct uc_request *out,
                                struct uc_error *e) UC_MUST;
enum uc_status uc_store_requests(struct uc_store *s, const char *node, void (*each)(void *ctx, const struct uc_request *r), void *ctx,
                                 struct uc_error *e) UC_MUST;

/* A request that all nodes share has this in place of a node. */
#define UC_ALL_NODES "cluster"

/* What a key id belongs to on a node: fills what with e.g. "the pending CSR of tomcat", "the certificate of ipsec", "a replaced certificate of tomcat (change 12)"; "" when unknown. */
enum uc_status uc_store_key_use(struct uc_store *s, const char *node, const char *key_id, char *what, size_t size,
                                struct uc_error *e) UC_MUST;

/* The keys that were purged on a node, or on all, with the change that did it; calls each(ctx, key, number), which borrows. */
enum uc_status uc_store_purged_keys(struct uc_store *s, const char *node, void (*each)(void *ctx, const char *key, int64_t number),
                                    void *ctx, struct uc_error *e) UC_MUST;

/* ---- accounts and secrets ---- */

struct uc_account {
	char *name, *role, *secret /* hex SHA-256 of the verifier */, *verifier;
};
void uc_account_free(struct uc_account *a);
enum uc_status uc_store_account(struct uc_store *s, const char *name, struct uc_account *out, struct uc_error *e) UC_MUST;
/* Puts a secret (a password verifier, a sealed key) beside the log, inside the current write transaction. hash gets its hex SHA-256 (65 bytes). */
enum uc_status uc_store_secret_put(struct uc_store *s, struct uc_slice secret, char hash[65], struct uc_error *e) UC_MUST;

/* ---- settings of the cluster, and the lists that it has published ---- */

/* *value is owned; NULL when it was never set, which means the default of the catalogue (catalog/setting.h). */
enum uc_status uc_store_setting(struct uc_store *s, const char *name, char **value, struct uc_error *e) UC_MUST;

/* The most bytes that a list may have. */
#define UC_LIST_MAX 65535

struct uc_list_row {
	char *list;       /* "CTL" */
	char version[65]; /* SHA-256 of the file, hex */
	int64_t number;   /* the change that published it, */
	uc_time at;       /* and when that was made */
	struct uc_buf file;
};
void uc_list_row_free(struct uc_list_row *r);
/*
 * A version of a list; NULL: the newest. The beginning of a version is enough when no other begins so. The row is owned by the caller.
 * UC_ENOTFOUND "no-list"; UC_EINPUT "ambiguous-version" when several begin so, "bad-version" for what is not 8 to 64 hexadecimal digits.
 */
enum uc_status uc_store_list(struct uc_store *s, const char *list, const char *version, struct uc_list_row *out,
                             struct uc_error *e) UC_MUST;
/* Its versions, newest first, without their files; calls each(ctx, row), which borrows. */
enum uc_status uc_store_lists(struct uc_store *s, const char *list, void (*each)(void *ctx, const struct uc_list_row *r), void *ctx,
                              struct uc_error *e) UC_MUST;

/* ---- counters ---- */

/* {"own":{"tomcat":1,...},"trust":{"tomcat-trust":12,...}}, kept, not counted. */
enum uc_status uc_store_counters(struct uc_store *s, json_t **out, struct uc_error *e) UC_MUST;

/* ---- what is not a change: telemetry of a node ---- */

enum uc_status uc_store_effect_put(struct uc_store *s, const char *node, int64_t number, const char *effect, const char *state,
                                   const char *detail, struct uc_error *e) UC_MUST;
/* [{"node","effect","state","detail","at"}] of a change. */
enum uc_status uc_store_effects(struct uc_store *s, int64_t number, json_t **out, struct uc_error *e) UC_MUST;

#endif
