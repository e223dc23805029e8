#include "serve/tftp/wheel.h"

void uc_tftp_wheel_init(struct uc_tftp_wheel *w, uint64_t now_ms)
{
	for (size_t i = 0; i < UC_TFTP_SLOTS; i++) LIST_INIT(&w->slots[i]);
	w->tick = now_ms / UC_TFTP_TICK_MS;
	w->count = 0;
}

/* The first tick at which the deadline has passed. */
static uint64_t tick_of(const struct uc_tftp_wheel *w, uint64_t due_ms)
{
	uint64_t tick = due_ms / UC_TFTP_TICK_MS + 1;
	return tick > w->tick ? tick : w->tick + 1;
}

static void insert(struct uc_tftp_wheel *w, struct uc_tftp_timer *t)
{
	t->tick = tick_of(w, t->due);
	LIST_INSERT_HEAD(&w->slots[t->tick % UC_TFTP_SLOTS], t, link);
	w->count++;
}

void uc_tftp_wheel_clear(struct uc_tftp_wheel *w, struct uc_tftp_timer *t)
{
	if (t->tick == 0) return;
	LIST_REMOVE(t, link);
	t->tick = 0;
	w->count--;
}

void uc_tftp_wheel_set(struct uc_tftp_wheel *w, struct uc_tftp_timer *t, uint64_t due_ms)
{
	t->due = due_ms;
	if (t->tick != 0 && t->tick <= tick_of(w, due_ms)) return;
	uc_tftp_wheel_clear(w, t);
	insert(w, t);
}

static void turn_slot(struct uc_tftp_wheel *w, uint64_t now_ms, void (*fire)(void *ctx, struct uc_tftp_timer *t), void *ctx)
{
	/* Into a list of their own first: fire() may set and clear any of them. */
	struct uc_tftp_timers late = LIST_HEAD_INITIALIZER(late);
	struct uc_tftp_timer *next;
	for (struct uc_tftp_timer *t = LIST_FIRST(&w->slots[w->tick % UC_TFTP_SLOTS]); t != NULL; t = next) {
		next = LIST_NEXT(t, link);
		LIST_REMOVE(t, link);
		LIST_INSERT_HEAD(&late, t, link);
	}
	while (!LIST_EMPTY(&late)) {
		struct uc_tftp_timer *t = LIST_FIRST(&late);
		uc_tftp_wheel_clear(w, t);
		if (t->due > now_ms)
			insert(w, t);
		else
			fire(ctx, t);
	}
}

void uc_tftp_wheel_turn(struct uc_tftp_wheel *w, uint64_t now_ms, void (*fire)(void *ctx, struct uc_tftp_timer *t), void *ctx)
{
	uint64_t now = now_ms / UC_TFTP_TICK_MS;
	/* After a long pause once around is enough: then every slot has been turned. */
	if (now > w->tick + UC_TFTP_SLOTS) w->tick = now - UC_TFTP_SLOTS;
	while (w->tick < now) {
		w->tick++;
		turn_slot(w, now_ms, fire, ctx);
	}
}
