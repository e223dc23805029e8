/* From one node to a cluster: the log is replayed into PostgreSQL, and what was the store becomes the mirror. And declaring that the log goes on from an older state. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "node/internal.h"

enum { BATCH = 500 };

/* ---- what the target holds ---- */

static enum uc_status check_url(const char *url, struct uc_error *e)
{
	if (uc_starts_with(url, "postgresql:") || uc_starts_with(url, "postgres:")) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-store-url", "url", "Write postgresql://USER:PASSWORD@HOST:5432/DATABASE.",
	                     "this is no connection string of PostgreSQL");
}

/* Nothing, or the beginning of our own log, which an earlier attempt left there. */
static enum uc_status check_target(struct uc_node *n, struct uc_store *target, int64_t *number, struct uc_error *e)
{
	char theirs[65];
	char ours[65] = "";
	UC_TRY(uc_log_head(target, number, theirs, e));
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	enum uc_status status = uc_log_hash(reader.store, *number, ours, e);
	if (status != UC_OK && status != UC_ENOTFOUND) return status;
	if (status == UC_OK && strcmp(ours, theirs) == 0) return UC_OK;
	return uc_fail(e, UC_ECONFLICT, "store-not-empty",
	               "Make one for this cluster: CREATE DATABASE name OWNER account ENCODING 'UTF8' TEMPLATE template0;",
	               "the database holds the %lld changes of another cluster", (long long)*number);
}

/* ---- copying ---- */

static enum uc_status copy_batch(struct uc_follower *f, struct uc_store *target, const struct uc_log_rows *rows, struct uc_error *e)
{
	UC_TRY(uc_store_begin(target, e));
	enum uc_status status = UC_OK;
	for (size_t i = 0; i < rows->count && status == UC_OK; i++) status = uc_follower_apply(f, &rows->items[i], e);
	if (status == UC_OK) return uc_store_commit(target, e);
	uc_store_rollback(target);
	return status;
}

/* Under write_lock: nothing is added at the other end meanwhile. */
static enum uc_status copy(struct uc_node *n, struct uc_store *target, int64_t number, struct uc_error *e)
{
	UC_CLEANUP(uc_follower_freep) struct uc_follower *f = uc_follower_new(target, uc_buf_slice(&uc_keys_node_cert(n->keys)->der));
	for (;;) {
		UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
		UC_TRY(uc_log_after(n->writer, number, BATCH, &rows, e));
		if (rows.count == 0) break;
		UC_TRY(copy_batch(f, target, &rows, e));
		number = rows.items[rows.count - 1].number;
	}
	int64_t epoch;
	UC_TRY(uc_log_epoch(n->writer, &epoch, e));
	UC_TRY(uc_store_begin(target, e));
	enum uc_status status = uc_log_epoch_set(target, epoch, e);
	if (status == UC_OK) return uc_store_commit(target, e);
	uc_store_rollback(target);
	return status;
}

/* The last look before the file says where the store is. */
static enum uc_status compare_heads(struct uc_node *n, struct uc_store *target, struct uc_error *e)
{
	int64_t theirs;
	char their_hash[65];
	struct uc_link *l = n->link;
	int64_t ours;
	int64_t epoch;
	char hash[65];
	UC_TRY(uc_log_head(target, &theirs, their_hash, e));
	UC_TRY(uc_log_head(n->writer, &ours, hash, e));
	UC_TRY(uc_log_epoch(n->writer, &epoch, e));
	if (theirs != ours || strcmp(their_hash, hash) != 0)
		return uc_fail(e, UC_EINTERNAL, "internal", NULL, "the copy ends at change %lld, the original at %lld", (long long)theirs,
		               (long long)ours);
	pthread_mutex_lock(&n->view_lock);
	l->mirror_number = ours;
	l->mirror_epoch = epoch;
	memcpy(l->mirror_hash, hash, sizeof hash);
	pthread_mutex_unlock(&n->view_lock);
	return UC_OK;
}

static enum uc_status copy_and_switch(struct uc_node *n, const char *url, struct uc_store **target, int64_t number, struct uc_error *e)
{
	struct uc_slice founder = uc_buf_slice(&uc_keys_node_cert(n->keys)->der);
	UC_TRY(copy(n, *target, number, e));
	UC_TRY(compare_heads(n, *target, e));
	uc_crash_point("move-copied");
	UC_TRY(uc_link_save(n, url, founder, 0, NULL, e));
	uc_crash_point("move-switched");
	uc_link_adopt(n, url, founder, uc_move(*target));
	uc_link_set(n, UC_LINK_FOLLOWING, NULL);
	return uc_store_relax(n->writer, e);
}

static json_t *moved(bool dry_run, int64_t changes)
{
	return json_pack("{s:b, s:I}", "dry_run", dry_run, "changes", (json_int_t)changes);
}

static enum uc_status check_single(struct uc_node *n, struct uc_error *e)
{
	if (!uc_link_is(n)) return UC_OK;
	return uc_fail(e, UC_ECONFLICT, "in-cluster", "`show cluster` says where its store is.",
	               "this node's store is a PostgreSQL database already");
}

/* A database that has no store yet (ours is false) is not given one for a look. */
static enum uc_status open_target(struct uc_node *n, const char *url, bool ours, bool dry_run, struct uc_store **target, int64_t *there,
                                  struct uc_error *e)
{
	*there = 0;
	if (dry_run && !ours) return UC_OK;
	UC_TRY(uc_store_open(url, dry_run ? UC_STORE_READ : UC_STORE_WRITE, target, e));
	return check_target(n, *target, there, e);
}

/* Under the lock on the connection, for which every task waits. */
static enum uc_status move(struct uc_node *n, const char *url, bool ours, bool dry_run, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_store_closep) struct uc_store *target = NULL;
	int64_t there;
	int64_t here;
	UC_TRY(check_single(n, e));
	UC_TRY(open_target(n, url, ours, dry_run, &target, &there, e));
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = uc_log_head(n->writer, &here, NULL, e);
	if (status == UC_OK && !dry_run) status = copy_and_switch(n, url, &target, there, e);
	pthread_mutex_unlock(&n->write_lock);
	if (status == UC_OK && !dry_run) status = uc_link_threads(n, e);
	UC_TRY(status);
	*out = moved(dry_run, here);
	if (!dry_run) uc_log(UC_LOG_INFO, "the store of this cluster is now PostgreSQL; %lld changes were moved", (long long)here);
	return UC_OK;
}

enum uc_status uc_node_move(struct uc_node *n, const char *url, bool dry_run, json_t **out, struct uc_error *e)
{
	*out = NULL;
	if ((n->roles & UC_NODE_PUBLISHER) == 0)
		return uc_fail(e, UC_EREFUSED, "not-publisher", "Do it on the publisher.", "the store is moved by the publisher, which %s is not",
		               n->name);
	bool ours = false;
	UC_TRY(check_single(n, e));
	UC_TRY(check_url(url, e));
	/* Whatever would be in the way, also of what comes after the move, and a server that does not answer, before any task has to wait. */
	UC_TRY(uc_store_fit(url, &ours, e));
	pthread_mutex_lock(&n->link->lock);
	enum uc_status status = move(n, url, ours, dry_run, out, e);
	pthread_mutex_unlock(&n->link->lock);
	return status;
}

/* ---- going on from an older state ---- */

/* Does this report say that its node has changes which the store has lost? */
static bool is_beyond(const json_t *report)
{
	static const char *const codes[] = {"mirror-ahead", "mirror-forked"};
	size_t i;
	const json_t *finding;
	json_array_foreach(json_object_get(report, "findings"), i, finding)
	{
		for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
			if (strcmp(uc_json_member(finding, "code"), codes[k]) == 0) return true;
	}
	return false;
}

/* Of the nodes that have spoken since the store is as it is, and of this one, which may not have had the time to. */
static enum uc_status check_needed(struct uc_node *n, struct uc_store *central, struct uc_error *e)
{
	json_t *states = NULL;
	const char *name;
	const json_t *state;
	UC_TRY(uc_store_states(central, &states, e));
	json_t *own = uc_node_report(n);
	bool needed = is_beyond(own);
	json_object_foreach(states, name, state) needed = needed || is_beyond(json_object_get(state, "report"));
	json_decref(own);
	json_decref(states);
	if (needed) return UC_OK;
	return uc_fail(
	    e, UC_EREFUSED, "resync-not-needed",
	    "A node that is ahead of the store says so in show node list (mirror-ahead, mirror-forked): start those that are off first.",
	    "no node says that it has changes which the store has lost, so there is nothing to give up");
}

/* Above the mirror's as well: the failover may have lost an earlier raise. */
static enum uc_status raise_epoch(struct uc_store *central, int64_t mirror, int64_t *epoch, struct uc_error *e)
{
	UC_TRY(uc_store_begin(central, e));
	enum uc_status status = uc_log_epoch(central, epoch, e);
	if (*epoch < mirror) *epoch = mirror;
	if (status == UC_OK) status = uc_log_epoch_set(central, ++*epoch, e);
	if (status == UC_OK) return uc_store_commit(central, e);
	uc_store_rollback(central);
	return status;
}

static enum uc_status raise_if_needed(struct uc_node *n, int64_t *epoch, bool *lost, struct uc_error *e)
{
	struct uc_store *central;
	*lost = false;
	UC_TRY(uc_central_borrow(n, &central, e));
	pthread_mutex_lock(&n->view_lock);
	int64_t mirror = n->link->mirror_epoch;
	pthread_mutex_unlock(&n->view_lock);
	enum uc_status status = check_needed(n, central, e);
	if (status == UC_OK) status = raise_epoch(central, mirror, epoch, e);
	*lost = status != UC_OK && uc_store_lost(central);
	uc_central_return(n);
	return status;
}

enum uc_status uc_node_resync(struct uc_node *n, const char *who, bool force, json_t **out, struct uc_error *e)
{
	int64_t epoch = 0;
	bool lost;
	*out = NULL;
	if (!uc_link_is(n))
		return uc_fail(e, UC_EREFUSED, "not-shared", "A single node has nothing to agree with.", "this node's store is its own");
	if (!force)
		return uc_fail(e, UC_ECONFLICT, "confirmation-needed",
		               "When no newer copy of the database can be found: utils cluster resync --force (in the API, force=1).",
		               "changes that the database has lost, and only nodes' mirrors still have, are given up for good");
	enum uc_status status = raise_if_needed(n, &epoch, &lost, e);
	/* The connection for changes has lain idle: just after a failover it leads to a server that is gone. */
	if (lost) status = raise_if_needed(n, &epoch, &lost, e);
	UC_TRY(status);
	uc_log(UC_LOG_WARN, "%s declared that the log goes on from the store's present state (epoch %lld)", who, (long long)epoch);
	uc_link_kick(n);
	*out = json_pack("{s:I}", "epoch", (json_int_t)epoch);
	return UC_OK;
}
