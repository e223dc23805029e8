/*
 * A node for the tests of tasks: a store and a key directory of their own, the time MAKE_NOW, and the three movements of a task without the daemon around them. preview() makes a plan,
 * carry_out() does what it says; both take the arguments as JSON, which they free.
 */
#ifndef UC_TEST_SITE_H
#define UC_TEST_SITE_H

#include "uc_test.h"

#include <openssl/x509.h>

#include "core/random.h"
#include "manage/task.h"
#include "manage/upload.h"
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
		status = task->plan(&s->ctx, &req, plan, e);
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
	enum uc_status status = uc_log_append(s->store, body, uc_keys_node_sign, s->keys, number, e);
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
	assert_ok(task->plan(&s->ctx, &req, &plan, &e), e);
	char again[65];
	assert_string_equal((uc_plan_hash(&plan, again), again), agreed);
	int64_t number = 0;
	assert_ok(commit_plan(s, &plan, &number, &e), e);
	assert_ok(uc_store_commit(s->store, &e), e);
	s->ctx.material = NULL;
	uc_plan_free(&plan);
	json_decref((json_t *)(uintptr_t)req.args);
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

#define T(name) cmocka_unit_test_setup_teardown(name, site_setup, site_teardown)

#endif
