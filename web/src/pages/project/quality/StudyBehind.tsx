/** The parts behind a figure of a person in a study: what they said of each, and what the reference says. */
import { Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type PersonFigures, studyRecordQuery } from "@/api/appraisals";
import { plural } from "@/format";
import { Panel } from "@/parts/bits";
import { Failed, Loading } from "@/parts/States";
import table from "@/parts/table.module.css";
import { FIGURE_WORDS, type PersonFigure, partsBehind, referenceWords, saidWords } from "./study-behind";

export type Chosen = { person: PersonFigures; figure: PersonFigure };

export function StudyBehind({ study, chosen, close }: { study: string; chosen: Chosen; close: () => void }) {
  const { person, figure } = chosen;
  const [part, setPart] = useState<"against" | "all">("against");
  const found = useQuery(studyRecordQuery(study));
  const words = FIGURE_WORDS[figure];
  const parts = found.data ? partsBehind(found.data, person.user, figure) : [];
  const rows = part === "all" ? parts : parts.filter((one) => one.isAgainst);
  return (
    <section aria-label={`Parts behind: ${person.printed_name}, ${words.title}`} data-testid="study-behind">
      <Panel
        title={`${person.printed_name}: ${words.title}`}
        aside={
          <Button variant="default" size="compact-sm" onClick={close}>
            Close the list
          </Button>
        }
      >
        <SegmentedControl
          aria-label="Which parts"
          value={part}
          onChange={(value) => setPart(value as typeof part)}
          data={[
            { value: "against", label: words.against },
            { value: "all", label: words.all },
          ]}
        />
        {found.isPending ? <Loading lines={3} /> : null}
        {found.isError ? <Failed error={found.error} retry={() => found.refetch()} /> : null}
        {found.data ? <p className="dim">{plural(rows.length, "part")}</p> : null}
        {rows.length > 0 ? (
          <div className={table.scroll}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th>Part</th>
                  <th>Reference</th>
                  <th>Said, trial by trial</th>
                </tr>
              </thead>
              <tbody>
                {rows.map((one) => (
                  <tr key={one.item}>
                    <td>
                      <Link to="/items/$itemId" params={{ itemId: one.item }}>
                        part {one.number}
                      </Link>
                    </td>
                    <td>{referenceWords(one)}</td>
                    <td>{saidWords(one)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : null}
      </Panel>
    </section>
  );
}
