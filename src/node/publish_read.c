/* Questions about the lists of this node. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/publish.h"

enum { LOOKED_AT = 64 }; /* pairs of an ITL and a CTL that phones may still hold, those of the most phones */

void uc_publish_effects(struct uc_node *n, int64_t number)
{
	struct uc_published *p = n->published;
	char text[1200] = "";
	pthread_mutex_lock(&p->lock);
	bool failed = p->fault[0] != '\0';
	if (failed)
		snprintf(text, sizeof text, "%s", p->fault);
	else if (p->signed_by == number && p->itl != NULL)
		snprintf(text, sizeof text, "the ITL file is signed anew by %s: version %.8s", p->signer, uc_phone_file_version(p->itl));
	pthread_mutex_unlock(&p->lock);
	if (text[0] != '\0') uc_effect_record(n, number, "itl-publish", failed ? "failed" : "done", text);
}

bool uc_published_well(struct uc_node *n)
{
	pthread_mutex_lock(&n->published->lock);
	bool well = n->published->fault[0] == '\0' && !n->published->due;
	pthread_mutex_unlock(&n->published->lock);
	return well;
}

/* ---- the ITLs that were published ---- */

/* Locks, and puts what phones get where it is asked for, when the database was lost meanwhile. */
static struct uc_local *borrow(struct uc_node *n)
{
	struct uc_error why;
	pthread_mutex_lock(&n->published->lock);
	if (uc_published_keep(n->published, &why) != UC_OK) uc_log_error("recording the ITL file", &why);
	return n->published->local;
}

enum uc_status uc_published_itl(struct uc_node *n, struct uc_list_version *out, struct uc_error *e)
{
	struct uc_local *local = borrow(n);
	enum uc_status status = uc_local_list_last(local, "ITL", out, e);
	pthread_mutex_unlock(&n->published->lock);
	return status;
}

enum uc_status uc_published_get(struct uc_node *n, const char *version, struct uc_list_version *out, struct uc_error *e)
{
	struct uc_local *local = borrow(n);
	enum uc_status status = uc_local_list_get(local, "ITL", version, out, e);
	pthread_mutex_unlock(&n->published->lock);
	return status;
}

enum uc_status uc_published_each(struct uc_node *n, void (*each)(void *ctx, const struct uc_list_version *v), void *ctx, struct uc_error *e)
{
	struct uc_local *local = borrow(n);
	enum uc_status status = uc_local_lists(local, "ITL", each, ctx, e);
	pthread_mutex_unlock(&n->published->lock);
	return status;
}

/* ---- what phones hold ---- */

/* By the versions that are published now; "" when there is none. */
struct holding {
	const char *node;
	struct uc_local *local;
	struct uc_store *store;
	char itl[65], ctl[65];
	struct uc_strv versions; /* of an ITL and a CTL by turns */
	int64_t phones[LOOKED_AT];
};

static void note(void *ctx, const char *itl, const char *ctl, int64_t phones)
{
	struct holding *h = ctx;
	size_t place = h->versions.count / 2;
	if (place == LOOKED_AT || (strcmp(itl, h->itl) == 0 && strcmp(ctl, h->ctl) == 0)) return;
	h->phones[place] = phones;
	uc_strv_add(&h->versions, itl);
	uc_strv_add(&h->versions, ctl);
}

static enum uc_status hold(uc_time at, struct uc_slice file, struct uc_held_list *out, struct uc_error *e)
{
	UC_CLEANUP(uc_tl_free) struct uc_tl list = {.records = NULL};
	UC_TRY(uc_tl_read(file, at, &list, NULL, e));
	out->at = at;
	out->known = uc_tl_known_of(&list, &out->count);
	return UC_OK;
}

static enum uc_status hold_itl(const struct holding *h, const char *version, struct uc_held_list *out, struct uc_error *e)
{
	UC_CLEANUP(uc_list_version_free) struct uc_list_version v = {.list = NULL};
	out->present = strcmp(version, h->itl) == 0;
	if (version[0] == '\0') return UC_OK;
	UC_TRY(uc_local_list_get(h->local, "ITL", version, &v, e));
	return hold(v.at, uc_buf_slice(&v.file), out, e);
}

static enum uc_status hold_ctl(const struct holding *h, const char *version, struct uc_held_list *out, struct uc_error *e)
{
	UC_CLEANUP(uc_list_row_free) struct uc_list_row row = {.list = NULL};
	out->present = strcmp(version, h->ctl) == 0;
	if (version[0] == '\0') return UC_OK;
	UC_TRY(uc_store_list(h->store, "CTL", version, &row, e));
	return hold(row.at, uc_buf_slice(&row.file), out, e);
}

/* Phones with a list that cannot be read any more are left out: what they would do cannot be told. */
static void hold_both(const struct holding *h, size_t i, struct uc_held_lists *out)
{
	struct uc_error why;
	struct uc_held one = {.node = uc_strdup(h->node), .phones = h->phones[i]};
	enum uc_status status = hold_itl(h, h->versions.items[2 * i], &one.itl, &why);
	if (status == UC_OK) status = hold_ctl(h, h->versions.items[2 * i + 1], &one.ctl, &why);
	if (status == UC_OK) {
		out->items = uc_realloc(out->items, out->count + 1, sizeof *out->items);
		out->items[out->count++] = one;
		return;
	}
	uc_log_error("reading a list that phones hold", &why);
	free(one.node);
	free(one.itl.known);
	free(one.ctl.known);
}

/* Borrows the connection of the phones' records, not the one that publishes: what phones have fetched a moment ago counts as well. */
static struct holding holding_begin(struct uc_node *n, struct uc_store *store)
{
	struct uc_published *p = n->published;
	struct holding h = {.node = n->name, .store = store};
	pthread_mutex_lock(&p->lock);
	if (p->itl != NULL) snprintf(h.itl, sizeof h.itl, "%s", uc_phone_file_version(p->itl));
	if (p->ctl != NULL) snprintf(h.ctl, sizeof h.ctl, "%s", uc_phone_file_version(p->ctl));
	pthread_mutex_unlock(&p->lock);
	h.local = uc_phone_records_borrow(n->phone->records);
	return h;
}

static void holding_end(struct uc_node *n, struct holding *h)
{
	uc_phone_records_return(n->phone->records);
	uc_strv_free(&h->versions);
}

static enum uc_status count_here(const struct holding *h, struct uc_held_lists *out, struct uc_error *e)
{
	struct uc_phone_count all;
	UC_TRY(uc_local_count(h->local, "ITL", h->itl, &all, e));
	out->phones = all.known;
	out->behind = all.older;
	return UC_OK;
}

static enum uc_status held_here(struct holding *h, struct uc_held_lists *out, struct uc_error *e)
{
	UC_TRY(count_here(h, out, e));
	UC_TRY(uc_local_holdings(h->local, note, h, e));
	for (size_t i = 0; i < h->versions.count / 2; i++) hold_both(h, i, out);
	return UC_OK;
}

/* ---- what other nodes are told of it ---- */

/* So many pairs of lists, those of the most phones, go into a report. */
enum { TOLD = 16 };

static json_t *told_list(const struct uc_held_list *l)
{
	char at[UC_TIME_TEXT];
	json_t *known = json_array();
	for (size_t i = 0; i < l->count; i++) {
		UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(l->known[i].fingerprint, UC_FINGERPRINT_LEN), '\0');
		json_array_append_new(known, json_pack("[i, s]", (int)l->known[i].role, hex));
	}
	return json_pack("{s:b, s:s, s:o}", "present", l->present, "at", uc_time_rfc3339(l->at, at), "known", known);
}

json_t *uc_published_held_report(struct uc_node *n, struct uc_store *store)
{
	struct uc_error why;
	UC_CLEANUP(uc_held_lists_free) struct uc_held_lists here = {.items = NULL};
	struct holding h = holding_begin(n, store);
	if (held_here(&h, &here, &why) != UC_OK) uc_log_error("asking which lists phones hold", &why);
	holding_end(n, &h);
	json_t *out = json_array();
	for (size_t i = 0; i < here.count && i < TOLD; i++)
		json_array_append_new(out, json_pack("{s:I, s:o, s:o}", "phones", (json_int_t)here.items[i].phones, "itl",
		                                     told_list(&here.items[i].itl), "ctl", told_list(&here.items[i].ctl)));
	return out;
}

/* A record of a list that a node has told of; false when it makes no sense. */
static bool read_known(const json_t *record, struct uc_tl_known *out)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf fingerprint = UC_BUF_EMPTY;
	const char *hex = json_string_value(json_array_get(record, 1));
	if (hex == NULL || !uc_unhex(hex, &fingerprint) || fingerprint.len != UC_FINGERPRINT_LEN) return false;
	memcpy(out->fingerprint, fingerprint.ptr, UC_FINGERPRINT_LEN);
	out->role = (unsigned)json_integer_value(json_array_get(record, 0));
	return true;
}

static void read_told(const json_t *told, struct uc_held_list *out)
{
	const json_t *known = json_object_get(told, "known");
	size_t count = json_array_size(known);
	out->present = json_is_true(json_object_get(told, "present"));
	if (uc_time_parse(uc_json_member(told, "at"), &out->at, NULL) != UC_OK) out->at = 0;
	out->known = uc_zalloc(count + 1, sizeof *out->known);
	for (size_t i = 0; i < count; i++)
		if (read_known(json_array_get(known, i), &out->known[out->count])) out->count++;
}

static void add_told(const char *node, const json_t *held, struct uc_held_lists *out)
{
	for (size_t i = 0; i < json_array_size(held) && i < TOLD; i++) {
		const json_t *told = json_array_get(held, i);
		struct uc_held one = {.node = uc_strdup(node), .phones = json_integer_value(json_object_get(told, "phones"))};
		read_told(json_object_get(told, "itl"), &one.itl);
		read_told(json_object_get(told, "ctl"), &one.ctl);
		out->items = uc_realloc(out->items, out->count + 1, sizeof *out->items);
		out->items[out->count++] = one;
	}
}

struct others {
	const struct uc_node *node;
	const json_t *states;
	struct uc_held_lists *out;
};

static void add_other(void *ctx, const struct uc_node_row *row)
{
	const struct others *o = ctx;
	const json_t *itl = json_object_get(json_object_get(json_object_get(o->states, row->name), "report"), "itl");
	const json_t *phones = json_object_get(itl, "phones");
	if (strcmp(row->name, o->node->name) == 0) return;
	add_told(row->name, json_object_get(itl, "held"), o->out);
	o->out->phones += json_integer_value(json_object_get(phones, "known"));
	o->out->behind += json_integer_value(json_object_get(phones, "older"));
}

/* Phones of other nodes, as far as those have told. A report may be left of a name that no node has any more. */
static enum uc_status add_others(struct uc_node *n, struct uc_store *store, struct uc_held_lists *out, struct uc_error *e)
{
	if (!uc_link_is(n)) return UC_OK;
	json_t *states = uc_heard_states(n);
	struct others o = {.node = n, .states = states, .out = out};
	enum uc_status status = uc_store_nodes(store, add_other, &o, e);
	json_decref(states);
	return status;
}

struct uc_held_lists uc_published_held(struct uc_node *n, struct uc_store *store)
{
	struct uc_held_lists out = {.items = NULL};
	struct uc_error why;
	struct holding h = holding_begin(n, store);
	enum uc_status status = held_here(&h, &out, &why);
	holding_end(n, &h);
	if (status == UC_OK) status = add_others(n, store, &out, &why);
	if (status != UC_OK) uc_log_error("asking which lists phones hold", &why);
	return out;
}

/* ---- what is wrong ---- */

void uc_published_judge(struct uc_node *n, struct uc_store *store, struct uc_findings *out)
{
	pthread_mutex_lock(&n->published->lock);
	UC_CLEANUP(uc_freep) char *fault = uc_strdup(n->published->fault);
	pthread_mutex_unlock(&n->published->lock);
	if (fault[0] != '\0')
		uc_findings_add(out, UC_DANGER, "list-unsigned", "Regenerate ITLRecovery or CallManager with an RSA 2048 key.",
		                "the ITL file of %s cannot be published: %s", n->name, fault);
	struct uc_held_lists here = {.items = NULL};
	struct uc_error why;
	struct holding h = holding_begin(n, store);
	if (count_here(&h, &here, &why) != UC_OK) uc_log_error("asking which lists phones hold", &why);
	holding_end(n, &h);
	if (here.behind > 0)
		uc_findings_add(out, UC_NOTE, "list-behind", "Restart them: show phone list --list ITL --stale names them.",
		                "%lld of %lld phones have not fetched the present ITL yet", (long long)here.behind, (long long)here.phones);
}

enum uc_status uc_ctl_judge(struct uc_node *n, struct uc_store *store, struct uc_findings *out, struct uc_error *e)
{
	UC_CLEANUP(uc_tl_free) struct uc_tl present = {.records = NULL};
	UC_CLEANUP(uc_list_source_freep) struct uc_list_source *source = NULL;
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft draft = {.entries = NULL};
	struct uc_task_context ctx = uc_node_context(n, store);
	char has[65];
	char should[65];
	bool have;
	UC_TRY(uc_list_published(store, &present, &have, e));
	if (!have) return UC_OK;
	UC_TRY(uc_list_source_read(&ctx, &source, e));
	uc_list_draft_make(source, NULL, NULL, &draft);
	uc_list_draft_shape(&draft, should);
	uc_list_file_shape(&present, has);
	if (strcmp(has, should) != 0)
		uc_findings_add(out, UC_WARN, "ctl-due", "Update the CTL file: utils ctl update CTLFile.",
		                "the CTL file that phones fetch does not say what it should: certificates or the mode have changed since");
	return UC_OK;
}
