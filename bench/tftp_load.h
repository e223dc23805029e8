/*
 * Many phones that fetch files over TFTP at once: the load of tftp_bench.c. One thread and one socket play all of them: each phone has an
 * address of its own in 127.0.0.0/8, and datagrams are received and sent in batches, so that the load costs little beside the server.
 */
#ifndef UC_BENCH_TFTP_LOAD_H
#define UC_BENCH_TFTP_LOAD_H

#include "bench.h"

/* What every phone fetches, in this order. */
struct uc_load_file {
	const char *name;        /* "*" in it is the phone's number, with 12 digits */
	struct uc_buf *contents; /* what must come: one for all phones, or */
	bool each;               /* one for each */
};

struct uc_load {
	const char *address; /* of the server, IPv4 */
	uint16_t port;
	unsigned phones, at_once;
	const char *options; /* "blksize=1428,tsize=0", or "" */
	const struct uc_load_file *files;
	unsigned count;
	bool learn; /* whatever comes is right, and becomes the contents; one phone at a time */
};

struct uc_load_result {
	double seconds;            /* from the first request to the last block */
	unsigned long files;       /* got whole, compared byte by byte */
	unsigned long resent;      /* packets of phones that had waited for too long */
	struct uc_samples latency; /* in seconds, from each request to the last block */
};

/* Plays them all to the end; ends the program when a phone gets an error, wrong bytes, or no answer for long. Free result->latency. */
void uc_load_play(const struct uc_load *load, struct uc_load_result *result);

#endif
