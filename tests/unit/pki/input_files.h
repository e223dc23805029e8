/* What the tests of the upload reader share: one result at a time, read from what a shell command makes of the files of openssl_files.h. */
#ifndef UC_TEST_INPUT_FILES_H
#define UC_TEST_INPUT_FILES_H

#include <openssl/err.h>

#include "maker.h"
#include "openssl_files.h"
#include "pki/input.h"

#define EACH(i, rows)                    \
	size_t i = 0;                        \
	(i) < sizeof(rows) / sizeof *(rows); \
	(i)++

static struct uc_input input; /* of the last reading */
static struct uc_error error;

/* For each test's teardown. */
__attribute__((unused)) static int forget(void **state)
{
	uc_input_free(&input);
	return maker_end(state);
}

__attribute__((unused)) static enum uc_status read_input(struct uc_slice data, const char *password, enum uc_input_keys keys)
{
	/* A copy of exactly this size, so that a read beyond it is noticed. */
	UC_CLEANUP(uc_freep) uint8_t *copy = uc_memdup(data.ptr, data.len);
	uc_input_free(&input);
	enum uc_status status = uc_input_read(uc_slice_of(copy, data.len), password, keys, &input, &error);
	/* What failed here must not make a later TLS call of this thread look failed. */
	assert_int_equal(ERR_peek_error(), 0);
	return status;
}

/* Reads what a shell command prints. */
__attribute__((unused)) static enum uc_status read_made(const char *command, const char *password, enum uc_input_keys keys)
{
	sh("{ %s\n} >made", command);
	UC_CLEANUP(uc_buf_free) struct uc_buf data = file_of("made");
	return read_input(uc_buf_slice(&data), password, keys);
}

__attribute__((unused)) static void assert_item(size_t i, enum uc_input_kind kind, const char *der_file)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = file_of(der_file);
	assert_true(i < input.count);
	assert_int_equal(input.items[i].kind, kind);
	assert_true(uc_slice_eq(uc_buf_slice(&input.items[i].der), uc_buf_slice(&der)));
}

__attribute__((unused)) static void assert_note(const char *code, const char *text)
{
	const struct uc_finding *f = uc_findings_get(&input.findings, code);
	if (f == NULL) fail_msg("no finding %s", code);
	if (strstr(f->message, text) == NULL) fail_msg("'%s' is not in: %s", text, f->message);
}

/* Makes the program "./swap FROM TO", which replaces bytes given as hexadecimal digits. */
__attribute__((unused)) static void make_swap(void)
{
	sh("printf '%%s\\n' '#!/usr/bin/perl -0777 -p' 'BEGIN { $f = pack q(H*), shift; $t = pack q(H*), shift } s/\\Q$f\\E/$t/g' >swap");
	sh("chmod +x swap");
}

/* Cuts it off at every byte, and changes every byte: no crash, no leak (run under the sanitizers), a reason for every failure. */
__attribute__((unused)) static void assert_any_damage_ends_well(const char *command, const char *password)
{
	sh("{ %s\n} >made", command);
	UC_CLEANUP(uc_buf_free) struct uc_buf data = file_of("made");
	for (size_t at = 0; at < 2 * data.len; at++) {
		size_t len = at % 2 == 0 ? data.len : at / 2;
		data.ptr[at / 2] ^= 0x21;
		for (int keys = UC_INPUT_REFUSE_KEYS; keys <= UC_INPUT_TAKE_KEYS; keys++) {
			enum uc_status status = read_input(uc_slice_of(data.ptr, len), password, (enum uc_input_keys)keys);
			assert_true(status == UC_OK ? input.count > 0 : error.id[0] != '\0' && error.message[0] != '\0');
		}
		data.ptr[at / 2] ^= 0x21;
	}
}

#endif
