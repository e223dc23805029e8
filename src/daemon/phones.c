#include "daemon/phones.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/phone.h"
#include "serve/http/phone.h"
#include "serve/http/server.h"
#include "serve/tftp/tftp.h"

/* A phone asks for all of its files at once, or comes back much later: its connection need not wait long for the next request. */
enum { SILENCE_SECONDS = 30, IDLE_SECONDS = 5, WHOLE_SECONDS = 300 };

struct uc_phones {
	struct uc_node *node;
	const struct uc_config *config;
	struct uc_tftp *tftp;
	struct uc_http *http;
	uint16_t ports[UC_SERVICES]; /* 0: it does not listen */
};

/* ---- files for TFTP ---- */

static struct uc_phone_ask tftp_ask(const char *name, const char *peer)
{
	return (struct uc_phone_ask){.name = name[0] == '/' ? name + 1 : name, .peer = peer, .via = UC_VIA_TFTP};
}

static enum uc_status tftp_find(void *ctx, const char *name, const char *peer, bool may_block, bool *later, struct uc_tftp_file *out,
                                struct uc_error *e)
{
	const struct uc_phones *p = ctx;
	const struct uc_phone_ask ask = tftp_ask(name, peer);
	struct uc_phone_file *file = NULL;
	enum uc_status status = uc_phone_find(p->node, &ask, may_block, later, &file, e);
	if (status == UC_ENOTFOUND) uc_phone_missed(p->node, &ask);
	if (status != UC_OK || *later) return status;
	*out = (struct uc_tftp_file){.content = uc_phone_file_content(file), .handle = file};
	return UC_OK;
}

static void tftp_release(void *ctx, struct uc_tftp_file *file)
{
	(void)ctx;
	uc_phone_file_unref(file->handle);
}

static void tftp_ended(void *ctx, const char *name, const char *peer, const struct uc_tftp_file *file, enum uc_tftp_end how)
{
	const struct uc_phones *p = ctx;
	const struct uc_phone_ask ask = tftp_ask(name, peer);
	if (how == UC_TFTP_SENT) uc_phone_fetched(p->node, &ask, file->handle);
}

/* ---- start ---- */

static enum uc_status start_tftp(struct uc_phones *p, const struct uc_listen *l, struct uc_error *e)
{
	const struct uc_tftp_config config = {
	    .address = l->address, .port = l->port, .timeout_ms = p->config->tftp_timeout_ms, .trace = p->config->tftp_trace};
	const struct uc_tftp_source source = {.ctx = p, .find = tftp_find, .release = tftp_release, .ended = tftp_ended};
	UC_TRY(uc_tftp_start(&config, &source, &p->tftp, e));
	p->ports[UC_SERVICE_TFTP] = uc_tftp_port(p->tftp);
	return UC_OK;
}

static enum uc_status start_http(struct uc_phones *p, const struct uc_listen *l, struct uc_error *e)
{
	return uc_http_listen_plain(p->http, l->address, l->port, &p->ports[UC_SERVICE_PHONE_HTTP], e);
}

static enum uc_status start_https(struct uc_phones *p, const struct uc_listen *l, struct uc_error *e)
{
	return uc_http_listen_tls(p->http, l->address, l->port, uc_phone_tls, p->node, &p->ports[UC_SERVICE_PHONE_HTTPS], e);
}

static const struct {
	enum uc_service service;
	enum uc_status (*start)(struct uc_phones *p, const struct uc_listen *l, struct uc_error *e);
	const char *scheme;
} services[] = {
    {UC_SERVICE_TFTP, start_tftp, "tftp"},
    {UC_SERVICE_PHONE_HTTP, start_http, "http"},
    {UC_SERVICE_PHONE_HTTPS, start_https, "https"},
};
enum { SERVICES = sizeof services / sizeof *services };

static enum uc_status start_all(struct uc_phones *p, json_t *ports, struct uc_error *e)
{
	bool serves = (uc_node_roles(p->node) & UC_NODE_TFTP) != 0;
	for (size_t i = 0; i < SERVICES; i++) {
		enum uc_service s = services[i].service;
		const struct uc_listen *l = &p->config->listen[s];
		struct uc_error why;
		if (l->off || (!l->asked && !serves)) continue;
		if (services[i].start(p, l, &why) != UC_OK)
			return uc_fail(e, why.code, why.id, why.hint, "%s (listen = %s=%s:%u)", why.message, uc_service_name(s), l->address, l->port);
		json_object_set_new(ports, uc_service_name(s), json_integer(p->ports[s]));
	}
	return UC_OK;
}

enum uc_status uc_phones_start(struct event_base *base, struct uc_node *node, const struct uc_config *config, json_t *ports,
                               struct uc_phones **out, struct uc_error *e)
{
	struct uc_phones *p = uc_zalloc(1, sizeof *p);
	p->node = node;
	p->config = config;
	p->http = uc_http_new(base, config->workers, uc_phone_handle, node);
	uc_http_only_files(p->http);
	uc_http_set_patience(p->http, SILENCE_SECONDS, IDLE_SECONDS, WHOLE_SECONDS);
	enum uc_status status = start_all(p, ports, e);
	if (status == UC_OK)
		*out = p;
	else
		uc_phones_stop(p);
	return status;
}

char *uc_shown_address(const char *address)
{
	if (strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0) return uc_strdup("localhost");
	return uc_sprintf(strchr(address, ':') != NULL ? "[%s]" : "%s", address);
}

void uc_phones_tell(const struct uc_phones *p)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	for (size_t i = 0; i < SERVICES; i++) {
		enum uc_service s = services[i].service;
		if (p->ports[s] == 0) continue;
		UC_CLEANUP(uc_freep) char *address = uc_shown_address(p->config->listen[s].address);
		uc_strv_take(&all, uc_sprintf("%s://%s:%u/", services[i].scheme, address, p->ports[s]));
	}
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&all, " ");
	if (all.count > 0) printf("files for phones: %s\n", text);
}

void uc_phones_stop(struct uc_phones *p)
{
	if (p == NULL) return;
	if (p->tftp != NULL) uc_tftp_stop(p->tftp);
	uc_http_free(p->http);
	free(p);
}
