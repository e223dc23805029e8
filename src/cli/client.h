/* Talking to the daemon: one request over its Unix socket, one answer. */
#ifndef UC_CLI_CLIENT_H
#define UC_CLI_CLIENT_H

#include <jansson.h>

#include "core/bytes.h"

#define UC_SOCKET_DEFAULT "/run/ucpki/ucpkid.sock"

/* A request; all borrowed. */
struct uc_call {
	const char *method;
	const char *path;         /* with its parameters, see url.h */
	const char *content_type; /* of the body, or NULL */
	struct uc_slice body;
	const char *password; /* of the uploaded file, or NULL */
};

/* An answer. Zero-initialise; release with uc_answer_free() (also for UC_CLEANUP). */
struct uc_answer {
	long status;
	char content_type[96];
	struct uc_buf body;
	json_t *json; /* the body, when its type is JSON; else NULL */
};

void uc_answer_free(struct uc_answer *a);

/*
 * Sends the request and reads the answer, whatever its status. UC_EUNREACHABLE "daemon-unreachable" when nothing listens on the socket
 * (the message names the path, the hint how to start it), "daemon-lost" when the connection broke after that, so that it is not known
 * what happened; UC_EINPUT "bad-password"; UC_EINTERNAL "bad-answer" when JSON was announced and is none.
 */
enum uc_status uc_client_call(const char *socket, const struct uc_call *call, struct uc_answer *out, struct uc_error *e) UC_MUST;

#endif
