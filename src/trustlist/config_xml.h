/* The XML of phone configurations, shared by config.c and config_fill.c: a document, and where its elements lie in the file. */
#ifndef UC_TRUSTLIST_CONFIG_XML_H
#define UC_TRUSTLIST_CONFIG_XML_H

#include <libxml/tree.h>
#include <stdbool.h>

#include "core/bytes.h"

/* Where an element lies. Of an empty one ("<certHash/>"), inner and inner_end are its end. */
struct uc_xml_span {
	size_t begin, inner, inner_end, end;
	struct uc_slice name;
};

/*
 * Reads a document of at most max bytes without following anything in it; freed with uc_xml_free() (also for UC_CLEANUP). The errors of
 * uc_cnf_read().
 */
enum uc_status uc_xml_read(struct uc_slice content, size_t max, xmlDoc **out, struct uc_error *e) UC_MUST;
void uc_xml_free(xmlDoc **doc);

/* Is it an element of this name, without a prefix? */
bool uc_xml_is(const xmlNode *node, const char *name);
/* The text in a node without blanks at its ends. Free with free(). */
char *uc_xml_text(const xmlNode *node) __attribute__((returns_nonnull));
/* Appends text with what XML does not allow in it escaped, in ASCII. */
void uc_xml_escape(struct uc_buf *out, const char *text);

/*
 * Finds the elements of a well-formed document without a document type in its bytes, in the order in which they begin, and stores in each
 * element's _private its span. *spans is owned by the caller (free()). False when the bytes do not show the elements of doc, because the
 * encoding does not keep ASCII as it is.
 */
bool uc_xml_spans(struct uc_slice content, const xmlDoc *doc, struct uc_xml_span **spans);

#endif
