/* The rules that hold in every mode: path_rules.c, path_host.c, and X509_verify_cert as path_judge.c uses it. */
#include "uc_test.h"

#include "core/clock.h"
#include "pki/make_certs.h"
#include "pki/make_path.h"
#include "pki/path.h"

static const struct uc_path_options server = {.at = MAKE_NOW, .purpose = UC_PATH_SERVER};
static const struct uc_path_options client = {.at = MAKE_NOW, .purpose = UC_PATH_CLIENT};
static const struct uc_path_options ca_wanted = {.at = MAKE_NOW, .purpose = UC_PATH_CA};
static const struct uc_path_options v1 = {.at = MAKE_NOW, .v1_anchors = true};

/* T3: any certificate of the path, in any mode, and the value is quoted. */
static void t3_malformed_times_break_the_path(void **state)
{
	static const struct {
		const char *raw, *text;
	} bad[] = {
	    {"G:20300101000000.5Z", "notAfter that has a fraction of a second: GeneralizedTime '20300101000000.5Z'"},
	    {"U:3001010000Z", "has no seconds: UTCTime '3001010000Z'"},
	    {"U:300101000000+0100", "has an offset from GMT instead of Z: UTCTime '300101000000+0100'"},
	    {"G:20300230000000Z", "a date or time that does not exist: GeneralizedTime '20300230000000Z'"},
	    {"U:300101000000", "does not end in Z: UTCTime '300101000000'"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
		UC_CLEANUP(made_free)
		struct made leaf =
		    make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .raw_to = bad[i].raw, .exts = MAKE_LEAF("a.example.com")});
		assert_refused(&leaf, MADE_NONE, MADE(&root), NULL, "bad-time", 0, bad[i].text);
		UC_CLEANUP(made_free) struct made anchor = make_cert(&(struct make){.subject = "CN=Root", .raw_to = bad[i].raw, .exts = MAKE_ROOT});
		UC_CLEANUP(made_free)
		struct made under = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &anchor, .exts = MAKE_LEAF("a.example.com")});
		assert_refused(&under, MADE_NONE, MADE(&anchor), NULL, "bad-time", 1, bad[i].text);
	}
}

static void generalized_time_before_2050_breaks_strict_paths_only(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made leaf =
	    make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .raw_to = "G:20400101000000Z", .exts = MAKE_LEAF("a.example.com")});
	assert_path(&leaf, MADE_NONE, MADE(&root), NULL, MADE(&leaf, &root));
	assert_refused(&leaf, MADE_NONE, MADE(&root), &(struct uc_path_options){.at = MAKE_NOW, .strict = true}, "malformed", 0,
	               "20400101000000Z");
}

/* Both ends belong to the period (RFC 5280 section 4.1.2.5). */
static void validity_is_compared_by_the_second(void **state)
{
	(void)state;
	const uc_time from = MAKE_NOW - 100;
	const uc_time to = MAKE_NOW + 100;
	UC_CLEANUP(made_free) struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .from = from, .to = to});
	assert_path(&leaf, MADE_NONE, MADE(&leaf), &(struct uc_path_options){.at = from}, MADE(&leaf));
	assert_path(&leaf, MADE_NONE, MADE(&leaf), &(struct uc_path_options){.at = to}, MADE(&leaf));
	assert_refused(&leaf, MADE_NONE, MADE(&leaf), &(struct uc_path_options){.at = from - 1}, "not-yet-valid", 0,
	               "2026-05-31T23:58:20Z to 2026-06-01T00:01:40Z");
	assert_refused(&leaf, MADE_NONE, MADE(&leaf), &(struct uc_path_options){.at = to + 1}, "expired", 0, "2026-06-01T00:01:41Z");
	UC_CLEANUP(made_free) struct made forever = make_cert(&(struct make){.subject = "CN=leaf", .raw_to = "G:99991231235959Z"});
	assert_path(&forever, MADE_NONE, MADE(&forever), &(struct uc_path_options){.at = UC_TIME_MAX}, MADE(&forever));
}

static void c74_duplicate_extensions_are_refused(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made known = make_cert(
	    &(struct make){.subject = "CN=leaf",
	                   .issuer = &root,
	                   .exts = {"subjectAltName=DNS:a.example.com", "keyUsage=digitalSignature", "subjectAltName=DNS:b.example.com"}});
	UC_CLEANUP(made_free)
	struct made unknown =
	    make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = {"1.2.3.4=ASN1:NULL", "1.2.3.4=ASN1:NULL"}});
	assert_refused(&known, MADE_NONE, MADE(&root), NULL, "malformed", 0, "the extension 2.5.29.17 twice");
	assert_refused(&unknown, MADE_NONE, MADE(&root), NULL, "malformed", 0, "the extension 1.2.3.4 twice");
}

/* Makes the outer signature algorithm ecdsa-with-SHA384; the inner one stays ecdsa-with-SHA256. */
static struct made with_other_algorithm(const struct made *m)
{
	static const uint8_t sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	uc_buf_add_slice(&der, uc_buf_slice(&m->cert->der));
	size_t end = m->cert->tbs.len;
	uint8_t *outer = memmem(der.ptr + end, der.len - end, sha256, sizeof sha256);
	assert_non_null(outer);
	outer[sizeof sha256 - 1] = 0x03;
	struct made out = {.cert = NULL};
	struct uc_error e;
	assert_ok(uc_cert_read(uc_buf_slice(&der), &out.cert, &e), e);
	return out;
}

static void signature_algorithms_must_agree(void **state)
{
	(void)state;
	const struct uc_path_options partial = {.at = MAKE_NOW, .partial_anchors = true};
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free) struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root});
	UC_CLEANUP(made_free) struct made bad_root = with_other_algorithm(&root);
	UC_CLEANUP(made_free) struct made bad_leaf = with_other_algorithm(&leaf);
	assert_refused(&bad_leaf, MADE_NONE, MADE(&root), NULL, "malformed", 0, "two different signature algorithms");
	assert_refused(&leaf, MADE_NONE, MADE(&bad_root), &partial, "malformed", 1, "two different signature algorithms");
}

static void critical_extensions_must_be_understood(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made bad = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = {"1.2.3.4=critical,ASN1:NULL"}});
	UC_CLEANUP(made_free)
	struct made good = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = {"1.2.3.4=ASN1:NULL"}});
	/* One that must not be critical (RFC 5280 section 4.2.1.2) is no better. */
	UC_CLEANUP(made_free)
	struct made id = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = {"subjectKeyIdentifier=critical,hash"}});
	assert_refused(&bad, MADE_NONE, MADE(&root), NULL, "critical-extension", 0, "1.2.3.4");
	assert_refused(&id, MADE_NONE, MADE(&root), NULL, "critical-extension", 0, "2.5.29.14");
	assert_path(&good, MADE_NONE, MADE(&root), NULL, MADE(&good, &root));
}

/* In its lenient mode OpenSSL would go on as if the constraints were not there. */
static void unreadable_extensions_are_refused(void **state)
{
	(void)state;
	UC_CLEANUP(made_free)
	struct made root = make_cert(
	    &(struct make){.subject = "CN=Root", .exts = {"basicConstraints=critical,CA:TRUE", "nameConstraints=critical,DER:3003020100"}});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = {"subjectAltName=DNS:a.example.com"}});
	assert_refused(&leaf, MADE_NONE, MADE(&root), NULL, "malformed", 1, "nameConstraints");
}

/* C75: trusted on purpose, a version 1 root or one without basicConstraints is an anchor, with a warning, and never an intermediate. */
static void c75_old_roots_are_anchors_only(void **state)
{
	(void)state;
	struct made roots[] = {
	    make_cert(&(struct make){.subject = "CN=Version 1", .version = 1}),
	    make_cert(&(struct make){.subject = "CN=No constraints"}),
	};
	UC_CLEANUP(made_free) struct made top = make_cert(&(struct make){.subject = "CN=Top", .exts = MAKE_ROOT});
	for (size_t i = 0; i < 2; i++) {
		UC_CLEANUP(made_free)
		struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &roots[i], .exts = {"extendedKeyUsage=serverAuth"}});
		assert_refused(&leaf, MADE_NONE, MADE(&roots[i]), NULL, "not-ca", 1, "section 6.1.4 (k)");
		struct uc_path_options options = v1;
		for (options.purpose = UC_PATH_ANY; options.purpose <= UC_PATH_SERVER; options.purpose++) {
			struct uc_path p = path_of(&leaf, MADE_NONE, MADE(&roots[i]), &options);
			assert_chain(&p, MADE(&leaf, &roots[i]));
			assert_true(p.ok);
			const struct uc_finding *warning = uc_findings_get(&p.findings, "anchor-not-ca");
			assert_non_null(warning);
			assert_int_equal(warning->weight, UC_WARN);
			uc_path_free(&p);
		}
		/* Not even a version 1 certificate with basicConstraints, which it cannot have. */
		struct make spec = {.subject = "CN=Middle", .issuer = &top, .version = 1, .exts = MAKE_BARE_CA};
		if (i == 1) spec = (struct make){.subject = "CN=Middle", .issuer = &top};
		UC_CLEANUP(made_free) struct made middle = make_cert(&spec);
		UC_CLEANUP(made_free) struct made under = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &middle});
		assert_refused(&under, MADE(&middle), MADE(&top), &v1, "not-ca", 1, "Middle");
	}
	for (size_t i = 0; i < 2; i++) made_free(&roots[i]);
}

/* An anchor that says of itself that it is none, or for what it is one, is not forgiven. */
static void c75_what_an_anchor_says_holds(void **state)
{
	(void)state;
	struct uc_path_options v1_server = v1;
	v1_server.purpose = UC_PATH_SERVER;
	UC_CLEANUP(made_free) struct made peer = make_cert(&(struct make){.subject = "CN=Peer", .exts = {"basicConstraints=CA:FALSE"}});
	UC_CLEANUP(made_free) struct made clients = make_cert(&(struct make){.subject = "CN=Clients", .exts = {"extendedKeyUsage=clientAuth"}});
	UC_CLEANUP(made_free) struct made a = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &peer});
	UC_CLEANUP(made_free) struct made b = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &clients});
	assert_refused(&a, MADE_NONE, MADE(&peer), &v1_server, "not-ca", 1, "basicConstraints CA:FALSE");
	assert_refused(&b, MADE_NONE, MADE(&clients), &v1_server, "usage", 1, "TLS server");
}

static void c77_only_cas_issue(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = MAKE_LEAF("a.example.com")});
	UC_CLEANUP(made_free)
	struct made no_sign =
	    make_cert(&(struct make){.subject = "CN=No sign",
	                             .issuer = &root,
	                             .exts = {"basicConstraints=critical,CA:TRUE", "keyUsage=cRLSign", "subjectKeyIdentifier=hash"}});
	UC_CLEANUP(made_free)
	struct made short_ca =
	    make_cert(&(struct make){.subject = "CN=Short", .issuer = &root, .exts = {"basicConstraints=critical,CA:TRUE,pathlen:0"}});
	UC_CLEANUP(made_free) struct made deep_ca = make_cert(&(struct make){.subject = "CN=Deep", .issuer = &short_ca, .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made a = make_cert(&(struct make){.subject = "CN=a", .issuer = &leaf});
	UC_CLEANUP(made_free) struct made b = make_cert(&(struct make){.subject = "CN=b", .issuer = &no_sign});
	UC_CLEANUP(made_free) struct made c = make_cert(&(struct make){.subject = "CN=c", .issuer = &deep_ca});
	assert_refused(&a, MADE(&leaf), MADE(&root), NULL, "not-ca", 1, "basicConstraints CA:FALSE");
	assert_refused(&b, MADE(&no_sign), MADE(&root), NULL, "not-ca", 1, "lacks keyCertSign");
	assert_refused(&c, MADE(&deep_ca, &short_ca), MADE(&root), NULL, "path-length", 2, "pathLenConstraint");
	assert_refused(&leaf, MADE_NONE, MADE(&root), &ca_wanted, "not-ca", 0, "one is wanted");
	assert_refused(&no_sign, MADE_NONE, MADE(&root), &ca_wanted, "not-ca", 0, "one is wanted");
	assert_path(&short_ca, MADE_NONE, MADE(&root), &ca_wanted, MADE(&short_ca, &root));
}

struct constraint {
	const char *constraints; /* of the root */
	const char *san;         /* of the leaf */
	const char *subject;
	const char *text; /* NULL: valid */
};

/* C79. */
static void c79_name_constraints_hold(void **state)
{
	static const struct constraint cases[] = {
	    {"permitted;DNS:example.com", "DNS:a.example.com", "CN=leaf", NULL},
	    {"permitted;DNS:example.com", "DNS:a.example.com,DNS:evil.net", "CN=leaf", "outside the permitted names"},
	    {"permitted;DNS:example.com", "DNS:badexample.com", "CN=leaf", "outside the permitted names"},
	    {"permitted;DNS:.example.com", "DNS:a.example.com", "CN=leaf", NULL},
	    {"permitted;DNS:.example.com", "DNS:a.example.com.evil.net", "CN=leaf", "outside the permitted names"},
	    {"permitted;DNS:example.com", "DNS:*.example.com", "CN=leaf", NULL},
	    {"permitted;DNS:example.com", "DNS:*.evil.net", "CN=leaf", "outside the permitted names"},
	    {"permitted;DNS:a.example.com", "DNS:*.example.com", "CN=leaf", "outside the permitted names"},
	    {"excluded;DNS:evil.example.com", "DNS:good.example.com", "CN=leaf", NULL},
	    {"excluded;DNS:evil.example.com", "DNS:x.evil.example.com", "CN=leaf", "excluded names"},
	    {"excluded;DNS:example.com", "DNS:*.example.com", "CN=leaf", "excluded names"},
	    {"excluded;DNS:evil.example.com", "DNS:*.Example.com", "CN=leaf", "stands for a name that a CA above it excludes"},
	    {"excluded;DNS:x.evil.example.com", "DNS:*.example.com", "CN=leaf", NULL},
	    {"permitted;email:example.com", "email:a@example.com", "CN=leaf", NULL},
	    {"permitted;email:example.com", "email:a@evil.net", "CN=leaf", "outside the permitted names"},
	    {"permitted;email:example.com", "email:a@example.com@evil.net", "CN=leaf", "outside the permitted names"},
	    {"permitted;email:example.com", "DNS:a.example.com", "CN=leaf,emailAddress=a@evil.net", "outside the permitted names"},
	    {"excluded;email:.evil.net", "email:a@x.evil.net", "CN=leaf", "excluded names"},
	    {"permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.7", "CN=leaf", NULL},
	    {"permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.3.7", "CN=leaf", "outside the permitted names"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		UC_CLEANUP(uc_freep) char *nc = uc_sprintf("nameConstraints=critical,%s", cases[i].constraints);
		UC_CLEANUP(uc_freep) char *san = uc_sprintf("subjectAltName=%s", cases[i].san);
		UC_CLEANUP(made_free)
		struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = {"basicConstraints=critical,CA:TRUE", nc}});
		UC_CLEANUP(made_free) struct made leaf = make_cert(&(struct make){.subject = cases[i].subject, .issuer = &root, .exts = {san}});
		print_message("%s, %s\n", nc, san);
		if (cases[i].text == NULL)
			assert_path(&leaf, MADE_NONE, MADE(&root), NULL, MADE(&leaf, &root));
		else
			assert_refused(&leaf, MADE_NONE, MADE(&root), NULL, "name-constraint", 0, cases[i].text);
	}
}

static void purposes_hold_for_leaf_and_chain(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made ca = make_cert(&(struct make){
	    .subject = "CN=Clients", .issuer = &root, .exts = {"basicConstraints=critical,CA:TRUE", "extendedKeyUsage=clientAuth"}});
	UC_CLEANUP(made_free)
	struct made only = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = {"extendedKeyUsage=clientAuth"}});
	UC_CLEANUP(made_free)
	struct made under = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &ca, .exts = {"extendedKeyUsage=serverAuth,clientAuth"}});
	UC_CLEANUP(made_free)
	struct made free_leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = {"subjectAltName=DNS:a.example.com"}});
	assert_refused(&only, MADE_NONE, MADE(&root), &server, "usage", 0, "TLS server");
	assert_path(&only, MADE_NONE, MADE(&root), &client, MADE(&only, &root));
	assert_path(&only, MADE_NONE, MADE(&root), NULL, MADE(&only, &root));
	assert_refused(&under, MADE(&ca), MADE(&root), &server, "usage", 1, "Clients");
	assert_path(&under, MADE(&ca), MADE(&root), &client, MADE(&under, &ca, &root));
	assert_path(&free_leaf, MADE_NONE, MADE(&root), &server, MADE(&free_leaf, &root));
}

static void host_names_and_addresses_are_matched(void **state)
{
	static const struct {
		const char *host;
		bool matches;
	} cases[] = {
	    {"a.example.com", true},
	    {"A.EXAMPLE.com", true},
	    {"b.wild.example.com", true},
	    {"c.b.wild.example.com", false},
	    {"wild.example.com", false},
	    {"b.example.com", false},
	    {".example.com", false},
	    {"192.0.2.1", true},
	    {"192.0.2.2", false},
	    {"2001:db8::1", true},
	    {"2001:DB8:0:0::1", true},
	    {"cn.example.com", false},
	    {"example.com", false},
	    {"", false},
	    {"email:a@example.com", false},
	    {"f-x.example.com", false},
	    {"xn--bcher-kva.example.com", true},
	    {"b\xc3\xbc"
	     "cher.example.com",
	     true},
	};
	(void)state;
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=cn.example.com",
	                                            .exts = {"subjectAltName=DNS:a.example.com,DNS:*.wild.example.com,DNS:f*.example.com,DNS:"
	                                                     "xn--bcher-kva.example.com,IP:192.0.2.1,IP:2001:db8::1,email:a@example.com"}});
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct uc_path_options options = {.at = MAKE_NOW, .host = cases[i].host};
		print_message("%s\n", cases[i].host);
		if (cases[i].matches)
			assert_path(&leaf, MADE_NONE, MADE(&leaf), &options, MADE(&leaf));
		else
			assert_refused(&leaf, MADE_NONE, MADE(&leaf), &options, "host-mismatch", 0, cases[i].host);
	}
}

/* Only a certificate without DNS names is matched by its CN, and not in strict mode. */
static void common_name_is_the_last_resort(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){
	    .subject = "CN=a.example.com", .issuer = &root, .exts = {"subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"}});
	const struct uc_path_options strict = {.at = MAKE_NOW, .host = "a.example.com", .strict = true};
	assert_path(&leaf, MADE_NONE, MADE(&root), &(struct uc_path_options){.at = MAKE_NOW, .host = "a.example.com"}, MADE(&leaf, &root));
	assert_refused(&leaf, MADE_NONE, MADE(&root), &strict, "host-mismatch", 0, "its alternative names: none");
	/* So there name constraints have no say in a CN that looks like a host name, and elsewhere they have. */
	UC_CLEANUP(made_free)
	struct made bound =
	    make_cert(&(struct make){.subject = "CN=Root",
	                             .exts = {"basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign", "subjectKeyIdentifier=hash",
	                                      "nameConstraints=critical,permitted;DNS:example.net"}});
	UC_CLEANUP(made_free)
	struct made under = make_cert(&(struct make){
	    .subject = "CN=a.example.com", .issuer = &bound, .exts = {"subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"}});
	assert_refused(&under, MADE_NONE, MADE(&bound), NULL, "name-constraint", 0, "constraints of Root");
	assert_path(&under, MADE_NONE, MADE(&bound), &(struct uc_path_options){.at = MAKE_NOW, .strict = true}, MADE(&under, &bound));
}

static void weak_keys_and_hashes_break_unless_allowed(void **state)
{
	(void)state;
	const struct uc_path_options weak = {.at = MAKE_NOW, .allow_weak = true};
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .digest = "SHA1", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free) struct made small = make_cert(&(struct make){.subject = "CN=small", .issuer = &root, .key = "RSA-1024"});
	UC_CLEANUP(made_free)
	struct made small_root = make_cert(&(struct make){.subject = "CN=Small Root", .key = "RSA-1024", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free) struct made under = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &small_root});
	UC_CLEANUP(made_free) struct made sha1 = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .digest = "SHA1"});
	UC_CLEANUP(made_free) struct made good = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root});
	assert_refused(&small, MADE_NONE, MADE(&root), NULL, "weak", 0, "RSA 1024");
	assert_refused(&under, MADE_NONE, MADE(&small_root), NULL, "weak", 1, "RSA 1024");
	assert_refused(&sha1, MADE_NONE, MADE(&root), NULL, "weak", 0, "ecdsa-with-SHA1");
	assert_path(&small, MADE_NONE, MADE(&root), &weak, MADE(&small, &root));
	assert_path(&under, MADE_NONE, MADE(&small_root), &weak, MADE(&under, &small_root));
	assert_path(&sha1, MADE_NONE, MADE(&root), &weak, MADE(&sha1, &root));
	assert_path(&good, MADE_NONE, MADE(&root), NULL, MADE(&good, &root)); /* the root's own signature counts for nothing */
}

static void revocation_lists_are_demanded_and_obeyed(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free) struct made ca = make_cert(&(struct make){.subject = "CN=CA", .issuer = &root, .exts = MAKE_CA});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &ca, .exts = MAKE_LEAF("a.example.com")});
	UC_CLEANUP(made_free) struct made forger = make_cert(&(struct make){.subject = "CN=CA", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_buf_free) struct uc_buf root_crl = make_crl(&root, MADE_NONE);
	UC_CLEANUP(uc_buf_free) struct uc_buf ca_crl = make_crl(&ca, MADE_NONE);
	UC_CLEANUP(uc_buf_free) struct uc_buf revoking = make_crl(&ca, MADE(&leaf));
	UC_CLEANUP(uc_buf_free) struct uc_buf ca_revoked = make_crl(&root, MADE(&ca));
	UC_CLEANUP(uc_buf_free) struct uc_buf forged = make_crl(&forger, MADE_NONE);
	const struct uc_slice good[] = {uc_buf_slice(&root_crl), uc_buf_slice(&ca_crl)};
	const struct uc_slice bad[] = {uc_buf_slice(&root_crl), uc_buf_slice(&revoking)};
	const struct uc_slice worse[] = {uc_buf_slice(&ca_revoked), uc_buf_slice(&ca_crl)};
	const struct uc_slice lacking[] = {uc_buf_slice(&root_crl), uc_slice_str("no list")};
	const struct uc_slice false_one[] = {uc_buf_slice(&root_crl), uc_buf_slice(&forged)};
	struct uc_path_options options = {.at = MAKE_NOW, .crl_check = true, .crls = good, .crl_count = 2};
	assert_path(&leaf, MADE(&ca), MADE(&root), &options, MADE(&leaf, &ca, &root));
	/* The host is the leaf's affair, not that of whoever signs lists. */
	options.host = "a.example.com";
	assert_path(&leaf, MADE(&ca), MADE(&root), &options, MADE(&leaf, &ca, &root));
	options.host = NULL;
	options.crls = bad;
	assert_refused(&leaf, MADE(&ca), MADE(&root), &options, "revoked", 0, "RFC 5280 section 6.3");
	options.crls = worse;
	assert_refused(&leaf, MADE(&ca), MADE(&root), &options, "revoked", 1, "(RFC 5280 section 6.3)");
	options.crls = lacking;
	assert_refused(&leaf, MADE(&ca), MADE(&root), &options, "no-crl", 0, "no certificate revocation list");
	options.crls = false_one;
	assert_refused(&leaf, MADE(&ca), MADE(&root), &options, "no-crl", 0, "revocation list with a wrong signature");
	options.at = MAKE_NOW + 60 * UC_DAY;
	options.crls = good;
	assert_refused(&leaf, MADE(&ca), MADE(&root), &options, "no-crl", 0, "out of date");
	/* An anchor needs none, self-signed or not. */
	options = (struct uc_path_options){.at = MAKE_NOW, .crl_check = true, .crls = &good[1], .crl_count = 1, .partial_anchors = true};
	assert_path(&leaf, MADE_NONE, MADE(&ca), &options, MADE(&leaf, &ca));
	assert_path(&leaf, MADE_NONE, MADE(&leaf), &options, MADE(&leaf));
	/* A list that revokes it is obeyed all the same. */
	options.crls = worse;
	options.crl_count = 2;
	assert_refused(&leaf, MADE(&root), MADE(&ca), &options, "revoked", 1, "(RFC 5280 section 6.3)");
	assert_refused(&leaf, MADE_NONE, MADE(&ca), &options, "revoked", 1, "(RFC 5280 section 6.3)");
}

static void policies_are_processed(void **state)
{
	(void)state;
	const char *const wanted[] = {"1.2.3.5", NULL};
	const char *const other[] = {"1.2.3.6", NULL};
	const char *const wrong[] = {"policy", NULL};
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root, .exts = {"certificatePolicies=1.2.3.5"}});
	UC_CLEANUP(made_free) struct made none = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root});
	struct uc_path_options options = {.at = MAKE_NOW, .explicit_policy = true};
	assert_path(&leaf, MADE_NONE, MADE(&root), &options, MADE(&leaf, &root));
	assert_refused(&none, MADE_NONE, MADE(&root), &options, "policy", 0, "any of the demanded policies");
	options.policies = wanted;
	assert_path(&leaf, MADE_NONE, MADE(&root), &options, MADE(&leaf, &root));
	options.policies = other;
	assert_refused(&leaf, MADE_NONE, MADE(&root), &options, "policy", 0, "any of the demanded policies");
	options.policies = wrong;
	assert_refused(&leaf, MADE_NONE, MADE(&root), &options, "policy", 0, "'policy' is no OID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(t3_malformed_times_break_the_path),
	    cmocka_unit_test(generalized_time_before_2050_breaks_strict_paths_only),
	    cmocka_unit_test(validity_is_compared_by_the_second),
	    cmocka_unit_test(c74_duplicate_extensions_are_refused),
	    cmocka_unit_test(signature_algorithms_must_agree),
	    cmocka_unit_test(critical_extensions_must_be_understood),
	    cmocka_unit_test(unreadable_extensions_are_refused),
	    cmocka_unit_test(c75_old_roots_are_anchors_only),
	    cmocka_unit_test(c75_what_an_anchor_says_holds),
	    cmocka_unit_test(c77_only_cas_issue),
	    cmocka_unit_test(c79_name_constraints_hold),
	    cmocka_unit_test(purposes_hold_for_leaf_and_chain),
	    cmocka_unit_test(host_names_and_addresses_are_matched),
	    cmocka_unit_test(common_name_is_the_last_resort),
	    cmocka_unit_test(weak_keys_and_hashes_break_unless_allowed),
	    cmocka_unit_test(revocation_lists_are_demanded_and_obeyed),
	    cmocka_unit_test(policies_are_processed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
