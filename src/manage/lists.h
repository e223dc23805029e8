/*
 * Trust lists, from the state: what the ITL of each node and the CTL of the cluster say. One function derives them all, from a source: the state, or the state that the steps of a plan would lead to, so that a preview
 * tells what phones will be given, and whether they will accept it.
 */
#ifndef UC_MANAGE_LISTS_H
#define UC_MANAGE_LISTS_H

#include "manage/cluster.h"
#include "trustlist/list.h"

/* ---- what lists are made from ---- */

struct uc_list_source;

/* Reads the state. Owned: uc_list_source_free(). */
enum uc_status uc_list_source_read(const struct uc_task_context *ctx, struct uc_list_source **out, struct uc_error *e) UC_MUST;
void uc_list_source_free(struct uc_list_source *s);
UC_DEFINE_CLEANUP(uc_list_source_freep, struct uc_list_source, uc_list_source_free)
/* What the steps of a plan make of it. Certificates that are not made yet are unknown ones. */
enum uc_status uc_list_source_apply(struct uc_list_source *s, const json_t *steps, struct uc_error *e) UC_MUST;
bool uc_list_source_mixed(const struct uc_list_source *s);
/* The nodes that serve phones, each with an ITL of its own, sorted. Borrowed. */
const struct uc_strv *uc_list_source_nodes(const struct uc_list_source *s);
/* The TVS certificates that answer. Borrowed. */
const struct uc_tl_known *uc_list_source_tvs(const struct uc_list_source *s, size_t *count);

/* ---- what a list says ---- */

struct uc_list_entry {
	char *node;           /* whose certificate it is; "" for one of a trust store */
	const char *purpose;  /* "CallManager", or the trust store. Static */
	unsigned role;        /* uc_tl_role */
	struct uc_cert *cert; /* NULL: an empty record, or one that is not made yet */
	bool unmade;
	uint8_t fingerprint[UC_FINGERPRINT_LEN]; /* zeros of an empty record; something that no certificate has, of one that is not made */
	char *key;                               /* its id */
	bool key_here;                           /* the node whose list it is has the key */
};

struct uc_list_draft {
	bool ctl;
	char *node; /* whose ITL it is, or UC_ALL_NODES */
	struct uc_list_entry *entries;
	size_t count;
	long signer; /* the entry that signs, or -1 */
	char *other; /* why not the one that should sign, or NULL; without any signer: why none can */
	enum uc_tl_digest digest;
	int signer_version;
};
void uc_list_draft_free(struct uc_list_draft *d);
/* The ITL of a node, or (NULL) the CTL. force: the purpose that is to sign, whatever the setting says; or NULL. */
void uc_list_draft_make(const struct uc_list_source *s, const char *node, const char *force, struct uc_list_draft *out);
/* The lists that a purpose's certificates stand in, in some mode: ["ITL","CTL"]. Owned. */
json_t *uc_list_names_with(const char *purpose);
/* What it says, without time and signature, as a hash (hex); and the same of a file that was published: equal when that need not be published anew. */
void uc_list_draft_shape(const struct uc_list_draft *d, char out[65]);
void uc_list_file_shape(const struct uc_tl *l, char out[65]);
/*
 * Signs it with the signer's key, for this time; appended to out. UC_EREFUSED "list-unsigned" when nobody can sign it; the errors of uc_tl_write() and uc_keys_get().
 */
enum uc_status uc_list_draft_sign(const struct uc_list_draft *d, struct uc_keys *keys, uc_time at, struct uc_buf *out,
                                  struct uc_error *e) UC_MUST;
/* The same with zeros in the place of the signature: to show, and to compare (uc_tl_diff()). Only without entries that are not made. */
enum uc_status uc_list_draft_unsigned(const struct uc_list_draft *d, uc_time at, struct uc_buf *out, struct uc_error *e) UC_MUST;
/* What a phone that takes it knows from it. Free with free(). */
struct uc_tl_known *uc_list_draft_known(const struct uc_list_draft *d, size_t *count);

/* ---- the CTL that is published ---- */

/* *have tells whether there is one. out is freed with uc_tl_free() in either case. */
enum uc_status uc_list_published(struct uc_store *store, struct uc_tl *out, bool *have, struct uc_error *e) UC_MUST;

/* ---- judging ---- */

/* A list that some phones have fetched last. */
struct uc_held_list {
	bool present;              /* the one that is published now; also, with count 0, when none is */
	uc_time at;                /* when it was published */
	struct uc_tl_known *known; /* what a phone knows from it; owned */
	size_t count;              /* 0: they have none */
};
/* What some phones hold that fetch from a node, as far as is known; of the two lists at least one is not the present one. */
struct uc_held {
	char *node; /* owned */
	struct uc_held_list itl, ctl;
	int64_t phones;
};
struct uc_held_lists {
	struct uc_held *items;
	size_t count;
	int64_t phones, behind; /* that are known, on all nodes; that have not fetched the present ITL of theirs */
};
void uc_held_lists_free(struct uc_held_lists *v);

/*
 * Says in a plan what its steps do to the lists: which change by themselves (a follow-up of the kind "lists"), that the CTL is to be published (kind "ctl-update"), who signs, and whether phones will accept it: findings
 *   list-by-tvs    warn: only because a TVS vouches for the new signer
 *   list-stranded  danger: phones keep the old list, and with it refuse what is signed from now on
 *   list-behind    warn: phones have not fetched the present list yet
 *   list-signer    warn: another one than usual signs, and why
 *   list-unsigned  danger: nobody can sign the list any more
 *   list-unwritable  danger: it would be larger than phones load, or has a key that they cannot use
 *   list-gains, list-loses  note: a record
 */
enum uc_status uc_plan_lists(struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e) UC_MUST;

#endif
