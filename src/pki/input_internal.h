/* The parts of the upload reader (input.h) among themselves; nothing else includes this. */
#ifndef UC_PKI_INPUT_INTERNAL_H
#define UC_PKI_INPUT_INTERNAL_H

#include <openssl/types.h>

#include "pki/input.h"

/* One reading of one input. */
struct uc_input_job {
	struct uc_input *out;
	const char *password;
	enum uc_input_keys keys;
	size_t room;           /* places allocated in out->items */
	size_t damaged;        /* parts that could not be read */
	struct uc_error first; /* why the first of them could not */
	size_t skipped;        /* blocks that hold neither certificates, requests, lists nor private keys */
	int depth;             /* of base64 inside base64 */
	bool armoured;         /* inside PEM */
	uint64_t work;         /* rounds of password hashing so far */
};

/* Where an object stands, for messages. */
struct uc_input_place {
	char text[160];    /* "the CERTIFICATE block at line 12", "the file", "the object at byte 900" */
	size_t line;       /* 0 in binary data */
	const char *label; /* of the armour, NULL without one */
};

/* A part of the text, and the line in which it begins. */
struct uc_input_part {
	struct uc_slice text;
	size_t line;
};

/* input.c */

/* Takes a copy of der as an item. UC_ELIMIT "too-many-objects". */
enum uc_status uc_input_add(struct uc_input_job *job, enum uc_input_kind kind, struct uc_slice der, size_t line,
                            struct uc_error *e) UC_MUST;
/*
 * Decides what becomes of a part that was read with this status: most faults are written down as a finding, so that the rest can be read, and
 * the answer is UC_OK; those that concern the whole input (a private key, a missing password, a limit) go into e and end the reading.
 */
enum uc_status uc_input_settle(struct uc_input_job *job, enum uc_status status, const struct uc_error *cause, struct uc_error *e) UC_MUST;
/* The first format set is what out->format says. */
void uc_input_set_format(struct uc_input_job *job, const char *format);
/* Notes a block that is of no use here. */
void uc_input_skip(struct uc_input_job *job, const struct uc_input_place *place, const char *what);

/* input_text.c */

/*
 * The text of data: UTF-16, UTF-32 and UTF-8 with a byte order mark, and UTF-16 without one, become UTF-8 in buf and are noted; all else is returned
 * as it is. Lines stay lines.
 */
struct uc_slice uc_input_text_decode(struct uc_input_job *job, struct uc_slice data, struct uc_buf *buf);
/* Reads the next line, without its end (LF, CRLF or CR). False at the end of the text. */
bool uc_input_text_line(struct uc_reader *r, struct uc_slice *line);
/* The bytes from start to before end; none when they are not all there. */
struct uc_slice uc_input_text_cut(struct uc_slice text, size_t start, size_t end);
/* The number of line ends in text. */
size_t uc_input_text_lines(struct uc_slice text);
/* Without the blanks and line ends around it. */
struct uc_slice uc_input_text_trim(struct uc_slice text);
/* Appends what base64 text stands for; its lines may be of any length. secret: no character is quoted. UC_EINPUT "bad-base64". */
enum uc_status uc_input_text_base64(const struct uc_input_part *part, bool secret, struct uc_buf *out, struct uc_error *e) UC_MUST;

/* input_pem.c */

bool uc_input_pem_present(struct uc_slice text);
enum uc_status uc_input_pem_read(struct uc_input_job *job, struct uc_slice text, struct uc_error *e) UC_MUST;

/* input_der.c */

bool uc_input_der_present(struct uc_slice data);
/* Reads all objects of data, one after the other. */
enum uc_status uc_input_der_read(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place,
                                 struct uc_error *e) UC_MUST;
/* Takes the certificate at the start of data, and leaves what follows it. */
enum uc_status uc_input_der_trusted(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place,
                                    struct uc_error *e) UC_MUST;
/* Takes one certificate that is exactly der. */
enum uc_status uc_input_der_cert(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place,
                                 struct uc_error *e) UC_MUST;

/* input_pkcs.c: containers; *used is how many bytes of data they took. */

enum uc_status uc_input_pkcs7(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place, size_t *used,
                              struct uc_error *e) UC_MUST;
enum uc_status uc_input_pkcs12(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place, size_t *used,
                               struct uc_error *e) UC_MUST;

/* input_key.c: private keys. Each is UC_EREFUSED "private-key-in-upload" unless keys are wanted. */

enum uc_status uc_input_key_refuse(const struct uc_input_place *place, struct uc_error *e);
enum uc_status uc_input_key_pkcs8(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place,
                                  struct uc_error *e) UC_MUST;
enum uc_status uc_input_key_encrypted(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place,
                                      struct uc_error *e) UC_MUST;
enum uc_status uc_input_key_rsa(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place,
                                struct uc_error *e) UC_MUST;
enum uc_status uc_input_key_dsa(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place,
                                struct uc_error *e) UC_MUST;
enum uc_status uc_input_key_ec(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place,
                               struct uc_error *e) UC_MUST;
/* A key under the encryption of RFC 1421; dek is the value of its DEK-Info. */
enum uc_status uc_input_key_dek(struct uc_input_job *job, struct uc_slice data, struct uc_slice dek, const struct uc_input_place *place,
                                struct uc_error *e) UC_MUST;

/* input_crypt.c: what password encryption needs. */

/* A library context with OpenSSL's default and legacy providers, for reading old files only; lives as long as the process. */
OSSL_LIB_CTX *uc_input_crypt_ctx(void);
/* The name of an encryption, e.g. "PBES2 (PBKDF2, aes-256-cbc)". Free with free(). */
char *uc_input_crypt_name(const X509_ALGOR *alg);
/* Counts the rounds that alg asks for. UC_ELIMIT "too-many-rounds" when the input asks for more than it may. */
enum uc_status uc_input_crypt_afford(struct uc_input_job *job, const X509_ALGOR *alg, const struct uc_input_place *place,
                                     struct uc_error *e) UC_MUST;
enum uc_status uc_input_crypt_afford_rounds(struct uc_input_job *job, uint64_t rounds, const struct uc_input_place *place,
                                            struct uc_error *e) UC_MUST;
/* Empties OpenSSL's error queue; true when it says that an algorithm is not available (and not that the data did not decrypt). */
bool uc_input_crypt_unsupported(void);
enum uc_status uc_input_crypt_fail(bool unsupported, const char *algorithm, const struct uc_input_place *place, struct uc_error *e);
enum uc_status uc_input_crypt_need(const struct uc_input_place *place, struct uc_error *e);

/* input_guess.c */

/* Fails, saying what data looks like. */
enum uc_status uc_input_guess(const struct uc_input_job *job, struct uc_slice data, struct uc_error *e);

#endif
