/* Making keys and self-signed certificates before the lock is taken. Private to this room. */
#ifndef UC_MANAGE_MAKE_H
#define UC_MANAGE_MAKE_H

#include "manage/task.h"

/* One certificate to make. */
struct uc_making {
	struct uc_task_context *ctx;
	const struct uc_purpose *purpose;
	const struct uc_key_spec *key;
	const char *digest; /* NULL: the key's */
	int years;
	struct uc_made *out;
	enum uc_status status; /* and how it ended */
	struct uc_error error;
};

/* Makes them, on all cores at once; the first error. */
enum uc_status uc_make_all(struct uc_making *jobs, size_t count, struct uc_error *e) UC_MUST;
/*
 * What is known of the certificate before its key is there, as uc_preview_cert(): it is made with a throw-away key; what belongs to that, and a common name that is made anew each time, is null. *out is
 * owned. out, status and error of the job are not used.
 */
enum uc_status uc_make_expected(const struct uc_making *j, json_t **out, struct uc_error *e) UC_MUST;
/* How many years a purpose's self-signed certificate is good for unless something else is asked for. */
int uc_usual_years(const struct uc_task_context *ctx, const struct uc_purpose *purpose);

#endif
