#include "keys/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/file.h"
#include "core/random.h"
#include "keys/internal.h"

/* The master key has 256 random bits: there is nothing to guess that stretching could make dearer. */
enum { ITERATIONS = 1 };

UC_DEFINE_CLEANUP(free_bio, BIO, BIO_free_all)
UC_DEFINE_CLEANUP(free_p8, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
UC_DEFINE_CLEANUP(free_sig, X509_SIG, X509_SIG_free)

char *uc_keys_path(const struct uc_keys *k, const char *name)
{
	return uc_sprintf("%s/%s.key", k->dir, name);
}

static bool is_id(const char *id)
{
	return strlen(id) == UC_KEY_ID_LEN - 1 && strspn(id, "0123456789abcdef") == UC_KEY_ID_LEN - 1;
}

static enum uc_status no_key(struct uc_error *e, const char *id)
{
	return uc_fail(e, UC_ENOTFOUND, "no-key", "Restore it from a backup, or generate a new certificate for its purpose.",
	               "this node has no private key %.16s...", id);
}

static enum uc_status encrypt(const struct uc_keys *k, EVP_PKEY *key, struct uc_buf *pem, struct uc_error *e)
{
	UC_CLEANUP(free_p8) PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	UC_CLEANUP(free_sig)
	X509_SIG *sealed =
	    p8 != NULL ? PKCS8_encrypt(-1, EVP_aes_256_cbc(), k->passphrase, (int)strlen(k->passphrase), NULL, 0, ITERATIONS, p8) : NULL;
	UC_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	if (sealed == NULL || bio == NULL || !PEM_write_bio_PKCS8(bio, sealed))
		return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL failed while encrypting a private key");
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	uc_buf_add(pem, data, (size_t)len);
	return UC_OK;
}

static enum uc_status decrypt(const struct uc_keys *k, struct uc_slice pem, const char *path, EVP_PKEY **out, struct uc_error *e)
{
	UC_CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	UC_CLEANUP(free_sig) X509_SIG *sealed = bio != NULL ? PEM_read_bio_PKCS8(bio, NULL, NULL, NULL) : NULL;
	UC_CLEANUP(free_p8)
	PKCS8_PRIV_KEY_INFO *p8 = sealed != NULL ? PKCS8_decrypt(sealed, k->passphrase, (int)strlen(k->passphrase)) : NULL;
	*out = p8 != NULL ? EVP_PKCS82PKEY(p8) : NULL;
	if (*out != NULL) return UC_OK;
	return uc_fail(e, UC_EIO, "key-damaged", "Restore the key directory and master.key together from one backup.",
	               "the private key in %s cannot be decrypted with this node's master key", path);
}

enum uc_status uc_keys_load(const struct uc_keys *k, const char *name, EVP_PKEY **out, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *path = uc_keys_path(k, name);
	if (!uc_file_exists(path)) return no_key(e, name);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf pem = UC_BUF_EMPTY;
	UC_TRY(uc_file_read(path, UC_MAX_KEY_FILE, &pem, e));
	return decrypt(k, uc_buf_slice(&pem), path, out, e);
}

enum uc_status uc_keys_save(const struct uc_keys *k, const char *name, EVP_PKEY *key, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf pem = UC_BUF_EMPTY;
	UC_TRY(encrypt(k, key, &pem, e));
	UC_CLEANUP(uc_freep) char *path = uc_keys_path(k, name);
	return uc_file_write(path, uc_buf_slice(&pem), 0600, e);
}

static enum uc_status check_private(const char *dir, struct uc_error *e)
{
	struct stat st;
	if (stat(dir, &st) != 0) return uc_fail_errno(e, errno, "cannot examine %s", dir);
	if ((st.st_mode & 077) == 0) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "key-directory-open", "Run chmod 700 on it, and replace the keys if somebody may have read them.",
	               "others than its owner may enter the key directory %s (mode %03o)", dir, st.st_mode & 0777);
}

/* Calls each for every file in the key directory. */
static enum uc_status scan(const struct uc_keys *k, void (*each)(void *ctx, const char *dir, const char *name), void *ctx,
                           struct uc_error *e)
{
	DIR *d = opendir(k->dir);
	if (d == NULL) return uc_fail_errno(e, errno, "cannot list %s", k->dir);
	for (struct dirent *entry = readdir(d); entry != NULL; entry = readdir(d)) each(ctx, k->dir, entry->d_name);
	closedir(d);
	return UC_OK;
}

static void count_key_remove_tmp(void *ctx, const char *dir, const char *name)
{
	size_t *keys = ctx;
	if (uc_ends_with(name, ".key")) (*keys)++;
	if (!uc_ends_with(name, ".tmp")) return;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, name);
	unlink(path);
}

static enum uc_status load_master(struct uc_keys *k, const char *dir, size_t keys, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/master.key", dir);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf master = UC_BUF_EMPTY;
	if (uc_file_exists(path)) {
		UC_TRY(uc_file_read(path, UC_MASTER_LEN, &master, e));
		if (master.len != UC_MASTER_LEN)
			return uc_fail(e, UC_EIO, "key-damaged", "Restore it from a backup.", "the master key %s has %zu bytes, not %d", path,
			               master.len, UC_MASTER_LEN);
	} else if (keys > 0) {
		return uc_fail(e, UC_EIO, "master-key-lost", "Restore master.key from a backup; without it the keys cannot be read.",
		               "%s holds %zu private keys, but the master key %s is missing", k->dir, keys, path);
	} else {
		uc_random(uc_buf_extend(&master, UC_MASTER_LEN), UC_MASTER_LEN);
		UC_TRY(uc_file_create(path, uc_buf_slice(&master), 0600, e));
	}
	char *hex = uc_hex(uc_buf_slice(&master), '\0');
	memcpy(k->passphrase, hex, sizeof k->passphrase);
	uc_secret_free(hex, sizeof k->passphrase);
	return UC_OK;
}

enum uc_status uc_keys_open(const char *dir, struct uc_keys **out, struct uc_error *e)
{
	UC_CLEANUP(uc_keys_closep) struct uc_keys *k = uc_zalloc(1, sizeof *k);
	k->dir = uc_sprintf("%s/keys", dir);
	UC_TRY(uc_dir_make(k->dir, 0700, e));
	UC_TRY(check_private(k->dir, e));
	size_t keys = 0;
	UC_TRY(scan(k, count_key_remove_tmp, &keys, e));
	UC_TRY(load_master(k, dir, keys, e));
	UC_TRY(uc_keys_node_open(k, keys, e));
	*out = uc_move(k);
	return UC_OK;
}

void uc_keys_close(struct uc_keys *k)
{
	if (k == NULL) return;
	uc_key_free(k->node);
	uc_cert_free(k->node_cert);
	free(k->dir);
	uc_secret_free(k, sizeof *k);
}

enum uc_status uc_keys_new(struct uc_keys *k, const struct uc_key_spec *spec, char id[UC_KEY_ID_LEN], EVP_PKEY **out, struct uc_error *e)
{
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_TRY(uc_key_generate(spec, &key, e));
	uc_key_id_of(key, id);
	UC_TRY(uc_keys_save(k, id, key, e));
	uc_crash_point("key-saved");
	*out = uc_move(key);
	return UC_OK;
}

enum uc_status uc_keys_get(struct uc_keys *k, const char *id, EVP_PKEY **out, struct uc_error *e)
{
	if (!is_id(id)) return no_key(e, id);
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_TRY(uc_keys_load(k, id, &key, e));
	char have[UC_KEY_ID_LEN];
	if (strcmp(uc_key_id_of(key, have), id) != 0)
		return uc_fail(e, UC_EIO, "key-damaged", "Restore the key directory from a backup.",
		               "the key file %.16s... holds another key, %.16s...", id, have);
	*out = uc_move(key);
	return UC_OK;
}

bool uc_keys_has(struct uc_keys *k, const char *id)
{
	if (!is_id(id)) return false;
	UC_CLEANUP(uc_freep) char *path = uc_keys_path(k, id);
	return uc_file_exists(path);
}

enum uc_status uc_keys_remove(struct uc_keys *k, const char *id, struct uc_error *e)
{
	if (!is_id(id)) return no_key(e, id);
	UC_CLEANUP(uc_freep) char *path = uc_keys_path(k, id);
	return uc_file_remove(path, e);
}

enum uc_status uc_keys_retire(struct uc_keys *k, const char *id, struct uc_error *e)
{
	if (!is_id(id)) return no_key(e, id);
	UC_CLEANUP(uc_freep) char *path = uc_keys_path(k, id);
	if (utimensat(AT_FDCWD, path, NULL, 0) != 0 && errno != ENOENT) return uc_fail_errno(e, errno, "cannot touch %s", path);
	return UC_OK;
}

struct older {
	uc_time before;
	struct uc_strv *out;
};

static void collect_older(void *ctx, const char *dir, const char *name)
{
	struct older *o = ctx;
	if (!uc_ends_with(name, ".key") || strcmp(name, "node.key") == 0) return;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, name);
	struct stat st;
	if (stat(path, &st) == 0 && st.st_mtime < o->before) uc_strv_take(o->out, uc_strndup(name, strlen(name) - strlen(".key")));
}

enum uc_status uc_keys_older(struct uc_keys *k, uc_time before, struct uc_strv *out, struct uc_error *e)
{
	struct older o = {.before = before, .out = out};
	return scan(k, collect_older, &o, e);
}
