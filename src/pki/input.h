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
	size_t keys_dropped; /* private keys of a PKCS#12 that were there and were not taken */
	/*
	 * What was tolerated. UC_WARN: "damaged-block" (a part that could not be read, with its line and the reason). UC_NOTE: "text-encoding",
	 * "text-skipped", "attributes-skipped", "block-skipped" (a public key, parameters), "armour-repaired", "trusted-data-dropped",
	 * "several-objects" (DER one after the other), "key-dropped".
	 */
	struct uc_findings findings;
};

enum uc_input_keys {
	UC_INPUT_REFUSE_KEYS, /* a private key in the clear or encrypted: UC_EREFUSED "private-key-in-upload"; a PKCS#12's key is dropped and counted */
	UC_INPUT_TAKE_KEYS /* offline checks: keys are read; an encrypted one needs the password */
};

/*
 * Reads data. password (UTF-8) may be NULL; a PKCS#12 that was made without one is then opened nevertheless. On success out holds at least one
 * item, and every certificate in it can be read by uc_cert_read(); release it with uc_input_free() in any case. Takes time and memory in
 * proportion to the size of data, and some seconds at most for passwords that are hashed many times: not for an event loop.
 *
 * Errors, each saying where it is, and what the data looks like instead:
 *   UC_EINPUT "empty-file"; "html-page" (a web page, e.g. a CA's log-in form); "no-certificate-found" (names what it is: a Java keystore, an SSH key, ...);
 *   "truncated" (BEGIN without END with its line; binary data shorter than announced); "bad-base64" (line, column, character);
 *   "not-a-certificate", "trailing-bytes" (as uc_cert_read()); "password-needed", "wrong-password"; "unsupported-algorithm" (names it); "damaged-key";
 *   UC_ELIMIT "too-large", "too-many-objects", "key-too-large" (RSA above 16384 bits, C41), "too-many-rounds" (of password hashing);
 *   UC_EREFUSED "private-key-in-upload".
 * What is wrong with one block among good ones is a finding "damaged-block", not an error, unless the block is a refused key, its password is missing or
 * wrong, or a limit is reached. No key byte ever appears in a message. OpenSSL's error queue is empty afterwards.
 */
enum uc_status uc_input_read(struct uc_slice data, const char *password, enum uc_input_keys keys, struct uc_input *out,
                             struct uc_error *e) UC_MUST;
void uc_input_free(struct uc_input *in);

#endif
