/* Connection strings of PostgreSQL: "postgresql://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME?OPTION=VALUE". */
#include <stdlib.h>
#include <string.h>

#include "store/db_pg.h"

UC_DEFINE_CLEANUP(options_freep, PQconninfoOption, PQconninfoFree)

static const char form_hint[] =
    "Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, every special character of the user and the password as %XX.";

enum uc_status uc_pg_url_bad(const char *why, struct uc_error *e)
{
	/* libpq quotes what it cannot read, and that may be the password. */
	UC_CLEANUP(uc_freep) char *line = uc_pg_one_line(why);
	const char *first = strchr(line, '"');
	const char *last = strrchr(line, '"');
	if (first == last) return uc_fail(e, UC_EINPUT, "bad-store-url", form_hint, "the store's connection string cannot be used: %s", line);
	return uc_fail(e, UC_EINPUT, "bad-store-url", form_hint, "the store's connection string cannot be used: %.*s\"...%s",
	               (int)(first - line), line, last);
}

static enum uc_status parse(const char *url, PQconninfoOption **out, struct uc_error *e)
{
	UC_CLEANUP(uc_pg_freememp) char *why = NULL;
	*out = PQconninfoParse(url, &why);
	return *out != NULL ? UC_OK : uc_pg_url_bad(why != NULL ? why : "out of memory", e);
}

/* The value of an option, "" when the url does not have it. */
static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++)
		if (strcmp(o->keyword, keyword) == 0 && o->val != NULL) return o->val;
	return "";
}

static void add_encoded(struct uc_buf *out, const char *text, size_t len)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\0' && strchr(plain, text[i]) != NULL)
			uc_buf_add_u8(out, (uint8_t)text[i]);
		else
			uc_buf_printf(out, "%%%02X", (uint8_t)text[i]);
}

/* The next of a list that is separated by commas; *list moves on, and stays at the end when there are no more. */
static struct uc_slice next_item(const char **list)
{
	size_t len = strcspn(*list, ",");
	struct uc_slice item = uc_slice_of(*list, len);
	*list += len + ((*list)[len] == ',' ? 1 : 0);
	return item;
}

static void add_host(struct uc_buf *out, struct uc_slice host)
{
	/* An IPv6 address. */
	bool bracket = host.len > 0 && memchr(host.ptr, ':', host.len) != NULL;
	if (bracket) uc_buf_add_str(out, "[");
	if (bracket)
		uc_buf_add_slice(out, host);
	else
		add_encoded(out, (const char *)host.ptr, host.len);
	if (bracket) uc_buf_add_str(out, "]");
}

/* "HOST:PORT,HOST:PORT"; a single port is that of every host. */
static void add_hosts(struct uc_buf *out, const PQconninfoOption *options)
{
	const char *hosts = value_of(options, "host");
	const char *ports = value_of(options, "port");
	bool one_port = strchr(ports, ',') == NULL;
	struct uc_slice port = uc_slice_of(NULL, 0);
	for (bool first = true; first || hosts[0] != '\0'; first = false) {
		if (!first) uc_buf_add_str(out, ",");
		add_host(out, next_item(&hosts));
		if (first || !one_port) port = next_item(&ports);
		if (port.len > 0) uc_buf_add_str(out, ":");
		uc_buf_add_slice(out, port);
	}
}

/* libpq finds out only when it connects, and calls it a failure of the connection. */
static enum uc_status check_numbers(const PQconninfoOption *options, struct uc_error *e)
{
	static const char *const keywords[] = {
	    "port", "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"};
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
		const char *value = value_of(options, keywords[i]);
		if (value[strspn(value, "0123456789,")] == '\0') continue;
		/* Not the value: without a host a password stands where the port does. */
		return uc_fail(e, UC_EINPUT, "bad-store-url", form_hint, "the %s of the store's connection string is no number", keywords[i]);
	}
	return UC_OK;
}

/*
 * A password with an '@' or a '/' that is not written as %XX: libpq takes what follows it for the host, the port or the database, and messages name those. No host or database has an '@' of its own here.
 */
static enum uc_status check_at(const char *url, struct uc_error *e)
{
	const char *rest = strstr(url, "://");
	if (rest == NULL) return UC_OK;
	rest += strlen("://");
	const char *at = rest + strcspn(rest, "@/"); /* where libpq ends the account */
	if (*at == '@') rest = at + 1;
	if (memchr(rest, '@', strcspn(rest, "?")) == NULL) return UC_OK;
	return uc_fail(e, UC_EINPUT, "bad-store-url", form_hint,
	               "the store's connection string cannot be used: an '@' or a '/' of its user or password is not written as %%40 or %%2F");
}

enum uc_status uc_pg_url_where(const char *url, char **out, struct uc_error *e)
{
	UC_CLEANUP(options_freep) PQconninfoOption *options = NULL;
	UC_TRY(check_at(url, e));
	UC_TRY(parse(url, &options, e));
	UC_TRY(check_numbers(options, e));
	UC_CLEANUP(uc_buf_free) struct uc_buf where = UC_BUF_EMPTY;
	const char *host = value_of(options, "host");
	if (host[0] == '\0' || host[0] == '/')
		uc_buf_printf(&where, "%s%s", host, value_of(options, "hostaddr"));
	else
		add_hosts(&where, options);
	uc_buf_printf(&where, "/%s", value_of(options, "dbname"));
	*out = uc_buf_take_str(&where);
	return UC_OK;
}

/* What is another's: the account, and whatever proves that somebody is the user of this url. */
static bool is_personal(const char *keyword)
{
	static const char *const personal[] = {"user", "password", "passfile", "sslcert", "sslkey", "sslpassword"};
	for (size_t i = 0; i < sizeof personal / sizeof personal[0]; i++)
		if (strcmp(personal[i], keyword) == 0) return true;
	return false;
}

enum uc_status uc_pg_url_with(const char *url, const char *database, const char *user, const char *password, char **out, struct uc_error *e)
{
	UC_CLEANUP(options_freep) PQconninfoOption *options = NULL;
	UC_TRY(parse(url, &options, e));
	UC_CLEANUP(uc_buf_wipe) struct uc_buf text = UC_BUF_EMPTY;
	uc_buf_add_str(&text, "postgresql://");
	add_encoded(&text, user, strlen(user));
	uc_buf_add_str(&text, ":");
	add_encoded(&text, password, strlen(password));
	uc_buf_add_str(&text, "@");
	/* The directory of a socket only fits among the options. */
	bool plain_hosts = strchr(value_of(options, "host"), '/') == NULL;
	if (plain_hosts) add_hosts(&text, options);
	uc_buf_add_str(&text, "/");
	add_encoded(&text, database, strlen(database));
	const char *join = "?";
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		bool done =
		    strcmp(o->keyword, "dbname") == 0 || (plain_hosts && (strcmp(o->keyword, "host") == 0 || strcmp(o->keyword, "port") == 0));
		if (o->val == NULL || done || is_personal(o->keyword)) continue;
		uc_buf_printf(&text, "%s%s=", join, o->keyword);
		add_encoded(&text, o->val, strlen(o->val));
		join = "&";
	}
	*out = uc_buf_take_str(&text);
	return UC_OK;
}
