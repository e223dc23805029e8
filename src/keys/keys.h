/*
 * The node's private keys: the only place that reads or writes one. Callers get handles, never bytes.
 *
 * Each key is a file of its own, named after its id (the SHA-256 of its public key), PKCS#8 encrypted (RFC 5958, PBES2 with AES-256) under the node's master key, mode 0600 in a
 * directory of mode 0700. A key is on disk before any change names it; a crash can leave an unused key, never an identity without one.
 */
#ifndef UC_KEYS_KEYS_H
#define UC_KEYS_KEYS_H

#include "core/clock.h"
#include "core/mem.h"
#include "core/text.h"
#include "pki/cert.h"
#include "pki/key.h"

struct uc_keys;

/*
 * Opens the keys in dir/keys, made when missing together with the master key dir/master.key (32 random bytes, 0600) and the node's own key. Temporary files that a crash left are
 * removed. UC_EREFUSED "key-directory-open" when others than the owner may read it; UC_EIO "master-key-lost" when there are keys but no master key, "node-key-lost" when there are but the node's own is gone,
 * "node-cert-damaged" when its certificate cannot be read or is another key's. Owned: uc_keys_close(). All functions
 * below may be called from any thread.
 */
enum uc_status uc_keys_open(const char *dir, struct uc_keys **out, struct uc_error *e) UC_MUST;
void uc_keys_close(struct uc_keys *k);
UC_DEFINE_CLEANUP(uc_keys_closep, struct uc_keys, uc_keys_close)

/* Generates a key and stores it durably. id gets its name; *out (owned: uc_key_free) a handle. Slow: see uc_key_generate(). */
enum uc_status uc_keys_new(struct uc_keys *k, const struct uc_key_spec *spec, char id[UC_KEY_ID_LEN], EVP_PKEY **out,
                           struct uc_error *e) UC_MUST;

/* A handle on a key, owned: uc_key_free(). UC_ENOTFOUND "no-key"; UC_EIO "key-damaged" when the file cannot be decrypted or is another key than its name says. */
enum uc_status uc_keys_get(struct uc_keys *k, const char *id, EVP_PKEY **out, struct uc_error *e) UC_MUST;
bool uc_keys_has(struct uc_keys *k, const char *id);
/* Removes a key for good. A missing one is UC_OK. */
enum uc_status uc_keys_remove(struct uc_keys *k, const char *id, struct uc_error *e) UC_MUST;
/* Notes that a key goes out of use now: uc_keys_older() counts from here. A missing key is UC_OK. */
enum uc_status uc_keys_retire(struct uc_keys *k, const char *id, struct uc_error *e) UC_MUST;
/* The ids of all keys that were stored, or last went out of use, before a time. Appended to out. */
enum uc_status uc_keys_older(struct uc_keys *k, uc_time before, struct uc_strv *out, struct uc_error *e) UC_MUST;

/* Signs data with the node's own key (ECDSA P-256, SHA-256), DER signature appended to out. Has the type of uc_log_signer; ctx is the struct uc_keys. */
enum uc_status uc_keys_node_sign(void *ctx, struct uc_slice data, struct uc_buf *out, struct uc_error *e) UC_MUST;
/* The node's own certificate: self-signed, for the key that it signs changes with and that is sealed to; made with that key, kept as dir/keys/node.pem, the same for good. Borrowed. */
const struct uc_cert *uc_keys_node_cert(const struct uc_keys *k);

/* ---- keys that several nodes have ---- */

/* A key of this node, sealed (pki/seal.h) to these nodes' certificates. blob is appended to. */
enum uc_status uc_keys_seal(struct uc_keys *k, const char *id, const struct uc_certs *nodes, struct uc_buf *blob,
                            struct uc_error *e) UC_MUST;
/* Stores a private key that was sealed to this node, durably, under its id. UC_EIO "key-damaged" when it is another key than id says; the errors of uc_unseal(). One that is there already is UC_OK. */
enum uc_status uc_keys_take(struct uc_keys *k, const char *id, struct uc_slice blob, struct uc_error *e) UC_MUST;
/* A new symmetric key of 32 random bytes, sealed; its id is the SHA-256 of the key. It is not stored here. */
enum uc_status uc_keys_new_symmetric(const struct uc_certs *nodes, char id[UC_KEY_ID_LEN], struct uc_buf *blob, struct uc_error *e) UC_MUST;
/* Opens what was sealed to this node. out is appended to: wipe it. */
enum uc_status uc_keys_unseal(struct uc_keys *k, struct uc_slice blob, struct uc_buf *out, struct uc_error *e) UC_MUST;
/* Seals anew, for other nodes, what was sealed to this one. */
enum uc_status uc_keys_reseal(struct uc_keys *k, struct uc_slice blob, const struct uc_certs *nodes, struct uc_buf *out,
                              struct uc_error *e) UC_MUST;

#endif
