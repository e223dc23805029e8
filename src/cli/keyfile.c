#include "cli/keyfile.h"

#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "core/file.h"
#include "core/mem.h"
#include "pki/input.h"

enum { MAX_PASSWORDS = 3 };

enum uc_status uc_keyfiles_open(struct uc_cli *cli, const struct uc_args *args, struct uc_keyfiles *k, struct uc_error *e)
{
	*k = (struct uc_keyfiles){.cli = cli, .given = uc_args_has(args, UC_OPT_PASSWORD_FILE)};
	return uc_password_option(args, &k->password, e);
}

void uc_keyfiles_free(struct uc_keyfiles *k)
{
	uc_buf_wipe(&k->password);
}

static bool wants_password(const struct uc_error *e)
{
	return strcmp(e->id, "password-needed") == 0 || strcmp(e->id, "wrong-password") == 0;
}

/* Everything in a file, after asking for a password as often as that helps. in is freed by the caller in any case. */
static enum uc_status read_file(struct uc_keyfiles *k, const char *path, struct uc_input *in, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf content = UC_BUF_EMPTY;
	UC_TRY(uc_file_read(path, UC_INPUT_MAX, &content, e));
	UC_CLEANUP(uc_freep) char *question = uc_sprintf("Password of %s", path);
	for (int asked = 0;; asked++) {
		enum uc_status status = uc_input_read(uc_buf_slice(&content), (const char *)k->password.ptr, UC_INPUT_TAKE_KEYS, in, e);
		if (status == UC_OK) return UC_OK;
		if (!wants_password(e) || !k->cli->ask || k->given || asked == MAX_PASSWORDS)
			return uc_fail(e, e->code, e->id, e->hint[0] == '\0' ? NULL : e->hint, "%s: %s", path, e->message);
		uc_input_free(in);
		UC_TRY(uc_ask_password(k->cli, question, &k->password, e));
	}
}

static size_t count_kind(const struct uc_input *in, enum uc_input_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < in->count; i++) n += in->items[i].kind == kind ? 1 : 0;
	return n;
}

static const struct uc_input_item *first_kind(const struct uc_input *in, enum uc_input_kind kind)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->items[i].kind == kind) return &in->items[i];
	return NULL;
}

/* The key in it that belongs to the certificate, or NULL; have, when not NULL, gets the id of one that does not. */
static EVP_PKEY *key_of(const struct uc_input *in, const struct uc_cert *cert, char *have)
{
	char wanted[UC_KEY_ID_LEN];
	uc_key_id(cert->spki, wanted);
	for (size_t i = 0; i < in->count; i++) {
		if (in->items[i].kind != UC_INPUT_KEY) continue;
		char id[UC_KEY_ID_LEN];
		UC_CLEANUP(uc_key_freep) EVP_PKEY *key = uc_key_read(uc_buf_slice(&in->items[i].der));
		if (key == NULL) continue;
		if (strcmp(uc_key_id_of(key, id), wanted) == 0) return uc_move(key);
		if (have != NULL) memcpy(have, id, UC_KEY_ID_LEN);
	}
	return NULL;
}

enum uc_status uc_keyfiles_cert(struct uc_keyfiles *k, const char *path, struct uc_cert **cert, EVP_PKEY **key, struct uc_error *e)
{
	UC_CLEANUP(uc_input_free) struct uc_input in = {.count = 0};
	UC_TRY(read_file(k, path, &in, e));
	size_t count = count_kind(&in, UC_INPUT_CERT);
	if (count == 0) return uc_fail(e, UC_EINPUT, "no-certificate", NULL, "%s holds no certificate", path);
	if (count > 1)
		return uc_fail(e, UC_EINPUT, "several-certificates", "Put the one that is meant into a file of its own.",
		               "%s holds %zu certificates, and only one can be meant", path, count);
	UC_TRY(uc_cert_read(uc_buf_slice(&first_kind(&in, UC_INPUT_CERT)->der), cert, e));
	if (key != NULL) *key = key_of(&in, *cert, NULL);
	return UC_OK;
}

static enum uc_status fail_mismatch(const char *path, const struct uc_cert *cert, const char *have, struct uc_error *e)
{
	char wanted[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(cert);
	return uc_fail(e, UC_EINPUT, "key-mismatch", NULL,
	               "the key in %s (id %.16s...) does not belong to the certificate '%s' (key id %.16s...)", path, have, label,
	               uc_key_id(cert->spki, wanted));
}

enum uc_status uc_keyfiles_key(struct uc_keyfiles *k, const char *path, const struct uc_cert *cert, EVP_PKEY **key, struct uc_error *e)
{
	UC_CLEANUP(uc_input_free) struct uc_input in = {.count = 0};
	UC_TRY(read_file(k, path, &in, e));
	size_t count = count_kind(&in, UC_INPUT_KEY);
	if (count == 0) return uc_fail(e, UC_EINPUT, "no-key", NULL, "%s holds no private key", path);
	if (cert == NULL && count > 1)
		return uc_fail(e, UC_EINPUT, "several-keys", "Put the one that is meant into a file of its own.",
		               "%s holds %zu private keys, and only one can be meant", path, count);
	char have[UC_KEY_ID_LEN] = "unknown";
	*key = cert != NULL ? key_of(&in, cert, have) : uc_key_read(uc_buf_slice(&first_kind(&in, UC_INPUT_KEY)->der));
	if (*key != NULL) return UC_OK;
	if (cert != NULL) return fail_mismatch(path, cert, have, e);
	return uc_fail(e, UC_EINPUT, "damaged-key", NULL, "the private key in %s cannot be decoded", path);
}

void uc_signer_free(struct uc_signer *s)
{
	uc_cert_freep(&s->cert);
	uc_key_freep(&s->key);
}

enum uc_status uc_keyfiles_signer(struct uc_keyfiles *k, const struct uc_args *args, struct uc_signer *out, struct uc_error *e)
{
	const char *cert = uc_args_value(args, UC_OPT_CERT);
	const char *key = uc_args_value(args, UC_OPT_KEY);
	if (cert == NULL)
		return uc_fail_field(e, UC_EINPUT, "option-missing", "cert", NULL, "--cert FILE, the signer's certificate, is missing");
	UC_TRY(uc_keyfiles_cert(k, cert, &out->cert, key == NULL ? &out->key : NULL, e));
	if (key != NULL) return uc_keyfiles_key(k, key, out->cert, &out->key, e);
	if (out->key != NULL) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "option-missing", "key", NULL, "--key FILE is missing, and %s holds no key of its certificate",
	                     cert);
}

int uc_keyfiles_fail(struct uc_cli *cli, const struct uc_args *args, struct uc_error *e)
{
	static const char *const usage[] = {"option-missing", "bad-option-value", "bad-time"};
	for (size_t i = 0; i < sizeof usage / sizeof *usage; i++)
		if (strcmp(usage[i], e->id) == 0) return uc_cli_usage(cli, args, e);
	return uc_cli_fail(cli, e);
}
