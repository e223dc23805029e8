/* What the nodes say of themselves is no change: it is fetched from the store when somebody asks, by the follower, so that nobody waits for a store that hangs. */
#include <string.h>
#include <time.h>

#include "node/internal.h"

enum {
	STEP_NS = 5000000,
	STEPS = 200,       /* a second is waited for an answer, */
	BUSY_STEPS = 1000, /* and five for a follower that is busy with a store which does answer */
	ANSWERS_SECONDS = 2
};

/* The pause before the next look, when there is to be one: false after so many. */
static bool pause_a_little(struct uc_node *n, int step)
{
	pthread_mutex_lock(&n->view_lock);
	bool answers = uc_now() - n->link->contact <= ANSWERS_SECONDS;
	pthread_mutex_unlock(&n->view_lock);
	if (step >= (answers ? BUSY_STEPS : STEPS)) return false;
	nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
	return true;
}

/* ---- what the follower does ---- */

static enum uc_status fetch_states(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	struct uc_link *l = n->link;
	json_t *states = NULL;
	uc_time now;
	UC_TRY(uc_store_now(store, &now, e));
	UC_TRY(uc_store_states(store, &states, e));
	pthread_mutex_lock(&n->view_lock);
	json_decref(l->states);
	l->states = states;
	l->states_at = uc_monotonic_ns();
	l->states_now = now;
	pthread_mutex_unlock(&n->view_lock);
	return UC_OK;
}

static enum uc_status fetch_effects(struct uc_node *n, struct uc_store *store, int64_t number, struct uc_error *e)
{
	struct uc_link *l = n->link;
	json_t *effects = NULL;
	UC_TRY(uc_store_effects(store, number, &effects, e));
	pthread_mutex_lock(&n->view_lock);
	json_decref(l->effects);
	l->effects = effects;
	l->effects_number = number;
	l->effects_at = uc_monotonic_ns();
	pthread_mutex_unlock(&n->view_lock);
	return UC_OK;
}

enum uc_status uc_heard_fetch(struct uc_node *n, struct uc_store *store, struct uc_error *e)
{
	struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	bool states = l->states_wanted;
	int64_t number = l->effects_wanted;
	l->states_wanted = false;
	l->effects_wanted = 0;
	pthread_mutex_unlock(&n->view_lock);
	if (states) UC_TRY(fetch_states(n, store, e));
	return number > 0 ? fetch_effects(n, store, number, e) : UC_OK;
}

/* ---- states ---- */

bool uc_heard_since(struct uc_node *n, int64_t moment)
{
	pthread_mutex_lock(&n->view_lock);
	bool since = n->link->states_at > moment;
	pthread_mutex_unlock(&n->view_lock);
	return since;
}

json_t *uc_heard_states(struct uc_node *n)
{
	struct uc_link *l = n->link;
	int64_t asked = uc_monotonic_ns();
	pthread_mutex_lock(&n->view_lock);
	bool likely = l->linked && l->claimed;
	l->states_wanted = likely;
	pthread_mutex_unlock(&n->view_lock);
	if (likely) uc_link_kick(n);
	for (int i = 0; likely && !uc_heard_since(n, asked);) likely = pause_a_little(n, i++);
	pthread_mutex_lock(&n->view_lock);
	json_t *heard = json_incref(l->states);
	pthread_mutex_unlock(&n->view_lock);
	return heard;
}

/* ---- effects ---- */

/* One change at a time: whoever asks for another one waits for his turn. *out (owned) stays NULL until they have been fetched. */
static void ask_for_effects(struct uc_node *n, int64_t number, int64_t asked, bool *likely, json_t **out)
{
	struct uc_link *l = n->link;
	pthread_mutex_lock(&n->view_lock);
	*likely = l->linked && l->claimed;
	if (l->effects_number == number && l->effects_at > asked) *out = json_incref(l->effects);
	bool ask = *likely && *out == NULL && l->effects_wanted == 0;
	if (ask) l->effects_wanted = number;
	pthread_mutex_unlock(&n->view_lock);
	if (ask) uc_link_kick(n);
}

void uc_heard_effects(struct uc_node *n, int64_t number, json_t *effects)
{
	int64_t asked = uc_monotonic_ns();
	bool likely = true;
	json_t *heard = NULL;
	ask_for_effects(n, number, asked, &likely, &heard);
	for (int i = 0; likely && heard == NULL && pause_a_little(n, i); i++) ask_for_effects(n, number, asked, &likely, &heard);
	size_t i;
	json_t *one;
	/* What this node has done itself it knows better. */
	json_array_foreach(heard, i, one)
	{
		if (strcmp(uc_json_member(one, "node"), n->name) != 0) json_array_append(effects, one);
	}
	json_decref(heard);
}
