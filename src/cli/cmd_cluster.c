/* show job, show cluster, utils cluster: what nodes do for each other, and the store in which they meet. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/page.h"
#include "core/mem.h"

/* ---- jobs ---- */

static void show_jobs(struct uc_cli *cli, const struct uc_args *args, const json_t *items)
{
	static const struct uc_field columns[] = {
	    {"id", "JOB"}, {"node", "NODE"}, {"state", "STATE"}, {"created_at", "ASKED AT"}, {"who", "WHO"}, {"summary", "SUMMARY"},
	};
	(void)args;
	if (json_array_size(items) > 0) uc_out_objects(cli->out, items, columns, sizeof columns / sizeof *columns);
}

int uc_cmd_job_list(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	uc_url_add(&url, "jobs");
	uc_url_param(&url, "node", uc_args_value(args, UC_OPT_NODE));
	uc_url_param(&url, "state", uc_args_value(args, UC_OPT_STATE));
	return uc_page_run(cli, args, &url, show_jobs);
}

static void show_job(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field fields[] = {
	    {"state", "State:"}, {"detail", "Answer:"},       {"node", "Node:"},      {"task", "Task:"},        {"who", "Who:"},
	    {"why", "Why:"},     {"created_at", "Asked at:"}, {"deadline", "Until:"}, {"number", "By change:"}, {"answer", "Answered by:"},
	};
	uc_out_line(cli->out, "Job %s: %s", uc_json_text(json, "id"), uc_json_text(json, "summary"));
	uc_out_fields(cli->out, json, fields, sizeof fields / sizeof *fields);
	const char *name;
	json_t *value;
	json_object_foreach(json_object_get(json, "arguments"), name, value)
	{
		UC_CLEANUP(uc_freep) char *text = uc_json_shown(json_object_get(json, "arguments"), name);
		uc_out_line(cli->out, "  With %-10s %s", name, text);
	}
}

int uc_cmd_job_show(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "jobs");
	uc_url_add(&url, uc_args_word(args, 0));
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_job) : status;
}

/* ---- the store ---- */

static void show_cluster(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field fields[] = {
	    {"store", "Store:"},
	    {"where", "Where:"},
	    {"reachable", "Reachable:"},
	    {"state", "This node:"},
	    {"reason", "Reason:"},
	    {"head", "Latest change:"},
	    {"number", "Here:"},
	    {"behind", "Behind:"},
	    {"epoch", "Epoch:"},
	    {"read_only", "Read-only:"},
	    {"read_only_reason", "Because:"},
	};
	uc_out_line(cli->out, "%s", strcmp(uc_json_text(json, "store"), "sqlite") == 0 ? "A single node with a store of its own" : "A cluster");
	uc_out_fields(cli->out, json, fields, sizeof fields / sizeof *fields);
}

int uc_cmd_cluster(struct uc_cli *cli, const struct uc_args *args)
{
	(void)args;
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_url_free) struct uc_url status_url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	UC_CLEANUP(uc_json_free) json_t *state = NULL;
	uc_url_add(&url, "cluster");
	uc_url_add(&status_url, "status");
	int status = uc_cli_get(cli, &url, &json);
	if (status == UC_EXIT_DONE) status = uc_cli_get(cli, &status_url, &state);
	if (status != UC_EXIT_DONE) return status;
	static const char *const more[] = {"read_only", "read_only_reason"};
	for (size_t i = 0; i < sizeof more / sizeof *more; i++) json_object_set(json, more[i], json_object_get(state, more[i]));
	return uc_cli_show(cli, json, show_cluster);
}

/* The connection string, which holds a password: from the command line, a file, standard input, or asked for without showing it. */
static enum uc_status read_url(struct uc_cli *cli, const struct uc_args *args, struct uc_buf *out, struct uc_error *e)
{
	const char *word = uc_args_word(args, 0);
	const char *file = uc_args_value(args, UC_OPT_URL_FILE);
	if (word != NULL && file != NULL)
		return uc_fail_field(e, UC_EINPUT, "option-not-here", "url-file", NULL, "it is either a URL or --url-file");
	if (word != NULL && strcmp(word, "-") != 0) {
		uc_buf_add(out, word, strlen(word) + 1);
		return UC_OK;
	}
	if (word == NULL && file == NULL && !cli->ask)
		return uc_fail(e, UC_EINPUT, "argument-missing", "Put it into a file and name that with --url-file; - is standard input.",
		               "the connection string of the database is missing");
	bool typed = file == NULL || strcmp(file, "-") == 0;
	if (typed && cli->ask) return uc_ask_password(cli, "Connection string (postgresql://...)", out, e);
	return uc_secret_line(file != NULL ? file : "-", out, e);
}

static void show_move(struct uc_cli *cli, const json_t *json)
{
	long long changes = uc_json_number(json, "changes", 0);
	if (json_is_true(json_object_get(json, "dry_run"))) {
		uc_out_line(cli->out, "It can be done: %lld changes would be moved to PostgreSQL.", changes);
		uc_out_line(cli->out, "This was a dry run: nothing was changed.");
		return;
	}
	uc_out_line(cli->out, "Successfully moved %lld changes: the store is PostgreSQL now.", changes);
	uc_out_line(cli->out, "Nodes can join: %sset node add NODE", uc_cli_prefix(cli));
}

int uc_cmd_move(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf text = UC_BUF_EMPTY;
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	if (read_url(cli, args, &text, &e) != UC_OK) return e.code == UC_EINPUT ? uc_cli_usage(cli, args, &e) : uc_cli_fail(cli, &e);
	UC_CLEANUP(uc_json_free) json_t *body = json_pack("{s:s}", "url", (const char *)text.ptr);
	if (body == NULL) {
		(void)uc_fail(&e, UC_EINPUT, "bad-store-url", NULL, "the connection string is not UTF-8");
		return uc_cli_fail(cli, &e);
	}
	uc_url_add(&url, "cluster");
	uc_url_add(&url, "move");
	uc_url_param(&url, "dry_run", uc_args_has(args, UC_OPT_DRY_RUN) ? "1" : NULL);
	int status = uc_cli_post(cli, &url, body, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_move) : status;
}

static void show_resync(struct uc_cli *cli, const json_t *json)
{
	uc_out_line(cli->out, "The log goes on from the store's present state (epoch %lld).", uc_json_number(json, "epoch", 0));
	uc_out_line(cli->out, "Nodes that are ahead of it build their mirrors anew: %sshow node list", uc_cli_prefix(cli));
}

int uc_cmd_resync(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "cluster");
	uc_url_add(&url, "resync");
	uc_url_param(&url, "force", uc_args_has(args, UC_OPT_FORCE) ? "1" : NULL);
	int status = uc_cli_post(cli, &url, NULL, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_resync) : status;
}
