/* src/trustlist/list_text.c: the layout of `show ctl` and `show itl`. */
#include "trustlist/forge.h"

static char *text_of(const struct uc_tl *l, const char *kind, const struct uc_findings *findings)
{
	struct uc_buf out = UC_BUF_EMPTY;
	uc_tl_text(l, kind, findings, &out);
	return uc_buf_take_str(&out);
}

static void assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL) fail_msg("'%s' is not in:\n%s", part, text);
}

/* As it is: a test that knows the layout line by line. */
static const char smallest[] = "The checksum value of the ITL file:\n"
                               "6bfb13b6a1ae69df48a423b3ddb9b2b7(MD5)\n"
                               "20cfc523721fef41c324230c0e8d3531cab46505(SHA1)\n"
                               "f749f0c2cfbdadc2a0d549c1bb49736fefa68cfd4b7271c9e3260a8ebe89048c(SHA256)\n"
                               "\n"
                               "Length of ITL file: 1310\n"
                               "The ITL file was last modified on 2026-11-24T23:29:35Z\n"
                               "\n"
                               "Parse ITL File\n"
                               "----------------\n"
                               "\n"
                               "Version:        1.2\n"
                               "HeaderLength:   284 (BYTES)\n"
                               "\n"
                               "BYTEPOS TAG                     LENGTH  VALUE\n"
                               "------- ---                     ------  -----\n"
                               "28      SIGNERVERSION           2       1.0\n"
                               "3       SIGNERID                2       93\n"
                               "4       SIGNERNAME              34      CN=SAST2,O=Example,OU=UC Lab,C=NZ\n"
                               "6       CANAME                  34      CN=SAST2,O=Example,OU=UC Lab,C=NZ\n"
                               "5       SERIALNUMBER            16      55:2A:83:7A:FA:52:AA:C1:66:E1:72:56:D2:2E:86:1D\n"
                               "7       SIGNATUREINFO           2       15\n"
                               "8       DIGESTALGORITHM         1       SHA-1\n"
                               "9       SIGNATUREALGOINFO       2       8\n"
                               "10      SIGNATUREALGORITHM      1       0\n"
                               "11      SIGNATUREMODULUS        1       1 (1024 bits)\n"
                               "12      SIGNATURE               128\n";

static const char smallest_rest[] =
    "14      FILENAME                12      ITLFile.tlv\n"
    "15      TIMESTAMP               4       2026-11-24T23:29:35Z\n"
    "13      PADDING                 2\n"
    "\n"
    "ITL Record #:1\n"
    "              ----\n"
    "BYTEPOS TAG                     LENGTH  VALUE\n"
    "------- ---                     ------  -----\n"
    "1       RECORDLENGTH            2       1026\n"
    "3       SUBJECTNAME             34      CN=SAST2,O=Example,OU=UC Lab,C=NZ\n"
    "5       ISSUERNAME              34      CN=SAST2,O=Example,OU=UC Lab,C=NZ\n"
    "6       SERIALNUMBER            16      55:2A:83:7A:FA:52:AA:C1:66:E1:72:56:D2:2E:86:1D\n"
    "4       FUNCTION                2       System Administrator Security Token\n"
    "7       PUBLICKEY               140\n"
    "8       SIGNATURE               128\n"
    "9       CERTIFICATE             646     AB 7C 41 78 C5 6F 58 8A E4 46 4E E5 9B 80 75 FF 10 A9 67 7E (SHA1 Hash HEX)\n"
    "This certificate signed the ITL file.\n"
    "\n"
    "The ITL file was verified successfully.\n";

static void the_layout_of_show_itl(void **state)
{
	(void)state;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = sample_list("peer-itl-min.tlv");
	UC_CLEANUP(uc_freep) char *text = text_of(&l, "ITL", NULL);
	assert_int_equal(strncmp(text, smallest, strlen(smallest)), 0);
	/* Eight lines of sixteen bytes of the signature. */
	const char *dump = text + strlen(smallest);
	assert_int_equal(strncmp(dump, "        ad a2 37 7a ", 20), 0);
	const char *rest = dump;
	for (int i = 0; i < 8; i++) rest = strchr(rest, '\n') + 1;
	assert_int_equal(strncmp(rest - 13, " 3b 5a 5b 21\n", 13), 0);
	assert_string_equal(rest, smallest_rest);
}

static void records_of_every_kind(void **state)
{
	(void)state;
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	UC_CLEANUP(party_free) struct party ccm = peer("ccm");
	struct forge f = {.signer = &sast};
	struct uc_buf in = UC_BUF_EMPTY;
	add_cert_record(&f.body, ccm.cert, UC_TL_SAST);
	add_cert_record(&f.body, sast.cert, UC_TL_SAST);
	add_cert_record(&f.body, ccm.cert, UC_TL_CCM_TFTP);
	add_cert_record(&f.body, ccm.cert, 300);
	el_text(&in, 2, "sub1");
	el_u16(&in, 4, UC_TL_CCM);
	el(&in, 10, "0123456789abcdef", 16);
	el(&in, 11, "\xab\xcd", 2);
	el(&in, 77, "?", 1);
	add_record(&f.body, &in);
	UC_CLEANUP(uc_buf_free) struct uc_buf file = forge(&f);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	UC_CLEANUP(uc_freep) char *text = text_of(&l, "CTL", NULL);
	assert_has(text, "The checksum value of the CTL file:\n");
	assert_has(text, "\nCTL Record #:5\n");
	assert_has(text, "\n2       DNSNAME                 4       pub\n");
	assert_has(text, "\n4       FUNCTION                2       CCM+TFTP\n");
	assert_has(text, "\n4       FUNCTION                2       300\n");
	assert_has(text, "\n10      IPADDRESS               4       10.1.2.3\n");
	assert_has(text, "\n10      IPADDRESS               16      30:31:32:33:34:35:36:37:38:39:61:62:63:64:65:66\n");
	assert_has(text, "\n11      CERTHASH                2       AB:CD\n");
	assert_has(text, "\n77      (unknown)               1\n");
	/* A line for each SAST: the first did not sign, the second did. */
	const char *first = strstr(text, "This certificate did not sign the CTL file.\n\nCTL Record #:2\n");
	const char *second = strstr(text, "This certificate signed the CTL file.\n\nCTL Record #:3\n");
	assert_true(first != NULL && second != NULL && first < second);
	assert_null(strstr(second + 10, "This certificate"));
	assert_has(text, "\nThe CTL file was verified successfully.\n");
}

static void the_last_line_says_why_a_list_does_not_verify(void **state)
{
	(void)state;
	UC_CLEANUP(uc_buf_free) struct uc_buf file = sample("peer-itl-min.tlv");
	file.ptr[0x100] ^= 1;
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), NULL);
	UC_CLEANUP(uc_freep) char *text = text_of(&l, "CTL", NULL);
	assert_has(text, "\nThe CTL file was not verified: the signature is not one of 'SAST2' over this file.\n");
	assert_null(strstr(text, "successfully"));
}

static void findings_stand_before_the_last_line(void **state)
{
	(void)state;
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_tl_free) struct uc_tl l = sample_list("peer-itl-min.tlv");
	uc_findings_add(&findings, UC_WARN, "a", NULL, "something is odd");
	uc_findings_add(&findings, UC_NOTE, "b", NULL, "so is this");
	UC_CLEANUP(uc_freep) char *text = text_of(&l, "ITL", &findings);
	assert_has(text, "ITL file.\n\nwarn: something is odd\nnote: so is this\n\nThe ITL file was verified successfully.\n");
}

/* Whatever a file has for texts, a terminal sees lines of printable characters. */
static void nothing_of_a_file_reaches_the_terminal_raw(void **state)
{
	(void)state;
	static const char nasty[] = "\x1b[2J\x07\rCN=a\nThe CTL file was verified successfully.\n\xff\xe2\x80\xae";
	UC_CLEANUP(party_free) struct party sast = peer("sast");
	struct uc_buf in = UC_BUF_EMPTY;
	struct forge f = {.signer = &sast};
	el_text(&f.signer_info, 4, nasty);
	el_text(&f.signer_info, 6, nasty);
	el_text(&f.after, 14, nasty);
	el_text(&in, 2, nasty);
	el_text(&in, 3, nasty);
	el_text(&in, 5, nasty);
	add_record(&f.body, &in);
	UC_CLEANUP(uc_findings_free) struct uc_findings findings = {.items = NULL};
	UC_CLEANUP(uc_buf_free) struct uc_buf file = forge(&f);
	UC_CLEANUP(uc_tl_free) struct uc_tl l = list_of(uc_buf_slice(&file), &findings);
	UC_CLEANUP(uc_freep) char *text = text_of(&l, "CTL", &findings);
	assert_true(uc_utf8_valid(uc_slice_str(text)));
	for (const char *p = text; *p != '\0'; p++) assert_true(*p == '\n' || ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f));
	assert_null(strstr(text, "\nThe CTL file was verified"));
	assert_has(text, "?[2J??CN=a?The CTL file was verified successfully.?????");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_layout_of_show_itl),
	    cmocka_unit_test(records_of_every_kind),
	    cmocka_unit_test(the_last_line_says_why_a_list_does_not_verify),
	    cmocka_unit_test(findings_stand_before_the_last_line),
	    cmocka_unit_test(nothing_of_a_file_reaches_the_terminal_raw),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
