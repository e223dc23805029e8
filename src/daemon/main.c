/* ucpkid: the daemon on each node. Exit status: 0 ended on a signal, 1 failed, 2 wrong usage or configuration. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/daemon.h"

static int complain(const struct uc_error *e, int status)
{
	fprintf(stderr, "ucpkid: %s\n", e->message);
	if (e->hint[0] != '\0') fprintf(stderr, "%s\n", e->hint);
	return status;
}

static int print(char *text)
{
	fputs(text, stdout);
	free(text);
	return 0;
}

int main(int argc, char **argv)
{
	UC_CLEANUP(uc_config_free) struct uc_config config = {.data = NULL};
	struct uc_error e;
	if (uc_config_read(argc, argv, &config, &e) != UC_OK) return complain(&e, 2);
	if (config.help) return print(uc_config_help());
	if (config.version) return print(uc_sprintf("ucpkid %s\n", UC_VERSION));
	if (config.print_config) return print(uc_config_template());
	uc_log_level(config.log);
	bool again = false;
	if (uc_daemon_run(&config, &again, &e) != UC_OK) return complain(&e, 1);
	if (!again) return 0;
	/* In the same process, so that whoever supervises it sees no end. */
	execv("/proc/self/exe", argv);
	(void)uc_fail_errno(&e, errno, "cannot start again");
	return complain(&e, 1);
}
