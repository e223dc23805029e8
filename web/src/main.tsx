import { render } from "preact";
import { findSession } from "./base/api";
import { startRouting } from "./base/route";
import { startLanguage } from "./base/text";
import { App } from "./pages/app";

startRouting();
await Promise.all([startLanguage(), findSession().catch(() => undefined)]);
render(<App />, document.getElementById("console")!);
