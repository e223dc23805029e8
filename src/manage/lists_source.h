/* What lists are made from. Private to lists*.c. */
#ifndef UC_MANAGE_LISTS_SOURCE_H
#define UC_MANAGE_LISTS_SOURCE_H

#include "manage/lists.h"

/* The trust store whose certificates travel to phones in the CTL. */
#define UC_LISTS_EXTRA "Phone-CTL-trust"

struct uc_list_holding {
	char *node;
	const char *purpose; /* static */
	struct uc_cert *cert;
	bool unmade, unfit; /* not made yet; and known to be of a kind that signs no list */
	char *key;
};

struct uc_list_place {
	char *name;
	unsigned roles;
};

struct uc_list_source {
	struct uc_list_place *places; /* the nodes, sorted by name */
	size_t place_count;
	struct uc_list_holding *held;
	size_t held_count;
	struct uc_certs extra; /* of Phone-CTL-trust */
	struct uc_strv sealed; /* "KEY/NODE": keys that a node has which is not their own */
	struct uc_strv serving;
	struct uc_tl_known *tvs;
	size_t tvs_count;
	bool mixed, advanced, by_callmanager;
	enum uc_tl_digest digest;
};

#endif
