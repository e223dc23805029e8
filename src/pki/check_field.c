/* Rules about the fields every certificate has: encoding, validity, key, signature, serial, version. */
#include <openssl/asn1t.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "pki/check_rule.h"
#include "pki/der.h"

enum { MIN_RSA_BITS = 2048, MIN_EC_BITS = 224, MAX_RSA_BITS = 16384, MAX_SERIAL = 20, SHOWN_SERIAL = 60 };

/* X.690 section 8.3.2: the first nine bits of an INTEGER are not all equal. */
static bool padded_integer(struct uc_slice n)
{
	if (n.len < 2) return false;
	return (n.ptr[0] == 0x00 && n.ptr[1] < 0x80) || (n.ptr[0] == 0xff && n.ptr[1] >= 0x80);
}

/* The first part that OpenSSL cannot decode, or NULL. */
static const char *broken_part(const struct uc_cert *c)
{
	const struct {
		const char *name;
		struct uc_slice der;
		const ASN1_ITEM *item;
	} parts[] = {
	    {"signature", c->inner_algorithm, ASN1_ITEM_rptr(X509_ALGOR)},
	    {"issuer", c->issuer, ASN1_ITEM_rptr(X509_NAME)},
	    {"subject", c->subject, ASN1_ITEM_rptr(X509_NAME)},
	    {"subjectPublicKeyInfo", c->spki, ASN1_ITEM_rptr(X509_PUBKEY)},
	    {"signatureAlgorithm", c->outer_algorithm, ASN1_ITEM_rptr(X509_ALGOR)},
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const unsigned char *p = parts[i].der.ptr;
		ASN1_VALUE *value = ASN1_item_d2i(NULL, &p, (long)parts[i].der.len, parts[i].item);
		if (value == NULL) return parts[i].name;
		ASN1_item_free(value, parts[i].item);
	}
	return NULL;
}

static void judge_malformed(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	if (c->version < 1 || c->version > 3)
		uc_check_found(k, "its version field says %d, but there are only versions 1 to 3 (RFC 5280 section 4.1.2.1)", c->version);
	if (padded_integer(c->serial)) {
		UC_CLEANUP(uc_freep) char *hex = uc_hex(c->serial, '\0');
		uc_check_found(k, "its serialNumber %.*s begins with a needless byte, which DER forbids (X.690 section 8.3.2)", SHOWN_SERIAL, hex);
		return;
	}
	if (k->x != NULL) return;
	const char *part = broken_part(c);
	uc_check_found(k, "its %s cannot be decoded", part != NULL ? part : "encoding as a whole");
}

static void judge_one_time(const struct uc_check *k, const char *field, const struct uc_asn1_time *t)
{
	if (t->ok) return;
	UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(t);
	uc_check_found(k, "%s is %s, which %s (RFC 5280 section 4.1.2.5)", field, quote, t->fault);
}

static void judge_bad_time(const struct uc_check *k)
{
	judge_one_time(k, "notBefore", &k->c->not_before);
	judge_one_time(k, "notAfter", &k->c->not_after);
}

static void judge_one_time_type(const struct uc_check *k, const char *field, const struct uc_asn1_time *t)
{
	if (!t->ok || !t->wrong_type) return;
	UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(t);
	enum uc_weight weight = k->options->strict_times ? UC_REFUSED : (enum uc_weight)k->rule->weight[k->options->role];
	uc_check_found_as(k, weight, "%s is %s, but years before 2050 are written as UTCTime (RFC 5280 section 4.1.2.5)", field, quote);
}

static void judge_time_type(const struct uc_check *k)
{
	judge_one_time_type(k, "notBefore", &k->c->not_before);
	judge_one_time_type(k, "notAfter", &k->c->not_after);
}

static void judge_time_order(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	if (!c->not_before.ok || !c->not_after.ok || c->not_after.value >= c->not_before.value) return;
	char from[UC_TIME_TEXT];
	char to[UC_TIME_TEXT];
	uc_check_found(k, "it ends (notAfter %s) before it begins (notBefore %s), so it is never valid",
	               uc_time_rfc3339(c->not_after.value, to), uc_time_rfc3339(c->not_before.value, from));
}

/* C69: all four things a person needs to see whether the certificate or a clock is wrong. */
static void found_outside(const struct uc_check *k, const char *what)
{
	char now[UC_TIME_TEXT];
	char from[UC_TIME_TEXT] = "an unreadable time";
	char to[UC_TIME_TEXT] = "an unreadable time";
	if (k->c->not_before.ok) uc_time_rfc3339(k->c->not_before.value, from);
	if (k->c->not_after.ok) uc_time_rfc3339(k->c->not_after.value, to);
	uc_check_found(k, "it %s: valid from %s to %s, and %s says %s", what, from, to,
	               k->options->clock != NULL ? k->options->clock : "the clock", uc_time_rfc3339(k->options->now, now));
}

static void judge_expired(const struct uc_check *k)
{
	/* notAfter itself still is in the period (RFC 5280 section 4.1.2.5): instants are compared, not days (C66). */
	const struct uc_asn1_time *t = &k->c->not_after;
	if (!t->ok || k->options->now <= t->value) return;
	char distance[48];
	found_outside(k, uc_time_distance(t->value, k->options->now, distance));
}

static void judge_not_yet_valid(const struct uc_check *k)
{
	const struct uc_asn1_time *t = &k->c->not_before;
	if (!t->ok || k->options->now >= t->value) return;
	char distance[48];
	char what[80];
	snprintf(what, sizeof what, "is not valid yet and begins %s", uc_time_distance(t->value, k->options->now, distance));
	found_outside(k, what);
}

/* The size of the key; of a curve that key.c has no name for, what OpenSSL says. */
static unsigned key_bits(const struct uc_check *k)
{
	if (k->key.bits > 0 || k->key.kind != UC_KEY_EC || k->x == NULL) return k->key.bits;
	EVP_PKEY *key = X509_get0_pubkey(k->x);
	int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;
	return bits > 0 ? (unsigned)bits : 0;
}

static bool modulus_key(enum uc_key_kind kind)
{
	return kind == UC_KEY_RSA || kind == UC_KEY_RSA_PSS || kind == UC_KEY_DSA;
}

static void judge_key_size(const struct uc_check *k)
{
	unsigned least = modulus_key(k->key.kind) ? MIN_RSA_BITS : k->key.kind == UC_KEY_EC ? MIN_EC_BITS : 0;
	unsigned bits = key_bits(k);
	if (bits == 0 || bits >= least) return;
	uc_check_found(k, "its key is %s (%u bits), below the %u bits that keep it from being broken", k->key.text, bits, least);
}

static void judge_key_kind(const struct uc_check *k)
{
	const struct uc_key_info *key = &k->key;
	if (key->kind == UC_KEY_RSA && key->bits <= MAX_RSA_BITS) return;
	if (key->kind == UC_KEY_EC && uc_key_spec_of(k->c->spki) != NULL) return;
	if (key->kind == UC_KEY_RSA) {
		uc_check_found(k, "its key is %s; RSA keys above %d bits cannot be used", key->text, MAX_RSA_BITS);
		return;
	}
	uc_check_found(k, "its key is of the kind %s, which the services and phones here cannot use", key->text);
}

/* RFC 8017 section 3.1: the modulus is odd, the public exponent odd and at least 3. */
static bool rsa_plausible(struct uc_slice spki)
{
	struct uc_der seq;
	struct uc_der item;
	struct uc_der modulus;
	struct uc_der exponent;
	uint8_t unused;
	if (!uc_der_whole(spki, UC_DER_SEQUENCE, &seq)) return false;
	struct uc_reader r = uc_reader_of(seq.content);
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &item) || !uc_der_expect(&r, UC_DER_BIT_STRING, &item)) return false;
	r = uc_reader_of(item.content);
	if (!uc_read_u8(&r, &unused) || !uc_der_expect(&r, UC_DER_SEQUENCE, &seq)) return false;
	r = uc_reader_of(seq.content);
	if (!uc_der_expect(&r, UC_DER_INTEGER, &modulus) || !uc_der_expect(&r, UC_DER_INTEGER, &exponent)) return false;
	struct uc_slice n = modulus.content;
	struct uc_slice e = exponent.content;
	if (n.len == 0 || e.len == 0 || (n.ptr[0] & 0x80) != 0 || (e.ptr[0] & 0x80) != 0) return false;
	return (n.ptr[n.len - 1] & 1) == 1 && (e.ptr[e.len - 1] & 1) == 1 && !(e.len == 1 && e.ptr[0] == 1);
}

static void judge_key_damage(const struct uc_check *k)
{
	/* A kind OpenSSL does not know cannot be decoded either: that is judge_key_kind()'s business. */
	bool unknown = k->key.kind == UC_KEY_OTHER || (k->key.kind == UC_KEY_EC && k->key.bits == 0);
	if (k->x == NULL || unknown) return;
	if (X509_get0_pubkey(k->x) == NULL) {
		uc_check_found(k, "its public key (%s) cannot be decoded", k->key.text);
		return;
	}
	if (k->key.kind == UC_KEY_RSA && !rsa_plausible(k->c->spki))
		uc_check_found(k, "its public key (%s) has a modulus or exponent that no RSA key has (RFC 8017 section 3.1)", k->key.text);
}

#define OID(...)                                                \
	{                                                           \
		(const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]) \
		{                                                       \
			__VA_ARGS__                                         \
		}                                                       \
	}

static const struct {
	struct uc_slice oid;
	const char *hash;
} weak_signatures[] = {
    {OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x02), "MD2"},
    {OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x03), "MD4"},
    {OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04), "MD5"},
    {OID(0x2b, 0x0e, 0x03, 0x02, 0x03), "MD5"}, /* md5WithRSA of OIW */
    {OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05), "SHA-1"},
    {OID(0x2b, 0x0e, 0x03, 0x02, 0x1d), "SHA-1"},             /* sha1WithRSASignature of OIW */
    {OID(0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03), "SHA-1"}, /* dsa-with-SHA1 */
    {OID(0x2b, 0x0e, 0x03, 0x02, 0x1b), "SHA-1"},             /* dsaWithSHA1 of OIW */
    {OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01), "SHA-1"}, /* ecdsa-with-SHA1 */
};

static const uint8_t oid_pss[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a};
static const uint8_t oid_md5[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05};
static const uint8_t oid_sha1[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};

/* The weak hash named in RSASSA-PSS-params, or NULL; without hashAlgorithm it is SHA-1 (RFC 4055 section 3.1). */
static const char *weak_pss_hash(struct uc_slice algorithm)
{
	struct uc_der d;
	struct uc_der hash;
	if (!uc_der_whole(algorithm, UC_DER_SEQUENCE, &d)) return NULL;
	struct uc_reader r = uc_reader_of(d.content);
	if (!uc_der_expect(&r, UC_DER_OID, &d) || !uc_der_expect(&r, UC_DER_SEQUENCE, &d)) return "SHA-1";
	r = uc_reader_of(d.content);
	if (!uc_der_optional(&r, 0xa0, &d)) return "SHA-1";
	if (!uc_der_whole(d.content, UC_DER_SEQUENCE, &d)) return NULL;
	r = uc_reader_of(d.content);
	if (!uc_der_expect(&r, UC_DER_OID, &hash)) return NULL;
	if (uc_slice_eq(hash.content, uc_slice_of(oid_sha1, sizeof oid_sha1))) return "SHA-1";
	return uc_slice_eq(hash.content, uc_slice_of(oid_md5, sizeof oid_md5)) ? "MD5" : NULL;
}

static const char *weak_hash(const struct uc_cert *c)
{
	for (size_t i = 0; i < sizeof weak_signatures / sizeof *weak_signatures; i++)
		if (uc_slice_eq(c->signature_oid, weak_signatures[i].oid)) return weak_signatures[i].hash;
	return uc_slice_eq(c->signature_oid, uc_slice_of(oid_pss, sizeof oid_pss)) ? weak_pss_hash(c->outer_algorithm) : NULL;
}

static void judge_weak_signature(const struct uc_check *k)
{
	const char *hash = weak_hash(k->c);
	if (hash == NULL) return;
	if (k->options->role != UC_ROLE_IDENTITY && uc_check_self_signed(k)) {
		uc_check_found_as(k, k->options->role == UC_ROLE_ISSUER ? UC_NOTE : UC_WARN,
		                  "it is signed with %s, which is weak, but by itself: it is trusted for being in a store, not for its signature",
		                  hash);
		return;
	}
	uc_check_found(k, "it is signed with %s, which can be forged", hash);
}

static char *algorithm_name(struct uc_slice algorithm)
{
	struct uc_der seq;
	struct uc_der oid;
	if (!uc_der_whole(algorithm, UC_DER_SEQUENCE, &seq)) return uc_strdup("?");
	struct uc_reader r = uc_reader_of(seq.content);
	return uc_der_expect(&r, UC_DER_OID, &oid) ? uc_check_oid_name(oid.content) : uc_strdup("?");
}

static void judge_signature_mismatch(const struct uc_check *k)
{
	if (uc_slice_eq(k->c->inner_algorithm, k->c->outer_algorithm)) return;
	UC_CLEANUP(uc_freep) char *inner = algorithm_name(k->c->inner_algorithm);
	UC_CLEANUP(uc_freep) char *outer = algorithm_name(k->c->outer_algorithm);
	const char *same = strcmp(inner, outer) == 0 ? " with other parameters" : "";
	uc_check_found(k, "its signed part names the signature algorithm %s, but it is signed with %s%s (RFC 5280 section 4.1.1.2)", inner,
	               outer, same);
}

static void judge_serial_negative(const struct uc_check *k)
{
	if ((k->c->serial.ptr[0] & 0x80) == 0) return;
	UC_CLEANUP(uc_freep) char *serial = uc_cert_serial_text(k->c);
	uc_check_found(k, "its serial number is negative: %.*s (RFC 5280 section 4.1.2.2)", SHOWN_SERIAL, serial);
}

static void judge_serial_zero(const struct uc_check *k)
{
	for (size_t i = 0; i < k->c->serial.len; i++)
		if (k->c->serial.ptr[i] != 0) return;
	uc_check_found(k, "its serial number is zero (RFC 5280 section 4.1.2.2)");
}

static void judge_serial_long(const struct uc_check *k)
{
	size_t len = k->c->serial.len;
	if (len <= MAX_SERIAL) return;
	UC_CLEANUP(uc_freep) char *serial = uc_cert_serial_text(k->c);
	uc_check_found(k, "its serial number has %zu octets, more than the %d allowed: %.*s%s (RFC 5280 section 4.1.2.2)", len, MAX_SERIAL,
	               SHOWN_SERIAL, serial, strlen(serial) > SHOWN_SERIAL ? "..." : "");
}

static void judge_version(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	if (c->version != 1 && c->version != 2) return;
	uc_check_found(k, "it is a version %d certificate, which cannot say whether it is a CA: it can be an anchor, never an intermediate",
	               c->version);
	if (c->ext_count > 0)
		uc_check_found(k, "it has extensions (%zu) although version %d has none (RFC 5280 section 4.1.2.9)", c->ext_count, c->version);
}

#define EVERYWHERE UC_CHECK_ALL(UC_REFUSED)

/* Weights by role:           any, identity, trust, issuer */
static const struct uc_check_rule rows[] = {
    {"malformed", EVERYWHERE, "Get the file from its sender again; if that is the same, its CA must issue the certificate again.",
     judge_malformed},
    {"bad-time", EVERYWHERE,
     "Its CA must issue it again with times in GMT, with seconds, without fraction or offset: YYMMDDHHMMSSZ until 2049, YYYYMMDDHHMMSSZ "
     "from 2050.",
     judge_bad_time},
    {"time-type", UC_CHECK_ALL(UC_WARN), "It works here, but strict programs refuse it; tell its CA.", judge_time_type},
    {"time-order", EVERYWHERE, "Its CA must issue it again with a right validity period.", judge_time_order},
    {"expired",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED},
     "Get a renewed certificate; if the clock is wrong, correct it (NTP) and try again.",
     judge_expired},
    {"not-yet-valid",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED},
     "Wait until it begins; if the clock is wrong, correct it (NTP) and try again.",
     judge_not_yet_valid},
    {"key-too-small",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED},
     "Have it replaced by a certificate for a new key: RSA of 2048 bits or more, or EC P-256, P-384 or P-521.",
     judge_key_size},
    {"key-unsupported",
     {UC_NOTE, UC_REFUSED, UC_NOTE, UC_NOTE},
     "Use an RSA key of 2048 to 4096 bits or an EC key on P-256, P-384 or P-521.",
     judge_key_kind},
    {"key-damaged", EVERYWHERE, "Get the file from its sender again; if that is the same, its CA must issue the certificate again.",
     judge_key_damage},
    {"weak-signature",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_WARN},
     "Ask its CA for a certificate signed with SHA-256 or better.",
     judge_weak_signature},
    {"signature-mismatch", EVERYWHERE, "The certificate was changed or badly made; its CA must issue it again.", judge_signature_mismatch},
    {"serial-negative",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_WARN},
     "Ask its CA for a certificate with a positive serial number.",
     judge_serial_negative},
    {"serial-zero",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_WARN},
     "Ask its CA for a certificate with a positive serial number.",
     judge_serial_zero},
    {"serial-long",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_WARN},
     "Ask its CA for a certificate with a shorter serial number.",
     judge_serial_long},
    {"version-1",
     {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED},
     "Use a version 3 certificate of the same holder if there is one.",
     judge_version},
};

const struct uc_check_rules uc_check_field_rules = {rows, sizeof rows / sizeof *rows};
