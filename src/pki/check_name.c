/* Rules about the holder's names: subject and subjectAltName (RFC 5280 sections 4.1.2.6 and 4.2.1.6), and the size they lead to. */
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

#include "pki/check_rule.h"
#include "pki/der.h"
#include "pki/name.h"

enum { ID_SAN = 17, NOTED_NAMES = 100, MANY_NAMES = 1000, MAX_SIZE = 16384, MAX_DNS = 253, MAX_LABEL = 63, SHOWN_NAME = 80 };
enum { NAME_EMAIL = 0x81, NAME_DNS = 0x82, NAME_URI = 0x86, NAME_IP = 0x87 };

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool host_char(uint8_t c)
{
	char l = uc_ascii_lower((char)c);
	/* '_' is in no host name of RFC 1123, but names with it resolve and are in use. */
	return (l >= 'a' && l <= 'z') || digit(c) || c == '-' || c == '_';
}

static const char *label_fault(struct uc_slice label, bool leftmost, bool last)
{
	if (label.len == 0) return "has an empty label (a dot too many)";
	if (label.len > MAX_LABEL) return "has a label of more than 63 characters";
	if (label.len == 1 && label.ptr[0] == '*') return leftmost && !last ? NULL : "has an asterisk where none may be";
	size_t digits = 0;
	for (size_t i = 0; i < label.len; i++) {
		uint8_t c = label.ptr[i];
		if (c >= 0x80) return "is not ASCII (international names are written as xn-- labels)";
		if (c == '*') return "has an asterisk that is not a label of its own";
		if (!host_char(c)) return "has a character that no host name has";
		digits += digit(c);
	}
	if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') return "has a label that begins or ends with a hyphen";
	return last && digits == label.len ? "is an address or number written as a host name" : NULL;
}

/* Takes the next label and the dot after it; *last tells that there was no dot. */
static struct uc_slice take_label(struct uc_reader *r, bool *last)
{
	struct uc_reader at = *r;
	struct uc_slice label = {.ptr = NULL};
	size_t len = 0;
	uint8_t c;
	while (uc_read_u8(&at, &c) && c != '.') len++;
	if (!uc_read_slice(r, len, &label)) label.len = 0;
	*last = !uc_read_u8(r, &c);
	return label;
}

/* Why a dNSName cannot be right, or NULL. */
static const char *dns_fault(struct uc_slice name)
{
	if (name.len == 0) return "is empty";
	if (name.len > MAX_DNS) return "is longer than 253 characters";
	struct uc_reader r = uc_reader_of(name);
	bool last = false;
	for (bool leftmost = true; !last; leftmost = false) {
		struct uc_slice label = take_label(&r, &last);
		const char *fault = label_fault(label, leftmost, last);
		if (fault != NULL) return fault;
	}
	return NULL;
}

static bool printable(struct uc_slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.ptr[i] <= 0x20 || name.ptr[i] >= 0x7f) return false;
	return name.len > 0;
}

static const char *email_fault(struct uc_slice name)
{
	const uint8_t *at = name.len > 0 ? memchr(name.ptr, '@', name.len) : NULL;
	bool ok = printable(name) && at != NULL && at != name.ptr && name.ptr[name.len - 1] != '@';
	return ok ? NULL : "is not a mail address";
}

static const char *uri_fault(struct uc_slice name)
{
	const uint8_t *colon = name.len > 0 ? memchr(name.ptr, ':', name.len) : NULL;
	return printable(name) && colon != NULL && colon != name.ptr ? NULL : "is not a URI";
}

static const char *ip_fault(struct uc_slice name)
{
	return name.len == 4 || name.len == 16 ? NULL : "is not an address: it has neither 4 nor 16 bytes";
}

static const struct {
	uint8_t tag;
	const char *prefix;
	const char *(*fault)(struct uc_slice name);
} kinds[] = {{NAME_EMAIL, "email", email_fault}, {NAME_DNS, "DNS", dns_fault}, {NAME_URI, "URI", uri_fault}, {NAME_IP, "IP", ip_fault}};

static void count_name(struct uc_check_sans *s, const struct uc_der *name)
{
	const char *fault = (name->tag & 0xc0) == 0x80 ? NULL : "is of no kind that exists";
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].tag == name->tag) fault = kinds[i].fault(name->content);
	s->count++;
	if (fault != NULL && s->bad++ == 0) {
		s->first_bad = name->content;
		s->first_bad_tag = name->tag;
		s->fault = fault;
	}
	bool wild = fault == NULL && name->tag == NAME_DNS && name->content.ptr[0] == '*';
	if (wild && s->wild++ == 0) s->first_wild = name->content;
}

struct uc_check_sans uc_check_sans_read(const struct uc_cert *c)
{
	struct uc_check_sans s = {.readable = false};
	const struct uc_ext *ext = uc_check_ext(c, ID_SAN);
	struct uc_der seq;
	if (ext == NULL || !uc_der_whole(ext->value, UC_DER_SEQUENCE, &seq)) return s;
	struct uc_reader r = uc_reader_of(seq.content);
	struct uc_der name;
	while (uc_der_next(&r, &name)) count_name(&s, &name);
	s.readable = uc_reader_left(&r) == 0;
	return s;
}

static void judge_subject(const struct uc_check *k)
{
	const struct uc_cert *c = k->c;
	if (uc_name_is_empty(c->issuer)) uc_check_found(k, "its issuer is empty (RFC 5280 section 4.1.2.4)");
	if (!uc_name_is_empty(c->subject)) return;
	if (c->is_ca || k->options->role == UC_ROLE_ISSUER) {
		uc_check_found(k, "its subject is empty, so nothing it issues could name it (RFC 5280 section 4.1.2.6)");
		return;
	}
	const struct uc_ext *san = uc_check_ext(c, ID_SAN);
	if (san != NULL && san->critical) return;
	uc_check_found_as(k, UC_WARN, "its subject is empty and %s (RFC 5280 section 4.2.1.6)",
	                  san != NULL ? "its subjectAltName is not marked critical" : "it has no subjectAltName, so it names nobody");
}

static void judge_many(const struct uc_check *k)
{
	size_t n = k->sans.count;
	if (n <= NOTED_NAMES) return;
	enum uc_weight weight = n > MANY_NAMES ? UC_WARN : UC_NOTE;
	uc_check_found_as(k, weight, "it has %zu alternative names; more than %d make handshakes large%s", n, NOTED_NAMES,
	                  n > MANY_NAMES ? ", and some peers give up" : "");
}

static void judge_none(const struct uc_check *k)
{
	if (k->sans.readable && k->sans.count == 0) uc_check_found(k, "its subjectAltName has no names in it (RFC 5280 section 4.2.1.6)");
}

static void judge_bad_name(const struct uc_check *k)
{
	const struct uc_check_sans *s = &k->sans;
	if (s->bad == 0) return;
	UC_CLEANUP(uc_freep) char *text = s->first_bad_tag == NAME_IP ? uc_hex(s->first_bad, ':') : uc_utf8_clean(s->first_bad);
	const char *prefix = "name";
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (kinds[i].tag == s->first_bad_tag) prefix = kinds[i].prefix;
	uc_check_found(k, "%zu of its %zu alternative names cannot be right: %s:%.*s %s", s->bad, s->count, prefix, SHOWN_NAME, text, s->fault);
}

/* Does the common name begin with "*."? Taken from what OpenSSL decoded already. */
static bool wild_cn(const struct uc_check *k)
{
	const X509_NAME *subject = k->x != NULL ? X509_get_subject_name(k->x) : NULL;
	int at = subject != NULL ? X509_NAME_get_index_by_NID(subject, NID_commonName, -1) : -1;
	if (at < 0) return false;
	const ASN1_STRING *cn = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	return ASN1_STRING_length(cn) > 2 && memcmp(ASN1_STRING_get0_data(cn), "*.", 2) == 0;
}

static void judge_wildcard(const struct uc_check *k)
{
	const struct uc_check_sans *s = &k->sans;
	if (s->wild > 0) {
		UC_CLEANUP(uc_freep) char *text = uc_utf8_clean(s->first_wild);
		uc_check_found(k, "it is for the wildcard name %.*s%s: many UC products do not accept wildcards", SHOWN_NAME, text,
		               s->wild > 1 ? " (and others)" : "");
	} else if (wild_cn(k)) {
		UC_CLEANUP(uc_freep) char *cn = uc_name_cn(k->c->subject);
		uc_check_found(k, "its common name is the wildcard %.*s: many UC products do not accept wildcards", SHOWN_NAME,
		               cn != NULL ? cn : "*");
	}
}

static void judge_size(const struct uc_check *k)
{
	if (k->c->der.len <= MAX_SIZE) return;
	uc_check_found(k, "it has %zu bytes; certificates above %d bytes exceed what some peers and phones take in a handshake", k->c->der.len,
	               MAX_SIZE);
}

static const struct uc_check_rule rows[] = {
    {"no-subject", UC_CHECK_ALL(UC_REFUSED), "Its CA must issue it again with a subject, or with a critical subjectAltName.",
     judge_subject},
    {"san-many", UC_CHECK_ALL(UC_NOTE), "Spread the names over several certificates.", judge_many},
    {"san-empty", UC_CHECK_ALL(UC_WARN), "Ask its CA for a certificate that names its hosts.", judge_none},
    {"san-bad-name", UC_CHECK_ALL(UC_WARN),
     "Correct the names in the request and have it issued again: host names as DNS, addresses as IP.", judge_bad_name},
    {"wildcard", UC_CHECK_ALL(UC_WARN), "Use a certificate that lists each node's full name.", judge_wildcard},
    {"size", UC_CHECK_ALL(UC_WARN), "Have it issued again with fewer names or extensions.", judge_size},
};

const struct uc_check_rules uc_check_name_rules = {rows, sizeof rows / sizeof *rows};
