/* The node's own key and its certificate. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "core/file.h"
#include "keys/internal.h"
#include "pki/request.h"

UC_DEFINE_CLEANUP(free_bio, BIO, BIO_free_all)
UC_DEFINE_CLEANUP(free_md, EVP_MD_CTX, EVP_MD_CTX_free)

static enum uc_status load_key(struct uc_keys *k, size_t others, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *path = uc_keys_path(k, "node");
	if (uc_file_exists(path)) return uc_keys_load(k, "node", &k->node, e);
	if (others > 0)
		return uc_fail(e, UC_EIO, "node-key-lost", "Restore it from a backup: another one could not have signed the change log.",
		               "%s holds %zu private keys, but the node's own key %s is missing", k->dir, others, path);
	UC_TRY(uc_key_generate(uc_key_spec_find("ec-p256"), &k->node, e));
	return uc_keys_save(k, "node", k->node, e);
}

static enum uc_status damaged(const char *path, const char *why, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EIO, "node-cert-damaged", "Restore it from a backup: a cluster knows this node by this certificate alone.",
	               "the node's own certificate %s %s", path, why);
}

static bool read_pem(struct uc_slice pem, struct uc_cert **out)
{
	UC_CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	char *label = NULL;
	char *header = NULL;
	unsigned char *der = NULL;
	long len = 0;
	bool ok = bio != NULL && PEM_read_bio(bio, &label, &header, &der, &len) == 1 && strcmp(label, "CERTIFICATE") == 0 &&
	          uc_cert_read(uc_slice_of(der, (size_t)len), out, NULL) == UC_OK;
	OPENSSL_free(label);
	OPENSSL_free(header);
	OPENSSL_free(der);
	return ok;
}

static enum uc_status load_cert(struct uc_keys *k, const char *path, const char *id, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = UC_BUF_EMPTY;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
	UC_TRY(uc_file_read(path, UC_MAX_KEY_FILE, &pem, e));
	char have[UC_KEY_ID_LEN];
	if (!read_pem(uc_buf_slice(&pem), &c)) return damaged(path, "cannot be read", e);
	if (strcmp(uc_key_id(c->spki, have), id) != 0) return damaged(path, "is for another key than this node's", e);
	if (!uc_cert_self_signed(c)) return damaged(path, "is not signed with this node's key", e);
	k->node_cert = uc_move(c);
	return UC_OK;
}

static enum uc_status make_cert(struct uc_keys *k, const char *path, const char *id, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *cn = uc_sprintf("ucpki node %.16s", id);
	/* For all times: whether a node is known depends on the log, not on its clock. */
	const struct uc_profile profile = {.common_name = cn,
	                                   .key_usage = UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_AGREEMENT,
	                                   .digest = "SHA256",
	                                   .not_before = 0,
	                                   .not_after = UC_TIME_MAX};
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = UC_BUF_EMPTY;
	UC_TRY(uc_cert_self_sign(&profile, k->node, &der, e));
	uc_pem_write(&pem, "CERTIFICATE", uc_buf_slice(&der));
	UC_TRY(uc_file_write(path, uc_buf_slice(&pem), 0600, e));
	return uc_cert_read(uc_buf_slice(&der), &k->node_cert, e);
}

enum uc_status uc_keys_node_open(struct uc_keys *k, size_t others, struct uc_error *e)
{
	UC_TRY(load_key(k, others, e));
	char id[UC_KEY_ID_LEN];
	uc_key_id_of(k->node, id);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/node.pem", k->dir);
	return uc_file_exists(path) ? load_cert(k, path, id, e) : make_cert(k, path, id, e);
}

const struct uc_cert *uc_keys_node_cert(const struct uc_keys *k)
{
	return k->node_cert;
}

enum uc_status uc_keys_node_sign(void *ctx, struct uc_slice data, struct uc_buf *out, struct uc_error *e)
{
	const struct uc_keys *k = ctx;
	UC_CLEANUP(free_md) EVP_MD_CTX *md = EVP_MD_CTX_new();
	uint8_t sig[256];
	size_t len = sizeof sig;
	if (md == NULL || EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, k->node) != 1 ||
	    EVP_DigestSign(md, sig, &len, data.ptr, data.len) != 1)
		return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL failed while signing with the node's key");
	uc_buf_add(out, sig, len);
	return UC_OK;
}
