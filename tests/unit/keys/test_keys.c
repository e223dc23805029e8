/* src/keys/keys.c: private keys on disk, encrypted, each under its own name. */
#include "uc_test.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>

#include "core/bytes.h"
#include "core/file.h"
#include "keys/keys.h"
#include "pki/digest.h"
#include "pki/request.h"
#include "pki/seal.h"

enum { OWN_FILES = 2 }; /* node.key and node.pem */

struct place {
	char *dir;
	char *keys_dir;
	struct uc_keys *k;
};

static int setup(void **state)
{
	struct uc_error e;
	struct place *p = uc_zalloc(1, sizeof *p);
	p->dir = uc_test_dir();
	p->keys_dir = uc_sprintf("%s/keys", p->dir);
	assert_ok(uc_keys_open(p->dir, &p->k, &e), e);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	uc_keys_close(p->k);
	uc_test_dir_remove(p->dir);
	free(p->keys_dir);
	free(p);
	return 0;
}

static void close_keys(struct place *p)
{
	uc_keys_close(p->k);
	p->k = NULL;
}

static void reopen(struct place *p)
{
	struct uc_error e;
	close_keys(p);
	assert_ok(uc_keys_open(p->dir, &p->k, &e), e);
}

static char *key_path(const struct place *p, const char *id)
{
	return uc_sprintf("%s/%s.key", p->keys_dir, id);
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static struct uc_buf contents(const char *path)
{
	struct uc_error e;
	struct uc_buf b = UC_BUF_EMPTY;
	assert_ok(uc_file_read(path, 1 << 20, &b, &e), e);
	return b;
}

static void overwrite(const char *path, const void *data, size_t len)
{
	struct uc_error e;
	assert_ok(uc_file_write(path, uc_slice_of(data, len), 0600, &e), e);
}

/* A new EC key, which is the fastest to make. */
static void new_key(struct place *p, char id[UC_KEY_ID_LEN], EVP_PKEY **key)
{
	struct uc_error e;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *made = NULL;
	assert_ok(uc_keys_new(p->k, uc_key_spec_find("ec-p256"), id, &made, &e), e);
	if (key != NULL) *key = uc_move(made);
}

static void a_new_directory_gets_a_master_key_and_a_node_key_only_for_its_owner_C142(void **state)
{
	struct place *p = *state;
	UC_CLEANUP(uc_freep) char *master = uc_sprintf("%s/master.key", p->dir);
	UC_CLEANUP(uc_freep) char *node = key_path(p, "node");
	assert_int_equal(mode_of(p->keys_dir), 0700);
	assert_int_equal(mode_of(master), 0600);
	assert_int_equal(mode_of(node), 0600);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = contents(master);
	assert_int_equal(bytes.len, 32);
	assert_int_equal(uc_test_dir_count(p->keys_dir), OWN_FILES);
	assert_int_equal(uc_test_dir_count(p->dir), 2);
}

static void a_key_is_named_after_its_public_key_and_readable_only_by_its_owner_C142(void **state)
{
	struct place *p = *state;
	static const char *const kinds[] = {"ec-p256", "ec-p384", "ec-p521", "rsa-2048"};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct uc_error e;
		char id[UC_KEY_ID_LEN];
		UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
		assert_ok(uc_keys_new(p->k, uc_key_spec_find(kinds[i]), id, &key, &e), e);
		char expected[UC_KEY_ID_LEN];
		assert_string_equal(id, uc_key_id_of(key, expected));
		UC_CLEANUP(uc_freep) char *path = key_path(p, id);
		assert_int_equal(mode_of(path), 0600);
		assert_true(uc_keys_has(p->k, id));
	}
	assert_int_equal(uc_test_dir_count(p->keys_dir), OWN_FILES + sizeof kinds / sizeof *kinds);
}

static void a_umask_does_not_open_a_key_C142(void **state)
{
	struct place *p = *state;
	mode_t old = umask(0);
	char id[UC_KEY_ID_LEN];
	new_key(p, id, NULL);
	umask(old);
	UC_CLEANUP(uc_freep) char *path = key_path(p, id);
	assert_int_equal(mode_of(path), 0600);
}

/* Only the DER in the file counts: the clear PKCS#8 of the same key must not be part of it. */
static void a_key_file_is_encrypted(void **state)
{
	struct place *p = *state;
	char id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	new_key(p, id, &key);
	UC_CLEANUP(uc_freep) char *path = key_path(p, id);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf pem = contents(path);
	static const char label[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
	assert_true(pem.len > sizeof label && memcmp(pem.ptr, label, sizeof label - 1) == 0);
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	char *name = NULL;
	char *header = NULL;
	unsigned char *der = NULL;
	long len = 0;
	assert_int_equal(PEM_read_bio(bio, &name, &header, &der, &len), 1);
	BIGNUM *secret = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(key, "priv", &secret), 1);
	unsigned char raw[32];
	assert_int_equal(BN_bn2binpad(secret, raw, sizeof raw), (int)sizeof raw);
	assert_null(memmem(der, (size_t)len, raw, sizeof raw));
	/* AES-256-CBC, as its OID says. */
	static const unsigned char aes[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a};
	assert_non_null(memmem(der, (size_t)len, aes, sizeof aes));
	BN_clear_free(secret);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
}

static void a_key_is_the_same_after_a_restart(void **state)
{
	struct place *p = *state;
	char id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	new_key(p, id, &key);
	reopen(p);
	struct uc_error e;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *again = NULL;
	assert_ok(uc_keys_get(p->k, id, &again, &e), e);
	assert_int_equal(EVP_PKEY_eq(key, again), 1);
}

static void what_is_no_id_of_a_key_is_no_key_whatever_file_it_would_name(void **state)
{
	struct place *p = *state;
	char id[UC_KEY_ID_LEN];
	new_key(p, id, NULL);
	char upper[UC_KEY_ID_LEN];
	memcpy(upper, id, sizeof upper);
	/* An id is lower-case; one without a letter has no other case. */
	for (char *c = upper; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'f') *c = (char)(*c - 'a' + 'A');
	UC_CLEANUP(uc_freep) char *longer = uc_sprintf("%s0", id);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("../keys/%s", id);
	static const char absent[] = "0000000000000000000000000000000000000000000000000000000000000000";
	const char *const wrong[] = {"", "node", "../master", absent, longer, path, upper};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct uc_error e;
		EVP_PKEY *key = NULL;
		if (strcmp(wrong[i], id) == 0) continue;
		assert_false(uc_keys_has(p->k, wrong[i]));
		assert_fails(uc_keys_get(p->k, wrong[i], &key, &e), e, UC_ENOTFOUND, "no-key");
		assert_null(key);
		assert_true(e.hint[0] != '\0');
	}
}

static void an_id_that_is_no_id_can_neither_remove_nor_retire_a_file(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	assert_fails(uc_keys_remove(p->k, "node", &e), e, UC_ENOTFOUND, "no-key");
	assert_fails(uc_keys_remove(p->k, "../master", &e), e, UC_ENOTFOUND, "no-key");
	assert_fails(uc_keys_retire(p->k, "node", &e), e, UC_ENOTFOUND, "no-key");
	assert_int_equal(uc_test_dir_count(p->keys_dir), OWN_FILES);
	reopen(p);
}

static void a_damaged_key_file_is_named_and_harms_no_other(void **state)
{
	struct place *p = *state;
	char good[UC_KEY_ID_LEN];
	char bad[UC_KEY_ID_LEN];
	new_key(p, good, NULL);
	new_key(p, bad, NULL);
	UC_CLEANUP(uc_freep) char *path = key_path(p, bad);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf whole = contents(path);
	const struct {
		const void *data;
		size_t len;
	} damages[] = {{"", 0}, {"rubbish\n", 8}, {whole.ptr, whole.len / 2}};
	reopen(p);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		struct uc_error e;
		EVP_PKEY *key = NULL;
		overwrite(path, damages[i].data, damages[i].len);
		assert_fails(uc_keys_get(p->k, bad, &key, &e), e, UC_EIO, "key-damaged");
		assert_null(key);
		assert_non_null(strstr(e.message, bad));
		assert_ok(uc_keys_get(p->k, good, &key, &e), e);
		uc_key_free(key);
	}
	/* It can still be removed, so that it does not stay for ever. */
	struct uc_error e;
	assert_ok(uc_keys_remove(p->k, bad, &e), e);
}

/* C31: a pair that does not match must not come out of the key directory. */
static void a_file_that_holds_another_key_than_its_name_says_is_damaged_C31(void **state)
{
	struct place *p = *state;
	char one[UC_KEY_ID_LEN];
	char two[UC_KEY_ID_LEN];
	new_key(p, one, NULL);
	new_key(p, two, NULL);
	UC_CLEANUP(uc_freep) char *from = key_path(p, one);
	UC_CLEANUP(uc_freep) char *to = key_path(p, two);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = contents(from);
	overwrite(to, bytes.ptr, bytes.len);
	struct uc_error e;
	EVP_PKEY *key = NULL;
	assert_fails(uc_keys_get(p->k, two, &key, &e), e, UC_EIO, "key-damaged");
	assert_null(key);
}

static void without_the_master_key_nothing_is_made_anew(void **state)
{
	struct place *p = *state;
	UC_CLEANUP(uc_freep) char *master = uc_sprintf("%s/master.key", p->dir);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = contents(master);
	close_keys(p);
	assert_int_equal(unlink(master), 0);
	struct uc_error e;
	assert_fails(uc_keys_open(p->dir, &p->k, &e), e, UC_EIO, "master-key-lost");
	assert_false(uc_file_exists(master));
	overwrite(master, bytes.ptr, bytes.len);
	reopen(p);
}

static void a_master_key_of_another_length_or_another_node_opens_nothing(void **state)
{
	struct place *p = *state;
	UC_CLEANUP(uc_freep) char *master = uc_sprintf("%s/master.key", p->dir);
	UC_CLEANUP(uc_buf_wipe) struct uc_buf bytes = contents(master);
	close_keys(p);
	struct uc_error e;
	overwrite(master, bytes.ptr, bytes.len - 1);
	assert_fails(uc_keys_open(p->dir, &p->k, &e), e, UC_EIO, "key-damaged");
	overwrite(master, "", 0); /* a full disk of an older program */
	assert_fails(uc_keys_open(p->dir, &p->k, &e), e, UC_EIO, "key-damaged");
	bytes.ptr[7] ^= 1;
	overwrite(master, bytes.ptr, bytes.len);
	assert_fails(uc_keys_open(p->dir, &p->k, &e), e, UC_EIO, "key-damaged");
	bytes.ptr[7] ^= 1;
	overwrite(master, bytes.ptr, bytes.len);
	reopen(p);
}

static void a_key_directory_that_others_may_enter_is_refused_C142(void **state)
{
	struct place *p = *state;
	static const mode_t modes[] = {0755, 0750, 0701, 0770};
	close_keys(p);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct uc_error e;
		assert_int_equal(chmod(p->keys_dir, modes[i]), 0);
		assert_fails(uc_keys_open(p->dir, &p->k, &e), e, UC_EREFUSED, "key-directory-open");
		assert_non_null(strstr(e.message, p->keys_dir));
	}
	assert_int_equal(chmod(p->keys_dir, 0700), 0);
	reopen(p);
}

static void opening_removes_what_a_crash_left_and_nothing_else(void **state)
{
	struct place *p = *state;
	char id[UC_KEY_ID_LEN];
	new_key(p, id, NULL);
	UC_CLEANUP(uc_freep) char *tmp = uc_sprintf("%s/%s.key.0123456789abcdef.tmp", p->keys_dir, id);
	UC_CLEANUP(uc_freep) char *other = uc_sprintf("%s/README", p->keys_dir);
	overwrite(tmp, "half a key", 10);
	overwrite(other, "mine", 4);
	reopen(p);
	assert_false(uc_file_exists(tmp));
	assert_true(uc_file_exists(other));
	assert_true(uc_keys_has(p->k, id));
}

static void a_removed_key_is_gone_and_removing_it_again_is_no_error(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	char id[UC_KEY_ID_LEN];
	new_key(p, id, NULL);
	assert_ok(uc_keys_remove(p->k, id, &e), e);
	assert_false(uc_keys_has(p->k, id));
	EVP_PKEY *key = NULL;
	assert_fails(uc_keys_get(p->k, id, &key, &e), e, UC_ENOTFOUND, "no-key");
	assert_ok(uc_keys_remove(p->k, id, &e), e);
	assert_ok(uc_keys_retire(p->k, id, &e), e);
	assert_int_equal(uc_test_dir_count(p->keys_dir), OWN_FILES);
}

/* Sets when a key was stored. */
static void stored_at(const struct place *p, const char *id, uc_time at)
{
	UC_CLEANUP(uc_freep) char *path = key_path(p, id);
	const struct timespec times[2] = {{.tv_sec = at}, {.tv_sec = at}};
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void keys_age_from_when_they_were_stored_or_last_went_out_of_use(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	char old[UC_KEY_ID_LEN];
	char retired[UC_KEY_ID_LEN];
	char young[UC_KEY_ID_LEN];
	new_key(p, old, NULL);
	new_key(p, retired, NULL);
	new_key(p, young, NULL);
	const uc_time day = 1600000000;
	stored_at(p, old, day - 1);
	stored_at(p, young, day);
	stored_at(p, retired, day - 1000);
	stored_at(p, "node", day - 1000); /* the node's own key never ages */
	UC_CLEANUP(uc_strv_free) struct uc_strv before = {.items = NULL};
	assert_ok(uc_keys_older(p->k, day, &before, &e), e);
	assert_int_equal(before.count, 2);
	assert_true(uc_strv_has(&before, old));
	assert_true(uc_strv_has(&before, retired));

	assert_ok(uc_keys_retire(p->k, retired, &e), e);
	UC_CLEANUP(uc_freep) char *path = key_path(p, retired);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_mtime > day - 1000);
	UC_CLEANUP(uc_strv_free) struct uc_strv after = {.items = NULL};
	assert_ok(uc_keys_older(p->k, st.st_mtime, &after, &e), e);
	assert_false(uc_strv_has(&after, retired));
}

static bool verifies(const struct uc_keys *k, struct uc_slice data, struct uc_slice signature)
{
	return uc_signature_ok(uc_keys_node_cert(k), data, signature);
}

static void the_node_signs_and_only_its_own_signature_verifies(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_buf_free) struct uc_buf sig = UC_BUF_EMPTY;
	struct uc_slice text = uc_slice_str("{\"v\":1}");
	assert_ok(uc_keys_node_sign(p->k, text, &sig, &e), e);
	assert_true(verifies(p->k, text, uc_buf_slice(&sig)));
	assert_false(verifies(p->k, uc_slice_str("{\"v\":2}"), uc_buf_slice(&sig)));
	assert_false(verifies(p->k, text, uc_slice_of(sig.ptr, sig.len - 1)));
	assert_false(verifies(p->k, text, uc_slice_of(NULL, 0)));
	reopen(p);
	assert_true(verifies(p->k, text, uc_buf_slice(&sig)));

	void *other_state = NULL;
	setup(&other_state);
	struct place *other = other_state;
	assert_false(verifies(other->k, text, uc_buf_slice(&sig)));
	teardown(&other_state);
}

/* ---- the node's certificate ---- */

static char *cert_path(const struct place *p)
{
	return uc_sprintf("%s/node.pem", p->keys_dir);
}

static void the_node_certificate_is_for_the_node_key_and_for_all_times(void **state)
{
	struct place *p = *state;
	const struct uc_cert *c = uc_keys_node_cert(p->k);
	UC_CLEANUP(uc_freep) char *path = cert_path(p);
	assert_int_equal(mode_of(path), 0600);
	UC_CLEANUP(uc_freep) char *label = uc_cert_label(c);
	char id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_freep) char *cn = uc_sprintf("ucpki node %.16s", uc_key_id(c->spki, id));
	assert_string_equal(label, cn);
	assert_true(uc_cert_self_signed(c));
	assert_string_equal(uc_key_spec_of(c->spki)->name, "ec-p256");
	assert_int_equal(c->key_usage, UC_KU_DIGITAL_SIGNATURE | UC_KU_KEY_AGREEMENT);
	assert_false(c->is_ca);
	assert_string_equal(uc_cert_state(c, 0), "valid");
	assert_string_equal(uc_cert_state(c, UC_TIME_MAX), "valid");
}

/* The cluster pins it: it must stay the same for good. A node of an older version gets one for the key that it has. */
static void the_node_certificate_survives_a_restart_and_a_missing_one_is_made(void **state)
{
	struct place *p = *state;
	char before[UC_FINGERPRINT_HEX];
	char after[UC_FINGERPRINT_HEX];
	char id[UC_KEY_ID_LEN];
	char again[UC_KEY_ID_LEN];
	uc_cert_fingerprint_hex(uc_keys_node_cert(p->k), before);
	uc_key_id(uc_keys_node_cert(p->k)->spki, id);
	reopen(p);
	assert_string_equal(uc_cert_fingerprint_hex(uc_keys_node_cert(p->k), after), before);
	UC_CLEANUP(uc_freep) char *path = cert_path(p);
	close_keys(p);
	assert_int_equal(unlink(path), 0);
	reopen(p);
	assert_true(uc_file_exists(path));
	assert_string_equal(uc_key_id(uc_keys_node_cert(p->k)->spki, again), id);
}

static void a_node_certificate_that_is_damaged_or_of_another_key_is_never_replaced(void **state)
{
	struct place *p = *state;
	void *other_state = NULL;
	setup(&other_state);
	struct place *other = other_state;
	UC_CLEANUP(uc_freep) char *path = cert_path(p);
	UC_CLEANUP(uc_freep) char *other_path = cert_path(other);
	UC_CLEANUP(uc_buf_free) struct uc_buf good = contents(path);
	UC_CLEANUP(uc_buf_free) struct uc_buf foreign = contents(other_path);
	/* The same certificate with another signature: written again, so that only the signature is wrong. */
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf unsigned_ = UC_BUF_EMPTY;
	uc_buf_add_slice(&der, uc_buf_slice(&uc_keys_node_cert(p->k)->der));
	der.ptr[der.len - 1] ^= 1;
	uc_pem_write(&unsigned_, "CERTIFICATE", uc_buf_slice(&der));
	const struct uc_slice bad[] = {uc_slice_str(""), uc_slice_str("rubbish\n"), uc_slice_of(good.ptr, good.len / 2), uc_buf_slice(&foreign),
	                               uc_buf_slice(&unsigned_)};
	close_keys(p);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct uc_error e;
		overwrite(path, bad[i].ptr, bad[i].len);
		assert_fails(uc_keys_open(p->dir, &p->k, &e), e, UC_EIO, "node-cert-damaged");
		assert_non_null(strstr(e.message, path));
		UC_CLEANUP(uc_buf_free) struct uc_buf now = contents(path);
		assert_true(uc_slice_eq(uc_buf_slice(&now), bad[i]));
	}
	overwrite(path, good.ptr, good.len);
	reopen(p);
	teardown(&other_state);
}

/* ---- keys that several nodes have ---- */

/* The certificates of some nodes. Release with uc_certs_free(). */
static struct uc_certs nodes_of(const struct place *a, const struct place *b)
{
	struct uc_certs v = {.items = NULL};
	uc_certs_take(&v, uc_cert_dup(uc_keys_node_cert(a->k)));
	if (b != NULL) uc_certs_take(&v, uc_cert_dup(uc_keys_node_cert(b->k)));
	return v;
}

static void a_sealed_key_is_taken_by_the_nodes_it_is_sealed_to_and_by_no_other(void **state)
{
	struct place *p = *state;
	static const char *const kinds[] = {"ec-p256", "ec-p384", "rsa-2048"};
	void *other_state = NULL;
	void *third_state = NULL;
	setup(&other_state);
	setup(&third_state);
	struct place *other = other_state;
	struct place *third = third_state;
	UC_CLEANUP(uc_certs_free) struct uc_certs both = nodes_of(p, other);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct uc_error e;
		char id[UC_KEY_ID_LEN];
		UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
		UC_CLEANUP(uc_key_freep) EVP_PKEY *taken = NULL;
		UC_CLEANUP(uc_buf_free) struct uc_buf blob = UC_BUF_EMPTY;
		assert_ok(uc_keys_new(p->k, uc_key_spec_find(kinds[i]), id, &key, &e), e);
		assert_ok(uc_keys_seal(p->k, id, &both, &blob, &e), e);
		assert_ok(uc_keys_take(other->k, id, uc_buf_slice(&blob), &e), e);
		reopen(other); /* it is on the disk, under other's own master key */
		assert_ok(uc_keys_get(other->k, id, &taken, &e), e);
		assert_int_equal(EVP_PKEY_eq(key, taken), 1);
		UC_CLEANUP(uc_freep) char *path = key_path(other, id);
		assert_int_equal(mode_of(path), 0600);
		/* Again, and where it was from the beginning. */
		assert_ok(uc_keys_take(other->k, id, uc_buf_slice(&blob), &e), e);
		assert_ok(uc_keys_take(p->k, id, uc_buf_slice(&blob), &e), e);
		assert_fails(uc_keys_take(third->k, id, uc_buf_slice(&blob), &e), e, UC_EREFUSED, "sealed-to-others");
		assert_false(uc_keys_has(third->k, id));
	}
	assert_int_equal(uc_test_dir_count(other->keys_dir), OWN_FILES + sizeof kinds / sizeof *kinds);
	teardown(&other_state);
	teardown(&third_state);
}

/* The key's two halves and its name belong together, whoever sealed it (C31). */
static void what_is_another_key_than_its_id_says_is_not_taken_C31(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	char id[UC_KEY_ID_LEN];
	char wrong[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_certs_free) struct uc_certs self = nodes_of(p, NULL);
	UC_CLEANUP(uc_buf_free) struct uc_buf blob = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf rubbish = UC_BUF_EMPTY;
	new_key(p, id, NULL);
	new_key(p, wrong, NULL);
	assert_ok(uc_keys_seal(p->k, id, &self, &blob, &e), e);
	assert_ok(uc_seal(uc_slice_str("no key"), &self, &rubbish, &e), e);
	assert_ok(uc_keys_remove(p->k, wrong, &e), e);
	assert_fails(uc_keys_take(p->k, wrong, uc_buf_slice(&blob), &e), e, UC_EIO, "key-damaged");
	assert_fails(uc_keys_take(p->k, wrong, uc_buf_slice(&rubbish), &e), e, UC_EIO, "key-damaged");
	assert_fails(uc_keys_take(p->k, wrong, uc_slice_str("rubbish"), &e), e, UC_EINPUT, "seal-broken");
	assert_fails(uc_keys_take(p->k, "../master", uc_buf_slice(&blob), &e), e, UC_EIO, "key-damaged");
	assert_int_equal(uc_test_dir_count(p->keys_dir), OWN_FILES + 1);
}

static void a_private_key_that_is_not_of_its_public_one_is_not_taken_C31(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	char id[UC_KEY_ID_LEN];
	char other_id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *other = NULL;
	new_key(p, id, &key);
	new_key(p, other_id, &other);
	uint8_t secret[32];
	uint8_t theirs[32];
	BIGNUM *n = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(key, "priv", &n), 1);
	assert_int_equal(BN_bn2binpad(n, secret, sizeof secret), (int)sizeof secret);
	assert_int_equal(EVP_PKEY_get_bn_param(other, "priv", &n), 1);
	assert_int_equal(BN_bn2binpad(n, theirs, sizeof theirs), (int)sizeof theirs);
	BN_clear_free(n);
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	unsigned char *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	uint8_t *at = memmem(der, (size_t)len, secret, sizeof secret);
	assert_non_null(at);
	memcpy(at, theirs, sizeof theirs);
	UC_CLEANUP(uc_certs_free) struct uc_certs self = nodes_of(p, NULL);
	UC_CLEANUP(uc_buf_free) struct uc_buf blob = UC_BUF_EMPTY;
	assert_ok(uc_seal(uc_slice_of(der, (size_t)len), &self, &blob, &e), e);
	OPENSSL_free(der);
	assert_ok(uc_keys_remove(p->k, id, &e), e);
	assert_fails(uc_keys_take(p->k, id, uc_buf_slice(&blob), &e), e, UC_EIO, "key-damaged");
	assert_false(uc_keys_has(p->k, id));
}

static void a_damaged_key_is_healed_by_what_was_sealed(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	char id[UC_KEY_ID_LEN];
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *again = NULL;
	UC_CLEANUP(uc_certs_free) struct uc_certs self = nodes_of(p, NULL);
	UC_CLEANUP(uc_buf_free) struct uc_buf blob = UC_BUF_EMPTY;
	new_key(p, id, &key);
	assert_ok(uc_keys_seal(p->k, id, &self, &blob, &e), e);
	UC_CLEANUP(uc_freep) char *path = key_path(p, id);
	overwrite(path, "half", 4);
	assert_ok(uc_keys_take(p->k, id, uc_buf_slice(&blob), &e), e);
	assert_ok(uc_keys_get(p->k, id, &again, &e), e);
	assert_int_equal(EVP_PKEY_eq(key, again), 1);
}

static void only_a_key_that_is_here_can_be_sealed(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	UC_CLEANUP(uc_certs_free) struct uc_certs self = nodes_of(p, NULL);
	UC_CLEANUP(uc_buf_free) struct uc_buf blob = UC_BUF_EMPTY;
	static const char *const ids[] = {"node", "../master", "", "0000000000000000000000000000000000000000000000000000000000000000"};
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		assert_fails(uc_keys_seal(p->k, ids[i], &self, &blob, &e), e, UC_ENOTFOUND, "no-key");
	assert_int_equal(blob.len, 0);
}

static void a_symmetric_key_is_named_after_its_hash_stays_sealed_and_goes_on_to_other_nodes(void **state)
{
	struct place *p = *state;
	struct uc_error e;
	void *other_state = NULL;
	setup(&other_state);
	struct place *other = other_state;
	UC_CLEANUP(uc_certs_free) struct uc_certs self = nodes_of(p, NULL);
	UC_CLEANUP(uc_certs_free) struct uc_certs theirs = nodes_of(other, NULL);
	UC_CLEANUP(uc_buf_free) struct uc_buf blob = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_free) struct uc_buf forwarded = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf key = UC_BUF_EMPTY;
	UC_CLEANUP(uc_buf_wipe) struct uc_buf same = UC_BUF_EMPTY;
	char id[UC_KEY_ID_LEN];
	char second[UC_KEY_ID_LEN];
	char hash[UC_SHA256_HEX];
	assert_ok(uc_keys_new_symmetric(&self, id, &blob, &e), e);
	assert_ok(uc_keys_unseal(p->k, uc_buf_slice(&blob), &key, &e), e);
	assert_int_equal(key.len, 32);
	assert_string_equal(uc_sha256_hex(uc_buf_slice(&key), hash), id);
	assert_int_equal(uc_test_dir_count(p->keys_dir), OWN_FILES);
	assert_fails(uc_keys_unseal(other->k, uc_buf_slice(&blob), &same, &e), e, UC_EREFUSED, "sealed-to-others");
	assert_fails(uc_keys_reseal(other->k, uc_buf_slice(&blob), &theirs, &forwarded, &e), e, UC_EREFUSED, "sealed-to-others");
	assert_ok(uc_keys_reseal(p->k, uc_buf_slice(&blob), &theirs, &forwarded, &e), e);
	assert_ok(uc_keys_unseal(other->k, uc_buf_slice(&forwarded), &same, &e), e);
	assert_true(uc_slice_eq(uc_buf_slice(&key), uc_buf_slice(&same)));
	UC_CLEANUP(uc_buf_free) struct uc_buf another = UC_BUF_EMPTY;
	assert_ok(uc_keys_new_symmetric(&self, second, &another, &e), e);
	assert_string_not_equal(id, second);
	teardown(&other_state);
}

enum { THREADS = 4, PER_THREAD = 8 };

struct maker {
	struct uc_keys *k;
	char ids[PER_THREAD][UC_KEY_ID_LEN];
	bool ok;
};

static void *make_keys(void *arg)
{
	struct maker *m = arg;
	m->ok = true;
	for (int i = 0; i < PER_THREAD; i++) {
		EVP_PKEY *key = NULL;
		struct uc_error e;
		m->ok = m->ok && uc_keys_new(m->k, uc_key_spec_find("ec-p256"), m->ids[i], &key, &e) == UC_OK;
		uc_key_free(key);
		key = NULL;
		m->ok = m->ok && uc_keys_get(m->k, m->ids[i], &key, &e) == UC_OK;
		uc_key_free(key);
	}
	return NULL;
}

static void threads_make_and_read_keys_at_once(void **state)
{
	struct place *p = *state;
	struct maker makers[THREADS];
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++) {
		makers[i] = (struct maker){.k = p->k};
		assert_int_equal(pthread_create(&threads[i], NULL, make_keys, &makers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++) assert_true(makers[i].ok);
	assert_int_equal(uc_test_dir_count(p->keys_dir), OWN_FILES + THREADS * PER_THREAD);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
	    T(a_new_directory_gets_a_master_key_and_a_node_key_only_for_its_owner_C142),
	    T(a_key_is_named_after_its_public_key_and_readable_only_by_its_owner_C142),
	    T(a_umask_does_not_open_a_key_C142),
	    T(a_key_file_is_encrypted),
	    T(a_key_is_the_same_after_a_restart),
	    T(what_is_no_id_of_a_key_is_no_key_whatever_file_it_would_name),
	    T(an_id_that_is_no_id_can_neither_remove_nor_retire_a_file),
	    T(a_damaged_key_file_is_named_and_harms_no_other),
	    T(a_file_that_holds_another_key_than_its_name_says_is_damaged_C31),
	    T(without_the_master_key_nothing_is_made_anew),
	    T(a_master_key_of_another_length_or_another_node_opens_nothing),
	    T(a_key_directory_that_others_may_enter_is_refused_C142),
	    T(opening_removes_what_a_crash_left_and_nothing_else),
	    T(a_removed_key_is_gone_and_removing_it_again_is_no_error),
	    T(keys_age_from_when_they_were_stored_or_last_went_out_of_use),
	    T(the_node_signs_and_only_its_own_signature_verifies),
	    T(the_node_certificate_is_for_the_node_key_and_for_all_times),
	    T(the_node_certificate_survives_a_restart_and_a_missing_one_is_made),
	    T(a_node_certificate_that_is_damaged_or_of_another_key_is_never_replaced),
	    T(a_sealed_key_is_taken_by_the_nodes_it_is_sealed_to_and_by_no_other),
	    T(what_is_another_key_than_its_id_says_is_not_taken_C31),
	    T(a_private_key_that_is_not_of_its_public_one_is_not_taken_C31),
	    T(a_damaged_key_is_healed_by_what_was_sealed),
	    T(only_a_key_that_is_here_can_be_sealed),
	    T(a_symmetric_key_is_named_after_its_hash_stays_sealed_and_goes_on_to_other_nodes),
	    T(threads_make_and_read_keys_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
