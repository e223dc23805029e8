/* Rules about extensions (RFC 5280 section 4.2). */
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "pki/check_rule.h"
#include "pki/der.h"

enum { ID_SKI = 14, ID_KEY_USAGE = 15, ID_BASIC_CONSTRAINTS = 19, ID_AKI = 35, ID_EXT_KEY_USAGE = 37 };

static int cmp_oid(const void *a, const void *b)
{
	return uc_slice_cmp(*(const struct uc_slice *)a, *(const struct uc_slice *)b);
}

/* Two readers of one certificate could each take another instance (C74). */
static void judge_duplicates(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	if (c->ext_count < 2) return;
	UC_CLEANUP(uc_freep) struct uc_slice *oids = uc_zalloc(c->ext_count, sizeof *oids);
	for (size_t i = 0; i < c->ext_count; i++) oids[i] = c->exts[i].oid;
	qsort(oids, c->ext_count, sizeof *oids, cmp_oid);
	for (size_t i = 1; i < c->ext_count; i++) {
		if (!uc_slice_eq(oids[i], oids[i - 1])) continue;
		if (i > 1 && uc_slice_eq(oids[i], oids[i - 2])) continue;
		UC_CLEANUP(uc_freep) char *name = uc_check_oid_name(oids[i]);
		uc_check_found(k, "it has the extension %s more than once (RFC 5280 section 4.2)", name);
	}
}

static void judge_critical(const struct uc_check *k)
{
	for (size_t i = 0; k->x != NULL && i < k->c->ext_count; i++) {
		/* "Understood" is what the path validation behind path.h acts on. */
		if (!k->c->exts[i].critical || X509_supported_extension(X509_get_ext(k->x, (int)i)) != 0) continue;
		UC_CLEANUP(uc_freep) char *name = uc_check_oid_name(k->c->exts[i].oid);
		uc_check_found(k, "its extension %s is marked critical and not understood, so it must not be used (RFC 5280 section 4.2)", name);
	}
}

static bool empty_sequence(struct uc_slice value)
{
	struct uc_der seq;
	return uc_der_whole(value, UC_DER_SEQUENCE, &seq) && seq.content.len == 0;
}

static bool negative_pathlen(struct uc_slice value)
{
	struct uc_der seq;
	struct uc_der item;
	if (!uc_der_whole(value, UC_DER_SEQUENCE, &seq)) return false;
	struct uc_reader r = uc_reader_of(seq.content);
	uc_der_optional(&r, UC_DER_BOOLEAN, &item);
	return uc_der_optional(&r, UC_DER_INTEGER, &item) && item.content.len > 0 && (item.content.ptr[0] & 0x80) != 0;
}

/* Why a value that OpenSSL decodes is wrong all the same, or NULL. */
static const char *value_fault(const struct uc_cert *c, const struct uc_ext *ext)
{
	if (ext == uc_check_ext(c, ID_BASIC_CONSTRAINTS) && negative_pathlen(ext->value)) return "has a negative pathLenConstraint";
	if (ext == uc_check_ext(c, ID_KEY_USAGE) && c->has_ku && c->key_usage == 0) return "allows no use at all";
	if (ext == uc_check_ext(c, ID_EXT_KEY_USAGE) && empty_sequence(ext->value)) return "names no purpose";
	return NULL;
}

/* Does OpenSSL know this extension, and cannot read its value? */
static bool undecodable(X509_EXTENSION *ext)
{
	const X509V3_EXT_METHOD *method = X509V3_EXT_get(ext);
	if (method == NULL) return false;
	void *value = X509V3_EXT_d2i(ext);
	if (value == NULL) return true;
	if (method->it != NULL)
		ASN1_item_free(value, ASN1_ITEM_ptr(method->it));
	else
		method->ext_free(value);
	return false;
}

static void judge_value(const struct uc_check *k, size_t i)
{
	const struct uc_ext *ext = &k->c->exts[i];
	const char *fault = NULL;
	struct uc_reader r = uc_reader_of(ext->value);
	struct uc_der whole;
	X509_EXTENSION *decoded = X509_get_ext(k->x, (int)i);
	bool known = X509V3_EXT_get(decoded) != NULL;
	if (undecodable(decoded))
		fault = "cannot be decoded";
	else if (known && (!uc_der_next(&r, &whole) || uc_reader_left(&r) > 0))
		fault = "has bytes after its value"; /* d2i_* stops there without a word */
	else
		fault = value_fault(k->c, ext);
	if (fault == NULL) return;
	UC_CLEANUP(uc_freep) char *name = uc_check_oid_name(ext->oid);
	uc_check_found(k, "its extension %s %s", name, fault);
}

static void judge_values(const struct uc_check *k)
{
	for (size_t i = 0; k->x != NULL && i < k->c->ext_count; i++) judge_value(k, i);
}

static void judge_ca_as_leaf(const struct uc_check *k)
{
	if (!k->c->is_ca || k->options->ca_expected) return;
	uc_check_found(k, "it is a CA certificate (basicConstraints CA:TRUE), not one for a service");
}

static void judge_leaf_as_ca(const struct uc_check *k)
{
	if (k->c->is_ca || k->c->version < 3) return;
	uc_check_found(k, "it is not a CA certificate (%s), so it cannot issue others (RFC 5280 section 4.2.1.9)",
	               k->c->has_bc ? "basicConstraints CA:FALSE" : "it has no basicConstraints");
}

static void judge_no_constraints(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	if (c->has_bc || c->version < 3 || uc_check_ext(c, ID_BASIC_CONSTRAINTS) != NULL) return;
	if ((c->key_usage & UC_KU_KEY_CERT_SIGN) != 0)
		uc_check_found(k, "it may sign certificates (keyUsage keyCertSign) but has no basicConstraints (RFC 5280 section 4.2.1.9)");
	else if (uc_check_self_signed(k))
		uc_check_found(
		    k, "it is self-signed but has no basicConstraints: it can be trusted itself, but not as a CA (RFC 5280 section 4.2.1.9)");
}

static void judge_ca_usage(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	bool signs = (c->key_usage & UC_KU_KEY_CERT_SIGN) != 0;
	if (c->is_ca && c->has_ku && !signs)
		uc_check_found(k,
		               "it is a CA certificate, but its keyUsage lacks keyCertSign, so it cannot issue others (RFC 5280 section 4.2.1.3)");
	/* Without basicConstraints it is judge_no_constraints() that tells, where that rule applies. */
	bool told = !c->has_bc && (k->options->role == UC_ROLE_ANY || k->options->role == UC_ROLE_TRUST);
	if (signs && !c->is_ca && !told)
		uc_check_found_as(k, UC_WARN, "its keyUsage has keyCertSign, but it is not a CA certificate (RFC 5280 section 4.2.1.9)");
}

static void judge_constraints_critical(const struct uc_check *k)
{
	const struct uc_ext *ext = uc_check_ext(k->c, ID_BASIC_CONSTRAINTS);
	if (!k->c->is_ca || ext == NULL || ext->critical) return;
	uc_check_found(k, "it is a CA certificate whose basicConstraints is not marked critical (RFC 5280 section 4.2.1.9)");
}

static void judge_pathlen(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	if (c->pathlen < 0) return;
	bool signs = !c->has_ku || (c->key_usage & UC_KU_KEY_CERT_SIGN) != 0;
	if (c->is_ca && signs) return;
	uc_check_found(k, "it has pathLenConstraint %ld, but %s (RFC 5280 section 4.2.1.9)", c->pathlen,
	               c->is_ca ? "no keyCertSign" : "is no CA certificate");
}

static void judge_aki(const struct uc_check *k)
{
	/* RFC 5280 section 4.2.1.1: only a self-signed certificate may leave it out. */
	if (k->c->version < 3 || k->c->aki.len > 0 || uc_check_self_signed(k)) return;
	uc_check_found(k, "it has no %s, which RFC 5280 section 4.2.1.1 demands of a certificate that is not self-signed",
	               uc_check_ext(k->c, ID_AKI) != NULL ? "keyIdentifier in its authorityKeyIdentifier" : "authorityKeyIdentifier");
}

static void judge_ski(const struct uc_check *k)
{
	if (!k->c->is_ca || k->c->ski.len > 0) return;
	uc_check_found(k, "it is a CA certificate without subjectKeyIdentifier (RFC 5280 section 4.2.1.2)");
}

#define EVERYWHERE UC_CHECK_ALL(UC_REFUSED)
#define SKIP UC_CHECK_SKIP

/* Weights by role:           any, identity, trust, issuer */
static const struct uc_check_rule rows[] = {
    {"duplicate-extension", EVERYWHERE, "Its CA must issue it again with each extension once.", judge_duplicates},
    {"unknown-critical",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED},
     "Ask its CA for a certificate without it, or with it not critical.",
     judge_critical},
    {"bad-extension", EVERYWHERE, "The certificate was badly made; its CA must issue it again.", judge_values},
    {"ca-as-leaf",
     {SKIP, UC_REFUSED, SKIP, SKIP},
     "Upload the certificate that the CA issued for this node's request; a CA certificate belongs in a trust store.",
     judge_ca_as_leaf},
    {"leaf-as-ca", {SKIP, SKIP, SKIP, UC_REFUSED}, "Use the certificate of the CA that issued the one below it.", judge_leaf_as_ca},
    {"ca-no-basic-constraints",
     {UC_WARN, SKIP, UC_WARN, SKIP},
     "If it is meant to be a CA, ask for one with basicConstraints CA:TRUE.",
     judge_no_constraints},
    {"ca-key-usage",
     {UC_WARN, UC_WARN, UC_WARN, UC_REFUSED},
     "A CA certificate needs both basicConstraints CA:TRUE and keyUsage keyCertSign.",
     judge_ca_usage},
    {"bc-not-critical", UC_CHECK_ALL(UC_NOTE), "It works; a new CA certificate should mark it critical.", judge_constraints_critical},
    {"pathlen-without-ca", UC_CHECK_ALL(UC_WARN), "Strict programs refuse it; ask its CA for one without the path length.", judge_pathlen},
    {"aki-missing", UC_CHECK_ALL(UC_NOTE), "Its issuer is found by name alone; nothing needs to be done.", judge_aki},
    {"ski-missing", UC_CHECK_ALL(UC_NOTE), "Those it issues are matched by name alone; nothing needs to be done.", judge_ski},
};

const struct uc_check_rules uc_check_ext_rules = {rows, sizeof rows / sizeof *rows};
