/* Filling in phone configurations: the bytes between the tags that are filled are replaced, no other is touched. */
#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "trustlist/config.h"
#include "trustlist/config_xml.h"

enum { PORT_TVS = 2445, PORT_CAPF = 3804 };

/* An element to be filled: what is to be between its tags, as uc_xml_escape() and no blanks write it. */
struct slot {
	const char *name;
	struct uc_buf inner;
	bool found;
};

enum { SLOTS = 5 };
struct job {
	struct slot slots[SLOTS];
	size_t count;
	struct uc_slice source;
	size_t copied; /* so much of source is in out */
	struct uc_buf out;
	bool changed;
};

static void job_free(struct job *j)
{
	for (size_t i = 0; i < j->count; i++) uc_buf_free(&j->slots[i].inner);
	uc_buf_free(&j->out);
}

static struct uc_buf *add_slot(struct job *j, const char *name)
{
	j->slots[j->count].name = name;
	return &j->slots[j->count++].inner;
}

static void add_element(struct uc_buf *out, const char *name, const char *text)
{
	uc_buf_printf(out, "<%s>", name);
	uc_xml_escape(out, text);
	uc_buf_printf(out, "</%s>", name);
}

static void add_tvs(struct uc_buf *inner, const struct uc_strv *addresses)
{
	uc_buf_add_str(inner, "<members>");
	for (size_t i = 0; i < addresses->count; i++) {
		uc_buf_printf(inner, "<member priority=\"%zu\"><port>%d</port>", i, PORT_TVS);
		add_element(inner, "address", addresses->items[i]);
		uc_buf_add_str(inner, "</member>");
	}
	uc_buf_add_str(inner, "</members>");
}

static void add_capf(struct uc_buf *inner, const struct uc_strv *addresses)
{
	for (size_t i = 0; i < addresses->count; i++) {
		uc_buf_printf(inner, "<capf><phonePort>%d</phonePort>", PORT_CAPF);
		add_element(inner, "processNodeName", addresses->items[i]);
		uc_buf_add_str(inner, "</capf>");
	}
}

static enum uc_status check_members(const char *what, const struct uc_strv *addresses, struct uc_error *e)
{
	if (addresses == NULL || addresses->count <= UC_CNF_MAX_MEMBERS) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "cnf-too-many", NULL, "%zu %s servers are more than the %d that phones take", addresses->count, what,
	               UC_CNF_MAX_MEMBERS);
}

/* SLOTS at most; where they are missing in a configuration, they are added in this order. */
static void add_slots(struct job *j, const struct uc_cnf_fill *fill)
{
	if (fill->tvs != NULL) add_tvs(add_slot(j, "TVS"), fill->tvs);
	if (fill->capf_auth_mode >= 0) uc_buf_printf(add_slot(j, "capfAuthMode"), "%d", fill->capf_auth_mode);
	if (fill->capf != NULL) add_capf(add_slot(j, "capfList"), fill->capf);
	if (fill->cert_hash != NULL) uc_xml_escape(add_slot(j, "certHash"), fill->cert_hash);
	if (fill->encrypted >= 0) uc_buf_add_str(add_slot(j, "encrConfig"), fill->encrypted != 0 ? "true" : "false");
}

static void add_attributes(struct uc_buf *out, const xmlNode *node)
{
	for (const xmlAttr *a = node->properties; a != NULL; a = a->next) {
		xmlChar *value = xmlNodeListGetString(node->doc, a->children, 1);
		uc_buf_printf(out, " %s=\"", (const char *)a->name);
		uc_xml_escape(out, value == NULL ? "" : (const char *)value);
		uc_buf_add_u8(out, '"');
		xmlFree(value);
	}
}

static const xmlNode *next_element(const xmlNode *node)
{
	while (node != NULL && node->type != XML_ELEMENT_NODE) node = node->next;
	return node;
}

/* What is in an element, written as slots are: without comments and indentation. */
static void outline(const xmlNode *element, struct uc_buf *out)
{
	const xmlNode *first = next_element(element->children);
	if (first == NULL) {
		UC_CLEANUP(uc_freep) char *text = uc_xml_text(element);
		uc_xml_escape(out, text);
	}
	for (const xmlNode *child = first; child != NULL; child = next_element(child->next)) {
		uc_buf_printf(out, "<%s", (const char *)child->name);
		add_attributes(out, child);
		uc_buf_add_u8(out, '>');
		outline(child, out);
		uc_buf_printf(out, "</%s>", (const char *)child->name);
	}
}

static bool says_already(const xmlNode *element, const struct slot *slot)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf now = UC_BUF_EMPTY;
	outline(element, &now);
	return uc_slice_eq(uc_buf_slice(&now), uc_buf_slice(&slot->inner));
}

static void copy_up_to(struct job *j, size_t end)
{
	uc_buf_add(&j->out, j->source.ptr + j->copied, end - j->copied);
	j->copied = end;
}

/* Writes the element with this between its tags; keeps of what was there nothing, or all when the new text is only added. */
static void put_inside(struct job *j, const struct uc_xml_span *span, struct uc_slice inner, bool add)
{
	bool empty = span->inner == span->end;
	j->changed = true;
	copy_up_to(j, empty ? span->end - 2 : add ? span->inner_end : span->inner);
	if (empty) uc_buf_add_str(&j->out, ">");
	uc_buf_add_slice(&j->out, inner);
	j->copied = empty ? span->end : span->inner_end;
	if (!empty) return;
	uc_buf_add_str(&j->out, "</");
	uc_buf_add_slice(&j->out, span->name);
	uc_buf_add_str(&j->out, ">");
}

static struct slot *slot_of(struct job *j, const xmlNode *node)
{
	for (size_t i = 0; i < j->count; i++)
		if (uc_xml_is(node, j->slots[i].name)) return &j->slots[i];
	return NULL;
}

/* The end of the lines of a file as it is before this place, "" when there the line goes on. */
static const char *line_end_at(struct uc_slice source, size_t pos)
{
	if (pos == 0 || source.ptr[pos - 1] != '\n') return "";
	return pos >= 2 && source.ptr[pos - 2] == '\r' ? "\r\n" : "\n";
}

static void add_missing(struct job *j, const struct uc_xml_span *root)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf more = UC_BUF_EMPTY;
	const char *line_end = line_end_at(j->source, root->inner_end);
	for (size_t i = 0; i < j->count; i++) {
		if (j->slots[i].found) continue;
		uc_buf_printf(&more, "%s<%s>", line_end[0] == '\0' ? "" : "  ", j->slots[i].name);
		uc_buf_add_slice(&more, uc_buf_slice(&j->slots[i].inner));
		uc_buf_printf(&more, "</%s>%s", j->slots[i].name, line_end);
	}
	if (more.len > 0) put_inside(j, root, uc_buf_slice(&more), true);
}

static void fill_in(struct job *j, const xmlDoc *doc)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	for (const xmlNode *node = root->children; node != NULL; node = node->next) {
		struct slot *slot = slot_of(j, node);
		if (slot == NULL) continue;
		slot->found = true;
		if (!says_already(node, slot)) put_inside(j, node->_private, uc_buf_slice(&slot->inner), false);
	}
	add_missing(j, root->_private);
	copy_up_to(j, j->source.len);
}

/* The document in UTF-8, in which its elements can be found. */
static void dump(xmlDoc *doc, struct uc_buf *out)
{
	xmlChar *text = NULL;
	int len = 0;
	xmlDocDumpMemoryEnc(doc, &text, &len, "UTF-8");
	if (text == NULL) abort();
	uc_buf_add(out, text, (size_t)len);
	xmlFree(text);
}

/* Reads the configuration and finds its elements, if need be in a copy of it in UTF-8, which is then the source. */
static enum uc_status open_source(struct job *j, struct uc_buf *utf8, xmlDoc **doc, struct uc_xml_span **spans, struct uc_error *e)
{
	UC_TRY(uc_xml_read(j->source, UC_CNF_MAX, doc, e));
	if (uc_xml_spans(j->source, *doc, spans)) return UC_OK;
	dump(*doc, utf8);
	uc_xml_free(doc);
	uc_freep(spans);
	j->source = uc_buf_slice(utf8);
	UC_TRY(uc_xml_read(j->source, utf8->len, doc, e));
	if (uc_xml_spans(j->source, *doc, spans)) return UC_OK;
	return uc_fail(e, UC_EINTERNAL, "cnf-elements", NULL, "the elements of the phone configuration cannot be found in it");
}

enum uc_status uc_cnf_fill(struct uc_slice content, const struct uc_cnf_fill *fill, struct uc_buf *out, struct uc_error *e)
{
	UC_TRY(check_members("TVS", fill->tvs, e));
	UC_TRY(check_members("CAPF", fill->capf, e));
	UC_CLEANUP(job_free) struct job j = {.source = content};
	UC_CLEANUP(uc_buf_free) struct uc_buf utf8 = UC_BUF_EMPTY;
	UC_CLEANUP(uc_xml_free) xmlDoc *doc = NULL;
	UC_CLEANUP(uc_freep) struct uc_xml_span *spans = NULL;
	UC_TRY(open_source(&j, &utf8, &doc, &spans, e));
	add_slots(&j, fill);
	fill_in(&j, doc);
	uc_buf_add_slice(out, j.changed ? uc_buf_slice(&j.out) : content);
	return UC_OK;
}
