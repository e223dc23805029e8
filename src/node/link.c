/* The link to the store that the nodes of a cluster share: DATA/cluster.json, the connection for changes, and what is known of the store. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "node/internal.h"
#include "node/join.h"

enum { MAX_FILE = 1024 * 1024 };

/* ---- DATA/cluster.json ---- */

static char *file_of(const struct uc_node *n)
{
	return uc_sprintf("%s/cluster.json", n->data);
}

bool uc_link_there(const struct uc_node *n)
{
	UC_CLEANUP(uc_freep) char *path = file_of(n);
	return uc_file_exists(path);
}

enum uc_status uc_link_save(struct uc_node *n, const char *url, struct uc_slice founder, int64_t told, const char *told_hash,
                            struct uc_error *e)
{
	UC_CLEANUP(uc_certs_free) struct uc_certs self = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = UC_BUF_EMPTY;
	uc_certs_take(&self, uc_cert_dup(uc_keys_node_cert(n->keys)));
	UC_TRY(uc_seal(uc_slice_str(url), &self, &sealed, e));
	UC_CLEANUP(uc_freep) char *store = uc_base64(uc_buf_slice(&sealed));
	UC_CLEANUP(uc_freep) char *cert = uc_base64(founder);
	json_t *root = json_pack("{s:s, s:s, s:{s:I, s:s}}", "store", store, "founder", cert, "head", "number", (json_int_t)told, "hash",
	                         told > 0 ? told_hash : "");
	UC_CLEANUP(uc_freep) char *text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	UC_CLEANUP(uc_freep) char *path = file_of(n);
	return uc_file_write(path, uc_slice_str(text), 0600, e);
}

static enum uc_status damaged(const char *path, struct uc_error *e)
{
	return uc_fail(e, UC_EIO, "cluster-file-damaged", "Restore it from a backup of this node, or have the node join again.",
	               "%s cannot be read: this node no longer knows where its cluster's store is", path);
}

static bool read_base64(const json_t *root, const char *name, struct uc_buf *out)
{
	const char *text = json_string_value(json_object_get(root, name));
	return text != NULL && uc_unbase64(uc_slice_str(text), out) && out->len > 0;
}

/* What the file says goes into the link. */
static enum uc_status take_file(struct uc_node *n, const json_t *root, const char *path, struct uc_error *e)
{
	struct uc_link *l = n->link;
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf url = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf founder = UC_BUF_EMPTY;
	const json_t *head = json_object_get(root, "head");
	if (!read_base64(root, "store", &sealed) || !read_base64(root, "founder", &founder) || !json_is_object(head)) return damaged(path, e);
	UC_TRY(uc_keys_unseal(n->keys, uc_buf_slice(&sealed), &url, e));
	l->told = json_integer_value(json_object_get(head, "number"));
	const char *hash = json_string_value(json_object_get(head, "hash"));
	if (l->told > 0 && (hash == NULL || strlen(hash) != sizeof l->told_hash - 1)) return damaged(path, e);
	if (l->told > 0) memcpy(l->told_hash, hash, sizeof l->told_hash);
	UC_CLEANUP(uc_freep) char *text = uc_strndup((const char *)url.ptr, url.len);
	uc_link_adopt(n, text, uc_buf_slice(&founder), NULL);
	explicit_bzero(text, strlen(text));
	return UC_OK;
}

static enum uc_status read_file(struct uc_node *n, bool *there, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *path = file_of(n);
	*there = uc_file_exists(path);
	if (!*there) return UC_OK;
	UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
	UC_TRY(uc_file_read(path, MAX_FILE, &text, e));
	json_t *root = json_loadb((const char *)text.ptr, text.len, 0, NULL);
	enum uc_status status = root != NULL ? take_file(n, root, path, e) : damaged(path, e);
	json_decref(root);
	return status;
}

/* ---- open and close ---- */

void uc_link_adopt(struct uc_node *n, const char *url, struct uc_slice founder, struct uc_store *central)
{
	struct uc_link *l = n->link;
	if (l->url != NULL) uc_secret_free(l->url, strlen(l->url));
	uc_follower_free(l->follower);
	l->url = uc_strdup(url);
	uc_buf_free(&l->founder);
	uc_buf_add_slice(&l->founder, founder);
	l->central = central;
	l->follower = uc_follower_new(n->writer, founder);
	pthread_mutex_lock(&n->view_lock);
	l->linked = l->member_due = true;
	l->state = UC_LINK_UNREACHABLE;
	snprintf(l->reason, sizeof l->reason, "the store has not been reached since this node started");
	pthread_mutex_unlock(&n->view_lock);
}

/* Everything that the publisher told is on disk before any of it is used. */
static enum uc_status join(struct uc_node *n, const struct uc_node_config *config, struct uc_error *e)
{
	struct uc_join_secret secret;
	UC_CLEANUP(uc_join_told_free) struct uc_join_told told = {.node = NULL};
	if (config->join_secret == NULL)
		return uc_fail(e, UC_EINPUT, "join-secret-missing",
		               "Make one on the publisher (set node add) and name its file with --join-secret-file.",
		               "joining a cluster needs a join secret");
	UC_TRY(uc_join_secret_read(config->join_secret, &secret, e));
	uc_log(UC_LOG_INFO, "asking the publisher at %s to let this node join", config->join);
	/* What the system would call the node is no wish of anybody's. A name may have been given with its domain. */
	bool domain = config->domain != NULL || (config->name != NULL && strchr(config->name, '.') != NULL);
	const struct uc_join_wish wish = {.name = config->name != NULL ? n->name : NULL, .domain = domain ? n->domain : NULL, .guid = n->guid};
	UC_TRY(uc_join_ask(config->join, &secret, n->keys, &wish, &told, e));
	uc_crash_point("join-answered");
	UC_TRY(uc_roles_parse(told.roles, &n->roles, e));
	UC_TRY(uc_node_take_names(n, told.node, told.domain, e));
	UC_TRY(uc_link_save(n, told.store, uc_buf_slice(&told.founder), told.head, told.hash, e));
	uc_crash_point("join-saved");
	n->link->told = told.head;
	memcpy(n->link->told_hash, told.hash, sizeof told.hash);
	uc_link_adopt(n, told.store, uc_buf_slice(&told.founder), NULL);
	return UC_OK;
}

/*
 * A join that was broken off may have left the way to the store of an answer that was not the last one: the publisher gave out another
 * password after it. As long as nothing has come of the join it is asked again.
 */
static enum uc_status join_again(struct uc_node *n, const struct uc_node_config *config, struct uc_error *e)
{
	UC_CLEANUP(uc_store_closep) struct uc_store *store = NULL;
	struct uc_error why;
	if (config->join == NULL || config->join_secret == NULL) return UC_OK;
	if (uc_store_open(n->link->url, UC_STORE_READ, &store, &why) == UC_OK || strcmp(why.id, "store-access") != 0) return UC_OK;
	return join(n, config, e);
}

enum uc_status uc_link_open(struct uc_node *n, const struct uc_node_config *config, struct uc_error *e)
{
	bool there;
	int64_t head;
	UC_TRY(read_file(n, &there, e));
	if (!there && config->join == NULL) return UC_OK;
	UC_TRY(uc_log_head(n->writer, &head, NULL, e));
	if (!there && head > 0)
		return uc_fail(e, UC_ECONFLICT, "installed-already", "Give the new node an empty data directory.",
		               "%s holds a node that is installed already: its changes would be lost by joining a cluster", n->data);
	if (!there)
		UC_TRY(join(n, config, e));
	else if (head == 0)
		UC_TRY(join_again(n, config, e));
	return uc_store_relax(n->writer, e);
}

struct uc_link *uc_link_make(void)
{
	struct uc_link *l = uc_zalloc(1, sizeof *l);
	pthread_mutex_init(&l->lock, NULL);
	pthread_mutex_init(&l->work_lock, NULL);
	uc_cond_init(&l->work);
	l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->states = json_object();
	return l;
}

static bool start_thread(pthread_t *thread, void *(*run)(void *), struct uc_node *n)
{
	return pthread_create(thread, NULL, run, n) == 0;
}

enum uc_status uc_link_threads(struct uc_node *n, struct uc_error *e)
{
	struct uc_link *l = n->link;
	l->follower_runs = start_thread(&l->follower_thread, uc_follow_thread, n);
	l->worker_runs = start_thread(&l->worker_thread, uc_worker_thread, n);
	if (l->follower_runs && l->worker_runs) return UC_OK;
	return uc_fail(e, UC_EINTERNAL, "no-thread", "Look at the limits of this user and this machine.",
	               "no thread can be started for following");
}

/* Has this node certificates of its own already, so that it can serve? */
static enum uc_status is_installed(struct uc_node *n, bool *out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
	enum uc_status status = uc_store_identity(reader.store, n->name, "tomcat", &i, e);
	*out = status == UC_OK && uc_keys_has(n->keys, i.key_id);
	return status == UC_ENOTFOUND ? UC_OK : status;
}

/* Follows to the end and installs what the node needs, before any thread runs. */
static enum uc_status first_follow(struct uc_node *n, struct uc_error *e)
{
	struct uc_store *store = NULL;
	UC_TRY(uc_follow_connect(n, &store, e));
	enum uc_status status = uc_follow(n, store, e);
	if (status == UC_OK) status = uc_node_install(n, NULL, e);
	uc_follow_disconnect(n, store); /* the thread makes a claim of its own */
	pthread_mutex_lock(&n->view_lock);
	n->link->tried = false;
	pthread_mutex_unlock(&n->view_lock);
	return status;
}

enum uc_status uc_link_start(struct uc_node *n, struct uc_error *e)
{
	bool installed = false;
	UC_TRY(uc_log_head(n->writer, &n->link->mirror_number, n->link->mirror_hash, e));
	UC_TRY(uc_log_epoch(n->writer, &n->link->mirror_epoch, e));
	UC_TRY(uc_member_take_place(n, e));
	UC_TRY(is_installed(n, &installed, e));
	if (!installed) {
		UC_TRY(first_follow(n, e));
	} else {
		UC_TRY(uc_view_refresh(n, n->writer, e));
		n->link->install_due = true;
	}
	uc_member_tell_roles(n);
	return uc_link_threads(n, e);
}

void uc_link_close(struct uc_node *n)
{
	struct uc_link *l = n->link;
	if (l == NULL) return;
	pthread_mutex_lock(&l->work_lock);
	l->ending = true;
	pthread_cond_broadcast(&l->work);
	pthread_mutex_unlock(&l->work_lock);
	uc_link_kick(n);
	if (l->follower_runs) pthread_join(l->follower_thread, NULL);
	if (l->worker_runs) pthread_join(l->worker_thread, NULL);
	uc_store_close(l->central);
	uc_follower_free(l->follower);
	if (l->url != NULL) uc_secret_free(l->url, strlen(l->url));
	uc_buf_free(&l->founder);
	json_decref(l->states);
	json_decref(l->effects);
	if (l->wake >= 0) close(l->wake);
	pthread_mutex_destroy(&l->lock);
	pthread_mutex_destroy(&l->work_lock);
	pthread_cond_destroy(&l->work);
	free(l);
	n->link = NULL;
}

/* ---- what is known ---- */

bool uc_link_is(struct uc_node *n)
{
	pthread_mutex_lock(&n->view_lock);
	bool linked = n->link->linked;
	pthread_mutex_unlock(&n->view_lock);
	return linked;
}

struct uc_slice uc_link_founder(struct uc_node *n)
{
	if (uc_link_is(n)) return uc_buf_slice(&n->link->founder);
	return uc_buf_slice(&uc_keys_node_cert(n->keys)->der);
}

void uc_link_kick(struct uc_node *n)
{
	const uint64_t one = 1;
	/* It can only fail when it is set already. */
	if (write(n->link->wake, &one, sizeof one) < 0 && errno != EAGAIN)
		uc_log(UC_LOG_ERROR, "cannot wake the follower: %s", strerror(errno));
}

void uc_link_set(struct uc_node *n, enum uc_link_state state, const struct uc_error *why)
{
	struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	/* A node that was taken out, or whose log is in doubt, does not become whole because the connection fails besides. */
	bool keeps = l->state == UC_LINK_REMOVED || (state == UC_LINK_UNREACHABLE && l->state == UC_LINK_HALTED);
	bool news = !keeps && (l->state != state || (why != NULL && strcmp(l->id, why->id) != 0));
	if (!keeps) {
		l->state = state;
		snprintf(l->id, sizeof l->id, "%s", why != NULL ? why->id : "");
		snprintf(l->reason, sizeof l->reason, "%s", why != NULL ? why->message : "");
	}
	pthread_mutex_unlock(&n->view_lock);
	if (news && why != NULL) uc_log_error("this node is read-only", why);
}

enum uc_status uc_link_writable(struct uc_node *n, struct uc_error *e)
{
	static const char *const hints[] = {
	    [UC_LINK_UNREACHABLE] = "Reading, TLS and trust questions go on; repeat it when the store answers again (show cluster).",
	    [UC_LINK_HALTED] = "Reading, TLS and trust questions go on; show cluster says what is wrong.",
	    [UC_LINK_REMOVED] = "Have it join again with an empty data directory (set node add --replace), or switch it off.",
	};
	struct uc_link *l = n->link;
	enum uc_status status = UC_OK;
	pthread_mutex_lock(&n->view_lock);
	if (l->linked && l->tried && !l->claimed && l->state == UC_LINK_UNREACHABLE)
		status = uc_fail(e, UC_EUNAVAILABLE, "read-only", hints[l->state], "this node is read-only: %s", l->reason);
	bool stopped = l->linked && (l->state == UC_LINK_HALTED || l->state == UC_LINK_REMOVED);
	if (stopped)
		status = uc_fail(e, UC_EUNAVAILABLE, "read-only", hints[l->state], "this node is read-only: %s", l->reason);
	else if (l->linked && l->clock_off)
		status = uc_fail(e, UC_EUNAVAILABLE, "read-only", "Set the clock of this machine (NTP).", "this node is read-only: %s", l->clock);
	pthread_mutex_unlock(&n->view_lock);
	return status;
}

/* ---- the connection for changes ---- */

static enum uc_status read_only(struct uc_error *e, const struct uc_error *why)
{
	return uc_fail(e, UC_EUNAVAILABLE, "read-only",
	               "Reading, TLS and trust questions go on; repeat it when the store answers again (show cluster).",
	               "this node is read-only: %s", why->message);
}

static void drop_central(struct uc_link *l)
{
	uc_store_close(l->central);
	l->central = NULL;
}

/* Under the lock. */
static enum uc_status connect_central(struct uc_link *l, struct uc_error *e)
{
	if (l->central != NULL && !uc_store_lost(l->central)) return UC_OK;
	drop_central(l);
	return uc_store_open(l->url, UC_STORE_WRITE, &l->central, e);
}

/* The store must go on from where the mirror is: after a failover it may have lost what this node has seen. */
static enum uc_status check_order(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	pthread_mutex_lock(&n->view_lock);
	int64_t number = n->link->mirror_number;
	char mine[65];
	memcpy(mine, n->link->mirror_hash, sizeof mine);
	pthread_mutex_unlock(&n->view_lock);
	struct uc_log_peek peek;
	UC_TRY(uc_log_peek(store, number, &peek, e));
	if (number == 0 || strcmp(mine, peek.hash_at) == 0) return UC_OK;
	uc_link_kick(n); /* the follower says what it is, in full */
	return uc_fail(e, UC_EUNAVAILABLE, "mirror-ahead", NULL, "the store does not have change %lld, which this node has followed",
	               (long long)number);
}

/* A node that has just started first has to be known as the only one of its name. */
static void await_claim(struct uc_node *n)
{
	enum { STEPS = 60, STEP_NS = 50000000 };
	for (int i = 0; i < STEPS; i++) {
		pthread_mutex_lock(&n->view_lock);
		bool known = n->link->tried;
		pthread_mutex_unlock(&n->view_lock);
		if (known) return;
		nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
	}
}

static enum uc_status begin_shared(struct uc_node *n, struct uc_error *e)
{
	struct uc_link *l = n->link;
	UC_TRY(connect_central(l, e));
	UC_TRY(uc_store_begin(l->central, e));
	return check_order(n, l->central, e);
}

enum uc_status uc_central_begin(struct uc_node *n, struct uc_store **out, struct uc_error *e)
{
	enum { SOON_MS = 10000 };
	struct uc_link *l = n->link;
	pthread_mutex_lock(&l->lock);
	if (l->url == NULL) {
		pthread_mutex_lock(&n->write_lock);
		*out = n->writer;
		enum uc_status status = uc_store_begin(n->writer, e);
		if (status == UC_OK) return UC_OK;
		uc_central_rollback(n);
		return status;
	}
	struct uc_error why = {.code = UC_OK};
	await_claim(n);
	enum uc_status status = uc_link_writable(n, &why);
	if (status == UC_OK) {
		int64_t soon = uc_monotonic_ns() + (int64_t)SOON_MS * 1000000;
		status = begin_shared(n, &why);
		/* A connection that has lain idle may be dead without anybody having noticed; one that was silent has been waited for long enough. */
		bool anew = status != UC_OK && l->central != NULL && uc_store_lost(l->central) && uc_monotonic_ns() < soon;
		if (anew) status = begin_shared(n, &why);
		/* Also a store that this program or this account may not use. */
		if (status == UC_EUNAVAILABLE || status == UC_EREFUSED || status == UC_ENOTFOUND) status = read_only(&why, &why);
	}
	*out = l->central;
	if (status == UC_OK) return UC_OK;
	if (e != NULL) *e = why;
	uc_central_rollback(n);
	return status;
}

void uc_central_rollback(struct uc_node *n)
{
	struct uc_link *l = n->link;
	if (l->url == NULL) {
		uc_store_rollback(n->writer);
		pthread_mutex_unlock(&n->write_lock);
	} else if (l->central != NULL) {
		uc_store_rollback(l->central);
	}
	pthread_mutex_unlock(&l->lock);
}

enum uc_status uc_central_commit(struct uc_node *n, struct uc_error *e)
{
	struct uc_link *l = n->link;
	if (l->url == NULL) {
		enum uc_status status = uc_store_commit(n->writer, e);
		struct uc_error view_error;
		if (status == UC_OK && uc_view_refresh(n, n->writer, &view_error) != UC_OK)
			uc_log_error("cannot serve the new state, the old one stays in use", &view_error);
		pthread_mutex_unlock(&n->write_lock);
		pthread_mutex_unlock(&l->lock);
		return status;
	}
	enum uc_status status = uc_store_commit(l->central, e);
	struct uc_error follow_error;
	/* It is done whatever comes of this: the follower's own thread brings it here as well. */
	if (status == UC_OK && uc_follow(n, l->central, &follow_error) != UC_OK) uc_log_error("following the own change", &follow_error);
	pthread_mutex_unlock(&l->lock);
	return status;
}

enum uc_status uc_central_borrow(struct uc_node *n, struct uc_store **out, struct uc_error *e)
{
	struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	bool likely = l->linked && l->state != UC_LINK_UNREACHABLE;
	struct uc_error why;
	(void)uc_fail(&why, UC_EUNAVAILABLE, "store-unreachable", NULL, "%s", l->reason);
	pthread_mutex_unlock(&n->view_lock);
	/* Nobody waits for a host that is known to be silent: the follower tries it all the time. */
	if (!likely) {
		if (e != NULL) *e = why;
		return UC_EUNAVAILABLE;
	}
	pthread_mutex_lock(&l->lock);
	enum uc_status status = connect_central(l, e);
	if (status != UC_OK) {
		pthread_mutex_unlock(&l->lock);
		return status;
	}
	*out = l->central;
	return UC_OK;
}

void uc_central_return(struct uc_node *n)
{
	pthread_mutex_unlock(&n->link->lock);
}
