/* show followup, set followup. */
#include <stdlib.h>
#include <string.h>

#include "cli/body.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/mem.h"

enum { AT_ONCE = 1000 }; /* the daemon takes no more in one change */

/* What is open on a node, or (NULL) on all. Returns the exit status. */
static int fetch(struct uc_cli *cli, const char *node, json_t **out)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	uc_url_add(&url, "followups");
	uc_url_param(&url, "node", node);
	return uc_cli_get(cli, &url, out);
}

static void show_followups(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field fields[] = {
	    {"id", "ID"},
	    {"since", "SINCE"},
	    {"number", "CHANGE"},
	    {"text", "WHAT"},
	};
	const json_t *items = json_object_get(json, "items");
	if (json_array_size(items) == 0) return;
	uc_out_objects(cli->out, items, fields, sizeof fields / sizeof *fields);
}

int uc_cmd_followup_list(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	int status = fetch(cli, uc_args_value(args, UC_OPT_NODE), &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_followups) : status;
}

/* The ids of all that are open, appended. Returns the exit status. */
static int all_ids(struct uc_cli *cli, json_t *ids)
{
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	int status = fetch(cli, NULL, &json);
	size_t i;
	json_t *item;
	json_array_foreach(json_object_get(json, "items"), i, item) json_array_append(ids, json_object_get(item, "id"));
	return status;
}

/* As the daemon answers when there is nothing to change. */
static int nothing(struct uc_cli *cli)
{
	UC_CLEANUP(uc_json_free)
	json_t *json =
	    json_pack("{s:s, s:n, s:b, s:[], s:[], s:[]}", "task", "followup-done", "number", "dry_run", 0, "steps", "findings", "followups");
	return uc_cli_show(cli, json, uc_change_print_nothing);
}

static bool says_all(const struct uc_args *args)
{
	return args->words.count == 1 && uc_eq_nocase(args->words.items[0], "all");
}

static enum uc_status take_ids(const struct uc_args *args, json_t *ids, struct uc_error *e)
{
	for (size_t i = 0; i < args->words.count; i++) {
		json_t *id = json_string(args->words.items[i]);
		if (id == NULL)
			return uc_fail(e, UC_EINPUT, "not-utf8", "show followup list prints them.", "'%s' is no id of a follow-up",
			               args->words.items[i]);
		json_array_append_new(ids, id);
	}
	return UC_OK;
}

/* Those from first on, as many as one change can mark. */
static int mark(struct uc_cli *cli, const struct uc_args *args, const json_t *ids, size_t first)
{
	json_t *some = json_array();
	UC_CLEANUP(uc_json_free) json_t *body = json_pack("{s:o}", "ids", some);
	for (size_t i = first; i < json_array_size(ids) && i - first < AT_ONCE; i++) json_array_append(some, json_array_get(ids, i));
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	uc_url_add(&c.url, "followups");
	uc_url_add(&c.url, "done");
	uc_body_set(&c, body);
	c.done = uc_strdup("Successfully marked as done.");
	return uc_change_run(cli, args, &c);
}

int uc_cmd_followup_done(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	UC_CLEANUP(uc_json_free) json_t *ids = json_array();
	int status = says_all(args) ? all_ids(cli, ids) : UC_EXIT_DONE;
	if (status != UC_EXIT_DONE) return status;
	if (!says_all(args) && take_ids(args, ids, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (json_array_size(ids) == 0) return nothing(cli);
	for (size_t i = 0; i < json_array_size(ids) && status == UC_EXIT_DONE; i += AT_ONCE) status = mark(cli, args, ids, i);
	return status;
}
