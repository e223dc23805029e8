/* Questions about trust lists that were published. */
#include "node/lists.h"

#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/publish.h"
#include "node/read.h"
#include "pki/report.h"

/* ---- who signed ---- */

void uc_list_signers_free(struct uc_list_signers *s)
{
	uc_strv_free(&s->fingerprints);
	uc_strv_free(&s->purposes);
}

static void add_name(void *ctx, const struct uc_node_row *row)
{
	uc_strv_add(ctx, row->name);
}

static enum uc_status add_signer(struct uc_store *store, const char *node, const char *purpose, struct uc_list_signers *out,
                                 struct uc_error *e)
{
	char hex[UC_FINGERPRINT_HEX];
	struct uc_error why;
	UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
	enum uc_status status = uc_store_identity(store, node, purpose, &i, &why);
	if (status == UC_ENOTFOUND) return UC_OK;
	if (status != UC_OK) {
		*e = why;
		return status;
	}
	uc_strv_add(&out->fingerprints, uc_cert_fingerprint_hex(i.cert, hex));
	uc_strv_add(&out->purposes, purpose);
	return UC_OK;
}

enum uc_status uc_list_signers_read(struct uc_store *store, struct uc_list_signers *out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	UC_TRY(uc_store_nodes(store, add_name, &nodes, e));
	for (size_t i = 0; i < nodes.count; i++) {
		UC_TRY(add_signer(store, nodes.items[i], "ITLRecovery", out, e));
		UC_TRY(add_signer(store, nodes.items[i], "CallManager", out, e));
	}
	return UC_OK;
}

const struct uc_tl_record *uc_list_signer(const struct uc_tl *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->records[i].is_signer && l->records[i].cert != NULL && l->records[i].role == UC_TL_SAST) return &l->records[i];
	return NULL;
}

static json_t *signer_json(const struct uc_tl *l, const struct uc_list_signers *signers)
{
	char hex[UC_FINGERPRINT_HEX];
	const struct uc_tl_record *r = uc_list_signer(l);
	if (r == NULL) return json_pack("{s:o, s:n, s:n}", "subject", uc_report_string(l->header.name), "fingerprint", "purpose");
	const char *purpose = NULL;
	uc_cert_fingerprint_hex(r->cert, hex);
	for (size_t i = 0; i < signers->fingerprints.count && purpose == NULL; i++)
		if (strcmp(signers->fingerprints.items[i], hex) == 0) purpose = signers->purposes.items[i];
	return json_pack("{s:o, s:s, s:s?}", "subject", uc_report_string(r->subject), "fingerprint", hex, "purpose", purpose);
}

/* ---- one list ---- */

json_t *uc_list_version_json(const struct uc_list_version *v, const struct uc_tl *l, const struct uc_list_signers *signers, bool current)
{
	char at[UC_TIME_TEXT];
	return json_pack("{s:s, s:o, s:s, s:I, s:I, s:o, s:b}", "version", v->version, "number",
	                 v->number > 0 ? json_integer(v->number) : json_null(), "at", uc_time_rfc3339(v->at, at), "size",
	                 (json_int_t)v->file.len, "records", (json_int_t)l->count, "signer", signer_json(l, signers), "current", current);
}

enum uc_status uc_node_list_name(const char *name, const char **out, struct uc_error *e)
{
	static const char *const names[] = {"CTL", "ITL"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		*out = names[i];
		if (uc_eq_nocase(name, names[i])) return UC_OK;
	}
	return uc_fail_field(e, UC_ENOTFOUND, "no-list", "list", "There are CTL and ITL.", "there is no list '%s'", name);
}

static enum uc_status get_ctl(struct uc_store *store, const char *version, struct uc_list_version *out, struct uc_error *e)
{
	UC_CLEANUP(uc_list_row_free) struct uc_list_row row = {.list = NULL};
	UC_TRY(uc_store_list(store, "CTL", version, &row, e));
	*out = (struct uc_list_version){.list = uc_move(row.list), .number = row.number, .at = row.at};
	memcpy(out->version, row.version, sizeof out->version);
	out->file = row.file;
	row.file = UC_BUF_EMPTY;
	return UC_OK;
}

static enum uc_status get_itl(struct uc_node *n, const char *version, struct uc_list_version *out, struct uc_error *e)
{
	return version != NULL ? uc_published_get(n, version, out, e) : uc_published_itl(n, out, e);
}

enum uc_status uc_list_get(struct uc_node *n, struct uc_store *store, const char *list, const char *version, struct uc_list_version *out,
                           struct uc_error *e)
{
	bool ctl = strcmp(list, "CTL") == 0;
	enum uc_status status = ctl ? get_ctl(store, version, out, e) : get_itl(n, version, out, e);
	if (status != UC_ENOTFOUND || version != NULL) return status;
	if (ctl)
		return uc_fail(e, UC_ENOTFOUND, "no-list", "utils ctl set-cluster mixed-mode makes it.",
		               "there is no CTL file: the cluster has never been in mixed mode");
	return uc_fail(e, UC_ENOTFOUND, "no-list", "Nodes with the role tftp have one; show list status tells why it is missing.",
	               "this node has published no ITL file");
}

/* ---- questions ---- */

/* What a question is about, and all that it borrows. */
struct asked {
	const char *list; /* static */
	char *node;
	struct uc_lease reader;
	struct uc_list_version version;
	struct uc_tl content;
	struct uc_findings findings;
};

static void asked_free(struct asked *a)
{
	free(a->node);
	uc_reader_return(&a->reader);
	uc_list_version_free(&a->version);
	uc_tl_free(&a->content);
	uc_findings_free(&a->findings);
}

/* Which list, whose: only the node itself has its ITL. */
static enum uc_status read_place(struct uc_node *n, const char *list, const char *node, struct asked *a, struct uc_error *e)
{
	UC_TRY(uc_node_list_name(list, &a->list, e));
	UC_TRY(uc_reader_borrow(n, &a->reader, e));
	UC_TRY(uc_read_node(n, a->reader.store, node, &a->node, e));
	if (strcmp(a->list, "CTL") == 0 || strcmp(a->node, n->name) == 0) return UC_OK;
	return uc_fail_field(e, UC_ENOTFOUND, "list-elsewhere", "node", "Ask that node: its console has it, and show itl there.",
	                     "the ITL of %s is on that node only", a->node);
}

static enum uc_status read_list(struct uc_node *n, const char *list, const char *node, const char *version, struct asked *a,
                                struct uc_error *e)
{
	UC_TRY(read_place(n, list, node, a, e));
	return uc_list_get(n, a->reader.store, a->list, version, &a->version, e);
}

/* Is it the one that phones get now? */
static enum uc_status is_current(struct uc_node *n, const struct asked *a, bool *out, struct uc_error *e)
{
	UC_CLEANUP(uc_list_version_free) struct uc_list_version last = {.list = NULL};
	UC_TRY(uc_list_get(n, a->reader.store, a->list, NULL, &last, e));
	*out = strcmp(last.version, a->version.version) == 0;
	return UC_OK;
}

enum uc_status uc_node_list(struct uc_node *n, const char *list, const char *node, const char *version, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(asked_free) struct asked a = {.list = NULL};
	UC_CLEANUP(uc_list_signers_free) struct uc_list_signers signers = {.fingerprints = {.items = NULL}};
	bool current;
	UC_TRY(read_list(n, list, node, version, &a, e));
	UC_TRY(is_current(n, &a, &current, e));
	UC_TRY(uc_list_signers_read(a.reader.store, &signers, e));
	UC_TRY(uc_tl_read(uc_buf_slice(&a.version.file), uc_now(), &a.content, &a.findings, e));
	*out = uc_tl_json(&a.content, &a.findings, uc_now());
	json_object_set_new(*out, "list", json_string(a.list));
	json_object_set_new(*out, "node", json_string(strcmp(a.list, "CTL") == 0 ? UC_ALL_NODES : a.node));
	json_object_set_new(*out, "version", uc_list_version_json(&a.version, &a.content, &signers, current));
	return UC_OK;
}

enum uc_status uc_node_list_content(struct uc_node *n, const char *list, const char *node, const char *version, struct uc_buf *out,
                                    char file[96], struct uc_error *e)
{
	UC_CLEANUP(asked_free) struct asked a = {.list = NULL};
	UC_TRY(read_list(n, list, node, version, &a, e));
	uc_buf_add_slice(out, uc_buf_slice(&a.version.file));
	snprintf(file, 96, "%sFile.tlv", a.list);
	return UC_OK;
}

/* ---- history ---- */

static void note_row(void *ctx, const struct uc_list_row *row)
{
	uc_strv_add(ctx, row->version);
}

static void note_version(void *ctx, const struct uc_list_version *v)
{
	uc_strv_add(ctx, v->version);
}

/* The versions of all that were published, the newest first. */
static enum uc_status read_versions(struct uc_node *n, const struct asked *a, struct uc_strv *out, struct uc_error *e)
{
	if (strcmp(a->list, "CTL") == 0) return uc_store_lists(a->reader.store, a->list, note_row, out, e);
	return uc_published_each(n, note_version, out, e);
}

/* One row of the page. */
static enum uc_status add_version(struct uc_node *n, const struct asked *a, const char *version, bool current,
                                  const struct uc_list_signers *signers, json_t *items, struct uc_error *e)
{
	UC_CLEANUP(uc_list_version_free) struct uc_list_version v = {.list = NULL};
	UC_CLEANUP(uc_tl_free) struct uc_tl l = {.records = NULL};
	UC_TRY(uc_list_get(n, a->reader.store, a->list, version, &v, e));
	/* One that cannot be read, from whatever program it is, does not hide the others. */
	(void)!uc_tl_read(uc_buf_slice(&v.file), uc_now(), &l, NULL, NULL);
	json_array_append_new(items, uc_list_version_json(&v, &l, signers, current));
	return UC_OK;
}

static enum uc_status fill_page(struct uc_node *n, const struct asked *a, const char *after, size_t limit, json_t *page, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	UC_CLEANUP(uc_list_signers_free) struct uc_list_signers signers = {.fingerprints = {.items = NULL}};
	json_t *items = json_object_get(page, "items");
	UC_TRY(read_versions(n, a, &all, e));
	UC_TRY(uc_list_signers_read(a->reader.store, &signers, e));
	size_t first = 0;
	while (after != NULL && first < all.count && strcmp(all.items[first], after) != 0) first++;
	if (after != NULL && first == all.count)
		return uc_fail_field(e, UC_EINPUT, "bad-cursor", "cursor", "Take it from the answer before.", "the cursor is none of this list");
	if (after != NULL) first++;
	for (size_t i = first; i < all.count && i < first + limit; i++) UC_TRY(add_version(n, a, all.items[i], i == 0, &signers, items, e));
	if (first + limit < all.count) json_object_set_new(page, "next", json_string(all.items[first + limit - 1]));
	return UC_OK;
}

enum uc_status uc_node_list_versions(struct uc_node *n, const char *list, const char *node, const char *after, size_t limit, json_t **out,
                                     struct uc_error *e)
{
	UC_CLEANUP(asked_free) struct asked a = {.list = NULL};
	UC_TRY(read_place(n, list, node, &a, e));
	json_t *page = uc_read_page(json_array());
	enum uc_status status = fill_page(n, &a, after, limit, page, e);
	if (status == UC_OK)
		*out = page;
	else
		json_decref(page);
	return status;
}

/* ---- phones ---- */

enum uc_status uc_list_phones(struct uc_node *n, const char *list, const char *version, json_t **out, struct uc_error *e)
{
	struct uc_phone_count c = {.known = 0};
	struct uc_local *local = uc_phone_records_borrow(n->phone->records);
	enum uc_status status = uc_local_count(local, list, version, &c, e);
	uc_phone_records_return(n->phone->records);
	UC_TRY(status);
	*out = json_pack("{s:I, s:I, s:I, s:I}", "known", (json_int_t)c.known, "current", (json_int_t)c.current, "older", (json_int_t)c.older,
	                 "never", (json_int_t)c.never);
	return UC_OK;
}

/* ---- for the other nodes ---- */

static enum uc_status report(struct uc_node *n, json_t **out, struct uc_error *e)
{
	char shape[65];
	UC_CLEANUP(asked_free) struct asked a = {.list = NULL};
	UC_CLEANUP(uc_list_signers_free) struct uc_list_signers signers = {.fingerprints = {.items = NULL}};
	UC_TRY(read_list(n, "ITL", NULL, NULL, &a, e));
	UC_TRY(uc_list_signers_read(a.reader.store, &signers, e));
	UC_TRY(uc_tl_read(uc_buf_slice(&a.version.file), uc_now(), &a.content, NULL, e));
	uc_list_file_shape(&a.content, shape);
	json_t *phones = NULL;
	UC_TRY(uc_list_phones(n, "ITL", a.version.version, &phones, e));
	*out = uc_list_version_json(&a.version, &a.content, &signers, true);
	json_object_set_new(*out, "shape", json_string(shape));
	json_object_set_new(*out, "phones", phones);
	json_object_set_new(*out, "held", uc_published_held_report(n, a.reader.store));
	return UC_OK;
}

json_t *uc_list_report(struct uc_node *n)
{
	struct uc_error e;
	json_t *out = NULL;
	enum uc_status status = report(n, &out, &e);
	if (status == UC_OK) return out;
	if (status != UC_ENOTFOUND) uc_log_error("reading this node's ITL", &e);
	return json_null();
}
