/** What people ask about my work, and what they answered to me. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { myFindingsQuery } from "@/api/findings";
import { Panel } from "@/parts/bits";
import { FindingState, FindingThread } from "@/parts/FindingThread";
import { Empty, Failed, Loading } from "@/parts/States";

export default function Findings() {
  const findings = useQuery(myFindingsQuery);
  if (findings.isPending) return <Loading />;
  if (findings.isError) return <Failed error={findings.error} retry={() => findings.refetch()} />;
  return (
    <div className="stack loose">
      <h1>Findings that wait for you</h1>
      {findings.data.length === 0 ? (
        <Empty title="Nobody waits for your answer">
          Questions about what you worked on come here, and answers to what you asked.
        </Empty>
      ) : (
        findings.data.map((finding) => (
          <Panel
            key={finding.id}
            title={
              <Link to="/items/$itemId" params={{ itemId: finding.item }}>
                {finding.item_name}, finding {finding.number}
              </Link>
            }
            aside={<FindingState finding={finding} />}
          >
            <FindingThread finding={finding} />
          </Panel>
        ))
      )}
    </div>
  );
}
