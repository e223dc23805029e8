/* Steps: the table of their types, how each is applied and inverted. */
#include "store/step.h"

#include <string.h>

#include "store/change.h"

enum { STEP_VERSION = 1 };

struct step_type {
	const char *name;
	const char *inverse;  /* the type that takes it back; NULL when nothing does */
	const char *object;   /* the first part of what it touches */
	const char *parts[3]; /* and the members that follow */
	const struct uc_kind *kind;
	bool remove;                                                                                         /* of the kind */
	enum uc_status (*apply)(struct uc_store *s, const json_t *step, int64_t number, struct uc_error *e); /* for those without a kind */
};

static const struct step_type types[] = {
    {"node.set", "node.set", "node", {"node"}, &uc_kind_node, false, NULL},
    {"identity.set", "identity.remove", "own", {"purpose"}, &uc_kind_identity, false, NULL},
    {"identity.remove", "identity.set", "own", {"purpose"}, &uc_kind_identity, true, NULL},
    {"trust.add", "trust.remove", "trust", {"store", "name"}, NULL, false, uc_step_trust_add},
    {"trust.remove", "trust.add", "trust", {"store", "name"}, NULL, false, uc_step_trust_remove},
    {"csr.set", "csr.remove", "csr", {"purpose"}, &uc_kind_csr, false, NULL},
    {"csr.remove", "csr.set", "csr", {"purpose"}, &uc_kind_csr, true, NULL},
    {"account.set", "account.remove", "account", {"name"}, &uc_kind_account, false, NULL},
    {"account.remove", "account.set", "account", {"name"}, &uc_kind_account, true, NULL},
    {"key.purge", NULL, "key", {"key"}, NULL, false, uc_step_key_purge},
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

char *uc_step_object(const json_t *step)
{
	const struct step_type *t = type_of(step);
	if (t == NULL) return NULL;
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
	static const char *const trust_members[] = {"store", "name", "scope", "certificate", "description", "origin", NULL};
	const struct step_type *t = type_of(step);
	if (t == NULL || t->inverse == NULL) return NULL;
	if (t->kind != NULL) return invert_kind(t, step);
	json_t *out = json_object();
	json_object_set_new(out, "type", json_string(t->inverse));
	json_object_set_new(out, "v", json_integer(STEP_VERSION));
	copy_members(out, step, trust_members);
	return out;
}

static enum uc_status check_before(struct uc_store *s, const struct step_type *t, const json_t *step, bool *was_there, struct uc_error *e)
{
	json_t *now = NULL;
	UC_TRY(t->kind->current(s, step, &now, e));
	const json_t *before = json_object_get(step, "before");
	*was_there = json_is_object(now);
	bool same = *was_there ? before != NULL && json_equal(now, before) : before == NULL || json_is_null(before);
	if (t->remove && !*was_there) same = false;
	json_decref(now);
	if (same) return UC_OK;
	UC_CLEANUP(uc_freep) char *object = uc_step_object(step);
	return uc_fail(e, UC_ECONFLICT, "state-moved", "Look at the state as it is now and do it again.",
	               "%s has changed since this was planned", object);
}

static enum uc_status apply_kind(struct uc_store *s, const struct step_type *t, const json_t *step, int64_t number, struct uc_error *e)
{
	bool was_there;
	UC_TRY(check_before(s, t, step, &was_there, e));
	if (was_there) UC_TRY(t->kind->erase(s, step, e));
	return t->remove ? UC_OK : t->kind->write(s, step, number, e);
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
