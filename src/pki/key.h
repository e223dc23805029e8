/* Key kinds, key generation and the identity of keys. No private key is stored or printed here: that is keys/. */
#ifndef UC_PKI_KEY_H
#define UC_PKI_KEY_H

#include <openssl/types.h>

#include "core/bytes.h"
#include "core/error.h"
#include "core/mem.h"

#define UC_KEY_ID_LEN 65 /* 64 hexadecimal digits of the SHA-256 of the SubjectPublicKeyInfo, and a NUL */

struct uc_key_spec {
	const char *name; /* "rsa-2048", "ec-p384" */
	const char *text; /* "RSA 2048", "EC P-384" */
	bool rsa;
	int bits;           /* modulus or field size */
	const char *group;  /* OpenSSL's name of the curve, or NULL */
	const char *digest; /* the weakest hash that suits it: "SHA256", "SHA384", "SHA512" */
};

/* All kinds that keys may be generated in; count gets their number. */
const struct uc_key_spec *uc_key_specs(size_t *count);
/* Finds "rsa-2048", "RSA 2048", "rsa2048", "ec-p384", "P-384", "secp384r1"...; NULL when there is none. */
const struct uc_key_spec *uc_key_spec_find(const char *name);
/* The kind of a public key, or NULL for one that is not in the list (RSA 1024, Ed25519, ...). */
const struct uc_key_spec *uc_key_spec_of(struct uc_slice spki);

/* Generates a key: 0.15 seconds for RSA 2048, a second for 4096, so never on an event loop. Owned by the caller: uc_key_free(). */
enum uc_status uc_key_generate(const struct uc_key_spec *spec, EVP_PKEY **out, struct uc_error *e) UC_MUST;
void uc_key_free(EVP_PKEY *key);
UC_DEFINE_CLEANUP(uc_key_freep, EVP_PKEY, uc_key_free)

/* A private key in unencrypted PKCS#8 (RFC 5208), as uc_input_read() gives it; NULL when it cannot be decoded. Owned by the caller. */
EVP_PKEY *uc_key_read(struct uc_slice pkcs8);

/* The DER SubjectPublicKeyInfo of a key, appended to out. */
void uc_key_spki(const EVP_PKEY *key, struct uc_buf *out);
/* The key's id from its SubjectPublicKeyInfo; returns buf. */
char *uc_key_id(struct uc_slice spki, char buf[UC_KEY_ID_LEN]);
char *uc_key_id_of(const EVP_PKEY *key, char buf[UC_KEY_ID_LEN]);

/* What a public key is, read without decoding it. */
struct uc_key_info {
	enum uc_key_kind { UC_KEY_OTHER, UC_KEY_RSA, UC_KEY_RSA_PSS, UC_KEY_EC, UC_KEY_ED25519, UC_KEY_ED448, UC_KEY_DSA } kind;
	unsigned bits; /* RSA, DSA: of the modulus; EC: of the field; 0 when unknown */
	char text[64]; /* "RSA 2048", "EC P-384", "RSASSA-PSS 2048", "Ed25519", or the OID */
};

struct uc_key_info uc_key_info_of(struct uc_slice spki);

#endif
