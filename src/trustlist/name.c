/* Names and serials as files for phones have them. */
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "pki/der.h"
#include "trustlist/element.h"

/* More attributes has no name that anybody made; bounds what comparing costs. */
enum { MAX_ATTRIBUTES = 64 };

UC_DEFINE_CLEANUP(free_string, ASN1_STRING, ASN1_STRING_free)

/* In the order in which a server writes them: the first six are all that it keeps. */
static const struct {
	const char *der; /* the OID's content */
	const char *type;
	const char *oid;
} attributes[] = {
    {"\x55\x04\x03", "CN", "2.5.4.3"},
    {"\x55\x04\x0b", "OU", "2.5.4.11"},
    {"\x55\x04\x0a", "O", "2.5.4.10"},
    {"\x55\x04\x07", "L", "2.5.4.7"},
    {"\x55\x04\x08", "ST", "2.5.4.8"},
    {"\x55\x04\x06", "C", "2.5.4.6"},
    {"\x55\x04\x09", "STREET", "2.5.4.9"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", "DC", "0.9.2342.19200300.100.1.25"},
    {"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", "UID", "0.9.2342.19200300.100.1.1"},
};
enum { KEPT_BY_SERVERS = 6, ATTRIBUTES = sizeof attributes / sizeof *attributes };

/* ---- reading a name ---- */

/* One attribute of it. */
struct attribute {
	struct uc_slice type; /* the content of its OID */
	struct uc_der value;
};

/*
 * A place in a Name (RFC 5280 section 4.1.2.4). A plain reader: a list names the same few certificates again and again, and to decode each of
 * their names costs as much as half a signature.
 */
struct walk {
	struct uc_reader sets, set;
};

static bool walk_begin(struct uc_slice name, struct walk *w)
{
	struct uc_der whole;
	if (!uc_der_whole(name, UC_DER_SEQUENCE, &whole)) return false;
	*w = (struct walk){.sets = uc_reader_of(whole.content), .set = uc_reader_of((struct uc_slice){.ptr = NULL})};
	return true;
}

/* The next attribute. False at the end, and where the name is malformed: what stands there is shown as far as it can be read. */
static bool walk_next(struct walk *w, struct attribute *out)
{
	struct uc_der d;
	struct uc_der oid;
	if (uc_reader_left(&w->set) == 0) {
		if (!uc_der_expect(&w->sets, UC_DER_SET, &d)) return false;
		w->set = uc_reader_of(d.content);
	}
	if (!uc_der_expect(&w->set, UC_DER_SEQUENCE, &d)) return false;
	struct uc_reader in = uc_reader_of(d.content);
	if (!uc_der_expect(&in, UC_DER_OID, &oid) || !uc_der_next(&in, &out->value)) return false;
	out->type = oid.content;
	return true;
}

/* Its place in the table, or ATTRIBUTES. */
static size_t known(const struct attribute *a)
{
	size_t i = 0;
	while (i < ATTRIBUTES && !uc_slice_eq(a->type, uc_slice_str(attributes[i].der))) i++;
	return i;
}

/* Adds text of another encoding than bytes that are characters already (T61String, BMPString, ...) as UTF-8. */
static bool add_converted(struct uc_buf *out, const struct uc_der *value)
{
	unsigned char *utf8 = NULL;
	UC_CLEANUP(free_string) ASN1_STRING *s = ASN1_STRING_type_new(value->tag);
	if (s == NULL || ASN1_STRING_set(s, value->content.ptr, (int)value->content.len) != 1) return false;
	ERR_set_mark();
	int len = ASN1_STRING_to_UTF8(&utf8, s);
	ERR_pop_to_mark();
	if (len < 0) return false;
	uc_buf_add(out, utf8, (size_t)len);
	OPENSSL_free(utf8);
	return true;
}

/* As UTF-8. A zero byte would end the text that phones compare, so it is shown as what it is: no character. */
static char *value_of(const struct attribute *a)
{
	static const uint8_t as_they_are[] = {V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING, V_ASN1_IA5STRING};
	struct uc_buf text = UC_BUF_EMPTY;
	bool plain = memchr(as_they_are, a->value.tag, sizeof as_they_are) != NULL || a->value.content.len > INT32_MAX;
	if (plain || !add_converted(&text, &a->value)) uc_buf_add_slice(&text, a->value.content);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == 0) text.ptr[i] = '?';
	return uc_buf_take_str(&text);
}

/* ---- writing it ---- */

static void add_server(struct uc_buf *out, const struct attribute *a, size_t which)
{
	UC_CLEANUP(uc_freep) char *value = value_of(a);
	if (out->len > 0) uc_buf_add_u8(out, ';');
	uc_buf_add_str(out, attributes[which].type);
	uc_buf_add_u8(out, '=');
	uc_buf_add_str(out, value);
}

/* RFC 4514 section 2.4. */
static void add_escaped(struct uc_buf *out, const char *value)
{
	size_t len = strlen(value);
	for (size_t i = 0; i < len; i++) {
		bool edge = (i == 0 && (value[i] == ' ' || value[i] == '#')) || (i + 1 == len && value[i] == ' ');
		if (edge || strchr("\\\"+,;<>", value[i]) != NULL) uc_buf_add_str(out, "\\");
		uc_buf_add_u8(out, (uint8_t)value[i]);
	}
}

static void add_peers(struct uc_buf *out, const struct attribute *a)
{
	size_t i = known(a);
	UC_CLEANUP(uc_freep) char *oid = i == ATTRIBUTES ? uc_der_oid_text(a->type) : NULL;
	UC_CLEANUP(uc_freep) char *value = value_of(a);
	uc_buf_printf(out, "%s%s=", out->len > 0 ? "," : "", oid != NULL ? oid : attributes[i].type);
	add_escaped(out, value);
}

static char *server_name(struct uc_slice name)
{
	struct uc_buf out = UC_BUF_EMPTY;
	struct attribute all[MAX_ATTRIBUTES];
	size_t which[MAX_ATTRIBUTES];
	size_t count = 0;
	struct walk w;
	if (!walk_begin(name, &w)) return uc_strdup("");
	while (count < MAX_ATTRIBUTES && walk_next(&w, &all[count])) {
		which[count] = known(&all[count]);
		count++;
	}
	for (size_t k = 0; k < KEPT_BY_SERVERS; k++)
		for (size_t i = 0; i < count; i++)
			if (which[i] == k) add_server(&out, &all[i], k);
	return uc_buf_take_str(&out);
}

static char *peers_name(struct uc_slice name)
{
	struct uc_buf out = UC_BUF_EMPTY;
	struct walk w;
	struct attribute a;
	for (bool more = walk_begin(name, &w); more && walk_next(&w, &a);) add_peers(&out, &a);
	return uc_buf_take_str(&out);
}

char *uc_tl_name(struct uc_slice name, enum uc_tl_layout layout)
{
	return layout == UC_TL_SERVER ? server_name(name) : peers_name(name);
}

struct uc_slice uc_tl_serial_trim(struct uc_slice serial)
{
	static const uint8_t zero = 0;
	struct uc_reader r = uc_reader_of(serial);
	struct uc_slice rest;
	uint8_t first;
	while (uc_peek_u8(&r, &first) && first == 0 && uc_read_u8(&r, &first)) continue;
	return uc_reader_left(&r) > 0 && uc_read_slice(&r, uc_reader_left(&r), &rest) ? rest : uc_slice_of(&zero, 1);
}

void uc_tl_serial(const struct uc_cert *c, struct uc_buf *out)
{
	uc_buf_add_slice(out, uc_tl_serial_trim(c->serial));
}

/* ---- comparing texts ---- */

/* A name taken apart: each item is its type in lower case, '=', and the value without escapes. */
struct parts {
	struct uc_strv items;
	bool reads; /* everything could be read */
};

/* The length of "type=" at the start of text, blanks before it included; 0 when there is none. */
static size_t type_length(const char *text)
{
	size_t blanks = strspn(text, " ");
	size_t type = strspn(text + blanks, "0123456789.-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	size_t after = blanks + type + strspn(text + blanks + type, " ");
	return type > 0 && text[after] == '=' ? after + 1 : 0;
}

static void add_type(struct uc_buf *out, const char *text)
{
	UC_CLEANUP(uc_freep) char *type = uc_strndup(text, strcspn(text, " ="));
	for (size_t i = 0; i < ATTRIBUTES; i++) {
		if (strcmp(attributes[i].oid, type) != 0 && !uc_eq_nocase(attributes[i].type, type)) continue;
		free(type);
		type = uc_strdup(attributes[i].type);
	}
	for (const char *p = type; *p != '\0'; p++) uc_buf_add_u8(out, (uint8_t)uc_ascii_lower(*p));
	uc_buf_add_u8(out, '=');
}

/* Adds the character of an escape (RFC 4514 section 2.4) and returns its length; 0 when the backslash is the value's, as in servers. */
static size_t add_unescaped(struct uc_buf *out, const char *text)
{
	const char pair[] = {text[1], text[1] != '\0' ? text[2] : '\0', '\0'};
	if (pair[0] != '\0' && strchr("\\\"+,;<>=# ", pair[0]) != NULL) {
		uc_buf_add_u8(out, (uint8_t)pair[0]);
		return 2;
	}
	return strlen(pair) == 2 && uc_unhex(pair, out) ? 3 : 0;
}

/* A value, up to the separator before the next type: separators within values are not escaped by servers. Returns its length. */
static size_t add_value(struct parts *p, struct uc_buf *out, const char *text)
{
	size_t i = strspn(text, " ");
	bool quoted = text[i] == '"';
	if (quoted) i++;
	for (; text[i] != '\0'; i++) {
		if (quoted && text[i] == '"') {
			quoted = false;
			continue;
		}
		if (!quoted && strchr(";,", text[i]) != NULL && type_length(text + i + 1) > 0) break;
		size_t escape = text[i] == '\\' ? add_unescaped(out, text + i) : 0;
		if (escape > 0)
			i += escape - 1;
		else
			uc_buf_add_u8(out, (uint8_t)text[i]);
	}
	if (quoted) p->reads = false;
	return i;
}

static struct parts take_apart(const char *text)
{
	struct parts p = {.reads = true};
	while (*text != '\0') {
		size_t type = type_length(text);
		if (type == 0 || p.items.count == MAX_ATTRIBUTES) {
			p.reads = false;
			break;
		}
		struct uc_buf item = UC_BUF_EMPTY;
		struct uc_buf value = UC_BUF_EMPTY;
		add_type(&item, text + strspn(text, " "));
		text += type;
		text += add_value(&p, &value, text);
		while (value.len > 0 && value.ptr[value.len - 1] == ' ') value.len--;
		UC_CLEANUP(uc_freep) char *trimmed = uc_buf_take_str(&value);
		uc_buf_add_str(&item, trimmed + strspn(trimmed, " "));
		uc_strv_take(&p.items, uc_buf_take_str(&item));
		if (*text != '\0') text++;
	}
	return p;
}

bool uc_tl_name_reads(const char *text)
{
	struct parts p = take_apart(text);
	uc_strv_free(&p.items);
	return p.reads;
}

static size_t type_of(const char *item)
{
	return strcspn(item, "=");
}

/* How many items there are of this type, and, when whole, of this value too. */
static size_t count(const struct uc_strv *v, const char *item, bool whole)
{
	size_t n = 0;
	size_t len = type_of(item) + 1;
	for (size_t i = 0; i < v->count; i++)
		if (whole ? strcmp(v->items[i], item) == 0 : strncmp(v->items[i], item, len) == 0) n++;
	return n;
}

static bool droppable(const char *item)
{
	for (size_t i = 0; i < KEPT_BY_SERVERS; i++)
		if (strlen(attributes[i].type) == type_of(item) && strncasecmp(attributes[i].type, item, type_of(item)) == 0) return false;
	return true;
}

/* Is everything of a in b as often, but for what b may have dropped? */
static bool is_within(const struct uc_strv *a, const struct uc_strv *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const char *item = a->items[i];
		if (droppable(item) && count(b, item, false) == 0) continue;
		if (count(a, item, true) != count(b, item, true)) return false;
	}
	return true;
}

static bool share_one(const struct uc_strv *a, const struct uc_strv *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (count(b, a->items[i], true) > 0) return true;
	return false;
}

bool uc_tl_name_matches(const char *a, const char *b)
{
	if (strcmp(a, b) == 0) return true;
	struct parts pa = take_apart(a);
	struct parts pb = take_apart(b);
	bool match =
	    pa.reads && pb.reads && share_one(&pa.items, &pb.items) && is_within(&pa.items, &pb.items) && is_within(&pb.items, &pa.items);
	uc_strv_free(&pa.items);
	uc_strv_free(&pb.items);
	return match;
}
