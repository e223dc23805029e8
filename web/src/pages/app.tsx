/* The frame around every page: who is signed in, at which node, what it says of itself, and the menu. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, signOut } from "../base/api";
import { forgetAll, news, useLoad } from "../base/load";
import { readOnly } from "../base/readonly";
import { go, match, usePlace, type Place } from "../base/route";
import { session, signInAgain } from "../base/session";
import { useWatched } from "../base/store";
import { language, say, t, type Key } from "../base/text";
import type { Overview, ProblemBody, Status } from "../base/types";
import { LanguageChoice } from "../parts/LanguageChoice";
import { Notice, ProblemNotice } from "../parts/Notice";
import { Page } from "../parts/Page";
import { READ_ONLY_ID } from "../parts/TaskLink";
import { routes } from "./routes";
import { SignInAgain, SignInPage } from "./sign-in";

const MENU: { href: string; text: Key; count?: "csrs" | "followups" }[] = [
  { href: "/", text: "nav.overview" },
  { href: "/certificates", text: "nav.certificates" },
  { href: "/csrs", text: "nav.csrs", count: "csrs" },
  { href: "/upload", text: "nav.upload" },
  { href: "/lists", text: "nav.lists" },
  { href: "/phones", text: "nav.phones" },
  { href: "/cluster", text: "nav.cluster" },
  { href: "/followups", text: "nav.followups", count: "followups" },
  { href: "/changes", text: "nav.changes" },
  { href: "/settings", text: "nav.settings" },
  { href: "/account", text: "nav.account" },
];

const HEARTBEAT_SECONDS = 5;

/* Looks whether the state has changed, and lets every page that shows it load again. */
function useHeartbeat(): Status | undefined {
  const { data } = useLoad<Status>("/status", {}, { poll: HEARTBEAT_SECONDS });
  const seen = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (!data) return;
    if (seen.current !== undefined && seen.current !== data.head) news.set(news.get() + 1);
    seen.current = data.head;
    readOnly.set(data.read_only ? (data.read_only_reason ?? "") : null);
  }, [data]);
  return data;
}

function NoPage({ path }: { path: string }) {
  return <Page title={t("no-page")} lead={t("no-page.hint", { path })} />;
}

function Here({ place }: { place: Place }) {
  for (const route of routes) {
    const params = match(route.pattern, place.path);
    if (params) return <route.page key={place.path} params={params} query={place.query} />;
  }
  return <NoPage path={place.path} />;
}

function Menu({ path, open, onGo }: { path: string; open: boolean; onGo: () => void }) {
  const { data } = useLoad<Overview>("/overview");
  const isHere = (href: string) => (href === "/" ? path === "/" : path === href || path.startsWith(`${href}/`));
  return (
    <nav class={open ? "menu open" : "menu"} id="menu" aria-label={t("nav.main")}>
      <ul>
        {MENU.map(({ href, text, count }) => (
          <li key={href}>
            <a href={href} aria-current={isHere(href) ? "page" : undefined} onClick={onGo}>
              {t(text)}
              {count && data && data[count] > 0 && <span class="count">{data[count]}</span>}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Bar({ status, open, onMenu, onLeave }: { status: Status | undefined; open: boolean; onMenu: () => void; onLeave: () => void }) {
  const who = useWatched(session);
  return (
    <header class="bar">
      <button type="button" class="menu-button" aria-expanded={open} aria-controls="menu" onClick={onMenu}>
        {t("nav.menu")}
      </button>
      <a class="brand" href="/">
        {t("product")}
      </a>
      <span class="bar-node" title={status ? t("looking-at", { node: status.fqdn }) : undefined}>
        {status?.fqdn ?? who?.fqdn}
      </span>
      <span class="bar-fill" />
      <span class="bar-who">{who && t("signed-in-as", { account: who.account })}</span>
      <LanguageChoice />
      <button type="button" class="quiet" onClick={onLeave}>
        {t("sign-out")}
      </button>
    </header>
  );
}

/* Signs out; the problem when that did not succeed: whoever goes away from the keyboard must know. */
function useLeave(): [ProblemBody | undefined, () => Promise<void>] {
  const [problem, setProblem] = useState<ProblemBody>();
  const leave = async () => {
    setProblem(undefined);
    try {
      await signOut();
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      setProblem(e.problem);
      return;
    }
    forgetAll();
    go("/");
  };
  return [problem, leave];
}

function Console() {
  const place = usePlace();
  const status = useHeartbeat();
  const again = useWatched(signInAgain);
  const [open, setOpen] = useState(false);
  const [staying, leave] = useLeave();
  useEffect(() => setOpen(false), [place.path]);
  return (
    <>
      <a class="skip" href="#content">
        {t("nav.skip")}
      </a>
      <Bar status={status} open={open} onMenu={() => setOpen(!open)} onLeave={leave} />
      <div class="frame">
        <Menu path={place.path} open={open} onGo={() => setOpen(false)} />
        <main id="content" tabIndex={-1}>
          {staying && <ProblemNotice problem={staying} retry={leave} />}
          {status?.read_only && (
            <div id={READ_ONLY_ID}>
              <Notice kind="warn" title={t("read-only")} live>
                <p>
                  {status.read_only_reason && say(status.read_only_reason)} <a href="/cluster">{t("read-only.look")}</a>
                </p>
              </Notice>
            </div>
          )}
          <Here place={place} />
        </main>
      </div>
      {again && <SignInAgain />}
    </>
  );
}

export function App() {
  const who = useWatched(session);
  /* All texts are asked for anew when the language changes; what has been typed stays. */
  useWatched(language);
  return who ? <Console /> : <SignInPage />;
}
