/** Everything that happened in this project, newest first, as the log holds it. */
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { projectEventsPage } from "@/api/projects";
import { EventTable } from "@/parts/EventTable";
import { Empty, Failed, Loading } from "@/parts/States";
import { useProject } from "./Project";

export default function Evidence() {
  const project = useProject();
  const events = useInfiniteQuery({
    queryKey: ["projects", project.id, "events"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => projectEventsPage(project.id, pageParam, signal),
    getNextPageParam: (last) => last.next,
  });
  if (events.isPending) return <Loading lines={10} />;
  if (events.isError) return <Failed error={events.error} retry={() => events.refetch()} />;
  const rows = events.data.pages.flatMap((page) => page.items);
  if (rows.length === 0)
    return <Empty title="Nothing happened yet">Every change and every look is listed here.</Empty>;
  return (
    <div className="stack">
      <EventTable events={rows} />
      {events.hasNextPage ? (
        <div className="row">
          <Button
            variant="default"
            onClick={() => events.fetchNextPage()}
            loading={events.isFetchingNextPage}
          >
            Show more
          </Button>
        </div>
      ) : null}
    </div>
  );
}
