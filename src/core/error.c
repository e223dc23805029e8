#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

static void fill(struct uc_error *e, enum uc_status code, const char *id, const char *field, const char *hint, const char *fmt, va_list ap)
    UC_PRINTF(6, 0);

static void fill(struct uc_error *e, enum uc_status code, const char *id, const char *field, const char *hint, const char *fmt, va_list ap)
{
	if (e == NULL) return;
	/* Made aside, since a caller may quote what *e holds already. */
	struct uc_error made = {.code = code};
	snprintf(made.id, sizeof made.id, "%s", id);
	snprintf(made.field, sizeof made.field, "%s", field != NULL ? field : "");
	snprintf(made.hint, sizeof made.hint, "%s", hint != NULL ? hint : "");
	vsnprintf(made.message, sizeof made.message, fmt, ap);
	/* Messages quote bytes of uploads: control characters must not reach a terminal or a log line, nor half a character JSON. */
	uc_text_printable(made.field);
	uc_text_printable(made.hint);
	uc_text_printable(made.message);
	*e = made;
}

enum uc_status uc_fail(struct uc_error *e, enum uc_status code, const char *id, const char *hint, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fill(e, code, id, NULL, hint, fmt, ap);
	va_end(ap);
	return code;
}

enum uc_status uc_fail_field(struct uc_error *e, enum uc_status code, const char *id, const char *field, const char *hint, const char *fmt,
                             ...)
{
	va_list ap;
	va_start(ap, fmt);
	fill(e, code, id, field, hint, fmt, ap);
	va_end(ap);
	return code;
}

enum uc_status uc_fail_errno(struct uc_error *e, int errnum, const char *fmt, ...)
{
	char what[768];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	if (errnum == ENOSPC || errnum == EDQUOT)
		return uc_fail(e, UC_EFULL, "disk-full", "Free space on that file system and try again; nothing was changed.", "%s: %s", what,
		               strerror(errnum));
	const char *hint = errnum == EROFS ? "The file system is read-only; remount it for writing and try again." : NULL;
	return uc_fail(e, UC_EIO, errnum == EROFS ? "read-only" : "system", hint, "%s: %s", what, strerror(errnum));
}

const char *uc_status_name(enum uc_status code)
{
	static const char *const names[] = {
	    [UC_OK] = "ok",
	    [UC_EINPUT] = "bad-input",
	    [UC_EAUTH] = "not-authorized",
	    [UC_ENOTFOUND] = "not-found",
	    [UC_ECONFLICT] = "conflict",
	    [UC_EREFUSED] = "refused",
	    [UC_ELIMIT] = "too-large",
	    [UC_EUNREACHABLE] = "unreachable",
	    [UC_EUNAVAILABLE] = "unavailable",
	    [UC_EIO] = "io",
	    [UC_EFULL] = "disk-full",
	    [UC_EINTERNAL] = "internal",
	};
	return names[code];
}
