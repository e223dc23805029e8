/* Having a node make its TLS contexts anew: no change, only an effect. On another node it is a job. */
#include "manage/task.h"

enum uc_status uc_plan_web_reload(struct uc_task_context *ctx, const struct uc_task_request *req, struct uc_plan *plan, struct uc_error *e)
{
	(void)req;
	(void)e;
	uc_plan_summary(plan, "Load the TLS contexts of %s anew", ctx->node);
	return UC_OK;
}
