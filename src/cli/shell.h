/* The interactive shell, and the reading of commands from standard input when that is no terminal. */
#ifndef UC_CLI_SHELL_H
#define UC_CLI_SHELL_H

#include "cli/cli.h"

/*
 * On a terminal: the prompt "admin:" with completion, '?' and history (~/.ucpki_history, 0600), until exit, quit or Ctrl-D. Otherwise:
 * one command a line; the first one that fails ends it. Returns the exit status: of the command that failed, else UC_EXIT_DONE.
 */
int uc_shell_run(struct uc_cli *cli);

#endif
