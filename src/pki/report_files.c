/* `utils cert check`: what a set of files holds, and what in it belongs together. */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "pki/check.h"
#include "pki/digest.h"
#include "pki/name.h"
#include "pki/report_survey.h"
#include "pki/request.h"

UC_DEFINE_CLEANUP(free_key, EVP_PKEY, EVP_PKEY_free)
UC_DEFINE_CLEANUP(free_crl, X509_CRL, X509_CRL_free)

static void note_error(struct uc_findings *out, const struct uc_error *e)
{
	uc_findings_add(out, UC_REFUSED, e->id, e->hint[0] != '\0' ? e->hint : NULL, "%s", e->message);
}

/* Takes label. */
static void set_label(struct uc_survey_object *o, char *label)
{
	free(o->label);
	o->label = label;
}

static void read_cert(const struct uc_survey *s, struct uc_survey_object *o, struct uc_slice der)
{
	struct uc_error e;
	struct uc_cert *c = NULL;
	if (uc_cert_read(der, &c, &e) != UC_OK) {
		note_error(&o->findings, &e);
		return;
	}
	struct uc_check_options options = {.role = UC_ROLE_ANY, .now = s->now, .clock = "this computer's clock"};
	uc_check_cert(c, &options, &o->findings);
	char hex[UC_FINGERPRINT_HEX];
	json_object_set_new(o->json, "fingerprint_sha256", json_string(uc_cert_fingerprint_hex(c, hex)));
	json_t *decoded = uc_report_cert(c, s->now);
	o->self_signed = json_is_true(json_object_get(decoded, "self_signed"));
	json_object_set_new(o->json, "certificate", decoded);
	uc_key_id(c->spki, o->key_id);
	set_label(o, uc_cert_label(c));
	o->cert = c;
}

static void read_csr(const struct uc_survey *s, struct uc_survey_object *o, struct uc_slice der)
{
	(void)s;
	struct uc_error e;
	struct uc_csr csr;
	if (uc_csr_read(der, &csr, &e) != UC_OK) note_error(&o->findings, &e);
	uc_csr_free(&csr);
	json_t *decoded = uc_report_csr(der);
	if (decoded == NULL) return;
	const char *id = json_string_value(json_object_get(decoded, "key_id"));
	memcpy(o->key_id, id, sizeof o->key_id);
	const char *subject = json_string_value(json_object_get(decoded, "subject"));
	const char *name = json_string_value(json_array_get(json_object_get(decoded, "subject_alt_names"), 0));
	set_label(o, uc_strdup(subject[0] != '\0' ? subject : name != NULL ? name : "request without a name"));
	json_object_set_new(o->json, "request", decoded);
}

/* Nothing of a key but its kind and its id leaves this function. */
static void read_key(const struct uc_survey *s, struct uc_survey_object *o, struct uc_slice der)
{
	(void)s;
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_key) EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)der.len);
	UC_CLEANUP(uc_buf_free) struct uc_buf spki = UC_BUF_EMPTY;
	if (key != NULL) uc_key_spki(key, &spki);
	if (spki.len == 0) {
		uc_findings_add(&o->findings, UC_REFUSED, "key-damaged", "Get the key from its owner again, or make a new key and request.",
		                "the private key cannot be decoded");
		return;
	}
	uc_key_id(uc_buf_slice(&spki), o->key_id);
	struct uc_key_info info = uc_key_info_of(uc_buf_slice(&spki));
	set_label(o, uc_sprintf("%s key", info.text));
}

static void set_crl_time(json_t *o, const char *key, const ASN1_TIME *t)
{
	if (t == NULL) {
		json_object_set_new(o, key, json_null());
		return;
	}
	struct uc_der element = {
	    .tag = (uint8_t)ASN1_STRING_type(t),
	    .content = uc_slice_of(ASN1_STRING_get0_data(t), (size_t)ASN1_STRING_length(t)),
	};
	struct uc_asn1_time read = uc_asn1_time_read(&element);
	char text[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *shown = read.ok ? uc_strdup(uc_time_rfc3339(read.value, text)) : uc_asn1_time_quote(&read);
	json_object_set_new(o, key, uc_report_string(shown));
}

static void read_crl(const struct uc_survey *s, struct uc_survey_object *o, struct uc_slice der)
{
	(void)s;
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_crl) X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.len);
	if (crl == NULL) {
		uc_findings_add(&o->findings, UC_REFUSED, "malformed", "Get the list from its CA again.", "the revocation list cannot be decoded");
		return;
	}
	const unsigned char *name = NULL;
	size_t len = 0;
	json_t *decoded = json_object();
	X509_NAME_get0_der(X509_CRL_get_issuer(crl), &name, &len);
	set_label(o, uc_name_text(uc_slice_of(name, len)));
	json_object_set_new(decoded, "issuer", uc_report_string(o->label));
	set_crl_time(decoded, "this_update", X509_CRL_get0_lastUpdate(crl));
	set_crl_time(decoded, "next_update", X509_CRL_get0_nextUpdate(crl));
	int revoked = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));
	json_object_set_new(decoded, "revoked", json_integer(revoked > 0 ? revoked : 0));
	json_object_set_new(o->json, "crl", decoded);
}

static const struct {
	const char *name;
	void (*read)(const struct uc_survey *s, struct uc_survey_object *o, struct uc_slice der);
} kinds[] = {
    [UC_INPUT_CERT] = {"certificate", read_cert},
    [UC_INPUT_CSR] = {"request", read_csr},
    [UC_INPUT_CRL] = {"crl", read_crl},
    [UC_INPUT_KEY] = {"key", read_key},
};

const char *uc_survey_kind(enum uc_input_kind kind)
{
	return kinds[kind].name;
}

char *uc_survey_describe(const struct uc_survey *s, size_t object)
{
	const struct uc_survey_object *o = &s->objects[object];
	return uc_sprintf("%s %zu of %s ('%s')", kinds[o->kind].name, o->number, s->files[o->file].name, o->label);
}

static void add_object(struct uc_survey *s, size_t file, size_t number, const struct uc_input_item *item)
{
	s->objects = uc_realloc(s->objects, s->count + 1, sizeof *s->objects);
	struct uc_survey_object *o = &s->objects[s->count++];
	*o = (struct uc_survey_object){.kind = item->kind, .file = file, .number = number, .json = json_object()};
	struct uc_slice der = uc_buf_slice(&item->der);
	uc_sha256(der, o->digest);
	set_label(o, uc_sprintf("unreadable %s", kinds[o->kind].name));
	json_object_set_new(o->json, "file", uc_report_string(s->files[file].name));
	json_object_set_new(o->json, "line", json_integer((json_int_t)item->line));
	json_object_set_new(o->json, "kind", json_string(kinds[o->kind].name));
	kinds[o->kind].read(s, o, der);
	json_object_set_new(o->json, "label", uc_report_string(o->label));
	if (o->key_id[0] != '\0') json_object_set_new(o->json, "key_id", json_string(o->key_id));
}

static void read_file(struct uc_survey *s, size_t file, const char *password)
{
	struct uc_input in;
	struct uc_error e;
	size_t numbers[sizeof kinds / sizeof *kinds] = {0};
	if (uc_input_read(s->files[file].content, password, UC_INPUT_TAKE_KEYS, &in, &e) == UC_OK)
		for (size_t i = 0; i < in.count; i++) add_object(s, file, ++numbers[in.items[i].kind], &in.items[i]);
	else
		uc_findings_add(&s->findings, UC_REFUSED, e.id, e.hint[0] != '\0' ? e.hint : NULL, "%s: %s", s->files[file].name, e.message);
	uc_findings_move(&s->findings, &in.findings, s->files[file].name);
	uc_input_free(&in);
}

/* Hands the objects over as JSON and frees them. */
static json_t *take_objects(struct uc_survey *s, enum uc_weight *worst)
{
	json_t *list = json_array();
	for (size_t i = 0; i < s->count; i++) {
		struct uc_survey_object *o = &s->objects[i];
		if (uc_findings_worst(&o->findings) > *worst) *worst = uc_findings_worst(&o->findings);
		json_object_set_new(o->json, "findings", uc_report_findings(&o->findings));
		json_array_append_new(list, o->json);
		uc_findings_free(&o->findings);
		uc_cert_free(o->cert);
		free(o->label);
	}
	free(s->objects);
	return list;
}

json_t *uc_report_files(const struct uc_report_file *files, size_t count, const char *password, uc_time now)
{
	ERR_set_mark();
	struct uc_survey s = {.files = files, .file_count = count, .now = now};
	for (size_t i = 0; i < count; i++) read_file(&s, i, password);
	uc_survey_find_repeated(&s);
	json_t *chains = uc_survey_find_chains(&s);
	json_t *pairs = uc_survey_find_pairs(&s);
	enum uc_weight worst = uc_findings_worst(&s.findings);
	json_t *result = json_object();
	json_object_set_new(result, "objects", take_objects(&s, &worst));
	json_object_set_new(result, "chains", chains);
	json_object_set_new(result, "pairs", pairs);
	json_object_set_new(result, "findings", uc_report_findings(&s.findings));
	json_object_set_new(result, "worst", json_string(uc_weight_name(worst)));
	uc_findings_free(&s.findings);
	ERR_pop_to_mark();
	return result;
}
