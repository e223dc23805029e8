#include "manage/plan.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/text.h"
#include "manage/cluster.h"
#include "manage/preview.h"
#include "pki/digest.h"
#include "pki/report.h"

void uc_plan_init(struct uc_plan *p, const char *task)
{
	*p = (struct uc_plan){.task = task,
	                      .summary = uc_strdup(""),
	                      .steps = json_array(),
	                      .followups = json_array(),
	                      .asked = json_object(),
	                      .trust = json_object(),
	                      .bound = json_array()};
}

void uc_plan_free(struct uc_plan *p)
{
	free(p->summary);
	json_decref(p->steps);
	json_decref(p->asked);
	json_decref(p->trust);
	json_decref(p->bound);
	json_decref(p->followups);
	uc_findings_free(&p->findings);
	*p = (struct uc_plan){.task = NULL};
}

void uc_plan_summary(struct uc_plan *p, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	free(p->summary);
	p->summary = uc_vsprintf(fmt, ap);
	va_end(ap);
}

/* JSON texts must be UTF-8; names out of certificates were cleaned, arguments of a request are JSON already. */
static json_t *text_value(char *owned)
{
	UC_CLEANUP(uc_freep) char *clean = uc_utf8_clean(uc_slice_str(owned));
	free(owned);
	return json_string(clean);
}

const char *uc_json_member(const json_t *object, const char *name)
{
	const char *value = json_string_value(json_object_get(object, name));
	return value != NULL ? value : "";
}

/* ---- what the steps do to trust entries ---- */

enum trust_kind { NAMED = 'n', ADDED = 'a', REMOVED = 'r' };

/* Neither a store nor a scope nor a name has a line break in it. */
static char *trust_key(enum trust_kind kind, const char *store, const char *scope, const char *what)
{
	return uc_sprintf("%c\n%s\n%s\n%s", (char)kind, store, scope, what);
}

static void note_one(struct uc_plan *p, enum trust_kind kind, const json_t *step, const char *what, bool value)
{
	UC_CLEANUP(uc_freep)
	char *key = trust_key(kind, uc_json_member(step, "store"), uc_json_member(step, "scope"), uc_json_member(step, what));
	json_object_set_new(p->trust, key, json_boolean(value));
}

static void note_trust(struct uc_plan *p, const json_t *step)
{
	bool adds = strcmp(uc_json_member(step, "type"), "trust.add") == 0;
	if (!adds && strcmp(uc_json_member(step, "type"), "trust.remove") != 0) return;
	note_one(p, NAMED, step, "name", adds);
	note_one(p, adds ? ADDED : REMOVED, step, adds ? "certificate" : "name", true);
}

static const json_t *noted(const struct uc_plan *p, enum trust_kind kind, const char *store, const char *scope, const char *what)
{
	UC_CLEANUP(uc_freep) char *key = trust_key(kind, store, scope, what);
	return json_object_get(p->trust, key);
}

void uc_plan_names_trust(const struct uc_plan *p, const char *store, const char *scope, const char *name, bool *taken)
{
	const json_t *value = noted(p, NAMED, store, scope, name);
	if (value != NULL) *taken = json_is_true(value);
}

bool uc_plan_adds_trust(const struct uc_plan *p, const char *store, const char *scope, const char *certificate)
{
	return noted(p, ADDED, store, scope, certificate) != NULL;
}

bool uc_plan_removes_trust(const struct uc_plan *p, const char *store, const char *scope, const char *name)
{
	return noted(p, REMOVED, store, scope, name) != NULL;
}

/* ---- steps and follow-ups ---- */

void uc_plan_step(struct uc_plan *p, json_t *step, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	json_object_set_new(step, "text", text_value(uc_vsprintf(fmt, ap)));
	va_end(ap);
	json_object_set_new(step, "v", json_integer(1));
	json_array_append_new(p->steps, step);
	note_trust(p, step);
}

void uc_plan_bind(struct uc_plan *p, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	json_array_append_new(p->bound, text_value(uc_vsprintf(fmt, ap)));
	va_end(ap);
}

json_t *uc_roles_json(unsigned roles)
{
	json_t *out = json_array();
	for (size_t i = 0; i < uc_role_count(); i++)
		if ((roles & 1u << i) != 0) json_array_append_new(out, json_string(uc_role_name((enum uc_node_role)(1u << i))));
	return out;
}

/* Is it asked for the first time? node may be NULL. */
static bool first_asked(struct uc_plan *p, const char *kind, const char *target, const char *node)
{
	UC_CLEANUP(uc_freep) char *key = uc_sprintf("%s\n%s\n%s", kind, target, node != NULL ? node : "");
	if (json_object_get(p->asked, key) != NULL) return false;
	json_object_set_new(p->asked, key, json_true());
	return true;
}

/* Takes text. node may be NULL. */
static void add_followup(struct uc_plan *p, const char *node, const char *kind, const char *target, char *text)
{
	if (!first_asked(p, kind, target, node)) {
		free(text);
		return;
	}
	json_t *one = json_pack("{s:s, s:s, s:o}", "kind", kind, "target", target, "text", text_value(text));
	if (node != NULL) json_object_set_new(one, "node", json_string(node));
	json_array_append_new(p->followups, one);
}

void uc_plan_follow(struct uc_plan *p, const char *kind, const char *target, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_followup(p, NULL, kind, target, uc_vsprintf(fmt, ap));
	va_end(ap);
}

void uc_plan_follow_on(struct uc_plan *p, const char *node, const char *kind, const char *target, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add_followup(p, node, kind, target, uc_vsprintf(fmt, ap));
	va_end(ap);
}

/* ---- what follows a change of certificates ---- */

/* The services that depend on what a change touches, and the roles that have it. */
struct following {
	const struct uc_task_context *ctx;
	const char *const *services;
	unsigned roles;
	struct uc_plan *plan;
};

static void follow_on_node(const struct following *f, const char *node, unsigned roles)
{
	for (size_t i = 0; f->services[i] != NULL; i++) {
		const char *service = f->services[i];
		unsigned runs = uc_service_roles(service);
		if ((roles & (runs != 0 ? runs : f->roles)) == 0) continue;
		if (strcmp(node, f->ctx->node) == 0)
			uc_plan_follow(f->plan, "reload", service, "Reload or restart %s.", service);
		else
			uc_plan_follow_on(f->plan, node, "reload", service, "Reload or restart %s on %s.", service, node);
	}
}

static enum uc_status follow_everywhere(const struct following *f, struct uc_error *e)
{
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(f->ctx, &all, e));
	for (size_t i = 0; i < all.count; i++) follow_on_node(f, all.items[i].row.name, all.items[i].roles);
	return UC_OK;
}

static enum uc_status follow_services(const struct following *f, const char *scope, struct uc_error *e)
{
	if (strcmp(scope, UC_ALL_NODES) == 0) return follow_everywhere(f, e);
	unsigned roles = f->ctx->roles;
	if (strcmp(scope, f->ctx->node) != 0) {
		UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
		enum uc_status status = uc_store_node(f->ctx->store, scope, &row, e);
		if (status == UC_ENOTFOUND) return UC_OK; /* it has gone, and its services with it */
		UC_TRY(status);
		UC_TRY(uc_roles_parse(row.roles, &roles, e));
	}
	follow_on_node(f, scope, roles);
	return UC_OK;
}

enum uc_status uc_plan_follow_purpose(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const char *scope,
                                      struct uc_plan *plan, struct uc_error *e)
{
	unsigned roles = purpose->shared != 0 ? purpose->shared : purpose->roles;
	struct following f = {.ctx = ctx, .services = purpose->services, .roles = roles, .plan = plan};
	if (purpose->shared != 0) scope = UC_ALL_NODES;
	if (!first_asked(plan, "", purpose->name, scope)) return UC_OK;
	UC_TRY(follow_services(&f, scope, e));
	uc_plan_follow(plan, "backup", "backup", "Take a backup: restoring one from before this change can leave phones without trust.");
	return UC_OK;
}

enum uc_status uc_plan_follow_store(const struct uc_task_context *ctx, const struct uc_trust_store *store, const char *scope,
                                    struct uc_plan *plan, struct uc_error *e)
{
	struct following f = {.ctx = ctx, .services = store->services, .roles = store->roles, .plan = plan};
	if (!first_asked(plan, "", store->name, scope)) return UC_OK;
	UC_TRY(follow_services(&f, scope, e));
	uc_plan_follow(plan, "backup", "backup", "Take a backup.");
	return UC_OK;
}

bool uc_plan_empty(const struct uc_plan *p)
{
	return json_array_size(p->steps) == 0;
}

static json_t *texts(const json_t *array)
{
	json_t *out = json_array();
	size_t i;
	const json_t *item;
	json_array_foreach(array, i, item) json_array_append(out, json_object_get(item, "text"));
	return out;
}

/* What phones have fetched meanwhile is no other plan: yes and force answer for it. */
static bool is_about_phones(const char *code)
{
	static const char *const codes[] = {"list-behind", "list-by-tvs", "list-stranded"};
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(code, codes[i]) == 0) return true;
	return false;
}

static json_t *finding_codes(const struct uc_findings *f)
{
	json_t *out = json_array();
	for (size_t i = 0; i < f->count; i++)
		if (!is_about_phones(f->items[i].code))
			json_array_append_new(out, json_pack("[s, s]", uc_weight_name(f->items[i].weight), f->items[i].code));
	return out;
}

void uc_plan_hash(const struct uc_plan *p, char hash[65])
{
	json_t *shape = json_pack("[s, o, o, o, O]", p->task, texts(p->steps), finding_codes(&p->findings), texts(p->followups), p->bound);
	char *text = json_dumps(shape, JSON_COMPACT);
	json_decref(shape);
	uc_sha256_hex(uc_slice_str(text), hash);
	free(text);
}

json_t *uc_plan_json(const struct uc_plan *p)
{
	char hash[65];
	uc_plan_hash(p, hash);
	return json_pack("{s:s, s:s, s:I, s:s, s:o, s:o, s:O, s:s}", "task", p->task, "summary", p->summary, "base", (json_int_t)p->base,
	                 "plan", hash, "steps", uc_preview_steps(p->steps), "findings", uc_report_findings(&p->findings), "followups",
	                 p->followups, "worst", uc_weight_name(uc_findings_worst(&p->findings)));
}
