/* The routes that change: each is a task, previewed, confirmed and answered in the same way. */
#include <string.h>

#include "serve/http/api_internal.h"

/* The answers and circumstances that every task takes from the query. */
static struct uc_node_call read_call(void *ctx, const struct uc_route_call *call)
{
	const struct uc_session *s = ctx;
	return (struct uc_node_call){
	    .who = s->who,
	    .why = uc_route_query(call, "why"),
	    .request_id = uc_route_query(call, "request"),
	    .seen = uc_route_query(call, "seen"),
	    .node = uc_route_query(call, "node"),
	    .dry_run = uc_route_flag(call, "dry_run"),
	    .yes = uc_route_flag(call, "yes"),
	    .force = uc_route_flag(call, "force"),
	};
}

/*
 * 201 for a change, also one that an earlier request of the same id made; 202 when that only asks another node to do it; 200 for a plan,
 * and when there was nothing to do.
 */
static void answer(struct uc_http_response *r, enum uc_status status, json_t *json, const struct uc_error *e)
{
	bool changed = status == UC_OK && json_is_integer(json_object_get(json, "number"));
	if (!changed) {
		uc_api_reply(r, status, json, e);
		return;
	}
	uc_http_write_json(r, json_is_string(json_object_get(json, "job")) ? 202 : 201, json);
	json_decref(json);
}

static void run_with(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *task, json_t *args, bool upload)
{
	struct uc_node_call run = read_call(ctx, call);
	run.request = (struct uc_task_request){.task = task, .args = args, .password = uc_http_header(call->request, "UCPKI-Password")};
	if (upload) run.request.content = call->request->body;
	json_t *json = NULL;
	struct uc_error e = {.code = UC_OK};
	enum uc_status status = uc_node_run(((const struct uc_session *)ctx)->node, &run, &json, &e);
	json_decref(args);
	answer(r, status, json, &e);
}

void uc_api_run_task(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *task, json_t *args)
{
	run_with(ctx, call, r, task, args, false);
}

enum uc_status uc_api_body(const struct uc_route_call *call, json_t **out, struct uc_error *e)
{
	UC_TRY(uc_route_body_json(call, out, e));
	json_t *schema = json_loads(call->route->body_schema, 0, NULL);
	json_t *known = json_object_get(schema, "properties");
	const char *name;
	json_t *value;
	enum uc_status status = UC_OK;
	json_object_foreach(*out, name, value)
	{
		if (json_object_get(known, name) != NULL) continue;
		UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
		const char *one;
		json_t *unused;
		json_object_foreach(known, one, unused) uc_strv_add(&names, one);
		UC_CLEANUP(uc_freep) char *list = uc_strv_join(&names, ", ");
		UC_CLEANUP(uc_freep) char *hint = uc_sprintf("There are %s.", list);
		status = uc_fail_field(e, UC_EINPUT, "unknown-argument", name, hint, "there is no argument '%s' here", name);
		break;
	}
	json_decref(schema);
	if (status == UC_OK) return UC_OK;
	json_decref(*out);
	*out = NULL;
	return status;
}

enum uc_status uc_api_need_text(const json_t *body, const char *name, const char **out, struct uc_error *e)
{
	*out = json_string_value(json_object_get(body, name));
	if (*out != NULL) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "argument-missing", name, "Give it as a string.", "the argument %s is missing", name);
}

/* A task whose arguments are the body's, and the purpose of the path. */
static void run_with_body(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *task)
{
	json_t *args = NULL;
	struct uc_error e;
	if (uc_api_body(call, &args, &e) != UC_OK) {
		uc_problem_write(r, &e, NULL);
		return;
	}
	json_object_set_new(args, "purpose", json_string(uc_route_param(call, "purpose")));
	uc_api_run_task(ctx, call, r, task, args);
}

void uc_api_post_regenerate(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	run_with_body(ctx, call, r, "cert-regen");
}

void uc_api_post_csr(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	run_with_body(ctx, call, r, "csr-gen");
}

void uc_api_delete_csr(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	uc_api_run_task(ctx, call, r, "csr-delete", json_pack("{s:s}", "purpose", uc_route_param(call, "purpose")));
}

static void run_upload(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *task, json_t *args)
{
	struct uc_error e;
	if (uc_api_check_upload(call, &e) == UC_OK) {
		run_with(ctx, call, r, task, args, true);
		return;
	}
	json_decref(args);
	uc_problem_write(r, &e, NULL);
}

void uc_api_post_own(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	run_upload(ctx, call, r, "import-own", json_pack("{s:s}", "purpose", uc_route_param(call, "purpose")));
}

void uc_api_post_trust(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *args = json_pack("{s:s, s:s?, s:s?}", "store", uc_route_param(call, "store"), "description",
	                         uc_route_query(call, "description"), "scope", uc_route_query(call, "scope"));
	run_upload(ctx, call, r, "import-trust", args);
}

void uc_api_delete_trust(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	uc_api_run_task(ctx, call, r, "delete-trust",
	                json_pack("{s:s, s:s}", "store", uc_route_param(call, "store"), "name", uc_route_param(call, "name")));
}

void uc_api_post_undo(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	int64_t number = 0;
	struct uc_error e;
	if (uc_api_change_number(call, &number, &e) == UC_OK)
		uc_api_run_task(ctx, call, r, "undo", json_pack("{s:I}", "number", (json_int_t)number));
	else
		uc_problem_write(r, &e, NULL);
}

void uc_api_delete_key(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	uc_api_run_task(ctx, call, r, "key-purge", json_pack("{s:s}", "key", uc_route_param(call, "id")));
}

/*
 * Who has found a browser that is signed in, or has stolen a token, must not be able to take the account over: of one's own account the
 * present password is told as well. A program that tries passwords is slowed down as at a sign-in, but that it is signed in stays true.
 */
static enum uc_status check_current(const struct uc_session *s, const struct uc_route_call *call, const json_t *args,
                                    const struct uc_node_call *run, struct uc_error *e)
{
	const char *current;
	char peer[64];
	if (!uc_eq_nocase(s->who, uc_route_param(call, "name"))) return UC_OK;
	UC_TRY(uc_api_need_text(args, "current", &current, e));
	if (run->dry_run) return UC_OK;
	uc_api_peer(call->request, peer);
	enum uc_status status = uc_node_sign_in(s->node, s->who, current, peer, e);
	if (status != UC_EAUTH) return status;
	if (strcmp(e->id, "wrong-password") != 0) return uc_fail_field(e, UC_EREFUSED, e->id, "current", e->hint, "%s", e->message);
	return uc_fail_field(e, UC_EREFUSED, "wrong-password", "current", "Give the one that the account has now.",
	                     "the present password is not right");
}

void uc_api_post_password(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	const struct uc_session *s = ctx;
	struct uc_node_call run = read_call(ctx, call);
	const char *password = NULL;
	json_t *args = NULL;
	json_t *json = NULL;
	struct uc_error e = {.code = UC_OK};
	enum uc_status status = uc_api_body(call, &args, &e);
	if (status == UC_OK) status = uc_api_need_text(args, "password", &password, &e);
	if (status == UC_OK) status = check_current(s, call, args, &run, &e);
	if (status == UC_OK) status = uc_node_set_password(s->node, &run, uc_route_param(call, "name"), password, &json, &e);
	json_decref(args);
	answer(r, status, json, &e);
}
