#include <stdlib.h>
#include <string.h>

#include "pki/key.h"
#include "pki/name.h"
#include "store/store_internal.h"

/* The columns of entry that are made from a certificate and its entry. */
struct made {
	char fingerprint[UC_FINGERPRINT_HEX];
	char *serial, *subject, *issuer, *common_name;
	char *k_unit, *k_key_type, *k_name, *k_common_name, *k_description, *k_issuer, *k_subject;
	struct uc_key_info key;
	const char *type;
};

static void made_free(struct made *m)
{
	char *const all[] = {m->serial, m->subject,       m->issuer,        m->common_name, m->k_unit,   m->k_key_type,
	                     m->k_name, m->k_common_name, m->k_description, m->k_issuer,    m->k_subject};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

static struct made make(const struct uc_entry *entry)
{
	const struct uc_cert *c = entry->cert;
	struct made m = {.key = uc_key_info_of(c->spki)};
	uc_cert_fingerprint_hex(c, m.fingerprint);
	m.serial = uc_cert_serial_text(c);
	m.subject = uc_name_text(c->subject);
	m.issuer = uc_name_text(c->issuer);
	m.common_name = uc_name_cn(c->subject);
	if (m.common_name == NULL) m.common_name = uc_strdup("");
	/* Checking a signature is slow, so it is done once, here. */
	m.type = uc_cert_self_signed(c) ? "self-signed" : "ca-signed";
	m.k_unit = uc_fold(entry->unit);
	m.k_key_type = uc_fold(m.key.text);
	m.k_name = uc_fold(entry->name);
	m.k_common_name = uc_fold(m.common_name);
	m.k_description = uc_fold(entry->description);
	m.k_issuer = uc_fold(m.issuer);
	m.k_subject = uc_fold(m.subject);
	return m;
}

static enum uc_status refuse_bad_time(const struct uc_cert *c, struct uc_error *e)
{
	const struct uc_asn1_time *bad = !c->not_before.ok ? &c->not_before : &c->not_after;
	UC_CLEANUP(uc_freep) char *quote = uc_asn1_time_quote(bad);
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
	return uc_fail(e, UC_EREFUSED, "bad-time", "Ask its issuer for a certificate with times as RFC 5280 has them.",
	               "%s of the certificate '%s' is no valid time: %s %s", bad == &c->not_before ? "notBefore" : "notAfter", label, quote,
	               bad->fault);
}

/* Is this certificate in that store and scope already? */
static enum uc_status refuse_twice(struct uc_store *s, const struct uc_entry *entry, const char *fingerprint, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT name, usage, unit, scope FROM entry WHERE fingerprint = $1", &st, e));
	uc_bind_text(st, 1, fingerprint);
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) return UC_OK;
		if (strcmp(uc_col_text(st, 1), entry->usage) == 0 && strcmp(uc_col_text(st, 2), entry->unit) == 0 &&
		    strcmp(uc_col_text(st, 3), entry->scope) == 0)
			return uc_fail(e, UC_ECONFLICT, "already-there", "Nothing has to be done; delete it first to give it another name.",
			               "the certificate with fingerprint %s is in %s already, as %s", fingerprint, entry->unit, uc_col_text(st, 0));
	}
}

static enum uc_status count(struct uc_store *s, const char *usage, const char *unit, const char *scope, int by, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "INSERT INTO counter (usage, unit, scope, n) VALUES ($1, $2, $3, $4) "
	                  "ON CONFLICT (usage, unit, scope) DO UPDATE SET n = counter.n + $4",
	                  &st, e));
	uc_bind_text(st, 1, usage);
	uc_bind_text(st, 2, unit);
	uc_bind_text(st, 3, scope);
	uc_bind_int(st, 4, by);
	return uc_stmt_run(st, NULL, e);
}

static enum uc_status next_id(struct uc_store *s, int64_t *id, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT max(id) FROM entry", &st, e));
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*id = uc_col_int(st, 0) + 1;
	return UC_OK;
}

static enum uc_status insert(struct uc_store *s, int64_t id, const struct uc_entry *entry, const struct made *m, bool *inserted,
                             struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(
	    s->db,
	    "INSERT INTO entry (id, not_before, not_after, number, usage, scope, type, distribution, serial, fingerprint, k_unit, k_key_type, "
	    "k_name, "
	    "k_common_name, k_description, k_issuer, k_subject, unit, key_type, name, common_name, description, issuer, subject, origin) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25) "
	    "ON CONFLICT DO NOTHING",
	    &st, e));
	uc_bind_int(st, 1, id);
	uc_bind_int(st, 2, entry->cert->not_before.value);
	uc_bind_int(st, 3, entry->cert->not_after.value);
	uc_bind_int(st, 4, entry->number);
	const char *const texts[] = {entry->usage, entry->scope,  m->type,      entry->distribution, m->serial,        m->fingerprint,
	                             m->k_unit,    m->k_key_type, m->k_name,    m->k_common_name,    m->k_description, m->k_issuer,
	                             m->k_subject, entry->unit,   m->key.text,  entry->name,         m->common_name,   entry->description,
	                             m->issuer,    m->subject,    entry->origin};
	for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++) uc_bind_text(st, i + 5, texts[i]);
	int64_t affected;
	UC_TRY(uc_stmt_run(st, &affected, e));
	*inserted = affected == 1;
	return UC_OK;
}

enum uc_status uc_entry_add(struct uc_store *s, const struct uc_entry *entry, struct uc_error *e)
{
	if (!entry->cert->not_before.ok || !entry->cert->not_after.ok) return refuse_bad_time(entry->cert, e);
	UC_CLEANUP(made_free) struct made m = make(entry);
	UC_TRY(refuse_twice(s, entry, m.fingerprint, e));
	int64_t id;
	bool inserted;
	UC_TRY(next_id(s, &id, e));
	UC_TRY(insert(s, id, entry, &m, &inserted, e));
	if (!inserted)
		return uc_fail(e, UC_ECONFLICT, "name-taken", "Delete that entry first, or give the new one another name.",
		               "%s has an entry '%s' already", entry->unit, entry->name);
	UC_TRY(uc_cert_keep(s, entry->cert, e));
	const char *const texts[UC_DB_TEXT_COLUMNS] = {m.k_name,        m.k_common_name, m.k_subject, m.k_issuer,
	                                               m.k_description, m.fingerprint,   m.serial};
	UC_TRY(uc_db_text_change(s->db, true, id, texts, e));
	return count(s, entry->usage, entry->unit, entry->scope, 1, e);
}

enum uc_status uc_entry_remove(struct uc_store *s, const char *usage, const char *unit, const char *name, const char *scope, bool *found,
                               struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "SELECT id, k_name, k_common_name, k_subject, k_issuer, k_description, fingerprint, serial FROM entry "
	                  "WHERE usage = $1 AND unit = $2 AND name = $3 AND scope = $4",
	                  &st, e));
	uc_bind_text(st, 1, usage);
	uc_bind_text(st, 2, unit);
	uc_bind_text(st, 3, name);
	uc_bind_text(st, 4, scope);
	UC_TRY(uc_stmt_step(st, found, e));
	if (!*found) return UC_OK;
	const char *texts[UC_DB_TEXT_COLUMNS];
	for (int i = 0; i < UC_DB_TEXT_COLUMNS; i++) texts[i] = uc_col_text(st, i + 1);
	UC_TRY(uc_db_text_change(s->db, false, uc_col_int(st, 0), texts, e));
	UC_CLEANUP(uc_freep) char *fingerprint = uc_strdup(uc_col_text(st, 6));
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *drop = NULL;
	UC_TRY(uc_db_stmt(s->db, "DELETE FROM entry WHERE id = $1", &drop, e));
	uc_bind_int(drop, 1, uc_col_int(st, 0));
	UC_TRY(uc_stmt_run(drop, NULL, e));
	UC_TRY(count(s, usage, unit, scope, -1, e));
	return uc_cert_release(s, fingerprint, e);
}

enum uc_status uc_cert_keep(struct uc_store *s, const struct uc_cert *c, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(
	    s->db, "INSERT INTO cert (fingerprint, subject_hash, issuer_hash, der) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", &st, e));
	char fingerprint[UC_FINGERPRINT_HEX];
	uc_bind_text(st, 1, uc_cert_fingerprint_hex(c, fingerprint));
	uc_bind_int(st, 2, uc_name_hash(c->subject));
	uc_bind_int(st, 3, uc_name_hash(c->issuer));
	uc_bind_blob(st, 4, uc_buf_slice(&c->der));
	return uc_stmt_run(st, NULL, e);
}

enum uc_status uc_cert_release(struct uc_store *s, const char *fingerprint, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "DELETE FROM cert WHERE fingerprint = $1 AND NOT EXISTS (SELECT 1 FROM entry WHERE fingerprint = $1) "
	                  "AND NOT EXISTS (SELECT 1 FROM chain_link WHERE fingerprint = $1)",
	                  &st, e));
	uc_bind_text(st, 1, fingerprint);
	return uc_stmt_run(st, NULL, e);
}
