/* What differs between two versions of a trust list: who signs it, what its header says, its records. */
import type { Pair } from "../base/list-lines";
import { shown, t, tOr } from "../base/text";
import type { ListDiff, ListSigner } from "../base/types";
import { ListSides } from "./ListSides";

export type HeaderChanges = Pick<ListDiff, "signer" | "header">;

function signerText({ subject, serial }: ListSigner): string {
  return `${shown(subject ?? "")} (${serial?.slice(0, 8) ?? "—"})`;
}

/* Nothing where the headers say the same. */
export function HeaderSides({ signer, header }: HeaderChanges) {
  const rows = [
    ...(signer ? [{ title: t("tlist.signer"), old: signerText(signer.old), fresh: signerText(signer.new) }] : []),
    ...header.map((one) => ({ title: tOr(`tlist.header.${one.field}`, one.field), old: String(one.old ?? "—"), fresh: String(one.new ?? "—") })),
  ];
  if (rows.length === 0) return null;
  return (
    <table class="sides">
      <caption class="sr-only">{t("tlist.header")}</caption>
      <thead>
        <tr>
          <th scope="col">
            <span class="sr-only">{t("plan.field")}</span>
          </th>
          <th scope="col">{t("plan.before")}</th>
          <th scope="col">{t("plan.after")}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ title, old, fresh }) => (
          <tr key={title}>
            <th scope="row">{title}</th>
            <td class="was">{shown(old)}</td>
            <td class="is">{shown(fresh)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/* More that stay as they are need not be looked at. */
const OPEN_SAME = 12;

interface Props extends HeaderChanges {
  caption: string;
  before?: string;
  after?: string;
  pairs: Pair[];
}

export function ListDiffView({ caption, before, after, pairs, ...header }: Props) {
  const changed = pairs.filter((one) => one.kind !== "same");
  const same = pairs.length - changed.length;
  const heads = { ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
  return (
    <>
      <HeaderSides {...header} />
      {same <= OPEN_SAME && pairs.length > 0 && <ListSides caption={caption} {...heads} pairs={pairs} />}
      {same > OPEN_SAME && changed.length > 0 && <ListSides caption={caption} {...heads} pairs={changed} />}
      {same > OPEN_SAME && (
        <details>
          <summary>{t("tlist.same", { n: same })}</summary>
          <ListSides caption={t("tlist.same", { n: same })} {...heads} pairs={pairs.filter((one) => one.kind === "same")} />
        </details>
      )}
    </>
  );
}
