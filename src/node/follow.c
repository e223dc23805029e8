/* Following: the mirror is brought up to the store change by change, and this node with it. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "node/publish.h"

enum { BATCH = 500, ALL_JOBS = 1000, PURGES = 256 };

/* What followed changes mean for this node. */
struct news {
	struct uc_node *node;
	bool view, check, jobs, install, member;
	char *name, *domain; /* this node's new ones, or NULL */
	struct {
		char key[UC_KEY_ID_LEN];
		int64_t number;
	} purged[PURGES];
	size_t purged_count;
};

static void news_free(struct news *w)
{
	free(w->name);
	free(w->domain);
}

static bool names(const json_t *step, const char *member, const char *text)
{
	return strcmp(uc_json_member(step, member), text) == 0;
}

/* ---- what each type of step means ---- */

static void see_identity(struct news *w, const json_t *step, int64_t number)
{
	(void)number;
	bool tomcat = uc_starts_with(uc_json_member(step, "purpose"), "tomcat");
	/* Those of other nodes stand in the lists of this one. */
	w->view = true;
	if (!names(step, "node", w->node->name)) return;
	w->check = w->check || tomcat;
}

static void see_view(struct news *w, const json_t *step, int64_t number)
{
	(void)step;
	(void)number;
	w->view = true;
}

static void see_purge(struct news *w, const json_t *step, int64_t number)
{
	if (!names(step, "node", w->node->name) && !names(step, "node", UC_ALL_NODES)) return;
	w->view = true;
	if (w->purged_count == PURGES) return; /* the others are found by uc_node_maintain() */
	snprintf(w->purged[w->purged_count].key, UC_KEY_ID_LEN, "%s", uc_json_member(step, "key"));
	w->purged[w->purged_count++].number = number;
}

static void see_job(struct news *w, const json_t *step, int64_t number)
{
	(void)number;
	w->jobs = w->jobs || names(step, "node", w->node->name);
}

static void see_rename(struct news *w, const json_t *step, int64_t number)
{
	(void)number;
	const char *now = w->name != NULL ? w->name : w->node->name;
	if (!names(step, "node", now)) {
		w->view = true; /* lists name other nodes; one that is renamed itself starts again */
		return;
	}
	free(w->name);
	free(w->domain);
	w->name = uc_strdup(uc_json_member(step, "to"));
	w->domain = uc_strdup(uc_json_member(step, "to_domain"));
}

static void see_node(struct news *w, const json_t *step, int64_t number)
{
	(void)number;
	w->view = true;
	w->member = w->member || names(step, "node", w->node->name);
}

static const struct {
	const char *type;
	void (*see)(struct news *w, const json_t *step, int64_t number);
} seen[] = {
    {"identity.set", see_identity}, {"identity.remove", see_identity},
    {"key.seal", see_view},         {"key.drop", see_view},
    {"key.purge", see_purge},       {"job.add", see_job},
    {"node.rename", see_rename},    {"node.set", see_node},
    {"node.remove", see_node},      {"setting.set", see_view},
    {"setting.remove", see_view},   {"list.publish", see_view},
};

/* A key that goes out of use can be undone to for as long as changes can: that time starts here. */
static void retire(const struct news *w, const json_t *step)
{
	struct uc_error e;
	const char *key = json_string_value(json_object_get(json_object_get(step, "before"), "key"));
	if (key == NULL || !uc_keys_has(w->node->keys, key)) return;
	if (uc_keys_retire(w->node->keys, key, &e) != UC_OK) uc_log_error("noting that a key has gone out of use", &e);
}

static void see(struct news *w, const struct uc_log_row *row)
{
	json_t *body = json_loads(row->body, 0, NULL);
	bool own = names(body, "node", w->node->name);
	bool checks = w->check;
	size_t i;
	const json_t *step;
	json_array_foreach(json_object_get(body, "steps"), i, step)
	{
		retire(w, step);
		for (size_t k = 0; k < sizeof seen / sizeof *seen; k++)
			if (names(step, "type", seen[k].type)) seen[k].see(w, step, row->number);
	}
	/* Whoever makes a change here looks at the listeners himself, and tells what he saw. */
	if (own) w->check = checks;
	json_decref(body);
}

/* ---- keys that are sealed to this node ---- */

struct taking {
	struct uc_node *node;
	const struct uc_strv *only; /* keys, or NULL: any */
	enum uc_status status;
	struct uc_error error;
};

static void take_one(void *ctx, const struct uc_sealed *k)
{
	struct taking *t = ctx;
	struct uc_error why;
	bool mine = strcmp(k->kind, "private") == 0 && uc_strv_has(&k->nodes, t->node->name) && k->blob.len > 0;
	bool wanted = t->only == NULL || uc_strv_has(t->only, k->key_id);
	if (!mine || !wanted || uc_keys_has(t->node->keys, k->key_id)) return;
	enum uc_status status = uc_keys_take(t->node->keys, k->key_id, uc_buf_slice(&k->blob), &why);
	if (status == UC_OK) return;
	t->status = status;
	t->error = why;
}

enum uc_status uc_take_sealed(struct uc_node *n, struct uc_store *mirror, const struct uc_strv *only, struct uc_error *e)
{
	struct taking t = {.node = n, .only = only, .status = UC_OK};
	UC_TRY(uc_store_sealed_each(mirror, NULL, take_one, &t, e));
	if (t.status != UC_OK && e != NULL) *e = t.error;
	return t.status;
}

/* Before the mirror names them: a key is on disk before anybody can look for it. What cannot be opened is tried again by uc_node_maintain(). */
static void take_before(struct uc_node *n, const struct uc_log_rows *rows, size_t count)
{
	struct uc_error e;
	bool due = false;
	for (size_t i = 0; i < count && !due; i++) due = strstr(rows->items[i].body, "\"key.seal\"") != NULL;
	if (due && uc_take_sealed(n, n->writer, NULL, &e) != UC_OK) uc_log_error("taking a key that was sealed to this node", &e);
}

/* ---- after the mirror ---- */

static void note_mirror(struct uc_node *n, int64_t number, const char hash[65])
{
	pthread_mutex_lock(&n->view_lock);
	n->link->mirror_number = number;
	memcpy(n->link->mirror_hash, hash, 65);
	pthread_mutex_unlock(&n->view_lock);
}

static void note_epoch(struct uc_node *n, int64_t epoch)
{
	pthread_mutex_lock(&n->view_lock);
	n->link->mirror_epoch = epoch;
	pthread_mutex_unlock(&n->view_lock);
}

static void wake_worker(struct uc_node *n, const struct news *w)
{
	struct uc_link *l = n->link;
	pthread_mutex_lock(&l->work_lock);
	l->jobs_due = l->jobs_due || w->jobs || w->install;
	l->check_due = l->check_due || w->check;
	l->install_due = l->install_due || w->install;
	pthread_cond_broadcast(&l->work); /* the follower may wait for it as well */
	pthread_mutex_unlock(&l->work_lock);
}

/* Brings the node up to its mirror. Under write_lock but for what the others can see only afterwards. */
static void take_effect(struct uc_node *n, struct news *w, int64_t number)
{
	struct uc_error e;
	if (!w->view)
		uc_view_advance(n, number);
	else if (n->view != NULL && uc_view_refresh(n, n->writer, &e) != UC_OK)
		uc_log_error("cannot serve the new state, the old one stays in use", &e);
}

static void finish(struct uc_node *n, struct news *w)
{
	struct uc_error e;
	struct uc_link *l = n->link;
	for (size_t i = 0; i < w->purged_count; i++) uc_key_destroy(n, w->purged[i].number, w->purged[i].key);
	pthread_mutex_lock(&n->view_lock);
	l->member_due = l->member_due || w->member;
	w->check = w->check || (l->own_due > 0 && l->own_due <= l->mirror_number);
	if (w->check) l->own_due = 0;
	pthread_mutex_unlock(&n->view_lock);
	if (w->jobs || w->check || w->install) wake_worker(n, w);
	if (w->name == NULL) return;
	if (uc_node_file_rename(n, w->name, w->domain, &e) != UC_OK)
		uc_log_error("taking this node's new name", &e);
	else if (n->restart != NULL)
		n->restart(n->restart_ctx);
}

/* ---- applying ---- */

/* The head that the publisher told when this node joined must be in the log that it was given. */
static enum uc_status check_told(const struct uc_link *l, const struct uc_log_row *row, struct uc_error *e)
{
	if (l->told == 0 || row->number != l->told || strcmp(row->hash, l->told_hash) == 0) return UC_OK;
	return uc_fail(e, UC_EIO, "log-broken", "Ask the administrator of the database who changed it; the node must not follow this log.",
	               "the change log is not whole at change %lld: it is not the one that the publisher named when this node joined",
	               (long long)row->number);
}

/* Applies count of the rows in the transaction that is open; *bad gets the index of the one that failed. */
static enum uc_status apply(struct uc_node *n, const struct uc_log_rows *rows, size_t count, size_t *bad, struct uc_error *e)
{
	for (*bad = 0; *bad < count; (*bad)++) {
		UC_TRY(check_told(n->link, &rows->items[*bad], e));
		UC_TRY(uc_follower_apply(n->link->follower, &rows->items[*bad], e));
	}
	return UC_OK;
}

static enum uc_status apply_and_commit(struct uc_node *n, const struct uc_log_rows *rows, size_t count, size_t *bad, struct uc_error *e)
{
	UC_TRY(uc_store_begin(n->writer, e));
	enum uc_status status = apply(n, rows, count, bad, e);
	if (status == UC_OK) take_before(n, rows, count);
	if (status == UC_OK) return uc_store_commit(n->writer, e);
	uc_store_rollback(n->writer);
	return status;
}

/* Rows that somebody else has brought into the mirror meanwhile are left out. */
static enum uc_status skip_known(struct uc_node *n, struct uc_log_rows *rows, struct uc_log_rows *todo, struct uc_error *e)
{
	int64_t head;
	UC_TRY(uc_log_head(n->writer, &head, NULL, e));
	size_t first = 0;
	while (first < rows->count && rows->items[first].number <= head) first++;
	*todo = (struct uc_log_rows){.items = rows->items + first, .count = rows->count - first};
	return UC_OK;
}

static enum uc_status take_rows(struct uc_node *n, struct uc_log_rows *rows, struct news *w, struct uc_error *e)
{
	struct uc_log_rows todo;
	size_t bad = 0;
	UC_TRY(skip_known(n, rows, &todo, e));
	if (todo.count == 0) return UC_OK;
	enum uc_status status = apply_and_commit(n, &todo, todo.count, &bad, e);
	size_t good = status == UC_OK ? todo.count : bad;
	/* What came before the one that failed is good. */
	struct uc_error ignored;
	if (status != UC_OK && good > 0 && apply_and_commit(n, &todo, good, &bad, &ignored) != UC_OK) good = 0;
	for (size_t i = 0; i < good; i++) see(w, &todo.items[i]);
	if (good == 0) return status;
	uc_crash_point("mirror-committed");
	take_effect(n, w, todo.items[good - 1].number);
	/* Last: whoever finds the number here finds the view, too. */
	note_mirror(n, todo.items[good - 1].number, todo.items[good - 1].hash);
	return status;
}

static enum uc_status next_batch(struct uc_node *n, struct uc_store *store, int64_t after, struct uc_error *e)
{
	UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
	UC_CLEANUP(news_free) struct news w = {.node = n};
	UC_TRY(uc_log_after(store, after, BATCH, &rows, e));
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = take_rows(n, &rows, &w, e);
	pthread_mutex_unlock(&n->write_lock);
	finish(n, &w);
	return status;
}

/* ---- building anew ---- */

static enum uc_status replay_all(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	UC_TRY(uc_mirror_clear(n->writer, e));
	for (int64_t number = 0;;) {
		UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
		size_t bad;
		UC_TRY(uc_log_after(store, number, BATCH, &rows, e));
		if (rows.count == 0) return UC_OK;
		UC_TRY(apply(n, &rows, rows.count, &bad, e));
		number = rows.items[rows.count - 1].number;
	}
}

/* One transaction: readers see the old mirror until the new one is whole. */
static enum uc_status replay_and_commit(struct uc_node *n, struct uc_store *store, int64_t epoch, struct uc_error *e)
{
	struct uc_error why;
	UC_TRY(uc_store_begin(n->writer, e));
	enum uc_status status = replay_all(n, store, e);
	if (status == UC_OK) status = uc_log_epoch_set(n->writer, epoch, e);
	if (status == UC_OK && uc_take_sealed(n, n->writer, NULL, &why) != UC_OK)
		uc_log_error("taking a key that was sealed to this node", &why);
	if (status == UC_OK) return uc_store_commit(n->writer, e);
	uc_store_rollback(n->writer);
	return status;
}

/*
 * The head that the publisher told has been in the log that this node followed. Now that it was declared to go on from before it, another
 * change may have its number.
 */
static void forget_told(struct uc_node *n)
{
	struct uc_error e;
	struct uc_link *l = n->link;
	if (l->told == 0 || l->mirror_number < l->told) return;
	l->told = 0;
	if (uc_link_save(n, l->url, uc_buf_slice(&l->founder), 0, NULL, &e) != UC_OK)
		uc_log_error("noting that the log goes on from before the join", &e);
}

static enum uc_status build_anew(struct uc_node *n, struct uc_store *store, int64_t epoch, struct uc_error *e)
{
	struct news all = {.node = n, .view = true};
	int64_t number = 0;
	char hash[65];
	if (n->link->mirror_epoch == epoch) return UC_OK; /* somebody else was faster */
	uc_log(UC_LOG_WARN, "the store's log was declared to go on from an older state: the mirror is built anew");
	forget_told(n);
	UC_TRY(replay_and_commit(n, store, epoch, e));
	UC_TRY(uc_log_head(n->writer, &number, hash, e));
	pthread_mutex_lock(&n->view_lock);
	if (n->view != NULL) n->view->number = 0; /* whatever it shows is gone */
	n->view_due = 0;
	pthread_mutex_unlock(&n->view_lock);
	uc_publish_anew(n);
	take_effect(n, &all, number);
	note_mirror(n, number, hash);
	note_epoch(n, epoch);
	return UC_OK;
}

/* What this node was asked, what it had made, and even that it is a member, may be among what is gone. */
static enum uc_status rebuild(struct uc_node *n, struct uc_store *store, int64_t epoch, struct uc_error *e)
{
	struct news all = {.node = n, .check = true, .jobs = true, .install = true, .member = true};
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = build_anew(n, store, epoch, e);
	pthread_mutex_unlock(&n->write_lock);
	if (status == UC_OK) finish(n, &all);
	return status;
}

/* ---- deciding ---- */

static enum uc_status halt(enum uc_log_next next, const struct uc_log_view *v, struct uc_error *e)
{
	static const char hint[] = "Find the newer copy of the database and bring that back; or, to give up what only this node still has: "
	                           "utils cluster resync --force.";
	if (next == UC_NEXT_AHEAD)
		return uc_fail(e, UC_EIO, "mirror-ahead", hint, "the store ends at change %lld and has lost what this node followed to change %lld",
		               (long long)v->store_number, (long long)v->mirror_number);
	return uc_fail(e, UC_EIO, "mirror-forked", hint, "change %lld in the store is another one than this node has followed",
	               (long long)v->mirror_number);
}

static enum uc_status look(struct uc_node *n, struct uc_store *store, struct uc_log_view *v, char mirror_hash[65], struct uc_log_peek *peek,
                           struct uc_error *e)
{
	pthread_mutex_lock(&n->view_lock);
	v->mirror_number = n->link->mirror_number;
	v->mirror_epoch = n->link->mirror_epoch;
	memcpy(mirror_hash, n->link->mirror_hash, 65);
	pthread_mutex_unlock(&n->view_lock);
	UC_TRY(uc_log_peek(store, v->mirror_number, peek, e));
	v->store_number = peek->number;
	pthread_mutex_lock(&n->view_lock);
	n->link->store_number = peek->number;
	n->link->contact = uc_now();
	pthread_mutex_unlock(&n->view_lock);
	v->store_epoch = peek->epoch;
	v->mirror_hash = mirror_hash;
	v->store_hash_at = peek->hash_at[0] != '\0' ? peek->hash_at : NULL;
	return UC_OK;
}

/* A mirror that has followed through a new epoch without being touched by it takes the number over. */
static enum uc_status take_epoch(struct uc_node *n, const struct uc_log_view *v, struct uc_error *e)
{
	if (v->mirror_epoch == v->store_epoch) return UC_OK;
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = uc_store_begin(n->writer, e);
	if (status == UC_OK) {
		status = uc_log_epoch_set(n->writer, v->store_epoch, e);
		if (status == UC_OK)
			status = uc_store_commit(n->writer, e);
		else
			uc_store_rollback(n->writer);
	}
	if (status == UC_OK) note_epoch(n, v->store_epoch);
	pthread_mutex_unlock(&n->write_lock);
	return status;
}

/* behind: so many changes are still to be followed; 0: none. */
static void note_progress(struct uc_node *n, int64_t behind)
{
	struct uc_link *l = n->link;
	enum uc_link_state state = behind > 0 ? UC_LINK_CATCHING_UP : UC_LINK_FOLLOWING;
	pthread_mutex_lock(&n->view_lock);
	if (behind == 0) l->caught_up = true;
	/* Whether what halted it is over shows only when it has followed to the end. */
	bool keeps = l->state == UC_LINK_REMOVED || (l->state == UC_LINK_HALTED && behind > 0);
	bool news = !keeps && l->state != state;
	long long number = l->mirror_number;
	pthread_mutex_unlock(&n->view_lock);
	if (!keeps) uc_link_set(n, state, NULL);
	if (news && behind > 0)
		uc_log(UC_LOG_INFO, "this node has change %lld, is %lld changes behind the store of its cluster, and catches up", number,
		       (long long)behind);
	else if (news)
		uc_log(UC_LOG_INFO, "this node has caught up and follows the store of its cluster, now at change %lld", number);
}

static enum uc_status follow(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	for (;;) {
		struct uc_log_view v = {.confirmed = 0};
		char mirror_hash[65];
		struct uc_log_peek peek;
		bool aged;
		UC_TRY(look(n, store, &v, mirror_hash, &peek, e));
		switch (uc_log_decide(&v, &aged)) {
		case UC_NEXT_NOTHING:
			UC_TRY(uc_member_check(n, e));
			note_progress(n, 0);
			return take_epoch(n, &v, e);
		case UC_NEXT_APPLY:
			if (v.store_number - v.mirror_number > BATCH) note_progress(n, v.store_number - v.mirror_number);
			UC_TRY(next_batch(n, store, v.mirror_number, e));
			break;
		case UC_NEXT_AHEAD:
			return halt(UC_NEXT_AHEAD, &v, e);
		case UC_NEXT_FORKED:
			return halt(UC_NEXT_FORKED, &v, e);
		case UC_NEXT_REBUILD:
			UC_TRY(rebuild(n, store, v.store_epoch, e));
			break;
		}
	}
}

enum uc_status uc_follow(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	struct uc_error why;
	enum uc_status status = follow(n, store, &why);
	if (status == UC_OK) return UC_OK;
	bool unreachable = status == UC_EUNAVAILABLE || strcmp(why.id, "store-access") == 0;
	uc_link_set(n, unreachable ? UC_LINK_UNREACHABLE : UC_LINK_HALTED, &why);
	if (e != NULL) *e = why;
	return status;
}
