#include "core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/text.h"

static _Atomic int most_level = UC_LOG_INFO;

void uc_log_level(enum uc_level most)
{
	atomic_store(&most_level, (int)most);
}

void uc_log(enum uc_level level, const char *fmt, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	if ((int)level > atomic_load(&most_level)) return;
	va_list ap;
	va_start(ap, fmt);
	UC_CLEANUP(uc_freep) char *text = uc_vsprintf(fmt, ap);
	va_end(ap);
	uc_text_printable(text);
	char when[UC_TIME_TEXT];
	/* One call, so that lines of several threads do not mix. */
	fprintf(stderr, "%s %s: %s\n", uc_time_rfc3339(uc_now(), when), names[level], text);
}

/* What stands between a message, which mostly is a sentence without its full stop, and the hint. */
static const char *between(const struct uc_error *e)
{
	size_t len = strlen(e->message);
	if (e->hint[0] == '\0' || len == 0) return "";
	return strchr(".?!", e->message[len - 1]) != NULL ? " " : ". ";
}

void uc_log_error(const char *doing, const struct uc_error *e)
{
	uc_log(UC_LOG_ERROR, "%s: %s%s%s", doing, e->message, between(e), e->hint);
}
