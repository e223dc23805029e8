/* Signing in: password verifiers (argon2id) and their cost, a memory of the right ones, a brake on guessing. */
#ifndef UC_NODE_SIGNIN_H
#define UC_NODE_SIGNIN_H

#include "core/error.h"
#include "core/mem.h"

struct uc_sign_in;

struct uc_sign_in *uc_sign_in_new(void);
void uc_sign_in_free(struct uc_sign_in *s);

/* A verifier for a password (libsodium's text form, argon2id), owned: free(). UC_EINTERNAL when there is not memory enough. */
enum uc_status uc_password_verifier(const char *password, char **out, struct uc_error *e) UC_MUST;

/*
 * Checks a password against a verifier (NULL: unknown account; the same work is done). A right one is remembered for five minutes, so that HTTP Basic does not cost argon2 on each request.
 * Ten wrong ones from a peer (an address without its port) within a minute: UC_EAUTH "too-many-failures" until a minute has passed.
 */
enum uc_status uc_sign_in_check(struct uc_sign_in *s, const char *name, const char *password, const char *verifier, const char *peer,
                                struct uc_error *e) UC_MUST;

/* The brake alone, for other secrets than passwords: ask before a secret is tried, and tell when it was wrong. The failures of a peer count together. */
enum uc_status uc_sign_in_brake(struct uc_sign_in *s, const char *peer, struct uc_error *e) UC_MUST;
void uc_sign_in_failed(struct uc_sign_in *s, const char *peer);

#endif
