#include <stdlib.h>
#include <string.h>

#include "pki/der.h"
#include "pki/digest.h"
#include "pki/key.h"
#include "trustlist/build.h"
#include "trustlist/element.h"
#include "trustlist/record.h"

enum { MAX_RSA_BITS = 4096, SHOWN_IN_MESSAGES = 3 };

static const char *const curves[] = {"EC P-256", "EC P-384", "EC P-521"};

/* ---- parts of certificates ---- */

/* The content of a BIT STRING of whole bytes. */
static bool bits_of(struct uc_reader *r, struct uc_slice *out)
{
	struct uc_der bits;
	uint8_t unused;
	if (!uc_der_expect(r, UC_DER_BIT_STRING, &bits)) return false;
	struct uc_reader in = uc_reader_of(bits.content);
	return uc_read_u8(&in, &unused) && unused == 0 && uc_read_slice(&in, uc_reader_left(&in), out);
}

bool uc_tl_cert_key(const struct uc_cert *c, struct uc_slice *out)
{
	struct uc_der d;
	if (!uc_der_whole(c->spki, UC_DER_SEQUENCE, &d)) return false;
	struct uc_reader r = uc_reader_of(d.content);
	return uc_der_expect(&r, UC_DER_SEQUENCE, &d) && bits_of(&r, out);
}

bool uc_tl_cert_signature(const struct uc_cert *c, struct uc_slice *out)
{
	struct uc_der d;
	struct uc_der algorithm;
	if (!uc_der_whole(uc_buf_slice(&c->der), UC_DER_SEQUENCE, &d)) return false;
	struct uc_reader r = uc_reader_of(d.content);
	return uc_der_expect(&r, UC_DER_SEQUENCE, &d) && uc_der_expect(&r, UC_DER_SEQUENCE, &algorithm) && bits_of(&r, out);
}

/* ---- what may be in a list ---- */

static char *entry_label(const struct uc_tl_spec *spec, size_t i)
{
	const struct uc_tl_entry *entry = &spec->entries[i];
	return uc_tl_record_label(i + 1, true, entry->role, entry->dns, entry->cert);
}

/* ---- records ---- */

/* As values of elements; what is NULL or has no length is left out. */
struct record {
	const struct uc_tl_entry *entry;
	char *subject, *issuer; /* owned */
	struct uc_buf serial;
	struct uc_slice key, signature, der;
};

static void record_free(struct record *r)
{
	free(r->subject);
	free(r->issuer);
	uc_buf_free(&r->serial);
}

static struct record record_of(const struct uc_tl_entry *entry, enum uc_tl_layout layout)
{
	struct record r = {.entry = entry};
	const struct uc_cert *c = entry->cert;
	if (c == NULL) return r;
	r.subject = uc_tl_name(c->subject, layout);
	r.issuer = uc_slice_eq(c->issuer, c->subject) ? uc_strdup(r.subject) : uc_tl_name(c->issuer, layout);
	uc_tl_serial(c, &r.serial);
	if (!uc_tl_cert_key(c, &r.key)) r.key.len = 0;
	if (!uc_tl_cert_signature(c, &r.signature)) r.signature.len = 0; /* check_entry() refuses both */
	r.der = uc_buf_slice(&c->der);
	return r;
}

static size_t record_size(const struct record *r, enum uc_tl_layout layout)
{
	const size_t head = UC_TL_HEAD;
	size_t size = UC_TL_RECORD_START + head + sizeof(uint16_t);
	if (layout == UC_TL_SERVER) size += head + strlen(r->entry->dns) + 1 + head + sizeof r->entry->address;
	if (r->subject != NULL) size += head + strlen(r->subject) + 1 + head + strlen(r->issuer) + 1 + head + r->serial.len;
	if (r->subject != NULL) size += head + r->key.len + head + r->signature.len + head + r->der.len;
	return size;
}

static void put_server(const struct record *r, struct uc_buf *out)
{
	uc_tl_put_text(out, UC_TLR_DNS, r->entry->dns);
	if (r->subject != NULL) uc_tl_put_text(out, UC_TLR_SUBJECT, r->subject);
	uc_tl_put_u16(out, UC_TLR_ROLE, (uint16_t)r->entry->role);
	if (r->subject != NULL) {
		uc_tl_put_text(out, UC_TLR_ISSUER, r->issuer);
		uc_tl_put(out, UC_TLR_SERIAL, uc_buf_slice(&r->serial));
		uc_tl_put(out, UC_TLR_PUBLIC_KEY, r->key);
		uc_tl_put(out, UC_TLR_SIGNATURE, r->signature);
		uc_tl_put(out, UC_TLR_CERTIFICATE, r->der);
	}
	uc_tl_put(out, UC_TLR_ADDRESS, uc_slice_of(r->entry->address, sizeof r->entry->address));
}

static void put_peers(const struct record *r, struct uc_buf *out)
{
	if (r->subject != NULL) {
		uc_tl_put_text(out, UC_TLR_SUBJECT, r->subject);
		uc_tl_put_text(out, UC_TLR_ISSUER, r->issuer);
		uc_tl_put(out, UC_TLR_SERIAL, uc_buf_slice(&r->serial));
	}
	uc_tl_put_u16(out, UC_TLR_ROLE, (uint16_t)r->entry->role);
	if (r->subject == NULL) return;
	uc_tl_put(out, UC_TLR_PUBLIC_KEY, r->key);
	uc_tl_put(out, UC_TLR_SIGNATURE, r->signature);
	uc_tl_put(out, UC_TLR_CERTIFICATE, r->der);
}

static void (*const put_in[])(const struct record *r, struct uc_buf *out) = {[UC_TL_SERVER] = put_server, [UC_TL_PEERS] = put_peers};

/* All records of a list, each made once. */
struct records {
	struct record *items; /* as many as the spec has entries */
	size_t count;
};

static void records_free(struct records *v)
{
	for (size_t i = 0; i < v->count; i++) record_free(&v->items[i]);
	free(v->items);
}

static struct records records_of(const struct uc_tl_spec *spec)
{
	struct records v = {.items = uc_zalloc(spec->count + 1, sizeof *v.items), .count = spec->count};
	for (size_t i = 0; i < spec->count; i++) v.items[i] = record_of(&spec->entries[i], spec->signing.layout);
	return v;
}

/* ---- what may be in a list ---- */

/* Is it a key that phones can use, in the form in which records have it (EC points are not compressed)? */
static bool key_fits(const struct uc_cert *c, struct uc_slice key)
{
	struct uc_key_info info = uc_key_info_of(c->spki);
	if (key.len == 0) return false;
	if (info.kind == UC_KEY_RSA) return info.bits > 0 && info.bits <= MAX_RSA_BITS;
	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
		if (strcmp(curves[i], info.text) == 0) return key.ptr[0] == 4;
	return false;
}

static enum uc_status check_entry(const struct uc_tl_spec *spec, const struct records *all, size_t i, struct uc_error *e)
{
	const struct uc_cert *c = spec->entries[i].cert;
	if (c == NULL || (key_fits(c, all->items[i].key) && all->items[i].signature.len > 0)) return UC_OK;
	UC_CLEANUP(uc_freep) char *label = entry_label(spec, i);
	return uc_fail(e, UC_EREFUSED, "tlv-key", "Keys that phones can use: RSA up to 4096 bits, EC P-256, P-384, P-521.",
	               "%s has a key that phones cannot use: %s", label, uc_key_info_of(c->spki).text);
}

static enum uc_status check_entries(const struct uc_tl_spec *spec, const struct records *all, const struct uc_cert *signer,
                                    struct uc_error *e)
{
	size_t sast = 0;
	bool found = false;
	for (size_t i = 0; i < spec->count; i++) {
		const struct uc_tl_entry *entry = &spec->entries[i];
		UC_TRY(check_entry(spec, all, i, e));
		if (entry->role != UC_TL_SAST) continue;
		sast++;
		found = found || (entry->cert != NULL && uc_cert_eq(entry->cert, signer));
	}
	if (sast > UC_TL_MAX_SAST)
		return uc_fail(e, UC_EREFUSED, "tlv-too-many-sast", "Leave out those that no phone needs any more.",
		               "the list would have %zu records with the role SAST, and phones look at %d only", sast, UC_TL_MAX_SAST);
	if (found) return UC_OK;
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(signer);
	return uc_fail(e, UC_EREFUSED, "tlv-signer-missing", "Add it with the role SAST.",
	               "the certificate '%s' cannot sign a list in which it has not the role SAST", label);
}

/* ---- the size ---- */

struct largest {
	size_t index, size;
};

/* The largest records that the list could do without: all but the signer's. Returns how many. */
static size_t find_largest(const struct uc_tl_spec *spec, const struct records *all, const struct uc_cert *signer,
                           struct largest found[SHOWN_IN_MESSAGES])
{
	size_t n = 0;
	for (size_t i = 0; i < spec->count; i++) {
		const struct uc_tl_entry *entry = &spec->entries[i];
		if (entry->role == UC_TL_SAST && entry->cert != NULL && uc_cert_eq(entry->cert, signer)) continue;
		struct largest one = {.index = i, .size = record_size(&all->items[i], spec->signing.layout)};
		for (size_t k = 0; k < n; k++) {
			if (found[k].size >= one.size) continue;
			struct largest smaller = found[k];
			found[k] = one;
			one = smaller;
		}
		if (n < SHOWN_IN_MESSAGES) found[n++] = one;
	}
	return n;
}

static enum uc_status too_large(const struct uc_tl_spec *spec, const struct records *all, const struct uc_cert *signer, size_t size,
                                struct uc_error *e)
{
	struct largest found[SHOWN_IN_MESSAGES];
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	size_t n = find_largest(spec, all, signer, found);
	for (size_t i = 0; i < n; i++) {
		UC_CLEANUP(uc_freep) char *label = entry_label(spec, found[i].index);
		uc_strv_take(&names, uc_sprintf("%.200s: %zu", label, found[i].size));
	}
	UC_CLEANUP(uc_freep) char *largest = uc_strv_join(&names, ", ");
	return uc_fail(e, UC_EREFUSED, "tlv-large", "Take certificates out of the trust stores that no phone needs, or use smaller keys.",
	               "the list would have %zu bytes, and phones load none of %u or more; its largest records that could go, in bytes: %s",
	               size, (unsigned)UC_TL_MAX, largest);
}

/* ---- the list ---- */

static struct uc_tl_build build_of(const struct uc_tl_spec *spec, const struct uc_cert *signer)
{
	return (struct uc_tl_build){.signing = &spec->signing, .signer = signer, .major = 1, .minor = 2, .with_signer_version = true};
}

/* Checks everything, and makes what follows the header. */
static enum uc_status prepare(const struct uc_tl_spec *spec, const struct uc_cert *signer, struct uc_buf *records, struct uc_error *e)
{
	struct uc_tl_build b = build_of(spec, signer);
	UC_CLEANUP(uc_buf_free) struct uc_buf header = UC_BUF_EMPTY;
	size_t at = 0;
	UC_TRY(uc_tl_build_header(&b, &header, &at, e));
	UC_CLEANUP(records_free) struct records all = records_of(spec);
	UC_TRY(check_entries(spec, &all, signer, e));
	size_t size = header.len + UC_TL_HEAD + uc_key_info_of(signer->spki).bits / 8;
	for (size_t i = 0; i < all.count; i++) size += record_size(&all.items[i], spec->signing.layout);
	/* Within the limit no element and no record is too long for its length field. */
	if (size >= UC_TL_MAX) return too_large(spec, &all, signer, size, e);
	uc_buf_reserve(records, size);
	for (size_t i = 0; i < all.count; i++) {
		uc_tl_put_u16(records, UC_TLR_LENGTH, (uint16_t)record_size(&all.items[i], spec->signing.layout));
		put_in[spec->signing.layout](&all.items[i], records);
	}
	return UC_OK;
}

enum uc_status uc_tl_write(const struct uc_tl_spec *spec, const struct uc_cert *signer, EVP_PKEY *key, struct uc_buf *out,
                           struct uc_error *e)
{
	struct uc_tl_build b = build_of(spec, signer);
	UC_CLEANUP(uc_buf_free) struct uc_buf records = UC_BUF_EMPTY;
	UC_TRY(prepare(spec, signer, &records, e));
	return uc_tl_build_file(&b, key, uc_buf_slice(&records), out, e);
}

enum uc_status uc_tl_write_signed(const struct uc_tl_spec *spec, const struct uc_cert *signer, struct uc_slice signature,
                                  struct uc_buf *out, struct uc_error *e)
{
	struct uc_tl_build b = build_of(spec, signer);
	UC_CLEANUP(uc_buf_free) struct uc_buf records = UC_BUF_EMPTY;
	UC_TRY(prepare(spec, signer, &records, e));
	return uc_tl_build_signed(&b, signature, uc_buf_slice(&records), out, e);
}

void uc_tl_content_hash(const struct uc_tl *l, char out[65])
{
	static const uint8_t no_time[UC_TL_HEAD + 4] = {UC_TLH_TIME, 0, 4};
	UC_CLEANUP(uc_buf_free) struct uc_buf content = UC_BUF_EMPTY;
	struct uc_reader r = uc_reader_of(uc_buf_slice(&l->file));
	struct uc_slice part;
	const struct uc_tl_element *time = uc_tl_element_find(&l->header.elements, UC_TLH_TIME);
	for (size_t i = 0; i < l->header.elements.count; i++) {
		const struct uc_tl_element *el = &l->header.elements.items[i];
		if (el->tag != UC_TLH_SIGNATURE && el != time) continue;
		if (uc_read_slice(&r, el->offset - r.pos, &part)) uc_buf_add_slice(&content, part);
		if (!uc_read_slice(&r, UC_TL_HEAD + el->value.len, &part)) break;
		if (el == time) uc_buf_add(&content, no_time, sizeof no_time);
	}
	if (uc_read_slice(&r, uc_reader_left(&r), &part)) uc_buf_add_slice(&content, part);
	uc_sha256_hex(uc_buf_slice(&content), out);
}
