/* What the files of this room share and nobody else sees. */
#ifndef UC_STORE_STORE_INTERNAL_H
#define UC_STORE_STORE_INTERNAL_H

#include "store/db.h"
#include "store/store.h"

struct uc_store {
	struct uc_db *db;
	enum uc_store_mode mode;
	bool writing; /* inside uc_store_begin() */
	bool changed; /* the transaction appends a change, and is no telemetry */
};

/* UC_EINTERNAL outside a write transaction. */
enum uc_status uc_store_writing(const struct uc_store *s, struct uc_error *e) UC_MUST;

/* A certificate from the column n of a row. */
enum uc_status uc_col_cert(struct uc_stmt *st, int n, struct uc_cert **out, struct uc_error *e) UC_MUST;

/* All rows that are left, each made by row, as an array that the caller owns. */
enum uc_status uc_rows_json(struct uc_stmt *st, json_t *(*row)(struct uc_stmt *st), json_t **out, struct uc_error *e) UC_MUST;

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

/* ---- step.c ---- */

/* Applies one step of change number. UC_EINPUT "bad-step" for one that is malformed, UC_EREFUSED "step-unknown" for a type or version that this program does not know. */
enum uc_status uc_step_apply(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;
/* What a step touches: "trust/tomcat-trust/NAME.pem". Free with free(); NULL for a type that is not known. */
char *uc_step_object(const json_t *step);

#endif
