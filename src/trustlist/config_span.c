/* Where the elements of a document lie in its file: libxml2 does not say. It has judged the file before; here only tags are told apart. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "trustlist/config_xml.h"

/* libxml2 allows no deeper nesting. */
enum { MAX_DEPTH = 256 };

struct scan {
	struct uc_slice data;
	size_t pos;
	struct uc_xml_span *spans;
	size_t count;
	size_t open[MAX_DEPTH]; /* the elements that have begun and not ended */
	size_t depth;
};

static uint8_t byte_at(const struct scan *s, size_t pos)
{
	return pos < s->data.len ? s->data.ptr[pos] : 0;
}

static bool begins(const struct scan *s, const char *text)
{
	size_t len = strlen(text);
	return s->data.len - s->pos >= len && memcmp(s->data.ptr + s->pos, text, len) == 0;
}

/* Moves from what begins here behind what ends it: "<!-->" is not the whole of a comment. */
static bool skip_from_to(struct scan *s, const char *begin, const char *end)
{
	for (s->pos += strlen(begin); s->pos < s->data.len; s->pos++) {
		if (!begins(s, end)) continue;
		s->pos += strlen(end);
		return true;
	}
	return false;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Moves behind the '>' of a tag; quoted values may hold one as well. */
static bool skip_tag(struct scan *s)
{
	uint8_t quote = 0;
	for (; s->pos < s->data.len; s->pos++) {
		uint8_t c = byte_at(s, s->pos);
		if (quote != 0)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			break;
	}
	return s->pos++ < s->data.len;
}

static bool take_start(struct scan *s)
{
	struct uc_xml_span span = {.begin = s->pos};
	size_t name_end = s->pos + 1;
	while (name_end < s->data.len && !is_blank(byte_at(s, name_end)) && byte_at(s, name_end) != '/' && byte_at(s, name_end) != '>')
		name_end++;
	span.name = uc_slice_of(s->data.ptr + s->pos + 1, name_end - s->pos - 1);
	if (!skip_tag(s)) return false;
	span.inner = span.inner_end = span.end = s->pos;
	bool empty = byte_at(s, s->pos - 2) == '/';
	if (!empty && s->depth == MAX_DEPTH) return false;
	if (!empty) s->open[s->depth++] = s->count;
	s->spans = uc_realloc(s->spans, s->count + 1, sizeof *s->spans);
	s->spans[s->count++] = span;
	return true;
}

static bool take_end(struct scan *s)
{
	size_t begin = s->pos;
	if (s->depth == 0 || !skip_tag(s)) return false;
	struct uc_xml_span *span = &s->spans[s->open[--s->depth]];
	span->inner_end = begin;
	span->end = s->pos;
	return true;
}

/* Moves behind what begins with this '<'. */
static bool take_markup(struct scan *s)
{
	static const struct {
		const char *begin, *end;
	} skipped[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};
	for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
		if (begins(s, skipped[i].begin)) return skip_from_to(s, skipped[i].begin, skipped[i].end);
	return begins(s, "</") ? take_end(s) : take_start(s);
}

static bool scan(struct scan *s)
{
	while (s->pos < s->data.len) {
		if (byte_at(s, s->pos) != '<')
			s->pos++;
		else if (!take_markup(s))
			return false;
	}
	return s->depth == 0;
}

static bool has_name(const struct uc_xml_span *span, const xmlNode *node)
{
	const char *prefix = node->ns != NULL && node->ns->prefix != NULL ? (const char *)node->ns->prefix : NULL;
	UC_CLEANUP(uc_freep)
	char *name = uc_sprintf("%s%s%s", prefix == NULL ? "" : prefix, prefix == NULL ? "" : ":", (const char *)node->name);
	return uc_slice_eq(span->name, uc_slice_str(name));
}

/* The node that begins after this one: its first child, else what follows it or one of those that it is in. */
static xmlNode *next_node(xmlNode *node)
{
	if (node->children != NULL && node->type == XML_ELEMENT_NODE) return node->children;
	while (node != NULL && node->next == NULL) node = node->parent;
	return node == NULL ? NULL : node->next;
}

bool uc_xml_spans(struct uc_slice content, const xmlDoc *doc, struct uc_xml_span **spans)
{
	struct scan s = {.data = content};
	bool fits = scan(&s);
	size_t at = 0;
	for (xmlNode *node = xmlDocGetRootElement(doc); node != NULL && fits; node = next_node(node)) {
		if (node->type != XML_ELEMENT_NODE) continue;
		fits = at < s.count && has_name(&s.spans[at], node);
		if (fits) node->_private = &s.spans[at++];
	}
	*spans = s.spans;
	return fits && at == s.count;
}
