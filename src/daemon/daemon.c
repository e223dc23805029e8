#include "daemon/daemon.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/file.h"
#include "daemon/phones.h"
#include "serve/http/api.h"
#include "serve/http/server.h"

enum { MAINTENANCE_SECONDS = 60 };

struct daemon {
	const struct uc_config *config;
	struct uc_node *node;
	struct event_base *base;
	struct uc_http *http;
	struct uc_phones *phones;
	struct event *stop[2];
	pthread_t maintenance;
	bool maintained;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool ending; /* under lock */
	bool again;  /* under lock: to be started again */
};

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	struct daemon *d = arg;
	uc_log(UC_LOG_INFO, "ending on signal %d", (int)number);
	event_base_loopbreak(d->base);
}

/* ---- now and then, on a thread of its own: it may wait for the network ---- */

static void *maintain(void *arg)
{
	struct daemon *d = arg;
	pthread_mutex_lock(&d->lock);
	while (!d->ending) {
		pthread_mutex_unlock(&d->lock);
		uc_node_maintain(d->node);
		pthread_mutex_lock(&d->lock);
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += MAINTENANCE_SECONDS;
		if (!d->ending) pthread_cond_timedwait(&d->wake, &d->lock, &until);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

static void end_maintenance(struct daemon *d)
{
	if (!d->maintained) return;
	pthread_mutex_lock(&d->lock);
	d->ending = true;
	pthread_cond_signal(&d->wake);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->maintenance, NULL);
}

/* ---- start ---- */

/* Where this process reaches what it listens on. */
static const char *own_address(const char *address)
{
	if (strcmp(address, "0.0.0.0") == 0) return "127.0.0.1";
	return strcmp(address, "::") == 0 ? "::1" : address;
}

/* Where others reach it; NULL: by the node's name, since it listens on every address. */
static const char *public_address(const char *address)
{
	return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0 ? NULL : address;
}

static enum uc_status write_ports(struct daemon *d, const json_t *ports, struct uc_error *e)
{
	const char *address = d->config->listen[UC_SERVICE_HTTPS].address;
	uc_node_set_ports(d->node, ports, own_address(address), public_address(address));
	char *text = json_dumps(ports, JSON_COMPACT);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/ports.json", d->config->data);
	enum uc_status status = uc_file_write(path, uc_slice_str(text), 0644, e);
	free(text);
	return status;
}

static enum uc_status listen_on(struct daemon *d, json_t *ports, struct uc_error *e)
{
	const struct uc_listen *l = &d->config->listen[UC_SERVICE_HTTPS];
	uint16_t https = 0;
	UC_TRY(uc_http_listen_unix(d->http, d->config->socket, e));
	UC_TRY(uc_http_listen_tls(d->http, l->address, l->port, uc_node_https, d->node, &https, e));
	json_object_set_new(ports, "https", json_integer(https));
	UC_TRY(uc_phones_start(d->base, d->node, d->config, ports, &d->phones, e));
	UC_TRY(write_ports(d, ports, e));
	UC_CLEANUP(uc_freep) char *address = uc_shown_address(l->address);
	printf("console and API: https://%s:%u/\n", address, https);
	uc_phones_tell(d->phones);
	printf("socket: %s\n", d->config->socket);
	fflush(stdout);
	return UC_OK;
}

static enum uc_status listen_all(struct daemon *d, struct uc_error *e)
{
	json_t *ports = json_object();
	enum uc_status status = listen_on(d, ports, e);
	json_decref(ports);
	return status;
}

static void tell_password(const char *node, const char *password)
{
	printf("The node %s is being installed. Sign in as admin with the password %s (it is shown only this once).\n", node, password);
	fflush(stdout);
}

/* From a thread of the node. */
static void on_restart(void *arg)
{
	struct daemon *d = arg;
	uc_log(UC_LOG_INFO, "starting again under the node's new name");
	pthread_mutex_lock(&d->lock);
	d->again = true;
	pthread_mutex_unlock(&d->lock);
	event_base_loopbreak(d->base);
}

static enum uc_status open_node(struct daemon *d, struct uc_error *e)
{
	const struct uc_config *c = d->config;
	struct uc_node_config config = {.data = c->data,
	                                .name = c->name,
	                                .domain = c->domain,
	                                .roles = c->roles,
	                                .policy = c->policy,
	                                .old_phones = c->old_phones,
	                                .phone_files = c->phone_files,
	                                .phone_certificates = c->phone_certificates,
	                                .join = c->join,
	                                .join_secret = c->join_secret,
	                                .tell_password = tell_password,
	                                .restart = on_restart,
	                                .restart_ctx = d};
	return uc_node_open(&config, &d->node, e);
}

static enum uc_status start(struct daemon *d, struct uc_error *e)
{
	evthread_use_pthreads();
	d->base = event_base_new();
	if (d->base == NULL) return uc_fail(e, UC_EINTERNAL, "event-loop", NULL, "libevent cannot make an event loop");
	UC_TRY(open_node(d, e));
	d->http = uc_http_new(d->base, d->config->workers, uc_api_handle, d->node);
	UC_TRY(listen_all(d, e));
	static const int signals[] = {SIGTERM, SIGINT};
	for (size_t i = 0; i < 2; i++) {
		d->stop[i] = evsignal_new(d->base, signals[i], on_signal, d);
		event_add(d->stop[i], NULL);
	}
	d->maintained = pthread_create(&d->maintenance, NULL, maintain, d) == 0;
	return UC_OK;
}

static void end(struct daemon *d)
{
	uc_phones_stop(d->phones);
	uc_http_free(d->http); /* first: a look at our own listener would wait in vain for an answer */
	end_maintenance(d);
	for (size_t i = 0; i < 2; i++)
		if (d->stop[i] != NULL) event_free(d->stop[i]);
	uc_node_close(d->node); /* its threads may still ask the loop to end */
	if (d->base != NULL) event_base_free(d->base);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->wake);
	libevent_global_shutdown();
}

enum uc_status uc_daemon_run(const struct uc_config *config, bool *again, struct uc_error *e)
{
	struct daemon d = {.config = config, .lock = PTHREAD_MUTEX_INITIALIZER};
	uc_cond_init(&d.wake);
	signal(SIGPIPE, SIG_IGN);
	enum uc_status status = start(&d, e);
	if (status == UC_OK) event_base_dispatch(d.base);
	end(&d);
	*again = status == UC_OK && d.again;
	return status;
}
