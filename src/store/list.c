/* Reading the lists that the cluster has published, and finding one by the beginning of its version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/digest.h"
#include "store/store_internal.h"

/* ---- versions ---- */

enum { MIN_DIGITS = 8, MAX_DIGITS = 2 * UC_SHA256_LEN };

enum uc_status uc_version_range(const char *begin, char low[UC_SHA256_HEX], char high[UC_SHA256_HEX + 1], struct uc_error *e)
{
	size_t len = strspn(begin, "0123456789abcdefABCDEF");
	if (len < MIN_DIGITS || len > MAX_DIGITS || begin[len] != '\0')
		return uc_fail_field(e, UC_EINPUT, "bad-version", "version", "Give at least the first 8 digits.",
		                     "'%.80s' is no version of a list: %d to %d hexadecimal digits", begin, MIN_DIGITS, MAX_DIGITS);
	for (size_t i = 0; i <= len; i++) low[i] = uc_ascii_lower(begin[i]);
	/* What comes after every digit. */
	snprintf(high, UC_SHA256_HEX + 1, "%sg", low);
	return UC_OK;
}

enum uc_status uc_version_only(struct uc_stmt *st, const char *list, const char *begin, char out[UC_SHA256_HEX], struct uc_error *e)
{
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row)
		return uc_fail(e, UC_ENOTFOUND, "no-list", "Look at the versions that there are (show list versions).",
		               "there is no version %s of the %s file", begin, list);
	snprintf(out, UC_SHA256_HEX, "%s", uc_col_text(st, 0));
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "ambiguous-version", "version", "Give more of its digits.",
	                     "several versions of the %s file begin with %s", list, begin);
}

enum uc_status uc_version_none(const char *list, struct uc_error *e)
{
	return uc_fail(e, UC_ENOTFOUND, "no-list", NULL, "no %s file has been published", list);
}

/* ---- those of the cluster ---- */

void uc_list_row_free(struct uc_list_row *r)
{
	free(r->list);
	uc_buf_free(&r->file);
	*r = (struct uc_list_row){.list = NULL};
}

/* A version is of the time of the change that published it. */
#define ROW_COLUMNS "SELECT list, list_version.number, version, at"
#define ROWS_OF_LIST " FROM list_version JOIN change ON change.number = list_version.number WHERE list = $1"
#define NEWEST_FIRST " ORDER BY list_version.number DESC"

/* Without the file. */
static enum uc_status read_row(struct uc_stmt *st, struct uc_list_row *out, struct uc_error *e)
{
	UC_TRY(uc_time_parse(uc_col_text(st, 3), &out->at, e));
	out->list = uc_strdup(uc_col_text(st, 0));
	out->number = uc_col_int(st, 1);
	snprintf(out->version, sizeof out->version, "%s", uc_col_text(st, 2));
	return UC_OK;
}

/* The whole of a version that begins so. */
static enum uc_status find_version(struct uc_store *s, const char *list, const char *begin, char out[UC_SHA256_HEX], struct uc_error *e)
{
	static const char sql[] = "SELECT DISTINCT version FROM list_version WHERE list = $1 AND version >= $2 AND version < $3 LIMIT 2";
	char low[UC_SHA256_HEX];
	char high[UC_SHA256_HEX + 1];
	UC_TRY(uc_version_range(begin, low, high, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, sql, &st, e));
	uc_bind_text(st, 1, list);
	uc_bind_text(st, 2, low);
	uc_bind_text(st, 3, high);
	return uc_version_only(st, list, begin, out, e);
}

enum uc_status uc_store_list(struct uc_store *s, const char *list, const char *version, struct uc_list_row *out, struct uc_error *e)
{
	static const char newest[] = ROW_COLUMNS ", content" ROWS_OF_LIST NEWEST_FIRST " LIMIT 1";
	static const char of_version[] = ROW_COLUMNS ", content" ROWS_OF_LIST " AND version = $2" NEWEST_FIRST " LIMIT 1";
	char whole[UC_SHA256_HEX];
	if (version != NULL) UC_TRY(find_version(s, list, version, whole, e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, version != NULL ? of_version : newest, &st, e));
	uc_bind_text(st, 1, list);
	if (version != NULL) uc_bind_text(st, 2, whole);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	if (!row) return uc_version_none(list, e);
	*out = (struct uc_list_row){.list = NULL};
	UC_TRY(read_row(st, out, e));
	uc_buf_add_slice(&out->file, uc_col_blob(st, 4));
	return UC_OK;
}

enum uc_status uc_store_lists(struct uc_store *s, const char *list, void (*each)(void *ctx, const struct uc_list_row *r), void *ctx,
                              struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, ROW_COLUMNS ROWS_OF_LIST NEWEST_FIRST, &st, e));
	uc_bind_text(st, 1, list);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		UC_CLEANUP(uc_list_row_free) struct uc_list_row r = {.list = NULL};
		UC_TRY(read_row(st, &r, e));
		each(ctx, &r);
	}
}
