/* Looking at what a TLS server presents (U4): the same function for this node's own listeners and for any other host. */
#ifndef UC_NODE_PROBE_H
#define UC_NODE_PROBE_H

#include "pki/cert.h"

enum uc_probe_keys { UC_PROBE_ANY, UC_PROBE_RSA, UC_PROBE_EC };

struct uc_probe {
	char address[64]; /* the numeric address that was reached */
	char version[16]; /* "TLSv1.3" */
	char cipher[64];
	struct uc_certs chain; /* as presented, leaf first */
};

void uc_probe_free(struct uc_probe *p);

/* Splits "HOST:PORT", "[v6]:PORT"; host has 256 bytes. UC_EINPUT "bad-peer". */
enum uc_status uc_peer_split(const char *peer, char *host, char port[8], struct uc_error *e) UC_MUST;

/*
 * Connects, shakes hands offering only signatures of the given kind of key, and closes, within timeout_ms in all. name is sent as SNI unless it is an address; NULL: the host. Nothing is
 * verified: the caller judges the chain. UC_EUNREACHABLE says at which step it failed: "peer-unknown" (name), "peer-refused" (connect), "peer-no-tls" (handshake), "peer-timeout".
 */
enum uc_status uc_probe_tls(const char *host, const char *port, const char *name, enum uc_probe_keys keys, int timeout_ms,
                            struct uc_probe *out, struct uc_error *e) UC_MUST;

#endif
