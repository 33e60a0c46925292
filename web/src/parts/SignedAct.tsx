/** A signed act as it was signed: printed name, meaning, UTC time, and where the reader may have it the proof. */
import { eventProofUrl } from "@/api/log";
import { At } from "./bits";

export type Act = { event: string; printed_name: string; meaning: string; at: number };

export function SignedAct({ act, proof }: { act: Act; proof?: boolean }) {
  return (
    <>
      {act.printed_name}, “{act.meaning}”, <At micros={act.at} />
      {proof ? (
        <>
          {" · "}
          <a className="in-text" href={eventProofUrl(act.event)} download>
            Proof
          </a>
        </>
      ) : null}
    </>
  );
}
