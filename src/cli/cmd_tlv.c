/* utils tlv show and diff: trust lists and signed files of any system, without a daemon. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/tlvfile.h"
#include "core/mem.h"
#include "pki/report.h"

/* ---- show ---- */

/* Of long values JSON has the beginning; of a container, whose value are the elements after it, nothing is worth a line. */
static char *element_value(const json_t *el, const json_t *next)
{
	enum { HEAD = 3 };
	const char *text = uc_json_text(el, "text");
	const char *hex = uc_json_text(el, "hex");
	long long length = uc_json_number(el, "length", 0);
	if (next != NULL && uc_json_number(next, "offset", 0) == uc_json_number(el, "offset", 0) + HEAD && length > 0) return uc_strdup("");
	if (text[0] != '\0') return uc_strdup(text);
	return uc_sprintf("%s%s", hex, length > (long long)strlen(hex) / 2 ? "..." : "");
}

static void show_elements(struct uc_cli *cli, const json_t *elements)
{
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	uc_table_add(&t, (const char *const[]){"OFFSET", "TAG", "NAME", "LENGTH", "VALUE"}, 5);
	size_t i;
	json_t *el;
	json_array_foreach(elements, i, el)
	{
		UC_CLEANUP(uc_freep) char *offset = uc_json_shown(el, "offset");
		UC_CLEANUP(uc_freep) char *tag = uc_json_shown(el, "tag");
		UC_CLEANUP(uc_freep) char *length = uc_json_shown(el, "length");
		UC_CLEANUP(uc_freep) char *value = element_value(el, json_array_get(elements, i + 1));
		uc_table_add(&t, (const char *const[]){offset, tag, uc_json_text(el, "name"), length, value}, 5);
	}
	uc_table_print(&t, cli->out, 2);
}

static void show_signed(struct uc_cli *cli, const json_t *json)
{
	static const struct uc_field whole[] = {{"size", "Size"}, {"md5", "MD5"}, {"sha1", "SHA-1"}, {"sha256", "SHA-256"}};
	static const struct uc_field fields[] = {{"version", "Version"},       {"length", "Length"},         {"digest", "Digest"},
	                                         {"modulus_bits", "Key bits"}, {"file_name", "Name inside"}, {"time", "Time"}};
	static const struct uc_field names[] = {{"subject", "Signer"}, {"issuer", "Its issuer"}, {"serial", "Its serial"}};
	const json_t *header = json_object_get(json, "header");
	uc_out_line(cli->out, "%s: %s", uc_json_text(json, "file"), uc_json_text(json, "kind"));
	uc_out_fields(cli->out, json, whole, sizeof whole / sizeof *whole);
	uc_out_line(cli->out, "Header:");
	uc_out_fields(cli->out, header, fields, sizeof fields / sizeof *fields);
	uc_out_fields(cli->out, json_object_get(header, "signer"), names, sizeof names / sizeof *names);
	show_elements(cli, json_object_get(header, "elements"));
	uc_out_line(cli->out, "Content: %lld bytes from offset %lld", uc_json_number(json_object_get(json, "content"), "size", 0),
	            uc_json_number(json_object_get(json, "content"), "offset", 0));
	uc_out_findings(cli->out, json_object_get(json, "findings"), cli->colour);
}

static json_t *json_of(const struct uc_tlv *f, uc_time now)
{
	json_t *json = uc_tl_json(&f->list, &f->found, now);
	json_object_set_new(json, "file", uc_report_string(f->path));
	json_object_set_new(json, "kind", json_string(uc_tlv_kind_name(f->kind)));
	if (uc_tlv_is_list(f)) return json;
	/* It has no records, and what it is signed with is not in it. */
	json_object_del(json, "records");
	json_object_del(json, "signature");
	json_object_set_new(json, "content",
	                    json_pack("{s:I,s:I}", "offset", (json_int_t)f->list.header.length, "size", (json_int_t)f->content.len));
	return json;
}

int uc_cmd_tlv_show(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	uc_time now = 0;
	UC_CLEANUP(uc_tlv_free) struct uc_tlv f = {.path = NULL};
	if (uc_tlv_time(args, UC_OPT_AT, &now, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (uc_tlv_open(uc_args_word(args, 0), now, &f, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (cli->json || !uc_tlv_is_list(&f)) {
		UC_CLEANUP(uc_json_free) json_t *json = json_of(&f, now);
		return uc_cli_show(cli, json, show_signed);
	}
	UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
	uc_tl_text(&f.list, f.kind == UC_TLV_LIST ? "TLV" : uc_tlv_kind_name(f.kind), &f.found, &text);
	uc_out_text(cli->out, uc_buf_slice(&text));
	return UC_EXIT_DONE;
}

/* ---- diff ---- */

static void show_record(struct uc_cli *cli, const char *mark, const json_t *record)
{
	const json_t *role = json_object_get(record, "role");
	const char *name = uc_json_text(record, "subject");
	const char *dns = uc_json_text(record, "dns");
	const char *address = uc_json_text(record, "address");
	UC_CLEANUP(uc_freep) char *code = uc_json_shown(role, "code");
	const char *role_name = uc_json_text(role, "name");
	uc_out_line(cli->out, "%s %s: %s%s%s%s%s%s", mark, role_name[0] != '\0' ? role_name : code, name[0] != '\0' ? name : "no certificate",
	            dns[0] != '\0' || address[0] != '\0' ? ", of " : "", dns, address[0] != '\0' ? " " : "", address,
	            json_is_true(json_object_get(record, "signer")) ? ", the signer" : "");
	const json_t *certificate = json_object_get(record, "certificate");
	if (json_is_object(certificate)) uc_out_line(cli->out, "    SHA-256 %s", uc_json_text(certificate, "fingerprint"));
}

static void show_records(struct uc_cli *cli, const json_t *diff, const char *member, const char *mark)
{
	size_t i;
	json_t *record;
	json_array_foreach(json_object_get(diff, member), i, record) show_record(cli, mark, record);
}

static void show_roles(struct uc_cli *cli, const json_t *roles)
{
	size_t i;
	json_t *one;
	json_array_foreach(roles, i, one)
	{
		UC_CLEANUP(uc_freep) char *old = uc_json_joined(one, "old");
		UC_CLEANUP(uc_freep) char *fresh = uc_json_joined(one, "new");
		const json_t *certificate = json_object_get(one, "certificate");
		uc_out_line(cli->out, "* %s: %s -> %s", uc_json_text(certificate, "subject"), old, fresh);
		uc_out_line(cli->out, "    SHA-256 %s", uc_json_text(certificate, "fingerprint"));
	}
}

static void show_diff(struct uc_cli *cli, const json_t *diff)
{
	size_t i;
	json_t *one;
	const json_t *signer = json_object_get(diff, "signer");
	if (json_is_object(signer))
		uc_out_line(cli->out, "Signer: %s -> %s", uc_json_text(json_object_get(signer, "old"), "subject"),
		            uc_json_text(json_object_get(signer, "new"), "subject"));
	show_records(cli, diff, "removed", "-");
	show_records(cli, diff, "added", "+");
	show_roles(cli, json_object_get(diff, "roles"));
	json_array_foreach(json_object_get(diff, "moved"), i, one)
	{
		show_record(cli, "- (moved)", json_object_get(one, "old"));
		show_record(cli, "+ (moved)", json_object_get(one, "new"));
	}
	json_array_foreach(json_object_get(diff, "header"), i, one)
	{
		UC_CLEANUP(uc_freep) char *old = uc_json_shown(one, "old");
		UC_CLEANUP(uc_freep) char *fresh = uc_json_shown(one, "new");
		uc_out_line(cli->out, "%s: %s -> %s", uc_json_text(one, "field"), old[0] == '\0' ? "none" : old, fresh[0] == '\0' ? "none" : fresh);
	}
	if (json_is_true(json_object_get(diff, "form")))
		uc_out_line(cli->out, "The records are the same, but written otherwise or in another order.");
	if (json_is_true(json_object_get(diff, "same"))) uc_out_line(cli->out, "They say the same.");
}

/* As uc_tlv_open(), but only for lists. */
static enum uc_status open_list(const char *path, uc_time now, struct uc_tlv *f, struct uc_error *e)
{
	UC_TRY(uc_tlv_open(path, now, f, e));
	if (uc_tlv_is_list(f)) return UC_OK;
	return uc_fail(e, UC_EINPUT, "no-list", NULL, "%s is no trust list but a %s with the name '%s'", path, uc_tlv_kind_name(f->kind),
	               uc_tlv_name(f));
}

/* As with diff(1), 1 means that there are differences, so that trouble is 2. */
static int diff_trouble(struct uc_cli *cli, const struct uc_error *e)
{
	(void)uc_cli_fail(cli, e);
	return UC_EXIT_USAGE;
}

int uc_cmd_tlv_diff(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	uc_time now = 0;
	UC_CLEANUP(uc_tlv_free) struct uc_tlv old = {.path = NULL};
	UC_CLEANUP(uc_tlv_free) struct uc_tlv fresh = {.path = NULL};
	if (uc_tlv_time(args, UC_OPT_AT, &now, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (open_list(uc_args_word(args, 0), now, &old, &e) != UC_OK) return diff_trouble(cli, &e);
	if (open_list(uc_args_word(args, 1), now, &fresh, &e) != UC_OK) return diff_trouble(cli, &e);
	UC_CLEANUP(uc_json_free) json_t *diff = uc_tl_diff(&old.list, &fresh.list, now);
	(void)uc_cli_show(cli, diff, show_diff);
	return json_is_true(json_object_get(diff, "same")) ? UC_EXIT_DONE : UC_EXIT_FAILED;
}
