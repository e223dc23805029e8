/* What lists say. */
#include "manage/lists.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/lists_source.h"
#include "pki/digest.h"
#include "pki/report.h"

/* ---- the records, as data ---- */

enum whose { PUBLISHERS, OWN, EVERY, OTHERS };

/* In the order in which they stand in a list. */
struct row {
	const char *purpose;
	enum whose whose;     /* OWN: of the node whose list it is, OTHERS: of all but the publisher, EVERY: the publisher's first */
	unsigned role, mixed; /* in non-secure and in mixed mode */
	unsigned when;
};

/* When a row counts. */
enum {
	ALWAYS = 0,
	ADVANCED = 1 << 0, /* only with the setting list-encryption = advanced */
	MIXED = 1 << 1,    /* only in mixed mode */
	BARE = 1 << 2      /* without its certificate in non-secure mode: phones go without TLS then */
};

static const struct row itl_rows[] = {
    {"ITLRecovery", PUBLISHERS, UC_TL_SAST, UC_TL_SAST, ALWAYS}, {"CallManager", OWN, UC_TL_SAST, UC_TL_SAST, ALWAYS},
    {"CallManager", OWN, UC_TL_TFTP, UC_TL_CCM_TFTP, ALWAYS},    {"CallManager-ECDSA", OWN, UC_TL_TFTP, UC_TL_CCM_TFTP, ADVANCED},
    {"CAPF", PUBLISHERS, UC_TL_CAPF, UC_TL_CAPF, ALWAYS},        {"TVS", EVERY, UC_TL_TVS, UC_TL_TVS, ALWAYS},
};
static const struct row ctl_rows[] = {
    {"ITLRecovery", PUBLISHERS, UC_TL_SAST, UC_TL_SAST, ALWAYS},
    {"CallManager", PUBLISHERS, UC_TL_SAST, UC_TL_SAST, ALWAYS},
    {"CallManager", PUBLISHERS, UC_TL_CCM_TFTP, UC_TL_CCM_TFTP, BARE},
    {"CAPF", PUBLISHERS, UC_TL_CAPF, UC_TL_CAPF, MIXED},
    {"CallManager", OTHERS, UC_TL_CCM_TFTP, UC_TL_CCM_TFTP, BARE},
    {"CallManager-ECDSA", EVERY, UC_TL_CCM_TFTP, UC_TL_CCM_TFTP, ADVANCED | MIXED},
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- making one ---- */

struct making {
	const struct uc_list_source *source;
	struct uc_list_draft *out;
	const char *publisher; /* the name of that node, or "" */
};

void uc_list_draft_free(struct uc_list_draft *d)
{
	for (size_t i = 0; i < d->count; i++) {
		free(d->entries[i].node);
		uc_cert_free(d->entries[i].cert);
		free(d->entries[i].key);
	}
	free(d->entries);
	free(d->node);
	free(d->other);
	*d = (struct uc_list_draft){.entries = NULL};
}

static struct uc_list_entry *more(struct uc_list_draft *d)
{
	d->entries = uc_realloc(d->entries, d->count + 1, sizeof *d->entries);
	d->entries[d->count] = (struct uc_list_entry){.purpose = ""};
	return &d->entries[d->count++];
}

static const char *publisher_of(const struct uc_list_source *s)
{
	for (size_t i = 0; i < s->place_count; i++)
		if ((s->places[i].roles & UC_NODE_PUBLISHER) != 0) return s->places[i].name;
	return "";
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Has the node that signs this list the key: as its own, or sealed to it? The CTL is signed by the publisher. */
static bool key_here(const struct making *m, const struct uc_list_holding *h)
{
	const char *signer = m->out->ctl ? m->publisher : m->out->node;
	UC_CLEANUP(uc_freep) char *sealed = uc_sprintf("%s/%s", h->key, signer);
	return is(h->node, signer) || uc_strv_has(&m->source->sealed, sealed);
}

/* A phone needs the same certificate in the same role once; but a call manager's record is also that of its node. */
static bool repeats(const struct uc_list_draft *d, const struct uc_list_holding *h, unsigned role)
{
	if (role == UC_TL_CCM_TFTP || h->cert == NULL) return false;
	for (size_t i = 0; i < d->count; i++)
		if (d->entries[i].role == role && d->entries[i].cert != NULL && uc_cert_eq(d->entries[i].cert, h->cert)) return true;
	return false;
}

static void add_holding(const struct making *m, const struct row *r, const struct uc_list_holding *h)
{
	bool mixed = m->source->mixed;
	unsigned role = mixed ? r->mixed : r->role;
	if (repeats(m->out, h, role)) return;
	struct uc_list_entry *entry = more(m->out);
	entry->node = uc_strdup(h->node);
	entry->purpose = r->purpose;
	entry->role = role;
	entry->key = uc_strdup(h->key);
	entry->key_here = key_here(m, h);
	if ((r->when & BARE) != 0 && !mixed) return;
	entry->unmade = h->unmade;
	if (h->cert != NULL) {
		entry->cert = uc_cert_dup(h->cert);
		memcpy(entry->fingerprint, h->cert->fingerprint, sizeof entry->fingerprint);
	} else {
		UC_CLEANUP(uc_freep) char *unmade = uc_sprintf("not made yet: %s of %s", h->purpose, h->node);
		uc_sha256(uc_slice_str(unmade), entry->fingerprint);
	}
}

static bool belongs(const struct making *m, enum whose whose, const char *node)
{
	bool publisher = is(node, m->publisher);
	switch (whose) {
	case PUBLISHERS:
		return publisher;
	case OWN:
		return strcmp(node, m->out->node) == 0;
	case OTHERS:
		return !publisher;
	case EVERY:
	default:
		return true;
	}
}

static void add_of_node(const struct making *m, const struct row *r, const char *node)
{
	if (!belongs(m, r->whose, node)) return;
	for (size_t i = 0; i < m->source->held_count; i++) {
		const struct uc_list_holding *h = &m->source->held[i];
		if (strcmp(h->node, node) == 0 && strcmp(h->purpose, r->purpose) == 0) add_holding(m, r, h);
	}
}

/* The publisher's first, then those of the other nodes by their names. */
static void add_row(const struct making *m, const struct row *r)
{
	if (((r->when & ADVANCED) != 0 && !m->source->advanced) || ((r->when & MIXED) != 0 && !m->source->mixed)) return;
	add_of_node(m, r, m->publisher);
	for (size_t i = 0; i < m->source->place_count; i++)
		if (!is(m->source->places[i].name, m->publisher)) add_of_node(m, r, m->source->places[i].name);
}

static int by_fingerprint(const void *a, const void *b)
{
	struct uc_cert *const *one = a;
	struct uc_cert *const *other = b;
	return memcmp((*one)->fingerprint, (*other)->fingerprint, UC_FINGERPRINT_LEN);
}

/* What administrators have put into the list, in an order that does not depend on when. */
static void add_extra(const struct making *m)
{
	const struct uc_certs *extra = &m->source->extra;
	struct uc_cert **sorted = uc_zalloc(extra->count + 1, sizeof(struct uc_cert *));
	if (extra->count > 0) memcpy(sorted, extra->items, extra->count * sizeof(struct uc_cert *));
	qsort(sorted, extra->count, sizeof *sorted, by_fingerprint);
	for (size_t i = 0; i < extra->count; i++) {
		struct uc_list_entry *entry = more(m->out);
		entry->node = uc_strdup("");
		entry->purpose = UC_LISTS_EXTRA;
		entry->role = UC_TL_APP_SERVER;
		entry->key = uc_strdup("");
		entry->cert = uc_cert_dup(sorted[i]);
		memcpy(entry->fingerprint, sorted[i]->fingerprint, sizeof entry->fingerprint);
	}
	free(sorted);
}

/* ---- who signs it ---- */

/* Why this one cannot; NULL: it can. Owned. */
static char *unable(const struct making *m, const struct uc_list_entry *entry)
{
	struct uc_error why;
	if (!entry->key_here) return uc_sprintf("the private key of %s is not on the node that signs", entry->purpose);
	if (entry->cert != NULL && uc_tl_signer_fits(entry->cert, &why) != UC_OK) return uc_strdup(why.message);
	for (size_t i = 0; i < m->source->held_count; i++) {
		const struct uc_list_holding *h = &m->source->held[i];
		if (h->unfit && strcmp(h->node, entry->node) == 0 && strcmp(h->purpose, entry->purpose) == 0)
			return uc_sprintf("no signature code for the new key of %s is known", entry->purpose);
	}
	return NULL;
}

/* The entry of this purpose that can sign, or -1; *why gets the reason (owned) when there is one to name. */
static long signer_of(const struct making *m, const char *purpose, char **why)
{
	for (size_t i = 0; i < m->out->count; i++) {
		const struct uc_list_entry *entry = &m->out->entries[i];
		if (entry->role != UC_TL_SAST || strcmp(entry->purpose, purpose) != 0) continue;
		*why = unable(m, entry);
		return *why == NULL ? (long)i : -1;
	}
	*why = uc_sprintf("there is no %s certificate", purpose);
	return -1;
}

static void choose_signer(const struct making *m, const char *force)
{
	const char *usual = !m->out->ctl && m->source->by_callmanager ? "CallManager" : "ITLRecovery";
	const char *first = force != NULL ? force : usual;
	const char *second = strcmp(first, "CallManager") == 0 ? "ITLRecovery" : "CallManager";
	m->out->signer = signer_of(m, first, &m->out->other);
	if (m->out->signer >= 0) return;
	UC_CLEANUP(uc_freep) char *neither = NULL;
	m->out->signer = signer_of(m, second, &neither);
	if (m->out->signer >= 0) return;
	UC_CLEANUP(uc_freep) char *former = uc_move(m->out->other);
	m->out->other = uc_sprintf("%s; %s", former, neither);
}

void uc_list_draft_make(const struct uc_list_source *s, const char *node, const char *force, struct uc_list_draft *out)
{
	*out = (struct uc_list_draft){.ctl = node == NULL,
	                              .node = uc_strdup(node != NULL ? node : UC_ALL_NODES),
	                              .signer = -1,
	                              .digest = s->digest,
	                              .signer_version = s->advanced ? 1 : -1};
	struct making m = {.source = s, .out = out, .publisher = publisher_of(s)};
	const struct row *rows = out->ctl ? ctl_rows : itl_rows;
	size_t count = out->ctl ? COUNT(ctl_rows) : COUNT(itl_rows);
	for (size_t i = 0; i < count; i++) add_row(&m, &rows[i]);
	if (out->ctl) add_extra(&m);
	choose_signer(&m, force);
}

static bool in_rows(const struct row *rows, size_t count, const char *purpose)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].purpose, purpose) == 0) return true;
	return false;
}

json_t *uc_list_names_with(const char *purpose)
{
	json_t *out = json_array();
	if (in_rows(itl_rows, COUNT(itl_rows), purpose)) json_array_append_new(out, json_string("ITL"));
	if (in_rows(ctl_rows, COUNT(ctl_rows), purpose)) json_array_append_new(out, json_string("CTL"));
	return out;
}

/* ---- what it says ---- */

/* Takes rows. */
static void shape_hash(json_t *rows, const char *signer, const char *digest, int version, char out[65])
{
	json_t *shape = json_pack("[o, s, s, i]", rows, signer, digest, version);
	char *text = json_dumps(shape, JSON_COMPACT);
	json_decref(shape);
	uc_sha256_hex(uc_slice_str(text), out);
	free(text);
}

/* Takes hex. */
static json_t *shape_row(const char *dns, unsigned role, char *hex)
{
	json_t *out = json_pack("[o, i, s]", uc_report_string(dns), (int)role, hex);
	free(hex);
	return out;
}

static char *entry_hex(const struct uc_list_entry *entry)
{
	bool named = entry->cert != NULL || entry->unmade;
	return named ? uc_hex(uc_slice_of(entry->fingerprint, sizeof entry->fingerprint), '\0') : uc_strdup("");
}

void uc_list_draft_shape(const struct uc_list_draft *d, char out[65])
{
	json_t *rows = json_array();
	for (size_t i = 0; i < d->count; i++)
		json_array_append_new(rows, shape_row(d->entries[i].node, d->entries[i].role, entry_hex(&d->entries[i])));
	UC_CLEANUP(uc_freep) char *signer = d->signer >= 0 ? entry_hex(&d->entries[d->signer]) : uc_strdup("");
	shape_hash(rows, signer, uc_tl_digest_name(d->digest), d->signer_version, out);
}

static char *record_hex(const struct uc_tl_record *r)
{
	char fp[UC_FINGERPRINT_HEX];
	return uc_strdup(r->cert != NULL ? uc_cert_fingerprint_hex(r->cert, fp) : "");
}

void uc_list_file_shape(const struct uc_tl *l, char out[65])
{
	json_t *rows = json_array();
	UC_CLEANUP(uc_freep) char *signer = NULL;
	for (size_t i = 0; i < l->count; i++) {
		const struct uc_tl_record *r = &l->records[i];
		json_array_append_new(rows, shape_row(r->dns != NULL ? r->dns : "", r->role, record_hex(r)));
		if (r->is_signer && signer == NULL) signer = record_hex(r);
	}
	const char *digest = uc_tl_digest_name(l->header.digest);
	int version = l->header.has_signer_version ? l->header.signer_minor : -1;
	shape_hash(rows, signer != NULL ? signer : "", digest != NULL ? digest : "", version, out);
}

struct uc_tl_known *uc_list_draft_known(const struct uc_list_draft *d, size_t *count)
{
	struct uc_tl_known *out = uc_zalloc(d->count + 1, sizeof *out);
	*count = 0;
	for (size_t i = 0; i < d->count; i++) {
		if (d->entries[i].cert == NULL && !d->entries[i].unmade) continue;
		struct uc_tl_known *k = &out[(*count)++];
		k->role = d->entries[i].role;
		memcpy(k->fingerprint, d->entries[i].fingerprint, sizeof k->fingerprint);
	}
	return out;
}

/* ---- bytes ---- */

/* entries is owned by the caller. */
static struct uc_tl_spec spec_of(const struct uc_list_draft *d, uc_time at, struct uc_tl_entry **entries)
{
	*entries = uc_zalloc(d->count + 1, sizeof **entries);
	for (size_t i = 0; i < d->count; i++)
		(*entries)[i] = (struct uc_tl_entry){.cert = d->entries[i].cert, .dns = d->entries[i].node, .role = d->entries[i].role};
	return (struct uc_tl_spec){.signing = {.layout = UC_TL_SERVER,
	                                       .digest = d->digest,
	                                       .signer_version = d->signer_version,
	                                       .file_name = d->ctl ? "CTLFile.tlv" : "ITLFile.tlv",
	                                       .time = at},
	                           .entries = *entries,
	                           .count = d->count};
}

static enum uc_status need_signer(const struct uc_list_draft *d, struct uc_error *e)
{
	if (d->signer >= 0) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "list-unsigned", "Regenerate ITLRecovery or CallManager with an RSA 2048 key.",
	               "nobody can sign the %s: %s", d->ctl ? "CTL file" : "ITL file", d->other);
}

enum uc_status uc_list_draft_sign(const struct uc_list_draft *d, struct uc_keys *keys, uc_time at, struct uc_buf *out, struct uc_error *e)
{
	UC_TRY(need_signer(d, e));
	UC_CLEANUP(uc_freep) struct uc_tl_entry *entries = NULL;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	struct uc_tl_spec spec = spec_of(d, at, &entries);
	UC_TRY(uc_keys_get(keys, d->entries[d->signer].key, &key, e));
	return uc_tl_write(&spec, d->entries[d->signer].cert, key, out, e);
}

enum uc_status uc_list_draft_unsigned(const struct uc_list_draft *d, uc_time at, struct uc_buf *out, struct uc_error *e)
{
	UC_TRY(need_signer(d, e));
	UC_CLEANUP(uc_freep) struct uc_tl_entry *entries = NULL;
	UC_CLEANUP(uc_buf_free) struct uc_buf zeros = UC_BUF_EMPTY;
	struct uc_tl_spec spec = spec_of(d, at, &entries);
	const struct uc_cert *signer = d->entries[d->signer].cert;
	size_t len = uc_key_info_of(signer->spki).bits / 8;
	memset(uc_buf_extend(&zeros, len), 0, len);
	return uc_tl_write_signed(&spec, signer, uc_buf_slice(&zeros), out, e);
}

/* ---- the CTL that is published ---- */

enum uc_status uc_list_published(struct uc_store *store, struct uc_tl *out, bool *have, struct uc_error *e)
{
	UC_CLEANUP(uc_list_row_free) struct uc_list_row row = {.list = NULL};
	*out = (struct uc_tl){.records = NULL};
	enum uc_status status = uc_store_list(store, "CTL", NULL, &row, e);
	*have = status == UC_OK;
	if (status == UC_ENOTFOUND) return UC_OK;
	UC_TRY(status);
	/* What cannot be read, from whatever program it is, says nothing; so it is due, and one that can be read takes its place. */
	if (uc_tl_read(uc_buf_slice(&row.file), row.at, out, NULL, NULL) != UC_OK) *out = (struct uc_tl){.records = NULL};
	return UC_OK;
}

void uc_held_lists_free(struct uc_held_lists *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->items[i].node);
		free(v->items[i].itl.known);
		free(v->items[i].ctl.known);
	}
	free(v->items);
	*v = (struct uc_held_lists){.items = NULL};
}
