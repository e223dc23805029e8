/* The answer of a find as JSON. */
#include "core/clock.h"
#include "store/find.h"

struct page {
	json_t *items;
	uc_time now;
};

/* What is in the table is UTF-8, and so are these names. */
static void set(json_t *o, const char *name, const char *text)
{
	json_object_set_new_nocheck(o, name, json_string_nocheck(text));
}

static void add_row(void *ctx, const struct uc_found *row)
{
	struct page *page = ctx;
	char text[UC_TIME_TEXT];
	char distance[48];
	json_t *o = json_object();
	set(o, "usage", row->usage);
	set(o, "unit", row->unit);
	set(o, "name", row->name);
	set(o, "scope", row->scope);
	set(o, "common_name", row->common_name);
	set(o, "subject", row->subject);
	set(o, "issuer", row->issuer);
	set(o, "serial", row->serial);
	set(o, "fingerprint", row->fingerprint);
	set(o, "type", row->type);
	set(o, "key_type", row->key_type);
	set(o, "distribution", row->distribution);
	set(o, "description", row->description);
	set(o, "not_before", uc_time_rfc3339(row->not_before, text));
	set(o, "not_after", uc_time_rfc3339(row->not_after, text));
	set(o, "expires", uc_time_distance(row->not_after, page->now, distance));
	set(o, "state", uc_time_state(row->not_before, row->not_after, page->now));
	json_array_append_new(page->items, o);
}

enum uc_status uc_store_find(struct uc_store *s, const struct uc_find *f, uc_time now, json_t **out, struct uc_error *e)
{
	static const char stopped[] =
	    "The search was stopped after 0.3 seconds and may have found only some of the certificates; the next page goes on with it. "
	    "Longer or more conditions are found sooner.";
	struct page page = {.items = json_array(), .now = now};
	UC_CLEANUP(uc_found_end_free) struct uc_found_end end = {.next = NULL};
	enum uc_status status = uc_store_find_each(s, f, add_row, &page, &end, e);
	if (status != UC_OK) {
		json_decref(page.items);
		return status;
	}
	*out = json_object();
	json_object_set_new(*out, "items", page.items);
	json_object_set_new(*out, "next", end.next != NULL ? json_string(end.next) : json_null());
	json_object_set_new(*out, "total", end.total >= 0 ? json_integer(end.total) : json_null());
	if (end.stopped) json_object_set_new(*out, "notice", json_string(stopped));
	return UC_OK;
}
