/* src/catalog/catalog.c: the tables of requirements sections 2 and 3, held against a second writing of them. */
#include "uc_test.h"

#include "catalog/catalog.h"
#include "core/text.h"
#include "pki/cert.h"
#include "pki/key.h"

/* Letters as in requirements section 2: extended S C I, usage d(igitalSignature) k(eyEncipherment) e(dataEncipherment) s(keyCertSign) a(keyAgreement). */
static const struct expected {
	const char *name;
	bool multi;
	const char *eku;
	const char *usage;
	const char *roles; /* the nodes that have it, each by one role */
	const char *stores;
	const char *key;
	int years;
} expected[] = {
    {"CallManager", true, "SC", "dke", "publisher,subscriber,tftp", "CallManager-trust", "rsa-2048", 5},
    {"CallManager-ECDSA", true, "SC", "dke", "publisher,subscriber,tftp", "CallManager-trust", "ec-p384", 5},
    {"CAPF", false, "S", "dks", "publisher", "CallManager-trust,CAPF-trust", "rsa-2048", 5},
    {"ipsec", false, "SCI", "dke", "publisher,subscriber,tftp,im-and-presence", "ipsec-trust", "rsa-2048", 5},
    {"tomcat", true, "SC", "dke", "publisher,subscriber,tftp,im-and-presence,reporting", "tomcat-trust", "rsa-2048", 5},
    {"tomcat-ECDSA", true, "SC", "dke", "publisher,subscriber,tftp,im-and-presence,reporting", "tomcat-trust", "ec-p384", 5},
    {"TVS", false, "SC", "dke", "publisher,subscriber,tftp", "TVS-trust", "rsa-2048", 5},
    {"cup", false, "SCI", "dkea", "im-and-presence", "cup-trust", "rsa-2048", 5},
    {"cup-ECDSA", false, "SCI", "dkea", "im-and-presence", "cup-trust", "ec-p384", 5},
    {"cup-xmpp", true, "SCI", "dkea", "im-and-presence", "cup-xmpp-trust", "rsa-2048", 5},
    {"cup-xmpp-ECDSA", true, "SCI", "dkea", "im-and-presence", "cup-xmpp-trust", "ec-p384", 5},
    {"cup-xmpp-s2s", true, "SCI", "dkea", "im-and-presence", "cup-xmpp-trust", "rsa-2048", 5},
    {"cup-xmpp-s2s-ECDSA", true, "SCI", "dkea", "im-and-presence", "cup-xmpp-trust", "ec-p384", 5},
    {"ITLRecovery", false, "", "dke", "publisher", NULL, "rsa-2048", 20},
    {"authz", false, "", "d", "publisher", NULL, "rsa-2048", 5},
    {"intelligenceCenter-srvr", false, "SC", "dke", "reporting", "intelligenceCenter-srvr-trust", "rsa-2048", 5},
};

enum { EXPECTED = sizeof expected / sizeof *expected };

static const struct uc_purpose *find(const char *name)
{
	struct uc_error e;
	const struct uc_purpose *p = NULL;
	assert_ok(uc_purpose_find(name, &p, &e), e);
	return p;
}

static unsigned roles(const char *text)
{
	struct uc_error e;
	unsigned out = 0;
	assert_ok(uc_roles_parse(text, &out, &e), e);
	return out;
}

static unsigned usage(const char *letters)
{
	static const struct {
		char letter;
		unsigned bit;
	} bits[] = {{'d', UC_KU_DIGITAL_SIGNATURE},
	            {'k', UC_KU_KEY_ENCIPHERMENT},
	            {'e', UC_KU_DATA_ENCIPHERMENT},
	            {'s', UC_KU_KEY_CERT_SIGN},
	            {'a', UC_KU_KEY_AGREEMENT}};
	unsigned out = 0;
	for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
		if (strchr(letters, bits[i].letter) != NULL) out |= bits[i].bit;
	return out;
}

static void assert_ekus(const char *const *ekus, const char *letters)
{
	static const struct {
		char letter;
		const char *oid;
	} oids[] = {{'S', "1.3.6.1.5.5.7.3.1"}, {'C', "1.3.6.1.5.5.7.3.2"}, {'I', "1.3.6.1.5.5.7.3.5"}};
	size_t count = 0;
	for (; ekus[count] != NULL; count++) {
		bool wanted = false;
		for (size_t i = 0; i < sizeof oids / sizeof *oids; i++)
			wanted = wanted || (strchr(letters, oids[i].letter) != NULL && strcmp(oids[i].oid, ekus[count]) == 0);
		assert_true(wanted);
	}
	assert_int_equal(count, strlen(letters));
}

static void every_purpose_of_the_requirements_is_there_and_no_other(void **state)
{
	(void)state;
	size_t count;
	const struct uc_purpose *all = uc_purposes(&count);
	assert_int_equal(count, EXPECTED);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++) assert_false(uc_eq_nocase(all[i].name, all[j].name));
	for (size_t i = 0; i < EXPECTED; i++) assert_string_equal(find(expected[i].name)->name, expected[i].name);
}

static void a_request_carries_the_extensions_of_its_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXPECTED; i++) {
		const struct uc_purpose *p = find(expected[i].name);
		assert_int_equal(p->multi, expected[i].multi);
		assert_int_equal(p->key_usage, usage(expected[i].usage));
		assert_ekus(p->ekus, expected[i].eku);
		assert_int_equal(p->roles, roles(expected[i].roles));
		assert_string_equal(p->key, expected[i].key);
		assert_int_equal(p->years, expected[i].years);
		assert_true(p->title[0] != '\0');
		assert_non_null(p->services[0]);
	}
}

static void every_purpose_names_stores_that_exist_first_the_one_that_takes_its_chain(void **state)
{
	(void)state;
	for (size_t i = 0; i < EXPECTED; i++) {
		const struct uc_purpose *p = find(expected[i].name);
		UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
		for (size_t s = 0; p->stores[s] != NULL; s++) {
			struct uc_error e;
			const struct uc_trust_store *store = NULL;
			assert_ok(uc_trust_store_find(p->stores[s], &store, &e), e);
			assert_string_equal(store->name, p->stores[s]);
			/* A node with the purpose uses the store. */
			assert_int_equal(p->roles & ~store->roles, 0);
			uc_strv_add(&names, p->stores[s]);
		}
		UC_CLEANUP(uc_freep) char *list = uc_strv_join(&names, ",");
		if (expected[i].stores != NULL) assert_string_equal(list, expected[i].stores);
		/* A CA-signed certificate needs a store for its chain (T4). */
		if (p->requestable) assert_true(names.count > 0);
	}
}

static void CAPF_is_a_CA_without_EKU_of_its_own_and_its_roots_go_to_CallManager_trust_C3(void **state)
{
	(void)state;
	const struct uc_purpose *capf = find("CAPF");
	assert_true(capf->ca && capf->needs_cert_sign && capf->requestable);
	assert_false(capf->needs_server_auth);
	assert_ekus(capf->self_ekus, "");
	assert_string_equal(capf->stores[0], "CallManager-trust");
	size_t count;
	const struct uc_purpose *all = uc_purposes(&count);
	for (size_t i = 0; i < count; i++) assert_true(&all[i] == capf || !all[i].ca);
}

static void server_purposes_need_serverAuth(void **state)
{
	(void)state;
	size_t count;
	const struct uc_purpose *all = uc_purposes(&count);
	for (size_t i = 0; i < count; i++) {
		bool server = all[i].ekus[0] != NULL && !all[i].ca;
		assert_int_equal(all[i].needs_server_auth, server);
		assert_int_equal(all[i].requestable, server || all[i].ca);
	}
}

static void the_CallManager_certificates_carry_a_GUID_and_phone_files_are_signed_by_two(void **state)
{
	(void)state;
	size_t count;
	const struct uc_purpose *all = uc_purposes(&count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(all[i].guid, uc_starts_with(all[i].name, "CallManager"));
		bool signs = strcmp(all[i].name, "CallManager") == 0 || strcmp(all[i].name, "ITLRecovery") == 0;
		assert_int_equal(all[i].signs_phone_files, signs);
	}
}

static void the_keys_of_authz_and_ITLRecovery_are_shared_and_only_that_of_authz_rotates(void **state)
{
	(void)state;
	size_t count;
	const struct uc_purpose *all = uc_purposes(&count);
	for (size_t i = 0; i < count; i++) {
		bool authz = strcmp(all[i].name, "authz") == 0;
		assert_int_equal(all[i].rotates, authz);
		assert_int_equal(all[i].shared != 0, authz || strcmp(all[i].name, "ITLRecovery") == 0);
	}
	assert_true((find("authz")->shared & UC_NODE_PRESENCE) != 0);
	assert_false((find("ITLRecovery")->shared & UC_NODE_PRESENCE) != 0);
}

static void keys_are_kinds_that_can_be_generated_and_EC_goes_with_the_name(void **state)
{
	(void)state;
	size_t count;
	const struct uc_purpose *all = uc_purposes(&count);
	for (size_t i = 0; i < count; i++) {
		const struct uc_key_spec *spec = uc_key_spec_find(all[i].key);
		assert_non_null(spec);
		assert_int_equal(spec->rsa, !uc_ends_with(all[i].name, "-ECDSA"));
	}
}

static void trust_stores_are_replicated_and_deleted_as_section_3_says(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool cluster, import_local, delete_cluster;
	} rules[] = {
	    {"tomcat-trust", true, false, true},
	    {"CallManager-trust", true, false, true},
	    {"CAPF-trust", false, true, true},
	    {"Phone-SAST-trust", true, false, true},
	    {"ipsec-trust", false, false, false},
	    {"TVS-trust", false, false, false},
	    {"userlicensing-trust", false, false, false},
	    {"Phone-trust", true, false, false},
	    {"Phone-CTL-trust", true, false, false},
	    {"Phone-VPN-trust", true, false, false},
	    {"cup-trust", true, false, false},
	    {"cup-xmpp-trust", true, false, false},
	    {"intelligenceCenter-srvr-trust", false, false, false},
	};
	size_t count;
	uc_trust_stores(&count);
	assert_int_equal(count, sizeof rules / sizeof *rules);
	for (size_t i = 0; i < count; i++) {
		struct uc_error e;
		const struct uc_trust_store *s = NULL;
		assert_ok(uc_trust_store_find(rules[i].name, &s, &e), e);
		assert_int_equal(s->cluster, rules[i].cluster);
		assert_int_equal(s->import_local, rules[i].import_local);
		/* In a store that is the whole cluster's, a delete reaches every node by the entry's scope already. */
		assert_true(s->delete_cluster == rules[i].delete_cluster || s->cluster);
		assert_true(s->holds[0] != '\0');
	}
}

static void a_store_is_named_with_or_without_trust_and_case_does_not_matter(void **state)
{
	(void)state;
	static const char *const names[] = {"tomcat-trust", "tomcat", "Tomcat", "TOMCAT-TRUST"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct uc_error e;
		const struct uc_trust_store *s = NULL;
		assert_ok(uc_trust_store_find(names[i], &s, &e), e);
		assert_string_equal(s->name, "tomcat-trust");
	}
	assert_string_equal(find("TOMCAT")->name, "tomcat");
	assert_string_equal(find("tomcat-ecdsa")->name, "tomcat-ECDSA");
}

static void what_does_not_exist_is_answered_with_what_there_is(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "tomcatt", "tomcat-trust-trust", "tom", "*"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct uc_error e;
		const struct uc_trust_store *s = NULL;
		const struct uc_purpose *p = NULL;
		assert_fails(uc_trust_store_find(wrong[i], &s, &e), e, UC_ENOTFOUND, "no-store");
		assert_non_null(strstr(e.hint, "tomcat-trust"));
		assert_string_equal(e.field, "store");
		assert_fails(uc_purpose_find(wrong[i], &p, &e), e, UC_ENOTFOUND, "no-purpose");
		assert_non_null(strstr(e.hint, "intelligenceCenter-srvr"));
		assert_string_equal(e.field, "purpose");
	}
}

/* T2: the web pages and the clients' presence may be reached from a WAN, federation is from other companies; nothing else is meant for the outside. */
static void services_that_may_be_reached_from_outside_are_called_so_T2(void **state)
{
	(void)state;
	size_t count;
	const struct uc_purpose *all = uc_purposes(&count);
	for (size_t i = 0; i < count; i++) {
		bool federation = uc_starts_with(all[i].name, "cup-xmpp-s2s");
		bool wan = uc_starts_with(all[i].name, "tomcat") || uc_starts_with(all[i].name, "cup-xmpp");
		assert_string_equal(uc_reach_name(all[i].reach), federation ? "internet" : wan ? "wan" : "inside");
	}
}

/* Nobody connects to a host by what these two are for. */
static void only_the_signers_of_lists_and_tokens_are_kept_when_a_node_is_renamed(void **state)
{
	(void)state;
	size_t count;
	const struct uc_purpose *all = uc_purposes(&count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(all[i].nameless, strcmp(all[i].name, "authz") == 0 || strcmp(all[i].name, "ITLRecovery") == 0);
}

static void roles_are_read_from_a_list(void **state)
{
	(void)state;
	assert_int_equal(roles("publisher,tftp"), UC_NODE_PUBLISHER | UC_NODE_TFTP);
	assert_int_equal(roles(" Publisher , TFTP,publisher"), UC_NODE_PUBLISHER | UC_NODE_TFTP);
	assert_int_equal(roles("im-and-presence"), UC_NODE_PRESENCE);
	unsigned all = 0;
	for (size_t i = 0; i < uc_role_count(); i++) {
		enum uc_node_role role = (enum uc_node_role)(1u << i);
		assert_int_equal(roles(uc_role_name(role)), role);
		all |= role;
	}
	assert_int_equal(all, UC_NODE_VOICE | UC_NODE_PRESENCE | UC_NODE_REPORTING);
}

static void a_wrong_or_empty_list_of_roles_is_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", ",", "publisher,cook", "pub", "publisher tftp"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct uc_error e;
		unsigned out;
		assert_fails(uc_roles_parse(wrong[i], &out, &e), e, UC_EINPUT, "bad-role");
		assert_non_null(strstr(e.hint, "publisher"));
	}
	struct uc_error e;
	unsigned out;
	assert_fails(uc_roles_parse("publisher,cook", &out, &e), e, UC_EINPUT, "bad-role");
	assert_non_null(strstr(e.message, "'cook'"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_purpose_of_the_requirements_is_there_and_no_other),
	    cmocka_unit_test(a_request_carries_the_extensions_of_its_row),
	    cmocka_unit_test(every_purpose_names_stores_that_exist_first_the_one_that_takes_its_chain),
	    cmocka_unit_test(CAPF_is_a_CA_without_EKU_of_its_own_and_its_roots_go_to_CallManager_trust_C3),
	    cmocka_unit_test(server_purposes_need_serverAuth),
	    cmocka_unit_test(the_CallManager_certificates_carry_a_GUID_and_phone_files_are_signed_by_two),
	    cmocka_unit_test(the_keys_of_authz_and_ITLRecovery_are_shared_and_only_that_of_authz_rotates),
	    cmocka_unit_test(keys_are_kinds_that_can_be_generated_and_EC_goes_with_the_name),
	    cmocka_unit_test(trust_stores_are_replicated_and_deleted_as_section_3_says),
	    cmocka_unit_test(a_store_is_named_with_or_without_trust_and_case_does_not_matter),
	    cmocka_unit_test(what_does_not_exist_is_answered_with_what_there_is),
	    cmocka_unit_test(services_that_may_be_reached_from_outside_are_called_so_T2),
	    cmocka_unit_test(only_the_signers_of_lists_and_tokens_are_kept_when_a_node_is_renamed),
	    cmocka_unit_test(roles_are_read_from_a_list),
	    cmocka_unit_test(a_wrong_or_empty_list_of_roles_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
