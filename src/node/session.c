#include "node/session.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/random.h"
#include "core/text.h"

enum { SECRET = 32, HASH = crypto_generichash_BYTES };

struct session {
	char *account; /* owned; NULL: this place is free */
	char *credential;
	uint8_t hash[HASH]; /* of the token */
	char csrf[UC_SESSION_TEXT];
	int64_t begun, used;
};

struct uc_sessions {
	pthread_mutex_t lock;
	struct session all[UC_SESSION_MAX];
};

struct uc_sessions *uc_sessions_new(void)
{
	struct uc_sessions *s = uc_zalloc(1, sizeof *s);
	pthread_mutex_init(&s->lock, NULL);
	if (sodium_init() < 0) abort(); /* there are no random bytes */
	return s;
}

static void clear(struct session *one)
{
	free(one->account);
	free(one->credential);
	sodium_memzero(one, sizeof *one);
}

void uc_sessions_free(struct uc_sessions *s)
{
	if (s == NULL) return;
	for (size_t i = 0; i < UC_SESSION_MAX; i++) clear(&s->all[i]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void hash_of(const char *token, uint8_t out[HASH])
{
	crypto_generichash(out, HASH, (const uint8_t *)token, strlen(token), NULL, 0);
}

static void random_text(char out[UC_SESSION_TEXT])
{
	uint8_t secret[SECRET];
	uc_random(secret, sizeof secret);
	sodium_bin2base64(out, UC_SESSION_TEXT, secret, sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(secret, sizeof secret);
}

static bool is_idle(const struct session *one, int64_t now)
{
	return now - one->used >= UC_SESSION_IDLE_SECONDS;
}

static bool is_over(const struct session *one, int64_t now)
{
	return is_idle(one, now) || now - one->begun >= UC_SESSION_WHOLE_SECONDS;
}

/* Every place is compared, whatever is found: the time says nothing of where, or how nearly, a token fits. */
static struct session *look_up(struct uc_sessions *s, const char *token)
{
	uint8_t hash[HASH];
	struct session *found = NULL;
	hash_of(token, hash);
	for (size_t i = 0; i < UC_SESSION_MAX; i++) {
		bool same = sodium_memcmp(s->all[i].hash, hash, HASH) == 0;
		if (same && s->all[i].account != NULL) found = &s->all[i];
	}
	return found;
}

static enum uc_status ended(struct uc_error *e, const char *why)
{
	return uc_fail(e, UC_EAUTH, "session-ended", "Sign in again.", "%s", why);
}

/* The session of a token, if it is alive; else NULL, and e says UC_EAUTH "session-ended". Under the lock. */
static struct session *find(struct uc_sessions *s, const char *token, int64_t now, struct uc_error *e)
{
	const char *why = "the session is not known here: it has ended, or this node was started anew since";
	struct session *one = look_up(s, token);
	if (one != NULL && !is_over(one, now)) return one;
	if (one != NULL) {
		why = is_idle(one, now) ? "the session has ended, since nothing was asked for half an hour"
		                        : "the session has ended: it was 12 hours old";
		clear(one);
	}
	ended(e, why);
	return NULL;
}

/* A place for a session of this account, cleared: one of its own if it has as many as it may, else a free one, or NULL. */
static struct session *make_room(struct uc_sessions *s, const char *account, int64_t now)
{
	struct session *room = NULL;
	struct session *longest = NULL;
	size_t own = 0;
	for (size_t i = 0; i < UC_SESSION_MAX; i++) {
		struct session *one = &s->all[i];
		if (one->account != NULL && is_over(one, now)) clear(one);
		if (one->account == NULL) {
			room = one;
		} else if (strcmp(one->account, account) == 0) {
			own++;
			if (longest == NULL || one->used < longest->used) longest = one;
		}
	}
	if (own < UC_SESSION_PER_ACCOUNT && room != NULL) return room;
	if (longest != NULL) clear(longest);
	return longest;
}

enum uc_status uc_session_begin(struct uc_sessions *s, const char *account, const char *credential, int64_t now,
                                char token[UC_SESSION_TEXT], struct uc_error *e)
{
	pthread_mutex_lock(&s->lock);
	struct session *one = make_room(s, account, now);
	if (one != NULL) {
		random_text(token);
		*one = (struct session){.account = uc_strdup(account), .credential = uc_strdup(credential), .begun = now, .used = now};
		hash_of(token, one->hash);
		random_text(one->csrf);
	}
	pthread_mutex_unlock(&s->lock);
	if (one != NULL) return UC_OK;
	return uc_fail(e, UC_EUNAVAILABLE, "too-many-sessions", "Sign out where nobody works any more, or wait half an hour.",
	               "there are %d sessions of other accounts, which is as many as there may be", UC_SESSION_MAX);
}

enum uc_status uc_session_account(struct uc_sessions *s, const char *token, int64_t now, char **account, struct uc_error *e)
{
	pthread_mutex_lock(&s->lock);
	const struct session *one = find(s, token, now, e);
	if (one != NULL) *account = uc_strdup(one->account);
	pthread_mutex_unlock(&s->lock);
	return one != NULL ? UC_OK : UC_EAUTH;
}

static bool is_csrf(const struct session *one, const char *text)
{
	return text != NULL && strlen(text) == UC_SESSION_TEXT - 1 && sodium_memcmp(one->csrf, text, UC_SESSION_TEXT - 1) == 0;
}

static enum uc_status use_one(struct session *one, const struct uc_session_use *use, int64_t now, struct uc_session_facts *facts,
                              struct uc_error *e)
{
	if (use->credential == NULL || strcmp(use->credential, one->credential) != 0) {
		clear(one);
		return ended(e, use->credential == NULL ? "the session has ended, since its account is gone"
		                                        : "the session has ended, since the password of its account was changed");
	}
	if (use->changes && !is_csrf(one, use->csrf))
		return uc_fail(e, UC_EAUTH, "csrf", "Send the header UCPKI-CSRF with the value of \"csrf\" of the session.", "%s",
		               use->csrf == NULL ? "a change in a session needs the header UCPKI-CSRF"
		                                 : "the header UCPKI-CSRF has another value than this session");
	if (!use->background) one->used = now;
	if (facts == NULL) return UC_OK;
	memcpy(facts->csrf, one->csrf, sizeof facts->csrf);
	facts->left = one->begun + UC_SESSION_WHOLE_SECONDS - now;
	return UC_OK;
}

enum uc_status uc_session_use(struct uc_sessions *s, const char *token, const struct uc_session_use *use, int64_t now,
                              struct uc_session_facts *facts, struct uc_error *e)
{
	pthread_mutex_lock(&s->lock);
	struct session *one = find(s, token, now, e);
	enum uc_status status = one != NULL ? use_one(one, use, now, facts, e) : UC_EAUTH;
	pthread_mutex_unlock(&s->lock);
	return status;
}

void uc_session_end(struct uc_sessions *s, const char *token)
{
	pthread_mutex_lock(&s->lock);
	struct session *one = look_up(s, token);
	if (one != NULL) clear(one);
	pthread_mutex_unlock(&s->lock);
}
