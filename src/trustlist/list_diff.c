/* What changed between two lists. */
#include <stdlib.h>
#include <string.h>

#include "pki/digest.h"
#include "pki/report.h"
#include "trustlist/element.h"
#include "trustlist/record.h"

/* One of the two lists, and which of its records have found their like. */
struct side {
	const struct uc_tl *list;
	size_t *partner; /* 1 + the index in the other list; 0: none yet */
	json_t *roles;   /* by identity: an object with a member for each role */
};

struct diff {
	struct side old, fresh;
	uc_time now;
	json_t *out;
};

/* What a record is about: its certificate, or for an empty one its DNS name. Free with free(). */
static char *identity(const struct uc_tl_record *r)
{
	char hex[UC_SHA256_HEX];
	if (r->der.len > 0) return uc_strdup(uc_sha256_hex(uc_buf_slice(&r->der), hex));
	return uc_sprintf("dns %s", r->dns != NULL ? r->dns : "");
}

static char *role_key(const struct uc_tl_record *r)
{
	UC_CLEANUP(uc_freep) char *id = identity(r);
	return uc_sprintf("%d %u %s", r->has_role, r->role, id);
}

/* Peers leave out what servers write as an empty name and zeros. */
static char *whole_key(const struct uc_tl_record *r)
{
	UC_CLEANUP(uc_freep) char *role = role_key(r);
	UC_CLEANUP(uc_freep) char *address = uc_hex(uc_slice_of(r->address, sizeof r->address), '\0');
	return uc_sprintf("%s %s %s", role, address, r->dns != NULL ? r->dns : "");
}

typedef char *key_fn(const struct uc_tl_record *r);

/* Pairs records of the same key that have no partner yet, each with one, in their order. */
static void pair(struct diff *d, key_fn *key)
{
	json_t *waiting = json_object(); /* key: indexes in the new list, the first one last */
	for (size_t i = d->fresh.list->count; i-- > 0;) {
		if (d->fresh.partner[i] != 0) continue;
		UC_CLEANUP(uc_freep) char *text = key(&d->fresh.list->records[i]);
		json_t *list = json_object_get(waiting, text);
		if (list == NULL) {
			list = json_array();
			json_object_set_new_nocheck(waiting, text, list);
		}
		json_array_append_new(list, json_integer((json_int_t)i));
	}
	for (size_t i = 0; i < d->old.list->count; i++) {
		if (d->old.partner[i] != 0) continue;
		UC_CLEANUP(uc_freep) char *text = key(&d->old.list->records[i]);
		json_t *list = json_object_get(waiting, text);
		size_t left = json_array_size(list);
		if (left == 0) continue;
		size_t other = (size_t)json_integer_value(json_array_get(list, left - 1));
		json_array_remove(list, left - 1);
		d->old.partner[i] = 1 + other;
		d->fresh.partner[other] = 1 + i;
	}
	json_decref(waiting);
}

/* ---- roles ---- */

static json_t *roles_by_identity(const struct uc_tl *l)
{
	json_t *all = json_object();
	for (size_t i = 0; i < l->count; i++) {
		const struct uc_tl_record *r = &l->records[i];
		if (r->der.len == 0 || !r->has_role) continue;
		UC_CLEANUP(uc_freep) char *id = identity(r);
		UC_CLEANUP(uc_freep) char *code = uc_sprintf("%u", r->role);
		const char *name = uc_tl_role_name(r->role);
		json_t *roles = json_object_get(all, id);
		if (roles == NULL) {
			roles = json_object();
			json_object_set_new(all, id, roles);
		}
		json_object_set_new(roles, name != NULL ? name : code, json_true());
	}
	return all;
}

static json_t *names_of(json_t *roles)
{
	json_t *list = json_array();
	const char *name;
	json_t *unused;
	json_object_foreach(roles, name, unused) json_array_append_new(list, json_string(name));
	return list;
}

/* Is this record's certificate in both lists, with other roles? Then it is told once. */
static bool is_role_change(struct diff *d, const struct uc_tl_record *r, json_t *told)
{
	UC_CLEANUP(uc_freep) char *id = identity(r);
	json_t *old = json_object_get(d->old.roles, id);
	json_t *fresh = json_object_get(d->fresh.roles, id);
	if (old == NULL || fresh == NULL || json_equal(old, fresh)) return false;
	if (json_object_get(told, id) != NULL) return true;
	json_object_set_new(told, id, json_true());
	json_t *record = uc_tl_record_json(r, 0, d->now, false);
	json_t *o = json_object();
	json_object_set(o, "certificate", json_object_get(record, "certificate"));
	json_object_set_new(o, "old", names_of(old));
	json_object_set_new(o, "new", names_of(fresh));
	json_array_append_new(json_object_get(d->out, "roles"), o);
	json_decref(record);
	return true;
}

/* ---- records ---- */

static void tell_alone(struct diff *d, const struct side *side, const char *member, json_t *told)
{
	for (size_t i = 0; i < side->list->count; i++) {
		const struct uc_tl_record *r = &side->list->records[i];
		if (side->partner[i] != 0 || is_role_change(d, r, told)) continue;
		json_array_append_new(json_object_get(d->out, member), uc_tl_record_json(r, i + 1, d->now, false));
	}
}

static void tell_moved(struct diff *d)
{
	json_t *list = json_object_get(d->out, "moved");
	for (size_t i = 0; i < d->fresh.list->count; i++) {
		if (d->fresh.partner[i] == 0) continue;
		const struct uc_tl_record *r = &d->fresh.list->records[i];
		const struct uc_tl_record *before = &d->old.list->records[d->fresh.partner[i] - 1];
		UC_CLEANUP(uc_freep) char *key = whole_key(r);
		UC_CLEANUP(uc_freep) char *key_before = whole_key(before);
		if (strcmp(key, key_before) == 0) continue;
		json_t *o = json_object();
		json_object_set_new(o, "old", uc_tl_record_json(before, d->fresh.partner[i], d->now, false));
		json_object_set_new(o, "new", uc_tl_record_json(r, i + 1, d->now, false));
		json_array_append_new(list, o);
	}
}

/* ---- the header ---- */

static void tell_header(struct diff *d)
{
	static const char *const fields[] = {"version", "signer_version", "digest", "modulus_bits", "file_name"};
	json_t *old = uc_tl_header_json(&d->old.list->header);
	json_t *fresh = uc_tl_header_json(&d->fresh.list->header);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		json_t *a = json_object_get(old, fields[i]);
		json_t *b = json_object_get(fresh, fields[i]);
		if (json_equal(a, b)) continue;
		json_t *o = json_object();
		json_object_set_new(o, "field", json_string(fields[i]));
		json_object_set(o, "old", a);
		json_object_set(o, "new", b);
		json_array_append_new(json_object_get(d->out, "header"), o);
	}
	json_decref(old);
	json_decref(fresh);
}

static bool same_signer(const struct uc_tl_header *a, const struct uc_tl_header *b)
{
	return uc_slice_eq(uc_tl_serial_trim(uc_buf_slice(&a->serial)), uc_tl_serial_trim(uc_buf_slice(&b->serial))) &&
	       uc_tl_name_matches(a->name, b->name) && uc_tl_name_matches(a->issuer, b->issuer);
}

static json_t *signer_change(const struct uc_tl_header *old, const struct uc_tl_header *fresh)
{
	if (same_signer(old, fresh)) return json_null();
	json_t *o = json_object();
	json_object_set_new(o, "old", uc_tl_signer_json(old));
	json_object_set_new(o, "new", uc_tl_signer_json(fresh));
	return o;
}

static bool nothing_told(const json_t *out)
{
	static const char *const lists[] = {"added", "removed", "roles", "moved", "header"};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (json_array_size(json_object_get(out, lists[i])) > 0) return false;
	return json_is_null(json_object_get(out, "signer"));
}

json_t *uc_tl_diff(const struct uc_tl *old, const struct uc_tl *fresh, uc_time now)
{
	static const char *const lists[] = {"added", "removed", "roles", "moved", "header"};
	char hash[UC_SHA256_HEX];
	char hash_before[UC_SHA256_HEX];
	struct diff d = {.now = now, .out = json_object()};
	d.old = (struct side){.list = old, .partner = uc_zalloc(old->count + 1, sizeof(size_t)), .roles = roles_by_identity(old)};
	d.fresh = (struct side){.list = fresh, .partner = uc_zalloc(fresh->count + 1, sizeof(size_t)), .roles = roles_by_identity(fresh)};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) json_object_set_new(d.out, lists[i], json_array());
	json_object_set_new(d.out, "signer", signer_change(&old->header, &fresh->header));
	pair(&d, whole_key);
	pair(&d, role_key);
	json_t *told = json_object();
	tell_alone(&d, &d.old, "removed", told);
	tell_alone(&d, &d.fresh, "added", told);
	json_decref(told);
	tell_moved(&d);
	tell_header(&d);
	uc_tl_content_hash(old, hash_before);
	uc_tl_content_hash(fresh, hash);
	bool same = strcmp(hash, hash_before) == 0;
	json_object_set_new(d.out, "same", json_boolean(same));
	json_object_set_new(d.out, "form", json_boolean(!same && nothing_told(d.out)));
	free(d.old.partner);
	free(d.fresh.partner);
	json_decref(d.old.roles);
	json_decref(d.fresh.roles);
	return d.out;
}
