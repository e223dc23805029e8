#include "tftp_peers.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"

#define WORDS 24
enum { START_SECONDS = 60 };

/* "$WORK" and "$PACKAGES" in the words are replaced. dnsmasq knows no port but 69; ucpkid says which it has. */
static const struct {
	const char *name, *address;
	uint16_t port;
	bool packaged; /* by bench/tftp-peers */
	const char *words[WORDS];
} rows[UC_TFTP_PEERS] = {
    [UC_TFTP_OURS] = {"ucpkid",
                      "127.0.0.11",
                      0,
                      false,
                      {"$UCPKID", "--data", "$WORK/node", "--socket", "$WORK/socket", "--phone-files", "$WORK/source", "--node-name",
                       "bench", "--domain", "example.com", "--listen", "https=127.0.0.11:0", "--listen", "tftp=127.0.0.11:0", "--listen",
                       "phone-http=none", "--listen", "phone-https=none"}},
    [UC_TFTP_DNSMASQ] = {"dnsmasq",
                         "127.0.0.12",
                         69,
                         false,
                         {"/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--enable-tftp",
                          "--tftp-root=$WORK/files", "--tftp-max=4000", "--listen-address=127.0.0.12", "--bind-interfaces", "--user=root",
                          "--quiet-tftp", "--no-resolv", "--pid-file", "--log-facility=/dev/null"}},
    {"atftpd",
     "127.0.0.13",
     6969,
     true,
     {"$PACKAGES/usr/sbin/atftpd", "--daemon", "--no-fork", "--bind-address", "127.0.0.13", "--port", "6969", "--user", "root", "--group",
      "root", "--maxthread", "4000", "--logfile=/dev/null", "--verbose=1", "$WORK/files"}},
    {"tftpd-hpa",
     "127.0.0.14",
     6969,
     true,
     {"$PACKAGES/usr/sbin/in.tftpd", "-L", "-a", "127.0.0.14:6969", "-u", "root", "-s", "$WORK/files"}},
};

static char *replace(const char *word, const char *name, const char *value)
{
	const char *at = strstr(word, name);
	if (at == NULL) return uc_strdup(word);
	return uc_sprintf("%.*s%s%s", (int)(at - word), word, value, at + strlen(name));
}

static void make_words(size_t row, const char *work, const char *packages, struct uc_strv *out)
{
	UC_CLEANUP(uc_freep) char *ucpkid = uc_bench_program("ucpkid");
	const char *const values[][2] = {{"$WORK", work}, {"$PACKAGES", packages != NULL ? packages : ""}, {"$UCPKID", ucpkid}};
	for (size_t i = 0; i < WORDS && rows[row].words[i] != NULL; i++) {
		char *word = uc_strdup(rows[row].words[i]);
		for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
			char *next = replace(word, values[v][0], values[v][1]);
			free(word);
			word = next;
		}
		uc_strv_take(out, word);
	}
	uc_strv_take(out, NULL);
}

static _Noreturn void run(size_t row, char *const *words, const char *work, const char *packages)
{
	UC_CLEANUP(uc_freep) char *log = uc_sprintf("%s/%s.log", work, rows[row].name);
	/* The packages' own libraries lie beside them. */
	UC_CLEANUP(uc_freep) char *libraries = uc_sprintf("%s/lib", packages != NULL ? packages : "");
	int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (rows[row].packaged) setenv("LD_LIBRARY_PATH", libraries, 1);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	execv(words[0], words);
	_exit(127);
}

static void start(struct uc_tftp_peer *peer, size_t row, const char *work, const char *packages)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv words = {.items = NULL};
	make_words(row, work, packages, &words);
	*peer = (struct uc_tftp_peer){.name = rows[row].name, .address = rows[row].address, .port = rows[row].port, .pid = fork()};
	if (peer->pid < 0) uc_bench_die("cannot start a process: %s", strerror(errno));
	if (peer->pid == 0) run(row, words.items, work, packages);
}

/* The port that the node has written down, or 0. */
static uint16_t read_port(const char *work)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/node/ports.json", work);
	json_t *ports = json_load_file(path, 0, NULL);
	json_int_t port = json_integer_value(json_object_get(ports, "tftp"));
	json_decref(ports);
	return (uint16_t)port;
}

void uc_tftp_peers_start_ours(struct uc_tftp_peer *peer, const char *work)
{
	start(peer, UC_TFTP_OURS, work, NULL);
	for (int i = 0; peer->port == 0; i++) {
		if (waitpid(peer->pid, NULL, WNOHANG) != 0 || i == START_SECONDS * 10)
			uc_bench_die("ucpkid does not start: see %s/ucpkid.log", work);
		usleep(100000);
		peer->port = read_port(work);
	}
}

/* Why it cannot be measured, or NULL. */
static const char *obstacle(size_t row, const char *packages)
{
	if (geteuid() != 0) return "it must be started by root";
	if (rows[row].packaged && packages == NULL) return "its package is not there";
	if (!rows[row].packaged && access(rows[row].words[0], X_OK) != 0) return "it is not installed";
	return NULL;
}

void uc_tftp_peers_start_others(struct uc_tftp_peer peers[UC_TFTP_PEERS], const char *work, const char *packages)
{
	for (size_t i = UC_TFTP_OURS + 1; i < UC_TFTP_PEERS; i++) {
		const char *why = obstacle(i, packages);
		if (why == NULL)
			start(&peers[i], i, work, packages);
		else
			printf("%s is not measured: %s\n", rows[i].name, why);
	}
	sleep(1);
	for (size_t i = UC_TFTP_OURS + 1; i < UC_TFTP_PEERS; i++) {
		if (peers[i].pid == 0 || waitpid(peers[i].pid, NULL, WNOHANG) == 0) continue;
		printf("%s is not measured: it does not start\n", peers[i].name);
		peers[i].pid = 0;
	}
}

void uc_tftp_peers_stop(struct uc_tftp_peer peers[UC_TFTP_PEERS])
{
	for (size_t i = 0; i < UC_TFTP_PEERS; i++) {
		if (peers[i].pid == 0) continue;
		kill(peers[i].pid, SIGTERM);
		waitpid(peers[i].pid, NULL, 0);
	}
}

double uc_tftp_peer_cpu(const struct uc_tftp_peer *peer)
{
	char text[1024] = "";
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("/proc/%d/stat", (int)peer->pid);
	FILE *f = fopen(path, "re");
	if (f == NULL) uc_bench_die("%s has ended", peer->name);
	size_t len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[len] = '\0';
	/* The name, which may hold blanks, ends with the last ')'; cutime and cstime are the 14th and 15th number after it. */
	char *rest = strrchr(text, ')');
	unsigned long children = 0;
	char *word = rest != NULL ? strtok_r(rest + 1, " ", &rest) : NULL;
	for (int i = 0; word != NULL && i < 15; i++, word = strtok_r(NULL, " ", &rest))
		if (i == 13 || i == 14) children += strtoul(word, NULL, 10);
	return uc_bench_cpu(peer->pid) + (double)children / (double)sysconf(_SC_CLK_TCK);
}
