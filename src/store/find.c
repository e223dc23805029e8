/* What a person asks for: conditions and the sort. */
#include "store/find.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "store/find_internal.h"

enum { MAX_VALUE = 1000 };

const struct uc_find_column uc_find_columns[] = {
    {"name", "k_name", UC_FIND_TEXT, 0},
    {"common-name", "k_common_name", UC_FIND_TEXT, 1},
    {"usage", "usage", UC_FIND_FEW, -1},
    {"unit", "k_unit", UC_FIND_FEW, -1},
    {"type", "type", UC_FIND_FEW, -1},
    {"key-type", "k_key_type", UC_FIND_FEW, -1},
    {"distribution", "distribution", UC_FIND_FEW, -1},
    {"subject", "k_subject", UC_FIND_TEXT, 2},
    {"issuer", "k_issuer", UC_FIND_TEXT, 3},
    {"serial", "serial", UC_FIND_HEX, 6},
    {"fingerprint", "fingerprint", UC_FIND_HEX, 5},
    {"description", "k_description", UC_FIND_TEXT, 4},
    {"expires", "not_after", UC_FIND_TIME, -1},
    {"starts", "not_before", UC_FIND_TIME, -1},
};
const size_t uc_find_column_count = sizeof uc_find_columns / sizeof uc_find_columns[0];

static const struct {
	const char *name, *column;
} aliases[] = {
    {"store", "unit"},         {"purpose", "unit"},      {"common_name", "common-name"}, {"common name", "common-name"},
    {"key_type", "key-type"},  {"key type", "key-type"}, {"certificate", "name"},        {"issued by", "issuer"},
    {"expiration", "expires"}, {"not_after", "expires"}, {"not_before", "starts"},
}; /* also the words of lists and consoles */

static const struct {
	const char *words;
	enum uc_find_op op;
	bool for_time, has_value;
} operators[] = {
    {"contains", UC_FIND_CONTAINS, false, true}, {"begins with", UC_FIND_BEGINS, false, true},
    {"begins", UC_FIND_BEGINS, false, true},     {"ends with", UC_FIND_ENDS, false, true},
    {"ends", UC_FIND_ENDS, false, true},         {"is empty", UC_FIND_EMPTY, false, false},
    {"is exactly", UC_FIND_IS, false, true},     {"is", UC_FIND_IS, false, true},
    {"before", UC_FIND_BEFORE, true, true},      {"after", UC_FIND_AFTER, true, true},
};

static int column_named(const char *name)
{
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
		if (uc_eq_nocase(aliases[i].name, name)) return column_named(aliases[i].column);
	for (size_t i = 0; i < uc_find_column_count; i++)
		if (uc_eq_nocase(uc_find_columns[i].name, name)) return (int)i;
	return -1;
}

/* All column names for a message. Free with free(). */
static char *column_list(void)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	for (size_t i = 0; i < uc_find_column_count; i++) uc_strv_add(&names, uc_find_columns[i].name);
	return uc_strv_join(&names, ", ");
}

static enum uc_status bad_condition(struct uc_error *e, const char *text, const char *what, const char *hint)
{
	return uc_fail_field(e, UC_EINPUT, "bad-condition", "where", hint, "condition '%s': %s", text, what);
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t') p++;
	return p;
}

/* Does p begin with these words, whatever the blanks between them? Then *rest is what follows. */
static bool takes_words(const char *p, const char *words, const char **rest)
{
	for (; *words != '\0'; words++) {
		if (*words == ' ') {
			if (*p != ' ' && *p != '\t') return false;
			p = skip_blanks(p);
		} else if (uc_ascii_lower(*p++) != *words) {
			return false;
		}
	}
	if (*p != '\0' && *p != ' ' && *p != '\t') return false;
	*rest = skip_blanks(p);
	return true;
}

/* A value without blanks at its end, and without the quotation marks around it. Free with free(). */
static char *plain_value(const char *p)
{
	size_t len = strlen(p);
	while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t')) len--;
	if (len >= 2 && p[0] == '"' && p[len - 1] == '"') return uc_strndup(p + 1, len - 2);
	return uc_strndup(p, len);
}

/* Hexadecimal is kept without separators. */
static void drop_separators(char *text)
{
	char *to = text;
	for (const char *p = text; *p != '\0'; p++)
		if (*p != ':' && *p != ' ') *to++ = *p;
	*to = '\0';
}

static enum uc_status take_value(struct uc_condition *c, const char *whole, const char *rest, struct uc_error *e)
{
	enum uc_find_kind kind = uc_find_columns[c->column].kind;
	UC_CLEANUP(uc_freep) char *value = plain_value(rest);
	if (value[0] == '\0') return bad_condition(e, whole, "it has no value", "Write for example: issuer contains Example");
	if (strlen(value) > MAX_VALUE) return bad_condition(e, whole, "the value is longer than 1000 bytes", NULL);
	if (!uc_utf8_valid(uc_slice_str(value))) return bad_condition(e, whole, "the value is not UTF-8", NULL);
	if (kind == UC_FIND_TIME) {
		if (uc_time_parse(value, &c->time, e) == UC_OK) return UC_OK;
		return bad_condition(e, whole, "there is no such date", "Write a date as 2026-11-25 or a time as 2026-11-25T10:00:00Z.");
	}
	c->value = uc_fold(value);
	/* The field calls the own certificates "Identity". */
	bool usage = strcmp(uc_find_columns[c->column].name, "usage") == 0;
	if (usage && uc_starts_with("identity", c->value)) {
		free(c->value);
		c->value = uc_strdup("own");
	}
	if (kind == UC_FIND_HEX) drop_separators(c->value);
	return UC_OK;
}

/* The column that a condition begins with, and what follows it; -1 when there is none. */
static int take_column(const char *p, const char **rest)
{
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
		if (takes_words(p, aliases[i].name, rest)) return column_named(aliases[i].column);
	for (size_t i = 0; i < uc_find_column_count; i++)
		if (takes_words(p, uc_find_columns[i].name, rest)) return (int)i;
	return -1;
}

enum uc_status uc_find_where(struct uc_find *f, const char *text, struct uc_error *e)
{
	if (f->count == UC_FIND_MAX_CONDITIONS) return bad_condition(e, text, "there are more than ten conditions", NULL);
	const char *p = skip_blanks(text);
	const char *rest = p;
	UC_CLEANUP(uc_freep) char *name = uc_strndup(p, strcspn(p, " \t"));
	struct uc_condition c = {.column = take_column(p, &rest)};
	if (c.column < 0) {
		UC_CLEANUP(uc_freep) char *names = column_list();
		UC_CLEANUP(uc_freep) char *hint = uc_sprintf("Columns: %s.", names);
		UC_CLEANUP(uc_freep) char *what = uc_sprintf("there is no column '%s'", name);
		return bad_condition(e, text, what, hint);
	}
	bool is_time = uc_find_columns[c.column].kind == UC_FIND_TIME;
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
		const char *value;
		if (operators[i].for_time != is_time || !takes_words(rest, operators[i].words, &value)) continue;
		if (!operators[i].has_value && *value != '\0') continue;
		c.op = operators[i].op;
		if (operators[i].has_value) UC_TRY(take_value(&c, text, value, e));
		f->conditions[f->count++] = c;
		return UC_OK;
	}
	UC_CLEANUP(uc_freep) char *what = uc_sprintf("'%s' is not followed by what it should be compared with", name);
	return bad_condition(e, text, what,
	                     is_time ? "Write: before DATE, after DATE."
	                             : "Write: contains, begins with, is, ends with and a value, or is empty.");
}

enum uc_status uc_find_sort(struct uc_find *f, const char *text, struct uc_error *e)
{
	bool descending = text[0] == '-';
	int column = column_named(text + (descending ? 1 : 0));
	if (column < 0) {
		UC_CLEANUP(uc_freep) char *names = column_list();
		UC_CLEANUP(uc_freep) char *hint = uc_sprintf("Columns, descending with a '-' before: %s.", names);
		return uc_fail_field(e, UC_EINPUT, "bad-sort", "sort", hint, "there is no column '%s' to sort by", text);
	}
	f->sort = column;
	f->descending = descending;
	return UC_OK;
}

enum uc_status uc_find_cursor(struct uc_find *f, const char *text, struct uc_error *e)
{
	UC_CLEANUP(uc_find_place_free) struct uc_find_place place = {.set = false};
	UC_TRY(uc_find_place_read(f, text, &place, e));
	free(f->cursor);
	f->cursor = uc_strdup(text);
	return UC_OK;
}

void uc_find_free(struct uc_find *f)
{
	for (size_t i = 0; i < f->count; i++) free(f->conditions[i].value);
	free(f->cursor);
	*f = (struct uc_find){.usage = NULL};
}
