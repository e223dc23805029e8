/* The rules of strict mode: each breaks a strict path, and only a strict one. */
#include "uc_test.h"

#include "core/clock.h"
#include "pki/make_certs.h"
#include "pki/make_path.h"
#include "pki/path.h"

static const struct uc_path_options strict = {.at = MAKE_NOW, .strict = true};

#define BC "basicConstraints=critical,CA:TRUE"
#define KU "keyUsage=critical,keyCertSign,cRLSign"
#define SKI "subjectKeyIdentifier=hash"
#define AKI "authorityKeyIdentifier=keyid"
#define SAN "subjectAltName=DNS:a.example.com"

struct rule {
	struct make spec; /* issued by a good root */
	const char *text; /* of the refusal; NULL: good */
};

/* The certificate is judged as a leaf, or with a good leaf below it. */
static void judge(const struct rule *r, const struct made *root, bool below)
{
	struct make spec = r->spec;
	spec.issuer = root;
	print_message("%s\n", r->text != NULL ? r->text : "good");
	UC_CLEANUP(made_free) struct made subject = make_cert(&spec);
	struct make leaf_spec = {.subject = "CN=below", .issuer = &subject, .exts = MAKE_LEAF("a.example.com")};
	if (subject.cert->ski.len == 0)
		leaf_spec = (struct make){.subject = "CN=below", .issuer = &subject, .exts = {SKI, "authorityKeyIdentifier=DER:3003800101", SAN}};
	UC_CLEANUP(made_free) struct made leaf = make_cert(&leaf_spec);
	const struct made *first = below ? &leaf : &subject;
	const struct made *const *others = below ? MADE(&subject) : MADE_NONE;
	const struct made *const *chain = below ? MADE(&leaf, &subject, root) : MADE(&subject, root);
	assert_path(first, others, MADE(root), NULL, chain);
	if (r->text == NULL)
		assert_path(first, others, MADE(root), &strict, chain);
	else
		assert_refused(first, others, MADE(root), &strict, "malformed", below ? 1 : 0, r->text);
}

static void strict_rules_for_leaves(void **state)
{
	static const struct rule rules[] = {
	    {{.subject = "CN=a", .exts = {SKI, AKI, SAN}}, NULL},
	    {{.subject = "", .exts = {SKI, AKI, "subjectAltName=critical,DNS:a.example.com"}}, NULL},
	    {{.subject = "CN=a", .serial = "-7", .exts = {SKI, AKI, SAN}}, "serial number is negative"},
	    {{.subject = "CN=a", .serial = "0", .exts = {SKI, AKI, SAN}}, "serial number is zero"},
	    {{.subject = "CN=a", .serial = "9999999999999999999999999999999999999999999999999", .exts = {SKI, AKI, SAN}},
	     "more than the 20 allowed"},
	    {{.subject = "CN=a", .version = 1, .exts = {SAN}}, "extensions, which only version 3 has"},
	    {{.subject = "CN=a", .version = 1}, "version 1"},
	    {{.subject = "CN=a", .exts = {SKI, SAN}}, "no authorityKeyIdentifier"},
	    {{.subject = "CN=a", .exts = {SKI, SAN, "authorityKeyIdentifier=issuer:always"}}, "no authorityKeyIdentifier with a keyIdentifier"},
	    {{.subject = "CN=a", .exts = {SKI, AKI, "subjectAltName=DER:3000"}}, "subjectAltName without names"},
	    {{.subject = "", .exts = {SKI, AKI, SAN}}, "subjectAltName that is not critical"},
	    {{.subject = "CN=a", .exts = {SKI, AKI, "subjectAltName=DNS:.example.com"}}, "DNS:.example.com"},
	    {{.subject = "CN=a", .exts = {SKI, AKI, "subjectAltName=DNS:a.example.com,DNS:f*.example.com"}}, "DNS:f*.example.com"},
	    {{.subject = "CN=a", .exts = {SKI, AKI, SAN, "nameConstraints=critical,permitted;DNS:example.com"}},
	     "nameConstraints but is no CA"},
	    {{.subject = "CN=a", .exts = {SKI, AKI, SAN, "keyUsage=keyCertSign", "basicConstraints=CA:FALSE"}}, "keyCertSign but is no CA"},
	    {{.subject = "CN=a", .exts = {SKI, AKI, SAN, "keyUsage=digitalSignature", BC}}, "keyUsage lacks keyCertSign"},
	    {{.subject = "CN=a", .exts = {SKI, AKI, SAN, "1.3.6.1.5.5.7.1.1=DER:0500"}}, "authorityInfoAccess"},
	};
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) judge(&rules[i], &root, false);
}

static void strict_rules_for_cas(void **state)
{
	static const struct rule rules[] = {
	    {{.subject = "CN=CA", .exts = {BC, KU, SKI, AKI}}, NULL},
	    {{.subject = "CN=CA", .exts = {BC, KU, SKI, AKI, "nameConstraints=critical,permitted;DNS:example.com"}}, NULL},
	    {{.subject = "CN=CA", .serial = "0", .exts = {BC, KU, SKI, AKI}}, "serial number is zero"},
	    {{.subject = "CN=CA", .exts = {BC, KU, AKI}}, "without subjectKeyIdentifier"},
	    {{.subject = "CN=CA", .exts = {BC, SKI, AKI}}, "without keyUsage"},
	    {{.subject = "CN=CA", .exts = {BC, KU, SKI}}, "no authorityKeyIdentifier"},
	    {{.subject = "CN=CA", .exts = {"basicConstraints=CA:TRUE", KU, SKI, AKI}}, "basicConstraints is not critical"},
	    {{.subject = "CN=CA", .exts = {BC, KU, SKI, AKI, "nameConstraints=permitted;DNS:example.com"}},
	     "nameConstraints, which must be critical"},
	    {{.subject = "CN=CA", .exts = {BC, KU, SKI, AKI, "nameConstraints=critical,DER:3000"}}, "empty nameConstraints"},
	    {{.subject = "CN=CA", .exts = {BC, KU, SKI, AKI, "nameConstraints=critical,DER:3002a000"}}, "empty nameConstraints"},
	    {{.subject = "CN=CA", .exts = {BC, KU, SKI, AKI, "certificatePolicies=1.2.3.4", "policyConstraints=inhibitPolicyMapping:0"}},
	     "policyConstraints, which must be critical"},
	    {{.subject = "CN=CA", .exts = {BC, KU, SKI, AKI, "inhibitAnyPolicy=0"}}, "inhibitAnyPolicy, which must be critical"},
	};
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) judge(&rules[i], &root, true);
}

/* What the anchor's own issuer did wrong counts less than what it says about the anchor's key. */
static void strict_rules_for_anchors(void **state)
{
	static const struct rule rules[] = {
	    {{.subject = "CN=Root", .exts = {BC, KU, SKI}}, NULL},
	    {{.subject = "CN=Root", .exts = {BC, KU, SKI, "authorityKeyIdentifier=keyid:always,issuer:always"}}, NULL},
	    {{.subject = "CN=Root", .serial = "0", .exts = {BC, KU, SKI}}, NULL},
	    {{.subject = "CN=Root", .raw_to = "G:20400101000000Z", .exts = {BC, KU, SKI}}, NULL},
	    {{.subject = "CN=Root", .exts = {BC, KU, SKI, "authorityKeyIdentifier=DER:3000"}}, "without keyIdentifier"},
	    {{.subject = "CN=Root", .exts = {BC, KU, SKI, "authorityKeyIdentifier=DER:3006800102820105"}}, "a serial number alone"},
	    {{.subject = "CN=Root", .exts = {BC, KU, SKI, "authorityKeyIdentifier=DER:3003800102"}}, "names another certificate"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		print_message("%s\n", rules[i].text != NULL ? rules[i].text : "good");
		UC_CLEANUP(made_free) struct made root = make_cert(&rules[i].spec);
		UC_CLEANUP(made_free)
		struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = MAKE_LEAF("a.example.com")});
		assert_path(&leaf, MADE_NONE, MADE(&root), NULL, MADE(&leaf, &root));
		if (rules[i].text == NULL)
			assert_path(&leaf, MADE_NONE, MADE(&root), &strict, MADE(&leaf, &root));
		else
			assert_refused(&leaf, MADE_NONE, MADE(&root), &strict, "malformed", 1, rules[i].text);
	}
}

static void cross_signed_anchor_needs_a_key_identifier(void **state)
{
	(void)state;
	const struct uc_path_options options = {.at = MAKE_NOW, .strict = true, .partial_anchors = true};
	UC_CLEANUP(made_free) struct made other = make_cert(&(struct make){.subject = "CN=Other", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free) struct made with = make_cert(&(struct make){.subject = "CN=Root", .issuer = &other, .exts = MAKE_CA});
	UC_CLEANUP(made_free) struct made without = make_cert(&(struct make){.subject = "CN=Root", .issuer = &other, .exts = {BC, KU, SKI}});
	UC_CLEANUP(made_free)
	struct made a = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &with, .exts = MAKE_LEAF("a.example.com")});
	UC_CLEANUP(made_free)
	struct made b = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &without, .exts = MAKE_LEAF("a.example.com")});
	assert_path(&a, MADE_NONE, MADE(&with), &options, MADE(&a, &with));
	assert_refused(&b, MADE_NONE, MADE(&without), &options, "malformed", 1, "no authorityKeyIdentifier");
}

static void dsa_is_refused_in_strict_mode(void **state)
{
	(void)state;
	const struct uc_path_options weak = {.at = MAKE_NOW, .allow_weak = true};
	const struct uc_path_options weak_strict = {.at = MAKE_NOW, .allow_weak = true, .strict = true};
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .key = "DSA", .exts = MAKE_LEAF("a.example.com")});
	assert_path(&leaf, MADE_NONE, MADE(&root), &weak, MADE(&leaf, &root));
	assert_refused(&leaf, MADE_NONE, MADE(&root), &weak_strict, "weak", 0, "FIPS 186-5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strict_rules_for_leaves),       cmocka_unit_test(strict_rules_for_cas),
	    cmocka_unit_test(strict_rules_for_anchors),      cmocka_unit_test(cross_signed_anchor_needs_a_key_identifier),
	    cmocka_unit_test(dsa_is_refused_in_strict_mode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
