#include "cli/output.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "core/mem.h"

void uc_out_line(FILE *out, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	UC_CLEANUP(uc_freep) char *line = uc_vsprintf(fmt, ap);
	va_end(ap);
	fprintf(out, "%s\n", uc_text_printable(line));
}

void uc_out_text(FILE *out, struct uc_slice text)
{
	size_t start = 0;
	for (size_t i = 0; i <= text.len; i++) {
		bool end = i == text.len;
		if (!end && text.ptr[i] != '\n' && text.ptr[i] != '\t') continue;
		/* NUL would end the piece early. */
		UC_CLEANUP(uc_freep) char *piece = uc_utf8_clean(uc_slice_of(text.ptr + start, i - start));
		fputs(uc_text_printable(piece), out);
		if (!end) fputc(text.ptr[i], out);
		if (end && i > start) fputc('\n', out);
		start = i + 1;
	}
}

void uc_out_json(FILE *out, const json_t *value)
{
	UC_CLEANUP(uc_freep) char *text = json_dumps(value, JSON_INDENT(2));
	if (text == NULL) abort();
	struct uc_slice rest = uc_slice_str(text);
	while (rest.len > 0) {
		uint32_t cp = 0;
		size_t n = uc_utf8_next(rest, &cp);
		if (n == 0) n = 1;
		if (cp >= 0x7f && cp < 0xa0)
			fprintf(out, "\\u%04x", (unsigned)cp);
		else
			fwrite(rest.ptr, 1, n, out);
		rest = uc_slice_of(rest.ptr + n, rest.len - n);
	}
	fputc('\n', out);
}

size_t uc_text_columns(const char *text)
{
	struct uc_slice rest = uc_slice_str(text);
	size_t columns = 0;
	while (rest.len > 0) {
		uint32_t cp = 0;
		size_t n = uc_utf8_next(rest, &cp);
		int width = n == 0 ? 1 : wcwidth((wchar_t)cp);
		columns += width < 0 ? 1 : (size_t)width;
		n = n == 0 ? 1 : n;
		rest = uc_slice_of(rest.ptr + n, rest.len - n);
	}
	return columns;
}

void uc_table_free(struct uc_table *t)
{
	uc_strv_free(&t->cells);
	t->columns = 0;
}

void uc_table_add(struct uc_table *t, const char *const *cells, size_t count)
{
	if (t->columns == 0) t->columns = count;
	for (size_t i = 0; i < t->columns; i++) {
		const char *cell = i < count ? cells[i] : "";
		char *own = uc_strdup(cell[0] == '\0' ? "-" : cell);
		uc_strv_take(&t->cells, uc_text_printable(own));
	}
}

void uc_table_print(const struct uc_table *t, FILE *out, size_t indent)
{
	if (t->columns == 0) return;
	UC_CLEANUP(uc_freep) size_t *widths = uc_zalloc(t->columns, sizeof *widths);
	for (size_t i = 0; i < t->cells.count; i++) {
		size_t n = uc_text_columns(t->cells.items[i]);
		if (n > widths[i % t->columns]) widths[i % t->columns] = n;
	}
	for (size_t i = 0; i < t->cells.count; i++) {
		size_t column = i % t->columns;
		const char *cell = t->cells.items[i];
		bool last = column + 1 == t->columns;
		size_t gap = last ? 0 : widths[column] - uc_text_columns(cell) + 2;
		fprintf(out, "%*s%s%*s", column == 0 ? (int)indent : 0, "", cell, (int)gap, "");
		if (last) fputc('\n', out);
	}
}

const char *uc_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text == NULL ? "" : text;
}

char *uc_json_joined(const json_t *object, const char *key)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	size_t i;
	json_t *item;
	json_array_foreach(json_object_get(object, key), i, item)
	{
		const char *text = json_string_value(item);
		if (text != NULL) uc_strv_add(&all, text);
	}
	return uc_strv_join(&all, ", ");
}

long long uc_json_number(const json_t *object, const char *key, long long otherwise)
{
	const json_t *value = json_object_get(object, key);
	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

char *uc_json_shown(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (json_is_integer(value)) return uc_sprintf("%lld", (long long)json_integer_value(value));
	if (json_is_boolean(value)) return uc_strdup(json_is_true(value) ? "yes" : "no");
	if (json_is_array(value)) return uc_json_joined(object, key);
	return uc_strdup(uc_json_text(object, key));
}

void uc_out_fields(FILE *out, const json_t *object, const struct uc_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		UC_CLEANUP(uc_freep) char *value = uc_json_shown(object, fields[i].key);
		if (value[0] != '\0') uc_out_line(out, "  %-15s %s", fields[i].title, value);
	}
}

void uc_out_objects(FILE *out, const json_t *items, const struct uc_field *fields, size_t count)
{
	UC_CLEANUP(uc_table_free) struct uc_table t = {.columns = 0};
	UC_CLEANUP(uc_strv_free) struct uc_strv heading = {.items = NULL};
	for (size_t c = 0; c < count; c++) uc_strv_add(&heading, fields[c].title);
	uc_table_add(&t, (const char *const *)heading.items, count);
	size_t i;
	json_t *item;
	json_array_foreach(items, i, item)
	{
		UC_CLEANUP(uc_strv_free) struct uc_strv values = {.items = NULL};
		for (size_t c = 0; c < count; c++) uc_strv_take(&values, uc_json_shown(item, fields[c].key));
		uc_table_add(&t, (const char *const *)values.items, count);
	}
	uc_table_print(&t, out, 0);
}

void uc_json_free(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}

char *uc_json_expiry(const json_t *row)
{
	const char *until = uc_json_text(row, "not_after");
	const char *distance = uc_json_text(row, "expires");
	if (strcmp(distance, "never") == 0) return uc_strdup("never");
	if (until[0] == '\0') return uc_strdup(uc_json_text(row, "state"));
	return distance[0] == '\0' ? uc_strdup(until) : uc_sprintf("%s, %s", until, distance);
}
