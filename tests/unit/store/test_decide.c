/*
 * src/store/decide.c: a model of a store and two nodes that follow it, in which every order of events is tried, and after each of them what must be true is checked.
 *
 * A partition is the absence of events: a node to which nothing is delivered for a while is in every state's future. The content of a change is a number that no other change ever
 * has, so that a change which was lost in a failover cannot be mistaken for the one that took its place.
 */
#include "uc_test.h"

#include "store/cluster.h"

enum {
	MIRRORS = 2,
	MAX_LEN = 3,      /* changes in a log */
	MAX_CONTENTS = 5, /* changes that are ever made */
	MAX_EPOCH = 3,
	DEPTH = 13,           /* events in a row */
	MAX_STATES = 1 << 21, /* a power of two */
	MAX_SLOTS = 2 * MAX_STATES
};

struct model_log {
	uint8_t len, epoch, content[MAX_LEN];
};

/* What a node does with what it has fetched and not committed. */
enum doing { DOING_NOTHING, DOING_APPLY, DOING_REBUILD };

struct mirror {
	struct model_log now, copy /* of its disk, for a restore */, fetched;
	uint8_t doing, halted, confirmed;
};

/* Compared as bytes: there is nothing but bytes in it, and what is not used is zero. */
struct state {
	struct model_log store;
	uint8_t made; /* changes so far */
	struct mirror mirrors[MIRRORS];
};

typedef enum uc_log_next (*decide_fn)(const struct uc_log_view *v, bool *aged);

/* ---- the events ---- */

static void cut(struct model_log *log, size_t len)
{
	for (size_t i = len; i < MAX_LEN; i++) log->content[i] = 0;
	log->len = (uint8_t)len;
}

/* Like the hash of a change: it depends on all that came before. */
static void hash_at(const struct model_log *log, size_t number, char hash[MAX_LEN + 1])
{
	for (size_t i = 0; i < MAX_LEN; i++) hash[i] = i < number ? (char)('a' + log->content[i]) : '-';
	hash[MAX_LEN] = '\0';
}

static bool is_prefix(const struct model_log *part, const struct model_log *whole)
{
	return part->len <= whole->len && memcmp(part->content, whole->content, part->len) == 0;
}

static bool same_log(const struct model_log *a, const struct model_log *b)
{
	return a->len == b->len && is_prefix(a, b);
}

static bool make_change(struct state *s, size_t by)
{
	if (s->mirrors[by].halted || s->store.len == MAX_LEN || s->made == MAX_CONTENTS) return false;
	s->store.content[s->store.len++] = ++s->made;
	return true;
}

static enum uc_log_next ask(decide_fn decide, const struct state *s, const struct mirror *m, bool *aged)
{
	char mirror_hash[MAX_LEN + 1];
	char store_hash[MAX_LEN + 1];
	hash_at(&m->now, m->now.len, mirror_hash);
	hash_at(&s->store, m->now.len, store_hash);
	const struct uc_log_view v = {
	    .mirror_number = m->now.len,
	    .store_number = s->store.len,
	    .mirror_hash = mirror_hash,
	    .store_hash_at = m->now.len <= s->store.len ? store_hash : NULL,
	    .mirror_epoch = m->now.epoch,
	    .store_epoch = s->store.epoch,
	    .confirmed = m->confirmed,
	};
	return decide(&v, aged);
}

/* The node looks at the store and fetches what it lacks. */
static bool fetch(decide_fn decide, struct state *s, size_t at)
{
	struct mirror *m = &s->mirrors[at];
	bool aged;
	if (m->doing != DOING_NOTHING) return false;
	switch (ask(decide, s, m, &aged)) {
	case UC_NEXT_NOTHING:
		m->halted = 0;
		m->now.epoch = s->store.epoch;
		break;
	case UC_NEXT_APPLY:
		m->doing = DOING_APPLY;
		m->fetched = s->store;
		break;
	case UC_NEXT_REBUILD:
		m->doing = DOING_REBUILD;
		m->fetched = s->store;
		break;
	case UC_NEXT_AHEAD:
	case UC_NEXT_FORKED:
		m->halted = 1;
		break;
	}
	return true;
}

static bool commit(struct state *s, size_t at)
{
	struct mirror *m = &s->mirrors[at];
	if (m->doing == DOING_NOTHING) return false;
	if (m->doing == DOING_REBUILD)
		m->now = m->fetched;
	else
		while (m->now.len < m->fetched.len) {
			m->now.content[m->now.len] = m->fetched.content[m->now.len];
			m->now.len++;
		}
	m->doing = DOING_NOTHING;
	m->halted = 0;
	m->fetched = (struct model_log){.len = 0};
	return true;
}

static bool crash(struct state *s, size_t at)
{
	struct mirror *m = &s->mirrors[at];
	if (m->doing == DOING_NOTHING && !m->halted) return false;
	m->doing = DOING_NOTHING;
	m->halted = 0; /* it will look again */
	m->fetched = (struct model_log){.len = 0};
	return true;
}

static bool back_up(struct state *s, size_t at)
{
	s->mirrors[at].copy = s->mirrors[at].now;
	return true;
}

static bool restore(struct state *s, size_t at)
{
	(void)crash(s, at);
	s->mirrors[at].now = s->mirrors[at].copy;
	return true;
}

static bool confirm(struct state *s, size_t at)
{
	s->mirrors[at].confirmed = s->mirrors[at].now.len;
	return true;
}

static bool fail_over(struct state *s, size_t lost)
{
	if (s->store.len <= lost) return false;
	cut(&s->store, s->store.len - lost - 1);
	return true;
}

static bool raise_epoch(struct state *s, size_t ignored)
{
	(void)ignored;
	if (s->store.epoch == MAX_EPOCH) return false;
	s->store.epoch++;
	return true;
}

/* The events that need no decision; false: it cannot happen now. fetch() is the one more. */
static const struct {
	const char *name;
	bool (*happen)(struct state *s, size_t which);
	size_t kinds; /* which is below this */
} events[] = {
    {"makes a change: node", make_change, MIRRORS},
    {"commits what it fetched: node", commit, MIRRORS},
    {"crashes: node", crash, MIRRORS},
    {"is copied: the disk of node", back_up, MIRRORS},
    {"is restored from its copy: the disk of node", restore, MIRRORS},
    {"tells how far it is: node", confirm, MIRRORS},
    {"fails over and loses changes: the store, one more than", fail_over, MAX_LEN},
    {"gets another epoch: the store", raise_epoch, 1},
};

enum { EVENTS = sizeof events / sizeof events[0] };

/* ---- what must be true ---- */

/* The node is left alone with the store until it has done all it can. */
static void deliver(decide_fn decide, struct state *s, size_t at)
{
	(void)crash(s, at);
	for (int i = 0; i < 3; i++) {
		(void)fetch(decide, s, at);
		(void)commit(s, at);
	}
}

static bool has_lost_content(const struct model_log *mirror, const struct model_log *store)
{
	for (size_t i = 0; i < mirror->len; i++)
		if (memchr(store->content, mirror->content[i], store->len) == NULL) return true;
	return false;
}

static const char *fault_after_delivery(decide_fn decide, const struct state *s, size_t at)
{
	struct state next = *s;
	const struct mirror *before = &s->mirrors[at];
	const struct mirror *after = &next.mirrors[at];
	deliver(decide, &next, at);
	if (after->halted && !same_log(&after->now, &before->now)) return "a mirror that is halted has changed";
	if (!after->halted && !is_prefix(&after->now, &s->store)) return "a mirror that followed is not a prefix of the store's log";
	if (!after->halted && has_lost_content(&after->now, &s->store)) return "what was deleted has come back";
	if (!after->halted && !same_log(&after->now, &s->store)) return "a mirror stays behind";
	if (after->halted && is_prefix(&before->now, &s->store)) return "a mirror is halted without need";
	if (after->halted && s->store.epoch > before->now.epoch) return "a mirror is halted although the epoch was raised";
	if (!after->halted && !is_prefix(&before->now, &s->store) && s->store.epoch <= before->now.epoch)
		return "a mirror has given changes up that nobody allowed it to give up";
	return NULL;
}

static const char *fault_in(decide_fn decide, const struct state *s)
{
	for (size_t i = 0; i < MIRRORS; i++) {
		const struct mirror *m = &s->mirrors[i];
		bool aged;
		(void)ask(decide, s, m, &aged);
		if (aged != (m->now.len < m->confirmed)) return "an old disk is not told, or told of a new one";
		if (m->halted && m->doing == DOING_APPLY) return "a mirror that is halted goes on";
		if (m->doing == DOING_REBUILD && m->fetched.epoch <= m->now.epoch) return "a mirror is built anew although the epoch is the same";
		const char *fault = fault_after_delivery(decide, s, i);
		if (fault != NULL) return fault;
	}
	return NULL;
}

/* ---- trying all orders ---- */

struct found {
	struct state *states;
	uint32_t *from;  /* by state: the one before, */
	uint16_t *event; /* and what happened */
	uint32_t *slots; /* by hash: a state's number and 1 */
	uint32_t count;
	uint32_t fetches, halts, rebuilds; /* states in which it is so, to see that the model reaches them */
};

static void found_free(struct found *f)
{
	free(f->states);
	free(f->from);
	free(f->event);
	free(f->slots);
}

static uint64_t hash_of(const struct state *s)
{
	uint64_t h = 0xcbf29ce484222325u;
	const uint8_t *bytes = (const uint8_t *)s;
	for (size_t i = 0; i < sizeof *s; i++) h = (h ^ bytes[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

/* False when the state is known. */
static bool add(struct found *f, const struct state *s, uint32_t from, size_t event)
{
	size_t slot = hash_of(s) & (MAX_SLOTS - 1);
	for (; f->slots[slot] != 0; slot = (slot + 1) & (MAX_SLOTS - 1))
		if (memcmp(&f->states[f->slots[slot] - 1], s, sizeof *s) == 0) return false;
	assert_true(f->count < MAX_STATES);
	f->states[f->count] = *s;
	f->from[f->count] = from;
	f->event[f->count] = (uint16_t)event;
	f->slots[slot] = ++f->count;
	return true;
}

/* The events after a state; those numbered from EVENTS * MAX_LEN on are fetches. */
static void add_next(decide_fn decide, struct found *f, uint32_t from)
{
	for (size_t i = 0; i < EVENTS; i++)
		for (size_t which = 0; which < events[i].kinds; which++) {
			struct state next = f->states[from];
			if (events[i].happen(&next, which)) (void)add(f, &next, from, i * MAX_LEN + which);
		}
	for (size_t which = 0; which < MIRRORS; which++) {
		struct state next = f->states[from];
		if (fetch(decide, &next, which)) (void)add(f, &next, from, (size_t)EVENTS * MAX_LEN + which);
	}
}

static void count_kinds(struct found *f, const struct state *s)
{
	for (size_t i = 0; i < MIRRORS; i++) {
		f->fetches += s->mirrors[i].doing == DOING_APPLY;
		f->rebuilds += s->mirrors[i].doing == DOING_REBUILD;
		f->halts += s->mirrors[i].halted;
	}
}

/* The shortest way to a state, to be read. */
static void print_way(const struct found *f, uint32_t state)
{
	if (state == 0) return;
	print_way(f, f->from[state]);
	size_t event = f->event[state] / MAX_LEN;
	print_message("  %s %d\n", event < EVENTS ? events[event].name : "looks at the store: node", f->event[state] % MAX_LEN);
}

/* Breadth first, so that the first fault is reached by the fewest events. NULL: no fault within depth events. *at gets the state with the fault. */
static const char *explore(decide_fn decide, struct found *f, int depth, uint32_t *at)
{
	struct state first;
	memset(&first, 0, sizeof first);
	first.store.epoch = 1;
	for (size_t i = 0; i < MIRRORS; i++) first.mirrors[i].now.epoch = first.mirrors[i].copy.epoch = 1;
	(void)add(f, &first, 0, 0);
	uint32_t next = 0;
	for (int d = 0; d <= depth; d++)
		for (uint32_t end = f->count; next < end; next++) {
			const char *fault = fault_in(decide, &f->states[next]);
			*at = next;
			if (fault != NULL) return fault;
			count_kinds(f, &f->states[next]);
			if (d < depth) add_next(decide, f, next);
		}
	return NULL;
}

static struct found found_new(void)
{
	return (struct found){
	    .states = uc_zalloc(MAX_STATES, sizeof(struct state)),
	    .from = uc_zalloc(MAX_STATES, sizeof(uint32_t)),
	    .event = uc_zalloc(MAX_STATES, sizeof(uint16_t)),
	    .slots = uc_zalloc(MAX_SLOTS, sizeof(uint32_t)),
	};
}

static void C97_in_every_order_of_events_each_mirror_is_the_store_or_halted(void **state)
{
	(void)state;
	UC_CLEANUP(found_free) struct found f = found_new();
	uint32_t at;
	const char *fault = explore(uc_log_decide, &f, DEPTH, &at);
	if (fault != NULL) {
		print_way(&f, at);
		fail_msg("%s", fault);
	}
	print_message("%u states, in %u of them a mirror applies, in %u it is halted, in %u built anew\n", f.count, f.fetches, f.halts,
	              f.rebuilds);
	assert_true(f.count > 1000000);
	assert_true(f.fetches > 1000 && f.halts > 1000 && f.rebuilds > 1000);
}

/* ---- the test of the test: decisions that are wrong in one point ---- */

static enum uc_log_next only_numbers(const struct uc_log_view *v, bool *aged)
{
	struct uc_log_view blind = *v;
	if (v->store_hash_at != NULL) blind.store_hash_at = v->mirror_hash;
	return uc_log_decide(&blind, aged);
}

static enum uc_log_next ahead_is_fine(const struct uc_log_view *v, bool *aged)
{
	enum uc_log_next next = uc_log_decide(v, aged);
	return next == UC_NEXT_AHEAD ? UC_NEXT_NOTHING : next;
}

static enum uc_log_next rebuilds_by_itself(const struct uc_log_view *v, bool *aged)
{
	enum uc_log_next next = uc_log_decide(v, aged);
	return next == UC_NEXT_FORKED ? UC_NEXT_REBUILD : next;
}

static enum uc_log_next never_rebuilds(const struct uc_log_view *v, bool *aged)
{
	enum uc_log_next next = uc_log_decide(v, aged);
	return next == UC_NEXT_REBUILD ? UC_NEXT_FORKED : next;
}

static enum uc_log_next applies_after_an_epoch(const struct uc_log_view *v, bool *aged)
{
	enum uc_log_next next = uc_log_decide(v, aged);
	return next == UC_NEXT_REBUILD && v->store_hash_at != NULL ? UC_NEXT_APPLY : next;
}

static enum uc_log_next an_old_disk_halts(const struct uc_log_view *v, bool *aged)
{
	enum uc_log_next next = uc_log_decide(v, aged);
	return *aged ? UC_NEXT_AHEAD : next;
}

static enum uc_log_next old_one_too_late(const struct uc_log_view *v, bool *aged)
{
	enum uc_log_next next = uc_log_decide(v, aged);
	*aged = v->mirror_number <= v->confirmed;
	return next;
}

static enum uc_log_next stops_one_short(const struct uc_log_view *v, bool *aged)
{
	enum uc_log_next next = uc_log_decide(v, aged);
	return next == UC_NEXT_APPLY && v->store_number == v->mirror_number + 1 ? UC_NEXT_NOTHING : next;
}

static void a_wrong_decision_is_found(void **state)
{
	static const struct {
		decide_fn decide;
		const char *fault;
	} wrong[] = {
	    {only_numbers, "a mirror that followed is not a prefix of the store's log"},
	    {ahead_is_fine, "a mirror that followed is not a prefix of the store's log"},
	    {rebuilds_by_itself, "a mirror has given changes up that nobody allowed it to give up"},
	    {never_rebuilds, "a mirror is halted although the epoch was raised"},
	    {applies_after_an_epoch, "a mirror that followed is not a prefix of the store's log"},
	    {an_old_disk_halts, "a mirror is halted without need"},
	    {old_one_too_late, "an old disk is not told, or told of a new one"},
	    {stops_one_short, "a mirror stays behind"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		UC_CLEANUP(found_free) struct found f = found_new();
		uint32_t at;
		const char *fault = explore(wrong[i].decide, &f, DEPTH - 3, &at);
		assert_non_null(fault);
		assert_string_equal(fault, wrong[i].fault);
	}
}

/* ---- the same, said plainly ---- */

static void what_is_known_of_both_logs_decides(void **state)
{
	static const struct {
		struct uc_log_view view;
		enum uc_log_next next;
		bool aged;
	} rows[] = {
	    {{0, 0, "0", "0", 1, 1, 0}, UC_NEXT_NOTHING, false}, {{5, 5, "a", "a", 1, 1, 5}, UC_NEXT_NOTHING, false},
	    {{5, 9, "a", "a", 1, 1, 5}, UC_NEXT_APPLY, false},   {{5, 9, "a", "a", 1, 1, 7}, UC_NEXT_APPLY, true},
	    {{5, 9, "a", "a", 1, 2, 5}, UC_NEXT_APPLY, false},   {{5, 5, "a", "a", 1, 2, 5}, UC_NEXT_NOTHING, false},
	    {{5, 4, "a", NULL, 1, 1, 5}, UC_NEXT_AHEAD, false},  {{5, 4, "a", NULL, 1, 2, 5}, UC_NEXT_REBUILD, false},
	    {{5, 4, "a", NULL, 2, 1, 6}, UC_NEXT_AHEAD, true},   {{5, 9, "a", "b", 1, 1, 5}, UC_NEXT_FORKED, false},
	    {{5, 5, "a", "b", 2, 2, 5}, UC_NEXT_FORKED, false},  {{5, 5, "a", "b", 1, 2, 5}, UC_NEXT_REBUILD, false},
	    {{5, 9, "a", NULL, 1, 1, 5}, UC_NEXT_AHEAD, false}, /* a hole in the store's log */
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool aged;
		assert_int_equal(uc_log_decide(&rows[i].view, &aged), rows[i].next);
		assert_int_equal(aged, rows[i].aged);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_known_of_both_logs_decides),
	    cmocka_unit_test(C97_in_every_order_of_events_each_mirror_is_the_store_or_halted),
	    cmocka_unit_test(a_wrong_decision_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
