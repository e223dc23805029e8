#include "manage/make.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "manage/preview.h"

static enum uc_status sign(const struct uc_making *j, EVP_PKEY *key, struct uc_buf *der, struct uc_error *e)
{
	UC_CLEANUP(uc_purpose_profile_free) struct uc_purpose_profile profile = {.common_name = NULL};
	UC_TRY(uc_profile_self(j->ctx, j->purpose, j->key, j->years, &profile, e));
	if (j->digest != NULL) profile.profile.digest = j->digest;
	return uc_cert_self_sign(&profile.profile, key, der, e);
}

static enum uc_status make(struct uc_making *j)
{
	snprintf(j->out->purpose, sizeof j->out->purpose, "%s", j->purpose->name);
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_TRY(uc_keys_new(j->ctx->keys, j->key, j->out->key, &key, &j->error));
	return sign(j, key, &j->out->der, &j->error);
}

enum uc_status uc_make_expected(const struct uc_making *j, json_t **out, struct uc_error *e)
{
	static const char *const of_the_key[] = {"fingerprint", "serial", "key_id"};
	static const char *const of_the_name[] = {"common_name", "subject", "issuer"};
	UC_CLEANUP(uc_buf_free) struct uc_buf der = UC_BUF_EMPTY;
	UC_CLEANUP(uc_key_freep) EVP_PKEY *key = NULL;
	UC_CLEANUP(uc_cert_freep) struct uc_cert *cert = NULL;
	UC_TRY(uc_key_generate(uc_key_spec_find("ec-p256"), &key, e));
	UC_TRY(sign(j, key, &der, e));
	UC_TRY(uc_cert_read(uc_buf_slice(&der), &cert, e));
	*out = uc_preview_cert(cert, "self-signed", j->ctx->node);
	json_object_set_new(*out, "key_type", json_string(j->key->text));
	for (size_t i = 0; i < sizeof of_the_key / sizeof *of_the_key; i++) json_object_set_new(*out, of_the_key[i], json_null());
	for (size_t i = 0; uc_purpose_random_name(j->purpose) && i < sizeof of_the_name / sizeof *of_the_name; i++)
		json_object_set_new(*out, of_the_name[i], json_null());
	return UC_OK;
}

/* Work that threads take from, so that all cores make keys at once. */
struct pile {
	pthread_mutex_t lock;
	struct uc_making *jobs;
	size_t count;
	size_t next;
};

static void *work(void *arg)
{
	struct pile *pile = arg;
	for (;;) {
		pthread_mutex_lock(&pile->lock);
		size_t mine = pile->next < pile->count ? pile->next++ : pile->count;
		pthread_mutex_unlock(&pile->lock);
		if (mine == pile->count) return NULL;
		pile->jobs[mine].status = make(&pile->jobs[mine]);
	}
}

enum uc_status uc_make_all(struct uc_making *jobs, size_t count, struct uc_error *e)
{
	enum { MAX_THREADS = 16 };
	struct pile pile = {.lock = PTHREAD_MUTEX_INITIALIZER, .jobs = jobs, .count = count};
	pthread_t threads[MAX_THREADS];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t started = 0;
	/* One fewer than there are cores or certificates: this thread works too. */
	for (long i = 1; i < cores && i < MAX_THREADS && (size_t)i < count; i++)
		if (pthread_create(&threads[started], NULL, work, &pile) == 0) started++;
	work(&pile);
	for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
	for (size_t i = 0; i < count; i++) {
		if (jobs[i].status == UC_OK) continue;
		if (e != NULL) *e = jobs[i].error;
		return jobs[i].status;
	}
	return UC_OK;
}

/* The setting does not shorten what is made to outlive the others (ITLRecovery). */
int uc_usual_years(const struct uc_task_context *ctx, const struct uc_purpose *purpose)
{
	return ctx->policy.years > 0 && purpose->years < 20 ? ctx->policy.years : purpose->years;
}
