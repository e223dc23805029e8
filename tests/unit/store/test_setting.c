/* src/store/step_setting.c, list.c, store.c: settings, and lists that are published; steps applied, refused, inverted, read. */
#include "follow_both.h"

/* ---- settings ---- */

/* "" when it was never set. */
static void assert_setting(struct uc_store *s, const char *name, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *value = NULL;
	assert_ok(uc_store_setting(s, name, &value, &e), e);
	assert_string_equal(value != NULL ? value : "", want);
	assert_int_equal(value == NULL, want[0] == '\0');
}

/* Applies the inverse of a step that has been applied. */
static void take_back(struct uc_store *s, const json_t *step)
{
	struct uc_error e;
	json_t *inverse = uc_step_invert(step);
	assert_non_null(inverse);
	assert_ok(commit_step(s, inverse, &e), e);
}

static void a_setting_is_set_and_set_back(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_setting(f->s, "cluster-mode", "");
	UC_CLEANUP(free_json) json_t *first = setting_set("cluster-mode", "mixed", NULL);
	UC_CLEANUP(free_json) json_t *second = setting_set("cluster-mode", "non-secure", "mixed");
	assert_ok(commit_step(f->s, json_incref(first), &e), e);
	assert_setting(f->s, "cluster-mode", "mixed");
	assert_setting(f->s, "Cluster-Mode", "");
	assert_ok(commit_step(f->s, json_incref(second), &e), e);
	assert_setting(f->s, "cluster-mode", "non-secure");
	take_back(f->s, second);
	assert_setting(f->s, "cluster-mode", "mixed");
	/* The first one had replaced the default. */
	UC_CLEANUP(free_json) json_t *removal = uc_step_invert(first);
	assert_string_equal(json_string_value(json_object_get(removal, "type")), "setting.remove");
	assert_ok(commit_step(f->s, json_incref(removal), &e), e);
	assert_setting(f->s, "cluster-mode", "");
	take_back(f->s, removal);
	assert_setting(f->s, "cluster-mode", "mixed");
}

static void what_has_changed_since_is_not_overwritten(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_fails(commit_step(f->s, setting_set("phone-fill", "on", "off"), &e), e, UC_ECONFLICT, "state-moved");
	assert_string_equal(e.message, "setting/phone-fill has changed since this was planned");
	assert_ok(commit_step(f->s, setting_set("phone-fill", "on", NULL), &e), e);
	assert_fails(commit_step(f->s, setting_set("phone-fill", "off", NULL), &e), e, UC_ECONFLICT, "state-moved");
	json_t *removal = step_of("setting.remove", json_pack("{s:s, s:{s:s}}", "name", "phone-fill", "before", "value", "off"));
	assert_fails(commit_step(f->s, removal, &e), e, UC_ECONFLICT, "state-moved");
	assert_setting(f->s, "phone-fill", "on");
}

static void a_malformed_setting_is_refused(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	json_t *nameless = setting_set("x", "y", NULL);
	json_object_del(nameless, "name");
	assert_fails(commit_step(f->s, nameless, &e), e, UC_EINPUT, "bad-step");
	assert_string_equal(e.field, "name");
	json_t *number = setting_set("x", "y", NULL);
	json_object_set_new(number, "value", json_integer(1));
	assert_fails(commit_step(f->s, number, &e), e, UC_EINPUT, "bad-step");
	assert_string_equal(e.field, "value");
}

static void changes_are_found_by_the_setting_and_by_the_list(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	json_t *steps = json_pack("[o, o]", setting_set("cluster-mode", "mixed", NULL), list_publish("CTL", "one"));
	assert_ok(commit_change(f->s, change_with(steps), &number, &e), e);
	assert_ok(commit_step(f->s, setting_set("phone-fill", "on", NULL), &e), e);
	static const char *const objects[] = {"setting/cluster-mode", "list/CTL"};
	for (size_t i = 0; i < 2; i++) {
		const struct uc_log_filter filter = {.object = objects[i]};
		UC_CLEANUP(free_json) json_t *found = NULL;
		assert_ok(uc_log_list(f->s, &filter, 0, 10, &found, NULL, &e), e);
		assert_int_equal(json_array_size(found), 1);
		assert_int_equal(json_integer_value(json_object_get(json_array_get(found, 0), "number")), number);
	}
}

/* ---- lists ---- */

static int64_t publish(struct uc_store *s, const char *list, const char *file, const char *at)
{
	struct uc_error e;
	int64_t number;
	json_t *change = change_with(json_pack("[o]", list_publish(list, file)));
	json_object_set_new(change, "at", json_string(at));
	assert_ok(commit_change(s, change, &number, &e), e);
	return number;
}

/* Release with uc_list_row_free(). */
static struct uc_list_row list_of(struct uc_store *s, const char *list, const char *version)
{
	struct uc_error e;
	struct uc_list_row row;
	assert_ok(uc_store_list(s, list, version, &row, &e), e);
	return row;
}

static void assert_list(struct uc_store *s, const char *version, const char *file, int64_t number, const char *at)
{
	char time[UC_TIME_TEXT];
	char hash[UC_SHA256_HEX];
	UC_CLEANUP(uc_list_row_free) struct uc_list_row row = list_of(s, "CTL", version);
	assert_string_equal(row.list, "CTL");
	assert_string_equal(row.version, uc_sha256_hex(uc_slice_str(file), hash));
	assert_true(uc_slice_eq(uc_buf_slice(&row.file), uc_slice_str(file)));
	assert_int_equal(row.number, number);
	assert_string_equal(uc_time_rfc3339(row.at, time), at);
}

static void note_version(void *ctx, const struct uc_list_row *r)
{
	assert_int_equal(r->file.len, 0);
	uc_strv_take(ctx, uc_sprintf("%s %.8s %lld", r->list, r->version, (long long)r->number));
}

static void assert_versions(struct uc_store *s, const char *list, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	assert_ok(uc_store_lists(s, list, note_version, &have, &e), e);
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&have, ",");
	assert_string_equal(text, want);
}

static void each_version_that_was_published_can_be_had(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	struct uc_list_row row = {.list = NULL};
	assert_fails(uc_store_list(f->s, "CTL", NULL, &row, &e), e, UC_ENOTFOUND, "no-list");
	assert_versions(f->s, "CTL", "");
	publish(f->s, "CTL", "one", "2026-01-02T03:04:05Z"); /* 7692c3ad... */
	publish(f->s, "CTL", "two", "2026-01-03T03:04:05Z"); /* 3fc4ccfe... */
	publish(f->s, "Other", "three", "2026-01-04T03:04:05Z");
	assert_list(f->s, NULL, "two", 2, "2026-01-03T03:04:05Z");
	assert_list(f->s, "7692c3ad", "one", 1, "2026-01-02T03:04:05Z");
	assert_list(f->s, "7692C3AD3540", "one", 1, "2026-01-02T03:04:05Z");
	assert_list(f->s, "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3", "two", 2, "2026-01-03T03:04:05Z");
	assert_versions(f->s, "CTL", "CTL 3fc4ccfe 2,CTL 7692c3ad 1");
	/* The same again is the newest again, and one version still. */
	publish(f->s, "CTL", "one", "2026-01-05T03:04:05Z");
	assert_list(f->s, NULL, "one", 4, "2026-01-05T03:04:05Z");
	assert_list(f->s, "7692c3ad", "one", 4, "2026-01-05T03:04:05Z");
	assert_versions(f->s, "CTL", "CTL 7692c3ad 4,CTL 3fc4ccfe 2,CTL 7692c3ad 1");
	/* Names are told apart. */
	assert_fails(uc_store_list(f->s, "ctl", NULL, &row, &e), e, UC_ENOTFOUND, "no-list");
	assert_fails(uc_store_list(f->s, "Other", "7692c3ad", &row, &e), e, UC_ENOTFOUND, "no-list");
}

static void what_names_no_version_or_several_is_told(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	struct uc_list_row row = {.list = NULL};
	publish(f->s, "CTL", "one", "2026-01-02T03:04:05Z");
	assert_fails(uc_store_list(f->s, "CTL", "7692c3ae", &row, &e), e, UC_ENOTFOUND, "no-list");
	assert_string_equal(e.message, "there is no version 7692c3ae of the CTL file");
	assert_fails(uc_store_list(f->s, "CTL", "7692c3a", &row, &e), e, UC_EINPUT, "bad-version");
	assert_fails(uc_store_list(f->s, "CTL", "", &row, &e), e, UC_EINPUT, "bad-version");
	assert_fails(uc_store_list(f->s, "CTL", "7692c3ag", &row, &e), e, UC_EINPUT, "bad-version");
	assert_fails(uc_store_list(f->s, "CTL", "7692c3ad%", &row, &e), e, UC_EINPUT, "bad-version");
	assert_fails(uc_store_list(f->s, "CTL", "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed0", &row, &e), e, UC_EINPUT,
	             "bad-version");
	/* Another one that begins so, which nobody can make to order. */
	uc_store_close(uc_move(f->s));
	test_sql(f->url,
	         "INSERT INTO list_version (list, number, version, content) SELECT list, 2, substr(version, 1, 10) || 'ff', content FROM "
	         "list_version");
	assert_ok(uc_store_open(f->url, UC_STORE_READ, &f->s, &e), e);
	assert_fails(uc_store_list(f->s, "CTL", "7692c3ad35", &row, &e), e, UC_EINPUT, "ambiguous-version");
	assert_list(f->s, "7692c3ad354", "one", 1, "2026-01-02T03:04:05Z");
}

static enum uc_status put_list(struct uc_store *s, json_t *list, json_t *content, struct uc_error *e)
{
	return commit_step(s, step_of("list.publish", json_pack("{s:o, s:o}", "list", list, "content", content)), e);
}

/* n bytes in base64. */
static json_t *bytes(size_t n)
{
	UC_CLEANUP(uc_freep) char *data = uc_zalloc(n + 1, 1);
	UC_CLEANUP(uc_freep) char *text = uc_base64(uc_slice_of(data, n));
	return json_string(text);
}

static void a_malformed_list_is_refused(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	static const char *const names[] = {"", "C T", "CTL/", "CTL1", "\xc3\xa4", "abcdefghijklmnopq"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_fails(put_list(f->s, json_string(names[i]), bytes(3), &e), e, UC_EINPUT, "bad-step");
		assert_string_equal(e.field, "list");
	}
	assert_fails(put_list(f->s, json_integer(1), bytes(3), &e), e, UC_EINPUT, "bad-step");
	json_t *const contents[] = {json_string(""), json_string("a"),       json_string("YWJj!"), json_null(),
	                            json_integer(3), bytes(UC_LIST_MAX + 1), bytes(200000)};
	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
		assert_fails(put_list(f->s, json_string("CTL"), contents[i], &e), e, UC_EINPUT, "bad-step");
		assert_string_equal(e.field, "content");
	}
	assert_versions(f->s, "CTL", "");
	assert_ok(put_list(f->s, json_string("abcdefghijklmnop"), bytes(UC_LIST_MAX), &e), e);
	assert_ok(put_list(f->s, json_string("CTL"), bytes(1), &e), e);
}

static void a_change_publishes_a_list_once(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	json_t *twice = json_pack("[o, o]", list_publish("CTL", "one"), list_publish("CTL", "two"));
	assert_fails(commit_change(f->s, change_with(twice), &number, &e), e, UC_EINPUT, "bad-step");
	assert_string_equal(e.message, "a change publishes the list CTL twice");
	assert_versions(f->s, "CTL", "");
	json_t *both = json_pack("[o, o]", list_publish("CTL", "one"), list_publish("ITL", "two"));
	assert_ok(commit_change(f->s, change_with(both), &number, &e), e);
}

static void what_was_published_is_never_undone(void **state)
{
	(void)state;
	UC_CLEANUP(free_json) json_t *step = list_publish("CTL", "one");
	assert_false(uc_step_undoable("list.publish"));
	assert_null(uc_step_invert(step));
	assert_true(uc_step_undoable("setting.set"));
	assert_true(uc_step_undoable("setting.remove"));
}

/* ---- a store that was there before, and mirrors ---- */

static void a_store_from_before_there_were_settings_gets_them(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	assert_ok(commit_step(f->s, node_set("n1", "publisher", NULL, json_null()), &e), e);
	uc_store_close(uc_move(f->s));
	test_sql(f->url, "DROP TABLE setting; DROP TABLE list_version; ALTER TABLE change_words DROP COLUMN why; "
	                 "UPDATE schema_version SET version = 3");
	assert_fails(uc_store_open(f->url, UC_STORE_READ, &f->s, &e), e, UC_EREFUSED, "schema-older");
	assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e);
	assert_setting(f->s, "cluster-mode", "");
	assert_versions(f->s, "CTL", "");
	assert_ok(commit_step(f->s, setting_set("cluster-mode", "mixed", NULL), &e), e);
	publish(f->s, "CTL", "one", "2026-01-02T03:04:05Z");
	assert_setting(f->s, "cluster-mode", "mixed");
	assert_list(f->s, NULL, "one", 3, "2026-01-02T03:04:05Z");
}

static void a_mirror_has_the_same_and_loses_it_when_it_is_cleared(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	begin_log(b);
	make_step(b, setting_set("cluster-mode", "mixed", NULL));
	make_step(b, list_publish("CTL", "one"));
	make_change(b, "n1", N1, json_pack("[o, o]", setting_set("cluster-mode", "non-secure", "mixed"), list_publish("CTL", "two")));
	assert_ok(follow(b, 10, &e), e);
	assert_mirrored(b);
	assert_setting(b->mirror, "cluster-mode", "non-secure");
	assert_list(b->mirror, NULL, "two", 4, "2026-01-02T03:04:05Z");
	assert_list(b->mirror, "7692c3ad", "one", 3, "2026-01-02T03:04:05Z");
	assert_ok(uc_store_begin(b->mirror, &e), e);
	assert_ok(uc_mirror_clear(b->mirror, &e), e);
	assert_ok(uc_store_commit(b->mirror, &e), e);
	assert_setting(b->mirror, "cluster-mode", "");
	assert_versions(b->mirror, "CTL", "");
	assert_ok(follow(b, 1, &e), e);
	assert_mirrored(b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_setting_is_set_and_set_back),
	    T(what_has_changed_since_is_not_overwritten),
	    T(a_malformed_setting_is_refused),
	    T(changes_are_found_by_the_setting_and_by_the_list),
	    T(each_version_that_was_published_can_be_had),
	    T(what_names_no_version_or_several_is_told),
	    T(a_malformed_list_is_refused),
	    T(a_change_publishes_a_list_once),
	    cmocka_unit_test(what_was_published_is_never_undone),
	    T(a_store_from_before_there_were_settings_gets_them),
	    cmocka_unit_test_setup_teardown(a_mirror_has_the_same_and_loses_it_when_it_is_cleared, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
