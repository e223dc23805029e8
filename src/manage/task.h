/*
 * Tasks: every administrator's work on certificates, as a pair of functions. One table, so that preview, confirmation, audit, undo and recovery are the same for each.
 */
#ifndef UC_MANAGE_TASK_H
#define UC_MANAGE_TASK_H

#include "keys/keys.h"
#include "manage/plan.h"
#include "pki/request.h"
#include "store/cluster.h"

/* Decisions of the configuration that tasks obey. */
struct uc_policy {
	bool san_mismatch_refused; /* a certificate whose names differ from its request's is refused, not only warned of */
	bool rfc8813;              /* EC keys do not carry keyEncipherment and dataEncipherment */
	bool strict_times;         /* GeneralizedTime before 2050 is refused */
	int years;                 /* validity of self-signed certificates; 0: the catalogue's */
};

/* What a task is asked to do; all borrowed. */
struct uc_task_request {
	const char *task;        /* a name of the table below */
	const json_t *args;      /* object of the task's arguments */
	struct uc_slice content; /* an uploaded file */
	const char *password;    /* of that file, or NULL */
};

/* A key, and what was made with it, before the lock on the log was taken. */
struct uc_made {
	char purpose[40];
	char key[UC_KEY_ID_LEN];
	struct uc_buf der;    /* a certificate or a request */
	struct uc_buf sealed; /* the key, sealed to every node, when several have it */
};

struct uc_material {
	struct uc_made *items; /* what was made; its keys go again when the change does not happen */
	size_t count;
	struct uc_made *resealed; /* keys that were there before, sealed anew */
	size_t resealed_count;
	struct uc_buf verifier; /* of the first administrator's password */
	struct uc_buf secret;   /* told to the caller, once and nobody else: a join secret, a node's connection string */
	uc_time at;
};
void uc_material_free(struct uc_material *m);

struct uc_held_lists;

/* Where a task works: a node and its state. All borrowed. */
struct uc_task_context {
	struct uc_store *store; /* inside a read or write transaction */
	struct uc_keys *keys;
	const char *node; /* its name in the cluster */
	const char *fqdn, *host, *domain;
	const char *guid; /* of the node, made when it was installed */
	unsigned roles;
	struct uc_policy policy;
	uc_time now;
	bool clustered;                     /* several nodes can share the store */
	bool elsewhere;                     /* a preview of what another node will do: its keys are not here, and count as there */
	const struct uc_material *material; /* NULL: a preview */
	/* The lists that phones were seen to fetch (manage/lists.h), borrowed; NULL: nobody can tell. */
	const struct uc_held_lists *(*held)(void *held_ctx, struct uc_store *store);
	void *held_ctx;
};

/* Where a task can be carried out. */
enum uc_task_place {
	UC_TASK_ANYWHERE,  /* on the node that it is addressed to */
	UC_TASK_PUBLISHER, /* on the publisher; asked of another node, it becomes a job for the publisher */
	UC_TASK_HERE       /* only where it is asked for, which must be the publisher: its answer is a secret */
};

struct uc_task {
	const char *name;
	enum uc_task_place place;
	/* Makes keys and what depends on them, outside any lock; NULL when the task needs none. plan is the preview that was agreed to. */
	enum uc_status (*prepare)(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan,
	                          struct uc_material *out, struct uc_error *e);
	/*
	 * What belongs to the change and is no step, inside its transaction and before its steps: credentials in the database. NULL for most.
	 */
	enum uc_status (*beside)(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_material *m, struct uc_error *e);
	/*
	 * Makes the plan from the state and the request, without side effects. What forbids the task is a finding of weight UC_REFUSED; a returned error means that no plan can
	 * be made at all (unknown purpose, unreadable file).
	 */
	enum uc_status (*plan)(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e);
};

/*
 * Makes the plan of a task: its own function's, and what its steps do to the trust lists that phones hold (uc_plan_lists()).
 */
enum uc_status uc_task_plan(const struct uc_task *task, struct uc_task_context *ctx, const struct uc_task_request *req,
                            struct uc_plan *plan, struct uc_error *e) UC_MUST;

/* UC_ENOTFOUND "no-task". */
enum uc_status uc_task_find(const char *name, const struct uc_task **out, struct uc_error *e) UC_MUST;

/*
 * The tasks and their arguments:
 *   install       {}                                the node's missing certificates, its row, the first administrator
 *   cert-regen    {purpose, key?, hash?, years?}
 *   csr-gen       {purpose, distribution?, common_name?, subject_alt_names?, parent_domain?, key?, hash?, country?, state?, locality?, organization?, organizational_unit?}
 *   csr-delete    {purpose, distribution?}          without: the node's own, else the one that all nodes share
 *   import-own    {purpose}                         and the uploaded file
 *   import-trust  {store, description?, scope?}     and the uploaded file
 *   delete-trust  {store, name}
 *   undo          {number}
 *   key-purge     {key}
 *   account-password {name, verifier}               made by uc_node_set_password()
 *   followup-done {ids}                             of follow-ups that are open (store/followup.h)
 *   node-add      {node, domain?, roles?, hours?, replace?}   a join secret for a new node, or for a replacement of one
 *   node-join     {id, node, certificate, guid}     made by the publisher when the node shows the secret (node/join.h)
 *   node-remove   {node}
 *   node-rename   {node, name?, domain?}
 *   encryption-regen {}                             the OAuth encryption key; the signing key is cert-regen {"purpose":"authz"}
 *   web-reload    {}                                no change: the node loads its TLS contexts anew
 *   ctl-mode      {mode}                            "mixed-mode" or "non-secure-mode": and the CTL is published
 *   ctl-update    {}                                the CTL is published as the state is, signed by ITLRecovery
 *   ctl-reset     {}                                the same, signed by CallManager
 *   itl-reset     {}                                CallManager signs the ITLs,
 *   itl-update    {}                                ITLRecovery does again
 *   setting-set   {name, value}                     of the settings of catalog/setting.h that no other task changes
 */

/* Says whether a change (as uc_log_get() gives it) can be taken back: nothing is added to out when it can, else findings of weight UC_REFUSED that say why not. */
enum uc_status uc_undo_judge(const struct uc_task_context *ctx, const json_t *change, struct uc_findings *out, struct uc_error *e) UC_MUST;

/* The failure UC_ENOTFOUND "no-certificate" of a name that a trust store does not have, with names like it in the hint. */
enum uc_status uc_trust_missing(struct uc_store *store, const char *trust_store, const char *name, struct uc_error *e) UC_MUST;

/* Is this host among the certificate's alternative names, by itself or by a wildcard for its domain (RFC 9525 section 6.3)? */
bool uc_cert_names_node(const struct uc_cert *c, const char *fqdn);

/*
 * What csr-gen with these arguments would ask for: {"purpose","distribution","distributions":[..],"common_name" (null: made anew each time),"subject_alt_names":[..] (all of them),"parent_domain" ("": none),
 * "key","keys":[..],"hash","hashes":[..]}, owned. The errors of csr-gen.
 */
enum uc_status uc_csr_defaults(struct uc_task_context *ctx, const struct uc_task_request *req, json_t **out, struct uc_error *e) UC_MUST;

/* The kinds of key that a purpose can have ("rsa-2048", ...), and its distributions, as lists. Owned. */
json_t *uc_purpose_keys(const struct uc_purpose *purpose);
json_t *uc_purpose_distributions(const struct uc_purpose *purpose);

/* ---- what the tasks share (private to this room) ---- */

/* The string argument, or NULL; UC_EINPUT "bad-argument" when it is there and no string. */
enum uc_status uc_arg_text(const struct uc_task_request *req, const char *name, const char **out, struct uc_error *e) UC_MUST;
/* As uc_arg_text(); UC_EINPUT "argument-missing" when it is not there. */
enum uc_status uc_arg_need(const struct uc_task_request *req, const char *name, const char **out, struct uc_error *e) UC_MUST;
/* The whole number of the argument, or otherwise when it is not given; UC_EINPUT id when it is none from lo to hi. what: how it is called in the message. */
enum uc_status uc_arg_number(const struct uc_task_request *req, const char *name, const char *id, const char *what, int lo, int hi,
                             int otherwise, int *out, struct uc_error *e) UC_MUST;
/* Puts the name of the argument at fault into a failure that other rooms have described. Returns status. */
enum uc_status uc_arg_blame(enum uc_status status, const char *field, struct uc_error *e) UC_MUST;
/* The purpose named in the arguments, which this node's roles must have; UC_EREFUSED "purpose-not-here". */
enum uc_status uc_arg_purpose(const struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_purpose **out,
                              struct uc_error *e) UC_MUST;

/* What was made for a purpose, or NULL in a preview. */
const struct uc_made *uc_material_get(const struct uc_material *m, const char *purpose);
/* An identity, or NULL, and a request as the members of a "before", owned. */
json_t *uc_identity_before(const struct uc_identity *i);
json_t *uc_request_before(const struct uc_request *r);
/* The node's identity for a purpose; *have tells whether there is one. */
enum uc_status uc_identity_maybe(const struct uc_task_context *ctx, const char *purpose, struct uc_identity *out, bool *have,
                                 struct uc_error *e) UC_MUST;
/* The pending request for a purpose; *have tells whether there is one. */
enum uc_status uc_request_maybe(const struct uc_task_context *ctx, const char *purpose, struct uc_request *out, bool *have,
                                struct uc_error *e) UC_MUST;
/* The same for the one that all nodes share (multi-server). */
enum uc_status uc_request_shared(const struct uc_task_context *ctx, const char *purpose, struct uc_request *out, bool *have,
                                 struct uc_error *e) UC_MUST;
/* A certificate as base64 DER, or JSON null; owned. */
json_t *uc_cert_json(const struct uc_cert *cert);
/* An identity.set step; cert is NULL in a preview. */
json_t *uc_plan_identity_step(const struct uc_task_context *ctx, const char *purpose, const struct uc_cert *cert,
                              const struct uc_certs *chain, const char *key, const char *source, const char *distribution,
                              const struct uc_identity *before);
/* Removes the copies that this node put into trust stores of a self-signed certificate that is replaced. */
enum uc_status uc_plan_drop_copies(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_identity *old,
                                   struct uc_plan *plan, struct uc_error *e) UC_MUST;
/*
 * Puts a self-signed certificate into the stores that vouch for its purpose, for every node where purpose or store are the cluster's; in a
 * preview cert is NULL, and expected (or NULL) what is known of it (manage/preview.h).
 */
enum uc_status uc_plan_add_copies(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_cert *cert,
                                  const json_t *expected, struct uc_plan *plan, struct uc_error *e) UC_MUST;
/*
 * For a data directory from before there were clusters: the copies of a purpose that is to count everywhere (copies_everywhere) come to do
 * so.
 */
enum uc_status uc_plan_spread_copies(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_cert *cert,
                                     struct uc_plan *plan, struct uc_error *e) UC_MUST;
/*
 * A trust.add step for a certificate, under its name in that store: the base name, or with eight digits of its fingerprint when another certificate has that name
 * (requirements section 6). *added is false when the store has the certificate already in that scope.
 */
enum uc_status uc_plan_trust(const struct uc_task_context *ctx, const char *store, const char *scope, const struct uc_cert *cert,
                             const char *description, const char *origin, struct uc_plan *plan, bool *added, struct uc_error *e) UC_MUST;
json_t *uc_plan_trust_removal(const struct uc_trust *t);
/* A step that gives a setting another value; none when it has that value. UC_ENOTFOUND "no-setting". */
enum uc_status uc_plan_setting(const struct uc_task_context *ctx, const char *name, const char *value, struct uc_plan *plan,
                               struct uc_error *e) UC_MUST;

/*
 * The certificates of a store that can take part in paths from these certificates: their issuers, the issuers' issuers and so on, sorted into anchors (self-signed) and intermediates. Appended;
 * owned by the lists.
 */
enum uc_status uc_pool_gather(struct uc_store *store, const char *trust_store, const char *node, const struct uc_certs *from,
                              struct uc_certs *intermediates, struct uc_certs *anchors, struct uc_error *e) UC_MUST;

/* The purpose under which the OAuth encryption key is sealed. */
#define UC_AUTHZ_ENCRYPTION "authz-encryption"

/* The profile of a purpose's self-signed certificate or request on this node; strings are owned by out. */
struct uc_purpose_profile {
	struct uc_profile profile;
	char *common_name;
	struct uc_strv sans;
};
void uc_purpose_profile_free(struct uc_purpose_profile *p);
/* key decides the digest and, with policy.rfc8813, the key usage. */
enum uc_status uc_profile_self(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_key_spec *key,
                               int years, struct uc_purpose_profile *out, struct uc_error *e) UC_MUST;
/* The key kind named in the arguments, else the given default; UC_EREFUSED when the purpose's keys are of the other family, danger and warn findings for lengths that phones do not bear, unless findings is NULL. */
enum uc_status uc_arg_key(const struct uc_task_request *req, const struct uc_purpose *purpose, const char *otherwise,
                          struct uc_findings *findings, const struct uc_key_spec **out, struct uc_error *e) UC_MUST;
/* The hash named in the arguments, else the key's own; UC_EREFUSED "hash-too-weak". */
enum uc_status uc_arg_digest(const struct uc_task_request *req, const struct uc_key_spec *key, const char **out,
                             struct uc_error *e) UC_MUST;
/* The name of a hash as arguments have it ("sha256" for "SHA256"), and those of all that are strong enough for a key, as a list. Owned. */
json_t *uc_digest_name(const char *digest);
json_t *uc_digest_names(const struct uc_key_spec *key);
/* The keyUsage of a purpose's certificates with RSA or EC keys: the catalogue's, without what RFC 8813 forbids EC keys when the policy is to obey it. */
unsigned uc_purpose_usage(const struct uc_task_context *ctx, const struct uc_purpose *purpose, bool rsa);
/* Is a part of its common name made anew each time? */
bool uc_purpose_random_name(const struct uc_purpose *purpose);
/* The common name by the catalogue's pattern. Free with free(). */
char *uc_pattern_name(const struct uc_task_context *ctx, const char *pattern);

struct uc_followup;
/* A followup.done step; owned. */
json_t *uc_followup_done_step(const struct uc_followup *f);

/* The plan functions of the table. */
#define UC_TASK_PLAN(name) \
	enum uc_status name(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e) UC_MUST
#define UC_TASK_PREPARE(name)                                                                                       \
	enum uc_status name(struct uc_task_context *ctx, const struct uc_task_request *req, const struct uc_plan *plan, \
	                    struct uc_material *out, struct uc_error *e) UC_MUST
#define UC_TASK_BESIDE(name) \
	enum uc_status name(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_material *m, struct uc_error *e) UC_MUST
UC_TASK_PLAN(uc_plan_install);
UC_TASK_PREPARE(uc_prepare_install);
UC_TASK_PLAN(uc_plan_regen);
UC_TASK_PREPARE(uc_prepare_regen);
UC_TASK_PLAN(uc_plan_csr_gen);
UC_TASK_PREPARE(uc_prepare_csr_gen);
UC_TASK_PLAN(uc_plan_csr_delete);
UC_TASK_PLAN(uc_plan_import_own);
UC_TASK_PREPARE(uc_prepare_import_own);
UC_TASK_PLAN(uc_plan_import_trust);
UC_TASK_PLAN(uc_plan_delete_trust);
UC_TASK_PLAN(uc_plan_undo);
UC_TASK_PLAN(uc_plan_key_purge);
UC_TASK_PLAN(uc_plan_account_password);
UC_TASK_PREPARE(uc_prepare_account_password);
UC_TASK_PLAN(uc_plan_followup_done);
UC_TASK_PLAN(uc_plan_node_add);
UC_TASK_PREPARE(uc_prepare_node_add);
UC_TASK_PLAN(uc_plan_node_join);
UC_TASK_PREPARE(uc_prepare_node_join);
UC_TASK_BESIDE(uc_beside_node_join);
UC_TASK_PLAN(uc_plan_node_remove);
UC_TASK_BESIDE(uc_beside_node_remove);
UC_TASK_PLAN(uc_plan_node_rename);
UC_TASK_PLAN(uc_plan_encryption_regen);
UC_TASK_PREPARE(uc_prepare_encryption_regen);
UC_TASK_PLAN(uc_plan_web_reload);
UC_TASK_PLAN(uc_plan_ctl_mode);
UC_TASK_PREPARE(uc_prepare_ctl_mode);
UC_TASK_PLAN(uc_plan_ctl_update);
UC_TASK_PREPARE(uc_prepare_ctl_update);
UC_TASK_PLAN(uc_plan_ctl_reset);
UC_TASK_PREPARE(uc_prepare_ctl_reset);
UC_TASK_PLAN(uc_plan_itl_reset);
UC_TASK_PLAN(uc_plan_itl_update);
UC_TASK_PLAN(uc_plan_setting_set);

#endif
