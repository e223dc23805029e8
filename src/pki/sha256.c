#include "pki/sha256.h"

#include <openssl/sha.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"

void uc_sha256(struct uc_slice data, uint8_t out[UC_SHA256_LEN])
{
	SHA256(data.ptr, data.len, out);
}

char *uc_sha256_hex(struct uc_slice data, char buf[UC_SHA256_HEX])
{
	uint8_t hash[UC_SHA256_LEN];
	uc_sha256(data, hash);
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(hash, sizeof hash), '\0');
	memcpy(buf, hex, UC_SHA256_HEX);
	return buf;
}
