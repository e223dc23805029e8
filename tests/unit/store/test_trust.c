/* src/store/trust.c: looking up trust entries, issuers, what is issued, names that are alike. */
#include "store_test.h"

#include "pki/name.h"

static void add(struct uc_store *s, const char *store, const char *name, const char *scope, const struct uc_cert *c)
{
	struct uc_error e;
	assert_ok(commit_step(s, trust_step("trust.add", store, name, scope, c, ""), &e), e);
}

static size_t count(struct uc_store *s, const char *store, const char *node, const char *name, const char *fingerprint, size_t limit)
{
	struct uc_error e;
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	assert_ok(uc_store_trust(s, store, node, name, fingerprint, limit, &found, &e), e);
	return found.count;
}

static void entries_are_found_by_store_node_name_and_fingerprint(void **state)
{
	struct fixture *f = *state;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *a = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *b = cert_named("b", 2);
	char fa[UC_FINGERPRINT_HEX];
	char fb[UC_FINGERPRINT_HEX];
	uc_cert_fingerprint_hex(a, fa);
	uc_cert_fingerprint_hex(b, fb);
	add(f->s, "tomcat-trust", "a.pem", "cluster", a);
	add(f->s, "tomcat-trust", "b.pem", "n1", b);
	add(f->s, "CAPF-trust", "a.pem", "cluster", b);
	assert_int_equal(count(f->s, "tomcat-trust", "n1", NULL, NULL, 10), 2);
	assert_int_equal(count(f->s, "tomcat-trust", "n2", NULL, NULL, 10), 1);
	assert_int_equal(count(f->s, "tomcat-trust", "n1", NULL, NULL, 1), 1);
	assert_int_equal(count(f->s, "tomcat-trust", "n1", "a", NULL, 10), 1);
	assert_int_equal(count(f->s, "tomcat-trust", "n1", "a.pem", NULL, 10), 1);
	assert_int_equal(count(f->s, "tomcat-trust", "n1", "a.pem", fb, 10), 0);
	assert_int_equal(count(f->s, "tomcat-trust", "n1", NULL, fb, 10), 1);
	assert_int_equal(count(f->s, "tomcat-trust", "n2", NULL, fb, 10), 0);
	assert_int_equal(count(f->s, "tomcat-trust", "n1", NULL, fa, 10), 1);
	assert_int_equal(count(f->s, "ipsec-trust", "n1", NULL, NULL, 10), 0);
	struct uc_error e;
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	assert_ok(uc_store_trust_everywhere(f->s, fb, &found, &e), e);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.items[0].store, "CAPF-trust");
	assert_string_equal(found.items[1].scope, "n1");
	assert_string_equal(found.items[1].origin, "upload");
	assert_int_equal(found.items[1].number, 2);
}

static void issuers_are_those_the_node_sees(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *a = cert_named("CA", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *b = cert_named("CA", 2);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *other = cert_named("Other", 3);
	add(f->s, "tomcat-trust", "a.pem", "cluster", a);
	add(f->s, "tomcat-trust", "b.pem", "n1", b);
	add(f->s, "tomcat-trust", "c.pem", "cluster", other);
	uint32_t hash = uc_name_hash(a->subject);
	UC_CLEANUP(uc_certs_free) struct uc_certs n1 = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs n2 = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs capf = {.items = NULL};
	assert_ok(uc_store_issuers(f->s, "tomcat-trust", "n1", hash, &n1, &e), e);
	assert_ok(uc_store_issuers(f->s, "tomcat-trust", "n2", hash, &n2, &e), e);
	assert_ok(uc_store_issuers(f->s, "CAPF-trust", "n1", hash, &capf, &e), e);
	assert_int_equal(n1.count, 2);
	assert_int_equal(n2.count, 1);
	assert_int_equal(capf.count, 0);
}

static void who_depends_on_an_issuer_is_known_once_each(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *twice = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *in_chain = cert_named("b", 2);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *leaf = cert_named("c", 3);
	uint32_t issuer = uc_name_hash(twice->issuer);
	add(f->s, "tomcat-trust", "a.pem", "cluster", twice);
	add(f->s, "CAPF-trust", "a.pem", "cluster", twice);
	assert_ok(commit_step(f->s, identity_step("tomcat", leaf, in_chain, json_null()), &e), e);
	UC_CLEANUP(uc_certs_free) struct uc_certs all = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs one = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs none = {.items = NULL};
	assert_ok(uc_store_issued(f->s, issuer, 10, &all, &e), e);
	assert_int_equal(all.count, 2);
	assert_ok(uc_store_issued(f->s, issuer, 1, &one, &e), e);
	assert_int_equal(one.count, 1);
	assert_ok(uc_store_issued(f->s, issuer + 1, 10, &none, &e), e);
	assert_int_equal(none.count, 0);
}

/* A certificate goes when the last that refers to it goes, be it an entry or a chain, and not before. */
static void certificates_are_kept_as_long_as_they_are_needed(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *root = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *leaf = cert_named("c", 3);
	add(f->s, "tomcat-trust", "a.pem", "cluster", root);
	assert_ok(commit_step(f->s, identity_step("tomcat", leaf, root, json_null()), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.remove", "tomcat-trust", "a.pem", "cluster", root, ""), &e), e);
	UC_CLEANUP(uc_identity_free) struct uc_identity id = {.node = NULL};
	assert_ok(uc_store_identity(f->s, "n1", "tomcat", &id, &e), e);
	assert_int_equal(id.chain.count, 1);
	json_t *step = json_pack("{s:s, s:i, s:s, s:s, s:o}", "type", "identity.remove", "v", 1, "node", "n1", "purpose", "tomcat", "before",
	                         identity_values(leaf, root));
	assert_ok(commit_step(f->s, step, &e), e);
	UC_CLEANUP(uc_certs_free) struct uc_certs none = {.items = NULL};
	assert_ok(uc_store_issued(f->s, uc_name_hash(root->issuer), 10, &none, &e), e);
	assert_int_equal(none.count, 0);
}

static void near_names_come_nearest_first(void **state)
{
	static const char *const names[] = {"Example_Root.pem", "Example_Root_2.pem", "Example_Router.pem", "Issuing_CA.pem", "Zebra.pem"};
	struct fixture *f = *state;
	struct uc_error e;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named(names[i], i);
		add(f->s, "tomcat-trust", names[i], "cluster", c);
	}
	UC_CLEANUP(uc_strv_free) struct uc_strv near = {.items = NULL};
	assert_ok(uc_store_trust_near(f->s, "tomcat-trust", "exampel_root", &near, &e), e);
	assert_int_equal(near.count, 3);
	assert_string_equal(near.items[0], "Example_Root.pem");
	UC_CLEANUP(uc_strv_free) struct uc_strv one = {.items = NULL};
	assert_ok(uc_store_trust_near(f->s, "tomcat-trust", "Zebar.pem", &one, &e), e);
	assert_int_equal(one.count, 1);
	assert_string_equal(one.items[0], "Zebra.pem");
	UC_CLEANUP(uc_strv_free) struct uc_strv none = {.items = NULL};
	assert_ok(uc_store_trust_near(f->s, "tomcat-trust", "something quite different", &none, &e), e);
	assert_ok(uc_store_trust_near(f->s, "CAPF-trust", "Zebra.pem", &none, &e), e);
	assert_int_equal(none.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(entries_are_found_by_store_node_name_and_fingerprint, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(issuers_are_those_the_node_sees, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(who_depends_on_an_issuer_is_known_once_each, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(certificates_are_kept_as_long_as_they_are_needed, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(near_names_come_nearest_first, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
