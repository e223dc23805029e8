#include "cli/cli.h"

#include <curl/curl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/shell.h"
#include "core/mem.h"

const char *uc_cli_prefix(const struct uc_cli *cli)
{
	return cli->shell ? "" : "ucpki ";
}

static void print_error(const struct uc_cli *cli, const char *message, const char *hint)
{
	fflush(cli->out);
	uc_out_line(cli->err, "%s: %s", cli->shell ? "error" : "ucpki", message);
	if (hint[0] != '\0' && !cli->json) uc_out_line(cli->err, "  %s", hint);
}

/* RFC 9457, as the API makes them. */
static void print_problem(const struct uc_cli *cli, const struct uc_error *e)
{
	static const int http[] = {
	    [UC_OK] = 200,           [UC_EINPUT] = 400,   [UC_EAUTH] = 401,  [UC_ENOTFOUND] = 404,
	    [UC_ECONFLICT] = 409,    [UC_EREFUSED] = 422, [UC_ELIMIT] = 413, [UC_EUNREACHABLE] = 502,
	    [UC_EUNAVAILABLE] = 503, [UC_EIO] = 500,      [UC_EFULL] = 507,  [UC_EINTERNAL] = 500,
	};
	UC_CLEANUP(uc_freep) char *type = uc_sprintf("urn:ucpki:problem:%s", e->id);
	UC_CLEANUP(uc_json_free)
	json_t *doc = json_pack("{s:s,s:s,s:i,s:s,s:s}", "type", type, "title", uc_status_name(e->code), "status", http[e->code], "detail",
	                        e->message, "code", e->id);
	if (e->field[0] != '\0') json_object_set_new(doc, "field", json_string(e->field));
	if (e->hint[0] != '\0') json_object_set_new(doc, "hint", json_string(e->hint));
	uc_out_json(cli->out, doc);
}

int uc_cli_fail(struct uc_cli *cli, const struct uc_error *e)
{
	if (cli->json) print_problem(cli, e);
	print_error(cli, e->message, e->hint);
	bool unreachable = strcmp(e->id, "daemon-unreachable") == 0 || strcmp(e->id, "daemon-lost") == 0;
	return unreachable ? UC_EXIT_UNREACHABLE : UC_EXIT_FAILED;
}

int uc_cli_usage(struct uc_cli *cli, const struct uc_args *args, struct uc_error *e)
{
	if (cli->json) print_problem(cli, e);
	print_error(cli, e->message, e->hint);
	if (cli->json) return UC_EXIT_USAGE;
	UC_CLEANUP(uc_freep) char *known = uc_help_known(cli->grammar, &args->typed);
	uc_out_line(cli->err, "  More: %shelp%s%s", uc_cli_prefix(cli), known[0] == '\0' ? "" : " ", known);
	return UC_EXIT_USAGE;
}

int uc_cli_refused(struct uc_cli *cli, const struct uc_answer *answer)
{
	const char *detail = uc_json_text(answer->json, "detail");
	if (detail[0] == '\0') detail = uc_json_text(answer->json, "title");
	UC_CLEANUP(uc_freep)
	char *message = detail[0] != '\0' ? uc_strdup(detail) : uc_sprintf("the daemon answered %ld without a reason", answer->status);
	if (cli->json && answer->json != NULL) uc_out_json(cli->out, answer->json);
	print_error(cli, message, uc_json_text(answer->json, "hint"));
	return UC_EXIT_FAILED;
}

/* What is asked for is JSON. */
static int ask(struct uc_cli *cli, const struct uc_call *call, json_t **json)
{
	struct uc_error e;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	if (uc_client_call(cli->socket, call, &answer, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (answer.status >= 400) return uc_cli_refused(cli, &answer);
	if (!json_is_object(answer.json)) {
		(void)uc_fail(&e, UC_EINTERNAL, "bad-answer", NULL, "the daemon's answer to %s is no JSON object", call->path);
		return uc_cli_fail(cli, &e);
	}
	*json = uc_move(answer.json);
	return UC_EXIT_DONE;
}

int uc_cli_get(struct uc_cli *cli, struct uc_url *url, json_t **json)
{
	const struct uc_call call = {.method = "GET", .path = uc_url_text(url)};
	return ask(cli, &call, json);
}

int uc_cli_post(struct uc_cli *cli, struct uc_url *url, const json_t *body, json_t **json)
{
	struct uc_call call = {.method = "POST", .path = uc_url_text(url)};
	if (body == NULL) return ask(cli, &call, json);
	char *text = json_dumps(body, JSON_COMPACT);
	if (text == NULL) abort();
	call.body = uc_slice_str(text);
	call.content_type = "application/json";
	int status = ask(cli, &call, json);
	uc_secret_free(text, strlen(text)); /* it may hold a password */
	return status;
}

int uc_cli_show(struct uc_cli *cli, const json_t *json, void (*show)(struct uc_cli *cli, const json_t *json))
{
	if (cli->json)
		uc_out_json(cli->out, json);
	else
		show(cli, json);
	return UC_EXIT_DONE;
}

/* A '?' as the last word asks what can follow. */
static bool asks(struct uc_args *args)
{
	if (args->typed.count > 0 && strcmp(args->typed.items[args->typed.count - 1], "?") == 0) {
		free(args->typed.items[--args->typed.count]);
		return true;
	}
	return uc_args_has(args, UC_OPT_HELP);
}

static int run_words(struct uc_cli *cli, struct uc_args *args)
{
	struct uc_error e;
	if (asks(args)) {
		uc_help_print(cli->grammar, &args->typed, cli->out);
		return UC_EXIT_DONE;
	}
	if (uc_args_has(args, UC_OPT_VERSION)) return uc_cmd_version(cli, args);
	if (args->typed.count == 0) {
		if (!cli->shell) return uc_shell_run(cli);
		(void)uc_fail(&e, UC_EINPUT, "no-such-command", NULL, "there is no command in this line");
		return uc_cli_usage(cli, args, &e);
	}
	if (uc_args_match(cli->grammar, args, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	return args->command->run(cli, args);
}

/* For a line whose options cannot be read: the error too is told in the form that was asked for. */
static bool wants_json(const char *const *argv, size_t argc)
{
	for (size_t i = 0; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0) return true;
	return false;
}

int uc_cli_run(struct uc_cli *cli, const char *const *argv, size_t argc)
{
	struct uc_error e;
	UC_CLEANUP(uc_args_free) struct uc_args args = {.command = NULL};
	/* What the options of this line say holds for this line only. */
	struct uc_cli before = *cli;
	enum uc_status scanned = uc_args_scan(argv, argc, &args, &e);
	cli->json = cli->json || uc_args_has(&args, UC_OPT_JSON) || (scanned != UC_OK && wants_json(argv, argc));
	cli->ask = cli->ask && !cli->json;
	if (uc_args_has(&args, UC_OPT_SOCKET)) cli->socket = uc_args_value(&args, UC_OPT_SOCKET);
	int status = scanned == UC_OK ? run_words(cli, &args) : uc_cli_usage(cli, &args, &e);
	before.leave = cli->leave;
	*cli = before;
	if (fflush(cli->out) == 0 && ferror(cli->out) == 0) return status;
	(void)uc_fail(&e, UC_EIO, "output-failed", NULL, "the output could not be written");
	print_error(cli, e.message, "");
	return status == UC_EXIT_DONE ? UC_EXIT_FAILED : status;
}

int uc_cli_main(int argc, char **argv)
{
	/* For the widths of characters and for the line editor; messages stay English, numbers and dates stay ours. */
	setlocale(LC_CTYPE, "C.UTF-8");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	const char *socket = getenv("UCPKI_SOCKET");
	const char *no_colour = getenv("NO_COLOR");
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct uc_cli cli = {
	    .grammar = &uc_grammar,
	    .socket = socket != NULL && socket[0] != '\0' ? socket : UC_SOCKET_DEFAULT,
	    .ask = terminal,
	    .colour = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0'),
	    .out = stdout,
	    .err = stderr,
	};
	int status = uc_cli_run(&cli, (const char *const *)(argv + 1), (size_t)(argc > 0 ? argc - 1 : 0));
	curl_global_cleanup();
	return status;
}
