#include "pki/check.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "pki/check_rule.h"
#include "pki/der.h"

UC_DEFINE_CLEANUP(free_x509, X509, X509_free)

static const struct uc_check_rules *const groups[] = {&uc_check_field_rules, &uc_check_ext_rules, &uc_check_name_rules};

static void add(const struct uc_check *k, enum uc_weight weight, const char *fmt, va_list ap) UC_PRINTF(3, 0);

static void add(const struct uc_check *k, enum uc_weight weight, const char *fmt, va_list ap)
{
	UC_CLEANUP(uc_freep) char *message = uc_vsprintf(fmt, ap);
	uc_findings_add(k->out, weight, k->rule->code, k->rule->hint, "%s", message);
}

void uc_check_found(const struct uc_check *k, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add(k, (enum uc_weight)k->rule->weight[k->options->role], fmt, ap);
	va_end(ap);
}

void uc_check_found_as(const struct uc_check *k, enum uc_weight weight, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add(k, weight, fmt, ap);
	va_end(ap);
}

bool uc_check_self_signed(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	if (!c->self_issued || k->x == NULL) return false;
	if (c->aki.len > 0 && c->ski.len > 0 && !uc_slice_eq(c->aki, c->ski)) return false;
	EVP_PKEY *key = X509_get0_pubkey(k->x);
	return key != NULL && X509_verify(k->x, key) == 1;
}

const struct uc_ext *uc_check_ext(const struct uc_cert *c, uint8_t n)
{
	const uint8_t oid[] = {0x55, 0x1d, n};
	for (size_t i = 0; i < c->ext_count; i++)
		if (uc_slice_eq(c->exts[i].oid, uc_slice_of(oid, sizeof oid))) return &c->exts[i];
	return NULL;
}

char *uc_check_oid_name(struct uc_slice oid)
{
	UC_CLEANUP(uc_freep) char *text = uc_der_oid_text(oid);
	int nid = OBJ_txt2nid(text);
	return nid != NID_undef ? uc_sprintf("%s (%s)", OBJ_nid2sn(nid), text) : uc_strdup(text);
}

void uc_check_cert(const struct uc_cert *c, const struct uc_check_options *options, struct uc_findings *out)
{
	ERR_set_mark(); /* decoding broken parts must not leave errors for the next caller of OpenSSL */
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(c);
	struct uc_check k = {
	    .c = c,
	    .options = options,
	    .out = out,
	    .x = x,
	    .key = uc_key_info_of(c->spki),
	    .sans = uc_check_sans_read(c),
	};
	for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
		for (size_t i = 0; i < groups[g]->count; i++) {
			k.rule = &groups[g]->rows[i];
			if (k.rule->weight[options->role] != UC_CHECK_SKIP) k.rule->judge(&k);
		}
	}
	ERR_pop_to_mark();
}
