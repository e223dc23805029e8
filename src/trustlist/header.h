/*
 * The header with which every trust list and every signed file for phones begins: elements of a tag, a 16-bit length and a value, and a
 * signature over the whole file but itself.
 */
#ifndef UC_TRUSTLIST_HEADER_H
#define UC_TRUSTLIST_HEADER_H

#include <openssl/types.h>

#include "core/bytes.h"
#include "core/clock.h"
#include "core/finding.h"
#include "pki/cert.h"

/* An element as it stands in a file. Padding (tag 13 of a header) has neither length nor value. */
struct uc_tl_element {
	size_t offset;
	uint8_t tag;
	bool container;        /* its value are the elements that follow */
	struct uc_slice value; /* into the file */
};
/* Zero-initialised is empty. */
struct uc_tl_elements {
	struct uc_tl_element *items;
	size_t count;
};
void uc_tl_elements_free(struct uc_tl_elements *v);

/* Both are read; the first is written unless asked otherwise. */
enum uc_tl_layout {
	UC_TL_SERVER, /* as a real server: name, serial, issuer; names with semicolons; DNS name and address in each record */
	UC_TL_PEERS   /* as the open-source peers' tools: name, issuer, serial; names of RFC 4514 with commas; no DNS name, no address */
};
enum uc_tl_digest { UC_TL_SHA1 = 1, UC_TL_SHA256 = 2, UC_TL_SHA512 = 3 };
/* "sha1", "sha256", "sha512"; NULL for an unknown code. Static. And the reverse. */
const char *uc_tl_digest_name(unsigned code);
bool uc_tl_digest_find(const char *name, enum uc_tl_digest *out) UC_MUST;

/* What a file is signed as. Zero-initialised but for digest, file_name and time is what a server writes. All borrowed. */
struct uc_tl_signing {
	enum uc_tl_layout layout;
	enum uc_tl_digest digest; /* UC_TL_SHA1 or UC_TL_SHA512: no phone is known to take another */
	/* Of lists only; -1: no such element; 0: 1.0; 1: 1.1, with which phones use advanced encryption (EC, HTTPS on 6971). */
	int signer_version;
	const char *file_name; /* the name inside: CTLFile.tlv, ITLFile.tlv, or the whole name that phones ask for */
	uc_time time;
};

/* A header that was read. Texts are the bytes before the NUL. */
struct uc_tl_header {
	uint8_t major, minor;
	size_t length; /* of the header: where the content begins */
	bool has_signer_version;
	uint8_t signer_major, signer_minor;
	char *name, *issuer; /* of the signer; "" when missing */
	struct uc_buf serial;
	unsigned digest, algorithm, modulus; /* codes; 0 when missing */
	bool has_digest, has_modulus;
	struct uc_buf signature; /* empty: unsigned */
	size_t signature_offset; /* of that element */
	char *file_name;
	bool has_time;
	uint32_t time;
	/* Of an encrypted file: */
	bool encrypted;
	struct uc_buf iv, wrapped_key, content_digest;
	unsigned pad_count, content_digest_algorithm, wrapped_bits;
	struct uc_tl_elements elements; /* all, containers and padding too */
};
void uc_tl_header_free(struct uc_tl_header *h);

/*
 * Reads the header of a file; the errors of uc_tl_read() (list.h). Slices of out->elements point into file. findings may be NULL. Release
 * with uc_tl_header_free(); after a failure nothing is left to release.
 */
enum uc_status uc_tl_header_read(struct uc_slice file, struct uc_tl_header *out, struct uc_findings *findings, struct uc_error *e) UC_MUST;
/*
 * Verifies the signature over the file that the header was read from, with this certificate's key. UC_EREFUSED "tlv-unsigned",
 * "tlv-signature", "tlv-algorithm" (an unknown digest, or no RSA key), "tlv-digest-off" (this machine's OpenSSL does not allow that digest,
 * as some distributions do with SHA-1: it says nothing of the file).
 */
enum uc_status uc_tl_header_verify(const struct uc_tl_header *h, struct uc_slice file, const struct uc_cert *by,
                                   struct uc_error *e) UC_MUST;
/* Does the header name this certificate as its signer: the same serial, and names that are the same in a layout, or unreadable? */
bool uc_tl_header_names(const struct uc_tl_header *h, const struct uc_cert *c);

/* A certificate's name as files have it, in a layout; free with free(). And its serial: minimal unsigned, at least one byte. */
char *uc_tl_name(struct uc_slice name, enum uc_tl_layout layout) __attribute__((returns_nonnull));
void uc_tl_serial(const struct uc_cert *c, struct uc_buf *out);
/*
 * Are these two texts of a name the same: as sets of type=value, split at ';' or ',', types without regard to case? Attributes that servers
 * drop (all but CN, OU, O, L, ST, C) count only where both have them. For matching what phones ask for (TVS).
 */
bool uc_tl_name_matches(const char *a, const char *b);
/* Can all of this text be read as a name? Those of tokens cannot; phones do not mind. */
bool uc_tl_name_reads(const char *text);

#endif
