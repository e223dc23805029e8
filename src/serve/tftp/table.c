#include "serve/tftp/table.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/random.h"

/* What ended lately: as many as boot in a second, in sets of the size of a cache line. */
#define LATE_SETS 4096
#define LATE_WAYS 8
#define LATE_MS 10000
/* A time in 32 bits, which turn over after two years. */
#define LATE_TIME(ms) ((uint32_t)((ms) / 16))
#define MIN_BUCKETS 64
#define MAX_BUCKETS 65536

/* A client address. */
struct uc_tftp_host {
	struct uc_tftp_key key; /* without a port */
	unsigned count;
	struct uc_tftp_host *next;
};

struct late {
	uint32_t tag; /* the upper half of the hash */
	uint32_t until;
};

struct uc_tftp_table {
	uint64_t seed[3];
	size_t mask; /* of a hash: which bucket */
	struct uc_tftp_entry **entries;
	struct uc_tftp_host **hosts;
	unsigned count;
	struct late late[LATE_SETS][LATE_WAYS];
};

struct uc_tftp_key uc_tftp_key_of(const union uc_tftp_address *address)
{
	struct uc_tftp_key key = {.port = address->v4.sin_port};
	if (address->any.sa_family == AF_INET) {
		key.low = address->v4.sin_addr.s_addr;
		return key;
	}
	key.port = address->v6.sin6_port;
	key.scope = address->v6.sin6_scope_id;
	memcpy(&key.high, address->v6.sin6_addr.s6_addr, sizeof key.high);
	memcpy(&key.low, address->v6.sin6_addr.s6_addr + sizeof key.high, sizeof key.low);
	return key;
}

static struct uc_tftp_key without_port(const struct uc_tftp_key *key)
{
	struct uc_tftp_key host = *key;
	host.port = 0;
	return host;
}

static bool same(const struct uc_tftp_key *a, const struct uc_tftp_key *b)
{
	return a->low == b->low && a->port == b->port && a->high == b->high && a->scope == b->scope;
}

/* Both halves of the product, folded. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct uc_tftp_table *t, const struct uc_tftp_key *key)
{
	uint64_t address = mix(key->high ^ t->seed[0], key->low ^ t->seed[1]);
	return mix(address ^ ((uint64_t)key->scope << 16 | key->port), t->seed[2]);
}

struct uc_tftp_table *uc_tftp_table_new(unsigned most)
{
	struct uc_tftp_table *t = uc_zalloc(1, sizeof *t);
	size_t buckets = MIN_BUCKETS;
	while (buckets < most && buckets < MAX_BUCKETS) buckets *= 2;
	t->mask = buckets - 1;
	t->entries = uc_zalloc(buckets, sizeof(struct uc_tftp_entry *));
	t->hosts = uc_zalloc(buckets, sizeof(struct uc_tftp_host *));
	uc_random(t->seed, sizeof t->seed);
	return t;
}

void uc_tftp_table_free(struct uc_tftp_table *t)
{
	if (t == NULL) return;
	for (size_t i = 0; i <= t->mask; i++) {
		for (struct uc_tftp_host *h = t->hosts[i]; h != NULL;) {
			struct uc_tftp_host *next = h->next;
			free(h);
			h = next;
		}
	}
	free((void *)t->entries);
	free((void *)t->hosts);
	free(t);
}

struct uc_tftp_entry *uc_tftp_table_find(const struct uc_tftp_table *t, const struct uc_tftp_key *key)
{
	struct uc_tftp_entry *entry = t->entries[hash_of(t, key) & t->mask];
	while (entry != NULL && !same(&entry->key, key)) entry = entry->next;
	return entry;
}

/* Where the pointer to the host stands, or would stand. */
static struct uc_tftp_host **host_place(const struct uc_tftp_table *t, const struct uc_tftp_key *host)
{
	struct uc_tftp_host **place = &t->hosts[hash_of(t, host) & t->mask];
	while (*place != NULL && !same(&(*place)->key, host)) place = &(*place)->next;
	return place;
}

void uc_tftp_table_add(struct uc_tftp_table *t, struct uc_tftp_entry *entry)
{
	struct uc_tftp_entry **bucket = &t->entries[hash_of(t, &entry->key) & t->mask];
	entry->next = *bucket;
	*bucket = entry;
	t->count++;
	struct uc_tftp_key host = without_port(&entry->key);
	struct uc_tftp_host **place = host_place(t, &host);
	if (*place == NULL) {
		*place = uc_zalloc(1, sizeof **place);
		(*place)->key = host;
	}
	entry->host = *place;
	entry->host->count++;
}

static void remember(struct uc_tftp_table *t, uint64_t hash, uint64_t now_ms)
{
	struct late *set = t->late[hash % LATE_SETS];
	struct late *oldest = set;
	for (size_t i = 1; i < LATE_WAYS; i++)
		if ((int32_t)(set[i].until - oldest->until) < 0) oldest = &set[i];
	*oldest = (struct late){.tag = (uint32_t)(hash >> 32), .until = LATE_TIME(now_ms + LATE_MS)};
}

void uc_tftp_table_remove(struct uc_tftp_table *t, struct uc_tftp_entry *entry, uint64_t now_ms)
{
	uint64_t hash = hash_of(t, &entry->key);
	struct uc_tftp_entry **at = &t->entries[hash & t->mask];
	while (*at != entry) at = &(*at)->next;
	*at = entry->next;
	t->count--;
	remember(t, hash, now_ms);
	if (--entry->host->count > 0) return;
	struct uc_tftp_host **place = host_place(t, &entry->host->key);
	*place = entry->host->next;
	free(entry->host);
}

unsigned uc_tftp_table_count(const struct uc_tftp_table *t)
{
	return t->count;
}

unsigned uc_tftp_table_count_host(const struct uc_tftp_table *t, const struct uc_tftp_key *key)
{
	struct uc_tftp_key host = without_port(key);
	const struct uc_tftp_host *found = *host_place(t, &host);
	return found != NULL ? found->count : 0;
}

bool uc_tftp_table_late(const struct uc_tftp_table *t, const struct uc_tftp_key *key, uint64_t now_ms)
{
	uint64_t hash = hash_of(t, key);
	const struct late *set = t->late[hash % LATE_SETS];
	for (size_t i = 0; i < LATE_WAYS; i++)
		if (set[i].tag == (uint32_t)(hash >> 32) && (int32_t)(set[i].until - LATE_TIME(now_ms)) > 0) return true;
	return false;
}
