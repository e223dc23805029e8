/* src/store/local.c, local_phone.c: what a node keeps for itself: published lists, and what phones fetched. */
#include "uc_test.h"

#include <fcntl.h>
#include <pthread.h>

#include "core/file.h"
#include "core/text.h"
#include "small_disk.h"
#include "store/db.h"
#include "store/local.h"

struct own {
	char *dir, *path;
	struct uc_local *l;
};

static int setup(void **state)
{
	struct uc_error e;
	struct own *o = uc_zalloc(1, sizeof *o);
	o->dir = uc_test_dir();
	o->path = uc_sprintf("%s/local.db", o->dir);
	assert_ok(uc_local_open(o->path, &o->l, &e), e);
	*state = o;
	return 0;
}

static int teardown(void **state)
{
	struct own *o = *state;
	uc_clock_set(-1);
	uc_local_close(o->l);
	uc_test_dir_remove(o->dir);
	free(o->path);
	free(o);
	return 0;
}

static void again(struct own *o)
{
	struct uc_error e;
	uc_local_close(uc_move(o->l));
	assert_ok(uc_local_open(o->path, &o->l, &e), e);
}

/* SQL on a connection of its own. */
static void sql(const struct own *o, const char *text)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s", o->path);
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(url, UC_DB_WRITE, &db, &e), e);
	assert_ok(uc_db_exec(db, text, &e), e);
}

static int64_t number(const struct own *o, const char *text)
{
	struct uc_error e;
	int64_t out;
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s", o->path);
	UC_CLEANUP(uc_db_closep) struct uc_db *db = NULL;
	assert_ok(uc_db_open(url, UC_DB_READ, &db, &e), e);
	assert_ok(uc_db_number(db, text, &out, &e), e);
	return out;
}

/* ---- lists ---- */

/* A version of 64 digits that begins so. */
static const char *version(const char *begin, char out[65])
{
	memset(out, '0', 64);
	memcpy(out, begin, strlen(begin));
	out[64] = '\0';
	return out;
}

static enum uc_status put_list(struct uc_local *l, const char *list, const char *begin, uc_time at, int64_t change, struct uc_error *e)
{
	UC_CLEANUP(uc_list_version_free) struct uc_list_version v = {.list = uc_strdup(list), .content = "c1", .at = at, .number = change};
	version(begin, v.version);
	uc_buf_add_str(&v.file, "file ");
	uc_buf_add_str(&v.file, begin);
	return uc_local_list_put(l, &v, e);
}

static void put(struct own *o, const char *list, const char *begin, uc_time at)
{
	struct uc_error e;
	assert_ok(put_list(o->l, list, begin, at, 7, &e), e);
}

/* begin NULL: the newest. */
static void assert_list(struct own *o, const char *list, const char *begin, const char *want, uc_time at)
{
	struct uc_error e;
	UC_CLEANUP(uc_list_version_free) struct uc_list_version v = {.list = NULL};
	assert_ok(begin != NULL ? uc_local_list_get(o->l, list, begin, &v, &e) : uc_local_list_last(o->l, list, &v, &e), e);
	char whole[65];
	UC_CLEANUP(uc_freep) char *file = uc_sprintf("file %s", want);
	assert_string_equal(v.list, list);
	assert_string_equal(v.version, version(want, whole));
	assert_string_equal(v.content, "c1");
	assert_int_equal(v.at, at);
	assert_int_equal(v.number, 7);
	assert_true(uc_slice_eq(uc_buf_slice(&v.file), uc_slice_str(file)));
}

static void note_list(void *ctx, const struct uc_list_version *v)
{
	assert_int_equal(v->file.len, 0);
	uc_strv_take(ctx, uc_sprintf("%.10s", v->version));
}

static void assert_lists(struct own *o, const char *list, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	assert_ok(uc_local_lists(o->l, list, note_list, &have, &e), e);
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&have, " ");
	assert_string_equal(text, want);
}

static void versions_of_a_list_are_kept_and_the_last_one_put_is_the_newest(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	struct uc_list_version none = {.list = NULL};
	assert_fails(uc_local_list_last(o->l, "ITL", &none, &e), e, UC_ENOTFOUND, "no-list");
	assert_lists(o, "ITL", "");
	put(o, "ITL", "aaaaaaaa01", 100);
	put(o, "ITL", "aaaaaaaa02", 200);
	put(o, "CTL", "bbbbbbbb01", 300);
	assert_list(o, "ITL", NULL, "aaaaaaaa02", 200);
	assert_list(o, "ITL", "aaaaaaaa01", "aaaaaaaa01", 100);
	assert_list(o, "ITL", "AAAAAAAA01", "aaaaaaaa01", 100);
	assert_list(o, "CTL", NULL, "bbbbbbbb01", 300);
	assert_lists(o, "ITL", "aaaaaaaa02 aaaaaaaa01");
	/* An earlier one again, whatever the clock says. */
	put(o, "ITL", "aaaaaaaa01", 50);
	assert_list(o, "ITL", NULL, "aaaaaaaa01", 50);
	assert_lists(o, "ITL", "aaaaaaaa01 aaaaaaaa02");
	again(o);
	assert_list(o, "ITL", NULL, "aaaaaaaa01", 50);
	assert_lists(o, "ITL", "aaaaaaaa01 aaaaaaaa02");
}

static void what_names_no_version_or_several_is_told(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	struct uc_list_version none = {.list = NULL};
	put(o, "ITL", "aaaaaaaa01", 100);
	put(o, "ITL", "aaaaaaaa02", 200);
	assert_fails(uc_local_list_get(o->l, "ITL", "aaaaaaaa", &none, &e), e, UC_EINPUT, "ambiguous-version");
	assert_fails(uc_local_list_get(o->l, "ITL", "aaaaaaaa03", &none, &e), e, UC_ENOTFOUND, "no-list");
	assert_fails(uc_local_list_get(o->l, "CTL", "aaaaaaaa01", &none, &e), e, UC_ENOTFOUND, "no-list");
	assert_fails(uc_local_list_get(o->l, "ITL", "aaaaaaa", &none, &e), e, UC_EINPUT, "bad-version");
	assert_fails(uc_local_list_get(o->l, "ITL", "aaaaaaaa0_", &none, &e), e, UC_EINPUT, "bad-version");
}

/* ---- phones ---- */

static struct uc_phone_fetch fetched(const char *device, const char *kind, const char *what, const char *peer, uc_time at)
{
	struct uc_phone_fetch f = {.at = at, .via = "tftp"};
	bool list = strcmp(kind, "ITL") == 0 || strcmp(kind, "CTL") == 0;
	snprintf(f.device, sizeof f.device, "%s", device);
	snprintf(f.kind, sizeof f.kind, "%s", kind);
	snprintf(f.file, sizeof f.file, "%s", list ? "X.tlv" : what);
	if (list) version(what, f.version);
	snprintf(f.peer, sizeof f.peer, "%s", peer);
	return f;
}

static void fetch(struct own *o, const char *device, const char *kind, const char *what, const char *peer, uc_time at)
{
	struct uc_error e;
	struct uc_phone_fetch f = fetched(device, kind, what, peer, at);
	assert_ok(uc_local_fetches_put(o->l, &f, 1, &e), e);
}

static void miss(struct own *o, const char *device, const char *file, const char *peer, uc_time at)
{
	struct uc_error e;
	struct uc_phone_fetch f = fetched(device, "config", file, peer, at);
	f.missed = true;
	assert_ok(uc_local_fetches_put(o->l, &f, 1, &e), e);
}

static void add_version(struct uc_buf *out, const char *name, const char *value, uc_time at)
{
	if (value[0] != '\0') uc_buf_printf(out, " %s %.10s@%lld", name, value, (long long)at);
}

/* "DEVICE PEER FIRST-LAST what it has". */
static void note_phone(void *ctx, const struct uc_phone_row *row)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_printf(&out, "%s %s/%s %lld-%lld", row->device, row->peer, row->via, (long long)row->first_seen, (long long)row->last_seen);
	add_version(&out, "itl", row->itl, row->itl_at);
	add_version(&out, "ctl", row->ctl, row->ctl_at);
	add_version(&out, "config", row->config, row->config_at);
	add_version(&out, "missed", row->missed, row->missed_at);
	uc_strv_take(ctx, uc_buf_take_str(&out));
}

static void assert_phones_after(struct own *o, const char *after, size_t limit, const char *not_itl, const char *not_ctl, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	assert_ok(uc_local_phones(o->l, after, limit, not_itl, not_ctl, note_phone, &have, &e), e);
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&have, "\n");
	assert_string_equal(text, want);
}

static void assert_phones(struct own *o, const char *want)
{
	assert_phones_after(o, NULL, 1000, NULL, NULL, want);
}

static void note_phone_list(void *ctx, const char *list, const char *version_, uc_time first, uc_time last)
{
	uc_strv_take(ctx, uc_sprintf("%s %.10s %lld-%lld", list, version_, (long long)first, (long long)last));
}

static void assert_history(struct own *o, const char *device, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	assert_ok(uc_local_phone_lists(o->l, device, note_phone_list, &have, &e), e);
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&have, ",");
	assert_string_equal(text, want);
}

static void a_phone_is_known_by_what_it_fetched_last(void **state)
{
	struct own *o = *state;
	assert_phones(o, "");
	fetch(o, "SEP01", "CTL", "cccccccc01", "10.0.0.1", 100);
	assert_phones(o, "SEP01 10.0.0.1/tftp 100-100 ctl cccccccc01@100");
	fetch(o, "SEP01", "ITL", "aaaaaaaa01", "10.0.0.1", 101);
	fetch(o, "SEP01", "config", "SEP01.xml", "10.0.0.2", 102);
	miss(o, "SEP01", "dialplan", "10.0.0.2", 103);
	fetch(o, "SEP01", "other", "ring.raw", "10.0.0.2", 104);
	assert_phones(o, "SEP01 10.0.0.2/tftp 100-104 itl aaaaaaaa01@101 ctl cccccccc01@100 config SEP01.xml@102 missed dialplan@103");
	/* The order in which requests are recorded is not that in which they were made. */
	fetch(o, "SEP01", "ITL", "aaaaaaaa02", "10.0.0.3", 90);
	assert_phones(o, "SEP01 10.0.0.2/tftp 90-104 itl aaaaaaaa01@101 ctl cccccccc01@100 config SEP01.xml@102 missed dialplan@103");
	fetch(o, "SEP01", "ITL", "aaaaaaaa02", "10.0.0.3", 110);
	fetch(o, "SEP01", "ITL", "aaaaaaaa02", "10.0.0.3", 120);
	assert_phones(o, "SEP01 10.0.0.3/tftp 90-120 itl aaaaaaaa02@120 ctl cccccccc01@100 config SEP01.xml@102 missed dialplan@103");
	assert_history(o, "SEP01", "ITL aaaaaaaa02 90-120,ITL aaaaaaaa01 101-101,CTL cccccccc01 100-100");
	assert_history(o, "SEP02", "");
}

/* A clock that was ahead for a while has recorded times that are still to come. */
static void what_a_clock_saw_in_the_future_does_not_outlast_what_comes(void **state)
{
	struct own *o = *state;
	uc_clock_set(9000);
	fetch(o, "SEP01", "ITL", "aaaaaaaa01", "10.0.0.1", 9000);
	fetch(o, "SEP01", "CTL", "cccccccc01", "10.0.0.1", 9000);
	miss(o, "SEP02", "dialplan", "10.0.0.2", 9000);
	uc_clock_set(100);
	fetch(o, "SEP01", "ITL", "aaaaaaaa02", "10.0.0.3", 100);
	miss(o, "SEP02", "other", "10.0.0.2", 100);
	assert_phones(o, "SEP01 10.0.0.3/tftp 100-100 itl aaaaaaaa02@100 ctl cccccccc01@100\nSEP02 10.0.0.2/tftp 100-100 missed other@100");
}

/* A list that was missed, or that somebody has put there by hand, is none that the phone holds. */
static void only_lists_that_were_published_count_as_held(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	struct uc_phone_fetch missed = fetched("SEP01", "ITL", "", "10.0.0.1", 100);
	struct uc_phone_fetch by_hand = fetched("SEP02", "CTL", "", "10.0.0.2", 100);
	missed.missed = true;
	missed.version[0] = by_hand.version[0] = '\0';
	const struct uc_phone_fetch both[] = {missed, by_hand};
	assert_ok(uc_local_fetches_put(o->l, both, 2, &e), e);
	assert_phones(o, "SEP01 10.0.0.1/tftp 100-100 missed X.tlv@100\nSEP02 10.0.0.2/tftp 100-100");
	assert_history(o, "SEP01", "");
	assert_history(o, "SEP02", "");
}

static void a_request_without_a_name_counts_for_the_phone_that_was_last_seen_there(void **state)
{
	struct own *o = *state;
	fetch(o, "SEP01", "config", "one.xml", "10.0.0.1", 100);
	fetch(o, "SEP02", "config", "two.xml", "10.0.0.1", 200);
	fetch(o, "SEP03", "config", "three.xml", "10.0.0.3", 300);
	fetch(o, "", "ITL", "aaaaaaaa01", "10.0.0.1", 310);
	fetch(o, "SEP02", "other", "x", "10.0.0.9", 320);
	/* The other one has moved on. */
	fetch(o, "", "CTL", "cccccccc01", "10.0.0.1", 330);
	assert_phones(o, "SEP01 10.0.0.1/tftp 100-330 ctl cccccccc01@330 config one.xml@100\n"
	                 "SEP02 10.0.0.9/tftp 200-320 itl aaaaaaaa01@310 config two.xml@200\n"
	                 "SEP03 10.0.0.3/tftp 300-300 config three.xml@300");
}

static void who_has_no_name_is_known_by_the_address_until_the_name_is_told(void **state)
{
	struct own *o = *state;
	fetch(o, "", "CTL", "cccccccc01", "10.0.0.1", 100);
	fetch(o, "", "ITL", "aaaaaaaa01", "10.0.0.1", 101);
	fetch(o, "@10.0.0.2", "ITL", "aaaaaaaa01", "10.0.0.1", 102); /* a name that nobody may have */
	fetch(o, "", "config", "XMLDefault", "10.0.0.2", 103);
	assert_phones(o, "@10.0.0.1 10.0.0.1/tftp 100-102 itl aaaaaaaa01@102 ctl cccccccc01@100\n"
	                 "@10.0.0.2 10.0.0.2/tftp 103-103 config XMLDefault@103");
	assert_history(o, "@10.0.0.1", "ITL aaaaaaaa01 101-102,CTL cccccccc01 100-100");
	fetch(o, "SEP01", "config", "SEP01.xml", "10.0.0.1", 110);
	assert_phones(o, "@10.0.0.2 10.0.0.2/tftp 103-103 config XMLDefault@103\n"
	                 "SEP01 10.0.0.1/tftp 100-110 itl aaaaaaaa01@102 ctl cccccccc01@100 config SEP01.xml@110");
	assert_history(o, "SEP01", "ITL aaaaaaaa01 101-102,CTL cccccccc01 100-100");
	assert_history(o, "@10.0.0.1", "");
	/* What the phone has fetched since under its name is newer. */
	fetch(o, "SEP02", "config", "SEP02.xml", "10.0.0.9", 120);
	fetch(o, "SEP02", "config", "new.xml", "10.0.0.2", 130);
	assert_phones(o, "SEP01 10.0.0.1/tftp 100-110 itl aaaaaaaa01@102 ctl cccccccc01@100 config SEP01.xml@110\n"
	                 "SEP02 10.0.0.2/tftp 103-130 config new.xml@130");
}

static void phones_come_in_pages_and_by_what_they_lack(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	char one[65];
	char two[65];
	version("aaaaaaaa01", one);
	version("aaaaaaaa02", two);
	fetch(o, "SEP03", "other", "x", "10.0.0.3", 3);
	fetch(o, "SEP02", "ITL", "aaaaaaaa02", "10.0.0.2", 2);
	fetch(o, "SEP01", "ITL", "aaaaaaaa01", "10.0.0.1", 1);
	fetch(o, "SEP01", "CTL", "aaaaaaaa01", "10.0.0.1", 1);
	assert_phones_after(o, NULL, 1, NULL, NULL, "SEP01 10.0.0.1/tftp 1-1 itl aaaaaaaa01@1 ctl aaaaaaaa01@1");
	assert_phones_after(o, "SEP01", 1, NULL, NULL, "SEP02 10.0.0.2/tftp 2-2 itl aaaaaaaa02@2");
	assert_phones_after(o, "SEP02", 5, NULL, NULL, "SEP03 10.0.0.3/tftp 3-3");
	assert_phones_after(o, "SEP03", 5, NULL, NULL, "");
	assert_phones_after(o, NULL, 0, NULL, NULL, "");
	assert_phones_after(o, NULL, SIZE_MAX, one, NULL, "SEP02 10.0.0.2/tftp 2-2 itl aaaaaaaa02@2\nSEP03 10.0.0.3/tftp 3-3");
	assert_phones_after(o, NULL, 9, two, one, "SEP03 10.0.0.3/tftp 3-3");
	assert_phones_after(o, NULL, 9, "", NULL,
	                    "SEP01 10.0.0.1/tftp 1-1 itl aaaaaaaa01@1 ctl aaaaaaaa01@1\nSEP02 10.0.0.2/tftp 2-2 itl aaaaaaaa02@2");
	static const struct {
		const char *list, *version;
		int64_t current, older, never;
	} counts[] = {
	    {"ITL", "aaaaaaaa01", 1, 1, 1}, {"ITL", "aaaaaaaa02", 1, 1, 1}, {"ITL", "aaaaaaaa03", 0, 2, 1}, {"CTL", "aaaaaaaa01", 1, 0, 2}};
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct uc_phone_count c;
		char whole[65];
		assert_ok(uc_local_count(o->l, counts[i].list, version(counts[i].version, whole), &c, &e), e);
		assert_int_equal(c.known, 3);
		assert_int_equal(c.current, counts[i].current);
		assert_int_equal(c.older, counts[i].older);
		assert_int_equal(c.never, counts[i].never);
	}
	/* Nothing is published: nobody can hold that. */
	struct uc_phone_count c;
	assert_ok(uc_local_count(o->l, "CTL", "", &c, &e), e);
	assert_int_equal(c.current, 0);
	assert_int_equal(c.never, 2);
}

static void note_holding(void *ctx, const char *itl, const char *ctl, int64_t phones)
{
	uc_strv_take(ctx, uc_sprintf("%.10s+%.10s:%lld", itl, ctl, (long long)phones));
}

/* C107: whether phones are left without trust depends on both lists that they hold. */
static void phones_are_counted_by_the_pair_of_lists_that_they_have_C107(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	fetch(o, "SEP01", "ITL", "aaaaaaaa01", "10.0.0.1", 100);
	fetch(o, "SEP02", "ITL", "aaaaaaaa01", "10.0.0.2", 100);
	fetch(o, "SEP02", "CTL", "cccccccc01", "10.0.0.2", 100);
	fetch(o, "SEP03", "CTL", "cccccccc01", "10.0.0.3", 100);
	fetch(o, "SEP03", "ITL", "aaaaaaaa01", "10.0.0.3", 100);
	fetch(o, "SEP04", "CTL", "cccccccc01", "10.0.0.4", 100);
	fetch(o, "SEP05", "config", "SEP05.xml", "10.0.0.5", 100);
	assert_ok(uc_local_holdings(o->l, note_holding, &have, &e), e);
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&have, " ");
	assert_string_equal(text, "aaaaaaaa01+cccccccc01:2 +cccccccc01:1 aaaaaaaa01+:1");
}

static void nobody_is_counted_as_nobody(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	struct uc_phone_count c = {.known = 9, .current = 9, .older = 9, .never = 9};
	assert_ok(uc_local_count(o->l, "ITL", "x", &c, &e), e);
	assert_int_equal(c.known + c.current + c.older + c.never, 0);
}

/* ---- what does not stay ---- */

static void phones_that_are_gone_go_and_lists_stay(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	const uc_time now = 1800000000;
	put(o, "ITL", "aaaaaaaa01", now - 500 * UC_DAY); /* a phone holds it */
	put(o, "ITL", "aaaaaaaa02", now - 450 * UC_DAY); /* nobody ever had it */
	put(o, "ITL", "aaaaaaaa03", now - 440 * UC_DAY); /* one had it long ago */
	put(o, "ITL", "aaaaaaaa04", now - 20 * UC_DAY);  /* young */
	put(o, "ITL", "aaaaaaaa05", now - 31 * UC_DAY);  /* the newest */
	put(o, "CTL", "aaaaaaaa01", now - 31 * UC_DAY);  /* not what the phone holds, but the newest too */
	fetch(o, "SEP01", "ITL", "aaaaaaaa03", "10.0.0.1", now - 480 * UC_DAY);
	fetch(o, "SEP01", "ITL", "aaaaaaaa01", "10.0.0.1", now - 450 * UC_DAY);
	fetch(o, "SEP01", "other", "x", "10.0.0.1", now - 399 * UC_DAY);
	fetch(o, "SEP02", "ITL", "aaaaaaaa03", "10.0.0.2", now - 401 * UC_DAY);
	assert_ok(uc_local_tidy(o->l, now, &e), e);
	UC_CLEANUP(uc_freep)
	char *want = uc_sprintf("SEP01 10.0.0.1/tftp %lld-%lld itl aaaaaaaa01@%lld", (long long)(now - 480 * UC_DAY),
	                        (long long)(now - 399 * UC_DAY), (long long)(now - 450 * UC_DAY));
	assert_phones(o, want);
	assert_int_equal(number(o, "SELECT count(*) FROM phone_list"), 1);
	assert_lists(o, "ITL", "aaaaaaaa05 aaaaaaaa04 aaaaaaaa03 aaaaaaaa02 aaaaaaaa01");
	assert_lists(o, "CTL", "aaaaaaaa01");
	/* A second time there is nothing more to do. */
	assert_ok(uc_local_tidy(o->l, now, &e), e);
	assert_lists(o, "ITL", "aaaaaaaa05 aaaaaaaa04 aaaaaaaa03 aaaaaaaa02 aaaaaaaa01");
	assert_phones(o, want);
}

/* Names that somebody makes up do not drive out phones that hold a list, nor fill the disk. */
static void there_are_never_more_phones_than_so_many(void **state)
{
	struct own *o = *state;
	UC_CLEANUP(uc_freep)
	char *many = uc_sprintf("BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	                        "INSERT INTO phone (device, peer, via, first_seen, last_seen, itl) "
	                        "SELECT 'SEP' || i, '10.0.0.1', 'tftp', i, i, CASE WHEN i <= 10 THEN 'x' ELSE '' END FROM n; "
	                        "INSERT INTO phone_list VALUES ('SEP11', 'ITL', 'x', 1, 1), ('SEP1', 'ITL', 'x', 1, 1); COMMIT",
	                        UC_LOCAL_PHONES);
	sql(o, many);
	fetch(o, "SEP5", "other", "x", "10.0.0.1", 1000000);
	assert_int_equal(number(o, "SELECT count(*) FROM phone"), UC_LOCAL_PHONES);
	fetch(o, "SEPNEW", "other", "x", "10.0.0.1", 1000000);
	int64_t left = number(o, "SELECT count(*) FROM phone");
	assert_true(left <= UC_LOCAL_PHONES && left > UC_LOCAL_PHONES / 10 * 9);
	/* Who holds a list is still there, and who came last; who was seen longest ago without one is gone, and all of it. */
	assert_int_equal(number(o, "SELECT count(*) FROM phone WHERE itl = 'x'"), 10);
	assert_int_equal(number(o, "SELECT count(*) FROM phone WHERE device IN ('SEPNEW', 'SEP200000')"), 2);
	assert_int_equal(number(o, "SELECT count(*) FROM phone WHERE device IN ('SEP11', 'SEP5000')"), 0);
	assert_int_equal(number(o, "SELECT count(*) FROM phone_list"), 1);
}

/* ---- what goes wrong ---- */

static void a_group_of_fetches_is_written_as_a_whole_or_not_at_all(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	sql(o, "CREATE TRIGGER no BEFORE INSERT ON phone WHEN new.device = 'SEP02' BEGIN SELECT raise(ABORT, 'no'); END");
	const struct uc_phone_fetch both[] = {fetched("SEP01", "other", "x", "10.0.0.1", 1), fetched("SEP02", "other", "x", "10.0.0.1", 1)};
	assert_fails(uc_local_fetches_put(o->l, both, 2, &e), e, UC_EINTERNAL, "internal");
	assert_phones(o, "");
	sql(o, "DROP TRIGGER no");
	assert_ok(uc_local_fetches_put(o->l, both, 2, &e), e);
	assert_int_equal(number(o, "SELECT count(*) FROM phone"), 2);
	assert_ok(uc_local_fetches_put(o->l, NULL, 0, &e), e);
}

static void several_connections_see_the_same(void **state)
{
	struct own *o = *state;
	struct own other = *o;
	struct uc_error e;
	assert_ok(uc_local_open(o->path, &other.l, &e), e);
	put(&other, "ITL", "aaaaaaaa01", 1);
	fetch(o, "SEP01", "ITL", "aaaaaaaa01", "10.0.0.1", 2);
	assert_list(o, "ITL", NULL, "aaaaaaaa01", 1);
	assert_phones(&other, "SEP01 10.0.0.1/tftp 2-2 itl aaaaaaaa01@2");
	uc_local_close(other.l);
}

static void a_file_of_a_newer_program_is_left_alone(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	put(o, "ITL", "aaaaaaaa01", 1);
	uc_local_close(uc_move(o->l));
	sql(o, "UPDATE local_version SET version = 99");
	assert_fails(uc_local_open(o->path, &o->l, &e), e, UC_EREFUSED, "schema-newer");
	assert_non_null(strstr(e.message, "version 99"));
	sql(o, "UPDATE local_version SET version = 1");
	assert_ok(uc_local_open(o->path, &o->l, &e), e);
	assert_list(o, "ITL", NULL, "aaaaaaaa01", 1);
	assert_int_equal(number(o, "SELECT count(*) FROM local_version"), 1);
}

static void a_directory_that_is_not_there_is_told(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	struct uc_local *l = NULL;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/none/local.db", o->dir);
	assert_fails(uc_local_open(path, &l, &e), e, UC_EIO, "system");
	assert_null(l);
}

/* ---- damage ---- */

#define DAMAGED_AT 1767323045 /* 2026-01-02T03:04:05Z */

/* Overwrites the file from a page on; what is in the WAL is in the file before. */
static void damage(const struct own *o, off_t from)
{
	sql(o, "PRAGMA wal_checkpoint(TRUNCATE)");
	char rubbish[4096];
	memset(rubbish, 0xa5, sizeof rubbish);
	int fd = open(o->path, O_WRONLY);
	assert_true(fd >= 0);
	off_t size = lseek(fd, 0, SEEK_END);
	assert_true(size > from);
	for (off_t at = from; at < size; at += (off_t)sizeof rubbish) assert_int_equal(pwrite(fd, rubbish, sizeof rubbish, at), sizeof rubbish);
	close(fd);
	uc_clock_set(DAMAGED_AT);
}

static void assert_moved_aside(const struct own *o)
{
	UC_CLEANUP(uc_freep) char *to = uc_sprintf("%s.damaged-2026-01-02T03:04:05Z", o->path);
	UC_CLEANUP(uc_buf_free) struct uc_buf was = UC_BUF_EMPTY;
	struct uc_error e;
	assert_ok(uc_file_read(to, (size_t)1 << 24, &was, &e), e);
	assert_true(was.len > 4096 && was.ptr[was.len - 1] == 0xa5);
}

static void a_file_that_is_damaged_at_the_start_is_moved_aside(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	put(o, "ITL", "aaaaaaaa01", 1);
	uc_local_close(uc_move(o->l));
	damage(o, 0);
	assert_ok(uc_local_open(o->path, &o->l, &e), e);
	assert_moved_aside(o);
	assert_lists(o, "ITL", "");
	put(o, "ITL", "aaaaaaaa02", 2);
	again(o);
	assert_list(o, "ITL", NULL, "aaaaaaaa02", 2);
}

/* The log of the old file does not become that of the new one. */
static void what_lay_beside_a_damaged_file_goes_with_it(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *wal = uc_sprintf("%s-wal", o->path);
	uc_local_close(uc_move(o->l));
	damage(o, 0);
	assert_ok(uc_file_write(wal, uc_slice_str("left behind"), 0600, &e), e);
	assert_ok(uc_local_open(o->path, &o->l, &e), e);
	assert_moved_aside(o);
	put(o, "ITL", "aaaaaaaa02", 2);
	again(o);
	assert_lists(o, "ITL", "aaaaaaaa02");
}

/* Every call goes on with a new one; only the first page, which has the schema, is whole. */
static void damage_that_shows_later_does_not_stop_anybody(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	struct uc_list_version none = {.list = NULL};
	struct uc_phone_count c;
	struct uc_phone_fetch f = fetched("SEP01", "ITL", "aaaaaaaa01", "10.0.0.1", 2);
	for (int call = 0; call < 8; call++) {
		put(o, "ITL", "aaaaaaaa01", 1);
		fetch(o, "SEP09", "ITL", "aaaaaaaa01", "10.0.0.9", 2);
		again(o);
		damage(o, 4096);
		if (call == 0) assert_ok(put_list(o->l, "ITL", "aaaaaaaa02", 3, 7, &e), e);
		if (call == 1) assert_fails(uc_local_list_last(o->l, "ITL", &none, &e), e, UC_ENOTFOUND, "no-list");
		if (call == 2) assert_fails(uc_local_list_get(o->l, "ITL", "aaaaaaaa01", &none, &e), e, UC_ENOTFOUND, "no-list");
		if (call == 3) assert_lists(o, "ITL", "");
		if (call == 4) assert_ok(uc_local_fetches_put(o->l, &f, 1, &e), e);
		if (call == 5) assert_phones(o, "");
		if (call == 6) assert_ok(uc_local_count(o->l, "ITL", "x", &c, &e), e);
		if (call == 7) assert_ok(uc_local_tidy(o->l, DAMAGED_AT, &e), e);
		assert_moved_aside(o);
		if (call == 0) assert_list(o, "ITL", NULL, "aaaaaaaa02", 3);
		if (call == 4) assert_phones(o, "SEP01 10.0.0.1/tftp 2-2 itl aaaaaaaa01@2");
		assert_int_equal(number(o, "SELECT count(*) FROM phone WHERE device = 'SEP09'"), 0);
	}
}

/* Who has the damaged file open as well goes over to the new one, also after the next. */
static void every_connection_goes_over_to_the_new_file(void **state)
{
	struct own *o = *state;
	struct own other = *o;
	struct uc_error e;
	put(o, "ITL", "aaaaaaaa01", 1);
	assert_ok(uc_local_open(o->path, &other.l, &e), e);
	assert_list(&other, "ITL", NULL, "aaaaaaaa01", 1);
	again(o);
	damage(o, 4096);
	put(o, "ITL", "aaaaaaaa02", 2);
	assert_moved_aside(o);
	UC_CLEANUP(uc_freep) char *wal = uc_sprintf("%s.damaged-2026-01-02T03:04:05Z-wal", o->path);
	assert_true(uc_file_exists(wal));
	assert_list(&other, "ITL", NULL, "aaaaaaaa02", 2);
	fetch(&other, "SEP01", "ITL", "aaaaaaaa02", "10.0.0.1", 3);
	assert_phones(o, "SEP01 10.0.0.1/tftp 3-3 itl aaaaaaaa02@3");
	uc_local_close(other.l);
	put(o, "ITL", "aaaaaaaa03", 4);
	again(o);
	assert_lists(o, "ITL", "aaaaaaaa03 aaaaaaaa02");
	assert_phones(o, "SEP01 10.0.0.1/tftp 3-3 itl aaaaaaaa02@3");
}

static void a_file_that_somebody_has_taken_away_is_made_anew(void **state)
{
	struct own *o = *state;
	put(o, "ITL", "aaaaaaaa01", 1);
	assert_int_equal(unlink(o->path), 0);
	assert_lists(o, "ITL", "");
	put(o, "ITL", "aaaaaaaa02", 2);
	again(o);
	assert_lists(o, "ITL", "aaaaaaaa02");
}

/* Two threads that find the damage at the same time move one file aside, and lose nothing of what they then write. */
struct worker {
	struct own own;
	pthread_barrier_t *start;
	int id;
	enum uc_status status;
	struct uc_error e;
};

static void *work(void *ctx)
{
	struct worker *w = ctx;
	char device[16];
	snprintf(device, sizeof device, "SEP%d", w->id);
	struct uc_phone_fetch f = fetched(device, "other", "x", "10.0.0.1", 5);
	pthread_barrier_wait(w->start);
	w->status = uc_local_fetches_put(w->own.l, &f, 1, &w->e);
	return NULL;
}

static void damage_that_two_find_at_once_is_mended_once(void **state)
{
	enum { WORKERS = 4 };
	struct own *o = *state;
	struct worker workers[WORKERS];
	pthread_t threads[WORKERS];
	pthread_barrier_t start;
	put(o, "ITL", "aaaaaaaa01", 1);
	again(o);
	assert_int_equal(pthread_barrier_init(&start, NULL, WORKERS), 0);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = (struct worker){.own = *o, .start = &start, .id = i};
		assert_ok(uc_local_open(o->path, &workers[i].own.l, &workers[i].e), workers[i].e);
	}
	damage(o, 4096);
	for (int i = 0; i < WORKERS; i++) assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	for (int i = 0; i < WORKERS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_ok(workers[i].status, workers[i].e);
		uc_local_close(workers[i].own.l);
	}
	pthread_barrier_destroy(&start);
	assert_moved_aside(o);
	assert_int_equal(number(o, "SELECT count(*) FROM phone"), WORKERS);
}

/* A call that has given rows cannot begin again: it fails, and the next one works. */
static void a_question_that_was_half_answered_fails_once(void **state)
{
	struct own *o = *state;
	struct uc_error e;
	sql(o, "BEGIN; WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
	       "INSERT INTO phone (device, peer, via, first_seen, last_seen) SELECT printf('SEP%05d', i), '10.0.0.1', 'tftp', i, i FROM n; "
	       "COMMIT");
	/* The last page of the table is no more. */
	sql(o, "PRAGMA wal_checkpoint(TRUNCATE)");
	again(o);
	int64_t pages = number(o, "PRAGMA page_count");
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	assert_ok(uc_file_read(o->path, (size_t)1 << 24, &file, &e), e);
	for (int64_t page = 2; page <= pages; page++) {
		const uint8_t *at = file.ptr + (page - 1) * 4096;
		if (memmem(at, 4096, "SEP04990", 8) != NULL && at[0] == 0x0a) damage(o, (page - 1) * 4096);
	}
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	assert_fails(uc_local_phones(o->l, NULL, 10000, NULL, NULL, note_phone, &have, &e), e, UC_EIO, "store-damaged");
	assert_true(have.count > 0 && have.count < 5000);
	assert_moved_aside(o);
	assert_phones(o, "");
}

/* ---- full and read-only disks ---- */

static void full_disk(const char *dir)
{
	struct uc_error e = {.id = ""};
	UC_CLEANUP(uc_freep) char *filler = uc_sprintf("%s/filler", dir);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/local.db", dir);
	struct own o = {.path = path};
	CHILD_CHECK(uc_local_open(path, &o.l, &e) == UC_OK);
	CHILD_CHECK(put_list(o.l, "ITL", "aaaaaaaa01", 1, 7, &e) == UC_OK);
	int fd = open(filler, O_CREAT | O_WRONLY, 0600);
	char block[1024] = {1};
	while (write(fd, block, sizeof block) > 0) continue;
	struct uc_phone_fetch group[100];
	enum uc_status status = UC_OK;
	int64_t groups = 0;
	/* What is left in files that exist is used up first. */
	for (; status == UC_OK && groups < 1000; groups++) {
		for (int i = 0; i < 100; i++) {
			UC_CLEANUP(uc_freep) char *name = uc_sprintf("SEP%d", (int)groups * 100 + i);
			group[i] = fetched(name, "other", "x", "10.0.0.1", 5);
		}
		status = uc_local_fetches_put(o.l, group, 100, &e);
	}
	CHILD_CHECK(status == UC_EFULL && strcmp(e.id, "disk-full") == 0 && e.hint[0] != '\0');
	for (int n = 2; status == UC_EFULL && n < 1000; n++) status = put_list(o.l, "ITL", "aaaaaaaa02", n, 7, &e);
	CHILD_CHECK(status == UC_EFULL && strcmp(e.id, "disk-full") == 0);
	struct uc_phone_count c;
	CHILD_CHECK(uc_local_count(o.l, "ITL", "x", &c, &e) == UC_OK && c.known == (groups - 1) * 100);
	CHILD_CHECK(ftruncate(fd, 0) == 0);
	close(fd);
	CHILD_CHECK(put_list(o.l, "ITL", "aaaaaaaa02", 3, 7, &e) == UC_OK);
	CHILD_CHECK(uc_local_fetches_put(o.l, group, 100, &e) == UC_OK);
	CHILD_CHECK(uc_local_count(o.l, "ITL", "x", &c, &e) == UC_OK && c.known == groups * 100);
	uc_local_close(o.l);
	/* Nothing was taken for damage. */
	CHILD_CHECK(uc_test_dir_count(dir) == 2);
}

static void a_full_disk_is_told_and_nothing_is_half_written(void **state)
{
	(void)state;
	on_small_disk(full_disk);
}

static void read_only_disk(const char *dir)
{
	struct uc_error e = {.id = ""};
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/local.db", dir);
	struct uc_local *l = NULL;
	CHILD_CHECK(uc_local_open(path, &l, &e) == UC_OK);
	CHILD_CHECK(put_list(l, "ITL", "aaaaaaaa01", 1, 7, &e) == UC_OK);
	uc_local_close(uc_move(l));
	if (mount("tmpfs", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) != 0) _exit(NO_MOUNT);
	CHILD_CHECK(uc_local_open(path, &l, &e) == UC_EIO && strcmp(e.id, "read-only") == 0 && e.hint[0] != '\0');
	CHILD_CHECK(uc_test_dir_count(dir) == 1);
	if (mount("tmpfs", dir, "tmpfs", MS_REMOUNT, NULL) != 0) _exit(NO_MOUNT);
	CHILD_CHECK(uc_local_open(path, &l, &e) == UC_OK);
	struct uc_list_version v;
	CHILD_CHECK(uc_local_list_last(l, "ITL", &v, &e) == UC_OK && v.at == 1);
	uc_list_version_free(&v);
	uc_local_close(l);
}

static void a_read_only_disk_is_told(void **state)
{
	(void)state;
	on_small_disk(read_only_disk);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(versions_of_a_list_are_kept_and_the_last_one_put_is_the_newest),
	    T(what_names_no_version_or_several_is_told),
	    T(a_phone_is_known_by_what_it_fetched_last),
	    T(what_a_clock_saw_in_the_future_does_not_outlast_what_comes),
	    T(only_lists_that_were_published_count_as_held),
	    T(a_request_without_a_name_counts_for_the_phone_that_was_last_seen_there),
	    T(who_has_no_name_is_known_by_the_address_until_the_name_is_told),
	    T(phones_come_in_pages_and_by_what_they_lack),
	    T(phones_are_counted_by_the_pair_of_lists_that_they_have_C107),
	    T(nobody_is_counted_as_nobody),
	    T(phones_that_are_gone_go_and_lists_stay),
	    T(there_are_never_more_phones_than_so_many),
	    T(a_group_of_fetches_is_written_as_a_whole_or_not_at_all),
	    T(several_connections_see_the_same),
	    T(a_file_of_a_newer_program_is_left_alone),
	    T(a_directory_that_is_not_there_is_told),
	    T(a_file_that_is_damaged_at_the_start_is_moved_aside),
	    T(what_lay_beside_a_damaged_file_goes_with_it),
	    T(damage_that_shows_later_does_not_stop_anybody),
	    T(every_connection_goes_over_to_the_new_file),
	    T(a_file_that_somebody_has_taken_away_is_made_anew),
	    T(damage_that_two_find_at_once_is_mended_once),
	    T(a_question_that_was_half_answered_fails_once),
	    cmocka_unit_test(a_full_disk_is_told_and_nothing_is_half_written),
	    cmocka_unit_test(a_read_only_disk_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
