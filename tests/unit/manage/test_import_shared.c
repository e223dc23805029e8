/*
 * src/manage/import_shared.c: a multi-server certificate is uploaded once and is in force on every node that it names (section 4.4 of the
 * interfaces).
 */
#include "site.h"

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

/* A publisher, a subscriber and a presence node, with a pending multi-server CSR of tomcat-ECDSA. */
struct cluster {
	struct peer sub, imp;
	struct made root;
};

static struct cluster cluster_new(struct site *s)
{
	struct cluster c = {.sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER), .imp = peer_new("imp-a", UC_NODE_PRESENCE)};
	found(s);
	join(s, &c.sub, false);
	join(s, &c.imp, false);
	c.root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	return c;
}

static void cluster_free(struct cluster *c)
{
	peer_free(&c->sub);
	peer_free(&c->imp);
	made_free(&c->root);
}

/* What a CA answers to the pending multi-server request, with these alternative names. */
static struct made answer_multi(struct site *s, const struct made *root, const char *sans)
{
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, UC_ALL_NODES, "tomcat-ECDSA", &r, &e), e);
	struct uc_csr csr;
	assert_ok(uc_csr_read(uc_buf_slice(&r.der), &csr, &e), e);
	const unsigned char *p = csr.spki.ptr;
	struct made key = {.key = d2i_PUBKEY(NULL, &p, (long)csr.spki.len)};
	uc_csr_free(&csr);
	struct made leaf = make_cert(&(struct make){
	    .subject = "CN=cucm-pub-EC-ms.example.com",
	    .issuer = root,
	    .same_key = &key,
	    .exts = {"basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature,keyEncipherment,dataEncipherment",
	             "extendedKeyUsage=serverAuth,clientAuth", "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", sans}});
	made_free(&key);
	return leaf;
}

#define ALL_NAMES "subjectAltName=DNS:cucm-pub.example.com,DNS:cucm-sub.example.com,DNS:imp-a.example.com,DNS:example.com"

static struct uc_identity identity_on(struct site *s, const char *node)
{
	struct uc_error e;
	struct uc_identity i = {.node = NULL};
	assert_ok(uc_store_identity(s->store, node, "tomcat-ECDSA", &i, &e), e);
	return i;
}

static bool has_identity(struct site *s, const char *node)
{
	struct uc_error e;
	struct uc_identity i = {.node = NULL};
	enum uc_status status = uc_store_identity(s->store, node, "tomcat-ECDSA", &i, &e);
	uc_identity_free(&i);
	return status == UC_OK;
}

static void one_upload_serves_every_node_that_the_certificate_names(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(cluster_free) struct cluster c = cluster_new(s);
	/* A self-signed one of a node, and the copy that the system made of it, are replaced with it. */
	be(s, &c.sub);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity former = identity_on(s, "cucm-sub");
	struct made leaf = answer_multi(s, &c.root, ALL_NAMES);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
	/* It may be uploaded on any of them. */
	be(s, &c.imp);
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), &plan);
	assert_steps(&plan, "trust.add,identity.set,trust.remove,identity.set,trust.remove,identity.set,csr.remove");
	assert_string_equal(step_text(&plan, 1, "node"), "cucm-pub");
	assert_string_equal(step_text(&plan, 3, "node"), "cucm-sub");
	assert_string_equal(step_text(&plan, 5, "node"), "imp-a");
	assert_string_equal(step_text(&plan, 6, "node"), UC_ALL_NODES);
	assert_not_found(&plan, "not-in-multi-server");
	assert_not_found(&plan, "san-mismatch");
	assert_non_null(strstr(plan.summary, "multi-server"));
	/* Each has something to do, for the certificate and for the root that came with it. */
	static const char everywhere[] = "Tomcat (HTTPS)@cucm-pub,Tomcat (HTTPS)@cucm-sub,Tomcat (HTTPS),TFTP@cucm-pub,TFTP@cucm-sub,TFTP";
	assert_reloads(&plan, everywhere);
	uc_plan_free(&plan);
	int64_t change = carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	static const char *const nodes[] = {"cucm-pub", "cucm-sub", "imp-a"};
	for (size_t i = 0; i < 3; i++) {
		struct uc_identity now = identity_on(s, nodes[i]);
		assert_true(uc_cert_eq(now.cert, leaf.cert));
		assert_string_equal(now.distribution, "multi-server");
		assert_int_equal(now.chain.count, 1);
		uc_identity_free(&now);
	}
	/* Uploading it once more changes nothing. */
	plan_ok(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), &plan);
	assert_found(&plan, UC_NOTE, "already-there", "nothing to do");
	assert_true(uc_plan_empty(&plan));
	uc_plan_free(&plan);

	/* Undone, each has what it had; only the node itself knows whether the key of another one is still there. And each has something to do again, whoever undoes it. */
	be(s, NULL);
	plan_ok(s, "undo", json_pack("{s:I}", "number", (json_int_t)change), NO_FILE, &plan);
	assert_reloads(&plan, "Tomcat (HTTPS)@imp-a,TFTP@imp-a,Tomcat (HTTPS)@cucm-sub,TFTP@cucm-sub,Tomcat (HTTPS),TFTP");
	uc_plan_free(&plan);
	carry_out(s, "undo", json_pack("{s:I}", "number", (json_int_t)change), NO_FILE);
	struct uc_identity back = identity_on(s, "cucm-sub");
	assert_true(uc_cert_eq(back.cert, former.cert));
	uc_identity_free(&back);
	uc_identity_free(&former);
	made_free(&leaf);
}

static void a_node_that_joined_later_is_told_of_and_keeps_its_own(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(cluster_free) struct cluster c = cluster_new(s);
	UC_CLEANUP(peer_free) struct peer late = peer_new("late", UC_NODE_SUBSCRIBER);
	join(s, &late, false);
	assert_sealed_to(s, "tomcat-ECDSA", "cucm-pub,cucm-sub,imp-a"); /* joining brings no key of a certificate that does not name it */
	struct made leaf = answer_multi(s, &c.root, ALL_NAMES);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), &plan);
	assert_steps(&plan, "trust.add,identity.set,trust.remove,identity.set,identity.set,csr.remove");
	assert_found(&plan, UC_WARN, "not-in-multi-server", "late.example.com");
	uc_plan_free(&plan);
	carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	assert_false(has_identity(s, "late"));
	/* And so is one that joins afterwards. */
	UC_CLEANUP(peer_free) struct peer later = peer_new("later", UC_NODE_TFTP);
	plan_ok(s, "node-add", add_args(&later, false), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "not-in-multi-server", "later.example.com");
	uc_plan_free(&plan);
	made_free(&leaf);
}

/* The CA was asked for a name that has come true since. */
static void a_node_that_is_named_but_joined_later_is_given_the_key(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(cluster_free) struct cluster c = cluster_new(s);
	UC_CLEANUP(peer_free) struct peer late = peer_new("late", UC_NODE_SUBSCRIBER);
	join(s, &late, false);
	struct made leaf = answer_multi(s, &c.root, ALL_NAMES ",DNS:late.example.com");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
	/* The node itself has not got what it would have to hand on. */
	be(s, &late);
	assert_refused(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), "key-elsewhere", "late");
	be(s, &c.sub);
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), &plan);
	assert_steps(&plan, "trust.add,key.seal,identity.set,trust.remove,identity.set,identity.set,identity.set,csr.remove");
	uc_plan_free(&plan);
	/* cucm-sub has the key only as it was sealed to it: that is enough. */
	carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	assert_sealed_to(s, "tomcat-ECDSA", "cucm-pub,cucm-sub,imp-a,late");
	assert_true(can_open(s, late.keys, "tomcat-ECDSA"));
	struct uc_identity now = identity_on(s, "late");
	take_keys(s, &late);
	assert_true(uc_keys_has(late.keys, now.key_id));
	uc_identity_free(&now);
	made_free(&leaf);
}

/* What is handed on before the lock is handed on to a machine, not to a name. */
static void a_machine_that_takes_the_place_of_a_named_node_meanwhile_makes_it_another_plan(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(cluster_free) struct cluster c = cluster_new(s);
	UC_CLEANUP(peer_free) struct peer late = peer_new("late", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer later = peer_new("late", UC_NODE_SUBSCRIBER);
	join(s, &late, false);
	struct made leaf = answer_multi(s, &c.root, ALL_NAMES ",DNS:late.example.com");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
	char before[65];
	char after[65];
	UC_CLEANUP(uc_freep) char *first = NULL;
	UC_CLEANUP(uc_freep) char *second = NULL;
	plan_hash(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), before, &first);
	assert_non_null(strstr(first, "anew, to cucm-pub, cucm-sub, imp-a, late"));
	join(s, &later, true);
	plan_hash(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), after, &second);
	assert_string_equal(second, first);
	assert_string_not_equal(after, before);
	made_free(&leaf);
}

static void a_wildcard_names_the_nodes_of_its_domain_and_a_certificate_for_nobody_is_refused(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(cluster_free) struct cluster c = cluster_new(s);
	struct made leaf = answer_multi(s, &c.root, "subjectAltName=DNS:*.example.com");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), &plan);
	assert_int_equal(count_steps(&plan, "identity.set"), 3);
	uc_plan_free(&plan);
	made_free(&leaf);
	leaf = answer_multi(s, &c.root, "subjectAltName=DNS:elsewhere.example.org,DNS:*.sub.example.com,DNS:example.com");
	uc_buf_free(&file);
	file = file_of(MADE(&leaf, &c.root));
	assert_refused(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), "no-node-named", "names no node");
	made_free(&leaf);
}

/* Both requests may be pending: the certificate's key says which one it answers (C1, C31). */
static void the_key_says_whether_it_is_the_nodes_own_or_the_one_for_all(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(cluster_free) struct cluster c = cluster_new(s);
	request_csr(s, "tomcat-ECDSA");
	struct made own = answer_to(s, "tomcat-ECDSA", &c.root);
	struct made shared = answer_multi(s, &c.root, ALL_NAMES);
	UC_CLEANUP(uc_buf_free) struct uc_buf own_file = file_of(MADE(&own, &c.root));
	UC_CLEANUP(uc_buf_free) struct uc_buf shared_file = file_of(MADE(&shared, &c.root));
	struct uc_plan plan;
	plan_ok(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&own_file), &plan);
	assert_steps(&plan, "trust.add,identity.set,csr.remove,trust.remove");
	assert_string_equal(step_text(&plan, 2, "node"), "cucm-pub");
	uc_plan_free(&plan);
	plan_ok(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&shared_file), &plan);
	assert_steps(&plan, "trust.add,identity.set,trust.remove,identity.set,identity.set,csr.remove");
	uc_plan_free(&plan);
	/* A third one answers neither. */
	struct made stranger = make_cert(&(struct make){.subject = "CN=x", .issuer = &c.root, .exts = SERVER_EXTS});
	UC_CLEANUP(uc_buf_free) struct uc_buf strange = file_of(MADE(&stranger, &c.root));
	assert_refused(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&strange), "key-mismatch", "pending CSR of tomcat-ECDSA");
	carry_out(s, "csr-delete", purpose("tomcat-ECDSA"), NO_FILE);
	assert_refused(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&strange), "key-mismatch", "multi-server CSR of tomcat-ECDSA");
	made_free(&own);
	made_free(&shared);
	made_free(&stranger);
}

static void without_the_sealed_key_nothing_is_put_in_force(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(cluster_free) struct cluster c = cluster_new(s);
	struct made leaf = answer_multi(s, &c.root, ALL_NAMES);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
	struct uc_error e;
	struct uc_plan drop;
	uc_plan_init(&drop, "test");
	static const char *const nodes[] = {"cucm-pub", "cucm-sub", "imp-a"};
	for (size_t i = 0; i < 3; i++) {
		uc_plan_free(&drop);
		uc_plan_init(&drop, "test");
		assert_ok(uc_plan_forget_sealed(&s->ctx, nodes[i], false, &drop, &e), e);
		int64_t number;
		assert_ok(uc_store_begin(s->store, &e), e);
		assert_ok(commit_plan(s, &drop, &number, &e), e);
		assert_ok(uc_store_commit(s->store, &e), e);
	}
	uc_plan_free(&drop);
	assert_refused(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file), "key-lost", "multi-server CSR");
	made_free(&leaf);
}

/* G1: the others keep what they share. */
static void regenerating_on_one_node_leaves_the_shared_certificate_to_the_others(void **state)
{
	struct site *s = *state;
	UC_CLEANUP(cluster_free) struct cluster c = cluster_new(s);
	struct made leaf = answer_multi(s, &c.root, ALL_NAMES);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &c.root));
	carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	be(s, &c.sub);
	struct uc_plan plan;
	plan_ok(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "leaves-multi-server", "only the certificate of cucm-sub");
	assert_found(&plan, UC_WARN, "overwrites-ca-signed", "tomcat-ECDSA");
	assert_steps(&plan, "identity.set,trust.add");
	uc_plan_free(&plan);
	carry_out(s, "cert-regen", purpose("tomcat-ECDSA"), NO_FILE);
	struct uc_identity other = identity_on(s, "imp-a");
	assert_string_equal(other.distribution, "multi-server");
	uc_identity_free(&other);
	made_free(&leaf);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(one_upload_serves_every_node_that_the_certificate_names),
	    T(a_node_that_joined_later_is_told_of_and_keeps_its_own),
	    T(a_node_that_is_named_but_joined_later_is_given_the_key),
	    T(a_machine_that_takes_the_place_of_a_named_node_meanwhile_makes_it_another_plan),
	    T(a_wildcard_names_the_nodes_of_its_domain_and_a_certificate_for_nobody_is_refused),
	    T(the_key_says_whether_it_is_the_nodes_own_or_the_one_for_all),
	    T(without_the_sealed_key_nothing_is_put_in_force),
	    T(regenerating_on_one_node_leaves_the_shared_certificate_to_the_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
