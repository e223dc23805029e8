#include "store/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "store/db_driver.h"
#include "store/store_internal.h"

/* The first versions of the schema with what uc_log_backfill() makes, and with the reasons among it. */
enum { WITH_BESIDE = 3, WITH_WHY = 4 };

static const char newer_hint[] = "Start the program of the version that wrote it, or restore a backup made with this one.";

/* 0 when nothing has been put in the database yet. */
static enum uc_status stored_version(struct uc_db *db, int64_t *version, struct uc_error *e)
{
	UC_TRY(uc_db_number(db, db->driver->has_schema, version, e));
	return *version > 0 ? uc_db_number(db, "SELECT version FROM schema_version", version, e) : UC_OK;
}

static enum uc_status store_version(struct uc_db *db, int64_t version, struct uc_error *e)
{
	UC_TRY(uc_db_exec(db, "DELETE FROM schema_version", e));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	UC_TRY(uc_db_stmt(db, "INSERT INTO schema_version (version) VALUES ($1)", &s, e));
	uc_bind_int(s, 1, version);
	return uc_stmt_run(s, NULL, e);
}

static const char *macro(const struct uc_db_driver *d, const char *name, size_t len)
{
	for (size_t i = 0; i < d->macro_count; i++)
		if (strlen(d->macros[i].name) == len && memcmp(d->macros[i].name, name, len) == 0) return d->macros[i].text;
	return NULL;
}

/* The SQL with its {{NAME}}s replaced; NULL when the driver lacks one. */
static char *expand(const struct uc_db_driver *d, const char *sql)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	for (;;) {
		const char *open = strstr(sql, "{{");
		const char *close = open != NULL ? strstr(open, "}}") : NULL;
		if (close == NULL) break;
		const char *text = macro(d, open + 2, (size_t)(close - open) - 2);
		if (text == NULL) return NULL;
		uc_buf_add(&out, sql, (size_t)(open - sql));
		uc_buf_add_str(&out, text);
		sql = close + 2;
	}
	uc_buf_add_str(&out, sql);
	return uc_buf_take_str(&out);
}

static enum uc_status apply_from(struct uc_db *db, int64_t version, struct uc_error *e)
{
	for (int64_t i = version; i < uc_migration_count; i++) {
		UC_CLEANUP(uc_freep) char *sql = expand(db->driver, uc_migrations[i]);
		if (sql == NULL)
			return uc_fail(e, UC_EINTERNAL, "internal", NULL, "migration %lld uses a macro that the driver lacks", (long long)i + 1);
		UC_TRY(uc_db_exec(db, sql, e));
	}
	return version < uc_migration_count ? store_version(db, uc_migration_count, e) : UC_OK;
}

static enum uc_status refuse_newer(int64_t version, struct uc_error *e)
{
	return uc_fail(e, UC_EREFUSED, "schema-newer", newer_hint,
	               "the store has schema version %lld, from a newer program than this one, which knows %d", (long long)version,
	               uc_migration_count);
}

static enum uc_status refuse_older(int64_t version, const char *hint, struct uc_error *e)
{
	return uc_fail(e, UC_EREFUSED, "schema-older", hint, "the store has schema version %lld, this program needs %d", (long long)version,
	               uc_migration_count);
}

static enum uc_status apply_missing(struct uc_db *db, int64_t version, struct uc_error *e)
{
	if (version == 0) UC_TRY(uc_db_exec(db, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)", e));
	UC_TRY(apply_from(db, version, e));
	if (version < WITH_WHY) UC_TRY(uc_log_backfill(db, version >= WITH_BESIDE, e));
	return uc_db_shared(db) ? db->driver->sharing->access_renew(db, e) : UC_OK;
}

static enum uc_status migrate(struct uc_db *db, struct uc_error *e)
{
	int64_t version;
	UC_TRY(stored_version(db, &version, e));
	if (version > uc_migration_count) return refuse_newer(version, e);
	if (version == uc_migration_count) return UC_OK;
	struct uc_error why;
	enum uc_status status = apply_missing(db, version, &why);
	/* The nodes of a cluster may use its tables, but not change them. */
	if (version > 0 && status == UC_EREFUSED && strcmp(why.id, "store-access") == 0)
		return refuse_older(version, "Start ucpkid of this version on the publisher first, so that it brings the store up to date.", e);
	if (status != UC_OK && e != NULL) *e = why;
	return status;
}

enum uc_status uc_db_migrate(struct uc_db *db, struct uc_error *e)
{
	int64_t version;
	/* Mostly there is nothing to do, and then nobody has to wait for the lock. */
	UC_TRY(stored_version(db, &version, e));
	if (version == uc_migration_count) return UC_OK;
	UC_TRY(uc_db_begin(db, UC_DB_WRITE, e));
	enum uc_status status = migrate(db, e);
	if (status == UC_OK) return uc_db_commit(db, e);
	uc_db_rollback(db);
	return status;
}

enum uc_status uc_db_schema_check(struct uc_db *db, struct uc_error *e)
{
	int64_t version;
	UC_TRY(stored_version(db, &version, e));
	if (version == 0)
		return uc_fail(e, UC_ENOTFOUND, "store-missing", "Start ucpkid once, so that it sets the store up.", "the store is empty");
	if (version > uc_migration_count) return refuse_newer(version, e);
	if (version < uc_migration_count)
		return refuse_older(version, "Start ucpkid of this version once, so that it brings the store up to date.", e);
	return UC_OK;
}
