/** All that people of a vendor see outside of the dates of its contract. */
import { Button } from "@mantine/core";
import { useSignOut } from "@/api/session";
import type { Organization } from "@/api/vendors";
import { At } from "./bits";
import { Empty } from "./States";

/** Whether the people of an organization may work. */
export const mayWork = (organization: Organization) =>
  organization.contract !== "not_yet" && organization.contract !== "ended";

export function ContractOver({ organization }: { organization: Organization }) {
  const signOut = useSignOut();
  const early = organization.contract === "not_yet";
  const when = early ? organization.contract_from : organization.contract_until;
  return (
    <main>
      <Empty title={early ? "The contract has not begun" : "The contract has ended"}>
        <p>
          The contract of {organization.name} {early ? "begins" : "ended"}
          {when ? (
            <>
              {" "}
              <At micros={when} />
            </>
          ) : null}
          . Until it is valid, no work is given out here.
          {early ? "" : " What you saved is kept; what you held is given to others."}
        </p>
        <p className="dim">Questions about the contract go to whoever leads your work there.</p>
        <Button variant="default" loading={signOut.isPending} onClick={() => signOut.mutate()}>
          Sign out
        </Button>
      </Empty>
    </main>
  );
}
