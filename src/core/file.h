/*
 * Files: whole reads with a limit, writes that either happen on disk or do not, and directories.
 *
 * A write is: a temporary file beside the target, mode set at creation, fsync, rename, fsync of the directory.
 */
#ifndef UC_CORE_FILE_H
#define UC_CORE_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/bytes.h"
#include "core/error.h"

/*
 * Reads a whole file of at most max bytes into out (appended). "-" is standard input. UC_ENOTFOUND when there is none, UC_ELIMIT when it is
 * larger, UC_EINPUT for a directory, UC_EIO.
 */
enum uc_status uc_file_read(const char *path, size_t max, struct uc_buf *out, struct uc_error *e) UC_MUST;

/*
 * Replaces path by data, durably: when it returns UC_OK the new content survives a power loss; otherwise the old content is untouched (unless
 * the directory could not be synced: then either may survive) and no temporary file is left. mode counts from the first byte.
 */
enum uc_status uc_file_write(const char *path, struct uc_slice data, mode_t mode, struct uc_error *e) UC_MUST;

/* As uc_file_write(), but UC_ECONFLICT when path exists (made with link, so that two writers cannot both win). */
enum uc_status uc_file_create(const char *path, struct uc_slice data, mode_t mode, struct uc_error *e) UC_MUST;

/* Removes path and syncs its directory. A missing file is UC_OK. */
enum uc_status uc_file_remove(const char *path, struct uc_error *e) UC_MUST;

/* Makes the directory and its parents, those it makes with the given mode, and syncs the parent. UC_OK when it exists. */
enum uc_status uc_dir_make(const char *path, mode_t mode, struct uc_error *e) UC_MUST;

bool uc_file_exists(const char *path);

/*
 * A point that a fault test can stop at: when the environment variable UCPKI_CRASH_AT is this name, the process kills itself with SIGKILL
 * here. Names are listed in docs/architecture.md.
 */
void uc_crash_point(const char *name);

#endif
