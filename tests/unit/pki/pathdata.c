/*
 * Path validation held against public data: NIST's PKITS and C2SP's x509-limbo (docs/path-validation.md). The lists of known differences
 * are exact: what gets better fails as well, until the list and the document say so.
 */
#include "uc_test.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "core/file.h"
#include "pki/path.h"

static const char pkits_dir[] = "/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data";
static const uc_time pkits_time = 1302768000; /* 2011-04-14 */

/* "id: what we say" of each case that differs, in the order of the data. */
struct differences {
	struct uc_strv lines;
	size_t total;
	size_t wrongly_accepted;
};

static void count(struct differences *d, const char *id, bool expected, const struct uc_path *path)
{
	d->total++;
	if (getenv("UCPKI_PATHDATA_VERBOSE") != NULL)
		print_message("%s: %s %s\n", id, path->ok ? "valid" : path->code, path->ok ? "" : path->message);
	if (path->ok == expected) return;
	if (path->ok) d->wrongly_accepted++;
	uc_strv_take(&d->lines, uc_sprintf("%s: %s", id, path->ok ? "valid" : path->code));
}

static void assert_differences(const struct differences *d, const char *const *known, size_t known_count)
{
	bool same = d->lines.count == known_count;
	for (size_t i = 0; same && i < known_count; i++) same = strcmp(d->lines.items[i], known[i]) == 0;
	print_message("%zu of %zu agree\n", d->total - d->lines.count, d->total);
	if (same) return;
	for (size_t i = 0; i < d->lines.count; i++) print_message("differs: %s\n", d->lines.items[i]);
	fail_msg("%zu of %zu differ; the list of known differences here and in docs/path-validation.md has %zu", d->lines.count, d->total,
	         known_count);
}

/* A file of the samples: in UCPKI_TEST_DATA, else beside the project. NULL when it is not there. Free with free(). */
static char *sample(const char *name)
{
	char *found = uc_test_sample(name);
	if (found != NULL || getenv("UCPKI_TEST_DATA") != NULL) return found;
	char *path = uc_sprintf("../shared/samples/%s", name);
	if (access(path, R_OK) == 0) return path;
	free(path);
	return NULL;
}

static struct uc_buf read_file(const char *path)
{
	struct uc_buf data = UC_BUF_EMPTY;
	struct uc_error e;
	assert_ok(uc_file_read(path, (size_t)16 * 1024 * 1024, &data, &e), e);
	return data;
}

/* PKITS */

static struct uc_buf read_pkits(const char *folder, const char *name, const char *ending)
{
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/%s/%s.%s", pkits_dir, folder, name, ending);
	return read_file(path);
}

static struct uc_cert *read_pkits_cert(const char *name)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf der = read_pkits("certs", name, "crt");
	struct uc_cert *c = NULL;
	struct uc_error e;
	assert_ok(uc_cert_read(uc_buf_slice(&der), &c, &e), e);
	return c;
}

/* The fields of a line of pkits.tsv. */
enum { PKITS_ID, PKITS_EXPECTED, PKITS_CHAIN, PKITS_CRLS, PKITS_POLICIES, PKITS_FLAGS, PKITS_FIELDS };

/* others: instead of the intermediates of the case, when not NULL. */
static void run_pkits(const struct uc_strv *field, const struct uc_certs *others, struct differences *d)
{
	enum { MAX = 20 };
	const char *policies[MAX] = {NULL};
	struct uc_slice crls[MAX];
	struct uc_buf crl_files[MAX];
	struct uc_strv chain = {.items = NULL};
	struct uc_strv names = {.items = NULL};
	struct uc_strv oids = {.items = NULL};
	uc_strv_split(&chain, field->items[PKITS_CHAIN], ',');
	uc_strv_split(&names, field->items[PKITS_CRLS], ',');
	uc_strv_split(&oids, field->items[PKITS_POLICIES], ',');
	assert_true(names.count < MAX && oids.count < MAX && chain.count >= 2);
	for (size_t i = 0; i < oids.count; i++) policies[i] = oids.items[i];
	for (size_t i = 0; i < names.count; i++) {
		crl_files[i] = read_pkits("crls", names.items[i], "crl");
		crls[i] = uc_buf_slice(&crl_files[i]);
	}
	struct uc_certs anchors = {.items = NULL};
	struct uc_certs own = {.items = NULL};
	uc_certs_take(&anchors, read_pkits_cert(chain.items[0]));
	for (size_t i = 1; i + 1 < chain.count; i++) uc_certs_take(&own, read_pkits_cert(chain.items[i]));
	UC_CLEANUP(uc_cert_freep) struct uc_cert *leaf = read_pkits_cert(chain.items[chain.count - 1]);
	const char *flags = field->items[PKITS_FLAGS];
	struct uc_path_options options = {.at = pkits_time,
	                                  .allow_weak = true,
	                                  .crl_check = true,
	                                  .crls = crls,
	                                  .crl_count = names.count,
	                                  .policies = policies,
	                                  .explicit_policy = strstr(flags, "explicit") != NULL,
	                                  .inhibit_any = strstr(flags, "inhibit-any") != NULL,
	                                  .inhibit_map = strstr(flags, "inhibit-map") != NULL};
	struct uc_path path;
	uc_path_build(leaf, others != NULL ? others : &own, &anchors, &options, &path);
	count(d, field->items[PKITS_ID], strcmp(field->items[PKITS_EXPECTED], "valid") == 0, &path);
	uc_path_free(&path);
	for (size_t i = 0; i < names.count; i++) uc_buf_free(&crl_files[i]);
	uc_certs_free(&anchors);
	uc_certs_free(&own);
	uc_strv_free(&chain);
	uc_strv_free(&names);
	uc_strv_free(&oids);
}

static const char *const pkits_known[] = {
    "4.1.5: malformed",
    "4.14.30: no-crl",
};

static void run_all_pkits(const struct uc_certs *others)
{
	UC_CLEANUP(uc_freep) char *list = sample("x509/pkits.tsv");
	UC_CLEANUP(uc_buf_free) struct uc_buf text = read_file(list);
	uc_buf_add_u8(&text, '\0');
	struct uc_strv lines = {.items = NULL};
	uc_strv_split(&lines, (const char *)text.ptr, '\n');
	struct differences d = {.total = 0};
	for (size_t i = 0; i < lines.count; i++) {
		if (lines.items[i][0] == '#') continue;
		struct uc_strv field = {.items = NULL};
		uc_strv_split(&field, lines.items[i], '\t');
		assert_int_equal(field.count, PKITS_FIELDS);
		run_pkits(&field, others, &d);
		uc_strv_free(&field);
	}
	uc_strv_free(&lines);
	assert_int_equal(d.total, 249);
	assert_int_equal(d.wrongly_accepted, 0);
	assert_differences(&d, pkits_known, sizeof pkits_known / sizeof *pkits_known);
	uc_strv_free(&d.lines);
}

static void need_pkits(void)
{
	char *list = sample("x509/pkits.tsv");
	bool there = list != NULL;
	free(list);
	if (!there) uc_skip("x509/pkits.tsv is not there (UCPKI_TEST_DATA)");
	if (access(pkits_dir, R_OK) != 0) uc_skip("Debian's python3-cryptography-vectors is not installed");
}

static void pkits_differs_only_where_documented(void **state)
{
	(void)state;
	need_pkits();
	run_all_pkits(NULL);
}

/* C6: with every certificate of the suite as a possible intermediate, its other CAs of the same names among them, nothing changes. */
static void pkits_paths_are_found_among_all_its_certificates(void **state)
{
	(void)state;
	need_pkits();
	UC_CLEANUP(uc_freep) char *folder = uc_sprintf("%s/certs", pkits_dir);
	struct uc_certs all = {.items = NULL};
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		const char *ending = strstr(entry->d_name, ".crt");
		if (ending == NULL) continue;
		UC_CLEANUP(uc_freep) char *name = uc_strndup(entry->d_name, (size_t)(ending - entry->d_name));
		uc_certs_take(&all, read_pkits_cert(name));
	}
	closedir(dir);
	assert_true(all.count > 400);
	run_all_pkits(&all);
	uc_certs_free(&all);
}

/* x509-limbo */

static struct uc_cert *read_pem(const json_t *pem)
{
	assert_true(json_is_string(pem));
	BIO *bio = BIO_new_mem_buf(json_string_value(pem), -1);
	char *name = NULL;
	char *header = NULL;
	unsigned char *data = NULL;
	long len = 0;
	assert_int_equal(PEM_read_bio(bio, &name, &header, &data, &len), 1);
	struct uc_cert *c = NULL;
	struct uc_error e;
	if (uc_cert_read(uc_slice_of(data, (size_t)len), &c, &e) != UC_OK) c = NULL;
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(data);
	BIO_free(bio);
	return c;
}

/* False when one of them cannot be read at all: the product then has nothing to build a path from. */
static bool read_pems(const json_t *list, struct uc_certs *out)
{
	size_t i;
	json_t *pem;
	json_array_foreach(list, i, pem)
	{
		struct uc_cert *c = read_pem(pem);
		if (c == NULL) return false;
		uc_certs_take(out, c);
	}
	return true;
}

static struct uc_path_options limbo_options(const json_t *t)
{
	struct uc_path_options options = {.at = uc_now(), .strict = true, .partial_anchors = true};
	const json_t *at = json_object_get(t, "validation_time");
	struct uc_error e;
	if (json_is_string(at)) assert_ok(uc_time_parse(json_string_value(at), &options.at, &e), e);
	const char *kind = json_string_value(json_object_get(t, "validation_kind"));
	assert_non_null(kind);
	options.purpose = strcmp(kind, "SERVER") == 0 ? UC_PATH_SERVER : UC_PATH_CLIENT;
	const json_t *peer = json_object_get(t, "expected_peer_name");
	if (json_is_object(peer)) options.host = json_string_value(json_object_get(peer, "value"));
	const json_t *depth = json_object_get(t, "max_chain_depth");
	if (json_is_integer(depth)) options.max_depth = json_integer_value(depth) == 0 ? -1 : (int)json_integer_value(depth);
	return options;
}

static void run_limbo(const json_t *t, struct differences *d)
{
	struct uc_path_options options = limbo_options(t);
	struct uc_certs anchors = {.items = NULL};
	struct uc_certs others = {.items = NULL};
	UC_CLEANUP(uc_cert_freep) struct uc_cert *leaf = read_pem(json_object_get(t, "peer_certificate"));
	struct uc_path path = {.code = "unreadable"};
	bool readable = leaf != NULL && read_pems(json_object_get(t, "trusted_certs"), &anchors) &&
	                read_pems(json_object_get(t, "untrusted_intermediates"), &others);
	if (readable) uc_path_build(leaf, &others, &anchors, &options, &path);
	count(d, json_string_value(json_object_get(t, "id")), strcmp(json_string_value(json_object_get(t, "expected_result")), "SUCCESS") == 0,
	      &path);
	uc_path_free(&path);
	uc_certs_free(&anchors);
	uc_certs_free(&others);
}

static void limbo_differs_only_where_documented(void **state)
{
	static const char *const known[] = {
	    "pathlen::validation-ignores-pathlen-in-leaf: usage",
	    "rfc5280::nc::permitted-dn-match: host-mismatch",
	    "webpki::eku::ee-anyeku: valid",
	    "webpki::eku::ee-critical-eku: valid",
	    "webpki::eku::ee-without-eku: valid",
	    "webpki::eku::root-has-eku: valid",
	    "webpki::nc::permitted-dns-match-noncritical: malformed",
	    "webpki::san::san-critical-with-nonempty-subject: valid",
	};
	(void)state;
	UC_CLEANUP(uc_freep) char *file = sample("x509/limbo-2023-12.json");
	if (file == NULL) uc_skip("x509/limbo-2023-12.json is not there (UCPKI_TEST_DATA)");
	json_error_t error;
	json_t *root = json_load_file(file, 0, &error);
	if (root == NULL) fail_msg("%s: %s", file, error.text);
	struct differences d = {.total = 0};
	size_t i;
	json_t *t;
	json_array_foreach(json_object_get(root, "testcases"), i, t) run_limbo(t, &d);
	json_decref(root);
	assert_int_equal(d.total, 135);
	assert_differences(&d, known, sizeof known / sizeof *known);
	uc_strv_free(&d.lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pkits_differs_only_where_documented),
	    cmocka_unit_test(pkits_paths_are_found_among_all_its_certificates),
	    cmocka_unit_test(limbo_differs_only_where_documented),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
