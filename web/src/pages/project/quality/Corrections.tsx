/** What reviewers change, class by class: where a guideline may be unclear rather than a person careless. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { correctionsQuery, type Corrections as Found } from "@/api/quality";
import type { OntologyClass, Project } from "@/api/types";
import { count, plural } from "@/format";
import { AsOf } from "@/parts/AsOf";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";

const PERCENT = 100;
const share = (value: number) => `${(value * PERCENT).toFixed(1)} %`;

function className(classes: OntologyClass[], id: string | null | undefined): string {
  if (!id) return "nothing";
  return classes.find((one) => one.id === id)?.name ?? id;
}

type Kind = Found["kinds"][number];
const keyOf = (kind: Kind) => `${kind.said} ${kind.right}`;

/** The items behind a row: the last ones, which are all that the server names. */
function Named({ kind, title }: { kind: Kind; title: string }) {
  return (
    <section className="stack tight" aria-label={`Items behind: ${title}`} data-testid="correction-items">
      <p className="dim">
        {title}: {count(kind.examples.length)} of the items of {plural(kind.reads, "read")}, the last ones
        first.
      </p>
      <p className="row tight">
        {kind.examples.map((item, place) => (
          <Link key={item} to="/items/$itemId" params={{ itemId: item }}>
            item {place + 1}
          </Link>
        ))}
      </p>
    </section>
  );
}

function Rows({ found, classes }: { found: Found; classes: OntologyClass[] }) {
  const [open, setOpen] = useState<string | null>(null);
  const shown = found.kinds.find((kind) => keyOf(kind) === open);
  const title = (kind: Kind) => `${className(classes, kind.said)} to ${className(classes, kind.right)}`;
  return (
    <>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Labelled as</th>
              <th>Corrected to</th>
              <th className="num">Reads, of {count(found.checked)} checked</th>
              <th className="num">Share (95 % interval)</th>
              <th className="num">People</th>
            </tr>
          </thead>
          <tbody>
            {found.kinds.map((kind) => (
              <tr key={keyOf(kind)}>
                <td>{className(classes, kind.said)}</td>
                <td>{className(classes, kind.right)}</td>
                <td className="num">
                  {kind.examples.length > 0 ? (
                    <button
                      type="button"
                      className={table.link}
                      aria-expanded={kind === shown}
                      title={`${title(kind)}: the items behind it`}
                      onClick={() => setOpen(kind === shown ? null : keyOf(kind))}
                    >
                      {count(kind.reads)}
                    </button>
                  ) : (
                    count(kind.reads)
                  )}
                </td>
                <td className="num">
                  {share(kind.reads / found.checked)} ({share(kind.low)} to {share(kind.high)})
                </td>
                <td className="num">{count(kind.people)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown ? <Named kind={shown} title={title(shown)} /> : null}
    </>
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
