/*
 * What was made for phones. It never answers by itself that something is still right: whoever asks says what it would be made from now, and gets it only
 * when that is the same.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/random.h"
#include "node/phone_internal.h"

enum { BUCKETS = 16384 };

struct entry {
	char *key;
	size_t bucket, bytes;
	struct uc_phone_need need;
	struct uc_phone_file *file; /* a reference, or NULL: there is no such file */
	LIST_ENTRY(entry) same;     /* in its bucket */
	TAILQ_ENTRY(entry) used;    /* the one that was asked for last is the last */
};

/* A file that is being made. */
struct work {
	const char *key; /* of whoever makes it */
	LIST_ENTRY(work) next;
};

struct uc_phone_cache {
	pthread_mutex_t lock;
	pthread_cond_t made;
	size_t max, held;
	uint64_t count, seed;
	LIST_HEAD(, entry) buckets[BUCKETS];
	TAILQ_HEAD(, entry) used;
	LIST_HEAD(, work) works;
};

struct uc_phone_cache *uc_phone_cache_new(size_t max)
{
	struct uc_phone_cache *c = uc_zalloc(1, sizeof *c);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->made, NULL);
	c->max = max;
	uc_random(&c->seed, sizeof c->seed);
	TAILQ_INIT(&c->used);
	LIST_INIT(&c->works);
	return c;
}

/* FNV-1a, from a seed that nobody outside knows. */
static size_t bucket_of(const struct uc_phone_cache *c, const char *key)
{
	uint64_t hash = c->seed;
	for (const char *k = key; *k != '\0'; k++) hash = (hash ^ (unsigned char)*k) * UINT64_C(0x100000001b3);
	return (size_t)((hash ^ hash >> 32) % BUCKETS);
}

static void drop(struct uc_phone_cache *c, struct entry *x)
{
	LIST_REMOVE(x, same);
	TAILQ_REMOVE(&c->used, x, used);
	c->held -= x->bytes;
	uc_phone_file_unref(x->file);
	free(x->key);
	free(x);
}

void uc_phone_cache_free(struct uc_phone_cache *c)
{
	if (c == NULL) return;
	while (!TAILQ_EMPTY(&c->used)) drop(c, TAILQ_FIRST(&c->used));
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->made);
	free(c);
}

static struct entry *find(struct uc_phone_cache *c, size_t bucket, const char *key)
{
	struct entry *x;
	LIST_FOREACH(x, &c->buckets[bucket], same)
	{
		if (strcmp(x->key, key) == 0) return x;
	}
	return NULL;
}

static bool same_need(const struct uc_phone_need *a, const struct uc_phone_need *b)
{
	return a->serial == b->serial && uc_phone_stamp_eq(&a->file, &b->file) && uc_phone_stamp_eq(&a->cert, &b->cert);
}

bool uc_phone_cache_get(struct uc_phone_cache *c, const char *key, const struct uc_phone_need *need, struct uc_phone_file **out)
{
	const size_t bucket = bucket_of(c, key);
	*out = NULL;
	pthread_mutex_lock(&c->lock);
	struct entry *x = find(c, bucket, key);
	bool known = x != NULL && same_need(&x->need, need);
	if (known) {
		TAILQ_REMOVE(&c->used, x, used);
		TAILQ_INSERT_TAIL(&c->used, x, used);
		if (x->file != NULL) *out = uc_phone_file_ref(x->file);
	}
	pthread_mutex_unlock(&c->lock);
	return known;
}

/* What was not asked for for the longest goes, until the rest fits. */
static void evict(struct uc_phone_cache *c)
{
	struct entry *next = TAILQ_FIRST(&c->used);
	while (c->held > c->max && next != NULL) {
		struct entry *x = next;
		next = TAILQ_NEXT(x, used);
		drop(c, x);
	}
}

void uc_phone_cache_put(struct uc_phone_cache *c, const char *key, const struct uc_phone_need *need, struct uc_phone_file *f)
{
	struct entry *x = uc_zalloc(1, sizeof *x);
	x->key = uc_strdup(key);
	x->bucket = bucket_of(c, key);
	x->bytes = sizeof *x + strlen(key) + (f != NULL ? uc_phone_file_content(f).len : 0);
	x->need = *need;
	x->file = f != NULL ? uc_phone_file_ref(f) : NULL;
	pthread_mutex_lock(&c->lock);
	struct entry *old = find(c, x->bucket, key);
	if (old != NULL) drop(c, old);
	LIST_INSERT_HEAD(&c->buckets[x->bucket], x, same);
	TAILQ_INSERT_TAIL(&c->used, x, used);
	c->held += x->bytes;
	evict(c);
	pthread_mutex_unlock(&c->lock);
}

static struct work *find_work(struct uc_phone_cache *c, const char *key)
{
	struct work *w;
	LIST_FOREACH(w, &c->works, next)
	{
		if (strcmp(w->key, key) == 0) return w;
	}
	return NULL;
}

bool uc_phone_cache_make(struct uc_phone_cache *c, const char *key)
{
	pthread_mutex_lock(&c->lock);
	bool mine = find_work(c, key) == NULL;
	if (mine) {
		struct work *w = uc_zalloc(1, sizeof *w);
		w->key = key;
		LIST_INSERT_HEAD(&c->works, w, next);
		c->count++;
	} else {
		while (find_work(c, key) != NULL) pthread_cond_wait(&c->made, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return mine;
}

void uc_phone_cache_made(struct uc_phone_cache *c, const char *key)
{
	pthread_mutex_lock(&c->lock);
	struct work *w = find_work(c, key);
	LIST_REMOVE(w, next);
	pthread_cond_broadcast(&c->made);
	pthread_mutex_unlock(&c->lock);
	free(w);
}

size_t uc_phone_cache_held(struct uc_phone_cache *c)
{
	pthread_mutex_lock(&c->lock);
	size_t held = c->held;
	pthread_mutex_unlock(&c->lock);
	return held;
}

uint64_t uc_phone_cache_count(struct uc_phone_cache *c)
{
	pthread_mutex_lock(&c->lock);
	uint64_t count = c->count;
	pthread_mutex_unlock(&c->lock);
	return count;
}
