/* X509_verify_cert on one given path, and what its error numbers mean. */
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "pki/der.h"
#include "pki/key.h"
#include "pki/path_internal.h"

UC_DEFINE_CLEANUP(free_store, X509_STORE, X509_STORE_free)
UC_DEFINE_CLEANUP(free_ctx, X509_STORE_CTX, X509_STORE_CTX_free)

static void free_borrowing(STACK_OF(X509) * *sk)
{
	sk_X509_free(*sk); /* its certificates are the pool's */
}

static void free_crls(STACK_OF(X509_CRL) * *sk)
{
	sk_X509_CRL_pop_free(*sk, X509_CRL_free);
}

struct judge {
	struct uc_pool *pool;
	const struct uc_route *route;
	const struct uc_path_options *options;
	X509 *certs[UC_ROUTE_MAX];  /* borrowed */
	X509 *copies[UC_ROUTE_MAX]; /* owned: of rollover certificates, and then also in certs */
	bool rollover;              /* there are copies */
};

/* What X509_verify_cert reports, as a code and the end of a sentence that begins with the certificate. */
static const struct meaning {
	int error;
	const char *code, *text;
} meanings[] = {
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "bad-signature",
     "has a signature that was not made with its issuer's key (RFC 5280 section 6.1.3 (a)(1))"},
    {X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, "malformed", "has a public key that cannot be decoded (RFC 5280 section 4.1.2.7)"},
    {X509_V_ERR_INVALID_CA, "not-ca", "has issued another one but is no CA certificate (RFC 5280 section 6.1.4 (k))"},
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "not-ca", "has issued another one but its keyUsage lacks keyCertSign (RFC 5280 section 6.1.4 (n))"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "path-length",
     "allows fewer intermediates below it than there are: pathLenConstraint (RFC 5280 section 6.1.4 (m))"},
    {X509_V_ERR_INVALID_PURPOSE, "usage",
     "has a keyUsage or extendedKeyUsage that does not allow this use (RFC 5280 sections 4.2.1.3 and 4.2.1.12)"},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "critical-extension",
     "has a critical extension that is not understood (RFC 5280 section 4.2)"},
    {X509_V_ERR_PERMITTED_VIOLATION, "name-constraint",
     "has a name outside the permitted names of a CA above it (RFC 5280 section 6.1.3 (b))"},
    {X509_V_ERR_EXCLUDED_VIOLATION, "name-constraint", "has a name among the excluded names of a CA above it (RFC 5280 section 6.1.3 (c))"},
    {X509_V_ERR_SUBTREE_MINMAX, "name-constraint", "is under name constraints with minimum or maximum (RFC 5280 section 4.2.1.10)"},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, "name-constraint",
     "is under name constraints of a kind that is not understood (RFC 5280 section 4.2.1.10)"},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, "name-constraint",
     "is under name constraints that are malformed (RFC 5280 section 4.2.1.10)"},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, "name-constraint",
     "has a name that cannot be held against name constraints (RFC 5280 section 4.2.1.10)"},
    {X509_V_ERR_CERT_REVOKED, "revoked", "has been revoked by its issuer (RFC 5280 section 6.3)"},
    {X509_V_ERR_UNABLE_TO_GET_CRL, "no-crl", "has no certificate revocation list that covers it and every reason (RFC 5280 section 6.3.3)"},
    {X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, "no-crl",
     "has a revocation list whose issuer's certificate is not there (RFC 5280 section 6.3.3 (f))"},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, "no-crl", "has a revocation list with a wrong signature (RFC 5280 section 6.3.3 (g))"},
    {X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE, "no-crl", "has a revocation list with a wrong signature (RFC 5280 section 6.3.3 (g))"},
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, "no-crl",
     "has a revocation list whose issuer may not sign any: keyUsage lacks cRLSign (RFC 5280 section 6.3.3 (f))"},
    {X509_V_ERR_CRL_PATH_VALIDATION_ERROR, "no-crl",
     "has a revocation list whose issuer has no valid path of its own (RFC 5280 section 6.3.3 (f))"},
    {X509_V_ERR_CRL_NOT_YET_VALID, "no-crl", "has a revocation list that is not valid yet (RFC 5280 section 6.3.3)"},
    {X509_V_ERR_CRL_HAS_EXPIRED, "no-crl", "has a revocation list that is out of date (RFC 5280 section 6.3.3)"},
    {X509_V_ERR_DIFFERENT_CRL_SCOPE, "no-crl", "has a revocation list for other certificates (RFC 5280 section 6.3.3 (b))"},
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, "no-crl",
     "has a revocation list with a critical extension that is not understood (RFC 5280 section 5.2)"},
    {X509_V_ERR_INVALID_POLICY_EXTENSION, "policy",
     "has a policy extension that is malformed or contradicts itself (RFC 5280 section 6.1.3 (d))"},
    {X509_V_ERR_NO_EXPLICIT_POLICY, "policy", "is not valid under any of the demanded policies (RFC 5280 section 6.1.5 (g))"},
    {X509_V_ERR_EE_KEY_TOO_SMALL, "weak", "has a key that is too small"},
    {X509_V_ERR_CA_KEY_TOO_SMALL, "weak", "has a key that is too small for a CA"},
    {X509_V_ERR_CA_MD_TOO_WEAK, "weak", "is signed with a hash that is too weak"},
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS, "weak", "has an EC key with curve parameters of its own (RFC 5480 section 2.1.1)"},
    {X509_V_ERR_CERT_HAS_EXPIRED, "expired", "has expired (RFC 5280 section 6.1.3 (a)(2))"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "not-yet-valid", "is not valid yet (RFC 5280 section 6.1.3 (a)(2))"},
    {X509_V_ERR_PROXY_CERTIFICATES_NOT_ALLOWED, "critical-extension", "is a proxy certificate (RFC 3820), which is not accepted"},
    {X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA, "malformed", "has a pathLenConstraint but is no CA certificate (RFC 5280 section 4.2.1.9)"},
    {X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN, "malformed", "has a pathLenConstraint but no keyCertSign (RFC 5280 section 4.2.1.9)"},
    {X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA, "malformed", "has keyCertSign but is no CA certificate (RFC 5280 section 4.2.1.3)"},
    {X509_V_ERR_CA_CERT_MISSING_KEY_USAGE, "malformed", "is a CA certificate without keyUsage (RFC 5280 section 4.2.1.3)"},
    {X509_V_ERR_CA_BCONS_NOT_CRITICAL, "malformed",
     "is a CA certificate whose basicConstraints is not critical (RFC 5280 section 4.2.1.9)"},
    {X509_V_ERR_ISSUER_NAME_EMPTY, "malformed", "has an empty issuer (RFC 5280 section 4.1.2.4)"},
    {X509_V_ERR_SUBJECT_NAME_EMPTY, "malformed", "has an empty subject, and needs one (RFC 5280 section 4.1.2.6)"},
    {X509_V_ERR_EMPTY_SUBJECT_ALT_NAME, "malformed", "has a subjectAltName without names (RFC 5280 section 4.2.1.6)"},
    {X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL, "malformed",
     "has an empty subject and a subjectAltName that is not critical (RFC 5280 section 4.2.1.6)"},
    {X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, "malformed", "names two different signature algorithms (RFC 5280 section 4.1.1.2)"},
    {X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER, "malformed",
     "has no authorityKeyIdentifier with a keyIdentifier (RFC 5280 section 4.2.1.1)"},
    {X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER, "malformed", "is a CA certificate without subjectKeyIdentifier (RFC 5280 section 4.2.1.2)"},
    {X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3, "malformed", "has extensions, which only version 3 has (RFC 5280 section 4.1.2.9)"},
};

static const struct meaning *meaning_of(int error)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (meanings[i].error == error) return &meanings[i];
	return NULL;
}

/* Who has set the name constraints that hold at depth. */
static char *constrainers(const struct judge *j, size_t depth)
{
	struct uc_strv labels = {.items = NULL};
	for (size_t i = depth + 1; i < j->route->len; i++) {
		const struct uc_cert *ca = j->pool->items[j->route->items[i]].cert;
		if (uc_cert_ext(ca, "2.5.29.30") != NULL) uc_strv_take(&labels, uc_cert_label(ca));
	}
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&labels, ", ");
	uc_strv_free(&labels);
	return uc_sprintf(": constraints of %.300s", list);
}

/* What the sentence of an error lacks: the key, the hash, the purpose, the names' owner. */
static char *detail(const struct judge *j, int error, size_t depth)
{
	const struct uc_cert *c = j->pool->items[j->route->items[depth]].cert;
	static const char *const uses[] = {
	    [UC_PATH_ANY] = "any use", [UC_PATH_SERVER] = "TLS server", [UC_PATH_CLIENT] = "TLS client", [UC_PATH_CA] = "CA"};
	if (error == X509_V_ERR_INVALID_PURPOSE) return uc_sprintf(": %s", uses[j->options->purpose]);
	if (error == X509_V_ERR_EE_KEY_TOO_SMALL || error == X509_V_ERR_CA_KEY_TOO_SMALL)
		return uc_sprintf(": %s", uc_key_info_of(c->spki).text);
	if (error == X509_V_ERR_PERMITTED_VIOLATION || error == X509_V_ERR_EXCLUDED_VIOLATION) return constrainers(j, depth);
	if (error != X509_V_ERR_CA_MD_TOO_WEAK) return uc_strdup("");
	UC_CLEANUP(uc_freep) char *oid = uc_der_oid_text(c->signature_oid);
	int nid = OBJ_txt2nid(oid);
	return uc_sprintf(": %s", nid != NID_undef ? OBJ_nid2sn(nid) : oid);
}

static bool blame_error(struct uc_path_fault *fault, const struct judge *j, int error, int depth)
{
	size_t at = depth >= 0 && (size_t)depth < j->route->len ? (size_t)depth : 0;
	const struct meaning *m = meaning_of(error);
	if (m == NULL) return uc_path_blame(fault, j->pool, j->route, at, "other", "is refused: %s", X509_verify_cert_error_string(error));
	UC_CLEANUP(uc_freep) char *more = detail(j, error, at);
	return uc_path_blame(fault, j->pool, j->route, at, m->code, "%s%s", m->text, more);
}

/*
 * X509_verify_cert builds a path of its own and takes the first certificate that might fit; told that only the next one of the route is an
 * issuer it takes this route. The paths of CRL issuers (they have a parent) it builds as it likes.
 */
static int is_issuer(X509_STORE_CTX *ctx, X509 *x, X509 *issuer)
{
	if (X509_STORE_CTX_get0_parent_ctx(ctx) != NULL) return X509_check_issued(issuer, x) == X509_V_OK;
	const struct judge *j = X509_STORE_CTX_get_app_data(ctx);
	for (size_t i = 0; i + 1 < j->route->len; i++)
		if (j->certs[i] == x) return j->certs[i + 1] == issuer;
	return 0;
}

/* Errors of an anchor that are no faults here. */
static bool anchor_forgiven(const struct judge *j, int error, const struct uc_cert *anchor)
{
	/* One that is not self-signed is asked for a revocation list, but trust in it does not come from its issuer. */
	const struct meaning *m = meaning_of(error);
	if (m != NULL && strcmp(m->code, "no-crl") == 0) return true;
	if (!j->options->v1_anchors || anchor->has_bc || j->route->len == 1) return false;
	return error == X509_V_ERR_INVALID_CA || (error == X509_V_ERR_INVALID_PURPOSE && uc_cert_ext(anchor, "2.5.29.37") == NULL);
}

static int on_verify(int ok, X509_STORE_CTX *ctx)
{
	if (ok || X509_STORE_CTX_get0_parent_ctx(ctx) != NULL) return ok;
	const struct judge *j = X509_STORE_CTX_get_app_data(ctx);
	int error = X509_STORE_CTX_get_error(ctx);
	int depth = X509_STORE_CTX_get_error_depth(ctx);
	if (depth < 0 || (size_t)depth >= j->route->len) return 0;
	const struct uc_cert *c = j->pool->items[j->route->items[depth]].cert;
	/* notAfter itself belongs to the period (RFC 5280 section 4.1.2.5), for X509_cmp_time it does not. */
	bool last_second = error == X509_V_ERR_CERT_HAS_EXPIRED && c->not_after.value == j->options->at;
	if (!last_second && ((size_t)depth + 1 < j->route->len || !anchor_forgiven(j, error, c))) return 0;
	X509_STORE_CTX_set_error(ctx, X509_V_OK);
	return 1;
}

/* Instead of X509_verify_cert's own step, for routes with copies; path_rules.c has seen to keyCertSign and the dates before. */
static int verify_originals(X509_STORE_CTX *ctx)
{
	const struct judge *j = X509_STORE_CTX_get_app_data(ctx);
	for (size_t i = j->route->len - 1; i-- > 0;) {
		if (uc_pool_signed(j->pool, j->route->items[i], j->route->items[i + 1])) continue;
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_SIGNATURE_FAILURE);
		X509_STORE_CTX_set_error_depth(ctx, (int)i);
		return 0;
	}
	return 1;
}

static const int purposes[] = {
    [UC_PATH_ANY] = 0, [UC_PATH_SERVER] = X509_PURPOSE_SSL_SERVER, [UC_PATH_CLIENT] = X509_PURPOSE_SSL_CLIENT, [UC_PATH_CA] = 0};

/* Policies are always processed: certificates may demand it (requireExplicitPolicy). */
static bool set_policies(X509_VERIFY_PARAM *param, const struct uc_path_options *o, const char **bad)
{
	static const char *const any[] = {"2.5.29.32.0", NULL}; /* to OpenSSL, no policies are none, not any */
	unsigned long flags = X509_V_FLAG_POLICY_CHECK;
	if (o->explicit_policy) flags |= X509_V_FLAG_EXPLICIT_POLICY;
	if (o->inhibit_any) flags |= X509_V_FLAG_INHIBIT_ANY;
	if (o->inhibit_map) flags |= X509_V_FLAG_INHIBIT_MAP;
	X509_VERIFY_PARAM_set_flags(param, flags);
	for (const char *const *policy = o->policies != NULL ? o->policies : any; *policy != NULL; policy++) {
		*bad = *policy;
		ASN1_OBJECT *oid = OBJ_txt2obj(*policy, 1);
		if (oid == NULL || !X509_VERIFY_PARAM_add0_policy(param, oid)) {
			ASN1_OBJECT_free(oid);
			return false;
		}
	}
	return true;
}

static void set_param(X509_VERIFY_PARAM *param, const struct uc_path_options *o)
{
	enum { NO_LIMIT = 1000, BITS_112 = 2 }; /* our own search limits the depth; level 2 is RSA 2048, EC 224, no SHA-1 */
	/* Where a path may end has been decided before: any of the trusted certificates will do here. */
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST;
	if (o->strict) flags |= X509_V_FLAG_X509_STRICT;
	if (o->crl_check)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS;
	X509_VERIFY_PARAM_set_flags(param, flags);
	X509_VERIFY_PARAM_set_time(param, o->at);
	X509_VERIFY_PARAM_set_depth(param, NO_LIMIT);
	X509_VERIFY_PARAM_set_auth_level(param, o->allow_weak ? 0 : BITS_112);
	if (purposes[o->purpose] != 0) X509_VERIFY_PARAM_set_purpose(param, purposes[o->purpose]);
	/* Whether name constraints on DNS names hold for the commonName too (path_rules.c has the other half). */
	if (o->strict) X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
}

static bool add_crls(STACK_OF(X509_CRL) * crls, const struct uc_path_options *o)
{
	for (size_t i = 0; i < o->crl_count; i++) {
		const unsigned char *p = o->crls[i].ptr;
		X509_CRL *crl = o->crls[i].len <= INT32_MAX ? d2i_X509_CRL(NULL, &p, (long)o->crls[i].len) : NULL;
		bool whole = crl != NULL && p == o->crls[i].ptr + o->crls[i].len;
		/* One that cannot be read is one that is missing: what it covers is refused. */
		if (!whole)
			X509_CRL_free(crl);
		else if (!sk_X509_CRL_push(crls, crl)) {
			X509_CRL_free(crl);
			return false;
		}
	}
	return true;
}

/* The route's own certificates and, when CRL issuers are to be found among the others, all that are there. */
static bool add_untrusted(STACK_OF(X509) * sk, const struct judge *j, bool all)
{
	for (size_t i = 1; i + 1 < j->route->len; i++)
		if (!sk_X509_push(sk, j->certs[i])) return false;
	for (size_t i = 0; all && i < j->pool->count; i++) {
		X509 *x = j->pool->items[i].anchor ? NULL : uc_pool_x509(j->pool, i);
		if (x != NULL && !sk_X509_push(sk, x)) return false;
	}
	return true;
}

static bool verify_with(struct judge *j, bool all, struct uc_path_fault *fault)
{
	UC_CLEANUP(free_store) X509_STORE *store = X509_STORE_new();
	UC_CLEANUP(free_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	UC_CLEANUP(free_borrowing) STACK_OF(X509) *untrusted = sk_X509_new_null();
	UC_CLEANUP(free_crls) STACK_OF(X509_CRL) *crls = sk_X509_CRL_new_null();
	const char *bad_policy = NULL;
	size_t last = j->route->len - 1;
	bool ready =
	    store != NULL && ctx != NULL && untrusted != NULL && crls != NULL && add_untrusted(untrusted, j, all) && add_crls(crls, j->options);
	if (ready) X509_STORE_set_check_issued(store, is_issuer);
	ready = ready && X509_STORE_add_cert(store, j->certs[last]) && X509_STORE_CTX_init(ctx, store, j->certs[0], untrusted) &&
	        X509_STORE_CTX_set_app_data(ctx, j);
	if (!ready) return uc_path_blame(fault, j->pool, j->route, 0, "other", "cannot be verified: OpenSSL fails to prepare it");
	X509_STORE_CTX_set0_crls(ctx, crls);
	X509_STORE_CTX_set_verify_cb(ctx, on_verify);
	if (j->rollover) X509_STORE_CTX_set_verify(ctx, verify_originals);
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	set_param(param, j->options);
	if (!set_policies(param, j->options, &bad_policy))
		return uc_path_blame(fault, j->pool, j->route, 0, "policy", "cannot be verified: the demanded policy '%s' is no OID", bad_policy);
	bool ok = X509_verify_cert(ctx) == 1 && X509_STORE_CTX_get_error(ctx) == X509_V_OK;
	return ok || blame_error(fault, j, X509_STORE_CTX_get_error(ctx), X509_STORE_CTX_get_error_depth(ctx));
}

/* Only a list that nobody in the route has signed makes the other certificates worth decoding. */
static bool verify(struct judge *j, struct uc_path_fault *fault)
{
	if (verify_with(j, false, fault)) return true;
	return strcmp(fault->code, "no-crl") == 0 && verify_with(j, true, fault);
}

static void note_anchor(const struct judge *j, struct uc_findings *findings)
{
	const struct uc_cert *anchor = j->pool->items[j->route->items[j->route->len - 1]].cert;
	if (j->route->len == 1 || anchor->has_bc) return;
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(anchor);
	uc_findings_add(findings, UC_WARN, "anchor-not-ca", "Replace it by a version 3 CA certificate of the same holder if there is one.",
	                "the trusted certificate '%s' does not say that it is a CA (version %d, no basicConstraints); it issues because it is "
	                "trusted on purpose",
	                label, anchor->version);
}

static bool decode(struct judge *j, struct uc_path_fault *fault)
{
	for (size_t i = 0; i < j->route->len; i++) {
		j->certs[i] = uc_pool_x509(j->pool, j->route->items[i]);
		if (j->certs[i] == NULL) return uc_path_blame(fault, j->pool, j->route, i, "malformed", "cannot be decoded");
	}
	return true;
}

static bool copy_rollovers(struct judge *j, struct uc_path_fault *fault)
{
	for (size_t i = 0; i + 1 < j->route->len; i++) {
		if ((X509_get_extension_flags(j->certs[i]) & EXFLAG_SS) == 0) continue;
		j->copies[i] = uc_rollover_copy(j->pool->items[j->route->items[i]].cert);
		if (j->copies[i] == NULL)
			return uc_path_blame(fault, j->pool, j->route, i, "malformed",
			                     "names itself as its issuer, but did not sign itself (RFC 5280 section 4.2.1.1)");
		j->certs[i] = j->copies[i];
		j->rollover = true;
	}
	return true;
}

bool uc_route_judge(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault,
                    struct uc_findings *findings)
{
	struct judge j = {.pool = pool, .route = route, .options = options};
	ERR_set_mark();
	bool ok = decode(&j, fault) && uc_route_rules(pool, route, options, fault) && copy_rollovers(&j, fault) && verify(&j, fault) &&
	          uc_route_strict(pool, route, options, fault) && uc_route_host(pool, route, options, fault);
	ERR_pop_to_mark();
	for (size_t i = 0; i < route->len; i++) X509_free(j.copies[i]);
	pool->signatures += route->len;
	if (ok) note_anchor(&j, findings);
	return ok;
}
