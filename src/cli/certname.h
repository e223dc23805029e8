/* The names that people give to certificates on the command line, and the path of the API that each stands for. */
#ifndef UC_CLI_CERTNAME_H
#define UC_CLI_CERTNAME_H

#include "cli/cli.h"

/* The purpose in "tomcat", "tomcat.pem", "tomcat/tomcat.pem" and "tomcat/tomcat.csr". Free with free(). */
char *uc_name_purpose(const char *name);

/* Adds /certificates/own/PURPOSE to url. */
void uc_name_own(struct uc_url *url, const char *name);
/*
 * Adds /certificates/trust/STORE/FILE for "STORE/FILE.pem", or for a file of the store of --store. A bare name is looked up in all
 * stores; the failure of that is printed, and the exit status returned.
 */
int uc_name_trust(struct uc_cli *cli, const struct uc_args *args, const char *name, struct uc_url *url);
/* Either: with --store or as "STORE/FILE.pem" a trust certificate, else a purpose ("tomcat", "tomcat/tomcat.pem"). Never looked up. */
void uc_name_any(const struct uc_args *args, const char *name, struct uc_url *url);

#endif
