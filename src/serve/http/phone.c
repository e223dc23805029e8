#include "serve/http/phone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "node/phone.h"
#include "serve/http/problem.h"

/* A file on its way to a phone. */
struct delivery {
	struct uc_node *node;
	struct uc_phone_file *file; /* a reference */
	char *name, *peer;
	enum uc_phone_via via;
};

static void on_sent(void *ctx)
{
	const struct delivery *d = ctx;
	const struct uc_phone_ask ask = {.name = d->name, .peer = d->peer, .via = d->via};
	uc_phone_fetched(d->node, &ask, d->file);
}

static void end_delivery(void *ctx)
{
	struct delivery *d = ctx;
	uc_phone_file_unref(d->file);
	free(d->name);
	free(d->peer);
	free(d);
}

/* The address of "192.0.2.1:40000" and "[2001:db8::1]:40000". Free with free(). */
static char *address_of(const char *peer)
{
	const char *end = strrchr(peer, ':');
	size_t len = end != NULL ? (size_t)(end - peer) : strlen(peer);
	bool v6 = len > 2 && peer[0] == '[' && peer[len - 1] == ']';
	return v6 ? uc_strndup(peer + 1, len - 2) : uc_strndup(peer, len);
}

static void deliver(struct uc_node *node, const struct uc_phone_ask *ask, struct uc_phone_file *file, struct uc_http_response *r)
{
	struct delivery *d = uc_alloc(sizeof *d);
	*d = (struct delivery){.node = node, .file = file, .name = uc_strdup(ask->name), .peer = uc_strdup(ask->peer), .via = ask->via};
	r->lent = (struct uc_http_lent){.content = uc_phone_file_content(file), .ctx = d, .sent = on_sent, .release = end_delivery};
	snprintf(r->content_type, sizeof r->content_type, "%s", uc_ends_with(ask->name, ".xml") ? "text/xml" : "application/octet-stream");
}

static void refuse(struct uc_http_response *r, const struct uc_error *e)
{
	/* Whatever is wrong, it is not the request: a phone asks for the next name after 404, and comes again after the others. */
	static const int statuses[] = {[UC_ENOTFOUND] = 404, [UC_EREFUSED] = 403, [UC_EINTERNAL] = 0};
	uc_problem_write_text(r, statuses[e->code] != 0 ? statuses[e->code] : 500, e);
}

void uc_phone_handle(void *node, const struct uc_http_request *request, struct uc_http_response *response)
{
	struct uc_error e;
	if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0) {
		uc_fail(&e, UC_EINPUT, "method-not-allowed", NULL, "Files can be fetched here, and nothing else");
		uc_http_add_header(response, "Allow", "GET, HEAD");
		uc_problem_write_text(response, 405, &e);
		return;
	}
	UC_CLEANUP(uc_freep) char *peer = address_of(request->peer_text);
	const struct uc_phone_ask ask = {
	    .name = request->path + (request->path[0] == '/'), .peer = peer, .via = request->tls ? UC_VIA_HTTPS : UC_VIA_HTTP};
	struct uc_phone_file *file = NULL;
	bool later = false;
	enum uc_status status = uc_phone_find(node, &ask, true, &later, &file, &e);
	if (status == UC_OK) {
		deliver(node, &ask, file, response);
		return;
	}
	if (status == UC_ENOTFOUND) uc_phone_missed(node, &ask);
	refuse(response, &e);
}
