/*
 * The one way to fail: a function that can fail returns an enum uc_status and fills a struct uc_error.
 *
 * Input errors are data: they travel upwards in a struct uc_error. Running out of memory is fatal (mem.h).
 */
#ifndef UC_CORE_ERROR_H
#define UC_CORE_ERROR_H

#define UC_MUST __attribute__((warn_unused_result))
#define UC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* The class of a failure. It decides the HTTP status and the exit status, see uc_status_name(). */
enum uc_status {
	UC_OK = 0,
	UC_EINPUT,       /* the caller's input is wrong: 400 */
	UC_EAUTH,        /* not signed in, or not allowed: 401 */
	UC_ENOTFOUND,    /* the thing named does not exist: 404 */
	UC_ECONFLICT,    /* the state has moved on, or stands in the way: 409 */
	UC_EREFUSED,     /* a rule of this product forbids it: 422 */
	UC_ELIMIT,       /* larger than a limit allows: 413 */
	UC_EUNREACHABLE, /* a peer or the daemon does not answer: 502 */
	UC_EUNAVAILABLE, /* the cluster's store cannot be reached, or this node may not change it now: 503 */
	UC_EIO,          /* the disk or the system failed: 500; a full disk is UC_EFULL */
	UC_EFULL,        /* no space left on the device: 507 */
	UC_EINTERNAL     /* a fault of this program: 500 */
};

/* Why a call failed. Plain arrays: copying it is assignment, and nothing has to be freed. */
struct uc_error {
	enum uc_status code;
	char id[48];        /* stable name in kebab-case, e.g. "key-mismatch": the tail of the problem's type URI */
	char field[64];     /* the argument or field at fault, or "" */
	char message[1024]; /* what was wrong and where, one sentence, with the value at fault */
	char hint[512];     /* what to do about it, or "" */
};

/*
 * Fills *e (which may be NULL) and returns code, so that a caller can write `return uc_fail(...)`.
 * id: stable kebab-case name. hint: what to do, or NULL. fmt: the message; bytes that are not printable are shown as '?'. The arguments may
 * point into *e, so that a message can be wrapped in a longer one.
 */
enum uc_status uc_fail(struct uc_error *e, enum uc_status code, const char *id, const char *hint, const char *fmt, ...) UC_PRINTF(5, 6);

/* As uc_fail(), and names the field at fault. */
enum uc_status uc_fail_field(struct uc_error *e, enum uc_status code, const char *id, const char *field, const char *hint, const char *fmt,
                             ...) UC_PRINTF(6, 7);

/* As uc_fail() for a failed system call: adds the text of errnum, and turns ENOSPC and EDQUOT into UC_EFULL. */
enum uc_status uc_fail_errno(struct uc_error *e, int errnum, const char *fmt, ...) UC_PRINTF(3, 4);

/* The stable English name of a status, e.g. "not-found". Never NULL. */
const char *uc_status_name(enum uc_status code);

/* Returns upwards when a call fails. */
#define UC_TRY(call)                          \
	do {                                      \
		enum uc_status uc_try_ = (call);      \
		if (uc_try_ != UC_OK) return uc_try_; \
	} while (0)

#endif
