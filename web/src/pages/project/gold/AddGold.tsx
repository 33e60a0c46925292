/** Makes an accepted item gold. */
import { Button, Select } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMakeGold } from "@/api/gold";
import { itemsQuery } from "@/api/items";
import { ReasonDialog } from "@/parts/ReasonDialog";

export function AddGold({ project, known }: { project: string; known: string[] }) {
  const [text, setText] = useState("");
  const [item, setItem] = useState<string | null>(null);
  const [asked, setAsked] = useState(false);
  const make = useMakeGold(project);
  const found = useInfiniteQuery(itemsQuery(project, { phase: "accepted", q: text || undefined }));
  const rows = (found.data?.pages ?? []).flatMap((page) => page.items);
  const data = rows
    .filter((row) => !known.includes(row.id))
    .map((row) => ({ value: row.id, label: row.name }));
  return (
    <div className="row">
      <Select
        label="An accepted item"
        placeholder="Part of its name"
        searchable
        data={data}
        value={item}
        onChange={setItem}
        onSearchChange={setText}
        nothingFoundMessage="No accepted item of that name"
      />
      <Button disabled={!item} onClick={() => setAsked(true)}>
        Make it gold…
      </Button>
      <ReasonDialog
        opened={asked}
        title="Make it gold"
        confirm="Trust its labels"
        pending={make.isPending}
        error={make.error}
        onClose={() => setAsked(false)}
        onConfirm={({ reason }) =>
          item &&
          make.mutate(
            { item, reason },
            {
              onSuccess: () => {
                setAsked(false);
                setItem(null);
              },
            },
          )
        }
      >
        <p>
          Its labels, as they are now, are the answer that reads of its copies are held against. It stays in
          releases, and is in no audit until it is retired.
        </p>
      </ReasonDialog>
    </div>
  );
}
