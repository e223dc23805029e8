/* The daemon's configuration: defaults, then a file, then the command line; one table of keys for all three. */
#ifndef UC_DAEMON_CONFIG_H
#define UC_DAEMON_CONFIG_H

#include <stdint.h>

#include "core/log.h"
#include "core/text.h"
#include "node/node.h"

/* What listens. */
enum uc_service { UC_SERVICE_HTTPS, UC_SERVICE_TFTP, UC_SERVICE_PHONE_HTTP, UC_SERVICE_PHONE_HTTPS, UC_SERVICES };
/* "https", "tftp", "phone-http", "phone-https". Static. */
const char *uc_service_name(enum uc_service service);

/* Where a service listens. */
struct uc_listen {
	bool asked; /* it was said; else those for phones listen only on nodes that serve phones */
	bool off;
	char address[64];
	uint16_t port; /* 0: the system chooses */
};

struct uc_config {
	char *data, *socket;
	char *name, *domain;    /* NULL: what was installed, or the system's */
	unsigned roles;         /* 0: what was installed, or publisher and tftp */
	char *join;             /* "HOST:PORT" of the publisher to join, or NULL */
	char *join_secret_file; /* where the join secret is, or NULL, */
	char *join_secret;      /* and what is in it; NULL when the file is not there (any more): needed only until the node has joined */
	struct uc_listen listen[UC_SERVICES];
	char *phone_files, *phone_certificates; /* directories; NULL: below data */
	bool old_phones, tftp_trace;
	unsigned tftp_timeout_ms;
	struct uc_policy policy;
	enum uc_level log;
	unsigned workers;
	/* What the command line asks for instead of running: */
	bool help, version, print_config;
};

void uc_config_free(struct uc_config *c);

/*
 * Reads the command line and the file that it names with --config (else /etc/ucpki/ucpkid.conf when there is one); what the command line says wins. UC_EINPUT names the key, the value, and
 * for a file the line.
 */
enum uc_status uc_config_read(int argc, char **argv, struct uc_config *out, struct uc_error *e) UC_MUST;

/* A configuration file with every key, its meaning and its default, as text; free with free(). */
char *uc_config_template(void);
/* The text of --help; free with free(). */
char *uc_config_help(void);

#endif
