/* src/manage/regen.c: G1, O1, self-signed certificates. */
#include "site.h"

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

static void regenerating_keeps_the_kind_of_key_warns_and_renews_the_copies(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "key", "P-521"), NO_FILE);
	struct uc_identity old = identity_of(s, "tomcat-ECDSA");
	UC_CLEANUP(uc_freep) char *name = names_in(s, "tomcat-trust");
	struct uc_plan plan;
	plan_ok(s, "cert-regen", purpose("tomcat-ecdsa"), NO_FILE, &plan);
	assert_steps(&plan, "identity.set,trust.remove,trust.add");
	assert_non_null(strstr(step_text(&plan, 0, "text"), "EC P-521"));
	assert_string_equal(step_text(&plan, 1, "name"), name);
	assert_found(&plan, UC_WARN, "overwrites-certificate", "tomcat-ECDSA");
	assert_true(follows(&plan, "reload", "Tomcat (HTTPS)") && follows(&plan, "reload", "TFTP") && follows(&plan, "backup", "backup"));
	uc_plan_free(&plan);
	carry_out(s, "cert-regen", purpose("tomcat-ecdsa"), NO_FILE);
	struct uc_identity fresh = identity_of(s, "tomcat-ECDSA");
	assert_string_not_equal(fresh.key_id, old.key_id);
	assert_string_equal(uc_key_info_of(fresh.cert->spki).text, "EC P-521");
	assert_string_equal(fresh.source, "self-signed");
	assert_names(s, "tomcat-trust", name); /* the copy of the new one, under the same name */
	struct uc_error e;
	char fp[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_trusts_free) struct uc_trusts copies = {.items = NULL};
	assert_ok(uc_store_trust_everywhere(s->store, uc_cert_fingerprint_hex(fresh.cert, fp), &copies, &e), e);
	assert_int_equal(copies.count, 1);
	assert_string_equal(copies.items[0].origin, "system");
	uc_identity_free(&old);
	uc_identity_free(&fresh);
}

/* What an administrator has put somewhere himself is his. */
static void a_copy_that_was_uploaded_by_hand_stays(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity old = identity_of(s, "tomcat-ECDSA");
	struct made copy = {.cert = old.cert};
	upload_trust(s, "Phone", MADE(&copy));
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_error e;
	char fp[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_trusts_free) struct uc_trusts left = {.items = NULL};
	assert_ok(uc_store_trust_everywhere(s->store, uc_cert_fingerprint_hex(old.cert, fp), &left, &e), e);
	assert_int_equal(left.count, 1);
	assert_string_equal(left.items[0].store, "Phone-trust");
	uc_identity_free(&old);
}

static void a_CA_signed_certificate_is_not_overwritten_without_being_called_so_G1(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	request_csr(s, "tomcat-ECDSA");
	struct made leaf = answer_to(s, "tomcat-ECDSA", &root);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &root));
	carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	request_csr(s, "tomcat-ECDSA");
	struct uc_plan plan;
	plan_ok(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "overwrites-ca-signed", "cucm-pub.example.com");
	assert_found(&plan, UC_NOTE, "csr-pending", "tomcat-ECDSA");
	/* The certificates of its chain are not copies of it: they stay. */
	assert_steps(&plan, "identity.set,trust.add");
	uc_plan_free(&plan);
	made_free(&root);
	made_free(&leaf);
}

static void a_key_must_be_of_a_kind_that_suits_the_purpose_C39(void **state)
{
	struct site *s = *state;
	static const struct {
		const char *purpose, *key;
		enum uc_status status;
		const char *id;
	} wrong[] = {
	    {"tomcat", "ec-p384", UC_EREFUSED, "key-family"},  {"tomcat-ECDSA", "rsa-2048", UC_EREFUSED, "key-family"},
	    {"tomcat", "rsa-1024", UC_EINPUT, "bad-key-kind"}, {"tomcat", "ed25519", UC_EINPUT, "bad-key-kind"},
	    {"tomcat", "", UC_EINPUT, "bad-key-kind"},         {"tomcat-ECDSA", "ec-p192", UC_EINPUT, "bad-key-kind"},
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_no_plan(s, "cert-regen", json_pack("{s:s, s:s}", "purpose", wrong[i].purpose, "key", wrong[i].key), NO_FILE, wrong[i].status,
		               wrong[i].id);
	static const struct {
		const char *purpose, *key;
		enum uc_weight weight;
		const char *code;
	} doubtful[] = {{"CallManager", "rsa-3072", UC_DANGER, "phone-signature-3072"},
	                {"ITLRecovery", "rsa-3072", UC_DANGER, "phone-signature-3072"},
	                {"CallManager", "rsa-4096", UC_WARN, "phone-key-length"}};
	for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++) {
		struct uc_plan plan;
		plan_ok(s, "cert-regen", json_pack("{s:s, s:s}", "purpose", doubtful[i].purpose, "key", doubtful[i].key), NO_FILE, &plan);
		assert_found(&plan, doubtful[i].weight, doubtful[i].code, doubtful[i].purpose);
		uc_plan_free(&plan);
	}
	struct uc_plan plan;
	plan_ok(s, "cert-regen", json_pack("{s:s, s:s}", "purpose", "tomcat", "key", "rsa-3072"), NO_FILE, &plan);
	assert_int_equal(plan.findings.count, 0);
	uc_plan_free(&plan);
}

static void a_hash_must_be_as_strong_as_the_curve(void **state)
{
	struct site *s = *state;
	static const struct {
		const char *key, *hash, *id; /* NULL: taken */
	} rows[] = {{"ec-p256", "sha256", NULL},   {"ec-p384", "sha256", "hash-too-weak"},
	            {"ec-p384", "SHA384", NULL},   {"ec-p521", "sha384", "hash-too-weak"},
	            {"ec-p521", "sha512", NULL},   {"ec-p256", "sha1", "bad-hash"},
	            {"ec-p256", "md5", "bad-hash"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *args = json_pack("{s:s, s:s, s:s}", "purpose", "tomcat-ECDSA", "key", rows[i].key, "hash", rows[i].hash);
		if (rows[i].id != NULL) {
			assert_no_plan(s, "cert-regen", args, NO_FILE, strcmp(rows[i].id, "bad-hash") == 0 ? UC_EINPUT : UC_EREFUSED, rows[i].id);
			continue;
		}
		struct uc_plan plan;
		plan_ok(s, "cert-regen", args, NO_FILE, &plan);
		uc_plan_free(&plan);
	}
}

static uc_time years_from(uc_time now, int years)
{
	struct uc_civil c = uc_time_to_civil(now);
	c.year += years;
	return uc_civil_to_time(&c);
}

static void a_certificate_lives_as_long_as_asked_for_configured_or_usual_C58_C59(void **state)
{
	struct site *s = *state;
	static const struct {
		int policy, asked, lives; /* 0: not */
	} rows[] = {{0, 0, 5}, {3, 0, 3}, {3, 1, 1}, {0, 100, 100}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		s->ctx.policy.years = rows[i].policy;
		json_t *args = json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "key", "ec-p256");
		if (rows[i].asked > 0) json_object_set_new(args, "years", json_integer(rows[i].asked));
		carry_out(s, "cert-regen", args, NO_FILE);
		struct uc_identity id = identity_of(s, "tomcat-ECDSA");
		assert_int_equal(id.cert->not_before.value, MAKE_NOW);
		assert_int_equal(id.cert->not_after.value, years_from(MAKE_NOW, rows[i].lives));
		uc_identity_free(&id);
	}
	json_t *const wrong[] = {json_integer(0), json_integer(-1), json_integer(101), json_string("5"), json_real(1.5)};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_no_plan(s, "cert-regen", json_pack("{s:s, s:o}", "purpose", "tomcat", "years", wrong[i]), NO_FILE, UC_EINPUT, "bad-years");
}

static void on_29_February_a_certificate_ends_on_the_28th(void **state)
{
	struct site *s = *state;
	struct uc_civil leap = {.year = 2028, .month = 2, .day = 29, .hour = 12};
	s->ctx.now = uc_civil_to_time(&leap);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity id = identity_of(s, "tomcat-ECDSA");
	struct uc_civil end = uc_time_to_civil(id.cert->not_after.value);
	assert_int_equal(end.year, 2033);
	assert_int_equal(end.month * 100 + end.day, 228);
	uc_identity_free(&id);
}

/* Requirements section 2. */
static void a_self_signed_certificate_carries_the_extensions_of_its_purpose(void **state)
{
	struct site *s = *state;
	carry_out(s, "cert-regen", purpose("CallManager-ECDSA"), NO_FILE);
	struct uc_identity id = identity_of(s, "CallManager-ECDSA");
	UC_CLEANUP(uc_strv_free) struct uc_strv sans = {.items = NULL};
	assert_true(uc_cert_sans(id.cert, &sans));
	assert_true(uc_strv_has(&sans, "DNS:cucm-pub.example.com") && uc_strv_has(&sans, "URI:urn:uuid:01234567-89ab-4cde-8f01-23456789abcd"));
	assert_int_equal(id.cert->key_usage, UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_ENCIPHERMENT | UC_KU_DATA_ENCIPHERMENT);
	/* 128 random bits, positive: seventeen octets when the first bit is set. */
	assert_in_range(id.cert->serial.len, 14, 17);
	assert_true(id.cert->serial.ptr[0] < 0x80);
	assert_true(uc_cert_self_signed(id.cert));
	uc_identity_free(&id);

	s->ctx.policy.rfc8813 = true;
	carry_out(s, "cert-regen", purpose("CallManager-ECDSA"), NO_FILE);
	id = identity_of(s, "CallManager-ECDSA");
	assert_int_equal(id.cert->key_usage, UC_KU_DIGITAL_SIGNATURE);
	uc_identity_free(&id);

	carry_out(s, "cert-regen", purpose("CAPF"), NO_FILE);
	id = identity_of(s, "CAPF");
	assert_true(id.cert->is_ca && id.cert->pathlen == 0);
	assert_null(uc_cert_ext(id.cert, "2.5.29.37"));
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(id.cert);
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", label);
	assert_names(s, "CAPF-trust", name);
	uc_identity_free(&id);
}

static void a_node_without_a_domain_has_names_all_the_same(void **state)
{
	struct site *s = *state;
	s->ctx.domain = "";
	s->ctx.fqdn = "cucm-pub";
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity id = identity_of(s, "tomcat-ECDSA");
	UC_CLEANUP(uc_freep) char *cn = uc_cert_label(id.cert);
	assert_string_equal(cn, "cucm-pub-EC");
	uc_identity_free(&id);
}

static void a_purpose_of_another_role_is_not_here(void **state)
{
	struct site *s = *state;
	assert_no_plan(s, "cert-regen", purpose("cup"), NO_FILE, UC_EREFUSED, "purpose-not-here");
	assert_no_plan(s, "cert-regen", purpose("nothing"), NO_FILE, UC_ENOTFOUND, "no-purpose");
	assert_no_plan(s, "cert-regen", json_object(), NO_FILE, UC_EINPUT, "argument-missing");
	s->ctx.roles = UC_NODE_SUBSCRIBER;
	assert_no_plan(s, "cert-regen", purpose("CAPF"), NO_FILE, UC_EREFUSED, "purpose-not-here");
}

static void the_authz_key_is_replaced_on_every_node_and_takes_the_tokens_with_it_O1(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	struct uc_identity old = identity_of(s, "authz");
	struct uc_plan plan;
	plan_ok(s, "cert-regen", purpose("authz"), NO_FILE, &plan);
	/* The old key goes only after nothing has it any more. */
	assert_steps(&plan, "identity.set,key.seal,key.purge");
	assert_string_equal(step_text(&plan, 1, "text"), "Seal the new authz key to cucm-pub, cucm-sub");
	assert_string_equal(step_text(&plan, 2, "node"), "cluster");
	assert_string_equal(step_text(&plan, 2, "key"), old.key_id);
	assert_found(&plan, UC_WARN, "tokens-stop", "token");
	assert_found(&plan, UC_WARN, "rotation-final", "cannot be undone");
	assert_found(&plan, UC_WARN, "sync-clusters", "Expressway");
	assert_null(uc_findings_get(&plan.findings, "overwrites-certificate")->hint); /* undo would bring nothing back */
	assert_reloads(&plan, "CallManager,CallManager@cucm-sub");                    /* there is no presence node */
	uc_plan_free(&plan);

	int64_t change = carry_out(s, "cert-regen", purpose("authz"), NO_FILE);
	struct uc_identity fresh = identity_of(s, "authz");
	assert_sealed_to(s, "authz", "cucm-pub,cucm-sub");
	take_keys(s, &sub);
	assert_true(uc_keys_has(sub.keys, fresh.key_id));
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list left = sealed_of(s, "authz");
	assert_int_equal(left.count, 1);
	assert_refused(s, "undo", json_pack("{s:I}", "number", (json_int_t)change), NO_FILE, "not-undoable", "that lasts");
	uc_identity_free(&old);
	uc_identity_free(&fresh);
}

static void the_first_authz_key_replaces_nothing(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	plan_ok(s, "cert-regen", purpose("authz"), NO_FILE, &plan);
	assert_steps(&plan, "identity.set,key.seal");
	assert_int_equal(plan.findings.count, 0);
	uc_plan_free(&plan);
	s->ctx.roles = UC_NODE_SUBSCRIBER;
	assert_no_plan(s, "cert-regen", purpose("authz"), NO_FILE, UC_EREFUSED, "purpose-not-here");
}

/* CAPF's certificate is on every node (section 3.8 of the interfaces); the copies of others are where their store is. */
static void the_copy_of_CAPF_counts_on_every_node(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	plan_ok(s, "cert-regen", purpose("CAPF"), NO_FILE, &plan);
	assert_steps(&plan, "identity.set,trust.add,trust.add");
	assert_string_equal(step_text(&plan, 2, "store"), "CAPF-trust");
	assert_string_equal(step_text(&plan, 2, "scope"), "cluster");
	uc_plan_free(&plan);
	plan_ok(s, "cert-regen", purpose("TVS"), NO_FILE, &plan);
	assert_string_equal(step_text(&plan, 1, "scope"), "cucm-pub");
	uc_plan_free(&plan);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(regenerating_keeps_the_kind_of_key_warns_and_renews_the_copies),
	    T(a_copy_that_was_uploaded_by_hand_stays),
	    T(a_CA_signed_certificate_is_not_overwritten_without_being_called_so_G1),
	    T(a_key_must_be_of_a_kind_that_suits_the_purpose_C39),
	    T(a_hash_must_be_as_strong_as_the_curve),
	    T(a_certificate_lives_as_long_as_asked_for_configured_or_usual_C58_C59),
	    T(on_29_February_a_certificate_ends_on_the_28th),
	    T(a_self_signed_certificate_carries_the_extensions_of_its_purpose),
	    T(a_node_without_a_domain_has_names_all_the_same),
	    T(a_purpose_of_another_role_is_not_here),
	    T(the_authz_key_is_replaced_on_every_node_and_takes_the_tokens_with_it_O1),
	    T(the_first_authz_key_replaces_nothing),
	    T(the_copy_of_CAPF_counts_on_every_node),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
