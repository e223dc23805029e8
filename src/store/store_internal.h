/* What the files of this room share and nobody else sees. */
#ifndef UC_STORE_STORE_INTERNAL_H
#define UC_STORE_STORE_INTERNAL_H

#include "store/db.h"
#include "store/store.h"

UC_DEFINE_CLEANUP(uc_json_freep, json_t, json_decref)

struct uc_store {
	struct uc_db *db;
	enum uc_store_mode mode;
	bool writing;   /* inside uc_store_begin() */
	bool changed;   /* the transaction appends a change, and is no telemetry */
	bool scrub;     /* it destroys secrets */
	bool following; /* it applies a change that was made elsewhere */
	bool listening; /* to notifications */
};

/* UC_EINTERNAL outside a write transaction. */
enum uc_status uc_store_writing(const struct uc_store *s, struct uc_error *e) UC_MUST;

/* A certificate from the column n of a row. */
enum uc_status uc_col_cert(struct uc_stmt *st, int n, struct uc_cert **out, struct uc_error *e) UC_MUST;

/* All rows that are left, each made by row, as an array that the caller owns. */
enum uc_status uc_rows_json(struct uc_stmt *st, json_t *(*row)(struct uc_stmt *st), json_t **out, struct uc_error *e) UC_MUST;

/* How far a node has come with an effect of a change; all borrowed. */
struct uc_effect_row {
	int64_t number;
	uc_time at;
	const char *node, *effect, *state, *detail;
};
enum uc_status uc_effect_write(struct uc_store *s, const struct uc_effect_row *row, struct uc_error *e) UC_MUST;

/* ---- log.c ---- */

enum { UC_BODY_VERSION = 1 };

/* A change as bytes. */
struct uc_log_text {
	int64_t number;
	struct uc_slice body;
	const char *hash;
	struct uc_slice signature;
};
/* Whether the signature of a change is one to believe: NULL, or what is wrong. */
typedef const char *(*uc_log_judge)(void *ctx, const json_t *body, struct uc_slice text, struct uc_slice signature);
/*
 * Holds a change against the hash before it: NULL when it follows from there, or what is wrong. judge may be NULL. *body (owned, when it is set) gets it read; previous gets its own
 * hash.
 */
const char *uc_log_fault(const struct uc_log_text *c, char previous[65], uc_log_judge judge, void *ctx, json_t **body);
/* UC_EIO "log-broken". */
enum uc_status uc_log_broken(int64_t number, const char *why, struct uc_error *e);
/* uc_log_verify() with a judge. */
enum uc_status uc_log_walk(struct uc_store *s, uc_log_judge judge, void *ctx, struct uc_error *e) UC_MUST;
/* Has it every member that a change must have? UC_EINPUT "bad-change". */
enum uc_status uc_log_check(const json_t *change, struct uc_error *e) UC_MUST;
/* Applies the steps of the change after the head, writes it, and moves the head. */
enum uc_status uc_log_put(struct uc_store *s, const struct uc_log_text *c, const json_t *body, struct uc_error *e) UC_MUST;
/* Has this node been in the cluster, and is not in it any more? Such a one makes no changes. */
enum uc_status uc_log_node_left(struct uc_store *s, const char *node, bool *left, struct uc_error *e) UC_MUST;

/* ---- log_beside.c: what is kept beside the changes ---- */

/* Keeps what a change that has been applied is found by, and its follow-ups. */
enum uc_status uc_log_beside(struct uc_store *s, int64_t number, const json_t *body, struct uc_error *e) UC_MUST;
/* The same for all changes of a log that was written before there was anything beside it; only_why: before lists told why. Inside a write transaction. */
enum uc_status uc_log_backfill(struct uc_db *db, bool only_why, struct uc_error *e) UC_MUST;

/* ---- followup.c ---- */

/* Gives the follow-ups of a change their rows. */
enum uc_status uc_followups_note(struct uc_store *s, int64_t number, const json_t *body, struct uc_error *e) UC_MUST;
/* What a node.rename and a node.remove step do to the rows. */
enum uc_status uc_followups_rename(struct uc_store *s, const json_t *step, struct uc_error *e) UC_MUST;
enum uc_status uc_followups_drop(struct uc_store *s, const json_t *step, struct uc_error *e) UC_MUST;

/* ---- entry.c: the listing, the counters, the certificates ---- */

/* One row of the listing; all borrowed. */
struct uc_entry {
	const char *usage; /* "own" or "trust" */
	const char *unit;  /* the purpose or the trust store */
	const char *name, *scope, *distribution, *description, *origin;
	const struct uc_cert *cert;
	int64_t number;
};
/* UC_ECONFLICT "name-taken" or "already-there"; UC_EREFUSED "bad-time" for a validity that is no time (T3). */
enum uc_status uc_entry_add(struct uc_store *s, const struct uc_entry *entry, struct uc_error *e) UC_MUST;
/* Removes the row and, when nothing refers to it any more, the certificate. *found tells whether there was one. */
enum uc_status uc_entry_remove(struct uc_store *s, const char *usage, const char *unit, const char *name, const char *scope, bool *found,
                               struct uc_error *e) UC_MUST;
/* Keeps a certificate that a chain refers to. */
enum uc_status uc_cert_keep(struct uc_store *s, const struct uc_cert *c, struct uc_error *e) UC_MUST;
/* Drops the certificate unless something refers to it. */
enum uc_status uc_cert_release(struct uc_store *s, const char *fingerprint, struct uc_error *e) UC_MUST;

/* ---- list.c ---- */

/* The versions that begin so are from low on, and below high. UC_EINPUT "bad-version" when it is not 8 to 64 hexadecimal digits. */
enum uc_status uc_version_range(const char *begin, char low[65], char high[66], struct uc_error *e) UC_MUST;
/*
 * The one row of a statement whose first column is a version. UC_ENOTFOUND "no-list" when there is none, UC_EINPUT "ambiguous-version" when
 * there are more.
 */
enum uc_status uc_version_only(struct uc_stmt *st, const char *list, const char *begin, char out[65], struct uc_error *e) UC_MUST;
/* UC_ENOTFOUND "no-list" of a list that has no version. */
enum uc_status uc_version_none(const char *list, struct uc_error *e);

/* ---- step.c ---- */

/* Applies one step of change number. UC_EINPUT "bad-step" for one that is malformed, UC_EREFUSED "step-unknown" for a type or version that this program does not know. */
enum uc_status uc_step_apply(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;
/* The n-th thing that a step touches, from 0: "trust/tomcat-trust/NAME.pem". Free with free(); NULL when there is no more, or its type is not known. */
char *uc_step_object(const json_t *step, size_t n);

#endif
