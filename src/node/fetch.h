/* A small HTTPS client for what nodes ask each other: one request, one answer in JSON. No redirects, no proxies. */
#ifndef UC_NODE_FETCH_H
#define UC_NODE_FETCH_H

#include <jansson.h>

#include "core/bytes.h"
#include "core/mem.h"

/* The largest answer that is read. */
#define UC_FETCH_MAX ((size_t)256 * 1024)

/* All borrowed. */
struct uc_fetch {
	const char *method;             /* "GET" or "POST" */
	const char *peer;               /* "HOST:PORT" */
	const char *path;               /* "/api/v1/..." */
	const json_t *body;             /* sent as JSON; or NULL */
	const char *account, *password; /* for HTTP Basic (RFC 7617), only together with a pin; or NULL */
	struct uc_slice
	    pin; /* the DER SubjectPublicKeyInfo that the server must prove to have (RFC 7469 names it so); empty: the connection is trusted in nothing */
	int timeout_ms; /* for all of it */
};

/* Zero-initialise; release with uc_fetched_free(). */
struct uc_fetched {
	long status;  /* of HTTP, whatever it is */
	json_t *json; /* the answer */
};
void uc_fetched_free(struct uc_fetched *f);

/*
 * Asks, and reads the answer whatever its status. UC_EINPUT "bad-peer"; UC_EUNREACHABLE at the step at which it failed: "peer-unknown" (name), "peer-refused" (connect), "peer-no-tls", "peer-timeout", "peer-lost" (anything
 * later: whether the request was carried out is not known); UC_EREFUSED "peer-not-authentic" when the server has another key than the pinned one: then nothing was sent to it; UC_ELIMIT "answer-large";
 * UC_EUNREACHABLE "bad-answer" when the answer is no JSON.
 */
enum uc_status uc_fetch(const struct uc_fetch *request, struct uc_fetched *out, struct uc_error *e) UC_MUST;

#endif
