/* Following: replaying changes that were made elsewhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/digest.h"
#include "pki/seal.h"
#include "store/cluster.h"
#include "store/store_internal.h"

struct uc_follower {
	struct uc_store *mirror;
	struct uc_cert *founder; /* NULL: nobody is believed before the log names a certificate */
	/* Certificates that node_key has had: what is in it is asked each time, only reading and decoding it anew would be slow. */
	struct uc_certs known;
};

struct uc_follower *uc_follower_new(struct uc_store *mirror, struct uc_slice founder)
{
	struct uc_follower *f = uc_zalloc(1, sizeof *f);
	f->mirror = mirror;
	if (founder.len > 0 && uc_cert_read(founder, &f->founder, NULL) != UC_OK) f->founder = NULL;
	return f;
}

void uc_follower_free(struct uc_follower *f)
{
	if (f == NULL) return;
	uc_cert_free(f->founder);
	uc_certs_free(&f->known);
	free(f);
}

/* ---- whose signature it is ---- */

/* Judging is asking the mirror, which can fail. */
struct judging {
	struct uc_follower *f;
	bool now; /* the mirror is in the state in which the change was made, */
	enum uc_status status;
	struct uc_error error;
};

/* The certificate with this DER, borrowed; NULL when it cannot be read. */
static const struct uc_cert *known_cert(struct uc_follower *f, struct uc_slice der)
{
	uint8_t fingerprint[UC_FINGERPRINT_LEN];
	uc_sha256(der, fingerprint);
	long i = uc_certs_find(&f->known, fingerprint);
	if (i >= 0) return f->known.items[i];
	struct uc_cert *c = NULL;
	if (uc_cert_read(der, &c, NULL) != UC_OK) return NULL;
	uc_certs_take(&f->known, c);
	return c;
}

static const char *judge_by_founder(const struct uc_follower *f, struct uc_slice text, struct uc_slice signature)
{
	if (f->founder == NULL) return "no certificate is known that its signature could be held against";
	return uc_signature_ok(f->founder, text, signature) ? NULL : "its signature is not that of the node that began the log";
}

static enum uc_status judge_by_node(struct judging *j, const char *node, struct uc_slice text, struct uc_slice signature,
                                    const char **fault, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(j->f->mirror->db, "SELECT certificate FROM node_key WHERE node = $1 ORDER BY number DESC", &st, e));
	uc_bind_text(st, 1, node);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*fault = row ? "its signature is by no certificate of its node" : judge_by_founder(j->f, text, signature);
	while (row) {
		const struct uc_cert *c = known_cert(j->f, uc_col_blob(st, 0));
		if (c != NULL && uc_signature_ok(c, text, signature)) {
			*fault = NULL;
			return UC_OK;
		}
		UC_TRY(uc_stmt_step(st, &row, e));
	}
	return UC_OK;
}

static enum uc_status judge_membership(struct judging *j, const char *node, const char **fault, struct uc_error *e)
{
	*fault = NULL;
	bool left = false;
	if (j->now) UC_TRY(uc_log_node_left(j->f->mirror, node, &left, e));
	if (left) *fault = "it is signed by a node that had left";
	return UC_OK;
}

static const char *judge(void *ctx, const json_t *body, struct uc_slice text, struct uc_slice signature)
{
	struct judging *j = ctx;
	const char *node = json_string_value(json_object_get(body, "node"));
	if (node == NULL) return "it names no node";
	bool first = json_integer_value(json_object_get(body, "number")) == 1;
	if (first && j->f->founder != NULL) return judge_by_founder(j->f, text, signature);
	const char *fault = NULL;
	j->status = judge_membership(j, node, &fault, &j->error);
	if (j->status == UC_OK && fault == NULL) j->status = judge_by_node(j, node, text, signature, &fault, &j->error);
	return j->status == UC_OK ? fault : "it cannot be judged";
}

/* ---- applying ---- */

static enum uc_status put_secret(struct uc_store *mirror, const struct uc_log_secret *secret, const json_t *steps, struct uc_error *e)
{
	size_t i;
	const json_t *step;
	json_array_foreach(steps, i, step)
	{
		const char *named = json_string_value(json_object_get(step, "secret"));
		char hash[UC_SHA256_HEX];
		if (named != NULL && strcmp(named, secret->hash) == 0) return uc_store_secret_put(mirror, uc_buf_slice(&secret->data), hash, e);
	}
	return UC_OK;
}

static enum uc_status put_secrets(struct uc_store *mirror, const struct uc_log_row *row, const json_t *body, struct uc_error *e)
{
	for (size_t i = 0; i < row->secret_count; i++) {
		const struct uc_log_secret *secret = &row->secrets[i];
		char hash[UC_SHA256_HEX];
		if (strcmp(uc_sha256_hex(uc_buf_slice(&secret->data), hash), secret->hash) != 0)
			return uc_log_broken(row->number, "a secret that it names has another hash", e);
		UC_TRY(put_secret(mirror, secret, json_object_get(body, "steps"), e));
	}
	return UC_OK;
}

/* Steps that were right where they were made and are not here: the two states differ. A disk that fails, or a step from the future, is another matter. */
static bool means_broken(const struct uc_error *why)
{
	switch (why->code) {
	case UC_EINPUT:
	case UC_ENOTFOUND:
	case UC_ECONFLICT:
		return true;
	case UC_EREFUSED:
		return strcmp(why->id, "step-unknown") != 0;
	default:
		return false;
	}
}

static enum uc_status take(struct uc_follower *f, const struct uc_log_row *row, const struct uc_log_text *c, const json_t *body,
                           struct uc_error *e)
{
	UC_TRY(uc_log_check(body, e));
	UC_TRY(put_secrets(f->mirror, row, body, e));
	f->mirror->following = true;
	enum uc_status status = uc_log_put(f->mirror, c, body, e);
	f->mirror->following = false;
	return status;
}

static enum uc_status check_version(const json_t *body, int64_t number, struct uc_error *e)
{
	json_int_t version = json_integer_value(json_object_get(body, "v"));
	if (version == UC_BODY_VERSION) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "step-unknown", "It comes from a newer version of this program: update this node.",
	               "change %lld is of version %lld, which this program does not know", (long long)number, (long long)version);
}

/* Is it the next change, whole, and signed by whom it says? *body gets it read, owned. */
static enum uc_status check_row(struct uc_follower *f, const struct uc_log_text *c, json_t **body, struct uc_error *e)
{
	int64_t head;
	char hash[UC_SHA256_HEX];
	UC_TRY(uc_log_head(f->mirror, &head, hash, e));
	if (c->number != head + 1) {
		char why[80];
		snprintf(why, sizeof why, "it does not follow change %lld, the last one of the mirror", (long long)head);
		return uc_log_broken(c->number, why, e);
	}
	struct judging j = {.f = f, .now = true, .status = UC_OK};
	const char *fault = uc_log_fault(c, hash, judge, &j, body);
	if (j.status != UC_OK) {
		if (e != NULL) *e = j.error;
		return j.status;
	}
	if (fault != NULL) return uc_log_broken(c->number, fault, e);
	return check_version(*body, c->number, e);
}

enum uc_status uc_follower_apply(struct uc_follower *f, const struct uc_log_row *row, struct uc_error *e)
{
	const struct uc_log_text c = {
	    .number = row->number, .body = uc_slice_str(row->body), .hash = row->hash, .signature = uc_buf_slice(&row->signature)};
	UC_CLEANUP(uc_json_freep) json_t *body = NULL;
	struct uc_error why;
	UC_TRY(uc_store_writing(f->mirror, e));
	UC_TRY(check_row(f, &c, &body, e));
	enum uc_status status = take(f, row, &c, body, &why);
	if (status == UC_OK) return UC_OK;
	if (means_broken(&why)) {
		UC_CLEANUP(uc_freep) char *text = uc_sprintf("its steps do not lead on from here: %s", why.message);
		return uc_log_broken(row->number, text, e);
	}
	if (e != NULL) *e = why;
	return status;
}

enum uc_status uc_follower_verify(struct uc_follower *f, struct uc_error *e)
{
	struct judging j = {.f = f, .now = false, .status = UC_OK};
	enum uc_status status = uc_log_walk(f->mirror, judge, &j, e);
	if (j.status == UC_OK) return status;
	if (e != NULL) *e = j.error;
	return j.status;
}

/* ---- building anew ---- */

/* Every table but schema_version. */
static const char *const tables[] = {"change",  "change_object", "node",       "cert",         "identity",   "chain_link",
                                     "csr",     "key_use",       "purged_key", "account",      "secret",     "entry",
                                     "counter", "effect",        "node_key",   "node_join",    "sealed_key", "sealed_as",
                                     "job",     "node_state",    "followup",   "change_words", "setting",    "list_version"};

enum uc_status uc_mirror_clear(struct uc_store *mirror, struct uc_error *e)
{
	UC_TRY(uc_store_writing(mirror, e));
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
		UC_CLEANUP(uc_freep) char *sql = uc_sprintf("DELETE FROM %s", tables[i]);
		UC_TRY(uc_db_exec(mirror->db, sql, e));
	}
	UC_TRY(uc_db_text_clear(mirror->db, e));
	mirror->scrub = true;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	char hash[UC_SHA256_HEX];
	UC_TRY(uc_log_hash(mirror, 0, hash, e));
	UC_TRY(uc_db_stmt(mirror->db, "UPDATE head SET number = 0, hash = $1, epoch = 1", &st, e));
	uc_bind_text(st, 1, hash);
	return uc_stmt_run(st, NULL, e);
}
