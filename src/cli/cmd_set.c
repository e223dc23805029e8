/* The commands that change something: each says what is asked of the API, change.c does the rest. */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/body.h"
#include "cli/certname.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "core/mem.h"

int uc_cmd_csr_gen(struct uc_cli *cli, const struct uc_args *args)
{
	static const struct uc_member members[] = {
	    {UC_OPT_DISTRIBUTION, "distribution"},
	    {UC_OPT_CN, "common_name"},
	    {UC_OPT_SAN, "subject_alt_names"},
	    {UC_OPT_PARENT_DOMAIN, "parent_domain"},
	    {UC_OPT_KEY, "key"},
	    {UC_OPT_HASH, "hash"},
	    {UC_OPT_COUNTRY, "country"},
	    {UC_OPT_STATE, "state"},
	    {UC_OPT_LOCALITY, "locality"},
	    {UC_OPT_ORGANIZATION, "organization"},
	    {UC_OPT_OU, "organizational_unit"},
	};
	struct uc_error e;
	UC_CLEANUP(uc_json_free) json_t *body = json_object();
	if (uc_body_members(body, args, members, sizeof members / sizeof *members, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	UC_CLEANUP(uc_freep) char *purpose = uc_name_purpose(uc_args_word(args, 0));
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	uc_url_add(&c.url, "csrs");
	uc_url_add(&c.url, purpose);
	uc_body_set(&c, body);
	c.done = uc_sprintf("Successfully Generated CSR for %s", purpose);
	return uc_change_run(cli, args, &c);
}

int uc_cmd_csr_delete(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_freep) char *purpose = uc_name_purpose(uc_args_word(args, 0));
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "DELETE"};
	uc_url_add(&c.url, "csrs");
	uc_url_add(&c.url, purpose);
	c.done = uc_sprintf("Successfully deleted the CSR for %s.", purpose);
	return uc_change_run(cli, args, &c);
}

int uc_cmd_cert_regen(struct uc_cli *cli, const struct uc_args *args)
{
	static const struct uc_member members[] = {{UC_OPT_KEY, "key"}, {UC_OPT_HASH, "hash"}};
	struct uc_error e;
	UC_CLEANUP(uc_json_free) json_t *body = json_object();
	if (uc_body_members(body, args, members, sizeof members / sizeof *members, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (uc_body_number(body, args, UC_OPT_YEARS, "years", "years", &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	UC_CLEANUP(uc_freep) char *purpose = uc_name_purpose(uc_args_word(args, 0));
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	uc_name_own(&c.url, purpose);
	uc_url_add(&c.url, "regenerate");
	uc_body_set(&c, body);
	c.done = uc_sprintf("Successfully regenerated certificate for %s.", purpose);
	return uc_change_run(cli, args, &c);
}

/* The rest of both imports: the file, whatever its format, is the body. */
static int import(struct uc_cli *cli, const struct uc_args *args, struct uc_change *c, const char *unit)
{
	struct uc_error e;
	if (uc_upload_read(cli, uc_args_word(args, 1), "the certificate", &c->body, &e) != UC_OK) return uc_cli_fail(cli, &e);
	c->content_type = "application/octet-stream";
	c->password = true;
	c->done = uc_sprintf("Successfully imported certificate for %s.", unit);
	return uc_change_run(cli, args, c);
}

int uc_cmd_import_own(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	uc_name_own(&c.url, uc_args_word(args, 0));
	return import(cli, args, &c, uc_args_word(args, 0));
}

int uc_cmd_import_trust(struct uc_cli *cli, const struct uc_args *args)
{
	const char *store = uc_args_word(args, 0);
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	uc_url_add(&c.url, "certificates");
	uc_url_add(&c.url, "trust");
	uc_url_add(&c.url, store);
	uc_url_param(&c.url, "description", uc_args_value(args, UC_OPT_DESCRIPTION));
	uc_url_param(&c.url, "scope", uc_args_value(args, UC_OPT_SCOPE));
	return import(cli, args, &c, store);
}

int uc_cmd_cert_delete(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "DELETE"};
	uc_url_add(&c.url, "certificates");
	uc_url_add(&c.url, "trust");
	uc_url_add(&c.url, uc_args_word(args, 0));
	uc_url_add(&c.url, uc_args_word(args, 1));
	c.done = uc_sprintf("Successfully deleted certificate %s from %s.", uc_args_word(args, 1), uc_args_word(args, 0));
	return uc_change_run(cli, args, &c);
}

/* The new password, from a file or asked for twice. */
static enum uc_status new_password(struct uc_cli *cli, const struct uc_args *args, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf again = UC_BUF_EMPTY;
	UC_TRY(uc_password_need(cli, args, "New password", out, e));
	if (uc_args_has(args, UC_OPT_PASSWORD_FILE)) return UC_OK;
	UC_TRY(uc_ask_password(cli, "The same again", &again, e));
	if (uc_slice_eq(uc_buf_slice(out), uc_buf_slice(&again))) return UC_OK;
	return uc_fail(e, UC_EINPUT, "password-differs", "Nothing was changed.", "the two passwords differ");
}

int uc_cmd_password(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf password = UC_BUF_EMPTY;
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	if (new_password(cli, args, &password, &e) != UC_OK) return uc_cli_fail(cli, &e);
	UC_CLEANUP(uc_json_free) json_t *body = json_pack("{s:s}", "password", (const char *)password.ptr);
	if (body == NULL) {
		(void)uc_fail_field(&e, UC_EINPUT, "bad-password", "password", NULL, "the password is not UTF-8");
		return uc_cli_fail(cli, &e);
	}
	uc_url_add(&c.url, "accounts");
	uc_url_add(&c.url, uc_args_word(args, 0));
	uc_url_add(&c.url, "password");
	uc_body_set(&c, body);
	c.done = uc_sprintf("Successfully set the password of %s.", uc_args_word(args, 0));
	return uc_change_run(cli, args, &c);
}

int uc_cmd_undo(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "POST"};
	uc_url_add(&c.url, "changes");
	uc_url_add(&c.url, uc_args_word(args, 0));
	uc_url_add(&c.url, "undo");
	c.done = uc_sprintf("Successfully took back change %s.", uc_args_word(args, 0));
	return uc_change_run(cli, args, &c);
}

int uc_cmd_key_purge(struct uc_cli *cli, const struct uc_args *args)
{
	UC_CLEANUP(uc_change_free) struct uc_change c = {.method = "DELETE", .final = true};
	uc_url_add(&c.url, "keys");
	uc_url_add(&c.url, uc_args_word(args, 0));
	c.done = uc_sprintf("The key %s is destroyed.", uc_args_word(args, 0));
	return uc_change_run(cli, args, &c);
}
