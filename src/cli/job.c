#include "cli/job.h"

#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "core/mem.h"

enum {
	PAUSE_NS = 500 * 1000 * 1000,
	MAX_LOST = 60 /* in a row: a daemon that is started again is back within half a minute */
};

struct wait {
	struct uc_cli *cli;
	const char *id;
	char state[16]; /* what was said last */
	int lost;       /* questions in a row that were not answered */
};

/* One question. *out stays NULL when the daemon could not be reached and may be back soon. */
static int ask(struct wait *w, json_t **out)
{
	struct uc_error e;
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	uc_url_add(&url, "jobs");
	uc_url_add(&url, w->id);
	const struct uc_call call = {.method = "GET", .path = uc_url_text(&url)};
	enum uc_status status = uc_client_call(w->cli->socket, &call, &answer, &e);
	if (status == UC_EUNREACHABLE && ++w->lost < MAX_LOST) return UC_EXIT_DONE;
	if (status != UC_OK) return uc_cli_fail(w->cli, &e);
	w->lost = 0;
	if (answer.status >= 400) return uc_cli_refused(w->cli, &answer);
	*out = uc_move(answer.json);
	return UC_EXIT_DONE;
}

/* Says what is new. */
static void report(struct wait *w, const json_t *job)
{
	const char *state = uc_json_text(job, "state");
	const char *detail = uc_json_text(job, "detail");
	if (strcmp(w->state, state) == 0) return;
	snprintf(w->state, sizeof w->state, "%s", state);
	fflush(w->cli->out);
	uc_out_line(w->cli->err, "Job %s on %s: %s%s%s", w->id, uc_json_text(job, "node"), state, detail[0] != '\0' ? ": " : "", detail);
}

static bool is_over(const char *state)
{
	static const char *const under_way[] = {"waiting", "running"};
	for (size_t i = 0; i < sizeof under_way / sizeof *under_way; i++)
		if (strcmp(under_way[i], state) == 0) return false;
	return true;
}

static int broken_off(const struct wait *w)
{
	uc_out_line(w->cli->err, "The job goes on: %sshow job %s", uc_cli_prefix(w->cli), w->id);
	return UC_EXIT_FAILED;
}

int uc_job_wait(struct uc_cli *cli, const char *id, json_t **job)
{
	struct wait w = {.cli = cli, .id = id};
	*job = NULL;
	for (;;) {
		UC_CLEANUP(uc_json_free) json_t *seen = NULL;
		int status = ask(&w, &seen);
		if (status != UC_EXIT_DONE) return status;
		if (seen != NULL) report(&w, seen);
		if (seen != NULL && is_over(w.state)) {
			*job = uc_move(seen);
			return strcmp(w.state, "done") == 0 ? UC_EXIT_DONE : UC_EXIT_FAILED;
		}
		if (nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL) != 0) return broken_off(&w);
	}
}
