/* Every trust list at a glance: what is published, what it should say by now, and whether phones will accept that. */
#include <stdlib.h>
#include <string.h>

#include "node/lists.h"
#include "node/publish.h"
#include "pki/report.h"

/* All that the rows are made of. */
struct standing {
	struct uc_node *node;
	struct uc_lease reader;
	struct uc_list_source *source;
	struct uc_list_signers signers;
	json_t *states;                /* what the other nodes say of themselves, or NULL */
	struct uc_tl_known *ctl, *itl; /* what phones know that hold what is published */
	size_t ctl_count, itl_count;
};

static void standing_free(struct standing *s)
{
	uc_reader_return(&s->reader);
	uc_list_source_free(s->source);
	uc_list_signers_free(&s->signers);
	json_decref(s->states);
	free(s->ctl);
	free(s->itl);
}

/* A list that this node has published, if it has. */
struct published {
	bool there;
	struct uc_list_version version;
	struct uc_tl content;
};

static void published_free(struct published *p)
{
	uc_list_version_free(&p->version);
	uc_tl_free(&p->content);
}

/* findings: of reading it; or NULL. */
static enum uc_status read_published(const struct standing *s, const char *list, struct published *out, struct uc_findings *findings,
                                     struct uc_error *e)
{
	struct uc_error why;
	enum uc_status status = uc_list_get(s->node, s->reader.store, list, NULL, &out->version, &why);
	if (status == UC_ENOTFOUND) return UC_OK;
	if (status != UC_OK) {
		*e = why;
		return status;
	}
	out->there = true;
	/* One that cannot be read, from whatever program it is, says nothing: another one is due. */
	status = uc_tl_read(uc_buf_slice(&out->version.file), uc_now(), &out->content, findings, &why);
	if (status != UC_OK && findings != NULL)
		uc_findings_add(findings, UC_DANGER, why.id, why.hint[0] != '\0' ? why.hint : NULL, "%s", why.message);
	return UC_OK;
}

static enum uc_status read_known(const struct standing *s, const char *list, struct uc_tl_known **out, size_t *count, struct uc_error *e)
{
	UC_CLEANUP(published_free) struct published p = {.there = false};
	UC_TRY(read_published(s, list, &p, NULL, e));
	if (p.there) *out = uc_tl_known_of(&p.content, count);
	return UC_OK;
}

static enum uc_status read_standing(struct standing *s, struct uc_error *e)
{
	UC_TRY(uc_reader_borrow(s->node, &s->reader, e));
	struct uc_task_context ctx = uc_node_context(s->node, s->reader.store);
	UC_TRY(uc_list_source_read(&ctx, &s->source, e));
	UC_TRY(uc_list_signers_read(s->reader.store, &s->signers, e));
	UC_TRY(read_known(s, "CTL", &s->ctl, &s->ctl_count, e));
	UC_TRY(read_known(s, "ITL", &s->itl, &s->itl_count, e));
	const struct uc_strv *nodes = uc_list_source_nodes(s->source);
	if (nodes->count > 1 || (nodes->count == 1 && strcmp(nodes->items[0], s->node->name) != 0)) s->states = uc_heard_states(s->node);
	return UC_OK;
}

/* ---- the parts of a row ---- */

/* Who would sign it now. */
static json_t *signer_json(const struct uc_list_draft *d)
{
	if (d->signer < 0) return json_null();
	const struct uc_list_entry *signer = &d->entries[d->signer];
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(signer->fingerprint, sizeof signer->fingerprint), '\0');
	return json_pack("{s:s, s:s}", "purpose", signer->purpose, "fingerprint", hex);
}

static const char stranded_hint[] =
    "Have the other signer sign first (utils itl reset localkey, utils ctl reset localkey) and publish the rest when "
    "phones have fetched that list: show phone list.";

/* Would phones that hold what is published accept the next one? */
static json_t *accepted_json(const struct standing *s, const struct uc_list_draft *d, struct uc_findings *out)
{
	size_t tvs_count;
	const char *list = d->ctl ? "CTL" : "ITL";
	if (d->signer < 0) return json_null();
	const struct uc_tl_known *tvs = uc_list_source_tvs(s->source, &tvs_count);
	const struct uc_list_entry *signer = &d->entries[d->signer];
	enum uc_tl_path path = uc_tl_accepts(s->ctl, s->ctl_count, s->itl, s->itl_count, signer->fingerprint, d->ctl, tvs, tvs_count);
	if (path == UC_TL_REFUSED)
		uc_findings_add(
		    out, UC_DANGER, "list-stranded", stranded_hint,
		    "phones that hold what is published refuse the next %s: they know neither its signer, %s, nor a TVS certificate that "
		    "still answers",
		    list, signer->purpose);
	if (path == UC_TL_BY_TVS)
		uc_findings_add(out, UC_WARN, "list-by-tvs", "Keep the TVS certificates until phones have fetched it.",
		                "phones that hold what is published accept the next %s only after asking TVS for its signer, %s", list,
		                signer->purpose);
	return json_pack("{s:s, s:s}", "path", uc_tl_path_name(path), "text", uc_tl_path_text(path));
}

static void judge_signer(const struct uc_list_draft *d, struct uc_findings *out)
{
	const char *list = d->ctl ? "CTL" : "ITL";
	if (d->other == NULL) return;
	if (d->signer < 0 && uc_findings_get(out, "list-unsigned") == NULL)
		uc_findings_add(out, UC_DANGER, "list-unsigned", "Regenerate ITLRecovery or CallManager with an RSA 2048 key.",
		                "nobody can sign the %s of %s: %s", list, d->ctl ? "the cluster" : d->node, d->other);
	if (d->signer >= 0)
		uc_findings_add(out, UC_WARN, "list-signer", NULL, "%s signs the %s of %s: %s", d->entries[d->signer].purpose, list,
		                d->ctl ? "the cluster" : d->node, d->other);
}

static bool has_unmade(const struct uc_list_draft *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->entries[i].unmade) return true;
	return false;
}

/* What publishing it would change; why it cannot be published is a finding. */
static json_t *diff_json(const struct uc_list_draft *d, const struct published *p, struct uc_findings *out)
{
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf next = UC_BUF_EMPTY;
	UC_CLEANUP(uc_tl_free) struct uc_tl content = {.records = NULL};
	if (d->signer < 0 || has_unmade(d)) return json_null();
	enum uc_status status = uc_list_draft_unsigned(d, uc_now(), &next, &e);
	if (status == UC_OK) status = uc_tl_read(uc_buf_slice(&next), uc_now(), &content, NULL, &e);
	if (status == UC_OK) return uc_tl_diff(&p->content, &content, uc_now());
	uc_findings_add(out, UC_DANGER, e.id, e.hint, "%s", e.message);
	return json_null();
}

/* ---- rows ---- */

static bool differs(const struct uc_list_draft *d, const char *shape)
{
	char wanted[65];
	uc_list_draft_shape(d, wanted);
	return strcmp(wanted, shape) != 0;
}

/* A list that this node publishes itself, or the CTL. A cluster that was never in mixed mode has none, and needs none. */
static enum uc_status own_row(const struct standing *s, const char *list, json_t **out, struct uc_error *e)
{
	char shape[65];
	json_t *phones = json_null();
	bool ctl = strcmp(list, "CTL") == 0;
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(published_free) struct published p = {.there = false};
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft d = {.entries = NULL};
	UC_TRY(read_published(s, list, &p, &findings, e));
	if (p.there) UC_TRY(uc_list_phones(s->node, list, p.version.version, &phones, e));
	uc_list_draft_make(s->source, ctl ? NULL : s->node->name, NULL, &d);
	bool wanted = !ctl || p.there || uc_list_source_mixed(s->source);
	if (p.there) uc_list_file_shape(&p.content, shape);
	bool due = wanted && (!p.there || differs(&d, shape));
	if (!ctl) uc_published_judge(s->node, s->reader.store, &findings);
	if (wanted) judge_signer(&d, &findings);
	json_t *diff = due && p.there ? diff_json(&d, &p, &findings) : json_null();
	json_t *accepted = wanted ? accepted_json(s, &d, &findings) : json_null();
	json_t *published = p.there ? uc_list_version_json(&p.version, &p.content, &s->signers, true) : json_null();
	*out = json_pack("{s:s, s:s, s:b, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "list", list, "node", d.node, "this", 1, "published", published,
	                 "due", due, "diff", diff, "signer", signer_json(&d), "accepted", accepted, "findings", uc_report_findings(&findings),
	                 "phones", phones);
	return UC_OK;
}

/* The ITL of another node, as far as that has told. */
static json_t *other_row(const struct standing *s, const char *node)
{
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft d = {.entries = NULL};
	json_t *said = json_object_get(json_object_get(json_object_get(s->states, node), "report"), "itl");
	json_t *published = json_is_object(said) ? json_copy(said) : json_null();
	uc_list_draft_make(s->source, node, NULL, &d);
	judge_signer(&d, &findings);
	const char *shape = uc_json_member(published, "shape");
	bool due = shape[0] != '\0' && differs(&d, shape);
	json_t *phones = json_object_get(published, "phones");
	json_t *out = json_pack("{s:s, s:s, s:b, s:O, s:b, s:n, s:o, s:n, s:o, s:O}", "list", "ITL", "node", node, "this", 0, "published",
	                        published, "due", due, "diff", "signer", signer_json(&d), "accepted", "findings", uc_report_findings(&findings),
	                        "phones", phones != NULL ? phones : json_null());
	json_object_del(published, "shape");
	json_object_del(published, "held");
	json_object_del(published, "phones");
	json_decref(published);
	return out;
}

static enum uc_status add_rows(const struct standing *s, json_t *rows, struct uc_error *e)
{
	json_t *row = NULL;
	const struct uc_strv *nodes = uc_list_source_nodes(s->source);
	UC_TRY(own_row(s, "CTL", &row, e));
	json_array_append_new(rows, row);
	for (size_t i = 0; i < nodes->count; i++) {
		bool own = strcmp(nodes->items[i], s->node->name) == 0;
		if (own)
			UC_TRY(own_row(s, "ITL", &row, e));
		else
			row = other_row(s, nodes->items[i]);
		json_array_append_new(rows, row);
	}
	return UC_OK;
}

enum uc_status uc_node_lists(struct uc_node *n, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(standing_free) struct standing s = {.node = n};
	UC_TRY(read_standing(&s, e));
	json_t *rows = json_array();
	enum uc_status status = add_rows(&s, rows, e);
	if (status == UC_OK)
		*out = json_pack("{s:s, s:o}", "mode", uc_list_source_mixed(s.source) ? "mixed" : "non-secure", "lists", rows);
	else
		json_decref(rows);
	return status;
}
