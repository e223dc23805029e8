/* src/manage/import_own.c: U2, U3 and T4, a CA-signed identity certificate and its chain. */
#include "site.h"

#define PURPOSE "tomcat-ECDSA"

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

/* A root and an intermediate. */
struct cas {
	struct made root, sub;
};

static struct cas make_cas(void)
{
	struct cas c = {.root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT})};
	c.sub = make_cert(&(struct make){.subject = "CN=Sub", .issuer = &c.root, .exts = MAKE_CA});
	return c;
}

static void cas_free(struct cas *c)
{
	made_free(&c->root);
	made_free(&c->sub);
}

static void the_leaf_is_found_by_its_key_and_the_chain_ordered_wherever_they_stand_in_the_file_C1_C2_C3(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, PURPOSE);
	struct made leaf = answer_to(s, PURPOSE, &c.sub);
	const struct made *const orders[][4] = {{&leaf, &c.sub, &c.root, NULL}, {&c.root, &c.sub, &leaf, NULL}, {&c.sub, &leaf, &c.root, NULL}};
	for (size_t i = 0; i < 3; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(orders[i]);
		struct uc_plan plan;
		plan_ok(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), &plan);
		assert_steps(&plan, "trust.add,trust.add,identity.set,csr.remove");
		assert_string_equal(step_text(&plan, 0, "name"), "Root.pem"); /* root first (T4) */
		assert_string_equal(step_text(&plan, 1, "name"), "Sub.pem");
		assert_string_equal(step_text(&plan, 0, "origin"), "chain");
		assert_string_equal(step_text(&plan, 2, "source"), "ca-signed");
		assert_int_equal(json_array_size(json_object_get(json_array_get(plan.steps, 2), "chain")), 2);
		uc_plan_free(&plan);
	}
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(orders[1]);
	carry_out(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file));
	struct uc_identity i = identity_of(s, PURPOSE);
	assert_true(uc_cert_eq(i.cert, leaf.cert));
	assert_int_equal(i.chain.count, 2);
	assert_true(uc_cert_eq(i.chain.items[0], c.sub.cert) && uc_cert_eq(i.chain.items[1], c.root.cert));
	uc_identity_free(&i);
	assert_names(s, "tomcat-trust", "Root.pem,Sub.pem");
	made_free(&leaf);
	cas_free(&c);
}

static void with_the_chain_in_the_store_the_leaf_alone_is_enough_T4(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, PURPOSE);
	upload_trust(s, "tomcat", MADE(&c.root, &c.sub));
	struct made leaf = answer_to(s, PURPOSE, &c.sub);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf));
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), &plan);
	assert_steps(&plan, "identity.set,csr.remove");
	assert_int_equal(json_array_size(json_object_get(json_array_get(plan.steps, 0), "chain")), 2);
	uc_plan_free(&plan);
	made_free(&leaf);
	cas_free(&c);
}

static void a_chain_in_another_store_does_not_count_and_the_missing_issuer_is_named_T4(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, PURPOSE);
	upload_trust(s, "ipsec", MADE(&c.root, &c.sub));
	struct made leaf = answer_to(s, PURPOSE, &c.sub);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf));
	UC_CLEANUP(uc_freep) char *key_id = uc_hex(c.sub.cert->ski, '\0');
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "issuer-missing", "CN=Sub");
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "issuer-missing", key_id);
	UC_CLEANUP(uc_buf_free) struct uc_buf more = file_of(MADE(&leaf, &c.sub));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&more), "issuer-missing", "CN=Root");
	made_free(&leaf);
	cas_free(&c);
}

static void a_certificate_for_another_key_is_refused_and_both_keys_are_named_C26_C27_C30(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, PURPOSE);
	request_csr(s, "CallManager-ECDSA");
	struct made foreign = make_cert(&(struct make){.subject = "CN=cucm-pub.example.com", .issuer = &c.sub, .exts = SERVER_EXTS});
	struct made other = answer_to(s, "CallManager-ECDSA", &c.sub);
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	struct uc_error e;
	assert_ok(uc_store_request(s->store, s->ctx.node, PURPOSE, &r, &e), e);
	char pending[9];
	snprintf(pending, sizeof pending, "%.8s", r.key_id);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&foreign, &c.sub, &c.root));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "key-mismatch", pending);
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "key-mismatch", "not one of this node's");
	UC_CLEANUP(uc_buf_free) struct uc_buf wrong = file_of(MADE(&c.root, &other, &c.sub));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&wrong), "key-mismatch", "the pending CSR of CallManager-ECDSA");
	/* A request that was replaced meanwhile (C29). */
	struct made late = answer_to(s, PURPOSE, &c.sub);
	request_csr(s, PURPOSE);
	UC_CLEANUP(uc_buf_free) struct uc_buf old = file_of(MADE(&late, &c.sub, &c.root));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&old), "key-mismatch", "a replaced CSR of " PURPOSE);
	made_free(&foreign);
	made_free(&other);
	made_free(&late);
	cas_free(&c);
}

static void without_a_pending_request_there_is_nothing_to_answer(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	struct made leaf = make_cert(&(struct make){.subject = "CN=cucm-pub.example.com", .issuer = &c.sub, .exts = SERVER_EXTS});
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.sub, &c.root));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "no-pending-csr", PURPOSE);
	assert_no_plan(s, "import-own", purpose("authz"), uc_buf_slice(&file), UC_EREFUSED, "not-requestable");
	assert_no_plan(s, "import-own", purpose("cup"), uc_buf_slice(&file), UC_EREFUSED, "purpose-not-here");
	assert_no_plan(s, "import-own", purpose("tomkat"), uc_buf_slice(&file), UC_ENOTFOUND, "no-purpose");
	made_free(&leaf);
	cas_free(&c);
}

/* C31: without its key a certificate must not come into force. */
static void when_the_key_of_the_request_is_gone_the_answer_is_refused_C31(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, PURPOSE);
	struct made leaf = answer_to(s, PURPOSE, &c.sub);
	char id[UC_KEY_ID_LEN];
	struct uc_error e;
	assert_ok(uc_keys_remove(s->keys, uc_key_id(leaf.cert->spki, id), &e), e);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.sub, &c.root));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "key-lost", PURPOSE);
	made_free(&leaf);
	cas_free(&c);
}

static void what_no_path_uses_is_listed_and_does_no_harm_C5_C6_C7(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	struct made expired = make_cert(&(struct make){.subject = "CN=Sub",
	                                               .issuer = &c.root,
	                                               .same_key = &c.sub,
	                                               .from = MAKE_NOW - 3 * MAKE_YEAR,
	                                               .to = MAKE_NOW - MAKE_YEAR,
	                                               .exts = MAKE_CA});
	struct made stranger = make_cert(&(struct make){.subject = "CN=Stranger", .exts = MAKE_ROOT});
	request_csr(s, PURPOSE);
	struct made leaf = answer_to(s, PURPOSE, &c.sub);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&stranger, &expired, &leaf, &c.sub, &leaf, &c.root));
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), &plan);
	assert_steps(&plan, "trust.add,trust.add,identity.set,csr.remove");
	char print[9];
	assert_found(&plan, UC_NOTE, "ignored", made_print(&expired, print));
	assert_found(&plan, UC_NOTE, "ignored", "Stranger");
	assert_found(&plan, UC_NOTE, "repeated", "cucm-pub.example.com");
	assert_int_equal(uc_findings_worst(&plan.findings), UC_NOTE);
	uc_plan_free(&plan);
	made_free(&expired);
	made_free(&stranger);
	made_free(&leaf);
	cas_free(&c);
}

static struct made leaf_with(struct site *s, const char *name, const struct made *issuer, const char *usage, const char *purposes,
                             const char *sans)
{
	struct made key = request_key(s, name);
	struct make m = {.subject = "CN=cucm-pub.example.com",
	                 .issuer = issuer,
	                 .same_key = &key,
	                 .exts = {"subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"}};
	const char *const more[] = {usage, purposes, sans};
	for (size_t i = 0, at = 2; i < 3; i++)
		if (more[i] != NULL) m.exts[at++] = more[i];
	struct made leaf = make_cert(&m);
	made_free(&key);
	return leaf;
}

#define FULL_USAGE "keyUsage=critical,digitalSignature,keyEncipherment,dataEncipherment"
#define SERVER_CLIENT "extendedKeyUsage=serverAuth,clientAuth"
#define OWN_NAME "subjectAltName=DNS:cucm-pub.example.com"

/* The weight of each difference between what was asked for and what the CA made. */
static void what_the_CA_has_changed_is_shown_C33_C42(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, PURPOSE);
	static const struct {
		const char *usage, *purposes, *sans;
		enum uc_weight weight;
		const char *code, *says;
	} rows[] = {
	    {FULL_USAGE, SERVER_CLIENT, "subjectAltName=DNS:www.example.com", UC_WARN, "san-mismatch",
	     "lacks DNS:cucm-pub.example.com and adds DNS:www.example.com"},
	    {FULL_USAGE, SERVER_CLIENT, "subjectAltName=DNS:CUCM-PUB.example.com,DNS:b.example.com", UC_WARN, "san-mismatch",
	     "lacks none and adds DNS:b.example.com"},
	    {FULL_USAGE, SERVER_CLIENT, NULL, UC_WARN, "san-mismatch", "adds none"},
	    {"keyUsage=digitalSignature", SERVER_CLIENT, OWN_NAME, UC_WARN, "usage-missing", "keyEncipherment"},
	    {"keyUsage=digitalSignature", SERVER_CLIENT, OWN_NAME, UC_WARN, "usage-missing", "dataEncipherment"},
	    {FULL_USAGE, "extendedKeyUsage=serverAuth", OWN_NAME, UC_WARN, "usage-missing", "clientAuth"},
	    {FULL_USAGE, "extendedKeyUsage=clientAuth", OWN_NAME, UC_REFUSED, "usage-missing", "serverAuth"},
	    {NULL, NULL, OWN_NAME, UC_NOTE, "usage-absent", "keyUsage"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct made leaf = leaf_with(s, PURPOSE, &c.sub, rows[i].usage, rows[i].purposes, rows[i].sans);
		UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.sub, &c.root));
		struct uc_plan plan;
		struct uc_error e;
		assert_ok(preview(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), &plan, &e), e);
		assert_found(&plan, rows[i].weight, rows[i].code, rows[i].says);
		assert_int_equal(uc_findings_worst(&plan.findings), rows[i].weight);
		uc_plan_free(&plan);
		made_free(&leaf);
	}
	cas_free(&c);
}

static void by_setting_other_names_are_refused_and_RFC_8813_asks_EC_keys_for_less_C33(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, PURPOSE);
	struct made leaf = leaf_with(s, PURPOSE, &c.sub, "keyUsage=digitalSignature", SERVER_CLIENT, "subjectAltName=DNS:www.example.com");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.sub, &c.root));
	s->ctx.policy.san_mismatch_refused = true;
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "san-mismatch", "www.example.com");
	s->ctx.policy = (struct uc_policy){.rfc8813 = true};
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), &plan);
	assert_not_found(&plan, "usage-missing");
	uc_plan_free(&plan);
	made_free(&leaf);
	cas_free(&c);
}

static void a_CAPF_certificate_may_be_a_CA_must_sign_and_should_not_be_limited_to_servers_C3(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, "CAPF");
	static const struct {
		const char *exts[MAKE_MAX_EXTS];
		enum uc_weight weight;
		const char *code;
	} rows[] = {
	    {{"basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign",
	      "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid"},
	     UC_NOTE,
	     "usage-absent"},
	    {{"basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign",
	      "extendedKeyUsage=serverAuth", "authorityKeyIdentifier=keyid"},
	     UC_WARN,
	     "capf-server-only"},
	    {{"basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,digitalSignature,keyEncipherment",
	      "authorityKeyIdentifier=keyid"},
	     UC_REFUSED,
	     "usage-missing"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct made key = request_key(s, "CAPF");
		struct make m = {.subject = "CN=CAPF-01234567", .issuer = &c.root, .same_key = &key};
		memcpy(m.exts, rows[i].exts, sizeof m.exts);
		struct made leaf = make_cert(&m);
		UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
		struct uc_plan plan;
		struct uc_error e;
		assert_ok(preview(s, "import-own", purpose("CAPF"), uc_buf_slice(&file), &plan, &e), e);
		assert_found(&plan, rows[i].weight, rows[i].code, "");
		assert_not_found(&plan, "ca-as-leaf");
		if (rows[i].weight != UC_REFUSED) {
			/* Its root goes to CallManager-trust, and phones are known by CAPF-trust: on every node. */
			assert_string_equal(step_text(&plan, 0, "store"), "CallManager-trust");
			assert_string_equal(step_text(&plan, 1, "store"), "CAPF-trust");
			assert_string_equal(step_text(&plan, 1, "scope"), "cluster");
			assert_true(follows(&plan, "lists", "ITL"));
		}
		uc_plan_free(&plan);
		made_free(&leaf);
		made_free(&key);
	}
	cas_free(&c);
}

static void a_CA_certificate_is_no_identity_of_a_server(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	request_csr(s, PURPOSE);
	struct made key = request_key(s, PURPOSE);
	struct made leaf =
	    make_cert(&(struct make){.subject = "CN=cucm-pub.example.com", .issuer = &c.root, .same_key = &key, .exts = MAKE_CA});
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "ca-as-leaf", "CA:TRUE");
	made_free(&key);
	made_free(&leaf);
	cas_free(&c);
}

static void an_intermediate_with_a_fault_is_refused_also_when_the_store_has_it(void **state)
{
	struct site *s = *state;
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made weak = make_cert(&(struct make){.subject = "CN=Weak", .issuer = &root, .key = "RSA-1024", .exts = MAKE_CA});
	request_csr(s, PURPOSE);
	struct made leaf = answer_to(s, PURPOSE, &weak);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &weak, &root));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), "key-too-small", "Weak");
	upload_trust(s, "tomcat", MADE(&weak, &root));
	UC_CLEANUP(uc_buf_free) struct uc_buf alone = file_of(MADE(&leaf));
	assert_refused(s, "import-own", purpose(PURPOSE), uc_buf_slice(&alone), "key-too-small", "Weak");
	made_free(&root);
	made_free(&weak);
	made_free(&leaf);
}

static void the_old_identity_is_kept_in_before_and_its_copies_go(void **state)
{
	struct site *s = *state;
	struct cas c = make_cas();
	carry_out(s, "cert-regen", purpose(PURPOSE), NO_FILE);
	struct uc_identity old = identity_of(s, PURPOSE);
	UC_CLEANUP(uc_freep) char *copy = names_in(s, "tomcat-trust");
	request_csr(s, PURPOSE);
	struct made leaf = answer_to(s, PURPOSE, &c.sub);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.sub, &c.root));
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), &plan);
	assert_steps(&plan, "trust.add,trust.add,identity.set,csr.remove,trust.remove");
	assert_string_equal(step_text(&plan, 4, "name"), copy);
	const json_t *before = json_object_get(json_array_get(plan.steps, 2), "before");
	assert_string_equal(json_string_value(json_object_get(before, "key")), old.key_id);
	uc_plan_free(&plan);
	carry_out(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file));
	assert_true(uc_keys_has(s->keys, old.key_id)); /* until it can no longer be undone */
	assert_names(s, "tomcat-trust", "Root.pem,Sub.pem");

	/* The same file again: nothing to do, and no complaint that no CSR is pending. */
	plan_ok(s, "import-own", purpose(PURPOSE), uc_buf_slice(&file), &plan);
	assert_true(uc_plan_empty(&plan));
	assert_found(&plan, UC_NOTE, "already-there", "cucm-pub.example.com");
	uc_plan_free(&plan);
	uc_identity_free(&old);
	made_free(&leaf);
	cas_free(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(the_leaf_is_found_by_its_key_and_the_chain_ordered_wherever_they_stand_in_the_file_C1_C2_C3),
	    T(with_the_chain_in_the_store_the_leaf_alone_is_enough_T4),
	    T(a_chain_in_another_store_does_not_count_and_the_missing_issuer_is_named_T4),
	    T(a_certificate_for_another_key_is_refused_and_both_keys_are_named_C26_C27_C30),
	    T(without_a_pending_request_there_is_nothing_to_answer),
	    T(when_the_key_of_the_request_is_gone_the_answer_is_refused_C31),
	    T(what_no_path_uses_is_listed_and_does_no_harm_C5_C6_C7),
	    T(what_the_CA_has_changed_is_shown_C33_C42),
	    T(by_setting_other_names_are_refused_and_RFC_8813_asks_EC_keys_for_less_C33),
	    T(a_CAPF_certificate_may_be_a_CA_must_sign_and_should_not_be_limited_to_servers_C3),
	    T(a_CA_certificate_is_no_identity_of_a_server),
	    T(an_intermediate_with_a_fault_is_refused_also_when_the_store_has_it),
	    T(the_old_identity_is_kept_in_before_and_its_copies_go),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
