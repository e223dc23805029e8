/*
 * Certificates for the tests of the store and its benchmark: well-formed, with fields of one's choice, and a signature that is none. Making one takes
 * microseconds.
 */
#ifndef UC_TEST_FAKE_CERT_H
#define UC_TEST_FAKE_CERT_H

#include <stdio.h>
#include <string.h>

#include "core/bytes.h"
#include "core/clock.h"
#include "core/mem.h"
#include "pki/cert.h"

enum fake_key { FAKE_P256, FAKE_P384, FAKE_RSA_2048 };

struct fake_cert {
	const char *cn, *org;               /* of the subject; NULL for none */
	const char *issuer_cn, *issuer_org; /* NULL for none */
	uint64_t serial;                    /* also makes the key another one */
	uc_time not_before, not_after;
	enum fake_key key;
};

__attribute__((unused)) static void fake_tlv(struct uc_buf *out, uint8_t tag, struct uc_slice content)
{
	uc_buf_add_u8(out, tag);
	if (content.len >= 0x100) {
		uc_buf_add_u8(out, 0x82);
		uc_buf_add_u8(out, (uint8_t)(content.len >> 8));
	} else if (content.len >= 0x80) {
		uc_buf_add_u8(out, 0x81);
	}
	uc_buf_add_u8(out, (uint8_t)content.len);
	uc_buf_add_slice(out, content);
}

/* Wraps what is in inner, which is emptied. */
__attribute__((unused)) static void fake_wrap(struct uc_buf *out, uint8_t tag, struct uc_buf *inner)
{
	fake_tlv(out, tag, uc_buf_slice(inner));
	uc_buf_free(inner);
}

__attribute__((unused)) static void fake_attribute(struct uc_buf *rdns, uint8_t oid_end, const char *value)
{
	if (value == NULL) return;
	const uint8_t oid[] = {0x55, 0x04, oid_end};
	struct uc_buf pair = UC_BUF_EMPTY;
	struct uc_buf seq = UC_BUF_EMPTY;
	fake_tlv(&pair, 0x06, uc_slice_of(oid, sizeof oid));
	fake_tlv(&pair, 0x0c, uc_slice_str(value));
	fake_wrap(&seq, 0x30, &pair);
	fake_wrap(rdns, 0x31, &seq);
}

__attribute__((unused)) static void fake_name(struct uc_buf *out, const char *cn, const char *org)
{
	struct uc_buf rdns = UC_BUF_EMPTY;
	fake_attribute(&rdns, 3, cn);
	fake_attribute(&rdns, 10, org);
	fake_wrap(out, 0x30, &rdns);
}

__attribute__((unused)) static void fake_time(struct uc_buf *out, uc_time t)
{
	struct uc_civil c = uc_time_to_civil(t);
	char text[32];
	if (c.year >= 2050)
		snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
	else
		snprintf(text, sizeof text, "%02d%02d%02d%02d%02d%02dZ", c.year % 100, c.month, c.day, c.hour, c.minute, c.second);
	fake_tlv(out, c.year >= 2050 ? 0x18 : 0x17, uc_slice_str(text));
}

/* Eight bytes that look random and depend on n alone; the first is 1 to 127. */
__attribute__((unused)) static void fake_bytes(uint64_t n, uint8_t out[8])
{
	uint64_t x = (n + 1) * 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	for (int i = 0; i < 8; i++) out[i] = (uint8_t)(x >> (8 * i));
	out[0] = (uint8_t)((out[0] & 0x7f) | 1);
}

__attribute__((unused)) static void fake_spki(struct uc_buf *out, enum fake_key key, uint64_t serial)
{
	static const uint8_t p256[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	                               0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	static const uint8_t p384[] = {0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	                               0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};
	static const uint8_t rsa[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
	struct uc_buf spki = UC_BUF_EMPTY;
	struct uc_buf bits = UC_BUF_EMPTY;
	uc_buf_add_u8(&bits, 0);
	uint8_t point[97];
	memset(point, 0x5a, sizeof point);
	point[0] = 4;
	fake_bytes(serial, point + 8);
	if (key == FAKE_RSA_2048) {
		uint8_t modulus[257];
		memset(modulus, 0xc5, sizeof modulus);
		modulus[0] = 0;
		memcpy(modulus + 20, point + 8, 8);
		struct uc_buf numbers = UC_BUF_EMPTY;
		fake_tlv(&numbers, 0x02, uc_slice_of(modulus, sizeof modulus));
		fake_tlv(&numbers, 0x02, uc_slice_of("\x01\x00\x01", 3));
		fake_wrap(&bits, 0x30, &numbers);
	} else {
		uc_buf_add(&bits, point, key == FAKE_P256 ? 65 : 97);
	}
	switch (key) {
	case FAKE_P256:
		uc_buf_add(&spki, p256, sizeof p256);
		break;
	case FAKE_P384:
		uc_buf_add(&spki, p384, sizeof p384);
		break;
	case FAKE_RSA_2048:
		uc_buf_add(&spki, rsa, sizeof rsa);
		break;
	}
	fake_wrap(&spki, 0x03, &bits);
	fake_wrap(out, 0x30, &spki);
}

/* The DER, appended to out. */
__attribute__((unused)) static void fake_cert_der(const struct fake_cert *f, struct uc_buf *out)
{
	static const uint8_t version3[] = {0xa0, 0x03, 0x02, 0x01, 0x02};
	static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	static const uint8_t signature[] = {0x03, 0x09, 0x00, 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
	struct uc_buf tbs = UC_BUF_EMPTY;
	struct uc_buf validity = UC_BUF_EMPTY;
	struct uc_buf all = UC_BUF_EMPTY;
	uint8_t serial[8];
	fake_bytes(f->serial, serial);
	uc_buf_add(&tbs, version3, sizeof version3);
	fake_tlv(&tbs, 0x02, uc_slice_of(serial, sizeof serial));
	uc_buf_add(&tbs, ecdsa_sha256, sizeof ecdsa_sha256);
	fake_name(&tbs, f->issuer_cn, f->issuer_org);
	fake_time(&validity, f->not_before);
	fake_time(&validity, f->not_after);
	fake_wrap(&tbs, 0x30, &validity);
	fake_name(&tbs, f->cn, f->org);
	fake_spki(&tbs, f->key, f->serial);
	fake_wrap(&all, 0x30, &tbs);
	uc_buf_add(&all, ecdsa_sha256, sizeof ecdsa_sha256);
	uc_buf_add(&all, signature, sizeof signature);
	fake_wrap(out, 0x30, &all);
}

/* The certificate, read; owned. NULL when it cannot be read. */
__attribute__((unused)) static struct uc_cert *fake_cert(const struct fake_cert *f)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	fake_cert_der(f, &der);
	struct uc_cert *c = NULL;
	return uc_cert_read(uc_buf_slice(&der), &c, NULL) == UC_OK ? c : NULL;
}

#endif
