/*
 * What a database driver is made of. Private to db.c, migrate.c and the drivers.
 *
 * The SQL of this room is the common subset of SQLite 3.40 and PostgreSQL 15; what differs is in here.
 */
#ifndef UC_STORE_DB_DRIVER_H
#define UC_STORE_DB_DRIVER_H

#include "store/db.h"

enum {
	UC_DB_MAX_PARAMS = 64,
	UC_DB_MAX_CACHED = 128 /* statements; far more than there are literals in this room */
};

/* What {{NAME}} stands for in a migration. */
struct uc_db_macro {
	const char *name, *text;
};

/* What a driver does whose database several nodes share; the functions are those of db.h without "uc_db_". */
struct uc_db_sharing {
	bool (*lost)(const struct uc_db *db);
	enum uc_status (*notify)(struct uc_db *db, struct uc_error *e);
	enum uc_status (*listen)(struct uc_db *db, struct uc_error *e);
	enum uc_status (*wait)(struct uc_db *db, int wake_fd, int timeout_ms, bool *notified, struct uc_error *e);
	enum uc_status (*now)(struct uc_db *db, uc_time *out, struct uc_error *e);
	enum uc_status (*claim)(struct uc_db *db, const char *name, bool *mine, struct uc_error *e);
	enum uc_status (*access_put)(struct uc_db *db, const char *node, const char *password, char **url, struct uc_error *e);
	enum uc_status (*access_drop)(struct uc_db *db, const char *node, struct uc_error *e);
	/* After a migration: the rights of the nodes reach what is new. */
	enum uc_status (*access_renew)(struct uc_db *db, struct uc_error *e);
	enum uc_status (*fit)(struct uc_db *db, bool *ours, struct uc_error *e);
	enum uc_status (*where)(const char *url, char **out, struct uc_error *e);
};

struct uc_db_driver {
	const char *schemes[2];              /* "sqlite" for "sqlite:PATH" */
	const struct uc_db_sharing *sharing; /* NULL when nobody shares the database */
	const struct uc_db_macro *macros;
	size_t macro_count;
	/* Put before a column in a condition, it keeps the planner from using the column's index; "" where the planner knows better. */
	const char *no_index;
	/* A condition on id for a list of them: before and after its parameter, whose text is the ids between open and close. */
	struct {
		const char *before, *after;
		char open, close;
	} id_list;

	const char *has_schema; /* a query of one number: is there a table schema_version? */
	const char *relax;      /* SQL for uc_db_relax(), or NULL */
	const char *tidy;       /* for uc_db_tidy(), */
	const char *scrub;      /* and for uc_db_scrub() */

	/* url is the whole, with its scheme. */
	enum uc_status (*open)(const char *url, enum uc_db_mode mode, struct uc_db **out, struct uc_error *e);
	void (*close)(struct uc_db *db);
	enum uc_status (*exec)(struct uc_db *db, const char *sql, struct uc_error *e);
	enum uc_status (*begin)(struct uc_db *db, enum uc_db_mode mode, struct uc_error *e);
	enum uc_status (*commit)(struct uc_db *db, struct uc_error *e);
	void (*rollback)(struct uc_db *db);

	enum uc_status (*prepare)(struct uc_db *db, const char *sql, struct uc_stmt **out, struct uc_error *e);
	void (*watch)(struct uc_db *db); /* go_on and ctx have changed */
	void (*finalize)(struct uc_stmt *s);
	void (*again)(struct uc_stmt *s); /* back to before the first row */
	void (*reset)(struct uc_stmt *s); /* and without values */
	void (*bind_text)(struct uc_stmt *s, int n, const char *text);
	void (*bind_int)(struct uc_stmt *s, int n, int64_t v);
	void (*bind_blob)(struct uc_stmt *s, int n, struct uc_slice v);
	enum uc_status (*step)(struct uc_stmt *s, bool *row, struct uc_error *e);
	int64_t (*affected)(struct uc_stmt *s);
	const char *(*col_text)(struct uc_stmt *s, int n);
	int64_t (*col_int)(struct uc_stmt *s, int n);
	struct uc_slice (*col_blob)(struct uc_stmt *s, int n);
	bool (*col_null)(struct uc_stmt *s, int n);

	enum uc_status (*text_change)(struct uc_db *db, bool add, int64_t id, const char *const values[UC_DB_TEXT_COLUMNS], struct uc_error *e);
	enum uc_status (*text_clear)(struct uc_db *db, struct uc_error *e); /* NULL when there is nothing to do */
	enum uc_status (*text_find)(struct uc_db *db, const struct uc_db_needle *needles, size_t count, size_t limit, struct uc_ids *out,
	                            struct uc_error *e);
};

/* The first member of a driver's own structure. */
struct uc_db {
	const struct uc_db_driver *driver;
	bool in_transaction;
	bool (*go_on)(void *ctx); /* uc_db_watch() */
	void *go_on_ctx;
	struct uc_stmt *cached[UC_DB_MAX_CACHED];
	size_t cached_count;
	size_t evict; /* where to look for the next one to drop */
};

struct uc_stmt {
	struct uc_db *db;
	char *sql;
	uint64_t hash; /* of sql */
	bool busy, cached;
};

extern const struct uc_db_driver uc_db_sqlite;
extern const struct uc_db_driver uc_db_postgres;

/* Where the path of "sqlite:PATH" begins, and so on: past the scheme and its colon. */
const char *uc_db_past_scheme(const char *url);

#endif
