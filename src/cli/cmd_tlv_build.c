/* utils tlv build: a trust list of certificates that are given, signed with a key that is given. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/keyfile.h"
#include "cli/output.h"
#include "cli/save.h"
#include "cli/signing.h"
#include "core/mem.h"
#include "trustlist/list.h"

static const struct {
	enum uc_option_id option;
	unsigned role;
} roles[] = {
    {UC_OPT_SAST, UC_TL_SAST}, {UC_OPT_CCM, UC_TL_CCM}, {UC_OPT_CCM_TFTP, UC_TL_CCM_TFTP},     {UC_OPT_TFTP, UC_TL_TFTP},
    {UC_OPT_CAPF, UC_TL_CAPF}, {UC_OPT_TVS, UC_TL_TVS}, {UC_OPT_APP_SERVER, UC_TL_APP_SERVER},
};

/* The list as it grows; what its entries borrow is here too. */
struct job {
	struct uc_tl_spec spec;
	struct uc_tl_entry *entries;
	size_t count;
	struct uc_certs certs;
	struct uc_strv names;
	const struct uc_cert *signer; /* one of certs */
	EVP_PKEY *key;
	const char *first_sast; /* the option's value, for messages */
};

static void job_free(struct job *j)
{
	free(j->entries);
	uc_certs_free(&j->certs);
	uc_strv_free(&j->names);
	uc_key_freep(&j->key);
}

/* The value of a record's option, "[NAME[@ADDRESS]=]FILE[,KEY]", in parts; all owned. */
struct parts {
	char *name, *address, *file, *key;
};

static void parts_free(struct parts *p)
{
	free(p->name);
	free(p->address);
	free(p->file);
	free(p->key);
}

/* Cuts text at the last or first of a character; returns what is behind it, owned, or NULL when there is none. */
static char *cut_at(char *text, char *at)
{
	if (at == NULL || text == NULL) return NULL;
	*at = '\0';
	return uc_strdup(at + 1);
}

/* A '=' counts before the first '/' only, so that any file can be named: ./a=b. A ',' counts where a key may follow. */
static void divide(const char *value, bool with_key, struct parts *p)
{
	const char *equals = strchr(value, '=');
	const char *slash = strchr(value, '/');
	bool named = equals != NULL && (slash == NULL || equals < slash);
	p->name = named ? uc_strndup(value, (size_t)(equals - value)) : uc_strdup("");
	p->address = cut_at(p->name, strchr(p->name, '@'));
	p->file = uc_strdup(named ? equals + 1 : value);
	p->key = with_key ? cut_at(p->file, strrchr(p->file, ',')) : NULL;
}

static enum uc_status read_address(const struct uc_typed_option *o, const struct parts *p, uint8_t out[4], struct uc_error *e)
{
	struct in_addr address;
	if (p->address == NULL) return UC_OK;
	if (inet_pton(AF_INET, p->address, &address) != 1)
		return uc_fail_field(e, UC_EINPUT, "bad-option-value", uc_options[o->id].name, "Records hold an IPv4 address, as 10.1.2.3.",
		                     "--%s %s: '%s' is no IPv4 address", uc_options[o->id].name, o->value, p->address);
	memcpy(out, &address, sizeof address);
	return UC_OK;
}

/* The certificate of a record; of a SAST the key as well, if this is the one that signs. */
static enum uc_status take_file(struct job *j, struct uc_keyfiles *k, const struct uc_args *args, const struct uc_typed_option *o,
                                const struct parts *p, struct uc_tl_entry *entry, struct uc_error *e)
{
	if (p->file[0] == '\0' && o->id == UC_OPT_CCM) return UC_OK;
	if (p->file[0] == '\0')
		return uc_fail_field(e, UC_EINPUT, "bad-option-value", uc_options[o->id].name, NULL, "--%s %s names no file of a certificate",
		                     uc_options[o->id].name, o->value);
	bool may_sign = o->id == UC_OPT_SAST && j->key == NULL;
	bool first = may_sign && j->first_sast == NULL;
	const char *key = first && uc_args_has(args, UC_OPT_KEY) ? uc_args_value(args, UC_OPT_KEY) : p->key;
	if (may_sign && first) j->first_sast = o->value;
	struct uc_cert *cert = NULL;
	UC_TRY(uc_keyfiles_cert(k, p->file, &cert, may_sign && key == NULL ? &j->key : NULL, e));
	uc_certs_take(&j->certs, cert);
	entry->cert = cert;
	if (may_sign && key != NULL) UC_TRY(uc_keyfiles_key(k, key, cert, &j->key, e));
	if (may_sign && j->key != NULL) j->signer = cert;
	return UC_OK;
}

static enum uc_status add_record(struct job *j, struct uc_keyfiles *k, const struct uc_args *args, const struct uc_typed_option *o,
                                 unsigned role, struct uc_error *e)
{
	UC_CLEANUP(parts_free) struct parts p = {.name = NULL};
	divide(o->value, o->id == UC_OPT_SAST && !uc_args_has(args, UC_OPT_KEY), &p);
	struct uc_tl_entry entry = {.role = role};
	UC_TRY(read_address(o, &p, entry.address, e));
	UC_TRY(take_file(j, k, args, o, &p, &entry, e));
	entry.dns = p.name;
	uc_strv_take(&j->names, uc_move(p.name));
	j->entries = uc_realloc(j->entries, j->count + 1, sizeof *j->entries);
	j->entries[j->count++] = entry;
	return UC_OK;
}

static enum uc_status add_records(struct job *j, struct uc_keyfiles *k, const struct uc_args *args, struct uc_error *e)
{
	for (size_t i = 0; i < args->in_order_count; i++) {
		const struct uc_typed_option *o = &args->in_order[i];
		for (size_t r = 0; r < sizeof roles / sizeof *roles; r++)
			if (roles[r].option == o->id) UC_TRY(add_record(j, k, args, o, roles[r].role, e));
	}
	if (j->first_sast == NULL)
		return uc_fail_field(e, UC_EINPUT, "option-missing", "sast", NULL, "--sast FILE, the certificate of the signer, is missing");
	if (j->signer == NULL)
		return uc_fail_field(e, UC_EINPUT, "option-missing", "key", NULL, "--key FILE, the private key of --sast %s, is missing",
		                     j->first_sast);
	return UC_OK;
}

static enum uc_status build(struct job *j, struct uc_cli *cli, const struct uc_args *args, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(uc_keyfiles_free) struct uc_keyfiles k = {.cli = cli};
	const char *type = uc_args_value(args, UC_OPT_TYPE);
	if (type == NULL) return uc_fail_field(e, UC_EINPUT, "option-missing", "type", NULL, "--type ctl or itl is missing");
	UC_TRY(uc_signing_read(args, strcmp(type, "ctl") == 0 ? "CTLFile.tlv" : "ITLFile.tlv", &j->spec.signing, e));
	UC_TRY(uc_keyfiles_open(cli, args, &k, e));
	UC_TRY(add_records(j, &k, args, e));
	j->spec.entries = j->entries;
	j->spec.count = j->count;
	return uc_tl_write(&j->spec, j->signer, j->key, out, e);
}

int uc_cmd_tlv_build(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	UC_CLEANUP(job_free) struct job j = {.count = 0};
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	if (build(&j, cli, args, &out, &e) != UC_OK) return uc_keyfiles_fail(cli, args, &e);
	return uc_save(cli, uc_args_word(args, 0), uc_buf_slice(&out), 0644);
}
