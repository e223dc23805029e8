/* Paths of the API with their parameters, percent-encoded (RFC 3986). */
#ifndef UC_CLI_URL_H
#define UC_CLI_URL_H

#include "core/bytes.h"

#define UC_API "/api/v1"

/* Zero-initialised is UC_API itself. Release with uc_url_free() (also for UC_CLEANUP). */
struct uc_url {
	struct uc_buf text;
	bool query;
};

void uc_url_free(struct uc_url *u);
/* Adds "/" and a segment, in which everything but letters, digits and "-_~" (and '.', unless it is all dots) is encoded. */
void uc_url_add(struct uc_url *u, const char *segment);
/* Adds a parameter; none when value is NULL. No segment can follow. */
void uc_url_param(struct uc_url *u, const char *name, const char *value);
/* The path; valid until the next call. */
const char *uc_url_text(struct uc_url *u);

#endif
