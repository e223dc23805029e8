#include "core/random.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/mem.h"

void uc_random(void *buf, size_t len)
{
	uint8_t *at = buf;
	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) {
			perror("getrandom");
			abort();
		}
		at += n;
		len -= (size_t)n;
	}
}

char *uc_uuid(void)
{
	uint8_t b[16];
	uc_random(b, sizeof b);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	return uc_sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5], b[6],
	                  b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

char *uc_password(size_t n)
{
	static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
	enum { COUNT = sizeof letters - 1 };
	char *text = uc_alloc(n + 1);
	for (size_t i = 0; i < n;) {
		uint8_t b;
		uc_random(&b, 1);
		if (b >= 256 / COUNT * COUNT) continue; /* every letter is equally likely */
		text[i++] = letters[b % COUNT];
	}
	text[n] = '\0';
	return text;
}
