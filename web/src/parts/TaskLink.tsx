/* What leads to a task, or does one: while the node is read-only it cannot be followed, and says why. */
import type { ComponentChildren } from "preact";
import { readOnly } from "../base/readonly";
import { useWatched } from "../base/store";
import { say, t } from "../base/text";

/* Where the page says that the node is read-only: there only then. */
export const READ_ONLY_ID = "read-only";

/* The attributes of what cannot be used now; undefined while it can. */
export function useBlocked(): { title: string; "aria-describedby": string } | undefined {
  const reason = useWatched(readOnly);
  return reason === null ? undefined : { title: `${t("read-only")} ${say(reason)}`.trim(), "aria-describedby": READ_ONLY_ID };
}

export function TaskLink({ href, primary, children }: { href: string; primary?: boolean; children: ComponentChildren }) {
  const blocked = useBlocked();
  const kind = primary ? "button primary" : "button";
  if (!blocked)
    return (
      <a class={kind} href={href}>
        {children}
      </a>
    );
  /* The keyboard gets there all the same: who listens to the page hears the reason. */
  return (
    <a class={kind} role="link" aria-disabled="true" tabIndex={0} {...blocked}>
      {children}
    </a>
  );
}
