/*
 * Targets: uc_cnf_read, uc_cnf_stub, uc_cnf_fill (src/trustlist/config*.c). What is read can be made a stub, and filled in: the result says what was filled in, filling it again changes nothing, and filling in
 * nothing gives the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "trustlist/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char hash[] = "00112233445566778899aabbccddeeff";

static void require(bool rule)
{
	if (!rule) abort();
}

static void check_stub(struct uc_slice content)
{
	struct uc_cnf_info info;
	UC_CLEANUP(uc_buf_free) struct uc_buf stub = UC_BUF_EMPTY;
	require(uc_cnf_stub(content, hash, &stub, NULL) == UC_OK);
	require(uc_cnf_read(uc_buf_slice(&stub), &info, NULL) == UC_OK);
	require(info.encrypted && !info.full && strcmp(info.cert_hash, hash) == 0);
}

static void check_fill(struct uc_slice content)
{
	struct uc_cnf_info info;
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf once = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf twice = UC_BUF_EMPTY;
	uc_strv_add(&names, "a.example");
	uc_strv_add(&names, "b.example");
	const struct uc_cnf_fill fill = {.tvs = &names, .capf = &names, .cert_hash = hash, .capf_auth_mode = 3, .encrypted = 1};
	require(uc_cnf_fill(content, &fill, &once, NULL) == UC_OK);
	require(uc_cnf_read(uc_buf_slice(&once), &info, NULL) == UC_OK);
	require(info.encrypted && info.capf_auth_mode == 3 && strcmp(info.cert_hash, hash) == 0);
	require(uc_cnf_fill(uc_buf_slice(&once), &fill, &twice, NULL) == UC_OK);
	require(uc_slice_eq(uc_buf_slice(&once), uc_buf_slice(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uc_cnf_info info;
	struct uc_error e = {.code = UC_OK};
	struct uc_slice content = uc_slice_of(data, size);
	if (size > UC_CNF_MAX / 2) return 0; /* what is filled in must not reach the limit */
	if (uc_cnf_read(content, &info, &e) != UC_OK) {
		require(strcmp(e.id, "cnf-malformed") == 0 || strcmp(e.id, "cnf-no-device") == 0);
		require(e.message[0] != '\0');
		return 0;
	}
	UC_CLEANUP(uc_buf_free) struct uc_buf same = UC_BUF_EMPTY;
	require(uc_cnf_fill(content, &UC_CNF_FILL, &same, NULL) == UC_OK && uc_slice_eq(uc_buf_slice(&same), content));
	check_stub(content);
	check_fill(content);
	return 0;
}
