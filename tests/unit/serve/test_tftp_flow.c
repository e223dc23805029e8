/* src/serve/tftp/flow.c: blocks and windows of RFC 1350, 2347 and 7440. */
#include "uc_test.h"

#include "serve/tftp/flow.h"

/* Sends what the window holds, as the server does. */
static void send_all(struct uc_tftp_flow *flow)
{
	flow->next = uc_tftp_flow_end(flow) + 1;
}

static void a_file_that_fills_its_blocks_ends_with_an_empty_one(void **state)
{
	(void)state;
	assert_int_equal(uc_tftp_flow_last(0, 512), 1);
	assert_int_equal(uc_tftp_flow_last(1, 512), 1);
	assert_int_equal(uc_tftp_flow_last(511, 512), 1);
	assert_int_equal(uc_tftp_flow_last(512, 512), 2);
	assert_int_equal(uc_tftp_flow_last(513, 512), 2);
	assert_int_equal(uc_tftp_flow_last(65535u * 8, 8), 65536);
}

static void a_block_is_sent_for_each_acknowledgement(void **state)
{
	(void)state;
	struct uc_tftp_flow flow = uc_tftp_flow_of(false, 3, 1);
	for (uint16_t block = 1; block <= 3; block++) {
		assert_int_equal(flow.first, block);
		assert_int_equal(uc_tftp_flow_end(&flow), block);
		send_all(&flow);
		assert_int_equal(uc_tftp_flow_ack(&flow, block), block < 3 ? UC_TFTP_ACK_NEXT : UC_TFTP_ACK_DONE);
	}
}

/* C115: the Sorcerer's Apprentice. */
static void duplicate_acknowledgements_never_trigger_a_send_C115(void **state)
{
	(void)state;
	struct uc_tftp_flow flow = uc_tftp_flow_of(false, 100, 4);
	send_all(&flow);
	assert_int_equal(uc_tftp_flow_ack(&flow, 4), UC_TFTP_ACK_NEXT);
	send_all(&flow);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(uc_tftp_flow_ack(&flow, 4), UC_TFTP_ACK_STALE);
		assert_int_equal(uc_tftp_flow_ack(&flow, 1), UC_TFTP_ACK_STALE);
		assert_int_equal(uc_tftp_flow_ack(&flow, 0), UC_TFTP_ACK_STALE);
	}
	assert_int_equal(flow.first, 5);
}

static void what_has_not_been_sent_cannot_be_acknowledged(void **state)
{
	(void)state;
	struct uc_tftp_flow flow = uc_tftp_flow_of(false, 100, 1);
	send_all(&flow);
	assert_int_equal(uc_tftp_flow_ack(&flow, 2), UC_TFTP_ACK_STALE);
	assert_int_equal(uc_tftp_flow_ack(&flow, 65535), UC_TFTP_ACK_STALE);
	struct uc_tftp_flow unsent = uc_tftp_flow_of(false, 100, 1);
	assert_int_equal(uc_tftp_flow_ack(&unsent, 1), UC_TFTP_ACK_STALE);
}

static void the_OACK_is_acknowledged_as_block_0(void **state)
{
	(void)state;
	struct uc_tftp_flow flow = uc_tftp_flow_of(true, 2, 8);
	assert_int_equal(flow.first, 0);
	assert_int_equal(uc_tftp_flow_end(&flow), 0);
	send_all(&flow);
	assert_int_equal(uc_tftp_flow_ack(&flow, 1), UC_TFTP_ACK_STALE);
	assert_int_equal(uc_tftp_flow_ack(&flow, 0), UC_TFTP_ACK_NEXT);
	assert_int_equal(flow.first, 1);
	assert_int_equal(uc_tftp_flow_end(&flow), 2);
	send_all(&flow);
	assert_int_equal(uc_tftp_flow_ack(&flow, 0), UC_TFTP_ACK_STALE);
	assert_int_equal(uc_tftp_flow_ack(&flow, 2), UC_TFTP_ACK_DONE);
}

/* RFC 7440 section 4: the window begins anew after the block that was acknowledged. */
static void an_acknowledgement_within_the_window_moves_it(void **state)
{
	(void)state;
	struct uc_tftp_flow flow = uc_tftp_flow_of(false, 100, 8);
	assert_int_equal(uc_tftp_flow_end(&flow), 8);
	send_all(&flow);
	assert_int_equal(uc_tftp_flow_ack(&flow, 3), UC_TFTP_ACK_NEXT);
	assert_int_equal(flow.first, 4);
	assert_int_equal(uc_tftp_flow_end(&flow), 11);
	/* Nothing is under way until it has been sent again. */
	assert_int_equal(uc_tftp_flow_ack(&flow, 8), UC_TFTP_ACK_STALE);
	send_all(&flow);
	assert_int_equal(uc_tftp_flow_ack(&flow, 11), UC_TFTP_ACK_NEXT);
	assert_int_equal(flow.first, 12);
}

static void the_last_window_is_cut_at_the_end_of_the_file(void **state)
{
	(void)state;
	struct uc_tftp_flow flow = uc_tftp_flow_of(false, 5, 4);
	send_all(&flow);
	assert_int_equal(uc_tftp_flow_ack(&flow, 4), UC_TFTP_ACK_NEXT);
	assert_int_equal(uc_tftp_flow_end(&flow), 5);
	send_all(&flow);
	assert_int_equal(uc_tftp_flow_ack(&flow, 5), UC_TFTP_ACK_DONE);
}

static void block_numbers_go_on_with_0_after_65535(void **state)
{
	(void)state;
	static const uint32_t windows[] = {1, 3, 64};
	for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
		const uint64_t last = 200000;
		struct uc_tftp_flow flow = uc_tftp_flow_of(true, last, windows[i]);
		enum uc_tftp_acked acked = UC_TFTP_ACK_NEXT;
		while (acked == UC_TFTP_ACK_NEXT) {
			uint64_t end = uc_tftp_flow_end(&flow);
			send_all(&flow);
			/* The one before the window is a duplicate, whatever its number. */
			if (flow.first > 0) assert_int_equal(uc_tftp_flow_ack(&flow, (uint16_t)(flow.first - 1)), UC_TFTP_ACK_STALE);
			acked = uc_tftp_flow_ack(&flow, (uint16_t)end);
			assert_int_equal(flow.first, end + 1);
		}
		assert_int_equal(acked, UC_TFTP_ACK_DONE);
		assert_int_equal(flow.first, last + 1);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_that_fills_its_blocks_ends_with_an_empty_one),
	    cmocka_unit_test(a_block_is_sent_for_each_acknowledgement),
	    cmocka_unit_test(duplicate_acknowledgements_never_trigger_a_send_C115),
	    cmocka_unit_test(what_has_not_been_sent_cannot_be_acknowledged),
	    cmocka_unit_test(the_OACK_is_acknowledged_as_block_0),
	    cmocka_unit_test(an_acknowledgement_within_the_window_moves_it),
	    cmocka_unit_test(the_last_window_is_cut_at_the_end_of_the_file),
	    cmocka_unit_test(block_numbers_go_on_with_0_after_65535),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
