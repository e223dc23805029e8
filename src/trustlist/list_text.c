/* Lists as `show ctl` and `show itl` print them. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "trustlist/element.h"
#include "trustlist/record.h"
#include "trustlist/sign.h"

enum { HEX_PER_LINE = 16 };

static const char table_head[] = "BYTEPOS TAG                     LENGTH  VALUE\n"
                                 "------- ---                     ------  -----\n";

/* Takes text, which may be NULL, and shows it on one line whatever a file has put there. */
static void add_row(struct uc_buf *out, uint8_t tag, const char *name, size_t length, char *text)
{
	UC_CLEANUP(uc_freep) char *value = text;
	uc_buf_printf(out, "%-7u %-23s %-7zu %s", (unsigned)tag, name != NULL ? name : "(unknown)", length,
	              value != NULL ? uc_text_printable(value) : "");
	while (out->len > 0 && out->ptr[out->len - 1] == ' ') out->len--;
	uc_buf_add_str(out, "\n");
}

static char *upper_hex(struct uc_slice bytes, char sep)
{
	char *text = uc_hex(bytes, sep);
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'f') *p = (char)(*p - 'a' + 'A');
	return text;
}

static void add_dump(struct uc_buf *out, struct uc_slice bytes)
{
	struct uc_reader r = uc_reader_of(bytes);
	struct uc_slice line;
	while (uc_reader_left(&r) > 0) {
		size_t left = uc_reader_left(&r);
		if (!uc_read_slice(&r, left < HEX_PER_LINE ? left : HEX_PER_LINE, &line)) return;
		UC_CLEANUP(uc_freep) char *hex = uc_hex(line, ' ');
		uc_buf_printf(out, "        %s\n", hex);
	}
}

/* ---- the header ---- */

static char *header_value(const struct uc_tl_header *h, const struct uc_tl_element *el)
{
	char time[UC_TIME_TEXT];
	switch (el->tag) {
	case UC_TLH_SERIAL:
		return upper_hex(el->value, ':');
	case UC_TLH_DIGEST:
		return uc_strdup(uc_tl_digest_text(h->digest));
	case UC_TLH_MODULUS:
		return uc_sprintf("%u (%u bits)", h->modulus, uc_tl_modulus_bits(h->modulus));
	case UC_TLH_TIME:
		return uc_strdup(uc_time_rfc3339(h->time, time));
	default:
		return uc_tl_element_shown(uc_tl_header_area(h), el);
	}
}

/* Containers are shown as the number that their length is, paddings as one. */
static void add_header_element(struct uc_buf *out, const struct uc_tl_header *h, size_t *i)
{
	const struct uc_tl_element *el = &h->elements.items[*i];
	const struct uc_tl_field *f = uc_tl_field_find(uc_tl_header_area(h), el->tag);
	const char *name = f != NULL ? f->name : NULL;
	size_t paddings = 0;
	while (*i + paddings < h->elements.count && h->elements.items[*i + paddings].tag == UC_TLH_PADDING) paddings++;
	if (paddings > 0) {
		add_row(out, el->tag, name, paddings, NULL);
		*i += paddings - 1;
		return;
	}
	if (el->container)
		add_row(out, el->tag, name, 2, uc_sprintf("%zu", el->value.len));
	else
		add_row(out, el->tag, name, el->value.len, header_value(h, el));
	if (el->tag == UC_TLH_SIGNATURE) add_dump(out, el->value);
}

static void add_header(struct uc_buf *out, const struct uc_tl_header *h)
{
	uc_buf_printf(out, "Version:        %u.%u\nHeaderLength:   %zu (BYTES)\n\n%s", (unsigned)h->major, (unsigned)h->minor, h->length,
	              table_head);
	/* The first two are the lines above. */
	for (size_t i = 2; i < h->elements.count; i++) add_header_element(out, h, &i);
}

/* ---- records ---- */

static char *record_value(const struct uc_tl_record *r, const struct uc_tl_element *el)
{
	const char *role = uc_tl_role_name(r->role);
	UC_CLEANUP(uc_freep) char *hex = NULL;
	UC_CLEANUP(uc_buf_free) struct uc_buf hash = UC_BUF_EMPTY;
	switch (el->tag) {
	case UC_TLR_ROLE:
		if (r->role == UC_TL_SAST) return uc_strdup("System Administrator Security Token");
		return role != NULL ? uc_strdup(role) : uc_sprintf("%u", r->role);
	case UC_TLR_SERIAL:
	case UC_TLR_HASH:
	case UC_TLR_HASH_ALGORITHM:
		return upper_hex(el->value, ':');
	case UC_TLR_CERTIFICATE:
		if (!uc_tl_digest(UC_TL_SHA1, el->value, &hash)) return NULL;
		hex = upper_hex(uc_buf_slice(&hash), ' ');
		return uc_sprintf("%s (SHA1 Hash HEX)", hex);
	case UC_TLR_ADDRESS:
		return r->has_address ? uc_tl_address_text(r) : upper_hex(el->value, ':');
	default:
		return uc_tl_element_shown(UC_TL_IN_RECORD, el);
	}
}

static void add_record(struct uc_buf *out, const char *kind, const struct uc_tl_record *r, size_t number)
{
	uc_buf_printf(out, "\n%s Record #:%zu\n              ----\n%s", kind, number, table_head);
	for (size_t i = 0; i < r->elements.count; i++) {
		const struct uc_tl_element *el = &r->elements.items[i];
		const struct uc_tl_field *f = uc_tl_field_find(UC_TL_IN_RECORD, el->tag);
		add_row(out, el->tag, f != NULL ? f->name : NULL, el->value.len, record_value(r, el));
	}
	if (r->has_role && r->role == UC_TL_SAST)
		uc_buf_printf(out, "This certificate %s the %s file.\n", r->is_signer ? "signed" : "did not sign", kind);
}

/* ---- the whole ---- */

static void add_sums(struct uc_buf *out, const struct uc_tl *l, const char *kind)
{
	static const char *const names[] = {"MD5", "SHA1", "SHA256"};
	char time[UC_TIME_TEXT];
	uc_buf_printf(out, "The checksum value of the %s file:\n", kind);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		UC_CLEANUP(uc_freep) char *hex = uc_tl_digest_hex(names[i], uc_buf_slice(&l->file));
		uc_buf_printf(out, "%s(%s)\n", hex, names[i]);
	}
	uc_buf_printf(out, "\nLength of %s file: %zu\n", kind, l->file.len);
	if (l->header.has_time) uc_buf_printf(out, "The %s file was last modified on %s\n", kind, uc_time_rfc3339(l->header.time, time));
	uc_buf_printf(out, "\nParse %s File\n----------------\n\n", kind);
}

static void add_verdict(struct uc_buf *out, const struct uc_tl *l, const char *kind)
{
	struct uc_error why;
	if (uc_tl_verify(l, NULL, &why) == UC_OK)
		uc_buf_printf(out, "\nThe %s file was verified successfully.\n", kind);
	else
		uc_buf_printf(out, "\nThe %s file was not verified: %s.\n", kind, why.message);
}

void uc_tl_text(const struct uc_tl *l, const char *kind, const struct uc_findings *findings, struct uc_buf *out)
{
	add_sums(out, l, kind);
	add_header(out, &l->header);
	for (size_t i = 0; i < l->count; i++) add_record(out, kind, &l->records[i], i + 1);
	if (findings != NULL && findings->count > 0) uc_buf_add_str(out, "\n");
	for (size_t i = 0; findings != NULL && i < findings->count; i++)
		uc_buf_printf(out, "%s: %s\n", uc_weight_name(findings->items[i].weight), findings->items[i].message);
	add_verdict(out, l, kind);
}
