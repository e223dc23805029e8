#include <openssl/x509v3.h>
#include <string.h>

#include "core/text.h"
#include "pki/name.h"
#include "pki/path_internal.h"

static bool bears(X509 *leaf, const char *name, bool strict)
{
	/*
	 * A wildcard is a whole label, the leftmost; the commonName counts only for certificates without DNS names, in strict mode never (RFC
	 * 9525 section 2).
	 */
	unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | (strict ? X509_CHECK_FLAG_NEVER_CHECK_SUBJECT : 0);
	if (uc_starts_with(name, "IP:")) return X509_check_ip_asc(leaf, name + strlen("IP:"), flags) == 1;
	if (uc_starts_with(name, "DNS:")) return X509_check_host(leaf, name + strlen("DNS:"), 0, flags, NULL) == 1;
	return false;
}

bool uc_route_host(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault)
{
	if (options->host == NULL) return true;
	UC_CLEANUP(uc_freep) char *name = NULL;
	struct uc_error e;
	/* What is no host name must not reach X509_check_host, to which ".example.com" means every host below it. */
	if (uc_san_normalize(options->host, &name, &e) != UC_OK)
		return uc_path_blame(fault, pool, route, 0, "host-mismatch", "cannot be held against a host: %.600s", e.message);
	if (bears(uc_pool_x509(pool, route->items[0]), name, options->strict)) return true;
	struct uc_strv sans = {.items = NULL};
	bool readable = uc_cert_sans(pool->items[route->items[0]].cert, &sans);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&sans, ", ");
	uc_strv_free(&sans);
	const char *names = !readable ? "unreadable" : list[0] == '\0' ? "none" : list;
	return uc_path_blame(fault, pool, route, 0, "host-mismatch", "is not for '%s'; its alternative names: %.500s (RFC 9525 section 6)",
	                     options->host, names);
}
