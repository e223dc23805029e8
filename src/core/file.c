#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/random.h"
#include "core/text.h"

static void close_fd(int *fd)
{
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

static enum uc_status read_all(int fd, const char *path, size_t max, struct uc_buf *out, struct uc_error *e)
{
	size_t start = out->len;
	for (;;) {
		enum { CHUNK = 65536 };
		uint8_t *at = uc_buf_extend(out, CHUNK);
		ssize_t n = read(fd, at, CHUNK);
		out->len -= CHUNK - (n > 0 ? (size_t)n : 0);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return uc_fail_errno(e, errno, "cannot read %s", path);
		if (n == 0) return UC_OK;
		if (out->len - start > max) return uc_fail(e, UC_ELIMIT, "too-large", NULL, "%s is larger than the limit of %zu bytes", path, max);
	}
}

enum uc_status uc_file_read(const char *path, size_t max, struct uc_buf *out, struct uc_error *e)
{
	if (strcmp(path, "-") == 0) return read_all(STDIN_FILENO, "standard input", max, out, e);
	UC_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) return uc_fail(e, UC_ENOTFOUND, "no-such-file", "Check the path.", "there is no file %s", path);
	if (fd < 0) return uc_fail_errno(e, errno, "cannot open %s", path);
	struct stat st;
	if (fstat(fd, &st) != 0) return uc_fail_errno(e, errno, "cannot examine %s", path);
	if (S_ISDIR(st.st_mode)) return uc_fail(e, UC_EINPUT, "is-directory", "Name a file in it.", "%s is a directory", path);
	return read_all(fd, path, max, out, e);
}

static enum uc_status write_all(int fd, struct uc_slice data, const char *path, struct uc_error *e)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return uc_fail_errno(e, errno, "cannot write %s", path);
		data = uc_slice_of(data.ptr + n, data.len - (size_t)n);
	}
	if (fsync(fd) != 0) return uc_fail_errno(e, errno, "cannot sync %s", path);
	return UC_OK;
}

static enum uc_status sync_parent(const char *path, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *copy = uc_strdup(path);
	const char *dir = dirname(copy);
	UC_CLEANUP(close_fd) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0) return uc_fail_errno(e, errno, "cannot sync the directory %s", dir);
	return UC_OK;
}

/* Writes a temporary file beside path; its name is in *tmp, also after a failure (then the file is gone). */
static enum uc_status write_beside(const char *path, struct uc_slice data, mode_t mode, char **tmp, struct uc_error *e)
{
	uint8_t rnd[8];
	uc_random(rnd, sizeof rnd);
	UC_CLEANUP(uc_freep) char *hex = uc_hex(uc_slice_of(rnd, sizeof rnd), '\0');
	*tmp = uc_sprintf("%s.%s.tmp", path, hex);
	UC_CLEANUP(close_fd) int fd = open(*tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0) return uc_fail_errno(e, errno, "cannot create %s", *tmp);
	enum uc_status status = write_all(fd, data, *tmp, e);
	if (status != UC_OK) unlink(*tmp);
	return status;
}

enum uc_status uc_file_write(const char *path, struct uc_slice data, mode_t mode, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *tmp = NULL;
	UC_TRY(write_beside(path, data, mode, &tmp, e));
	if (rename(tmp, path) != 0) {
		int errnum = errno;
		unlink(tmp);
		return uc_fail_errno(e, errnum, "cannot replace %s", path);
	}
	return sync_parent(path, e);
}

enum uc_status uc_file_create(const char *path, struct uc_slice data, mode_t mode, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *tmp = NULL;
	UC_TRY(write_beside(path, data, mode, &tmp, e));
	int failed = link(tmp, path) != 0 ? errno : 0;
	unlink(tmp);
	if (failed == EEXIST) return uc_fail(e, UC_ECONFLICT, "exists", NULL, "%s exists already", path);
	if (failed != 0) return uc_fail_errno(e, failed, "cannot create %s", path);
	return sync_parent(path, e);
}

enum uc_status uc_file_remove(const char *path, struct uc_error *e)
{
	if (unlink(path) != 0) {
		if (errno == ENOENT) return UC_OK;
		return uc_fail_errno(e, errno, "cannot remove %s", path);
	}
	return sync_parent(path, e);
}

enum uc_status uc_dir_make(const char *path, mode_t mode, struct uc_error *e)
{
	struct stat st;
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode)) return UC_OK;
		return uc_fail(e, UC_EIO, "not-directory", "Name a directory.", "%s is not a directory", path);
	}
	UC_CLEANUP(uc_freep) char *copy = uc_strdup(path);
	const char *parent = dirname(copy);
	if (strcmp(parent, ".") != 0 && strcmp(parent, "/") != 0) UC_TRY(uc_dir_make(parent, mode, e));
	/* Somebody else may have made it since, but a link that leads nowhere is no directory. */
	if (mkdir(path, mode) != 0 && (errno != EEXIST || stat(path, &st) != 0 || !S_ISDIR(st.st_mode)))
		return uc_fail_errno(e, errno, "cannot make the directory %s", path);
	return sync_parent(path, e);
}

bool uc_file_exists(const char *path)
{
	/* What cannot be looked at is there, as far as anybody knows: it must not be written anew. */
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

void uc_crash_point(const char *name)
{
	const char *at = getenv("UCPKI_CRASH_AT");
	if (at != NULL && strcmp(at, name) == 0) raise(SIGKILL);
}
