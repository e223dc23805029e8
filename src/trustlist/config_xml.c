#include "trustlist/config_xml.h"

#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"

static void free_parser(xmlParserCtxt **p)
{
	if (*p != NULL) xmlFreeParserCtxt(*p);
}

void uc_xml_free(xmlDoc **doc)
{
	if (*doc != NULL) xmlFreeDoc(*doc);
	*doc = NULL;
}

/* Called before anything that the document type holds is read. */
static void on_doctype(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	xmlParserCtxt *ctxt = context;
	*(int *)ctxt->_private = ctxt->input != NULL ? ctxt->input->line : 1;
	xmlStopParser(ctxt);
}

/* What fails below the parser, in an encoding, would be printed. */
static void say_nothing(void *context, const char *fmt, ...)
{
	(void)context;
	(void)fmt;
}

static enum uc_status fail_malformed(xmlParserCtxt *ctxt, struct uc_error *e)
{
	const xmlError *why = xmlCtxtGetLastError(ctxt);
	if (why == NULL || why->message == NULL) return uc_fail(e, UC_EINPUT, "cnf-malformed", NULL, "the phone configuration is empty");
	if (why->code == XML_ERR_NO_MEMORY) abort();
	return uc_fail(e, UC_EINPUT, "cnf-malformed", "Correct it where the PBX makes it.",
	               "the phone configuration is not well-formed XML: line %d: %.*s", why->line, (int)strcspn(why->message, "\n"),
	               why->message);
}

static enum uc_status check_root(const xmlDoc *doc, struct uc_error *e)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	if (uc_xml_is(root, "device") || uc_xml_is(root, "Default")) return UC_OK;
	return uc_fail(e, UC_EINPUT, "cnf-no-device", "A phone configuration begins with <device>, one for all phones with <Default>.",
	               "the root element is <%.100s>, so this is no phone configuration", (const char *)root->name);
}

enum uc_status uc_xml_read(struct uc_slice content, size_t max, xmlDoc **out, struct uc_error *e)
{
	if (content.len > max)
		return uc_fail(e, UC_ELIMIT, "cnf-too-large", NULL, "the phone configuration has %zu bytes, more than the limit of %zu",
		               content.len, max);
	int doctype = 0; /* its line */
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, say_nothing);
	UC_CLEANUP(free_parser) xmlParserCtxt *ctxt = xmlNewParserCtxt();
	if (ctxt == NULL) abort();
	ctxt->_private = &doctype;
	ctxt->sax->internalSubset = on_doctype;
	UC_CLEANUP(uc_xml_free)
	xmlDoc *doc = xmlCtxtReadMemory(ctxt, (const char *)content.ptr, (int)content.len, NULL, NULL,
	                                XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (doctype != 0)
		return uc_fail(e, UC_EINPUT, "cnf-malformed", "Leave it out, and write out the entities that it declares.",
		               "the phone configuration has a document type (line %d), which is not followed", doctype);
	if (doc == NULL) return fail_malformed(ctxt, e);
	UC_TRY(check_root(doc, e));
	*out = uc_move(doc);
	return UC_OK;
}

bool uc_xml_is(const xmlNode *node, const char *name)
{
	if (node->type != XML_ELEMENT_NODE || (node->ns != NULL && node->ns->prefix != NULL)) return false;
	return strcmp((const char *)node->name, name) == 0;
}

char *uc_xml_text(const xmlNode *node)
{
	static const char blanks[] = " \t\r\n";
	xmlChar *content = xmlNodeGetContent(node);
	if (content == NULL) abort();
	const char *text = (const char *)content + strspn((const char *)content, blanks);
	size_t len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]) != NULL) len--;
	char *own = uc_strndup(text, len);
	xmlFree(content);
	return own;
}

void uc_xml_escape(struct uc_buf *out, const char *text)
{
	struct uc_slice rest = uc_slice_str(text);
	while (rest.len > 0) {
		uint32_t c = 0;
		size_t len = uc_utf8_next(rest, &c);
		if (len == 0 || (c < 0x20 && strchr("\t\r\n", (int)c) == NULL) || c == 0xfffe || c == 0xffff) {
			uc_buf_add_u8(out, '?');
			len = 1;
		} else if (c < 0x20 || c > 0x7e || strchr("<>&\"", (int)c) != NULL) {
			uc_buf_printf(out, "&#%u;", (unsigned)c);
		} else {
			uc_buf_add_u8(out, (uint8_t)c);
		}
		rest = uc_slice_of(rest.ptr + len, rest.len - len);
	}
}
