/* What a list has that phones bear but people should know. */
#include <string.h>

#include "pki/key.h"
#include "trustlist/element.h"
#include "trustlist/record.h"

/* Larger keys are said to be too much for phones; many are in use. */
enum { LARGE_KEY_BITS = 2048 };

struct look {
	const struct uc_tl_record *record;
	const char *label;
	uc_time now;
	struct uc_findings *findings;
};

static void look_at_role(const struct look *k)
{
	const struct uc_tl_record *r = k->record;
	if (!r->has_role)
		uc_findings_add(k->findings, UC_WARN, "tlv-role-missing", NULL, "%s says nothing of its role", k->label);
	else if (uc_tl_role_name(r->role) == NULL)
		uc_findings_add(k->findings, UC_NOTE, "tlv-role-unknown", NULL, "%s has a role that is not known: %u", k->label, r->role);
}

static void look_at_texts(const struct look *k)
{
	const struct uc_tl_record *r = k->record;
	const struct uc_tl_element *address = uc_tl_element_find(&r->elements, UC_TLR_ADDRESS);
	const char *const names[] = {r->subject, r->issuer};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i] != NULL && !uc_tl_name_reads(names[i]))
			uc_findings_add(k->findings, UC_NOTE, "tlv-name", "Phones compare names byte by byte, so it does no harm.",
			                "%s has a malformed name: %s", k->label, names[i]);
	if (address != NULL && !r->has_address)
		uc_findings_add(k->findings, UC_NOTE, "tlv-address", NULL, "%s has an address of %zu bytes instead of 4", k->label,
		                address->value.len);
}

static void look_at_validity(const struct look *k)
{
	char until[UC_TIME_TEXT];
	const struct uc_cert *c = k->record->cert;
	const char *state = uc_cert_state(c, k->now);
	if (strcmp(state, "expired") == 0)
		uc_findings_add(k->findings, UC_WARN, "tlv-expired", "Phones may still take it; publish a list with its successor.",
		                "%s has a certificate that expired on %s", k->label, uc_time_rfc3339(c->not_after.value, until));
	else if (strcmp(state, "not-yet-valid") == 0)
		uc_findings_add(k->findings, UC_WARN, "tlv-not-yet-valid", NULL, "%s has a certificate that is valid from %s on", k->label,
		                uc_time_rfc3339(c->not_before.value, until));
}

/* A record says part of what its certificate says once more. */
static void look_at_certificate(const struct look *k)
{
	struct uc_slice key;
	const struct uc_tl_record *r = k->record;
	struct uc_slice serial = uc_tl_serial_trim(uc_buf_slice(&r->serial));
	struct uc_key_info info = uc_key_info_of(r->cert->spki);
	if (r->has_serial && !uc_slice_eq(serial, uc_tl_serial_trim(r->cert->serial)))
		uc_findings_add(k->findings, UC_WARN, "tlv-mismatch", NULL, "%s has another serial number than its certificate", k->label);
	if (r->public_key.len > 0 && uc_tl_cert_key(r->cert, &key) && !uc_slice_eq(key, uc_buf_slice(&r->public_key)))
		uc_findings_add(k->findings, UC_WARN, "tlv-mismatch", NULL, "%s has another public key than its certificate", k->label);
	if (info.kind == UC_KEY_RSA && info.bits > LARGE_KEY_BITS)
		uc_findings_add(k->findings, UC_WARN, "tlv-large-key", "Try it with each model of phone: 2048 bits is the most that all know.",
		                "%s has a key of %u bits", k->label, info.bits);
	look_at_validity(k);
}

static void look_at_record(const struct uc_tl_record *r, size_t number, uc_time now, struct uc_findings *findings)
{
	UC_CLEANUP(uc_freep) char *label = uc_tl_record_label(number, r->has_role, r->role, r->dns, r->cert);
	const struct look k = {.record = r, .label = label, .now = now, .findings = findings};
	look_at_role(&k);
	look_at_texts(&k);
	if (r->cert != NULL)
		look_at_certificate(&k);
	else if (r->der.len == 0)
		uc_findings_add(findings, UC_NOTE, "tlv-no-certificate", NULL, "%s has no certificate, which tells phones to go there without TLS",
		                label);
}

void uc_tl_look(const struct uc_tl *l, uc_time now, struct uc_findings *findings)
{
	size_t sast = 0;
	bool signer = false;
	for (size_t i = 0; i < l->count; i++) {
		const struct uc_tl_record *r = &l->records[i];
		look_at_record(r, i + 1, now, findings);
		if (r->has_role && r->role == UC_TL_SAST) sast++;
		signer = signer || (r->is_signer && r->cert != NULL);
	}
	if (sast > UC_TL_MAX_SAST)
		uc_findings_add(findings, UC_WARN, "tlv-too-many-sast", "Phones look at two of them only.",
		                "the list has %zu records with the role SAST, more than %d", sast, UC_TL_MAX_SAST);
	if (!signer && l->header.signature.len > 0)
		uc_findings_add(findings, UC_WARN, "tlv-signer-missing", "Phones cannot verify it by itself.",
		                "the list has no certificate of its signer '%s' in the role SAST", l->header.name);
}
