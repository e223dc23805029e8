/* src/serve/tftp/table.c: transfers by client. */
#include "uc_test.h"

#include <arpa/inet.h>

#include "serve/tftp/table.h"

static struct uc_tftp_key v4(const char *address, uint16_t port)
{
	union uc_tftp_address a = {.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
	assert_int_equal(inet_pton(AF_INET, address, &a.v4.sin_addr), 1);
	return uc_tftp_key_of(&a);
}

static struct uc_tftp_key v6(const char *address, uint16_t port, uint32_t scope)
{
	union uc_tftp_address a = {.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = scope}};
	assert_int_equal(inet_pton(AF_INET6, address, &a.v6.sin6_addr), 1);
	return uc_tftp_key_of(&a);
}

static void clients_are_told_apart_by_address_port_and_scope(void **state)
{
	(void)state;
	struct uc_tftp_entry entries[] = {
	    {.key = v4("192.0.2.1", 2000)},      {.key = v4("192.0.2.1", 2001)},           {.key = v4("192.0.2.2", 2000)},
	    {.key = v6("2001:db8::1", 2000, 0)}, {.key = v6("2001:db8:1::", 2000, 0)},     {.key = v6("fe80::1", 2000, 2)},
	    {.key = v6("fe80::1", 2000, 3)},     {.key = v6("::ffff:192.0.2.1", 2000, 0)},
	};
	const size_t count = sizeof entries / sizeof entries[0];
	struct uc_tftp_table *t = uc_tftp_table_new(4);
	for (size_t i = 0; i < count; i++) {
		assert_null(uc_tftp_table_find(t, &entries[i].key));
		uc_tftp_table_add(t, &entries[i]);
	}
	assert_int_equal(uc_tftp_table_count(t), count);
	for (size_t i = 0; i < count; i++) assert_ptr_equal(uc_tftp_table_find(t, &entries[i].key), &entries[i]);
	for (size_t i = 0; i < count; i++) {
		uc_tftp_table_remove(t, &entries[i], 0);
		assert_null(uc_tftp_table_find(t, &entries[i].key));
	}
	assert_int_equal(uc_tftp_table_count(t), 0);
	uc_tftp_table_free(t);
}

static void transfers_of_an_address_are_counted(void **state)
{
	(void)state;
	struct uc_tftp_entry entries[200];
	struct uc_tftp_key other = v4("192.0.2.9", 1);
	struct uc_tftp_table *t = uc_tftp_table_new(1000);
	for (uint16_t i = 0; i < 200; i++) {
		entries[i] = (struct uc_tftp_entry){.key = v4(i % 2 == 0 ? "192.0.2.1" : "192.0.2.2", (uint16_t)(1000 + i))};
		uc_tftp_table_add(t, &entries[i]);
	}
	assert_int_equal(uc_tftp_table_count_host(t, &entries[0].key), 100);
	assert_int_equal(uc_tftp_table_count_host(t, &entries[1].key), 100);
	assert_int_equal(uc_tftp_table_count_host(t, &other), 0);
	for (uint16_t i = 0; i < 200; i += 2) uc_tftp_table_remove(t, &entries[i], 0);
	assert_int_equal(uc_tftp_table_count_host(t, &entries[0].key), 0);
	assert_int_equal(uc_tftp_table_count_host(t, &entries[1].key), 100);
	/* The others are freed with the table. */
	uc_tftp_table_free(t);
}

static void who_was_served_a_moment_ago_is_remembered_for_a_while(void **state)
{
	(void)state;
	struct uc_tftp_entry entry = {.key = v4("192.0.2.1", 2000)};
	struct uc_tftp_key other = v4("192.0.2.1", 2001);
	struct uc_tftp_table *t = uc_tftp_table_new(1);
	assert_false(uc_tftp_table_late(t, &entry.key, 50000));
	uc_tftp_table_add(t, &entry);
	uc_tftp_table_remove(t, &entry, 50000);
	assert_true(uc_tftp_table_late(t, &entry.key, 50000));
	assert_true(uc_tftp_table_late(t, &entry.key, 59900));
	assert_false(uc_tftp_table_late(t, &entry.key, 60016));
	assert_false(uc_tftp_table_late(t, &other, 50000));
	uc_tftp_table_free(t);
}

static void thousands_are_remembered_at_once(void **state)
{
	(void)state;
	struct uc_tftp_table *t = uc_tftp_table_new(1);
	const uint64_t now = (uint64_t)UINT32_MAX * 16; /* the time turns over meanwhile */
	unsigned known = 0;
	for (uint16_t port = 1; port <= 4000; port++) {
		struct uc_tftp_entry entry = {.key = v4("192.0.2.1", port)};
		uc_tftp_table_add(t, &entry);
		uc_tftp_table_remove(t, &entry, now - port);
	}
	for (uint16_t port = 1; port <= 4000; port++) {
		struct uc_tftp_key key = v4("192.0.2.1", port);
		known += uc_tftp_table_late(t, &key, now + 1000);
	}
	/* On average one falls into each set of eight. */
	assert_in_range(known, 3990, 4000);
	uc_tftp_table_free(t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clients_are_told_apart_by_address_port_and_scope),
	    cmocka_unit_test(transfers_of_an_address_are_counted),
	    cmocka_unit_test(who_was_served_a_moment_ago_is_remembered_for_a_while),
	    cmocka_unit_test(thousands_are_remembered_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
