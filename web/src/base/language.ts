/* The language of the page. */
import { watched } from "./store";

export type Language = "en" | "ja";

export const language = watched<Language>("en");
