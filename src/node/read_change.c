/* Questions about the change log. */
#include <stdlib.h>
#include <string.h>

#include "manage/preview.h"
#include "node/read.h"
#include "store/followup.h"

enum uc_status uc_read_undoable(struct uc_node *n, struct uc_store *store, json_t *change, struct uc_error *e)
{
	UC_CLEANUP(uc_findings_free) struct uc_findings against = {.items = NULL};
	struct uc_task_context ctx = uc_node_context(n, store);
	UC_TRY(uc_undo_judge(&ctx, change, &against, e));
	json_object_set_new(change, "undoable", json_boolean(against.count == 0));
	json_object_set_new(change, "undo_refused", against.count > 0 ? json_string(against.items[0].message) : json_null());
	return UC_OK;
}

/* What each step takes away and brings, in the place of the values that it holds for taking it back. */
static void add_previews(json_t *steps)
{
	size_t i;
	json_t *step;
	json_array_foreach(steps, i, step)
	{
		if (i < UC_PREVIEW_STEPS) {
			uc_preview_step(step, step);
			continue;
		}
		json_object_set_new(step, "before", json_null());
		json_object_set_new(step, "after", json_null());
	}
}

enum uc_status uc_node_change(struct uc_node *n, int64_t number, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	json_t *change = NULL;
	UC_TRY(uc_log_get(reader.store, number, &change, e));
	json_object_set(change, "previous_hash", json_object_get(change, "previous"));
	json_object_del(change, "previous");
	json_t *effects = NULL;
	enum uc_status status = uc_read_undoable(n, reader.store, change, e);
	if (status == UC_OK) status = uc_store_effects(reader.store, number, &effects, e);
	if (status == UC_OK) uc_heard_effects(n, number, effects);
	if (status == UC_OK) json_object_set_new(change, "effects", effects);
	if (status == UC_OK) status = uc_followups_mark(reader.store, change, uc_json_member(change, "node"), number, e);
	add_previews(json_object_get(change, "steps"));
	if (status == UC_OK)
		*out = change;
	else
		json_decref(change);
	return status;
}

/* "undoable" for each row of a list of changes. */
static enum uc_status mark_undoable(struct uc_node *n, struct uc_store *store, json_t *items, struct uc_error *e)
{
	size_t i;
	json_t *row;
	json_array_foreach(items, i, row)
	{
		json_int_t number = json_integer_value(json_object_get(row, "number"));
		json_t *change = NULL;
		UC_TRY(uc_log_get(store, number, &change, e));
		enum uc_status status = uc_read_undoable(n, store, change, e);
		if (status == UC_OK) json_object_set(row, "undoable", json_object_get(change, "undoable"));
		json_decref(change);
		UC_TRY(status);
	}
	return UC_OK;
}

/* "own/PURPOSE" and "csr/PURPOSE" stand for this node's. Free with free(). */
static char *whole_object(const struct uc_node *n, const char *object)
{
	const char *rest = object != NULL ? strchr(object, '/') : NULL;
	bool short_form = rest != NULL && (uc_starts_with(object, "own/") || uc_starts_with(object, "csr/")) && strchr(rest + 1, '/') == NULL;
	if (object == NULL) return NULL;
	return short_form ? uc_sprintf("%.3s/%s%s", object, n->name, rest) : uc_strdup(object);
}

enum { MAX_SEARCH = 1000 };

/* A filter as the log has it, and what it borrows. */
struct wanted {
	struct uc_log_filter f;
	char *object, *node;
	char from[UC_TIME_TEXT], to[UC_TIME_TEXT];
};

static void wanted_free(struct wanted *w)
{
	free(w->object);
	free(w->node);
}

/* A date without a time of day stands for the whole day. */
static enum uc_status read_time(const char *field, const char *text, bool end, char out[UC_TIME_TEXT], struct uc_error *e)
{
	struct uc_error why;
	uc_time t;
	if (uc_time_parse(text, &t, &why) != UC_OK) return uc_fail_field(e, UC_EINPUT, why.id, field, why.hint, "%s", why.message);
	bool day = strlen(text) == strlen("2026-11-25") && text[0] != '@';
	uc_time_rfc3339(end && day ? t + UC_DAY - 1 : t, out);
	return UC_OK;
}

static enum uc_status read_filter(struct uc_node *n, struct uc_store *store, const struct uc_log_filter *filter, struct wanted *w,
                                  struct uc_error *e)
{
	w->f = *filter;
	w->f.object = w->object = whole_object(n, filter->object);
	if (filter->search != NULL && strlen(filter->search) > MAX_SEARCH)
		return uc_fail_field(e, UC_EINPUT, "too-long", "search", NULL, "the text to look for has %zu bytes, the limit is %d",
		                     strlen(filter->search), MAX_SEARCH);
	if (filter->node != NULL) UC_TRY(uc_read_former_node(store, filter->node, &w->node, e));
	w->f.node = w->node;
	if (filter->from != NULL) UC_TRY(read_time("from", filter->from, false, w->from, e));
	if (filter->to != NULL) UC_TRY(read_time("to", filter->to, true, w->to, e));
	w->f.from = filter->from != NULL ? w->from : NULL;
	w->f.to = filter->to != NULL ? w->to : NULL;
	return UC_OK;
}

/* Where the next page begins: below the last change of this one, or where the look at many changes ended; null when there are no more. */
static json_t *cut_page(json_t *items, size_t limit, int64_t stopped)
{
	int64_t next = stopped;
	if (json_array_size(items) > limit) {
		json_array_remove(items, limit);
		next = json_integer_value(json_object_get(json_array_get(items, limit - 1), "number"));
	}
	return next > 0 ? json_sprintf("%lld", (long long)next) : json_null();
}

enum uc_status uc_node_changes(struct uc_node *n, const struct uc_log_filter *filter, int64_t before, size_t limit, json_t **out,
                               struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(wanted_free) struct wanted w = {.object = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(read_filter(n, reader.store, filter, &w, e));
	json_t *items = NULL;
	int64_t stopped = 0;
	UC_TRY(uc_log_list(reader.store, &w.f, before, limit + 1, &items, &stopped, e));
	json_t *next = cut_page(items, limit, stopped);
	enum uc_status status = mark_undoable(n, reader.store, items, e);
	*out = json_pack("{s:o, s:o}", "items", items, "next", next);
	if (status != UC_OK) {
		json_decref(*out);
		*out = NULL;
		return status;
	}
	if (stopped == 0) return UC_OK;
	json_object_set_new(
	    *out, "notice",
	    json_sprintf("The search has looked at %d changes, down to %lld, and may have found only some; the next page goes on with it.",
	                 UC_LOG_LOOK, (long long)stopped));
	return UC_OK;
}
