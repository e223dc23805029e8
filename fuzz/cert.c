/*
 * Targets: uc_cert_read and every getter of cert.h, name.h and key.h (src/pki), each against OpenSSL's reading of the same bytes: what
 * d2i_X509 reads and writes again unchanged must be read here as well, but for the exceptions named in is_exception().
 */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "pki/cert.h"
#include "pki/der.h"
#include "pki/key.h"
#include "pki/name.h"

UC_DEFINE_CLEANUP(free_x509, X509, X509_free)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool rule)
{
	if (!rule) abort();
}

/* OpenSSL keeps the bytes of a name as they came, BER or not: its re-encoding proves nothing about them. */
static bool name_is_der(const X509_NAME *name)
{
	const unsigned char *der = NULL;
	size_t len = 0;
	struct uc_der seq;
	return X509_NAME_get0_der(name, &der, &len) == 1 && uc_der_whole(uc_slice_of(der, len), UC_DER_SEQUENCE, &seq);
}

/* Certificates that are in DER and that we refuse nevertheless: more than 200 extensions, a version number of more than one byte (-1: of many). */
static bool is_exception(const X509 *x)
{
	long version = X509_get_version(x);
	return X509_get_ext_count(x) > 200 || version < -127 || version > 127 || version == -1;
}

/* Does OpenSSL read these bytes, and does it, having forgotten them, write the same again? */
static X509 *read_by_openssl(struct uc_slice der)
{
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_x509) X509 *x = d2i_X509(NULL, &p, (long)der.len);
	if (x == NULL || p != der.ptr + der.len) return NULL;
	if (!name_is_der(X509_get_issuer_name(x)) || !name_is_der(X509_get_subject_name(x))) return NULL;
	unsigned char *again = NULL;
	int len = i2d_re_X509_tbs(x, &again);
	OPENSSL_free(again);
	again = NULL;
	if (len > 0) len = i2d_X509(x, &again);
	bool same = len > 0 && uc_slice_eq(uc_slice_of(again, (size_t)len), der);
	OPENSSL_free(again);
	return same ? uc_move(x) : NULL;
}

static void compare_names(struct uc_slice name, const X509_NAME *theirs)
{
	int ok = 0;
	unsigned long hash = X509_NAME_hash_ex(theirs, NULL, NULL, &ok);
	if (ok) require(uc_name_hash(name) == hash);
	require(uc_name_eq(name, name));
	UC_CLEANUP(uc_freep) char *text = uc_name_text(name);
	UC_CLEANUP(uc_freep) char *cn = uc_name_cn(name);
	require(uc_utf8_valid(uc_slice_str(text)));
	if (cn != NULL) require(cn[0] != '\0' && uc_utf8_valid(uc_slice_str(cn)));
	if (uc_name_is_empty(name)) require(text[0] == '\0' && cn == NULL);
}

static void compare(const struct uc_cert *c, X509 *x)
{
	require(c->version == (int)X509_get_version(x) + 1);
	require(c->ext_count == (size_t)(X509_get_ext_count(x) > 0 ? X509_get_ext_count(x) : 0));
	for (size_t i = 0; i < c->ext_count; i++) {
		const X509_EXTENSION *ext = X509_get_ext(x, (int)i);
		const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data((X509_EXTENSION *)(uintptr_t)ext);
		require(uc_slice_eq(c->exts[i].value, uc_slice_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value))));
		require(c->exts[i].critical == (X509_EXTENSION_get_critical(ext) != 0));
	}
	UC_CLEANUP(free_x509) X509 *decoded = uc_cert_x509(c);
	require(decoded != NULL);
	compare_names(c->issuer, X509_get_issuer_name(x));
	compare_names(c->subject, X509_get_subject_name(x));
	UC_CLEANUP(uc_freep) char *serial = uc_cert_serial_text(c);
	BIGNUM *theirs = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	BIGNUM *ours = NULL;
	require(theirs != NULL && BN_hex2bn(&ours, serial) > 0 && BN_cmp(ours, theirs) == 0);
	BN_free(ours);
	BN_free(theirs);
}

static void use_getters(const struct uc_cert *c)
{
	struct uc_strv names = {.items = NULL};
	char hex[UC_FINGERPRINT_HEX];
	char id[UC_KEY_ID_LEN];
	struct uc_key_info key = uc_key_info_of(c->spki);
	require(memchr(key.text, '\0', sizeof key.text) != NULL && key.text[0] != '\0');
	const struct uc_key_spec *spec = uc_key_spec_of(c->spki);
	if (spec != NULL) require((unsigned)spec->bits == key.bits);
	require(strlen(uc_cert_fingerprint_hex(c, hex)) == 64 && strlen(uc_key_id(c->spki, id)) == 64);
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
	UC_CLEANUP(uc_freep) char *base = uc_cert_base_name(c);
	require(label[0] != '\0' && base[0] != '\0' && strchr(base, '/') == NULL && base[0] != '.');
	(void)uc_cert_sans(c, &names);
	(void)uc_cert_ekus(c, &names);
	for (size_t i = 0; i < names.count; i++) require(uc_utf8_valid(uc_slice_str(names.items[i])));
	uc_strv_free(&names);
	(void)uc_cert_self_signed(c);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *copy = uc_cert_dup(c);
	require(uc_cert_eq(c, copy) && uc_cert_ext(c, "2.5.29.9999") == NULL);
	UC_CLEANUP(uc_freep) char *not_after = uc_asn1_time_quote(&c->not_after);
	require(uc_utf8_valid(uc_slice_str(not_after)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uc_slice der = uc_slice_of(data, size);
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
	UC_CLEANUP(free_x509) X509 *x = read_by_openssl(der);
	bool ours = uc_cert_read(der, &c, &e) == UC_OK;
	if (x != NULL && !is_exception(x)) require(ours);
	if (x != NULL && ours) compare(c, x);
	if (ours) use_getters(c);
	ERR_clear_error();
	return 0;
}
