/*
 * Every command that changes something: the request, the plan that must be agreed to, the answer. One flow for all, so that --dry-run,
 * --yes, --force, --why, --node and --json mean the same everywhere.
 */
#ifndef UC_CLI_CHANGE_H
#define UC_CLI_CHANGE_H

#include "cli/cli.h"

struct uc_change {
	const char *method;
	struct uc_url url;        /* owned; without the parameters that all changes have */
	const char *content_type; /* of the body, or NULL */
	struct uc_buf body;       /* owned */
	bool password;            /* the body may need one: --password-file, or ask */
	bool final;               /* it cannot be taken back */
	const char *question;     /* a person is shown the plan and asked this, whether there is something to warn of or not; NULL for most */
	char *done;               /* owned; the sentence that is printed when it is done */
	/* Prints what the answer holds besides; NULL for most. Not with --json. */
	void (*tell)(struct uc_cli *cli, const struct uc_args *args, const json_t *answer);
};

void uc_change_free(struct uc_change *c);

/*
 * Makes the change. A plan with warnings is shown and asked about; without a person to ask, nothing happens unless --yes was given.
 * Dangers need --force besides. What another node has to do is waited for, unless --no-wait was given. Returns the exit status.
 */
int uc_change_run(struct uc_cli *cli, const struct uc_args *args, struct uc_change *c);

/* What is printed of an answer that changed nothing. */
void uc_change_print_nothing(struct uc_cli *cli, const json_t *json);

#endif
