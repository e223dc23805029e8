/*
 * A bounded reader of DER (X.690): what is needed to look into certificates, requests and keys without decoding them whole.
 */
#ifndef UC_PKI_DER_H
#define UC_PKI_DER_H

#include "core/bytes.h"

enum uc_der_tag {
	UC_DER_BOOLEAN = 0x01,
	UC_DER_INTEGER = 0x02,
	UC_DER_BIT_STRING = 0x03,
	UC_DER_OCTET_STRING = 0x04,
	UC_DER_OID = 0x06,
	UC_DER_UTC_TIME = 0x17,
	UC_DER_GENERALIZED_TIME = 0x18,
	UC_DER_SEQUENCE = 0x30,
	UC_DER_SET = 0x31
};

/* One element: its tag byte, its content, and the whole of it (header and content). */
struct uc_der {
	uint8_t tag;
	struct uc_slice content;
	struct uc_slice whole;
};

/*
 * Reads the next element. False at the end of the data, for a tag above 30, an indefinite or non-minimal length, or a length beyond the data; the
 * reader then stays where it was.
 */
bool uc_der_next(struct uc_reader *r, struct uc_der *out) UC_MUST;
/* As uc_der_next(), for an element that must have this tag. */
bool uc_der_expect(struct uc_reader *r, uint8_t tag, struct uc_der *out) UC_MUST;
/* Reads the next element if it has this tag; otherwise returns false and reads nothing. */
bool uc_der_optional(struct uc_reader *r, uint8_t tag, struct uc_der *out);
/* True when data is exactly one element of this tag, without trailing bytes. */
bool uc_der_whole(struct uc_slice data, uint8_t tag, struct uc_der *out) UC_MUST;
/* The dotted text of an OID's content, e.g. "1.2.840.113549.1.1.11"; "?" when it is malformed. Free with free(). */
char *uc_der_oid_text(struct uc_slice content);

#endif
