#include "trustlist/list.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "trustlist/record.h"

static const struct {
	unsigned role;
	const char *name;
} roles[] = {
    {UC_TL_SAST, "SAST"}, {UC_TL_CCM, "CCM"},   {UC_TL_CCM_TFTP, "CCM+TFTP"},     {UC_TL_TFTP, "TFTP"},
    {UC_TL_CAPF, "CAPF"}, {UC_TL_SRST, "SRST"}, {UC_TL_APP_SERVER, "APP-SERVER"}, {UC_TL_TVS, "TVS"},
};

const char *uc_tl_role_name(unsigned role)
{
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (roles[i].role == role) return roles[i].name;
	return NULL;
}

bool uc_tl_role_find(const char *text, unsigned *out)
{
	unsigned long long number;
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
		if (!uc_eq_nocase(roles[i].name, text)) continue;
		*out = roles[i].role;
		return true;
	}
	if (!uc_parse_u64(text, 0, UINT16_MAX, &number)) return false;
	*out = (unsigned)number;
	return true;
}

static void record_free(struct uc_tl_record *r)
{
	free(r->dns);
	free(r->subject);
	free(r->issuer);
	uc_buf_free(&r->serial);
	uc_buf_free(&r->public_key);
	uc_buf_free(&r->signature);
	uc_buf_free(&r->der);
	uc_cert_free(r->cert);
	uc_tl_elements_free(&r->elements);
}

void uc_tl_free(struct uc_tl *l)
{
	for (size_t i = 0; i < l->count; i++) record_free(&l->records[i]);
	free(l->records);
	uc_tl_header_free(&l->header);
	uc_buf_free(&l->file);
	*l = (struct uc_tl){.records = NULL};
}

struct uc_tl_known *uc_tl_known_of(const struct uc_tl *l, size_t *count)
{
	struct uc_tl_known *known = uc_zalloc(l->count + 1, sizeof *known);
	*count = 0;
	for (size_t i = 0; i < l->count; i++) {
		const struct uc_tl_record *r = &l->records[i];
		if (r->cert == NULL || !r->has_role) continue;
		memcpy(known[*count].fingerprint, r->cert->fingerprint, UC_FINGERPRINT_LEN);
		known[(*count)++].role = r->role;
	}
	return known;
}

char *uc_tl_record_label(size_t number, bool has_role, unsigned role, const char *dns, const struct uc_cert *cert)
{
	UC_CLEANUP(uc_freep) char *name = cert != NULL ? uc_cert_label(cert) : uc_strdup(dns != NULL ? dns : "");
	UC_CLEANUP(uc_freep) char *code = uc_sprintf("%u", role);
	const char *known = uc_tl_role_name(role);
	return uc_sprintf("record %zu (%s '%s')", number, !has_role ? "?" : known != NULL ? known : code, name);
}

char *uc_tl_address_text(const struct uc_tl_record *r)
{
	const uint8_t *a = r->address;
	return r->has_address ? uc_sprintf("%u.%u.%u.%u", (unsigned)a[0], (unsigned)a[1], (unsigned)a[2], (unsigned)a[3]) : NULL;
}
