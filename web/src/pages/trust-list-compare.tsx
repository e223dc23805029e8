/* Two versions of a trust list side by side, the earlier one first: worked out here, from what the node tells of each. */
import { command } from "../base/command";
import { lineOf, pairLines } from "../base/list-lines";
import { useLoad } from "../base/load";
import { t } from "../base/text";
import { dateTime } from "../base/time";
import type { ListSigner, TrustList } from "../base/types";
import { CommandLine } from "../parts/Copy";
import { ListDiffView, type HeaderChanges } from "../parts/ListDiff";
import { Show } from "../parts/Notice";
import { Section } from "../parts/Page";
import { whereOf, withWhich, type Which } from "./trust-list-place";

/* As the node compares them too: what says when it was signed differs always. */
const FIELDS = ["version", "signer_version", "digest", "modulus_bits", "file_name"] as const;

function sameSigner(a: ListSigner, b: ListSigner): boolean {
  return a.subject === b.subject && a.issuer === b.issuer && a.serial === b.serial;
}

function headerChanges({ header: old }: TrustList, { header: fresh }: TrustList): HeaderChanges {
  return {
    signer: sameSigner(old.signer, fresh.signer) ? null : { old: old.signer, new: fresh.signer },
    header: FIELDS.filter((field) => old[field] !== fresh[field]).map((field) => ({ field, old: old[field], new: fresh[field] })),
  };
}

/* Several may have been published in the same minute. */
function headOf({ version }: TrustList): string {
  return `${dateTime(version.at)} (${version.version.slice(0, 8)})`;
}

function Sides({ old, fresh }: { old: TrustList; fresh: TrustList }) {
  const pairs = pairLines(old.records.map(lineOf), fresh.records.map(lineOf));
  const changes = headerChanges(old, fresh);
  const differing = pairs.filter((one) => one.kind !== "same").length;
  const heads = { before: headOf(old), after: headOf(fresh) };
  return (
    <>
      <p class="muted">{t("compare-lists.summary", { differing, same: pairs.length - differing })}</p>
      {differing === 0 && !changes.signer && changes.header.length === 0 && <p>{t("compare-lists.same")}</p>}
      <ListDiffView caption={t("compare-lists.caption", heads)} {...heads} pairs={pairs} {...changes} />
    </>
  );
}

function commandOf({ list }: Which, old: TrustList, fresh: TrustList): string {
  const name = list.toLowerCase();
  const get = (version: string, out: string) => command("file get tftp", [name, version], { out });
  return [get(old.version.version, "OLD.tlv"), get(fresh.version.version, "NEW.tlv"), command("utils tlv diff", ["OLD.tlv", "NEW.tlv"])].join(" && ");
}

/* The one that was published later is the later one, whichever of them the page is about. */
function inOrder(a: TrustList, b: TrustList): [TrustList, TrustList] {
  const earlier = a.version.at !== b.version.at ? a.version.at < b.version.at : !a.version.current && (b.version.current || (a.version.number ?? 0) < (b.version.number ?? 0));
  return earlier ? [a, b] : [b, a];
}

export function CompareSection({ of, w }: { of: TrustList; w: Which }) {
  const other = useLoad<TrustList>(...whereOf(w, w.compare));
  const close = <a href={withWhich(w, { compare: "" })}>{t("compare-lists.close")}</a>;
  return (
    <Section title={t("compare-lists.title")} actions={close}>
      <Show of={other}>
        {(second) => {
          const [old, fresh] = inOrder(of, second);
          return (
            <>
              <Sides old={old} fresh={fresh} />
              <CommandLine text={commandOf(w, old, fresh)} />
            </>
          );
        }}
      </Show>
    </Section>
  );
}
