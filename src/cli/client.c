#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "core/mem.h"
#include "core/text.h"

enum {
	MAX_ANSWER = 256 * 1024 * 1024,
	SECONDS = 600 /* making a key of 4096 bits on a slow, busy machine takes a minute */
};

UC_DEFINE_CLEANUP(curl_freep, CURL, curl_easy_cleanup)
UC_DEFINE_CLEANUP(slist_freep, struct curl_slist, curl_slist_free_all)

void uc_answer_free(struct uc_answer *a)
{
	uc_buf_free(&a->body);
	json_decref(a->json);
	*a = (struct uc_answer){.status = 0};
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct uc_buf *body = arg;
	size_t len = size * count;
	if (len > MAX_ANSWER - body->len) return 0;
	uc_buf_add(body, data, len);
	return len;
}

static void add_header(struct curl_slist **list, const char *name, const char *value)
{
	if (value == NULL) return;
	UC_CLEANUP(uc_freep) char *line = uc_sprintf("%s: %s", name, value);
	struct curl_slist *more = curl_slist_append(*list, line);
	if (more == NULL) abort();
	*list = more;
	explicit_bzero(line, strlen(line));
}

/* The list holds copies; that of the password is wiped before it is freed. */
static void wipe(struct curl_slist *list)
{
	for (; list != NULL; list = list->next) explicit_bzero(list->data, strlen(list->data));
}

static void set_body(CURL *curl, const struct uc_call *call)
{
	bool post = strcmp(call->method, "POST") == 0;
	if (post || call->body.len > 0) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.len == 0 ? "" : (const char *)call->body.ptr);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
}

static enum uc_status fail_transfer(CURL *curl, CURLcode rc, const char *socket, struct uc_error *e)
{
	long number = 0;
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
	if (rc != CURLE_COULDNT_CONNECT)
		return uc_fail(e, UC_EUNREACHABLE, "daemon-lost", "Look whether it happened before you repeat it: 'show change list'.",
		               "the daemon at %s did not answer: %s", socket, curl_easy_strerror(rc));
	bool allowed = number != EACCES && number != EPERM;
	const char *hint = allowed ? "Start it with 'systemctl start ucpkid', or name another socket with --socket or UCPKI_SOCKET."
	                           : "Run the command as root.";
	return uc_fail(e, UC_EUNREACHABLE, "daemon-unreachable", hint, "the daemon cannot be reached at %s: %s", socket,
	               number == 0 ? curl_easy_strerror(rc) : strerror((int)number));
}

static enum uc_status read_json(struct uc_answer *out, struct uc_error *e)
{
	if (!uc_starts_with(out->content_type, "application/json") && !uc_starts_with(out->content_type, "application/problem+json"))
		return UC_OK;
	json_error_t why;
	out->json = json_loadb((const char *)out->body.ptr, out->body.len, JSON_REJECT_DUPLICATES, &why);
	if (out->json != NULL) return UC_OK;
	return uc_fail(e, UC_EINTERNAL, "bad-answer", "Are the daemon and this program of the same version?",
	               "the daemon's answer %ld is no JSON: line %d: %s", out->status, why.line, why.text);
}

static enum uc_status perform(CURL *curl, const char *socket, struct uc_answer *out, struct uc_error *e)
{
	CURLcode rc = curl_easy_perform(curl);
	if (rc != CURLE_OK) return fail_transfer(curl, rc, socket, e);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
	const char *type = NULL;
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	snprintf(out->content_type, sizeof out->content_type, "%s", type == NULL ? "" : type);
	return read_json(out, e);
}

/* Blanks at the ends of a header's value are no part of it (RFC 9110 section 5.5). */
static enum uc_status check_password(const char *password, struct uc_error *e)
{
	size_t len = password == NULL ? 0 : strlen(password);
	if (len == 0 || (password[0] != ' ' && password[len - 1] != ' ')) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "bad-password", "password", "Give the file another password first.",
	                     "a password that begins or ends with a blank cannot be sent");
}

enum uc_status uc_client_call(const char *socket, const struct uc_call *call, struct uc_answer *out, struct uc_error *e)
{
	if (strlen(socket) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
		return uc_fail(e, UC_EUNREACHABLE, "daemon-unreachable", "Use a shorter path.",
		               "the socket's path has %zu bytes, more than the %zu that the system allows: %s", strlen(socket),
		               sizeof((struct sockaddr_un *)NULL)->sun_path - 1, socket);
	UC_TRY(check_password(call->password, e));
	UC_CLEANUP(curl_freep) CURL *curl = curl_easy_init();
	if (curl == NULL) return uc_fail(e, UC_EINTERNAL, "curl", NULL, "libcurl cannot be used");
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("http://localhost%s", call->path);
	UC_CLEANUP(slist_freep) struct curl_slist *headers = NULL;
	/*
	 * An empty value takes away what curl would send of its own: the type of a web form, and "Expect: 100-continue", which makes it wait.
	 */
	add_header(&headers, "Content-Type", call->content_type == NULL ? "" : call->content_type);
	add_header(&headers, "Expect", "");
	add_header(&headers, "UCPKI-Password", call->password);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SECONDS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &out->body);
	set_body(curl, call);
	enum uc_status status = perform(curl, socket, out, e);
	wipe(headers);
	return status;
}
