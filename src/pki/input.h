/*
 * Reading whatever a person hands over: PEM with anything around it, DER, PKCS#7, PKCS#12, bare base64, in any usual text encoding, many
 * objects in any order. Told apart by content, never by a file's ending (C22).
 *
 * Lenient on purpose, so only for an operator's uploads and files; what arrives in a protocol is read strictly elsewhere (C19).
 */
#ifndef UC_PKI_INPUT_H
#define UC_PKI_INPUT_H

#include "core/bytes.h"
#include "core/error.h"
#include "core/finding.h"

/* Larger inputs are UC_ELIMIT "too-large"; the message quotes the limit. */
#define UC_INPUT_MAX ((size_t)4 * 1024 * 1024)
/* More objects than this in one input are UC_ELIMIT "too-many-objects". */
#define UC_INPUT_MAX_ITEMS 10000

enum uc_input_kind { UC_INPUT_CERT, UC_INPUT_CSR, UC_INPUT_CRL, UC_INPUT_KEY };

struct uc_input_item {
	enum uc_input_kind kind;
	struct uc_buf der; /* a key: unencrypted PKCS#8; wiped when freed */
	size_t line;       /* 1-based line of the block's BEGIN, 0 for binary input */
};

struct uc_input {
	struct uc_input_item *items;
	size_t count;
	char format[48];     /* "PEM", "DER certificate", "PKCS#7 (PEM)", "PKCS#7 (DER)", "PKCS#12", "base64", ... */
	size_t keys_dropped; /* private keys that were there and were not taken (UC_INPUT_DROP_KEYS) */
	struct uc_findings
	    findings; /* notes: what was tolerated (BOM, UTF-16, trusted data dropped, attributes skipped, a damaged block with its line) */
};

enum uc_input_keys {
	UC_INPUT_REFUSE_KEYS, /* a private key in the clear or encrypted: UC_EREFUSED "private-key-in-upload"; a PKCS#12's key is dropped and counted */
	UC_INPUT_TAKE_KEYS /* offline checks: keys are read; an encrypted one needs the password */
};

/*
 * Reads data. password (UTF-8) may be NULL. On success out holds at least one item; release it with uc_input_free() in any case.
 *
 * Errors, each naming what the data looks like instead:
 *   UC_EINPUT "empty-file", "html-page" (a web page, e.g. a CA's log-in form), "no-certificate-found", "truncated" (BEGIN without END, with the line), "bad-base64"
 *   (line number and reason), "password-needed", "wrong-password", "unsupported-algorithm" (names it);
 *   UC_ELIMIT "too-large", "too-many-objects"; UC_EREFUSED "private-key-in-upload".
 * A damaged block among good ones is a finding of weight UC_WARN "damaged-block", not an error. No key byte ever appears in a message.
 */
enum uc_status uc_input_read(struct uc_slice data, const char *password, enum uc_input_keys keys, struct uc_input *out,
                             struct uc_error *e) UC_MUST;
void uc_input_free(struct uc_input *in);

#endif
