/* What the certificates and requests of a purpose ask for on a node. */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/random.h"
#include "manage/task.h"
#include "pki/name.h"

unsigned uc_purpose_usage(const struct uc_task_context *ctx, const struct uc_purpose *purpose, bool rsa)
{
	unsigned forbidden = ctx->policy.rfc8813 && !rsa ? (unsigned)(UC_KU_KEY_ENCIPHERMENT | UC_KU_DATA_ENCIPHERMENT) : 0;
	return purpose->key_usage & ~forbidden;
}

json_t *uc_purpose_keys(const struct uc_purpose *purpose)
{
	size_t count;
	const struct uc_key_spec *specs = uc_key_specs(&count);
	bool rsa = uc_key_spec_find(purpose->key)->rsa;
	json_t *out = json_array();
	for (size_t i = 0; i < count; i++)
		if (specs[i].rsa == rsa) json_array_append_new(out, json_string(specs[i].name));
	return out;
}

json_t *uc_purpose_distributions(const struct uc_purpose *purpose)
{
	json_t *out = json_pack("[s]", "node");
	if (purpose->multi) json_array_append_new(out, json_string("multi-server"));
	return out;
}

bool uc_purpose_random_name(const struct uc_purpose *purpose)
{
	return strstr(purpose->common_name, "%r") != NULL;
}

char *uc_pattern_name(const struct uc_task_context *ctx, const char *pattern)
{
	struct uc_buf out = UC_BUF_EMPTY;
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '%') {
			uc_buf_add_u8(&out, (uint8_t)*pattern);
			continue;
		}
		pattern++;
		uint32_t random;
		uc_random(&random, sizeof random);
		if (*pattern == 'f') uc_buf_add_str(&out, ctx->fqdn);
		if (*pattern == 'h') uc_buf_add_str(&out, ctx->host);
		if (*pattern == 'd') uc_buf_add_str(&out, ctx->domain);
		if (*pattern == 'r') uc_buf_printf(&out, "%08x", random);
	}
	/* A node without a domain leaves the dot of "%h.%d" behind. */
	if (out.len > 0 && out.ptr[out.len - 1] == '.') out.len--;
	return uc_buf_take_str(&out);
}

void uc_purpose_profile_free(struct uc_purpose_profile *p)
{
	free(p->common_name);
	uc_strv_free(&p->sans);
	*p = (struct uc_purpose_profile){.common_name = NULL};
}

enum uc_status uc_profile_self(const struct uc_task_context *ctx, const struct uc_purpose *purpose, const struct uc_key_spec *key,
                               int years, struct uc_purpose_profile *out, struct uc_error *e)
{
	out->common_name = uc_pattern_name(ctx, purpose->common_name);
	if (strlen(out->common_name) > 64) out->common_name[64] = '\0'; /* X.520's bound; the SAN has the whole name */
	char *san = NULL;
	UC_TRY(uc_san_normalize(ctx->fqdn, &san, e));
	uc_strv_take(&out->sans, san);
	if (purpose->guid) uc_strv_take(&out->sans, uc_sprintf("URI:urn:uuid:%s", ctx->guid));
	struct uc_civil until = uc_time_to_civil(ctx->now);
	until.year += years > 0 ? years : purpose->years;
	if (!uc_civil_valid(&until)) until.day = 28; /* 29 February in a year that has none */
	out->profile = (struct uc_profile){
	    .common_name = out->common_name,
	    .sans = &out->sans,
	    .key_usage = uc_purpose_usage(ctx, purpose, key->rsa),
	    .ekus = purpose->self_ekus,
	    .ca = purpose->ca,
	    .digest = key->digest,
	    .not_before = ctx->now,
	    .not_after = until.year > 9999 ? UC_TIME_MAX : uc_civil_to_time(&until),
	};
	return UC_OK;
}
