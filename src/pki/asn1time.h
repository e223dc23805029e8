/*
 * Times in certificates (T3; RFC 5280 section 4.1.2.5): GMT, with seconds, no fraction, no offset; UTCTime until 2049, GeneralizedTime from 2050.
 *
 * OpenSSL accepts more when it decodes, and ASN1_TIME_check() accepts more still, so the raw characters are judged here.
 */
#ifndef UC_PKI_ASN1TIME_H
#define UC_PKI_ASN1TIME_H

#include "core/clock.h"
#include "pki/der.h"

struct uc_asn1_time {
	uint8_t tag;         /* UC_DER_UTC_TIME or UC_DER_GENERALIZED_TIME, or what stood there instead */
	struct uc_slice raw; /* the characters, borrowed */
	bool ok;             /* the form is right and the date exists */
	uc_time value;       /* when ok */
	const char *fault;   /* when not ok: why, a static text such as "has a fraction of a second" */
	bool wrong_type;     /* ok, but a GeneralizedTime for a year before 2050 */
};

/* Judges one Time element. Never fails: what is wrong stands in the result. */
struct uc_asn1_time uc_asn1_time_read(const struct uc_der *element);
/* The raw characters as text with unprintable bytes as '?', with the type's name: "UTCTime 991231235959+0100". Free with free(). */
char *uc_asn1_time_quote(const struct uc_asn1_time *t);

#endif
