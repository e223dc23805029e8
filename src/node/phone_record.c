/*
 * Who fetched what. A phone's request does not wait for the disk: what happened goes into a queue, and a thread writes it in groups. When more comes than the
 * disk takes, the oldest is given up: the newest fetches of a phone are what is asked for.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "node/internal.h"
#include "node/phone_internal.h"

/* A group is written when it has this many, or after this many seconds. */
enum { GROUP = 500, SECONDS = 1 };
static const char writing[] = "recording what phones have fetched";
#define DAY_NS (UC_DAY * INT64_C(1000000000))

struct uc_phone_records {
	pthread_mutex_t lock; /* guards the queue */
	pthread_cond_t wake;
	struct uc_phone_fetch *queue; /* a ring of UC_PHONE_QUEUE */
	size_t first, count;
	uint64_t dropped, told; /* how many the log was told of */
	bool ending;
	pthread_t thread;
	pthread_mutex_t db_lock; /* taken before lock */
	struct uc_local *db;
	int64_t tidied; /* when, by uc_monotonic_ns(); 0: not since the start */
};

/* ---- writing ---- */

/* Takes at most GROUP of the oldest out of the queue. */
static size_t take(struct uc_phone_records *r, struct uc_phone_fetch *group)
{
	pthread_mutex_lock(&r->lock);
	size_t count = r->count < GROUP ? r->count : GROUP;
	for (size_t i = 0; i < count; i++) group[i] = r->queue[(r->first + i) % UC_PHONE_QUEUE];
	r->first = (r->first + count) % UC_PHONE_QUEUE;
	r->count -= count;
	pthread_mutex_unlock(&r->lock);
	return count;
}

/* Under db_lock: all that is in the queue. What cannot be written is lost, and is said to be. */
static enum uc_status write_all(struct uc_phone_records *r, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) struct uc_phone_fetch *group = uc_zalloc(GROUP, sizeof *group);
	for (size_t count = take(r, group); count > 0; count = take(r, group)) UC_TRY(uc_local_fetches_put(r->db, group, count, e));
	return UC_OK;
}

/* Under db_lock: once a day what is too old goes. Without a fetch nothing grows, and nothing has to go. */
static enum uc_status tidy(struct uc_phone_records *r, struct uc_error *e)
{
	int64_t now = uc_monotonic_ns();
	if (r->tidied != 0 && now - r->tidied < DAY_NS) return UC_OK;
	r->tidied = now;
	return uc_local_tidy(r->db, uc_now(), e);
}

static void write_now(struct uc_phone_records *r)
{
	struct uc_error e;
	pthread_mutex_lock(&r->db_lock);
	enum uc_status status = write_all(r, &e);
	if (status == UC_OK) status = tidy(r, &e);
	uint64_t dropped = uc_phone_records_dropped(r);
	if (status != UC_OK) uc_log_error(writing, &e);
	if (dropped > r->told)
		uc_log(UC_LOG_WARN, "%llu fetches of phones are not recorded: the disk is too slow", (unsigned long long)(dropped - r->told));
	r->told = dropped;
	pthread_mutex_unlock(&r->db_lock);
}

/* Waits until there is a group, until a second has passed with something to write, or until the end. */
static bool wait_for_work(struct uc_phone_records *r)
{
	struct timespec until;
	pthread_mutex_lock(&r->lock);
	while (r->count == 0 && !r->ending) pthread_cond_wait(&r->wake, &r->lock);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SECONDS;
	while (r->count < GROUP && !r->ending)
		if (pthread_cond_timedwait(&r->wake, &r->lock, &until) != 0) break;
	bool goes_on = !r->ending;
	pthread_mutex_unlock(&r->lock);
	return goes_on;
}

static void *write_thread(void *ctx)
{
	struct uc_phone_records *r = ctx;
	bool goes_on = true;
	while (goes_on) {
		goes_on = wait_for_work(r);
		write_now(r);
	}
	return NULL;
}

/* ---- start and stop ---- */

static void records_free(struct uc_phone_records *r)
{
	uc_local_close(r->db);
	pthread_mutex_destroy(&r->lock);
	pthread_mutex_destroy(&r->db_lock);
	pthread_cond_destroy(&r->wake);
	free(r->queue);
	free(r);
}

static int start_thread(struct uc_phone_records *r)
{
	sigset_t all, before;
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&r->thread, NULL, write_thread, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0) pthread_setname_np(r->thread, "phone-records");
	return rc;
}

enum uc_status uc_phone_records_start(const char *path, struct uc_phone_records **out, struct uc_error *e)
{
	struct uc_phone_records *r = uc_zalloc(1, sizeof *r);
	r->queue = uc_zalloc(UC_PHONE_QUEUE, sizeof *r->queue);
	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->db_lock, NULL);
	uc_cond_init(&r->wake);
	enum uc_status status = uc_local_open(path, &r->db, e);
	int rc = status == UC_OK ? start_thread(r) : 0;
	if (rc != 0) status = uc_fail_errno(e, rc, "cannot start the thread that records what phones fetch");
	if (status == UC_OK)
		*out = r;
	else
		records_free(r);
	return status;
}

void uc_phone_records_stop(struct uc_phone_records *r)
{
	if (r == NULL) return;
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	records_free(r);
}

/* ---- use ---- */

void uc_phone_records_add(struct uc_phone_records *r, const struct uc_phone_fetch *f)
{
	pthread_mutex_lock(&r->lock);
	if (r->count == UC_PHONE_QUEUE) {
		r->first = (r->first + 1) % UC_PHONE_QUEUE;
		r->count--;
		r->dropped++;
	}
	r->queue[(r->first + r->count) % UC_PHONE_QUEUE] = *f;
	r->count++;
	if (r->count == 1 || r->count == GROUP) pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
}

struct uc_local *uc_phone_records_borrow(struct uc_phone_records *r)
{
	struct uc_error e;
	pthread_mutex_lock(&r->db_lock);
	/* A disk that is full can still be read. */
	if (write_all(r, &e) != UC_OK) uc_log_error(writing, &e);
	return r->db;
}

void uc_phone_records_return(struct uc_phone_records *r)
{
	pthread_mutex_unlock(&r->db_lock);
}

uint64_t uc_phone_records_dropped(struct uc_phone_records *r)
{
	pthread_mutex_lock(&r->lock);
	uint64_t dropped = r->dropped;
	pthread_mutex_unlock(&r->lock);
	return dropped;
}

/* ---- what servers tell ---- */

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
	uc_text_printable(to);
}

/* NULL f: it was missed. */
static void record(struct uc_node *n, const struct uc_phone_ask *ask, const struct uc_phone_file *f)
{
	static const char *const vias[] = {[UC_VIA_TFTP] = "tftp", [UC_VIA_HTTP] = "http", [UC_VIA_HTTPS] = "https"};
	struct uc_phone_name name;
	/* A name that nothing may be called is no phone's. */
	if (uc_phone_name_read(ask->name, &name, NULL) != UC_OK) return;
	struct uc_phone_fetch fetch = {.missed = f == NULL, .at = uc_now()};
	copy_text(fetch.device, sizeof fetch.device, name.device);
	copy_text(fetch.file, sizeof fetch.file, ask->name);
	copy_text(fetch.peer, sizeof fetch.peer, ask->peer);
	snprintf(fetch.kind, sizeof fetch.kind, "%s", uc_phone_kind_name(name.kind));
	snprintf(fetch.via, sizeof fetch.via, "%s", vias[ask->via]);
	if (f != NULL) snprintf(fetch.version, sizeof fetch.version, "%s", uc_phone_file_version(f));
	uc_phone_records_add(n->phone->records, &fetch);
}

void uc_phone_fetched(struct uc_node *n, const struct uc_phone_ask *ask, const struct uc_phone_file *f)
{
	record(n, ask, f);
}

void uc_phone_missed(struct uc_node *n, const struct uc_phone_ask *ask)
{
	record(n, ask, NULL);
}
