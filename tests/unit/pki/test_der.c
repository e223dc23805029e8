/* src/pki/der.c: elements of X.690, and nothing beyond them. */
#include "uc_test.h"

#include "core/text.h"
#include "maker.h"

#define EACH(i, rows)                    \
	size_t i = 0;                        \
	(i) < sizeof(rows) / sizeof *(rows); \
	(i)++

static struct uc_reader reader_of(const char *hex)
{
	return uc_reader_of(d_hex(hex));
}

static void elements_are_read_one_after_the_other(void **state)
{
	(void)state;
	struct uc_reader r = reader_of("0203010203"
	                               "0400"
	                               "30030101ff"
	                               "0500");
	struct uc_der d;
	assert_true(uc_der_next(&r, &d));
	assert_int_equal(d.tag, UC_DER_INTEGER);
	assert_true(uc_slice_eq(d.content, d_hex("010203")) && uc_slice_eq(d.whole, d_hex("0203010203")));
	assert_true(uc_der_expect(&r, UC_DER_OCTET_STRING, &d));
	assert_int_equal(d.content.len, 0);
	assert_false(uc_der_expect(&r, UC_DER_INTEGER, &d));
	assert_false(uc_der_optional(&r, UC_DER_INTEGER, &d));
	assert_true(uc_der_optional(&r, UC_DER_SEQUENCE, &d));
	struct uc_reader in = uc_reader_of(d.content);
	assert_true(uc_der_expect(&in, UC_DER_BOOLEAN, &d));
	assert_false(uc_der_next(&in, &d));
	assert_true(uc_der_next(&r, &d));
	assert_int_equal(uc_reader_left(&r), 0);
	assert_false(uc_der_next(&r, &d));
}

static void lengths_of_every_form_are_read(void **state)
{
	(void)state;
	static const size_t lengths[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000, 0x123456};
	for (EACH(i, lengths)) {
		struct uc_buf filling = UC_BUF_EMPTY;
		for (size_t k = 0; k < lengths[i]; k++) uc_buf_add_u8(&filling, 0x5a);
		struct uc_slice element = d_tlv(UC_DER_OCTET_STRING, d_keep(&filling));
		struct uc_der d;
		assert_true(uc_der_whole(element, UC_DER_OCTET_STRING, &d));
		assert_int_equal(d.content.len, lengths[i]);
		/* One byte less, and one more. */
		assert_false(uc_der_whole(uc_slice_of(element.ptr, element.len - 1), UC_DER_OCTET_STRING, &d));
		assert_false(uc_der_whole(D_CAT(element, d_hex("00")), UC_DER_OCTET_STRING, &d));
		assert_false(uc_der_whole(element, UC_DER_SEQUENCE, &d));
	}
}

static void what_is_not_DER_is_refused_and_nothing_is_consumed(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "",             /* nothing */
	    "30",           /* no length */
	    "3001",         /* no content */
	    "308000000000", /* indefinite */
	    "0481",
	    "048101", /* the length is cut off */
	    "04810100",
	    "04817f", /* not minimal: below 128 in the long form */
	    "0482008000",
	    "048300010000",     /* leading zeros */
	    "0485000000000100", /* five bytes of length */
	    "04ff00",           /* reserved */
	    "0484ffffffff00",   /* far beyond the data */
	    "048480000000",
	    "1f0100",
	    "3f810100",
	    "bf1f00", /* tags above 30 */
	};
	for (EACH(i, bad)) {
		struct uc_reader r = reader_of(bad[i]);
		struct uc_der d;
		assert_false(uc_der_next(&r, &d));
		assert_int_equal(r.pos, 0);
		if (r.data.len == 0) continue;
		assert_false(uc_der_expect(&r, r.data.ptr[0], &d));
		assert_int_equal(r.pos, 0);
	}
}

static void object_identifiers_have_their_dotted_text(void **state)
{
	(void)state;
	static const char *const texts[] = {"0.0",
	                                    "0.39",
	                                    "1.0",
	                                    "1.39",
	                                    "2.0",
	                                    "2.5.29.17",
	                                    "2.39",
	                                    "2.40",
	                                    "2.47",
	                                    "2.48",
	                                    "2.999",
	                                    "1.2.840.113549.1.1.11",
	                                    "1.2.0.127.0",
	                                    "1.2.128.16384",
	                                    "2.999.268435455.2097152",
	                                    "1.3.6.1.4.1.311.20.2.3",
	                                    "2.25.72057594037927935"};
	for (EACH(i, texts)) {
		struct uc_der d;
		assert_true(uc_der_whole(d_oid(texts[i]), UC_DER_OID, &d));
		UC_CLEANUP(uc_freep) char *text = uc_der_oid_text(d.content);
		assert_string_equal(text, texts[i]);
	}
}

static void malformed_object_identifiers_are_a_question_mark(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "80", "2a86", "2a8648ce3d8040ff", "2affffffffffffffffffff7f", "2a8001", "8001"};
	for (EACH(i, bad)) {
		UC_CLEANUP(uc_freep) char *text = uc_der_oid_text(d_hex(bad[i]));
		if (strcmp(text, "?") != 0) fail_msg("%s gave %s", bad[i], text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_are_read_one_after_the_other),
	    cmocka_unit_test(lengths_of_every_form_are_read),
	    cmocka_unit_test(what_is_not_DER_is_refused_and_nothing_is_consumed),
	    cmocka_unit_test(object_identifiers_have_their_dotted_text),
	    cmocka_unit_test(malformed_object_identifiers_are_a_question_mark),
	};
	return cmocka_run_group_tests(tests, NULL, maker_end_all);
}
