/*
 * A TFTP server of a directory, for tests and benchmarks: src/serve/tftp with the simplest source of files. Files are kept in memory and
 * looked at again by each request, as the daemon does.
 *
 *   tftp_server [--address=A] [--port=N] [--timeout=MS] [--retries=N] [--per-client=N] [--max=N] [--workers=N] [--trace] DIR
 *
 * It prints its port. Then each line of standard input is a question: "stats" is answered with a line of JSON. It ends with its standard
 * input. A name that begins with "slow/" takes a worker 300 ms, one that begins with "late/" is found by a worker.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/file.h"
#include "core/log.h"
#include "core/mem.h"
#include "core/text.h"
#include "serve/tftp/tftp.h"

#define BUCKETS 4096
#define MAX_FILE ((size_t)256 * 1024 * 1024)
#define SLOW_US 300000

/* A file as it was when it was read. */
struct file {
	char *name;
	struct stat st;
	struct uc_buf content;
	atomic_uint refs; /* one of them is the directory's */
	struct file *next;
};

struct directory {
	const char *path;
	int fd;
	pthread_mutex_t lock; /* for the buckets */
	struct file *buckets[BUCKETS];
	_Atomic long held; /* files that the server has not released */
	_Atomic long ends[3];
};

static void file_unref(struct file *f)
{
	if (atomic_fetch_sub(&f->refs, 1) > 1) return;
	uc_buf_free(&f->content);
	free(f->name);
	free(f);
}

static struct file **place_of(struct directory *d, const char *name)
{
	uint32_t hash = 2166136261u;
	for (const char *c = name; *c != '\0'; c++) hash = (hash ^ (uint8_t)*c) * 16777619u;
	struct file **place = &d->buckets[hash % BUCKETS];
	while (*place != NULL && strcmp((*place)->name, name) != 0) place = &(*place)->next;
	return place;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* With a reference for the caller, or NULL. */
static struct file *from_memory(struct directory *d, const char *name, const struct stat *now)
{
	pthread_mutex_lock(&d->lock);
	struct file *f = *place_of(d, name);
	if (f != NULL && same_file(&f->st, now))
		atomic_fetch_add(&f->refs, 1);
	else
		f = NULL;
	pthread_mutex_unlock(&d->lock);
	return f;
}

static enum uc_status from_disk(struct directory *d, const char *name, const struct stat *now, struct file **out, struct uc_error *e)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", d->path, name);
	struct file *f = uc_zalloc(1, sizeof *f);
	f->name = uc_strdup(name);
	f->st = *now;
	atomic_init(&f->refs, 2);
	enum uc_status status = uc_file_read(path, MAX_FILE, &f->content, e);
	pthread_mutex_lock(&d->lock);
	struct file **place = place_of(d, name);
	struct file *old = *place;
	f->next = old != NULL ? old->next : NULL;
	*place = f;
	pthread_mutex_unlock(&d->lock);
	if (old != NULL) file_unref(old);
	*out = f;
	if (status != UC_OK) file_unref(f);
	return status;
}

static bool is_safe(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 127) return false;
	return name[0] != '/' && strstr(name, "..") == NULL;
}

static enum uc_status find(void *ctx, const char *name, const char *peer, bool may_block, bool *later, struct uc_tftp_file *out,
                           struct uc_error *e)
{
	(void)peer;
	struct directory *d = ctx;
	struct stat now;
	struct file *f = NULL;
	bool slow = uc_starts_with(name, "slow/");
	if (!is_safe(name)) return uc_fail(e, UC_EREFUSED, "unsafe-name", NULL, "the name '%s' is not allowed", name);
	if (!may_block && (slow || uc_starts_with(name, "late/"))) {
		*later = true;
		return UC_OK;
	}
	if (slow) usleep(SLOW_US);
	if (fstatat(d->fd, name, &now, 0) != 0 || !S_ISREG(now.st_mode))
		return uc_fail(e, UC_ENOTFOUND, "no-file", NULL, "there is no file '%s'", name);
	f = from_memory(d, name, &now);
	if (f == NULL && !may_block) {
		*later = true;
		return UC_OK;
	}
	if (f == NULL) UC_TRY(from_disk(d, name, &now, &f, e));
	*out = (struct uc_tftp_file){.content = uc_buf_slice(&f->content), .handle = f};
	atomic_fetch_add(&d->held, 1);
	return UC_OK;
}

static void release(void *ctx, struct uc_tftp_file *file)
{
	struct directory *d = ctx;
	atomic_fetch_sub(&d->held, 1);
	file_unref(file->handle);
}

static void ended(void *ctx, const char *name, const char *peer, const struct uc_tftp_file *file, enum uc_tftp_end how)
{
	(void)name;
	(void)peer;
	(void)file;
	struct directory *d = ctx;
	atomic_fetch_add(&d->ends[how], 1);
}

static void directory_free(struct directory *d)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct file *f = d->buckets[i]; f != NULL;) {
			struct file *next = f->next;
			file_unref(f);
			f = next;
		}
	}
	close(d->fd);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static void print_stats(const struct uc_tftp *t, struct directory *d)
{
	struct uc_tftp_stats s;
	uc_tftp_stats(t, &s);
	printf("{\"requests\": %llu, \"sent\": %llu, \"aborted\": %llu, \"gone\": %llu, \"refused\": %llu, \"dropped\": %llu, "
	       "\"retransmitted\": %llu, \"bytes\": %llu, \"active\": %u, \"held\": %ld, \"ends\": [%ld, %ld, %ld]}\n",
	       (unsigned long long)s.requests, (unsigned long long)s.sent, (unsigned long long)s.aborted, (unsigned long long)s.gone,
	       (unsigned long long)s.refused, (unsigned long long)s.dropped, (unsigned long long)s.retransmitted, (unsigned long long)s.bytes,
	       s.active, d->held, d->ends[UC_TFTP_SENT], d->ends[UC_TFTP_ABORTED], d->ends[UC_TFTP_GONE]);
	fflush(stdout);
}

static unsigned number(const char *text, unsigned long long most)
{
	unsigned long long n;
	if (uc_parse_u64(text, 0, most, &n)) return (unsigned)n;
	fprintf(stderr, "'%s' is not a number up to %llu\n", text, most);
	exit(2);
}

static void read_option(const char *arg, struct uc_tftp_config *c)
{
	const struct {
		const char *name;
		unsigned *value;
	} numbers[] = {
	    {"--timeout=", &c->timeout_ms}, {"--retries=", &c->retries}, {"--per-client=", &c->per_client}, {"--max=", &c->max},
	    {"--workers=", &c->workers},
	};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (uc_starts_with(arg, numbers[i].name)) *numbers[i].value = number(arg + strlen(numbers[i].name), UINT32_MAX);
	if (uc_starts_with(arg, "--address=")) c->address = arg + strlen("--address=");
	if (uc_starts_with(arg, "--port=")) c->port = (uint16_t)number(arg + strlen("--port="), UINT16_MAX);
	if (strcmp(arg, "--trace") == 0) {
		c->trace = true;
		uc_log_level(UC_LOG_DEBUG);
	}
}

int main(int argc, char **argv)
{
	struct uc_tftp_config config = {.address = "127.0.0.1"};
	struct directory *d = uc_zalloc(1, sizeof *d);
	struct uc_tftp *t = NULL;
	struct uc_error e;
	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			read_option(argv[i], &config);
		else
			d->path = argv[i];
	}
	d->fd = d->path != NULL ? open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	pthread_mutex_init(&d->lock, NULL);
	const struct uc_tftp_source source = {.ctx = d, .find = find, .release = release, .ended = ended};
	if (d->fd < 0 || uc_tftp_start(&config, &source, &t, &e) != UC_OK) {
		fprintf(stderr, "%s\n", d->fd < 0 ? "name a directory" : e.message);
		return 1;
	}
	printf("%u\n", uc_tftp_port(t));
	fflush(stdout);
	char line[16];
	while (fgets(line, sizeof line, stdin) != NULL) print_stats(t, d);
	uc_tftp_stop(t);
	long held = d->held;
	directory_free(d);
	if (held != 0) fprintf(stderr, "%ld files were not released\n", held);
	return held != 0;
}
