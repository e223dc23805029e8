/* show key authz, set key regen authz, utils authz compare: the OAuth keys that all nodes and clusters share. */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/change.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/mem.h"

#define DEFAULT_PORT "8443"

int uc_cmd_authz_key(struct uc_cli *cli, const struct uc_args *args)
{
	const char *which = uc_args_word(args, 0);
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "authz");
	int status = uc_cli_get(cli, &url, &json);
	if (status != UC_EXIT_DONE) return status;
	const json_t *key = json_object_get(json, which);
	const char *checksum = uc_json_text(key, "checksum");
	if (checksum[0] == '\0') {
		struct uc_error e;
		(void)uc_fail(&e, UC_ENOTFOUND, "no-token-keys", "show node list says what is wrong with this node.",
		              "this node has no %s key of OAuth", which);
		return uc_cli_fail(cli, &e);
	}
	if (cli->json)
		uc_out_json(cli->out, key);
	else
		uc_out_line(cli->out, "%s", checksum);
	return UC_EXIT_DONE;
}

int uc_cmd_authz_regen(struct uc_cli *cli, const struct uc_args *args)
{
	const char *which = uc_args_word(args, 0);
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST", .final = true};
	uc_url_add(&c.url, "authz");
	uc_url_add(&c.url, which);
	uc_url_add(&c.url, "regenerate");
	c.done = uc_sprintf("Successfully regenerated the authz %s key.", which);
	return uc_change_run(cli, args, &c);
}

/* ---- other clusters ---- */

/* The nodes to ask, with a port where none was given. */
static json_t *peers_of(const struct uc_args *args)
{
	json_t *out = json_array();
	for (size_t i = 0; i < args->words.count; i++) {
		const char *peer = args->words.items[i];
		/* After the bracket, if there is one: an IPv6 address has colons of its own. */
		const char *end = strrchr(peer, ']');
		bool port = strchr(end != NULL ? end : peer, ':') != NULL;
		UC_CLEANUP(uc_freep) char *text = uc_sprintf("%s%s", peer, port ? "" : ":" DEFAULT_PORT);
		UC_CLEANUP(uc_freep) char *clean = uc_utf8_clean(uc_slice_str(text));
		json_array_append_new(out, json_string(clean));
	}
	return out;
}

static void show_comparison(struct uc_cli *cli, const json_t *json)
{
	size_t i;
	json_t *one;
	json_array_foreach(json_object_get(json, "items"), i, one)
	{
		const char *hint = uc_json_text(one, "hint");
		const char *state = uc_json_text(one, "state");
		bool equal = strcmp(state, "equal") == 0;
		uc_out_line(cli->out, "%s: %s: %s", uc_json_text(one, "peer"),
		            equal                           ? state
		            : strcmp(state, "differs") == 0 ? "DIFFERS"
		                                            : "FAILED",
		            uc_json_text(one, "detail"));
		if (!equal && hint[0] != '\0') uc_out_line(cli->out, "  %s", hint);
	}
}

int uc_cmd_authz_compare(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	const char *account = uc_args_has(args, UC_OPT_ACCOUNT) ? uc_args_value(args, UC_OPT_ACCOUNT) : "admin";
	UC_CLEANUP(uc_freep) char *question = uc_sprintf("Password of %s in the other clusters", account);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf password = UC_BUF_EMPTY;
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	if (uc_password_need(cli, args, question, &password, &e) != UC_OK) return uc_cli_fail(cli, &e);
	UC_CLEANUP(uc_json_free)
	json_t *body = json_pack("{s:o, s:s, s:s}", "peers", peers_of(args), "account", account, "password", (const char *)password.ptr);
	if (body == NULL) {
		(void)uc_fail(&e, UC_EINPUT, "bad-password", NULL, "account or password is not UTF-8");
		return uc_cli_fail(cli, &e);
	}
	uc_url_add(&url, "authz");
	uc_url_add(&url, "compare");
	int status = uc_cli_post(cli, &url, body, &json);
	if (status != UC_EXIT_DONE) return status;
	(void)uc_cli_show(cli, json, show_comparison);
	return json_is_true(json_object_get(json, "equal")) ? UC_EXIT_DONE : UC_EXIT_FAILED;
}
