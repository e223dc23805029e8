/* help, version, exit, and the completion for other shells. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/help.h"
#include "cli/output.h"
#include "core/mem.h"

int uc_cmd_help(struct uc_cli *cli, const struct uc_args *args)
{
	uc_help_print(cli->grammar, &args->words, cli->out);
	return UC_EXIT_DONE;
}

int uc_cmd_version(struct uc_cli *cli, const struct uc_args *args)
{
	(void)args;
	UC_CLEANUP(uc_json_free) json_t *json = json_pack("{s:s}", "version", UC_VERSION);
	if (cli->json)
		uc_out_json(cli->out, json);
	else
		uc_out_line(cli->out, "ucpki %s", UC_VERSION);
	return UC_EXIT_DONE;
}

int uc_cmd_exit(struct uc_cli *cli, const struct uc_args *args)
{
	(void)args;
	cli->leave = true;
	return UC_EXIT_DONE;
}

/* The words of a command line after "complete --", the last one unfinished: prints what it can become, one a line. */
int uc_cmd_complete(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	const struct uc_strv *words = &args->words;
	struct uc_strv before = {.items = words->items, .count = words->count == 0 ? 0 : words->count - 1};
	bool files = false;
	uc_help_complete(cli->grammar, &before, words->count == 0 ? "" : words->items[before.count], &found, &files);
	for (size_t i = 0; i < found.count; i++) uc_out_line(cli->out, "%s", found.items[i]);
	return UC_EXIT_DONE;
}
