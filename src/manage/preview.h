/* What a step takes away and what it brings, decoded, so that a page can show the two side by side. */
#ifndef UC_MANAGE_PREVIEW_H
#define UC_MANAGE_PREVIEW_H

#include <jansson.h>

#include "pki/cert.h"

/* Of a plan or change with thousands of steps, only the first ones are decoded. */
#define UC_PREVIEW_STEPS 200

/*
 * The member of a step, in a preview only, that says what is known of a certificate or request that is not made yet: an object as below, in which what is not known is null.
 */
#define UC_STEP_EXPECTED "expected"

/*
 * A certificate: {"common_name","subject","issuer","fingerprint","serial","type","key_type","key_id","not_before","not_after","subject_alt_names":[..],"distribution"}. type and distribution as a list
 * shows them; type NULL: found out by its signature. Owned.
 */
json_t *uc_preview_cert(const struct uc_cert *c, const char *type, const char *distribution);
/* A request: {"common_name","subject","subject_alt_names","key_type","key_id","hash","key_usage","extended_key_usage","distribution"}; JSON null when der is none. Owned. */
json_t *uc_preview_request(struct uc_slice der, const char *distribution);

/* Sets members "before" and "after" of out, as the two above or null, from a step of a plan or of any change of the log. */
void uc_preview_step(const json_t *step, json_t *out);
/* An array of {"type","text","before","after"} for the steps of a plan; null for both from UC_PREVIEW_STEPS on. Owned. */
json_t *uc_preview_steps(const json_t *steps);

#endif
