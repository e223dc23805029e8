/* src/node/phone_cache.c: what was made is given only while it would be made the same, and is made once at a time. */
#include "uc_test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "node/phone_internal.h"

/* One reference, of the caller. */
static struct uc_phone_file *new_file(size_t bytes, char fill)
{
	struct uc_buf content = UC_BUF_EMPTY;
	memset(uc_buf_extend(&content, bytes), fill, bytes);
	return uc_phone_file_new(&content, NULL, "");
}

static void put(struct uc_phone_cache *c, const char *key, const struct uc_phone_need *need, size_t bytes, char fill)
{
	struct uc_phone_file *f = new_file(bytes, fill);
	uc_phone_cache_put(c, key, need, f);
	uc_phone_file_unref(f);
}

/* The first byte of what it has, 0 when it does not know. */
static char first_byte(struct uc_phone_cache *c, const char *key, const struct uc_phone_need *need)
{
	struct uc_phone_file *f;
	if (!uc_phone_cache_get(c, key, need, &f)) return 0;
	char byte = (char)uc_phone_file_content(f).ptr[0];
	uc_phone_file_unref(f);
	return byte;
}

static const struct uc_phone_need some_need = {
    .file = {.there = true, .dev = 1, .ino = 2, .size = 3, .mtime = {.tv_sec = 4, .tv_nsec = 5}, .ctime = {.tv_sec = 6, .tv_nsec = 7}},
    .serial = 8};

static void what_it_was_made_from_decides(void **state)
{
	(void)state;
	struct uc_phone_cache *c = uc_phone_cache_new(1 << 20);
	put(c, "wa", &some_need, 10, 'a');
	assert_int_equal(first_byte(c, "wa", &some_need), 'a');
	assert_int_equal(first_byte(c, "ba", &some_need), 0);
	struct uc_phone_need others[10];
	for (size_t i = 0; i < 10; i++) others[i] = some_need;
	others[0].file.there = false;
	others[1].file.dev++;
	others[2].file.ino++;
	others[3].file.size++;
	others[4].file.mtime.tv_sec++;
	others[5].file.mtime.tv_nsec++;
	others[6].file.ctime.tv_sec++;
	others[7].file.ctime.tv_nsec++;
	others[8].cert.there = true;
	others[9].serial++;
	for (size_t i = 0; i < 10; i++) assert_int_equal(first_byte(c, "wa", &others[i]), 0);
	/* A new one takes the old one's place. */
	put(c, "wa", &others[9], 10, 'b');
	assert_int_equal(first_byte(c, "wa", &some_need), 0);
	assert_int_equal(first_byte(c, "wa", &others[9]), 'b');
	uc_phone_cache_free(c);
}

static void that_there_is_nothing_is_known_too(void **state)
{
	(void)state;
	struct uc_phone_cache *c = uc_phone_cache_new(1 << 20);
	struct uc_phone_file *f = (void *)c;
	uc_phone_cache_put(c, "wa", &some_need, NULL);
	assert_true(uc_phone_cache_get(c, "wa", &some_need, &f));
	assert_null(f);
	uc_phone_cache_free(c);
}

static void it_is_bounded_and_forgets_the_oldest_use(void **state)
{
	(void)state;
	struct uc_phone_cache *c = uc_phone_cache_new(10000);
	put(c, "a", &some_need, 3000, 'a');
	put(c, "b", &some_need, 3000, 'b');
	assert_int_equal(first_byte(c, "a", &some_need), 'a'); /* used last */
	put(c, "c", &some_need, 3000, 'c');
	put(c, "d", &some_need, 3000, 'd');
	assert_true(uc_phone_cache_held(c) <= 10000);
	assert_int_equal(first_byte(c, "b", &some_need), 0);
	assert_int_equal(first_byte(c, "d", &some_need), 'd');
	/* What is larger than all of it is not kept, and nothing is left. */
	put(c, "e", &some_need, 20000, 'e');
	assert_int_equal(first_byte(c, "e", &some_need), 0);
	assert_int_equal(uc_phone_cache_held(c), 0);
	uc_phone_cache_free(c);
}

static void a_file_outlives_the_cache(void **state)
{
	(void)state;
	struct uc_phone_cache *c = uc_phone_cache_new(1 << 20);
	struct uc_phone_file *f;
	put(c, "a", &some_need, 10, 'a');
	assert_true(uc_phone_cache_get(c, "a", &some_need, &f));
	uc_phone_cache_free(c);
	assert_int_equal(uc_phone_file_content(f).len, 10);
	assert_int_equal(uc_phone_file_content(f).ptr[9], 'a');
	uc_phone_file_unref(f);
}

/* ---- one at a time ---- */

struct crowd {
	struct uc_phone_cache *cache;
	_Atomic int busy, made;
};

static void *ask(void *arg)
{
	struct crowd *w = arg;
	while (first_byte(w->cache, "a", &some_need) == 0) {
		if (!uc_phone_cache_make(w->cache, "a")) continue;
		assert_int_equal(atomic_fetch_add(&w->busy, 1), 0);
		if (first_byte(w->cache, "a", &some_need) == 0) {
			atomic_fetch_add(&w->made, 1);
			usleep(10000);
			put(w->cache, "a", &some_need, 10, 'a');
		}
		atomic_fetch_sub(&w->busy, 1);
		uc_phone_cache_made(w->cache, "a");
	}
	return NULL;
}

static void many_that_ask_at_once_get_what_one_makes(void **state)
{
	(void)state;
	enum { THREADS = 8 };
	struct crowd w = {.cache = uc_phone_cache_new(1 << 20)};
	pthread_t threads[THREADS];
	for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, ask, &w), 0);
	for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
	assert_int_equal(w.made, 1);
	assert_true(uc_phone_cache_count(w.cache) >= 1);
	/* Another key is not waited for. */
	assert_true(uc_phone_cache_make(w.cache, "x"));
	assert_true(uc_phone_cache_make(w.cache, "y"));
	uc_phone_cache_made(w.cache, "x");
	uc_phone_cache_made(w.cache, "y");
	uc_phone_cache_free(w.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_it_was_made_from_decides),
	    cmocka_unit_test(that_there_is_nothing_is_known_too),
	    cmocka_unit_test(it_is_bounded_and_forgets_the_oldest_use),
	    cmocka_unit_test(a_file_outlives_the_cache),
	    cmocka_unit_test(many_that_ask_at_once_get_what_one_makes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
