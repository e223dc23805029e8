/*
 * Who is signed in. The session itself is a cookie that scripts cannot read; what is kept here is its account and the token that goes with
 * every request that changes something.
 */
import type { Session } from "./types";
import { watched } from "./store";

/* undefined: not asked yet; null: nobody. */
export const session = watched<Session | null | undefined>(undefined);

/*
 * A session that ended while a page was open: the page stays as it is, a dialog asks for the password, and what had been asked of the server
 * is asked again.
 */
export const signInAgain = watched(false);
let waiting: ((signedIn: boolean) => void)[] = [];

export function askSignIn(): Promise<boolean> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    signInAgain.set(true);
  });
}

export function answerSignIn(signedIn: boolean): void {
  const asked = waiting;
  waiting = [];
  signInAgain.set(false);
  for (const resolve of asked) resolve(signedIn);
}
