/* What the files of the API share. */
#ifndef UC_SERVE_HTTP_API_INTERNAL_H
#define UC_SERVE_HTTP_API_INTERNAL_H

#include "node/node.h"
#include "serve/http/problem.h"
#include "serve/http/route.h"

enum { UC_API_MAX_LIMIT = 1000, UC_API_DEFAULT_LIMIT = 50 };

/* What a handler's ctx points to. */
struct uc_session {
	struct uc_node *node;
	const char *who; /* the account; NULL on routes that are open to all */
};

/* Writes the answer of a question: its JSON (owned), or the problem, to which json may be the plan. */
void uc_api_reply(struct uc_http_response *r, enum uc_status status, json_t *json, const struct uc_error *e);
/* UC_ELIMIT "too-large" for a body that is larger than any certificate file. */
enum uc_status uc_api_check_upload(const struct uc_route_call *call, struct uc_error *e) UC_MUST;
/* Sends bytes, which are emptied, as a file of this name to save, or the problem. */
void uc_api_send_file(struct uc_http_response *r, enum uc_status status, struct uc_buf *bytes, const char *type, const char *file,
                      const struct uc_error *e);
/* The number of a change in the path. */
enum uc_status uc_api_change_number(const struct uc_route_call *call, int64_t *out, struct uc_error *e) UC_MUST;

/* The rows of a page, and the number below which it begins (0: with the newest): the parameters limit and cursor of lists of changes. */
enum uc_status uc_api_page(const struct uc_route_call *call, int64_t *before, size_t *limit, struct uc_error *e) UC_MUST;
/* The peer's address without its port: what guesses are counted by. */
void uc_api_peer(const struct uc_http_request *request, char out[64]);
/* Signs in by name and password (RFC 7617). *who (owned) gets the account. UC_EAUTH "sign-in-needed" without them, else as uc_node_sign_in(). */
enum uc_status uc_api_sign_in_basic(struct uc_node *n, const struct uc_http_request *request, char **who, struct uc_error *e) UC_MUST;
/*
 * The token in the request's session cookie, owned, or NULL. On the Unix socket cookies do not count, and beside an Authorization header only
 * in requests of the console.
 */
char *uc_api_session_token(const struct uc_http_request *request);
/* Signs in by a session (docs/api.md). *who (owned) gets the account. UC_EAUTH as uc_node_session_use(). */
enum uc_status uc_api_sign_in_session(struct uc_node *n, const struct uc_http_request *request, const char *token, char **who,
                                      struct uc_error *e) UC_MUST;
/* Runs a task without a file, previewed, confirmed and answered as every other; args (owned) are its arguments. */
void uc_api_run_task(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *task, json_t *args);
/*
 * The JSON body, owned, which may have no member that the route's schema does not have: a misspelt option must not be ignored. UC_EINPUT
 * "unknown-argument", and what uc_route_body_json() says.
 */
enum uc_status uc_api_body(const struct uc_route_call *call, json_t **out, struct uc_error *e) UC_MUST;

/* A member of the body that must be text. *out is borrowed. UC_EINPUT "argument-missing". */
enum uc_status uc_api_need_text(const json_t *body, const char *name, const char **out, struct uc_error *e) UC_MUST;

/* The table of routes. */
extern const struct uc_route uc_api_routes[];
extern const size_t uc_api_route_count;

/* The handlers of the routes. */
#define UC_API_HANDLER(name) void uc_api_##name(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
UC_API_HANDLER(get_page);
UC_API_HANDLER(get_asset);
UC_API_HANDLER(post_session);
UC_API_HANDLER(get_session);
UC_API_HANDLER(delete_session);
UC_API_HANDLER(get_openapi);
UC_API_HANDLER(get_status);
UC_API_HANDLER(get_purposes);
UC_API_HANDLER(get_stores);
UC_API_HANDLER(list_certs);
UC_API_HANDLER(get_cert);
UC_API_HANDLER(get_chain);
UC_API_HANDLER(get_cert_content);
UC_API_HANDLER(get_overview);
UC_API_HANDLER(post_inspect);
UC_API_HANDLER(get_csr_defaults);
UC_API_HANDLER(list_csrs);
UC_API_HANDLER(get_csr);
UC_API_HANDLER(get_csr_content);
UC_API_HANDLER(list_changes);
UC_API_HANDLER(get_change);
UC_API_HANDLER(list_followups);
UC_API_HANDLER(post_followups_done);
UC_API_HANDLER(get_probe);
UC_API_HANDLER(post_trust_check);
UC_API_HANDLER(post_regenerate);
UC_API_HANDLER(post_csr);
UC_API_HANDLER(delete_csr);
UC_API_HANDLER(post_own);
UC_API_HANDLER(post_trust);
UC_API_HANDLER(delete_trust);
UC_API_HANDLER(post_undo);
UC_API_HANDLER(delete_key);
UC_API_HANDLER(post_password);
UC_API_HANDLER(list_nodes);
UC_API_HANDLER(get_node);
UC_API_HANDLER(post_node);
UC_API_HANDLER(delete_node);
UC_API_HANDLER(post_node_rename);
UC_API_HANDLER(post_diagnose);
UC_API_HANDLER(list_jobs);
UC_API_HANDLER(get_job);
UC_API_HANDLER(get_cluster);
UC_API_HANDLER(post_move);
UC_API_HANDLER(post_resync);
UC_API_HANDLER(post_join);
UC_API_HANDLER(post_signing);
UC_API_HANDLER(post_encryption);
UC_API_HANDLER(post_compare);
UC_API_HANDLER(list_lists);
UC_API_HANDLER(get_list);
UC_API_HANDLER(list_versions);
UC_API_HANDLER(get_list_content);
UC_API_HANDLER(post_ctl_mode);
UC_API_HANDLER(post_list_update);
UC_API_HANDLER(post_list_reset);
UC_API_HANDLER(list_phones);
UC_API_HANDLER(get_phone);
UC_API_HANDLER(list_settings);
UC_API_HANDLER(post_setting);
UC_API_HANDLER(get_authz);
UC_API_HANDLER(post_token);
UC_API_HANDLER(post_introspect);
UC_API_HANDLER(get_jwks);

#endif
