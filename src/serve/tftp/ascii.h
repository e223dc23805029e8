/*
 * The mode netascii (RFC 1350 section 1, RFC 764): a line feed is sent as CR LF, a carriage return as CR NUL. A block at a time, so that no
 * file is converted as a whole.
 */
#ifndef UC_SERVE_TFTP_ASCII_H
#define UC_SERVE_TFTP_ASCII_H

#include "core/bytes.h"

/* How far a file has been converted. Zero-initialised is its beginning. */
struct uc_tftp_ascii {
	size_t pos;
	bool half; /* the first byte of the pair for content[pos] has been given */
};

/* Fills out with the next room bytes; fewer only at the end. Returns how many. */
size_t uc_tftp_ascii_fill(struct uc_slice content, struct uc_tftp_ascii *at, uint8_t *out, size_t room);

#endif
