/** A version that is in force no more: as it was, and what it said otherwise. */
import { Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type GuidelineText, type GuidelineVersion, guidelineVersionQuery } from "@/api/guidelines";
import type { OntologyClass } from "@/api/types";
import { Panel } from "@/parts/bits";
import { GuidelineCards } from "@/parts/GuidelineCards";
import { Failed, Loading } from "@/parts/States";
import { LineChanges } from "../protocol/Changes";
import { spelled } from "./spelled";

function Compared({
  older,
  current,
  classes,
}: {
  older: GuidelineText;
  current: string;
  classes: OntologyClass[];
}) {
  const newer = useQuery(guidelineVersionQuery(current));
  if (newer.isPending) return <Loading />;
  if (newer.isError) return <Failed error={newer.error} retry={() => newer.refetch()} />;
  return (
    <LineChanges before={spelled(older.document, classes)} after={spelled(newer.data.document, classes)} />
  );
}

export function Older({
  version,
  current,
  classes,
  onClose,
}: {
  version: GuidelineVersion;
  /** The version in force. */
  current: GuidelineVersion;
  classes: OntologyClass[];
  onClose: () => void;
}) {
  const seen = useQuery(guidelineVersionQuery(version.id));
  const [how, setHow] = useState("as it was");
  const inForce = version.id === current.id;
  return (
    <Panel
      title={`Version ${version.version}${inForce ? ", in force" : ", no longer in force"}`}
      aside={
        <Button size="compact-sm" variant="default" onClick={onClose}>
          Close
        </Button>
      }
    >
      {inForce ? null : (
        <SegmentedControl
          aria-label="How to show it"
          data={["as it was", `changed since, up to ${current.version}`]}
          value={how}
          onChange={setHow}
        />
      )}
      {seen.isPending ? (
        <Loading />
      ) : seen.isError ? (
        <Failed error={seen.error} retry={() => seen.refetch()} />
      ) : how === "as it was" ? (
        <GuidelineCards guideline={version.id} document={seen.data.document} classes={classes} />
      ) : (
        <Compared older={seen.data} current={current.id} classes={classes} />
      )}
    </Panel>
  );
}
