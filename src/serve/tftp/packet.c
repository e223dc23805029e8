#include "serve/tftp/packet.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"

static const char *const op_names[] = {"?", "RRQ", "WRQ", "DATA", "ACK", "ERROR", "OACK"};

/* The values that make sense. tsize is asked for with 0, but its value is the server's to say. */
static const struct {
	const char *name;
	uint32_t least, most;
} options[UC_TFTP_OPTIONS] = {
    [UC_TFTP_BLKSIZE] = {"blksize", UC_TFTP_BLOCK_MIN, UC_TFTP_BLOCK_MAX},
    [UC_TFTP_TIMEOUT] = {"timeout", 1, 255},
    [UC_TFTP_TSIZE] = {"tsize", 0, UINT32_MAX},
    [UC_TFTP_WINDOWSIZE] = {"windowsize", 1, 65535},
};

bool uc_tftp_packet_read(struct uc_slice datagram, struct uc_tftp_packet *out)
{
	struct uc_reader r = uc_reader_of(datagram);
	*out = (struct uc_tftp_packet){.op = 0};
	if (!uc_read_u16(&r, &out->op)) return false;
	bool numbered = out->op == UC_TFTP_DATA || out->op == UC_TFTP_ACK || out->op == UC_TFTP_ERROR;
	if (numbered && !uc_read_u16(&r, &out->number)) return false;
	return uc_read_slice(&r, uc_reader_left(&r), &out->rest);
}

static enum uc_status malformed(struct uc_error *e, const char *what)
{
	return uc_fail(e, UC_EINPUT, "tftp-malformed", NULL, "malformed request: %s", what);
}

static bool has(const struct uc_tftp_request *r, enum uc_tftp_option option)
{
	for (unsigned i = 0; i < r->count; i++)
		if (r->asked[i].option == option) return true;
	return false;
}

/* Takes an option into the request if it is known, new and sensible. */
static void take_option(struct uc_tftp_request *r, const char *name, const char *value)
{
	for (enum uc_tftp_option o = 0; o < UC_TFTP_OPTIONS; o++) {
		if (!uc_eq_nocase(name, options[o].name)) continue;
		unsigned long long n;
		if (has(r, o) || !uc_parse_u64(value, options[o].least, options[o].most, &n)) return;
		r->asked[r->count].option = o;
		r->asked[r->count++].value = (uint32_t)n;
		return;
	}
}

static enum uc_status read_mode(const char *mode, bool *netascii, struct uc_error *e)
{
	*netascii = uc_eq_nocase(mode, "netascii");
	if (*netascii || uc_eq_nocase(mode, "octet")) return UC_OK;
	return uc_fail(e, UC_EINPUT, "tftp-mode", NULL, "mode '%.16s' is not served, only octet and netascii", mode);
}

enum uc_status uc_tftp_request_read(struct uc_slice rest, struct uc_tftp_request *out, struct uc_error *e)
{
	struct uc_reader r = uc_reader_of(rest);
	const char *mode;
	*out = (struct uc_tftp_request){.name = NULL};
	if (rest.len > UC_TFTP_REQUEST_MAX - sizeof(uint16_t)) return malformed(e, "too long");
	if (!uc_read_text(&r, &out->name) || out->name[0] == '\0') return malformed(e, "no file name");
	if (!uc_read_text(&r, &mode)) return malformed(e, "no mode");
	UC_TRY(read_mode(mode, &out->netascii, e));
	while (uc_reader_left(&r) > 0) {
		const char *name;
		const char *value;
		if (!uc_read_text(&r, &name)) return malformed(e, "an option without an end");
		if (name[0] == '\0') continue;
		if (!uc_read_text(&r, &value)) return malformed(e, "an option without a value");
		take_option(out, name, value);
	}
	return UC_OK;
}

static void add_oack(struct uc_tftp_terms *t, enum uc_tftp_option option, uint64_t value)
{
	if (t->oack_len == 0) {
		t->oack[1] = UC_TFTP_OACK;
		t->oack_len = sizeof(uint16_t);
	}
	/* All four options with their longest values have 70 bytes. */
	char *at = (char *)t->oack + t->oack_len;
	int len = snprintf(at, sizeof t->oack - t->oack_len, "%s%c%llu", options[option].name, '\0', (unsigned long long)value);
	t->oack_len += (size_t)len + 1;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

void uc_tftp_negotiate(const struct uc_tftp_request *request, const struct uc_tftp_limits *limits, uint64_t size, struct uc_tftp_terms *out)
{
	uint64_t agreed[UC_TFTP_OPTIONS] = {[UC_TFTP_BLKSIZE] = UC_TFTP_BLOCK, [UC_TFTP_WINDOWSIZE] = 1};
	*out = (struct uc_tftp_terms){.oack_len = 0};
	for (unsigned i = 0; i < request->count; i++) {
		enum uc_tftp_option option = request->asked[i].option;
		uint32_t value = request->asked[i].value;
		if (request->netascii && (option == UC_TFTP_TSIZE || option == UC_TFTP_WINDOWSIZE)) continue;
		/* There are clients (curl 7.88) that take 0 for no size at all, and give up. */
		if (option == UC_TFTP_TSIZE && size == 0) continue;
		const uint64_t answers[UC_TFTP_OPTIONS] = {
		    [UC_TFTP_BLKSIZE] = lesser(value, limits->blksize),
		    [UC_TFTP_TIMEOUT] = value,
		    [UC_TFTP_TSIZE] = size,
		    [UC_TFTP_WINDOWSIZE] = lesser(value, limits->windowsize),
		};
		agreed[option] = answers[option];
		add_oack(out, option, answers[option]);
	}
	out->blksize = (uint32_t)agreed[UC_TFTP_BLKSIZE];
	out->timeout = (uint32_t)agreed[UC_TFTP_TIMEOUT];
	out->windowsize = (uint32_t)agreed[UC_TFTP_WINDOWSIZE];
}

void uc_tftp_head_write(uint8_t head[4], enum uc_tftp_op op, uint16_t number)
{
	head[0] = 0;
	head[1] = (uint8_t)op;
	head[2] = (uint8_t)(number >> 8);
	head[3] = (uint8_t)number;
}

size_t uc_tftp_error_write(uint8_t out[UC_TFTP_ERROR_MAX], enum uc_tftp_code code, const char *text)
{
	uc_tftp_head_write(out, UC_TFTP_ERROR, (uint16_t)code);
	char *at = (char *)out + 4;
	snprintf(at, UC_TFTP_ERROR_MAX - 4, "%s", text);
	return 4 + strlen(uc_text_printable(at)) + 1;
}

enum uc_tftp_code uc_tftp_code_of(enum uc_status status)
{
	if (status == UC_ENOTFOUND) return UC_TFTP_NO_FILE;
	if (status == UC_EREFUSED || status == UC_EAUTH) return UC_TFTP_ACCESS;
	return status == UC_EINPUT ? UC_TFTP_ILLEGAL : UC_TFTP_UNDEFINED;
}

/* The texts of a request or an OACK with blanks between them. */
static void add_texts(struct uc_slice rest, char *buf, size_t at)
{
	struct uc_reader r = uc_reader_of(rest);
	const char *text;
	while (uc_read_text(&r, &text) && at < UC_TFTP_TEXT) at += (size_t)snprintf(buf + at, UC_TFTP_TEXT - at, " %s", text);
}

char *uc_tftp_packet_text(struct uc_slice datagram, size_t more, char *buf)
{
	struct uc_tftp_packet p;
	if (!uc_tftp_packet_read(datagram, &p)) {
		snprintf(buf, UC_TFTP_TEXT, "%zu bytes", datagram.len + more);
		return buf;
	}
	const char *name = p.op < sizeof op_names / sizeof op_names[0] ? op_names[p.op] : op_names[0];
	size_t len = (size_t)snprintf(buf, UC_TFTP_TEXT, "%s", name);
	if (p.op == UC_TFTP_ACK) snprintf(buf + len, UC_TFTP_TEXT - len, " %u", p.number);
	if (p.op == UC_TFTP_DATA) snprintf(buf + len, UC_TFTP_TEXT - len, " %u, %zu bytes", p.number, p.rest.len + more);
	if (p.op == UC_TFTP_ERROR)
		snprintf(buf + len, UC_TFTP_TEXT - len, " %u %.*s", p.number, (int)strnlen((const char *)p.rest.ptr, p.rest.len),
		         (const char *)p.rest.ptr);
	if (p.op == UC_TFTP_RRQ || p.op == UC_TFTP_WRQ || p.op == UC_TFTP_OACK) add_texts(p.rest, buf, len);
	return uc_text_printable(buf);
}
