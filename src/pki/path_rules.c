/* Rules that hold always, and that X509_verify_cert does not know, forgives, or cannot explain. docs/path-validation.md lists them. */
#include <openssl/x509v3.h>

#include "core/text.h"
#include "pki/check.h"
#include "pki/der.h"
#include "pki/key.h"
#include "pki/path_internal.h"

static bool is_anchor(const struct uc_place *p)
{
	return p->depth + 1 == p->route->len;
}

static bool time_ok(const struct uc_place *p, const char *field, const struct uc_asn1_time *t)
{
	if (t->ok) return true;
	UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(t);
	return UC_BLAME(p, "bad-time", "has a %s that %s: %s (RFC 5280 section 4.1.2.5)", field, t->fault, quote);
}

/* T3: OpenSSL's own checks of a time differ from version to version. */
static bool times_well_formed(const struct uc_place *p)
{
	return time_ok(p, "notBefore", &p->c->not_before) && time_ok(p, "notAfter", &p->c->not_after);
}

/* Before X509_verify_cert, which would complain of a missing CRL or a short key first; with both dates and the clock (C69). */
static bool in_time(const struct uc_place *p)
{
	uc_time from = p->c->not_before.value;
	uc_time to = p->c->not_after.value;
	uc_time at = p->options->at;
	if (at >= from && at <= to) return true;
	char b[UC_TIME_TEXT];
	char a[UC_TIME_TEXT];
	char n[UC_TIME_TEXT];
	return UC_BLAME(p, at > to ? "expired" : "not-yet-valid", "%s: it is valid from %s to %s, and the time of validation is %s",
	                at > to ? "has expired" : "is not valid yet", uc_time_rfc3339(from, b), uc_time_rfc3339(to, a), uc_time_rfc3339(at, n));
}

/* C74: two readers of such a certificate may believe different things. */
static bool extensions_once(const struct uc_place *p)
{
	for (size_t i = 1; i < p->c->ext_count; i++)
		for (size_t k = 0; k < i; k++) {
			if (!uc_slice_eq(p->c->exts[i].oid, p->c->exts[k].oid)) continue;
			UC_CLEANUP(uc_freep) char *oid = uc_der_oid_text(p->c->exts[i].oid);
			return UC_BLAME(p, "malformed", "has the extension %s twice (RFC 5280 section 4.2)", oid);
		}
	return true;
}

/* In its lenient mode OpenSSL goes on without an extension that it cannot read, such as name constraints. */
static bool extensions_readable(const struct uc_place *p)
{
	if ((X509_get_extension_flags(p->x) & EXFLAG_INVALID) == 0) return true;
	struct uc_check_options options = {.role = UC_ROLE_ANY, .now = p->options->at};
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	uc_check_cert(p->c, &options, &found);
	const struct uc_finding *bad = uc_findings_get(&found, "bad-extension");
	return UC_BLAME(p, "malformed", "has an extension that cannot be read%s%.600s (RFC 5280 section 4.2)", bad != NULL ? ": " : "",
	                bad != NULL ? bad->message : "");
}

static bool algorithms_agree(const struct uc_place *p)
{
	if (uc_slice_eq(p->c->inner_algorithm, p->c->outer_algorithm)) return true;
	return UC_BLAME(p, "malformed", "names two different signature algorithms (RFC 5280 section 4.1.1.2)");
}

/* C75, C77: whether an issuer may be one does not depend on OpenSSL's exceptions for old certificates. */
static bool issuer_is_ca(const struct uc_place *p)
{
	if (p->depth == 0) {
		bool signs = p->c->is_ca && (!p->c->has_ku || (p->c->key_usage & UC_KU_KEY_CERT_SIGN) != 0);
		if (p->options->purpose != UC_PATH_CA || signs) return true;
		return UC_BLAME(p, "not-ca", "is no CA certificate, and one is wanted (RFC 5280 sections 4.2.1.3 and 4.2.1.9)");
	}
	if (is_anchor(p) && p->options->v1_anchors && !p->c->has_bc) return true;
	if (p->c->version < 3)
		return UC_BLAME(p, "not-ca",
		                "has issued another one but is of version %d, which cannot say that it is a CA (RFC 5280 section 6.1.4 (k))",
		                p->c->version);
	if (p->c->is_ca) return true;
	return UC_BLAME(p, "not-ca", "has issued another one but is no CA certificate: %s (RFC 5280 section 6.1.4 (k))",
	                p->c->has_bc ? "basicConstraints CA:FALSE" : "no basicConstraints");
}

/* C77: RFC 5280 section 6.1.4 (n). */
static bool issuer_may_sign(const struct uc_place *p)
{
	if (p->depth == 0 || !p->c->has_ku || (p->c->key_usage & UC_KU_KEY_CERT_SIGN) != 0) return true;
	return UC_BLAME(p, "not-ca", "has issued another one but its keyUsage lacks keyCertSign (RFC 5280 section 6.1.4 (n))");
}

static bool criticals_understood(const struct uc_place *p)
{
	for (size_t i = 0; i < p->c->ext_count; i++) {
		if (!p->c->exts[i].critical || X509_supported_extension(X509_get_ext(p->x, (int)i)) != 0) continue;
		UC_CLEANUP(uc_freep) char *oid = uc_der_oid_text(p->c->exts[i].oid);
		return UC_BLAME(p, "critical-extension", "has the critical extension %s, which is not understood (RFC 5280 section 4.2)", oid);
	}
	return true;
}

/* Among them DSA keys that inherit parameters from the issuer's (RFC 5280 section 6.1.4 (f)), which OpenSSL 3 cannot do. */
static bool key_readable(const struct uc_place *p)
{
	if (X509_get0_pubkey(p->x) != NULL) return true;
	return UC_BLAME(p, "malformed", "has a public key that cannot be decoded: %s (RFC 5280 section 4.1.2.7)",
	                uc_key_info_of(p->c->spki).text);
}

/* Is name the dNSName of a direct child of domain? */
static bool is_child(struct uc_slice name, struct uc_slice domain)
{
	size_t label = 0;
	while (label < name.len && name.ptr[label] != '.') label++;
	if (label == 0 || name.len != label + 1 + domain.len) return false;
	for (size_t i = 0; i < domain.len; i++)
		if (uc_ascii_lower((char)name.ptr[label + 1 + i]) != uc_ascii_lower((char)domain.ptr[i])) return false;
	return true;
}

/* Does a CA's excludedSubtrees have a host or domain that *.domain would match? */
static bool excludes_child(const struct uc_cert *ca, struct uc_slice domain)
{
	const struct uc_ext *ext = uc_cert_ext(ca, "2.5.29.30");
	struct uc_der d;
	struct uc_der name;
	if (ext == NULL || !uc_der_whole(ext->value, UC_DER_SEQUENCE, &d)) return false;
	struct uc_reader r = uc_reader_of(d.content);
	uc_der_optional(&r, 0xa0, &d);
	if (!uc_der_optional(&r, 0xa1, &d)) return false;
	r = uc_reader_of(d.content);
	while (uc_der_expect(&r, UC_DER_SEQUENCE, &d)) {
		struct uc_reader in = uc_reader_of(d.content);
		if (uc_der_optional(&in, 0x82, &name) && is_child(name.content, domain)) return true;
	}
	return false;
}

/*
 * C79: a wildcard must not stand for an excluded host. OpenSSL compares its text alone, so "*.example.com" passes where "evil.example.com"
 * is excluded.
 */
static bool wildcards_constrained(const struct uc_place *p)
{
	struct uc_der seq;
	struct uc_der name;
	const struct uc_ext *san = p->depth == 0 ? uc_cert_ext(p->c, "2.5.29.17") : NULL;
	if (san == NULL || !uc_der_whole(san->value, UC_DER_SEQUENCE, &seq)) return true;
	struct uc_reader r = uc_reader_of(seq.content);
	while (uc_der_next(&r, &name)) {
		struct uc_slice star;
		struct uc_slice domain;
		struct uc_reader host = uc_reader_of(name.content);
		if (name.tag != 0x82 || !uc_read_slice(&host, 2, &star) || !uc_slice_eq(star, uc_slice_str("*."))) continue;
		if (!uc_read_slice(&host, uc_reader_left(&host), &domain)) continue;
		for (size_t i = 1; i < p->route->len; i++)
			if (excludes_child(p->pool->items[p->route->items[i]].cert, domain))
				return UC_BLAME(p, "name-constraint",
				                "has the name '*.%.*s', which stands for a name that a CA above it excludes (RFC 5280 section 6.1.3 (c))",
				                (int)(domain.len < 253 ? domain.len : 253), (const char *)domain.ptr);
	}
	return true;
}

bool uc_route_obey(uc_place_rule *const *rules, size_t count, struct uc_place p)
{
	for (p.depth = 0; p.depth < p.route->len; p.depth++) {
		p.c = p.pool->items[p.route->items[p.depth]].cert;
		p.x = uc_pool_x509(p.pool, p.route->items[p.depth]);
		for (size_t i = 0; i < count; i++)
			if (!rules[i](&p)) return false;
	}
	return true;
}

bool uc_route_rules(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault)
{
	static uc_place_rule *const rules[] = {
	    times_well_formed, in_time,         extensions_once,      extensions_readable, algorithms_agree,
	    issuer_is_ca,      issuer_may_sign, criticals_understood, key_readable,        wildcards_constrained,
	};
	return uc_route_obey(rules, sizeof rules / sizeof *rules,
	                     (struct uc_place){.pool = pool, .route = route, .options = options, .fault = fault});
}
