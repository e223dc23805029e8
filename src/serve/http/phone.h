/*
 * What phones fetch, over HTTP (6970) and HTTPS (6971): GET and HEAD of /NAME, the names of TFTP (node/phone.h), without signing in. For a server of its
 * own (uc_http_only_files()).
 */
#ifndef UC_SERVE_HTTP_PHONE_H
#define UC_SERVE_HTTP_PHONE_H

#include "serve/http/server.h"

/* The handler; node is the struct uc_node. */
void uc_phone_handle(void *node, const struct uc_http_request *request, struct uc_http_response *response);

#endif
