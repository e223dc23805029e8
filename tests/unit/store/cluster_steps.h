/* Steps of a cluster, for the tests of the store. */
#ifndef UC_TEST_CLUSTER_STEPS_H
#define UC_TEST_CLUSTER_STEPS_H

#include "store_test.h"

/* A step of this type whose members are those of values, which is taken. */
__attribute__((unused)) static json_t *step_of(const char *type, json_t *values)
{
	json_object_set_new(values, "type", json_string(type));
	json_object_set_new(values, "v", json_integer(1));
	return values;
}

/* With a "before", which is taken as well. */
__attribute__((unused)) static json_t *step_after(json_t *step, json_t *before)
{
	json_object_set_new(step, "before", before);
	return step;
}

/* ---- nodes; certificate may be NULL ---- */

__attribute__((unused)) static json_t *node_fields(const char *node, const char *role, const struct uc_cert *certificate)
{
	UC_CLEANUP(uc_freep) char *fqdn = uc_sprintf("%s.example.com", node);
	return json_pack("{s:s, s:s, s:[s], s:s, s:o}", "fqdn", fqdn, "domain", "example.com", "roles", role, "guid", "0123", "certificate",
	                 certificate != NULL ? base64_of(certificate) : json_null());
}

__attribute__((unused)) static json_t *node_set(const char *node, const char *role, const struct uc_cert *certificate, json_t *before)
{
	json_t *step = step_after(step_of("node.set", node_fields(node, role, certificate)), before);
	json_object_set_new(step, "node", json_string(node));
	return step;
}

__attribute__((unused)) static json_t *node_remove(const char *node, const char *role, const struct uc_cert *certificate)
{
	return step_of("node.remove", json_pack("{s:s, s:o}", "node", node, "before", node_fields(node, role, certificate)));
}

__attribute__((unused)) static json_t *node_rename(const char *node, const char *to)
{
	UC_CLEANUP(uc_freep) char *fqdn = uc_sprintf("%s.example.com", node);
	UC_CLEANUP(uc_freep) char *to_fqdn = uc_sprintf("%s.example.com", to);
	return step_of("node.rename", json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "node", node, "to", to, "fqdn", fqdn, "to_fqdn", to_fqdn,
	                                        "domain", "example.com", "to_domain", "example.com"));
}

/* ---- settings and lists ---- */

/* before: the value that it has, or NULL. */
__attribute__((unused)) static json_t *setting_set(const char *name, const char *value, const char *before)
{
	return step_after(step_of("setting.set", json_pack("{s:s, s:s}", "name", name, "value", value)),
	                  before != NULL ? json_pack("{s:s}", "value", before) : json_null());
}

__attribute__((unused)) static json_t *list_publish(const char *list, const char *file)
{
	UC_CLEANUP(uc_freep) char *content = uc_base64(uc_slice_str(file));
	return step_of("list.publish", json_pack("{s:s, s:s}", "list", list, "content", content));
}

/* ---- secrets ---- */

__attribute__((unused)) static void put_secret(struct uc_store *s, const char *text, char hash[65])
{
	struct uc_error e;
	assert_ok(uc_store_begin(s, &e), e);
	assert_ok(uc_store_secret_put(s, uc_slice_str(text), hash, &e), e);
	assert_ok(uc_store_commit(s, &e), e);
}

__attribute__((unused)) static json_t *join_fields(const char *node, const char *secret)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "node", node, "domain", "example.com", "roles", "subscriber", "secret", secret, "expires",
	                 "2026-01-03T03:04:05Z");
}

__attribute__((unused)) static json_t *join_set(const char *id, const char *node, const char *secret, json_t *before)
{
	json_t *step = step_after(step_of("join.set", join_fields(node, secret)), before);
	json_object_set_new(step, "id", json_string(id));
	return step;
}

__attribute__((unused)) static json_t *join_remove(const char *id, const char *node, const char *secret)
{
	return step_of("join.remove", json_pack("{s:s, s:o}", "id", id, "before", join_fields(node, secret)));
}

/* ---- keys; nodes is a JSON array, which is taken ---- */

__attribute__((unused)) static json_t *seal_fields(const char *purpose, json_t *nodes, const char *secret)
{
	return json_pack("{s:s, s:s, s:o, s:s}", "purpose", purpose, "kind", "private", "nodes", nodes, "secret", secret);
}

__attribute__((unused)) static json_t *key_seal(json_t *key, const char *purpose, json_t *nodes, const char *secret, json_t *before)
{
	json_t *step = step_after(step_of("key.seal", seal_fields(purpose, nodes, secret)), before);
	json_object_set_new(step, "key", key);
	return step;
}

__attribute__((unused)) static json_t *key_purge(const char *node, json_t *key)
{
	return step_of("key.purge", json_pack("{s:s, s:o}", "node", node, "key", key));
}

/* ---- jobs ---- */

__attribute__((unused)) static json_t *job_add(const char *id, const char *node)
{
	return step_of("job.add", json_pack("{s:s, s:s, s:s, s:{s:s}, s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:s, s:s}", "id", id, "node", node,
	                                    "task", "regen", "arguments", "purpose", "tomcat", "content", "AQID", "seen", "abcd", "yes", 1,
	                                    "force", 0, "who", "admin", "why", "it is time", "summary", "a job", "created",
	                                    "2026-01-02T03:04:05Z", "deadline", "2026-01-03T03:04:05Z"));
}

__attribute__((unused)) static json_t *job_done(const char *id, const char *node, const char *state, const char *detail)
{
	return step_of("job.done", json_pack("{s:s, s:s, s:s, s:s}", "id", id, "node", node, "state", state, "detail", detail));
}

#endif
