/* Files below a directory. Whoever can send a datagram names them, so that no name leads anywhere else. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/text.h"
#include "node/phone_internal.h"

/*
 * A file whose last change is at least this long ago when it is read. The kernel's times move on in ticks of up to 10 ms: two writes within one tick
 * leave the same times, and with the same size nothing would tell them apart.
 */
#define SETTLED_NS (INT64_C(100) * 1000000)
/* Where a file system keeps no fractions of seconds (or two seconds, as FAT): its times look as this one does. */
#define COARSE_NS (INT64_C(2100) * 1000000)

enum { TRIES = 4 };

static void close_fd(int *fd)
{
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool uc_phone_stamp_eq(const struct uc_phone_stamp *a, const struct uc_phone_stamp *b)
{
	return a->there == b->there && a->dev == b->dev && a->ino == b->ino && a->size == b->size && same_time(a->mtime, b->mtime) &&
	       same_time(a->ctime, b->ctime);
}

static enum uc_status take_stamp(const struct stat *st, const char *name, struct uc_phone_stamp *out, struct uc_error *e)
{
	if (!S_ISREG(st->st_mode)) return uc_fail(e, UC_EREFUSED, "not-a-file", "Only files are given out.", "'%.160s' is not a file", name);
	*out = (struct uc_phone_stamp){
	    .there = true, .dev = st->st_dev, .ino = st->st_ino, .size = st->st_size, .mtime = st->st_mtim, .ctime = st->st_ctim};
	return UC_OK;
}

static bool is_absent(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ENAMETOOLONG;
}

enum uc_status uc_phone_dir_look(const char *dir, const char *name, struct uc_phone_stamp *out, struct uc_error *e)
{
	char path[PATH_MAX];
	struct stat st;
	*out = (struct uc_phone_stamp){.there = false};
	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) return UC_OK;
	/* Through links: where they lead is judged when the file is opened, and what was read then is known by its inode. */
	if (stat(path, &st) == 0) return take_stamp(&st, name, out, e);
	if (is_absent(errno) || errno == ELOOP) return UC_OK;
	return uc_fail_errno(e, errno, "cannot look at the file '%.160s' for phones", name);
}

/*
 * For kernels before 5.6, and for containers whose filter of system calls does not know openat2 (they answer EPERM): part by part, and through no link
 * at all.
 */
static int open_by_parts(int below, const char *name, const struct open_how *how)
{
	int at = below;
	while (at >= 0) {
		const char *slash = strchr(name, '/');
		UC_CLEANUP(uc_freep) char *part = slash != NULL ? uc_strndup(name, (size_t)(slash - name)) : uc_strdup(name);
		const int flags = slash != NULL ? O_PATH | O_DIRECTORY | O_CLOEXEC : (int)how->flags;
		bool up = strcmp(part, "..") == 0;
		int next = up ? -1 : openat(at, part, flags | O_NOFOLLOW);
		int why = up ? EXDEV : errno;
		if (at != below) close(at);
		errno = why;
		if (slash == NULL) return next;
		at = next;
		name = slash + 1;
	}
	return -1;
}

static enum uc_status open_below(const char *dir, const char *name, int *fd, struct uc_error *e)
{
	const struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	UC_CLEANUP(close_fd) int below = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (below < 0 && !is_absent(errno)) return uc_fail_errno(e, errno, "cannot open the directory of files for phones");
	if (below < 0) return UC_OK;
	for (int i = 0; i < TRIES; i++) {
		*fd = (int)syscall(SYS_openat2, below, name, &how, sizeof how);
		/* EAGAIN: something was renamed meanwhile, so that the kernel cannot tell whether the path stayed below. */
		if (*fd >= 0 || errno != EAGAIN) break;
	}
	if (*fd < 0 && (errno == ENOSYS || errno == EPERM)) *fd = open_by_parts(below, name, &how);
	if (*fd >= 0 || is_absent(errno)) return UC_OK;
	if (errno == EXDEV || errno == ELOOP)
		return uc_fail(e, UC_EREFUSED, "unsafe-name", "Links must be relative, and lead to files below the same directory.",
		               "'%.160s' is a link that leads out of the directory of files for phones", name);
	if (errno == ENXIO) return uc_fail(e, UC_EREFUSED, "not-a-file", "Only files are given out.", "'%.160s' is not a file", name);
	return uc_fail_errno(e, errno, "cannot open the file '%.160s' for phones", name);
}

static enum uc_status read_fd(int fd, const char *name, size_t size, struct uc_buf *out, struct uc_error *e)
{
	size_t have = 0;
	uint8_t *bytes = uc_buf_extend(out, size);
	while (have < size) {
		ssize_t n = read(fd, &bytes[have], size - have);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return uc_fail_errno(e, errno, "cannot read the file '%.160s' for phones", name);
		if (n == 0) break; /* it has become shorter: its stamp will say so */
		have += (size_t)n;
	}
	out->len -= size - have;
	return UC_OK;
}

/* One reading. *whole: the file was the same before and after. */
static enum uc_status read_once(int fd, const char *name, size_t max, struct uc_buf *out, struct uc_phone_stamp *stamp, bool *whole,
                                struct uc_error *e)
{
	struct stat st;
	struct uc_phone_stamp after = {.there = false};
	if (fstat(fd, &st) != 0) return uc_fail_errno(e, errno, "cannot read the file '%.160s' for phones", name);
	UC_TRY(take_stamp(&st, name, stamp, e));
	if (lseek(fd, 0, SEEK_SET) != 0) return uc_fail_errno(e, errno, "cannot read the file '%.160s' for phones", name);
	if (st.st_size < 0 || (size_t)st.st_size > max)
		return uc_fail(e, UC_ELIMIT, "file-large", "Files for phones are small: check that it is the right one.",
		               "'%.160s' has %lld bytes, more than the %zu that are given out", name, (long long)st.st_size, max);
	UC_TRY(read_fd(fd, name, (size_t)st.st_size, out, e));
	if (fstat(fd, &st) != 0) return uc_fail_errno(e, errno, "cannot read the file '%.160s' for phones", name);
	UC_TRY(take_stamp(&st, name, &after, e));
	*whole = uc_phone_stamp_eq(stamp, &after);
	return UC_OK;
}

bool uc_phone_stamp_settled(const struct uc_phone_stamp *stamp, struct timespec read)
{
	int64_t age = (read.tv_sec - stamp->ctime.tv_sec) * INT64_C(1000000000) + read.tv_nsec - stamp->ctime.tv_nsec;
	return age >= (stamp->ctime.tv_nsec == 0 ? COARSE_NS : SETTLED_NS);
}

enum uc_status uc_phone_dir_read(const char *dir, const char *name, size_t max, struct uc_buf *out, struct uc_phone_stamp *stamp,
                                 bool *settled, struct uc_error *e)
{
	struct timespec began;
	UC_CLEANUP(close_fd) int fd = -1;
	const size_t start = out->len;
	*stamp = (struct uc_phone_stamp){.there = false};
	*settled = true;
	UC_TRY(open_below(dir, name, &fd, e));
	if (fd < 0) return UC_OK;
	bool whole = false;
	for (int i = 0; i < TRIES && !whole; i++) {
		out->len = start;
		clock_gettime(CLOCK_REALTIME, &began);
		UC_TRY(read_once(fd, name, max, out, stamp, &whole, e));
	}
	*settled = whole && uc_phone_stamp_settled(stamp, began);
	return UC_OK;
}
