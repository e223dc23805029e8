/* What in a set of files belongs together: repeated objects, chains, and the keys and requests of certificates. */
#include <stdlib.h>
#include <string.h>

#include "pki/name.h"
#include "pki/path.h"
#include "pki/report_survey.h"

static int cmp_index(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int cmp_digest(const void *a, const void *b, void *survey)
{
	const struct uc_survey *s = survey;
	size_t x = *(const size_t *)a;
	size_t y = *(const size_t *)b;
	int order = memcmp(s->objects[x].digest, s->objects[y].digest, UC_SHA256_LEN);
	if (order == 0) order = (int)s->objects[x].kind - (int)s->objects[y].kind;
	return order != 0 ? order : cmp_index(x, y);
}

static int cmp_key_id(const void *a, const void *b, void *survey)
{
	const struct uc_survey *s = survey;
	size_t x = *(const size_t *)a;
	size_t y = *(const size_t *)b;
	int order = strcmp(s->objects[x].key_id, s->objects[y].key_id);
	return order != 0 ? order : cmp_index(x, y);
}

void uc_survey_find_repeated(struct uc_survey *s)
{
	UC_CLEANUP(uc_freep) size_t *order = uc_zalloc(s->count, sizeof *order);
	for (size_t i = 0; i < s->count; i++) order[i] = i;
	qsort_r(order, s->count, sizeof *order, cmp_digest, s);
	for (size_t i = 1, first = 0; i < s->count; i++) {
		struct uc_survey_object *o = &s->objects[order[i]];
		const struct uc_survey_object *before = &s->objects[order[first]];
		if (o->kind != before->kind || memcmp(o->digest, before->digest, UC_SHA256_LEN) != 0) {
			first = i;
			continue;
		}
		o->repeated = true;
		UC_CLEANUP(uc_freep) char *that = uc_survey_describe(s, order[first]);
		uc_findings_add(&o->findings, UC_NOTE, "repeated", "One copy is enough; nothing needs to be done.", "it is the same as %s", that);
	}
}

/* A chain: objects, leaf first. */
struct chain {
	size_t *objects;
	size_t count;
};

enum { MAX_CHAIN = 64 };

/* The readable certificates, each once: three arrays of the same length, owned; those pointed at are borrowed. */
struct pool {
	struct uc_certs certs;
	size_t *objects;    /* the object of each */
	uint32_t *subjects; /* uc_name_hash() of each */
};

static int cmp_size(const void *a, const void *b)
{
	return cmp_index(*(const size_t *)a, *(const size_t *)b);
}

static char *labels(const struct uc_survey *s, const size_t *objects, size_t count)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	for (size_t i = 0; i < count; i++) uc_strv_add(&names, s->objects[objects[i]].label);
	return uc_strv_join(&names, ", ");
}

/* C3: one sentence about a file whose part of a chain is not in order. */
static void judge_order(struct uc_survey *s, const struct chain *chain, size_t file)
{
	UC_CLEANUP(uc_freep) size_t *right = uc_zalloc(chain->count, sizeof *right);
	size_t count = 0;
	for (size_t i = 0; i < chain->count; i++)
		if (s->objects[chain->objects[i]].file == file) right[count++] = chain->objects[i];
	UC_CLEANUP(uc_freep) size_t *found = uc_memdup(right, count * sizeof *right);
	qsort(found, count, sizeof *found, cmp_size);
	size_t at = 0;
	while (at < count && found[at] == right[at]) at++;
	if (at == count) return;
	UC_CLEANUP(uc_freep) char *is = labels(s, found, count);
	UC_CLEANUP(uc_freep) char *should = labels(s, right, count);
	uc_findings_add(&s->findings, UC_NOTE, "chain-order",
	                "An import puts them in order by itself; other programs may want the order given here.",
	                "%s: certificate %zu ('%s') is out of place: the order found is %s; leaf first it is %s", s->files[file].name,
	                s->objects[found[at]].number, s->objects[found[at]].label, is, should);
}

/* {"subject", "key_id"} of the issuer that the chain's end lacks, with a finding. */
static json_t *missing_issuer(struct uc_survey *s, const struct chain *chain)
{
	size_t end = chain->objects[chain->count - 1];
	const struct uc_cert *c = s->objects[end].cert;
	UC_CLEANUP(uc_freep) char *subject = uc_name_text(c->issuer);
	UC_CLEANUP(uc_freep) char *key_id = c->aki.len > 0 ? uc_hex(c->aki, '\0') : NULL;
	UC_CLEANUP(uc_freep) char *where = uc_survey_describe(s, end);
	uc_findings_add(&s->findings, UC_WARN, "issuer-missing",
	                "Add its issuer's certificate, which its CA offers, unless the trust store has it already.",
	                "the chain of '%s' ends at %s, because its issuer is not in these files: %s, key identifier %s",
	                s->objects[chain->objects[0]].label, where, subject, key_id != NULL ? key_id : "not given");
	json_t *o = json_object();
	json_object_set_new(o, "subject", uc_report_string(subject));
	json_object_set_new(o, "key_id", uc_report_string(key_id));
	return o;
}

/* Path validation of a complete chain (RFC 5280 section 6). What is a finding of the certificate at fault is not told again. */
static bool judge_path(struct uc_survey *s, const struct chain *chain)
{
	UC_CLEANUP(uc_freep) struct uc_cert **certs = uc_zalloc(chain->count, sizeof *certs);
	for (size_t i = 0; i < chain->count; i++) certs[i] = s->objects[chain->objects[i]].cert;
	size_t last = chain->count - 1;
	const struct uc_certs between = {.items = certs, .count = last};
	const struct uc_certs root = {.items = &certs[last], .count = 1};
	struct uc_path_options options = {.at = s->now, .purpose = UC_PATH_ANY, .v1_anchors = true, .allow_weak = true};
	struct uc_path path;
	uc_path_build(certs[0], &between, &root, &options, &path);
	bool ok = path.ok;
	size_t at = path.depth >= 0 && (size_t)path.depth < chain->count ? (size_t)path.depth : 0;
	if (!ok && uc_findings_get(&s->objects[chain->objects[at]].findings, path.code) == NULL)
		uc_findings_add(&s->findings, UC_REFUSED, path.code,
		                "The chain cannot be used; ask the CA of the certificate named for a right one.",
		                "the chain of '%s' is not valid: %s", s->objects[chain->objects[0]].label, path.message);
	/* Of one that stands alone there is nothing to say but what its own findings say. */
	if (chain->count > 1) uc_findings_move(&s->findings, &path.findings, s->objects[chain->objects[0]].label);
	uc_path_free(&path);
	return ok;
}

static json_t *chain_json(struct uc_survey *s, const struct chain *chain)
{
	json_t *indices = json_array();
	for (size_t i = 0; i < chain->count; i++) json_array_append_new(indices, json_integer((json_int_t)chain->objects[i]));
	bool complete = s->objects[chain->objects[chain->count - 1]].self_signed;
	json_t *missing = complete ? json_null() : missing_issuer(s, chain);
	bool valid = complete && judge_path(s, chain);
	json_t *o = json_object();
	json_object_set_new(o, "certificates", indices);
	json_object_set_new(o, "complete", json_boolean(complete));
	json_object_set_new(o, "valid", json_boolean(valid));
	json_object_set_new(o, "missing_issuer", missing);
	return o;
}

static void pool_fill(struct pool *pool, const struct uc_survey *s)
{
	pool->certs.items = uc_zalloc(s->count, sizeof(struct uc_cert *));
	pool->objects = uc_zalloc(s->count, sizeof *pool->objects);
	pool->subjects = uc_zalloc(s->count, sizeof *pool->subjects);
	for (size_t i = 0; i < s->count; i++) {
		struct uc_cert *c = s->objects[i].cert;
		if (c == NULL || s->objects[i].repeated) continue;
		pool->objects[pool->certs.count] = i;
		pool->subjects[pool->certs.count] = uc_name_hash(c->subject);
		pool->certs.items[pool->certs.count++] = c;
	}
}

static void pool_free(struct pool *pool)
{
	free(pool->certs.items);
	free(pool->objects);
	free(pool->subjects);
}

static bool in_chain(const struct chain *chain, size_t object)
{
	for (size_t i = 0; i < chain->count; i++)
		if (chain->objects[i] == object) return true;
	return false;
}

/* The object of an issuer of the chain's end, a self-signed one if there is, or -1. */
static long find_issuer(const struct uc_survey *s, const struct pool *pool, const struct chain *chain)
{
	const struct uc_cert *end = s->objects[chain->objects[chain->count - 1]].cert;
	uint32_t issuer = uc_name_hash(end->issuer);
	long found = -1;
	for (size_t i = 0; i < pool->certs.count; i++) {
		const struct uc_cert *c = pool->certs.items[i];
		if (pool->subjects[i] != issuer || in_chain(chain, pool->objects[i]) || !uc_cert_issued_by(end, c)) continue;
		if (s->objects[pool->objects[i]].self_signed) return (long)pool->objects[i];
		if (found < 0) found = (long)pool->objects[i];
	}
	return found;
}

/* uc_chain_order() puts each certificate in one chain; several leaves share their issuers all the same. */
static void extend(const struct uc_survey *s, const struct pool *pool, struct chain *chain)
{
	while (chain->count < MAX_CHAIN && !s->objects[chain->objects[chain->count - 1]].self_signed) {
		long issuer = find_issuer(s, pool, chain);
		if (issuer < 0) return;
		chain->objects[chain->count++] = (size_t)issuer;
	}
}

/* One chain of uc_chain_order(), given as indices into the pool. */
static json_t *report_chain(struct uc_survey *s, const struct pool *pool, const size_t *run, size_t count)
{
	struct chain chain = {.objects = uc_zalloc(count + MAX_CHAIN, sizeof *chain.objects), .count = count};
	for (size_t i = 0; i < count; i++) chain.objects[i] = pool->objects[run[i]];
	for (size_t file = 0; count > 1 && file < s->file_count; file++) judge_order(s, &chain, file);
	extend(s, pool, &chain);
	json_t *o = chain_json(s, &chain);
	free(chain.objects);
	return o;
}

json_t *uc_survey_find_chains(struct uc_survey *s)
{
	UC_CLEANUP(pool_free) struct pool pool = {.objects = NULL};
	pool_fill(&pool, s);
	size_t count = pool.certs.count;
	UC_CLEANUP(uc_freep) size_t *order = uc_zalloc(count, sizeof *order);
	UC_CLEANUP(uc_freep) size_t *chain_of = uc_zalloc(count, sizeof *chain_of);
	uc_chain_order(&pool.certs, order, chain_of);
	json_t *chains = json_array();
	for (size_t i = 0; i < count;) {
		size_t first = i;
		while (i < count && chain_of[i] == chain_of[first]) i++;
		json_array_append_new(chains, report_chain(s, &pool, &order[first], i - first));
	}
	return chains;
}

/* Pairs among objects of one key id: what comes first in enum uc_input_kind is named first. */
static void pair_run(struct uc_survey *s, json_t *pairs, const size_t *run, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < count; j++) {
			struct uc_survey_object *a = &s->objects[run[i]];
			struct uc_survey_object *b = &s->objects[run[j]];
			if (a->kind >= b->kind) continue;
			json_t *o = json_object();
			json_object_set_new(o, uc_survey_kind(a->kind), json_integer((json_int_t)run[i]));
			json_object_set_new(o, uc_survey_kind(b->kind), json_integer((json_int_t)run[j]));
			json_array_append_new(pairs, o);
			a->partners |= 1u << b->kind;
			b->partners |= 1u << a->kind;
		}
	}
}

static bool is_ca(const struct uc_survey_object *o)
{
	return o->cert != NULL && o->cert->is_ca;
}

/*
 * What a key or request was most likely meant for: a leaf that lacks its key (C30: although the request has one); for those that belong to
 * nothing, whatever else there is, a CA's certificate last. -1 when nothing is amiss.
 */
static long counterpart(const struct uc_survey *s, const struct uc_survey_object *o)
{
	long found = -1;
	if ((o->partners >> UC_INPUT_CERT & 1) != 0) return -1;
	for (size_t i = 0; i < s->count; i++) {
		const struct uc_survey_object *other = &s->objects[i];
		if (other->kind >= o->kind || other->key_id[0] == '\0') continue;
		if (other->cert != NULL && !is_ca(other) && other->partners == 0) return (long)i;
		if (o->partners == 0 && (found < 0 || (is_ca(&s->objects[found]) && !is_ca(other)))) found = (long)i;
	}
	return found;
}

/* C26: both key ids are shown. */
static void judge_unmatched(struct uc_survey *s, size_t object)
{
	const struct uc_survey_object *o = &s->objects[object];
	long other = o->kind != UC_INPUT_CERT ? counterpart(s, o) : -1;
	if (other < 0) return;
	bool key = o->kind == UC_INPUT_KEY;
	UC_CLEANUP(uc_freep) char *this = uc_survey_describe(s, object);
	UC_CLEANUP(uc_freep) char *that = uc_survey_describe(s, (size_t)other);
	uc_findings_add(&s->findings, key ? UC_WARN : UC_NOTE, key ? "key-unmatched" : "request-unmatched",
	                key ? "Look for the key that was made with the request." : "The certificate was issued for another request.",
	                "%s does not belong to %s: their key ids are %s and %s", this, that, o->key_id, s->objects[other].key_id);
}

json_t *uc_survey_find_pairs(struct uc_survey *s)
{
	UC_CLEANUP(uc_freep) size_t *order = uc_zalloc(s->count, sizeof *order);
	size_t count = 0;
	for (size_t i = 0; i < s->count; i++)
		if (s->objects[i].key_id[0] != '\0' && !s->objects[i].repeated) order[count++] = i;
	qsort_r(order, count, sizeof *order, cmp_key_id, s);
	json_t *pairs = json_array();
	for (size_t i = 0; i < count;) {
		size_t first = i;
		while (i < count && strcmp(s->objects[order[i]].key_id, s->objects[order[first]].key_id) == 0) i++;
		pair_run(s, pairs, &order[first], i - first);
	}
	qsort(order, count, sizeof *order, cmp_size);
	for (size_t i = 0; i < count; i++) judge_unmatched(s, order[i]);
	return pairs;
}
