/* What the files of this room share. */
#ifndef UC_NODE_INTERNAL_H
#define UC_NODE_INTERNAL_H

#include <pthread.h>

#include "node/node.h"
#include "node/signin.h"

enum { MAX_POOLED = 8 }; /* each may keep 32 MiB of pages of a large store */

/* What HTTPS is to present to clients of one kind of key. */
struct uc_shown {
	const char *purpose;
	bool ec;
	char fingerprint[UC_FINGERPRINT_HEX];
	size_t chain;     /* certificates in the handshake: the leaf and its intermediates */
	int64_t number;   /* the change that set the identity */
	char fault[1024]; /* why it cannot be presented, or "" */
};

enum { UC_SHOWN = 2 };

/* What servers need per request, never changed after it was made; replaced by one pointer. */
struct uc_view {
	int64_t number; /* the change it shows */
	SSL_CTX *https;
	struct uc_shown shown[UC_SHOWN];
};

struct uc_node {
	char *data, *url;
	char *name, *fqdn, *host, *domain, *guid;
	unsigned roles;
	struct uc_policy policy;
	uc_time started;
	int lock_fd; /* held on DATA/lock for as long as the node is open */
	struct uc_keys *keys;
	pthread_mutex_t write_lock;
	struct uc_store *writer;
	pthread_mutex_t pool_lock;
	struct uc_store *pool[MAX_POOLED];
	size_t pooled;
	pthread_mutex_t view_lock; /* guards the pointers and values below */
	struct uc_view *view;
	json_t *ports;
	char https_address[64];
	json_t *self_check;
	json_t *log_check; /* "whole", or what is wrong with the change log; NULL: unchecked */
	struct uc_sign_in *sign_in;
};

/* A read connection, lent: UC_CLEANUP(uc_reader_return) struct uc_lease r = {0}; uc_reader_borrow(n, &r, e). It is inside a read transaction. */
struct uc_lease {
	struct uc_node *node;
	struct uc_store *store;
};
enum uc_status uc_reader_borrow(struct uc_node *n, struct uc_lease *out, struct uc_error *e) UC_MUST;
void uc_reader_return(struct uc_lease *lease);

/* What tasks see of this node, working on the given connection. */
struct uc_task_context uc_node_context(struct uc_node *n, struct uc_store *store);

/* Makes the view of the state that store shows and swaps it in, unless a newer one is there. On failure the old one stays and serves on. */
enum uc_status uc_view_refresh(struct uc_node *n, struct uc_store *store, struct uc_error *e) UC_MUST;
void uc_view_free(struct uc_view *v);

/*
 * Makes the world match a change that has been committed: swaps what listens, destroys purged keys, looks at its own listeners. What it did is recorded per node and change; failures are
 * retried by uc_node_maintain().
 */
void uc_effects_run(struct uc_node *n, int64_t number, const json_t *steps);
/* Destroys a purged key and records it as an effect of the change. */
void uc_key_destroy(struct uc_node *n, int64_t number, const char *key);
/*
 * Connects to this node's own HTTPS once per kind of key and records what it saw as effects of a change; 0: each of the change that set the identity. True when all is as the view says.
 */
bool uc_self_check(struct uc_node *n, int64_t number);

/* A path for people: {"items":[{"label","subject","fingerprint","state","link","in_store"}],"complete","missing","reason"}; owned. */
enum uc_status uc_chain_json(struct uc_node *n, struct uc_store *store, const char *trust_store, const struct uc_cert *leaf,
                             const struct uc_certs *known, json_t **out, struct uc_error *e) UC_MUST;

#endif
