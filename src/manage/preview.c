#include "manage/preview.h"

#include <string.h>

#include "core/bytes.h"
#include "manage/plan.h"
#include "pki/key.h"
#include "pki/name.h"
#include "pki/report.h"

/* ---- decoded ---- */

static void set_time(json_t *o, const char *name, const struct uc_asn1_time *t)
{
	char text[UC_TIME_TEXT];
	json_object_set_new(o, name, t->ok ? json_string(uc_time_rfc3339(t->value, text)) : json_null());
}

static json_t *sans_of(const struct uc_cert *c)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	json_t *out = json_array();
	if (!uc_cert_sans(c, &names)) return out; /* malformed: the rules for certificates say so */
	for (size_t i = 0; i < names.count; i++) json_array_append_new(out, uc_report_string(names.items[i]));
	return out;
}

json_t *uc_preview_cert(const struct uc_cert *c, const char *type, const char *distribution)
{
	char fp[UC_FINGERPRINT_HEX];
	char id[UC_KEY_ID_LEN];
	if (type == NULL) type = uc_cert_self_signed(c) ? "self-signed" : "ca-signed";
	json_t *out = json_object();
	uc_report_set_taken(out, "common_name", uc_name_cn(c->subject));
	uc_report_set_taken(out, "subject", uc_name_text(c->subject));
	uc_report_set_taken(out, "issuer", uc_name_text(c->issuer));
	json_object_set_new(out, "fingerprint", json_string(uc_cert_fingerprint_hex(c, fp)));
	uc_report_set_taken(out, "serial", uc_cert_serial_text(c));
	json_object_set_new(out, "type", json_string(type));
	json_object_set_new(out, "key_type", json_string(uc_key_info_of(c->spki).text));
	json_object_set_new(out, "key_id", json_string(uc_key_id(c->spki, id)));
	set_time(out, "not_before", &c->not_before);
	set_time(out, "not_after", &c->not_after);
	json_object_set_new(out, "subject_alt_names", sans_of(c));
	json_object_set_new(out, "distribution", uc_report_string(distribution));
	return out;
}

json_t *uc_preview_request(struct uc_slice der, const char *distribution)
{
	static const char *const members[] = {"common_name", "subject", "subject_alt_names", "key_type",
	                                      "key_id",      "hash",    "key_usage",         "extended_key_usage"};
	json_t *report = uc_report_csr(der);
	if (report == NULL) return json_null();
	json_t *out = json_object();
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) json_object_set(out, members[i], json_object_get(report, members[i]));
	json_object_set_new(out, "distribution", uc_report_string(distribution));
	json_decref(report);
	return out;
}

/* ---- from the members of a step ---- */

static const char *text_or_null(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The bytes of a base64 member; false when it is missing, empty or not base64. */
static bool bytes_of(const json_t *values, const char *member, struct uc_buf *out)
{
	const char *text = text_or_null(values, member);
	return text != NULL && text[0] != '\0' && uc_unbase64(uc_slice_str(text), out);
}

static json_t *cert_of(const json_t *values, const char *type, const char *distribution)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	if (!bytes_of(values, "certificate", &der) || uc_cert_read(uc_buf_slice(&der), &cert, NULL) != UC_OK) return json_null();
	return uc_preview_cert(cert, type, distribution);
}

/* values: the members of an identity, of the step or of its "before". */
static json_t *identity_of(const json_t *step, const json_t *values)
{
	const char *distribution = uc_json_member(values, "distribution");
	bool multi = strcmp(distribution, "multi-server") == 0;
	return cert_of(values, text_or_null(values, "source"), multi ? distribution : text_or_null(step, "node"));
}

static json_t *trust_of(const json_t *step, const json_t *values)
{
	return cert_of(values, NULL, text_or_null(step, "scope"));
}

static json_t *request_of(const json_t *step, const json_t *values)
{
	(void)step;
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	return bytes_of(values, "request", &der) ? uc_preview_request(uc_buf_slice(&der), text_or_null(values, "distribution")) : json_null();
}

enum source { NOTHING, BEFORE, ITSELF };

/* Where the steps of each type have what they take away and what they bring. Types that are not here are about neither. */
static const struct {
	const char *type;
	json_t *(*decode)(const json_t *step, const json_t *values);
	enum source before, after;
} kinds[] = {
    {"identity.set", identity_of, BEFORE, ITSELF}, {"identity.remove", identity_of, BEFORE, NOTHING},
    {"trust.add", trust_of, NOTHING, ITSELF},      {"trust.remove", trust_of, ITSELF, NOTHING},
    {"csr.set", request_of, BEFORE, ITSELF},       {"csr.remove", request_of, BEFORE, NOTHING},
};

static json_t *decode(size_t kind, enum source from, const json_t *step)
{
	if (from == NOTHING) return json_null();
	return kinds[kind].decode(step, from == BEFORE ? json_object_get(step, "before") : step);
}

void uc_preview_step(const json_t *step, json_t *out)
{
	const char *type = uc_json_member(step, "type");
	json_t *expected = json_object_get(step, UC_STEP_EXPECTED);
	size_t kind = 0;
	while (kind < sizeof kinds / sizeof *kinds && strcmp(kinds[kind].type, type) != 0) kind++;
	bool known = kind < sizeof kinds / sizeof *kinds;
	json_t *before = known ? decode(kind, kinds[kind].before, step) : json_null();
	json_t *after = expected != NULL ? json_incref(expected) : known ? decode(kind, kinds[kind].after, step) : json_null();
	json_object_set_new(out, "before", before);
	json_object_set_new(out, "after", after);
}

json_t *uc_preview_steps(const json_t *steps)
{
	json_t *out = json_array();
	size_t i;
	const json_t *step;
	json_array_foreach(steps, i, step)
	{
		json_t *one = json_pack("{s:O, s:O, s:n, s:n}", "type", json_object_get(step, "type"), "text", json_object_get(step, "text"),
		                        "before", "after");
		if (i < UC_PREVIEW_STEPS) uc_preview_step(step, one);
		json_array_append_new(out, one);
	}
	return out;
}
