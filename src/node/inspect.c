/* What is in a file, and what it can be used for (U3, V2). Changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "manage/propose.h"
#include "manage/upload.h"
#include "node/read.h"
#include "pki/name.h"
#include "pki/path.h"
#include "pki/report.h"

enum { MAX_SHOWN = 200 };

/* Everything that is known of the file. */
struct inspection {
	struct uc_task_context ctx;
	struct uc_certs certs;
	struct uc_upload_requests requests;
	struct uc_findings findings;
	struct uc_awaiting awaiting;
	struct uc_trusts *held; /* of the first ones */
	size_t held_count;
	struct uc_proposals proposals;
};

static void inspection_free(struct inspection *x)
{
	for (size_t i = 0; i < x->held_count; i++) uc_trusts_free(&x->held[i]);
	free(x->held);
	uc_certs_free(&x->certs);
	uc_upload_requests_free(&x->requests);
	uc_findings_free(&x->findings);
	uc_awaiting_free(&x->awaiting);
	uc_proposals_free(&x->proposals);
}

/* ---- order ---- */

static bool is_answer(const struct inspection *x, const struct uc_cert *c)
{
	char id[UC_KEY_ID_LEN];
	return uc_awaiting_request(&x->awaiting, uc_key_id(c->spki, id)) != NULL;
}

/*
 * Leaf first, and the chain of what answers a request first of all. Of a large bundle only that leaf is put first: nobody reads its
 * chains, and signatures take time.
 */
static void put_in_order(struct inspection *x)
{
	size_t count = x->certs.count;
	UC_CLEANUP(uc_freep) size_t *order = uc_zalloc(count, sizeof *order);
	UC_CLEANUP(uc_freep) size_t *chain = uc_zalloc(count, sizeof *chain);
	UC_CLEANUP(uc_freep) struct uc_cert **items = uc_zalloc(count, sizeof(struct uc_cert *));
	for (size_t i = 0; i < count; i++) order[i] = chain[i] = i;
	if (count <= MAX_SHOWN) uc_chain_order(&x->certs, order, chain);
	size_t first = 0;
	for (size_t i = count; i-- > 0;)
		if (is_answer(x, x->certs.items[order[i]])) first = chain[i];
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		if (chain[i] == first) items[n++] = x->certs.items[order[i]];
	for (size_t i = 0; i < count; i++)
		if (chain[i] != first) items[n++] = x->certs.items[order[i]];
	if (count > 0) memcpy(x->certs.items, items, count * sizeof(struct uc_cert *));
}

/* ---- what is known of it here ---- */

static enum uc_status look_up(struct inspection *x, struct uc_error *e)
{
	size_t count = x->certs.count < MAX_SHOWN ? x->certs.count : MAX_SHOWN;
	x->held = uc_zalloc(count, sizeof *x->held);
	for (; x->held_count < count; x->held_count++) {
		char fp[UC_FINGERPRINT_HEX];
		const struct uc_cert *c = x->certs.items[x->held_count];
		UC_TRY(uc_store_trust_everywhere(x->ctx.store, uc_cert_fingerprint_hex(c, fp), &x->held[x->held_count], e));
		uc_upload_check(&x->ctx, c, UC_ROLE_ANY, true, &x->findings);
	}
	if (x->certs.count > count)
		uc_findings_add(&x->findings, UC_NOTE, "not-all-shown", NULL, "the file has %zu certificates, of which the first %zu are shown",
		                x->certs.count, count);
	return UC_OK;
}

static json_t *known_in(const struct inspection *x, size_t i)
{
	char fp[UC_FINGERPRINT_HEX];
	json_t *out = json_array();
	uc_cert_fingerprint_hex(x->certs.items[i], fp);
	for (size_t k = 0; k < x->awaiting.count; k++) {
		const struct uc_awaited *a = &x->awaiting.items[k];
		if (strcmp(a->fingerprint, fp) == 0)
			json_array_append_new(out, json_pack("{s:s, s:s}", "unit", a->purpose->name, "scope", a->node));
	}
	for (size_t k = 0; k < x->held[i].count; k++)
		json_array_append_new(out, json_pack("{s:s, s:s}", "unit", x->held[i].items[k].store, "scope", x->held[i].items[k].scope));
	return out;
}

/* ---- the answer ---- */

static json_t *cert_json(const struct inspection *x, size_t i)
{
	static const char *const same[] = {"subject", "issuer", "common_name", "not_after", "self_signed", "key_type", "state"};
	json_t *report = uc_report_cert(x->certs.items[i], x->ctx.now);
	json_t *out = json_object();
	json_object_set(out, "fingerprint", json_object_get(report, "fingerprint_sha256"));
	json_object_set(out, "is_ca", json_object_get(report, "ca"));
	for (size_t k = 0; k < sizeof same / sizeof *same; k++) json_object_set(out, same[k], json_object_get(report, same[k]));
	json_object_set_new(out, "known_in", known_in(x, i));
	json_object_set_new(out, "report", report);
	return out;
}

static json_t *pending_json(const struct uc_awaited *a)
{
	if (a == NULL) return json_null();
	return json_pack("{s:s, s:s, s:s}", "purpose", a->purpose->name, "node", a->node, "distribution", a->multi ? "multi-server" : "node");
}

static void judge_request(struct inspection *x, struct uc_slice der, const struct uc_awaited *a)
{
	struct uc_error why;
	struct uc_csr csr;
	if (uc_csr_read(der, &csr, &why) != UC_OK)
		uc_findings_add(&x->findings, UC_WARN, why.id, why.hint[0] != '\0' ? why.hint : NULL, "%s", why.message);
	uc_csr_free(&csr);
	if (a == NULL) return;
	/* It has been taken for the answer to it, or is looked at before it is sent away. */
	uc_findings_add(&x->findings, UC_NOTE, "own-request", "Have a CA sign it, and upload what the CA makes of it.",
	                "there is the pending %sCSR of %s%s%s in the file, which is no certificate", a->multi ? "multi-server " : "",
	                a->purpose->name, a->multi ? "" : " of ", a->multi ? "" : a->node);
}

/* NULL when it cannot be read: a finding says so. */
static json_t *request_json(struct inspection *x, struct uc_slice der)
{
	static const char *const same[] = {"subject", "common_name", "key_type", "key_id", "subject_alt_names"};
	json_t *report = uc_report_csr(der);
	const struct uc_awaited *a = report != NULL ? uc_awaiting_request(&x->awaiting, uc_json_member(report, "key_id")) : NULL;
	judge_request(x, der, a);
	if (report == NULL) return NULL;
	json_t *out = json_object();
	for (size_t k = 0; k < sizeof same / sizeof *same; k++) json_object_set(out, same[k], json_object_get(report, same[k]));
	json_object_set_new(out, "pending", pending_json(a));
	json_object_set_new(out, "report", report);
	return out;
}

static json_t *proposal_json(const struct inspection *x, const struct uc_proposal *p)
{
	char fp[UC_FINGERPRINT_HEX];
	uc_cert_fingerprint_hex(x->certs.items[p->cert], fp);
	if (p->store != NULL)
		return json_pack("{s:s, s:s, s:s, s:s}", "usage", "trust", "store", p->store->name, "fingerprint", fp, "reason", p->reason);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "usage", "own", "purpose", p->purpose->name, "node", p->node, "distribution",
	                 p->multi ? "multi-server" : "node", "fingerprint", fp, "reason", p->reason);
}

static json_t *answer(struct inspection *x)
{
	json_t *certs = json_array();
	json_t *requests = json_array();
	json_t *proposals = json_array();
	for (size_t i = 0; i < x->held_count; i++) json_array_append_new(certs, cert_json(x, i));
	for (size_t i = 0; i < x->requests.count && i < MAX_SHOWN; i++)
		(void)json_array_append_new(requests, request_json(x, uc_buf_slice(&x->requests.items[i]))); /* NULL is not appended */
	for (size_t i = 0; i < x->proposals.count; i++) json_array_append_new(proposals, proposal_json(x, &x->proposals.items[i]));
	return json_pack("{s:o, s:I, s:o, s:o, s:o}", "certificates", certs, "total", (json_int_t)x->certs.count, "requests", requests,
	                 "proposals", proposals, "findings", uc_report_findings(&x->findings));
}

enum uc_status uc_node_inspect(struct uc_node *n, struct uc_slice file, const char *password, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(inspection_free) struct inspection x = {.held = NULL};
	struct uc_task_request req = {.content = file, .password = password};
	UC_TRY(uc_upload_look(&req, &x.certs, &x.requests, &x.findings, e)); /* first: it may take long */
	UC_TRY(uc_reader_borrow(n, &reader, e));
	x.ctx = uc_node_context(n, reader.store);
	UC_TRY(uc_awaiting_read(&x.ctx, &x.awaiting, e));
	put_in_order(&x);
	UC_TRY(look_up(&x, e));
	UC_TRY(uc_propose(&x.ctx, &x.awaiting, &x.certs, x.held, x.held_count, &x.proposals, &x.findings, e));
	*out = answer(&x);
	return UC_OK;
}
