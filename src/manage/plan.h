/*
 * A plan: what a task would do to the state, before it does it. Ordered steps (store/change.h), findings a person must see, and what has to follow.
 */
#ifndef UC_MANAGE_PLAN_H
#define UC_MANAGE_PLAN_H

#include <jansson.h>

#include "catalog/catalog.h"
#include "core/finding.h"
#include "core/mem.h"

struct uc_task_context;

struct uc_plan {
	const char *task;  /* static */
	char *summary;     /* one sentence in the imperative: "Replace the tomcat certificate of cucm-pub" */
	json_t *steps;     /* array of steps, each with "text" */
	json_t *followups; /* array of {"kind","target","text"} */
	struct uc_findings findings;
	int64_t base;   /* the head of the log it was made from */
	int64_t undoes; /* the change it takes back, or 0 */
	json_t *asked;  /* private: what the follow-ups are about, so that each is named once */
	json_t *trust;  /* private: what the steps do to trust entries, so that a bundle of thousands is planned in one pass */
	json_t *bound;  /* private: see uc_plan_bind() */
};

/* The text member of an object, "" when it is missing or no text. Borrowed. */
const char *uc_json_member(const json_t *object, const char *name);
/* Role bits as an array of names, owned. */
json_t *uc_roles_json(unsigned roles);

void uc_plan_init(struct uc_plan *p, const char *task);
void uc_plan_free(struct uc_plan *p);
void uc_plan_summary(struct uc_plan *p, const char *fmt, ...) UC_PRINTF(2, 3);
/* Adds a step (takes ownership) with the sentence that describes it. The text must not depend on new keys, serials or the time: it is part of what is compared. */
void uc_plan_step(struct uc_plan *p, json_t *step, const char *fmt, ...) UC_PRINTF(3, 4);
/*
 * What is prepared before the lock on the log was made for this, which no text shows (a certificate that a key is sealed to): it counts when two makings of the plan are compared.
 */
void uc_plan_bind(struct uc_plan *p, const char *fmt, ...) UC_PRINTF(2, 3);
/* Sets *taken when the steps so far take this name in a store and scope, or free it; otherwise it stays as it is. */
void uc_plan_names_trust(const struct uc_plan *p, const char *store, const char *scope, const char *name, bool *taken);
/* Does a step add this certificate (base64) to a store and scope, or remove the entry of this name from it? */
bool uc_plan_adds_trust(const struct uc_plan *p, const char *store, const char *scope, const char *certificate);
bool uc_plan_removes_trust(const struct uc_plan *p, const char *store, const char *scope, const char *name);
/* Adds a follow-up once: a second one of the same node, kind and target is dropped. kind: store/followup.h, which says whose it is by that. */
void uc_plan_follow(struct uc_plan *p, const char *kind, const char *target, const char *fmt, ...) UC_PRINTF(4, 5);
/* The same for one that this node, or the cluster (UC_ALL_NODES), has to do, whoever makes the change. */
void uc_plan_follow_on(struct uc_plan *p, const char *node, const char *kind, const char *target, const char *fmt, ...) UC_PRINTF(5, 6);
/*
 * The follow-ups of a purpose's change: its services, the CTL, the lists, a backup. scope: the node whose certificate it is, or UC_ALL_NODES; that of a shared purpose is always all nodes'. Each node that has
 * the purpose and runs the service is to load it anew; the node of the context is not named, since the change is its own.
 */
enum uc_status uc_plan_follow_purpose(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const char *scope,
                                      struct uc_plan *plan, struct uc_error *e) UC_MUST;
/* And of a trust store's. scope: the node on which the entry counts, or UC_ALL_NODES. */
enum uc_status uc_plan_follow_store(const struct uc_task_context *ctx, const struct uc_trust_store *store, const char *scope,
                                    struct uc_plan *plan, struct uc_error *e) UC_MUST;
/* A plan without steps changes nothing. */
bool uc_plan_empty(const struct uc_plan *p);

/*
 * The hash (hex, 65 bytes) of what a person agreed to: task, texts of the steps, weights and codes of the findings but for those about what phones
 * have fetched by now, follow-ups, and what it is bound to. Equal for two makings of the same plan with other keys or serials.
 */
void uc_plan_hash(const struct uc_plan *p, char hash[65]);
/* {"task","summary","base","plan","steps":[{"type","text","before","after"}] (manage/preview.h),"findings","followups","worst"}, owned. */
json_t *uc_plan_json(const struct uc_plan *p);

#endif
