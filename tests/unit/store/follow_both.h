/* What the tests of following share: a store, two nodes that sign changes, and a mirror. */
#ifndef UC_TEST_FOLLOW_BOTH_H
#define UC_TEST_FOLLOW_BOTH_H

#include "cluster_steps.h"

#include <openssl/evp.h>

#include "pki/make_certs.h"
#include "store/cluster.h"
#include "tables.h"

__attribute__((unused)) static void free_json(json_t **j)
{
	json_decref(*j);
}

enum { N1, N2, NODES };

struct both {
	struct fixture *store;
	struct made nodes[NODES];
	char *dir, *url;
	struct uc_store *mirror;
	struct uc_follower *follower;
};

__attribute__((unused)) static int setup(void **state)
{
	struct uc_error e;
	struct both *b = uc_zalloc(1, sizeof *b);
	void *fixture = NULL;
	assert_int_equal(fixture_setup(&fixture), 0);
	b->store = fixture;
	b->nodes[N1] = make_cert(&(struct make){.subject = "CN=n1"});
	b->nodes[N2] = make_cert(&(struct make){.subject = "CN=n2"});
	b->dir = uc_test_dir();
	b->url = uc_sprintf("sqlite:%s/mirror.db", b->dir);
	assert_ok(uc_store_open(b->url, UC_STORE_WRITE, &b->mirror, &e), e);
	b->follower = uc_follower_new(b->mirror, uc_buf_slice(&b->nodes[N1].cert->der));
	*state = b;
	return 0;
}

__attribute__((unused)) static int teardown(void **state)
{
	struct both *b = *state;
	void *fixture = b->store;
	uc_follower_free(b->follower);
	uc_store_close(b->mirror);
	uc_test_dir_remove(b->dir);
	for (int i = 0; i < NODES; i++) made_free(&b->nodes[i]);
	free(b->url);
	fixture_teardown(&fixture);
	free(b);
	return 0;
}

/* ECDSA with SHA-256, by the key that ctx is. */
__attribute__((unused)) static enum uc_status sign(void *ctx, struct uc_slice data, struct uc_buf *out, struct uc_error *e)
{
	(void)e;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	size_t len = 0;
	assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, ctx), 1);
	assert_int_equal(EVP_DigestSign(md, NULL, &len, data.ptr, data.len), 1);
	uint8_t *to = uc_buf_extend(out, len);
	size_t room = len;
	assert_int_equal(EVP_DigestSign(md, to, &len, data.ptr, data.len), 1);
	out->len -= room - len;
	EVP_MD_CTX_free(md);
	return UC_OK;
}

/* A change that a node makes, with these steps, which are taken. Returns its number. */
__attribute__((unused)) static int64_t make_change(struct both *b, const char *node, int key, json_t *steps)
{
	struct uc_error e;
	int64_t number = 0;
	UC_CLEANUP(free_json) json_t *change = change_with(steps);
	json_object_set_new(change, "node", json_string(node));
	assert_ok(uc_store_begin(b->store->s, &e), e);
	assert_ok(uc_log_append(b->store->s, change, sign, b->nodes[key].key, &number, &e), e);
	assert_ok(uc_store_commit(b->store->s, &e), e);
	return number;
}

__attribute__((unused)) static int64_t make_step(struct both *b, json_t *step)
{
	return make_change(b, "n1", N1, json_pack("[o]", step));
}

/* n1 with its certificate begins the log. */
__attribute__((unused)) static void begin_log(struct both *b)
{
	assert_int_equal(make_step(b, node_set("n1", "publisher", b->nodes[N1].cert, json_null())), 1);
}

__attribute__((unused)) static int64_t head_of(struct uc_store *s)
{
	struct uc_error e;
	int64_t head;
	assert_ok(uc_log_head(s, &head, NULL, &e), e);
	return head;
}

/* Applies one row in a transaction of its own. */
__attribute__((unused)) static enum uc_status apply(struct both *b, const struct uc_log_row *row, struct uc_error *e)
{
	UC_TRY(uc_store_begin(b->mirror, e));
	enum uc_status status = uc_follower_apply(b->follower, row, e);
	if (status == UC_OK) return uc_store_commit(b->mirror, e);
	uc_store_rollback(b->mirror);
	return status;
}

/* The mirror follows to the end of the store's log, batch by batch. */
__attribute__((unused)) static enum uc_status follow(struct both *b, size_t batch, struct uc_error *e)
{
	for (;;) {
		UC_CLEANUP(uc_log_rows_free) struct uc_log_rows rows = {.items = NULL};
		assert_ok(uc_log_after(b->store->s, head_of(b->mirror), batch, &rows, e), *e);
		if (rows.count == 0) return UC_OK;
		UC_TRY(uc_store_begin(b->mirror, e));
		enum uc_status status = UC_OK;
		for (size_t i = 0; i < rows.count && status == UC_OK; i++) status = uc_follower_apply(b->follower, &rows.items[i], e);
		if (status != UC_OK) {
			uc_store_rollback(b->mirror);
			return status;
		}
		UC_TRY(uc_store_commit(b->mirror, e));
	}
}

__attribute__((unused)) static void assert_mirrored(const struct both *b)
{
	UC_CLEANUP(free_json) json_t *store = test_dump(b->store->url, true);
	UC_CLEANUP(free_json) json_t *mirror = test_dump(b->url, true);
	test_same(store, mirror);
}

#endif
