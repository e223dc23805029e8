#include "manage/propose.h"

#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "manage/cluster.h"
#include "manage/upload.h"
#include "pki/name.h"

/* ---- what a certificate is ---- */

enum kind {
	KIND_CA = 1 << 0,
	KIND_PEER = 1 << 1,
	KIND_IPSEC = 1 << 2,       /* a peer of IPsec */
	KIND_PHONE = 1 << 3,       /* of one phone */
	KIND_PHONE_MAKER = 1 << 4, /* issues certificates of phones when they are made */
	KIND_CAPF = 1 << 5,        /* issues certificates of phones in a cluster */
	KIND_SIGNER = 1 << 6       /* signs trust lists */
};

/* Those that say by their common name what they are: its beginning. */
static const struct {
	const char *begins;
	enum kind kind;
} names[] = {
    {"Cisco Manufacturing CA", KIND_PHONE_MAKER},
    {"Cisco Root CA", KIND_PHONE_MAKER},
    {"CAP-RTP-", KIND_PHONE_MAKER},
    {"ACT2 SUDI CA", KIND_PHONE_MAKER},
    {"CAPF-", KIND_CAPF},
    {"ITLRECOVERY_", KIND_SIGNER},
};

/* A phone's name ends in a prefix and its hardware address: "SEP001122334455", "CP-8841-SEP001122334455". */
static bool names_phone(const char *cn)
{
	static const char *const prefixes[] = {"SEP", "ATA"};
	enum { PREFIX = 3, ADDRESS = 12 };
	size_t len = strlen(cn);
	if (len < PREFIX + ADDRESS || strspn(cn + len - ADDRESS, "0123456789ABCDEFabcdef") != ADDRESS) return false;
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (strncmp(cn + len - ADDRESS - PREFIX, prefixes[i], PREFIX) == 0) return true;
	return false;
}

static unsigned kinds_of(const struct uc_cert *c)
{
	UC_CLEANUP(uc_freep) char *cn = uc_name_cn(c->subject);
	for (size_t i = 0; cn != NULL && i < sizeof names / sizeof *names; i++)
		if (uc_starts_with(cn, names[i].begins)) return names[i].kind;
	if (cn != NULL && names_phone(cn)) return KIND_PHONE;
	/* Roots from before version 3 say nothing of what they are. */
	if (c->is_ca || (c->version < 3 && c->self_issued)) return KIND_CA;
	UC_CLEANUP(uc_strv_free) struct uc_strv ekus = {.items = NULL};
	bool ipsec = uc_cert_ekus(c, &ekus) && uc_strv_has(&ekus, UC_EKU_IPSEC);
	return KIND_PEER | (ipsec ? KIND_IPSEC : 0u);
}

/* Which stores are for what, the likeliest first. why NULL: what the catalogue says of the store. */
static const struct {
	enum kind kind;
	const char *store, *is, *why;
} uses[] = {
    {KIND_PHONE_MAKER, "CAPF-trust", "a CA of a manufacturer of phones", "by its certificates phones prove to CAPF who they are"},
    {KIND_PHONE_MAKER, "CallManager-trust", "a CA of a manufacturer of phones",
     "phones without a certificate of this cluster connect with one that it issued"},
    {KIND_CAPF, "CallManager-trust", "the CAPF certificate of a cluster", "phones connect with certificates that it issued"},
    {KIND_CAPF, "CAPF-trust", "the CAPF certificate of a cluster", "phones prove to CAPF who they are by certificates that it issued"},
    {KIND_SIGNER, "Phone-SAST-trust", "a signer of trust lists", NULL},
    {KIND_PHONE, "CAPF-trust", "the certificate of a phone", NULL},
    {KIND_PHONE, "Phone-trust", "the certificate of a phone", NULL},
    {KIND_CA, "tomcat-trust", "a CA", NULL},
    {KIND_CA, "CallManager-trust", "a CA", NULL},
    {KIND_CA, "cup-xmpp-trust", "a CA", NULL},
    {KIND_CA, "cup-trust", "a CA", NULL},
    {KIND_CA, "intelligenceCenter-srvr-trust", "a CA", NULL},
    {KIND_PEER, "tomcat-trust", "the certificate of a peer", NULL},
    {KIND_PEER, "CallManager-trust", "the certificate of a peer", NULL},
    {KIND_PEER, "cup-xmpp-trust", "the certificate of a peer", NULL},
    {KIND_PEER, "cup-trust", "the certificate of a peer", NULL},
    {KIND_IPSEC, "ipsec-trust", "the certificate of a peer of IPsec", NULL},
};

/* ---- the work ---- */

struct proposing {
	const struct uc_task_context *ctx;
	const struct uc_awaiting *awaiting;
	const struct uc_certs *file;
	const struct uc_trusts *held;
	size_t held_count;
	struct uc_proposals *out;
	char (*keys)[UC_KEY_ID_LEN]; /* of each certificate */
	unsigned *kinds;             /* 0 for one that is an identity's, or to become one */
};

static void proposing_free(struct proposing *p)
{
	free(p->keys);
	free(p->kinds);
}

void uc_proposals_free(struct uc_proposals *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->items[i].node);
		free(v->items[i].reason);
	}
	free(v->items);
	*v = (struct uc_proposals){.items = NULL};
}

/* Takes node and reason. */
static void propose(struct proposing *p, struct uc_proposal proposal)
{
	struct uc_proposals *v = p->out;
	v->items = uc_realloc(v->items, v->count + 1, sizeof *v->items);
	v->items[v->count++] = proposal;
}

/* ---- identities ---- */

static long with_key(const struct proposing *p, const char *key)
{
	for (size_t i = 0; i < p->file->count; i++)
		if (strcmp(p->keys[i], key) == 0) return (long)i;
	return -1;
}

/* What all share is uploaded where its key is: here, if it is. Free with free(). */
static enum uc_status find_holder(const struct proposing *p, const struct uc_awaited *a, char **node, struct uc_error *e)
{
	bool sealed;
	UC_CLEANUP(uc_sealed_free) struct uc_sealed shared = {.key_id = NULL};
	UC_TRY(uc_sealed_maybe(p->ctx, a->key, &shared, &sealed, e));
	bool here = !sealed || shared.nodes.count == 0 || uc_strv_has(&shared.nodes, p->ctx->node);
	*node = uc_strdup(here ? p->ctx->node : shared.nodes.items[0]);
	return UC_OK;
}

static enum uc_status propose_answers(struct proposing *p, struct uc_error *e)
{
	char made[UC_TIME_TEXT];
	for (size_t i = 0; i < p->awaiting->count; i++) {
		const struct uc_awaited *a = &p->awaiting->items[i];
		long at = a->fingerprint[0] == '\0' ? with_key(p, a->key) : -1;
		if (at < 0) continue;
		struct uc_proposal one = {.purpose = a->purpose, .multi = a->multi, .cert = (size_t)at};
		UC_CLEANUP(uc_freep) char *name = uc_upload_name(p->file->items[at]);
		if (strcmp(a->node, UC_ALL_NODES) == 0)
			UC_TRY(find_holder(p, a, &one.node, e));
		else
			one.node = uc_strdup(a->node);
		one.reason = uc_sprintf("%s answers the pending %sCSR of %s%s%s, made %s", name, a->multi ? "multi-server " : "", a->purpose->name,
		                        a->multi ? "" : " on ", a->multi ? "" : a->node, uc_time_rfc3339(a->created, made));
		p->kinds[at] = 0;
		propose(p, one);
	}
	return UC_OK;
}

static bool proposed_for(const struct proposing *p, const struct uc_purpose *purpose, size_t cert)
{
	for (size_t i = 0; i < p->out->count; i++)
		if (p->out->items[i].purpose == purpose && p->out->items[i].cert == cert) return true;
	return false;
}

/* A certificate for a key that is in force: the same again is nothing to do, another one renews it. */
static void propose_renewals(struct proposing *p)
{
	for (size_t i = 0; i < p->awaiting->count; i++) {
		const struct uc_awaited *a = &p->awaiting->items[i];
		char fp[UC_FINGERPRINT_HEX];
		long at = a->fingerprint[0] != '\0' ? with_key(p, a->key) : -1;
		if (at < 0 || proposed_for(p, a->purpose, (size_t)at)) continue;
		if (strcmp(uc_cert_fingerprint_hex(p->file->items[at], fp), a->fingerprint) == 0) continue;
		UC_CLEANUP(uc_freep) char *name = uc_upload_name(p->file->items[at]);
		propose(p, (struct uc_proposal){
		               .purpose = a->purpose,
		               .multi = a->multi,
		               .node = uc_strdup(a->node),
		               .cert = (size_t)at,
		               .reason = uc_sprintf(
		                   "%s has the key of the present %s certificate of %s, which it would renew; only the answer to a pending CSR is "
		                   "taken, so generate a CSR and have that signed",
		                   name, a->purpose->name, a->node)});
	}
}

/* ---- trust stores ---- */

static bool in_store(const struct proposing *p, size_t cert, const struct uc_trust_store *store)
{
	for (size_t i = 0; cert < p->held_count && i < p->held[cert].count; i++) {
		const struct uc_trust *t = &p->held[cert].items[i];
		bool seen = strcmp(t->scope, UC_ALL_NODES) == 0 || strcmp(t->scope, p->ctx->node) == 0;
		if (seen && strcmp(t->store, store->name) == 0) return true;
	}
	return false;
}

static bool proposed_into(const struct proposing *p, const struct uc_trust_store *store)
{
	for (size_t i = 0; i < p->out->count; i++)
		if (p->out->items[i].store == store) return true;
	return false;
}

/* The first certificate of a kind that a store of this cluster lacks; -1 when there is none, or the store is proposed already. */
static long lacking(const struct proposing *p, const struct uc_trust_store *store, unsigned kind)
{
	if ((store->roles & p->awaiting->roles) == 0 || proposed_into(p, store)) return -1;
	for (size_t i = 0; i < p->file->count; i++)
		if ((p->kinds[i] & kind) != 0 && !in_store(p, i, store)) return (long)i;
	return -1;
}

/* T4: the chain of an answer must be in the store before it is taken. */
static enum uc_status propose_issuers(struct proposing *p, struct uc_error *e)
{
	for (size_t i = 0; i < p->awaiting->count; i++) {
		const struct uc_awaited *a = &p->awaiting->items[i];
		/* What is in the file with its chain is taken as a whole. */
		if (a->fingerprint[0] != '\0' || with_key(p, a->key) >= 0) continue;
		for (size_t s = 0; a->purpose->stores[s] != NULL; s++) {
			const struct uc_trust_store *store = NULL;
			UC_TRY(uc_trust_store_find(a->purpose->stores[s], &store, e));
			long at = lacking(p, store, KIND_CA);
			if (at < 0) continue;
			UC_CLEANUP(uc_freep) char *name = uc_upload_name(p->file->items[at]);
			propose(p, (struct uc_proposal){
			               .store = store,
			               .cert = (size_t)at,
			               .reason = uc_sprintf(
			                   "%s is a CA that %s lacks: the whole chain of the answer to the pending %sCSR of %s must be there first",
			                   name, store->name, a->multi ? "multi-server " : "", a->purpose->name)});
		}
	}
	return UC_OK;
}

static enum uc_status propose_by_kind(struct proposing *p, struct uc_error *e)
{
	for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
		const struct uc_trust_store *store = NULL;
		UC_TRY(uc_trust_store_find(uses[i].store, &store, e));
		long at = lacking(p, store, uses[i].kind);
		if (at < 0) continue;
		UC_CLEANUP(uc_freep) char *name = uc_upload_name(p->file->items[at]);
		UC_CLEANUP(uc_freep) char *holds = uc_sprintf("%s has %s", store->name, store->holds);
		propose(p, (struct uc_proposal){.store = store,
		                                .cert = (size_t)at,
		                                .reason = uc_sprintf("%s is %s: %s", name, uses[i].is, uses[i].why != NULL ? uses[i].why : holds)});
	}
	return UC_OK;
}

/* ---- keys that belong to nothing ---- */

static const char *node_named(const struct uc_strv *fqdns, const struct uc_cert *c)
{
	for (size_t i = 0; i < fqdns->count; i++)
		if (uc_cert_names_node(c, fqdns->items[i])) return fqdns->items[i];
	return NULL;
}

static bool has_key_of_cluster(const struct proposing *p, size_t cert)
{
	for (size_t i = 0; i < p->awaiting->count; i++)
		if (strcmp(p->awaiting->items[i].key, p->keys[cert]) == 0) return true;
	return false;
}

/* C27, C29, C30: a certificate that was meant as an answer and is none. */
static enum uc_status judge_keys(const struct proposing *p, struct uc_findings *out, struct uc_error *e)
{
	for (size_t i = 0; i < p->file->count && i < p->held_count; i++) {
		const struct uc_cert *c = p->file->items[i];
		char use[160];
		if ((p->kinds[i] & KIND_PEER) == 0 || has_key_of_cluster(p, i)) continue;
		UC_TRY(uc_upload_key_use(p->ctx, p->keys[i], use, sizeof use, e));
		UC_CLEANUP(uc_freep) char *name = uc_upload_name(c);
		const char *host = use[0] == '\0' && !uc_cert_self_signed(c) ? node_named(&p->awaiting->fqdns, c) : NULL;
		if (use[0] != '\0')
			uc_findings_add(out, UC_NOTE, "key-of", "Have the CA sign the pending CSR (file get csr), or generate one.",
			                "the key of %s (%.8s...) is that of %s", name, p->keys[i], use);
		if (host != NULL)
			uc_findings_add(
			    out, UC_WARN, "key-foreign",
			    "The CA must sign a pending CSR as it is (file get csr); it may have signed another one or made a key of its own.",
			    "%s names %s, but its key (%.8s...) is not that of any pending CSR", name, host, p->keys[i]);
	}
	return UC_OK;
}

/* Certificates in force are where they belong. */
static void leave_identities(struct proposing *p)
{
	for (size_t i = 0; i < p->awaiting->count; i++) {
		char fp[UC_FINGERPRINT_HEX];
		const struct uc_awaited *a = &p->awaiting->items[i];
		long at = a->fingerprint[0] != '\0' ? with_key(p, a->key) : -1;
		if (at >= 0 && strcmp(uc_cert_fingerprint_hex(p->file->items[at], fp), a->fingerprint) == 0) p->kinds[at] = 0;
	}
}

enum uc_status uc_propose(const struct uc_task_context *ctx, const struct uc_awaiting *awaiting, const struct uc_certs *file,
                          const struct uc_trusts *held, size_t held_count, struct uc_proposals *out, struct uc_findings *findings,
                          struct uc_error *e)
{
	UC_CLEANUP(proposing_free)
	struct proposing p = {.ctx = ctx, .awaiting = awaiting, .file = file, .held = held, .held_count = held_count, .out = out};
	p.keys = uc_zalloc(file->count, sizeof *p.keys);
	p.kinds = uc_zalloc(file->count, sizeof *p.kinds);
	for (size_t i = 0; i < file->count; i++) {
		uc_key_id(file->items[i]->spki, p.keys[i]);
		p.kinds[i] = kinds_of(file->items[i]);
	}
	leave_identities(&p);
	UC_TRY(propose_answers(&p, e));
	UC_TRY(propose_issuers(&p, e));
	UC_TRY(propose_by_kind(&p, e));
	propose_renewals(&p);
	return judge_keys(&p, findings, e);
}
