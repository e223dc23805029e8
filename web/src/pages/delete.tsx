/* X1: a trust certificate is deleted, after its plan has shown which chains break and who loses trust. */
import { path } from "../base/api";
import { command } from "../base/command";
import { trustHref } from "../base/names";
import { t } from "../base/text";
import { Page } from "../parts/Page";
import { Task } from "../parts/Task";
import { lastList } from "./list-place";
import type { PageProps } from "./routes";

export function DeletePage({ params, query }: PageProps) {
  const { store, name } = params as { store: string; name: string };
  const node = query.get("node") ?? "";
  const details = trustHref(store, name, node);
  return (
    <Page
      title={t("delete.title", { name, store })}
      lead={`${t("delete.lead")} ${t("delete.undo")}`}
      crumbs={[
        { text: t("nav.certificates"), href: lastList() },
        { text: name, href: details },
      ]}
      command={command("set cert delete", [store, name], { node })}
    >
      <Task request={{ method: "DELETE", where: path("certificates", "trust", store, name), query: { node } }} action={t("delete.action", { name, store })} cancel={details} />
    </Page>
  );
}
