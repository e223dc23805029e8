/* What the files of src/keys share. */
#ifndef UC_KEYS_INTERNAL_H
#define UC_KEYS_INTERNAL_H

#include "keys/keys.h"

enum { UC_MASTER_LEN = 32, UC_MAX_KEY_FILE = 65536 };

struct uc_keys {
	char *dir; /* of the key files */
	char passphrase[2 * UC_MASTER_LEN + 1];
	EVP_PKEY *node;
	struct uc_cert *node_cert;
};

/* DIR/NAME.key; free with free(). */
char *uc_keys_path(const struct uc_keys *k, const char *name) __attribute__((returns_nonnull));
/* Reads a key, whatever its name, and decrypts it. *out is owned: uc_key_free(). Errors of uc_keys_get(). */
enum uc_status uc_keys_load(const struct uc_keys *k, const char *name, EVP_PKEY **out, struct uc_error *e) UC_MUST;
/* Writes a key durably. */
enum uc_status uc_keys_save(const struct uc_keys *k, const char *name, EVP_PKEY *key, struct uc_error *e) UC_MUST;
/* Loads the node's own key and its certificate, or makes them; others is the number of keys that are there. */
enum uc_status uc_keys_node_open(struct uc_keys *k, size_t others, struct uc_error *e) UC_MUST;

#endif
