/* Effects: making the world match the state after a change, and looking whether it does. */
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/log.h"
#include "node/internal.h"
#include "node/probe.h"

enum { SELF_TIMEOUT_MS = 5000 };

static void record(struct uc_node *n, int64_t number, const char *effect, const char *state, const char *detail)
{
	struct uc_error e;
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = uc_store_effect_put(n->writer, n->name, number, effect, state, detail, &e);
	pthread_mutex_unlock(&n->write_lock);
	if (status != UC_OK) uc_log_error("cannot record an effect", &e);
}

/* All that was seen in one transaction: each would wait for the disk. list has an item for each of shown. */
static enum uc_status put_seen(struct uc_node *n, int64_t number, const struct uc_shown *shown, const json_t *list, struct uc_error *e)
{
	enum uc_status status = uc_store_begin(n->writer, e);
	if (status != UC_OK) return status;
	for (size_t i = 0; i < UC_SHOWN && status == UC_OK; i++) {
		const json_t *item = json_array_get(list, i);
		const char *state = json_is_true(json_object_get(item, "matches")) ? "done" : "failed";
		int64_t of = number > 0 ? number : shown[i].number;
		if (of > 0)
			status = uc_store_effect_put(n->writer, n->name, of, shown[i].ec ? "https-ec" : "https-rsa", state,
			                             json_string_value(json_object_get(item, "detail")), e);
	}
	if (status == UC_OK) return uc_store_commit(n->writer, e);
	uc_store_rollback(n->writer);
	return status;
}

static void record_seen(struct uc_node *n, int64_t number, const struct uc_shown *shown, const json_t *list)
{
	struct uc_error e;
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = put_seen(n, number, shown, list, &e);
	pthread_mutex_unlock(&n->write_lock);
	if (status != UC_OK) uc_log_error("cannot record an effect", &e);
}

/* Where our own HTTPS listens, and what it must present. */
struct own_listener {
	char address[64];
	char port[8];
	struct uc_shown shown[UC_SHOWN];
};

/* Connects, and says in detail what came; true when it is what must be presented. fp gets the leaf's fingerprint, "" when nothing came. */
static bool connect_own(struct uc_node *n, const struct own_listener *own, const struct uc_shown *shown, char fp[UC_FINGERPRINT_HEX],
                        char **detail)
{
	UC_CLEANUP(uc_probe_free) struct uc_probe seen = {.address = ""};
	struct uc_error e = {.code = UC_OK};
	fp[0] = '\0';
	if (uc_probe_tls(own->address, own->port, n->fqdn, shown->ec ? UC_PROBE_EC : UC_PROBE_RSA, SELF_TIMEOUT_MS, &seen, &e) != UC_OK) {
		*detail = uc_strdup(e.message);
		return false;
	}
	uc_cert_fingerprint_hex(seen.chain.items[0], fp);
	bool leaf = strcmp(fp, shown->fingerprint) == 0;
	bool chain = seen.chain.count == shown->chain;
	*detail = uc_sprintf("HTTPS presents the %s certificate %.16s... with a chain of %zu%s%s", shown->ec ? "EC" : "RSA", fp,
	                     seen.chain.count, leaf ? "" : ", which is not the one in force", chain ? "" : ", which is not the whole chain");
	return leaf && chain;
}

/* One look at our own HTTPS, as an item of "self_check". */
static json_t *look(struct uc_node *n, const struct own_listener *own, const struct uc_shown *shown)
{
	char fp[UC_FINGERPRINT_HEX] = "";
	char at[UC_TIME_TEXT];
	UC_CLEANUP(uc_freep) char *detail = NULL;
	bool matches = shown->fault[0] == '\0' && connect_own(n, own, shown, fp, &detail);
	return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "listener", "https", "key_type", shown->ec ? "EC" : "RSA", "fingerprint", fp,
	                 "matches", matches, "checked_at", uc_time_rfc3339(uc_now(), at), "detail", detail != NULL ? detail : shown->fault);
}

/* False when HTTPS does not listen yet. */
static bool find_own(struct uc_node *n, struct own_listener *own)
{
	pthread_mutex_lock(&n->view_lock);
	json_int_t number = json_integer_value(json_object_get(n->ports, "https"));
	bool there = number > 0 && n->view != NULL;
	memcpy(own->address, n->https_address, sizeof own->address);
	if (there) memcpy(own->shown, n->view->shown, sizeof own->shown);
	pthread_mutex_unlock(&n->view_lock);
	snprintf(own->port, sizeof own->port, "%u", (unsigned)number & 0xffffu);
	return there;
}

bool uc_self_check(struct uc_node *n, int64_t number)
{
	struct own_listener own;
	if (!find_own(n, &own)) return true;
	json_t *list = json_array();
	bool ok = true;
	for (size_t i = 0; i < UC_SHOWN; i++) {
		json_t *item = look(n, &own, &own.shown[i]);
		ok = ok && json_is_true(json_object_get(item, "matches"));
		json_array_append_new(list, item);
	}
	record_seen(n, number, own.shown, list);
	pthread_mutex_lock(&n->view_lock);
	json_decref(n->self_check);
	n->self_check = list;
	pthread_mutex_unlock(&n->view_lock);
	return ok;
}

void uc_key_destroy(struct uc_node *n, int64_t number, const char *key)
{
	struct uc_error e;
	enum uc_status status = uc_keys_remove(n->keys, key, &e);
	record(n, number, "key-purge", status == UC_OK ? "done" : "failed", status == UC_OK ? "the private key is destroyed" : e.message);
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
	uc_crash_point("effects-half");
	if (https) uc_self_check(n, number);
}
