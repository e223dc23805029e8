#include "cli/body.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

void uc_body_set(struct uc_change *c, const json_t *object)
{
	UC_CLEANUP(uc_freep) char *text = json_dumps(object, JSON_COMPACT);
	if (text == NULL) abort();
	uc_buf_add_str(&c->body, text);
	explicit_bzero(text, strlen(text));
	c->content_type = "application/json";
}

static void add_member(json_t *body, const struct uc_args *args, const struct uc_member *m)
{
	const struct uc_strv *values = &args->values[m->option];
	if (!uc_options[m->option].repeats) {
		json_object_set_new(body, m->key, json_string(uc_args_value(args, m->option)));
		return;
	}
	json_t *all = json_array();
	for (size_t i = 0; i < values->count; i++) json_array_append_new(all, json_string(values->items[i]));
	json_object_set_new(body, m->key, all);
}

enum uc_status uc_body_members(json_t *body, const struct uc_args *args, const struct uc_member *members, size_t count, struct uc_error *e)
{
	for (size_t i = 0; i < count; i++) {
		enum uc_option_id id = members[i].option;
		if (!uc_args_has(args, id)) continue;
		/* JSON carries UTF-8 only. */
		for (size_t v = 0; v < args->values[id].count; v++)
			if (!uc_utf8_valid(uc_slice_str(args->values[id].items[v])))
				return uc_fail_field(e, UC_EINPUT, "bad-option-value", uc_options[id].name, NULL, "the value of --%s is not UTF-8: '%s'",
				                     uc_options[id].name, args->values[id].items[v]);
		add_member(body, args, &members[i]);
	}
	return UC_OK;
}

enum uc_status uc_body_number(json_t *body, const struct uc_args *args, enum uc_option_id option, const char *key, const char *unit,
                              struct uc_error *e)
{
	const char *text = uc_args_value(args, option);
	unsigned long long number = 0;
	if (text == NULL) return UC_OK;
	if (!uc_parse_u64(text, 0, INT_MAX, &number)) /* the daemon knows the limits */
		return uc_fail_field(e, UC_EINPUT, "bad-option-value", uc_options[option].name, NULL, "--%s is a number of %s, not '%s'",
		                     uc_options[option].name, unit, text);
	json_object_set_new(body, key, json_integer((json_int_t)number));
	return UC_OK;
}
