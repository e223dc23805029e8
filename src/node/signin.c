#include "node/signin.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/random.h"

enum { REMEMBERED = 64, PEERS = 256, FAILURES = 10, REMEMBER_SECONDS = 300, BRAKE_SECONDS = 60 };

struct right {
	uint8_t mac[crypto_generichash_BYTES];
	uc_time until;
};

struct brake {
	char peer[64];
	unsigned failures;
	uc_time since;
};

struct uc_sign_in {
	pthread_mutex_t lock;
	pthread_mutex_t work; /* one argon2 at a time: it takes 64 MiB */
	uint8_t key[crypto_generichash_KEYBYTES];
	struct right right[REMEMBERED];
	size_t next_right;
	struct brake brakes[PEERS];
	size_t next_brake;
	char *decoy; /* a verifier of nothing, so that unknown names take as long */
};

/* A verifier as uc_password_verifier() writes them, of a random hash that no password is known to have: as slow to refuse, but made at once. */
static char *make_decoy(void)
{
	enum { SALT = crypto_pwhash_SALTBYTES, HASH = 32, KIB = 1024 };
	uint8_t salt[SALT], hash[HASH];
	char salt_text[2 * SALT], hash_text[2 * HASH];
	uc_random(salt, sizeof salt);
	uc_random(hash, sizeof hash);
	sodium_bin2base64(salt_text, sizeof salt_text, salt, sizeof salt, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	sodium_bin2base64(hash_text, sizeof hash_text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	return uc_sprintf("$argon2id$v=19$m=%u,t=%u,p=1$%s$%s", (unsigned)crypto_pwhash_MEMLIMIT_INTERACTIVE / KIB,
	                  (unsigned)crypto_pwhash_OPSLIMIT_INTERACTIVE, salt_text, hash_text);
}

struct uc_sign_in *uc_sign_in_new(void)
{
	struct uc_sign_in *s = uc_zalloc(1, sizeof *s);
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->work, NULL);
	if (sodium_init() < 0) abort(); /* there are no random bytes */
	uc_random(s->key, sizeof s->key);
	s->decoy = make_decoy();
	return s;
}

void uc_sign_in_free(struct uc_sign_in *s)
{
	if (s == NULL) return;
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->work);
	free(s->decoy);
	uc_secret_free(s, sizeof *s);
}

enum uc_status uc_password_verifier(const char *password, char **out, struct uc_error *e)
{
	char text[crypto_pwhash_STRBYTES];
	if (sodium_init() < 0 ||
	    crypto_pwhash_str(text, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
		return uc_fail(e, UC_EINTERNAL, "password-hash", "Free memory and try again.",
		               "a password could not be hashed: argon2id needs 64 MiB of memory");
	*out = uc_strdup(text);
	return UC_OK;
}

/* Binds account, password and verifier together, so that a changed password is not remembered as right. */
static void mac_of(const struct uc_sign_in *s, const char *name, const char *password, const char *verifier,
                   uint8_t mac[crypto_generichash_BYTES])
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, s->key, sizeof s->key, crypto_generichash_BYTES);
	const char *const parts[] = {name, password, verifier};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		crypto_generichash_update(&state, (const uint8_t *)parts[i], strlen(parts[i]) + 1);
	crypto_generichash_final(&state, mac, crypto_generichash_BYTES);
}

static bool is_remembered(struct uc_sign_in *s, const uint8_t *mac)
{
	bool found = false;
	for (size_t i = 0; i < REMEMBERED; i++)
		found = found || (s->right[i].until > uc_now() && sodium_memcmp(s->right[i].mac, mac, sizeof s->right[i].mac) == 0);
	return found;
}

static struct brake *brake_of(struct uc_sign_in *s, const char *peer)
{
	for (size_t i = 0; i < PEERS; i++)
		if (strcmp(s->brakes[i].peer, peer) == 0) return &s->brakes[i];
	struct brake *b = &s->brakes[s->next_brake++ % PEERS];
	*b = (struct brake){.since = uc_now()};
	snprintf(b->peer, sizeof b->peer, "%s", peer);
	return b;
}

enum uc_status uc_sign_in_brake(struct uc_sign_in *s, const char *peer, struct uc_error *e)
{
	pthread_mutex_lock(&s->lock);
	struct brake *b = brake_of(s, peer);
	if (uc_now() - b->since >= BRAKE_SECONDS) b->failures = 0;
	bool braked = b->failures >= FAILURES;
	pthread_mutex_unlock(&s->lock);
	if (!braked) return UC_OK;
	return uc_fail(e, UC_EAUTH, "too-many-failures", "Wait a minute and try again.",
	               "%d wrong passwords or join secrets came from %s within a minute", FAILURES, peer);
}

void uc_sign_in_failed(struct uc_sign_in *s, const char *peer)
{
	pthread_mutex_lock(&s->lock);
	struct brake *b = brake_of(s, peer);
	if (b->failures == 0) b->since = uc_now();
	b->failures++;
	pthread_mutex_unlock(&s->lock);
}

static void remember(struct uc_sign_in *s, const uint8_t *mac)
{
	struct right *r = &s->right[s->next_right++ % REMEMBERED];
	memcpy(r->mac, mac, sizeof r->mac);
	r->until = uc_now() + REMEMBER_SECONDS;
}

enum uc_status uc_sign_in_check(struct uc_sign_in *s, const char *name, const char *password, const char *verifier, const char *peer,
                                struct uc_error *e)
{
	uint8_t mac[crypto_generichash_BYTES];
	mac_of(s, name, password, verifier != NULL ? verifier : "", mac);
	UC_TRY(uc_sign_in_brake(s, peer, e));
	pthread_mutex_lock(&s->lock);
	bool known = verifier != NULL && is_remembered(s, mac);
	pthread_mutex_unlock(&s->lock);
	if (known) return UC_OK;
	pthread_mutex_lock(&s->work);
	bool right = crypto_pwhash_str_verify(verifier != NULL ? verifier : s->decoy, password, strlen(password)) == 0 && verifier != NULL;
	pthread_mutex_unlock(&s->work);
	if (!right) {
		uc_sign_in_failed(s, peer);
		return uc_fail(e, UC_EAUTH, "wrong-password", "Sign in with an account of this node.", "the name or the password is wrong");
	}
	pthread_mutex_lock(&s->lock);
	remember(s, mac);
	pthread_mutex_unlock(&s->lock);
	return UC_OK;
}
