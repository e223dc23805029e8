/*
 * Lists over HTTPS, and the upload of a bundle of 1,000 certificates.
 *
 *   http_bench [--rounds=N] [--requests=N] [--certificates=N]
 *
 * The first page of the list is asked for on 8 connections that stay open; when nginx is installed (or BENCH_NGINX names it), it serves the same
 * bytes as a file, over TLS, in turns: what remains when nothing is looked up. The upload is a PEM file of self-signed certificates for
 * tomcat-trust, beside d2i_X509 of the same certificates. Each round deletes nothing and brings new certificates.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/text.h"
#include "pki/key.h"
#include "pki/request.h"

enum { CONNECTIONS = 8 };

/* ---- certificates ---- */

static void make_cert(const char *cn, struct uc_buf *der, EVP_PKEY **key)
{
	struct uc_error e;
	struct uc_profile p = {.common_name = cn,
	                       .organization = "Example Company",
	                       .key_usage = UC_KU_DIGITAL_SIGNATURE,
	                       .digest = "SHA256",
	                       .not_before = uc_now() - UC_DAY,
	                       .not_after = uc_now() + 900 * UC_DAY};
	uc_bench_must(uc_key_generate(uc_key_spec_find("ec-p256"), key, &e), "key generation", &e);
	uc_bench_must(uc_cert_self_sign(&p, *key, der, &e), "making a certificate", &e);
}

/* ---- lists ---- */

/* A server under test and its clients, each with a connection that stays open. */
struct target {
	pid_t pid;
	char *url;         /* owned */
	char *credentials; /* owned; NULL: none */
	CURL *clients[CONNECTIONS];
	struct uc_samples seconds, cpu; /* for one answer */
	size_t bytes;                   /* of one answer */
};

struct work {
	CURL *curl;
	long requests;
	size_t bytes;
	bool failed;
};

static size_t count_bytes(char *data, size_t size, size_t count, void *ctx)
{
	(void)data;
	*(size_t *)ctx += size * count;
	return size * count;
}

static void open_target(struct target *t)
{
	for (size_t i = 0; i < CONNECTIONS; i++) {
		t->clients[i] = curl_easy_init();
		if (t->clients[i] == NULL) uc_bench_die("libcurl cannot be started");
		curl_easy_setopt(t->clients[i], CURLOPT_URL, t->url);
		curl_easy_setopt(t->clients[i], CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(t->clients[i], CURLOPT_SSL_VERIFYHOST, 0L);
		curl_easy_setopt(t->clients[i], CURLOPT_NOSIGNAL, 1L);
		curl_easy_setopt(t->clients[i], CURLOPT_WRITEFUNCTION, count_bytes);
		if (t->credentials != NULL) curl_easy_setopt(t->clients[i], CURLOPT_USERPWD, t->credentials);
	}
}

static void close_target(struct target *t)
{
	for (size_t i = 0; i < CONNECTIONS; i++) curl_easy_cleanup(t->clients[i]);
	uc_samples_free(&t->seconds);
	uc_samples_free(&t->cpu);
	free(t->url);
	free(t->credentials);
}

static void *ask(void *arg)
{
	struct work *w = arg;
	curl_easy_setopt(w->curl, CURLOPT_WRITEDATA, &w->bytes);
	for (long i = 0; i < w->requests && !w->failed; i++) {
		long status = 0;
		w->failed = curl_easy_perform(w->curl) != CURLE_OK || curl_easy_getinfo(w->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
		            status != 200;
	}
	return NULL;
}

static void ask_all(struct target *t, long requests, bool measured)
{
	struct work works[CONNECTIONS];
	pthread_t threads[CONNECTIONS];
	double cpu = uc_bench_cpu(t->pid);
	double begun = uc_bench_now();
	for (size_t i = 0; i < CONNECTIONS; i++) {
		works[i] = (struct work){.curl = t->clients[i], .requests = requests / CONNECTIONS};
		if (pthread_create(&threads[i], NULL, ask, &works[i]) != 0) uc_bench_die("cannot start a thread");
	}
	for (size_t i = 0; i < CONNECTIONS; i++) {
		pthread_join(threads[i], NULL);
		if (works[i].failed) uc_bench_die("%s: a request failed", t->url);
	}
	double done = (double)(requests / CONNECTIONS * CONNECTIONS);
	t->bytes = works[0].bytes / (size_t)works[0].requests;
	if (!measured) return;
	uc_samples_add(&t->seconds, (uc_bench_now() - begun) / done);
	uc_samples_add(&t->cpu, (uc_bench_cpu(t->pid) - cpu) / done);
}

/* ---- nginx ---- */

static void write_file(const char *dir, const char *name, struct uc_slice data)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s", dir, name);
	uc_bench_must(uc_file_write(path, data, 0600, &e), "writing a file", &e);
}

/* A key of the kind that the node uses by default, so that both make the same handshakes; few of them are made. */
static void write_nginx(const char *dir, int port, struct uc_slice answer)
{
	EVP_PKEY *key = NULL;
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf conf = UC_BUF_EMPTY;
	make_cert("nginx.example.com", &der, &key);
	uc_pem_write(&pem, "CERTIFICATE", uc_buf_slice(&der));
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	if (bio == NULL || !PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) uc_bench_die("a key cannot be written");
	long len = BIO_get_mem_data(bio, &text);
	write_file(dir, "key.pem", uc_slice_of(text, (size_t)len));
	BIO_free(bio);
	EVP_PKEY_free(key);
	write_file(dir, "cert.pem", uc_buf_slice(&pem));
	write_file(dir, "list.json", answer);
	uc_buf_printf(
	    &conf,
	    "daemon off; master_process off; pid %s/pid; error_log %s/error.log;\n"
	    "events {}\n"
	    "http { access_log off; keepalive_requests 1000000; types { application/json json; }\n"
	    "  client_body_temp_path %s/t1; proxy_temp_path %s/t2; fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4; scgi_temp_path %s/t5;\n"
	    "  server { listen 127.0.0.1:%d ssl; ssl_certificate %s/cert.pem; ssl_certificate_key %s/key.pem; root %s; } }\n",
	    dir, dir, dir, dir, dir, dir, dir, port, dir, dir, dir);
	write_file(dir, "nginx.conf", uc_buf_slice(&conf));
}

static const char *find_nginx(void)
{
	const char *named = getenv("BENCH_NGINX");
	const char *path = named != NULL ? named : "/usr/sbin/nginx";
	return access(path, X_OK) == 0 ? path : NULL;
}

/* Starts nginx with the answer as a file; its pid, or 0 when there is none. */
static pid_t start_nginx(const char *dir, int port, struct uc_slice answer)
{
	const char *program = find_nginx();
	if (program == NULL) return 0;
	write_nginx(dir, port, answer);
	UC_CLEANUP(uc_freep) char *conf = uc_sprintf("%s/nginx.conf", dir);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(program, program, "-p", dir, "-c", conf, (char *)NULL);
		_exit(127);
	}
	if (pid < 0) uc_bench_die("cannot start a process: %s", strerror(errno));
	sleep(1);
	if (waitpid(pid, NULL, WNOHANG) == 0) return pid;
	uc_bench_die("nginx does not start, see %s/error.log", dir);
}

static void print_lists(const struct target *node, const struct target *nginx, long requests)
{
	uc_bench_title("The first 50 of a list over HTTPS, %d connections, rounds of %ld", CONNECTIONS, requests);
	uc_bench_value("size of the answer", (double)node->bytes, 0, "bytes");
	if (nginx->pid != 0) {
		uc_bench_row("nginx, the same bytes from a file: time for one answer", &nginx->seconds, &uc_unit_us, NULL);
		uc_bench_row("the node: time for one answer", &node->seconds, &uc_unit_us, &nginx->seconds);
		uc_bench_row("nginx: processor time for one", &nginx->cpu, &uc_unit_us, NULL);
		uc_bench_row("the node: processor time for one", &node->cpu, &uc_unit_us, &nginx->cpu);
		uc_bench_value("answers of nginx a second", 1 / uc_samples_median(&nginx->seconds), 0, "");
	} else {
		uc_bench_row("the node: time for one answer", &node->seconds, &uc_unit_us, NULL);
		uc_bench_row("the node: processor time for one", &node->cpu, &uc_unit_us, NULL);
	}
	uc_bench_value("answers of the node a second", 1 / uc_samples_median(&node->seconds), 0, "");
}

static void measure_lists(struct uc_bench_node *n, long rounds, long requests)
{
	static const char path[] = "/api/v1/certificates?usage=trust&sort=name&limit=50";
	struct target node = {.pid = n->pid};
	node.url = uc_sprintf("https://127.0.0.1:%d%s", n->port, path);
	node.credentials = uc_sprintf("admin:%s", n->password);
	open_target(&node);
	uc_bench_node_call(n, "GET", path, uc_slice_of(NULL, 0), 200);
	struct target nginx = {.pid = start_nginx(n->dir, n->port + 1, uc_buf_slice(&n->answer))};
	nginx.url = uc_sprintf("https://127.0.0.1:%d/list.json", n->port + 1);
	open_target(&nginx);
	for (long i = 0; i <= rounds; i++) {
		ask_all(&node, requests, i > 0);
		if (nginx.pid != 0) ask_all(&nginx, requests, i > 0);
	}
	print_lists(&node, &nginx, requests);
	if (nginx.pid != 0) {
		kill(nginx.pid, SIGTERM);
		waitpid(nginx.pid, NULL, 0);
	}
	close_target(&node);
	close_target(&nginx);
}

/* ---- the upload ---- */

static void decode(struct uc_slice der)
{
	const unsigned char *p = der.ptr;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);
	if (x == NULL) uc_bench_die("d2i_X509 failed");
	X509_free(x);
}

static void upload(struct uc_bench_node *n, long round, long certificates, struct uc_samples *ours, struct uc_samples *cpu,
                   struct uc_samples *bare)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf pem = UC_BUF_EMPTY;
	struct uc_buf *ders = uc_zalloc((size_t)certificates, sizeof *ders);
	for (long i = 0; i < certificates; i++) {
		UC_CLEANUP(uc_freep) char *cn = uc_sprintf("peer-%ld-%ld.example.com", round, i);
		EVP_PKEY *key = NULL;
		make_cert(cn, &ders[i], &key);
		uc_pem_write(&pem, "CERTIFICATE", uc_buf_slice(&ders[i]));
		EVP_PKEY_free(key);
	}
	double begun = uc_bench_now();
	for (long i = 0; i < certificates; i++) decode(uc_buf_slice(&ders[i]));
	uc_samples_add(bare, uc_bench_now() - begun);
	double worked = uc_bench_cpu(n->pid);
	begun = uc_bench_now();
	uc_bench_node_call(n, "POST", "/api/v1/certificates/trust/tomcat?yes=1", uc_buf_slice(&pem), 201);
	uc_samples_add(ours, uc_bench_now() - begun);
	uc_samples_add(cpu, uc_bench_cpu(n->pid) - worked);
	for (long i = 0; i < certificates; i++) uc_buf_free(&ders[i]);
	free(ders);
}

static void measure_uploads(struct uc_bench_node *n, long rounds, long certificates)
{
	UC_CLEANUP(uc_samples_free) struct uc_samples ours = {.items = NULL};
	UC_CLEANUP(uc_samples_free) struct uc_samples cpu = {.items = NULL};
	UC_CLEANUP(uc_samples_free) struct uc_samples bare = {.items = NULL};
	for (long i = 0; i < rounds; i++) upload(n, i, certificates, &ours, &cpu, &bare);
	uc_bench_title("Upload of a bundle of %ld certificates to a trust store, %ld rounds", certificates, rounds);
	uc_bench_row("d2i_X509 of them", &bare, &uc_unit_ms, NULL);
	uc_bench_row("the upload, to the answer", &ours, &uc_unit_ms, NULL);
	uc_bench_row("processor time of the node", &cpu, &uc_unit_ms, &bare);
	uc_bench_value("certificates a second", (double)certificates / uc_samples_median(&ours), 0, "");
}

int main(int argc, char **argv)
{
	struct uc_bench_node n;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	uc_bench_node_make(&n);
	uc_bench_node_start(&n);
	measure_uploads(&n, uc_bench_option(argc, argv, "uploads", 5), uc_bench_option(argc, argv, "certificates", 1000));
	measure_lists(&n, uc_bench_option(argc, argv, "rounds", 11), uc_bench_option(argc, argv, "requests", 2000));
	uc_bench_node_remove(&n);
	return 0;
}
