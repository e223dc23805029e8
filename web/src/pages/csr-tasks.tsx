/* C1: a certificate signing request, with a live preview of the names that it will hold; and giving a pending one up. */
import { useContext, useState } from "preact/hooks";
import { path, query as queryText } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { csrHref, keyText } from "../base/names";
import { findNode, ofNode } from "../base/purposes";
import { go } from "../base/route";
import { t, tOr } from "../base/text";
import type { CsrDefaults, Done, NodeRow, Page as List, Plan, Purpose } from "../base/types";
import { AreaField, Form, RadioField, SelectField, TextField } from "../parts/Field";
import { Show } from "../parts/Notice";
import { Page } from "../parts/Page";
import { Task, type TaskRequest } from "../parts/Task";
import { Away, NodeField, PurposeField } from "../parts/Where";
import type { PageProps } from "./routes";

/* What was typed, by the names that the API has; what was left as it was proposed is not here. */
type Typed = Partial<Record<(typeof TEXTS)[number], string>>;

const SUBJECT = ["country", "state", "locality", "organization", "organizational_unit"] as const;
const TEXTS = ["common_name", "parent_domain", "subject_alt_names", "key", "hash", ...SUBJECT] as const;
const FIELDS = ["purpose", "node", "distribution", ...TEXTS];
/* Those that may be emptied, which means something else than leaving the proposal. */
const EMPTIED = new Set<string>(["common_name", "parent_domain"]);

/* Names are typed one per line, or pasted with commas between them; a URI may hold commas itself. */
function names(text: string): string[] {
  return text
    .split("\n")
    .flatMap((line) => (/^\s*uri:/i.test(line) ? [line] : line.split(/[,;]/)))
    .map((one) => one.trim())
    .filter(Boolean);
}

function jsonOf(typed: Typed, distribution: string): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  if (distribution) json.distribution = distribution;
  for (const name of TEXTS) {
    const value = typed[name]?.trim();
    if (value === undefined || (!value && !EMPTIED.has(name))) continue;
    json[name] = name === "subject_alt_names" ? names(value) : value;
  }
  return json;
}

function commandOf(purpose: string, node: string, distribution: string, typed: Typed): string {
  const words = command("set csr gen", [purpose], {
    distribution,
    cn: typed.common_name?.trim(),
    san: names(typed.subject_alt_names ?? ""),
    key: typed.key,
    hash: typed.hash,
    country: typed.country?.trim(),
    state: typed.state?.trim(),
    locality: typed.locality?.trim(),
    organization: typed.organization?.trim(),
    ou: typed.organizational_unit?.trim(),
    node,
  });
  const domain = typed.parent_domain?.trim();
  return domain === undefined ? words : `${words} --parent-domain ${domain || "''"}`;
}

/* The box scrolls when there are more, which the keyboard can only do in something that it can reach. */
const NAMES_SEEN = 8;

/* The names as they will be: told by the plan, since the node brings them into their final form. */
function NamesPreview({ plan, defaults }: { plan: Plan | undefined; defaults: CsrDefaults | undefined }) {
  const step = plan?.steps.find((one) => one.type === "csr.set");
  const fault = useContext(Form);
  const all = step?.after?.subject_alt_names ?? defaults?.subject_alt_names;
  if (!all || (fault && !step)) return null;
  const automatic = new Set(defaults?.subject_alt_names.map((one) => one.toLowerCase()));
  return (
    <section class="names" aria-label={t("csr.names")}>
      <h3>{t("csr.names.count", { n: all.length })}</h3>
      <ul tabIndex={all.length > NAMES_SEEN ? 0 : undefined}>
        {all.map((one) => (
          <li key={one}>
            <code>{one}</code>
            <span class="muted">{automatic.has(one.toLowerCase()) ? t("csr.names.automatic") : t("csr.names.yours")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/* How a field is wired: its name, what it shows, what typing does. */
type Wire = (name: keyof Typed) => { name: string; value: string; onValue: (value: string) => void };

interface FormProps {
  purposes: Purpose[];
  nodes: NodeRow[];
  purpose: string;
  node: string;
  distribution: string;
  onPlace: (change: Partial<Record<"purpose" | "node" | "distribution", string>>) => void;
  defaults: CsrDefaults | undefined;
  typed: Typed;
  onTyped: (typed: Typed) => void;
  plan: Plan | undefined;
}

function DistributionField({ nodes, node, defaults, distribution, onPlace }: FormProps) {
  const target = findNode(nodes, node)?.name ?? node;
  if (!defaults || defaults.distributions.length < 2) return null;
  return (
    <RadioField
      name="distribution"
      label={t("csr.distribution")}
      value={distribution || defaults.distribution}
      onValue={(value) => onPlace({ distribution: value === "node" ? "" : value })}
      choices={defaults.distributions.map((one) => ({ value: one, text: one === "node" ? t("csr.distribution.node", { node: target }) : tOr(`csr.distribution.${one}`, one), help: one === "multi-server" ? t("csr.distribution.multi-server.help") : t("csr.distribution.node.help") }))}
    />
  );
}

/* Folded, since a CA usually writes these itself; not while one of them is at fault. */
function SubjectFields({ field }: { field: Wire }) {
  const [open, setOpen] = useState(false);
  const fault = useContext(Form)?.field;
  return (
    <details open={open || SUBJECT.some((name) => name === fault)} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{t("csr.subject")}</summary>
      <div class="form">
        <TextField {...field("country")} label={t("csr.country")} help={t("csr.country.help")} />
        <TextField {...field("state")} label={t("csr.state")} />
        <TextField {...field("locality")} label={t("csr.locality")} />
        <TextField {...field("organization")} label={t("csr.organization")} />
        <TextField {...field("organizational_unit")} label={t("csr.organizational_unit")} />
      </div>
    </details>
  );
}

function KeyFields({ defaults, field }: { defaults: CsrDefaults; field: Wire }) {
  return (
    <div class="form-row">
      <SelectField {...field("key")} label={t("task.key")} choices={defaults.keys.map((one) => ({ value: one, text: one === defaults.key ? t("csr.usual", { value: keyText(one) }) : keyText(one) }))} />
      <SelectField {...field("hash")} label={t("task.hash")} choices={[{ value: "", text: t("task.hash.usual") }, ...defaults.hashes.map((one) => ({ value: one, text: one.toUpperCase() }))]} />
    </div>
  );
}

function CsrForm(props: FormProps) {
  const { purposes, nodes, purpose, node, onPlace, defaults, typed, onTyped, plan } = props;
  const proposal = (name: keyof Typed) => (name === "common_name" || name === "parent_domain" || name === "key" ? (defaults?.[name] ?? "") : "");
  const field: Wire = (name) => ({
    name,
    value: typed[name] ?? proposal(name),
    onValue: (value: string) => {
      const { [name]: _former, ...others } = typed;
      onTyped(value === proposal(name) ? others : { ...others, [name]: value });
    },
  });
  return (
    <>
      <PurposeField purposes={purposes} value={purpose} onValue={(value) => onPlace({ purpose: value })} />
      <NodeField nodes={nodes} value={node} onValue={(value) => onPlace({ node: value })} />
      <Away nodes={nodes} value={node} />
      {purpose && defaults && (
        <>
          <DistributionField {...props} />
          <TextField {...field("common_name")} label={t("side.common_name")} help={t("csr.common_name.help")} placeholder={defaults.common_name ? undefined : t("csr.common_name.random")} />
          <TextField {...field("parent_domain")} label={t("csr.parent_domain")} help={t("csr.parent_domain.help")} />
          <AreaField {...field("subject_alt_names")} label={t("csr.sans")} help={t("csr.sans.help")} rows={3} mono placeholder={"sip.example.com\n192.0.2.10"} />
          <NamesPreview plan={plan} defaults={defaults} />
          <KeyFields defaults={defaults} field={field} />
          <SubjectFields field={field} />
        </>
      )}
    </>
  );
}

export function CsrGeneratePage({ query }: PageProps) {
  const [purpose, node, distribution] = [query.get("purpose") ?? "", query.get("node") ?? "", query.get("distribution") ?? ""];
  const [typed, setTyped] = useState<Typed>({});
  const [plan, setPlan] = useState<Plan>();
  const purposes = useLoad<List<Purpose>>("/purposes");
  const nodes = useLoad<List<NodeRow>>("/nodes").data?.items ?? [];
  const defaults = useLoad<CsrDefaults>(purpose ? path("csrs", purpose, "defaults") : null, { node, distribution });
  const target = findNode(nodes, node)?.name ?? node;
  const proposed = defaults.data?.purpose === purpose && defaults.data.distribution === (distribution || "node") ? defaults.data : undefined;

  /* Key and hash belong to the purpose; whatever else was typed stays. */
  const place = (change: Partial<Record<"purpose" | "node" | "distribution", string>>) => {
    if (change.purpose !== undefined) {
      const { key: _key, hash: _hash, ...others } = typed;
      setTyped(others);
    }
    go("/generate-csr" + queryText({ purpose, node, distribution: change.purpose === undefined ? distribution : "", ...change }), { replace: true, keepScroll: true });
  };
  const request: TaskRequest | null = purpose ? { method: "POST", where: path("csrs", purpose), query: { node }, json: jsonOf(typed, distribution) } : null;
  const onDone = (done: Done) => {
    if (done.job) go(`/jobs/${encodeURIComponent(done.job)}`, { replace: true });
    else go(csrHref(purpose, node) + (node ? "&" : "?") + `done=${done.number}`, { replace: true });
  };
  return (
    <Page
      title={t("csr.generate")}
      lead={t("csr.generate.lead")}
      crumbs={[{ text: t("nav.csrs"), href: "/csrs" }]}
      command={purpose ? commandOf(purpose, node, distribution, typed) : null}
    >
      <Show of={purposes}>
        {(list) => (
          <Task
            request={request}
            incomplete={t("csr.incomplete")}
            action={!purpose ? t("csr.generate") : distribution === "multi-server" ? t("csr.generate.action.multi", { purpose }) : t("csr.generate.action", { purpose, node: target })}
            fields={FIELDS}
            cancel="/csrs"
            onPlan={setPlan}
            onDone={onDone}
            form={
              <CsrForm
                purposes={ofNode(list.items, findNode(nodes, node)).filter((one) => one.requestable)}
                nodes={nodes}
                purpose={purpose}
                node={node}
                distribution={distribution}
                onPlace={place}
                defaults={proposed}
                typed={typed}
                onTyped={setTyped}
                plan={plan}
              />
            }
          />
        )}
      </Show>
    </Page>
  );
}

export function CsrDeletePage({ params, query }: PageProps) {
  const purpose = params.purpose!;
  const node = query.get("node") ?? "";
  const nodes = useLoad<List<NodeRow>>("/nodes").data?.items ?? [];
  const target = findNode(nodes, node)?.name ?? node;
  return (
    <Page
      title={t("csr.delete.title", { purpose })}
      lead={t("csr.delete.lead")}
      crumbs={[
        { text: t("nav.csrs"), href: "/csrs" },
        { text: purpose, href: csrHref(purpose, node) },
      ]}
      command={command("set csr delete", [purpose], { node })}
    >
      <Task request={{ method: "DELETE", where: path("csrs", purpose), query: { node } }} action={t("csr.delete.action", { purpose, node: target })} cancel={csrHref(purpose, node)} />
    </Page>
  );
}
