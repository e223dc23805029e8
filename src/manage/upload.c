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

/* What stands in the file besides certificates. */
static void note_others(size_t requests, size_t crls, struct uc_findings *findings)
{
	if (requests > 0)
		uc_findings_add(findings, UC_NOTE, "request-ignored", NULL, "%zu certificate signing request%s in the file %s ignored", requests,
		                requests == 1 ? "" : "s", requests == 1 ? "is" : "are");
	if (crls > 0)
		uc_findings_add(findings, UC_NOTE, "crl-ignored", NULL, "%zu revocation list%s in the file %s ignored", crls, crls == 1 ? "" : "s",
		                crls == 1 ? "is" : "are");
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

enum uc_status uc_upload_read(const struct uc_task_request *req, struct uc_certs *out, struct uc_findings *findings, struct uc_error *e)
{
	UC_CLEANUP(uc_input_free) struct uc_input in = {.items = NULL};
	UC_TRY(uc_input_read(req->content, req->password, UC_INPUT_REFUSE_KEYS, &in, e));
	size_t requests = 0;
	size_t crls = 0;
	for (size_t i = 0; i < in.count; i++) {
		requests += in.items[i].kind == UC_INPUT_CSR;
		crls += in.items[i].kind == UC_INPUT_CRL;
		if (in.items[i].kind == UC_INPUT_CERT) UC_TRY(take_cert(&in.items[i], out, findings, e));
	}
	if (out->count == 0)
		return uc_fail_field(
		    e, UC_EINPUT, "no-certificate-found", "file", "Upload the certificate that the CA made, not the request or list.",
		    "the file holds no certificate, but %zu certificate signing request(s) and %zu revocation list(s)", requests, crls);
	uc_findings_move(findings, &in.findings, NULL);
	note_others(requests, crls, findings);
	return UC_OK;
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
