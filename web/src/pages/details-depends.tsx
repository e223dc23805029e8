/* Who and what would notice if a certificate were gone or another one: services, chains, copies in stores. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, path, query, request } from "../base/api";
import { useLoad } from "../base/load";
import { rowHref, trustHref } from "../base/names";
import { say, t } from "../base/text";
import type { Detail, Finding, Page as List, Plan, ProblemBody, Row, TrustStore } from "../base/types";
import { Findings } from "../parts/Mark";
import { Section } from "../parts/Page";

function Services({ title, services }: { title: string; services: string[] }) {
  if (services.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <ul class="plain">
        {services.map((one) => (
          <li key={one}>{say(one)}</li>
        ))}
      </ul>
    </div>
  );
}

/* What the plan of its deletion says: nobody knows better who depends on a trust certificate. Asked for, never done. */
function useLosses(d: Detail, node: string): { findings: Finding[] | undefined; problem: ProblemBody | undefined } {
  const [state, setState] = useState<{ findings: Finding[] | undefined; problem: ProblemBody | undefined }>({ findings: undefined, problem: undefined });
  useEffect(() => {
    const abort = new AbortController();
    const ask = async () => {
      try {
        const plan = await request<Plan>("DELETE", path("certificates", "trust", d.unit, d.name), { query: { node, dry_run: true }, background: true, signal: abort.signal });
        if (!abort.signal.aborted) setState({ findings: plan.findings, problem: undefined });
      } catch (e) {
        if (abort.signal.aborted) return;
        if (!(e instanceof ApiError)) throw e;
        setState({ findings: e.problem.plan?.findings, problem: e.problem });
      }
    };
    void ask();
    return () => abort.abort();
  }, [d.unit, d.name, d.fingerprint, node]);
  return state;
}

function Losses({ d, node }: { d: Detail; node: string }) {
  const { findings, problem } = useLosses(d, node);
  if (!findings && !problem) return null;
  return (
    <div>
      <h3>{t("details.if-deleted")}</h3>
      {findings ? <Findings items={findings} /> : <p class="muted">{t("details.if-deleted.unknown", { why: say(problem!.detail) })}</p>}
    </div>
  );
}

interface Place {
  text: string;
  href: string;
}

function placeText(place: string, node: string): string {
  return node === "cluster" ? t("details.place", { place }) : t("details.place.node", { place, node });
}

/* Copies in trust stores, and the identity that it is a copy of. */
function usePlaces(d: Detail): Place[] {
  const same = useLoad<List<Row>>("/certificates", { usage: "own", where: [`fingerprint is exactly ${d.fingerprint}`], limit: 100 });
  const isThis = (row: Row) => d.usage === "own" && row.unit === d.unit && row.node === d.node;
  const own = (same.data?.items ?? []).filter((row) => !isThis(row));
  return [
    ...own.map((row) => ({ text: placeText(row.unit, row.node ?? row.scope), href: rowHref(row) })),
    ...d.also_in.map((one) => ({
      text: placeText(`${one.unit}/${one.name}`, one.distribution),
      href: trustHref(one.unit, one.name, one.distribution === "cluster" ? null : one.distribution),
    })),
  ];
}

function Same({ d }: { d: Detail }) {
  const places = usePlaces(d);
  return (
    <div>
      <h3>{t("details.same")}</h3>
      {places.length === 0 && <p class="muted">{t("details.same.none")}</p>}
      <ul class="plain">
        {places.map((one) => (
          <li key={one.href}>
            <a href={one.href}>{one.text}</a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Issued({ d }: { d: Detail }) {
  if (!d.certificate.ca) return null;
  return (
    <div>
      <h3>{t("details.issued")}</h3>
      <p>
        <a href={`/certificates${query({ where: [`issuer is exactly ${d.subject}`] })}`}>{t("details.issued.list")}</a>
      </p>
    </div>
  );
}

export function DependsSection({ d, node }: { d: Detail; node: string }) {
  const stores = useLoad<List<TrustStore>>(d.usage === "trust" ? "/stores" : null);
  const ofStore = stores.data?.items.find((one) => one.name === d.unit)?.services ?? [];
  return (
    <Section title={t("details.depends")}>
      <div class="panel depends">
        {d.usage === "own" && <Services title={t("details.services")} services={d.used_by ?? []} />}
        {d.usage === "trust" && <Services title={t("details.services.store", { store: d.unit })} services={ofStore} />}
        {d.usage === "trust" && <Losses d={d} node={node} />}
        <Issued d={d} />
        <Same d={d} />
      </div>
    </Section>
  );
}
