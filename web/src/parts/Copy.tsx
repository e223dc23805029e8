/* Text to take along: the equivalent command, fingerprints, PEM. */
import { useState } from "preact/hooks";
import { t } from "../base/text";

/* say: what is copied, for the label of the button. */
export function CopyButton({ text, say }: { text: string; say?: string }) {
  const [told, setTold] = useState<"copy" | "copy.done" | "copy.failed">("copy");
  const copy = async () => {
    /* A browser may forbid it. */
    const done = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setTold(done ? "copy.done" : "copy.failed");
    setTimeout(() => setTold("copy"), 2000);
  };
  return (
    <button type="button" class="small quiet" onClick={copy} aria-label={say ? t("copy.what", { what: say }) : undefined}>
      <span aria-live="polite">{t(told)}</span>
    </button>
  );
}

export function CommandLine({ text }: { text: string }) {
  return (
    <aside class="command" aria-label={t("command.same")}>
      <span class="muted">{t("command.same")}</span>
      <code>{text}</code>
      <CopyButton text={text} say={t("command.same")} />
    </aside>
  );
}

/* A fingerprint, serial or key identifier: fixed width, in groups that the eye can hold against another. */
export function Digits({ text }: { text: string }) {
  const groups = /^[0-9a-f]{16,}$/i.test(text) ? text.match(/.{1,4}/g)! : [text];
  /* The gaps are of the style: what is copied has none. */
  return (
    <code class="digits">
      {groups.map((one, i) => (
        <span key={i}>{one}</span>
      ))}
    </code>
  );
}

/* A block of text such as PEM. */
export function TextBlock({ text, label }: { text: string; label: string }) {
  return (
    <div class="text-block">
      <div class="text-block-head">
        <span class="muted">{label}</span>
        <CopyButton text={text} say={label} />
      </div>
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </div>
  );
}
