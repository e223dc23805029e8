/* src/manage/preview.c: what a step takes away and what it brings, side by side. */
#include "site.h"

#include "manage/preview.h"

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

/* A member of the preview of a step; "" when either is null. */
static const char *said(const json_t *steps, size_t step, const char *side, const char *member)
{
	return uc_json_member(json_object_get(json_array_get(steps, step), side), member);
}

static bool is_null(const json_t *steps, size_t step, const char *side)
{
	return json_is_null(json_object_get(json_array_get(steps, step), side));
}

/* The steps as people see them; release with json_decref(). */
static json_t *seen(struct site *s, const char *task, json_t *args, struct uc_slice file)
{
	struct uc_plan plan;
	plan_ok(s, task, args, file, &plan);
	json_t *json = uc_plan_json(&plan);
	json_t *steps = json_incref(json_object_get(json, "steps"));
	json_decref(json);
	uc_plan_free(&plan);
	return steps;
}

/* The steps of a change in the log as people see them. */
static json_t *logged(struct site *s, int64_t number)
{
	struct uc_error e;
	json_t *change = NULL;
	assert_ok(uc_log_get(s->store, number, &change, &e), e);
	json_t *steps = uc_preview_steps(json_object_get(change, "steps"));
	json_decref(change);
	return steps;
}

static const char *hash_in(const json_t *plan, char hash[65])
{
	snprintf(hash, 65, "%s", uc_json_member(plan, "plan"));
	return hash;
}

/* What is known of a certificate that is not made yet is what it then has; what is not known is null. */
static void a_preview_of_a_regeneration_tells_what_is_known_of_the_new_certificate(void **state)
{
	static const char *const same[] = {"common_name", "subject", "issuer", "type", "key_type", "not_before", "not_after", "distribution"};
	static const char *const unknown[] = {"fingerprint", "serial", "key_id"};
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("CallManager-ECDSA"), NO_FILE);
	struct uc_identity old = identity_of(s, "CallManager-ECDSA");
	json_t *args = json_pack("{s:s, s:s, s:i}", "purpose", "CallManager-ECDSA", "key", "ec-p521", "years", 3);
	json_t *before = seen(s, "cert-regen", json_incref(args), NO_FILE);
	json_t *after = logged(s, carry_out(s, "cert-regen", args, NO_FILE));
	assert_int_equal(json_array_size(before), 3); /* the identity, the old copy, the new one */
	char fp[UC_FINGERPRINT_HEX];
	assert_string_equal(said(before, 0, "before", "fingerprint"), uc_cert_fingerprint_hex(old.cert, fp));
	assert_string_equal(said(before, 0, "before", "key_id"), old.key_id);
	assert_string_equal(said(before, 0, "before", "key_type"), "EC P-384");
	assert_string_equal(said(before, 0, "after", "key_type"), "EC P-521");
	assert_string_equal(said(before, 0, "after", "not_after"), "2029-06-01T00:00:00Z");
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		assert_string_equal(said(before, 0, "after", same[i]), said(after, 0, "after", same[i]));
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
		assert_string_equal(said(before, 0, "after", unknown[i]), "");
		assert_string_not_equal(said(after, 0, "after", unknown[i]), "");
	}
	const json_t *sans = json_object_get(json_object_get(json_array_get(before, 0), "after"), "subject_alt_names");
	assert_true(json_equal(sans, json_object_get(json_object_get(json_array_get(after, 0), "after"), "subject_alt_names")));
	assert_int_equal(json_array_size(sans), 2);
	/* The copies: the old one goes, the new one comes, for the cluster. */
	assert_string_equal(said(before, 1, "before", "fingerprint"), fp);
	assert_true(is_null(before, 1, "after") && is_null(before, 2, "before"));
	assert_string_equal(said(before, 2, "after", "distribution"), "cluster");
	assert_string_equal(said(before, 2, "after", "key_type"), "EC P-521");
	assert_string_equal(said(after, 2, "after", "fingerprint"), said(after, 0, "after", "fingerprint"));
	json_decref(before);
	json_decref(after);
	uc_identity_free(&old);
}

static void a_name_that_is_made_anew_is_not_shown_before_it_is_made(void **state)
{
	struct site *s = *state;
	json_t *steps = seen(s, "cert-regen", purpose("CAPF"), NO_FILE);
	assert_true(is_null(steps, 0, "before"));
	assert_string_equal(said(steps, 0, "after", "common_name"), "");
	assert_string_equal(said(steps, 0, "after", "issuer"), "");
	assert_string_equal(said(steps, 0, "after", "key_type"), "RSA 2048");
	json_decref(steps);
	steps = seen(s, "csr-gen", purpose("CAPF"), NO_FILE);
	assert_string_equal(said(steps, 0, "after", "subject"), "");
	json_decref(steps);
	steps = seen(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "CAPF", "common_name", "CAPF-mine"), NO_FILE);
	assert_string_equal(said(steps, 0, "after", "common_name"), "CAPF-mine");
	json_decref(steps);
}

static void a_request_shows_what_it_will_ask_for_and_what_it_replaces_C1(void **state)
{
	static const char *const members[] = {"common_name", "subject",   "subject_alt_names",  "key_type",
	                                      "hash",        "key_usage", "extended_key_usage", "distribution"};
	struct site *s = *state;
	request_csr(s, "tomcat-ECDSA");
	json_t *args = json_pack("{s:s, s:s, s:s, s:[s], s:s, s:s}", "purpose", "tomcat-ECDSA", "key", "ec-p521", "hash", "sha512",
	                         "subject_alt_names", "alias.example.com", "organization", "Example", "country", "DE");
	json_t *before = seen(s, "csr-gen", json_incref(args), NO_FILE);
	json_t *after = logged(s, carry_out(s, "csr-gen", args, NO_FILE));
	const json_t *expected = json_object_get(json_array_get(before, 0), "after");
	const json_t *made = json_object_get(json_array_get(after, 0), "after");
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (!json_equal(json_object_get(expected, members[i]), json_object_get(made, members[i]))) fail_msg("%s differs", members[i]);
	assert_string_equal(uc_json_member(expected, "hash"), "sha512");
	assert_string_equal(uc_json_member(expected, "key_type"), "EC P-521");
	assert_non_null(strstr(uc_json_member(expected, "subject"), "O=Example"));
	assert_true(json_is_null(json_object_get(expected, "key_id")));
	assert_string_equal(said(before, 0, "before", "key_type"), "EC P-384");
	assert_string_equal(said(before, 0, "before", "distribution"), "node");
	json_decref(before);
	json_decref(after);
	json_t *gone = seen(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE);
	assert_string_equal(said(gone, 0, "before", "key_type"), "EC P-521");
	assert_true(is_null(gone, 0, "after"));
	json_decref(gone);
}

static void an_upload_shows_the_certificates_of_the_file(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	request_csr(s, "tomcat-ECDSA");
	struct made leaf = answer_to(s, "tomcat-ECDSA", &root);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &root));
	json_t *steps = seen(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	static const char *const types[] = {"trust.add", "identity.set", "csr.remove", "trust.remove"};
	assert_int_equal(json_array_size(steps), 4);
	for (size_t i = 0; i < 4; i++) assert_string_equal(uc_json_member(json_array_get(steps, i), "type"), types[i]);
	assert_string_equal(said(steps, 0, "after", "common_name"), "Root");
	assert_string_equal(said(steps, 0, "after", "type"), "self-signed");
	assert_string_equal(said(steps, 0, "after", "distribution"), "cluster");
	assert_string_equal(said(steps, 1, "before", "type"), "self-signed");
	assert_string_equal(said(steps, 1, "after", "type"), "ca-signed");
	assert_string_equal(said(steps, 1, "after", "issuer"), "CN=Root");
	assert_string_equal(said(steps, 1, "after", "distribution"), "cucm-pub");
	assert_string_equal(said(steps, 2, "before", "key_id"), said(steps, 1, "after", "key_id"));
	assert_string_equal(said(steps, 3, "before", "fingerprint"), said(steps, 1, "before", "fingerprint"));
	json_decref(steps);
	/* Undo: the same the other way round. */
	int64_t number = carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	json_t *done = logged(s, number);
	json_t *undo = seen(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE);
	assert_string_equal(said(undo, 2, "before", "fingerprint"), said(done, 1, "after", "fingerprint"));
	assert_string_equal(said(undo, 2, "after", "fingerprint"), said(done, 1, "before", "fingerprint"));
	json_decref(done);
	json_decref(undo);
	made_free(&leaf);
	made_free(&root);
}

static void a_multi_server_certificate_is_called_so(void **state)
{
	(void)state;
	struct made leaf = make_cert(&(struct make){.subject = "CN=all", .exts = MAKE_LEAF("all.example.com")});
	json_t *step = json_pack("{s:s, s:s, s:o, s:s, s:s, s:n}", "type", "identity.set", "node", "cucm-sub", "certificate",
	                         uc_cert_json(leaf.cert), "source", "ca-signed", "distribution", "multi-server", "before");
	json_t *out = json_object();
	uc_preview_step(step, out);
	assert_string_equal(uc_json_member(json_object_get(out, "after"), "distribution"), "multi-server");
	assert_string_equal(uc_json_member(json_object_get(out, "after"), "type"), "ca-signed");
	assert_true(json_is_null(json_object_get(out, "before")));
	json_decref(out);
	json_decref(step);
	made_free(&leaf);
}

/* The log holds steps of older programs, and of types that are about no certificate. */
static void steps_without_a_certificate_or_with_one_that_cannot_be_read_have_no_preview(void **state)
{
	(void)state;
	static const char *const steps[] = {"{}",
	                                    "{\"type\":\"key.purge\",\"key\":\"00\"}",
	                                    "{\"type\":\"node.set\",\"before\":{\"certificate\":\"MAA=\"}}",
	                                    "{\"type\":\"identity.set\",\"before\":{\"certificate\":\"!\"},\"certificate\":\"MAA=\"}",
	                                    "{\"type\":\"trust.add\",\"certificate\":7}",
	                                    "{\"type\":\"csr.set\",\"request\":\"MAA=\",\"before\":\"x\"}",
	                                    "{\"type\":\"identity.remove\"}"};
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		json_t *step = json_loads(steps[i], 0, NULL);
		json_t *out = json_object();
		assert_non_null(step);
		uc_preview_step(step, out);
		assert_int_equal(json_object_size(out), 2);
		assert_true(json_is_null(json_object_get(out, "before")) && json_is_null(json_object_get(out, "after")));
		json_decref(out);
		json_decref(step);
	}
}

static void only_the_first_steps_of_thousands_are_decoded(void **state)
{
	(void)state;
	struct made c = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	json_t *steps = json_array();
	for (size_t i = 0; i < UC_PREVIEW_STEPS + 5; i++)
		json_array_append_new(steps, json_pack("{s:s, s:s, s:s, s:o}", "type", "trust.add", "text", "Add it", "scope", "cluster",
		                                       "certificate", uc_cert_json(c.cert)));
	json_t *out = uc_preview_steps(steps);
	assert_int_equal(json_array_size(out), UC_PREVIEW_STEPS + 5);
	for (size_t i = 0; i < UC_PREVIEW_STEPS + 5; i++) {
		assert_int_equal(json_object_size(json_array_get(out, i)), 4);
		assert_int_equal(is_null(out, i, "after"), i >= UC_PREVIEW_STEPS);
		assert_true(is_null(out, i, "before"));
	}
	json_decref(out);
	json_decref(steps);
	made_free(&c);
}

/* A plan that was agreed to is compared with the one that is made with the keys: what is shown of it must not count. */
static void what_is_shown_is_no_part_of_the_hash_and_never_in_the_log(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	char one[65];
	char other[65];
	plan_ok(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE, &plan);
	json_t *json = uc_plan_json(&plan);
	hash_in(json, one);
	json_object_del(json_array_get(plan.steps, 0), UC_STEP_EXPECTED);
	json_t *without = uc_plan_json(&plan);
	assert_string_equal(hash_in(without, other), one);
	assert_true(is_null(json_object_get(without, "steps"), 0, "after"));
	json_decref(json);
	json_decref(without);
	uc_plan_free(&plan);
	struct uc_error e;
	json_t *change = NULL;
	assert_ok(uc_log_get(s->store, carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE), &change, &e), e);
	UC_CLEANUP(uc_freep) char *text = json_dumps(change, JSON_COMPACT);
	assert_null(strstr(text, UC_STEP_EXPECTED));
	json_decref(change);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_preview_of_a_regeneration_tells_what_is_known_of_the_new_certificate),
	    T(a_name_that_is_made_anew_is_not_shown_before_it_is_made),
	    T(a_request_shows_what_it_will_ask_for_and_what_it_replaces_C1),
	    T(an_upload_shows_the_certificates_of_the_file),
	    T(a_multi_server_certificate_is_called_so),
	    T(steps_without_a_certificate_or_with_one_that_cannot_be_read_have_no_preview),
	    T(only_the_first_steps_of_thousands_are_decoded),
	    T(what_is_shown_is_no_part_of_the_hash_and_never_in_the_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
