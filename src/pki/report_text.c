/* Decoded objects as text, in the manner of the openssl program: scripts of voice administrators look for its "Not After : " lines. */
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "pki/name.h"
#include "pki/report.h"

UC_DEFINE_CLEANUP(free_x509, X509, X509_free)
UC_DEFINE_CLEANUP(free_req, X509_REQ, X509_REQ_free)
UC_DEFINE_CLEANUP(free_bio, BIO, BIO_free_all)

/* One line per name, UTF-8 left readable. */
#define NAME_FLAGS (XN_FLAG_ONELINE & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

static void add_bio(struct uc_buf *out, BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);
	UC_CLEANUP(uc_freep) char *text = uc_report_clean(uc_slice_of(data, len > 0 ? (size_t)len : 0));
	uc_buf_add_str(out, text);
}

static void print_cert(struct uc_buf *out, X509 *x, unsigned long without)
{
	UC_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	X509_print_ex(bio, x, NAME_FLAGS, without);
	add_bio(out, bio);
}

/* Ours, because OpenSSL stops printing at a malformed time, and since no date goes through another's arithmetic (C70). */
static void add_time(struct uc_buf *out, const char *label, const struct uc_asn1_time *t)
{
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	if (!t->ok) {
		UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(t);
		uc_buf_printf(out, "            %s: malformed: %s %s\n", label, quote, t->fault);
		return;
	}
	struct uc_civil c = uc_time_to_civil(t->value);
	uc_buf_printf(out, "            %s: %s %2d %02d:%02d:%02d %d GMT\n", label, months[c.month - 1], c.day, c.hour, c.minute, c.second,
	              c.year);
}

static void add_validity(struct uc_buf *out, const struct uc_cert *c)
{
	uc_buf_add_str(out, "        Validity\n");
	add_time(out, "Not Before", &c->not_before);
	add_time(out, "Not After ", &c->not_after);
}

/* What can be said of a certificate that OpenSSL cannot decode. */
static void add_undecoded(struct uc_buf *out, const struct uc_cert *c)
{
	UC_CLEANUP(uc_freep) char *serial = uc_cert_serial_text(c);
	UC_CLEANUP(uc_freep) char *issuer = uc_name_text(c->issuer);
	UC_CLEANUP(uc_freep) char *subject = uc_name_text(c->subject);
	uc_buf_printf(
	    out,
	    "Certificate: (parts of it cannot be decoded)\n    Data:\n        Version: %d\n        Serial Number: %s\n        Issuer: %s\n",
	    c->version, serial, issuer);
	add_validity(out, c);
	uc_buf_printf(out, "        Subject: %s\n", subject);
}

void uc_report_cert_text(const struct uc_cert *c, struct uc_buf *out)
{
	enum {
		AFTER_VALIDITY = X509_FLAG_NO_SUBJECT | X509_FLAG_NO_PUBKEY | X509_FLAG_NO_EXTENSIONS | X509_FLAG_NO_SIGDUMP | X509_FLAG_NO_AUX |
		                 X509_FLAG_NO_IDS
	};
	enum {
		BEFORE_VALIDITY = X509_FLAG_NO_HEADER | X509_FLAG_NO_VERSION | X509_FLAG_NO_SERIAL | X509_FLAG_NO_SIGNAME | X509_FLAG_NO_ISSUER
	};
	ERR_set_mark();
	UC_CLEANUP(free_x509) X509 *x = uc_cert_x509(c);
	if (x != NULL) {
		print_cert(out, x, X509_FLAG_NO_VALIDITY | AFTER_VALIDITY);
		add_validity(out, c);
		print_cert(out, x, X509_FLAG_NO_VALIDITY | BEFORE_VALIDITY);
	} else {
		add_undecoded(out, c);
	}
	ERR_pop_to_mark();
}

void uc_report_csr_text(struct uc_slice der, struct uc_buf *out)
{
	ERR_set_mark();
	const unsigned char *p = der.ptr;
	UC_CLEANUP(free_req) X509_REQ *req = der.len > 0 ? d2i_X509_REQ(NULL, &p, (long)der.len) : NULL;
	UC_CLEANUP(free_bio) BIO *bio = BIO_new(BIO_s_mem());
	if (req != NULL) X509_REQ_print_ex(bio, req, NAME_FLAGS, 0);
	add_bio(out, bio);
	ERR_pop_to_mark();
}
