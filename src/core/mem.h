/*
 * Memory: allocation that cannot fail (it ends the process with a message), and release on every path.
 *
 * An owned local is declared with UC_CLEANUP(fn); fn takes a pointer to the variable and accepts NULL inside it. Giving
 * ownership away is written uc_move(variable), which leaves NULL behind.
 */
#ifndef UC_CORE_MEM_H
#define UC_CORE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "core/error.h"

#define UC_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Defines NAME(T **p), which calls FREE(*p), for use with UC_CLEANUP. FREE must accept NULL. */
#define UC_DEFINE_CLEANUP(NAME, T, FREE)                   \
	__attribute__((unused)) static inline void NAME(T **p) \
	{                                                      \
		if (*p != NULL) FREE(*p);                          \
		*p = NULL;                                         \
	}

/* Gives up ownership: evaluates to the pointer and sets the variable to NULL. */
#define uc_move(var)                  \
	__extension__({                   \
		__typeof__(var) uc_mv_ = var; \
		(var) = NULL;                 \
		uc_mv_;                       \
	})

/* All of these end the process when memory runs out. Free with free(). */
void *uc_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *uc_zalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
void *uc_realloc(void *ptr, size_t count, size_t size) __attribute__((returns_nonnull));
char *uc_strdup(const char *text) __attribute__((returns_nonnull));
char *uc_strndup(const char *text, size_t len) __attribute__((returns_nonnull));
void *uc_memdup(const void *data, size_t len) __attribute__((returns_nonnull));
char *uc_sprintf(const char *fmt, ...) UC_PRINTF(1, 2) __attribute__((returns_nonnull));
char *uc_vsprintf(const char *fmt, va_list ap) UC_PRINTF(1, 0) __attribute__((returns_nonnull));

/* Overwrites and frees a secret; NULL is allowed. */
void uc_secret_free(void *ptr, size_t len);

/* Cleanup for char * and other plain malloc memory: UC_CLEANUP(uc_freep) char *s = NULL; */
void uc_freep(void *ptr_to_ptr);

#endif
