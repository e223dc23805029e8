/* The table of routes: what the API has, as data. The OpenAPI document is made from it. */
#include "serve/http/api_internal.h"

#define TASK_INPUTS                                                                                                           \
	{"dry_run", UC_INPUT_FLAG, "only plan, change nothing"}, {"yes", UC_INPUT_FLAG, "answers the warnings of the plan"},      \
	    {"force", UC_INPUT_FLAG, "with yes: answers its dangers"}, {"seen", UC_INPUT_TEXT, "the hash of the plan agreed to"}, \
	    {"why", UC_INPUT_TEXT, "the reason, for the change log"},                                                             \
	{                                                                                                                         \
		"request", UC_INPUT_TEXT, "an id of the caller's own: repeating it repeats the answer, not the task"                  \
	}

/* A task that becomes a job, because another node has to do it, answers 202. */
#define TASK_ANSWERS  \
	{                 \
		200, 201, 202 \
	}
#define NODE_INPUT                                                               \
	{                                                                            \
		"node", UC_INPUT_TEXT, "another node, as this one knows it from the log" \
	}
#define NODE_TASK_INPUT                                                  \
	{                                                                    \
		"node", UC_INPUT_TEXT, "another node, which gets a job to do it" \
	}

static const struct uc_route_input task_inputs[] = {TASK_INPUTS, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input node_task_inputs[] = {TASK_INPUTS, NODE_TASK_INPUT, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input node_inputs[] = {NODE_INPUT, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input upload_inputs[] = {
    TASK_INPUTS, NODE_TASK_INPUT, {"UCPKI-Password", UC_INPUT_HEADER, "of a PKCS#12 file"}, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input trust_inputs[] = {TASK_INPUTS,
                                                     NODE_TASK_INPUT,
                                                     {"UCPKI-Password", UC_INPUT_HEADER, "of a PKCS#12 file"},
                                                     {"description", UC_INPUT_TEXT, "what the certificate is for"},
                                                     {"scope", UC_INPUT_TEXT, "cluster or node"},
                                                     {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input find_inputs[] = {{"usage", UC_INPUT_TEXT, "own or trust"},
                                                    {"node", UC_INPUT_TEXT, "only what this node has or sees"},
                                                    {"where", UC_INPUT_LIST, "a condition: column, operator, value"},
                                                    {"match", UC_INPUT_TEXT, "all (default) or any of the conditions"},
                                                    {"sort", UC_INPUT_TEXT, "a column, with - before it descending"},
                                                    {"limit", UC_INPUT_NUMBER, "rows in the answer, 1 to 1000"},
                                                    {"cursor", UC_INPUT_TEXT, "where to go on: next of the answer before"},
                                                    {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input change_inputs[] = {
    {"limit", UC_INPUT_NUMBER, "1 to 1000"},
    {"cursor", UC_INPUT_TEXT, "next of the answer before"},
    {"object", UC_INPUT_TEXT, "only what touched it, for example own/tomcat"},
    {"search", UC_INPUT_TEXT, "contained in summary, reason, account, task or what was touched"},
    {"who", UC_INPUT_TEXT, "only those of this account"},
    {"task", UC_INPUT_TEXT, "only this task"},
    {"node", UC_INPUT_TEXT, "only those that this node has made"},
    {"from", UC_INPUT_TEXT, "made on this day or at this time, or later"},
    {"to", UC_INPUT_TEXT, "made on this day or at this time, or earlier"},
    {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input followup_inputs[] = {{"node", UC_INPUT_TEXT, "only what concerns this node, or the cluster"},
                                                        {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input content_inputs[] = {
    {"format", UC_INPUT_TEXT, "pem (default), der, chain or p7b"}, NODE_INPUT, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input csr_content_inputs[] = {
    {"format", UC_INPUT_TEXT, "pem (default) or der"}, NODE_INPUT, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input defaults_inputs[] = {NODE_INPUT,
                                                        {"distribution", UC_INPUT_TEXT, "node (default) or multi-server"},
                                                        {"key", UC_INPUT_TEXT, "a kind of key other than the usual one"},
                                                        {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input inspect_inputs[] = {{"UCPKI-Password", UC_INPUT_HEADER, "of a PKCS#12 file"},
                                                       {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input job_inputs[] = {{"node", UC_INPUT_TEXT, "only the jobs of this node"},
                                                   {"state", UC_INPUT_TEXT, "waiting, done or failed"},
                                                   {"limit", UC_INPUT_NUMBER, "1 to 1000"},
                                                   {"cursor", UC_INPUT_TEXT, "next of the answer before"},
                                                   {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input move_inputs[] = {{"dry_run", UC_INPUT_FLAG, "only look whether it can be done"},
                                                    {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input resync_inputs[] = {{"force", UC_INPUT_FLAG, "give up what the store has lost"},
                                                      {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input fix_inputs[] = {{"fix", UC_INPUT_FLAG, "repair what can be repaired"}, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input list_inputs[] = {
    NODE_INPUT, {"version", UC_INPUT_TEXT, "an earlier one: its SHA-256, or at least 8 digits of it"}, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input versions_inputs[] = {NODE_INPUT,
                                                        {"limit", UC_INPUT_NUMBER, "1 to 1000"},
                                                        {"cursor", UC_INPUT_TEXT, "next of the answer before"},
                                                        {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input phones_inputs[] = {{"list", UC_INPUT_TEXT, "CTL or ITL: stale is about this one"},
                                                      {"stale", UC_INPUT_FLAG, "only phones whose last list is not the present one"},
                                                      {"limit", UC_INPUT_NUMBER, "1 to 1000"},
                                                      {"cursor", UC_INPUT_TEXT, "next of the answer before"},
                                                      {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input probe_inputs[] = {
    {"peer", UC_INPUT_TEXT, "HOST:PORT"}, {"name", UC_INPUT_TEXT, "the name to ask for (SNI)"}, {NULL, UC_INPUT_TEXT, NULL}};
static const struct uc_route_input check_inputs[] = {{"peer", UC_INPUT_TEXT, "HOST:PORT, instead of a file"},
                                                     {"name", UC_INPUT_TEXT, "the name to ask the peer for (SNI)"},
                                                     {"UCPKI-Password", UC_INPUT_HEADER, "of a PKCS#12 file"},
                                                     {NULL, UC_INPUT_TEXT, NULL}};

#define FILE_TYPES "application/x-pem-file, application/pkix-cert, application/x-pkcs7-certificates"
#define ANY_TYPE "application/octet-stream"
#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"

static const char csr_schema[] =
    "{\"type\":\"object\",\"properties\":{\"distribution\":{\"enum\":[\"node\",\"multi-server\"]},\"common_name\":{\"type\":\"string\"},"
    "\"subject_alt_names\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"parent_domain\":{\"type\":\"string\"},"
    "\"key\":{\"type\":\"string\"},\"hash\":{\"enum\":[\"sha256\",\"sha384\",\"sha512\"]},\"country\":{\"type\":\"string\"},"
    "\"state\":{\"type\":\"string\"},\"locality\":{\"type\":\"string\"},\"organization\":{\"type\":\"string\"},"
    "\"organizational_unit\":{\"type\":\"string\"}}}";
static const char followups_schema[] =
    "{\"type\":\"object\",\"properties\":{\"ids\":{\"type\":\"array\",\"maxItems\":1000,\"items\":{\"type\":\"string\"}}},\"required\":["
    "\"ids\"]}";
static const char password_schema[] =
    "{\"type\":\"object\",\"properties\":{\"password\":{\"type\":\"string\",\"minLength\":10},\"current\":{\"type\":\"string\"}},"
    "\"required\":[\"password\"]}";
static const char sign_in_schema[] =
    "{\"type\":\"object\",\"properties\":{\"account\":{\"type\":\"string\"},\"password\":{\"type\":\"string\"}},\"required\":[\"account\","
    "\"password\"]}";
static const char regen_schema[] =
    "{\"type\":\"object\",\"properties\":{\"key\":{\"type\":\"string\"},\"hash\":{\"enum\":[\"sha256\",\"sha384\",\"sha512\"]},"
    "\"years\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}}}";
static const char node_schema[] =
    "{\"type\":\"object\",\"properties\":{\"node\":{\"type\":\"string\"},\"domain\":{\"type\":\"string\"},\"roles\":{\"type\":\"string\"},"
    "\"hours\":{\"type\":\"integer\",\"minimum\":1},\"replace\":{\"type\":\"boolean\"}},\"required\":[\"node\"]}";
static const char mode_schema[] =
    "{\"type\":\"object\",\"properties\":{\"mode\":{\"enum\":[\"mixed-mode\",\"non-secure-mode\"]}},\"required\":[\"mode\"]}";
static const char setting_schema[] = "{\"type\":\"object\",\"properties\":{\"value\":{\"type\":\"string\"}},\"required\":[\"value\"]}";
static const char rename_schema[] =
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"domain\":{\"type\":\"string\"}}}";
static const char move_schema[] = "{\"type\":\"object\",\"properties\":{\"url\":{\"type\":\"string\"}},\"required\":[\"url\"]}";
static const char join_schema[] =
    "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"},\"node\":{\"type\":\"string\"},\"certificate\":{\"type\":\"string\"}"
    ","
    "\"guid\":{\"type\":\"string\"},\"time\":{\"type\":\"string\"},\"version\":{\"type\":\"string\"},\"mac\":{\"type\":\"string\"}},"
    "\"required\":[\"id\",\"node\",\"certificate\",\"guid\",\"time\",\"mac\"]}";
static const char compare_schema[] =
    "{\"type\":\"object\",\"properties\":{\"peers\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"account\":{\"type\":\"string\"},"
    "\"password\":{\"type\":\"string\"}},\"required\":[\"peers\",\"account\",\"password\"]}";

#define API "/api/v1"

const struct uc_route uc_api_routes[] = {
    {.method = "GET",
     .pattern = "/",
     .handler = uc_api_get_page,
     .summary = "The console, which every other path outside of /api/ and /assets/ shows as well to who accepts text/html",
     .open = true,
     .any_query = true,
     .answer_type = "text/html"},
    {.method = "GET",
     .pattern = "/assets/{name}",
     .handler = uc_api_get_asset,
     .summary = "What the console loads",
     .open = true,
     .answer_type = "text/javascript, text/css, image/svg+xml"},
    {.method = "GET", .pattern = API "/openapi.json", .handler = uc_api_get_openapi, .summary = "This description", .open = true},
    {.method = "GET",
     .pattern = API "/status",
     .handler = uc_api_get_status,
     .summary = "The node, its ports and what it last saw on them"},
    {.method = "POST",
     .pattern = API "/session",
     .handler = uc_api_post_session,
     .summary = "Sign in to the console",
     .open = true,
     .body_type = JSON_TYPE,
     .body_schema = sign_in_schema,
     .answers = {201}},
    {.method = "GET", .pattern = API "/session", .handler = uc_api_get_session, .summary = "The present session", .session = true},
    {.method = "DELETE",
     .pattern = API "/session",
     .handler = uc_api_delete_session,
     .summary = "Sign out",
     .session = true,
     .answers = {204}},
    {.method = "GET",
     .pattern = API "/overview",
     .handler = uc_api_get_overview,
     .summary = "Counts, what expires when, what waits, what is wrong"},
    {.method = "POST",
     .pattern = API "/inspect",
     .handler = uc_api_post_inspect,
     .inputs = inspect_inputs,
     .summary = "What is in a file, and what it can be used for; changes nothing",
     .body_type = ANY_TYPE},
    {.method = "GET", .pattern = API "/purposes", .handler = uc_api_get_purposes, .summary = "The purposes of certificates"},
    {.method = "GET", .pattern = API "/stores", .handler = uc_api_get_stores, .summary = "The trust stores"},
    {.method = "GET", .pattern = API "/certificates", .handler = uc_api_list_certs, .inputs = find_inputs, .summary = "Find certificates"},
    {.method = "GET",
     .pattern = API "/certificates/own/{purpose}",
     .handler = uc_api_get_cert,
     .inputs = node_inputs,
     .summary = "An identity certificate"},
    {.method = "GET",
     .pattern = API "/certificates/own/{purpose}/chain",
     .handler = uc_api_get_chain,
     .inputs = node_inputs,
     .summary = "Its chain"},
    {.method = "GET",
     .pattern = API "/certificates/own/{purpose}/content",
     .handler = uc_api_get_cert_content,
     .inputs = content_inputs,
     .summary = "Download it",
     .answer_type = FILE_TYPES},
    {.method = "POST",
     .pattern = API "/certificates/own/{purpose}",
     .handler = uc_api_post_own,
     .inputs = upload_inputs,
     .summary = "Upload a CA-signed certificate",
     .body_type = ANY_TYPE,
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/certificates/own/{purpose}/regenerate",
     .handler = uc_api_post_regenerate,
     .inputs = node_task_inputs,
     .summary = "Make a new key and a self-signed certificate",
     .body_type = JSON_TYPE,
     .body_schema = regen_schema,
     .answers = TASK_ANSWERS},
    {.method = "GET",
     .pattern = API "/certificates/trust/{store}/{name}",
     .handler = uc_api_get_cert,
     .inputs = node_inputs,
     .summary = "A trust certificate"},
    {.method = "GET",
     .pattern = API "/certificates/trust/{store}/{name}/chain",
     .handler = uc_api_get_chain,
     .inputs = node_inputs,
     .summary = "Its chain"},
    {.method = "GET",
     .pattern = API "/certificates/trust/{store}/{name}/content",
     .handler = uc_api_get_cert_content,
     .inputs = content_inputs,
     .summary = "Download it",
     .answer_type = FILE_TYPES},
    {.method = "POST",
     .pattern = API "/certificates/trust/{store}",
     .handler = uc_api_post_trust,
     .inputs = trust_inputs,
     .summary = "Upload certificates to a trust store",
     .body_type = ANY_TYPE,
     .answers = TASK_ANSWERS},
    {.method = "DELETE",
     .pattern = API "/certificates/trust/{store}/{name}",
     .handler = uc_api_delete_trust,
     .inputs = node_task_inputs,
     .summary = "Delete a trust certificate",
     .answers = TASK_ANSWERS},
    {.method = "GET",
     .pattern = API "/csrs",
     .handler = uc_api_list_csrs,
     .inputs = node_inputs,
     .summary = "The pending certificate signing requests"},
    {.method = "GET", .pattern = API "/csrs/{purpose}", .handler = uc_api_get_csr, .inputs = node_inputs, .summary = "A pending request"},
    {.method = "GET",
     .pattern = API "/csrs/{purpose}/defaults",
     .handler = uc_api_get_csr_defaults,
     .inputs = defaults_inputs,
     .summary = "What a request would ask for unless something else is said"},
    {.method = "GET",
     .pattern = API "/csrs/{purpose}/content",
     .handler = uc_api_get_csr_content,
     .inputs = csr_content_inputs,
     .summary = "Download it",
     .answer_type = "application/x-pem-file, application/pkcs10"},
    {.method = "POST",
     .pattern = API "/csrs/{purpose}",
     .handler = uc_api_post_csr,
     .inputs = node_task_inputs,
     .summary = "Generate a request",
     .body_type = JSON_TYPE,
     .body_schema = csr_schema,
     .answers = TASK_ANSWERS},
    {.method = "DELETE",
     .pattern = API "/csrs/{purpose}",
     .handler = uc_api_delete_csr,
     .inputs = node_task_inputs,
     .summary = "Delete a pending request",
     .answers = TASK_ANSWERS},
    {.method = "GET",
     .pattern = API "/changes",
     .handler = uc_api_list_changes,
     .inputs = change_inputs,
     .summary = "The change log, newest first"},
    {.method = "GET", .pattern = API "/changes/{number}", .handler = uc_api_get_change, .summary = "A change"},
    {.method = "POST",
     .pattern = API "/changes/{number}/undo",
     .handler = uc_api_post_undo,
     .inputs = node_task_inputs,
     .summary = "Take a change back",
     .answers = TASK_ANSWERS},
    {.method = "GET",
     .pattern = API "/followups",
     .handler = uc_api_list_followups,
     .inputs = followup_inputs,
     .summary = "What still has to be done by hand after changes"},
    {.method = "POST",
     .pattern = API "/followups/done",
     .handler = uc_api_post_followups_done,
     .inputs = task_inputs,
     .summary = "Say that some of it is done",
     .body_type = JSON_TYPE,
     .body_schema = followups_schema,
     .answers = {200, 201}},
    {.method = "DELETE",
     .pattern = API "/keys/{id}",
     .handler = uc_api_delete_key,
     .inputs = node_task_inputs,
     .summary = "Destroy a private key that is no longer in use",
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/accounts/{name}/password",
     .handler = uc_api_post_password,
     .inputs = task_inputs,
     .summary = "Set a new password",
     .body_type = JSON_TYPE,
     .body_schema = password_schema,
     .answers = {200, 201}},
    {.method = "GET", .pattern = API "/nodes", .handler = uc_api_list_nodes, .summary = "The nodes, and how far each has come"},
    {.method = "GET", .pattern = API "/nodes/{name}", .handler = uc_api_get_node, .summary = "A node"},
    {.method = "POST",
     .pattern = API "/nodes",
     .handler = uc_api_post_node,
     .inputs = task_inputs,
     .summary = "Make a join secret for a new node, told in the answer and nowhere else",
     .body_type = JSON_TYPE,
     .body_schema = node_schema,
     .answers = {200, 201}},
    {.method = "DELETE",
     .pattern = API "/nodes/{name}",
     .handler = uc_api_delete_node,
     .inputs = task_inputs,
     .summary = "Remove a node from the cluster",
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/nodes/{name}/rename",
     .handler = uc_api_post_node_rename,
     .inputs = task_inputs,
     .summary = "Give a node another name or domain",
     .body_type = JSON_TYPE,
     .body_schema = rename_schema,
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/nodes/{name}/diagnose",
     .handler = uc_api_post_diagnose,
     .inputs = fix_inputs,
     .summary = "Why this node and that one do not trust each other"},
    {.method = "POST",
     .pattern = API "/diagnose",
     .handler = uc_api_post_diagnose,
     .inputs = fix_inputs,
     .summary = "The same for all other nodes"},
    {.method = "GET", .pattern = API "/jobs", .handler = uc_api_list_jobs, .inputs = job_inputs, .summary = "Jobs, newest first"},
    {.method = "GET", .pattern = API "/jobs/{id}", .handler = uc_api_get_job, .summary = "A job"},
    {.method = "GET",
     .pattern = API "/cluster",
     .handler = uc_api_get_cluster,
     .summary = "The store in which all nodes meet, and how far this one has come"},
    {.method = "POST",
     .pattern = API "/cluster/move",
     .handler = uc_api_post_move,
     .inputs = move_inputs,
     .summary = "Move a single node's store to PostgreSQL",
     .body_type = JSON_TYPE,
     .body_schema = move_schema},
    {.method = "POST",
     .pattern = API "/cluster/resync",
     .handler = uc_api_post_resync,
     .inputs = resync_inputs,
     .summary = "Let the log go on from the store's present state"},
    {.method = "POST",
     .pattern = API "/cluster/join",
     .handler = uc_api_post_join,
     .summary = "A new node shows its join secret",
     .open = true,
     .body_type = JSON_TYPE,
     .body_schema = join_schema},
    {.method = "GET",
     .pattern = API "/lists",
     .handler = uc_api_list_lists,
     .summary = "The trust lists of phones: the mode, what is published, and what should be"},
    {.method = "POST",
     .pattern = API "/lists/mode",
     .handler = uc_api_post_ctl_mode,
     .inputs = task_inputs,
     .summary = "Set the cluster to mixed mode or to non-secure mode, and publish the CTL",
     .body_type = JSON_TYPE,
     .body_schema = mode_schema,
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/lists/{list}/update",
     .handler = uc_api_post_list_update,
     .inputs = task_inputs,
     .summary = "Publish the CTL anew, or have ITLRecovery sign the ITL files again",
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/lists/{list}/reset",
     .handler = uc_api_post_list_reset,
     .inputs = task_inputs,
     .summary = "Have the CallManager key sign the CTL or the ITL files",
     .answers = TASK_ANSWERS},
    {.method = "GET",
     .pattern = API "/lists/{list}",
     .handler = uc_api_get_list,
     .inputs = list_inputs,
     .summary = "A list that was published, record by record: CTL or ITL"},
    {.method = "GET",
     .pattern = API "/lists/{list}/versions",
     .handler = uc_api_list_versions,
     .inputs = versions_inputs,
     .summary = "Every version of it that was ever published, newest first"},
    {.method = "GET",
     .pattern = API "/lists/{list}/content",
     .handler = uc_api_get_list_content,
     .inputs = list_inputs,
     .summary = "Download it",
     .answer_type = ANY_TYPE},
    {.method = "GET",
     .pattern = API "/phones",
     .handler = uc_api_list_phones,
     .inputs = phones_inputs,
     .summary = "The phones that this node has served, and which lists they have"},
    {.method = "GET",
     .pattern = API "/phones/{device}",
     .handler = uc_api_get_phone,
     .summary = "A phone, with every list that it has fetched"},
    {.method = "GET", .pattern = API "/settings", .handler = uc_api_list_settings, .summary = "The settings of the cluster"},
    {.method = "POST",
     .pattern = API "/settings/{name}",
     .handler = uc_api_post_setting,
     .inputs = task_inputs,
     .summary = "Change one of them",
     .body_type = JSON_TYPE,
     .body_schema = setting_schema,
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/oauth/token",
     .handler = uc_api_post_token,
     .summary = "Get an access and a refresh token: grant_type client_credentials (with HTTP Basic) or refresh_token (RFC 6749)",
     .open = true,
     .body_type = FORM_TYPE,
     .answers = {200, 400, 401}},
    {.method = "POST",
     .pattern = API "/oauth/introspect",
     .handler = uc_api_post_introspect,
     .summary = "Is this token good, and whose is it? (RFC 7662)",
     .body_type = FORM_TYPE},
    {.method = "GET",
     .pattern = API "/oauth/jwks",
     .handler = uc_api_get_jwks,
     .summary = "The public key that access tokens are verified with (RFC 7517)",
     .open = true},
    {.method = "GET",
     .pattern = API "/authz",
     .handler = uc_api_get_authz,
     .summary = "The checksums of the OAuth keys, which must agree on all nodes and clusters"},
    {.method = "GET", .pattern = API "/authz/{which}", .handler = uc_api_get_authz, .summary = "One of them: signing or encryption"},
    {.method = "POST",
     .pattern = API "/authz/signing/regenerate",
     .handler = uc_api_post_signing,
     .inputs = task_inputs,
     .summary = "Replace the OAuth signing key and its certificate",
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/authz/encryption/regenerate",
     .handler = uc_api_post_encryption,
     .inputs = task_inputs,
     .summary = "Replace the OAuth encryption key",
     .answers = TASK_ANSWERS},
    {.method = "POST",
     .pattern = API "/authz/compare",
     .handler = uc_api_post_compare,
     .summary = "Are the OAuth keys of other clusters the same?",
     .body_type = JSON_TYPE,
     .body_schema = compare_schema},
    {.method = "GET",
     .pattern = API "/probe",
     .handler = uc_api_get_probe,
     .inputs = probe_inputs,
     .summary = "What a TLS server presents"},
    {.method = "POST",
     .pattern = API "/trust-check/{store}",
     .handler = uc_api_post_trust_check,
     .inputs = check_inputs,
     .summary = "Would a peer be trusted by a store?",
     .body_type = ANY_TYPE},
};

const size_t uc_api_route_count = sizeof uc_api_routes / sizeof *uc_api_routes;

void uc_api_get_openapi(void *ctx, const struct uc_route_call *call, struct uc_http_response *r)
{
	(void)ctx;
	(void)call;
	json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:o, s:o}", "openapi", "3.1.0", "info", "title", "ucpki", "version", UC_VERSION,
	                        "description", "Certificates and trust of a unified communications cluster", "paths",
	                        uc_route_openapi(uc_api_routes, uc_api_route_count), "components", uc_route_openapi_components());
	uc_api_reply(r, UC_OK, doc, NULL);
}
