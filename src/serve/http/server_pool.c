#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "serve/http/server_impl.h"

struct uc_http_pool {
	uc_http_handler handler;
	void *ctx;
	int wake; /* eventfd */
	pthread_t *threads;
	unsigned count;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t work;
	struct uc_http_jobs queue, finished;
	size_t waiting;
	bool stopping;
};

static struct uc_http_job *next_job(struct uc_http_pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (STAILQ_EMPTY(&p->queue) && !p->stopping) pthread_cond_wait(&p->work, &p->lock);
	struct uc_http_job *job = NULL;
	if (!p->stopping) {
		job = STAILQ_FIRST(&p->queue);
		STAILQ_REMOVE_HEAD(&p->queue, next);
		p->waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	return job;
}

static void give_back(struct uc_http_pool *p, struct uc_http_job *job)
{
	pthread_mutex_lock(&p->lock);
	STAILQ_INSERT_TAIL(&p->finished, job, next);
	pthread_mutex_unlock(&p->lock);
	/* Fails only when 2^64 - 2 signals are unread, and then the descriptor is readable. */
	(void)!write(p->wake, &(uint64_t){1}, sizeof(uint64_t));
}

static void *worker(void *arg)
{
	struct uc_http_pool *p = arg;
	for (struct uc_http_job *job = next_job(p); job != NULL; job = next_job(p)) {
		p->handler(p->ctx, &job->request, &job->response);
		give_back(p, job);
	}
	return NULL;
}

static _Noreturn void die(const char *what, int errnum)
{
	uc_log(UC_LOG_ERROR, "cannot start the HTTP server: %s: %s", what, strerror(errnum));
	abort();
}

struct uc_http_pool *uc_http_pool_new(unsigned workers, uc_http_handler handler, void *ctx)
{
	struct uc_http_pool *p = uc_zalloc(1, sizeof *p);
	p->handler = handler;
	p->ctx = ctx;
	STAILQ_INIT(&p->queue);
	STAILQ_INIT(&p->finished);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->wake < 0) die("eventfd", errno);
	p->count = workers > 0 ? workers : 1;
	p->threads = uc_zalloc(p->count, sizeof *p->threads);
	/* Signals are the main thread's. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < p->count; i++) {
		int rc = pthread_create(&p->threads[i], NULL, worker, p);
		if (rc != 0) die("a worker thread", rc);
		char name[16];
		snprintf(name, sizeof name, "http-%u", i);
		pthread_setname_np(p->threads[i], name);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return p;
}

int uc_http_pool_fd(const struct uc_http_pool *p)
{
	return p->wake;
}

bool uc_http_pool_put(struct uc_http_pool *p, struct uc_http_job *job)
{
	pthread_mutex_lock(&p->lock);
	bool taken = p->waiting < UC_HTTP_MAX_QUEUE;
	if (taken) {
		STAILQ_INSERT_TAIL(&p->queue, job, next);
		p->waiting++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return taken;
}

void uc_http_pool_take(struct uc_http_pool *p, struct uc_http_jobs *out)
{
	uint64_t signals;
	/* Before the list is taken: a job given back meanwhile signals again. */
	(void)!read(p->wake, &signals, sizeof signals);
	pthread_mutex_lock(&p->lock);
	STAILQ_CONCAT(out, &p->finished);
	pthread_mutex_unlock(&p->lock);
}

void uc_http_pool_stop(struct uc_http_pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->count; i++) pthread_join(p->threads[i], NULL);
}

void uc_http_pool_free(struct uc_http_pool *p)
{
	STAILQ_CONCAT(&p->finished, &p->queue);
	while (!STAILQ_EMPTY(&p->finished)) {
		struct uc_http_job *job = STAILQ_FIRST(&p->finished);
		STAILQ_REMOVE_HEAD(&p->finished, next);
		uc_http_job_free(job);
	}
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	close(p->wake);
	free(p->threads);
	free(p);
}
