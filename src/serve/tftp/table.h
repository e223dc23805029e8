/*
 * Who is being served: transfers by client address and port, clients by address with a count, and who was served a moment ago. The hash is
 * keyed, so that nobody can choose addresses that fall together.
 */
#ifndef UC_SERVE_TFTP_TABLE_H
#define UC_SERVE_TFTP_TABLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

union uc_tftp_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct uc_tftp_key {
	uint64_t high, low; /* the address: IPv4 in low, on sockets of IPv6 in its mapped form */
	uint32_t scope;     /* of a link-local address */
	uint16_t port;
};

struct uc_tftp_key uc_tftp_key_of(const union uc_tftp_address *address);

struct uc_tftp_host;

/* Part of a transfer, its first member. */
struct uc_tftp_entry {
	struct uc_tftp_key key;
	struct uc_tftp_entry *next; /* private */
	struct uc_tftp_host *host;  /* private */
};

struct uc_tftp_table;

/* For so many entries at most. Owned: uc_tftp_table_free(), which frees no entry. */
struct uc_tftp_table *uc_tftp_table_new(unsigned most);
void uc_tftp_table_free(struct uc_tftp_table *t);
/* NULL when there is none. */
struct uc_tftp_entry *uc_tftp_table_find(const struct uc_tftp_table *t, const struct uc_tftp_key *key);
/* entry->key is set, and no entry has it yet. */
void uc_tftp_table_add(struct uc_tftp_table *t, struct uc_tftp_entry *entry);
/* now_ms is when it ended. */
void uc_tftp_table_remove(struct uc_tftp_table *t, struct uc_tftp_entry *entry, uint64_t now_ms);
/* How many there are, and of the address in key. */
unsigned uc_tftp_table_count(const struct uc_tftp_table *t);
unsigned uc_tftp_table_count_host(const struct uc_tftp_table *t, const struct uc_tftp_key *key);
/*
 * Has an entry of this client been removed within the last seconds? Then what still comes from it is late, and no error is sent: its port
 * may already be used for the next request, which the error would end. A small memory: it may have forgotten.
 */
bool uc_tftp_table_late(const struct uc_tftp_table *t, const struct uc_tftp_key *key, uint64_t now_ms);

#endif
