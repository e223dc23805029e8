/* The PostgreSQL driver: an account for each node, with just the rights that a node needs. */
#include <stdlib.h>
#include <string.h>

#include "pki/digest.h"
#include "store/db_pg.h"

/* The longest name that the server keeps whole. */
#define MAX_NAME 63

/* "ucpki_DATABASE_LAST", with the schema between them unless it is the usual one. Accounts are those of the whole server. Free with free(). */
static char *role_of(const struct pg_db *d, const char *last)
{
	bool usual = strcmp(d->schema, "public") == 0;
	char *name = uc_sprintf("ucpki_%s_%s%s%s", PQdb(d->h), usual ? "" : d->schema, usual ? "" : "_", last);
	if (strlen(name) <= MAX_NAME) return name;
	char hash[UC_SHA256_HEX];
	uc_sha256_hex(uc_slice_str(name), hash);
	free(name);
	return uc_sprintf("ucpki_%.40s", hash);
}

/* The role that has the rights, of which every node is a member. */
static char *group_of(const struct pg_db *d)
{
	return role_of(d, "nodes");
}

static enum uc_status exec_with(struct uc_db *db, const char *before, const char *name, const char *after, struct uc_error *e)
{
	UC_CLEANUP(uc_pg_freememp) char *quoted = PQescapeIdentifier(uc_pg(db)->h, name, strlen(name));
	if (quoted == NULL) return uc_pg_failed(uc_pg(db), NULL, "name an account of", e);
	UC_CLEANUP(uc_freep) char *sql = uc_sprintf("%s%s%s", before, quoted, after);
	return uc_pg_exec(db, sql, e);
}

static enum uc_status role_exists(struct uc_db *db, const char *role, bool *exists, struct uc_error *e)
{
	int64_t count;
	UC_TRY(uc_pg_number(db, "SELECT count(*) FROM pg_roles WHERE rolname = $1", role, NULL, &count, e));
	*exists = count > 0;
	return UC_OK;
}

/* Runs the statements that a statement makes, which is given the group and perhaps another text. */
static enum uc_status exec_made(struct uc_db *db, const char *sql, const char *group, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *s = NULL;
	bool row;
	UC_TRY(uc_db_stmt(db, sql, &s, e));
	uc_bind_text(s, 1, group);
	UC_TRY(uc_stmt_step(s, &row, e));
	return row && !uc_col_null(s, 0) ? uc_pg_exec(db, uc_col_text(s, 0), e) : UC_OK;
}

/*
 * The log can be added to, not rewritten: of a change only what undid it may be set. Only our own tables are given away: those of the owner of schema_version. The
 * rights to the database and the schema are granted only where they are missing, since whoever may not grant them gets an error.
 */
static enum uc_status grant(struct uc_db *db, const char *group, struct uc_error *e)
{
	static const char to_enter[] =
	    "SELECT concat("
	    "CASE WHEN NOT has_database_privilege($1::name, current_database(), 'CONNECT') THEN format('GRANT CONNECT ON DATABASE %I TO %I;', "
	    "current_database(), $1) END, "
	    "CASE WHEN NOT has_schema_privilege($1::name, current_schema(), 'USAGE') THEN format('GRANT USAGE ON SCHEMA %I TO %I;', "
	    "current_schema(), $1) END)";
	static const char to_tables[] =
	    "SELECT string_agg(format('REVOKE ALL ON %1$I.%2$I FROM %3$I; GRANT %4$s ON %1$I.%2$I TO %3$I', current_schema(), relname, "
	    "$1::text, "
	    "CASE relname WHEN 'change' THEN 'SELECT, INSERT, UPDATE (undone_by)' WHEN 'head' THEN 'SELECT, UPDATE' "
	    "WHEN 'schema_version' THEN 'SELECT' ELSE 'SELECT, INSERT, UPDATE, DELETE' END), ';') "
	    "FROM pg_class WHERE relkind = 'r' AND relnamespace = to_regnamespace(quote_ident(current_schema())) "
	    "AND relowner = (SELECT relowner FROM pg_class WHERE oid = to_regclass('schema_version'))";
	UC_TRY(exec_made(db, to_enter, group, e));
	return exec_made(db, to_tables, group, e);
}

enum uc_status uc_pg_access_renew(struct uc_db *db, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *group = group_of(uc_pg(db));
	bool exists;
	UC_TRY(role_exists(db, group, &exists, e));
	return exists ? grant(db, group, e) : UC_OK;
}

/* An account of this name that is no member of the group is somebody else's. */
static enum uc_status find_account(struct uc_db *db, const char *role, const char *group, bool *exists, struct uc_error *e)
{
	int64_t ours;
	UC_TRY(role_exists(db, role, exists, e));
	if (!*exists) return UC_OK;
	UC_TRY(uc_pg_number(
	    db, "SELECT count(*) FROM pg_auth_members WHERE member = to_regrole(quote_ident($1)) AND roleid = to_regrole(quote_ident($2))",
	    role, group, &ours, e));
	if (ours > 0) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "store-access", "Drop or rename that role of the database server, or give the node another name.",
	               "the database server has an account %s already, which is not one of this store's nodes", role);
}

/* "PASSWORD '...'", hashed here, so that no log of the server gets to see it. Free with free(). */
static enum uc_status password_clause(struct pg_db *d, const char *role, const char *password, char **out, struct uc_error *e)
{
	UC_CLEANUP(uc_pg_freememp) char *verifier = PQencryptPasswordConn(d->h, password, role, "scram-sha-256");
	UC_CLEANUP(uc_pg_freememp) char *literal = verifier != NULL ? PQescapeLiteral(d->h, verifier, strlen(verifier)) : NULL;
	if (literal == NULL) return uc_pg_failed(d, NULL, "make a password for", e);
	*out = uc_sprintf(" LOGIN PASSWORD %s", literal);
	return UC_OK;
}

enum uc_status uc_pg_access_put(struct uc_db *db, const char *node, const char *password, char **url, struct uc_error *e)
{
	struct pg_db *d = uc_pg(db);
	UC_CLEANUP(uc_freep) char *group = group_of(d);
	UC_CLEANUP(uc_freep) char *role = role_of(d, node);
	UC_CLEANUP(uc_freep) char *clause = NULL;
	bool exists;
	UC_TRY(password_clause(d, role, password, &clause, e));
	UC_TRY(role_exists(db, group, &exists, e));
	if (!exists) UC_TRY(exec_with(db, "CREATE ROLE ", group, " NOLOGIN", e));
	UC_TRY(grant(db, group, e));
	UC_TRY(find_account(db, role, group, &exists, e));
	UC_TRY(exec_with(db, exists ? "ALTER ROLE " : "CREATE ROLE ", role, clause, e));
	if (!exists) {
		UC_CLEANUP(uc_pg_freememp) char *quoted = PQescapeIdentifier(d->h, group, strlen(group));
		UC_CLEANUP(uc_freep) char *before = uc_sprintf("GRANT %s TO ", quoted);
		UC_TRY(exec_with(db, before, role, "", e));
	}
	return uc_pg_url_with(d->url, PQdb(d->h), role, password, url, e);
}

enum uc_status uc_pg_access_drop(struct uc_db *db, const char *node, struct uc_error *e)
{
	struct pg_db *d = uc_pg(db);
	UC_CLEANUP(uc_freep) char *group = group_of(d);
	UC_CLEANUP(uc_freep) char *role = role_of(d, node);
	bool exists;
	int64_t ended;
	UC_TRY(find_account(db, role, group, &exists, e));
	if (!exists) return UC_OK;
	/* Only a member may end a role's connections. One that is made before the commit is no danger: the role and all its rights are gone with that. */
	UC_TRY(exec_with(db, "GRANT ", role, " TO CURRENT_USER", e));
	UC_TRY(uc_pg_number(db, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1", role, NULL, &ended, e));
	/* Everybody may make temporary tables and large objects, and a role that owns one could not be dropped. */
	UC_TRY(exec_with(db, "DROP OWNED BY ", role, "", e));
	return exec_with(db, "DROP ROLE ", role, "", e);
}
