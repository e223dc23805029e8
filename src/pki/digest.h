/* SHA-256, the hash by which certificates, keys, changes and plans are known. */
#ifndef UC_PKI_DIGEST_H
#define UC_PKI_DIGEST_H

#include "core/bytes.h"

#define UC_SHA256_LEN 32
#define UC_SHA256_HEX (2 * UC_SHA256_LEN + 1)

void uc_sha256(struct uc_slice data, uint8_t out[UC_SHA256_LEN]);
/* As lower-case hexadecimal with a NUL; returns buf. */
char *uc_sha256_hex(struct uc_slice data, char buf[UC_SHA256_HEX]);

#endif
