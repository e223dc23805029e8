/* E1: what is known about the HTTPS certificates of a peer node. */
#include <stdlib.h>
#include <string.h>

#include "node/diagnose.h"
#include "node/trust.h"

enum { PROBE_MS = 5000 };

static const struct {
	const char *purpose;
	enum uc_probe_keys keys;
} known_faces[UC_FACES] = {{"tomcat", UC_PROBE_RSA}, {"tomcat-ECDSA", UC_PROBE_EC}};

static void face_free(struct uc_face *f)
{
	uc_identity_free(&f->identity);
	uc_identity_free(&f->own);
	uc_cert_free(f->shown);
	free(f->here_reason);
	free(f->there_reason);
	*f = (struct uc_face){.purpose = NULL};
}

static void forget_names(struct uc_patient *p)
{
	uc_strv_free(&p->unnamed);
	uc_strv_free(&p->renew);
}

void uc_patient_free(struct uc_patient *p)
{
	for (size_t i = 0; i < UC_FACES; i++) face_free(&p->faces[i]);
	forget_names(p);
	free(p->name);
	json_decref(p->row);
	json_decref(p->steps);
	*p = (struct uc_patient){.node = NULL};
}

static enum uc_status identity(struct uc_store *store, const char *node, const char *purpose, struct uc_identity *out, bool *known,
                               struct uc_error *e)
{
	enum uc_status status = uc_store_identity(store, node, purpose, out, e);
	*known = status == UC_OK;
	return status == UC_ENOTFOUND ? UC_OK : status;
}

static enum uc_status judge(struct uc_store *store, const char *node, const struct uc_identity *i, bool *trusted, char **reason,
                            struct uc_error *e)
{
	return uc_trust_judge(store, node, "tomcat-trust", i->cert, &i->chain, NULL, trusted, reason, e);
}

static bool has_purpose(const json_t *row, const char *name)
{
	const struct uc_purpose *purpose = NULL;
	unsigned roles = 0;
	size_t i;
	const json_t *role;
	json_array_foreach(json_object_get(row, "roles"), i, role)
	{
		unsigned bit = 0;
		if (uc_roles_parse(json_string_value(role), &bit, NULL) == UC_OK) roles |= bit;
	}
	return uc_purpose_find(name, &purpose, NULL) == UC_OK && (purpose->roles & roles) != 0;
}

static enum uc_status look_in_store(struct uc_patient *p, struct uc_store *store, struct uc_face *f, struct uc_error *e)
{
	f->wanted = has_purpose(p->row, f->purpose);
	UC_TRY(identity(store, p->name, f->purpose, &f->identity, &f->known, e));
	/* A node that looks at itself has no other direction. */
	if (strcmp(p->name, p->node->name) != 0) UC_TRY(identity(store, p->node->name, f->purpose, &f->own, &f->own_known, e));
	if (f->known) UC_TRY(judge(store, p->node->name, &f->identity, &f->here, &f->here_reason, e));
	f->there = !f->own_known;
	return f->own_known ? judge(store, p->name, &f->own, &f->there, &f->there_reason, e) : UC_OK;
}

static enum uc_status present(const struct uc_patient *p, enum uc_probe_keys keys, struct uc_cert **out, struct uc_error *e)
{
	char host[256];
	char port[8];
	const char *https = json_string_value(json_object_get(p->row, "https"));
	UC_CLEANUP(uc_probe_free) struct uc_probe seen = {.address = ""};
	if (https == NULL)
		return uc_fail(e, UC_EUNREACHABLE, "no-address", "Start the node, and see that it reaches the store of the cluster.",
		               "%s has not said at which address its HTTPS can be reached", p->name);
	UC_TRY(uc_peer_split(https, host, port, e));
	UC_TRY(uc_probe_tls(host, port, NULL, keys, PROBE_MS, &seen, e));
	*out = uc_cert_dup(seen.chain.items[0]);
	return UC_OK;
}

/* A client that connects to the node by its name does not accept such a certificate, whoever signed it. */
static void note_unnamed(void *ctx, const struct uc_identity *i)
{
	struct uc_patient *p = ctx;
	const struct uc_purpose *purpose = NULL;
	const char *fqdn = uc_json_member(p->row, "fqdn");
	if (uc_purpose_find(i->purpose, &purpose, NULL) != UC_OK || !purpose->needs_server_auth || uc_cert_names_node(i->cert, fqdn)) return;
	uc_strv_add(&p->unnamed, i->purpose);
	if (strcmp(i->distribution, "multi-server") == 0)
		uc_strv_take(&p->renew, uc_sprintf("set csr gen %s --distribution multi-server, then have it signed and upload it", i->purpose));
	else if (strcmp(i->source, "ca-signed") == 0)
		uc_strv_take(&p->renew, uc_sprintf("set csr gen %s --node %s, then have it signed and upload it", i->purpose, p->name));
	else
		uc_strv_take(&p->renew, uc_sprintf("set cert regen %s --node %s", i->purpose, p->name));
}

enum uc_status uc_patient_look(struct uc_patient *p, struct uc_error *e)
{
	json_t *row = NULL;
	UC_TRY(uc_node_get(p->node, p->name, &row, e));
	json_decref(p->row);
	p->row = row;
	p->level = strcmp(uc_json_member(row, "state"), "up") == 0;
	for (size_t i = 0; i < UC_FACES; i++) face_free(&p->faces[i]);
	forget_names(p);
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(p->node, &reader, e));
	for (size_t i = 0; i < UC_FACES; i++) {
		p->faces[i].purpose = known_faces[i].purpose;
		UC_TRY(look_in_store(p, reader.store, &p->faces[i], e));
	}
	UC_TRY(uc_store_identities(reader.store, p->name, note_unnamed, p, e));
	uc_reader_return(&reader); /* a silent peer must not keep the connection from others */
	for (size_t i = 0; i < UC_FACES; i++) {
		struct uc_face *f = &p->faces[i];
		if (!f->wanted) continue;
		/* Not to be seen is what is looked for, not a failure of looking. */
		if (present(p, known_faces[i].keys, &f->shown, &f->unseen) != UC_OK) continue;
		f->same = f->known && uc_cert_eq(f->shown, f->identity.cert);
	}
	return UC_OK;
}

bool uc_patient_same(const struct uc_patient *p)
{
	for (size_t i = 0; i < UC_FACES; i++)
		if (p->faces[i].wanted && !p->faces[i].same) return false;
	return true;
}

bool uc_patient_trusted(const struct uc_patient *p)
{
	for (size_t i = 0; i < UC_FACES; i++)
		if (p->faces[i].wanted && (!p->faces[i].here || !p->faces[i].there)) return false;
	return true;
}
