/*
 * Decoded objects for people and programs: the JSON that the API, the console and --json show, and the text that the command line prints.
 */
#ifndef UC_PKI_REPORT_H
#define UC_PKI_REPORT_H

#include <jansson.h>

#include "core/finding.h"
#include "pki/cert.h"

/*
 * A certificate, owned by the caller:
 * {"common_name" (or null), "subject", "issuer", "serial", "fingerprint_sha256", "fingerprint_sha1", "version",
 *  "not_before", "not_after" (RFC 3339, or the value quoted when it is malformed), "expires" ("in 23 days", "never", "unknown"),
 *  "state" ("valid", "expiring" (below 30 days), "expired", "not-yet-valid", "malformed" (a time that breaks T3)),
 *  "key_type", "key_id", "signature_algorithm", "self_signed", "ca", "path_length" (or null),
 *  "key_usage": [...], "extended_key_usage": [names], "subject_alt_names": [...],
 *  "subject_key_id", "authority_key_id" (hexadecimal, or null), "extensions": [{"oid", "name", "critical", "text"}], "pem"}
 * An extension's text is at most 4 kB. A list whose extension is malformed is shown empty.
 */
json_t *uc_report_cert(const struct uc_cert *c, uc_time now);
/*
 * A request, owned by the caller; NULL when der is none:
 * {"common_name" (or null), "subject", "key_type", "key_id", "signature_algorithm", "hash" ("sha256", or null), "key_usage", "extended_key_usage",
 *  "subject_alt_names", "ca", "extensions", "pem"}
 */
json_t *uc_report_csr(struct uc_slice der);
/* [{"weight","code","message","hint" or null}] */
json_t *uc_report_findings(const struct uc_findings *f);
/* The same decoded certificate as lines of text in the manner of `openssl x509 -text`, then nothing; appended to out. */
void uc_report_cert_text(const struct uc_cert *c, struct uc_buf *out);
/* As uc_report_cert_text(); nothing when der is no request. */
void uc_report_csr_text(struct uc_slice der, struct uc_buf *out);
/* "digitalSignature", ... for the bits of UC_KU_; owned array of strings. */
json_t *uc_report_key_usage(unsigned bits);
/* "serverAuth", "clientAuth", "ipsecEndSystem", ... or the dotted OID itself. Static or borrowed from oid. */
const char *uc_eku_name(const char *oid);
/* A JSON string of text, whatever its bytes: what is not UTF-8 becomes U+FFFD. NULL gives null. */
json_t *uc_report_string(const char *text);
/* Sets a member to such a string; takes text, which may be NULL. */
void uc_report_set_taken(json_t *object, const char *name, char *text);
/* A copy as UTF-8 in which control characters but line feeds are '?', for text that certificates bring to a terminal. Free with free(). */
char *uc_report_clean(struct uc_slice text);

/*
 * What a set of files holds, for `utils cert check`: per object its findings, the chains in order, which key or request belongs to which
 * certificate. files[i] is (name, content). password may be NULL. Result, owned by the caller:
 * {"objects": [{"file", "line", "kind" ("certificate", "request", "crl", "key"), "label", "fingerprint_sha256" and "certificate", or
 *               "request", or "crl": {"issuer", "this_update", "next_update" (or null), "revoked" (their number)}, "key_id", "findings"}],
 *  "chains": [{"certificates": [index, ...] (leaf first), "complete" (ends in a self-signed one), "valid" (RFC 5280 section 6, up to that
 *              root), "missing_issuer": {"subject", "key_id" (or null)} (or null)}],
 *  "pairs": [{"certificate": index, "key": index} or {"certificate": index, "request": index} or {"request": index, "key": index}],
 *  "findings": [...] (of the whole), "worst": "note"}
 * What cannot be decoded has no "certificate", "request", "crl", "key_id". Of a key nothing is shown but its kind (in the label) and
 * key id.
 * An object that came before has the finding "repeated" and is in no chain and no pair; an issuer is in the chain of each leaf it issued.
 * Findings of the whole, each naming file, number and label:
 *   chain-order          note: which certificate of a file is out of place, the order found and the right one (C3)
 *   issuer-missing       warn: a chain's end, its issuer's name and key identifier
 *   a code of path.h     refused: why a complete chain is no valid path, unless its certificate says so itself
 *   key-unmatched        warn: a key that belongs to no certificate (or, without certificates, to no request), with both key ids (C26)
 *   request-unmatched    note: a request that belongs to no certificate (C30)
 *   an error of input.h  refused: a file that cannot be read
 * and the findings of uc_input_read() with the file's name before them.
 */
struct uc_report_file {
	const char *name;
	struct uc_slice content;
};
json_t *uc_report_files(const struct uc_report_file *files, size_t count, const char *password, uc_time now);

#endif
