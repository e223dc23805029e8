/* Counted references: files for phones, and what they are made by. */
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/phone_internal.h"
#include "pki/key.h"

struct uc_phone_file {
	struct uc_buf content;
	char list[8], version[65];
	_Atomic unsigned references;
};

struct uc_phone_file *uc_phone_file_new(struct uc_buf *take, const char *list, const char *version)
{
	struct uc_phone_file *f = uc_zalloc(1, sizeof *f);
	f->content = *take;
	*take = UC_BUF_EMPTY;
	snprintf(f->list, sizeof f->list, "%s", list != NULL ? list : "");
	snprintf(f->version, sizeof f->version, "%s", version);
	atomic_init(&f->references, 1);
	return f;
}

struct uc_phone_file *uc_phone_file_ref(struct uc_phone_file *f)
{
	atomic_fetch_add_explicit(&f->references, 1, memory_order_relaxed);
	return f;
}

void uc_phone_file_unref(struct uc_phone_file *f)
{
	if (f == NULL || atomic_fetch_sub_explicit(&f->references, 1, memory_order_acq_rel) > 1) return;
	uc_buf_free(&f->content);
	free(f);
}

struct uc_slice uc_phone_file_content(const struct uc_phone_file *f)
{
	return uc_buf_slice(&f->content);
}

const char *uc_phone_file_list(const struct uc_phone_file *f)
{
	return f->list;
}

const char *uc_phone_file_version(const struct uc_phone_file *f)
{
	return f->version;
}

struct uc_phone_basis *uc_phone_basis_new(void)
{
	struct uc_phone_basis *b = uc_zalloc(1, sizeof *b);
	b->digest = UC_TL_SHA1;
	atomic_init(&b->references, 1);
	return b;
}

struct uc_phone_basis *uc_phone_basis_ref(struct uc_phone_basis *b)
{
	atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
	return b;
}

void uc_phone_basis_unref(struct uc_phone_basis *b)
{
	if (b == NULL || atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) > 1) return;
	uc_phone_file_unref(b->ctl);
	uc_phone_file_unref(b->itl);
	uc_cert_free(b->tftp_cert);
	EVP_PKEY_free(b->tftp_key);
	uc_strv_free(&b->tvs);
	uc_strv_free(&b->capf);
	SSL_CTX_free(b->tls);
	free(b);
}

/* ---- the contract with servers ---- */

SSL_CTX *uc_phone_tls(void *ctx)
{
	UC_CLEANUP(uc_phone_basis_unrefp) struct uc_phone_basis *b = uc_view_phone_basis(ctx);
	if (b == NULL || b->tls == NULL) return NULL;
	SSL_CTX_up_ref(b->tls);
	return b->tls;
}
