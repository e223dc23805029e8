import { changes } from "./changes";
import { cluster } from "./cluster";
import { common } from "./common";
import { details } from "./details";
import { list } from "./list";
import { lists } from "./lists";
import { overview } from "./overview";
import { phones } from "./phones";
import { tasks } from "./tasks";

export const ja = { ...common, ...overview, ...list, ...details, ...tasks, ...cluster, ...changes, ...lists, ...phones };
