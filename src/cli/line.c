#include "cli/line.h"

#include <stdlib.h>
#include <string.h>

#include "core/mem.h"

void uc_line_free(struct uc_line *l)
{
	uc_strv_free(&l->words);
	free(l->partial);
	*l = (struct uc_line){.partial = NULL};
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Does a backslash inside these quotes keep the next character? */
static bool escapes(char quote, char next)
{
	return quote == '\0' || (quote == '"' && (next == '"' || next == '\\'));
}

void uc_line_read(const char *text, size_t len, struct uc_line *out)
{
	*out = (struct uc_line){.partial = NULL};
	struct uc_buf word = UC_BUF_EMPTY;
	bool inside = false;
	char quote = '\0';
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (quote == '\0' && is_blank(c)) {
			if (inside) uc_strv_take(&out->words, uc_buf_take_str(&word));
			inside = false;
			continue;
		}
		if (!inside && c == '#') break;
		if (!inside) out->start = i;
		inside = true;
		if (c == '\\' && quote != '\'' && i + 1 == len) {
			quote = '\\';
		} else if (c == '\\' && quote != '\'' && escapes(quote, text[i + 1])) {
			uc_buf_add_u8(&word, (uint8_t)text[++i]);
		} else if (quote == '\0' && (c == '"' || c == '\'')) {
			quote = c;
		} else if (c == quote) {
			quote = '\0';
		} else {
			uc_buf_add_u8(&word, (uint8_t)c);
		}
	}
	out->quote = quote;
	if (inside) out->partial = uc_buf_take_str(&word);
	uc_buf_free(&word);
}

enum uc_status uc_line_split(const char *text, struct uc_strv *out, struct uc_error *e)
{
	UC_CLEANUP(uc_line_free) struct uc_line line;
	uc_line_read(text, strlen(text), &line);
	if (line.quote != '\0')
		return uc_fail(e, UC_EINPUT, "open-quote", "Close it, or write a backslash before it.", "a %c at the end of the line is left open",
		               line.quote);
	for (size_t i = 0; i < line.words.count; i++) uc_strv_add(out, line.words.items[i]);
	if (line.partial != NULL) uc_strv_take(out, uc_move(line.partial));
	return UC_OK;
}
