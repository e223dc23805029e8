/* What tasks share that are about several nodes: who the nodes are, and keys that more than one of them has. Private to this room. */
#ifndef UC_MANAGE_CLUSTER_H
#define UC_MANAGE_CLUSTER_H

#include "manage/task.h"

/* ---- nodes ---- */

struct uc_member {
	struct uc_node_row row;
	unsigned roles;
	struct uc_cert *cert; /* of its node key; NULL for one that was installed before there was one */
	bool there;           /* it has a row; only the node of the context may be without one, while it is installed */
};
struct uc_members {
	struct uc_member *items;
	size_t count;
};
void uc_members_free(struct uc_members *v);
/* All nodes, sorted by name as bytes; the node of the context is always among them. */
enum uc_status uc_members_read(const struct uc_task_context *ctx, struct uc_members *out, struct uc_error *e) UC_MUST;
/* The node of this name that has a row, or NULL. */
const struct uc_member *uc_members_find(const struct uc_members *v, const char *name);
/* As uc_members_find(): UC_ENOTFOUND "no-node" names those that there are. */
enum uc_status uc_members_need(const struct uc_members *v, const char *name, const struct uc_member **out, struct uc_error *e) UC_MUST;
/* The one with the role publisher, or NULL. */
const struct uc_member *uc_members_publisher(const struct uc_members *v);
/* A task's view of this node; borrows from m. */
struct uc_task_context uc_member_context(const struct uc_task_context *ctx, const struct uc_member *m);
/* The values of node.set for a row, as "before" has them; owned. */
json_t *uc_node_row_json(const struct uc_node_row *row);

/* UC_EREFUSED "not-publisher". */
enum uc_status uc_need_publisher(const struct uc_task_context *ctx, struct uc_error *e) UC_MUST;
/*
 * A node's name and domain as a person types them, in lower case; *fqdn, *name and *domain are owned. UC_EINPUT "bad-node-name" for what
 * is no single label of a host name, or stands for all nodes; the errors of uc_san_normalize(). name_field: the argument that the name is
 * from; that of the domain is called so.
 */
enum uc_status uc_node_names(const char *name_field, const char *name, const char *domain, char **name_out, char **domain_out, char **fqdn,
                             struct uc_error *e) UC_MUST;

/*
 * Warns ("not-in-multi-server") of multi-server certificates of purposes of these roles that do not name a host. except (or NULL): a node
 * whose certificates are not looked at.
 */
enum uc_status uc_judge_multi(const struct uc_task_context *ctx, const char *fqdn, unsigned roles, const char *except,
                              struct uc_findings *out, struct uc_error *e) UC_MUST;

/* ---- who depends on trust entries ---- */

/* The certificates of all nodes, read once for all the entries that a change takes away. */
struct uc_dependents {
	struct uc_identity *items;
	size_t count;
};
void uc_dependents_free(struct uc_dependents *d);
enum uc_status uc_dependents_read(const struct uc_task_context *ctx, struct uc_dependents *out, struct uc_error *e) UC_MUST;
/*
 * What depends on a trust entry that is to go, on every node that sees it: chains that break (danger), certificates it issued. except (or
 * NULL): certificates that the same change replaces or
 * removes, as "NODE/PURPOSE".
 */
enum uc_status uc_judge_removal(const struct uc_task_context *ctx, const struct uc_dependents *d, const struct uc_trust *entry,
                                const struct uc_strv *except, struct uc_findings *out, struct uc_error *e) UC_MUST;

/* ---- keys that several nodes have ---- */

/* The nodes that a key is sealed to, sorted by name. Zero-initialised is nobody. */
struct uc_recipient {
	char *name;
	struct uc_cert *cert; /* of its node key; NULL for the node of the context while it has none */
};
struct uc_recipients {
	struct uc_recipient *items;
	size_t count;
};
void uc_recipients_free(struct uc_recipients *r);
/* Copies both. cert may be NULL. */
void uc_recipients_add(struct uc_recipients *r, const char *name, const struct uc_cert *cert);
/* All nodes of the cluster. but (or NULL): one that is left out. Appended to out. */
enum uc_status uc_all_nodes(const struct uc_task_context *ctx, const char *but, struct uc_recipients *out, struct uc_error *e) UC_MUST;
/* Those that have the key of a purpose which several nodes share (uc_purpose.shared). but as above. */
enum uc_status uc_shared_nodes(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const char *but,
                               struct uc_recipients *out, struct uc_error *e) UC_MUST;
/* Those whose roles have a purpose. */
enum uc_status uc_purpose_nodes(const struct uc_task_context *ctx, const struct uc_purpose *purpose, struct uc_recipients *out,
                                struct uc_error *e) UC_MUST;
/* A key of this node, sealed to all of them. blob is appended to. */
enum uc_status uc_seal_to(const struct uc_task_context *ctx, const char *key, const struct uc_recipients *to, struct uc_buf *blob,
                          struct uc_error *e) UC_MUST;

/*
 * A key.seal step for a key that several nodes have. Keys are sealed before the lock on the log is taken: the plan is bound to the
 * certificates that they are sealed to, and to the key when it was there before. Under the lock the blob is put beside the log.
 */
/* One that is made for this change; made is NULL in a preview. */
enum uc_status uc_plan_seal_new(const struct uc_task_context *ctx, const char *purpose, const char *kind, const struct uc_made *made,
                                const struct uc_recipients *to, struct uc_plan *plan, struct uc_error *e) UC_MUST;
/* One that is there, as uc_prepare_reseal() has sealed it. before (or NULL): the sealing that it replaces. */
enum uc_status uc_plan_seal_again(const struct uc_task_context *ctx, const char *purpose, const char *kind, const char *key,
                                  const struct uc_recipients *to, const struct uc_sealed *before, struct uc_plan *plan,
                                  struct uc_error *e) UC_MUST;

struct uc_sealed_list {
	struct uc_sealed *items;
	size_t count;
};
void uc_sealed_list_free(struct uc_sealed_list *v);
/* Those of a purpose (NULL: any), the newest first. */
enum uc_status uc_sealed_list_read(const struct uc_task_context *ctx, const char *purpose, struct uc_sealed_list *out,
                                   struct uc_error *e) UC_MUST;
/* The sealing of a key; *have tells whether there is one. */
enum uc_status uc_sealed_maybe(const struct uc_task_context *ctx, const char *key, struct uc_sealed *out, bool *have,
                               struct uc_error *e) UC_MUST;
/* Seals the key that was made for a shared purpose to the nodes that have it, into made->sealed. */
enum uc_status uc_seal_made(const struct uc_task_context *ctx, struct uc_made *made, struct uc_error *e) UC_MUST;
/* Makes an OAuth encryption key, sealed to all nodes. */
enum uc_status uc_make_encryption(const struct uc_task_context *ctx, struct uc_made *out, struct uc_error *e) UC_MUST;
/* A step that destroys a replaced OAuth key on every node, and what a person must know of such a replacement. */
void uc_plan_purge_shared(const char *purpose, const char *key, struct uc_plan *plan);
void uc_warn_of_rotation(struct uc_findings *out);
/* The roles of the nodes that have a key like this whatever their names are; 0 for that of a multi-server certificate. */
unsigned uc_sealed_roles(const struct uc_sealed *k);
/* Is it one of the OAuth keys? */
bool uc_sealed_rotates(const struct uc_sealed *k);
/* What is under way for a key that was there before: the blob that uc_prepare_reseal() made, empty in a preview. */
struct uc_slice uc_material_resealed(const struct uc_material *m, const char *key);
/*
 * Makes the blobs of the plan's key.seal steps for keys that exist already: for the nodes that each step names, of which newcomer (or
 * NULL) is not in the state yet. From the key itself, else from what was sealed to
 * this node before.
 */
enum uc_status uc_prepare_reseal(struct uc_task_context *ctx, const struct uc_plan *plan, const char *newcomer, const struct uc_cert *cert,
                                 struct uc_material *out, struct uc_error *e) UC_MUST;
/*
 * Steps after which a node is no longer among those that have the multi-server keys, and, with oauth, the OAuth keys: what was sealed to
 * its former key is of no use to another machine.
 */
enum uc_status uc_plan_forget_sealed(const struct uc_task_context *ctx, const char *node, bool oauth, struct uc_plan *plan,
                                     struct uc_error *e) UC_MUST;

/* ---- a node that goes ---- */

/*
 * Steps that take away what belongs to a node: its certificates, its pending requests and the copies of its certificates that the system
 * put into trust stores; with entries (it is not replaced) also what counts on this
 * node alone. What was sealed to it no longer counts. Says what depends on it.
 */
enum uc_status uc_plan_clear_node(const struct uc_task_context *ctx, const struct uc_member *m, bool entries, struct uc_plan *plan,
                                  struct uc_error *e) UC_MUST;

/*
 * The pending joins of a node: a step for each that takes its secret away. before: only those made before this change; 0: all. *count (or
 * NULL) gets their number.
 */
enum uc_status uc_plan_end_joins(const struct uc_task_context *ctx, const char *node, int64_t before, struct uc_plan *plan, size_t *count,
                                 struct uc_error *e) UC_MUST;

#endif
