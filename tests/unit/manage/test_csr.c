/* src/manage/csr.c: C1, requests and what they ask for. */
#include "site.h"

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

/* The pending request's names, sorted, with commas. Free with free(). */
static char *names_asked_by(struct site *s, const char *node, const char *name, char **cn)
{
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, node, name, &r, &e), e);
	struct uc_csr csr;
	assert_ok(uc_csr_read(uc_buf_slice(&r.der), &csr, &e), e);
	if (cn != NULL) *cn = uc_name_cn(csr.subject);
	uc_strv_sort_unique(&csr.sans);
	char *list = uc_strv_join(&csr.sans, ",");
	uc_csr_free(&csr);
	return list;
}

static char *pending_names(struct site *s, const char *name, char **cn)
{
	return names_asked_by(s, s->ctx.node, name, cn);
}

static json_t *multi(const char *name)
{
	return json_pack("{s:s, s:s}", "purpose", name, "distribution", "multi-server");
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
	carry_out(s, "csr-gen", multi("tomcat-ECDSA"), NO_FILE);
	UC_CLEANUP(uc_freep) char *cn = NULL;
	UC_CLEANUP(uc_freep) char *names = names_asked_by(s, UC_ALL_NODES, "tomcat-ECDSA", &cn);
	assert_string_equal(cn, "cucm-pub-EC-ms.example.com");
	assert_string_equal(names, "DNS:cucm-pub.example.com,DNS:example.com");
	carry_out(s, "csr-gen",
	          json_pack("{s:s, s:s, s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "Multi-Server", "parent_domain", "",
	                    "common_name", "all.example.com"),
	          NO_FILE);
	UC_CLEANUP(uc_freep) char *other_cn = NULL;
	UC_CLEANUP(uc_freep) char *fewer = names_asked_by(s, UC_ALL_NODES, "tomcat-ECDSA", &other_cn);
	assert_string_equal(other_cn, "all.example.com");
	assert_string_equal(fewer, "DNS:cucm-pub.example.com");
}

/* Section 2 of the requirements: these have a certificate per node, and nothing else. */
static void purposes_that_no_two_nodes_share_are_refused(void **state)
{
	struct site *s = *state;
	static const char *const names[] = {"TVS", "ipsec", "CAPF"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_no_plan(s, "csr-gen", multi(names[i]), NO_FILE, UC_EREFUSED, "not-multi-server");
	s->ctx.roles = UC_NODE_PRESENCE;
	assert_no_plan(s, "csr-gen", multi("cup"), NO_FILE, UC_EREFUSED, "not-multi-server");
	assert_no_plan(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "cup", "distribution", "some"), NO_FILE, UC_EINPUT, "bad-distribution");
}

static void a_request_for_all_nodes_names_each_that_has_the_purpose_and_its_key_goes_to_them(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_plan plan;
	plan_ok(s, "csr-gen", multi("tomcat-ECDSA"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "single-node-cluster", "cucm-pub");
	uc_plan_free(&plan);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &imp, false);
	join(s, &sub, false);

	plan_ok(s, "csr-gen", multi("tomcat-ECDSA"), NO_FILE, &plan);
	assert_steps(&plan, "csr.set,key.seal");
	assert_not_found(&plan, "single-node-cluster");
	assert_string_equal(step_text(&plan, 0, "node"), UC_ALL_NODES);
	assert_string_equal(step_text(&plan, 1, "text"), "Seal the new tomcat-ECDSA key to cucm-pub, cucm-sub, imp-a");
	uc_plan_free(&plan);
	carry_out(s, "csr-gen", multi("tomcat-ECDSA"), NO_FILE);
	UC_CLEANUP(uc_freep) char *names = names_asked_by(s, UC_ALL_NODES, "tomcat-ECDSA", NULL);
	assert_string_equal(names, "DNS:cucm-pub.example.com,DNS:cucm-sub.example.com,DNS:example.com,DNS:imp-a.example.com");
	/* The voice nodes alone have CallManager. */
	carry_out(s, "csr-gen", multi("CallManager-ECDSA"), NO_FILE);
	UC_CLEANUP(uc_freep) char *voice = names_asked_by(s, UC_ALL_NODES, "CallManager-ECDSA", NULL);
	assert_string_equal(voice, "DNS:cucm-pub.example.com,DNS:cucm-sub.example.com,DNS:example.com");
	assert_sealed_to(s, "CallManager-ECDSA", "cucm-pub,cucm-sub");
	assert_true(can_open(s, sub.keys, "CallManager-ECDSA"));
	assert_false(can_open(s, imp.keys, "CallManager-ECDSA"));
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, UC_ALL_NODES, "CallManager-ECDSA", &r, &e), e);
	take_keys(s, &sub);
	assert_true(uc_keys_has(sub.keys, r.key_id));
}

/* One request per node and type, and one for all. */
static void the_request_of_a_node_and_the_one_for_all_do_not_replace_each_other_C1(void **state)
{
	struct site *s = *state;
	request_csr(s, "tomcat-ECDSA");
	struct uc_plan plan;
	plan_ok(s, "csr-gen", multi("tomcat-ECDSA"), NO_FILE, &plan);
	assert_not_found(&plan, "replaces-csr");
	assert_found(&plan, UC_NOTE, "other-csr-stays", "CSR of tomcat-ECDSA on cucm-pub stays");
	uc_plan_free(&plan);
	carry_out(s, "csr-gen", multi("tomcat-ECDSA"), NO_FILE);
	plan_ok(s, "csr-gen", multi("tomcat-ECDSA"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "replaces-csr", "multi-server CSR of tomcat-ECDSA");
	uc_plan_free(&plan);
	plan_ok(s, "csr-gen", purpose("tomcat-ECDSA"), NO_FILE, &plan);
	assert_found(&plan, UC_NOTE, "other-csr-stays", "multi-server CSR");
	uc_plan_free(&plan);
	/* Deleting: the one that is named, else the node's own, else the only one. */
	plan_ok(s, "csr-delete", multi("tomcat-ECDSA"), NO_FILE, &plan);
	assert_string_equal(step_text(&plan, 0, "node"), UC_ALL_NODES);
	uc_plan_free(&plan);
	carry_out(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE);
	assert_no_plan(s, "csr-delete", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "node"), NO_FILE, UC_ENOTFOUND,
	               "no-csr");
	carry_out(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE);
	assert_no_plan(s, "csr-delete", multi("tomcat-ECDSA"), NO_FILE, UC_ENOTFOUND, "no-csr");
	assert_no_plan(s, "csr-delete", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "some"), NO_FILE, UC_EINPUT,
	               "bad-distribution");
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

#define TEN "0123456789"
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* Issue 4: an error is shown at the field at fault. */
static void what_is_wrong_is_named_by_its_argument_and_its_value(void **state)
{
	struct site *s = *state;
	static const struct {
		const char *argument, *value, *id;
	} rows[] = {
	    {"common_name", "a\x01", "bad-subject"},
	    {"country", "de", "bad-subject"},
	    {"parent_domain", "a..b", "bad-name"},
	    {"parent_domain", "IP:1.2.3", "bad-name"},
	    {"key", "rsa-1024", "bad-key-kind"},
	    {"key", "rsa-2048", "key-family"},
	    {"hash", "md5", "bad-hash"},
	    {"hash", "sha256", "hash-too-weak"},
	    {"distribution", "some", "bad-distribution"},
	    {"purpose", "tomkat", "no-purpose"},
	    {"purpose", "authz", "not-requestable"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *args = purpose("tomcat-ECDSA");
		json_object_set_new(args, rows[i].argument, json_string(rows[i].value));
		const char *said = strcmp(rows[i].id, "key-family") == 0    ? "RSA 2048"
		                   : strcmp(rows[i].value, "IP:1.2.3") == 0 ? "1.2.3"
		                   : rows[i].value[1] == '\x01'             ? "common_name"
		                                                            : rows[i].value;
		assert_blamed(s, "csr-gen", args, rows[i].id, rows[i].argument, said);
	}
	/* The hint is about the field: only a common name has another place to go to. */
	static const struct {
		const char *argument, *value, *hint;
	} hints[] = {
	    {"country", "Germany", "ISO 3166"},
	    {"state", LONG, "Shorten it."},
	    {"common_name", LONG, "subject alternative names"},
	};
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
		struct uc_plan plan;
		struct uc_error e;
		json_t *args = purpose("tomcat-ECDSA");
		json_object_set_new(args, hints[i].argument, json_string(hints[i].value));
		assert_fails(preview(s, "csr-gen", args, NO_FILE, &plan, &e), e, UC_EINPUT, "bad-subject");
		assert_string_equal(e.field, hints[i].argument);
		assert_non_null(strstr(e.hint, hints[i].hint));
		uc_plan_free(&plan);
	}
	UC_CLEANUP(uc_freep) char *long_name = uc_alloc(66);
	memset(long_name, 'o', 65);
	long_name[65] = '\0';
	assert_blamed(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "organization", long_name), "bad-subject",
	              "organization", long_name);
	/* Of a list, the entry. */
	assert_blamed(s, "csr-gen",
	              json_pack("{s:s, s:[s, s]}", "purpose", "tomcat-ECDSA", "subject_alt_names", "good.example.com", "bad..name"), "bad-name",
	              "subject_alt_names", "bad..name");
	assert_blamed(s, "csr-gen", json_pack("{s:s, s:[s, i]}", "purpose", "tomcat-ECDSA", "subject_alt_names", "good.example.com", 7),
	              "bad-argument", "subject_alt_names", "entry 2");
	assert_blamed(s, "csr-gen", json_pack("{s:s, s:[s]}", "purpose", "tomcat-ECDSA", "subject_alt_names", "email:"), "bad-name",
	              "subject_alt_names", "email:");
	assert_blamed(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "TVS", "distribution", "multi-server"), "not-multi-server",
	              "distribution", "certificates for TVS");
}

/* ---- defaults ---- */

/* Release with json_decref(). */
static json_t *defaults(struct site *s, const char *name, const char *distribution, const char *key)
{
	struct uc_error e;
	json_t *out = NULL;
	json_t *args = json_pack("{s:s, s:s?, s:s?}", "purpose", name, "distribution", distribution, "key", key);
	const struct uc_task_request req = {.task = "csr-gen", .args = args};
	assert_ok(uc_csr_defaults(&s->ctx, &req, &out, &e), e);
	json_decref(args);
	return out;
}

/* They say what a request without arguments asks for: by the request that comes of it. */
static void the_defaults_are_what_a_request_without_arguments_has_C1(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &sub, false);
	join(s, &imp, false);
	be(s, NULL);
	static const struct {
		const char *purpose, *distribution, *node;
	} rows[] = {{"tomcat-ECDSA", NULL, "cucm-pub"}, {"CallManager-ECDSA", "multi-server", UC_ALL_NODES}, {"TVS", "node", "cucm-pub"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *d = defaults(s, rows[i].purpose, rows[i].distribution, NULL);
		carry_out(s, "csr-gen", json_pack("{s:s, s:s?}", "purpose", rows[i].purpose, "distribution", rows[i].distribution), NO_FILE);
		UC_CLEANUP(uc_freep) char *cn = NULL;
		UC_CLEANUP(uc_freep) char *names = names_asked_by(s, rows[i].node, rows[i].purpose, &cn);
		struct uc_error e;
		UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
		assert_ok(uc_store_request(s->store, rows[i].node, rows[i].purpose, &r, &e), e);
		json_t *report = uc_report_csr(uc_buf_slice(&r.der));
		assert_string_equal(uc_json_member(d, "common_name"), cn);
		UC_CLEANUP(uc_strv_free) struct uc_strv said = {.items = NULL};
		size_t k;
		const json_t *one;
		json_array_foreach(json_object_get(d, "subject_alt_names"), k, one) uc_strv_add(&said, json_string_value(one));
		uc_strv_sort_unique(&said);
		UC_CLEANUP(uc_freep) char *list = uc_strv_join(&said, ",");
		assert_string_equal(list, names);
		assert_string_equal(uc_key_spec_find(uc_json_member(d, "key"))->text, uc_json_member(report, "key_type"));
		assert_string_equal(uc_json_member(d, "hash"), uc_json_member(report, "hash"));
		assert_string_equal(uc_json_member(d, "distribution"), r.distribution);
		assert_string_equal(uc_json_member(d, "parent_domain"), i == 1 ? "example.com" : "");
		assert_int_equal(json_array_size(json_object_get(d, "distributions")), i == 2 ? 1 : 2);
		json_decref(report);
		json_decref(d);
	}
	/* All nodes that have the purpose, and no other. */
	json_t *d = defaults(s, "CallManager-ECDSA", "multi-server", NULL);
	json_t *want = json_pack("[s, s, s]", "DNS:cucm-pub.example.com", "DNS:cucm-sub.example.com", "DNS:example.com");
	assert_true(json_equal(json_object_get(d, "subject_alt_names"), want));
	json_decref(want);
	json_decref(d);
}

static void what_is_made_anew_each_time_and_what_depends_on_the_key_is_said(void **state)
{
	struct site *s = *state;
	json_t *capf = defaults(s, "CAPF", NULL, NULL);
	assert_true(json_is_null(json_object_get(capf, "common_name")));
	json_decref(capf);
	json_t *d = defaults(s, "tomcat-ECDSA", NULL, "ec-p256");
	json_t *want = json_pack("{s:s, s:s, s:[s,s,s], s:s, s:[s,s,s]}", "purpose", "tomcat-ECDSA", "key", "ec-p256", "keys", "ec-p256",
	                         "ec-p384", "ec-p521", "hash", "sha256", "hashes", "sha256", "sha384", "sha512");
	const char *name;
	json_t *value;
	json_object_foreach(want, name, value) assert_true(json_equal(json_object_get(d, name), value));
	json_decref(d);
	json_decref(want);
	d = defaults(s, "tomcat-ECDSA", NULL, NULL);
	want = json_pack("[s,s]", "sha384", "sha512");
	assert_true(json_equal(json_object_get(d, "hashes"), want));
	json_decref(d);
	json_decref(want);
	json_t *args = purpose("authz");
	const struct uc_task_request req = {.task = "csr-gen", .args = args};
	struct uc_error e;
	json_t *none = NULL;
	assert_fails(uc_csr_defaults(&s->ctx, &req, &none, &e), e, UC_EREFUSED, "not-requestable");
	assert_null(none);
	json_decref(args);
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
	    T(purposes_that_no_two_nodes_share_are_refused),
	    T(a_request_for_all_nodes_names_each_that_has_the_purpose_and_its_key_goes_to_them),
	    T(the_request_of_a_node_and_the_one_for_all_do_not_replace_each_other_C1),
	    T(a_new_request_replaces_the_pending_one_after_a_warning_C1),
	    T(a_request_that_no_CA_could_sign_is_found_in_the_preview_before_a_key_is_made),
	    T(what_is_wrong_is_named_by_its_argument_and_its_value),
	    T(the_defaults_are_what_a_request_without_arguments_has_C1),
	    T(what_is_made_anew_each_time_and_what_depends_on_the_key_is_said),
	    T(a_thousand_further_names_are_the_limit_C55),
	    T(the_CAPF_request_asks_for_a_CA_that_issues_leaves_only),
	    T(a_deleted_request_can_no_longer_be_answered_and_says_so_before),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
