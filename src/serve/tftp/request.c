#include "serve/tftp/impl.h"

/* A request that comes again so soon was doubled on its way; no client is that impatient. */
#define REPEAT_MS 200
/* Time-outs after which a client that asks again has begun anew: three seconds, usually. */
#define SILENT_TRIES 2

static void refuse(struct uc_tftp *t, const struct uc_tftp_path *path, enum uc_tftp_code code, const char *text)
{
	uc_tftp_count(&t->counters.refused, 1);
	uc_tftp_send_error(t, NULL, path, code, text);
}

/* Is the client past the transfer that it has under way, so that another request of its port cannot be a duplicate? */
static bool is_given_up(const struct uc_tftp_transfer *x, bool same)
{
	if (x->finding) return false;
	/* It has been silent for longer than the network keeps a datagram. */
	if (x->tries >= SILENT_TRIES) return !same || x->answered;
	/* It wants something else before it has answered, or when all has been sent: its answer was lost. */
	return !same && (!x->answered || x->flow.next > x->flow.last);
}

/*
 * A transfer with this client is under way, so this is a duplicate of its request, or the client has begun anew with the same port. No
 * second transfer begins beside the first. True when the request has been dealt with.
 */
static bool is_repeated(struct uc_tftp *t, const struct uc_tftp_path *path, struct uc_slice asked)
{
	struct uc_tftp_key key = uc_tftp_key_of(&path->peer);
	struct uc_tftp_transfer *x = (struct uc_tftp_transfer *)uc_tftp_table_find(t->table, &key);
	if (x == NULL) return false;
	bool same = uc_slice_eq(asked, uc_slice_of(x->asked, x->asked_len));
	if (is_given_up(x, same)) {
		uc_tftp_end(x, UC_TFTP_GONE);
		return false;
	}
	/* The client's time has passed before ours (C118). */
	if (same && !x->finding && !x->answered && t->now_ms - x->begun_ms >= REPEAT_MS) uc_tftp_send_again(x);
	return true;
}

static void read_request(struct uc_tftp *t, const struct uc_tftp_path *path, struct uc_slice asked)
{
	struct uc_tftp_key key = uc_tftp_key_of(&path->peer);
	if (is_repeated(t, path, asked)) return;
	if (uc_tftp_table_count(t->table) >= t->max || uc_tftp_table_count_host(t->table, &key) >= t->per_client) {
		uc_tftp_count(&t->counters.dropped, 1);
		return;
	}
	uc_tftp_begin(t, path, asked);
}

void uc_tftp_on_request(struct uc_tftp *t, unsigned i)
{
	struct uc_slice datagram;
	struct uc_tftp_path path;
	struct uc_tftp_packet packet;
	bool whole = uc_tftp_inbox_datagram(t->requests, i, &datagram);
	if (!uc_tftp_inbox_path(t->requests, i, &path)) return;
	if (t->trace) uc_tftp_trace(&path.peer, "from", datagram, 0);
	/* An error is never answered (RFC 1350 section 7), and neither is what has no opcode. */
	if (!uc_tftp_packet_read(datagram, &packet) || packet.op == UC_TFTP_ERROR) return;
	uc_tftp_count(&t->counters.requests, 1);
	if (packet.op == UC_TFTP_WRQ)
		refuse(t, &path, UC_TFTP_ACCESS, "this server is read-only");
	else if (packet.op != UC_TFTP_RRQ || !whole)
		refuse(t, &path, UC_TFTP_ILLEGAL, "illegal TFTP operation");
	else
		read_request(t, &path, packet.rest);
}
