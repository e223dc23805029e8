/* Questions about the cluster: its nodes, how far each has come, its jobs, its store. */
#include <stdlib.h>
#include <string.h>

#include "node/lists.h"
#include "node/read.h"
#include "pki/report.h"

enum {
	SILENT_SECONDS = 15, /* three heartbeats */
	FRESH_SECONDS = 5    /* one */
};

/* ---- what a node says of itself ---- */

static void own_findings(struct uc_node *n, struct uc_findings *out)
{
	struct uc_error e;
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	enum uc_status status = uc_reader_borrow(n, &reader, &e);
	if (status == UC_OK) status = uc_own_keys_judge(n, reader.store, out, &e);
	if (status != UC_OK) uc_findings_add(out, UC_WARN, e.id, NULL, "%s", e.message);
	if (uc_roles_ignored(n)) {
		UC_CLEANUP(uc_freep) char *asked = uc_roles_text(n->roles_asked);
		uc_findings_add(out, UC_WARN, "roles-ignored",
		                "Take them out of the configuration; a node gets others by joining anew (set node add --replace).",
		                "its configuration names the roles %s, which are not used: the cluster gives it its roles", asked);
	}
	const struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	if (l->aged)
		uc_findings_add(out, UC_WARN, "restored", "See whether its private keys are complete (show cert list own).",
		                "its disk was restored from an older copy than it had confirmed");
	if (l->clock_off) uc_findings_add(out, UC_WARN, "clock-off", "Set the clock of that machine (NTP).", "%s", l->clock);
	if (l->state == UC_LINK_HALTED) uc_findings_add(out, UC_WARN, l->id, "show cluster on that node says more.", "%s", l->reason);
	pthread_mutex_unlock(&n->view_lock);
}

json_t *uc_node_report(struct uc_node *n)
{
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	own_findings(n, &findings);
	json_t *itl = uc_list_report(n);
	pthread_mutex_lock(&n->view_lock);
	const struct uc_link *l = n->link;
	json_int_t port = json_integer_value(json_object_get(n->ports, "https"));
	const char *host = n->https_public[0] != '\0' ? n->https_public : n->fqdn;
	UC_CLEANUP(uc_freep) char *https = uc_sprintf(strchr(host, ':') != NULL ? "[%s]:%lld" : "%s:%lld", host, (long long)port);
	bool read_only = l->linked && (l->state == UC_LINK_HALTED || l->state == UC_LINK_REMOVED || l->clock_off);
	json_t *out = json_pack("{s:s, s:s?, s:o, s:b, s:s?, s:o}", "version", UC_VERSION, "https", port > 0 ? https : NULL, "itl", itl,
	                        "read_only", read_only, "reason",
	                        !read_only     ? NULL
	                        : l->clock_off ? l->clock
	                                       : l->reason,
	                        "findings", uc_report_findings(&findings));
	pthread_mutex_unlock(&n->view_lock);
	return out;
}

/* ---- the nodes ---- */

struct listing {
	struct uc_node *node;
	struct uc_store *store;
	json_t *items;
	const char *only; /* one name, or NULL */
	json_t *states;
	int64_t head, own; /* changes of the store, and of this node's mirror */
	uc_time heard;     /* when the states were fetched, by the store's clock as their times are */
	bool cut_off;      /* the store does not answer this node: what is known of the others is old, and the head may be further */
	char *why;         /* it is cut off */
	uc_time contact;   /* when the store last answered; 0: not since this node started */
};

static void listing_free(struct listing *l)
{
	json_decref(l->states);
	free(l->why);
}

/* The multi-server certificates of the cluster, one for each purpose that has one. */
struct multi {
	struct uc_strv purposes;
	struct uc_certs certs; /* in the same order */
};

static void note_multi(void *ctx, const struct uc_identity *i)
{
	struct multi *m = ctx;
	if (strcmp(i->distribution, "multi-server") != 0 || uc_strv_has(&m->purposes, i->purpose)) return;
	uc_strv_add(&m->purposes, i->purpose);
	uc_certs_take(&m->certs, uc_cert_dup(i->cert));
}

/* Has the node the multi-server certificate all the same, as after it was renamed? */
static bool has_multi(struct uc_store *store, const char *node, const char *purpose)
{
	UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
	return uc_store_identity(store, node, purpose, &i, NULL) == UC_OK && strcmp(i.distribution, "multi-server") == 0;
}

/* Those that do not name a node whose roles have their purpose. */
static void judge_multi(const struct multi *m, struct uc_store *store, const struct uc_node_row *row, unsigned roles,
                        struct uc_findings *out)
{
	for (size_t i = 0; i < m->purposes.count; i++) {
		const struct uc_purpose *purpose = NULL;
		const char *name = m->purposes.items[i];
		if (uc_purpose_find(name, &purpose, NULL) != UC_OK || (purpose->roles & roles) == 0) continue;
		if (uc_cert_names_node(m->certs.items[i], row->fqdn)) continue;
		uc_findings_add(out, UC_WARN, "not-in-multi-server", "Generate a new multi-server CSR, which names every node, and have it signed.",
		                "the multi-server certificate of %s does not name %s, which %s", name, row->fqdn,
		                has_multi(store, row->name, name) ? "has it nevertheless: clients that connect to that name do not accept it"
		                                                  : "keeps a certificate of its own");
	}
}

static void collect_nodes(void *ctx, const struct uc_node_row *row)
{
	uc_strv_add(ctx, row->name);
}

static enum uc_status find_multi(struct uc_store *store, struct multi *m, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	UC_TRY(uc_store_nodes(store, collect_nodes, &nodes, e));
	for (size_t i = 0; i < nodes.count; i++) UC_TRY(uc_store_identities(store, nodes.items[i], note_multi, m, e));
	return UC_OK;
}

static const char *state_of(const struct listing *l, bool this, const json_t *state, const json_t *report, int64_t number)
{
	bool halted = json_is_true(json_object_get(report, "read_only"));
	if (!this && (l->cut_off || state == NULL)) return "unknown"; /* nothing is heard of anybody, or nothing yet of this one */
	if (!this && l->heard - json_integer_value(json_object_get(state, "at")) > SILENT_SECONDS) return "unreachable";
	if (halted) return "halted";
	if (l->cut_off) return "unreachable"; /* as the others see it */
	return number < l->head ? "behind" : "up";
}

/* Why it is in that state, and how old that is. */
static json_t *reason_of(const struct listing *l, bool this, const json_t *state, const json_t *report)
{
	char at[UC_TIME_TEXT];
	const char *said = uc_json_member(report, "reason");
	if (!l->cut_off || (this && said[0] != '\0')) return said[0] != '\0' ? json_string(said) : json_null();
	if (this) return json_string(l->why);
	if (l->contact == 0) return json_string("nothing is known of it: the store has not been reached since this node started");
	uc_time_rfc3339(l->contact, at);
	if (state == NULL) return json_sprintf("nothing is known of it: the store last answered this node at %s", at);
	return json_sprintf("as of %s, when the store last answered this node%s%s", at, said[0] != '\0' ? ": " : "", said);
}

static json_t *contact_of(const struct listing *l, bool this, const json_t *state)
{
	char at[UC_TIME_TEXT];
	uc_time own = l->cut_off ? l->contact : uc_now();
	uc_time heard = this ? own : json_integer_value(json_object_get(state, "at"));
	return heard > 0 ? json_string(uc_time_rfc3339(heard, at)) : json_null();
}

static json_t *behind_of(const struct listing *l, int64_t number)
{
	if (l->cut_off) return json_null();
	return json_integer(l->head > number ? l->head - number : 0);
}

static json_t *or_null(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);
	return value != NULL ? json_incref(value) : json_null();
}

static json_t *certificate_fingerprint(const struct uc_node_row *row)
{
	char hex[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	if (row->certificate.len == 0 || uc_cert_read(uc_buf_slice(&row->certificate), &cert, NULL) != UC_OK) return json_null();
	return json_string(uc_cert_fingerprint_hex(cert, hex));
}

static json_t *node_json(const struct listing *l, const struct uc_node_row *row, const struct multi *multi)
{
	unsigned roles = 0;
	bool this = strcmp(row->name, l->node->name) == 0;
	const json_t *state = json_object_get(l->states, row->name);
	json_t *own = this ? uc_node_report(l->node) : NULL;
	const json_t *report = this ? own : json_object_get(state, "report");
	int64_t number = this ? l->own : json_integer_value(json_object_get(state, "number"));
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	if (uc_roles_parse(row->roles, &roles, NULL) == UC_OK) judge_multi(multi, l->store, row, roles, &findings);
	json_t *all = uc_report_findings(&findings);
	json_array_extend(all, json_object_get(report, "findings"));
	bool known = this || state != NULL;
	json_t *out = json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:b, s:s, s:o}", "name", row->name, "fqdn", row->fqdn, "domain", row->domain,
	                        "roles", uc_roles_json(roles), "guid", row->guid, "fingerprint", certificate_fingerprint(row), "this", this,
	                        "state", state_of(l, this, state, report, number), "reason", reason_of(l, this, state, report));
	json_t *more = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "version", or_null(report, "version"), "last_contact",
	                         contact_of(l, this, state), "number", known ? json_integer(number) : json_null(), "behind",
	                         known ? behind_of(l, number) : json_null(), "https", or_null(report, "https"), "findings", all);
	json_object_update(out, more);
	json_decref(more);
	json_decref(own);
	return out;
}

struct rows {
	struct listing *list;
	const struct multi *multi;
};

static void add_node(void *ctx, const struct uc_node_row *row)
{
	const struct rows *r = ctx;
	if (r->list->only != NULL && !uc_eq_nocase(row->name, r->list->only)) return;
	json_array_append_new(r->list->items, node_json(r->list, row, r->multi));
}

/* A node that may join, unless it is there already: then this is its replacement, or its first minute. */
static void add_join(void *ctx, const struct uc_join *j)
{
	struct listing *l = ctx;
	char until[UC_TIME_TEXT];
	unsigned roles = 0;
	if (l->only != NULL && !uc_eq_nocase(j->node, l->only)) return;
	struct uc_node_row there = {.name = NULL};
	enum uc_status status = uc_store_node(l->store, j->node, &there, NULL);
	uc_node_row_free(&there);
	if (status == UC_OK || uc_roles_parse(j->roles, &roles, NULL) != UC_OK) return;
	UC_CLEANUP(uc_freep) char *fqdn = j->domain[0] != '\0' ? uc_sprintf("%s.%s", j->node, j->domain) : uc_strdup(j->node);
	UC_CLEANUP(uc_freep)
	char *reason =
	    uc_sprintf(uc_now() > j->expires ? "its join secret expired %s" : "it may join until %s", uc_time_rfc3339(j->expires, until));
	json_array_append_new(l->items, json_pack("{s:s, s:s, s:s, s:o, s:n, s:n, s:b, s:s, s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:[]}", "name",
	                                          j->node, "fqdn", fqdn, "domain", j->domain, "roles", uc_roles_json(roles), "guid",
	                                          "fingerprint", "this", 0, "state", "joining", "reason", reason, "expires", until, "version",
	                                          "last_contact", "number", "behind", "https", "findings"));
}

/* What is known of the store and of the nodes, and how old that is. */
static void hear(struct uc_node *n, struct listing *out)
{
	const struct uc_link *l = n->link;
	char at[UC_TIME_TEXT];
	out->states = uc_heard_states(n);
	/* What was fetched a heartbeat ago is as good as what is fetched now. */
	bool fresh = uc_heard_since(n, uc_monotonic_ns() - (int64_t)FRESH_SECONDS * 1000000000);
	pthread_mutex_lock(&n->view_lock);
	bool lost = l->state == UC_LINK_UNREACHABLE || l->state == UC_LINK_REMOVED;
	out->head = l->store_number > out->own ? l->store_number : out->own;
	out->heard = l->states_now;
	out->contact = l->contact;
	out->cut_off = l->linked && (lost || !fresh);
	out->why = lost ? uc_sprintf("this node does not reach the store: %s", l->reason)
	                : uc_sprintf("the store last answered this node at %s", uc_time_rfc3339(l->contact, at));
	pthread_mutex_unlock(&n->view_lock);
}

static enum uc_status list(struct uc_node *n, const char *only, json_t *items, struct uc_error *e)
{
	UC_CLEANUP(listing_free) struct listing l = {.node = n, .items = items, .only = only};
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_log_head(reader.store, &l.own, NULL, e));
	hear(n, &l);
	l.store = reader.store;
	struct multi multi = {.purposes = {.items = NULL}};
	enum uc_status status = find_multi(reader.store, &multi, e);
	struct rows rows = {.list = &l, .multi = &multi};
	if (status == UC_OK) status = uc_store_nodes(reader.store, add_node, &rows, e);
	if (status == UC_OK) status = uc_store_joins(reader.store, add_join, &l, e);
	uc_strv_free(&multi.purposes);
	uc_certs_free(&multi.certs);
	return status;
}

static json_t *page(json_t *items)
{
	return json_pack("{s:o, s:n}", "items", items, "next");
}

enum uc_status uc_node_nodes(struct uc_node *n, json_t **out, struct uc_error *e)
{
	json_t *items = json_array();
	enum uc_status status = list(n, NULL, items, e);
	if (status == UC_OK)
		*out = page(items);
	else
		json_decref(items);
	return status;
}

enum uc_status uc_node_get(struct uc_node *n, const char *name, json_t **out, struct uc_error *e)
{
	json_t *items = json_array();
	enum uc_status status = list(n, name, items, e);
	if (status == UC_OK && json_array_size(items) == 0)
		status = uc_fail_field(e, UC_ENOTFOUND, "no-node", "node", "`show node list` lists them.", "there is no node '%s'", name);
	if (status == UC_OK) *out = json_incref(json_array_get(items, 0));
	json_decref(items);
	return status;
}

/* ---- jobs ---- */

struct job_list {
	struct uc_node *node;
	json_t *items;
	json_t *states;
	size_t limit;
	bool more;
	int64_t last;
};

/* A job that waits runs once its node has heard of it. */
static const char *job_state(const json_t *states, const struct uc_job *j)
{
	if (strcmp(j->state, "waiting") != 0) return j->state;
	if (uc_now() > j->deadline) return "expired";
	int64_t heard = json_integer_value(json_object_get(json_object_get(states, j->node), "number"));
	return heard >= j->number ? "running" : "waiting";
}

static json_t *job_json(const json_t *states, const struct uc_job *j)
{
	char created[UC_TIME_TEXT];
	char deadline[UC_TIME_TEXT];
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:I, s:o}", "id", j->id, "node", j->node, "task", j->task,
	                 "summary", j->summary, "who", j->who, "why", j->why[0] != '\0' ? j->why : NULL, "state", job_state(states, j),
	                 "detail", j->detail, "created_at", uc_time_rfc3339(j->created, created), "deadline",
	                 uc_time_rfc3339(j->deadline, deadline), "number", (json_int_t)j->number, "answer",
	                 j->answer > 0 ? json_integer(j->answer) : json_null());
}

static void add_job(void *ctx, const struct uc_job *j)
{
	struct job_list *l = ctx;
	if (json_array_size(l->items) == l->limit) {
		l->more = true;
		return;
	}
	l->last = j->number;
	json_array_append_new(l->items, job_json(l->states, j));
}

enum uc_status uc_node_jobs(struct uc_node *n, const char *node, const char *state, int64_t before, size_t limit, json_t **out,
                            struct uc_error *e)
{
	static const char *const stored[] = {"waiting", "done", "failed"};
	bool known = state == NULL;
	for (size_t i = 0; i < sizeof stored / sizeof *stored; i++) known = known || strcmp(stored[i], state) == 0;
	if (!known)
		return uc_fail_field(e, UC_EINPUT, "bad-state", "state", "Use waiting (which includes running and expired), done or failed.",
		                     "'%s' is not a state of jobs", state);
	struct job_list l = {.node = n, .items = json_array(), .states = uc_heard_states(n), .limit = limit};
	UC_CLEANUP(uc_freep) char *whose = NULL;
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	enum uc_status status = uc_reader_borrow(n, &reader, e);
	if (status == UC_OK && node != NULL) status = uc_read_former_node(reader.store, node, &whose, e);
	if (status == UC_OK) status = uc_store_jobs(reader.store, whose, state, before, limit + 1, add_job, &l, e);
	json_decref(l.states);
	if (status != UC_OK) {
		json_decref(l.items);
		return status;
	}
	*out = json_pack("{s:o, s:o}", "items", l.items, "next", l.more ? json_sprintf("%lld", (long long)l.last) : json_null());
	return UC_OK;
}

enum uc_status uc_node_job(struct uc_node *n, const char *id, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_job_free) struct uc_job j = {.id = NULL};
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_store_job(reader.store, id, &j, e));
	json_t *states = uc_heard_states(n);
	*out = job_json(states, &j);
	json_object_set(*out, "arguments", j.arguments);
	json_decref(states);
	return UC_OK;
}

/* ---- the store ---- */

enum uc_status uc_node_cluster(struct uc_node *n, json_t **out, struct uc_error *e)
{
	static const char *const names[] = {
	    [UC_LINK_SINGLE] = "single",           [UC_LINK_CATCHING_UP] = "catching-up", [UC_LINK_FOLLOWING] = "following",
	    [UC_LINK_UNREACHABLE] = "unreachable", [UC_LINK_HALTED] = "halted",           [UC_LINK_REMOVED] = "removed"};
	int64_t number;
	int64_t epoch;
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_log_head(reader.store, &number, NULL, e));
	UC_TRY(uc_log_epoch(reader.store, &epoch, e));
	pthread_mutex_lock(&n->view_lock);
	const struct uc_link *l = n->link;
	bool linked = l->linked;
	if (linked) number = l->mirror_number; /* what this node serves, which comes after what it has written down */
	bool reachable = !linked || l->state == UC_LINK_FOLLOWING || l->state == UC_LINK_CATCHING_UP || l->state == UC_LINK_HALTED;
	int64_t head = linked && l->store_number > number ? l->store_number : number;
	const char *reason = l->clock_off ? l->clock : l->reason;
	UC_CLEANUP(uc_freep) char *where = linked ? uc_store_where(l->url) : NULL;
	*out =
	    json_pack("{s:s, s:s?, s:b, s:s?, s:I, s:I, s:o, s:s, s:I}", "store", linked ? "postgresql" : "sqlite", "where", where, "reachable",
	              reachable, "reason", reason[0] != '\0' ? reason : NULL, "head", (json_int_t)head, "number", (json_int_t)number, "behind",
	              reachable ? json_integer(head - number) : json_null(), "state", names[l->state], "epoch", (json_int_t)epoch);
	pthread_mutex_unlock(&n->view_lock);
	return UC_OK;
}
