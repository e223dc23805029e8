#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/mem.h"
#include "serve/http/route.h"

/* JSON of this source. A mistake in it is found by the first test that runs. */
static json_t *constant(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (json != NULL) return json;
	uc_log(UC_LOG_ERROR, "a JSON constant is malformed: %s: %s", error.text, text);
	abort();
}

static json_t *path_parameter(const char *name, size_t len)
{
	return json_pack("{s:s%, s:s, s:b, s:{s:s}}", "name", name, len, "in", "path", "required", 1, "schema", "type", "string");
}

static json_t *input_parameter(const struct uc_route_input *input)
{
	static const char *const schemas[] = {
	    [UC_INPUT_TEXT] = "{\"type\": \"string\"}",   [UC_INPUT_LIST] = "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}",
	    [UC_INPUT_FLAG] = "{\"type\": \"boolean\"}",  [UC_INPUT_NUMBER] = "{\"type\": \"integer\", \"minimum\": 0}",
	    [UC_INPUT_HEADER] = "{\"type\": \"string\"}",
	};
	json_t *p = json_pack("{s:s, s:s, s:o}", "name", input->name, "in", input->kind == UC_INPUT_HEADER ? "header" : "query", "schema",
	                      constant(schemas[input->kind]));
	if (input->about != NULL) json_object_set_new(p, "description", json_string(input->about));
	return p;
}

static json_t *parameters(const struct uc_route *route)
{
	json_t *list = json_array();
	for (const char *open = strchr(route->pattern, '{'); open != NULL; open = strchr(open + 1, '{'))
		json_array_append_new(list, path_parameter(open + 1, strcspn(open + 1, "}")));
	for (const struct uc_route_input *i = route->inputs; i != NULL && i->name != NULL; i++) json_array_append_new(list, input_parameter(i));
	return list;
}

/* {"TYPE": {}, ...} for each media type of a comma list */
static json_t *content(const char *types)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv list = {0};
	uc_strv_split(&list, types, ',');
	json_t *o = json_object();
	for (size_t i = 0; i < list.count; i++) json_object_set_new(o, list.items[i], json_object());
	return o;
}

static json_t *responses(const struct uc_route *route)
{
	json_t *o = json_object();
	const int *answers = route->answers[0] != 0 ? route->answers : (const int[3]){200};
	for (size_t i = 0; i < sizeof route->answers / sizeof *answers && answers[i] != 0; i++) {
		char status[16];
		snprintf(status, sizeof status, "%d", answers[i]);
		const char *types = route->answer_type != NULL ? route->answer_type : "application/json";
		json_t *answer = json_pack("{s:s}", "description", uc_http_reason(answers[i]));
		if (answers[i] != 204) json_object_set_new(answer, "content", content(types)); /* 204: No Content */
		json_object_set_new(o, status, answer);
	}
	json_object_set_new(o, "default",
	                    constant("{\"description\": \"A problem (RFC 9457)\", \"content\": {\"application/problem+json\": "
	                             "{\"schema\": {\"$ref\": \"#/components/schemas/Problem\"}}}}"));
	return o;
}

/* Who is let in, and by what. */
static json_t *security(const struct uc_route *route)
{
	if (route->open) return json_array();
	return constant(route->session ? "[{\"session\": []}]" : "[{\"basic\": []}, {\"bearer\": []}, {\"session\": []}]");
}

/* "get-api-v1-csrs-purpose" */
static char *operation_id(const struct uc_route *route)
{
	struct uc_buf b = UC_BUF_EMPTY;
	for (const char *c = route->method; *c != '\0'; c++) uc_buf_add_u8(&b, (uint8_t)uc_ascii_lower(*c));
	for (const char *c = route->pattern; *c != '\0'; c++)
		if (*c != '{' && *c != '}') uc_buf_add_u8(&b, *c == '/' ? '-' : (uint8_t)*c);
	return uc_buf_take_str(&b);
}

static json_t *operation(const struct uc_route *route)
{
	UC_CLEANUP(uc_freep) char *id = operation_id(route);
	json_t *o = json_pack("{s:s, s:s, s:o, s:o}", "operationId", id, "summary", route->summary, "parameters", parameters(route),
	                      "responses", responses(route));
	json_object_set_new(o, "security", security(route));
	if (route->body_type != NULL) {
		json_t *type = content(route->body_type);
		if (route->body_schema != NULL)
			json_object_set_new(json_object_get(type, route->body_type), "schema", constant(route->body_schema));
		json_object_set_new(o, "requestBody", json_pack("{s:o}", "content", type));
	}
	return o;
}

json_t *uc_route_openapi(const struct uc_route *table, size_t count)
{
	json_t *paths = json_object();
	for (size_t i = 0; i < count; i++) {
		json_t *path = json_object_get(paths, table[i].pattern);
		if (path == NULL) {
			path = json_object();
			json_object_set_new(paths, table[i].pattern, path);
		}
		char method[16] = "";
		for (size_t c = 0; table[i].method[c] != '\0' && c + 1 < sizeof method; c++) method[c] = uc_ascii_lower(table[i].method[c]);
		json_object_set_new(path, method, operation(&table[i]));
	}
	return paths;
}

json_t *uc_route_openapi_components(void)
{
	return constant("{\"securitySchemes\": {\"basic\": {\"type\": \"http\", \"scheme\": \"basic\"}, \"bearer\": {\"type\": \"http\", "
	                "\"scheme\": \"bearer\"}, \"session\": {\"type\": \"apiKey\", \"in\": \"cookie\", \"name\": \"__Host-ucpki\", "
	                "\"description\": \"POST /api/v1/session begins one. Methods other than GET and HEAD need its csrf in the header "
	                "UCPKI-CSRF.\"}}, \"schemas\": {\"Problem\": {"
	                "\"type\": \"object\", \"required\": [\"type\", \"title\", \"status\", \"detail\", \"code\"], \"properties\": {"
	                "\"type\": {\"type\": \"string\", \"description\": \"urn:ucpki:problem:CODE\"}, "
	                "\"title\": {\"type\": \"string\"}, \"status\": {\"type\": \"integer\"}, "
	                "\"detail\": {\"type\": \"string\", \"description\": \"What was wrong, where, with the value at fault\"}, "
	                "\"code\": {\"type\": \"string\"}, "
	                "\"field\": {\"type\": \"string\", \"description\": \"The argument at fault\"}, "
	                "\"hint\": {\"type\": \"string\", \"description\": \"What to do\"}, "
	                "\"plan\": {\"type\": \"object\", \"description\": \"The plan, when one was made\"}}}}}");
}
