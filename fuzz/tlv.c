/*
 * Targets: uc_tl_read and all that is said of what was read (src/trustlist/list*.c, header.c, element.c). 'r' and what follows is a file as it is; otherwise a list is made here and changed: three
 * bytes each say where (two bytes) and how, and a changed list does not verify.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "pki/request.h"
#include "trustlist/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Within the validity of what the seeds hold. */
#define NOW ((uc_time)1795649375)

static struct uc_cert *cert;
static struct uc_buf whole;
static struct uc_tl other; /* what was read from it */

static void require(bool rule)
{
	if (!rule) abort();
}

/* The key is another one each time: inputs say where a list is changed, not what it is. */
static void prepare(void)
{
	if (cert != NULL) return;
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	const struct uc_profile profile = {
	    .common_name = "n", .key_usage = UC_KU_DIGITAL_SIGNATURE, .digest = "SHA256", .not_after = UC_TIME_MAX};
	EVP_PKEY *key = EVP_RSA_gen(1024);
	require(key != NULL && uc_cert_self_sign(&profile, key, &der, NULL) == UC_OK && uc_cert_read(uc_buf_slice(&der), &cert, NULL) == UC_OK);
	const struct uc_tl_entry entries[] = {{.cert = cert, .dns = "pub", .role = UC_TL_SAST, .address = {10, 1, 2, 3}},
	                                      {.dns = "sub", .role = UC_TL_CCM},
	                                      {.cert = cert, .dns = "pub", .role = UC_TL_CCM_TFTP}};
	const struct uc_tl_spec spec = {
	    .signing = {.digest = UC_TL_SHA1, .file_name = "CTLFile.tlv", .time = NOW}, .entries = entries, .count = 3};
	require(uc_tl_write(&spec, cert, key, &whole, NULL) == UC_OK);
	require(uc_tl_read(uc_buf_slice(&whole), NOW, &other, NULL, NULL) == UC_OK);
	EVP_PKEY_free(key);
}

static bool is_within(const struct uc_tl *l, struct uc_slice s)
{
	return s.len == 0 || (s.ptr >= l->file.ptr && s.len <= l->file.len && (size_t)(s.ptr - l->file.ptr) <= l->file.len - s.len);
}

static void check_elements(const struct uc_tl *l, const struct uc_tl_elements *v)
{
	size_t last = 0;
	for (size_t i = 0; i < v->count; i++) {
		require(is_within(l, v->items[i].value) && v->items[i].offset < l->file.len);
		require(i == 0 || v->items[i].offset > last);
		last = v->items[i].offset;
	}
}

/* Header and records fill the file. */
static void check_places(const struct uc_tl *l)
{
	size_t at = l->header.length;
	check_elements(l, &l->header.elements);
	for (size_t i = 0; i < l->count; i++) {
		const struct uc_tl_record *r = &l->records[i];
		require(r->offset == at && r->length >= 5);
		at += r->length;
		check_elements(l, &r->elements);
		require(r->cert == NULL || uc_slice_eq(uc_buf_slice(&r->cert->der), uc_buf_slice(&r->der)));
	}
	require(at == l->file.len);
}

static void check_shown(const struct uc_tl *l, const struct uc_findings *findings)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_tl_text(l, "CTL", findings, &out);
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&out);
	require(uc_utf8_valid(uc_slice_str(text)));
	for (const char *p = text; *p != '\0'; p++) require(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
	json_t *o = uc_tl_json(l, findings, NOW);
	char *dump = json_dumps(o, 0);
	require(dump != NULL && json_array_size(json_object_get(o, "records")) == l->count);
	free(dump);
	json_decref(o);
	size_t count = 0;
	UC_CLEANUP(uc_freep) struct uc_tl_known *known = uc_tl_known_of(l, &count);
	require(count <= l->count);
	(void)uc_tl_accepts(known, count, known, count, cert->fingerprint, false, NULL, 0);
}

/* A list is the same as itself; another one is told in the same words both ways. */
static void check_diff(const struct uc_tl *l)
{
	json_t *same = uc_tl_diff(l, l, NOW);
	json_t *there = uc_tl_diff(&other, l, NOW);
	json_t *back = uc_tl_diff(l, &other, NOW);
	require(json_is_true(json_object_get(same, "same")) && json_is_false(json_object_get(same, "form")));
	require(json_array_size(json_object_get(there, "added")) == json_array_size(json_object_get(back, "removed")));
	require(json_array_size(json_object_get(there, "moved")) == json_array_size(json_object_get(back, "moved")));
	require(json_equal(json_object_get(there, "same"), json_object_get(back, "same")));
	json_decref(same);
	json_decref(there);
	json_decref(back);
}

static void change(struct uc_buf *file, struct uc_slice edits)
{
	struct uc_reader r = uc_reader_of(edits);
	uint16_t at;
	uint8_t with;
	while (uc_read_u16(&r, &at) && uc_read_u8(&r, &with)) file->ptr[at % file->len] ^= with;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	struct uc_tl l;
	struct uc_error e = {.code = UC_OK};
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	bool raw = size > 0 && data[0] == 'r';
	if (raw) {
		uc_buf_add(&file, data + 1, size - 1);
	} else {
		uc_buf_add_slice(&file, uc_buf_slice(&whole));
		change(&file, uc_slice_of(data, size));
	}
	if (uc_tl_read(uc_buf_slice(&file), NOW, &l, &findings, &e) == UC_OK) {
		bool same = uc_slice_eq(uc_buf_slice(&file), uc_buf_slice(&whole));
		check_places(&l);
		if (!raw) require((uc_tl_verify(&l, NULL, &e) == UC_OK) == same);
		check_shown(&l, &findings);
		check_diff(&l);
		uc_tl_free(&l);
	} else {
		require(e.id[0] != '\0' && e.message[0] != '\0');
	}
	ERR_clear_error();
	return 0;
}
