/* L1: mixed mode is turned on and off, a list is published anew, or the other of the two signs it. */
import { path } from "../base/api";
import { command } from "../base/command";
import { t, tOr } from "../base/text";
import { Page } from "../parts/Page";
import { Task } from "../parts/Task";
import type { PageProps } from "./routes";

const LISTS = () => [{ text: t("lists.title"), href: "/lists" }];

/* Of a mode that there is not the node itself says so. */
export function ListModePage({ params }: PageProps) {
  const mode = params.mode!;
  return (
    <Page title={tOr(`lists.mode.to.${mode}`, mode)} lead={tOr(`lists.mode.to.${mode}.lead`, "")} crumbs={LISTS()} command={command("utils ctl set-cluster", [mode])}>
      <Task request={{ method: "POST", where: "/lists/mode", json: { mode } }} action={tOr(`lists.mode.to.${mode}.action`, mode)} cancel="/lists" />
    </Page>
  );
}

type TaskName = "ctl-update" | "ctl-reset" | "itl-update" | "itl-reset";

const COMMANDS: Record<TaskName, string> = {
  "ctl-update": "utils ctl update CTLFile",
  "ctl-reset": "utils ctl reset localkey",
  "itl-update": "utils itl update ITLFile",
  "itl-reset": "utils itl reset localkey",
};

function ListTaskPage({ list, task }: { list: string; task: "update" | "reset" }) {
  const name = `${list === "ctl" ? "ctl" : "itl"}-${task}` as TaskName;
  return (
    <Page title={t(`list-task.${name}`)} lead={t(`list-task.${name}.lead`)} crumbs={LISTS()} command={command(COMMANDS[name])}>
      <Task request={{ method: "POST", where: path("lists", list.toUpperCase(), task), json: {} }} action={t(`list-task.${name}.action`)} cancel="/lists" />
    </Page>
  );
}

export function ListUpdatePage({ params }: PageProps) {
  return <ListTaskPage list={params.list!} task="update" />;
}

export function ListResetPage({ params }: PageProps) {
  return <ListTaskPage list={params.list!} task="reset" />;
}
