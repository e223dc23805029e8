/* Signing in, and signing in again over a page whose session has ended. */
import { useEffect, useState } from "preact/hooks";
import { ApiError, signIn } from "../base/api";
import { answerSignIn, session } from "../base/session";
import { t } from "../base/text";
import type { ProblemBody } from "../base/types";
import { Dialog } from "../parts/Dialog";
import { Form, otherProblem, TextField } from "../parts/Field";
import { LanguageChoice } from "../parts/LanguageChoice";
import { begin } from "../parts/Page";
import { ProblemNotice } from "../parts/Notice";

const FIELDS = ["account", "password"];

function SignInForm({ account: known, onDone }: { account?: string; onDone?: () => void }) {
  const [account, setAccount] = useState(known ?? "");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemBody>();
  const send = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(account.trim(), password);
      onDone?.();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setProblem(error.problem);
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  const above = otherProblem(problem, FIELDS);
  return (
    <Form.Provider value={problem}>
      <form class="sign-in-form" onSubmit={send}>
        {above && <ProblemNotice problem={above} />}
        <TextField name="account" label={t("sign-in.account")} value={account} onValue={setAccount} autocomplete="username" required autofocus={!known} />
        <TextField name="password" label={t("sign-in.password")} type="password" value={password} onValue={setPassword} autocomplete="current-password" required autofocus={!!known} />
        <div class="buttons">
          <button type="submit" class="primary" disabled={busy}>
            {t("sign-in")}
          </button>
        </div>
      </form>
    </Form.Provider>
  );
}

export function SignInPage() {
  const title = t("sign-in.title", { node: location.hostname });
  useEffect(() => {
    document.title = `${title} · ucpki`;
    begin();
  }, [title]);
  return (
    <main class="sign-in" id="content">
      <div class="sign-in-box">
        <div class="sign-in-head">
          <span class="brand">{t("product")}</span>
          <LanguageChoice />
        </div>
        <h1>{title}</h1>
        <p class="lead">{t("sign-in.lead")}</p>
        <SignInForm />
        <p class="muted">{t("sign-in.first")}</p>
      </div>
    </main>
  );
}

export function SignInAgain() {
  const account = session.get()?.account ?? "";
  return (
    <Dialog title={t("sign-in.again")}>
      <p>{t("sign-in.again.hint")}</p>
      <SignInForm account={account} onDone={() => answerSignIn(true)} />
    </Dialog>
  );
}
