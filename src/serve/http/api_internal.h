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
/* The number of a change in the path. */
enum uc_status uc_api_change_number(const struct uc_route_call *call, int64_t *out, struct uc_error *e) UC_MUST;

/* The handlers of the routes. */
#define UC_API_HANDLER(name) void uc_api_##name(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
UC_API_HANDLER(get_root);
UC_API_HANDLER(get_status);
UC_API_HANDLER(get_purposes);
UC_API_HANDLER(get_stores);
UC_API_HANDLER(list_certs);
UC_API_HANDLER(get_cert);
UC_API_HANDLER(get_chain);
UC_API_HANDLER(get_cert_content);
UC_API_HANDLER(list_csrs);
UC_API_HANDLER(get_csr);
UC_API_HANDLER(get_csr_content);
UC_API_HANDLER(list_changes);
UC_API_HANDLER(get_change);
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

#endif
