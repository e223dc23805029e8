#include "trustlist/element.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Headers have three levels at most: encryption, what it is encrypted with, its parts. */
enum { MAX_DEPTH = 3 };

static const char no_list_hint[] = "It is damaged, or no trust list and no signed file: get it again from the TFTP server.";

static const struct uc_tl_field header_fields[] = {
    {UC_TLH_VERSION, "VERSION", UC_TL_VERSION, false, false},
    {UC_TLH_LENGTH, "HEADERLENGTH", UC_TL_U16, false, false},
    {UC_TLH_SIGNER, "SIGNERID", UC_TL_CONTAINER, false, false},
    {UC_TLH_SIGNER_NAME, "SIGNERNAME", UC_TL_TEXT, false, false},
    {UC_TLH_SERIAL, "SERIALNUMBER", UC_TL_RAW, false, false},
    {UC_TLH_ISSUER, "CANAME", UC_TL_TEXT, false, false},
    {UC_TLH_SIGNATURE_INFO, "SIGNATUREINFO", UC_TL_CONTAINER, false, false},
    {UC_TLH_DIGEST, "DIGESTALGORITHM", UC_TL_U8, true, false},
    {UC_TLH_ALGORITHM_INFO, "SIGNATUREALGOINFO", UC_TL_CONTAINER, false, false},
    {UC_TLH_ALGORITHM, "SIGNATUREALGORITHM", UC_TL_U8, false, false},
    {UC_TLH_MODULUS, "SIGNATUREMODULUS", UC_TL_U8, false, false},
    {UC_TLH_SIGNATURE, "SIGNATURE", UC_TL_RAW, true, false},
    {UC_TLH_PADDING, "PADDING", UC_TL_PADDING, false, false},
    {UC_TLH_FILE_NAME, "FILENAME", UC_TL_TEXT, false, false},
    {UC_TLH_TIME, "TIMESTAMP", UC_TL_U32, false, false},
    {UC_TLH_ENCRYPTION, "ENCRYPTIONINFO", UC_TL_CONTAINER, false, true},
    {UC_TLH_IV_INFO, "IVINFO", UC_TL_CONTAINER, false, true},
    {UC_TLH_IV_UNKNOWN, NULL, UC_TL_RAW, false, true},
    {UC_TLH_IV, "IV", UC_TL_RAW, true, true},
    {UC_TLH_PAD_COUNT, "PADCOUNT", UC_TL_U16, true, true},
    {UC_TLH_KEY_INFO, "KEYINFO", UC_TL_CONTAINER, false, true},
    {UC_TLH_KEY_UNKNOWN, NULL, UC_TL_RAW, false, true},
    {UC_TLH_KEY_BITS, "KEYBITS", UC_TL_U16, false, true},
    {UC_TLH_KEY_ALGORITHM, "KEYALGORITHM", UC_TL_RAW, false, true},
    {UC_TLH_KEY, "KEY", UC_TL_RAW, true, true},
    {UC_TLH_CONTENT_DIGEST_ALGORITHM, "CONTENTDIGESTALGORITHM", UC_TL_U8, true, true},
    {UC_TLH_CONTENT_DIGEST, "CONTENTDIGEST", UC_TL_RAW, true, true},
    {UC_TLH_SIGNER_VERSION, "SIGNERVERSION", UC_TL_VERSION, false, false},
};

static const struct uc_tl_field record_fields[] = {
    {UC_TLR_LENGTH, "RECORDLENGTH", UC_TL_U16, false, false},
    {UC_TLR_DNS, "DNSNAME", UC_TL_TEXT, false, false},
    {UC_TLR_SUBJECT, "SUBJECTNAME", UC_TL_TEXT, false, false},
    {UC_TLR_ROLE, "FUNCTION", UC_TL_U16, false, false},
    {UC_TLR_ISSUER, "ISSUERNAME", UC_TL_TEXT, false, false},
    {UC_TLR_SERIAL, "SERIALNUMBER", UC_TL_RAW, false, false},
    {UC_TLR_PUBLIC_KEY, "PUBLICKEY", UC_TL_RAW, false, false},
    {UC_TLR_SIGNATURE, "SIGNATURE", UC_TL_RAW, false, false},
    {UC_TLR_CERTIFICATE, "CERTIFICATE", UC_TL_RAW, false, false},
    {UC_TLR_ADDRESS, "IPADDRESS", UC_TL_RAW, false, false}, /* only the form of four bytes is known */
    {UC_TLR_HASH, "CERTHASH", UC_TL_RAW, false, false},
    {UC_TLR_HASH_ALGORITHM, "HASHALGORITHM", UC_TL_RAW, false, false},
};

/* Of values that have one size only. */
static const size_t sizes[] = {[UC_TL_U8] = 1, [UC_TL_U16] = 2, [UC_TL_U32] = 4, [UC_TL_VERSION] = 2, [UC_TL_PADDING] = 0};

static const struct uc_tl_field *find_in(const struct uc_tl_field *fields, size_t count, uint8_t tag)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].tag == tag) return &fields[i];
	return NULL;
}

const struct uc_tl_field *uc_tl_field_find(enum uc_tl_area area, uint8_t tag)
{
	if (area == UC_TL_IN_RECORD) return find_in(record_fields, sizeof record_fields / sizeof *record_fields, tag);
	const struct uc_tl_field *f = find_in(header_fields, sizeof header_fields / sizeof *header_fields, tag);
	return f == NULL || (f->encrypted && area != UC_TL_IN_ENCRYPTED_HEADER) ? NULL : f;
}

void uc_tl_elements_free(struct uc_tl_elements *v)
{
	free(v->items);
	*v = (struct uc_tl_elements){.items = NULL};
}

static void push(struct uc_tl_elements *v, struct uc_tl_element el)
{
	/* Grows at powers of two. */
	if ((v->count & (v->count - 1)) == 0) v->items = uc_realloc(v->items, v->count == 0 ? 1 : 2 * v->count, sizeof *v->items);
	v->items[v->count++] = el;
}

const struct uc_tl_element *uc_tl_element_find(const struct uc_tl_elements *v, uint8_t tag)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].tag == tag) return &v->items[i];
	return NULL;
}

/* ---- reading ---- */

struct walk {
	enum uc_tl_area area;
	const char *where;
	struct uc_tl_elements *out;
	struct uc_findings *findings; /* may be NULL */
	struct uc_error *e;
	size_t seen[UINT8_MAX + 1];
	size_t unknown; /* how many, and the first of them */
	struct uc_tl_element first_unknown;
	bool after_padding, padding_told;
};

/* "SERIALNUMBER", or "with tag 99" for one without a name; returns buf. */
static const char *label(const struct walk *w, uint8_t tag, char buf[32])
{
	const struct uc_tl_field *f = uc_tl_field_find(w->area, tag);
	if (f != NULL && f->name != NULL)
		snprintf(buf, 32, "%s", f->name);
	else
		snprintf(buf, 32, "with tag %u", (unsigned)tag);
	return buf;
}

static enum uc_status check_value(struct walk *w, const struct uc_tl_field *f, const struct uc_tl_element *el)
{
	char name[32];
	size_t len = el->value.len;
	if (sizes[f->kind] != 0 && len != sizes[f->kind])
		return uc_fail(w->e, UC_EINPUT, "tlv-length", no_list_hint,
		               "the element %s at offset %zu of %s has a value of %zu bytes instead of %zu", label(w, el->tag, name), el->offset,
		               w->where, len, sizes[f->kind]);
	if (f->kind != UC_TL_TEXT) return UC_OK;
	if (len == 0 || el->value.ptr[len - 1] != 0)
		return uc_fail(w->e, UC_EINPUT, "tlv-text", no_list_hint,
		               "the element %s at offset %zu of %s is a text that does not end in a zero byte", label(w, el->tag, name), el->offset,
		               w->where);
	if (w->findings != NULL && memchr(el->value.ptr, 0, len) != el->value.ptr + len - 1)
		uc_findings_add(w->findings, UC_WARN, "tlv-text-zero", "Only what stands before it is shown.",
		                "the element %s at offset %zu of %s has a zero byte within its text", label(w, el->tag, name), el->offset,
		                w->where);
	return UC_OK;
}

static enum uc_status check_repeated(struct walk *w, const struct uc_tl_field *f, const struct uc_tl_element *el)
{
	char name[32];
	if (++w->seen[el->tag] == 1) return UC_OK;
	if (f->once)
		return uc_fail(w->e, UC_EINPUT, "tlv-repeated", no_list_hint, "%s has the element %s more than once, again at offset %zu", w->where,
		               label(w, el->tag, name), el->offset);
	if (w->findings != NULL && w->seen[el->tag] == 2)
		uc_findings_add(w->findings, UC_WARN, "tlv-repeated", "The first one is taken here; phones may take another.",
		                "%s has the element %s more than once, again at offset %zu", w->where, label(w, el->tag, name), el->offset);
	return UC_OK;
}

static enum uc_status take(struct walk *w, const struct uc_tl_field *f, const struct uc_tl_element *el)
{
	if (f == NULL && w->unknown++ == 0) w->first_unknown = *el;
	if (f != NULL) {
		UC_TRY(check_value(w, f, el));
		UC_TRY(check_repeated(w, f, el));
	}
	if (w->after_padding && !w->padding_told && w->findings != NULL)
		uc_findings_add(w->findings, UC_WARN, "tlv-padding", NULL, "padding does not stand at the end of %s but before offset %zu",
		                w->where, el->offset);
	w->padding_told = w->padding_told || w->after_padding;
	w->after_padding = false;
	push(w->out, *el);
	return UC_OK;
}

/* All elements of one container, whose last one must end where it ends. what is its name. */
static enum uc_status walk_run(struct walk *w, struct uc_slice run, size_t base, const char *what, unsigned depth)
{
	struct uc_reader r = uc_reader_of(run);
	while (uc_reader_left(&r) > 0) {
		struct uc_tl_element el = {.offset = base + r.pos};
		uint16_t len = 0;
		char name[32];
		if (!uc_read_u8(&r, &el.tag)) break;
		const struct uc_tl_field *f = uc_tl_field_find(w->area, el.tag);
		if (f != NULL && f->kind == UC_TL_PADDING) {
			push(w->out, el);
			w->after_padding = true;
			continue;
		}
		if (!uc_read_u16(&r, &len) || !uc_read_slice(&r, len, &el.value))
			return uc_fail(w->e, UC_EINPUT, "tlv-length", no_list_hint,
			               "the element %s at offset %zu goes beyond the end of %s at offset %zu", label(w, el.tag, name), el.offset, what,
			               base + run.len);
		el.container = f != NULL && f->kind == UC_TL_CONTAINER;
		UC_TRY(take(w, f, &el));
		if (!el.container) continue;
		if (depth == MAX_DEPTH)
			return uc_fail(w->e, UC_EINPUT, "tlv-header", no_list_hint, "the element %s at offset %zu lies within too many others",
			               label(w, el.tag, name), el.offset);
		UC_TRY(walk_run(w, el.value, el.offset + UC_TL_HEAD, label(w, el.tag, name), depth + 1));
	}
	return UC_OK;
}

enum uc_status uc_tl_elements_read(struct uc_slice file, size_t from, size_t to, enum uc_tl_area area, const char *where,
                                   struct uc_tl_elements *out, struct uc_findings *findings, struct uc_error *e)
{
	struct walk w = {.area = area, .where = where, .out = out, .findings = findings, .e = e};
	struct uc_reader r = uc_reader_of(file);
	struct uc_slice run;
	if (from > to || !uc_read_slice(&r, from, &run) || !uc_read_slice(&r, to - from, &run))
		return uc_fail(e, UC_EINTERNAL, "tlv-bounds", NULL, "%s does not lie within its file", where);
	UC_TRY(walk_run(&w, run, from, where, 1));
	if (w.unknown > 0 && findings != NULL)
		uc_findings_add(findings, UC_WARN, "tlv-unknown", "Phones pass over what they do not know.",
		                "%s has unknown elements: %zu; the first has tag %u and %zu bytes, at offset %zu", where, w.unknown,
		                (unsigned)w.first_unknown.tag, w.first_unknown.value.len, w.first_unknown.offset);
	return UC_OK;
}

uint32_t uc_tl_element_number(const struct uc_tl_element *el)
{
	uint32_t n = 0;
	for (size_t i = 0; el != NULL && i < el->value.len && i < sizeof n; i++) n = n << 8 | el->value.ptr[i];
	return n;
}

char *uc_tl_element_text(const struct uc_tl_element *el)
{
	return el != NULL ? uc_strndup((const char *)el->value.ptr, strnlen((const char *)el->value.ptr, el->value.len)) : NULL;
}

void uc_tl_element_bytes(const struct uc_tl_element *el, struct uc_buf *out)
{
	if (el != NULL) uc_buf_add_slice(out, el->value);
}

enum uc_tl_area uc_tl_header_area(const struct uc_tl_header *h)
{
	return h->major >= 2 ? UC_TL_IN_ENCRYPTED_HEADER : UC_TL_IN_HEADER;
}

char *uc_tl_element_shown(enum uc_tl_area area, const struct uc_tl_element *el)
{
	const struct uc_tl_field *f = uc_tl_field_find(area, el->tag);
	uint32_t n = uc_tl_element_number(el);
	if (f == NULL) return NULL;
	switch (f->kind) {
	case UC_TL_TEXT:
		return uc_tl_element_text(el);
	case UC_TL_VERSION:
		return uc_sprintf("%u.%u", n >> 8, n & 0xff);
	case UC_TL_U8:
	case UC_TL_U16:
	case UC_TL_U32:
		return uc_sprintf("%u", n);
	default:
		return NULL;
	}
}

/* ---- writing ---- */

static void put_number(struct uc_buf *out, uint32_t v, unsigned bytes)
{
	while (bytes-- > 0) uc_buf_add_u8(out, (uint8_t)(v >> (8 * bytes)));
}

void uc_tl_put(struct uc_buf *out, uint8_t tag, struct uc_slice value)
{
	uc_buf_add_u8(out, tag);
	put_number(out, (uint32_t)value.len, 2);
	uc_buf_add_slice(out, value);
}

void uc_tl_put_text(struct uc_buf *out, uint8_t tag, const char *text)
{
	uc_tl_put(out, tag, uc_slice_of(text, strlen(text) + 1));
}

static void put_value(struct uc_buf *out, uint8_t tag, uint32_t v, unsigned bytes)
{
	uc_buf_add_u8(out, tag);
	put_number(out, bytes, 2);
	put_number(out, v, bytes);
}

void uc_tl_put_u8(struct uc_buf *out, uint8_t tag, uint8_t v)
{
	put_value(out, tag, v, 1);
}

void uc_tl_put_u16(struct uc_buf *out, uint8_t tag, uint16_t v)
{
	put_value(out, tag, v, 2);
}

void uc_tl_put_u32(struct uc_buf *out, uint8_t tag, uint32_t v)
{
	put_value(out, tag, v, 4);
}
