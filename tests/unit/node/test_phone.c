/* src/node/phone.c: what a phone asks for is found, in memory where it can be, and never stale. */
#include "uc_test.h"

#include <pthread.h>
#include <stdatomic.h>

#include "node/internal.h"
#include "node/phone_bed.h"
#include "trustlist/signed.h"

static struct phone_bed bed;
static struct uc_node node; /* as far as this needs one */

/* In the place of publish.c (the linker's --wrap). */
struct uc_phone_basis *__wrap_uc_view_phone_basis(struct uc_node *n);
struct uc_phone_basis *__wrap_uc_view_phone_basis(struct uc_node *n)
{
	(void)n;
	return bed.basis != NULL ? uc_phone_basis_ref(bed.basis) : NULL;
}

static int setup(void **state)
{
	(void)state;
	struct uc_error e;
	bed_make(&bed);
	bed.basis->ctl = bed_list("CTL", "c1", "the CTL");
	bed.basis->itl = bed_list("ITL", "i1", "the ITL");
	bed_text(bed.files, "ringlist.xml", "<rings/>");
	bed_text(bed.files, CONFIG, CLEAR);
	memset(&node, 0, sizeof node);
	assert_ok(uc_phone_open(bed.dir, bed.files, bed.certs, &node.phone, &e), e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	uc_phone_close(node.phone);
	bed_free(&bed);
	return 0;
}

static struct uc_phone_ask ask_for(const char *name, enum uc_phone_via via)
{
	return (struct uc_phone_ask){.name = name, .peer = "192.0.2.1", .via = via};
}

/* With a reference. */
static struct uc_phone_file *find(const char *name, enum uc_phone_via via)
{
	struct uc_error e;
	const struct uc_phone_ask ask = ask_for(name, via);
	struct uc_phone_file *f = NULL;
	bool later = true;
	assert_ok(uc_phone_find(&node, &ask, true, &later, &f, &e), e);
	assert_false(later);
	assert_non_null(f);
	return f;
}

static void expect(const char *name, const char *bytes)
{
	struct uc_phone_file *f = find(name, UC_VIA_TFTP);
	struct uc_slice content = uc_phone_file_content(f);
	if (!uc_slice_eq(content, uc_slice_str(bytes)))
		fail_msg("%s: %.*s instead of %s", name, (int)content.len, (const char *)content.ptr, bytes);
	uc_phone_file_unref(f);
}

static void expect_fails(const char *name, enum uc_status status, const char *id)
{
	struct uc_error e;
	const struct uc_phone_ask ask = ask_for(name, UC_VIA_TFTP);
	struct uc_phone_file *f = NULL;
	bool later;
	for (int may_block = 0; may_block < 2; may_block++) {
		enum uc_status got = uc_phone_find(&node, &ask, may_block == 1, &later, &f, &e);
		if (may_block == 0 && later) continue;
		assert_fails(got, e, status, id);
		assert_null(f);
	}
}

/* Is it answered from memory? */
static bool known(const char *name)
{
	struct uc_error e;
	const struct uc_phone_ask ask = ask_for(name, UC_VIA_TFTP);
	struct uc_phone_file *f = NULL;
	bool later = false;
	assert_ok(uc_phone_find(&node, &ask, false, &later, &f, &e), e);
	assert_int_equal(later, f == NULL);
	uc_phone_file_unref(f);
	return !later;
}

/* ---- names ---- */

static void lists_come_from_the_basis_and_at_once(void **state)
{
	(void)state;
	static const char *const names[] = {"CTLFile.tlv", "CTL" DEVICE ".tlv", "ctlsep001122334455.tlv", "CTLCSFjdoe.tlv"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_true(known(names[i]));
		expect(names[i], "the CTL");
	}
	assert_true(known("ITL" DEVICE ".tlv"));
	expect("ITL" DEVICE ".tlv", "the ITL");
	expect("ITLFile.tlv", "the ITL");
	/* Not anywhere else, and not signed once more. */
	expect_fails("lab/CTLFile.tlv", UC_ENOTFOUND, "no-file");
	expect_fails("CTLFile.tlv.sgn", UC_ENOTFOUND, "no-file");
}

static void a_cluster_without_a_ctl_has_none(void **state)
{
	(void)state;
	uc_phone_file_unref(bed.basis->ctl);
	bed.basis->ctl = NULL;
	expect_fails("CTLFile.tlv", UC_ENOTFOUND, "no-file");
	expect_fails("CTL" DEVICE ".tlv", UC_ENOTFOUND, "no-file");
	uc_phone_basis_unref(bed.basis);
	bed.basis = NULL; /* a node that serves no phones */
	expect_fails("ITLFile.tlv", UC_ENOTFOUND, "no-file");
	expect("ringlist.xml", "<rings/>");
}

static void a_list_of_the_phones_own_comes_first(void **state)
{
	(void)state;
	bed_text(bed.files, "CTL" DEVICE ".tlv", "its own");
	expect("CTL" DEVICE ".tlv", "its own");
	expect("ctl" DEVICE ".tlv", "its own");
	expect("CTLSEP001122334466.tlv", "the CTL");
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/CTL" DEVICE ".tlv", bed.files);
	assert_int_equal(unlink(path), 0);
	expect("CTL" DEVICE ".tlv", "the CTL");
}

static void c119_the_exact_name_comes_first_then_the_usual_one(void **state)
{
	(void)state;
	expect("sep001122334455.cnf.xml", CLEAR);
	bed_text(bed.files, "sep001122334455.cnf.xml", "<device/>");
	expect("sep001122334455.cnf.xml", "<device/>");
	expect(CONFIG, CLEAR);
	/* The signed file tells the name that was asked for. */
	struct uc_phone_file *f = find("Sep001122334455.cnf.xml.sgn", UC_VIA_TFTP);
	assert_non_null(memmem(uc_phone_file_content(f).ptr, uc_phone_file_content(f).len, "Sep001122334455.cnf.xml.sgn", 28));
	uc_phone_file_unref(f);
	/* Other names are exact. */
	expect_fails("Ringlist.xml", UC_ENOTFOUND, "no-file");
}

static void a_file_that_was_put_there_signed_is_given_as_it_is(void **state)
{
	(void)state;
	bed_text(bed.files, "tones.xml.sgn", "signed elsewhere");
	expect("tones.xml.sgn", "signed elsewhere");
	bed_text(bed.files, "SEP00AABBCCDDEE.cnf.xml.enc.sgn", "encrypted elsewhere");
	expect("SEP00AABBCCDDEE.cnf.xml.enc.sgn", "encrypted elsewhere");
	/* Until its source is there. */
	bed_text(bed.files, "tones.xml", "<tones/>");
	struct uc_phone_file *f = find("tones.xml.sgn", UC_VIA_TFTP);
	assert_null(memmem(uc_phone_file_content(f).ptr, uc_phone_file_content(f).len, "signed elsewhere", 16));
	uc_phone_file_unref(f);
}

static void unsafe_names_are_refused_at_once(void **state)
{
	(void)state;
	static const char *const names[] = {"../local.db", "/etc/passwd", ".hidden", "a/../../x", "a\x01", ""};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) expect_fails(names[i], UC_EREFUSED, "unsafe-name");
	UC_CLEANUP(uc_freep) char *link = uc_sprintf("%s/out.xml", bed.files);
	UC_CLEANUP(uc_freep) char *folder = uc_sprintf("%s/folder", bed.files);
	bed_text(bed.dir, "secret.xml", "secret");
	assert_int_equal(symlink("../secret.xml", link), 0);
	assert_int_equal(mkdir(folder, 0700), 0);
	expect_fails("out.xml", UC_EREFUSED, "unsafe-name");
	expect_fails("out.xml.sgn", UC_EREFUSED, "unsafe-name");
	expect_fails("folder", UC_EREFUSED, "not-a-file");
}

static void an_encrypted_configuration_is_not_there_in_the_clear(void **state)
{
	(void)state;
	bed_text(bed.files, CONFIG, SECRET);
	bed_settle();
	expect_fails(CONFIG, UC_ENOTFOUND, "no-file");
	/* And that is remembered. */
	struct uc_error e;
	const struct uc_phone_ask ask = ask_for(CONFIG, UC_VIA_TFTP);
	struct uc_phone_file *f;
	bool later;
	assert_fails(uc_phone_find(&node, &ask, false, &later, &f, &e), e, UC_ENOTFOUND, "no-file");
	assert_false(later);
	expect_fails(CONFIG ".enc.sgn", UC_ENOTFOUND, "no-file");
	bed_pem(bed.certs, DEVICE ".pem", bed.phone.cert);
	uc_phone_file_unref(find(CONFIG ".enc.sgn", UC_VIA_TFTP));
	expect_fails(CONFIG, UC_ENOTFOUND, "no-file");
}

static void https_gives_configurations_without_a_signature(void **state)
{
	(void)state;
	static const enum uc_phone_via vias[] = {UC_VIA_HTTPS, UC_VIA_TFTP, UC_VIA_HTTP, UC_VIA_HTTPS};
	for (size_t i = 0; i < 4; i++) {
		struct uc_phone_file *f = find(CONFIG ".sgn", vias[i]);
		assert_int_equal(uc_slice_eq(uc_phone_file_content(f), uc_slice_str(CLEAR)), vias[i] == UC_VIA_HTTPS);
		uc_phone_file_unref(f);
		/* Other files are signed everywhere. */
		f = find("ringlist.xml.sgn", vias[i]);
		assert_true(uc_phone_file_content(f).len > 200);
		uc_phone_file_unref(f);
	}
}

/* ---- memory ---- */

static void what_was_made_is_kept_once_it_is_old_enough(void **state)
{
	(void)state;
	bed_settle();
	assert_false(known("ringlist.xml.sgn"));
	struct uc_phone_file *one = find("ringlist.xml.sgn", UC_VIA_TFTP);
	assert_true(known("ringlist.xml.sgn"));
	struct uc_phone_file *two = find("ringlist.xml.sgn", UC_VIA_HTTP);
	assert_ptr_equal(one, two);
	uc_phone_file_unref(one);
	uc_phone_file_unref(two);
	/* Of the same size, at once. */
	bed_text(bed.files, "ringlist.xml", "<RINGS/>");
	assert_false(known("ringlist.xml.sgn"));
	expect("ringlist.xml", "<RINGS/>");
}

static void a_change_is_seen_at_once_whenever_it_comes(void **state)
{
	(void)state;
	char text[32];
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof text, "<rings n=\"%04d\"/>", i);
		bed_text(bed.files, "ringlist.xml", text);
		expect("ringlist.xml", text);
	}
}

static void another_signer_signs_at_once(void **state)
{
	(void)state;
	struct uc_error e;
	bed_settle();
	uc_phone_file_unref(find(CONFIG ".sgn", UC_VIA_TFTP));
	assert_true(known(CONFIG ".sgn"));
	struct uc_phone_basis *old = bed.basis;
	made_free(&bed.signer);
	bed.signer = make_cert(&(struct make){.subject = "CN=cucm-pub", .key = "RSA-2048"});
	bed.basis = bed_basis(&bed, 2);
	uc_phone_basis_unref(old);
	assert_false(known(CONFIG ".sgn"));
	struct uc_phone_file *f = find(CONFIG ".sgn", UC_VIA_TFTP);
	struct uc_tl_header h = {.name = NULL};
	struct uc_slice content;
	assert_ok(uc_sgn_read(uc_phone_file_content(f), &h, &content, NULL, &e), e);
	assert_ok(uc_tl_header_verify(&h, uc_phone_file_content(f), bed.signer.cert, &e), e);
	uc_tl_header_free(&h);
	uc_phone_file_unref(f);
	/* A plain file does not depend on it. */
	uc_phone_file_unref(find("ringlist.xml", UC_VIA_TFTP));
	assert_true(known("ringlist.xml"));
	bed.basis->serial = 3;
	assert_true(known("ringlist.xml"));
	assert_false(known(CONFIG ".sgn"));
}

static void a_certificate_that_comes_or_goes_is_seen_at_once(void **state)
{
	(void)state;
	bed_text(bed.files, CONFIG, SECRET);
	bed_settle();
	uc_phone_file_unref(find(CONFIG ".sgn", UC_VIA_TFTP));
	assert_true(known(CONFIG ".sgn"));
	bed_pem(bed.certs, DEVICE ".pem", bed.phone.cert);
	assert_false(known(CONFIG ".sgn"));
	bed_settle();
	uc_phone_file_unref(find(CONFIG ".enc.sgn", UC_VIA_TFTP));
	assert_true(known(CONFIG ".enc.sgn"));
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/" DEVICE ".pem", bed.certs);
	assert_int_equal(unlink(path), 0);
	expect_fails(CONFIG ".enc.sgn", UC_ENOTFOUND, "no-file");
}

static void *fetch(void *arg)
{
	(void)arg;
	return find(CONFIG ".sgn", UC_VIA_HTTP);
}

static void phones_that_ask_at_once_lead_to_one_signature(void **state)
{
	(void)state;
	enum { THREADS = 8 };
	pthread_t threads[THREADS];
	void *files[THREADS];
	bed_settle();
	for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, fetch, NULL), 0);
	for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], &files[i]);
	for (size_t i = 0; i < THREADS; i++) assert_ptr_equal(files[i], files[0]);
	for (size_t i = 0; i < THREADS; i++) uc_phone_file_unref(files[i]);
}

/* One thread rewrites, others fetch: each gets what was there after it asked. */
struct race {
	_Atomic int written; /* the last one that is whole */
	_Atomic bool over;
};

static void *race_along(void *arg)
{
	struct race *r = arg;
	while (!atomic_load(&r->over)) {
		int before = atomic_load(&r->written);
		struct uc_phone_file *f = find("race.xml", UC_VIA_HTTP);
		char text[16];
		struct uc_slice content = uc_phone_file_content(f);
		snprintf(text, sizeof text, "%.*s", (int)content.len, (const char *)content.ptr);
		uc_phone_file_unref(f);
		assert_true(strtol(text, NULL, 10) >= before);
	}
	return NULL;
}

static void nobody_gets_what_was_replaced_before_they_asked(void **state)
{
	(void)state;
	enum { THREADS = 4, ROUNDS = 1500 };
	struct race r = {.written = 0};
	pthread_t threads[THREADS];
	UC_CLEANUP(uc_freep) char *from = uc_sprintf("%s/next", bed.files);
	UC_CLEANUP(uc_freep) char *to = uc_sprintf("%s/race.xml", bed.files);
	bed_text(bed.files, "race.xml", "00000");
	for (size_t i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&threads[i], NULL, race_along, &r), 0);
	for (int i = 1; i <= ROUNDS; i++) {
		char text[16];
		snprintf(text, sizeof text, "%05d", i);
		bed_text(bed.files, "next", text);
		assert_int_equal(rename(from, to), 0);
		atomic_store(&r.written, i);
		if (i % 500 == 0) bed_settle();
	}
	atomic_store(&r.over, true);
	for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

/* ---- open ---- */

static void directories_are_made_and_readable_whatever_the_umask(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_phone *p = NULL;
	struct stat st;
	UC_CLEANUP(uc_freep) char *data = uc_sprintf("%s/data", bed.dir);
	assert_int_equal(mkdir(data, 0700), 0);
	mode_t before = umask(0077);
	assert_ok(uc_phone_open(data, NULL, NULL, &p, &e), e);
	umask(before);
	static const char *const names[] = {"tftp", "phone-certificates"};
	for (size_t i = 0; i < 2; i++) {
		UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", data, names[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0755);
		/* One that is there keeps its mode. */
		assert_int_equal(chmod(path, 0750), 0);
	}
	uc_phone_close(p);
	assert_ok(uc_phone_open(data, NULL, NULL, &p, &e), e);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/tftp", data);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	uc_phone_close(p);
	assert_fails(uc_phone_open(data, "/dev/null", NULL, &p, &e), e, UC_EIO, "not-directory");
}

/* The data directory itself, one that it is in, and its keys: phones would be given them. */
static void a_directory_with_private_keys_is_refused(void **state)
{
	(void)state;
	struct uc_error e;
	struct uc_phone *p = NULL;
	UC_CLEANUP(uc_freep) char *data = uc_sprintf("%s/data", bed.dir);
	UC_CLEANUP(uc_freep) char *keys = uc_sprintf("%s/keys", data);
	UC_CLEANUP(uc_freep) char *below = uc_sprintf("%s/below", keys);
	UC_CLEANUP(uc_freep) char *link = uc_sprintf("%s/link", bed.dir);
	UC_CLEANUP(uc_freep) char *beside = uc_sprintf("%s-files", data);
	const char *const private[] = {data, keys, below, link, bed.dir, "/"};
	const char *const public[] = {beside, bed.files};
	assert_int_equal(mkdir(data, 0700), 0);
	assert_int_equal(mkdir(keys, 0700), 0);
	assert_int_equal(symlink("data", link), 0);
	for (size_t i = 0; i < sizeof private / sizeof *private; i++) {
		assert_fails(uc_phone_open(data, private[i], NULL, &p, &e), e, UC_EINPUT, "phone-files-private");
		assert_null(p);
	}
	for (size_t i = 0; i < sizeof public / sizeof *public; i++) {
		assert_ok(uc_phone_open(data, public[i], NULL, &p, &e), e);
		uc_phone_close(p);
		p = NULL;
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(lists_come_from_the_basis_and_at_once),
	    TEST(a_cluster_without_a_ctl_has_none),
	    TEST(a_list_of_the_phones_own_comes_first),
	    TEST(c119_the_exact_name_comes_first_then_the_usual_one),
	    TEST(a_file_that_was_put_there_signed_is_given_as_it_is),
	    TEST(unsafe_names_are_refused_at_once),
	    TEST(an_encrypted_configuration_is_not_there_in_the_clear),
	    TEST(https_gives_configurations_without_a_signature),
	    TEST(what_was_made_is_kept_once_it_is_old_enough),
	    TEST(a_change_is_seen_at_once_whenever_it_comes),
	    TEST(another_signer_signs_at_once),
	    TEST(a_certificate_that_comes_or_goes_is_seen_at_once),
	    TEST(phones_that_ask_at_once_lead_to_one_signature),
	    TEST(nobody_gets_what_was_replaced_before_they_asked),
	    TEST(directories_are_made_and_readable_whatever_the_umask),
	    TEST(a_directory_with_private_keys_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
