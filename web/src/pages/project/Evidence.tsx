/** Everything that happened in this project, as the log holds it; who saw whom; the copy for an inspector. */
import { Button } from "@mantine/core";
import { inspectionUrl } from "@/api/evidence";
import { projectEventsPage } from "@/api/projects";
import { hasRole, useMe } from "@/api/session";
import { Panel } from "@/parts/bits";
import { EventList } from "@/parts/EventList";
import { EvidenceLight } from "@/parts/EvidenceLight";
import { Icon } from "@/parts/Icon";
import { Breach } from "./evidence/Breach";
import { useProject } from "./Project";

export default function Evidence() {
  const { id } = useProject();
  const me = useMe();
  const answersForPrivacy = hasRole(me, "privacy_officer", id) || hasRole(me, "auditor", id);
  return (
    <div className="stack loose">
      {answersForPrivacy ? (
        <>
          <Panel title="The log">
            <EvidenceLight project={id} />
          </Panel>
          <Panel
            title="Inspector's copy"
            aside={
              <Button component="a" href={inspectionUrl(id)} download leftSection={<Icon name="download" />}>
                Make a copy
              </Button>
            }
          >
            <p>
              One file with everything below to read, every signature, and the proofs. It is checked on a
              machine without this server: <code>countersign verify COPY.zip --key log.pub</code>.
            </p>
          </Panel>
          <Breach project={id} />
        </>
      ) : null}
      <EventList
        queryKey={["projects", id, "events"]}
        fetchPage={(cursor, signal) => projectEventsPage(id, cursor, signal)}
      />
    </div>
  );
}
