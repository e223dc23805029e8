/* show ctl, show itl, show list, utils ctl, utils itl: the lists by which phones know whom to believe. */
#include <stdlib.h>
#include <string.h>

#include "cli/body.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/page.h"
#include "core/mem.h"
#include "trustlist/list.h"

enum { SHORT_VERSION = 16 };

/* /lists/LIST, and what follows it. */
static void list_url(struct uc_url *url, const char *list, const char *more)
{
	uc_url_add(url, "lists");
	uc_url_add(url, list);
	if (more != NULL) uc_url_add(url, more);
}

/* ---- a list as it is published ---- */

/* Its certificate, by subject and the beginning of its SHA-256, which two certificates of one subject differ in. Free with free(). */
static char *certificate_text(const json_t *certificate)
{
	return uc_sprintf("%s (%.8s)", uc_json_text(certificate, "subject"), uc_json_text(certificate, "fingerprint"));
}

/* What a record is about, and of which node. Free with free(). */
static char *record_text(const json_t *record)
{
	const json_t *certificate = json_object_get(record, "certificate");
	const char *dns = uc_json_text(record, "dns");
	UC_CLEANUP(uc_freep)
	char *what = json_is_object(certificate) ? certificate_text(certificate) : uc_strdup("without a certificate");
	return uc_sprintf("%s%s%s", what, dns[0] != '\0' ? " of " : "", dns);
}

static void show_difference(struct uc_cli *cli, const json_t *records, const char *what)
{
	size_t i;
	json_t *record;
	json_array_foreach(records, i, record)
	{
		const json_t *role = json_object_get(record, "role");
		UC_CLEANUP(uc_freep) char *code = uc_json_shown(role, "code");
		const char *name = uc_json_text(role, "name");
		UC_CLEANUP(uc_freep) char *what_of = record_text(record);
		uc_out_line(cli->out, "  %-8s %-10s %s", what, name[0] != '\0' ? name : code, what_of);
	}
}

static void show_roles(struct uc_cli *cli, const json_t *changes)
{
	size_t i;
	json_t *one;
	json_array_foreach(changes, i, one)
	{
		UC_CLEANUP(uc_freep) char *old = uc_json_joined(one, "old");
		UC_CLEANUP(uc_freep) char *now = uc_json_joined(one, "new");
		UC_CLEANUP(uc_freep) char *certificate = certificate_text(json_object_get(one, "certificate"));
		uc_out_line(cli->out, "  %-8s %s: %s instead of %s", "role", certificate, now, old);
	}
}

/* Another signer, hash, or version of the algorithms. */
static void show_header(struct uc_cli *cli, const json_t *diff)
{
	size_t i;
	json_t *one;
	const json_t *signer = json_object_get(diff, "signer");
	if (json_is_object(signer))
		uc_out_line(cli->out, "  %-8s %s instead of %s", "signer", uc_json_text(json_object_get(signer, "new"), "subject"),
		            uc_json_text(json_object_get(signer, "old"), "subject"));
	json_array_foreach(json_object_get(diff, "header"), i, one)
	{
		UC_CLEANUP(uc_freep) char *now = uc_json_shown(one, "new");
		UC_CLEANUP(uc_freep) char *old = uc_json_shown(one, "old");
		uc_out_line(cli->out, "  %-8s %s instead of %s", uc_json_text(one, "field"), now[0] != '\0' ? now : "none",
		            old[0] != '\0' ? old : "none");
	}
}

/* What the list does not say yet. */
static void show_due(struct uc_cli *cli, const json_t *row)
{
	const json_t *diff = json_object_get(row, "diff");
	const json_t *accepted = json_object_get(row, "accepted");
	bool ctl = strcmp(uc_json_text(row, "list"), "CTL") == 0;
	if (!json_is_true(json_object_get(row, "due"))) return;
	uc_out_line(cli->out, "%s",
	            ctl ? "What it should say has changed; it is published anew by: utils ctl update CTLFile"
	                : "What it should say has changed; the node publishes it anew by itself.");
	show_difference(cli, json_object_get(diff, "added"), "add");
	show_difference(cli, json_object_get(diff, "removed"), "remove");
	show_roles(cli, json_object_get(diff, "roles"));
	show_header(cli, diff);
	if (json_is_object(accepted)) uc_out_line(cli->out, "  When it is published, %s.", uc_json_text(accepted, "text"));
}

/* The row of a list of this node. Borrowed, or NULL. */
static const json_t *row_of(const json_t *state, const char *list)
{
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(state, "lists"), i, row)
	{
		if (strcmp(uc_json_text(row, "list"), list) == 0 && json_is_true(json_object_get(row, "this"))) return row;
	}
	return NULL;
}

/* Those that are not told already with what the file says. Owned. */
static json_t *further(const json_t *findings, const struct uc_findings *told)
{
	size_t i;
	json_t *one;
	json_t *out = json_array();
	json_array_foreach(findings, i, one)
	{
		bool known = false;
		for (size_t k = 0; !known && k < told->count; k++) known = strcmp(uc_json_text(one, "message"), told->items[k].message) == 0;
		if (!known) json_array_append(out, one);
	}
	return out;
}

/* How the list that is published stands to what it should say; told: what is wrong with the file itself. Returns the exit status. */
static int show_standing(struct uc_cli *cli, const char *list, const struct uc_findings *told)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *state = NULL;
	uc_url_add(&url, "lists");
	int status = uc_cli_get(cli, &url, &state);
	const json_t *row = row_of(state, list);
	if (status != UC_EXIT_DONE || row == NULL) return status;
	show_due(cli, row);
	UC_CLEANUP(uc_json_free) json_t *findings = further(json_object_get(row, "findings"), told);
	uc_out_findings(cli->out, findings, cli->colour);
	return UC_EXIT_DONE;
}

/* The bytes, as voice administrators know them. */
static int show_file(struct uc_cli *cli, const char *list, struct uc_slice file, struct uc_findings *findings)
{
	struct uc_error e;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = {.records = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
	if (uc_tl_read(file, uc_now(), &l, findings, &e) != UC_OK) return uc_cli_fail(cli, &e);
	uc_tl_text(&l, list, findings, &text);
	uc_out_text(cli->out, uc_buf_slice(&text));
	return UC_EXIT_DONE;
}

static int show_list(struct uc_cli *cli, const struct uc_args *args, const char *list)
{
	struct uc_error e;
	const char *version = uc_args_word(args, 0);
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	list_url(&url, list, cli->json ? NULL : "content");
	uc_url_param(&url, "node", uc_args_value(args, UC_OPT_NODE));
	uc_url_param(&url, "version", version);
	if (cli->json) {
		int got = uc_cli_get(cli, &url, &json);
		if (got == UC_EXIT_DONE) uc_out_json(cli->out, json);
		return got;
	}
	const struct uc_call call = {.method = "GET", .path = uc_url_text(&url)};
	if (uc_client_call(cli->socket, &call, &answer, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (answer.status >= 400) return uc_cli_refused(cli, &answer);
	UC_CLEANUP(uc_findings_free) struct uc_findings told = {.items = NULL};
	int status = show_file(cli, list, uc_buf_slice(&answer.body), &told);
	return status == UC_EXIT_DONE && version == NULL ? show_standing(cli, list, &told) : status;
}

int uc_cmd_ctl(struct uc_cli *cli, const struct uc_args *args)
{
	return show_list(cli, args, "CTL");
}

int uc_cmd_itl(struct uc_cli *cli, const struct uc_args *args)
{
	return show_list(cli, args, "ITL");
}

/* ---- all lists ---- */

/* The beginning of a version, which is enough to name it, or "". */
static const char *short_version(const json_t *version, char out[SHORT_VERSION + 1])
{
	snprintf(out, SHORT_VERSION + 1, "%s", uc_json_text(version, "version"));
	return out;
}

static const char *signer_of(const json_t *version)
{
	const json_t *signer = json_object_get(version, "signer");
	const char *purpose = uc_json_text(signer, "purpose");
	return purpose[0] != '\0' ? purpose : uc_json_text(signer, "subject");
}

static void add_state(struct uc_table *t, const json_t *row)
{
	char version[SHORT_VERSION + 1];
	const json_t *published = json_object_get(row, "published");
	const json_t *phones = json_object_get(row, "phones");
	UC_CLEANUP(uc_freep) char *records = uc_json_shown(published, "records");
	UC_CLEANUP(uc_freep) char *current = uc_json_shown(phones, "current");
	UC_CLEANUP(uc_freep) char *older = uc_json_shown(phones, "older");
	UC_CLEANUP(uc_freep) char *never = uc_json_shown(phones, "never");
	const char *cells[] = {uc_json_text(row, "list"),
	                       uc_json_text(row, "node"),
	                       short_version(published, version),
	                       uc_json_text(published, "at"),
	                       records,
	                       signer_of(published),
	                       json_is_true(json_object_get(row, "due")) ? "yes" : "no",
	                       current,
	                       older,
	                       never};
	uc_table_add(t, cells, sizeof cells / sizeof *cells);
}

static void show_states(struct uc_cli *cli, const json_t *json)
{
	static const char *const heading[] = {"LIST",      "NODE", "VERSION",          "PUBLISHED",    "RECORDS",
	                                      "SIGNED BY", "DUE",  "PHONES WITH THIS", "AN OLDER ONE", "NONE YET"};
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	size_t i;
	json_t *row;
	uc_out_line(cli->out, "The cluster is in %s mode.", uc_json_text(json, "mode"));
	uc_table_add(&t, heading, sizeof heading / sizeof *heading);
	json_array_foreach(json_object_get(json, "lists"), i, row) add_state(&t, row);
	uc_table_print(&t, cli->out, 0);
	json_array_foreach(json_object_get(json, "lists"), i, row)
	{
		const json_t *findings = json_object_get(row, "findings");
		if (json_array_size(findings) == 0) continue;
		uc_out_line(cli->out, "%s of %s:", uc_json_text(row, "list"), uc_json_text(row, "node"));
		uc_out_findings(cli->out, findings, cli->colour);
	}
}

int uc_cmd_list_status(struct uc_cli *cli, const struct uc_args *args)
{
	(void)args;
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	uc_url_add(&url, "lists");
	int status = uc_cli_get(cli, &url, &json);
	return status == UC_EXIT_DONE ? uc_cli_show(cli, json, show_states) : status;
}

static void show_versions(struct uc_cli *cli, const struct uc_args *args, const json_t *items)
{
	static const char *const heading[] = {"VERSION", "PUBLISHED", "CHANGE", "SIZE", "RECORDS", "SIGNED BY", "PRESENT"};
	(void)args;
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	size_t i;
	json_t *row;
	if (json_array_size(items) > 0) uc_table_add(&t, heading, sizeof heading / sizeof *heading);
	json_array_foreach(items, i, row)
	{
		char version[SHORT_VERSION + 1];
		UC_CLEANUP(uc_freep) char *number = uc_json_shown(row, "number");
		UC_CLEANUP(uc_freep) char *size = uc_json_shown(row, "size");
		UC_CLEANUP(uc_freep) char *records = uc_json_shown(row, "records");
		const char *present = json_is_true(json_object_get(row, "current")) ? "yes" : "";
		const char *cells[] = {short_version(row, version), uc_json_text(row, "at"), number, size, records, signer_of(row), present};
		uc_table_add(&t, cells, sizeof cells / sizeof *cells);
	}
	uc_table_print(&t, cli->out, 0);
}

int uc_cmd_list_versions(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	list_url(&url, uc_args_word(args, 0), "versions");
	uc_url_param(&url, "node", uc_args_value(args, UC_OPT_NODE));
	return uc_page_run(cli, args, &url, show_versions);
}

/* ---- changes ---- */

#define CONTINUE "Do you want to continue"

/* A change without arguments, of /lists/LIST/WHAT. */
static int change_list(struct uc_cli *cli, const struct uc_args *args, const char *list, const char *what, const char *done)
{
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST", .question = CONTINUE};
	list_url(&c.url, list, what);
	c.done = uc_strdup(done);
	return uc_change_run(cli, args, &c);
}

int uc_cmd_ctl_mode(struct uc_cli *cli, const struct uc_args *args)
{
	const char *mode = uc_args_word(args, 0);
	UC_CLEANUP(uc_json_free) json_t *body = json_pack("{s:s}", "mode", mode);
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST", .question = CONTINUE};
	uc_url_add(&c.url, "lists");
	uc_url_add(&c.url, "mode");
	uc_body_set(&c, body);
	c.done = uc_strdup(strcmp(mode, "mixed-mode") == 0 ? "Cluster set to Mixed Mode" : "Cluster set to Non Secure Mode");
	return uc_change_run(cli, args, &c);
}

int uc_cmd_ctl_update(struct uc_cli *cli, const struct uc_args *args)
{
	return change_list(cli, args, "CTL", "update", "CTL file Updated");
}

int uc_cmd_ctl_reset(struct uc_cli *cli, const struct uc_args *args)
{
	return change_list(cli, args, "CTL", "reset", "The CTL file is signed by the CallManager key now.");
}

int uc_cmd_itl_reset(struct uc_cli *cli, const struct uc_args *args)
{
	return change_list(cli, args, "ITL", "reset", "The ITL files are signed by the CallManager key now.");
}

int uc_cmd_itl_update(struct uc_cli *cli, const struct uc_args *args)
{
	return change_list(cli, args, "ITL", "update", "The ITL files are signed by ITLRecovery again.");
}
