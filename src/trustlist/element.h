/*
 * Elements, for the files of this room only: what each tag of a header and of a record is, how a run of elements is read within its bounds,
 * and how one is written.
 */
#ifndef UC_TRUSTLIST_ELEMENT_H
#define UC_TRUSTLIST_ELEMENT_H

#include "trustlist/header.h"

/* Tags of a header. */
enum {
	UC_TLH_VERSION = 1,
	UC_TLH_LENGTH = 2,
	UC_TLH_SIGNER = 3,
	UC_TLH_SIGNER_NAME = 4,
	UC_TLH_SERIAL = 5,
	UC_TLH_ISSUER = 6,
	UC_TLH_SIGNATURE_INFO = 7,
	UC_TLH_DIGEST = 8,
	UC_TLH_ALGORITHM_INFO = 9,
	UC_TLH_ALGORITHM = 10,
	UC_TLH_MODULUS = 11,
	UC_TLH_SIGNATURE = 12,
	UC_TLH_PADDING = 13,
	UC_TLH_FILE_NAME = 14,
	UC_TLH_TIME = 15,
	UC_TLH_ENCRYPTION = 16,
	UC_TLH_IV_INFO = 17,
	UC_TLH_IV_UNKNOWN = 18,
	UC_TLH_IV = 19,
	UC_TLH_PAD_COUNT = 20,
	UC_TLH_KEY_INFO = 21,
	UC_TLH_KEY_UNKNOWN = 22,
	UC_TLH_KEY_BITS = 23,
	UC_TLH_KEY_ALGORITHM = 24,
	UC_TLH_KEY = 25,
	UC_TLH_CONTENT_DIGEST_ALGORITHM = 26,
	UC_TLH_CONTENT_DIGEST = 27,
	UC_TLH_SIGNER_VERSION = 28
};

/* Tags of a record. */
enum {
	UC_TLR_LENGTH = 1,
	UC_TLR_DNS = 2,
	UC_TLR_SUBJECT = 3,
	UC_TLR_ROLE = 4,
	UC_TLR_ISSUER = 5,
	UC_TLR_SERIAL = 6,
	UC_TLR_PUBLIC_KEY = 7,
	UC_TLR_SIGNATURE = 8,
	UC_TLR_CERTIFICATE = 9,
	UC_TLR_ADDRESS = 10,
	UC_TLR_HASH = 11,
	UC_TLR_HASH_ALGORITHM = 12
};

/* Both begin with two bytes of a value under a head of three. */
enum { UC_TL_HEAD = 3, UC_TL_HEADER_START = 10, UC_TL_RECORD_START = 5 };

enum uc_tl_kind {
	UC_TL_RAW,
	UC_TL_TEXT,
	UC_TL_U8,
	UC_TL_U16,
	UC_TL_U32,
	UC_TL_VERSION, /* major, minor */
	UC_TL_CONTAINER,
	UC_TL_PADDING
};

struct uc_tl_field {
	uint8_t tag;
	const char *name; /* as `show ctl` has it */
	enum uc_tl_kind kind;
	bool once;      /* a second one is an error, not a finding */
	bool encrypted; /* known in the header of an encrypted file only */
};

enum uc_tl_area { UC_TL_IN_HEADER, UC_TL_IN_ENCRYPTED_HEADER, UC_TL_IN_RECORD };
/* What a tag is in such an area; NULL for one that is not known. Static. */
const struct uc_tl_field *uc_tl_field_find(enum uc_tl_area area, uint8_t tag);

/*
 * Reads all elements between two offsets of a file (which must lie within it). Appends to out, whose slices point into file. where names
 * the area in messages: "the header", "record 3". UC_EINPUT "tlv-length", "tlv-text", "tlv-repeated", "tlv-header", each with the offset; what
 * can be borne is added to findings, which may be NULL.
 */
enum uc_status uc_tl_elements_read(struct uc_slice file, size_t from, size_t to, enum uc_tl_area area, const char *where,
                                   struct uc_tl_elements *out, struct uc_findings *findings, struct uc_error *e) UC_MUST;
/* The first with this tag, or NULL. */
const struct uc_tl_element *uc_tl_element_find(const struct uc_tl_elements *v, uint8_t tag);

/* Values of an element that was read. 0, NULL (owned: free with free()) and nothing for NULL. */
uint32_t uc_tl_element_number(const struct uc_tl_element *el);
char *uc_tl_element_text(const struct uc_tl_element *el);
void uc_tl_element_bytes(const struct uc_tl_element *el, struct uc_buf *out);

/* Writing: an element with its head; the value must have at most 65535 bytes. A text gets its NUL. */
void uc_tl_put(struct uc_buf *out, uint8_t tag, struct uc_slice value);
void uc_tl_put_text(struct uc_buf *out, uint8_t tag, const char *text);
void uc_tl_put_u8(struct uc_buf *out, uint8_t tag, uint8_t v);
void uc_tl_put_u16(struct uc_buf *out, uint8_t tag, uint16_t v);
void uc_tl_put_u32(struct uc_buf *out, uint8_t tag, uint32_t v);

/* The area of a header's elements. */
enum uc_tl_area uc_tl_header_area(const struct uc_tl_header *h);
/* For people: a text, a number, a version; NULL for other values. Free with free(). */
char *uc_tl_element_shown(enum uc_tl_area area, const struct uc_tl_element *el);

/* Serials as numbers: without leading zeros, one zero byte for nothing. */
struct uc_slice uc_tl_serial_trim(struct uc_slice serial);

#endif
