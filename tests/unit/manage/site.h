/*
 * A node for the tests of tasks: a store and a key directory of their own, the time MAKE_NOW, and the three movements of a task without the daemon around them. preview() makes a plan,
 * carry_out() does what it says; both take the arguments as JSON, which they free.
 */
#ifndef UC_TEST_SITE_H
#define UC_TEST_SITE_H

#include "uc_test.h"

#include <openssl/x509.h>

#include "core/random.h"
#include "manage/cluster.h"
#include "manage/join_secret.h"
#include "manage/upload.h"
#include "pki/digest.h"
#include "pki/make_certs.h"
#include "pki/name.h"
#include "pki/report.h"
#include "store/change.h"

#define SITE_UNUSED __attribute__((unused))

struct site {
	char *dir;
	struct uc_keys *keys;
	struct uc_store *store;
	struct uc_task_context ctx;
	char *secret;                   /* what the last task told its caller, or "" */
	struct uc_task_context founder; /* the context of the first node, while the site is another one: be() */
};

SITE_UNUSED static int site_setup(void **state)
{
	struct uc_error e;
	struct site *s = uc_zalloc(1, sizeof *s);
	s->dir = uc_test_dir();
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", s->dir);
	assert_ok(uc_keys_open(s->dir, &s->keys, &e), e);
	assert_ok(uc_store_open(url, UC_STORE_WRITE, &s->store, &e), e);
	uc_clock_set(MAKE_NOW);
	s->ctx = (struct uc_task_context){.store = s->store,
	                                  .keys = s->keys,
	                                  .node = "cucm-pub",
	                                  .fqdn = "cucm-pub.example.com",
	                                  .host = "cucm-pub",
	                                  .domain = "example.com",
	                                  .guid = "01234567-89ab-4cde-8f01-23456789abcd",
	                                  .roles = UC_NODE_PUBLISHER | UC_NODE_TFTP,
	                                  .now = MAKE_NOW};
	s->founder = s->ctx;
	s->secret = uc_strdup("");
	*state = s;
	return 0;
}

SITE_UNUSED static int site_teardown(void **state)
{
	struct site *s = *state;
	uc_clock_set(-1);
	uc_store_close(s->store);
	uc_keys_close(s->keys);
	uc_test_dir_remove(s->dir);
	free(s->secret);
	free(s);
	return 0;
}

/* ---- files ---- */

/* PEM of certificates, NULL-terminated; release with uc_buf_free(). */
SITE_UNUSED static struct uc_buf file_of(const struct made *const *some)
{
	struct uc_buf out = UC_BUF_EMPTY;
	for (; *some != NULL; some++) uc_pem_write(&out, "CERTIFICATE", uc_buf_slice(&(*some)->cert->der));
	return out;
}

#define NO_FILE ((struct uc_slice){.ptr = NULL})

/* ---- the movements ---- */

/* Release plan with uc_plan_free() whatever comes of it. */
SITE_UNUSED static enum uc_status preview(struct site *s, const char *name, json_t *args, struct uc_slice file, struct uc_plan *plan,
                                          struct uc_error *e)
{
	const struct uc_task *task = NULL;
	struct uc_task_request req = {.task = name, .args = args, .content = file};
	uc_plan_init(plan, name);
	enum uc_status status = uc_task_find(name, &task, e);
	if (status == UC_OK) status = uc_store_read_begin(s->store, e);
	if (status == UC_OK) {
		s->ctx.material = NULL;
		status = uc_task_plan(task, &s->ctx, &req, plan, e);
		uc_store_read_end(s->store);
	}
	json_decref(args);
	return status;
}

SITE_UNUSED static enum uc_status commit_plan(struct site *s, const struct uc_plan *plan, int64_t *number, struct uc_error *e)
{
	char at[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *request = uc_uuid();
	json_t *body = json_pack("{s:s, s:s, s:s, s:n, s:s, s:s, s:s, s:o, s:O, s:o, s:O}", "at", uc_time_rfc3339(s->ctx.now, at), "node",
	                         s->ctx.node, "who", "tester", "why", "task", plan->task, "request", request, "summary", plan->summary,
	                         "undoes", plan->undoes > 0 ? json_integer(plan->undoes) : json_null(), "steps", plan->steps, "findings",
	                         uc_report_findings(&plan->findings), "followups", plan->followups);
	enum uc_status status = uc_log_append(s->store, body, uc_keys_node_sign, s->ctx.keys, number, e);
	json_decref(body);
	return status;
}

/* As the daemon does it: prepares outside the lock, plans again inside, and holds the two plans against each other. */
SITE_UNUSED static int64_t carry_out(struct site *s, const char *name, json_t *args, struct uc_slice file)
{
	struct uc_error e;
	struct uc_plan plan;
	const struct uc_task *task = NULL;
	UC_CLEANUP(uc_material_free) struct uc_material made = {.items = NULL};
	struct uc_task_request req = {.task = name, .args = json_incref(args), .content = file};
	assert_ok(preview(s, name, args, file, &plan, &e), e);
	for (size_t i = 0; i < plan.findings.count; i++)
		if (plan.findings.items[i].weight == UC_REFUSED)
			fail_msg("refused: %s: %s", plan.findings.items[i].code, plan.findings.items[i].message);
	assert_false(uc_plan_empty(&plan));
	char agreed[65];
	uc_plan_hash(&plan, agreed);
	assert_ok(uc_task_find(name, &task, &e), e);
	if (task->prepare != NULL) assert_ok(task->prepare(&s->ctx, &req, &plan, &made, &e), e);
	uc_plan_free(&plan);
	assert_ok(uc_store_begin(s->store, &e), e);
	s->ctx.material = &made;
	uc_plan_init(&plan, name);
	assert_ok(uc_task_plan(task, &s->ctx, &req, &plan, &e), e);
	char again[65];
	assert_string_equal((uc_plan_hash(&plan, again), again), agreed);
	int64_t number = 0;
	assert_ok(commit_plan(s, &plan, &number, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	s->ctx.material = NULL;
	uc_plan_free(&plan);
	json_decref((json_t *)(uintptr_t)req.args);
	free(s->secret);
	s->secret = uc_strndup(made.secret.len > 0 ? (const char *)made.secret.ptr : "", made.secret.len);
	return number;
}

/* The preview must be made, without a refusal. */
SITE_UNUSED static void plan_ok(struct site *s, const char *name, json_t *args, struct uc_slice file, struct uc_plan *plan)
{
	struct uc_error e;
	assert_ok(preview(s, name, args, file, plan, &e), e);
	for (size_t i = 0; i < plan->findings.count; i++)
		if (plan->findings.items[i].weight == UC_REFUSED)
			fail_msg("refused: %s: %s", plan->findings.items[i].code, plan->findings.items[i].message);
}

/* What two makings of the plan are compared by, and the texts of its steps. Free texts with free(). */
SITE_UNUSED static void plan_hash(struct site *s, const char *name, json_t *args, struct uc_slice file, char hash[65], char **texts)
{
	struct uc_plan plan;
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	plan_ok(s, name, args, file, &plan);
	for (size_t i = 0; i < json_array_size(plan.steps); i++)
		uc_strv_add(&all, json_string_value(json_object_get(json_array_get(plan.steps, i), "text")));
	*texts = uc_strv_join(&all, "\n");
	uc_plan_hash(&plan, hash);
	uc_plan_free(&plan);
}

/* ---- what plans say ---- */

/* There is such a finding, of this weight, and one of them says text. */
SITE_UNUSED static void assert_found(const struct uc_plan *p, enum uc_weight weight, const char *code, const char *text)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf all = UC_BUF_EMPTY;
	for (size_t i = 0; i < p->findings.count; i++) {
		const struct uc_finding *f = &p->findings.items[i];
		if (f->weight == weight && strcmp(f->code, code) == 0 && strstr(f->message, text) != NULL) return;
		uc_buf_printf(&all, "\n  %s %s: %s", uc_weight_name(f->weight), f->code, f->message);
	}
	fail_msg("no finding %s of weight %s that says '%s', but:%.*s", code, uc_weight_name(weight), text, (int)all.len,
	         (const char *)all.ptr);
}

SITE_UNUSED static void assert_not_found(const struct uc_plan *p, const char *code)
{
	const struct uc_finding *f = uc_findings_get(&p->findings, code);
	if (f != NULL) fail_msg("there is a finding %s: %s", code, f->message);
}

/* The plan refuses with this as its first refusal, and has no steps. */
SITE_UNUSED static void assert_refused(struct site *s, const char *name, json_t *args, struct uc_slice file, const char *code,
                                       const char *text)
{
	struct uc_error e;
	struct uc_plan plan;
	assert_ok(preview(s, name, args, file, &plan, &e), e);
	assert_found(&plan, UC_REFUSED, code, text);
	for (size_t i = 0; i < plan.findings.count; i++) {
		if (plan.findings.items[i].weight != UC_REFUSED) continue;
		assert_string_equal(plan.findings.items[i].code, code);
		break;
	}
	uc_plan_free(&plan);
}

/* No plan can be made at all. */
#define assert_no_plan(s, name, args, file, status, id)                                           \
	do {                                                                                          \
		struct uc_plan no_plan_;                                                                  \
		struct uc_error no_error_;                                                                \
		assert_fails(preview(s, name, args, file, &no_plan_, &no_error_), no_error_, status, id); \
		uc_plan_free(&no_plan_);                                                                  \
	} while (0)

/* No plan can be made, and this argument, whose value the message says, is why. */
#define assert_blamed(s, name, args, id_, field_, value)                                                            \
	do {                                                                                                            \
		struct uc_plan no_plan_;                                                                                    \
		struct uc_error no_error_;                                                                                  \
		assert_int_not_equal(preview(s, name, args, NO_FILE, &no_plan_, &no_error_), UC_OK);                        \
		assert_string_equal(no_error_.id, id_);                                                                     \
		assert_string_equal(no_error_.field, field_);                                                               \
		if (strstr(no_error_.message, value) == NULL) fail_msg("'%s' does not say '%s'", no_error_.message, value); \
		uc_plan_free(&no_plan_);                                                                                    \
	} while (0)

SITE_UNUSED static const char *step_text(const struct uc_plan *p, size_t i, const char *member)
{
	const char *text = json_string_value(json_object_get(json_array_get(p->steps, i), member));
	return text != NULL ? text : "";
}

/* The types of the steps, in order, with commas. */
SITE_UNUSED static void assert_steps(const struct uc_plan *p, const char *types)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	for (size_t i = 0; i < json_array_size(p->steps); i++) uc_strv_add(&have, step_text(p, i, "type"));
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&have, ",");
	assert_string_equal(list, types);
}

/* Is something to be done about this target? */
SITE_UNUSED static bool follows(const struct uc_plan *p, const char *kind, const char *target)
{
	size_t i;
	const json_t *one;
	json_array_foreach(p->followups, i, one)
	{
		if (strcmp(json_string_value(json_object_get(one, "kind")), kind) == 0 &&
		    strcmp(json_string_value(json_object_get(one, "target")), target) == 0)
			return true;
	}
	return false;
}

/* The services that are to be loaded anew, in order, with commas; those of another node than the change's own with "@NODE", which their texts name. */
SITE_UNUSED static void assert_reloads(const struct uc_plan *p, const char *services)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	size_t i;
	const json_t *one;
	json_array_foreach(p->followups, i, one)
	{
		const char *target = uc_json_member(one, "target");
		const char *node = uc_json_member(one, "node");
		if (strcmp(uc_json_member(one, "kind"), "reload") != 0) continue;
		UC_CLEANUP(uc_freep)
		char *text =
		    node[0] != '\0' ? uc_sprintf("Reload or restart %s on %s.", target, node) : uc_sprintf("Reload or restart %s.", target);
		assert_string_equal(uc_json_member(one, "text"), text);
		uc_strv_take(&have, uc_sprintf("%s%s%s", target, node[0] != '\0' ? "@" : "", node));
	}
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&have, ",");
	assert_string_equal(list, services);
}

/* ---- state ---- */

/* Release with uc_identity_free(). */
SITE_UNUSED static struct uc_identity identity_of(struct site *s, const char *purpose)
{
	struct uc_error e;
	struct uc_identity i = {.node = NULL};
	assert_ok(uc_store_identity(s->store, s->ctx.node, purpose, &i, &e), e);
	return i;
}

/* The names in a store, sorted, with commas. Free with free(). */
SITE_UNUSED static char *names_in(struct site *s, const char *store)
{
	struct uc_error e;
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	assert_ok(uc_store_trust(s->store, store, s->ctx.node, NULL, NULL, 1000, &found, &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	for (size_t i = 0; i < found.count; i++) uc_strv_add(&names, found.items[i].name);
	uc_strv_sort_unique(&names);
	return uc_strv_join(&names, ",");
}

SITE_UNUSED static void assert_names(struct site *s, const char *store, const char *names)
{
	UC_CLEANUP(uc_freep) char *have = names_in(s, store);
	assert_string_equal(have, names);
}

SITE_UNUSED static int64_t upload_trust(struct site *s, const char *store, const struct made *const *some)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf file = file_of(some);
	return carry_out(s, "import-trust", json_pack("{s:s}", "store", store), uc_buf_slice(&file));
}

/* ---- requests and their answers ---- */

SITE_UNUSED static void request_csr(struct site *s, const char *purpose)
{
	carry_out(s, "csr-gen", json_pack("{s:s}", "purpose", purpose), NO_FILE);
}

/* The public key of the pending request, as something whose key a certificate can have; release with made_free(). */
SITE_UNUSED static struct made request_key(struct site *s, const char *purpose)
{
	struct uc_error e;
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	assert_ok(uc_store_request(s->store, s->ctx.node, purpose, &r, &e), e);
	struct uc_csr csr;
	assert_ok(uc_csr_read(uc_buf_slice(&r.der), &csr, &e), e);
	const unsigned char *p = csr.spki.ptr;
	struct made out = {.key = d2i_PUBKEY(NULL, &p, (long)csr.spki.len)};
	uc_csr_free(&csr);
	assert_non_null(out.key);
	return out;
}

#define SERVER_EXTS                                                                                                  \
	{                                                                                                                \
		"basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature,keyEncipherment,dataEncipherment", \
		    "extendedKeyUsage=serverAuth,clientAuth", "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",   \
		    "subjectAltName=DNS:cucm-pub.example.com"                                                                \
	}

/* What an obedient CA answers to the pending request of a server's purpose. */
SITE_UNUSED static struct made answer_to(struct site *s, const char *purpose, const struct made *issuer)
{
	struct made key = request_key(s, purpose);
	struct made leaf =
	    make_cert(&(struct make){.subject = "CN=cucm-pub.example.com", .issuer = issuer, .same_key = &key, .exts = SERVER_EXTS});
	made_free(&key);
	return leaf;
}

/* ---- further nodes ---- */

/* Another node of the cluster: keys of its own, the same store. Release with peer_free(). */
struct peer {
	const char *name;
	unsigned roles;
	char *dir, *fqdn, *guid;
	struct uc_keys *keys;
};

SITE_UNUSED static struct peer peer_new(const char *name, unsigned roles)
{
	struct uc_error e;
	struct peer p = {.name = name, .roles = roles, .dir = uc_test_dir(), .fqdn = uc_sprintf("%s.example.com", name), .guid = uc_uuid()};
	assert_ok(uc_keys_open(p.dir, &p.keys, &e), e);
	return p;
}

SITE_UNUSED static void peer_free(struct peer *p)
{
	uc_keys_close(p->keys);
	uc_test_dir_remove(p->dir);
	free(p->fqdn);
	free(p->guid);
}

/* From now on tasks are carried out by this node; NULL: by the first one again. */
SITE_UNUSED static void be(struct site *s, const struct peer *p)
{
	uc_time now = s->ctx.now;
	s->ctx = s->founder;
	s->ctx.now = now;
	s->ctx.clustered = true;
	if (p == NULL) return;
	s->ctx.node = s->ctx.host = p->name;
	s->ctx.fqdn = p->fqdn;
	s->ctx.roles = p->roles;
	s->ctx.keys = p->keys;
	s->ctx.guid = p->guid;
}

/* A publisher that can have further nodes, with the OAuth keys that it makes at its installation. */
SITE_UNUSED static void found(struct site *s)
{
	carry_out(s, "install", json_pack("{s:s}", "verifier", "$argon2id$not-a-real-one"), NO_FILE);
	be(s, NULL);
}

/* The id of the join secret that was told last, in hexadecimal. Free with free(). */
SITE_UNUSED static char *secret_id(struct site *s)
{
	struct uc_error e;
	struct uc_join_secret secret;
	assert_ok(uc_join_secret_read(s->secret, &secret, &e), e);
	return uc_hex(uc_slice_of(secret.id, sizeof secret.id), '\0');
}

SITE_UNUSED static json_t *join_args(const struct peer *p, const char *id)
{
	UC_CLEANUP(uc_freep) char *der = uc_base64(uc_buf_slice(&uc_keys_node_cert(p->keys)->der));
	return json_pack("{s:s, s:s, s:s, s:s}", "id", id, "node", p->name, "certificate", der, "guid", p->guid);
}

SITE_UNUSED static json_t *add_args(const struct peer *p, bool replace)
{
	UC_CLEANUP(uc_freep) char *roles = uc_roles_text(p->roles);
	return json_pack("{s:s, s:s, s:b}", "node", p->name, "roles", roles, "replace", replace);
}

/* The publisher gives out a secret and the node shows it; returns the change by which it joined. */
SITE_UNUSED static int64_t join(struct site *s, const struct peer *p, bool replace)
{
	be(s, NULL);
	carry_out(s, "node-add", add_args(p, replace), NO_FILE);
	UC_CLEANUP(uc_freep) char *id = secret_id(s);
	return carry_out(s, "node-join", join_args(p, id), NO_FILE);
}

struct site_taking {
	const struct peer *peer;
	size_t count;
};

SITE_UNUSED static void take_one(void *ctx, const struct uc_sealed *k)
{
	struct uc_error e;
	struct site_taking *t = ctx;
	if (strcmp(k->kind, "private") != 0 || !uc_strv_has(&k->nodes, t->peer->name)) return;
	assert_ok(uc_keys_take(t->peer->keys, k->key_id, uc_buf_slice(&k->blob), &e), e);
	t->count++;
}

/* As a node that follows does: it takes out every private key that is sealed to it. */
SITE_UNUSED static size_t take_keys(struct site *s, const struct peer *p)
{
	struct uc_error e;
	struct site_taking t = {.peer = p};
	assert_ok(uc_store_sealed_each(s->store, NULL, take_one, &t, &e), e);
	return t.count;
}

/* What of a purpose is sealed, the newest first; release with uc_sealed_list_free(). */
SITE_UNUSED static struct uc_sealed_list sealed_of(struct site *s, const char *purpose)
{
	struct uc_error e;
	struct uc_sealed_list out = {.items = NULL};
	assert_ok(uc_sealed_list_read(&s->ctx, purpose, &out, &e), e);
	return out;
}

/* The nodes of the newest sealed key of a purpose, with commas. */
SITE_UNUSED static void assert_sealed_to(struct site *s, const char *purpose, const char *nodes)
{
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list v = sealed_of(s, purpose);
	assert_true(v.count > 0);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&v.items[0].nodes, ",");
	assert_string_equal(list, nodes);
}

/* Can this node open the newest sealed key of a purpose? */
SITE_UNUSED static bool can_open(struct site *s, struct uc_keys *keys, const char *purpose)
{
	struct uc_error e;
	UC_CLEANUP(uc_sealed_list_free) struct uc_sealed_list v = sealed_of(s, purpose);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf plain = UC_BUF_EMPTY;
	assert_true(v.count > 0);
	enum uc_status status = uc_keys_unseal(keys, uc_buf_slice(&v.items[0].blob), &plain, &e);
	if (status != UC_OK) assert_string_equal(e.id, "sealed-to-others");
	return status == UC_OK;
}

SITE_UNUSED static size_t count_steps(const struct uc_plan *p, const char *type)
{
	size_t n = 0;
	for (size_t i = 0; i < json_array_size(p->steps); i++) n += strcmp(step_text(p, i, "type"), type) == 0;
	return n;
}

#define T(name) cmocka_unit_test_setup_teardown(name, site_setup, site_teardown)

#endif
