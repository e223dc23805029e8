#include "uc_test.h"

#include "core/clock.h"
#include "pki/make_certs.h"
#include "pki/path.h"

/* Two leaves under one intermediate, and what is mixed in with them. */
struct zoo {
	struct made root, ca, leaf, second, stranger;
};

static struct zoo make_zoo(void)
{
	struct zoo z;
	z.root = make_cert(&(struct make){.subject = "CN=Root", .exts = MAKE_ROOT});
	z.ca = make_cert(&(struct make){.subject = "CN=CA", .issuer = &z.root, .exts = MAKE_CA});
	z.leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &z.ca, .exts = MAKE_LEAF("a.example.com")});
	z.second = make_cert(&(struct make){.subject = "CN=second", .issuer = &z.ca, .exts = MAKE_LEAF("b.example.com")});
	z.stranger = make_cert(&(struct make){.subject = "CN=Stranger", .exts = MAKE_ROOT});
	return z;
}

static void free_zoo(struct zoo *z)
{
	made_free(&z->root);
	made_free(&z->ca);
	made_free(&z->leaf);
	made_free(&z->second);
	made_free(&z->stranger);
}

/* given in this order, they are put in the wanted one: a list per chain, NULL between them. */
static void assert_order(const struct made *const *given, const struct made *const *wanted, size_t chains)
{
	struct uc_certs certs = made_list(given);
	size_t order[16];
	size_t chain_of[16];
	bool seen[16] = {false};
	assert_true(certs.count <= 16);
	uc_chain_order(&certs, order, chain_of);
	size_t chain = 0;
	for (size_t i = 0; i < certs.count; i++, wanted++) {
		if (*wanted == NULL) {
			chain++;
			wanted++;
		}
		assert_true(order[i] < certs.count && !seen[order[i]]);
		seen[order[i]] = true;
		if (!uc_cert_eq(certs.items[order[i]], (*wanted)->cert)) fail_msg("place %zu has certificate %zu", i, order[i]);
		assert_int_equal(chain_of[i], chain);
	}
	assert_int_equal(chain + 1, chains);
	uc_certs_free(&certs);
}

/* C1, C3: a root-first bundle, and every other order, comes out leaf first. */
static void c1_c3_any_order_becomes_leaf_first(void **state)
{
	(void)state;
	UC_CLEANUP(free_zoo) struct zoo z = make_zoo();
	const struct made *const all[] = {&z.leaf, &z.ca, &z.root};
	static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		assert_order(MADE(all[orders[i][0]], all[orders[i][1]], all[orders[i][2]]), MADE(&z.leaf, &z.ca, &z.root), 1);
}

/* C2, C5: what does not belong to the chain is not lost, and does not break it. */
static void c2_c5_the_rest_forms_further_chains(void **state)
{
	(void)state;
	UC_CLEANUP(free_zoo) struct zoo z = make_zoo();
	assert_order(MADE(&z.stranger, &z.root, &z.leaf, &z.ca), MADE(&z.leaf, &z.ca, &z.root, NULL, &z.stranger), 2);
	assert_order(MADE(&z.second, &z.root, &z.leaf, &z.ca), MADE(&z.second, &z.ca, &z.root, NULL, &z.leaf), 2);
	/* A gap: the intermediate is missing. */
	assert_order(MADE(&z.root, &z.leaf), MADE(&z.leaf, NULL, &z.root), 2);
	/* The same certificate twice. */
	assert_order(MADE(&z.ca, &z.ca, &z.leaf), MADE(&z.leaf, &z.ca, NULL, &z.ca), 2);
	assert_order(MADE(&z.leaf), MADE(&z.leaf), 1);
}

/* Of two CAs with one name the signature finds the right one (C86); a ring ends. */
static void signatures_decide(void **state)
{
	(void)state;
	UC_CLEANUP(made_free) struct made good = make_cert(&(struct make){.subject = "CN=CA", .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made bad = make_cert(&(struct make){.subject = "CN=CA", .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free) struct made leaf = make_cert(&(struct make){.subject = "CN=leaf", .issuer = &good});
	assert_order(MADE(&bad, &good, &leaf), MADE(&leaf, &good, NULL, &bad), 2);
	UC_CLEANUP(made_free) struct made other = make_cert(&(struct make){.subject = "CN=Other", .issuer = &good, .exts = MAKE_BARE_CA});
	UC_CLEANUP(made_free)
	struct made back = make_cert(&(struct make){.subject = "CN=CA", .issuer = &other, .same_key = &good, .exts = MAKE_BARE_CA});
	assert_order(MADE(&back, &other), MADE(&back, &other), 1);
	assert_order(MADE(&other, &back), MADE(&other, &back), 1);
}

/* Cross-signed: the issuer that lasts longest (C81). */
static void the_longer_lasting_issuer_is_taken(void **state)
{
	(void)state;
	UC_CLEANUP(free_zoo) struct zoo z = make_zoo();
	UC_CLEANUP(made_free)
	struct made brief =
	    make_cert(&(struct make){.subject = "CN=CA", .issuer = &z.stranger, .same_key = &z.ca, .to = MAKE_NOW + UC_DAY, .exts = MAKE_CA});
	assert_order(MADE(&brief, &z.ca, &z.leaf), MADE(&z.leaf, &z.ca, NULL, &brief), 2);
	assert_order(MADE(&z.ca, &brief, &z.leaf), MADE(&z.leaf, &z.ca, NULL, &brief), 2);
}

static void nothing_is_in_order(void **state)
{
	(void)state;
	const struct uc_certs none = {.items = NULL};
	size_t order[1] = {7};
	size_t chain_of[1] = {7};
	uc_chain_order(&none, order, chain_of);
	assert_int_equal(order[0], 7);
	assert_int_equal(chain_of[0], 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(c1_c3_any_order_becomes_leaf_first),
	    cmocka_unit_test(c2_c5_the_rest_forms_further_chains),
	    cmocka_unit_test(signatures_decide),
	    cmocka_unit_test(the_longer_lasting_issuer_is_taken),
	    cmocka_unit_test(nothing_is_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
