/* Rules that hold always, and that X509_verify_cert does not know, forgives, or cannot explain. docs/path-validation.md lists them. */
#include <openssl/x509v3.h>

#include "pki/der.h"
#include "pki/key.h"
#include "pki/path_internal.h"

/* One rule's view: a certificate and its place in the path. */
struct place {
	struct uc_pool *pool;
	const struct uc_route *route;
	const struct uc_path_options *options;
	struct uc_path_fault *fault;
	size_t depth;
	const struct uc_cert *c;
	X509 *x;
};

#define BLAME(p, code, ...) uc_path_blame((p)->fault, (p)->pool, (p)->route, (p)->depth, code, __VA_ARGS__)

static bool is_anchor(const struct place *p)
{
	return p->depth + 1 == p->route->len;
}

static bool time_ok(const struct place *p, const char *field, const struct uc_asn1_time *t)
{
	if (t->ok) return true;
	UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(t);
	return BLAME(p, "bad-time", "has a %s that %s: %s (RFC 5280 section 4.1.2.5)", field, t->fault, quote);
}

/* T3: OpenSSL's own checks of a time differ from version to version. */
static bool times_well_formed(const struct place *p)
{
	return time_ok(p, "notBefore", &p->c->not_before) && time_ok(p, "notAfter", &p->c->not_after);
}

/* Before X509_verify_cert, which would complain of a missing CRL or a short key first; with both dates and the clock (C69). */
static bool in_time(const struct place *p)
{
	uc_time from = p->c->not_before.value;
	uc_time to = p->c->not_after.value;
	uc_time at = p->options->at;
	if (at >= from && at <= to) return true;
	char b[UC_TIME_TEXT];
	char a[UC_TIME_TEXT];
	char n[UC_TIME_TEXT];
	return BLAME(p, at > to ? "expired" : "not-yet-valid", "%s: it is valid from %s to %s, and the time of validation is %s",
	             at > to ? "has expired" : "is not valid yet", uc_time_rfc3339(from, b), uc_time_rfc3339(to, a), uc_time_rfc3339(at, n));
}

/* C74: two readers of such a certificate may believe different things. */
static bool extensions_once(const struct place *p)
{
	for (size_t i = 1; i < p->c->ext_count; i++)
		for (size_t k = 0; k < i; k++) {
			if (!uc_slice_eq(p->c->exts[i].oid, p->c->exts[k].oid)) continue;
			UC_CLEANUP(uc_freep) char *oid = uc_der_oid_text(p->c->exts[i].oid);
			return BLAME(p, "malformed", "has the extension %s twice (RFC 5280 section 4.2)", oid);
		}
	return true;
}

/* In its lenient mode OpenSSL goes on without an extension that it cannot read, such as name constraints. */
static bool extensions_readable(const struct place *p)
{
	if ((X509_get_extension_flags(p->x) & EXFLAG_INVALID) == 0) return true;
	return BLAME(p, "malformed", "has an extension that cannot be read (RFC 5280 section 4.2)");
}

static bool algorithms_agree(const struct place *p)
{
	if (uc_slice_eq(p->c->inner_algorithm, p->c->outer_algorithm)) return true;
	return BLAME(p, "malformed", "names two different signature algorithms (RFC 5280 section 4.1.1.2)");
}

/* C75, C77: whether an issuer may be one does not depend on OpenSSL's exceptions for old certificates. */
static bool issuer_is_ca(const struct place *p)
{
	if (p->depth == 0) {
		bool signs = p->c->is_ca && (!p->c->has_ku || (p->c->key_usage & UC_KU_KEY_CERT_SIGN) != 0);
		if (p->options->purpose != UC_PATH_CA || signs) return true;
		return BLAME(p, "not-ca", "is no CA certificate, and one is wanted (RFC 5280 sections 4.2.1.3 and 4.2.1.9)");
	}
	if (is_anchor(p) && p->options->v1_anchors && !p->c->has_bc) return true;
	if (p->c->version < 3)
		return BLAME(p, "not-ca", "has issued another one but is of version %d, which cannot say that it is a CA (RFC 5280 section 6.1.4 (k))", p->c->version);
	if (p->c->is_ca) return true;
	return BLAME(p, "not-ca", "has issued another one but is no CA certificate: %s (RFC 5280 section 6.1.4 (k))",
	             p->c->has_bc ? "basicConstraints CA:FALSE" : "no basicConstraints");
}

/* C77: RFC 5280 section 6.1.4 (n). */
static bool issuer_may_sign(const struct place *p)
{
	if (p->depth == 0 || !p->c->has_ku || (p->c->key_usage & UC_KU_KEY_CERT_SIGN) != 0) return true;
	return BLAME(p, "not-ca", "has issued another one but its keyUsage lacks keyCertSign (RFC 5280 section 6.1.4 (n))");
}

static bool criticals_understood(const struct place *p)
{
	for (size_t i = 0; i < p->c->ext_count; i++) {
		if (!p->c->exts[i].critical || X509_supported_extension(X509_get_ext(p->x, (int)i)) != 0) continue;
		UC_CLEANUP(uc_freep) char *oid = uc_der_oid_text(p->c->exts[i].oid);
		return BLAME(p, "critical-extension", "has the critical extension %s, which is not understood (RFC 5280 section 4.2)", oid);
	}
	return true;
}

/* Among them DSA keys that inherit parameters from the issuer's (RFC 5280 section 6.1.4 (f)), which OpenSSL 3 cannot do. */
static bool key_readable(const struct place *p)
{
	if (X509_get0_pubkey(p->x) != NULL) return true;
	return BLAME(p, "malformed", "has a public key that cannot be decoded: %s (RFC 5280 section 4.1.2.7)", uc_key_info_of(p->c->spki).text);
}

bool uc_route_rules(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault)
{
	static bool (*const rules[])(const struct place *p) = {
	    times_well_formed, in_time,         extensions_once,      extensions_readable, algorithms_agree,
	    issuer_is_ca,      issuer_may_sign, criticals_understood, key_readable,
	};
	struct place p = {.pool = pool, .route = route, .options = options, .fault = fault};
	for (p.depth = 0; p.depth < route->len; p.depth++) {
		p.c = pool->items[route->items[p.depth]].cert;
		p.x = uc_pool_x509(pool, route->items[p.depth]);
		for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
			if (!rules[i](&p)) return false;
	}
	return true;
}
