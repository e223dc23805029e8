/* src/trustlist/list_accept.c: how phones come to believe the next list. */
#include "trustlist/phone_data.h"

/* Lists as texts: a letter for a certificate, then its role: "A=SAST T=TVS". */
enum { MOST = 8 };

static size_t known_of(const char *text, struct uc_tl_known *out)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv parts = {.items = NULL};
	uc_strv_split(&parts, text, ' ');
	assert_true(parts.count <= MOST);
	for (size_t i = 0; i < parts.count; i++) {
		memset(out[i].fingerprint, parts.items[i][0], UC_FINGERPRINT_LEN);
		assert_true(uc_tl_role_find(parts.items[i] + 2, &out[i].role));
	}
	return parts.count;
}

struct accepted {
	const char *what, *ctl, *itl;
	char signer;
	bool new_ctl;
	const char *tvs; /* NULL: not known */
	enum uc_tl_path path;
};

static const struct accepted rows[] = {
    {"no list at all, a CTL", "", "", 'A', true, NULL, UC_TL_FIRST},
    {"no list at all, an ITL", "", "", 'A', false, NULL, UC_TL_FIRST},
    {"no list, no TVS", "", "", 'A', false, "", UC_TL_FIRST},
    {"the same signer", "A=SAST", "", 'A', true, "", UC_TL_BY_LIST},
    {"the CTL's signer signs the first ITL", "A=SAST", "", 'A', false, "", UC_TL_BY_LIST},
    {"the ITL's signer signs the first CTL", "", "A=SAST", 'A', true, "", UC_TL_BY_LIST},
    {"the second SAST takes over", "A=SAST B=SAST", "", 'B', true, "", UC_TL_BY_LIST},
    {"a SAST of the ITL signs a CTL", "A=SAST", "B=SAST", 'B', true, "", UC_TL_BY_LIST},
    {"a SAST of the CTL signs an ITL", "A=SAST", "B=SAST", 'A', false, "", UC_TL_BY_LIST},
    {"the list comes before TVS", "", "A=SAST T=TVS", 'A', false, "T=TVS", UC_TL_BY_LIST},
    {"SAST comes before TFTP", "", "A=SAST A=CCM+TFTP", 'A', false, NULL, UC_TL_BY_LIST},
    {"an ITL by the TFTP server of the CTL", "A=SAST C=CCM+TFTP", "", 'C', false, "", UC_TL_BY_TFTP},
    {"an ITL by the TFTP server of the ITL", "", "A=SAST C=CCM+TFTP", 'C', false, "", UC_TL_BY_TFTP},
    {"an ITL by one that is TFTP alone", "", "A=SAST C=TFTP", 'C', false, "", UC_TL_BY_TFTP},
    {"TFTP comes before TVS", "", "C=TFTP T=TVS", 'C', false, NULL, UC_TL_BY_TFTP},
    {"a CTL by a TFTP server", "A=SAST C=CCM+TFTP", "A=SAST C=CCM+TFTP", 'C', true, "", UC_TL_REFUSED},
    {"a CTL by a TFTP server, with TVS", "C=CCM+TFTP", "C=CCM+TFTP T=TVS", 'C', true, NULL, UC_TL_BY_TVS},
    {"another signer", "A=SAST", "A=SAST", 'X', true, NULL, UC_TL_REFUSED},
    {"another signer of an ITL", "A=SAST", "A=SAST C=CCM+TFTP", 'X', false, NULL, UC_TL_REFUSED},
    {"known in another role only", "X=CCM X=CAPF", "X=APP-SERVER X=TVS", 'X', true, "", UC_TL_REFUSED},
    {"a new signer, any TVS", "", "A=SAST T=TVS", 'X', false, NULL, UC_TL_BY_TVS},
    {"a new signer of a CTL, any TVS", "A=SAST", "A=SAST T=TVS", 'X', true, NULL, UC_TL_BY_TVS},
    {"a new signer, the TVS answers still", "", "A=SAST T=TVS", 'X', false, "T=TVS", UC_TL_BY_TVS},
    {"a new signer, one of two TVS answers", "", "A=SAST T=TVS U=TVS", 'X', false, "V=TVS U=TVS", UC_TL_BY_TVS},
    {"a new signer and a new TVS at once", "", "A=SAST T=TVS", 'X', false, "V=TVS", UC_TL_REFUSED},
    {"a new signer, no TVS answers", "", "A=SAST T=TVS", 'X', false, "", UC_TL_REFUSED},
    {"a CTL's TVS does not count", "A=SAST T=TVS", "", 'X', false, NULL, UC_TL_REFUSED},
    {"a TVS certificate that the list has in another role", "", "A=SAST T=APP-SERVER", 'X', false, "T=TVS", UC_TL_REFUSED},
    {"an unknown role", "", "X=6", 'X', false, "", UC_TL_REFUSED},
};

static void the_path_of_each_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct accepted *t = &rows[i];
		struct uc_tl_known ctl[MOST];
		struct uc_tl_known itl[MOST];
		struct uc_tl_known tvs[MOST];
		uint8_t signer[UC_FINGERPRINT_LEN];
		memset(signer, t->signer, sizeof signer);
		size_t ctl_count = known_of(t->ctl, ctl);
		size_t itl_count = known_of(t->itl, itl);
		size_t tvs_count = t->tvs != NULL ? known_of(t->tvs, tvs) : 0;
		enum uc_tl_path path = uc_tl_accepts(ctl, ctl_count, itl, itl_count, signer, t->new_ctl, t->tvs != NULL ? tvs : NULL, tvs_count);
		if (path != t->path) fail_msg("%s: %s instead of %s", t->what, uc_tl_path_name(path), uc_tl_path_name(t->path));
	}
}

static void lists_that_a_phone_has_not_may_be_null(void **state)
{
	(void)state;
	static const uint8_t signer[UC_FINGERPRINT_LEN];
	assert_int_equal(uc_tl_accepts(NULL, 0, NULL, 0, signer, true, NULL, 0), UC_TL_FIRST);
}

static void every_path_has_a_name_and_a_sentence(void **state)
{
	(void)state;
	static const char *const names[] = {"refused", "first", "list", "tftp", "tvs"};
	for (int path = UC_TL_REFUSED; path <= UC_TL_BY_TVS; path++) {
		assert_string_equal(uc_tl_path_name((enum uc_tl_path)path), names[path]);
		assert_non_null(strchr(uc_tl_path_text((enum uc_tl_path)path), ' '));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_path_of_each_case),
	    cmocka_unit_test(lists_that_a_phone_has_not_may_be_null),
	    cmocka_unit_test(every_path_has_a_name_and_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
