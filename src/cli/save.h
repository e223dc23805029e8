/* Where the bytes that a command makes go: to a file, or to standard output. */
#ifndef UC_CLI_SAVE_H
#define UC_CLI_SAVE_H

#include <sys/types.h>

#include "cli/cli.h"

/*
 * Writes data to path and says so; to standard output when path is NULL or "-": byte by byte to a file or a pipe; a terminal gets text only,
 * without control characters. Returns the exit status; a failure ("binary-to-terminal", or of uc_file_write()) is printed.
 */
int uc_save(struct uc_cli *cli, const char *path, struct uc_slice data, mode_t mode);

#endif
