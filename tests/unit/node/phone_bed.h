/* Directories of files and certificates for phones, and a basis to answer by: for the tests of src/node/phone*.c. */
#ifndef UC_TEST_PHONE_BED_H
#define UC_TEST_PHONE_BED_H

#include <fcntl.h>
#include <openssl/evp.h>
#include <time.h>

#include "node/phone_internal.h"
#include "pki/make_certs.h"

#define DEVICE "SEP001122334455"
#define CONFIG DEVICE ".cnf.xml"

#define CLEAR "<device><fullConfig>true</fullConfig><secret>password</secret><encrConfig>false</encrConfig></device>"
#define SECRET "<device><fullConfig>true</fullConfig><secret>password</secret><encrConfig>true</encrConfig></device>"

struct phone_bed {
	char *dir, *files, *certs;
	struct made signer, phone, ec;
	struct uc_phone_basis *basis;
};

__attribute__((unused)) static void bed_write(const char *dir, const char *name, struct uc_slice bytes)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.len), bytes.len);
	close(fd);
}

__attribute__((unused)) static void bed_text(const char *dir, const char *name, const char *text)
{
	bed_write(dir, name, uc_slice_str(text));
}

/* Until what was written is old enough to be kept. */
__attribute__((unused)) static void bed_settle(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 150 * 1000 * 1000}, NULL);
}

__attribute__((unused)) static void bed_pem(const char *dir, const char *name, const struct uc_cert *c)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = UC_BUF_EMPTY;
	uc_pem_write(&pem, "CERTIFICATE", uc_buf_slice(&c->der));
	bed_write(dir, name, uc_buf_slice(&pem));
}

/* A list of these bytes, with one reference. */
__attribute__((unused)) static struct uc_phone_file *bed_list(const char *list, const char *version, const char *bytes)
{
	struct uc_buf content = UC_BUF_EMPTY;
	uc_buf_add_str(&content, bytes);
	return uc_phone_file_new(&content, list, version);
}

/* Signed by the bed's signer. */
__attribute__((unused)) static struct uc_phone_basis *bed_basis(const struct phone_bed *b, int64_t serial)
{
	struct uc_phone_basis *basis = uc_phone_basis_new();
	basis->serial = serial;
	basis->tftp_cert = uc_cert_dup(b->signer.cert);
	basis->tftp_key = b->signer.key;
	EVP_PKEY_up_ref(basis->tftp_key);
	return basis;
}

__attribute__((unused)) static void bed_make(struct phone_bed *b)
{
	*b = (struct phone_bed){.dir = uc_test_dir()};
	b->files = uc_sprintf("%s/files", b->dir);
	b->certs = uc_sprintf("%s/certs", b->dir);
	assert_int_equal(mkdir(b->files, 0700), 0);
	assert_int_equal(mkdir(b->certs, 0700), 0);
	b->signer = make_cert(&(struct make){.subject = "CN=cucm-pub", .key = "RSA-2048"});
	b->phone = make_cert(&(struct make){.subject = "CN=" DEVICE, .key = "RSA-2048"});
	b->ec = make_cert(&(struct make){.subject = "CN=" DEVICE});
	b->basis = bed_basis(b, 1);
}

__attribute__((unused)) static void bed_free(struct phone_bed *b)
{
	uc_phone_basis_unref(b->basis);
	made_free(&b->signer);
	made_free(&b->phone);
	made_free(&b->ec);
	free(b->files);
	free(b->certs);
	uc_test_dir_remove(b->dir);
}

#endif
