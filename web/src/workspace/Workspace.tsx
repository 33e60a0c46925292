import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { meQuery } from "@/api/session";
import { taskQuery } from "@/api/tasks";
import type { Work } from "@/api/types";
import { Failed, Loading } from "@/parts/States";
import { begin } from "./preload";
import { WorkSession } from "./session";
import { WorkspaceView } from "./WorkspaceView";

/** The place where people draw. Loads the task with its item, read and protocol. */
export default function Workspace({ taskId }: { taskId: string }) {
  const me = useQuery(meQuery);
  // A task that is opened again must not begin with what it was the last time.
  const work = useQuery({
    ...taskQuery(taskId, ({ item }) => begin(item)),
    gcTime: 0,
    refetchOnReconnect: false,
  });
  const client = useQueryClient();
  useEffect(
    () => () => client.removeQueries({ queryKey: ["tasks", taskId], exact: true, type: "inactive" }),
    [client, taskId],
  );
  if (work.isError) return <Failed error={work.error} retry={() => work.refetch()} />;
  if (!work.data || !me.data) return <Loading label="Opening the task" />;
  return <Opened key={work.data.task.fence} work={work.data} user={me.data.user.id} />;
}

function Opened({ work, user }: { work: Work; user: string }) {
  const [session, setSession] = useState<WorkSession | null>(null);
  // The first answer stays: what happens to the read afterwards goes through the session.
  const [first] = useState(work);
  useEffect(() => {
    const made = new WorkSession(first, user);
    setSession(made);
    void made.start();
    return () => made.destroy();
  }, [first, user]);
  return session ? (
    <WorkspaceView key={first.task.id} session={session} />
  ) : (
    <Loading label={`Opening ${first.item.name}`} />
  );
}
