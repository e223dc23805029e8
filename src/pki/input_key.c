/* Private keys in all their forms, turned into PKCS#8 (RFC 5958). Buffers that held one are wiped. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "pki/der.h"
#include "pki/input_internal.h"

UC_DEFINE_CLEANUP(free_key, EVP_PKEY, EVP_PKEY_free)
UC_DEFINE_CLEANUP(free_keymgmt, EVP_KEYMGMT, EVP_KEYMGMT_free)
UC_DEFINE_CLEANUP(free_p8, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
UC_DEFINE_CLEANUP(free_sig, X509_SIG, X509_SIG_free)
UC_DEFINE_CLEANUP(free_cipher, EVP_CIPHER, EVP_CIPHER_free)
UC_DEFINE_CLEANUP(free_cipher_ctx, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

enum {
	MAX_BITS = 16384,    /* OPENSSL_RSA_MAX_MODULUS_BITS; beyond it one operation takes minutes (C41) */
	MAX_KEY = 64 * 1024, /* bytes of a whole key, whatever its kind */
};

enum uc_status uc_input_key_refuse(const struct uc_input_place *place, struct uc_error *e)
{
	return uc_fail(
	    e, UC_EREFUSED, "private-key-in-upload",
	    "Private keys are made on the node and never uploaded. Remove it from the file, and treat it as disclosed if it is in use.",
	    "%s is a private key; nothing was stored", place->text);
}

static enum uc_status damaged(const struct uc_input_place *place, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EINPUT, "damaged-key", "Take the key from its source again.", "%s is a private key that cannot be decoded",
	               place->text);
}

static enum uc_status too_large(size_t bits, const struct uc_input_place *place, struct uc_error *e)
{
	return uc_fail(e, UC_ELIMIT, "key-too-large", "Use a key of 2048 to 4096 bits.", "%s is a private key of %zu bits; the limit is %d",
	               place->text, bits, MAX_BITS);
}

/* The bits of the second INTEGER: the modulus of an RSAPrivateKey (RFC 8017 appendix A.1.2), the prime of a DSA key. */
static size_t modulus_bits(struct uc_slice der)
{
	struct uc_der seq;
	struct uc_der version;
	struct uc_der n;
	if (!uc_der_whole(der, UC_DER_SEQUENCE, &seq)) return 0;
	struct uc_reader r = uc_reader_of(seq.content);
	if (!uc_der_expect(&r, UC_DER_INTEGER, &version) || !uc_der_expect(&r, UC_DER_INTEGER, &n)) return 0;
	size_t zeros = n.content.len > 0 && n.content.ptr[0] == 0 ? 1 : 0;
	return 8 * (n.content.len - zeros);
}

static enum uc_status check_size(struct uc_slice der, struct uc_slice inner, const struct uc_input_place *place, struct uc_error *e)
{
	size_t bits = modulus_bits(inner);
	if (bits > MAX_BITS) return too_large(bits, place, e);
	if (der.len > MAX_KEY) return too_large(8 * der.len, place, e);
	return UC_OK;
}

/* A PrivateKeyInfo: its algorithm, the curve when a parameter names one, and the key proper. */
struct info {
	struct uc_der oid;
	struct uc_der curve;
	struct uc_der key;
};

static bool read_info(struct uc_slice der, struct info *out)
{
	struct uc_der seq;
	struct uc_der version;
	struct uc_der alg;
	*out = (struct info){.oid = {.tag = 0}};
	if (!uc_der_whole(der, UC_DER_SEQUENCE, &seq)) return false;
	struct uc_reader r = uc_reader_of(seq.content);
	if (!uc_der_expect(&r, UC_DER_INTEGER, &version) || !uc_der_expect(&r, UC_DER_SEQUENCE, &alg)) return false;
	struct uc_reader in = uc_reader_of(alg.content);
	if (!uc_der_expect(&in, UC_DER_OID, &out->oid) || !uc_der_expect(&r, UC_DER_OCTET_STRING, &out->key)) return false;
	uc_der_optional(&in, UC_DER_OID, &out->curve);
	return true;
}

/* A key that OpenSSL does not decode: of a kind it does not know, or damaged? Its error queue says the same of both. */
static enum uc_status not_decoded(const struct info *info, const struct uc_input_place *place, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *oid = uc_der_oid_text(info->oid.content);
	UC_CLEANUP(free_keymgmt) EVP_KEYMGMT *known = EVP_KEYMGMT_fetch(NULL, oid, NULL);
	UC_CLEANUP(uc_freep) char *curve = info->curve.tag != 0 ? uc_der_oid_text(info->curve.content) : NULL;
	if (known != NULL && (curve == NULL || OBJ_txt2nid(curve) != NID_undef)) return damaged(place, e);
	ERR_clear_error();
	return uc_fail(e, UC_EINPUT, "unsupported-algorithm", "Use an RSA or EC key.", "%s is a private key for %s %s, which is not supported",
	               place->text, known == NULL ? "the algorithm" : "the curve", known == NULL ? oid : curve);
}

enum uc_status uc_input_key_pkcs8(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	if (job->keys == UC_INPUT_REFUSE_KEYS) return uc_input_key_refuse(place, e);
	struct info info;
	if (!read_info(der, &info)) return damaged(place, e);
	UC_TRY(check_size(der, info.key.content, place, e));
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_p8) PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.len);
	if (p8 == NULL) return damaged(place, e);
	UC_CLEANUP(free_key) EVP_PKEY *key = EVP_PKCS82PKEY(p8);
	if (key == NULL) return not_decoded(&info, place, e);
	uc_input_set_format(job, job->armoured ? "PEM" : "DER private key");
	return uc_input_add(job, UC_INPUT_KEY, der, place->line, e);
}

static enum uc_status add_info(struct uc_input_job *job, const PKCS8_PRIV_KEY_INFO *p8, const struct uc_input_place *place,
                               struct uc_error *e)
{
	unsigned char *der = NULL;
	int len = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
	if (len <= 0) return damaged(place, e);
	enum uc_status status = uc_input_key_pkcs8(job, uc_slice_of(der, (size_t)len), place, e);
	OPENSSL_clear_free(der, (size_t)len);
	return status;
}

static enum uc_status read_traditional(struct uc_input_job *job, int type, struct uc_slice der, const struct uc_input_place *place,
                                       struct uc_error *e)
{
	if (job->keys == UC_INPUT_REFUSE_KEYS) return uc_input_key_refuse(place, e);
	UC_TRY(check_size(der, der, place, e));
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_key) EVP_PKEY *key = d2i_PrivateKey(type, NULL, &p, (long)der.len);
	if (key == NULL) return damaged(place, e);
	UC_CLEANUP(free_p8) PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	return add_info(job, p8, place, e);
}

enum uc_status uc_input_key_rsa(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	return read_traditional(job, EVP_PKEY_RSA, der, place, e);
}

enum uc_status uc_input_key_dsa(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	return read_traditional(job, EVP_PKEY_DSA, der, place, e);
}

enum uc_status uc_input_key_ec(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	return read_traditional(job, EVP_PKEY_EC, der, place, e);
}

enum uc_status uc_input_key_encrypted(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	if (job->keys == UC_INPUT_REFUSE_KEYS) return uc_input_key_refuse(place, e);
	if (der.len > MAX_KEY) return too_large(8 * der.len, place, e);
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_sig) X509_SIG *sig = d2i_X509_SIG(NULL, &p, (long)der.len);
	if (sig == NULL) return damaged(place, e);
	if (job->password == NULL) return uc_input_crypt_need(place, e);
	const X509_ALGOR *alg = NULL;
	X509_SIG_get0(sig, &alg, NULL);
	UC_TRY(uc_input_crypt_afford(job, alg, place, e));
	UC_CLEANUP(uc_freep) char *name = uc_input_crypt_name(alg);
	UC_CLEANUP(free_p8)
	PKCS8_PRIV_KEY_INFO *p8 = PKCS8_decrypt_ex(sig, job->password, (int)strlen(job->password), uc_input_crypt_ctx(), NULL);
	if (p8 == NULL) return uc_input_crypt_fail(uc_input_crypt_unsupported(), name, place, e);
	return add_info(job, p8, place, e);
}

/* DEK-Info: "AES-256-CBC,0123456789ABCDEF..." (RFC 1421 section 4.6.1.3). */
struct dek {
	char name[40];
	uint8_t iv[EVP_MAX_IV_LENGTH];
	size_t iv_len;
};

static bool read_dek(struct uc_slice text, struct dek *out)
{
	UC_CLEANUP(uc_freep) char *copy = uc_utf8_clean(text);
	char *comma = strchr(copy, ',');
	if (comma == NULL || (size_t)(comma - copy) >= sizeof out->name) return false;
	*comma = '\0';
	memcpy(out->name, copy, (size_t)(comma - copy) + 1);
	UC_CLEANUP(uc_buf_free) struct uc_buf iv = UC_BUF_EMPTY;
	/* The salt of the key derivation is the first eight bytes of the initialisation vector. */
	if (!uc_unhex(comma + 1, &iv) || iv.len < PKCS5_SALT_LEN || iv.len > sizeof out->iv) return false;
	memcpy(out->iv, iv.ptr, iv.len);
	out->iv_len = iv.len;
	return true;
}

static bool decrypt(const EVP_CIPHER *cipher, const char *password, const struct dek *dek, struct uc_slice data, struct uc_buf *out)
{
	uint8_t key[EVP_MAX_KEY_LENGTH];
	int len = 0;
	int last = 0;
	UC_CLEANUP(free_cipher_ctx) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL || EVP_BytesToKey(cipher, EVP_md5(), dek->iv, (const uint8_t *)password, (int)strlen(password), 1, key, NULL) <= 0)
		return false;
	uint8_t *at = uc_buf_extend(out, data.len + EVP_MAX_BLOCK_LENGTH);
	bool ok = EVP_DecryptInit_ex2(ctx, cipher, key, dek->iv, NULL) == 1 && EVP_DecryptUpdate(ctx, at, &len, data.ptr, (int)data.len) == 1 &&
	          EVP_DecryptFinal_ex(ctx, at + len, &last) == 1;
	explicit_bzero(key, sizeof key);
	out->len = ok ? (size_t)len + (size_t)last : 0;
	ERR_clear_error();
	return ok;
}

static const struct {
	const char *word; /* in the armour's label */
	int type;
} traditional[] = {{"RSA PRIVATE KEY", EVP_PKEY_RSA}, {"EC PRIVATE KEY", EVP_PKEY_EC}, {"DSA PRIVATE KEY", EVP_PKEY_DSA}};

enum uc_status uc_input_key_dek(struct uc_input_job *job, struct uc_slice data, struct uc_slice dek_text,
                                const struct uc_input_place *place, struct uc_error *e)
{
	if (job->keys == UC_INPUT_REFUSE_KEYS) return uc_input_key_refuse(place, e);
	struct dek dek;
	size_t kind = 0;
	size_t kinds = sizeof traditional / sizeof *traditional;
	while (kind < kinds && strcmp(place->label, traditional[kind].word) != 0) kind++;
	if (kind == kinds || data.len == 0 || !read_dek(dek_text, &dek)) return damaged(place, e);
	if (data.len > MAX_KEY) return too_large(8 * data.len, place, e);
	if (job->password == NULL) return uc_input_crypt_need(place, e);
	UC_CLEANUP(free_cipher) EVP_CIPHER *cipher = EVP_CIPHER_fetch(uc_input_crypt_ctx(), dek.name, NULL);
	bool fits =
	    cipher != NULL && EVP_CIPHER_get_mode(cipher) == EVP_CIPH_CBC_MODE && (size_t)EVP_CIPHER_get_iv_length(cipher) == dek.iv_len;
	ERR_clear_error();
	if (!fits) return uc_input_crypt_fail(true, dek.name, place, e);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf plain = UC_BUF_EMPTY;
	struct uc_der whole;
	/* A wrong password passes the padding check once in 256 times: what came out must also be a key's SEQUENCE. */
	if (!decrypt(cipher, job->password, &dek, data, &plain) || !uc_der_whole(uc_buf_slice(&plain), UC_DER_SEQUENCE, &whole))
		return uc_input_crypt_fail(false, dek.name, place, e);
	return read_traditional(job, traditional[kind].type, uc_buf_slice(&plain), place, e);
}
