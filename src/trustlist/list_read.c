#include <stdlib.h>
#include <string.h>

#include "trustlist/element.h"
#include "trustlist/record.h"
#include "trustlist/sign.h"

static const char no_list_hint[] = "It is damaged, or no trust list: get it again from the TFTP server.";

/* Where a record ends, from its first element. */
static enum uc_status read_length(struct uc_slice file, size_t at, size_t number, size_t *length, struct uc_error *e)
{
	static const uint8_t fixed[] = {UC_TLR_LENGTH, 0, 2};
	struct uc_reader r = uc_reader_of(file);
	struct uc_slice before;
	uint16_t len = 0;
	uint8_t byte;
	if (!uc_read_slice(&r, at, &before))
		return uc_fail(e, UC_EINTERNAL, "tlv-bounds", NULL, "record %zu does not lie within its file", number);
	for (size_t i = 0; i < sizeof fixed; i++) {
		if (!uc_read_u8(&r, &byte))
			return uc_fail(e, UC_EINPUT, "tlv-truncated", no_list_hint, "the file ends at offset %zu, within the head of record %zu",
			               file.len, number);
		if (byte != fixed[i])
			return uc_fail(e, UC_EINPUT, "tlv-trailing", no_list_hint,
			               "the %zu bytes at offset %zu are no record: byte 0x%02x instead of 0x%02x at offset %zu", file.len - at, at,
			               (unsigned)byte, (unsigned)fixed[i], at + i);
	}
	if (!uc_read_u16(&r, &len))
		return uc_fail(e, UC_EINPUT, "tlv-truncated", no_list_hint, "the file ends at offset %zu, within the head of record %zu", file.len,
		               number);
	if (len < UC_TL_RECORD_START)
		return uc_fail(e, UC_EINPUT, "tlv-record", no_list_hint,
		               "record %zu at offset %zu says that it has %u bytes, less than its own head", number, at, (unsigned)len);
	if (len > file.len - at)
		return uc_fail(e, UC_EINPUT, "tlv-truncated", no_list_hint,
		               "the file ends at offset %zu, within record %zu at offset %zu, which has %u bytes", file.len, number, at,
		               (unsigned)len);
	*length = len;
	return UC_OK;
}

static void take_certificate(struct uc_tl_record *r, size_t number, struct uc_findings *findings)
{
	struct uc_error why;
	const struct uc_tl_element *el = uc_tl_element_find(&r->elements, UC_TLR_CERTIFICATE);
	uc_tl_element_bytes(el, &r->der);
	if (el == NULL || uc_cert_read(el->value, &r->cert, &why) == UC_OK) return;
	UC_CLEANUP(uc_freep) char *label = uc_tl_record_label(number, r->has_role, r->role, r->dns, NULL);
	if (findings != NULL)
		uc_findings_add(findings, UC_WARN, "tlv-certificate", NULL, "%s has a certificate that cannot be read: %s", label, why.message);
}

static void take_fields(struct uc_tl_record *r)
{
	const struct uc_tl_element *role = uc_tl_element_find(&r->elements, UC_TLR_ROLE);
	const struct uc_tl_element *serial = uc_tl_element_find(&r->elements, UC_TLR_SERIAL);
	const struct uc_tl_element *address = uc_tl_element_find(&r->elements, UC_TLR_ADDRESS);
	r->dns = uc_tl_element_text(uc_tl_element_find(&r->elements, UC_TLR_DNS));
	r->subject = uc_tl_element_text(uc_tl_element_find(&r->elements, UC_TLR_SUBJECT));
	r->issuer = uc_tl_element_text(uc_tl_element_find(&r->elements, UC_TLR_ISSUER));
	r->has_role = role != NULL;
	r->role = uc_tl_element_number(role);
	r->has_serial = serial != NULL;
	uc_tl_element_bytes(serial, &r->serial);
	uc_tl_element_bytes(uc_tl_element_find(&r->elements, UC_TLR_PUBLIC_KEY), &r->public_key);
	uc_tl_element_bytes(uc_tl_element_find(&r->elements, UC_TLR_SIGNATURE), &r->signature);
	r->has_address = address != NULL && address->value.len == sizeof r->address;
	if (r->has_address) memcpy(r->address, address->value.ptr, sizeof r->address);
}

/* Have a header and a record the same bytes in these elements? */
static bool same_bytes(const struct uc_tl_header *h, uint8_t header_tag, const struct uc_tl_record *r, uint8_t record_tag)
{
	const struct uc_tl_element *a = uc_tl_element_find(&h->elements, header_tag);
	const struct uc_tl_element *b = uc_tl_element_find(&r->elements, record_tag);
	return a != NULL && b != NULL && uc_slice_eq(a->value, b->value);
}

static bool is_signer(const struct uc_tl_header *h, const struct uc_tl_record *r)
{
	if (!r->has_role || r->role != UC_TL_SAST) return false;
	if (same_bytes(h, UC_TLH_SIGNER_NAME, r, UC_TLR_SUBJECT) && same_bytes(h, UC_TLH_ISSUER, r, UC_TLR_ISSUER) &&
	    same_bytes(h, UC_TLH_SERIAL, r, UC_TLR_SERIAL))
		return true;
	return r->cert != NULL && uc_tl_header_names(h, r->cert);
}

static struct uc_tl_record *push_record(struct uc_tl *l)
{
	/* Grows at powers of two. */
	if ((l->count & (l->count - 1)) == 0) l->records = uc_realloc(l->records, l->count == 0 ? 1 : 2 * l->count, sizeof *l->records);
	struct uc_tl_record *r = &l->records[l->count++];
	*r = (struct uc_tl_record){.dns = NULL};
	return r;
}

static enum uc_status read_record(struct uc_tl *l, size_t at, size_t *length, struct uc_findings *findings, struct uc_error *e)
{
	struct uc_slice file = uc_buf_slice(&l->file);
	size_t number = l->count + 1;
	UC_TRY(read_length(file, at, number, length, e));
	UC_CLEANUP(uc_freep) char *where = uc_sprintf("record %zu", number);
	struct uc_tl_record *r = push_record(l);
	r->offset = at;
	r->length = *length;
	UC_TRY(uc_tl_elements_read(file, at, at + *length, UC_TL_IN_RECORD, where, &r->elements, findings, e));
	take_fields(r);
	take_certificate(r, number, findings);
	r->is_signer = is_signer(&l->header, r);
	return UC_OK;
}

static enum uc_status read_all(struct uc_tl *l, struct uc_findings *findings, struct uc_error *e)
{
	UC_TRY(uc_tl_header_read(uc_buf_slice(&l->file), &l->header, findings, e));
	size_t at = l->header.length;
	while (at < l->file.len) {
		size_t length = 0;
		UC_TRY(read_record(l, at, &length, findings, e));
		at += length;
	}
	return UC_OK;
}

enum uc_status uc_tl_read(struct uc_slice file, uc_time now, struct uc_tl *out, struct uc_findings *findings, struct uc_error *e)
{
	*out = (struct uc_tl){.records = NULL};
	if (file.len >= UC_TL_MAX)
		return uc_fail(e, UC_ELIMIT, "tlv-too-large", "Phones do not load it either: make the list anew with fewer records.",
		               "the trust list has %zu bytes, and phones load none of %u or more", file.len, (unsigned)UC_TL_MAX);
	uc_buf_add_slice(&out->file, file);
	enum uc_status status = read_all(out, findings, e);
	if (status != UC_OK)
		uc_tl_free(out);
	else if (findings != NULL)
		uc_tl_look(out, now, findings);
	return status;
}

enum uc_status uc_tl_verify(const struct uc_tl *l, const struct uc_cert *by, struct uc_error *e)
{
	const struct uc_tl_header *h = &l->header;
	UC_TRY(uc_tl_check_signed(h, e));
	if (by != NULL) return uc_tl_header_verify(h, uc_buf_slice(&l->file), by, e);
	enum uc_status status = UC_EREFUSED;
	bool tried = false;
	for (size_t i = 0; i < l->count && status != UC_OK; i++) {
		const struct uc_tl_record *r = &l->records[i];
		if (!r->is_signer || r->cert == NULL) continue;
		tried = true;
		status = uc_tl_header_verify(h, uc_buf_slice(&l->file), r->cert, e);
	}
	if (tried) return status;
	UC_CLEANUP(uc_freep) char *serial = uc_hex(uc_buf_slice(&h->serial), '\0');
	return uc_fail(e, UC_EREFUSED, "tlv-signer-missing", "Give the signer's certificate, if you have it from elsewhere.",
	               "the list has no certificate of its signer '%s' (serial %s) in the role SAST", h->name, serial);
}
