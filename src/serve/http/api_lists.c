/* The routes of trust lists, of the phones that fetch them, and of the settings that both obey. */
#include <string.h>

#include "node/phone.h"
#include "serve/http/api_internal.h"

static struct uc_node *node_of(void *ctx)
{
	return ((struct uc_session *)ctx)->node;
}

/* ---- lists ---- */

void uc_api_list_lists(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)call;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_lists(node_of(ctx), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_list(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status =
	    uc_node_list(node_of(ctx), uc_route_param(call, "list"), uc_route_query(call, "node"), uc_route_query(call, "version"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_list_versions(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	unsigned long long limit = 0;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_route_number(call, "limit", 1, UC_API_MAX_LIMIT, UC_API_DEFAULT_LIMIT, &limit, &e);
	if (status == UC_OK)
		status = uc_node_list_versions(node_of(ctx), uc_route_param(call, "list"), uc_route_query(call, "node"),
		                               uc_route_query(call, "cursor"), limit, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_list_content(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
	char file[96];
	struct uc_error e;
	enum uc_status status = uc_node_list_content(node_of(ctx), uc_route_param(call, "list"), uc_route_query(call, "node"),
	                                             uc_route_query(call, "version"), &bytes, file, &e);
	uc_api_send_file(r, status, &bytes, "application/octet-stream", file, &e);
}

void uc_api_post_ctl_mode(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *args = NULL;
	struct uc_error e;
	if (uc_api_body(call, &args, &e) == UC_OK)
		uc_api_run_task(ctx, call, r, "ctl-mode", args);
	else
		uc_problem_write(r, &e, NULL);
}

/* One of two tasks without arguments, by the list in the path. */
static void run_for(void *ctx, const struct uc_route_call *call, struct uc_http_response *r, const char *ctl_task, const char *itl_task)
{
	const char *list = NULL;
	struct uc_error e;
	if (uc_node_list_name(uc_route_param(call, "list"), &list, &e) == UC_OK)
		uc_api_run_task(ctx, call, r, strcmp(list, "CTL") == 0 ? ctl_task : itl_task, json_object());
	else
		uc_problem_write(r, &e, NULL);
}

void uc_api_post_list_update(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	run_for(ctx, call, r, "ctl-update", "itl-update");
}

void uc_api_post_list_reset(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	run_for(ctx, call, r, "ctl-reset", "itl-reset");
}

/* ---- phones ---- */

void uc_api_list_phones(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	unsigned long long limit = 0;
	json_t *json = NULL;
	struct uc_error e;
	const char *list = NULL;
	const char *asked = uc_route_query(call, "list");
	enum uc_status status = uc_route_number(call, "limit", 1, UC_API_MAX_LIMIT, UC_API_DEFAULT_LIMIT, &limit, &e);
	if (status == UC_OK && asked != NULL) status = uc_node_list_name(asked, &list, &e);
	if (status == UC_OK)
		status = uc_node_phones(node_of(ctx), list, uc_route_flag(call, "stale"), uc_route_query(call, "cursor"), limit, &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_get_phone(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_phone(node_of(ctx), uc_route_param(call, "device"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

/* ---- settings ---- */

void uc_api_list_settings(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)call;
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_settings(node_of(ctx), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_post_setting(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *args = NULL;
	struct uc_error e;
	if (uc_api_body(call, &args, &e) != UC_OK) {
		uc_problem_write(r, &e, NULL);
		return;
	}
	json_object_set_new(args, "name", json_string(uc_route_param(call, "name")));
	uc_api_run_task(ctx, call, r, "setting-set", args);
}
