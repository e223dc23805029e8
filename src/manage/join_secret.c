#include "manage/join_secret.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

enum { WHOLE = UC_JOIN_ID_LEN + UC_JOIN_SECRET_LEN + UC_FINGERPRINT_LEN, ENCODED = WHOLE / 3 * 4 };

char *uc_join_secret_write(const struct uc_join_secret *s)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = UC_BUF_EMPTY;
	uint8_t *at = uc_buf_extend(&bytes, WHOLE);
	memcpy(at, s->id, UC_JOIN_ID_LEN);
	memcpy(at + UC_JOIN_ID_LEN, s->secret, UC_JOIN_SECRET_LEN);
	memcpy(at + UC_JOIN_ID_LEN + UC_JOIN_SECRET_LEN, s->publisher, UC_FINGERPRINT_LEN);
	char *text = uc_base64url(uc_buf_slice(&bytes));
	char *whole = uc_sprintf("%s%s", UC_JOIN_PREFIX, text);
	uc_secret_free(text, strlen(text));
	return whole;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct uc_slice trimmed(struct uc_slice s)
{
	while (s.len > 0 && is_blank(s.ptr[s.len - 1])) s.len--;
	while (s.len > 0 && is_blank(s.ptr[0])) s = uc_slice_of(s.ptr + 1, s.len - 1);
	return s;
}

enum uc_status uc_join_secret_read(const char *text, struct uc_join_secret *out, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = UC_BUF_EMPTY;
	struct uc_reader r = uc_reader_of(trimmed(uc_slice_str(text)));
	struct uc_slice prefix;
	struct uc_slice encoded;
	bool ok = uc_read_slice(&r, strlen(UC_JOIN_PREFIX), &prefix) && uc_slice_eq(prefix, uc_slice_str(UC_JOIN_PREFIX)) &&
	          uc_reader_left(&r) == ENCODED && uc_read_slice(&r, uc_reader_left(&r), &encoded) && uc_unbase64url(encoded, &bytes);
	if (!ok || bytes.len != WHOLE)
		return uc_fail(e, UC_EINPUT, "bad-join-secret", "Copy it whole, as the publisher printed it: " UC_JOIN_PREFIX " and 80 characters.",
		               "this is not a join secret, or it was cut or changed");
	memcpy(out->id, bytes.ptr, UC_JOIN_ID_LEN);
	memcpy(out->secret, bytes.ptr + UC_JOIN_ID_LEN, UC_JOIN_SECRET_LEN);
	memcpy(out->publisher, bytes.ptr + UC_JOIN_ID_LEN + UC_JOIN_SECRET_LEN, UC_FINGERPRINT_LEN);
	return UC_OK;
}

void uc_join_mac(const uint8_t secret[UC_JOIN_SECRET_LEN], const json_t *request, uint8_t mac[32])
{
	json_t *rest = json_deep_copy(request);
	json_object_del(rest, "mac");
	char *text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
	uc_hmac_sha256(uc_slice_of(secret, UC_JOIN_SECRET_LEN), uc_slice_str(text != NULL ? text : ""), mac);
	free(text);
	json_decref(rest);
}
