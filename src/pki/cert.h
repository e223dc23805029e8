/*
 * A certificate (RFC 5280 section 4.1), read with our own bounded reader: the fields that a list, an index or a rule needs, without decoding
 * keys. Whether it is a *good* certificate is check.h's question; this reads all that can be read, faults included.
 */
#ifndef UC_PKI_CERT_H
#define UC_PKI_CERT_H

#include <openssl/types.h>

#include "core/bytes.h"
#include "core/mem.h"
#include "core/text.h"
#include "pki/asn1time.h"

#define UC_FINGERPRINT_LEN 32
#define UC_FINGERPRINT_HEX (2 * UC_FINGERPRINT_LEN + 1)

/* An extension: all borrowed from the certificate. */
struct uc_ext {
	struct uc_slice oid; /* content bytes */
	bool critical;
	struct uc_slice value; /* content of the OCTET STRING */
};

struct uc_cert {
	struct uc_buf der;                       /* owned; every slice below points into it */
	uint8_t fingerprint[UC_FINGERPRINT_LEN]; /* SHA-256 of der: the identity of a certificate */
	int version;                             /* 1 to 3; another number when the certificate says so */
	struct uc_slice tbs;                     /* TBSCertificate, whole */
	struct uc_slice serial;                  /* content bytes of the INTEGER, as they stand */
	struct uc_slice inner_algorithm;         /* AlgorithmIdentifier inside TBS, whole */
	struct uc_slice outer_algorithm;         /* and outside */
	struct uc_slice signature_oid;           /* OID content of the outer one */
	struct uc_slice issuer, subject;         /* Name, whole */
	struct uc_asn1_time not_before, not_after;
	struct uc_slice spki; /* SubjectPublicKeyInfo, whole */
	struct uc_ext *exts;  /* owned array, in order; repeated ones stay */
	size_t ext_count;
	/* Shortcuts from the first extension of each kind: */
	bool has_bc, is_ca;
	long pathlen; /* -1 when absent */
	bool has_ku;
	unsigned
	    key_usage; /* bit n of KeyUsage is 1 << n: digitalSignature 1, keyEncipherment 4, dataEncipherment 8, keyAgreement 16, keyCertSign 32 */
	struct uc_slice ski, aki;        /* key identifiers, len 0 when absent */
	bool self_issued;                /* issuer and subject are equal (RFC 5280 rules) */
	struct uc_cert_decoded *decoded; /* private: what uc_cert_x509() keeps */
};

enum {
	UC_KU_DIGITAL_SIGNATURE = 1 << 0,
	UC_KU_NON_REPUDIATION = 1 << 1,
	UC_KU_KEY_ENCIPHERMENT = 1 << 2,
	UC_KU_DATA_ENCIPHERMENT = 1 << 3,
	UC_KU_KEY_AGREEMENT = 1 << 4,
	UC_KU_KEY_CERT_SIGN = 1 << 5,
	UC_KU_CRL_SIGN = 1 << 6
};

/*
 * Reads a certificate that is exactly der (trailing bytes are UC_EINPUT "trailing-bytes"). UC_EINPUT "not-a-certificate" names the first field that
 * cannot be read. On success *out is owned by the caller: uc_cert_free().
 */
enum uc_status uc_cert_read(struct uc_slice der, struct uc_cert **out, struct uc_error *e) UC_MUST;
struct uc_cert *uc_cert_dup(const struct uc_cert *c) __attribute__((returns_nonnull));
void uc_cert_free(struct uc_cert *c);
UC_DEFINE_CLEANUP(uc_cert_freep, struct uc_cert, uc_cert_free)

/* An owned list of owned certificates. Zero-initialised is empty. */
struct uc_certs {
	struct uc_cert **items;
	size_t count;
};

void uc_certs_free(struct uc_certs *v);
void uc_certs_take(struct uc_certs *v, struct uc_cert *c); /* takes ownership */
/* The index of the certificate with this fingerprint, or -1. */
long uc_certs_find(const struct uc_certs *v, const uint8_t fingerprint[UC_FINGERPRINT_LEN]);

/* The first extension with this dotted OID, or NULL. */
const struct uc_ext *uc_cert_ext(const struct uc_cert *c, const char *oid);
/* The names of subjectAltName in the form of name.h; none when absent. False when the extension is malformed. */
bool uc_cert_sans(const struct uc_cert *c, struct uc_strv *out) UC_MUST;
/* The purposes of extendedKeyUsage as dotted OIDs; none when absent. False when it is malformed. */
bool uc_cert_ekus(const struct uc_cert *c, struct uc_strv *out) UC_MUST;
bool uc_cert_eq(const struct uc_cert *a, const struct uc_cert *b);
/* Self-signed: self-issued, and the signature verifies with its own key (C83). Decodes the key: not for lists. */
bool uc_cert_self_signed(const struct uc_cert *c);
/* Is c's signature made with issuer's key, issuer's name c's issuer, and do the key identifiers agree where both are there? */
bool uc_cert_issued_by(const struct uc_cert *c, const struct uc_cert *issuer);
/* 64 lower-case hexadecimal digits and a NUL into buf; returns buf. */
char *uc_cert_fingerprint_hex(const struct uc_cert *c, char buf[UC_FINGERPRINT_HEX]);
/* The serial as signed hexadecimal ("-1f", "0", "4a03"): C71. Free with free(). */
char *uc_cert_serial_text(const struct uc_cert *c);
/* Where now lies in its validity, as uc_time_state(), or "malformed" when its times are. Static. */
const char *uc_cert_state(const struct uc_cert *c, uc_time now);
/* What a person calls it: its CN, else its whole subject, else the first SAN, else the subject hash. Free with free(). */
char *uc_cert_label(const struct uc_cert *c);
/* The base name of its .pem (requirements section 6): the CN, or the subject hash, made safe, without ".pem". Free with free(). */
char *uc_cert_base_name(const struct uc_cert *c);
/*
 * Decoded by OpenSSL, with the extension cache filled; NULL when OpenSSL cannot. Decoded once and shared by copies of c made later, so it must not be
 * changed. From any thread. Owned by the caller: X509_free().
 */
X509 *uc_cert_x509(const struct uc_cert *c);
/* A degenerate PKCS#7 SignedData (RFC 2315 section 9.1) in DER that holds the certificates: a .p7b file. Appended to out. */
void uc_pkcs7_write(const struct uc_certs *certs, struct uc_buf *out);
/* PEM (RFC 7468). Appended to out. */
void uc_pem_write(struct uc_buf *out, const char *label, struct uc_slice der);

#endif
