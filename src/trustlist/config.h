/*
 * Phone configurations (SEP<MAC>.cnf.xml, XMLDefault.cnf.xml): what a trust manager reads in them and fills in. The rest is the PBX's and
 * stays as it is.
 *
 * The root element is device (of one phone) or Default (for phones without a file of their own); what is read and filled in are children of
 * it. Nothing outside the file is ever looked at.
 */
#ifndef UC_TRUSTLIST_CONFIG_H
#define UC_TRUSTLIST_CONFIG_H

#include "core/bytes.h"
#include "core/text.h"
#include "pki/cert.h"

#define UC_CNF_MAX ((size_t)1024 * 1024)
/* Members of a list that phones take. */
#define UC_CNF_MAX_MEMBERS 5

#define UC_CNF_HASH_LEN 33 /* 32 hexadecimal digits and a NUL */

/* What matters to us in a configuration. Of an element that is there more than once the first counts, but encrypted when any says so. */
struct uc_cnf_info {
	bool encrypted;                  /* encrConfig is true: it goes to the phone encrypted only */
	bool full;                       /* fullConfig is not false */
	int capf_auth_mode;              /* -1: none */
	char cert_hash[UC_CNF_HASH_LEN]; /* "": none, or no MD5 */
};
/*
 * UC_EINPUT "cnf-malformed" with line and reason (also for document types, from which entities would come), "cnf-no-device" (another root
 * element); UC_ELIMIT "cnf-too-large". From any thread.
 */
enum uc_status uc_cnf_read(struct uc_slice content, struct uc_cnf_info *out, struct uc_error *e) UC_MUST;

/* The MD5 of a certificate's DER in lower-case hexadecimal: what certHash holds. */
void uc_cnf_cert_hash(const struct uc_cert *c, char out[UC_CNF_HASH_LEN]);

/*
 * The stub that a phone reads first when its configuration is encrypted: enough to fetch that one. cert_hash is "" for a phone without a
 * known certificate, which then starts CAPF. Appended to out. The errors of uc_cnf_read().
 */
enum uc_status uc_cnf_stub(struct uc_slice content, const char *cert_hash, struct uc_buf *out, struct uc_error *e) UC_MUST;

/* What to fill in; what is NULL or -1 stays as it is. Zero-initialised it would set capfAuthMode and encrConfig to 0: see UC_CNF_FILL. */
struct uc_cnf_fill {
	const struct uc_strv *tvs;  /* addresses: TVS/members, port 2445 */
	const struct uc_strv *capf; /* capfList, port 3804 */
	const char *cert_hash;
	int capf_auth_mode;
	int encrypted; /* encrConfig: 0, 1 */
};
#define UC_CNF_FILL ((struct uc_cnf_fill){.capf_auth_mode = -1, .encrypted = -1})
/*
 * The configuration with these filled in: every other byte is as it was, and all of them when it says the same already. An element that is
 * there more than once is filled in each time, one that is missing is added at the end. (Only what is in UTF-16, UTF-32 or an encoding that
 * shifts comes out as UTF-8, otherwise the same.) Appended to out. UC_EREFUSED "cnf-too-many" for a list of more than UC_CNF_MAX_MEMBERS;
 * the errors of uc_cnf_read().
 */
enum uc_status uc_cnf_fill(struct uc_slice content, const struct uc_cnf_fill *fill, struct uc_buf *out, struct uc_error *e) UC_MUST;

#endif
