/* A node joins, is given another name, or leaves. */
import { useState } from "preact/hooks";
import { path } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { t, tOr } from "../base/text";
import type { Done, NodeRow, Page as List } from "../base/types";
import { CopyButton } from "../parts/Copy";
import { CheckField, TextField } from "../parts/Field";
import { Notice } from "../parts/Notice";
import { Page } from "../parts/Page";
import { Task, type TaskRequest } from "../parts/Task";
import type { PageProps } from "./routes";

const CLUSTER = () => [{ text: t("nav.cluster"), href: "/cluster" }];
/* The publisher is there already: what a further node can be. */
const ROLES = ["subscriber", "tftp", "im-and-presence", "reporting"];

function RoleChoices({ chosen, onChosen }: { chosen: string[]; onChosen: (roles: string[]) => void }) {
  return (
    <fieldset class="field">
      <legend>{t("cluster.roles")}</legend>
      {ROLES.map((role) => (
        <CheckField
          key={role}
          label={tOr(`role.${role}`, role)}
          help={tOr(`role.${role}.help`, "")}
          checked={chosen.includes(role)}
          onChecked={(on) => onChosen(ROLES.filter((one) => (one === role ? on : chosen.includes(one))))}
        />
      ))}
    </fieldset>
  );
}

/* The secret is told once, here and nowhere else. */
function Secret({ node, secret, publisher }: { node: string; secret: string; publisher: string }) {
  const join = `ucpkid --join ${publisher} --join-secret-file FILE --node-name ${node}`;
  return (
    <Notice kind="ok" title={t("node-add.secret", { node })} live>
      <p class="secret">
        <code>{secret}</code> <CopyButton text={secret} say={t("node-add.secret.what")} />
      </p>
      <p>{t("node-add.secret.once")}</p>
      <p>{t("node-add.secret.how")}</p>
      <p class="secret">
        <code>{join}</code> <CopyButton text={join} say={t("node-add.command")} />
      </p>
      <p>
        <a href="/cluster">{t("node-add.watch")}</a>
      </p>
    </Notice>
  );
}

interface AddValues {
  node: string;
  domain: string;
  roles: string[];
  hours: string;
  replace: boolean;
}

/* What is no number is sent as it is: the node says what is wrong with it. */
function addRequest(v: AddValues): TaskRequest | null {
  if (!v.node.trim()) return null;
  const hours = v.hours.trim();
  return {
    method: "POST",
    where: "/nodes",
    json: {
      node: v.node.trim(),
      ...(v.domain.trim() && { domain: v.domain.trim() }),
      ...(v.roles.length > 0 && { roles: v.roles.join(",") }),
      ...(hours && { hours: /^\d+$/.test(hours) ? Number(hours) : hours }),
      ...(v.replace && { replace: true }),
    },
  };
}

function AddForm({ values, onValues }: { values: AddValues; onValues: (v: AddValues) => void }) {
  const set = (name: "node" | "domain" | "hours") => (value: string) => onValues({ ...values, [name]: value });
  return (
    <>
      <TextField name="node" label={t("node-add.name")} help={t("node-add.name.help")} value={values.node} onValue={set("node")} required autofocus />
      <TextField name="domain" label={t("node-add.domain")} help={t("node-add.domain.help")} value={values.domain} onValue={set("domain")} />
      <RoleChoices chosen={values.roles} onChosen={(roles) => onValues({ ...values, roles })} />
      <TextField name="hours" label={t("node-add.hours")} help={t("node-add.hours.help")} value={values.hours} onValue={set("hours")} />
      <CheckField label={t("node-add.replace")} help={t("node-add.replace.help")} checked={values.replace} onChecked={(replace) => onValues({ ...values, replace })} />
    </>
  );
}

export function NodeAddPage() {
  const [values, setValues] = useState<AddValues>({ node: "", domain: "", roles: ["subscriber"], hours: "", replace: false });
  const [secret, setSecret] = useState<{ node: string; secret: string }>();
  const nodes = useLoad<List<NodeRow>>("/nodes");
  const publisher = nodes.data?.items.find((one) => one.roles.includes("publisher"))?.https ?? "PUBLISHER:8443";
  const { node, domain, roles, hours, replace } = values;
  const done = (result: Done) => {
    if (result.secret) setSecret({ node: node.trim(), secret: result.secret });
  };
  return (
    <Page
      title={t("node-add.title")}
      lead={t("node-add.lead")}
      crumbs={CLUSTER()}
      command={node.trim() ? command("set node add", [node.trim()], { domain: domain.trim(), roles: roles.join(","), hours: hours.trim(), replace }) : null}
    >
      {secret ? (
        <Secret {...secret} publisher={publisher} />
      ) : (
        <Task
          request={addRequest(values)}
          incomplete={t("node-add.incomplete")}
          action={t("node-add.action", { node: node.trim() })}
          fields={["node", "domain", "hours"]}
          cancel="/cluster"
          onDone={done}
          form={<AddForm values={values} onValues={setValues} />}
        />
      )}
    </Page>
  );
}

export function NodeRemovePage({ params }: PageProps) {
  const node = params.node!;
  return (
    <Page title={t("node-remove.title", { node })} lead={t("node-remove.lead")} crumbs={CLUSTER()} command={command("set node remove", [node])}>
      <Task request={{ method: "DELETE", where: path("nodes", node) }} action={t("node-remove.action", { node })} cancel="/cluster" />
    </Page>
  );
}

export function NodeRenamePage({ params }: PageProps) {
  const node = params.node!;
  const [name, setName] = useState("");
  const [domain, setDomain] = useState("");
  const json = { ...(name.trim() && { name: name.trim() }), ...(domain.trim() && { domain: domain.trim() }) };
  const given = Object.keys(json).length > 0;
  return (
    <Page
      title={t("node-rename.title", { node })}
      lead={t("node-rename.lead")}
      crumbs={CLUSTER()}
      command={given ? command("set node rename", [node], { "new-name": name.trim(), domain: domain.trim() }) : null}
    >
      <Task
        request={given ? { method: "POST", where: path("nodes", node, "rename"), json } : null}
        incomplete={t("node-rename.incomplete")}
        action={t("node-rename.action", { node })}
        fields={["name", "domain"]}
        cancel="/cluster"
        form={
          <>
            <TextField name="name" label={t("node-rename.name")} help={t("node-rename.name.help")} value={name} onValue={setName} />
            <TextField name="domain" label={t("node-rename.domain")} help={t("node-rename.domain.help")} value={domain} onValue={setDomain} />
          </>
        }
      />
    </Page>
  );
}
