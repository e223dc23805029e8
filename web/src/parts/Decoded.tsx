/* What stands in a certificate or in a request: usages, alternative names and extensions, by names that people know. */
import { shown } from "../base/names";
import { t, tOr } from "../base/text";
import type { Extension } from "../base/types";
import { Table } from "./Table";

const keyUsage = (one: string) => tOr(`ku.${one}`, one);
const extendedKeyUsage = (one: string) => tOr(`eku.${one}`, one);

/* kind: "ku" (key usage) or "eku" (extended key usage). The name of the standard is kept beside: it is what the CA's forms say. */
export function Usages({ kind, names }: { kind: "ku" | "eku"; names: string[] }) {
  const word = kind === "ku" ? keyUsage : extendedKeyUsage;
  if (names.length === 0) return <span class="muted">{t("none")}</span>;
  return (
    <ul class="plain">
      {names.map((one) => {
        const known = word(one);
        return (
          <li key={one}>
            {known}
            {known !== one && <span class="muted"> {one}</span>}
          </li>
        );
      })}
    </ul>
  );
}

export function AlternativeNames({ names }: { names: string[] }) {
  if (names.length === 0) return <span class="muted">{t("none")}</span>;
  return (
    <ul class="plain">
      {names.map((one, i) => (
        <li key={i}>{shown(one)}</li>
      ))}
    </ul>
  );
}

function Name({ extension }: { extension: Extension }) {
  const known = tOr(`ext.${extension.name}`, extension.name);
  return (
    <>
      {known}
      <span class="muted ext-oid">{extension.oid}</span>
    </>
  );
}

export function Extensions({ items }: { items: Extension[] }) {
  return (
    <div class="extensions">
      <Table
        caption={t("ext.caption")}
        rows={items}
        rowKey={(one) => one.oid}
        columns={[
          { key: "name", title: t("ext.name"), cell: (one) => <Name extension={one} /> },
          { key: "critical", title: t("ext.critical"), cell: (one) => (one.critical ? t("details.yes") : t("details.no")) },
          { key: "text", title: t("ext.value"), cell: (one) => <span class="ext-text" lang="en">{shown(one.text)}</span> },
        ]}
        empty={t("ext.none")}
      />
    </div>
  );
}
