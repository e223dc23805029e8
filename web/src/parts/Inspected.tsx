/* What is in a file that was handed over: its certificates, the leaf first, and requests. */
import { keyText } from "../base/names";
import { shown, t, tOr } from "../base/text";
import type { InspectedCertificate, Inspection } from "../base/types";
import { Digits } from "./Copy";
import { Findings, StateMark } from "./Mark";
import { Notice } from "./Notice";
import { Facts, Table, type Column } from "./Table";
import { When } from "./When";

export function certName(one: InspectedCertificate): string {
  return shown(one.common_name || one.subject) || one.fingerprint.slice(0, 16);
}

function kindOf(one: InspectedCertificate): string {
  if (!one.is_ca) return t("inspected.identity");
  return one.self_signed ? t("inspected.root") : t("inspected.intermediate");
}

/* What tells two certificates of the same name apart. */
function Particulars({ certificates }: { certificates: InspectedCertificate[] }) {
  return (
    <details>
      <summary>{t("inspected.more")}</summary>
      <div class="form">
        {certificates.map((one) => (
          <Facts
            key={one.fingerprint}
            items={[
              [t("side.subject"), shown(one.subject)],
              [t("side.subject_alt_names"), shown(one.report?.subject_alt_names.join(", ") ?? "") || null],
              [t("side.serial"), one.report ? <Digits text={one.report.serial} /> : null],
              [t("side.fingerprint"), <Digits key="fingerprint" text={one.fingerprint} />],
            ]}
          />
        ))}
      </div>
    </details>
  );
}

function Known({ one }: { one: InspectedCertificate }) {
  if (one.known_in.length === 0) return <span class="muted">{t("inspected.new")}</span>;
  return <>{one.known_in.map((place) => `${place.unit} (${tOr(`distribution.${place.scope}`, place.scope)})`).join(", ")}</>;
}

const COLUMNS = (): Column<InspectedCertificate>[] => [
  { key: "name", title: t("inspected.certificate"), cell: certName },
  { key: "kind", title: t("inspected.kind"), cell: kindOf },
  { key: "issuer", title: t("inspected.issuer"), cell: (one) => (one.self_signed ? t("type.self-signed") : shown(one.issuer)) },
  { key: "key", title: t("side.key_type"), cell: (one) => keyText(one.key_type), tight: true, wide: true },
  {
    key: "expires",
    title: t("side.not_after"),
    cell: (one) => (
      <>
        <When at={one.not_after} short /> {one.state !== "valid" && <StateMark state={one.state} />}
      </>
    ),
  },
  { key: "known", title: t("inspected.known"), cell: (one) => <Known one={one} /> },
];

export function Inspected({ inspection }: { inspection: Inspection }) {
  const { certificates, requests, findings } = inspection;
  /* Of a request of this cluster a finding says more. */
  const foreign = requests.filter((one) => !one.pending);
  return (
    <>
      {certificates.length > 0 && <Table caption={t("upload.inside")} columns={COLUMNS()} rows={certificates} rowKey={(one) => one.fingerprint} />}
      {certificates.length > 1 && <p class="muted">{t("inspected.several")}</p>}
      {certificates.length > 0 && <Particulars certificates={certificates} />}
      {foreign.map((one) => (
        <Notice key={one.key_id} kind="warn" title={t("inspected.request", { subject: shown(one.subject || one.subject_alt_names.join(", ")) })}>
          <p>{t("inspected.request.hint")}</p>
        </Notice>
      ))}
      {findings.length > 0 && <Findings items={findings} />}
    </>
  );
}
