#include "pki/name.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "pki/der.h"

UC_DEFINE_CLEANUP(free_name, X509_NAME, X509_NAME_free)

static X509_NAME *decode(struct uc_slice name)
{
	const unsigned char *p = name.ptr;
	/* A failure that stays in OpenSSL's queue would make a later TLS call of this thread look failed. */
	ERR_set_mark();
	X509_NAME *n = name.len > 0 && name.len <= INT32_MAX ? d2i_X509_NAME(NULL, &p, (long)name.len) : NULL;
	ERR_pop_to_mark();
	return n;
}

/* The value of an attribute as UTF-8; bytes that are not text become U+FFFD. */
static char *value_utf8(const ASN1_STRING *value)
{
	unsigned char *utf8 = NULL;
	int len = ASN1_STRING_to_UTF8(&utf8, value);
	struct uc_slice raw =
	    len >= 0 ? uc_slice_of(utf8, (size_t)len) : uc_slice_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	char *text = uc_utf8_clean(raw);
	OPENSSL_free(utf8);
	return text;
}

/* RFC 4514 section 2.4; control characters too, since the text is shown on terminals. */
static void add_escaped(struct uc_buf *out, const char *value)
{
	size_t len = strlen(value);
	for (size_t i = 0; i < len; i++) {
		char c = value[i];
		bool edge_blank = c == ' ' && (i == 0 || i + 1 == len);
		if ((unsigned char)c < 0x20 || c == 0x7f)
			uc_buf_printf(out, "\\%02X", (unsigned)(unsigned char)c);
		else if (strchr(",+\"\\<>;", c) != NULL || edge_blank || (i == 0 && c == '#'))
			uc_buf_printf(out, "\\%c", c);
		else
			uc_buf_add_u8(out, (uint8_t)c);
	}
}

static void add_attribute(struct uc_buf *out, const X509_NAME_ENTRY *entry, bool same_rdn)
{
	if (out->len > 0) uc_buf_add_str(out, same_rdn ? "+" : ",");
	const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
	int nid = OBJ_obj2nid(type);
	char oid[80];
	OBJ_obj2txt(oid, sizeof oid, type, 1);
	uc_buf_printf(out, "%s=", nid != NID_undef ? OBJ_nid2sn(nid) : oid);
	UC_CLEANUP(uc_freep) char *value = value_utf8(X509_NAME_ENTRY_get_data(entry));
	add_escaped(out, value);
}

char *uc_name_text(struct uc_slice name)
{
	UC_CLEANUP(free_name) X509_NAME *n = decode(name);
	if (n == NULL) return uc_strdup("(malformed name)");
	struct uc_buf out = UC_BUF_EMPTY;
	int set = -1;
	for (int i = 0; i < X509_NAME_entry_count(n); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(n, i);
		add_attribute(&out, entry, X509_NAME_ENTRY_set(entry) == set);
		set = X509_NAME_ENTRY_set(entry);
	}
	return uc_buf_take_str(&out);
}

char *uc_name_cn(struct uc_slice name)
{
	UC_CLEANUP(free_name) X509_NAME *n = decode(name);
	if (n == NULL) return NULL;
	int last = -1;
	for (int i = X509_NAME_get_index_by_NID(n, NID_commonName, -1); i >= 0; i = X509_NAME_get_index_by_NID(n, NID_commonName, i)) last = i;
	if (last < 0) return NULL;
	char *cn = value_utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, last)));
	if (cn[0] != '\0') return cn;
	free(cn);
	return NULL;
}

bool uc_name_is_empty(struct uc_slice name)
{
	struct uc_der seq;
	return !uc_der_whole(name, UC_DER_SEQUENCE, &seq) || seq.content.len == 0;
}

bool uc_name_eq(struct uc_slice a, struct uc_slice b)
{
	if (uc_slice_eq(a, b)) return true;
	UC_CLEANUP(free_name) X509_NAME *na = decode(a);
	UC_CLEANUP(free_name) X509_NAME *nb = decode(b);
	return na != NULL && nb != NULL && X509_NAME_cmp(na, nb) == 0;
}

uint32_t uc_name_hash(struct uc_slice name)
{
	UC_CLEANUP(free_name) X509_NAME *n = decode(name);
	int ok = 0;
	unsigned long hash = n != NULL ? X509_NAME_hash_ex(n, NULL, NULL, &ok) : 0;
	return ok ? (uint32_t)hash : 0;
}

static char *ip_text(struct uc_slice bytes)
{
	char text[INET6_ADDRSTRLEN];
	if (bytes.len != 4 && bytes.len != 16) return NULL;
	if (inet_ntop(bytes.len == 4 ? AF_INET : AF_INET6, bytes.ptr, text, sizeof text) == NULL) return NULL;
	return uc_sprintf("IP:%s", text);
}

static char *other_text(struct uc_slice content)
{
	struct uc_reader r = uc_reader_of(content);
	struct uc_der oid;
	if (!uc_der_expect(&r, UC_DER_OID, &oid)) return NULL;
	UC_CLEANUP(uc_freep) char *text = uc_der_oid_text(oid.content);
	return uc_sprintf("othername:%s", text);
}

static char *general_name_text(const struct uc_der *n)
{
	UC_CLEANUP(uc_freep) char *value = NULL;
	switch (n->tag) {
	case 0xa0:
		return other_text(n->content);
	case 0x81:
		value = uc_utf8_clean(n->content);
		return uc_sprintf("email:%s", value);
	case 0x82:
		value = uc_utf8_clean(n->content);
		return uc_sprintf("DNS:%s", value);
	case 0xa4:
		value = uc_name_text(n->content);
		return uc_sprintf("dirName:%s", value);
	case 0x86:
		value = uc_utf8_clean(n->content);
		return uc_sprintf("URI:%s", value);
	case 0x87:
		return ip_text(n->content);
	case 0x88:
		value = uc_der_oid_text(n->content);
		return uc_sprintf("RID:%s", value);
	default: /* x400Address, ediPartyName: carried and shown (C53) */
		return (n->tag & 0xc0) == 0x80 ? uc_sprintf("othername:[%u]", n->tag & 0x1fu) : NULL;
	}
}

bool uc_san_read(struct uc_slice value, struct uc_strv *out)
{
	struct uc_der seq;
	if (!uc_der_whole(value, UC_DER_SEQUENCE, &seq)) return false;
	struct uc_reader r = uc_reader_of(seq.content);
	while (uc_reader_left(&r) > 0) {
		struct uc_der name;
		if (!uc_der_next(&r, &name)) return false;
		char *text = general_name_text(&name);
		if (text == NULL) return false;
		uc_strv_take(out, text);
	}
	return true;
}

static bool label_char(char c)
{
	char l = uc_ascii_lower(c);
	return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static enum uc_status check_host(const char *host, const char *typed, struct uc_error *e)
{
	static const char hint[] = "A host name has labels of 1 to 63 letters, digits and hyphens, separated by dots, 253 characters in all.";
	if (host[0] == '\0' || strlen(host) > 253)
		return uc_fail_field(e, UC_EINPUT, "bad-name", "san", hint, "'%s' is not a host name: it has %zu characters", typed, strlen(host));
	const char *p = host;
	for (const char *end = strchrnul(p, '.');; p = end + 1, end = strchrnul(p, '.')) {
		size_t len = (size_t)(end - p);
		bool ok = len >= 1 && len <= 63 && p[0] != '-' && end[-1] != '-';
		for (size_t i = 0; ok && i < len; i++) ok = label_char(p[i]) && !(p[i] == '_' && uc_starts_with(p, "xn--"));
		if (!ok)
			return uc_fail_field(e, UC_EINPUT, "bad-name", "san", hint, "'%s' is not a host name: label '%.*s' is wrong", typed, (int)len,
			                     p);
		if (*end == '\0') return UC_OK;
	}
}

static enum uc_status normalize_dns(const char *host, char **out, struct uc_error *e)
{
	bool wildcard = uc_starts_with(host, "*.");
	const char *rest = wildcard ? host + 2 : host;
	char *ascii = NULL;
	int rc = idn2_to_ascii_8z(rest, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	/* ASCII names that are legal in DNS but not in IDNA are judged by check_host(). */
	bool international = strcasestr(rest, "xn--") != NULL;
	for (const char *p = rest; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80) international = true;
	if (rc != IDN2_OK && international)
		return uc_fail_field(e, UC_EINPUT, "bad-name", "san", "Write the name in Unicode or as xn-- labels.",
		                     "'%s' is not an internationalised host name: %s", host, idn2_strerror(rc));
	UC_CLEANUP(uc_freep) char *name = uc_strdup(rc == IDN2_OK ? ascii : rest);
	idn2_free(ascii);
	UC_TRY(check_host(name, host, e));
	*out = uc_sprintf("DNS:%s%s", wildcard ? "*." : "", name);
	return UC_OK;
}

static char *normalize_ip(const char *text)
{
	uint8_t bytes[16];
	if (inet_pton(AF_INET, text, bytes) == 1) return ip_text(uc_slice_of(bytes, 4));
	if (inet_pton(AF_INET6, text, bytes) == 1) return ip_text(uc_slice_of(bytes, 16));
	return NULL;
}

enum uc_status uc_san_normalize(const char *text, char **out, struct uc_error *e)
{
	if (uc_starts_with(text, "email:") || uc_starts_with(text, "URI:")) {
		const char *value = strchr(text, ':') + 1;
		for (const char *p = value; *p != '\0'; p++)
			if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
				return uc_fail_field(e, UC_EINPUT, "bad-name", "san", "Use ASCII without blanks.",
				                     "'%s' has a character that is not allowed there", text);
		if (*value == '\0') return uc_fail_field(e, UC_EINPUT, "bad-name", "san", NULL, "'%s' is empty", text);
		*out = uc_strdup(text);
		return UC_OK;
	}
	const char *value = uc_starts_with(text, "IP:") ? text + 3 : text;
	*out = uc_starts_with(text, "DNS:") ? NULL : normalize_ip(value);
	if (*out != NULL) return UC_OK;
	if (uc_starts_with(text, "IP:")) return uc_fail_field(e, UC_EINPUT, "bad-name", "san", NULL, "'%s' is not an IP address", value);
	return normalize_dns(uc_starts_with(text, "DNS:") ? text + 4 : text, out, e);
}

static int cmp_nocase(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

static char **sorted(const struct uc_strv *v)
{
	char **items = uc_memdup(v->items, v->count * sizeof *items);
	if (v->count > 1) qsort(items, v->count, sizeof *items, cmp_nocase);
	return items;
}

void uc_san_diff(const struct uc_strv *a, const struct uc_strv *b, struct uc_strv *only_a, struct uc_strv *only_b)
{
	char **x = sorted(a);
	char **y = sorted(b);
	size_t i = 0;
	size_t j = 0;
	while (i < a->count || j < b->count) {
		int order = i == a->count ? 1 : j == b->count ? -1 : strcasecmp(x[i], y[j]);
		const char *same = order <= 0 ? x[i] : y[j];
		if (order < 0) uc_strv_add(only_a, same);
		if (order > 0) uc_strv_add(only_b, same);
		/* Skip every repetition of the name on both sides: these are sets. */
		while (i < a->count && strcasecmp(x[i], same) == 0) i++;
		while (j < b->count && strcasecmp(y[j], same) == 0) j++;
	}
	free(x);
	free(y);
}
