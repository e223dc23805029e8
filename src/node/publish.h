/*
 * Publishing: the lists and keys by which phones are answered follow the state. A part of each view; what phones can see of it changes only when what it says does.
 */
#ifndef UC_NODE_PUBLISH_H
#define UC_NODE_PUBLISH_H

#include "manage/lists.h"
#include "node/internal.h"
#include "node/phone_internal.h"

/* What was published last; for publish*.c. */
struct uc_published {
	pthread_mutex_t lock;
	struct uc_local *local;
	char shape[65];            /* what the ITL says */
	struct uc_phone_file *itl; /* or NULL; signed: */
	uc_time itl_at;
	int64_t itl_number;
	struct uc_phone_file *ctl;
	struct uc_phone_basis *basis; /* the newest one, */
	char mark[65];                /* and a hash of what it was made from */
	int64_t serial;
	int64_t signed_by; /* the change that the ITL was signed for; 0: one of before this start */
	char signer[40];   /* whose key signed it then */
	char fault[1024];  /* why the ITL could not be signed, or "" */
	int64_t number;    /* the change whose state was published last */
	bool due;          /* not all that phones are answered by could be had: to be tried again */
};

/* Opens the node's own database, and finds there what was published last. */
enum uc_status uc_published_open(struct uc_node *n, struct uc_error *e) UC_MUST;
void uc_published_close(struct uc_node *n);

/*
 * The basis for the state that store shows: the one before, when nothing of it has changed, or when somebody else has published a later state meanwhile.
 * Signs the ITL when it says something new, and records it. Never fails: what cannot be had is said in the basis and in uc_published_judge().
 */
struct uc_phone_basis *uc_publish(struct uc_node *n, struct uc_store *store) __attribute__((returns_nonnull));
/* The log goes on from before: a state with a lower number is to be published next. */
void uc_publish_anew(struct uc_node *n);
/* With the lock: the ITL that phones get is in the node's own database, also after that was lost. */
enum uc_status uc_published_keep(struct uc_published *p, struct uc_error *e) UC_MUST;

/* Records as effects of a change what it made of the lists of this node. */
void uc_publish_effects(struct uc_node *n, int64_t number);
/* Adds what is wrong with the ITL of this node: list-unsigned (it could not be published), list-behind (phones have not fetched it). */
void uc_published_judge(struct uc_node *n, struct uc_store *store, struct uc_findings *out);
/* Adds "ctl-due" when there is a CTL that does not say what it should. */
enum uc_status uc_ctl_judge(struct uc_node *n, struct uc_store *store, struct uc_findings *out, struct uc_error *e) UC_MUST;
/* Is everything published that should be? */
bool uc_published_well(struct uc_node *n);

/* The newest ITL of this node, with its bytes; UC_ENOTFOUND "no-list". */
enum uc_status uc_published_itl(struct uc_node *n, struct uc_list_version *out, struct uc_error *e) UC_MUST;
/* One by its version, and all of them, the newest first, without bytes. */
enum uc_status uc_published_get(struct uc_node *n, const char *version, struct uc_list_version *out, struct uc_error *e) UC_MUST;
enum uc_status uc_published_each(struct uc_node *n, void (*each)(void *ctx, const struct uc_list_version *v), void *ctx,
                                 struct uc_error *e) UC_MUST;

/*
 * The lists that phones were seen to hold, other than the present ones: of this node, and of others as far as those have told. Owned:
 * uc_held_lists_free(). Empty when that cannot be told.
 */
struct uc_held_lists uc_published_held(struct uc_node *n, struct uc_store *store);
/* Those of this node, for its report: an array. Owned. */
json_t *uc_published_held_report(struct uc_node *n, struct uc_store *store);

#endif
