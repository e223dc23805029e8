/* What the tests of the store share: a store in a database of its own, certificates, steps, changes. */
#ifndef UC_STORE_TEST_H
#define UC_STORE_TEST_H

#include "uc_test.h"

#include "core/random.h"
#include "core/text.h"
#include "fake_cert.h"
#include "pki/digest.h"
#include "pki/key.h"
#include "store/change.h"
#include "test_database.h"

struct fixture {
	struct test_database database;
	const char *url; /* of the database */
	struct uc_store *s;
};

__attribute__((unused)) static int fixture_setup(void **state)
{
	struct uc_error e;
	struct fixture *f = uc_zalloc(1, sizeof *f);
	f->database = test_database_make();
	f->url = f->database.url;
	assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e);
	*state = f;
	return 0;
}

__attribute__((unused)) static int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	uc_store_close(f->s);
	test_database_drop(&f->database);
	free(f);
	return 0;
}

/* ---- certificates ---- */

/* One whose subject is cn; n makes it another one. */
__attribute__((unused)) static struct uc_cert *cert_named(const char *cn, uint64_t n)
{
	const struct fake_cert f = {.cn = cn,
	                            .org = "Example",
	                            .issuer_cn = "Example Root",
	                            .serial = n,
	                            .not_before = 1735689600, /* 2025-01-01 */
	                            .not_after = 1893456000}; /* 2030-01-01 */
	struct uc_cert *c = fake_cert(&f);
	assert_non_null(c);
	return c;
}

__attribute__((unused)) static json_t *base64_of(const struct uc_cert *c)
{
	UC_CLEANUP(uc_freep) char *text = uc_base64(uc_buf_slice(&c->der));
	return json_string(text);
}

__attribute__((unused)) static json_t *key_of(const struct uc_cert *c)
{
	char id[UC_KEY_ID_LEN];
	return json_string(uc_key_id(c->spki, id));
}

/* ---- steps ---- */

__attribute__((unused)) static json_t *trust_step(const char *type, const char *store, const char *name, const char *scope,
                                                  const struct uc_cert *c, const char *description)
{
	return json_pack("{s:s, s:i, s:s, s:s, s:s, s:o, s:s, s:s}", "type", type, "v", 1, "store", store, "name", name, "scope", scope,
	                 "certificate", base64_of(c), "description", description, "origin", "upload");
}

__attribute__((unused)) static json_t *identity_values(const struct uc_cert *c, const struct uc_cert *issuer)
{
	json_t *chain = json_array();
	if (issuer != NULL) json_array_append_new(chain, base64_of(issuer));
	return json_pack("{s:o, s:o, s:o, s:s, s:s}", "certificate", base64_of(c), "chain", chain, "key", key_of(c), "source", "ca-signed",
	                 "distribution", "node");
}

/* before is taken. */
__attribute__((unused)) static json_t *identity_step(const char *purpose, const struct uc_cert *c, const struct uc_cert *issuer,
                                                     json_t *before)
{
	json_t *step = identity_values(c, issuer);
	json_object_set_new(step, "type", json_string("identity.set"));
	json_object_set_new(step, "v", json_integer(1));
	json_object_set_new(step, "node", json_string("n1"));
	json_object_set_new(step, "purpose", json_string(purpose));
	json_object_set_new(step, "before", before);
	return step;
}

/* ---- changes ---- */

/* A change with these steps, which are taken; owned. */
__attribute__((unused)) static json_t *change_with(json_t *steps)
{
	UC_CLEANUP(uc_freep) char *request = uc_uuid();
	return json_pack("{s:s, s:s, s:s, s:n, s:s, s:s, s:s, s:n, s:o, s:[], s:[]}", "at", "2026-01-02T03:04:05Z", "node", "n1", "who",
	                 "admin", "why", "task", "test", "request", request, "summary", "a test", "undoes", "steps", steps, "findings",
	                 "followups");
}

/* Signs with a keyed hash. */
__attribute__((unused)) static enum uc_status test_sign(void *ctx, struct uc_slice data, struct uc_buf *out, struct uc_error *e)
{
	(void)e;
	UC_CLEANUP(uc_buf_free) struct uc_buf keyed = UC_BUF_EMPTY;
	uc_buf_add_str(&keyed, ctx);
	uc_buf_add_slice(&keyed, data);
	uc_sha256(uc_buf_slice(&keyed), uc_buf_extend(out, UC_SHA256_LEN));
	return UC_OK;
}

__attribute__((unused)) static bool test_verify(void *ctx, struct uc_slice data, struct uc_slice signature)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf want = UC_BUF_EMPTY;
	return test_sign(ctx, data, &want, NULL) == UC_OK && uc_slice_eq(uc_buf_slice(&want), signature);
}

/* Appends and commits a change, which is taken; rolls back when it fails. */
__attribute__((unused)) static enum uc_status commit_change(struct uc_store *s, json_t *change, int64_t *number, struct uc_error *e)
{
	char key[] = "key";
	enum uc_status status = uc_store_begin(s, e);
	if (status == UC_OK) status = uc_log_append(s, change, test_sign, key, number, e);
	if (status == UC_OK)
		status = uc_store_commit(s, e);
	else
		uc_store_rollback(s);
	json_decref(change);
	return status;
}

/* A change of one step, which is taken. */
__attribute__((unused)) static enum uc_status commit_step(struct uc_store *s, json_t *step, struct uc_error *e)
{
	int64_t number;
	return commit_change(s, change_with(json_pack("[o]", step)), &number, e);
}

#endif
