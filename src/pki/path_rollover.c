/*
 * Rollover certificates (C83): a CA's new key certified with its old key. Issuer and subject are equal, yet it is not self-signed. Without
 * an authorityKeyIdentifier X509_verify_cert takes it for self-signed, whatever its signature says, and looks no further. So it is shown
 * copies that have one, and, since a copy's signature is no longer right, the signatures of such a path are verified here, on the
 * originals.
 */
#include <openssl/x509v3.h>

#include "pki/path_internal.h"

UC_DEFINE_CLEANUP(free_akid, AUTHORITY_KEYID, AUTHORITY_KEYID_free)
UC_DEFINE_CLEANUP(free_x509, X509, X509_free)

/* An identifier that names another certificate than x: its issuer's name with a serial that x does not have. */
static AUTHORITY_KEYID *foreign_id(const X509 *x)
{
	static const unsigned char longer[21] = {1};
	UC_CLEANUP(free_akid) AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();
	if (id == NULL) return NULL;
	id->serial = ASN1_INTEGER_new();
	id->issuer = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *issuer = X509_NAME_dup(X509_get_issuer_name(x));
	bool ok = id->serial != NULL && id->issuer != NULL && name != NULL && issuer != NULL;
	if (ok) GENERAL_NAME_set0_value(name, GEN_DIRNAME, uc_move(issuer));
	ok = ok && sk_GENERAL_NAME_push(id->issuer, name) > 0;
	if (ok) name = NULL;
	GENERAL_NAME_free(name);
	X509_NAME_free(issuer);
	bool same = ASN1_STRING_length(X509_get0_serialNumber(x)) == (int)sizeof longer;
	ok = ok && ASN1_STRING_set(id->serial, longer, (int)sizeof longer - (same ? 1 : 0));
	return ok ? uc_move(id) : NULL;
}

X509 *uc_rollover_copy(const struct uc_cert *c)
{
	const unsigned char *p = c->der.ptr;
	UC_CLEANUP(free_x509) X509 *copy = d2i_X509(NULL, &p, (long)c->der.len);
	UC_CLEANUP(free_akid) AUTHORITY_KEYID *id = copy != NULL ? foreign_id(copy) : NULL;
	if (id == NULL || X509_add1_ext_i2d(copy, NID_authority_key_identifier, id, 0, X509V3_ADD_DEFAULT) != 1) return NULL;
	X509_check_purpose(copy, -1, 0);
	return uc_move(copy);
}
