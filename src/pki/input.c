#include "pki/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "pki/input_internal.h"

enum uc_status uc_input_add(struct uc_input_job *job, enum uc_input_kind kind, struct uc_slice der, size_t line, struct uc_error *e)
{
	struct uc_input *out = job->out;
	if (out->count == UC_INPUT_MAX_ITEMS)
		return uc_fail(e, UC_ELIMIT, "too-many-objects", "Split it into several files.",
		               "more than %d certificates, requests, revocation lists and keys in one input", UC_INPUT_MAX_ITEMS);
	if (out->count == job->room) {
		job->room = job->room * 2 + 8;
		out->items = uc_realloc(out->items, job->room, sizeof *out->items);
	}
	struct uc_input_item item = {.kind = kind, .line = line};
	uc_buf_add_slice(&item.der, der);
	out->items[out->count++] = item;
	return UC_OK;
}

/* These concern the whole input, or want something of the person who handed it over. */
static bool is_final(const struct uc_error *cause)
{
	static const char *const ids[] = {"private-key-in-upload", "too-many-objects", "password-needed", "wrong-password", "too-many-rounds"};
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		if (strcmp(ids[i], cause->id) == 0) return true;
	return false;
}

enum uc_status uc_input_settle(struct uc_input_job *job, enum uc_status status, const struct uc_error *cause, struct uc_error *e)
{
	enum { MAX_SHOWN = 20 };
	if (status == UC_OK) return UC_OK;
	if (is_final(cause)) {
		*e = *cause;
		return status;
	}
	if (job->damaged++ == 0) job->first = *cause;
	if (job->damaged <= MAX_SHOWN)
		uc_findings_add(&job->out->findings, UC_WARN, "damaged-block", cause->hint[0] != '\0' ? cause->hint : NULL, "%s", cause->message);
	if (job->damaged == MAX_SHOWN + 1)
		uc_findings_add(&job->out->findings, UC_WARN, "damaged-block", NULL, "more than %d parts are damaged; the others are not listed",
		                MAX_SHOWN);
	return UC_OK;
}

void uc_input_set_format(struct uc_input_job *job, const char *format)
{
	if (job->out->format[0] == '\0') snprintf(job->out->format, sizeof job->out->format, "%s", format);
}

void uc_input_skip(struct uc_input_job *job, const struct uc_input_place *place, const char *what)
{
	enum { MAX_SHOWN = 20 };
	if (job->skipped++ < MAX_SHOWN)
		uc_findings_add(&job->out->findings, UC_NOTE, "block-skipped", NULL, "%s holds %s, which was skipped", place->text, what);
}

static enum uc_status read_any(struct uc_input_job *job, struct uc_slice data, struct uc_error *e);

static bool begins_with(struct uc_slice text, const char *prefix)
{
	size_t n = strlen(prefix);
	return text.len >= n && memcmp(text.ptr, prefix, n) == 0;
}

/* Text without armour: base64 of something else, or nothing of ours. */
static enum uc_status read_bare(struct uc_input_job *job, struct uc_slice text, struct uc_error *e)
{
	enum { MAX_DEPTH = 3 };
	UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = UC_BUF_EMPTY;
	struct uc_slice trimmed = uc_input_text_trim(text);
	struct uc_error cause;
	enum uc_status status = uc_input_text_base64(&(struct uc_input_part){.text = text, .line = 1}, false, &bytes, &cause);
	/* How the base64 of a long SEQUENCE and of "-----BEGIN" starts: worth saying what is wrong with it. */
	if (status != UC_OK && (begins_with(trimmed, "MI") || begins_with(trimmed, "LS0tLS"))) {
		*e = cause;
		return status;
	}
	struct uc_slice inner = uc_buf_slice(&bytes);
	bool useful =
	    status == UC_OK && (uc_input_der_present(inner) || uc_input_pem_present(inner) || begins_with(uc_input_text_trim(inner), "MI"));
	if (!useful || job->depth == MAX_DEPTH) return uc_input_guess(job, text, e);
	job->depth++;
	uc_input_set_format(job, "base64");
	return read_any(job, inner, e);
}

static enum uc_status read_any(struct uc_input_job *job, struct uc_slice data, struct uc_error *e)
{
	if (uc_input_der_present(data)) return uc_input_der_read(job, data, &(struct uc_input_place){.text = "the file"}, e);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf decoded = UC_BUF_EMPTY;
	struct uc_slice text = uc_input_text_decode(job, data, &decoded);
	if (uc_input_text_trim(text).len == 0)
		return uc_fail(e, UC_EINPUT, "empty-file", "Check that the file was saved or copied completely.",
		               "%zu bytes, all of them white space", data.len);
	if (uc_input_pem_present(text)) return uc_input_pem_read(job, text, e);
	return read_bare(job, text, e);
}

/* The reading went through: was there anything? */
static enum uc_status conclude(const struct uc_input_job *job, struct uc_error *e)
{
	static const char hint[] = "Give the file with the certificate itself, as PEM, DER, PKCS#7 or PKCS#12.";
	const struct uc_input *out = job->out;
	if (out->count > 0) return UC_OK;
	if (job->damaged > 0) {
		*e = job->first;
		return e->code;
	}
	const struct uc_finding *skipped = uc_findings_get(&out->findings, "block-skipped");
	if (skipped != NULL) return uc_fail(e, UC_EINPUT, "no-certificate-found", hint, "there is no certificate: %s", skipped->message);
	if (out->keys_dropped > 0)
		return uc_fail(e, UC_EINPUT, "no-certificate-found", hint, "there is no certificate: the %s file holds only %zu private keys",
		               out->format, out->keys_dropped);
	return uc_fail(e, UC_EINPUT, "no-certificate-found", hint, "there is no certificate: the %s file is empty", out->format);
}

enum uc_status uc_input_read(struct uc_slice data, const char *password, enum uc_input_keys keys, struct uc_input *out, struct uc_error *e)
{
	*out = (struct uc_input){.items = NULL};
	struct uc_error unused;
	if (e == NULL) e = &unused;
	if (data.len > UC_INPUT_MAX)
		return uc_fail(e, UC_ELIMIT, "too-large", "A certificate file is rarely larger than 100 kB: check that it is the right file.",
		               "%zu bytes are more than the limit of %zu bytes", data.len, UC_INPUT_MAX);
	if (data.len == 0) return uc_fail(e, UC_EINPUT, "empty-file", "Check that the file was saved or copied completely.", "0 bytes");
	struct uc_input_job job = {.out = out, .password = password, .keys = keys};
	UC_TRY(read_any(&job, data, e));
	return conclude(&job, e);
}

void uc_input_free(struct uc_input *in)
{
	for (size_t i = 0; i < in->count; i++) uc_buf_wipe(&in->items[i].der);
	free(in->items);
	uc_findings_free(&in->findings);
	*in = (struct uc_input){.items = NULL};
}
