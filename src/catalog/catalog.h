/*
 * The catalogue: purposes, trust stores and node roles, as data. Adding a purpose is adding a row to catalog.c; nothing else names one, but for the few services of this
 * program itself.
 */
#ifndef UC_CATALOG_CATALOG_H
#define UC_CATALOG_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/* Node roles, as bits. */
enum uc_node_role {
	UC_NODE_PUBLISHER = 1 << 0,
	UC_NODE_SUBSCRIBER = 1 << 1,
	UC_NODE_TFTP = 1 << 2,
	UC_NODE_PRESENCE = 1 << 3,
	UC_NODE_REPORTING = 1 << 4,
	UC_NODE_VOICE = UC_NODE_PUBLISHER | UC_NODE_SUBSCRIBER | UC_NODE_TFTP
};

/* Reads "publisher,tftp"; UC_EINPUT "bad-role" names the word and lists the roles. */
enum uc_status uc_roles_parse(const char *text, unsigned *out, struct uc_error *e) UC_MUST;
/* The reverse: names with commas, free with free(). */
char *uc_roles_text(unsigned roles);
/* The name of one role bit. */
const char *uc_role_name(enum uc_node_role role);
/* The number of roles; role bits are 1 << 0 .. 1 << (n - 1). */
size_t uc_role_count(void);

/* From how far away the service of a purpose may be reached: a self-signed certificate is for the inside of the firewall (T2). */
enum uc_reach {
	UC_REACH_INSIDE,
	UC_REACH_WAN,     /* perhaps from outside: clients at home or at other sites */
	UC_REACH_INTERNET /* from other companies: that is what it is for */
};
/* "inside", "wan", "internet". Static. */
const char *uc_reach_name(enum uc_reach reach);

struct uc_purpose {
	const char *name;             /* "tomcat" */
	const char *title;            /* one line for people */
	unsigned roles;               /* nodes that have it: any of these bits */
	bool multi;                   /* one certificate may serve all nodes */
	bool requestable;             /* a CSR can be made and a CA-signed certificate uploaded */
	unsigned key_usage;           /* UC_KU_ bits of a request, and of the self-signed certificate */
	const char *const *ekus;      /* NULL-terminated OIDs of a request */
	const char *const *self_ekus; /* and of the self-signed certificate */
	bool ca;                      /* basicConstraints CA:TRUE, pathlen:0 */
	bool needs_server_auth;       /* a CA-signed certificate that lacks serverAuth is refused */
	bool needs_cert_sign;         /* ... that lacks keyCertSign is refused */
	bool guid;                    /* carries a GUID */
	unsigned
	    shared; /* the roles of the nodes that its private key is sealed to: the certificate is that of the cluster; 0: it stays where it is made */
	bool rotates;            /* what was made with the old key ends with it, which is destroyed at once (authz) */
	bool copies_everywhere;  /* the copies that the system puts into trust stores count on every node (CAPF) */
	bool signs_phone_files;  /* RSA 3072 is dangerous: no code for it is known in phone files */
	bool nameless;           /* nobody holds the names in it against a host's: a node that is renamed keeps it */
	enum uc_reach reach;     /* from how far away its service may be reached */
	const char *key;         /* default kind: "rsa-2048"; decides RSA or EC */
	int years;               /* validity of the self-signed certificate */
	const char *common_name; /* "%f" FQDN, "%h" host, "%d" domain, "%r" eight random hexadecimal digits */
	const char *const
	    *stores; /* trust stores that vouch for it; the first takes the chain of an upload; all get the copy of a self-signed certificate */
	const char *const *services; /* to reload or restart after a change */
};

struct uc_trust_store {
	const char *name;            /* "tomcat-trust" */
	const char *holds;           /* one line for people */
	unsigned roles;              /* nodes that use it */
	bool cluster;                /* an import counts on every node by default */
	bool import_local;           /* an import always stays on its node (CAPF-trust) */
	bool delete_cluster;         /* a delete reaches every node, whatever the entry's scope */
	bool phones;                 /* what phones trust depends on it */
	const char *const *services; /* to reload after a change */
};

/* The roles of the nodes that a service runs on, where it is fewer or others than those of what depends on it; 0: it runs on all of those. */
unsigned uc_service_roles(const char *name);

const struct uc_purpose *uc_purposes(size_t *count);
/* By name, without regard to case. UC_ENOTFOUND "no-purpose" names the nearest and lists them. */
enum uc_status uc_purpose_find(const char *name, const struct uc_purpose **out, struct uc_error *e) UC_MUST;

const struct uc_trust_store *uc_trust_stores(size_t *count);
/* By name with or without "-trust", without regard to case. UC_ENOTFOUND "no-store". */
enum uc_status uc_trust_store_find(const char *name, const struct uc_trust_store **out, struct uc_error *e) UC_MUST;

/* The dotted OIDs of the extended key usages of the field. */
#define UC_EKU_SERVER "1.3.6.1.5.5.7.3.1"
#define UC_EKU_CLIENT "1.3.6.1.5.5.7.3.2"
#define UC_EKU_IPSEC "1.3.6.1.5.5.7.3.5"

#endif
