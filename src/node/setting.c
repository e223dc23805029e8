/* Questions about the settings of the cluster. */
#include <stdlib.h>

#include "catalog/setting.h"
#include "node/read.h"

static json_t *values_json(const struct uc_setting *s)
{
	json_t *out = json_array();
	for (size_t i = 0; s->values[i] != NULL; i++)
		json_array_append_new(out, json_pack("{s:s, s:s}", "value", s->values[i], "text", s->texts[i]));
	return out;
}

static enum uc_status add_setting(struct uc_store *store, const struct uc_setting *s, json_t *items, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *value = NULL;
	UC_TRY(uc_store_setting(store, s->name, &value, e));
	json_array_append_new(items,
	                      json_pack("{s:s, s:s, s:s, s:o, s:s, s:s?}", "name", s->name, "value", value != NULL ? value : s->values[0],
	                                "default", s->values[0], "values", values_json(s), "about", s->about, "by", s->by));
	return UC_OK;
}

enum uc_status uc_node_settings(struct uc_node *n, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	size_t count;
	const struct uc_setting *all = uc_settings(&count);
	json_t *items = json_array();
	enum uc_status status = UC_OK;
	for (size_t i = 0; i < count && status == UC_OK; i++) status = add_setting(reader.store, &all[i], items, e);
	if (status == UC_OK)
		*out = uc_read_page(items);
	else
		json_decref(items);
	return status;
}
