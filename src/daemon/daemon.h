/* The daemon at work: the node, what listens, and what is done now and then. */
#ifndef UC_DAEMON_DAEMON_H
#define UC_DAEMON_DAEMON_H

#include "daemon/config.h"

/*
 * Runs until SIGTERM or SIGINT, then ends in order. Says on standard output where it listens, and once the first password. *again: the node was given another name, and is to be started again
 * with the same command line.
 */
enum uc_status uc_daemon_run(const struct uc_config *config, bool *again, struct uc_error *e) UC_MUST;

#endif
