/* Waiting for what another node has been asked to do. */
#ifndef UC_CLI_JOB_H
#define UC_CLI_JOB_H

#include "cli/cli.h"

/*
 * Asks the daemon for the job twice a second until it is done, failed or expired, and says on standard error when its state changes.
 * *job (owned) is the job as it ended, or NULL when that is not known. Returns UC_EXIT_DONE when it was done; else, also after Ctrl-C,
 * which ends the waiting and not the job, what uc_cli_fail() returns.
 */
int uc_job_wait(struct uc_cli *cli, const char *id, json_t **job);

#endif
