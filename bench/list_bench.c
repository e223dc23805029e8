/*
 * Building and signing a trust list, beside the bare signature.
 *
 *   list_bench [--rounds=N] [--batch=N]
 *
 * Ours: uc_tl_write() from certificates that were read: header, all records, signature. The library's: EVP_DigestSign() with the same key and digest over as many bytes. A round is a batch of ours
 * and a batch of the library's.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "pki/key.h"
#include "pki/request.h"
#include "trustlist/list.h"

enum { MOST = 64 };

static const uc_time NOW = 1795562975;

struct list {
	EVP_PKEY *key;
	struct uc_cert *certs[MOST];
	struct uc_tl_entry entries[MOST];
	char names[MOST][32];
	struct uc_tl_spec spec;
	struct uc_buf file; /* once written: its length is that of what is signed */
};

static void make_list(const char *kind, size_t nodes, struct list *out)
{
	struct uc_error e;
	*out = (struct list){.spec = {.signing = {.digest = UC_TL_SHA1, .signer_version = -1, .file_name = "CTLFile.tlv", .time = NOW}}};
	uc_bench_must(uc_key_generate(uc_key_spec_find(kind), &out->key, &e), "making a key", &e);
	for (size_t i = 0; i <= nodes; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
		snprintf(out->names[i], sizeof out->names[i], "cucm-sub%zu", i);
		struct uc_profile p = {.common_name = out->names[i],
		                       .organization = "Example Company",
		                       .country = "JP",
		                       .key_usage = UC_KU_DIGITAL_SIGNATURE,
		                       .digest = "SHA256",
		                       .not_before = NOW,
		                       .not_after = NOW + UC_DAY * 365};
		uc_bench_must(uc_cert_self_sign(&p, out->key, &der, &e), "making a certificate", &e);
		uc_bench_must(uc_cert_read(uc_buf_slice(&der), &out->certs[i], &e), "reading it", &e);
		out->entries[i] = (struct uc_tl_entry){.cert = out->certs[i], .dns = out->names[i], .role = i == 0 ? UC_TL_SAST : UC_TL_CCM_TFTP};
	}
	out->spec.entries = out->entries;
	out->spec.count = nodes + 1;
	uc_bench_must(uc_tl_write(&out->spec, out->certs[0], out->key, &out->file, &e), "writing a list", &e);
}

static void free_list(struct list *l)
{
	for (size_t i = 0; i < l->spec.count; i++) uc_cert_free(l->certs[i]);
	uc_key_free(l->key);
	uc_buf_free(&l->file);
}

static void ours(const struct list *l)
{
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_bench_must(uc_tl_write(&l->spec, l->certs[0], l->key, &out, &e), "writing a list", &e);
}

static void library(const struct list *l)
{
	unsigned char signature[512];
	size_t len = sizeof signature;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, EVP_sha1(), NULL, l->key) != 1 ||
	    EVP_DigestSign(ctx, signature, &len, l->file.ptr, l->file.len) != 1)
		uc_bench_die("OpenSSL cannot sign");
	EVP_MD_CTX_free(ctx);
}

/* Seconds for one list. */
static double timed(void (*way)(const struct list *), const struct list *l, long batch)
{
	double begun = uc_bench_cpu(0);
	for (long i = 0; i < batch; i++) way(l);
	return (uc_bench_cpu(0) - begun) / (double)batch;
}

static void measure(const char *kind, size_t nodes, long rounds, long batch)
{
	struct list l;
	UC_CLEANUP(uc_samples_free) struct uc_samples bare = {.items = NULL};
	UC_CLEANUP(uc_samples_free) struct uc_samples whole = {.items = NULL};
	make_list(kind, nodes, &l);
	timed(ours, &l, 1);
	timed(library, &l, 1);
	for (long i = 0; i < rounds; i++) {
		uc_samples_add(&bare, timed(library, &l, batch));
		uc_samples_add(&whole, timed(ours, &l, batch));
	}
	uc_bench_title("A list of %zu records, %zu bytes, signed by %s, %ld rounds of %ld (processor time)", l.spec.count, l.file.len,
	               uc_key_spec_find(kind)->text, rounds, batch);
	uc_bench_row("EVP_DigestSign alone", &bare, &uc_unit_us, NULL);
	uc_bench_row("build and sign", &whole, &uc_unit_us, &bare);
	free_list(&l);
}

int main(int argc, char **argv)
{
	long rounds = uc_bench_option(argc, argv, "rounds", 21);
	long batch = uc_bench_option(argc, argv, "batch", 50);
	measure("rsa-2048", 5, rounds, batch);
	measure("rsa-2048", 25, rounds, batch);
	measure("rsa-4096", 15, rounds, batch);
	return 0;
}
