/* What a plan does to the trust lists, and whether phones will bear it. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/lists_source.h"

/* What to do instead, [of a CTL]. */
static const char *const one_by_one[] = {
    "Change one thing at a time: the TVS certificates or the signer, and the other when phones have fetched the new list (show phone "
    "list); "
    "or have the other signer sign first: utils itl reset localkey.",
    "Change one thing at a time: the TVS certificates or the signer, and the other when phones have fetched the new list (show phone "
    "list); "
    "or have the other signer sign first: utils ctl reset localkey.",
};
static const char *const other_first[] = {
    "To spare phones the question, have the other signer sign first (utils itl reset localkey) and wait until phones have fetched that "
    "list.",
    "To spare phones the question, have the other signer sign first (utils ctl reset localkey) and wait until phones have fetched that "
    "list.",
};
static const char other_signs[] =
    "Leave the signing to ITLRecovery until phones have fetched a list that names the CallManager certificate "
    "(show phone list).";

/* ---- what a plan is held against ---- */

struct judging {
	struct uc_task_context *ctx;
	struct uc_plan *plan;
	struct uc_list_source *before, *after;
	struct uc_tl ctl; /* that is published */
	bool has_ctl;
	struct uc_tl_known *ctl_known;
	size_t ctl_count;
	struct uc_strv changed; /* the nodes whose ITL changes */
};

static void judging_free(struct judging *j)
{
	uc_list_source_free(j->before);
	uc_list_source_free(j->after);
	uc_tl_free(&j->ctl);
	free(j->ctl_known);
	uc_strv_free(&j->changed);
}

/* May lists be made of what it sets? */
static bool concerns(const json_t *step)
{
	static const char *const types[] = {"identity.", "setting.", "node.", "list.", "key.seal"};
	const char *type = uc_json_member(step, "type");
	for (size_t k = 0; k < sizeof types / sizeof *types; k++)
		if (uc_starts_with(type, types[k])) return true;
	return uc_starts_with(type, "trust.") && strcmp(uc_json_member(step, "store"), UC_LISTS_EXTRA) == 0;
}

static bool concerns_lists(const struct uc_plan *plan)
{
	size_t i;
	const json_t *step;
	json_array_foreach(plan->steps, i, step) if (concerns(step)) return true;
	return false;
}

static enum uc_status read_all(struct judging *j, struct uc_error *e)
{
	UC_TRY(uc_list_source_read(j->ctx, &j->before, e));
	UC_TRY(uc_list_source_read(j->ctx, &j->after, e));
	UC_TRY(uc_list_source_apply(j->after, j->plan->steps, e));
	UC_TRY(uc_list_published(j->ctx->store, &j->ctl, &j->has_ctl, e));
	if (j->has_ctl) j->ctl_known = uc_tl_known_of(&j->ctl, &j->ctl_count);
	return UC_OK;
}

/* ---- will phones accept it? ---- */

/* Phones, by the lists that they hold. */
struct holders {
	const struct uc_tl_known *ctl, *itl;
	size_t ctl_count, itl_count;
	const char *who; /* "phones that hold the present ITL of cucm-pub" */
};

static void judge_holders(const struct judging *j, const struct holders *h, const struct uc_list_draft *next)
{
	struct uc_findings *out = &j->plan->findings;
	const struct uc_list_entry *signer = &next->entries[next->signer];
	const char *list = next->ctl ? "CTL" : "ITL";
	size_t count;
	const struct uc_tl_known *tvs = uc_list_source_tvs(j->after, &count);
	bool resets = uc_ends_with(j->plan->task, "-reset"); /* what the usual advice is to do first */
	enum uc_tl_path path = uc_tl_accepts(h->ctl, h->ctl_count, h->itl, h->itl_count, signer->fingerprint, next->ctl, tvs, count);
	if (path == UC_TL_REFUSED)
		uc_findings_add(out, UC_DANGER, "list-stranded", resets ? other_signs : one_by_one[next->ctl],
		                "%s refuse the next %s: they know neither its signer, %s, nor a TVS certificate that still answers", h->who, list,
		                signer->purpose);
	if (path == UC_TL_BY_TVS)
		uc_findings_add(out, UC_WARN, "list-by-tvs", resets ? other_signs : other_first[next->ctl],
		                "%s accept the next %s only after asking TVS for its signer, %s", h->who, list, signer->purpose);
}

/* Those that have the present lists. */
static struct holders present(const struct judging *j, const struct uc_tl_known *itl, size_t count, const char *who)
{
	return (struct holders){.ctl = j->ctl_known, .ctl_count = j->ctl_count, .itl = itl, .itl_count = count, .who = who};
}

static const struct uc_held_lists *held_of(const struct judging *j)
{
	return j->ctx->held != NULL ? j->ctx->held(j->ctx->held_ctx, j->ctx->store) : NULL;
}

/* By what is not the present one; free with free(). */
static char *holders_text(const struct uc_held *one)
{
	char itl[UC_TIME_TEXT];
	char ctl[UC_TIME_TEXT];
	long long phones = (long long)one->phones;
	uc_time_rfc3339(one->itl.at, itl);
	uc_time_rfc3339(one->ctl.at, ctl);
	bool old_itl = !one->itl.present && one->itl.count > 0;
	bool old_ctl = !one->ctl.present && one->ctl.count > 0;
	if (old_itl && old_ctl) return uc_sprintf("%lld phones that still hold the ITL of %s and the CTL of %s", phones, itl, ctl);
	if (old_itl) return uc_sprintf("%lld phones that still hold the ITL of %s", phones, itl);
	if (old_ctl) return uc_sprintf("%lld phones that still hold the CTL of %s", phones, ctl);
	return uc_sprintf("%lld phones that hold no %s", phones, one->ctl.present ? "ITL" : "CTL");
}

/* Phones that were seen to hold other lists of a node than the present ones. */
static void judge_held(const struct judging *j, const char *node, const struct uc_list_draft *next)
{
	const struct uc_held_lists *held = held_of(j);
	for (size_t i = 0; held != NULL && i < held->count; i++) {
		const struct uc_held *one = &held->items[i];
		if (strcmp(one->node, node) != 0) continue;
		UC_CLEANUP(uc_freep) char *what = holders_text(one);
		UC_CLEANUP(uc_freep)
		char *who = strcmp(node, j->ctx->node) == 0 ? uc_strdup(what) : uc_sprintf("%s (fetched from %s)", what, node);
		const struct holders h = {
		    .ctl = one->ctl.known, .ctl_count = one->ctl.count, .itl = one->itl.known, .itl_count = one->itl.count, .who = who};
		judge_holders(j, &h, next);
	}
}

static void judge_behind(const struct judging *j)
{
	const struct uc_held_lists *held = held_of(j);
	if (held == NULL || held->behind == 0) return;
	uc_findings_add(&j->plan->findings, UC_WARN, "list-behind", "Wait until they have: show phone list --list ITL --stale.",
	                "%lld of %lld phones have not fetched the present ITL yet", (long long)held->behind, (long long)held->phones);
}

/* ---- which records change ---- */

struct line {
	const char *node;
	unsigned role;
	const uint8_t *fingerprint; /* NULL: without a certificate */
	const struct uc_cert *cert; /* NULL: not made yet, or none */
};
struct lines {
	struct line *items;
	size_t count;
};

static struct lines lines_of_draft(const struct uc_list_draft *d)
{
	struct lines out = {.items = uc_zalloc(d->count + 1, sizeof *out.items)};
	for (size_t i = 0; i < d->count; i++) {
		const struct uc_list_entry *entry = &d->entries[i];
		bool named = entry->cert != NULL || entry->unmade;
		out.items[out.count++] = (struct line){entry->node, entry->role, named ? entry->fingerprint : NULL, entry->cert};
	}
	return out;
}

static struct lines lines_of_file(const struct uc_tl *l)
{
	struct lines out = {.items = uc_zalloc(l->count + 1, sizeof *out.items)};
	for (size_t i = 0; i < l->count; i++) {
		const struct uc_tl_record *r = &l->records[i];
		const uint8_t *fingerprint = r->cert != NULL ? r->cert->fingerprint : NULL;
		out.items[out.count++] = (struct line){r->dns != NULL ? r->dns : "", r->role, fingerprint, r->cert};
	}
	return out;
}

static bool same_line(const struct line *a, const struct line *b)
{
	if (strcmp(a->node, b->node) != 0 || a->role != b->role || (a->fingerprint == NULL) != (b->fingerprint == NULL)) return false;
	return a->fingerprint == NULL || memcmp(a->fingerprint, b->fingerprint, UC_FINGERPRINT_LEN) == 0;
}

static bool has_line(const struct lines *v, const struct line *line)
{
	for (size_t i = 0; i < v->count; i++)
		if (same_line(&v->items[i], line)) return true;
	return false;
}

/* Whose certificate it is; free with free(). */
static char *label_of(const struct line *line)
{
	if (line->cert != NULL) return uc_cert_label(line->cert);
	return uc_strdup(line->fingerprint != NULL ? "a new certificate" : "no certificate");
}

/* Says which lines of one the other lacks. */
static void tell_lines(const struct lines *of, const struct lines *without, bool gains, const char *list, struct uc_findings *out)
{
	for (size_t i = 0; i < of->count; i++) {
		const struct line *line = &of->items[i];
		if (has_line(without, line)) continue;
		char number[16];
		snprintf(number, sizeof number, "%u", line->role);
		const char *role = uc_tl_role_name(line->role) != NULL ? uc_tl_role_name(line->role) : number;
		UC_CLEANUP(uc_freep) char *label = label_of(line);
		if (gains)
			uc_findings_add(out, UC_NOTE, "list-gains", NULL, "the %s gains a record %s of %s: %s", list, role, line->node, label);
		else
			uc_findings_add(out, UC_NOTE, "list-loses", NULL, "the %s loses a record %s of %s: %s", list, role, line->node, label);
	}
}

/* Frees both. */
static void tell_records(struct lines before, struct lines next, const char *list, struct uc_findings *out)
{
	tell_lines(&before, &next, false, list, out);
	tell_lines(&next, &before, true, list, out);
	free(before.items);
	free(next.items);
}

/* ---- who signs ---- */

static const char *place(const struct uc_list_draft *d)
{
	return d->ctl ? "the cluster" : d->node;
}

static void judge_signer(const struct judging *j, const struct uc_list_draft *before, const struct uc_list_draft *next)
{
	struct uc_findings *out = &j->plan->findings;
	const char *list = next->ctl ? "CTL" : "ITL";
	if (next->signer < 0 && before->signer >= 0)
		uc_findings_add(out, UC_DANGER, "list-unsigned", "Keep one of the two with an RSA 2048 key.",
		                "nobody can sign the %s of %s any more: %s", list, place(next), next->other);
	if (next->signer >= 0 && next->other != NULL && before->other == NULL)
		uc_findings_add(out, UC_WARN, "list-signer", NULL, "%s signs the %s of %s from now on: %s", next->entries[next->signer].purpose,
		                list, place(next), next->other);
}

/* One that is too large is not loaded by phones. What is not made yet is about as large as what it replaces. */
static void judge_size(const struct judging *j, const struct uc_list_draft *next)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	struct uc_error why;
	for (size_t i = 0; i < next->count; i++)
		if (next->entries[i].unmade) return;
	if (next->signer < 0 || uc_list_draft_unsigned(next, j->ctx->now, &file, &why) == UC_OK) return;
	uc_findings_add(&j->plan->findings, UC_DANGER, "list-unwritable", why.hint[0] != '\0' ? why.hint : NULL,
	                "the %s of %s cannot be published any more: %s", next->ctl ? "CTL" : "ITL", place(next), why.message);
}

/* ---- the ITL of each node ---- */

static bool same_shape(const struct uc_list_draft *a, const struct uc_list_draft *b)
{
	char one[65];
	char other[65];
	uc_list_draft_shape(a, one);
	uc_list_draft_shape(b, other);
	return strcmp(one, other) == 0;
}

static void judge_itl(struct judging *j, const char *node)
{
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft before = {.entries = NULL};
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft next = {.entries = NULL};
	uc_list_draft_make(j->before, node, NULL, &before);
	uc_list_draft_make(j->after, node, NULL, &next);
	if (same_shape(&before, &next)) return;
	bool here = strcmp(node, j->ctx->node) == 0;
	uc_strv_add(&j->changed, node);
	judge_signer(j, &before, &next);
	judge_size(j, &next);
	if (before.signer < 0 || next.signer < 0) return; /* phones hold none yet, or will get none */
	if (here) tell_records(lines_of_draft(&before), lines_of_draft(&next), "ITL", &j->plan->findings);
	size_t count;
	UC_CLEANUP(uc_freep) char *who = uc_sprintf("phones that hold the present ITL of %s", node);
	UC_CLEANUP(uc_freep) struct uc_tl_known *known = uc_list_draft_known(&before, &count);
	struct holders now = present(j, known, count, who);
	judge_holders(j, &now, &next);
	judge_held(j, node, &next);
}

static void tell_itl(const struct judging *j)
{
	if (j->changed.count == 0) return;
	UC_CLEANUP(uc_freep) char *nodes = uc_strv_join(&j->changed, ", ");
	uc_plan_follow(j->plan, "lists", "ITL", "The ITL file of %s is signed anew by itself; phones fetch it when they restart.", nodes);
}

/* ---- the CTL ---- */

static const json_t *publishing(const struct uc_plan *plan)
{
	size_t i;
	const json_t *step;
	json_array_foreach(plan->steps, i, step) if (strcmp(uc_json_member(step, "type"), "list.publish") == 0) return step;
	return NULL;
}

/* A change that leaves the published CTL behind. */
static void judge_ctl_left(const struct judging *j)
{
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft before = {.entries = NULL};
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft next = {.entries = NULL};
	uc_list_draft_make(j->before, NULL, NULL, &before);
	uc_list_draft_make(j->after, NULL, NULL, &next);
	if (!j->has_ctl || same_shape(&before, &next)) return;
	judge_signer(j, &before, &next);
	uc_plan_follow(j->plan, "ctl-update", "CTL", "Update the CTL file: utils ctl update CTLFile.");
}

/* Each phone holds the ITL of the node that it fetches from. */
static void judge_ctl_phones(const struct judging *j, const struct uc_list_draft *next)
{
	const struct uc_strv *nodes = uc_list_source_nodes(j->before);
	for (size_t i = 0; i < nodes->count; i++) {
		UC_CLEANUP(uc_list_draft_free) struct uc_list_draft itl = {.entries = NULL};
		uc_list_draft_make(j->before, nodes->items[i], NULL, &itl);
		size_t count;
		UC_CLEANUP(uc_freep) char *who = uc_sprintf("phones that hold the present lists of %s", nodes->items[i]);
		UC_CLEANUP(uc_freep) struct uc_tl_known *known = uc_list_draft_known(&itl, &count);
		struct holders now = present(j, known, count, who);
		judge_holders(j, &now, next);
		judge_held(j, nodes->items[i], next);
	}
}

static void judge_ctl(const struct judging *j)
{
	const json_t *step = publishing(j->plan);
	if (step == NULL) {
		judge_ctl_left(j);
		return;
	}
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft next = {.entries = NULL};
	uc_list_draft_make(j->after, NULL, uc_json_member(step, "signer"), &next);
	struct lines none = {.items = NULL};
	tell_records(j->has_ctl ? lines_of_file(&j->ctl) : none, lines_of_draft(&next), "CTL", &j->plan->findings);
	if (next.signer >= 0) judge_ctl_phones(j, &next);
}

enum uc_status uc_plan_lists(struct uc_task_context *ctx, struct uc_plan *plan, struct uc_error *e)
{
	if (!concerns_lists(plan) || uc_findings_worst(&plan->findings) == UC_REFUSED) return UC_OK;
	UC_CLEANUP(judging_free) struct judging j = {.ctx = ctx, .plan = plan};
	UC_TRY(read_all(&j, e));
	const struct uc_strv *nodes = uc_list_source_nodes(j.after);
	for (size_t i = 0; i < nodes->count; i++) judge_itl(&j, nodes->items[i]);
	if (j.changed.count > 0) judge_behind(&j);
	tell_itl(&j);
	judge_ctl(&j);
	return UC_OK;
}
