#include "pki/request.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/random.h"
#include "pki/key.h"
#include "pki/name.h"

typedef STACK_OF(X509_EXTENSION) ext_stack;

static void free_exts(ext_stack *s)
{
	sk_X509_EXTENSION_pop_free(s, X509_EXTENSION_free);
}

UC_DEFINE_CLEANUP(free_x509, X509, X509_free)
UC_DEFINE_CLEANUP(free_req, X509_REQ, X509_REQ_free)
UC_DEFINE_CLEANUP(free_extsp, ext_stack, free_exts)
UC_DEFINE_CLEANUP(free_names, GENERAL_NAMES, GENERAL_NAMES_free)

static enum uc_status openssl_failed(struct uc_error *e, const char *doing)
{
	return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL failed while %s", doing);
}

/* The upper bounds of X.520 (RFC 5280 appendix A.1). */
static const struct {
	const char *type;
	const char *field;
	size_t offset;
	size_t max;
} subject_fields[] = {
    {"C", "country", offsetof(struct uc_profile, country), 2},
    {"ST", "state", offsetof(struct uc_profile, state), 128},
    {"L", "locality", offsetof(struct uc_profile, locality), 128},
    {"O", "organization", offsetof(struct uc_profile, organization), 64},
    {"OU", "organizational_unit", offsetof(struct uc_profile, unit), 64},
    {"CN", "common_name", offsetof(struct uc_profile, common_name), 64},
};

static size_t utf8_length(const char *text)
{
	size_t n = 0;
	for (; *text != '\0'; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static enum uc_status check_country(const char *field, const char *value, struct uc_error *e)
{
	if (strlen(value) == 2 && value[0] >= 'A' && value[0] <= 'Z' && value[1] >= 'A' && value[1] <= 'Z') return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-subject", field, "Use the two capital letters of ISO 3166, for example JP.",
	                     "the country '%s' is not two capital letters", value);
}

static enum uc_status check_field(const char *field, const char *value, size_t max, struct uc_error *e)
{
	if (!uc_utf8_valid(uc_slice_str(value)))
		return uc_fail_field(e, UC_EINPUT, "bad-subject", field, "Write it in UTF-8.", "the subject field %s is not UTF-8", field);
	if (strcmp(field, "country") == 0) return check_country(field, value, e);
	size_t n = utf8_length(value);
	if (n > max) {
		bool name = strcmp(field, "common_name") == 0;
		return uc_fail_field(e, UC_EINPUT, "bad-subject", field,
		                     name ? "Shorten it; names that do not fit belong into the subject alternative names." : "Shorten it.",
		                     "the subject field %s has %zu characters, X.520 allows %zu: '%s'", field, n, max, value);
	}
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20)
			return uc_fail_field(e, UC_EINPUT, "bad-subject", field, NULL, "the subject field %s has a control character", field);
	return UC_OK;
}

static enum uc_status fill_subject(const struct uc_profile *p, X509_NAME *name, struct uc_error *e)
{
	for (size_t i = 0; i < sizeof subject_fields / sizeof *subject_fields; i++) {
		const char *value = *(const char *const *)((const char *)p + subject_fields[i].offset);
		if (value == NULL || value[0] == '\0') continue;
		UC_TRY(check_field(subject_fields[i].field, value, subject_fields[i].max, e));
		if (!X509_NAME_add_entry_by_txt(name, subject_fields[i].type, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0))
			return uc_fail_field(e, UC_EINPUT, "bad-subject", subject_fields[i].field, NULL, "the subject field %s cannot be written: '%s'",
			                     subject_fields[i].field, value);
	}
	return UC_OK;
}

static const struct {
	const char *prefix;
	int type;
} san_types[] = {{"DNS:", GEN_DNS}, {"IP:", GEN_IPADD}, {"email:", GEN_EMAIL}, {"URI:", GEN_URI}};

static enum uc_status add_san(GENERAL_NAMES *names, const char *text, struct uc_error *e)
{
	for (size_t i = 0; i < sizeof san_types / sizeof *san_types; i++) {
		if (!uc_starts_with(text, san_types[i].prefix)) continue;
		const char *value = text + strlen(san_types[i].prefix);
		GENERAL_NAME *name = a2i_GENERAL_NAME(NULL, NULL, NULL, san_types[i].type, value, 0);
		if (name == NULL) break;
		sk_GENERAL_NAME_push(names, name);
		return UC_OK;
	}
	return uc_fail_field(e, UC_EINPUT, "bad-name", "subject_alt_names", NULL, "'%s' cannot be written as a subject alternative name", text);
}

static enum uc_status push_ext(ext_stack *out, int nid, int critical, void *value, struct uc_error *e)
{
	X509_EXTENSION *ext = X509V3_EXT_i2d(nid, critical, value);
	if (ext == NULL) return openssl_failed(e, "writing an extension");
	sk_X509_EXTENSION_push(out, ext);
	return UC_OK;
}

static enum uc_status push_sans(ext_stack *out, const struct uc_profile *p, struct uc_error *e)
{
	if (p->sans == NULL || p->sans->count == 0) return UC_OK;
	UC_CLEANUP(free_names) GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	for (size_t i = 0; i < p->sans->count; i++) UC_TRY(add_san(names, p->sans->items[i], e));
	/* RFC 5280 section 4.2.1.6: critical when the subject is empty (C57). */
	bool empty_subject = p->common_name == NULL || p->common_name[0] == '\0';
	return push_ext(out, NID_subject_alt_name, empty_subject, names, e);
}

static enum uc_status push_usages(ext_stack *out, const struct uc_profile *p, struct uc_error *e)
{
	if (p->key_usage != 0) {
		ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
		for (int i = 0; i < 9; i++)
			if ((p->key_usage & (1u << i)) != 0) ASN1_BIT_STRING_set_bit(bits, i, 1);
		enum uc_status status = push_ext(out, NID_key_usage, 1, bits, e);
		ASN1_BIT_STRING_free(bits);
		UC_TRY(status);
	}
	if (p->ekus == NULL || p->ekus[0] == NULL) return UC_OK;
	EXTENDED_KEY_USAGE *ekus = sk_ASN1_OBJECT_new_null();
	for (size_t i = 0; p->ekus[i] != NULL; i++) sk_ASN1_OBJECT_push(ekus, OBJ_txt2obj(p->ekus[i], 1));
	enum uc_status status = push_ext(out, NID_ext_key_usage, 0, ekus, e);
	sk_ASN1_OBJECT_pop_free(ekus, ASN1_OBJECT_free);
	return status;
}

/* basicConstraints, keyUsage, extendedKeyUsage, subjectAltName: what a request and a certificate have in common. */
static enum uc_status push_common(ext_stack *out, const struct uc_profile *p, struct uc_error *e)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	bc->ca = p->ca ? 0xff : 0;
	if (p->ca) {
		bc->pathlen = ASN1_INTEGER_new();
		ASN1_INTEGER_set(bc->pathlen, 0);
	}
	enum uc_status status = push_ext(out, NID_basic_constraints, 1, bc, e);
	BASIC_CONSTRAINTS_free(bc);
	UC_TRY(status);
	UC_TRY(push_usages(out, p, e));
	return push_sans(out, p, e);
}

/* RFC 5280 section 4.2.1.2, method 1: SHA-1 of the key's bits. */
static enum uc_status push_key_ids(ext_stack *out, X509 *x, struct uc_error *e)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (!X509_pubkey_digest(x, EVP_sha1(), hash, &len)) return openssl_failed(e, "hashing the public key");
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(id, hash, (int)len);
	AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
	aki->keyid = ASN1_OCTET_STRING_dup(id);
	enum uc_status status = push_ext(out, NID_subject_key_identifier, 0, id, e);
	if (status == UC_OK) status = push_ext(out, NID_authority_key_identifier, 0, aki, e);
	ASN1_OCTET_STRING_free(id);
	AUTHORITY_KEYID_free(aki);
	return status;
}

/* A positive serial of exactly 128 random bits, in 17 octets of content at most (RFC 5280 section 4.1.2.2 allows 20). */
static bool set_serial(X509 *x)
{
	uint8_t bytes[16];
	do uc_random(bytes, sizeof bytes);
	while (bytes[0] == 0); /* the full width, so that every serial looks alike */
	BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
	bool ok = n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok;
}

static bool set_time(ASN1_TIME *field, uc_time t)
{
	/* RFC 5280 section 4.1.2.5: UTCTime to 2049, GeneralizedTime from 2050. Written from our own 64-bit arithmetic (C58, C59). */
	struct uc_civil c = uc_time_to_civil(t);
	char text[32];
	if (c.year >= 1950 && c.year < 2050)
		snprintf(text, sizeof text, "%02d%02d%02d%02d%02d%02dZ", c.year % 100, c.month, c.day, c.hour, c.minute, c.second);
	else
		snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
	return ASN1_TIME_set_string(field, text) == 1;
}

static bool add_cert_exts(X509 *x, const ext_stack *exts)
{
	for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++)
		if (!X509_add_ext(x, sk_X509_EXTENSION_value(exts, i), -1)) return false;
	return true;
}

enum uc_status uc_cert_self_sign(const struct uc_profile *p, EVP_PKEY *key, struct uc_buf *der, struct uc_error *e)
{
	UC_CLEANUP(free_x509) X509 *x = X509_new();
	if (x == NULL || !X509_set_version(x, X509_VERSION_3) || !set_serial(x)) return openssl_failed(e, "making a certificate");
	UC_TRY(fill_subject(p, X509_get_subject_name(x), e));
	if (!X509_set_issuer_name(x, X509_get_subject_name(x)) || !X509_set_pubkey(x, key)) return openssl_failed(e, "making a certificate");
	if (!set_time(X509_getm_notBefore(x), p->not_before) || !set_time(X509_getm_notAfter(x), p->not_after))
		return openssl_failed(e, "writing the validity");
	UC_CLEANUP(free_extsp) ext_stack *exts = sk_X509_EXTENSION_new_null();
	UC_TRY(push_common(exts, p, e));
	UC_TRY(push_key_ids(exts, x, e));
	const EVP_MD *md = EVP_get_digestbyname(p->digest);
	if (md == NULL || !add_cert_exts(x, exts) || X509_sign(x, key, md) <= 0) return openssl_failed(e, "signing a certificate");
	uint8_t *bytes = NULL;
	int len = i2d_X509(x, &bytes);
	if (len <= 0) return openssl_failed(e, "encoding a certificate");
	uc_buf_add(der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	return UC_OK;
}

enum uc_status uc_csr_make(const struct uc_profile *p, EVP_PKEY *key, struct uc_buf *der, struct uc_error *e)
{
	UC_CLEANUP(free_req) X509_REQ *req = X509_REQ_new();
	if (req == NULL || !X509_REQ_set_version(req, X509_REQ_VERSION_1)) return openssl_failed(e, "making a request");
	UC_TRY(fill_subject(p, X509_REQ_get_subject_name(req), e));
	UC_CLEANUP(free_extsp) ext_stack *exts = sk_X509_EXTENSION_new_null();
	UC_TRY(push_common(exts, p, e));
	const EVP_MD *md = EVP_get_digestbyname(p->digest);
	if (md == NULL || !X509_REQ_set_pubkey(req, key) || !X509_REQ_add_extensions(req, exts) || X509_REQ_sign(req, key, md) <= 0)
		return openssl_failed(e, "signing a request");
	uint8_t *bytes = NULL;
	int len = i2d_X509_REQ(req, &bytes);
	if (len <= 0) return openssl_failed(e, "encoding a request");
	uc_buf_add(der, bytes, (size_t)len);
	OPENSSL_free(bytes);
	return UC_OK;
}

static const char *looks_like(struct uc_slice der)
{
	struct uc_cert *cert = NULL;
	bool is_cert = uc_cert_read(der, &cert, NULL) == UC_OK;
	uc_cert_free(cert);
	return is_cert ? "this is a certificate" : "its fields cannot be read";
}

/* CertificationRequestInfo ::= SEQUENCE { version, subject, subjectPKInfo, [0] attributes } (RFC 2986 section 4.1). */
static bool read_info(struct uc_slice der, struct uc_csr *out)
{
	struct uc_der whole;
	struct uc_der info;
	struct uc_der field;
	if (!uc_der_whole(der, UC_DER_SEQUENCE, &whole)) return false;
	struct uc_reader r = uc_reader_of(whole.content);
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &info)) return false;
	struct uc_reader in = uc_reader_of(info.content);
	if (!uc_der_expect(&in, UC_DER_INTEGER, &field) || !uc_der_expect(&in, UC_DER_SEQUENCE, &field)) return false;
	out->subject = field.whole;
	if (!uc_der_expect(&in, UC_DER_SEQUENCE, &field)) return false;
	out->spki = field.whole;
	return true;
}

static enum uc_status read_sans(X509_REQ *req, struct uc_csr *out, struct uc_error *e)
{
	UC_CLEANUP(free_extsp) ext_stack *exts = X509_REQ_get_extensions(req);
	for (int i = 0; exts != NULL && i < sk_X509_EXTENSION_num(exts); i++) {
		X509_EXTENSION *ext = sk_X509_EXTENSION_value(exts, i);
		if (OBJ_obj2nid(X509_EXTENSION_get_object(ext)) != NID_subject_alt_name) continue;
		if (out->has_san)
			return uc_fail(e, UC_EINPUT, "duplicate-extension", "Make the request again with one list of names.",
			               "the request has two subject alternative name extensions");
		out->has_san = true;
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(ext);
		if (!uc_san_read(uc_slice_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), &out->sans))
			return uc_fail(e, UC_EINPUT, "not-a-request", "Make the request again.",
			               "the subject alternative names of the request cannot be read");
	}
	return UC_OK;
}

enum uc_status uc_csr_read(struct uc_slice der, struct uc_csr *out, struct uc_error *e)
{
	*out = (struct uc_csr){.has_san = false};
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_req) X509_REQ *req = der.len > 0 ? d2i_X509_REQ(NULL, &p, (long)der.len) : NULL;
	if (req == NULL || p != der.ptr + der.len || !read_info(der, out))
		return uc_fail(e, UC_EINPUT, "not-a-request", "Give a PKCS#10 certificate signing request.",
		               "not a certificate signing request: %s", looks_like(der));
	EVP_PKEY *key = X509_REQ_get0_pubkey(req);
	if (key == NULL || X509_REQ_verify(req, key) != 1)
		return uc_fail(e, UC_EINPUT, "bad-proof", "Make the request again; it may have been changed on its way.",
		               "the request's own signature does not verify, so nothing proves that its sender holds the key");
	return read_sans(req, out, e);
}

void uc_csr_free(struct uc_csr *c)
{
	uc_strv_free(&c->sans);
	*c = (struct uc_csr){.has_san = false};
}
