/* The upload of an identity certificate, as its two files share it. Private to this room. */
#ifndef UC_MANAGE_IMPORT_OWN_H
#define UC_MANAGE_IMPORT_OWN_H

#include "manage/cluster.h"
#include "pki/path.h"

/* Everything the import works on. */
struct uc_import {
	struct uc_task_context *ctx;
	const struct uc_purpose *purpose;
	struct uc_plan *plan;
	struct uc_certs file;
	struct uc_request request; /* the pending one that it answers: this node's own, or the one that all nodes share */
	bool pending;
	bool multi; /* it is the shared one */
	struct uc_identity old;
	bool have_old;
	const struct uc_cert *leaf; /* borrowed from file */
	struct uc_path path;
	/* Of a shared one: */
	struct uc_members all;
	struct uc_strv named; /* the nodes that get it */
	struct uc_sealed sealed;
	struct uc_recipients holders; /* the nodes that are to have the key */
	bool reseal;
};

/* Which nodes get a multi-server certificate, and do they have its key? What forbids it is a finding. */
enum uc_status uc_import_judge_shared(struct uc_import *im, struct uc_error *e) UC_MUST;
/* The steps by which each of those nodes gets it. label and issuer: what the leaf and its issuer are called. */
enum uc_status uc_import_plan_shared(struct uc_import *im, const struct uc_certs *chain, const char *label, const char *issuer,
                                     struct uc_error *e) UC_MUST;

#endif
