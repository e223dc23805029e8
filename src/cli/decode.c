#include "cli/decode.h"

#include "cli/output.h"
#include "pki/input.h"
#include "pki/report.h"

static void add_text(const struct uc_input_item *item, struct uc_buf *text)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	if (item->kind == UC_INPUT_CSR)
		uc_report_csr_text(uc_buf_slice(&item->der), text);
	else if (item->kind == UC_INPUT_CERT && uc_cert_read(uc_buf_slice(&item->der), &cert, NULL) == UC_OK)
		uc_report_cert_text(cert, text);
}

static void decode(FILE *out, const char *pem, enum uc_input_kind kind)
{
	UC_CLEANUP(uc_input_free) struct uc_input in = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
	enum uc_status status = uc_input_read(uc_slice_str(pem), NULL, UC_INPUT_REFUSE_KEYS, &in, NULL);
	if (status == UC_OK && in.count == 1 && in.items[0].kind == kind) add_text(&in.items[0], &text);
	uc_out_text(out, uc_buf_slice(&text));
	uc_out_text(out, uc_slice_str(pem));
}

void uc_decode_certificate(FILE *out, const char *pem)
{
	decode(out, pem, UC_INPUT_CERT);
}

void uc_decode_request(FILE *out, const char *pem)
{
	decode(out, pem, UC_INPUT_CSR);
}
