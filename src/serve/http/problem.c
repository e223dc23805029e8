#include "serve/http/problem.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/text.h"

int uc_problem_status(const struct uc_error *e)
{
	static const int by_class[] = {
	    [UC_OK] = 500, /* a failure without a cause is a fault of ours */
	    [UC_EINPUT] = 400,   [UC_EAUTH] = 401,  [UC_ENOTFOUND] = 404,    [UC_ECONFLICT] = 409,
	    [UC_EREFUSED] = 422, [UC_ELIMIT] = 413, [UC_EUNREACHABLE] = 502, [UC_EUNAVAILABLE] = 503,
	    [UC_EIO] = 500,      [UC_EFULL] = 507,  [UC_EINTERNAL] = 500,
	};
	static const char *const signed_in[] = {"forbidden", "csrf"};
	for (size_t i = 0; i < sizeof signed_in / sizeof *signed_in; i++)
		if (e->code == UC_EAUTH && strcmp(e->id, signed_in[i]) == 0) return 403;
	return by_class[e->code];
}

static int append(const char *text, size_t len, void *ctx)
{
	uc_buf_add(ctx, text, len);
	return 0;
}

static void write_json(struct uc_http_response *r, int status, const char *type, const json_t *json)
{
	r->status = status;
	snprintf(r->content_type, sizeof r->content_type, "%s", type);
	uc_buf_free(&r->body);
	json_dump_callback(json, append, &r->body, JSON_COMPACT);
}

void uc_http_write_json(struct uc_http_response *r, int status, const json_t *json)
{
	write_json(r, status, "application/json", json);
}

/* jansson makes no value of text that is not UTF-8, so the member would be missing. */
static void set_text(json_t *o, const char *key, const char *text)
{
	UC_CLEANUP(uc_freep) char *clean = uc_utf8_clean(uc_slice_str(text));
	json_object_set_new(o, key, json_string(clean));
}

/* The title is the same for every occurrence of a problem (RFC 9457 section 3.1.3): the id in words. */
static void set_title(json_t *o, const char *id)
{
	UC_CLEANUP(uc_freep) char *title = uc_strdup(id);
	for (char *c = title; *c != '\0'; c++)
		if (*c == '-') *c = ' ';
	if (title[0] >= 'a' && title[0] <= 'z') title[0] = (char)(title[0] - 'a' + 'A');
	set_text(o, "title", title);
}

void uc_problem_write_as(struct uc_http_response *r, int status, const struct uc_error *e, json_t *plan)
{
	const char *id = e->id[0] != '\0' ? e->id : uc_status_name(UC_EINTERNAL);
	UC_CLEANUP(uc_freep) char *type = uc_sprintf("urn:ucpki:problem:%s", id);
	json_t *o = json_object();
	set_text(o, "type", type);
	set_title(o, id);
	json_object_set_new(o, "status", json_integer(status));
	set_text(o, "detail", e->message);
	set_text(o, "code", id);
	if (e->field[0] != '\0') set_text(o, "field", e->field);
	if (e->hint[0] != '\0') set_text(o, "hint", e->hint);
	if (plan != NULL) json_object_set(o, "plan", plan);
	write_json(r, status, "application/problem+json", o);
	json_decref(o);
}

void uc_problem_write_text(struct uc_http_response *r, int status, const struct uc_error *e)
{
	r->status = status;
	snprintf(r->content_type, sizeof r->content_type, "text/plain; charset=utf-8");
	uc_buf_free(&r->body);
	UC_CLEANUP(uc_freep) char *clean = uc_utf8_clean(uc_slice_str(e->message));
	uc_buf_printf(&r->body, "%s\n", clean);
}

void uc_problem_write(struct uc_http_response *r, const struct uc_error *e, json_t *plan)
{
	uc_problem_write_as(r, uc_problem_status(e), e, plan);
}
