#include "manage/upload.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

char *uc_upload_name(const struct uc_cert *c)
{
	char fp[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
	return uc_sprintf("%s (SHA-256 %.8s...)", label, uc_cert_fingerprint_hex(c, fp));
}

static enum uc_status take_cert(struct uc_input_item *item, struct uc_certs *out, struct uc_findings *findings, struct uc_error *e)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
	UC_TRY(uc_cert_read(uc_buf_slice(&item->der), &c, e));
	if (uc_certs_find(out, c->fingerprint) < 0) {
		uc_certs_take(out, uc_move(c));
		return UC_OK;
	}
	UC_CLEANUP(uc_freep) char *name = uc_upload_name(c);
	uc_findings_add(findings, UC_NOTE, "repeated", NULL, "%s stands in the file more than once", name);
	return UC_OK;
}

enum uc_status uc_upload_key_use(const struct uc_task_context *ctx, const char *key, char *use, size_t size, struct uc_error *e)
{
	use[0] = '\0';
	UC_TRY(uc_store_key_use(ctx->store, ctx->node, key, use, size, e));
	return use[0] != '\0' ? UC_OK : uc_store_key_use(ctx->store, UC_ALL_NODES, key, use, size, e);
}

static enum uc_status read_file(const struct uc_task_request *req, struct uc_input *in, struct uc_error *e)
{
	struct uc_error why;
	if (uc_input_read(req->content, req->password, UC_INPUT_REFUSE_KEYS, in, &why) == UC_OK) return UC_OK;
	bool password = uc_ends_with(why.id, "-password") || uc_starts_with(why.id, "password-");
	return uc_fail_field(e, why.code, why.id, password ? "password" : "file", why.hint[0] != '\0' ? why.hint : NULL, "%s", why.message);
}

static size_t count_of(const struct uc_input *in, enum uc_input_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < in->count; i++) n += in->items[i].kind == kind;
	return n;
}

/* What stands in the file and is not taken. */
static void note_ignored(const struct uc_input *in, enum uc_input_kind kind, const char *code, const char *what,
                         struct uc_findings *findings)
{
	size_t n = count_of(in, kind);
	if (n == 0) return;
	uc_findings_add(findings, UC_NOTE, code, NULL, "%zu %s%s in the file %s ignored", n, what, n == 1 ? "" : "s", n == 1 ? "is" : "are");
}

static enum uc_status take_certs(struct uc_input *in, struct uc_certs *out, struct uc_findings *findings, struct uc_error *e)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->items[i].kind == UC_INPUT_CERT) UC_TRY(uc_arg_blame(take_cert(&in->items[i], out, findings, e), "file", e));
	uc_findings_move(findings, &in->findings, NULL);
	note_ignored(in, UC_INPUT_CRL, "crl-ignored", "revocation list", findings);
	return UC_OK;
}

static enum uc_status fail_empty(const struct uc_input *in, struct uc_error *e)
{
	size_t requests = count_of(in, UC_INPUT_CSR);
	return uc_fail_field(e, UC_EINPUT, "no-certificate-found", "file", "Upload the certificate that the CA made, not the request or list.",
	                     "the file holds no certificate, but %zu certificate signing request(s) and %zu revocation list(s)", requests,
	                     in->count - requests);
}

enum uc_status uc_upload_read(const struct uc_task_request *req, struct uc_certs *out, struct uc_findings *findings, struct uc_error *e)
{
	UC_CLEANUP(uc_input_free) struct uc_input in = {.items = NULL};
	UC_TRY(read_file(req, &in, e));
	UC_TRY(take_certs(&in, out, findings, e));
	if (out->count == 0) return fail_empty(&in, e);
	note_ignored(&in, UC_INPUT_CSR, "request-ignored", "certificate signing request", findings);
	return UC_OK;
}

/* ---- looking at a file ---- */

void uc_upload_requests_free(struct uc_upload_requests *v)
{
	for (size_t i = 0; i < v->count; i++) uc_buf_free(&v->items[i]);
	free(v->items);
	*v = (struct uc_upload_requests){.items = NULL};
}

static void take_request(struct uc_slice der, struct uc_upload_requests *out)
{
	for (size_t i = 0; i < out->count; i++)
		if (uc_slice_eq(uc_buf_slice(&out->items[i]), der)) return;
	out->items = uc_realloc(out->items, out->count + 1, sizeof *out->items);
	out->items[out->count] = UC_BUF_EMPTY;
	uc_buf_add_slice(&out->items[out->count++], der);
}

enum uc_status uc_upload_look(const struct uc_task_request *req, struct uc_certs *certs, struct uc_upload_requests *requests,
                              struct uc_findings *findings, struct uc_error *e)
{
	UC_CLEANUP(uc_input_free) struct uc_input in = {.items = NULL};
	UC_TRY(read_file(req, &in, e));
	UC_TRY(take_certs(&in, certs, findings, e));
	for (size_t i = 0; i < in.count; i++)
		if (in.items[i].kind == UC_INPUT_CSR) take_request(uc_buf_slice(&in.items[i].der), requests);
	return certs->count + requests->count > 0 ? UC_OK : fail_empty(&in, e);
}

void uc_upload_check(const struct uc_task_context *ctx, const struct uc_cert *c, enum uc_check_role role, bool ca_expected,
                     struct uc_findings *out)
{
	struct uc_check_options options = {
	    .role = role, .now = ctx->now, .clock = "this node's clock", .ca_expected = ca_expected, .strict_times = ctx->policy.strict_times};
	UC_CLEANUP(uc_findings_free) struct uc_findings found = {.items = NULL};
	uc_check_cert(c, &options, &found);
	UC_CLEANUP(uc_freep) char *name = uc_upload_name(c);
	uc_findings_move(out, &found, name);
}
