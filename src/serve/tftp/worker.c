#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"
#include "core/mem.h"
#include "serve/tftp/impl.h"

struct uc_tftp_workers {
	const struct uc_tftp_source *source;
	int wake; /* borrowed */
	unsigned count;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t work;
	struct uc_tftp_jobs queue, finished;
	bool stopping;
	pthread_t threads[]; /* set before there is a second thread that could look */
};

static struct uc_tftp_job *next_job(struct uc_tftp_workers *w)
{
	struct uc_tftp_job *job = NULL;
	pthread_mutex_lock(&w->lock);
	while (STAILQ_EMPTY(&w->queue) && !w->stopping) pthread_cond_wait(&w->work, &w->lock);
	if (!w->stopping) {
		job = STAILQ_FIRST(&w->queue);
		STAILQ_REMOVE_HEAD(&w->queue, next);
	}
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void *work(void *arg)
{
	struct uc_tftp_workers *w = arg;
	for (struct uc_tftp_job *job = next_job(w); job != NULL; job = next_job(w)) {
		bool later = false;
		const struct uc_tftp_transfer *x = job->transfer;
		job->status = w->source->find(w->source->ctx, x->request.name, x->peer, true, &later, &job->file, &job->error);
		pthread_mutex_lock(&w->lock);
		STAILQ_INSERT_TAIL(&w->finished, job, next);
		pthread_mutex_unlock(&w->lock);
		/* Fails only when 2^64 - 2 signals are unread, and then the descriptor is readable. */
		(void)!write(w->wake, &(uint64_t){1}, sizeof(uint64_t));
	}
	return NULL;
}

static _Noreturn void die(int errnum)
{
	uc_log(UC_LOG_ERROR, "cannot start a thread of the TFTP server: %s", strerror(errnum));
	abort();
}

struct uc_tftp_workers *uc_tftp_workers_new(const struct uc_tftp_source *source, unsigned count, int wake)
{
	struct uc_tftp_workers *w = uc_zalloc(1, sizeof *w + count * sizeof w->threads[0]);
	w->source = source;
	w->wake = wake;
	w->count = count;
	STAILQ_INIT(&w->queue);
	STAILQ_INIT(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	/* Signals are the main thread's. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (unsigned i = 0; i < count; i++) {
		int rc = pthread_create(&w->threads[i], NULL, work, w);
		if (rc != 0) die(rc);
		char name[16];
		snprintf(name, sizeof name, "tftp-%u", i);
		pthread_setname_np(w->threads[i], name);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w;
}

void uc_tftp_workers_put(struct uc_tftp_workers *w, struct uc_tftp_job *job)
{
	pthread_mutex_lock(&w->lock);
	STAILQ_INSERT_TAIL(&w->queue, job, next);
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

void uc_tftp_workers_take(struct uc_tftp_workers *w, struct uc_tftp_jobs *out)
{
	pthread_mutex_lock(&w->lock);
	STAILQ_CONCAT(out, &w->finished);
	pthread_mutex_unlock(&w->lock);
}

void uc_tftp_workers_stop(struct uc_tftp_workers *w)
{
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->count; i++) pthread_join(w->threads[i], NULL);
	struct uc_tftp_job *job;
	STAILQ_FOREACH(job, &w->queue, next)
	{
		job->status = uc_fail(&job->error, UC_EUNAVAILABLE, "stopping", NULL, "the server is stopping");
	}
	STAILQ_CONCAT(&w->finished, &w->queue);
}

void uc_tftp_workers_free(struct uc_tftp_workers *w)
{
	if (w == NULL) return;
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
