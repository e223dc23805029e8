/* src/manage/delete_trust.c: X1, deleting trust certificates, and what a person is told before. */
#include "site.h"

static json_t *which(const char *store, const char *name)
{
	return json_pack("{s:s, s:s}", "store", store, "name", name);
}

static void one_entry_goes_and_others_of_its_subject_stay_C87(void **state)
{
	struct site *s = *state;
	struct made one = make_cert(&(struct make){.subject = "CN=Twin", .exts = MAKE_ROOT});
	struct made two = make_cert(&(struct make){.subject = "CN=Twin", .exts = MAKE_ROOT});
	upload_trust(s, "tomcat", MADE(&one));
	upload_trust(s, "tomcat", MADE(&two));
	char print[9];
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("tomcat", "Twin"), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove");
	assert_non_null(strstr(step_text(&plan, 0, "text"), made_print(&one, print)));
	assert_found(&plan, UC_WARN, "trust-lost", "every node");
	assert_true(follows(&plan, "reload", "Tomcat (HTTPS)") && follows(&plan, "backup", "backup"));
	uc_plan_free(&plan);
	carry_out(s, "delete-trust", which("TOMCAT-TRUST", "Twin.pem"), NO_FILE);
	UC_CLEANUP(uc_freep) char *left = uc_sprintf("Twin_%s.pem", made_print(&two, print));
	assert_names(s, "tomcat-trust", left);
	made_free(&one);
	made_free(&two);
}

static void what_is_not_there_is_answered_with_names_like_it_C125(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Example Root", .exts = MAKE_ROOT});
	upload_trust(s, "tomcat", MADE(&root));
	struct uc_plan plan;
	struct uc_error e;
	assert_fails(preview(s, "delete-trust", which("tomcat", "Example_Rot"), NO_FILE, &plan, &e), e, UC_ENOTFOUND, "no-certificate");
	assert_non_null(strstr(e.hint, "Example_Root.pem"));
	uc_plan_free(&plan);
	assert_no_plan(s, "delete-trust", which("nowhere", "a"), NO_FILE, UC_ENOTFOUND, "no-store");
	assert_no_plan(s, "delete-trust", which("tomcat", ""), NO_FILE, UC_EINPUT, "argument-missing");
	/* Nothing is a pattern. */
	assert_no_plan(s, "delete-trust", which("tomcat", "*"), NO_FILE, UC_ENOTFOUND, "no-certificate");
	assert_no_plan(s, "delete-trust", which("tomcat", "%"), NO_FILE, UC_ENOTFOUND, "no-certificate");
	made_free(&root);
}

static void an_identity_certificate_is_refused_but_its_copy_may_go_X1(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", json_pack("{s:s}", "purpose", "tomcat-ECDSA"), NO_FILE);
	assert_no_plan(s, "delete-trust", which("tomcat-ECDSA", "tomcat-ECDSA.pem"), NO_FILE, UC_EREFUSED, "identity-certificate");
	assert_no_plan(s, "delete-trust", which("tomcat", "tomcat.pem"), NO_FILE, UC_EREFUSED, "identity-certificate");
	UC_CLEANUP(uc_freep) char *copy = names_in(s, "tomcat-trust");
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("tomcat", copy), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "copy-of-identity", "tomcat-ECDSA");
	uc_plan_free(&plan);
	carry_out(s, "delete-trust", which("tomcat", copy), NO_FILE);
	assert_names(s, "tomcat-trust", "");
	struct uc_identity still = identity_of(s, "tomcat-ECDSA");
	uc_identity_free(&still);
}

/* A CA-signed identity with its chain in the store. */
static void set_up_chain(struct site *s, struct made *root, struct made *sub)
{
	*root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	*sub = make_cert(&(struct make){.subject = "CN=Sub", .issuer = root, .exts = MAKE_CA});
	request_csr(s, "tomcat-ECDSA");
	struct made leaf = answer_to(s, "tomcat-ECDSA", sub);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, sub, root));
	carry_out(s, "import-own", json_pack("{s:s}", "purpose", "tomcat-ECDSA"), uc_buf_slice(&file));
	made_free(&leaf);
}

static void to_break_the_chain_of_something_in_use_is_dangerous_C127(void **state)
{
	struct site *s = *state;
	struct made root;
	struct made sub;
	set_up_chain(s, &root, &sub);
	static const char *const names[] = {"Root", "Sub"};
	for (size_t i = 0; i < 2; i++) {
		struct uc_plan plan;
		plan_ok(s, "delete-trust", which("tomcat", names[i]), NO_FILE, &plan);
		assert_found(&plan, UC_DANGER, "chain-breaks", "tomcat-ECDSA certificate of cucm-pub");
		uc_plan_free(&plan);
	}
	/* The same certificate in another store vouches for nothing here. */
	upload_trust(s, "ipsec", MADE(&root));
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("ipsec", "Root"), NO_FILE, &plan);
	assert_not_found(&plan, "chain-breaks");
	assert_found(&plan, UC_WARN, "trust-lost", "cucm-pub");
	uc_plan_free(&plan);
	made_free(&root);
	made_free(&sub);
}

static void who_was_issued_by_it_is_named(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made namesake = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made peer = make_cert(&(struct make){.subject = "CN=peer.example.com", .issuer = &root, .exts = MAKE_LEAF("peer.example.com")});
	struct made stranger =
	    make_cert(&(struct make){.subject = "CN=stranger.example.com", .issuer = &namesake, .exts = MAKE_LEAF("stranger.example.com")});
	upload_trust(s, "CallManager", MADE(&root, &peer, &stranger));
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("CallManager", "Root"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "issuer-of", "issued 1 certificate that this cluster holds: peer.example.com");
	assert_found(&plan, UC_WARN, "phones-lose-trust", "CallManager-trust");
	uc_plan_free(&plan);
	made_free(&root);
	made_free(&namesake);
	made_free(&peer);
	made_free(&stranger);
}

static void with_a_twin_of_the_same_key_nothing_breaks(void **state)
{
	struct site *s = *state;
	struct made root;
	struct made sub;
	set_up_chain(s, &root, &sub);
	struct made renewed =
	    make_cert(&(struct make){.subject = "CN=Root", .same_key = &root, .to = MAKE_NOW + 20 * MAKE_YEAR, .exts = MAKE_ROOT});
	upload_trust(s, "tomcat", MADE(&renewed));
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("tomcat", "Root"), NO_FILE, &plan);
	assert_found(&plan, UC_NOTE, "twin-stays", "tomcat-trust");
	assert_not_found(&plan, "chain-breaks");
	uc_plan_free(&plan);
	made_free(&root);
	made_free(&sub);
	made_free(&renewed);
}

static void an_entry_for_the_cluster_and_one_for_the_node_go_together(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&root));
	carry_out(s, "import-trust", json_pack("{s:s, s:s}", "store", "tomcat", "scope", "cluster"), uc_buf_slice(&file));
	carry_out(s, "import-trust", json_pack("{s:s, s:s}", "store", "tomcat", "scope", "node"), uc_buf_slice(&file));
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("tomcat", "Root"), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove,trust.remove");
	uc_plan_free(&plan);
	carry_out(s, "delete-trust", which("tomcat", "Root"), NO_FILE);
	assert_names(s, "tomcat-trust", "");
	made_free(&root);
}

/* Section 3: imports of CAPF-trust stay on their node, deletes reach every one (C97: it never comes back from another node). */
static void a_delete_from_CAPF_trust_reaches_every_node_X1_C97(void **state)
{
	struct site *s = *state;
	struct made maker = make_cert(&(struct make){.subject = "CN=Maker", .exts = MAKE_ROOT});
	struct made theirs = make_cert(&(struct make){.subject = "CN=Theirs", .exts = MAKE_ROOT});
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	upload_trust(s, "CAPF", MADE(&maker));
	be(s, &sub);
	upload_trust(s, "CAPF", MADE(&maker, &theirs));
	be(s, NULL);
	UC_CLEANUP(uc_freep) char *here = names_in(s, "CAPF-trust");
	assert_null(strstr(here, "Theirs.pem")); /* did not come over */
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("CAPF", "Maker"), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove,trust.remove");
	assert_found(&plan, UC_WARN, "trust-lost", "cucm-pub, cucm-sub");
	assert_reloads(&plan, "CAPF,CAPF@cucm-sub");
	uc_plan_free(&plan);
	carry_out(s, "delete-trust", which("CAPF", "Maker"), NO_FILE);
	/* What only another node has is deleted from here as well. */
	plan_ok(s, "delete-trust", which("CAPF", "Theirs"), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove");
	assert_string_equal(step_text(&plan, 0, "scope"), "cucm-sub");
	assert_reloads(&plan, "CAPF@cucm-sub"); /* this one has nothing to load anew */
	uc_plan_free(&plan);
	int64_t deleted = carry_out(s, "delete-trust", which("CAPF", "Theirs"), NO_FILE);
	plan_ok(s, "undo", json_pack("{s:I}", "number", (json_int_t)deleted), NO_FILE, &plan);
	assert_reloads(&plan, "CAPF@cucm-sub");
	uc_plan_free(&plan);
	struct uc_error e;
	UC_CLEANUP(uc_trusts_free) struct uc_trusts left = {.items = NULL};
	assert_ok(uc_store_trust(s->store, "CAPF-trust", NULL, "Maker", NULL, 10, &left, &e), e);
	assert_ok(uc_store_trust(s->store, "CAPF-trust", NULL, "Theirs", NULL, 10, &left, &e), e);
	assert_int_equal(left.count, 0);
	made_free(&maker);
	made_free(&theirs);
}

/* The others follow the scope of the entry. */
static void a_delete_from_a_store_of_each_node_is_that_nodes(void **state)
{
	struct site *s = *state;
	struct made gateway = make_cert(&(struct make){.subject = "CN=Gateway", .exts = MAKE_ROOT});
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	be(s, &sub);
	upload_trust(s, "ipsec", MADE(&gateway));
	be(s, NULL);
	assert_no_plan(s, "delete-trust", which("ipsec", "Gateway"), NO_FILE, UC_ENOTFOUND, "no-certificate");
	upload_trust(s, "ipsec", MADE(&gateway));
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("ipsec", "Gateway"), NO_FILE, &plan);
	assert_steps(&plan, "trust.remove");
	assert_string_equal(step_text(&plan, 0, "scope"), "cucm-pub");
	uc_plan_free(&plan);
	made_free(&gateway);
}

/* X1: the chains of every node are looked at, whichever node is asked. */
static void what_breaks_on_another_node_is_told_with_its_name_X1(void **state)
{
	struct site *s = *state;
	struct made root;
	struct made sub_ca;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	be(s, &sub);
	set_up_chain(s, &root, &sub_ca);
	be(s, NULL);
	struct uc_plan plan;
	plan_ok(s, "delete-trust", which("tomcat", "Root"), NO_FILE, &plan);
	assert_found(&plan, UC_DANGER, "chain-breaks", "tomcat-ECDSA certificate of cucm-sub");
	uc_plan_free(&plan);
	upload_trust(s, "CallManager", MADE(&root));
	plan_ok(s, "delete-trust", which("CallManager", "Root"), NO_FILE, &plan);
	assert_not_found(&plan, "chain-breaks"); /* vouches for nothing there */
	uc_plan_free(&plan);
	made_free(&root);
	made_free(&sub_ca);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(one_entry_goes_and_others_of_its_subject_stay_C87),
	    T(what_is_not_there_is_answered_with_names_like_it_C125),
	    T(an_identity_certificate_is_refused_but_its_copy_may_go_X1),
	    T(to_break_the_chain_of_something_in_use_is_dangerous_C127),
	    T(who_was_issued_by_it_is_named),
	    T(with_a_twin_of_the_same_key_nothing_breaks),
	    T(an_entry_for_the_cluster_and_one_for_the_node_go_together),
	    T(a_delete_from_CAPF_trust_reaches_every_node_X1_C97),
	    T(a_delete_from_a_store_of_each_node_is_that_nodes),
	    T(what_breaks_on_another_node_is_told_with_its_name_X1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
