/* The files of tests/data/phone, and edits of bytes. */
#ifndef UC_TEST_PHONE_DATA_H
#define UC_TEST_PHONE_DATA_H

#include "uc_test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"
#include "trustlist/list.h"
#include "trustlist/signed.h"

/* When the trust lists and the signed files of the peers were made: 24 November 2026. */
#define PEER_LIST_TIME ((uc_time)1795562975)
#define PEER_SGN_TIME ((uc_time)1795562999)
#define PEER_ENC_TIME ((uc_time)1795563337)
/* A day later. */
#define PEER_NOW (PEER_LIST_TIME + UC_DAY)

/* Of tests/data/phone. Released with uc_buf_free(). */
__attribute__((unused)) static struct uc_buf sample(const char *name)
{
	struct uc_error e = {.code = UC_OK};
	struct uc_buf content = UC_BUF_EMPTY;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("tests/data/phone/%s", name);
	assert_ok(uc_file_read(path, (size_t)1 << 20, &content, &e), e);
	return content;
}

struct party {
	struct uc_cert *cert;
	EVP_PKEY *key;
};

__attribute__((unused)) static void party_free(struct party *p)
{
	uc_cert_free(p->cert);
	EVP_PKEY_free(p->key);
}

/* A section of peer-certs.pem: "sast", "dev-ec". */
__attribute__((unused)) static struct party peer(const char *name)
{
	struct uc_error e = {.code = UC_OK};
	struct party p = {.cert = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf all = sample("peer-certs.pem");
	uc_buf_add_u8(&all, 0);
	UC_CLEANUP(uc_freep) char *head = uc_sprintf("\n## %s -", name);
	char *section = strstr((char *)all.ptr, head);
	assert_non_null(section);
	char *end = strstr(section + 1, "\n## ");
	size_t len = end != NULL ? (size_t)(end - section) : strlen(section);
	BIO *bio = BIO_new_mem_buf(section, (int)len);
	p.key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	bio = BIO_new_mem_buf(section, (int)len);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	assert_non_null(p.key);
	assert_non_null(x);
	unsigned char *der = NULL;
	int der_len = i2d_X509(x, &der);
	assert_ok(uc_cert_read(uc_slice_of(der, (size_t)der_len), &p.cert, &e), e);
	OPENSSL_free(der);
	X509_free(x);
	return p;
}

/* A list that must be readable. Released with uc_tl_free(). */
__attribute__((unused)) static struct uc_tl list_of(struct uc_slice file, struct uc_findings *findings)
{
	struct uc_error e = {.code = UC_OK};
	struct uc_tl l;
	assert_ok(uc_tl_read(file, PEER_NOW, &l, findings, &e), e);
	return l;
}

__attribute__((unused)) static struct uc_tl sample_list(const char *name)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample(name);
	return list_of(uc_buf_slice(&file), NULL);
}

/* Puts bytes in the place of n bytes at an offset. */
__attribute__((unused)) static void splice(struct uc_buf *b, size_t at, size_t n, const void *bytes, size_t len)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf rest = UC_BUF_EMPTY;
	assert_true(at + n <= b->len);
	uc_buf_add(&rest, b->ptr + at + n, b->len - at - n);
	b->len = at;
	uc_buf_add(b, bytes, len);
	uc_buf_add_slice(b, uc_buf_slice(&rest));
}

__attribute__((unused)) static void put_u16(struct uc_buf *b, size_t at, size_t value)
{
	assert_true(at + 2 <= b->len && value <= UINT16_MAX);
	b->ptr[at] = (uint8_t)(value >> 8);
	b->ptr[at + 1] = (uint8_t)value;
}

__attribute__((unused)) static size_t get_u16(const struct uc_buf *b, size_t at)
{
	assert_true(at + 2 <= b->len);
	return (size_t)(b->ptr[at] << 8 | b->ptr[at + 1]);
}

__attribute__((unused)) static void assert_same_bytes(struct uc_slice a, struct uc_slice b)
{
	size_t i = 0;
	while (i < a.len && i < b.len && a.ptr[i] == b.ptr[i]) i++;
	if (a.len != b.len || i != a.len) fail_msg("%zu bytes and %zu bytes differ at offset %zu", a.len, b.len, i);
}

/* The message speaks of this offset. */
__attribute__((unused)) static void assert_offset(const struct uc_error *e, size_t offset)
{
	UC_CLEANUP(uc_freep) char *text = uc_sprintf("offset %zu", offset);
	const char *at = strstr(e->message, text);
	while (at != NULL && at[strlen(text)] >= '0' && at[strlen(text)] <= '9') at = strstr(at + 1, text);
	if (at == NULL) fail_msg("'%s' does not name offset %zu", e->message, offset);
}

#endif
