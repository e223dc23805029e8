/*
 * Targets: uc_unseal (src/pki/seal.c). 'r' and what follows is taken as it is; otherwise a seal is made here and changed: three bytes each say where (two bytes) and how. What comes out of a
 * changed seal is what went in, or nothing.
 */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "pki/key.h"
#include "pki/request.h"
#include "pki/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char secret[] = "what nobody else may read";
static EVP_PKEY *key;
static struct uc_certs self;
static struct uc_buf whole;

static void require(bool rule)
{
	if (!rule) abort();
}

/* The key is another one each time: inputs say where a seal is changed, not what it is. */
static void prepare(void)
{
	if (key != NULL) return;
	struct uc_cert *c = NULL;
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	const struct uc_profile profile = {.common_name = "n", .key_usage = UC_KU_KEY_AGREEMENT, .digest = "SHA256", .not_after = UC_TIME_MAX};
	require(uc_key_generate(uc_key_spec_find("ec-p256"), &key, NULL) == UC_OK);
	require(uc_cert_self_sign(&profile, key, &der, NULL) == UC_OK && uc_cert_read(uc_buf_slice(&der), &c, NULL) == UC_OK);
	uc_certs_take(&self, c);
	require(uc_seal(uc_slice_str(secret), &self, &whole, NULL) == UC_OK);
}

static void change(struct uc_buf *sealed, struct uc_slice edits)
{
	struct uc_reader r = uc_reader_of(edits);
	uint16_t at;
	uint8_t with;
	while (uc_read_u16(&r, &at) && uc_read_u8(&r, &with)) sealed->ptr[at % sealed->len] ^= with;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	UC_CLEANUP(uc_buf_free) struct uc_buf sealed = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	bool raw = size > 0 && data[0] == 'r';
	if (raw) {
		uc_buf_add(&sealed, data + 1, size - 1);
	} else {
		uc_buf_add_slice(&sealed, uc_buf_slice(&whole));
		change(&sealed, uc_slice_of(data, size));
	}
	struct uc_error e = {.code = UC_OK};
	if (uc_unseal(uc_buf_slice(&sealed), self.items[0], key, &out, &e) == UC_OK) {
		require(!raw && uc_slice_eq(uc_buf_slice(&out), uc_slice_str(secret)));
	} else {
		require(strcmp(e.id, "seal-broken") == 0 || strcmp(e.id, "sealed-to-others") == 0);
		require(out.len == 0 && e.message[0] != '\0');
	}
	ERR_clear_error();
	return 0;
}
