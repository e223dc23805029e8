/* An uploaded file, sorted: what both kinds of import and the trust question start from. */
#ifndef UC_MANAGE_UPLOAD_H
#define UC_MANAGE_UPLOAD_H

#include "manage/task.h"
#include "pki/check.h"
#include "pki/input.h"

/*
 * Reads the certificates of an upload, each once, in the order of the file. What was tolerated or dropped (a PKCS#12's key, requests, repeated certificates) becomes findings of the
 * plan. UC_EINPUT "no-certificate-found" when there is none, saying what is there instead; otherwise the errors of uc_input_read(). The field at fault is "file", or "password".
 */
enum uc_status uc_upload_read(const struct uc_task_request *req, struct uc_certs *out, struct uc_findings *findings,
                              struct uc_error *e) UC_MUST;

/* The requests of an upload, each once, as their DER. Zero-initialised is empty. */
struct uc_upload_requests {
	struct uc_buf *items;
	size_t count;
};
void uc_upload_requests_free(struct uc_upload_requests *v);
/* As uc_upload_read(), for a file that may hold anything: requests are taken, too, and either is enough. */
enum uc_status uc_upload_look(const struct uc_task_request *req, struct uc_certs *certs, struct uc_upload_requests *requests,
                              struct uc_findings *findings, struct uc_error *e) UC_MUST;

/* How a certificate is called in findings: its label and eight digits of its fingerprint. Free with free(). */
char *uc_upload_name(const struct uc_cert *c);
/* What a key is used for on this node, else in the whole cluster, as uc_store_key_use() says it; "" when nothing has it. */
enum uc_status uc_upload_key_use(const struct uc_task_context *ctx, const char *key, char *use, size_t size, struct uc_error *e) UC_MUST;

/* Runs check.h's rules for a role and adds what they find, each prefixed by the certificate's name. */
void uc_upload_check(const struct uc_task_context *ctx, const struct uc_cert *c, enum uc_check_role role, bool ca_expected,
                     struct uc_findings *out);

#endif
