/* Containers: PKCS#7 (RFC 2315, RFC 5652) and PKCS#12 (RFC 7292), decoded by OpenSSL, which also reads their BER. */
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "pki/input_internal.h"

typedef STACK_OF(X509) cert_stack;
typedef STACK_OF(X509_CRL) crl_stack;
typedef STACK_OF(PKCS7) safe_stack;
typedef STACK_OF(PKCS12_SAFEBAG) bag_stack;

static void free_certs(cert_stack *s)
{
	sk_X509_pop_free(s, X509_free);
}

static void free_crls(crl_stack *s)
{
	sk_X509_CRL_pop_free(s, X509_CRL_free);
}

static void free_safes(safe_stack *s)
{
	sk_PKCS7_pop_free(s, PKCS7_free);
}

static void free_bags(bag_stack *s)
{
	sk_PKCS12_SAFEBAG_pop_free(s, PKCS12_SAFEBAG_free);
}

UC_DEFINE_CLEANUP(certs_freep, cert_stack, free_certs)
UC_DEFINE_CLEANUP(crls_freep, crl_stack, free_crls)
UC_DEFINE_CLEANUP(safes_freep, safe_stack, free_safes)
UC_DEFINE_CLEANUP(bags_freep, bag_stack, free_bags)
UC_DEFINE_CLEANUP(cms_freep, CMS_ContentInfo, CMS_ContentInfo_free)
UC_DEFINE_CLEANUP(p12_freep, PKCS12, PKCS12_free)
UC_DEFINE_CLEANUP(p8_freep, PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
UC_DEFINE_CLEANUP(x509_freep, X509, X509_free)
UC_DEFINE_CLEANUP(crl_freep, X509_CRL, X509_CRL_free)

static enum uc_status take_cert(struct uc_input_job *job, X509 *x, const struct uc_input_place *place, struct uc_error *e)
{
	unsigned char *der = NULL;
	int len = x != NULL ? i2d_X509(x, &der) : -1;
	if (len <= 0) return uc_fail(e, UC_EINPUT, "not-a-certificate", NULL, "%s holds a certificate that cannot be decoded", place->text);
	enum uc_status status = uc_input_der_cert(job, uc_slice_of(der, (size_t)len), place, e);
	OPENSSL_free(der);
	return status;
}

static enum uc_status take_crl(struct uc_input_job *job, X509_CRL *crl, const struct uc_input_place *place, struct uc_error *e)
{
	unsigned char *der = NULL;
	int len = crl != NULL ? i2d_X509_CRL(crl, &der) : -1;
	if (len <= 0) return uc_fail(e, UC_EINPUT, "not-a-certificate", NULL, "%s holds a revocation list that cannot be decoded", place->text);
	enum uc_status status = uc_input_add(job, UC_INPUT_CRL, uc_slice_of(der, (size_t)len), place->line, e);
	OPENSSL_free(der);
	return status;
}

static enum uc_status bad_pkcs7(const struct uc_input_place *place, const char *why, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EINPUT, "no-certificate-found", "Ask for the certificates as PEM, or as a .p7b file that holds certificates.",
	               "%s is PKCS#7 data %s", place->text, why);
}

static enum uc_status take_signed(struct uc_input_job *job, CMS_ContentInfo *cms, const struct uc_input_place *place, struct uc_error *e)
{
	struct uc_error cause;
	UC_CLEANUP(certs_freep) cert_stack *certs = CMS_get1_certs(cms);
	UC_CLEANUP(crls_freep) crl_stack *crls = CMS_get1_crls(cms);
	ERR_clear_error();
	if (sk_X509_num(certs) <= 0 && sk_X509_CRL_num(crls) <= 0) return bad_pkcs7(place, "without any certificate", e);
	for (int i = 0; i < sk_X509_num(certs); i++)
		UC_TRY(uc_input_settle(job, take_cert(job, sk_X509_value(certs, i), place, &cause), &cause, e));
	for (int i = 0; i < sk_X509_CRL_num(crls); i++)
		UC_TRY(uc_input_settle(job, take_crl(job, sk_X509_CRL_value(crls, i), place, &cause), &cause, e));
	return UC_OK;
}

enum uc_status uc_input_pkcs7(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place, size_t *used,
                              struct uc_error *e)
{
	const unsigned char *p = data.ptr;
	UC_CLEANUP(cms_freep) CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)data.len);
	if (cms == NULL) return bad_pkcs7(place, "that cannot be decoded: it is damaged or cut off", e);
	*used = (size_t)(p - data.ptr);
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
		return bad_pkcs7(place, "of another kind (a message, not a set of certificates)", e);
	uc_input_set_format(job, job->armoured ? "PKCS#7 (PEM)" : "PKCS#7 (DER)");
	return take_signed(job, cms, place, e);
}

/* One reading of a PKCS#12. */
struct p12 {
	struct uc_input_job *job;
	const struct uc_input_place *place;
	const char *password; /* the one that is right; "" and NULL differ here */
	bool proved;          /* by the MAC */
	size_t keys_dropped;
};

static int password_len(const char *password)
{
	return password != NULL ? (int)strlen(password) : 0;
}

/* Why something did not decrypt. */
static enum uc_status cannot_open(const struct p12 *p, const X509_ALGOR *alg, struct uc_error *e)
{
	/* When the MAC has proved the password, it cannot be that. */
	bool unsupported = uc_input_crypt_unsupported() || p->proved;
	if (!unsupported && p->job->password == NULL) return uc_input_crypt_need(p->place, e);
	UC_CLEANUP(uc_freep) char *name = uc_input_crypt_name(alg);
	return uc_input_crypt_fail(unsupported, name, p->place, e);
}

static enum uc_status take_plain_key(struct p12 *p, const PKCS8_PRIV_KEY_INFO *p8, struct uc_error *e)
{
	unsigned char *der = NULL;
	int len = p8 != NULL ? i2d_PKCS8_PRIV_KEY_INFO(p8, &der) : -1;
	if (len <= 0) return uc_fail(e, UC_EINPUT, "damaged-key", NULL, "%s holds a private key that cannot be decoded", p->place->text);
	enum uc_status status = uc_input_key_pkcs8(p->job, uc_slice_of(der, (size_t)len), p->place, e);
	OPENSSL_clear_free(der, (size_t)len);
	return status;
}

static enum uc_status take_key(struct p12 *p, const PKCS12_SAFEBAG *bag, struct uc_error *e)
{
	if (p->job->keys == UC_INPUT_REFUSE_KEYS) {
		p->keys_dropped++;
		return UC_OK;
	}
	if (PKCS12_SAFEBAG_get_nid(bag) == NID_keyBag) return take_plain_key(p, PKCS12_SAFEBAG_get0_p8inf(bag), e);
	const X509_SIG *sig = PKCS12_SAFEBAG_get0_pkcs8(bag);
	const X509_ALGOR *alg = NULL;
	if (sig == NULL) return take_plain_key(p, NULL, e);
	X509_SIG_get0(sig, &alg, NULL);
	UC_TRY(uc_input_crypt_afford(p->job, alg, p->place, e));
	UC_CLEANUP(p8_freep)
	PKCS8_PRIV_KEY_INFO *p8 = PKCS8_decrypt_ex(sig, p->password, password_len(p->password), uc_input_crypt_ctx(), NULL);
	return p8 != NULL ? take_plain_key(p, p8, e) : cannot_open(p, alg, e);
}

static enum uc_status take_bags(struct p12 *p, const bag_stack *bags, int depth, struct uc_error *e);

static enum uc_status take_bag(struct p12 *p, const PKCS12_SAFEBAG *bag, int depth, struct uc_error *e)
{
	enum { MAX_DEPTH = 8 };
	int nid = PKCS12_SAFEBAG_get_nid(bag);
	if (nid == NID_keyBag || nid == NID_pkcs8ShroudedKeyBag) return take_key(p, bag, e);
	if (nid == NID_certBag && PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Certificate) {
		UC_CLEANUP(x509_freep) X509 *x = PKCS12_SAFEBAG_get1_cert(bag);
		return take_cert(p->job, x, p->place, e);
	}
	if (nid == NID_crlBag && PKCS12_SAFEBAG_get_bag_nid(bag) == NID_x509Crl) {
		UC_CLEANUP(crl_freep) X509_CRL *crl = PKCS12_SAFEBAG_get1_crl(bag);
		return take_crl(p->job, crl, p->place, e);
	}
	if (nid == NID_safeContentsBag && depth < MAX_DEPTH) return take_bags(p, PKCS12_SAFEBAG_get0_safes(bag), depth + 1, e);
	uc_input_skip(p->job, p->place, "a secret or an object of an unknown kind");
	return UC_OK;
}

static enum uc_status take_bags(struct p12 *p, const bag_stack *bags, int depth, struct uc_error *e)
{
	struct uc_error cause;
	for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); i++)
		UC_TRY(uc_input_settle(p->job, take_bag(p, sk_PKCS12_SAFEBAG_value(bags, i), depth, &cause), &cause, e));
	return UC_OK;
}

static enum uc_status bad_pkcs12(const struct uc_input_place *place, struct uc_error *e)
{
	ERR_clear_error();
	return uc_fail(e, UC_EINPUT, "no-certificate-found", "Export the file again, or give the certificates as PEM.",
	               "%s is PKCS#12 data that cannot be decoded: it is damaged or cut off", place->text);
}

static enum uc_status open_encrypted(struct p12 *p, PKCS7 *safe, bag_stack **bags, struct uc_error *e)
{
	if (safe->d.encrypted == NULL || safe->d.encrypted->enc_data == NULL) return bad_pkcs12(p->place, e);
	const X509_ALGOR *alg = safe->d.encrypted->enc_data->algorithm;
	UC_TRY(uc_input_crypt_afford(p->job, alg, p->place, e));
	*bags = PKCS12_unpack_p7encdata(safe, p->password, password_len(p->password));
	return *bags != NULL ? UC_OK : cannot_open(p, alg, e);
}

static enum uc_status take_safe(struct p12 *p, PKCS7 *safe, struct uc_error *e)
{
	UC_CLEANUP(bags_freep) bag_stack *bags = NULL;
	int nid = OBJ_obj2nid(safe->type);
	if (nid == NID_pkcs7_encrypted)
		UC_TRY(open_encrypted(p, safe, &bags, e));
	else if (nid == NID_pkcs7_data)
		bags = PKCS12_unpack_p7data(safe);
	else
		return uc_fail(e, UC_EINPUT, "unsupported-algorithm", "Export the file again, protected by a password.",
		               "%s holds a part that is encrypted for a public key", p->place->text);
	return bags != NULL ? take_bags(p, bags, 0, e) : bad_pkcs12(p->place, e);
}

/* Finds the password: the one given, else none, which programs write in two ways. */
static enum uc_status find_password(struct p12 *p, PKCS12 *file, struct uc_error *e)
{
	const char *given = p->job->password;
	const char *const candidates[] = {given != NULL && given[0] != '\0' ? given : "", NULL};
	p->password = candidates[0];
	if (!PKCS12_mac_present(file)) return UC_OK;
	const ASN1_INTEGER *rounds = NULL;
	const X509_ALGOR *alg = NULL;
	uint64_t count = 1;
	PKCS12_get0_mac(NULL, &alg, NULL, &rounds, file);
	if (rounds != NULL && ASN1_INTEGER_get_uint64(&count, rounds) != 1) count = UINT64_MAX;
	bool unsupported = false;
	size_t tries = candidates[0][0] == '\0' ? 2 : 1;
	for (size_t i = 0; i < tries; i++) {
		UC_TRY(uc_input_crypt_afford_rounds(p->job, count, p->place, e));
		p->proved = PKCS12_verify_mac(file, candidates[i], password_len(candidates[i])) == 1;
		unsupported = uc_input_crypt_unsupported();
		p->password = candidates[i];
		if (p->proved) return UC_OK;
	}
	if (!unsupported && given == NULL) return uc_input_crypt_need(p->place, e);
	UC_CLEANUP(uc_freep) char *name = uc_input_crypt_name(alg);
	return uc_input_crypt_fail(unsupported, name, p->place, e);
}

static enum uc_status take_pkcs12(struct p12 *p, PKCS12 *file, struct uc_error *e)
{
	UC_TRY(find_password(p, file, e));
	UC_CLEANUP(safes_freep) safe_stack *safes = PKCS12_unpack_authsafes(file);
	if (safes == NULL) return bad_pkcs12(p->place, e);
	struct uc_error cause;
	for (int i = 0; i < sk_PKCS7_num(safes); i++)
		UC_TRY(uc_input_settle(p->job, take_safe(p, sk_PKCS7_value(safes, i), &cause), &cause, e));
	return UC_OK;
}

enum uc_status uc_input_pkcs12(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place, size_t *used,
                               struct uc_error *e)
{
	const unsigned char *at = data.ptr;
	/* The context goes along with the object: its parts are decrypted with the algorithms of that context. */
	UC_CLEANUP(p12_freep) PKCS12 *file = PKCS12_init_ex(NID_pkcs7_data, uc_input_crypt_ctx(), NULL);
	if (file == NULL || d2i_PKCS12(&file, &at, (long)data.len) == NULL) return bad_pkcs12(place, e);
	*used = (size_t)(at - data.ptr);
	uc_input_set_format(job, "PKCS#12");
	struct p12 p = {.job = job, .place = place};
	enum uc_status status = take_pkcs12(&p, file, e);
	ERR_clear_error();
	job->out->keys_dropped += p.keys_dropped;
	if (p.keys_dropped > 0)
		uc_findings_add(&job->out->findings, UC_NOTE, "key-dropped",
		                "Keys are made on the node and never leave it; delete the file if it is not needed elsewhere.",
		                "the PKCS#12 data holds %zu private key%s, which %s not taken, stored or logged", p.keys_dropped,
		                p.keys_dropped == 1 ? "" : "s", p.keys_dropped == 1 ? "was" : "were");
	return status;
}
