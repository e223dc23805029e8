/* Records of a trust list, for the files of this room only. */
#ifndef UC_TRUSTLIST_RECORD_H
#define UC_TRUSTLIST_RECORD_H

#include "trustlist/list.h"

/* "record 3 (TFTP 'cucm1.example.com')": what messages call a record. Free with free(). */
char *uc_tl_record_label(size_t number, bool has_role, unsigned role, const char *dns, const struct uc_cert *cert)
    __attribute__((returns_nonnull));

/* "10.35.48.106"; NULL when it has none. Free with free(). */
char *uc_tl_address_text(const struct uc_tl_record *r);

/* What phones bear, but people should know: added to findings. */
void uc_tl_look(const struct uc_tl *l, uc_time now, struct uc_findings *findings);

/* The public key and the signature of a certificate as records have them; false when they cannot be told apart. */
bool uc_tl_cert_key(const struct uc_cert *c, struct uc_slice *out) UC_MUST;
bool uc_tl_cert_signature(const struct uc_cert *c, struct uc_slice *out) UC_MUST;

/* Reported as JSON; owned. elements: with all elements. */
json_t *uc_tl_record_json(const struct uc_tl_record *r, size_t number, uc_time now, bool elements);
json_t *uc_tl_header_json(const struct uc_tl_header *h);
json_t *uc_tl_signer_json(const struct uc_tl_header *h);

#endif
