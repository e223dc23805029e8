/* show csr, show change, show status. */
#include <stdlib.h>
#include <string.h>

#include "cli/certname.h"
#include "cli/commands.h"
#include "cli/decode.h"
#include "cli/output.h"
#include "cli/page.h"
#include "core/mem.h"

static void show_csrs(struct uc_cli *cli, const json_t *json)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(json, "items"), i, row)
	{
		UC_CLEANUP(uc_freep) char *names = uc_json_joined(row, "subject_alt_names");
		uc_out_line(cli->out, "%s/%s: %s, %s, %s, made %s%s%s", uc_json_text(row, "unit"), uc_json_text(row, "name"),
		            uc_json_text(row, "common_name"), uc_json_text(row, "key_type"), uc_json_text(row, "distribution"),
		            uc_json_text(row, "created_at"), names[0] == '\0' ? "" : ", for ", names);
	}
}

int uc_cmd_csr_list(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "csrs");
	uc_url_param(&url, "node", uc_args_value(args, UC_OPT_NODE));
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_csrs) : status;
}

/* Programs that read the request want the PEM and nothing else. */
static void show_csr_pem(struct uc_cli *cli, const json_t *json)
{
	uc_out_text(cli->out, uc_slice_str(uc_json_text(json_object_get(json, "request"), "pem")));
}

static void show_csr_text(struct uc_cli *cli, const json_t *json)
{
	uc_decode_request(cli->out, uc_json_text(json_object_get(json, "request"), "pem"));
}

int uc_cmd_csr_own(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	UC_CLEANUP(uc_freep) char *purpose = uc_name_purpose(uc_args_word(args, 0));
	uc_url_add(&url, "csrs");
	uc_url_add(&url, purpose);
	uc_url_param(&url, "node", uc_args_value(args, UC_OPT_NODE));
	int status = uc_cli_get(cli, &url, &json);
	if (status != UC_EXIT_DONE) return status;
	return uc_cli_show(cli, json, uc_args_has(args, UC_OPT_TEXT) ? show_csr_text : show_csr_pem);
}

static char *undo_of(const json_t *row)
{
	long long by = uc_json_number(row, "undone_by", 0);
	if (by != 0) return uc_sprintf("undone by %lld", by);
	return uc_strdup(json_is_true(json_object_get(row, "undoable")) ? "possible" : "no");
}

static void show_changes(struct uc_cli *cli, const struct uc_args *args, const json_t *items)
{
	(void)args;
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	static const char *const heading[] = {"NUMBER", "AT", "WHO", "TASK", "UNDO", "SUMMARY"};
	enum { COLUMNS = sizeof heading / sizeof *heading };
	if (json_array_size(items) > 0) uc_table_add(&t, heading, COLUMNS);
	size_t i;
	json_t *row;
	json_array_foreach(items, i, row)
	{
		UC_CLEANUP(uc_freep) char *number = uc_json_shown(row, "number");
		UC_CLEANUP(uc_freep) char *undo = undo_of(row);
		const char *cells[] = {number, uc_json_text(row, "at"),     uc_json_text(row, "who"), uc_json_text(row, "task"),
		                       undo,   uc_json_text(row, "summary")};
		uc_table_add(&t, cells, COLUMNS);
	}
	uc_table_print(&t, cli->out, 0);
}

int uc_cmd_change_list(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	uc_url_add(&url, "changes");
	static const struct {
		enum uc_option_id option;
		const char *name;
	} filters[] = {
	    {UC_OPT_OBJECT, "object"}, {UC_OPT_SEARCH, "search"}, {UC_OPT_WHO, "who"}, {UC_OPT_TASK, "task"},
	    {UC_OPT_NODE, "node"},     {UC_OPT_FROM, "from"},     {UC_OPT_TO, "to"},
	};
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
		uc_url_param(&url, filters[i].name, uc_args_value(args, filters[i].option));
	return uc_page_run(cli, args, &url, show_changes);
}

static void show_effects(struct uc_cli *cli, const json_t *effects)
{
	if (json_array_size(effects) > 0) uc_out_line(cli->out, "Effects:");
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	size_t i;
	json_t *one;
	json_array_foreach(effects, i, one)
	{
		const char *cells[] = {uc_json_text(one, "node"), uc_json_text(one, "effect"), uc_json_text(one, "state"), uc_json_text(one, "at"),
		                       uc_json_text(one, "detail")};
		uc_table_add(&t, cells, sizeof cells / sizeof *cells);
	}
	uc_table_print(&t, cli->out, 2);
}

/* The ids of keys are shown because `utils key purge` wants one: that of the key that the step put aside. */
static void show_step(struct uc_cli *cli, size_t number, const json_t *step)
{
	uc_out_line(cli->out, "  %2zu. %s (%s)", number, uc_json_text(step, "text"), uc_json_text(step, "type"));
	const char *key = uc_json_text(step, "key");
	const char *before = uc_json_text(json_object_get(step, "before"), "key_id");
	if (key[0] != '\0') uc_out_line(cli->out, "      key      %s", key);
	if (before[0] != '\0' && strcmp(before, key) != 0) uc_out_line(cli->out, "      replaces %s", before);
}

static void show_change(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field fields[] = {
	    {"at", "At:"},
	    {"node", "Node:"},
	    {"who", "Who:"},
	    {"why", "Why:"},
	    {"task", "Task:"},
	    {"undoes", "Undoes:"},
	    {"undone_by", "Undone by:"},
	    {"undoable", "Undoable:"},
	    {"undo_refused", "No undo since:"},
	    {"hash", "Hash:"},
	    {"previous_hash", "Hash before:"},
	};
	uc_out_line(cli->out, "Change %lld: %s", uc_json_number(json, "number", 0), uc_json_text(json, "summary"));
	uc_out_fields(cli->out, json, fields, sizeof fields / sizeof *fields);
	uc_out_line(cli->out, "Steps:");
	size_t i;
	json_t *step;
	json_array_foreach(json_object_get(json, "steps"), i, step) show_step(cli, i + 1, step);
	const json_t *findings = json_object_get(json, "findings");
	if (json_array_size(findings) > 0) uc_out_line(cli->out, "Findings:");
	uc_out_findings(cli->out, findings, cli->colour);
	uc_out_followups(cli->out, json_object_get(json, "followups"));
	show_effects(cli, json_object_get(json, "effects"));
}

int uc_cmd_change_show(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "changes");
	uc_url_add(&url, uc_args_word(args, 0));
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_change) : status;
}

static void show_listeners(struct uc_cli *cli, const json_t *checks)
{
	if (json_array_size(checks) == 0) return;
	uc_out_line(cli->out, "What the listeners present:");
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	size_t i;
	json_t *one;
	json_array_foreach(checks, i, one)
	{
		bool good = json_is_true(json_object_get(one, "matches"));
		const char *cells[] = {uc_json_text(one, "listener"),   uc_json_text(one, "key_type"),    good ? "as it should" : "DIFFERENT",
		                       uc_json_text(one, "checked_at"), uc_json_text(one, "fingerprint"), uc_json_text(one, "detail")};
		uc_table_add(&t, cells, sizeof cells / sizeof *cells);
	}
	uc_table_print(&t, cli->out, 2);
}

static void show_status(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field fields[] = {
	    {"fqdn", "Name:"},
	    {"domain", "Domain:"},
	    {"roles", "Roles:"},
	    {"roles_ignored", "Not used:"},
	    {"version", "Version:"},
	    {"head", "Latest change:"},
	    {"change_log", "Change log:"},
	    {"started_at", "Started at:"},
	    {"read_only", "Read-only:"},
	    {"read_only_reason", "Because:"},
	};
	uc_out_line(cli->out, "Node %s", uc_json_text(json, "node"));
	uc_out_fields(cli->out, json, fields, sizeof fields / sizeof *fields);
	const char *name;
	json_t *port;
	json_object_foreach(json_object_get(json, "ports"), name, port)
	    uc_out_line(cli->out, "  Port %-10s %lld", name, (long long)json_integer_value(port));
	show_listeners(cli, json_object_get(json, "self_check"));
}

int uc_cmd_status(struct uc_cli *cli, const struct uc_args *args)
{
	(void)args;
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "status");
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_status) : status;
}
