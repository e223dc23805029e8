#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/mem.h"
#include "serve/tftp/impl.h"

/* Batches taken from one socket before the others get their turn. */
#define ROUNDS 4

static uint64_t clock_ms(void)
{
	return (uint64_t)uc_monotonic_ns() / 1000000;
}

/* ---- events ---- */

/* The clock of the wheel runs only while something has a deadline. */
static void keep_ticking(struct uc_tftp *t)
{
	const struct timeval tick = {.tv_usec = UC_TFTP_TICK_MS * 1000L};
	if (t->wheel.count > 0 && !event_pending(t->tick_event, EV_TIMEOUT, NULL)) event_add(t->tick_event, &tick);
}

static void take_packets(struct uc_tftp_socket *s)
{
	struct uc_tftp *t = s->server;
	unsigned n = UC_TFTP_BATCH;
	for (unsigned round = 0; round < ROUNDS && n == UC_TFTP_BATCH; round++) {
		n = uc_tftp_receive(s, t->inbox);
		t->now_ms = clock_ms();
		for (unsigned i = 0; i < n; i++) uc_tftp_on_packet(s, i);
		uc_tftp_flush(s);
	}
}

static void on_packets(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	take_packets(arg);
}

static void on_requests(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct uc_tftp *t = arg;
	unsigned n = uc_tftp_receive(t->listener, t->requests);
	/* A client that asks with the same port for its next file has sent its last acknowledgement before: that one first. */
	for (unsigned i = 0; i < UC_TFTP_SOCKETS; i++) take_packets(t->sockets[i]);
	for (unsigned i = 0; i < n; i++) uc_tftp_on_request(t, i);
	uc_tftp_flush_all(t);
	keep_ticking(t);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	struct uc_tftp *t = arg;
	t->now_ms = clock_ms();
	uc_tftp_wheel_turn(&t->wheel, t->now_ms, uc_tftp_on_timeout, t);
	uc_tftp_flush_all(t);
	keep_ticking(t);
}

static void take_found(struct uc_tftp *t)
{
	struct uc_tftp_jobs found = STAILQ_HEAD_INITIALIZER(found);
	uc_tftp_workers_take(t->workers, &found);
	t->now_ms = clock_ms();
	while (!STAILQ_EMPTY(&found)) {
		struct uc_tftp_job *job = STAILQ_FIRST(&found);
		STAILQ_REMOVE_HEAD(&found, next);
		uc_tftp_found(job);
	}
	uc_tftp_flush_all(t);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	struct uc_tftp *t = arg;
	uint64_t signals;
	/* Before the list is taken: a job that is finished meanwhile signals again. */
	(void)!read(fd, &signals, sizeof signals);
	take_found(t);
	keep_ticking(t);
	if (atomic_load(&t->stopping)) event_base_loopbreak(t->base);
}

static void *run(void *arg)
{
	struct uc_tftp *t = arg;
	event_base_dispatch(t->base);
	uc_tftp_workers_stop(t->workers);
	take_found(t);
	while (!LIST_EMPTY(&t->transfers)) uc_tftp_end(LIST_FIRST(&t->transfers), UC_TFTP_GONE);
	return NULL;
}

/* ---- start and stop ---- */

static unsigned or_usual(unsigned value, unsigned usual)
{
	return value > 0 ? value : usual;
}

static void tftp_free(struct uc_tftp *t)
{
	if (t == NULL) return;
	if (t->wake_event != NULL) event_free(t->wake_event);
	if (t->tick_event != NULL) event_free(t->tick_event);
	uc_tftp_sockets_close(t);
	if (t->base != NULL) event_base_free(t->base);
	if (t->wake >= 0) close(t->wake);
	uc_tftp_workers_free(t->workers);
	uc_tftp_table_free(t->table);
	free(t->inbox);
	free(t->requests);
	free(t);
}
UC_DEFINE_CLEANUP(tftp_freep, struct uc_tftp, tftp_free)

static _Noreturn void die(const char *what)
{
	uc_log(UC_LOG_ERROR, "cannot start the TFTP server: %s: %s", what, strerror(errno));
	abort();
}

static struct event *add_event(struct uc_tftp *t, int fd, event_callback_fn callback, void *arg)
{
	struct event *event = event_new(t->base, fd, EV_READ | EV_PERSIST, callback, arg);
	if (event == NULL || event_add(event, NULL) != 0) die("an event");
	return event;
}

static void make_loop(struct uc_tftp *t)
{
	/* Only its own thread touches the loop. */
	struct event_config *config = event_config_new();
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	t->base = event_base_new_with_config(config);
	event_config_free(config);
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->base == NULL || t->wake < 0) die("an event loop");
	t->wake_event = add_event(t, t->wake, on_wake, t);
	t->tick_event = event_new(t->base, -1, 0, on_tick, t);
	t->listener->event = add_event(t, t->listener->fd, on_requests, t);
	for (unsigned i = 0; i < UC_TFTP_SOCKETS; i++) t->sockets[i]->event = add_event(t, t->sockets[i]->fd, on_packets, t->sockets[i]);
}

static void start_thread(struct uc_tftp *t)
{
	/* Signals are the main thread's. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = pthread_create(&t->thread, NULL, run, t);
	if (errno != 0) die("a thread");
	pthread_setname_np(t->thread, "tftp");
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum uc_status uc_tftp_start(const struct uc_tftp_config *config, const struct uc_tftp_source *source, struct uc_tftp **out,
                             struct uc_error *e)
{
	UC_CLEANUP(tftp_freep) struct uc_tftp *t = uc_zalloc(1, sizeof *t);
	t->source = *source;
	t->probe = t->wake = -1;
	t->timeout_ms = or_usual(config->timeout_ms, 1000);
	t->retries = or_usual(config->retries, 5);
	t->per_client = or_usual(config->per_client, 32);
	t->max = or_usual(config->max, 20000);
	t->trace = config->trace;
	UC_TRY(uc_tftp_sockets_open(t, config->address, config->port, e));
	LIST_INIT(&t->transfers);
	t->inbox = uc_tftp_inbox_new();
	t->requests = uc_tftp_inbox_new();
	t->table = uc_tftp_table_new(t->max);
	t->now_ms = clock_ms();
	uc_tftp_wheel_init(&t->wheel, t->now_ms);
	make_loop(t);
	t->workers = uc_tftp_workers_new(&t->source, or_usual(config->workers, 2), t->wake);
	start_thread(t);
	*out = uc_move(t);
	return UC_OK;
}

uint16_t uc_tftp_port(const struct uc_tftp *t)
{
	return t->port;
}

void uc_tftp_stop(struct uc_tftp *t)
{
	if (t == NULL) return;
	atomic_store(&t->stopping, true);
	(void)!write(t->wake, &(uint64_t){1}, sizeof(uint64_t));
	pthread_join(t->thread, NULL);
	tftp_free(t);
}

void uc_tftp_stats(const struct uc_tftp *t, struct uc_tftp_stats *out)
{
	const struct uc_tftp_counters *c = &t->counters;
	*out = (struct uc_tftp_stats){
	    .requests = atomic_load_explicit(&c->requests, memory_order_relaxed),
	    .sent = atomic_load_explicit(&c->sent, memory_order_relaxed),
	    .aborted = atomic_load_explicit(&c->aborted, memory_order_relaxed),
	    .gone = atomic_load_explicit(&c->gone, memory_order_relaxed),
	    .refused = atomic_load_explicit(&c->refused, memory_order_relaxed),
	    .dropped = atomic_load_explicit(&c->dropped, memory_order_relaxed),
	    .retransmitted = atomic_load_explicit(&c->retransmitted, memory_order_relaxed),
	    .bytes = atomic_load_explicit(&c->bytes, memory_order_relaxed),
	    .active = atomic_load_explicit(&c->active, memory_order_relaxed),
	};
}
