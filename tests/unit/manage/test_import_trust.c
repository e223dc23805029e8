/* src/manage/import_trust.c: U1, uploads to trust stores, and the names that certificates get there. */
#include "site.h"

static json_t *to(const char *store)
{
	return json_pack("{s:s}", "store", store);
}

static void each_certificate_of_a_file_gets_its_own_entry_root_first_T4(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made sub = make_cert(&(struct make){.subject = "CN=Sub", .issuer = &root, .exts = MAKE_CA});
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf.example.com", .issuer = &sub, .exts = MAKE_LEAF("leaf.example.com")});
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &root, &sub));
	struct uc_plan plan;
	plan_ok(s, "import-trust", to("Tomcat"), uc_buf_slice(&file), &plan);
	assert_steps(&plan, "trust.add,trust.add,trust.add");
	assert_string_equal(step_text(&plan, 0, "name"), "Root.pem");
	assert_string_equal(step_text(&plan, 1, "name"), "Sub.pem");
	assert_string_equal(step_text(&plan, 2, "name"), "leaf.example.com.pem");
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(step_text(&plan, i, "store"), "tomcat-trust");
		assert_string_equal(step_text(&plan, i, "scope"), "cluster");
		assert_string_equal(step_text(&plan, i, "origin"), "upload");
	}
	assert_string_equal(plan.summary, "Upload 3 certificates to tomcat-trust");
	assert_true(follows(&plan, "reload", "Tomcat (HTTPS)") && follows(&plan, "backup", "backup"));
	uc_plan_free(&plan);
	made_free(&root);
	made_free(&sub);
	made_free(&leaf);
}

static void a_store_decides_where_an_import_counts(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&root));
	static const struct {
		const char *store, *wish, *scope;
	} rows[] = {{"tomcat", NULL, "cluster"},     {"tomcat", "node", "cucm-pub"}, {"ipsec", NULL, "cucm-pub"},
	            {"ipsec", "CLUSTER", "cluster"}, {"CAPF", NULL, "cucm-pub"},     {"CAPF", "node", "cucm-pub"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct uc_plan plan;
		plan_ok(s, "import-trust", json_pack("{s:s, s:s?}", "store", rows[i].store, "scope", rows[i].wish), uc_buf_slice(&file), &plan);
		assert_string_equal(step_text(&plan, 0, "scope"), rows[i].scope);
		bool everywhere = strcmp(rows[i].scope, UC_ALL_NODES) == 0;
		UC_CLEANUP(uc_freep)
		char *summary = uc_sprintf("Upload Root.pem to %s%s", step_text(&plan, 0, "store"), everywhere ? "" : " of cucm-pub");
		assert_string_equal(plan.summary, summary);
		uc_plan_free(&plan);
	}
	assert_no_plan(s, "import-trust", json_pack("{s:s, s:s}", "store", "CAPF", "scope", "cluster"), uc_buf_slice(&file), UC_EREFUSED,
	               "import-stays");
	assert_no_plan(s, "import-trust", json_pack("{s:s, s:s}", "store", "ipsec", "scope", "world"), uc_buf_slice(&file), UC_EINPUT,
	               "bad-scope");
	assert_no_plan(s, "import-trust", to("nowhere"), uc_buf_slice(&file), UC_ENOTFOUND, "no-store");
	assert_no_plan(s, "import-trust", json_object(), uc_buf_slice(&file), UC_EINPUT, "argument-missing");
	UC_CLEANUP(uc_freep) char *text = uc_sprintf("%0401d", 0);
	assert_no_plan(s, "import-trust", json_pack("{s:s, s:s}", "store", "ipsec", "description", text), uc_buf_slice(&file), UC_ELIMIT,
	               "description-long");
	assert_no_plan(s, "import-trust", json_pack("{s:s, s:i}", "store", "ipsec", "description", 7), uc_buf_slice(&file), UC_EINPUT,
	               "bad-argument");
	made_free(&root);
}

/* Requirements section 6. */
static void a_name_is_safe_whatever_the_subject_holds(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(uc_freep) char *longest = uc_sprintf("CN=%064d", 7);
	const struct {
		const char *subject, *name;
	} rows[] = {{"CN=plain.example.com", "plain.example.com.pem"},
	            {"CN=a/b\\c:d", "a_b_c_d.pem"},
	            {"CN=../../etc/passwd", "_._.._etc_passwd.pem"},
	            {"CN=M\xc3\xbcller GmbH", "M__ller_GmbH.pem"},
	            {"CN=.hidden", "_hidden.pem"},
	            {"CN=first,CN=last", "last.pem"},
	            {longest, NULL}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct made c = make_cert(&(struct make){.subject = rows[i].subject, .exts = MAKE_ROOT});
		UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&c));
		struct uc_plan plan;
		plan_ok(s, "import-trust", to("tomcat"), uc_buf_slice(&file), &plan);
		const char *name = step_text(&plan, 0, "name");
		if (rows[i].name != NULL) assert_string_equal(name, rows[i].name);
		assert_true(name[0] != '.' && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_@") == strlen(name));
		uc_plan_free(&plan);
		made_free(&c);
	}
}

static void without_a_common_name_it_is_called_by_the_hash_of_its_subject(void **state)
{
	struct site *s = *state;
	struct made c = make_cert(&(struct make){.subject = "O=Example Org", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%08x.pem", uc_name_hash(c.cert->subject));
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&c));
	struct uc_plan plan;
	plan_ok(s, "import-trust", to("tomcat"), uc_buf_slice(&file), &plan);
	assert_string_equal(step_text(&plan, 0, "name"), name);
	uc_plan_free(&plan);
	made_free(&c);
}

static void two_of_one_name_are_both_kept_and_told_apart_by_their_fingerprints_C86_C94(void **state)
{
	struct site *s = *state;
	struct made one = make_cert(&(struct make){.subject = "CN=Twin", .exts = MAKE_ROOT});
	struct made two = make_cert(&(struct make){.subject = "CN=Twin", .exts = MAKE_ROOT});
	struct made three = make_cert(&(struct make){.subject = "CN=Twin", .exts = MAKE_ROOT});
	upload_trust(s, "tomcat", MADE(&one));
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&two, &three));
	struct uc_plan plan;
	plan_ok(s, "import-trust", to("tomcat"), uc_buf_slice(&file), &plan);
	assert_found(&plan, UC_NOTE, "same-subject-new-key", "both are kept");
	uc_plan_free(&plan);
	carry_out(s, "import-trust", to("tomcat"), uc_buf_slice(&file));
	char first[9];
	char second[9];
	made_print(&two, first);
	made_print(&three, second);
	bool sorted = strcmp(first, second) < 0;
	UC_CLEANUP(uc_freep) char *names = uc_sprintf("Twin.pem,Twin_%s.pem,Twin_%s.pem", sorted ? first : second, sorted ? second : first);
	assert_names(s, "tomcat-trust", names);
	/* In another store the plain name is free. */
	upload_trust(s, "ipsec", MADE(&two));
	assert_names(s, "ipsec-trust", "Twin.pem");
	made_free(&one);
	made_free(&two);
	made_free(&three);
}

/* Somebody has uploaded a certificate whose own name is what the collision would make. */
static void a_name_that_a_collision_would_give_may_be_taken_too(void **state)
{
	struct site *s = *state;
	struct made one = make_cert(&(struct make){.subject = "CN=Twin", .exts = MAKE_ROOT});
	struct made two = make_cert(&(struct make){.subject = "CN=Twin", .exts = MAKE_ROOT});
	char print[9];
	UC_CLEANUP(uc_freep) char *subject = uc_sprintf("CN=Twin_%s", made_print(&two, print));
	struct made squatter = make_cert(&(struct make){.subject = subject, .exts = MAKE_ROOT});
	upload_trust(s, "tomcat", MADE(&one, &squatter));
	upload_trust(s, "tomcat", MADE(&two));
	char fp[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_freep) char *names = uc_sprintf("Twin.pem,Twin_%s.pem,Twin_%.16s.pem", print, uc_cert_fingerprint_hex(two.cert, fp));
	assert_names(s, "tomcat-trust", names);
	made_free(&one);
	made_free(&two);
	made_free(&squatter);
}

static void every_node_for_which_an_import_counts_has_something_to_load(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&root));
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &sub, false);
	join(s, &imp, false);
	be(s, &imp);
	struct uc_plan plan;
	static const struct {
		const char *store, *scope, *reloads;
	} rows[] = {
	    {"tomcat", NULL, "Tomcat (HTTPS)@cucm-pub,Tomcat (HTTPS)@cucm-sub,Tomcat (HTTPS)"},
	    {"tomcat", "node", "Tomcat (HTTPS)"},
	    {"CallManager", NULL, "CallManager@cucm-pub,CallManager@cucm-sub"}, /* a presence node does not have that store */
	    {"cup", NULL, "SIP Proxy,Presence Engine"},
	    {"ipsec", "cluster",
	     "DRS local agent@cucm-pub,DRS master agent@cucm-pub,DRS local agent@cucm-sub,DRS master agent@cucm-sub,DRS local agent,DRS master "
	     "agent"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		plan_ok(s, "import-trust", json_pack("{s:s, s:s?}", "store", rows[i].store, "scope", rows[i].scope), uc_buf_slice(&file), &plan);
		assert_reloads(&plan, rows[i].reloads);
		uc_plan_free(&plan);
	}
	made_free(&root);
}

static void the_same_certificate_again_is_told_and_changes_nothing(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made other = make_cert(&(struct make){.subject = "CN=Other", .exts = MAKE_ROOT});
	upload_trust(s, "tomcat", MADE(&root));
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&root));
	struct uc_plan plan;
	plan_ok(s, "import-trust", to("tomcat"), uc_buf_slice(&file), &plan);
	assert_true(uc_plan_empty(&plan));
	assert_found(&plan, UC_NOTE, "already-there", "Root");
	assert_int_equal(json_array_size(plan.followups), 0);
	uc_plan_free(&plan);
	/* Among new ones it is left out, and twice in a file is once. */
	UC_CLEANUP(uc_buf_free) struct uc_buf more = file_of(MADE(&other, &root, &other));
	plan_ok(s, "import-trust", to("tomcat"), uc_buf_slice(&more), &plan);
	assert_steps(&plan, "trust.add");
	assert_found(&plan, UC_NOTE, "repeated", "Other");
	uc_plan_free(&plan);
	/* For one node only it is another entry. */
	plan_ok(s, "import-trust", json_pack("{s:s, s:s}", "store", "tomcat", "scope", "node"), uc_buf_slice(&file), &plan);
	assert_steps(&plan, "trust.add");
	assert_string_equal(step_text(&plan, 0, "name"), "Root.pem");
	uc_plan_free(&plan);
	made_free(&root);
	made_free(&other);
}

static void a_renewed_and_a_cross_signed_certificate_are_called_so_and_kept_beside_the_old_one(void **state)
{
	struct site *s = *state;
	struct made old = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made renewed =
	    make_cert(&(struct make){.subject = "CN=Root", .same_key = &old, .to = MAKE_NOW + 20 * MAKE_YEAR, .exts = MAKE_ROOT});
	struct made other = make_cert(&(struct make){.subject = "CN=Other Root", .exts = MAKE_ROOT});
	struct made crossed = make_cert(&(struct make){.subject = "CN=Root", .same_key = &old, .issuer = &other, .exts = MAKE_CA});
	upload_trust(s, "tomcat", MADE(&old));
	const struct {
		const struct made *made;
		const char *code, *says;
	} rows[] = {{&renewed, "renewed", "renews"}, {&crossed, "cross-signed", "cross-signed"}};
	for (size_t i = 0; i < 2; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(rows[i].made));
		struct uc_plan plan;
		plan_ok(s, "import-trust", to("tomcat"), uc_buf_slice(&file), &plan);
		assert_found(&plan, UC_NOTE, rows[i].code, rows[i].says);
		assert_steps(&plan, "trust.add");
		uc_plan_free(&plan);
	}
	upload_trust(s, "tomcat", MADE(&renewed, &crossed));
	struct uc_error e;
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	assert_ok(uc_store_trust(s->store, "tomcat-trust", s->ctx.node, NULL, NULL, 100, &found, &e), e);
	assert_int_equal(found.count, 3);
	made_free(&old);
	made_free(&renewed);
	made_free(&other);
	made_free(&crossed);
}

static void one_fault_in_a_file_refuses_all_of_it_T3(void **state)
{
	struct site *s = *state;
	struct made good = make_cert(&(struct make){.subject = "CN=Good", .exts = MAKE_ROOT});
	struct made bad = make_cert(&(struct make){.subject = "CN=Bad", .raw_to = "G:20360101000000.5Z", .exts = MAKE_ROOT});
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&good, &bad));
	assert_refused(s, "import-trust", to("tomcat"), uc_buf_slice(&file), "bad-time", "20360101000000.5Z");
	assert_names(s, "tomcat-trust", "");
	made_free(&good);
	made_free(&bad);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(each_certificate_of_a_file_gets_its_own_entry_root_first_T4),
	    T(a_store_decides_where_an_import_counts),
	    T(a_name_is_safe_whatever_the_subject_holds),
	    T(without_a_common_name_it_is_called_by_the_hash_of_its_subject),
	    T(two_of_one_name_are_both_kept_and_told_apart_by_their_fingerprints_C86_C94),
	    T(a_name_that_a_collision_would_give_may_be_taken_too),
	    T(every_node_for_which_an_import_counts_has_something_to_load),
	    T(the_same_certificate_again_is_told_and_changes_nothing),
	    T(a_renewed_and_a_cross_signed_certificate_are_called_so_and_kept_beside_the_old_one),
	    T(one_fault_in_a_file_refuses_all_of_it_T3),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
