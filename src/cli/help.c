#include "cli/help.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/setting.h"
#include "cli/output.h"
#include "core/mem.h"
#include "pki/key.h"

/* Steps through the words as far as they fit; returns how many did. set gets the commands that are left. */
static size_t follow(const struct uc_grammar *g, const struct uc_strv *words, bool *set, bool typed_only)
{
	UC_CLEANUP(uc_freep) bool *next = uc_zalloc(g->count, sizeof *next);
	for (size_t i = 0; i < g->count; i++) set[i] = g->commands[i].help != NULL;
	for (size_t place = 0; place < words->count; place++) {
		memcpy(next, set, g->count * sizeof *set);
		if (uc_grammar_step(g, next, place, words->items[place], NULL) == 0) return place;
		struct uc_element el = {.word = false};
		for (size_t i = 0; i < g->count && typed_only; i++)
			if (next[i]) (void)uc_element_at(g->commands[i].words, place, &el);
		if (typed_only && !el.word) return place;
		memcpy(set, next, g->count * sizeof *set);
	}
	return words->count;
}

char *uc_help_known(const struct uc_grammar *g, const struct uc_strv *words)
{
	UC_CLEANUP(uc_freep) bool *set = uc_zalloc(g->count, sizeof *set);
	struct uc_strv known = {.items = words->items, .count = follow(g, words, set, true)};
	return uc_strv_join(&known, " ");
}

static void add_option(struct uc_table *t, const struct uc_option *o)
{
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("--%s%s%s", o->name, o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
	UC_CLEANUP(uc_freep) char *help = uc_sprintf("%s%s", o->help, o->repeats ? " (may be repeated)" : "");
	uc_table_add(t, (const char *const[]){name, help}, 2);
}

static void print_options(uc_option_set which, bool global, FILE *out)
{
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	for (size_t i = 0; i < UC_OPT_COUNT; i++)
		if (uc_options[i].global == global && (global || (which >> i & 1) != 0)) add_option(&t, &uc_options[i]);
	if (t.cells.count == 0) return;
	uc_out_line(out, "%s", global ? "Options of every command:" : "Options:");
	uc_table_print(&t, out, 2);
}

static void print_one(const struct uc_command *c, FILE *out)
{
	uc_out_line(out, "Usage: %s%s", c->words, c->options == 0 ? "" : " [options]");
	uc_out_line(out, "%s", c->help);
	print_options(c->options, false, out);
	print_options(0, true, out);
}

void uc_help_print(const struct uc_grammar *g, const struct uc_strv *words, FILE *out)
{
	UC_CLEANUP(uc_freep) bool *set = uc_zalloc(g->count, sizeof *set);
	size_t known = follow(g, words, set, false);
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	const struct uc_command *only = NULL;
	for (size_t i = 0; i < g->count; i++) {
		if (!set[i]) continue;
		uc_table_add(&t, (const char *const[]){g->commands[i].words, g->commands[i].help}, 2);
		only = &g->commands[i];
	}
	if (t.cells.count == 2) {
		print_one(only, out);
		return;
	}
	uc_table_print(&t, out, 2);
	if (known == 0) print_options(0, true, out);
}

/* What can stand for an argument or the value of an option, by the name that it has in the tables. */
static void complete_argument(struct uc_slice name, struct uc_strv *out, bool *files)
{
	size_t count = 0;
	if (uc_slice_eq(name, uc_slice_str("PURPOSE")) || uc_slice_eq(name, uc_slice_str("NAME"))) {
		const struct uc_purpose *all = uc_purposes(&count);
		for (size_t i = 0; i < count; i++) uc_strv_add(out, all[i].name);
	} else if (uc_slice_eq(name, uc_slice_str("STORE"))) {
		const struct uc_trust_store *all = uc_trust_stores(&count);
		for (size_t i = 0; i < count; i++) uc_strv_add(out, all[i].name);
	} else if (uc_slice_eq(name, uc_slice_str("SETTING"))) {
		const struct uc_setting *all = uc_settings(&count);
		for (size_t i = 0; i < count; i++) uc_strv_add(out, all[i].name);
	} else if (uc_slice_eq(name, uc_slice_str("KIND"))) {
		const struct uc_key_spec *all = uc_key_specs(&count);
		for (size_t i = 0; i < count; i++) uc_strv_add(out, all[i].name);
	} else if (uc_slice_eq(name, uc_slice_str("FILE")) || uc_slice_eq(name, uc_slice_str("OLD")) ||
	           uc_slice_eq(name, uc_slice_str("NEW"))) {
		*files = true;
	}
}

/* Each alternative: one that stands for something gives what there is of it, the others themselves. */
static void complete_element(struct uc_slice text, struct uc_strv *out, bool *files)
{
	while (text.len > 0) {
		struct uc_slice one = uc_alternative_next(&text);
		if (uc_alternative_stands(one))
			complete_argument(one, out, files);
		else
			uc_strv_take(out, uc_strndup((const char *)one.ptr, one.len));
	}
}

static void complete_word(const struct uc_grammar *g, const bool *set, size_t place, struct uc_strv *out, bool *files)
{
	for (size_t i = 0; i < g->count; i++) {
		struct uc_element el;
		if (set[i] && uc_element_at(g->commands[i].words, place, &el)) complete_element(uc_slice_of(el.text, el.len), out, files);
	}
}

static void complete_option(const struct uc_grammar *g, const bool *set, struct uc_strv *out)
{
	uc_option_set allowed = 0;
	for (size_t i = 0; i < g->count; i++)
		if (set[i]) allowed |= g->commands[i].options;
	for (size_t i = 0; i < UC_OPT_COUNT; i++)
		if (uc_options[i].global || (allowed >> i & 1) != 0) uc_strv_take(out, uc_sprintf("--%s", uc_options[i].name));
}

/* The option that the last word leaves without its value, or NULL. */
static const struct uc_option *open_option(const struct uc_strv *before)
{
	const char *last = before->count == 0 ? "" : before->items[before->count - 1];
	for (size_t i = 0; i < UC_OPT_COUNT; i++)
		if (uc_starts_with(last, "--") && strcmp(last + 2, uc_options[i].name) == 0 && uc_options[i].value != NULL) return &uc_options[i];
	return NULL;
}

static void keep_matching(const struct uc_strv *all, const char *partial, struct uc_strv *out)
{
	size_t len = strlen(partial);
	for (size_t i = 0; i < all->count; i++) {
		if (strlen(all->items[i]) < len) continue;
		UC_CLEANUP(uc_freep) char *start = uc_strndup(all->items[i], len);
		if (uc_eq_nocase(start, partial)) uc_strv_add(out, all->items[i]);
	}
	uc_strv_sort_unique(out);
}

void uc_help_complete(const struct uc_grammar *g, const struct uc_strv *before, const char *partial, struct uc_strv *out, bool *files)
{
	struct uc_error e;
	*files = false;
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	UC_CLEANUP(uc_args_free) struct uc_args args = {.command = NULL};
	UC_CLEANUP(uc_freep) bool *set = uc_zalloc(g->count, sizeof *set);
	const struct uc_option *open = open_option(before);
	size_t count = open == NULL ? before->count : before->count - 1;
	if (uc_args_scan((const char *const *)before->items, count, &args, &e) != UC_OK) return;
	bool fits = follow(g, &args.typed, set, false) == args.typed.count;
	if (open != NULL)
		complete_element(uc_slice_str(open->value), &all, files);
	else if (fits && partial[0] == '-')
		complete_option(g, set, &all);
	else if (fits)
		complete_word(g, set, args.typed.count, &all, files);
	keep_matching(&all, partial, out);
}
