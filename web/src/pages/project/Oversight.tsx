/** Oversight after the gate: leaks first, then audits, then risks that stay, then what was done. */
import { hasRole, useMe } from "@/api/session";
import { Audits } from "./oversight/Audits";
import { Leaks } from "./oversight/Leaks";
import { Report } from "./oversight/Report";
import { Risks } from "./oversight/Risks";
import { useProject } from "./Project";

export default function Oversight() {
  const { id, protocol } = useProject();
  const officer = hasRole(useMe(), "privacy_officer", id);
  return (
    <div className="stack loose">
      <section className="stack" aria-label="Leaks">
        <h2>Leaks</h2>
        <Leaks project={id} officer={officer} />
      </section>
      <section className="stack" aria-label="Audits">
        <h2>Audits</h2>
        <Audits project={id} officer={officer} planned={protocol.deid?.audit?.sample ?? 0} />
      </section>
      <section className="stack" aria-label="Risks that stay">
        <h2>Risks that stay</h2>
        <Risks project={id} officer={officer} />
      </section>
      <Report project={id} />
    </div>
  );
}
