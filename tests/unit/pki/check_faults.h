/* Checking certificates of maker.h: their findings, and tables of faults with the weight each has for each role. */
#ifndef UC_TEST_CHECK_FAULTS_H
#define UC_TEST_CHECK_FAULTS_H

#include "maker.h"

#include <openssl/err.h>

#include "pki/check.h"

#define NOW ((uc_time)1767225600) /* 2026-01-01 */

enum { NONE = -1 };

MAKER_UNUSED static struct uc_findings findings_at(const struct uc_cert *c, enum uc_check_role role, uc_time now)
{
	struct uc_check_options options = {.role = role, .now = now, .clock = "this node's clock"};
	struct uc_findings f = {.items = NULL};
	ERR_clear_error();
	uc_check_cert(c, &options, &f);
	assert_true(ERR_peek_error() == 0); /* whatever was broken, the next caller of OpenSSL finds no error */
	for (size_t i = 0; i < f.count; i++) {
		assert_true(f.items[i].message[0] != '\0');
		assert_true(uc_utf8_valid(uc_slice_str(f.items[i].message)));
		assert_non_null(f.items[i].hint);
	}
	return f;
}

MAKER_UNUSED static struct uc_findings findings_of(const struct maker *m, enum uc_check_role role)
{
	struct uc_cert *c = maker_cert(m);
	struct uc_findings f = findings_at(c, role, NOW);
	uc_cert_free(c);
	return f;
}

MAKER_UNUSED static void show(const struct uc_findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		print_message("  %s %s: %s\n", uc_weight_name(f->items[i].weight), f->items[i].code, f->items[i].message);
}

/* ---- how faults are made ---- */

MAKER_UNUSED static void exts(struct maker *m, struct uc_slice more)
{
	m->exts = D_CAT(m->exts, more);
}

/* A CA that is not self-signed. */
MAKER_UNUSED static void intermediate(struct maker *m)
{
	m->exts = D_CAT(x_bc(true), x_ku(UC_KU_KEY_CERT_SIGN), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

MAKER_UNUSED static void san_of(struct maker *m, struct uc_slice names, bool critical)
{
	struct uc_slice san = x_ext("2.5.29.17", critical, d_tlv(0x30, names));
	m->exts = D_CAT(x_bc(false), x_ku(UC_KU_DIGITAL_SIGNATURE), san, x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

MAKER_UNUSED static void ec_curve(struct maker *m, const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	assert_non_null(key);
	m->spki = d_spki(key);
	EVP_PKEY_free(key);
}

/* ---- one row per fault: its code, its weight for each role, and what the message quotes ---- */

#define ALL(w)     \
	{              \
		w, w, w, w \
	}
#define IDENTITY_ONLY                         \
	{                                         \
		UC_WARN, UC_REFUSED, UC_WARN, UC_WARN \
	}

struct fault {
	const char *code;
	int weight[4]; /* any, identity, trust, issuer; NONE: not reported */
	void (*make)(struct maker *m);
	const char *says;
	const char *also; /* another code that comes with it in the role "any", above a note */
};

MAKER_UNUSED static void check_fault(const struct fault *row, enum uc_check_role role)
{
	struct maker m = maker_leaf();
	row->make(&m);
	struct uc_findings f = findings_of(&m, role);
	const struct uc_finding *found = uc_findings_get(&f, row->code);
	int weight = found != NULL ? (int)found->weight : NONE;
	if (weight != row->weight[role]) {
		show(&f);
		fail_msg("%s in role %d: weight %d, wanted %d", row->code, (int)role, weight, row->weight[role]);
	}
	if (found != NULL && strstr(found->message, row->says) == NULL) fail_msg("%s: '%s' lacks '%s'", row->code, found->message, row->says);
	for (size_t i = 0; role == UC_ROLE_ANY && i < f.count; i++) {
		const struct uc_finding *other = &f.items[i];
		bool expected = strcmp(other->code, row->code) == 0 || (row->also != NULL && strcmp(other->code, row->also) == 0);
		if (expected || other->weight == UC_NOTE) continue;
		show(&f);
		fail_msg("%s: unexpected %s", row->code, other->code);
	}
	uc_findings_free(&f);
}

/* Judges each fault for each role. */
#define CHECK_FAULTS(rows)                                                    \
	for (size_t fault_ = 0; fault_ < sizeof(rows) / sizeof *(rows); fault_++) \
		for (int role_ = UC_ROLE_ANY; role_ <= UC_ROLE_ISSUER; role_++) check_fault(&(rows)[fault_], (enum uc_check_role)role_)

#endif
