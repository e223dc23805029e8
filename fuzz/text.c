/* Targets: uc_unhex, uc_unbase64, uc_utf8_clean, uc_text_printable, uc_fold, uc_time_parse, uc_safe_name (src/core). */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/mem.h"
#include "core/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool rule)
{
	if (!rule) abort();
}

/* What was read can be written and read again, and is the same. */
static void round_trips(const char *text, struct uc_slice raw)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf again = UC_BUF_EMPTY;
	if (uc_unhex(text, &bytes)) {
		UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_buf_slice(&bytes), ':');
		require(uc_unhex(hex, &again) && uc_slice_eq(uc_buf_slice(&bytes), uc_buf_slice(&again)));
	}
	uc_buf_free(&bytes);
	uc_buf_free(&again);
	if (uc_unbase64(raw, &bytes)) {
		UC_CLEANUP(uc_freep) char *base64 = uc_base64(uc_buf_slice(&bytes));
		require(uc_unbase64(uc_slice_str(base64), &again) && uc_slice_eq(uc_buf_slice(&bytes), uc_buf_slice(&again)));
	}
}

static void times(const char *text)
{
	uc_time t;
	uc_time back;
	struct uc_error e;
	char out[UC_TIME_TEXT];
	if (uc_time_parse(text, &t, &e) != UC_OK) {
		require(uc_utf8_valid(uc_slice_str(e.message)));
		return;
	}
	require(t >= UC_TIME_MIN && t <= UC_TIME_MAX);
	require(uc_time_parse(uc_time_rfc3339(t, out), &back, &e) == UC_OK && back == t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uc_slice raw = uc_slice_of(data, size);
	UC_CLEANUP(uc_freep) char *text = uc_strndup((const char *)data, size);
	UC_CLEANUP(uc_freep) char *clean = uc_utf8_clean(raw);
	UC_CLEANUP(uc_freep) char *folded = uc_fold(clean);
	UC_CLEANUP(uc_freep) char *name = uc_safe_name(text);
	require(uc_utf8_valid(uc_slice_str(clean)) && uc_utf8_valid(uc_slice_str(folded)));
	require(strchr(name, '/') == NULL && name[0] != '.' && strlen(name) <= 200);
	if (uc_utf8_valid(raw) && strlen(text) == size) require(strcmp(clean, text) == 0);
	round_trips(text, raw);
	times(text);
	require(uc_utf8_valid(uc_slice_str(uc_text_printable(text))));
	return 0;
}
