/*
 * Targets: uc_tftp_packet_read, uc_tftp_request_read, uc_tftp_negotiate, uc_tftp_packet_text, uc_tftp_error_write
 * (src/serve/tftp/packet.c), and uc_tftp_flow_ack and uc_tftp_ascii_fill with what was agreed on. The input is a datagram; what follows the
 * end of a request (at most 512 bytes) are acknowledgements.
 */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "serve/tftp/ascii.h"
#include "serve/tftp/flow.h"
#include "serve/tftp/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool rule)
{
	if (!rule) abort();
}

/* What is shown to people is one clean line. */
static void check_texts(struct uc_slice datagram)
{
	char text[UC_TFTP_TEXT];
	char again[UC_TFTP_TEXT];
	uint8_t error[UC_TFTP_ERROR_MAX];
	uc_tftp_packet_text(datagram, 0, text);
	memcpy(again, text, sizeof again);
	require(strcmp(uc_text_printable(again), text) == 0);
	size_t len = uc_tftp_error_write(error, UC_TFTP_UNDEFINED, text);
	require(len >= 5 && len <= sizeof error && error[len - 1] == '\0' && strlen((const char *)error + 4) == len - 5);
}

/* The answer holds what was agreed on, each option once, and only what was asked for. */
static void check_oack(const struct uc_tftp_request *r, const struct uc_tftp_terms *t)
{
	struct uc_tftp_packet p;
	require(t->oack_len <= sizeof t->oack && uc_tftp_packet_read(uc_slice_of(t->oack, t->oack_len), &p) && p.op == UC_TFTP_OACK);
	struct uc_reader reader = uc_reader_of(p.rest);
	const char *name;
	const char *value;
	unsigned options = 0;
	while (uc_read_text(&reader, &name)) {
		unsigned long long n = 0;
		require(uc_read_text(&reader, &value) && uc_parse_u64(value, 0, UINT64_MAX, &n));
		if (strcmp(name, "blksize") == 0) require(n == t->blksize);
		if (strcmp(name, "timeout") == 0) require(n == t->timeout);
		if (strcmp(name, "windowsize") == 0) require(n == t->windowsize);
		options++;
	}
	require(uc_reader_left(&reader) == 0 && options > 0 && options <= r->count);
}

/* Whatever is acknowledged, the window moves forward, never beyond the file, and the end comes once. */
static void check_flow(const struct uc_tftp_terms *t, uint64_t last, struct uc_reader *acks)
{
	struct uc_tftp_flow flow = uc_tftp_flow_of(t->oack_len > 0, last, t->windowsize);
	uint16_t block;
	while (uc_read_u16(acks, &block)) {
		uint64_t first = flow.first;
		uint64_t end = uc_tftp_flow_end(&flow);
		require(end >= first && end - first < t->windowsize && end <= last);
		flow.next = end + 1;
		enum uc_tftp_acked acked = uc_tftp_flow_ack(&flow, block);
		require(acked == UC_TFTP_ACK_STALE ? flow.first == first : flow.first > first && (uint16_t)(flow.first - 1) == block);
		require(flow.first <= end + 1 && (acked == UC_TFTP_ACK_DONE) == (flow.first == last + 1));
		if (acked == UC_TFTP_ACK_DONE) return;
	}
}

/* Blocks are full but for the last, and no larger than twice the text together. */
static void check_ascii(struct uc_slice text, uint32_t blksize)
{
	struct uc_tftp_ascii at = {.pos = 0};
	static uint8_t block[UC_TFTP_BLOCK_MAX];
	size_t sum = 0;
	size_t len = blksize;
	while (len == blksize) {
		len = uc_tftp_ascii_fill(text, &at, block, blksize);
		require(len <= blksize);
		sum += len;
	}
	require(at.pos == text.len && !at.half && sum >= text.len && sum <= 2 * text.len);
}

static void check_request(struct uc_slice rest, struct uc_slice after)
{
	struct uc_tftp_request r;
	struct uc_error e;
	if (uc_tftp_request_read(rest, &r, &e) != UC_OK) {
		require(strcmp(e.id, "tftp-malformed") == 0 || strcmp(e.id, "tftp-mode") == 0);
		return;
	}
	require(r.name[0] != '\0' && strlen(r.name) < rest.len && r.count <= UC_TFTP_OPTIONS);
	const struct uc_tftp_limits limits = {.blksize = 1468, .windowsize = 64};
	struct uc_tftp_terms t;
	uc_tftp_negotiate(&r, &limits, after.len, &t);
	require(t.blksize >= UC_TFTP_BLOCK_MIN && t.blksize <= 1468 && t.windowsize >= 1 && t.windowsize <= 64 && t.timeout <= 255);
	if (t.oack_len > 0) check_oack(&r, &t);
	struct uc_reader acks = uc_reader_of(after);
	check_flow(&t, uc_tftp_flow_last(after.len, t.blksize), &acks);
	if (r.netascii) check_ascii(after, t.blksize);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uc_reader reader = uc_reader_of(uc_slice_of(data, size));
	struct uc_tftp_packet p;
	struct uc_slice datagram;
	struct uc_slice after;
	require(uc_read_slice(&reader, size < UC_TFTP_REQUEST_MAX ? size : UC_TFTP_REQUEST_MAX, &datagram));
	require(uc_read_slice(&reader, uc_reader_left(&reader), &after));
	check_texts(datagram);
	if (!uc_tftp_packet_read(datagram, &p)) return 0;
	check_request(p.rest, after.len > 0 ? after : p.rest);
	return 0;
}
