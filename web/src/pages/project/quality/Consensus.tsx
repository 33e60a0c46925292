/** What independent readers' answers say that is true: the items about which least is certain, and what readers are worth. */
import { Button, SegmentedControl } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Fragment, useState } from "react";
import { type ConsensusAbout, type ConsensusReport, consensusQuery } from "@/api/consensus";
import type { Project } from "@/api/types";
import { count, percent, plural } from "@/format";
import { AsOf } from "@/parts/AsOf";
import { Panel } from "@/parts/bits";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import {
  accuracyWords,
  answerWords,
  differsWords,
  majorityWords,
  mistakeWords,
  readerName,
} from "./consensus-words";

type Listed = ConsensusReport["least_certain"];

function Items({ items, report, project }: { items: Listed; report: ConsensusReport; project: Project }) {
  const { classes } = project.protocol;
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="consensus-items">
        <thead>
          <tr>
            <th>Item</th>
            <th>Estimated answer</th>
            <th className="num">Probability</th>
            <th>Most said</th>
            <th>Who differs</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <Fragment key={item.item}>
              {item.answers.map((answer, place) => (
                <tr key={`${item.item}/${answer.frame?.stream}/${answer.frame?.index}/${answer.place}`}>
                  <td>
                    {place === 0 ? (
                      <Link to="/items/$itemId" params={{ itemId: item.item }}>
                        {item.name}
                      </Link>
                    ) : null}
                    {answer.frame ? (
                      <span className="dim"> frame {count(answer.frame.index + 1)}</span>
                    ) : null}
                    {place === 0 && item.all > item.answers.length ? (
                      <span className="dim">
                        {" "}
                        ({count(item.answers.length)} of {plural(item.all, "answer")})
                      </span>
                    ) : null}
                  </td>
                  <td>{answerWords(answer.estimate, classes)}</td>
                  <td className="num">{percent(answer.posterior)}</td>
                  <td>{majorityWords(answer, classes)}</td>
                  <td>{differsWords(answer, report.readers, classes)}</td>
                </tr>
              ))}
            </Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Readers({ report, project }: { report: ConsensusReport; project: Project }) {
  if (report.readers.length === 0) return null;
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="consensus-readers">
        <thead>
          <tr>
            <th>Reader</th>
            <th>Estimated to be right</th>
            <th className="num">As estimated, of their answers</th>
            <th>Most often wrong</th>
          </tr>
        </thead>
        <tbody>
          {report.readers.map((reader) => (
            <tr key={reader.user}>
              <td>{readerName(reader)}</td>
              <td>{accuracyWords(reader)}</td>
              <td className="num">
                {count(reader.as_estimated)} of {count(reader.answers)}
              </td>
              <td>{mistakeWords(reader, project.protocol.classes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the figures leave out, in one line; nothing where they leave nothing out. */
function LeftOut({ report }: { report: ConsensusReport }) {
  const parts = [
    report.not_assessed > 0 ? `${plural(report.not_assessed, "item")} that a reader could not assess` : null,
    report.left_out > 0
      ? `${plural(report.left_out, "answer")} with a label that hardly anybody gives`
      : null,
  ].filter((part) => part !== null);
  return parts.length > 0 ? <p className="dim">Not counted: {parts.join("; ")}.</p> : null;
}

export function Consensus({ project }: { project: Project }) {
  const [about, ask] = useState<ConsensusAbout | null>(null);
  const found = useInfiniteQuery(consensusQuery(project.id, about));
  if (found.isPending) return <Loading lines={3} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  const [report] = found.data.pages;
  if (!report?.about)
    return (
      <Note>
        Nothing that you may know of was read by two people independently (yet). Where it was, here stands
        what their answers say that is true, with its probability.
      </Note>
    );
  const items = found.data.pages.flatMap((page) => page.least_certain);
  return (
    <Panel title="What readers' answers say that is true" aside={<AsOf of={found} />}>
      {report.cut ? (
        <Note tone="warn">There is more than one estimate takes: these are the first items.</Note>
      ) : null}
      {report.tags > 0 && report.marks > 0 ? (
        <SegmentedControl
          aria-label="What is estimated"
          value={report.about}
          onChange={(value) => ask(value as ConsensusAbout)}
          data={[
            { value: "tags", label: `Tags (${count(report.tags)})` },
            { value: "marks", label: `Marks (${count(report.marks)})` },
          ]}
        />
      ) : null}
      <p>
        {plural(report.answers, "answer")} in {plural(report.items, "item")};{" "}
        {report.ties === 0
          ? "readers are tied about none of these answers"
          : `readers are tied about ${count(report.ties)} of these ${count(report.answers)}`}
        . The least certain first.
      </p>
      {items.length > 0 ? (
        <Items items={items} report={report} project={project} />
      ) : (
        <Note>There is nothing of this kind.</Note>
      )}
      {found.hasNextPage ? (
        <Button variant="default" onClick={() => found.fetchNextPage()} loading={found.isFetchingNextPage}>
          Show more items
        </Button>
      ) : null}
      <Readers report={report} project={project} />
      <LeftOut report={report} />
      <p className="dim">
        Dawid and Skene's model: what is true and how often each reader is right are estimated by turns, from
        nothing but the answers. It takes readers to err independently of each other, and says less than it
        seems to: of 807 pictures with known answers and two reads each, answers said to be at least 90 %
        probable were right in 78 %. It decides nothing: reads and decisions stay as they are.
      </p>
    </Panel>
  );
}
