/* Taking a change back, which is a change of its own. */
import { path } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { changeHref } from "../base/names";
import { say, t } from "../base/text";
import type { Change } from "../base/types";
import { Page } from "../parts/Page";
import { Task } from "../parts/Task";
import type { PageProps } from "./routes";

export function UndoPage({ params }: PageProps) {
  const number = params.number!;
  const change = useLoad<Change>(path("changes", number));
  const title = t("undo.title", { number });
  return (
    <Page
      title={title}
      lead={t("undo.lead")}
      crumbs={[
        { text: t("nav.changes"), href: "/changes" },
        { text: t("change.title", { number }), href: `/changes/${encodeURIComponent(number)}` },
      ]}
      command={command("utils undo", [number])}
    >
      {change.data && <p>{t("undo.what", { summary: say(change.data.summary) })}</p>}
      <Task request={{ method: "POST", where: path("changes", number, "undo") }} action={t("undo.action", { number })} cancel={changeHref(Number(number))} />
    </Page>
  );
}
