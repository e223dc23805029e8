/* How a file for phones is to be signed, from the options of a command. */
#ifndef UC_CLI_SIGNING_H
#define UC_CLI_SIGNING_H

#include "cli/grammar.h"
#include "trustlist/header.h"

/*
 * Reads --digest, --layout, --signer-version and --time; file_name, which is borrowed, is the name inside. UC_EINPUT "bad-time", which is a
 * usage error.
 */
enum uc_status uc_signing_read(const struct uc_args *args, const char *file_name, struct uc_tl_signing *out, struct uc_error *e) UC_MUST;

#endif
