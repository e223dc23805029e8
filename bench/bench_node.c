/* A node to measure: started, asked and stopped. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "core/file.h"
#include "core/text.h"

enum { START_SECONDS = 60 };

void uc_bench_node_make(struct uc_bench_node *n)
{
	const char *tmp = getenv("TMPDIR");
	*n = (struct uc_bench_node){.dir = uc_sprintf("%s/ucpki-bench.XXXXXX", tmp != NULL ? tmp : "/tmp")};
	if (mkdtemp(n->dir) == NULL) uc_bench_die("cannot make the folder %s: %s", n->dir, strerror(errno));
	n->data = uc_sprintf("%s/data", n->dir);
	n->socket = uc_sprintf("%s/socket", n->dir);
}

/* ---- requests ---- */

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	uc_buf_add(ctx, data, size * count);
	return size * count;
}

static void connect_client(struct uc_bench_node *n)
{
	n->curl = curl_easy_init();
	if (n->curl == NULL) uc_bench_die("libcurl cannot be started");
	curl_easy_setopt(n->curl, CURLOPT_UNIX_SOCKET_PATH, n->socket);
	curl_easy_setopt(n->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(n->curl, CURLOPT_WRITEDATA, &n->answer);
	curl_easy_setopt(n->curl, CURLOPT_TIMEOUT, 600L);
}

static CURLcode send_request(struct uc_bench_node *n, const char *method, const char *path, struct uc_slice body)
{
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("http://localhost%s", path);
	n->answer.len = 0;
	curl_easy_setopt(n->curl, CURLOPT_URL, url);
	curl_easy_setopt(n->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
	curl_easy_setopt(n->curl, CURLOPT_POSTFIELDS, body.len > 0 ? (const char *)body.ptr : "");
	if (strcmp(method, "POST") != 0) curl_easy_setopt(n->curl, CURLOPT_HTTPGET, 1L);
	return curl_easy_perform(n->curl);
}

void uc_bench_node_call(struct uc_bench_node *n, const char *method, const char *path, struct uc_slice body, long expected)
{
	long status = 0;
	CURLcode rc = send_request(n, method, path, body);
	if (rc != CURLE_OK) uc_bench_die("%s %s: %s", method, path, curl_easy_strerror(rc));
	curl_easy_getinfo(n->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == expected) return;
	uc_bench_die("%s %s: status %ld instead of %ld: %.*s", method, path, status, expected,
	             (int)(n->answer.len < 1000 ? n->answer.len : 1000), (const char *)n->answer.ptr);
}

/* ---- start and stop ---- */

static _Noreturn void become_daemon(const struct uc_bench_node *n, const char *program)
{
	UC_CLEANUP(uc_freep) char *log = uc_sprintf("%s/log", n->dir);
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0) dup2(fd, STDOUT_FILENO);
	if (fd >= 0) dup2(fd, STDERR_FILENO);
	/* Whatever ends the benchmark ends the node. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl(program, program, "--data", n->data, "--socket", n->socket, "--listen", "https=127.0.0.1:0", "--listen", "tftp=none", "--listen",
	      "phone-http=none", "--listen", "phone-https=none", "--node-name", "bench", "--domain", "example.com", (char *)NULL);
	_exit(127);
}

static void wait_for_socket(struct uc_bench_node *n, double deadline)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", n->socket);
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool answers = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
		if (fd >= 0) close(fd);
		if (answers) return;
		if (waitpid(n->pid, NULL, WNOHANG) != 0 || uc_bench_now() > deadline) {
			n->pid = 0;
			uc_bench_die("ucpkid does not start: see %s/log", n->dir);
		}
		usleep(200);
	}
}

/* Reads what the daemon printed when it was installed. */
static void read_password(struct uc_bench_node *n)
{
	static const char before[] = "with the password ";
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/log", n->dir);
	struct uc_buf buf = UC_BUF_EMPTY;
	struct uc_error e;
	uc_bench_must(uc_file_read(path, 1 << 20, &buf, &e), "reading the log", &e);
	UC_CLEANUP(uc_freep) char *log = uc_buf_take_str(&buf);
	const char *at = strstr(log, before);
	if (at == NULL) return;
	at += strlen(before);
	free(n->password);
	n->password = uc_strndup(at, strcspn(at, " \n"));
}

static void read_port(struct uc_bench_node *n)
{
	uc_bench_node_call(n, "GET", "/api/v1/status", uc_slice_of(NULL, 0), 200);
	json_t *status = json_loadb((const char *)n->answer.ptr, n->answer.len, 0, NULL);
	n->port = (int)json_integer_value(json_object_get(json_object_get(status, "ports"), "https"));
	json_decref(status);
}

double uc_bench_node_start(struct uc_bench_node *n)
{
	UC_CLEANUP(uc_freep) char *program = uc_bench_program("ucpkid");
	double begun = uc_bench_now();
	n->pid = fork();
	if (n->pid < 0) uc_bench_die("cannot start a process: %s", strerror(errno));
	if (n->pid == 0) become_daemon(n, program);
	wait_for_socket(n, begun + START_SECONDS);
	connect_client(n);
	read_port(n);
	double took = uc_bench_now() - begun;
	read_password(n);
	return took;
}

void uc_bench_node_stop(struct uc_bench_node *n)
{
	if (n->pid == 0) return;
	curl_easy_cleanup(n->curl);
	n->curl = NULL;
	kill(n->pid, SIGTERM);
	waitpid(n->pid, NULL, 0);
	n->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void uc_bench_remove_tree(const char *path)
{
	if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0) uc_bench_die("cannot remove %s: %s", path, strerror(errno));
}

void uc_bench_node_remove(struct uc_bench_node *n)
{
	uc_bench_node_stop(n);
	uc_bench_remove_tree(n->dir);
	free(n->dir);
	free(n->data);
	free(n->socket);
	free(n->password);
	uc_buf_free(&n->answer);
	*n = (struct uc_bench_node){.dir = NULL};
}

long uc_bench_node_kb(const struct uc_bench_node *n, const char *field)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("/proc/%d/status", (int)n->pid);
	FILE *f = fopen(path, "r");
	if (f == NULL) uc_bench_die("cannot read %s", path);
	char line[256];
	size_t len = strlen(field);
	long kb = -1;
	while (kb < 0 && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, field, len) == 0 && line[len] == ':') kb = strtol(line + len + 1, NULL, 10);
	fclose(f);
	if (kb < 0) uc_bench_die("%s has no %s", path, field);
	return kb;
}
