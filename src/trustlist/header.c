#include "trustlist/header.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "pki/key.h"
#include "trustlist/element.h"
#include "trustlist/sign.h"

UC_DEFINE_CLEANUP(free_x509, X509, X509_free)

static const char no_file_hint[] = "It is damaged, or no trust list and no signed file: get it again from the TFTP server.";

static const struct {
	uint8_t major, minor;
} versions[] = {{1, 0}, {1, 1}, {1, 2}, {2, 0}};

void uc_tl_header_free(struct uc_tl_header *h)
{
	free(h->name);
	free(h->issuer);
	free(h->file_name);
	uc_buf_free(&h->serial);
	uc_buf_free(&h->signature);
	uc_buf_free(&h->iv);
	uc_buf_free(&h->wrapped_key);
	uc_buf_free(&h->content_digest);
	uc_tl_elements_free(&h->elements);
	*h = (struct uc_tl_header){.name = NULL};
}

/* ---- reading ---- */

/* The two elements with which each file begins: where it starts otherwise, it is none. */
static enum uc_status read_start(struct uc_slice file, struct uc_tl_header *h, struct uc_error *e)
{
	static const uint8_t fixed[UC_TL_HEADER_START] = {1, 0, 2, 0, 0, 2, 0, 2, 0, 0};
	static const bool free_byte[UC_TL_HEADER_START] = {[3] = true, [4] = true, [8] = true, [9] = true};
	struct uc_reader r = uc_reader_of(file);
	uint8_t start[UC_TL_HEADER_START] = {0};
	for (size_t i = 0; i < sizeof start; i++) {
		if (!uc_read_u8(&r, &start[i]))
			return uc_fail(e, UC_EINPUT, "tlv-truncated", no_file_hint,
			               "the file ends at offset %zu, within the first two elements of its header", i);
		if (!free_byte[i] && start[i] != fixed[i])
			return uc_fail(e, UC_EINPUT, "tlv-header", no_file_hint,
			               "the file does not begin as a trust list or a signed file: byte 0x%02x instead of 0x%02x at offset %zu",
			               (unsigned)start[i], (unsigned)fixed[i], i);
	}
	h->major = start[3];
	h->minor = start[4];
	h->length = (size_t)(start[8] << 8 | start[9]);
	if (h->length < sizeof start)
		return uc_fail(e, UC_EINPUT, "tlv-header", no_file_hint,
		               "the header length at offset 8 is %zu, less than the %zu bytes of the first two elements", h->length, sizeof start);
	if (h->length > file.len)
		return uc_fail(e, UC_EINPUT, "tlv-truncated", no_file_hint, "the file ends at offset %zu, within its header of %zu bytes", file.len,
		               h->length);
	return UC_OK;
}

static char *text_or_empty(const struct uc_tl_elements *v, uint8_t tag)
{
	char *text = uc_tl_element_text(uc_tl_element_find(v, tag));
	return text != NULL ? text : uc_strdup("");
}

static unsigned number(const struct uc_tl_elements *v, uint8_t tag)
{
	return uc_tl_element_number(uc_tl_element_find(v, tag));
}

static void take_fields(struct uc_tl_header *h)
{
	const struct uc_tl_elements *v = &h->elements;
	const struct uc_tl_element *signature = uc_tl_element_find(v, UC_TLH_SIGNATURE);
	unsigned signer_version = number(v, UC_TLH_SIGNER_VERSION);
	h->has_signer_version = uc_tl_element_find(v, UC_TLH_SIGNER_VERSION) != NULL;
	h->signer_major = (uint8_t)(signer_version >> 8);
	h->signer_minor = (uint8_t)signer_version;
	h->name = text_or_empty(v, UC_TLH_SIGNER_NAME);
	h->issuer = text_or_empty(v, UC_TLH_ISSUER);
	h->file_name = text_or_empty(v, UC_TLH_FILE_NAME);
	uc_tl_element_bytes(uc_tl_element_find(v, UC_TLH_SERIAL), &h->serial);
	uc_tl_element_bytes(signature, &h->signature);
	h->signature_offset = signature != NULL ? signature->offset : 0;
	h->has_digest = uc_tl_element_find(v, UC_TLH_DIGEST) != NULL;
	h->digest = number(v, UC_TLH_DIGEST);
	h->algorithm = number(v, UC_TLH_ALGORITHM);
	h->has_modulus = uc_tl_element_find(v, UC_TLH_MODULUS) != NULL;
	h->modulus = number(v, UC_TLH_MODULUS);
	h->has_time = uc_tl_element_find(v, UC_TLH_TIME) != NULL;
	h->time = number(v, UC_TLH_TIME);
}

static void take_encryption(struct uc_tl_header *h)
{
	const struct uc_tl_elements *v = &h->elements;
	h->encrypted = uc_tl_element_find(v, UC_TLH_ENCRYPTION) != NULL;
	if (!h->encrypted) return;
	uc_tl_element_bytes(uc_tl_element_find(v, UC_TLH_IV), &h->iv);
	uc_tl_element_bytes(uc_tl_element_find(v, UC_TLH_KEY), &h->wrapped_key);
	uc_tl_element_bytes(uc_tl_element_find(v, UC_TLH_CONTENT_DIGEST), &h->content_digest);
	h->pad_count = number(v, UC_TLH_PAD_COUNT);
	h->content_digest_algorithm = number(v, UC_TLH_CONTENT_DIGEST_ALGORITHM);
	h->wrapped_bits = number(v, UC_TLH_KEY_BITS);
}

/* What phones bear. */
static void look(const struct uc_tl_header *h, struct uc_findings *f)
{
	bool known = false;
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		known = known || (versions[i].major == h->major && versions[i].minor == h->minor);
	if (!known)
		uc_findings_add(f, UC_NOTE, "tlv-version", "It is read as version 1.2.", "the header has the unknown version %u.%u",
		                (unsigned)h->major, (unsigned)h->minor);
	if (h->length % 4 != 0)
		uc_findings_add(f, UC_WARN, "tlv-alignment", NULL, "the header has %zu bytes, which is no multiple of 4", h->length);
	if (h->signature.len == 0 || !h->has_digest)
		uc_findings_add(f, UC_WARN, "tlv-unsigned", "Phones that hold a trust list refuse it.", "the file has no signature");
	else if (uc_tl_digest_name(h->digest) == NULL || h->algorithm != 0)
		uc_findings_add(f, UC_WARN, "tlv-algorithm", NULL, "the signature is of an unknown kind: digest %u, algorithm %u", h->digest,
		                h->algorithm);
	else if (uc_tl_modulus_bits(h->modulus) != 8 * h->signature.len)
		uc_findings_add(f, UC_WARN, "tlv-modulus", NULL, "the signature has %zu bytes, but the code for the signer's key is %u (%u bits)",
		                h->signature.len, h->modulus, uc_tl_modulus_bits(h->modulus));
}

static enum uc_status read_into(struct uc_slice file, struct uc_tl_header *h, struct uc_findings *findings, struct uc_error *e)
{
	UC_TRY(read_start(file, h, e));
	UC_TRY(uc_tl_elements_read(file, 0, h->length, uc_tl_header_area(h), "the header", &h->elements, findings, e));
	take_fields(h);
	take_encryption(h);
	if (findings != NULL) look(h, findings);
	return UC_OK;
}

enum uc_status uc_tl_header_read(struct uc_slice file, struct uc_tl_header *out, struct uc_findings *findings, struct uc_error *e)
{
	*out = (struct uc_tl_header){.name = NULL};
	enum uc_status status = read_into(file, out, findings, e);
	if (status != UC_OK) uc_tl_header_free(out);
	return status;
}

/* ---- the signature ---- */

enum uc_status uc_tl_check_signed(const struct uc_tl_header *h, struct uc_error *e)
{
	if (h->signature.len > 0 && h->has_digest) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "tlv-unsigned", "Phones that hold a trust list refuse it.", "the file has no signature");
}

static enum uc_status check_kind(const struct uc_tl_header *h, const struct uc_cert *by, struct uc_error *e)
{
	static const char hint[] = "Phone files are signed by RSA keys with SHA-1 or SHA-512.";
	UC_TRY(uc_tl_check_signed(h, e));
	if (uc_tl_digest_name(h->digest) == NULL)
		return uc_fail(e, UC_EREFUSED, "tlv-algorithm", hint, "the file is signed with an unknown digest (code %u)", h->digest);
	if (h->algorithm != 0)
		return uc_fail(e, UC_EREFUSED, "tlv-algorithm", hint, "the file has an unsupported signature algorithm (code %u)", h->algorithm);
	struct uc_key_info info = uc_key_info_of(by->spki);
	if (info.kind != UC_KEY_RSA)
		return uc_fail(e, UC_EREFUSED, "tlv-algorithm", hint, "the signer's certificate has a key of kind %s, which signs no phone files",
		               info.text);
	return UC_OK;
}

static enum uc_status split(const struct uc_tl_header *h, struct uc_slice file, struct uc_tl_signed_parts *parts, struct uc_error *e)
{
	struct uc_reader r = uc_reader_of(file);
	struct uc_slice signature;
	if (!uc_read_slice(&r, h->signature_offset, &parts->before) || !uc_read_slice(&r, UC_TL_HEAD + h->signature.len, &signature) ||
	    !uc_read_slice(&r, uc_reader_left(&r), &parts->after))
		return uc_fail(e, UC_EINTERNAL, "tlv-bounds", NULL, "the signature does not lie within its file");
	return UC_OK;
}

enum uc_status uc_tl_header_verify(const struct uc_tl_header *h, struct uc_slice file, const struct uc_cert *by, struct uc_error *e)
{
	static const char hint[] = "It was changed after it was signed, or signed by another key than its header says.";
	struct uc_tl_signed_parts parts;
	bool good = false;
	UC_TRY(check_kind(h, by, e));
	UC_TRY(split(h, file, &parts, e));
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(by);
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(by);
	EVP_PKEY *key = x != NULL ? X509_get0_pubkey(x) : NULL;
	if (key == NULL)
		return uc_fail(e, UC_EREFUSED, "tlv-algorithm", NULL, "the key of the signer's certificate '%s' cannot be decoded", label);
	if (h->signature.len != (size_t)EVP_PKEY_get_size(key))
		return uc_fail(e, UC_EREFUSED, "tlv-signature", hint, "the signature has %zu bytes, but the key of '%s' makes %d", h->signature.len,
		               label, EVP_PKEY_get_size(key));
	UC_TRY(uc_tl_check_signature(key, h->digest, parts, uc_buf_slice(&h->signature), &good, e));
	if (!good) return uc_fail(e, UC_EREFUSED, "tlv-signature", hint, "the signature is not one of '%s' over this file", label);
	return UC_OK;
}

/* Is this text the name, as one of the layouts has it, or else a text that cannot be read as one (a token's)? */
static bool fits(const char *text, struct uc_slice name)
{
	UC_CLEANUP(uc_freep) char *server = uc_tl_name(name, UC_TL_SERVER);
	UC_CLEANUP(uc_freep) char *peers = uc_tl_name(name, UC_TL_PEERS);
	return strcmp(text, server) == 0 || uc_tl_name_matches(text, peers) || !uc_tl_name_reads(text);
}

bool uc_tl_header_names(const struct uc_tl_header *h, const struct uc_cert *c)
{
	return uc_slice_eq(uc_tl_serial_trim(uc_buf_slice(&h->serial)), uc_tl_serial_trim(c->serial)) && fits(h->name, c->subject) &&
	       fits(h->issuer, c->issuer);
}
