/* Questions about pending certificate signing requests. */
#include <stdlib.h>
#include <string.h>

#include "node/read.h"
#include "pki/name.h"
#include "pki/report.h"

static json_t *request_json(const struct uc_request *r)
{
	struct uc_csr csr;
	char at[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *file = uc_sprintf("%s.csr", r->purpose);
	UC_CLEANUP(uc_freep) char *cn = NULL;
	json_t *sans = json_array();
	struct uc_key_info key = {.text = ""};
	if (uc_csr_read(uc_buf_slice(&r->der), &csr, NULL) == UC_OK) {
		cn = uc_name_cn(csr.subject);
		key = uc_key_info_of(csr.spki);
		for (size_t i = 0; i < csr.sans.count; i++) json_array_append_new(sans, json_string(csr.sans.items[i]));
	}
	uc_csr_free(&csr);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "purpose", r->purpose, "unit", r->purpose, "name", file,
	                 "common_name", cn != NULL ? cn : "", "key_type", key.text, "key_id", r->key_id, "distribution", r->distribution,
	                 "created_at", uc_time_rfc3339(r->created, at), "subject_alt_names", sans);
}

static void add_request(void *ctx, const struct uc_request *r)
{
	json_array_append_new(ctx, request_json(r));
}

enum uc_status uc_node_requests(struct uc_node *n, const char *node, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(uc_freep) char *whose = NULL;
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_read_node(n, reader.store, node, &whose, e));
	json_t *items = json_array();
	enum uc_status status = uc_store_requests(reader.store, whose, add_request, items, e);
	if (status == UC_OK) status = uc_store_requests(reader.store, UC_ALL_NODES, add_request, items, e);
	if (status == UC_OK)
		*out = uc_read_page(items);
	else
		json_decref(items);
	return status;
}

static enum uc_status get_request(struct uc_node *n, const char *node, const char *purpose_name, struct uc_request *out, struct uc_error *e)
{
	const struct uc_purpose *purpose;
	UC_TRY(uc_purpose_find(purpose_name, &purpose, e));
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(uc_freep) char *whose = NULL;
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_read_node(n, reader.store, node, &whose, e));
	/* The node's own comes first; else the one that all share. */
	enum uc_status status = uc_store_request(reader.store, whose, purpose->name, out, e);
	struct uc_error none;
	if (status == UC_ENOTFOUND && uc_store_request(reader.store, UC_ALL_NODES, purpose->name, out, &none) == UC_OK) return UC_OK;
	return status;
}

enum uc_status uc_node_request(struct uc_node *n, const char *node, const char *purpose, json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	UC_TRY(get_request(n, node, purpose, &r, e));
	*out = request_json(&r);
	json_object_set(*out, "parameters", r.parameters);
	json_object_set_new(*out, "request", uc_report_csr(uc_buf_slice(&r.der)));
	return UC_OK;
}

enum uc_status uc_node_request_content(struct uc_node *n, const char *node, const char *purpose, const char *format, struct uc_buf *out,
                                       char type[96], char file[96], struct uc_error *e)
{
	UC_CLEANUP(uc_request_free) struct uc_request r = {.node = NULL};
	bool pem = strcmp(format, "pem") == 0;
	if (!pem && strcmp(format, "der") != 0)
		return uc_fail_field(e, UC_EINPUT, "bad-format", "format", "Use pem or der.", "'%s' is not a format of requests", format);
	UC_TRY(get_request(n, node, purpose, &r, e));
	if (pem)
		uc_pem_write(out, "CERTIFICATE REQUEST", uc_buf_slice(&r.der));
	else
		uc_buf_add_slice(out, uc_buf_slice(&r.der));
	snprintf(type, 96, "%s", pem ? "application/x-pem-file" : "application/pkcs10");
	snprintf(file, 96, "%s.%s", r.purpose, pem ? "csr" : "der");
	return UC_OK;
}

enum uc_status uc_node_request_defaults(struct uc_node *n, const char *node, const char *purpose, const char *distribution, const char *key,
                                        json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(uc_node_row_free) struct uc_node_row row = {.name = NULL};
	UC_CLEANUP(uc_freep) char *whose = NULL;
	UC_TRY(uc_reader_borrow(n, &reader, e));
	UC_TRY(uc_read_node(n, reader.store, node, &whose, e));
	struct uc_task_context ctx = uc_node_context(n, reader.store);
	if (strcmp(whose, n->name) != 0) {
		UC_TRY(uc_store_node(reader.store, whose, &row, e));
		UC_TRY(uc_node_context_move(&ctx, &row, e));
	}
	json_t *args = json_pack("{s:s, s:s?, s:s?}", "purpose", purpose, "distribution", distribution, "key", key);
	const struct uc_task_request req = {.task = "csr-gen", .args = args};
	enum uc_status status = uc_csr_defaults(&ctx, &req, out, e);
	json_decref(args);
	return status;
}
