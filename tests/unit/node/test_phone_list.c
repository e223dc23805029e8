/* src/node/phone_list.c: which phones there are, and what they hold. */
#include "uc_test.h"

#include "node/internal.h"
#include "node/phone_bed.h"

static struct phone_bed bed;
static struct uc_node node; /* as far as this needs one */

/* In the place of publish.c (the linker's --wrap). */
struct uc_phone_basis *__wrap_uc_view_phone_basis(struct uc_node *n);
struct uc_phone_basis *__wrap_uc_view_phone_basis(struct uc_node *n)
{
	(void)n;
	return bed.basis != NULL ? uc_phone_basis_ref(bed.basis) : NULL;
}

static void fetch(const char *name, const char *peer, const char *list, const char *version, uc_time at)
{
	struct uc_buf bytes = UC_BUF_EMPTY;
	struct uc_phone_file *f = uc_phone_file_new(&bytes, list, version);
	const struct uc_phone_ask ask = {.name = name, .peer = peer, .via = UC_VIA_TFTP};
	uc_clock_set(MAKE_NOW + at);
	uc_phone_fetched(&node, &ask, f);
	uc_phone_file_unref(f);
}

static int setup(void **state)
{
	(void)state;
	struct uc_error e;
	uc_clock_set(MAKE_NOW); /* what is too old is thrown away */
	bed_make(&bed);
	bed.basis->itl = bed_list("ITL", "i2", "the ITL");
	memset(&node, 0, sizeof node);
	assert_ok(uc_phone_open(bed.dir, bed.files, bed.certs, &node.phone, &e), e);
	fetch("ITLSEP000000000001.tlv", "192.0.2.1", "ITL", "i1", 1000);
	fetch("ITLSEP000000000001.tlv", "192.0.2.1", "ITL", "i2", 2000);
	fetch("ITLSEP000000000002.tlv", "192.0.2.2", "ITL", "i1", 1000);
	fetch("CTLSEP000000000003.tlv", "192.0.2.3", "CTL", "c1", 1000);
	fetch("SEP000000000004.cnf.xml", "192.0.2.4", NULL, "", 1000);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	uc_phone_close(node.phone);
	uc_clock_set(-1);
	bed_free(&bed);
	return 0;
}

/* The devices of a page, with blanks; and where the next one begins. */
static void expect_page(const char *list, bool stale, const char *after, size_t limit, const char *devices, const char *next)
{
	struct uc_error e;
	json_t *page = NULL;
	assert_ok(uc_node_phones(&node, list, stale, after, limit, &page, &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	size_t i;
	const json_t *item;
	json_array_foreach(json_object_get(page, "items"), i, item)
	{
		uc_strv_add(&names, json_string_value(json_object_get(item, "device")));
	}
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&names, " ");
	assert_string_equal(text, devices);
	const char *cursor = json_string_value(json_object_get(page, "next"));
	assert_string_equal(cursor != NULL ? cursor : "none", next != NULL ? next : "none");
	json_decref(page);
}

static void pages_come_in_the_order_of_devices(void **state)
{
	(void)state;
	expect_page(NULL, false, NULL, 10, "SEP000000000001 SEP000000000002 SEP000000000003 SEP000000000004", NULL);
	expect_page(NULL, false, NULL, 4, "SEP000000000001 SEP000000000002 SEP000000000003 SEP000000000004", NULL);
	expect_page(NULL, false, NULL, 3, "SEP000000000001 SEP000000000002 SEP000000000003", "SEP000000000003");
	expect_page(NULL, false, "SEP000000000003", 3, "SEP000000000004", NULL);
	expect_page(NULL, false, "SEP000000000004", 3, "", NULL);
}

static void stale_are_those_without_the_present_list(void **state)
{
	(void)state;
	expect_page(NULL, true, NULL, 10, "SEP000000000002 SEP000000000003 SEP000000000004", NULL);
	expect_page("ITL", true, NULL, 10, "SEP000000000002 SEP000000000003 SEP000000000004", NULL);
	/* There is no CTL: whoever has one has one too many. */
	expect_page("CTL", true, NULL, 10, "SEP000000000003", NULL);
	expect_page("CTL", false, NULL, 1, "SEP000000000001", "SEP000000000001");
}

static void another_list_is_refused(void **state)
{
	(void)state;
	struct uc_error e;
	json_t *page = NULL;
	assert_fails(uc_node_phones(&node, "RCTL", true, NULL, 10, &page, &e), e, UC_EINPUT, "no-list");
	assert_null(page);
}

static const char *text_of(const json_t *o, const char *a, const char *b)
{
	const json_t *member = json_object_get(o, a);
	return json_string_value(b != NULL ? json_object_get(member, b) : member);
}

static void a_phone_is_told_with_all_it_has_fetched(void **state)
{
	(void)state;
	struct uc_error e;
	json_t *phone = NULL;
	assert_ok(uc_node_phone(&node, "SEP000000000001", &phone, &e), e);
	assert_string_equal(text_of(phone, "device", NULL), "SEP000000000001");
	assert_string_equal(text_of(phone, "address", NULL), "192.0.2.1");
	assert_string_equal(text_of(phone, "via", NULL), "tftp");
	assert_string_equal(text_of(phone, "first_seen", NULL), "2026-06-01T00:16:40Z");
	assert_string_equal(text_of(phone, "last_seen", NULL), "2026-06-01T00:33:20Z");
	assert_string_equal(text_of(phone, "itl", "version"), "i2");
	assert_true(json_is_true(json_object_get(json_object_get(phone, "itl"), "current")));
	assert_true(json_is_null(json_object_get(phone, "ctl")));
	assert_true(json_is_null(json_object_get(phone, "config")));
	assert_true(json_is_null(json_object_get(phone, "missed")));
	const json_t *lists = json_object_get(phone, "lists");
	assert_int_equal(json_array_size(lists), 2);
	assert_string_equal(text_of(json_array_get(lists, 0), "version", NULL), "i2");
	assert_string_equal(text_of(json_array_get(lists, 1), "version", NULL), "i1");
	assert_string_equal(text_of(json_array_get(lists, 1), "last", NULL), "2026-06-01T00:16:40Z");
	json_decref(phone);
	assert_ok(uc_node_phone(&node, "SEP000000000002", &phone, &e), e);
	assert_true(json_is_false(json_object_get(json_object_get(phone, "itl"), "current")));
	json_decref(phone);
	assert_ok(uc_node_phone(&node, "SEP000000000004", &phone, &e), e);
	assert_string_equal(text_of(phone, "config", "file"), "SEP000000000004.cnf.xml");
	json_decref(phone);
}

static void a_phone_is_found_among_many_of_almost_its_name(void **state)
{
	(void)state;
	struct uc_error e;
	json_t *phone = NULL;
	char name[64];
	for (int i = 0; i < 950; i++) {
		snprintf(name, sizeof name, "CTLCSFjd%03d.tlv", i);
		fetch(name, "192.0.2.9", "CTL", "c1", 1000);
	}
	static const char *const devices[] = {"CSFjd000", "CSFjd001", "CSFjd499", "CSFjd949"};
	for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
		assert_ok(uc_node_phone(&node, devices[i], &phone, &e), e);
		assert_string_equal(text_of(phone, "device", NULL), devices[i]);
		json_decref(phone);
	}
	fetch("CTLCSFjd.tlv", "192.0.2.9", "CTL", "c1", 1000);
	assert_ok(uc_node_phone(&node, "CSFjd", &phone, &e), e);
	json_decref(phone);
	fetch("CTLCSFjdzz.tlv", "192.0.2.9", "CTL", "c1", 1000);
	fetch("CTLCSFjdz.tlv", "192.0.2.9", "CTL", "c1", 1000);
	/* Behind more than a page of others. */
	assert_ok(uc_node_phone(&node, "CSFjdz", &phone, &e), e);
	json_decref(phone);
}

static void a_phone_that_nobody_has_seen_is_not_found(void **state)
{
	(void)state;
	struct uc_error e;
	json_t *phone = NULL;
	static const char *const names[] = {"SEP000000000005", "SEP00000000000", "SEP0000000000011", "", "a", "zzz"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_fails(uc_node_phone(&node, names[i], &phone, &e), e, UC_ENOTFOUND, "no-phone");
		assert_null(phone);
	}
}

static void a_node_without_a_basis_knows_its_phones(void **state)
{
	(void)state;
	uc_phone_basis_unref(bed.basis);
	bed.basis = NULL;
	expect_page(NULL, false, NULL, 1, "SEP000000000001", "SEP000000000001");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(pages_come_in_the_order_of_devices),
	    TEST(stale_are_those_without_the_present_list),
	    TEST(another_list_is_refused),
	    TEST(a_phone_is_told_with_all_it_has_fetched),
	    TEST(a_phone_is_found_among_many_of_almost_its_name),
	    TEST(a_phone_that_nobody_has_seen_is_not_found),
	    TEST(a_node_without_a_basis_knows_its_phones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
