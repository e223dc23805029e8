/* Where the certificate of an issuer can be fetched, as those that it issued say. Shown as text: such an address may be anybody's. */
import { t } from "../base/text";
import type { Report } from "../base/types";
import { CopyButton } from "./Copy";

function addressesOf(report: Report): string[] {
  const access = report.extensions.find((one) => one.name === "authorityInfoAccess");
  return [...(access?.text ?? "").matchAll(/CA Issuers - URI:(\S+)/g)].map((one) => one[1]!);
}

export function IssuerAddresses({ issued }: { issued: (Report | null | undefined)[] }) {
  const addresses = [...new Set(issued.flatMap((one) => (one ? addressesOf(one) : [])))];
  return (
    <>
      {addresses.length > 0 ? <p>{t("details.chain.get")}</p> : <p>{t("details.chain.ask")}</p>}
      {addresses.map((one) => (
        <p key={one}>
          <code>{one}</code> <CopyButton text={one} say={one} />
        </p>
      ))}
    </>
  );
}
