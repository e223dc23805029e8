/*
 * Strict mode: what RFC 5280 demands of the certificates themselves, beyond X509_V_FLAG_X509_STRICT. Most of these rules are those of check.h; here stands which of
 * its findings break a path.
 */
#include <string.h>

#include "pki/check.h"
#include "pki/der.h"
#include "pki/key.h"
#include "pki/path_internal.h"

/* Places in a path. An anchor is trusted as it is: what its own issuer did wrong counts less. */
enum { LEAF = 1, INTERMEDIATE = 2, ANCHOR = 4, ISSUED = LEAF | INTERMEDIATE, ALL = LEAF | INTERMEDIATE | ANCHOR };

static const struct {
	const char *code; /* of check.h */
	unsigned places;
} breaking[] = {
    {"malformed", ALL},       {"time-type", ISSUED},      {"serial-negative", ISSUED}, {"serial-zero", ISSUED}, {"serial-long", ISSUED},
    {"version-1", ISSUED},    {"bad-extension", ALL},     {"ca-key-usage", ALL},       {"bc-not-critical", ALL}, {"pathlen-without-ca", ALL},
    {"no-subject", ALL},      {"aki-missing", ALL},       {"ski-missing", ALL},        {"san-empty", ALL},      {"san-bad-name", ISSUED},
};

/* Whether an extension must be critical or must not be (RFC 5280). */
static const struct {
	const char *oid, *name;
	bool critical;
	const char *section;
} criticality[] = {
    {"2.5.29.9", "subjectDirectoryAttributes", false, "4.2.1.8"},
    {"2.5.29.14", "subjectKeyIdentifier", false, "4.2.1.2"},
    {"2.5.29.30", "nameConstraints", true, "4.2.1.10"},
    {"2.5.29.35", "authorityKeyIdentifier", false, "4.2.1.1"},
    {"2.5.29.36", "policyConstraints", true, "4.2.1.11"},
    {"2.5.29.46", "freshestCRL", false, "4.2.1.15"},
    {"2.5.29.54", "inhibitAnyPolicy", true, "4.2.1.14"},
    {"1.3.6.1.5.5.7.1.1", "authorityInfoAccess", false, "4.2.2.1"},
    {"1.3.6.1.5.5.7.1.11", "subjectInfoAccess", false, "4.2.2.2"},
};

struct place {
	struct uc_pool *pool;
	const struct uc_route *route;
	const struct uc_path_options *options;
	struct uc_path_fault *fault;
	size_t depth;
	const struct uc_cert *c;
};

#define BLAME(p, code, ...) uc_path_blame((p)->fault, (p)->pool, (p)->route, (p)->depth, code, __VA_ARGS__)

static bool checks_pass(const struct place *p)
{
	unsigned here = p->depth + 1 == p->route->len ? ANCHOR : p->depth == 0 ? LEAF : INTERMEDIATE;
	struct uc_check_options options = {.role = UC_ROLE_ANY, .now = p->options->at};
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	uc_check_cert(p->c, &options, &found);
	for (size_t i = 0; i < found.count; i++)
		for (size_t k = 0; k < sizeof breaking / sizeof *breaking; k++) {
			if ((breaking[k].places & here) == 0 || strcmp(breaking[k].code, found.items[i].code) != 0) continue;
			return BLAME(p, "malformed", "is no certificate by the strict rules: %.600s", found.items[i].message);
		}
	return true;
}

static bool criticality_right(const struct place *p)
{
	for (size_t i = 0; i < sizeof criticality / sizeof *criticality; i++) {
		const struct uc_ext *ext = uc_cert_ext(p->c, criticality[i].oid);
		if (ext == NULL || ext->critical == criticality[i].critical) continue;
		return BLAME(p, "malformed", "has %s, which %s be critical (RFC 5280 section %s)", criticality[i].name,
		             criticality[i].critical ? "must" : "must not", criticality[i].section);
	}
	return true;
}

/* An identifier is there for its keyIdentifier (RFC 5280 section 4.2.1.1), and issuer and serial come together (appendix A.2). */
static bool key_id_useful(const struct place *p)
{
	const struct uc_ext *ext = uc_cert_ext(p->c, "2.5.29.35");
	struct uc_der d;
	if (ext == NULL || !uc_der_whole(ext->value, UC_DER_SEQUENCE, &d)) return true;
	struct uc_reader r = uc_reader_of(d.content);
	bool key = uc_der_optional(&r, 0x80, &d);
	bool issuer = uc_der_optional(&r, 0xa1, &d);
	bool serial = uc_der_optional(&r, 0x82, &d);
	if (!key) return BLAME(p, "malformed", "has an authorityKeyIdentifier without keyIdentifier (RFC 5280 section 4.2.1.1)");
	if (issuer != serial)
		return BLAME(p, "malformed", "has an authorityKeyIdentifier with %s alone (RFC 5280 appendix A.2)", issuer ? "an issuer" : "a serial number");
	if (p->c->ski.len > 0 && !uc_slice_eq(p->c->ski, p->c->aki) && uc_pool_self_signed(p->pool, p->route->items[p->depth]))
		return BLAME(p, "malformed", "is self-signed but its authorityKeyIdentifier names another key (RFC 5280 section 4.2.1.1)");
	return true;
}

/* GeneralSubtrees has at least one entry, and the extension at least one of the two (RFC 5280 section 4.2.1.10). */
static bool constraints_useful(const struct place *p)
{
	const struct uc_ext *ext = uc_cert_ext(p->c, "2.5.29.30");
	struct uc_der seq;
	struct uc_der subtrees;
	if (ext == NULL) return true;
	if (!p->c->is_ca) return BLAME(p, "malformed", "has nameConstraints but is no CA certificate (RFC 5280 section 4.2.1.10)");
	if (!uc_der_whole(ext->value, UC_DER_SEQUENCE, &seq)) return true;
	struct uc_reader r = uc_reader_of(seq.content);
	bool useful = uc_reader_left(&r) > 0;
	while (useful && uc_der_next(&r, &subtrees)) useful = subtrees.content.len > 0;
	return useful || BLAME(p, "malformed", "has empty nameConstraints (RFC 5280 section 4.2.1.10)");
}

static bool key_in_use(const struct place *p)
{
	if (uc_key_info_of(p->c->spki).kind != UC_KEY_DSA) return true;
	return BLAME(p, "weak", "has a DSA key, an algorithm that is withdrawn (FIPS 186-5 section 4)");
}

bool uc_route_strict(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault)
{
	static bool (*const rules[])(const struct place *p) = {checks_pass, criticality_right, key_id_useful, constraints_useful, key_in_use};
	struct place p = {.pool = pool, .route = route, .options = options, .fault = fault};
	for (p.depth = 0; options->strict && p.depth < route->len; p.depth++) {
		p.c = pool->items[route->items[p.depth]].cert;
		for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
			if (!rules[i](&p)) return false;
	}
	return true;
}
