/* The two threads of a node in a cluster: one follows the store, the other does what takes long. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/log.h"
#include "node/internal.h"

enum {
	HEARTBEAT_MS = 5000, /* a node that has said nothing for three of them is taken for unreachable */
	POLL_MS = 1000,      /* notifications are lost with a connection */
	RETRY_MS = 1000,
	CLOCK_SECONDS = 300, /* certificates of a node whose clock is further off would be wrong */
	EFFECTS = 500
};

static bool ending(struct uc_node *n)
{
	pthread_mutex_lock(&n->link->work_lock);
	bool is = n->link->ending;
	pthread_mutex_unlock(&n->link->work_lock);
	return is;
}

/* ---- connecting ---- */

static enum uc_status check_clock(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	uc_time theirs;
	UC_TRY(uc_store_now(store, &theirs, e));
	uc_time mine = uc_now();
	uc_time off = mine > theirs ? mine - theirs : theirs - mine;
	char here[UC_TIME_TEXT];
	char there[UC_TIME_TEXT];
	struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	bool news = l->clock_off != (off > CLOCK_SECONDS);
	l->clock_off = off > CLOCK_SECONDS;
	snprintf(l->clock, sizeof l->clock, "its clock says %s, that of the store %s", uc_time_rfc3339(mine, here),
	         uc_time_rfc3339(theirs, there));
	pthread_mutex_unlock(&n->view_lock);
	if (news && off > CLOCK_SECONDS)
		uc_log(UC_LOG_ERROR, "this node is read-only: its clock says %s, that of the store %s", uc_time_rfc3339(mine, here),
		       uc_time_rfc3339(theirs, there));
	else if (news)
		uc_log(UC_LOG_INFO, "the clock of this node agrees with the store's again");
	return UC_OK;
}

/* The server may yet have to find out that an earlier connection of ours has ended: for a moment that is waited for. */
static enum uc_status claim(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	enum { STEPS = 20, STEP_NS = 100000000 };
	bool mine;
	UC_TRY(uc_store_claim(store, n->name, &mine, e));
	for (int i = 0; i < STEPS && !mine && !ending(n); i++) {
		nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
		UC_TRY(uc_store_claim(store, n->name, &mine, e));
	}
	pthread_mutex_lock(&n->view_lock);
	n->link->claimed = mine;
	pthread_mutex_unlock(&n->view_lock);
	if (mine) return UC_OK;
	return uc_fail(e, UC_ECONFLICT, "other-instance", "Stop the other one: two copies of one node must not run.",
	               "another running instance of the node %s is connected to the store", n->name);
}

/* Has this node once been further than its mirror is now? Then its disk is an old copy. */
static enum uc_status check_age(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	json_t *states = NULL;
	UC_TRY(uc_store_states(store, &states, e));
	const json_t *own = json_object_get(states, n->name);
	struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	struct uc_log_view v = {.mirror_number = l->mirror_number,
	                        .mirror_hash = l->mirror_hash,
	                        .store_number = l->mirror_number,
	                        .store_hash_at = l->mirror_hash,
	                        .confirmed = json_integer_value(json_object_get(own, "number"))};
	bool aged = false;
	(void)uc_log_decide(&v, &aged);
	bool news = aged && !l->aged && l->mirror_number > 0;
	l->aged = l->aged || news;
	pthread_mutex_unlock(&n->view_lock);
	json_decref(states);
	if (news)
		uc_log(UC_LOG_WARN,
		       "this node's disk ends at change %lld, but it had confirmed change %lld: it was restored from an older copy, and catches up",
		       (long long)v.mirror_number, (long long)v.confirmed);
	return UC_OK;
}

static enum uc_status connect_store(struct uc_node *n, struct uc_store **out, struct uc_error *e)
{
	UC_CLEANUP(uc_store_closep) struct uc_store *store = NULL;
	UC_TRY(uc_store_open(n->link->url, UC_STORE_WRITE, &store, e));
	UC_TRY(claim(n, store, e));
	UC_TRY(check_clock(n, store, e));
	UC_TRY(check_age(n, store, e));
	*out = uc_move(store);
	return UC_OK;
}

enum uc_status uc_follow_connect(struct uc_node *n, struct uc_store **out, struct uc_error *e)
{
	struct uc_error why;
	enum uc_status status = connect_store(n, out, &why);
	pthread_mutex_lock(&n->view_lock);
	n->link->tried = true;
	pthread_mutex_unlock(&n->view_lock);
	if (status == UC_OK) return UC_OK;
	if (strcmp(why.id, "store-access") == 0)
		(void)uc_fail(&why, status, "store-access", "Look on another node whether this one is still in show node list.",
		              "the store does not accept this node, which may have been removed from its cluster: %s", why.message);
	bool unreachable = status == UC_EUNAVAILABLE || strcmp(why.id, "store-access") == 0;
	uc_link_set(n, unreachable ? UC_LINK_UNREACHABLE : UC_LINK_HALTED, &why);
	if (e != NULL) *e = why;
	return status;
}

void uc_follow_disconnect(struct uc_node *n, struct uc_store *store)
{
	pthread_mutex_lock(&n->view_lock);
	n->link->claimed = false;
	pthread_mutex_unlock(&n->view_lock);
	uc_store_close(store);
}

/* ---- the follower ---- */

struct follower {
	struct uc_node *node;
	struct uc_store *store;
	int64_t said_at; /* uc_monotonic_ns() of the last heartbeat */
	int64_t said;    /* and what it confirmed */
	uc_time effects; /* those up to here have been handed on */
};

/* What this node did is shown on every node. */
static enum uc_status hand_on_effects(struct follower *f, struct uc_error *e)
{
	uc_time now = uc_now();
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(f->node, &reader, e));
	UC_TRY(uc_store_effects_copy(reader.store, f->store, f->node->name, f->effects, EFFECTS, e));
	f->effects = now - 1;
	return UC_OK;
}

static enum uc_status heartbeat(struct follower *f, struct uc_error *e)
{
	struct uc_node *n = f->node;
	pthread_mutex_lock(&n->view_lock);
	int64_t number = n->link->mirror_number;
	pthread_mutex_unlock(&n->view_lock);
	int64_t now = uc_monotonic_ns();
	int64_t since = (now - f->said_at) / 1000000;
	bool due = f->said_at == 0 || since >= HEARTBEAT_MS || (number != f->said && since >= POLL_MS);
	if (!due) return UC_OK;
	UC_TRY(check_clock(n, f->store, e));
	json_t *report = uc_node_report(n);
	enum uc_status status = uc_store_state_put(f->store, n->name, number, report, e);
	json_decref(report);
	UC_TRY(status);
	UC_TRY(hand_on_effects(f, e));
	f->said_at = now;
	f->said = number;
	return UC_OK;
}

/* Jobs that could not be carried out for the store's sake are tried again with each look at it. */
static void retry_jobs(struct uc_node *n)
{
	struct uc_link *l = n->link;
	pthread_mutex_lock(&l->work_lock);
	if (l->jobs_left) {
		l->jobs_due = true;
		l->jobs_left = false;
		pthread_cond_broadcast(&l->work);
	}
	pthread_mutex_unlock(&l->work_lock);
}

static void wait_for(struct uc_node *n, int ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	struct uc_link *l = n->link;
	pthread_mutex_lock(&l->work_lock);
	if (!l->ending) pthread_cond_timedwait(&l->work, &l->work_lock, &until);
	pthread_mutex_unlock(&l->work_lock);
}

/* Jobs may wait for this node, and its certificates may lack what its roles need, as soon as it knows the newest state. */
static void caught_up(struct uc_node *n)
{
	struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	bool first = l->caught_up && l->state == UC_LINK_FOLLOWING;
	pthread_mutex_unlock(&n->view_lock);
	if (!first) return;
	pthread_mutex_lock(&l->work_lock);
	l->jobs_due = true;
	pthread_cond_broadcast(&l->work);
	pthread_mutex_unlock(&l->work_lock);
}

static void drain(int fd)
{
	uint64_t count;
	/* Nothing to read is as good. */
	if (read(fd, &count, sizeof count) < 0) return;
}

/* One connection's life. */
static void follow_store(struct follower *f)
{
	struct uc_error e;
	bool changed;
	if (uc_follow_connect(f->node, &f->store, &e) != UC_OK) return;
	f->said_at = 0;
	/* To listen comes before the first look, so that nothing is missed between the two. */
	enum uc_status status = uc_store_wait(f->store, -1, 0, &changed, &e);
	bool first = true;
	while (status == UC_OK && !ending(f->node)) {
		struct uc_error why;
		/* A node that halts goes on telling the others so, and looks again. */
		enum uc_status followed = uc_follow(f->node, f->store, &why);
		if (followed == UC_OK && first) caught_up(f->node);
		first = first && followed != UC_OK;
		if (followed == UC_OK) retry_jobs(f->node);
		if (uc_store_lost(f->store)) break;
		status = heartbeat(f, &e);
		if (status == UC_OK) status = uc_heard_fetch(f->node, f->store, &e);
		if (status == UC_OK) status = uc_store_wait(f->store, f->node->link->wake, POLL_MS, &changed, &e);
		drain(f->node->link->wake);
	}
	if (status != UC_OK) uc_link_set(f->node, UC_LINK_UNREACHABLE, &e);
	uc_follow_disconnect(f->node, f->store);
	f->store = NULL;
}

void *uc_follow_thread(void *ctx)
{
	struct follower f = {.node = ctx};
	while (!ending(f.node)) {
		follow_store(&f);
		drain(f.node->link->wake);
		wait_for(f.node, RETRY_MS);
	}
	return NULL;
}

/* ---- the worker ---- */

/* False when it is to be tried again, since the store could not be reached. */
static bool install_what_lacks(struct uc_node *n)
{
	struct uc_error e;
	enum uc_status status = uc_node_install(n, NULL, &e);
	if (status != UC_OK) uc_log_error("adding what the roles of this node need", &e);
	return status != UC_EUNAVAILABLE;
}

void *uc_worker_thread(void *ctx)
{
	struct uc_node *n = ctx;
	struct uc_link *l = n->link;
	pthread_mutex_lock(&l->work_lock);
	while (!l->ending) {
		bool jobs = l->jobs_due;
		bool check = l->check_due;
		bool install = jobs && l->install_due;
		l->jobs_due = l->check_due = false;
		if (install) l->install_due = false;
		pthread_mutex_unlock(&l->work_lock);
		bool again = install && !install_what_lacks(n);
		bool left = jobs && !uc_jobs_run(n);
		if (check) uc_self_check(n, 0);
		pthread_mutex_lock(&l->work_lock);
		l->install_due = l->install_due || again;
		if (jobs) l->jobs_left = left || again;
		if (!l->ending && !l->jobs_due && !l->check_due) pthread_cond_wait(&l->work, &l->work_lock);
	}
	pthread_mutex_unlock(&l->work_lock);
	return NULL;
}
