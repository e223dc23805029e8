/* One's own password. The language is chosen in the bar above. */
import { useState } from "preact/hooks";
import { path, signIn } from "../base/api";
import { command } from "../base/command";
import { answerSignIn, session } from "../base/session";
import { useWatched } from "../base/store";
import { t } from "../base/text";
import type { Done } from "../base/types";
import { TextField } from "../parts/Field";
import { Notice } from "../parts/Notice";
import { Page } from "../parts/Page";
import { Task, type TaskRequest } from "../parts/Task";

const FIELDS = ["password", "repeat"];

/*
 * The new password ended this session as well; whoever set it need not type it again. Should that fail, the next request asks for the password
 * as it does after any session.
 */
async function stay(account: string, password: string): Promise<void> {
  await signIn(account, password).catch(() => undefined);
  answerSignIn(true);
}

export function AccountPage() {
  const account = useWatched(session)?.account ?? "";
  const [password, setPassword] = useState("");
  const [repeat, setRepeat] = useState("");
  const [changed, setChanged] = useState<Done>();
  const same = password === repeat;
  const request: TaskRequest | null = password && same ? { method: "POST", where: path("accounts", account, "password"), json: { password } } : null;
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
          setPassword("");
          setRepeat("");
          setChanged(done);
        }}
        form={
          <>
            <TextField name="password" label={t("account.new")} type="password" autocomplete="new-password" help={t("account.new.help")} value={password} onValue={setPassword} />
            <TextField name="repeat" label={t("account.repeat")} type="password" autocomplete="new-password" value={repeat} onValue={setRepeat} />
          </>
        }
      />
    </Page>
  );
}
