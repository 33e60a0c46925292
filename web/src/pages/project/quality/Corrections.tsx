/** What reviewers change, class by class: where a guideline may be unclear rather than a person careless. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { correctionsQuery, type Corrections as Found } from "@/api/quality";
import type { OntologyClass, Project } from "@/api/types";
import { count } from "@/format";
import { AsOf } from "@/parts/AsOf";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";

const PERCENT = 100;
const share = (value: number) => `${(value * PERCENT).toFixed(1)} %`;
/** Items that a row links to; the server names up to twenty. */
const LINKS = 5;

function className(classes: OntologyClass[], id: string | null | undefined): string {
  if (!id) return "nothing";
  return classes.find((one) => one.id === id)?.name ?? id;
}

function Rows({ found, classes }: { found: Found; classes: OntologyClass[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>Labelled as</th>
            <th>Corrected to</th>
            <th className="num">Reads, of {count(found.checked)} checked</th>
            <th className="num">Share (95 % interval)</th>
            <th className="num">People</th>
            <th>Items</th>
          </tr>
        </thead>
        <tbody>
          {found.kinds.map((kind) => (
            <tr key={`${kind.said} ${kind.right}`}>
              <td>{className(classes, kind.said)}</td>
              <td>{className(classes, kind.right)}</td>
              <td className="num">{count(kind.reads)}</td>
              <td className="num">
                {share(kind.reads / found.checked)} ({share(kind.low)} to {share(kind.high)})
              </td>
              <td className="num">{count(kind.people)}</td>
              <td className="row tight">
                {kind.examples.slice(0, LINKS).map((item, place) => (
                  <Link key={item} to="/items/$itemId" params={{ itemId: item }}>
                    item {place + 1}
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

export function Corrections({ project }: { project: Project }) {
  const found = useQuery(correctionsQuery(project.id));
  if (found.isPending) return <Loading lines={3} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  if (found.data.kinds.length === 0)
    return (
      <Note>Reviewers corrected no mark in the {count(found.data.checked)} reads that they checked.</Note>
    );
  return (
    <div className="stack tight">
      <Rows found={found.data} classes={project.protocol.classes} />
      <AsOf of={found} />
    </div>
  );
}
