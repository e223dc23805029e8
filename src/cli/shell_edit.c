#include "cli/shell_edit.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/help.h"
#include "cli/line.h"
#include "cli/output.h"
#include "core/mem.h"

UC_DEFINE_CLEANUP(dir_freep, DIR, closedir)

void uc_edit_files(const char *partial, struct uc_strv *out)
{
	const char *slash = strrchr(partial, '/');
	const char *name = slash == NULL ? partial : slash + 1;
	UC_CLEANUP(uc_freep) char *folder = uc_strndup(partial, (size_t)(name - partial));
	UC_CLEANUP(dir_freep) DIR *dir = opendir(folder[0] == '\0' ? "." : folder);
	if (dir == NULL) return;
	for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		const char *found = entry->d_name;
		bool hidden = found[0] == '.' && name[0] != '.';
		if (hidden || strcmp(found, ".") == 0 || strcmp(found, "..") == 0 || !uc_starts_with(found, name)) continue;
		UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s%s", folder, found);
		struct stat st;
		bool is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
		uc_strv_take(out, uc_sprintf("%s%s", path, is_dir ? "/" : ""));
	}
	uc_strv_sort_unique(out);
}

char *uc_edit_common(const struct uc_strv *words)
{
	if (words->count == 0) return uc_strdup("");
	size_t len = strlen(words->items[0]);
	for (size_t i = 1; i < words->count; i++) {
		size_t n = 0;
		while (n < len && words->items[i][n] == words->items[0][n]) n++;
		len = n;
	}
	/* Not half a character. */
	while (len > 0 && ((uint8_t)words->items[0][len] & 0xc0) == 0x80) len--;
	return uc_strndup(words->items[0], len);
}

char *uc_edit_quoted(const char *word)
{
	if (strpbrk(word, " \t\"'\\#") == NULL) return uc_strdup(word);
	struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add_u8(&out, '"');
	for (const char *p = word; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\') uc_buf_add_u8(&out, '\\');
		uc_buf_add_u8(&out, (uint8_t)*p);
	}
	uc_buf_add_u8(&out, '"');
	return uc_buf_take_str(&out);
}

/* The line editor counts characters, not bytes. */
static int characters(const char *text, size_t len)
{
	int n = 0;
	for (size_t i = 0; i < len; i++)
		if (((uint8_t)text[i] & 0xc0) != 0x80) n++;
	return n;
}

static struct uc_edit *edit_of(EditLine *el)
{
	void *data = NULL;
	el_get(el, EL_CLIENTDATA, &data);
	return data;
}

/* Puts text in place of the partial word before the cursor. */
static void replace_partial(EditLine *el, const struct uc_line *line, const char *text, bool finished)
{
	const LineInfo *info = el_line(el);
	size_t len = (size_t)(info->cursor - info->buffer);
	UC_CLEANUP(uc_freep) char *quoted = uc_edit_quoted(text);
	UC_CLEANUP(uc_freep) char *insert = uc_sprintf("%s%s", quoted, finished && !uc_ends_with(text, "/") ? " " : "");
	if (line->partial != NULL) el_deletestr(el, characters(info->buffer + line->start, len - line->start));
	el_insertstr(el, insert);
}

static unsigned char on_complete(EditLine *el, int key)
{
	(void)key;
	struct uc_edit *edit = edit_of(el);
	const LineInfo *info = el_line(el);
	UC_CLEANUP(uc_line_free) struct uc_line line;
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	bool files = false;
	uc_line_read(info->buffer, (size_t)(info->cursor - info->buffer), &line);
	const char *partial = line.partial == NULL ? "" : line.partial;
	uc_help_complete(edit->cli->grammar, &line.words, partial, &found, &files);
	if (files) uc_edit_files(partial, &found);
	if (found.count == 0) return CC_ERROR;
	UC_CLEANUP(uc_freep) char *common = uc_edit_common(&found);
	if (found.count == 1 || strlen(common) > strlen(partial)) {
		replace_partial(el, &line, common, found.count == 1);
		return CC_REFRESH;
	}
	fputc('\n', edit->cli->out);
	for (size_t i = 0; i < found.count; i++) uc_out_line(edit->cli->out, "  %s", found.items[i]);
	fflush(edit->cli->out);
	return CC_REDISPLAY;
}

/* '?' is a letter like any other inside quotes, and in words that are no command's. */
static bool is_letter(const struct uc_line *line)
{
	return line->quote != '\0' || (line->partial != NULL && strpbrk(line->partial, "/:.=?") != NULL);
}

static unsigned char on_question(EditLine *el, int key)
{
	(void)key;
	struct uc_edit *edit = edit_of(el);
	const LineInfo *info = el_line(el);
	struct uc_error e;
	UC_CLEANUP(uc_line_free) struct uc_line line;
	UC_CLEANUP(uc_args_free) struct uc_args args = {.command = NULL};
	uc_line_read(info->buffer, (size_t)(info->cursor - info->buffer), &line);
	if (is_letter(&line)) {
		el_insertstr(el, "?");
		return CC_REFRESH;
	}
	if (line.partial != NULL) uc_strv_add(&line.words, line.partial);
	fputs("?\n", edit->cli->out);
	/* What follows an option that cannot be read is left out of account. */
	(void)(uc_args_scan((const char *const *)line.words.items, line.words.count, &args, &e) == UC_OK);
	uc_help_print(edit->cli->grammar, &args.typed, edit->cli->out);
	fflush(edit->cli->out);
	return CC_REDISPLAY;
}

static unsigned char on_cancel(EditLine *el, int key)
{
	(void)key;
	struct uc_edit *edit = edit_of(el);
	const LineInfo *info = el_line(el);
	int length = characters(info->buffer, (size_t)(info->lastchar - info->buffer));
	el_cursor(el, length);
	el_deletestr(el, length);
	edit->cancelled = true;
	fputs("^C\n", edit->cli->out);
	fflush(edit->cli->out);
	return CC_NEWLINE;
}

void uc_edit_bind(EditLine *el, struct uc_edit *edit)
{
	el_set(el, EL_CLIENTDATA, edit);
	/* With wide names, which the editor keeps: of others it would make copies that it never frees. */
	el_wset(el, EL_ADDFN, L"uc-complete", L"Completes a word", on_complete);
	el_wset(el, EL_ADDFN, L"uc-help", L"Tells what can follow", on_question);
	el_wset(el, EL_ADDFN, L"uc-cancel", L"Gives the line up", on_cancel);
	el_set(el, EL_BIND, "\t", "uc-complete", NULL);
	el_set(el, EL_BIND, "?", "uc-help", NULL);
	/* While a line is edited Ctrl-C is a key, not a signal. */
	el_set(el, EL_SETTY, "-d", "-isig", NULL);
	el_set(el, EL_BIND, "^C", "uc-cancel", NULL);
}
