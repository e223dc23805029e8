/* src/serve/tftp/wheel.c: deadlines of many transfers, with a clock of the test's own. */
#include "uc_test.h"

#include <stdbool.h>

#include "serve/tftp/wheel.h"

#define COUNT 3000
#define TURN_MS ((uint64_t)UC_TFTP_TICK_MS * UC_TFTP_SLOTS)

struct item {
	struct uc_tftp_timer timer; /* the first */
	unsigned fired;
	uint64_t fired_at;
};

struct bench {
	struct uc_tftp_wheel wheel;
	struct item items[COUNT];
	uint64_t now;
	unsigned fired;
	uint64_t again; /* fire() sets the timer anew, by so much */
	bool rivals;    /* the first of items[0..2] that fires takes one of the others out, and moves the other away */
};

static struct bench *bench_new(uint64_t now)
{
	struct bench *b = uc_zalloc(1, sizeof *b);
	b->now = now;
	uc_tftp_wheel_init(&b->wheel, now);
	return b;
}

static void fire(void *ctx, struct uc_tftp_timer *t)
{
	struct bench *b = ctx;
	struct item *item = (struct item *)t;
	item->fired++;
	item->fired_at = b->now;
	b->fired++;
	if (b->again > 0) uc_tftp_wheel_set(&b->wheel, t, b->now + b->again);
	if (!b->rivals || b->fired > 1) return;
	size_t first = (size_t)(item - b->items);
	uc_tftp_wheel_clear(&b->wheel, &b->items[(first + 1) % 3].timer);
	uc_tftp_wheel_set(&b->wheel, &b->items[(first + 2) % 3].timer, b->now + 1000);
}

static void turn(struct bench *b, uint64_t to)
{
	while (b->now < to) {
		b->now += UC_TFTP_TICK_MS;
		uc_tftp_wheel_turn(&b->wheel, b->now, fire, b);
	}
}

static void a_deadline_fires_once_and_not_before_its_time(void **state)
{
	(void)state;
	struct bench *b = bench_new(1000003);
	for (unsigned i = 0; i < COUNT; i++) uc_tftp_wheel_set(&b->wheel, &b->items[i].timer, b->now + i * 37);
	assert_int_equal(b->wheel.count, COUNT);
	uint64_t start = b->now;
	turn(b, start + COUNT * 37 + TURN_MS);
	for (unsigned i = 0; i < COUNT; i++) {
		assert_int_equal(b->items[i].fired, 1);
		assert_true(b->items[i].fired_at >= start + i * 37);
		assert_true(b->items[i].fired_at <= start + i * 37 + 2 * UC_TFTP_TICK_MS);
	}
	assert_int_equal(b->wheel.count, 0);
	free(b);
}

static void a_deadline_can_be_moved_in_both_directions(void **state)
{
	(void)state;
	struct bench *b = bench_new(5000);
	struct item *later = &b->items[0];
	struct item *sooner = &b->items[1];
	uc_tftp_wheel_set(&b->wheel, &later->timer, 5100);
	uc_tftp_wheel_set(&b->wheel, &later->timer, 15000);
	uc_tftp_wheel_set(&b->wheel, &sooner->timer, 15000);
	uc_tftp_wheel_set(&b->wheel, &sooner->timer, 5100);
	assert_int_equal(b->wheel.count, 2);
	turn(b, 5100 + 2 * UC_TFTP_TICK_MS);
	assert_int_equal(sooner->fired, 1);
	assert_int_equal(later->fired, 0);
	turn(b, 14990);
	assert_int_equal(later->fired, 0);
	turn(b, 15000 + 2 * UC_TFTP_TICK_MS);
	assert_int_equal(later->fired, 1);
	free(b);
}

static void a_timer_that_is_taken_out_does_not_fire(void **state)
{
	(void)state;
	struct bench *b = bench_new(0);
	uc_tftp_wheel_set(&b->wheel, &b->items[0].timer, 500);
	uc_tftp_wheel_clear(&b->wheel, &b->items[0].timer);
	uc_tftp_wheel_clear(&b->wheel, &b->items[0].timer);
	assert_int_equal(b->wheel.count, 0);
	turn(b, 2 * TURN_MS);
	assert_int_equal(b->fired, 0);
	free(b);
}

static void what_fires_may_be_set_again(void **state)
{
	(void)state;
	struct bench *b = bench_new(0);
	b->again = 1000;
	uc_tftp_wheel_set(&b->wheel, &b->items[0].timer, 1000);
	turn(b, 10600);
	assert_int_equal(b->fired, 10);
	assert_int_equal(b->wheel.count, 1);
	free(b);
}

static void what_fires_may_take_out_or_move_another_of_the_same_slot(void **state)
{
	(void)state;
	struct bench *b = bench_new(0);
	for (int i = 0; i < 3; i++) uc_tftp_wheel_set(&b->wheel, &b->items[i].timer, 100);
	b->rivals = true;
	turn(b, 1000);
	assert_int_equal(b->fired, 1);
	assert_int_equal(b->wheel.count, 1);
	turn(b, 2000);
	assert_int_equal(b->wheel.count, 0);
	assert_int_equal(b->fired, 2);
	free(b);
}

static void nothing_is_lost_when_the_wheel_was_not_turned_for_long(void **state)
{
	(void)state;
	struct bench *b = bench_new(7);
	for (unsigned i = 0; i < COUNT; i++) uc_tftp_wheel_set(&b->wheel, &b->items[i].timer, b->now + i);
	b->now += 100 * TURN_MS;
	uc_tftp_wheel_turn(&b->wheel, b->now, fire, b);
	assert_int_equal(b->fired, COUNT);
	/* And goes on as before. */
	uc_tftp_wheel_set(&b->wheel, &b->items[0].timer, b->now + 50);
	turn(b, b->now + 50 + 2 * UC_TFTP_TICK_MS);
	assert_int_equal(b->items[0].fired, 2);
	free(b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_deadline_fires_once_and_not_before_its_time),
	    cmocka_unit_test(a_deadline_can_be_moved_in_both_directions),
	    cmocka_unit_test(a_timer_that_is_taken_out_does_not_fire),
	    cmocka_unit_test(what_fires_may_be_set_again),
	    cmocka_unit_test(what_fires_may_take_out_or_move_another_of_the_same_slot),
	    cmocka_unit_test(nothing_is_lost_when_the_wheel_was_not_turned_for_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
