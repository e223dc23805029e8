/* Targets: uc_input_read with all it is made of (src/pki/input*.c), uc_cert_read on what came out. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "pki/cert.h"
#include "pki/der.h"
#include "pki/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool rule)
{
	if (!rule) abort();
}

static void check_item(const struct uc_input_item *item, enum uc_input_keys keys)
{
	struct uc_error e;
	struct uc_der whole;
	struct uc_slice der = uc_buf_slice(&item->der);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = NULL;
	if (item->kind == UC_INPUT_CERT) require(uc_cert_read(der, &c, &e) == UC_OK);
	if (item->kind == UC_INPUT_KEY) require(keys == UC_INPUT_TAKE_KEYS && uc_der_whole(der, UC_DER_SEQUENCE, &whole));
	require(der.len > 0);
}

static void read_it(struct uc_slice data, const char *password, enum uc_input_keys keys)
{
	static const char *const documented[] = {"empty-file",       "html-page",         "no-certificate-found",  "truncated",
	                                         "bad-base64",       "not-a-certificate", "trailing-bytes",        "damaged-key",
	                                         "password-needed",  "wrong-password",    "unsupported-algorithm", "too-large",
	                                         "too-many-objects", "too-many-rounds",   "key-too-large",         "private-key-in-upload"};
	struct uc_input in;
	struct uc_error e = {.code = UC_OK};
	enum uc_status status = uc_input_read(data, password, keys, &in, &e);
	if (status == UC_OK) {
		require(in.count > 0 && in.format[0] != '\0');
		for (size_t i = 0; i < in.count; i++) check_item(&in.items[i], keys);
	} else {
		bool known = false;
		for (size_t i = 0; i < sizeof documented / sizeof *documented; i++)
			if (strcmp(documented[i], e.id) == 0) known = true;
		require(known && status == e.code && e.message[0] != '\0');
	}
	for (size_t i = 0; i < in.findings.count; i++) require(in.findings.items[i].message[0] != '\0');
	uc_input_free(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uc_slice raw = uc_slice_of(data, size);
	read_it(raw, NULL, UC_INPUT_REFUSE_KEYS);
	read_it(raw, "secret", UC_INPUT_TAKE_KEYS);
	return 0;
}
