/*
 * Inside the phone files of a node; for phone*.c, and for publish.c, which makes the basis.
 *
 *   phone_name.c     what a name asks for
 *   phone_dir.c      files below a directory, and nothing beyond it
 *   phone_cache.c    what was made, as long as what it was made from is the same
 *   phone_make.c     makes it: reads, fills in, signs, encrypts
 *   phone_basis.c    files and bases: counted references
 *   phone_record.c   who fetched what
 *   phone_list.c     questions about that
 *   phone.c          puts them together
 */
#ifndef UC_NODE_PHONE_INTERNAL_H
#define UC_NODE_PHONE_INTERNAL_H

#include <sys/types.h>
#include <time.h>

#include "node/phone.h"
#include "pki/cert.h"
#include "store/local.h"
#include "trustlist/header.h"

struct uc_phone;

/* ---- files and the basis ---- */

/*
 * A file of these bytes, which are moved out of take. list: "CTL" or "ITL" when it is a trust list, with its version (SHA-256, hexadecimal); NULL
 * and "" for others. With one reference.
 */
struct uc_phone_file *uc_phone_file_new(struct uc_buf *take, const char *list, const char *version) __attribute__((returns_nonnull));
/* "CTL", "ITL" or "", and the version or "". Borrowed. */
const char *uc_phone_file_list(const struct uc_phone_file *f);
const char *uc_phone_file_version(const struct uc_phone_file *f);

/* What phones are answered by at a moment, never changed after it was made. Everything in it is owned. */
struct uc_phone_basis {
	int64_t serial;                  /* no two bases that differ in anything have the same, and none has 0 */
	struct uc_phone_file *ctl, *itl; /* what is published; NULL: nothing is */
	struct uc_cert *tftp_cert;       /* what signs files: CallManager; NULL when nothing can, */
	EVP_PKEY *tftp_key;
	char fault[1024]; /* and why */
	enum uc_tl_digest digest;
	bool fill;                   /* configurations get what follows */
	struct uc_strv tvs, capf;    /* addresses; this node's first */
	SSL_CTX *tls;                /* for HTTPS; NULL when no identity can be used */
	_Atomic unsigned references; /* private */
};
/* An empty one with one reference, to be filled before anybody else sees it. */
struct uc_phone_basis *uc_phone_basis_new(void) __attribute__((returns_nonnull));
struct uc_phone_basis *uc_phone_basis_ref(struct uc_phone_basis *b) __attribute__((returns_nonnull));
void uc_phone_basis_unref(struct uc_phone_basis *b);
UC_DEFINE_CLEANUP(uc_phone_basis_unrefp, struct uc_phone_basis, uc_phone_basis_unref)

/* The basis of the moment, with a reference of the caller's own; NULL while there is none. From any thread; does not wait (publish.c). */
struct uc_phone_basis *uc_view_phone_basis(struct uc_node *n);

/* ---- names ---- */

enum uc_phone_kind { UC_PHONE_CTL, UC_PHONE_ITL, UC_PHONE_CONFIG, UC_PHONE_OTHER };
enum uc_phone_form { UC_PHONE_PLAIN, UC_PHONE_SIGNED, UC_PHONE_ENCRYPTED };

/* The longest name that is answered, with its directories. */
#define UC_PHONE_NAME_MAX 255

struct uc_phone_name {
	enum uc_phone_kind kind;
	enum uc_phone_form form;            /* UC_PHONE_ENCRYPTED: only of UC_PHONE_CONFIG */
	char source[UC_PHONE_NAME_MAX + 1]; /* the file that it is made from */
	char usual[UC_PHONE_NAME_MAX + 1];  /* the same as it is usually spelled, or "" when it is spelled so */
	char device[64];                    /* "SEP001122334455", or "" when it names none */
	bool top;                           /* it has no directory */
};
/* UC_EREFUSED "unsafe-name". */
enum uc_status uc_phone_name_read(const char *name, struct uc_phone_name *out, struct uc_error *e) UC_MUST;
/* The name of the kind in records: "CTL", "ITL", "config", "other". Static. */
const char *uc_phone_kind_name(enum uc_phone_kind kind);

/* ---- directories ---- */

/* A file at a moment. All zero: there was none. */
struct uc_phone_stamp {
	bool there;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};
bool uc_phone_stamp_eq(const struct uc_phone_stamp *a, const struct uc_phone_stamp *b);
/* Would a write after this moment, at which the file was read, show in its times, however coarse they are? */
bool uc_phone_stamp_settled(const struct uc_phone_stamp *stamp, struct timespec read);
/*
 * Looks at a file below dir without opening it. *out is all zero when there is none; UC_EREFUSED "not-a-file" for a directory, a device, a pipe; UC_EIO.
 */
enum uc_status uc_phone_dir_look(const char *dir, const char *name, struct uc_phone_stamp *out, struct uc_error *e) UC_MUST;
/*
 * Reads a file below dir, which no ".." and no link leads out of; appended to out. *stamp is what was read, all zero when there is none (and UC_OK).
 * *settled: a further write would show in the stamp; false while the file is so young that its times could stay the same. UC_EREFUSED "unsafe-name" for
 * a link that leads out, "not-a-file"; UC_ELIMIT "file-large"; UC_EIO.
 */
enum uc_status uc_phone_dir_read(const char *dir, const char *name, size_t max, struct uc_buf *out, struct uc_phone_stamp *stamp,
                                 bool *settled, struct uc_error *e) UC_MUST;

/* ---- what was made ---- */

/* What a file for phones was made from; the same: it would be made the same. */
struct uc_phone_need {
	struct uc_phone_stamp file, cert;
	int64_t serial; /* of the basis; 0: it does not depend on one */
};

struct uc_phone_cache;
/* Holds at most so many bytes; what has not been asked for the longest goes first. */
struct uc_phone_cache *uc_phone_cache_new(size_t max) __attribute__((returns_nonnull));
void uc_phone_cache_free(struct uc_phone_cache *c);
/* Does it know the answer? *out gets a reference, or NULL when the answer is that there is no such file. From any thread; does not wait. */
bool uc_phone_cache_get(struct uc_phone_cache *c, const char *key, const struct uc_phone_need *need, struct uc_phone_file **out) UC_MUST;
/* f: borrowed, or NULL. */
void uc_phone_cache_put(struct uc_phone_cache *c, const char *key, const struct uc_phone_need *need, struct uc_phone_file *f);
/*
 * True: it is the caller's to make, who says so with uc_phone_cache_made(), whatever comes of it. False: somebody else was at it, and has ended: look again.
 */
bool uc_phone_cache_make(struct uc_phone_cache *c, const char *key) UC_MUST;
void uc_phone_cache_made(struct uc_phone_cache *c, const char *key);
/* For tests: bytes held, and how often uc_phone_cache_make() was true. */
size_t uc_phone_cache_held(struct uc_phone_cache *c);
uint64_t uc_phone_cache_count(struct uc_phone_cache *c);

/* ---- making ---- */

/* What is to be made. All borrowed. */
struct uc_phone_order {
	const char *files, *certs; /* directories */
	const char *asked;         /* the whole name */
	const char *source;        /* the file */
	const struct uc_phone_name *name;
	bool bare;                          /* a configuration as it is inside, without a signature: HTTPS */
	const struct uc_phone_basis *basis; /* or NULL */
};
struct uc_phone_made {
	struct uc_phone_file *file; /* owned; NULL: there is no such file for phones */
	struct uc_phone_need need;
	bool settled; /* the answer may be kept */
};
/* Waits for the disk. The errors of uc_phone_dir_read(), uc_cnf_read(), uc_sgn_write(); UC_EREFUSED "phone-signer"; UC_EINPUT "phone-certificate". */
enum uc_status uc_phone_make(const struct uc_phone_order *order, struct uc_phone_made *out, struct uc_error *e) UC_MUST;

/* ---- records ---- */

/* What is not written yet: more is dropped, the oldest first. */
#define UC_PHONE_QUEUE 16384

struct uc_phone_records;
/* Starts the thread that writes to the database at path. Owned: uc_phone_records_stop(), which writes what is left. */
enum uc_status uc_phone_records_start(const char *path, struct uc_phone_records **out, struct uc_error *e) UC_MUST;
void uc_phone_records_stop(struct uc_phone_records *r);
/* Does not wait. */
void uc_phone_records_add(struct uc_phone_records *r, const struct uc_phone_fetch *f);
/*
 * Lends the database, with all in it that was recorded before, as far as that could be written. Given back with uc_phone_records_return().
 */
struct uc_local *uc_phone_records_borrow(struct uc_phone_records *r) __attribute__((returns_nonnull));
void uc_phone_records_return(struct uc_phone_records *r);
/* How many were dropped. */
uint64_t uc_phone_records_dropped(struct uc_phone_records *r);

/* ---- all of it ---- */

struct uc_phone {
	char *files, *certs; /* directories */
	struct uc_phone_cache *cache;
	struct uc_phone_records *records;
	_Atomic int64_t told; /* when the log was last told of a file that could not be given, by uc_monotonic_ns() */
};
/*
 * Makes the directories where they are missing. NULL as a directory: the one below data. UC_EINPUT "phone-files-private" for one in which private keys are.
 */
enum uc_status uc_phone_open(const char *data, const char *files, const char *certs, struct uc_phone **out, struct uc_error *e) UC_MUST;
void uc_phone_close(struct uc_phone *p);

#endif
