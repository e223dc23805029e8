#include "trustlist/signed.h"

#include "trustlist/build.h"

enum uc_status uc_sgn_write(const struct uc_tl_signing *signing, const struct uc_cert *signer, EVP_PKEY *key, struct uc_slice content,
                            struct uc_buf *out, struct uc_error *e)
{
	if (content.len > UC_SGN_MAX)
		return uc_fail(e, UC_ELIMIT, "sgn-too-large", NULL, "'%s' has %zu bytes, more than the %zu that are signed for phones",
		               signing->file_name, content.len, UC_SGN_MAX);
	const struct uc_tl_build b = {.signing = signing, .signer = signer, .major = 1, .minor = 0};
	return uc_tl_build_file(&b, key, content, out, e);
}

enum uc_status uc_sgn_read(struct uc_slice file, struct uc_tl_header *header, struct uc_slice *content, struct uc_findings *findings,
                           struct uc_error *e)
{
	*header = (struct uc_tl_header){.name = NULL};
	if (file.len > UC_SGN_MAX + UINT16_MAX)
		return uc_fail(e, UC_ELIMIT, "sgn-too-large", NULL, "the file has %zu bytes, more than a file that is signed for phones", file.len);
	UC_TRY(uc_tl_header_read(file, header, findings, e));
	struct uc_reader r = uc_reader_of(file);
	struct uc_slice head;
	if (!uc_read_slice(&r, header->length, &head) || !uc_read_slice(&r, uc_reader_left(&r), content)) {
		uc_tl_header_free(header);
		return uc_fail(e, UC_EINTERNAL, "tlv-bounds", NULL, "the header does not lie within its file");
	}
	return UC_OK;
}
