#include "serve/tftp/ascii.h"

size_t uc_tftp_ascii_fill(struct uc_slice content, struct uc_tftp_ascii *at, uint8_t *out, size_t room)
{
	size_t len = 0;
	while (len < room && at->pos < content.len) {
		uint8_t c = content.ptr[at->pos];
		bool pair = c == '\n' || c == '\r';
		if (pair && !at->half) {
			out[len++] = '\r';
			at->half = true;
			continue;
		}
		out[len++] = c == '\r' ? '\0' : c;
		at->half = false;
		at->pos++;
	}
	return len;
}
