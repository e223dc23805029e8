/* One trust list, the present one or any that was published before: who signed it, its records, its history, and how it differs from another version. */
import type { ComponentChildren } from "preact";
import { API, path, query as queryText } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { changeHref, shown } from "../base/names";
import { size } from "../base/size";
import { say, t } from "../base/text";
import { dateTime } from "../base/time";
import type { ListVersion, NodeRow, Page as List, TrustList } from "../base/types";
import { CopyButton, Digits } from "../parts/Copy";
import { Findings, Mark } from "../parts/Mark";
import { Notice, Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Facts } from "../parts/Table";
import { When } from "../parts/When";
import type { PageProps } from "./routes";
import { CompareSection } from "./trust-list-compare";
import { ElementsOf, RecordsSection } from "./trust-list-records";
import { HISTORY_MAX, shortVersion, signerText, whereOf, whichOf, withWhich, type Which } from "./trust-list-place";

/* ---- the head ---- */

function Item({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div>
      <dt class="muted">{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Summary({ of }: { of: TrustList }) {
  const { signature, version } = of;
  return (
    <div class="panel summary">
      <p class="summary-state">{signature.valid ? <Mark kind="ok">{t("tlist.signature.valid")}</Mark> : <Mark kind="danger">{t("tlist.signature.invalid")}</Mark>}</p>
      <dl>
        <Item title={t("tlist.signed-by")}>{signerText(version)}</Item>
        <Item title={t("tlist.published")}>
          <When at={version.at} />
        </Item>
        <Item title={t("tlist.records")}>{version.records}</Item>
        <Item title={t("tlist.size")}>{size(version.size)}</Item>
      </dl>
    </div>
  );
}

function Notices({ of, w }: { of: TrustList; w: Which }) {
  return (
    <>
      {!of.signature.valid && (
        <Notice kind="danger" title={t("tlist.signature.invalid.title")}>
          {of.signature.reason && <p>{say(of.signature.reason)}</p>}
        </Notice>
      )}
      {!of.version.current && (
        <Notice kind="note" title={t("tlist.earlier")}>
          <p>
            <a href={withWhich(w, { version: "", compare: "" })}>{t("tlist.earlier.present")}</a>
          </p>
        </Notice>
      )}
    </>
  );
}

/* ---- the header ---- */

function Hex({ text, title }: { text: string; title: string }) {
  return (
    <>
      <Digits text={text} /> <CopyButton text={text} say={title} />
    </>
  );
}

function HeaderSection({ of }: { of: TrustList }) {
  const { header, version } = of;
  const { signer } = header;
  const facts: [string, ComponentChildren][] = [
    [t("tlist.version.sha256"), <Hex key="sha256" text={of.sha256} title={t("tlist.version.sha256")} />],
    [t("tlist.sha1"), <Hex key="sha1" text={of.sha1} title={t("tlist.sha1")} />],
    [t("tlist.md5"), <Hex key="md5" text={of.md5} title={t("tlist.md5")} />],
    [t("tlist.by"), version.number === null ? "—" : <a href={changeHref(version.number)}>{t("tlist.by-change", { number: version.number })}</a>],
    [t("tlist.header.file_name"), shown(header.file_name ?? "") || "—"],
    [t("tlist.header.time"), <When key="time" at={header.time} />],
    [t("tlist.signer"), shown(signer.subject ?? "") || "—"],
    [t("side.issuer"), shown(signer.issuer ?? "") || "—"],
    [t("side.serial"), signer.serial ? <Digits key="serial" text={signer.serial} /> : "—"],
    [t("tlist.header.digest"), header.digest ?? "—"],
    [t("tlist.header.modulus_bits"), header.modulus_bits === null ? "—" : t("tlist.bits", { n: header.modulus_bits })],
    [t("tlist.header.version"), header.version],
    [t("tlist.header.signer_version"), header.signer_version ?? t("tlist.header.signer_version.none")],
  ];
  return (
    <Section title={t("tlist.header")}>
      <Facts items={facts} />
      <p class="muted">{t("tlist.checksums.help")}</p>
      <ElementsOf title={t("tlist.header.elements")} elements={header.elements} />
    </Section>
  );
}

/* ---- the history ---- */

function VersionLine({ one, shownNow, w }: { one: ListVersion; shownNow: string; w: Which }) {
  const here = one.version === shownNow;
  const href = withWhich(w, { version: one.current ? "" : one.version, compare: "" });
  const compare = withWhich(w, { compare: one.version });
  return (
    <li>
      <a href={href} aria-current={here ? "true" : undefined}>
        {dateTime(one.at)}
      </a>
      {one.current && <Mark kind="ok">{t("tlist.present")}</Mark>}
      {here && <span class="muted"> {t("tlist.shown")}</span>}
      <span class="muted">
        <code>{shortVersion(one.version)}</code> · {t("tlist.records.n", { n: one.records })} · {signerText(one)}
      </span>
      {!here && (
        <a href={compare} aria-label={t("tlist.compare.with", { at: dateTime(one.at) })} aria-current={one.version === w.compare ? "true" : undefined}>
          {t("tlist.compare")}
        </a>
      )}
    </li>
  );
}

function HistorySection({ of, w }: { of: TrustList; w: Which }) {
  const versions = useLoad<List<ListVersion>>(path("lists", w.list, "versions"), { node: w.node, limit: w.history });
  const more = withWhich(w, { history: Math.min(w.history * 5, HISTORY_MAX) });
  return (
    <Section title={t("tlist.history")}>
      <Show of={versions}>
        {(data) => (
          <>
            <ol class="history list-history">
              {data.items.map((one) => (
                <VersionLine key={one.version} one={one} shownNow={of.version.version} w={w} />
              ))}
            </ol>
            {data.next && w.history < HISTORY_MAX && <a href={more}>{t("tlist.history.more")}</a>}
          </>
        )}
      </Show>
    </Section>
  );
}

/* ---- the page ---- */

function Body({ of, w }: { of: TrustList; w: Which }) {
  return (
    <>
      <Summary of={of} />
      <Notices of={of} w={w} />
      {w.compare && <CompareSection of={of} w={w} />}
      <RecordsSection of={of} />
      {of.findings.length > 0 && (
        <Section title={t("tlist.findings")}>
          <div class="panel">
            <Findings items={of.findings} />
          </div>
        </Section>
      )}
      <div class="details-grid">
        <HeaderSection of={of} />
        <div class="details-side">
          <HistorySection of={of} w={w} />
        </div>
      </div>
    </>
  );
}

/* Only the node itself has all of its ITL: there one looks at it. */
function Elsewhere({ w }: { w: Which }) {
  const https = useLoad<List<NodeRow>>("/nodes").data?.items.find((one) => one.name === w.node)?.https;
  return https ? (
    <p>
      <a href={`https://${https}/lists/${w.list.toLowerCase()}`}>{t("tlist.elsewhere", { node: w.node })}</a>
    </p>
  ) : null;
}

function titleOf({ list }: Which, of: TrustList | undefined): string {
  if (list === "CTL") return t("tlist.title.CTL");
  return list === "ITL" ? t("tlist.title.ITL", { node: of?.node ?? "…" }) : list;
}

export function TrustListPage(props: PageProps) {
  const w = whichOf(props);
  const loaded = useLoad<TrustList>(...whereOf(w, w.version));
  const known = w.list === "CTL" || w.list === "ITL";
  const download = `${API}${path("lists", w.list, "content")}${queryText({ node: w.node, version: w.version })}`;
  return (
    <Page
      title={titleOf(w, loaded.data)}
      lead={known ? t(`tlist.lead.${w.list}`) : undefined}
      crumbs={[{ text: t("lists.title"), href: "/lists" }]}
      actions={
        loaded.data && (
          <a class="button" href={download} download>
            {t("tlist.download")}
          </a>
        )
      }
      command={known ? command(`show ${w.list.toLowerCase()}`, w.version ? [w.version] : [], { node: w.list === "ITL" ? w.node : "" }) : null}
    >
      <Show of={loaded}>{(of) => <Body of={of} w={w} />}</Show>
      {loaded.problem?.code === "list-elsewhere" && <Elsewhere w={w} />}
    </Page>
  );
}
