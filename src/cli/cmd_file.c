/* file get, and the bare API. */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/certname.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/save.h"
#include "core/mem.h"

static int download(struct uc_cli *cli, const struct uc_args *args, struct uc_url *url)
{
	struct uc_error e;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	uc_url_param(url, "node", uc_args_value(args, UC_OPT_NODE));
	struct uc_call call = {.method = "GET", .path = uc_url_text(url)};
	if (uc_client_call(cli->socket, &call, &answer, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (answer.status >= 400) return uc_cli_refused(cli, &answer);
	return uc_save(cli, uc_args_value(args, UC_OPT_OUT), uc_buf_slice(&answer.body), 0644);
}

/* Of a certificate or a request, in the format that is asked for. */
static int download_as(struct uc_cli *cli, const struct uc_args *args, struct uc_url *url)
{
	uc_url_add(url, "content");
	uc_url_param(url, "format", uc_args_has(args, UC_OPT_FORMAT) ? uc_args_value(args, UC_OPT_FORMAT) : "pem");
	return download(cli, args, url);
}

int uc_cmd_get_cert(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	uc_name_any(args, uc_args_word(args, 0), &url);
	return download_as(cli, args, &url);
}

int uc_cmd_get_csr(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_freep) char *purpose = uc_name_purpose(uc_args_word(args, 0));
	uc_url_add(&url, "csrs");
	uc_url_add(&url, purpose);
	return download_as(cli, args, &url);
}

int uc_cmd_get_list(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	uc_url_add(&url, "lists");
	uc_url_add(&url, uc_args_word(args, 0));
	uc_url_add(&url, "content");
	uc_url_param(&url, "version", uc_args_word(args, 1));
	return download(cli, args, &url);
}

static enum uc_status api_body(struct uc_cli *cli, const struct uc_args *args, struct uc_buf *body, struct uc_call *call,
                               struct uc_error *e)
{
	if (!uc_args_has(args, UC_OPT_DATA)) return UC_OK;
	UC_TRY(uc_upload_read(cli, uc_args_value(args, UC_OPT_DATA), "the body of the request", body, e));
	UC_CLEANUP(uc_json_free) json_t *json = json_loadb((const char *)body->ptr, body->len, 0, NULL);
	call->content_type = json != NULL ? "application/json" : "application/octet-stream";
	call->body = uc_buf_slice(body);
	return UC_OK;
}

int uc_cmd_api(struct uc_cli *cli, const struct uc_args *args)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
	struct uc_error e;
	const char *path = uc_args_word(args, 1);
	struct uc_call call = {.method = NULL};
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (uc_eq_nocase(methods[i], uc_args_word(args, 0))) call.method = methods[i];
	if (call.method == NULL || path[0] != '/' || strpbrk(path, " \t\r\n") != NULL) {
		(void)uc_fail(&e, UC_EINPUT, "bad-request", NULL,
		              "a request is GET, POST, PUT, PATCH or DELETE and an encoded path that begins with '/', not %s %s",
		              uc_args_word(args, 0), path);
		return uc_cli_usage(cli, args, &e);
	}
	UC_CLEANUP(uc_freep) char *full = uc_sprintf("%s%s", uc_starts_with(path, "/api/") ? "" : UC_API, path);
	UC_CLEANUP(uc_buf_free) struct uc_buf body = UC_BUF_EMPTY;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	call.path = full;
	if (api_body(cli, args, &body, &call, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (uc_client_call(cli->socket, &call, &answer, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (answer.json != NULL)
		uc_out_json(cli->out, answer.json);
	else
		(void)uc_save(cli, NULL, uc_buf_slice(&answer.body), 0644);
	return answer.status >= 400 ? UC_EXIT_FAILED : UC_EXIT_DONE;
}
