#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output.h"
#include "core/file.h"
#include "core/mem.h"
#include "pki/input.h"

enum { MAX_PASSWORD = 4096 };

/*
 * The terminal as a source of answers, in which Ctrl-C is never lost: neither between a question and the wait, nor between the wait and
 * the read.
 */
struct input {
	int fd;          /* of its own, so that it can be non-blocking without changing what other programs share */
	sigset_t before; /* the signals that were held before */
};

static void input_open(struct input *in)
{
	sigset_t interrupt;
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &in->before);
	in->fd = open("/dev/tty", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* Without a controlling terminal there is no Ctrl-C either. */
	if (in->fd < 0) in->fd = dup(STDIN_FILENO);
}

static void input_close(struct input *in)
{
	if (in->fd >= 0) close(in->fd);
	sigprocmask(SIG_SETMASK, &in->before, NULL);
}

/* Appends what there is; 0 at the end of input, negative with errno EINTR after Ctrl-C. */
static ssize_t input_read(const struct input *in, struct uc_buf *out)
{
	enum { CHUNK = 4096 };
	ssize_t n = -1;
	do {
		struct pollfd wait = {.fd = in->fd, .events = POLLIN};
		if (ppoll(&wait, 1, NULL, &in->before) < 0) return -1;
		uint8_t *at = uc_buf_extend(out, CHUNK);
		n = read(in->fd, at, CHUNK);
		out->len -= CHUNK - (n > 0 ? (size_t)n : 0);
	} while (n < 0 && errno == EAGAIN);
	return n;
}

/* Asks, and appends the line without its line feed to answer, which the caller wipes. False at the end of input or after an interrupt. */
static bool ask_line(const struct uc_cli *cli, const char *question, struct uc_buf *answer)
{
	UC_CLEANUP(input_close) struct input in;
	input_open(&in);
	fputs(question, cli->out);
	fflush(cli->out);
	do {
		if (input_read(&in, answer) <= 0) return false;
	} while (answer->ptr[answer->len - 1] != '\n');
	answer->ptr[answer->len - 1] = '\0';
	return true;
}

bool uc_ask_yes(struct uc_cli *cli, const char *question)
{
	UC_CLEANUP(uc_freep) char *prompt = uc_sprintf("%s (yes/no)? ", question);
	for (;;) {
		UC_CLEANUP(uc_buf_free) struct uc_buf answer = UC_BUF_EMPTY;
		bool given = ask_line(cli, prompt, &answer);
		const char *line = given ? (const char *)answer.ptr : "no";
		if (!given) fputc('\n', cli->out);
		if (uc_eq_nocase(line, "no") || uc_eq_nocase(line, "n")) return false;
		if (uc_eq_nocase(line, "yes") || uc_eq_nocase(line, "y")) return true;
	}
}

static enum uc_status take_password(const char *text, struct uc_buf *out, struct uc_error *e)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((uint8_t)*p < 0x20 || *p == 0x7f)
			return uc_fail_field(e, UC_EINPUT, "bad-password", "password", NULL, "the password holds a control character");
	out->len = 0;
	uc_buf_add(out, text, strlen(text) + 1);
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
static bool ask_silently(const struct uc_cli *cli, const char *question, const struct termios *before, struct uc_buf *answer)
{
	struct sigaction usual;
	struct termios silent = *before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	uc_interrupt_catch(&usual);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	bool given = ask_line(cli, question, answer);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, before);
	sigaction(SIGINT, &usual, NULL);
	return given;
}

enum uc_status uc_ask_password(struct uc_cli *cli, const char *question, struct uc_buf *out, struct uc_error *e)
{
	struct termios before;
	if (tcgetattr(STDIN_FILENO, &before) != 0) return uc_fail_errno(e, errno, "cannot ask for the password");
	UC_CLEANUP(uc_freep) char *prompt = uc_sprintf("%s: ", question);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf answer = UC_BUF_EMPTY;
	bool given = ask_silently(cli, prompt, &before, &answer);
	fputc('\n', cli->out);
	if (!given) return uc_fail(e, UC_EINPUT, "no-password", "Nothing was changed.", "no password was given");
	return take_password((const char *)answer.ptr, out, e);
}

enum uc_status uc_secret_line(const char *path, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf content = UC_BUF_EMPTY;
	UC_TRY(uc_file_read(path, MAX_PASSWORD, &content, e));
	uc_buf_add_u8(&content, '\0');
	const char *text = (const char *)content.ptr;
	uc_buf_add(out, text, strcspn(text, "\r\n"));
	uc_buf_add_u8(out, '\0');
	return UC_OK;
}

enum uc_status uc_password_option(const struct uc_args *args, struct uc_buf *out, struct uc_error *e)
{
	const char *path = uc_args_value(args, UC_OPT_PASSWORD_FILE);
	if (path == NULL) return UC_OK;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf line = UC_BUF_EMPTY;
	UC_TRY(uc_secret_line(path, &line, e));
	return take_password((const char *)line.ptr, out, e);
}

enum uc_status uc_password_need(struct uc_cli *cli, const struct uc_args *args, const char *question, struct uc_buf *out,
                                struct uc_error *e)
{
	if (uc_args_has(args, UC_OPT_PASSWORD_FILE)) return uc_password_option(args, out, e);
	if (cli->ask) return uc_ask_password(cli, question, out, e);
	return uc_fail(e, UC_EINPUT, "password-needed", "Put it into a file and name that with --password-file.",
	               "there is nobody to ask for the password");
}

/* Not through uc_file_read(), which would go on after an interrupt: half a paste must not be uploaded. */
static enum uc_status read_paste(struct uc_cli *cli, const char *thing, struct uc_buf *out, struct uc_error *e)
{
	UC_CLEANUP(input_close) struct input in;
	input_open(&in);
	fflush(cli->out);
	uc_out_line(cli->err, "Paste %s and end with Ctrl-D.", thing);
	for (;;) {
		ssize_t n = input_read(&in, out);
		if (n == 0) return UC_OK;
		if (n < 0 && errno == EINTR) return uc_fail(e, UC_EINPUT, "interrupted", "Nothing was changed.", "the paste was broken off");
		if (n < 0) return uc_fail_errno(e, errno, "cannot read the paste");
		if (out->len > UC_INPUT_MAX)
			return uc_fail(e, UC_ELIMIT, "too-large", NULL, "the paste is larger than the limit of %zu bytes", UC_INPUT_MAX);
	}
}

enum uc_status uc_upload_read(struct uc_cli *cli, const char *path, const char *thing, struct uc_buf *out, struct uc_error *e)
{
	if (path == NULL) path = "-";
	if (strcmp(path, "-") != 0 || !isatty(STDIN_FILENO)) return uc_file_read(path, UC_INPUT_MAX, out, e);
	return read_paste(cli, thing, out, e);
}
