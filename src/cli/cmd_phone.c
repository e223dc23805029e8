/* show phone, show setting, set setting: what phones have fetched, and the decisions that all nodes obey. */
#include <stdlib.h>
#include <string.h>

#include "cli/body.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/page.h"
#include "core/mem.h"

/* ---- phones ---- */

/* "present", "older, of TIME", or "" for a phone that has none. Free with free(). */
static char *standing_of(const json_t *phone, const char *list)
{
	const json_t *has = json_object_get(phone, list);
	if (!json_is_object(has)) return uc_strdup("");
	if (json_is_true(json_object_get(has, "current"))) return uc_strdup("present");
	return uc_sprintf("older, fetched %s", uc_json_text(has, "at"));
}

static void show_phones(struct uc_cli *cli, const struct uc_args *args, const json_t *items)
{
	static const char *const heading[] = {"DEVICE", "ADDRESS", "BY", "LAST SEEN", "ITL", "CTL", "CONFIGURATION", "NOT THERE"};
	(void)args;
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	size_t i;
	json_t *one;
	if (json_array_size(items) > 0) uc_table_add(&t, heading, sizeof heading / sizeof *heading);
	json_array_foreach(items, i, one)
	{
		UC_CLEANUP(uc_freep) char *itl = standing_of(one, "itl");
		UC_CLEANUP(uc_freep) char *ctl = standing_of(one, "ctl");
		const char *cells[] = {uc_json_text(one, "device"),
		                       uc_json_text(one, "address"),
		                       uc_json_text(one, "via"),
		                       uc_json_text(one, "last_seen"),
		                       itl,
		                       ctl,
		                       uc_json_text(json_object_get(one, "config"), "file"),
		                       uc_json_text(json_object_get(one, "missed"), "file")};
		uc_table_add(&t, cells, sizeof cells / sizeof *cells);
	}
	uc_table_print(&t, cli->out, 0);
}

int uc_cmd_phone_list(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	uc_url_add(&url, "phones");
	uc_url_param(&url, "list", uc_args_value(args, UC_OPT_LIST));
	uc_url_param(&url, "stale", uc_args_has(args, UC_OPT_STALE) ? "1" : NULL);
	return uc_page_run(cli, args, &url, show_phones);
}

static void show_fetched(struct uc_cli *cli, const json_t *phone, const char *key, const char *title)
{
	const json_t *one = json_object_get(phone, key);
	if (json_is_object(one)) uc_out_line(cli->out, "  %-15s %s, %s", title, uc_json_text(one, "file"), uc_json_text(one, "at"));
}

static void show_phone(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field fields[] = {
	    {"address", "Address:"}, {"via", "By:"}, {"first_seen", "First seen:"}, {"last_seen", "Last seen:"}};
	static const struct uc_field columns[] = {
	    {"list", "LIST"}, {"version", "VERSION"}, {"first", "FIRST FETCHED"}, {"last", "LAST FETCHED"}};
	static const char *const lists[][2] = {{"itl", "ITL:"}, {"ctl", "CTL:"}};
	uc_out_line(cli->out, "Phone %s", uc_json_text(json, "device"));
	uc_out_fields(cli->out, json, fields, sizeof fields / sizeof *fields);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		UC_CLEANUP(uc_freep) char *standing = standing_of(json, lists[i][0]);
		uc_out_line(cli->out, "  %-15s %s", lists[i][1], standing[0] != '\0' ? standing : "none");
	}
	show_fetched(cli, json, "config", "Configuration:");
	show_fetched(cli, json, "missed", "Not there:");
	const json_t *fetched = json_object_get(json, "lists");
	if (json_array_size(fetched) > 0) uc_out_objects(cli->out, fetched, columns, sizeof columns / sizeof *columns);
}

int uc_cmd_phone_own(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "phones");
	uc_url_add(&url, uc_args_word(args, 0));
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_phone) : status;
}

/* ---- settings ---- */

/* The values of a setting, each with what it means. */
static void show_values(struct uc_cli *cli, const json_t *setting)
{
	size_t i;
	json_t *value;
	json_array_foreach(json_object_get(setting, "values"), i, value)
	    uc_out_line(cli->out, "    %-16s %s", uc_json_text(value, "value"), uc_json_text(value, "text"));
}

static void show_settings(struct uc_cli *cli, const json_t *json)
{
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(json, "items"), i, one)
	{
		const char *value = uc_json_text(one, "value");
		const char *by = uc_json_text(one, "by");
		bool usual = strcmp(value, uc_json_text(one, "default")) == 0;
		uc_out_line(cli->out, "%s = %s%s", uc_json_text(one, "name"), value, usual ? "" : "  (changed)");
		uc_out_line(cli->out, "  %s", uc_json_text(one, "about"));
		show_values(cli, one);
		if (by[0] != '\0') uc_out_line(cli->out, "  It is changed by: %s", by);
	}
}

int uc_cmd_setting_show(struct uc_cli *cli, const struct uc_args *args)
{
	(void)args;
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "settings");
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_settings) : status;
}

int uc_cmd_setting_set(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	UC_CLEANUP(uc_json_free) json_t *body = json_pack("{s:s}", "value", uc_args_word(args, 1));
	if (body == NULL) {
		(void)uc_fail_field(&e, UC_EINPUT, "bad-setting", "value", NULL, "the value is not UTF-8: '%s'", uc_args_word(args, 1));
		return uc_cli_usage(cli, args, &e);
	}
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	uc_url_add(&c.url, "settings");
	uc_url_add(&c.url, uc_args_word(args, 0));
	uc_body_set(&c, body);
	c.done = uc_sprintf("Successfully set %s to %s.", uc_args_word(args, 0), uc_args_word(args, 1));
	return uc_change_run(cli, args, &c);
}
