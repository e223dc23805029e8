/* Why nothing can be changed on the node that one is looking at; null while something can. It says so with every heartbeat (pages/app). */
import { watched } from "./store";

export const readOnly = watched<string | null>(null);
