import { useQuery } from "@tanstack/react-query";
import { taskQuery } from "@/api/tasks";
import { Failed, Loading } from "@/parts/States";

/** The place where people draw. Loads the task with its item, read and protocol. */
export default function Workspace({ taskId }: { taskId: string }) {
  const work = useQuery(taskQuery(taskId));
  if (work.isError) return <Failed error={work.error} retry={() => work.refetch()} />;
  return <Loading label={work.data ? `Opening ${work.data.item.name}` : "Opening the task"} />;
}
