/*
 * Sessions of the console: which token stands for which account, and until when. They are kept in memory only, so that they end with the
 * process; of a token only a hash is kept. Times are seconds of a clock that nobody sets (uc_monotonic_ns()), given by the caller.
 *
 * Safe for use by several threads.
 */
#ifndef UC_NODE_SESSION_H
#define UC_NODE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

enum {
	UC_SESSION_IDLE_SECONDS = 30 * 60,       /* without a request */
	UC_SESSION_WHOLE_SECONDS = 12 * 60 * 60, /* in all */
	UC_SESSION_PER_ACCOUNT = 16,
	UC_SESSION_MAX = 512
};

/* 256 random bits as base64url, with the NUL. */
#define UC_SESSION_TEXT 44

struct uc_sessions;

struct uc_sessions *uc_sessions_new(void);
void uc_sessions_free(struct uc_sessions *s);

/*
 * Begins a session; token gets what proves it. credential is what the account's password is known by: another password has another one. When
 * the account has as many sessions as one may have, the one that was idle for longest ends. UC_EUNAVAILABLE "too-many-sessions" when the
 * sessions of other accounts leave no room.
 */
enum uc_status uc_session_begin(struct uc_sessions *s, const char *account, const char *credential, int64_t now,
                                char token[UC_SESSION_TEXT], struct uc_error *e) UC_MUST;

/* Whose session is this? *account is owned: free(). UC_EAUTH "session-ended" when there is none (any more). */
enum uc_status uc_session_account(struct uc_sessions *s, const char *token, int64_t now, char **account, struct uc_error *e) UC_MUST;

/* A request in a session. */
struct uc_session_use {
	const char *credential; /* of the account as it is now; NULL: the account is gone */
	bool changes;           /* the request may change something: then it must prove that a page of the session made it, */
	const char *csrf;       /* by the session's second token, or NULL */
	bool background;        /* nobody is at the keyboard: the session is not prolonged */
};

/* What the session's owner may see of it. */
struct uc_session_facts {
	char csrf[UC_SESSION_TEXT];
	int64_t left; /* seconds after which it ends, whatever is done */
};

/*
 * Uses a session, which prolongs it. UC_EAUTH "session-ended" as above, and when the credential is another one than at its beginning: then it
 * is over for good. UC_EAUTH "csrf" for a change without the right second token, which prolongs nothing. facts may be NULL.
 */
enum uc_status uc_session_use(struct uc_sessions *s, const char *token, const struct uc_session_use *use, int64_t now,
                              struct uc_session_facts *facts, struct uc_error *e) UC_MUST;

/* Ends a session. It need not exist. */
void uc_session_end(struct uc_sessions *s, const char *token);

#endif
