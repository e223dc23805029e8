/* The kinds of things that steps set and remove. Private to the step files. */
#ifndef UC_STORE_STEP_H
#define UC_STORE_STEP_H

#include "store/store_internal.h"

/* A thing with a key and values, which "KIND.set" makes or replaces and "KIND.remove" removes. */
struct uc_kind {
	const char *const *keys;   /* NULL-terminated members of a step that say which one, */
	const char *const *values; /* and those that say what it is; "before" holds just these */
	/* The values as they are now, or JSON null; *out is owned. */
	enum uc_status (*current)(struct uc_store *s, const json_t *step, json_t **out, struct uc_error *e);
	/* Makes it, once it is known that there is none. */
	enum uc_status (*write)(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e);
	enum uc_status (*erase)(struct uc_store *s, const json_t *step, struct uc_error *e);
	/* After "KIND.remove": what goes with it; NULL when nothing does. */
	enum uc_status (*gone)(struct uc_store *s, const json_t *step, struct uc_error *e);
};

extern const struct uc_kind uc_kind_node, uc_kind_join, uc_kind_identity, uc_kind_csr, uc_kind_account, uc_kind_seal, uc_kind_followup,
    uc_kind_setting;

enum uc_status uc_step_node_rename(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;
enum uc_status uc_step_job_add(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;
enum uc_status uc_step_job_done(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;
enum uc_status uc_step_trust_add(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;
enum uc_status uc_step_trust_remove(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;
enum uc_status uc_step_key_purge(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;
enum uc_status uc_step_list_publish(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e) UC_MUST;

/* A text member of a step, borrowed; UC_EINPUT "bad-step" when it is missing or no text. */
enum uc_status uc_step_text(const json_t *step, const char *member, const char **out, struct uc_error *e) UC_MUST;
/* As uc_step_text(), for one that may be missing or null: "". */
const char *uc_step_text_or_empty(const json_t *step, const char *member);
/* Base64 DER of a text; what is named in errors. Appended to out. */
enum uc_status uc_step_der(const json_t *text, const char *what, struct uc_buf *out, struct uc_error *e) UC_MUST;
enum uc_status uc_step_cert(const json_t *text, const char *what, struct uc_cert **out, struct uc_error *e) UC_MUST;
/* Bytes as base64; owned. */
json_t *uc_step_base64(struct uc_slice data);
/* A time "2026-01-02T03:04:05Z". */
enum uc_status uc_step_time(const json_t *step, const char *member, uc_time *out, struct uc_error *e) UC_MUST;
/* A member that is a list of texts without commas, appended to out. */
enum uc_status uc_step_list(const json_t *step, const char *member, struct uc_strv *out, struct uc_error *e) UC_MUST;
/* That list from its column, where commas stand between its items; owned. */
json_t *uc_step_list_json(const char *joined);
/* UC_ENOTFOUND "no-secret" when the store lacks the secret that the step names; a mirror may lack one, which has been purged since. */
enum uc_status uc_step_secret_there(struct uc_store *s, const json_t *step, struct uc_error *e) UC_MUST;
/* Destroys secrets: those whose hash is a row of this query, whose parameters are text members of the step. */
enum uc_status uc_step_secret_destroy(struct uc_store *s, const char *query, const json_t *step, const char *const *members,
                                      struct uc_error *e) UC_MUST;
/* Binds text members of a step to the parameters from first on. */
enum uc_status uc_step_bind(struct uc_stmt *st, int first, const json_t *step, const char *const *members, struct uc_error *e) UC_MUST;
/* UC_EREFUSED "key-purged" when the key was purged. */
enum uc_status uc_step_key_alive(struct uc_store *s, const char *key, struct uc_error *e) UC_MUST;
/* Remembers that the node's key was used for the purpose; kind is "certificate" or "request". */
enum uc_status uc_step_key_used(struct uc_store *s, const json_t *step, int64_t number, const char *kind, struct uc_error *e) UC_MUST;
/* Runs a statement whose parameters are text members of the step; *affected (or NULL) gets the number of rows. */
enum uc_status uc_step_run(struct uc_store *s, const char *sql, const json_t *step, const char *const *members, int64_t *affected,
                           struct uc_error *e) UC_MUST;
/* As uc_step_run() for a query: leaves the statement on its first row; *row tells whether there is one. */
enum uc_status uc_step_query(struct uc_store *s, const char *sql, const json_t *step, const char *const *members, struct uc_stmt **out,
                             bool *row, struct uc_error *e) UC_MUST;

#endif
