/* The routes of follow-ups. */
#include "serve/http/api_internal.h"

void uc_api_list_followups(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *json = NULL;
	struct uc_error e;
	enum uc_status status = uc_node_followups(((struct uc_session *)ctx)->node, uc_route_query(call, "node"), &json, &e);
	uc_api_reply(r, status, json, &e);
}

void uc_api_post_followups_done(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	json_t *args = NULL;
	struct uc_error e;
	if (uc_api_body(call, &args, &e) == UC_OK)
		uc_api_run_task(ctx, call, r, "followup-done", args);
	else
		uc_problem_write(r, &e, NULL);
}
