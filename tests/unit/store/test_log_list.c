/* src/store/log_list.c: changes are found by what they are about, with bounded work. */
#include "cluster_steps.h"

static void free_json(json_t **j)
{
	json_decref(*j);
}

/* ---- changes ---- */

struct made_change {
	const char *at, *node, *who, *task, *summary, *why;
};

static int64_t put(struct uc_store *s, const struct made_change *m, json_t *steps)
{
	struct uc_error e;
	int64_t number;
	json_t *change = change_with(steps);
	json_object_set_new(change, "at", json_string(m->at));
	json_object_set_new(change, "node", json_string(m->node));
	json_object_set_new(change, "who", json_string(m->who));
	json_object_set_new(change, "task", json_string(m->task));
	json_object_set_new(change, "summary", json_string(m->summary));
	if (m->why != NULL) json_object_set_new(change, "why", json_string(m->why));
	assert_ok(commit_change(s, change, &number, &e), e);
	return number;
}

/* A log of five. */
static void put_some(struct uc_store *s)
{
	static const struct made_change some[] = {
	    {"2026-01-01T00:00:00Z", "n1", "admin", "cert-regen", "Replace the tomcat certificate", "yearly"},
	    {"2026-01-02T23:59:59Z", "n1", "uid 0", "import-trust", "Upload M\u00fcller Root CA", NULL},
	    {"2026-01-03T12:00:00Z", "n2", "admin", "cert-regen", "Replace the ipsec certificate", "100% sure_ly \\ yes"},
	    {"2026-01-04T00:00:00Z", "n2", "eve", "undo", "Undo change 3", NULL},
	    {"2026-01-05T00:00:00Z", "n1", "administrator", "import-trust", "Upload two", NULL},
	};
	for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
		json_t *steps = json_array();
		if (strcmp(some[i].task, "import-trust") == 0) {
			UC_CLEANUP(uc_freep) char *name = uc_sprintf("Big_%d.pem", (int)i);
			UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named(name, i);
			json_array_append_new(steps, trust_step("trust.add", "tomcat-trust", name, "cluster", c, ""));
		}
		assert_int_equal(put(s, &some[i], steps), i + 1);
	}
}

/* ---- lists ---- */

/* The numbers on a page, with blanks between them, and "..N" when the look ended at N. Free with free(). */
static char *page_of(struct uc_store *s, const struct uc_log_filter *f, int64_t from, size_t limit)
{
	struct uc_error e;
	int64_t stopped = -1;
	UC_CLEANUP(free_json) json_t *list = NULL;
	assert_ok(uc_log_list(s, f, from, limit, &list, &stopped, &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv numbers = {.items = NULL};
	size_t i;
	const json_t *row;
	json_array_foreach(list, i, row)
	    uc_strv_take(&numbers, uc_sprintf("%lld", (long long)json_integer_value(json_object_get(row, "number"))));
	if (stopped != 0) uc_strv_take(&numbers, uc_sprintf("..%lld", (long long)stopped));
	return uc_strv_join(&numbers, " ");
}

#define assert_page(s, from, limit, want, ...)                                               \
	do {                                                                                     \
		const struct uc_log_filter filter_ = {__VA_ARGS__};                                  \
		UC_CLEANUP(uc_freep) char *have_ = page_of(s, &filter_, from, limit);                \
		if (strcmp(have_, want) != 0) fail_msg("%s: %s, not %s", #__VA_ARGS__, have_, want); \
	} while (0)

#define assert_list(s, want, ...) assert_page(s, 0, 100, want, __VA_ARGS__)

static void it_is_newest_first_in_pages_and_by_object(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	for (uint64_t i = 1; i <= 5; i++) {
		UC_CLEANUP(uc_freep) char *cn = uc_sprintf("CA%d", (int)i % 2);
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named(cn, i % 2);
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", cn);
		const char *type = i <= 2 ? "trust.add" : i <= 4 ? "trust.remove" : "trust.add";
		assert_ok(commit_step(f->s, trust_step(type, "tomcat-trust", name, "cluster", c, ""), &e), e);
	}
	UC_CLEANUP(uc_freep) char *all = page_of(f->s, NULL, 0, 100);
	assert_string_equal(all, "5 4 3 2 1");
	assert_page(f->s, 0, 2, "5 4", .object = NULL);
	assert_page(f->s, 4, 100, "3 2 1", .object = NULL);
	assert_page(f->s, 1, 100, "", .object = NULL);
	assert_page(f->s, 99, 2, "5 4", .object = NULL);
	assert_list(f->s, "5 3 1", .object = "trust/tomcat-trust/CA1.pem");
	assert_page(f->s, 5, 1, "3", .object = "trust/tomcat-trust/CA1.pem");
	assert_list(f->s, "", .object = "trust/tomcat-trust/CA");
	UC_CLEANUP(free_json) json_t *page = NULL;
	assert_ok(uc_log_list(f->s, NULL, 0, 1, &page, NULL, &e), e);
	const json_t *row = json_array_get(page, 0);
	static const char *const texts[][2] = {
	    {"at", "2026-01-02T03:04:05Z"}, {"node", "n1"}, {"who", "admin"}, {"task", "test"}, {"summary", "a test"}};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_string_equal(json_string_value(json_object_get(row, texts[i][0])), texts[i][1]);
	assert_true(json_is_null(json_object_get(row, "undone_by")));
}

static void a_list_tells_why_where_somebody_said_it(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	put_some(f->s);
	UC_CLEANUP(free_json) json_t *page = NULL;
	assert_ok(uc_log_list(f->s, NULL, 0, 10, &page, NULL, &e), e);
	assert_true(json_is_null(json_object_get(json_array_get(page, 0), "why")));
	assert_string_equal(json_string_value(json_object_get(json_array_get(page, 2), "why")), "100% sure_ly \\ yes");
	assert_string_equal(json_string_value(json_object_get(json_array_get(page, 4), "why")), "yearly");
}

static void text_is_looked_for_in_all_that_a_change_is_about(void **state)
{
	struct fixture *f = *state;
	put_some(f->s);
	assert_list(f->s, "3 1", .search = "certificate"); /* the summary */
	assert_list(f->s, "1", .search = "TOMCAT CERT");
	assert_list(f->s, "1", .search = "Yearly");                 /* the reason */
	assert_list(f->s, "5 3 1", .search = "admin");              /* the account */
	assert_list(f->s, "5 2", .search = "import-trust");         /* the task */
	assert_list(f->s, "5", .search = "tomcat-trust/BIG_4.PEM"); /* what was touched */
	assert_list(f->s, "2", .search = "m\u00dcller");
	/* What means something to LIKE means itself. */
	assert_list(f->s, "3", .search = "100%");
	assert_list(f->s, "5 3 2", .search = "_");
	assert_list(f->s, "3", .search = "\\");
	assert_list(f->s, "", .search = "n2");
	assert_list(f->s, "", .search = "followups");
	assert_list(f->s, "5 4 3 2 1", .search = "");
}

static void who_what_where_and_when_are_exact(void **state)
{
	struct fixture *f = *state;
	put_some(f->s);
	assert_list(f->s, "3 1", .who = "admin");
	assert_list(f->s, "2", .who = "uid 0");
	assert_list(f->s, "", .who = "Admin");
	assert_list(f->s, "3 1", .task = "cert-regen");
	assert_list(f->s, "", .task = "cert");
	assert_list(f->s, "4 3", .node = "n2");
	assert_list(f->s, "", .node = "n");
	assert_list(f->s, "5 4 3", .from = "2026-01-03T12:00:00Z");
	assert_list(f->s, "5 4", .from = "2026-01-03T12:00:01Z");
	assert_list(f->s, "3 2 1", .to = "2026-01-03T12:00:00Z");
	assert_list(f->s, "3 2", .from = "2026-01-02T00:00:00Z", .to = "2026-01-03T23:59:59Z");
	assert_list(f->s, "", .from = "2026-01-06T00:00:00Z");
}

static void all_that_is_asked_for_must_hold(void **state)
{
	struct fixture *f = *state;
	put_some(f->s);
	assert_list(f->s, "1", .search = "certificate", .node = "n1");
	assert_list(f->s, "3", .who = "admin", .task = "cert-regen", .node = "n2", .search = "ipsec");
	assert_list(f->s, "", .who = "admin", .task = "undo");
	assert_list(f->s, "2", .object = "trust/tomcat-trust/Big_1.pem", .search = "root");
	assert_list(f->s, "", .object = "trust/tomcat-trust/Big_1.pem", .search = "two");
	assert_list(f->s, "2", .object = "trust/tomcat-trust/Big_1.pem", .who = "uid 0", .from = "2026-01-01T00:00:00Z");
	assert_page(f->s, 3, 1, "1", .who = "admin");
	assert_page(f->s, 4, 1, "3", .search = "replace");
}

/* ---- bounds ---- */

static void a_look_ends_after_so_many_changes_and_says_where_to_go_on(void **state)
{
	struct fixture *f = *state;
	for (int i = 1; i <= 25; i++) {
		const struct made_change m = {"2026-01-01T00:00:00Z", "n1", i % 10 == 1 ? "rare" : "often", "test", "x", NULL};
		assert_int_equal(put(f->s, &m, json_array()), i);
	}
	assert_page(f->s, 0, 10, "21 ..16", .who = "rare", .look = 10);
	assert_page(f->s, 16, 10, "11 ..6", .who = "rare", .look = 10);
	assert_page(f->s, 6, 10, "1", .who = "rare", .look = 10);
	assert_page(f->s, 0, 10, "21 11 1", .who = "rare", .look = 25);
	assert_page(f->s, 0, 10, "21 11 ..2", .who = "rare", .look = 24);
	assert_page(f->s, 0, 10, "", .who = "rare", .search = "y", .look = 25);
	/* A full page says by itself where to go on. */
	assert_page(f->s, 0, 1, "21", .who = "rare", .look = 10);
	assert_page(f->s, 0, 3, "25 24 23", .who = "often", .look = 10);
	/* Without a condition nothing is looked at in vain. */
	assert_page(f->s, 0, 10, "25 24 23 22 21 20 19 18 17 16", .look = 5);
}

static void of_one_object_only_its_own_changes_are_looked_at(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", 1);
	for (int i = 0; i < 40; i++) {
		const struct made_change m = {"2026-01-01T00:00:00Z", "n1", i == 0 ? "first" : "admin", "test", "x", NULL};
		const char *type = i % 8 == 0 ? "trust.add" : "trust.remove";
		put(f->s, &m, i % 4 == 0 ? json_pack("[o]", trust_step(type, "tomcat-trust", "CA.pem", "cluster", c, "")) : json_array());
	}
	static const char object[] = "trust/tomcat-trust/CA.pem";
	assert_page(f->s, 0, 20, "37 33 29 25 21 17 13 9 5 1", .object = object);
	assert_page(f->s, 0, 20, "..25", .object = object, .who = "first", .look = 4);
	assert_page(f->s, 25, 20, "..9", .object = object, .who = "first", .look = 4);
	assert_page(f->s, 9, 20, "1", .object = object, .who = "first", .look = 4);
	assert_page(f->s, 0, 20, "1", .object = object, .who = "first", .look = 10);
	UC_CLEANUP(free_json) json_t *list = NULL;
	assert_ok(uc_log_list(f->s, NULL, 0, 0, &list, NULL, &e), e);
	assert_int_equal(json_array_size(list), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(it_is_newest_first_in_pages_and_by_object),
	    T(a_list_tells_why_where_somebody_said_it),
	    T(text_is_looked_for_in_all_that_a_change_is_about),
	    T(who_what_where_and_when_are_exact),
	    T(all_that_is_asked_for_must_hold),
	    T(a_look_ends_after_so_many_changes_and_says_where_to_go_on),
	    T(of_one_object_only_its_own_changes_are_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
