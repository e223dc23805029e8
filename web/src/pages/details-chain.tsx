/* The chain of a certificate, and when it is broken: what lacks, in which store, and where to get it. */
import { path, query } from "../base/api";
import { useLoad } from "../base/load";
import { nameOf, shown, trustHref } from "../base/names";
import { say, t } from "../base/text";
import type { ChainLink, Detail, Missing, Report } from "../base/types";
import { Chain } from "../parts/Chain";
import { Digits } from "../parts/Copy";
import { IssuerAddresses } from "../parts/IssuerAddresses";
import { Notice } from "../parts/Notice";
import { Section } from "../parts/Page";
import { TaskLink } from "../parts/TaskLink";

/* The certificate whose issuer lacks: the one that is looked at, or another of the chain that a store has. */
function useLast(d: Detail, node: string): Report | undefined {
  const last = d.chain.at(-1);
  const other = d.missing && last && d.chain.length > 1 && last.in_store ? last : null;
  const loaded = useLoad<Detail>(other ? path("certificates", "trust", other.in_store!, other.fingerprint) : null, { node });
  return other ? loaded.data?.certificate : d.certificate;
}

function MissingNotice({ missing, issued }: { missing: Missing; issued: Report | undefined }) {
  return (
    <Notice kind="danger" title={t("details.chain.missing", { subject: shown(missing.subject) })}>
      {missing.key_id && (
        <p>
          {t("details.chain.key-id")} <Digits text={missing.key_id} />
        </p>
      )}
      {missing.store && <p>{t("details.chain.belongs", { store: missing.store })}</p>}
      <IssuerAddresses issued={[issued]} />
      {missing.store && (
        <TaskLink href={`/upload${query({ store: missing.store })}`}>
          {t("details.chain.upload", { store: missing.store })}
        </TaskLink>
      )}
    </Notice>
  );
}

/*
 * What a trust store holds it trusts, whoever has issued it: for the certificate of a peer nothing is missing. A CA is another matter, since
 * the chains of what it has issued must go on to a root.
 */
function isTrustedItself(d: Detail): boolean {
  return d.usage === "trust" && !d.certificate.ca && d.chain.length === 1 && !!d.missing;
}

function TrustedItself({ d }: { d: Detail }) {
  const values = { store: d.unit, subject: nameOf(d.missing!.subject) };
  return (
    <>
      <Notice kind="note" title={t("details.chain.itself", values)}>
        <p>{t("details.chain.itself.hint", values)}</p>
      </Notice>
      <Chain links={d.chain.map((link) => ({ ...link, link: "ok" }))} complete missing={null} hrefOf={() => null} />
    </>
  );
}

export function ChainSection({ d, node }: { d: Detail; node: string }) {
  const last = useLast(d, node);
  /* The first is the certificate of this page. */
  const hrefOf = (link: ChainLink, i: number) => (i > 0 && link.in_store ? trustHref(link.in_store, link.fingerprint, node) : null);
  if (isTrustedItself(d))
    return (
      <Section title={t("details.chain")}>
        <TrustedItself d={d} />
      </Section>
    );
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
