/** What decisions between reads say of each reader: independent readers are judged by nobody else. */
import type { TierReader } from "@/api/tiers";
import { count } from "@/format";
import { Panel } from "@/parts/bits";
import table from "@/parts/table.module.css";
import { perHundredWords, shareWords } from "./words";

export function Readers({ readers }: { readers: TierReader[] }) {
  return (
    <Panel title="What decisions say of each reader">
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th>Reader</th>
              <th className="num">Reads decided about</th>
              <th className="num">Left as they were (95 % interval)</th>
              <th className="num">Marks not left, of all</th>
              <th className="num">Marks that were missing</th>
              <th className="num">Errors for 100 reads (95 % interval)</th>
            </tr>
          </thead>
          <tbody>
            {readers.map((reader) => (
              <tr key={reader.user} data-testid={`reader-${reader.user}`}>
                <td>{reader.printed_name}</td>
                <td className="num">{count(reader.ruled)}</td>
                <td className="num">
                  {count(reader.upheld)}: {shareWords(reader.share)}
                </td>
                <td className="num">
                  {count(reader.wrong)} of {count(reader.marks)}
                </td>
                <td className="num">{count(reader.missed)}</td>
                <td className="num">{perHundredWords(reader.errors_per_read)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="dim">
        Only reads that differed from another one are decided about: these are the hard ones, and the figures
        say nothing of reads on which all agreed at once.
      </p>
    </Panel>
  );
}
