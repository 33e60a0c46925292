/** How far independent readers agree: class by class, by pairs of readers, and what they call the same finding. */
import { useQuery } from "@tanstack/react-query";
import { type AgreementReport, agreementQuery, type ClassAgreement, type Coefficient } from "@/api/agreement";
import type { OntologyClass, Project } from "@/api/types";
import { answerName } from "@/canvas/answers";
import { count, plural } from "@/format";
import { AsOf } from "@/parts/AsOf";
import { BehindList, FigureButton, type Open, useBehind } from "@/parts/Behind";
import { FactList, Panel } from "@/parts/bits";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";
import { shareWords } from "../tiers/words";
import styles from "./Agreement.module.css";
import {
  cellOf,
  coefficientWords,
  commonWords,
  distanceWords,
  NOTHING,
  namesOf,
  shade,
  sharedWords,
} from "./agreement";
import { agreementFigures } from "./agreement-figures";

type Named = (id: string) => string;
type Share = number | null | undefined;
type Ends = ClassAgreement["percent_interval"];
type Fleiss = Pick<ClassAgreement, "fleiss" | "fleiss_interval">;
/** The figures of the report, and the one whose items are listed. */
type Listed = { open: Open; figures: ReturnType<typeof agreementFigures> };

function Classes({ report, named, open, figures }: { report: AgreementReport; named: Named } & Listed) {
  const cell = (value: Coefficient | null | undefined) => <td className="num">{coefficientWords(value)}</td>;
  const split = (line: ClassAgreement, value: Share, interval: Ends) => (
    <td className="num">
      {value === null || value === undefined ? (
        "–"
      ) : (
        <FigureButton open={open} figure={figures.class(line.class, named(line.class), "split")}>
          {sharedWords(value, interval)}
        </FigureButton>
      )}
    </td>
  );
  const fleiss = ({ fleiss: value, fleiss_interval: ends }: Fleiss) =>
    cell(value === null || value === undefined ? null : { value, low: ends?.low, high: ends?.high });
  const lines = report.classes.filter((line) => line.marked > 0);
  const unmarked = report.classes.length - lines.length;
  return (
    <>
      <div className={table.scroll}>
        <table className={table.table} data-testid="agreement-classes">
          <thead>
            <tr>
              <th>Is there any of it?</th>
              <th className="num">Items with a mark</th>
              <th className="num">Same answer</th>
              <th className="num">Where one marked it</th>
              <th className="num">Where one did not</th>
              <th className="num">Alpha (95 % interval)</th>
              <th className="num">AC1 (95 % interval)</th>
              <th className="num">Fleiss' kappa (95 % interval)</th>
            </tr>
          </thead>
          <tbody>
            {report.answers ? (
              <tr>
                <td>All classes of an item together</td>
                <td className="num">{count(report.answers.items)} read</td>
                <td className="num">
                  <FigureButton open={open} figure={figures.answers}>
                    {sharedWords(report.answers.percent, report.answers.percent_interval)}
                  </FigureButton>
                </td>
                <td className="num">–</td>
                <td className="num">–</td>
                {cell(report.answers.alpha)}
                {cell(report.answers.ac1)}
                {fleiss(report.answers)}
              </tr>
            ) : null}
            {lines.map((line) => (
              <tr key={line.class}>
                <td>{named(line.class)}</td>
                <td className="num">
                  <FigureButton open={open} figure={figures.class(line.class, named(line.class), "counted")}>
                    {count(line.marked)} of {count(line.items)}
                  </FigureButton>
                </td>
                {split(line, line.percent, line.percent_interval)}
                {split(line, line.positive, line.positive_interval)}
                {split(line, line.negative, line.negative_interval)}
                {cell(line.alpha)}
                {cell(line.ac1)}
                {fleiss(line)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="dim">
        Over the {plural(report.items, "item")} that at least two read; in brackets 95 % intervals over items.
        “Where one marked it”: of the pairs of readers of whom one marked it, in which the other did too;
        “where one did not” likewise (positive and negative specific agreement). Fleiss' kappa is not known
        where items differ in their number of readers.
      </p>
      {unmarked > 0 ? (
        <p className="dim">Nobody marked {plural(unmarked, "further class", "further classes")}.</p>
      ) : null}
    </>
  );
}

function Pairs({ report, open, figures }: { report: AgreementReport } & Listed) {
  if (report.pairs.length === 0) return null;
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="agreement-pairs">
        <thead>
          <tr>
            <th>Reader</th>
            <th>Reader</th>
            <th className="num">Items that both read</th>
            <th className="num">Cohen's kappa (95 % interval)</th>
          </tr>
        </thead>
        <tbody>
          {report.pairs.map((pair) => (
            <tr key={`${pair.first}/${pair.second}`}>
              <td>{pair.first_name}</td>
              <td>{pair.second_name}</td>
              <td className="num">
                <FigureButton
                  open={open}
                  figure={figures.pair(pair.first, pair.second, `${pair.first_name} and ${pair.second_name}`)}
                >
                  {count(pair.items)}
                </FigureButton>
              </td>
              <td className="num">{coefficientWords(pair.kappa)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Confusion({ report, named, open, figures }: { report: AgreementReport; named: Named } & Listed) {
  const names = namesOf(report.confusion);
  const most = Math.max(1, ...report.confusion.map((cell) => cell.pairs));
  if (names.length === 0) return <p className="dim">Nobody marked anything in these items.</p>;
  return (
    <>
      <p className="dim" id="confusion-says">
        What two readers call the same finding. The diagonal is agreement; choose a number to see its items.
        Below each number: in how many of the items where somebody gave either name it occurs, as a 95 %
        interval (Clopper and Pearson, over items).
      </p>
      <div className={table.scroll}>
        <table className={styles.matrix} data-testid="confusion" aria-describedby="confusion-says">
          <thead>
            <tr>
              <td />
              {[...names, NOTHING].map((name) => (
                <th key={name} scope="col">
                  {name === NOTHING ? "nothing" : named(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((one, row) => (
              <tr key={one}>
                <th scope="row">{named(one)}</th>
                {[...names, NOTHING].map((other, column) => {
                  const cell = column >= row ? cellOf(report.confusion, one, other) : undefined;
                  const called = `${named(one)} / ${other === NOTHING ? "nothing" : named(other)}`;
                  const figure = figures.cell(one, other === NOTHING ? undefined : other, called);
                  const shown = open.figure?.key === figure.key;
                  return (
                    <td key={other} className={one === other ? styles.same : undefined}>
                      {cell ? (
                        <button
                          type="button"
                          className={`${styles.cell} ${styles[shade(cell.pairs, most)] ?? ""}`}
                          aria-pressed={shown}
                          aria-label={`${named(one)} and ${other === NOTHING ? "nothing" : named(other)}: ${cell.pairs}, ${commonWords(cell)}`}
                          onClick={() => open.show(shown ? null : figure)}
                        >
                          {count(cell.pairs)}
                          {cell.common?.share ? (
                            <small>
                              {(100 * cell.common.share.low).toFixed(0)}–
                              {(100 * cell.common.share.high).toFixed(0)} %
                            </small>
                          ) : null}
                        </button>
                      ) : column < row ? null : (
                        <span className="dim">0</span>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Found by both, called the same, outlined alike: what the classes of an item do not say. */
function Marks({ report, open, figures }: { report: AgreementReport } & Listed) {
  const { marks } = report;
  if (!marks) return null;
  const rows: [string, string, Coefficient | null | undefined][] = [
    ["F1 of marks", "2 both / (2 both + alone), over pairs of readers", marks.f1],
    ["Overlap", "intersection over union of what both marked", marks.overlap],
    ["Panoptic quality", "overlap × F1, where all marks have an extent", marks.panoptic],
    ["Alpha over findings", "Krippendorff, nominal; “not marked” is an answer", marks.alpha],
  ];
  return (
    <div className={table.scroll}>
      <table className={table.table} data-testid="agreement-marks">
        <thead>
          <tr>
            <th>
              Mark by mark:{" "}
              <FigureButton open={open} figure={figures.marks("both")}>
                {plural(marks.both, "pair", "pairs")} found by both
              </FigureButton>
              ,{" "}
              <FigureButton open={open} figure={figures.marks("alone")}>
                {count(marks.alone)} by one alone or under two names
              </FigureButton>
            </th>
            <th className="num">95 % interval over items</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, how, value]) => (
            <tr key={name}>
              <td>
                {name} <span className="dim">{how}</span>
              </td>
              <td className="num">{coefficientWords(value)}</td>
            </tr>
          ))}
          {marks.outlines.flatMap((one) => [
            <tr key={`hd95 ${one.unit}`}>
              <td>
                HD95 in {one.unit}{" "}
                <span className="dim">
                  95th percentile of the distance between two borders, the mean over{" "}
                  {plural(one.pairs, "pair of outlines", "pairs of outlines")}
                </span>
              </td>
              <td className="num">{distanceWords(one.hausdorff_95, one.unit)}</td>
            </tr>,
            <tr key={`mean ${one.unit}`}>
              <td>
                Mean surface distance in {one.unit}{" "}
                <span className="dim">over both borders, the mean over the same {count(one.pairs)}</span>
              </td>
              <td className="num">{distanceWords(one.mean, one.unit)}</td>
            </tr>,
          ])}
          {marks.alike.map((one) => (
            <tr key={one.measure}>
              <td>
                {ALIKE[one.measure]?.name ?? one.measure}{" "}
                <span className="dim">
                  {ALIKE[one.measure]?.about ?? "how alike two marks are"}, the mean over{" "}
                  {plural(one.pairs, "pair of marks", "pairs of marks")}
                </span>
              </td>
              <td className="num">{coefficientWords(one.value)}</td>
            </tr>
          ))}
          {marks.tracks ? <Tracks tracks={marks.tracks} /> : null}
        </tbody>
      </table>
      {marks.outlines.length > 0 ? (
        <p className="dim">
          Distances are of polygons and masks that both drew of one finding; in millimetres where a file says
          how large a pixel is, in pixels of the picture otherwise.
          {marks.unmeasured > 0
            ? ` ${plural(marks.unmeasured, "further pair was", "further pairs were")} not measured: more than one report takes.`
            : null}
        </p>
      ) : null}
    </div>
  );
}

const ALIKE: Record<string, { name: string; about: string }> = {
  bev_iou: { name: "BEV IoU", about: "overlap of the footprints of cuboids, seen from above" },
  oks: {
    name: "OKS",
    about: "similarity of key points, the mean of both directions, every joint with the spread 1 / joints",
  },
};

function Tracks({ tracks }: { tracks: NonNullable<NonNullable<AgreementReport["marks"]>["tracks"]> }) {
  return (
    <>
      <tr>
        <td>
          F1 of tracks{" "}
          <span className="dim">
            {plural(
              tracks.both,
              "track that both readers of a pair have",
              "tracks that both readers of a pair have",
            )}
            , {count(tracks.alone)} that one has alone; under one class, overlapping by half on average over
            the frames in which either is
            {tracks.items_left_out > 0
              ? `; ${plural(tracks.items_left_out, "item was", "items were")} left out: more than one report takes`
              : ""}
          </span>
        </td>
        <td className="num">{coefficientWords(tracks.f1)}</td>
      </tr>
      {tracks.overlap ? (
        <tr>
          <td>
            Overlap of tracks <span className="dim">that both have, over these frames</span>
          </td>
          <td className="num">{coefficientWords(tracks.overlap)}</td>
        </tr>
      ) : null}
    </>
  );
}

export function Agreement({ project }: { project: Project }) {
  const found = useQuery(agreementQuery(project.id));
  const open = useBehind();
  if (found.isPending) return <Loading lines={3} />;
  if (found.isError) return <Failed error={found.error} retry={() => found.refetch()} />;
  const report = found.data;
  const classes: OntologyClass[] = project.protocol.classes;
  const figures = agreementFigures(project.id);
  const listed = { open, figures };
  const named: Named = (id) => classes.find((one) => one.id === id)?.name ?? answerName(id);
  if (report.items === 0)
    return (
      <Note>
        No item was read by two people independently (yet). A protocol with a stage of two readers and a
        comparison leads to figures here; items that are still being read blind are not in them.
      </Note>
    );
  return (
    <Panel title="How far independent readers agree" aside={<AsOf of={found} />}>
      {report.cut ? (
        <Note tone="warn">There is more than one report counts: these are the first items.</Note>
      ) : null}
      <FactList
        rows={[
          [
            "Agree in everything",
            <FigureButton key="agreed" open={open} figure={figures.agreed}>
              {count(report.agreed_items)} of {plural(report.items, "item")}: {shareWords(report.agreed)}
            </FigureButton>,
          ],
          [
            "Not counted",
            report.not_assessed ? (
              <FigureButton key="not" open={open} figure={figures.notAssessed}>
                {plural(report.not_assessed, "item")} that a reader could not assess
              </FigureButton>
            ) : null,
          ],
          [
            "Findings in dispute",
            <FigureButton key="findings" open={open} figure={figures.findings}>
              {count(report.disputed_findings)} of {plural(report.findings, "finding")}
            </FigureButton>,
          ],
        ]}
      />
      <Classes report={report} named={named} {...listed} />
      <Marks report={report} {...listed} />
      <Pairs report={report} {...listed} />
      <Confusion report={report} named={named} {...listed} />
      <BehindList open={open} />
      <p className="dim">
        {report.population} Alpha: Krippendorff, nominal; its interval resamples items{" "}
        {count(report.resamples)} times. AC1: Gwet; a rare class does not pull it down. Kappa: Cohen, over the
        sets of classes that readers marked in an item. None of them says who is right.
      </p>
    </Panel>
  );
}
