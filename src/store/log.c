/* The change log: appending to it and checking it. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "pki/digest.h"
#include "store/cluster.h"
#include "store/store_internal.h"

enum uc_status uc_log_head(struct uc_store *s, int64_t *number, char hash[65], struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT number, hash FROM head", &st, e));
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	const char *text = uc_col_text(st, 1);
	if (!row || strlen(text) != 64)
		return uc_fail(e, UC_EIO, "log-broken", "Restore the last backup.", "the head of the change log is missing");
	*number = uc_col_int(st, 0);
	if (hash != NULL) memcpy(hash, text, 65);
	return UC_OK;
}

/* ---- appending ---- */

/* What a change consists of. */
static const struct {
	const char *name;
	json_type type;
	bool optional;
} members[] = {
    {"at", JSON_STRING, false},   {"node", JSON_STRING, false},    {"who", JSON_STRING, false},     {"why", JSON_STRING, true},
    {"task", JSON_STRING, false}, {"request", JSON_STRING, false}, {"undoes", JSON_INTEGER, true},  {"summary", JSON_STRING, false},
    {"steps", JSON_ARRAY, false}, {"findings", JSON_ARRAY, true},  {"followups", JSON_ARRAY, true},
};

enum uc_status uc_log_check(const json_t *change, struct uc_error *e)
{
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		const json_t *value = json_object_get(change, members[i].name);
		bool missing = value == NULL || json_is_null(value);
		if (missing ? !members[i].optional : json_typeof(value) != members[i].type)
			return uc_fail_field(e, UC_EINPUT, "bad-change", members[i].name, NULL,
			                     "the member '%s' of a change is missing or of another type", members[i].name);
	}
	return UC_OK;
}

/* The change with number, place in the chain and version; *out is owned. */
static enum uc_status make_body(const json_t *change, int64_t number, const char *previous, json_t **out, struct uc_error *e)
{
	UC_TRY(uc_log_check(change, e));
	UC_CLEANUP(uc_json_freep) json_t *body = json_object();
	json_object_set_new(body, "v", json_integer(UC_BODY_VERSION));
	json_object_set_new(body, "number", json_integer(number));
	json_object_set_new(body, "previous", json_string(previous));
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		json_t *value = json_object_get(change, members[i].name);
		if (value != NULL && !json_is_null(value))
			json_object_set(body, members[i].name, value);
		else
			json_object_set_new(body, members[i].name, members[i].type == JSON_ARRAY ? json_array() : json_null());
	}
	*out = uc_move(body);
	return UC_OK;
}

static const char *text_of(const json_t *body, const char *member)
{
	return json_string_value(json_object_get(body, member));
}

static enum uc_status note_objects(struct uc_store *s, int64_t number, const json_t *step, struct uc_error *e)
{
	for (size_t n = 0;; n++) {
		UC_CLEANUP(uc_freep) char *object = uc_step_object(step, n);
		if (object == NULL) return UC_OK;
		UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
		UC_TRY(uc_db_stmt(s->db, "INSERT INTO change_object (object, number) VALUES ($1, $2) ON CONFLICT DO NOTHING", &st, e));
		uc_bind_text(st, 1, object);
		uc_bind_int(st, 2, number);
		UC_TRY(uc_stmt_run(st, NULL, e));
	}
}

static enum uc_status apply_steps(struct uc_store *s, int64_t number, const json_t *steps, struct uc_error *e)
{
	for (size_t i = 0; i < json_array_size(steps); i++) {
		const json_t *step = json_array_get(steps, i);
		UC_TRY(uc_step_apply(s, step, number, e));
		UC_TRY(note_objects(s, number, step, e));
	}
	return UC_OK;
}

static enum uc_status set_undone(struct uc_store *s, int64_t number, int64_t by, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "UPDATE change SET undone_by = $1 WHERE number = $2", &st, e));
	if (by > 0) uc_bind_int(st, 1, by);
	uc_bind_int(st, 2, number);
	return uc_stmt_run(st, NULL, e);
}

/* What a change undoes, and what undid it; 0 for nothing. */
struct undo_row {
	bool found;
	int64_t undoes, undone_by;
};

static enum uc_status undo_row(struct uc_store *s, int64_t number, struct undo_row *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT undoes, undone_by FROM change WHERE number = $1", &st, e));
	uc_bind_int(st, 1, number);
	UC_TRY(uc_stmt_step(st, &out->found, e));
	out->undoes = out->found ? uc_col_int(st, 0) : 0;
	out->undone_by = out->found ? uc_col_int(st, 1) : 0;
	return UC_OK;
}

/*
 * Marks what number undoes. When that was an undo itself, what it had undone counts again, and so on down: each change in turn is undone or
 * not.
 */
static enum uc_status mark_undone(struct uc_store *s, int64_t number, int64_t undoes, struct uc_error *e)
{
	int64_t by = number;
	bool undone = true;
	for (int64_t target = undoes; target > 0;) {
		struct undo_row row;
		UC_TRY(undo_row(s, target, &row, e));
		if (!row.found) return uc_fail(e, UC_ENOTFOUND, "no-change", NULL, "there is no change %lld to undo", (long long)target);
		if (by == number && row.undone_by != 0)
			return uc_fail(e, UC_ECONFLICT, "already-undone", "To bring it back, undo that one.",
			               "change %lld was undone by change %lld already", (long long)target, (long long)row.undone_by);
		UC_TRY(set_undone(s, target, undone ? by : 0, e));
		by = target;
		target = row.undoes;
		undone = !undone;
	}
	return UC_OK;
}

static enum uc_status insert_change(struct uc_store *s, const struct uc_log_text *c, const json_t *body, struct uc_error *e)
{
	static const char *const columns[] = {"request", "at", "who", "task", "summary"};
	int64_t undoes = json_integer_value(json_object_get(body, "undoes"));
	if (undoes > 0) UC_TRY(mark_undone(s, c->number, undoes, e));
	UC_CLEANUP(uc_freep) char *text = uc_strndup((const char *)c->body.ptr, c->body.len);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "INSERT INTO change (number, undoes, request, at, who, task, summary, hash, signature, body) "
	                  "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	                  &st, e));
	uc_bind_int(st, 1, c->number);
	if (undoes > 0) uc_bind_int(st, 2, undoes);
	for (int i = 0; i < (int)(sizeof columns / sizeof columns[0]); i++) uc_bind_text(st, i + 3, text_of(body, columns[i]));
	uc_bind_text(st, 8, c->hash);
	uc_bind_blob(st, 9, c->signature);
	uc_bind_text(st, 10, text);
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status move_head(struct uc_store *s, int64_t number, const char *hash, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "UPDATE head SET number = $1, hash = $2", &st, e));
	uc_bind_int(st, 1, number);
	uc_bind_text(st, 2, hash);
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status refuse_repeated(struct uc_store *s, const char *request, int64_t *number, struct uc_error *e)
{
	int64_t earlier;
	UC_TRY(uc_log_by_request(s, request, &earlier, e));
	if (earlier == 0) return UC_OK;
	*number = earlier;
	return uc_fail(e, UC_ECONFLICT, "request-repeated", "Nothing has to be done.", "the request %s is change %lld already", request,
	               (long long)earlier);
}

enum uc_status uc_log_node_left(struct uc_store *s, const char *node, bool *left, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT 1 FROM node_key WHERE node = $1 AND NOT EXISTS (SELECT 1 FROM node WHERE name = $1) LIMIT 1", &st, e));
	uc_bind_text(st, 1, node);
	return uc_stmt_step(st, left, e);
}

static enum uc_status refuse_left(struct uc_store *s, const char *node, struct uc_error *e)
{
	bool left;
	UC_TRY(uc_log_node_left(s, node, &left, e));
	if (!left) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "node-left", "Let it join again.", "the node '%s' is not in the cluster any more", node);
}

enum uc_status uc_log_put(struct uc_store *s, const struct uc_log_text *c, const json_t *body, struct uc_error *e)
{
	UC_TRY(apply_steps(s, c->number, json_object_get(body, "steps"), e));
	uc_crash_point(s->following ? "mirror-steps-applied" : "store-steps-applied");
	UC_TRY(insert_change(s, c, body, e));
	UC_TRY(uc_log_beside(s, c->number, body, e));
	return move_head(s, c->number, c->hash, e);
}

enum uc_status uc_log_append(struct uc_store *s, const json_t *change, uc_log_signer sign, void *ctx, int64_t *number, struct uc_error *e)
{
	int64_t head = 0;
	char hash[UC_SHA256_HEX];
	UC_TRY(uc_store_writing(s, e));
	UC_TRY(uc_log_head(s, &head, hash, e));
	UC_CLEANUP(uc_json_freep) json_t *body = NULL;
	UC_TRY(make_body(change, head + 1, hash, &body, e));
	UC_TRY(refuse_repeated(s, text_of(body, "request"), number, e));
	UC_TRY(refuse_left(s, text_of(body, "node"), e));
	UC_CLEANUP(uc_freep) char *text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
	if (text == NULL) return uc_fail(e, UC_EINPUT, "bad-change", NULL, "a change cannot be written as JSON");
	if (strlen(text) > UC_LOG_BODY_MAX)
		return uc_fail(e, UC_ELIMIT, "too-large", "Split the task into smaller ones.", "the change would have %zu bytes, the limit is %zu",
		               strlen(text), UC_LOG_BODY_MAX);
	UC_CLEANUP(uc_buf_free) struct uc_buf signature = UC_BUF_EMPTY;
	if (sign != NULL) UC_TRY(sign(ctx, uc_slice_str(text), &signature, e));
	const struct uc_log_text c = {.number = head + 1,
	                              .body = uc_slice_str(text),
	                              .hash = uc_sha256_hex(uc_slice_str(text), hash),
	                              .signature = uc_buf_slice(&signature)};
	UC_TRY(uc_log_put(s, &c, body, e));
	UC_TRY(uc_db_notify(s->db, e));
	s->changed = true;
	*number = head + 1;
	return UC_OK;
}

/* ---- checking ---- */

enum uc_status uc_log_broken(int64_t number, const char *why, struct uc_error *e)
{
	return uc_fail(e, UC_EIO, "log-broken",
	               "The log was changed by hand or a disk is damaged: keep the store as it is, and restore the last backup.",
	               "the change log is not whole at change %lld: %s", (long long)number, why);
}

/* The columns beside the body are only for finding changes; what a list shows must be what was signed. */
static const char *fault_in_columns(struct uc_stmt *st, const json_t *body)
{
	static const char *const columns[] = {"request", "at", "who", "task", "summary"};
	for (int i = 0; i < (int)(sizeof columns / sizeof columns[0]); i++) {
		const char *text = text_of(body, columns[i]);
		if (text == NULL || strcmp(uc_col_text(st, i + 5), text) != 0) return "a column differs from its body";
	}
	return uc_col_int(st, 4) == json_integer_value(json_object_get(body, "undoes")) ? NULL : "a column differs from its body";
}

const char *uc_log_fault(const struct uc_log_text *c, char previous[UC_SHA256_HEX], uc_log_judge judge, void *ctx, json_t **body)
{
	*body = json_loadb((const char *)c->body.ptr, c->body.len, 0, NULL);
	const char *named = *body != NULL ? text_of(*body, "previous") : NULL;
	if (named == NULL) return "its body is no change";
	if (json_integer_value(json_object_get(*body, "number")) != c->number) return "its body has another number";
	if (strcmp(named, previous) != 0) return "it does not name the change before it";
	uc_sha256_hex(c->body, previous);
	if (strcmp(previous, c->hash) != 0) return "its body has another hash";
	return judge != NULL ? judge(ctx, *body, c->body, c->signature) : NULL;
}

/* Checks the row of one change; hash holds that of the one before, and then its own. */
static const char *fault_in_row(struct uc_stmt *st, int64_t number, char hash[UC_SHA256_HEX], uc_log_judge judge, void *ctx)
{
	if (uc_col_int(st, 0) != number) return "it is missing";
	const struct uc_log_text c = {
	    .number = number, .body = uc_slice_str(uc_col_text(st, 3)), .hash = uc_col_text(st, 1), .signature = uc_col_blob(st, 2)};
	UC_CLEANUP(uc_json_freep) json_t *body = NULL;
	const char *fault = uc_log_fault(&c, hash, judge, ctx, &body);
	return fault != NULL ? fault : fault_in_columns(st, body);
}

enum uc_status uc_log_walk(struct uc_store *s, uc_log_judge judge, void *ctx, struct uc_error *e)
{
	int64_t head = 0;
	char head_hash[UC_SHA256_HEX];
	UC_TRY(uc_log_head(s, &head, head_hash, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT number, hash, signature, body, undoes, request, at, who, task, summary FROM change ORDER BY number",
	                  &st, e));
	char hash[UC_SHA256_HEX];
	UC_TRY(uc_log_hash(s, 0, hash, e));
	int64_t number = 0;
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) break;
		number++;
		const char *fault = fault_in_row(st, number, hash, judge, ctx);
		if (fault != NULL) return uc_log_broken(number, fault, e);
	}
	if (number < head) return uc_log_broken(number + 1, "it is missing", e);
	if (number > head || strcmp(hash, head_hash) != 0) return uc_log_broken(number, "the head of the log does not name it", e);
	return UC_OK;
}

struct verifier {
	uc_log_verifier verify;
	void *ctx;
};

static const char *judge_by_verifier(void *ctx, const json_t *body, struct uc_slice text, struct uc_slice signature)
{
	(void)body;
	const struct verifier *v = ctx;
	return v->verify(v->ctx, text, signature) ? NULL : "its signature is wrong";
}

enum uc_status uc_log_verify(struct uc_store *s, uc_log_verifier verify, void *ctx, struct uc_error *e)
{
	struct verifier v = {.verify = verify, .ctx = ctx};
	return uc_log_walk(s, verify != NULL ? judge_by_verifier : NULL, &v, e);
}
