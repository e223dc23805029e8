#include "trustlist/config.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "trustlist/config_xml.h"

static bool is_true(const char *text)
{
	return uc_eq_nocase(text, "true") || strcmp(text, "1") == 0;
}

static void take_encrypted(struct uc_cnf_info *info, const char *text)
{
	info->encrypted = info->encrypted || is_true(text);
}

static void take_full(struct uc_cnf_info *info, const char *text)
{
	info->full = !uc_eq_nocase(text, "false") && strcmp(text, "0") != 0;
}

static void take_capf_auth_mode(struct uc_cnf_info *info, const char *text)
{
	unsigned long long mode = 0;
	if (uc_parse_u64(text, 0, 99, &mode)) info->capf_auth_mode = (int)mode;
}

static void take_cert_hash(struct uc_cnf_info *info, const char *text)
{
	if (strlen(text) != UC_CNF_HASH_LEN - 1 || strspn(text, "0123456789abcdefABCDEF") != UC_CNF_HASH_LEN - 1) return;
	for (size_t i = 0; i < UC_CNF_HASH_LEN; i++) info->cert_hash[i] = uc_ascii_lower(text[i]);
}

static const struct {
	const char *name;
	bool first; /* only the first counts */
	void (*take)(struct uc_cnf_info *info, const char *text);
} known[] = {
    {"encrConfig", false, take_encrypted},
    {"fullConfig", true, take_full},
    {"capfAuthMode", true, take_capf_auth_mode},
    {"certHash", true, take_cert_hash},
};

static const xmlNode *next_named(const xmlNode *node, const char *name)
{
	while (node != NULL && !uc_xml_is(node, name)) node = node->next;
	return node;
}

enum uc_status uc_cnf_read(struct uc_slice content, struct uc_cnf_info *out, struct uc_error *e)
{
	UC_CLEANUP(uc_xml_free) xmlDoc *doc = NULL;
	UC_TRY(uc_xml_read(content, UC_CNF_MAX, &doc, e));
	*out = (struct uc_cnf_info){.full = true, .capf_auth_mode = -1};
	const xmlNode *first = xmlDocGetRootElement(doc)->children;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const xmlNode *node = next_named(first, known[i].name);
		while (node != NULL) {
			UC_CLEANUP(uc_freep) char *text = uc_xml_text(node);
			known[i].take(out, text);
			node = known[i].first ? NULL : next_named(node->next, known[i].name);
		}
	}
	return UC_OK;
}

void uc_cnf_cert_hash(const struct uc_cert *c, char out[UC_CNF_HASH_LEN])
{
	uint8_t md5[16];
	if (EVP_Digest(c->der.ptr, c->der.len, md5, NULL, EVP_md5(), NULL) != 1) abort();
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(md5, sizeof md5), '\0');
	memcpy(out, hex, UC_CNF_HASH_LEN);
}

/* The element as it is in the full configuration; nothing when it is not there. */
static void copy_element(xmlDoc *doc, const char *name, struct uc_buf *out)
{
	xmlNode *node = xmlDocGetRootElement(doc)->children;
	while (node != NULL && !uc_xml_is(node, name)) node = node->next;
	if (node == NULL) return;
	xmlBuffer *text = xmlBufferCreate();
	if (text == NULL || xmlNodeDump(text, doc, node, 0, 0) < 0) abort();
	uc_buf_printf(out, "  %s\n", (const char *)xmlBufferContent(text));
	xmlBufferFree(text);
}

enum uc_status uc_cnf_stub(struct uc_slice content, const char *cert_hash, struct uc_buf *out, struct uc_error *e)
{
	static const char *const copied[] = {"ipAddressMode", "loadInformation", "capfAuthMode", "capfList"};
	UC_CLEANUP(uc_xml_free) xmlDoc *doc = NULL;
	UC_TRY(uc_xml_read(content, UC_CNF_MAX, &doc, e));
	uc_buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<device>\n  <fullConfig>false</fullConfig>\n");
	for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) copy_element(doc, copied[i], out);
	uc_buf_add_str(out, "  <certHash>");
	uc_xml_escape(out, cert_hash);
	uc_buf_add_str(out, "</certHash>\n  <encrConfig>true</encrConfig>\n</device>\n");
	return UC_OK;
}
