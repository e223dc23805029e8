/* The store in which the nodes meet: moving a single node's to PostgreSQL, and letting the log go on after a failover that lost changes. */
import { useState } from "preact/hooks";
import { ApiError, request } from "../base/api";
import { command } from "../base/command";
import { news } from "../base/load";
import { t } from "../base/text";
import type { ProblemBody } from "../base/types";
import { CheckField, Form, otherProblem, TextField } from "../parts/Field";
import { Notice, ProblemNotice } from "../parts/Notice";
import { CommandLine } from "../parts/Copy";
import { Section } from "../parts/Page";

/* Sends, and keeps what became of it. */
function useSend<T>() {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemBody>();
  const send = async (where: string, query: Record<string, boolean>, json?: unknown): Promise<T | undefined> => {
    setBusy(true);
    setProblem(undefined);
    try {
      return await request<T>("POST", where, { query, json });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.problem);
      return undefined;
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, send };
}

interface Moved {
  dry_run: boolean;
  changes: number;
}

/* Looks first whether it can be done; the second button is there only for the string that was looked at. */
export function MoveSection() {
  const [url, setUrl] = useState("");
  const [checked, setChecked] = useState<{ url: string; changes: number }>();
  const { busy, problem, send } = useSend<Moved>();
  const check = async (e: Event) => {
    e.preventDefault();
    const answer = await send("/cluster/move", { dry_run: true }, { url });
    setChecked(answer && { url, changes: answer.changes });
  };
  const move = async () => {
    if (await send("/cluster/move", {}, { url })) news.set(news.get() + 1);
    setChecked(undefined);
  };
  const above = otherProblem(problem, ["url"]);
  const ready = checked?.url === url;
  return (
    <Section title={t("move.title")}>
      <p class="lead">{t("move.lead")}</p>
      <Form.Provider value={problem}>
        <form class="panel form" onSubmit={check} noValidate>
          {above && <ProblemNotice problem={above} />}
          <TextField name="url" label={t("move.url")} help={t("move.url.help")} mono secret value={url} onValue={setUrl} />
          {ready && (
            <Notice kind="ok" title={t("move.can", { n: checked.changes })} live>
              <p>{t("move.can.hint")}</p>
            </Notice>
          )}
          <div class="buttons">
            <button type="submit" disabled={busy || !url.trim()}>
              {t("move.check")}
            </button>
            <button type="button" class="primary" disabled={busy || !ready} onClick={move}>
              {t("move.action")}
            </button>
          </div>
        </form>
      </Form.Provider>
      <CommandLine text={command("utils cluster move-to-postgres", [], { "url-file": "FILE" })} />
    </Section>
  );
}

export function ResyncSection() {
  const [agreed, setAgreed] = useState(false);
  const { busy, problem, send } = useSend<{ epoch: number }>();
  const resync = async () => {
    if (await send("/cluster/resync", { force: true })) news.set(news.get() + 1);
    setAgreed(false);
  };
  return (
    <Section title={t("resync.title")}>
      <div class="panel form">
        <p>{t("resync.lead")}</p>
        {problem && <ProblemNotice problem={problem} />}
        <CheckField label={t("resync.agree")} checked={agreed} onChecked={setAgreed} />
        <div class="buttons">
          <button type="button" class="primary destructive" disabled={!agreed || busy} onClick={resync}>
            {t("resync.action")}
          </button>
        </div>
      </div>
      <CommandLine text={command("utils cluster resync", [], { force: true })} />
    </Section>
  );
}
