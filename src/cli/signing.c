#include "cli/signing.h"

#include <string.h>

#include "cli/tlvfile.h"

static bool is_value(const struct uc_args *args, enum uc_option_id option, const char *text)
{
	const char *value = uc_args_value(args, option);
	return value != NULL && strcmp(value, text) == 0;
}

enum uc_status uc_signing_read(const struct uc_args *args, const char *file_name, struct uc_tl_signing *out, struct uc_error *e)
{
	*out = (struct uc_tl_signing){.file_name = file_name, .digest = UC_TL_SHA1, .signer_version = -1};
	if (is_value(args, UC_OPT_DIGEST, "sha512")) out->digest = UC_TL_SHA512;
	if (is_value(args, UC_OPT_LAYOUT, "peers")) out->layout = UC_TL_PEERS;
	if (is_value(args, UC_OPT_SIGNER_VERSION, "1.0")) out->signer_version = 0;
	if (is_value(args, UC_OPT_SIGNER_VERSION, "1.1")) out->signer_version = 1;
	return uc_tlv_time(args, UC_OPT_TIME, &out->time, e);
}
