/* E1, the last step: stale copies go, and each node's certificates come into the other's tomcat-trust. */
#include <stdlib.h>
#include <string.h>

#include "manage/upload.h"
#include "node/diagnose.h"
#include "pki/name.h"

#define STORE "tomcat-trust"

enum { JOB_SECONDS = 60 /* what is not done by then is no longer wanted */ };

enum uc_status uc_patient_run(struct uc_patient *p, const char *task, json_t *args, struct uc_slice content, const char *node, json_t **out,
                              struct uc_error *e)
{
	const struct uc_node_call call = {.request = {.task = task, .args = args, .content = content},
	                                  .who = p->who,
	                                  .why = "diagnose",
	                                  .node = node,
	                                  .deadline = JOB_SECONDS,
	                                  .yes = true,
	                                  .force = true};
	json_t *change = NULL;
	enum uc_status status = uc_node_run(p->node, &call, &change, e);
	json_decref(args);
	if (status == UC_OK && out != NULL)
		*out = change;
	else
		json_decref(change);
	return status;
}

/* ---- stale copies ---- */

struct present {
	const struct uc_cert *cert;
	bool found;
};

static void compare(void *ctx, const struct uc_identity *i)
{
	struct present *p = ctx;
	p->found = p->found || uc_cert_eq(i->cert, p->cert);
}

static void note_name(void *ctx, const struct uc_node_row *row)
{
	uc_strv_add(ctx, row->name);
}

/* Is the entry a copy that the system made of a certificate that no node has any longer? */
static enum uc_status is_stale(struct uc_store *store, const struct uc_trust *t, bool *stale, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv nodes = {.items = NULL};
	struct present p = {.cert = t->cert};
	UC_TRY(uc_store_nodes(store, note_name, &nodes, e));
	for (size_t i = 0; i < nodes.count; i++) UC_TRY(uc_store_identities(store, nodes.items[i], compare, &p, e));
	*stale = !p.found && strcmp(t->origin, "system") == 0;
	return UC_OK;
}

/* The fingerprints of stale entries with the subject of this certificate are appended to out. */
static enum uc_status find_stale(struct uc_patient *p, const struct uc_cert *cert, struct uc_strv *out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(uc_certs_free) struct uc_certs same = {.items = NULL};
	UC_TRY(uc_reader_borrow(p->node, &reader, e));
	UC_TRY(uc_store_issuers(reader.store, STORE, p->node->name, uc_name_hash(cert->subject), &same, e));
	for (size_t i = 0; i < same.count; i++) {
		char fp[UC_FINGERPRINT_HEX];
		bool stale = false;
		UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
		if (!uc_name_eq(same.items[i]->subject, cert->subject)) continue;
		UC_TRY(uc_store_trust(reader.store, STORE, p->node->name, NULL, uc_cert_fingerprint_hex(same.items[i], fp), 1, &found, e));
		if (found.count == 1) UC_TRY(is_stale(reader.store, &found.items[0], &stale, e));
		if (stale) uc_strv_add(out, fp);
	}
	return UC_OK;
}

static enum uc_status drop_stale(struct uc_patient *p, const char *node, const struct uc_cert *cert, struct uc_strv *done,
                                 struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv stale = {.items = NULL};
	UC_TRY(find_stale(p, cert, &stale, e));
	uc_strv_sort_unique(&stale);
	for (size_t i = 0; i < stale.count; i++) {
		json_t *args = json_pack("{s:s, s:s}", "store", STORE, "name", stale.items[i]);
		UC_TRY(uc_patient_run(p, "delete-trust", args, (struct uc_slice){.ptr = NULL}, NULL, NULL, e));
		uc_strv_take(done, uc_sprintf("the stale copy %.8s of a certificate of %s was deleted from " STORE, stale.items[i], node));
	}
	return UC_OK;
}

/* ---- what is missing ---- */

/* What has to be in the store for the certificate to be trusted: itself, or the root of its chain; NULL when the root is not known. */
static const struct uc_cert *anchor_of(const struct uc_identity *i)
{
	if (strcmp(i->source, "self-signed") == 0) return i->cert;
	const struct uc_cert *last = i->chain.count > 0 ? i->chain.items[i->chain.count - 1] : NULL;
	return last != NULL && uc_cert_self_signed(last) ? last : NULL;
}

static enum uc_status add(struct uc_patient *p, const struct uc_identity *i, const char *reason, struct uc_strv *done, struct uc_error *e)
{
	const struct uc_cert *anchor = anchor_of(i);
	if (anchor == NULL) {
		uc_strv_take(done, uc_sprintf("nothing was added for the %s certificate of %s: %s", i->purpose, i->node, reason));
		return UC_OK;
	}
	UC_TRY(drop_stale(p, i->node, i->cert, done, e));
	UC_CLEANUP(uc_freep) char *name = uc_upload_name(anchor);
	UC_CLEANUP(uc_freep) char *description = uc_sprintf("%s of %s, exchanged by a diagnosis", i->purpose, i->node);
	json_t *args = json_pack("{s:s, s:s}", "store", STORE, "description", description);
	UC_TRY(uc_patient_run(p, "import-trust", args, uc_buf_slice(&anchor->der), NULL, NULL, e));
	uc_strv_take(done, uc_sprintf("%s, for the %s certificate of %s, was added to " STORE, name, i->purpose, i->node));
	return UC_OK;
}

enum uc_status uc_patient_exchange(struct uc_patient *p, struct uc_strv *done, struct uc_error *e)
{
	for (size_t i = 0; i < UC_FACES; i++) {
		struct uc_face *f = &p->faces[i];
		if (!f->wanted) continue;
		if (f->same && !f->here) UC_TRY(add(p, &f->identity, f->here_reason, done, e));
		if (f->own_known && !f->there) UC_TRY(add(p, &f->own, f->there_reason, done, e));
	}
	return UC_OK;
}
