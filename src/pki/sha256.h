/* SHA-256 (FIPS 180-4): fingerprints, key ids, the chain of the change log. */
#ifndef UC_PKI_SHA256_H
#define UC_PKI_SHA256_H

#include "core/bytes.h"

#define UC_SHA256_LEN 32
#define UC_SHA256_HEX (2 * UC_SHA256_LEN + 1)

void uc_sha256(struct uc_slice data, uint8_t out[UC_SHA256_LEN]);
/* 64 lower-case hexadecimal digits and a NUL into buf; returns buf. */
char *uc_sha256_hex(struct uc_slice data, char buf[UC_SHA256_HEX]);

#endif
