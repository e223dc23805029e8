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

/* All that was seen in one transaction: each would wait for the disk. */
static enum uc_status put_seen(struct uc_node *n, int64_t number, const json_t *list, struct uc_error *e)
{
	size_t i;
	const json_t *item;
	enum uc_status status = uc_store_begin(n->writer, e);
	if (status != UC_OK) return status;
	json_array_foreach(list, i, item)
	{
		bool rsa = strcmp(json_string_value(json_object_get(item, "key_type")), "RSA") == 0;
		const char *state = json_is_true(json_object_get(item, "matches")) ? "done" : "failed";
		if (status == UC_OK)
			status = uc_store_effect_put(n->writer, n->name, number, rsa ? "https-rsa" : "https-ec", state,
			                             json_string_value(json_object_get(item, "detail")), e);
	}
	if (status == UC_OK) return uc_store_commit(n->writer, e);
	uc_store_rollback(n->writer);
	return status;
}

static void record_seen(struct uc_node *n, int64_t number, const json_t *list)
{
	struct uc_error e;
	pthread_mutex_lock(&n->write_lock);
	enum uc_status status = put_seen(n, number, list, &e);
	pthread_mutex_unlock(&n->write_lock);
	if (status != UC_OK) uc_log_error("cannot record an effect", &e);
}

/* Where our own HTTPS listens. */
struct own_listener {
	char address[64];
	char port[8];
};

/* One look at our own HTTPS; adds what was seen to list. */
static bool look(struct uc_node *n, const struct own_listener *own, enum uc_probe_keys kind, const char *expected, json_t *list)
{
	const char *kind_text = kind == UC_PROBE_RSA ? "RSA" : "EC";
	struct uc_probe seen = {.address = ""};
	struct uc_error e = {.code = UC_OK};
	char fp[UC_FINGERPRINT_HEX] = "";
	if (uc_probe_tls(own->address, own->port, n->fqdn, kind, SELF_TIMEOUT_MS, &seen, &e) == UC_OK)
		uc_cert_fingerprint_hex(seen.chain.items[0], fp);
	bool matches = strcmp(fp, expected) == 0;
	char at[UC_TIME_TEXT];
	uc_time_rfc3339(uc_now(), at);
	UC_CLEANUP(uc_freep)
	char *detail = fp[0] == '\0' ? uc_strdup(e.message)
	                             : uc_sprintf("HTTPS presents the %s certificate %.16s... with a chain of %zu%s", kind_text, fp,
	                                          seen.chain.count, matches ? "" : ", which is not the one in force");
	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "listener", "https", "key_type", kind_text, "fingerprint", fp,
	                                      "matches", matches, "checked_at", at, "detail", detail));
	uc_probe_free(&seen);
	return matches;
}

/* The address to reach our own listener at; false when HTTPS does not listen yet. */
static bool find_own(struct uc_node *n, struct own_listener *own, struct uc_view *copy)
{
	pthread_mutex_lock(&n->view_lock);
	json_int_t number = json_integer_value(json_object_get(n->ports, "https"));
	memcpy(own->address, n->https_address, sizeof own->address);
	memcpy(copy->rsa, n->view->rsa, sizeof copy->rsa);
	memcpy(copy->ec, n->view->ec, sizeof copy->ec);
	pthread_mutex_unlock(&n->view_lock);
	snprintf(own->port, sizeof own->port, "%lld", (long long)number);
	return number > 0;
}

bool uc_self_check(struct uc_node *n, int64_t number)
{
	struct own_listener own;
	struct uc_view expected = {.number = 0};
	if (!find_own(n, &own, &expected)) return true;
	json_t *list = json_array();
	bool ok = true;
	if (expected.rsa[0] != '\0') ok = look(n, &own, UC_PROBE_RSA, expected.rsa, list) && ok;
	if (expected.ec[0] != '\0') ok = look(n, &own, UC_PROBE_EC, expected.ec, list) && ok;
	if (number > 0) record_seen(n, number, list);
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
		const char *purpose = json_string_value(json_object_get(step, "purpose"));
		if (strcmp(type, "key.purge") == 0) uc_key_destroy(n, number, json_string_value(json_object_get(step, "key")));
		if (uc_starts_with(type, "identity.") && uc_starts_with(purpose, "tomcat")) https = true;
	}
	uc_crash_point("effects-half");
	if (https) uc_self_check(n, number);
}
