#include "cli/shell.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/line.h"
#include "cli/output.h"
#include "cli/shell_edit.h"
#include "core/mem.h"

enum { HISTORY_SIZE = 1000 };

UC_DEFINE_CLEANUP(el_freep, EditLine, el_end)
UC_DEFINE_CLEANUP(history_freep, History, history_end)

/* One line of input; an empty one and a comment do nothing. */
static int run_line(struct uc_cli *cli, const char *line)
{
	struct uc_error e;
	UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
	UC_CLEANUP(uc_args_free) struct uc_args none = {.command = NULL};
	if (uc_line_split(line, &words, &e) != UC_OK) return uc_cli_usage(cli, &none, &e);
	if (words.count == 0) return UC_EXIT_DONE;
	return uc_cli_run(cli, (const char *const *)words.items, words.count);
}

static int run_script(struct uc_cli *cli)
{
	/* A command that reads standard input itself gets what follows its line. */
	setvbuf(stdin, NULL, _IONBF, 0);
	UC_CLEANUP(uc_freep) char *line = NULL;
	size_t cap = 0;
	for (size_t number = 1; !cli->leave && getline(&line, &cap, stdin) >= 0; number++) {
		int status = run_line(cli, line);
		if (status == UC_EXIT_DONE) continue;
		uc_out_line(cli->err, "stopped at line %zu", number);
		return status;
	}
	return UC_EXIT_DONE;
}

static char *prompt(EditLine *el)
{
	(void)el;
	static char text[] = "admin:";
	return text;
}

/* The history's file, or NULL when there is no home. Free with free(). */
static char *history_path(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user = home == NULL ? getpwuid(getuid()) : NULL;
	if (user != NULL) home = user->pw_dir;
	return home == NULL || home[0] == '\0' ? NULL : uc_sprintf("%s/.ucpki_history", home);
}

static void remember(History *h, const char *path, const char *line)
{
	HistEvent event;
	if (line[strspn(line, " \t\r\n")] == '\0') return;
	history(h, &event, H_ENTER, line);
	if (path == NULL) return;
	mode_t before = umask(077);
	history(h, &event, H_SAVE, path);
	umask(before);
}

static void run_editor(struct uc_cli *cli, EditLine *el, History *h, const char *path, struct uc_edit *edit)
{
	while (!cli->leave) {
		int count = 0;
		edit->cancelled = false;
		/* The editor itself does this after it has shown the prompt: keys that come in between would be lost. */
		el_set(el, EL_PREP_TERM, 1);
		const char *line = el_gets(el, &count);
		if (edit->cancelled) continue;
		if (line == NULL || count <= 0) {
			fputc('\n', cli->out);
			return;
		}
		/* The editor's buffer is used again while the command runs: a question may be asked. */
		UC_CLEANUP(uc_freep) char *own = uc_strndup(line, (size_t)count);
		remember(h, path, own);
		run_line(cli, own);
	}
}

static int run_interactive(struct uc_cli *cli)
{
	struct uc_edit edit = {.cli = cli};
	HistEvent event;
	UC_CLEANUP(history_freep) History *h = history_init();
	UC_CLEANUP(el_freep) EditLine *el = el_init("ucpki", stdin, stdout, stderr);
	UC_CLEANUP(uc_freep) char *path = history_path();
	if (h == NULL || el == NULL) return run_script(cli);
	struct sigaction usual;
	uc_interrupt_catch(&usual);
	history(h, &event, H_SETSIZE, HISTORY_SIZE);
	history(h, &event, H_SETUNIQUE, 1);
	if (path != NULL) history(h, &event, H_LOAD, path);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_PROMPT, prompt);
	el_set(el, EL_SIGNAL, 1);
	el_set(el, EL_HIST, history, h);
	uc_edit_bind(el, &edit);
	run_editor(cli, el, h, path, &edit);
	sigaction(SIGINT, &usual, NULL);
	return UC_EXIT_DONE;
}

int uc_shell_run(struct uc_cli *cli)
{
	cli->shell = true;
	/* What is typed at a terminal through other programs is read by them: no escape codes but the line editor's. */
	cli->colour = false;
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? run_interactive(cli) : run_script(cli);
}
