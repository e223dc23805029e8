/*
 * The rules of valid certificates: T3 of the requirements, RFC 5280, and what the field demands, as a list of findings. Pure: no store, no
 * network; the caller says when "now" is and what the certificate is for.
 */
#ifndef UC_PKI_CHECK_H
#define UC_PKI_CHECK_H

#include "core/finding.h"
#include "pki/cert.h"

enum uc_check_role {
	UC_ROLE_ANY,      /* offline: only what is wrong whatever it is for */
	UC_ROLE_IDENTITY, /* a node's own leaf certificate */
	UC_ROLE_TRUST,    /* an entry of a trust store: a CA or a peer */
	UC_ROLE_ISSUER    /* an intermediate or root of an identity's chain */
};

struct uc_check_options {
	enum uc_check_role role;
	uc_time now;       /* what "expired" is measured against */
	const char *clock; /* whose clock that is, for the message (C69), e.g. "this node's clock"; NULL: "the clock" */
	bool ca_expected;  /* UC_ROLE_IDENTITY for CAPF: a CA certificate is right there */
	bool strict_times; /* a GeneralizedTime before 2050 is refused, not a warning */
};

/*
 * Appends every fault of c to out. Codes and weights (role in brackets; "refused" unless said otherwise):
 *   malformed            OpenSSL cannot decode it, or a part of it (names the part); a version that does not exist
 *   bad-time             notBefore or notAfter breaks T3: quotes the value and says why
 *   time-type            GeneralizedTime before 2050: warn (refused with strict_times)
 *   time-order           notAfter before notBefore
 *   expired, not-yet-valid  with now, notBefore, notAfter and whose clock; [any, trust] warn: a trust store may hold a CA before its time (C85)
 *   key-too-small        RSA or DSA below 2048 bits, EC below 224: [identity, issuer] refused, [any, trust] warn
 *   key-unsupported      a key no service can use: [identity] refused for Ed25519, Ed448, DSA, RSASSA-PSS, RSA above 16384 bits, EC but
 *                        P-256, P-384, P-521; [trust, issuer, any] note
 *   key-damaged          the public key cannot be decoded, or is none (RSA with an even modulus or exponent, or exponent 1)
 *   weak-signature       MD5, MD4, MD2 or SHA-1 signature: [identity] refused, [issuer, trust, any] warn; on a self-signed one,
 *                        whose signature counts for nothing: warn [trust, any], note [issuer]
 *   signature-mismatch   the algorithms inside and outside TBS differ
 *   serial-negative, serial-zero, serial-long (over 20 octets): warn [any, trust, issuer], refused [identity]
 *   version-1            or 2: [any, trust] warn: trusted only as an anchor, never as an intermediate (C75); [identity, issuer] refused;
 *                        also extensions in a version that has none
 *   duplicate-extension  names the OID (C74)
 *   unknown-critical     a critical extension that is not understood: names the OID; [any, trust] warn
 *   bad-extension        an extension whose value cannot be decoded or has bytes after it: names it; also keyUsage or extendedKeyUsage
 *                        without any use, a negative path length
 *   ca-as-leaf           [identity] basicConstraints CA:TRUE (unless ca_expected)
 *   leaf-as-ca           [issuer] not a CA: no basicConstraints or CA:FALSE (not said of versions 1 and 2)
 *   ca-no-basic-constraints  keyCertSign or self-signed v3 without basicConstraints: warn [any, trust]
 *   ca-key-usage         CA:TRUE with a keyUsage that lacks keyCertSign [issuer refused, else warn]; or keyCertSign without CA:TRUE: warn
 *   bc-not-critical      basicConstraints of a CA not critical: note
 *   pathlen-without-ca   pathLenConstraint without CA:TRUE or keyCertSign: warn
 *   aki-missing, ski-missing  note, where RFC 5280 demands them
 *   no-subject           empty subject: CA or issuer refused; leaf without critical SAN warn (C57); empty issuer refused
 *   san-many             more than 100 names: note with the count, more than 1000: warn; san-empty, san-bad-name (names that cannot be
 *                        right: their number and the first): warn
 *   wildcard             a wildcard name: warn
 *   size                 larger than 16 kB: warn (C55)
 * Every finding has a hint, and its message speaks of the certificate as "it", so that a caller can put the certificate's name before it.
 * Order: as above.
 */
void uc_check_cert(const struct uc_cert *c, const struct uc_check_options *options, struct uc_findings *out);

/* What a purpose demands of a CA-signed identity certificate. Bits and OIDs; see catalog/. */
struct uc_usage_rule {
	unsigned key_usage;      /* the UC_KU_ bits a request for this purpose asks for */
	const char *const *ekus; /* NULL-terminated dotted OIDs it asks for */
	bool needs_server_auth;  /* lacking it is refused */
	bool needs_cert_sign;    /* lacking keyCertSign is refused (CAPF) */
};

/*
 * Compares a certificate's keyUsage and extendedKeyUsage with a rule. Each use that is missing is "usage-missing": refused for serverAuth
 * and keyCertSign as the rule says, else warn (dataEncipherment, keyEncipherment, clientAuth, ...). A certificate without the extension
 * lacks nothing (RFC 5280: it is not restricted): note "usage-absent"; nor does one with anyExtendedKeyUsage.
 */
void uc_check_usage(const struct uc_cert *c, const struct uc_usage_rule *rule, struct uc_findings *out);

/* "digitalSignature", ... for bit 0, ... of KeyUsage; NULL from bit 9 on. */
const char *uc_key_usage_name(unsigned bit);

#endif
