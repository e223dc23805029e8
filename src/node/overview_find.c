#include <stdlib.h>
#include <string.h>

#include "node/overview.h"
#include "node/publish.h"
#include "pki/name.h"
#include "pki/report.h"

enum { EXAMPLES = 5, OLD_CSR_DAYS = 30 };

/* How long the certificates are not looked at again while nothing changes; time itself changes little in a minute. */
#define KEEP_NS (INT64_C(60) * 1000000000)

/* ---- what is said of several at once ---- */

enum topic { EXPIRED, EXPIRING, CHAIN, FEDERATION, OUTSIDE, OLD_CSR, TOPICS };

static const struct {
	const char *code;
	enum uc_weight weight;
	const char *one, *many; /* "2 identity certificates ..." */
	const char *hint;
} topics[TOPICS] = {
    [EXPIRED] = {"own-expired", UC_DANGER, "an identity certificate has expired", "identity certificates have expired",
                 "Regenerate it (set cert regen), or request a new one (set csr gen)."},
    [EXPIRING] = {"own-expiring", UC_WARN, "an identity certificate expires in less than 30 days",
                  "identity certificates expire in less than 30 days",
                  "Regenerate it (set cert regen), or request a new one (set csr gen)."},
    [CHAIN] = {"chain-incomplete", UC_WARN, "the chain of an identity certificate is not complete or not valid",
               "identity certificates have a chain that is not complete or not valid",
               "Upload the missing CA certificate to the trust store, or have a new certificate signed."},
    [FEDERATION] = {"self-signed-outside", UC_WARN, "a service that other companies connect to has a self-signed certificate",
                    "services that other companies connect to have self-signed certificates",
                    "Other companies do not trust it: request a CA-signed one (set csr gen)."},
    [OUTSIDE] = {"self-signed-outside", UC_NOTE, "a service has a self-signed certificate, which is fine inside the firewall",
                 "services have self-signed certificates, which is fine inside the firewall",
                 "Where one is reached over a WAN or the Internet: request a CA-signed certificate (set csr gen)."},
    [OLD_CSR] = {"csr-old", UC_NOTE, "a CSR has been pending for more than 30 days", "CSRs have been pending for more than 30 days",
                 "Upload the CA's answer, or delete the CSR."},
};

struct pile {
	size_t count;
	struct uc_strv examples;
	char *object; /* the first */
};

struct look {
	struct uc_node *node;
	struct uc_store *store;
	uc_time now;
	struct pile piles[TOPICS];
	enum uc_status status;
	struct uc_error error;
};

static void look_free(struct look *l)
{
	for (size_t i = 0; i < TOPICS; i++) {
		uc_strv_free(&l->piles[i].examples);
		free(l->piles[i].object);
	}
}

/* Takes object and example. */
static void add(struct look *l, enum topic topic, char *object, char *example)
{
	struct pile *p = &l->piles[topic];
	if (p->count++ == 0)
		p->object = object;
	else
		free(object);
	if (p->examples.count < EXAMPLES)
		uc_strv_take(&p->examples, example);
	else
		free(example);
}

/* ---- one finding ---- */

static json_t *finding(enum uc_weight weight, const char *code, const char *message, const char *hint, size_t count, const char *object)
{
	json_t *out = json_pack("{s:s, s:s, s:o, s:o, s:I}", "code", code, "weight", uc_weight_name(weight), "message",
	                        uc_report_string(message), "hint", uc_report_string(hint), "count", (json_int_t)count);
	if (object != NULL) json_object_set_new(out, "object", uc_report_string(object));
	return out;
}

static void tell_pile(const struct pile *p, enum topic topic, json_t *out)
{
	if (p->count == 0) return;
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&p->examples, ", ");
	UC_CLEANUP(uc_freep) char *what = p->count == 1 ? uc_strdup(topics[topic].one) : uc_sprintf("%zu %s", p->count, topics[topic].many);
	UC_CLEANUP(uc_freep) char *more = p->count > EXAMPLES ? uc_sprintf(" and %zu more", p->count - EXAMPLES) : uc_strdup("");
	UC_CLEANUP(uc_freep) char *message = uc_sprintf("%s: %s%s", what, list, more);
	json_array_append_new(out, finding(topics[topic].weight, topics[topic].code, message, topics[topic].hint, p->count, p->object));
}

/* ---- identities ---- */

static char *object_of(const char *kind, const char *node, const char *purpose)
{
	return uc_sprintf("%s/%s/%s", kind, node, purpose);
}

static void look_at_time(struct look *l, const struct uc_identity *i)
{
	char when[UC_TIME_TEXT];
	const char *state = uc_cert_state(i->cert, l->now);
	bool expired = strcmp(state, "expired") == 0;
	if (!expired && strcmp(state, "expiring") != 0) return;
	add(l, expired ? EXPIRED : EXPIRING, object_of("own", i->node, i->purpose),
	    uc_sprintf("%s of %s (%.10s)", i->purpose, i->node, uc_time_rfc3339(i->cert->not_after.value, when)));
}

static void look_at_chain(struct look *l, const struct uc_identity *i, const struct uc_purpose *purpose)
{
	json_t *chain = NULL;
	l->status = uc_chain_json(i->node, l->store, purpose->stores[0], i->cert, &i->chain, &chain, &l->error);
	if (l->status == UC_OK && !json_is_true(json_object_get(chain, "complete"))) {
		const char *missing = uc_json_member(json_object_get(chain, "missing"), "subject");
		const char *why = missing[0] != '\0' ? " is missing" : "";
		add(l, CHAIN, object_of("own", i->node, i->purpose),
		    uc_sprintf("%s of %s (%s%s)", i->purpose, i->node, missing[0] != '\0' ? missing : uc_json_member(chain, "reason"), why));
	}
	json_decref(chain);
}

static void look_at_identity(void *ctx, const struct uc_identity *i)
{
	struct look *l = ctx;
	const struct uc_purpose *purpose = NULL;
	if (l->status != UC_OK || uc_purpose_find(i->purpose, &purpose, NULL) != UC_OK) return;
	look_at_time(l, i);
	if (strcmp(i->source, "ca-signed") == 0)
		look_at_chain(l, i, purpose);
	else if (purpose->reach != UC_REACH_INSIDE)
		add(l, purpose->reach == UC_REACH_INTERNET ? FEDERATION : OUTSIDE, object_of("own", i->node, i->purpose),
		    uc_sprintf("%s of %s", i->purpose, i->node));
}

static void look_at_request(void *ctx, const struct uc_request *r)
{
	struct look *l = ctx;
	char when[UC_TIME_TEXT];
	if (l->now - r->created <= OLD_CSR_DAYS * UC_DAY) return;
	bool shared = strcmp(r->node, UC_ALL_NODES) == 0;
	add(l, OLD_CSR, object_of("csr", r->node, r->purpose),
	    uc_sprintf("%s %s (%.10s)", r->purpose, shared ? "for several nodes" : r->node, uc_time_rfc3339(r->created, when)));
}

static void note_name(void *ctx, const struct uc_node_row *row)
{
	uc_strv_add(ctx, row->name);
}

static enum uc_status look_at_nodes(struct look *l, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	UC_TRY(uc_store_nodes(l->store, note_name, &nodes, e));
	for (size_t i = 0; i < nodes.count; i++) {
		UC_TRY(uc_store_identities(l->store, nodes.items[i], look_at_identity, l, e));
		UC_TRY(uc_store_requests(l->store, nodes.items[i], look_at_request, l, e));
	}
	UC_TRY(uc_store_requests(l->store, UC_ALL_NODES, look_at_request, l, e));
	if (l->status != UC_OK && e != NULL) *e = l->error;
	return l->status;
}

/* Keys of other nodes only they know: GET /nodes tells. */
static enum uc_status look_at_keys(struct uc_node *n, struct uc_store *store, json_t *out, struct uc_error *e)
{
	UC_CLEANUP(uc_findings_free) struct uc_findings missing = {.items = NULL};
	UC_CLEANUP(uc_freep) char *object = uc_sprintf("node/%s", n->name);
	UC_TRY(uc_own_keys_judge(n, store, &missing, e));
	for (size_t i = 0; i < missing.count; i++)
		json_array_append_new(out, finding(UC_DANGER, missing.items[i].code, missing.items[i].message, missing.items[i].hint, 1, object));
	return UC_OK;
}

static enum uc_status look_at_lists(struct uc_node *n, struct uc_store *store, json_t *out, struct uc_error *e)
{
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	uc_published_judge(n, store, &found);
	UC_TRY(uc_ctl_judge(n, store, &found, e));
	for (size_t i = 0; i < found.count; i++) {
		const struct uc_finding *f = &found.items[i];
		json_array_append_new(out, finding(f->weight, f->code, f->message, f->hint, 1, NULL));
	}
	return UC_OK;
}

/* The heaviest first; those of one weight in the order in which they were found. */
static void sort_by_weight(json_t *found)
{
	json_t *sorted = json_array();
	for (int weight = UC_REFUSED; weight >= UC_NOTE; weight--) {
		size_t i;
		json_t *one;
		json_array_foreach(found, i, one) if (strcmp(uc_json_member(one, "weight"), uc_weight_name((enum uc_weight)weight)) == 0)
		    json_array_append(sorted, one);
	}
	json_array_clear(found);
	json_array_extend(found, sorted);
	json_decref(sorted);
}

static enum uc_status look_at_all(struct uc_node *n, struct uc_store *store, uc_time now, json_t *out, struct uc_error *e)
{
	UC_CLEANUP(look_free) struct look l = {.node = n, .store = store, .now = now};
	UC_TRY(look_at_keys(n, store, out, e));
	UC_TRY(look_at_nodes(&l, e));
	for (enum topic t = 0; t < TOPICS; t++) tell_pile(&l.piles[t], t, out);
	UC_TRY(look_at_lists(n, store, out, e));
	sort_by_weight(out);
	return UC_OK;
}

/* ---- what is remembered ---- */

/* What was found at this state a short while ago; NULL otherwise. Owned. */
static json_t *remembered(struct uc_node *n, int64_t number)
{
	pthread_mutex_lock(&n->view_lock);
	const struct uc_glance *g = &n->glance;
	bool good = g->findings != NULL && g->number == number && uc_monotonic_ns() - g->at < KEEP_NS;
	json_t *out = good ? json_incref(g->findings) : NULL;
	pthread_mutex_unlock(&n->view_lock);
	return out;
}

static void remember(struct uc_node *n, int64_t number, json_t *findings)
{
	pthread_mutex_lock(&n->view_lock);
	json_decref(n->glance.findings);
	n->glance = (struct uc_glance){.findings = json_incref(findings), .number = number, .at = uc_monotonic_ns()};
	pthread_mutex_unlock(&n->view_lock);
}

static enum uc_status certificate_findings(struct uc_node *n, struct uc_store *store, uc_time now, json_t **out, struct uc_error *e)
{
	int64_t number;
	UC_TRY(uc_log_head(store, &number, NULL, e));
	*out = remembered(n, number);
	if (*out != NULL) return UC_OK;
	json_t *found = json_array();
	enum uc_status status = look_at_all(n, store, now, found, e);
	if (status != UC_OK) {
		json_decref(found);
		return status;
	}
	remember(n, number, found);
	*out = found;
	return UC_OK;
}

/* ---- what the node itself has seen ---- */

static void tell_self_check(const struct uc_node *n, const json_t *seen, json_t *out)
{
	size_t i;
	const json_t *one;
	UC_CLEANUP(uc_freep) char *object = uc_sprintf("node/%s", n->name);
	json_array_foreach(seen, i, one)
	{
		if (json_is_true(json_object_get(one, "matches"))) continue;
		UC_CLEANUP(uc_freep)
		char *message = uc_sprintf("HTTPS of %s does not present its %s certificate in force: %s", n->name, uc_json_member(one, "key_type"),
		                           uc_json_member(one, "detail"));
		json_array_append_new(out, finding(UC_DANGER, "serves-another", message,
		                                   "It is tried again every minute; show status says what was seen.", 1, object));
	}
}

static void tell_of_node(struct uc_node *n, json_t *out)
{
	pthread_mutex_lock(&n->view_lock);
	json_t *seen = uc_self_check_json(n);
	UC_CLEANUP(uc_freep) char *log = json_is_string(n->log_check) ? uc_strdup(json_string_value(n->log_check)) : uc_strdup("whole");
	pthread_mutex_unlock(&n->view_lock);
	tell_self_check(n, seen, out);
	json_decref(seen);
	if (strcmp(log, "whole") == 0) return;
	UC_CLEANUP(uc_freep) char *message = uc_sprintf("the change log is not whole: %s", log);
	json_array_append_new(out,
	                      finding(UC_DANGER, "log-broken", message, "Find out who has altered it; restore it from a backup.", 1, NULL));
}

enum uc_status uc_overview_findings(struct uc_node *n, struct uc_store *store, uc_time now, json_t **out, struct uc_error *e)
{
	json_t *found = NULL;
	UC_TRY(certificate_findings(n, store, now, &found, e));
	json_t *all = json_array();
	tell_of_node(n, all); /* all of it danger */
	json_array_extend(all, found);
	json_decref(found);
	*out = all;
	return UC_OK;
}
