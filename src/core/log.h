/*
 * The program narrates its work: one line per event on standard error, with time and level. Secrets never go through here.
 */
#ifndef UC_CORE_LOG_H
#define UC_CORE_LOG_H

#include "core/error.h"

enum uc_level { UC_LOG_ERROR, UC_LOG_WARN, UC_LOG_INFO, UC_LOG_DEBUG };

/* What is written: this level and those before it. The default is UC_LOG_INFO. */
void uc_log_level(enum uc_level most);
/* What is not printable is shown as '?': one event stays one line. */
void uc_log(enum uc_level level, const char *fmt, ...) UC_PRINTF(2, 3);
/* Logs an error object, with what was being done. */
void uc_log_error(const char *doing, const struct uc_error *e);

#endif
