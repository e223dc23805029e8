/*
 * Inside the TFTP server; for its own files only.
 *
 *   packet.c    packets and options, bytes only
 *   flow.c      which blocks are under way; ascii.c: netascii
 *   table.c     transfers by client; wheel.c: their deadlines
 *   socket.c    sockets; batch.c: datagrams in batches
 *   request.c   what comes to the port that everybody knows
 *   transfer.c  a transfer from its first packet to its end
 *   worker.c    threads for finds that wait
 *   tftp.c      puts them together
 *
 * Transfers are touched by the loop's thread only. The port receives requests; what is sent leaves from a few other sockets, whose ports
 * are the server's transfer identifiers (RFC 1350 section 4), each shared by many transfers: a transfer is known by its client's address
 * and port.
 */
#ifndef UC_SERVE_TFTP_IMPL_H
#define UC_SERVE_TFTP_IMPL_H

#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "serve/tftp/ascii.h"
#include "serve/tftp/flow.h"
#include "serve/tftp/packet.h"
#include "serve/tftp/table.h"
#include "serve/tftp/tftp.h"
#include "serve/tftp/wheel.h"

/* Datagrams received or sent by one system call. */
#define UC_TFTP_BATCH 64
/* Longer than any request or answer of a client; what is longer is cut, and no request. */
#define UC_TFTP_DATAGRAM (UC_TFTP_REQUEST_MAX + 64)
/* Sockets whose ports are transfer identifiers. */
#define UC_TFTP_SOCKETS 2
/* The largest windowsize that is granted: a burst that a switch's buffers hold. */
#define UC_TFTP_WINDOW 64
/* The longest wait that doubling leads to, in milliseconds; a client may ask for a longer one. */
#define UC_TFTP_WAIT_MAX 16000
/* Text of an address, with the scope of a link-local one. */
#define UC_TFTP_PEER 64

/* The ancillary data that says which of our addresses a datagram came to, or is to leave from. */
struct uc_tftp_control {
	_Alignas(struct cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

/* The client, and the address of ours that it knows. */
struct uc_tftp_path {
	union uc_tftp_address peer;
	socklen_t peer_len;
	struct uc_tftp_control source; /* for sendmsg() */
	size_t source_len;             /* 0: the socket is bound to that address anyway */
};

/* Datagrams of one recvmmsg(). */
struct uc_tftp_inbox {
	struct mmsghdr messages[UC_TFTP_BATCH];
	struct iovec parts[UC_TFTP_BATCH];
	union uc_tftp_address from[UC_TFTP_BATCH];
	struct uc_tftp_control control[UC_TFTP_BATCH];
	uint8_t data[UC_TFTP_BATCH][UC_TFTP_DATAGRAM];
};

struct uc_tftp_socket {
	struct uc_tftp *server;
	int fd;
	bool told; /* it is told which address a datagram came to, since it may be any */
	struct event *event;
	/* Datagrams that wait for one sendmmsg(). They point into transfers and files. */
	unsigned count;
	uint64_t batch; /* the number of the batch that is being filled */
	struct mmsghdr out[UC_TFTP_BATCH];
	struct iovec parts[UC_TFTP_BATCH][2]; /* head and content: no content is copied */
	uint8_t heads[UC_TFTP_BATCH][4];
};

/* A find that a worker makes. */
struct uc_tftp_job {
	struct uc_tftp_transfer *transfer; /* its name and peer are read */
	enum uc_status status;
	struct uc_tftp_file file;
	struct uc_error error;
	STAILQ_ENTRY(uc_tftp_job) next;
};
STAILQ_HEAD(uc_tftp_jobs, uc_tftp_job);

struct uc_tftp_transfer {
	struct uc_tftp_entry entry; /* the first: the table gives it */
	struct uc_tftp_timer timer;
	LIST_ENTRY(uc_tftp_transfer) link;
	struct uc_tftp *server;
	struct uc_tftp_socket *socket;
	struct uc_tftp_path path;
	struct uc_tftp_request request; /* its texts lie in asked */
	uint64_t begun_ms;
	bool finding;             /* a worker has its job */
	bool answered;            /* the client has acknowledged something */
	struct uc_tftp_file file; /* from here on: when it has been found */
	struct uc_tftp_terms terms;
	struct uc_tftp_flow flow;
	uint64_t batch; /* the socket's batch in which it has datagrams */
	unsigned tries; /* how often what is under way has been sent again */
	struct uc_tftp_ascii ascii;
	uint8_t *block; /* owned: the block under way in netascii */
	size_t block_len;
	char peer[UC_TFTP_PEER];
	size_t asked_len; /* the request as it came, without its opcode */
	uint8_t asked[];
};
LIST_HEAD(uc_tftp_transfers, uc_tftp_transfer);

struct uc_tftp_workers;

/* Written by the loop's thread only. */
struct uc_tftp_counters {
	_Atomic uint64_t requests, sent, aborted, gone, refused, dropped, retransmitted, bytes;
	_Atomic unsigned active;
};

struct uc_tftp {
	struct uc_tftp_source source;
	unsigned timeout_ms, retries, per_client, max;
	bool trace;
	uint16_t port;
	struct uc_tftp_socket *listener;
	struct uc_tftp_socket *sockets[UC_TFTP_SOCKETS];
	unsigned turn; /* which of them gets the next transfer */
	int probe;     /* a socket that asks the system for the way to a client */
	int wake;      /* eventfd: a worker has finished, or the server is to stop */
	struct event_base *base;
	struct event *wake_event, *tick_event;
	pthread_t thread;
	atomic_bool stopping;
	struct uc_tftp_workers *workers;
	struct uc_tftp_inbox *inbox, *requests; /* of the sockets, of the listener */
	struct uc_tftp_table *table;
	struct uc_tftp_wheel wheel;
	struct uc_tftp_transfers transfers;
	uint64_t now_ms; /* of the batch that is handled */
	struct uc_tftp_counters counters;
};

static inline void uc_tftp_count(_Atomic uint64_t *counter, uint64_t more)
{
	/* Only one thread writes: no locked instruction. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more, memory_order_relaxed);
}

/* ---- socket.c ---- */

/* All sockets of a server, not yet on a loop. UC_EIO "address-in-use", "port-not-allowed", UC_EINPUT "bad-address". */
enum uc_status uc_tftp_sockets_open(struct uc_tftp *t, const char *address, uint16_t port, struct uc_error *e) UC_MUST;
void uc_tftp_sockets_close(struct uc_tftp *t);

/* ---- batch.c ---- */

/* Free with free(). */
struct uc_tftp_inbox *uc_tftp_inbox_new(void);
/* Receives what is there, at most a batch. Returns how many datagrams; 0 for none. */
unsigned uc_tftp_receive(const struct uc_tftp_socket *s, struct uc_tftp_inbox *in);
/* The bytes of a datagram, and false when it was cut. */
bool uc_tftp_inbox_datagram(const struct uc_tftp_inbox *in, unsigned i, struct uc_slice *out) UC_MUST;
/*
 * Where a datagram came from, and where to. False when it came to a broadcast or multicast address: such a request is not answered (RFC
 * 1123 section 4.2.3.5).
 */
bool uc_tftp_inbox_path(const struct uc_tftp_inbox *in, unsigned i, struct uc_tftp_path *out) UC_MUST;
/* Puts a datagram for a transfer into its socket's batch; head is copied, content is not and may be empty. */
void uc_tftp_put(struct uc_tftp_transfer *x, struct uc_slice head, struct uc_slice content);
void uc_tftp_flush(struct uc_tftp_socket *s);
void uc_tftp_flush_all(struct uc_tftp *t);
/* Sends an error at once, from one of the transfer identifiers; s may be NULL: any. */
void uc_tftp_send_error(struct uc_tftp *t, const struct uc_tftp_socket *s, const struct uc_tftp_path *to, enum uc_tftp_code code,
                        const char *text);
/* The largest blksize whose datagrams reach the client without being fragmented, as far as the system knows. */
uint32_t uc_tftp_path_block(const struct uc_tftp *t, const struct uc_tftp_path *path);
/* The address as text, without the port. buf has at least UC_TFTP_PEER bytes; returns buf. */
char *uc_tftp_peer_text(const union uc_tftp_address *address, char *buf);
/* Writes a packet to the log (C118); more: so many bytes of it are not in packet. */
void uc_tftp_trace(const union uc_tftp_address *peer, const char *direction, struct uc_slice packet, size_t more);

/* ---- request.c ---- */

void uc_tftp_on_request(struct uc_tftp *t, unsigned i);

/* ---- transfer.c ---- */

/* Begins a transfer for what follows the opcode of a request: finds the file, on a worker when it has to wait. */
void uc_tftp_begin(struct uc_tftp *t, const struct uc_tftp_path *path, struct uc_slice asked);
/* A worker has finished. Frees the job. */
void uc_tftp_found(struct uc_tftp_job *job);
/* A datagram came to a transfer identifier. */
void uc_tftp_on_packet(struct uc_tftp_socket *s, unsigned i);
/* Sends what is under way, as when the time for its acknowledgement has passed. */
void uc_tftp_send_again(struct uc_tftp_transfer *x);
void uc_tftp_on_timeout(void *server, struct uc_tftp_timer *timer);
/* Ends a transfer and frees it. */
void uc_tftp_end(struct uc_tftp_transfer *x, enum uc_tftp_end how);

/* ---- worker.c ---- */

struct uc_tftp_workers *uc_tftp_workers_new(const struct uc_tftp_source *source, unsigned count, int wake);
void uc_tftp_workers_put(struct uc_tftp_workers *w, struct uc_tftp_job *job);
/* Moves the finished jobs to the end of out. */
void uc_tftp_workers_take(struct uc_tftp_workers *w, struct uc_tftp_jobs *out);
/* Waits for the finds that run; those that have not begun are given back with UC_EUNAVAILABLE. */
void uc_tftp_workers_stop(struct uc_tftp_workers *w);
void uc_tftp_workers_free(struct uc_tftp_workers *w);

#endif
