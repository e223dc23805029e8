/* O1: the OAuth keys that all nodes share: their checksums, whether other clusters have the same ones, and new ones. */
import { useState } from "preact/hooks";
import { ApiError, path, request } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { ownHref } from "../base/names";
import { say, t, tOr } from "../base/text";
import type { Authz, Comparison, ProblemBody } from "../base/types";
import { CommandLine, CopyButton, Digits } from "../parts/Copy";
import { AreaField, Form, otherProblem, TextField } from "../parts/Field";
import { Mark, type Kind } from "../parts/Mark";
import { Notice, ProblemNotice, Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Facts, Table } from "../parts/Table";
import { Task } from "../parts/Task";
import { TaskLink } from "../parts/TaskLink";
import { When } from "../parts/When";
import type { PageProps } from "./routes";

const CLUSTER = () => ({ text: t("nav.cluster"), href: "/cluster" });

function Keys({ keys }: { keys: Authz }) {
  return (
    <>
      <Section
        title={t("oauth.signing")}
        actions={
          <TaskLink href="/cluster/oauth/signing/regenerate">
            {t("oauth.regenerate")}
          </TaskLink>
        }
      >
        <p class="muted">{t("oauth.signing.lead")}</p>
        <Facts
          items={[
            [
              t("oauth.checksum"),
              <>
                <Digits text={keys.signing.checksum} /> <CopyButton text={keys.signing.checksum} say={t("oauth.checksum")} />
              </>,
            ],
            [
              t("oauth.certificate"),
              <a href={ownHref("authz")}>
                <Digits text={keys.signing.fingerprint} />
              </a>,
            ],
            [t("side.not_after"), <When at={keys.signing.not_after} />],
          ]}
        />
      </Section>
      <Section title={t("oauth.encryption")}>
        <p class="muted">{t("oauth.encryption.lead")}</p>
        <Facts
          items={[
            [
              t("oauth.checksum"),
              <>
                <Digits text={keys.encryption.checksum} /> <CopyButton text={keys.encryption.checksum} say={t("oauth.checksum")} />
              </>,
            ],
          ]}
        />
        <CommandLine text={command("set key regen authz encryption")} />
      </Section>
    </>
  );
}

const PEER_KIND: Record<Comparison["items"][number]["state"], Kind> = { equal: "ok", differs: "danger", failed: "warn" };

function ComparisonTable({ result }: { result: Comparison }) {
  const word = (same: boolean | null) => (same === null ? "—" : same ? t("oauth.same") : t("oauth.other"));
  return (
    <Table
      caption={t("compare.title")}
      rows={result.items}
      rowKey={(one) => one.peer}
      columns={[
        { key: "peer", title: t("compare.peer"), cell: (one) => one.peer },
        { key: "state", title: t("cluster.state"), cell: (one) => <Mark kind={PEER_KIND[one.state] ?? "note"}>{tOr(`compare.${one.state}`, one.state)}</Mark> },
        { key: "signing", title: t("oauth.signing"), cell: (one) => word(one.signing) },
        { key: "encryption", title: t("oauth.encryption"), cell: (one) => word(one.encryption) },
        {
          key: "detail",
          title: t("compare.detail"),
          cell: (one) => (
            <>
              {one.detail && <p>{say(one.detail)}</p>}
              {one.hint && <p class="muted">{say(one.hint)}</p>}
            </>
          ),
        },
      ]}
    />
  );
}

function CompareSection() {
  const [peers, setPeers] = useState("");
  const [account, setAccount] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Comparison>();
  const [problem, setProblem] = useState<ProblemBody>();
  const list = peers.split(/\s+/).filter(Boolean);
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      setResult(await request<Comparison>("POST", "/authz/compare", { json: { peers: list, account, password } }));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.problem);
    } finally {
      setBusy(false);
    }
  };
  const above = otherProblem(problem, ["peers", "account", "password"]);
  return (
    <Section title={t("compare.title")}>
      <p class="muted">{t("compare.lead")}</p>
      <Form.Provider value={problem}>
        <form class="panel form" onSubmit={send} noValidate>
          {above && <ProblemNotice problem={above} />}
          <AreaField name="peers" label={t("compare.peers")} help={t("compare.peers.help")} rows={3} mono value={peers} onValue={setPeers} />
          <div class="form-row">
            <TextField name="account" label={t("sign-in.account")} value={account} onValue={setAccount} />
            <TextField name="password" label={t("sign-in.password")} type="password" value={password} onValue={setPassword} />
          </div>
          <div class="buttons">
            <button type="submit" disabled={busy || list.length === 0 || !account || !password}>
              {t("compare.action")}
            </button>
          </div>
        </form>
      </Form.Provider>
      {result && <Notice kind={result.equal ? "ok" : "warn"} title={result.equal ? t("compare.all-equal") : t("compare.not-equal")} live />}
      {result && <ComparisonTable result={result} />}
      <CommandLine text={command("utils authz compare", list.length > 0 ? list : ["HOST:PORT"])} />
    </Section>
  );
}

export function OauthPage() {
  const keys = useLoad<Authz>("/authz");
  return (
    <Page title={t("oauth.title")} lead={t("oauth.lead")} crumbs={[CLUSTER()]} command={command("show key authz signing")}>
      <Show of={keys}>{(data) => <Keys keys={data} />}</Show>
      <CompareSection />
    </Page>
  );
}

/* The encryption key is replaced on the command line only (O1). */
export function OauthRegeneratePage({ params }: PageProps) {
  const crumbs = [CLUSTER(), { text: t("oauth.title"), href: "/cluster/oauth" }];
  if (params.key !== "signing")
    return (
      <Page title={t("oauth.encryption")} lead={t("oauth.encryption.lead")} crumbs={crumbs} command={command("set key regen authz encryption")} />
    );
  return (
    <Page title={t("oauth.regenerate.title")} lead={t("oauth.regenerate.lead")} crumbs={crumbs} command={command("set key regen authz signing")}>
      <Task request={{ method: "POST", where: path("authz", "signing", "regenerate") }} action={t("oauth.regenerate.action")} cancel="/cluster/oauth" />
    </Page>
  );
}
