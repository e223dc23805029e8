/* src/store/find*.c: conditions, sorts and pages, held against a filter that looks at every row. */
#include "store_test.h"

#include "pki/name.h"
#include "store/find.h"

enum { ROWS = 500, COLUMNS = 14 };

static const uc_time NOW = 1767225600; /* 2026-01-01 */

static const char *const columns[COLUMNS] = {"name",    "common-name", "usage",  "unit",        "type",        "key-type", "distribution",
                                             "subject", "issuer",      "serial", "fingerprint", "description", "expires",  "starts"};
enum { EXPIRES = 12, STARTS = 13, FIRST_TIME = 12 };

/* What the test knows of a row: the values of the columns, folded, and its identity. */
struct row {
	char *text[FIRST_TIME];
	uc_time time[2]; /* expires, starts */
	char *scope;
	char *id; /* usage/unit/scope/name */
	struct uc_cert *cert;
};

struct model {
	struct row rows[ROWS];
	size_t count;
};

static uint32_t seed;

static uint32_t next(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static char *joined(const char *const *words, size_t count)
{
	struct uc_buf out = UC_BUF_EMPTY;
	for (uint32_t i = 0, n = 1 + next(3); i < n; i++) uc_buf_printf(&out, "%s%s", i > 0 ? " " : "", words[next((uint32_t)count)]);
	return uc_buf_take_str(&out);
}

static char *some_text(void)
{
	static const char *const words[] = {"Example",
	                                    "example.com",
	                                    "Root",
	                                    "CA",
	                                    "host-1",
	                                    "100%",
	                                    "under_score",
	                                    "it's",
	                                    "\"quoted\"",
	                                    "back\\slash",
	                                    "Gr\xc3\xbc\xc3\x9f",
	                                    "\xd0\x9c\xd0\x98\xd0\xa0",
	                                    "a",
	                                    "ab",
	                                    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
	                                    "tomcat"};
	return joined(words, sizeof words / sizeof words[0]);
}

static struct uc_cert *some_cert(uint64_t n)
{
	static const char *const issuers[] = {"Example Root CA", "Example Issuing CA", "Other % CA", "Gr\xc3\xbc\xc3\x9f CA"};
	UC_CLEANUP(uc_freep) char *cn = some_text();
	const struct fake_cert f = {.cn = next(10) == 0 ? NULL : cn,
	                            .org = next(3) == 0 ? NULL : "Example",
	                            .issuer_cn = issuers[next(4)],
	                            .serial = n,
	                            .not_before = NOW - (uc_time)next(1000) * UC_DAY,
	                            .not_after = NOW + ((uc_time)next(60) - 20) * 30 * UC_DAY,
	                            .key = (enum fake_key)next(3)};
	return fake_cert(&f);
}

static void fill_row(struct row *r, const char *usage, const char *unit, const char *scope, const char *name, const char *description,
                     const char *distribution, struct uc_cert *c)
{
	char fingerprint[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_freep) char *cn = uc_name_cn(c->subject);
	UC_CLEANUP(uc_freep) char *subject = uc_name_text(c->subject);
	UC_CLEANUP(uc_freep) char *issuer = uc_name_text(c->issuer);
	UC_CLEANUP(uc_freep) char *serial = uc_cert_serial_text(c);
	const struct uc_key_info key = uc_key_info_of(c->spki);
	const char *const values[FIRST_TIME] = {name,
	                                        cn != NULL ? cn : "",
	                                        usage,
	                                        unit,
	                                        "ca-signed",
	                                        key.text,
	                                        distribution,
	                                        subject,
	                                        issuer,
	                                        serial,
	                                        uc_cert_fingerprint_hex(c, fingerprint),
	                                        description};
	for (size_t i = 0; i < FIRST_TIME; i++) r->text[i] = uc_fold(values[i]);
	r->time[0] = c->not_after.value;
	r->time[1] = c->not_before.value;
	r->scope = uc_strdup(scope);
	r->id = uc_sprintf("%s/%s/%s/%s", usage, unit, scope, name);
	r->cert = c;
}

static void clear_row(struct row *r)
{
	for (size_t i = 0; i < FIRST_TIME; i++) free(r->text[i]);
	free(r->scope);
	free(r->id);
	uc_cert_free(r->cert);
}

/* A few own certificates, and trust certificates of several stores and scopes. */
static void fill_model(struct model *m, json_t *steps)
{
	static const char *const stores[] = {"tomcat-trust", "CallManager-trust", "CAPF-trust"};
	static const char *const scopes[] = {"cluster", "cluster", "n1", "n2"};
	static const char *const purposes[] = {"tomcat", "CAPF", "TVS", "ipsec"};
	for (size_t i = 0; i < ROWS; i++) {
		struct uc_cert *c = some_cert(i);
		assert_non_null(c);
		if (i % 100 == 50 && i / 100 < 4) {
			const char *purpose = purposes[i / 100];
			UC_CLEANUP(uc_freep) char *own_name = uc_sprintf("%s.pem", purpose);
			UC_CLEANUP(uc_freep) char *issuer = uc_name_text(c->issuer);
			UC_CLEANUP(uc_freep) char *said = uc_sprintf("Certificate Signed by %s", issuer);
			fill_row(&m->rows[m->count++], "own", purpose, "n1", own_name, said, "n1", c);
			json_array_append_new(steps, identity_step(purpose, c, NULL, json_null()));
			continue;
		}
		UC_CLEANUP(uc_freep) char *base = some_text();
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s %d.pem", base, (int)i);
		UC_CLEANUP(uc_freep) char *description = next(2) == 0 ? uc_strdup("") : some_text();
		const char *store = stores[next(3)];
		const char *scope = scopes[next(4)];
		fill_row(&m->rows[m->count++], "trust", store, scope, name, description, scope, c);
		json_array_append_new(steps, trust_step("trust.add", store, name, scope, c, description));
	}
}

struct find_fixture {
	struct fixture *f;
	struct model m;
};

static int find_setup(void **state)
{
	struct uc_error e;
	int64_t number;
	struct find_fixture *ff = uc_zalloc(1, sizeof *ff);
	void *inner = NULL;
	fixture_setup(&inner);
	ff->f = inner;
	seed = 7;
	json_t *steps = json_array();
	fill_model(&ff->m, steps);
	assert_ok(commit_change(ff->f->s, change_with(steps), &number, &e), e);
	*state = ff;
	return 0;
}

static int find_teardown(void **state)
{
	struct find_fixture *ff = *state;
	for (size_t i = 0; i < ff->m.count; i++) clear_row(&ff->m.rows[i]);
	void *inner = ff->f;
	fixture_teardown(&inner);
	free(ff);
	return 0;
}

/* ---- the filter that looks at every row ---- */

static bool fulfils(const struct row *r, const struct uc_condition *c)
{
	if (c->column >= FIRST_TIME) {
		uc_time t = r->time[c->column - FIRST_TIME];
		return c->op == UC_FIND_BEFORE ? t < c->time : t > c->time;
	}
	const char *text = r->text[c->column];
	switch (c->op) {
	case UC_FIND_CONTAINS:
		return strstr(text, c->value) != NULL;
	case UC_FIND_BEGINS:
		return uc_starts_with(text, c->value);
	case UC_FIND_ENDS:
		return uc_ends_with(text, c->value);
	case UC_FIND_IS:
		return strcmp(text, c->value) == 0;
	default:
		return text[0] == '\0';
	}
}

static bool wanted(const struct row *r, const struct uc_find *f)
{
	if (f->usage != NULL && strcmp(r->text[2], f->usage) != 0) return false;
	if (f->node != NULL && strcmp(r->scope, "cluster") != 0 && strcmp(r->scope, f->node) != 0) return false;
	size_t met = 0;
	for (size_t i = 0; i < f->count; i++) met += fulfils(r, &f->conditions[i]) ? 1 : 0;
	return f->count == 0 || (f->any ? met > 0 : met == f->count);
}

static const struct uc_find *sorting;

/* Rows lie in the order of their ids. */
static int by_sort(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a;
	const struct row *y = *(const struct row *const *)b;
	int order;
	if (sorting->sort >= FIRST_TIME) {
		uc_time tx = x->time[sorting->sort - FIRST_TIME];
		uc_time ty = y->time[sorting->sort - FIRST_TIME];
		order = (tx > ty) - (tx < ty);
	} else {
		order = strcmp(x->text[sorting->sort], y->text[sorting->sort]);
	}
	if (order == 0) order = (x > y) - (x < y);
	return sorting->descending ? -order : order;
}

static size_t expected_of(const struct model *m, const struct uc_find *f, const struct row **out)
{
	size_t n = 0;
	for (size_t i = 0; i < m->count; i++)
		if (wanted(&m->rows[i], f)) out[n++] = &m->rows[i];
	sorting = f;
	qsort(out, n, sizeof(struct row *), by_sort);
	return n;
}

static char *id_of(const json_t *row)
{
	static const char *const parts[] = {"usage", "unit", "scope", "name"};
	const char *v[4];
	for (size_t i = 0; i < 4; i++) v[i] = json_string_value(json_object_get(row, parts[i]));
	return uc_sprintf("%s/%s/%s/%s", v[0], v[1], v[2], v[3]);
}

/* Reads all pages and holds them against what is expected. */
static void check_all_pages(struct uc_store *s, const struct model *m, struct uc_find *f, const char *what)
{
	struct uc_error e;
	const struct row *want[ROWS];
	size_t count = expected_of(m, f, want);
	size_t seen = 0;
	for (;;) {
		json_t *page = NULL;
		assert_ok(uc_store_find(s, f, NOW, &page, &e), e);
		const json_t *items = json_object_get(page, "items");
		size_t n = json_array_size(items);
		bool stopped = json_object_get(page, "notice") != NULL;
		assert_true(n <= (f->limit == 0 ? 50 : f->limit));
		for (size_t i = 0; i < n; i++, seen++) {
			UC_CLEANUP(uc_freep) char *id = id_of(json_array_get(items, i));
			if (seen >= count || strcmp(id, want[seen]->id) != 0)
				fail_msg("%s: row %zu of %zu is %s, wanted %s", what, seen, count, id, seen < count ? want[seen]->id : "none");
		}
		if (f->count == 0)
			assert_int_equal(json_integer_value(json_object_get(page, "total")), count);
		else
			assert_true(json_is_null(json_object_get(page, "total")));
		const char *cursor = json_string_value(json_object_get(page, "next"));
		if (cursor != NULL) {
			assert_true(stopped || n > 0);
			assert_ok(uc_find_cursor(f, cursor, &e), e);
		}
		bool last = cursor == NULL;
		json_decref(page);
		if (last) break;
	}
	if (seen != count) fail_msg("%s: %zu rows of %zu", what, seen, count);
}

/* A part of a row's text that begins and ends at characters. */
static char *some_part(const char *text, bool from_start, bool to_end)
{
	size_t starts[512];
	size_t n = 0;
	for (size_t i = 0; text[i] != '\0' && n < 511; i++)
		if (((uint8_t)text[i] & 0xc0) != 0x80) starts[n++] = i;
	starts[n] = strlen(text);
	if (n == 0) return uc_strdup("zzz");
	uint32_t len = 1 + next(8);
	size_t a = from_start ? 0 : next((uint32_t)n);
	size_t b = to_end ? n : a + len > n ? n : a + len;
	if (to_end && !from_start) a = n > len ? n - len : 0;
	return uc_strndup(text + starts[a], starts[b] - starts[a]);
}

/* Adds a random condition, most of which some row fulfils; returns its text. */
static char *add_condition(const struct model *m, struct uc_find *f)
{
	static const char *const words[] = {"contains", "begins with", "is", "ends with"};
	struct uc_error e;
	const struct row *r = &m->rows[next((uint32_t)m->count)];
	uint32_t column = next(COLUMNS);
	char *text;
	if (column >= FIRST_TIME) {
		char when[UC_TIME_TEXT];
		text =
		    uc_sprintf("%s %s %s", columns[column], next(2) == 0 ? "before" : "after", uc_time_rfc3339(r->time[column - FIRST_TIME], when));
	} else if (next(12) == 0) {
		text = uc_sprintf("%s is empty", columns[column]);
	} else {
		uint32_t op = next(4);
		UC_CLEANUP(uc_freep) char *part = some_part(r->text[column], op == 1 || op == 2, op == 2 || op == 3);
		if (next(15) == 0) part[0] = '!';
		for (char *p = part; *p != '\0' && next(2) == 0; p++)
			if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
		text = uc_sprintf("%s %s \"%s\"", columns[column], words[op], part);
	}
	enum uc_status status = uc_find_where(f, text, &e);
	if (status != UC_OK) {
		/* Blanks alone, or what is left of a character that was replaced. */
		assert_string_equal(e.id, "bad-condition");
		free(text);
		return uc_strdup("");
	}
	return text;
}

static void any_question_gives_what_looking_at_every_row_gives(void **state)
{
	struct find_fixture *ff = *state;
	struct uc_error e;
	for (int i = 0; i < 1000; i++) {
		UC_CLEANUP(uc_find_free) struct uc_find f = {.usage = NULL};
		UC_CLEANUP(uc_buf_free) struct uc_buf what = UC_BUF_EMPTY;
		static const char *const usages[] = {NULL, NULL, "own", "trust"};
		static const char *const nodes[] = {NULL, "n1", "n2", "n3"};
		f.usage = usages[next(4)];
		f.node = nodes[next(4)];
		f.any = next(2) == 0;
		f.limit = next(4) == 0 ? 0 : 1 + next(60);
		for (uint32_t n = next(4); n > 0; n--) {
			UC_CLEANUP(uc_freep) char *text = add_condition(&ff->m, &f);
			uc_buf_printf(&what, "[%s] ", text);
		}
		UC_CLEANUP(uc_freep) char *sort = uc_sprintf("%s%s", next(2) == 0 ? "-" : "", columns[next(COLUMNS)]);
		assert_ok(uc_find_sort(&f, sort, &e), e);
		uc_buf_printf(&what, "any %d sort %s limit %zu usage %s node %s", f.any, sort, f.limit, f.usage != NULL ? f.usage : "-",
		              f.node != NULL ? f.node : "-");
		UC_CLEANUP(uc_freep) char *label = uc_buf_take_str(&what);
		check_all_pages(ff->f->s, &ff->m, &f, label);
	}
}

static void every_column_and_operator_is_tried_alone(void **state)
{
	static const char *const words[] = {"contains", "begins with", "is", "ends with"};
	struct find_fixture *ff = *state;
	struct uc_error e;
	for (uint32_t column = 0; column < FIRST_TIME; column++)
		for (size_t op = 0; op < 4; op++)
			for (int round = 0; round < 5; round++) {
				UC_CLEANUP(uc_find_free) struct uc_find f = {.limit = 20};
				const char *value = ff->m.rows[next((uint32_t)ff->m.count)].text[column];
				if (value[0] == '\0') continue;
				UC_CLEANUP(uc_freep) char *part = some_part(value, op == 1 || op == 2, op >= 2);
				UC_CLEANUP(uc_freep) char *text = uc_sprintf("%s %s \"%s\"", columns[column], words[op], part);
				if (uc_find_where(&f, text, &e) != UC_OK) continue; /* a lone blank */
				check_all_pages(ff->f->s, &ff->m, &f, text);
			}
}

static void each_sort_visits_each_row_once(void **state)
{
	struct find_fixture *ff = *state;
	struct uc_error e;
	for (size_t i = 0; i < (size_t)2 * COLUMNS; i++) {
		UC_CLEANUP(uc_find_free) struct uc_find f = {.limit = 7};
		UC_CLEANUP(uc_freep) char *sort = uc_sprintf("%s%s", i % 2 == 0 ? "-" : "", columns[i / 2]);
		assert_ok(uc_find_sort(&f, sort, &e), e);
		check_all_pages(ff->f->s, &ff->m, &f, sort);
	}
}

/* The lists that the console asks for first. */
static void the_first_page_is_sorted_by_name(void **state)
{
	struct find_fixture *ff = *state;
	UC_CLEANUP(uc_find_free) struct uc_find f = {.usage = "trust"};
	check_all_pages(ff->f->s, &ff->m, &f, "default");
}

static bool was_seen(const struct uc_strv *seen, const char *id)
{
	return uc_strv_has(seen, id);
}

static void rows_that_come_between_two_pages_repeat_none(void **state)
{
	struct find_fixture *ff = *state;
	struct uc_error e;
	for (int descending = 0; descending < 2; descending++) {
		UC_CLEANUP(uc_strv_free) struct uc_strv seen = {.items = NULL};
		UC_CLEANUP(uc_find_free) struct uc_find f = {.limit = 40};
		assert_ok(uc_find_sort(&f, descending != 0 ? "-common-name" : "common-name", &e), e);
		for (int page = 0;; page++) {
			json_t *answer = NULL;
			assert_ok(uc_store_find(ff->f->s, &f, NOW, &answer, &e), e);
			const json_t *items = json_object_get(answer, "items");
			for (size_t i = 0; i < json_array_size(items); i++) {
				UC_CLEANUP(uc_freep) char *id = id_of(json_array_get(items, i));
				assert_false(was_seen(&seen, id));
				uc_strv_add(&seen, id);
			}
			const char *cursor = json_string_value(json_object_get(answer, "next"));
			if (cursor != NULL) assert_ok(uc_find_cursor(&f, cursor, &e), e);
			bool last = cursor == NULL;
			json_decref(answer);
			if (last) break;
			uint64_t n = 1000 + (uint64_t)page + 100 * (uint64_t)descending;
			struct uc_cert *c = some_cert(n);
			UC_CLEANUP(uc_freep) char *name = uc_sprintf("new %d.pem", (int)n);
			assert_ok(commit_step(ff->f->s, trust_step("trust.add", "tomcat-trust", name, "cluster", c, ""), &e), e);
			uc_cert_free(c);
		}
		for (size_t i = 0; i < ff->m.count; i++) assert_true(was_seen(&seen, ff->m.rows[i].id));
	}
}

static void counters_equal_a_count_after_adding_and_removing(void **state)
{
	struct find_fixture *ff = *state;
	struct uc_error e;
	bool gone[ROWS] = {false};
	for (int i = 0; i < 100; i++) {
		size_t at = next((uint32_t)ff->m.count);
		const struct row *r = &ff->m.rows[at];
		if (strcmp(r->text[2], "own") == 0 || gone[at]) continue;
		UC_CLEANUP(uc_trusts_free) struct uc_trusts t = {.items = NULL};
		char fingerprint[UC_FINGERPRINT_HEX];
		assert_ok(uc_store_trust_everywhere(ff->f->s, uc_cert_fingerprint_hex(r->cert, fingerprint), &t, &e), e);
		assert_int_equal(t.count, 1);
		assert_ok(commit_step(
		              ff->f->s,
		              trust_step("trust.remove", t.items[0].store, t.items[0].name, t.items[0].scope, r->cert, t.items[0].description), &e),
		          e);
		gone[at] = true;
	}
	size_t left[4] = {0};
	static const char *const units[] = {"tomcat-trust", "CallManager-trust", "CAPF-trust"};
	for (size_t i = 0; i < ff->m.count; i++) {
		if (gone[i]) continue;
		if (strcmp(ff->m.rows[i].text[2], "own") == 0) left[3]++;
		for (size_t u = 0; u < 3; u++) {
			UC_CLEANUP(uc_freep) char *folded = uc_fold(units[u]);
			if (strcmp(ff->m.rows[i].text[3], folded) == 0) left[u]++;
		}
	}
	json_t *counters = NULL;
	assert_ok(uc_store_counters(ff->f->s, &counters, &e), e);
	for (size_t u = 0; u < 3; u++)
		assert_int_equal(json_integer_value(json_object_get(json_object_get(counters, "trust"), units[u])), left[u]);
	assert_int_equal(json_object_size(json_object_get(counters, "own")), left[3]);
	json_decref(counters);
	/* What was removed is found no more, by any index. */
	struct model m = {.count = 0};
	for (size_t i = 0; i < ff->m.count; i++)
		if (!gone[i]) m.rows[m.count++] = ff->m.rows[i];
	for (int i = 0; i < 200; i++) {
		UC_CLEANUP(uc_find_free) struct uc_find f = {.limit = 30};
		UC_CLEANUP(uc_freep) char *text = add_condition(&ff->m, &f);
		check_all_pages(ff->f->s, &m, &f, text);
	}
}

static void a_row_tells_all_about_its_certificate(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	const struct fake_cert fake = {.cn = "Host",
	                               .org = "Ex, ample",
	                               .issuer_cn = "Root",
	                               .serial = 5,
	                               .not_before = NOW - UC_DAY,
	                               .not_after = NOW + 23 * UC_DAY,
	                               .key = FAKE_P384};
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = fake_cert(&fake);
	char fingerprint[UC_FINGERPRINT_HEX];
	UC_CLEANUP(uc_freep) char *serial = uc_cert_serial_text(c);
	assert_ok(commit_step(f->s, trust_step("trust.add", "CAPF-trust", "Host.pem", "n1", c, "A Note"), &e), e);
	UC_CLEANUP(uc_find_free) struct uc_find find = {.usage = NULL};
	assert_ok(uc_find_where(&find, "description is a note", &e), e);
	json_t *answer = NULL;
	assert_ok(uc_store_find(f->s, &find, NOW, &answer, &e), e);
	assert_int_equal(json_array_size(json_object_get(answer, "items")), 1);
	assert_true(json_is_null(json_object_get(answer, "next")));
	assert_null(json_object_get(answer, "notice"));
	json_t *want =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "usage", "trust", "unit",
	              "CAPF-trust", "name", "Host.pem", "scope", "n1", "common_name", "Host", "subject", "CN=Host,O=Ex\\, ample", "issuer",
	              "CN=Root", "serial", serial, "fingerprint", uc_cert_fingerprint_hex(c, fingerprint), "type", "ca-signed", "key_type",
	              "EC P-384", "distribution", "n1", "not_before", "2025-12-31T00:00:00Z", "not_after", "2026-01-24T00:00:00Z", "expires",
	              "in 23 days", "state", "expiring", "description", "A Note");
	if (!json_equal(json_array_get(json_object_get(answer, "items"), 0), want)) fail_msg("%s", json_dumps(answer, 0));
	json_decref(want);
	json_decref(answer);
}

static void conditions_are_read_as_people_write_them(void **state)
{
	(void)state;
	static const struct {
		const char *text, *value;
		enum uc_find_op op;
		int column;
	} rows[] = {
	    {"issuer contains Example", "example", UC_FIND_CONTAINS, 8},
	    {"  Issuer   CONTAINS   Example Root  ", "example root", UC_FIND_CONTAINS, 8},
	    {"name begins with tom", "tom", UC_FIND_BEGINS, 0},
	    {"name begins  with tom", "tom", UC_FIND_BEGINS, 0},
	    {"name begins tom", "tom", UC_FIND_BEGINS, 0},
	    {"name begins without", "without", UC_FIND_BEGINS, 0},
	    {"name ends with .pem", ".pem", UC_FIND_ENDS, 0},
	    {"name is tomcat.pem", "tomcat.pem", UC_FIND_IS, 0},
	    {"description is empty", NULL, UC_FIND_EMPTY, 11},
	    {"description is \"empty\"", "empty", UC_FIND_IS, 11},
	    {"description is empty now", "empty now", UC_FIND_IS, 11},
	    {"description contains \" a \"", " a ", UC_FIND_CONTAINS, 11},
	    {"store is tomcat-trust", "tomcat-trust", UC_FIND_IS, 3},
	    {"purpose is CAPF", "capf", UC_FIND_IS, 3},
	    {"fingerprint begins with AB:cd:01", "abcd01", UC_FIND_BEGINS, 10},
	    {"key-type is RSA 2048", "rsa 2048", UC_FIND_IS, 5},
	    {"expires before 2027-01-01", NULL, UC_FIND_BEFORE, 12},
	    {"starts after 2027-01-01T00:00:00Z", NULL, UC_FIND_AFTER, 13},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_find_free) struct uc_find f = {.usage = NULL};
		assert_ok(uc_find_where(&f, rows[i].text, &e), e);
		assert_int_equal(f.count, 1);
		assert_int_equal(f.conditions[0].op, rows[i].op);
		assert_int_equal(f.conditions[0].column, rows[i].column);
		if (rows[i].value != NULL)
			assert_string_equal(f.conditions[0].value, rows[i].value);
		else
			assert_null(f.conditions[0].value);
		if (rows[i].column >= FIRST_TIME) assert_int_equal(f.conditions[0].time, 1798761600);
	}
}

static void what_is_no_condition_is_refused_by_name(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	    {"", "column ''"},
	    {"colour is red", "column 'colour'"},
	    {"name", "'name' is not followed"},
	    {"name like x", "'name' is not followed"},
	    {"name contains", "no value"},
	    {"name contains \"\"", "no value"},
	    {"name isx", "'name' is not followed"},
	    {"name before 2027-01-01", "'name' is not followed"},
	    {"expires is 2027-01-01", "'expires' is not followed"},
	    {"expires before tomorrow", "no such date"},
	    {"expires before 2027-02-30", "no such date"},
	    {"name is \xff\xfe", "UTF-8"},
	};
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_find_free) struct uc_find f = {.usage = NULL};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_fails(uc_find_where(&f, rows[i].text, &e), e, UC_EINPUT, "bad-condition");
		if (strstr(e.message, rows[i].says) == NULL) fail_msg("%s: %s", rows[i].text, e.message);
	}
	assert_int_equal(f.count, 0);
	char longest[1100] = "name is ";
	memset(longest + 8, 'x', 1001);
	longest[1009] = '\0';
	assert_fails(uc_find_where(&f, longest, &e), e, UC_EINPUT, "bad-condition");
	for (int i = 0; i < UC_FIND_MAX_CONDITIONS; i++) assert_ok(uc_find_where(&f, "name is x", &e), e);
	assert_fails(uc_find_where(&f, "name is x", &e), e, UC_EINPUT, "bad-condition");
	assert_fails(uc_find_sort(&f, "colour", &e), e, UC_EINPUT, "bad-sort");
	assert_fails(uc_find_sort(&f, "--name", &e), e, UC_EINPUT, "bad-sort");
	assert_fails(uc_find_sort(&f, "", &e), e, UC_EINPUT, "bad-sort");
}

static void a_cursor_is_for_one_sort_only(void **state)
{
	struct find_fixture *ff = *state;
	struct uc_error e;
	UC_CLEANUP(uc_find_free) struct uc_find f = {.limit = 5};
	json_t *answer = NULL;
	assert_ok(uc_store_find(ff->f->s, &f, NOW, &answer, &e), e);
	UC_CLEANUP(uc_freep) char *cursor = uc_strdup(json_string_value(json_object_get(answer, "next")));
	json_decref(answer);
	assert_null(strpbrk(cursor, "+/= \n"));
	assert_ok(uc_find_cursor(&f, cursor, &e), e);
	static const char *const sorts[] = {"-name", "issuer", "expires"};
	for (size_t i = 0; i < 3; i++) {
		UC_CLEANUP(uc_find_free) struct uc_find other = {.limit = 5};
		assert_ok(uc_find_sort(&other, sorts[i], &e), e);
		assert_fails(uc_find_cursor(&other, cursor, &e), e, UC_EINPUT, "bad-cursor");
	}
	/* Also when the sort is changed afterwards. */
	assert_ok(uc_find_sort(&f, "-name", &e), e);
	assert_fails(uc_store_find(ff->f->s, &f, NOW, &answer, &e), e, UC_EINPUT, "bad-cursor");
}

static void what_is_no_cursor_is_refused(void **state)
{
	struct find_fixture *ff = *state;
	struct uc_error e;
	UC_CLEANUP(uc_find_free) struct uc_find f = {.limit = 5};
	json_t *answer = NULL;
	assert_ok(uc_store_find(ff->f->s, &f, NOW, &answer, &e), e);
	UC_CLEANUP(uc_freep) char *cursor = uc_strdup(json_string_value(json_object_get(answer, "next")));
	json_decref(answer);
	static const char *const bad[] = {"", "x", "nonsense", "AAAAAAAAAAAAAAAAAAAA", "' OR 1=1 --", "\xff"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_fails(uc_find_cursor(&f, bad[i], &e), e, UC_EINPUT, "bad-cursor");
	for (size_t i = 0; cursor[i] != '\0'; i++) {
		char kept = cursor[i];
		cursor[i] = kept == 'A' ? 'B' : 'A';
		/* The last digit may hold bits that count for nothing. */
		if (cursor[i + 1] != '\0') assert_fails(uc_find_cursor(&f, cursor, &e), e, UC_EINPUT, "bad-cursor");
		cursor[i] = kept;
	}
	cursor[strlen(cursor) - 3] = '\0';
	assert_fails(uc_find_cursor(&f, cursor, &e), e, UC_EINPUT, "bad-cursor");
}

static void a_page_has_a_most(void **state)
{
	struct find_fixture *ff = *state;
	struct uc_error e;
	json_t *answer = NULL;
	UC_CLEANUP(uc_find_free) struct uc_find f = {.limit = UC_FIND_MAX_LIMIT + 1};
	assert_fails(uc_store_find(ff->f->s, &f, NOW, &answer, &e), e, UC_EINPUT, "bad-limit");
	f.limit = UC_FIND_MAX_LIMIT;
	check_all_pages(ff->f->s, &ff->m, &f, "the longest page");
}

/* C95, at 10,000 entries: each question is answered right, whatever way the answer is found. */
static void C95_ten_thousand_entries_are_listed_searched_and_deleted(void **state)
{
	enum { MANY = 10000 };
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	json_t *steps = json_array();
	for (uint64_t i = 0; i < MANY; i++) {
		UC_CLEANUP(uc_freep) char *cn = uc_sprintf("host-%05d.%s.example.com", (int)i, i % 10 == 3 ? "berlin" : "paris");
		UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s.pem", cn);
		UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named(cn, i);
		json_array_append_new(steps, trust_step("trust.add", "tomcat-trust", name, "cluster", c, i == 7777 ? "the one" : ""));
	}
	assert_ok(commit_change(f->s, change_with(steps), &number, &e), e);
	static const struct {
		const char *where, *sort;
		size_t count;
	} rows[] = {
	    {NULL, "expires", MANY},
	    {"name contains berlin", "-name", 1000},
	    {"name contains ris", "issuer", 9000},
	    {"description contains one", "name", 1},
	    {"description is the one", "serial", 1},
	    {"name begins with host-012", "fingerprint", 100},
	    {"name contains 77", "name", 280},
	    {"subject ends with nowhere", "name", 0},
	    {"unit contains mcat", "-serial", MANY},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		UC_CLEANUP(uc_find_free) struct uc_find find = {.usage = "trust", .node = "n1", .limit = 1000};
		if (rows[i].where != NULL) assert_ok(uc_find_where(&find, rows[i].where, &e), e);
		assert_ok(uc_find_sort(&find, rows[i].sort, &e), e);
		size_t seen = 0;
		for (bool more = true; more;) {
			json_t *page = NULL;
			assert_ok(uc_store_find(f->s, &find, NOW, &page, &e), e);
			seen += json_array_size(json_object_get(page, "items"));
			const char *cursor = json_string_value(json_object_get(page, "next"));
			more = cursor != NULL;
			if (more) assert_ok(uc_find_cursor(&find, cursor, &e), e);
			json_decref(page);
		}
		if (seen != rows[i].count) fail_msg("%s: %zu rows, wanted %zu", rows[i].where, seen, rows[i].count);
	}
	json_t *inverse = json_array();
	json_t *body = NULL;
	assert_ok(uc_log_get(f->s, 1, &body, &e), e);
	for (size_t i = MANY; i-- > 0;) json_array_append_new(inverse, uc_step_invert(json_array_get(json_object_get(body, "steps"), i)));
	json_decref(body);
	assert_ok(commit_change(f->s, change_with(inverse), &number, &e), e);
	json_t *answer = NULL;
	UC_CLEANUP(uc_find_free) struct uc_find all = {.usage = NULL};
	assert_ok(uc_store_find(f->s, &all, NOW, &answer, &e), e);
	assert_int_equal(json_integer_value(json_object_get(answer, "total")), 0);
	assert_int_equal(json_array_size(json_object_get(answer, "items")), 0);
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(any_question_gives_what_looking_at_every_row_gives, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(every_column_and_operator_is_tried_alone, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(each_sort_visits_each_row_once, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(the_first_page_is_sorted_by_name, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(rows_that_come_between_two_pages_repeat_none, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(counters_equal_a_count_after_adding_and_removing, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(a_row_tells_all_about_its_certificate, fixture_setup, fixture_teardown),
	    cmocka_unit_test(conditions_are_read_as_people_write_them),
	    cmocka_unit_test(what_is_no_condition_is_refused_by_name),
	    cmocka_unit_test_setup_teardown(a_cursor_is_for_one_sort_only, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(what_is_no_cursor_is_refused, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(a_page_has_a_most, find_setup, find_teardown),
	    cmocka_unit_test_setup_teardown(C95_ten_thousand_entries_are_listed_searched_and_deleted, fixture_setup, fixture_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
