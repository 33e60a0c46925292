/** Who of an organization acknowledged the guideline in force, and when. */
import { Button } from "@mantine/core";
import type { VendorView } from "@/api/vendors";
import { time } from "@/format";
import { Panel } from "@/parts/bits";
import table from "@/parts/table.module.css";
import { durationWords } from "../tiers/words";

const HOUR = 3_600;

export function Readers({ view, close }: { view: VendorView; close: () => void }) {
  const title = `${view.organization.name}: the guideline in force`;
  return (
    <section aria-label={title} data-testid="readers">
      <Panel
        title={title}
        aside={
          <Button variant="default" size="compact-sm" onClick={close}>
            Close the list
          </Button>
        }
      >
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th>Who</th>
                <th>Acknowledged</th>
                <th>After it was published</th>
              </tr>
            </thead>
            <tbody>
              {view.guideline.readers.map((one, place) => (
                // Two people may have one name.
                // biome-ignore lint/suspicious/noArrayIndexKey: the list is replaced as a whole
                <tr key={`${one.printed_name}/${place}`}>
                  <td>{one.printed_name}</td>
                  <td>{one.at ? time(one.at) : "not yet"}</td>
                  <td>
                    {one.hours === null || one.hours === undefined ? "–" : durationWords(one.hours * HOUR)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Panel>
    </section>
  );
}
