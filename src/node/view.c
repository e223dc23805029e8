/* The view: TLS contexts made from the newest identities, swapped as one pointer. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/publish.h"

UC_DEFINE_CLEANUP(free_x509, X509, X509_free)

/* The identities that HTTPS presents, both at once, by what the client offers. */
static const struct {
	const char *name;
	bool ec;
} https_purposes[UC_SHOWN] = {{"tomcat", false}, {"tomcat-ECDSA", true}};

void uc_view_free(struct uc_view *v)
{
	if (v == NULL) return;
	SSL_CTX_free(v->https);
	uc_token_keys_free(&v->authz);
	if (v->phones != NULL) uc_phone_basis_unref(v->phones);
	free(v);
}

static enum uc_status tls_failed(struct uc_error *e, const char *purpose, const char *what)
{
	return uc_fail(e, UC_EINTERNAL, "tls-context", "Regenerate that certificate.", "the %s certificate cannot be used for TLS: %s", purpose,
	               what);
}

/* The peer has the root or trusts nothing anyway: leaf and intermediates are sent, no root (C126). */
static size_t sent_with(const struct uc_identity *i)
{
	size_t count = 1;
	for (size_t n = 0; n < i->chain.count; n++) count += !uc_cert_self_signed(i->chain.items[n]);
	return count;
}

static enum uc_status add_chain(SSL_CTX *ctx, const struct uc_identity *i, struct uc_error *e)
{
	SSL_CTX_clear_chain_certs(ctx);
	for (size_t n = 0; n < i->chain.count; n++) {
		if (uc_cert_self_signed(i->chain.items[n])) continue;
		UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(i->chain.items[n]);
		if (x == NULL || !SSL_CTX_add1_chain_cert(ctx, x)) return tls_failed(e, i->purpose, "OpenSSL refuses an intermediate certificate");
	}
	return UC_OK;
}

enum uc_status uc_tls_add(struct uc_node *n, SSL_CTX *ctx, const struct uc_identity *i, struct uc_error *e)
{
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_TRY(uc_keys_get(n->keys, i->key_id, &key, e));
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(i->cert);
	if (x == NULL || SSL_CTX_use_certificate(ctx, x) != 1) return tls_failed(e, i->purpose, "OpenSSL refuses the certificate");
	if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return tls_failed(e, i->purpose, "its private key does not match");
	return add_chain(ctx, i, e);
}

/* What phones of long ago need, on their ports only, and only where that was switched on (C113). */
static void allow_old(SSL_CTX *ctx)
{
	char signatures[] = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA1:RSA+SHA1";
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_cipher_list(ctx, "DEFAULT:@SECLEVEL=0");
	SSL_CTX_set1_sigalgs_list(ctx, signatures);
}

SSL_CTX *uc_tls_new(bool old)
{
	char signatures[] =
	    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL) return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* Of TLS 1.2 only what has forward secrecy and authenticated encryption; SHA-1 signs nothing. */
	SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
	SSL_CTX_set1_sigalgs_list(ctx, signatures);
	/* Which certificates are good enough is decided at their upload: an intermediate signed with SHA-1, accepted there with a warning, must be sent. */
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	if (old) allow_old(ctx);
	return ctx;
}

/* Adds the identity of a purpose, and notes what clients must see or why they cannot. */
static enum uc_status show(struct uc_node *n, struct uc_store *store, SSL_CTX *ctx, struct uc_shown *shown, struct uc_error *e)
{
	UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
	UC_TRY(uc_store_identity(store, n->name, shown->purpose, &i, e));
	uc_cert_fingerprint_hex(i.cert, shown->fingerprint);
	shown->chain = sent_with(&i);
	shown->number = i.number;
	return uc_tls_add(n, ctx, &i, e);
}

/* Makes the view; an identity that cannot be used is a fault of its own, so that one damaged key does not silence the other. */
static enum uc_status make_view(struct uc_node *n, struct uc_store *store, struct uc_view *v, struct uc_error *e)
{
	UC_TRY(uc_log_head(store, &v->number, NULL, e));
	v->https = uc_tls_new(false);
	if (v->https == NULL) return uc_fail(e, UC_EINTERNAL, "openssl", NULL, "OpenSSL cannot make a TLS context");
	unsigned usable = 0;
	struct uc_error why = {.code = UC_OK};
	for (size_t p = 0; p < UC_SHOWN; p++) {
		struct uc_shown *shown = &v->shown[p];
		shown->purpose = https_purposes[p].name;
		shown->ec = https_purposes[p].ec;
		if (show(n, store, v->https, shown, &why) == UC_OK) {
			usable++;
			continue;
		}
		snprintf(shown->fault, sizeof shown->fault, "%s", why.message);
		uc_log_error(shown->purpose, &why);
	}
	uc_authz_load(n, store, &v->authz);
	v->phones = uc_publish(n, store);
	if (usable > 0) return UC_OK;
	if (e != NULL) *e = why;
	return why.code;
}

enum uc_status uc_view_refresh(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	struct uc_view *fresh = uc_zalloc(1, sizeof *fresh);
	enum uc_status status = make_view(n, store, fresh, e);
	if (status != UC_OK) {
		pthread_mutex_lock(&n->view_lock);
		if (n->view_due < fresh->number) n->view_due = fresh->number;
		pthread_mutex_unlock(&n->view_lock);
		uc_view_free(fresh);
		return status;
	}
	pthread_mutex_lock(&n->view_lock);
	struct uc_view *old = n->view;
	if (old != NULL && old->number > fresh->number) old = fresh; /* somebody else was faster */
	if (old != fresh) {
		n->view = fresh;
		fresh->serial = ++n->views;
	}
	pthread_mutex_unlock(&n->view_lock);
	/* Connections that were made from it hold references of their own. */
	uc_view_free(old);
	return UC_OK;
}

void uc_view_advance(struct uc_node *n, int64_t number)
{
	pthread_mutex_lock(&n->view_lock);
	if (n->view != NULL && n->view->number < number && !uc_view_is_stale(n)) n->view->number = number;
	pthread_mutex_unlock(&n->view_lock);
}

bool uc_view_is_stale(const struct uc_node *n)
{
	return n->view->number < n->view_due;
}

SSL_CTX *uc_node_https(void *ctx)
{
	struct uc_node *n = ctx;
	pthread_mutex_lock(&n->view_lock);
	SSL_CTX *https = n->view->https;
	SSL_CTX_up_ref(https);
	pthread_mutex_unlock(&n->view_lock);
	return https;
}
