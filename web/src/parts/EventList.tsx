/** Evidence that is fetched page by page: of an item, or of a project. */
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { EvidenceEvent, Page } from "@/api/types";
import { EventTable } from "./EventTable";
import { Empty, Failed, Loading } from "./States";

type Props = {
  queryKey: readonly string[];
  fetchPage: (cursor: string | null, signal: AbortSignal) => Promise<Page<EvidenceEvent>>;
};

export function EventList({ queryKey, fetchPage }: Props) {
  const events = useInfiniteQuery({
    queryKey,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, signal),
    getNextPageParam: (last) => last.next,
  });
  if (events.isPending) return <Loading lines={10} />;
  if (events.isError) return <Failed error={events.error} retry={() => events.refetch()} />;
  const rows = events.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) return <Empty title="Nothing that you may see yet" />;
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
