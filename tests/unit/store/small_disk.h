/* A small disk of its own, in a mount namespace of a child. */
#ifndef UC_TEST_SMALL_DISK_H
#define UC_TEST_SMALL_DISK_H

#include "uc_test.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

enum { NO_MOUNT = 77 };

#define CHILD_CHECK(cond)                                                    \
	do {                                                                     \
		if (!(cond)) {                                                       \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, e.id, e.message); \
			_exit(1);                                                        \
		}                                                                    \
	} while (0)

/* Runs a scenario on a small disk of its own; skips where that is not allowed. */
__attribute__((unused)) static void on_small_disk(void (*scenario)(const char *dir))
{
	char *dir = uc_test_dir();
	pid_t child = fork();
	if (child == 0) {
		if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) _exit(NO_MOUNT);
		/* Below a chroot "/" is no mount point: then the disk may show outside of the namespace, and is taken away below. */
		if (geteuid() == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 && errno != EINVAL) _exit(NO_MOUNT);
		if (mount("tmpfs", dir, "tmpfs", 0, "size=3m") != 0) _exit(NO_MOUNT);
		scenario(dir);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	umount2(dir, MNT_DETACH);
	uc_test_dir_remove(dir);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_MOUNT) uc_skip("this user may not mount a small disk");
	assert_int_equal(WEXITSTATUS(status), 0);
}

#endif
