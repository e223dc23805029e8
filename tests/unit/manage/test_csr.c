/* src/manage/csr.c: C1, requests and what they ask for. */
#include "site.h"

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

/* The pending request's names, sorted, with commas. Free with free(). */
static char *pending_names(struct site *s, const char *name, char **cn)
{
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, s->ctx.node, name, &r, &e), e);
	struct uc_csr csr;
	assert_ok(uc_csr_read(uc_buf_slice(&r.der), &csr, &e), e);
	if (cn != NULL) *cn = uc_name_cn(csr.subject);
	uc_strv_sort_unique(&csr.sans);
	char *list = uc_strv_join(&csr.sans, ",");
	uc_csr_free(&csr);
	return list;
}

static void a_request_has_a_key_of_its_own_and_touches_no_certificate_C29(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity before = identity_of(s, "tomcat-ECDSA");
	request_csr(s, "tomcat-ECDSA");
	struct uc_identity after = identity_of(s, "tomcat-ECDSA");
	assert_string_equal(before.key_id, after.key_id);
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, s->ctx.node, "tomcat-ECDSA", &r, &e), e);
	assert_string_not_equal(r.key_id, after.key_id);
	assert_true(uc_keys_has(s->keys, r.key_id));
	assert_int_equal(r.created, MAKE_NOW);
	assert_string_equal(r.distribution, "node");
	uc_identity_free(&before);
	uc_identity_free(&after);
}

static void names_are_gathered_made_alike_and_each_stands_once_C46_C50_C51(void **state)
{
	struct site *s = *state;
	json_t *args = json_pack("{s:s, s:[s,s,s,s,s,s], s:s}", "purpose", "tomcat-ECDSA", "subject_alt_names", "CUCM-PUB.example.com",
	                         "b\xc3\xbc"
	                         "cher.example.com",
	                         "192.0.2.7", "DNS:b.example.com", "b.example.com", "*.example.com", "parent_domain", "example.com");
	carry_out(s, "csr-gen", args, NO_FILE);
	UC_CLEANUP(uc_freep) char *cn = NULL;
	UC_CLEANUP(uc_freep) char *names = pending_names(s, "tomcat-ECDSA", &cn);
	assert_string_equal(
	    names, "DNS:*.example.com,DNS:b.example.com,DNS:cucm-pub.example.com,DNS:example.com,DNS:xn--bcher-kva.example.com,IP:192.0.2.7");
	assert_string_equal(cn, "cucm-pub-EC.example.com");
}

static void one_certificate_for_all_nodes_is_named_after_the_domain(void **state)
{
	struct site *s = *state;
	carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	UC_CLEANUP(uc_freep) char *cn = NULL;
	UC_CLEANUP(uc_freep) char *names = pending_names(s, "tomcat-ECDSA", &cn);
	assert_string_equal(cn, "cucm-pub-EC-ms.example.com");
	assert_string_equal(names, "DNS:cucm-pub.example.com,DNS:example.com");
	carry_out(s, "csr-gen",
	          json_pack("{s:s, s:s, s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "Multi-Server", "parent_domain", "",
	                    "common_name", "all.example.com"),
	          NO_FILE);
	UC_CLEANUP(uc_freep) char *other_cn = NULL;
	UC_CLEANUP(uc_freep) char *fewer = pending_names(s, "tomcat-ECDSA", &other_cn);
	assert_string_equal(other_cn, "all.example.com");
	assert_string_equal(fewer, "DNS:cucm-pub.example.com");
	assert_no_plan(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "TVS", "distribution", "multi-server"), NO_FILE, UC_EREFUSED,
	               "not-multi-server");
	assert_no_plan(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "TVS", "distribution", "some"), NO_FILE, UC_EINPUT, "bad-distribution");
}

static void a_new_request_replaces_the_pending_one_after_a_warning_C1(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	plan_ok(s, "csr-gen", purpose("tomcat-ECDSA"), NO_FILE, &plan);
	assert_int_equal(plan.findings.count, 0);
	assert_steps(&plan, "csr.set");
	uc_plan_free(&plan);
	request_csr(s, "tomcat-ECDSA");
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request old = {.node = NULL};
	assert_ok(uc_store_request(s->store, s->ctx.node, "tomcat-ECDSA", &old, &e), e);
	plan_ok(s, "csr-gen", purpose("tomcat-ECDSA"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "replaces-csr", "2026-06-01T00:00:00Z");
	const json_t *before = json_object_get(json_array_get(plan.steps, 0), "before");
	assert_string_equal(json_string_value(json_object_get(before, "key")), old.key_id);
	uc_plan_free(&plan);
}

static void a_request_that_no_CA_could_sign_is_found_in_the_preview_before_a_key_is_made(void **state)
{
	struct site *s = *state;
	size_t keys = uc_test_dir_count(s->dir);
	static const struct {
		const char *member, *value;
	} wrong[] = {{"country", "Germany"}, {"country", "D1"}};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct uc_plan plan;
		struct uc_error e;
		enum uc_status status =
		    preview(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", wrong[i].member, wrong[i].value), NO_FILE, &plan, &e);
		assert_int_equal(status, UC_EINPUT);
		assert_string_equal(e.field, wrong[i].member);
		uc_plan_free(&plan);
	}
	static const char *const hosts[] = {"a..example.com", "-a.example.com", "a b", ""};
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		struct uc_plan plan;
		struct uc_error e;
		enum uc_status status =
		    preview(s, "csr-gen", json_pack("{s:s, s:[s]}", "purpose", "tomcat-ECDSA", "subject_alt_names", hosts[i]), NO_FILE, &plan, &e);
		assert_int_equal(status, UC_EINPUT);
		uc_plan_free(&plan);
	}
	assert_no_plan(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "subject_alt_names", "x"), NO_FILE, UC_EINPUT,
	               "bad-argument");
	assert_no_plan(s, "csr-gen", json_pack("{s:s, s:[i]}", "purpose", "tomcat-ECDSA", "subject_alt_names", 7), NO_FILE, UC_EINPUT,
	               "bad-argument");
	assert_no_plan(s, "csr-gen", purpose("ITLRecovery"), NO_FILE, UC_EREFUSED, "not-requestable");
	assert_no_plan(s, "csr-gen", purpose("cup"), NO_FILE, UC_EREFUSED, "purpose-not-here");
	assert_int_equal(uc_test_dir_count(s->dir), keys);
}

static void a_thousand_further_names_are_the_limit_C55(void **state)
{
	struct site *s = *state;
	json_t *names = json_array();
	for (int i = 0; i < 1000; i++) json_array_append_new(names, json_sprintf("h%d.example.com", i));
	struct uc_plan plan;
	plan_ok(s, "csr-gen", json_pack("{s:s, s:O}", "purpose", "tomcat-ECDSA", "subject_alt_names", names), NO_FILE, &plan);
	uc_plan_free(&plan);
	json_array_append_new(names, json_string("one-more.example.com"));
	assert_no_plan(s, "csr-gen", json_pack("{s:s, s:o}", "purpose", "tomcat-ECDSA", "subject_alt_names", names), NO_FILE, UC_ELIMIT,
	               "too-many-names");
}

static void the_CAPF_request_asks_for_a_CA_that_issues_leaves_only(void **state)
{
	struct site *s = *state;
	request_csr(s, "CAPF");
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, s->ctx.node, "CAPF", &r, &e), e);
	/* basicConstraints, critical, CA:TRUE, pathlen:0; serverAuth */
	static const uint8_t constraints[] = {0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04,
	                                      0x08, 0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00};
	static const uint8_t server[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
	assert_non_null(memmem(r.der.ptr, r.der.len, constraints, sizeof constraints));
	assert_non_null(memmem(r.der.ptr, r.der.len, server, sizeof server));
}

static void a_deleted_request_can_no_longer_be_answered_and_says_so_before(void **state)
{
	struct site *s = *state;
	assert_no_plan(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE, UC_ENOTFOUND, "no-csr");
	request_csr(s, "tomcat-ECDSA");
	struct uc_plan plan;
	plan_ok(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE, &plan);
	assert_steps(&plan, "csr.remove");
	assert_found(&plan, UC_WARN, "csr-lost", "tomcat-ECDSA");
	uc_plan_free(&plan);
	carry_out(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE);
	assert_no_plan(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE, UC_ENOTFOUND, "no-csr");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_request_has_a_key_of_its_own_and_touches_no_certificate_C29),
	    T(names_are_gathered_made_alike_and_each_stands_once_C46_C50_C51),
	    T(one_certificate_for_all_nodes_is_named_after_the_domain),
	    T(a_new_request_replaces_the_pending_one_after_a_warning_C1),
	    T(a_request_that_no_CA_could_sign_is_found_in_the_preview_before_a_key_is_made),
	    T(a_thousand_further_names_are_the_limit_C55),
	    T(the_CAPF_request_asks_for_a_CA_that_issues_leaves_only),
	    T(a_deleted_request_can_no_longer_be_answered_and_says_so_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
