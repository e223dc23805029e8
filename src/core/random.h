/* Random bytes from the kernel. */
#ifndef UC_CORE_RANDOM_H
#define UC_CORE_RANDOM_H

#include <stddef.h>

/* Fills buf with len unpredictable bytes; ends the process when the kernel gives none. */
void uc_random(void *buf, size_t len);
/* A random UUID, version 4 (RFC 9562), in its text form of 36 characters. Free with free(). */
char *uc_uuid(void);
/* A password of n characters from 57 that cannot be mistaken for each other (5.83 bits each). Free with free(). */
char *uc_password(size_t n);

#endif
