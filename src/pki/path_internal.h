/*
 * The inside of path*.c: the certificates of one call (pool), one path over them (route), and why a path is no path (fault).
 */
#ifndef UC_PKI_PATH_INTERNAL_H
#define UC_PKI_PATH_INTERNAL_H

#include <openssl/types.h>

#include "pki/path.h"

enum {
	UC_ROUTE_MAX = 64,        /* certificates in a path, self-issued ones included */
	UC_PATH_DEPTH = 20,       /* intermediates in a path unless the caller says otherwise */
	UC_PATH_SIGNATURES = 1000 /* signatures verified for one call, so that no set of certificates keeps it busy */
};

struct uc_pool_item {
	const struct uc_cert *cert; /* borrowed */
	uint32_t name_key;          /* equal for subjects that are equal */
	size_t next;                /* in the bucket of the name index, one more than the item's index; 0 at its end */
	size_t last_edge;           /* of those with this child, one more than the edge's index; 0 when there is none */
	bool anchor;
	bool decoded;
	X509 *x509; /* owned; made when first asked for, NULL when OpenSSL cannot */
};

/* A signature that was verified, so that it is verified once. */
struct uc_pool_edge {
	size_t issuer;
	size_t before; /* as last_edge */
	bool good;
};

/* Certificates under their indices. Zero-initialised is empty; release with uc_pool_free(). */
struct uc_pool {
	struct uc_pool_item *items;
	size_t count;
	size_t *buckets; /* the name index, made by the first search; as many as there are items */
	struct uc_pool_edge *edges;
	size_t edge_count;
	size_t signatures;     /* verified so far */
	size_t max_signatures; /* beyond, every signature counts as wrong */
};

void uc_pool_free(struct uc_pool *pool);
/* Adds borrowed certificates; trusted ones first, since candidates are found in this order. */
void uc_pool_add(struct uc_pool *pool, const struct uc_cert *const *certs, size_t count, bool anchors);
/* Decoded by OpenSSL, or NULL when it cannot. Borrowed from the pool. */
X509 *uc_pool_x509(struct uc_pool *pool, size_t index);
/* Is child's signature made with issuer's key? */
bool uc_pool_signed(struct uc_pool *pool, size_t child, size_t issuer);
/* Has the certificate signed itself (C83)? */
bool uc_pool_self_signed(struct uc_pool *pool, size_t index);
bool uc_pool_exhausted(const struct uc_pool *pool);

/*
 * Writes the possible issuers of child into out, at most max, the likeliest first: those whose key identifier is the one that child names,
 * then those without one; among them those with the serial that child names (C71, C86), then in the pool's order. A contradicting key
 * identifier excludes. Each certificate occurs once, child itself never. Returns their number.
 */
size_t uc_pool_issuers(struct uc_pool *pool, size_t child, size_t *out, size_t max);
/* How many others have the subject that child names as its issuer, whatever their keys. */
size_t uc_pool_namesakes(struct uc_pool *pool, size_t child);

/* A path: indices into the pool, leaf first. */
struct uc_route {
	size_t items[UC_ROUTE_MAX];
	size_t len;
};

/* Why a route is refused. code is NULL when it is not. */
struct uc_path_fault {
	const char *code; /* as in struct uc_path */
	size_t depth;
	char message[1024];
};

/* Fills the fault: "certificate 'label' (12345678) ..." and what fmt says. Always returns false. */
bool uc_path_blame(struct uc_path_fault *fault, const struct uc_pool *pool, const struct uc_route *route, size_t depth, const char *code,
                   const char *fmt, ...) UC_PRINTF(6, 7);

/*
 * Judges a route that ends in a trusted certificate: the rules that always hold, then X509_verify_cert on exactly this route, then the
 * strict rules and the host. False with *fault filled when it is refused. What is to be told of an accepted one is appended to findings.
 */
bool uc_route_judge(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault,
                    struct uc_findings *findings);

/*
 * A copy of a rollover certificate without authorityKeyIdentifier that X509_verify_cert does not take for self-signed; NULL when there is
 * one or OpenSSL fails. Owned by the caller: X509_free().
 */
X509 *uc_rollover_copy(const struct uc_cert *c);

/* What a rule sees: a certificate at its place in a path. */
struct uc_place {
	struct uc_pool *pool;
	const struct uc_route *route;
	const struct uc_path_options *options;
	struct uc_path_fault *fault;
	size_t depth;
	const struct uc_cert *c;
	X509 *x;
};

/* True when the certificate obeys; otherwise the fault is filled. */
typedef bool uc_place_rule(const struct uc_place *p);

/* As uc_path_blame(), of the certificate at p. */
#define UC_BLAME(p, code, ...) uc_path_blame((p)->fault, (p)->pool, (p)->route, (p)->depth, code, __VA_ARGS__)

/* path_rules.c: the rules that hold always, all but the signatures'. */
bool uc_route_rules(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault);
/* The rules of a table over all certificates, from the leaf up, until one is broken. */
bool uc_route_obey(uc_place_rule *const *rules, size_t count, struct uc_place p);
/* path_strict.c: the rules of strict mode that X509_V_FLAG_X509_STRICT does not have. */
bool uc_route_strict(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options,
                     struct uc_path_fault *fault);
/* path_host.c: does the leaf bear the host name or address? */
bool uc_route_host(struct uc_pool *pool, const struct uc_route *route, const struct uc_path_options *options, struct uc_path_fault *fault);

#endif
