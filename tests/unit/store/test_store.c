/* src/store/store.c: opening, transactions, what survives a crash or a full disk, and what is kept beside the log. */
#include "store_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "core/random.h"
#include "small_disk.h"
#include "store/find.h"

static enum uc_status add_trust(struct uc_store *s, const char *cn, uint64_t n, struct uc_error *e)
{
	struct uc_cert *c = cert_named(cn, n);
	UC_CLEANUP(uc_freep) char *name = uc_sprintf("%s_%d.pem", cn, (int)n);
	enum uc_status status = commit_step(s, trust_step("trust.add", "tomcat-trust", name, "cluster", c, ""), e);
	uc_cert_free(c);
	return status;
}

static size_t trust_count(struct uc_store *s)
{
	struct uc_error e;
	UC_CLEANUP(uc_trusts_free) struct uc_trusts found = {.items = NULL};
	assert_ok(uc_store_trust(s, "tomcat-trust", "n1", NULL, NULL, 100000, &found, &e), e);
	return found.count;
}

/* What a killed program had sent to a server is carried out first. */
static void settle(struct uc_store *s)
{
	struct uc_error e;
	assert_ok(uc_store_begin(s, &e), e);
	uc_store_rollback(s);
}

/* The log is whole, and the counters and the listing say the same. Returns the number of trust entries. */
static size_t check_whole(struct uc_store *s)
{
	struct uc_error e;
	char key[] = "key";
	assert_ok(uc_log_verify(s, test_verify, key, &e), e);
	size_t count = trust_count(s);
	json_t *counters = NULL;
	assert_ok(uc_store_counters(s, &counters, &e), e);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(counters, "trust"), "tomcat-trust")), count);
	json_decref(counters);
	int64_t head;
	assert_ok(uc_log_head(s, &head, NULL, &e), e);
	assert_int_equal(head, count);
	return count;
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void the_files_are_private_whatever_the_umask(void **state)
{
	(void)state;
	struct uc_error e;
	char *dir = uc_test_dir();
	mode_t old = umask(0);
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", dir);
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/store.db", dir);
	UC_CLEANUP(uc_freep) char *wal = uc_sprintf("%s-wal", path);
	UC_CLEANUP(uc_freep) char *shm = uc_sprintf("%s-shm", path);
	struct uc_store *s = NULL;
	assert_ok(uc_store_open(url, UC_STORE_WRITE, &s, &e), e);
	umask(old);
	assert_int_equal(mode_of(path), 0600);
	assert_int_equal(mode_of(wal), 0600);
	assert_int_equal(mode_of(shm), 0600);
	uc_store_close(s);
	uc_test_dir_remove(dir);
}

static void a_reader_of_a_store_that_is_not_there_is_told_so(void **state)
{
	(void)state;
	struct uc_error e;
	char *dir = uc_test_dir();
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", dir);
	struct uc_store *s = NULL;
	assert_fails(uc_store_open(url, UC_STORE_READ, &s, &e), e, UC_ENOTFOUND, "store-missing");
	assert_non_null(strstr(e.hint, "ucpkid"));
	assert_int_equal(uc_test_dir_count(dir), 0);
	/* The same for a file that a writer has just made. */
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/store.db", dir);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_fails(uc_store_open(url, UC_STORE_READ, &s, &e), e, UC_ENOTFOUND, "store-missing");
	assert_fails(uc_store_open("nonsense", UC_STORE_READ, &s, &e), e, UC_EINPUT, "bad-store-url");
	assert_fails(uc_store_open("sqlite:", UC_STORE_READ, &s, &e), e, UC_EINPUT, "bad-store-url");
	UC_CLEANUP(uc_freep) char *nowhere = uc_sprintf("sqlite:%s/nowhere/store.db", dir);
	assert_fails(uc_store_open(nowhere, UC_STORE_WRITE, &s, &e), e, UC_EIO, "system");
	uc_test_dir_remove(dir);
}

static void a_store_of_another_version_is_left_alone(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	struct uc_store *s = NULL;
	test_sql(f->url, "UPDATE schema_version SET version = 999");
	assert_fails(uc_store_open(f->url, UC_STORE_WRITE, &s, &e), e, UC_EREFUSED, "schema-newer");
	assert_fails(uc_store_open(f->url, UC_STORE_READ, &s, &e), e, UC_EREFUSED, "schema-newer");
	test_sql(f->url, "UPDATE schema_version SET version = 0");
	assert_fails(uc_store_open(f->url, UC_STORE_READ, &s, &e), e, UC_ENOTFOUND, "store-missing");
}

static void what_is_no_store_is_not_touched(void **state)
{
	(void)state;
	struct uc_error e;
	char *dir = uc_test_dir();
	UC_CLEANUP(uc_freep) char *path = uc_sprintf("%s/store.db", dir);
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s", path);
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++) fputs("this is no database, ", file);
	fclose(file);
	struct uc_store *s = NULL;
	assert_fails(uc_store_open(url, UC_STORE_WRITE, &s, &e), e, UC_EIO, "store-damaged");
	assert_fails(uc_store_open(url, UC_STORE_READ, &s, &e), e, UC_EIO, "store-damaged");
	assert_non_null(strstr(e.message, path));
	uc_test_dir_remove(dir);
}

static void damage_is_told(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	for (uint64_t i = 0; i < 50; i++) assert_ok(add_trust(f->s, "CA", i, &e), e);
	uc_store_close(f->s);
	f->s = NULL;
	/* All pages but the first become noise. */
	struct stat st;
	assert_int_equal(stat(f->database.path, &st), 0);
	int fd = open(f->database.path, O_WRONLY);
	char noise[4096];
	memset(noise, 0xa5, sizeof noise);
	for (off_t at = 4096; at < st.st_size; at += 4096) assert_int_equal(pwrite(fd, noise, sizeof noise, at), 4096);
	close(fd);
	assert_fails(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e, UC_EIO, "store-damaged");
}

static void a_reader_never_writes(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_store_closep) struct uc_store *reader = NULL;
	assert_ok(uc_store_open(f->url, UC_STORE_READ, &reader, &e), e);
	assert_fails(uc_store_begin(reader, &e), e, UC_EINTERNAL, "internal");
	assert_fails(uc_store_effect_put(reader, "n1", 1, "tls", "done", "", &e), e, UC_EIO, "read-only");
	assert_fails(uc_store_commit(reader, &e), e, UC_EINTERNAL, "internal");
}

static void readers_see_one_state_while_a_change_is_made(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	UC_CLEANUP(uc_store_closep) struct uc_store *reader = NULL;
	assert_ok(uc_store_open(f->url, UC_STORE_READ, &reader, &e), e);
	assert_ok(add_trust(f->s, "CA", 1, &e), e);
	assert_ok(uc_store_read_begin(reader, &e), e);
	assert_int_equal(trust_count(reader), 1);
	/* The writer neither waits nor is seen. */
	assert_ok(add_trust(f->s, "CA", 2, &e), e);
	assert_int_equal(trust_count(reader), 1);
	uc_store_read_end(reader);
	assert_int_equal(trust_count(reader), 2);
}

static void what_is_rolled_back_never_was(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	assert_ok(add_trust(f->s, "CA", 1, &e), e);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", 2);
	json_t *change = change_with(json_pack("[o]", trust_step("trust.add", "tomcat-trust", "b.pem", "cluster", c, "")));
	assert_ok(uc_store_begin(f->s, &e), e);
	assert_fails(uc_store_begin(f->s, &e), e, UC_EINTERNAL, "internal");
	assert_ok(uc_log_append(f->s, change, NULL, NULL, &number, &e), e);
	assert_int_equal(number, 2);
	uc_store_rollback(f->s);
	uc_store_rollback(f->s);
	assert_int_equal(check_whole(f->s), 1);
	json_decref(change);
}

/* Waits for a byte from the parent, then appends a change of its own. */
static _Noreturn void second_writer(const char *url, int go)
{
	struct uc_error e;
	struct uc_store *s = NULL;
	char x;
	bool ok = read(go, &x, 1) == 1 && uc_store_open(url, UC_STORE_WRITE, &s, &e) == UC_OK && add_trust(s, "CA", 2, &e) == UC_OK;
	_exit(ok ? 0 : 1);
}

/* A writer that finds another at work waits for it, so numbers and commits are in one order. */
static void two_writers_take_turns(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	int64_t number;
	int go[2];
	char key[] = "key";
	/* SQLite's connections must not be carried through a fork. */
	uc_store_close(f->s);
	assert_int_equal(pipe(go), 0);
	pid_t child = fork();
	if (child == 0) second_writer(f->url, go[0]);
	assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("CA", 1);
	json_t *change = change_with(json_pack("[o]", trust_step("trust.add", "tomcat-trust", "CA_1.pem", "cluster", c, "")));
	assert_ok(uc_store_begin(f->s, &e), e);
	assert_int_equal(write(go[1], "x", 1), 1);
	usleep(200000);
	assert_ok(uc_log_append(f->s, change, test_sign, key, &number, &e), e);
	assert_int_equal(number, 1);
	assert_ok(uc_store_commit(f->s, &e), e);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(check_whole(f->s), 2);
	json_decref(change);
	close(go[0]);
	close(go[1]);
}

/* ---- crashes ---- */

static void a_crash_leaves_the_state_before_or_after(void **state)
{
	static const struct {
		const char *point;
		size_t after; /* entries */
	} rows[] = {{"store-steps-applied", 1}, {"store-before-commit", 1}, {"store-after-commit", 2}};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct uc_error e;
		void *inner = NULL;
		fixture_setup(&inner);
		struct fixture *f = inner;
		assert_ok(add_trust(f->s, "CA", 1, &e), e);
		uc_store_close(f->s);
		pid_t child = fork();
		if (child == 0) {
			struct uc_store *s = NULL;
			if (uc_store_open(f->url, UC_STORE_WRITE, &s, &e) != UC_OK) _exit(2);
			setenv("UCPKI_CRASH_AT", rows[i].point, 1);
			_exit(add_trust(s, "CA", 2, &e) == UC_OK ? 0 : 3);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
		assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e);
		assert_int_equal(check_whole(f->s), rows[i].after);
		assert_ok(add_trust(f->s, "CA", 3, &e), e);
		fixture_teardown(&inner);
	}
}

static void a_kill_at_any_moment_leaves_a_whole_log(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	uc_store_close(f->s);
	size_t least = 0;
	for (int round = 0; round < 12; round++) {
		int done[2];
		assert_int_equal(pipe(done), 0);
		pid_t child = fork();
		if (child == 0) {
			struct uc_store *s = NULL;
			if (uc_store_open(f->url, UC_STORE_WRITE, &s, &e) != UC_OK) _exit(2);
			for (uint64_t n = 0;; n++) {
				if (add_trust(s, "CA", 1000 * (uint64_t)round + n, &e) != UC_OK) _exit(3);
				if (write(done[1], "x", 1) != 1) _exit(4);
			}
		}
		close(done[1]);
		uint8_t random;
		char x;
		uc_random(&random, 1);
		/* What the child was told is committed must still be there. */
		size_t told = 0;
		while (told <= random % 8u && read(done[0], &x, 1) == 1) told++;
		usleep(random * 50u);
		kill(child, SIGKILL);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(WTERMSIG(status), SIGKILL);
		while (read(done[0], &x, 1) == 1) told++;
		close(done[0]);
		assert_ok(uc_store_open(f->url, UC_STORE_WRITE, &f->s, &e), e);
		settle(f->s);
		size_t count = check_whole(f->s);
		assert_true(count >= least + told);
		assert_true(count <= least + told + 1);
		least = count;
		uc_store_close(f->s);
	}
	f->s = NULL;
}

/* ---- full and read-only disks ---- */

static void full_disk(const char *dir)
{
	struct uc_error e = {.id = ""};
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", dir);
	UC_CLEANUP(uc_freep) char *filler = uc_sprintf("%s/filler", dir);
	struct uc_store *s = NULL;
	CHILD_CHECK(uc_store_open(url, UC_STORE_WRITE, &s, &e) == UC_OK);
	CHILD_CHECK(add_trust(s, "CA", 1, &e) == UC_OK);
	int fd = open(filler, O_CREAT | O_WRONLY, 0600);
	char block[1024] = {1};
	while (write(fd, block, sizeof block) > 0) continue;
	enum uc_status status = UC_OK;
	uint64_t n = 2;
	/* What is left in files that exist is used up first. */
	for (; status == UC_OK && n < 2000; n++) status = add_trust(s, "CA", n, &e);
	CHILD_CHECK(status == UC_EFULL && strcmp(e.id, "disk-full") == 0 && e.hint[0] != '\0');
	size_t count = check_whole(s);
	CHILD_CHECK(count == n - 2);
	/* It goes on when there is room again. */
	CHILD_CHECK(ftruncate(fd, 0) == 0);
	close(fd);
	CHILD_CHECK(add_trust(s, "CA", 5000, &e) == UC_OK);
	CHILD_CHECK(check_whole(s) == count + 1);
	uc_store_close(s);
	CHILD_CHECK(uc_store_open(url, UC_STORE_WRITE, &s, &e) == UC_OK);
	CHILD_CHECK(check_whole(s) == count + 1);
	uc_store_close(s);
}

static void a_full_disk_is_told_and_the_old_state_stays(void **state)
{
	(void)state;
	on_small_disk(full_disk);
}

static void full_from_the_start(const char *dir)
{
	struct uc_error e = {.id = ""};
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", dir);
	UC_CLEANUP(uc_freep) char *filler = uc_sprintf("%s/filler", dir);
	int fd = open(filler, O_CREAT | O_WRONLY, 0600);
	char block[1024] = {1};
	while (write(fd, block, sizeof block) > 0) continue;
	struct uc_store *s = NULL;
	CHILD_CHECK(uc_store_open(url, UC_STORE_WRITE, &s, &e) == UC_EFULL && strcmp(e.id, "disk-full") == 0);
	close(fd);
	CHILD_CHECK(unlink(filler) == 0);
	CHILD_CHECK(uc_store_open(url, UC_STORE_WRITE, &s, &e) == UC_OK);
	CHILD_CHECK(add_trust(s, "CA", 1, &e) == UC_OK);
	uc_store_close(s);
}

static void a_store_cannot_be_made_on_a_full_disk(void **state)
{
	(void)state;
	on_small_disk(full_from_the_start);
}

static void read_only_disk(const char *dir)
{
	struct uc_error e = {.id = ""};
	UC_CLEANUP(uc_freep) char *url = uc_sprintf("sqlite:%s/store.db", dir);
	struct uc_store *s = NULL;
	CHILD_CHECK(uc_store_open(url, UC_STORE_WRITE, &s, &e) == UC_OK);
	CHILD_CHECK(add_trust(s, "CA", 1, &e) == UC_OK);
	uc_store_close(s);
	if (mount("tmpfs", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) != 0) _exit(NO_MOUNT);
	CHILD_CHECK(uc_store_open(url, UC_STORE_WRITE, &s, &e) == UC_EIO && strcmp(e.id, "read-only") == 0 && e.hint[0] != '\0');
	UC_CLEANUP(uc_freep) char *other = uc_sprintf("sqlite:%s/other.db", dir);
	CHILD_CHECK(uc_store_open(other, UC_STORE_WRITE, &s, &e) == UC_EIO && strcmp(e.id, "read-only") == 0);
	CHILD_CHECK(uc_store_open(url, UC_STORE_READ, &s, &e) == UC_EIO && strcmp(e.id, "read-only") == 0);
	if (mount("tmpfs", dir, "tmpfs", MS_REMOUNT, NULL) != 0) _exit(NO_MOUNT);
	CHILD_CHECK(uc_store_open(url, UC_STORE_WRITE, &s, &e) == UC_OK);
	CHILD_CHECK(check_whole(s) == 1);
	uc_store_close(s);
}

static void a_read_only_disk_is_told_and_the_old_state_stays(void **state)
{
	(void)state;
	on_small_disk(read_only_disk);
}

/* ---- beside the log ---- */

static void secrets_are_known_by_their_hash(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	char one[65];
	char again[65];
	assert_ok(uc_store_begin(f->s, &e), e);
	assert_ok(uc_store_secret_put(f->s, uc_slice_str("abc"), one, &e), e);
	assert_ok(uc_store_secret_put(f->s, uc_slice_str("abc"), again, &e), e);
	assert_ok(uc_store_commit(f->s, &e), e);
	assert_string_equal(one, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(one, again);
}

static void counters_are_kept_by_store_and_purpose(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	json_t *counters = NULL;
	assert_ok(uc_store_counters(f->s, &counters, &e), e);
	json_t *empty = json_pack("{s:{}, s:{}}", "own", "trust");
	assert_true(json_equal(counters, empty));
	json_decref(empty);
	json_decref(counters);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *c = cert_named("a", 1);
	UC_CLEANUP(uc_cert_freep) struct uc_cert *other = cert_named("a", 2);
	assert_ok(commit_step(f->s, identity_step("tomcat", c, NULL, json_null()), &e), e);
	assert_ok(commit_step(f->s, identity_step("tomcat", other, NULL, identity_values(c, NULL)), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.add", "CAPF-trust", "a.pem", "cluster", c, ""), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.add", "CAPF-trust", "a.pem", "n1", c, ""), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.add", "TVS-trust", "a.pem", "n1", c, ""), &e), e);
	assert_ok(commit_step(f->s, trust_step("trust.remove", "TVS-trust", "a.pem", "n1", c, ""), &e), e);
	assert_ok(uc_store_counters(f->s, &counters, &e), e);
	json_t *want = json_pack("{s:{s:i}, s:{s:i}}", "own", "tomcat", 1, "trust", "CAPF-trust", 2);
	assert_true(json_equal(counters, want));
	json_decref(want);
	json_decref(counters);
}

static void effects_tell_the_last_state_of_each(void **state)
{
	struct fixture *f = *state;
	struct uc_error e;
	uc_clock_set(1767225600);
	assert_ok(uc_store_effect_put(f->s, "n1", 7, "tls", "waiting", NULL, &e), e);
	assert_ok(uc_store_effect_put(f->s, "n1", 7, "tls", "done", "new chain", &e), e);
	assert_ok(uc_store_effect_put(f->s, "n2", 7, "tls", "failed", "no answer", &e), e);
	assert_ok(uc_store_effect_put(f->s, "n1", 8, "tls", "done", "", &e), e);
	json_t *effects = NULL;
	assert_ok(uc_store_effects(f->s, 7, &effects, &e), e);
	json_t *want = json_pack("[{s:s, s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s, s:s}]", "node", "n1", "effect", "tls", "state", "done",
	                         "detail", "new chain", "at", "2026-01-01T00:00:00Z", "node", "n2", "effect", "tls", "state", "failed",
	                         "detail", "no answer", "at", "2026-01-01T00:00:00Z");
	assert_true(json_equal(effects, want));
	json_decref(want);
	json_decref(effects);
	uc_clock_set(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_store_of_another_version_is_left_alone, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(a_reader_never_writes, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(readers_see_one_state_while_a_change_is_made, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(what_is_rolled_back_never_was, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(two_writers_take_turns, fixture_setup, fixture_teardown),
	    cmocka_unit_test(a_crash_leaves_the_state_before_or_after),
	    cmocka_unit_test_setup_teardown(a_kill_at_any_moment_leaves_a_whole_log, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(secrets_are_known_by_their_hash, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(counters_are_kept_by_store_and_purpose, fixture_setup, fixture_teardown),
	    cmocka_unit_test_setup_teardown(effects_tell_the_last_state_of_each, fixture_setup, fixture_teardown),
	};
	const struct CMUnitTest file_tests[] = {
	    cmocka_unit_test(the_files_are_private_whatever_the_umask),
	    cmocka_unit_test(a_reader_of_a_store_that_is_not_there_is_told_so),
	    cmocka_unit_test(what_is_no_store_is_not_touched),
	    cmocka_unit_test_setup_teardown(damage_is_told, fixture_setup, fixture_teardown),
	    cmocka_unit_test(a_full_disk_is_told_and_the_old_state_stays),
	    cmocka_unit_test(a_store_cannot_be_made_on_a_full_disk),
	    cmocka_unit_test(a_read_only_disk_is_told_and_the_old_state_stays),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (test_server() == NULL) failed += cmocka_run_group_tests(file_tests, NULL, NULL);
	return failed;
}
