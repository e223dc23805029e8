#include "node/fetch.h"

#include <curl/curl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "node/probe.h"

UC_DEFINE_CLEANUP(curl_freep, CURL, curl_easy_cleanup)
UC_DEFINE_CLEANUP(slist_freep, struct curl_slist, curl_slist_free_all)
UC_DEFINE_CLEANUP(url_freep, CURLU, curl_url_cleanup)

struct answer {
	struct uc_buf body;
	bool large;
};

static void answer_free(struct answer *a)
{
	uc_buf_wipe(&a->body);
}

void uc_fetched_free(struct uc_fetched *f)
{
	json_decref(f->json);
	*f = (struct uc_fetched){.status = 0};
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct answer *a = arg;
	size_t len = size * count;
	a->large = len > UC_FETCH_MAX - a->body.len;
	if (a->large) return 0;
	uc_buf_add(&a->body, data, len);
	return len;
}

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* libcurl puts the URL together, so that no host can smuggle in another part of it. */
static enum uc_status make_url(const struct uc_fetch *r, CURLU **out, struct uc_error *e)
{
	char host[256];
	char port[8];
	UC_TRY(uc_peer_split(r->peer, host, port, e));
	bool v6 = strchr(host, ':') != NULL;
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
	UC_CLEANUP(url_freep) CURLU *url = curl_url();
	bool ok = url != NULL && curl_url_set(url, CURLUPART_SCHEME, "https", 0) == CURLUE_OK &&
	          curl_url_set(url, CURLUPART_HOST, name, 0) == CURLUE_OK && curl_url_set(url, CURLUPART_PORT, port, 0) == CURLUE_OK &&
	          curl_url_set(url, CURLUPART_PATH, r->path, 0) == CURLUE_OK;
	if (!ok)
		return uc_fail_field(e, UC_EINPUT, "bad-peer", "peer", "Write it as host.example.com:443 or [2001:db8::1]:443.",
		                     "'%s' is no host and port", r->peer);
	*out = uc_move(url);
	return UC_OK;
}

/* "sha256//..." as curl wants it. Free with free(). */
static char *pin_text(struct uc_slice spki)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA256(spki.ptr, spki.len, hash);
	UC_CLEANUP(uc_freep) char *text = uc_base64(uc_slice_of(hash, sizeof hash));
	return uc_sprintf("sha256//%s", text);
}

/* Chains and names are not verified: who is there follows from the pin, or from the answer itself (node/join.h). */
static void set_trust(CURL *curl, const struct uc_fetch *r)
{
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	if (r->pin.len == 0) return;
	UC_CLEANUP(uc_freep) char *pin = pin_text(r->pin);
	curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, pin);
	if (r->account == NULL) return;
	curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(curl, CURLOPT_USERNAME, r->account);
	curl_easy_setopt(curl, CURLOPT_PASSWORD, r->password);
}

static void add_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);
	if (more == NULL) abort();
	*list = more;
}

static enum uc_status fail_transfer(const struct uc_fetch *r, CURLcode rc, const char *why, struct uc_error *e)
{
	static const struct {
		CURLcode rc;
		enum uc_status status;
		const char *id, *hint;
	} known[] = {
	    {CURLE_COULDNT_RESOLVE_HOST, UC_EUNREACHABLE, "peer-unknown", "Check the name, or give an address."},
	    {CURLE_COULDNT_CONNECT, UC_EUNREACHABLE, "peer-refused", "Check the port, and that the service runs."},
	    {CURLE_OPERATION_TIMEDOUT, UC_EUNREACHABLE, "peer-timeout", "Check that the host is up and no firewall is between."},
	    {CURLE_SSL_CONNECT_ERROR, UC_EUNREACHABLE, "peer-no-tls", "Check that the port speaks TLS from its first byte."},
	    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, UC_EREFUSED, "peer-not-authentic", "Ask again; if it stays, somebody is between."},
	};
	const char *text = why[0] != '\0' ? why : curl_easy_strerror(rc);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].rc == rc) return uc_fail(e, known[i].status, known[i].id, known[i].hint, "no answer from %s: %s", r->peer, text);
	return uc_fail(e, UC_EUNREACHABLE, "peer-lost", "Look whether it happened before you repeat it.", "no answer from %s: %s", r->peer,
	               text);
}

static enum uc_status read_answer(const struct uc_fetch *r, const struct answer *a, struct uc_fetched *out, struct uc_error *e)
{
	json_error_t why = {.text = ""};
	out->json = json_loadb((const char *)a->body.ptr, a->body.len, JSON_REJECT_DUPLICATES, &why);
	if (out->json != NULL) return UC_OK;
	return uc_fail(e, UC_EUNREACHABLE, "bad-answer", "Check that the API of ucpkid is at this address.",
	               "the answer of %s to %s, of HTTP status %ld, is no JSON: line %d: %s", r->peer, r->path, out->status, why.line,
	               why.text);
}

static enum uc_status perform(CURL *curl, const struct uc_fetch *r, struct uc_fetched *out, struct uc_error *e)
{
	UC_CLEANUP(answer_free) struct answer a = {.large = false};
	char why[CURL_ERROR_SIZE] = "";
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &a);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
	CURLcode rc = curl_easy_perform(curl);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL); /* it ends before the handle does */
	if (a.large)
		return uc_fail(e, UC_ELIMIT, "answer-large", "Check that the API of ucpkid is at this address.",
		               "the answer of %s has more than %zu bytes", r->peer, UC_FETCH_MAX);
	if (rc != CURLE_OK) return fail_transfer(r, rc, why, e);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
	return read_answer(r, &a, out, e);
}

enum uc_status uc_fetch(const struct uc_fetch *r, struct uc_fetched *out, struct uc_error *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, init_curl);
	UC_CLEANUP(url_freep) CURLU *url = NULL;
	UC_TRY(make_url(r, &url, e));
	UC_CLEANUP(curl_freep) CURL *curl = curl_easy_init();
	if (curl == NULL) return uc_fail(e, UC_EINTERNAL, "curl", NULL, "libcurl cannot be used");
	char *text = r->body != NULL ? json_dumps(r->body, JSON_COMPACT) : NULL;
	UC_CLEANUP(slist_freep) struct curl_slist *headers = NULL;
	add_header(&headers, "Accept: application/json");
	/* An empty value takes away "Expect: 100-continue", which makes curl wait. */
	add_header(&headers, "Expect:");
	if (text != NULL) add_header(&headers, "Content-Type: application/json");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_CURLU, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	if (text != NULL) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
	set_trust(curl, r);
	enum uc_status status = perform(curl, r, out, e);
	if (status != UC_OK) uc_fetched_free(out);
	free(text);
	return status;
}
