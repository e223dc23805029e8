/* What the cluster says of this node: that it is a member, and with which name and roles. */
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "node/internal.h"

/* The rows of the cluster, searched for this node. */
struct search {
	const struct uc_node *node;
	bool known;    /* there is a row with this machine's certificate: name, domain and roles are those of it */
	bool replaced; /* another machine has this node's name */
	char *name, *domain, *roles;
};

static void search_free(struct search *s)
{
	free(s->name);
	free(s->domain);
	free(s->roles);
}

static void note_row(void *ctx, const struct uc_node_row *row)
{
	struct search *s = ctx;
	bool same_name = strcmp(row->name, s->node->name) == 0;
	/* One that was installed before there were clusters has its certificate in no row yet. */
	bool mine = row->certificate.len == 0
	                ? same_name
	                : uc_slice_eq(uc_buf_slice(&row->certificate), uc_buf_slice(&uc_keys_node_cert(s->node->keys)->der));
	s->replaced = s->replaced || (same_name && !mine);
	if (!mine || s->known) return;
	s->known = true;
	s->name = uc_strdup(row->name);
	s->domain = uc_strdup(row->domain);
	s->roles = uc_strdup(row->roles);
}

/* By its certificate, since its name may be another one than it knows. Release with search_free(). */
static enum uc_status find(struct uc_node *n, struct search *s, struct uc_error *e)
{
	*s = (struct search){.node = n};
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	return uc_store_nodes(reader.store, note_row, s, e);
}

enum uc_status uc_member_take_place(struct uc_node *n, struct uc_error *e)
{
	UC_CLEANUP(search_free) struct search s;
	unsigned roles;
	UC_TRY(find(n, &s, e));
	/* A machine that was replaced, or has not followed far enough to find itself, stays what it was. */
	if (!s.known) return UC_OK;
	UC_TRY(uc_roles_parse(s.roles, &roles, e));
	UC_TRY(uc_node_take_roles(n, roles, e));
	if (strcmp(s.name, n->name) == 0 && strcmp(s.domain, n->domain) == 0) return UC_OK;
	/* It had followed its new name, and ended before it could write it down. */
	uc_log(UC_LOG_INFO, "the cluster calls this node %s of the domain '%s'", s.name, s.domain);
	UC_TRY(uc_node_file_rename(n, s.name, s.domain, e));
	return uc_node_take_names(n, s.name, s.domain, e);
}

void uc_member_tell_roles(struct uc_node *n)
{
	if (!uc_roles_ignored(n)) return;
	UC_CLEANUP(uc_freep) char *asked = uc_roles_text(n->roles_asked);
	UC_CLEANUP(uc_freep) char *have = uc_roles_text(n->roles);
	uc_log(UC_LOG_WARN, "the configuration gives this node the roles %s, which are not used: its cluster gives it %s", asked, have);
}

/* What differs counts from the next start on, unless the node is only starting. */
static enum uc_status check_place(struct uc_node *n, const struct search *s, struct uc_error *e)
{
	unsigned roles;
	UC_TRY(uc_roles_parse(s->roles, &roles, e));
	bool renamed = strcmp(s->name, n->name) != 0 || strcmp(s->domain, n->domain) != 0;
	if (!renamed && roles == n->roles) return UC_OK;
	if (n->view == NULL) return uc_member_take_place(n, e);
	uc_log(UC_LOG_INFO, "the cluster calls this node %s of the domain '%s' and gives it the roles %s", s->name, s->domain, s->roles);
	if (renamed) UC_TRY(uc_node_file_rename(n, s->name, s->domain, e));
	if (n->restart != NULL) n->restart(n->restart_ctx);
	return UC_OK;
}

static enum uc_status check(struct uc_node *n, struct uc_error *e)
{
	UC_CLEANUP(search_free) struct search s;
	UC_TRY(find(n, &s, e));
	if (s.known) return check_place(n, &s, e);
	struct uc_error why;
	(void)uc_fail(&why, UC_EUNAVAILABLE, "removed", NULL, "the cluster no longer has this node: it was %s",
	              s.replaced ? "replaced by another machine" : "removed");
	uc_link_set(n, UC_LINK_REMOVED, &why);
	return UC_OK;
}

enum uc_status uc_member_check(struct uc_node *n, struct uc_error *e)
{
	struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	bool due = l->member_due;
	l->member_due = false;
	pthread_mutex_unlock(&n->view_lock);
	enum uc_status status = due ? check(n, e) : UC_OK;
	if (status == UC_OK) return UC_OK;
	pthread_mutex_lock(&n->view_lock);
	l->member_due = true; /* it is asked again */
	pthread_mutex_unlock(&n->view_lock);
	return status;
}
