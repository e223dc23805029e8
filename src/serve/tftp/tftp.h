/*
 * The TFTP server: read-only (RFC 1350, modes octet and netascii), with the options blksize (RFC 2348), timeout and tsize (RFC 2349) and
 * windowsize (RFC 7440), negotiated as RFC 2347 says. IPv4 and IPv6. It knows nothing of certificates: files come from a struct
 * uc_tftp_source.
 *
 * All transfers run on one event loop without a thread or a socket of their own for each; datagrams are received and sent in batches, and
 * no block is copied. Answers leave from the address that the request came to, from a port that is shared by many transfers (UDP; a
 * firewall must let through what phones send to any port from 1024 on, as for every TFTP server).
 */
#ifndef UC_SERVE_TFTP_TFTP_H
#define UC_SERVE_TFTP_TFTP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/error.h"

struct uc_tftp;

/* Bytes that are served, until release(handle) is called: once, from any of the server's threads. */
struct uc_tftp_file {
	struct uc_slice content;
	void *handle;
};

enum uc_tftp_end {
	UC_TFTP_SENT,    /* the client has acknowledged the last block */
	UC_TFTP_ABORTED, /* by the client */
	UC_TFTP_GONE     /* the client stopped answering or began anew, or the server stops */
};

struct uc_tftp_source {
	void *ctx;
	/*
	 * Finds a file for a client (its address, without a port). name is as it was sent: not empty, without NUL, otherwise any bytes; what is
	 * unsafe is the source's to refuse. Without may_block on the loop's thread: it must not wait, and sets *later when it would have to
	 * (its status does not count then); it is called again on a worker thread. UC_ENOTFOUND, UC_EREFUSED and others become the error
	 * packet, with the message.
	 */
	enum uc_status (*find)(void *ctx, const char *name, const char *peer, bool may_block, bool *later, struct uc_tftp_file *out,
	                       struct uc_error *e);
	void (*release)(void *ctx, struct uc_tftp_file *file);
	/* A transfer has ended; on the loop's thread, before release. May be NULL. */
	void (*ended)(void *ctx, const char *name, const char *peer, const struct uc_tftp_file *file, enum uc_tftp_end how);
};

struct uc_tftp_config {
	const char *address; /* "0.0.0.0", "::" (IPv4 as well: not beside 0.0.0.0 on the same port), "192.0.2.1", "fe80::1%eth0" */
	uint16_t port;       /* 0: the system chooses */
	/* Until a block is sent again the first time (0: 1000), unless the client asks for another time; doubles with each, to 16 seconds. */
	unsigned timeout_ms;
	unsigned retries;    /* how often (0: 5) */
	unsigned per_client; /* transfers under way of one address at most (0: 32); further requests are dropped, and phones repeat them */
	unsigned max;        /* and of all (0: 20000) */
	unsigned workers;    /* threads for finds that wait (0: 2) */
	bool trace;          /* each packet goes to the log at level debug (C118) */
};

/*
 * Opens the sockets and starts a thread with the loop. Owned: uc_tftp_stop(). UC_EINPUT "bad-address"; UC_EIO "address-in-use",
 * "port-not-allowed", "no-such-address" and others, with what to do.
 */
enum uc_status uc_tftp_start(const struct uc_tftp_config *config, const struct uc_tftp_source *source, struct uc_tftp **out,
                             struct uc_error *e) UC_MUST;
uint16_t uc_tftp_port(const struct uc_tftp *t);
/* Ends all transfers, waits for the finds that run, frees it. NULL is allowed. */
void uc_tftp_stop(struct uc_tftp *t);

struct uc_tftp_stats {
	uint64_t requests;            /* that have come, repeated ones as well */
	uint64_t sent, aborted, gone; /* ends of transfers, see enum uc_tftp_end */
	uint64_t refused;             /* requests that were answered with an error */
	uint64_t dropped;             /* requests beyond the limits of config */
	uint64_t retransmitted;       /* packets sent again, since no answer to them came */
	uint64_t bytes;               /* of files, those sent again as well */
	unsigned active;              /* transfers under way */
};
/* From any thread. */
void uc_tftp_stats(const struct uc_tftp *t, struct uc_tftp_stats *out);

#endif
