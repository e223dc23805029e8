/* src/manage/propose.c and awaiting.c: what a file can be used for (U3). */
#include "site.h"

#include "manage/propose.h"

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

/* What is proposed for a file. Release with told_free(). */
struct told {
	struct uc_awaiting awaiting;
	struct uc_certs file;
	struct uc_trusts held[8];
	size_t count;
	struct uc_proposals p;
	struct uc_findings findings;
};

static void told_free(struct told *t)
{
	uc_awaiting_free(&t->awaiting);
	uc_certs_free(&t->file);
	for (size_t i = 0; i < t->count; i++) uc_trusts_free(&t->held[i]);
	uc_proposals_free(&t->p);
	uc_findings_free(&t->findings);
}

static struct told tell(struct site *s, const struct made *const *some)
{
	struct uc_error e;
	struct told t = {.file = made_list(some)};
	assert_ok(uc_awaiting_read(&s->ctx, &t.awaiting, &e), e);
	for (; t.count < t.file.count; t.count++) {
		char fp[UC_FINGERPRINT_HEX];
		assert_ok(uc_store_trust_everywhere(s->store, uc_cert_fingerprint_hex(t.file.items[t.count], fp), &t.held[t.count], &e), e);
	}
	assert_ok(uc_propose(&s->ctx, &t.awaiting, &t.file, t.held, t.count, &t.p, &t.findings, &e), e);
	return t;
}

/* "own/tomcat/NODE/node" or "tomcat-trust" for each, in order, with blanks. */
static void assert_proposed(const struct told *t, const char *list)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	for (size_t i = 0; i < t->p.count; i++) {
		const struct uc_proposal *p = &t->p.items[i];
		assert_true(strlen(p->reason) > 20);
		if (p->store != NULL)
			uc_strv_add(&have, p->store->name);
		else
			uc_strv_take(&have, uc_sprintf("own/%s/%s/%s", p->purpose->name, p->node, p->multi ? "multi-server" : "node"));
	}
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&have, " ");
	assert_string_equal(text, list);
}

static void the_answer_to_a_pending_request_is_proposed_where_its_key_is_U3_T4(void **state)
{
	struct site *s = *state;
	found(s);
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	request_csr(s, "tomcat-ECDSA");
	struct made leaf = answer_to(s, "tomcat-ECDSA", &root);
	UC_CLEANUP(told_free) struct told t = tell(s, MADE(&root, &leaf));
	assert_proposed(&t, "own/tomcat-ECDSA/cucm-pub/node tomcat-trust CallManager-trust");
	assert_int_equal(t.p.items[0].cert, 1);
	assert_non_null(strstr(t.p.items[0].reason, "answers the pending CSR of tomcat-ECDSA on cucm-pub"));
	assert_int_equal(t.findings.count, 0);
	/* Once uploaded, it is known, and its root too. */
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &root));
	carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	UC_CLEANUP(told_free) struct told again = tell(s, MADE(&leaf, &root));
	assert_proposed(&again, "CallManager-trust");
	assert_non_null(strstr(again.p.items[0].reason, "CA"));
	made_free(&leaf);
	made_free(&root);
}

/* T4: root first. */
static void the_stores_that_a_pending_request_needs_come_first_T4(void **state)
{
	struct site *s = *state;
	found(s);
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	{
		UC_CLEANUP(told_free) struct told t = tell(s, MADE(&root));
		assert_proposed(&t, "tomcat-trust CallManager-trust");
		assert_non_null(strstr(t.p.items[0].reason, "HTTPS and web applications"));
	}
	request_csr(s, "ipsec");
	request_csr(s, "CallManager-ECDSA");
	UC_CLEANUP(told_free) struct told t = tell(s, MADE(&root));
	assert_proposed(&t, "CallManager-trust ipsec-trust tomcat-trust");
	assert_non_null(strstr(t.p.items[0].reason, "the pending CSR of CallManager-ECDSA"));
	/* What a store has already is not proposed for it again. */
	upload_trust(s, "CallManager", MADE(&root));
	upload_trust(s, "tomcat", MADE(&root));
	UC_CLEANUP(told_free) struct told less = tell(s, MADE(&root));
	assert_proposed(&less, "ipsec-trust");
	upload_trust(s, "ipsec", MADE(&root));
	UC_CLEANUP(told_free) struct told none = tell(s, MADE(&root));
	assert_proposed(&none, "");
	/* But a second one beside it is. */
	struct made other = make_cert(&(struct make){.subject = "CN=Other", .exts = MAKE_ROOT});
	UC_CLEANUP(told_free) struct told both = tell(s, MADE(&root, &other));
	assert_proposed(&both, "CallManager-trust ipsec-trust tomcat-trust");
	assert_int_equal(both.p.items[0].cert, 1);
	made_free(&other);
	made_free(&root);
}

static void a_certificate_goes_where_its_kind_is_looked_for(void **state)
{
	struct site *s = *state;
	found(s);
	static const struct {
		const char *subject;
		bool ca;
		const char *stores;
	} rows[] = {
	    {"CN=ldap.example.net", false, "tomcat-trust CallManager-trust"},
	    {"CN=Cisco Manufacturing CA SHA2,O=Cisco", true, "CAPF-trust CallManager-trust"},
	    {"CN=Cisco Root CA 2048,O=Cisco Systems", true, "CAPF-trust CallManager-trust"},
	    {"CN=CAP-RTP-002,O=Cisco Systems", true, "CAPF-trust CallManager-trust"},
	    {"CN=CAPF-1a2b3c4d", true, "CallManager-trust CAPF-trust"},
	    {"CN=ITLRECOVERY_other", false, "Phone-SAST-trust"},
	    {"CN=SEP001122AABBCC", false, "CAPF-trust Phone-trust"},
	    {"CN=CP-8841-SEP001122AABBCC", false, "CAPF-trust Phone-trust"},
	    {"CN=SEPARATE-001122AABBC", false, "tomcat-trust CallManager-trust"},
	    {"O=No common name", false, "tomcat-trust CallManager-trust"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct make ca = {.subject = rows[i].subject, .exts = MAKE_ROOT};
		const struct make leaf = {.subject = rows[i].subject, .exts = MAKE_LEAF("x.example.net")};
		struct made c = make_cert(rows[i].ca ? &ca : &leaf);
		UC_CLEANUP(told_free) struct told t = tell(s, MADE(&c));
		assert_proposed(&t, rows[i].stores);
		assert_int_equal(t.findings.count, 0);
		made_free(&c);
	}
	/* A root from before version 3, and a peer of IPsec. */
	struct made old = make_cert(&(struct make){.subject = "CN=Old Root", .version = 1});
	UC_CLEANUP(told_free) struct told t = tell(s, MADE(&old));
	assert_proposed(&t, "tomcat-trust CallManager-trust");
	assert_non_null(strstr(t.p.items[0].reason, "is a CA"));
	struct made gateway = make_cert(&(struct make){.subject = "CN=gw", .exts = {"extendedKeyUsage=serverAuth,1.3.6.1.5.5.7.3.5"}});
	UC_CLEANUP(told_free) struct told ipsec = tell(s, MADE(&gateway));
	assert_proposed(&ipsec, "tomcat-trust CallManager-trust ipsec-trust");
	made_free(&gateway);
	made_free(&old);
}

static void only_stores_that_a_node_of_the_cluster_uses_are_proposed(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer imp = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &imp, false);
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	UC_CLEANUP(told_free) struct told t = tell(s, MADE(&root));
	assert_proposed(&t, "tomcat-trust CallManager-trust cup-xmpp-trust cup-trust");
	made_free(&root);
}

static void the_answer_to_another_node_s_request_is_for_that_node(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	be(s, &sub);
	request_csr(s, "TVS");
	struct made leaf = answer_to(s, "TVS", &root);
	be(s, NULL);
	UC_CLEANUP(told_free) struct told t = tell(s, MADE(&leaf));
	assert_proposed(&t, "own/TVS/cucm-sub/node");
	made_free(&leaf);
	made_free(&root);
}

static void the_answer_to_the_shared_request_is_uploaded_where_the_key_is(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	found(s);
	UC_CLEANUP(peer_free) struct peer sub = peer_new("cucm-sub", UC_NODE_SUBSCRIBER);
	join(s, &sub, false);
	carry_out(s, "csr-gen", json_pack("{s:s, s:s}", "purpose", "tomcat-ECDSA", "distribution", "multi-server"), NO_FILE);
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, UC_ALL_NODES, "tomcat-ECDSA", &r, &e), e);
	struct uc_csr csr;
	assert_ok(uc_csr_read(uc_buf_slice(&r.der), &csr, &e), e);
	const unsigned char *p = csr.spki.ptr;
	struct made key = {.key = d2i_PUBKEY(NULL, &p, (long)csr.spki.len)};
	uc_csr_free(&csr);
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	struct made leaf = make_cert(&(struct make){.subject = "CN=all", .issuer = &root, .same_key = &key, .exts = SERVER_EXTS});
	UC_CLEANUP(told_free) struct told t = tell(s, MADE(&leaf));
	assert_proposed(&t, "own/tomcat-ECDSA/cucm-pub/multi-server");
	/* A node that joined since has no key to it: it says who has. */
	UC_CLEANUP(peer_free) struct peer late = peer_new("cucm-late", UC_NODE_SUBSCRIBER);
	join(s, &late, false);
	be(s, &late);
	UC_CLEANUP(told_free) struct told there = tell(s, MADE(&leaf));
	assert_proposed(&there, "own/tomcat-ECDSA/cucm-pub/multi-server");
	be(s, NULL);
	made_free(&key);
	made_free(&leaf);
	made_free(&root);
}

/* T4: a CSR is answered once; what renews the present certificate needs another one first. */
static void a_certificate_for_the_key_in_force_is_called_a_renewal(void **state)
{
	struct site *s = *state;
	found(s);
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	request_csr(s, "tomcat-ECDSA");
	struct made key = request_key(s, "tomcat-ECDSA");
	struct made leaf = answer_to(s, "tomcat-ECDSA", &root);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(MADE(&leaf, &root));
	carry_out(s, "import-own", purpose("tomcat-ECDSA"), uc_buf_slice(&file));
	struct made next =
	    make_cert(&(struct make){.subject = "CN=cucm-pub.example.com", .issuer = &root, .same_key = &key, .exts = SERVER_EXTS});
	UC_CLEANUP(told_free) struct told t = tell(s, MADE(&next));
	assert_proposed(&t, "tomcat-trust CallManager-trust own/tomcat-ECDSA/cucm-pub/node");
	assert_non_null(strstr(t.p.items[2].reason, "generate a CSR"));
	assert_int_equal(t.findings.count, 0);
	made_free(&key);
	made_free(&next);
	made_free(&leaf);
	made_free(&root);
}

static void a_certificate_that_was_meant_as_an_answer_and_is_none_is_told_so_C27_C29_C30(void **state)
{
	struct site *s = *state;
	found(s);
	struct made root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	request_csr(s, "tomcat-ECDSA");
	struct made late = answer_to(s, "tomcat-ECDSA", &root);
	request_csr(s, "tomcat-ECDSA");
	UC_CLEANUP(told_free) struct told t = tell(s, MADE(&late));
	const struct uc_finding *f = uc_findings_get(&t.findings, "key-of");
	assert_non_null(f);
	assert_non_null(strstr(f->message, "a replaced CSR of tomcat-ECDSA"));
	struct made foreign = make_cert(&(struct make){.subject = "CN=cucm-pub.example.com", .issuer = &root, .exts = SERVER_EXTS});
	UC_CLEANUP(told_free) struct told other = tell(s, MADE(&foreign));
	f = uc_findings_get(&other.findings, "key-foreign");
	assert_non_null(f);
	assert_int_equal(f->weight, UC_WARN);
	assert_non_null(strstr(f->message, "cucm-pub.example.com"));
	/* A self-signed one is what another cluster's node has, which may be called the same. */
	struct made self = make_cert(&(struct make){.subject = "CN=cucm-pub.example.com", .exts = {"subjectAltName=DNS:cucm-pub.example.com"}});
	UC_CLEANUP(told_free) struct told none = tell(s, MADE(&self));
	assert_int_equal(none.findings.count, 0);
	made_free(&self);
	made_free(&foreign);
	made_free(&late);
	made_free(&root);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(the_answer_to_a_pending_request_is_proposed_where_its_key_is_U3_T4),
	    T(the_stores_that_a_pending_request_needs_come_first_T4),
	    T(a_certificate_goes_where_its_kind_is_looked_for),
	    T(only_stores_that_a_node_of_the_cluster_uses_are_proposed),
	    T(the_answer_to_another_node_s_request_is_for_that_node),
	    T(the_answer_to_the_shared_request_is_uploaded_where_the_key_is),
	    T(a_certificate_for_the_key_in_force_is_called_a_renewal),
	    T(a_certificate_that_was_meant_as_an_answer_and_is_none_is_told_so_C27_C29_C30),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
