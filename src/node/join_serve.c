/* Joining a cluster: the publisher's side. */
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "node/internal.h"
#include "node/join_wire.h"

enum { PASSWORD_LEN = 32, MANY_CHANGES = 1000, MANY_AT_ONCE = 50 };

/* ---- is this the place to ask? ---- */

static void note_publisher(void *ctx, const struct uc_node_row *row)
{
	char **fqdn = ctx;
	unsigned roles;
	if (uc_roles_parse(row->roles, &roles, NULL) != UC_OK || (roles & UC_NODE_PUBLISHER) == 0) return;
	free(*fqdn);
	*fqdn = uc_strdup(row->fqdn);
}

static enum uc_status check_place(struct uc_node *n, struct uc_error *e)
{
	if ((n->roles & UC_NODE_PUBLISHER) == 0) {
		UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
		UC_CLEANUP(uc_freep) char *fqdn = NULL;
		UC_TRY(uc_reader_borrow(n, &reader, e));
		UC_TRY(uc_store_nodes(reader.store, note_publisher, &fqdn, e));
		return uc_fail(e, UC_EREFUSED, "not-publisher", "Join at the publisher.", "%s is not the publisher of this cluster%s%s", n->fqdn,
		               fqdn != NULL ? ", but " : "", fqdn != NULL ? fqdn : "");
	}
	if (uc_link_is(n)) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "not-shared", "Move its store to PostgreSQL first: utils cluster move-to-postgres.",
	               "%s is a node of its own, whose store no other node can share", n->fqdn);
}

/* ---- has the secret been used? ---- */

struct standing {
	bool same;      /* the node's certificate is the one of the request */
	int64_t joined; /* the change by which a node joined with this secret; 0: none has */
	bool installed; /* and it has made certificates of its own since */
};

static void note_identity(void *ctx, const struct uc_identity *i)
{
	struct standing *s = ctx;
	if (i->number > s->joined && strcmp(i->distribution, "node") == 0) s->installed = true;
}

/* The newest change after the secret was made, and before another one (0: to the end), by which a node of its name joined. */
static enum uc_status look_at_log(struct uc_store *store, const struct uc_join *join, int64_t until, struct standing *s, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *object = uc_sprintf("node/%s", join->node);
	json_t *changes = NULL;
	size_t i;
	const json_t *change;
	UC_TRY(uc_log_list(store, &(struct uc_log_filter){.object = object}, 0, MANY_CHANGES, &changes, NULL, e));
	json_array_foreach(changes, i, change)
	{
		int64_t number = json_integer_value(json_object_get(change, "number"));
		bool between = number > join->number && (until == 0 || number < until);
		if (s->joined == 0 && between && strcmp(uc_json_member(change, "task"), "node-join") == 0) s->joined = number;
	}
	json_decref(changes);
	return UC_OK;
}

static enum uc_status look(struct uc_store *store, const struct uc_join_request *r, const struct uc_join *join, struct standing *s,
                           struct uc_error *e)
{
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	enum uc_status status = uc_store_node(store, join->node, &row, e);
	if (status == UC_ENOTFOUND) return UC_OK;
	UC_TRY(status);
	s->same = uc_slice_eq(uc_buf_slice(&row.certificate), uc_buf_slice(&r->cert->der));
	UC_TRY(look_at_log(store, join, 0, s, e));
	return s->joined > 0 ? uc_store_identities(store, join->node, note_identity, s, e) : UC_OK;
}

static enum uc_status used(const struct uc_join *join, const struct standing *s, struct uc_error *e)
{
	return uc_fail(e, UC_EREFUSED, "join-secret-used", "Make another one with 'set node add' on the publisher.",
	               "a node has joined as %s with this secret already, by change %lld", join->node, (long long)s->joined);
}

/* The node that the secret was made for, by the change that made it. Free with free(); NULL when it does not say. */
static char *made_for(const json_t *change, const char *id)
{
	size_t i;
	const json_t *step;
	json_array_foreach(json_object_get(change, "steps"), i, step)
	{
		if (strcmp(uc_json_member(step, "type"), "join.set") == 0 && strcmp(uc_json_member(step, "id"), id) == 0)
			return uc_strdup(uc_json_member(step, "node"));
	}
	return NULL;
}

/* A secret that is no longer there: had it been used when it went? Then join says for which node. */
static enum uc_status look_at_past(struct uc_store *store, const char *id, struct uc_join *join, struct standing *s, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *object = uc_sprintf("join/%s", id);
	json_t *changes = NULL;
	json_t *made = NULL;
	UC_TRY(uc_log_list(store, &(struct uc_log_filter){.object = object}, 0, MANY_CHANGES, &changes, NULL, e));
	size_t count = json_array_size(changes);
	int64_t ended = json_integer_value(json_object_get(json_array_get(changes, 0), "number"));
	join->number = count > 1 ? json_integer_value(json_object_get(json_array_get(changes, count - 1), "number")) : 0;
	json_decref(changes);
	if (join->number == 0) return UC_OK;
	UC_TRY(uc_log_get(store, join->number, &made, e));
	join->node = made_for(made, id);
	json_decref(made);
	return join->node != NULL ? look_at_log(store, join, ended, s, e) : UC_OK;
}

/* ---- does the node have the secret? ---- */

static enum uc_status wrong(struct uc_error *e)
{
	return uc_fail(e, UC_EREFUSED, "join-secret-wrong", "Copy it whole, or make another one with 'set node add' on this publisher.",
	               "the join secret is not one that this publisher gave out");
}

/* A secret that was sealed to this node; false when it is gone or cannot be opened. */
static bool open_secret(struct uc_node *n, const struct uc_join *join, uint8_t secret[UC_JOIN_SECRET_LEN])
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf plain = UC_BUF_EMPTY;
	bool ok = join->sealed.len > 0 && uc_keys_unseal(n->keys, uc_buf_slice(&join->sealed), &plain, NULL) == UC_OK &&
	          plain.len == UC_JOIN_SECRET_LEN;
	if (ok) memcpy(secret, plain.ptr, UC_JOIN_SECRET_LEN);
	return ok;
}

/* Nothing is left by which the secret of this id could be proven. Nobody guesses an id, and to have seen one is of no use. */
static enum uc_status refuse_unknown(struct uc_store *store, const struct uc_join_request *r, struct uc_error *e)
{
	UC_CLEANUP(uc_join_free) struct uc_join gone = {.id = NULL};
	struct standing s = {.joined = 0};
	UC_TRY(look_at_past(store, r->id, &gone, &s, e));
	return s.joined > 0 ? used(&gone, &s, e) : wrong(e);
}

/* Finds what the secret is for. An id that never was is refused just like a wrong proof, which is computed for it as well. */
static enum uc_status prove(struct uc_node *n, struct uc_store *store, const struct uc_join_request *r, const json_t *request,
                            const char *peer, struct uc_join *join, struct uc_error *e)
{
	UC_TRY(uc_sign_in_brake(n->sign_in, peer, e));
	uint8_t secret[UC_JOIN_SECRET_LEN];
	uc_random(secret, sizeof secret);
	enum uc_status status = uc_store_join(store, r->id, join, e);
	if (status != UC_OK && status != UC_ENOTFOUND) return status;
	bool known = status == UC_OK && open_secret(n, join, secret);
	bool proven = uc_join_request_proven(r, request, secret);
	explicit_bzero(secret, sizeof secret);
	if (known && proven) return UC_OK;
	uc_sign_in_failed(n->sign_in, peer);
	return status == UC_ENOTFOUND ? refuse_unknown(store, r, e) : wrong(e);
}

/* What the node would not take from us is refused now: the secret is good for another try (C99). */
static enum uc_status check_wish(struct uc_node *n, const struct uc_join_request *r, const struct uc_join *join, struct uc_error *e)
{
	static const char hint[] = "Start it with that name and domain, or make a join secret for this one on the publisher.";
	char fp[UC_FINGERPRINT_HEX];
	if (strcmp(r->publisher, uc_cert_fingerprint_hex(uc_keys_node_cert(n->keys), fp)) != 0)
		return uc_fail(e, UC_EREFUSED, "join-secret-wrong", "Copy it whole, and ask the publisher that gave it out.",
		               "the join secret names another publisher (%.16s...) than this one (%.16s...)", r->publisher, fp);
	if (r->node[0] != '\0' && !uc_eq_nocase(r->node, join->node))
		return uc_fail(e, UC_ECONFLICT, "other-node", hint, "the join secret was made for the node %s, not for %s", join->node, r->node);
	if (r->domain[0] == '\0' || uc_eq_nocase(r->domain, join->domain)) return UC_OK;
	return uc_fail(e, UC_ECONFLICT, "other-node", hint, "the join secret was made for the node %s of the domain '%s', not of '%s'",
	               join->node, join->domain, r->domain);
}

static enum uc_status check_join(struct uc_node *n, const struct uc_join_request *r, const struct uc_join *join, struct uc_error *e)
{
	char expired[UC_TIME_TEXT];
	UC_TRY(uc_join_clock(r->at, uc_now(), "the node that joins", "the publisher", e));
	if (join->expires <= uc_now())
		return uc_fail(e, UC_EREFUSED, "join-secret-expired", "Make another one with 'set node add' on the publisher.",
		               "the join secret of %s was good until %s", join->node, uc_time_rfc3339(join->expires, expired));
	return check_wish(n, r, join, e);
}

/* ---- the node's way to the store ---- */

static enum uc_status join_first(struct uc_node *n, const struct uc_join_request *r, const struct uc_join *join, char **url,
                                 struct uc_error *e)
{
	json_t *result = NULL;
	json_t *args = json_pack("{s:s, s:s, s:s, s:s}", "id", r->id, "node", join->node, "certificate", r->certificate, "guid", r->guid);
	struct uc_node_call call = {.request = {.task = "node-join", .args = args}, .who = "join", .yes = true, .force = true};
	struct uc_error why = {.code = UC_OK};
	enum uc_status status = uc_node_run(n, &call, &result, &why);
	/* Another node that joins at the same moment changes whom the keys are sealed to. */
	for (int i = 0; i < MANY_AT_ONCE && strcmp(why.id, "plan-changed") == 0; i++) {
		json_decref(uc_move(result));
		why.id[0] = '\0';
		status = uc_node_run(n, &call, &result, &why);
	}
	if (status != UC_OK && e != NULL) *e = why;
	const char *secret = json_string_value(json_object_get(result, "secret"));
	if (status == UC_OK && secret != NULL) *url = uc_strdup(secret);
	json_decref(result);
	json_decref(args);
	UC_TRY(status);
	if (secret != NULL) return UC_OK;
	return uc_fail(e, UC_EINTERNAL, "no-access", NULL, "the node %s has joined, but got no access to the store", join->node);
}

/* Nothing changes: the node gets another password for the store. */
static enum uc_status join_again(struct uc_node *n, const struct uc_join_request *r, char **url, struct uc_error *e)
{
	struct uc_store *central = NULL;
	UC_TRY(uc_central_begin(n, &central, e));
	char *password = uc_password(PASSWORD_LEN);
	enum uc_status status = uc_store_access_put(central, r->guid, password, url, e);
	uc_secret_free(password, PASSWORD_LEN);
	if (status == UC_OK) return uc_central_commit(n, e);
	uc_central_rollback(n);
	return status;
}

static enum uc_status get_access(struct uc_node *n, const struct uc_join_request *r, const struct uc_join *join, const struct standing *s,
                                 char **url, struct uc_error *e)
{
	if (s->joined > 0 && (!s->same || s->installed)) return used(join, s, e);
	return s->same ? join_again(n, r, url, e) : join_first(n, r, join, url, e);
}

/* ---- the answer ---- */

static enum uc_status tell(struct uc_node *n, const struct uc_join *join, const char *url, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	int64_t head;
	char hash[65];
	char first[65];
	char at[UC_TIME_TEXT];
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_log_head(reader.store, &head, hash, e));
	UC_TRY(uc_log_hash(reader.store, 1, first, e));
	UC_CLEANUP(uc_freep) char *founder = uc_base64(uc_link_founder(n));
	*out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:I, s:s}, s:s, s:s}", "node", join->node, "domain", join->domain, "roles", join->roles,
	                 "store", url, "founder", founder, "head", "number", (json_int_t)head, "hash", hash, "cluster", first, "time",
	                 uc_time_rfc3339(uc_now(), at));
	return UC_OK;
}

static void url_free(char **url)
{
	if (*url != NULL) uc_secret_free(*url, strlen(*url));
}

static enum uc_status examine(struct uc_node *n, const struct uc_join_request *r, const json_t *request, const char *peer,
                              struct uc_join *join, struct standing *s, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(prove(n, reader.store, r, request, peer, join, e));
	UC_TRY(check_join(n, r, join, e));
	return look(reader.store, r, join, s, e);
}

/* Finds out whether it may join and gives it its way to the store. */
static enum uc_status admit(struct uc_node *n, const struct uc_join_request *r, const json_t *request, const char *peer,
                            struct uc_join *join, char **url, struct uc_error *e)
{
	struct standing standing = {.joined = 0};
	UC_TRY(examine(n, r, request, peer, join, &standing, e));
	return get_access(n, r, join, &standing, url, e);
}

enum uc_status uc_node_join_answer(struct uc_node *n, const json_t *request, const char *peer, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_join_request_free) struct uc_join_request r = {.node = NULL};
	UC_CLEANUP(uc_join_free) struct uc_join join = {.id = NULL};
	UC_CLEANUP(url_free) char *url = NULL;
	struct uc_error why = {.code = UC_OK};
	json_t *told = NULL;
	*out = NULL;
	UC_TRY(check_place(n, e));
	UC_TRY(uc_join_request_read(request, &r, e));
	enum uc_status status = admit(n, &r, request, peer, &join, &url, &why);
	/* Two requests at once: the other one may have been this node's own, which was broken off, and then this one is its repetition. */
	if (strcmp(why.id, "join-secret-used") == 0) {
		uc_join_free(&join);
		status = admit(n, &r, request, peer, &join, &url, &why);
	}
	if (status != UC_OK) {
		if (e != NULL) *e = why;
		return status;
	}
	status = tell(n, &join, url, &told, e);
	if (status == UC_OK) status = uc_join_answer_make(n->keys, &r, told, out, e);
	json_decref(told);
	return status;
}
