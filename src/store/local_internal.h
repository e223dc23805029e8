/* What the files of a node's own database share. */
#ifndef UC_STORE_LOCAL_INTERNAL_H
#define UC_STORE_LOCAL_INTERNAL_H

#include <sys/types.h>

#include "store/db.h"
#include "store/local.h"

struct uc_local {
	char *path;
	struct uc_db *db; /* NULL when it could not be opened again */
	dev_t dev;        /* which file that is: */
	ino_t ino;        /* another connection may have moved it aside */
	bool told;        /* the caller has been given rows, so that the question cannot be asked again */
};

/* Opens it again when the file has been moved aside or is gone. */
enum uc_status uc_local_ready(struct uc_local *l, struct uc_error *e) UC_MUST;
/* After a failure: when it was that the file is damaged, moves it aside and makes a new one. Can it then be tried again? */
bool uc_local_mended(struct uc_local *l, const struct uc_error *why);
/* Gives rows back through each(), one by one. */
enum uc_status uc_local_rows(struct uc_local *l, struct uc_stmt *st, void (*each)(void *ctx, struct uc_stmt *st), void *ctx,
                             struct uc_error *e) UC_MUST;

/* The body of a function of local.h: call is an expression that takes &why. */
#define UC_LOCAL_RUN(l, e, call)                                    \
	do {                                                            \
		struct uc_error why;                                        \
		(l)->told = false;                                          \
		enum uc_status status_ = uc_local_ready((l), &why);         \
		if (status_ == UC_OK) status_ = (call);                     \
		bool again_ = status_ != UC_OK && uc_local_mended(l, &why); \
		if (again_) status_ = (call);                               \
		if (status_ != UC_OK && (e) != NULL) *(e) = why;            \
		return status_;                                             \
	} while (0)

#endif
