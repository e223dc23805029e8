/* The PostgreSQL driver: can a cluster have its store in this database? Looked at before anything is put there. */
#include <stdlib.h>
#include <string.h>

#include "store/db_pg.h"

/*
 * One row of texts. The names are quoted as SQL wants them, so that they can stand in SQL that is shown. What belongs to an extension (a view of statistics, say) is no content of the
 * database's user.
 */
static const char question[] =
    "SELECT quote_ident(current_user), quote_ident(current_database()), quote_ident(current_schema()), "
    "r.rolsuper OR r.rolcreaterole, "
    "coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), "
    "r.rolsuper OR EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm') OR has_database_privilege(current_database(), 'CREATE'), "
    "EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'), "
    "s.tables > 0, "
    "(SELECT quote_ident(c.relname) FROM pg_class c WHERE c.relnamespace = s.schema AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND "
    "NOT "
    "EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e') ORDER BY c.relname "
    "LIMIT 1) "
    "FROM pg_roles r, (SELECT n.oid AS schema, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind = 'r' AND "
    "c.relname = 'schema_version') AS tables FROM (SELECT to_regnamespace(quote_ident(current_schema())) AS oid) n) s "
    "WHERE r.rolname = current_user";
enum column { ACCOUNT, DATABASE, SCHEMA, MAKES_ACCOUNTS, MAKES_TABLES, MAKES_EXTENSION, HAS_EXTENSION, IS_OURS, FIRST_TABLE };

static bool is_so(struct uc_stmt *s, enum column c)
{
	return uc_col_int(s, (int)c) == 1;
}

/* Another use of the database: tables of one name would be mixed up, and the cluster's nodes be given rights to what is not theirs. */
static enum uc_status check_own(struct pg_db *d, struct uc_stmt *s, struct uc_error *e)
{
	const char *table = uc_col_text(s, FIRST_TABLE);
	if (is_so(s, IS_OURS) || table[0] == '\0') return UC_OK;
	UC_CLEANUP(uc_freep)
	char *hint = uc_sprintf("The store needs a database of its own: CREATE DATABASE name OWNER %s ENCODING 'UTF8' TEMPLATE template0;",
	                        uc_col_text(s, ACCOUNT));
	return uc_fail(e, UC_ECONFLICT, "store-not-empty", hint, "the database %s holds something else already: %s", d->where, table);
}

static enum uc_status check_extension(struct pg_db *d, struct uc_stmt *s, struct uc_error *e)
{
	if (is_so(s, HAS_EXTENSION)) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "store-extension",
	               "Install it there: it is in the package postgresql-contrib, or comes with the server's.",
	               "the server of the store %s does not have the extension pg_trgm", d->where);
}

/* All that is missing at once, with the SQL that gives it. */
static enum uc_status check_rights(struct pg_db *d, struct uc_stmt *s, struct uc_error *e)
{
	const char *account = uc_col_text(s, ACCOUNT);
	UC_CLEANUP(uc_strv_free) struct uc_strv lacks = {.items = NULL};
	UC_CLEANUP(uc_strv_free) struct uc_strv sql = {.items = NULL};
	if (!is_so(s, MAKES_ACCOUNTS)) {
		uc_strv_add(&lacks, "make accounts (CREATEROLE), as it must for each node that joins");
		uc_strv_take(&sql, uc_sprintf("ALTER ROLE %s CREATEROLE;", account));
	}
	bool owner = is_so(s, MAKES_TABLES) && is_so(s, MAKES_EXTENSION);
	if (!is_so(s, MAKES_TABLES)) uc_strv_take(&lacks, uc_sprintf("make tables in the schema %s", uc_col_text(s, SCHEMA)));
	if (!is_so(s, MAKES_EXTENSION)) uc_strv_add(&lacks, "make the extension pg_trgm");
	if (!owner) uc_strv_take(&sql, uc_sprintf("ALTER DATABASE %s OWNER TO %s;", uc_col_text(s, DATABASE), account));
	if (lacks.count == 0) return UC_OK;
	UC_CLEANUP(uc_freep) char *what = uc_strv_join(&lacks, ", nor ");
	UC_CLEANUP(uc_freep) char *repair = uc_strv_join(&sql, " ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("As a superuser of the database server: %s", repair);
	return uc_fail(e, UC_EREFUSED, "store-access", hint, "the account %s of the store %s may not %s", account, d->where, what);
}

enum uc_status uc_pg_fit(struct uc_db *db, bool *ours, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	bool row;
	UC_TRY(uc_db_stmt(db, question, &s, e));
	UC_TRY(uc_stmt_step(s, &row, e));
	if (!row) return uc_fail(e, UC_EINTERNAL, "internal", NULL, "the store %s does not know its own account", uc_pg(db)->where);
	UC_TRY(check_own(uc_pg(db), s, e));
	UC_TRY(check_rights(uc_pg(db), s, e));
	UC_TRY(check_extension(uc_pg(db), s, e));
	*ours = is_so(s, IS_OURS);
	return UC_OK;
}
