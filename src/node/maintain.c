/* What is due now and then. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/publish.h"

struct in_use {
	struct uc_strv keys;
};

static void note_identity(void *ctx, const struct uc_identity *i)
{
	struct in_use *u = ctx;
	uc_strv_add(&u->keys, i->key_id);
}

static void note_request(void *ctx, const struct uc_request *r)
{
	struct in_use *u = ctx;
	uc_strv_add(&u->keys, r->key_id);
}

static void note_node(void *ctx, const struct uc_node_row *row)
{
	uc_strv_add(ctx, row->name);
}

/* What any node uses: a key that several share is in use as long as one of them needs it. */
static enum uc_status keys_in_use(struct uc_store *store, struct in_use *used, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	UC_TRY(uc_store_nodes(store, note_node, &nodes, e));
	uc_strv_add(&nodes, UC_ALL_NODES);
	for (size_t i = 0; i < nodes.count; i++) {
		UC_TRY(uc_store_identities(store, nodes.items[i], note_identity, used, e));
		UC_TRY(uc_store_requests(store, nodes.items[i], note_request, used, e));
	}
	return UC_OK;
}

/* Keys that nothing has used for as long as a change can be undone. */
static enum uc_status sweep_keys(struct uc_node *n, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv old = {.items = NULL};
	UC_TRY(uc_keys_older(n->keys, uc_now() - (UC_UNDO_DAYS + 1) * UC_DAY, &old, e));
	if (old.count == 0) return UC_OK;
	struct in_use used = {.keys = {.items = NULL}};
	struct uc_lease reader = {.node = NULL};
	enum uc_status status = uc_reader_borrow(n, &reader, e);
	if (status == UC_OK) status = keys_in_use(reader.store, &used, e);
	for (size_t i = 0; status == UC_OK && i < old.count; i++) {
		if (!uc_strv_has(&used.keys, old.items[i])) status = uc_keys_remove(n->keys, old.items[i], e);
	}
	uc_reader_return(&reader);
	uc_strv_free(&used.keys);
	return status;
}

struct purged {
	struct uc_node *node;
	struct uc_strv keys;
	int64_t *numbers;
};

static void note_purged(void *ctx, const char *key, int64_t number)
{
	struct purged *p = ctx;
	if (!uc_keys_has(p->node->keys, key)) return;
	p->numbers = uc_realloc(p->numbers, p->keys.count + 1, sizeof *p->numbers);
	p->numbers[p->keys.count] = number;
	uc_strv_add(&p->keys, key);
}

/* Keys that a change has purged but whose file is still there: a crash or a disk that failed was in the way. */
static enum uc_status destroy_purged(struct uc_node *n, struct uc_error *e)
{
	struct purged p = {.node = n};
	struct uc_lease reader = {.node = NULL};
	enum uc_status status = uc_reader_borrow(n, &reader, e);
	if (status == UC_OK) status = uc_store_purged_keys(reader.store, n->name, note_purged, &p, e);
	uc_reader_return(&reader);
	for (size_t i = 0; i < p.keys.count; i++) uc_key_destroy(n, p.numbers[i], p.keys.items[i]);
	uc_strv_free(&p.keys);
	free(p.numbers);
	return status;
}

/* Once in the life of a process, and while it serves already: a log of years takes long to read. */
static enum uc_status check_log(struct uc_node *n, struct uc_error *e)
{
	if (n->log_check != NULL) return UC_OK; /* only this thread sets it */
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_CLEANUP(uc_follower_freep) struct uc_follower *walk = uc_follower_new(reader.store, uc_link_founder(n));
	enum uc_status status = uc_follower_verify(walk, e);
	pthread_mutex_lock(&n->view_lock);
	/* A disk that failed for a moment says nothing about the log: it is read again next time. */
	bool verdict = status == UC_OK || strcmp(e->id, "log-broken") == 0;
	if (verdict) n->log_check = json_string(status == UC_OK ? "whole" : e->message);
	pthread_mutex_unlock(&n->view_lock);
	return status;
}

/* Has an OAuth key come that the view does not have: a file that was restored, a blob that could not be opened before? */
static bool keys_came(struct uc_node *n, struct uc_store *store, bool signing, bool encryption)
{
	UC_CLEANUP(uc_token_keys_free) struct uc_token_keys now = {.signing = NULL};
	return (!signing && uc_authz_load_signing(n, store, &now, NULL) == UC_OK) ||
	       (!encryption && uc_authz_load_encryption(n, store, &now, NULL) == UC_OK);
}

/* What listens shows the newest state, and was seen to; otherwise it is tried again. */
static enum uc_status retry_effects(struct uc_node *n, struct uc_error *e)
{
	int64_t head;
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_log_head(reader.store, &head, NULL, e));
	bool published = uc_published_well(n);
	pthread_mutex_lock(&n->view_lock);
	bool all_well = uc_self_check_well(n) && n->view->number >= head && published;
	bool signing = n->view->authz.signing != NULL;
	bool encryption = n->view->authz.encryption_id[0] != '\0';
	pthread_mutex_unlock(&n->view_lock);
	if (all_well && !keys_came(n, reader.store, signing, encryption)) return UC_OK;
	UC_TRY(uc_view_refresh(n, reader.store, e));
	uc_reader_return(&reader);
	uc_self_check(n, 0);
	return UC_OK;
}

/* C98: keys that were sealed to this node and for some reason could not be taken when that was followed. */
static enum uc_status take_sealed(struct uc_node *n, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	/* What nobody needs any more was perhaps swept. */
	struct in_use used = {.keys = {.items = NULL}};
	enum uc_status status = keys_in_use(reader.store, &used, e);
	if (status == UC_OK) status = uc_take_sealed(n, reader.store, &used.keys, e);
	uc_strv_free(&used.keys);
	return status;
}

static enum uc_status tidy_mirror(struct uc_node *n, struct uc_error *e)
{
	if (!uc_link_is(n)) return UC_OK;
	UC_CLEANUP(uc_store_closep) struct uc_store *mirror = NULL;
	UC_TRY(uc_store_open(n->url, UC_STORE_READ, &mirror, e));
	return uc_store_tidy(mirror, e);
}

void uc_node_maintain(struct uc_node *n)
{
	struct uc_error e;
	if (tidy_mirror(n, &e) != UC_OK) uc_log_error("tidying the mirror", &e);
	if (take_sealed(n, &e) != UC_OK) uc_log_error("taking keys that are sealed to this node", &e);
	if (check_log(n, &e) != UC_OK) uc_log_error("checking the change log", &e);
	if (destroy_purged(n, &e) != UC_OK) uc_log_error("destroying purged keys", &e);
	if (sweep_keys(n, &e) != UC_OK) uc_log_error("sweeping unused keys", &e);
	if (retry_effects(n, &e) != UC_OK) uc_log_error("serving the newest state", &e);
}
