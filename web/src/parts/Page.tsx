/* The frame of a page: its title, what can be done here, and the command that does the same. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { usePlace } from "../base/route";
import { t } from "../base/text";
import { CommandLine } from "./Copy";

export interface Crumb {
  text: string;
  href: string;
}

interface Props {
  title: string;
  /* One line below the title: what the page answers. */
  lead?: ComponentChildren;
  crumbs?: Crumb[];
  actions?: ComponentChildren;
  command?: string | null;
  children?: ComponentChildren;
}

/* Has anything been shown already since the console was loaded: a page, or the form to sign in? */
let begun = false;

export function begin(): void {
  begun = true;
}

export function Page({ title, lead, crumbs, actions, command, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { path } = usePlace();
  useEffect(() => {
    document.title = `${title} · ucpki`;
  }, [title]);
  /* Who moves by keyboard or listens to the page goes on at its title after following a link; a page that was loaded begins at its beginning. */
  useEffect(() => {
    if (begun) heading.current?.focus({ preventScroll: true });
    begin();
  }, [path]);
  return (
    <article class="page">
      {crumbs && (
        <nav class="crumbs" aria-label={t("page.crumbs")}>
          {crumbs.map((one) => (
            <a key={one.href} href={one.href}>
              {one.text}
            </a>
          ))}
        </nav>
      )}
      <header class="page-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {actions && <div class="actions">{actions}</div>}
      </header>
      {children}
      {command && <CommandLine text={command} />}
    </article>
  );
}

export function Section({ title, actions, children, id }: { title: string; actions?: ComponentChildren; children?: ComponentChildren; id?: string }) {
  return (
    <section class="section" id={id} aria-label={title}>
      <div class="section-head">
        <h2>{title}</h2>
        {actions && <div class="actions">{actions}</div>}
      </div>
      {children}
    </section>
  );
}
