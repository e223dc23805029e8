#include "cli/certname.h"

#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "core/mem.h"

static char *without_suffix(const char *name)
{
	size_t len = strlen(name);
	if (len > 4 && (uc_ends_with(name, ".pem") || uc_ends_with(name, ".csr"))) len -= 4;
	return uc_strndup(name, len);
}

char *uc_name_purpose(const char *name)
{
	const char *slash = strchr(name, '/');
	return slash == NULL ? without_suffix(name) : uc_strndup(name, (size_t)(slash - name));
}

void uc_name_own(struct uc_url *url, const char *name)
{
	UC_CLEANUP(uc_freep) char *purpose = uc_name_purpose(name);
	uc_url_add(url, "certificates");
	uc_url_add(url, "own");
	uc_url_add(url, purpose);
}

static void add_trust(struct uc_url *url, const char *store, const char *file)
{
	uc_url_add(url, "certificates");
	uc_url_add(url, "trust");
	uc_url_add(url, store);
	uc_url_add(url, file);
}

static void add_store_file(struct uc_url *url, const char *name)
{
	UC_CLEANUP(uc_freep) char *store = uc_name_purpose(name);
	add_trust(url, store, strchr(name, '/') + 1);
}

/* "tomcat/tomcat.pem" is how the list shows an identity certificate; any other file is one of a store. */
static bool is_own(const char *name)
{
	const char *slash = strchr(name, '/');
	if (slash == NULL) return true;
	UC_CLEANUP(uc_freep) char *unit = uc_name_purpose(name);
	UC_CLEANUP(uc_freep) char *file = without_suffix(slash + 1);
	return uc_eq_nocase(unit, file);
}

static int fail_lookup(struct uc_cli *cli, const struct uc_strv *found, const char *name)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(found, ", ");
	if (found->count == 0)
		(void)uc_fail(&e, UC_ENOTFOUND, "no-such-certificate", "The names are in 'show cert list trust'.",
		              "no trust store has a certificate named %s", name);
	else
		(void)uc_fail(&e, UC_ECONFLICT, "ambiguous-name", "Name one of them, or the store with --store.", "several stores have it: %s",
		              list);
	return uc_cli_fail(cli, &e);
}

/* The one trust certificate with this file name, in whatever store it is. */
static int look_up(struct uc_cli *cli, const struct uc_args *args, const char *name, struct uc_url *url)
{
	UC_CLEANUP(uc_freep) char *base = without_suffix(name);
	UC_CLEANUP(uc_freep) char *condition = uc_sprintf("name is %s.pem", base);
	UC_CLEANUP(uc_url_free) struct uc_url list = {.query = false};
	uc_url_add(&list, "certificates");
	uc_url_param(&list, "usage", "trust");
	uc_url_param(&list, "where", condition);
	uc_url_param(&list, "node", uc_args_value(args, UC_OPT_NODE));
	UC_CLEANUP(uc_json_free) json_t *json = NULL;
	int status = uc_cli_get(cli, &list, &json);
	if (status != UC_EXIT_DONE) return status;
	UC_CLEANUP(uc_strv_free) struct uc_strv found = {.items = NULL};
	size_t i;
	json_t *row;
	/* What several nodes have for themselves under one name is one name. */
	json_array_foreach(json_object_get(json, "items"), i, row)
	{
		UC_CLEANUP(uc_freep) char *file = uc_sprintf("%s/%s", uc_json_text(row, "unit"), uc_json_text(row, "name"));
		if (!uc_strv_has(&found, file)) uc_strv_add(&found, file);
	}
	if (found.count != 1) return fail_lookup(cli, &found, name);
	add_store_file(url, found.items[0]);
	return UC_EXIT_DONE;
}

int uc_name_trust(struct uc_cli *cli, const struct uc_args *args, const char *name, struct uc_url *url)
{
	const char *store = uc_args_value(args, UC_OPT_STORE);
	if (store == NULL && strchr(name, '/') == NULL) return look_up(cli, args, name, url);
	if (store != NULL)
		add_trust(url, store, name);
	else
		add_store_file(url, name);
	return UC_EXIT_DONE;
}

void uc_name_any(const struct uc_args *args, const char *name, struct uc_url *url)
{
	const char *store = uc_args_value(args, UC_OPT_STORE);
	if (store != NULL)
		add_trust(url, store, name);
	else if (is_own(name))
		uc_name_own(url, name);
	else
		add_store_file(url, name);
}
