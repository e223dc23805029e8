/* The lists of this node: signed when they say something new, kept, and put into the view. */
#include "node/publish.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/setting.h"
#include "core/file.h"
#include "core/log.h"
#include "pki/digest.h"

enum { MAX_MEMBERS = 5 }; /* of a kind of server that a phone's configuration names */

/* ---- open and close ---- */

static void set_file(struct uc_phone_file **at, struct uc_phone_file *f)
{
	if (*at != NULL) uc_phone_file_unref(*at);
	*at = f;
}

/* What it says; "" when it cannot be read, so that it is made anew. */
static void shape_of(struct uc_slice file, uc_time at, char out[65])
{
	UC_CLEANUP(uc_tl_free) struct uc_tl list = {.records = NULL};
	out[0] = '\0';
	if (uc_tl_read(file, at, &list, NULL, NULL) == UC_OK) uc_list_file_shape(&list, out);
}

static enum uc_status load_last(struct uc_published *p, struct uc_error *e)
{
	UC_CLEANUP(uc_list_version_free) struct uc_list_version last = {.list = NULL};
	enum uc_status status = uc_local_list_last(p->local, "ITL", &last, e);
	if (status == UC_ENOTFOUND) return UC_OK;
	UC_TRY(status);
	shape_of(uc_buf_slice(&last.file), last.at, p->shape);
	p->itl_at = last.at;
	p->itl_number = last.number;
	set_file(&p->itl, uc_phone_file_new(&last.file, "ITL", last.version));
	return UC_OK;
}

enum uc_status uc_published_open(struct uc_node *n, struct uc_error *e)
{
	n->published = uc_zalloc(1, sizeof *n->published);
	pthread_mutex_init(&n->published->lock, NULL);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/local.db", n->data);
	UC_TRY(uc_local_open(path, &n->published->local, e));
	return load_last(n->published, e);
}

void uc_published_close(struct uc_node *n)
{
	struct uc_published *p = n->published;
	if (p == NULL) return;
	set_file(&p->itl, NULL);
	set_file(&p->ctl, NULL);
	if (p->basis != NULL) uc_phone_basis_unref(p->basis);
	uc_local_close(p->local);
	pthread_mutex_destroy(&p->lock);
	free(p);
	n->published = NULL;
}

/* ---- the ITL ---- */

static enum uc_status sign(struct uc_node *n, const struct uc_list_draft *draft, uc_time at, struct uc_buf *file, struct uc_error *e)
{
	uc_buf_free(file);
	return uc_list_draft_sign(draft, n->keys, at, file, e);
}

/* By the usual signer; else, when its key fails here, by the other one. */
static enum uc_status sign_somehow(struct uc_node *n, const struct uc_list_source *source, struct uc_list_draft *draft, uc_time at,
                                   struct uc_buf *file, struct uc_error *e)
{
	if (sign(n, draft, at, file, e) == UC_OK) return UC_OK;
	bool own = draft->signer >= 0 && strcmp(draft->entries[draft->signer].purpose, "CallManager") == 0;
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft other = {.entries = NULL};
	uc_list_draft_make(source, n->name, own ? "ITLRecovery" : "CallManager", &other);
	struct uc_error why;
	if (sign(n, &other, at, file, &why) != UC_OK) return e != NULL ? e->code : why.code;
	struct uc_list_draft usual = *draft;
	*draft = other;
	other = usual;
	return UC_OK;
}

/* What is put among the versions that were published. */
static enum uc_status keep(struct uc_published *p, const char *shape, const char *version, uc_time at, int64_t number, struct uc_slice file,
                           struct uc_error *e)
{
	UC_CLEANUP(uc_list_version_free) struct uc_list_version v = {.list = uc_strdup("ITL"), .at = at, .number = number};
	snprintf(v.version, sizeof v.version, "%s", version);
	snprintf(v.content, sizeof v.content, "%s", shape);
	uc_buf_add_slice(&v.file, file);
	return uc_local_list_put(p->local, &v, e);
}

enum uc_status uc_published_keep(struct uc_published *p, struct uc_error *e)
{
	UC_CLEANUP(uc_list_version_free) struct uc_list_version last = {.list = NULL};
	struct uc_error why;
	if (p->itl == NULL) return UC_OK;
	const char *version = uc_phone_file_version(p->itl);
	enum uc_status status = uc_local_list_last(p->local, "ITL", &last, &why);
	if (status == UC_OK && strcmp(last.version, version) == 0) return UC_OK;
	if (status == UC_OK || status == UC_ENOTFOUND)
		return keep(p, p->shape, version, p->itl_at, p->itl_number, uc_phone_file_content(p->itl), e);
	if (e != NULL) *e = why;
	return status;
}

static enum uc_status publish_itl(struct uc_node *n, const struct uc_list_source *source, int64_t number, struct uc_error *e)
{
	struct uc_published *p = n->published;
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft draft = {.entries = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	char shape[65];
	char version[65];
	uc_time at = uc_now();
	if (!uc_strv_has(uc_list_source_nodes(source), n->name)) return UC_OK;
	uc_list_draft_make(source, n->name, NULL, &draft);
	uc_list_draft_shape(&draft, shape);
	if (p->itl != NULL && strcmp(shape, p->shape) == 0) return uc_published_keep(p, e);
	UC_TRY(sign_somehow(n, source, &draft, at, &file, e));
	uc_list_draft_shape(&draft, shape);
	if (p->itl != NULL && strcmp(shape, p->shape) == 0) return UC_OK; /* the other one had to sign the last time, too */
	uc_sha256_hex(uc_buf_slice(&file), version);
	/* Before anybody can fetch it: what phones may hold is known. */
	UC_TRY(keep(p, shape, version, at, number, uc_buf_slice(&file), e));
	uc_crash_point("itl-recorded");
	const struct uc_list_entry *signer = &draft.entries[draft.signer];
	uc_log(UC_LOG_INFO, "the ITL file is signed anew by %s: version %.8s, %zu records, %zu bytes", signer->purpose, version, draft.count,
	       file.len);
	set_file(&p->itl, uc_phone_file_new(&file, "ITL", version));
	memcpy(p->shape, shape, sizeof p->shape);
	p->itl_at = at;
	p->itl_number = p->signed_by = number;
	snprintf(p->signer, sizeof p->signer, "%s", signer->purpose);
	return UC_OK;
}

/* ---- the CTL ---- */

static enum uc_status take_ctl(struct uc_published *p, struct uc_store *store, struct uc_error *e)
{
	UC_CLEANUP(uc_list_row_free) struct uc_list_row row = {.list = NULL};
	enum uc_status status = uc_store_list(store, "CTL", NULL, &row, e);
	if (status == UC_ENOTFOUND) set_file(&p->ctl, NULL);
	if (status == UC_ENOTFOUND) return UC_OK;
	UC_TRY(status);
	if (p->ctl != NULL && strcmp(uc_phone_file_version(p->ctl), row.version) == 0) return UC_OK;
	set_file(&p->ctl, uc_phone_file_new(&row.file, "CTL", row.version));
	return UC_OK;
}

/* ---- what phones' configurations name ---- */

struct servers {
	struct uc_node *node;
	struct uc_store *store;
	struct uc_phone_basis *out;
	enum uc_status status;
	struct uc_error error;
};

static enum uc_status note_server(const struct servers *s, const struct uc_node_row *row, const char *purpose, struct uc_strv *out,
                                  struct uc_error *e)
{
	UC_CLEANUP(uc_identity_free) struct uc_identity i = {.node = NULL};
	enum uc_status status = uc_store_identity(s->store, row->name, purpose, &i, e);
	if (status == UC_OK && out->count < MAX_MEMBERS && !uc_strv_has(out, row->fqdn)) uc_strv_add(out, row->fqdn);
	return status == UC_ENOTFOUND ? UC_OK : status;
}

static void note_servers(void *ctx, const struct uc_node_row *row)
{
	struct servers *s = ctx;
	if (s->status == UC_OK) s->status = note_server(s, row, "TVS", &s->out->tvs, &s->error);
	if (s->status == UC_OK) s->status = note_server(s, row, "CAPF", &s->out->capf, &s->error);
}

/* This node first: a phone asks it in the first place. */
static enum uc_status read_servers(struct uc_node *n, struct uc_store *store, struct uc_phone_basis *out, struct uc_error *e)
{
	UC_CLEANUP(uc_node_row_free) struct uc_node_row own = {.name = NULL};
	struct servers s = {.node = n, .store = store, .out = out, .status = UC_OK};
	enum uc_status status = uc_store_node(store, n->name, &own, e);
	if (status == UC_OK) note_servers(&s, &own);
	if (status != UC_OK && status != UC_ENOTFOUND) return status;
	UC_TRY(uc_store_nodes(store, note_servers, &s, e));
	if (s.status != UC_OK && e != NULL) *e = s.error;
	return s.status;
}

static enum uc_status read_setting(struct uc_store *store, const char *name, size_t *out, struct uc_error *e)
{
	const struct uc_setting *setting;
	UC_CLEANUP(uc_freep) char *value = NULL;
	UC_TRY(uc_setting_find(name, &setting, e));
	UC_TRY(uc_store_setting(store, name, &value, e));
	/* One that only newer programs know counts as if it had not been set, as in lists. */
	if (value == NULL || uc_setting_value(setting, value, out, NULL) != UC_OK) *out = 0;
	return UC_OK;
}

static enum uc_status read_settings(struct uc_store *store, struct uc_phone_basis *out, struct uc_error *e)
{
	size_t digest;
	size_t fill;
	UC_TRY(read_setting(store, UC_SETTING_DIGEST, &digest, e));
	UC_TRY(read_setting(store, UC_SETTING_FILL, &fill, e));
	out->digest = digest == 1 ? UC_TL_SHA512 : UC_TL_SHA1;
	out->fill = fill == 1;
	return UC_OK;
}

/* ---- keys ---- */

/* The identities of this node by which phones are answered; which of them there are, and with which certificates, goes into mark. */
struct keyed {
	struct uc_identity rsa, ec;
	bool has_rsa, has_ec;
};

static void keyed_free(struct keyed *k)
{
	uc_identity_free(&k->rsa);
	uc_identity_free(&k->ec);
}

static enum uc_status read_identity(struct uc_node *n, struct uc_store *store, const char *purpose, struct uc_identity *out, bool *has,
                                    struct uc_error *e)
{
	enum uc_status status = uc_store_identity(store, n->name, purpose, out, e);
	*has = status == UC_OK;
	return status == UC_ENOTFOUND ? UC_OK : status;
}

static enum uc_status read_keyed(struct uc_node *n, struct uc_store *store, struct keyed *out, struct uc_error *e)
{
	UC_TRY(read_identity(n, store, "CallManager", &out->rsa, &out->has_rsa, e));
	return read_identity(n, store, "CallManager-ECDSA", &out->ec, &out->has_ec, e);
}

static void add_mark(struct uc_buf *mark, const struct uc_node *n, const struct uc_identity *i, bool has)
{
	char fp[UC_FINGERPRINT_HEX];
	if (!has) return;
	uc_buf_printf(mark, "%s %s %d", uc_cert_fingerprint_hex(i->cert, fp), i->key_id, (int)uc_keys_has(n->keys, i->key_id));
	for (size_t k = 0; k < i->chain.count; k++) uc_buf_printf(mark, " %s", uc_cert_fingerprint_hex(i->chain.items[k], fp));
	uc_buf_add_u8(mark, '\n');
}

/* Equal for two bases exactly when they are the same but for their serial. */
static void mark_of(const struct uc_node *n, const struct uc_phone_basis *b, const struct keyed *k, char out[65])
{
	UC_CLEANUP(uc_buf_free) struct uc_buf mark = UC_BUF_EMPTY;
	UC_CLEANUP(uc_freep) char *tvs = uc_strv_join(&b->tvs, " ");
	UC_CLEANUP(uc_freep) char *capf = uc_strv_join(&b->capf, " ");
	uc_buf_printf(&mark, "%s\n%s\n%d %d\n%s\n%s\n", b->itl != NULL ? uc_phone_file_version(b->itl) : "",
	              b->ctl != NULL ? uc_phone_file_version(b->ctl) : "", (int)b->digest, (int)b->fill, tvs, capf);
	add_mark(&mark, n, &k->rsa, k->has_rsa);
	add_mark(&mark, n, &k->ec, k->has_ec);
	uc_sha256_hex(uc_buf_slice(&mark), out);
}

/* The key that signs files; what is wrong with it is told to whoever asks for one. False: it is there, and could not be had. */
static bool take_signer(struct uc_node *n, struct uc_phone_basis *b, const struct keyed *k)
{
	struct uc_error why;
	if (!k->has_rsa) {
		snprintf(b->fault, sizeof b->fault, "this node has no CallManager certificate");
		return true;
	}
	bool fits = uc_tl_signer_fits(k->rsa.cert, &why) == UC_OK;
	if (!fits || uc_keys_get(n->keys, k->rsa.key_id, &b->tftp_key, &why) != UC_OK) {
		snprintf(b->fault, sizeof b->fault, "%s", why.message);
		return !fits || !uc_keys_has(n->keys, k->rsa.key_id);
	}
	b->tftp_cert = uc_cert_dup(k->rsa.cert);
	return true;
}

static void take_tls(struct uc_node *n, struct uc_phone_basis *b, const struct keyed *k)
{
	struct uc_error why;
	unsigned usable = 0;
	b->tls = uc_tls_new(n->old_phones);
	if (b->tls == NULL) return;
	if (k->has_rsa && uc_tls_add(n, b->tls, &k->rsa, &why) == UC_OK) usable++;
	if (k->has_ec && uc_tls_add(n, b->tls, &k->ec, &why) == UC_OK) usable++;
	if (usable > 0) return;
	SSL_CTX_free(b->tls);
	b->tls = NULL;
}

/* ---- the basis ---- */

static enum uc_status read_all(struct uc_node *n, struct uc_store *store, struct uc_phone_basis *b, struct keyed *k, struct uc_error *e)
{
	UC_TRY(take_ctl(n->published, store, e));
	UC_TRY(read_settings(store, b, e));
	UC_TRY(read_servers(n, store, b, e));
	return read_keyed(n, store, k, e);
}

/* The lists as they should be now; a list that cannot be made leaves the former one in its place. */
static void publish_lists(struct uc_node *n, struct uc_store *store, int64_t number)
{
	struct uc_published *p = n->published;
	struct uc_error why;
	UC_CLEANUP(uc_list_source_freep) struct uc_list_source *source = NULL;
	struct uc_task_context ctx = uc_node_context(n, store);
	enum uc_status status = uc_list_source_read(&ctx, &source, &why);
	if (status == UC_OK) status = publish_itl(n, source, number, &why);
	if (status != UC_OK) uc_log_error("publishing the ITL file", &why);
	snprintf(p->fault, sizeof p->fault, "%s", status == UC_OK ? "" : why.message);
}

/* Keeps what it was made of in mark, so that it is not made again as long as that is the same; a key that could not be had may be there the next time. */
static struct uc_phone_basis *finish_basis(struct uc_node *n, struct uc_phone_basis *b, const struct keyed *k, const char mark[65])
{
	struct uc_published *p = n->published;
	bool whole = take_signer(n, b, k);
	take_tls(n, b, k);
	b->serial = ++p->serial;
	memcpy(p->mark, mark, sizeof p->mark);
	if (!whole) p->mark[0] = '\0';
	p->due = p->due || !whole;
	if (p->basis != NULL) uc_phone_basis_unref(p->basis);
	p->basis = uc_phone_basis_ref(b);
	return b;
}

static struct uc_phone_basis *make_basis(struct uc_node *n, struct uc_store *store)
{
	struct uc_published *p = n->published;
	struct uc_error why;
	int64_t number = 0;
	char mark[65];
	UC_CLEANUP(keyed_free) struct keyed keyed = {.has_rsa = false};
	enum uc_status status = uc_log_head(store, &number, NULL, &why);
	if (status == UC_OK && number < p->number && p->basis != NULL) return uc_phone_basis_ref(p->basis);
	UC_CLEANUP(uc_phone_basis_unrefp) struct uc_phone_basis *b = uc_phone_basis_new();
	if (status == UC_OK) p->number = number;
	publish_lists(n, store, number);
	if (status == UC_OK) status = read_all(n, store, b, &keyed, &why);
	if (status != UC_OK) uc_log_error("reading what phones are answered by", &why);
	p->due = status != UC_OK;
	b->itl = p->itl != NULL ? uc_phone_file_ref(p->itl) : NULL;
	b->ctl = p->ctl != NULL ? uc_phone_file_ref(p->ctl) : NULL;
	mark_of(n, b, &keyed, mark);
	bool same = p->basis != NULL && (status != UC_OK || strcmp(mark, p->mark) == 0);
	if (same) return uc_phone_basis_ref(p->basis);
	return finish_basis(n, uc_move(b), &keyed, mark);
}

void uc_publish_anew(struct uc_node *n)
{
	pthread_mutex_lock(&n->published->lock);
	n->published->number = 0;
	pthread_mutex_unlock(&n->published->lock);
}

struct uc_phone_basis *uc_publish(struct uc_node *n, struct uc_store *store)
{
	pthread_mutex_lock(&n->published->lock);
	struct uc_phone_basis *out = make_basis(n, store);
	pthread_mutex_unlock(&n->published->lock);
	return out;
}

struct uc_phone_basis *uc_view_phone_basis(struct uc_node *n)
{
	pthread_mutex_lock(&n->view_lock);
	struct uc_phone_basis *b = n->view != NULL ? uc_phone_basis_ref(n->view->phones) : NULL;
	pthread_mutex_unlock(&n->view_lock);
	return b;
}
