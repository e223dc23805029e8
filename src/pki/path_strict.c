/*
 * Strict mode: what RFC 5280 demands of the certificates themselves, beyond X509_V_FLAG_X509_STRICT. Most of these rules are those of
 * check.h; here stands which of its findings break a path.
 */
#include <openssl/x509v3.h>
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
    {"malformed", ALL},    {"time-type", ISSUED},  {"serial-negative", ISSUED}, {"serial-zero", ISSUED},  {"serial-long", ISSUED},
    {"version-1", ISSUED}, {"bad-extension", ALL}, {"ca-key-usage", ALL},       {"bc-not-critical", ALL}, {"pathlen-without-ca", ALL},
    {"no-subject", ALL},   {"aki-missing", ALL},   {"ski-missing", ALL},        {"san-empty", ALL},       {"san-bad-name", ISSUED},
};

/* Extensions that must be critical (RFC 5280). Those that must not be are not among the ones OpenSSL understands when they are. */
static const struct {
	const char *oid, *name, *section;
} critical[] = {
    {"2.5.29.30", "nameConstraints", "4.2.1.10"},
    {"2.5.29.36", "policyConstraints", "4.2.1.11"},
    {"2.5.29.54", "inhibitAnyPolicy", "4.2.1.14"},
};

static bool checks_pass(const struct uc_place *p)
{
	unsigned here = p->depth == 0 ? LEAF : p->depth + 1 < p->route->len ? INTERMEDIATE : ANCHOR;
	struct uc_check_options options = {.role = UC_ROLE_ANY, .now = p->options->at};
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	uc_check_cert(p->c, &options, &found);
	for (size_t i = 0; i < found.count; i++)
		for (size_t k = 0; k < sizeof breaking / sizeof *breaking; k++) {
			if ((breaking[k].places & here) == 0 || strcmp(breaking[k].code, found.items[i].code) != 0) continue;
			return UC_BLAME(p, "malformed", "is no certificate by the strict rules: %.600s", found.items[i].message);
		}
	return true;
}

static bool criticality_right(const struct uc_place *p)
{
	for (size_t i = 0; i < sizeof critical / sizeof *critical; i++) {
		const struct uc_ext *ext = uc_cert_ext(p->c, critical[i].oid);
		if (ext != NULL && !ext->critical)
			return UC_BLAME(p, "malformed", "has %s, which must be critical (RFC 5280 section %s)", critical[i].name, critical[i].section);
	}
	return true;
}

/* An identifier is there for its keyIdentifier (RFC 5280 section 4.2.1.1), and issuer and serial come together (appendix A.2). */
static bool key_id_useful(const struct uc_place *p)
{
	const struct uc_ext *ext = uc_cert_ext(p->c, "2.5.29.35");
	struct uc_der d;
	if (ext == NULL || !uc_der_whole(ext->value, UC_DER_SEQUENCE, &d)) return true;
	struct uc_reader r = uc_reader_of(d.content);
	bool key = uc_der_optional(&r, 0x80, &d);
	bool issuer = uc_der_optional(&r, 0xa1, &d);
	bool serial = uc_der_optional(&r, 0x82, &d);
	if (!key) return UC_BLAME(p, "malformed", "has an authorityKeyIdentifier without keyIdentifier (RFC 5280 section 4.2.1.1)");
	if (issuer != serial)
		return UC_BLAME(p, "malformed", "has an authorityKeyIdentifier with %s alone (RFC 5280 appendix A.2)",
		                issuer ? "an issuer" : "a serial number");
	/* EXFLAG_SS says that it names itself. */
	if ((X509_get_extension_flags(p->x) & EXFLAG_SS) == 0 && uc_pool_self_signed(p->pool, p->route->items[p->depth]))
		return UC_BLAME(p, "malformed",
		                "is self-signed but its authorityKeyIdentifier names another certificate (RFC 5280 section 4.2.1.1)");
	return true;
}

/* GeneralSubtrees has at least one entry, and the extension at least one of the two (RFC 5280 section 4.2.1.10). */
static bool constraints_useful(const struct uc_place *p)
{
	const struct uc_ext *ext = uc_cert_ext(p->c, "2.5.29.30");
	struct uc_der seq;
	struct uc_der subtrees;
	if (ext == NULL) return true;
	if (!p->c->is_ca) return UC_BLAME(p, "malformed", "has nameConstraints but is no CA certificate (RFC 5280 section 4.2.1.10)");
	if (!uc_der_whole(ext->value, UC_DER_SEQUENCE, &seq)) return true;
	struct uc_reader r = uc_reader_of(seq.content);
	bool useful = uc_reader_left(&r) > 0;
	while (useful && uc_der_next(&r, &subtrees)) useful = subtrees.content.len > 0;
	return useful || UC_BLAME(p, "malformed", "has empty nameConstraints (RFC 5280 section 4.2.1.10)");
}

static bool key_in_use(const struct uc_place *p)
{
	if (uc_key_info_of(p->c->spki).kind != UC_KEY_DSA) return true;
	return UC_BLAME(p, "weak", "has a DSA key, an algorithm that is withdrawn (FIPS 186-5 section 4)");
}

bool uc_route_strict(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault)
{
	static uc_place_rule *const rules[] = {checks_pass, criticality_right, key_id_useful, constraints_useful, key_in_use};
	if (!options->strict) return true;
	return uc_route_obey(rules, sizeof rules / sizeof *rules,
	                     (struct uc_place){.pool = pool, .route = route, .options = options, .fault = fault});
}
