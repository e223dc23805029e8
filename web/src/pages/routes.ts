/* Which page is at which address. The first pattern that fits. */
import type { FunctionComponent } from "preact";
import { AccountPage } from "./account";
import { ChangePage } from "./change";
import { ChangesPage } from "./changes";
import { ClusterPage } from "./cluster";
import { CsrDeletePage, CsrGeneratePage } from "./csr-tasks";
import { CsrPage, CsrsPage } from "./csrs";
import { DetailsPage } from "./details";
import { DeletePage } from "./delete";
import { DiagnosePage } from "./diagnose";
import { FollowupsPage } from "./followups";
import { JobPage, JobsPage } from "./jobs";
import { ListPage } from "./list";
import { NodeAddPage, NodeRemovePage, NodeRenamePage } from "./node-tasks";
import { OauthPage, OauthRegeneratePage } from "./oauth";
import { OverviewPage } from "./overview";
import { PhonePage } from "./phone";
import { PhonesPage } from "./phones";
import { RegeneratePage } from "./regenerate";
import { SettingPage, SettingsPage } from "./settings";
import { TrustListPage } from "./trust-list";
import { ListModePage, ListResetPage, ListUpdatePage } from "./trust-list-tasks";
import { TrustListsPage } from "./trust-lists";
import { UndoPage } from "./undo";
import { UploadPage } from "./upload";

export interface PageProps {
  /* The values of the pattern, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
}

interface Route {
  pattern: string;
  page: FunctionComponent<PageProps>;
}

export const routes: Route[] = [
  { pattern: "/", page: OverviewPage },
  { pattern: "/certificates", page: ListPage },
  { pattern: "/certificates/own/:purpose", page: DetailsPage },
  { pattern: "/certificates/own/:purpose/regenerate", page: RegeneratePage },
  { pattern: "/certificates/trust/:store/:name", page: DetailsPage },
  { pattern: "/certificates/trust/:store/:name/delete", page: DeletePage },
  { pattern: "/generate-self-signed", page: RegeneratePage },
  { pattern: "/generate-csr", page: CsrGeneratePage },
  { pattern: "/csrs", page: CsrsPage },
  { pattern: "/csrs/:purpose", page: CsrPage },
  { pattern: "/csrs/:purpose/delete", page: CsrDeletePage },
  { pattern: "/upload", page: UploadPage },
  { pattern: "/cluster", page: ClusterPage },
  { pattern: "/cluster/add", page: NodeAddPage },
  { pattern: "/cluster/diagnose", page: DiagnosePage },
  { pattern: "/cluster/oauth", page: OauthPage },
  { pattern: "/cluster/oauth/:key/regenerate", page: OauthRegeneratePage },
  { pattern: "/cluster/nodes/:node/remove", page: NodeRemovePage },
  { pattern: "/cluster/nodes/:node/rename", page: NodeRenamePage },
  { pattern: "/lists", page: TrustListsPage },
  { pattern: "/lists/:list", page: TrustListPage },
  { pattern: "/lists/mode/:mode", page: ListModePage },
  { pattern: "/lists/:list/update", page: ListUpdatePage },
  { pattern: "/lists/:list/reset", page: ListResetPage },
  { pattern: "/phones", page: PhonesPage },
  { pattern: "/phones/:device", page: PhonePage },
  { pattern: "/settings", page: SettingsPage },
  { pattern: "/settings/:name", page: SettingPage },
  { pattern: "/jobs", page: JobsPage },
  { pattern: "/jobs/:id", page: JobPage },
  { pattern: "/followups", page: FollowupsPage },
  { pattern: "/changes", page: ChangesPage },
  { pattern: "/changes/:number", page: ChangePage },
  { pattern: "/changes/:number/undo", page: UndoPage },
  { pattern: "/account", page: AccountPage },
];
