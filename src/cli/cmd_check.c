/* utils cert check: files, without a daemon. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/decode.h"
#include "cli/output.h"
#include "core/clock.h"
#include "core/mem.h"
#include "pki/report.h"

enum { MAX_PASSWORDS = 3 };

/* The files of one command, read once. */
struct files {
	struct uc_buf *contents;
	struct uc_report_file *items;
	size_t count;
	size_t unread; /* files that could not be */
};

static void files_free(struct files *f)
{
	for (size_t i = 0; i < f->count; i++) uc_buf_wipe(&f->contents[i]);
	free(f->contents);
	free(f->items);
}

/* One file that cannot be read does not keep the others from being checked; UC_OK when at least one could be. */
static enum uc_status files_read(struct uc_cli *cli, const struct uc_strv *names, struct files *f, struct uc_error *e)
{
	f->contents = uc_zalloc(names->count, sizeof *f->contents);
	f->items = uc_zalloc(names->count, sizeof *f->items);
	for (size_t i = 0; i < names->count; i++) {
		struct uc_buf *content = &f->contents[f->count];
		enum uc_status status = uc_upload_read(cli, names->items[i], "what is to be checked", content, e);
		if (status != UC_OK) {
			uc_buf_wipe(content);
			if (names->count == 1) return status;
			uc_out_line(cli->err, "ucpki: %s", e->message);
			f->unread++;
			continue;
		}
		f->items[f->count].name = strcmp(names->items[i], "-") == 0 ? "standard input" : names->items[i];
		f->items[f->count++].content = uc_buf_slice(content);
	}
	if (f->count > 0) return UC_OK;
	return uc_fail(e, UC_ENOTFOUND, "no-such-file", "Check the paths.", "none of the %zu files could be read", names->count);
}

static bool has_finding(const json_t *findings, const char *code)
{
	size_t i;
	json_t *one;
	json_array_foreach(findings, i, one) if (strcmp(uc_json_text(one, "code"), code) == 0) return true;
	return false;
}

static bool report_has(const json_t *report, const char *code)
{
	if (has_finding(json_object_get(report, "findings"), code)) return true;
	size_t i;
	json_t *object;
	json_array_foreach(json_object_get(report, "objects"), i,
	                   object) if (has_finding(json_object_get(object, "findings"), code)) return true;
	return false;
}

/* The report, after asking for a password as often as that helps. */
static int make_report(struct uc_cli *cli, const struct files *f, struct uc_buf *password, uc_time at, bool ask, json_t **out)
{
	struct uc_error e;
	for (int asked = 0;; asked++) {
		*out = uc_report_files(f->items, f->count, (const char *)password->ptr, at);
		bool wanted = report_has(*out, "password-needed") || (asked > 0 && report_has(*out, "wrong-password"));
		if (!wanted || !ask || asked == MAX_PASSWORDS) return UC_EXIT_DONE;
		uc_json_free(out);
		if (uc_ask_password(cli, "Password", password, &e) != UC_OK) return uc_cli_fail(cli, &e);
	}
}

static void show_object(struct uc_cli *cli, size_t number, const json_t *object)
{
	long long line = uc_json_number(object, "line", 0);
	UC_CLEANUP(uc_freep)
	char *where = line > 0 ? uc_sprintf("%s line %lld", uc_json_text(object, "file"), line) : uc_strdup(uc_json_text(object, "file"));
	uc_out_line(cli->out, "%zu. %s: %s %s", number, where, uc_json_text(object, "kind"), uc_json_text(object, "label"));
	const json_t *cert = json_object_get(object, "certificate");
	if (cert != NULL) {
		UC_CLEANUP(uc_freep) char *until = uc_json_expiry(cert);
		uc_out_line(cli->out, "  issuer  %s", uc_json_text(cert, "issuer"));
		uc_out_line(cli->out, "  key     %s", uc_json_text(cert, "key_type"));
		uc_out_line(cli->out, "  state   %s, valid until: %s", uc_json_text(cert, "state"), until);
	}
	const json_t *crl = json_object_get(object, "crl");
	if (crl != NULL)
		uc_out_line(cli->out, "  made %s, next %s, revokes %lld", uc_json_text(crl, "this_update"), uc_json_text(crl, "next_update"),
		            uc_json_number(crl, "revoked", 0));
	uc_out_findings(cli->out, json_object_get(object, "findings"), cli->colour);
}

static void show_chain(struct uc_cli *cli, size_t number, const json_t *report, const json_t *chain)
{
	bool complete = json_is_true(json_object_get(chain, "complete"));
	bool valid = json_is_true(json_object_get(chain, "valid"));
	uc_out_line(cli->out, "Chain %zu, leaf first (%s):", number,
	            !complete ? "INCOMPLETE"
	            : valid   ? "complete and valid"
	                      : "complete, NOT valid");
	size_t i;
	json_t *index;
	json_array_foreach(json_object_get(chain, "certificates"), i, index)
	{
		size_t at = (size_t)json_integer_value(index);
		uc_out_line(cli->out, "  %zu. %s", at + 1, uc_json_text(json_array_get(json_object_get(report, "objects"), at), "label"));
	}
	uc_out_chain(cli->out, NULL, json_object_get(chain, "missing_issuer"));
}

static void show_pair(struct uc_cli *cli, const json_t *pair)
{
	bool key = json_object_get(pair, "key") != NULL;
	bool certificate = json_object_get(pair, "certificate") != NULL;
	uc_out_line(cli->out, "%s %lld belongs to %s %lld.", key ? "Key" : "Request", uc_json_number(pair, key ? "key" : "request", 0) + 1,
	            certificate ? "certificate" : "request", uc_json_number(pair, certificate ? "certificate" : "request", 0) + 1);
}

static void show_report(struct uc_cli *cli, const json_t *report)
{
	size_t i;
	json_t *object;
	json_array_foreach(json_object_get(report, "objects"), i, object) show_object(cli, i + 1, object);
	json_t *chain;
	json_array_foreach(json_object_get(report, "chains"), i, chain) show_chain(cli, i + 1, report, chain);
	json_t *pair;
	json_array_foreach(json_object_get(report, "pairs"), i, pair) show_pair(cli, pair);
	const json_t *findings = json_object_get(report, "findings");
	if (json_array_size(findings) > 0) uc_out_line(cli->out, "Altogether:");
	uc_out_findings(cli->out, findings, cli->colour);
}

static void show_report_text(struct uc_cli *cli, const json_t *report)
{
	size_t i;
	json_t *object;
	json_array_foreach(json_object_get(report, "objects"), i, object)
	{
		const json_t *cert = json_object_get(object, "certificate");
		const json_t *request = json_object_get(object, "request");
		if (cert != NULL) uc_decode_certificate(cli->out, uc_json_text(cert, "pem"));
		if (request != NULL) uc_decode_request(cli->out, uc_json_text(request, "pem"));
	}
	show_report(cli, report);
}

int uc_cmd_check(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	uc_time at = uc_now();
	const char *time = uc_args_value(args, UC_OPT_AT);
	UC_CLEANUP(files_free) struct files files = {.count = 0};
	UC_CLEANUP(uc_buf_wipe) struct uc_buf password = UC_BUF_EMPTY;
	UC_CLEANUP(uc_json_free) json_t *report = NULL;
	if (time != NULL && uc_time_parse(time, &at, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (uc_password_option(args, &password, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (files_read(cli, &args->words, &files, &e) != UC_OK) return uc_cli_fail(cli, &e);
	int status = make_report(cli, &files, &password, at, cli->ask && password.ptr == NULL, &report);
	if (status != UC_EXIT_DONE) return status;
	uc_cli_show(cli, report, uc_args_has(args, UC_OPT_TEXT) ? show_report_text : show_report);
	bool refused = strcmp(uc_json_text(report, "worst"), "refused") == 0;
	return refused || files.unread > 0 ? UC_EXIT_FAILED : UC_EXIT_DONE;
}
