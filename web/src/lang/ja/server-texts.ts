/*
 * What the sentences of the server say in Japanese: printf formats of the C sources, with {1}, {2} ... for the values in the order of the
 * format; {1-} is a value that Japanese has no use for ("s" of a plural). A format whose values are pieces of the sentence has an object
 * instead: the forms that it takes. In a form %p is the purpose of a certificate, %w a word, %b anything but brackets.
 */
import { core } from "./server/core";
import { lists } from "./server/lists";
import { listsApi } from "./server/lists-api";
import { listsManage } from "./server/lists-manage";
import { manage } from "./server/manage";
import { node } from "./server/node";
import { phone } from "./server/phone";
import { phoneConfig } from "./server/phone-config";
import { pki } from "./server/pki";
import { serve } from "./server/serve";
import { settings } from "./server/settings";
import { store } from "./server/store";

export type Texts = Record<string, string | Record<string, string>>;

export const serverTexts: Texts = { ...core, ...pki, ...lists, ...store, ...settings, ...manage, ...listsApi, ...listsManage, ...node, ...phone, ...phoneConfig, ...serve };
