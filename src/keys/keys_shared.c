/* Keys that several nodes have: they travel sealed to each node's certificate. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "core/random.h"
#include "keys/internal.h"
#include "pki/digest.h"
#include "pki/seal.h"

enum { SYMMETRIC_LEN = 32 };

UC_DEFINE_CLEANUP(free_p8, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
UC_DEFINE_CLEANUP(free_ctx, EVP_PKEY_CTX, EVP_PKEY_CTX_free)

/* PrivateKeyInfo (RFC 5958), in the clear. */
static enum uc_status write_clear(EVP_PKEY *key, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(free_p8) PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int len = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
	if (len <= 0) return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL failed while writing a private key");
	uc_buf_add(out, der, (size_t)len);
	OPENSSL_clear_free(der, (size_t)len);
	return UC_OK;
}

/* Do the two halves belong together? The id is of the public one alone. */
static bool is_pair(EVP_PKEY *key)
{
	UC_CLEANUP(free_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	return ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;
}

static bool read_clear(struct uc_slice der, const char *id, EVP_PKEY **out)
{
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_p8) PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.len);
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = p8 != NULL && p == der.ptr + der.len ? EVP_PKCS82PKEY(p8) : NULL;
	char have[UC_KEY_ID_LEN];
	if (key == NULL || strcmp(uc_key_id_of(key, have), id) != 0 || !is_pair(key)) return false;
	*out = uc_move(key);
	return true;
}

enum uc_status uc_keys_seal(struct uc_keys *k, const char *id, const struct uc_certs *nodes, struct uc_buf *blob, struct uc_error *e)
{
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf clear = UC_BUF_EMPTY;
	UC_TRY(uc_keys_get(k, id, &key, e));
	UC_TRY(write_clear(key, &clear, e));
	return uc_seal(uc_buf_slice(&clear), nodes, blob, e);
}

enum uc_status uc_keys_take(struct uc_keys *k, const char *id, struct uc_slice blob, struct uc_error *e)
{
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	if (uc_keys_get(k, id, &key, NULL) == UC_OK) return UC_OK; /* a damaged one is replaced */
	UC_CLEANUP(uc_buf_wipe) struct uc_buf clear = UC_BUF_EMPTY;
	UC_TRY(uc_keys_unseal(k, blob, &clear, e));
	if (!read_clear(uc_buf_slice(&clear), id, &key)) {
		ERR_clear_error();
		return uc_fail(e, UC_EIO, "key-damaged", "Have it sealed again by a node that has the key.",
		               "what was sealed to this node is not the private key %.16s...", id);
	}
	return uc_keys_save(k, id, key, e);
}

enum uc_status uc_keys_new_symmetric(const struct uc_certs *nodes, char id[UC_KEY_ID_LEN], struct uc_buf *blob, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf key = UC_BUF_EMPTY;
	uc_random(uc_buf_extend(&key, SYMMETRIC_LEN), SYMMETRIC_LEN);
	uc_sha256_hex(uc_buf_slice(&key), id);
	return uc_seal(uc_buf_slice(&key), nodes, blob, e);
}

enum uc_status uc_keys_unseal(struct uc_keys *k, struct uc_slice blob, struct uc_buf *out, struct uc_error *e)
{
	return uc_unseal(blob, k->node_cert, k->node, out, e);
}

enum uc_status uc_keys_reseal(struct uc_keys *k, struct uc_slice blob, const struct uc_certs *nodes, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf clear = UC_BUF_EMPTY;
	UC_TRY(uc_keys_unseal(k, blob, &clear, e));
	return uc_seal(uc_buf_slice(&clear), nodes, out, e);
}
