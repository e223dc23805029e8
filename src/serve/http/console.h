/*
 * The console's files, which are built from web/ and embedded in the program. The page answers every path that a person may open in a browser
 * outside of the API: the console reads the path itself. What it loads lies below /assets/ under names that change with the content.
 */
#ifndef UC_SERVE_HTTP_CONSOLE_H
#define UC_SERVE_HTTP_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/bytes.h"
#include "serve/http/server.h"

struct uc_console_asset {
	const char *path; /* "index.html", or "assets/NAME" */
	const char *type; /* media type */
	const char *hash; /* of the content, for the entity tag */
	struct uc_slice plain;
	struct uc_slice gzip; /* the same by RFC 1952; empty when that is no smaller */
	bool immutable;       /* the name has a hash of the content in it */
};

/* web/embed.mjs writes this table when the program is built. index.html is in it. */
extern const struct uc_console_asset uc_console_assets[];
extern const size_t uc_console_asset_count;

/* The asset of a path, or NULL. */
const struct uc_console_asset *uc_console_find(const char *path);
/* Is this a GET (or HEAD) of a page: text/html is accepted (Accept, RFC 9110 section 12.5.1), and the path is neither the API's nor an asset's? */
bool uc_console_wants_page(const struct uc_http_request *request);
/* Answers with an asset: 304 when the client has it (RFC 9110 section 13.1.2), packed when gzip is accepted (section 12.5.3). */
void uc_console_answer(const struct uc_console_asset *a, const struct uc_http_request *request, struct uc_http_response *r);
/* Answers with the page. */
void uc_console_page(const struct uc_http_request *request, struct uc_http_response *r);

#endif
