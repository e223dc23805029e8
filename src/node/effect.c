/* Effects: making the world match the state after a change, and looking whether it does. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "node/internal.h"
#include "node/probe.h"
#include "node/publish.h"

enum { SELF_TIMEOUT_MS = 5000 };

void uc_effect_record(struct uc_node *n, int64_t number, const char *effect, const char *state, const char *detail)
{
	struct uc_error e;
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = uc_store_effect_put(n->writer, n->name, number, effect, state, detail, &e);
	pthread_mutex_unlock(&n->write_lock);
	if (status != UC_OK) uc_log_error("cannot record an effect", &e);
}

/* ---- what HTTPS presents ---- */

/* Where our own HTTPS listens, and what it must present. */
struct own_listener {
	char address[64];
	char port[8];
	struct uc_shown shown[UC_SHOWN];
	int64_t serial; /* of the view that says so */
	bool stale;     /* that view lacks a change */
};

static bool fits(const struct uc_shown *shown, const struct uc_seen *seen, bool stale)
{
	return !stale && shown->fault[0] == '\0' && strcmp(seen->fingerprint, shown->fingerprint) == 0 && seen->chain == shown->chain;
}

/* For people. Free with free(). */
static char *detail_of(const struct uc_shown *shown, const struct uc_seen *seen, bool stale)
{
	if (stale) return uc_strdup("the newest certificates could not be loaded yet");
	if (shown->fault[0] != '\0') return uc_strdup(shown->fault);
	if (seen->fault[0] != '\0') return uc_strdup(seen->fault);
	bool leaf = strcmp(seen->fingerprint, shown->fingerprint) == 0;
	bool chain = seen->chain == shown->chain;
	return uc_sprintf("HTTPS presents the %s certificate %.16s... with a chain of %zu%s%s", shown->ec ? "EC" : "RSA", seen->fingerprint,
	                  seen->chain, leaf ? "" : ", which is not the one in force", chain ? "" : ", which is not the whole chain");
}

json_t *uc_self_check_json(const struct uc_node *n)
{
	if (!n->seen[0].tried) return NULL;
	json_t *out = json_array();
	bool stale = uc_view_is_stale(n);
	for (size_t i = 0; i < UC_SHOWN; i++) {
		const struct uc_shown *shown = &n->view->shown[i];
		const struct uc_seen *seen = &n->seen[i];
		char at[UC_TIME_TEXT];
		UC_CLEANUP(uc_freep) char *detail = detail_of(shown, seen, stale);
		json_array_append_new(out, json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "listener", "https", "key_type", shown->ec ? "EC" : "RSA",
		                                     "fingerprint", seen->fingerprint, "matches", fits(shown, seen, stale), "checked_at",
		                                     uc_time_rfc3339(seen->at, at), "detail", detail));
	}
	return out;
}

bool uc_self_check_well(const struct uc_node *n)
{
	bool well = n->seen[0].tried;
	for (size_t i = 0; well && i < UC_SHOWN; i++) well = fits(&n->view->shown[i], &n->seen[i], uc_view_is_stale(n));
	return well;
}

/* All that was seen in one transaction: each would wait for the disk. */
static enum uc_status put_seen(struct uc_node *n, int64_t number, const struct own_listener *own, const struct uc_seen *seen,
                               struct uc_error *e)
{
	const struct uc_shown *shown = own->shown;
	UC_TRY(uc_store_begin(n->writer, e));
	enum uc_status status = UC_OK;
	for (size_t i = 0; i < UC_SHOWN && status == UC_OK; i++) {
		UC_CLEANUP(uc_freep) char *detail = detail_of(&shown[i], &seen[i], own->stale);
		/* A later change may have replaced the certificate of the one that is asked about: then that one is what was seen. */
		int64_t of = number > shown[i].number ? number : shown[i].number;
		if (of > 0)
			status = uc_store_effect_put(n->writer, n->name, of, shown[i].ec ? "https-ec" : "https-rsa",
			                             fits(&shown[i], &seen[i], own->stale) ? "done" : "failed", detail, e);
	}
	if (status == UC_OK) return uc_store_commit(n->writer, e);
	uc_store_rollback(n->writer);
	return status;
}

static void record_seen(struct uc_node *n, int64_t number, const struct own_listener *own, const struct uc_seen *seen)
{
	struct uc_error e;
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = put_seen(n, number, own, seen, &e);
	pthread_mutex_unlock(&n->write_lock);
	if (status != UC_OK) uc_log_error("cannot record an effect", &e);
}

/* One look at our own HTTPS. */
static struct uc_seen look(struct uc_node *n, const struct own_listener *own, const struct uc_shown *shown)
{
	struct uc_seen out = {.tried = true};
	struct uc_error e;
	UC_CLEANUP(uc_probe_free) struct uc_probe seen = {.address = ""};
	enum uc_status status = UC_OK;
	if (shown->fault[0] == '\0')
		status = uc_probe_tls(own->address, own->port, n->fqdn, shown->ec ? UC_PROBE_EC : UC_PROBE_RSA, SELF_TIMEOUT_MS, &seen, &e);
	snprintf(out.fault, sizeof out.fault, "%s", status != UC_OK ? e.message : shown->fault);
	if (seen.chain.count > 0) uc_cert_fingerprint_hex(seen.chain.items[0], out.fingerprint);
	out.chain = seen.chain.count;
	out.at = uc_now();
	return out;
}

/* False when HTTPS does not listen yet, or when the view does not show this change yet: then it is looked at once it does. */
static bool find_own(struct uc_node *n, int64_t number, struct own_listener *own)
{
	pthread_mutex_lock(&n->view_lock);
	json_int_t port = json_integer_value(json_object_get(n->ports, "https"));
	bool there = port > 0 && n->view != NULL;
	own->stale = there && uc_view_is_stale(n);
	bool late = there && !own->stale && n->view->number < number;
	if (late && n->link->own_due < number) n->link->own_due = number;
	memcpy(own->address, n->https_address, sizeof own->address);
	if (there) memcpy(own->shown, n->view->shown, sizeof own->shown);
	if (there) own->serial = n->view->serial;
	pthread_mutex_unlock(&n->view_lock);
	snprintf(own->port, sizeof own->port, "%u", (unsigned)port & 0xffffu);
	return there && !late;
}

/* What was seen counts when it can only have been this view that was seen. */
static bool count(struct uc_node *n, const struct own_listener *own, const struct uc_seen *seen)
{
	pthread_mutex_lock(&n->view_lock);
	bool same = n->view->serial == own->serial;
	if (same) memcpy(n->seen, seen, sizeof n->seen);
	pthread_mutex_unlock(&n->view_lock);
	return same;
}

bool uc_self_check(struct uc_node *n, int64_t number)
{
	/* Each time a view was swapped meanwhile; when that goes on, the next round of what is due now and then looks again. */
	enum { TRIES = 8 };
	for (int i = 0; i < TRIES; i++) {
		struct own_listener own;
		struct uc_seen seen[UC_SHOWN];
		bool ok = true;
		if (!find_own(n, number, &own)) return true;
		for (size_t k = 0; k < UC_SHOWN; k++) {
			seen[k] = look(n, &own, &own.shown[k]);
			ok = ok && fits(&own.shown[k], &seen[k], own.stale);
		}
		if (!count(n, &own, seen)) continue;
		record_seen(n, number, &own, seen);
		return ok;
	}
	return false;
}

void uc_key_destroy(struct uc_node *n, int64_t number, const char *key)
{
	struct uc_error e;
	enum uc_status status = uc_keys_remove(n->keys, key, &e);
	uc_effect_record(n, number, "key-purge", status == UC_OK ? "done" : "failed",
	                 status == UC_OK ? "the private key is destroyed" : e.message);
}

void uc_effects_run(struct uc_node *n, int64_t number, const json_t *steps)
{
	bool https = false;
	size_t i;
	const json_t *step;
	json_array_foreach(steps, i, step)
	{
		const char *type = json_string_value(json_object_get(step, "type"));
		const char *node = uc_json_member(step, "node");
		bool here = strcmp(node, n->name) == 0;
		if (strcmp(type, "key.purge") == 0 && (here || strcmp(node, UC_ALL_NODES) == 0))
			uc_key_destroy(n, number, uc_json_member(step, "key"));
		if (here && uc_starts_with(type, "identity.") && uc_starts_with(uc_json_member(step, "purpose"), "tomcat")) https = true;
	}
	uc_publish_effects(n, number);
	uc_crash_point("effects-half");
	if (https) uc_self_check(n, number);
}
