/* show node, set node, utils diagnose: the nodes of the cluster. */
#include <stdlib.h>
#include <string.h>

#include "cli/body.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/mem.h"

/* ---- what there is ---- */

/* What is wrong with a node, under its name. */
static void show_trouble(struct uc_cli *cli, const json_t *node)
{
	const char *reason = uc_json_text(node, "reason");
	const json_t *findings = json_object_get(node, "findings");
	if (reason[0] == '\0' && json_array_size(findings) == 0) return;
	uc_out_line(cli->out, "%s:%s%s", uc_json_text(node, "name"), reason[0] != '\0' ? " " : "", reason);
	uc_out_findings(cli->out, findings, cli->colour);
}

static void show_list(struct uc_cli *cli, const json_t *json, const struct uc_field *columns, size_t count)
{
	const json_t *items = json_object_get(json, "items");
	uc_out_objects(cli->out, items, columns, count);
	size_t i;
	json_t *node;
	json_array_foreach(items, i, node) show_trouble(cli, node);
}

static void show_nodes(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field columns[] = {
	    {"name", "NODE"},
	    {"this", "THIS"},
	    {"state", "STATE"},
	    {"version", "VERSION"},
	    {"number", "CHANGE"},
	    {"behind", "BEHIND"},
	    {"last_contact", "LAST CONTACT"},
	    {"roles", "ROLES"},
	};
	show_list(cli, json, columns, sizeof columns / sizeof *columns);
}

static void show_nodes_long(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field columns[] = {
	    {"name", "NODE"},
	    {"this", "THIS"},
	    {"state", "STATE"},
	    {"version", "VERSION"},
	    {"number", "CHANGE"},
	    {"behind", "BEHIND"},
	    {"last_contact", "LAST CONTACT"},
	    {"roles", "ROLES"},
	    {"fqdn", "NAME"},
	    {"https", "HTTPS"},
	    {"guid", "GUID"},
	    {"fingerprint", "CERTIFICATE"},
	};
	show_list(cli, json, columns, sizeof columns / sizeof *columns);
}

int uc_cmd_node_list(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "nodes");
	int status = uc_cli_get(cli, &url, &json);
	if (status != UC_EXIT_DONE) return status;
	return uc_cli_show(cli, json, uc_args_has(args, UC_OPT_LONG) ? show_nodes_long : show_nodes);
}

static void show_node(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field fields[] = {
	    {"fqdn", "Name:"},       {"domain", "Domain:"},        {"roles", "Roles:"},
	    {"state", "State:"},     {"reason", "Because:"},       {"expires", "May join until:"},
	    {"version", "Version:"}, {"https", "HTTPS:"},          {"last_contact", "Last contact:"},
	    {"number", "Change:"},   {"behind", "Behind:"},        {"guid", "GUID:"},
	    {"this", "This node:"},  {"fingerprint", "Node key:"},
	};
	uc_out_line(cli->out, "Node %s", uc_json_text(json, "name"));
	uc_out_fields(cli->out, json, fields, sizeof fields / sizeof *fields);
	uc_out_findings(cli->out, json_object_get(json, "findings"), cli->colour);
}

int uc_cmd_node_show(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "nodes");
	uc_url_add(&url, uc_args_word(args, 0));
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_node) : status;
}

/* ---- nodes come, go, and are renamed ---- */

/* Where this node, which gave out the secret, is reached. Free with free(). */
static char *own_address(struct uc_cli *cli)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	uc_url_add(&url, "nodes");
	const struct uc_call call = {.method = "GET", .path = uc_url_text(&url)};
	struct uc_error e;
	if (uc_client_call(cli->socket, &call, &answer, &e) != UC_OK) return uc_strdup("HOST:PORT");
	size_t i;
	json_t *node;
	json_array_foreach(json_object_get(answer.json, "items"), i, node)
	{
		const char *https = uc_json_text(node, "https");
		if (json_is_true(json_object_get(node, "this")) && https[0] != '\0') return uc_strdup(https);
	}
	return uc_strdup("HOST:PORT");
}

static void tell_secret(struct uc_cli *cli, const struct uc_args *args, const json_t *answer)
{
	const char *secret = uc_json_text(answer, "secret");
	if (secret[0] == '\0') {
		/* The answer to an earlier attempt was lost on the way, and the secret with it. */
		uc_out_line(cli->err, "The join secret was told once and is lost: repeat 'set node add %s' to make another one.",
		            uc_args_word(args, 0));
		return;
	}
	UC_CLEANUP(uc_freep) char *address = own_address(cli);
	uc_out_line(cli->out, "The join secret, which is told only now:");
	uc_out_line(cli->out, "  %s", secret);
	uc_out_line(cli->out, "Put it into a file on the new machine, and there:");
	uc_out_line(cli->out, "  ucpkid --join %s --join-secret-file FILE", address);
}

int uc_cmd_node_add(struct uc_cli *cli, const struct uc_args *args)
{
	static const struct uc_member members[] = {{UC_OPT_DOMAIN, "domain"}, {UC_OPT_ROLES, "roles"}};
	struct uc_error e;
	UC_CLEANUP(uc_json_free) json_t *body = json_pack("{s:s}", "node", uc_args_word(args, 0));
	if (body == NULL) {
		(void)uc_fail_field(&e, UC_EINPUT, "bad-name", "node", NULL, "the name of the node is not UTF-8: '%s'", uc_args_word(args, 0));
		return uc_cli_usage(cli, args, &e);
	}
	if (uc_body_members(body, args, members, sizeof members / sizeof *members, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (uc_body_number(body, args, UC_OPT_HOURS, "hours", "hours", &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (uc_args_has(args, UC_OPT_REPLACE)) json_object_set_new(body, "replace", json_true());
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST", .tell = tell_secret};
	uc_url_add(&c.url, "nodes");
	uc_body_set(&c, body);
	c.done = uc_sprintf("Successfully made a join secret for %s.", uc_args_word(args, 0));
	return uc_change_run(cli, args, &c);
}

int uc_cmd_node_remove(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "DELETE", .final = true};
	uc_url_add(&c.url, "nodes");
	uc_url_add(&c.url, uc_args_word(args, 0));
	c.done = uc_sprintf("Successfully removed the node %s.", uc_args_word(args, 0));
	return uc_change_run(cli, args, &c);
}

int uc_cmd_node_rename(struct uc_cli *cli, const struct uc_args *args)
{
	static const struct uc_member members[] = {{UC_OPT_NEW_NAME, "name"}, {UC_OPT_DOMAIN, "domain"}};
	struct uc_error e;
	UC_CLEANUP(uc_json_free) json_t *body = json_object();
	if (uc_body_members(body, args, members, sizeof members / sizeof *members, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (json_object_size(body) == 0) {
		(void)uc_fail(&e, UC_EINPUT, "option-missing", NULL, "--new-name NAME or --domain DOMAIN is missing");
		return uc_cli_usage(cli, args, &e);
	}
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	uc_url_add(&c.url, "nodes");
	uc_url_add(&c.url, uc_args_word(args, 0));
	uc_url_add(&c.url, "rename");
	uc_body_set(&c, body);
	c.done = uc_sprintf("Successfully renamed the node %s.", uc_args_word(args, 0));
	return uc_change_run(cli, args, &c);
}

/* ---- diagnosis ---- */

static void show_steps(struct uc_cli *cli, const json_t *node)
{
	bool fine = json_is_true(json_object_get(node, "ok"));
	uc_out_line(cli->out, "%s: %s", uc_json_text(node, "node"), fine ? "all is well" : "something is WRONG");
	size_t i;
	json_t *step;
	json_array_foreach(json_object_get(node, "steps"), i, step)
	{
		const char *hint = uc_json_text(step, "hint");
		uc_out_line(cli->out, "  %zu. %-10s %-9s %s", i + 1, uc_json_text(step, "step"), uc_json_text(step, "state"),
		            uc_json_text(step, "detail"));
		if (hint[0] != '\0') uc_out_line(cli->out, "                          %s", hint);
	}
}

static void show_diagnosis(struct uc_cli *cli, const json_t *json)
{
	const json_t *items = json_object_get(json, "items");
	if (json_array_size(items) == 0) uc_out_line(cli->out, "There is no other node.");
	size_t i;
	json_t *node;
	json_array_foreach(items, i, node) show_steps(cli, node);
}

int uc_cmd_diagnose(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	const char *node = uc_args_word(args, 0);
	bool all = uc_args_has(args, UC_OPT_ALL);
	if (all != (node == NULL)) {
		(void)uc_fail(&e, UC_EINPUT, "argument-missing", "The nodes are in 'show node list'.",
		              all ? "it is either --all or one NODE" : "a NODE or --all is missing");
		return uc_cli_usage(cli, args, &e);
	}
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	if (node != NULL) uc_url_add(&url, "nodes");
	if (node != NULL) uc_url_add(&url, node);
	uc_url_add(&url, "diagnose");
	uc_url_param(&url, "fix", uc_args_has(args, UC_OPT_FIX) ? "1" : NULL);
	int status = uc_cli_post(cli, &url, NULL, &json);
	if (status != UC_EXIT_DONE) return status;
	(void)uc_cli_show(cli, json, show_diagnosis);
	return json_is_true(json_object_get(json, "ok")) ? UC_EXIT_DONE : UC_EXIT_FAILED;
}
