/* What is common to all password encryption of keys and PKCS#12: algorithms old and new, their cost, and why one failed. */
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "pki/input_internal.h"

UC_DEFINE_CLEANUP(free_pbe, PBEPARAM, PBEPARAM_free)
UC_DEFINE_CLEANUP(free_pbe2, PBE2PARAM, PBE2PARAM_free)
UC_DEFINE_CLEANUP(free_pbkdf2, PBKDF2PARAM, PBKDF2PARAM_free)
UC_DEFINE_CLEANUP(free_scrypt, SCRYPT_PARAMS, SCRYPT_PARAMS_free)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static OSSL_LIB_CTX *context;

/* A context of its own, so that RC2, RC4 and single DES become available to nothing else in this process. */
static void make_context(void)
{
	context = OSSL_LIB_CTX_new();
	if (context == NULL) return;
	OSSL_PROVIDER_load(context, "default");
	/* A system without the legacy provider reads modern files only; the message then names the algorithm. */
	OSSL_PROVIDER_load(context, "legacy");
	ERR_clear_error();
}

OSSL_LIB_CTX *uc_input_crypt_ctx(void)
{
	pthread_once(&once, make_context);
	return context;
}

static char *object_name(const ASN1_OBJECT *o)
{
	char text[80] = "?";
	OBJ_obj2txt(text, sizeof text, o, 0);
	return uc_strdup(text);
}

static PBE2PARAM *read_pbe2(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *oid = NULL;
	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	return OBJ_obj2nid(oid) == NID_pbes2 ? ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), alg->parameter) : NULL;
}

char *uc_input_crypt_name(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *oid = NULL;
	X509_ALGOR_get0(&oid, NULL, NULL, alg);
	UC_CLEANUP(free_pbe2) PBE2PARAM *p = read_pbe2(alg);
	if (p == NULL || p->keyfunc == NULL || p->encryption == NULL) return object_name(oid);
	UC_CLEANUP(uc_freep) char *kdf = object_name(p->keyfunc->algorithm);
	UC_CLEANUP(uc_freep) char *cipher = object_name(p->encryption->algorithm);
	return uc_sprintf("PBES2 (%s, %s)", kdf, cipher);
}

enum uc_status uc_input_crypt_afford_rounds(struct uc_input_job *job, uint64_t rounds, const struct uc_input_place *place,
                                            struct uc_error *e)
{
	/* A few seconds of one processor. Usual files ask for 2,000 rounds, the most careful programs for 600,000, three times over. */
	static const uint64_t limit = 2000000;
	if (rounds > limit || job->work + rounds > limit)
		return uc_fail(e, UC_ELIMIT, "too-many-rounds", "Save the file again with a usual number of iterations (2048 to 600000).",
		               "%s asks for more than %llu rounds of password hashing", place->text, (unsigned long long)limit);
	job->work += rounds;
	return UC_OK;
}

/* A number that cannot be read counts as one beyond all limits. */
static uint64_t number(const ASN1_INTEGER *n)
{
	uint64_t v;
	return n != NULL && ASN1_INTEGER_get_uint64(&v, n) == 1 ? v : UINT64_MAX;
}

static uint64_t product(uint64_t a, uint64_t b)
{
	uint64_t v;
	return __builtin_mul_overflow(a, b, &v) ? UINT64_MAX : v;
}

static uint64_t kdf_rounds(const X509_ALGOR *kdf)
{
	int nid = OBJ_obj2nid(kdf->algorithm);
	if (nid == NID_id_scrypt) {
		UC_CLEANUP(free_scrypt) SCRYPT_PARAMS *s = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), kdf->parameter);
		if (s == NULL) return 0;
		return product(product(number(s->costParameter), number(s->blockSize)), number(s->parallelizationParameter));
	}
	UC_CLEANUP(free_pbkdf2) PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), kdf->parameter);
	return nid == NID_id_pbkdf2 && p != NULL ? number(p->iter) : 0;
}

enum uc_status uc_input_crypt_afford(struct uc_input_job *job, const X509_ALGOR *alg, const struct uc_input_place *place,
                                     struct uc_error *e)
{
	UC_CLEANUP(free_pbe2) PBE2PARAM *pbe2 = read_pbe2(alg);
	if (pbe2 != NULL && pbe2->keyfunc != NULL) return uc_input_crypt_afford_rounds(job, kdf_rounds(pbe2->keyfunc), place, e);
	UC_CLEANUP(free_pbe) PBEPARAM *pbe = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), alg->parameter);
	ERR_clear_error();
	/* Parameters that cannot be read cost nothing: OpenSSL fails on them as well. */
	return uc_input_crypt_afford_rounds(job, pbe != NULL ? number(pbe->iter) : 0, place, e);
}

bool uc_input_crypt_unsupported(void)
{
	static const int reasons[] = {
	    EVP_R_UNSUPPORTED_CIPHER,    EVP_R_UNKNOWN_PBE_ALGORITHM, EVP_R_UNKNOWN_CIPHER,        EVP_R_UNKNOWN_DIGEST,
	    EVP_R_UNSUPPORTED_PRF,       EVP_R_UNSUPPORTED_ALGORITHM, EVP_R_UNSUPPORTED_KEYLENGTH, EVP_R_UNSUPPORTED_KEY_DERIVATION_FUNCTION,
	    EVP_R_UNSUPPORTED_SALT_TYPE, EVP_R_CIPHER_PARAMETER_ERROR};
	bool found = false;
	for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
		int reason = ERR_GET_REASON(code);
		if (reason == ERR_R_UNSUPPORTED) found = true;
		for (size_t i = 0; ERR_GET_LIB(code) == ERR_LIB_EVP && i < sizeof reasons / sizeof *reasons; i++)
			if (reasons[i] == reason) found = true;
	}
	return found;
}

enum uc_status uc_input_crypt_fail(bool unsupported, const char *algorithm, const struct uc_input_place *place, struct uc_error *e)
{
	if (unsupported)
		return uc_fail(e, UC_EINPUT, "unsupported-algorithm", "Save it again with another encryption, e.g. AES-256 (PBES2).",
		               "%s is encrypted with %s, which is not supported", place->text, algorithm);
	return uc_fail(e, UC_EINPUT, "wrong-password", "Enter the password that was set when the file was made; capitals count.",
	               "the password does not open %s (encrypted with %s)", place->text, algorithm);
}

enum uc_status uc_input_crypt_need(const struct uc_input_place *place, struct uc_error *e)
{
	return uc_fail(e, UC_EINPUT, "password-needed", "Enter the password that was set when the file was made.", "%s is encrypted",
	               place->text);
}
