/* Questions about the state, answered as the JSON that the API gives. */
#include <stdlib.h>
#include <string.h>

#include "manage/lists.h"
#include "node/read.h"
#include "pki/name.h"
#include "pki/path.h"
#include "pki/report.h"

/* ---- the catalogue ---- */

static json_t *text_list(const char *const *items)
{
	json_t *out = json_array();
	for (size_t i = 0; items[i] != NULL; i++) json_array_append_new(out, json_string(items[i]));
	return out;
}

static json_t *eku_list(const char *const *oids)
{
	json_t *out = json_array();
	for (size_t i = 0; oids[i] != NULL; i++) json_array_append_new(out, json_string(uc_eku_name(oids[i])));
	return out;
}

static json_t *purpose_json(const struct uc_purpose *p)
{
	json_t *out =
	    json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", p->name, "title", p->title, "reach", uc_reach_name(p->reach),
	              "distribution", uc_purpose_distributions(p), "key_usage", uc_report_key_usage(p->key_usage), "extended_key_usage",
	              eku_list(p->ekus), "extended_key_usage_self_signed", eku_list(p->self_ekus), "key_types", uc_purpose_keys(p));
	json_t *more = json_pack("{s:s, s:i, s:b, s:b, s:o, s:o, s:o, s:o}", "default_key", p->key, "years", p->years, "ca", p->ca,
	                         "requestable", p->requestable, "roles", uc_roles_json(p->roles), "trust_stores", text_list(p->stores),
	                         "services", text_list(p->services), "lists", uc_list_names_with(p->name));
	json_object_update(out, more);
	json_decref(more);
	return out;
}

json_t *uc_read_page(json_t *items)
{
	return json_pack("{s:o, s:n}", "items", items, "next");
}

json_t *uc_node_purposes(void)
{
	size_t count;
	const struct uc_purpose *purposes = uc_purposes(&count);
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++) json_array_append_new(items, purpose_json(&purposes[i]));
	return uc_read_page(items);
}

enum uc_status uc_node_stores(struct uc_node *n, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	json_t *counters = NULL;
	UC_TRY(uc_store_counters(reader.store, &counters, e));
	size_t count;
	const struct uc_trust_store *stores = uc_trust_stores(&count);
	json_t *items = json_array();
	for (size_t i = 0; i < count; i++) {
		const struct uc_trust_store *s = &stores[i];
		json_int_t held = json_integer_value(json_object_get(json_object_get(counters, "trust"), s->name));
		json_array_append_new(items,
		                      json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:I}", "name", s->name, "holds", s->holds, "scope",
		                                s->cluster ? "cluster" : "node", "delete", s->delete_cluster ? "cluster" : "scope", "phones",
		                                s->phones, "roles", uc_roles_json(s->roles), "services", text_list(s->services), "count", held));
	}
	json_decref(counters);
	*out = uc_read_page(items);
	return UC_OK;
}

/* ---- whose ---- */

enum uc_status uc_read_node(struct uc_node *n, struct uc_store *store, const char *node, char **out, struct uc_error *e)
{
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	if (node == NULL) {
		*out = uc_strdup(n->name);
		return UC_OK;
	}
	UC_CLEANUP(uc_freep) char *name = uc_fold(node); /* host names have no case */
	struct uc_error why;
	enum uc_status status = uc_store_node(store, name, &row, &why);
	if (status == UC_ENOTFOUND)
		return uc_fail_field(e, UC_ENOTFOUND, "no-node", "node", "`show node list` lists them.", "there is no node '%s'", node);
	if (status == UC_OK)
		*out = uc_move(row.name);
	else
		*e = why;
	return status;
}

enum uc_status uc_read_former_node(struct uc_store *store, const char *node, char **out, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *name = uc_fold(node);
	bool known;
	UC_TRY(uc_store_node_known(store, name, &known, e));
	if (!known) return uc_fail_field(e, UC_ENOTFOUND, "no-node", "node", "`show node list` lists them.", "there is no node '%s'", node);
	*out = uc_move(name);
	return UC_OK;
}

/* An identity certificate is one node's, whatever the list calls its distribution. */
void uc_read_name_nodes(json_t *items)
{
	size_t i;
	json_t *row;
	json_array_foreach(items, i, row)
	{
		if (strcmp(uc_json_member(row, "usage"), "own") == 0) json_object_set(row, "node", json_object_get(row, "scope"));
	}
}

enum uc_status uc_node_find(struct uc_node *n, struct uc_find *f, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(uc_freep) char *whose = NULL;
	UC_TRY(uc_reader_borrow(n, &reader, e));
	if (f->node != NULL) UC_TRY(uc_read_node(n, reader.store, f->node, &whose, e));
	f->node = whose;
	enum uc_status status = uc_store_find(reader.store, f, uc_now(), out, e);
	f->node = NULL; /* it goes with this call */
	if (status == UC_OK) uc_read_name_nodes(json_object_get(*out, "items"));
	return status;
}

/* ---- one certificate ---- */

/* The certificate at a place: own unit, or trust store and name. cert and chain are owned by the caller's struct. */
struct located {
	char *node; /* whose it is, or who sees it */
	bool own;
	const struct uc_purpose *purpose;   /* own */
	const struct uc_trust_store *store; /* trust */
	struct uc_identity identity;        /* own */
	struct uc_trusts trusts;            /* trust: exactly one */
	const struct uc_cert *cert;         /* borrowed from either */
};

static void located_free(struct located *f)
{
	free(f->node);
	uc_identity_free(&f->identity);
	uc_trusts_free(&f->trusts);
	*f = (struct located){.own = false};
}

static enum uc_status locate(struct uc_node *n, struct uc_store *store, const char *node, bool own, const char *unit, const char *name,
                             struct located *out, struct uc_error *e)
{
	out->own = own;
	UC_TRY(uc_read_node(n, store, node, &out->node, e));
	if (own) {
		UC_TRY(uc_purpose_find(unit, &out->purpose, e));
		UC_TRY(uc_store_identity(store, out->node, out->purpose->name, &out->identity, e));
		out->cert = out->identity.cert;
		return UC_OK;
	}
	UC_TRY(uc_trust_store_find(unit, &out->store, e));
	UC_TRY(uc_store_trust(store, out->store->name, out->node, name, NULL, 1, &out->trusts, e));
	/* A fingerprint names a certificate as well. */
	if (out->trusts.count == 0 && strlen(name) == UC_FINGERPRINT_HEX - 1)
		UC_TRY(uc_store_trust(store, out->store->name, out->node, NULL, name, 1, &out->trusts, e));
	if (out->trusts.count == 0) return uc_trust_missing(store, out->store->name, name, e);
	out->cert = out->trusts.items[0].cert;
	return UC_OK;
}

static const char *vouching_store(const struct located *f)
{
	if (!f->own) return f->store->name;
	return f->purpose->stores[0]; /* NULL for purposes that no store vouches for */
}

/* What a list shows of it. */
static json_t *row_json(const struct located *f)
{
	const struct uc_identity *i = &f->identity;
	const struct uc_trust *t = f->trusts.items;
	UC_CLEANUP(uc_freep) char *own_name = f->own ? uc_sprintf("%s.pem", f->purpose->name) : NULL;
	bool self_signed = f->own ? strcmp(i->source, "self-signed") == 0 : uc_cert_self_signed(f->cert);
	const char *distribution = !f->own ? t->scope : strcmp(i->distribution, "multi-server") == 0 ? i->distribution : i->node;
	UC_CLEANUP(uc_freep) char *issuer = uc_name_text(f->cert->issuer);
	UC_CLEANUP(uc_freep)
	char *description = !f->own       ? uc_strdup(t->description)
	                    : self_signed ? uc_strdup("Self-signed certificate generated by system")
	                                  : uc_sprintf("Certificate Signed by %s", issuer);
	json_t *row =
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "usage", f->own ? "own" : "trust", "unit",
	              f->own ? f->purpose->name : f->store->name, "name", f->own ? own_name : t->name, "scope", f->own ? i->node : t->scope,
	              "type", self_signed ? "self-signed" : "ca-signed", "distribution", distribution, "description", description);
	if (f->own) json_object_set_new(row, "node", json_string(i->node));
	return row;
}

/* The fields of a list's row that stand in the decoded certificate. */
static void add_decoded(json_t *row)
{
	static const char *const fields[] = {"common_name", "subject",   "issuer",  "serial", "key_type",
	                                     "not_before",  "not_after", "expires", "state"};
	const json_t *report = json_object_get(row, "certificate");
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) json_object_set(row, fields[i], json_object_get(report, fields[i]));
	json_object_set(row, "fingerprint", json_object_get(report, "fingerprint_sha256"));
}

static bool is_same_entry(const struct uc_trust *a, const struct uc_trust *b)
{
	return strcmp(a->store, b->store) == 0 && strcmp(a->name, b->name) == 0 && strcmp(a->scope, b->scope) == 0;
}

static json_t *also_in(const struct uc_trusts *all, const struct located *f)
{
	json_t *out = json_array();
	for (size_t i = 0; i < all->count; i++) {
		const struct uc_trust *t = &all->items[i];
		if (!f->own && is_same_entry(t, &f->trusts.items[0])) continue;
		json_array_append_new(out, json_pack("{s:s, s:s, s:s}", "unit", t->store, "name", t->name, "distribution", t->scope));
	}
	return out;
}

/* Only a node itself knows whether it has its key: null for the others (their findings say when it is missing). */
static json_t *key_present(struct uc_node *n, const struct located *f)
{
	return strcmp(f->node, n->name) == 0 ? json_boolean(uc_keys_has(n->keys, f->identity.key_id)) : json_null();
}

static enum uc_status add_own(struct uc_node *n, struct uc_store *store, const struct located *f, json_t *out, struct uc_error *e)
{
	struct uc_request pending = {.node = NULL};
	enum uc_status status = uc_store_request(store, f->node, f->purpose->name, &pending, e);
	uc_request_free(&pending);
	if (status != UC_OK && status != UC_ENOTFOUND) return status;
	json_object_set_new(out, "pending_csr", json_boolean(status == UC_OK));
	json_object_set_new(out, "used_by", text_list(f->purpose->services));
	json_object_set_new(
	    out, "key",
	    json_pack("{s:s, s:o, s:s}", "id", f->identity.key_id, "present", key_present(n, f), "type", uc_key_info_of(f->cert->spki).text));
	return UC_OK;
}

/* The chain of a certificate, complete or as far as it goes. */
static enum uc_status chain_of(struct uc_store *store, const struct located *f, json_t **out, struct uc_error *e)
{
	return uc_chain_json(f->node, store, vouching_store(f), f->cert, f->own ? &f->identity.chain : NULL, out, e);
}

enum uc_status uc_node_cert(struct uc_node *n, const char *node, bool own, const char *unit, const char *name, json_t **out,
                            struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_CLEANUP(located_free) struct located f = {.own = own};
	UC_TRY(locate(n, reader.store, node, own, unit, name, &f, e));
	UC_CLEANUP(uc_trusts_free) struct uc_trusts all = {.items = NULL};
	char fp[UC_FINGERPRINT_HEX];
	UC_TRY(uc_store_trust_everywhere(reader.store, uc_cert_fingerprint_hex(f.cert, fp), &all, e));
	json_t *chain = NULL;
	UC_TRY(chain_of(reader.store, &f, &chain, e));
	json_t *result = row_json(&f);
	json_object_set_new(result, "certificate", uc_report_cert(f.cert, uc_now()));
	add_decoded(result);
	json_object_set(result, "chain", json_object_get(chain, "items"));
	json_object_set(result, "chain_complete", json_object_get(chain, "complete"));
	json_object_set(result, "missing", json_object_get(chain, "missing"));
	json_object_set(result, "chain_reason", json_object_get(chain, "reason"));
	json_decref(chain);
	json_object_set_new(result, "also_in", also_in(&all, &f));
	UC_CLEANUP(uc_freep)
	char *object =
	    own ? uc_sprintf("own/%s/%s", f.node, f.purpose->name) : uc_sprintf("trust/%s/%s", f.store->name, f.trusts.items[0].name);
	json_t *changes = NULL;
	enum uc_status status = uc_log_list(reader.store, &(struct uc_log_filter){.object = object}, 0, 20, &changes, NULL, e);
	if (status == UC_OK) json_object_set_new(result, "changes", changes);
	if (status == UC_OK && own) status = add_own(n, reader.store, &f, result, e);
	if (status == UC_OK)
		*out = result;
	else
		json_decref(result);
	return status;
}

enum uc_status uc_node_chain(struct uc_node *n, const char *node, bool own, const char *unit, const char *name, json_t **out,
                             struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_CLEANUP(located_free) struct located f = {.own = own};
	UC_TRY(locate(n, reader.store, node, own, unit, name, &f, e));
	return chain_of(reader.store, &f, out, e);
}

/* ---- downloads ---- */

/* The certificates from the leaf to the root, as far as the node has them; owned by the caller. */
static enum uc_status whole_chain(struct uc_store *store, const struct located *f, struct uc_certs *out, struct uc_error *e)
{
	uc_certs_take(out, uc_cert_dup(f->cert));
	if (f->own) {
		for (size_t i = 0; i < f->identity.chain.count; i++) uc_certs_take(out, uc_cert_dup(f->identity.chain.items[i]));
		return UC_OK;
	}
	UC_CLEANUP(uc_certs_free) struct uc_certs intermediates = {.items = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs anchors = {.items = NULL};
	UC_TRY(uc_pool_gather(store, f->store->name, f->node, out, &intermediates, &anchors, e));
	struct uc_path_options options = {.at = uc_now(), .v1_anchors = true, .allow_weak = true};
	struct uc_path path = {.ok = false};
	uc_path_build(f->cert, &intermediates, &anchors, &options, &path);
	for (size_t i = 1; i < path.chain.count; i++) uc_certs_take(out, uc_cert_dup(path.chain.items[i]));
	uc_path_free(&path);
	return UC_OK;
}

static void write_pem(const struct uc_certs *certs, struct uc_buf *out)
{
	for (size_t i = 0; i < certs->count; i++) uc_pem_write(out, "CERTIFICATE", uc_buf_slice(&certs->items[i]->der));
}

static void write_der(const struct uc_certs *certs, struct uc_buf *out)
{
	uc_buf_add_slice(out, uc_buf_slice(&certs->items[0]->der));
}

static void write_p7b(const struct uc_certs *certs, struct uc_buf *out)
{
	uc_pkcs7_write(certs, out);
}

static const struct {
	const char *name;
	bool chain;
	void (*write)(const struct uc_certs *certs, struct uc_buf *out);
	const char *type;
	const char *ending;
} formats[] = {
    {"pem", false, write_pem, "application/x-pem-file", ".pem"},
    {"der", false, write_der, "application/pkix-cert", ".der"},
    {"chain", true, write_pem, "application/x-pem-file", "-chain.pem"},
    {"p7b", true, write_p7b, "application/x-pkcs7-certificates", ".p7b"},
};

enum uc_status uc_node_content(struct uc_node *n, const char *node, bool own, const char *unit, const char *name, const char *format,
                               struct uc_buf *out, char type[96], char file[96], struct uc_error *e)
{
	size_t i = 0;
	while (i < sizeof formats / sizeof *formats && strcmp(formats[i].name, format) != 0) i++;
	if (i == sizeof formats / sizeof *formats)
		return uc_fail_field(e, UC_EINPUT, "bad-format", "format", "Use pem, der, chain or p7b.", "'%s' is not a format of certificates",
		                     format);
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_CLEANUP(located_free) struct located f = {.own = own};
	UC_TRY(locate(n, reader.store, node, own, unit, name, &f, e));
	UC_CLEANUP(uc_certs_free) struct uc_certs certs = {.items = NULL};
	if (formats[i].chain)
		UC_TRY(whole_chain(reader.store, &f, &certs, e));
	else
		uc_certs_take(&certs, uc_cert_dup(f.cert));
	formats[i].write(&certs, out);
	UC_CLEANUP(uc_freep)
	char *base = own ? uc_strdup(f.purpose->name) : uc_strndup(f.trusts.items[0].name, strlen(f.trusts.items[0].name) - strlen(".pem"));
	snprintf(type, 96, "%s", formats[i].type);
	snprintf(file, 96, "%.80s%s", base, formats[i].ending);
	return UC_OK;
}
