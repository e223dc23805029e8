/* Questions about the phones that this node knows from their requests. */
#include <stdio.h>
#include <string.h>

#include "node/internal.h"
#include "node/phone_internal.h"

/* What rows are made into. */
struct rows {
	json_t *items;
	size_t limit;
	bool more;
	const char *itl, *ctl; /* the versions of the moment, "" for none */
};

static json_t *list_json(const char *version, uc_time at, const char *current)
{
	char time[UC_TIME_TEXT];
	if (version[0] == '\0') return json_null();
	return json_pack("{s:s, s:s, s:b}", "version", version, "at", uc_time_rfc3339(at, time), "current", strcmp(version, current) == 0);
}

static json_t *file_json(const char *file, uc_time at)
{
	char time[UC_TIME_TEXT];
	return file[0] != '\0' ? json_pack("{s:s, s:s}", "file", file, "at", uc_time_rfc3339(at, time)) : json_null();
}

static void add_row(void *ctx, const struct uc_phone_row *row)
{
	struct rows *r = ctx;
	char first[UC_TIME_TEXT], last[UC_TIME_TEXT];
	if (json_array_size(r->items) == r->limit) {
		r->more = true;
		return;
	}
	json_array_append_new(r->items, json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "device", row->device, "address", row->peer,
	                                          "via", row->via, "first_seen", uc_time_rfc3339(row->first_seen, first), "last_seen",
	                                          uc_time_rfc3339(row->last_seen, last), "itl", list_json(row->itl, row->itl_at, r->itl), "ctl",
	                                          list_json(row->ctl, row->ctl_at, r->ctl), "config", file_json(row->config, row->config_at),
	                                          "missed", file_json(row->missed, row->missed_at)));
}

static void set_versions(struct rows *r, const struct uc_phone_basis *b)
{
	r->itl = b != NULL && b->itl != NULL ? uc_phone_file_version(b->itl) : "";
	r->ctl = b != NULL && b->ctl != NULL ? uc_phone_file_version(b->ctl) : "";
}

static enum uc_status check_list(const char *list, struct uc_error *e)
{
	if (list == NULL || strcmp(list, "ITL") == 0 || strcmp(list, "CTL") == 0) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "no-list", "list", "There are: ITL, CTL.", "there is no trust list '%s'", list);
}

enum uc_status uc_node_phones(struct uc_node *n, const char *list, bool stale, const char *after, size_t limit, json_t **out,
                              struct uc_error *e)
{
	UC_CLEANUP(uc_phone_basis_unrefp) struct uc_phone_basis *b = uc_view_phone_basis(n);
	UC_TRY(check_list(list, e));
	bool ctl = list != NULL && strcmp(list, "CTL") == 0;
	struct rows rows = {.items = json_array(), .limit = limit};
	set_versions(&rows, b);
	struct uc_local *db = uc_phone_records_borrow(n->phone->records);
	/* One more than is shown tells whether there are more. */
	enum uc_status status =
	    uc_local_phones(db, after, limit + 1, stale && !ctl ? rows.itl : NULL, stale && ctl ? rows.ctl : NULL, add_row, &rows, e);
	uc_phone_records_return(n->phone->records);
	if (status != UC_OK) {
		json_decref(rows.items);
		return status;
	}
	const json_t *last = json_array_get(rows.items, json_array_size(rows.items) - 1);
	const char *next = rows.more ? json_string_value(json_object_get(last, "device")) : NULL;
	json_t *cursor = next != NULL ? json_string(next) : json_null();
	*out = json_pack("{s:o, s:o}", "items", rows.items, "next", cursor);
	return UC_OK;
}

/* ---- one phone ---- */

/* Rows on the way to one device. */
struct way {
	struct rows *rows;
	const char *device;
	char last[64]; /* the device of the last row */
	size_t count;  /* of rows since it was last set to 0 */
};

static void step(void *ctx, const struct uc_phone_row *row)
{
	struct way *w = ctx;
	w->count++;
	snprintf(w->last, sizeof w->last, "%s", row->device);
	if (strcmp(row->device, w->device) == 0) add_row(w->rows, row);
}

/* Rows come in the order of their devices: those behind the name without its last character begin close to it. */
static enum uc_status find_row(struct uc_local *db, const char *device, struct rows *rows, struct uc_error *e)
{
	enum { PAGE = 100 };
	struct way w = {.rows = rows, .device = device};
	size_t len = strlen(device);
	snprintf(w.last, sizeof w.last, "%.*s", (int)(len > 0 ? len - 1 : 0), device);
	do {
		char after[sizeof w.last];
		memcpy(after, w.last, sizeof after);
		w.count = 0;
		UC_TRY(uc_local_phones(db, after, PAGE, NULL, NULL, step, &w, e));
	} while (w.count == PAGE && strcmp(w.last, device) < 0);
	return UC_OK;
}

static void add_version(void *ctx, const char *list, const char *version, uc_time first, uc_time last)
{
	char begin[UC_TIME_TEXT], end[UC_TIME_TEXT];
	json_array_append_new(ctx, json_pack("{s:s, s:s, s:s, s:s}", "list", list, "version", version, "first", uc_time_rfc3339(first, begin),
	                                     "last", uc_time_rfc3339(last, end)));
}

static enum uc_status read_phone(struct uc_local *db, const char *device, struct rows *rows, json_t *lists, struct uc_error *e)
{
	UC_TRY(find_row(db, device, rows, e));
	if (json_array_size(rows->items) == 0)
		return uc_fail(e, UC_ENOTFOUND, "no-phone", "show phone list names those that have fetched something from this node.",
		               "no phone '%s' has fetched anything from this node", device);
	return uc_local_phone_lists(db, device, add_version, lists, e);
}

enum uc_status uc_node_phone(struct uc_node *n, const char *device, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_phone_basis_unrefp) struct uc_phone_basis *b = uc_view_phone_basis(n);
	struct rows rows = {.items = json_array(), .limit = 1};
	json_t *lists = json_array();
	set_versions(&rows, b);
	struct uc_local *db = uc_phone_records_borrow(n->phone->records);
	enum uc_status status = read_phone(db, device, &rows, lists, e);
	uc_phone_records_return(n->phone->records);
	if (status == UC_OK) {
		*out = json_incref(json_array_get(rows.items, 0));
		json_object_set(*out, "lists", lists);
	}
	json_decref(rows.items);
	json_decref(lists);
	return status;
}
