/* Paths over certificates of make_certs.h, in one line each. options may be NULL: nothing but the time MAKE_NOW. */
#ifndef UC_TEST_MAKE_PATH_H
#define UC_TEST_MAKE_PATH_H

#include "uc_test.h"

#include "pki/make_certs.h"
#include "pki/path.h"

/* Release with uc_path_free(). */
__attribute__((unused)) static struct uc_path path_of(const struct made *leaf, const struct made *const *intermediates,
                                                      const struct made *const *anchors, const struct uc_path_options *options)
{
	const struct uc_path_options plain = {.at = MAKE_NOW};
	struct uc_certs others = made_list(intermediates);
	struct uc_certs trusted = made_list(anchors);
	struct uc_path p;
	uc_path_build(leaf->cert, &others, &trusted, options != NULL ? options : &plain, &p);
	uc_certs_free(&others);
	uc_certs_free(&trusted);
	return p;
}

/* The chain is exactly these. */
__attribute__((unused)) static void assert_chain(const struct uc_path *p, const struct made *const *chain)
{
	size_t count = 0;
	while (chain[count] != NULL) count++;
	if (p->chain.count != count) fail_msg("the chain has %zu certificates, wanted %zu; %s: %s", p->chain.count, count, p->code, p->message);
	for (size_t i = 0; i < count; i++)
		if (!uc_cert_eq(p->chain.items[i], chain[i]->cert)) fail_msg("certificate %zu of the chain is another one", i);
}

__attribute__((unused)) static void assert_fault(const struct uc_path *p, const char *code, int depth, const char *text)
{
	if (p->ok) fail_msg("the path is valid, wanted %s", code);
	if (strcmp(p->code, code) != 0 || p->depth != depth)
		fail_msg("got %s at %d: %s; wanted %s at %d", p->code, p->depth, p->message, code, depth);
	if (strstr(p->message, text) == NULL) fail_msg("'%s' does not say '%s'", p->message, text);
}

/* The path is valid and its chain exactly this one. */
__attribute__((unused)) static void assert_path(const struct made *leaf, const struct made *const *intermediates,
                                                const struct made *const *anchors, const struct uc_path_options *options,
                                                const struct made *const *chain)
{
	struct uc_path p = path_of(leaf, intermediates, anchors, options);
	if (!p.ok) fail_msg("%s at %d: %s", p.code, p.depth, p.message);
	assert_chain(&p, chain);
	uc_path_free(&p);
}

/* The path is refused with this code, at this depth, and a message that has the text in it. */
__attribute__((unused)) static void assert_refused(const struct made *leaf, const struct made *const *intermediates,
                                                   const struct made *const *anchors, const struct uc_path_options *options,
                                                   const char *code, int depth, const char *text)
{
	struct uc_path p = path_of(leaf, intermediates, anchors, options);
	assert_fault(&p, code, depth, text);
	uc_path_free(&p);
}

#endif
