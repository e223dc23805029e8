#include <stdlib.h>
#include <string.h>

#include "pki/report.h"
#include "trustlist/element.h"
#include "trustlist/record.h"
#include "trustlist/sign.h"

enum { MAX_HEX = 64 };

static void set_hex(json_t *o, const char *key, struct uc_slice bytes)
{
	uc_report_set_taken(o, key, uc_hex(bytes, '\0'));
}

static json_t *element_json(enum uc_tl_area area, const struct uc_tl_element *el)
{
	json_t *o = json_object();
	const struct uc_tl_field *f = uc_tl_field_find(area, el->tag);
	struct uc_slice shown = el->value;
	if (shown.len > MAX_HEX) shown.len = MAX_HEX;
	json_object_set_new(o, "offset", json_integer((json_int_t)el->offset));
	json_object_set_new(o, "tag", json_integer(el->tag));
	json_object_set_new(o, "name", uc_report_string(f != NULL ? f->name : NULL));
	json_object_set_new(o, "length", json_integer((json_int_t)el->value.len));
	uc_report_set_taken(o, "text", uc_tl_element_shown(area, el));
	set_hex(o, "hex", shown);
	return o;
}

static json_t *elements_json(enum uc_tl_area area, const struct uc_tl_elements *v)
{
	json_t *list = json_array();
	for (size_t i = 0; i < v->count; i++) json_array_append_new(list, element_json(area, &v->items[i]));
	return list;
}

json_t *uc_tl_signer_json(const struct uc_tl_header *h)
{
	json_t *o = json_object();
	json_object_set_new(o, "subject", uc_report_string(h->name));
	json_object_set_new(o, "issuer", uc_report_string(h->issuer));
	set_hex(o, "serial", uc_buf_slice(&h->serial));
	return o;
}

json_t *uc_tl_header_json(const struct uc_tl_header *h)
{
	json_t *o = json_object();
	char time[UC_TIME_TEXT];
	unsigned bits = h->has_modulus ? uc_tl_modulus_bits(h->modulus) : 0;
	uc_report_set_taken(o, "version", uc_sprintf("%u.%u", (unsigned)h->major, (unsigned)h->minor));
	json_object_set_new(o, "length", json_integer((json_int_t)h->length));
	uc_report_set_taken(o, "signer_version",
	                    h->has_signer_version ? uc_sprintf("%u.%u", (unsigned)h->signer_major, (unsigned)h->signer_minor) : NULL);
	json_object_set_new(o, "signer", uc_tl_signer_json(h));
	json_object_set_new(o, "digest", uc_report_string(h->has_digest ? uc_tl_digest_text(h->digest) : NULL));
	json_object_set_new(o, "modulus_bits", bits > 0 ? json_integer(bits) : json_null());
	json_object_set_new(o, "file_name", uc_report_string(h->file_name));
	json_object_set_new(o, "time", h->has_time ? json_string(uc_time_rfc3339(h->time, time)) : json_null());
	json_object_set_new(o, "elements", elements_json(uc_tl_header_area(h), &h->elements));
	return o;
}

/* What a list of records shows of a certificate: part of its report, under shorter names. */
static json_t *cert_json(const struct uc_cert *c, uc_time now)
{
	static const struct {
		const char *name, *in_report;
	} members[] = {
	    {"fingerprint", "fingerprint_sha256"},
	    {"sha1", "fingerprint_sha1"},
	    {"subject", "subject"},
	    {"issuer", "issuer"},
	    {"serial", "serial"},
	    {"not_before", "not_before"},
	    {"not_after", "not_after"},
	    {"state", "state"},
	    {"key_type", "key_type"},
	    {"common_name", "common_name"},
	};
	json_t *report = uc_report_cert(c, now);
	json_t *o = json_object();
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		json_object_set(o, members[i].name, json_object_get(report, members[i].in_report));
	json_decref(report);
	return o;
}

static json_t *role_json(const struct uc_tl_record *r)
{
	if (!r->has_role) return json_null();
	json_t *o = json_object();
	json_object_set_new(o, "code", json_integer(r->role));
	json_object_set_new(o, "name", uc_report_string(uc_tl_role_name(r->role)));
	return o;
}

json_t *uc_tl_record_json(const struct uc_tl_record *r, size_t number, uc_time now, bool elements)
{
	json_t *o = json_object();
	json_object_set_new(o, "number", json_integer((json_int_t)number));
	json_object_set_new(o, "offset", json_integer((json_int_t)r->offset));
	json_object_set_new(o, "length", json_integer((json_int_t)r->length));
	json_object_set_new(o, "dns", uc_report_string(r->dns));
	json_object_set_new(o, "subject", uc_report_string(r->subject));
	json_object_set_new(o, "issuer", uc_report_string(r->issuer));
	uc_report_set_taken(o, "serial", r->has_serial ? uc_hex(uc_buf_slice(&r->serial), '\0') : NULL);
	json_object_set_new(o, "role", role_json(r));
	uc_report_set_taken(o, "address", uc_tl_address_text(r));
	json_object_set_new(o, "signer", json_boolean(r->is_signer));
	json_object_set_new(o, "certificate", r->cert != NULL ? cert_json(r->cert, now) : json_null());
	if (elements) json_object_set_new(o, "elements", elements_json(UC_TL_IN_RECORD, &r->elements));
	return o;
}

static json_t *signature_json(const struct uc_tl *l)
{
	struct uc_error why;
	json_t *o = json_object();
	bool valid = uc_tl_verify(l, NULL, &why) == UC_OK;
	json_object_set_new(o, "valid", json_boolean(valid));
	json_object_set_new(o, "reason", uc_report_string(valid ? NULL : why.message));
	return o;
}

json_t *uc_tl_json(const struct uc_tl *l, const struct uc_findings *findings, uc_time now)
{
	static const char *const sums[][2] = {{"md5", "MD5"}, {"sha1", "SHA1"}, {"sha256", "SHA256"}};
	json_t *o = json_object();
	json_t *records = json_array();
	json_object_set_new(o, "size", json_integer((json_int_t)l->file.len));
	for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
		uc_report_set_taken(o, sums[i][0], uc_tl_digest_hex(sums[i][1], uc_buf_slice(&l->file)));
	json_object_set_new(o, "header", uc_tl_header_json(&l->header));
	json_object_set_new(o, "signature", signature_json(l));
	for (size_t i = 0; i < l->count; i++) json_array_append_new(records, uc_tl_record_json(&l->records[i], i + 1, now, true));
	json_object_set_new(o, "records", records);
	json_object_set_new(o, "findings", findings != NULL ? uc_report_findings(findings) : json_array());
	return o;
}
