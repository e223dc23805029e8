/* Targets: uc_join_secret_read (src/manage/join_secret.c), uc_unbase64url (src/core/text.c). */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "manage/join_secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool rule)
{
	if (!rule) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	UC_CLEANUP(uc_freep) char *text = uc_strndup((const char *)data, size);
	UC_CLEANUP(uc_buf_free) struct uc_buf bytes = UC_BUF_EMPTY;
	struct uc_join_secret s;
	struct uc_error e = {.code = UC_OK};
	if (uc_join_secret_read(text, &s, &e) == UC_OK) {
		/* One secret has one text. */
		UC_CLEANUP(uc_freep) char *again = uc_join_secret_write(&s);
		require(strstr(text, again) != NULL);
	} else {
		require(e.code == UC_EINPUT && strcmp(e.id, "bad-join-secret") == 0);
	}
	if (uc_unbase64url(uc_slice_of(data, size), &bytes)) {
		UC_CLEANUP(uc_freep) char *same = uc_base64url(uc_buf_slice(&bytes));
		require(uc_slice_eq(uc_slice_str(same), uc_slice_of(data, size)));
	}
	return 0;
}
