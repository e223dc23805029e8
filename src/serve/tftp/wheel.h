/*
 * Deadlines of many transfers: a wheel of slots, each a list. Moving a deadline away, which every acknowledgement does, only writes it
 * down: the entry goes to its new slot when the wheel comes to the old one. Times are milliseconds of one clock that goes forward.
 */
#ifndef UC_SERVE_TFTP_WHEEL_H
#define UC_SERVE_TFTP_WHEEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define UC_TFTP_TICK_MS 16
#define UC_TFTP_SLOTS 512

/* Part of what has a deadline. Zero-initialised is in no wheel. */
struct uc_tftp_timer {
	uint64_t due;  /* in milliseconds */
	uint64_t tick; /* when the wheel comes to it; 0: it is in no slot */
	LIST_ENTRY(uc_tftp_timer) link;
};
LIST_HEAD(uc_tftp_timers, uc_tftp_timer);

struct uc_tftp_wheel {
	struct uc_tftp_timers slots[UC_TFTP_SLOTS];
	uint64_t tick; /* all before and this one have been turned */
	size_t count;
};

void uc_tftp_wheel_init(struct uc_tftp_wheel *w, uint64_t now_ms);
/* Sets or moves a deadline. */
void uc_tftp_wheel_set(struct uc_tftp_wheel *w, struct uc_tftp_timer *t, uint64_t due_ms);
/* Also for a timer that is in no wheel. */
void uc_tftp_wheel_clear(struct uc_tftp_wheel *w, struct uc_tftp_timer *t);
/*
 * Takes out every timer whose deadline has passed and calls fire with it; it may set and clear any timer. A deadline is late by a tick at
 * most.
 */
void uc_tftp_wheel_turn(struct uc_tftp_wheel *w, uint64_t now_ms, void (*fire)(void *ctx, struct uc_tftp_timer *t), void *ctx);

#endif
