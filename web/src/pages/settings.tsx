/* What all nodes of the cluster obey: what each setting means, what it can be, and how it is changed. */
import { useState } from "preact/hooks";
import { path } from "../base/api";
import { command } from "../base/command";
import { useLoad } from "../base/load";
import { settingHref } from "../base/names";
import { say, t, tOr } from "../base/text";
import type { Page as List, Setting } from "../base/types";
import { RadioField } from "../parts/Field";
import { Mark } from "../parts/Mark";
import { Show } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Task } from "../parts/Task";
import { TaskLink } from "../parts/TaskLink";
import type { PageProps } from "./routes";

function titleOf(name: string): string {
  return tOr(`setting.${name}`, name);
}

/* ---- those that another task changes ---- */

interface Way {
  href: string;
  command: string;
}

const WAYS: Record<string, (value: string) => Way> = {
  "cluster-mode": (value) => {
    const mode = value === "mixed" ? "non-secure-mode" : "mixed-mode";
    return { href: `/lists/mode/${mode}`, command: command("utils ctl set-cluster", [mode]) };
  },
  "list-signer": (value) =>
    value === "CallManager" ? { href: "/lists/itl/update", command: command("utils itl update ITLFile") } : { href: "/lists/itl/reset", command: command("utils itl reset localkey") },
};

function By({ setting: { name, value, by } }: { setting: Setting }) {
  const way = WAYS[name]?.(value);
  return (
    <p class="muted">
      {t("settings.by")} <code>{way?.command ?? `ucpki ${by}`}</code>
    </p>
  );
}

/* ---- one of them ---- */

function Values({ setting: { value, values, default: usual } }: { setting: Setting }) {
  return (
    <dl class="setting-values">
      {values.map((one) => (
        <div key={one.value} class={one.value === value ? "chosen" : undefined}>
          <dt>
            {one.value === value ? (
              <Mark kind="ok">
                <code>{one.value}</code>
              </Mark>
            ) : (
              <code>{one.value}</code>
            )}
            {one.value === value && <span class="sr-only"> {t("settings.now")}</span>}
            {one.value === usual && <span class="muted"> {t("settings.default")}</span>}
          </dt>
          <dd>{say(one.text)}</dd>
        </div>
      ))}
    </dl>
  );
}

function SettingSection({ setting }: { setting: Setting }) {
  const { name, value, by } = setting;
  const title = titleOf(name);
  const way = by ? WAYS[name]?.(value) : { href: settingHref(name) };
  return (
    <Section title={title} actions={way && <TaskLink href={way.href}>{t("settings.change")}<span class="sr-only"> {title}</span></TaskLink>}>
      <div class="panel setting">
        <p>
          {say(setting.about)} <code class="muted">{name}</code>
        </p>
        <Values setting={setting} />
        {by && <By setting={setting} />}
      </div>
    </Section>
  );
}

export function SettingsPage() {
  const settings = useLoad<List<Setting>>("/settings");
  return (
    <Page title={t("settings.title")} lead={t("settings.lead")} command={command("show setting")}>
      <Show of={settings}>
        {(list) => (
          <>
            {list.items.map((one) => (
              <SettingSection key={one.name} setting={one} />
            ))}
          </>
        )}
      </Show>
    </Page>
  );
}

/* ---- its task ---- */

function SettingTask({ setting }: { setting: Setting }) {
  const [chosen, setChosen] = useState(setting.values.find((one) => one.value !== setting.value)?.value ?? setting.value);
  const where = path("settings", setting.name);
  const choices = setting.values.map((one) => ({ value: one.value, text: one.value === setting.value ? t("settings.present", { value: one.value }) : one.value, help: say(one.text) }));
  return (
    <Page
      title={titleOf(setting.name)}
      lead={say(setting.about)}
      crumbs={[{ text: t("settings.title"), href: "/settings" }]}
      command={command("set setting", [setting.name, chosen])}
    >
      <Task
        request={{ method: "POST", where, json: { value: chosen } }}
        action={t("settings.action", { name: setting.name, value: chosen })}
        fields={["value"]}
        cancel="/settings"
        form={<RadioField name="value" label={t("settings.value")} value={chosen} onValue={setChosen} choices={choices} />}
      />
    </Page>
  );
}

export function SettingPage({ params }: PageProps) {
  const name = params.name!;
  const settings = useLoad<List<Setting>>("/settings");
  const setting = settings.data?.items.find((one) => one.name === name);
  if (setting) return <SettingTask setting={setting} />;
  return (
    <Page title={titleOf(name)} lead={settings.data && t("settings.unknown", { name })} crumbs={[{ text: t("settings.title"), href: "/settings" }]} command={command("show setting")}>
      <Show of={settings}>{() => null}</Show>
    </Page>
  );
}
