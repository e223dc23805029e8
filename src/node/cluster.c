/* Questions about the cluster: its nodes, how far each has come, its jobs, its store. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/internal.h"
#include "pki/report.h"

enum { SILENT_SECONDS = 15 /* three heartbeats */ };

/* ---- what a node says of itself ---- */

struct own_keys {
	struct uc_node *node;
	struct uc_findings *findings;
};

/* C98: the object is there and its key is not. */
static void look_for_key(void *ctx, const struct uc_identity *i)
{
	struct own_keys *o = ctx;
	if (uc_keys_has(o->node->keys, i->key_id)) return;
	uc_findings_add(o->findings, UC_WARN, "key-missing", "Regenerate the certificate, or restore the key directory from a backup.",
	                "the private key of the %s certificate is not on this node", i->purpose);
}

static void own_findings(struct uc_node *n, struct uc_findings *out)
{
	struct uc_error e;
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	struct own_keys o = {.node = n, .findings = out};
	enum uc_status status = uc_reader_borrow(n, &reader, &e);
	if (status == UC_OK) status = uc_store_identities(reader.store, n->name, look_for_key, &o, &e);
	if (status != UC_OK) uc_findings_add(out, UC_WARN, e.id, NULL, "%s", e.message);
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
	pthread_mutex_lock(&n->view_lock);
	const struct uc_link *l = n->link;
	json_int_t port = json_integer_value(json_object_get(n->ports, "https"));
	const char *host = n->https_public[0] != '\0' ? n->https_public : n->fqdn;
	UC_CLEANUP(uc_freep) char *https = uc_sprintf(strchr(host, ':') != NULL ? "[%s]:%lld" : "%s:%lld", host, (long long)port);
	bool read_only = l->linked && (l->state == UC_LINK_HALTED || l->state == UC_LINK_REMOVED || l->clock_off);
	json_t *out =
	    json_pack("{s:s, s:s?, s:b, s:s?, s:o}", "version", UC_VERSION, "https", port > 0 ? https : NULL, "read_only", read_only, "reason",
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
	const json_t *states;
	int64_t head;
	uc_time now;
	const char *only; /* one name, or NULL */
	bool cut_off;     /* this node does not reach the store */
};

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

/* Those that do not name a node whose roles have their purpose. */
static void judge_multi(const struct multi *m, const struct uc_node_row *row, unsigned roles, struct uc_findings *out)
{
	for (size_t i = 0; i < m->purposes.count; i++) {
		const struct uc_purpose *purpose = NULL;
		const char *name = m->purposes.items[i];
		if (uc_purpose_find(name, &purpose, NULL) != UC_OK || (purpose->roles & roles) == 0) continue;
		if (uc_cert_names_node(m->certs.items[i], row->fqdn)) continue;
		uc_findings_add(out, UC_WARN, "not-in-multi-server", "Generate a new multi-server CSR, which names every node, and have it signed.",
		                "the multi-server certificate of %s does not name %s, which keeps a certificate of its own", name, row->fqdn);
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
	if (state == NULL) return this ? "up" : "unknown";
	if (!this && l->cut_off) return "unknown"; /* nothing is heard of anybody */
	uc_time at = json_integer_value(json_object_get(state, "at"));
	if (!this && l->now - at > SILENT_SECONDS) return "unreachable";
	if (json_is_true(json_object_get(report, "read_only"))) return "halted";
	return number < l->head ? "behind" : "up";
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
	char at[UC_TIME_TEXT];
	unsigned roles = 0;
	bool this = strcmp(row->name, l->node->name) == 0;
	const json_t *state = json_object_get(l->states, row->name);
	json_t *own = this ? uc_node_report(l->node) : NULL;
	const json_t *report = this ? own : json_object_get(state, "report");
	int64_t number = this ? l->node->link->mirror_number : json_integer_value(json_object_get(state, "number"));
	if (this && number == 0) number = l->head;
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	if (uc_roles_parse(row->roles, &roles, NULL) == UC_OK) judge_multi(multi, row, roles, &findings);
	json_t *all = uc_report_findings(&findings);
	json_array_extend(all, json_object_get(report, "findings"));
	bool known = this || state != NULL;
	json_t *contact = this            ? json_string(uc_time_rfc3339(l->now, at))
	                  : state != NULL ? json_string(uc_time_rfc3339(json_integer_value(json_object_get(state, "at")), at))
	                                  : json_null();
	json_t *out = json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:b, s:s, s:o}", "name", row->name, "fqdn", row->fqdn, "domain", row->domain,
	                        "roles", uc_roles_json(roles), "guid", row->guid, "fingerprint", certificate_fingerprint(row), "this", this,
	                        "state", state_of(l, this, state, report, number), "reason", or_null(report, "reason"));
	json_t *more = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "version", or_null(report, "version"), "last_contact", contact, "number",
	                         known ? json_integer(number) : json_null(), "behind",
	                         known ? json_integer(l->head > number ? l->head - number : 0) : json_null(), "https", or_null(report, "https"),
	                         "findings", all);
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
	    uc_sprintf(l->now > j->expires ? "its join secret expired %s" : "it may join until %s", uc_time_rfc3339(j->expires, until));
	json_array_append_new(l->items, json_pack("{s:s, s:s, s:s, s:o, s:n, s:n, s:b, s:s, s:s, s:s, s:n, s:n, s:n, s:n, s:n, s:[]}", "name",
	                                          j->node, "fqdn", fqdn, "domain", j->domain, "roles", uc_roles_json(roles), "guid",
	                                          "fingerprint", "this", 0, "state", "joining", "reason", reason, "expires", until, "version",
	                                          "last_contact", "number", "behind", "https", "findings"));
}

/* Has the follower fetch what the nodes say of themselves; gives up soon, so that no reader waits for a store that hangs. */
static void ask_for_states(struct uc_node *n)
{
	enum { STEPS = 200, STEP_NS = 5000000 };
	struct uc_link *l = n->link;
	int64_t asked = uc_monotonic_ns();
	pthread_mutex_lock(&n->view_lock);
	bool likely = l->linked && l->claimed;
	l->states_wanted = likely;
	pthread_mutex_unlock(&n->view_lock);
	if (!likely) return;
	uc_link_kick(n);
	for (int i = 0; i < STEPS; i++) {
		pthread_mutex_lock(&n->view_lock);
		bool fresh = l->states_at > asked;
		pthread_mutex_unlock(&n->view_lock);
		if (fresh) return;
		nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
	}
}

/* What the nodes say of themselves, or last said. Owned. */
static json_t *states_heard(struct uc_node *n, int64_t *head)
{
	ask_for_states(n);
	pthread_mutex_lock(&n->view_lock);
	if (n->link->store_number > *head) *head = n->link->store_number;
	json_t *heard = json_incref(n->link->states);
	pthread_mutex_unlock(&n->view_lock);
	return heard;
}

static enum uc_status list(struct uc_node *n, const char *only, json_t *items, struct uc_error *e)
{
	int64_t head = 0;
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_log_head(reader.store, &head, NULL, e));
	json_t *states = states_heard(n, &head);
	struct multi multi = {.purposes = {.items = NULL}};
	struct listing l = {.node = n, .store = reader.store, .items = items, .states = states, .head = head, .now = uc_now(), .only = only};
	pthread_mutex_lock(&n->view_lock);
	l.cut_off = n->link->state == UC_LINK_UNREACHABLE || n->link->state == UC_LINK_REMOVED;
	pthread_mutex_unlock(&n->view_lock);
	enum uc_status status = find_multi(reader.store, &multi, e);
	struct rows rows = {.list = &l, .multi = &multi};
	if (status == UC_OK) status = uc_store_nodes(reader.store, add_node, &rows, e);
	if (status == UC_OK) status = uc_store_joins(reader.store, add_join, &l, e);
	uc_strv_free(&multi.purposes);
	uc_certs_free(&multi.certs);
	json_decref(states);
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
	int64_t head = 0;
	struct job_list l = {.node = n, .items = json_array(), .states = states_heard(n, &head), .limit = limit};
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	enum uc_status status = uc_reader_borrow(n, &reader, e);
	if (status == UC_OK) status = uc_store_jobs(reader.store, node, state, before, limit + 1, add_job, &l, e);
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
	int64_t head = 0;
	UC_CLEANUP(uc_job_free) struct uc_job j = {.id = NULL};
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_store_job(reader.store, id, &j, e));
	json_t *states = states_heard(n, &head);
	*out = job_json(states, &j);
	json_object_set(*out, "arguments", j.arguments);
	json_decref(states);
	return UC_OK;
}

/* ---- the store ---- */

/* A connection string for people: hosts and database, neither name nor password. Free with free(). */
static char *where_of(const char *url)
{
	const char *rest = strstr(url, "://");
	rest = rest != NULL ? rest + 3 : url;
	size_t authority = strcspn(rest, "/?");
	const char *at = memrchr(rest, '@', authority);
	if (at != NULL) rest = at + 1;
	return uc_strndup(rest, strcspn(rest, "?"));
}

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
	bool reachable = !linked || l->state == UC_LINK_FOLLOWING || l->state == UC_LINK_CATCHING_UP || l->state == UC_LINK_HALTED;
	int64_t head = linked && l->store_number > number ? l->store_number : number;
	const char *reason = l->clock_off ? l->clock : l->reason;
	UC_CLEANUP(uc_freep) char *where = linked ? where_of(l->url) : NULL;
	*out = json_pack("{s:s, s:s?, s:b, s:s?, s:I, s:I, s:I, s:s, s:I}", "store", linked ? "postgresql" : "sqlite", "where", where,
	                 "reachable", reachable, "reason", reason[0] != '\0' ? reason : NULL, "head", (json_int_t)head, "number",
	                 (json_int_t)number, "behind", (json_int_t)(head - number), "state", names[l->state], "epoch", (json_int_t)epoch);
	pthread_mutex_unlock(&n->view_lock);
	return UC_OK;
}
