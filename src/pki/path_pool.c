#include <openssl/x509.h>
#include <stdlib.h>

#include "pki/der.h"
#include "pki/name.h"
#include "pki/path_internal.h"

void uc_pool_free(struct uc_pool *pool)
{
	for (size_t i = 0; i < pool->count; i++) X509_free(pool->items[i].x509);
	free(pool->items);
	free(pool->buckets);
	free(pool->edges);
	*pool = (struct uc_pool){.items = NULL};
}

/* FNV-1a. */
static uint32_t mix(uint32_t h, uint8_t byte)
{
	return (h ^ byte) * 16777619u;
}

/*
 * Of an attribute's value only its ASCII letters and digits count, letters in lower case: string types and blanks must make no difference.
 */
static uint32_t mix_value(uint32_t h, const struct uc_der *value)
{
	enum { UNIVERSAL_STRING = 0x1c, BMP_STRING = 0x1e };
	size_t width = value->tag == BMP_STRING ? 2 : value->tag == UNIVERSAL_STRING ? 4 : 1;
	uint8_t high = 0; /* bits of the unit's bytes before its last one */
	for (size_t i = 0; i < value->content.len; i++) {
		uint8_t byte = value->content.ptr[i];
		if (i % width != width - 1) {
			high |= byte;
			continue;
		}
		uint8_t c = (uint8_t)uc_ascii_lower((char)byte);
		if (high == 0 && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) h = mix(h, c);
		high = 0;
	}
	return h;
}

/*
 * A number that is equal for names that uc_name_eq() calls equal, a hundred times cheaper than uc_name_hash(). Attributes are added up
 * because those of one RDN stand in any order.
 */
static uint32_t name_key(struct uc_slice name)
{
	uint32_t sum = 0;
	struct uc_der seq;
	struct uc_der set;
	struct uc_der pair;
	struct uc_der oid;
	struct uc_der value;
	if (!uc_der_whole(name, UC_DER_SEQUENCE, &seq)) return 0;
	struct uc_reader r = uc_reader_of(seq.content);
	while (uc_der_expect(&r, UC_DER_SET, &set)) {
		struct uc_reader in = uc_reader_of(set.content);
		while (uc_der_expect(&in, UC_DER_SEQUENCE, &pair)) {
			struct uc_reader parts = uc_reader_of(pair.content);
			if (!uc_der_expect(&parts, UC_DER_OID, &oid) || !uc_der_next(&parts, &value)) return sum;
			uint32_t h = 2166136261u;
			for (size_t i = 0; i < oid.content.len; i++) h = mix(h, oid.content.ptr[i]);
			sum += mix_value(h, &value);
		}
	}
	return sum;
}

void uc_pool_add(struct uc_pool *pool, const struct uc_cert *const *certs, size_t count, bool anchors)
{
	pool->items = uc_realloc(pool->items, pool->count + count, sizeof *pool->items);
	free(pool->buckets);
	pool->buckets = NULL;
	for (size_t i = 0; i < count; i++)
		pool->items[pool->count++] = (struct uc_pool_item){.cert = certs[i], .name_key = name_key(certs[i]->subject), .anchor = anchors};
}

X509 *uc_pool_x509(struct uc_pool *pool, size_t index)
{
	struct uc_pool_item *item = &pool->items[index];
	if (!item->decoded) item->x509 = uc_cert_x509(item->cert);
	item->decoded = true;
	return item->x509;
}

bool uc_pool_exhausted(const struct uc_pool *pool)
{
	return pool->signatures >= pool->max_signatures;
}

bool uc_pool_signed(struct uc_pool *pool, size_t child, size_t issuer)
{
	for (size_t i = pool->items[child].last_edge; i > 0; i = pool->edges[i - 1].before)
		if (pool->edges[i - 1].issuer == issuer) return pool->edges[i - 1].good;
	if (uc_pool_exhausted(pool)) return false;
	pool->signatures++;
	X509 *x = uc_pool_x509(pool, child);
	X509 *ix = uc_pool_x509(pool, issuer);
	EVP_PKEY *key = ix != NULL ? X509_get0_pubkey(ix) : NULL;
	bool good = x != NULL && key != NULL && X509_verify(x, key) == 1;
	pool->edges = uc_realloc(pool->edges, pool->edge_count + 1, sizeof *pool->edges);
	pool->edges[pool->edge_count++] = (struct uc_pool_edge){.issuer = issuer, .before = pool->items[child].last_edge, .good = good};
	pool->items[child].last_edge = pool->edge_count;
	return good;
}

bool uc_pool_self_signed(struct uc_pool *pool, size_t index)
{
	return pool->items[index].cert->self_issued && uc_pool_signed(pool, index, index);
}

/* authorityCertSerialNumber (RFC 5280 section 4.2.1.1), empty when absent. */
static struct uc_slice aki_serial(const struct uc_cert *c)
{
	const struct uc_ext *ext = uc_cert_ext(c, "2.5.29.35");
	struct uc_der d;
	if (ext == NULL || !uc_der_whole(ext->value, UC_DER_SEQUENCE, &d)) return uc_slice_of(NULL, 0);
	struct uc_reader r = uc_reader_of(d.content);
	uc_der_optional(&r, 0x80, &d);
	uc_der_optional(&r, 0xa1, &d);
	return uc_der_optional(&r, 0x82, &d) ? d.content : uc_slice_of(NULL, 0);
}

static bool contains(const struct uc_pool *pool, const size_t *list, size_t count, const struct uc_cert *c)
{
	for (size_t i = 0; i < count; i++)
		if (uc_cert_eq(pool->items[list[i]].cert, c)) return true;
	return false;
}

/* Filled from the end, so that each bucket has the pool's order. */
static void make_index(struct uc_pool *pool)
{
	if (pool->buckets != NULL) return;
	pool->buckets = uc_zalloc(pool->count, sizeof *pool->buckets);
	for (size_t i = pool->count; i-- > 0;) {
		size_t *bucket = &pool->buckets[pool->items[i].name_key % pool->count];
		pool->items[i].next = *bucket;
		*bucket = i + 1;
	}
}

size_t uc_pool_issuers(struct uc_pool *pool, size_t child, size_t *out, size_t max)
{
	const struct uc_cert *c = pool->items[child].cert;
	uint32_t key = name_key(c->issuer);
	struct uc_slice serial = aki_serial(c);
	size_t found = 0;
	make_index(pool);
	/* From the best agreement down: bit 1 is the key identifier's, bit 0 the serial's. */
	for (unsigned wanted = 4; wanted-- > 0;) {
		for (size_t i = pool->buckets[key % pool->count]; i > 0 && found < max; i = pool->items[i - 1].next) {
			const struct uc_cert *issuer = pool->items[i - 1].cert;
			if (pool->items[i - 1].name_key != key || !uc_name_eq(c->issuer, issuer->subject)) continue;
			bool both = c->aki.len > 0 && issuer->ski.len > 0;
			if (both && !uc_slice_eq(c->aki, issuer->ski)) continue;
			unsigned agreement = (both ? 2u : 0u) | (serial.len > 0 && uc_slice_eq(serial, issuer->serial) ? 1u : 0u);
			if (agreement != wanted || uc_cert_eq(issuer, c) || contains(pool, out, found, issuer)) continue;
			out[found++] = i - 1;
		}
	}
	return found;
}

size_t uc_pool_namesakes(struct uc_pool *pool, size_t child)
{
	const struct uc_cert *c = pool->items[child].cert;
	uint32_t key = name_key(c->issuer);
	size_t count = 0;
	make_index(pool);
	for (size_t i = pool->buckets[key % pool->count]; i > 0; i = pool->items[i - 1].next) {
		const struct uc_cert *other = pool->items[i - 1].cert;
		if (pool->items[i - 1].name_key == key && uc_name_eq(c->issuer, other->subject) && !uc_cert_eq(other, c)) count++;
	}
	return count;
}
