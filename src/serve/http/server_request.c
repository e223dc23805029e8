#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "serve/http/problem.h"
#include "serve/http/server_impl.h"

#define METHODS "GET, HEAD, POST, PUT, DELETE"
#define FILE_METHODS "GET, HEAD"

static const struct {
	enum evhttp_cmd_type type;
	const char *name;
	bool body; /* may have one */
} methods[] = {
    {EVHTTP_REQ_GET, "GET", false}, {EVHTTP_REQ_HEAD, "HEAD", false},     {EVHTTP_REQ_POST, "POST", true},
    {EVHTTP_REQ_PUT, "PUT", true},  {EVHTTP_REQ_DELETE, "DELETE", false},
};

static const struct {
	const char *name, *value;
} every_answer[] = {
    /* No Strict-Transport-Security: whoever has it stored cannot pass a browser's warning of a self-signed certificate, not even to replace it. */
    {"Server", "ucpki"},
    {"X-Content-Type-Options", "nosniff"},
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy", "default-src 'self'"},
    {"Referrer-Policy", "no-referrer"},
};

const char *uc_http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
	    {200, "OK"},
	    {201, "Created"},
	    {202, "Accepted"},
	    {204, "No Content"},
	    {301, "Moved Permanently"},
	    {303, "See Other"},
	    {304, "Not Modified"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {406, "Not Acceptable"},
	    {409, "Conflict"},
	    {413, "Content Too Large"},
	    {415, "Unsupported Media Type"},
	    {417, "Expectation Failed"},
	    {422, "Unprocessable Content"},
	    {429, "Too Many Requests"},
	    {500, "Internal Server Error"},
	    {502, "Bad Gateway"},
	    {503, "Service Unavailable"},
	    {507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status) return reasons[i].reason;
	return "Unknown";
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'a' && c <= 'f') return c - 'a' + 10;
	if (c >= 'A' && c <= 'F') return c - 'A' + 10;
	return -1;
}

bool uc_http_unescape(struct uc_slice text, bool form, struct uc_buf *out)
{
	struct uc_reader r = uc_reader_of(text);
	uint8_t c;
	while (uc_read_u8(&r, &c)) {
		if (c == '%') {
			uint8_t high, low;
			if (!uc_read_u8(&r, &high) || !uc_read_u8(&r, &low)) return false;
			if (hex_digit(high) < 0 || hex_digit(low) < 0) return false;
			c = (uint8_t)(hex_digit(high) * 16 + hex_digit(low));
		} else if (c == '+' && form) {
			c = ' ';
		}
		if (c == '\0') return false;
		uc_buf_add_u8(out, c);
	}
	return true;
}

const char *uc_http_header(const struct uc_http_request *r, const char *name)
{
	const struct uc_http_job *job = r->impl;
	if (job == NULL) return NULL;
	for (size_t i = 0; i + 1 < job->headers.count; i += 2)
		if (uc_eq_nocase(job->headers.items[i], name)) return job->headers.items[i + 1];
	return NULL;
}

void uc_http_response_init(struct uc_http_response *r)
{
	*r = (struct uc_http_response){.status = 200};
	snprintf(r->content_type, sizeof r->content_type, "application/json");
}

void uc_http_response_free(struct uc_http_response *r)
{
	uc_buf_free(&r->body);
	uc_buf_free(&r->headers);
	if (r->lent.release != NULL) r->lent.release(r->lent.ctx);
	r->lent = (struct uc_http_lent){.release = NULL};
}

void uc_http_add_header(struct uc_http_response *r, const char *name, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	UC_CLEANUP(uc_freep) char *value = uc_vsprintf(fmt, ap);
	va_end(ap);
	for (char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f) *c = ' ';
	uc_buf_printf(&r->headers, "%s: %s\r\n", name, value);
}

void uc_http_response_headers(const struct uc_http_response *r, struct uc_strv *out)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv lines = {0};
	UC_CLEANUP(uc_freep) char *text = uc_sprintf("%.*s", (int)r->headers.len, r->headers.len > 0 ? (const char *)r->headers.ptr : "");
	uc_strv_split(&lines, text, '\n');
	for (size_t i = 0; i < lines.count; i++) {
		char *line = lines.items[i];
		size_t name_len = strcspn(line, ":");
		if (line[name_len] == '\0') continue;
		const char *value = line + name_len + 1 + strspn(line + name_len + 1, " ");
		uc_strv_take(out, uc_strndup(line, name_len));
		uc_strv_take(out, uc_strndup(value, strcspn(value, "\r")));
	}
}

static bool has_header(const struct uc_strv *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i += 2)
		if (uc_eq_nocase(headers->items[i], name)) return true;
	return false;
}

void uc_http_response_finish(struct uc_http_response *r)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv added = {0};
	uc_http_response_headers(r, &added);
	for (size_t i = 0; i < sizeof every_answer / sizeof every_answer[0]; i++)
		if (!has_header(&added, every_answer[i].name)) uc_http_add_header(r, every_answer[i].name, "%s", every_answer[i].value);
	if (r->status == 204 || r->status == 304) {
		uc_buf_free(&r->body);
		return;
	}
	uc_http_add_header(r, "Content-Type", "%s", r->content_type);
	uc_http_add_header(r, "Content-Length", "%zu", r->lent.release != NULL ? r->lent.content.len : r->body.len);
}

void uc_http_response_fail(const struct uc_http *h, struct uc_http_response *r, int status, const struct uc_error *e)
{
	if (h->only_files)
		uc_problem_write_text(r, status, e);
	else
		uc_problem_write_as(r, status, e, NULL);
}

void uc_http_response_refusal(const struct uc_http *h, struct uc_http_response *r, int status)
{
	struct uc_error e;
	if (status == 413 && h->only_files) {
		uc_fail(&e, UC_ELIMIT, "body-too-large", NULL, "A request for a file has no body");
	} else if (status == 413) {
		uc_fail(&e, UC_ELIMIT, "body-too-large", "Certificates are small: check that this is the file you meant.",
		        "The request's body has more than %zu bytes, or its chunks are malformed", h->max_body);
	} else if (status == 417) {
		uc_fail(&e, UC_EINPUT, "expectation-failed", "Expect: 100-continue is understood.",
		        "The request's Expect header is not understood");
	} else {
		status = 400;
		uc_fail(&e, UC_EINPUT, "malformed-request", NULL, "The request is not well-formed HTTP/1.1, or its header has more than %zu bytes",
		        UC_HTTP_MAX_HEADER);
	}
	uc_http_response_fail(h, r, status, &e);
}

/* A header's name is a token (RFC 9110 section 5.1): "Content-Length :" must not be overlooked. */
static bool is_token(const char *name)
{
	if (name[0] == '\0') return false;
	for (const char *c = name; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", *c) != NULL) return false;
	return true;
}

/*
 * Where the body ends must be beyond doubt, or what follows on the connection is read as another request than the client sent (RFC 9112
 * section 6.3). evhttp believes the first of several lengths, and does not look for a body of some methods.
 */
static enum uc_status check_framing(const struct uc_http_job *job, bool may_have_body, struct uc_error *e)
{
	const struct uc_strv *h = &job->headers;
	const char *coding = uc_http_header(&job->request, "Transfer-Encoding");
	const char *length = NULL;
	unsigned codings = 0;
	for (size_t i = 0; i + 1 < h->count; i += 2) {
		if (!is_token(h->items[i]))
			return uc_fail(e, UC_EINPUT, "malformed-request", NULL, "The header name '%s' is malformed", h->items[i]);
		if (uc_eq_nocase(h->items[i], "Transfer-Encoding")) codings++;
		if (!uc_eq_nocase(h->items[i], "Content-Length")) continue;
		if (length != NULL) return uc_fail(e, UC_EINPUT, "malformed-request", NULL, "The request has several Content-Length headers");
		length = h->items[i + 1];
	}
	unsigned long long bytes = 0;
	if (length != NULL && !uc_parse_u64(length, 0, INT64_MAX, &bytes))
		return uc_fail(e, UC_EINPUT, "malformed-request", NULL, "Content-Length '%s' is not a number of bytes", length);
	if (codings > 0 && (codings > 1 || length != NULL || !uc_eq_nocase(coding, "chunked")))
		return uc_fail(e, UC_EINPUT, "malformed-request", "Send the body with Content-Length or with Transfer-Encoding: chunked.",
		               "Transfer-Encoding '%s' is not understood here", coding);
	if (!may_have_body && (codings > 0 || bytes > 0))
		return uc_fail(e, UC_EINPUT, "unexpected-body", NULL, "A %s request has no body here", job->request.method);
	return UC_OK;
}

/* Takes the request target (RFC 9112 section 3.2) apart: origin form, or absolute form as proxies get it. */
static enum uc_status read_target(struct uc_http_job *job, struct evhttp_request *req, struct uc_error *e)
{
	const char *target = evhttp_request_get_uri(req);
	if (target[0] != '/') {
		/* evhttp has read it; a path without authority does not get here. */
		const char *scheme_end = strstr(target, "://");
		target = scheme_end != NULL ? strchr(scheme_end + 3, '/') : NULL;
		if (target == NULL)
			return uc_fail(e, UC_EINPUT, "malformed-request", NULL, "The request's target '%s' is not a path", evhttp_request_get_uri(req));
	}
	size_t path_len = strcspn(target, "?#");
	job->raw_path = uc_strndup(target, path_len);
	job->query = uc_strdup(target[path_len] == '?' ? target + path_len + 1 : "");
	struct uc_buf path = UC_BUF_EMPTY;
	bool decoded = uc_http_unescape(uc_slice_str(job->raw_path), false, &path);
	job->path = uc_buf_take_str(&path);
	job->request.path = job->path;
	job->request.raw_path = job->raw_path;
	job->request.query = job->query;
	if (!decoded || strchr(target, '#') != NULL)
		return uc_fail(e, UC_EINPUT, "malformed-path", "A '%' must be followed by two hexadecimal digits, and %00 is not allowed.",
		               "The path '%s' is not well-formed", job->raw_path);
	return UC_OK;
}

static void take_body(struct uc_http_job *job, struct evhttp_request *req)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(req);
	size_t len = evbuffer_get_length(in);
	if (len == 0) return;
	evbuffer_remove(in, uc_buf_extend(&job->body, len), len);
	job->request.body = uc_buf_slice(&job->body);
	job->http->held += len;
}

static void copy_headers(struct uc_http_job *job, struct evhttp_request *req)
{
	const struct evkeyvalq *in = evhttp_request_get_input_headers(req);
	for (const struct evkeyval *h = in->tqh_first; h != NULL; h = h->next.tqe_next) {
		uc_strv_add(&job->headers, h->key);
		uc_strv_add(&job->headers, h->value);
	}
}

static enum uc_status refuse_method(struct uc_http_job *job, struct uc_error *e)
{
	job->response.status = 405;
	uc_http_add_header(&job->response, "Allow", "%s", job->http->only_files ? FILE_METHODS : METHODS);
	return uc_fail(e, UC_EINPUT, "method-not-allowed", "Allowed are " METHODS ".", "The request's method is not allowed");
}

static enum uc_status read_request(struct uc_http_job *job, struct evhttp_request *req, struct uc_error *e)
{
	size_t m = 0;
	const size_t count = sizeof methods / sizeof methods[0];
	while (m < count && methods[m].type != evhttp_request_get_command(req)) m++;
	if (m == count) return refuse_method(job, e);
	job->request.method = methods[m].name;
	copy_headers(job, req);
	UC_TRY(check_framing(job, methods[m].body, e));
	/* RFC 9112 section 3.2: a server MUST answer 400. */
	if (req->minor >= 1 && uc_http_header(&job->request, "Host") == NULL)
		return uc_fail(e, UC_EINPUT, "malformed-request", NULL, "The request has no Host header");
	UC_TRY(read_target(job, req, e));
	take_body(job, req);
	return UC_OK;
}

bool uc_http_job_read(struct uc_http_job *job, const struct uc_http_conn *c, struct evhttp_request *req)
{
	job->request.impl = job;
	job->request.peer = c->listener->path == NULL ? UC_PEER_TCP : UC_PEER_UNIX;
	job->request.tls = c->listener->tls != NULL;
	job->request.peer_uid = c->peer_uid;
	memcpy(job->request.peer_text, c->peer_text, sizeof job->request.peer_text);
	uc_http_response_init(&job->response);
	struct uc_error e;
	if (read_request(job, req, &e) == UC_OK) return true;
	job->close = true;
	uc_http_response_fail(job->http, &job->response, job->response.status == 405 ? 405 : 400, &e);
	return false;
}

void uc_http_job_free(struct uc_http_job *job)
{
	if (job == NULL) return;
	job->http->held -= job->body.len;
	uc_buf_free(&job->body);
	uc_http_response_free(&job->response);
	uc_strv_free(&job->headers);
	free(job->path);
	free(job->raw_path);
	free(job->query);
	free(job);
}
