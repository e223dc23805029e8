/* The routes that change: each is a task, previewed, confirmed and answered in the same way. */
#include <string.h>

#include "serve/http/api_internal.h"

/* ---- tasks ---- */

/* Runs a task; args (owned) are its arguments. */
static void run_task(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *task, json_t *args, bool upload)
{
	const struct uc_session *s = ctx;
	struct uc_node_call run = {
	    .request = {.task = task, .args = args, .password = uc_http_header(call->request, "UCPKI-Password")},
	    .who = s->who,
	    .why = uc_route_query(call, "why"),
	    .request_id = uc_route_query(call, "request"),
	    .seen = uc_route_query(call, "seen"),
	    .dry_run = uc_route_flag(call, "dry_run"),
	    .yes = uc_route_flag(call, "yes"),
	    .force = uc_route_flag(call, "force"),
	};
	if (upload) run.request.content = call->request->body;
	json_t *json = NULL;
	struct uc_error e = {.code = UC_OK};
	enum uc_status status = uc_node_run(s->node, &run, &json, &e);
	json_decref(args);
	bool changed = status == UC_OK && json_is_integer(json_object_get(json, "number"));
	if (changed)
		uc_http_write_json(r, 201, json);
	else
		uc_api_reply(r, status, json_incref(json), &e);
	json_decref(json);
}

/* A task whose arguments are the body's, and the purpose of the path. */
static void run_with_body(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *task)
{
	json_t *args = NULL;
	struct uc_error e;
	if (uc_route_body_json(call, &args, &e) != UC_OK) {
		uc_problem_write(r, &e, NULL);
		return;
	}
	json_object_set_new(args, "purpose", json_string(uc_route_param(call, "purpose")));
	run_task(ctx, call, r, task, args, false);
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
	run_task(ctx, call, r, "csr-delete", json_pack("{s:s}", "purpose", uc_route_param(call, "purpose")), false);
}

static void run_upload(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *task, json_t *args)
{
	struct uc_error e;
	if (uc_api_check_upload(call, &e) == UC_OK) {
		run_task(ctx, call, r, task, args, true);
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
	json_t *args = json_pack("{s:s, s:s?, s:s?}", "store", uc_route_param(call, "store"), "description", uc_route_query(call, "description"), "scope", uc_route_query(call, "scope"));
	run_upload(ctx, call, r, "import-trust", args);
}

void uc_api_delete_trust(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	run_task(ctx, call, r, "delete-trust", json_pack("{s:s, s:s}", "store", uc_route_param(call, "store"), "name", uc_route_param(call, "name")), false);
}

void uc_api_post_undo(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	int64_t number = 0;
	struct uc_error e;
	if (uc_api_change_number(call, &number, &e) == UC_OK)
		run_task(ctx, call, r, "undo", json_pack("{s:I}", "number", (json_int_t)number), false);
	else
		uc_problem_write(r, &e, NULL);
}

void uc_api_delete_key(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	run_task(ctx, call, r, "key-purge", json_pack("{s:s}", "key", uc_route_param(call, "id")), false);
}
