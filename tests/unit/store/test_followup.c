/* src/store/followup.c, step_followup.c and log_beside.c: what has to be done by hand is kept until somebody says that it is done (G1). */
#include "store/followup.h"

#include "follow_both.h"

/* ---- changes with follow-ups ---- */

static json_t *to_do(const char *kind, const char *target, const char *text)
{
	return json_pack("{s:s, s:s, s:s}", "kind", kind, "target", target, "text", text);
}

static json_t *on(const char *node, json_t *followup)
{
	json_object_set_new(followup, "node", json_string(node));
	return followup;
}

/* A change that node makes, at this minute, with these steps and follow-ups, which are taken. */
static enum uc_status put(struct uc_store *s, const char *node, int minute, json_t *steps, json_t *followups, int64_t *number,
                          struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *at = uc_sprintf("2026-01-02T03:%02d:00Z", minute);
	json_t *change = change_with(steps);
	json_object_set_new(change, "node", json_string(node));
	json_object_set_new(change, "at", json_string(at));
	json_object_set_new(change, "followups", followups);
	return commit_change(s, change, number, e);
}

static int64_t ask(struct uc_store *s, const char *node, int minute, json_t *followups)
{
	struct uc_error e;
	int64_t number;
	assert_ok(put(s, node, minute, json_array(), followups, &number, &e), e);
	return number;
}

static int64_t make(struct uc_store *s, json_t *step)
{
	struct uc_error e;
	int64_t number;
	assert_ok(put(s, "n1", 0, json_pack("[o]", step), json_array(), &number, &e), e);
	return number;
}

static json_t *before(const char *what, const char *since, int first, int number, int changes)
{
	return json_pack("{s:s, s:s, s:i, s:i, s:i}", "what", what, "since", since, "first", first, "number", number, "changes", changes);
}

static json_t *done(const char *node, const char *kind, const char *target, json_t *values)
{
	return step_after(step_of("followup.done", json_pack("{s:s, s:s, s:s}", "node", node, "kind", kind, "target", target)), values);
}

/* ---- what is open ---- */

static struct uc_followups open_ones(struct uc_store *s, const char *node)
{
	struct uc_error e;
	struct uc_followups all = {.items = NULL};
	assert_ok(uc_store_followups(s, node, &all, &e), e);
	return all;
}

/* The ids of a node (NULL: of all) with blanks between them. */
static void assert_open(struct uc_store *s, const char *node, const char *ids)
{
	UC_CLEANUP(uc_followups_free) struct uc_followups all = open_ones(s, node);
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	for (size_t i = 0; i < all.count; i++) uc_strv_add(&have, all.items[i].id);
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&have, " ");
	assert_string_equal(list, ids);
}

/* One of them, with its values: "TEXT SINCE FIRST NUMBER CHANGES". */
static void assert_values(struct uc_store *s, const char *id, const char *values)
{
	UC_CLEANUP(uc_followups_free) struct uc_followups all = open_ones(s, NULL);
	const struct uc_followup *f = uc_followups_find(&all, id);
	if (f == NULL) fail_msg("%s is not open", id);
	UC_CLEANUP(uc_freep)
	char *have = uc_sprintf("%s %s %lld %lld %lld", f->text, f->since, (long long)f->first, (long long)f->number, (long long)f->changes);
	assert_string_equal(have, values);
}

static void each_kind_is_a_nodes_the_clusters_or_nobodys(void **state)
{
	struct fixture *f = *state;
	ask(f->s, "n2", 1,
	    json_pack("[o, o, o, o, o, o, o, o]", to_do("reload", "Tomcat (HTTPS)", "a"), to_do("certificate", "tomcat", "b"),
	              to_do("ctl-update", "CTL", "c"), to_do("backup", "backup", "d"), to_do("rotate", "authz-signing", "e"),
	              to_do("lists", "ITL", "by itself"), to_do("note", "ucpkid", "by itself"), to_do("unheard of", "thing", "f")));
	assert_open(f->s, NULL,
	            "cluster/backup/backup cluster/ctl-update/ctl cluster/rotate/authz-signing "
	            "n2/certificate/tomcat n2/reload/tomcat-https n2/unheard-of/thing");
	/* A change can say whose it is. */
	ask(f->s, "n2", 2, json_pack("[o, o]", on("n1", to_do("reload", "TFTP", "x")), on("cluster", to_do("certificate", "cup", "y"))));
	assert_open(f->s, "n1",
	            "cluster/backup/backup cluster/certificate/cup cluster/ctl-update/ctl cluster/rotate/authz-signing n1/reload/tftp");
	assert_open(f->s, "n3", "cluster/backup/backup cluster/certificate/cup cluster/ctl-update/ctl cluster/rotate/authz-signing");
}

static void a_second_change_renews_it(void **state)
{
	struct fixture *f = *state;
	ask(f->s, "n1", 1, json_pack("[o, o]", to_do("reload", "TFTP", "First."), to_do("backup", "backup", "One.")));
	ask(f->s, "n2", 2, json_pack("[o, o]", to_do("reload", "TFTP", "Other node."), to_do("backup", "backup", "Two.")));
	ask(f->s, "n1", 3, json_array());
	ask(f->s, "n1", 4, json_pack("[o]", to_do("reload", "TFTP", "Second.")));
	assert_values(f->s, "n1/reload/tftp", "Second. 2026-01-02T03:01:00Z 1 4 2");
	assert_values(f->s, "N2/Reload/TFTP", "Other node. 2026-01-02T03:02:00Z 2 2 1");
	assert_values(f->s, "cluster/backup/backup", "Two. 2026-01-02T03:01:00Z 1 2 2");
	UC_CLEANUP(uc_followups_free) struct uc_followups all = open_ones(f->s, NULL);
	assert_null(uc_followups_find(&all, "n1/reload/tft"));
	assert_null(uc_followups_find(&all, ""));
}

static void asking_another_node_is_no_reason_to_do_anything_yet(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	assert_ok(put(f->s, "n1", 1, json_pack("[o]", job_add("a", "n2")), json_pack("[o]", to_do("reload", "TFTP", "x")), &number, &e), e);
	assert_open(f->s, NULL, "");
	assert_ok(
	    put(f->s, "n2", 2, json_pack("[o]", job_done("a", "n2", "done", "")), json_pack("[o]", to_do("reload", "TFTP", "x")), &number, &e),
	    e);
	assert_open(f->s, NULL, "n2/reload/tftp");
}

static void what_is_done_is_open_again_when_that_is_undone(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	ask(f->s, "n1", 1, json_pack("[o, o]", to_do("reload", "TFTP", "x"), to_do("reload", "TVS", "y")));
	ask(f->s, "n1", 2, json_pack("[o]", to_do("reload", "TFTP", "z")));
	json_t *step = done("n1", "reload", "TFTP", before("z", "2026-01-02T03:01:00Z", 1, 2, 2));
	UC_CLEANUP(free_json) json_t *inverse = uc_step_invert(step);
	UC_CLEANUP(free_json) json_t *again = uc_step_invert(inverse);
	assert_string_equal(json_string_value(json_object_get(inverse, "type")), "followup.open");
	assert_string_equal(json_string_value(json_object_get(again, "type")), "followup.done");
	assert_true(uc_step_undoable("followup.done") && uc_step_undoable("followup.open"));
	make(f->s, step);
	assert_open(f->s, NULL, "n1/reload/tvs");
	assert_fails(commit_step(f->s, json_incref(again), &e), e, UC_ECONFLICT, "state-moved");
	assert_string_equal(e.message, "followup/n1/reload/TFTP has changed since this was planned");
	make(f->s, json_incref(inverse));
	assert_values(f->s, "n1/reload/tftp", "z 2026-01-02T03:01:00Z 1 2 2");
	assert_fails(commit_step(f->s, json_incref(inverse), &e), e, UC_ECONFLICT, "state-moved");
	make(f->s, json_incref(again));
	assert_open(f->s, NULL, "n1/reload/tvs");
	/* When it is asked for once more, it begins anew. */
	ask(f->s, "n1", 9, json_pack("[o]", to_do("reload", "TFTP", "w")));
	assert_values(f->s, "n1/reload/tftp", "w 2026-01-02T03:09:00Z 6 6 1");
}

/* Two administrators: one has it done while another change asks for it again. */
static void what_was_renewed_meanwhile_is_not_done(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	ask(f->s, "n1", 1, json_pack("[o]", to_do("reload", "TFTP", "x")));
	ask(f->s, "n1", 2, json_pack("[o]", to_do("reload", "TFTP", "x")));
	assert_fails(commit_step(f->s, done("n1", "reload", "TFTP", before("x", "2026-01-02T03:01:00Z", 1, 1, 1)), &e), e, UC_ECONFLICT,
	             "state-moved");
	assert_fails(commit_step(f->s, done("n1", "reload", "TFTP", json_null()), &e), e, UC_ECONFLICT, "state-moved");
	assert_fails(commit_step(f->s, done("n2", "reload", "TFTP", before("x", "2026-01-02T03:01:00Z", 1, 2, 2)), &e), e, UC_ECONFLICT,
	             "state-moved");
	assert_values(f->s, "n1/reload/tftp", "x 2026-01-02T03:01:00Z 1 2 2");
}

static void a_malformed_step_is_refused(void **state)
{
	static const char *const numbers[] = {"first", "number", "changes"};
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(free_json) json_t *step = done("n1", "reload", "TFTP", before("x", "2026-01-02T03:01:00Z", 1, 1, 1));
	UC_CLEANUP(free_json) json_t *inverse = uc_step_invert(step);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
		json_t *bad = json_deep_copy(inverse);
		json_object_set_new(bad, numbers[i], json_string("1"));
		assert_fails(commit_step(f->s, bad, &e), e, UC_EINPUT, "bad-step");
		assert_string_equal(e.field, numbers[i]);
	}
	json_object_del(inverse, "what");
	assert_fails(commit_step(f->s, json_incref(inverse), &e), e, UC_EINPUT, "bad-step");
	json_object_del(step, "target");
	assert_fails(commit_step(f->s, json_incref(step), &e), e, UC_EINPUT, "bad-step");
	assert_open(f->s, NULL, "");
}

/* Saying that it is done touches the follow-up, not what the change had touched: both can be undone. */
static void the_change_that_asked_for_it_can_still_be_undone(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	int64_t later;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", 1);
	json_t *add = trust_step("trust.add", "tomcat-trust", "CA.pem", "cluster", c, "");
	assert_ok(put(f->s, "n1", 1, json_pack("[o]", add), json_pack("[o]", to_do("reload", "TFTP", "x")), &number, &e), e);
	int64_t ticked = make(f->s, done("n1", "reload", "TFTP", before("x", "2026-01-02T03:01:00Z", 1, 1, 1)));
	assert_ok(uc_log_later(f->s, number, &later, &e), e);
	assert_int_equal(later, 0);
	UC_CLEANUP(free_json) json_t *list = NULL;
	const struct uc_log_filter filter = {.object = "followup/n1/reload/TFTP"};
	assert_ok(uc_log_list(f->s, &filter, 0, 10, &list, NULL, &e), e);
	assert_int_equal(json_array_size(list), 1);
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "number")), ticked);
	int64_t latest;
	assert_ok(uc_store_followup_number(f->s, "n1", "reload", "TFTP", &latest, &e), e);
	assert_int_equal(latest, 0);
	assert_int_equal(ask(f->s, "n1", 2, json_pack("[o]", to_do("reload", "TFTP", "x"))), ticked + 1);
	assert_ok(uc_store_followup_number(f->s, "n1", "reload", "TFTP", &latest, &e), e);
	assert_int_equal(latest, ticked + 1);
}

/* ---- ids ---- */

static void no_two_have_the_same_id(void **state)
{
	struct fixture *f = *state;
	ask(f->s, "n1", 1,
	    json_pack("[o, o, o, o, o]", to_do("reload", "  A-b (C)!", "1"), to_do("reload", "a b c", "2"),
	              to_do("reload", "\u65e5\u672c", "3"), to_do("reload", "x", "4"), to_do("", "y", "5")));
	UC_CLEANUP(uc_followups_free) struct uc_followups all = open_ones(f->s, NULL);
	assert_int_equal(all.count, 5);
	for (size_t i = 0; i < all.count; i++) {
		assert_ptr_equal(uc_followups_find(&all, all.items[i].id), &all.items[i]);
		/* Nothing that a shell would take for something else. */
		assert_int_equal(strspn(all.items[i].id, "abcdefghijklmnopqrstuvwxyz0123456789-/~"), strlen(all.items[i].id));
		assert_true((strchr(all.items[i].id, '~') == NULL) == (strcmp(all.items[i].target, "x") == 0));
	}
	assert_non_null(uc_followups_find(&all, "n1/reload/x"));
	assert_non_null(uc_followups_find(&all, "n1/reload/a-b-c~6e310a72656c6f61640a6120622063"));
	assert_non_null(uc_followups_find(&all, "n1/reload/~6e310a72656c6f61640ae697a5e69cac"));
	assert_null(uc_followups_find(&all, "n1/reload/a-b-c"));
}

/* ---- nodes that are renamed and removed ---- */

static void set_node(struct uc_store *s, const char *node, const char *role)
{
	make(s, node_set(node, role, NULL, json_null()));
}

static void they_follow_a_node_that_is_renamed_and_go_with_one_that_is_removed(void **state)
{
	struct fixture *f = *state;
	set_node(f->s, "n1", "publisher");
	set_node(f->s, "n2", "subscriber");
	ask(f->s, "n1", 1, json_pack("[o, o]", to_do("reload", "TFTP", "x"), to_do("backup", "backup", "x")));
	ask(f->s, "n2", 2, json_pack("[o, o]", to_do("reload", "TFTP", "y"), to_do("backup", "backup", "y")));
	make(f->s, node_rename("n2", "n7"));
	assert_open(f->s, NULL, "cluster/backup/backup n1/reload/tftp n7/reload/tftp");
	assert_values(f->s, "n7/reload/tftp", "y 2026-01-02T03:02:00Z 4 4 1");
	make(f->s, node_remove("n7", "subscriber", NULL));
	assert_open(f->s, NULL, "cluster/backup/backup n1/reload/tftp");
}

static void a_node_that_renames_itself_has_to_do_it_under_its_new_name(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	set_node(f->s, "n1", "publisher");
	assert_ok(put(f->s, "n1", 1, json_pack("[o]", node_rename("n1", "n9")), json_pack("[o]", to_do("reload", "TFTP", "x")), &number, &e),
	          e);
	assert_open(f->s, NULL, "n9/reload/tftp");
}

/* ---- those of a change ---- */

/* The follow-ups of a change as they are told now: "KIND:open", "KIND:done" or "KIND", with blanks. */
static void assert_marked(struct uc_store *s, int64_t number, const char *want)
{
	struct uc_error e;
	UC_CLEANUP(free_json) json_t *change = NULL;
	assert_ok(uc_log_get(s, number, &change, &e), e);
	assert_ok(uc_followups_mark(s, change, json_string_value(json_object_get(change, "node")), number, &e), e);
	UC_CLEANUP(uc_strv_free) struct uc_strv have = {.items = NULL};
	UC_CLEANUP(uc_followups_free) struct uc_followups all = open_ones(s, NULL);
	size_t i;
	const json_t *one;
	json_array_foreach(json_object_get(change, "followups"), i, one)
	{
		const json_t *is_open = json_object_get(one, "open");
		const char *id = json_string_value(json_object_get(one, "id"));
		uc_strv_take(&have, uc_sprintf("%s%s", json_string_value(json_object_get(one, "kind")),
		                               is_open == NULL         ? ""
		                               : json_is_true(is_open) ? ":open"
		                                                       : ":done"));
		assert_true((id != NULL) == json_is_true(is_open));
		if (id != NULL) assert_non_null(uc_followups_find(&all, id));
	}
	UC_CLEANUP(uc_freep) char *list = uc_strv_join(&have, " ");
	assert_string_equal(list, want);
}

static void a_change_tells_which_of_its_own_are_open(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t asked;
	set_node(f->s, "n1", "publisher");
	int64_t one = ask(f->s, "n1", 1,
	                  json_pack("[o, o, o]", to_do("reload", "TFTP", "x"), to_do("backup", "backup", "x"), to_do("lists", "ITL", "x")));
	int64_t two = ask(f->s, "n1", 2, json_pack("[o]", to_do("reload", "TFTP", "x")));
	assert_marked(f->s, one, "reload:open backup:open lists");
	assert_marked(f->s, two, "reload:open");
	make(f->s, done("n1", "reload", "TFTP", before("x", "2026-01-02T03:01:00Z", 2, 3, 2)));
	assert_marked(f->s, one, "reload:done backup:open lists");
	assert_marked(f->s, two, "reload:done");
	/* Asked for again, it has to be done again, but for the old changes it was done. */
	int64_t three = ask(f->s, "n1", 3, json_pack("[o]", to_do("reload", "TFTP", "x")));
	assert_marked(f->s, one, "reload:done backup:open lists");
	assert_marked(f->s, three, "reload:open");
	/* Under whatever name. */
	make(f->s, node_rename("n1", "n2"));
	make(f->s, node_rename("n2", "n3"));
	set_node(f->s, "n1", "subscriber");
	assert_marked(f->s, one, "reload:done backup:open lists");
	assert_marked(f->s, three, "reload:open");
	assert_ok(put(f->s, "n3", 4, json_pack("[o]", node_rename("n3", "n4")), json_pack("[o]", to_do("reload", "TVS", "x")), &asked, &e), e);
	assert_marked(f->s, asked, "reload:open");
	assert_ok(put(f->s, "n4", 5, json_pack("[o]", job_add("a", "n1")), json_pack("[o]", to_do("reload", "TFTP", "x")), &asked, &e), e);
	assert_marked(f->s, asked, "reload");
}

/* ---- a log that was there before ---- */

static void use_all(struct uc_store *s)
{
	struct uc_error e;
	int64_t number;
	set_node(s, "n1", "publisher");
	set_node(s, "n2", "subscriber");
	set_node(s, "n3", "subscriber");
	for (int i = 0; i < 30; i++)
		ask(s, i % 2 == 0 ? "n1" : "n2", i,
		    json_pack("[o, o, o]", to_do("reload", i % 3 == 0 ? "TFTP" : "TVS", "x"), to_do("backup", "backup", "x"),
		              to_do("certificate", "tomcat", "x")));
	ask(s, "n3", 31, json_pack("[o, o]", to_do("reload", "TFTP", "gone"), on("n2", to_do("reload", "CAPF", "x"))));
	assert_ok(put(s, "n1", 32, json_pack("[o]", job_add("a", "n2")), json_pack("[o]", to_do("reload", "XCP", "x")), &number, &e), e);
	assert_ok(put(s, "n1", 33, json_pack("[o]", node_rename("n2", "n4")), json_pack("[o]", on("n4", to_do("certificate", "cup", "x"))),
	              &number, &e),
	          e);
	make(s, node_remove("n3", "subscriber", NULL));
	assert_ok(put(s, "n1", 34, json_pack("[o]", node_rename("n1", "n5")), json_pack("[o]", to_do("reload", "self", "x")), &number, &e), e);
}

#define BEFORE_LISTS "DROP TABLE setting; DROP TABLE list_version; "
#define AS_VERSION_2 BEFORE_LISTS "DROP TABLE followup; DROP TABLE change_words; UPDATE schema_version SET version = 2"
#define AS_VERSION_3 BEFORE_LISTS "ALTER TABLE change_words DROP COLUMN why; UPDATE schema_version SET version = 3"

/* A store of the version before there were follow-ups becomes what the log would have made it. */
static void a_migration_makes_what_replaying_makes(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	use_all(f->s);
	UC_CLEANUP(free_json) json_t *made = test_dump(f->url, true);
	assert_true(json_array_size(json_object_get(made, "followup")) > 8);
	uc_store_close(uc_move(f->s));
	test_sql(f->url, AS_VERSION_2);
	assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e);
	UC_CLEANUP(free_json) json_t *migrated = test_dump(f->url, true);
	test_same(made, migrated);
	/* And it goes on from there. */
	ask(f->s, "n5", 40, json_pack("[o]", to_do("reload", "self", "y")));
	assert_values(f->s, "n5/reload/self", "y 2026-01-02T03:34:00Z 38 39 2");
}

/* And one of the version before lists told why. */
static void a_migration_looks_up_why_changes_were_made(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	use_all(f->s);
	json_t *change = change_with(json_array());
	json_object_set_new(change, "why", json_string("because of M\u00fcller"));
	int64_t number;
	assert_ok(commit_change(f->s, change, &number, &e), e);
	UC_CLEANUP(free_json) json_t *made = test_dump(f->url, true);
	uc_store_close(uc_move(f->s));
	test_sql(f->url, AS_VERSION_3);
	assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e);
	UC_CLEANUP(free_json) json_t *migrated = test_dump(f->url, true);
	test_same(made, migrated);
}

/* One change that cannot be read is no reason not to start: the check of the log tells of it. */
static void a_damaged_change_does_not_stop_the_migration(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	use_all(f->s);
	uc_store_close(uc_move(f->s));
	test_sql(f->url, AS_VERSION_2 "; UPDATE change SET body = 'x' WHERE number = 4");
	assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e);
	assert_open(f->s, "n5", "cluster/backup/backup n5/certificate/tomcat n5/reload/tftp n5/reload/tvs n5/reload/self");
	assert_fails(uc_log_verify(f->s, NULL, NULL, &e), e, UC_EIO, "log-broken");
}

static void a_mirror_has_the_same_rows(void **state)
{
	struct both *b = *state;
	struct uc_error e;
	begin_log(b);
	make_step(b, node_set("n2", "subscriber", b->nodes[N2].cert, json_null()));
	for (int i = 0; i < 2; i++) {
		UC_CLEANUP(free_json) json_t *change = change_with(json_array());
		int64_t number;
		json_object_set_new(change, "followups", json_pack("[o, o]", to_do("reload", "TFTP", "x"), to_do("backup", "backup", "y")));
		assert_ok(uc_store_begin(b->store->s, &e), e);
		assert_ok(uc_log_append(b->store->s, change, sign, b->nodes[N1].key, &number, &e), e);
		assert_ok(uc_store_commit(b->store->s, &e), e);
	}
	json_t *tick = done("n1", "reload", "TFTP", before("x", "2026-01-02T03:04:05Z", 3, 4, 2));
	UC_CLEANUP(free_json) json_t *inverse = uc_step_invert(tick);
	make_change(b, "n2", N2, json_pack("[o]", tick));
	assert_ok(follow(b, 3, &e), e);
	assert_mirrored(b);
	assert_open(b->mirror, NULL, "cluster/backup/backup");
	make_step(b, json_incref(inverse));
	make_step(b, node_rename("n1", "n8"));
	assert_ok(follow(b, 1, &e), e);
	assert_mirrored(b);
	assert_open(b->mirror, NULL, "cluster/backup/backup n8/reload/tftp");
	/* A mirror that another version has written is as one that is built anew. */
	uc_follower_free(b->follower);
	uc_store_close(uc_move(b->mirror));
	test_sql(b->url, "DELETE FROM followup");
	assert_ok(uc_store_open(b->url, UC_STORE_WRITE, &b->mirror, &e), e);
	b->follower = uc_follower_new(b->mirror, uc_buf_slice(&b->nodes[N1].cert->der));
	assert_ok(uc_store_begin(b->mirror, &e), e);
	assert_ok(uc_mirror_clear(b->mirror, &e), e);
	assert_ok(uc_store_commit(b->mirror, &e), e);
	assert_ok(follow(b, 100, &e), e);
	assert_mirrored(b);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(each_kind_is_a_nodes_the_clusters_or_nobodys),
	    T(a_second_change_renews_it),
	    T(asking_another_node_is_no_reason_to_do_anything_yet),
	    T(what_is_done_is_open_again_when_that_is_undone),
	    T(what_was_renewed_meanwhile_is_not_done),
	    T(a_malformed_step_is_refused),
	    T(the_change_that_asked_for_it_can_still_be_undone),
	    T(no_two_have_the_same_id),
	    T(they_follow_a_node_that_is_renamed_and_go_with_one_that_is_removed),
	    T(a_node_that_renames_itself_has_to_do_it_under_its_new_name),
	    T(a_change_tells_which_of_its_own_are_open),
	    T(a_migration_makes_what_replaying_makes),
	    T(a_migration_looks_up_why_changes_were_made),
	    T(a_damaged_change_does_not_stop_the_migration),
	    cmocka_unit_test_setup_teardown(a_mirror_has_the_same_rows, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
