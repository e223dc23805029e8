#include "cli/grammar.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

void uc_args_free(struct uc_args *a)
{
	uc_strv_free(&a->typed);
	uc_strv_free(&a->words);
	for (size_t i = 0; i < UC_OPT_COUNT; i++) uc_strv_free(&a->values[i]);
	free(a->in_order);
	*a = (struct uc_args){.command = NULL};
}

bool uc_args_has(const struct uc_args *a, enum uc_option_id id)
{
	return (a->given >> id & 1) != 0;
}

const char *uc_args_value(const struct uc_args *a, enum uc_option_id id)
{
	const struct uc_strv *v = &a->values[id];
	return v->count == 0 ? NULL : v->items[v->count - 1];
}

const char *uc_args_word(const struct uc_args *a, size_t index)
{
	return index < a->words.count ? a->words.items[index] : NULL;
}

bool uc_alternative_stands(struct uc_slice one)
{
	bool capital = false;
	for (size_t i = 0; i < one.len; i++) {
		if (one.ptr[i] >= 'a' && one.ptr[i] <= 'z') return false;
		capital = capital || (one.ptr[i] >= 'A' && one.ptr[i] <= 'Z');
	}
	return capital;
}

bool uc_element_at(const char *pattern, size_t place, struct uc_element *out)
{
	struct uc_element el = {.text = NULL};
	for (size_t i = 0; i <= place; i++) {
		pattern += strspn(pattern, " ");
		if (*pattern == '\0') {
			*out = el;
			return el.repeats;
		}
		size_t len = strcspn(pattern, " ");
		el = (struct uc_element){.text = pattern, .len = len, .optional = pattern[0] == '['};
		pattern += len;
		if (el.optional) {
			el.text++;
			el.len -= 2;
		}
		el.repeats = el.len > 3 && memcmp(el.text + el.len - 3, "...", 3) == 0;
		if (el.repeats) el.len -= 3;
		struct uc_slice rest = uc_slice_of(el.text, el.len);
		el.word = !uc_alternative_stands(uc_alternative_next(&rest));
	}
	*out = el;
	return true;
}

struct uc_slice uc_alternative_next(struct uc_slice *rest)
{
	const uint8_t *bar = rest->len == 0 ? NULL : memchr(rest->ptr, '|', rest->len);
	size_t len = bar == NULL ? rest->len : (size_t)(bar - rest->ptr);
	struct uc_slice first = uc_slice_of(rest->ptr, len);
	size_t taken = bar == NULL ? len : len + 1;
	*rest = taken == rest->len ? uc_slice_of(NULL, 0) : uc_slice_of(rest->ptr + taken, rest->len - taken);
	return first;
}

static bool prefix_nocase(struct uc_slice whole, const char *part)
{
	size_t len = strlen(part);
	if (len > whole.len) return false;
	for (size_t i = 0; i < len; i++)
		if (uc_ascii_lower((char)whole.ptr[i]) != uc_ascii_lower(part[i])) return false;
	return true;
}

/* The alternative that a typed word means: the whole word, or, unless exact, what it shortens; empty when none. */
static struct uc_slice alternative_of(const struct uc_element *el, const char *word, bool exact)
{
	struct uc_slice rest = uc_slice_of(el->text, el->len);
	while (rest.len > 0) {
		struct uc_slice one = uc_alternative_next(&rest);
		if (prefix_nocase(one, word) && (!exact || one.len == strlen(word))) return one;
	}
	return uc_slice_of(NULL, 0);
}

/* Does the word shorten two different alternatives of this one element? */
static bool shortens_two(const struct uc_element *el, const char *word)
{
	size_t found = 0;
	struct uc_slice rest = uc_slice_of(el->text, el->len);
	while (rest.len > 0) found += prefix_nocase(uc_alternative_next(&rest), word) ? 1 : 0;
	return found > 1;
}

enum fit { FIT_EXACT, FIT_SHORT, FIT_ARGUMENT, FIT_NONE };

static enum fit fit_of(const struct uc_command *c, size_t place, const char *word, struct uc_slice *meant)
{
	struct uc_element el;
	*meant = uc_slice_of(NULL, 0);
	if (!uc_element_at(c->words, place, &el)) return FIT_NONE;
	if (!el.word) return FIT_ARGUMENT;
	if (word[0] == '\0') return FIT_NONE;
	*meant = alternative_of(&el, word, true);
	if (meant->len > 0) return FIT_EXACT;
	/* What is not listed cannot be meant by a shortened word. */
	if (c->help == NULL) return FIT_NONE;
	*meant = alternative_of(&el, word, false);
	return meant->len > 0 ? FIT_SHORT : FIT_NONE;
}

size_t uc_grammar_step(const struct uc_grammar *g, bool *set, size_t place, const char *word, bool *ambiguous)
{
	enum fit best = FIT_NONE;
	struct uc_slice first = uc_slice_of(NULL, 0);
	bool several = false;
	for (size_t i = 0; i < g->count; i++) {
		struct uc_slice meant;
		enum fit fit = set[i] ? fit_of(&g->commands[i], place, word, &meant) : FIT_NONE;
		if (fit == FIT_NONE || fit > best) continue;
		if (fit < best) {
			best = fit;
			first = meant;
			several = false;
		}
		struct uc_element el;
		if (fit == FIT_SHORT && uc_element_at(g->commands[i].words, place, &el))
			several = several || !uc_slice_eq(first, meant) || shortens_two(&el, word);
	}
	size_t left = 0;
	for (size_t i = 0; i < g->count; i++) {
		struct uc_slice meant;
		set[i] = set[i] && best != FIT_NONE && fit_of(&g->commands[i], place, word, &meant) == best;
		left += set[i] ? 1 : 0;
	}
	if (ambiguous != NULL) *ambiguous = several;
	return left;
}

size_t uc_word_distance(const char *a, const char *b)
{
	enum { MAX_WORD = 40 };
	size_t n = strnlen(a, MAX_WORD);
	size_t m = strnlen(b, MAX_WORD);
	size_t d[MAX_WORD + 1][MAX_WORD + 1];
	for (size_t i = 0; i <= n; i++) d[i][0] = i;
	for (size_t j = 0; j <= m; j++) d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			char x = uc_ascii_lower(a[i - 1]);
			char y = uc_ascii_lower(b[j - 1]);
			size_t best = d[i - 1][j - 1] + (x == y ? 0 : 1);
			if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
			bool swapped = i > 1 && j > 1 && x == uc_ascii_lower(b[j - 2]) && y == uc_ascii_lower(a[i - 2]);
			if (swapped && d[i - 2][j - 2] + 1 < best) best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[n][m];
}

/* The words that can stand at this place after those already matched, each once, in the table's order. */
static void following(const struct uc_grammar *g, const bool *set, size_t place, struct uc_strv *out)
{
	for (size_t i = 0; i < g->count; i++) {
		struct uc_element el;
		if (!set[i] || g->commands[i].help == NULL || !uc_element_at(g->commands[i].words, place, &el)) continue;
		struct uc_slice rest = uc_slice_of(el.text, el.len);
		while (rest.len > 0) {
			struct uc_slice one = el.word ? uc_alternative_next(&rest) : rest;
			if (!el.word) rest = uc_slice_of(NULL, 0);
			UC_CLEANUP(uc_freep) char *text = uc_strndup((const char *)one.ptr, one.len);
			if (!uc_strv_has(out, text)) uc_strv_add(out, text);
		}
	}
}

static const char *nearest(const struct uc_strv *candidates, const char *word)
{
	const char *best = NULL;
	size_t least = strlen(word) / 3 + 2; /* further away is no likely slip */
	for (size_t i = 0; i < candidates->count; i++) {
		size_t d = uc_word_distance(candidates->items[i], word);
		if (d >= least) continue;
		least = d;
		best = candidates->items[i];
	}
	return best;
}

/* The words before this place as they were typed, followed by `word`. Free with free(). */
static char *line_up_to(const struct uc_args *a, size_t place, const char *word)
{
	struct uc_buf line = UC_BUF_EMPTY;
	for (size_t i = 0; i < place; i++) uc_buf_printf(&line, "%s ", a->typed.items[i]);
	uc_buf_add_str(&line, word);
	return uc_buf_take_str(&line);
}

static enum uc_status fail_unknown(const struct uc_grammar *g, const bool *before, const struct uc_args *a, size_t place,
                                   struct uc_error *e)
{
	const char *word = a->typed.items[place];
	UC_CLEANUP(uc_strv_free) struct uc_strv known = {.items = NULL};
	following(g, before, place, &known);
	UC_CLEANUP(uc_freep) char *typed = line_up_to(a, place, "");
	if (known.count == 0)
		return uc_fail_field(e, UC_EINPUT, "too-many-words", word, NULL, "'%s' is one word too many after '%.*s'", word,
		                     (int)strlen(typed) - 1, typed);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&known, ", ");
	const char *near = nearest(&known, word);
	UC_CLEANUP(uc_freep) char *line = near == NULL ? NULL : line_up_to(a, place, near);
	UC_CLEANUP(uc_freep) char *hint = near == NULL ? uc_sprintf("Known here: %s.", list) : uc_sprintf("Did you mean '%s'?", line);
	if (place == 0) return uc_fail_field(e, UC_EINPUT, "no-such-command", word, hint, "there is no command '%s'", word);
	return uc_fail_field(e, UC_EINPUT, "no-such-command", word, hint, "'%s' is not known after '%.*s'", word, (int)strlen(typed) - 1,
	                     typed);
}

static enum uc_status fail_ambiguous(const struct uc_grammar *g, const bool *set, const char *word, size_t place, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv meant = {.items = NULL};
	following(g, set, place, &all);
	for (size_t i = 0; i < all.count; i++)
		if (prefix_nocase(uc_slice_str(all.items[i]), word)) uc_strv_add(&meant, all.items[i]);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&meant, ", ");
	return uc_fail_field(e, UC_EINPUT, "ambiguous-word", word, "Write more of it.", "'%s' can mean %s", word, list);
}

static enum uc_status fail_incomplete(const struct uc_grammar *g, const bool *set, const struct uc_args *a, struct uc_error *e)
{
	size_t place = a->typed.count;
	UC_CLEANUP(uc_strv_free) struct uc_strv next = {.items = NULL};
	following(g, set, place, &next);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&next, ", ");
	UC_CLEANUP(uc_freep) char *line = uc_strv_join(&a->typed, " ");
	struct uc_element el = {.word = true};
	for (size_t i = 0; i < g->count; i++)
		if (set[i] && next.count == 1) (void)uc_element_at(g->commands[i].words, place, &el);
	if (!el.word) return uc_fail_field(e, UC_EINPUT, "argument-missing", list, NULL, "'%s' needs %s", line, list);
	return uc_fail(e, UC_EINPUT, "incomplete-command", NULL, "'%s' is not complete: after it comes %s%s", line,
	               next.count > 1 ? "one of " : "", list);
}

/* Keeps the commands that may end here, or, when none may, leaves the set as it is and returns NULL. */
static const struct uc_command *complete_one(const struct uc_grammar *g, const bool *set, size_t places)
{
	for (size_t i = 0; i < g->count; i++) {
		if (!set[i]) continue;
		struct uc_element el;
		size_t first = 0; /* a repeated element is needed once only */
		while (uc_element_at(g->commands[i].words, first, &el) && !el.repeats) first++;
		bool more = uc_element_at(g->commands[i].words, places, &el);
		if (!more || el.optional || (el.repeats && places > first)) return &g->commands[i];
	}
	return NULL;
}

static enum uc_status take_words(struct uc_args *a, struct uc_error *e)
{
	for (size_t i = 0; i < a->typed.count; i++) {
		struct uc_element el;
		if (!uc_element_at(a->command->words, i, &el)) return UC_OK;
		const char *typed = a->typed.items[i];
		/* An empty variable of a script must not turn into another path of the API. */
		if (typed[0] == '\0' && !el.optional)
			return uc_fail(e, UC_EINPUT, "argument-missing", NULL, "'%s': %.*s is empty", a->command->words, (int)el.len, el.text);
		if (!el.word) uc_strv_add(&a->words, typed);
		if (!el.word || memchr(el.text, '|', el.len) == NULL) continue;
		struct uc_slice meant = alternative_of(&el, typed, true);
		if (meant.len == 0) meant = alternative_of(&el, typed, false);
		uc_strv_take(&a->words, uc_strndup((const char *)meant.ptr, meant.len));
	}
	return UC_OK;
}

static enum uc_status check_options(const struct uc_args *a, struct uc_error *e)
{
	for (size_t i = 0; i < UC_OPT_COUNT; i++) {
		if ((a->given >> i & 1) == 0 || uc_options[i].global || (a->command->options >> i & 1) != 0) continue;
		return uc_fail_field(e, UC_EINPUT, "option-not-here", uc_options[i].name, NULL, "'%s' has no option --%s", a->command->words,
		                     uc_options[i].name);
	}
	return UC_OK;
}

enum uc_status uc_args_match(const struct uc_grammar *g, struct uc_args *a, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) bool *set = uc_zalloc(g->count, sizeof *set);
	UC_CLEANUP(uc_freep) bool *before = uc_zalloc(g->count, sizeof *before);
	for (size_t i = 0; i < g->count; i++) set[i] = true;
	for (size_t place = 0; place < a->typed.count; place++) {
		memcpy(before, set, g->count * sizeof *set);
		bool ambiguous = false;
		if (uc_grammar_step(g, set, place, a->typed.items[place], &ambiguous) == 0) return fail_unknown(g, before, a, place, e);
		if (ambiguous) return fail_ambiguous(g, set, a->typed.items[place], place, e);
	}
	a->command = complete_one(g, set, a->typed.count);
	if (a->command == NULL) return fail_incomplete(g, set, a, e);
	UC_TRY(take_words(a, e));
	return check_options(a, e);
}

static enum uc_status find_option(const char *name, size_t len, enum uc_option_id *id, struct uc_error *e)
{
	const char *near = NULL;
	UC_CLEANUP(uc_freep) char *wanted = uc_strndup(name, len);
	size_t least = len / 3 + 2;
	for (size_t i = 0; i < UC_OPT_COUNT; i++) {
		if (strcmp(uc_options[i].name, wanted) == 0) {
			*id = (enum uc_option_id)i;
			return UC_OK;
		}
		size_t d = uc_word_distance(uc_options[i].name, wanted);
		if (d >= least) continue;
		least = d;
		near = uc_options[i].name;
	}
	UC_CLEANUP(uc_freep) char *hint = near == NULL ? NULL : uc_sprintf("Did you mean --%s?", near);
	return uc_fail_field(e, UC_EINPUT, "no-such-option", wanted, hint, "there is no option --%s", wanted);
}

/* The value as it is stored. Values in capitals stand for any text; the others are the words that are allowed, whatever their case. */
static enum uc_status read_value(const struct uc_option *o, const char *value, char **out, struct uc_error *e)
{
	struct uc_element el = {.text = o->value, .len = strlen(o->value)};
	struct uc_slice rest = uc_slice_str(o->value);
	bool any = uc_alternative_stands(uc_alternative_next(&rest));
	struct uc_slice meant = any ? uc_slice_str(value) : alternative_of(&el, value, true);
	if (!any && meant.len == 0)
		return uc_fail_field(e, UC_EINPUT, "bad-option-value", o->name, NULL, "--%s is one of %s, not '%s'", o->name, o->value, value);
	*out = uc_strndup((const char *)meant.ptr, meant.len);
	return UC_OK;
}

static enum uc_status take_value(struct uc_args *a, enum uc_option_id id, const char *value, struct uc_error *e)
{
	const struct uc_option *o = &uc_options[id];
	if (a->values[id].count > 0 && !o->repeats)
		return uc_fail_field(e, UC_EINPUT, "option-twice", o->name, NULL, "--%s is there twice: '%s' and '%s'", o->name,
		                     a->values[id].items[0], value);
	char *own = NULL;
	UC_TRY(read_value(o, value, &own, e));
	uc_strv_take(&a->values[id], own);
	a->in_order = uc_realloc(a->in_order, a->in_order_count + 1, sizeof *a->in_order);
	a->in_order[a->in_order_count++] = (struct uc_typed_option){.id = id, .value = own};
	return UC_OK;
}

/* Reads the option at argv[*at] and moves *at to the last word that it takes. */
static enum uc_status scan_option(const char *const *argv, size_t argc, size_t *at, struct uc_args *a, struct uc_error *e)
{
	const char *name = argv[*at] + 2;
	const char *equals = strchr(name, '=');
	enum uc_option_id id = UC_OPT_COUNT;
	UC_TRY(find_option(name, equals == NULL ? strlen(name) : (size_t)(equals - name), &id, e));
	const struct uc_option *o = &uc_options[id];
	a->given |= (uc_option_set)1 << id;
	if (o->value == NULL && equals != NULL)
		return uc_fail_field(e, UC_EINPUT, "option-takes-no-value", o->name, NULL, "--%s takes no value, but '%s' is given", o->name,
		                     equals + 1);
	if (o->value == NULL) return UC_OK;
	if (equals != NULL) return take_value(a, id, equals + 1, e);
	const char *next = *at + 1 < argc ? argv[*at + 1] : NULL;
	/* A forgotten value must not swallow the next option: --why --yes. */
	if (next == NULL || uc_starts_with(next, "--")) {
		UC_CLEANUP(uc_freep) char *hint = next == NULL ? NULL : uc_sprintf("If the value is '%s', write --%s=%s.", next, o->name, next);
		return uc_fail_field(e, UC_EINPUT, "option-needs-value", o->name, hint, "--%s needs a value: %s", o->name, o->value);
	}
	(*at)++;
	return take_value(a, id, next, e);
}

enum uc_status uc_args_scan(const char *const *argv, size_t argc, struct uc_args *a, struct uc_error *e)
{
	bool words_only = false;
	for (size_t i = 0; i < argc; i++) {
		const char *word = argv[i];
		if (words_only || word[0] != '-' || word[1] == '\0') {
			uc_strv_add(&a->typed, word);
		} else if (strcmp(word, "--") == 0) {
			words_only = true;
		} else if (strcmp(word, "-h") == 0) {
			a->given |= UC_OPT(HELP);
		} else if (word[1] != '-') {
			return uc_fail_field(e, UC_EINPUT, "no-such-option", word, "Options begin with two dashes.", "there is no option %s", word);
		} else {
			UC_TRY(scan_option(argv, argc, &i, a, e));
		}
	}
	return UC_OK;
}
