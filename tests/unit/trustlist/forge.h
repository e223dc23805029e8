/*
 * Lists put together element by element, by code of its own, so that a test can have every form that somebody might write, signed all the same.
 */
#ifndef UC_TEST_FORGE_H
#define UC_TEST_FORGE_H

#include "trustlist/phone_data.h"

__attribute__((unused)) static void el(struct uc_buf *out, unsigned tag, const void *value, size_t len)
{
	const uint8_t head[] = {(uint8_t)tag, (uint8_t)(len >> 8), (uint8_t)len};
	uc_buf_add(out, head, sizeof head);
	uc_buf_add(out, value, len);
}

__attribute__((unused)) static void el_text(struct uc_buf *out, unsigned tag, const char *text)
{
	el(out, tag, text, strlen(text) + 1);
}

__attribute__((unused)) static void el_u8(struct uc_buf *out, unsigned tag, unsigned v)
{
	el(out, tag, (const uint8_t[]){(uint8_t)v}, 1);
}

__attribute__((unused)) static void el_u16(struct uc_buf *out, unsigned tag, unsigned v)
{
	el(out, tag, (const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

__attribute__((unused)) static void el_buf(struct uc_buf *out, unsigned tag, struct uc_buf *value)
{
	el(out, tag, value->ptr, value->len);
	uc_buf_free(value);
}

/* A file in the making. What is left alone is as in a list that the peers' SAST "sast" signs with SHA-1. */
struct forge {
	const struct party *signer;
	unsigned version;             /* 0x0102 */
	struct uc_buf signer_info;    /* content of tag 3; default: name, serial, issuer with semicolons */
	struct uc_buf signature_info; /* content of tag 7 */
	struct uc_buf before, after;  /* more elements before the signature (after tag 7), and after it (default: name and time) */
	struct uc_buf body;
	const char *digest; /* "SHA1" */
	size_t padding;     /* more or less than it should be */
	bool unsigned_;
};

__attribute__((unused)) static void forge_defaults(struct forge *f)
{
	UC_CLEANUP(uc_freep) char *name = uc_tl_name(f->signer->cert->subject, UC_TL_SERVER);
	struct uc_buf serial = UC_BUF_EMPTY;
	struct uc_buf algorithm = UC_BUF_EMPTY;
	if (f->version == 0) f->version = 0x0102;
	if (f->digest == NULL) f->digest = "SHA1";
	uc_tl_serial(f->signer->cert, &serial);
	if (f->signer_info.len == 0) {
		el_text(&f->signer_info, 4, name);
		el(&f->signer_info, 5, serial.ptr, serial.len);
		el_text(&f->signer_info, 6, name);
	}
	uc_buf_free(&serial);
	if (f->signature_info.len == 0) {
		el_u8(&f->signature_info, 8, strcmp(f->digest, "SHA1") == 0 ? 1 : strcmp(f->digest, "SHA256") == 0 ? 2 : 3);
		el_u8(&algorithm, 10, 0);
		el_u8(&algorithm, 11, EVP_PKEY_get_size(f->signer->key) == 128 ? 1 : 2);
		el_buf(&f->signature_info, 9, &algorithm);
	}
	if (f->after.len == 0) {
		el_text(&f->after, 14, "CTLFile.tlv");
		el(&f->after, 15, "\x6b\x06\x1d\xdf", 4);
	}
}

__attribute__((unused)) static void forge_sign(const struct forge *f, struct uc_slice before, struct uc_slice after, struct uc_buf *out)
{
	uint8_t signature[1024];
	size_t len = sizeof signature;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_get_digestbyname(f->digest), NULL, f->signer->key), 1);
	assert_int_equal(EVP_DigestSignUpdate(md, before.ptr, before.len), 1);
	assert_int_equal(EVP_DigestSignUpdate(md, after.ptr, after.len), 1);
	assert_int_equal(EVP_DigestSignFinal(md, signature, &len), 1);
	EVP_MD_CTX_free(md);
	el(out, 12, signature, len);
}

/* The file; takes all of f. Released with uc_buf_free(). */
__attribute__((unused)) static struct uc_buf forge(struct forge *f)
{
	struct uc_buf out = UC_BUF_EMPTY;
	struct uc_buf rest = UC_BUF_EMPTY;
	forge_defaults(f);
	el_u16(&out, 1, f->version);
	el_u16(&out, 2, 0);
	el_buf(&out, 3, &f->signer_info);
	el_buf(&out, 7, &f->signature_info);
	uc_buf_add_slice(&out, uc_buf_slice(&f->before));
	size_t length = out.len + f->after.len + (f->unsigned_ ? 0 : 3 + (size_t)EVP_PKEY_get_size(f->signer->key));
	size_t padding = (4 - length % 4) % 4 + f->padding;
	uc_buf_add_slice(&rest, uc_buf_slice(&f->after));
	for (size_t i = 0; i < padding; i++) uc_buf_add_u8(&rest, 13);
	uc_buf_add_slice(&rest, uc_buf_slice(&f->body));
	put_u16(&out, 8, length + padding);
	if (!f->unsigned_) {
		UC_CLEANUP(uc_buf_free) struct uc_buf signature = UC_BUF_EMPTY;
		forge_sign(f, uc_buf_slice(&out), uc_buf_slice(&rest), &signature);
		uc_buf_add_slice(&out, uc_buf_slice(&signature));
	}
	uc_buf_add_slice(&out, uc_buf_slice(&rest));
	uc_buf_free(&rest);
	uc_buf_free(&f->before);
	uc_buf_free(&f->after);
	uc_buf_free(&f->body);
	return out;
}

/* A record of elements that were put together; takes them. */
__attribute__((unused)) static void add_record(struct uc_buf *body, struct uc_buf *elements)
{
	el_u16(body, 1, (unsigned)(5 + elements->len));
	uc_buf_add_slice(body, uc_buf_slice(elements));
	uc_buf_free(elements);
}

/* What matters of a certificate's record, in a server's layout. */
__attribute__((unused)) static void add_cert_record(struct uc_buf *body, const struct uc_cert *c, unsigned role)
{
	UC_CLEANUP(uc_freep) char *subject = uc_tl_name(c->subject, UC_TL_SERVER);
	UC_CLEANUP(uc_freep) char *issuer = uc_tl_name(c->issuer, UC_TL_SERVER);
	struct uc_buf in = UC_BUF_EMPTY;
	struct uc_buf serial = UC_BUF_EMPTY;
	uc_tl_serial(c, &serial);
	el_text(&in, 2, "pub");
	el_text(&in, 3, subject);
	el_u16(&in, 4, role);
	el_text(&in, 5, issuer);
	el_buf(&in, 6, &serial);
	el(&in, 9, c->der.ptr, c->der.len);
	el(&in, 10, "\x0a\x01\x02\x03", 4);
	add_record(body, &in);
}

#endif
