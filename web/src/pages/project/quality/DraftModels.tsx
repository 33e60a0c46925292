/** The models that draft in a project: stopped at once where one does harm, and let draft again with a reason. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import {
  type DraftModel,
  draftModelsEverywhereQuery,
  draftModelsQuery,
  useDraftModel,
} from "@/api/draft-models";
import { count } from "@/format";
import { At, Status } from "@/parts/bits";
import { ReasonDialog } from "@/parts/ReasonDialog";
import { Failed, Loading, Note } from "@/parts/States";
import table from "@/parts/table.module.css";

/** `project: null`: in every project. */
export function DraftModels({ project }: { project: string | null }) {
  const models = useQuery(project === null ? draftModelsEverywhereQuery : draftModelsQuery(project));
  const change = useDraftModel(project);
  const [chosen, choose] = useState<DraftModel | null>(null);
  if (models.isPending) return <Loading lines={2} />;
  if (models.isError) return <Failed error={models.error} retry={() => models.refetch()} />;
  if (models.data.length === 0)
    return <Note>No model drafted anything {project === null ? "on this installation" : "here"} (yet).</Note>;
  const stop = chosen !== null && !chosen.stopped;
  return (
    <>
      <div className={table.scroll}>
        <table className={table.table} data-testid="draft-models">
          <thead>
            <tr>
              <th>Model</th>
              <th>Versions</th>
              <th className="num">Drafts</th>
              <th>State</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {models.data.map((one) => (
              <tr key={one.model}>
                <td>{one.model}</td>
                <td>{one.versions.join(", ")}</td>
                <td className="num">{count(one.drafts)}</td>
                <td>
                  {one.stopped ? (
                    <>
                      <Status tone="bad" mark="square">
                        {one.stopped.everywhere ? "Stopped in every project" : "Stopped"}
                      </Status>{" "}
                      <span className="dim">
                        <At micros={one.stopped.at} />, {one.stopped.by}: {one.stopped.reason}
                      </span>
                    </>
                  ) : (
                    <Status tone="ok" mark="dot">
                      Drafts
                    </Status>
                  )}
                </td>
                <td>
                  {project !== null && one.stopped?.everywhere ? null : (
                    <Button
                      size="xs"
                      variant="default"
                      color={one.stopped ? undefined : "red"}
                      onClick={() => {
                        change.reset();
                        choose(one);
                      }}
                    >
                      {one.stopped ? "Let it draft again…" : "Stop it…"}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ReasonDialog
        opened={chosen !== null}
        title={stop ? `Stop ${chosen?.model ?? ""}` : `Let ${chosen?.model ?? ""} draft again`}
        confirm={stop ? "Stop it now" : "Let it draft"}
        danger={stop}
        pending={change.isPending}
        error={change.error}
        onClose={() => choose(null)}
        onConfirm={({ reason }) =>
          chosen && change.mutate({ stop, model: chosen.model, reason }, { onSuccess: () => choose(null) })
        }
      >
        <p>
          {stop
            ? `From now on nobody who works ${project === null ? "in any project" : "here"} is shown what it drafted, open workspaces included, and it drafts nothing more: work goes on by hand. A read that had begun with its marks keeps them until its reader removes them.`
            : "Its drafts are shown again where the protocol shows them, and new items are drafted."}
        </p>
      </ReasonDialog>
    </>
  );
}
