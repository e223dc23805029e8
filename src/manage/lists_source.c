/* What lists are made from: the state, and what the steps of a plan make of it. */
#include "manage/lists_source.h"

#include <stdlib.h>
#include <string.h>

#include "catalog/setting.h"
#include "core/bytes.h"
#include "manage/preview.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* The purposes that lists have something of. */
static const char *const purposes[] = {"ITLRecovery", "CallManager", "CallManager-ECDSA", "CAPF", "TVS"};

/* As above; NULL when lists have nothing of it. */
static const char *listed(const char *purpose)
{
	for (size_t i = 0; i < COUNT(purposes); i++)
		if (strcmp(purposes[i], purpose) == 0) return purposes[i];
	return NULL;
}

static void holding_free(struct uc_list_holding *h)
{
	free(h->node);
	uc_cert_free(h->cert);
	free(h->key);
}

void uc_list_source_free(struct uc_list_source *s)
{
	if (s == NULL) return;
	for (size_t i = 0; i < s->place_count; i++) free(s->places[i].name);
	for (size_t i = 0; i < s->held_count; i++) holding_free(&s->held[i]);
	free(s->places);
	free(s->held);
	free(s->tvs);
	uc_certs_free(&s->extra);
	uc_strv_free(&s->sealed);
	uc_strv_free(&s->serving);
	free(s);
}

static void drop_held(struct uc_list_source *s, const char *node, const char *purpose)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->held_count; i++) {
		struct uc_list_holding *h = &s->held[i];
		if (strcmp(h->node, node) == 0 && (purpose == NULL || strcmp(h->purpose, purpose) == 0))
			holding_free(h);
		else
			s->held[kept++] = *h;
	}
	s->held_count = kept;
}

static struct uc_list_holding *add_held(struct uc_list_source *s, const char *node, const char *purpose, const char *key)
{
	s->held = uc_realloc(s->held, s->held_count + 1, sizeof *s->held);
	struct uc_list_holding *h = &s->held[s->held_count++];
	*h = (struct uc_list_holding){.node = uc_strdup(node), .purpose = purpose, .key = uc_strdup(key)};
	return h;
}

static void take_identity(void *ctx, const struct uc_identity *i)
{
	const char *purpose = listed(i->purpose);
	if (purpose != NULL) add_held(ctx, i->node, purpose, i->key_id)->cert = uc_cert_dup(i->cert);
}

static void note_sealed(struct uc_list_source *s, const char *key, const char *node)
{
	uc_strv_take(&s->sealed, uc_sprintf("%s/%s", key, node));
}

static void take_sealed(void *ctx, const struct uc_sealed *k)
{
	for (size_t i = 0; i < k->nodes.count; i++) note_sealed(ctx, k->key_id, k->nodes.items[i]);
}

static void place_drop(struct uc_list_source *s, const char *name)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->place_count; i++) {
		if (strcmp(s->places[i].name, name) == 0)
			free(s->places[i].name);
		else
			s->places[kept++] = s->places[i];
	}
	s->place_count = kept;
}

static void place_put(struct uc_list_source *s, const char *name, unsigned roles)
{
	place_drop(s, name);
	s->places = uc_realloc(s->places, s->place_count + 1, sizeof *s->places);
	size_t at = s->place_count++;
	for (; at > 0 && strcmp(s->places[at - 1].name, name) > 0; at--) s->places[at] = s->places[at - 1];
	s->places[at] = (struct uc_list_place){.name = uc_strdup(name), .roles = roles};
}

static void set_setting(struct uc_list_source *s, const char *name, const char *value)
{
	if (strcmp(name, UC_SETTING_MODE) == 0) s->mixed = strcmp(value, "mixed") == 0;
	if (strcmp(name, UC_SETTING_ENCRYPTION) == 0) s->advanced = strcmp(value, "advanced") == 0;
	if (strcmp(name, UC_SETTING_SIGNER) == 0) s->by_callmanager = strcmp(value, "CallManager") == 0;
	if (strcmp(name, UC_SETTING_DIGEST) == 0) s->digest = strcmp(value, "sha512") == 0 ? UC_TL_SHA512 : UC_TL_SHA1;
}

static enum uc_status read_settings(struct uc_store *store, struct uc_list_source *s, struct uc_error *e)
{
	size_t count;
	const struct uc_setting *all = uc_settings(&count);
	for (size_t i = 0; i < count; i++) {
		UC_CLEANUP(uc_freep) char *value = NULL;
		UC_TRY(uc_store_setting(store, all[i].name, &value, e));
		set_setting(s, all[i].name, value != NULL ? value : all[i].values[0]);
	}
	return UC_OK;
}

static enum uc_status read_extra(struct uc_store *store, struct uc_list_source *s, struct uc_error *e)
{
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	UC_TRY(uc_store_trust(store, UC_LISTS_EXTRA, NULL, NULL, NULL, SIZE_MAX, &found, e));
	for (size_t i = 0; i < found.count; i++)
		if (uc_certs_find(&s->extra, found.items[i].cert->fingerprint) < 0) uc_certs_take(&s->extra, uc_cert_dup(found.items[i].cert));
	return UC_OK;
}

/* What follows from the rest. */
static void settle(struct uc_list_source *s)
{
	uc_strv_free(&s->serving);
	free(s->tvs);
	s->tvs = uc_zalloc(s->held_count + 1, sizeof *s->tvs);
	s->tvs_count = 0;
	for (size_t i = 0; i < s->place_count; i++)
		if ((s->places[i].roles & UC_NODE_TFTP) != 0) uc_strv_add(&s->serving, s->places[i].name);
	for (size_t i = 0; i < s->held_count; i++) {
		if (strcmp(s->held[i].purpose, "TVS") != 0 || s->held[i].cert == NULL) continue;
		struct uc_tl_known *k = &s->tvs[s->tvs_count++];
		k->role = UC_TL_TVS;
		memcpy(k->fingerprint, s->held[i].cert->fingerprint, sizeof k->fingerprint);
	}
}

static enum uc_status read_all(const struct uc_task_context *ctx, struct uc_list_source *s, struct uc_error *e)
{
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	for (size_t i = 0; i < all.count; i++) {
		place_put(s, all.items[i].row.name, all.items[i].roles);
		UC_TRY(uc_store_identities(ctx->store, all.items[i].row.name, take_identity, s, e));
	}
	UC_TRY(uc_store_sealed_each(ctx->store, NULL, take_sealed, s, e));
	UC_TRY(read_settings(ctx->store, s, e));
	UC_TRY(read_extra(ctx->store, s, e));
	settle(s);
	return UC_OK;
}

enum uc_status uc_list_source_read(const struct uc_task_context *ctx, struct uc_list_source **out, struct uc_error *e)
{
	UC_CLEANUP(uc_list_source_freep) struct uc_list_source *s = uc_zalloc(1, sizeof *s);
	UC_TRY(read_all(ctx, s, e));
	*out = uc_move(s);
	return UC_OK;
}

bool uc_list_source_mixed(const struct uc_list_source *s)
{
	return s->mixed;
}

const struct uc_strv *uc_list_source_nodes(const struct uc_list_source *s)
{
	return &s->serving;
}

const struct uc_tl_known *uc_list_source_tvs(const struct uc_list_source *s, size_t *count)
{
	*count = s->tvs_count;
	return s->tvs;
}

/* ---- what steps make of it ---- */

typedef enum uc_status (*applier)(struct uc_list_source *s, const json_t *step, struct uc_error *e);

static enum uc_status read_cert(const json_t *step, struct uc_cert **out, struct uc_error *e)
{
	const char *text = uc_json_member(step, "certificate");
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	if (text[0] == '\0') return UC_OK;
	if (!uc_unbase64(uc_slice_str(text), &der))
		return uc_fail(e, UC_EINTERNAL, "internal", NULL, "a step has a certificate that is not base64");
	return uc_cert_read(uc_buf_slice(&der), out, e);
}

static enum uc_status apply_identity_set(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	const char *purpose = listed(uc_json_member(step, "purpose"));
	if (purpose == NULL) return UC_OK;
	drop_held(s, uc_json_member(step, "node"), purpose);
	struct uc_list_holding *h = add_held(s, uc_json_member(step, "node"), purpose, uc_json_member(step, "key"));
	const char *kind = uc_json_member(json_object_get(step, UC_STEP_EXPECTED), "key_type");
	UC_TRY(read_cert(step, &h->cert, e));
	h->unmade = h->cert == NULL;
	h->unfit = strcmp(kind, "RSA 3072") == 0 || uc_starts_with(kind, "EC ");
	return UC_OK;
}

static enum uc_status apply_identity_remove(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	(void)e;
	drop_held(s, uc_json_member(step, "node"), uc_json_member(step, "purpose"));
	return UC_OK;
}

static enum uc_status apply_trust_add(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	if (strcmp(uc_json_member(step, "store"), UC_LISTS_EXTRA) != 0) return UC_OK;
	UC_TRY(read_cert(step, &cert, e));
	if (cert != NULL && uc_certs_find(&s->extra, cert->fingerprint) < 0) uc_certs_take(&s->extra, uc_move(cert));
	return UC_OK;
}

static enum uc_status apply_trust_remove(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	if (strcmp(uc_json_member(step, "store"), UC_LISTS_EXTRA) != 0) return UC_OK;
	UC_TRY(read_cert(step, &cert, e));
	long at = cert != NULL ? uc_certs_find(&s->extra, cert->fingerprint) : -1;
	if (at < 0) return UC_OK;
	uc_cert_free(s->extra.items[at]);
	s->extra.items[at] = s->extra.items[--s->extra.count];
	return UC_OK;
}

static enum uc_status apply_setting_set(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	(void)e;
	set_setting(s, uc_json_member(step, "name"), uc_json_member(step, "value"));
	return UC_OK;
}

static enum uc_status apply_setting_remove(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	(void)e;
	const struct uc_setting *setting;
	/* One that only newer programs know is nothing to lists. */
	if (uc_setting_find(uc_json_member(step, "name"), &setting, NULL) == UC_OK) set_setting(s, setting->name, setting->values[0]);
	return UC_OK;
}

static unsigned roles_of(const json_t *step)
{
	unsigned out = 0;
	size_t i;
	const json_t *role;
	json_array_foreach(json_object_get(step, "roles"), i, role)
	{
		unsigned one = 0;
		if (uc_roles_parse(json_string_value(role), &one, NULL) == UC_OK) out |= one;
	}
	return out;
}

static enum uc_status apply_node_set(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	(void)e;
	place_put(s, uc_json_member(step, "node"), roles_of(step));
	return UC_OK;
}

static enum uc_status apply_node_remove(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	(void)e;
	place_drop(s, uc_json_member(step, "node"));
	drop_held(s, uc_json_member(step, "node"), NULL);
	return UC_OK;
}

static enum uc_status apply_node_rename(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	(void)e;
	const char *from = uc_json_member(step, "node");
	const char *to = uc_json_member(step, "to");
	for (size_t i = 0; i < s->place_count; i++) {
		if (strcmp(s->places[i].name, from) != 0) continue;
		place_put(s, to, s->places[i].roles);
		break;
	}
	if (strcmp(from, to) != 0) place_drop(s, from);
	for (size_t i = 0; i < s->held_count; i++) {
		if (strcmp(s->held[i].node, from) != 0) continue;
		free(s->held[i].node);
		s->held[i].node = uc_strdup(to);
	}
	return UC_OK;
}

static enum uc_status apply_seal(struct uc_list_source *s, const json_t *step, struct uc_error *e)
{
	(void)e;
	size_t i;
	const json_t *node;
	json_array_foreach(json_object_get(step, "nodes"), i, node) note_sealed(s, uc_json_member(step, "key"), json_string_value(node));
	return UC_OK;
}

static const struct {
	const char *type;
	applier apply;
} appliers[] = {
    {"identity.set", apply_identity_set}, {"identity.remove", apply_identity_remove},
    {"trust.add", apply_trust_add},       {"trust.remove", apply_trust_remove},
    {"setting.set", apply_setting_set},   {"setting.remove", apply_setting_remove},
    {"node.set", apply_node_set},         {"node.remove", apply_node_remove},
    {"node.rename", apply_node_rename},   {"key.seal", apply_seal},
};

enum uc_status uc_list_source_apply(struct uc_list_source *s, const json_t *steps, struct uc_error *e)
{
	size_t i;
	const json_t *step;
	json_array_foreach(steps, i, step)
	{
		for (size_t k = 0; k < COUNT(appliers); k++)
			if (strcmp(appliers[k].type, uc_json_member(step, "type")) == 0) UC_TRY(appliers[k].apply(s, step, e));
	}
	settle(s);
	return UC_OK;
}
