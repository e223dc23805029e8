/* src/node/phone_name.c: what the names that phones ask for mean, and which are none. */
#include "uc_test.h"

#include "node/phone_internal.h"

static struct uc_phone_name read_name(const char *name)
{
	struct uc_error e;
	struct uc_phone_name out;
	assert_ok(uc_phone_name_read(name, &out, &e), e);
	return out;
}

static void expect(const char *name, enum uc_phone_kind kind, enum uc_phone_form form, const char *source, const char *usual,
                   const char *device)
{
	struct uc_phone_name n = read_name(name);
	if (n.kind != kind || n.form != form || strcmp(n.source, source) != 0 || strcmp(n.usual, usual) != 0 || strcmp(n.device, device) != 0)
		fail_msg("%s: kind %d, form %d, source '%s', usual '%s', device '%s'", name, (int)n.kind, (int)n.form, n.source, n.usual, n.device);
}

static void lists_are_known_by_their_names(void **state)
{
	(void)state;
	expect("CTLFile.tlv", UC_PHONE_CTL, UC_PHONE_PLAIN, "CTLFile.tlv", "", "");
	expect("ITLFile.tlv", UC_PHONE_ITL, UC_PHONE_PLAIN, "ITLFile.tlv", "", "");
	expect("CTLSEP00A1B2C3D4E5.tlv", UC_PHONE_CTL, UC_PHONE_PLAIN, "CTLSEP00A1B2C3D4E5.tlv", "", "SEP00A1B2C3D4E5");
	expect("ITLSEP00A1B2C3D4E5.tlv", UC_PHONE_ITL, UC_PHONE_PLAIN, "ITLSEP00A1B2C3D4E5.tlv", "", "SEP00A1B2C3D4E5");
	expect("CTLATA00A1B2C3D4E5.tlv", UC_PHONE_CTL, UC_PHONE_PLAIN, "CTLATA00A1B2C3D4E5.tlv", "", "ATA00A1B2C3D4E5");
	/* A soft client. */
	expect("CTLCSFjdoe.tlv", UC_PHONE_CTL, UC_PHONE_PLAIN, "CTLCSFjdoe.tlv", "", "CSFjdoe");
	/* Almost. */
	expect("CTL.tlv", UC_PHONE_OTHER, UC_PHONE_PLAIN, "CTL.tlv", "", "");
	expect("CTLFile.tlv.old", UC_PHONE_OTHER, UC_PHONE_PLAIN, "CTLFile.tlv.old", "", "");
	expect("xCTLFile.tlv", UC_PHONE_OTHER, UC_PHONE_PLAIN, "xCTLFile.tlv", "", "");
}

static void configurations_are_known_by_their_names(void **state)
{
	(void)state;
	expect("SEP00A1B2C3D4E5.cnf.xml", UC_PHONE_CONFIG, UC_PHONE_PLAIN, "SEP00A1B2C3D4E5.cnf.xml", "", "SEP00A1B2C3D4E5");
	expect("SEP00A1B2C3D4E5.cnf.xml.sgn", UC_PHONE_CONFIG, UC_PHONE_SIGNED, "SEP00A1B2C3D4E5.cnf.xml", "", "SEP00A1B2C3D4E5");
	expect("SEP00A1B2C3D4E5.cnf.xml.enc.sgn", UC_PHONE_CONFIG, UC_PHONE_ENCRYPTED, "SEP00A1B2C3D4E5.cnf.xml", "", "SEP00A1B2C3D4E5");
	expect("ATA00A1B2C3D4E5.cnf.xml.sgn", UC_PHONE_CONFIG, UC_PHONE_SIGNED, "ATA00A1B2C3D4E5.cnf.xml", "", "ATA00A1B2C3D4E5");
	expect("XMLDefault.cnf.xml.sgn", UC_PHONE_CONFIG, UC_PHONE_SIGNED, "XMLDefault.cnf.xml", "", "");
	expect("XMLDefaults.cnf.xml", UC_PHONE_OTHER, UC_PHONE_PLAIN, "XMLDefaults.cnf.xml", "", "");
	expect("SEP.cnf.xml", UC_PHONE_OTHER, UC_PHONE_PLAIN, "SEP.cnf.xml", "", "");
}

static void other_files_are_signed_whatever_they_are(void **state)
{
	(void)state;
	expect("ringlist.xml", UC_PHONE_OTHER, UC_PHONE_PLAIN, "ringlist.xml", "", "");
	expect("ringlist.xml.sgn", UC_PHONE_OTHER, UC_PHONE_SIGNED, "ringlist.xml", "", "");
	expect("New_Zealand/g3-tones.xml.sgn", UC_PHONE_OTHER, UC_PHONE_SIGNED, "New_Zealand/g3-tones.xml", "", "");
	expect("a.sgn.sgn", UC_PHONE_OTHER, UC_PHONE_SIGNED, "a.sgn", "", "");
	/* Only configurations are encrypted. */
	expect("ringlist.xml.enc.sgn", UC_PHONE_OTHER, UC_PHONE_SIGNED, "ringlist.xml.enc", "", "");
	/* An ending alone is a name. */
	expect("x/sgn", UC_PHONE_OTHER, UC_PHONE_PLAIN, "x/sgn", "", "");
	/* A list is signed in itself; this asks for something else. */
	expect("ITLFile.tlv.sgn", UC_PHONE_ITL, UC_PHONE_SIGNED, "ITLFile.tlv", "", "");
}

static void c119_names_with_a_mac_address_have_a_usual_spelling(void **state)
{
	(void)state;
	expect("sep00a1b2c3d4e5.cnf.xml", UC_PHONE_CONFIG, UC_PHONE_PLAIN, "sep00a1b2c3d4e5.cnf.xml", "SEP00A1B2C3D4E5.cnf.xml",
	       "SEP00A1B2C3D4E5");
	expect("SEP00a1b2c3d4e5.CNF.XML.SGN", UC_PHONE_CONFIG, UC_PHONE_SIGNED, "SEP00a1b2c3d4e5.CNF.XML", "SEP00A1B2C3D4E5.cnf.xml",
	       "SEP00A1B2C3D4E5");
	expect("ctlsep00a1b2c3d4e5.tlv", UC_PHONE_CTL, UC_PHONE_PLAIN, "ctlsep00a1b2c3d4e5.tlv", "CTLSEP00A1B2C3D4E5.tlv", "SEP00A1B2C3D4E5");
	expect("ctlfile.TLV", UC_PHONE_CTL, UC_PHONE_PLAIN, "ctlfile.TLV", "CTLFile.tlv", "");
	expect("xmldefault.cnf.xml", UC_PHONE_CONFIG, UC_PHONE_PLAIN, "xmldefault.cnf.xml", "XMLDefault.cnf.xml", "");
	/* What is no MAC address stays as it is: only the frame is spelled. */
	expect("ctlCSFjdoe.tlv", UC_PHONE_CTL, UC_PHONE_PLAIN, "ctlCSFjdoe.tlv", "CTLCSFjdoe.tlv", "CSFjdoe");
	expect("SEP00a1b2c3d4.cnf.xml", UC_PHONE_CONFIG, UC_PHONE_PLAIN, "SEP00a1b2c3d4.cnf.xml", "", "SEP00a1b2c3d4");
}

static void a_directory_is_kept_and_only_the_last_part_is_a_name(void **state)
{
	(void)state;
	expect("lab/sep00a1b2c3d4e5.cnf.xml", UC_PHONE_CONFIG, UC_PHONE_PLAIN, "lab/sep00a1b2c3d4e5.cnf.xml", "lab/SEP00A1B2C3D4E5.cnf.xml",
	       "SEP00A1B2C3D4E5");
	expect("CTLFile.tlv/x", UC_PHONE_OTHER, UC_PHONE_PLAIN, "CTLFile.tlv/x", "", "");
	assert_true(read_name("CTLFile.tlv").top);
	assert_false(read_name("lab/CTLFile.tlv").top);
	assert_false(read_name("lab/x.sgn").top);
}

static void unsafe_names_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"",        "/etc/passwd", "../x", "a/../b", "a/..", ".",      "./a",
	                                    ".hidden", "a/.hidden",   "a//b", "a/",     "a\nb", "a\x7f",  "\x1b",
	                                    "a\tb",    "..",          "...",  "a/...",  ".sgn", "a/.sgn", "..\\x"};
	struct uc_phone_name out;
	struct uc_error e;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_fails(uc_phone_name_read(names[i], &out, &e), e, UC_EREFUSED, "unsafe-name");
}

static void a_name_has_at_most_255_bytes(void **state)
{
	(void)state;
	char name[UC_PHONE_NAME_MAX + 2];
	struct uc_phone_name out;
	struct uc_error e;
	memset(name, 'a', sizeof name);
	name[UC_PHONE_NAME_MAX + 1] = '\0';
	assert_fails(uc_phone_name_read(name, &out, &e), e, UC_EREFUSED, "unsafe-name");
	name[UC_PHONE_NAME_MAX] = '\0';
	assert_ok(uc_phone_name_read(name, &out, &e), e);
	assert_string_equal(out.source, name);
}

static void a_device_that_is_too_long_is_none(void **state)
{
	(void)state;
	char name[128] = "CTL";
	memset(name + 3, 'x', 64);
	memcpy(name + 67, ".tlv", 5);
	struct uc_phone_name n = read_name(name);
	assert_int_equal(n.kind, UC_PHONE_CTL);
	assert_string_equal(n.device, "");
	memcpy(name + 66, ".tlv", 5);
	assert_int_equal(strlen(read_name(name).device), 63);
}

static void kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(uc_phone_kind_name(UC_PHONE_CTL), "CTL");
	assert_string_equal(uc_phone_kind_name(UC_PHONE_ITL), "ITL");
	assert_string_equal(uc_phone_kind_name(UC_PHONE_CONFIG), "config");
	assert_string_equal(uc_phone_kind_name(UC_PHONE_OTHER), "other");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_are_known_by_their_names),
	    cmocka_unit_test(configurations_are_known_by_their_names),
	    cmocka_unit_test(other_files_are_signed_whatever_they_are),
	    cmocka_unit_test(c119_names_with_a_mac_address_have_a_usual_spelling),
	    cmocka_unit_test(a_directory_is_kept_and_only_the_last_part_is_a_name),
	    cmocka_unit_test(unsafe_names_are_refused),
	    cmocka_unit_test(a_name_has_at_most_255_bytes),
	    cmocka_unit_test(a_device_that_is_too_long_is_none),
	    cmocka_unit_test(kinds_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
