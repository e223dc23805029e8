/*
 * Certification paths (RFC 5280 section 6): building the best one and saying exactly why there is none. X509_verify_cert does the
 * validation; what it gets wrong or cannot say is added around it and listed in docs/path-validation.md.
 */
#ifndef UC_PKI_PATH_H
#define UC_PKI_PATH_H

#include "core/finding.h"
#include "pki/cert.h"

enum uc_path_purpose { UC_PATH_ANY, UC_PATH_SERVER, UC_PATH_CLIENT, UC_PATH_CA };

struct uc_path_options {
	uc_time at;                   /* the time of validation */
	enum uc_path_purpose purpose; /* the extended key usage demanded of the leaf and of the chain */
	const char *host;             /* the leaf must name this host or address; NULL: not checked */
	bool strict;                  /* all of RFC 5280's demands on the certificates themselves (X509_V_FLAG_X509_STRICT and our own) */
	bool partial_anchors; /* a trusted certificate that is not self-signed ends a path as well (a trust store's peers and intermediates) */
	bool v1_anchors;      /* a version 1 certificate or one without basicConstraints may be the anchor (C75), never an intermediate */
	bool allow_weak;      /* SHA-1 and small keys do not break the path (they are findings of check.h) */
	const struct uc_slice *crls; /* DER; with crl_check every certificate but the anchor needs one */
	size_t crl_count;
	bool crl_check;
	const char *const *policies; /* NULL-terminated dotted OIDs of the initial policy set; NULL: any policy */
	bool explicit_policy, inhibit_any, inhibit_map;
	int max_depth; /* intermediates that are not self-issued; 0: 20, negative: none */
};

struct uc_path {
	struct uc_certs chain; /* leaf first; complete when ok, else as far as it went */
	bool ok;
	/* When not ok: */
	int depth; /* of the certificate at fault, 0 is the leaf */
	/*
	 * Stable: "issuer-missing", "self-signed-leaf", "bad-signature", "expired", "not-yet-valid", "bad-time", "not-ca", "path-length",
	 * "usage", "name-constraint", "policy", "critical-extension", "revoked", "no-crl", "weak", "malformed", "host-mismatch", "other".
	 */
	char code[48];
	/* One sentence: which certificate (label and its fingerprint's first 8 digits), what rule (RFC section where there is one). */
	char message[1024];
	/* When code is "issuer-missing" or "self-signed-leaf": whose certificate must be uploaded. */
	char *missing_subject; /* text of its name */
	char *missing_key_id;  /* hex of its key identifier, or NULL when that is not known */
	/* When ok. Warnings: "issuer-expires-first" (C81) names both dates, "anchor-not-ca" (C75) the anchor. */
	struct uc_findings findings;
};

void uc_path_free(struct uc_path *p);

/*
 * Builds and validates a path from leaf over any of the intermediates to any of the anchors; all are borrowed, none is copied but the
 * chain's. Superfluous, unrelated, expired, repeated certificates among them do no harm (C5, C6, C7, C82): every branch is tried, the path
 * that lasts longest is preferred (C81). Candidates with one subject and different keys are told apart by key identifier, then by signature
 * (C86). The result is always filled; release with uc_path_free().
 */
void uc_path_build(const struct uc_cert *leaf, const struct uc_certs *intermediates, const struct uc_certs *anchors,
                   const struct uc_path_options *options, struct uc_path *out);

/*
 * Puts certificates that belong together in order: indices into certs, leaf first then its issuers as far as they are there; what remains
 * forms further chains. Every index occurs once. chain_of[i] gets the number of the chain that order[i] is in, counted from 0. Both arrays
 * have certs->count places. Signatures decide, not names alone.
 */
void uc_chain_order(const struct uc_certs *certs, size_t *order, size_t *chain_of);

#endif
