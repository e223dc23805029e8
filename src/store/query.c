#include <stdarg.h>
#include <stdlib.h>

#include "store/find_internal.h"

void uc_query_free(struct uc_query *q)
{
	for (int i = 0; i < q->count; i++) free(q->params[i].text);
	uc_buf_free(&q->sql);
	q->count = 0;
}

void uc_query_add(struct uc_query *q, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	UC_CLEANUP(uc_freep) char *text = uc_vsprintf(fmt, ap);
	va_end(ap);
	uc_buf_add_str(&q->sql, text);
}

static void param(struct uc_query *q, char *text, int64_t number)
{
	/* There are at most ten conditions of two each and a few more. */
	if (q->count == UC_QUERY_MAX_PARAMS) abort();
	q->params[q->count].text = text;
	q->params[q->count].number = number;
	q->count++;
	uc_buf_printf(&q->sql, "$%d", q->count);
}

void uc_query_text(struct uc_query *q, const char *text)
{
	param(q, uc_strdup(text), 0);
}

void uc_query_number(struct uc_query *q, int64_t v)
{
	param(q, NULL, v);
}

enum uc_status uc_query_stmt(struct uc_db *db, const struct uc_query *q, struct uc_stmt **out, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *sql = uc_strndup((const char *)q->sql.ptr, q->sql.len);
	UC_TRY(uc_db_stmt(db, sql, out, e));
	for (int i = 0; i < q->count; i++)
		if (q->params[i].text != NULL)
			uc_bind_text(*out, i + 1, q->params[i].text);
		else
			uc_bind_int(*out, i + 1, q->params[i].number);
	return UC_OK;
}
