/* src/serve/http/phone.c, on a server that only gives out files: GET and HEAD of what phones ask for, with TLS and without. */
#include "serve/http_harness.h"

#include <stdatomic.h>

#include "core/log.h"
#include "node/phone_internal.h"
#include "serve/http/phone.h"

#define BIG ((size_t)24 * 1024 * 1024)

static struct uc_http *files;
static uint16_t plain_port, tls_port;
static struct uc_phone_file *big; /* every one that is given is a reference to it or to small */
static struct uc_phone_file *small, *empty;

/* What the node was told. */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static char told[4096];

static void tell(const char *what, const struct uc_phone_ask *ask)
{
	static const char *const vias[] = {"tftp", "http", "https"};
	pthread_mutex_lock(&told_lock);
	size_t len = strlen(told);
	snprintf(told + len, sizeof told - len, "%s %s %s %s\n", what, ask->name, ask->peer, vias[ask->via]);
	pthread_mutex_unlock(&told_lock);
}

/* In the place of the node (the linker's --wrap). */
enum uc_status __wrap_uc_phone_find(struct uc_node *n, const struct uc_phone_ask *ask, bool may_block, bool *later,
                                    struct uc_phone_file **out, struct uc_error *e);
void __wrap_uc_phone_fetched(struct uc_node *n, const struct uc_phone_ask *ask, const struct uc_phone_file *f);
void __wrap_uc_phone_missed(struct uc_node *n, const struct uc_phone_ask *ask);

static const struct {
	const char *name;
	enum uc_status status;
	struct uc_phone_file **file;
} there[] = {
    {"small.xml", UC_OK, &small}, {"small.xml.sgn", UC_OK, &small},    {"a b/c", UC_OK, &small}, {"empty", UC_OK, &empty},
    {"big", UC_OK, &big},         {"unsigned.sgn", UC_EREFUSED, NULL}, {"broken", UC_EIO, NULL}, {"malformed.cnf.xml", UC_EINPUT, NULL}};

enum uc_status __wrap_uc_phone_find(struct uc_node *n, const struct uc_phone_ask *ask, bool may_block, bool *later,
                                    struct uc_phone_file **out, struct uc_error *e)
{
	(void)n;
	*later = false;
	if (!may_block) return uc_fail(e, UC_EINTERNAL, "test", NULL, "a worker may wait");
	for (size_t i = 0; i < sizeof there / sizeof *there; i++) {
		if (strcmp(there[i].name, ask->name) != 0) continue;
		if (there[i].file == NULL) return uc_fail(e, there[i].status, "test", "a hint", "the reason of '%s'", ask->name);
		*out = uc_phone_file_ref(*there[i].file);
		return UC_OK;
	}
	return uc_fail(e, UC_ENOTFOUND, "no-file", NULL, "there is no '%s'", ask->name);
}

void __wrap_uc_phone_fetched(struct uc_node *n, const struct uc_phone_ask *ask, const struct uc_phone_file *f)
{
	(void)n;
	assert_non_null(f);
	tell("fetched", ask);
}

void __wrap_uc_phone_missed(struct uc_node *n, const struct uc_phone_ask *ask)
{
	(void)n;
	tell("missed", ask);
}

static struct uc_phone_file *new_file(size_t bytes, char fill)
{
	struct uc_buf content = UC_BUF_EMPTY;
	if (bytes > 0) memset(uc_buf_extend(&content, bytes), fill, bytes);
	return uc_phone_file_new(&content, NULL, "");
}

static void add_files(struct harness *h)
{
	struct uc_error e;
	files = uc_http_new(h->base, 2, uc_phone_handle, NULL);
	uc_http_only_files(files);
	assert_ok(uc_http_listen_plain(files, "127.0.0.1", 0, &plain_port, &e), e);
	assert_ok(uc_http_listen_tls(files, "127.0.0.1", 0, current_context, h, &tls_port, &e), e);
}

static struct harness h;
static struct client waiting = {.fd = -1}; /* until the server has ended */

static int setup(void **state)
{
	(void)state;
	told[0] = '\0';
	small = new_file(5, 's');
	empty = new_file(0, 0);
	big = new_file(BIG, 'b');
	harness_more = add_files;
	harness_start(&h, 1, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	harness_stop_loop(&h);
	uc_http_free(files);
	harness_free(&h);
	if (waiting.fd >= 0) client_free(&waiting);
	waiting = (struct client){.fd = -1};
	uc_phone_file_unref(small);
	uc_phone_file_unref(empty);
	uc_phone_file_unref(big);
	return 0;
}

static struct client client_of(bool tls)
{
	h.port = tls ? tls_port : plain_port;
	if (tls) return client_tls(&h);
	return (struct client){.fd = connect_tcp(&h)};
}

/* Until the node was told exactly this. */
static void expect_told(const char *text)
{
	bool same = false;
	for (int i = 0; i < 6000 && !same; i++) {
		pthread_mutex_lock(&told_lock);
		same = strcmp(told, text) == 0;
		pthread_mutex_unlock(&told_lock);
		if (!same) usleep(10000);
	}
	assert_string_equal(told, text);
}

static void expect_file(struct client *c, const char *path, const char *body, const char *type)
{
	struct answer a;
	char request[256], line[96];
	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	client_send(c, request);
	client_answer(c, true, &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(answer_text(&a), body);
	snprintf(line, sizeof line, "Content-Type: %s", type);
	assert_true(answer_has(&a, line));
	snprintf(line, sizeof line, "Content-Length: %zu", strlen(body));
	assert_true(answer_has(&a, line));
	uc_buf_free(&a.body);
}

static void files_are_given_with_tls_and_without(void **state)
{
	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_of(tls == 1);
		expect_file(&c, "/small.xml", "sssss", "text/xml");
		expect_file(&c, "/small.xml.sgn", "sssss", "application/octet-stream");
		expect_file(&c, "/a%20b/c", "sssss", "application/octet-stream");
		expect_file(&c, "/empty", "", "application/octet-stream");
		expect_file(&c, "/small.xml?of=nothing", "sssss", "text/xml");
		client_free(&c);
	}
	expect_told("fetched small.xml 127.0.0.1 http\nfetched small.xml.sgn 127.0.0.1 http\nfetched a b/c 127.0.0.1 http\n"
	            "fetched empty 127.0.0.1 http\nfetched small.xml 127.0.0.1 http\n"
	            "fetched small.xml 127.0.0.1 https\nfetched small.xml.sgn 127.0.0.1 https\nfetched a b/c 127.0.0.1 https\n"
	            "fetched empty 127.0.0.1 https\nfetched small.xml 127.0.0.1 https\n");
}

static void head_tells_the_length_and_counts_for_nothing(void **state)
{
	(void)state;
	struct client c = client_of(false);
	struct answer a;
	client_send(&c, "HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n");
	client_answer(&c, false, &a);
	assert_int_equal(a.status, 200);
	assert_true(answer_has(&a, "Content-Length: 25165824"));
	expect_file(&c, "/small.xml", "sssss", "text/xml");
	client_free(&c);
	expect_told("fetched small.xml 127.0.0.1 http\n");
}

static void http_1_0_works_with_keep_alive_and_without(void **state)
{
	(void)state;
	struct client c = client_of(false);
	expect(&c, "GET /small.xml HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "sssss");
	expect(&c, "GET /small.xml HTTP/1.0\r\n\r\n", 200, "sssss");
	assert_true(client_at_end(&c));
	client_free(&c);
}

static void a_large_file_is_sent_whole(void **state)
{
	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_of(tls == 1);
		struct answer a;
		client_send(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
		client_answer(&c, true, &a);
		assert_int_equal(a.body.len, BIG);
		assert_int_equal(a.body.ptr[0], 'b');
		assert_int_equal(memcmp(a.body.ptr, a.body.ptr + 1, BIG - 1), 0);
		uc_buf_free(&a.body);
		client_free(&c);
	}
	expect_told("fetched big 127.0.0.1 http\nfetched big 127.0.0.1 https\n");
}

/* Whether the file is released is the sanitizers' to say. */
static void a_client_that_leaves_halfway_has_not_fetched_it(void **state)
{
	(void)state;
	char part[4096];
	for (int tls = 0; tls < 2; tls++) {
		struct client c = client_of(tls == 1);
		client_send(&c, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_true(client_read(&c, part, sizeof part) > 0);
		const struct linger now = {.l_onoff = 1, .l_linger = 0};
		setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		client_free(&c);
	}
	struct client c = client_of(false);
	expect_file(&c, "/small.xml", "sssss", "text/xml");
	client_free(&c);
	expect_told("fetched small.xml 127.0.0.1 http\n");
}

static void the_server_ends_in_the_middle_of_a_file(void **state)
{
	(void)state;
	char part[4096];
	waiting = client_of(true);
	client_send(&waiting, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(client_read(&waiting, part, sizeof part) > 0);
	/* teardown ends it while the client waits; nothing was fetched whole */
	expect_told("");
}

static void what_cannot_be_had_is_a_line_of_text(void **state)
{
	(void)state;
	static const struct {
		const char *request;
		int status;
		const char *text;
	} cases[] = {
	    {"GET /none.xml HTTP/1.1\r\nHost: x\r\n\r\n", 404, "there is no 'none.xml'\n"},
	    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, "there is no ''\n"},
	    {"GET /unsigned.sgn HTTP/1.1\r\nHost: x\r\n\r\n", 403, "the reason of 'unsigned.sgn'\n"},
	    {"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n", 500, "the reason of 'broken'\n"},
	    {"GET /malformed.cnf.xml HTTP/1.1\r\nHost: x\r\n\r\n", 500, "the reason of 'malformed.cnf.xml'\n"},
	    {"DELETE /small.xml HTTP/1.1\r\nHost: x\r\n\r\n", 405, "nothing else\n"},
	    {"POST /small.xml HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405, "nothing else\n"},
	};
	struct client c = client_of(false);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct answer a;
		client_send(&c, cases[i].request);
		client_answer(&c, true, &a);
		if (a.status != cases[i].status || strstr(answer_text(&a), cases[i].text) == NULL)
			fail_msg("%s: %d %s", cases[i].request, a.status, answer_text(&a));
		assert_true(answer_has(&a, "Content-Type: text/plain; charset=utf-8"));
		assert_int_equal(answer_has(&a, "Allow: GET, HEAD"), a.status == 405);
		uc_buf_free(&a.body);
	}
	client_free(&c);
	expect_told("missed none.xml 127.0.0.1 http\nmissed  127.0.0.1 http\n");
}

static void what_the_server_refuses_itself_is_a_line_of_text_too(void **state)
{
	(void)state;
	static const struct {
		const char *request;
		int status;
	} cases[] = {
	    {"POST /small.xml HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", 413},
	    {"PUT /small.xml HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 413},
	    {"GET /small.xml HTTP/1.1\r\n\r\n", 400},
	    {"GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {"GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
	    {"GET /small.xml HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", 413},
	    {"PATCH /small.xml HTTP/1.1\r\nHost: x\r\n\r\n", 405},
	    {"nonsense\r\n\r\n", 400},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct client c = client_of(false);
		struct answer a;
		client_send(&c, cases[i].request);
		client_answer(&c, true, &a);
		if (a.status != cases[i].status) fail_msg("%s: %d %s", cases[i].request, a.status, answer_text(&a));
		assert_true(answer_has(&a, "Content-Type: text/plain; charset=utf-8"));
		assert_true(a.body.len > 0 && a.body.ptr[0] != '{');
		uc_buf_free(&a.body);
		client_free(&c);
	}
	struct client c = client_of(false);
	expect_file(&c, "/small.xml", "sssss", "text/xml");
	client_free(&c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(files_are_given_with_tls_and_without),
	    TEST(head_tells_the_length_and_counts_for_nothing),
	    TEST(http_1_0_works_with_keep_alive_and_without),
	    TEST(a_large_file_is_sent_whole),
	    TEST(a_client_that_leaves_halfway_has_not_fetched_it),
	    TEST(the_server_ends_in_the_middle_of_a_file),
	    TEST(what_cannot_be_had_is_a_line_of_text),
	    TEST(what_the_server_refuses_itself_is_a_line_of_text_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
