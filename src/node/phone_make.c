/* Makes what a phone asks for out of a file: as it is, filled in, signed, encrypted, or the stub of one that is encrypted. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/phone_internal.h"
#include "pki/digest.h"
#include "pki/input.h"
#include "trustlist/config.h"
#include "trustlist/signed.h"

#define MAX_CERT ((size_t)64 * 1024)

/* capfAuthMode while CAPF has nothing for a phone: any other value makes the phone begin a session each time that it starts. */
enum { NOTHING_PENDING = 0 };

/* A configuration on its way. */
struct config {
	struct uc_buf content;
	bool readable; /* it is XML as it should be */
	struct uc_cnf_info info;
	struct uc_cert *cert;       /* of the phone; NULL: not known */
	char hash[UC_CNF_HASH_LEN]; /* of cert, or "" */
};

static void config_free(struct config *c)
{
	/* What is sent encrypted only is not left lying about. */
	uc_buf_wipe(&c->content);
	uc_cert_free(c->cert);
}

static void take(struct uc_phone_made *out, struct uc_buf *content)
{
	out->file = uc_phone_file_new(content, NULL, "");
}

/* ---- signing ---- */

static bool can_sign(const struct uc_phone_basis *b)
{
	return b != NULL && b->tftp_key != NULL && b->tftp_cert != NULL;
}

static enum uc_status no_signer(const struct uc_phone_order *o, struct uc_error *e)
{
	const char *fault = o->basis != NULL ? o->basis->fault : "";
	return uc_fail(e, UC_EREFUSED, "phone-signer", "Regenerate the CallManager certificate.", "'%.160s' cannot be signed: %s", o->asked,
	               fault[0] != '\0' ? fault : "this node has no CallManager certificate");
}

static struct uc_tl_signing signing_of(const struct uc_phone_order *o)
{
	return (struct uc_tl_signing){
	    .layout = UC_TL_SERVER, .digest = o->basis->digest, .signer_version = -1, .file_name = o->asked, .time = uc_now()};
}

static enum uc_status sign(const struct uc_phone_order *o, struct uc_slice content, struct uc_phone_made *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	if (!can_sign(o->basis)) return no_signer(o, e);
	struct uc_tl_signing signing = signing_of(o);
	UC_TRY(uc_sgn_write(&signing, o->basis->tftp_cert, o->basis->tftp_key, content, &file, e));
	take(out, &file);
	return UC_OK;
}

static enum uc_status encrypt(const struct uc_phone_order *o, const struct config *c, struct uc_phone_made *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	if (!can_sign(o->basis)) return no_signer(o, e);
	struct uc_tl_signing signing = signing_of(o);
	UC_TRY(uc_enc_write(&signing, o->basis->tftp_cert, o->basis->tftp_key, c->cert, uc_buf_slice(&c->content), NULL, &file, e));
	take(out, &file);
	return UC_OK;
}

/* ---- configurations ---- */

static enum uc_status first_cert(struct uc_slice file, struct uc_cert **out, struct uc_error *e)
{
	UC_CLEANUP(uc_input_free) struct uc_input in = {.items = NULL};
	UC_TRY(uc_input_read(file, NULL, UC_INPUT_REFUSE_KEYS, &in, e));
	for (size_t i = 0; i < in.count; i++)
		if (in.items[i].kind == UC_INPUT_CERT) return uc_cert_read(uc_buf_slice(&in.items[i].der), out, e);
	return uc_fail(e, UC_EINPUT, "no-certificate-found", NULL, "it holds no certificate");
}

/* The certificate of the phone, as far as one is known. Its file counts for what is made even when what is made does not need it yet. */
static enum uc_status read_cert(const struct uc_phone_order *o, struct config *c, struct uc_phone_made *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	struct uc_error why;
	bool settled;
	if (o->name->device[0] == '\0') return UC_OK;
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", o->name->device);
	UC_TRY(uc_phone_dir_read(o->certs, name, MAX_CERT, &file, &out->need.cert, &settled, e));
	out->settled = out->settled && settled;
	if (!out->need.cert.there) return UC_OK;
	if (first_cert(uc_buf_slice(&file), &c->cert, &why) == UC_OK) {
		uc_cnf_cert_hash(c->cert, c->hash);
		return UC_OK;
	}
	if (c->info.encrypted)
		return uc_fail(e, UC_EINPUT, "phone-certificate", why.hint, "the phone's certificate in %s cannot be read: %s", name, why.message);
	uc_log(UC_LOG_WARN, "the certificate of a phone in %s cannot be read: %s", name, why.message);
	return UC_OK;
}

/* Is the word in it, in UTF-8 or in one of the forms of UTF-16? */
static bool has_word(struct uc_slice content)
{
	static const char word[] = "encrConfig";
	static const char wide[] = "e\0n\0c\0r\0C\0o\0n\0f\0i\0g";
	return content.len > 0 && (memmem(content.ptr, content.len, word, sizeof word - 1) != NULL ||
	                           memmem(content.ptr, content.len, wide, sizeof wide - 1) != NULL);
}

/* Has it been written to its end? What is still to come may be the element that asks for encryption. */
static bool is_finished(struct uc_slice content)
{
	return memmem(content.ptr, content.len, "</device", 8) != NULL || memmem(content.ptr, content.len, "</Default", 9) != NULL;
}

/*
 * Could this, which is no XML that can be read, ask for encryption? Text in two bytes for each character is not searched. Another root element is
 * another kind of file, and whole.
 */
static bool may_be_secret(struct uc_slice content, const struct uc_error *why)
{
	if (content.len == 0) return false;
	bool other = strcmp(why->id, "cnf-no-device") == 0;
	return has_word(content) || memchr(content.ptr, 0, content.len) != NULL || (!other && !is_finished(content));
}

/* With the line, and without the reason: that quotes the file, and whoever asks is told. */
static enum uc_status fail_secret(const struct uc_phone_order *o, const struct uc_error *why, struct uc_error *e)
{
	static const char word[] = "line ";
	const char *at = strstr(why->message, word);
	long line = at != NULL ? strtol(at + strlen(word), NULL, 10) : 1;
	return uc_fail(e, why->code, why->id, why->hint, "%.160s cannot be read (line %ld), and what is in it may be secret", o->source, line);
}

/* Phones bear more than a parser does, and a PBX may write it: what cannot be read goes as it is, unless that might tell a secret. */
static enum uc_status read_config(const struct uc_phone_order *o, struct config *c, struct uc_error *e)
{
	struct uc_error why;
	enum uc_status status = uc_cnf_read(uc_buf_slice(&c->content), &c->info, &why);
	c->readable = status == UC_OK;
	if (c->readable) return UC_OK;
	c->info = (struct uc_cnf_info){.capf_auth_mode = -1};
	if (may_be_secret(uc_buf_slice(&c->content), &why)) return fail_secret(o, &why, e);
	uc_log(UC_LOG_WARN, "the configuration %s is given out as it is: %s", o->source, why.message);
	return UC_OK;
}

/* ---- copies of configurations ---- */

/* Does it begin as XML does, behind blanks and a mark of its encoding? */
static bool is_markup(struct uc_slice content)
{
	static const char before[] = " \t\r\n\xef\xbb\xbf\xff\xfe";
	size_t at = 0;
	while (at < content.len && (content.ptr[at] == 0 || strchr(before, content.ptr[at]) != NULL)) at++;
	return at < content.len && content.ptr[at] == '<';
}

/* Might it be a configuration, or the beginning of one? */
static bool is_like_config(struct uc_slice content)
{
	return is_markup(content) &&
	       (has_word(content) || memchr(content.ptr, 0, content.len) != NULL || memmem(content.ptr, content.len, "<device", 7) != NULL ||
	        memmem(content.ptr, content.len, "<Default", 8) != NULL);
}

/*
 * A configuration under another name: one that an editor or a PBX has left beside it, one of a device that is not known here. What would not be given
 * under its own name is not under any other. What was put there signed is for everybody.
 */
static enum uc_status judge_other(const struct uc_phone_order *o, struct uc_slice content, bool *secret, struct uc_error *e)
{
	struct uc_error why;
	struct uc_cnf_info info;
	const char *ending = strrchr(o->source, '.');
	bool named = strcasestr(o->source, ".cnf.xml") != NULL;
	*secret = false;
	if (ending != NULL && strcasecmp(ending, ".sgn") == 0) return UC_OK;
	if (!named && !is_like_config(content)) return UC_OK;
	enum uc_status status = uc_cnf_read(content, &info, &why);
	if (status != UC_OK) return may_be_secret(content, &why) ? fail_secret(o, &why, e) : UC_OK;
	*secret = info.encrypted;
	return UC_OK;
}

static enum uc_status fill(const struct uc_phone_order *o, struct config *c, struct uc_error *e)
{
	const struct uc_phone_basis *b = o->basis;
	if (b == NULL || !b->fill || !c->readable) return UC_OK;
	const struct uc_cnf_fill with = {.tvs = b->tvs.count > 0 ? &b->tvs : NULL,
	                                 .capf = b->capf.count > 0 ? &b->capf : NULL,
	                                 .cert_hash = c->cert != NULL ? c->hash : NULL,
	                                 .capf_auth_mode = b->capf.count > 0 ? NOTHING_PENDING : -1,
	                                 .encrypted = -1};
	struct uc_buf filled = UC_BUF_EMPTY;
	enum uc_status status = uc_cnf_fill(uc_buf_slice(&c->content), &with, &filled, e);
	if (status == UC_OK) {
		uc_buf_wipe(&c->content);
		c->content = filled;
		return UC_OK;
	}
	uc_buf_wipe(&filled);
	return status;
}

static enum uc_status make_stub(const struct uc_phone_order *o, const struct config *c, struct uc_phone_made *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf stub = UC_BUF_EMPTY;
	UC_TRY(uc_cnf_stub(uc_buf_slice(&c->content), c->hash, &stub, e));
	if (!o->bare) return sign(o, uc_buf_slice(&stub), out, e);
	take(out, &stub);
	return UC_OK;
}

static enum uc_status give_config(const struct uc_phone_order *o, struct config *c, struct uc_phone_made *out, struct uc_error *e)
{
	const enum uc_phone_form form = o->name->form;
	if (c->info.encrypted) {
		if (form == UC_PHONE_SIGNED) return make_stub(o, c, out, e);
		/* Its clear text is for nobody; without a certificate there is nobody to encrypt it for. */
		return form == UC_PHONE_ENCRYPTED && c->cert != NULL ? encrypt(o, c, out, e) : UC_OK;
	}
	if (form == UC_PHONE_ENCRYPTED) return UC_OK;
	if (form == UC_PHONE_SIGNED && !o->bare) return sign(o, uc_buf_slice(&c->content), out, e);
	take(out, &c->content);
	return UC_OK;
}

/* ---- all ---- */

static enum uc_status make_config(const struct uc_phone_order *o, struct uc_buf *content, struct uc_phone_made *out, struct uc_error *e)
{
	UC_CLEANUP(config_free) struct config c = {.content = *content};
	*content = UC_BUF_EMPTY;
	UC_TRY(read_config(o, &c, e));
	UC_TRY(read_cert(o, &c, out, e));
	UC_TRY(fill(o, &c, e));
	return give_config(o, &c, out, e);
}

enum uc_status uc_phone_make(const struct uc_phone_order *o, struct uc_phone_made *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf content = UC_BUF_EMPTY;
	*out = (struct uc_phone_made){.file = NULL};
	UC_TRY(uc_phone_dir_read(o->files, o->source, UC_SGN_MAX, &content, &out->need.file, &out->settled, e));
	if (!out->need.file.there) return UC_OK;
	const struct uc_phone_name *name = o->name;
	if (name->kind == UC_PHONE_CONFIG || name->form != UC_PHONE_PLAIN) out->need.serial = o->basis != NULL ? o->basis->serial : 0;
	if (name->kind == UC_PHONE_CONFIG) return make_config(o, &content, out, e);
	bool secret;
	UC_TRY(judge_other(o, uc_buf_slice(&content), &secret, e));
	if (secret) {
		uc_buf_wipe(&content);
		return UC_OK;
	}
	if (name->form != UC_PHONE_PLAIN) return sign(o, uc_buf_slice(&content), out, e);
	if (name->kind == UC_PHONE_OTHER) {
		take(out, &content);
		return UC_OK;
	}
	char version[UC_SHA256_HEX];
	uc_sha256_hex(uc_buf_slice(&content), version);
	out->file = uc_phone_file_new(&content, uc_phone_kind_name(name->kind), version);
	return UC_OK;
}
