/* PEM (RFC 7468, RFC 1421): blocks are found by their armour, wherever it stands in a line, and whatever stands around them. */
#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "pki/input_internal.h"

/* A BEGIN or END. */
struct marker {
	bool begin;
	bool damaged;      /* some hyphens are missing */
	size_t start, end; /* of all of it, hyphens included */
	size_t line;
	char label[48];
};

/* A walk through the markers of a text, that counts lines on its way. */
struct walk {
	struct uc_slice text;
	size_t pos;
	size_t counted; /* line ends before here are in line */
	size_t line;
};

static size_t count_hyphens(struct uc_slice text, size_t at)
{
	size_t n = 0;
	while (at + n < text.len && text.ptr[at + n] == '-') n++;
	return n;
}

static bool is_label_char(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '#' || c == '.';
}

static bool has_word(struct uc_slice text, size_t at, const char *word)
{
	return uc_slice_eq(uc_input_text_cut(text, at, at + strlen(word)), uc_slice_str(word));
}

static bool is_word(struct uc_slice text, size_t at)
{
	return has_word(text, at, "BEGIN ") || has_word(text, at, "END ");
}

/* The hyphens that begin at m->start are n; is it a marker? */
static bool read_marker(struct uc_slice text, size_t n, struct marker *m)
{
	size_t at = m->start + n;
	if (n < 2 || !is_word(text, at)) return false;
	m->begin = has_word(text, at, "BEGIN ");
	at += m->begin ? 6 : 4;
	size_t len = 0;
	while (len + 1 < sizeof m->label && at + len < text.len && is_label_char(text.ptr[at + len])) len++;
	size_t closing = count_hyphens(text, at + len);
	/* Without line ends the hyphens of two markers run together. */
	if (closing >= 7 && is_word(text, at + len + closing)) closing = 5;
	m->end = at + len + closing;
	m->damaged = n != 5 || closing != 5;
	while (len > 0 && text.ptr[at + len - 1] == ' ') len--;
	memcpy(m->label, uc_input_text_cut(text, at, at + len).ptr, len);
	m->label[len] = '\0';
	return len > 0 && (closing > 0 || m->end == text.len || text.ptr[m->end] == '\r' || text.ptr[m->end] == '\n');
}

static bool next_marker(struct walk *w, struct marker *m)
{
	while (w->pos < w->text.len) {
		size_t n = count_hyphens(w->text, w->pos);
		*m = (struct marker){.start = w->pos};
		w->pos += n > 0 ? n : 1;
		if (!read_marker(w->text, n, m)) continue;
		w->pos = m->end;
		w->line += uc_input_text_lines(uc_input_text_cut(w->text, w->counted, m->start));
		w->counted = m->start;
		m->line = w->line;
		return true;
	}
	return false;
}

static struct walk walk_of(struct uc_slice text)
{
	return (struct walk){.text = text, .line = 1};
}

bool uc_input_pem_present(struct uc_slice text)
{
	struct walk w = walk_of(text);
	struct marker m;
	return next_marker(&w, &m);
}

/* The encapsulated headers of a block (RFC 1421 section 4.4). */
struct headers {
	bool encrypted;
	struct uc_slice dek;
};

static struct uc_slice header_value(struct uc_slice line, const char *name)
{
	size_t n = strlen(name);
	if (line.len <= n || memcmp(line.ptr, name, n) != 0) return (struct uc_slice){.ptr = NULL};
	return uc_input_text_trim(uc_input_text_cut(line, n, line.len));
}

static bool contains(struct uc_slice text, const char *word)
{
	return text.len > 0 && memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

/* Reads the headers at the start of a block's body and leaves the base64. */
static struct headers read_headers(struct uc_input_part *body)
{
	struct headers h = {.encrypted = false};
	struct uc_reader r = uc_reader_of(body->text);
	struct uc_slice line;
	bool any = false;
	for (size_t before = 0; uc_input_text_line(&r, &line); before = r.pos) {
		struct uc_slice trimmed = uc_input_text_trim(line);
		if (trimmed.len == 0 && !any) continue; /* the rest of BEGIN's line, and blank lines */
		bool header = trimmed.len > 0 && memchr(trimmed.ptr, ':', trimmed.len) != NULL;
		if (!header) {
			if (!any) return h;
			body->line += uc_input_text_lines(uc_input_text_cut(body->text, 0, before));
			body->text = uc_input_text_cut(body->text, before, body->text.len);
			return h;
		}
		any = true;
		if (contains(header_value(trimmed, "Proc-Type:"), "ENCRYPTED")) h.encrypted = true;
		struct uc_slice dek = header_value(trimmed, "DEK-Info:");
		if (dek.len > 0) h.dek = dek;
	}
	return h;
}

enum block { BLOCK_OBJECT, BLOCK_CERT, BLOCK_TRUSTED, BLOCK_OTHER };

/* What is said of a label here is only for messages and exceptions: objects are told apart by their content. */
static const struct {
	const char *label;
	enum block block;
	const char *what; /* BLOCK_OTHER */
} labels[] = {
    {"CERTIFICATE", BLOCK_CERT, NULL},
    {"X509 CERTIFICATE", BLOCK_CERT, NULL},
    {"TRUSTED CERTIFICATE", BLOCK_TRUSTED, NULL},
    {"PKCS7", BLOCK_OBJECT, NULL},
    {"PKCS #7 SIGNED DATA", BLOCK_OBJECT, NULL},
    {"CMS", BLOCK_OBJECT, NULL},
    {"PKCS12", BLOCK_OBJECT, NULL},
    {"CERTIFICATE REQUEST", BLOCK_OBJECT, NULL},
    {"NEW CERTIFICATE REQUEST", BLOCK_OBJECT, NULL},
    {"X509 CRL", BLOCK_OBJECT, NULL},
    {"PRIVATE KEY", BLOCK_OBJECT, NULL},
    {"ENCRYPTED PRIVATE KEY", BLOCK_OBJECT, NULL},
    {"RSA PRIVATE KEY", BLOCK_OBJECT, NULL},
    {"EC PRIVATE KEY", BLOCK_OBJECT, NULL},
    {"DSA PRIVATE KEY", BLOCK_OBJECT, NULL},
    {"EC PARAMETERS", BLOCK_OTHER, "the name of a curve"},
    {"DSA PARAMETERS", BLOCK_OTHER, "key parameters"},
    {"DH PARAMETERS", BLOCK_OTHER, "Diffie-Hellman parameters"},
    {"X9.42 DH PARAMETERS", BLOCK_OTHER, "Diffie-Hellman parameters"},
    {"PUBLIC KEY", BLOCK_OTHER, "a public key"},
    {"RSA PUBLIC KEY", BLOCK_OTHER, "a public key"},
    {"DSA PUBLIC KEY", BLOCK_OTHER, "a public key"},
    {"ATTRIBUTE CERTIFICATE", BLOCK_OTHER, "an attribute certificate"},
    {"SSL SESSION PARAMETERS", BLOCK_OTHER, "a TLS session"},
};

static enum uc_status unknown_label(const struct uc_input_place *place, struct uc_error *e)
{
	if (uc_starts_with(place->label, "OPENSSH PRIVATE KEY"))
		return uc_fail(e, UC_EINPUT, "unsupported-algorithm", "Convert a copy of it: ssh-keygen -p -m PKCS8 -f FILE",
		               "%s is a key in OpenSSH's own format", place->text);
	if (uc_starts_with(place->label, "PGP "))
		return uc_fail(e, UC_EINPUT, "no-certificate-found",
		               "OpenPGP is another system: ask for an X.509 certificate (PEM, DER or PKCS#7).",
		               "%s is OpenPGP data, not an X.509 certificate", place->text);
	return uc_fail(e, UC_EINPUT, "no-certificate-found",
	               "Known are CERTIFICATE, CERTIFICATE REQUEST, X509 CRL, PKCS7, CMS and private keys.", "%s is of an unknown kind",
	               place->text);
}

static enum uc_status read_content(struct uc_input_job *job, struct uc_input_part *body, enum block block,
                                   const struct uc_input_place *place, struct uc_error *e)
{
	bool secret = strstr(place->label, "PRIVATE KEY") != NULL;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = UC_BUF_EMPTY;
	struct headers headers = read_headers(body);
	struct uc_error cause;
	enum uc_status status = uc_input_text_base64(body, secret, &bytes, &cause);
	if (status != UC_OK) return uc_fail(e, status, cause.id, cause.hint, "%s is damaged: %s", place->text, cause.message);
	struct uc_slice data = uc_buf_slice(&bytes);
	if (headers.encrypted) return uc_input_key_dek(job, data, headers.dek, place, e);
	if (block == BLOCK_TRUSTED) return uc_input_der_trusted(job, data, place, e);
	/* The label is right often enough that the certificate's reader may say which field is at fault. */
	if (block == BLOCK_CERT && data.len > 0 && !uc_input_der_present(data)) return uc_input_der_cert(job, data, place, e);
	return uc_input_der_read(job, data, place, e);
}

static enum uc_status read_block(struct uc_input_job *job, const struct marker *begin, const struct marker *end, struct uc_slice text,
                                 struct uc_error *e)
{
	struct uc_input_place place = {.line = begin->line, .label = begin->label};
	snprintf(place.text, sizeof place.text, "the %s block at line %zu", begin->label, begin->line);
	/* Also a damaged one: nothing of a key is looked at. */
	if (job->keys == UC_INPUT_REFUSE_KEYS && strstr(begin->label, "PRIVATE KEY") != NULL) return uc_input_key_refuse(&place, e);
	if (end == NULL)
		return uc_fail(e, UC_EINPUT, "truncated", "Copy or transfer the file again; its end was lost.",
		               "%s has no END line: it was cut off", place.text);
	size_t known = 0;
	size_t count = sizeof labels / sizeof *labels;
	while (known < count && strcmp(labels[known].label, begin->label) != 0) known++;
	if (known == count) return unknown_label(&place, e);
	if (labels[known].block == BLOCK_OTHER) {
		uc_input_skip(job, &place, labels[known].what);
		return UC_OK;
	}
	if (begin->damaged || end->damaged || strcmp(begin->label, end->label) != 0)
		uc_findings_add(&job->out->findings, UC_NOTE, "armour-repaired", NULL,
		                "%s has a damaged BEGIN or END line; it was read nevertheless", place.text);
	struct uc_input_part body = {.text = uc_input_text_cut(text, begin->end, end->start), .line = begin->line};
	return read_content(job, &body, labels[known].block, &place, e);
}

static enum uc_status lone_end(const struct marker *m, struct uc_error *e)
{
	return uc_fail(e, UC_EINPUT, "truncated", "Copy or transfer the file again; its beginning was lost.",
	               "the END %s at line %zu has no BEGIN line before it: something was cut off", m->label, m->line);
}

/* The lines around the blocks, for the note. */
struct around {
	size_t lines;
	bool attributes; /* "Bag Attributes" of `openssl pkcs12` */
};

static void add_around(struct around *a, struct uc_slice text)
{
	struct uc_reader r = uc_reader_of(text);
	struct uc_slice line;
	while (uc_input_text_line(&r, &line)) {
		if (uc_input_text_trim(line).len > 0) a->lines++;
		if (contains(line, "Bag Attributes") || contains(line, "Key Attributes")) a->attributes = true;
	}
}

static void note_around(struct uc_input_job *job, const struct around *a)
{
	if (a->attributes)
		uc_findings_add(&job->out->findings, UC_NOTE, "attributes-skipped", NULL,
		                "the attributes of a PKCS#12 file that stand beside the blocks were skipped");
	if (a->lines > 0)
		uc_findings_add(&job->out->findings, UC_NOTE, "text-skipped", NULL, "%zu lines of text outside the blocks were skipped", a->lines);
}

enum uc_status uc_input_pem_read(struct uc_input_job *job, struct uc_slice text, struct uc_error *e)
{
	struct walk w = walk_of(text);
	struct marker m;
	struct marker next;
	struct around around = {.lines = 0};
	size_t blocks = 0;
	size_t done = 0; /* everything before here has been looked at */
	job->armoured = true;
	for (bool have = next_marker(&w, &m); have;) {
		struct uc_error cause;
		if (++blocks > UC_INPUT_MAX_ITEMS)
			return uc_fail(e, UC_ELIMIT, "too-many-objects", "Split it into several files.", "more than %d blocks in one input",
			               UC_INPUT_MAX_ITEMS);
		add_around(&around, uc_input_text_cut(text, done, m.start));
		have = next_marker(&w, &next);
		bool closed = m.begin && have && !next.begin;
		enum uc_status status = m.begin ? read_block(job, &m, closed ? &next : NULL, text, &cause) : lone_end(&m, &cause);
		UC_TRY(uc_input_settle(job, status, &cause, e));
		if (!have) next.start = text.len;
		done = closed ? next.end : m.begin ? next.start : m.end;
		if (closed)
			have = next_marker(&w, &m);
		else if (have)
			m = next;
	}
	add_around(&around, uc_input_text_cut(text, done, text.len));
	note_around(job, &around);
	uc_input_set_format(job, "PEM");
	return UC_OK;
}
