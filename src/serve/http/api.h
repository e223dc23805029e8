/* The API under /api/v1: routes, sign-in, and the translation between HTTP and the node. */
#ifndef UC_SERVE_HTTP_API_H
#define UC_SERVE_HTTP_API_H

#include "node/node.h"
#include "serve/http/server.h"

/* Answers a request. Has the type of uc_http_handler; ctx is the struct uc_node. */
void uc_api_handle(void *ctx, const struct uc_http_request *request, struct uc_http_response *response);

#endif
