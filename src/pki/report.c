#include "pki/report.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "pki/check.h"
#include "pki/der.h"
#include "pki/key.h"
#include "pki/name.h"

typedef STACK_OF(X509_EXTENSION) ext_stack;

static void free_stack(ext_stack *s)
{
	sk_X509_EXTENSION_pop_free(s, X509_EXTENSION_free);
}

UC_DEFINE_CLEANUP(free_exts, ext_stack, free_stack)
UC_DEFINE_CLEANUP(free_ext, X509_EXTENSION, X509_EXTENSION_free)
UC_DEFINE_CLEANUP(free_req, X509_REQ, X509_REQ_free)
UC_DEFINE_CLEANUP(free_bio, BIO, BIO_free_all)

/* Text of an extension: longer ones are cut; the value of a far longer one is not decoded at all. */
enum { MAX_EXT_TEXT = 4096, MAX_EXT_VALUE = 65536 };

json_t *uc_report_string(const char *text)
{
	if (text == NULL) return json_null();
	UC_CLEANUP(uc_freep) char *clean = uc_utf8_clean(uc_slice_str(text));
	return json_string(clean);
}

void uc_report_set_taken(json_t *object, const char *name, char *text)
{
	json_object_set_new(object, name, uc_report_string(text));
	free(text);
}

static void set_hex(json_t *o, const char *key, struct uc_slice bytes)
{
	uc_report_set_taken(o, key, bytes.len > 0 ? uc_hex(bytes, '\0') : NULL);
}

static const struct {
	const char *oid;
	const char *name;
} purposes[] = {
    {"1.3.6.1.5.5.7.3.1", "serverAuth"},      {"1.3.6.1.5.5.7.3.2", "clientAuth"},      {"1.3.6.1.5.5.7.3.3", "codeSigning"},
    {"1.3.6.1.5.5.7.3.4", "emailProtection"}, {"1.3.6.1.5.5.7.3.5", "ipsecEndSystem"},  {"1.3.6.1.5.5.7.3.6", "ipsecTunnel"},
    {"1.3.6.1.5.5.7.3.7", "ipsecUser"},       {"1.3.6.1.5.5.7.3.8", "timeStamping"},    {"1.3.6.1.5.5.7.3.9", "OCSPSigning"},
    {"1.3.6.1.5.5.7.3.17", "ipsecIKE"},       {"1.3.6.1.5.5.8.2.2", "iKEIntermediate"}, {"2.5.29.37.0", "anyExtendedKeyUsage"},
};

const char *uc_eku_name(const char *oid)
{
	for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
		if (strcmp(purposes[i].oid, oid) == 0) return purposes[i].name;
	return oid;
}

json_t *uc_report_key_usage(unsigned bits)
{
	json_t *list = json_array();
	for (unsigned bit = 0; uc_key_usage_name(bit) != NULL; bit++)
		if ((bits >> bit & 1) != 0) json_array_append_new(list, json_string(uc_key_usage_name(bit)));
	return list;
}

json_t *uc_report_findings(const struct uc_findings *f)
{
	json_t *list = json_array();
	for (size_t i = 0; i < f->count; i++) {
		json_t *o = json_object();
		json_object_set_new(o, "weight", json_string(uc_weight_name(f->items[i].weight)));
		json_object_set_new(o, "code", uc_report_string(f->items[i].code));
		json_object_set_new(o, "message", uc_report_string(f->items[i].message));
		json_object_set_new(o, "hint", uc_report_string(f->items[i].hint));
		json_array_append_new(list, o);
	}
	return list;
}

char *uc_report_clean(struct uc_slice text)
{
	char *clean = uc_utf8_clean(text);
	for (char *line = clean, *end; line != NULL; line = end != NULL ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end != NULL) *end = '\0';
		uc_text_printable(line);
		if (end != NULL) *end = '\n';
	}
	return clean;
}

static char *ext_text(X509_EXTENSION *ext)
{
	int len = ASN1_STRING_length(X509_EXTENSION_get_data(ext));
	if (len > MAX_EXT_VALUE) return uc_sprintf("(%d bytes, not shown)", len);
	UC_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	X509V3_EXT_print(bio, ext, X509V3_EXT_PARSE_UNKNOWN, 0);
	char *data = NULL;
	long have = BIO_get_mem_data(bio, &data);
	struct uc_slice text = uc_slice_of(data, have > 0 ? (size_t)have : 0);
	bool cut = text.len > MAX_EXT_TEXT;
	if (cut) text.len = MAX_EXT_TEXT;
	while (cut && text.len > 0 && (text.ptr[text.len] & 0xc0) == 0x80) text.len--; /* not inside a character */
	while (text.len > 0 && text.ptr[text.len - 1] == '\n') text.len--;
	UC_CLEANUP(uc_freep) char *clean = uc_report_clean(text);
	return uc_sprintf("%s%s", clean, cut ? " ..." : "");
}

static json_t *ext_json(X509_EXTENSION *ext)
{
	const ASN1_OBJECT *type = X509_EXTENSION_get_object(ext);
	int nid = OBJ_obj2nid(type);
	char oid[128];
	OBJ_obj2txt(oid, sizeof oid, type, 1);
	json_t *o = json_object();
	json_object_set_new(o, "oid", json_string(oid));
	json_object_set_new(o, "name", json_string(nid != NID_undef ? OBJ_nid2sn(nid) : oid));
	json_object_set_new(o, "critical", json_boolean(X509_EXTENSION_get_critical(ext)));
	uc_report_set_taken(o, "text", ext_text(ext));
	return o;
}

/* An extension for OpenSSL, from our own reading of it; NULL when its OID is malformed. */
static X509_EXTENSION *make_ext(const struct uc_ext *ext)
{
	UC_CLEANUP(uc_freep) char *oid = uc_der_oid_text(ext->oid);
	ASN1_OBJECT *type = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(value, ext->value.ptr, (int)ext->value.len);
	X509_EXTENSION *made = type != NULL ? X509_EXTENSION_create_by_OBJ(NULL, type, ext->critical, value) : NULL;
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(type);
	return made;
}

static json_t *cert_exts_json(const struct uc_cert *c)
{
	json_t *list = json_array();
	for (size_t i = 0; i < c->ext_count; i++) {
		UC_CLEANUP(free_ext) X509_EXTENSION *ext = make_ext(&c->exts[i]);
		if (ext != NULL) json_array_append_new(list, ext_json(ext));
	}
	return list;
}

/* Takes the strings of v, and names each through name unless that is NULL. */
static json_t *take_list(struct uc_strv *v, const char *(*name)(const char *))
{
	json_t *list = json_array();
	for (size_t i = 0; i < v->count; i++) json_array_append_new(list, uc_report_string(name != NULL ? name(v->items[i]) : v->items[i]));
	uc_strv_free(v);
	return list;
}

static void set_pem(json_t *o, const char *label, struct uc_slice der)
{
	struct uc_buf pem = UC_BUF_EMPTY;
	uc_pem_write(&pem, label, der);
	uc_report_set_taken(o, "pem", uc_buf_take_str(&pem));
}

static void set_key(json_t *o, struct uc_slice spki)
{
	char id[UC_KEY_ID_LEN];
	struct uc_key_info info = uc_key_info_of(spki);
	json_object_set_new(o, "key_type", json_string(info.text));
	json_object_set_new(o, "key_id", json_string(uc_key_id(spki, id)));
}

static void set_signature(json_t *o, struct uc_slice oid)
{
	UC_CLEANUP(uc_freep) char *text = uc_der_oid_text(oid);
	int nid = OBJ_txt2nid(text);
	json_object_set_new(o, "signature_algorithm", json_string(nid != NID_undef ? OBJ_nid2ln(nid) : text));
}

/* The hash that is signed, as arguments name it: null for an algorithm that has none or is not known. */
static void set_hash(json_t *o, struct uc_slice oid)
{
	int digest = NID_undef;
	UC_CLEANUP(uc_freep) char *text = uc_der_oid_text(oid);
	bool known = OBJ_find_sigid_algs(OBJ_txt2nid(text), &digest, NULL) == 1 && digest != NID_undef;
	uc_report_set_taken(o, "hash", known ? uc_fold(OBJ_nid2sn(digest)) : NULL);
}

static char *time_text(const struct uc_asn1_time *t)
{
	if (!t->ok) return uc_asn1_time_quote(t);
	char *text = uc_alloc(UC_TIME_TEXT);
	return uc_time_rfc3339(t->value, text);
}

static void set_validity(json_t *o, const struct uc_cert *c, uc_time now)
{
	char distance[48] = "unknown";
	if (c->not_after.ok) uc_time_distance(c->not_after.value, now, distance);
	uc_report_set_taken(o, "not_before", time_text(&c->not_before));
	uc_report_set_taken(o, "not_after", time_text(&c->not_after));
	json_object_set_new(o, "expires", json_string(distance));
	json_object_set_new(o, "state", json_string(uc_cert_state(c, now)));
}

static void set_identity(json_t *o, const struct uc_cert *c)
{
	char sha256[UC_FINGERPRINT_HEX];
	uint8_t sha1[SHA_DIGEST_LENGTH];
	SHA1(c->der.ptr, c->der.len, sha1);
	uc_report_set_taken(o, "common_name", uc_name_cn(c->subject));
	uc_report_set_taken(o, "subject", uc_name_text(c->subject));
	uc_report_set_taken(o, "issuer", uc_name_text(c->issuer));
	uc_report_set_taken(o, "serial", uc_cert_serial_text(c));
	json_object_set_new(o, "fingerprint_sha256", json_string(uc_cert_fingerprint_hex(c, sha256)));
	set_hex(o, "fingerprint_sha1", uc_slice_of(sha1, sizeof sha1));
	json_object_set_new(o, "version", json_integer(c->version));
}

json_t *uc_report_cert(const struct uc_cert *c, uc_time now)
{
	ERR_set_mark(); /* what cannot be decoded leaves no errors behind */
	struct uc_strv ekus = {.items = NULL};
	struct uc_strv sans = {.items = NULL};
	/* A malformed list is shown as none: check.h reports it. */
	if (!uc_cert_ekus(c, &ekus)) uc_strv_free(&ekus);
	if (!uc_cert_sans(c, &sans)) uc_strv_free(&sans);
	json_t *o = json_object();
	set_identity(o, c);
	set_validity(o, c, now);
	set_key(o, c->spki);
	set_signature(o, c->signature_oid);
	json_object_set_new(o, "self_signed", json_boolean(uc_cert_self_signed(c)));
	json_object_set_new(o, "ca", json_boolean(c->is_ca));
	json_object_set_new(o, "path_length", c->pathlen >= 0 ? json_integer(c->pathlen) : json_null());
	json_object_set_new(o, "key_usage", uc_report_key_usage(c->key_usage));
	json_object_set_new(o, "extended_key_usage", take_list(&ekus, uc_eku_name));
	json_object_set_new(o, "subject_alt_names", take_list(&sans, NULL));
	set_hex(o, "subject_key_id", c->ski);
	set_hex(o, "authority_key_id", c->aki);
	json_object_set_new(o, "extensions", cert_exts_json(c));
	set_pem(o, "CERTIFICATE", uc_buf_slice(&c->der));
	ERR_pop_to_mark();
	return o;
}

/* The parts of CertificationRequest (RFC 2986 section 4.1) that need no decoding. */
static bool csr_parts(struct uc_slice der, struct uc_slice *subject, struct uc_slice *spki, struct uc_slice *signature)
{
	struct uc_der d;
	struct uc_der info;
	if (!uc_der_whole(der, UC_DER_SEQUENCE, &d)) return false;
	struct uc_reader r = uc_reader_of(d.content);
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &info) || !uc_der_expect(&r, UC_DER_SEQUENCE, &d)) return false;
	struct uc_reader in = uc_reader_of(d.content);
	if (!uc_der_expect(&in, UC_DER_OID, &d)) return false;
	*signature = d.content;
	in = uc_reader_of(info.content);
	if (!uc_der_expect(&in, UC_DER_INTEGER, &d) || !uc_der_expect(&in, UC_DER_SEQUENCE, &d)) return false;
	*subject = d.whole;
	if (!uc_der_expect(&in, UC_DER_SEQUENCE, &d)) return false;
	*spki = d.whole;
	return true;
}

static unsigned usage_of(const ext_stack *exts)
{
	ASN1_BIT_STRING *bits = X509V3_get_d2i(exts, NID_key_usage, NULL, NULL);
	unsigned usage = 0;
	for (int bit = 0; bits != NULL && uc_key_usage_name((unsigned)bit) != NULL; bit++)
		if (ASN1_BIT_STRING_get_bit(bits, bit)) usage |= 1u << bit;
	ASN1_BIT_STRING_free(bits);
	return usage;
}

static json_t *purposes_of(const ext_stack *exts)
{
	struct uc_strv names = {.items = NULL};
	EXTENDED_KEY_USAGE *ekus = X509V3_get_d2i(exts, NID_ext_key_usage, NULL, NULL);
	for (int i = 0; i < sk_ASN1_OBJECT_num(ekus); i++) {
		char oid[128];
		OBJ_obj2txt(oid, sizeof oid, sk_ASN1_OBJECT_value(ekus, i), 1);
		uc_strv_add(&names, oid);
	}
	EXTENDED_KEY_USAGE_free(ekus);
	return take_list(&names, uc_eku_name);
}

static json_t *sans_of(const ext_stack *exts)
{
	struct uc_strv names = {.items = NULL};
	int at = X509v3_get_ext_by_NID(exts, NID_subject_alt_name, -1);
	const ASN1_OCTET_STRING *value = at >= 0 ? X509_EXTENSION_get_data(X509v3_get_ext(exts, at)) : NULL;
	if (value != NULL && !uc_san_read(uc_slice_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)), &names))
		uc_strv_free(&names);
	return take_list(&names, NULL);
}

static bool ca_of(const ext_stack *exts)
{
	BASIC_CONSTRAINTS *bc = X509V3_get_d2i(exts, NID_basic_constraints, NULL, NULL);
	bool ca = bc != NULL && bc->ca != 0;
	BASIC_CONSTRAINTS_free(bc);
	return ca;
}

static void set_requested(json_t *o, X509_REQ *req)
{
	UC_CLEANUP(free_exts) ext_stack *exts = X509_REQ_get_extensions(req);
	json_object_set_new(o, "key_usage", uc_report_key_usage(usage_of(exts)));
	json_object_set_new(o, "extended_key_usage", purposes_of(exts));
	json_object_set_new(o, "subject_alt_names", sans_of(exts));
	json_object_set_new(o, "ca", json_boolean(ca_of(exts)));
	json_t *list = json_array();
	for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++) json_array_append_new(list, ext_json(sk_X509_EXTENSION_value(exts, i)));
	json_object_set_new(o, "extensions", list);
}

json_t *uc_report_csr(struct uc_slice der)
{
	struct uc_slice subject;
	struct uc_slice spki;
	struct uc_slice signature;
	if (!csr_parts(der, &subject, &spki, &signature)) return NULL;
	ERR_set_mark();
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_req) X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)der.len);
	json_t *o = req != NULL ? json_object() : NULL;
	if (o != NULL) {
		uc_report_set_taken(o, "common_name", uc_name_cn(subject));
		uc_report_set_taken(o, "subject", uc_name_text(subject));
		set_key(o, spki);
		set_signature(o, signature);
		set_hash(o, signature);
		set_requested(o, req);
		set_pem(o, "CERTIFICATE REQUEST", der);
	}
	ERR_pop_to_mark();
	return o;
}
