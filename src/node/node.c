/* Opening the node: its directory, its name, its connections to the store, and its installation when it is new. */
#include "node/node.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/log.h"
#include "core/random.h"
#include "node/publish.h"
#include "pki/name.h"

/* ---- who this node is ---- */

/* DATA/node.json: what was installed here. It is written before the installation, which a crash can leave to the next start. */
static char *identity_path(const struct uc_node *n)
{
	return uc_sprintf("%s/node.json", n->data);
}

static char *copy_member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? uc_strdup(text) : NULL;
}

/* *roles gets those that were written there, 0 when the file does not exist yet. */
static enum uc_status read_identity(struct uc_node *n, unsigned *roles, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *path = identity_path(n);
	*roles = 0;
	if (!uc_file_exists(path)) return UC_OK;
	UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
	UC_TRY(uc_file_read(path, 65536, &text, e));
	json_t *root = json_loadb((const char *)text.ptr, text.len, 0, NULL);
	n->name = copy_member(root, "name");
	n->domain = copy_member(root, "domain");
	n->guid = copy_member(root, "guid");
	const char *names = json_string_value(json_object_get(root, "roles"));
	const char *former = json_string_value(json_object_get(root, "former"));
	if (former != NULL) uc_strv_split(&n->former, former, ',');
	bool whole = n->name != NULL && n->domain != NULL && n->guid != NULL && names != NULL && uc_roles_parse(names, roles, NULL) == UC_OK;
	json_decref(root);
	if (whole) return UC_OK;
	return uc_fail(e, UC_EIO, "node-file-damaged", "Restore it from a backup.", "%s cannot be read", path);
}

static enum uc_status write_identity(const struct uc_node *n, const char *name, const char *domain, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *path = identity_path(n);
	UC_CLEANUP(uc_freep) char *roles = uc_roles_text(n->roles);
	UC_CLEANUP(uc_freep) char *former = uc_strv_join(&n->former, ",");
	json_t *root =
	    json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", name, "domain", domain, "guid", n->guid, "roles", roles, "former", former);
	char *text = json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	enum uc_status status = uc_file_write(path, uc_slice_str(text), 0600, e);
	free(text);
	return status;
}

/* The system's names: "host" and, when it has one, "domain". */
static void system_names(char **host, char **domain)
{
	char name[256] = "";
	if (gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') snprintf(name, sizeof name, "localhost");
	char *dot = strchr(name, '.');
	*domain = uc_strdup(dot != NULL ? dot + 1 : "");
	if (dot != NULL) *dot = '\0';
	*host = uc_strdup(name);
}

static void set_names(struct uc_node *n, const char *name, const char *domain)
{
	char *const old[] = {n->name, n->domain, n->host, n->fqdn};
	n->name = uc_strdup(name);
	n->domain = uc_strdup(domain);
	n->host = uc_strdup(name);
	n->fqdn = domain[0] != '\0' ? uc_sprintf("%s.%s", name, domain) : uc_strdup(name);
	for (size_t i = 0; i < sizeof old / sizeof *old; i++) free(old[i]);
}

enum uc_status uc_node_take_names(struct uc_node *n, const char *name, const char *domain, struct uc_error *e)
{
	set_names(n, name, domain);
	return write_identity(n, n->name, n->domain, e);
}

enum uc_status uc_node_take_roles(struct uc_node *n, unsigned roles, struct uc_error *e)
{
	if (n->roles == roles) return UC_OK;
	n->roles = roles;
	return write_identity(n, n->name, n->domain, e);
}

bool uc_roles_ignored(struct uc_node *n)
{
	return uc_link_is(n) && n->roles_asked != 0 && n->roles_asked != n->roles;
}

enum uc_status uc_node_file_rename(struct uc_node *n, const char *name, const char *domain, struct uc_error *e)
{
	if (!uc_strv_has(&n->former, n->name)) uc_strv_add(&n->former, n->name);
	return write_identity(n, name, domain, e);
}

/* "cucm-pub.example.com" given as the name is the name and the domain. */
static void new_names(struct uc_node *n, const struct uc_node_config *config)
{
	UC_CLEANUP(uc_freep) char *host = NULL;
	UC_CLEANUP(uc_freep) char *domain = NULL;
	system_names(&host, &domain);
	const char *name = config->name != NULL ? config->name : host;
	const char *dot = strchr(name, '.');
	n->name = dot != NULL ? uc_strndup(name, (size_t)(dot - name)) : uc_strdup(name);
	if (config->domain != NULL)
		n->domain = uc_strdup(config->domain);
	else
		n->domain = uc_strdup(dot != NULL ? dot + 1 : config->name == NULL ? domain : "");
	n->guid = uc_uuid();
	/* Host names have no case (RFC 1034 section 3.1); certificates, lists and file names get one spelling. */
	for (char *p = n->name; *p != '\0'; p++) *p = uc_ascii_lower(*p);
	for (char *p = n->domain; *p != '\0'; p++) *p = uc_ascii_lower(*p);
}

static enum uc_status check_names(struct uc_node *n, const struct uc_node_config *config, struct uc_error *e)
{
	size_t len = config->name != NULL ? strcspn(config->name, ".") : 0;
	bool same = config->name == NULL || (strlen(n->name) == len && strncasecmp(n->name, config->name, len) == 0);
	/* The command line of a node that was renamed may still say what it was called. */
	for (size_t i = 0; i < n->former.count; i++)
		if (config->name != NULL && strlen(n->former.items[i]) == len && strncasecmp(n->former.items[i], config->name, len) == 0)
			return UC_OK;
	if (config->domain != NULL && !uc_eq_nocase(config->domain, n->domain)) same = false;
	if (same) return UC_OK;
	return uc_fail(e, UC_ECONFLICT, "other-node", "Start it without a name, or with another data directory.",
	               "the data directory %s belongs to the node %s of the domain '%s', not to %s", n->data, n->name, n->domain,
	               config->name != NULL ? config->name : config->domain);
}

static enum uc_status settle_names(struct uc_node *n, const struct uc_node_config *config, struct uc_error *e)
{
	unsigned roles;
	UC_TRY(read_identity(n, &roles, e));
	if (roles != 0)
		UC_TRY(check_names(n, config, e));
	else
		new_names(n, config);
	UC_CLEANUP(uc_freep) char *name = uc_strdup(n->name);
	UC_CLEANUP(uc_freep) char *domain = uc_strdup(n->domain);
	set_names(n, name, domain);
	UC_CLEANUP(uc_freep) char *checked = NULL;
	UC_TRY(uc_san_normalize(n->fqdn, &checked, e));
	/* A cluster gives its nodes their roles. */
	if (n->roles == 0 || (roles != 0 && uc_link_there(n))) n->roles = roles != 0 ? roles : UC_NODE_PUBLISHER | UC_NODE_TFTP;
	return n->roles == roles ? UC_OK : write_identity(n, n->name, n->domain, e);
}

/* ---- open and close ---- */

static enum uc_status take_lock(struct uc_node *n, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/lock", n->data);
	n->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (n->lock_fd < 0) return uc_fail_errno(e, errno, "cannot create %s", path);
	if (flock(n->lock_fd, LOCK_EX | LOCK_NB) == 0) return UC_OK;
	return uc_fail(e, UC_ECONFLICT, "data-in-use", "Stop the other daemon, or use another data directory.", "another ucpkid works in %s",
	               n->data);
}

enum uc_status uc_node_install(struct uc_node *n, void (*tell_password)(const char *node, const char *password), struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	struct uc_account have = {.name = NULL};
	enum uc_status status = uc_store_account(reader.store, "admin", &have, e);
	uc_account_free(&have);
	uc_reader_return(&reader);
	json_t *args = json_object();
	UC_CLEANUP(uc_freep) char *verifier = NULL;
	if (status == UC_ENOTFOUND) {
		char *password = uc_password(16);
		status = uc_password_verifier(password, &verifier, e);
		if (status == UC_OK) json_object_set_new(args, "verifier", json_string(verifier));
		if (status == UC_OK && tell_password != NULL) tell_password(n->name, password);
		uc_secret_free(password, strlen(password));
	}
	json_t *result = NULL;
	struct uc_node_call call = {.request = {.task = "install", .args = args}, .who = "installation", .yes = true};
	if (status == UC_OK) status = uc_node_run(n, &call, &result, e);
	json_decref(result);
	json_decref(args);
	return status;
}

static enum uc_status open_parts(struct uc_node *n, const struct uc_node_config *config, struct uc_error *e)
{
	UC_TRY(uc_dir_make(n->data, 0700, e));
	/* Also one that was made by somebody else: it holds private keys (C142). */
	if (chmod(n->data, 0700) != 0) return uc_fail_errno(e, errno, "cannot close the directory %s to others", n->data);
	UC_TRY(take_lock(n, e));
	UC_TRY(settle_names(n, config, e));
	UC_TRY(uc_keys_open(n->data, &n->keys, e));
	UC_TRY(uc_store_open(n->url, UC_STORE_WRITE, &n->writer, e));
	UC_TRY(uc_published_open(n, e));
	UC_TRY(uc_phone_open(n->data, config->phone_files, config->phone_certificates, &n->phone, e));
	UC_TRY(uc_link_open(n, config, e));
	if (!uc_link_is(n)) UC_TRY(uc_node_install(n, config->tell_password, e));
	if (uc_link_is(n)) UC_TRY(uc_link_start(n, e));
	return n->view != NULL ? UC_OK : uc_view_refresh(n, n->writer, e);
}

enum uc_status uc_node_open(const struct uc_node_config *config, struct uc_node **out, struct uc_error *e)
{
	struct uc_node *n = uc_zalloc(1, sizeof *n);
	n->data = uc_strdup(config->data);
	n->url = uc_sprintf("sqlite:%s/store.db", config->data);
	n->roles = n->roles_asked = config->roles;
	n->policy = config->policy;
	n->old_phones = config->old_phones;
	n->started = uc_now();
	n->lock_fd = -1;
	pthread_mutex_init(&n->write_lock, NULL);
	pthread_mutex_init(&n->pool_lock, NULL);
	pthread_mutex_init(&n->view_lock, NULL);
	n->sign_in = uc_sign_in_new();
	n->sessions = uc_sessions_new();
	n->link = uc_link_make();
	n->restart = config->restart;
	n->restart_ctx = config->restart_ctx;
	enum uc_status status = open_parts(n, config, e);
	if (status == UC_OK) {
		*out = n;
		return UC_OK;
	}
	uc_node_close(n);
	return status;
}

void uc_node_close(struct uc_node *n)
{
	if (n == NULL) return;
	uc_link_close(n); /* first: its threads use all the rest */
	uc_phone_close(n->phone);
	for (size_t i = 0; i < n->pooled; i++) uc_store_close(n->pool[i]);
	uc_store_close(n->writer);
	uc_view_free(n->view);
	uc_published_close(n);
	uc_keys_close(n->keys);
	uc_sign_in_free(n->sign_in);
	uc_sessions_free(n->sessions);
	json_decref(n->ports);
	json_decref(n->log_check);
	json_decref(n->glance.findings);
	pthread_mutex_destroy(&n->write_lock);
	pthread_mutex_destroy(&n->pool_lock);
	pthread_mutex_destroy(&n->view_lock);
	char *const texts[] = {n->data, n->url, n->name, n->fqdn, n->host, n->domain, n->guid};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]);
	uc_strv_free(&n->former);
	if (n->lock_fd >= 0) close(n->lock_fd);
	free(n);
}

/* ---- small questions ---- */

void uc_node_set_ports(struct uc_node *n, const json_t *ports, const char *https_address, const char *https_public)
{
	pthread_mutex_lock(&n->view_lock);
	json_decref(n->ports);
	n->ports = json_deep_copy(ports);
	snprintf(n->https_address, sizeof n->https_address, "%s", https_address);
	snprintf(n->https_public, sizeof n->https_public, "%s", https_public != NULL ? https_public : "");
	pthread_mutex_unlock(&n->view_lock);
}

unsigned uc_node_roles(const struct uc_node *n)
{
	return n->roles;
}

json_t *uc_node_status(struct uc_node *n)
{
	char started[UC_TIME_TEXT];
	bool ignored = uc_roles_ignored(n);
	pthread_mutex_lock(&n->view_lock);
	const struct uc_link *l = n->link;
	bool follows = l->state == UC_LINK_SINGLE || l->state == UC_LINK_FOLLOWING || l->state == UC_LINK_CATCHING_UP;
	bool read_only = l->linked && (!follows || l->clock_off);
	const char *reason = !follows ? l->reason : l->clock;
	json_t *self_check = uc_self_check_json(n);
	json_t *out = json_pack("{s:s, s:s, s:s, s:o, s:s, s:I, s:s, s:b, s:s?, s:O?, s:o?, s:O?}", "node", n->name, "fqdn", n->fqdn, "domain",
	                        n->domain, "roles", uc_roles_json(n->roles), "version", UC_VERSION, "head", (json_int_t)n->view->number,
	                        "started_at", uc_time_rfc3339(n->started, started), "read_only", read_only, "read_only_reason",
	                        read_only ? reason : NULL, "ports", n->ports, "self_check", self_check, "change_log", n->log_check);
	pthread_mutex_unlock(&n->view_lock);
	json_object_set_new(out, "roles_ignored", ignored ? uc_roles_json(n->roles_asked) : json_null());
	return out;
}
