/*
 * Trust lists: the CTL and ITL files (.tlv) by which phones know whom to believe. A header that names its signer, then records: a
 * certificate, and the role in which it is to be believed.
 *
 * No official specification is public; the layout is that of a real server's file, which this code reproduces byte for byte, and (by a
 * switch) that of the open-source peers' tools.
 */
#ifndef UC_TRUSTLIST_LIST_H
#define UC_TRUSTLIST_LIST_H

#include <jansson.h>
#include <openssl/types.h>

#include "core/clock.h"
#include "core/finding.h"
#include "trustlist/header.h"

/* A list of this many bytes or more is not loaded by phones. */
#define UC_TL_MAX 65536
/* More records with the role UC_TL_SAST are not looked at by phones. */
#define UC_TL_MAX_SAST 2

enum uc_tl_role {
	UC_TL_SAST = 0, /* signs trust lists */
	UC_TL_CCM = 1,
	UC_TL_CCM_TFTP = 2,
	UC_TL_TFTP = 3, /* signs files; with an EC key: HTTPS on 6971 */
	UC_TL_CAPF = 4,
	UC_TL_SRST = 5,
	UC_TL_APP_SERVER = 7,
	UC_TL_TVS = 21
};
/* "SAST", "CCM+TFTP", ...; NULL for a number that nobody knows. Static. */
const char *uc_tl_role_name(unsigned role);
/* By that name, without regard to case, or by its number; false when it is neither. */
bool uc_tl_role_find(const char *text, unsigned *out) UC_MUST;

/* ---- reading ---- */

struct uc_tl_record {
	size_t offset, length;  /* where it lies in the file */
	char *dns;              /* bytes before the NUL; NULL: no such element */
	char *subject, *issuer; /* likewise; treat as bytes, which need not parse as a name */
	bool has_role;
	unsigned role;
	struct uc_buf serial, public_key, signature;
	bool has_serial;
	struct uc_buf der;    /* of the certificate; empty: an empty record, which tells phones to go without TLS */
	struct uc_cert *cert; /* decoded; NULL when there is none or it cannot be decoded */
	bool has_address;
	uint8_t address[4];
	bool is_signer;                 /* the header names it */
	struct uc_tl_elements elements; /* all of them in order, whatever they are: for showing, and for writing it again */
};

struct uc_tl {
	struct uc_tl_header header;
	struct uc_tl_record *records;
	size_t count;
	struct uc_buf file; /* as it was read */
};
void uc_tl_free(struct uc_tl *l);

/*
 * Reads a list. What phones bear is a finding (warn or note) and no failure: unknown and repeated elements, a missing certificate, a
 * malformed name, more than two SAST records, an expired certificate, no SAST record of the signer. UC_EINPUT, with the offset, for what is
 * no list: "tlv-truncated", "tlv-length" (an element beyond the end of what it is in, or of a length that it cannot have), "tlv-header",
 * "tlv-record", "tlv-repeated" (digest, signature), "tlv-text" (a text without its NUL), "tlv-trailing"; UC_ELIMIT "tlv-too-large".
 * findings may be NULL. Release with uc_tl_free(); after a failure nothing is left to release.
 */
enum uc_status uc_tl_read(struct uc_slice file, uc_time now, struct uc_tl *out, struct uc_findings *findings, struct uc_error *e) UC_MUST;

/*
 * Holds the signature against the record of the signer (role 0, matched by the bytes of name, issuer and serial, else by serial and decoded
 * certificate), or against by (not NULL). The errors of uc_tl_header_verify(), and UC_EREFUSED "tlv-signer-missing".
 */
enum uc_status uc_tl_verify(const struct uc_tl *l, const struct uc_cert *by, struct uc_error *e) UC_MUST;

/* What a phone knows from a list that it holds: a certificate in a role. */
struct uc_tl_known {
	uint8_t fingerprint[UC_FINGERPRINT_LEN];
	unsigned role;
};
/* How a phone comes to accept a list; in the order in which it tries. */
enum uc_tl_path {
	UC_TL_REFUSED, /* "Trust List Update Failed": the old list stays */
	UC_TL_FIRST,   /* it holds none: the first one is believed unseen */
	UC_TL_BY_LIST, /* the signer is a SAST of a list that it holds */
	UC_TL_BY_TFTP, /* an ITL, whose signer is a CCM+TFTP (or TFTP) record of a list that it holds */
	UC_TL_BY_TVS   /* a TVS that it knows from its ITL still answers, and will vouch for the signer */
};
/*
 * The path by which a phone that holds these lists accepts the next one (an ITL, or with ctl a CTL), signed by this certificate. tvs: the
 * certificates with which a TVS answers from now on, whatever their role says; NULL: not known, any TVS record of the ITL counts.
 */
enum uc_tl_path uc_tl_accepts(const struct uc_tl_known *held_ctl, size_t ctl_count, const struct uc_tl_known *held_itl, size_t itl_count,
                              const uint8_t signer[UC_FINGERPRINT_LEN], bool ctl, const struct uc_tl_known *tvs, size_t tvs_count);
/* "first", "list", "tftp", "tvs", "refused"; and one sentence for people. Static. */
const char *uc_tl_path_name(enum uc_tl_path path);
const char *uc_tl_path_text(enum uc_tl_path path);
/* What a list makes known: its records that have a certificate. Free with free(). */
struct uc_tl_known *uc_tl_known_of(const struct uc_tl *l, size_t *count);

/* ---- writing ---- */

struct uc_tl_entry {
	const struct uc_cert *cert; /* NULL: an empty record, for a call manager that phones reach without TLS */
	const char *dns;            /* the node's name as the cluster knows it; "" for none; not written in the peers' layout */
	uint8_t address[4];         /* of the node; zeros when it is known by its name only; not written in the peers' layout */
	unsigned role;
};
struct uc_tl_spec {
	struct uc_tl_signing signing; /* layout, digest, version of the signer, file name, time */
	const struct uc_tl_entry *entries;
	size_t count;
};
/*
 * Writes and signs a list; appended to out. signer must be the certificate of one of the entries with role UC_TL_SAST and of key.
 * UC_EREFUSED "tlv-signer-key" (RSA 3072 and keys that are not RSA: there is no code for them), "key-mismatch", "tlv-signer-missing",
 * "tlv-too-many-sast", "tlv-key" (a record with a key that phones cannot use: RSA above 4096, EC other than P-256, P-384, P-521),
 * "tlv-large" (names the records that take most, which could go), "tlv-digest-off"; UC_EINPUT "tlv-digest", "tlv-time".
 */
enum uc_status uc_tl_write(const struct uc_tl_spec *spec, const struct uc_cert *signer, EVP_PKEY *key, struct uc_buf *out,
                           struct uc_error *e) UC_MUST;
/*
 * The same with a signature that was made elsewhere, which is not verified. UC_EINPUT "tlv-signature" when it has not the length of the
 * signer's modulus.
 */
enum uc_status uc_tl_write_signed(const struct uc_tl_spec *spec, const struct uc_cert *signer, struct uc_slice signature,
                                  struct uc_buf *out, struct uc_error *e) UC_MUST;
/* What a list that was read says, as a hash (hex) of all but its time and signature. */
void uc_tl_content_hash(const struct uc_tl *l, char out[65]);
/* Can this certificate sign phone files at all? UC_OK, or UC_EREFUSED "tlv-signer-key" with the reason. */
enum uc_status uc_tl_signer_fits(const struct uc_cert *signer, struct uc_error *e) UC_MUST;

/* ---- for people ---- */

/*
 * A list, owned by the caller:
 * {"size","md5","sha1","sha256",
 *  "header":{"version" ("1.2"),"length","signer_version" (or null),"signer":{"subject","issuer","serial"},"digest" ("SHA-1"; or null),
 *            "modulus_bits" (or null),"file_name","time" (or null),"elements":[ELEMENT..]},
 *  "signature":{"valid":bool,"reason" (or null)},
 *  "records":[{"number" (from 1),"offset","length","dns","subject","issuer","serial" (each null when missing),
 *              "role":{"code","name" (or null)} (or null),"address" (or null),"signer":bool,
 *              "certificate": null or {"fingerprint","sha1","subject","issuer","serial","not_before","not_after","state","key_type",
 *              "common_name"},"elements":[ELEMENT..]}],
 *  "findings":[..]}
 * ELEMENT: {"offset","tag","name" (the command line's name of the field, or null),"length","text" (or null),"hex" (at most 64 bytes)}
 */
json_t *uc_tl_json(const struct uc_tl *l, const struct uc_findings *findings, uc_time now);
/*
 * As `show ctl` and `show itl` print it: checksums, header, a table of each record, findings (may be NULL), and at the end whether the
 * signature verifies. kind: "CTL", "ITL". Lines of printable text, whatever the file has. Appended to out.
 */
void uc_tl_text(const struct uc_tl *l, const char *kind, const struct uc_findings *findings, struct uc_buf *out);
/*
 * What changed from old to new, owned: {"signer":{"old","new"} or null,"added":[RECORD..],"removed":[RECORD..],
 *  "roles":[{"certificate","old":[names],"new":[names]}] (a certificate that is in both, in other roles; its records are not in added and
 *  removed), "moved":[{"old":RECORD,"new":RECORD}] (another DNS name or address), "header":[{"field","old","new"}],
 *  "form":bool (the rest: the order of records, or how the same things are written), "same":bool (equal but for time and signature)}
 * RECORD as above without "elements". Records are matched by certificate and role, empty ones by DNS name and role.
 */
json_t *uc_tl_diff(const struct uc_tl *old, const struct uc_tl *fresh, uc_time now);

#endif
