#include "core/clock.h"
#include "store/find_internal.h"

static void set(json_t *o, const char *name, json_t *value)
{
	json_object_set_new_nocheck(o, name, value);
}

static void set_time(json_t *o, const char *name, uc_time t)
{
	char text[UC_TIME_TEXT];
	set(o, name, json_string_nocheck(uc_time_rfc3339(t, text)));
}

json_t *uc_find_row(struct uc_stmt *st, uc_time now)
{
	/* The columns 1 to 12 of UC_FIND_ROW_COLUMNS; what is in the table is UTF-8. */
	static const char *const texts[] = {"usage",  "unit",   "name",        "scope", "common_name", "subject",
	                                    "issuer", "serial", "fingerprint", "type",  "key_type",    "distribution"};
	json_t *o = json_object();
	for (int i = 0; i < (int)(sizeof texts / sizeof texts[0]); i++) set(o, texts[i], json_string_nocheck(uc_col_text(st, i + 1)));
	uc_time not_before = uc_col_int(st, 13);
	uc_time not_after = uc_col_int(st, 14);
	char distance[48];
	set_time(o, "not_before", not_before);
	set_time(o, "not_after", not_after);
	set(o, "expires", json_string_nocheck(uc_time_distance(not_after, now, distance)));
	set(o, "state", json_string_nocheck(uc_time_state(not_before, not_after, now)));
	set(o, "description", json_string_nocheck(uc_col_text(st, 15)));
	return o;
}

void uc_find_place_of(const struct uc_find *f, struct uc_stmt *st, int id, int key, struct uc_find_place *p)
{
	uc_find_place_free(p);
	p->set = true;
	p->id = uc_col_int(st, id);
	if (uc_find_columns[f->sort].kind == UC_FIND_TIME)
		p->time = uc_col_int(st, key);
	else
		p->text = uc_strdup(uc_col_text(st, key));
}
