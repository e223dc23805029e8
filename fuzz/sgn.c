/*
 * Targets: uc_sgn_read, uc_enc_read (src/trustlist/signed*.c). 'r' and what follows is a file as it is; otherwise an encrypted file is made here and changed: three bytes each say where (two bytes)
 * and how. A changed file does not verify; what is decrypted is what was encrypted, or nothing.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "pki/request.h"
#include "trustlist/signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char clear[] = "<device><encrConfig>true</encrConfig></device>";
static struct uc_cert *cert;
static EVP_PKEY *key;
static struct uc_buf whole;

static void require(bool rule)
{
	if (!rule) abort();
}

/* The key is another one each time: inputs say where a file is changed, not what it is. */
static void prepare(void)
{
	if (cert != NULL) return;
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	const struct uc_profile profile = {
	    .common_name = "n", .key_usage = UC_KU_DIGITAL_SIGNATURE, .digest = "SHA256", .not_after = UC_TIME_MAX};
	key = EVP_RSA_gen(1024);
	require(key != NULL && uc_cert_self_sign(&profile, key, &der, NULL) == UC_OK && uc_cert_read(uc_buf_slice(&der), &cert, NULL) == UC_OK);
	const struct uc_tl_signing signing = {.digest = UC_TL_SHA1, .file_name = "SEP001122334455.cnf.xml.enc.sgn", .time = 1};
	require(uc_enc_write(&signing, cert, key, cert, uc_slice_str(clear), NULL, &whole, NULL) == UC_OK);
}

static void change(struct uc_buf *file, struct uc_slice edits)
{
	struct uc_reader r = uc_reader_of(edits);
	uint16_t at;
	uint8_t with;
	while (uc_read_u16(&r, &at) && uc_read_u8(&r, &with)) file->ptr[at % file->len] ^= with;
}

static void check_signed(struct uc_slice file, bool raw)
{
	struct uc_tl_header h;
	struct uc_slice content;
	struct uc_error e = {.code = UC_OK};
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	if (uc_sgn_read(file, &h, &content, &findings, &e) != UC_OK) {
		require(e.id[0] != '\0' && e.message[0] != '\0');
		return;
	}
	require(h.length + content.len == file.len && h.name != NULL && h.issuer != NULL && h.file_name != NULL);
	bool good = uc_tl_header_verify(&h, file, cert, &e) == UC_OK;
	require(good == (!raw && uc_slice_eq(file, uc_buf_slice(&whole))));
	(void)uc_tl_header_names(&h, cert);
	(void)uc_tl_name_matches(h.name, h.issuer);
	uc_tl_header_free(&h);
}

static void check_encrypted(struct uc_slice file, bool raw)
{
	struct uc_error e = {.code = UC_OK};
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	if (uc_enc_read(file, key, &out, &e) == UC_OK)
		require(!raw && uc_slice_eq(uc_buf_slice(&out), uc_slice_str(clear)));
	else
		require(out.len == 0 && e.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	bool raw = size > 0 && data[0] == 'r';
	if (raw) {
		uc_buf_add(&file, data + 1, size - 1);
	} else {
		uc_buf_add_slice(&file, uc_buf_slice(&whole));
		change(&file, uc_slice_of(data, size));
	}
	check_signed(uc_buf_slice(&file), raw);
	check_encrypted(uc_buf_slice(&file), raw);
	ERR_clear_error();
	return 0;
}
