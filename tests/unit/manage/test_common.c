/* src/manage/common.c, task.c: arguments, the table of tasks, candidates for paths, common names. */
#include "site.h"

static void the_table_has_every_task_and_no_other(void **state)
{
	(void)state;
	static const char *const names[] = {"install",      "cert-regen",   "csr-gen", "csr-delete", "import-own",
	                                    "import-trust", "delete-trust", "undo",    "key-purge",  "account-password"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct uc_error e;
		const struct uc_task *task = NULL;
		assert_ok(uc_task_find(names[i], &task, &e), e);
		assert_string_equal(task->name, names[i]);
		assert_non_null(task->plan);
	}
	struct uc_error e;
	const struct uc_task *task = NULL;
	assert_fails(uc_task_find("Install", &task, &e), e, UC_ENOTFOUND, "no-task");
	assert_fails(uc_task_find("", &task, &e), e, UC_ENOTFOUND, "no-task");
}

static void an_argument_is_a_text_null_or_not_there(void **state)
{
	(void)state;
	json_t *args = json_pack("{s:s, s:s, s:n, s:i, s:[]}", "text", "x", "empty", "", "null", "number", 7, "list");
	struct uc_task_request req = {.args = args};
	struct uc_error e;
	const char *out = "?";
	assert_ok(uc_arg_text(&req, "text", &out, &e), e);
	assert_string_equal(out, "x");
	assert_ok(uc_arg_text(&req, "null", &out, &e), e);
	assert_null(out);
	assert_ok(uc_arg_text(&req, "absent", &out, &e), e);
	assert_null(out);
	assert_fails(uc_arg_text(&req, "number", &out, &e), e, UC_EINPUT, "bad-argument");
	assert_string_equal(e.field, "number");
	assert_fails(uc_arg_text(&req, "list", &out, &e), e, UC_EINPUT, "bad-argument");
	static const char *const missing[] = {"empty", "null", "absent"};
	for (size_t i = 0; i < 3; i++) {
		assert_fails(uc_arg_need(&req, missing[i], &out, &e), e, UC_EINPUT, "argument-missing");
		assert_string_equal(e.field, missing[i]);
	}
	json_decref(args);
}

static void common_names_follow_the_pattern_of_the_catalogue(void **state)
{
	struct site *s = *state;
	static const struct {
		const char *pattern, *name;
	} rows[] = {{"%f", "cucm-pub.example.com"},
	            {"%h-EC.%d", "cucm-pub-EC.example.com"},
	            {"ITLRECOVERY_%h", "ITLRECOVERY_cucm-pub"},
	            {"plain", "plain"},
	            {"", ""}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_freep) char *name = uc_pattern_name(&s->ctx, rows[i].pattern);
		assert_string_equal(name, rows[i].name);
	}
	UC_CLEANUP(uc_freep) char *one = uc_pattern_name(&s->ctx, "CAPF-%r");
	UC_CLEANUP(uc_freep) char *two = uc_pattern_name(&s->ctx, "CAPF-%r");
	assert_int_equal(strlen(one), strlen("CAPF-") + 8);
	assert_int_equal(strspn(one + 5, "0123456789abcdef"), 8);
	assert_string_not_equal(one, two);
	s->ctx.domain = "";
	UC_CLEANUP(uc_freep) char *bare = uc_pattern_name(&s->ctx, "%h-EC.%d");
	assert_string_equal(bare, "cucm-pub-EC");
}

static void a_common_name_keeps_to_the_64_characters_of_X_520(void **state)
{
	struct site *s = *state;
	s->ctx.fqdn = "a-host-name-that-is-quite-long.in-a-domain-that-is-even-longer-than-that.example.com";
	struct uc_error e;
	const struct uc_purpose *tomcat = NULL;
	assert_ok(uc_purpose_find("tomcat", &tomcat, &e), e);
	UC_CLEANUP(uc_purpose_profile_free) struct uc_purpose_profile p = {.common_name = NULL};
	assert_ok(uc_profile_self(&s->ctx, tomcat, uc_key_spec_find("rsa-2048"), 0, &p, &e), e);
	assert_int_equal(strlen(p.common_name), 64);
	UC_CLEANUP(uc_freep) char *whole = uc_sprintf("DNS:%s", s->ctx.fqdn);
	assert_true(uc_strv_has(&p.sans, whole));
}

static void candidates_are_the_issuers_of_issuers_that_the_store_has_and_only_those_C86(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made namesake = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made sub = make_cert(&(struct make){.subject = "CN=Sub", .issuer = &root, .exts = MAKE_CA});
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &sub, .exts = MAKE_LEAF("leaf.example.com")});
	struct made unrelated = make_cert(&(struct make){.subject = "CN=Unrelated", .exts = MAKE_ROOT});
	upload_trust(s, "tomcat", MADE(&root, &sub, &unrelated));
	upload_trust(s, "tomcat", MADE(&namesake));
	upload_trust(s, "ipsec", MADE(&unrelated));
	struct uc_error e;
	UC_CLEANUP(uc_certs_free) struct uc_certs from = made_list(MADE(&leaf));
	UC_CLEANUP(uc_certs_free) struct uc_certs intermediates = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs anchors = {.items = NULL};
	assert_ok(uc_pool_gather(s->store, "tomcat-trust", s->ctx.node, &from, &intermediates, &anchors, &e), e);
	assert_int_equal(intermediates.count, 1);
	assert_true(uc_cert_eq(intermediates.items[0], sub.cert));
	assert_int_equal(anchors.count, 2); /* both of the name: the path is to choose by key */
	assert_true(uc_certs_find(&anchors, root.cert->fingerprint) >= 0 && uc_certs_find(&anchors, namesake.cert->fingerprint) >= 0);
	UC_CLEANUP(uc_certs_free) struct uc_certs nothing = {.items = NULL};
	assert_ok(uc_pool_gather(s->store, "ipsec-trust", s->ctx.node, &from, &nothing, &nothing, &e), e);
	assert_int_equal(nothing.count, 0);
	made_free(&root);
	made_free(&namesake);
	made_free(&sub);
	made_free(&leaf);
	made_free(&unrelated);
}

/* Two CAs that have signed each other must not be gathered for ever. */
static void a_circle_of_cross_signatures_ends(void **state)
{
	struct site *s = *state;
	struct made a = make_cert(&(struct make){.subject = "CN=A", .exts = MAKE_ROOT});
	struct made b = make_cert(&(struct make){.subject = "CN=B", .exts = MAKE_ROOT});
	struct made a_by_b = make_cert(&(struct make){.subject = "CN=A", .same_key = &a, .issuer = &b, .exts = MAKE_CA});
	struct made b_by_a = make_cert(&(struct make){.subject = "CN=B", .same_key = &b, .issuer = &a, .exts = MAKE_CA});
	struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &a_by_b, .exts = MAKE_LEAF("leaf.example.com")});
	upload_trust(s, "tomcat", MADE(&a_by_b, &b_by_a));
	struct uc_error e;
	UC_CLEANUP(uc_certs_free) struct uc_certs from = made_list(MADE(&leaf));
	UC_CLEANUP(uc_certs_free) struct uc_certs intermediates = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs anchors = {.items = NULL};
	assert_ok(uc_pool_gather(s->store, "tomcat-trust", s->ctx.node, &from, &intermediates, &anchors, &e), e);
	assert_int_equal(intermediates.count, 2);
	assert_int_equal(anchors.count, 0);
	made_free(&a);
	made_free(&b);
	made_free(&a_by_b);
	made_free(&b_by_a);
	made_free(&leaf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(the_table_has_every_task_and_no_other),
	    T(an_argument_is_a_text_null_or_not_there),
	    T(common_names_follow_the_pattern_of_the_catalogue),
	    T(a_common_name_keeps_to_the_64_characters_of_X_520),
	    T(candidates_are_the_issuers_of_issuers_that_the_store_has_and_only_those_C86),
	    T(a_circle_of_cross_signatures_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
