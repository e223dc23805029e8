/* Questions about follow-ups. */
#include <stdlib.h>

#include "node/read.h"
#include "store/followup.h"

static json_t *followup_json(const struct uc_followup *f)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "id", f->id, "node", f->node, "kind", f->kind, "target", f->target, "text",
	                 f->text, "since", f->since, "number", (json_int_t)f->number, "changes", (json_int_t)f->changes);
}

enum uc_status uc_node_followups(struct uc_node *n, const char *node, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(uc_followups_free) struct uc_followups all = {.items = NULL};
	UC_CLEANUP(uc_freep) char *whose = NULL;
	UC_TRY(uc_reader_borrow(n, &reader, e));
	if (node != NULL) UC_TRY(uc_read_node(n, reader.store, node, &whose, e));
	UC_TRY(uc_store_followups(reader.store, whose, &all, e));
	json_t *items = json_array();
	for (size_t i = 0; i < all.count; i++) json_array_append_new(items, followup_json(&all.items[i]));
	*out = uc_read_page(items);
	return UC_OK;
}
