/* src/manage/members.c: the nodes as tasks see them. */
#include "site.h"

static void a_node_that_is_being_installed_counts_already(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	assert_ok(uc_members_read(&s->ctx, &all, &e), e);
	assert_int_equal(all.count, 1);
	assert_false(all.items[0].there);
	assert_true(uc_cert_eq(all.items[0].cert, uc_keys_node_cert(s->keys)));
	assert_null(uc_members_find(&all, "cucm-pub"));
	assert_null(uc_members_publisher(&all));
}

static void nodes_come_in_one_order_and_are_found_by_name(void **state)
{
	struct site *s = *state;
	struct uc_error e;
	found(s);
	UC_CLEANUP(peer_free) struct peer b = peer_new("b-sub", UC_NODE_SUBSCRIBER);
	UC_CLEANUP(peer_free) struct peer a = peer_new("a-sub", UC_NODE_SUBSCRIBER | UC_NODE_TFTP);
	join(s, &b, false);
	join(s, &a, false);
	UC_CLEANUP(uc_members_free) struct uc_members all = {.items = NULL};
	assert_ok(uc_members_read(&s->ctx, &all, &e), e);
	assert_int_equal(all.count, 3);
	assert_string_equal(all.items[0].row.name, "a-sub");
	assert_string_equal(all.items[1].row.name, "b-sub");
	assert_string_equal(uc_members_publisher(&all)->row.name, "cucm-pub");
	assert_int_equal(all.items[0].roles, UC_NODE_SUBSCRIBER | UC_NODE_TFTP);
	const struct uc_member *m;
	assert_fails(uc_members_need(&all, "c-sub", &m, &e), e, UC_ENOTFOUND, "no-node");
	assert_string_equal(e.hint, "The nodes are a-sub, b-sub, cucm-pub.");
	struct uc_task_context there = uc_member_context(&s->ctx, &all.items[0]);
	assert_true(there.elsewhere); /* its keys are not here */
	assert_string_equal(there.fqdn, "a-sub.example.com");
	struct uc_task_context here = uc_member_context(&s->ctx, &all.items[2]);
	assert_false(here.elsewhere);
}

static void names_are_single_labels_in_lower_case(void **state)
{
	(void)state;
	struct uc_error e;
	static const struct {
		const char *name, *domain, *id; /* NULL: good */
	} rows[] = {
	    {"CUCM-Sub", "Example.COM", NULL},
	    {"sub1", "", NULL},
	    {"", "example.com", "bad-node-name"},
	    {"a.b", "example.com", "bad-node-name"},
	    {"a b", "example.com", "bad-node-name"},
	    {"a,b", "example.com", "bad-node-name"},
	    {"*", "example.com", "bad-node-name"},
	    {"a_b", "example.com", "bad-node-name"},
	    {"../etc", "example.com", "bad-node-name"},
	    {"cluster", "example.com", "bad-node-name"}, /* stands for all nodes */
	    {"Cluster", "example.com", "bad-node-name"},
	    {"b\xc3\xbc"
	     "cher",
	     "example.com", "bad-node-name"},
	    {"a",
	     "b\xc3\xbc"
	     "cher.example",
	     "bad-node-name"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		UC_CLEANUP(uc_freep) char *name = NULL;
		UC_CLEANUP(uc_freep) char *domain = NULL;
		UC_CLEANUP(uc_freep) char *fqdn = NULL;
		if (rows[i].id == NULL)
			assert_ok(uc_node_names("name", rows[i].name, rows[i].domain, &name, &domain, &fqdn, &e), e);
		else
			assert_fails(uc_node_names("name", rows[i].name, rows[i].domain, &name, &domain, &fqdn, &e), e, UC_EINPUT, rows[i].id);
		if (rows[i].id != NULL) assert_string_equal(e.field, strstr(e.message, "domain of") != NULL ? "domain" : "name");
		if (i == 0) assert_string_equal(fqdn, "cucm-sub.example.com");
		if (i == 1) assert_string_equal(fqdn, "sub1");
	}
	/* What no host name is allowed to be (RFC 1034). */
	static const char *const labels[] = {"-a", "a-", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < 3; i++) {
		char *name = NULL;
		char *domain = NULL;
		char *fqdn = NULL;
		assert_int_equal(uc_node_names("name", labels[i], "example.com", &name, &domain, &fqdn, &e), UC_EINPUT);
		assert_null(name);
		assert_string_equal(e.field, "name");
		assert_non_null(strstr(e.message, labels[i]));
		assert_int_equal(uc_node_names("name", "a", labels[i], &name, &domain, &fqdn, &e), UC_EINPUT);
		assert_string_equal(e.field, "domain");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(a_node_that_is_being_installed_counts_already),
	    T(nodes_come_in_one_order_and_are_found_by_name),
	    T(names_are_single_labels_in_lower_case),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
