/*
 * Phones: what they fetch from this node, by name, and a record of it. The same for TFTP, HTTP and HTTPS.
 */
#ifndef UC_NODE_PHONE_H
#define UC_NODE_PHONE_H

#include <jansson.h>

#include "core/bytes.h"
#include "node/node.h"

/* A file as phones get it: bytes that never change. Counted references, from any thread. */
struct uc_phone_file;
struct uc_phone_file *uc_phone_file_ref(struct uc_phone_file *f) __attribute__((returns_nonnull));
void uc_phone_file_unref(struct uc_phone_file *f);
UC_DEFINE_CLEANUP(uc_phone_file_unrefp, struct uc_phone_file, uc_phone_file_unref)
/* Borrowed as long as a reference is held. */
struct uc_slice uc_phone_file_content(const struct uc_phone_file *f);

enum uc_phone_via { UC_VIA_TFTP, UC_VIA_HTTP, UC_VIA_HTTPS };

/* What a phone asks for; all borrowed. */
struct uc_phone_ask {
	const char *name; /* as it was sent, without a leading '/' */
	const char *peer; /* its address, without a port */
	enum uc_phone_via via;
};

/*
 * Finds a file. Without may_block it answers from memory (a look at the file's metadata) and says *later (and UC_OK, with *out NULL) when that is not
 * enough: then it is asked again, on a thread that may wait for the disk and for a signature. UC_ENOTFOUND "no-file"; UC_EREFUSED "unsafe-name" ("..",
 * absolute, control characters, hidden files, links that lead out), "not-a-file" (a directory, a device, a pipe), "phone-signer"; UC_ELIMIT
 * "file-large"; UC_EIO; the reason why it cannot be made. *out is a reference of the caller's.
 */
enum uc_status uc_phone_find(struct uc_node *n, const struct uc_phone_ask *ask, bool may_block, bool *later, struct uc_phone_file **out,
                             struct uc_error *e) UC_MUST;
/* The phone has got all of it. Does not block: records are written in groups. */
void uc_phone_fetched(struct uc_node *n, const struct uc_phone_ask *ask, const struct uc_phone_file *f);
/* It asked for what is not there. */
void uc_phone_missed(struct uc_node *n, const struct uc_phone_ask *ask);

/*
 * The TLS context of the moment for HTTPS on 6971 (CallManager and CallManager-ECDSA), with a reference of the caller's own. ctx is the struct uc_node.
 * NULL when no identity can be used.
 */
SSL_CTX *uc_phone_tls(void *ctx);

/*
 * A page of the phones that this node knows, by device, as docs/api.md describes GET /phones; list: "CTL", "ITL" or NULL (ITL). stale: only those whose
 * last list is not the present one. after: the cursor of the page before, or NULL. What was fetched before the call is in it. *out is owned. UC_EINPUT
 * "no-list".
 */
enum uc_status uc_node_phones(struct uc_node *n, const char *list, bool stale, const char *after, size_t limit, json_t **out,
                              struct uc_error *e) UC_MUST;
/* One of them, with the versions of lists that it has fetched. UC_ENOTFOUND "no-phone". */
enum uc_status uc_node_phone(struct uc_node *n, const char *device, json_t **out, struct uc_error *e) UC_MUST;

#endif
