/** Why readers differed, as those who decided between them said: where one reason comes often, the instructions are unclear. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { disputeReasonsQuery } from "@/api/agreement";
import { count, title } from "@/format";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";

/** The reason that puts a dispute down to the guideline. */
const GUIDELINE = "ambiguous_guideline";

export function Reasons({ project }: { project: string }) {
  const found = useQuery(disputeReasonsQuery(project));
  if (found.isPending) return <Loading lines={3} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  if (found.data.length === 0) return <Note>Nobody had to decide between reads that you may know of.</Note>;
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="dispute-reasons">
        <thead>
          <tr>
            <th>Reason</th>
            <th className="num">Decisions</th>
            <th>Newest items</th>
          </tr>
        </thead>
        <tbody>
          {found.data.map((one) => (
            <tr key={one.reason}>
              <td>
                {title(one.reason)}
                {one.reason === GUIDELINE ? (
                  <>
                    {" · "}
                    <Link
                      className="in-text"
                      to="/projects/$projectId/guideline"
                      params={{ projectId: project }}
                    >
                      guideline
                    </Link>
                  </>
                ) : null}
              </td>
              <td className="num">{count(one.count)}</td>
              <td className="row tight">
                {one.items.map(({ item, name }) => (
                  <Link key={item} to="/items/$itemId" params={{ itemId: item }}>
                    {name}
                  </Link>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
