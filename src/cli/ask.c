#include "cli/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output.h"
#include "core/file.h"
#include "core/mem.h"
#include "pki/input.h"

enum { MAX_PASSWORD = 4096 };

static void free_line(char **line)
{
	if (*line != NULL) explicit_bzero(*line, strlen(*line));
	free(*line);
	*line = NULL;
}

/* A line without its line feed, or NULL at the end of input or after an interrupt. Free with free(). */
static char *read_line(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n = getline(&line, &cap, stdin);
	if (n < 0) {
		free(line);
		/* On a terminal the end of input is only the end of this answer. */
		clearerr(stdin);
		return NULL;
	}
	if (n > 0 && line[n - 1] == '\n') line[n - 1] = '\0';
	return line;
}

bool uc_ask_yes(struct uc_cli *cli, const char *question)
{
	for (;;) {
		fprintf(cli->out, "%s (yes/no)? ", question);
		fflush(cli->out);
		UC_CLEANUP(uc_freep) char *line = read_line();
		if (line == NULL) fputc('\n', cli->out);
		if (line == NULL || uc_eq_nocase(line, "no") || uc_eq_nocase(line, "n")) return false;
		if (uc_eq_nocase(line, "yes") || uc_eq_nocase(line, "y")) return true;
	}
}

static enum uc_status check_password(const char *text, struct uc_buf *out, struct uc_error *e)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((uint8_t)*p < 0x20 || *p == 0x7f)
			return uc_fail_field(e, UC_EINPUT, "bad-password", "password", NULL, "the password holds a control character");
	uc_buf_add_str(out, text);
	return UC_OK;
}

static void on_interrupt(int number)
{
	(void)number;
}

void uc_interrupt_catch(struct sigaction *before)
{
	/* Without SA_RESTART: what waits for input ends with EINTR. */
	struct sigaction action = {.sa_handler = on_interrupt};
	sigaction(SIGINT, &action, before);
}

/* The terminal is put right whatever happens: an interrupt only ends the answer. */
static char *read_silently(struct uc_cli *cli, const char *question, const struct termios *before)
{
	struct sigaction usual;
	struct termios silent = *before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	uc_interrupt_catch(&usual);
	/* Before the question, so that nothing of an answer that comes at once is shown, or lost. */
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fprintf(cli->out, "%s: ", question);
	fflush(cli->out);
	char *line = read_line();
	tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
	sigaction(SIGINT, &usual, NULL);
	return line;
}

enum uc_status uc_ask_password(struct uc_cli *cli, const char *question, struct uc_buf *out, struct uc_error *e)
{
	struct termios before;
	if (tcgetattr(STDIN_FILENO, &before) != 0) return uc_fail_errno(e, errno, "cannot ask for the password");
	UC_CLEANUP(free_line) char *line = read_silently(cli, question, &before);
	fputc('\n', cli->out);
	if (line == NULL) return uc_fail(e, UC_EINPUT, "no-password", "Nothing was changed.", "no password was given");
	return check_password(line, out, e);
}

enum uc_status uc_password_read(const char *path, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf content = UC_BUF_EMPTY;
	UC_TRY(uc_file_read(path, MAX_PASSWORD, &content, e));
	UC_CLEANUP(free_line) char *text = uc_strndup(content.len == 0 ? "" : (const char *)content.ptr, content.len);
	text[strcspn(text, "\r\n")] = '\0';
	return check_password(text, out, e);
}

/* Not through uc_file_read(), which would go on after an interrupt: half a paste must not be uploaded. */
static enum uc_status read_paste(struct uc_buf *out, struct uc_error *e)
{
	for (;;) {
		enum { CHUNK = 4096 };
		uint8_t *at = uc_buf_extend(out, CHUNK);
		ssize_t n = read(STDIN_FILENO, at, CHUNK);
		int failed = errno;
		out->len -= CHUNK - (n > 0 ? (size_t)n : 0);
		if (n < 0) return uc_fail(e, UC_EINPUT, "interrupted", "Nothing was changed.", "the paste was broken off: %s", strerror(failed));
		if (n == 0) return UC_OK;
		if (out->len > UC_INPUT_MAX)
			return uc_fail(e, UC_ELIMIT, "too-large", NULL, "the paste is larger than the limit of %zu bytes", UC_INPUT_MAX);
	}
}

enum uc_status uc_upload_read(struct uc_cli *cli, const char *path, const char *thing, struct uc_buf *out, struct uc_error *e)
{
	if (path == NULL) path = "-";
	if (strcmp(path, "-") != 0 || !isatty(STDIN_FILENO)) return uc_file_read(path, UC_INPUT_MAX, out, e);
	fflush(cli->out);
	uc_out_line(cli->err, "Paste %s and end with Ctrl-D.", thing);
	return read_paste(out, e);
}
