/* The nodes of a cluster as tasks see them. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "pki/name.h"

/* ---- reading them ---- */

struct reading {
	struct uc_members *out;
	enum uc_status status;
	struct uc_error error;
};

static struct uc_member *more(struct uc_members *v)
{
	v->items = uc_realloc(v->items, v->count + 1, sizeof *v->items);
	v->items[v->count] = (struct uc_member){.roles = 0};
	return &v->items[v->count++];
}

static void take_row(void *ctx, const struct uc_node_row *row)
{
	struct reading *r = ctx;
	if (r->status != UC_OK) return;
	struct uc_member *m = more(r->out);
	m->there = true;
	m->row = (struct uc_node_row){.name = uc_strdup(row->name),
	                              .fqdn = uc_strdup(row->fqdn),
	                              .domain = uc_strdup(row->domain),
	                              .roles = uc_strdup(row->roles),
	                              .guid = uc_strdup(row->guid),
	                              .number = row->number};
	uc_buf_add_slice(&m->row.certificate, uc_buf_slice(&row->certificate));
	r->status = uc_roles_parse(row->roles, &m->roles, &r->error);
	if (r->status == UC_OK && row->certificate.len > 0) r->status = uc_cert_read(uc_buf_slice(&row->certificate), &m->cert, &r->error);
}

void uc_members_free(struct uc_members *v)
{
	for (size_t i = 0; i < v->count; i++) {
		uc_node_row_free(&v->items[i].row);
		uc_cert_free(v->items[i].cert);
	}
	free(v->items);
	*v = (struct uc_members){.items = NULL};
}

/* While it is installed, and the first time that it starts with a program that knows of node keys. */
static void add_own(const struct uc_task_context *ctx, struct uc_members *out)
{
	struct uc_member *own = NULL;
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->items[i].row.name, ctx->node) == 0) own = &out->items[i];
	if (own == NULL) {
		own = more(out);
		own->roles = ctx->roles;
		own->row = (struct uc_node_row){.name = uc_strdup(ctx->node),
		                                .fqdn = uc_strdup(ctx->fqdn),
		                                .domain = uc_strdup(ctx->domain),
		                                .roles = uc_roles_text(ctx->roles),
		                                .guid = uc_strdup(ctx->guid)};
	}
	if (own->cert == NULL && !ctx->elsewhere) own->cert = uc_cert_dup(uc_keys_node_cert(ctx->keys));
}

/* A database sorts by the rules of its place; two makings of a plan must have one order. */
static int by_name(const void *a, const void *b)
{
	const struct uc_member *one = a;
	const struct uc_member *other = b;
	return strcmp(one->row.name, other->row.name);
}

enum uc_status uc_members_read(const struct uc_task_context *ctx, struct uc_members *out, struct uc_error *e)
{
	struct reading r = {.out = out, .status = UC_OK};
	UC_TRY(uc_store_nodes(ctx->store, take_row, &r, e));
	if (r.status != UC_OK) {
		if (e != NULL) *e = r.error;
		return r.status;
	}
	add_own(ctx, out);
	qsort(out->items, out->count, sizeof *out->items, by_name);
	return UC_OK;
}

const struct uc_member *uc_members_find(const struct uc_members *v, const char *name)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].there && strcmp(v->items[i].row.name, name) == 0) return &v->items[i];
	return NULL;
}

enum uc_status uc_members_need(const struct uc_members *v, const char *name, const struct uc_member **out, struct uc_error *e)
{
	*out = uc_members_find(v, name);
	if (*out != NULL) return UC_OK;
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	for (size_t i = 0; i < v->count; i++) uc_strv_add(&names, v->items[i].row.name);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&names, ", ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("The nodes are %s.", list);
	return uc_fail_field(e, UC_ENOTFOUND, "no-node", "node", hint, "there is no node '%s'", name);
}

const struct uc_member *uc_members_publisher(const struct uc_members *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->items[i].there && (v->items[i].roles & UC_NODE_PUBLISHER) != 0) return &v->items[i];
	return NULL;
}

struct uc_task_context uc_member_context(const struct uc_task_context *ctx, const struct uc_member *m)
{
	struct uc_task_context out = *ctx;
	if (strcmp(ctx->node, m->row.name) == 0) return out;
	out.node = out.host = m->row.name;
	out.fqdn = m->row.fqdn;
	out.domain = m->row.domain;
	out.guid = m->row.guid;
	out.roles = m->roles;
	out.elsewhere = true;
	return out;
}

json_t *uc_node_row_json(const struct uc_node_row *row)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv roles = {.items = NULL};
	uc_strv_split(&roles, row->roles, ',');
	json_t *list = json_array();
	for (size_t i = 0; i < roles.count; i++) json_array_append_new(list, json_string(roles.items[i]));
	UC_CLEANUP(uc_freep) char *certificate = row->certificate.len > 0 ? uc_base64(uc_buf_slice(&row->certificate)) : NULL;
	return json_pack("{s:s, s:s, s:o, s:s, s:s?}", "fqdn", row->fqdn, "domain", row->domain, "roles", list, "guid", row->guid,
	                 "certificate", certificate);
}

/* ---- names ---- */

enum uc_status uc_need_publisher(const struct uc_task_context *ctx, struct uc_error *e)
{
	if ((ctx->roles & UC_NODE_PUBLISHER) != 0) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "not-publisher", "Do it on the publisher.", "%s is not the publisher of this cluster", ctx->node);
}

static char *lower(const char *text)
{
	char *out = uc_strdup(text);
	for (char *p = out; *p != '\0'; p++) *p = uc_ascii_lower(*p);
	return out;
}

/* Is it a host name, written as certificates write it? */
static enum uc_status check_host(const char *host, bool *same, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *dns = uc_sprintf("DNS:%s", host);
	UC_CLEANUP(uc_freep) char *normal = NULL;
	UC_TRY(uc_san_normalize(dns, &normal, e));
	*same = strcmp(normal, dns) == 0;
	return UC_OK;
}

enum uc_status uc_node_names(const char *name_field, const char *name, const char *domain, char **name_out, char **domain_out, char **fqdn,
                             struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *host = lower(name);
	UC_CLEANUP(uc_freep) char *zone = lower(domain);
	if (host[0] == '\0' || strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(host) || strcmp(host, UC_ALL_NODES) == 0)
		return uc_fail_field(e, UC_EINPUT, "bad-node-name", name_field,
		                     "Use letters, digits and hyphens, without the domain; 'cluster' stands for all nodes.",
		                     "'%s' cannot be the name of a node", name);
	UC_CLEANUP(uc_freep) char *whole = zone[0] != '\0' ? uc_sprintf("%s.%s", host, zone) : uc_strdup(host);
	bool same = false;
	UC_TRY(uc_arg_blame(check_host(host, &same, e), name_field, e));
	UC_TRY(uc_arg_blame(check_host(whole, &same, e), "domain", e));
	if (!same)
		return uc_fail_field(e, UC_EINPUT, "bad-node-name", "domain", "Write an international name as its A-labels (xn--...).",
		                     "'%s' cannot be the domain of a node", domain);
	*name_out = uc_move(host);
	*domain_out = uc_move(zone);
	*fqdn = uc_move(whole);
	return UC_OK;
}

/* ---- certificates for several of them ---- */

bool uc_cert_names_node(const struct uc_cert *c, const char *fqdn)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv sans = {.items = NULL};
	if (!uc_cert_sans(c, &sans)) return false;
	const char *dot = strchr(fqdn, '.');
	UC_CLEANUP(uc_freep) char *whole = uc_sprintf("DNS:%s", fqdn);
	UC_CLEANUP(uc_freep) char *wild = dot != NULL ? uc_sprintf("DNS:*%s", dot) : NULL;
	for (size_t i = 0; i < sans.count; i++)
		if (uc_eq_nocase(sans.items[i], whole) || (wild != NULL && uc_eq_nocase(sans.items[i], wild))) return true;
	return false;
}

struct multi {
	const char *fqdn;
	unsigned roles;
	struct uc_strv told; /* purposes */
	struct uc_findings *out;
};

static void judge_one(void *ctx, const struct uc_identity *i)
{
	struct multi *m = ctx;
	const struct uc_purpose *purpose = NULL;
	if (strcmp(i->distribution, "multi-server") != 0 || uc_strv_has(&m->told, i->purpose)) return;
	if (uc_purpose_find(i->purpose, &purpose, NULL) != UC_OK || (purpose->roles & m->roles) == 0) return;
	if (uc_cert_names_node(i->cert, m->fqdn)) return;
	uc_strv_add(&m->told, i->purpose);
	uc_findings_add(
	    m->out, UC_WARN, "not-in-multi-server", "Generate a new multi-server CSR, which names every node, have it signed and upload it.",
	    "the multi-server certificate of %s does not name %s, which gets a certificate of its own instead", i->purpose, m->fqdn);
}

enum uc_status uc_judge_multi(const struct uc_task_context *ctx, const char *fqdn, unsigned roles, const char *except,
                              struct uc_findings *out, struct uc_error *e)
{
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	UC_TRY(uc_members_read(ctx, &all, e));
	struct multi m = {.fqdn = fqdn, .roles = roles, .out = out};
	enum uc_status status = UC_OK;
	for (size_t i = 0; i < all.count && status == UC_OK; i++)
		if (except == NULL || strcmp(all.items[i].row.name, except) != 0)
			status = uc_store_identities(ctx->store, all.items[i].row.name, judge_one, &m, e);
	uc_strv_free(&m.told);
	return status;
}
