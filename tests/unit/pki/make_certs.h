/*
 * Certificates for tests, good and bad ones, made with OpenSSL at run time. Everything has a default, so that a test writes only what it is
 * about:
 *
 *     struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
 *     struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = MAKE_LEAF("host.example.com")});
 *
 * A failure to make one fails the running test.
 */
#ifndef UC_TEST_MAKE_CERTS_H
#define UC_TEST_MAKE_CERTS_H

#include "pki/cert.h"

/* The time that the defaults are about: 2026-06-01T00:00:00Z. */
#define MAKE_NOW ((uc_time)1780272000)
#define MAKE_YEAR (365 * UC_DAY)

enum { MAKE_MAX_EXTS = 12 };

/* A certificate and its key, both owned; release with made_free(). */
struct made {
	struct uc_cert *cert;
	EVP_PKEY *key;
};

struct make {
	const char *subject;             /* "CN=a,O=b" in the certificate's order; "" is empty */
	const struct made *issuer;       /* signs it; NULL: it signs itself */
	const char *issuer_name;         /* instead of the issuer's subject */
	const struct made *same_key;     /* its key; NULL: a new P-256 key */
	const char *key;                 /* kind of a new key: "P-256", "P-192", "RSA-1024", "DSA"... */
	const char *digest;              /* "SHA256" */
	uc_time from, to;                /* default: a year before MAKE_NOW to ten years after it */
	const char *raw_from, *raw_to;   /* "U:" or "G:" and the characters of a UTCTime or GeneralizedTime, however wrong */
	const char *serial;              /* signed decimal; default: one that no other has */
	int version;                     /* 3 */
	int string_type;                 /* of the subject's values: an MBSTRING_ or V_ASN1_ constant; default MBSTRING_UTF8 */
	const char *exts[MAKE_MAX_EXTS]; /* "name=value" in the syntax of openssl.cnf; repeated ones are added twice */
	bool break_signature;            /* its last byte is changed */
};

#define MAKE_ROOT                                                                                                 \
	{                                                                                                             \
		"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash" \
	}
#define MAKE_CA                                                                                                    \
	{                                                                                                              \
		"basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash", \
		    "authorityKeyIdentifier=keyid"                                                                         \
	}
/* A CA without key identifiers, as a minimal openssl command makes it. */
#define MAKE_BARE_CA                        \
	{                                       \
		"basicConstraints=critical,CA:TRUE" \
	}
#define MAKE_LEAF(host)                                                                                                       \
	{                                                                                                                         \
		"basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=serverAuth,clientAuth", \
		    "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", "subjectAltName=DNS:" host                           \
	}

struct made make_cert(const struct make *m);
void made_free(struct made *m);

/* Several of them, for an argument: NULL-terminated, borrowed. */
#define MADE(...) ((const struct made *const[]){__VA_ARGS__, NULL})
#define MADE_NONE ((const struct made *const[]){NULL})

/* A list of copies of their certificates. Release with uc_certs_free(). */
struct uc_certs made_list(const struct made *const *some);
/* A CRL of issuer that revokes them, valid for a month around MAKE_NOW. Release with uc_buf_free(). */
struct uc_buf make_crl(const struct made *issuer, const struct made *const *revoked);
/* "abcd1234", as messages name a certificate. */
const char *made_print(const struct made *m, char buf[9]);

#endif
