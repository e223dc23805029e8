#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "serve/tftp/impl.h"

/* ---- sending ---- */

static void send_block(struct uc_tftp_transfer *x, uint64_t block)
{
	uint8_t head[4];
	uc_tftp_head_write(head, UC_TFTP_DATA, (uint16_t)block);
	struct uc_slice content = uc_slice_of(x->block, x->block_len);
	if (!x->request.netascii) {
		struct uc_reader r = uc_reader_of(x->file.content);
		r.pos = (size_t)(block - 1) * x->terms.blksize;
		size_t left = uc_reader_left(&r);
		(void)!uc_read_slice(&r, left < x->terms.blksize ? left : x->terms.blksize, &content);
	}
	uc_tftp_count(&x->server->counters.bytes, content.len);
	uc_tftp_put(x, uc_slice_of(head, sizeof head), content);
}

/* Sends all that may be sent before the next acknowledgement. */
static void send_window(struct uc_tftp_transfer *x)
{
	uint64_t end = uc_tftp_flow_end(&x->flow);
	if (x->flow.first == 0)
		uc_tftp_put(x, uc_slice_of(x->terms.oack, x->terms.oack_len), uc_slice_of(NULL, 0));
	else
		for (uint64_t block = x->flow.first; block <= end; block++) send_block(x, block);
	x->flow.next = end + 1;
}

/* Makes the next block of netascii: its window is one block. The last one is known when it comes. */
static void fill_block(struct uc_tftp_transfer *x)
{
	/* The one before may still wait to be sent. */
	if (x->batch == x->socket->batch) uc_tftp_flush(x->socket);
	x->block_len = uc_tftp_ascii_fill(x->file.content, &x->ascii, x->block, x->terms.blksize);
	if (x->block_len < x->terms.blksize) x->flow.last = x->flow.first;
}

/*
 * The wait doubles with each try, to a limit. A client may have asked for a longer one (RFC 2349): that counts once it has answered, so that a
 * request with a forged address does not hold its place for long.
 */
static void set_deadline(struct uc_tftp_transfer *x)
{
	uint64_t base = x->server->timeout_ms;
	uint64_t wish = (uint64_t)x->terms.timeout * 1000;
	if (wish > 0 && (x->answered || wish < base)) base = wish;
	uint64_t most = base > UC_TFTP_WAIT_MAX ? base : UC_TFTP_WAIT_MAX;
	uint64_t wait = base;
	for (unsigned i = 0; i < x->tries && wait < most; i++) wait *= 2;
	uc_tftp_wheel_set(&x->server->wheel, &x->timer, x->server->now_ms + (wait < most ? wait : most));
}

void uc_tftp_send_again(struct uc_tftp_transfer *x)
{
	send_window(x);
	uc_tftp_count(&x->server->counters.retransmitted, x->flow.next - x->flow.first);
}

void uc_tftp_on_timeout(void *server, struct uc_tftp_timer *timer)
{
	struct uc_tftp *t = server;
	struct uc_tftp_transfer *x = (struct uc_tftp_transfer *)((char *)timer - offsetof(struct uc_tftp_transfer, timer));
	if (x->tries >= t->retries) {
		uc_tftp_end(x, UC_TFTP_GONE);
		return;
	}
	x->tries++;
	uc_tftp_send_again(x);
	set_deadline(x);
}

/* ---- the beginning ---- */

static struct uc_tftp_transfer *transfer_new(struct uc_tftp *t, const struct uc_tftp_path *path, struct uc_slice asked)
{
	struct uc_tftp_transfer *x = uc_alloc(sizeof *x + asked.len);
	memset(x, 0, sizeof *x);
	x->server = t;
	x->socket = t->sockets[t->turn++ % UC_TFTP_SOCKETS];
	x->path = *path;
	x->begun_ms = t->now_ms;
	if (asked.len > 0) memcpy(x->asked, asked.ptr, asked.len);
	x->asked_len = asked.len;
	uc_tftp_peer_text(&path->peer, x->peer);
	x->entry.key = uc_tftp_key_of(&path->peer);
	uc_tftp_table_add(t->table, &x->entry);
	LIST_INSERT_HEAD(&t->transfers, x, link);
	atomic_store_explicit(&t->counters.active, uc_tftp_table_count(t->table), memory_order_relaxed);
	return x;
}

static void transfer_free(struct uc_tftp_transfer *x)
{
	struct uc_tftp *t = x->server;
	uc_tftp_wheel_clear(&t->wheel, &x->timer);
	uc_tftp_table_remove(t->table, &x->entry, t->now_ms);
	LIST_REMOVE(x, link);
	atomic_store_explicit(&t->counters.active, uc_tftp_table_count(t->table), memory_order_relaxed);
	free(x->block);
	free(x);
}

static void give(struct uc_tftp_transfer *x, const struct uc_tftp_file *file)
{
	const struct uc_tftp *t = x->server;
	x->file = *file;
	/* What the path carries is asked only when it may matter. */
	struct uc_tftp_limits limits = {.blksize = UC_TFTP_BLOCK, .windowsize = UC_TFTP_WINDOW};
	for (unsigned i = 0; i < x->request.count; i++)
		if (x->request.asked[i].option == UC_TFTP_BLKSIZE && x->request.asked[i].value > UC_TFTP_BLOCK)
			limits.blksize = uc_tftp_path_block(t, &x->path);
	uc_tftp_negotiate(&x->request, &limits, file->content.len, &x->terms);
	uint64_t last = x->request.netascii ? UINT64_MAX : uc_tftp_flow_last(file->content.len, x->terms.blksize);
	x->flow = uc_tftp_flow_of(x->terms.oack_len > 0, last, x->terms.windowsize);
	if (x->request.netascii) {
		x->block = uc_alloc(x->terms.blksize);
		if (x->flow.first > 0) fill_block(x);
	}
	send_window(x);
	set_deadline(x);
}

/* What find said becomes the answer to the client. */
static void answer(struct uc_tftp_transfer *x, enum uc_status status, const struct uc_tftp_file *file, const struct uc_error *e)
{
	struct uc_tftp *t = x->server;
	if (status == UC_OK) {
		give(x, file);
		return;
	}
	uc_log(UC_LOG_DEBUG, "TFTP: %s is refused: %s", x->peer, e->message);
	uc_tftp_count(&t->counters.refused, 1);
	uc_tftp_send_error(t, x->socket, &x->path, uc_tftp_code_of(status), e->message);
	transfer_free(x);
}

void uc_tftp_begin(struct uc_tftp *t, const struct uc_tftp_path *path, struct uc_slice asked)
{
	struct uc_error e;
	struct uc_tftp_file file = {.handle = NULL};
	bool later = false;
	struct uc_tftp_transfer *x = transfer_new(t, path, asked);
	enum uc_status status = uc_tftp_request_read(uc_slice_of(x->asked, x->asked_len), &x->request, &e);
	if (status == UC_OK) status = t->source.find(t->source.ctx, x->request.name, x->peer, false, &later, &file, &e);
	if (!later) {
		answer(x, status, &file, &e);
		return;
	}
	struct uc_tftp_job *job = uc_zalloc(1, sizeof *job);
	job->transfer = x;
	x->finding = true;
	uc_tftp_workers_put(t->workers, job);
}

void uc_tftp_found(struct uc_tftp_job *job)
{
	struct uc_tftp_transfer *x = job->transfer;
	x->finding = false;
	answer(x, job->status, &job->file, &job->error);
	free(job);
}

/* ---- the end ---- */

void uc_tftp_end(struct uc_tftp_transfer *x, enum uc_tftp_end how)
{
	struct uc_tftp *t = x->server;
	_Atomic uint64_t *const counters[] = {
	    [UC_TFTP_SENT] = &t->counters.sent, [UC_TFTP_ABORTED] = &t->counters.aborted, [UC_TFTP_GONE] = &t->counters.gone};
	static const char *const words[] = {[UC_TFTP_SENT] = "has got", [UC_TFTP_ABORTED] = "has given up", [UC_TFTP_GONE] = "has left with"};
	/* What waits to be sent points into the file. */
	if (x->batch == x->socket->batch) uc_tftp_flush(x->socket);
	uc_log(UC_LOG_DEBUG, "TFTP: %s %s %s, %zu bytes", x->peer, words[how], x->request.name, x->file.content.len);
	if (t->source.ended != NULL) t->source.ended(t->source.ctx, x->request.name, x->peer, &x->file, how);
	t->source.release(t->source.ctx, &x->file);
	uc_tftp_count(counters[how], 1);
	transfer_free(x);
}

/* ---- the client's packets ---- */

static void on_ack(struct uc_tftp_transfer *x, uint16_t block)
{
	enum uc_tftp_acked acked = uc_tftp_flow_ack(&x->flow, block);
	if (acked == UC_TFTP_ACK_STALE) return;
	if (acked == UC_TFTP_ACK_DONE) {
		uc_tftp_end(x, UC_TFTP_SENT);
		return;
	}
	x->answered = true;
	x->tries = 0;
	if (x->request.netascii) fill_block(x);
	send_window(x);
	set_deadline(x);
}

static void on_error(struct uc_tftp_transfer *x, struct uc_slice datagram)
{
	char text[UC_TFTP_TEXT];
	uc_log(UC_LOG_DEBUG, "TFTP: %s says of %s: %s", x->peer, x->request.name, uc_tftp_packet_text(datagram, 0, text));
	uc_tftp_end(x, UC_TFTP_ABORTED);
}

/* Something came from a client without a transfer here. */
static void on_stranger(struct uc_tftp_socket *s, unsigned i, const struct uc_tftp_key *key, const struct uc_tftp_packet *packet)
{
	struct uc_tftp *t = s->server;
	struct uc_tftp_path path;
	if (packet->op == UC_TFTP_ERROR || uc_tftp_table_late(t->table, key, t->now_ms) || !uc_tftp_inbox_path(t->inbox, i, &path)) return;
	uc_tftp_send_error(t, s, &path, UC_TFTP_UNKNOWN_TID, "unknown transfer ID");
}

void uc_tftp_on_packet(struct uc_tftp_socket *s, unsigned i)
{
	struct uc_tftp *t = s->server;
	struct uc_slice datagram;
	struct uc_tftp_packet packet;
	/* One that was cut is an error with a long text, or nothing a client sends. */
	(void)!uc_tftp_inbox_datagram(t->inbox, i, &datagram);
	if (t->trace) uc_tftp_trace(&t->inbox->from[i], "from", datagram, 0);
	if (!uc_tftp_packet_read(datagram, &packet)) return;
	struct uc_tftp_key key = uc_tftp_key_of(&t->inbox->from[i]);
	struct uc_tftp_transfer *x = (struct uc_tftp_transfer *)uc_tftp_table_find(t->table, &key);
	if (x == NULL || x->socket != s || x->finding) {
		on_stranger(s, i, &key, &packet);
	} else if (packet.op == UC_TFTP_ACK) {
		on_ack(x, packet.number);
	} else if (packet.op == UC_TFTP_ERROR) {
		on_error(x, datagram);
	} else {
		uc_tftp_send_error(t, s, &x->path, UC_TFTP_ILLEGAL, "illegal TFTP operation");
		uc_tftp_end(x, UC_TFTP_ABORTED);
	}
}
