#include "daemon/config.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"

static const char default_file[] = "/etc/ucpki/ucpkid.conf";

enum { MAX_FILE = 1024 * 1024, MAX_SECRET = 4096, MAX_WORKERS = 256, MAX_YEARS = 100, MIN_TIMEOUT_MS = 50, MAX_TIMEOUT_MS = 60000 };

/* Sets a key from its text. */
typedef enum uc_status (*setter)(struct uc_config *c, const char *value, struct uc_error *e);

static enum uc_status replace(char **field, const char *value)
{
	free(*field);
	*field = uc_strdup(value);
	return UC_OK;
}

static enum uc_status set_data(struct uc_config *c, const char *value, struct uc_error *e)
{
	if (value[0] == '\0') return uc_fail(e, UC_EINPUT, "bad-config", "Name a directory.", "the data directory is empty");
	return replace(&c->data, value);
}

static enum uc_status set_socket(struct uc_config *c, const char *value, struct uc_error *e)
{
	if (value[0] == '\0') return uc_fail(e, UC_EINPUT, "bad-config", "Name a path.", "the path of the socket is empty");
	return replace(&c->socket, value);
}

static enum uc_status set_name(struct uc_config *c, const char *value, struct uc_error *e)
{
	(void)e;
	return replace(&c->name, value);
}

static enum uc_status set_domain(struct uc_config *c, const char *value, struct uc_error *e)
{
	(void)e;
	return replace(&c->domain, value);
}

static enum uc_status set_roles(struct uc_config *c, const char *value, struct uc_error *e)
{
	return uc_roles_parse(value, &c->roles, e);
}

static enum uc_status set_join(struct uc_config *c, const char *value, struct uc_error *e)
{
	unsigned long long port;
	const char *colon = strrchr(value, ':');
	if (colon == NULL || colon == value || !uc_parse_u64(colon + 1, 1, 65535, &port))
		return uc_fail(e, UC_EINPUT, "bad-config", "Write it as HOST:PORT, for example cucm-pub.example.com:8443.",
		               "'%s' is not the address of a publisher", value);
	return replace(&c->join, value);
}

static enum uc_status set_join_secret_file(struct uc_config *c, const char *value, struct uc_error *e)
{
	if (value[0] == '\0') return uc_fail(e, UC_EINPUT, "bad-config", "Name a file.", "the path of the join secret is empty");
	return replace(&c->join_secret_file, value);
}

const char *uc_service_name(enum uc_service service)
{
	static const char *const names[] = {"https", "tftp", "phone-http", "phone-https"};
	return names[service];
}

static const char listen_hint[] =
    "Write it as SERVICE=ADDRESS:PORT, for example https=127.0.0.1:8443 or tftp=[::1]:0; SERVICE=none switches "
    "one for phones off.";

/* value is SERVICE=ADDRESS:PORT. */
static enum uc_status read_where(const char *value, struct uc_listen *out, struct uc_error *e)
{
	const char *where = strchr(value, '=') + 1;
	const char *colon = strrchr(where, ':');
	unsigned long long port;
	if (colon == NULL || !uc_parse_u64(colon + 1, 0, 65535, &port))
		return uc_fail(e, UC_EINPUT, "bad-config", listen_hint, "'%s' has no port from 0 to 65535", value);
	size_t len = (size_t)(colon - where);
	bool v6 = len > 2 && where[0] == '[' && where[len - 1] == ']';
	if (len == 0 || len >= sizeof out->address) return uc_fail(e, UC_EINPUT, "bad-config", listen_hint, "'%s' has no address", value);
	*out = (struct uc_listen){.asked = true, .port = (uint16_t)port};
	memcpy(out->address, v6 ? where + 1 : where, v6 ? len - 2 : len);
	return UC_OK;
}

/* "https=127.0.0.1:8443", "tftp=[::1]:0", "phone-https=none" */
static enum uc_status set_listen(struct uc_config *c, const char *value, struct uc_error *e)
{
	size_t len = strcspn(value, "=");
	unsigned s = 0;
	while (s < UC_SERVICES && (strlen(uc_service_name(s)) != len || strncmp(uc_service_name(s), value, len) != 0)) s++;
	if (s == UC_SERVICES || value[len] == '\0')
		return uc_fail(e, UC_EINPUT, "bad-config", listen_hint,
		               "'%s' is not a listener: the services that listen are https, tftp, phone-http and phone-https", value);
	if (strcmp(value + len + 1, "none") != 0) return read_where(value, &c->listen[s], e);
	/* Nodes meet there, and each looks at its own. */
	if (s == UC_SERVICE_HTTPS) return uc_fail(e, UC_EINPUT, "bad-config", listen_hint, "https cannot be switched off");
	c->listen[s] = (struct uc_listen){.asked = true, .off = true};
	return UC_OK;
}

static enum uc_status set_phone_files(struct uc_config *c, const char *value, struct uc_error *e)
{
	if (value[0] == '\0') return uc_fail(e, UC_EINPUT, "bad-config", "Name a directory.", "the directory of files for phones is empty");
	return replace(&c->phone_files, value);
}

static enum uc_status set_phone_certificates(struct uc_config *c, const char *value, struct uc_error *e)
{
	if (value[0] == '\0') return uc_fail(e, UC_EINPUT, "bad-config", "Name a directory.", "the directory of phones' certificates is empty");
	return replace(&c->phone_certificates, value);
}

static enum uc_status set_tftp_timeout(struct uc_config *c, const char *value, struct uc_error *e)
{
	unsigned long long ms;
	if (!uc_parse_u64(value, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS, &ms))
		return uc_fail(e, UC_EINPUT, "bad-config", "Use a number from 50 to 60000.", "'%s' is not a number of milliseconds", value);
	c->tftp_timeout_ms = (unsigned)ms;
	return UC_OK;
}

static enum uc_status set_choice(const char *value, const char *const *choices, int *out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv all = {.items = NULL};
	for (int i = 0; choices[i] != NULL; i++) {
		if (strcmp(choices[i], value) == 0) {
			*out = i;
			return UC_OK;
		}
		uc_strv_add(&all, choices[i]);
	}
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&all, ", ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("Use one of %s.", list);
	return uc_fail(e, UC_EINPUT, "bad-config", hint, "'%s' is not a choice", value);
}

static enum uc_status set_switch(const char *value, bool *out, struct uc_error *e)
{
	int choice;
	UC_TRY(set_choice(value, (const char *const[]){"no", "yes", NULL}, &choice, e));
	*out = choice == 1;
	return UC_OK;
}

static enum uc_status set_old_phones(struct uc_config *c, const char *value, struct uc_error *e)
{
	return set_switch(value, &c->old_phones, e);
}

static enum uc_status set_tftp_trace(struct uc_config *c, const char *value, struct uc_error *e)
{
	return set_switch(value, &c->tftp_trace, e);
}

static enum uc_status set_san_mismatch(struct uc_config *c, const char *value, struct uc_error *e)
{
	int choice;
	UC_TRY(set_choice(value, (const char *const[]){"warn", "refuse", NULL}, &choice, e));
	c->policy.san_mismatch_refused = choice == 1;
	return UC_OK;
}

static enum uc_status set_ec_usage(struct uc_config *c, const char *value, struct uc_error *e)
{
	int choice;
	UC_TRY(set_choice(value, (const char *const[]){"field", "rfc8813", NULL}, &choice, e));
	c->policy.rfc8813 = choice == 1;
	return UC_OK;
}

static enum uc_status set_times(struct uc_config *c, const char *value, struct uc_error *e)
{
	int choice;
	UC_TRY(set_choice(value, (const char *const[]){"usual", "strict", NULL}, &choice, e));
	c->policy.strict_times = choice == 1;
	return UC_OK;
}

static enum uc_status set_years(struct uc_config *c, const char *value, struct uc_error *e)
{
	unsigned long long years;
	if (!uc_parse_u64(value, 1, MAX_YEARS, &years))
		return uc_fail(e, UC_EINPUT, "bad-config", "Use a number from 1 to 100.", "'%s' is not a number of years", value);
	c->policy.years = (int)years;
	return UC_OK;
}

static enum uc_status set_log(struct uc_config *c, const char *value, struct uc_error *e)
{
	int choice;
	UC_TRY(set_choice(value, (const char *const[]){"error", "warning", "info", "debug", NULL}, &choice, e));
	c->log = (enum uc_level)choice;
	return UC_OK;
}

static enum uc_status set_workers(struct uc_config *c, const char *value, struct uc_error *e)
{
	unsigned long long workers;
	if (!uc_parse_u64(value, 1, MAX_WORKERS, &workers))
		return uc_fail(e, UC_EINPUT, "bad-config", "Use a number from 1 to 256.", "'%s' is not a number of workers", value);
	c->workers = (unsigned)workers;
	return UC_OK;
}

/* Each key is also the option --KEY; value NULL means that it has no default of its own. One that may be given several times has its defaults in lines. */
static const struct {
	const char *key;
	const char *argument;
	const char *value;
	setter set;
	const char *about;
} keys[] = {
    {"data", "DIR", "/var/lib/ucpki", set_data, "The data directory: store, private keys, ports.json. Only its owner may enter it."},
    {"socket", "PATH", "/run/ucpki/ucpkid.sock", set_socket, "The Unix socket that ucpki talks to."},
    {"node-name", "NAME", NULL, set_name, "The node's host name, at its installation only. Without it: the system's."},
    {"domain", "DOMAIN", NULL, set_domain, "The node's domain, at its installation only. Without it: the system's."},
    {"roles", "ROLES", NULL, set_roles,
     "publisher, subscriber, tftp, im-and-presence, reporting; several with commas. Without it: publisher,tftp. Not used in a cluster, "
     "which gives its nodes their roles."},
    {"join", "HOST:PORT", NULL, set_join,
     "The HTTPS of the publisher whose cluster a new node joins; without meaning once it has. Without it: a node of its own."},
    {"join-secret-file", "FILE", NULL, set_join_secret_file,
     "Holds the join secret that `set node add` printed on the publisher; it may go once the node has joined."},
    {"listen", "SERVICE=ADDRESS:PORT", "https=0.0.0.0:8443\ntftp=0.0.0.0:69\nphone-http=0.0.0.0:6970\nphone-https=0.0.0.0:6971", set_listen,
     "Where a service listens, once for each; port 0 lets the system choose (see ports.json), SERVICE=none switches one off. All but https "
     "are for phones, and listen on nodes with the role tftp."},
    {"phone-files", "DIR", NULL, set_phone_files, "The directory of the files that phones fetch. Without it: tftp in the data directory."},
    {"phone-certificates", "DIR", NULL, set_phone_certificates,
     "The certificates of phones, SEP<MAC>.pem, for encrypted configurations. Without it: phone-certificates in the data directory."},
    {"old-phones", "no|yes", "no", set_old_phones,
     "HTTPS for phones (phone-https) takes TLS 1.0 and SHA-1, for phones that know nothing newer."},
    {"tftp-timeout-ms", "N", "1000", set_tftp_timeout,
     "After how many milliseconds without an answer TFTP sends a block again; doubled each time."},
    {"tftp-trace", "no|yes", "no", set_tftp_trace, "Every packet of TFTP goes to the log, at the level debug."},
    {"san-mismatch", "warn|refuse", "warn", set_san_mismatch, "What to do with a certificate whose names differ from those of its CSR."},
    {"ec-key-usage", "field|rfc8813", "field", set_ec_usage,
     "Key usage of EC keys: as UC systems expect, or without key and data encipherment (RFC 8813)."},
    {"certificate-times", "usual|strict", "usual", set_times, "strict refuses GeneralizedTime before 2050 (RFC 5280), usual warns of it."},
    {"self-signed-years", "YEARS", NULL, set_years, "Validity of new self-signed certificates. Without it: 5 (ITLRecovery 20)."},
    {"log", "error|warning|info|debug", "info", set_log, "How much is written to standard error."},
    {"workers", "N", "8", set_workers, "Threads that answer requests."},
};

enum { KEYS = sizeof keys / sizeof *keys };

void uc_config_free(struct uc_config *c)
{
	free(c->data);
	free(c->socket);
	free(c->name);
	free(c->domain);
	free(c->join);
	free(c->join_secret_file);
	free(c->phone_files);
	free(c->phone_certificates);
	if (c->join_secret != NULL) uc_secret_free(c->join_secret, strlen(c->join_secret));
	*c = (struct uc_config){.data = NULL};
}

static enum uc_status set_key(struct uc_config *c, const char *key, const char *value, struct uc_error *e)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].key, key) == 0) return keys[i].set(c, value, e);
	return uc_fail(e, UC_EINPUT, "bad-config", "ucpkid --help lists them.", "there is no setting '%s'", key);
}

/* ---- the file ---- */

struct reading {
	struct uc_config *config;
	struct uc_error *e;
	enum uc_status status;
};

static int on_key(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;
	if (section[0] != '\0')
		r->status = uc_fail(r->e, UC_EINPUT, "bad-config", "Take the line in brackets out.",
		                    "the file has a section [%s], but sections have no meaning here", section);
	else
		r->status = set_key(r->config, key, value, r->e);
	return r->status == UC_OK;
}

static enum uc_status read_file(struct uc_config *c, const char *path, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf text = UC_BUF_EMPTY;
	UC_TRY(uc_file_read(path, MAX_FILE, &text, e));
	uc_buf_add_u8(&text, 0);
	struct uc_error why = {.code = UC_OK};
	struct reading r = {.config = c, .e = &why};
	int line = ini_parse_string((const char *)text.ptr, on_key, &r);
	if (line == 0) return UC_OK;
	if (r.status == UC_OK)
		uc_fail(&why, UC_EINPUT, "bad-config", "Write KEY = VALUE; a line that begins with ; or # is a comment.", "it is not KEY = VALUE");
	return uc_fail(e, UC_EINPUT, why.id, why.hint, "%s, line %d: %s", path, line, why.message);
}

/* ---- the command line ---- */

static bool is_flag(struct uc_config *c, const char *word)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {{"--help", &c->help}, {"-h", &c->help}, {"--version", &c->version}, {"--print-config", &c->print_config}};
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (strcmp(flags[i].name, word) != 0) continue;
		*flags[i].flag = true;
		return true;
	}
	return false;
}

static bool is_key(const char *key)
{
	bool found = strcmp(key, "config") == 0;
	for (size_t i = 0; i < KEYS; i++) found = found || strcmp(keys[i].key, key) == 0;
	return found;
}

struct option {
	char key[64];
	const char *value;
};

/* One option; *i moves on when its value is the next word. */
static enum uc_status read_option(int argc, char **argv, int *i, struct option *out, struct uc_error *e)
{
	const char *word = argv[*i];
	static const char hint[] = "ucpkid --help lists the options.";
	if (!uc_starts_with(word, "--")) return uc_fail(e, UC_EINPUT, "usage", hint, "'%s' is not an option", word);
	size_t len = strcspn(word + 2, "=");
	snprintf(out->key, sizeof out->key, "%.*s", (int)(len < sizeof out->key ? len : sizeof out->key), word + 2);
	bool joined = word[2 + len] == '=';
	if (!is_key(out->key)) return uc_fail(e, UC_EINPUT, "usage", hint, "there is no option %s", word);
	if (!joined && *i + 1 >= argc) return uc_fail(e, UC_EINPUT, "usage", hint, "the option %s needs a value", word);
	out->value = joined ? word + 2 + len + 1 : argv[++*i];
	return UC_OK;
}

static enum uc_status apply_option(struct uc_config *c, const char *key, const char *value, struct uc_error *e)
{
	if (strcmp(key, "config") == 0) return UC_OK; /* read before all others */
	struct uc_error why;
	if (set_key(c, key, value, &why) == UC_OK) return UC_OK;
	return uc_fail(e, UC_EINPUT, why.id, why.hint, "--%s: %s", key, why.message);
}

/* Walks the options; the first time only to find --config, the second to apply them over the file. */
static enum uc_status walk(int argc, char **argv, struct uc_config *c, const char **file, struct uc_error *e)
{
	for (int i = 1; i < argc; i++) {
		if (is_flag(c, argv[i])) continue;
		struct option o = {.key = "", .value = ""};
		UC_TRY(read_option(argc, argv, &i, &o, e));
		if (file != NULL && strcmp(o.key, "config") == 0) *file = o.value;
		if (file == NULL) UC_TRY(apply_option(c, o.key, o.value, e));
	}
	return UC_OK;
}

/* Not when the setting is read: a node that has joined is started with the same settings, and the file may be gone by then. */
static enum uc_status read_join_secret(struct uc_config *c, struct uc_error *e)
{
	if (c->join_secret_file == NULL) return UC_OK;
	if (!uc_file_exists(c->join_secret_file)) {
		uc_log(UC_LOG_WARN, "there is no join secret in %s: it is needed until the node has joined its cluster", c->join_secret_file);
		return UC_OK;
	}
	UC_CLEANUP(uc_buf_wipe) struct uc_buf text = UC_BUF_EMPTY;
	UC_TRY(uc_file_read(c->join_secret_file, MAX_SECRET, &text, e));
	c->join_secret = uc_strndup((const char *)text.ptr, text.len);
	return UC_OK;
}

static enum uc_status set_defaults(struct uc_config *c, struct uc_error *e)
{
	for (size_t i = 0; i < KEYS; i++) {
		UC_CLEANUP(uc_strv_free) struct uc_strv values = {.items = NULL};
		if (keys[i].value != NULL) uc_strv_split(&values, keys[i].value, '\n');
		for (size_t v = 0; v < values.count; v++) UC_TRY(keys[i].set(c, values.items[v], e));
	}
	for (size_t s = 0; s < UC_SERVICES; s++) c->listen[s].asked = false;
	return UC_OK;
}

enum uc_status uc_config_read(int argc, char **argv, struct uc_config *out, struct uc_error *e)
{
	UC_TRY(set_defaults(out, e));
	const char *file = NULL;
	UC_TRY(walk(argc, argv, out, &file, e));
	if (file == NULL && uc_file_exists(default_file)) file = default_file;
	if (file != NULL) UC_TRY(read_file(out, file, e));
	UC_TRY(walk(argc, argv, out, NULL, e));
	return out->help || out->version || out->print_config ? UC_OK : read_join_secret(out, e);
}

/* The lines of a key's default, or what stands for a value. */
static void defaults_of(size_t key, struct uc_strv *out)
{
	uc_strv_split(out, keys[key].value != NULL ? keys[key].value : keys[key].argument, '\n');
}

char *uc_config_template(void)
{
	struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add_str(&out, "# Settings of ucpkid. Each is also an option of the command line (--data DIR), which wins over this file.\n");
	for (size_t i = 0; i < KEYS; i++) {
		UC_CLEANUP(uc_strv_free) struct uc_strv values = {.items = NULL};
		defaults_of(i, &values);
		uc_buf_printf(&out, "\n# %s\n", keys[i].about);
		for (size_t v = 0; v < values.count; v++) uc_buf_printf(&out, "# %s = %s\n", keys[i].key, values.items[v]);
	}
	return uc_buf_take_str(&out);
}

char *uc_config_help(void)
{
	struct uc_buf out = UC_BUF_EMPTY;
	uc_buf_add_str(&out, "ucpkid: the certificate and trust manager of a node\n\nusage: ucpkid [OPTION]...\n\n");
	uc_buf_printf(&out, "  --config FILE\n      Read settings from this file. Without it: %s when there is one.\n", default_file);
	for (size_t i = 0; i < KEYS; i++) {
		UC_CLEANUP(uc_strv_free) struct uc_strv values = {.items = NULL};
		defaults_of(i, &values);
		UC_CLEANUP(uc_freep) char *value = uc_strv_join(&values, ", ");
		uc_buf_printf(&out, "  --%s %s\n      %s", keys[i].key, keys[i].argument, keys[i].about);
		uc_buf_printf(&out, keys[i].value != NULL ? " Default: %s\n" : "\n%s", keys[i].value != NULL ? value : "");
	}
	uc_buf_add_str(&out, "  --print-config\n      Print a settings file with every key and end.\n  --help, --version\n      Print this "
	                     "text or the version and end.\n");
	return uc_buf_take_str(&out);
}
