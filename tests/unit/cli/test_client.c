#include "uc_test.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "cli/client.h"

static const struct uc_call status = {.method = "GET", .path = "/api/v1/status"};

static void a_missing_socket_is_unreachable_and_named(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	assert_fails(uc_client_call("/nonexistent/s", &status, &answer, &e), e, UC_EUNREACHABLE, "daemon-unreachable");
	assert_non_null(strstr(e.message, "/nonexistent/s"));
	assert_non_null(strstr(e.hint, "UCPKI_SOCKET"));
}

static void a_path_that_no_socket_can_have_is_refused(void **state)
{
	(void)state;
	struct uc_error e;
	char path[120];
	memset(path, 'a', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	assert_fails(uc_client_call(path, &status, &answer, &e), e, UC_EUNREACHABLE, "daemon-unreachable");
	assert_non_null(strstr(e.message, "107"));
}

/* Answers one connection on the socket with these bytes, in a process of its own. */
static pid_t serve_once(const char *path, const char *reply)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid_t child = fork();
	if (child == 0) {
		char request[4096];
		int peer = accept(listener, NULL, NULL);
		bool ok = read(peer, request, sizeof request) > 0 && write(peer, reply, strlen(reply)) == (ssize_t)strlen(reply);
		close(peer);
		_exit(ok ? 0 : 1);
	}
	close(listener);
	return child;
}

static enum uc_status call_once(const char *reply, struct uc_answer *answer, struct uc_error *e)
{
	char *dir = uc_test_dir();
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/s", dir);
	pid_t child = serve_once(path, reply);
	enum uc_status result = uc_client_call(path, &status, answer, e);
	int ended = 0;
	assert_int_equal(waitpid(child, &ended, 0), child);
	uc_test_dir_remove(dir);
	return result;
}

static void an_answer_is_read_whatever_its_status(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	assert_ok(call_once("HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: 12\r\n\r\n{\"code\":\"x\"}",
	                    &answer, &e),
	          e);
	assert_int_equal(answer.status, 404);
	assert_string_equal(json_string_value(json_object_get(answer.json, "code")), "x");
}

static void an_answer_of_another_type_is_bytes(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	assert_ok(call_once("HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\nContent-Length: 3\r\n\r\n0\1\2", &answer, &e), e);
	assert_null(answer.json);
	assert_int_equal(answer.body.len, 3);
}

static void json_that_is_none_is_an_error(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	assert_fails(call_once("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{,}", &answer, &e), e,
	             UC_EINTERNAL, "bad-answer");
}

static void a_connection_that_breaks_leaves_the_outcome_unknown(void **state)
{
	(void)state;
	struct uc_error e;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	assert_fails(call_once("", &answer, &e), e, UC_EUNREACHABLE, "daemon-lost");
	uc_answer_free(&answer);
	assert_fails(call_once("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n{", &answer, &e), e,
	             UC_EUNREACHABLE, "daemon-lost");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_missing_socket_is_unreachable_and_named),
	    cmocka_unit_test(a_path_that_no_socket_can_have_is_refused),
	    cmocka_unit_test(an_answer_is_read_whatever_its_status),
	    cmocka_unit_test(an_answer_of_another_type_is_bytes),
	    cmocka_unit_test(json_that_is_none_is_an_error),
	    cmocka_unit_test(a_connection_that_breaks_leaves_the_outcome_unknown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
