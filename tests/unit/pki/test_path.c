#include "uc_test.h"

#include <openssl/asn1.h>

#include "core/clock.h"
#include "pki/make_certs.h"
#include "pki/make_path.h"
#include "pki/path.h"

/* A root, an intermediate and a leaf, as most tests need them. */
struct family {
	struct made root, ca, leaf;
};

static struct family make_family(void)
{
	struct family f;
	f.root = make_cert(&(struct make){.subject = "CN=Root,O=Example", .exts = MAKE_ROOT});
	f.ca = make_cert(&(struct make){.subject = "CN=Issuing CA,O=Example", .issuer = &f.root, .exts = MAKE_CA});
	f.leaf = make_cert(&(struct make){.subject = "CN=host.example.com", .issuer = &f.ca, .exts = MAKE_LEAF("host.example.com")});
	return f;
}

static void free_family(struct family *f)
{
	made_free(&f->root);
	made_free(&f->ca);
	made_free(&f->leaf);
}

static void complete_path_is_valid(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	assert_path(&f.leaf, MADE(&f.ca), MADE(&f.root), NULL, MADE(&f.leaf, &f.ca, &f.root));
	assert_path(&f.leaf, MADE(&f.ca), MADE(&f.root),
	            &(struct uc_path_options){.at = MAKE_NOW, .strict = true, .purpose = UC_PATH_SERVER, .host = "host.example.com"},
	            MADE(&f.leaf, &f.ca, &f.root));
}

/* T1: which certificate is missing, by subject and key identifier, and the chain as far as it went. */
static void t1_first_missing_issuer_is_named(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	char print[9];
	UC_CLEANUP(uc_freep) char *ca_id = uc_hex(f.ca.cert->ski, '\0');
	struct uc_path p = path_of(&f.leaf, MADE_NONE, MADE(&f.root), NULL);
	assert_fault(&p, "issuer-missing", 0, "CN=Issuing CA,O=Example");
	assert_string_equal(p.missing_subject, "CN=Issuing CA,O=Example");
	assert_string_equal(p.missing_key_id, ca_id);
	assert_non_null(strstr(p.message, ca_id));
	assert_non_null(strstr(p.message, made_print(&f.leaf, print)));
	assert_chain(&p, MADE(&f.leaf));
	uc_path_free(&p);

	p = path_of(&f.leaf, MADE(&f.ca), MADE_NONE, NULL);
	assert_fault(&p, "issuer-missing", 1, "CN=Root,O=Example");
	assert_string_equal(p.missing_subject, "CN=Root,O=Example");
	assert_chain(&p, MADE(&f.leaf, &f.ca));
	uc_path_free(&p);
}

/* T1: a root that came with the chain but that the store does not hold. */
static void t1_untrusted_root_is_what_is_missing(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	UC_CLEANUP(made_free) struct made other = make_cert(&(struct make){.subject = "CN=Other", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_freep) char *id = uc_hex(f.root.cert->ski, '\0');
	struct uc_path p = path_of(&f.leaf, MADE(&f.root, &f.ca), MADE(&other), NULL);
	assert_fault(&p, "issuer-missing", 2, "self-signed end of the path");
	assert_string_equal(p.missing_subject, "CN=Root,O=Example");
	assert_string_equal(p.missing_key_id, id);
	assert_chain(&p, MADE(&f.leaf, &f.ca, &f.root));
	uc_path_free(&p);
}

static void self_signed_leaf_is_trusted_by_being_an_anchor_only(void **state)
{
	(void)state;
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=phone", .exts = {"subjectAltName=DNS:phone.example.com"}});
	UC_CLEANUP(made_free) struct made same_name = make_cert(&(struct make){.subject = "CN=phone"});
	struct uc_path p = path_of(&leaf, MADE_NONE, MADE(&same_name), NULL);
	assert_fault(&p, "self-signed-leaf", 0, "not among the trusted");
	assert_string_equal(p.missing_subject, "CN=phone");
	uc_path_free(&p);
	assert_path(&leaf, MADE_NONE, MADE(&same_name, &leaf), NULL, MADE(&leaf));
}

/* A trust store's peers and intermediates end a path only when the caller says so. */
static void partial_anchors_end_a_path(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	const struct uc_path_options partial = {.at = MAKE_NOW, .partial_anchors = true};
	assert_refused(&f.leaf, MADE_NONE, MADE(&f.ca), NULL, "issuer-missing", 1, "CN=Root");
	assert_path(&f.leaf, MADE_NONE, MADE(&f.ca), &partial, MADE(&f.leaf, &f.ca));
	assert_refused(&f.leaf, MADE(&f.ca), MADE(&f.leaf), NULL, "issuer-missing", 1, "CN=Root");
	assert_path(&f.leaf, MADE(&f.ca), MADE(&f.leaf), &partial, MADE(&f.leaf));
	/* Trusted or not, it is what lies between leaf and root. */
	assert_path(&f.leaf, MADE_NONE, MADE(&f.ca, &f.root), NULL, MADE(&f.leaf, &f.ca, &f.root));
}

static void c5_c6_superfluous_and_unrelated_certificates_are_ignored(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	UC_CLEANUP(free_family) struct family g = make_family();
	UC_CLEANUP(made_free) struct made other = make_cert(&(struct make){.subject = "CN=Unrelated", .exts = MAKE_ROOT});
	assert_path(&f.leaf, MADE(&other, &f.root, &f.leaf, &f.ca), MADE(&other, &f.root), NULL, MADE(&f.leaf, &f.ca, &f.root));
	/* The other family has the same names. */
	assert_path(&f.leaf, MADE(&g.leaf, &g.ca, &g.root, &f.ca), MADE(&g.root, &f.root), NULL, MADE(&f.leaf, &f.ca, &f.root));
}

static void c7_expired_and_repeated_extras_are_ignored(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	UC_CLEANUP(made_free)
	struct made old = make_cert(&(struct make){.subject = "CN=Issuing CA,O=Example",
	                                           .issuer = &f.root,
	                                           .same_key = &f.ca,
	                                           .from = MAKE_NOW - 3 * MAKE_YEAR,
	                                           .to = MAKE_NOW - UC_DAY,
	                                           .exts = MAKE_CA});
	assert_path(&f.leaf, MADE(&old, &old, &f.ca, &f.ca), MADE(&f.root, &f.root), NULL, MADE(&f.leaf, &f.ca, &f.root));
	/* Alone, it is the reason; both dates and the clock are in the message (C69). */
	assert_refused(&f.leaf, MADE(&old), MADE(&f.root), NULL, "expired", 1,
	               "2026-05-31T00:00:00Z, and the time of validation is 2026-06-01T00:00:00Z");
}

/* However often an extra is repeated, it is tried once. */
static void c7_repeating_does_not_use_up_the_search(void **state)
{
	enum { TIMES = 1100 };
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made other = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root});
	const struct uc_certs none = {.items = NULL};
	struct uc_certs anchors = {.items = NULL};
	for (int i = 0; i < TIMES; i++) uc_certs_take(&anchors, uc_cert_dup(other.cert));
	uc_certs_take(&anchors, uc_cert_dup(root.cert));
	struct uc_path p;
	uc_path_build(leaf.cert, &none, &anchors, &(struct uc_path_options){.at = MAKE_NOW}, &p);
	assert_chain(&p, MADE(&leaf, &root));
	assert_true(p.ok);
	uc_path_free(&p);
	uc_certs_free(&anchors);
}

/* C71: a CA is found by issuer and serial as bytes; -5 and 251 end in the same byte. */
static void c71_odd_serials_are_carried_and_looked_up(void **state)
{
	static const char *const serials[] = {"-5", "251", "0"};
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_BARE_CA});
	struct made cas[3];
	for (size_t i = 0; i < 3; i++)
		cas[i] = make_cert(&(struct make){
		    .subject = "CN=CA", .issuer = &root, .serial = serials[i], .same_key = i > 0 ? &cas[0] : NULL, .exts = MAKE_BARE_CA});
	for (size_t i = 0; i < 3; i++) {
		UC_CLEANUP(made_free)
		struct made leaf =
		    make_cert(&(struct make){.subject = "CN=leaf", .issuer = &cas[i], .exts = {"authorityKeyIdentifier=issuer:always"}});
		assert_path(&leaf, MADE(&cas[0], &cas[1], &cas[2]), MADE(&root), NULL, MADE(&leaf, &cas[i], &root));
	}
	for (size_t i = 0; i < 3; i++) made_free(&cas[i]);
}

/* C78: the same name in another string type, case or spacing. */
static void c78_names_are_compared_by_rfc_5280(void **state)
{
	(void)state;
	UC_CLEANUP(made_free)
	struct made root =
	    make_cert(&(struct make){.subject = "CN=Test  Root,O=Example", .string_type = V_ASN1_PRINTABLESTRING, .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made bmp = make_cert(&(struct make){
	    .subject = "CN=test root ,O=EXAMPLE", .issuer = &root, .same_key = &root, .string_type = V_ASN1_BMPSTRING, .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){
	    .subject = "CN=leaf", .issuer = &root, .issuer_name = "CN=TEST root,O=Example", .exts = MAKE_LEAF("host.example.com")});
	assert_memory_not_equal(leaf.cert->issuer.ptr, root.cert->subject.ptr, root.cert->subject.len);
	assert_path(&leaf, MADE_NONE, MADE(&root), NULL, MADE(&leaf, &root));
	/* Across UTF8String, PrintableString and BMPString. */
	assert_path(&leaf, MADE_NONE, MADE(&bmp), &(struct uc_path_options){.at = MAKE_NOW, .partial_anchors = true}, MADE(&leaf, &bmp));
	UC_CLEANUP(made_free)
	struct made other = make_cert(&(struct make){
	    .subject = "CN=leaf", .issuer = &root, .issuer_name = "CN=Testroot,O=Example", .exts = MAKE_LEAF("host.example.com")});
	assert_refused(&other, MADE_NONE, MADE(&root), NULL, "issuer-missing", 0, "CN=Testroot");
}

static void c81_the_path_that_lasts_longest_is_taken(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	UC_CLEANUP(made_free)
	struct made brief = make_cert(&(struct make){
	    .subject = "CN=Issuing CA,O=Example", .issuer = &f.root, .same_key = &f.ca, .to = MAKE_NOW + 30 * UC_DAY, .exts = MAKE_CA});
	struct uc_path p = path_of(&f.leaf, MADE(&brief, &f.ca), MADE(&f.root), NULL);
	assert_chain(&p, MADE(&f.leaf, &f.ca, &f.root));
	assert_null(uc_findings_get(&p.findings, "issuer-expires-first"));
	uc_path_free(&p);

	p = path_of(&f.leaf, MADE(&brief), MADE(&f.root), NULL);
	assert_chain(&p, MADE(&f.leaf, &brief, &f.root));
	const struct uc_finding *warning = uc_findings_get(&p.findings, "issuer-expires-first");
	assert_non_null(warning);
	assert_int_equal(warning->weight, UC_WARN);
	assert_non_null(strstr(warning->message, "2026-07-01T00:00:00Z"));
	assert_non_null(strstr(warning->message, "2036-05-29T00:00:00Z"));
	uc_path_free(&p);
}

/* Of paths that last equally long, the one that ends first, whatever the key identifiers of longer ones promise. */
static void nearest_anchor_is_taken(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made other = make_cert(&(struct make){.subject = "CN=Other Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free)
	struct made cross = make_cert(&(struct make){.subject = "CN=Root", .issuer = &other, .same_key = &root, .exts = MAKE_CA});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &cross, .exts = MAKE_LEAF("a.example.com")});
	assert_path(&leaf, MADE(&cross), MADE(&other, &root), NULL, MADE(&leaf, &root));
	assert_path(&leaf, MADE(&cross), MADE(&other), NULL, MADE(&leaf, &cross, &other));
}

/* C82: the root that was cross-signed by an old one, whose own certificate has expired. */
static void c82_expired_branch_does_not_end_the_search(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	UC_CLEANUP(made_free)
	struct made old =
	    make_cert(&(struct make){.subject = "CN=Old Root", .from = MAKE_NOW - 20 * MAKE_YEAR, .to = MAKE_NOW - UC_DAY, .exts = MAKE_ROOT});
	UC_CLEANUP(made_free)
	struct made cross = make_cert(&(struct make){.subject = "CN=Root,O=Example", .issuer = &old, .same_key = &f.root, .exts = MAKE_CA});
	assert_path(&f.leaf, MADE(&cross, &old, &f.ca), MADE(&old, &f.root), NULL, MADE(&f.leaf, &f.ca, &f.root));
	/* Without the new root all that is left is the expired one, and that is what is told. */
	assert_refused(&f.leaf, MADE(&cross, &f.ca), MADE(&old), NULL, "expired", 3, "Old Root");
}

/* C83: same name, new key, signed with the old key; OpenSSL takes it for self-signed when it has no authorityKeyIdentifier. */
static void c83_rollover_certificate_is_not_self_signed(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made old = make_cert(&(struct make){.subject = "CN=CA", .exts = MAKE_ROOT});
	for (int with_ids = 0; with_ids < 2; with_ids++) {
		struct make roll = {.subject = "CN=CA", .issuer = &old, .exts = MAKE_BARE_CA};
		if (with_ids) roll = (struct make){.subject = "CN=CA", .issuer = &old, .exts = MAKE_CA};
		UC_CLEANUP(made_free) struct made new_with_old = make_cert(&roll);
		UC_CLEANUP(made_free)
		struct made leaf =
		    make_cert(&(struct make){.subject = "CN=leaf", .issuer = &new_with_old, .exts = {"subjectAltName=DNS:a.example.com"}});
		assert_path(&leaf, MADE(&new_with_old), MADE(&old), NULL, MADE(&leaf, &new_with_old, &old));
		assert_path(&new_with_old, MADE_NONE, MADE(&old), NULL, MADE(&new_with_old, &old));
		assert_refused(&leaf, MADE(&new_with_old), MADE_NONE, NULL, "issuer-missing", 1, "was issued by 'CN=CA'");
		assert_refused(&new_with_old, MADE_NONE, MADE_NONE, NULL, "issuer-missing", 0, "was issued by 'CN=CA'");

		/* The signature that makes it a rollover certificate is verified, whoever does it. */
		const char *code = with_ids ? "bad-signature" : "issuer-missing";
		roll.break_signature = true;
		UC_CLEANUP(made_free) struct made forged = make_cert(&roll);
		assert_refused(&forged, MADE_NONE, MADE(&old), NULL, code, 0, with_ids ? "not made with its issuer's key" : "with other keys");
		UC_CLEANUP(made_free)
		struct made under =
		    make_cert(&(struct make){.subject = "CN=leaf", .issuer = &forged, .exts = {"subjectAltName=DNS:a.example.com"}});
		assert_refused(&under, MADE(&forged), MADE(&old), NULL, code, 1, with_ids ? "not made with its issuer's key" : "with other keys");
	}
}

/* C86: told apart by key identifier, and without one by signature. */
static void c86_same_subject_different_keys(void **state)
{
	(void)state;
	for (int with_ids = 0; with_ids < 2; with_ids++) {
		struct make spec = {.subject = "CN=CA", .exts = MAKE_BARE_CA};
		if (with_ids) spec = (struct make){.subject = "CN=CA", .exts = MAKE_ROOT};
		struct made cas[3];
		for (size_t i = 0; i < 3; i++) cas[i] = make_cert(&spec);
		for (size_t i = 0; i < 3; i++) {
			struct make l = {.subject = "CN=leaf", .issuer = &cas[i]};
			if (with_ids) l = (struct make){.subject = "CN=leaf", .issuer = &cas[i], .exts = MAKE_LEAF("a.example.com")};
			UC_CLEANUP(made_free) struct made leaf = make_cert(&l);
			assert_path(&leaf, MADE_NONE, MADE(&cas[0], &cas[1], &cas[2]), NULL, MADE(&leaf, &cas[i]));
			/* The right one is missing: the others are not blamed for their keys. */
			const struct made *one = &cas[(i + 1) % 3];
			assert_refused(&leaf, MADE_NONE, MADE(one), NULL, "issuer-missing", 0, "of that name 1 are there, with other keys");
			assert_refused(&leaf, MADE_NONE, MADE(one, &cas[(i + 2) % 3]), NULL, "issuer-missing", 0,
			               "of that name 2 are there, with other keys");
		}
		for (size_t i = 0; i < 3; i++) made_free(&cas[i]);
	}
}

/* T1: what is missing is the issuer itself, not the root of a stranger that has its name. */
static void t1_wrong_issuer_is_not_followed(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Strange Root", .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made strange = make_cert(&(struct make){.subject = "CN=CA", .issuer = &root, .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made real = make_cert(&(struct make){.subject = "CN=CA", .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &real});
	for (int with_root = 0; with_root < 2; with_root++) {
		struct uc_path p = path_of(&leaf, with_root ? MADE(&strange, &root) : MADE(&strange), MADE_NONE, NULL);
		assert_fault(&p, "issuer-missing", 0,
		             "was issued by 'CN=CA', whose certificate is missing (of that name 1 are there, with other keys)");
		assert_string_equal(p.missing_subject, "CN=CA");
		assert_null(p.missing_key_id);
		assert_chain(&p, MADE(&leaf));
		uc_path_free(&p);
	}
	assert_path(&leaf, MADE(&strange), MADE(&real), NULL, MADE(&leaf, &real));
}

static void broken_signature_is_told_from_a_missing_issuer(void **state)
{
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(
	    &(struct make){.subject = "CN=host.example.com", .issuer = &f.ca, .exts = MAKE_LEAF("host.example.com"), .break_signature = true});
	assert_refused(&leaf, MADE(&f.ca), MADE(&f.root), NULL, "bad-signature", 0, "RFC 5280 section 6.1.3 (a)(1)");
	UC_CLEANUP(made_free)
	struct made ca = make_cert(&(struct make){
	    .subject = "CN=Issuing CA,O=Example", .issuer = &f.root, .same_key = &f.ca, .exts = MAKE_CA, .break_signature = true});
	assert_refused(&f.leaf, MADE(&ca), MADE(&f.root), NULL, "bad-signature", 1, "Issuing CA");
	/* A good one of the same name and key is found beside it. */
	assert_path(&f.leaf, MADE(&ca, &f.ca), MADE(&f.root), NULL, MADE(&f.leaf, &f.ca, &f.root));
}

static void rings_and_depth_end(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(made_free) struct made a = make_cert(&(struct make){.subject = "CN=A", .issuer = &root, .exts = MAKE_CA});
	UC_CLEANUP(made_free) struct made b = make_cert(&(struct make){.subject = "CN=B", .issuer = &a, .exts = MAKE_CA});
	UC_CLEANUP(made_free) struct made back = make_cert(&(struct make){.subject = "CN=A", .issuer = &b, .same_key = &a, .exts = MAKE_CA});
	UC_CLEANUP(made_free)
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &b, .exts = MAKE_LEAF("a.example.com")});
	assert_refused(&leaf, MADE(&b, &back), MADE(&root), NULL, "issuer-missing", 2, "only lead back into the path");
	assert_path(&leaf, MADE(&b, &back, &a), MADE(&root), NULL, MADE(&leaf, &b, &a, &root));
	assert_path(&leaf, MADE(&a, &b), MADE(&root), &(struct uc_path_options){.at = MAKE_NOW, .max_depth = 2}, MADE(&leaf, &b, &a, &root));
	assert_refused(&leaf, MADE(&a, &b), MADE(&root), &(struct uc_path_options){.at = MAKE_NOW, .max_depth = 1}, "path-length", 2,
	               "more than the 1 allowed");
	assert_refused(&leaf, MADE(&a, &b), MADE(&root), &(struct uc_path_options){.at = MAKE_NOW, .max_depth = -1}, "path-length", 1,
	               "more than the 0 allowed");
}

/* More certificates of one name than anyone has, and more paths than anyone tries: the search stops, and says so. */
static void work_is_bounded(void **state)
{
	enum { MANY = 1100, LEVELS = 8, WIDTH = 4 };
	(void)state;
	UC_CLEANUP(made_free) struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &root});
	UC_CLEANUP(made_free) struct made other = make_cert(&(struct make){.subject = "CN=Other"});
	struct uc_certs many = {.items = NULL};
	const struct uc_certs none = {.items = NULL};
	for (int i = 0; i < MANY; i++) {
		UC_CLEANUP(made_free) struct made m = make_cert(&(struct make){.subject = "CN=Root", .same_key = &other, .exts = MAKE_BARE_CA});
		uc_certs_take(&many, uc_move(m.cert));
	}
	struct uc_path p;
	uc_path_build(leaf.cert, &none, &many, &(struct uc_path_options){.at = MAKE_NOW}, &p);
	assert_fault(&p, "other", 0, "given up after 1000 signatures");
	uc_path_free(&p);
	uc_certs_free(&many);

	/* Four certificates for each of eight CAs one above the other, and no root. */
	struct made cas[LEVELS + 1] = {make_cert(&(struct make){.subject = "CN=Missing", .exts = MAKE_ROOT})};
	for (int level = 1; level <= LEVELS; level++) {
		char subject[32];
		snprintf(subject, sizeof subject, "CN=Level %d", level);
		cas[level] = make_cert(&(struct make){.subject = subject, .issuer = &cas[level - 1], .exts = MAKE_CA});
		for (int i = 0; i < WIDTH; i++) {
			UC_CLEANUP(made_free)
			struct made m =
			    make_cert(&(struct make){.subject = subject, .issuer = &cas[level - 1], .same_key = &cas[level], .exts = MAKE_CA});
			uc_certs_take(&many, uc_move(m.cert));
		}
	}
	UC_CLEANUP(made_free) struct made end = make_cert(&(struct make){.subject = "CN=end", .issuer = &cas[LEVELS]});
	uc_path_build(end.cert, &many, &none, &(struct uc_path_options){.at = MAKE_NOW}, &p);
	assert_fault(&p, "issuer-missing", LEVELS, "CN=Missing");
	assert_non_null(strstr(p.message, "too many possible paths to try them all"));
	uc_path_free(&p);
	uc_certs_free(&many);
	for (int level = 0; level <= LEVELS; level++) made_free(&cas[level]);
}

static void one_among_ten_thousand_anchors(void **state)
{
	enum { MANY = 10000 };
	(void)state;
	UC_CLEANUP(free_family) struct family f = make_family();
	UC_CLEANUP(made_free) struct made pattern = make_cert(&(struct make){.subject = "CN=Root 0000,O=Example"});
	struct uc_certs anchors = {.items = NULL};
	struct uc_certs others = made_list(MADE(&f.ca));
	uint8_t *digits = memmem(pattern.cert->der.ptr, pattern.cert->der.len, "0000", 4);
	assert_non_null(digits);
	digits = memmem(digits + 4, 200, "0000", 4); /* the issuer's before, this is the subject's */
	assert_non_null(digits);
	for (int i = 0; i < MANY; i++) {
		char number[16];
		snprintf(number, sizeof number, "%04d", i);
		memcpy(digits, number, 4);
		struct uc_cert *c = NULL;
		assert_int_equal(uc_cert_read(uc_buf_slice(&pattern.cert->der), &c, NULL), UC_OK);
		uc_certs_take(&anchors, c);
	}
	uc_certs_take(&anchors, uc_cert_dup(f.root.cert));
	struct uc_path p;
	uc_path_build(f.leaf.cert, &others, &anchors, &(struct uc_path_options){.at = MAKE_NOW}, &p);
	assert_chain(&p, MADE(&f.leaf, &f.ca, &f.root));
	assert_true(p.ok);
	uc_path_free(&p);
	uc_certs_free(&anchors);
	uc_certs_free(&others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(complete_path_is_valid),
	    cmocka_unit_test(t1_first_missing_issuer_is_named),
	    cmocka_unit_test(t1_untrusted_root_is_what_is_missing),
	    cmocka_unit_test(self_signed_leaf_is_trusted_by_being_an_anchor_only),
	    cmocka_unit_test(partial_anchors_end_a_path),
	    cmocka_unit_test(c5_c6_superfluous_and_unrelated_certificates_are_ignored),
	    cmocka_unit_test(c7_expired_and_repeated_extras_are_ignored),
	    cmocka_unit_test(c7_repeating_does_not_use_up_the_search),
	    cmocka_unit_test(c71_odd_serials_are_carried_and_looked_up),
	    cmocka_unit_test(c78_names_are_compared_by_rfc_5280),
	    cmocka_unit_test(c81_the_path_that_lasts_longest_is_taken),
	    cmocka_unit_test(nearest_anchor_is_taken),
	    cmocka_unit_test(c82_expired_branch_does_not_end_the_search),
	    cmocka_unit_test(c83_rollover_certificate_is_not_self_signed),
	    cmocka_unit_test(c86_same_subject_different_keys),
	    cmocka_unit_test(t1_wrong_issuer_is_not_followed),
	    cmocka_unit_test(broken_signature_is_told_from_a_missing_issuer),
	    cmocka_unit_test(rings_and_depth_end),
	    cmocka_unit_test(work_is_bounded),
	    cmocka_unit_test(one_among_ten_thousand_anchors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
