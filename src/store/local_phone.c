/* What phones fetched: which they are, what they hold, and how it is kept from growing. */
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "store/local_internal.h"

/* ---- writing ---- */

/* What is known of a phone by its requests, by the kind of file. */
static const struct {
	const char *kind, *sql;
	bool list;
} kinds[] = {
    {"ITL", "UPDATE phone SET itl = $2, itl_at = $3 WHERE device = $1 AND itl_at <= $3", true},
    {"CTL", "UPDATE phone SET ctl = $2, ctl_at = $3 WHERE device = $1 AND ctl_at <= $3", true},
    {"config", "UPDATE phone SET config = $2, config_at = $3 WHERE device = $1 AND config_at <= $3", false},
};

#define NO_TIME INT64_MIN

/* Runs a statement whose parameters are texts and then, unless it is NO_TIME, a time. */
static enum uc_status run(struct uc_local *l, const char *sql, const char *const *texts, uc_time at, int64_t *affected, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, sql, &st, e));
	int n = 0;
	for (; texts[n] != NULL; n++) uc_bind_text(st, n + 1, texts[n]);
	if (at != NO_TIME) uc_bind_int(st, n + 1, at);
	return uc_stmt_run(st, affected, e);
}

/* Who asks: by name, else the phone that was last seen there, else "@ADDRESS". */
static enum uc_status find_device(struct uc_local *l, const struct uc_phone_fetch *f, bool *named, char out[80], struct uc_error *e)
{
	*named = f->device[0] != '\0' && f->device[0] != '@';
	snprintf(out, 80, "%s%s", *named ? "" : "@", *named ? f->device : f->peer);
	if (*named) return UC_OK;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, "SELECT device FROM phone WHERE peer = $1 AND device NOT LIKE '@%' ORDER BY last_seen DESC LIMIT 1", &st, e));
	uc_bind_text(st, 1, f->peer);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (row) snprintf(out, 80, "%s", uc_col_text(st, 0));
	return UC_OK;
}

/*
 * What the record says was seen in the future, by a clock that was set back since, was seen now at the latest: what comes in from now on would count for
 * older otherwise.
 */
static enum uc_status rewind_to(struct uc_local *l, const char *device, uc_time now, struct uc_error *e)
{
	static const char sql[] =
	    "UPDATE phone SET first_seen = min(first_seen, $2), last_seen = $2, itl_at = min(itl_at, $2), ctl_at = min(ctl_at, $2), "
	    "config_at = min(config_at, $2), missed_at = min(missed_at, $2) WHERE device = $1 AND last_seen > $2";
	const char *const texts[] = {device, NULL};
	return run(l, sql, texts, now, NULL, e);
}

/* *added counts phones that were not known. */
static enum uc_status see(struct uc_local *l, const char *device, const struct uc_phone_fetch *f, size_t *added, struct uc_error *e)
{
	static const char update[] = "UPDATE phone SET peer = CASE WHEN last_seen <= $4 THEN $2 ELSE peer END, "
	                             "via = CASE WHEN last_seen <= $4 THEN $3 ELSE via END, "
	                             "first_seen = min(first_seen, $4), last_seen = max(last_seen, $4) WHERE device = $1";
	static const char insert[] = "INSERT INTO phone (device, peer, via, first_seen, last_seen) VALUES ($1, $2, $3, $4, $4)";
	const char *const texts[] = {device, f->peer, f->via, NULL};
	int64_t known;
	UC_TRY(run(l, update, texts, f->at, &known, e));
	if (known > 0) return UC_OK;
	++*added;
	return run(l, insert, texts, f->at, NULL, e);
}

/* What was fetched from this address by one who had not said yet which phone it is. */
static const char *const adoption[] = {
    "UPDATE phone SET first_seen = min(phone.first_seen, g.first_seen), "
    "itl = CASE WHEN g.itl_at > phone.itl_at THEN g.itl ELSE phone.itl END, itl_at = max(phone.itl_at, g.itl_at), "
    "ctl = CASE WHEN g.ctl_at > phone.ctl_at THEN g.ctl ELSE phone.ctl END, ctl_at = max(phone.ctl_at, g.ctl_at), "
    "config = CASE WHEN g.config_at > phone.config_at THEN g.config ELSE phone.config END, config_at = max(phone.config_at, g.config_at), "
    "missed = CASE WHEN g.missed_at > phone.missed_at THEN g.missed ELSE phone.missed END, missed_at = max(phone.missed_at, g.missed_at) "
    "FROM (SELECT * FROM phone WHERE device = $2) AS g WHERE phone.device = $1",
    "INSERT INTO phone_list (device, list, version, first_at, last_at) SELECT $1, list, version, first_at, last_at FROM phone_list "
    "WHERE device = $2 ON CONFLICT (device, list, version) DO UPDATE SET first_at = min(first_at, excluded.first_at), "
    "last_at = max(last_at, excluded.last_at)",
    "DELETE FROM phone_list WHERE device = $2 AND $1 <> $2",
    "DELETE FROM phone WHERE device = $2 AND $1 <> $2",
};

static enum uc_status adopt(struct uc_local *l, const char *device, const char *peer, struct uc_error *e)
{
	char nameless[80];
	snprintf(nameless, sizeof nameless, "@%s", peer);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, "SELECT 1 FROM phone WHERE device = $1", &st, e));
	uc_bind_text(st, 1, nameless);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return UC_OK;
	const char *const texts[] = {device, nameless, NULL};
	for (size_t i = 0; i < sizeof adoption / sizeof *adoption; i++) UC_TRY(run(l, adoption[i], texts, NO_TIME, NULL, e));
	return UC_OK;
}

static enum uc_status note_list(struct uc_local *l, const char *device, const struct uc_phone_fetch *f, struct uc_error *e)
{
	static const char sql[] = "INSERT INTO phone_list (device, list, version, first_at, last_at) VALUES ($1, $2, $3, $4, $4) "
	                          "ON CONFLICT (device, list, version) DO UPDATE SET first_at = min(first_at, $4), last_at = max(last_at, $4)";
	const char *const texts[] = {device, f->kind, f->version, NULL};
	return run(l, sql, texts, f->at, NULL, e);
}

static enum uc_status note(struct uc_local *l, const char *device, const struct uc_phone_fetch *f, struct uc_error *e)
{
	static const char missed[] = "UPDATE phone SET missed = $2, missed_at = $3 WHERE device = $1 AND missed_at <= $3";
	const char *const file[] = {device, f->file, NULL};
	const char *const version[] = {device, f->version, NULL};
	if (f->missed) return run(l, missed, file, f->at, NULL, e);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (strcmp(kinds[i].kind, f->kind) != 0) continue;
		/* A list that somebody has put there by hand is none of ours. */
		if (kinds[i].list && f->version[0] == '\0') return UC_OK;
		UC_TRY(run(l, kinds[i].sql, kinds[i].list ? version : file, f->at, NULL, e));
		return kinds[i].list ? note_list(l, device, f, e) : UC_OK;
	}
	return UC_OK;
}

static enum uc_status put_one(struct uc_local *l, const struct uc_phone_fetch *f, size_t *added, struct uc_error *e)
{
	char device[80];
	bool named;
	uc_time now = uc_now();
	UC_TRY(find_device(l, f, &named, device, e));
	UC_TRY(rewind_to(l, device, f->at > now ? f->at : now, e));
	UC_TRY(see(l, device, f, added, e));
	if (named) UC_TRY(adopt(l, device, f->peer, e));
	return note(l, device, f, e);
}

/*
 * Names can be made up by anybody who can send a packet. When there are too many, those go that have never fetched a list, and were seen
 * longest ago; some more than must, so that it does not have to be done each time.
 */
static enum uc_status keep_within(struct uc_local *l, struct uc_error *e)
{
	static const char drop[] = "DELETE FROM phone WHERE device IN (SELECT device FROM phone "
	                           "ORDER BY itl <> '' OR ctl <> '', last_seen, device LIMIT $1)";
	int64_t count;
	UC_TRY(uc_db_number(l->db, "SELECT count(*) FROM phone", &count, e));
	if (count <= UC_LOCAL_PHONES) return UC_OK;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, drop, &st, e));
	uc_bind_int(st, 1, count - UC_LOCAL_PHONES + UC_LOCAL_PHONES / 20);
	UC_TRY(uc_stmt_run(st, NULL, e));
	return uc_db_exec(l->db, "DELETE FROM phone_list WHERE device NOT IN (SELECT device FROM phone)", e);
}

static enum uc_status put_all(struct uc_local *l, const struct uc_phone_fetch *fetches, size_t count, struct uc_error *e)
{
	size_t added = 0;
	for (size_t i = 0; i < count; i++) UC_TRY(put_one(l, &fetches[i], &added, e));
	return added > 0 ? keep_within(l, e) : UC_OK;
}

static enum uc_status end(struct uc_local *l, enum uc_status status, struct uc_error *e)
{
	if (status == UC_OK) return uc_db_commit(l->db, e);
	uc_db_rollback(l->db);
	return status;
}

static enum uc_status put_fetches(struct uc_local *l, const struct uc_phone_fetch *fetches, size_t count, struct uc_error *e)
{
	UC_TRY(uc_db_begin(l->db, UC_DB_WRITE, e));
	return end(l, put_all(l, fetches, count, e), e);
}

enum uc_status uc_local_fetches_put(struct uc_local *l, const struct uc_phone_fetch *fetches, size_t count, struct uc_error *e)
{
	UC_LOCAL_RUN(l, e, put_fetches(l, fetches, count, &why));
}

/* ---- tidying ---- */

enum { PHONE_DAYS = 400 };

/* Lists that were published stay: each can be shown for good. */
static const char *const rubbish[] = {
    "DELETE FROM phone WHERE last_seen < $1",
    "DELETE FROM phone_list WHERE last_at < $1 AND NOT EXISTS (SELECT 1 FROM phone WHERE phone.device = phone_list.device AND "
    "phone_list.version IN (phone.itl, phone.ctl))",
};

static enum uc_status drop_all(struct uc_local *l, uc_time now, struct uc_error *e)
{
	static const char *const none[] = {NULL};
	for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) UC_TRY(run(l, rubbish[i], none, now - PHONE_DAYS * UC_DAY, NULL, e));
	return UC_OK;
}

static enum uc_status tidy(struct uc_local *l, uc_time now, struct uc_error *e)
{
	UC_TRY(uc_db_begin(l->db, UC_DB_WRITE, e));
	return end(l, drop_all(l, now, e), e);
}

enum uc_status uc_local_tidy(struct uc_local *l, uc_time now, struct uc_error *e)
{
	UC_LOCAL_RUN(l, e, tidy(l, now, &why));
}

/* ---- reading ---- */

struct phone_reader {
	void (*each)(void *ctx, const struct uc_phone_row *row);
	void *ctx;
};

static void give_phone(void *ctx, struct uc_stmt *st)
{
	const struct phone_reader *r = ctx;
	const struct uc_phone_row row = {
	    .device = uc_col_text(st, 0),
	    .peer = uc_col_text(st, 1),
	    .via = uc_col_text(st, 2),
	    .first_seen = uc_col_int(st, 3),
	    .last_seen = uc_col_int(st, 4),
	    .itl = uc_col_text(st, 5),
	    .itl_at = uc_col_int(st, 6),
	    .ctl = uc_col_text(st, 7),
	    .ctl_at = uc_col_int(st, 8),
	    .config = uc_col_text(st, 9),
	    .config_at = uc_col_int(st, 10),
	    .missed = uc_col_text(st, 11),
	    .missed_at = uc_col_int(st, 12),
	};
	r->each(r->ctx, &row);
}

/* Which phones. */
struct phones_asked {
	const char *after;
	size_t limit;
	const char *not_itl, *not_ctl;
};

static enum uc_status ask_phones(struct uc_local *l, const struct phones_asked *a, struct phone_reader *r, struct uc_error *e)
{
	static const char sql[] =
	    "SELECT device, peer, via, first_seen, last_seen, itl, itl_at, ctl, ctl_at, config, config_at, missed, missed_at "
	    "FROM phone WHERE device > $1 AND ($2 IS NULL OR itl <> $2) AND ($3 IS NULL OR ctl <> $3) ORDER BY device LIMIT $4";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, sql, &st, e));
	uc_bind_text(st, 1, a->after != NULL ? a->after : "");
	uc_bind_text(st, 2, a->not_itl);
	uc_bind_text(st, 3, a->not_ctl);
	uc_bind_int(st, 4, a->limit < INT64_MAX ? (int64_t)a->limit : INT64_MAX);
	return uc_local_rows(l, st, give_phone, r, e);
}

enum uc_status uc_local_phones(struct uc_local *l, const char *after, size_t limit, const char *not_itl, const char *not_ctl,
                               void (*each)(void *ctx, const struct uc_phone_row *row), void *ctx, struct uc_error *e)
{
	const struct phones_asked asked = {.after = after, .limit = limit, .not_itl = not_itl, .not_ctl = not_ctl};
	struct phone_reader r = {.each = each, .ctx = ctx};
	UC_LOCAL_RUN(l, e, ask_phones(l, &asked, &r, &why));
}

static enum uc_status count_phones(struct uc_local *l, const char *list, const char *version, struct uc_phone_count *out,
                                   struct uc_error *e)
{
	static const char by_ctl[] = "SELECT count(*), sum(ctl <> '' AND ctl = $1), sum(ctl <> '' AND ctl <> $1), sum(ctl = '') FROM phone";
	static const char by_itl[] = "SELECT count(*), sum(itl <> '' AND itl = $1), sum(itl <> '' AND itl <> $1), sum(itl = '') FROM phone";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	bool row;
	UC_TRY(uc_db_stmt(l->db, strcmp(list, "CTL") == 0 ? by_ctl : by_itl, &st, e));
	uc_bind_text(st, 1, version);
	UC_TRY(uc_stmt_step(st, &row, e));
	*out = (struct uc_phone_count){
	    .known = uc_col_int(st, 0), .current = uc_col_int(st, 1), .older = uc_col_int(st, 2), .never = uc_col_int(st, 3)};
	return UC_OK;
}

enum uc_status uc_local_count(struct uc_local *l, const char *list, const char *version, struct uc_phone_count *out, struct uc_error *e)
{
	UC_LOCAL_RUN(l, e, count_phones(l, list, version, out, &why));
}

struct holding_reader {
	void (*each)(void *ctx, const char *itl, const char *ctl, int64_t phones);
	void *ctx;
};

static void give_holding(void *ctx, struct uc_stmt *st)
{
	const struct holding_reader *r = ctx;
	r->each(r->ctx, uc_col_text(st, 0), uc_col_text(st, 1), uc_col_int(st, 2));
}

static enum uc_status ask_holdings(struct uc_local *l, struct holding_reader *r, struct uc_error *e)
{
	static const char sql[] = "SELECT itl, ctl, count(*) AS phones FROM phone WHERE itl <> '' OR ctl <> '' "
	                          "GROUP BY itl, ctl ORDER BY phones DESC, itl, ctl";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, sql, &st, e));
	return uc_local_rows(l, st, give_holding, r, e);
}

enum uc_status uc_local_holdings(struct uc_local *l, void (*each)(void *ctx, const char *itl, const char *ctl, int64_t phones), void *ctx,
                                 struct uc_error *e)
{
	struct holding_reader r = {.each = each, .ctx = ctx};
	UC_LOCAL_RUN(l, e, ask_holdings(l, &r, &why));
}

struct version_reader {
	void (*each)(void *ctx, const char *list, const char *version, uc_time first, uc_time last);
	void *ctx;
};

static void give_version(void *ctx, struct uc_stmt *st)
{
	const struct version_reader *r = ctx;
	r->each(r->ctx, uc_col_text(st, 0), uc_col_text(st, 1), uc_col_int(st, 2), uc_col_int(st, 3));
}

static enum uc_status ask_versions(struct uc_local *l, const char *device, struct version_reader *r, struct uc_error *e)
{
	static const char sql[] =
	    "SELECT list, version, first_at, last_at FROM phone_list WHERE device = $1 ORDER BY last_at DESC, first_at DESC, rowid DESC";
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(l->db, sql, &st, e));
	uc_bind_text(st, 1, device);
	return uc_local_rows(l, st, give_version, r, e);
}

enum uc_status uc_local_phone_lists(struct uc_local *l, const char *device,
                                    void (*each)(void *ctx, const char *list, const char *version, uc_time first, uc_time last), void *ctx,
                                    struct uc_error *e)
{
	struct version_reader r = {.each = each, .ctx = ctx};
	UC_LOCAL_RUN(l, e, ask_versions(l, device, &r, &why));
}
