/* Which version of a list a phone has fetched last: the present one, another, none. */
import { t } from "../base/text";
import type { HeldList } from "../base/types";
import { Mark } from "./Mark";
import { Ago, When } from "./When";

/* published: is there such a list at all? What there is not, nobody need fetch. */
export function HeldMark({ held, published, short }: { held: HeldList | null; published: boolean; short?: boolean }) {
  if (!held) return published ? <Mark kind="wait">{t("phones.held.none")}</Mark> : <span class="muted">{t("phones.held.not-there")}</span>;
  return (
    <>
      {held.current ? <Mark kind="ok">{t("phones.held.current")}</Mark> : <Mark kind="warn">{t("phones.held.older")}</Mark>}
      <p class="muted">{short ? <Ago at={held.at} /> : <When at={held.at} />}</p>
    </>
  );
}
