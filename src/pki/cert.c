#include "pki/cert.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "pki/digest.h"
#include "pki/name.h"

UC_DEFINE_CLEANUP(free_x509, X509, X509_free)

struct uc_cert_decoded {
	_Atomic(X509 *) x; /* owned; NULL until it is asked for */
};

/* OID contents (X.690 section 8.19) of the extensions that are read at once. */
static const uint8_t oid_ski[] = {0x55, 0x1d, 0x0e};
static const uint8_t oid_ku[] = {0x55, 0x1d, 0x0f};
static const uint8_t oid_bc[] = {0x55, 0x1d, 0x13};
static const uint8_t oid_aki[] = {0x55, 0x1d, 0x23};

static void read_ski(struct uc_cert *c, struct uc_slice value)
{
	struct uc_der id;
	if (uc_der_whole(value, UC_DER_OCTET_STRING, &id)) c->ski = id.content;
}

static void read_aki(struct uc_cert *c, struct uc_slice value)
{
	struct uc_der seq;
	struct uc_der id;
	if (!uc_der_whole(value, UC_DER_SEQUENCE, &seq)) return;
	struct uc_reader r = uc_reader_of(seq.content);
	if (uc_der_optional(&r, 0x80, &id)) c->aki = id.content;
}

static void read_ku(struct uc_cert *c, struct uc_slice value)
{
	struct uc_der bits;
	if (!uc_der_whole(value, UC_DER_BIT_STRING, &bits) || bits.content.len < 1) return;
	c->has_ku = true;
	for (size_t i = 0; i < 9 && 1 + i / 8 < bits.content.len; i++)
		if ((bits.content.ptr[1 + i / 8] & (0x80u >> (i % 8))) != 0) c->key_usage |= 1u << i;
}

static void read_bc(struct uc_cert *c, struct uc_slice value)
{
	struct uc_der seq;
	struct uc_der item;
	if (!uc_der_whole(value, UC_DER_SEQUENCE, &seq)) return;
	c->has_bc = true;
	struct uc_reader r = uc_reader_of(seq.content);
	if (uc_der_optional(&r, UC_DER_BOOLEAN, &item)) c->is_ca = item.content.len == 1 && item.content.ptr[0] != 0;
	if (!uc_der_optional(&r, UC_DER_INTEGER, &item)) return;
	c->pathlen = 0;
	for (size_t i = 0; i < item.content.len && c->pathlen < 1000000; i++) c->pathlen = c->pathlen << 8 | item.content.ptr[i];
}

static const struct {
	struct uc_slice oid;
	void (*read)(struct uc_cert *c, struct uc_slice value);
} shortcuts[] = {
    {{oid_ski, sizeof oid_ski}, read_ski},
    {{oid_ku, sizeof oid_ku}, read_ku},
    {{oid_bc, sizeof oid_bc}, read_bc},
    {{oid_aki, sizeof oid_aki}, read_aki},
};

static bool seen_before(const struct uc_cert *c, struct uc_slice oid)
{
	for (size_t i = 0; i < c->ext_count; i++)
		if (uc_slice_eq(c->exts[i].oid, oid)) return true;
	return false;
}

static void add_ext(struct uc_cert *c, struct uc_ext ext)
{
	/* Only the first of repeated extensions counts for the shortcuts; check.h refuses the certificate for any use (C74). */
	for (size_t i = 0; i < sizeof shortcuts / sizeof *shortcuts; i++)
		if (uc_slice_eq(shortcuts[i].oid, ext.oid) && !seen_before(c, ext.oid)) shortcuts[i].read(c, ext.value);
	c->exts = uc_realloc(c->exts, c->ext_count + 1, sizeof *c->exts);
	c->exts[c->ext_count++] = ext;
}

static bool read_exts(struct uc_cert *c, struct uc_slice value)
{
	enum { MAX_EXTS = 200 };
	struct uc_der seq;
	if (!uc_der_whole(value, UC_DER_SEQUENCE, &seq)) return false;
	struct uc_reader r = uc_reader_of(seq.content);
	while (uc_reader_left(&r) > 0) {
		struct uc_der item;
		struct uc_der oid;
		struct uc_der critical;
		struct uc_der octets;
		if (c->ext_count == MAX_EXTS || !uc_der_expect(&r, UC_DER_SEQUENCE, &item)) return false;
		struct uc_reader in = uc_reader_of(item.content);
		if (!uc_der_expect(&in, UC_DER_OID, &oid)) return false;
		bool is_critical = uc_der_optional(&in, UC_DER_BOOLEAN, &critical) && critical.content.len == 1 && critical.content.ptr[0] != 0;
		if (!uc_der_expect(&in, UC_DER_OCTET_STRING, &octets) || uc_reader_left(&in) != 0) return false;
		add_ext(c, (struct uc_ext){.oid = oid.content, .critical = is_critical, .value = octets.content});
	}
	return true;
}

static bool read_validity(struct uc_cert *c, struct uc_reader *r)
{
	struct uc_der seq;
	struct uc_der t;
	if (!uc_der_expect(r, UC_DER_SEQUENCE, &seq)) return false;
	struct uc_reader in = uc_reader_of(seq.content);
	if (!uc_der_next(&in, &t)) return false;
	c->not_before = uc_asn1_time_read(&t);
	if (!uc_der_next(&in, &t)) return false;
	c->not_after = uc_asn1_time_read(&t);
	return uc_reader_left(&in) == 0;
}

static bool read_version(struct uc_cert *c, struct uc_reader *r)
{
	struct uc_der tagged;
	struct uc_der number;
	c->version = 1;
	if (!uc_der_optional(r, 0xa0, &tagged)) return true;
	if (!uc_der_whole(tagged.content, UC_DER_INTEGER, &number) || number.content.len != 1) return false;
	c->version = (int8_t)number.content.ptr[0] + 1;
	return true;
}

/* TBSCertificate; returns the name of the field that cannot be read, or NULL. */
static const char *read_tbs(struct uc_cert *c, struct uc_slice tbs)
{
	struct uc_reader r = uc_reader_of(tbs);
	struct uc_der d;
	if (!read_version(c, &r)) return "version";
	if (!uc_der_expect(&r, UC_DER_INTEGER, &d) || d.content.len == 0) return "serialNumber";
	c->serial = d.content;
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &d)) return "signature";
	c->inner_algorithm = d.whole;
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &d)) return "issuer";
	c->issuer = d.whole;
	if (!read_validity(c, &r)) return "validity";
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &d)) return "subject";
	c->subject = d.whole;
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &d)) return "subjectPublicKeyInfo";
	c->spki = d.whole;
	uc_der_optional(&r, 0x81, &d); /* issuerUniqueID */
	uc_der_optional(&r, 0x82, &d); /* subjectUniqueID */
	if (uc_der_optional(&r, 0xa3, &d) && !read_exts(c, d.content)) return "extensions";
	return uc_reader_left(&r) == 0 ? NULL : "the fields after subjectPublicKeyInfo";
}

static const char *read_fields(struct uc_cert *c, struct uc_slice content)
{
	struct uc_reader r = uc_reader_of(content);
	struct uc_der tbs;
	struct uc_der alg;
	struct uc_der sig;
	struct uc_der oid;
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &tbs)) return "tbsCertificate";
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &alg)) return "signatureAlgorithm";
	if (!uc_der_expect(&r, UC_DER_BIT_STRING, &sig) || uc_reader_left(&r) != 0) return "signatureValue";
	struct uc_reader in = uc_reader_of(alg.content);
	if (!uc_der_expect(&in, UC_DER_OID, &oid)) return "signatureAlgorithm";
	c->tbs = tbs.whole;
	c->outer_algorithm = alg.whole;
	c->signature_oid = oid.content;
	return read_tbs(c, tbs.content);
}

enum uc_status uc_cert_read(struct uc_slice der, struct uc_cert **out, struct uc_error *e)
{
	static const char hint[] = "Ask its sender for the file again, as PEM or DER; it may have been cut or changed on its way.";
	struct uc_reader r = uc_reader_of(der);
	struct uc_der whole;
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &whole))
		return uc_fail(e, UC_EINPUT, "not-a-certificate", hint, "not a certificate: %zu bytes that are not one complete DER sequence",
		               der.len);
	if (uc_reader_left(&r) > 0)
		return uc_fail(e, UC_EINPUT, "trailing-bytes", hint, "%zu bytes of trailing garbage after a certificate of %zu bytes",
		               uc_reader_left(&r), whole.whole.len);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = uc_zalloc(1, sizeof *c);
	c->pathlen = -1;
	c->decoded = uc_zalloc(1, sizeof *c->decoded);
	uc_buf_add_slice(&c->der, der);
	if (!uc_der_whole(uc_buf_slice(&c->der), UC_DER_SEQUENCE, &whole))
		return uc_fail(e, UC_EINTERNAL, "internal", NULL, "certificate changed while it was read");
	const char *field = read_fields(c, whole.content);
	if (field != NULL) return uc_fail(e, UC_EINPUT, "not-a-certificate", hint, "not a certificate: its %s cannot be read", field);
	uc_sha256(uc_buf_slice(&c->der), c->fingerprint);
	c->self_issued = uc_name_eq(c->issuer, c->subject);
	*out = uc_move(c);
	return UC_OK;
}

struct uc_cert *uc_cert_dup(const struct uc_cert *c)
{
	struct uc_cert *copy = NULL;
	if (uc_cert_read(uc_buf_slice(&c->der), &copy, NULL) != UC_OK || copy == NULL) abort(); /* it was read once */
	X509 *x = atomic_load(&c->decoded->x);
	if (x != NULL && X509_up_ref(x)) atomic_store(&copy->decoded->x, x);
	return copy;
}

void uc_cert_free(struct uc_cert *c)
{
	if (c == NULL) return;
	uc_buf_free(&c->der);
	free(c->exts);
	if (c->decoded != NULL) X509_free(atomic_load(&c->decoded->x));
	free(c->decoded);
	free(c);
}

void uc_certs_free(struct uc_certs *v)
{
	for (size_t i = 0; i < v->count; i++) uc_cert_free(v->items[i]);
	free(v->items);
	*v = (struct uc_certs){.items = NULL};
}

void uc_certs_take(struct uc_certs *v, struct uc_cert *c)
{
	v->items = uc_realloc(v->items, v->count + 1, sizeof(struct uc_cert *));
	v->items[v->count++] = c;
}

long uc_certs_find(const struct uc_certs *v, const uint8_t fingerprint[UC_FINGERPRINT_LEN])
{
	for (size_t i = 0; i < v->count; i++)
		if (memcmp(v->items[i]->fingerprint, fingerprint, UC_FINGERPRINT_LEN) == 0) return (long)i;
	return -1;
}

const struct uc_ext *uc_cert_ext(const struct uc_cert *c, const char *oid)
{
	for (size_t i = 0; i < c->ext_count; i++) {
		UC_CLEANUP(uc_freep) char *text = uc_der_oid_text(c->exts[i].oid);
		if (strcmp(text, oid) == 0) return &c->exts[i];
	}
	return NULL;
}

bool uc_cert_sans(const struct uc_cert *c, struct uc_strv *out)
{
	const struct uc_ext *ext = uc_cert_ext(c, "2.5.29.17");
	return ext == NULL || uc_san_read(ext->value, out);
}

bool uc_cert_ekus(const struct uc_cert *c, struct uc_strv *out)
{
	const struct uc_ext *ext = uc_cert_ext(c, "2.5.29.37");
	if (ext == NULL) return true;
	struct uc_der seq;
	if (!uc_der_whole(ext->value, UC_DER_SEQUENCE, &seq)) return false;
	struct uc_reader r = uc_reader_of(seq.content);
	while (uc_reader_left(&r) > 0) {
		struct uc_der oid;
		if (!uc_der_expect(&r, UC_DER_OID, &oid)) return false;
		uc_strv_take(out, uc_der_oid_text(oid.content));
	}
	return true;
}

bool uc_cert_eq(const struct uc_cert *a, const struct uc_cert *b)
{
	return uc_slice_eq(uc_buf_slice(&a->der), uc_buf_slice(&b->der));
}

bool uc_cert_self_signed(const struct uc_cert *c)
{
	return c->self_issued && uc_cert_issued_by(c, c);
}

bool uc_cert_issued_by(const struct uc_cert *c, const struct uc_cert *issuer)
{
	if (!uc_name_eq(c->issuer, issuer->subject)) return false;
	if (c->aki.len > 0 && issuer->ski.len > 0 && !uc_slice_eq(c->aki, issuer->ski)) return false;
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(c);
	UC_CLEANUP(free_x509) X509 *ix = uc_cert_x509(issuer);
	/* A failure that stays in OpenSSL's queue would make a later TLS call of this thread look failed. */
	ERR_set_mark();
	EVP_PKEY *key = ix != NULL ? X509_get0_pubkey(ix) : NULL;
	bool verifies = x != NULL && key != NULL && X509_verify(x, key) == 1;
	ERR_pop_to_mark();
	return verifies;
}

char *uc_cert_fingerprint_hex(const struct uc_cert *c, char buf[UC_FINGERPRINT_HEX])
{
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(c->fingerprint, UC_FINGERPRINT_LEN), '\0');
	memcpy(buf, hex, UC_FINGERPRINT_HEX);
	return buf;
}

char *uc_cert_serial_text(const struct uc_cert *c)
{
	struct uc_slice s = c->serial;
	bool negative = (s.ptr[0] & 0x80) != 0;
	UC_CLEANUP(uc_buf_free) struct uc_buf magnitude = UC_BUF_EMPTY;
	uc_buf_add_slice(&magnitude, s);
	unsigned carry = negative ? 1 : 0;
	for (size_t i = magnitude.len; negative && i-- > 0;) {
		unsigned v = (unsigned)(uint8_t)~magnitude.ptr[i] + carry;
		magnitude.ptr[i] = (uint8_t)v;
		carry = v >> 8;
	}
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_buf_slice(&magnitude), '\0');
	const char *digits = hex;
	while (digits[0] == '0' && digits[1] == '0' && digits[2] != '\0') digits += 2;
	if (strcmp(digits, "00") == 0) digits++;
	return uc_sprintf("%s%s", negative ? "-" : "", digits);
}

const char *uc_cert_state(const struct uc_cert *c, uc_time now)
{
	if (!c->not_before.ok || !c->not_after.ok) return "malformed";
	return uc_time_state(c->not_before.value, c->not_after.value, now);
}

char *uc_cert_label(const struct uc_cert *c)
{
	char *cn = uc_name_cn(c->subject);
	if (cn != NULL) return cn;
	if (!uc_name_is_empty(c->subject)) return uc_name_text(c->subject);
	struct uc_strv sans = {.items = NULL};
	char *label = uc_cert_sans(c, &sans) && sans.count > 0 ? uc_strdup(sans.items[0]) : uc_sprintf("%08x", uc_name_hash(c->subject));
	uc_strv_free(&sans);
	return label;
}

char *uc_cert_base_name(const struct uc_cert *c)
{
	UC_CLEANUP(uc_freep) char *cn = uc_name_cn(c->subject);
	if (cn == NULL) return uc_sprintf("%08x", uc_name_hash(c->subject));
	return uc_safe_name(cn);
}

static X509 *decode(const struct uc_cert *c)
{
	const unsigned char *p = c->der.ptr;
	ERR_set_mark();
	X509 *x = d2i_X509(NULL, &p, (long)c->der.len);
	/* The getters of extensions are undefined before this; its result says only that some extension is bad, which check.h reports. */
	if (x != NULL) X509_check_purpose(x, -1, 0);
	ERR_pop_to_mark();
	return x;
}

/* Keeps x, which is taken over, unless another thread was faster; returns what is kept. */
static X509 *keep(const struct uc_cert *c, X509 *x)
{
	X509 *before = NULL;
	if (x == NULL || atomic_compare_exchange_strong(&c->decoded->x, &before, x)) return x;
	X509_free(x);
	return before;
}

X509 *uc_cert_x509(const struct uc_cert *c)
{
	X509 *x = atomic_load(&c->decoded->x);
	if (x == NULL) x = keep(c, decode(c));
	if (x != NULL) X509_up_ref(x);
	return x;
}

void uc_pkcs7_write(const struct uc_certs *certs, struct uc_buf *out)
{
	PKCS7 *p7 = PKCS7_new();
	if (p7 != NULL && PKCS7_set_type(p7, NID_pkcs7_signed) && PKCS7_content_new(p7, NID_pkcs7_data)) {
		for (size_t i = 0; i < certs->count; i++) {
			UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(certs->items[i]);
			if (x != NULL) PKCS7_add_certificate(p7, x);
		}
		PKCS7_set_detached(p7, 1);
		uint8_t *der = NULL;
		int len = i2d_PKCS7(p7, &der);
		if (len > 0) uc_buf_add(out, der, (size_t)len);
		OPENSSL_free(der);
	}
	PKCS7_free(p7);
}

void uc_pem_write(struct uc_buf *out, const char *label, struct uc_slice der)
{
	enum { LINE = 64 };
	UC_CLEANUP(uc_freep) char *b64 = uc_base64(der);
	size_t len = strlen(b64);
	uc_buf_printf(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < len; i += LINE) {
		uc_buf_add(out, b64 + i, len - i < LINE ? len - i : LINE);
		uc_buf_add_u8(out, '\n');
	}
	uc_buf_printf(out, "-----END %s-----\n", label);
}
