/* The chain of a certificate, and when it is broken: what lacks, in which store, and where to get it. */
import { path, query } from "../base/api";
import { useLoad } from "../base/load";
import { shown, trustHref } from "../base/names";
import { say, t } from "../base/text";
import type { ChainLink, Detail, Missing, Report } from "../base/types";
import { Chain } from "../parts/Chain";
import { CopyButton, Digits } from "../parts/Copy";
import { Notice } from "../parts/Notice";
import { Section } from "../parts/Page";

/* Where the issuer's certificate can be fetched, as a certificate says. Shown as text: it may be anybody's. */
function issuerAddresses(report: Report | undefined): string[] {
  const access = report?.extensions.find((one) => one.name === "authorityInfoAccess");
  return [...(access?.text ?? "").matchAll(/CA Issuers - URI:(\S+)/g)].map((one) => one[1]!);
}

/* The certificate whose issuer lacks: the one that is looked at, or another of the chain that a store has. */
function useLast(d: Detail, node: string): Report | undefined {
  const last = d.chain.at(-1);
  const other = d.missing && last && d.chain.length > 1 && last.in_store ? last : null;
  const loaded = useLoad<Detail>(other ? path("certificates", "trust", other.in_store!, other.fingerprint) : null, { node });
  return other ? loaded.data?.certificate : d.certificate;
}

function MissingNotice({ missing, issued }: { missing: Missing; issued: Report | undefined }) {
  const addresses = issuerAddresses(issued);
  return (
    <Notice kind="danger" title={t("details.chain.missing", { subject: shown(missing.subject) })}>
      {missing.key_id && (
        <p>
          {t("details.chain.key-id")} <Digits text={missing.key_id} />
        </p>
      )}
      {missing.store && <p>{t("details.chain.belongs", { store: missing.store })}</p>}
      {addresses.length > 0 ? <p>{t("details.chain.get")}</p> : <p>{t("details.chain.ask")}</p>}
      {addresses.map((one) => (
        <p key={one}>
          <code>{one}</code> <CopyButton text={one} say={one} />
        </p>
      ))}
      {missing.store && (
        <a class="button" href={`/upload${query({ store: missing.store })}`}>
          {t("details.chain.upload", { store: missing.store })}
        </a>
      )}
    </Notice>
  );
}

export function ChainSection({ d, node }: { d: Detail; node: string }) {
  const last = useLast(d, node);
  /* The first is the certificate of this page. */
  const hrefOf = (link: ChainLink, i: number) => (i > 0 && link.in_store ? trustHref(link.in_store, link.fingerprint, node) : null);
  return (
    <Section title={t("details.chain")}>
      {!d.chain_complete && d.missing && <MissingNotice missing={d.missing} issued={last} />}
      {!d.chain_complete && !d.missing && (
        <Notice kind="danger" title={t("details.chain.broken")}>
          <p>{say(d.chain_reason)}</p>
        </Notice>
      )}
      <Chain links={d.chain} complete={d.chain_complete} missing={d.missing} hrefOf={hrefOf} />
    </Section>
  );
}
