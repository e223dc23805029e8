#include "uc_test.h"

#include "cli/output.h"

static char *printed(const json_t *plan, bool colour)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	uc_out_plan(out, plan, colour);
	fclose(out);
	return text;
}

static json_t *plan_with(const char *weight)
{
	return json_pack("{s:s,s:[{s:s,s:s}],s:[{s:s,s:s,s:s,s:s}],s:[{s:s,s:s,s:s}]}", "summary", "Do it", "steps", "type", "t", "text",
	                 "First", "findings", "weight", weight, "code", "c", "message", "look\nout", "hint", "Be careful.", "followups", "kind",
	                 "reload", "target", "x", "text", "Reload x.");
}

static void a_plan_is_shown_whole(void **state)
{
	(void)state;
	UC_CLEANUP(uc_json_free) json_t *plan = plan_with("warn");
	UC_CLEANUP(uc_freep) char *text = printed(plan, false);
	assert_string_equal(text, "Plan: Do it\n"
	                          "   1. First\n"
	                          "Findings:\n"
	                          "  warn    look?out\n"
	                          "          Be careful.\n"
	                          "What follows:\n"
	                          "  reload     Reload x.\n");
}

/* G1: what is open is shown with the id by which it is ticked off. */
static void what_follows_is_shown_with_how_it_stands(void **state)
{
	(void)state;
	UC_CLEANUP(uc_json_free)
	json_t *list = json_pack("[{s:s, s:s, s:b, s:s}, {s:s, s:s, s:b}, {s:s, s:s}]", "kind", "reload", "text", "Reload x.", "open", 1, "id",
	                         "n/reload/x", "kind", "backup", "text", "Take one.", "open", 0, "kind", "lists", "text", "By itself.");
	UC_CLEANUP(uc_freep) char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	uc_out_followups(out, list);
	fclose(out);
	assert_string_equal(text, "What follows:\n"
	                          "  reload     Reload x.  [n/reload/x]\n"
	                          "  backup     Take one.  [done]\n"
	                          "  lists      By itself.\n");
}

static void weights_have_their_colours_only_when_asked(void **state)
{
	(void)state;
	static const char *const wanted[][2] = {
	    {"note", "  note    look"},
	    {"warn", "  \033[33mwarn   \033[0m look"},
	    {"danger", "  \033[31mdanger \033[0m look"},
	    {"refused", "  \033[31mrefused\033[0m look"},
	    {"unheard of", "  \033[31mrefused\033[0m look"},
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		UC_CLEANUP(uc_json_free) json_t *plan = plan_with(wanted[i][0]);
		UC_CLEANUP(uc_freep) char *painted = printed(plan, true);
		UC_CLEANUP(uc_freep) char *plain = printed(plan, false);
		assert_non_null(strstr(painted, wanted[i][1]));
		assert_null(strchr(plain, '\033'));
	}
}

static void what_is_missing_is_named_with_its_store(void **state)
{
	(void)state;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	UC_CLEANUP(uc_json_free) json_t *missing = json_pack("{s:s,s:s,s:s}", "subject", "CN=Root", "key_id", "0a0b", "store", "tomcat-trust");
	uc_out_chain(out, NULL, missing);
	uc_out_chain(out, NULL, NULL);
	fclose(out);
	assert_string_equal(text, "  Missing: CN=Root, key identifier 0a0b; upload it to tomcat-trust\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_plan_is_shown_whole),
	    cmocka_unit_test(what_follows_is_shown_with_how_it_stands),
	    cmocka_unit_test(weights_have_their_colours_only_when_asked),
	    cmocka_unit_test(what_is_missing_is_named_with_its_store),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
