/*
 * src/node/diagnose*.c: E1, step by step. The node looks at itself, which to the diagnosis is a node like any other: a server of the test presents its certificates, or others.
 */
#include "uc_test.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "core/random.h"
#include "core/text.h"
#include "node/node.h"
#include "pki/make_certs.h"
#include "pki/name.h"
#include "store/change.h"

#define NAME "cucm-pub"

struct bed {
	char *dir;
	struct uc_node *node;
	int fd;
	pthread_t thread;
	const struct made *stranger; /* presented in place of the node's certificates */
	json_t *found;               /* of the last diagnosis */
};

/* ---- the server ---- */

static SSL_CTX *strange_context(const struct made *m)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	X509 *x = uc_cert_x509(m->cert);
	SSL_CTX_use_certificate(ctx, x);
	SSL_CTX_use_PrivateKey(ctx, m->key);
	X509_free(x);
	return ctx;
}

static void *serve(void *arg)
{
	struct bed *b = arg;
	for (;;) {
		int fd = accept(b->fd, NULL, NULL);
		if (fd < 0) return NULL;
		SSL_CTX *ctx = b->stranger != NULL ? strange_context(b->stranger) : uc_node_https(b->node);
		SSL *ssl = SSL_new(ctx);
		char byte;
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1) SSL_read(ssl, &byte, 1); /* until the client ends */
		SSL_free(ssl);
		SSL_CTX_free(ctx);
		close(fd);
	}
}

static void begin_to_listen(struct bed *b)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage bound;
	socklen_t len = sizeof bound;
	b->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(b->fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(b->fd, 16), 0);
	assert_int_equal(getsockname(b->fd, (struct sockaddr *)&bound, &len), 0);
	memcpy(&address, &bound, sizeof address);
	assert_int_equal(pthread_create(&b->thread, NULL, serve, b), 0);
	json_t *ports = json_pack("{s:i}", "https", ntohs(address.sin_port));
	uc_node_set_ports(b->node, ports, "127.0.0.1", "127.0.0.1");
	json_decref(ports);
}

static void stop_listening(struct bed *b)
{
	if (b->fd < 0) return;
	shutdown(b->fd, SHUT_RDWR);
	pthread_join(b->thread, NULL);
	close(b->fd);
	b->fd = -1;
}

static int bed_setup(void **state)
{
	struct uc_error e;
	struct bed *b = uc_zalloc(1, sizeof *b);
	signal(SIGPIPE, SIG_IGN);
	b->dir = uc_test_dir();
	const struct uc_node_config config = {.data = b->dir, .name = NAME, .domain = "example.com"};
	assert_ok(uc_node_open(&config, &b->node, &e), e);
	begin_to_listen(b);
	*state = b;
	return 0;
}

static int bed_teardown(void **state)
{
	struct bed *b = *state;
	stop_listening(b);
	uc_node_close(b->node);
	json_decref(b->found);
	uc_test_dir_remove(b->dir);
	free(b);
	return 0;
}

/* ---- what a test does ---- */

static void run_task(struct bed *b, const char *task, json_t *args, struct uc_slice content)
{
	struct uc_error e;
	json_t *out = NULL;
	const struct uc_node_call call = {
	    .request = {.task = task, .args = args, .content = content}, .who = "tester", .yes = true, .force = true};
	assert_ok(uc_node_run(b->node, &call, &out, &e), e);
	json_decref(out);
	json_decref(args);
}

/* The node's own certificate of a purpose; release with uc_cert_free(). */
static struct uc_cert *own_cert(struct bed *b, const char *purpose)
{
	struct uc_error e;
	char type[96];
	char file[96];
	struct uc_cert *cert = NULL;
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	assert_ok(uc_node_content(b->node, NULL, true, purpose, NULL, "der", &der, type, file, &e), e);
	assert_ok(uc_cert_read(uc_buf_slice(&der), &cert, &e), e);
	return cert;
}

static bool is_trusted(struct bed *b, const struct uc_cert *cert)
{
	struct uc_error e;
	char fp[UC_FINGERPRINT_HEX];
	json_t *out = NULL;
	enum uc_status status = uc_node_cert(b->node, NULL, false, "tomcat-trust", uc_cert_fingerprint_hex(cert, fp), &out, &e);
	json_decref(out);
	if (status != UC_OK) assert_int_equal(status, UC_ENOTFOUND);
	return status == UC_OK;
}

static void forget(struct bed *b, const struct uc_cert *cert)
{
	char fp[UC_FINGERPRINT_HEX];
	run_task(b, "delete-trust", json_pack("{s:s, s:s}", "store", "tomcat-trust", "name", uc_cert_fingerprint_hex(cert, fp)),
	         (struct uc_slice){.ptr = NULL});
	assert_false(is_trusted(b, cert));
}

/* As if a change of the system had left it behind. */
static void leave_copy(struct bed *b, const char *name, const struct uc_cert *cert)
{
	struct uc_error e;
	int64_t number;
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", b->dir);
	UC_CLEANUP(uc_freep) char *text = uc_base64(uc_buf_slice(&cert->der));
	UC_CLEANUP(uc_freep) char *request = uc_uuid();
	UC_CLEANUP(uc_store_closep) struct uc_store *store = NULL;
	assert_ok(uc_store_open(url, UC_STORE_WRITE, &store, &e), e);
	json_t *step = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s}", "type", "trust.add", "v", 1, "store", "tomcat-trust", "name", name,
	                         "scope", "cluster", "certificate", text, "description", "", "origin", "system");
	json_t *change = json_pack("{s:s, s:s, s:s, s:n, s:s, s:s, s:s, s:n, s:[o], s:[], s:[]}", "at", "2026-06-01T00:00:00Z", "node", NAME,
	                           "who", "tester", "why", "task", "test", "request", request, "summary", "A copy", "undoes", "steps", step,
	                           "findings", "followups");
	assert_ok(uc_store_begin(store, &e), e);
	assert_ok(uc_log_append(store, change, NULL, NULL, &number, &e), e);
	assert_ok(uc_store_commit(store, &e), e);
	json_decref(change);
}

static void diagnose(struct bed *b, bool fix)
{
	struct uc_error e;
	json_decref(b->found);
	b->found = NULL;
	assert_ok(uc_node_diagnose(b->node, NAME, fix, "tester", &b->found, &e), e);
	assert_int_equal(json_array_size(json_object_get(b->found, "items")), 1);
}

static const json_t *steps_of(const struct bed *b)
{
	return json_object_get(json_array_get(json_object_get(b->found, "items"), 0), "steps");
}

/* The steps and their states, in order: "known=ok reachable=found ...". */
static void assert_course(const struct bed *b, bool ok, const char *course)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf have = UC_BUF_EMPTY;
	size_t i;
	const json_t *step;
	json_array_foreach(steps_of(b), i, step)
	{
		uc_buf_printf(&have, "%s%s=%s", i > 0 ? " " : "", json_string_value(json_object_get(step, "step")),
		              json_string_value(json_object_get(step, "state")));
	}
	UC_CLEANUP(uc_freep) char *text = uc_buf_take_str(&have);
	UC_CLEANUP(uc_freep) char *all = json_dumps(b->found, JSON_INDENT(1));
	if (strcmp(text, course) != 0) fail_msg("got %s\nwanted %s\n%s", text, course, all);
	assert_int_equal(json_is_true(json_object_get(b->found, "ok")), ok);
	assert_int_equal(json_is_true(json_object_get(json_array_get(json_object_get(b->found, "items"), 0), "ok")), ok);
}

static void assert_says(const struct bed *b, const char *name, const char *member, const char *text)
{
	size_t i;
	const json_t *step;
	json_array_foreach(steps_of(b), i, step)
	{
		if (strcmp(json_string_value(json_object_get(step, "step")), name) != 0) continue;
		const char *have = json_string_value(json_object_get(step, member));
		if (strstr(have, text) == NULL) fail_msg("step %s, %s: '%s' does not say '%s'", name, member, have, text);
		return;
	}
	fail_msg("there is no step %s", name);
}

/* ---- E1 ---- */

static void a_diagnosis_ends_when_nothing_is_wrong(void **state)
{
	struct bed *b = *state;
	diagnose(b, false);
	assert_course(b, true, "known=ok reachable=ok present=ok same=ok named=ok");
	diagnose(b, true);
	assert_course(b, true, "known=ok reachable=ok present=ok same=ok named=ok");
}

static void a_node_that_is_not_reached_is_found_and_nothing_is_added(void **state)
{
	struct bed *b = *state;
	struct uc_cert *cert = own_cert(b, "tomcat");
	stop_listening(b);
	forget(b, cert);
	diagnose(b, true);
	assert_course(b, false, "known=ok reachable=found present=found same=skipped named=ok sync=ok web=failed exchange=failed");
	assert_says(b, "reachable", "detail", "tomcat-ECDSA: cannot connect to 127.0.0.1");
	assert_false(is_trusted(b, cert));
	uc_cert_free(cert);
}

static void a_missing_certificate_is_found_and_nothing_is_changed_unasked(void **state)
{
	struct bed *b = *state;
	struct uc_cert *cert = own_cert(b, "tomcat-ECDSA");
	forget(b, cert);
	diagnose(b, false);
	assert_course(b, false, "known=ok reachable=ok present=found same=ok named=ok sync=ok web=skipped exchange=skipped");
	assert_says(b, "present", "detail", "tomcat-ECDSA");
	assert_says(b, "exchange", "hint", "--fix");
	assert_false(is_trusted(b, cert));
	uc_cert_free(cert);
}

static void a_missing_certificate_is_added_by_a_change_that_says_why(void **state)
{
	struct bed *b = *state;
	struct uc_error e;
	struct uc_cert *cert = own_cert(b, "tomcat");
	forget(b, cert);
	diagnose(b, true);
	assert_course(b, true, "known=ok reachable=ok present=found same=ok named=ok sync=ok web=skipped exchange=repaired");
	assert_true(is_trusted(b, cert));
	json_t *changes = NULL;
	json_t *change = NULL;
	assert_ok(uc_node_changes(b->node, &(struct uc_log_filter){.object = NULL}, 0, 1, &changes, &e), e);
	json_int_t number = json_integer_value(json_object_get(json_array_get(json_object_get(changes, "items"), 0), "number"));
	assert_ok(uc_node_change(b->node, number, &change, &e), e);
	assert_string_equal(json_string_value(json_object_get(change, "task")), "import-trust");
	assert_string_equal(json_string_value(json_object_get(change, "who")), "tester");
	assert_string_equal(json_string_value(json_object_get(change, "why")), "diagnose");
	json_decref(changes);
	json_decref(change);
	uc_cert_free(cert);
}

static void stale_copies_of_the_system_go_and_what_people_uploaded_stays(void **state)
{
	struct bed *b = *state;
	struct made stale = make_cert(&(struct make){.subject = "CN=" NAME ".example.com", .to = uc_now() + MAKE_YEAR});
	struct made uploaded = make_cert(&(struct make){.subject = "CN=" NAME ".example.com", .to = uc_now() + MAKE_YEAR});
	struct uc_cert *cert = own_cert(b, "tomcat");
	struct uc_cert *ecdsa = own_cert(b, "tomcat-ECDSA");
	assert_true(uc_name_eq(cert->subject, stale.cert->subject)); /* that is what a copy is known by */
	leave_copy(b, "stale.pem", stale.cert);
	run_task(b, "import-trust", json_pack("{s:s}", "store", "tomcat-trust"), uc_buf_slice(&uploaded.cert->der));
	forget(b, cert);
	diagnose(b, true);
	assert_course(b, true, "known=ok reachable=ok present=found same=ok named=ok sync=ok web=skipped exchange=repaired");
	assert_says(b, "exchange", "detail", "stale");
	assert_false(is_trusted(b, stale.cert));
	assert_true(is_trusted(b, uploaded.cert));
	assert_true(is_trusted(b, cert));
	assert_true(is_trusted(b, ecdsa));
	uc_cert_free(cert);
	uc_cert_free(ecdsa);
	made_free(&stale);
	made_free(&uploaded);
}

/* Whoever answers at that address must not become trusted by a repair. */
static void a_certificate_that_the_cluster_does_not_know_is_never_added(void **state)
{
	struct bed *b = *state;
	struct made stranger = make_cert(&(struct make){.subject = "CN=" NAME ".example.com", .to = uc_now() + MAKE_YEAR});
	struct uc_cert *cert = own_cert(b, "tomcat-ECDSA");
	b->stranger = &stranger;
	forget(b, cert);
	diagnose(b, true);
	assert_course(b, false, "known=ok reachable=found present=found same=found named=ok sync=ok web=failed exchange=found");
	assert_says(b, "same", "detail", "the cluster knows");
	assert_says(b, "exchange", "detail", "does not know");
	assert_says(b, "exchange", "hint", "Regenerate");
	assert_false(is_trusted(b, stranger.cert));
	assert_false(is_trusted(b, cert));
	stop_listening(b);
	uc_cert_free(cert);
	made_free(&stranger);
}

/* As after a rename: whoever asks for it by its name does not accept what it presents. */
static void certificates_that_do_not_name_the_node_are_found_with_the_commands_that_replace_them(void **state)
{
	struct bed *b = *state;
	run_task(b, "node-rename", json_pack("{s:s, s:s}", "node", NAME, "domain", "new.example.com"), (struct uc_slice){.ptr = NULL});
	diagnose(b, false);
	assert_course(b, false, "known=ok reachable=ok present=ok same=ok named=found");
	assert_says(b, "named", "detail", "the tomcat certificate of " NAME " does not name " NAME ".new.example.com");
	assert_says(b, "named", "detail", "the CallManager-ECDSA certificate");
	assert_says(b, "named", "hint", "set cert regen tomcat --node " NAME);
	assert_says(b, "named", "hint", "set cert regen CallManager-ECDSA --node " NAME);
}

static void a_node_that_is_none_is_not_found(void **state)
{
	struct bed *b = *state;
	struct uc_error e;
	json_t *out = NULL;
	assert_fails(uc_node_diagnose(b->node, "nowhere", false, "tester", &out, &e), e, UC_ENOTFOUND, "no-node");
	assert_null(out);
}

static void a_node_alone_has_nobody_to_look_at(void **state)
{
	struct bed *b = *state;
	struct uc_error e;
	assert_ok(uc_node_diagnose(b->node, NULL, true, "tester", &b->found, &e), e);
	assert_int_equal(json_array_size(json_object_get(b->found, "items")), 0);
	assert_true(json_is_true(json_object_get(b->found, "ok")));
}

#define T(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_diagnosis_ends_when_nothing_is_wrong),
	    T(a_node_that_is_not_reached_is_found_and_nothing_is_added),
	    T(a_missing_certificate_is_found_and_nothing_is_changed_unasked),
	    T(a_missing_certificate_is_added_by_a_change_that_says_why),
	    T(stale_copies_of_the_system_go_and_what_people_uploaded_stays),
	    T(a_certificate_that_the_cluster_does_not_know_is_never_added),
	    T(certificates_that_do_not_name_the_node_are_found_with_the_commands_that_replace_them),
	    T(a_node_that_is_none_is_not_found),
	    T(a_node_alone_has_nobody_to_look_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
