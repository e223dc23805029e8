/* E1: why one node does not trust another's HTTPS, step by step, until the error is gone. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/text.h"
#include "node/diagnose.h"

enum { WAIT_MS = 15000, PAUSE_MS = 250 };

/* ---- what a step says ---- */

/* Ends a step: what it says, and what to do about it. */
static void say(struct uc_patient *p, const char *step, const char *state, const char *hint, const char *fmt, ...) UC_PRINTF(5, 6);
static void say(struct uc_patient *p, const char *step, const char *state, const char *hint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	UC_CLEANUP(uc_freep) char *detail = uc_vsprintf(fmt, ap);
	va_end(ap);
	uc_text_printable(detail);
	json_array_append_new(p->steps, json_pack("{s:s, s:s, s:s, s:s}", "step", step, "state", state, "detail", detail, "hint", hint));
}

/* The findings of a step as one; none: what is well. */
static void say_all(struct uc_patient *p, const char *step, const struct uc_strv *found, const char *hint, const char *well)
{
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(found, "; ");
	say(p, step, found->count > 0 ? "found" : "ok", found->count > 0 ? hint : "", "%s", found->count > 0 ? text : well);
}

/* How far it has come in the log is another question. */
static bool is_at_work(const json_t *row)
{
	const char *state = uc_json_member(row, "state");
	return strcmp(state, "up") == 0 || strcmp(state, "behind") == 0;
}

static bool is_gone(const struct uc_patient *p)
{
	return is_at_work(p->row) && p->level && uc_patient_same(p) && uc_patient_trusted(p);
}

/* ---- the steps ---- */

static bool has_role(const json_t *row, const char *role)
{
	size_t i;
	const json_t *one;
	json_array_foreach(json_object_get(row, "roles"), i, one)
	{
		if (strcmp(json_string_value(one), role) == 0) return true;
	}
	return false;
}

/* Where the publisher is reached, as it says itself. Free with free(). */
static char *publisher_of(struct uc_patient *p)
{
	json_t *all = NULL;
	char *out = NULL;
	size_t i;
	const json_t *row;
	if (uc_node_nodes(p->node, &all, NULL) != UC_OK) return uc_strdup("PUBLISHER:PORT");
	json_array_foreach(json_object_get(all, "items"), i, row)
	{
		const char *https = uc_json_member(row, "https");
		if (out == NULL && https[0] != '\0' && has_role(row, "publisher")) out = uc_strdup(https);
	}
	json_decref(all);
	return out != NULL ? out : uc_strdup("PUBLISHER:PORT");
}

/* Nothing can be asked of a machine that nobody knows yet. */
static void step_joining(struct uc_patient *p)
{
	char now[UC_TIME_TEXT];
	bool late = strcmp(uc_json_member(p->row, "expires"), uc_time_rfc3339(uc_now(), now)) < 0;
	UC_CLEANUP(uc_freep) char *publisher = publisher_of(p);
	UC_CLEANUP(uc_freep)
	char *hint =
	    late ? uc_sprintf("Make another one on the publisher: set node add %s; then on the new machine: ucpkid --join %s "
	                      "--join-secret-file FILE.",
	                      p->name, publisher)
	         : uc_sprintf("On the new machine, with the join secret in a file: ucpkid --join %s --join-secret-file FILE. If the secret "
	                      "is lost, set node add %s on the publisher makes another one.",
	                      publisher, p->name);
	say(p, "known", "found", hint, "%s has not joined the cluster yet: %s", p->name, uc_json_member(p->row, "reason"));
}

static bool is_joining(const struct uc_patient *p)
{
	return strcmp(uc_json_member(p->row, "state"), "joining") == 0;
}

static void step_known(struct uc_patient *p)
{
	const char *state = uc_json_member(p->row, "state");
	const char *reason = uc_json_member(p->row, "reason");
	const char *contact = uc_json_member(p->row, "last_contact");
	bool fine = is_at_work(p->row); /* step "sync" is about the rest */
	const char *hint = strcmp(state, "unknown") == 0
	                       ? "See whether this node reaches the cluster's store (show cluster), and whether that one runs."
	                       : "Look at that node: does it run, and does it reach the cluster's store?";
	say(p, "known", fine ? "ok" : "found", fine ? "" : hint, "%s is %s%s%s%s%s", p->name, state, reason[0] != '\0' ? ": " : "", reason,
	    contact[0] != '\0' ? ", last heard of " : "", contact);
}

/* C98, as the node itself has said. */
static void list_missing_keys(const struct uc_patient *p, struct uc_strv *out)
{
	size_t i;
	const json_t *finding;
	json_array_foreach(json_object_get(p->row, "findings"), i, finding)
	{
		if (strcmp(uc_json_member(finding, "code"), "key-missing") == 0) uc_strv_add(out, uc_json_member(finding, "message"));
	}
}

static bool has_its_keys(const struct uc_patient *p)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv missing = {.items = NULL};
	list_missing_keys(p, &missing);
	return missing.count == 0;
}

static void step_keys(struct uc_patient *p)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv missing = {.items = NULL};
	list_missing_keys(p, &missing);
	if (missing.count > 0) say_all(p, "keys", &missing, "`show node NAME` says for each key what to do about it.", "");
}

static void step_reachable(struct uc_patient *p)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	const char *hint = "";
	for (size_t i = 0; i < UC_FACES; i++) {
		const struct uc_face *f = &p->faces[i];
		if (!f->wanted || f->shown != NULL) continue;
		uc_strv_take(&found, uc_sprintf("%s: %s", f->purpose, f->unseen.message));
		hint = f->unseen.hint;
	}
	UC_CLEANUP(uc_freep) char *well = uc_sprintf("%s answers at %s", p->name, uc_json_member(p->row, "https"));
	say_all(p, "reachable", &found, hint, well);
}

static void step_present(struct uc_patient *p)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	for (size_t i = 0; i < UC_FACES; i++) {
		const struct uc_face *f = &p->faces[i];
		if (!f->wanted) continue;
		if (!f->known)
			uc_strv_take(&found, uc_sprintf("%s has no %s certificate", p->name, f->purpose));
		else if (!f->here)
			uc_strv_take(&found, uc_sprintf("on %s, the %s certificate of %s: %s", p->node->name, f->purpose, p->name, f->here_reason));
		if (!f->there)
			uc_strv_take(&found, uc_sprintf("on %s, the %s certificate of %s: %s", p->name, f->purpose, p->node->name, f->there_reason));
	}
	UC_CLEANUP(uc_freep) char *well = uc_sprintf("%s and %s are in each other's tomcat-trust", p->node->name, p->name);
	say_all(p, "present", &found, "Step exchange adds what is missing.", well);
}

/* What is presented and is not what the store says. */
static void list_strangers(const struct uc_patient *p, struct uc_strv *out)
{
	for (size_t i = 0; i < UC_FACES; i++) {
		const struct uc_face *f = &p->faces[i];
		char shown[UC_FINGERPRINT_HEX];
		char known[UC_FINGERPRINT_HEX] = "none";
		if (f->shown == NULL || f->same) continue;
		if (f->known) uc_cert_fingerprint_hex(f->identity.cert, known);
		uc_strv_take(out, uc_sprintf("%s presents the %s certificate %.16s, the cluster knows %.16s", p->name, f->purpose,
		                             uc_cert_fingerprint_hex(f->shown, shown), known));
	}
}

static void step_same(struct uc_patient *p)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	list_strangers(p, &found);
	bool seen = false;
	for (size_t i = 0; i < UC_FACES; i++) seen = seen || p->faces[i].shown != NULL;
	if (!seen) {
		say(p, "same", "skipped", "", "nothing can be compared while %s is not reached", p->name);
		return;
	}
	say_all(p, "same", &found, "Steps sync and web have it present the certificate in force.", "it presents what the cluster knows");
}

static void step_named(struct uc_patient *p)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	const char *fqdn = uc_json_member(p->row, "fqdn");
	for (size_t i = 0; i < p->unnamed.count; i++)
		uc_strv_take(&found, uc_sprintf("the %s certificate of %s does not name %s", p->unnamed.items[i], p->name, fqdn));
	UC_CLEANUP(uc_freep) char *commands = uc_strv_join(&p->renew, "; ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("Make them anew: %s.", commands);
	UC_CLEANUP(uc_freep) char *well = uc_sprintf("its certificates name %s", fqdn);
	say_all(p, "named", &found, hint, well);
}

static void pause_a_little(void)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	nanosleep(&pause, NULL);
}

struct levels {
	int64_t head; /* of the log, when it was first looked at: what comes later is not waited for */
	bool level;   /* both nodes have come there */
	bool alive;   /* the other one is at work, so that waiting may help */
	char *how;
};

static void levels_free(struct levels *l)
{
	free(l->how);
}

static json_int_t number_of(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

static enum uc_status compare_levels(struct uc_patient *p, struct levels *l, struct uc_error *e)
{
	json_t *own = NULL;
	json_t *row = NULL;
	UC_TRY(uc_node_get(p->node, p->node->name, &own, e));
	enum uc_status status = uc_node_get(p->node, p->name, &row, e);
	if (status == UC_OK) {
		if (l->head == 0) l->head = number_of(own, "number") + number_of(own, "behind");
		l->alive = is_at_work(row);
		l->level = number_of(row, "number") >= l->head && number_of(own, "number") >= l->head;
		free(l->how);
		l->how = json_is_integer(json_object_get(row, "number"))
		             ? uc_sprintf("of %lld changes, %s has %lld and %s %lld", (long long)l->head, p->name,
		                          (long long)number_of(row, "number"), p->node->name, (long long)number_of(own, "number"))
		             : uc_sprintf("%s has not said how far it has come", p->name);
	}
	json_decref(own);
	json_decref(row);
	return status;
}

/* A change that was made just now is on its way: that is no fault. *late: there was something to wait for. Looks at the node anew. */
static enum uc_status wait_for_level(struct uc_patient *p, struct levels *l, bool *late, struct uc_error *e)
{
	int64_t deadline = uc_monotonic_ns() + (int64_t)WAIT_MS * 1000000;
	*late = false;
	UC_TRY(compare_levels(p, l, e));
	while (!l->level && l->alive && uc_monotonic_ns() < deadline) {
		*late = true;
		if (p->fix) uc_link_kick(p->node);
		pause_a_little();
		UC_TRY(compare_levels(p, l, e));
	}
	UC_TRY(uc_patient_look(p, e));
	p->level = p->level || l->level;
	return UC_OK;
}

static enum uc_status step_sync(struct uc_patient *p, struct uc_error *e)
{
	bool late;
	UC_CLEANUP(levels_free) struct levels l = {.level = false};
	UC_TRY(wait_for_level(p, &l, &late, e));
	say(p, "sync",
	    !l.level         ? "found"
	    : late && p->fix ? "repaired"
	                     : "ok",
	    l.level ? "" : "See that both nodes run and reach the store of the cluster (show cluster).", "%s", l.how);
	return UC_OK;
}

/* Waits for the answer to a job; detail is what it says. */
static enum uc_status await(struct uc_patient *p, const char *id, bool *done, char **detail, struct uc_error *e)
{
	int64_t deadline = uc_monotonic_ns() + (int64_t)WAIT_MS * 1000000;
	for (;;) {
		json_t *job = NULL;
		UC_TRY(uc_node_job(p->node, id, &job, e));
		const char *state = uc_json_member(job, "state");
		bool waits = strcmp(state, "waiting") == 0 || strcmp(state, "running") == 0;
		*done = strcmp(state, "done") == 0;
		free(*detail);
		*detail = waits ? uc_sprintf("%s has not answered the job %s yet", p->name, id) : uc_strdup(uc_json_member(job, "detail"));
		json_decref(job);
		if (!waits || uc_monotonic_ns() >= deadline) return UC_OK;
		pause_a_little();
	}
}

static enum uc_status reload(struct uc_patient *p, bool *done, char **detail, struct uc_error *e)
{
	json_t *change = NULL;
	UC_TRY(uc_patient_run(p, "web-reload", json_object(), (struct uc_slice){.ptr = NULL}, p->name, &change, e));
	UC_CLEANUP(uc_freep) char *id = uc_strdup(uc_json_member(change, "job"));
	json_decref(change);
	if (id[0] == '\0') return UC_OK;
	return await(p, id, done, detail, e);
}

static enum uc_status step_web(struct uc_patient *p, struct uc_error *e)
{
	struct uc_error why;
	bool done = false;
	UC_CLEANUP(uc_freep) char *detail = uc_strdup("");
	if (uc_patient_same(p)) {
		say(p, "web", "skipped", "", "it presents what the cluster knows");
		return UC_OK;
	}
	if (!is_at_work(p->row)) {
		say(p, "web", "skipped", "Start it.", "%s is %s: it cannot be asked to load its certificates anew", p->name,
		    uc_json_member(p->row, "state"));
		return UC_OK;
	}
	if (!p->fix) {
		say(p, "web", "skipped", "Repeat it with --fix.", "its web service was not asked to load its certificates anew");
		return UC_OK;
	}
	if (reload(p, &done, &detail, &why) != UC_OK) {
		say(p, "web", "failed", why.hint, "%s", why.message);
		return UC_OK;
	}
	bool late;
	UC_CLEANUP(levels_free) struct levels l = {.level = false};
	UC_TRY(wait_for_level(p, &l, &late, e));
	bool same = uc_patient_same(p);
	say(p, "web", same ? "repaired" : "failed", same ? "" : "Restart ucpkid on that node.", "%s%s%s",
	    same   ? "it has loaded its certificates anew and presents what the cluster knows"
	    : done ? "it has loaded its certificates anew, and still presents others"
	           : "it did not load its certificates anew",
	    detail[0] != '\0' ? ": " : "", detail);
	return UC_OK;
}

/* A certificate that the cluster does not know is the finding itself: it is never added. */
static void say_exchanged(struct uc_patient *p, const struct uc_strv *done)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv strangers = {.items = NULL};
	list_strangers(p, &strangers);
	UC_CLEANUP(uc_freep) char *what = uc_strv_join(done, "; ");
	UC_CLEANUP(uc_freep) char *who = uc_strv_join(&strangers, "; ");
	if (strangers.count > 0)
		say(p, "exchange", "found", "Regenerate that certificate on the node, or restart ucpkid there.",
		    "%s presents a certificate that the cluster does not know, and that is not added: %s%s%s", p->name, who,
		    what[0] != '\0' ? "; " : "", what);
	else if (uc_patient_trusted(p))
		say(p, "exchange", done->count > 0 ? "repaired" : "ok", "", "%s", done->count > 0 ? what : "nothing is missing");
	else
		say(p, "exchange", "failed", "Upload the missing certificate to tomcat-trust.", "%s",
		    what[0] != '\0' ? what : "nothing could be added");
}

static enum uc_status step_exchange(struct uc_patient *p, struct uc_error *e)
{
	struct uc_error why;
	UC_CLEANUP(uc_strv_free) struct uc_strv done = {.items = NULL};
	if (!p->fix && !uc_patient_trusted(p)) {
		say(p, "exchange", "skipped", "Repeat it with --fix.", "the certificates were not exchanged");
		return UC_OK;
	}
	if (uc_patient_exchange(p, &done, &why) != UC_OK) {
		say(p, "exchange", "failed", why.hint, "%s", why.message);
		return UC_OK;
	}
	bool late;
	UC_CLEANUP(levels_free) struct levels l = {.level = false};
	if (done.count > 0) UC_TRY(wait_for_level(p, &l, &late, e)); /* both must have it */
	say_exchanged(p, &done);
	return UC_OK;
}

/* ---- a node, and all of them ---- */

static enum uc_status examine(struct uc_patient *p, struct uc_error *e)
{
	enum uc_status (*const repairs[])(struct uc_patient *, struct uc_error *) = {step_sync, step_web, step_exchange};
	UC_TRY(uc_patient_look(p, e));
	if (is_joining(p)) {
		step_joining(p);
		return UC_OK;
	}
	step_known(p);
	step_keys(p);
	step_reachable(p);
	step_present(p);
	step_same(p);
	step_named(p);
	for (size_t i = 0; i < sizeof repairs / sizeof *repairs && !is_gone(p); i++) UC_TRY(repairs[i](p, e));
	return UC_OK;
}

static enum uc_status diagnose(struct uc_node *n, const char *name, bool fix, const char *who, json_t *items, bool *all, struct uc_error *e)
{
	UC_CLEANUP(uc_patient_free)
	struct uc_patient p = {.node = n, .name = uc_strdup(name), .fix = fix, .who = who, .steps = json_array()};
	UC_TRY(examine(&p, e));
	bool ok = is_gone(&p) && p.unnamed.count == 0 && has_its_keys(&p);
	*all = *all && ok;
	json_array_append_new(items, json_pack("{s:s, s:b, s:O}", "node", p.name, "ok", ok, "steps", p.steps));
	return UC_OK;
}

/* The names of the nodes to look at are appended to out: one, in the cluster's spelling, or all others. */
static enum uc_status choose(struct uc_node *n, const char *node, struct uc_strv *out, struct uc_error *e)
{
	json_t *found = NULL;
	size_t i;
	const json_t *row;
	UC_TRY(node != NULL ? uc_node_get(n, node, &found, e) : uc_node_nodes(n, &found, e));
	if (node != NULL) uc_strv_add(out, uc_json_member(found, "name"));
	json_array_foreach(json_object_get(found, "items"), i, row)
	{
		if (!json_is_true(json_object_get(row, "this"))) uc_strv_add(out, uc_json_member(row, "name"));
	}
	json_decref(found);
	return UC_OK;
}

enum uc_status uc_node_diagnose(struct uc_node *n, const char *node, bool fix, const char *who, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	bool all = true;
	*out = NULL;
	UC_TRY(choose(n, node, &names, e));
	json_t *items = json_array();
	enum uc_status status = UC_OK;
	for (size_t i = 0; i < names.count && status == UC_OK; i++) status = diagnose(n, names.items[i], fix, who, items, &all, e);
	if (status == UC_OK) *out = json_pack("{s:O, s:b}", "items", items, "ok", all);
	json_decref(items);
	return status;
}
