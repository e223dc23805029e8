/*
 * The servers that tftp_bench.c measures, each on a loopback address of its own: ucpkid, and those of Debian as far as they are there.
 */
#ifndef UC_BENCH_TFTP_PEERS_H
#define UC_BENCH_TFTP_PEERS_H

#include "bench.h"

struct uc_tftp_peer {
	const char *name;
	const char *address;
	uint16_t port;
	pid_t pid; /* 0: it does not run */
};

#define UC_TFTP_PEERS 4
/* The rows of ucpkid, and of the one that is to be beaten. */
#define UC_TFTP_OURS 0
#define UC_TFTP_DNSMASQ 1

/* Starts a new node in WORK/node that serves WORK/source, and waits until it does. */
void uc_tftp_peers_start_ours(struct uc_tftp_peer *peer, const char *work);
/*
 * Starts the others to serve WORK/files. packages: where bench/tftp-peers has unpacked tftpd-hpa and atftpd, or NULL. One that is not there
 * is left out with a line that says why.
 */
void uc_tftp_peers_start_others(struct uc_tftp_peer peers[UC_TFTP_PEERS], const char *work, const char *packages);
void uc_tftp_peers_stop(struct uc_tftp_peer peers[UC_TFTP_PEERS]);
/* Processor time in seconds, with that of processes it has made and that have ended. */
double uc_tftp_peer_cpu(const struct uc_tftp_peer *peer);

#endif
