#include <stdlib.h>
#include <string.h>

#include "pki/check.h"
#include "pki/report.h"

static const char *const usage_names[] = {
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",
};

const char *uc_key_usage_name(unsigned bit)
{
	return bit < sizeof usage_names / sizeof *usage_names ? usage_names[bit] : NULL;
}

static const char any_purpose[] = "2.5.29.37.0";
static const char server_auth[] = "1.3.6.1.5.5.7.3.1";

static void missing(struct uc_findings *out, bool needed, const char *extension, const char *what)
{
	if (needed)
		uc_findings_add(out, UC_REFUSED, "usage-missing", "Have it issued again; its CA must take the extensions of the request.",
		                "its %s lacks %s, without which this purpose does not work", extension, what);
	else
		uc_findings_add(out, UC_WARN, "usage-missing",
		                "It may work; if peers refuse it, have it issued again with the extensions of the request.",
		                "its %s lacks %s, which the request for this purpose asks for", extension, what);
}

static void absent(struct uc_findings *out, const char *extension)
{
	uc_findings_add(out, UC_NOTE, "usage-absent", "Nothing needs to be done.",
	                "it has no %s, so its use is not restricted (RFC 5280 section 4.2.1)", extension);
}

static void check_key_usage(const struct uc_cert *c, const struct uc_usage_rule *rule, struct uc_findings *out)
{
	unsigned wanted = rule->key_usage | (rule->needs_cert_sign ? (unsigned)UC_KU_KEY_CERT_SIGN : 0);
	if (wanted == 0) return;
	if (!c->has_ku) {
		absent(out, "keyUsage");
		return;
	}
	for (unsigned bit = 0; uc_key_usage_name(bit) != NULL; bit++) {
		unsigned mask = 1u << bit;
		if ((wanted & mask) == 0 || (c->key_usage & mask) != 0) continue;
		missing(out, rule->needs_cert_sign && mask == UC_KU_KEY_CERT_SIGN, "keyUsage", uc_key_usage_name(bit));
	}
}

static void check_purposes(const struct uc_cert *c, const struct uc_usage_rule *rule, struct uc_findings *out)
{
	bool asks = rule->needs_server_auth || (rule->ekus != NULL && rule->ekus[0] != NULL);
	if (!asks) return;
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	/* A value that cannot be read is "bad-extension" of uc_check_cert(). */
	if (!uc_cert_ekus(c, &have)) return;
	if (have.count == 0) {
		absent(out, "extendedKeyUsage");
		return;
	}
	if (uc_strv_has(&have, any_purpose)) return;
	bool server_told = false;
	for (const char *const *oid = rule->ekus; oid != NULL && *oid != NULL; oid++) {
		bool is_server = strcmp(*oid, server_auth) == 0;
		server_told = server_told || is_server;
		if (!uc_strv_has(&have, *oid)) missing(out, rule->needs_server_auth && is_server, "extendedKeyUsage", uc_eku_name(*oid));
	}
	if (rule->needs_server_auth && !server_told && !uc_strv_has(&have, server_auth)) missing(out, true, "extendedKeyUsage", "serverAuth");
}

void uc_check_usage(const struct uc_cert *c, const struct uc_usage_rule *rule, struct uc_findings *out)
{
	check_key_usage(c, rule, out);
	check_purposes(c, rule, out);
}
