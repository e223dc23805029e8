#include "cli/change.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/ask.h"
#include "cli/job.h"
#include "cli/output.h"
#include "core/mem.h"
#include "core/random.h"

enum { MAX_PASSWORDS = 3, MAX_REPEATS = 5 };

/* How far one change has come. */
struct flow {
	const struct uc_args *args;
	struct uc_change *change;
	char *request; /* the same id for each attempt, so that none is carried out twice */
	char *seen;    /* hash of the plan that was agreed to, or NULL */
	bool yes, force;
	bool preview; /* this attempt only asks for the plan */
	struct uc_buf password;
	int passwords; /* how often it was asked for */
};

static void flow_free(struct flow *f)
{
	free(f->request);
	free(f->seen);
	uc_buf_wipe(&f->password);
}

void uc_change_free(struct uc_change *c)
{
	uc_url_free(&c->url);
	uc_buf_wipe(&c->body); /* it may be a password, or hold a key */
	free(c->done);
	*c = (struct uc_change){.method = NULL};
}

/* The path of this attempt; u is a copy of the change's own. */
static void attempt_url(const struct flow *f, struct uc_url *u)
{
	uc_buf_add_slice(&u->text, uc_buf_slice(&f->change->url.text));
	u->query = f->change->url.query;
	uc_url_param(u, "node", uc_args_value(f->args, UC_OPT_NODE));
	if (f->preview || uc_args_has(f->args, UC_OPT_DRY_RUN)) {
		uc_url_param(u, "dry_run", "1");
		return;
	}
	uc_url_param(u, "request", f->request);
	uc_url_param(u, "why", uc_args_value(f->args, UC_OPT_WHY));
	uc_url_param(u, "seen", f->seen);
	uc_url_param(u, "yes", f->yes ? "1" : NULL);
	uc_url_param(u, "force", f->yes && f->force ? "1" : NULL);
}

/*
 * One attempt. When the connection breaks on the way, it may have been carried out or not; repeating it under the same request id finds
 * out without doing it twice.
 */
static enum uc_status attempt(struct uc_cli *cli, const struct flow *f, struct uc_answer *answer, struct uc_error *e)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	attempt_url(f, &url);
	struct uc_call call = {
	    .method = f->change->method,
	    .path = uc_url_text(&url),
	    .content_type = f->change->content_type,
	    .body = uc_buf_slice(&f->change->body),
	    .password = (const char *)f->password.ptr,
	};
	enum uc_status status = uc_client_call(cli->socket, &call, answer, e);
	struct uc_error lost = {.code = UC_OK};
	for (int i = 0; i < MAX_REPEATS && status == UC_EUNREACHABLE && (i > 0 || strcmp(e->id, "daemon-lost") == 0); i++) {
		if (i == 0) lost = *e;
		uc_answer_free(answer);
		nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
		status = uc_client_call(cli->socket, &call, answer, e);
	}
	if (status == UC_EUNREACHABLE && lost.code != UC_OK) *e = lost;
	return status;
}

static bool code_is(const struct uc_answer *answer, const char *code)
{
	return strcmp(uc_json_text(answer->json, "code"), code) == 0;
}

static int stop(struct uc_cli *cli, const char *why)
{
	fflush(cli->out);
	uc_out_line(cli->err, "Nothing was changed. %s", why);
	return UC_EXIT_FAILED;
}

/* Shows the plan and asks. Returns UC_EXIT_DONE when a person agreed, with the plan's hash noted; otherwise says why nothing happens. */
static int agree(struct uc_cli *cli, struct flow *f, const json_t *plan)
{
	uc_out_plan(cli->out, plan, cli->colour);
	bool danger = strcmp(uc_json_text(plan, "worst"), "danger") == 0;
	if (danger && (!f->force || !cli->ask))
		return stop(cli, cli->ask ? "To go on in spite of the danger, repeat the command with --force."
		                          : "To go on in spite of the danger, repeat the command with --yes and --force.");
	if (!cli->ask) return stop(cli, "To go on, repeat the command with --yes.");
	if (!uc_ask_yes(cli, f->change->question != NULL ? f->change->question : "Proceed")) return stop(cli, "");
	free(f->seen);
	f->seen = uc_strdup(uc_json_text(plan, "plan"));
	f->yes = true;
	return UC_EXIT_DONE;
}

/* The daemon wants an answer to this plan. As agree(). */
static int confirm(struct uc_cli *cli, struct flow *f, const struct uc_answer *answer)
{
	const json_t *plan = json_object_get(answer->json, "plan");
	if (cli->json || uc_json_text(plan, "plan")[0] == '\0') return uc_cli_refused(cli, answer);
	if (f->seen != NULL) uc_out_line(cli->out, "The state has changed since; this is the plan now.");
	return agree(cli, f, plan);
}

/* Asks beforehand, when the change has a question of its own. What is refused, or changes nothing, is left to the attempt itself. */
static int confirm_first(struct uc_cli *cli, struct flow *f)
{
	struct uc_error e;
	UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
	if (f->change->question == NULL || !cli->ask || f->yes || uc_args_has(f->args, UC_OPT_DRY_RUN)) return UC_EXIT_DONE;
	f->preview = true;
	enum uc_status status = attempt(cli, f, &answer, &e);
	f->preview = false;
	if (status != UC_OK) return uc_cli_fail(cli, &e);
	bool hopeless = answer.status >= 400 || strcmp(uc_json_text(answer.json, "worst"), "refused") == 0;
	if (hopeless || json_array_size(json_object_get(answer.json, "steps")) == 0) return UC_EXIT_DONE;
	return agree(cli, f, answer.json);
}

static int ask_password(struct uc_cli *cli, struct flow *f)
{
	struct uc_error e;
	f->passwords++;
	if (uc_ask_password(cli, "Password of the file", &f->password, &e) != UC_OK) return uc_cli_fail(cli, &e);
	return UC_EXIT_DONE;
}

static bool wants_password(const struct uc_cli *cli, const struct flow *f, const struct uc_answer *answer)
{
	if (!f->change->password || !cli->ask || uc_args_has(f->args, UC_OPT_PASSWORD_FILE) || f->passwords >= MAX_PASSWORDS) return false;
	return code_is(answer, "password-needed") || (code_is(answer, "wrong-password") && f->passwords > 0);
}

/* A refusal, with what else the plan found. */
static int refused(struct uc_cli *cli, const struct uc_answer *answer)
{
	int status = uc_cli_refused(cli, answer);
	if (!cli->json && code_is(answer, "password-needed")) uc_out_line(cli->err, "  Put it into a file and name that with --password-file.");
	const char *said = uc_json_text(answer->json, "detail");
	UC_CLEANUP(uc_json_free) json_t *others = json_array();
	size_t i;
	json_t *finding;
	json_array_foreach(json_object_get(json_object_get(answer->json, "plan"), "findings"), i,
	                   finding) if (strcmp(uc_json_text(finding, "message"), said) != 0) json_array_append(others, finding);
	if (!cli->json) uc_out_findings(cli->err, others, false);
	return status;
}

static void print_effects(struct uc_cli *cli, const json_t *effects)
{
	size_t i;
	json_t *one;
	json_array_foreach(effects, i, one)
	{
		const char *detail = uc_json_text(one, "detail");
		uc_out_line(cli->out, "  %-8s %s on %s%s%s", uc_json_text(one, "state"), uc_json_text(one, "effect"), uc_json_text(one, "node"),
		            detail[0] == '\0' ? "" : ": ", detail);
	}
}

/* How to say that what follows has been done, when there is something that has to be said so. */
static void print_how_done(struct uc_cli *cli, const json_t *followups)
{
	size_t i;
	json_t *one;
	json_array_foreach(followups, i, one)
	{
		if (uc_json_text(one, "id")[0] == '\0') continue;
		uc_out_line(cli->out, "When one of them is done: %sset followup done ID", uc_cli_prefix(cli));
		return;
	}
}

/* A change that was made; node (or NULL) is the other one that made it. */
static void print_change(struct uc_cli *cli, const struct flow *f, const json_t *json, const char *node)
{
	long long number = uc_json_number(json, "number", 0);
	uc_out_line(cli->out, "%s", f->change->done);
	uc_out_line(cli->out, "Change %lld%s%s: %s", number, node != NULL ? " on " : "", node != NULL ? node : "",
	            uc_json_text(json, "summary"));
	if (f->seen == NULL) uc_out_findings(cli->out, json_object_get(json, "findings"), cli->colour);
	print_effects(cli, json_object_get(json, "effects"));
	uc_out_followups(cli->out, json_object_get(json, "followups"));
	print_how_done(cli, json_object_get(json, "followups"));
	if (!f->change->final && !json_is_false(json_object_get(json, "undoable")))
		uc_out_line(cli->out, "Take it back with: %sutils undo %lld%s%s", uc_cli_prefix(cli), number, node != NULL ? " --node " : "",
		            node != NULL ? node : "");
	if (f->change->tell != NULL) f->change->tell(cli, f->args, json);
}

void uc_change_print_nothing(struct uc_cli *cli, const json_t *json)
{
	uc_out_line(cli->out, "There was nothing to do.");
	uc_out_findings(cli->out, json_object_get(json, "findings"), cli->colour);
}

/* The change by which the other node has answered. */
static int print_answer(struct uc_cli *cli, const struct flow *f, const json_t *job)
{
	UC_CLEANUP(uc_url_free) struct uc_url url = {.query = false};
	UC_CLEANUP(uc_json_free) json_t *change = NULL;
	UC_CLEANUP(uc_freep) char *number = uc_json_shown(job, "answer");
	uc_url_add(&url, "changes");
	uc_url_add(&url, number);
	int status = uc_cli_get(cli, &url, &change);
	if (status != UC_EXIT_DONE) return status;
	if (strcmp(uc_json_text(change, "task"), "job-answer") == 0)
		uc_change_print_nothing(cli, change);
	else
		print_change(cli, f, change, uc_json_text(job, "node"));
	return UC_EXIT_DONE;
}

/* Another node has been asked to do it. */
static int follow_job(struct uc_cli *cli, const struct flow *f, const json_t *json)
{
	UC_CLEANUP(uc_json_free) json_t *job = NULL;
	const char *id = uc_json_text(json, "job");
	bool wait = !uc_args_has(f->args, UC_OPT_NO_WAIT);
	int status = wait ? uc_job_wait(cli, id, &job) : UC_EXIT_DONE;
	if (cli->json) {
		if (!wait || job != NULL) uc_out_json(cli->out, wait ? job : json);
		return status;
	}
	if (status != UC_EXIT_DONE) return status;
	if (wait) return print_answer(cli, f, job);
	uc_out_line(cli->out, "Change %lld: %s", uc_json_number(json, "number", 0), uc_json_text(json, "summary"));
	uc_out_line(cli->out, "How it goes: %sshow job %s", uc_cli_prefix(cli), id);
	return UC_EXIT_DONE;
}

static int print_done(struct uc_cli *cli, const struct flow *f, const struct uc_answer *answer)
{
	const json_t *json = answer->json;
	bool dry_run = json_is_true(json_object_get(json, "dry_run"));
	/* A dry run answers with the plan, also of a task that would be refused. */
	bool refused = strcmp(uc_json_text(json, "worst"), "refused") == 0;
	if (!dry_run && uc_json_text(json, "job")[0] != '\0') return follow_job(cli, f, json);
	if (cli->json) {
		uc_out_json(cli->out, json);
	} else if (dry_run) {
		uc_out_plan(cli->out, json, cli->colour);
		uc_out_line(cli->out, "This was a dry run: nothing was changed.");
	} else if (uc_json_number(json, "number", 0) == 0) {
		uc_change_print_nothing(cli, json);
	} else {
		print_change(cli, f, json, NULL);
	}
	return refused ? UC_EXIT_FAILED : UC_EXIT_DONE;
}

static int run_flow(struct uc_cli *cli, struct flow *f)
{
	for (;;) {
		struct uc_error e;
		UC_CLEANUP(uc_answer_free) struct uc_answer answer = {.status = 0};
		if (attempt(cli, f, &answer, &e) != UC_OK) return uc_cli_fail(cli, &e);
		if (answer.status < 400) return print_done(cli, f, &answer);
		int status = UC_EXIT_DONE;
		if (code_is(&answer, "confirmation-needed") || code_is(&answer, "plan-changed"))
			status = confirm(cli, f, &answer);
		else if (wants_password(cli, f, &answer))
			status = ask_password(cli, f);
		else
			return refused(cli, &answer);
		if (status != UC_EXIT_DONE) return status;
	}
}

int uc_change_run(struct uc_cli *cli, const struct uc_args *args, struct uc_change *c)
{
	struct uc_error e;
	UC_CLEANUP(flow_free)
	struct flow f = {
	    .args = args,
	    .change = c,
	    .request = uc_uuid(),
	    .yes = uc_args_has(args, UC_OPT_YES),
	    .force = uc_args_has(args, UC_OPT_FORCE),
	};
	if (c->password && uc_password_option(args, &f.password, &e) != UC_OK) return uc_cli_fail(cli, &e);
	int status = confirm_first(cli, &f);
	return status == UC_EXIT_DONE ? run_flow(cli, &f) : status;
}
