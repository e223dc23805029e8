/*
 * The packets of TFTP, bytes in and bytes out: RFC 1350 section 5 and RFC 2347, and what is agreed on options: RFC 2348, 2349, 7440.
 */
#ifndef UC_SERVE_TFTP_PACKET_H
#define UC_SERVE_TFTP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/error.h"

enum uc_tftp_op { UC_TFTP_RRQ = 1, UC_TFTP_WRQ, UC_TFTP_DATA, UC_TFTP_ACK, UC_TFTP_ERROR, UC_TFTP_OACK };

enum uc_tftp_code {
	UC_TFTP_UNDEFINED,
	UC_TFTP_NO_FILE,
	UC_TFTP_ACCESS,
	UC_TFTP_DISK_FULL,
	UC_TFTP_ILLEGAL,
	UC_TFTP_UNKNOWN_TID,
	UC_TFTP_FILE_EXISTS,
	UC_TFTP_NO_USER,
	UC_TFTP_BAD_OPTIONS /* RFC 2347 */
};

/* A request has at most this many bytes (RFC 2347). */
#define UC_TFTP_REQUEST_MAX 512
/* Without the option blksize (RFC 1350). */
#define UC_TFTP_BLOCK 512
/* Of the option blksize (RFC 2348). */
#define UC_TFTP_BLOCK_MIN 8
#define UC_TFTP_BLOCK_MAX 65464

/* Any packet. What follows the number is left to whom it concerns. */
struct uc_tftp_packet {
	uint16_t op;          /* also one that does not exist */
	uint16_t number;      /* the block of DATA and ACK, the code of ERROR; 0 of others */
	struct uc_slice rest; /* borrowed */
};

/* False for what is too short to be a packet of its kind: there is nothing that could be answered. */
bool uc_tftp_packet_read(struct uc_slice datagram, struct uc_tftp_packet *out) UC_MUST;

enum uc_tftp_option { UC_TFTP_BLKSIZE, UC_TFTP_TIMEOUT, UC_TFTP_TSIZE, UC_TFTP_WINDOWSIZE, UC_TFTP_OPTIONS };

/* A request to read. The texts lie in the datagram. */
struct uc_tftp_request {
	const char *name; /* as it was sent; not empty */
	bool netascii;
	/* Options that are known and have a sensible value, in the order in which they were asked for. */
	struct {
		enum uc_tftp_option option;
		uint32_t value;
	} asked[UC_TFTP_OPTIONS];
	unsigned count;
};

/*
 * Reads what follows the opcode of a request. Options that are unknown, repeated or absurd (a blksize outside 8..65464, C117) are left out:
 * a server ignores them (RFC 2347). Zero bytes after the last option are padding. UC_EINPUT "tftp-malformed", "tftp-mode".
 */
enum uc_status uc_tftp_request_read(struct uc_slice rest, struct uc_tftp_request *out, struct uc_error *e) UC_MUST;

/* What this server can do for a client. */
struct uc_tftp_limits {
	uint32_t blksize; /* the largest block that reaches it in one piece */
	uint32_t windowsize;
};

struct uc_tftp_terms {
	uint32_t blksize;
	uint32_t windowsize;
	uint32_t timeout; /* in seconds; 0: ours */
	uint8_t oack[80]; /* the packet, when an option was agreed on */
	size_t oack_len;  /* 0: none was; the first packet is DATA 1 */
};

/*
 * Agrees on the options asked for. A smaller blksize or windowsize than asked for is allowed (RFC 2348, RFC 7440 section 3). In netascii,
 * where the number of bytes that will be sent is not known before, tsize and windowsize are ignored.
 */
void uc_tftp_negotiate(const struct uc_tftp_request *request, const struct uc_tftp_limits *limits, uint64_t size,
                       struct uc_tftp_terms *out);

/* The first four bytes of DATA and ACK. */
void uc_tftp_head_write(uint8_t head[4], enum uc_tftp_op op, uint16_t number);

#define UC_TFTP_ERROR_MAX 256
/* An ERROR packet; the text is cleaned of what is not printable, and cut. Returns its length. */
size_t uc_tftp_error_write(uint8_t out[UC_TFTP_ERROR_MAX], enum uc_tftp_code code, const char *text);
/* The code and the text for a file that is not given out. */
enum uc_tftp_code uc_tftp_code_of(enum uc_status status);

/*
 * A line about a packet for the log (C118), e.g. "RRQ XMLDefault.cnf.xml octet blksize 1024", "DATA 7, 512 bytes". more: so many bytes of
 * it are not in datagram. buf has at least UC_TFTP_TEXT bytes; returns buf.
 */
#define UC_TFTP_TEXT 640
char *uc_tftp_packet_text(struct uc_slice datagram, size_t more, char *buf);

#endif
