/* Steps: the table of their types, how each is applied and inverted. */
#include "store/step.h"

#include <string.h>

#include "store/change.h"

enum { STEP_VERSION = 1 };

/* A member of a step, and the one of its inverse that it becomes. */
struct pair {
	const char *from, *to;
};

struct step_type {
	const char *name;
	const char *inverse;  /* the type that takes it back; NULL when nothing does */
	const char *object;   /* the first part of what it touches */
	const char *parts[3]; /* and the members that follow; */
	const char *other;    /* the member that follows in a second thing it touches, or NULL */
	const struct uc_kind *kind;
	bool remove; /* of the kind */
	/* For those without a kind: */
	enum uc_status (*apply)(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e);
	const struct pair *pairs;
};

static const struct pair trust_pairs[] = {
    {"store", "store"},   {"name", "name"}, {"scope", "scope"}, {"certificate", "certificate"}, {"description", "description"},
    {"origin", "origin"}, {NULL, NULL}};
static const struct pair rename_pairs[] = {{"node", "to"},          {"to", "node"},          {"fqdn", "to_fqdn"}, {"to_fqdn", "fqdn"},
                                           {"domain", "to_domain"}, {"to_domain", "domain"}, {NULL, NULL}};

#define KIND(k, removes) .kind = &uc_kind_##k, .remove = (removes)

static const struct step_type types[] = {
    {"node.set", "node.set", "node", {"node"}, KIND(node, false)},
    {"node.remove", NULL, "node", {"node"}, KIND(node, true)},
    {"node.rename", "node.rename", "node", {"node"}, .other = "to", .apply = uc_step_node_rename, .pairs = rename_pairs},
    {"join.set", "join.remove", "join", {"id"}, KIND(join, false)},
    {"join.remove", NULL, "join", {"id"}, KIND(join, true)},
    {"identity.set", "identity.remove", "own", {"node", "purpose"}, KIND(identity, false)},
    {"identity.remove", "identity.set", "own", {"node", "purpose"}, KIND(identity, true)},
    {"trust.add", "trust.remove", "trust", {"store", "name"}, .apply = uc_step_trust_add, .pairs = trust_pairs},
    {"trust.remove", "trust.add", "trust", {"store", "name"}, .apply = uc_step_trust_remove, .pairs = trust_pairs},
    {"csr.set", "csr.remove", "csr", {"node", "purpose"}, KIND(csr, false)},
    {"csr.remove", "csr.set", "csr", {"node", "purpose"}, KIND(csr, true)},
    {"account.set", "account.remove", "account", {"name"}, KIND(account, false)},
    {"account.remove", "account.set", "account", {"name"}, KIND(account, true)},
    {"key.seal", "key.drop", "key", {"key"}, KIND(seal, false)},
    {"key.drop", "key.seal", "key", {"key"}, KIND(seal, true)},
    {"key.purge", NULL, "key", {"key"}, .apply = uc_step_key_purge},
    {"job.add", NULL, "job", {"id"}, .apply = uc_step_job_add},
    {"job.done", NULL, "job", {"id"}, .apply = uc_step_job_done},
    {"followup.done", "followup.open", "followup", {"node", "kind", "target"}, KIND(followup, true)},
    {"followup.open", "followup.done", "followup", {"node", "kind", "target"}, KIND(followup, false)},
    {"setting.set", "setting.remove", "setting", {"name"}, KIND(setting, false)},
    {"setting.remove", "setting.set", "setting", {"name"}, KIND(setting, true)},
    {"list.publish", NULL, "list", {"list"}, .apply = uc_step_list_publish},
};

static const struct step_type *type_named(const char *name)
{
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i].name, name) == 0) return &types[i];
	return NULL;
}

static const struct step_type *type_of(const json_t *step)
{
	return type_named(uc_step_text_or_empty(step, "type"));
}

bool uc_step_undoable(const char *type)
{
	const struct step_type *t = type_named(type);
	return t != NULL && t->inverse != NULL;
}

char *uc_step_object(const json_t *step, size_t n)
{
	const struct step_type *t = type_of(step);
	if (t == NULL || n > 1 || (n == 1 && t->other == NULL)) return NULL;
	if (n == 1) return uc_sprintf("%s/%s", t->object, uc_step_text_or_empty(step, t->other));
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add_str(&out, t->object);
	for (size_t i = 0; i < sizeof t->parts / sizeof t->parts[0] && t->parts[i] != NULL; i++)
		uc_buf_printf(&out, "/%s", uc_step_text_or_empty(step, t->parts[i]));
	return uc_buf_take_str(&out);
}

/* The values of a kind as an object, taken from a step or from the "before" of one; owned. */
static json_t *values_of(const json_t *from, const struct uc_kind *kind)
{
	json_t *out = json_object();
	for (size_t i = 0; kind->values[i] != NULL; i++) {
		json_t *value = json_object_get(from, kind->values[i]);
		json_object_set_new(out, kind->values[i], value != NULL ? json_incref(value) : json_null());
	}
	return out;
}

static void copy_members(json_t *to, const json_t *from, const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++) json_object_set(to, names[i], json_object_get(from, names[i]));
}

/* From "set" with a "before" back to it, from "set" without to "remove", from "remove" to "set". */
static json_t *invert_kind(const struct step_type *t, const json_t *step)
{
	const json_t *before = json_object_get(step, "before");
	bool was_there = json_is_object(before);
	bool removes = !t->remove && !was_there;
	if (removes && strcmp(t->inverse, t->name) == 0) return NULL;
	if (t->remove && !was_there) return NULL;
	json_t *out = json_object();
	json_object_set_new(out, "type", json_string(t->remove || removes ? t->inverse : t->name));
	json_object_set_new(out, "v", json_integer(STEP_VERSION));
	copy_members(out, step, t->kind->keys);
	if (!removes) copy_members(out, before, t->kind->values);
	json_object_set_new(out, "before", t->remove ? json_null() : values_of(step, t->kind));
	return out;
}

json_t *uc_step_invert(const json_t *step)
{
	const struct step_type *t = type_of(step);
	if (t == NULL || t->inverse == NULL) return NULL;
	if (t->kind != NULL) return invert_kind(t, step);
	json_t *out = json_object();
	json_object_set_new(out, "type", json_string(t->inverse));
	json_object_set_new(out, "v", json_integer(STEP_VERSION));
	for (const struct pair *p = t->pairs; p->from != NULL; p++) json_object_set(out, p->to, json_object_get(step, p->from));
	return out;
}

/* Is the state that a step replaces the one that is there? A member that an older step lacks counts as null. */
static bool is_before(const struct step_type *t, const json_t *step, const json_t *now)
{
	const json_t *before = json_object_get(step, "before");
	if (!json_is_object(now)) return !t->remove && (before == NULL || json_is_null(before));
	if (!json_is_object(before)) return false;
	json_t *values = values_of(before, t->kind);
	bool same = json_equal(now, values) != 0;
	json_decref(values);
	return same;
}

static enum uc_status check_before(struct uc_store *s, const struct step_type *t, const json_t *step, bool *was_there, struct uc_error *e)
{
	json_t *now = NULL;
	UC_TRY(t->kind->current(s, step, &now, e));
	*was_there = json_is_object(now);
	bool same = is_before(t, step, now);
	json_decref(now);
	if (same) return UC_OK;
	UC_CLEANUP(uc_freep) char *object = uc_step_object(step, 0);
	return uc_fail(e, UC_ECONFLICT, "state-moved", "Look at the state as it is now and do it again.",
	               "%s has changed since this was planned", object);
}

static enum uc_status apply_kind(struct uc_store *s, const struct step_type *t, const json_t *step, int64_t number, struct uc_error *e)
{
	bool was_there;
	UC_TRY(check_before(s, t, step, &was_there, e));
	if (was_there) UC_TRY(t->kind->erase(s, step, e));
	if (!t->remove) return t->kind->write(s, step, number, e);
	return t->kind->gone != NULL ? t->kind->gone(s, step, e) : UC_OK;
}

enum uc_status uc_step_apply(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e)
{
	const struct step_type *t = type_of(step);
	json_int_t version = json_integer_value(json_object_get(step, "v"));
	if (t == NULL || version != STEP_VERSION)
		return uc_fail(e, UC_EREFUSED, "step-unknown", "It comes from a newer version of this program: update this node.",
		               "change %lld has a step of type '%s', version %lld, which this program does not know", (long long)number,
		               uc_step_text_or_empty(step, "type"), (long long)version);
	return t->kind != NULL ? apply_kind(s, t, step, number, e) : t->apply(s, step, number, e);
}
