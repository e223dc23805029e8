/* src/serve/http/server_listen.c: sockets and their faults. */
#include "serve/http_harness.h"

static void a_unix_peer_is_known_by_its_uid(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	UC_CLEANUP(uc_freep) char *want = uc_sprintf("|unix:%u|", getuid());
	struct client c = client_unix(&h);
	expect(&c, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", 200, want);
	client_free(&c);
	harness_end(&h);
}

static void a_unix_socket_has_mode_0660_whatever_the_umask_and_is_removed_at_the_end(void **state)
{
	(void)state;
	mode_t before = umask(0);
	struct harness h;
	harness_start(&h, 1, NULL);
	assert_int_equal(umask(before), 0);
	struct stat st;
	assert_int_equal(stat(h.socket, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	harness_stop_loop(&h);
	harness_free_server(&h);
	assert_int_equal(access(h.socket, F_OK), -1);
	harness_free(&h);
}

static void a_stale_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	harness_stop_loop(&h);
	struct uc_error e;
	assert_fails(uc_http_listen_unix(h.http, h.socket, &e), e, UC_ECONFLICT, "daemon-running");
	assert_non_null(strstr(e.message, h.socket));

	UC_CLEANUP(uc_freep) char *stale = uc_sprintf("%s/stale", h.dir);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", stale);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	close(fd);
	assert_ok(uc_http_listen_unix(h.http, stale, &e), e);
	harness_free(&h);
}

static void the_socket_of_another_is_left_alone(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	harness_stop_loop(&h);
	assert_int_equal(unlink(h.socket), 0);
	struct uc_error e;
	struct event_base *base = event_base_new();
	struct uc_http *other = uc_http_new(base, 1, handle, &h);
	assert_ok(uc_http_listen_unix(other, h.socket, &e), e);
	harness_free_server(&h);
	assert_int_equal(access(h.socket, F_OK), 0);
	uc_http_free(other);
	event_base_free(base);
	harness_free(&h);
}

static void a_path_that_cannot_be_a_socket_is_refused(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	harness_stop_loop(&h);
	struct uc_error e;
	UC_CLEANUP(uc_freep) char *file = uc_sprintf("%s/file", h.dir);
	fclose(fopen(file, "we"));
	assert_fails(uc_http_listen_unix(h.http, file, &e), e, UC_ECONFLICT, "not-a-socket");
	assert_int_equal(access(file, F_OK), 0);
	assert_fails(uc_http_listen_unix(h.http, h.dir, &e), e, UC_ECONFLICT, "not-a-socket");
	UC_CLEANUP(uc_freep) char *missing = uc_sprintf("%s/none/socket", h.dir);
	assert_fails(uc_http_listen_unix(h.http, missing, &e), e, UC_EIO, "system");
	char path[200] = "/";
	memset(path + 1, 'a', 107);
	assert_fails(uc_http_listen_unix(h.http, path, &e), e, UC_EINPUT, "socket-path-too-long");
	assert_non_null(strstr(e.message, path));
	assert_fails(uc_http_listen_unix(h.http, "", &e), e, UC_EINPUT, "socket-path-too-long");
	harness_free(&h);
}

static void a_port_in_use_and_a_name_are_refused(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	harness_stop_loop(&h);
	struct uc_error e;
	uint16_t bound = 0;
	assert_fails(uc_http_listen_tls(h.http, "127.0.0.1", h.port, current_context, &h, &bound, &e), e, UC_EIO, "address-in-use");
	UC_CLEANUP(uc_freep) char *port = uc_sprintf("127.0.0.1 port %u", h.port);
	assert_non_null(strstr(e.message, port));
	static const char *const names[] = {"localhost", "", "127.0.0.1.5", "fe80::1%lo", "[::1]"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		assert_fails(uc_http_listen_tls(h.http, names[i], 0, current_context, &h, &bound, &e), e, UC_EINPUT, "bad-address");
	/* TEST-NET-1 (RFC 5737) is nobody's address. */
	assert_fails(uc_http_listen_tls(h.http, "192.0.2.1", 0, current_context, &h, &bound, &e), e, UC_EIO, "system");
	harness_free(&h);
}

static void both_families_listen_on_one_port(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h, 1, NULL);
	harness_stop_loop(&h);
	struct uc_error e;
	uint16_t v4 = 0, v6 = 0;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 loopback = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool has_v6 = fd >= 0 && bind(fd, (const struct sockaddr *)&loopback, sizeof loopback) == 0;
	if (fd >= 0) close(fd);
	if (has_v6) {
		assert_ok(uc_http_listen_tls(h.http, "::1", 0, current_context, &h, &v6, &e), e);
		assert_true(v6 != 0);
		assert_ok(uc_http_listen_tls(h.http, "127.0.0.1", v6, current_context, &h, &v4, &e), e);
		assert_int_equal(v4, v6);
	}
	harness_free(&h);
	if (!has_v6) uc_skip("this machine has no IPv6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_unix_peer_is_known_by_its_uid),
	    cmocka_unit_test(a_unix_socket_has_mode_0660_whatever_the_umask_and_is_removed_at_the_end),
	    cmocka_unit_test(a_stale_socket_is_replaced_and_a_live_one_is_not),
	    cmocka_unit_test(the_socket_of_another_is_left_alone),
	    cmocka_unit_test(a_path_that_cannot_be_a_socket_is_refused),
	    cmocka_unit_test(a_port_in_use_and_a_name_are_refused),
	    cmocka_unit_test(both_families_listen_on_one_port),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
