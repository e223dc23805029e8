/* One's own password, and what this browser is to do. The language is chosen in the bar above. */
import { useState } from "preact/hooks";
import { path, signIn } from "../base/api";
import { command } from "../base/command";
import { answerSignIn, session } from "../base/session";
import { chooseSlash, slash } from "../base/slash";
import { useWatched } from "../base/store";
import { t } from "../base/text";
import type { Done } from "../base/types";
import { CheckField, TextField } from "../parts/Field";
import { Notice } from "../parts/Notice";
import { Page, Section } from "../parts/Page";
import { Task, type TaskRequest } from "../parts/Task";

const FIELDS = ["current", "password", "repeat"];

/*
 * The new password ended this session as well; whoever set it need not type it again. Should that fail, the next request asks for the password
 * as it does after any session.
 */
async function stay(account: string, password: string): Promise<void> {
  await signIn(account, password).catch(() => undefined);
  answerSignIn(true);
}

/* What is kept in this browser and concerns nobody else. */
function Browser() {
  const on = useWatched(slash);
  return (
    <Section title={t("account.browser")}>
      <CheckField label={t("account.slash")} help={t("account.slash.help")} checked={on} onChecked={chooseSlash} />
    </Section>
  );
}

export function AccountPage() {
  const account = useWatched(session)?.account ?? "";
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [repeat, setRepeat] = useState("");
  const [changed, setChanged] = useState<Done>();
  const same = password === repeat;
  const request: TaskRequest | null = current && password && same ? { method: "POST", where: path("accounts", account, "password"), json: { current, password } } : null;
  return (
    <Page title={t("account.title", { account })} lead={t("account.lead")} command={command("set account password", [account])}>
      {changed && (
        <Notice kind="ok" title={t("account.changed")} live>
          <p>
            <a href={`/changes/${changed.number}`}>{t("account.change")}</a>
          </p>
        </Notice>
      )}
      <Task
        request={request}
        incomplete={password && repeat && !same ? t("account.differ") : t("account.incomplete")}
        action={t("account.action")}
        fields={FIELDS}
        cancel="/"
        onDone={async (done) => {
          await stay(account, password);
          setCurrent("");
          setPassword("");
          setRepeat("");
          setChanged(done);
        }}
        form={
          <>
            <TextField name="current" label={t("account.current")} type="password" autocomplete="current-password" value={current} onValue={setCurrent} />
            <TextField name="password" label={t("account.new")} type="password" autocomplete="new-password" help={t("account.new.help")} value={password} onValue={setPassword} />
            <TextField name="repeat" label={t("account.repeat")} type="password" autocomplete="new-password" value={repeat} onValue={setRepeat} />
          </>
        }
      />
      <Browser />
    </Page>
  );
}
