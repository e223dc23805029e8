/* Finding what a phone asks for: the name is read, the file looked at, and what was made from it is given as long as it would be made the same. */
#include "node/phone.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/log.h"
#include "node/internal.h"
#include "node/phone_internal.h"

#define CACHE_MAX ((size_t)256 * 1024 * 1024)
#define NS_PER_SECOND INT64_C(1000000000)

/* A request on its way. */
struct search {
	const struct uc_phone_ask *ask;
	struct uc_phone_name name;
	struct uc_phone_basis *basis; /* a reference, or NULL */
	const char *source;           /* the file; NULL: there is none */
	bool bare;
	struct uc_phone_need need;
	char key[UC_PHONE_NAME_MAX + 3];
};

static void search_end(struct search *s)
{
	uc_phone_basis_unref(s->basis);
}

/* ---- where it comes from ---- */

static enum uc_status try_source(const struct uc_phone *p, struct search *s, const char *source, struct uc_error *e)
{
	if (s->source != NULL || source[0] == '\0') return UC_OK;
	UC_TRY(uc_phone_dir_look(p->files, source, &s->need.file, e));
	if (s->need.file.there) s->source = source;
	return UC_OK;
}

/* The file as it was asked for, then as such names are usually spelled (C119); at last one that was put there signed already. */
static enum uc_status find_source(const struct uc_phone *p, struct search *s, struct uc_error *e)
{
	UC_TRY(try_source(p, s, s->name.source, e));
	UC_TRY(try_source(p, s, s->name.usual, e));
	if (s->source != NULL || s->name.form == UC_PHONE_PLAIN) return UC_OK;
	UC_TRY(try_source(p, s, s->ask->name, e));
	if (s->source == NULL) return UC_OK;
	s->name.form = UC_PHONE_PLAIN;
	s->name.kind = UC_PHONE_OTHER;
	return UC_OK;
}

/* What the answer would be made from now. */
static enum uc_status look(const struct uc_phone *p, struct search *s, struct uc_error *e)
{
	const struct uc_phone_name *name = &s->name;
	UC_TRY(uc_phone_name_read(s->ask->name, &s->name, e));
	s->source = NULL;
	s->need = (struct uc_phone_need){.serial = 0};
	UC_TRY(find_source(p, s, e));
	if (s->source == NULL) return UC_OK;
	/* On HTTPS the server is known by its certificate: phones ask for the signed name there, and want what is inside. */
	s->bare = s->ask->via == UC_VIA_HTTPS && name->kind == UC_PHONE_CONFIG && name->form == UC_PHONE_SIGNED;
	if (name->kind == UC_PHONE_CONFIG && name->device[0] != '\0') {
		char cert[sizeof name->device + 4];
		snprintf(cert, sizeof cert, "%s.pem", name->device);
		UC_TRY(uc_phone_dir_look(p->certs, cert, &s->need.cert, e));
	}
	if (name->kind == UC_PHONE_CONFIG || name->form != UC_PHONE_PLAIN) s->need.serial = s->basis != NULL ? s->basis->serial : 0;
	snprintf(s->key, sizeof s->key, "%c%s", s->bare ? 'b' : 'w', s->ask->name);
	return UC_OK;
}

/* A list that no file of its name takes the place of. */
static struct uc_phone_file *published(const struct search *s)
{
	if (s->source != NULL || s->basis == NULL || !s->name.top || s->name.form != UC_PHONE_PLAIN) return NULL;
	if (s->name.kind == UC_PHONE_CTL) return s->basis->ctl;
	return s->name.kind == UC_PHONE_ITL ? s->basis->itl : NULL;
}

static enum uc_status no_file(const char *name, struct uc_error *e)
{
	return uc_fail(e, UC_ENOTFOUND, "no-file", "Put it into the directory of phone files.", "there is no file '%.160s' for phones", name);
}

static enum uc_status answer(const struct search *s, struct uc_phone_file *file, struct uc_phone_file **out, struct uc_error *e)
{
	if (file == NULL) return no_file(s->ask->name, e);
	*out = file;
	return UC_OK;
}

/* ---- making it ---- */

static enum uc_status make(struct uc_phone *p, const struct search *s, struct uc_phone_file **out, struct uc_error *e)
{
	const struct uc_phone_order order = {.files = p->files,
	                                     .certs = p->certs,
	                                     .asked = s->ask->name,
	                                     .source = s->source,
	                                     .name = &s->name,
	                                     .bare = s->bare,
	                                     .basis = s->basis};
	struct uc_phone_made made = {.file = NULL};
	UC_TRY(uc_phone_make(&order, &made, e));
	if (made.settled) uc_phone_cache_put(p->cache, s->key, &made.need, made.file);
	return answer(s, made.file, out, e);
}

/* Once in a second at most: thousands of phones may ask for what cannot be made, and anybody for what must not be given. */
static void tell(struct uc_phone *p, const struct uc_phone_ask *ask, const struct uc_error *e)
{
	int64_t now = uc_monotonic_ns(), told = atomic_load(&p->told);
	bool loud =
	    e->code != UC_ENOTFOUND && (told == 0 || now - told > NS_PER_SECOND) && atomic_compare_exchange_strong(&p->told, &told, now);
	uc_log(loud ? UC_LOG_WARN : UC_LOG_DEBUG, "%s asked for %.255s: %s", ask->peer, ask->name, e->message);
}

/* Looks, and makes it unless somebody else is at it; then looks again: what that one made may be older than this request. */
static enum uc_status find_or_make(struct uc_phone *p, struct search *s, struct uc_phone_file **out, struct uc_error *e)
{
	for (;;) {
		struct uc_phone_file *known;
		UC_TRY(look(p, s, e));
		struct uc_phone_file *list = published(s);
		if (list != NULL) return answer(s, uc_phone_file_ref(list), out, e);
		if (s->source == NULL) return no_file(s->ask->name, e);
		if (uc_phone_cache_get(p->cache, s->key, &s->need, &known)) return answer(s, known, out, e);
		if (!uc_phone_cache_make(p->cache, s->key)) continue;
		/* Whoever made it may have ended between the two questions. */
		bool there = uc_phone_cache_get(p->cache, s->key, &s->need, &known);
		enum uc_status status = there ? answer(s, known, out, e) : make(p, s, out, e);
		uc_phone_cache_made(p->cache, s->key);
		return status;
	}
}

/* The same from memory. */
static enum uc_status find_known(struct uc_phone *p, struct search *s, bool *later, struct uc_phone_file **out, struct uc_error *e)
{
	struct uc_phone_file *known;
	UC_TRY(look(p, s, e));
	struct uc_phone_file *list = published(s);
	if (list != NULL) return answer(s, uc_phone_file_ref(list), out, e);
	if (s->source == NULL) return no_file(s->ask->name, e);
	if (uc_phone_cache_get(p->cache, s->key, &s->need, &known)) return answer(s, known, out, e);
	*later = true;
	return UC_OK;
}

enum uc_status uc_phone_find(struct uc_node *n, const struct uc_phone_ask *ask, bool may_block, bool *later, struct uc_phone_file **out,
                             struct uc_error *e)
{
	UC_CLEANUP(search_end) struct search s = {.ask = ask, .basis = uc_view_phone_basis(n)};
	*later = false;
	*out = NULL;
	struct uc_error why = {.code = UC_OK};
	enum uc_status status = may_block ? find_or_make(n->phone, &s, out, &why) : find_known(n->phone, &s, later, out, &why);
	if (status == UC_OK) return UC_OK;
	tell(n->phone, ask, &why);
	if (e != NULL) *e = why;
	return status;
}

/* ---- open and close ---- */

/* The directory of the configuration, or the one below data, which is made for others to read whatever the umask is. */
static enum uc_status settle_dir(const char *data, const char *dir, const char *usual, char **out, struct uc_error *e)
{
	*out = dir != NULL ? uc_strdup(dir) : uc_sprintf("%s/%s", data, usual);
	if (uc_file_exists(*out)) return uc_dir_make(*out, 0755, e);
	UC_TRY(uc_dir_make(*out, 0755, e));
	(void)!chmod(*out, 0755);
	return UC_OK;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);
	if (strncmp(path, dir, len) != 0) return false;
	return path[len] == '\0' || path[len] == '/' || (len > 0 && dir[len - 1] == '/');
}

/* Whoever can send a datagram gets what is in the directory: private keys and the store are not to be in it. */
static enum uc_status check_public(const char *data, const char *dir, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *files = realpath(dir, NULL);
	UC_CLEANUP(uc_freep) char *own = realpath(data, NULL);
	if (files == NULL || own == NULL) return uc_fail_errno(e, errno, "cannot look at the directory of files for phones, %s", dir);
	UC_CLEANUP(uc_freep) char *keys = uc_sprintf("%s/keys", own);
	if (!is_below(own, files) && !is_below(files, keys)) return UC_OK;
	return uc_fail(e, UC_EINPUT, "phone-files-private", "Give it a directory of its own (phone-files in the configuration).",
	               "phones would be given private keys: the directory of their files, %s, holds the data directory %s or its keys", dir,
	               data);
}

enum uc_status uc_phone_open(const char *data, const char *files, const char *certs, struct uc_phone **out, struct uc_error *e)
{
	struct uc_phone *p = uc_zalloc(1, sizeof *p);
	p->cache = uc_phone_cache_new(CACHE_MAX);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/local.db", data);
	enum uc_status status = settle_dir(data, files, "tftp", &p->files, e);
	if (status == UC_OK) status = check_public(data, p->files, e);
	if (status == UC_OK) status = settle_dir(data, certs, "phone-certificates", &p->certs, e);
	if (status == UC_OK) status = uc_phone_records_start(path, &p->records, e);
	if (status == UC_OK)
		*out = p;
	else
		uc_phone_close(p);
	return status;
}

void uc_phone_close(struct uc_phone *p)
{
	if (p == NULL) return;
	uc_phone_records_stop(p->records);
	uc_phone_cache_free(p->cache);
	free(p->files);
	free(p->certs);
	free(p);
}
