/* Errors as problem documents (RFC 9457). */
#ifndef UC_SERVE_HTTP_PROBLEM_H
#define UC_SERVE_HTTP_PROBLEM_H

#include <jansson.h>

#include "core/error.h"
#include "serve/http/server.h"

/* The HTTP status for a failure: of its class, but 403 for UC_EAUTH "forbidden" and "csrf" (signed in, yet not allowed). */
int uc_problem_status(const struct uc_error *e);

/*
 * Makes r the problem document of e, replacing status, type and body; added headers stay. plan (borrowed) may be NULL. Bytes that are
 * not UTF-8 are shown as U+FFFD.
 */
void uc_problem_write(struct uc_http_response *r, const struct uc_error *e, json_t *plan);
/* As uc_problem_write() with a status that no enum uc_status stands for, e.g. 405. */
void uc_problem_write_as(struct uc_http_response *r, int status, const struct uc_error *e, json_t *plan);

/* The same as a line of text, for clients that are neither programs of the API nor people. */
void uc_problem_write_text(struct uc_http_response *r, int status, const struct uc_error *e);

/* Makes r a JSON document. json is borrowed. */
void uc_http_write_json(struct uc_http_response *r, int status, const json_t *json);

#endif
