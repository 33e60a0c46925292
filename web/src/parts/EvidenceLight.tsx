/** A light for those who answer for evidence: whether the log is to be relied on, and what to do when it is not. */
import { useQuery } from "@tanstack/react-query";
import { lightQuery } from "@/api/evidence";
import type { EvidenceLight as Light } from "@/api/types";
import { time } from "@/format";
import { Status } from "./bits";
import { Failed, Loading, Note } from "./States";

const since = ({ stopped_since: at }: Light) => (at ? ` since ${time(at)}` : "");

/** What a light says, and what to do about it. */
export function lightWords(light: Light): {
  tone: "ok" | "warn" | "bad";
  mark: "square" | "diamond" | "triangle";
  word: string;
  advice: string;
} {
  if (light.integrity === "conflict") {
    return {
      tone: "bad",
      mark: "triangle",
      word: "Conflict with a witness",
      advice:
        "A witness knows another past than this log tells: it was put back to an earlier state, or rewritten. Do not rely on it and sign nothing. Tell whoever runs this server and whoever runs the witness; keep the copies that you have.",
    };
  }
  if (!light.is_running) {
    return {
      tone: "bad",
      mark: "triangle",
      word: "The log has stopped",
      advice: `What people do cannot be written into the log${since(light)}, so no image is shown. Tell whoever runs this server: its log folder is full, cannot be written, or does not answer.`,
    };
  }
  return light.integrity === "witnessed"
    ? { tone: "ok", mark: "square", word: "Witnessed", advice: "Somebody outside has cosigned the log." }
    : {
        tone: "warn",
        mark: "diamond",
        word: "Self-attested",
        advice: "No witness has cosigned: the log is whole in itself, and nobody outside says so.",
      };
}

/** Beside `name`, where several projects have lights; the advice is shown while there is something to do. */
export function EvidenceLight({ project, name }: { project: string; name?: string }) {
  const light = useQuery(lightQuery(project));
  if (light.isPending) return <Loading lines={1} />;
  if (light.isError) return <Failed error={light.error} retry={() => light.refetch()} />;
  const { tone, mark, word, advice } = lightWords(light.data);
  return (
    <div role={light.data.holds ? "status" : "alert"} className="stack tight">
      <div className="row">
        {name ? <span>{name}</span> : null}
        <Status tone={tone} mark={mark}>
          {word}
        </Status>
        {light.data.holds ? <span className="dim">{advice}</span> : null}
      </div>
      {light.data.holds ? null : <Note tone="warn">{advice}</Note>}
    </div>
  );
}
