/*
 * What a node records of its own and no change says: the ITL files that it has published, and which phone fetched what when. A database of
 * its own (DATA/local.db), so that ten thousand phones that boot at once do not stand in the way of a change, and that it survives when a
 * mirror is built anew.
 *
 * A file that is damaged does not stop the node, at whatever call that shows: it is moved aside (local.db.damaged-TIME), a line of the
 * log says so, a new one is begun, and the call goes on with that. Only a call that has already given rows to its each() fails, once, with
 * UC_EIO "store-damaged". A full disk (UC_EFULL "disk-full") and one that cannot be written (UC_EIO "read-only") are errors of each call;
 * nothing is half written.
 */
#ifndef UC_STORE_LOCAL_H
#define UC_STORE_LOCAL_H

#include "core/bytes.h"
#include "core/clock.h"
#include "core/mem.h"

struct uc_local;

/*
 * Opens (makes) it. One thread at a time per struct; several may be open in one process. Owned: uc_local_close(). The errors of
 * uc_db_open(), and UC_EREFUSED "schema-newer" when it is from a newer program.
 */
enum uc_status uc_local_open(const char *path, struct uc_local **out, struct uc_error *e) UC_MUST;
void uc_local_close(struct uc_local *l);
UC_DEFINE_CLEANUP(uc_local_closep, struct uc_local, uc_local_close)

/* ---- lists that were published ---- */

struct uc_list_version {
	char *list;       /* "ITL", "CTL" */
	char version[65]; /* SHA-256 of the file, hex */
	char content[65]; /* what it says, as manage/lists.h calls its shape; "" when not known */
	uc_time at;
	int64_t number; /* the change that led to it; 0: none */
	struct uc_buf file;
};
void uc_list_version_free(struct uc_list_version *v);
/* Durable when it returns. One that is there already (by version) becomes the newest, with the time and number given now. */
enum uc_status uc_local_list_put(struct uc_local *l, const struct uc_list_version *v, struct uc_error *e) UC_MUST;
/* The newest; UC_ENOTFOUND "no-list". */
enum uc_status uc_local_list_last(struct uc_local *l, const char *list, struct uc_list_version *out, struct uc_error *e) UC_MUST;
/* By version, or the unique beginning of one; the errors of uc_store_list(). */
enum uc_status uc_local_list_get(struct uc_local *l, const char *list, const char *version, struct uc_list_version *out,
                                 struct uc_error *e) UC_MUST;
/* All, the newest first; each borrows, and its file is empty. */
enum uc_status uc_local_lists(struct uc_local *l, const char *list, void (*each)(void *ctx, const struct uc_list_version *v), void *ctx,
                              struct uc_error *e) UC_MUST;

/* ---- what phones fetched ---- */

struct uc_phone_fetch {
	char device[64];  /* "SEP001122334455"; for a request that names no device, "" : found by peer, else kept under "@ADDRESS" */
	char kind[16];    /* "CTL", "ITL", "config", "other" */
	char file[128];   /* as asked for */
	char version[65]; /* SHA-256 of a list; "" for others and for misses */
	char peer[64];
	char via[8]; /* "tftp", "http", "https" */
	bool missed;
	uc_time at;
};
/*
 * In one transaction; need not survive a power loss. Texts are stored as they are: make them fit for JSON before. A request without a
 * device counts for the one that was last seen at that address, else for "@ADDRESS", whose row becomes the device's when one says there
 * which it is.
 */
enum uc_status uc_local_fetches_put(struct uc_local *l, const struct uc_phone_fetch *fetches, size_t count, struct uc_error *e) UC_MUST;

/* At most so many phones are kept: then those go that have never fetched a list, and were seen longest ago. */
#define UC_LOCAL_PHONES 200000

/*
 * To be called about once a day: phones that were not seen for 400 days go, and what they had fetched. Lists that were published stay.
 */
enum uc_status uc_local_tidy(struct uc_local *l, uc_time now, struct uc_error *e) UC_MUST;

struct uc_phone_row {
	const char *device, *peer, *via;
	uc_time first_seen, last_seen;
	const char *itl, *ctl; /* version that it fetched last, "" for none */
	uc_time itl_at, ctl_at;
	const char *config; /* file that it fetched last, "" for none */
	uc_time config_at;
	const char *missed; /* the last name that was not there, "" */
	uc_time missed_at;
};
/*
 * By device, after one (NULL: from the first), at most limit; not_itl, not_ctl: unless NULL, only phones whose last list is another version
 * than this, or that have none. Rows are borrowed, and each() must not use l.
 */
enum uc_status uc_local_phones(struct uc_local *l, const char *after, size_t limit, const char *not_itl, const char *not_ctl,
                               void (*each)(void *ctx, const struct uc_phone_row *row), void *ctx, struct uc_error *e) UC_MUST;
/* How many phones are known, have this version of a list ("ITL" or "CTL") as their last, another one, none. */
struct uc_phone_count {
	int64_t known, current, older, never;
};
enum uc_status uc_local_count(struct uc_local *l, const char *list, const char *version, struct uc_phone_count *out,
                              struct uc_error *e) UC_MUST;
/*
 * Which versions phones have as their last, "" for none, and how many have both of them; those of the most phones first. Phones that have
 * fetched neither list are left out. each() must not use l.
 */
enum uc_status uc_local_holdings(struct uc_local *l, void (*each)(void *ctx, const char *itl, const char *ctl, int64_t phones), void *ctx,
                                 struct uc_error *e) UC_MUST;
/* All versions that a phone has fetched: newest first; each(ctx, list, version, first time, last time). */
enum uc_status uc_local_phone_lists(struct uc_local *l, const char *device,
                                    void (*each)(void *ctx, const char *list, const char *version, uc_time first, uc_time last), void *ctx,
                                    struct uc_error *e) UC_MUST;

#endif
