#include "cli/page.h"

#include <stdlib.h>

#include "cli/output.h"
#include "core/mem.h"

#define MOST "1000" /* the API's own limit of a page */

static void page_url(const struct uc_args *args, const struct uc_url *base, const char *cursor, struct uc_url *out)
{
	uc_buf_add_slice(&out->text, uc_buf_slice(&base->text));
	out->query = base->query;
	const char *limit = uc_args_value(args, UC_OPT_LIMIT);
	uc_url_param(out, "limit", limit == NULL ? MOST : limit);
	uc_url_param(out, "cursor", cursor);
}

/* What a list leaves unsaid belongs on standard error: the lines on standard output are the list. */
static void say_more(struct uc_cli *cli, const json_t *page, const char *next)
{
	fflush(cli->out);
	const char *notice = uc_json_text(page, "notice");
	if (notice[0] != '\0') uc_out_line(cli->err, "%s", notice);
	if (next != NULL) uc_out_line(cli->err, "There are more: repeat the command with --cursor %s, or with --all.", next);
}

static int run_json(struct uc_cli *cli, const struct uc_args *args, const struct uc_url *url)
{
	UC_CLEANUP(uc_json_free) json_t *all = NULL;
	UC_CLEANUP(uc_freep) char *cursor = uc_args_has(args, UC_OPT_CURSOR) ? uc_strdup(uc_args_value(args, UC_OPT_CURSOR)) : NULL;
	do {
		UC_CLEANUP(uc_url_free) struct uc_url u = {.query = false};
		page_url(args, url, cursor, &u);
		UC_CLEANUP(uc_json_free) json_t *page = NULL;
		int status = uc_cli_get(cli, &u, &page);
		if (status != UC_EXIT_DONE) return status;
		const char *next = json_string_value(json_object_get(page, "next"));
		free(cursor);
		cursor = next == NULL ? NULL : uc_strdup(next);
		if (all == NULL) {
			all = uc_move(page);
			continue;
		}
		json_array_extend(json_object_get(all, "items"), json_object_get(page, "items"));
		json_object_set(all, "next", json_object_get(page, "next"));
	} while (cursor != NULL && uc_args_has(args, UC_OPT_ALL));
	uc_out_json(cli->out, all);
	return UC_EXIT_DONE;
}

int uc_page_run(struct uc_cli *cli, const struct uc_args *args, const struct uc_url *url,
                void (*show)(struct uc_cli *cli, const struct uc_args *args, const json_t *items))
{
	if (cli->json) return run_json(cli, args, url);
	UC_CLEANUP(uc_freep) char *cursor = uc_args_has(args, UC_OPT_CURSOR) ? uc_strdup(uc_args_value(args, UC_OPT_CURSOR)) : NULL;
	do {
		UC_CLEANUP(uc_url_free) struct uc_url u = {.query = false};
		page_url(args, url, cursor, &u);
		UC_CLEANUP(uc_json_free) json_t *page = NULL;
		int status = uc_cli_get(cli, &u, &page);
		if (status != UC_EXIT_DONE) return status;
		show(cli, args, json_object_get(page, "items"));
		const char *next = json_string_value(json_object_get(page, "next"));
		free(cursor);
		cursor = next == NULL ? NULL : uc_strdup(next);
		say_more(cli, page, uc_args_has(args, UC_OPT_ALL) ? NULL : cursor);
	} while (cursor != NULL && uc_args_has(args, UC_OPT_ALL));
	return UC_EXIT_DONE;
}
