/*
 * Phone configurations (SEP<MAC>.cnf.xml): what a trust manager reads in them and fills in. The rest is the PBX's and stays as it is.
 */
#ifndef UC_TRUSTLIST_CONFIG_H
#define UC_TRUSTLIST_CONFIG_H

#include "core/bytes.h"
#include "core/text.h"
#include "pki/cert.h"

#define UC_CNF_MAX ((size_t)1024 * 1024)

/* What matters to us in a configuration. */
struct uc_cnf_info {
	bool encrypted; /* encrConfig is true: it goes to the phone encrypted only */
	bool full;      /* fullConfig is not false */
	int capf_auth_mode; /* -1: none */
	char cert_hash[33]; /* "": none */
};
/* UC_EINPUT "cnf-malformed" with line and reason (also for document types and entities, which are not followed), "cnf-no-device"; UC_ELIMIT "cnf-too-large". */
enum uc_status uc_cnf_read(struct uc_slice content, struct uc_cnf_info *out, struct uc_error *e) UC_MUST;

/* The MD5 of a certificate's DER in lower-case hexadecimal: what certHash holds. */
void uc_cnf_cert_hash(const struct uc_cert *c, char out[33]);

/* The stub that a phone reads first when its configuration is encrypted: enough to fetch that one. cert_hash is "" for a phone without a known certificate, which then starts CAPF. Appended to out. The errors of uc_cnf_read(). */
enum uc_status uc_cnf_stub(struct uc_slice content, const char *cert_hash, struct uc_buf *out, struct uc_error *e) UC_MUST;

/* What to fill in; what is NULL or -1 stays as it is. Lists have at most five members, the limit of phones. */
struct uc_cnf_fill {
	const struct uc_strv *tvs;  /* addresses: TVS/members, port 2445 */
	const struct uc_strv *capf; /* capfList, port 3804 */
	const char *cert_hash;
	int capf_auth_mode;
	int encrypted;              /* encrConfig: 0, 1 */
};
/* The configuration with these filled in, everything else and the order of it unchanged. Appended to out. UC_EREFUSED "cnf-too-many"; the errors of uc_cnf_read(). */
enum uc_status uc_cnf_fill(struct uc_slice content, const struct uc_cnf_fill *fill, struct uc_buf *out, struct uc_error *e) UC_MUST;

#endif
