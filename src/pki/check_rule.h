/*
 * The inside of check*.c: what a rule of valid certificates is, and what it gets to see. Adding a rule is writing one function and adding
 * its row to
 * the table of its file; the order of the tables is the order of the findings.
 */
#ifndef UC_PKI_CHECK_RULE_H
#define UC_PKI_CHECK_RULE_H

#include <openssl/types.h>

#include "pki/check.h"
#include "pki/key.h"

/* What a single pass over subjectAltName found. */
struct uc_check_sans {
	bool readable; /* there is one, and it is a sequence of names */
	size_t count, bad, wild;
	struct uc_slice first_bad, first_wild; /* content of the name */
	uint8_t first_bad_tag;
	const char *fault; /* of first_bad */
};

struct uc_check_rule;

struct uc_check {
	const struct uc_cert *c;
	const struct uc_check_options *options;
	struct uc_findings *out;
	X509 *x; /* c as OpenSSL reads it, NULL when it cannot */
	struct uc_key_info key;
	struct uc_check_sans sans;
	const struct uc_check_rule *rule; /* the one at work */
};

#define UC_CHECK_SKIP (-1) /* this rule does not concern this role */
#define UC_CHECK_ALL(w)    \
	{                      \
		(w), (w), (w), (w) \
	}

struct uc_check_rule {
	const char *code;
	int weight[4]; /* enum uc_weight or UC_CHECK_SKIP, by enum uc_check_role: any, identity, trust, issuer */
	const char *hint;
	void (*judge)(const struct uc_check *k);
};

struct uc_check_rules {
	const struct uc_check_rule *rows;
	size_t count;
};

extern const struct uc_check_rules uc_check_field_rules; /* check_field.c: the fields every certificate has */
extern const struct uc_check_rules uc_check_ext_rules;   /* check_ext.c: extensions */
extern const struct uc_check_rules uc_check_name_rules;  /* check_name.c: subject and alternative names */

/* Adds a finding with the code, hint and weight of the rule at work. */
void uc_check_found(const struct uc_check *k, const char *fmt, ...) UC_PRINTF(2, 3);
/* As uc_check_found(), with another weight than the table's. */
void uc_check_found_as(const struct uc_check *k, enum uc_weight weight, const char *fmt, ...) UC_PRINTF(3, 4);

/* Is its signature made with its own key (C83)? Costs a verification: asked only once a rule needs it. */
bool uc_check_self_signed(const struct uc_check *k);
/* The first extension of RFC 5280 with OID 2.5.29.n, or NULL; compares bytes. */
const struct uc_ext *uc_check_ext(const struct uc_cert *c, uint8_t n);
/* "subjectAltName (2.5.29.17)", or the dotted OID alone when it has no name. Free with free(). */
char *uc_check_oid_name(struct uc_slice oid);
/* Walks subjectAltName once. */
struct uc_check_sans uc_check_sans_read(const struct uc_cert *c);

#endif
