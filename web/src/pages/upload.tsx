/*
 * U1, U2, U3: a file is looked into before anything is decided: what it holds, and where it can go. The plan then says what will happen to
 * each certificate.
 */
import { useEffect, useState } from "preact/hooks";
import { ApiError, path, request } from "../base/api";
import { command, word } from "../base/command";
import { addFiles, FileProblem, headerBytes, readFiles, type Chosen } from "../base/files";
import { useLoad } from "../base/load";
import { findNode, ofNode } from "../base/purposes";
import { say, t } from "../base/text";
import type { Inspection, NodeRow, Page as List, Plan, ProblemBody, Proposal, Purpose, TrustStore } from "../base/types";
import { CommandLine } from "../parts/Copy";
import { AreaField, Form, otherProblem, RadioField, SelectField, TextField, type Choice } from "../parts/Field";
import { FileField, useFileDrop } from "../parts/FileField";
import { Inspected } from "../parts/Inspected";
import { IssuerAddresses } from "../parts/IssuerAddresses";
import { Notice, Patience, ProblemNotice } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Task, type TaskRequest } from "../parts/Task";
import { Away, NodeField } from "../parts/Where";
import type { PageProps } from "./routes";

/* Where a file can go. node: "" is the one that one is looking at. */
interface Target {
  usage: "own" | "trust";
  unit: string;
  node: string;
  distribution?: string;
  reason: string;
}

interface Source {
  content: Blob | null;
  password: string;
  headers: Record<string, string>;
}

interface Look {
  of: Blob | null;
  inspection?: Inspection;
  problem?: ProblemBody;
}

const SOURCE_FIELDS = ["file", "text", "password"];
const TASK_FIELDS = ["description", "scope", "target", "node"];
const SETTLE_MS = 250;
const OTHER = "other";

/* What the node finds in the file. Nothing is changed by asking. */
function useLook({ content, password, headers }: Source): Look & { again: () => void } {
  const [look, setLook] = useState<Look>({ of: null });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!content) return undefined;
    const abort = new AbortController();
    const ask = async () => {
      try {
        const inspection = await request<Inspection>("POST", "/inspect", { file: content, headers, signal: abort.signal });
        if (!abort.signal.aborted) setLook({ of: content, inspection });
      } catch (e) {
        if (abort.signal.aborted) return;
        if (!(e instanceof ApiError)) throw e;
        setLook({ of: content, problem: e.problem });
      }
    };
    const timer = setTimeout(ask, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [content, password, turn]);
  return { ...(look.of === content ? look : { of: content }), again: () => setTurn((n) => n + 1) };
}

/* Which field a problem with the file belongs to; problems on the way to the node belong to none. */
function fieldOf(problem: ProblemBody, typed: boolean): ProblemBody {
  if (problem.code === "wrong-password") return { ...problem, field: "password" };
  return problem.status >= 400 && problem.status < 500 ? { ...problem, field: typed ? "text" : "file" } : problem;
}

function targetOf(proposal: Proposal, nodes: NodeRow[]): Target {
  if (proposal.usage === "trust") return { usage: "trust", unit: proposal.store, node: "", reason: proposal.reason };
  const here = findNode(nodes, "")?.name === proposal.node;
  return { usage: "own", unit: proposal.purpose, node: here ? "" : proposal.node, distribution: proposal.distribution, reason: proposal.reason };
}

function keyOf(target: Target): string {
  return [target.usage, target.unit, target.node].join("/");
}

function unique(targets: Target[]): Target[] {
  return targets.filter((one, i) => targets.findIndex((other) => keyOf(other) === keyOf(one)) === i);
}

function nameOf(target: Target, nodes: NodeRow[]): string {
  if (target.usage === "trust" && !target.node) return target.unit;
  if (target.distribution === "multi-server") return t("upload.target.multi", { purpose: target.unit });
  return t("upload.target", { unit: target.unit, node: findNode(nodes, target.node)?.name ?? target.node });
}

/* What the address asks for: the page that led here knows where the file belongs. */
function askedFor(query: URLSearchParams, nodes: NodeRow[]): Target | null {
  const [purpose, store] = [query.get("purpose"), query.get("store")];
  const named = query.get("node") ?? "";
  const node = findNode(nodes, "")?.name === named ? "" : named;
  if (purpose) return { usage: "own", unit: purpose, node, reason: "" };
  return store ? { usage: "trust", unit: store, node, reason: "" } : null;
}

/* What there is to choose from. */
interface Surroundings {
  nodes: NodeRow[];
  purposes: Purpose[];
  stores: TrustStore[];
}

interface Choosing extends Surroundings {
  targets: Target[];
  choice: string;
  onChoice: (key: string) => void;
  other: Target;
  onOther: (target: Target) => void;
  scope: string;
  onScope: (scope: string) => void;
  description: string;
  onDescription: (text: string) => void;
}

function OtherTarget({ nodes, purposes, stores, other, onOther }: Choosing) {
  const node = findNode(nodes, other.node);
  const choices: Choice[] = [
    ...(other.unit ? [] : [{ value: "", text: t("upload.other.choose") }]),
    ...ofNode(purposes, node)
      .filter((one) => one.requestable)
      .map((one) => ({ value: `own/${one.name}`, text: `${one.name}: ${say(one.title)}`, group: t("upload.other.own") })),
    ...ofNode(stores, node).map((one) => ({ value: `trust/${one.name}`, text: `${one.name}: ${say(one.holds)}`, group: t("upload.other.trust") })),
  ];
  const choose = (value: string) => {
    const [usage, unit] = value.split("/") as [Target["usage"], string];
    onOther({ ...other, usage, unit });
  };
  return (
    <>
      <SelectField name="target" label={t("upload.other.label")} value={other.unit ? `${other.usage}/${other.unit}` : ""} onValue={choose} choices={choices} />
      <NodeField nodes={nodes} value={other.node} onValue={(to) => onOther({ ...other, node: to })} />
    </>
  );
}

function TrustFields({ store, node, scope, onScope, description, onDescription }: Choosing & { store: TrustStore | undefined; node: string }) {
  return (
    <>
      <TextField name="description" label={t("upload.description")} help={t("upload.description.help")} value={description} onValue={onDescription} />
      <RadioField
        name="scope"
        label={t("upload.scope")}
        value={scope || store?.scope || ""}
        onValue={onScope}
        choices={[
          { value: "cluster", text: t("upload.scope.cluster") },
          { value: "node", text: t("upload.scope.node", { node }) },
        ]}
      />
    </>
  );
}

function TargetForm(props: Choosing & { chosen: Target }) {
  const { targets, nodes, stores, choice, onChoice, chosen } = props;
  return (
    <>
      <RadioField
        name="proposal"
        label={t("upload.where")}
        value={choice}
        onValue={onChoice}
        choices={[
          ...targets.map((one) => ({ value: keyOf(one), text: nameOf(one, nodes), help: one.reason ? say(one.reason) : t("upload.asked") })),
          { value: OTHER, text: targets.length > 0 ? t("upload.other") : t("upload.other.only") },
        ]}
      />
      {choice === OTHER && <OtherTarget {...props} />}
      <Away nodes={nodes} value={chosen.node} />
      {chosen.usage === "trust" && chosen.unit && (
        <TrustFields {...props} store={stores.find((one) => one.name === chosen.unit)} node={findNode(nodes, chosen.node)?.name ?? chosen.node} />
      )}
    </>
  );
}

/* What is left as the store usually has it is not sent. */
function requestOf(target: Target, source: Source, description: string, scope: string): TaskRequest | null {
  if (!target.unit) return null;
  const common = { method: "POST" as const, where: path("certificates", target.usage, target.unit), file: source.content, headers: source.headers };
  if (target.usage === "own") return { ...common, query: { node: target.node } };
  return { ...common, query: { node: target.node, description: description.trim(), scope } };
}

function commandOf(target: Target, names: string[], source: Source, description: string, scope: string): string | null {
  if (!target.unit) return null;
  const trust = target.usage === "trust" ? { description: description.trim(), scope } : {};
  const own = names.length === 1 ? [names[0]!] : [];
  const words = command(`set cert import ${target.usage}`, [target.unit, ...own], { ...trust, node: target.node, "password-file": source.password ? "FILE" : "" });
  return names.length > 1 ? `cat ${names.map(word).join(" ")} | ${words}` : words;
}

/* The plan says which certificate is missing from the chain; here is where to get it, and what to do with it. */
function Lacking({ inspection: { certificates } }: { inspection: Inspection }) {
  const subjects = new Set(certificates.map((one) => one.subject));
  return (
    <Notice kind="note" title={t("upload.lacking")}>
      <IssuerAddresses issued={certificates.filter((one) => !subjects.has(one.issuer)).map((one) => one.report)} />
      <p>{t("upload.lacking.add", { button: t("file.add") })}</p>
    </Notice>
  );
}

function Destination({ inspection, source, names, query, around }: { inspection: Inspection; source: Source; names: string[]; query: URLSearchParams; around: Surroundings }) {
  const { nodes, stores } = around;
  const asked = askedFor(query, nodes);
  const proposed = inspection.proposals.map((one) => targetOf(one, nodes));
  const missing = asked && !proposed.some((one) => keyOf(one) === keyOf(asked)) ? [asked] : [];
  const targets = unique([...proposed, ...missing]);
  const fits = asked && targets.find((one) => keyOf(one) === keyOf(asked) && one.reason);
  const [chosenKey, choose] = useState<string>();
  const [other, setOther] = useState<Target>({ usage: "trust", unit: "", node: asked?.node ?? "", reason: "" });
  const [description, setDescription] = useState("");
  const [scope, setScope] = useState("");
  const [plan, setPlan] = useState<Plan>();

  const first = fits ?? targets[0];
  const choice = chosenKey ?? (first ? keyOf(first) : OTHER);
  const chosen = targets.find((one) => keyOf(one) === choice) ?? other;
  const usual = stores.find((one) => one.name === chosen.unit)?.scope;
  const sentScope = scope && scope !== usual ? scope : "";
  const choosing: Choosing = { ...around, targets, choice, onChoice: choose, other, onOther: setOther, scope, onScope: setScope, description, onDescription: setDescription };
  const words = commandOf(chosen, names, source, description, sentScope);
  return (
    <>
      <Task
        request={requestOf(chosen, source, description, sentScope)}
        incomplete={t("upload.incomplete")}
        action={chosen.usage === "own" ? t("upload.action.own", { name: nameOf(chosen, nodes) }) : t("upload.action.trust", { name: nameOf(chosen, nodes) })}
        fields={TASK_FIELDS}
        cancel="/certificates"
        onPlan={setPlan}
        form={<TargetForm {...choosing} chosen={chosen} />}
      />
      {plan?.findings.some((one) => one.code === "issuer-missing") && <Lacking inspection={inspection} />}
      {words && <CommandLine text={words} />}
    </>
  );
}

function useSurroundings(): { around: Surroundings | undefined; problem: ProblemBody | undefined; reload: () => void } {
  const nodes = useLoad<List<NodeRow>>("/nodes");
  const purposes = useLoad<List<Purpose>>("/purposes");
  const stores = useLoad<List<TrustStore>>("/stores");
  const all = [nodes, purposes, stores];
  const around = nodes.data && purposes.data && stores.data ? { nodes: nodes.data.items, purposes: purposes.data.items, stores: stores.data.items } : undefined;
  return { around, problem: all.find((one) => one.problem)?.problem, reload: () => all.forEach((one) => one.reload()) };
}

/* A file that is locked is opened by Enter or the button: a password half typed is not tried. */
function PasswordForm({ onPassword }: { onPassword: (password: string) => void }) {
  const [typed, setTyped] = useState("");
  const open = (e: Event) => {
    e.preventDefault();
    onPassword(typed);
  };
  return (
    <form class="upload-password" onSubmit={open}>
      <TextField name="password" type="password" label={t("upload.password")} help={t("upload.password.help")} value={typed} onValue={setTyped} autofocus />
      <button type="submit">{t("upload.password.open")}</button>
    </form>
  );
}

export function UploadPage({ query }: PageProps) {
  const [file, setFile] = useState<Chosen | null>(null);
  const [text, setText] = useState("");
  const [password, setPassword] = useState("");
  const [unread, setUnread] = useState<ProblemBody>();
  const [content, setContent] = useState<Blob | null>(null);
  const { around, problem: lacking, reload } = useSurroundings();

  const replace = (chosen: Chosen | null, typed: string) => {
    setFile(chosen);
    setText(typed);
    setUnread(undefined);
    setPassword("");
    setContent(chosen?.content ?? (typed.trim() ? new Blob([typed]) : null));
  };
  const take = async (chosen: Promise<Chosen>) => {
    try {
      replace(await chosen, text);
    } catch (e) {
      if (!(e instanceof FileProblem)) throw e;
      setUnread(e.problem);
    }
  };
  const onFiles = (files: File[]) => take(readFiles(files));
  const onAdd = (files: File[]) => take(file ? addFiles(file, files) : readFiles(files));
  const over = useFileDrop(onFiles, (pasted) => replace(null, pasted));
  const source: Source = { content, password, headers: password ? { "UCPKI-Password": headerBytes(password) } : {} };
  const look = useLook(source);
  const locked = look.problem?.code === "password-needed";
  const asksPassword = !!content && (locked || !!password);
  const problem = unread ?? (look.problem && !locked ? fieldOf(look.problem, !file) : undefined);
  const above = otherProblem(problem, SOURCE_FIELDS);
  return (
    <Page title={t("upload.title")} lead={t("upload.lead")} crumbs={[{ text: t("nav.certificates"), href: "/certificates" }]}>
      <Form.Provider value={problem}>
        <div class="upload-source">
          <FileField name="file" label={t("file.label")} help={t("file.help")} chosen={file} over={over} onFiles={onFiles} onAdd={onAdd} onRemove={() => replace(null, text)} />
          {!file && <AreaField name="text" label={t("upload.text")} rows={4} mono value={text} onValue={(typed) => replace(null, typed)} placeholder="-----BEGIN CERTIFICATE-----" />}
          {asksPassword && <PasswordForm onPassword={setPassword} />}
        </div>
      </Form.Provider>
      {above && <ProblemNotice problem={above} retry={look.again} />}
      <p class="sr-only" role="status">
        {look.inspection ? t("upload.found", { n: look.inspection.certificates.length }) : content && file && !look.problem ? t("upload.read", { name: file.names.join(", ") }) : ""}
      </p>
      {lacking && !around && <ProblemNotice problem={lacking} retry={reload} />}
      {content && !look.inspection && !look.problem && <Patience />}
      {look.inspection && (
        <>
          <Section title={t("upload.inside")}>
            <Inspected inspection={look.inspection} />
          </Section>
          {look.inspection.certificates.length > 0 && around && <Destination inspection={look.inspection} source={source} names={file?.names ?? []} query={query} around={around} />}
        </>
      )}
    </Page>
  );
}
