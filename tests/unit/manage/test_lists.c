/* src/manage/lists*.c: what the trust lists say, who signs them, and what plans do to them (P1, P2, L1, C107). */
#include "manage/lists.h"

#include "site.h"
#include "store/followup.h"

/* ---- helpers ---- */

static struct uc_list_source *source_of(struct site *s)
{
	struct uc_error e;
	struct uc_list_source *out = NULL;
	assert_ok(uc_list_source_read(&s->ctx, &out, &e), e);
	return out;
}

/* The ITL of a node, or (NULL) the CTL; release with uc_list_draft_free(). */
static struct uc_list_draft draft_of(struct site *s, const char *node)
{
	UC_CLEANUP(uc_list_source_freep) struct uc_list_source *source = source_of(s);
	struct uc_list_draft out;
	uc_list_draft_make(source, node, NULL, &out);
	return out;
}

/* "SAST ITLRecovery cucm-pub" a line each; records without a certificate have a '-' at the end. */
static char *records_of(const struct uc_list_draft *d)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv lines = {.items = NULL};
	for (size_t i = 0; i < d->count; i++)
		uc_strv_take(&lines, uc_sprintf("%s %s %s%s", uc_tl_role_name(d->entries[i].role), d->entries[i].purpose, d->entries[i].node,
		                                d->entries[i].cert == NULL ? " -" : ""));
	return uc_strv_join(&lines, "\n");
}

static void assert_records(struct site *s, const char *node, const char *wanted)
{
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft d = draft_of(s, node);
	UC_CLEANUP(uc_freep) char *have = records_of(&d);
	assert_string_equal(have, wanted);
}

static void assert_signer(struct site *s, const char *node, const char *purpose)
{
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft d = draft_of(s, node);
	assert_true(d.signer >= 0);
	assert_string_equal(d.entries[d.signer].purpose, purpose);
}

static json_t *purpose(const char *name)
{
	return json_pack("{s:s}", "purpose", name);
}

static int64_t set_mode(struct site *s, const char *mode)
{
	return carry_out(s, "ctl-mode", json_pack("{s:s}", "mode", mode), NO_FILE);
}

/* The newest CTL; release with uc_tl_free(). */
static struct uc_tl ctl_of(struct site *s)
{
	struct uc_error e;
	struct uc_tl out;
	bool have;
	assert_ok(uc_list_published(s->store, &out, &have, &e), e);
	assert_true(have);
	assert_ok(uc_tl_verify(&out, NULL, &e), e);
	return out;
}

/* The list signed now, read again and verified; release with uc_tl_free(). */
static struct uc_tl signed_list(struct site *s, const char *node)
{
	struct uc_error e;
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft d = draft_of(s, node);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	struct uc_tl out;
	assert_ok(uc_list_draft_sign(&d, s->ctx.keys, MAKE_NOW, &file, &e), e);
	assert_ok(uc_tl_read(uc_buf_slice(&file), MAKE_NOW, &out, NULL, &e), e);
	assert_ok(uc_tl_verify(&out, NULL, &e), e);
	return out;
}

/* ---- what they say ---- */

static void an_ITL_names_signers_servers_and_TVS_by_the_mode_P2(void **state)
{
	struct site *s = *state;
	found(s);
	assert_records(s, "cucm-pub",
	               "SAST ITLRecovery cucm-pub\nSAST CallManager cucm-pub\nTFTP CallManager cucm-pub\nCAPF CAPF cucm-pub\nTVS TVS cucm-pub");
	set_mode(s, "mixed-mode");
	assert_records(
	    s, "cucm-pub",
	    "SAST ITLRecovery cucm-pub\nSAST CallManager cucm-pub\nCCM+TFTP CallManager cucm-pub\nCAPF CAPF cucm-pub\nTVS TVS cucm-pub");
	assert_signer(s, "cucm-pub", "ITLRecovery");
}

static void a_CTL_names_the_call_managers_and_never_TVS_P1(void **state)
{
	struct site *s = *state;
	found(s);
	assert_records(s, NULL, "SAST ITLRecovery cucm-pub\nSAST CallManager cucm-pub\nCCM+TFTP CallManager cucm-pub -");
	set_mode(s, "mixed-mode");
	assert_records(s, NULL, "SAST ITLRecovery cucm-pub\nSAST CallManager cucm-pub\nCCM+TFTP CallManager cucm-pub\nCAPF CAPF cucm-pub");
}

static void certificates_of_Phone_CTL_trust_travel_in_the_CTL(void **state)
{
	struct site *s = *state;
	struct made app = make_cert(&(struct make){.subject = "CN=app.example.com", .exts = MAKE_ROOT});
	found(s);
	set_mode(s, "mixed-mode");
	upload_trust(s, "Phone-CTL", MADE(&app));
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft d = draft_of(s, NULL);
	const struct uc_list_entry *last = &d.entries[d.count - 1];
	assert_int_equal(last->role, UC_TL_APP_SERVER);
	assert_true(uc_cert_eq(last->cert, app.cert));
	made_free(&app);
}

static void with_advanced_encryption_the_EC_certificate_of_TFTP_and_tag_28_come_in(void **state)
{
	struct site *s = *state;
	found(s);
	carry_out(s, "setting-set", json_pack("{s:s, s:s}", "name", "list-encryption", "value", "advanced"), NO_FILE);
	assert_records(s, "cucm-pub",
	               "SAST ITLRecovery cucm-pub\nSAST CallManager cucm-pub\nTFTP CallManager cucm-pub\nTFTP CallManager-ECDSA cucm-pub\n"
	               "CAPF CAPF cucm-pub\nTVS TVS cucm-pub");
	UC_CLEANUP(uc_tl_free) struct uc_tl list = signed_list(s, "cucm-pub");
	assert_true(list.header.has_signer_version);
	assert_int_equal(list.header.signer_minor, 1);
}

static void the_digest_is_that_of_the_setting(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(uc_tl_free) struct uc_tl usual = signed_list(s, "cucm-pub");
	assert_int_equal(usual.header.digest, UC_TL_SHA1);
	carry_out(s, "setting-set", json_pack("{s:s, s:s}", "name", "file-signature", "value", "sha512"), NO_FILE);
	UC_CLEANUP(uc_tl_free) struct uc_tl list = signed_list(s, "cucm-pub");
	assert_int_equal(list.header.digest, UC_TL_SHA512);
}

static void what_is_written_says_what_was_drafted(void **state)
{
	struct site *s = *state;
	char drafted[65];
	char written[65];
	found(s);
	set_mode(s, "mixed-mode");
	const char *const nodes[] = {"cucm-pub", NULL};
	for (size_t i = 0; i < 2; i++) {
		UC_CLEANUP(uc_list_draft_free) struct uc_list_draft d = draft_of(s, nodes[i]);
		UC_CLEANUP(uc_tl_free) struct uc_tl list = signed_list(s, nodes[i]);
		uc_list_draft_shape(&d, drafted);
		uc_list_file_shape(&list, written);
		assert_string_equal(drafted, written);
	}
}

/* ---- who signs ---- */

static void a_signer_of_3072_bits_leaves_it_to_the_other_one(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	json_t *args = json_pack("{s:s, s:s}", "purpose", "ITLRecovery", "key", "rsa-3072");
	plan_ok(s, "cert-regen", json_incref(args), NO_FILE, &plan);
	assert_found(&plan, UC_DANGER, "phone-signature-3072", "3072");
	assert_found(&plan, UC_WARN, "list-signer", "CallManager signs the ITL of cucm-pub");
	uc_plan_free(&plan);
	carry_out(s, "cert-regen", args, NO_FILE);
	assert_signer(s, "cucm-pub", "CallManager");
	plan_ok(s, "cert-regen", json_pack("{s:s, s:s}", "purpose", "CallManager", "key", "rsa-3072"), NO_FILE, &plan);
	assert_found(&plan, UC_DANGER, "list-unsigned", "nobody can sign the ITL of cucm-pub any more");
	uc_plan_free(&plan);
}

static void the_local_key_signs_until_the_recovery_key_does_again(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	carry_out(s, "itl-reset", json_object(), NO_FILE);
	assert_signer(s, "cucm-pub", "CallManager");
	plan_ok(s, "itl-reset", json_object(), NO_FILE, &plan);
	assert_true(uc_plan_empty(&plan));
	assert_found(&plan, UC_NOTE, "signer-already", "CallManager");
	uc_plan_free(&plan);
	carry_out(s, "itl-update", json_object(), NO_FILE);
	assert_signer(s, "cucm-pub", "ITLRecovery");
}

/* Each node that phones fetch from signs its own list, with the one key that they all know. */
static void further_nodes_have_the_recovery_key_if_phones_fetch_from_them(void **state)
{
	struct site *s = *state;
	found(s);
	UC_CLEANUP(peer_free) struct peer tftp = peer_new("cucm-tftp", UC_NODE_SUBSCRIBER | UC_NODE_TFTP);
	UC_CLEANUP(peer_free) struct peer presence = peer_new("imp-a", UC_NODE_PRESENCE);
	join(s, &tftp, false);
	join(s, &presence, false);
	assert_sealed_to(s, "ITLRecovery", "cucm-pub,cucm-tftp");
	carry_out(s, "cert-regen", purpose("ITLRecovery"), NO_FILE);
	assert_sealed_to(s, "ITLRecovery", "cucm-pub,cucm-tftp");
	take_keys(s, &tftp);
	be(s, &tftp);
	carry_out(s, "install", json_object(), NO_FILE);
	assert_signer(s, "cucm-tftp", "ITLRecovery");
	UC_CLEANUP(uc_tl_free) struct uc_tl list = signed_list(s, "cucm-tftp");
	assert_int_equal(list.count, 6);
	assert_records(s, "cucm-tftp",
	               "SAST ITLRecovery cucm-pub\nSAST CallManager cucm-tftp\nTFTP CallManager cucm-tftp\nCAPF CAPF cucm-pub\n"
	               "TVS TVS cucm-pub\nTVS TVS cucm-tftp");
	be(s, NULL);
	set_mode(s, "mixed-mode");
	assert_records(s, NULL,
	               "SAST ITLRecovery cucm-pub\nSAST CallManager cucm-pub\nCCM+TFTP CallManager cucm-pub\nCAPF CAPF cucm-pub\n"
	               "CCM+TFTP CallManager cucm-tftp");
	struct uc_plan plan;
	plan_ok(s, "node-remove", json_pack("{s:s}", "node", "cucm-tftp"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "recovery-key-known", "cucm-tftp");
	assert_true(follows(&plan, "ctl-update", "CTL") && follows(&plan, "lists", "ITL"));
	uc_plan_free(&plan);
}

/* What a regeneration replaced comes back with its key. */
static void a_new_recovery_key_can_be_undone(void **state)
{
	struct site *s = *state;
	found(s);
	struct uc_identity before = identity_of(s, "ITLRecovery");
	int64_t number = carry_out(s, "cert-regen", purpose("ITLRecovery"), NO_FILE);
	carry_out(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE);
	struct uc_identity again = identity_of(s, "ITLRecovery");
	assert_true(uc_cert_eq(before.cert, again.cert));
	UC_CLEANUP(uc_tl_free) struct uc_tl list = signed_list(s, "cucm-pub");
	assert_true(uc_tl_header_names(&list.header, before.cert));
	uc_identity_free(&before);
	uc_identity_free(&again);
}

/* ---- the CTL file ---- */

static void mixed_mode_publishes_a_CTL_and_non_secure_mode_one_without_certificates_L1(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	assert_refused(s, "ctl-update", json_object(), NO_FILE, "ctl-none", "never been in mixed mode");
	plan_ok(s, "ctl-mode", json_pack("{s:s}", "mode", "mixed-mode"), NO_FILE, &plan);
	assert_steps(&plan, "setting.set,list.publish");
	assert_found(&plan, UC_WARN, "mode-mixed", "CTL file");
	assert_found(&plan, UC_NOTE, "list-gains", "the CTL gains a record CCM+TFTP of cucm-pub");
	assert_true(follows(&plan, "phones", "CTL") && follows(&plan, "lists", "ITL") && follows(&plan, "backup", "backup"));
	uc_plan_free(&plan);
	set_mode(s, "mixed-mode");
	UC_CLEANUP(uc_tl_free) struct uc_tl list = ctl_of(s);
	assert_int_equal(list.count, 4);
	plan_ok(s, "ctl-mode", json_pack("{s:s}", "mode", "mixed-mode"), NO_FILE, &plan);
	assert_true(uc_plan_empty(&plan));
	assert_found(&plan, UC_NOTE, "mode-already", "mixed");
	uc_plan_free(&plan);
	plan_ok(s, "ctl-update", json_object(), NO_FILE, &plan);
	assert_true(uc_plan_empty(&plan));
	assert_found(&plan, UC_NOTE, "ctl-current", "says what it should");
	uc_plan_free(&plan);
	set_mode(s, "non-secure-mode");
	UC_CLEANUP(uc_tl_free) struct uc_tl bare = ctl_of(s);
	assert_int_equal(bare.count, 3);
	assert_null(bare.records[2].cert);
	assert_string_equal(bare.records[2].dns, "cucm-pub");
}

static void a_change_of_a_listed_certificate_asks_for_the_CTL_and_updating_it_is_that_done(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	struct uc_plan plan;
	found(s);
	plan_ok(s, "cert-regen", purpose("CAPF"), NO_FILE, &plan);
	assert_false(follows(&plan, "ctl-update", "CTL")); /* there is none */
	uc_plan_free(&plan);
	set_mode(s, "mixed-mode");
	plan_ok(s, "cert-regen", purpose("TVS"), NO_FILE, &plan);
	assert_false(follows(&plan, "ctl-update", "CTL"));
	assert_true(follows(&plan, "lists", "ITL"));
	uc_plan_free(&plan);
	plan_ok(s, "cert-regen", purpose("CAPF"), NO_FILE, &plan);
	assert_true(follows(&plan, "ctl-update", "CTL") && follows(&plan, "lists", "ITL"));
	uc_plan_free(&plan);
	plan_ok(s, "cert-regen", purpose("tomcat"), NO_FILE, &plan);
	assert_false(follows(&plan, "ctl-update", "CTL") || follows(&plan, "lists", "ITL"));
	uc_plan_free(&plan);
	carry_out(s, "cert-regen", purpose("CAPF"), NO_FILE);
	plan_ok(s, "ctl-update", json_object(), NO_FILE, &plan);
	assert_steps(&plan, "list.publish,followup.done");
	assert_found(&plan, UC_NOTE, "list-loses", "the CTL loses a record CAPF of cucm-pub");
	assert_found(&plan, UC_NOTE, "list-gains", "the CTL gains a record CAPF of cucm-pub");
	uc_plan_free(&plan);
	carry_out(s, "ctl-update", json_object(), NO_FILE);
	UC_CLEANUP(uc_followups_free) struct uc_followups open = {.items = NULL};
	assert_ok(uc_store_followups(s->store, NULL, &open, &e), e);
	for (size_t i = 0; i < open.count; i++) assert_string_not_equal(open.items[i].kind, "ctl-update");
}

static void resetting_the_local_key_has_CallManager_sign_the_CTL(void **state)
{
	struct site *s = *state;
	found(s);
	set_mode(s, "mixed-mode");
	struct uc_identity callmanager = identity_of(s, "CallManager");
	struct uc_identity recovery = identity_of(s, "ITLRecovery");
	carry_out(s, "ctl-reset", json_object(), NO_FILE);
	UC_CLEANUP(uc_tl_free) struct uc_tl list = ctl_of(s);
	assert_true(uc_tl_header_names(&list.header, callmanager.cert));
	carry_out(s, "ctl-update", json_object(), NO_FILE);
	UC_CLEANUP(uc_tl_free) struct uc_tl again = ctl_of(s);
	assert_true(uc_tl_header_names(&again.header, recovery.cert));
	uc_identity_free(&callmanager);
	uc_identity_free(&recovery);
}

static void what_phones_have_fetched_is_not_undone(void **state)
{
	struct site *s = *state;
	found(s);
	int64_t number = set_mode(s, "mixed-mode");
	assert_refused(s, "undo", json_pack("{s:I}", "number", (json_int_t)number), NO_FILE, "not-undoable", "CTL");
}

static void only_the_publisher_publishes_and_a_mode_must_be_one(void **state)
{
	struct site *s = *state;
	found(s);
	assert_blamed(s, "ctl-mode", json_pack("{s:s}", "mode", "secure"), "bad-mode", "mode", "secure");
	assert_blamed(s, "ctl-mode", json_object(), "argument-missing", "mode", "mode");
	s->ctx.roles = UC_NODE_SUBSCRIBER | UC_NODE_TFTP;
	assert_no_plan(s, "ctl-update", json_object(), NO_FILE, UC_EREFUSED, "not-publisher");
}

/* ---- phones ---- */

static struct uc_held_lists held;

static const struct uc_held_lists *tell_held(void *ctx, struct uc_store *store)
{
	(void)ctx;
	(void)store;
	return &held;
}

/* From now on so many phones were seen to hold the present ITL and, if with_ctl, the present CTL, and no newer ones. */
static void phones_hold_what_is(struct site *s, int64_t phones, bool with_ctl)
{
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft itl = draft_of(s, s->ctx.node);
	UC_CLEANUP(uc_list_draft_free) struct uc_list_draft ctl = draft_of(s, NULL);
	held.items = uc_realloc(held.items, held.count + 1, sizeof *held.items);
	struct uc_held *one = &held.items[held.count++];
	*one = (struct uc_held){
	    .node = uc_strdup(s->ctx.node), .itl = {.at = MAKE_NOW}, .ctl = {.at = MAKE_NOW, .present = !with_ctl}, .phones = phones};
	one->itl.known = uc_list_draft_known(&itl, &one->itl.count);
	if (with_ctl) one->ctl.known = uc_list_draft_known(&ctl, &one->ctl.count);
	held.phones += phones;
	held.behind += phones;
	s->ctx.held = tell_held;
}

static void phones_hold_the_present(struct site *s, int64_t phones)
{
	phones_hold_what_is(s, phones, false);
}

static int forget_phones(void **state)
{
	uc_held_lists_free(&held);
	return site_teardown(state);
}

static void a_new_signer_is_accepted_because_TVS_vouches_for_it(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	plan_ok(s, "cert-regen", purpose("ITLRecovery"), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "list-by-tvs", "ITLRecovery");
	assert_not_found(&plan, "list-stranded");
	uc_plan_free(&plan);
	/* The way round: the other one signs first. */
	carry_out(s, "itl-reset", json_object(), NO_FILE);
	plan_ok(s, "cert-regen", purpose("ITLRecovery"), NO_FILE, &plan);
	assert_not_found(&plan, "list-by-tvs");
	assert_not_found(&plan, "list-stranded");
	uc_plan_free(&plan);
}

/* C107: CallManager, TVS and ITLRecovery one after the other, before phones have fetched anything. */
static void phones_that_have_not_fetched_are_not_stranded_unseen_C107(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	phones_hold_the_present(s, 40);
	carry_out(s, "cert-regen", purpose("ITLRecovery"), NO_FILE);
	plan_ok(s, "cert-regen", purpose("TVS"), NO_FILE, &plan);
	assert_found(&plan, UC_DANGER, "list-stranded", "40 phones that still hold the ITL of");
	assert_found(&plan, UC_WARN, "list-behind", "40 of 40 phones");
	uc_plan_free(&plan);
	/* Phones have fetched the new list: they know its signer. */
	uc_held_lists_free(&held);
	plan_ok(s, "cert-regen", purpose("TVS"), NO_FILE, &plan);
	assert_not_found(&plan, "list-stranded");
	assert_not_found(&plan, "list-behind");
	uc_plan_free(&plan);
}

/* C107: what the next CTL is held against is not what is published by now, but what phones have fetched. */
static void phones_that_hold_neither_present_list_refuse_a_CTL_of_another_signer_C107(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	carry_out(s, "ctl-mode", json_pack("{s:s}", "mode", "mixed-mode"), NO_FILE);
	phones_hold_what_is(s, 7, true);
	carry_out(s, "cert-regen", purpose("CallManager"), NO_FILE);
	carry_out(s, "cert-regen", purpose("TVS"), NO_FILE);
	plan_ok(s, "ctl-reset", json_object(), NO_FILE, &plan);
	assert_found(&plan, UC_DANGER, "list-stranded", "7 phones that still hold the ITL of");
	uc_plan_free(&plan);
	plan_ok(s, "ctl-update", json_object(), NO_FILE, &plan); /* ITLRecovery, which they know */
	assert_not_found(&plan, "list-stranded");
	uc_plan_free(&plan);
}

/* C107: a CTL that names the new signer is of no use to phones that have not fetched it. */
static void phones_without_the_CTL_are_not_judged_by_it_C107(void **state)
{
	struct site *s = *state;
	struct uc_plan plan;
	found(s);
	phones_hold_what_is(s, 5, false);
	held.items[0].ctl.present = false;
	carry_out(s, "ctl-mode", json_pack("{s:s}", "mode", "mixed-mode"), NO_FILE);
	carry_out(s, "cert-regen", purpose("ITLRecovery"), NO_FILE);
	plan_ok(s, "ctl-update", json_object(), NO_FILE, &plan);
	assert_found(&plan, UC_WARN, "list-by-tvs", "5 phones that still hold the ITL of");
	uc_plan_free(&plan);
	carry_out(s, "ctl-update", json_object(), NO_FILE);
	plan_ok(s, "cert-regen", purpose("TVS"), NO_FILE, &plan);
	assert_found(&plan, UC_DANGER, "list-stranded", "5 phones that still hold the ITL of");
	uc_plan_free(&plan);
}

static void the_two_makings_of_a_plan_agree_about_lists(void **state)
{
	struct site *s = *state;
	found(s);
	phones_hold_the_present(s, 3);
	carry_out(s, "cert-regen", purpose("CallManager"), NO_FILE); /* compares the hashes of both */
	carry_out(s, "cert-regen", purpose("TVS"), NO_FILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(an_ITL_names_signers_servers_and_TVS_by_the_mode_P2),
	    T(a_CTL_names_the_call_managers_and_never_TVS_P1),
	    T(certificates_of_Phone_CTL_trust_travel_in_the_CTL),
	    T(with_advanced_encryption_the_EC_certificate_of_TFTP_and_tag_28_come_in),
	    T(the_digest_is_that_of_the_setting),
	    T(what_is_written_says_what_was_drafted),
	    T(a_signer_of_3072_bits_leaves_it_to_the_other_one),
	    T(the_local_key_signs_until_the_recovery_key_does_again),
	    T(further_nodes_have_the_recovery_key_if_phones_fetch_from_them),
	    T(a_new_recovery_key_can_be_undone),
	    T(mixed_mode_publishes_a_CTL_and_non_secure_mode_one_without_certificates_L1),
	    T(a_change_of_a_listed_certificate_asks_for_the_CTL_and_updating_it_is_that_done),
	    T(resetting_the_local_key_has_CallManager_sign_the_CTL),
	    T(what_phones_have_fetched_is_not_undone),
	    T(only_the_publisher_publishes_and_a_mode_must_be_one),
	    cmocka_unit_test_setup_teardown(a_new_signer_is_accepted_because_TVS_vouches_for_it, site_setup, forget_phones),
	    cmocka_unit_test_setup_teardown(phones_that_have_not_fetched_are_not_stranded_unseen_C107, site_setup, forget_phones),
	    cmocka_unit_test_setup_teardown(phones_that_hold_neither_present_list_refuse_a_CTL_of_another_signer_C107, site_setup,
	                                    forget_phones),
	    cmocka_unit_test_setup_teardown(phones_without_the_CTL_are_not_judged_by_it_C107, site_setup, forget_phones),
	    cmocka_unit_test_setup_teardown(the_two_makings_of_a_plan_agree_about_lists, site_setup, forget_phones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
