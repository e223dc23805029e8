/*
 * The routing table: which method and path is served by which function, with what parameters. It is data: the OpenAPI document is written
 * from the same rows that requests are held against.
 */
#ifndef UC_SERVE_HTTP_ROUTE_H
#define UC_SERVE_HTTP_ROUTE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/text.h"
#include "serve/http/server.h"

/* JSON bodies may nest this deep, the outermost object being 1. */
#define UC_ROUTE_JSON_DEPTH 16

enum uc_route_kind {
	UC_INPUT_TEXT,
	UC_INPUT_LIST,   /* text that may be given several times */
	UC_INPUT_FLAG,   /* 1, true, yes or 0, false, no: anything else is refused, since to mistake "dry_run=on" for no would be grave */
	UC_INPUT_NUMBER, /* decimal digits */
	UC_INPUT_HEADER  /* a request header: not accepted in the query */
};

/* A parameter besides those of the path. */
struct uc_route_input {
	const char *name;
	enum uc_route_kind kind;
	const char *about; /* one line for the OpenAPI document, or NULL */
};

struct uc_route_call;
typedef void (*uc_route_handler)(void *ctx, const struct uc_route_call *call, struct uc_http_response *response);

struct uc_route {
	const char *method;  /* "GET" serves HEAD as well */
	const char *pattern; /* "/api/v1/csrs/{purpose}": a name in braces stands for one segment that is not empty */
	uc_route_handler handler;
	const struct uc_route_input *inputs; /* ends with a NULL name; NULL: there are none */
	const char *summary;
	bool open;               /* needs no sign-in */
	bool session;            /* needs a session of the console; no other sign-in will do */
	bool any_query;          /* the query is not ours to read */
	const char *body_type;   /* media type of the request's body, or NULL when it has none */
	const char *body_schema; /* JSON Schema of a JSON body, as JSON text, or NULL */
	const char *answer_type; /* media types of the answer, separated by commas; NULL: application/json */
	int answers[3];          /* its statuses; {0}: 200 */
};

/* A request that fits a row. Everything is borrowed but the lists. */
struct uc_route_call {
	const struct uc_route *route;
	const struct uc_http_request *request;
	struct uc_strv params; /* name, value, ... of the path, percent-decoded */
	struct uc_strv query;  /* name, value, ... in the order given, decoded */
};

/*
 * Finds the first row that fits and holds the request's parameters against it. False when none does or a parameter is wrong: response is
 * then the problem:
 *   404 no-such-route; 405 method-not-allowed with Allow; 400 malformed-path, malformed-query (percent-encoding, a NUL, not UTF-8),
 *   unknown-parameter (names those there are), repeated-parameter, bad-flag, bad-number.
 * Release with uc_route_call_free() in either case.
 */
bool uc_route_match(const struct uc_route *table, size_t count, const struct uc_http_request *request, struct uc_route_call *call,
                    struct uc_http_response *response) UC_MUST;
void uc_route_call_free(struct uc_route_call *call);

/* The value of a segment; never NULL for a name that is in the pattern. */
const char *uc_route_param(const struct uc_route_call *call, const char *name);
/* The value of a query parameter, the first of a list, or NULL. */
const char *uc_route_query(const struct uc_route_call *call, const char *name);
/* Appends all values of a list to out, in order. */
void uc_route_query_all(const struct uc_route_call *call, const char *name, struct uc_strv *out);
/* Is the flag given and not 0, false or no? */
bool uc_route_flag(const struct uc_route_call *call, const char *name);
/* The value of a number, fallback when it is not given. UC_EINPUT "bad-number" when it is not in lo..hi. */
enum uc_status uc_route_number(const struct uc_route_call *call, const char *name, unsigned long long lo, unsigned long long hi,
                               unsigned long long fallback, unsigned long long *out, struct uc_error *e) UC_MUST;

/*
 * Reads the body as one JSON object (RFC 8259), owned: json_decref(). No body is the empty object. UC_EINPUT "bad-json" with line and column
 * for anything else, also for a name that is repeated in one object and for what follows the object; "json-too-deep".
 */
enum uc_status uc_route_body_json(const struct uc_route_call *call, json_t **out, struct uc_error *e) UC_MUST;

/*
 * Reads the body as application/x-www-form-urlencoded: name, value, ... in the order given, decoded, appended to out. UC_EINPUT "not-a-form" for another media type, "malformed-form", "repeated-parameter".
 */
enum uc_status uc_route_body_form(const struct uc_route_call *call, struct uc_strv *out, struct uc_error *e) UC_MUST;

/* The "paths" object of an OpenAPI 3.1 document. Owned: json_decref(). A body_schema that is not JSON ends the process: it is source. */
json_t *uc_route_openapi(const struct uc_route *table, size_t count);
/* The "components" object that it refers to: the schema Problem and the security schemes basic, bearer and session. Owned: json_decref(). */
json_t *uc_route_openapi_components(void);

#endif
