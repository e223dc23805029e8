/* utils cert trust and probe: what a store thinks of a peer, and what a peer presents. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/file.h"
#include "core/mem.h"

static void show_trust(struct uc_cli *cli, const json_t *json)
{
	bool trusted = json_is_true(json_object_get(json, "trusted"));
	const char *reason = uc_json_text(json, "reason");
	uc_out_line(cli->out, "%s by %s", trusted ? "Trusted" : "NOT trusted", uc_json_text(json, "store"));
	if (reason[0] != '\0') uc_out_line(cli->out, "  %s", reason);
	uc_out_chain(cli->out, json_object_get(json, "chain"), json_object_get(json, "missing"));
	uc_out_findings(cli->out, json_object_get(json, "findings"), cli->colour);
}

/* A file that exists is a file; what else has a colon is a peer. */
static bool is_peer(const char *what)
{
	return strcmp(what, "-") != 0 && !uc_file_exists(what) && strchr(what, ':') != NULL;
}

int uc_cmd_trust(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	const char *what = uc_args_word(args, 0);
	const char *store = uc_args_value(args, UC_OPT_STORE);
	if (store == NULL) {
		(void)uc_fail_field(&e, UC_EINPUT, "option-missing", "store", "The stores are in 'show cert stores'.", "--store STORE is missing");
		return uc_cli_usage(cli, args, &e);
	}
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_buf_free) struct uc_buf body = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf password = UC_BUF_EMPTY;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	uc_url_add(&url, "trust-check");
	uc_url_add(&url, store);
	struct uc_call call = {.method = "POST"};
	if (is_peer(what)) {
		uc_url_param(&url, "peer", what);
		if (uc_args_value(args, UC_OPT_NAME) != NULL) uc_url_param(&url, "name", uc_args_value(args, UC_OPT_NAME));
	} else {
		if (uc_password_option(args, &password, &e) != UC_OK) return uc_cli_fail(cli, &e);
		if (uc_upload_read(cli, what, "the certificate", &body, &e) != UC_OK) return uc_cli_fail(cli, &e);
		call.body = uc_buf_slice(&body);
		call.password = (const char *)password.ptr;
		call.content_type = "application/octet-stream";
	}
	call.path = uc_url_text(&url);
	if (uc_client_call(cli->socket, &call, &answer, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (answer.status >= 400) return uc_cli_refused(cli, &answer);
	uc_cli_show(cli, answer.json, show_trust);
	return json_is_true(json_object_get(answer.json, "trusted")) ? UC_EXIT_DONE : UC_EXIT_FAILED;
}

static void show_probe(struct uc_cli *cli, const json_t *json)
{
	uc_out_line(cli->out, "%s (%s): %s, %s", uc_json_text(json, "peer"), uc_json_text(json, "address"),
	            uc_json_text(json, "protocol_version"), uc_json_text(json, "cipher"));
	size_t i;
	json_t *cert;
	json_array_foreach(json_object_get(json, "certificates"), i, cert)
	{
		UC_CLEANUP(uc_freep) char *until = uc_json_expiry(cert);
		UC_CLEANUP(uc_freep) char *names = uc_json_joined(cert, "subject_alt_names");
		uc_out_line(cli->out, "  %zu. %s", i + 1, uc_json_text(cert, "subject"));
		uc_out_line(cli->out, "     issuer   %s", uc_json_text(cert, "issuer"));
		if (names[0] != '\0') uc_out_line(cli->out, "     names    %s", names);
		uc_out_line(cli->out, "     key      %s", uc_json_text(cert, "key_type"));
		uc_out_line(cli->out, "     state    %s, valid until: %s", uc_json_text(cert, "state"), until);
		uc_out_line(cli->out, "     SHA-256  %s", uc_json_text(cert, "fingerprint_sha256"));
	}
}

int uc_cmd_probe(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "probe");
	uc_url_param(&url, "peer", uc_args_word(args, 0));
	uc_url_param(&url, "name", uc_args_value(args, UC_OPT_NAME));
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_probe) : status;
}
