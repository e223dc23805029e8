#include "core/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void die(void)
{
	fputs("out of memory\n", stderr);
	abort();
}

void *uc_alloc(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);
	if (p == NULL) die();
	return p;
}

void *uc_zalloc(size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);
	if (p == NULL) die();
	return p;
}

void *uc_realloc(void *ptr, size_t count, size_t size)
{
	void *p = reallocarray(ptr, count > 0 ? count : 1, size > 0 ? size : 1);
	if (p == NULL) die();
	return p;
}

char *uc_strdup(const char *text)
{
	return uc_strndup(text, strlen(text));
}

char *uc_strndup(const char *text, size_t len)
{
	char *p = uc_alloc(len + 1);
	memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

void *uc_memdup(const void *data, size_t len)
{
	void *p = uc_alloc(len);
	if (len > 0) memcpy(p, data, len);
	return p;
}

char *uc_vsprintf(const char *fmt, va_list ap)
{
	char *p = NULL;
	if (vasprintf(&p, fmt, ap) < 0 || p == NULL) die();
	return p;
}

char *uc_sprintf(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *p = uc_vsprintf(fmt, ap);
	va_end(ap);
	return p;
}

void uc_secret_free(void *ptr, size_t len)
{
	if (ptr == NULL) return;
	explicit_bzero(ptr, len);
	free(ptr);
}

void uc_freep(void *ptr_to_ptr)
{
	void **p = ptr_to_ptr;
	free(*p);
	*p = NULL;
}
