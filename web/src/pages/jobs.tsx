/* What nodes were asked to do by others. */
import { useEffect, useRef } from "preact/hooks";
import { path, query as toQuery } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { changeHref, jobHref, settingHref } from "../base/names";
import { go } from "../base/route";
import { say, t, tOr } from "../base/text";
import { parseTime } from "../base/time";
import type { Job, NodeRow, Page as List } from "../base/types";
import { SelectField } from "../parts/Field";
import { Mark, type Kind } from "../parts/Mark";
import { Notice, Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Facts, Table, type Column } from "../parts/Table";
import { When } from "../parts/When";
import type { PageProps } from "./routes";

const LIMIT = 50;
const POLL_SECONDS = 5;
const KINDS: Record<Job["state"], Kind> = { waiting: "wait", running: "wait", done: "ok", failed: "danger", expired: "danger" };
const STATES = ["waiting", "done", "failed"] as const;

function JobMark({ state }: { state: Job["state"] }) {
  return <Mark kind={KINDS[state] ?? "note"}>{tOr(`job-state.${state}`, state)}</Mark>;
}

/* ---- all of them ---- */

function columns(): Column<Job>[] {
  return [
    {
      key: "what",
      title: t("jobs.what"),
      cell: (job) => (
        <>
          <a href={jobHref(job.id)}>{say(job.summary)}</a>
          {job.why && <p class="muted">{t("changes.why", { why: job.why })}</p>}
        </>
      ),
    },
    { key: "node", title: t("jobs.node"), cell: (job) => job.node, tight: true },
    { key: "state", title: t("jobs.state"), cell: (job) => <JobMark state={job.state} />, tight: true },
    { key: "by", title: t("jobs.by"), cell: (job) => job.who, tight: true },
    { key: "asked", title: t("jobs.asked"), cell: (job) => <When at={job.created_at} />, tight: true },
  ];
}

interface Asked {
  node: string;
  state: string;
}

function address({ node, state }: Asked, cursor?: string | null): string {
  return "/jobs" + toQuery({ node, state, cursor });
}

function Filter({ asked, nodes }: { asked: Asked; nodes: NodeRow[] }) {
  const set = (name: keyof Asked) => (value: string) => go(address({ ...asked, [name]: value }), { replace: true, keepScroll: true });
  const any = { value: "", text: t("jobs.any") };
  const names = nodes.map((node) => node.name);
  if (asked.node && !names.includes(asked.node)) names.push(asked.node);
  return (
    <form class="filter panel" role="search" onSubmit={(e) => e.preventDefault()}>
      <SelectField name="state" label={t("jobs.state")} value={asked.state} onValue={set("state")} choices={[any, ...STATES.map((value) => ({ value, text: t(`job-state.${value}`) }))]} />
      <SelectField name="node" label={t("jobs.node")} value={asked.node} onValue={set("node")} choices={[any, ...names.map((value) => ({ value, text: value }))]} />
    </form>
  );
}

export function JobsPage({ query }: PageProps) {
  const asked = { node: query.get("node") ?? "", state: query.get("state") ?? "" };
  const cursor = query.get("cursor");
  const nodes = useLoad<List<NodeRow>>("/nodes").data?.items ?? [];
  const jobs = useLoad<List<Job>>("/jobs", { ...asked, cursor, limit: LIMIT }, { poll: POLL_SECONDS });
  return (
    <Page title={t("jobs.title")} lead={t("jobs.lead")} crumbs={[{ text: t("nav.cluster"), href: "/cluster" }]} command={command("show job list", [], { ...asked })}>
      <Filter asked={asked} nodes={nodes} />
      <Show of={jobs}>
        {(list) => (
          <div class="log" aria-busy={!jobs.fresh}>
            <Table caption={t("jobs.title")} columns={columns()} rows={list.items} rowKey={(job) => job.id} empty={t(asked.node || asked.state ? "jobs.none-fit" : "jobs.none")} />
            {list.next && (
              <div class="buttons">
                <a class="button" href={address(asked, list.next)}>
                  {t("jobs.older")}
                </a>
              </div>
            )}
          </div>
        )}
      </Show>
    </Page>
  );
}

/* ---- one ---- */

function isOpen(job: Job): boolean {
  return job.state === "waiting" || job.state === "running";
}

function isLate(job: Job): boolean {
  const deadline = parseTime(job.deadline);
  return !!deadline && deadline.getTime() < Date.now();
}

/* Tasks without arguments. */
const PLAIN: Record<string, string> = { "ctl-update": "/lists/ctl/update", "ctl-reset": "/lists/ctl/reset", "itl-update": "/lists/itl/update", "itl-reset": "/lists/itl/reset" };

/* Where a task is done again, by its name and the arguments it had. */
function againHref({ task, node, arguments: given = {} }: Job): string | null {
  const text = (name: string) => (typeof given[name] === "string" ? (given[name] as string) : "");
  const purpose = text("purpose");
  if (PLAIN[task]) return PLAIN[task];
  if (task === "ctl-mode" && text("mode")) return `/lists/mode/${encodeURIComponent(text("mode"))}`;
  if (task === "setting-set" && text("name")) return settingHref(text("name"));
  if (task === "cert-regen" && purpose) return `/certificates/own/${encodeURIComponent(purpose)}/regenerate${toQuery({ node })}`;
  if (task === "csr-gen") return "/generate-csr" + toQuery({ purpose, node, distribution: text("distribution") });
  if (task === "csr-delete" && purpose) return `/csrs/${encodeURIComponent(purpose)}/delete${toQuery({ node })}`;
  if (task === "import-own" || task === "import-trust") return "/upload" + toQuery({ node, purpose, store: text("store") });
  if (task === "delete-trust" && text("store") && text("name")) return `/certificates/trust/${encodeURIComponent(text("store"))}/${encodeURIComponent(text("name"))}/delete${toQuery({ node })}`;
  return null;
}

function Again({ job }: { job: Job }) {
  const again = againHref(job);
  return (
    <p class="buttons">
      {again && (
        <a class="button" href={again}>
          {t("job.again")}
        </a>
      )}
      <a class="button" href="/cluster">
        {t("job.look-node")}
      </a>
    </p>
  );
}

function State({ job }: { job: Job }) {
  const { node } = job;
  if (isOpen(job))
    return (
      <Notice kind="wait" title={t(job.state === "running" ? "job.running" : "job.waiting", { node })} live>
        {isLate(job) && <p>{t("job.late")}</p>}
      </Notice>
    );
  if (job.state === "done")
    return (
      <Notice kind="ok" title={t("job.done", { node })} live>
        {job.answer === null ? <p>{t("job.done.nothing")}</p> : <a href={changeHref(job.answer)}>{t("job.answer")}</a>}
      </Notice>
    );
  return (
    <Notice kind="danger" title={t(job.state === "expired" ? "job.expired" : "job.failed", { node })} live>
      {job.detail && <p>{say(job.detail)}</p>}
      <p>{t(job.state === "expired" ? "job.expired.hint" : "job.failed.hint")}</p>
      <Again job={job} />
    </Notice>
  );
}

function argumentText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Arguments({ job }: { job: Job }) {
  const given = Object.entries(job.arguments ?? {});
  if (given.length === 0) return null;
  return (
    <Section title={t("job.arguments")}>
      <Facts items={given.map(([name, value]) => [name, argumentText(value)])} />
    </Section>
  );
}

function JobBody({ job }: { job: Job }) {
  return (
    <>
      <State job={job} />
      <Facts
        items={[
          [t("jobs.state"), <JobMark state={job.state} />],
          [
            t("job.asked"),
            <>
              {job.who} {job.number !== null && <a href={changeHref(job.number)}>{t("job.asked.change", { number: job.number })}</a>}
            </>,
          ],
          [t("jobs.asked"), <When at={job.created_at} />],
          [t("change.why"), job.why || "—"],
          [t("job.deadline"), <When at={job.deadline} />],
        ]}
      />
      <Arguments job={job} />
    </>
  );
}

/* Who waits for a job is taken on to what came of it; who comes later finds a link. */
function useGoOn(job: Job | undefined): void {
  const waited = useRef(false);
  useEffect(() => {
    if (!job) return;
    if (isOpen(job)) waited.current = true;
    else if (waited.current && job.state === "done" && job.answer !== null) go(`${changeHref(job.answer)}?done=1`, { replace: true });
  }, [job]);
}

export function JobPage({ params }: PageProps) {
  const id = params.id!;
  const done = useRef(false);
  const job = useLoad<Job>(path("jobs", id), {}, { poll: done.current ? undefined : 1 });
  done.current = !!job.data && !isOpen(job.data);
  useGoOn(job.data);
  return (
    <Page
      title={t("job.title", { node: job.data?.node ?? "…" })}
      lead={job.data && say(job.data.summary)}
      crumbs={[
        { text: t("nav.cluster"), href: "/cluster" },
        { text: t("jobs.title"), href: "/jobs" },
      ]}
      command={command("show job", [id])}
    >
      <Show of={job}>{(data) => <JobBody job={data} />}</Show>
    </Page>
  );
}
