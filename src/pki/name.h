/* Distinguished names and alternative names (RFC 5280 sections 4.1.2.4 and 4.2.1.6). Names travel as their DER. */
#ifndef UC_PKI_NAME_H
#define UC_PKI_NAME_H

#include "core/bytes.h"
#include "core/text.h"

/*
 * For people: attributes in the order of the certificate, RFC 4514 escapes, UTF-8: "CN=host.example.com,O=Example". "" for an empty name. Free
 * with free().
 */
char *uc_name_text(struct uc_slice name);
/* The value of the last commonName as UTF-8, or NULL when there is none or it is empty. Free with free(). */
char *uc_name_cn(struct uc_slice name);
bool uc_name_is_empty(struct uc_slice name);
/* Equality by the rules of RFC 5280 section 7.1: string types, case and runs of blanks do not matter. Malformed names equal only the same bytes. */
bool uc_name_eq(struct uc_slice a, struct uc_slice b);
/* A hash that is the same for names that are equal; also the eight hexadecimal digits that `openssl x509 -hash` prints. */
uint32_t uc_name_hash(struct uc_slice name);

/*
 * The names of a subjectAltName extension value (its GeneralNames), each as "DNS:host", "IP:192.0.2.1", "email:...", "URI:...", "RID:1.2.3",
 * "dirName:CN=...", "othername:OID", appended to out. False when the value is malformed.
 */
bool uc_san_read(struct uc_slice value, struct uc_strv *out) UC_MUST;
/*
 * Brings one alternative name, as a person types it, into the form above: a bare name is a DNS name or, if it reads as one, an IP address;
 * "DNS:", "IP:", "email:", "URI:" choose. Internationalised names become A-labels (C50), "*." is kept (C51); each label is checked (RFC 1034, RFC 5890).
 * *out is freed by the caller. UC_EINPUT names the label at fault.
 */
enum uc_status uc_san_normalize(const char *text, char **out, struct uc_error *e) UC_MUST;
/* What only a has and what only b has, compared as sets without regard to case. The outputs are appended to. */
void uc_san_diff(const struct uc_strv *a, const struct uc_strv *b, struct uc_strv *only_a, struct uc_strv *only_b);

#endif
