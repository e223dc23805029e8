/* src/trustlist/list_diff.c: what changed from one list to the next. */
#include "trustlist/phone_data.h"

enum { MOST = 8 };

static struct party parties[5];
static const char *const party_names[] = {"sast", "sast2", "ccm", "capf", "tftp-ec"};
enum { SAST, SAST2, CCM, CAPF, EC };

static int make_parties(void **state)
{
	(void)state;
	for (size_t i = 0; i < 5; i++) parties[i] = peer(party_names[i]);
	return 0;
}

static int free_parties(void **state)
{
	(void)state;
	for (size_t i = 0; i < 5; i++) party_free(&parties[i]);
	return 0;
}

/* A record; who -1: none. The list ends with a row without a name. */
struct row {
	int who;
	unsigned role;
	const char *dns;
	uint8_t address;
};

struct side {
	struct row rows[MOST];
	int signer;
	enum uc_tl_layout layout;
	bool sha512;
	const char *file_name;
};

static struct uc_tl make(const struct side *s)
{
	struct uc_error e;
	struct uc_tl_entry entries[MOST];
	size_t count = 0;
	for (; s->rows[count].dns != NULL; count++) {
		const struct row *r = &s->rows[count];
		entries[count] = (struct uc_tl_entry){
		    .cert = r->who >= 0 ? parties[r->who].cert : NULL, .dns = r->dns, .role = r->role, .address = {r->address, 0, 0, r->address}};
	}
	const struct uc_tl_spec spec = {.signing = {.layout = s->layout,
	                                            .digest = s->sha512 ? UC_TL_SHA512 : UC_TL_SHA1,
	                                            .file_name = s->file_name != NULL ? s->file_name : "CTLFile.tlv",
	                                            .time = PEER_LIST_TIME},
	                                .entries = entries,
	                                .count = count};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	assert_ok(uc_tl_write(&spec, parties[s->signer].cert, parties[s->signer].key, &file, &e), e);
	return list_of(uc_buf_slice(&file), NULL);
}

static const struct side before = {
    .rows = {{SAST, UC_TL_SAST, "pub", 1}, {CCM, UC_TL_CCM_TFTP, "pub", 1}, {CAPF, UC_TL_CAPF, "pub", 1}, {-1, UC_TL_CCM, "sub1", 2}}};

/* What is expected: a line for each thing that the difference tells. */
static void add_records(struct uc_strv *out, const json_t *diff, const char *member, const char *sign)
{
	const json_t *list = json_object_get(diff, member);
	assert_true(json_is_array(list));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);
		assert_null(json_object_get(r, "elements"));
		uc_strv_take(out, uc_sprintf("%s%s@%s", sign, json_string_value(json_object_get(json_object_get(r, "role"), "name")),
		                             json_string_value(json_object_get(r, "dns"))));
	}
}

static char *names(const json_t *list)
{
	struct uc_strv v = {.items = NULL};
	for (size_t i = 0; i < json_array_size(list); i++) uc_strv_add(&v, json_string_value(json_array_get(list, i)));
	char *text = uc_strv_join(&v, "/");
	uc_strv_free(&v);
	return text;
}

static void add_rest(struct uc_strv *out, const json_t *diff)
{
	const json_t *roles = json_object_get(diff, "roles");
	for (size_t i = 0; i < json_array_size(roles); i++) {
		const json_t *r = json_array_get(roles, i);
		UC_CLEANUP(uc_freep) char *old = names(json_object_get(r, "old"));
		UC_CLEANUP(uc_freep) char *fresh = names(json_object_get(r, "new"));
		assert_true(json_is_object(json_object_get(r, "certificate")));
		uc_strv_take(out, uc_sprintf("roles %s>%s", old, fresh));
	}
	const json_t *moved = json_object_get(diff, "moved");
	for (size_t i = 0; i < json_array_size(moved); i++) {
		const json_t *r = json_array_get(moved, i);
		uc_strv_take(out, uc_sprintf("moved %s>%s", json_string_value(json_object_get(json_object_get(r, "old"), "dns")),
		                             json_string_value(json_object_get(json_object_get(r, "new"), "dns"))));
	}
	const json_t *header = json_object_get(diff, "header");
	for (size_t i = 0; i < json_array_size(header); i++)
		uc_strv_take(out, uc_sprintf("header %s", json_string_value(json_object_get(json_array_get(header, i), "field"))));
	if (!json_is_null(json_object_get(diff, "signer"))) uc_strv_add(out, "signer");
	if (json_is_true(json_object_get(diff, "form"))) uc_strv_add(out, "form");
	if (json_is_true(json_object_get(diff, "same"))) uc_strv_add(out, "same");
}

static void assert_diff(const struct side *old, const struct side *fresh, const char *want)
{
	UC_CLEANUP(uc_tl_free) struct uc_tl a = make(old);
	UC_CLEANUP(uc_tl_free) struct uc_tl b = make(fresh);
	UC_CLEANUP(uc_strv_free) struct uc_strv told = {.items = NULL};
	json_t *diff = uc_tl_diff(&a, &b, PEER_NOW);
	add_records(&told, diff, "removed", "-");
	add_records(&told, diff, "added", "+");
	add_rest(&told, diff);
	json_decref(diff);
	UC_CLEANUP(uc_freep) char *text = uc_strv_join(&told, " ");
	assert_string_equal(text, want);
}

static void a_list_is_the_same_as_itself(void **state)
{
	(void)state;
	assert_diff(&before, &before, "same");
}

static void records_come_and_go(void **state)
{
	(void)state;
	struct side after = before;
	after.rows[4] = (struct row){EC, UC_TL_TFTP, "pub", 1};
	assert_diff(&before, &after, "+TFTP@pub");
	assert_diff(&after, &before, "-TFTP@pub");
	after = before;
	after.rows[1].who = SAST2;
	assert_diff(&before, &after, "-CCM+TFTP@pub +CCM+TFTP@pub");
	after = before;
	after.rows[3] = (struct row){-1, UC_TL_CCM, "sub2", 2};
	assert_diff(&before, &after, "-CCM@sub1 +CCM@sub2");
	after.rows[3] = (struct row){CCM, UC_TL_CCM, "sub1", 2};
	assert_diff(&before, &after, "-CCM@sub1 roles CCM+TFTP>CCM+TFTP/CCM");
}

static void a_certificate_in_other_roles(void **state)
{
	(void)state;
	struct side after = before;
	after.rows[1].role = UC_TL_TFTP;
	assert_diff(&before, &after, "roles CCM+TFTP>TFTP");
	after = before;
	after.rows[4] = (struct row){CCM, UC_TL_SAST, "pub", 1};
	assert_diff(&before, &after, "roles CCM+TFTP>CCM+TFTP/SAST");
	assert_diff(&after, &before, "roles CCM+TFTP/SAST>CCM+TFTP");
}

/* A certificate that several nodes share is in several records of the same role. */
static void a_shared_certificate_for_one_more_node(void **state)
{
	(void)state;
	struct side after = before;
	after.rows[4] = (struct row){CCM, UC_TL_CCM_TFTP, "sub3", 3};
	assert_diff(&before, &after, "+CCM+TFTP@sub3");
	assert_diff(&after, &before, "-CCM+TFTP@sub3");
	struct side moved = after;
	moved.rows[1] = (struct row){CCM, UC_TL_CCM_TFTP, "sub3", 3};
	moved.rows[4] = (struct row){CCM, UC_TL_CCM_TFTP, "sub4", 4};
	assert_diff(&after, &moved, "moved pub>sub4");
}

static void names_and_addresses_change(void **state)
{
	(void)state;
	struct side after = before;
	after.rows[1].dns = "pub.example.test";
	assert_diff(&before, &after, "moved pub>pub.example.test");
	after = before;
	after.rows[3].address = 9;
	assert_diff(&before, &after, "moved sub1>sub1");
}

static void the_header_changes(void **state)
{
	(void)state;
	struct side after = before;
	after.sha512 = true;
	assert_diff(&before, &after, "header digest");
	after = before;
	after.file_name = "ITLFile.tlv";
	assert_diff(&before, &after, "header file_name");
	after = before;
	after.rows[4] = (struct row){SAST2, UC_TL_SAST, "pub", 1};
	after.signer = SAST2;
	assert_diff(&before, &after, "+SAST@pub header modulus_bits signer");
}

/* The same things otherwise written are no change of what phones trust, but another file. */
static void another_order_or_layout_is_a_change_of_form(void **state)
{
	(void)state;
	struct side after = before;
	after.rows[1] = before.rows[2];
	after.rows[2] = before.rows[1];
	assert_diff(&before, &after, "form");
	const struct side few = {.rows = {{SAST, UC_TL_SAST, "", 0}}};
	struct side peers = few;
	peers.layout = UC_TL_PEERS;
	assert_diff(&few, &peers, "form");
}

static void signers_are_shown_with_both_sides(void **state)
{
	(void)state;
	UC_CLEANUP(uc_tl_free) struct uc_tl a = sample_list("peer-itl.tlv");
	UC_CLEANUP(uc_tl_free) struct uc_tl b = sample_list("peer-itl-min.tlv");
	json_t *diff = uc_tl_diff(&a, &b, PEER_NOW);
	const json_t *signer = json_object_get(diff, "signer");
	assert_string_equal(json_string_value(json_object_get(json_object_get(signer, "old"), "subject")),
	                    "CN=ITLRECOVERY_ucm1,O=Example,OU=UC Lab,C=NZ");
	assert_string_equal(json_string_value(json_object_get(json_object_get(signer, "new"), "serial")), "552a837afa52aac166e17256d22e861d");
	assert_int_equal(json_array_size(json_object_get(diff, "removed")), 4);
	assert_int_equal(json_array_size(json_object_get(diff, "added")), 1);
	json_decref(diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_list_is_the_same_as_itself),
	    cmocka_unit_test(records_come_and_go),
	    cmocka_unit_test(a_certificate_in_other_roles),
	    cmocka_unit_test(a_shared_certificate_for_one_more_node),
	    cmocka_unit_test(names_and_addresses_change),
	    cmocka_unit_test(the_header_changes),
	    cmocka_unit_test(another_order_or_layout_is_a_change_of_form),
	    cmocka_unit_test(signers_are_shown_with_both_sides),
	};
	return cmocka_run_group_tests(tests, make_parties, free_parties);
}
