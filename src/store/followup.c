#include "store/followup.h"

#include <stdlib.h>
#include <string.h>

#include "store/change.h"
#include "store/step.h"

/* ---- whose ---- */

enum whose { OF_NODE, OF_CLUSTER, OF_NOBODY };

static const struct {
	const char *kind;
	enum whose whose;
} kinds[] = {
    {"reload", OF_NODE},    {"certificate", OF_NODE}, {"ctl-update", OF_CLUSTER}, {"phones", OF_CLUSTER},
    {"backup", OF_CLUSTER}, {"rotate", OF_CLUSTER},   {"lists", OF_NOBODY},       {"note", OF_NOBODY},
};

static enum whose whose_is(const char *kind)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].kind, kind) == 0) return kinds[i].whose;
	return OF_NODE;
}

/* The node that has to do it, or UC_ALL_NODES, where the change was made by maker; NULL when nobody has to. Borrowed. */
static const char *doer_of(const json_t *followup, const char *maker)
{
	const char *node = uc_step_text_or_empty(followup, "node");
	enum whose whose = whose_is(uc_step_text_or_empty(followup, "kind"));
	if (whose == OF_NOBODY) return NULL;
	if (node[0] != '\0') return node;
	return whose == OF_CLUSTER ? UC_ALL_NODES : maker;
}

/* The step of this type, about this node unless that is NULL; borrowed, NULL when there is none. */
static const json_t *step_with(const json_t *change, const char *type, const char *node)
{
	size_t i;
	const json_t *step;
	json_array_foreach(json_object_get(change, "steps"), i, step)
	{
		bool about = node == NULL || strcmp(uc_step_text_or_empty(step, "node"), node) == 0;
		if (about && strcmp(uc_step_text_or_empty(step, "type"), type) == 0) return step;
	}
	return NULL;
}

static bool only_asks(const json_t *change)
{
	return step_with(change, "job.add", NULL) != NULL;
}

/* ---- writing ---- */

/* The node that made the change, by the name that it has after it. Borrowed. */
static const char *maker_of(const json_t *body)
{
	const char *node = uc_step_text_or_empty(body, "node");
	const json_t *rename = step_with(body, "node.rename", node);
	return rename != NULL ? uc_step_text_or_empty(rename, "to") : node;
}

static enum uc_status note_one(struct uc_store *s, const json_t *body, const char *maker, const json_t *followup, int64_t number,
                               struct uc_error *e)
{
	static const char sql[] =
	    "INSERT INTO followup (node, kind, target, what, since, first_change, number, changes) VALUES ($1, $2, $3, $4, $5, $6, $6, 1) "
	    "ON CONFLICT (node, kind, target) DO UPDATE SET what = excluded.what, number = excluded.number, changes = followup.changes + 1";
	const char *doer = doer_of(followup, maker);
	if (doer == NULL) return UC_OK;
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, sql, &st, e));
	uc_bind_text(st, 1, doer);
	uc_bind_text(st, 2, uc_step_text_or_empty(followup, "kind"));
	uc_bind_text(st, 3, uc_step_text_or_empty(followup, "target"));
	uc_bind_text(st, 4, uc_step_text_or_empty(followup, "text"));
	uc_bind_text(st, 5, uc_step_text_or_empty(body, "at"));
	uc_bind_int(st, 6, number);
	return uc_stmt_run(st, NULL, e);
}

enum uc_status uc_followups_note(struct uc_store *s, int64_t number, const json_t *body, struct uc_error *e)
{
	const json_t *all = json_object_get(body, "followups");
	if (json_array_size(all) == 0 || only_asks(body)) return UC_OK;
	const char *maker = maker_of(body);
	for (size_t i = 0; i < json_array_size(all); i++) UC_TRY(note_one(s, body, maker, json_array_get(all, i), number, e));
	return UC_OK;
}

enum uc_status uc_followups_rename(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	static const char *const names[] = {"node", "to", NULL};
	if (strcmp(uc_step_text_or_empty(step, "node"), uc_step_text_or_empty(step, "to")) == 0) return UC_OK;
	/* Of a node of that name that is gone nothing should be left; if something is, it gives way. */
	UC_TRY(uc_step_run(s, "DELETE FROM followup WHERE node = $2 AND $2 <> $1", step, names, NULL, e));
	return uc_step_run(s, "UPDATE followup SET node = $2 WHERE node = $1", step, names, NULL, e);
}

enum uc_status uc_followups_drop(struct uc_store *s, const json_t *step, struct uc_error *e)
{
	static const char *const node[] = {"node", NULL};
	return uc_step_run(s, "DELETE FROM followup WHERE node = $1", step, node, NULL, e);
}

/* ---- reading ---- */

static void followup_free(struct uc_followup *f)
{
	char *const all[] = {f->id, f->node, f->kind, f->target, f->text, f->since};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) free(all[i]);
}

void uc_followups_free(struct uc_followups *v)
{
	for (size_t i = 0; i < v->count; i++) followup_free(&v->items[i]);
	free(v->items);
	*v = (struct uc_followups){.items = NULL};
}

/* Adds text in lower case; whatever is no letter or digit of ASCII becomes one '-' between those that are. False when nothing is left. */
static bool add_slug(struct uc_buf *out, const char *text)
{
	bool any = false;
	bool gap = false;
	for (; *text != '\0'; text++) {
		char c = uc_ascii_lower(*text);
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (plain && gap && any) uc_buf_add_u8(out, '-');
		if (plain) uc_buf_add_u8(out, (uint8_t)c);
		gap = !plain;
		any = any || plain;
	}
	return any;
}

static char *full_id(const struct uc_followup *f, const char *id)
{
	UC_CLEANUP(uc_freep) char *whole = uc_sprintf("%s\n%s\n%s", f->node, f->kind, f->target);
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_str(whole), '\0');
	return uc_sprintf("%s~%s", id, hex);
}

static char *id_of(const struct uc_followup *f)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf out = UC_BUF_EMPTY;
	bool whole = add_slug(&out, f->node);
	uc_buf_add_u8(&out, '/');
	whole = add_slug(&out, f->kind) && whole;
	uc_buf_add_u8(&out, '/');
	whole = add_slug(&out, f->target) && whole;
	UC_CLEANUP(uc_freep) char *id = uc_buf_take_str(&out);
	return whole ? uc_move(id) : full_id(f, id);
}

static int by_id(const void *a, const void *b)
{
	const struct uc_followup *const *one = a;
	const struct uc_followup *const *other = b;
	return strcmp((*one)->id, (*other)->id);
}

/* Those that would have the same id get a longer one. */
static void tell_apart(struct uc_followups *v)
{
	UC_CLEANUP(uc_freep) struct uc_followup **sorted = uc_zalloc(v->count + 1, sizeof *sorted);
	for (size_t i = 0; i < v->count; i++) sorted[i] = &v->items[i];
	qsort(sorted, v->count, sizeof *sorted, by_id);
	for (size_t i = 0, next; i < v->count; i = next) {
		for (next = i + 1; next < v->count && strcmp(sorted[i]->id, sorted[next]->id) == 0;) next++;
		for (size_t k = i; next - i > 1 && k < next; k++) {
			char *longer = full_id(sorted[k], sorted[k]->id);
			free(sorted[k]->id);
			sorted[k]->id = longer;
		}
	}
}

static struct uc_followup read_followup(struct uc_stmt *st)
{
	struct uc_followup f = {
	    .node = uc_strdup(uc_col_text(st, 0)),
	    .kind = uc_strdup(uc_col_text(st, 1)),
	    .target = uc_strdup(uc_col_text(st, 2)),
	    .text = uc_strdup(uc_col_text(st, 3)),
	    .since = uc_strdup(uc_col_text(st, 4)),
	    .first = uc_col_int(st, 5),
	    .number = uc_col_int(st, 6),
	    .changes = uc_col_int(st, 7),
	};
	f.id = id_of(&f);
	return f;
}

static enum uc_status read_all(struct uc_store *s, struct uc_followups *out, struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(
	    s->db, "SELECT node, kind, target, what, since, first_change, number, changes FROM followup ORDER BY node, kind, target", &st, e));
	for (;;) {
		bool row;
		UC_TRY(uc_stmt_step(st, &row, e));
		if (!row) break;
		out->items = uc_realloc(out->items, out->count + 1, sizeof *out->items);
		out->items[out->count++] = read_followup(st);
	}
	tell_apart(out);
	return UC_OK;
}

/* Ids are told apart among all rows, so those of other nodes are left out last. */
static void keep_node(struct uc_followups *v, const char *node)
{
	size_t kept = 0;
	for (size_t i = 0; i < v->count; i++) {
		struct uc_followup *f = &v->items[i];
		if (strcmp(f->node, node) == 0 || strcmp(f->node, UC_ALL_NODES) == 0)
			v->items[kept++] = *f;
		else
			followup_free(f);
	}
	v->count = kept;
}

enum uc_status uc_store_followups(struct uc_store *s, const char *node, struct uc_followups *out, struct uc_error *e)
{
	UC_CLEANUP(uc_followups_free) struct uc_followups all = {.items = NULL};
	UC_TRY(read_all(s, &all, e));
	if (node != NULL) keep_node(&all, node);
	*out = all;
	all = (struct uc_followups){.items = NULL};
	return UC_OK;
}

const struct uc_followup *uc_followups_find(const struct uc_followups *v, const char *id)
{
	for (size_t i = 0; i < v->count; i++)
		if (uc_eq_nocase(v->items[i].id, id)) return &v->items[i];
	return NULL;
}

enum uc_status uc_store_followup_number(struct uc_store *s, const char *node, const char *kind, const char *target, int64_t *number,
                                        struct uc_error *e)
{
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db, "SELECT number FROM followup WHERE node = $1 AND kind = $2 AND target = $3", &st, e));
	uc_bind_text(st, 1, node);
	uc_bind_text(st, 2, kind);
	uc_bind_text(st, 3, target);
	bool row;
	UC_TRY(uc_stmt_step(st, &row, e));
	*number = row ? uc_col_int(st, 0) : 0;
	return UC_OK;
}

/* ---- those of a change ---- */

/* Follows the first renaming of *name after *number, and moves both on; *found tells whether there was one. */
static enum uc_status follow_rename(struct uc_store *s, char **name, int64_t *number, bool *found, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *object = uc_sprintf("node/%s", *name);
	UC_CLEANUP(uc_stmt_donep) struct uc_stmt *st = NULL;
	UC_TRY(uc_db_stmt(s->db,
	                  "SELECT change.number, body FROM change_object JOIN change ON change.number = change_object.number "
	                  "WHERE object = $1 AND change_object.number > $2 ORDER BY change_object.number",
	                  &st, e));
	uc_bind_text(st, 1, object);
	uc_bind_int(st, 2, *number);
	for (;;) {
		UC_TRY(uc_stmt_step(st, found, e));
		if (!*found) return UC_OK;
		*number = uc_col_int(st, 0);
		UC_CLEANUP(uc_json_freep) json_t *body = json_loads(uc_col_text(st, 1), 0, NULL);
		const json_t *rename = step_with(body, "node.rename", *name);
		if (rename == NULL) continue;
		free(*name);
		*name = uc_strdup(uc_step_text_or_empty(rename, "to"));
		return UC_OK;
	}
}

/* What the node that was called node after change number is called now. Free with free(). */
static enum uc_status name_now(struct uc_store *s, const char *node, int64_t number, char **out, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *name = uc_strdup(node);
	bool found = true;
	while (found) UC_TRY(follow_rename(s, &name, &number, &found, e));
	*out = uc_move(name);
	return UC_OK;
}

static const struct uc_followup *row_of(const struct uc_followups *rows, const char *node, const json_t *followup, int64_t number)
{
	for (size_t i = 0; i < rows->count; i++) {
		const struct uc_followup *f = &rows->items[i];
		/* A row that began later is another time that it has to be done. */
		if (f->first > number || f->number < number || strcmp(f->node, node) != 0) continue;
		if (strcmp(f->kind, uc_step_text_or_empty(followup, "kind")) == 0 &&
		    strcmp(f->target, uc_step_text_or_empty(followup, "target")) == 0)
			return f;
	}
	return NULL;
}

/* maker: the present name of the node that made the change. */
static enum uc_status mark_one(struct uc_store *s, const struct uc_followups *rows, json_t *followup, const char *maker, int64_t number,
                               struct uc_error *e)
{
	const char *doer = doer_of(followup, maker);
	if (doer == NULL) return UC_OK;
	UC_CLEANUP(uc_freep) char *named = NULL;
	bool present = doer == maker || strcmp(doer, UC_ALL_NODES) == 0;
	if (!present) UC_TRY(name_now(s, doer, number, &named, e));
	const struct uc_followup *row = row_of(rows, present ? doer : named, followup, number);
	json_object_set_new(followup, "open", json_boolean(row != NULL));
	if (row != NULL) json_object_set_new(followup, "id", json_string(row->id));
	return UC_OK;
}

enum uc_status uc_followups_mark(struct uc_store *s, json_t *change, const char *node, int64_t number, struct uc_error *e)
{
	const json_t *have = json_object_get(change, "followups");
	if (json_array_size(have) == 0 || only_asks(change)) return UC_OK;
	UC_CLEANUP(uc_followups_free) struct uc_followups rows = {.items = NULL};
	UC_CLEANUP(uc_freep) char *maker = NULL;
	UC_TRY(uc_store_followups(s, NULL, &rows, e));
	/* The change names its maker as it was called before it. */
	UC_TRY(name_now(s, node, number - 1, &maker, e));
	UC_CLEANUP(uc_json_freep) json_t *all = json_deep_copy(have);
	for (size_t i = 0; i < json_array_size(all); i++) UC_TRY(mark_one(s, &rows, json_array_get(all, i), maker, number, e));
	json_object_set(change, "followups", all);
	return UC_OK;
}
