/* Questions about the change log. */
#include <stdlib.h>
#include <string.h>

#include "node/internal.h"

/* Whether a change can be taken back, without making the plan: "undo_refused" says why not. */
static enum uc_status add_undoable(struct uc_node *n, struct uc_store *store, json_t *change, struct uc_error *e)
{
	UC_CLEANUP(uc_findings_free) struct uc_findings against = {.items = NULL};
	struct uc_task_context ctx = uc_node_context(n, store);
	UC_TRY(uc_undo_judge(&ctx, change, &against, e));
	json_object_set_new(change, "undoable", json_boolean(against.count == 0));
	json_object_set_new(change, "undo_refused", against.count > 0 ? json_string(against.items[0].message) : json_null());
	return UC_OK;
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
	enum uc_status status = add_undoable(n, reader.store, change, e);
	if (status == UC_OK) status = uc_store_effects(reader.store, number, &effects, e);
	if (status == UC_OK) json_object_set_new(change, "effects", effects);
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
		enum uc_status status = add_undoable(n, store, change, e);
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

enum uc_status uc_node_changes(struct uc_node *n, int64_t before, size_t limit, const char *object, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	json_t *items = NULL;
	UC_CLEANUP(uc_freep) char *whole = whole_object(n, object);
	UC_TRY(uc_log_list(reader.store, before, limit + 1, whole, &items, e));
	enum uc_status status = mark_undoable(n, reader.store, items, e);
	if (status != UC_OK) {
		json_decref(items);
		return status;
	}
	json_t *next = json_null();
	if (json_array_size(items) > limit) {
		json_array_remove(items, limit);
		const json_t *last = json_array_get(items, limit - 1);
		next = json_sprintf("%lld", (long long)json_integer_value(json_object_get(last, "number")));
	}
	*out = json_pack("{s:o, s:o}", "items", items, "next", next);
	return UC_OK;
}
