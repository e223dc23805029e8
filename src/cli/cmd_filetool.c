/* utils file sign, encrypt, strip and decrypt: files for phones, without a daemon. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/keyfile.h"
#include "cli/output.h"
#include "cli/save.h"
#include "cli/signing.h"
#include "core/file.h"
#include "core/mem.h"
#include "trustlist/config.h"
#include "trustlist/list.h"
#include "trustlist/signed.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash == NULL ? path : slash + 1;
}

/* "path: message" of what is wrong with a file. */
static enum uc_status in_file(const char *path, enum uc_status status, struct uc_error *e)
{
	if (status == UC_OK) return UC_OK;
	return uc_fail(e, status, e->id, e->hint[0] == '\0' ? NULL : e->hint, "%s: %s", path, e->message);
}

/* What sign and encrypt work with. */
struct job {
	struct uc_buf content;
	struct uc_signer signer;
	struct uc_tl_signing signing;
	char *name; /* inside, borrowed by signing */
	struct uc_cert *phone;
	struct uc_buf out, stub;
};

static void job_free(struct job *j)
{
	uc_buf_wipe(&j->content);
	uc_signer_free(&j->signer);
	free(j->name);
	uc_cert_freep(&j->phone);
	uc_buf_free(&j->out);
	uc_buf_free(&j->stub);
}

/* Reads the file, and gives it the name of --name, or its own with the suffix. */
static enum uc_status open_job(const struct uc_args *args, const char *suffix, struct job *j, struct uc_error *e)
{
	const char *path = uc_args_word(args, 0);
	const char *name = uc_args_value(args, UC_OPT_NAME);
	if (name == NULL && strcmp(path, "-") == 0)
		return uc_fail_field(e, UC_EINPUT, "option-missing", "name", NULL, "--name NAME, the name that phones ask for, is missing");
	j->name = name != NULL ? uc_strdup(name) : uc_sprintf("%s%s", base_name(path), suffix);
	UC_TRY(uc_signing_read(args, j->name, &j->signing, e));
	UC_TRY(uc_file_read(path, UC_SGN_MAX, &j->content, e));
	struct uc_slice rest;
	struct uc_tl_header header = {.name = NULL};
	if (uc_sgn_read(uc_buf_slice(&j->content), &header, &rest, NULL, NULL) != UC_OK) return UC_OK;
	uc_tl_header_free(&header);
	return uc_fail(e, UC_EREFUSED, "signed-already", "Take the signature off with utils file strip or utils file decrypt.",
	               "%s is a signed file already", path);
}

static enum uc_status sign(struct uc_cli *cli, const struct uc_args *args, struct job *j, struct uc_error *e)
{
	UC_CLEANUP(uc_keyfiles_free) struct uc_keyfiles k = {.cli = cli};
	UC_TRY(open_job(args, ".sgn", j, e));
	UC_TRY(uc_keyfiles_open(cli, args, &k, e));
	UC_TRY(uc_keyfiles_signer(&k, args, &j->signer, e));
	return uc_sgn_write(&j->signing, j->signer.cert, j->signer.key, uc_buf_slice(&j->content), &j->out, e);
}

int uc_cmd_file_sign(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	UC_CLEANUP(job_free) struct job j = {.name = NULL};
	if (sign(cli, args, &j, &e) != UC_OK) return uc_keyfiles_fail(cli, args, &e);
	return uc_save(cli, uc_args_value(args, UC_OPT_OUT), uc_buf_slice(&j.out), 0644);
}

/* The stub that leads the phone to the encrypted file: signed under its own name if the file is to be one that phones ask for signed. */
static enum uc_status make_stub(const struct uc_args *args, struct job *j, struct uc_error *e)
{
	static const char suffix[] = ".enc.sgn";
	const char *path = uc_args_value(args, UC_OPT_STUB);
	char hash[UC_CNF_HASH_LEN];
	UC_CLEANUP(uc_buf_free) struct uc_buf stub = UC_BUF_EMPTY;
	if (path == NULL) return UC_OK;
	uc_cnf_cert_hash(j->phone, hash);
	UC_TRY(uc_cnf_stub(uc_buf_slice(&j->content), hash, &stub, e));
	if (!uc_ends_with(path, ".sgn")) {
		uc_buf_add_slice(&j->stub, uc_buf_slice(&stub));
		return UC_OK;
	}
	size_t len = strlen(j->name) - (uc_ends_with(j->name, suffix) ? strlen(suffix) : 0);
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%.*s.sgn", (int)len, j->name);
	struct uc_tl_signing signing = j->signing;
	signing.file_name = name;
	return uc_sgn_write(&signing, j->signer.cert, j->signer.key, uc_buf_slice(&stub), &j->stub, e);
}

static enum uc_status encrypt(struct uc_cli *cli, const struct uc_args *args, struct job *j, struct uc_error *e)
{
	struct uc_cnf_info info;
	UC_CLEANUP(uc_keyfiles_free) struct uc_keyfiles k = {.cli = cli};
	const char *phone = uc_args_value(args, UC_OPT_PHONE);
	const char *path = uc_args_word(args, 0);
	if (phone == NULL)
		return uc_fail_field(e, UC_EINPUT, "option-missing", "phone", NULL, "--phone FILE, the certificate of the phone, is missing");
	UC_TRY(open_job(args, ".enc.sgn", j, e));
	UC_TRY(in_file(path, uc_cnf_read(uc_buf_slice(&j->content), &info, e), e));
	UC_TRY(uc_keyfiles_open(cli, args, &k, e));
	UC_TRY(uc_keyfiles_signer(&k, args, &j->signer, e));
	UC_TRY(uc_keyfiles_cert(&k, phone, &j->phone, NULL, e));
	if (!info.encrypted) uc_out_line(cli->err, "ucpki: note: encrConfig is not true in %s", path);
	UC_TRY(uc_enc_write(&j->signing, j->signer.cert, j->signer.key, j->phone, uc_buf_slice(&j->content), NULL, &j->out, e));
	return make_stub(args, j, e);
}

int uc_cmd_file_encrypt(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	const char *stub = uc_args_value(args, UC_OPT_STUB);
	UC_CLEANUP(job_free) struct job j = {.name = NULL};
	if (encrypt(cli, args, &j, &e) != UC_OK) return uc_keyfiles_fail(cli, args, &e);
	int status = uc_save(cli, uc_args_value(args, UC_OPT_OUT), uc_buf_slice(&j.out), 0644);
	if (status != UC_EXIT_DONE || stub == NULL) return status;
	return uc_file_write(stub, uc_buf_slice(&j.stub), 0644, &e) == UC_OK ? UC_EXIT_DONE : uc_cli_fail(cli, &e);
}

/* ---- taking off ---- */

/* Firmware packages share with signed files only the first two elements, and the second says where the header ends. */
static bool find_content(struct uc_slice file, struct uc_slice *content)
{
	static const uint8_t version[] = {1, 0, 2};
	static const uint8_t length[] = {2, 0, 2};
	struct uc_reader r = uc_reader_of(file);
	struct uc_slice head[2];
	struct uc_slice skipped;
	uint16_t end = 0;
	if (!uc_read_slice(&r, sizeof version, &head[0]) || !uc_read_slice(&r, 2, &skipped)) return false;
	if (!uc_read_slice(&r, sizeof length, &head[1]) || !uc_read_u16(&r, &end) || end < r.pos) return false;
	if (!uc_slice_eq(head[0], uc_slice_of(version, sizeof version)) || !uc_slice_eq(head[1], uc_slice_of(length, sizeof length)))
		return false;
	return uc_read_slice(&r, end - r.pos, &skipped) && uc_read_slice(&r, uc_reader_left(&r), content);
}

static enum uc_status strip(const char *path, struct uc_slice file, struct uc_slice *content, struct uc_error *e)
{
	struct uc_tl_header header = {.name = NULL};
	bool encrypted = uc_tl_header_read(file, &header, NULL, e) == UC_OK && header.encrypted;
	uc_tl_header_free(&header);
	if (encrypted)
		return uc_fail(e, UC_EREFUSED, "enc-encrypted", "Decrypt it with utils file decrypt and the private key of the phone.",
		               "%s is encrypted", path);
	return find_content(file, content) ? UC_OK : in_file(path, UC_EINPUT, e);
}

int uc_cmd_file_strip(struct uc_cli *cli, const struct uc_args *args)
{
	static const size_t max = (size_t)1024 * 1024 * 1024; /* of firmware packages */
	struct uc_error e = {.code = UC_OK};
	struct uc_slice content = {.len = 0};
	const char *path = uc_args_word(args, 0);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	if (uc_file_read(path, max, &file, &e) != UC_OK) return uc_cli_fail(cli, &e);
	if (strip(path, uc_buf_slice(&file), &content, &e) != UC_OK) return uc_cli_fail(cli, &e);
	return uc_save(cli, uc_args_value(args, UC_OPT_OUT), content, 0644);
}

static enum uc_status decrypt(struct uc_cli *cli, const struct uc_args *args, struct uc_buf *out, struct uc_error *e)
{
	const char *path = uc_args_word(args, 0);
	const char *from = uc_args_value(args, UC_OPT_KEY);
	UC_CLEANUP(uc_keyfiles_free) struct uc_keyfiles k = {.cli = cli};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	if (from == NULL)
		return uc_fail_field(e, UC_EINPUT, "option-missing", "key", NULL, "--key FILE, the private key of the phone, is missing");
	UC_TRY(uc_file_read(path, UC_SGN_MAX, &file, e));
	UC_TRY(uc_keyfiles_open(cli, args, &k, e));
	UC_TRY(uc_keyfiles_key(&k, from, NULL, &key, e));
	return in_file(path, uc_enc_read(uc_buf_slice(&file), key, out, e), e);
}

int uc_cmd_file_decrypt(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf out = UC_BUF_EMPTY;
	if (decrypt(cli, args, &out, &e) != UC_OK) return uc_keyfiles_fail(cli, args, &e);
	return uc_save(cli, uc_args_value(args, UC_OPT_OUT), uc_buf_slice(&out), 0600);
}
