/** Who saw the images of an item, newest first. */
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { exposureProofUrl, exposuresPage } from "@/api/items";
import type { Exposure } from "@/api/types";
import { words } from "@/format";
import { At } from "@/parts/bits";
import { Empty, Failed, Loading } from "@/parts/States";
import table from "@/parts/table.module.css";

export function SeenTab({ item }: { item: string }) {
  const seen = useInfiniteQuery({
    queryKey: ["items", item, "exposures"],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => exposuresPage(item, pageParam, signal),
    getNextPageParam: (last) => last.next,
  });
  if (seen.isPending) return <Loading />;
  if (seen.isError) return <Failed error={seen.error} retry={() => seen.refetch()} />;
  const rows = seen.data.pages.flatMap((page) => page.items);
  if (rows.length === 0) return <Empty title="Nobody has seen this image" />;
  return (
    <div className="stack">
      <SeenTable rows={rows} />
      {seen.hasNextPage ? (
        <div className="row">
          <Button variant="default" onClick={() => seen.fetchNextPage()} loading={seen.isFetchingNextPage}>
            Show older ones
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function SeenTable({ rows }: { rows: Exposure[] }) {
  return (
    <div className={table.scroll}>
      <table className={table.table}>
        <thead>
          <tr>
            <th>When</th>
            <th>Who</th>
            <th>Zone</th>
            <th>Why</th>
            {rows.some((one) => one.provable) ? <th>Proof</th> : null}
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.id}>
              <td>
                <At micros={one.at} seconds />
              </td>
              <td>{one.printed_name}</td>
              <td className="dim">{one.zone === "quarantine" ? "before the gate" : one.zone}</td>
              <td>
                {words(one.purpose)}
                {one.erased_subject ? <span className="dim"> · {one.erased_subject}</span> : null}
              </td>
              {one.provable ? (
                <td>
                  <a
                    href={exposureProofUrl(one.id)}
                    download
                    aria-label={`Proof that ${one.printed_name} was shown it`}
                  >
                    .tlog-proof
                  </a>
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
