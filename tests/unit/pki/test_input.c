/* src/pki/input.c, input_text.c, input_pem.c, input_der.c: what may be handed over, in all its forms (C10 to C25, section 2 of the issue "Uploads"). */
#include "input_files.h"

/* Three certificates a, b, c and their keys, a request, a revocation list, and bundles of them. */
static int make_files(void **state)
{
	files_make(state);
	for (const char *name = "abc"; *name != '\0'; name++) {
		sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %c.key -out %c.pem -days 3650 -subj "
		   "'/O=Example/CN=Test %c'",
		   *name, *name, *name);
		sh("openssl x509 -in %c.pem -outform DER -out %c.der", *name, *name);
	}
	sh("openssl req -new -key a.key -subj /CN=host.example.com -out a.csr && openssl req -in a.csr -outform DER -out a.csr.der");
	sh("openssl req -new -newhdr -key a.key -subj /CN=host.example.com -out new.csr");
	sh("printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index\\ndefault_md=sha256\\n' >ca.cnf; : >index");
	sh("openssl ca -gencrl -config ca.cnf -cert a.pem -keyfile a.key -crldays 30 -out a.crl && openssl crl -in a.crl -outform DER -out "
	   "a.crl.der");
	sh("cat a.pem b.pem c.pem >abc.pem");
	sh("openssl crl2pkcs7 -in a.crl -certfile abc.pem -out abc.p7b && openssl crl2pkcs7 -nocrl -certfile abc.pem -outform DER -out "
	   "abc.p7c");
	sh("openssl cms -sign -in a.pem -signer b.pem -inkey b.key -certfile c.pem -nodetach -stream -outform DER -out signed.ber");
	return 0;
}

static void assert_a_b_c(void)
{
	assert_int_equal(input.count, 3);
	assert_item(0, UC_INPUT_CERT, "a.der");
	assert_item(1, UC_INPUT_CERT, "b.der");
	assert_item(2, UC_INPUT_CERT, "c.der");
}

static void read_well(const char *command)
{
	assert_ok(read_made(command, NULL, UC_INPUT_REFUSE_KEYS), error);
}

static void read_badly(const char *command, enum uc_status status, const char *id)
{
	assert_fails(read_made(command, NULL, UC_INPUT_REFUSE_KEYS), error, status, id);
	assert_true(error.hint[0] != '\0');
}

static void every_certificate_of_a_bundle_is_taken_with_its_line_C18_C23(void **state)
{
	(void)state;
	read_well("cat abc.pem");
	assert_a_b_c();
	assert_string_equal(input.format, "PEM");
	assert_int_equal(input.findings.count, 0);
	UC_CLEANUP(uc_freep) char *lines = output_of("grep -n BEGIN abc.pem | cut -d: -f1 | tr '\\n' ' '");
	UC_CLEANUP(uc_freep) char *ours = uc_sprintf("%zu %zu %zu ", input.items[0].line, input.items[1].line, input.items[2].line);
	assert_string_equal(ours, lines);
}

static void text_in_any_encoding_is_the_same_C13_C14_C15_C17_C18(void **state)
{
	(void)state;
	static const struct {
		const char *command;
		const char *note; /* part of the finding, NULL for none */
	} rows[] = {
	    {"sed 's/$/\\r/' abc.pem", NULL},
	    {"tr '\\n' '\\r' <abc.pem", NULL},
	    {"{ printf '\\357\\273\\277'; cat abc.pem; }", "UTF-8"},
	    {"{ printf '\\357\\273\\277'; sed 's/$/\\r/' abc.pem; }", "UTF-8"},
	    {"{ printf '\\377\\376'; iconv -f ASCII -t UTF-16LE abc.pem; }", "UTF-16 (little-endian)"},
	    {"{ printf '\\376\\377'; iconv -f ASCII -t UTF-16BE abc.pem; }", "UTF-16 (big-endian)"},
	    {"sed 's/$/\\r/' abc.pem | iconv -f ASCII -t UTF-16LE", "without a byte order mark"},
	    {"iconv -f ASCII -t UTF-16BE abc.pem", "without a byte order mark"},
	    {"{ printf '\\377\\376\\000\\000'; iconv -f ASCII -t UTF-32LE abc.pem; }", "UTF-32 (little-endian)"},
	    {"{ printf '\\000\\000\\376\\377'; iconv -f ASCII -t UTF-32BE abc.pem; }", "UTF-32 (big-endian)"},
	};
	for (EACH(i, rows)) {
		read_well(rows[i].command);
		assert_a_b_c();
		if (rows[i].note != NULL) assert_note("text-encoding", rows[i].note);
		assert_int_equal(input.findings.count, rows[i].note != NULL ? 1 : 0);
		UC_CLEANUP(uc_freep) char *second = output_of("grep -n BEGIN abc.pem | sed -n '2s/:.*//p'");
		UC_CLEANUP(uc_freep) char *ours = uc_sprintf("%zu", input.items[1].line);
		assert_string_equal(ours, second);
	}
}

static void blanks_and_lines_of_any_length_do_no_harm_C11_C13(void **state)
{
	(void)state;
	static const char *const commands[] = {
	    "sed 's/$/  \\t /' abc.pem",                        /* at line ends */
	    "sed 's/^/\\t  /' abc.pem",                         /* at line starts */
	    "sed 's/$/\\n/' abc.pem",                           /* blank lines */
	    "tr '\\n' ' ' <abc.pem",                            /* all in one line */
	    "tr -d '\\n' <abc.pem",                             /* without even a blank */
	    "sed -E '/-----/!s/(.{7})/\\1\\n/g' abc.pem",       /* short lines */
	    "sed 's#/#\\\\/#g' abc.pem",                        /* the slashes of one */
	    "awk '{ printf \"%s%s\", $0, \"\\\\n\" }' abc.pem", /* the line ends of a JSON string */
	    "head -c -1 abc.pem",                               /* no line end at the end */
	    "sed '/^---/!s/=*$//' abc.pem",                     /* without padding */
	};
	for (EACH(i, commands)) {
		read_well(commands[i]);
		assert_a_b_c();
	}
}

static void text_around_the_blocks_is_skipped_C9_C10(void **state)
{
	(void)state;
	read_well("for f in a b c; do openssl x509 -in $f.pem -text; done");
	assert_a_b_c();
	assert_note("text-skipped", "lines of text");
	read_well("openssl pkcs12 -export -in a.pem -inkey a.key -certfile b.pem -name friend -passout pass:x -out t.p12 && openssl pkcs12 -in "
	          "t.p12 -passin pass:x -nokeys");
	assert_int_equal(input.count, 2);
	assert_note("attributes-skipped", "PKCS#12");
	read_well("{ echo 'subject=CN = x'; cat a.pem; echo 0 s:CN between; cat b.pem; echo ------; echo; cat c.pem; echo -- ; echo --END; }");
	assert_a_b_c();
	assert_note("text-skipped", "5 lines");
	read_well("printf '{\"cert\": \"%s\"}' \"$(awk '{ printf \"%s%s\", $0, \"\\\\n\" }' a.pem)\"");
	assert_int_equal(input.count, 1);
	assert_item(0, UC_INPUT_CERT, "a.der");
}

static void damaged_armour_is_repaired_with_a_note(void **state)
{
	(void)state;
	static const char *const commands[] = {
	    "sed '1s/^-----/----/' a.pem",
	    "sed '1s/-----$/---/' a.pem",
	    "sed '$s/-----$//' a.pem",
	    "sed '$s/^-----/------/' a.pem",
	    "sed '$s/CERTIFICATE/X509 CERTIFICATE/' a.pem",
	};
	for (EACH(i, commands)) {
		read_well(commands[i]);
		assert_int_equal(input.count, 1);
		assert_item(0, UC_INPUT_CERT, "a.der");
		assert_note("armour-repaired", "line 1");
	}
}

static void every_label_is_known_C17_C18_C21(void **state)
{
	(void)state;
	static const struct {
		const char *command;
		enum uc_input_kind kind;
		const char *der;
	} rows[] = {
	    {"sed 's/CERTIFICATE/X509 CERTIFICATE/' a.pem", UC_INPUT_CERT, "a.der"},
	    {"openssl x509 -in a.pem -trustout", UC_INPUT_CERT, "a.der"},
	    {"openssl x509 -in a.pem -addtrust serverAuth -setalias x", UC_INPUT_CERT, "a.der"},
	    {"cat a.csr", UC_INPUT_CSR, "a.csr.der"},
	    {"cat new.csr", UC_INPUT_CSR, "new.csr.der"},
	    {"{ printf '\\377\\376'; sed 's/$/\\r/' new.csr | iconv -f ASCII -t UTF-16LE; }", UC_INPUT_CSR, "new.csr.der"},
	    {"cat a.crl", UC_INPUT_CRL, "a.crl.der"},
	    {"cat a.der", UC_INPUT_CERT, "a.der"},
	    {"cat a.csr.der", UC_INPUT_CSR, "a.csr.der"},
	    {"cat a.crl.der", UC_INPUT_CRL, "a.crl.der"},
	};
	sh("openssl req -in new.csr -outform DER -out new.csr.der");
	for (EACH(i, rows)) {
		read_well(rows[i].command);
		assert_int_equal(input.count, 1);
		assert_item(0, rows[i].kind, rows[i].der);
	}
	read_well("openssl x509 -in a.pem -addtrust serverAuth -setalias x");
	assert_note("trusted-data-dropped", "line 1");
}

static void content_decides_not_the_label_C22(void **state)
{
	(void)state;
	read_well("sed 's/PKCS7/CERTIFICATE/' abc.p7b");
	assert_int_equal(input.count, 4);
	read_well("sed 's/CERTIFICATE REQUEST/CERTIFICATE/' a.csr");
	assert_item(0, UC_INPUT_CSR, "a.csr.der");
	read_well("sed 's/CERTIFICATE/PKCS7/' a.pem");
	assert_item(0, UC_INPUT_CERT, "a.der");
}

static void pkcs7_is_understood_in_every_form_C18_C21_C22(void **state)
{
	(void)state;
	static const struct {
		const char *command;
		const char *format;
		size_t count;
	} rows[] = {
	    {"cat abc.p7b", "PKCS#7 (PEM)", 4},
	    {"sed 's/PKCS7/CMS/' abc.p7b", "PKCS#7 (PEM)", 4},
	    {"sed 's/PKCS7/PKCS #7 SIGNED DATA/' abc.p7b", "PKCS#7 (PEM)", 4},
	    {"cat abc.p7c", "PKCS#7 (DER)", 3},
	    {"{ cat abc.p7c; printf '\\r\\n\\032'; }", "PKCS#7 (DER)", 3},
	    {"grep -v -- ----- abc.p7b", "base64", 4},
	    {"cat signed.ber", "PKCS#7 (DER)", 2},
	    {"openssl base64 -in signed.ber", "base64", 2},
	};
	for (EACH(i, rows)) {
		read_well(rows[i].command);
		assert_string_equal(input.format, rows[i].format);
		assert_int_equal(input.count, rows[i].count);
	}
	read_well("cat abc.p7b");
	assert_item(0, UC_INPUT_CERT, "a.der");
	assert_item(3, UC_INPUT_CRL, "a.crl.der");
	assert_int_equal(input.items[0].line, 1);
}

static void pkcs7_without_certificates_says_so(void **state)
{
	(void)state;
	read_badly("openssl cms -encrypt -in a.pem -outform DER -recip b.pem -aes128", UC_EINPUT, "no-certificate-found");
	assert_non_null(strstr(error.message, "another kind"));
	read_badly("openssl cms -sign -nocerts -in a.pem -outform DER -signer b.pem -inkey b.key", UC_EINPUT, "no-certificate-found");
	assert_non_null(strstr(error.message, "without any certificate"));
	read_badly("head -c 900 abc.p7c", UC_EINPUT, "truncated");
	read_badly("head -c 900 signed.ber", UC_EINPUT, "no-certificate-found");
	assert_non_null(strstr(error.message, "damaged or cut off"));
}

static void base64_without_armour_is_read_C18(void **state)
{
	(void)state;
	static const char *const one[] = {
	    "grep -v -- ----- a.pem",
	    "openssl base64 -A -in a.der",
	    "base64 -w 9 a.der",
	    "openssl base64 -A -in a.pem",                     /* PEM in base64 */
	    "openssl base64 -A -in a.der | openssl base64 -A", /* base64 in base64 */
	    "{ printf '\\377\\376'; base64 a.der | iconv -f ASCII -t UTF-16LE; }",
	};
	for (EACH(i, one)) {
		read_well(one[i]);
		assert_string_equal(input.format, "base64");
		assert_int_equal(input.count, 1);
		assert_item(0, UC_INPUT_CERT, "a.der");
	}
	read_well("grep -v -- ----- abc.pem");
	assert_a_b_c();
}

static void certificates_in_DER_one_after_the_other_are_all_taken(void **state)
{
	(void)state;
	read_well("cat a.der b.der c.der");
	assert_a_b_c();
	assert_string_equal(input.format, "DER certificate");
	assert_note("several-objects", "3 objects");
	read_well("{ cat a.der; echo junk; }");
	assert_int_equal(input.count, 1);
	assert_note("damaged-block", "the object at byte");
	read_well("{ cat a.der; printf '\\n\\000\\000'; }");
	assert_int_equal(input.count, 1);
	assert_int_equal(input.findings.count, 0);
}

static void blocks_of_no_use_are_skipped_with_a_note(void **state)
{
	(void)state;
	read_well("{ openssl ecparam -name P-256; openssl x509 -in a.pem -pubkey; }");
	assert_int_equal(input.count, 1);
	assert_note("block-skipped", "curve");
	read_badly("openssl x509 -in a.pem -pubkey -noout", UC_EINPUT, "no-certificate-found");
	assert_non_null(strstr(error.message, "a public key"));
	read_badly("openssl x509 -in a.pem -pubkey -noout | openssl pkey -pubin -outform DER", UC_EINPUT, "no-certificate-found");
	assert_non_null(strstr(error.message, "a public key"));
}

static void a_damaged_block_among_good_ones_is_a_finding_with_its_line(void **state)
{
	(void)state;
	static const struct {
		const char *command; /* spoils b in a, b, c */
		const char *text;
	} rows[] = {
	    {"{ cat a.pem; sed 's/^M/?/' b.pem; cat c.pem; }", "the character '?'"},
	    {"{ cat a.pem; sed '$d' b.pem; cat c.pem; }", "no END line"},
	    {"{ cat a.pem; sed '1d' b.pem; cat c.pem; }", "no BEGIN line"},
	    {"{ cat a.pem; sed '4d' b.pem; cat c.pem; }", "is cut off"},
	    {"{ cat a.pem; sed 's/CERTIFICATE/NONSENSE/' b.pem; cat c.pem; }", "unknown kind"},
	    {"{ cat a.pem; grep -e ----- b.pem; cat c.pem; }", "is damaged"},
	};
	for (EACH(i, rows)) {
		read_well(rows[i].command);
		assert_int_equal(input.count, 2);
		assert_item(0, UC_INPUT_CERT, "a.der");
		assert_item(1, UC_INPUT_CERT, "c.der");
		assert_note("damaged-block", rows[i].text);
		assert_note("damaged-block", "line");
		assert_int_equal(uc_findings_worst(&input.findings), UC_WARN);
	}
}

static void any_damage_ends_well(void **state)
{
	(void)state;
	static const char *const commands[] = {
	    "openssl x509 -in a.pem -text",
	    "cat a.der b.der",
	    "cat abc.p7b",
	    "cat abc.p7c",
	    "cat signed.ber",
	    "cat a.crl.der",
	    "cat a.csr.der",
	    "{ printf '\\377\\376'; iconv -f ASCII -t UTF-16LE a.pem; }",
	    "openssl base64 -A -in a.pem",
	};
	for (EACH(i, commands)) assert_any_damage_ends_well(commands[i], NULL);
}

static void no_error_object_is_needed(void **state)
{
	(void)state;
	assert_int_equal(uc_input_read(uc_slice_str("x"), NULL, UC_INPUT_REFUSE_KEYS, &input, NULL), UC_EINPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(every_certificate_of_a_bundle_is_taken_with_its_line_C18_C23, forget),
	    cmocka_unit_test_teardown(text_in_any_encoding_is_the_same_C13_C14_C15_C17_C18, forget),
	    cmocka_unit_test_teardown(blanks_and_lines_of_any_length_do_no_harm_C11_C13, forget),
	    cmocka_unit_test_teardown(text_around_the_blocks_is_skipped_C9_C10, forget),
	    cmocka_unit_test_teardown(damaged_armour_is_repaired_with_a_note, forget),
	    cmocka_unit_test_teardown(every_label_is_known_C17_C18_C21, forget),
	    cmocka_unit_test_teardown(content_decides_not_the_label_C22, forget),
	    cmocka_unit_test_teardown(pkcs7_is_understood_in_every_form_C18_C21_C22, forget),
	    cmocka_unit_test_teardown(pkcs7_without_certificates_says_so, forget),
	    cmocka_unit_test_teardown(base64_without_armour_is_read_C18, forget),
	    cmocka_unit_test_teardown(certificates_in_DER_one_after_the_other_are_all_taken, forget),
	    cmocka_unit_test_teardown(blocks_of_no_use_are_skipped_with_a_note, forget),
	    cmocka_unit_test_teardown(a_damaged_block_among_good_ones_is_a_finding_with_its_line, forget),
	    cmocka_unit_test_teardown(any_damage_ends_well, forget),
	    cmocka_unit_test_teardown(no_error_object_is_needed, forget),
	};
	return cmocka_run_group_tests(tests, make_files, files_remove);
}
