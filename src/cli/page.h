/* Lists that come in pages: --limit, --cursor, --all. */
#ifndef UC_CLI_PAGE_H
#define UC_CLI_PAGE_H

#include "cli/cli.h"

/*
 * Fetches the page that the options ask for, or with --all one after the other, and shows each with show (--json: all items in one
 * object). Says on standard error how to get the rest, and the daemon's notice. Returns the exit status.
 */
int uc_page_run(struct uc_cli *cli, const struct uc_args *args, const struct uc_url *url,
                void (*show)(struct uc_cli *cli, const struct uc_args *args, const json_t *items));

#endif
