/* The migrations as they are built into the program: src/store/migrations/ through embed.py. Private to the room. */
#ifndef UC_STORE_MIGRATE_H
#define UC_STORE_MIGRATE_H

/* The SQL of migration number i + 1, with {{NAME}} where the dialects differ (db_driver.h). */
extern const char *const uc_migrations[];
extern const int uc_migration_count;

#endif
