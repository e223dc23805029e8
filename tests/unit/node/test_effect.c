/* src/node/effect.c: what a node says about its own HTTPS is about the certificates that are in force when it is asked (U4). */
#include "uc_test.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "core/file.h"
#include "node/internal.h"

#define NAME "cucm-pub"

enum { CONNECTIONS = 64 };

struct bed {
	char *dir;
	struct uc_node *node;
	int fd;
	pthread_t acceptor;
	pthread_t served[CONNECTIONS];
	size_t count;
	bool swap; /* the next connection gets the context of the moment, and is served only when another view is in force */
};

static json_int_t regenerate(struct bed *b, const char *purpose)
{
	struct uc_error e;
	json_t *out = NULL;
	json_t *args = json_pack("{s:s}", "purpose", purpose);
	const struct uc_node_call call = {.request = {.task = "cert-regen", .args = args}, .who = "tester", .yes = true, .force = true};
	assert_ok(uc_node_run(b->node, &call, &out, &e), e);
	json_int_t number = json_integer_value(json_object_get(out, "number"));
	json_decref(out);
	json_decref(args);
	return number;
}

/* ---- the listener ---- */

struct connection {
	struct bed *bed;
	int fd;
	bool swap;
};

static void *serve(void *arg)
{
	struct connection *c = arg;
	SSL_CTX *ctx = uc_node_https(c->bed->node);
	SSL *ssl = SSL_new(ctx);
	char byte;
	if (c->swap) regenerate(c->bed, "tomcat");
	SSL_set_fd(ssl, c->fd);
	if (SSL_accept(ssl) == 1) SSL_read(ssl, &byte, 1); /* until the client ends */
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(c->fd);
	free(c);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct bed *b = arg;
	for (;;) {
		int fd = accept(b->fd, NULL, NULL);
		if (fd < 0) return NULL;
		struct connection *c = uc_zalloc(1, sizeof *c);
		*c = (struct connection){.bed = b, .fd = fd, .swap = b->swap};
		b->swap = false;
		assert_true(b->count < CONNECTIONS);
		assert_int_equal(pthread_create(&b->served[b->count++], NULL, serve, c), 0);
	}
}

static int bed_setup(void **state)
{
	struct uc_error e;
	struct bed *b = uc_zalloc(1, sizeof *b);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage bound;
	socklen_t len = sizeof bound;
	signal(SIGPIPE, SIG_IGN);
	b->dir = uc_test_dir();
	const struct uc_node_config config = {.data = b->dir, .name = NAME, .domain = "example.com"};
	assert_ok(uc_node_open(&config, &b->node, &e), e);
	b->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(b->fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(b->fd, 16), 0);
	assert_int_equal(getsockname(b->fd, (struct sockaddr *)&bound, &len), 0);
	memcpy(&address, &bound, sizeof address);
	json_t *ports = json_pack("{s:i}", "https", ntohs(address.sin_port));
	uc_node_set_ports(b->node, ports, "127.0.0.1", "127.0.0.1");
	json_decref(ports);
	assert_int_equal(pthread_create(&b->acceptor, NULL, accept_all, b), 0);
	*state = b;
	return 0;
}

static int bed_teardown(void **state)
{
	struct bed *b = *state;
	shutdown(b->fd, SHUT_RDWR);
	pthread_join(b->acceptor, NULL);
	for (size_t i = 0; i < b->count; i++) pthread_join(b->served[i], NULL);
	close(b->fd);
	uc_node_close(b->node);
	uc_test_dir_remove(b->dir);
	free(b);
	return 0;
}

/* ---- what is asked ---- */

static void own_fingerprint(struct bed *b, const char *purpose, char fp[UC_FINGERPRINT_HEX])
{
	struct uc_error e;
	json_t *row = NULL;
	assert_ok(uc_node_cert(b->node, NULL, true, purpose, NULL, &row, &e), e);
	snprintf(fp, UC_FINGERPRINT_HEX, "%s", uc_json_member(row, "fingerprint"));
	json_decref(row);
}

/* A member of what /status says of the listener for RSA (0) or EC (1). Owned. */
static json_t *said(struct bed *b, size_t which, const char *member)
{
	json_t *status = uc_node_status(b->node);
	json_t *out = json_incref(json_object_get(json_array_get(json_object_get(status, "self_check"), which), member));
	json_decref(status);
	return out;
}

static bool matches(struct bed *b, size_t which)
{
	json_t *value = said(b, which, "matches");
	bool is = json_is_true(value);
	assert_true(json_is_boolean(value));
	json_decref(value);
	return is;
}

static void assert_said(struct bed *b, size_t which, const char *member, const char *text)
{
	json_t *value = said(b, which, member);
	if (strstr(json_string_value(value), text) == NULL) fail_msg("'%s' is not in '%s'", text, json_string_value(value));
	json_decref(value);
}

/* The effect of a change on a listener, as STATE: DETAIL. Free with free(). */
static char *effect(struct bed *b, json_int_t number, const char *name)
{
	struct uc_error e;
	json_t *change = NULL;
	size_t i;
	const json_t *one;
	char *out = NULL;
	assert_ok(uc_node_change(b->node, number, &change, &e), e);
	json_array_foreach(json_object_get(change, "effects"), i, one)
	{
		if (strcmp(uc_json_member(one, "effect"), name) == 0)
			out = uc_sprintf("%s: %s", uc_json_member(one, "state"), uc_json_member(one, "detail"));
	}
	json_decref(change);
	return out != NULL ? out : uc_strdup("none");
}

/* ---- the tests ---- */

static void before_the_first_look_nothing_is_said_and_then_what_was_seen(void **state)
{
	struct bed *b = *state;
	char fp[UC_FINGERPRINT_HEX];
	json_t *status = uc_node_status(b->node);
	assert_true(json_is_null(json_object_get(status, "self_check")));
	json_decref(status);
	assert_true(uc_self_check(b->node, 0));
	assert_true(matches(b, 0) && matches(b, 1));
	own_fingerprint(b, "tomcat", fp);
	assert_said(b, 0, "fingerprint", fp);
	assert_said(b, 0, "key_type", "RSA");
	own_fingerprint(b, "tomcat-ECDSA", fp);
	assert_said(b, 1, "fingerprint", fp);
	assert_said(b, 1, "key_type", "EC");
}

/* A look from before a change says nothing about what is in force after it, even when nobody has looked since. */
static void what_was_seen_is_held_against_what_is_in_force_when_it_is_asked_for(void **state)
{
	struct bed *b = *state;
	json_t *none = json_object();
	assert_true(uc_self_check(b->node, 0));
	uc_node_set_ports(b->node, none, "127.0.0.1", "127.0.0.1"); /* nobody can look */
	json_decref(none);
	regenerate(b, "tomcat");
	assert_false(matches(b, 0));
	assert_said(b, 0, "detail", "not the one in force");
	assert_true(matches(b, 1));
}

/* The connection was made before the swap and ended after it: it shows what was in force when the look began. */
static void a_look_during_which_the_view_is_swapped_does_not_count(void **state)
{
	struct bed *b = *state;
	char before[UC_FINGERPRINT_HEX];
	char after[UC_FINGERPRINT_HEX];
	own_fingerprint(b, "tomcat", before);
	b->swap = true;
	assert_true(uc_self_check(b->node, 0));
	assert_false(b->swap);
	own_fingerprint(b, "tomcat", after);
	assert_string_not_equal(after, before);
	assert_said(b, 0, "fingerprint", after);
	assert_true(matches(b, 0) && matches(b, 1));
	struct uc_error e;
	json_t *changes = NULL;
	assert_ok(uc_node_changes(b->node, &(struct uc_log_filter){.object = NULL}, 0, 1, &changes, &e), e);
	json_int_t number = json_integer_value(json_object_get(json_array_get(json_object_get(changes, "items"), 0), "number"));
	json_decref(changes);
	UC_CLEANUP(uc_freep) char *what = effect(b, number, "https-rsa");
	UC_CLEANUP(uc_freep) char *good = uc_sprintf("done: HTTPS presents the RSA certificate %.16s...", after);
	assert_memory_equal(what, good, strlen(good));
}

static void damage(struct bed *b, const char *key)
{
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/keys/%s.key", b->dir, key);
	assert_ok(uc_file_write(path, uc_slice_str("no key"), 0600, &e), e);
}

/* What goes on being served is then not what is in force, and later changes that leave it alone do not make it so. */
static void a_view_that_could_not_be_made_is_not_as_it_should_be(void **state)
{
	struct bed *b = *state;
	struct uc_error e;
	struct uc_identity old = {.node = NULL};
	struct uc_identity ec = {.node = NULL};
	json_t *out = NULL;
	assert_ok(uc_store_identity(b->node->writer, NAME, "tomcat", &old, &e), e);
	assert_ok(uc_store_identity(b->node->writer, NAME, "tomcat-ECDSA", &ec, &e), e);
	json_int_t number = regenerate(b, "tomcat");
	assert_true(matches(b, 0));
	damage(b, old.key_id);
	damage(b, ec.key_id);
	json_t *args = json_pack("{s:I}", "number", number);
	const struct uc_node_call call = {.request = {.task = "undo", .args = args}, .who = "tester", .yes = true, .force = true};
	assert_ok(uc_node_run(b->node, &call, &out, &e), e);
	json_int_t undone = json_integer_value(json_object_get(out, "number"));
	json_decref(out);
	json_decref(args);
	assert_false(matches(b, 0) || matches(b, 1));
	assert_said(b, 0, "detail", "could not be loaded");
	UC_CLEANUP(uc_freep) char *what = effect(b, undone, "https-rsa");
	assert_memory_equal(what, "failed: ", 8);
	uc_view_advance(b->node, undone + 1); /* as when a change is followed that is none of HTTPS's business */
	assert_false(matches(b, 0));
	/* What is due now and then looks again, and finds it as soon as it can be made. */
	regenerate(b, "tomcat-ECDSA");
	uc_node_maintain(b->node);
	assert_false(matches(b, 0));
	assert_true(matches(b, 1));
	uc_identity_free(&old);
	uc_identity_free(&ec);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    T(before_the_first_look_nothing_is_said_and_then_what_was_seen),
	    T(what_was_seen_is_held_against_what_is_in_force_when_it_is_asked_for),
	    T(a_look_during_which_the_view_is_swapped_does_not_count),
	    T(a_view_that_could_not_be_made_is_not_as_it_should_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
