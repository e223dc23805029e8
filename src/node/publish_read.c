/* Questions about the lists of this node. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/publish.h"

enum { LOOKED_AT = 64 }; /* versions before the present one that phones may still hold */

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
	bool well = n->published->fault[0] == '\0';
	pthread_mutex_unlock(&n->published->lock);
	return well;
}

/* ---- the ITLs that were published ---- */

enum uc_status uc_published_itl(struct uc_node *n, struct uc_list_version *out, struct uc_error *e)
{
	pthread_mutex_lock(&n->published->lock);
	enum uc_status status = uc_local_list_last(n->published->local, "ITL", out, e);
	pthread_mutex_unlock(&n->published->lock);
	return status;
}

enum uc_status uc_published_get(struct uc_node *n, const char *version, struct uc_list_version *out, struct uc_error *e)
{
	pthread_mutex_lock(&n->published->lock);
	enum uc_status status = uc_local_list_get(n->published->local, "ITL", version, out, e);
	pthread_mutex_unlock(&n->published->lock);
	return status;
}

enum uc_status uc_published_each(struct uc_node *n, void (*each)(void *ctx, const struct uc_list_version *v), void *ctx, struct uc_error *e)
{
	pthread_mutex_lock(&n->published->lock);
	enum uc_status status = uc_local_lists(n->published->local, "ITL", each, ctx, e);
	pthread_mutex_unlock(&n->published->lock);
	return status;
}

/* ---- what phones hold ---- */

/* Versions of a list that are not the present one. */
struct looking {
	const char *present;
	struct uc_strv versions;
	uc_time at[LOOKED_AT];
};

static void note(struct looking *l, const char *version, uc_time at)
{
	if (l->versions.count == LOOKED_AT || strcmp(version, l->present) == 0 || uc_strv_has(&l->versions, version)) return;
	l->at[l->versions.count] = at;
	uc_strv_add(&l->versions, version);
}

static void note_itl(void *ctx, const struct uc_list_version *v)
{
	note(ctx, v->version, v->at);
}

static void note_ctl(void *ctx, const struct uc_list_row *row)
{
	note(ctx, row->version, row->at);
}

/* Takes file. */
static void hold(struct uc_held_lists *out, bool ctl, const char *version, uc_time at, int64_t phones, struct uc_slice file)
{
	UC_CLEANUP(uc_tl_free) struct uc_tl list = {.records = NULL};
	if (uc_tl_read(file, at, &list, NULL, NULL) != UC_OK) return;
	out->items = uc_realloc(out->items, out->count + 1, sizeof *out->items);
	struct uc_held_list *one = &out->items[out->count++];
	*one = (struct uc_held_list){.ctl = ctl, .at = at, .phones = phones};
	snprintf(one->version, sizeof one->version, "%s", version);
	one->known = uc_tl_known_of(&list, &one->count);
}

/* How many phones have this one as their last? */
static enum uc_status count(struct uc_local *local, const char *list, const char *version, int64_t *phones, struct uc_error *e)
{
	struct uc_phone_count c;
	UC_TRY(uc_local_count(local, list, version, &c, e));
	*phones = c.current;
	return UC_OK;
}

static enum uc_status held_itls(struct uc_local *local, const char *present, struct uc_held_lists *out, struct uc_error *e)
{
	struct looking l = {.present = present};
	struct uc_phone_count all;
	enum uc_status status = uc_local_count(local, "ITL", present, &all, e);
	if (status == UC_OK) {
		out->phones = all.known;
		out->behind = all.older;
	}
	/* Nobody is behind: nothing to look for. */
	if (status == UC_OK && all.older > 0) status = uc_local_lists(local, "ITL", note_itl, &l, e);
	for (size_t i = 0; status == UC_OK && i < l.versions.count; i++) {
		UC_CLEANUP(uc_list_version_free) struct uc_list_version v = {.list = NULL};
		int64_t phones = 0;
		status = count(local, "ITL", l.versions.items[i], &phones, e);
		if (status == UC_OK && phones > 0) status = uc_local_list_get(local, "ITL", l.versions.items[i], &v, e);
		if (status == UC_OK && phones > 0) hold(out, false, v.version, v.at, phones, uc_buf_slice(&v.file));
	}
	uc_strv_free(&l.versions);
	return status;
}

static enum uc_status held_ctls(struct uc_local *local, struct uc_store *store, const char *present, struct uc_held_lists *out,
                                struct uc_error *e)
{
	struct looking l = {.present = present};
	struct uc_phone_count all;
	enum uc_status status = uc_local_count(local, "CTL", present, &all, e);
	if (status == UC_OK && all.older > 0) status = uc_store_lists(store, "CTL", note_ctl, &l, e);
	for (size_t i = 0; status == UC_OK && i < l.versions.count; i++) {
		UC_CLEANUP(uc_list_row_free) struct uc_list_row row = {.list = NULL};
		int64_t phones = 0;
		status = count(local, "CTL", l.versions.items[i], &phones, e);
		if (status == UC_OK && phones > 0) status = uc_store_list(store, "CTL", l.versions.items[i], &row, e);
		if (status == UC_OK && phones > 0) hold(out, true, row.version, row.at, phones, uc_buf_slice(&row.file));
	}
	uc_strv_free(&l.versions);
	return status;
}

/* Phones of other nodes, as far as those have told. */
static void add_others(struct uc_node *n, struct uc_held_lists *out)
{
	const char *name;
	json_t *state;
	if (!uc_link_is(n)) return;
	json_t *states = uc_heard_states(n);
	json_object_foreach(states, name, state)
	{
		const json_t *phones = json_object_get(json_object_get(json_object_get(state, "report"), "itl"), "phones");
		if (strcmp(name, n->name) == 0) continue;
		out->phones += json_integer_value(json_object_get(phones, "known"));
		out->behind += json_integer_value(json_object_get(phones, "older"));
	}
	json_decref(states);
}

struct uc_held_lists uc_published_held(struct uc_node *n, struct uc_store *store)
{
	struct uc_published *p = n->published;
	struct uc_held_lists out = {.items = NULL};
	struct uc_error why;
	pthread_mutex_lock(&p->lock);
	const char *itl = p->itl != NULL ? uc_phone_file_version(p->itl) : "";
	const char *ctl = p->ctl != NULL ? uc_phone_file_version(p->ctl) : "";
	enum uc_status status = held_itls(p->local, itl, &out, &why);
	if (status == UC_OK) status = held_ctls(p->local, store, ctl, &out, &why);
	pthread_mutex_unlock(&p->lock);
	if (status != UC_OK) uc_log_error("asking which lists phones hold", &why);
	add_others(n, &out);
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
	UC_CLEANUP(uc_held_lists_free) struct uc_held_lists held = uc_published_held(n, store);
	if (held.behind > 0)
		uc_findings_add(out, UC_NOTE, "list-behind", "Restart them: show phone list --list ITL --stale names them.",
		                "%lld of %lld phones have not fetched the present ITL yet", (long long)held.behind, (long long)held.phones);
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
