/* src/serve/tftp/packet.c: packets of RFC 1350 and 2347, options of RFC 2348, 2349 and 7440. */
#include "uc_test.h"

#include "serve/tftp/packet.h"

#define SLICE(text) uc_slice_of(text, sizeof(text) - 1)
/* The same for a static table. */
#define BYTES(text)                               \
	{                                             \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

static const struct uc_tftp_limits wide = {.blksize = UC_TFTP_BLOCK_MAX, .windowsize = 64};

static struct uc_tftp_request read_request(struct uc_slice rest)
{
	struct uc_tftp_request request;
	struct uc_error e;
	assert_ok(uc_tftp_request_read(rest, &request, &e), e);
	return request;
}

static struct uc_tftp_terms terms_of(struct uc_slice rest, uint64_t size)
{
	struct uc_tftp_request request = read_request(rest);
	struct uc_tftp_terms terms;
	uc_tftp_negotiate(&request, &wide, size, &terms);
	return terms;
}

static void assert_oack(const struct uc_tftp_terms *terms, struct uc_slice want)
{
	assert_int_equal(terms->oack_len, want.len);
	assert_memory_equal(terms->oack, want.ptr, want.len);
}

static void what_is_too_short_to_be_a_packet_is_none(void **state)
{
	(void)state;
	struct uc_tftp_packet p;
	static const struct uc_slice none[] = {BYTES(""), BYTES("\0"), BYTES("\0\4"), BYTES("\0\4\0"), BYTES("\0\3\0"), BYTES("\0\5")};
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) assert_false(uc_tftp_packet_read(none[i], &p));
	assert_false(uc_tftp_packet_read(uc_slice_of(NULL, 0), &p));
}

static void a_packet_has_an_opcode_and_a_number(void **state)
{
	(void)state;
	struct uc_tftp_packet p;
	assert_true(uc_tftp_packet_read(SLICE("\0\4\xff\xfe"), &p));
	assert_int_equal(p.op, UC_TFTP_ACK);
	assert_int_equal(p.number, 65534);
	assert_int_equal(p.rest.len, 0);
	assert_true(uc_tftp_packet_read(SLICE("\0\3\0\1data"), &p));
	assert_int_equal(p.op, UC_TFTP_DATA);
	assert_int_equal(p.rest.len, 4);
	assert_true(uc_tftp_packet_read(SLICE("\0\1name\0octet"), &p));
	assert_int_equal(p.op, UC_TFTP_RRQ);
	assert_int_equal(p.number, 0);
	assert_int_equal(p.rest.len, 10);
	assert_true(uc_tftp_packet_read(SLICE("\7\7"), &p));
	assert_int_equal(p.op, 0x0707);
}

static void a_request_has_a_name_and_a_mode_in_any_case(void **state)
{
	(void)state;
	struct uc_tftp_request r = read_request(SLICE("SEP001122334455.cnf.xml\0OcTeT\0"));
	assert_string_equal(r.name, "SEP001122334455.cnf.xml");
	assert_false(r.netascii);
	assert_int_equal(r.count, 0);
	assert_true(read_request(SLICE("a\0NETASCII\0")).netascii);
}

static void a_name_may_hold_anything_but_nul(void **state)
{
	(void)state;
	assert_string_equal(read_request(SLICE("../\x01\xff\n\0octet\0")).name, "../\x01\xff\n");
	/* What stands behind a NUL is the mode, whatever somebody wants it to be. */
	struct uc_tftp_request r;
	struct uc_error e;
	assert_fails(uc_tftp_request_read(SLICE("a.txt\0/../../etc/passwd\0octet\0"), &r, &e), e, UC_EINPUT, "tftp-mode");
}

static void a_request_without_its_parts_is_malformed(void **state)
{
	(void)state;
	struct uc_tftp_request r;
	struct uc_error e;
	static const struct uc_slice bad[] = {
	    BYTES(""),
	    BYTES("\0octet\0"),
	    BYTES("name"),
	    BYTES("name\0"),
	    BYTES("name\0octet"),
	    BYTES("name\0octet\0blksize"),
	    BYTES("name\0octet\0blksize\0"),
	    BYTES("name\0octet\0blksize\000512"),
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_fails(uc_tftp_request_read(bad[i], &r, &e), e, UC_EINPUT, "tftp-malformed");
}

static void other_modes_are_refused(void **state)
{
	(void)state;
	struct uc_tftp_request r;
	struct uc_error e;
	assert_fails(uc_tftp_request_read(SLICE("name\0mail\0"), &r, &e), e, UC_EINPUT, "tftp-mode");
	assert_non_null(strstr(e.message, "mail"));
	assert_fails(uc_tftp_request_read(SLICE("name\0\0"), &r, &e), e, UC_EINPUT, "tftp-mode");
}

static void a_request_has_512_bytes_at_most(void **state)
{
	(void)state;
	char text[UC_TFTP_REQUEST_MAX];
	struct uc_tftp_request r;
	struct uc_error e;
	memset(text, 'a', sizeof text);
	memcpy(text + UC_TFTP_REQUEST_MAX - 2 - 7, "\0octet", 7);
	assert_ok(uc_tftp_request_read(uc_slice_of(text, UC_TFTP_REQUEST_MAX - 2), &r, &e), e);
	memcpy(text + UC_TFTP_REQUEST_MAX - 1 - 7, "a\0octet", 8);
	assert_fails(uc_tftp_request_read(uc_slice_of(text, UC_TFTP_REQUEST_MAX - 1), &r, &e), e, UC_EINPUT, "tftp-malformed");
}

static void zero_bytes_after_a_request_are_padding(void **state)
{
	(void)state;
	struct uc_tftp_request r = read_request(SLICE("name\0octet\0tsize\0000\0\0\0\0\0\0"));
	assert_int_equal(r.count, 1);
	assert_int_equal(read_request(SLICE("name\0octet\0\0\0\0")).count, 0);
}

/* C117: an absurd blksize is as if it had not been there. */
static void absurd_values_are_ignored_C117(void **state)
{
	(void)state;
	static const char *const absurd[] = {"0", "-1",   "-512", "7",     "65465",  "65536", "4294967808", "18446744073709552128",
	                                     "",  " 512", "512 ", "0x200", "512abc", "+512",  "1e3",        "99999999999999999999999"};
	for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
		char text[128] = "name\0octet\0blksize";
		size_t len = 19 + (size_t)snprintf(text + 19, sizeof text - 19, "%s", absurd[i]) + 1;
		struct uc_tftp_terms terms = terms_of(uc_slice_of(text, len), 1000);
		assert_int_equal(terms.blksize, 512);
		assert_int_equal(terms.oack_len, 0);
	}
	struct uc_tftp_terms terms = terms_of(SLICE("name\0octet\0timeout\0000\0windowsize\0000\0tsize\0x\0"), 1000);
	assert_int_equal(terms.oack_len, 0);
	assert_int_equal(terms.timeout, 0);
	assert_int_equal(terms.windowsize, 1);
	terms = terms_of(SLICE("name\0octet\0timeout\000256\0windowsize\00065536\0"), 1000);
	assert_int_equal(terms.oack_len, 0);
}

static void the_limits_of_the_standards_are_allowed(void **state)
{
	(void)state;
	struct uc_tftp_terms terms = terms_of(SLICE("name\0octet\0blksize\0008\0timeout\000255\0windowsize\0001\0"), 0);
	assert_int_equal(terms.blksize, 8);
	assert_int_equal(terms.timeout, 255);
	assert_int_equal(terms.windowsize, 1);
	terms = terms_of(SLICE("name\0octet\0blksize\00065464\0timeout\0001\0windowsize\00065535\0"), 0);
	assert_int_equal(terms.blksize, 65464);
	assert_int_equal(terms.timeout, 1);
	assert_int_equal(terms.windowsize, 64);
}

static void options_are_answered_in_the_order_asked_for(void **state)
{
	(void)state;
	struct uc_tftp_terms terms = terms_of(SLICE("name\0octet\0tsize\0000\0BLKSIZE\0001024\0WindowSize\0004\0Timeout\0003\0"), 7800);
	assert_oack(&terms, SLICE("\0\6tsize\0007800\0blksize\0001024\0windowsize\0004\0timeout\0003\0"));
}

static void unknown_and_repeated_options_are_ignored(void **state)
{
	(void)state;
	struct uc_tftp_terms terms = terms_of(SLICE("name\0octet\0multicast\0\0blksize\0001024\0rollover\0001\0blksize\00016\0"), 1);
	assert_oack(&terms, SLICE("\0\6blksize\0001024\0"));
	assert_int_equal(terms.blksize, 1024);
	terms = terms_of(SLICE("name\0octet\0x\0y\0"), 1);
	assert_int_equal(terms.oack_len, 0);
}

static void less_than_asked_for_may_be_granted(void **state)
{
	(void)state;
	const struct uc_tftp_limits narrow = {.blksize = 1468, .windowsize = 16};
	struct uc_tftp_request r = read_request(SLICE("name\0octet\0blksize\0008192\0windowsize\000100\0"));
	struct uc_tftp_terms terms;
	uc_tftp_negotiate(&r, &narrow, 1, &terms);
	assert_oack(&terms, SLICE("\0\6blksize\0001468\0windowsize\00016\0"));
	assert_int_equal(terms.blksize, 1468);
	assert_int_equal(terms.windowsize, 16);
}

static void the_longest_answer_fits(void **state)
{
	(void)state;
	const struct uc_tftp_limits most = {.blksize = UC_TFTP_BLOCK_MAX, .windowsize = 65535};
	struct uc_tftp_request r = read_request(SLICE("n\0octet\0blksize\00065464\0timeout\000255\0tsize\0000\0windowsize\00065535\0"));
	struct uc_tftp_terms terms;
	uc_tftp_negotiate(&r, &most, UINT64_MAX, &terms);
	assert_oack(&terms, SLICE("\0\6blksize\00065464\0timeout\000255\0tsize\00018446744073709551615\0windowsize\00065535\0"));
}

static void netascii_has_no_size_and_no_window(void **state)
{
	(void)state;
	struct uc_tftp_terms terms = terms_of(SLICE("name\0netascii\0tsize\0000\0windowsize\0008\0blksize\00064\0"), 100);
	assert_oack(&terms, SLICE("\0\6blksize\00064\0"));
	assert_int_equal(terms.windowsize, 1);
}

/* curl 7.88 ends with "invalid tsize" when it is told 0. */
static void the_size_of_an_empty_file_is_not_told(void **state)
{
	(void)state;
	struct uc_tftp_terms terms = terms_of(SLICE("name\0octet\0tsize\0000\0blksize\000512\0"), 0);
	assert_oack(&terms, SLICE("\0\6blksize\000512\0"));
}

static void the_text_of_an_error_is_cleaned_and_cut(void **state)
{
	(void)state;
	uint8_t out[UC_TFTP_ERROR_MAX];
	char text[2000];
	assert_int_equal(uc_tftp_error_write(out, UC_TFTP_NO_FILE, "a\x1b[2J\nb\xff"), 4 + 8 + 1);
	assert_memory_equal(out, "\0\5\0\1a?[2J?b?", 13);
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(uc_tftp_error_write(out, UC_TFTP_UNDEFINED, text), UC_TFTP_ERROR_MAX);
	assert_int_equal(out[UC_TFTP_ERROR_MAX - 1], 0);
}

static void a_status_has_its_code(void **state)
{
	(void)state;
	assert_int_equal(uc_tftp_code_of(UC_ENOTFOUND), UC_TFTP_NO_FILE);
	assert_int_equal(uc_tftp_code_of(UC_EREFUSED), UC_TFTP_ACCESS);
	assert_int_equal(uc_tftp_code_of(UC_EINPUT), UC_TFTP_ILLEGAL);
	assert_int_equal(uc_tftp_code_of(UC_EIO), UC_TFTP_UNDEFINED);
}

static void packets_are_shown_as_text_C118(void **state)
{
	(void)state;
	char text[UC_TFTP_TEXT];
	assert_string_equal(uc_tftp_packet_text(SLICE("\0\1a\nb\0octet\0blksize\0008\0"), 0, text), "RRQ a?b octet blksize 8");
	assert_string_equal(uc_tftp_packet_text(SLICE("\0\3\1\0"), 512, text), "DATA 256, 512 bytes");
	assert_string_equal(uc_tftp_packet_text(SLICE("\0\4\0\7"), 0, text), "ACK 7");
	assert_string_equal(uc_tftp_packet_text(SLICE("\0\5\0\1no\x1b file"), 0, text), "ERROR 1 no? file");
	assert_string_equal(uc_tftp_packet_text(SLICE("\0\6tsize\0007\0"), 0, text), "OACK tsize 7");
	assert_string_equal(uc_tftp_packet_text(SLICE("\0\x63"), 0, text), "?");
	assert_string_equal(uc_tftp_packet_text(SLICE("\0"), 0, text), "1 bytes");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_too_short_to_be_a_packet_is_none),
	    cmocka_unit_test(a_packet_has_an_opcode_and_a_number),
	    cmocka_unit_test(a_request_has_a_name_and_a_mode_in_any_case),
	    cmocka_unit_test(a_name_may_hold_anything_but_nul),
	    cmocka_unit_test(a_request_without_its_parts_is_malformed),
	    cmocka_unit_test(other_modes_are_refused),
	    cmocka_unit_test(a_request_has_512_bytes_at_most),
	    cmocka_unit_test(zero_bytes_after_a_request_are_padding),
	    cmocka_unit_test(absurd_values_are_ignored_C117),
	    cmocka_unit_test(the_limits_of_the_standards_are_allowed),
	    cmocka_unit_test(options_are_answered_in_the_order_asked_for),
	    cmocka_unit_test(unknown_and_repeated_options_are_ignored),
	    cmocka_unit_test(less_than_asked_for_may_be_granted),
	    cmocka_unit_test(the_longest_answer_fits),
	    cmocka_unit_test(netascii_has_no_size_and_no_window),
	    cmocka_unit_test(the_size_of_an_empty_file_is_not_told),
	    cmocka_unit_test(the_text_of_an_error_is_cleaned_and_cut),
	    cmocka_unit_test(a_status_has_its_code),
	    cmocka_unit_test(packets_are_shown_as_text_C118),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
