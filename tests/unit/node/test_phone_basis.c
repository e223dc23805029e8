/* src/node/phone_basis.c: counted references. What is released too early or never is found by the sanitizers. */
#include "uc_test.h"

#include <openssl/ssl.h>
#include <pthread.h>

#include "node/internal.h"
#include "node/phone_bed.h"

static struct uc_phone_basis *present;

/* In the place of publish.c (the linker's --wrap). */
struct uc_phone_basis *__wrap_uc_view_phone_basis(struct uc_node *n);
struct uc_phone_basis *__wrap_uc_view_phone_basis(struct uc_node *n)
{
	(void)n;
	return present != NULL ? uc_phone_basis_ref(present) : NULL;
}

static void a_file_takes_its_bytes_and_knows_what_it_is(void **state)
{
	(void)state;
	struct uc_buf bytes = UC_BUF_EMPTY;
	uc_buf_add_str(&bytes, "hello");
	struct uc_phone_file *f = uc_phone_file_new(&bytes, "CTL", "ab");
	assert_null(bytes.ptr);
	assert_ptr_equal(uc_phone_file_ref(f), f);
	uc_phone_file_unref(f);
	assert_true(uc_slice_eq(uc_phone_file_content(f), uc_slice_str("hello")));
	assert_string_equal(uc_phone_file_list(f), "CTL");
	assert_string_equal(uc_phone_file_version(f), "ab");
	uc_phone_file_unref(f);
	uc_phone_file_unref(NULL);
	uc_phone_basis_unref(NULL);
}

static void *use(void *arg)
{
	struct uc_phone_basis *b = arg;
	for (int i = 0; i < 20000; i++) {
		uc_phone_file_unref(uc_phone_file_ref(b->ctl));
		uc_phone_basis_unref(uc_phone_basis_ref(b));
	}
	uc_phone_basis_unref(b);
	return NULL;
}

static void references_are_counted_from_any_thread(void **state)
{
	(void)state;
	pthread_t threads[4];
	struct uc_phone_basis *b = uc_phone_basis_new();
	b->ctl = bed_list("CTL", "c1", "the CTL");
	for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, use, uc_phone_basis_ref(b)), 0);
	struct uc_phone_file *f = uc_phone_file_ref(b->ctl);
	uc_phone_basis_unref(b);
	for (size_t i = 0; i < 4; i++) pthread_join(threads[i], NULL);
	assert_true(uc_slice_eq(uc_phone_file_content(f), uc_slice_str("the CTL")));
	uc_phone_file_unref(f);
}

static void https_is_answered_with_the_context_of_the_moment(void **state)
{
	(void)state;
	struct uc_node node = {.data = NULL};
	present = NULL;
	assert_null(uc_phone_tls(&node));
	present = uc_phone_basis_new();
	assert_null(uc_phone_tls(&node));
	present->tls = SSL_CTX_new(TLS_server_method());
	SSL_CTX *ctx = uc_phone_tls(&node);
	assert_ptr_equal(ctx, present->tls);
	/* It outlives the basis. */
	uc_phone_basis_unref(present);
	present = NULL;
	SSL *ssl = SSL_new(ctx);
	assert_non_null(ssl);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_takes_its_bytes_and_knows_what_it_is),
	    cmocka_unit_test(references_are_counted_from_any_thread),
	    cmocka_unit_test(https_is_answered_with_the_context_of_the_moment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
