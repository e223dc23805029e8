#include "check_faults.h"

static void duplicate(struct maker *m)
{
	exts(m, X_SAN(d_dns("other.example.com")));
}

static void duplicate_unknown(struct maker *m)
{
	exts(m, D_CAT(x_ext("1.2.3.4", false, d_hex("0500")), x_ext("1.2.3.4", false, d_hex("0101ff"))));
}

static void unknown_critical(struct maker *m)
{
	exts(m, x_ext("1.2.3.4", true, d_hex("0500")));
}

static void bad_policies(struct maker *m)
{
	exts(m, x_ext("2.5.29.32", false, d_hex("0500")));
}

static void trailing_value(struct maker *m)
{
	exts(m, x_ext("2.5.29.54", false, d_hex("0201000500")));
}

static void no_usage_at_all(struct maker *m)
{
	m->exts = D_CAT(x_bc(false), x_ku(0), X_SAN(d_dns("cucm.example.com")), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void no_purpose_at_all(struct maker *m)
{
	m->exts = D_CAT(x_bc(false), x_ext("2.5.29.37", false, d_tlv(0x30, D_NONE)), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void negative_pathlen(struct maker *m)
{
	struct uc_slice bc = x_ext("2.5.29.19", true, D_SEQ(d_hex("0101ff"), d_hex("0201ff")));
	m->exts = D_CAT(bc, x_ku(UC_KU_KEY_CERT_SIGN), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void no_bc(struct maker *m)
{
	m->exts = D_CAT(x_ku(UC_KU_DIGITAL_SIGNATURE), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void signs_without_bc(struct maker *m)
{
	m->exts = D_CAT(x_ku(UC_KU_KEY_CERT_SIGN), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void self_signed_without_bc(struct maker *m)
{
	*m = maker_root();
	m->exts = D_CAT(x_ski(MAKER_CA_ID), x_aki(MAKER_CA_ID));
}

static void ca_cannot_sign(struct maker *m)
{
	m->exts = D_CAT(x_bc(true), x_ku(UC_KU_DIGITAL_SIGNATURE), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void leaf_signs(struct maker *m)
{
	m->exts = D_CAT(x_bc(false), x_ku(UC_KU_KEY_CERT_SIGN), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void bc_not_critical(struct maker *m)
{
	struct uc_slice bc = x_ext("2.5.29.19", false, D_SEQ(d_hex("0101ff")));
	m->exts = D_CAT(bc, x_ku(UC_KU_KEY_CERT_SIGN), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void leaf_pathlen(struct maker *m)
{
	m->exts = D_CAT(x_ext("2.5.29.19", true, D_SEQ(d_hex("020103"))), x_ski(MAKER_LEAF_ID), x_aki(MAKER_CA_ID));
}

static void no_aki(struct maker *m)
{
	m->exts = D_CAT(x_bc(false), x_ski(MAKER_LEAF_ID));
}

static void aki_without_id(struct maker *m)
{
	m->exts = D_CAT(x_bc(false), x_ski(MAKER_LEAF_ID), x_ext("2.5.29.35", false, d_tlv(0x30, D_NONE)));
}

static void no_ski(struct maker *m)
{
	m->exts = D_CAT(x_bc(true), x_ku(UC_KU_KEY_CERT_SIGN), x_aki(MAKER_CA_ID));
}

static const struct fault faults[] = {
    {"duplicate-extension", ALL(UC_REFUSED), duplicate, "subjectAltName (2.5.29.17)", NULL},
    {"duplicate-extension", ALL(UC_REFUSED), duplicate_unknown, "1.2.3.4", NULL},
    {"unknown-critical", {UC_WARN, UC_REFUSED, UC_WARN, UC_REFUSED}, unknown_critical, "1.2.3.4", NULL},
    {"bad-extension", ALL(UC_REFUSED), bad_policies, "certificatePolicies (2.5.29.32) cannot be decoded", NULL},
    {"bad-extension", ALL(UC_REFUSED), trailing_value, "inhibitAnyPolicy (2.5.29.54) has bytes after its value", NULL},
    {"bad-extension", ALL(UC_REFUSED), no_usage_at_all, "keyUsage (2.5.29.15) allows no use", NULL},
    {"bad-extension", ALL(UC_REFUSED), no_purpose_at_all, "extendedKeyUsage (2.5.29.37) names no purpose", NULL},
    {"bad-extension", ALL(UC_REFUSED), negative_pathlen, "basicConstraints (2.5.29.19) has a negative", NULL},
    {"ca-as-leaf", {NONE, UC_REFUSED, NONE, NONE}, intermediate, "CA:TRUE", NULL},
    {"leaf-as-ca", {NONE, NONE, NONE, UC_REFUSED}, no_bc, "no basicConstraints", NULL},
    {"ca-no-basic-constraints", {UC_WARN, NONE, UC_WARN, NONE}, signs_without_bc, "keyCertSign", NULL},
    {"ca-no-basic-constraints", {UC_WARN, NONE, UC_WARN, NONE}, self_signed_without_bc, "self-signed", NULL},
    {"ca-key-usage", {UC_WARN, UC_WARN, UC_WARN, UC_REFUSED}, ca_cannot_sign, "lacks keyCertSign", NULL},
    {"ca-key-usage", ALL(UC_WARN), leaf_signs, "not a CA certificate", NULL},
    {"ca-key-usage", {NONE, UC_WARN, NONE, UC_WARN}, signs_without_bc, "not a CA certificate", "ca-no-basic-constraints"},
    {"bc-not-critical", ALL(UC_NOTE), bc_not_critical, "not marked critical", NULL},
    {"pathlen-without-ca", ALL(UC_WARN), leaf_pathlen, "pathLenConstraint 3", NULL},
    {"aki-missing", ALL(UC_NOTE), no_aki, "authorityKeyIdentifier", NULL},
    {"aki-missing", ALL(UC_NOTE), aki_without_id, "keyIdentifier", NULL},
    {"ski-missing", ALL(UC_NOTE), no_ski, "subjectKeyIdentifier", NULL},
};

/* C74, and the bad input that concerns extensions: code and weight of each, for each role. */
static void faults_of_extensions_have_their_weight(void **state)
{
	(void)state;
	CHECK_FAULTS(faults);
}

/* C3 of the requirements: CAPF is the one identity whose certificate is a CA's. */
static void capf_may_be_a_ca(void **state)
{
	(void)state;
	struct maker m = maker_leaf();
	intermediate(&m);
	struct uc_cert *c = maker_cert(&m);
	struct uc_check_options options = {.role = UC_ROLE_IDENTITY, .now = NOW, .ca_expected = true};
	struct uc_findings f = {.items = NULL};
	uc_check_cert(c, &options, &f);
	assert_int_equal(f.count, 0);
	uc_cert_free(c);
}

#define TEST(f) cmocka_unit_test_teardown(f, maker_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(faults_of_extensions_have_their_weight),
	    TEST(capf_may_be_a_ca),
	};
	return cmocka_run_group_tests(tests, NULL, maker_end_all);
}
