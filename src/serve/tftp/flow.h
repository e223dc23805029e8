/*
 * Which blocks of a file are under way: numbers only, no bytes and no time. One block at a time (RFC 1350) is a window of one (RFC 7440).
 *
 * Blocks are counted in 64 bits; packets carry the lower 16, so that a file of more than 65,535 blocks goes on with 0. Block 0 of the
 * counting is the OACK, which is acknowledged like a block (RFC 2347).
 */
#ifndef UC_SERVE_TFTP_FLOW_H
#define UC_SERVE_TFTP_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct uc_tftp_flow {
	uint64_t first; /* the oldest block that is not acknowledged */
	uint64_t next;  /* one after the newest that was sent since the window began at first */
	uint64_t last;  /* of the file; UINT64_MAX while it is not known */
	uint32_t window;
};

/* oack: it begins with the OACK. */
struct uc_tftp_flow uc_tftp_flow_of(bool oack, uint64_t last, uint32_t window);
/* The number of the last block of a file: a file that fills its blocks ends with an empty one. */
uint64_t uc_tftp_flow_last(uint64_t size, uint32_t blksize);
/* The newest block that may be sent before an acknowledgement; the oldest is flow->first. */
uint64_t uc_tftp_flow_end(const struct uc_tftp_flow *flow);

enum uc_tftp_acked {
	UC_TFTP_ACK_STALE, /* a duplicate, or of nothing that is under way: it never triggers a send (C115) */
	UC_TFTP_ACK_NEXT,  /* the window has moved: what it holds is to be sent, beginning after the block acknowledged (RFC 7440 section 4) */
	UC_TFTP_ACK_DONE   /* that was the last block */
};
enum uc_tftp_acked uc_tftp_flow_ack(struct uc_tftp_flow *flow, uint16_t block);

#endif
