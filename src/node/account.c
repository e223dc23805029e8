/* Who signs in: the password of an account, and the sessions of the console. */
#include <stdlib.h>

#include "node/internal.h"

enum { NS_PER_SECOND = 1000000000 };

static int64_t monotonic_seconds(void)
{
	return uc_monotonic_ns() / NS_PER_SECOND;
}

/* *out gets the account (its verifier is NULL when there is none of this name): what was checked is what a session is bound to. */
static enum uc_status sign_in(struct uc_node *n, const char *name, const char *password, const char *peer, struct uc_account *out,
                              struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	enum uc_status status = uc_store_account(reader.store, name, out, e);
	if (status != UC_OK && status != UC_ENOTFOUND) return status;
	uc_reader_return(&reader); /* argon2 takes long: the connection is of use to others meanwhile */
	return uc_sign_in_check(n->sign_in, name, password, status == UC_OK ? out->verifier : NULL, peer, e);
}

enum uc_status uc_node_sign_in(struct uc_node *n, const char *name, const char *password, const char *peer, struct uc_error *e)
{
	UC_CLEANUP(uc_account_free) struct uc_account account = {.name = NULL};
	return sign_in(n, name, password, peer, &account, e);
}

static json_t *session_json(struct uc_node *n, const char *account, const struct uc_session_facts *facts)
{
	char ends[UC_TIME_TEXT];
	uc_time_rfc3339(uc_now() + facts->left, ends);
	pthread_mutex_lock(&n->view_lock);
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "account", account, "csrf", facts->csrf, "node", n->name, "fqdn", n->fqdn,
	                        "idle_seconds", UC_SESSION_IDLE_SECONDS, "ends_at", ends);
	pthread_mutex_unlock(&n->view_lock);
	return out;
}

enum uc_status uc_node_session_begin(struct uc_node *n, const char *name, const char *password, const char *peer, const char *replaces,
                                     char token[UC_SESSION_TEXT], json_t **out, struct uc_error *e)
{
	UC_CLEANUP(uc_account_free) struct uc_account account = {.name = NULL};
	struct uc_session_facts facts;
	UC_TRY(sign_in(n, name, password, peer, &account, e));
	int64_t now = monotonic_seconds();
	if (replaces != NULL) uc_session_end(n->sessions, replaces);
	UC_TRY(uc_session_begin(n->sessions, account.name, account.secret, now, token, e));
	const struct uc_session_use use = {.credential = account.secret};
	UC_TRY(uc_session_use(n->sessions, token, &use, now, &facts, e));
	*out = session_json(n, account.name, &facts);
	return UC_OK;
}

/* The credential of an account as it is now, owned; NULL when the account is gone. */
static enum uc_status find_credential(struct uc_node *n, const char *account, char **out, struct uc_error *e)
{
	UC_CLEANUP(uc_reader_return) struct uc_lease reader = {.node = NULL};
	UC_CLEANUP(uc_account_free) struct uc_account have = {.name = NULL};
	UC_TRY(uc_reader_borrow(n, &reader, e));
	enum uc_status status = uc_store_account(reader.store, account, &have, e);
	if (status == UC_OK) *out = uc_move(have.secret);
	return status == UC_ENOTFOUND ? UC_OK : status;
}

enum uc_status uc_node_session_use(struct uc_node *n, const char *token, struct uc_session_use use, char **who, json_t **out,
                                   struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *account = NULL;
	UC_CLEANUP(uc_freep) char *credential = NULL;
	struct uc_session_facts facts;
	int64_t now = monotonic_seconds();
	UC_TRY(uc_session_account(n->sessions, token, now, &account, e));
	UC_TRY(find_credential(n, account, &credential, e));
	use.credential = credential;
	UC_TRY(uc_session_use(n->sessions, token, &use, now, &facts, e));
	if (out != NULL) *out = session_json(n, account, &facts);
	*who = uc_move(account);
	return UC_OK;
}

void uc_node_session_end(struct uc_node *n, const char *token)
{
	uc_session_end(n->sessions, token);
}
