#include "pki/path.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/name.h"
#include "pki/path_internal.h"

enum { MAX_STEPS = 4000 };

/* A partial path: a certificate put on top of an earlier step. */
struct step {
	size_t item;  /* in the pool */
	size_t below; /* the step towards the leaf; of the leaf itself */
	size_t len;
	size_t cas;    /* certificates above the leaf that are not self-issued, this one included */
	uc_time until; /* when the first certificate of it ends */
	bool done;
};

struct search {
	struct uc_pool pool;
	const struct uc_path_options *options;
	struct step *steps;
	size_t count;
	/* The best failure so far. */
	struct uc_path_fault fault;
	struct uc_route route;
	int rank;
	char *missing_subject, *missing_key_id;
};

/* How far a failure got; the best is told. */
enum { RANK_NONE, RANK_DEAD_END, RANK_REFUSED };

bool uc_path_blame(struct uc_path_fault *fault, const struct uc_pool *pool, const struct uc_route *route, size_t depth, const char *code,
                   const char *fmt, ...)
{
	const struct uc_cert *c = pool->items[route->items[depth]].cert;
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
	char hex[UC_FINGERPRINT_HEX];
	char text[800];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	*fault = (struct uc_path_fault){.code = code, .depth = depth};
	snprintf(fault->message, sizeof fault->message, "certificate '%.160s' (%.8s) %s", label, uc_cert_fingerprint_hex(c, hex), text);
	return false;
}

static struct uc_route route_of(const struct search *s, const struct step *step)
{
	struct uc_route route = {.len = step->len};
	for (size_t i = step->len; i-- > 0; step = &s->steps[step->below]) route.items[i] = step->item;
	return route;
}

static void push(struct search *s, size_t item, size_t below)
{
	const struct uc_cert *c = s->pool.items[item].cert;
	struct step step = {.item = item, .below = below, .len = 1, .until = c->not_after.ok ? c->not_after.value : UC_TIME_MIN};
	if (s->count > 0) {
		const struct step *under = &s->steps[below];
		step.len = under->len + 1;
		step.cas = under->cas + (c->self_issued ? 0 : 1);
		if (under->until < step.until) step.until = under->until;
	}
	s->steps = uc_realloc(s->steps, s->count + 1, sizeof *s->steps);
	s->steps[s->count++] = step;
}

/* C81: what lasts longest; then what is nearer to its end; then the likelier issuer, which was pushed earlier. */
static bool before(const struct search *s, const struct step *a, const struct step *b)
{
	if (a->until != b->until) return a->until > b->until;
	if (s->pool.items[a->item].anchor != s->pool.items[b->item].anchor) return s->pool.items[a->item].anchor;
	return a->len > b->len;
}

static struct step *take(struct search *s)
{
	struct step *best = NULL;
	for (size_t i = 0; i < s->count; i++)
		if (!s->steps[i].done && (best == NULL || before(s, &s->steps[i], best))) best = &s->steps[i];
	if (best != NULL) best->done = true;
	return best;
}

/* Keeps a failure if it got further than the best one so far. */
static bool keep_failure(struct search *s, int rank, const struct uc_route *route, const struct uc_path_fault *fault)
{
	if (rank < s->rank || (rank == s->rank && (rank == RANK_REFUSED || route->len <= s->route.len))) return false;
	s->rank = rank;
	s->route = *route;
	s->fault = *fault;
	free(s->missing_subject);
	free(s->missing_key_id);
	s->missing_subject = NULL;
	s->missing_key_id = NULL;
	return true;
}

/* As keep_failure(), for a path that lacks the certificate of this subject and key. */
static void keep_missing(struct search *s, const struct uc_route *route, const struct uc_path_fault *fault, struct uc_slice subject,
                         struct uc_slice key_id)
{
	if (!keep_failure(s, RANK_DEAD_END, route, fault)) return;
	s->missing_subject = uc_name_text(subject);
	s->missing_key_id = key_id.len > 0 ? uc_hex(key_id, '\0') : NULL;
}

/* The issuer of the route's last certificate is not there; others of its name may be. */
static void fail_missing(struct search *s, const struct uc_route *route, bool looping)
{
	struct uc_path_fault fault;
	size_t top = route->len - 1;
	const struct uc_cert *c = s->pool.items[route->items[top]].cert;
	UC_CLEANUP(uc_freep) char *subject = uc_name_text(c->issuer);
	UC_CLEANUP(uc_freep) char *key = c->aki.len > 0 ? uc_hex(c->aki, '\0') : NULL;
	size_t others = uc_pool_namesakes(&s->pool, route->items[top]);
	char why[120] = "";
	if (looping)
		snprintf(why, sizeof why, " (those there with that name only lead back into the path)");
	else if (others > 0)
		snprintf(why, sizeof why, " (of that name %zu are there, with other keys)", others);
	uc_path_blame(&fault, &s->pool, route, top, "issuer-missing", "was issued by '%.300s'%s%.100s, whose certificate is missing%s", subject,
	              key != NULL ? " with the key identifier " : "", key != NULL ? key : "", why);
	keep_missing(s, route, &fault, c->issuer, c->aki);
}

/*
 * The certificate at depth was not signed by the one above it. When key identifiers say that this is its issuer, that is the fault;
 * otherwise another certificate of that name is wanted.
 */
static void fail_signature(struct search *s, const struct uc_route *route, size_t depth)
{
	const struct uc_cert *c = s->pool.items[route->items[depth]].cert;
	const struct uc_cert *issuer = s->pool.items[route->items[depth + 1]].cert;
	struct uc_path_fault fault;
	if (c->aki.len > 0 && issuer->ski.len > 0) {
		uc_path_blame(&fault, &s->pool, route, depth, "bad-signature",
		              "has a signature that was not made with its issuer's key (RFC 5280 section 6.1.3 (a)(1))");
		keep_failure(s, RANK_REFUSED, route, &fault);
		return;
	}
	struct uc_route known = *route;
	known.len = depth + 1;
	fail_missing(s, &known, false);
}

/* Before anything higher up is missed, what is below must be right: single candidates were taken without looking at signatures. */
static bool all_signed(struct search *s, const struct uc_route *route)
{
	for (size_t i = 0; i + 1 < route->len; i++) {
		if (uc_pool_signed(&s->pool, route->items[i], route->items[i + 1])) continue;
		if (!uc_pool_exhausted(&s->pool)) fail_signature(s, route, i);
		return false;
	}
	return true;
}

/* The path ends in a self-signed certificate that is not trusted. */
static void fail_untrusted(struct search *s, const struct uc_route *route)
{
	struct uc_path_fault fault;
	size_t top = route->len - 1;
	const struct uc_cert *c = s->pool.items[route->items[top]].cert;
	if (!all_signed(s, route)) return;
	if (top == 0)
		uc_path_blame(&fault, &s->pool, route, top, "self-signed-leaf", "is self-signed and not among the trusted certificates");
	else
		uc_path_blame(&fault, &s->pool, route, top, "issuer-missing",
		              "is the self-signed end of the path and not among the trusted certificates");
	keep_missing(s, route, &fault, c->subject, c->ski);
}

static void fail_depth(struct search *s, const struct uc_route *route, size_t max)
{
	struct uc_path_fault fault;
	if (!all_signed(s, route)) return;
	uc_path_blame(&fault, &s->pool, route, route->len - 1, "path-length", "is one intermediate more than the %zu allowed", max);
	keep_failure(s, RANK_DEAD_END, route, &fault);
}

/* A name and key that the route has already leads nowhere new (RFC 4158 section 2.4.2). */
static bool on_route(const struct search *s, const struct uc_route *route, const struct uc_cert *c)
{
	for (size_t i = 0; i < route->len; i++) {
		const struct uc_cert *r = s->pool.items[route->items[i]].cert;
		if (uc_slice_eq(r->spki, c->spki) && uc_name_eq(r->subject, c->subject)) return true;
	}
	return false;
}

static size_t max_depth(const struct uc_path_options *o)
{
	return o->max_depth == 0 ? UC_PATH_DEPTH : o->max_depth < 0 ? 0 : (size_t)o->max_depth;
}

static void extend(struct search *s, size_t at, const struct uc_route *route)
{
	size_t found[UC_PATH_SIGNATURES];
	size_t top = route->items[route->len - 1];
	size_t depth = max_depth(s->options);
	if (route->len == UC_ROUTE_MAX || s->steps[at].cas > depth) {
		fail_depth(s, route, depth);
		return;
	}
	size_t count = uc_pool_issuers(&s->pool, top, found, UC_PATH_SIGNATURES);
	bool looping = false;
	size_t start = s->count;
	for (size_t i = 0; i < count && s->count < MAX_STEPS; i++) {
		if (on_route(s, route, s->pool.items[found[i]].cert))
			looping = true;
		else if (count == 1 || uc_pool_signed(&s->pool, top, found[i])) /* a single one's signature is X509_verify_cert's business */
			push(s, found[i], at);
	}
	if (s->count == start && !uc_pool_exhausted(&s->pool) && all_signed(s, route)) fail_missing(s, route, looping);
}

/* Names itself as its issuer, by name and by key. In a trusted certificate that is enough: its own signature adds nothing to the trust. */
static bool names_itself(const struct uc_cert *c)
{
	return c->self_issued && c->aki.len > 0 && uc_slice_eq(c->aki, c->ski);
}

static bool may_end(struct search *s, size_t item)
{
	if (!s->pool.items[item].anchor) return false;
	return s->options->partial_anchors || names_itself(s->pool.items[item].cert) || uc_pool_self_signed(&s->pool, item);
}

static bool visit(struct search *s, size_t at, struct uc_path *out)
{
	struct uc_route route = route_of(s, &s->steps[at]);
	size_t top = route.items[route.len - 1];
	struct uc_path_fault fault = {.code = NULL};
	if (!may_end(s, top)) {
		if (!s->pool.items[top].anchor && uc_pool_self_signed(&s->pool, top))
			fail_untrusted(s, &route);
		else
			extend(s, at, &route);
		return false;
	}
	if (uc_route_judge(&s->pool, &route, s->options, &fault, &out->findings)) {
		s->route = route;
		return true;
	}
	if (uc_pool_exhausted(&s->pool)) return false; /* which is told then, not what came of it */
	if (strcmp(fault.code, "bad-signature") == 0 && fault.depth + 1 < route.len)
		fail_signature(s, &route, fault.depth);
	else
		keep_failure(s, RANK_REFUSED, &route, &fault);
	return false;
}

/* C81: the chain breaks before the leaf's own end. */
static void note_expiry(const struct uc_certs *chain, struct uc_findings *findings)
{
	const struct uc_cert *leaf = chain->items[0];
	const struct uc_cert *first = leaf;
	for (size_t i = 1; i < chain->count; i++)
		if (chain->items[i]->not_after.value < first->not_after.value) first = chain->items[i];
	if (first == leaf) return;
	char a[UC_TIME_TEXT];
	char b[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *issuer = uc_cert_label(first);
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(leaf);
	uc_findings_add(findings, UC_WARN, "issuer-expires-first", "Get a renewed certificate of that issuer, or of the leaf, before that day.",
	                "the issuer '%s' ends on %s, before '%s', which ends on %s", issuer, uc_time_rfc3339(first->not_after.value, a), label,
	                uc_time_rfc3339(leaf->not_after.value, b));
}

static void fill(struct search *s, struct uc_path *out)
{
	for (size_t i = 0; i < s->route.len; i++) uc_certs_take(&out->chain, uc_cert_dup(s->pool.items[s->route.items[i]].cert));
	if (out->ok) {
		note_expiry(&out->chain, &out->findings);
		return;
	}
	out->depth = (int)s->fault.depth;
	snprintf(out->code, sizeof out->code, "%s", s->fault.code);
	snprintf(out->message, sizeof out->message, "%s", s->fault.message);
	uc_text_printable(out->message);
	if (s->rank != RANK_DEAD_END) return;
	out->missing_subject = uc_move(s->missing_subject);
	out->missing_key_id = uc_move(s->missing_key_id);
}

/* A failure that was found is told, since it is true of its path; without one there is only this to say. */
static void give_up(struct search *s, size_t leaf)
{
	if (s->rank != RANK_NONE) {
		size_t len = strlen(s->fault.message);
		snprintf(s->fault.message + len, sizeof s->fault.message - len, "; there are too many possible paths to try them all");
		return;
	}
	struct uc_route route = {.items = {leaf}, .len = 1};
	struct uc_path_fault fault;
	uc_path_blame(&fault, &s->pool, &route, 0, "other", "has too many possible paths: given up after %zu signatures and %zu branches",
	              s->pool.signatures, s->count);
	keep_failure(s, RANK_REFUSED, &route, &fault);
}

static bool exhausted(const struct search *s)
{
	return uc_pool_exhausted(&s->pool) || s->count >= MAX_STEPS;
}

void uc_path_build(const struct uc_cert *leaf, const struct uc_certs *intermediates, const struct uc_certs *anchors,
                   const struct uc_path_options *options, struct uc_path *out)
{
	*out = (struct uc_path){.ok = false};
	struct search s = {.pool = {.max_signatures = UC_PATH_SIGNATURES}, .options = options};
	uc_pool_add(&s.pool, (const struct uc_cert *const *)anchors->items, anchors->count, true);
	uc_pool_add(&s.pool, (const struct uc_cert *const *)intermediates->items, intermediates->count, false);
	long trusted = uc_certs_find(anchors, leaf->fingerprint);
	size_t start = trusted >= 0 ? (size_t)trusted : s.pool.count;
	if (trusted < 0) uc_pool_add(&s.pool, &leaf, 1, false);
	push(&s, start, 0);
	for (const struct step *next = take(&s); next != NULL && !out->ok && !exhausted(&s); next = take(&s))
		out->ok = visit(&s, (size_t)(next - s.steps), out);
	if (!out->ok && exhausted(&s)) give_up(&s, start);
	fill(&s, out);
	uc_pool_free(&s.pool);
	free(s.steps);
	free(s.missing_subject);
	free(s.missing_key_id);
}

void uc_path_free(struct uc_path *p)
{
	uc_certs_free(&p->chain);
	free(p->missing_subject);
	free(p->missing_key_id);
	uc_findings_free(&p->findings);
	*p = (struct uc_path){.ok = false};
}
