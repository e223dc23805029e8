/* src/store/step*.c: each type of step applied, refused when the state has moved, inverted, and applied again. */
#include "store_test.h"

#include "pki/name.h"

static void free_json(json_t **j)
{
	json_decref(*j);
}

/* The whole state that steps make, as one JSON value, to compare states with. */
static json_t *snapshot(struct uc_store *s)
{
	struct uc_error e;
	json_t *all = json_object();
	json_t *counters = NULL;
	assert_ok(uc_store_counters(s, &counters, &e), e);
	json_object_set_new(all, "counters", counters);
	static const char *const purposes[] = {"tomcat", "CAPF"};
	for (size_t i = 0; i < 2; i++) {
		UC_CLEANUP(uc_identity_free) struct uc_identity id = {.node = NULL};
		UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
		json_t *entry = json_object();
		json_object_set_new(all, purposes[i], entry);
		if (uc_store_identity(s, "n1", purposes[i], &id, NULL) == UC_OK) {
			json_object_set_new(entry, "cert", base64_of(id.cert));
			json_object_set_new(entry, "key", json_string(id.key_id));
			json_object_set_new(entry, "chain", json_integer((json_int_t)id.chain.count));
			json_object_set_new(entry, "source", json_string(id.source));
		}
		if (uc_store_request(s, "n1", purposes[i], &r, NULL) == UC_OK) {
			json_object_set_new(entry, "csr_key", json_string(r.key_id));
			json_object_set_new(entry, "csr", json_integer((json_int_t)r.der.len));
			json_object_set(entry, "parameters", r.parameters);
			json_object_set_new(entry, "created", json_integer(r.created));
		}
	}
	UC_CLEANUP(uc_trusts_free) struct uc_trusts trusts = {.items = NULL};
	assert_ok(uc_store_trust(s, "tomcat-trust", "n1", NULL, NULL, 100, &trusts, &e), e);
	json_t *list = json_array();
	json_object_set_new(all, "trust", list);
	for (size_t i = 0; i < trusts.count; i++)
		json_array_append_new(list, json_pack("[s, s, s, s, o]", trusts.items[i].name, trusts.items[i].scope, trusts.items[i].description,
		                                      trusts.items[i].origin, base64_of(trusts.items[i].cert)));
	UC_CLEANUP(uc_account_free) struct uc_account account = {.name = NULL};
	if (uc_store_account(s, "admin", &account, NULL) == UC_OK)
		json_object_set_new(all, "account", json_pack("[s, s, s]", account.role, account.secret, account.verifier));
	struct uc_node_row node = {.name = NULL};
	if (uc_store_node(s, "n1", &node, NULL) == UC_OK)
		json_object_set_new(all, "node", json_pack("[s, s, s, s]", node.fqdn, node.domain, node.roles, node.guid));
	uc_node_row_free(&node);
	return all;
}

/* Applies a step (taken), then its inverse, then that one's inverse: the states in between must be as they should. */
static void apply_invert_apply(struct uc_store *s, json_t *step)
{
	struct uc_error e;
	UC_CLEANUP(free_json) json_t *before = snapshot(s);
	UC_CLEANUP(free_json) json_t *inverse = uc_step_invert(step);
	assert_non_null(inverse);
	UC_CLEANUP(free_json) json_t *again = uc_step_invert(inverse);
	assert_non_null(again);
	assert_true(uc_step_undoable(json_string_value(json_object_get(step, "type"))));

	assert_ok(commit_step(s, step, &e), e);
	UC_CLEANUP(free_json) json_t *after = snapshot(s);
	assert_false(json_equal(before, after));

	assert_ok(commit_step(s, json_incref(inverse), &e), e);
	UC_CLEANUP(free_json) json_t *back = snapshot(s);
	assert_true(json_equal(before, back));

	/* What was taken back cannot be taken back again. */
	bool adds = strcmp(json_string_value(json_object_get(inverse, "type")), "trust.add") == 0;
	assert_fails(commit_step(s, json_incref(inverse), &e), e, UC_ECONFLICT, adds ? "already-there" : "state-moved");

	assert_ok(commit_step(s, json_incref(again), &e), e);
	UC_CLEANUP(free_json) json_t *after_again = snapshot(s);
	assert_true(json_equal(after, after_again));
}

static void identities_are_set_replaced_and_removed(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *root = cert_named("Root", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *first = cert_named("host.example.com", 2);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *second = cert_named("host.example.com", 3);
	apply_invert_apply(f->s, identity_step("tomcat", first, NULL, json_null()));
	apply_invert_apply(f->s, identity_step("tomcat", second, root, identity_values(first, NULL)));

	UC_CLEANUP(uc_identity_free) struct uc_identity id = {.node = NULL};
	assert_ok(uc_store_identity(f->s, "n1", "tomcat", &id, &e), e);
	assert_true(uc_cert_eq(id.cert, second));
	assert_int_equal(id.chain.count, 1);
	assert_true(uc_cert_eq(id.chain.items[0], root));
	assert_string_equal(id.source, "ca-signed");
	assert_string_equal(id.distribution, "node");
	int64_t head;
	assert_ok(uc_log_head(f->s, &head, NULL, &e), e);
	assert_int_equal(id.number, head);

	json_t *remove = json_pack("{s:s, s:i, s:s, s:s, s:o}", "type", "identity.remove", "v", 1, "node", "n1", "purpose", "tomcat", "before",
	                           identity_values(second, root));
	apply_invert_apply(f->s, remove);
	UC_CLEANUP(uc_identity_free) struct uc_identity none = {.node = NULL};
	assert_fails(uc_store_identity(f->s, "n1", "tomcat", &none, &e), e, UC_ENOTFOUND, "no-identity");
}

static void an_identity_whose_before_is_not_what_is_there_is_refused(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *first = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *second = cert_named("a", 2);
	assert_fails(commit_step(f->s, identity_step("tomcat", first, NULL, identity_values(second, NULL)), &e), e, UC_ECONFLICT,
	             "state-moved");
	assert_ok(commit_step(f->s, identity_step("tomcat", first, NULL, json_null()), &e), e);
	assert_fails(commit_step(f->s, identity_step("tomcat", second, NULL, json_null()), &e), e, UC_ECONFLICT, "state-moved");
	assert_fails(commit_step(f->s, identity_step("tomcat", second, NULL, identity_values(second, NULL)), &e), e, UC_ECONFLICT,
	             "state-moved");
	/* The right certificate with another chain is not the same state. */
	assert_fails(commit_step(f->s, identity_step("tomcat", second, NULL, identity_values(first, second)), &e), e, UC_ECONFLICT,
	             "state-moved");
	assert_ok(commit_step(f->s, identity_step("tomcat", second, NULL, identity_values(first, NULL)), &e), e);
}

static void C31_a_certificate_for_another_key_is_never_stored(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *other = cert_named("a", 2);
	json_t *step = identity_step("tomcat", one, NULL, json_null());
	json_object_set_new(step, "key", key_of(other));
	assert_fails(commit_step(f->s, step, &e), e, UC_EREFUSED, "key-mismatch");
	UC_CLEANUP(uc_identity_free) struct uc_identity none = {.node = NULL};
	assert_fails(uc_store_identity(f->s, "n1", "tomcat", &none, &e), e, UC_ENOTFOUND, "no-identity");
}

static void T3_a_certificate_whose_times_are_malformed_is_refused(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *good = cert_named("a", 1);
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	uc_buf_add_slice(&der, uc_buf_slice(&good->der));
	uint8_t *z = der.ptr + (good->not_after.raw.ptr - good->der.ptr) + good->not_after.raw.len - 1;
	assert_int_equal(*z, 'Z');
	*z = '0';
	UC_CLEANUP(uc_cert_freep) struct uc_cert *bad = NULL;
	assert_ok(uc_cert_read(uc_buf_slice(&der), &bad, &e), e);
	assert_fails(commit_step(f->s, trust_step("trust.add", "tomcat-trust", "a.pem", "cluster", bad, ""), &e), e, UC_EREFUSED, "bad-time");
	assert_non_null(strstr(e.message, "3001010000000"));
}

static void trust_entries_are_added_and_removed(void **state)
{
	struct fixture *f = *state;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("Some CA", 1);
	apply_invert_apply(f->s, trust_step("trust.add", "tomcat-trust", "Some_CA.pem", "cluster", c, "for the intranet"));
	apply_invert_apply(f->s, trust_step("trust.remove", "tomcat-trust", "Some_CA.pem", "cluster", c, "for the intranet"));
}

static void trust_entries_that_are_there_are_refused(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("CA", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("CA", 2);
	assert_ok(commit_step(f->s, trust_step("trust.add", "tomcat-trust", "CA.pem", "cluster", one, ""), &e), e);
	assert_fails(commit_step(f->s, trust_step("trust.add", "tomcat-trust", "CA.pem", "cluster", two, ""), &e), e, UC_ECONFLICT,
	             "name-taken");
	assert_fails(commit_step(f->s, trust_step("trust.add", "tomcat-trust", "other.pem", "cluster", one, ""), &e), e, UC_ECONFLICT,
	             "already-there");
	/* Another store, and another scope, are other places. */
	assert_ok(commit_step(f->s, trust_step("trust.add", "CAPF-trust", "CA.pem", "cluster", one, ""), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.add", "tomcat-trust", "CA.pem", "n1", one, ""), &e), e);
	UC_CLEANUP(uc_trusts_free) struct uc_trusts everywhere = {.items = NULL};
	char fingerprint[UC_FINGERPRINT_HEX];
	assert_ok(uc_store_trust_everywhere(f->s, uc_cert_fingerprint_hex(one, fingerprint), &everywhere, &e), e);
	assert_int_equal(everywhere.count, 3);
}

static void trust_remove_takes_only_what_it_names(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("CA", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("CA", 2);
	assert_ok(commit_step(f->s, trust_step("trust.add", "tomcat-trust", "CA.pem", "cluster", one, "text"), &e), e);
	assert_fails(commit_step(f->s, trust_step("trust.remove", "tomcat-trust", "CA.pem", "cluster", two, "text"), &e), e, UC_ECONFLICT,
	             "state-moved");
	assert_fails(commit_step(f->s, trust_step("trust.remove", "tomcat-trust", "CA.pem", "n1", one, "text"), &e), e, UC_ECONFLICT,
	             "state-moved");
	assert_fails(commit_step(f->s, trust_step("trust.remove", "tomcat-trust", "CA.pem", "cluster", one, "txet"), &e), e, UC_ECONFLICT,
	             "state-moved");
	assert_fails(commit_step(f->s, trust_step("trust.remove", "tomcat-trust", "ca.pem", "cluster", one, "text"), &e), e, UC_ECONFLICT,
	             "state-moved");
	assert_ok(commit_step(f->s, trust_step("trust.remove", "tomcat-trust", "CA.pem", "cluster", one, "text"), &e), e);
}

static json_t *csr_values(const struct uc_cert *key, const char *created)
{
	return json_pack("{s:s, s:o, s:s, s:{s:s, s:[s]}, s:s}", "request", "AQIDBA==", "key", key_of(key), "distribution", "node",
	                 "parameters", "common_name", "host", "sans", "DNS:host", "created", created);
}

static json_t *csr_step(const char *type, const struct uc_cert *key, const char *created, json_t *before)
{
	json_t *step = csr_values(key, created);
	json_object_set_new(step, "type", json_string(type));
	json_object_set_new(step, "v", json_integer(1));
	json_object_set_new(step, "node", json_string("n1"));
	json_object_set_new(step, "purpose", json_string("tomcat"));
	json_object_set_new(step, "before", before);
	return step;
}

static void requests_are_set_replaced_and_removed(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("a", 2);
	apply_invert_apply(f->s, csr_step("csr.set", one, "2026-01-02T03:04:05Z", json_null()));
	apply_invert_apply(f->s, csr_step("csr.set", two, "2026-02-02T03:04:05Z", csr_values(one, "2026-01-02T03:04:05Z")));
	assert_fails(commit_step(f->s, csr_step("csr.set", one, "2026-01-02T03:04:05Z", json_null()), &e), e, UC_ECONFLICT, "state-moved");
	json_t *remove = json_pack("{s:s, s:i, s:s, s:s, s:o}", "type", "csr.remove", "v", 1, "node", "n1", "purpose", "tomcat", "before",
	                           csr_values(two, "2026-02-02T03:04:05Z"));
	apply_invert_apply(f->s, remove);
	UC_CLEANUP(uc_request_free) struct uc_request none = {.node = NULL};
	assert_fails(uc_store_request(f->s, "n1", "tomcat", &none, &e), e, UC_ENOTFOUND, "no-csr");
}

static json_t *account_step(const char *role, const char *secret, json_t *before)
{
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:o}", "type", "account.set", "v", 1, "name", "admin", "role", role, "secret", secret,
	                 "before", before);
}

static void put_secret(struct uc_store *s, const char *text, char hash[65])
{
	struct uc_error e;
	assert_ok(uc_store_begin(s, &e), e);
	assert_ok(uc_store_secret_put(s, uc_slice_str(text), hash, &e), e);
	assert_ok(uc_store_commit(s, &e), e);
}

static void accounts_are_set_replaced_and_removed(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char one[65];
	char two[65];
	put_secret(f->s, "verifier one", one);
	put_secret(f->s, "verifier two", two);
	apply_invert_apply(f->s, account_step("administrator", one, json_null()));
	apply_invert_apply(f->s, account_step("administrator", two, json_pack("{s:s, s:s}", "role", "administrator", "secret", one)));
	UC_CLEANUP(uc_account_free) struct uc_account a = {.name = NULL};
	assert_ok(uc_store_account(f->s, "admin", &a, &e), e);
	assert_string_equal(a.verifier, "verifier two");
	json_t *remove = json_pack("{s:s, s:i, s:s, s:{s:s, s:s}}", "type", "account.remove", "v", 1, "name", "admin", "before", "role",
	                           "administrator", "secret", two);
	apply_invert_apply(f->s, remove);
	UC_CLEANUP(uc_account_free) struct uc_account none = {.name = NULL};
	assert_fails(uc_store_account(f->s, "admin", &none, &e), e, UC_ENOTFOUND, "no-account");
}

static void an_account_needs_its_secret(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_fails(commit_step(f->s, account_step("administrator", "00", json_null()), &e), e, UC_ENOTFOUND, "no-secret");
}

static json_t *node_values(const char *fqdn)
{
	return json_pack("{s:s, s:s, s:[s,s], s:s}", "fqdn", fqdn, "domain", "example.com", "roles", "publisher", "tftp", "guid", "0123");
}

static json_t *node_step(const char *fqdn, json_t *before)
{
	json_t *step = node_values(fqdn);
	json_object_set_new(step, "type", json_string("node.set"));
	json_object_set_new(step, "v", json_integer(1));
	json_object_set_new(step, "node", json_string("n1"));
	json_object_set_new(step, "before", before);
	return step;
}

static void nodes_are_set_and_replaced(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	struct uc_node_row row = {.name = NULL};
	assert_fails(uc_store_node(f->s, "n1", &row, &e), e, UC_ENOTFOUND, "no-node");
	json_t *first = node_step("a.example.com", json_null());
	/* It would take its credentials with it: a node's making cannot be taken back. */
	assert_null(uc_step_invert(first));
	assert_ok(commit_step(f->s, first, &e), e);
	apply_invert_apply(f->s, node_step("b.example.com", node_values("a.example.com")));
	assert_ok(uc_store_node(f->s, "n1", &row, &e), e);
	assert_string_equal(row.fqdn, "b.example.com");
	assert_string_equal(row.roles, "publisher,tftp");
	uc_node_row_free(&row);
}

static json_t *purge_step(const struct uc_cert *c)
{
	return json_pack("{s:s, s:i, s:s, s:o}", "type", "key.purge", "v", 1, "node", "n1", "key", key_of(c));
}

static void a_purged_key_is_never_used_again(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("a", 2);
	assert_ok(commit_step(f->s, identity_step("tomcat", one, NULL, json_null()), &e), e);
	assert_fails(commit_step(f->s, purge_step(one), &e), e, UC_EREFUSED, "key-in-use");
	json_t *replace = identity_step("tomcat", two, NULL, identity_values(one, NULL));
	json_t *undo = uc_step_invert(replace);
	assert_ok(commit_step(f->s, replace, &e), e);
	json_t *purge = purge_step(one);
	assert_null(uc_step_invert(purge));
	assert_false(uc_step_undoable("key.purge"));
	assert_ok(commit_step(f->s, purge, &e), e);
	assert_fails(commit_step(f->s, undo, &e), e, UC_EREFUSED, "key-purged");
	assert_fails(commit_step(f->s, csr_step("csr.set", one, "2026-01-02T03:04:05Z", json_null()), &e), e, UC_EREFUSED, "key-purged");
	assert_fails(commit_step(f->s, purge_step(one), &e), e, UC_EREFUSED, "key-purged");
}

static void what_a_key_is_for_is_known(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char what[128];
	char id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("a", 2);
	uc_key_id(one->spki, id);
	assert_ok(uc_store_key_use(f->s, "n1", id, what, sizeof what, &e), e);
	assert_string_equal(what, "");
	assert_ok(commit_step(f->s, csr_step("csr.set", one, "2026-01-02T03:04:05Z", json_null()), &e), e);
	assert_ok(uc_store_key_use(f->s, "n1", id, what, sizeof what, &e), e);
	assert_string_equal(what, "the pending CSR of tomcat");
	assert_ok(commit_step(f->s, csr_step("csr.set", two, "2026-01-02T03:04:05Z", csr_values(one, "2026-01-02T03:04:05Z")), &e), e);
	assert_ok(uc_store_key_use(f->s, "n1", id, what, sizeof what, &e), e);
	assert_string_equal(what, "a replaced CSR of tomcat (change 1)");
	assert_ok(commit_step(f->s, identity_step("tomcat", one, NULL, json_null()), &e), e);
	assert_ok(uc_store_key_use(f->s, "n1", id, what, sizeof what, &e), e);
	assert_string_equal(what, "the certificate of tomcat");
	assert_ok(commit_step(f->s, identity_step("tomcat", two, NULL, identity_values(one, NULL)), &e), e);
	assert_ok(uc_store_key_use(f->s, "n1", id, what, sizeof what, &e), e);
	assert_string_equal(what, "a replaced certificate of tomcat (change 3)");
	assert_ok(uc_store_key_use(f->s, "n2", id, what, sizeof what, &e), e);
	assert_string_equal(what, "");
}

static void steps_that_are_not_understood_are_refused(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("a", 1);
	assert_fails(commit_step(f->s, json_pack("{s:s, s:i}", "type", "nonsense", "v", 1), &e), e, UC_EREFUSED, "step-unknown");
	assert_fails(commit_step(f->s, json_pack("{s:s}", "type", "trust.add"), &e), e, UC_EREFUSED, "step-unknown");
	assert_fails(commit_step(f->s, json_pack("{s:s, s:i}", "type", "trust.add", "v", 2), &e), e, UC_EREFUSED, "step-unknown");
	assert_fails(commit_step(f->s, json_pack("[s]", "trust.add"), &e), e, UC_EREFUSED, "step-unknown");
	static const char *const needed[] = {"store", "name", "scope", "origin", "certificate"};
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		json_t *step = trust_step("trust.add", "tomcat-trust", "a.pem", "cluster", c, "");
		json_object_del(step, needed[i]);
		assert_fails(commit_step(f->s, step, &e), e, UC_EINPUT, "bad-step");
		assert_string_equal(e.field, needed[i]);
	}
	json_t *bad = trust_step("trust.add", "tomcat-trust", "a.pem", "cluster", c, "");
	json_object_set_new(bad, "certificate", json_string("AQID"));
	assert_fails(commit_step(f->s, bad, &e), e, UC_EINPUT, "not-a-certificate");
	int64_t head;
	assert_ok(uc_log_head(f->s, &head, NULL, &e), e);
	assert_int_equal(head, 0);
}

static void a_change_is_whole_or_not_there(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("one", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("two", 2);
	UC_CLEANUP(free_json) json_t *before = snapshot(f->s);
	json_t *steps =
	    json_pack("[o, o, o]", trust_step("trust.add", "tomcat-trust", "one.pem", "cluster", one, ""),
	              identity_step("tomcat", two, one, json_null()), trust_step("trust.add", "tomcat-trust", "one.pem", "cluster", two, ""));
	assert_fails(commit_change(f->s, change_with(steps), &number, &e), e, UC_ECONFLICT, "name-taken");
	UC_CLEANUP(free_json) json_t *after = snapshot(f->s);
	assert_true(json_equal(before, after));
}

static void C86_C94_C87_one_subject_and_two_keys_are_two_certificates(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *one = cert_named("Twin CA", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *two = cert_named("Twin CA", 2);
	assert_ok(commit_step(f->s, trust_step("trust.add", "tomcat-trust", "Twin_CA.pem", "cluster", one, ""), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.add", "tomcat-trust", "Twin_CA_1.pem", "cluster", two, ""), &e), e);
	UC_CLEANUP(uc_certs_free) struct uc_certs both = {.items = NULL};
	assert_ok(uc_store_issuers(f->s, "tomcat-trust", "n1", uc_name_hash(one->subject), &both, &e), e);
	assert_int_equal(both.count, 2);
	assert_ok(commit_step(f->s, trust_step("trust.remove", "tomcat-trust", "Twin_CA.pem", "cluster", one, ""), &e), e);
	UC_CLEANUP(uc_certs_free) struct uc_certs left = {.items = NULL};
	assert_ok(uc_store_issuers(f->s, "tomcat-trust", "n1", uc_name_hash(one->subject), &left, &e), e);
	assert_int_equal(left.count, 1);
	assert_true(uc_cert_eq(left.items[0], two));
}

static void names_of_any_kind_are_kept_as_they_are(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char longest[305];
	memset(longest, 'x', 300);
	memcpy(longest + 300, ".pem", 5);
	const char *const names[] = {
	    "it's.pem",        "a\"b.pem", "100%_.pem", "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac.pem", "a;DROP TABLE entry;--.pem",
	    "back\\slash.pem", longest};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named(names[i], i);
		assert_ok(commit_step(f->s, trust_step("trust.add", "tomcat-trust", names[i], "cluster", c, names[i]), &e), e);
		UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
		assert_ok(uc_store_trust(f->s, "tomcat-trust", "n1", names[i], NULL, 10, &found, &e), e);
		assert_int_equal(found.count, 1);
		assert_string_equal(found.items[0].name, names[i]);
		assert_string_equal(found.items[0].description, names[i]);
		assert_true(uc_cert_eq(found.items[0].cert, c));
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named(names[i], i);
		assert_ok(commit_step(f->s, trust_step("trust.remove", "tomcat-trust", names[i], "cluster", c, names[i]), &e), e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(identities_are_set_replaced_and_removed, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(an_identity_whose_before_is_not_what_is_there_is_refused, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(C31_a_certificate_for_another_key_is_never_stored, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(T3_a_certificate_whose_times_are_malformed_is_refused, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(trust_entries_are_added_and_removed, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(trust_entries_that_are_there_are_refused, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(trust_remove_takes_only_what_it_names, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(requests_are_set_replaced_and_removed, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(accounts_are_set_replaced_and_removed, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(an_account_needs_its_secret, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(nodes_are_set_and_replaced, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_purged_key_is_never_used_again, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(what_a_key_is_for_is_known, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(steps_that_are_not_understood_are_refused, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_change_is_whole_or_not_there, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(C86_C94_C87_one_subject_and_two_keys_are_two_certificates, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(names_of_any_kind_are_kept_as_they_are, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
