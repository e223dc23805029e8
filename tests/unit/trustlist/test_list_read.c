/* src/trustlist/list_read.c, list_look.c, element.c: what is read and verified, what is borne, and what is refused where. */
#include "trustlist/forge.h"

#include "pki/make_certs.h"

static const char *const lists[] = {"peer-itl.tlv", "peer-itl-v11-sha512.tlv", "peer-itl-min.tlv", "peer-ctl.tlv"};
enum { LISTS = sizeof lists / sizeof *lists };

/* ---- the samples ---- */

static void the_peers_lists_are_read_and_verified(void **state)
{
	(void)state;
	for (size_t i = 0; i < LISTS; i++) {
		struct uc_error e;
		UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
		UC_CLEANUP(uc_buf_free) struct uc_buf file = sample(lists[i]);
		UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), &findings);
		assert_ok(uc_tl_verify(&l, NULL, &e), e);
		assert_true(l.records[0].is_signer);
		assert_ok(uc_tl_verify(&l, l.records[0].cert, &e), e);
		assert_same_bytes(uc_buf_slice(&l.file), uc_buf_slice(&file));
		assert_int_equal(findings.count, 0);
		for (size_t k = 0; k < l.count; k++) {
			assert_non_null(l.records[k].cert);
			assert_null(l.records[k].dns);
			assert_false(l.records[k].has_address);
		}
	}
}

/* The offsets of the worked example. */
static void the_fields_of_the_smallest_list(void **state)
{
	(void)state;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = sample_list("peer-itl-min.tlv");
	const struct uc_tl_header *h = &l.header;
	const struct uc_tl_record *r = &l.records[0];
	assert_true(h->major == 1 && h->minor == 2 && h->length == 0x11c);
	assert_true(h->has_signer_version && h->signer_major == 1 && h->signer_minor == 0);
	assert_string_equal(h->name, "CN=SAST2,O=Example,OU=UC Lab,C=NZ");
	assert_string_equal(h->issuer, h->name);
	assert_int_equal(h->serial.len, 16);
	assert_true(h->has_digest && h->digest == UC_TL_SHA1 && h->algorithm == 0 && h->has_modulus && h->modulus == 1);
	assert_int_equal(h->signature_offset, 0x81);
	assert_int_equal(h->signature.len, 128);
	assert_string_equal(h->file_name, "ITLFile.tlv");
	assert_true(h->has_time && h->time == PEER_LIST_TIME);
	assert_false(h->encrypted);
	assert_int_equal(h->elements.count, 17);
	assert_int_equal(l.count, 1);
	assert_true(r->offset == 0x11c && r->length == 1026 && r->has_role && r->role == UC_TL_SAST && r->has_serial);
	assert_string_equal(r->subject, h->name);
	assert_string_equal(r->issuer, h->name);
	assert_true(r->public_key.len == 140 && r->signature.len == 128 && r->der.len == 646);
	assert_int_equal(r->elements.count, 8);
	assert_int_equal(r->elements.items[7].offset, 0x295);
	assert_true(r->elements.items[7].tag == 9 && r->elements.items[7].value.ptr == l.file.ptr + 0x298);
}

static void a_point_of_a_curve_and_the_sha512_list(void **state)
{
	(void)state;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = sample_list("peer-itl-v11-sha512.tlv");
	static const unsigned roles[] = {UC_TL_SAST, UC_TL_CCM, UC_TL_TFTP, UC_TL_TFTP, UC_TL_APP_SERVER, UC_TL_TVS};
	assert_int_equal(l.header.digest, UC_TL_SHA512);
	assert_int_equal(l.header.signer_minor, 1);
	assert_int_equal(l.count, 6);
	for (size_t i = 0; i < l.count; i++) assert_int_equal(l.records[i].role, roles[i]);
	assert_int_equal(l.records[3].public_key.len, 97);
}

/* ---- damage ---- */

static bool is_one_of(const char *id, const char *const *ids)
{
	for (size_t i = 0; ids[i] != NULL; i++)
		if (strcmp(ids[i], id) == 0) return true;
	return false;
}

static void every_prefix_fails_or_does_not_verify(void **state)
{
	(void)state;
	static const char *const reasons[] = {"tlv-signature", "tlv-signer-missing", NULL};
	for (size_t i = 0; i < LISTS; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf file = sample(lists[i]);
		size_t complete = 0;
		for (size_t len = 0; len < file.len; len++) {
			struct uc_error e = {.code = UC_OK};
			struct uc_tl l;
			/* A copy of its own, so that reading beyond it is found. */
			UC_CLEANUP(uc_freep) uint8_t *prefix = uc_memdup(file.ptr, len);
			if (uc_tl_read(uc_slice_of(prefix, len), PEER_NOW, &l, NULL, &e) != UC_OK) {
				assert_string_equal(e.id, "tlv-truncated");
				assert_offset(&e, len);
				assert_true(l.count == 0 && l.file.len == 0);
				continue;
			}
			complete++;
			if (uc_tl_verify(&l, NULL, &e) == UC_OK) fail_msg("%zu bytes of %s verify", len, lists[i]);
			assert_true(is_one_of(e.id, reasons));
			uc_tl_free(&l);
		}
		UC_CLEANUP(uc_tl_free) struct uc_tl whole = list_of(uc_buf_slice(&file), NULL);
		assert_int_equal(complete, whole.count); /* at each boundary of records */
	}
}

/* Reads and verifies; the error's id, or NULL when all is well. */
static const char *judge(const struct uc_buf *file, struct uc_error *e)
{
	struct uc_tl l;
	if (uc_tl_read(uc_buf_slice(file), PEER_NOW, &l, NULL, e) != UC_OK) return e->id;
	enum uc_status status = uc_tl_verify(&l, NULL, e);
	uc_tl_free(&l);
	return status == UC_OK ? NULL : e->id;
}

static void no_byte_can_be_changed(void **state)
{
	(void)state;
	static const uint8_t changes[] = {0x01, 0x80, 0xff};
	static const char *const ids[] = {"tlv-truncated", "tlv-length",    "tlv-header",         "tlv-record",   "tlv-repeated",  "tlv-text",
	                                  "tlv-trailing",  "tlv-signature", "tlv-signer-missing", "tlv-unsigned", "tlv-algorithm", NULL};
	for (size_t i = 0; i < LISTS; i++) {
		UC_CLEANUP(uc_buf_free) struct uc_buf file = sample(lists[i]);
		for (size_t at = 0; at < file.len; at++) {
			struct uc_error e;
			uint8_t change = changes[at % sizeof changes];
			file.ptr[at] ^= change;
			const char *id = judge(&file, &e);
			if (id == NULL || !is_one_of(id, ids)) fail_msg("%s, byte %zu changed: %s", lists[i], at, id != NULL ? id : "verifies");
			file.ptr[at] ^= change;
		}
	}
}

/* An edit of the smallest list: n bytes at an offset replaced, and what becomes of it. */
struct edit {
	const char *what;
	size_t at, n;
	const char *bytes;
	size_t len;
	size_t header; /* its length afterwards, or 0 */
	const char *id;
	size_t offset;
};

#define BYTES(text) text, sizeof text - 1

static const struct edit edits[] = {
    {"another first tag", 0, 1, BYTES("\x02"), 0, "tlv-header", 0},
    {"a version of one byte", 2, 1, BYTES("\x01"), 0, "tlv-header", 2},
    {"another second tag", 5, 1, BYTES("\x03"), 0, "tlv-header", 5},
    {"a header shorter than its start", 8, 2, BYTES("\0\x09"), 0, "tlv-header", 8},
    {"a header longer than the file", 8, 2, BYTES("\x05\x1f"), 0, "tlv-truncated", 1310},
    {"a header that ends within an element", 8, 2, BYTES("\x01\x18"), 0, "tlv-length", 0x113},
    {"a header that ends within an element's head", 8, 2, BYTES("\x01\x15"), 0, "tlv-length", 0x113},
    {"a signer version of one byte", 0x0a, 5, BYTES("\x1c\0\1\1"), 0x11b, "tlv-length", 0x0a},
    {"a container that is too long", 0x10, 2, BYTES("\0\x5e"), 0, "tlv-length", 0x6f},
    {"a container that is too short", 0x10, 2, BYTES("\0\x5c"), 0, "tlv-length", 0x5c},
    {"a container beyond the header", 0x10, 2, BYTES("\x01\x5d"), 0, "tlv-length", 0x0f},
    {"an inner container that is too long", 0x77, 2, BYTES("\0\x09"), 0, "tlv-length", 0x76},
    {"an inner container that is too short", 0x77, 2, BYTES("\0\x07"), 0, "tlv-length", 0x7d},
    {"an empty name", 0x0f, 0x28, BYTES("\3\0\x3b\4\0\0"), 0x11c - 0x22, "tlv-text", 0x12},
    {"a name without its zero byte", 0x36, 1, BYTES("x"), 0, "tlv-text", 0x12},
    {"an issuer without its zero byte", 0x5b, 1, BYTES("x"), 0, "tlv-text", 0x37},
    {"an empty digest", 0x6f, 7, BYTES("\7\0\x0e\x08\0\0"), 0x11b, "tlv-length", 0x72},
    {"a digest that is too long for everything", 0x73, 2, BYTES("\xff\xff"), 0, "tlv-length", 0x72},
    {"a second digest", 0x7d, 1, BYTES("\x08"), 0, "tlv-repeated", 0x7d},
    {"a second signature", 0x104, 0, BYTES("\x0c\0\1\0"), 0x120, "tlv-repeated", 0x104},
    {"a signature beyond the header", 0x82, 2, BYTES("\x01\x80"), 0, "tlv-length", 0x81},
    {"a file name without its zero byte", 0x112, 1, BYTES("x"), 0, "tlv-text", 0x104},
    {"a time of three bytes", 0x113, 7, BYTES("\x0f\0\3\1\2\3"), 0x11b, "tlv-length", 0x113},
    {"an empty time", 0x113, 7, BYTES("\x0f\0\0"), 0x118, "tlv-length", 0x113},
    {"containers in containers in containers", 0x0f, 0, BYTES("\3\0\x0c\3\0\x09\3\0\6\3\0\3\x63\0\0"), 0x12b, "tlv-header", 0x15},
    {"a record shorter than its head", 0x11f, 2, BYTES("\0\4"), 0, "tlv-record", 0x11c},
    {"a record of no bytes", 0x11f, 2, BYTES("\0\0"), 0, "tlv-record", 0x11c},
    {"a record longer than the file", 0x11f, 2, BYTES("\x04\x03"), 0, "tlv-truncated", 1310},
    {"a record that ends within an element", 0x11f, 2, BYTES("\x04\x01"), 0, "tlv-length", 0x295},
    {"a record that begins otherwise", 0x11c, 1, BYTES("\x02"), 0, "tlv-trailing", 0x11c},
    {"a record length of three bytes", 0x11e, 1, BYTES("\x03"), 0, "tlv-trailing", 0x11e},
    {"a subject without its zero byte", 0x145, 1, BYTES("x"), 0, "tlv-text", 0x121},
    {"a role of one byte", 0x17f, 2, BYTES("\0\1"), 0, "tlv-length", 0x17e},
    {"an element longer than its record", 0x17f, 2, BYTES("\xff\xff"), 0, "tlv-length", 0x17e},
    {"a byte after the last record", 1310, 0, BYTES("x"), 0, "tlv-trailing", 1310},
    {"padding after the last record", 1310, 0, BYTES("\x0d"), 0, "tlv-trailing", 1310},
    {"the start of another record", 1310, 0, BYTES("\1\0\2\0"), 0, "tlv-truncated", 1314},
    {"the first byte of another record", 1310, 0, BYTES("\1"), 0, "tlv-truncated", 1311},
};

static void what_is_no_list_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		const struct edit *t = &edits[i];
		struct uc_error e = {.code = UC_OK};
		struct uc_tl l;
		UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-itl-min.tlv");
		splice(&file, t->at, t->n, t->bytes, t->len);
		if (t->header != 0) put_u16(&file, 8, t->header);
		if (uc_tl_read(uc_buf_slice(&file), PEER_NOW, &l, NULL, &e) != UC_EINPUT || strcmp(e.id, t->id) != 0)
			fail_msg("%s: %s (%s), wanted %s", t->what, e.id, e.message, t->id);
		assert_offset(&e, t->offset);
		assert_true(e.hint[0] != '\0');
	}
}

/* A record whose length cuts an element's head: here two bytes are left for it. */
static void bytes_left_in_a_record_are_no_element(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_tl l;
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-itl-min.tlv");
	uc_buf_add(&file, "\x0a\0", 2);
	put_u16(&file, 0x11f, 1028);
	assert_fails(uc_tl_read(uc_buf_slice(&file), PEER_NOW, &l, NULL, &e), e, UC_EINPUT, "tlv-length");
	assert_offset(&e, 1310);
}

static void lists_of_64_kib_are_not_read(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_tl l;
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-itl-min.tlv");
	/* Filled with an unknown element of a second record. */
	size_t room = UC_TL_MAX - 1 - file.len - 8;
	uc_buf_add(&file, (const uint8_t[]){1, 0, 2, (uint8_t)((room + 8) >> 8), (uint8_t)(room + 8), 99, (uint8_t)(room >> 8), (uint8_t)room},
	           8);
	memset(uc_buf_extend(&file, room), 'x', room);
	assert_int_equal(file.len, UC_TL_MAX - 1);
	assert_ok(uc_tl_read(uc_buf_slice(&file), PEER_NOW, &l, NULL, &e), e);
	uc_tl_free(&l);
	uc_buf_add_u8(&file, 0);
	assert_fails(uc_tl_read(uc_buf_slice(&file), PEER_NOW, &l, NULL, &e), e, UC_ELIMIT, "tlv-too-large");
}

/* ---- what phones bear ---- */

/* Reads what was forged; it must verify, and have just these findings (codes with blanks between them). */
static void assert_borne(struct forge *f, const char *codes)
{
	struct uc_error e;
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = forge(f);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), &findings);
	assert_ok(uc_tl_verify(&l, NULL, &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	for (size_t i = 0; i < findings.count; i++) {
		uc_strv_add(&have, findings.items[i].code);
		assert_true(findings.items[i].weight <= UC_WARN);
	}
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&have, " ");
	assert_string_equal(text, codes);
}

struct roomy {
	struct party sast, other;
};

static int make_parties(void **state)
{
	static struct roomy parties;
	parties = (struct roomy){.sast = peer("sast"), .other = peer("ccm")};
	*state = &parties;
	return 0;
}

static int free_parties(void **state)
{
	struct roomy *parties = *state;
	party_free(&parties->sast);
	party_free(&parties->other);
	return 0;
}

/* A list of the signer's record alone, to which a test adds. */
static struct forge plain(const struct roomy *p)
{
	struct forge f = {.signer = &p->sast};
	add_cert_record(&f.body, p->sast.cert, UC_TL_SAST);
	return f;
}

static void a_plain_list_has_no_findings(void **state)
{
	struct forge f = plain(*state);
	assert_borne(&f, "");
}

static void every_role_is_read(void **state)
{
	const struct roomy *p = *state;
	for (unsigned role = 1; role < 70000; role = role < 40 ? role + 1 : role * 40) {
		struct forge f = plain(p);
		add_cert_record(&f.body, p->other.cert, role & 0xffff);
		assert_borne(&f, uc_tl_role_name(role & 0xffff) != NULL ? "" : "tlv-role-unknown");
	}
}

static void versions_and_orders(void **state)
{
	const struct roomy *p = *state;
	static const struct {
		unsigned version;
		const char *codes;
	} rows[] = {{0x0100, ""}, {0x0101, ""}, {0x0102, ""}, {0x0200, ""}, {0x0103, "tlv-version"}, {0x0700, "tlv-version"}};
	UC_CLEANUP(uc_freep) char *name = uc_tl_name(p->sast.cert->subject, UC_TL_SERVER);
	UC_CLEANUP(uc_buf_free) struct uc_buf serial = UC_BUF_EMPTY;
	uc_tl_serial(p->sast.cert, &serial);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct forge f = plain(p);
		f.version = rows[i].version;
		assert_borne(&f, rows[i].codes);
	}
	static const unsigned orders[][3] = {{4, 5, 6}, {4, 6, 5}, {5, 4, 6}, {5, 6, 4}, {6, 4, 5}, {6, 5, 4}};
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		struct forge f = plain(p);
		for (size_t k = 0; k < 3; k++) {
			if (orders[i][k] == 5)
				el(&f.signer_info, 5, serial.ptr, serial.len);
			else
				el_text(&f.signer_info, orders[i][k], name);
		}
		assert_borne(&f, "");
	}
}

static void headers_of_other_lengths(void **state)
{
	for (size_t i = 1; i < 6; i++) {
		struct forge f = plain(*state);
		f.padding = i;
		assert_borne(&f, i % 4 == 0 ? "" : "tlv-alignment");
	}
}

/* Tag 28 anywhere, unknown tags, a second serial, padding in between; 16 is a container in encrypted files only. */
static void odd_elements_of_headers(void **state)
{
	struct forge f = plain(*state);
	el_u16(&f.before, 28, 0x0101);
	assert_borne(&f, "");
	f = plain(*state);
	el(&f.before, 99, "abc", 3);
	el(&f.before, 16, "\xff\xff\xff", 3);
	el(&f.before, 200, "", 0);
	assert_borne(&f, "tlv-unknown");
	f = plain(*state);
	el(&f.before, 5, "\1", 1);
	el(&f.before, 5, "\2", 1);
	assert_borne(&f, "tlv-repeated");
	f = plain(*state);
	uc_buf_add_u8(&f.before, 13);
	assert_borne(&f, "tlv-padding");
	f = plain(*state);
	el(&f.after, 14, "CTLFile.tlv\0x", 14);
	assert_borne(&f, "tlv-text-zero");
}

static void odd_records(void **state)
{
	const struct roomy *p = *state;
	struct uc_buf in = UC_BUF_EMPTY;
	struct forge f = plain(p);
	el_text(&in, 2, "cucm-9-sub-1");
	el_u16(&in, 4, UC_TL_CCM);
	el(&in, 10, "\x0a\1\2\3", 4);
	add_record(&f.body, &in);
	assert_borne(&f, "tlv-no-certificate");
	f = plain(p);
	add_record(&f.body, &in); /* nothing but its length */
	assert_borne(&f, "tlv-role-missing tlv-no-certificate");
	f = plain(p);
	el_u16(&in, 4, UC_TL_APP_SERVER);
	el(&in, 9, "no certificate", 14);
	add_record(&f.body, &in);
	assert_borne(&f, "tlv-certificate");
	f = plain(p);
	el_u16(&in, 4, UC_TL_APP_SERVER);
	el(&in, 9, p->other.cert->der.ptr, p->other.cert->der.len);
	el(&in, 11, "01234567890123456789", 20);
	el_u8(&in, 12, 1);
	el(&in, 77, "?", 1);
	el(&in, 10, "0123456789012345", 16);
	add_record(&f.body, &in);
	assert_borne(&f, "tlv-unknown tlv-address");
	f = plain(p);
	el(&in, 9, p->other.cert->der.ptr, p->other.cert->der.len);
	el(&in, 6, "\1\2\3", 3);
	el(&in, 7, "\1\2\3", 3);
	el_u16(&in, 4, UC_TL_TFTP);
	el_u16(&in, 4, UC_TL_SAST);
	add_record(&f.body, &in);
	assert_borne(&f, "tlv-repeated tlv-mismatch tlv-mismatch");
}

/* A token's name has no closing quote, blanks, and types in lower case: bytes to compare, nothing to refuse. */
static void the_malformed_name_of_a_token(void **state)
{
	const struct roomy *p = *state;
	static const char name[] = "cn=\"SAST-ADN0054f509        \";ou=IPCBU;o=\"Example Systems";
	static const char issuer[] = "cn=Token Root;o=Example";
	struct uc_buf in = UC_BUF_EMPTY;
	struct uc_buf serial = UC_BUF_EMPTY;
	struct forge f = {.signer = &p->sast};
	/* Last in the list, without a name of a node: as the token client writes. */
	add_cert_record(&f.body, p->other.cert, UC_TL_CCM_TFTP);
	uc_tl_serial(p->sast.cert, &serial);
	el(&f.signer_info, 4, name, sizeof name);
	el(&f.signer_info, 5, serial.ptr, serial.len);
	el(&f.signer_info, 6, issuer, sizeof issuer);
	el(&in, 2, "", 1);
	el(&in, 3, name, sizeof name);
	el_u16(&in, 4, UC_TL_SAST);
	el(&in, 5, issuer, sizeof issuer);
	el_buf(&in, 6, &serial);
	el(&in, 9, p->sast.cert->der.ptr, p->sast.cert->der.len);
	el(&in, 10, "\0\0\0\0", 4);
	add_record(&f.body, &in);
	assert_borne(&f, "tlv-name");
}

/* Names that differ in layout, and no names in the record at all: the serial and the decoded certificate tell the signer. */
static void the_signer_is_found_by_serial_and_certificate(void **state)
{
	const struct roomy *p = *state;
	struct uc_buf in = UC_BUF_EMPTY;
	struct forge f = {.signer = &p->sast};
	el_u16(&in, 4, UC_TL_SAST);
	el(&in, 9, p->sast.cert->der.ptr, p->sast.cert->der.len);
	add_record(&f.body, &in);
	assert_borne(&f, "");
	UC_CLEANUP(uc_freep) char *peers = uc_tl_name(p->sast.cert->subject, UC_TL_PEERS);
	struct uc_buf serial = UC_BUF_EMPTY;
	f = plain(p);
	uc_buf_add_u8(&serial, 0); /* as in the certificate's INTEGER */
	uc_tl_serial(p->sast.cert, &serial);
	el_text(&f.signer_info, 4, peers);
	el_text(&f.signer_info, 6, peers);
	el_buf(&f.signer_info, 5, &serial);
	assert_borne(&f, "");
}

static void three_sasts_and_large_keys(void **state)
{
	const struct roomy *p = *state;
	UC_CLEANUP(made_free)
	struct made large =
	    make_cert(&(struct make){.subject = "CN=large", .key = "RSA-3072", .from = PEER_NOW - UC_DAY, .to = PEER_NOW + UC_DAY});
	struct forge f = plain(p);
	add_cert_record(&f.body, p->other.cert, UC_TL_SAST);
	assert_borne(&f, "");
	f = plain(p);
	add_cert_record(&f.body, p->other.cert, UC_TL_SAST);
	add_cert_record(&f.body, large.cert, UC_TL_SAST);
	assert_borne(&f, "tlv-large-key tlv-too-many-sast");
}

/* A server kept a certificate in its list half a year after it had expired. */
static void expired_certificates_are_no_reason_to_refuse(void **state)
{
	const struct roomy *p = *state;
	UC_CLEANUP(made_free)
	struct made old =
	    make_cert(&(struct make){.subject = "CN=old", .key = "RSA-2048", .from = PEER_NOW - 2 * UC_DAY, .to = PEER_NOW - UC_DAY});
	UC_CLEANUP(made_free)
	struct made early =
	    make_cert(&(struct make){.subject = "CN=early", .key = "RSA-2048", .from = PEER_NOW + UC_DAY, .to = PEER_NOW + 2 * UC_DAY});
	struct forge f = plain(p);
	add_cert_record(&f.body, old.cert, UC_TL_CCM_TFTP);
	add_cert_record(&f.body, early.cert, UC_TL_CCM_TFTP);
	assert_borne(&f, "tlv-expired tlv-not-yet-valid");
}

/* ---- verifying ---- */

static void every_digest_is_verified(void **state)
{
	static const char *const digests[] = {"SHA1", "SHA256", "SHA512"};
	for (size_t i = 0; i < 3; i++) {
		struct forge f = plain(*state);
		f.digest = digests[i];
		assert_borne(&f, "");
	}
}

static void assert_unverified(struct forge *f, const char *id, const char *finding)
{
	struct uc_error e = {.code = UC_OK};
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = forge(f);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), &findings);
	assert_fails(uc_tl_verify(&l, NULL, &e), e, UC_EREFUSED, id);
	if (finding != NULL) assert_non_null(uc_findings_get(&findings, finding));
}

static void signature_info(struct forge *f, unsigned digest, unsigned algorithm, unsigned modulus)
{
	struct uc_buf in = UC_BUF_EMPTY;
	el_u8(&f->signature_info, 8, digest);
	el_u8(&in, 10, algorithm);
	el_u8(&in, 11, modulus);
	el_buf(&f->signature_info, 9, &in);
}

static void other_kinds_of_signatures_are_told(void **state)
{
	struct forge f = plain(*state);
	signature_info(&f, 4, 0, 2);
	assert_unverified(&f, "tlv-algorithm", "tlv-algorithm");
	f = plain(*state);
	signature_info(&f, 1, 1, 2);
	assert_unverified(&f, "tlv-algorithm", "tlv-algorithm");
	f = plain(*state);
	signature_info(&f, 3, 0, 2); /* but signed with SHA-1 */
	assert_unverified(&f, "tlv-signature", NULL);
	f = plain(*state);
	signature_info(&f, 1, 0, 3);
	assert_borne(&f, "tlv-modulus");
}

static void lists_without_a_signature(void **state)
{
	struct forge f = plain(*state);
	f.unsigned_ = true;
	assert_unverified(&f, "tlv-unsigned", "tlv-unsigned");
	f = plain(*state);
	f.unsigned_ = true;
	el(&f.before, 12, "", 0);
	assert_unverified(&f, "tlv-unsigned", "tlv-unsigned");
	f = plain(*state);
	el_u8(&f.signature_info, 11, 2); /* no digest */
	assert_unverified(&f, "tlv-unsigned", "tlv-unsigned");
}

/* The signer's certificate in another role, without a certificate, or not at all. */
static void a_signer_must_be_a_sast_of_the_list(void **state)
{
	const struct roomy *p = *state;
	struct uc_error e;
	struct uc_buf in = UC_BUF_EMPTY;
	struct forge f = {.signer = &p->sast};
	add_cert_record(&f.body, p->sast.cert, UC_TL_CCM_TFTP);
	assert_unverified(&f, "tlv-signer-missing", "tlv-signer-missing");
	f = (struct forge){.signer = &p->sast};
	assert_unverified(&f, "tlv-signer-missing", "tlv-signer-missing");
	UC_CLEANUP(uc_freep) char *name = uc_tl_name(p->sast.cert->subject, UC_TL_SERVER);
	struct uc_buf serial = UC_BUF_EMPTY;
	uc_tl_serial(p->sast.cert, &serial);
	el_text(&in, 3, name);
	el_text(&in, 5, name);
	el_buf(&in, 6, &serial);
	el_u16(&in, 4, UC_TL_SAST);
	f = (struct forge){.signer = &p->sast};
	add_record(&f.body, &in);
	assert_unverified(&f, "tlv-signer-missing", "tlv-signer-missing");
	/* Who has the certificate from elsewhere can verify all the same. */
	f = (struct forge){.signer = &p->sast};
	add_cert_record(&f.body, p->other.cert, UC_TL_CCM_TFTP);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = forge(&f);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	assert_ok(uc_tl_verify(&l, p->sast.cert, &e), e);
	assert_fails(uc_tl_verify(&l, p->other.cert, &e), e, UC_EREFUSED, "tlv-signature");
}

/* A list signed by a key that is not of the certificate it names. */
static void another_key_under_the_signers_name_does_not_verify(void **state)
{
	const struct roomy *p = *state;
	const struct party impostor = {.cert = p->sast.cert, .key = p->other.key};
	struct forge f = {.signer = &impostor};
	add_cert_record(&f.body, p->sast.cert, UC_TL_SAST);
	assert_unverified(&f, "tlv-signature", NULL);
}

static void a_signer_with_an_elliptic_key_is_told(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made ec = make_cert(&(struct make){.subject = "CN=ec", .key = "P-256", .from = PEER_NOW - UC_DAY});
	const struct party signer = {.cert = ec.cert, .key = ec.key};
	struct forge f = {.signer = &signer};
	add_cert_record(&f.body, ec.cert, UC_TL_SAST);
	/* Its length is not known before it is made; so none is counted, and the header ends where it ends. */
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	f.unsigned_ = true;
	el(&f.before, 12, "signature", 9);
	file = forge(&f);
	struct uc_error e;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	assert_fails(uc_tl_verify(&l, NULL, &e), e, UC_EREFUSED, "tlv-algorithm");
	assert_non_null(strstr(e.message, "EC P-256"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_peers_lists_are_read_and_verified),
	    cmocka_unit_test(the_fields_of_the_smallest_list),
	    cmocka_unit_test(a_point_of_a_curve_and_the_sha512_list),
	    cmocka_unit_test(every_prefix_fails_or_does_not_verify),
	    cmocka_unit_test(no_byte_can_be_changed),
	    cmocka_unit_test(what_is_no_list_is_refused_with_its_place),
	    cmocka_unit_test(bytes_left_in_a_record_are_no_element),
	    cmocka_unit_test(lists_of_64_kib_are_not_read),
	    cmocka_unit_test(a_plain_list_has_no_findings),
	    cmocka_unit_test(every_role_is_read),
	    cmocka_unit_test(versions_and_orders),
	    cmocka_unit_test(headers_of_other_lengths),
	    cmocka_unit_test(odd_elements_of_headers),
	    cmocka_unit_test(odd_records),
	    cmocka_unit_test(the_malformed_name_of_a_token),
	    cmocka_unit_test(the_signer_is_found_by_serial_and_certificate),
	    cmocka_unit_test(three_sasts_and_large_keys),
	    cmocka_unit_test(expired_certificates_are_no_reason_to_refuse),
	    cmocka_unit_test(every_digest_is_verified),
	    cmocka_unit_test(other_kinds_of_signatures_are_told),
	    cmocka_unit_test(lists_without_a_signature),
	    cmocka_unit_test(a_signer_must_be_a_sast_of_the_list),
	    cmocka_unit_test(another_key_under_the_signers_name_does_not_verify),
	    cmocka_unit_test(a_signer_with_an_elliptic_key_is_told),
	};
	return cmocka_run_group_tests(tests, make_parties, free_parties);
}
