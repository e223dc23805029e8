/* DER: what an object is, is told by the tags of its first elements, not by what its file or armour is called. */
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "pki/cert.h"
#include "pki/der.h"
#include "pki/input_internal.h"

static const char cut_hint[] = "Copy or transfer the file again (in binary mode); its end was lost.";

bool uc_input_der_present(struct uc_slice data)
{
	struct uc_reader r = uc_reader_of(data);
	uint8_t c;
	if (!uc_read_u8(&r, &c) || c != UC_DER_SEQUENCE || !uc_read_u8(&r, &c)) return false;
	/* U+FFFD in UTF-8: binary data that went through a text editor, see input_guess.c. */
	if (c >= 0x80) return !uc_slice_eq(uc_input_text_cut(data, 1, 4), uc_slice_str("\xef\xbf\xbd"));
	/* Short lengths look like letters: "0 certificates found" is text, and in UTF-16 too. A key has small numbers soon. */
	bool small = false;
	for (size_t i = 2; c > 2 && i < 8 && i < data.len; i++)
		if (data.ptr[i] < '\t') small = true;
	return small;
}

enum uc_status uc_input_der_cert(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
	struct uc_error cause;
	enum uc_status status = uc_cert_read(der, &c, &cause);
	if (status != UC_OK) return uc_fail(e, status, cause.id, cause.hint, "%s is damaged: %s", place->text, cause.message);
	uc_input_set_format(job, job->armoured ? "PEM" : "DER certificate");
	return uc_input_add(job, UC_INPUT_CERT, der, place->line, e);
}

enum uc_status uc_input_der_trusted(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place, struct uc_error *e)
{
	struct uc_reader r = uc_reader_of(data);
	struct uc_der first;
	if (!uc_der_expect(&r, UC_DER_SEQUENCE, &first)) return uc_input_der_cert(job, data, place, e);
	UC_TRY(uc_input_der_cert(job, first.whole, place, e));
	if (uc_reader_left(&r) > 0)
		uc_findings_add(&job->out->findings, UC_NOTE, "trusted-data-dropped", NULL,
		                "%s is a TRUSTED CERTIFICATE: OpenSSL's trust settings, %zu bytes after the certificate, were dropped", place->text,
		                uc_reader_left(&r));
	return UC_OK;
}

static enum uc_status take_csr(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	uc_input_set_format(job, job->armoured ? "PEM" : "DER certificate request");
	return uc_input_add(job, UC_INPUT_CSR, der, place->line, e);
}

static enum uc_status take_crl(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	uc_input_set_format(job, job->armoured ? "PEM" : "DER revocation list");
	return uc_input_add(job, UC_INPUT_CRL, der, place->line, e);
}

static enum uc_status skip_public(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e)
{
	(void)der;
	(void)e;
	uc_input_skip(job, place, "a public key or parameters");
	return UC_OK;
}

/* The tags of the first elements of an object, and of the first elements of the first of them; both as prefixes. */
static const struct shape {
	const char *outer;
	const char *inner;
	bool whole_inner; /* nothing may follow */
	enum uc_status (*take)(struct uc_input_job *job, struct uc_slice der, const struct uc_input_place *place, struct uc_error *e);
} shapes[] = {
    /* CertificateList: version, signature, issuer, thisUpdate */
    {"\x30\x30\x03", "\x02\x30\x30\x17", false, take_crl},
    {"\x30\x30\x03", "\x02\x30\x30\x18", false, take_crl},
    {"\x30\x30\x03", "\x30\x30\x17", false, take_crl},
    {"\x30\x30\x03", "\x30\x30\x18", false, take_crl},
    /* CertificationRequest: version, subject, key, attributes */
    {"\x30\x30\x03", "\x02\x30\x30\xa0", false, take_csr},
    {"\x30\x30\x03", "\x02\x30\x30", true, take_csr},
    /* Whatever else is signed; the reader of certificates says what is wrong with it. */
    {"\x30\x30\x03", "", false, uc_input_der_cert},
    {"\x30\x04", "\x06", false, uc_input_key_encrypted},
    {"\x30\x03", "\x06", false, skip_public},
    {"\x02\x30\x04", "", false, uc_input_key_pkcs8},
    {"\x02\x04", "", false, uc_input_key_ec},
    {"\x02\x02\x02\x02\x02\x02\x02\x02\x02", "", false, uc_input_key_rsa},
    {"\x02\x02\x02\x02\x02\x02", "", false, uc_input_key_dsa},
    {"\x02\x02", "", false, skip_public},
};

enum { MAX_TAGS = 10 };

/* The tags of the elements of content, as far as they can be read, as a string. */
static void tags_of(struct uc_slice content, char tags[MAX_TAGS + 1])
{
	struct uc_reader r = uc_reader_of(content);
	struct uc_der d;
	size_t n = 0;
	while (n < MAX_TAGS && uc_der_next(&r, &d)) tags[n++] = (char)d.tag;
	tags[n] = '\0';
}

static bool fits(const struct shape *s, const char *outer, const char *inner)
{
	if (strncmp(outer, s->outer, strlen(s->outer)) != 0) return false;
	return s->whole_inner ? strcmp(inner, s->inner) == 0 : strncmp(inner, s->inner, strlen(s->inner)) == 0;
}

static enum uc_status take_element(struct uc_input_job *job, const struct uc_der *d, const struct uc_input_place *place, struct uc_error *e)
{
	char outer[MAX_TAGS + 1];
	char inner[MAX_TAGS + 1] = "";
	struct uc_reader r = uc_reader_of(d->content);
	struct uc_der first;
	tags_of(d->content, outer);
	if (uc_der_expect(&r, UC_DER_SEQUENCE, &first)) tags_of(first.content, inner);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		if (fits(&shapes[i], outer, inner)) return shapes[i].take(job, d->whole, place, e);
	return uc_fail(e, UC_EINPUT, "no-certificate-found", "Give the certificate as PEM, DER, PKCS#7 or PKCS#12.",
	               "%s is binary data of %zu bytes (ASN.1), but neither certificate, request, revocation list, PKCS#7, PKCS#12 nor key",
	               place->text, d->whole.len);
}

/* Reads the header of a SEQUENCE of which the end is missing, or that is in BER. False when it is none. */
static bool read_open_header(struct uc_reader *r, size_t *announced)
{
	uint8_t c;
	if (!uc_read_u8(r, &c) || c != UC_DER_SEQUENCE || !uc_read_u8(r, &c)) return false;
	*announced = c < 0x80 ? c : 0;
	if (c > 0x84) return false;
	for (size_t n = c < 0x80 ? 0 : c & 0x7fu; n > 0; n--) {
		if (!uc_read_u8(r, &c)) return false;
		*announced = *announced << 8 | c;
	}
	return true;
}

/* A container may be in BER, with lengths that are not announced; OpenSSL reads it. */
static bool is_container(struct uc_slice data, const char *start, size_t len)
{
	struct uc_reader r = uc_reader_of(data);
	size_t announced;
	struct uc_slice beginning;
	return read_open_header(&r, &announced) && uc_read_slice(&r, len, &beginning) && memcmp(beginning.ptr, start, len) == 0;
}

static enum uc_status cut_off(struct uc_slice data, const struct uc_input_place *place, struct uc_error *e)
{
	struct uc_reader r = uc_reader_of(data);
	size_t announced = 0;
	if (read_open_header(&r, &announced) && announced > uc_reader_left(&r))
		return uc_fail(e, UC_EINPUT, "truncated", cut_hint, "%s is cut off: %zu of its %zu bytes are there", place->text, data.len,
		               announced + r.pos);
	return uc_fail(e, UC_EINPUT, "no-certificate-found", cut_hint,
	               "%s is damaged: %zu bytes of binary data that are no complete DER element", place->text, data.len);
}

/* Reads one object from the start of data. */
static enum uc_status read_object(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place, size_t *used,
                                  struct uc_error *e)
{
	struct uc_reader r = uc_reader_of(data);
	struct uc_der d;
	bool complete = uc_der_expect(&r, UC_DER_SEQUENCE, &d);
	bool open = data.len >= 2 && data.ptr[1] == 0x80;
	if (!complete && !open) return cut_off(data, place, e);
	*used = complete ? r.pos : data.len;
	if (is_container(data, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07", 10)) return uc_input_pkcs7(job, data, place, used, e);
	if (is_container(data, "\x02\x01\x03", 3)) return uc_input_pkcs12(job, data, place, used, e);
	return complete ? take_element(job, &d, place, e) : cut_off(data, place, e);
}

/* Line ends and zeros behind the last object come from editors and padded transfers. */
static bool only_padding(const struct uc_reader *r)
{
	struct uc_reader at = *r;
	uint8_t c;
	while (uc_read_u8(&at, &c))
		if (c != '\0' && c != '\n' && c != '\r' && c != ' ' && c != 0x1a) return false;
	return true;
}

enum uc_status uc_input_der_read(struct uc_input_job *job, struct uc_slice data, const struct uc_input_place *place, struct uc_error *e)
{
	struct uc_reader r = uc_reader_of(data);
	struct uc_input_place at = *place;
	size_t objects = 0;
	do {
		struct uc_slice object;
		struct uc_slice rest;
		struct uc_error cause;
		size_t used = 0;
		struct uc_reader ahead = r;
		if (!uc_read_slice(&ahead, uc_reader_left(&ahead), &rest)) break;
		enum uc_status status = read_object(job, rest, &at, &used, &cause);
		UC_TRY(uc_input_settle(job, status, &cause, e));
		/* What stands behind a damaged object may be anything: it is not searched. */
		if (status != UC_OK || !uc_read_slice(&r, used, &object)) return UC_OK;
		objects++;
		snprintf(at.text, sizeof at.text, "the object at byte %zu of %.100s", r.pos, place->text);
	} while (!only_padding(&r));
	if (objects > 1)
		uc_findings_add(&job->out->findings, UC_NOTE, "several-objects", NULL, "%s holds %zu objects one after the other", place->text,
		                objects);
	return UC_OK;
}
