/* The program: what every command works with, how it fails, and the way from one command line to its exit status. */
#ifndef UC_CLI_CLI_H
#define UC_CLI_CLI_H

#include <stdio.h>

#include "cli/client.h"
#include "cli/grammar.h"
#include "cli/url.h"

/* Requirements section 6. */
enum { UC_EXIT_DONE = 0, UC_EXIT_FAILED = 1, UC_EXIT_USAGE = 2, UC_EXIT_UNREACHABLE = 3 };

struct uc_cli {
	const struct uc_grammar *grammar;
	const char *socket;
	bool json;   /* print JSON, ask nothing */
	bool ask;    /* a person is at the terminal, so that questions make sense */
	bool colour; /* of findings */
	bool shell;  /* inside the interactive shell, or reading commands from standard input */
	bool leave;  /* the shell should end */
	FILE *out, *err;
};

/* The program. Returns the exit status. */
int uc_cli_main(int argc, char **argv);
/* One command line, without the program's name. Errors are printed. Returns the exit status. */
int uc_cli_run(struct uc_cli *cli, const char *const *argv, size_t argc);

/*
 * Prints a failure on standard error, with --json also as a problem document on standard output. Returns the exit status that belongs to
 * it: UC_EXIT_UNREACHABLE when the daemon is, else UC_EXIT_FAILED.
 */
int uc_cli_fail(struct uc_cli *cli, const struct uc_error *e);
/* As uc_cli_fail() for a command line that is wrong in itself; returns UC_EXIT_USAGE. */
int uc_cli_usage(struct uc_cli *cli, const struct uc_args *args, struct uc_error *e);
/* As uc_cli_fail() for an answer of the API whose status is 400 or more. */
int uc_cli_refused(struct uc_cli *cli, const struct uc_answer *answer);

/* GET. On success *json is owned by the caller, and UC_EXIT_DONE is returned; otherwise the failure is printed. */
int uc_cli_get(struct uc_cli *cli, struct uc_url *url, json_t **json);
/* POST of what makes no change of its own; body may be NULL. Otherwise as uc_cli_get(). */
int uc_cli_post(struct uc_cli *cli, struct uc_url *url, const json_t *body, json_t **json);
/*
 * Ends a command that only reads: prints json when --json asks for it, else calls show. Returns UC_EXIT_DONE.
 */
int uc_cli_show(struct uc_cli *cli, const json_t *json, void (*show)(struct uc_cli *cli, const json_t *json));
/* "ucpki " on a shell's command line, "" inside our own: for commands that are shown to be typed. */
const char *uc_cli_prefix(const struct uc_cli *cli);

#endif
